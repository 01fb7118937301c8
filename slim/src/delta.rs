//! A change to an image, as a value.
//!
//! `Stack + Delta = Stack`. A delta says, layer by layer, which entries are put, dropped or hidden. Whatever makes one (an
//! update engine, pruning, re-basing) can be looked at, joined with others, and carried out by the composer.

use crate::path::ImagePath;
use crate::tree::{Layer, LayerEntry, Node, Origin, Stack, Tree};
use std::collections::BTreeMap;

/// What happens to one path in one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The layer holds this node now.
    Put(Box<Node>),
    /// The layer no longer says anything about the path; what lower layers hold shows through.
    Drop,
    /// The layer hides what lower layers hold.
    Hide,
}

/// Changes by layer and path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    changes: BTreeMap<(Origin, ImagePath), Change>,
}

impl Delta {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a node into a layer.
    pub fn put(&mut self, layer: usize, path: ImagePath, node: Node) {
        let node = Box::new(node.with_origin(layer));
        self.changes.insert((Origin(layer), path), Change::Put(node));
    }

    /// Takes whatever a layer says about a path away.
    pub fn drop_entry(&mut self, layer: usize, path: ImagePath) {
        self.changes.insert((Origin(layer), path), Change::Drop);
    }

    /// Hides a path of lower layers from this layer on.
    pub fn hide(&mut self, layer: usize, path: ImagePath) {
        self.changes.insert((Origin(layer), path), Change::Hide);
    }

    /// Takes a path out of every layer that holds it: no bytes of it stay in the image.
    pub fn remove(&mut self, stack: &Stack, path: &ImagePath) {
        for layer in stack.holders(path) {
            self.drop_entry(layer, path.clone());
        }
        // A node that this very delta meant to put goes as well.
        for (_, change) in self.changes.iter_mut().filter(|((_, at), _)| at == path) {
            *change = Change::Drop;
        }
    }

    /// Adds another delta; where both speak of the same entry, the later one wins.
    pub fn extend(&mut self, later: Self) {
        self.changes.extend(later.changes);
    }

    /// What this delta says about a path in a layer.
    pub fn get(&self, layer: usize, path: &ImagePath) -> Option<&Change> {
        self.changes.get(&(Origin(layer), path.clone()))
    }

    /// All changes, by layer and then path.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &ImagePath, &Change)> {
        self.changes.iter().map(|((origin, path), change)| (origin.0, path, change))
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many entries change.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Carries the delta out. A layer in which nothing differs afterwards is equal to what it was; in the others, whiteouts and
    /// opaque markers that hid something and now hide nothing are dropped too.
    ///
    /// Changes for layers that the stack does not have are ignored.
    #[must_use]
    pub fn apply(&self, stack: &Stack) -> Stack {
        let mut result = stack.clone();
        for (layer, path, change) in self.iter() {
            let Some(layer) = result.layers.get_mut(layer) else { continue };
            match change {
                Change::Put(node) => put(layer, path, node),
                Change::Drop => {
                    layer.entries.remove(path);
                }
                Change::Hide => {
                    layer.entries.insert(path.clone(), LayerEntry::Whiteout { record: None });
                }
            }
        }
        tidy(stack, &mut result);
        result
    }
}

/// An equal node keeps its record, so that a delta which changes nothing changes no byte.
fn put(layer: &mut Layer, path: &ImagePath, node: &Node) {
    let record = match layer.entries.get(path) {
        Some(LayerEntry::Node { node: old, record }) if old == node => *record,
        _ => None,
    };
    layer.entries.insert(path.clone(), LayerEntry::Node { node: node.clone(), record });
}

fn tidy(before: &Stack, after: &mut Stack) {
    let mut below_before = Tree::new();
    let mut below_after = Tree::new();
    for index in 0..after.layers.len() {
        let old = &before.layers[index];
        if after.layers[index] != *old {
            let idle = |path: &ImagePath| below_before.contains(path) && !below_after.contains(path);
            let layer = &mut after.layers[index];
            layer.entries.retain(|path, entry| !matches!(entry, LayerEntry::Whiteout { .. }) || !idle(path));
            layer.opaque.retain(|path, _| {
                let hides = |tree: &Tree| tree.children(path).next().is_some();
                !hides(&below_before) || hides(&below_after)
            });
        }
        crate::tree::merge_layer(&mut below_before, old, Origin(index));
        crate::tree::merge_layer(&mut below_after, &after.layers[index], Origin(index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text;

    fn stack(layers: &[&str]) -> Stack {
        text::stack(layers).expect("a tree as text")
    }

    #[test]
    fn removing_takes_every_copy_and_the_whiteout_that_hid_it() {
        let before = stack(&["/a = one\n/b = keep", "/a !", "/a = two\n/c = other"]);
        let mut delta = Delta::new();
        delta.remove(&before, &ImagePath::literal("/a"));
        let after = delta.apply(&before);
        assert_eq!(text::dump(&after.merge()), text::dump(&stack(&["/b = keep", "", "/c = other"]).merge()));
        // The middle layer is untouched, so it keeps its (now idle) whiteout and its digest.
        assert_eq!(after.layers[1], before.layers[1]);
    }

    #[test]
    fn an_idle_whiteout_goes_with_other_changes_of_its_layer() {
        let before = stack(&["/a = one", "/a !\n/b = x"]);
        let mut delta = Delta::new();
        delta.remove(&before, &ImagePath::literal("/a"));
        delta.put(1, ImagePath::literal("/b"), Node::file(*b"y"));
        let after = delta.apply(&before);
        assert_eq!(after.layers[1].entries.len(), 1);
    }

    #[test]
    fn putting_what_is_there_changes_nothing() {
        let before = stack(&["/a = one"]);
        let mut delta = Delta::new();
        delta.put(0, ImagePath::literal("/a"), before.merge().get(&ImagePath::literal("/a")).unwrap().clone());
        assert_eq!(delta.apply(&before), before);
    }
}
