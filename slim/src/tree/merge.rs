//! Layers and how they merge (OCI image specification, "Image Layer Filesystem Changeset").

use super::{Kind, Node, Origin, Tree};
use crate::path::ImagePath;
use std::collections::{BTreeMap, BTreeSet};

/// One layer: what it puts and what it hides of the layers below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// Nodes and whiteouts by path.
    pub entries: BTreeMap<ImagePath, LayerEntry>,
    /// Directories whose content in lower layers is hidden (`.wh..wh..opq`), with the number of the marker's record in the
    /// layer's archive.
    pub opaque: BTreeMap<ImagePath, Option<u32>>,
}

/// What a layer says about one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerEntry {
    /// The layer holds this node.
    Node {
        /// The node.
        node: Node,
        /// Its record in the layer's archive; `None` for entries that a delta puts.
        record: Option<u32>,
    },
    /// The layer hides the path (`.wh.NAME`).
    Whiteout {
        /// Its record in the layer's archive; `None` for entries that a delta puts.
        record: Option<u32>,
    },
}

impl LayerEntry {
    /// The node, unless this is a whiteout.
    pub fn node(&self) -> Option<&Node> {
        match self {
            Self::Node { node, .. } => Some(node),
            Self::Whiteout { .. } => None,
        }
    }

    /// The record in the layer's archive that this entry was read from.
    pub fn record(&self) -> Option<u32> {
        match self {
            Self::Node { record, .. } | Self::Whiteout { record } => *record,
        }
    }
}

impl Layer {
    /// The node that this layer itself holds at a path.
    pub fn node(&self, path: &ImagePath) -> Option<&Node> {
        self.entries.get(path)?.node()
    }

    /// Lays this layer, the image's `index`-th from the bottom, over a tree of the layers below it.
    pub fn lay_over(&self, tree: &mut Tree, index: usize) {
        merge_layer(tree, self, Origin(index));
    }

    /// Whether a path leads through a symbolic link of this layer or of the tree below it.
    fn crosses_links(&self, below: &Tree) -> bool {
        let is_link = |path: ImagePath| match self.entries.get(&path) {
            Some(entry) => entry.node().is_some_and(|node| node.as_symlink().is_some()),
            None => below.get(&path).is_some_and(|node| node.as_symlink().is_some()),
        };
        let mut before = &ImagePath::root();
        self.entries.keys().chain(self.opaque.keys()).any(|path| {
            // Neighbours share most of their directories: what the path before lies below was looked at with it.
            let is_seen = |parent: &ImagePath| before.starts_with(parent) && before != parent;
            let crosses = path.ancestors().take_while(|parent| !is_seen(parent)).any(is_link);
            before = path;
            crosses
        })
    }

    /// Re-keys entries whose parents are links in the tree below (or in this layer), as an unpacker that
    /// follows links inside the root would place them. Entries of well-made layers keep their names.
    #[must_use]
    pub fn canonical(self, below: &Tree) -> Self {
        if !self.crosses_links(below) {
            return self;
        }
        let mut tree = below.clone();
        let mut layer = Self::default();
        for (path, record) in self.opaque {
            let place = tree.resolve(&path).map_or(path, |resolved| resolved.path);
            layer.opaque.insert(place, record);
        }
        for (path, entry) in self.entries {
            let place = tree.resolve_parent(&path).map_or(path, |resolved| resolved.path);
            if let Some(node) = entry.node() {
                put(&mut tree, &place, node.clone());
            }
            layer.entries.insert(place, entry);
        }
        layer
    }
}

/// The layers of an image, bottom first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stack {
    /// Bottom first; a node's [`Origin`] is an index into this.
    pub layers: Vec<Layer>,
}

impl Stack {
    /// The whole image as one tree.
    pub fn merge(&self) -> Tree {
        self.merge_through(self.layers.len())
    }

    /// The lowest `count` layers as one tree: what the image was when those had been made.
    pub fn merge_through(&self, count: usize) -> Tree {
        let mut tree = Tree::new();
        for (index, layer) in self.layers.iter().take(count).enumerate() {
            merge_layer(&mut tree, layer, Origin(index));
        }
        tree
    }

    /// The layers, bottom first, that hold a node at this path.
    pub fn holders(&self, path: &ImagePath) -> impl Iterator<Item = usize> {
        self.layers.iter().enumerate().filter(|(_, layer)| layer.node(path).is_some()).map(|(index, _)| index)
    }

    /// All trees of the build, one per layer: the last one is [`Stack::merge`].
    pub fn history(&self) -> Vec<Tree> {
        let mut tree = Tree::new();
        let snapshot = |(index, layer): (usize, &Layer)| {
            merge_layer(&mut tree, layer, Origin(index));
            tree.clone()
        };
        self.layers.iter().enumerate().map(snapshot).collect()
    }
}

/// Lays one more layer over a tree. What a layer hides is always of the layers below, wherever its archive lists it.
pub(crate) fn merge_layer(tree: &mut Tree, layer: &Layer, origin: Origin) {
    for directory in layer.opaque.keys() {
        let hidden: BTreeSet<_> = tree.children(directory).map(|(path, _)| path.clone()).collect();
        for path in hidden {
            tree.remove(&path);
        }
    }
    for (path, entry) in &layer.entries {
        if matches!(entry, LayerEntry::Whiteout { .. }) {
            tree.remove(path);
        }
    }
    for (path, entry) in &layer.entries {
        if let Some(node) = entry.node() {
            let mut node = node.clone();
            node.origin = origin;
            put(tree, path, node);
        }
    }
}

/// Puts a node, with the directories that its path implies.
fn put(tree: &mut Tree, path: &ImagePath, node: Node) {
    let missing: Vec<_> =
        path.ancestors().take_while(|parent| !tree.get(parent).is_some_and(Node::is_directory)).collect();
    for parent in missing.into_iter().rev() {
        tree.insert(parent, Node { origin: node.origin, ..Node::directory() });
    }
    let keeps_children = matches!(node.kind, Kind::Directory);
    if !keeps_children && tree.get(path).is_some_and(Node::is_directory) {
        tree.remove(path);
    }
    tree.insert(path.clone(), node);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text;

    #[test]
    fn paths_through_links_are_found_wherever_they_stand() {
        let below = text::tree("/l -> d\n/d/").unwrap();
        for (layer, expected) in [
            ("/a/x = 1\n/a/y = 2\n/l-x/y = 3", false),
            ("/a/x = 1\n/l = 2\n/l2/x = 3", false),
            ("/a/x = 1\n/a/y/z = 2\n/l/x = 3", true),
            ("/a -> d\n/b = 1", false),
            ("/a/b/c -> d\n/a/b/c/x = 1", true),
            ("/l/\n/l/x = 1", false),
            ("/a = 1\n/l/x/ !", true),
        ] {
            let layer = text::stack(&[layer]).unwrap().layers.remove(0);
            assert_eq!(layer.crosses_links(&below), expected, "{layer:?}");
        }
    }

    /// Looking at all directories above each of these files would take minutes.
    #[test]
    fn many_files_in_a_deep_directory_take_no_longer_than_others() {
        let directory = ImagePath::literal(&"d/".repeat(2000));
        let file = |number: usize| {
            let entry = LayerEntry::Node { node: Node::file(*b""), record: None };
            (directory.join(number.to_string()).unwrap(), entry)
        };
        let layer = Layer { entries: (0..500).map(file).collect(), ..Layer::default() };
        assert_eq!(layer.clone().canonical(&Tree::new()), layer);
    }
}
