//! Where images come from and go to. A [`Source`] gives manifests and blobs, a [`Sink`] takes them; both check what they pass on.

pub mod archive;
mod auth;
pub mod docker_archive;
mod files;
pub mod layout;
pub mod open;
pub mod registry;
mod tarball;
mod transport;
pub mod verify;

pub use open::{locate, open_sink, open_source};

use crate::event::Reporter;
use crate::image::Digest;
use crate::image::reference::ReferenceError;
use std::io::Read;

/// What a manifest or index says of some content (OCI image specification, "Descriptors"), as far as moving it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Content address.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
    /// Media type as written.
    pub media_type: String,
}

/// Gives an image.
pub trait Source: Sync {
    /// The manifest or index behind a digest, or (with `None`) behind the name that the source was opened with: media type and
    /// exact bytes, verified against the digest where there is one.
    ///
    /// # Errors
    /// When there is none, it cannot be fetched, or it is not what its digest promises.
    fn manifest(&self, digest: Option<&Digest>) -> Result<(String, Vec<u8>), StoreError>;

    /// A blob's bytes. The reader fails at its end when size or digest are not those of the descriptor; whoever reads
    /// must reach the end before trusting anything.
    ///
    /// # Errors
    /// When the blob is missing or cannot be opened.
    fn blob<'a>(&'a self, blob: &Blob) -> Result<Box<dyn Read + Send + 'a>, StoreError>;

    /// The name for people: `docker://registry.example/app:1`.
    fn name(&self) -> String;

    /// Registry and repository, for a sink of the same registry that can mount blobs instead of uploading them.
    fn repository(&self) -> Option<(String, String)> {
        None
    }
}

/// Takes an image. Nothing that others can see changes before [`Sink::finish`]; dropping an unfinished sink leaves nothing behind.
pub trait Sink {
    /// Whether the blob is already there, or could be put there without sending its bytes (a mount from `from`).
    ///
    /// # Errors
    /// When the destination cannot be asked.
    fn has(&mut self, blob: &Blob, from: Option<(&str, &str)>) -> Result<bool, StoreError>;

    /// Stores a blob; size and digest are verified as the bytes pass.
    ///
    /// # Errors
    /// When reading or writing fails or the bytes are not the blob's.
    fn blob(&mut self, blob: &Blob, bytes: &mut dyn Read, reporter: &dyn Reporter) -> Result<(), StoreError>;

    /// Stores a manifest (config and layers are already there) and makes it visible under the sink's name.
    ///
    /// # Errors
    /// When writing fails; then the name still means what it meant before.
    fn finish(self: Box<Self>, media_type: &str, manifest: &[u8]) -> Result<Digest, StoreError>;

    /// Whether others read OCI manifests only from here, so that a Docker manifest is better rewritten first
    /// ([`crate::image::Rewrite::into_oci`]). A sink itself never changes what it is given.
    fn wants_oci(&self) -> bool {
        false
    }

    /// The name for people.
    fn name(&self) -> String;
}

/// A store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The text names no store or image.
    #[error("{reference:?} is not an image reference: {reason}")]
    Reference {
        /// The text.
        reference: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no such image, manifest or blob.
    #[error("{name}: {what} does not exist")]
    Missing {
        /// The store's name for people.
        name: String,
        /// What was looked for.
        what: String,
    },
    /// Access was refused (401 or 403).
    #[error("{name}: access denied: {reason}")]
    Denied {
        /// The store's name for people.
        name: String,
        /// What the registry said.
        reason: String,
    },
    /// Bytes are not what their descriptor promises.
    #[error("{name}: {what}: expected {expected}, found {found}")]
    Corrupt {
        /// The store's name for people.
        name: String,
        /// Which blob or manifest.
        what: String,
        /// Promised digest or size.
        expected: String,
        /// What arrived.
        found: String,
    },
    /// Something is there, but not an image that slim can read.
    #[error("{name}: not an image: {reason}")]
    NotAnImage {
        /// The store's name for people.
        name: String,
        /// What was found instead.
        reason: String,
    },
    /// The other side or the file system failed.
    #[error("{name}: {doing} failed: {reason}")]
    Failed {
        /// The store's name for people.
        name: String,
        /// What was being done.
        doing: String,
        /// Why it failed.
        reason: String,
        /// Whether trying again may help.
        retry: bool,
    },
    /// The caller asked to stop.
    #[error("{name}: cancelled")]
    Cancelled {
        /// The store's name for people.
        name: String,
    },
}

impl From<ReferenceError> for StoreError {
    fn from(error: ReferenceError) -> Self {
        Self::Reference { reference: error.reference, reason: error.reason }
    }
}
