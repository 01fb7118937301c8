//! `oci-archive:` – a tar archive of an OCI image layout; and what writes one, for `docker-archive:` too.

use super::layout::{self, LayoutSource};
use super::tarball::{TarWriter, Tarball};
use super::{Blob, Sink, StoreError};
use crate::event::Reporter;
use crate::image::Digest;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// Opens the image of that tag in an archive of a layout; without a tag, the only one. What is packed is unpacked in `temporary`.
///
/// # Errors
/// When the file is no such archive, or the tag is not there (or needed).
pub fn open(
    file: &Path,
    tag: Option<&str>,
    temporary: &Path,
    reporter: &dyn Reporter,
) -> Result<LayoutSource, StoreError> {
    let name = layout::named("oci-archive", file, tag);
    let files = Tarball::open(&name, file, temporary, reporter)?;
    LayoutSource::over(Box::new(files), name, tag)
}

/// An archive of a layout with one image that is being written: it appears, whole, when finished, and what was there before is replaced.
pub(super) struct Writer {
    tar: TarWriter,
    written: BTreeSet<Digest>,
}

impl Writer {
    /// Begins an archive; `name` is the image's, for messages.
    ///
    /// # Errors
    /// When nothing can be written beside `file`.
    pub(super) fn create(name: &str, file: &Path) -> Result<Self, StoreError> {
        let mut tar = TarWriter::create(name, file)?;
        tar.file("oci-layout", layout::LAYOUT_FILE.as_bytes())?;
        Ok(Self { tar, written: BTreeSet::new() })
    }

    /// Whether a blob is in it.
    pub(super) fn has(&self, blob: &Blob) -> bool {
        self.written.contains(&blob.digest)
    }

    /// Adds a blob, once.
    ///
    /// # Errors
    /// When reading or writing fails or the bytes are not the blob's; then the archive is as it was before.
    pub(super) fn blob(
        &mut self,
        blob: &Blob,
        bytes: &mut dyn Read,
        reporter: &dyn Reporter,
    ) -> Result<(), StoreError> {
        if !self.has(blob) {
            self.tar.blob(&layout::blob_path(&blob.digest), blob, bytes, reporter)?;
            self.written.insert(blob.digest.clone());
        }
        Ok(())
    }

    /// Adds a small file that is no part of a layout.
    ///
    /// # Errors
    /// When writing fails.
    pub(super) fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.tar.file(path, bytes)
    }

    /// Adds the manifest, and the index whose one entry is of it.
    ///
    /// # Errors
    /// When writing fails.
    pub(super) fn manifest(
        &mut self,
        media_type: &str,
        manifest: &[u8],
        tag: Option<&str>,
        annotate: impl FnOnce(&mut Value),
    ) -> Result<Digest, StoreError> {
        let digest = Digest::of(manifest);
        if !self.written.contains(&digest) {
            self.tar.file(&layout::blob_path(&digest), manifest)?;
        }
        let mut index = layout::empty_index();
        layout::put_entry(&mut index, tag, media_type, &digest, manifest.len() as u64);
        annotate(&mut index["manifests"][0]);
        self.tar.file("index.json", index.to_string().as_bytes())?;
        Ok(digest)
    }

    /// Ends the archive and puts it in its place.
    ///
    /// # Errors
    /// When writing fails.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        self.tar.finish()
    }
}

/// Writes an archive of a layout with one image.
pub struct ArchiveSink {
    archive: Writer,
    name: String,
    tag: Option<String>,
}

impl ArchiveSink {
    /// Begins an archive.
    ///
    /// # Errors
    /// When nothing can be written beside `file`.
    pub fn open(file: &Path, tag: Option<&str>) -> Result<Self, StoreError> {
        let name = layout::named("oci-archive", file, tag);
        Ok(Self { archive: Writer::create(&name, file)?, name, tag: tag.map(str::to_owned) })
    }
}

impl Sink for ArchiveSink {
    fn has(&mut self, blob: &Blob, _from: Option<(&str, &str)>) -> Result<bool, StoreError> {
        Ok(self.archive.has(blob))
    }

    fn blob(&mut self, blob: &Blob, bytes: &mut dyn Read, reporter: &dyn Reporter) -> Result<(), StoreError> {
        self.archive.blob(blob, bytes, reporter)
    }

    fn finish(mut self: Box<Self>, media_type: &str, manifest: &[u8]) -> Result<Digest, StoreError> {
        let digest = self.archive.manifest(media_type, manifest, self.tag.as_deref(), |_| ())?;
        self.archive.finish()?;
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
