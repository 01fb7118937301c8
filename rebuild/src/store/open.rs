//! From what the user typed to a store that is open.

use super::archive::{self, ArchiveSink};
use super::docker_archive::{DockerArchive, DockerArchiveSink};
use super::files::Files as _;
use super::layout::{LayoutSink, LayoutSource};
use super::tarball::Tarball;
use super::{Sink, Source, StoreError};
use crate::event::{Reporter, Silent};
use crate::image::{Location, Reference};
use std::path::Path;

/// Reads what the user typed. A text without transport that is the path of a layout or an archive on this machine means that;
/// everything else is parsed as [`Location`]. To look into a packed archive takes room in the folder `temporary`.
///
/// # Errors
/// When the text is neither.
pub fn locate(text: &str, temporary: &Path) -> Result<Location, StoreError> {
    let path = Path::new(text);
    let looks_like_path = text.starts_with(['/', '.']);
    if path.is_dir() && (looks_like_path || path.join("oci-layout").is_file()) {
        return Ok(Location::Layout { dir: path.into(), tag: None });
    }
    if path.is_file() {
        match archive_kind(text, path, temporary) {
            // A file may happen to be called like an image in a registry.
            Err(StoreError::NotAnImage { .. }) if !looks_like_path && !text.contains(".tar") => {}
            other => return other,
        }
    }
    if looks_like_path {
        return Err(StoreError::Missing { name: text.into(), what: "the file or folder".into() });
    }
    Ok(text.parse::<Location>()?)
}

fn archive_kind(text: &str, path: &Path, temporary: &Path) -> Result<Location, StoreError> {
    let files = Tarball::open(text, path, temporary, &Silent)?;
    // What Docker 25 and later save is both; the list of names is in manifest.json.
    if files.open(text, "manifest.json")?.is_some() {
        return Ok(Location::DockerArchive { file: path.into(), name: None });
    }
    if files.open(text, "oci-layout")?.is_some() {
        return Ok(Location::OciArchive { file: path.into(), tag: None });
    }
    let reason = "the file is neither an archive of docker save nor one of an OCI layout".into();
    Err(StoreError::NotAnImage { name: text.into(), reason })
}

/// Opens an image for reading. Registries are opened by `registry`, which knows credentials and mirrors; packed archives are unpacked in
/// the folder `temporary`, until `reporter` is cancelled.
///
/// # Errors
/// When it is not there or cannot be read.
pub fn open_source<'a>(
    location: &Location,
    temporary: &Path,
    reporter: &dyn Reporter,
    registry: impl FnOnce(&Reference) -> Result<Box<dyn Source + 'a>, StoreError>,
) -> Result<Box<dyn Source + 'a>, StoreError> {
    Ok(match location {
        Location::Registry(reference) => registry(reference)?,
        Location::Layout { dir, tag } => Box::new(LayoutSource::open(dir, tag.as_deref())?),
        Location::OciArchive { file, tag } => Box::new(archive::open(file, tag.as_deref(), temporary, reporter)?),
        Location::DockerArchive { file, name } => {
            Box::new(DockerArchive::open(file, name.as_deref(), temporary, reporter)?)
        }
    })
}

/// Opens a place for writing. Registries are opened by `registry`.
///
/// # Errors
/// When nothing can be written there.
pub fn open_sink<'a>(
    location: &Location,
    registry: impl FnOnce(&Reference) -> Result<Box<dyn Sink + 'a>, StoreError>,
) -> Result<Box<dyn Sink + 'a>, StoreError> {
    Ok(match location {
        Location::Registry(reference) => registry(reference)?,
        Location::Layout { dir, tag } => Box::new(LayoutSink::open(dir, tag.as_deref())?),
        Location::OciArchive { file, tag } => Box::new(ArchiveSink::open(file, tag.as_deref())?),
        Location::DockerArchive { file, name } => Box::new(DockerArchiveSink::open(file, name.as_deref())?),
    })
}
