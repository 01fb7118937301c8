//! The engine that runs nothing of the image.

pub mod evaluate;
pub mod script;
pub mod verdict;
