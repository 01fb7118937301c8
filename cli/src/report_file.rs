//! Where `--report` goes. The file is made before the work, so that hours are not lost to a typing mistake, and gets its name after.

use crate::failure::Failure;
use rebuild::publish::publish;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A report that will be written.
#[derive(Debug)]
pub(crate) enum ReportFile {
    /// `-`.
    Output,
    /// A file that gets its name when it is complete.
    File(NamedTempFile, PathBuf),
    /// A pipe or a device, which must not be replaced.
    Stream(File, PathBuf),
}

impl ReportFile {
    /// Makes sure that it can be written.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Output);
        }
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let opened = match path.metadata() {
            Ok(found) if found.is_dir() => Err(io::Error::other("it is a folder")),
            Ok(found) if !found.is_file() => {
                File::options().write(true).open(path).map(|file| Self::Stream(file, path.into()))
            }
            _ if !folder.is_dir() => Err(io::Error::other(format!("the folder {} does not exist", folder.display()))),
            _ => tempfile::Builder::new()
                .prefix(".slim-report-")
                .tempfile_in(folder)
                .map(|file| Self::File(file, path.into())),
        };
        opened.map_err(|error| unwritable(path, &error).hint("nothing was done; name another file"))
    }

    /// Writes a document as JSON.
    pub(crate) fn write(self, report: &impl Serialize) -> Result<(), Failure> {
        self.write_text(&crate::render::json(report))
    }

    /// Writes a text.
    pub(crate) fn write_text(self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Output => crate::render::print(text),
            Self::Stream(mut file, path) => file.write_all(text.as_bytes()).map_err(|error| unwritable(&path, &error)),
            Self::File(mut file, path) => {
                let written = file.write_all(text.as_bytes()).and_then(|()| publish(file, &path));
                written.map_err(|error| unwritable(&path, &error).hint("an image that was to be written was written"))
            }
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(&format!("{} cannot be written: {error}", path.display()))
}
