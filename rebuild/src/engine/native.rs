//! The native engine: nothing of the image runs.

pub mod effects;
pub mod script;
