//! What Java loads by name: archives on class paths, agents in options, and what an archive's own manifest names.
//!
//! <https://docs.oracle.com/en/java/javase/17/docs/specs/jar/jar.html>, <https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html>.

use super::{Finding, Scene, archive};
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

/// Adds the archives that an archive's manifest names, relative to its own folder.
pub fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
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

/// The archives, and the native agents, that a word names in a list or behind an option: `/a.jar:/b/*`, `-javaagent:/c.jar=x`,
/// `-agentpath:/d.so`. `/b/*` stands for every archive in a folder.
pub fn listed(scene: &Scene<'_>, from: Option<&ImagePath>, word: &str, rule: &Rule, evidence: &str) -> Vec<Edge> {
    let mut edges = Vec::new();
    for piece in word.split(|c: char| ":;,=@".contains(c) || c.is_whitespace()).filter(|piece| piece.contains('/')) {
        let Some(path) = scene.launch.absolute(piece.trim_end_matches("/*")) else { continue };
        if !piece.ends_with("/*") {
            if is_loaded(&path) && is_file(scene, &path) {
                edges.extend(scene.follow(from, &path, rule.clone(), evidence));
            }
            continue;
        }
        let Some((folder, _)) = scene.tree.lookup(&path) else { continue };
        for (file, _) in scene.tree.children(&folder).filter(|(file, _)| is_archive(file)) {
            edges.extend(scene.follow(from, file, rule.clone(), evidence));
        }
    }
    edges
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
