//! Strings in a program that may name a file: what it might open.

use super::ElfError;
use super::raw::{Mapped, Raw};
use goblin::elf::program_header::PT_LOAD;

/// As long as a path can be (`PATH_MAX`).
const LENGTH_LIMIT: usize = 4096;

/// Every NUL-terminated printable string of the read-only loaded segments that is an absolute path, a list of places that begins with the
/// present folder (`.:/usr/share/awk`), or holds `.so`, with its offset in the file, in file order. A string is taken whole: from the NUL
/// before it to the NUL after it.
///
/// # Errors
/// When the bytes are no ELF file with program headers.
pub fn strings(bytes: &[u8]) -> Result<Strings<'_>, ElfError> {
    Ok(Strings { bytes, spans: spans(bytes)?.into_iter(), at: 0, end: 0, floor: 0 })
}

/// Every NUL-terminated printable string of the read-only loaded segments that has several words, with its offset in the file, in file order.
///
/// # Errors
/// As [`strings`].
pub fn sentences(bytes: &[u8]) -> Result<impl Iterator<Item = (u64, &str)>, ElfError> {
    let is_sentence = |text: &[u8]| text.contains(&b' ') && text.iter().all(is_printable);
    texts(bytes, is_sentence)
}

/// Every NUL-terminated string of the read-only loaded segments that is a name as languages write them, parts with dots between included,
/// with its offset in the file, in file order.
///
/// # Errors
/// As [`strings`].
pub fn words(bytes: &[u8]) -> Result<impl Iterator<Item = (u64, &str)>, ElfError> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    texts(bytes, move |text| !text.is_empty() && text.iter().all(is_part))
}

/// The NUL-terminated strings of the read-only loaded segments that are meant, each with its offset.
fn texts(bytes: &[u8], is_meant: impl Fn(&[u8]) -> bool) -> Result<impl Iterator<Item = (u64, &str)>, ElfError> {
    let texts = spans(bytes)?.into_iter().flat_map(|(start, end)| {
        let mut at = start;
        bytes[start..end].split(|byte| *byte == 0).map(move |text| {
            let offset = at;
            at += text.len() + 1;
            (offset as u64, text)
        })
    });
    let meant = texts.filter(move |(_, text)| text.len() < LENGTH_LIMIT && is_meant(text));
    Ok(meant.filter_map(|(offset, text)| Some((offset, std::str::from_utf8(text).ok()?))))
}

fn is_printable(byte: &u8) -> bool {
    (0x20..0x7f).contains(byte) || *byte >= 0x80
}

/// Where the read-only loaded segments lie, in file order.
fn spans(bytes: &[u8]) -> Result<Vec<(usize, usize)>, ElfError> {
    let mapped = Mapped::new(Raw::new(bytes)?)?;
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for segment in mapped.of_kind(PT_LOAD).filter(|segment| !segment.is_write()) {
        let (Ok(start), Ok(size)) = (usize::try_from(segment.p_offset), usize::try_from(segment.p_filesz)) else {
            continue;
        };
        let start = start.min(bytes.len());
        spans.push((start, start.saturating_add(size).min(bytes.len())));
    }
    spans.sort_unstable();
    // Segments of a hostile file may overlap: each byte is looked at once.
    let mut last = 0;
    for (start, end) in &mut spans {
        *start = (*start).max(last);
        *end = (*end).max(*start);
        last = *end;
    }
    Ok(spans)
}

/// Iterator of [`strings`].
#[derive(Debug, Clone)]
pub struct Strings<'a> {
    bytes: &'a [u8],
    spans: std::vec::IntoIter<(usize, usize)>,
    at: usize,
    end: usize,
    /// The first byte that may begin a string: the segment's start, then after the last string.
    floor: usize,
}

impl<'a> Iterator for Strings<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = &self.bytes[self.at..self.end];
            let Some(found) = memchr::memchr2(b'/', b'.', rest) else {
                (self.at, self.end) = self.spans.next()?;
                self.floor = self.at;
                continue;
            };
            let hit = self.at + found;
            self.at = hit + 1;
            let begins = hit == self.floor || self.bytes[hit - 1] == 0;
            let start = match self.bytes[hit] {
                b'/' if begins => hit,
                b'.' if begins && self.bytes[hit..self.end].starts_with(b".:/") => hit,
                b'.' if self.bytes[hit..self.end].starts_with(b".so") => {
                    let low = self.floor.max(hit.saturating_sub(LENGTH_LIMIT));
                    match memchr::memrchr(0, &self.bytes[low..hit]) {
                        Some(nul) => low + nul + 1,
                        None if low == self.floor => low,
                        None => continue,
                    }
                }
                _ => continue,
            };
            let window = &self.bytes[start..self.end.min(start + LENGTH_LIMIT)];
            let Some(length) = memchr::memchr(0, window) else { continue };
            let text = &window[..length];
            if length > 1 && text.iter().all(is_printable) && std::str::from_utf8(text).is_ok() {
                self.at = start + length;
                self.floor = self.at;
                return Some((start as u64, text));
            }
        }
    }
}
