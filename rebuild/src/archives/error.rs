//! What can go wrong with archives.

use super::index::StanzaError;
use super::release::ReleaseError;
use super::signature::{KeyringError, SignatureError};
use super::sources::{Refused, SourcesError};
use super::transport::TransportError;

/// An archive cannot be used. No address in it shows a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The image names no archive.
    #[error("the image names no package archives")]
    NoSources,
    /// The image's sources cannot be read.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// A source that slim does not use unless told.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A keyring cannot be read.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Another file of the image cannot be read.
    #[error("{path}: {problem}")]
    Image {
        /// In the image.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// An option makes no sense.
    #[error("option {name}: {problem}")]
    Option {
        /// Which.
        name: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Something could not be fetched.
    #[error("{}{url}: {cause}", .package.as_ref().map(|name| format!("{name}: ")).unwrap_or_default())]
    Fetch {
        /// Its address.
        url: String,
        /// Package and version, when it is a package.
        package: Option<String>,
        /// Why.
        cause: TransportError,
    },
    /// A release text is not trusted.
    #[error("{url}: {cause}")]
    Signature {
        /// Its address.
        url: String,
        /// Why.
        cause: SignatureError,
    },
    /// A release must not be used.
    #[error("{url}: {cause}")]
    Release {
        /// Its address.
        url: String,
        /// Why.
        cause: ReleaseError,
    },
    /// Something that came is not what was promised.
    #[error("{what}: {url}: expected {expected}, found {found}")]
    Altered {
        /// The package and version, or the index.
        what: String,
        /// Its address.
        url: String,
        /// Promised hash or size.
        expected: String,
        /// What came.
        found: String,
    },
    /// Something verified that cannot be read.
    #[error("{url}: {reason}")]
    Corrupt {
        /// Its address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// An index offers a version that is none.
    #[error("{archive}: {cause}")]
    Stanza {
        /// Archive and index.
        archive: String,
        /// What is wrong.
        cause: Box<StanzaError>,
    },
    /// The cache folder failed.
    #[error("the cache: {doing} failed: {reason}")]
    Cache {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        reason: String,
    },
    /// The folder that receives what is fetched failed.
    #[error("{path}: {reason}")]
    Folder {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl ArchiveError {
    pub(super) fn cache(doing: &'static str, error: &std::io::Error) -> Self {
        Self::Cache { doing, reason: error.to_string() }
    }

    /// Whether what was asked for is not there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Fetch { cause, .. } if cause.is_missing())
    }

    /// What the user can do about it, where that is known.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::NoSources => Some("name a source for the image's distro"),
            Self::Refused(_) => Some("allow it, skip refused sources, or give a mirror for its suite"),
            Self::Signature { cause, .. } => match cause {
                SignatureError::ExpiredKey { .. } => Some("give a current keyring of the distro with --keyring"),
                SignatureError::NoKeys { .. } | SignatureError::UnknownKey { .. } => {
                    Some("give the archive's keyring with --keyring")
                }
                SignatureError::Bad { .. } => Some("try again; if it stays, use another mirror"),
                _ => None,
            },
            Self::Release { cause: ReleaseError::Expired { .. } | ReleaseError::Rollback { .. }, .. } => {
                Some("use another mirror, or ignore Valid-Until for snapshots")
            }
            Self::Fetch { package: Some(_), cause: TransportError::Missing, .. } | Self::Altered { .. } => {
                Some("the mirror may be in the middle of an update: try again later, or use another")
            }
            _ => None,
        }
    }
}
