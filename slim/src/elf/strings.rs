//! Strings in a program that may name a file: what it might open.

use super::counted::{Counted, counted};
use super::raw::{Mapped, Raw};
use super::{ElfError, Facts};
use goblin::elf::program_header::PT_LOAD;

/// As long as a path can be (`PATH_MAX`).
const LENGTH_LIMIT: usize = 4096;

/// What the standard library of Rust holds in every program.
const RUST: &[u8] = b"RUST_BACKTRACE";

/// The texts of one ELF file, with their offsets: those that end with a NUL, in file order, then, of a program of Go or Rust, those that it
/// refers to by address and length.
#[derive(Debug, Clone)]
pub struct Texts<'a> {
    bytes: &'a [u8],
    counted: Vec<Counted<'a>>,
    is_counted: bool,
}

impl<'a> Texts<'a> {
    /// The texts of a file of which the facts are known.
    pub fn new(bytes: &'a [u8], facts: &Facts) -> Self {
        let is_counted = facts.go_buildinfo || memchr::memmem::find(bytes, RUST).is_some();
        let counted = if is_counted { counted(bytes).unwrap_or_default() } else { Vec::new() };
        Self { bytes, counted, is_counted }
    }

    /// Whether the file is of a language that counts its texts, which a C library ends with a NUL.
    pub fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// What [`strings`] gives, and texts of the same sort that are counted.
    pub fn paths(&self) -> impl Iterator<Item = (u64, &'a str)> {
        let ended = strings(self.bytes).into_iter().flatten();
        let ended = ended.filter_map(|(at, text)| Some((at, std::str::from_utf8(text).ok()?)));
        let is_path = |text: &str| text.starts_with('/') && text.len() > 1 || text.contains(".so");
        ended.chain(self.counted(is_path))
    }

    /// Texts of several words.
    pub fn sentences(&self) -> impl Iterator<Item = (u64, &'a str)> {
        let is_sentence = |text: &[u8]| text.contains(&b' ') && text.iter().all(is_printable);
        self.ended(is_sentence).chain(self.counted(|text| text.contains(' ')))
    }

    /// Names as languages write them, parts with dots between included.
    pub fn words(&self) -> impl Iterator<Item = (u64, &'a str)> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        self.ended(move |text| !text.is_empty() && text.iter().all(is_part))
    }

    /// Counted texts whose length is known to be their own.
    pub fn sure(&self) -> impl Iterator<Item = (u64, &'a str)> {
        self.counted.iter().filter(|found| !found.is_guess).map(|found| (found.offset, found.text))
    }

    /// Texts without blanks that are counted, names of programs among them, each with whether it is more than the beginning of another.
    pub fn counted_words(&self) -> impl Iterator<Item = (u64, &'a str, bool)> {
        let is_whole = |index: usize| {
            let Counted { offset, is_guess, .. } = self.counted[index];
            let mut longer = self.counted[index + 1..].iter().take_while(move |other| other.offset == offset);
            !(is_guess && longer.any(|other| !other.is_guess))
        };
        let words = self.counted.iter().enumerate().filter(|(_, found)| !found.text.contains([' ', '/', '\n', '\t']));
        words.map(move |(index, found)| (found.offset, found.text, is_whole(index)))
    }

    fn counted(&self, is_meant: impl Fn(&str) -> bool) -> impl Iterator<Item = (u64, &'a str)> {
        self.counted.iter().map(|found| (found.offset, found.text)).filter(move |(_, text)| is_meant(text))
    }

    /// The NUL-terminated strings of the read-only loaded segments that are meant, each with its offset.
    fn ended(&self, is_meant: impl Fn(&[u8]) -> bool) -> impl Iterator<Item = (u64, &'a str)> {
        let bytes = self.bytes;
        let texts = spans(bytes).unwrap_or_default().into_iter().flat_map(move |(start, end)| {
            let mut at = start;
            bytes[start..end].split(|byte| *byte == 0).map(move |text| {
                let offset = at;
                at += text.len() + 1;
                (offset as u64, text)
            })
        });
        let meant = texts.filter(move |(_, text)| text.len() < LENGTH_LIMIT && is_meant(text));
        meant.filter_map(|(offset, text)| Some((offset, std::str::from_utf8(text).ok()?)))
    }
}

/// Every NUL-terminated printable string of the read-only loaded segments that is an absolute path, a list of places that begins with the
/// present folder (`.:/usr/share/awk`), or holds `.so`, with its offset in the file, in file order. A string is taken whole: from the NUL
/// before it to the NUL after it.
///
/// # Errors
/// When the bytes are no ELF file with program headers.
pub fn strings(bytes: &[u8]) -> Result<Strings<'_>, ElfError> {
    Ok(Strings { bytes, spans: spans(bytes)?.into_iter(), at: 0, end: 0, floor: 0 })
}

pub(super) fn is_printable(byte: &u8) -> bool {
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
