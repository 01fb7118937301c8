//! A tree as a folder of this machine, for the time of a trial.

use super::{RoomError, TrialError};
use crate::pipeline::RebuildError;
use slim::path::ImagePath;
use slim::tree::{Contents, Inode, Kind, Tree};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// Writes files, directories and links; devices and pipes are left out. Everything belongs to whoever runs slim, and no file is
/// set-user-ID: in the room, that user is root.
///
/// The tree's paths are free of links and begin with directories that the tree holds, and the folder is new: nothing is ever written
/// through a link.
///
/// # Errors
/// When the folder cannot be written or contents cannot be read.
pub(super) fn write(tree: &Tree, contents: &dyn Contents, root: &Path) -> Result<(), RebuildError> {
    let fail = |error: io::Error| RebuildError::Trial(TrialError::Room(RoomError::Folder(error)));
    fs::create_dir(root).map_err(fail)?;
    let mut names: BTreeMap<Inode, PathBuf> = BTreeMap::new();
    for (path, node) in tree.iter().filter(|(path, _)| !path.is_root()) {
        let place = place(root, path);
        match &node.kind {
            Kind::Directory => {
                fs::create_dir(&place).map_err(fail)?;
                // Owned by the one who writes into it, who must be able to.
                mode(&place, (node.mode & 0o1777) | 0o700).map_err(fail)?;
            }
            Kind::File(file) => match file.inode.and_then(|inode| names.get(&inode)) {
                Some(first) => fs::hard_link(first, &place).map_err(fail)?,
                None => {
                    fs::write(&place, &*contents.read(&file.content)?).map_err(fail)?;
                    mode(&place, node.mode & 0o777).map_err(fail)?;
                    if let Some(inode) = file.inode {
                        names.insert(inode, place);
                    }
                }
            },
            Kind::Symlink(target) => symlink(OsStr::from_bytes(target), &place).map_err(fail)?,
            Kind::CharDevice { .. } | Kind::BlockDevice { .. } | Kind::Fifo => {}
        }
    }
    Ok(())
}

fn place(root: &Path, path: &ImagePath) -> PathBuf {
    let mut place = root.to_owned();
    for name in path.as_bytes().split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        place.push(OsStr::from_bytes(name));
    }
    place
}

fn mode(place: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(place, fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    #[test]
    fn a_tree_is_written_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        fs::create_dir(&outside).unwrap();
        let target = outside.to_str().unwrap();
        let tree = text::tree(&format!("/etc/x 4755 = 1\n/link -> {target}\n/up -> ../outside\n/d/y = 2")).unwrap();
        let root = folder.path().join("root");
        write(&tree, &MemoryContents, &root).unwrap();
        assert_eq!(fs::read(root.join("d/y")).unwrap(), b"2");
        assert_eq!(fs::metadata(root.join("etc/x")).unwrap().permissions().mode() & 0o7777, 0o755);
        assert_eq!(fs::read_link(root.join("link")).unwrap(), outside);
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        assert!(write(&tree, &MemoryContents, &root).is_err(), "only into a new folder");
    }
}
