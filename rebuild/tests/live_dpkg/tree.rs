//! Root file systems as trees and back, and what is compared of two of them.

use rebuild::spool::Spool;
use slim::path::ImagePath;
use slim::tree::{Content, Contents as _, File, Inode, Kind, Mtime, Node, Origin, Tree, Xattrs};
use std::collections::BTreeMap;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Reads a folder as a tree. ELF files are read as empty ones: they are there for dpkg to run, and no toy package has any.
pub(crate) fn read(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut inodes: BTreeMap<u64, u32> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry.unwrap();
        let meta = entry.path().symlink_metadata().unwrap();
        let path = ImagePath::new(entry.path().strip_prefix(root).unwrap().as_os_str().as_bytes()).unwrap();
        let kind = if meta.is_dir() {
            Kind::Directory
        } else if meta.is_symlink() {
            Kind::Symlink(std::fs::read_link(entry.path()).unwrap().as_os_str().as_bytes().into())
        } else if meta.is_file() {
            let next = inodes.len() as u32;
            let number = *inodes.entry(meta.ino()).or_insert(next);
            let inode = (meta.nlink() > 1).then_some(Inode { layer: 0, number });
            let mut bytes = std::fs::read(entry.path()).unwrap();
            if bytes.starts_with(b"\x7fELF") {
                bytes.clear();
            }
            Kind::File(File { content: Content::Inline(bytes.into()), inode })
        } else {
            continue;
        };
        let node = Node {
            kind,
            mode: meta.mode() & 0o7777,
            uid: meta.uid(),
            gid: meta.gid(),
            mtime: Mtime { seconds: meta.mtime(), nanoseconds: 0 },
            xattrs: Xattrs::default(),
            origin: Origin(0),
        };
        tree.insert(path, node);
    }
    tree
}

/// Writes a tree into an empty folder.
pub(crate) fn write(root: &Path, tree: &Tree, spool: &Spool) {
    let mut first: BTreeMap<Inode, PathBuf> = BTreeMap::new();
    for (path, node) in tree.iter().filter(|(path, _)| !path.is_root()) {
        let place = root.join(std::ffi::OsString::from_vec(path.as_bytes().to_vec()));
        match &node.kind {
            Kind::Directory => std::fs::create_dir(&place).unwrap(),
            Kind::Symlink(target) => {
                std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), &place).unwrap();
                std::os::unix::fs::lchown(&place, Some(node.uid), Some(node.gid)).unwrap();
                continue;
            }
            Kind::File(file) => {
                if let Some(other) = file.inode.and_then(|inode| first.get(&inode)) {
                    std::fs::hard_link(other, &place).unwrap();
                    continue;
                }
                std::fs::write(&place, spool.read(&file.content).unwrap()).unwrap();
                first.extend(file.inode.map(|inode| (inode, place.clone())));
            }
            other => panic!("{}: {other:?}", path.to_text()),
        }
        std::os::unix::fs::chown(&place, Some(node.uid), Some(node.gid)).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(node.mode)).unwrap();
    }
}

/// What is compared of a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Described {
    /// Type, mode, owner, content, target, names of the same file.
    what: String,
    /// When it was changed; nothing for directories, whose times tell when something in them was.
    time: Option<i64>,
}

/// All that is compared, by path. Left out is what the engine says that it does not produce.
pub(crate) fn describe(spool: &Spool, tree: &Tree) -> BTreeMap<String, Described> {
    let mut groups: BTreeMap<Inode, Vec<String>> = BTreeMap::new();
    for (path, node) in tree.iter() {
        if let Some(inode) = node.as_file().and_then(|file| file.inode) {
            groups.entry(inode).or_default().push(text(path));
        }
    }
    let skipped = ["/var/log", "/var/lib/dpkg/status-old", "/var/lib/dpkg/lock", "/var/lib/dpkg/triggers/Lock"];
    let compared = tree.iter().filter(|(path, _)| !skipped.iter().any(|skip| text(path).starts_with(skip)));
    compared
        .map(|(path, node)| {
            let kind = match &node.kind {
                Kind::File(file) => {
                    let bytes = spool.read(&file.content).unwrap();
                    let group = file.inode.and_then(|inode| groups.get(&inode)).filter(|group| group.len() > 1);
                    format!("file {:?} {group:?}", String::from_utf8_lossy(&bytes))
                }
                other => format!("{other:?}"),
            };
            let what = format!("{:04o} {}:{} {kind}", node.mode, node.uid, node.gid);
            (text(path), Described { what, time: (!node.is_directory()).then_some(node.mtime.seconds) })
        })
        .collect()
}

/// A path as text from which no two are the same.
fn text(path: &ImagePath) -> String {
    format!("/{}", path.as_bytes().escape_ascii())
}

/// How two descriptions differ. A file with a time since `started` was made by dpkg's own hand, at a time that nobody can foresee.
pub(crate) fn differences(
    ours: &BTreeMap<String, Described>,
    real: &BTreeMap<String, Described>,
    started: i64,
) -> Vec<String> {
    let mut paths: Vec<_> = ours.keys().chain(real.keys()).collect();
    paths.sort();
    paths.dedup();
    let same = |path: &String| match (ours.get(path), real.get(path)) {
        (Some(ours), Some(real)) => {
            ours.what == real.what && (ours.time == real.time || real.time.is_some_and(|time| time >= started))
        }
        (ours, real) => ours.is_none() && real.is_none(),
    };
    let different = paths.into_iter().filter(|path| !same(path));
    different.map(|path| format!("{path}\n  dpkg {:?}\n  slim {:?}", real.get(path), ours.get(path))).collect()
}
