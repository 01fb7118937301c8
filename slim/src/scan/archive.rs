//! Zip archives (PKWARE's APPNOTE.TXT), read through their directory at the end: as much of them as archives of Java classes use.

use flate2::read::DeflateDecoder;
use std::io::Read;

/// The record at the end of an archive (section 4.3.16), without its comment.
const END: &[u8] = b"PK\x05\x06";
const END_SIZE: usize = 22;

/// The beginning of an entry (section 4.3.7) and of its line in the directory (section 4.3.12).
const ENTRY: &[u8] = b"PK\x03\x04";
const ENTRY_SIZE: usize = 30;
const LINE: &[u8] = b"PK\x01\x02";
const LINE_SIZE: usize = 46;

/// How many bytes one archive may unpack to, with all archives in it.
const UNPACKED_LIMIT: u64 = 4 << 30;

/// How large one entry may be, which is unpacked in memory.
const MEMBER_LIMIT: u64 = 512 << 20;

/// How deep archives lie in each other: a web archive in an enterprise archive, with libraries in it.
const DEPTH_LIMIT: usize = 5;

/// Why an archive could not be looked into.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ArchiveError {
    /// What should be there is not.
    #[error("no {0} at offset {1}")]
    Damaged(&'static str, usize),
    /// Encryption, another compression than Deflate, or sizes beyond 32 bits.
    #[error("an entry is stored in a way that is not read here")]
    Unsupported,
    /// The data of an entry is no Deflate stream.
    #[error("the entry at offset {0} cannot be unpacked")]
    Unpacked(usize),
    /// More than anyone packs.
    #[error("it unpacks to too much")]
    TooLarge,
}

/// Whether a file begins as an archive does.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(ENTRY) || bytes.starts_with(END)
}

/// Whether a file holds an archive behind something else: a start script, as some tools make.
pub(super) fn has_archive(bytes: &[u8]) -> bool {
    end(bytes).is_some()
}

/// Hands over the bytes of every entry, of archives in it too, until `look` is no longer interested.
pub(super) fn each(bytes: &[u8], look: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), ArchiveError> {
    let mut left = UNPACKED_LIMIT;
    walk(bytes, look, &mut left, 0).map(|_| ())
}

fn walk(bytes: &[u8], look: &mut dyn FnMut(&[u8]) -> bool, left: &mut u64, depth: usize) -> Result<bool, ArchiveError> {
    let record = end(bytes).ok_or(ArchiveError::Damaged("end of an archive", bytes.len()))?;
    let (count, size, start) =
        (number(bytes, record + 10, 2)?, number(bytes, record + 12, 4)?, number(bytes, record + 16, 4)?);
    if count == 0xffff || start == 0xffff_ffff {
        return Err(ArchiveError::Unsupported);
    }
    // Something may stand before the archive, which offsets do not count.
    let directory = record.checked_sub(size).ok_or(ArchiveError::Damaged("directory", record))?;
    let before = directory.checked_sub(start).ok_or(ArchiveError::Damaged("directory", directory))?;
    let mut line = directory;
    for _ in 0..count {
        if bytes.get(line..line + LINE.len()) != Some(LINE) {
            return Err(ArchiveError::Damaged("line of the directory", line));
        }
        let at = before + number(bytes, line + 42, 4)?;
        let packed = packed(bytes, line, at)?;
        let unpacked = unpacked(packed, number(bytes, line + 10, 2)?, number(bytes, line + 24, 4)?, at, left)?;
        let goes_on = match is_archive(&unpacked) && depth < DEPTH_LIMIT {
            true => walk(&unpacked, look, left, depth + 1)?,
            false if is_archive(&unpacked) => return Err(ArchiveError::TooLarge),
            false => look(&unpacked),
        };
        if !goes_on {
            return Ok(false);
        }
        line += LINE_SIZE + number(bytes, line + 28, 2)? + number(bytes, line + 30, 2)? + number(bytes, line + 32, 2)?;
    }
    Ok(true)
}

/// The data of the entry that a line of the directory is about, and that stands at `at`.
fn packed(bytes: &[u8], line: usize, at: usize) -> Result<&[u8], ArchiveError> {
    let (flags, size) = (number(bytes, line + 8, 2)?, number(bytes, line + 20, 4)?);
    if flags & 1 != 0 || size == 0xffff_ffff {
        return Err(ArchiveError::Unsupported);
    }
    if bytes.get(at..).is_none_or(|rest| !rest.starts_with(ENTRY)) {
        return Err(ArchiveError::Damaged("entry", at));
    }
    let data = at + ENTRY_SIZE + number(bytes, at + 26, 2)? + number(bytes, at + 28, 2)?;
    bytes.get(data..data + size).ok_or(ArchiveError::Damaged("data", data))
}

fn unpacked<'a>(
    packed: &'a [u8],
    method: usize,
    size: usize,
    at: usize,
    left: &mut u64,
) -> Result<std::borrow::Cow<'a, [u8]>, ArchiveError> {
    let size = size as u64;
    *left = left.checked_sub(size).filter(|_| size <= MEMBER_LIMIT).ok_or(ArchiveError::TooLarge)?;
    match method {
        0 => Ok(packed.into()),
        8 => {
            let mut bytes = Vec::new();
            let read = DeflateDecoder::new(packed).take(size + 1).read_to_end(&mut bytes);
            match read {
                Ok(read) if read as u64 == size => Ok(bytes.into()),
                _ => Err(ArchiveError::Unpacked(at)),
            }
        }
        _ => Err(ArchiveError::Unsupported),
    }
}

/// Where the record at the end is: a comment of at most 64 KiB may follow it.
fn end(bytes: &[u8]) -> Option<usize> {
    let from = bytes.len().saturating_sub(END_SIZE + 0xffff);
    let at = from + memchr::memmem::rfind(bytes.get(from..)?, END)?;
    (at + END_SIZE <= bytes.len()).then_some(at)
}

/// A number of `size` bytes, the lowest first.
fn number(bytes: &[u8], at: usize, size: usize) -> Result<usize, ArchiveError> {
    let field = bytes.get(at..at + size).ok_or(ArchiveError::Damaged("number", at))?;
    Ok(field.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use std::io::Write;

    /// An archive of entries, every other one compressed.
    fn archive(entries: &[&[u8]]) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        let short = |value: usize| u16::try_from(value).unwrap().to_le_bytes();
        let long = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
        for (index, entry) in entries.iter().enumerate() {
            let deflated = index % 2 == 1;
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(entry).unwrap();
            let packed = if deflated { encoder.finish().unwrap() } else { entry.to_vec() };
            let method = if deflated { 8 } else { 0 };
            let sizes = [long(0), long(packed.len()), long(entry.len())].concat();
            let at = bytes.len();
            let head = [&[20, 0, 0, 0][..], &short(method), &[0; 4], &sizes, &short(1), &short(0)].concat();
            bytes.extend([ENTRY, &head, b"x", &packed].concat());
            directory.extend([LINE, &[20, 0], &head, &[0; 10], &long(at), b"x"].concat());
        }
        let (count, start) = (short(entries.len()), bytes.len());
        let record = [END, &[0; 4], &count, &count, &long(directory.len()), &long(start), &[0, 0]].concat();
        [bytes, directory, record].concat()
    }

    fn seen(bytes: &[u8]) -> Result<Vec<String>, ArchiveError> {
        let mut seen = Vec::new();
        each(bytes, &mut |entry| {
            seen.push(String::from_utf8_lossy(entry).into_owned());
            true
        })?;
        Ok(seen)
    }

    #[test]
    fn entries_are_seen_in_archives_in_archives_and_behind_scripts() {
        let inner = archive(&[b"one", b"two two two two two two"]);
        let outer = archive(&[&inner, &inner, b"three"]);
        let expected = ["one", "two two two two two two", "one", "two two two two two two", "three"];
        assert_eq!(seen(&outer).unwrap(), expected);
        let script = [b"#!/bin/sh\nexec java -jar $0\n", &outer[..]].concat();
        assert!(!is_archive(&script) && has_archive(&script));
        assert_eq!(seen(&script).unwrap(), expected);
        assert_eq!(seen(&archive(&[])).unwrap(), [""; 0]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let whole = archive(&[b"one", b"two two two"]);
        assert!(!has_archive(&whole[..whole.len() - 30]));
        // The magic of the first entry; the directory's first line, and the method in it.
        let directory = whole.len() - END_SIZE - 2 * (LINE_SIZE + 1);
        let [entry, line, method] = [(0, b'x'), (directory, b'x'), (directory + 10, 99)].map(|(at, byte)| {
            let mut damaged = whole.clone();
            damaged[at] = byte;
            seen(&damaged)
        });
        assert_eq!(entry, Err(ArchiveError::Damaged("entry", 0)));
        assert_eq!(line, Err(ArchiveError::Damaged("line of the directory", directory)));
        assert_eq!(method, Err(ArchiveError::Unsupported));
        for length in 0..whole.len() {
            assert!(seen(&whole[..length]).is_err(), "{length}");
        }
        let mut nested = archive(&[b"deep"]);
        for _ in 0..=DEPTH_LIMIT {
            nested = archive(&[&nested]);
        }
        assert_eq!(seen(&nested), Err(ArchiveError::TooLarge));
    }
}
