//! Engines bring an upgrade into a draft of the tree.

pub mod native;
