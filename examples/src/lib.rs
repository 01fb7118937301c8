//! Small programs over the libraries.

pub mod builds;
