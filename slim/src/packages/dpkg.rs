//! The dpkg family: Debian, Ubuntu and their like.

pub mod paragraph;
pub mod relation;
pub mod version;

pub use relation::{Alternatives, MultiArch, Operator, Provided, Qualifier, Relation, RelationError, Relations};
pub use version::{Version, VersionError};
