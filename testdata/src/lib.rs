//! Bytes for tests, made by another hand than the readers under test: from the specifications, with common libraries.

pub mod apt;
pub mod deb;
pub mod elf;
pub mod image;
pub mod registry;
pub mod zip;
