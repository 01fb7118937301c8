//! The programs of an image by the last part of their paths.

use crate::path::ImagePath;
use crate::tree::{Node, Tree};
use std::collections::BTreeMap;

/// Files that may be run, and links to such, by their names.
#[derive(Debug, Clone, Default)]
pub struct Programs(BTreeMap<Vec<u8>, Vec<ImagePath>>);

impl Programs {
    /// Looks for them in a tree.
    pub fn of(tree: &Tree) -> Self {
        let mut programs: BTreeMap<Vec<u8>, Vec<ImagePath>> = BTreeMap::new();
        for (path, node) in tree.iter().filter(|(_, node)| !node.is_directory()) {
            let is_link = node.as_symlink().is_some();
            let real = if is_link { tree.lookup(path).map(|(_, node)| node) } else { Some(node) };
            if real.is_some_and(Node::is_executable) {
                programs.entry(path.file_name().to_vec()).or_default().push(path.clone());
            }
        }
        Self(programs)
    }

    /// The programs of a name, in path order.
    pub fn named(&self, name: &str) -> &[ImagePath] {
        self.0.get(name.as_bytes()).map_or(&[], Vec::as_slice)
    }
}
