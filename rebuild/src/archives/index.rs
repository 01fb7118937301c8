//! `Packages` indexes: reduced to what deciding an upgrade needs, and searched by name.

use slim::packages::dpkg::paragraph::Paragraph;
use slim::packages::dpkg::{MultiArch, RelationError, Relations, Version, VersionError};
use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

/// The fields that are kept; descriptions, tags and maintainers are three quarters of an index.
const KEPT: [&str; 18] = [
    "Package",
    "Source",
    "Version",
    "Architecture",
    "Multi-Arch",
    "Essential",
    "Protected",
    "Priority",
    "Pre-Depends",
    "Depends",
    "Breaks",
    "Conflicts",
    "Provides",
    "Replaces",
    "Filename",
    "Size",
    "SHA256",
    "Phased-Update-Percentage",
];

/// No line of a real index is longer than some 60 kB.
const LINE_LIMIT: u64 = 1 << 20;

/// Where a candidate is from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Base address, without credentials: `http://deb.example.org/debian`.
    pub base: String,
    /// Base address for requests.
    pub(crate) fetch_base: String,
    /// The host that the image's source names, as `Pin: origin` means it: where another address is read for it, preferences still hold.
    pub site: String,
    /// Path below `dists/`, as the source names it.
    pub dist: String,
    /// Component.
    pub component: String,
    /// `Origin` of the release.
    pub origin: String,
    /// `Label` of the release.
    pub label: String,
    /// `Suite` of the release.
    pub suite: String,
    /// `Codename` of the release.
    pub codename: String,
    /// `Version` of the release.
    pub version: String,
    /// Whether the archive brings security updates: its suite or codename ends in `-security`, its label speaks of security, or the dist is
    /// `…/updates`.
    pub security: bool,
    /// `NotAutomatic: yes`.
    pub not_automatic: bool,
    /// `ButAutomaticUpgrades: yes`.
    pub but_automatic_upgrades: bool,
}

/// A package as an archive offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Name.
    pub name: String,
    /// Version.
    pub version: Version,
    /// Architecture, or `all`.
    pub architecture: String,
    /// Source package and its version, where they differ from the package's.
    pub source: Option<(String, Option<String>)>,
    /// Path below the base address.
    pub filename: String,
    /// Bytes of the `.deb`.
    pub size: u64,
    /// SHA-256 of the `.deb`, lower-case hexadecimal.
    pub sha256: String,
    /// The `Multi-Arch` field.
    pub multi_arch: MultiArch,
    /// `Essential: yes` or `Protected: yes`.
    pub essential: bool,
    /// `Priority`: `optional`.
    pub priority: String,
    /// Relations.
    pub relations: Relations,
    /// `Phased-Update-Percentage`. No machine's id is asked: apt ignores the number in chroots unless it is told to wait for all, and a
    /// result that depends on a machine's id is not reproducible.
    pub phased: Option<u8>,
    /// The archive.
    pub origin: Arc<Origin>,
    /// What makes it impossible to install this version, however good it is: what is not understood is not in the fields above.
    pub unusable: Option<StanzaProblem>,
}

impl Candidate {
    /// Name of the source package.
    pub fn source_name(&self) -> &str {
        self.source.as_ref().map_or(&self.name, |(name, _)| name)
    }
}

/// A paragraph of an index that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{package} {version}: {problem}")]
pub struct StanzaError {
    /// The package.
    pub package: String,
    /// The version as written.
    pub version: String,
    /// What is wrong.
    pub problem: StanzaProblem,
}

/// What can be wrong with a paragraph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StanzaProblem {
    /// A field that must be there.
    #[error("it has no valid {0}")]
    Field(&'static str),
    /// A bad version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// A bad relation.
    #[error(transparent)]
    Relation(#[from] RelationError),
}

/// Whether a file name may become part of an address: it must stay below the archive's.
pub(crate) fn is_filename(name: &str) -> bool {
    let strange = |part: &str| part.is_empty() || part == ".." || part.contains(['?', '#', '\\', ' ', ':']);
    !name.split('/').any(strange)
}

/// Reads an index and keeps what is needed: each paragraph begins with `Package:` and is followed by a blank line.
///
/// # Errors
/// When reading fails or a line is too long.
pub(crate) fn reduce(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let (mut reduced, mut package, mut fields, mut line) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut keeping = false;
    loop {
        line.clear();
        let count = reader.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line)?;
        if count as u64 == LINE_LIMIT {
            return Err(io::Error::other("a line is too long"));
        }
        if count == 0 || line.iter().all(u8::is_ascii_whitespace) {
            if !package.is_empty() {
                reduced.append(&mut package);
                reduced.append(&mut fields);
                reduced.push(b'\n');
            }
            fields.clear();
            if count == 0 {
                return Ok(reduced);
            }
            continue;
        }
        if line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if keeping {
                fields.extend_from_slice(&line);
            }
            continue;
        }
        let name = line.split(|b| *b == b':').next().unwrap_or_default();
        let field = KEPT.iter().position(|kept| kept.as_bytes().eq_ignore_ascii_case(name));
        keeping = field.is_some_and(|field| field > 0);
        if keeping {
            fields.extend_from_slice(&line);
        } else if field.is_some() {
            package.clear();
            package.extend_from_slice(b"Package: ");
            package.extend_from_slice(line[name.len() + 1..].trim_ascii());
            package.push(b'\n');
        }
    }
}

/// The paragraphs of the wanted packages in a reduced index.
pub(crate) fn select<'a>(reduced: &'a [u8], wanted: &BTreeSet<&str>) -> Vec<Paragraph<'a>> {
    paragraphs(reduced).filter(|(name, _)| wanted.contains(*name)).map(|(_, paragraph)| paragraph).collect()
}

/// The paragraphs of packages that provide one of the wanted names.
pub(crate) fn select_providers<'a>(reduced: &'a [u8], wanted: &BTreeSet<&str>) -> Vec<Paragraph<'a>> {
    let provides = memchr::memmem::Finder::new("\nProvides:");
    let fits = |paragraph: &Paragraph<'_>| {
        provides.find(paragraph.raw()).is_some()
            && paragraph.get("Provides").is_some_and(|value| {
                let names = value.split(',').map(|item| item.trim().split([' ', '(', ':']).next().unwrap_or(""));
                names.into_iter().any(|name| wanted.contains(name))
            })
    };
    paragraphs(reduced).map(|(_, paragraph)| paragraph).filter(fits).collect()
}

/// Reduced text is regular: no scan for blanks is needed, only for the empty lines.
fn paragraphs(reduced: &[u8]) -> impl Iterator<Item = (&str, Paragraph<'_>)> {
    let mut rest = reduced;
    std::iter::from_fn(move || {
        let end = memchr::memmem::find(rest, b"\n\n")?;
        let (paragraph, tail) = (&rest[..end + 1], &rest[end + 2..]);
        rest = tail;
        let line = &paragraph[..memchr::memchr(b'\n', paragraph)?];
        let name = line.strip_prefix(b"Package: ").and_then(|name| std::str::from_utf8(name).ok()).unwrap_or("");
        Some((name, Paragraph::new(paragraph)))
    })
}

impl Candidate {
    /// Reads a paragraph of an index. One that is not sound is a candidate that cannot be used: an archive may hold broken packages beside
    /// good ones, and which of them matters is decided later.
    ///
    /// # Errors
    /// When it has no version that could be compared.
    pub fn read(paragraph: &Paragraph<'_>, origin: &Arc<Origin>) -> Result<Self, StanzaError> {
        let text = |name: &str| paragraph.get(name).unwrap_or_default().into_owned();
        let (name, version) = (text("Package"), text("Version"));
        let source = paragraph.get("Source").map(|value| match value.split_once('(') {
            Some((source, version)) => {
                (source.trim().to_owned(), Some(version.trim_end_matches(')').trim().to_owned()))
            }
            None => (value.trim().to_owned(), None),
        });
        let filename = text("Filename").trim_start_matches("./").to_owned();
        let sha256 = text("SHA256").to_ascii_lowercase();
        let architecture = text("Architecture");
        let size = text("Size").parse().ok();
        let (relations, bad_relation) = match Relations::of(paragraph) {
            Ok(relations) => (relations, None),
            Err(error) => (Relations::default(), Some(error.into())),
        };
        let bad_field = [
            ("Filename", is_filename(&filename)),
            ("SHA256", super::release::is_sha256(&sha256)),
            ("Architecture", !architecture.is_empty()),
            ("Size", size.is_some()),
        ]
        .into_iter()
        .find_map(|(field, good)| (!good).then_some(StanzaProblem::Field(field)));
        Ok(Self {
            version: Version::new(&version).map_err(|problem| StanzaError {
                package: name.clone(),
                version: version.clone(),
                problem: problem.into(),
            })?,
            unusable: bad_field.or(bad_relation),
            size: size.unwrap_or_default(),
            multi_arch: MultiArch::of(paragraph),
            essential: text("Essential") == "yes" || text("Protected") == "yes",
            priority: text("Priority"),
            phased: text("Phased-Update-Percentage").parse().ok(),
            origin: origin.clone(),
            relations,
            name,
            filename,
            architecture,
            source,
            sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "Package: a\nVersion: 1\nDescription: x\n more\nDepends: b,\n c\nTag: y\n\n\nVersion: 2\nPackage: b\nProvides: v (= 1), w\n\nPackage: c\nVersion: 3";

    #[test]
    fn an_index_is_reduced_and_searched() {
        let reduced = reduce(INDEX.as_bytes()).unwrap();
        let text = "Package: a\nVersion: 1\nDepends: b,\n c\n\nPackage: b\nVersion: 2\nProvides: v (= 1), w\n\nPackage: c\nVersion: 3\n\n";
        assert_eq!(String::from_utf8_lossy(&reduced), text);
        assert_eq!(reduce(&reduced[..]).unwrap(), reduced, "reducing twice changes nothing");
        let versions =
            |all: Vec<Paragraph<'_>>| all.iter().map(|p| p.get("Version").unwrap().into_owned()).collect::<Vec<_>>();
        assert_eq!(versions(select(&reduced, &BTreeSet::from(["a", "c", "v"]))), ["1", "3"]);
        assert_eq!(versions(select_providers(&reduced, &BTreeSet::from(["w"]))), ["2"]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        assert!(reduce(io::repeat(b'x')).is_err());
    }

    #[test]
    fn what_is_wrong_with_a_paragraph_makes_its_candidate_unusable() {
        let good = format!(
            "Package: a\nVersion: 1-1+b1\nArchitecture: amd64\nSource: src (1-1)\nFilename: ./pool/a.deb\nSize: 5\nSHA256: {}\n",
            "AB".repeat(32)
        );
        let read = |text: &str| Candidate::read(&Paragraph::new(text.as_bytes()), &Arc::default());
        let candidate = read(&good).unwrap();
        assert_eq!(candidate.source, Some(("src".into(), Some("1-1".into()))));
        assert_eq!((candidate.filename.as_str(), candidate.sha256.as_str()), ("pool/a.deb", "ab".repeat(32).as_str()));
        assert_eq!(candidate.unusable, None);
        assert!(read(&good.replace("1-1+b1", "1 1")).is_err(), "a version that cannot be compared");
        for (from, to, expected) in [
            ("./pool/a.deb", "../a.deb", "it has no valid Filename"),
            ("./pool/a.deb", "/etc/passwd", "it has no valid Filename"),
            ("./pool/a.deb", "http://evil.example/a.deb", "it has no valid Filename"),
            ("Size: 5", "Size: many", "it has no valid Size"),
            ("SHA256: ABAB", "SHA256: AB", "it has no valid SHA256"),
            ("Source: src (1-1)", "Breaks: x | y", "relation \"x | y\": alternatives are not allowed in Breaks"),
        ] {
            assert_eq!(read(&good.replace(from, to)).unwrap().unusable.unwrap().to_string(), expected);
        }
    }
}
