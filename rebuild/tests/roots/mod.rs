//! Unpacked root file systems as trees.

use slim::path::ImagePath;
use slim::tree::{Node, Tree};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Everything below a folder, but for devices and sockets.
pub(crate) fn tree_of(root: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in walkdir::WalkDir::new(root).same_file_system(true) {
        let entry = entry.expect("a readable root");
        let metadata = entry.metadata().expect("metadata");
        let path = ImagePath::new(entry.path().strip_prefix(root).unwrap().as_os_str().as_bytes()).unwrap();
        let node = if metadata.is_dir() {
            Node::directory()
        } else if metadata.is_symlink() {
            Node::symlink(std::fs::read_link(entry.path()).unwrap().into_os_string().into_vec())
        } else if metadata.is_file() {
            Node::file(std::fs::read(entry.path()).unwrap())
        } else {
            continue;
        };
        let mode = metadata.permissions().mode() & 0o7777;
        tree.insert(path, node.with_mode(mode).with_owner(metadata.uid(), metadata.gid()));
    }
    tree
}
