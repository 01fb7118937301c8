//! The dpkg family: Debian, Ubuntu and their like.

pub mod paragraph;
pub mod relation;
pub mod version;

pub use relation::{Alternatives, Operator, Provided, Qualifier, Relation, RelationError};
pub use version::{Version, VersionError};
