//! Read-only files by name, wherever they lie: in a folder or in a tar archive. Layouts and archives are read through it.

use super::StoreError;
use super::verify::failed;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file's bytes as they can be read, once.
pub(super) type Bytes<'a> = Box<dyn Read + Send + 'a>;

/// Some files.
pub(super) trait Files: Send + Sync {
    /// A regular file's length and bytes; `None` when there is none of that name. `name` is the store's for errors.
    fn open<'a>(&'a self, name: &str, path: &str) -> Result<Option<(u64, Bytes<'a>)>, StoreError>;
}

/// The files of a folder. Links are followed as long as they stay inside.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens a folder.
    pub(super) fn open(name: &str, path: &Path) -> Result<Self, StoreError> {
        match path.canonicalize() {
            Ok(path) if path.is_dir() => Ok(Self { path }),
            Ok(path) => {
                let reason =
                    format!("{} is a file; an archive is read as oci-archive: or docker-archive:", path.display());
                Err(StoreError::NotAnImage { name: name.into(), reason })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(StoreError::Missing { name: name.into(), what: format!("the folder {}", path.display()) })
            }
            Err(error) => Err(failed(name, "opening the folder", error)),
        }
    }
}

impl Files for Folder {
    fn open<'a>(&'a self, name: &str, path: &str) -> Result<Option<(u64, Bytes<'a>)>, StoreError> {
        let doing = format!("opening {path}");
        let real = match self.path.join(path).canonicalize() {
            Ok(real) => real,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(failed(name, &doing, error)),
        };
        if !real.starts_with(&self.path) {
            return Err(StoreError::Failed {
                name: name.into(),
                doing,
                reason: format!("it is a link that leads out of {}; copy the file there", self.path.display()),
                retry: false,
            });
        }
        let metadata = real.metadata().map_err(|error| failed(name, &doing, error))?;
        // Opening a pipe would wait for a writer.
        if !metadata.is_file() {
            return Ok(None);
        }
        let file = std::fs::File::open(&real).map_err(|error| failed(name, &doing, error))?;
        Ok(Some((metadata.len(), Box::new(file))))
    }
}
