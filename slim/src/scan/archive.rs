//! Zip archives (PKWARE's APPNOTE.TXT), read through their directory at the end: as much of them as archives of Java classes use.

use flate2::read::DeflateDecoder;
use std::borrow::Cow;
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

/// Whether a name says that a file is an archive of Java's.
pub(super) fn is_named(name: &[u8]) -> bool {
    [&b".jar"[..], b".war", b".ear"].iter().any(|end| name.ends_with(end))
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

/// The bytes of the first entry whose name fits.
pub(super) fn entry<'a>(bytes: &'a [u8], fits: &dyn Fn(&[u8]) -> bool) -> Result<Option<Cow<'a, [u8]>>, ArchiveError> {
    for line in Lines::new(bytes)? {
        let line = line?;
        if fits(line.name) {
            return line.unpacked(&mut MEMBER_LIMIT.clone()).map(Some);
        }
    }
    Ok(None)
}

fn walk(bytes: &[u8], look: &mut dyn FnMut(&[u8]) -> bool, left: &mut u64, depth: usize) -> Result<bool, ArchiveError> {
    for line in Lines::new(bytes)? {
        let line = line?;
        let unpacked = line.unpacked(left)?;
        let goes_on = match is_archive(&unpacked) || is_named(line.name) && has_archive(&unpacked) {
            true if depth == DEPTH_LIMIT => return Err(ArchiveError::TooLarge),
            // What stands before an archive may be a script, which names things too.
            true => (is_archive(&unpacked) || look(&unpacked)) && walk(&unpacked, look, left, depth + 1)?,
            false => look(&unpacked),
        };
        if !goes_on {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The lines of an archive's directory.
struct Lines<'a> {
    bytes: &'a [u8],
    /// Where the next one is.
    next: usize,
    left: usize,
    /// How much stands before the archive, which offsets do not count.
    before: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, ArchiveError> {
        let record = end(bytes).ok_or(ArchiveError::Damaged("end of an archive", bytes.len()))?;
        let (left, size, start) =
            (number(bytes, record + 10, 2)?, number(bytes, record + 12, 4)?, number(bytes, record + 16, 4)?);
        if left == 0xffff || start == 0xffff_ffff {
            return Err(ArchiveError::Unsupported);
        }
        let next = record.checked_sub(size).ok_or(ArchiveError::Damaged("directory", record))?;
        let before = next.checked_sub(start).ok_or(ArchiveError::Damaged("directory", next))?;
        Ok(Self { bytes, next, left, before })
    }

    fn line(&self) -> Result<Line<'a>, ArchiveError> {
        let (bytes, at) = (self.bytes, self.next);
        if bytes.get(at..at + LINE.len()) != Some(LINE) {
            return Err(ArchiveError::Damaged("line of the directory", at));
        }
        let (name_size, extra, comment) =
            (number(bytes, at + 28, 2)?, number(bytes, at + 30, 2)?, number(bytes, at + 32, 2)?);
        let name = bytes.get(at + LINE_SIZE..at + LINE_SIZE + name_size).ok_or(ArchiveError::Damaged("name", at))?;
        Ok(Line {
            bytes,
            name,
            flags: number(bytes, at + 8, 2)?,
            method: number(bytes, at + 10, 2)?,
            packed_size: number(bytes, at + 20, 4)?,
            size: number(bytes, at + 24, 4)?,
            entry: self.before + number(bytes, at + 42, 4)?,
            end: at + LINE_SIZE + name_size + extra + comment,
        })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let line = self.line();
        match &line {
            Ok(line) => self.next = line.end,
            Err(_) => self.left = 0,
        }
        Some(line)
    }
}

/// What the directory says of one entry.
struct Line<'a> {
    bytes: &'a [u8],
    name: &'a [u8],
    flags: usize,
    method: usize,
    packed_size: usize,
    size: usize,
    /// Where the entry begins.
    entry: usize,
    /// Where the line ends.
    end: usize,
}

impl<'a> Line<'a> {
    fn packed(&self) -> Result<&'a [u8], ArchiveError> {
        let (bytes, at) = (self.bytes, self.entry);
        if self.flags & 1 != 0 || self.packed_size == 0xffff_ffff {
            return Err(ArchiveError::Unsupported);
        }
        if bytes.get(at..).is_none_or(|rest| !rest.starts_with(ENTRY)) {
            return Err(ArchiveError::Damaged("entry", at));
        }
        let data = at + ENTRY_SIZE + number(bytes, at + 26, 2)? + number(bytes, at + 28, 2)?;
        bytes.get(data..data + self.packed_size).ok_or(ArchiveError::Damaged("data", data))
    }

    /// The entry's bytes, which `left` must have room for.
    fn unpacked(&self, left: &mut u64) -> Result<Cow<'a, [u8]>, ArchiveError> {
        let packed = self.packed()?;
        let size = self.size as u64;
        *left = left.checked_sub(size).filter(|_| size <= MEMBER_LIMIT).ok_or(ArchiveError::TooLarge)?;
        match self.method {
            // Else entries that lie over each other would be read without end.
            0 if packed.len() as u64 == size => Ok(packed.into()),
            0 => Err(ArchiveError::Damaged("size", self.entry)),
            8 => {
                let mut bytes = Vec::new();
                let read = DeflateDecoder::new(packed).take(size + 1).read_to_end(&mut bytes);
                match read {
                    Ok(read) if read as u64 == size => Ok(bytes.into()),
                    _ => Err(ArchiveError::Unpacked(self.entry)),
                }
            }
            _ => Err(ArchiveError::Unsupported),
        }
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
mod tests {
    use super::*;
    use testdata::zip::archive as archive_of;

    fn archive(entries: &[&[u8]]) -> Vec<u8> {
        archive_of(&entries.iter().map(|entry| ("x", *entry)).collect::<Vec<_>>())
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
        // Within an archive the name tells that more is behind a script.
        let nested = archive_of(&[("lib/a.jar", &script), ("text", &script)]);
        let nested = seen(&nested).unwrap();
        assert!(nested[0].starts_with("#!") && nested[1..6] == expected, "{nested:?}");
        assert_eq!(nested.len(), 7);
        assert_eq!(seen(&archive(&[])).unwrap(), [""; 0]);
    }

    #[test]
    fn looking_ends_when_enough_was_seen() {
        let mut count = 0;
        let whole = archive(&[&archive(&[b"one", b"two"]), b"three"]);
        each(&whole, &mut |_| {
            count += 1;
            false
        })
        .unwrap();
        assert_eq!(count, 1);
    }

    #[test]
    fn an_entry_is_found_by_its_name() {
        let whole = archive_of(&[("a", b"one"), ("b", b"two two two two"), ("c", b"three")]);
        let find = |name: &str| entry(&whole, &|other| other == name.as_bytes()).unwrap();
        assert_eq!(find("b").unwrap(), &b"two two two two"[..]);
        assert_eq!(find("d"), None);
    }

    /// An archive with a field of the only line of its directory changed; the field's place is counted from the line's beginning.
    fn changed(entry: &[u8], at: usize, field: &[u8]) -> Vec<u8> {
        let mut bytes = archive(&[entry]);
        let line = bytes.len() - END_SIZE - (LINE_SIZE + 1) + at;
        bytes[line..line + field.len()].copy_from_slice(field);
        bytes
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let whole = archive(&[b"one", b"two two two"]);
        assert!(!has_archive(&whole[..whole.len() - 30]));
        for length in 0..whole.len() {
            assert!(seen(&whole[..length]).is_err(), "{length}");
        }
        let mut damaged = whole.clone();
        damaged[0] = b'x';
        assert_eq!(seen(&damaged), Err(ArchiveError::Damaged("entry", 0)));
        let line = archive(&[b"one"]).len() - END_SIZE - (LINE_SIZE + 1);
        let long = |value: u32| value.to_le_bytes();
        for (at, field, expected) in [
            (0, &b"x"[..], ArchiveError::Damaged("line of the directory", line)),
            (8, &[1], ArchiveError::Unsupported),
            (10, &[99], ArchiveError::Unsupported),
            (20, &long(u32::MAX), ArchiveError::Unsupported),
            (20, &long(u32::MAX - 1), ArchiveError::Damaged("data", ENTRY_SIZE + 1)),
            (24, &long(0), ArchiveError::Damaged("size", 0)),
            (24, &long(1 << 30), ArchiveError::TooLarge),
            (28, &[255, 255], ArchiveError::Damaged("name", line)),
            (42, &long(u32::MAX), ArchiveError::Damaged("entry", u32::MAX as usize)),
        ] {
            assert_eq!(seen(&changed(b"one", at, field)), Err(expected), "{at} {field:?}");
        }
        // The record's own numbers: how many lines, how long they are, where they begin.
        let record = whole.len() - END_SIZE;
        for (at, field) in [(10, &[255, 255][..]), (12, &long(u32::MAX)), (16, &long(u32::MAX)), (16, &long(1 << 20))] {
            let mut damaged = whole.clone();
            damaged[record + at..record + at + field.len()].copy_from_slice(field);
            assert!(seen(&damaged).is_err(), "{at}");
        }
    }

    #[test]
    fn what_unpacks_to_more_than_it_says_is_not_believed() {
        let whole = archive(&[b"", &[b'x'; 1000]]);
        let line = whole.len() - END_SIZE - (LINE_SIZE + 1);
        for size in [999u32, 1001] {
            let mut lying = whole.clone();
            lying[line + 24..line + 28].copy_from_slice(&size.to_le_bytes());
            assert!(matches!(seen(&lying), Err(ArchiveError::Unpacked(_))), "{size}");
        }
    }

    #[test]
    fn archives_in_archives_end_somewhere() {
        let mut nested = archive(&[b"deep"]);
        for _ in 0..DEPTH_LIMIT {
            nested = archive(&[&nested]);
        }
        assert_eq!(seen(&nested).unwrap(), ["deep"]);
        assert_eq!(seen(&archive(&[&nested])), Err(ArchiveError::TooLarge));
        // What is unpacked counts together: the same entry a hundred times.
        let mut left = 100;
        let many = archive(&[&[b'x'; 30][..]; 4]);
        assert_eq!(walk(&many, &mut |_| true, &mut left, 0), Err(ArchiveError::TooLarge));
    }
}
