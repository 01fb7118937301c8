//! The append-only store of a run: decompressed layers, unpacked packages. Written once, read on request.
//!
//! Bytes live in unlinked temporary files, one per segment, so that several layers can be written at the same time and nothing is
//! left behind however the process ends. A content's offset carries its segment in the upper bits.

pub use slim::tree::ContentReader;
use slim::tree::{Content, Contents, ContentsError};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

/// Bits of an offset that address bytes within a segment: 16 TiB each.
const SEGMENT_BITS: u32 = 44;

/// Contents up to this size stay in memory: a node of that size costs no more.
const INLINE_LIMIT: usize = 64;

/// How much of a content is read before the shared segment is locked for it.
const READ_AHEAD: u64 = 8 << 20;

/// The run's temporary store.
#[derive(Debug)]
pub struct Spool {
    directory: PathBuf,
    segments: RwLock<Vec<Arc<File>>>,
    shared: Mutex<Option<Segment>>,
}

impl Spool {
    /// A spool whose files are made (and at once unlinked) in this directory.
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf(), segments: RwLock::new(Vec::new()), shared: Mutex::new(None) }
    }

    /// A segment of one's own, to append to without waiting for others.
    ///
    /// # Errors
    /// When no temporary file can be made.
    pub fn segment(&self) -> io::Result<Segment> {
        let file = Arc::new(tempfile::tempfile_in(&self.directory)?);
        let mut segments = self.segments.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if segments.len() >= 1 << (63 - SEGMENT_BITS) {
            return Err(io::Error::other("too many spool segments"));
        }
        segments.push(Arc::clone(&file));
        let base = (segments.len() as u64 - 1) << SEGMENT_BITS;
        Ok(Segment { file, base, length: 0 })
    }

    /// Appends one content. Small ones stay in memory. Several threads may append; all but the tails of large contents are read
    /// (and so decompressed) outside of the lock.
    ///
    /// # Errors
    /// When reading or writing fails.
    pub fn append(&self, reader: &mut dyn Read) -> io::Result<Content> {
        let mut head = Vec::new();
        (&mut *reader).take(INLINE_LIMIT as u64 + 1).read_to_end(&mut head)?;
        if head.len() <= INLINE_LIMIT {
            return Ok(Content::Inline(head.into()));
        }
        (&mut *reader).take(READ_AHEAD).read_to_end(&mut head)?;
        let mut shared = self.shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let segment = match &mut *shared {
            Some(segment) => segment,
            empty => empty.insert(self.segment()?),
        };
        let offset = segment.position();
        let size = io::copy(&mut (&head[..]).chain(reader), segment)?;
        Ok(Content::Spooled { offset, size })
    }
}

impl Contents for Spool {
    fn read_span(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ContentsError> {
        let size = buffer.len() as u64;
        let failed = |reason: String| ContentsError { offset, size, reason };
        let segments = self.segments.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let index = usize::try_from(offset >> SEGMENT_BITS).unwrap_or(usize::MAX);
        let Some(file) = segments.get(index).cloned() else { return Err(failed("no such segment".into())) };
        drop(segments);
        read_exact_at(&file, buffer, offset & ((1 << SEGMENT_BITS) - 1)).map_err(|error| failed(error.to_string()))
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, buffer, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[count..];
        offset += count as u64;
    }
    Ok(())
}

/// One file of the spool, appended to by one writer.
#[derive(Debug)]
pub struct Segment {
    file: Arc<File>,
    base: u64,
    length: u64,
}

impl Segment {
    /// The spool offset of the next byte to be written.
    pub fn position(&self) -> u64 {
        self.base + self.length
    }
}

impl Write for Segment {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = (1_u64 << SEGMENT_BITS) - self.length;
        if bytes.len() as u64 > room {
            return Err(io::Error::other("a spool segment is full (16 TiB)"));
        }
        let count = (&*self.file).write(bytes)?;
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_grow_side_by_side_and_are_read_by_offset() {
        let spool = Spool::new(&std::env::temp_dir());
        let (mut a, mut b) = (spool.segment().unwrap(), spool.segment().unwrap());
        a.write_all(b"first").unwrap();
        let at = b.position();
        b.write_all(b"second").unwrap();
        a.write_all(b" more").unwrap();
        let read = |offset, size| spool.read(&Content::Spooled { offset, size }).map(|bytes| bytes.into_owned());
        assert_eq!(read(0, 10).unwrap(), b"first more");
        assert_eq!(read(at, 6).unwrap(), b"second");
        assert!(read(at, 7).is_err());
        assert!(read(7 << SEGMENT_BITS, 1).is_err());
    }

    #[test]
    fn contents_come_back_whole() {
        let spool = Spool::new(&std::env::temp_dir());
        for size in [0, INLINE_LIMIT, INLINE_LIMIT + 1, 100_000] {
            let bytes: Vec<u8> = (0..size).map(|i| i as u8).collect();
            let content = spool.append(&mut &bytes[..]).unwrap();
            assert_eq!(spool.read(&content).unwrap(), &bytes[..]);
            let mut streamed = Vec::new();
            ContentReader::new(&spool, &content).read_to_end(&mut streamed).unwrap();
            assert_eq!(streamed, bytes);
        }
    }
}
