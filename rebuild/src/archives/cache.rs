//! What was fetched once need not be fetched again: packages and indexes by their hash, release texts by their address.
//!
//! Files appear by renaming, so several runs can share a folder; what is read back is verified.

use crate::image::digest::Hashing;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempDir};

/// Changing how indexes are reduced is a new format: the old files are then left alone.
const INDEX_FORMAT: &str = "index-2";

/// A folder of fetched things.
#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
    /// Removed with the cache when the caller gave no folder.
    _temporary: Option<TempDir>,
}

/// What is kept of a release text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Remembered {
    /// Of which suite, for people.
    pub url: String,
    /// Newest verified `Date`, seconds since 1970.
    pub date: Option<i64>,
    /// For conditional requests.
    pub etag: Option<String>,
    /// For conditional requests.
    pub last_modified: Option<String>,
    /// The text itself.
    pub text: String,
}

impl Cache {
    /// Opens (and makes) a folder; without one, a folder in `temporary` (else the system's) that goes away with the cache.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: Option<&Path>, temporary: Option<&Path>) -> io::Result<Self> {
        let made = || temporary.map_or_else(tempfile::tempdir, tempfile::tempdir_in);
        let temporary = if folder.is_none() { Some(made()?) } else { None };
        let root = folder.or(temporary.as_ref().map(TempDir::path)).unwrap_or(Path::new(".")).to_path_buf();
        for name in ["packages", "release", INDEX_FORMAT, "partial"] {
            fs::create_dir_all(root.join(name))?;
        }
        Ok(Self { root, _temporary: temporary })
    }

    /// A new file that becomes part of the cache by [`Cache::keep_package`].
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn partial(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(self.root.join("partial"))
    }

    /// A package by its hash, if it is here and whole.
    ///
    /// # Errors
    /// When it is here and cannot be read.
    pub fn package(&self, sha256: &str, size: u64) -> io::Result<Option<PathBuf>> {
        let path = self.root.join("packages").join(sha256);
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut hashing = Hashing::new(io::sink());
        io::copy(&mut file, &mut hashing)?;
        let (digest, found, _) = hashing.finish();
        if found == size && digest.hex() == sha256 {
            return Ok(Some(path));
        }
        fs::remove_file(&path)?;
        Ok(None)
    }

    /// Takes a verified file in.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn keep_package(&self, file: NamedTempFile, sha256: &str) -> io::Result<PathBuf> {
        let path = self.root.join("packages").join(sha256);
        file.persist(&path)?;
        Ok(path)
    }

    /// A reduced index by the hash of the index it was made from.
    ///
    /// # Errors
    /// When it is here and cannot be read.
    pub fn index(&self, sha256: &str) -> io::Result<Option<Vec<u8>>> {
        let path = self.root.join(INDEX_FORMAT).join(sha256);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        // The hash of the reduced text stands at its end, so that a torn or rotten file is noticed.
        let (text, hash) = bytes.split_at(bytes.len().saturating_sub(64));
        if crate::image::Digest::of(text).hex().as_bytes() == hash {
            let length = text.len();
            let mut bytes = bytes;
            bytes.truncate(length);
            return Ok(Some(bytes));
        }
        fs::remove_file(&path)?;
        Ok(None)
    }

    /// Keeps a reduced index.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_index(&self, sha256: &str, text: &[u8]) -> io::Result<()> {
        let hash = crate::image::Digest::of(text);
        self.write(&self.root.join(INDEX_FORMAT).join(sha256), &[text, hash.hex().as_bytes()])
    }

    /// What is known of the release text at an address. Something unreadable is nothing known.
    pub fn remembered(&self, url: &str) -> Option<Remembered> {
        let text = fs::read(self.release(url)).ok()?;
        serde_json::from_slice(&text).ok().filter(|known: &Remembered| known.url == url)
    }

    /// Remembers a verified release text.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, known: &Remembered) -> io::Result<()> {
        self.write(&self.release(&known.url), &[&serde_json::to_vec(known)?])
    }

    fn release(&self, url: &str) -> PathBuf {
        self.root.join("release").join(crate::image::Digest::of(url.as_bytes()).hex())
    }

    fn write(&self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
        let mut file = self.partial()?;
        for part in parts {
            file.write_all(part)?;
        }
        file.persist(path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Digest;

    #[test]
    fn what_is_read_back_is_verified() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(Some(folder.path()), None).unwrap();
        let digest = Digest::of(b"deb");
        assert_eq!(cache.package(digest.hex(), 3).unwrap(), None);
        let mut file = cache.partial().unwrap();
        file.write_all(b"deb").unwrap();
        let path = cache.keep_package(file, digest.hex()).unwrap();
        assert_eq!(cache.package(digest.hex(), 3).unwrap().as_ref(), Some(&path));
        fs::write(&path, "dab").unwrap();
        assert_eq!(cache.package(digest.hex(), 3).unwrap(), None);
        assert!(!path.exists(), "rot is cleared away");

        cache.keep_index("aa", b"Package: a\n").unwrap();
        assert_eq!(cache.index("aa").unwrap().unwrap(), b"Package: a\n");
        fs::write(folder.path().join(INDEX_FORMAT).join("aa"), "Package: b\n").unwrap();
        assert_eq!(cache.index("aa").unwrap(), None);
    }

    #[test]
    fn what_is_not_kept_goes_where_temporary_files_go() {
        let folder = tempfile::tempdir().unwrap();
        let files = || fs::read_dir(folder.path()).unwrap().count();
        let cache = Cache::open(None, Some(folder.path())).unwrap();
        assert_eq!(files(), 1);
        drop(cache);
        assert_eq!(files(), 0);
    }

    #[test]
    fn release_texts_are_remembered_by_address() {
        let cache = Cache::open(None, None).unwrap();
        let known = Remembered { url: "http://a.example/dists/x".into(), date: Some(5), ..Remembered::default() };
        cache.remember(&known).unwrap();
        assert_eq!(cache.remembered("http://a.example/dists/x"), Some(known));
        assert_eq!(cache.remembered("http://a.example/dists/y"), None);
    }
}
