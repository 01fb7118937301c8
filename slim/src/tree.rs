//! The one value everything works on: a file system tree, metadata eager, contents on request.
//!
//! An image is a [`Stack`] of [`Layer`]s. Merged from the bottom it becomes a [`Tree`]. Whatever changes an image is a
//! [`Delta`](crate::delta::Delta) against the stack: per layer, which entries are put and which are dropped.

mod merge;
mod node;
mod reader;
mod resolve;
pub mod text;

pub(crate) use merge::merge_layer;
pub use merge::{Layer, LayerEntry, Stack};
pub use node::{Content, Contents, ContentsError, File, Inode, Kind, MemoryContents, Mtime, Node, Origin, Xattrs};
pub use reader::ContentReader;
pub use resolve::{ResolveError, Resolved};

use crate::path::ImagePath;
use std::collections::BTreeMap;
use std::ops::Bound;

/// A merged file system: what a process in the container would see.
///
/// Every ancestor of a path is present (the merger adds implied directories), keys hold no symlinks among their
/// ancestors, and iteration goes in path order with a directory before what is below it.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: BTreeMap<ImagePath, Node>,
}

impl Tree {
    /// An empty tree: not even a root directory.
    pub fn new() -> Self {
        Self::default()
    }

    /// The node at exactly this path; links are not followed.
    pub fn get(&self, path: &ImagePath) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Whether something, be it a dangling link, is at exactly this path.
    pub fn contains(&self, path: &ImagePath) -> bool {
        self.nodes.contains_key(path)
    }

    /// How many nodes there are, the root included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node at all.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All nodes in path order.
    pub fn iter(&self) -> impl Iterator<Item = (&ImagePath, &Node)> {
        self.nodes.iter()
    }

    /// The nodes strictly below a directory, in path order.
    pub fn below<'a>(&'a self, directory: &'a ImagePath) -> impl Iterator<Item = (&'a ImagePath, &'a Node)> {
        self.nodes
            .range((Bound::Excluded(directory.clone()), Bound::Unbounded))
            .take_while(move |(path, _)| path.starts_with(directory))
    }

    /// The direct children of a directory, in name order.
    pub fn children<'a>(&'a self, directory: &'a ImagePath) -> Children<'a> {
        Children { tree: self, directory, last: None }
    }

    /// Puts a node, replacing what was there. Ancestors are the caller's business; [`Stack::merge`] adds them.
    pub fn insert(&mut self, path: ImagePath, node: Node) -> Option<Node> {
        self.nodes.insert(path, node)
    }

    /// Takes a node and all that is below it away.
    pub fn remove(&mut self, path: &ImagePath) {
        let gone: Vec<_> = self.below(path).map(|(path, _)| path.clone()).collect();
        for path in gone {
            self.nodes.remove(&path);
        }
        self.nodes.remove(path);
    }

    /// Bytes of all regular files, hard-linked ones counted once.
    pub fn size(&self) -> u64 {
        let mut seen = std::collections::HashSet::new();
        self.nodes
            .values()
            .filter_map(|node| match &node.kind {
                Kind::File(file) if file.inode.is_none_or(|inode| seen.insert(inode)) => Some(file.content.size()),
                _ => None,
            })
            .sum()
    }
}

/// Iterator over the direct children of a directory: jumps over each child's own descendants.
#[derive(Debug)]
pub struct Children<'a> {
    tree: &'a Tree,
    directory: &'a ImagePath,
    last: Option<&'a ImagePath>,
}

impl<'a> Iterator for Children<'a> {
    type Item = (&'a ImagePath, &'a Node);

    fn next(&mut self) -> Option<Self::Item> {
        let from = self.last.unwrap_or(self.directory).clone();
        let skip = self.last;
        let (path, node) = self
            .tree
            .nodes
            .range((Bound::Excluded(from), Bound::Unbounded))
            .find(|(path, _)| skip.is_none_or(|last| !path.starts_with(last)))?;
        if !path.starts_with(self.directory) {
            return None;
        }
        self.last = Some(path);
        Some((path, node))
    }
}
