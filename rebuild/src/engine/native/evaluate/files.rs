//! Paths as the script writes them, and every change of the tree.

use super::{Shell, Stop};
use crate::engine::native::script::Unproven;
use slim::path::ImagePath;
use slim::script::bytes::{decode, encode};
use slim::tree::{Content, Inode, Kind, Node};
use std::collections::BTreeSet;

impl Shell<'_, '_> {
    /// The directory that relative paths begin at.
    pub(super) fn directory(&self) -> ImagePath {
        self.state.directory.clone().unwrap_or_else(ImagePath::root)
    }

    /// A path as written, made absolute. The empty path leads nowhere.
    ///
    /// What lies in `/proc` and `/sys` is the machine's, not the image's, and ends the run.
    pub(super) fn path(&self, text: &str) -> Result<Option<ImagePath>, Stop> {
        if text.is_empty() {
            return Ok(None);
        }
        let mut path = if text.starts_with('/') { ImagePath::root() } else { self.directory() };
        for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." {
                // `..` is the parent of where the links lead, not of what was written.
                let Ok(resolved) = self.draft.tree().resolve(&path) else { return Ok(None) };
                path = resolved.path.parent().unwrap_or_else(ImagePath::root);
            } else {
                path = path.join(encode(part)).map_err(|error| self.unproven(text, error.to_string()))?;
            }
        }
        let machine = path.components().next().is_some_and(|first| matches!(first, b"proc" | b"sys"));
        if machine && path.components().count() > 1 {
            return Err(self.unproven(text, "asks the machine, not the image"));
        }
        Ok(Some(path))
    }

    /// What a path leads to, links followed (`stat`).
    pub(super) fn follow(&self, text: &str) -> Result<Option<(ImagePath, Node)>, Stop> {
        let slash = text.ends_with('/');
        let Some(path) = self.path(text)? else { return Ok(None) };
        let found = self.draft.tree().lookup(&path).map(|(path, node)| (path, node.clone()));
        Ok(found.filter(|(_, node)| !slash || node.is_directory()))
    }

    /// What is at a path, the last link not followed (`lstat`).
    pub(super) fn look(&self, text: &str) -> Result<Option<(ImagePath, Node)>, Stop> {
        if text.ends_with('/') && text.len() > 1 {
            return self.follow(text);
        }
        let Some(path) = self.path(text)? else { return Ok(None) };
        let Ok(place) = self.draft.tree().resolve_parent(&path) else { return Ok(None) };
        Ok(self.draft.get(&place.path).cloned().map(|node| (place.path, node)))
    }

    /// Where something new would be made: the parent must be a directory. `None` when it is not.
    pub(super) fn place(&self, text: &str) -> Result<Option<ImagePath>, Stop> {
        let Some(path) = self.path(text)? else { return Ok(None) };
        let Ok(place) = self.draft.tree().resolve_parent(&path) else { return Ok(None) };
        let parent = place.path.parent().and_then(|parent| self.draft.get(&parent));
        Ok(parent.is_some_and(Node::is_directory).then_some(place.path))
    }

    /// Where opening a file for writing leads: links followed, a missing last name made.
    pub(super) fn destination(&self, text: &str) -> Result<Option<ImagePath>, Stop> {
        if let Some((path, _)) = self.follow(text)? {
            return Ok(Some(path));
        }
        match self.look(text)? {
            Some((path, node)) if node.as_symlink().is_some() => {
                Err(self.unproven(path.to_text(), "writing through a dangling link"))
            }
            _ => self.place(text),
        }
    }

    /// The bytes of the file at exactly this path.
    pub(super) fn content(&self, path: &ImagePath) -> Result<Option<Vec<u8>>, Stop> {
        let Some(file) = self.draft.get(path).and_then(Node::as_file) else { return Ok(None) };
        if file.content.size() > super::SIZE_LIMIT as u64 {
            return Err(self.unproven(path.to_text(), "a file beyond the size limit"));
        }
        let bytes = self.draft.contents().read(&file.content);
        bytes.map(|bytes| Some(bytes.into_owned())).map_err(|error| self.unproven(path.to_text(), error.to_string()))
    }

    /// The bytes of the file that a path leads to; `None` when there is none.
    pub(super) fn read_file(&self, text: &str) -> Result<Option<Vec<u8>>, Stop> {
        match self.follow(text)? {
            Some((path, node)) if node.as_file().is_some() => self.content(&path),
            _ => Ok(None),
        }
    }

    fn remember(&mut self, path: &ImagePath) {
        self.changes += 1;
        if !self.originals.contains_key(path) {
            let before = self.draft.get(path).cloned();
            self.originals.insert(path.clone(), before);
        }
    }

    /// Puts a new node; times are the draft's.
    pub(super) fn create(&mut self, path: &ImagePath, node: Node) -> Result<(), Stop> {
        let now = self.draft.now;
        self.put(path, Node { mtime: now, ..node })
    }

    /// Puts a node as it is.
    pub(super) fn put(&mut self, path: &ImagePath, node: Node) -> Result<(), Stop> {
        if self.originals.len() > 100_000 {
            return Err(self.unproven(path.to_text(), "too many changes"));
        }
        self.remember(path);
        self.draft.put(path.clone(), node);
        Ok(())
    }

    /// Replaces the bytes of an existing file in place, for all its names.
    pub(super) fn set_content(&mut self, path: &ImagePath, bytes: Vec<u8>) -> Result<(), Stop> {
        let content = Content::Inline(bytes.into());
        let now = self.draft.now;
        self.edit(path, |node| {
            if let Kind::File(file) = &mut node.kind {
                file.content = content.clone();
            }
            node.mtime = now;
            // The kernel clears these when a file is written by anyone but root, and capabilities always.
            node.xattrs.remove(&b"security.capability"[..]);
        })
    }

    /// Changes a node, and its other names with it when it is a hard-linked file.
    pub(super) fn edit(&mut self, path: &ImagePath, change: impl Fn(&mut Node)) -> Result<(), Stop> {
        for path in self.names(path) {
            self.remember(&path);
            self.draft.edit(&path, &change);
        }
        Ok(())
    }

    fn names(&self, path: &ImagePath) -> Vec<ImagePath> {
        let inode = |node: &Node| node.as_file().and_then(|file| file.inode);
        let Some(inode_wanted) = self.draft.get(path).and_then(inode) else { return vec![path.clone()] };
        let same = |found: Option<Inode>| found == Some(inode_wanted);
        self.draft.tree().iter().filter(|(_, node)| same(inode(node))).map(|(path, _)| path.clone()).collect()
    }

    /// Takes a node and all below it away.
    pub(super) fn take_away(&mut self, path: &ImagePath) {
        let below: BTreeSet<_> = self.draft.tree().below(path).map(|(path, _)| path.clone()).collect();
        below.iter().for_each(|path| self.remember(path));
        self.remember(path);
        self.draft.remove(path);
    }

    /// The names in a directory, sorted.
    pub(super) fn names_in(&self, directory: &ImagePath) -> Vec<String> {
        let name = |path: &ImagePath| decode(path.file_name()).into_owned();
        let mut names: Vec<_> = self.draft.tree().children(directory).map(|(path, _)| name(path)).collect();
        names.sort_by(|a, b| encode(a).cmp(&encode(b)));
        names
    }

    /// Puts back the very nodes of files that ended up equal, so that nothing changes that need not, and tells what did change.
    pub(super) fn finish(mut self) -> Result<(Vec<String>, BTreeSet<ImagePath>), Unproven> {
        let mut changed = BTreeSet::new();
        let mut effects = std::mem::take(&mut self.effects);
        for (path, before) in std::mem::take(&mut self.originals) {
            let after = self.draft.get(&path).cloned();
            let effect = match (&before, &after) {
                (None, None) => continue,
                (Some(before), Some(after)) if before == after => continue,
                (Some(before), Some(after)) => {
                    let timeless = Node { mtime: before.mtime, ..after.clone() };
                    let same = slim::draft::same_node(self.draft.contents(), before, &timeless);
                    let same =
                        same.map_err(|error| Unproven { line: None, word: path.to_text(), reason: error.to_string() })?;
                    if same {
                        self.draft.put(path, before.clone());
                        continue;
                    }
                    if before.kind != after.kind {
                        format!("writes {path}")
                    } else if (before.uid, before.gid) != (after.uid, after.gid) {
                        format!("{path}: owner {}:{}, mode {:04o}", after.uid, after.gid, after.mode)
                    } else {
                        format!("{path}: mode {:04o}", after.mode)
                    }
                }
                (None, Some(after)) if after.is_directory() => format!("makes directory {path}"),
                (None, Some(_)) => format!("creates {path}"),
                (Some(_), None) => format!("removes {path}"),
            };
            effects.push(effect);
            changed.insert(path);
        }
        Ok((effects, changed))
    }
}
