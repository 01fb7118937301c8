//! What Java loads by name: archives on class paths, agents in options, also in files of arguments, and what an archive's own manifest
//! names.
//!
//! <https://docs.oracle.com/en/java/javase/17/docs/specs/jar/jar.html>, <https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html>.

use super::{Finding, Scene, archive, class};
use crate::graph::{Edge, Rule};
use crate::path::ImagePath;
use std::io::Cursor;

/// Where an archive says what it needs; the case of the name does not count.
const MANIFEST: &[u8] = b"META-INF/MANIFEST.MF";

/// The attribute of a manifest that names other archives.
const CLASS_PATH: &str = "class-path:";

/// Whether a file is an archive of Java's, by its name.
pub fn is_archive(path: &ImagePath) -> bool {
    archive::is_named(path.file_name())
}

/// Adds the archives that an archive's manifest names, relative to its own folder, and what the classes of an application's name.
pub fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    if scene.is_applications(path) {
        let mut look = |entry: &[u8]| {
            class::find(scene, path, entry, finding);
            true
        };
        // What cannot be unpacked is told below.
        let _ = archive::each(Cursor::new(bytes), &mut look);
    }
    let manifest = match archive::entry(Cursor::new(bytes), &|name| name.eq_ignore_ascii_case(MANIFEST)) {
        Ok(None) => return,
        Ok(Some(manifest)) => manifest,
        Err(error) => return finding.unknown(path, "manifest", error.to_string(), "archives that it names go"),
    };
    let Some(folder) = path.parent() else { return };
    for name in class_path(&String::from_utf8_lossy(&manifest)).split_whitespace() {
        let name = name.strip_prefix("file:").unwrap_or(name);
        let place = if name.starts_with('/') { ImagePath::new(name) } else { folder.join(name) };
        let Some(place) = place.ok().filter(|place| is_file(scene, place)) else { continue };
        finding.edges.extend(scene.follow(Some(path), &place, Rule::Import, &format!("Class-Path: {name}")));
    }
}

/// The value of `Class-Path` in a manifest's main section. Long lines go on after a line's end and a space.
fn class_path(manifest: &str) -> String {
    let whole = manifest.replace("\r\n", "\n").replace('\r', "\n").replace("\n ", "");
    let mut main = whole.lines().take_while(|line| !line.is_empty());
    let is_it = |line: &&str| line.get(..CLASS_PATH.len()).is_some_and(|name| name.eq_ignore_ascii_case(CLASS_PATH));
    main.find(is_it).map(|line| line[CLASS_PATH.len()..].to_owned()).unwrap_or_default()
}

/// The archives, and the native agents, that words name in a list or behind an option: `/a.jar:/b/*`, `-javaagent:/c.jar=x`,
/// `-agentpath:/d.so`. `/b/*` stands for every archive in a folder; `@FILE` stands for the words in a file, and puts it in use.
pub fn listed(scene: &Scene<'_>, from: Option<&ImagePath>, text: &str, rule: &Rule, evidence: &str) -> Vec<Edge> {
    let mut edges = Vec::new();
    for word in text.split_whitespace() {
        for piece in word.split(|c: char| ":;,=@".contains(c)).filter(|piece| piece.contains('/')) {
            edges.extend(loaded(scene, from, piece, rule, evidence));
        }
        let file = word.strip_prefix('@').and_then(|name| scene.launch.absolute(name));
        let Some(file) = file.filter(|file| is_file(scene, file)) else { continue };
        edges.extend(scene.follow(from, &file, rule.clone(), evidence));
        let bytes = scene.read(&file).unwrap_or_default();
        for argument in arguments(&String::from_utf8_lossy(&bytes)) {
            let evidence = format!("an argument for Java is {argument}");
            for piece in argument.split(|c: char| ":;,=".contains(c)) {
                edges.extend(loaded(scene, Some(&file), piece, rule, &evidence));
            }
        }
    }
    edges
}

/// What one name of a list has Java load.
fn loaded(scene: &Scene<'_>, from: Option<&ImagePath>, name: &str, rule: &Rule, evidence: &str) -> Vec<Edge> {
    let Some(path) = scene.launch.absolute(name.trim_end_matches("/*")) else { return Vec::new() };
    if !name.ends_with("/*") {
        let is_loaded = is_loaded(&path) && is_file(scene, &path);
        return if is_loaded { scene.follow(from, &path, rule.clone(), evidence) } else { Vec::new() };
    }
    let Some((folder, _)) = scene.tree.lookup(&path) else { return Vec::new() };
    let archives = scene.tree.children(&folder).filter(|(file, _)| is_archive(file));
    archives.flat_map(|(file, _)| scene.follow(from, file, rule.clone(), evidence)).collect()
}

/// The words of a file of arguments (java(1), "Command-Line Argument Files"): quotes hold blanks, a backslash escapes inside of them, and
/// there hides the end of a line with the blanks behind it.
fn arguments(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, quote) {
            ('\\', Some(_)) => match rest.next() {
                Some('\n' | '\r') => while rest.next_if(|c| c.is_ascii_whitespace()).is_some() {},
                Some(c) => word.get_or_insert_default().push(match c {
                    'f' => '\x0c',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                }),
                None => {}
            },
            ('\n' | '\r', _) => {
                quote = None;
                words.extend(word.take());
            }
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('#', None) if word.is_none() => while rest.next_if(|c| !matches!(c, '\n' | '\r')).is_some() {},
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Whether Java loads a file of this name: an archive, or a library.
fn is_loaded(path: &ImagePath) -> bool {
    is_archive(path) || path.file_name().ends_with(b".so")
}

fn is_file(scene: &Scene<'_>, path: &ImagePath) -> bool {
    scene.tree.lookup(path).is_some_and(|(_, node)| node.as_file().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_argument_files_are_parted_by_blanks_outside_of_quotes() {
        for (text, expected) in [
            ("-cp /a.jar\n\t-Xmx1g # not this\nMain", &["-cp", "/a.jar", "-Xmx1g", "Main"][..]),
            ("# all of it\n-Da='b c'\"d\"", &["-Da=b cd"]),
            (r#""C:\\a b" a\b"#, &["C:\\a b", "a\\b"]),
            ("-cp \"/a.jar:\\\n  /b.jar\"\n\"open", &["-cp", "/a.jar:/b.jar", "open"]),
            ("a#b ''", &["a#b", ""]),
            ("", &[]),
        ] {
            assert_eq!(arguments(text), expected, "{text}");
        }
    }

    #[test]
    fn a_manifest_names_archives_in_its_main_section() {
        for (manifest, expected) in [
            ("Manifest-Version: 1.0\r\nClass-Path: a.jar lib/b\r\n .jar\r\nMain-Class: x\r\n", "a.jar lib/b.jar"),
            ("class-path: a.jar\n", "a.jar"),
            ("Manifest-Version: 1.0\n\nName: x\nClass-Path: a.jar\n", ""),
            ("", ""),
        ] {
            assert_eq!(class_path(manifest).trim(), expected, "{manifest}");
        }
    }
}
