//! Files that get their names when they are complete.

use std::io;
use std::path::Path;
use tempfile::NamedTempFile;

/// Gives a complete file its name. Temporary files are private to their owner; what is published is as readable as any other file.
///
/// # Errors
/// When the mode cannot be set or the name cannot be given; the temporary file is gone then.
pub fn publish(file: NamedTempFile, path: &Path) -> io::Result<()> {
    readable(&file)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(unix)]
fn readable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &NamedTempFile) -> io::Result<()> {
    Ok(())
}
