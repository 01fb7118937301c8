//! Configuration that has no reader of its own: what it names by path.
//!
//! `errorfile 503 /etc/haproxy/errors/503.http`, `include "conf.d/*.conf";`, `<path>/usr/share/app/pages</path>`: every language of
//! configuration writes paths as they are, so a path of the image in one is a use, whatever stands around it. Lines that are comments in
//! most of these languages are not read.

pub(super) mod commands;
mod values;

use super::{Finding, Scene, config, folders, is_object, is_settings, mention, zone};
use crate::graph::{Edge, Rule};
use crate::path::ImagePath;
use crate::tree::Node;
use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::ops::Range;

/// Configuration above this is data.
const SIZE_LIMIT: u64 = 1 << 20;

/// A folder of more files than this is not meant as a whole.
const FOLDER_LIMIT: usize = 4096;

/// As many folders at least stand before what a pattern leaves open.
const PATTERN_DEPTH: usize = 2;

/// Ends of names by which the configuration of an application is known.
const ENDS: [&[u8]; 16] = [
    b".conf",
    b".cfg",
    b".cnf",
    b".config",
    b".ini",
    b".yaml",
    b".yml",
    b".json",
    b".toml",
    b".xml",
    b".properties",
    b".env",
    b".tmpl",
    b".template",
    b".tpl",
    b".j2",
];

/// Beginnings of shells' names: what their own files in a home say is for people at a terminal.
const SHELLS: [&[u8]; 6] = [b".bash", b".csh", b".ksh", b".mksh", b".tcsh", b".zsh"];

/// Ends of names of fonts, which drawing libraries look for by name alone.
const FONTS: [&str; 5] = [".ttf", ".otf", ".ttc", ".pfb", ".pfa"];

/// Where fonts lie.
const FONTS_HOME: &str = "/usr/share/fonts";

/// Where what only people read lies.
const FOR_PEOPLE: &str = "/usr/share/doc";

/// Whether a file is configuration: it lies below a folder `etc`, or belongs to no package and has the name of one, or the image's own
/// configuration names it.
pub(super) fn is_configuration(scene: &Scene<'_>, path: &ImagePath, size: u64, head: &[u8]) -> bool {
    let in_etc = || path.ancestors().any(|folder| folder.file_name() == b"etc");
    let is_own = || {
        let named = ENDS.iter().any(|end| path.file_name().ends_with(end))
            || commands::is_procfile(path)
            || commands::is_table(path)
            || is_personal(path.file_name())
            // A repository's.
            || path.file_name() == b"config" && head.starts_with(b"[core]");
        named && scene.is_applications(path)
    };
    let is_told = || scene.launch.told().any(|(text, _)| text.contains(&path.to_text()));
    let is_known = scene.knowledge.generated(path).is_some() || scene.knowledge.has_reader(&path.to_text());
    !is_known && size <= SIZE_LIMIT && memchr::memchr(0, head).is_none() && (in_etc() || is_own() || is_told())
}

/// Whether a name is one that programs give a user's own settings: `.procmailrc`, `.forward`, `.gitconfig`.
fn is_personal(name: &[u8]) -> bool {
    let is_shells = SHELLS.iter().any(|shell| name.starts_with(shell));
    let is_settings =
        name.ends_with(b"rc") || name.ends_with(b"config") || matches!(name, b".forward" | b".mailfilter");
    name.starts_with(b".") && is_settings && !is_shells || name == b"hgrc"
}

/// Adds what a configuration names: commands, and the files of [`paths`].
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    let text = mention::without_comments(bytes.to_vec());
    commands::find(scene, path, &text, finding);
    paths_of(scene, path, &text, |_| true, finding);
}

/// Adds the files that a source names: whole paths, patterns, folders, fonts, and what lies beside it.
pub(super) fn paths(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    // A star in a source multiplies, or points: `char *s`.
    let is_meant = |word: &str| word.contains('/') || !word.contains(['*', '?']);
    paths_of(scene, path, &mention::without_comments(bytes.to_vec()), is_meant, finding);
}

/// Adds the files that words of a text name which may be names at all; it has no comments.
fn paths_of(scene: &Scene<'_>, path: &ImagePath, text: &[u8], is_meant: impl Fn(&str) -> bool, finding: &mut Finding) {
    let here = path.to_text();
    let (namesakes, mut tried) = (LazyCell::new(|| namesakes(scene, path)), 0);
    for range in words(text) {
        let (start, word) = (range.start, &text[range]);
        let Ok(word) = std::str::from_utf8(word) else { continue };
        if !is_meant(word) || word.starts_with(FOR_PEOPLE) || scene.knowledge.ignores(&here, word) {
            continue;
        }
        let evidence = || zone::line(text, start);
        // A sentence, or a list, may end behind a path.
        for name in [word, word.trim_end_matches(['.', ',', ':', ']', '}'])] {
            let mut found = match name.strip_prefix('/') {
                Some(_) => named(scene, path, name, evidence),
                None => Finding { edges: relative(scene, path, name, evidence), ..Finding::default() },
            };
            if found.edges.is_empty()
                && tried < NAMESAKE_LIMIT
                && name.contains('/')
                && !name.starts_with(['/', '*', '.'])
            {
                tried += 1;
                let files = within(scene, &namesakes, name);
                found.edges = files.iter().flat_map(|file| follow(scene, path, file, &evidence())).collect();
            }
            if !found.edges.is_empty() {
                finding.extend(found);
                break;
            }
        }
    }
}

/// The use of a file. Other configuration matters as a file, and not for what else its package brings.
fn follow(scene: &Scene<'_>, from: &ImagePath, path: &ImagePath, evidence: &str) -> Vec<Edge> {
    let edges = scene.follow(Some(from), path, Rule::Config, evidence).into_iter();
    match scene.tree.lookup(path).is_some_and(|(_, node)| is_settings(path, node)) {
        true => edges.map(Edge::of_file).collect(),
        false => edges.collect(),
    }
}

/// What a whole path or pattern leads to. Files of a folder are not run because it is named.
fn named(scene: &Scene<'_>, from: &ImagePath, name: &str, evidence: impl Fn() -> String) -> Finding {
    let mut finding = Finding::default();
    let follow = |path: &ImagePath| follow(scene, from, path, &evidence());
    if name.contains(['*', '?']) {
        let found = if is_narrow(name) { config::glob(scene, name) } else { Vec::new() };
        finding.edges = found.iter().flat_map(follow).collect();
        return finding;
    }
    // Most words are no paths of the image; where one stands is looked for only then.
    let Some(path) = ImagePath::new(name).ok().filter(|path| scene.tree.resolve(path).is_ok()) else { return finding };
    finding.edges = follow(&path);
    let folder = scene.tree.lookup(&path).filter(|(_, node)| node.is_directory()).map(|(folder, _)| folder);
    // Who names the folder that he lies in says where he is.
    if let Some(folder) = folder.filter(|folder| !from.starts_with(folder)) {
        finding.loaded = files_of(scene, &folder).iter().flat_map(follow).collect();
        finding.edges.extend(programs_of(scene, &folder).iter().flat_map(follow));
    }
    finding
}

/// Whether a pattern begins with a place of its own: `/**` opens a comment, and `/usr/*` means nothing in particular.
fn is_narrow(pattern: &str) -> bool {
    let literal = pattern.split('/').skip(1).take_while(|name| !name.contains(['*', '?'])).count();
    literal >= PATTERN_DEPTH && !pattern.contains("**")
}

/// The files of packages below a folder, for which whoever names it means them: a folder of configuration, or of data, or one that no two
/// packages share. Other files are the application's, and stay or go by themselves.
pub fn files_of(scene: &Scene<'_>, folder: &ImagePath) -> Vec<ImagePath> {
    let files: Vec<ImagePath> = scene.owned_below(folder).take(FOLDER_LIMIT + 1).cloned().collect();
    let owners: BTreeSet<usize> = files.iter().flat_map(|path| scene.inventory.owner_indexes(path)).copied().collect();
    let in_etc = folder.components().next() == Some(b"etc") && folder.components().count() > 1;
    let is_meant = files.len() <= FOLDER_LIMIT && (in_etc || folders::is_data(folder) || owners.len() < 2);
    let is_free = |path: &ImagePath| !scene.knowledge.is_gated(path);
    files.into_iter().filter(|path| is_meant && is_free(path)).collect()
}

/// Uses of what a link leads to, if that is a folder.
pub fn behind(scene: &Scene<'_>, link: &ImagePath, evidence: &str) -> Vec<Edge> {
    let folder = scene.tree.lookup(link).filter(|(_, node)| node.is_directory()).map(|(folder, _)| folder);
    let files = folder.map(|folder| files_of(scene, &folder)).unwrap_or_default();
    files.iter().flat_map(|file| scene.follow(Some(link), file, Rule::Symlink, evidence)).collect()
}

/// The programs in a folder that is none of those in which every program is looked for: who names it starts what lies there, whichever
/// packages brought it.
pub fn programs_of(scene: &Scene<'_>, folder: &ImagePath) -> Vec<ImagePath> {
    let is_searched = scene
        .launch
        .search_path()
        .iter()
        .any(|place| scene.tree.lookup(place).is_some_and(|(real, _)| real == *folder));
    let is_program = |(path, node): &(&ImagePath, &Node)| {
        let is_meant = node.is_executable() && !is_object(path);
        !is_searched && is_meant && scene.inventory.is_owned(path) && !scene.knowledge.is_gated(path)
    };
    scene.tree.children(folder).filter(is_program).map(|(path, _)| path.clone()).collect()
}

/// What a name leads to that is no whole path: a font, or what lies beside the text.
fn relative(scene: &Scene<'_>, from: &ImagePath, name: &str, evidence: impl Fn() -> String) -> Vec<Edge> {
    if !name.contains(['/', '*', '.']) {
        return Vec::new();
    }
    let follow = |path: &ImagePath| follow(scene, from, path, &evidence());
    if FONTS.iter().any(|end| name.ends_with(end)) && !name.contains('/') {
        let home = ImagePath::literal(FONTS_HOME);
        let below = scene.tree.below(&home).map(|(path, _)| path);
        return below.filter(|path| path.file_name() == name.as_bytes()).flat_map(follow).collect();
    }
    beside(scene, from, name).iter().flat_map(follow).collect()
}

/// Where programs have data, below which settings may name it.
const HOMES: [&str; 2] = ["/usr/share", "/usr/lib"];

/// How many folders of a program its settings may mean, and how many of their names are looked for there.
const NAMESAKE_LIMIT: usize = 256;

/// The folders in which settings below `/etc/NAME` may mean something by a relative name: `/usr/share/NAME` with all below, as a program
/// looks in a folder of its own for what its settings include.
fn namesakes(scene: &Scene<'_>, settings: &ImagePath) -> Vec<ImagePath> {
    let mut parts = settings.components();
    let is_below = parts.next() == Some(b"etc");
    let (name, rest) = (parts.next(), parts.next());
    let Some(name) = name.filter(|_| is_below && rest.is_some()) else { return Vec::new() };
    let homes = HOMES.iter().filter_map(|home| ImagePath::literal(home).join(name).ok());
    let below = |home: ImagePath| {
        let folders = scene.tree.below(&home).filter(|(_, node)| node.is_directory()).map(|(path, _)| path.clone());
        std::iter::once(home.clone()).chain(folders).take(NAMESAKE_LIMIT).collect::<Vec<_>>()
    };
    homes.filter(|home| scene.tree.contains(home)).flat_map(below).take(NAMESAKE_LIMIT).collect()
}

/// The files that a relative name means in folders.
fn within(scene: &Scene<'_>, folders: &[ImagePath], name: &str) -> Vec<ImagePath> {
    let places = folders.iter().filter_map(|folder| folder.join(name).ok());
    let is_file = |path: &ImagePath| scene.tree.lookup(path).is_some_and(|(_, node)| node.as_file().is_some());
    match name.contains(['*', '?']) {
        true => places.flat_map(|pattern| config::glob(scene, &pattern.to_text())).collect(),
        false => places.filter(is_file).collect(),
    }
}

/// The files that a name means which is relative to the folder of the text: a pattern, or a path.
fn beside(scene: &Scene<'_>, from: &ImagePath, name: &str) -> Vec<ImagePath> {
    let Some(folder) = from.parent() else { return Vec::new() };
    if name.contains(['*', '?']) {
        let pattern = format!("{folder}/{name}");
        let is_wide = name.trim_matches(['*', '.', '/', '?']).is_empty();
        return if is_wide || !is_narrow(&pattern) { Vec::new() } else { config::glob(scene, &pattern) };
    }
    within(scene, &[folder], name)
}

/// The words of a text that may be paths: runs of the characters that paths and patterns are written with. What follows `//` is an
/// address, but for one of a file (`file:///a`), and what begins in the middle of one (`a$B/c`) is computed.
fn words(text: &[u8]) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().position(|byte| !is_part(*byte)).unwrap_or(text.len() - at);
        let begins = at == 0 || text[at - 1].is_ascii_whitespace() || b"\"'`=:,;(<>[|&".contains(&text[at - 1]);
        let is_local = text[at..].starts_with(b"///") && text[..at].ends_with(b"file:");
        if length > 1 && begins && is_local {
            words.push(at + 2..at + length);
        } else if length > 1 && begins && !text[at..].starts_with(b"//") {
            words.push(at..at + length);
        }
        at += length + 1;
    }
    words
}

/// Characters of paths and of patterns of them. Brackets and braces, which lists are written with too, are not.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-+@%~*?".contains(&byte) || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_where_no_path_goes_on() {
        let cut = |text: &str| {
            let words = words(text.as_bytes()).into_iter().map(|range| text[range].to_owned());
            words.collect::<Vec<_>>().join(" ")
        };
        for (text, expected) in [
            ("errorfile 503 /etc/a/503.http", "errorfile 503 /etc/a/503.http"),
            ("key=/a/b;c='/d e'", "key /a/b /d"),
            ("<path>/usr/share/x</path>", "path /usr/share/x /path"),
            ("http://host/a unix:/run/x", "http unix /run/x"),
            ("\"file:///usr/share/xml/a\" x:///b", "file /usr/share/xml/a"),
            ("$HOME/a ${B}/c x$y", ""),
            ("{\"a\":\"/b/c.pem\"}", "/b/c.pem"),
            ("", ""),
        ] {
            assert_eq!(cut(text), expected, "{text}");
        }
    }
}
