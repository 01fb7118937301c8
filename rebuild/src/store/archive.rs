//! `oci-archive:` – a tar archive of an OCI image layout.

use super::layout::{self, LayoutSource};
use super::tarball::{TarWriter, Tarball};
use super::{Blob, Sink, StoreError};
use crate::event::Reporter;
use crate::image::Digest;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// Opens the image of that tag in an archive of a layout; without a tag, the only one.
///
/// # Errors
/// When the file is no such archive, or the tag is not there (or needed).
pub fn open(file: &Path, tag: Option<&str>) -> Result<LayoutSource, StoreError> {
    let name = layout::named("oci-archive", file, tag);
    let files = Tarball::open(&name, file)?;
    LayoutSource::over(Box::new(files), name, tag)
}

/// Writes an archive of a layout with one image. It appears, whole, when finished; what was there before is replaced.
pub struct ArchiveSink {
    tar: TarWriter,
    name: String,
    tag: Option<String>,
    written: BTreeSet<Digest>,
}

impl ArchiveSink {
    /// Begins an archive.
    ///
    /// # Errors
    /// When nothing can be written beside `file`.
    pub fn open(file: &Path, tag: Option<&str>) -> Result<Self, StoreError> {
        let name = layout::named("oci-archive", file, tag);
        let mut tar = TarWriter::create(&name, file)?;
        tar.file("oci-layout", layout::LAYOUT_FILE.as_bytes())?;
        Ok(Self { tar, name, tag: tag.map(str::to_owned), written: BTreeSet::new() })
    }
}

impl Sink for ArchiveSink {
    fn has(&mut self, blob: &Blob, _from: Option<(&str, &str)>) -> Result<bool, StoreError> {
        Ok(self.written.contains(&blob.digest))
    }

    fn blob(&mut self, blob: &Blob, bytes: &mut dyn Read, reporter: &dyn Reporter) -> Result<(), StoreError> {
        if !self.written.contains(&blob.digest) {
            self.tar.blob(&layout::blob_path(&blob.digest), blob, bytes, reporter)?;
            self.written.insert(blob.digest.clone());
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, media_type: &str, manifest: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(manifest);
        if !self.written.contains(&digest) {
            self.tar.file(&layout::blob_path(&digest), manifest)?;
        }
        let mut index = layout::empty_index();
        layout::put_entry(&mut index, self.tag.as_deref(), media_type, &digest, manifest.len() as u64);
        self.tar.file("index.json", index.to_string().as_bytes())?;
        self.tar.finish()?;
        Ok(digest)
    }

    /// skopeo and umoci find no image where a layout's index names a Docker manifest.
    fn wants_oci(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
