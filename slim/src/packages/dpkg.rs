//! The dpkg family: Debian, Ubuntu and their like.
//!
//! [`database`] reads what an image's dpkg knows and forgets packages; [`status`] and [`fields`] read and write stanzas exactly as dpkg
//! does; [`info`], [`triggers`], [`diversions`] and [`statoverride`] are the smaller files beside them.

pub mod database;
pub mod dependencies;
pub mod diversions;
pub mod fields;
pub mod info;
pub mod paragraph;
pub mod relation;
pub mod statoverride;
pub mod status;
pub mod triggers;
pub mod version;

pub use relation::{Alternatives, MultiArch, Operator, Provided, Qualifier, Relation, RelationError, Relations};
pub use version::{Version, VersionError};
