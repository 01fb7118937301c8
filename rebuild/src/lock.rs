//! The lock of an update: which packages of which archives it used, so that it can be made again to the same digest.
//!
//! A lock is written from verified archives; whoever replays it trusts its hashes instead of the archives' signatures, so it belongs where
//! the sources of an image belong. What it does not hold are the options: replay it with those that it was made with.

use crate::archives::Used;
use crate::archives::release::is_sha256;
use crate::image::Digest;
use crate::publish::publish;
use serde::{Deserialize, Serialize};
use slim::packages::dpkg::Version;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The form of lock files that this version reads and writes.
const FORM: u32 = 1;
/// Largest lock file that is read, in bytes; the lock of a thousand packages has half a megabyte.
const LIMIT: u64 = 64 << 20;

/// What an update was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Form of the file.
    pub lock: u32,
    /// Version of slim that wrote it.
    pub slim: String,
    /// Digest of the manifest of the image that was read.
    pub source: Digest,
    /// Digest of the manifest that was made; `None` after a dry run.
    pub result: Option<Digest>,
    /// The archives' signed releases and the indexes that were read.
    pub suites: Vec<Used>,
    /// The packages, by name, architecture and version.
    pub packages: Vec<Locked>,
    /// Packages with a newer version that was not taken.
    pub kept_back: Vec<LockedBack>,
}

/// A package that was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Name.
    pub name: String,
    /// Architecture, or `all`.
    pub architecture: String,
    /// Version.
    pub version: String,
    /// The version that it replaces in the finished image, empty when it is installed anew; `None` when only a lower layer needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Of a package that is installed anew: the packages that need it, as `name:architecture`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed_by: Vec<String>,
    /// Base address of the archive, without credentials.
    pub archive: String,
    /// Suite, as the source names it.
    pub suite: String,
    /// Path below the base address.
    pub filename: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// A package that stayed at its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedBack {
    /// Name.
    pub name: String,
    /// Architecture, as installed.
    pub architecture: String,
    /// The version that is installed.
    pub installed: String,
    /// The version that was not taken.
    pub candidate: String,
    /// Why.
    pub reason: String,
}

/// A lock cannot be read, written or replayed.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file cannot be read or written.
    #[error("the lock {file}: {error}")]
    File {
        /// The file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// The image was stored, and then its lock could not be written.
    #[error("the image is stored, and its lock {file} could not be written: {error}")]
    Unwritten {
        /// The file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no lock.
    #[error("the lock {file}: {problem}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The lock is for another image.
    #[error("the lock is for the image {expected}, and {image} is {found}")]
    OtherImage {
        /// The image.
        image: String,
        /// Digest in the lock.
        expected: Digest,
        /// The image's digest.
        found: Digest,
    },
    /// A package of the lock cannot replace what is installed.
    #[error("the lock upgrades {package} from {expected}; installed is {found}")]
    OtherVersion {
        /// `name:architecture`.
        package: String,
        /// In the lock.
        expected: String,
        /// In the image.
        found: String,
    },
    /// A package of the lock cannot be installed by this version of slim.
    #[error("the lock cannot be replayed: {0}")]
    Refused(crate::engine::native::Refused),
    /// The result is not the one that the lock promises.
    #[error("the result is {found}; the lock, written by slim {slim}, promises {expected}")]
    OtherResult {
        /// In the lock.
        expected: Digest,
        /// What was made.
        found: Digest,
        /// The version that wrote the lock.
        slim: String,
    },
}

impl Lock {
    /// A lock of this version, with its lists in order.
    pub fn new(source: Digest, suites: Vec<Used>, mut packages: Vec<Locked>, kept_back: Vec<LockedBack>) -> Self {
        packages.sort();
        packages.dedup();
        let slim = env!("CARGO_PKG_VERSION").into();
        Self { lock: FORM, slim, source, result: None, suites, packages, kept_back }
    }

    /// Reads a lock file.
    ///
    /// # Errors
    /// [`LockError::File`] and [`LockError::Malformed`].
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let file = || path.display().to_string();
        let mut text = Vec::new();
        std::fs::File::open(path)
            .and_then(|opened| opened.take(LIMIT).read_to_end(&mut text))
            .map_err(|error| LockError::File { file: file(), error })?;
        let malformed = |problem: String| LockError::Malformed { file: file(), problem };
        let lock: Self = serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
        lock.check().map_err(malformed)?;
        Ok(lock)
    }

    /// What serde does not check.
    fn check(&self) -> Result<(), String> {
        if self.lock != FORM {
            return Err(format!("its form is {}; this version of slim reads {FORM}", self.lock));
        }
        for package in &self.packages {
            let wrong = |what: &str| Err(format!("package {} {}: {what}", package.name, package.version));
            if Version::new(&package.version).is_err() {
                return wrong("the version is none");
            }
            if !is_sha256(&package.sha256) {
                return wrong("sha256 is not a SHA-256");
            }
            if !(package.archive.starts_with("http://") || package.archive.starts_with("https://")) {
                return wrong("the archive is not an http address");
            }
            if !crate::archives::index::is_filename(&package.filename) {
                return wrong("the filename leads out of the archive");
            }
        }
        Ok(())
    }

    /// Whether the result is what the lock promises.
    ///
    /// # Errors
    /// [`LockError::OtherResult`].
    pub fn promises(&self, found: &Digest) -> Result<(), LockError> {
        match &self.result {
            Some(expected) if expected != found => Err(LockError::OtherResult {
                expected: expected.clone(),
                found: found.clone(),
                slim: self.slim.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl LockError {
    /// The same error where the image has been stored before.
    pub(crate) fn of_stored(self) -> Self {
        match self {
            Self::File { file, error } => Self::Unwritten { file, error },
            other => other,
        }
    }
}

/// A lock that will be written. Its file is made before the work, so that no image is stored whose lock has no place, and gets its name
/// when it is complete.
#[derive(Debug)]
pub struct LockFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl LockFile {
    /// Makes sure that it can be written.
    ///
    /// # Errors
    /// [`LockError::File`].
    pub fn create(path: &Path) -> Result<Self, LockError> {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let created = match path.metadata() {
            Ok(found) if !found.is_file() => Err(std::io::Error::other("it is no file")),
            _ => tempfile::Builder::new().prefix(".slim-lock-").tempfile_in(folder),
        };
        match created {
            Ok(file) => Ok(Self { file, path: path.into() }),
            Err(error) => Err(LockError::File { file: path.display().to_string(), error }),
        }
    }

    /// Writes the lock.
    ///
    /// # Errors
    /// [`LockError::File`].
    pub fn write(self, lock: &Lock) -> Result<(), LockError> {
        let Self { mut file, path } = self;
        let write = || {
            let mut text = serde_json::to_vec_pretty(lock)?;
            text.push(b'\n');
            file.write_all(&text)?;
            publish(file, &path)
        };
        write().map_err(|error| LockError::File { file: path.display().to_string(), error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> Lock {
        let package = Locked {
            name: "a".into(),
            architecture: "all".into(),
            version: "2".into(),
            from: Some("1".into()),
            needed_by: Vec::new(),
            archive: "http://a.example/debian".into(),
            suite: "stable".into(),
            filename: "pool/a.deb".into(),
            size: 5,
            sha256: "0".repeat(64),
        };
        Lock::new(Digest::of(b"image"), Vec::new(), vec![package.clone(), package], Vec::new())
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock.json");
        let lock = lock();
        assert_eq!(lock.packages.len(), 1);
        LockFile::create(&path).unwrap().write(&lock).unwrap();
        assert_eq!(Lock::read(&path).unwrap(), lock);
    }

    #[test]
    fn a_lock_that_has_no_place_is_refused_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("none/lock.json"), folder.path().into()] {
            assert!(matches!(LockFile::create(&path), Err(LockError::File { .. })), "{}", path.display());
        }
        let path = folder.path().join("lock.json");
        let lost = LockFile::create(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let error = lost.write(&lock()).unwrap_err().of_stored();
        assert!(error.to_string().starts_with("the image is stored, and its lock "), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing temporary stays");
    }

    #[test]
    fn a_damaged_lock_says_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock.json");
        let text = serde_json::to_string(&lock()).unwrap();
        for (from, to, expected) in [
            ("\"lock\":1", "\"lock\":9", "its form is 9; this version of slim reads 1"),
            ("\"version\":\"2\"", "\"version\":\"\"", "package a : the version is none"),
            ("0000\"", "000x\"", "package a 2: sha256 is not a SHA-256"),
            ("http://", "file://", "package a 2: the archive is not an http address"),
            ("pool/a.deb", "../a.deb", "package a 2: the filename leads out of the archive"),
            ("\"size\":5", "\"size\":5,\"more\":1", "unknown field `more`"),
        ] {
            assert!(text.contains(from), "{from}");
            std::fs::write(&path, text.replace(from, to)).unwrap();
            let error = Lock::read(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn another_result_is_not_accepted() {
        let (made, other) = (Digest::of(b"made"), Digest::of(b"other"));
        let lock = Lock { result: Some(made.clone()), ..lock() };
        assert!(lock.promises(&made).is_ok());
        assert!(matches!(lock.promises(&other), Err(LockError::OtherResult { .. })));
    }
}
