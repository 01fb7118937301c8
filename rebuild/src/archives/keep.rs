//! A folder that receives what was fetched and verified, laid out as [`super::transport::Folder`] reads it.

use super::index::Candidate;
use super::{Archive, ArchiveError};
use crate::event::Reporter;
use crate::image::digest::Hashing;
use crate::publish::publish;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Such a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep<'a>(pub(super) &'a Path);

impl Keep<'_> {
    /// Where the file of an address is kept.
    fn place(self, url: &str) -> Result<PathBuf, ArchiveError> {
        let corrupt = || ArchiveError::Corrupt {
            url: super::without_secrets(url),
            reason: "the address cannot be kept as HOST/PATH in a folder".into(),
        };
        super::transport::place_of(url).map(|name| self.0.join(name)).ok_or_else(corrupt)
    }

    /// Whether the folder has the file of an address with this hash.
    pub(super) fn has(self, url: &str, sha256: &str) -> bool {
        let found = self.place(url).ok().and_then(|path| File::open(path).ok());
        found.is_some_and(|mut file| {
            let mut hashing = Hashing::new(io::sink());
            io::copy(&mut file, &mut hashing).is_ok() && hashing.finish().0.hex() == sha256
        })
    }

    /// What the folder has of an address, when it has this hash.
    pub(super) fn read(self, url: &str, sha256: &str) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.place(url).ok()?).ok()?;
        (crate::image::Digest::of(&bytes).hex() == sha256).then_some(bytes)
    }

    /// Keeps what was fetched from an address; the file appears when it is complete.
    pub(super) fn take(self, url: &str, bytes: &mut dyn io::Read) -> Result<(), ArchiveError> {
        let path = self.place(url)?;
        let mut write = || -> io::Result<()> {
            let folder = path.parent().unwrap_or(self.0);
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(".slim-fetch-").tempfile_in(folder)?;
            io::copy(bytes, &mut file)?;
            file.flush()?;
            publish(file, &path)
        };
        write().map_err(|error| ArchiveError::Folder { path: path.display().to_string(), reason: error.to_string() })
    }
}

impl Archive {
    /// Fetches packages into a folder, those aside that it has already; says how many came and their bytes.
    ///
    /// # Errors
    /// As [`Archive::fetch`]; also when the folder cannot be written.
    pub fn fetch_into(
        &self,
        folder: &Path,
        candidates: &[Candidate],
        reporter: &dyn Reporter,
    ) -> Result<(usize, u64), ArchiveError> {
        let keep = Keep(folder);
        let url = |candidate: &Candidate| format!("{}/{}", candidate.origin.fetch_base, candidate.filename);
        let missing: Vec<_> = candidates.iter().filter(|c| !keep.has(&url(c), &c.sha256)).cloned().collect();
        let files = self.fetch(&missing, reporter)?;
        for (candidate, file) in missing.iter().zip(files) {
            let mut bytes = File::open(&file).map_err(|error| ArchiveError::cache("reading a package", &error))?;
            keep.take(&url(candidate), &mut bytes)?;
        }
        Ok((missing.len(), missing.iter().map(|candidate| candidate.size).sum()))
    }
}
