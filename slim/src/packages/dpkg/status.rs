//! The status file: one stanza a package, kept byte for byte until somebody records another in its place.

use super::fields;
use super::paragraph::{Paragraph, paragraphs};
use crate::path::ImagePath;
use std::fmt::Write as _;

/// A package's stanza: its text, and what is read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stanza {
    raw: Vec<u8>,
    /// Name.
    pub package: String,
    /// `amd64`, `all`; empty where the stanza names none.
    pub architecture: String,
    /// Version; empty for packages that are not installed.
    pub version: String,
    /// What the administrator wants: `install`, `hold`, `deinstall`, `purge`; empty in a `status.d`.
    pub want: String,
    /// `ok` or `reinstreq`; empty in a `status.d`.
    pub error: String,
    /// `installed`, `config-files`, `half-configured`, …; empty in a `status.d`.
    pub state: String,
    /// `Multi-Arch: same`: the info files carry the architecture and instances share files.
    pub same: bool,
    /// Essential or protected.
    pub essential: bool,
    /// Configuration files.
    pub conffiles: Vec<Conffile>,
}

/// A line of `Conffiles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conffile {
    /// The path.
    pub path: ImagePath,
    /// MD5 of the file as the package brought it (hexadecimal), or dpkg's `newconffile`.
    pub hash: String,
    /// The package's newest version does not have it any more.
    pub obsolete: bool,
    /// The package asks for its removal.
    pub remove_on_upgrade: bool,
}

impl Stanza {
    /// Reads a paragraph; `None` when it names no package.
    pub fn new(raw: &[u8]) -> Option<Self> {
        let paragraph = Paragraph::new(raw);
        let text = |name: &str| paragraph.get(name).map(std::borrow::Cow::into_owned).unwrap_or_default();
        let package = text("Package");
        if package.is_empty() {
            return None;
        }
        let status = text("Status");
        let mut words = status.split_ascii_whitespace().map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        let yes = |name: &str| paragraph.get(name).is_some_and(|value| value.eq_ignore_ascii_case("yes"));
        let mut raw = raw.to_vec();
        if raw.last() != Some(&b'\n') {
            raw.push(b'\n');
        }
        Some(Self {
            package,
            architecture: text("Architecture"),
            version: text("Version"),
            want: word(),
            error: word(),
            state: word(),
            same: paragraph.get("Multi-Arch").is_some_and(|value| value.eq_ignore_ascii_case("same")),
            essential: yes("Essential") || yes("Protected"),
            conffiles: paragraph.get_bytes("Conffiles").map(read_conffiles).unwrap_or_default(),
            raw,
        })
    }

    /// The text, with its last newline.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The text as a paragraph.
    pub fn paragraph(&self) -> Paragraph<'_> {
        Paragraph::new(&self.raw)
    }

    /// Whether the package's files are in place.
    pub fn is_installed(&self) -> bool {
        matches!(self.state.as_str(), "installed" | "triggers-awaited" | "triggers-pending" | "")
    }

    /// The stem of the package's info files: `libc6:amd64` for multi-arch packages, else `bash`.
    pub fn info_name(&self) -> String {
        if self.same { format!("{}:{}", self.package, self.architecture) } else { self.package.clone() }
    }

    /// The same stanza with other conffiles; every other byte stays.
    #[must_use]
    pub fn with_conffiles(&self, conffiles: Vec<Conffile>) -> Self {
        let lines = write_conffiles(&conffiles);
        let mut raw = Vec::with_capacity(self.raw.len());
        let mut rest = &self.raw[..];
        while !rest.is_empty() {
            let mut end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            while rest.get(end) == Some(&b' ') {
                end += memchr::memchr(b'\n', &rest[end..]).map_or(rest.len() - end, |at| at + 1);
            }
            let (field, tail) = rest.split_at(end);
            rest = tail;
            if !field.starts_with(b"Conffiles:") {
                raw.extend_from_slice(field);
            } else if !lines.is_empty() {
                raw.extend_from_slice(b"Conffiles:\n");
                raw.extend_from_slice(lines.as_bytes());
            }
        }
        Self { raw, conffiles, ..self.clone() }
    }

    /// The stanza of a package that was just installed from an archive with this control file.
    ///
    /// # Errors
    /// As [`fields::compose`]; also when the control file names no package.
    pub fn compose(
        control: &[u8],
        want: &str,
        conffiles: &[Conffile],
        old: Option<&Self>,
    ) -> Result<Self, fields::FieldError> {
        let status = format!("{want} ok installed");
        let raw = fields::compose(control, &status, &write_conffiles(conffiles), old.map(Self::raw))?;
        let nameless =
            || fields::FieldError { field: "Package".into(), reason: "expected a package name", value: String::new() };
        Self::new(&raw).ok_or_else(nameless)
    }
}

fn read_conffiles(value: &[u8]) -> Vec<Conffile> {
    let mut conffiles = Vec::new();
    for line in value.split(|b| *b == b'\n') {
        let line = line.trim_ascii();
        // Flags stand at the end and the path may hold blanks, so lines are read from the right.
        let (mut rest, mut obsolete, mut remove_on_upgrade) = (line, false, false);
        loop {
            if let Some(head) = rest.strip_suffix(b" obsolete") {
                (rest, obsolete) = (head, true);
            } else if let Some(head) = rest.strip_suffix(b" remove-on-upgrade") {
                (rest, remove_on_upgrade) = (head, true);
            } else {
                break;
            }
        }
        let Some(blank) = rest.iter().rposition(|b| *b == b' ') else { continue };
        let Ok(path) = ImagePath::new(rest[..blank].trim_ascii_end()) else { continue };
        let hash = String::from_utf8_lossy(&rest[blank + 1..]).into_owned();
        conffiles.push(Conffile { path, hash, obsolete, remove_on_upgrade });
    }
    conffiles
}

fn write_conffiles(conffiles: &[Conffile]) -> String {
    let mut lines = String::new();
    for conffile in conffiles {
        let obsolete = if conffile.obsolete { " obsolete" } else { "" };
        let remove = if conffile.remove_on_upgrade { " remove-on-upgrade" } else { "" };
        let _ = writeln!(lines, " {} {}{obsolete}{remove}", conffile.path, conffile.hash);
    }
    lines
}

/// The whole status file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    stanzas: Vec<Stanza>,
}

impl Status {
    /// Reads the file. Paragraphs that name no package are dropped.
    pub fn parse(text: &[u8]) -> Self {
        Self { stanzas: paragraphs(text).filter_map(|paragraph| Stanza::new(paragraph.raw())).collect() }
    }

    /// The file: a blank line after each stanza.
    pub fn write(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.stanzas.iter().map(|stanza| stanza.raw.len() + 1).sum());
        for stanza in &self.stanzas {
            text.extend_from_slice(&stanza.raw);
            text.push(b'\n');
        }
        text
    }

    /// The stanzas in the file's order.
    pub fn stanzas(&self) -> &[Stanza] {
        &self.stanzas
    }

    /// The index of a package: `name`, or `name:architecture` where several are installed.
    pub fn find(&self, name: &str) -> Option<usize> {
        let (name, architecture) = name.split_once(':').map_or((name, None), |(name, arch)| (name, Some(arch)));
        let fits = |stanza: &&Stanza| stanza.package == name && architecture.is_none_or(|a| stanza.architecture == a);
        // A removed instance may linger beside the installed one.
        let installed = self.stanzas.iter().position(|stanza| fits(&stanza) && stanza.is_installed());
        installed.or_else(|| self.stanzas.iter().position(|stanza| fits(&stanza)))
    }

    /// Puts a stanza in place of the one at `index`, without moving the others.
    pub fn replace(&mut self, index: usize, stanza: Stanza) {
        if let Some(place) = self.stanzas.get_mut(index) {
            *place = stanza;
        }
    }

    /// Records a package: in place of its old stanza, or where dpkg's order (name, then architecture) puts it.
    pub fn record(&mut self, stanza: Stanza) {
        let key = |s: &Stanza| (s.package.clone(), s.architecture.clone());
        let new = key(&stanza);
        match self.stanzas.iter().position(|old| key(old) == new) {
            Some(index) => self.replace(index, stanza),
            None => {
                let at = self.stanzas.iter().position(|old| key(old) > new).unwrap_or(self.stanzas.len());
                self.stanzas.insert(at, stanza);
            }
        }
    }

    /// Takes a package's stanza away.
    pub fn forget(&mut self, package: &str, architecture: &str) {
        self.stanzas.retain(|stanza| stanza.package != package || stanza.architecture != architecture);
    }
}

/// The first line of a status file that dpkg would not read, with its number: what is neither a field nor the continuation of one, a
/// paragraph that names no package, a last line without its end.
pub fn damage(text: &[u8]) -> Option<(usize, String)> {
    let damaged = |number: usize, line: &[u8]| {
        let shown = &line[..line.len().min(80)];
        Some((number, String::from_utf8_lossy(shown).into_owned()))
    };
    let name = |line: &[u8]| {
        let colon = memchr::memchr(b':', line)?;
        let plain = colon > 0 && line[0] != b'-' && line[..colon].iter().all(u8::is_ascii_graphic);
        plain.then(|| line[..colon].to_ascii_lowercase())
    };
    // Where the paragraph began, and whether it has named its package.
    let (mut start, mut named) = (None, true);
    let mut number = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        number += 1;
        if line.contains(&0) || line.last() != Some(&b'\n') {
            return damaged(number, line);
        }
        let line = line.trim_ascii_end();
        if line.is_empty() {
            if let Some((at, first)) = start.take().filter(|_| !named) {
                return damaged(at, first);
            }
            continue;
        }
        let begins = start.is_none();
        let continued = line[0].is_ascii_whitespace() && !begins;
        match name(line) {
            _ if continued => {}
            Some(field) => {
                named = field == b"package" || (named && !begins);
                start = start.or(Some((number, line)));
            }
            None => return damaged(number, line),
        }
    }
    start.filter(|_| !named).and_then(|(at, first)| damaged(at, first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "Package: a\nStatus: install ok installed\nMulti-Arch: same\nArchitecture: amd64\nVersion: 1\nConffiles:\n /etc/a b 0123 obsolete\n \
        /etc/c newconffile\nDescription: trailing blank \n more\n\nPackage: c\nStatus: hold ok installed\nArchitecture: all\nVersion: 2\n\n";

    #[test]
    fn what_is_not_changed_is_written_as_it_was() {
        let status = Status::parse(TEXT.as_bytes());
        assert_eq!(String::from_utf8(status.write()).unwrap(), TEXT);
        let a = &status.stanzas()[0];
        assert_eq!(a.info_name(), "a:amd64");
        assert_eq!(a.conffiles[0].path, ImagePath::literal("/etc/a b"));
        assert!(a.conffiles[0].obsolete && !a.conffiles[1].obsolete);
        assert_eq!(a.with_conffiles(a.conffiles.clone()).raw(), a.raw());
        assert!(!String::from_utf8_lossy(a.with_conffiles(vec![]).raw()).contains("Conffiles"));
    }

    #[test]
    fn damage_is_found_where_it_is() {
        assert_eq!(damage(TEXT.as_bytes()), None);
        assert_eq!(damage(b""), None);
        for (text, expected) in [
            ("Package: a\nVersion", (2, "Version")),
            ("Package: a\nStat", (2, "Stat")),
            ("Package: a\n\nVersion: 1\nStatus: x\n", (3, "Version: 1")),
            ("Package: a\n\nVersion: 1\nStatus: x\n\nPackage: b\n", (3, "Version: 1")),
            ("\n continued\n", (2, " continued")),
            ("Package: a\nno field\n", (2, "no field")),
            ("Package: a\nwith blank: x\n", (2, "with blank: x")),
            ("Package: a\nX: \0\n", (2, "X: \0\n")),
            ("\u{1f}\u{8b}\u{8}garbage", (1, "\u{1f}\u{8b}\u{8}garbage")),
        ] {
            assert_eq!(damage(text.as_bytes()), Some((expected.0, expected.1.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn recording_keeps_the_order_of_name_and_architecture() {
        let mut status = Status::parse(TEXT.as_bytes());
        for (name, arch) in [("b", "all"), ("a", "i386"), ("a", "amd64"), ("d", "all")] {
            status.record(
                Stanza::new(format!("Package: {name}\nArchitecture: {arch}\nVersion: 9\n").as_bytes()).unwrap(),
            );
        }
        let order: Vec<_> = status.stanzas().iter().map(|s| format!("{}:{}", s.package, s.architecture)).collect();
        assert_eq!(order, ["a:amd64", "a:i386", "b:all", "c:all", "d:all"]);
        status.forget("b", "all");
        assert_eq!(status.find("b"), None);
        assert_eq!(status.find("a:i386"), Some(1));
    }

    proptest! {
        #[test]
        fn any_bytes_survive_two_rounds(bytes in proptest::collection::vec(proptest::sample::select(b"Package: a\n #b".to_vec()), 0..200)) {
            let once = Status::parse(&bytes);
            prop_assert_eq!(Status::parse(&once.write()), once);
        }
    }
}
