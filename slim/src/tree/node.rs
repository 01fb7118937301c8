//! What is at a path: kind, permissions, owner, times, extended attributes, and where its bytes are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// One file system object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// File, directory, link or device.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky: `mode & 0o7777`.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Modification time.
    pub mtime: Mtime,
    /// Extended attributes by full name (`security.capability`).
    pub xattrs: Xattrs,
    /// The layer that this node comes from.
    pub origin: Origin,
}

impl Node {
    /// A directory, mode 0755 of root.
    pub fn directory() -> Self {
        Self::of(Kind::Directory, 0o755)
    }

    /// A regular file with these bytes, mode 0644 of root.
    pub fn file(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::of(Kind::File(File { content: Content::Inline(bytes.into()), inode: None }), 0o644)
    }

    /// A symbolic link of root.
    pub fn symlink(target: impl AsRef<[u8]>) -> Self {
        Self::of(Kind::Symlink(target.as_ref().into()), 0o777)
    }

    fn of(kind: Kind, mode: u32) -> Self {
        Self { kind, mode, uid: 0, gid: 0, mtime: Mtime::default(), xattrs: Xattrs::default(), origin: Origin(0) }
    }

    /// The same node with another mode.
    pub fn with_mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// The same node with another owner and group.
    pub fn with_owner(mut self, uid: u32, gid: u32) -> Self {
        (self.uid, self.gid) = (uid, gid);
        self
    }

    /// The same node with another modification time, in seconds.
    pub fn with_mtime(mut self, seconds: i64) -> Self {
        self.mtime = Mtime { seconds, nanoseconds: 0 };
        self
    }

    /// The same node in another layer.
    pub fn with_origin(mut self, layer: usize) -> Self {
        self.origin = Origin(layer);
        self
    }

    /// Whether this is a directory (not a link to one).
    pub fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory)
    }

    /// Whether somebody may run it: a file with a bit for that (chmod(1)).
    pub fn is_executable(&self) -> bool {
        self.as_file().is_some() && self.mode & 0o111 != 0
    }

    /// The regular file, if it is one.
    pub fn as_file(&self) -> Option<&File> {
        match &self.kind {
            Kind::File(file) => Some(file),
            _ => None,
        }
    }

    /// The link's target, if it is a symbolic link.
    pub fn as_symlink(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Symlink(target) => Some(target),
            _ => None,
        }
    }

    /// The size of a regular file's content; 0 for everything else.
    pub fn size(&self) -> u64 {
        self.as_file().map_or(0, |file| file.content.size())
    }
}

/// Extended attributes by full name. Clones of a node share them, for they can be large, and a node is in a layer and in many trees;
/// most nodes have none.
#[derive(Clone, Default)]
pub struct Xattrs(Option<Arc<BTreeMap<Vec<u8>, Vec<u8>>>>);

impl Deref for Xattrs {
    type Target = BTreeMap<Vec<u8>, Vec<u8>>;

    fn deref(&self) -> &Self::Target {
        static NONE: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Xattrs {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl FromIterator<(Vec<u8>, Vec<u8>)> for Xattrs {
    fn from_iter<I: IntoIterator<Item = (Vec<u8>, Vec<u8>)>>(attributes: I) -> Self {
        let attributes: BTreeMap<_, _> = attributes.into_iter().collect();
        Self((!attributes.is_empty()).then(|| Arc::new(attributes)))
    }
}

impl PartialEq for Xattrs {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Xattrs {}

impl fmt::Debug for Xattrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// What sort of object a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file, perhaps one of several hard links.
    File(File),
    /// A symbolic link and its target as written.
    Symlink(Arc<[u8]>),
    /// A character device.
    CharDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    BlockDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
}

/// A regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where the bytes are.
    pub content: Content,
    /// Set when several paths of one layer are the same file.
    pub inode: Option<Inode>,
}

/// Identity of a hard-linked file: paths with the same inode are one file. Unique within a [`Stack`](super::Stack).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inode {
    /// The layer that holds all the names.
    pub layer: u32,
    /// A number within the layer.
    pub number: u32,
}

/// Modification time since 1970, as tar's PAX records can express it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mtime {
    /// Whole seconds.
    pub seconds: i64,
    /// Nanoseconds, below 10^9.
    pub nanoseconds: u32,
}

/// The index, from the bottom, of the layer that a node comes from or belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin(pub usize);

/// Where a file's bytes are: in the append-only spool, or in memory when slim itself made them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A span of the spool.
    Spooled {
        /// First byte.
        offset: u64,
        /// Length in bytes.
        size: u64,
    },
    /// Small generated content.
    Inline(Arc<[u8]>),
}

impl Content {
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Spooled { size, .. } => *size,
            Self::Inline(bytes) => bytes.len() as u64,
        }
    }
}

/// Reading contents on request. The only way the analysis reaches bytes it does not hold.
pub trait Contents: Sync {
    /// Fills `buffer` from the spool, starting `offset` bytes into it.
    ///
    /// # Errors
    /// When the span is outside the spool or the spool cannot be read.
    fn read_span(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ContentsError>;

    /// All bytes of a content.
    ///
    /// # Errors
    /// As [`Contents::read_span`].
    fn read<'a>(&self, content: &'a Content) -> Result<Cow<'a, [u8]>, ContentsError> {
        match content {
            Content::Inline(bytes) => Ok(Cow::Borrowed(bytes)),
            Content::Spooled { offset, size } => {
                let mut buffer = vec![0; usize::try_from(*size).map_err(|_| ContentsError::too_large(*size))?];
                self.read_span(*offset, &mut buffer)?;
                Ok(Cow::Owned(buffer))
            }
        }
    }

    /// The first bytes of a content, at most `limit`.
    ///
    /// # Errors
    /// As [`Contents::read_span`].
    fn head(&self, content: &Content, limit: usize) -> Result<Vec<u8>, ContentsError> {
        match content {
            Content::Inline(bytes) => Ok(bytes[..bytes.len().min(limit)].to_vec()),
            Content::Spooled { offset, size } => {
                let mut buffer = vec![0; limit.min(usize::try_from(*size).unwrap_or(limit))];
                self.read_span(*offset, &mut buffer)?;
                Ok(buffer)
            }
        }
    }
}

/// Contents could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {size} bytes at {offset} of the spool: {reason}")]
pub struct ContentsError {
    /// Where the read began.
    pub offset: u64,
    /// How much was wanted.
    pub size: u64,
    /// What the spool said.
    pub reason: String,
}

impl ContentsError {
    fn too_large(size: u64) -> Self {
        Self { offset: 0, size, reason: "larger than this machine's address space".into() }
    }
}

/// Contents of a tree that is wholly inline: toy trees, generated layers.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryContents;

impl Contents for MemoryContents {
    fn read_span(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ContentsError> {
        Err(ContentsError { offset, size: buffer.len() as u64, reason: "there is no spool".into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_their_attributes_until_one_changes() {
        let name = b"security.capability".to_vec();
        let mut node = Node::file(*b"x");
        node.xattrs.insert(name.clone(), vec![1]);
        let mut copy = node.clone();
        assert!(std::ptr::eq(&node.xattrs[&name], &copy.xattrs[&name]));
        copy.xattrs.insert(name.clone(), vec![2]);
        assert_eq!((&node.xattrs[&name][..], &copy.xattrs[&name][..]), (&[1][..], &[2][..]));
        copy.xattrs.remove(&name);
        assert_eq!(copy, Node::file(*b"x"));
    }
}
