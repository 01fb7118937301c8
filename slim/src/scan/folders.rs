//! Folders of data: a program looks in `/usr/share/proj` for files whose names it puts together.
//!
//! A folder below `/usr/share` bears the name of whose data it holds (Filesystem Hierarchy Standard 3.0, 4.11), so who names it reads it,
//! whichever packages fill it. What lies in folders that all programs share has readers of its own, or none that can be told.

use super::{Finding, Scene};
use crate::graph::{Edge, Rule};
use crate::path::ImagePath;
use memchr::memchr_iter;

/// Where data lies.
const HOME: [&[u8]; 2] = [b"usr", b"share"];

/// Folders below it that belong to nobody: what people, desktops, builders of packages and other programs read, and the libraries of
/// languages, whose own readers know what is used.
const SHARED: [&str; 64] = [
    "R",
    "aclocal",
    "appdata",
    "applications",
    "apport",
    "bash-completion",
    "bug",
    "ca-certificates",
    "cmake",
    "common-licenses",
    "dbus-1",
    "debconf",
    "debhelper",
    "doc",
    "doc-base",
    "emacs",
    "fish",
    "fonts",
    "gcc",
    "gdb",
    "gettext",
    "gir-1.0",
    "glib-2.0",
    "gtk-doc",
    "guile",
    "help",
    "i18n",
    "icons",
    "info",
    "java",
    "javascript",
    "keyrings",
    "lib",
    "licenses",
    "lintian",
    "locale",
    "locale-langpack",
    "lua",
    "man",
    "maven-repo",
    "menu",
    "metainfo",
    "mime",
    "mime-info",
    "misc",
    "nodejs",
    "pam",
    "pam-configs",
    "perl",
    "perl5",
    "php",
    "pixmaps",
    "pkgconfig",
    "polkit-1",
    "python",
    "python-wheels",
    "python3",
    "ruby",
    "rubygems-integration",
    "sgml",
    "systemd",
    "terminfo",
    "xml",
    "zoneinfo",
];

/// Folders in a program's own for what people read.
const FOR_PEOPLE: [&[u8]; 3] = [b"doc", b"help", b"man"];

/// How many settings a folder may have that are read because a source names it.
const SETTINGS_LIMIT: usize = 1024;

/// Characters at which a program puts something into a name.
const PUT_IN: [char; 5] = ['%', '$', '{', '*', '<'];

/// Whether a folder holds data of a program or a format of its own.
pub(super) fn is_data(folder: &ImagePath) -> bool {
    let mut parts = folder.components();
    let is_below = HOME.iter().all(|part| parts.next() == Some(*part));
    let name = parts.next().filter(|_| is_below).and_then(|name| std::str::from_utf8(name).ok());
    name.is_some_and(|name| !SHARED.contains(&name))
}

/// Uses of all that packages have below the folders that a text names, alone or with colons between them: as a whole (`/usr/share/proj`), or
/// before what the program puts in (`/usr/share/proj/%s.tif`).
pub(super) fn find(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    text: &str,
    evidence: impl Fn() -> String,
) -> Vec<Edge> {
    let is_read = |path: &ImagePath| !path.components().any(|part| FOR_PEOPLE.contains(&part));
    // Nobody reads through a link that leads nowhere.
    let is_there = |path: &ImagePath| scene.tree.resolve(path).is_ok();
    let is_free = |path: &&ImagePath| !scene.knowledge.is_gated(path) && is_read(path) && is_there(path);
    let folders = text.split(':').filter_map(|name| folder(scene, name));
    let files = folders.flat_map(|folder| scene.owned_below(&folder).filter(is_free).cloned().collect::<Vec<_>>());
    let files: Vec<ImagePath> = files.collect();
    if files.is_empty() {
        return Vec::new();
    }
    let evidence = evidence();
    files.iter().flat_map(|path| scene.follow(from, path, Rule::String, &evidence)).collect()
}

/// Adds the folders that a source names between quotes.
pub(super) fn quoted(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    for at in memchr_iter(b'/', bytes) {
        let Some(quote) = at.checked_sub(1).map(|before| bytes[before]).filter(|byte| b"\"'`".contains(byte)) else {
            continue;
        };
        let end = bytes[at..].iter().position(|byte| *byte == quote || byte.is_ascii_whitespace());
        let Some(end) = end.filter(|end| bytes[at + end] == quote) else { continue };
        let Ok(text) = std::str::from_utf8(&bytes[at..at + end]) else { continue };
        finding.edges.extend(find(scene, Some(path), text, || super::zone::line(bytes, at)));
        finding.edges.extend(settings(scene, path, text, || super::zone::line(bytes, at)));
    }
}

/// Uses of the settings that packages have below a folder of `/etc` that a source names: its program reads them, by names of its own.
fn settings(scene: &Scene<'_>, from: &ImagePath, text: &str, evidence: impl Fn() -> String) -> Vec<Edge> {
    let is_own = |folder: &ImagePath| {
        let depth = folder.components().count();
        depth > 1 && folder.as_bytes().starts_with(b"etc/") && !folder.file_name().ends_with(b".d")
    };
    let folder = ImagePath::new(text).ok().filter(is_own).and_then(|folder| scene.tree.lookup(&folder));
    let Some((folder, _)) = folder.filter(|(_, node)| node.is_directory()) else { return Vec::new() };
    let is_read = |path: &&ImagePath| scene.tree.get(path).is_some_and(|node| super::is_settings(path, node));
    let files = scene.owned_below(&folder).filter(is_read).take(SETTINGS_LIMIT);
    files.flat_map(|path| scene.follow(Some(from), path, Rule::Config, &evidence())).map(Edge::of_file).collect()
}

/// The folder of data that a text names, where it really lies.
fn folder(scene: &Scene<'_>, text: &str) -> Option<ImagePath> {
    let folder = ImagePath::new(whole(text)?).ok().filter(is_data)?;
    scene.tree.lookup(&folder).filter(|(real, node)| node.is_directory() && is_data(real)).map(|(real, _)| real)
}

/// The part of a name that nothing is put into.
fn whole(text: &str) -> Option<&str> {
    match text.find(PUT_IN) {
        Some(end) => text[..end].rfind('/').map(|slash| &text[..slash]),
        None => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_data_bear_a_name_of_their_own() {
        for (path, expected) in [
            ("/usr/share/proj", true),
            ("/usr/share/proj/grids", true),
            ("/usr/share", false),
            ("/usr/share/icons/hicolor", false),
            ("/usr/lib/proj", false),
            ("/srv/share/proj", false),
        ] {
            assert_eq!(is_data(&ImagePath::literal(path)), expected, "{path}");
        }
        assert!(SHARED.is_sorted());
    }

    #[test]
    fn names_end_before_what_is_put_in() {
        for (text, expected) in [
            ("/usr/share/a", Some("/usr/share/a")),
            ("/usr/share/a/%s.dat", Some("/usr/share/a")),
            ("/usr/share/a-${x}/b", Some("/usr/share")),
            ("%s/a", None),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }
}
