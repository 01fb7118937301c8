//! What differs between two images: packages, paths and bytes.

use crate::packages::Inventory;
use crate::path::ImagePath;
use crate::tree::{Contents, ContentsError, Kind, Node, Tree};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// Packages that were added, removed or have another version, by name.
    pub packages: Vec<PackageDifference>,
    /// Paths that were added, removed or differ, in path order.
    pub paths: Vec<PathDifference>,
    /// Bytes of all files in the first image.
    pub size_before: u64,
    /// Bytes of all files in the second image.
    pub size_after: u64,
}

impl Difference {
    /// Whether the images hold the same.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.paths.is_empty()
    }
}

/// A package that is not the same in both images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PackageDifference {
    /// Name.
    pub name: String,
    /// Architecture.
    pub architecture: String,
    /// Version in the first image; absent when added.
    pub before: Option<String>,
    /// Version in the second image; absent when removed.
    pub after: Option<String>,
}

/// A path that is not the same in both images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PathDifference {
    /// The path, with a leading slash.
    pub path: String,
    /// What differs: `added`, `removed`, or any of `type`, `content`, `target`, `mode`, `owner`, `time`, `xattrs`, `links`.
    pub what: Vec<&'static str>,
    /// Bytes in the first image.
    pub before: Option<u64>,
    /// Bytes in the second image.
    pub after: Option<u64>,
}

/// One side of a comparison.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The merged image.
    pub tree: &'a Tree,
    /// Where its contents are read.
    pub contents: &'a dyn Contents,
    /// Its packages.
    pub inventory: Option<&'a Inventory>,
}

impl std::fmt::Debug for Side<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Side").field("nodes", &self.tree.len()).finish_non_exhaustive()
    }
}

/// Compares two images completely: content, type, mode, owner, times, attributes, hard links.
///
/// # Errors
/// When contents cannot be read.
pub fn diff(before: Side<'_>, after: Side<'_>) -> Result<Difference, ContentsError> {
    let mut paths = Vec::new();
    let all: BTreeSet<&ImagePath> = before.tree.iter().chain(after.tree.iter()).map(|(path, _)| path).collect();
    let (names_before, names_after) = (link_groups(before.tree), link_groups(after.tree));
    for path in all {
        let (old, new) = (before.tree.get(path), after.tree.get(path));
        let mut what = match (old, new) {
            (None, _) => vec!["added"],
            (_, None) => vec!["removed"],
            (Some(old), Some(new)) => aspects(before.contents, old, after.contents, new)?,
        };
        if old.is_some() && new.is_some() && names_before.get(path) != names_after.get(path) {
            what.push("links");
        }
        if !what.is_empty() {
            paths.push(PathDifference {
                path: path.to_text(),
                what,
                before: old.map(Node::size),
                after: new.map(Node::size),
            });
        }
    }
    Ok(Difference {
        packages: packages(before.inventory, after.inventory),
        paths,
        size_before: before.tree.size(),
        size_after: after.tree.size(),
    })
}

fn aspects(
    old_contents: &dyn Contents,
    old: &Node,
    new_contents: &dyn Contents,
    new: &Node,
) -> Result<Vec<&'static str>, ContentsError> {
    let mut what = Vec::new();
    match (&old.kind, &new.kind) {
        (Kind::File(a), Kind::File(b)) => {
            let same = a.content.size() == b.content.size()
                && old_contents.read(&a.content)? == new_contents.read(&b.content)?;
            if !same {
                what.push("content");
            }
        }
        (Kind::Symlink(a), Kind::Symlink(b)) if a != b => what.push("target"),
        (a, b) if a != b => what.push("type"),
        _ => {}
    }
    let checks = [
        (old.mode != new.mode, "mode"),
        ((old.uid, old.gid) != (new.uid, new.gid), "owner"),
        (old.mtime != new.mtime, "time"),
        (old.xattrs != new.xattrs, "xattrs"),
    ];
    what.extend(checks.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name));
    Ok(what)
}

/// For each path that is one of several names of a file: the first of those names.
fn link_groups(tree: &Tree) -> BTreeMap<&ImagePath, &ImagePath> {
    let mut first = BTreeMap::new();
    let mut groups = BTreeMap::new();
    let mut count: BTreeMap<_, usize> = BTreeMap::new();
    let linked = || tree.iter().filter_map(|(path, node)| Some((path, node.as_file()?.inode?)));
    for (_, inode) in linked() {
        *count.entry(inode).or_default() += 1;
    }
    for (path, inode) in linked().filter(|(_, inode)| count[inode] > 1) {
        groups.insert(path, *first.entry(inode).or_insert(path));
    }
    groups
}

fn packages(before: Option<&Inventory>, after: Option<&Inventory>) -> Vec<PackageDifference> {
    fn versions(inventory: Option<&Inventory>) -> BTreeMap<(&str, &str), &str> {
        let packages = inventory.map(Inventory::packages).unwrap_or_default();
        packages.iter().map(|p| ((p.name.as_str(), p.architecture.as_str()), p.version.as_str())).collect()
    }
    let (old, new) = (versions(before), versions(after));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let difference = |key: (&str, &str)| {
        let (before, after) = (old.get(&key), new.get(&key));
        (before != after).then(|| PackageDifference {
            name: key.0.into(),
            architecture: key.1.into(),
            before: before.map(|version| (*version).into()),
            after: after.map(|version| (*version).into()),
        })
    };
    names.into_iter().filter_map(difference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{MemoryContents, text};

    #[test]
    fn every_aspect_is_named() {
        let before = text::tree("/a = 1\n/b = 2\n/c 0600 = 3\n/d -> a\n/e = 5\n/f == /e\n/gone = 6\n/t/").unwrap();
        let after =
            text::tree("/a = x\n/b 0644 1:0 = 2\n/c = 3\n/d -> b\n/e = 5\n/f = 5\n/new = 77\n/t = file").unwrap();
        let side = |tree| Side { tree, contents: &MemoryContents, inventory: None };
        let found = diff(side(&before), side(&after)).unwrap();
        let lines: Vec<_> = found.paths.iter().map(|path| format!("{} {}", path.path, path.what.join(","))).collect();
        assert_eq!(
            lines,
            [
                "/a content",
                "/b owner",
                "/c mode",
                "/d target",
                "/e links",
                "/f links",
                "/gone removed",
                "/new added",
                "/t type,mode"
            ]
        );
        assert_eq!((found.size_before, found.size_after), (5, 11));
        assert!(diff(side(&before), side(&before)).unwrap().is_empty());
    }
}
