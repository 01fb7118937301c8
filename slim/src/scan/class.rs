//! Texts in compiled classes of Java: files and programs that an application names.
//!
//! <https://docs.oracle.com/javase/specs/jvms/se17/html/jvms-4.html#jvms-4.4>.

use super::{Finding, Scene, calls};
use crate::graph::Rule;
use crate::path::ImagePath;
use std::collections::BTreeMap;

/// How every class begins.
const MAGIC: [u8; 4] = [0xca, 0xfe, 0xba, 0xbe];

/// Classes of which one starts programs, by the name that a class which uses it holds.
const STARTERS: [&str; 2] = ["java/lang/ProcessBuilder", "java/lang/Runtime"];

/// Whether a file begins as a class does.
pub fn is_class(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

/// Adds the files that texts of an application's class name, and the programs: any where it starts some, else those that a class elsewhere may
/// start for it, a program that not every image has, alone or before what shows that it is one.
pub fn find(scene: &Scene<'_>, path: &ImagePath, class: &[u8], finding: &mut Finding) {
    let Some(constants) = Constants::read(class) else { return };
    let starts = constants.names.values().any(|name| STARTERS.contains(name));
    for text in constants.texts() {
        if text.starts_with('/') && !text.ends_with('/') {
            finding.edges.extend(scene.follow_name(Some(path), text, Rule::String, &format!("{text:?}")));
        }
        if starts || calls::may_start(scene, text) {
            calls::start(scene, Some(path), "a text of a class", &[text.to_owned()], finding);
        }
    }
}

/// What a class holds: names by their place in its table, and the places of texts.
struct Constants<'c> {
    names: BTreeMap<u16, &'c str>,
    texts: Vec<u16>,
}

impl<'c> Constants<'c> {
    /// Reads the table; `None` when it is damaged.
    fn read(class: &'c [u8]) -> Option<Self> {
        let mut rest = class.strip_prefix(&MAGIC)?.get(4..)?;
        let mut take = |count: usize| -> Option<&'c [u8]> {
            let (taken, left) = rest.split_at_checked(count)?;
            rest = left;
            Some(taken)
        };
        let number = |bytes: &[u8]| u16::from_be_bytes([bytes[0], bytes[1]]);
        let count = number(take(2)?);
        let (mut names, mut texts) = (BTreeMap::new(), Vec::new());
        let mut index = 1;
        while index < count {
            match take(1)?[0] {
                1 => {
                    let length = number(take(2)?);
                    // Texts beyond ASCII are written in a way of Java's own; no path or command of interest is.
                    names.extend(std::str::from_utf8(take(length.into())?).ok().map(|name| (index, name)));
                }
                8 => texts.push(number(take(2)?)),
                7 | 16 | 19 | 20 => drop(take(2)?),
                15 => drop(take(3)?),
                3 | 4 | 9 | 10 | 11 | 12 | 17 | 18 => drop(take(4)?),
                5 | 6 => {
                    take(8)?;
                    // Long numbers take two places.
                    index = index.checked_add(1)?;
                }
                _ => return None,
            }
            index = index.checked_add(1)?;
        }
        Some(Self { names, texts })
    }

    fn texts(&self) -> impl Iterator<Item = &'c str> {
        self.texts.iter().filter_map(|index| self.names.get(index).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A class of these names, of which those marked with `"` are texts.
    fn class(names: &[&str]) -> Vec<u8> {
        let mut table = vec![5, 0, 0, 0, 0, 0, 0, 0, 1];
        let mut count = 3u16;
        for name in names {
            let text = name.strip_prefix('"');
            let bytes = text.unwrap_or(name).as_bytes();
            table.push(1);
            table.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
            table.extend(bytes);
            count += 1;
            if text.is_some() {
                table.push(8);
                table.extend((count - 1).to_be_bytes());
                count += 1;
            }
        }
        [&MAGIC[..], &[0, 0, 0, 61], &count.to_be_bytes(), &table].concat()
    }

    #[test]
    fn texts_of_a_class_are_told_from_its_names() {
        let bytes = class(&["java/lang/ProcessBuilder", "\"convert a b", "sort", "\"/usr/share/x"]);
        let constants = Constants::read(&bytes).unwrap();
        assert_eq!(constants.texts().collect::<Vec<_>>(), ["convert a b", "/usr/share/x"]);
        assert!(constants.names.values().any(|name| *name == "sort"));
        for end in 0..bytes.len() {
            assert!(Constants::read(&bytes[..end]).is_none(), "{end}");
        }
    }
}
