//! Notes about libraries that are opened at run time (`.note.dlopen`, UAPI group "ELF dlopen metadata").

use super::raw::Raw;

/// Type of the note, with owner `FDO`.
const DLOPEN: u32 = 0x407c_0c0a;
/// Bytes of one note's description.
const NOTE_LIMIT: usize = 1 << 16;
/// Notes of one file.
const COUNT_LIMIT: usize = 1024;

/// How much a program misses a library that it opens at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Does not work without.
    Required,
    /// Works, but should have it: the default.
    Recommended,
    /// Nice to have.
    Suggested,
}

/// One library, or alternatives to it, that a program may open.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DlopenNote {
    /// Names to open, in order: the first that exists is taken.
    pub sonames: Vec<String>,
    /// How much it is missed.
    pub priority: Priority,
    /// The feature that needs it.
    pub feature: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// Adds the notes of one segment; what is damaged is passed over.
pub(super) fn read(raw: &Raw<'_>, segment: &[u8], found: &mut Vec<DlopenNote>) {
    let raw = Raw { bytes: segment, ..*raw };
    let padded = |size: u32| u64::from(size).next_multiple_of(4);
    let mut at = 0u64;
    while let (Some(name), Some(size), Some(kind)) = (raw.u32(at), raw.u32(at + 4), raw.u32(at + 8)) {
        let description = at + 12 + padded(name);
        if kind == DLOPEN
            && raw.span(at + 12, name.into()).is_some_and(|owner| owner == b"FDO\0")
            && let Some(text) = raw.span(description, size.into()).filter(|text| text.len() <= NOTE_LIMIT)
        {
            found.extend(entries(text));
            found.truncate(COUNT_LIMIT);
        }
        at = description + padded(size);
    }
}

fn entries(text: &[u8]) -> Vec<DlopenNote> {
    let text = text.split(|b| *b == 0).next().unwrap_or_default();
    let Ok(serde_json::Value::Array(entries)) = serde_json::from_slice(text) else { return Vec::new() };
    let entry = |value: serde_json::Value| {
        let word = |key: &str| value.get(key).and_then(|word| word.as_str()).map(str::to_owned);
        let sonames: Vec<_> =
            value.get("soname")?.as_array()?.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect();
        let priority = match word("priority").as_deref() {
            Some("required") => Priority::Required,
            Some("suggested") => Priority::Suggested,
            _ => Priority::Recommended,
        };
        (!sonames.is_empty()).then(|| DlopenNote {
            sonames,
            priority,
            feature: word("feature"),
            description: word("description"),
        })
    };
    entries.into_iter().filter_map(entry).collect()
}
