//! Reading a layer: the archive goes into the spool as it is, its entries into a [`Layer`].

use super::codec::{self, Compression};
use super::record::{BLOCK, Extended, Record};
use crate::image::Digest;
use crate::image::digest::Hashing;
use crate::spool::{Segment, Spool};
use slim::path::ImagePath;
use slim::tree::{Content, File, Inode, Kind, Layer, LayerEntry, Mtime, Node, Origin, Tree};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// Most bytes of an entry's extended headers (long names, PAX records with attributes).
const EXTENDED_LIMIT: u64 = 1 << 20;
/// Most names in a path. Each is looked up whenever the path is resolved; those of real images are far below a hundred.
const DEPTH_LIMIT: usize = 256;

/// What the layers of one image may take together: far beyond real images, far below what would exhaust memory or what a few
/// kilobytes can claim.
#[derive(Debug)]
pub struct Budget {
    /// Entries, and the directories that their paths imply.
    entries: Share,
    /// Bytes of paths, links' targets and extended attributes: what is kept in memory.
    metadata: Share,
    /// Bytes of the uncompressed archives.
    unpacked: Share,
}

/// A limit, and what is left of it.
#[derive(Debug)]
struct Share {
    limit: u64,
    left: AtomicU64,
}

impl Share {
    fn new(limit: u64) -> Self {
        Self { limit, left: AtomicU64::new(limit) }
    }

    /// Takes that much, or says what there is too much of.
    fn take(&self, amount: u64, of: &str) -> Result<(), String> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(amount));
        taken.map(drop).map_err(|_| format!("the layers of the image have more than {} {of}", self.limit))
    }
}

impl Budget {
    fn new(entries: u64, metadata: u64, unpacked: u64) -> Self {
        Self { entries: Share::new(entries), metadata: Share::new(metadata), unpacked: Share::new(unpacked) }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(4_000_000, 1 << 30, 256 << 30)
    }
}

/// A layer as read: what it says, and the archive it says it with.
#[derive(Debug, Clone)]
pub struct LayerArchive {
    /// Entries by path; each names its record.
    pub layer: Layer,
    /// The archive's records in order.
    pub records: Vec<Record>,
    /// Records that are hard links, and the record they link to.
    pub links: BTreeMap<u32, u32>,
    /// Records that are part of the archive but of no path (marks of old union file systems).
    pub marks: Vec<u32>,
    /// How names are written: `./usr/bin` rather than `usr/bin`.
    pub dotted: bool,
    /// SHA-256 of the uncompressed archive.
    pub diff_id: Digest,
    /// Bytes of the uncompressed archive.
    pub size: u64,
    /// What the blob's first bytes show.
    pub compression: Compression,
    /// Hard links whose targets are no entries of this layer by that name: in lower layers, or behind a symbolic link. Settled by
    /// [`LayerArchive::settle`].
    outer_links: Vec<(ImagePath, ImagePath, u32)>,
    /// The layer's place in the image.
    index: usize,
    /// How many files of the layer have an inode.
    inodes: u32,
}

/// Why bytes are not a layer.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The stream cannot be read: decompression, a digest that differs, a broken connection.
    #[error("layer {layer}: {error}")]
    Read {
        /// Digest or number of the layer.
        layer: String,
        /// What the reader said.
        error: io::Error,
    },
    /// The archive is damaged or holds something that no layer may.
    #[error("layer {layer}: at byte {at} of its tar{entry}: {reason}")]
    Archive {
        /// Digest or number of the layer.
        layer: String,
        /// Offset in the uncompressed archive.
        at: u64,
        /// ` (NAME)`, where the name is known.
        entry: String,
        /// What is wrong.
        reason: String,
    },
    /// The content is not the one the config promises.
    #[error("layer {layer}: its content is {found}, but the image config says {expected}")]
    DiffId {
        /// Digest or number of the layer.
        layer: String,
        /// From the config.
        expected: Digest,
        /// From the bytes.
        found: Digest,
    },
}

/// Reads a layer blob to its last byte.
///
/// `index` is the layer's place in the image, `label` names it in errors; all layers of an image share one budget. The caller
/// checks the diff id.
///
/// # Errors
/// When the stream fails (its reader also verifies the blob's digest) or is not a sound tar archive.
pub fn read_layer<'a>(
    blob: Box<dyn Read + Send + 'a>,
    index: usize,
    label: &str,
    spool: &Spool,
    budget: &'a Budget,
) -> Result<LayerArchive, LayerError> {
    let failed = |error| LayerError::Read { layer: label.into(), error };
    let (compression, decoded) = codec::decoder(blob).map_err(failed)?;
    let segment = spool.segment().map_err(failed)?;
    let base = segment.position();
    let mut reader = Reader {
        tee: Tee { inner: decoded, out: Hashing::new(segment), base, budget },
        label,
        archive: LayerArchive {
            layer: Layer::default(),
            records: Vec::new(),
            links: BTreeMap::new(),
            marks: Vec::new(),
            dotted: false,
            diff_id: Digest::from_sha256([0; 32]),
            size: 0,
            compression,
            outer_links: Vec::new(),
            index,
            inodes: 0,
        },
        buffer: vec![0; 1 << 18],
    };
    reader.entries()?;
    reader.implied_directories()?;
    let Reader { mut tee, mut archive, .. } = reader;
    // Padding after the last entry belongs to the blob: it is hashed, and reaching the end is what verifies the digest.
    io::copy(&mut tee, &mut io::sink()).map_err(failed)?;
    let (diff_id, size, _) = tee.out.finish();
    (archive.diff_id, archive.size) = (diff_id, size);
    Ok(archive)
}

/// Passes bytes on to the spool while they are read.
struct Tee<'a> {
    inner: Box<dyn Read + Send + 'a>,
    out: Hashing<Segment>,
    base: u64,
    budget: &'a Budget,
}

impl Tee<'_> {
    fn at(&self) -> u64 {
        self.out.count()
    }
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.unpacked.take(count as u64, "bytes of archives").map_err(io::Error::other)?;
        self.out.write_all(&buffer[..count])?;
        Ok(count)
    }
}

struct Reader<'a, 'b> {
    tee: Tee<'a>,
    label: &'b str,
    archive: LayerArchive,
    buffer: Vec<u8>,
}

impl Reader<'_, '_> {
    fn wrong(&self, entry: &[u8], reason: impl Into<String>) -> LayerError {
        let entry = if entry.is_empty() { String::new() } else { format!(" ({})", String::from_utf8_lossy(entry)) };
        LayerError::Archive { layer: self.label.into(), at: self.tee.at(), entry, reason: reason.into() }
    }

    fn entries(&mut self) -> Result<(), LayerError> {
        let mut extended = Extended::default();
        let mut start = self.tee.at();
        loop {
            let mut block = [0; BLOCK];
            match self.fill(&mut block)? {
                0 => return Ok(()),
                BLOCK => {}
                _ => return Err(self.wrong(b"", "the archive ends within a header")),
            }
            if block.iter().all(|b| *b == 0) {
                return Ok(());
            }
            let header = tar::Header::from_byte_slice(&block);
            self.check(header)?;
            match header.entry_type().as_byte() {
                b'x' => {
                    let body = self.extended_body(header, start)?;
                    extended.read_pax(&body).map_err(|why| self.wrong(b"", why))?;
                }
                // Global headers say nothing about files; they stay with the record that follows.
                b'g' => drop(self.extended_body(header, start)?),
                b'L' => extended.name = Some(trimmed(self.extended_body(header, start)?)),
                b'K' => extended.link = Some(trimmed(self.extended_body(header, start)?)),
                _ => {
                    self.entry(header, &std::mem::take(&mut extended), start)?;
                    start = self.tee.at();
                }
            }
        }
    }

    /// Reads until the buffer is full or the stream ends.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, LayerError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.tee.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LayerError::Read { layer: self.label.into(), error }),
            }
        }
        Ok(filled)
    }

    fn check(&self, header: &tar::Header) -> Result<(), LayerError> {
        let sum: u32 = header
            .as_bytes()
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { u32::from(b' ') } else { u32::from(*byte) })
            .sum();
        match header.cksum() {
            Ok(found) if found == sum => Ok(()),
            _ => Err(self.wrong(b"", "not a tar header (its checksum is wrong)")),
        }
    }

    /// The body of an extended header of the record that begins at `start`.
    fn extended_body(&mut self, header: &tar::Header, start: u64) -> Result<Vec<u8>, LayerError> {
        let size = header.entry_size().map_err(|error| self.wrong(b"", error.to_string()))?;
        let sum = size.saturating_add(self.tee.at() - start);
        if sum > EXTENDED_LIMIT {
            return Err(self.wrong(b"", format!("extended headers of {sum} bytes; at most {EXTENDED_LIMIT}")));
        }
        let mut body = vec![0; size.next_multiple_of(BLOCK as u64) as usize];
        if self.fill(&mut body)? < body.len() {
            return Err(self.wrong(b"", "the archive ends within an extended header"));
        }
        body.truncate(size as usize);
        Ok(body)
    }

    fn entry(&mut self, header: &tar::Header, extended: &Extended, start: u64) -> Result<(), LayerError> {
        let pax_name = extended.pax.get(&b"path"[..]).cloned();
        let name = pax_name.or_else(|| extended.name.clone()).unwrap_or_else(|| header.path_bytes().into_owned());
        let wrong = |reader: &Self, why: String| reader.wrong(&name, why);
        if extended.pax.keys().any(|key| key.starts_with(b"GNU.sparse.")) || header.entry_type().is_gnu_sparse() {
            return Err(wrong(self, "sparse files are not part of image layers".into()));
        }
        let size = match extended.number("size") {
            Ok(Some(size)) => size,
            Ok(None) => header.entry_size().map_err(|error| wrong(self, error.to_string()))?,
            Err(why) => return Err(wrong(self, why)),
        };
        // Only regular files have content; sizes that some writers put on links and devices mean nothing.
        let is_file = matches!(header.entry_type().as_byte(), b'0' | b'\0' | b'7') && !name.ends_with(b"/");
        let size = if is_file { size } else { 0 };
        let content_at = self.tee.base + self.tee.at();
        self.skip(size, &name)?;
        let record = u32::try_from(self.archive.records.len()).unwrap_or(u32::MAX);
        self.take(1, 0).map_err(|why| wrong(self, why))?;
        self.archive.records.push(Record { start: self.tee.base + start, length: self.tee.at() - start });
        if record == 0 {
            self.archive.dotted = name.starts_with(b"./");
        }
        let path = ImagePath::new(&name).map_err(|error| wrong(self, error.to_string()))?;
        self.take(0, path.as_bytes().len()).map_err(|why| wrong(self, why))?;
        if path.components().count() > DEPTH_LIMIT {
            return Err(wrong(self, format!("a path of more than {DEPTH_LIMIT} names")));
        }
        if let Some(hidden) = path.file_name().strip_prefix(b".wh.") {
            return self.whiteout(&path, hidden, record);
        }
        let is_directory = !is_file && matches!(header.entry_type().as_byte(), b'0' | b'\0' | b'7' | b'5');
        if path.is_root() && !is_directory {
            return Err(wrong(self, "the root of an image can only be a directory".into()));
        }
        let kind = match header.entry_type().as_byte() {
            _ if is_directory => Kind::Directory,
            b'0' | b'\0' | b'7' => Kind::File(File { content: self.content(content_at, size), inode: None }),
            b'1' | b'2' => {
                let pax_link = extended.pax.get(&b"linkpath"[..]).cloned();
                let link = pax_link.or_else(|| extended.link.clone());
                let link = link.or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned));
                let link = link.ok_or_else(|| wrong(self, "a link without a target".into()))?;
                if header.entry_type().is_hard_link() {
                    let target = ImagePath::new(&link).map_err(|error| wrong(self, error.to_string()))?;
                    return self.hard_link(path, target, record);
                }
                Kind::Symlink(link.into())
            }
            kind @ (b'3' | b'4') => {
                let number = |field: io::Result<Option<u32>>| {
                    field.ok().flatten().ok_or_else(|| wrong(self, "a device without numbers".into()))
                };
                let (major, minor) = (number(header.device_major())?, number(header.device_minor())?);
                if kind == b'3' { Kind::CharDevice { major, minor } } else { Kind::BlockDevice { major, minor } }
            }
            b'6' => Kind::Fifo,
            other => return Err(wrong(self, format!("entries of type {:?} are unknown", char::from(other)))),
        };
        let node = metadata(header, extended, kind, self.archive.index).map_err(|why| wrong(self, why))?;
        let attributes: usize = node.xattrs.iter().map(|(key, value)| key.len() + value.len()).sum();
        let target = node.as_symlink().map_or(0, <[u8]>::len);
        self.take(0, attributes + target).map_err(|why| wrong(self, why))?;
        self.put(path, node, record);
        Ok(())
    }

    /// Takes entries, and bytes of what is kept of them, from the image's budget.
    fn take(&self, entries: u64, bytes: usize) -> Result<(), String> {
        self.tee.budget.entries.take(entries, "entries")?;
        self.tee.budget.metadata.take(bytes as u64, "bytes of names and attributes")
    }

    /// Paths imply directories that no entry names, and a tree has nodes for these, too. Of paths in order, each implies those of
    /// its ancestors that the one before it does not lie below.
    fn implied_directories(&self) -> Result<(), LayerError> {
        let mut before: &[u8] = b"";
        for path in self.archive.layer.entries.keys().map(ImagePath::as_bytes) {
            let shared = before.iter().zip(path).take_while(|(a, b)| a == b).count();
            // The slash at which both end a name was seen with the path before.
            let from = if before.len() == shared { shared + 1 } else { shared };
            for end in memchr::memchr_iter(b'/', path).filter(|end| *end >= from) {
                self.take(1, end).map_err(|why| self.wrong(path, why))?;
            }
            before = path;
        }
        Ok(())
    }

    /// Large contents are read from the spool; tiny ones would cost more there than here, but stay where the record is.
    fn content(&self, offset: u64, size: u64) -> Content {
        if size == 0 { Content::Inline([].into()) } else { Content::Spooled { offset, size } }
    }

    fn skip(&mut self, size: u64, name: &[u8]) -> Result<(), LayerError> {
        let padded = size
            .checked_next_multiple_of(BLOCK as u64)
            .ok_or_else(|| self.wrong(name, format!("a size of {size} bytes is impossible")))?;
        let mut copied = 0;
        while copied < padded {
            // In large pieces: each goes to the spool in one call.
            let piece = usize::try_from(padded - copied).unwrap_or(usize::MAX).min(self.buffer.len());
            match self.tee.read(&mut self.buffer[..piece]) {
                Ok(0) => break,
                Ok(count) => copied += count as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LayerError::Read { layer: self.label.into(), error }),
            }
        }
        // The last entry's padding may be missing; its content may not.
        if copied < size {
            return Err(self.wrong(name, format!("the archive ends after {copied} of {size} bytes")));
        }
        Ok(())
    }

    fn put(&mut self, path: ImagePath, node: Node, record: u32) {
        let is_directory = node.is_directory();
        let old = self.archive.layer.entries.insert(path.clone(), LayerEntry::Node { node, record: Some(record) });
        if let Some(LayerEntry::Whiteout { record: Some(whiteout) }) = old {
            self.hidden_and_put(path, is_directory, whiteout);
        }
    }

    /// A path both hidden and put by one layer is put, for hiding is about the layers below: a directory hides what they have in
    /// it, anything else replaces what they have there anyway.
    fn hidden_and_put(&mut self, path: ImagePath, is_directory: bool, whiteout: u32) {
        if is_directory {
            self.archive.layer.opaque.insert(path, Some(whiteout));
        } else {
            self.archive.marks.push(whiteout);
        }
    }

    fn whiteout(&mut self, path: &ImagePath, hidden: &[u8], record: u32) -> Result<(), LayerError> {
        let parent = path.parent().unwrap_or_else(ImagePath::root);
        match hidden {
            b".wh..opq" => {
                self.archive.layer.opaque.insert(parent, Some(record));
            }
            _ if hidden.starts_with(b".wh.") => self.archive.marks.push(record),
            b"" => return Err(self.wrong(path.as_bytes(), "a whiteout of nothing")),
            // It would hide the directory that it lies in, at the root the whole image.
            b"." => return Err(self.wrong(path.as_bytes(), "a whiteout of '.'")),
            _ => {
                let path = parent.join(hidden).map_err(|error| self.wrong(path.as_bytes(), error.to_string()))?;
                let entries = &mut self.archive.layer.entries;
                match entries.get(&path).and_then(LayerEntry::node).map(Node::is_directory) {
                    Some(is_directory) => self.hidden_and_put(path, is_directory, record),
                    None => drop(entries.insert(path, LayerEntry::Whiteout { record: Some(record) })),
                }
            }
        }
        Ok(())
    }

    fn hard_link(&mut self, path: ImagePath, target: ImagePath, record: u32) -> Result<(), LayerError> {
        match self.archive.link(&target, record) {
            None => self.archive.outer_links.push((path, target, record)),
            Some(node) if node.is_directory() => {
                return Err(self.wrong(path.as_bytes(), format!("a hard link to the directory {target}")));
            }
            Some(node) => self.put(path, node, record),
        }
        Ok(())
    }
}

fn trimmed(mut name: Vec<u8>) -> Vec<u8> {
    while name.last() == Some(&0) {
        name.pop();
    }
    name
}

fn metadata(header: &tar::Header, extended: &Extended, kind: Kind, index: usize) -> Result<Node, String> {
    let fields = header.as_old();
    let id = |key: &str, raw: &[u8], field: io::Result<u64>| -> Result<u32, String> {
        let value = extended.number(key)?.map_or_else(|| number(raw, field), Ok)?;
        u32::try_from(value).map_err(|_| format!("{key} {value} is larger than a user id can be"))
    };
    let (seconds, nanoseconds) = match extended.time("mtime")? {
        Some(time) => time,
        // Times before 1970 are two's complement in GNU's binary form; the header type reads them as u64.
        None => (number(&fields.mtime, header.mtime())? as i64, 0),
    };
    Ok(Node {
        kind,
        mode: number(&fields.mode, header.mode().map(u64::from))? as u32 & 0o7777,
        uid: id("uid", &fields.uid, header.uid())?,
        gid: id("gid", &fields.gid, header.gid())?,
        mtime: Mtime { seconds, nanoseconds },
        xattrs: extended.xattrs(),
        origin: Origin(index),
    })
}

/// A numeric field; a blank one is 0, as every tar reads it.
fn number(raw: &[u8], value: io::Result<u64>) -> Result<u64, String> {
    if raw.iter().all(|b| matches!(b, 0 | b' ')) {
        return Ok(0);
    }
    value.map_err(|error| error.to_string())
}

impl LayerArchive {
    /// Notes that a record is a hard link to an entry of this layer, and gives the node that both names now have; `None` when no
    /// record before this one made the target.
    fn link(&mut self, target: &ImagePath, record: u32) -> Option<Node> {
        let LayerEntry::Node { node, record: made } = self.layer.entries.get_mut(target)? else { return None };
        let made = made.filter(|made| *made < record)?;
        if let Kind::File(file) = &mut node.kind
            && file.inode.is_none()
        {
            self.inodes += 1;
            file.inode = Some(Inode { layer: self.index as u32, number: self.inodes });
        }
        self.links.insert(record, made);
        Some(node.clone())
    }

    /// A node of a lower layer as one of this layer: on its own, since no layer can hold a link to another's file.
    fn copy(&self, lower: &Node) -> Node {
        let mut node = lower.clone().with_origin(self.index);
        if let Kind::File(file) = &mut node.kind {
            file.inode = None;
        }
        node
    }

    /// Places the layer on the tree of the layers below it: entries below links go where the links lead, hard links to lower files
    /// become copies.
    ///
    /// # Errors
    /// When a hard link's target is nowhere.
    pub fn settle(&mut self, below: &Tree, label: &str) -> Result<(), LayerError> {
        self.layer = std::mem::take(&mut self.layer).canonical(below);
        let links = std::mem::take(&mut self.outer_links);
        if links.is_empty() {
            return Ok(());
        }
        let mut tree = below.clone();
        self.layer.lay_over(&mut tree, 0);
        for (path, target, record) in links {
            let place = |path: &ImagePath| tree.resolve_parent(path).map_or_else(|_| path.clone(), |found| found.path);
            let file = place(&target);
            let node = self.link(&file, record).or_else(|| below.get(&file).map(|lower| self.copy(lower)));
            let Some(node) = node.filter(|node| !node.is_directory()) else {
                return Err(LayerError::Archive {
                    layer: label.into(),
                    at: self.records.get(record as usize).map_or(0, |record| record.start),
                    entry: format!(" ({path})"),
                    reason: format!("a hard link to {target}, which does not exist"),
                });
            };
            self.layer.entries.insert(place(&path), LayerEntry::Node { node, record: Some(record) });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
