//! Where the bytes of a run are: one append-only temporary file that has no name, read at offsets.

use slim::tree::{Content, Contents, ContentsError};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Mutex;

/// Contents up to this size stay in memory: a spool entry and a system call cost more.
const INLINE: usize = 64;

/// Contents of unknown size are collected up to this before the spool is locked for the rest.
const CHUNK: usize = 1 << 20;

/// An append-only file for contents, safe to use from several threads. It disappears with the process, however that ends.
#[derive(Debug)]
pub struct Spool {
    file: File,
    end: Mutex<u64>,
}

impl Spool {
    /// Makes a spool in a directory of the host, by default the system's for temporary files.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn new(directory: Option<&Path>) -> io::Result<Self> {
        let file = match directory {
            Some(directory) => tempfile::tempfile_in(directory)?,
            None => tempfile::tempfile()?,
        };
        Ok(Self { file, end: Mutex::new(0) })
    }

    /// Takes all that a reader gives.
    ///
    /// # Errors
    /// When reading or writing fails.
    pub fn append(&self, reader: &mut dyn Read) -> io::Result<Content> {
        let mut head = Vec::new();
        reader.take(CHUNK as u64).read_to_end(&mut head)?;
        if head.len() <= INLINE {
            return Ok(Content::Inline(head.into()));
        }
        if head.len() < CHUNK {
            let size = head.len() as u64;
            let offset = self.reserve(size)?;
            self.file.write_all_at(&head, offset)?;
            return Ok(Content::Spooled { offset, size });
        }
        // How much more comes is unknown, and a content is one span: others wait.
        let mut end = self.end.lock().map_err(|_| poisoned())?;
        let offset = *end;
        let mut size = 0;
        while !head.is_empty() {
            self.file.write_all_at(&head, offset + size)?;
            size += head.len() as u64;
            head.clear();
            reader.take(CHUNK as u64).read_to_end(&mut head)?;
        }
        *end = offset + size;
        Ok(Content::Spooled { offset, size })
    }

    /// How many bytes the spool holds.
    pub fn len(&self) -> u64 {
        self.end.lock().map_or(0, |end| *end)
    }

    /// Whether nothing is in the file.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn reserve(&self, size: u64) -> io::Result<u64> {
        let mut end = self.end.lock().map_err(|_| poisoned())?;
        let offset = *end;
        *end = offset.checked_add(size).ok_or_else(|| io::Error::other("the spool is full"))?;
        Ok(offset)
    }
}

fn poisoned() -> io::Error {
    io::Error::other("another thread failed while it wrote to the spool")
}

impl Contents for Spool {
    fn read_span(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ContentsError> {
        let size = buffer.len() as u64;
        self.file.read_exact_at(buffer, offset).map_err(|error| ContentsError {
            offset,
            size,
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_of_every_size_come_back_and_small_ones_need_no_file() {
        let spool = Spool::new(None).unwrap();
        for size in [0, 1, INLINE, INLINE + 1, CHUNK - 1, CHUNK, 3 * CHUNK + 7] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let content = spool.append(&mut &bytes[..]).unwrap();
            assert_eq!(content.size(), size as u64);
            assert_eq!(matches!(content, Content::Inline(_)), size <= INLINE);
            assert!(spool.read(&content).unwrap() == bytes, "{size}");
        }
        assert!(spool.read_span(spool.len(), &mut [0]).is_err());
    }

    #[test]
    fn threads_do_not_write_into_each_other() {
        let spool = Spool::new(None).unwrap();
        std::thread::scope(|scope| {
            for fill in 0..8_u8 {
                let spool = &spool;
                scope.spawn(move || {
                    let bytes = vec![fill; 5000 + CHUNK * usize::from(fill % 2)];
                    let content = spool.append(&mut &bytes[..]).unwrap();
                    assert!(spool.read(&content).unwrap() == bytes);
                });
            }
        });
    }
}
