//! An image as its manifest and config describe it (OCI image specification; Docker image manifest version 2, schema 2).

pub mod digest;
pub mod reference;

pub use digest::Digest;
pub use reference::{Location, Reference};
