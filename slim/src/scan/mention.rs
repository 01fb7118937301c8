//! Texts that tell of a use where no header, import or path does: the name of a class in the files of an application, an option on a
//! command line.
//!
//! Java's classes name what they use in plain text, and archives of classes are zip files, which may lie in each other. What cannot be
//! looked into is taken to hold every text.

use super::{Scene, archive};
use crate::launch::Launch;
use crate::path::ImagePath;
use crate::tree::Node;
use memchr::memmem;
use std::collections::BTreeSet;

/// Files above this are not read; they are taken to hold every text.
const SIZE_LIMIT: u64 = 1 << 30;

/// Ends of names of classes and of archives of them.
const JAVA: [&[u8]; 6] = [b".class", b".jar", b".war", b".ear", b".jsp", b".groovy"];

/// Whether a file is a class, or holds some, by its name.
pub fn is_java(path: &ImagePath) -> bool {
    JAVA.iter().any(|end| path.file_name().ends_with(end))
}

/// Whether an owned file tells a program what to do: a script, or configuration.
pub fn is_told(scene: &Scene<'_>, path: &ImagePath) -> bool {
    let file = scene.tree.get(path).and_then(Node::as_file);
    path.as_bytes().starts_with(b"/etc/")
        || file.is_some_and(|file| scene.contents.head(&file.content, 2).is_ok_and(|head| head.starts_with(b"#!")))
}

/// Which of the texts the image's configuration holds.
pub fn of_launch(launch: &Launch, sought: &BTreeSet<&str>) -> Vec<String> {
    let told: Vec<&str> = launch.told().collect();
    let held = sought.iter().filter(|text| told.iter().any(|word| word.contains(**text)));
    held.map(|text| (*text).to_owned()).collect()
}

/// Which of the texts a file of the image holds.
pub fn of_file(scene: &Scene<'_>, path: &ImagePath, sought: &BTreeSet<&str>) -> Vec<String> {
    let Some(file) = scene.tree.get(path).and_then(Node::as_file) else { return Vec::new() };
    let read = (file.content.size() <= SIZE_LIMIT).then(|| scene.contents.read(&file.content).ok()).flatten();
    let mut search = Search::new(sought);
    if read.is_none_or(|bytes| search.file(&bytes, is_java(path)).is_err()) {
        return sought.iter().map(|text| (*text).to_owned()).collect();
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

    fn bytes(&mut self, bytes: &[u8]) {
        let found = &mut self.found;
        self.open.retain(|(text, finder)| {
            let holds = finder.find(bytes).is_some();
            if holds {
                found.insert(text);
            }
            !holds
        });
    }

    /// The file itself and, of an archive, all that is in it. `surely` says that it has to be one by its name.
    fn file(&mut self, bytes: &[u8], surely: bool) -> Result<(), archive::ArchiveError> {
        self.bytes(bytes);
        let is_archive = archive::is_archive(bytes) || surely && archive::has_archive(bytes);
        if !is_archive {
            return Ok(());
        }
        archive::each(bytes, &mut |entry| {
            self.bytes(entry);
            !self.open.is_empty()
        })
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
    fn names_tell_classes_and_archives() {
        for (name, expected) in [("/a/b.jar", true), ("/B.class", true), ("/jar", false), ("/a.jar.txt", false)] {
            assert_eq!(is_java(&ImagePath::literal(name)), expected, "{name}");
        }
    }
}
