//! Notes about libraries that are opened at run time (`.note.dlopen`, UAPI group "ELF dlopen metadata").

use goblin::container::Ctx;
use goblin::elf::note::NoteDataIterator;

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

/// Adds the notes of one segment; after a damaged one, the rest is passed over.
pub(super) fn read(context: Ctx, segment: &[u8], align: u64, found: &mut Vec<DlopenNote>) {
    // Notes are padded to 4 bytes, and in segments aligned to 8, to 8 (gABI, "Note Section"); nothing else occurs.
    let align = if align == 8 { 8 } else { 4 };
    let notes = NoteDataIterator { data: segment, size: segment.len(), offset: 0, ctx: (align, context) };
    for note in notes.map_while(Result::ok) {
        if note.n_type == DLOPEN && note.name == "FDO" && note.desc.len() <= NOTE_LIMIT {
            found.extend(entries(note.desc));
            found.truncate(COUNT_LIMIT);
        }
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
