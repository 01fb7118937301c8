//! Bytes for tests, made by another hand than the readers of the other crates.

pub mod apt;
