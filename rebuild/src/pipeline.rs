//! The whole of a rebuild, in order: open, decide, update, prune, check, write.

use crate::event::Reporter;
use crate::image::{Location, Platform};
use crate::request::{Request, Services};
use slim::diff::Difference;
use slim::report::{Explanation, Inspection, Report};

/// Why a rebuild (or a question about an image) failed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The image could not be read.
    #[error(transparent)]
    Open(#[from] crate::opened::OpenError),
}

/// Rebuilds an image. When this fails, the destination is as it was.
///
/// # Errors
/// See [`RebuildError`].
pub fn rebuild(_request: &Request, _services: &Services, _reporter: &dyn Reporter) -> Result<Report, RebuildError> {
    Err(unready())
}

/// Describes an image; with `updates`, also what is upgradable.
///
/// # Errors
/// See [`RebuildError`].
pub fn inspect(
    _source: &Location,
    _platform: Option<&Platform>,
    _updates: bool,
    _services: &Services,
    _reporter: &dyn Reporter,
) -> Result<Inspection, RebuildError> {
    Err(unready())
}

/// Explains why a package or a path stays or goes. `request` carries source, keeps, roots and profile.
///
/// # Errors
/// See [`RebuildError`].
pub fn why(
    _request: &Request,
    _target: &str,
    _services: &Services,
    _reporter: &dyn Reporter,
) -> Result<Explanation, RebuildError> {
    Err(unready())
}

/// Compares two images.
///
/// # Errors
/// See [`RebuildError`].
pub fn diff(
    _before: &Location,
    _after: &Location,
    _platform: Option<&Platform>,
    _services: &Services,
    _reporter: &dyn Reporter,
) -> Result<Difference, RebuildError> {
    Err(unready())
}

fn unready() -> RebuildError {
    let (name, what) = ("pipeline".into(), "this step".into());
    RebuildError::Open(crate::opened::OpenError::Store(crate::store::StoreError::Missing { name, what }))
}
