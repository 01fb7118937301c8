//! deb822 style: paragraphs with `Types`, `URIs`, `Suites`, `Components`.

use super::entry::How;
use super::{Entry, Source, SourcesError, yes};
use slim::packages::dpkg::paragraph::paragraphs;

pub(super) fn read(file: &str, text: &str) -> Result<Vec<Source>, SourcesError> {
    let text = plain(text);
    let mut sources = Vec::new();
    for (number, paragraph) in paragraphs(text.as_bytes()).enumerate() {
        let words = |name: &str| {
            let value = paragraph.get(name).unwrap_or_default();
            value.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let place = format!("{file}, paragraph {}", number + 1);
        let enabled = paragraph.get("Enabled").and_then(|value| yes(&value)).unwrap_or(true);
        let types = words("Types");
        if let Some(other) = types.iter().find(|kind| !matches!(kind.as_str(), "deb" | "deb-src")) {
            return Err(SourcesError { place, problem: format!("{other:?} is not a type of source") });
        }
        if !enabled || !types.iter().any(|kind| kind == "deb") {
            continue;
        }
        let mut entry = Entry::at(place);
        (entry.uris, entry.suites, entry.components) = (words("URIs"), words("Suites"), words("Components"));
        for (name, value) in paragraph.fields() {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            let (name, how) = match (name.strip_suffix("-add"), name.strip_suffix("-remove")) {
                (Some(name), _) => (name, How::Add),
                (None, Some(name)) => (name, How::Remove),
                (None, None) => (name.as_str(), How::Set),
            };
            entry.option(name, how, &String::from_utf8_lossy(value))?;
        }
        sources.extend(entry.spread()?);
    }
    Ok(sources)
}

/// The text without comment lines, which are nothing even between paragraphs and inside values. Inside a key a line of blanks is what `.`
/// is: apt takes it so, though elsewhere it would end the paragraph.
fn plain(text: &str) -> String {
    let (mut plain, mut key) = (String::new(), false);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        key = (key || line.contains("-----BEGIN PGP")) && !line.contains("-----END PGP");
        let blank = key && !line.is_empty() && line.trim().is_empty();
        plain += if blank { " ." } else { line };
        plain.push('\n');
    }
    plain
}
