//! A reader that does not let wrong bytes pass, and the copying that every sink does.

use super::{Blob, StoreError};
use crate::event::{Reporter, Task, Unit};
use sha2::Digest as _;
use std::io::{self, Read, Write};

/// Passes a blob's bytes on and fails when they are not the blob's: when they end early, go on too long, or have another digest.
///
/// The digest is compared before the last bytes are handed out, so that a reader who stops exactly at the promised length has
/// had a verified blob too.
pub struct Verified<R> {
    inner: R,
    hash: Hash,
    count: u64,
    blob: Blob,
    name: String,
}

enum Hash {
    Sha256(sha2::Sha256),
    Sha512(Box<sha2::Sha512>),
}

impl<R: Read> Verified<R> {
    /// Wraps a reader of the bytes of `blob`; `name` is the store's for errors.
    pub fn new(inner: R, blob: &Blob, name: impl Into<String>) -> Self {
        let hash = match blob.digest.algorithm() {
            "sha512" => Hash::Sha512(Box::default()),
            _ => Hash::Sha256(sha2::Sha256::new()),
        };
        Self { inner, hash, count: 0, blob: blob.clone(), name: name.into() }
    }

    fn corrupt(&self, expected: String, found: String) -> io::Error {
        let what = format!("blob {}", self.blob.digest);
        io::Error::new(
            io::ErrorKind::InvalidData,
            StoreError::Corrupt { name: self.name.clone(), what, expected, found },
        )
    }

    fn check_hash(&self) -> io::Result<()> {
        let found = match &self.hash {
            Hash::Sha256(hash) => hex::encode(hash.clone().finalize()),
            Hash::Sha512(hash) => hex::encode(hash.clone().finalize()),
        };
        if found == self.blob.digest.hex() {
            return Ok(());
        }
        Err(self.corrupt(self.blob.digest.to_string(), format!("{}:{found}", self.blob.digest.algorithm())))
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        let promised = format!("{} bytes", self.blob.size);
        if count == 0 {
            if self.count < self.blob.size {
                return Err(self.corrupt(promised, format!("only {} bytes", self.count)));
            }
            self.check_hash()?;
            return Ok(0);
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        match &mut self.hash {
            Hash::Sha256(hash) => hash.update(bytes),
            Hash::Sha512(hash) => hash.update(bytes),
        }
        self.count += bytes.len() as u64;
        if self.count > self.blob.size {
            return Err(self.corrupt(promised, "more bytes than that".into()));
        }
        if self.count == self.blob.size {
            self.check_hash()?;
        }
        Ok(count)
    }
}

/// Copies a blob's bytes into `writer`, verifying them, telling of progress and stopping when the caller wants to.
///
/// # Errors
/// When reading fails, when writing fails (`doing` says what was being done), when the bytes are not the blob's, or on cancel.
pub(crate) fn copy_blob(
    name: &str,
    doing: &str,
    blob: &Blob,
    bytes: &mut dyn Read,
    writer: &mut dyn Write,
    reporter: &dyn Reporter,
) -> Result<(), StoreError> {
    let task = Task::start(reporter, format!("{doing} {}", blob.digest.short()), Some(blob.size), Unit::Bytes);
    let mut reader = Verified::new(bytes, blob, name);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        if task.cancelled() {
            return Err(StoreError::Cancelled { name: name.into() });
        }
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(name, &format!("reading blob {}", blob.digest), error)),
        };
        writer.write_all(buffer.get(..count).unwrap_or_default()).map_err(|error| failed(name, doing, error))?;
        task.advance(count as u64);
    }
}

/// Reads all of a small document, at most `limit` bytes.
///
/// # Errors
/// When reading fails or there is more.
pub(crate) fn read_limited(name: &str, what: &str, reader: impl Read, limit: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let count = reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| failed(name, &format!("reading {what}"), error))?;
    if count as u64 > limit {
        return Err(StoreError::Corrupt {
            name: name.into(),
            what: what.into(),
            expected: format!("at most {limit} bytes"),
            found: "more".into(),
        });
    }
    Ok(bytes)
}

/// An I/O error as a store error that says what to do next; a [`StoreError`] inside it comes out as itself.
pub fn failed(name: &str, doing: &str, error: io::Error) -> StoreError {
    let kind = error.kind();
    let error = match error.downcast::<StoreError>() {
        Ok(error) => return error,
        Err(error) => error,
    };
    let next = match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space or choose another destination",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; check who may read and write there, or choose another place"
        }
        _ => "",
    };
    StoreError::Failed {
        name: name.into(),
        doing: doing.into(),
        reason: format!("{error}{next}"),
        retry: matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Digest;

    fn read(bytes: &[u8], promised: &[u8]) -> Result<Vec<u8>, String> {
        let blob = Blob { digest: Digest::of(promised), size: promised.len() as u64, media_type: String::new() };
        let mut out = Vec::new();
        match Verified::new(bytes, &blob, "toy").read_to_end(&mut out) {
            Ok(_) => Ok(out),
            Err(error) => Err(failed("toy", "reading", error).to_string()),
        }
    }

    #[test]
    fn only_the_promised_bytes_pass() {
        assert_eq!(read(b"abc", b"abc").unwrap(), b"abc");
        assert_eq!(read(b"", b"").unwrap(), b"");
        assert!(read(b"ab", b"abc").unwrap_err().contains("expected 3 bytes, found only 2 bytes"));
        assert!(read(b"abcd", b"abc").unwrap_err().contains("more bytes"));
        assert!(read(b"abd", b"abc").unwrap_err().contains("expected sha256:ba7816bf"));
    }

    #[test]
    fn a_reader_that_stops_at_the_promised_length_has_verified_bytes() {
        let blob = Blob { digest: Digest::of(b"abc"), size: 3, media_type: String::new() };
        let mut three = [0; 3];
        assert!(Verified::new(&b"abd"[..], &blob, "toy").read_exact(&mut three).is_err());
        Verified::new(&b"abc"[..], &blob, "toy").read_exact(&mut three).unwrap();
    }

    #[test]
    fn sha512_is_verified_as_well() {
        let digest: Digest = format!("sha512:{}", hex::encode(sha2::Sha512::digest(b"abc"))).parse().unwrap();
        let blob = Blob { digest, size: 3, media_type: String::new() };
        assert!(Verified::new(&b"abc"[..], &blob, "toy").read_to_end(&mut Vec::new()).is_ok());
        assert!(Verified::new(&b"abd"[..], &blob, "toy").read_to_end(&mut Vec::new()).is_err());
    }

    #[test]
    fn a_full_disk_and_a_closed_door_name_the_next_step() {
        let full = failed("oci:/x", "writing", io::ErrorKind::StorageFull.into()).to_string();
        assert!(full.contains("oci:/x: writing failed") && full.contains("free some space"), "{full}");
        assert!(failed("a", "b", io::ErrorKind::PermissionDenied.into()).to_string().contains("choose another place"));
    }
}
