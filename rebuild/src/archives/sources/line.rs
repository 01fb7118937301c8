//! One-line style: `deb [option=value …] URI SUITE COMPONENT…`.

use super::entry::How;
use super::{Entry, Source, SourcesError};

pub(super) fn read(file: &str, text: &str) -> Result<Vec<Source>, SourcesError> {
    let mut sources = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        let place = format!("{file}:{}", number + 1);
        let Some((kind, rest)) = line.split_once([' ', '\t']) else {
            if line.is_empty() {
                continue;
            }
            return Err(SourcesError { place, problem: format!("{line:?} is not a source") });
        };
        match kind {
            "deb" => sources.extend(entry(place, rest.trim())?.spread()?),
            "deb-src" => {}
            _ => return Err(SourcesError { place, problem: format!("{kind:?} is not a type of source") }),
        }
    }
    Ok(sources)
}

fn entry(place: String, mut rest: &str) -> Result<Entry, SourcesError> {
    let mut entry = Entry::at(place);
    let error = |place: &str, problem: &str| SourcesError { place: place.into(), problem: problem.into() };
    if let Some(inside) = rest.strip_prefix('[') {
        let Some((options, after)) = inside.split_once(']') else {
            return Err(error(&entry.place, "the options have no closing bracket"));
        };
        for option in options.split_ascii_whitespace() {
            let Some((name, value)) = option.split_once('=') else {
                return Err(error(&entry.place, "an option has no value"));
            };
            let (name, how) = match (name.strip_suffix('+'), name.strip_suffix('-')) {
                (Some(name), _) => (name, How::Add),
                (None, Some(name)) => (name, How::Remove),
                (None, None) => (name, How::Set),
            };
            entry.option(&name.to_ascii_lowercase(), how, value)?;
        }
        rest = after.trim();
    }
    // `cdrom:[label with blanks]/` is one address.
    let end = match rest.find('[') {
        Some(open) if rest.starts_with("cdrom:") => rest[open..].find(']').map_or(rest.len(), |close| open + close),
        _ => 0,
    };
    let end = rest[end..].find([' ', '\t']).map_or(rest.len(), |at| end + at);
    entry.uris = vec![rest[..end].to_owned()];
    let mut words = rest[end..].split_ascii_whitespace().map(str::to_owned);
    entry.suites = words.next().into_iter().collect();
    entry.components = words.collect();
    Ok(entry)
}
