//! The directories in which an interpreter looks for modules, as far as a tree has them.

use crate::path::ImagePath;
use crate::tree::Tree;
use recipes::{PatternError, Patterns};

/// Directories of a tree that patterns cover, in path order.
#[derive(Debug, Clone, Default)]
pub struct Places(pub(super) Vec<ImagePath>);

impl Places {
    /// Looks for them in a tree.
    ///
    /// # Errors
    /// When a pattern is malformed.
    pub fn of<const COUNT: usize>(tree: &Tree, patterns: [&'static str; COUNT]) -> Result<Self, PatternError> {
        let places = Patterns::new(patterns)?;
        let directories = tree.iter().filter(|(path, node)| node.is_directory() && places.matches(&path.to_text()));
        Ok(Self(directories.map(|(path, _)| path.clone()).collect()))
    }
}
