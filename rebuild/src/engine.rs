//! Engines: what turns an upgrade into a draft of the tree.

pub mod native;
