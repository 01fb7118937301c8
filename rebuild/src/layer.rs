//! Layers as archives: read once into the spool and an index, written again where something changed.
//!
//! Only this module knows tar, whiteout names and compression. A layer becomes a `slim::tree::Layer` plus a list of
//! [`Record`]s, the spans of its archive; [`compose`] writes a changed layer by copying the records that did not change, byte for
//! byte and in their order, and making new ones for the rest.

pub mod codec;
pub mod compose;
pub mod read;
pub mod record;

pub use codec::Compression;
pub use compose::{Composed, compose};
pub use read::{Budget, LayerArchive, LayerError, read_layer};
pub use record::Record;
