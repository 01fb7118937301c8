//! Tar archives that hold images: read through an index made by one scan, never unpacked; written straight through.

use super::files::{Bytes, Files};
use super::layout::temporary;
use super::verify::{copy_blob, failed};
use super::{Blob, StoreError};
use crate::event::Reporter;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Most entries of an archive that are indexed.
const ENTRY_LIMIT: usize = 200_000;

/// Most bytes that a compressed archive may grow to: larger than any image, smaller than what a few kilobytes can claim.
const UNPACKED_LIMIT: u64 = 256 << 30;

/// How many bytes of it are unpacked between two looks at whether to go on.
const PIECE: u64 = 16 << 20;

/// How many links are followed from one name.
const LINK_LIMIT: usize = 16;

/// The files in a tar archive. Of several with one name, the last counts, as when unpacking.
pub(super) struct Tarball {
    file: File,
    entries: BTreeMap<String, Entry>,
}

enum Entry {
    File { offset: u64, size: u64 },
    Link(String),
}

impl Tarball {
    /// Scans an archive. A gzip or zstd compressed one is decompressed into a file in the folder `temporary` first, which
    /// can be cancelled.
    ///
    /// # Errors
    /// When the file cannot be read or is no tar archive, or a damaged one.
    pub(super) fn open(name: &str, path: &Path, temporary: &Path, reporter: &dyn Reporter) -> Result<Self, StoreError> {
        let no = |reason: String| StoreError::NotAnImage { name: name.into(), reason };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing { name: name.into(), what: format!("the file {}", path.display()) });
            }
            Err(error) => return Err(failed(name, "opening the archive", error)),
        };
        let metadata = file.metadata().map_err(|error| failed(name, "opening the archive", error))?;
        if !metadata.is_file() {
            return Err(no(format!("{} is no file; a folder is read as oci:", path.display())));
        }
        let mut magic = Vec::new();
        (&file).take(4).read_to_end(&mut magic).map_err(|error| failed(name, "reading the archive", error))?;
        file.rewind().map_err(|error| failed(name, "reading the archive", error))?;
        match compression(&magic) {
            Some(Packed::Gzip) => {
                file = unpack(name, flate2::read::MultiGzDecoder::new(io::BufReader::new(file)), temporary, reporter)?
            }
            Some(Packed::Zstd) => {
                let reader =
                    zstd::Decoder::new(file).map_err(|error| failed(name, "decompressing the archive", error))?;
                file = unpack(name, reader, temporary, reporter)?;
            }
            None => {}
        }
        let length = file.metadata().map_err(|error| failed(name, "reading the archive", error))?.len();
        let entries = scan(&mut file, length).map_err(|reason| no(format!("the archive cannot be read: {reason}")))?;
        if entries.is_empty() {
            return Err(no("the archive is empty or no tar archive".into()));
        }
        Ok(Self { file, entries })
    }

    /// Length and offset of a regular file, links followed inside the archive.
    fn find(&self, path: &str) -> Option<(u64, u64)> {
        let mut path = clean(path)?;
        for _ in 0..LINK_LIMIT {
            match self.entries.get(&path)? {
                Entry::File { offset, size } => return Some((*size, *offset)),
                Entry::Link(target) => path.clone_from(target),
            }
        }
        None
    }
}

impl Files for Tarball {
    fn open<'a>(&'a self, _name: &str, path: &str) -> Result<Option<(u64, Bytes<'a>)>, StoreError> {
        let Some((size, offset)) = self.find(path) else { return Ok(None) };
        Ok(Some((size, Box::new(Part { file: &self.file, offset, left: size }))))
    }
}

/// What a file that begins with these bytes is compressed with.
pub(super) fn compression(magic: &[u8]) -> Option<Packed> {
    match magic {
        [0x1f, 0x8b, ..] => Some(Packed::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packed::Zstd),
        _ => None,
    }
}

/// A compression that is recognised by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packed {
    Gzip,
    Zstd,
}

fn unpack(name: &str, reader: impl Read, temporary: &Path, reporter: &dyn Reporter) -> Result<File, StoreError> {
    let error = |error| failed(name, "decompressing the archive", error);
    let mut file = tempfile::tempfile_in(temporary).map_err(error)?;
    let mut reader = reader.take(UNPACKED_LIMIT);
    // In pieces, so that a cancelled run ends soon.
    while io::copy(&mut (&mut reader).take(PIECE), &mut file).map_err(error)? > 0 {
        if reporter.cancelled() {
            return Err(StoreError::Cancelled { name: name.into() });
        }
    }
    if reader.limit() == 0 {
        let reason = format!("the archive decompresses to more than {UNPACKED_LIMIT} bytes");
        return Err(StoreError::NotAnImage { name: name.into(), reason });
    }
    file.rewind().map_err(error)?;
    Ok(file)
}

fn scan(file: &mut File, length: u64) -> Result<BTreeMap<String, Entry>, String> {
    let mut entries = BTreeMap::new();
    let mut archive = tar::Archive::new(file);
    for entry in archive.entries_with_seek().map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        if entries.len() >= ENTRY_LIMIT {
            return Err(format!("it has more than {ENTRY_LIMIT} entries"));
        }
        let Some(path) = std::str::from_utf8(&entry.path_bytes()).ok().and_then(clean) else { continue };
        let kind = entry.header().entry_type();
        let link = || {
            let target = entry.link_name_bytes()?;
            let target = std::str::from_utf8(&target).ok()?.to_owned();
            let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
            if kind.is_hard_link() || target.starts_with('/') {
                clean(&target)
            } else {
                clean(&format!("{dir}/{target}"))
            }
        };
        if kind.is_file() || kind.is_contiguous() {
            let (offset, size) = (entry.raw_file_position(), entry.size());
            if offset.checked_add(size).is_none_or(|end| end > length) {
                return Err(format!("it is cut off within {path}"));
            }
            entries.insert(path, Entry::File { offset, size });
        } else if (kind.is_symlink() || kind.is_hard_link())
            && let Some(target) = link()
        {
            entries.insert(path, Entry::Link(target));
        }
    }
    Ok(entries)
}

/// A path without `.`, `..` and empty parts; `None` when it leads above the archive.
fn clean(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A part of a file. Reads at its own offset, so that several may be read at once.
struct Part<'a> {
    file: &'a File,
    offset: u64,
    left: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let Some(buffer) = buffer.get_mut(..want) else { return Ok(0) };
        let count = read_at(self.file, buffer, self.offset)?;
        self.offset += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// A tar archive that is being written beside its place; without [`TarWriter::finish`] nothing of it stays.
pub(super) struct TarWriter {
    name: String,
    path: PathBuf,
    tar: tar::Builder<tempfile::NamedTempFile>,
}

impl TarWriter {
    /// Begins an archive that will be `path`.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub(super) fn create(name: &str, path: &Path) -> Result<Self, StoreError> {
        let doing = format!("writing {}", path.display());
        let error = |error| failed(name, &doing, error);
        if path.is_dir() {
            return Err(error(io::Error::other("it is a folder; name a file in it")));
        }
        let Some(file_name) = path.file_name() else { return Err(error(io::Error::other("it is no file name"))) };
        let prefix = format!("{}.tmp-", file_name.to_string_lossy());
        let file = temporary(path.parent().unwrap_or(Path::new(".")), &prefix).map_err(error)?;
        Ok(Self { name: name.into(), path: path.into(), tar: tar::Builder::new(file) })
    }

    /// Adds a blob. When that fails, the archive is as it was before.
    ///
    /// # Errors
    /// When reading or writing fails or the bytes are not the blob's.
    pub(super) fn blob(
        &mut self,
        path: &str,
        blob: &Blob,
        bytes: &mut dyn Read,
        reporter: &dyn Reporter,
    ) -> Result<(), StoreError> {
        let name = self.name.clone();
        let error = |error| failed(&name, "writing the archive", error);
        let start = self.tar.get_mut().stream_position().map_err(error)?;
        let written = header(path, blob.size).map_err(error).and_then(|header| {
            let file = self.tar.get_mut();
            file.write_all(header.as_bytes()).map_err(error)?;
            copy_blob(&name, "writing", blob, bytes, file, reporter)?;
            let padding = usize::try_from(blob.size.next_multiple_of(512) - blob.size).unwrap_or(0);
            file.write_all(&[0; 512][..padding.min(512)]).map_err(error)
        });
        if written.is_err() {
            let file = self.tar.get_mut();
            file.as_file_mut().set_len(start).map_err(error)?;
            file.seek(SeekFrom::Start(start)).map_err(error)?;
        }
        written
    }

    /// Adds a small file.
    ///
    /// # Errors
    /// When writing fails.
    pub(super) fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        header(path, bytes.len() as u64)
            .and_then(|header| self.tar.append(&header, bytes))
            .map_err(|error| failed(&self.name, "writing the archive", error))
    }

    /// Ends the archive and puts it in its place, over what is there.
    ///
    /// # Errors
    /// When writing fails.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        let doing = format!("writing {}", self.path.display());
        let file = self.tar.into_inner().map_err(|error| failed(&self.name, &doing, error))?;
        file.persist(&self.path).map_err(|error| failed(&self.name, &doing, error.error))?;
        Ok(())
    }
}

/// The header of a file whose every field is the same on every machine.
fn header(path: &str, size: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_path(path)?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Silent};

    struct Cancel;

    impl Reporter for Cancel {
        fn event(&self, _event: Event) {}

        fn cancelled(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_packed_archive_is_unpacked_where_the_caller_says() {
        let folder = tempfile::tempdir().unwrap();
        let (path, missing) = (folder.path().join("image.tgz"), folder.path().join("missing"));
        let mut tar = TarWriter::create("image", &folder.path().join("image.tar")).unwrap();
        tar.file("oci-layout", b"{}").unwrap();
        tar.finish().unwrap();
        let plain = std::fs::read(folder.path().join("image.tar")).unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&plain).unwrap();
        std::fs::write(&path, packed.finish().unwrap()).unwrap();
        assert!(Tarball::open("image", &path, folder.path(), &Silent).is_ok());
        let Err(StoreError::Failed { doing, .. }) = Tarball::open("image", &path, &missing, &Silent) else {
            panic!("it was unpacked elsewhere")
        };
        assert_eq!(doing, "decompressing the archive");
        assert!(
            Tarball::open("image", &folder.path().join("image.tar"), &missing, &Silent).is_ok(),
            "a plain one is only read"
        );
        let cancelled = Tarball::open("image", &path, folder.path(), &Cancel);
        assert!(matches!(cancelled, Err(StoreError::Cancelled { .. })));
    }

    #[test]
    fn paths_stay_inside() {
        for (path, expected) in [
            ("./a/b", Some("a/b")),
            ("/a//b", Some("a/b")),
            ("a/../b", Some("b")),
            ("../a", None),
            ("a/../../b", None),
            ("", Some("")),
        ] {
            assert_eq!(clean(path).as_deref(), expected, "{path}");
        }
    }
}
