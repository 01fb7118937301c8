//! deb822 style: paragraphs with `Types`, `URIs`, `Suites`, `Components`.

use super::{Entry, Source, SourcesError, yes};
use slim::packages::dpkg::paragraph::paragraphs;

pub(super) fn read(file: &str, text: &str) -> Result<Vec<Source>, SourcesError> {
    // A comment line is nothing, even between paragraphs and inside values.
    let text: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let mut sources = Vec::new();
    for (number, paragraph) in paragraphs(text.as_bytes()).enumerate() {
        let words = |name: &str| {
            let value = paragraph.get(name).unwrap_or_default();
            value.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let enabled = paragraph.get("Enabled").and_then(|value| yes(&value)).unwrap_or(true);
        if !enabled || !words("Types").iter().any(|kind| kind == "deb") {
            continue;
        }
        let mut entry = Entry {
            place: format!("{file}, paragraph {}", number + 1),
            uris: words("URIs"),
            suites: words("Suites"),
            components: words("Components"),
            ..Entry::default()
        };
        for (name, value) in paragraph.fields() {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            entry.option(&name, &String::from_utf8_lossy(value))?;
        }
        sources.extend(entry.spread()?);
    }
    Ok(sources)
}
