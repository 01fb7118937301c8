//! A source that keeps what was fetched: a registry's blob is needed twice when it is read now and stored elsewhere later.

use super::{Blob, Source, StoreError};
use crate::image::Digest;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Mutex;

/// Passes another source on and keeps each blob that was read to its (verified) end in an unlinked temporary file.
pub struct Kept<'s> {
    source: Box<dyn Source + 's>,
    directory: PathBuf,
    blobs: Mutex<BTreeMap<Digest, File>>,
}

impl<'s> Kept<'s> {
    /// Keeps the blobs of a source in files of this directory.
    pub fn new(source: Box<dyn Source + 's>, directory: PathBuf) -> Self {
        Self { source, directory, blobs: Mutex::new(BTreeMap::new()) }
    }

    fn failed(&self, doing: &str, error: &io::Error) -> StoreError {
        let (name, reason) = (self.source.name(), error.to_string());
        StoreError::Failed { name, doing: doing.into(), reason, retry: false }
    }
}

impl std::fmt::Debug for Kept<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("source", &self.source.name()).finish_non_exhaustive()
    }
}

impl Source for Kept<'_> {
    fn manifest(&self, digest: Option<&Digest>) -> Result<(String, Vec<u8>), StoreError> {
        self.source.manifest(digest)
    }

    fn blob<'a>(&'a self, blob: &Blob) -> Result<Box<dyn Read + Send + 'a>, StoreError> {
        let kept = self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&blob.digest);
        if let Some(mut file) = kept {
            file.rewind().map_err(|error| self.failed("reading a kept blob", &error))?;
            return Ok(Box::new(Keeping {
                inner: Box::new(io::empty()),
                file: Some(file),
                replay: true,
                digest: blob.digest.clone(),
                kept: self,
            }));
        }
        let file =
            tempfile::tempfile_in(&self.directory).map_err(|error| self.failed("making a temporary file", &error))?;
        let inner = self.source.blob(blob)?;
        Ok(Box::new(Keeping { inner, file: Some(file), replay: false, digest: blob.digest.clone(), kept: self }))
    }

    fn name(&self) -> String {
        self.source.name()
    }

    fn repository(&self) -> Option<(String, String)> {
        self.source.repository()
    }
}

/// Reads a blob and keeps it, or reads it from where it was kept; in both cases it is there again after the end.
struct Keeping<'a> {
    inner: Box<dyn Read + Send + 'a>,
    file: Option<File>,
    replay: bool,
    digest: Digest,
    kept: &'a Kept<'a>,
}

impl Read for Keeping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(file) = &mut self.file else { return Ok(0) };
        let count = if self.replay {
            file.read(buffer)?
        } else {
            let count = self.inner.read(buffer)?;
            file.write_all(&buffer[..count])?;
            count
        };
        if count == 0
            && !buffer.is_empty()
            && let Some(file) = self.file.take()
        {
            let mut blobs = self.kept.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            blobs.insert(self.digest.clone(), file);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Once(AtomicUsize);

    impl Source for Once {
        fn manifest(&self, _: Option<&Digest>) -> Result<(String, Vec<u8>), StoreError> {
            Ok((String::new(), Vec::new()))
        }

        fn blob<'a>(&'a self, _: &Blob) -> Result<Box<dyn Read + Send + 'a>, StoreError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(&b"bytes"[..]))
        }

        fn name(&self) -> String {
            "once".into()
        }
    }

    #[test]
    fn a_blob_is_fetched_once_and_read_often() {
        let kept = Kept::new(Box::new(Once(AtomicUsize::new(0))), std::env::temp_dir());
        let blob = Blob { digest: Digest::of(b"bytes"), size: 5, media_type: String::new() };
        // Reading only a part keeps nothing.
        kept.blob(&blob).unwrap().read_exact(&mut [0; 2]).unwrap();
        for _ in 0..3 {
            let mut text = String::new();
            kept.blob(&blob).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "bytes");
        }
        assert_eq!(kept.source.name(), "once");
        assert!(kept.blobs.lock().unwrap().contains_key(&blob.digest));
    }
}
