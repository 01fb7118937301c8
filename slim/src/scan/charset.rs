//! Names of character sets: what `iconv_open` is asked for, and the converters that glibc's lists have for them.
//!
//! Of some hundred converters a program that calls `iconv_open` asks for few, and those it mostly names: in itself, in the application's
//! files, or in what starts it. Names are found as whole words, in either case, as `iconv_open` compares them.

use crate::path::ImagePath;
use crate::tree::{Contents, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// The folder of converters and of their lists.
const FOLDER: &[u8] = b"gconv";

/// Lists above this are no lists; the real ones have some kilobytes.
const LIST_LIMIT: u64 = 1 << 20;

/// As long as a name is looked for; the longest real one has 29 characters.
const NAME_LIMIT: usize = 48;

/// Aliases of aliases that are followed.
const ALIAS_LIMIT: usize = 8;

/// The character sets that an image has converters for.
#[derive(Debug, Clone, Default)]
pub struct Charsets {
    converters: BTreeMap<Vec<u8>, BTreeSet<ImagePath>>,
    /// Folders of converters.
    folders: BTreeSet<ImagePath>,
    /// Folders that list what is not core apart, and whose lists are cached.
    parted: BTreeSet<ImagePath>,
}

impl Charsets {
    /// Reads the lists of a tree (`gconv-modules` and `gconv-modules.d/*.conf`).
    pub fn new(tree: &Tree, contents: &dyn Contents) -> Self {
        let mut charsets = Self::default();
        let mut aliases: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for (path, node) in tree.iter() {
            let Some((folder, list)) = place(path) else { continue };
            if !list {
                // A converter's own name is one of its set's.
                if let Some(stem) = path.file_name().strip_suffix(b".so") {
                    charsets.add(stem, path.clone());
                    charsets.folders.insert(folder);
                }
                continue;
            }
            let is_cached = || folder.join("gconv-modules.cache").is_ok_and(|cache| tree.contains(&cache));
            if path.parent().as_ref() != Some(&folder) && is_cached() {
                charsets.parted.insert(folder.clone());
            }
            let file = node.as_file().filter(|file| file.content.size() <= LIST_LIMIT);
            let Some(bytes) = file.and_then(|file| contents.read(&file.content).ok()) else { continue };
            for line in bytes.split(|b| *b == b'\n') {
                charsets.line(tree, &folder, line, &mut aliases);
            }
        }
        for alias in aliases.keys() {
            let mut name = alias;
            for _ in 0..ALIAS_LIMIT {
                let Some(next) = aliases.get(name) else { break };
                name = next;
            }
            if let Some(converters) = charsets.converters.get(name).cloned() {
                charsets.converters.entry(alias.clone()).or_default().extend(converters);
            }
        }
        charsets
    }

    /// `module FROM// TO// FILE COST` or `alias NAME// NAME//`, in a list whose converters lie in `folder`.
    fn line(&mut self, tree: &Tree, folder: &ImagePath, line: &[u8], aliases: &mut BTreeMap<Vec<u8>, Vec<u8>>) {
        let words = line.split(|b| *b == b'#').next().unwrap_or_default().split(u8::is_ascii_whitespace);
        let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
        match words[..] {
            [b"alias", from, to, ..] => drop(aliases.insert(plain(from), plain(to))),
            [b"module", from, to, file, ..] => {
                let name = [file.strip_suffix(b".so").unwrap_or(file), b".so"].concat();
                let Ok(converter) = folder.join(name) else { return };
                for set in [from, to].into_iter().filter(|set| *set != b"INTERNAL" && tree.contains(&converter)) {
                    self.add(set, converter.clone());
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, set: &[u8], converter: ImagePath) {
        self.converters.entry(plain(set)).or_default().insert(converter);
    }

    /// Whether some converters can do without the others: glibc looks sets up in its cache and reads no list, so that the lists of what is
    /// not core may go with it. A set whose converter is missing is then one that `iconv_open` does not know.
    pub fn can_be_parted(&self) -> bool {
        !self.folders.is_empty() && self.folders.is_subset(&self.parted)
    }

    /// The converters of the sets that a text or a binary names, each set once, with the offset at which it does first.
    pub fn named(&self, text: &[u8]) -> Vec<(usize, &BTreeSet<ImagePath>)> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let is_binary = text.starts_with(b"\x7fELF");
        let mut at = 0;
        for word in text.split(|b| !is_part(*b)) {
            let name = || plain(word);
            // Two letters, or a number alone, are found in too many texts.
            if (3..=NAME_LIMIT).contains(&word.len())
                && word.iter().any(u8::is_ascii_alphabetic)
                && !(is_binary && is_among_code(text, at, word.len()))
                && let Some(converters) = self.converters.get(&name())
                && seen.insert(name())
            {
                found.push((at, converters));
            }
            at += word.len() + 1;
        }
        found
    }
}

/// The folder of converters that a file belongs to, and whether it is one of its lists.
fn place(path: &ImagePath) -> Option<(ImagePath, bool)> {
    let parent = path.parent()?;
    match (path.file_name(), parent.file_name()) {
        (b"gconv-modules", FOLDER) => Some((parent, true)),
        (name, FOLDER) if name.ends_with(b".so") => Some((parent, false)),
        (name, b"gconv-modules.d") if name.ends_with(b".conf") => {
            parent.parent().filter(|folder| folder.file_name() == FOLDER).map(|folder| (folder, true))
        }
        _ => None,
    }
}

/// Whether a word of a binary is a part of no text, but has instructions or numbers beside it that are no letters.
fn is_among_code(bytes: &[u8], at: usize, length: usize) -> bool {
    let neighbours = [at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at + length)];
    neighbours.into_iter().flatten().any(|b| *b != 0 && !b.is_ascii_graphic() && !b.is_ascii_whitespace())
}

/// A name without the error handler that may follow it, as lists are searched for it.
fn plain(name: &[u8]) -> Vec<u8> {
    name.split(|b| *b == b'/').next().unwrap_or_default().to_ascii_uppercase()
}

/// Characters of names of sets (`ISO_8859-1:1987`, `ANSI_X3.110`, `ISO-IR-9-1`, `ISO-8859-9E`).
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.' | b':' | b'(' | b')')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{MemoryContents, text};

    #[test]
    fn converters_are_found_by_name_alias_and_case() {
        let tree = text::tree(
            "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules = # comment\\nalias\tLATIN9// ISO-8859-15//\\nmodule ISO-8859-15// INTERNAL ISO8859-15 1\\nmodule GONE// INTERNAL GONE 1\n\
             /usr/lib/x86_64-linux-gnu/gconv/gconv-modules.d/more.conf = alias SHIFT-JIS// SJIS//\\nalias MS_KANJI// SHIFT-JIS//\\nalias LOOP// LOOP//\\nmodule SJIS// INTERNAL SJIS 1\\nmodule INTERNAL SJIS// SJIS 1\n\
             /usr/lib/x86_64-linux-gnu/gconv/ISO8859-15.so = x\n/usr/lib/x86_64-linux-gnu/gconv/SJIS.so = x\n\
             /opt/gconv-modules = module OTHER// INTERNAL OTHER 1",
        )
        .unwrap();
        let charsets = Charsets::new(&tree, &MemoryContents);
        assert!(!charsets.can_be_parted(), "nothing is cached");
        let cases: [(&[u8], &str); 10] = [
            (b"iconv -f shift-jis", "9 SJIS.so"),
            (b"\0ISO-8859-15//TRANSLIT\0latin9", "1 ISO8859-15.so, 23 ISO8859-15.so"),
            (b"ms_kanji", "0 SJIS.so"),
            (b"sjis SJIS 'Sjis'", "0 SJIS.so"),
            (b"sjisx xsjis sjis_1", ""),
            (b"GONE OTHER LOOP", ""),
            (b"ISO8859-15", "0 ISO8859-15.so"),
            (b"\x7fELF\0SJIs\xd3\x01SJIS\0", ""),
            (b"\x7fELF\0sjis//\0\xd3", "5 SJIS.so"),
            (b"", ""),
        ];
        for (text, expected) in cases {
            let told = charsets.named(text);
            let told = told.iter().flat_map(|(at, converters)| {
                converters.iter().map(move |path| format!("{at} {}", String::from_utf8_lossy(path.file_name())))
            });
            assert_eq!(told.collect::<Vec<_>>().join(", "), expected, "{}", String::from_utf8_lossy(text));
        }
        let folder = "/usr/lib/gconv/SJIS.so = x\n/usr/lib/gconv/gconv-modules.cache = x\n";
        for (more, expected) in [
            ("", false),
            ("/usr/lib/gconv/gconv-modules = module SJIS// INTERNAL SJIS 1", false),
            ("/usr/lib/gconv/gconv-modules.d/more.conf = module SJIS// INTERNAL SJIS 1", true),
            ("/usr/lib/gconv/gconv-modules.d/more.conf = x\n/usr/lib32/gconv/SJIS.so = x", false),
        ] {
            let tree = text::tree(&format!("{folder}{more}")).unwrap();
            assert_eq!(Charsets::new(&tree, &MemoryContents).can_be_parted(), expected, "{more}");
        }
    }
}
