//! Archives of Java's classes: zip files, as the `zip` crate reads them, within limits.

use std::io::{Cursor, Read, Seek};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

/// How a zip file begins: with an entry, or with the record at the end when it has none (PKWARE's APPNOTE.TXT, 4.3.7 and 4.3.16).
const BEGINNINGS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// How many bytes one archive may unpack to, with all archives in it.
const UNPACKED_LIMIT: u64 = 4 << 30;

/// How large one entry may be, which is unpacked in memory.
const MEMBER_LIMIT: u64 = 256 << 20;

/// How deep archives lie in each other: a web archive in an enterprise archive, with libraries in it.
const DEPTH_LIMIT: usize = 5;

/// Why an archive could not be looked into.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveError {
    /// It is none.
    #[error("it is no archive: {0}")]
    NoArchive(#[source] ZipError),
    /// It is damaged or encrypted, or packed in a way that no archive of classes is.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// An entry cannot be unpacked, or not to what its checksum says.
    #[error("an entry cannot be unpacked: {0}")]
    Entry(#[from] std::io::Error),
    /// An entry is shorter or longer than the archive says.
    #[error("an entry has not the size that is told")]
    Size,
    /// More than anyone packs.
    #[error("it unpacks to too much")]
    TooLarge,
}

/// Whether bytes begin as an archive does.
pub(super) fn is_archive(head: &[u8]) -> bool {
    BEGINNINGS.iter().any(|beginning| head.starts_with(beginning))
}

/// Whether a name says that a file is an archive of Java's.
pub(super) fn is_named(name: &[u8]) -> bool {
    [&b".jar"[..], b".war", b".ear"].iter().any(|end| name.ends_with(end))
}

/// Hands over the bytes of every entry, of archives in it too, until `look` is no longer interested. Something may stand before the archive:
/// a start script, as some tools make.
pub(super) fn each(archive: impl Read + Seek, look: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), ArchiveError> {
    let archive = ZipArchive::new(archive).map_err(ArchiveError::NoArchive)?;
    let mut left = UNPACKED_LIMIT;
    walk(archive, look, &mut left, 0).map(|_| ())
}

/// The bytes of the first entry whose name fits.
pub(super) fn entry(archive: impl Read + Seek, fits: &dyn Fn(&[u8]) -> bool) -> Result<Option<Vec<u8>>, ArchiveError> {
    let mut archive = ZipArchive::new(archive).map_err(ArchiveError::NoArchive)?;
    let Some(index) = archive.file_names_raw().position(fits) else { return Ok(None) };
    let mut left = UNPACKED_LIMIT;
    unpacked(archive.by_index(index)?, &mut left).map(Some)
}

fn walk(
    mut archive: ZipArchive<impl Read + Seek>,
    look: &mut dyn FnMut(&[u8]) -> bool,
    left: &mut u64,
    depth: usize,
) -> Result<bool, ArchiveError> {
    for index in 0..archive.len() {
        let entry = archive.by_index(index)?;
        let is_named = is_named(entry.name_raw());
        let bytes = unpacked(entry, left)?;
        let is_archive = is_archive(&bytes);
        let inner = match (is_archive || is_named).then(|| ZipArchive::new(Cursor::new(&bytes))) {
            Some(Err(error)) if is_archive => return Err(error.into()),
            inner => inner.and_then(Result::ok),
        };
        let goes_on = match inner {
            Some(_) if depth == DEPTH_LIMIT => return Err(ArchiveError::TooLarge),
            // What stands before an archive may be a script, which names things too.
            Some(inner) => (is_archive || look(&bytes)) && walk(inner, look, left, depth + 1)?,
            None => look(&bytes),
        };
        if !goes_on {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The bytes of an entry, which `left` must have room for. What the archive says of its size is not believed, but held against it.
fn unpacked(mut entry: ZipFile<'_, impl Read>, left: &mut u64) -> Result<Vec<u8>, ArchiveError> {
    let size = entry.size();
    *left = left.checked_sub(size).filter(|_| size <= MEMBER_LIMIT).ok_or(ArchiveError::TooLarge)?;
    let mut bytes = Vec::new();
    entry.by_ref().take(size + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(ArchiveError::Size) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testdata::zip::archive as archive_of;

    fn archive(entries: &[&[u8]]) -> Vec<u8> {
        archive_of(&entries.iter().map(|entry| ("x", *entry)).collect::<Vec<_>>())
    }

    fn numbered(entries: &[&[u8]]) -> Vec<u8> {
        let named: Vec<_> = entries.iter().enumerate().map(|(index, entry)| (index.to_string(), *entry)).collect();
        archive_of(&named.iter().map(|(name, entry)| (name.as_str(), *entry)).collect::<Vec<_>>())
    }

    fn seen(bytes: &[u8]) -> Result<Vec<String>, ArchiveError> {
        let mut seen = Vec::new();
        each(Cursor::new(bytes), &mut |entry| {
            seen.push(String::from_utf8_lossy(entry).into_owned());
            true
        })?;
        Ok(seen)
    }

    #[test]
    fn entries_are_seen_in_archives_in_archives_and_behind_scripts() {
        let inner = numbered(&[b"one", b"two two two two two two"]);
        let outer = numbered(&[&inner, &inner, b"three"]);
        let expected = ["one", "two two two two two two", "one", "two two two two two two", "three"];
        assert_eq!(seen(&outer).unwrap(), expected);
        let script = [b"#!/bin/sh\nexec java -jar $0\n", &outer[..]].concat();
        assert!(!is_archive(&script));
        assert_eq!(seen(&script).unwrap(), expected);
        // Within an archive the name tells that more is behind a script.
        let nested = archive_of(&[("lib/a.jar", &script), ("text", &script), ("no.jar", b"text")]);
        let nested = seen(&nested).unwrap();
        assert!(nested[0].starts_with("#!") && nested[1..6] == expected, "{nested:?}");
        assert_eq!((nested.len(), nested[7].as_str()), (8, "text"));
        assert_eq!(seen(&archive(&[])).unwrap(), [""; 0]);
    }

    #[test]
    fn looking_ends_when_enough_was_seen() {
        let mut count = 0;
        let whole = numbered(&[&archive(&[b"one"]), b"three"]);
        each(Cursor::new(&whole), &mut |_| {
            count += 1;
            false
        })
        .unwrap();
        assert_eq!(count, 1);
    }

    #[test]
    fn an_entry_is_found_by_its_name() {
        let whole = archive_of(&[("a", b"one"), ("b", b"two two two two"), ("c", b"three")]);
        let find = |name: &str| entry(Cursor::new(&whole), &|other| other == name.as_bytes()).unwrap();
        assert_eq!(find("b").unwrap(), &b"two two two two"[..]);
        assert_eq!(find("d"), None);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let whole = numbered(&[b"one", b"two two two"]);
        for length in 0..whole.len() {
            assert!(seen(&whole[..length]).is_err(), "{length}");
        }
        // A byte that the checksum belies, and an archive in it that is cut.
        let at = whole.windows(3).position(|bytes| bytes == b"one").unwrap();
        let mut damaged = whole.clone();
        damaged[at] = b'O';
        assert!(matches!(seen(&damaged), Err(ArchiveError::Entry(_))));
        let inner = archive(&[b"one"]);
        assert!(matches!(seen(&archive(&[&inner[..inner.len() - 9]])), Err(ArchiveError::Zip(_))));
        assert!(matches!(seen(b"text"), Err(ArchiveError::NoArchive(_))));
    }

    #[test]
    fn what_unpacks_to_more_than_it_says_is_not_believed() {
        let whole = numbered(&[b"", &[b'x'; 1000]]);
        // Of the directory's last line, which is followed by the record of 22 bytes: 46 bytes and a name of one, the size at 24.
        let line = whole.len() - 22 - 47;
        for size in [999u32, 1001, u32::MAX - 1] {
            let mut lying = whole.clone();
            lying[line + 24..line + 28].copy_from_slice(&size.to_le_bytes());
            let told = seen(&lying);
            assert!(
                matches!(told, Err(ArchiveError::Entry(_) | ArchiveError::Size | ArchiveError::TooLarge)),
                "{size}: {told:?}"
            );
        }
    }

    #[test]
    fn archives_in_archives_end_somewhere() {
        let mut nested = archive(&[b"deep"]);
        for _ in 0..DEPTH_LIMIT {
            nested = archive(&[&nested]);
        }
        assert_eq!(seen(&nested).unwrap(), ["deep"]);
        assert!(matches!(seen(&archive(&[&nested])), Err(ArchiveError::TooLarge)));
        // What is unpacked counts together.
        let many = numbered(&[&[b'x'; 30][..]; 4]);
        let walked = walk(ZipArchive::new(Cursor::new(&many)).unwrap(), &mut |_| true, &mut 100, 0);
        assert!(matches!(walked, Err(ArchiveError::TooLarge)));
    }
}
