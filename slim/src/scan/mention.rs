//! Texts that tell of a use where no header, import or path does: the name of a class in the files of an application, an option on a
//! command line.
//!
//! Java's classes name what they use in plain text, and archives of classes are zip files, which may lie in each other. What cannot be
//! looked into is taken to hold every text.

use super::archive::ArchiveError;
use super::{Scene, archive};
use crate::launch::Launch;
use crate::path::ImagePath;
use crate::tree::{ContentReader, Node};
use memchr::memmem;
use std::collections::BTreeSet;
use std::io::{BufReader, Read};

/// How much of a file is held at a time.
const PIECE: usize = 1 << 20;

/// Ends of names of classes and of archives of them.
const JAVA: [&[u8]; 6] = [b".class", b".jar", b".war", b".ear", b".jsp", b".groovy"];

/// Whether a file is a class, or holds some, by its name.
pub fn is_java(path: &ImagePath) -> bool {
    JAVA.iter().any(|end| path.file_name().ends_with(end))
}

/// Whether an owned file tells a program what to do: a script, or configuration.
pub fn is_told(scene: &Scene<'_>, path: &ImagePath) -> bool {
    let file = scene.tree.get(path).and_then(Node::as_file);
    path.as_bytes().starts_with(b"etc/")
        || file.is_some_and(|file| scene.contents.head(&file.content, 2).is_ok_and(|head| head.starts_with(b"#!")))
}

/// What a script or a configuration tells its program: its text, with blanks for what only people read (`# …`, `; …`, `// …`, and a `#`
/// between blanks), so that every other byte keeps its place.
pub fn without_comments(mut text: Vec<u8>) -> Vec<u8> {
    for line in text.split_mut(|byte| *byte == b'\n') {
        let first = line.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(line.len());
        let whole = matches!(line[first..], [b'#' | b';', ..] | [b'/', b'/', ..]);
        let behind = || line.windows(3).position(|three| matches!(three, [b' ' | b'\t', b'#', b' ' | b'\t']));
        let from = if whole { Some(first) } else { behind() };
        if let Some(from) = from {
            line[from..].fill(b' ');
        }
    }
    text
}

/// Which of the texts the image's configuration holds.
pub fn of_launch(launch: &Launch, sought: &BTreeSet<&str>) -> Vec<String> {
    let told: Vec<&str> = launch.told().map(|(text, _)| text).collect();
    let held = sought.iter().filter(|text| told.iter().any(|word| word.contains(**text)));
    held.map(|text| (*text).to_owned()).collect()
}

/// Which of the texts a file of the image holds.
pub fn of_file(scene: &Scene<'_>, path: &ImagePath, sought: &BTreeSet<&str>) -> Vec<String> {
    let Some(file) = scene.tree.get(path).and_then(Node::as_file) else { return Vec::new() };
    let reader = || ContentReader::new(scene.contents, &file.content);
    let mut search = Search::new(sought);
    if search.stream(reader()).is_err() {
        return sought.iter().map(|text| (*text).to_owned()).collect();
    }
    let begins = archive::is_archive(&scene.contents.head(&file.content, 4).unwrap_or_default());
    if begins || is_java(path) {
        match archive::each(BufReader::new(reader()), &mut |text| search.bytes(text)) {
            Ok(()) => {}
            // A class, or a page of text.
            Err(ArchiveError::NoArchive(_)) if !begins => {}
            Err(_) => return sought.iter().map(|text| (*text).to_owned()).collect(),
        }
    }
    search.found.into_iter().map(str::to_owned).collect()
}

/// A search for several texts at once.
struct Search<'t> {
    open: Vec<(&'t str, memmem::Finder<'t>)>,
    found: BTreeSet<&'t str>,
}

impl<'t> Search<'t> {
    fn new(sought: &BTreeSet<&'t str>) -> Self {
        let open = sought.iter().map(|text| (*text, memmem::Finder::new(*text))).collect();
        Self { open, found: BTreeSet::new() }
    }

    /// Whether there is still something to look for.
    fn bytes(&mut self, bytes: &[u8]) -> bool {
        let found = &mut self.found;
        self.open.retain(|(text, finder)| {
            let holds = finder.find(bytes).is_some();
            if holds {
                found.insert(text);
            }
            !holds
        });
        !self.open.is_empty()
    }

    /// All that a reader gives, by pieces that overlap by as much as a text may lie across two.
    fn stream(&mut self, mut reader: impl Read) -> std::io::Result<()> {
        let overlap = self.open.iter().map(|(text, _)| text.len().saturating_sub(1)).max().unwrap_or_default();
        let mut piece = Vec::new();
        loop {
            let before = piece.len();
            let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
            if read == 0 || !self.bytes(&piece) {
                return Ok(());
            }
            piece.drain(..(before + read).saturating_sub(overlap));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_the_configuration() {
        let launch = Launch {
            entrypoint: vec!["java".into(), "-Xshare:on".into()],
            env: vec![("OPTIONS".into(), "-Da=b".into())],
            ..Launch::default()
        };
        assert_eq!(of_launch(&launch, &BTreeSet::from(["-Xshare:on", "-Da", "-Db"])), ["-Da", "-Xshare:on"]);
    }

    #[test]
    fn texts_are_found_across_the_pieces_of_a_file() {
        let sought = BTreeSet::from(["needle", "absent"]);
        for at in [0, PIECE - 3, PIECE - 6, PIECE, 2 * PIECE - 1] {
            let bytes = [&vec![b'.'; at][..], b"needle", &[b'.'; 9]].concat();
            let mut search = Search::new(&sought);
            search.stream(&bytes[..]).unwrap();
            assert_eq!(search.found, BTreeSet::from(["needle"]), "{at}");
        }
    }

    #[test]
    fn comments_are_blank_and_leave_all_else_where_it_is() {
        let text = b"; Big5\ncharset = utf-8 ; SJIS\n\t# EUC-JP\n\n#\n// a\nb # c\nd#e\nend";
        let expected = b"      \ncharset = utf-8 ; SJIS\n\t        \n\n \n    \nb    \nd#e\nend";
        assert_eq!(without_comments(text.to_vec()), expected);
    }

    #[test]
    fn names_tell_classes_and_archives() {
        for (name, expected) in [("/a/b.jar", true), ("/B.class", true), ("/jar", false), ("/a.jar.txt", false)] {
            assert_eq!(is_java(&ImagePath::literal(name)), expected, "{name}");
        }
    }
}
