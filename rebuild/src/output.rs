//! From changed layers to an image in a store.

use crate::event::{Reporter, Task, Unit};
use crate::image::{Compression as Declared, Digest, Rewrite};
use crate::layer::{Composed, Compression, compose};
use crate::opened::{Opened, side_by_side};
use crate::spool::Spool;
use crate::store::{Blob, Sink, Source, StoreError};
use slim::tree::Stack;
use std::io;
use std::path::Path;

/// An image whose changed layers are written to temporary files, ready to be stored.
#[derive(Debug)]
pub struct Output {
    /// One per layer; `None` for a layer that stays as it is.
    pub layers: Vec<Option<Composed>>,
    /// The documents.
    pub documents: crate::image::edit::Rewritten,
    blobs: Vec<Blob>,
}

/// The form in which an image is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Form {
    /// Compression of every layer; `None` keeps each layer's own.
    pub compression: Option<Compression>,
    /// Whether the documents are to be OCI's, whatever the source's are.
    pub oci: bool,
    /// How many packages the image's list of removed packages names, where it was written anew.
    pub listed: Option<usize>,
}

/// What writing needs of this machine.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Layers that are written at a time.
    pub jobs: usize,
    /// Where contents are read.
    pub spool: &'a Spool,
    /// Where the blobs wait to be stored.
    pub directory: &'a Path,
    /// Who hears of it.
    pub reporter: &'a dyn Reporter,
}

impl std::fmt::Debug for Means<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Means").field("jobs", &self.jobs).field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// A layer could not be written.
#[derive(Debug, thiserror::Error)]
#[error("writing layer {layer} to the temporary folder {folder}: {error}")]
pub struct ComposeError {
    /// Place of the layer, 0 at the bottom.
    pub layer: usize,
    /// The folder for temporary files.
    pub folder: String,
    /// What went wrong; often a full disk.
    pub error: io::Error,
}

impl Output {
    /// Composes every layer that differs (or that `form` asks to be compressed otherwise) and rewrites the documents.
    /// A layer in which nothing differs keeps its blob.
    ///
    /// # Errors
    /// When temporary files cannot be written or the caller cancelled.
    pub fn compose(opened: &Opened, after: &Stack, form: Form, means: &Means<'_>) -> Result<Self, ComposeError> {
        let (compression, directory) = (form.compression, means.directory);
        let write = |index: usize| {
            let (archive, layer) = (&opened.archives[index], &after.layers[index]);
            let wanted = compression.unwrap_or(archive.compression);
            if *layer == opened.stack.layers[index] && wanted.same_algorithm(archive.compression) {
                return Ok(None);
            }
            let task =
                Task::start(means.reporter, format!("writing layer {}", index + 1), Some(archive.size), Unit::Bytes);
            let composed = compose(archive, layer, wanted, means.spool, directory, &task);
            composed.map(Some).map_err(|error| ComposeError {
                layer: index,
                folder: directory.display().to_string(),
                error,
            })
        };
        let layers = side_by_side(opened.archives.len(), means.jobs, write)?;
        Ok(Self::document(opened, layers, form))
    }

    fn document(opened: &Opened, layers: Vec<Option<Composed>>, form: Form) -> Self {
        let compression = form.compression;
        let image = &opened.image;
        let mut rewrite = Rewrite::new(image);
        // Docker's own manifests know gzip and plain layers only.
        let oci = form.oci || matches!(compression, Some(Compression::Zstd(_)));
        let family = if oci { crate::image::manifest::OCI_MANIFEST } else { image.media_type.as_str() };
        if oci {
            rewrite.into_oci();
        }
        if let Some(count) = form.listed {
            rewrite.annotate("slim.removed", slim::removed::PLACE).annotate("slim.removed.packages", count.to_string());
        }
        let mut blobs = Vec::with_capacity(layers.len());
        for (index, layer) in layers.iter().enumerate() {
            let old = &image.layers[index];
            let Some(new) = layer else {
                blobs.push(old.blob.clone());
                continue;
            };
            let used = compression.unwrap_or(opened.archives[index].compression);
            let media_type = declared(used).media_type(family);
            let blob = Blob { digest: new.digest.clone(), size: new.size, media_type };
            rewrite.replace_layer(index, blob.clone(), new.diff_id.clone());
            blobs.push(blob);
        }
        Self { documents: rewrite.finish(), layers, blobs }
    }

    /// Bytes of all layer blobs.
    pub fn size(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.size).sum()
    }

    /// The digest that the image will have.
    pub fn digest(&self) -> &Digest {
        &self.documents.digest
    }

    /// The descriptor of each layer, bottom first.
    pub fn blobs(&self) -> &[Blob] {
        &self.blobs
    }

    /// Stores everything: layers, config, and last the manifest. Until then nobody sees anything.
    ///
    /// # Errors
    /// When the source of an unchanged layer or the sink fails.
    pub fn store(
        &mut self,
        source: &dyn Source,
        mut sink: Box<dyn Sink + '_>,
        reporter: &dyn Reporter,
    ) -> Result<Digest, StoreError> {
        let repository = source.repository();
        let from = repository.as_ref().map(|(host, name)| (host.as_str(), name.as_str()));
        for (blob, composed) in self.blobs.iter().zip(&mut self.layers) {
            let from = if composed.is_none() { from } else { None };
            if sink.has(blob, from)? {
                continue;
            }
            match composed {
                Some(composed) => sink.blob(blob, &mut composed.file, reporter)?,
                None => sink.blob(blob, &mut source.blob(blob)?, reporter)?,
            }
        }
        if !sink.has(&self.documents.config, None)? {
            sink.blob(&self.documents.config, &mut &self.documents.config_bytes[..], reporter)?;
        }
        sink.finish(&self.documents.media_type, &self.documents.manifest_bytes)
    }
}

fn declared(compression: Compression) -> Declared {
    match compression {
        Compression::None => Declared::None,
        Compression::Gzip(_) => Declared::Gzip,
        Compression::Zstd(_) => Declared::Zstd,
    }
}
