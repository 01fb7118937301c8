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
        let from = match self.last {
            Some(last) => Bound::Included(last.after_below()),
            None => Bound::Excluded(self.directory.clone()),
        };
        let (path, node) = self.tree.nodes.range((from, Bound::Unbounded)).next()?;
        if !path.starts_with(self.directory) {
            return None;
        }
        self.last = Some(path);
        Some((path, node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&str]) -> Tree {
        let node = |path: &&str| (ImagePath::literal(path), Node::file(*b""));
        Tree { nodes: paths.iter().map(node).collect() }
    }

    #[test]
    fn children_are_what_is_directly_below() {
        let tree = tree(&["/", "/a", "/a/b", "/a/b/c", "/a\u{1}", "/a\u{1}/b", "/a-b", "/a-b/c", "/ab", "/b"]);
        let names = |path: &str| -> Vec<String> {
            tree.children(&ImagePath::literal(path)).map(|(path, _)| path.to_text()).collect()
        };
        assert_eq!(names("/"), ["/a", "/a\u{1}", "/a-b", "/ab", "/b"]);
        assert_eq!(names("/a"), ["/a/b"]);
        assert_eq!(names("/a-b"), ["/a-b/c"]);
        assert_eq!(names("/b"), Vec::<String>::new());
        assert_eq!(names("/c"), Vec::<String>::new());
    }

    /// Walking over what is below the child each time would take a minute.
    #[test]
    fn children_are_found_without_a_walk_over_what_is_below_them() {
        let paths: Vec<String> = (0..50_000).map(|number| format!("/a/{number}")).chain(["/a".into()]).collect();
        let tree = tree(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        let root = ImagePath::root();
        assert_eq!((0..20_000).map(|_| tree.children(&root).count()).sum::<usize>(), 20_000);
    }
}
