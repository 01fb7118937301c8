//! `data.tar`: what a package unpacks.

use super::{DebError, Limits};
use crate::spool::Spool;
use md5::{Digest as _, Md5};
use slim::path::ImagePath;
use slim::tree::{Content, Mtime, Xattrs};
use std::io::{self, Read};

/// Something to unpack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebEntry {
    /// Where, below the root.
    pub path: ImagePath,
    /// What.
    pub kind: DebKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Numeric owner, for images that do not know the name.
    pub uid: u32,
    /// Numeric group, likewise.
    pub gid: u32,
    /// Owner's name; empty when the archive has none.
    pub user: String,
    /// Group's name; empty when the archive has none.
    pub group: String,
    /// Modification time.
    pub mtime: Mtime,
    /// Extended attributes (`SCHILY.xattr.*` records).
    pub xattrs: Xattrs,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebKind {
    /// A directory.
    Directory,
    /// A regular file and the MD5 of its bytes.
    File {
        /// The bytes.
        content: Content,
        /// Their MD5, as dpkg's databases use it.
        md5: [u8; 16],
    },
    /// A symbolic link and its target as written.
    Symlink(Vec<u8>),
    /// Another name of an earlier file.
    Hardlink(ImagePath),
}

/// Hashes what passes.
struct Hashing<'a, R> {
    inner: &'a mut R,
    md5: Md5,
}

impl<R: Read> Read for Hashing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.md5.update(&buffer[..count]);
        Ok(count)
    }
}

pub(super) fn read(reader: Box<dyn Read + '_>, spool: &Spool, limits: &Limits) -> Result<Vec<DebEntry>, DebError> {
    // Headers and padding are counted too: an archive of empty names must end somewhere.
    let room = limits.data.saturating_add((limits.entries as u64).saturating_mul(4096));
    let mut archive = tar::Archive::new(reader.take(room));
    let mut entries = Vec::new();
    let mut total = 0_u64;
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entries.len() >= limits.entries {
            return Err(DebError::TooLarge { what: "number of entries", limit: limits.entries as u64 });
        }
        total = total.saturating_add(entry.size());
        if total > limits.data {
            return Err(DebError::TooLarge { what: "unpacked bytes", limit: limits.data });
        }
        if let Some(entry) = read_entry(&mut entry, spool)? {
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn read_entry<R: Read>(entry: &mut tar::Entry<'_, R>, spool: &Spool) -> Result<Option<DebEntry>, DebError> {
    let name = entry.path_bytes().into_owned();
    let refuse = |reason: String| DebError::Entry { path: String::from_utf8_lossy(&name).into_owned(), reason };
    let safe = |name: &[u8]| {
        if name.contains(&b'\n') {
            return Err(refuse("newlines in names are not allowed".into()));
        }
        ImagePath::new(name).map_err(|error| refuse(error.to_string()))
    };
    let path = safe(&name)?;
    let mut mtime = Mtime { seconds: i64::try_from(entry.header().mtime()?).unwrap_or(0), nanoseconds: 0 };
    let mut xattrs = Xattrs::default();
    if let Some(records) = entry.pax_extensions()? {
        for record in records {
            let record = record?;
            if let Some(name) = record.key_bytes().strip_prefix(b"SCHILY.xattr.") {
                xattrs.insert(name.to_vec(), record.value_bytes().to_vec());
            } else if record.key_bytes() == b"mtime" {
                // dpkg keeps whole seconds.
                let text = String::from_utf8_lossy(record.value_bytes()).into_owned();
                let seconds = text.split('.').next().and_then(|seconds| seconds.parse().ok());
                mtime.seconds = seconds.ok_or_else(|| refuse(format!("bad mtime {text:?}")))?;
            }
        }
    }
    let header = entry.header();
    let id = |id: io::Result<u64>| id.ok().and_then(|id| u32::try_from(id).ok());
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let owner = id(header.uid()).zip(id(header.gid()));
    let (uid, gid) = owner.ok_or_else(|| refuse("owner beyond 32 bits".into()))?;
    let (user, group) = (text(header.username_bytes()), text(header.groupname_bytes()));
    let mode = header.mode()? & 0o7777;
    let link = entry.link_name_bytes().map(std::borrow::Cow::into_owned);
    let kind = match entry.header().entry_type() {
        tar::EntryType::Directory => DebKind::Directory,
        tar::EntryType::Regular | tar::EntryType::Continuous => {
            let mut hashing = Hashing { inner: entry, md5: Md5::new() };
            let content = spool.append(&mut hashing)?;
            DebKind::File { content, md5: hashing.md5.finalize().into() }
        }
        tar::EntryType::Symlink => match link {
            Some(target) if !target.contains(&b'\n') && !target.contains(&0) => DebKind::Symlink(target),
            _ => return Err(refuse("a link without a usable target".into())),
        },
        tar::EntryType::Link => DebKind::Hardlink(safe(&link.unwrap_or_default())?),
        tar::EntryType::XGlobalHeader => return Ok(None),
        other => return Err(refuse(format!("entries of type {other:?} are not unpacked"))),
    };
    if path.is_root() && kind != DebKind::Directory {
        return Err(refuse("the root is not a directory".into()));
    }
    Ok(Some(DebEntry { path, kind, mode, uid, gid, user, group, mtime, xattrs }))
}
