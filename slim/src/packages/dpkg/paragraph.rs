//! Paragraphs of fields, as in `dpkg/status`, `Packages`, `Release` and `.sources` files (deb822(5)).
//!
//! A [`Paragraph`] borrows its text and keeps it: what nobody changes is written back byte for byte.

use std::borrow::Cow;

/// One block of `Field: value` lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paragraph<'a> {
    raw: &'a [u8],
}

impl<'a> Paragraph<'a> {
    /// Takes text without blank lines as one paragraph.
    pub fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The text, as it stands in the file, with its last newline and without the blank line after it.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Fields in order: name and value. A value keeps its inner newlines and the blanks that begin continuation lines; blanks
    /// around it are dropped. Comment lines (`#`) are skipped.
    pub fn fields(&self) -> Fields<'a> {
        Fields { rest: self.raw }
    }

    /// The value of a field, by name without regard to case; bytes that are not UTF-8 are replaced.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get_bytes(name).map(String::from_utf8_lossy)
    }

    /// The value's bytes.
    pub fn get_bytes(&self, name: &str) -> Option<&'a [u8]> {
        self.fields().find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }
}

/// Iterator over the fields of a paragraph.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let mut end = line_end(self.rest, 0);
            while matches!(self.rest.get(end), Some(b' ' | b'\t')) {
                end = line_end(self.rest, end);
            }
            let (field, rest) = self.rest.split_at(end);
            self.rest = rest;
            if field.first() == Some(&b'#') {
                continue;
            }
            if let Some(colon) = memchr::memchr(b':', field) {
                return Some((field[..colon].trim_ascii(), field[colon + 1..].trim_ascii()));
            }
        }
    }
}

/// The index just after the line that begins at `from`.
fn line_end(text: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |at| from + at + 1)
}

/// Splits a file into its paragraphs; blank lines (also of blanks only) separate them.
pub fn paragraphs(text: &[u8]) -> impl Iterator<Item = Paragraph<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let blank = |from: usize, to: usize| text[from..to].iter().all(u8::is_ascii_whitespace);
        while at < text.len() && blank(at, line_end(text, at)) {
            at = line_end(text, at);
        }
        let start = at;
        while at < text.len() && !blank(at, line_end(text, at)) {
            at = line_end(text, at);
        }
        (at > start).then(|| Paragraph::new(&text[start..at]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_continuation_lines() {
        let text = b"\n\nPackage: a\nDescription: short \n long\n .\n more\n# note\nempty:\n\n \nPackage: b";
        let all: Vec<_> = paragraphs(text).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].get("package").unwrap(), "a");
        assert_eq!(all[0].get("Description").unwrap(), "short \n long\n .\n more");
        assert_eq!(all[0].get("Empty").unwrap(), "");
        assert_eq!(all[0].fields().count(), 3);
        assert_eq!(all[1].raw(), b"Package: b");
        assert_eq!(all[1].get("Version"), None);
    }
}
