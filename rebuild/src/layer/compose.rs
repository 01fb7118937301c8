//! Writing a changed layer: unchanged records are copied byte for byte in their order, the others are made anew.

use super::codec::{Compression, Encoder};
use super::read::LayerArchive;
use super::record::{BLOCK, Record, headers, pax_record};
use crate::event::Task;
use crate::image::Digest;
use crate::image::digest::Hashing;
use crate::spool::{ContentReader, Spool};
use slim::path::ImagePath;
use slim::tree::{Content, Inode, Kind, Layer, LayerEntry, Node};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read, Seek, Write};

/// A layer blob, ready to be stored.
#[derive(Debug)]
pub struct Composed {
    /// Digest of the compressed blob.
    pub digest: Digest,
    /// Bytes of the compressed blob.
    pub size: u64,
    /// Digest of the archive inside.
    pub diff_id: Digest,
    /// Bytes of the archive inside.
    pub uncompressed: u64,
    /// The blob, read from its start; unlinked already.
    pub file: std::fs::File,
}

/// Writes `layer`, whose unchanged entries name records of `archive`, as a blob.
///
/// The bytes depend on the layer and the archive only: not on threads, clock or locale.
///
/// # Errors
/// When the spool cannot be read, the temporary directory is full, or the caller cancelled.
pub fn compose(
    archive: &LayerArchive,
    layer: &Layer,
    compression: Compression,
    spool: &Spool,
    directory: &std::path::Path,
    task: &Task<'_>,
) -> io::Result<Composed> {
    let file = tempfile::tempfile_in(directory)?;
    let blob = Hashing::new(io::BufWriter::with_capacity(1 << 18, file));
    let mut out = Out { tar: Hashing::new(Encoder::new(blob, compression)), spool, task };
    Writer::new(archive, layer).write(&mut out)?;
    out.tar.write_all(&[0; 2 * BLOCK])?;
    let (diff_id, uncompressed, encoder) = out.tar.finish();
    let (digest, size, writer) = encoder.finish()?.finish();
    let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(Composed { digest, size, diff_id, uncompressed, file })
}

/// The archive being written.
struct Out<'a> {
    tar: Hashing<Encoder<Hashing<io::BufWriter<std::fs::File>>>>,
    spool: &'a Spool,
    task: &'a Task<'a>,
}

impl Out<'_> {
    fn copy(&mut self, content: &Content) -> io::Result<()> {
        let mut reader = ContentReader::new(self.spool, content);
        let mut buffer = vec![0; 1 << 17];
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            self.tar.write_all(&buffer[..count])?;
            self.task.advance(count as u64);
            if self.task.cancelled() {
                return Err(io::Error::new(io::ErrorKind::Interrupted, "cancelled"));
            }
        }
    }

    fn record(&mut self, record: Record) -> io::Result<()> {
        self.copy(&Content::Spooled { offset: record.start, size: record.length })?;
        self.pad(record.length)
    }

    fn pad(&mut self, length: u64) -> io::Result<()> {
        let padding = length.next_multiple_of(BLOCK as u64) - length;
        self.tar.write_all(&[0; BLOCK][..padding as usize])
    }
}

/// What stands at one place of the new archive.
#[derive(Clone, Copy)]
enum Item<'a> {
    Entry(&'a ImagePath, &'a LayerEntry),
    /// A record that is copied whatever changed: an opaque marker or a mark.
    Copy,
}

struct Writer<'a> {
    archive: &'a LayerArchive,
    layer: &'a Layer,
    /// What is written at the place of each old record.
    places: BTreeMap<u32, Item<'a>>,
    /// Records copied as they are.
    copied: BTreeSet<u32>,
    /// The first name written for each hard-linked file.
    names: HashMap<Inode, &'a ImagePath>,
}

impl<'a> Writer<'a> {
    fn new(archive: &'a LayerArchive, layer: &'a Layer) -> Self {
        let mut places: BTreeMap<u32, Item<'_>> = archive.marks.iter().map(|record| (*record, Item::Copy)).collect();
        for (path, entry) in &layer.entries {
            // A new node takes the place of the old entry at its path, so that a regenerated layer reads like the old one.
            let old = archive.layer.entries.get(path).and_then(LayerEntry::record);
            if let Some(record) = entry.record().or(old) {
                places.insert(record, Item::Entry(path, entry));
            }
        }
        places.extend(layer.opaque.values().flatten().map(|record| (*record, Item::Copy)));
        Self { archive, layer, places, copied: BTreeSet::new(), names: HashMap::new() }
    }

    fn write(mut self, out: &mut Out<'_>) -> io::Result<()> {
        for (record, item) in self.places.clone() {
            match item {
                Item::Entry(path, entry) => self.entry(out, path, entry)?,
                Item::Copy => self.copy(out, record)?,
            }
        }
        for (path, record) in &self.layer.opaque {
            if record.is_none() {
                self.whiteout(out, path, b".wh..wh..opq")?;
            }
        }
        for (path, entry) in &self.layer.entries {
            if entry.record().is_none() && self.archive.layer.entries.get(path).is_none_or(|old| old.record().is_none())
            {
                self.entry(out, path, entry)?;
            }
        }
        Ok(())
    }

    fn copy(&mut self, out: &mut Out<'_>, record: u32) -> io::Result<()> {
        let span = self.archive.records.get(record as usize);
        let span =
            span.ok_or_else(|| io::Error::other("a layer entry names a record that its archive does not have"))?;
        self.copied.insert(record);
        out.record(*span)
    }

    fn entry(&mut self, out: &mut Out<'_>, path: &'a ImagePath, entry: &'a LayerEntry) -> io::Result<()> {
        let node = match (entry, entry.record()) {
            (LayerEntry::Whiteout { .. }, Some(record)) => return self.copy(out, record),
            (LayerEntry::Whiteout { .. }, None) => {
                let parent = path.parent().unwrap_or_else(ImagePath::root);
                return self.whiteout(out, &parent, &[b".wh.", path.file_name()].concat());
            }
            (LayerEntry::Node { node, record }, _) => {
                let inode = node.as_file().and_then(|file| file.inode);
                // A link record is only good while the record that it links to was copied before it.
                let sound = |record: u32| self.archive.links.get(&record).is_none_or(|to| self.copied.contains(to));
                if let Some(record) = record.filter(|record| sound(*record)) {
                    if let Some(inode) = inode {
                        self.names.entry(inode).or_insert(path);
                    }
                    return self.copy(out, record);
                }
                node
            }
        };
        let first = node.as_file().and_then(|file| file.inode).and_then(|inode| {
            let first = *self.names.entry(inode).or_insert(path);
            (first != path).then_some(first)
        });
        self.node(out, path, node, first)
    }

    fn whiteout(&self, out: &mut Out<'_>, parent: &ImagePath, name: &[u8]) -> io::Result<()> {
        let path = parent.join(name).map_err(io::Error::other)?;
        self.node(out, &path, &Node::file(Vec::new()).with_mode(0), None)
    }

    /// Writes a header of our own, and the content of a file.
    fn node(&self, out: &mut Out<'_>, path: &ImagePath, node: &Node, link: Option<&ImagePath>) -> io::Result<()> {
        let mut name = self.name(path);
        if node.is_directory() {
            name.push(b'/');
        }
        let (kind, target) = match (&node.kind, link) {
            (_, Some(link)) => (b'1', self.name(link)),
            (Kind::Directory, _) => (b'5', Vec::new()),
            (Kind::File(_), _) => (b'0', Vec::new()),
            (Kind::Symlink(target), _) => (b'2', target.to_vec()),
            (Kind::CharDevice { .. }, _) => (b'3', Vec::new()),
            (Kind::BlockDevice { .. }, _) => (b'4', Vec::new()),
            (Kind::Fifo, _) => (b'6', Vec::new()),
        };
        let content = node.as_file().filter(|_| link.is_none()).map(|file| &file.content);
        let size = content.map_or(0, Content::size);
        let aside = Aside::of(self.archive, path, node, out.spool)?;
        out.tar.write_all(&header(&name, &target, kind, node, size, &aside)?)?;
        if let Some(content) = content {
            out.copy(content)?;
            out.pad(size)?;
        }
        Ok(())
    }

    fn name(&self, path: &ImagePath) -> Vec<u8> {
        let prefix: &[u8] = match (self.archive.dotted, path.is_root()) {
            (true, false) => b"./",
            (_, true) => b".",
            (false, false) => b"",
        };
        [prefix, path.as_bytes()].concat()
    }
}

/// What an old record says that no node holds: the owners' names, and PAX records of other programs. A record that is made anew in
/// its place goes on saying it.
#[derive(Debug, Default)]
struct Aside {
    user: Vec<u8>,
    group: Vec<u8>,
    pax: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Aside {
    /// What stays true of a path with this node now. An owner's name goes with its number.
    fn of(archive: &LayerArchive, path: &ImagePath, node: &Node, spool: &Spool) -> io::Result<Self> {
        let Some(LayerEntry::Node { node: old, record: Some(record) }) = archive.layer.entries.get(path) else {
            return Ok(Self::default());
        };
        let Some(span) = archive.records.get(*record as usize) else { return Ok(Self::default()) };
        let content = Content::Spooled { offset: span.start, size: span.length };
        let (extended, header) = headers(&mut ContentReader::new(spool, &content))?;
        let mut aside = Self::default();
        if old.uid == node.uid {
            aside.user = header.username_bytes().unwrap_or_default().to_vec();
        }
        if old.gid == node.gid {
            aside.group = header.groupname_bytes().unwrap_or_default().to_vec();
        }
        let stays = |key: &[u8]| match key {
            b"uname" => old.uid == node.uid,
            b"gname" => old.gid == node.gid,
            // The node's own, and what was true of the old file only.
            b"path" | b"linkpath" | b"size" | b"uid" | b"gid" | b"mtime" | b"atime" | b"ctime" => false,
            _ => !key.starts_with(b"SCHILY.xattr.") && !key.starts_with(b"LIBARCHIVE.xattr."),
        };
        aside.pax = extended.pax.into_iter().filter(|(key, _)| stays(key)).collect();
        Ok(aside)
    }
}

/// A ustar header, after a PAX header for whatever does not fit into it.
fn header(name: &[u8], target: &[u8], kind: u8, node: &Node, size: u64, aside: &Aside) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    let mut pax = Vec::new();
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_mode(node.mode);
    let mut number = |key: &str, value: u64, limit: u64| {
        if value > limit {
            pax.extend(pax_record(key.as_bytes(), value.to_string().as_bytes()));
        }
        value.min(limit)
    };
    header.set_uid(number("uid", node.uid.into(), 0o777_7777));
    header.set_gid(number("gid", node.gid.into(), 0o777_7777));
    header.set_size(number("size", size, 0o777_7777_7777));
    let seconds = node.mtime.seconds;
    if !(0..=0o777_7777_7777).contains(&seconds) || node.mtime.nanoseconds != 0 {
        pax.extend(pax_record(b"mtime", time(node).as_bytes()));
    }
    header.set_mtime(u64::try_from(seconds).unwrap_or(0).min(0o777_7777_7777));
    for (key, value) in node.xattrs.iter() {
        pax.extend(pax_record(&[b"SCHILY.xattr.", &key[..]].concat(), value));
    }
    for (key, value) in &aside.pax {
        pax.extend(pax_record(key, value));
    }
    if let Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } = node.kind {
        header.set_device_major(major)?;
        header.set_device_minor(minor)?;
    }
    place_name(&mut header, name, &mut pax);
    let fields = header.as_mut_bytes();
    // A name that fills its field needs no NUL, a longer one has a PAX record.
    for (at, owner) in [(265, &aside.user), (297, &aside.group)] {
        let length = owner.len().min(32);
        fields[at..at + length].copy_from_slice(&owner[..length]);
    }
    if target.len() <= 100 {
        fields[157..157 + target.len()].copy_from_slice(target);
    } else {
        pax.extend(pax_record(b"linkpath", target));
    }
    header.set_cksum();
    let mut bytes = Vec::new();
    if !pax.is_empty() {
        let mut extended = tar::Header::new_ustar();
        extended.set_entry_type(tar::EntryType::XHeader);
        extended.set_mode(0o644);
        extended.set_size(pax.len() as u64);
        extended.as_mut_bytes()[..9].copy_from_slice(b"PaxHeader");
        extended.set_cksum();
        bytes.extend_from_slice(extended.as_bytes());
        pax.resize(pax.len().next_multiple_of(BLOCK), 0);
        bytes.extend(pax);
    }
    bytes.extend_from_slice(header.as_bytes());
    Ok(bytes)
}

/// The name field, the prefix field before it, or a PAX record.
fn place_name(header: &mut tar::Header, name: &[u8], pax: &mut Vec<u8>) {
    let fields = header.as_mut_bytes();
    if name.len() <= 100 {
        fields[..name.len()].copy_from_slice(name);
        return;
    }
    let split =
        (1..name.len().min(156)).rev().find(|at| name[*at] == b'/' && (1..=100).contains(&(name.len() - at - 1)));
    match split {
        Some(at) => {
            fields[345..345 + at].copy_from_slice(&name[..at]);
            fields[..name.len() - at - 1].copy_from_slice(&name[at + 1..]);
        }
        None => {
            pax.extend(pax_record(b"path", name));
            fields[..100].copy_from_slice(&name[..100]);
        }
    }
}

/// PAX time: seconds with as many decimals as are needed, exact also before 1970.
fn time(node: &Node) -> String {
    let (seconds, nanoseconds) = (node.mtime.seconds, node.mtime.nanoseconds);
    let text = match (seconds < 0, nanoseconds) {
        (_, 0) => return seconds.to_string(),
        (true, _) => format!("-{}.{:09}", -(seconds + 1), 1_000_000_000 - nanoseconds),
        (false, _) => format!("{seconds}.{nanoseconds:09}"),
    };
    text.trim_end_matches('0').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Silent, Unit};
    use crate::layer::{Budget, read_layer};
    use slim::delta::Delta;
    use slim::tree::{Stack, text};

    /// Composes toy layers from nothing, reads them back and gives the stack with its archives.
    fn written(layers: &[&str], spool: &Spool) -> (Stack, Vec<LayerArchive>) {
        let stack = text::stack(layers).unwrap();
        let empty = read_layer(Box::new(&[0; 1024][..]), 0, "empty", spool, &Budget::default()).unwrap();
        let archives: Vec<_> =
            stack.layers.iter().enumerate().map(|(index, layer)| again(&empty, layer, index, spool).0).collect();
        (Stack { layers: archives.iter().map(|archive| archive.layer.clone()).collect() }, archives)
    }

    fn again(archive: &LayerArchive, layer: &Layer, index: usize, spool: &Spool) -> (LayerArchive, Vec<u8>) {
        let task = Task::start(&Silent, "test", None, Unit::Bytes);
        let mut composed = compose(archive, layer, Compression::None, spool, &std::env::temp_dir(), &task).unwrap();
        let mut bytes = Vec::new();
        composed.file.read_to_end(&mut bytes).unwrap();
        assert_eq!((composed.digest, composed.size), (Digest::of(&bytes), bytes.len() as u64));
        let again = Box::new(io::Cursor::new(bytes.clone()));
        (read_layer(again, index, "again", spool, &Budget::default()).unwrap(), bytes)
    }

    fn spool() -> Spool {
        Spool::new(&std::env::temp_dir())
    }

    #[test]
    fn every_kind_of_node_comes_back() {
        let long = "n".repeat(120);
        let deep = format!("{}/{}", "d".repeat(90), "e".repeat(90));
        let layer = format!(
            "/a/ 0700 1:2\n/a/x 4755 3000000:0 = one\n/a/y 4755 3000000:0 == /a/x\n/a/z -> ../{long}\n/{long} = 1\n/{deep} = 2\n/b -> {long}{long}"
        );
        let below = format!("/gone = 1\n/o/hidden = 2\n/{long}");
        let upper = "/gone !\n/o/ !\n/o/\n/o/new = 3";
        let spool = spool();
        let (stack, _) = written(&[&below.replace(&format!("\n/{long}"), ""), &layer, upper], &spool);
        let expected = text::stack(&[&below.replace(&format!("\n/{long}"), ""), &layer, upper]).unwrap();
        let sized = |text: String| {
            let line = |line: &str| match line.split_once(" = ") {
                Some((start, content)) => format!("{start} {} bytes\n", content.len()),
                None => format!("{line}\n"),
            };
            text.lines().map(line).collect::<String>()
        };
        assert_eq!(text::dump(&stack.merge()), sized(text::dump(&expected.merge())));
    }

    #[test]
    fn an_unchanged_layer_is_copied_to_the_byte() {
        let spool = spool();
        let (stack, archives) = written(&["/a/x = one\n/a/y == /a/x\n/l -> a"], &spool);
        assert_eq!(again(&archives[0], &stack.layers[0], 0, &spool).0.diff_id, archives[0].diff_id);
    }

    #[test]
    fn what_changes_is_made_anew_in_its_old_place() {
        let spool = spool();
        let (stack, archives) = written(&["/a = 1\n/b = 2\n/c = 3"], &spool);
        let mut delta = Delta::new();
        delta.put(0, ImagePath::literal("/a"), Node::file(*b"new"));
        delta.put(0, ImagePath::literal("/aa"), Node::file(*b"more"));
        delta.drop_entry(0, ImagePath::literal("/b"));
        let (_, bytes) = again(&archives[0], &delta.apply(&stack).layers[0], 0, &spool);
        let mut reader = tar::Archive::new(&bytes[..]);
        let names: Vec<_> =
            reader.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect();
        assert_eq!(names, ["a", "c", "aa"]);
    }

    #[test]
    fn a_replaced_hard_link_target_leaves_its_other_names_one_file() {
        let spool = spool();
        let (stack, archives) = written(&["/a = old\n/b == /a\n/c == /a"], &spool);
        let mut delta = Delta::new();
        delta.put(0, ImagePath::literal("/a"), Node::file(*b"new"));
        let (after, _) = again(&archives[0], &delta.apply(&stack).layers[0], 0, &spool);
        let text = text::dump(&Stack { layers: vec![after.layer.clone()] }.merge());
        assert!(text.ends_with("/a 0644 0:0 3 bytes\n/b 0644 0:0 3 bytes\n/c 0644 0:0 == /b\n"), "{text}");
        let file = after.layer.node(&ImagePath::literal("/b")).unwrap().as_file().unwrap();
        let mut content = String::new();
        ContentReader::new(&spool, &file.content).read_to_string(&mut content).unwrap();
        assert_eq!(content, "old");
    }

    #[test]
    fn what_no_node_holds_stays_with_an_entry_that_is_made_anew() {
        let mut builder = tar::Builder::new(Vec::new());
        let records: [(&str, &[u8]); 5] = [
            ("comment", b"kept"),
            ("gname", b"a group"),
            ("mtime", b"5"),
            ("atime", b"6"),
            ("SCHILY.xattr.user.x", b"7"),
        ];
        builder.append_pax_extensions(records).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(3);
        header.set_uid(1);
        header.set_gid(2);
        header.set_username("somebody").unwrap();
        header.set_groupname("group").unwrap();
        builder.append_data(&mut header, "a", &b"old"[..]).unwrap();
        let spool = spool();
        let bytes = builder.into_inner().unwrap();
        let archive = read_layer(Box::new(&bytes[..]), 0, "test", &spool, &Budget::default()).unwrap();
        let said = |node: Node| {
            let mut delta = Delta::new();
            delta.put(0, ImagePath::literal("/a"), node);
            let stack = Stack { layers: vec![archive.layer.clone()] };
            let (_, bytes) = again(&archive, &delta.apply(&stack).layers[0], 0, &spool);
            let (extended, header) = headers(&mut &bytes[..]).unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let pax: Vec<_> =
                extended.pax.iter().map(|(key, value)| format!("{}={}", text(key), text(value))).collect();
            let owners = [header.username_bytes(), header.groupname_bytes()].map(|name| text(name.unwrap()));
            (owners.join(":"), pax.join(" "))
        };
        let node = Node::file(*b"new").with_owner(1, 2);
        assert_eq!(said(node.clone()), ("somebody:group".into(), "comment=kept gname=a group".into()));
        assert_eq!(said(node.with_owner(1, 3)), ("somebody:".into(), "comment=kept".into()));
    }

    #[test]
    fn times_and_attributes_survive() {
        let spool = spool();
        let (stack, archives) = written(&["/a = 1"], &spool);
        for (seconds, nanoseconds) in [(5, 0), (5, 120), (-5, 0), (-5, 250_000_000), (1 << 34, 1)] {
            let mut node = Node::file(*b"1");
            node.mtime = slim::tree::Mtime { seconds, nanoseconds };
            node.xattrs.insert(b"security.capability".to_vec(), vec![1, 0, 0, 2, 0, 0x20]);
            let mut delta = Delta::new();
            delta.put(0, ImagePath::literal("/a"), node.clone());
            let (after, _) = again(&archives[0], &delta.apply(&stack).layers[0], 0, &spool);
            let found = after.layer.node(&ImagePath::literal("/a")).unwrap();
            assert_eq!((found.mtime, &found.xattrs), (node.mtime, &node.xattrs));
        }
    }
}
