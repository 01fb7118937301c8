//! A tree being changed, which remembers what was touched.
//!
//! Engines and effects work on the tree of *one moment* of the image's build and know nothing of layers. To change an image,
//! the same work is done on the tree as it was after every layer; [`layered`] turns those drafts into the one
//! [`Delta`] that makes each layer true for its own moment: as if the work had been part of the build all along.

use crate::delta::Delta;
use crate::path::ImagePath;
use crate::tree::{Contents, ContentsError, File, Inode, Kind, Mtime, Node, Stack, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Marks inodes that a draft made; [`layered`] gives them their layer.
const DRAFT_LAYER: u32 = u32::MAX;

/// A tree under change.
pub struct Draft<'a> {
    tree: Tree,
    contents: &'a dyn Contents,
    /// Modification time of files that slim generates: the same input must give the same bytes, so it is never the clock's.
    pub now: Mtime,
    touched: BTreeSet<ImagePath>,
    journal: Vec<(ImagePath, Option<Node>)>,
    /// Where the journal first speaks of a path.
    first: BTreeMap<ImagePath, usize>,
    inodes: u32,
}

impl std::fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("touched", &self.touched).finish_non_exhaustive()
    }
}

/// A point to roll back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint(usize);

impl<'a> Draft<'a> {
    /// Starts from a tree.
    pub fn new(tree: Tree, contents: &'a dyn Contents) -> Self {
        let now = Mtime::default();
        Self { tree, contents, now, touched: BTreeSet::new(), journal: Vec::new(), first: BTreeMap::new(), inodes: 0 }
    }

    /// The tree as it is now.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Where the contents of its files are read.
    pub fn contents(&self) -> &'a dyn Contents {
        self.contents
    }

    /// Every path that was put or removed, whether or not it ended up different.
    pub fn touched(&self) -> &BTreeSet<ImagePath> {
        &self.touched
    }

    /// The node at exactly this path.
    pub fn get(&self, path: &ImagePath) -> Option<&Node> {
        self.tree.get(path)
    }

    /// The node that was at exactly this path when the draft began.
    pub fn original(&self, path: &ImagePath) -> Option<&Node> {
        match self.first.get(path).and_then(|index| self.journal.get(*index)) {
            Some((_, old)) => old.as_ref(),
            None => self.tree.get(path),
        }
    }

    /// The bytes of the file that a path leads to, links followed; `None` when there is no file.
    ///
    /// # Errors
    /// When the contents cannot be read.
    pub fn read(&self, path: &ImagePath) -> Result<Option<Vec<u8>>, ContentsError> {
        let Some((_, node)) = self.tree.lookup(path) else { return Ok(None) };
        match node.as_file() {
            Some(file) => Ok(Some(self.contents.read(&file.content)?.into_owned())),
            None => Ok(None),
        }
    }

    /// Puts a node at exactly this path. Missing parents become directories of root with mode 0755.
    pub fn put(&mut self, path: ImagePath, node: Node) {
        let missing: Vec<_> = path.ancestors().take_while(|parent| !self.tree.contains(parent)).collect();
        for parent in missing.into_iter().rev() {
            let directory = Node { mtime: self.now, ..Node::directory() };
            self.record(parent, Some(directory));
        }
        self.record(path, Some(node));
    }

    /// Takes the node at exactly this path away; what is below a directory goes first.
    pub fn remove(&mut self, path: &ImagePath) {
        let below: Vec<_> = self.tree.below(path).map(|(path, _)| path.clone()).collect();
        for path in below.into_iter().rev() {
            self.record(path, None);
        }
        if self.tree.contains(path) {
            self.record(path.clone(), None);
        }
    }

    /// Writes a generated file where a path leads: mode and owner of an existing file stay, a new one is 0644 of root. A file that
    /// already has these bytes is not touched.
    ///
    /// # Errors
    /// When the existing content cannot be read.
    pub fn write(&mut self, path: &ImagePath, bytes: Vec<u8>) -> Result<(), ContentsError> {
        let place = match self.tree.resolve(path) {
            Ok(resolved) => resolved.path,
            Err(_) => self.tree.resolve_parent(path).map_or_else(|_| path.clone(), |resolved| resolved.path),
        };
        let mut node = Node { mtime: self.now, ..Node::file(bytes) };
        if let Some(old) = self.tree.get(&place) {
            if let (Some(file), Some(new)) = (old.as_file(), node.as_file())
                && same_content(self.contents, file, new)?
            {
                return Ok(());
            }
            (node.mode, node.uid, node.gid) = (old.mode, old.uid, old.gid);
            node.xattrs.clone_from(&old.xattrs);
        }
        self.put(place, node);
        Ok(())
    }

    /// Changes a node in place; nothing happens when there is none or it stays equal.
    pub fn edit(&mut self, path: &ImagePath, change: impl FnOnce(&mut Node)) {
        if let Some(old) = self.tree.get(path) {
            let mut node = old.clone();
            change(&mut node);
            if node != *old {
                self.record(path.clone(), Some(node));
            }
        }
    }

    /// A new identity for a file with several names.
    pub fn new_inode(&mut self) -> Inode {
        self.inodes += 1;
        Inode { layer: DRAFT_LAYER, number: self.inodes }
    }

    /// Remembers this moment.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint(self.journal.len())
    }

    /// Undoes everything since a checkpoint of this draft. Paths stay in [`Draft::touched`]: being there is no claim of a difference.
    pub fn rollback(&mut self, to: Checkpoint) {
        while self.journal.len() > to.0 {
            if let Some((path, old)) = self.journal.pop() {
                if self.first.get(&path) == Some(&self.journal.len()) {
                    self.first.remove(&path);
                }
                match old {
                    Some(node) => drop(self.tree.insert(path, node)),
                    None => self.tree.remove(&path),
                }
            }
        }
    }

    fn record(&mut self, path: ImagePath, node: Option<Node>) {
        let keeps_children = node.as_ref().is_none_or(Node::is_directory);
        if !keeps_children && self.tree.get(&path).is_some_and(Node::is_directory) {
            self.remove(&path);
        }
        let old = match node {
            Some(node) => self.tree.insert(path.clone(), node),
            None => {
                let old = self.tree.get(&path).cloned();
                self.tree.remove(&path);
                old
            }
        };
        self.first.entry(path.clone()).or_insert(self.journal.len());
        self.journal.push((path.clone(), old));
        self.touched.insert(path);
    }

    /// Gives the tree and the touched paths away.
    pub fn finish(self) -> Drafted {
        Drafted { tree: self.tree, touched: self.touched, now: self.now }
    }
}

/// A finished draft of one moment of the build.
#[derive(Debug, Clone, Default)]
pub struct Drafted {
    /// The tree as it is to be.
    pub tree: Tree,
    /// Where it may differ from what it was.
    pub touched: BTreeSet<ImagePath>,
    /// The time that files made by this draft carry.
    pub now: Mtime,
}

/// Turns drafts of every moment (one per layer, bottom first) into the change of the layers.
///
/// A path that a draft touched goes where it belongs: into the layer at which the wanted state first differs from what the layers
/// below already give. A copy that became equal to what shows through from below is dropped.
///
/// # Errors
/// When contents that must be compared cannot be read.
pub fn layered(stack: &Stack, drafts: &[Drafted], contents: &dyn Contents) -> Result<Delta, ContentsError> {
    let mut delta = Delta::new();
    let mut touched = BTreeSet::new();
    // What the layers so far show at a touched path, after the change.
    let mut shown: BTreeMap<ImagePath, Option<Node>> = BTreeMap::new();
    let mut before = Tree::new();
    for (index, (layer, draft)) in stack.layers.iter().zip(drafts).enumerate() {
        let mut news: BTreeSet<_> = draft.touched.difference(&touched).cloned().collect();
        for path in std::mem::take(&mut news) {
            shown.insert(path.clone(), before.get(&path).cloned());
            touched.insert(path);
        }
        for path in &touched {
            let wanted = draft.tree.get(path);
            let below = hidden_or(layer, path, shown.get(path).cloned().flatten());
            let same = match (wanted, &below) {
                (None, None) => true,
                // A file that was generated again, later in the build and with the same outcome, is the one that is there.
                (Some(wanted), Some(below)) if wanted.mtime == draft.now => {
                    same_node(contents, &Node { mtime: below.mtime, ..wanted.clone() }, below)?
                }
                (Some(wanted), Some(below)) => same_node(contents, wanted, below)?,
                _ => false,
            };
            let held = layer.node(path);
            match (wanted, held) {
                _ if same && held.is_some() => delta.drop_entry(index, path.clone()),
                _ if same => {}
                (Some(wanted), Some(held)) if same_node(contents, wanted, held)? => {}
                (Some(wanted), _) => delta.put(index, path.clone(), settled(wanted, index)),
                (None, _) if below.is_some() => delta.hide(index, path.clone()),
                (None, _) => delta.drop_entry(index, path.clone()),
            }
            shown.insert(path.clone(), wanted.cloned());
        }
        crate::tree::merge_layer(&mut before, layer, crate::tree::Origin(index));
    }
    Ok(delta)
}

/// What shows through from below at a path, given what this layer hides.
fn hidden_or(layer: &crate::tree::Layer, path: &ImagePath, below: Option<Node>) -> Option<Node> {
    let opaque = path.ancestors().any(|parent| layer.opaque.contains_key(&parent));
    let whiteout = std::iter::once(path.clone())
        .chain(path.ancestors())
        .any(|at| layer.entries.get(&at).is_some_and(|entry| entry.node().is_none()));
    below.filter(|_| !opaque && !whiteout)
}

fn settled(node: &Node, layer: usize) -> Node {
    let mut node = node.clone();
    if let Kind::File(File { inode: Some(inode), .. }) = &mut node.kind
        && inode.layer == DRAFT_LAYER
    {
        *inode = Inode { layer: layer as u32, number: inode.number | 1 << 31 };
    }
    node
}

/// Whether two nodes are the same but for where they come from and which names share their inode.
///
/// # Errors
/// When contents that must be compared cannot be read.
pub fn same_node(contents: &dyn Contents, a: &Node, b: &Node) -> Result<bool, ContentsError> {
    if (a.mode, a.uid, a.gid, a.mtime, &a.xattrs) != (b.mode, b.uid, b.gid, b.mtime, &b.xattrs) {
        return Ok(false);
    }
    match (&a.kind, &b.kind) {
        (Kind::File(a), Kind::File(b)) => same_content(contents, a, b),
        (a, b) => Ok(a == b),
    }
}

fn same_content(contents: &dyn Contents, a: &File, b: &File) -> Result<bool, ContentsError> {
    if a.content == b.content {
        return Ok(true);
    }
    Ok(a.content.size() == b.content.size() && contents.read(&a.content)? == contents.read(&b.content)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{MemoryContents, text};

    /// Does the same work on every moment of a build and gives the layers afterwards.
    fn redo(layers: &[&str], work: impl Fn(&mut Draft<'_>)) -> (Stack, Stack) {
        let stack = text::stack(layers).unwrap();
        let draft = |tree| {
            let mut draft = Draft::new(tree, &MemoryContents);
            work(&mut draft);
            draft.finish()
        };
        let drafts: Vec<_> = stack.history().into_iter().map(draft).collect();
        let after = layered(&stack, &drafts, &MemoryContents).unwrap().apply(&stack);
        for (index, draft) in drafts.iter().enumerate() {
            assert_eq!(text::dump(&after.merge_through(index + 1)), text::dump(&draft.tree), "after layer {index}");
        }
        (stack, after)
    }

    fn set(draft: &mut Draft<'_>, path: &str, content: &str) {
        draft.put(ImagePath::literal(path), Node::file(content.as_bytes()));
    }

    #[test]
    fn a_change_lands_in_the_layer_that_owns_the_file_and_the_others_stay() {
        let (before, after) = redo(&["/bin/x = 1", "/app = a"], |draft| set(draft, "/bin/x", "2"));
        assert_eq!(after.layers[1], before.layers[1]);
        assert_eq!(after.layers[0].entries.len(), before.layers[0].entries.len());
    }

    #[test]
    fn every_copy_of_a_database_is_true_for_its_layer() {
        let (_, after) = redo(&["/db = a1", "/db = a1b1", "/app = x"], |draft| {
            let text = String::from_utf8(draft.read(&ImagePath::literal("/db")).unwrap().unwrap()).unwrap();
            set(draft, "/db", &text.replace('1', "2"));
        });
        let node = |index: usize| after.layers[index].node(&ImagePath::literal("/db")).cloned().unwrap();
        assert_eq!(node(0), Node::file(*b"a2"));
        assert_eq!(node(1), Node::file(*b"a2b2").with_origin(1));
    }

    #[test]
    fn an_upper_copy_that_became_redundant_is_dropped() {
        let (_, after) = redo(&["/x = 1", "/x = 2\n/y = 1"], |draft| set(draft, "/x", "3"));
        assert!(after.layers[1].node(&ImagePath::literal("/x")).is_none());
    }

    #[test]
    fn a_path_new_below_stays_absent_above_a_removal() {
        // The package is installed in the first layer and purged in the second; its new version brings a new path.
        redo(&["/lib/old = 1", "/lib/old !"], |draft| {
            if draft.tree().contains(&ImagePath::literal("/lib/old")) {
                set(draft, "/lib/new", "2");
            }
        });
    }

    #[test]
    fn removed_below_and_kept_by_the_author_above() {
        let (_, after) = redo(&["/x = 1\n/y = 1", "/x = author"], |draft| {
            if draft.read(&ImagePath::literal("/x")).unwrap().as_deref() == Some(b"1") {
                draft.remove(&ImagePath::literal("/x"));
            }
        });
        assert_eq!(after.layers[0].entries.len(), 1);
    }

    #[test]
    fn rolling_back_leaves_the_tree_as_it_was() {
        let tree = text::tree("/d/a = 1\n/d/b/c = 2").unwrap();
        let before = text::dump(&tree);
        let mut draft = Draft::new(tree, &MemoryContents);
        let checkpoint = draft.checkpoint();
        set(&mut draft, "/d", "a file over a directory");
        set(&mut draft, "/new/deep/x", "1");
        draft.remove(&ImagePath::literal("/new"));
        draft.rollback(checkpoint);
        assert_eq!(text::dump(draft.tree()), before);
    }

    #[test]
    fn what_was_there_at_first_stays_known() {
        let mut draft = Draft::new(text::tree("/a = 1").unwrap(), &MemoryContents);
        let (a, b) = (ImagePath::literal("/a"), ImagePath::literal("/b"));
        set(&mut draft, "/a", "2");
        let checkpoint = draft.checkpoint();
        draft.remove(&a);
        set(&mut draft, "/b", "new");
        assert_eq!((draft.original(&a), draft.original(&b)), (Some(&Node::file(*b"1")), None));
        draft.rollback(checkpoint);
        assert_eq!((draft.original(&a), draft.original(&b)), (Some(&Node::file(*b"1")), None));
        assert_eq!(draft.get(&a), Some(&Node::file(*b"2")));
    }

    #[test]
    fn writing_the_same_bytes_touches_nothing() {
        let mut draft = Draft::new(text::tree("/d/a 0600 1:2 = 1").unwrap(), &MemoryContents);
        draft.write(&ImagePath::literal("/d/a"), b"1".to_vec()).unwrap();
        assert!(draft.touched().is_empty());
        draft.write(&ImagePath::literal("/d/a"), b"2".to_vec()).unwrap();
        assert_eq!(draft.get(&ImagePath::literal("/d/a")).unwrap().mode, 0o600);
    }
}
