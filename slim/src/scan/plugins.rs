//! Plug-ins of other packages: a program looks in a folder of its own for what its configuration names.
//!
//! `LoadModule mod_tls.c` of ProFTPD, `module(load="ommysql")` of rsyslog, `shared_preload_libraries = 'pg_cron'`: a package that brings nothing
//! but such an object is in use because of one word. Programs compute the file's name from the word by rules of their own, most of which
//! put something before or behind it.

use super::{Scene, texts, zone};
use crate::graph::{Edge, Rule, Unknown};
use crate::packages::Package;
use crate::path::ImagePath;
use crate::tree::Node;
use std::collections::{BTreeMap, BTreeSet};

/// What programs put before the word, and behind it.
const BEFORE: [&str; 7] = ["lib", "mod_", "mod-", "rlm_", "ha_", "nss_", "af"];
const BEHIND: [&str; 5] = ["_plugin", "-plugin", "_module", "_mod", ".c"];

/// Words below this are found in too many texts.
const WORD_LIMIT: usize = 3;

/// Uses of objects in folders from which something in use is loaded already, by words of the settings in use.
pub fn find(
    scene: &Scene<'_>,
    reaches: &dyn Fn(&ImagePath) -> bool,
    settings: &dyn Fn(&ImagePath) -> bool,
) -> Vec<Edge> {
    let plugins = candidates(scene, reaches);
    if plugins.is_empty() {
        return Vec::new();
    }
    let mut edges = Vec::new();
    for (path, node) in scene.tree.iter().filter(|(path, _)| settings(path)) {
        let Some(file) = node.as_file() else { continue };
        let head = scene.contents.head(&file.content, super::HEAD).unwrap_or_default();
        if !texts::is_configuration(scene, path, file.content.size(), &head) {
            continue;
        }
        let Some(bytes) = scene.read(path) else { continue };
        let text = super::mention::without_comments(bytes.into_owned());
        let mut seen = BTreeSet::new();
        for (at, word) in words(&text) {
            for plugin in plugins.get(word).filter(|_| seen.insert(word)).into_iter().flatten() {
                edges.extend(scene.follow(Some(path), plugin, Rule::Config, &zone::line(&text, at)));
            }
        }
    }
    edges
}

/// Packages of nothing but such objects that go, because no settings name them: each with one of its objects.
pub fn unasked(
    scene: &Scene<'_>,
    reaches: &dyn Fn(&ImagePath) -> bool,
    is_kept: &dyn Fn(usize) -> bool,
) -> Vec<Unknown> {
    let open = open(scene, reaches);
    let is_open = |path: &ImagePath| open.contains(path);
    // Other programs and libraries are what the package is for.
    let is_else = |path: &ImagePath| {
        let real = scene.tree.lookup(path).filter(|(real, node)| node.as_file().is_some() && !is_open(real));
        real.is_some_and(|(real, node)| node.is_executable() || real.file_name().ends_with(b".so"))
    };
    let mut owners: BTreeMap<usize, &ImagePath> = BTreeMap::new();
    for path in &open {
        for owner in scene.inventory.owner_indexes(path) {
            owners.entry(*owner).or_insert(path);
        }
    }
    let packages = owners.into_iter().filter(|(owner, _)| !is_kept(*owner));
    let packages = packages.filter_map(|(owner, path)| Some((scene.inventory.packages().get(owner)?, path)));
    let unknown = |(package, path): (&Package, &ImagePath)| {
        let folder = path.parent().unwrap_or_else(ImagePath::root);
        Unknown {
            at: Some(path.clone()),
            place: format!("package {}", package.name),
            what: format!(
                "it has nothing but plug-ins for {folder}, from where others are loaded, and no settings name them"
            ),
            taken: format!("the package goes; --keep {} keeps it", package.name),
        }
    };
    packages.filter(|(package, _)| !package.files.iter().any(is_else)).map(unknown).collect()
}

/// Objects that nothing reaches, in folders from which something is loaded, by the words that may mean them.
fn candidates(scene: &Scene<'_>, reaches: &dyn Fn(&ImagePath) -> bool) -> BTreeMap<String, Vec<ImagePath>> {
    let mut candidates: BTreeMap<String, Vec<ImagePath>> = BTreeMap::new();
    for path in open(scene, reaches) {
        let stem = path.file_name().strip_suffix(b".so").and_then(|stem| std::str::from_utf8(stem).ok());
        for word in stem.map(names).unwrap_or_default() {
            candidates.entry(word).or_default().push(path.clone());
        }
    }
    candidates
}

/// Objects that nothing reaches, in folders from which something is loaded.
fn open(scene: &Scene<'_>, reaches: &dyn Fn(&ImagePath) -> bool) -> BTreeSet<ImagePath> {
    let is_object = |path: &ImagePath, node: &Node| node.as_file().is_some() && path.file_name().ends_with(b".so");
    let objects: Vec<&ImagePath> =
        scene.tree.iter().filter(|(path, node)| is_object(path, node)).map(|(path, _)| path).collect();
    let is_shared = |path: &ImagePath| scene.loader.is_in_default_directory(path).unwrap_or(false);
    let loaded = objects.iter().filter(|path| reaches(path) && !is_shared(path));
    let folders: BTreeSet<ImagePath> = loaded.filter_map(|path| path.parent()).collect();
    let is_open = |path: &&ImagePath| {
        let is_meant = !reaches(path) && !scene.knowledge.is_gated(path) && scene.inventory.is_owned(path);
        is_meant && path.parent().is_some_and(|folder| folders.contains(&folder))
    };
    objects.into_iter().filter(is_open).cloned().collect()
}

/// The words that may mean an object: its name, with `.so` or `.c` behind it, and without what programs put around it.
fn names(stem: &str) -> BTreeSet<String> {
    // What an interpreter puts behind, `.cpython-311-x86_64-linux-gnu`, is no part of the name.
    let mut bare = stem.split('.').next().unwrap_or(stem);
    for before in BEFORE {
        bare = bare.strip_prefix(before).unwrap_or(bare);
    }
    let bare = bare.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('_');
    let bare = BEHIND.iter().find_map(|behind| bare.strip_suffix(behind)).unwrap_or(bare);
    let all = [stem.to_owned(), format!("{stem}.so"), format!("{stem}.c"), bare.to_owned()];
    all.into_iter().filter(|word| word.len() >= WORD_LIMIT).collect()
}

/// The words of a text, each with its offset.
fn words(text: &[u8]) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let mut at = 0;
    text.split(move |byte| !is_part(byte)).filter_map(move |word| {
        let start = at;
        at += word.len() + 1;
        std::str::from_utf8(word).ok().map(|word| (start, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_meant_by_several_words() {
        for (stem, expected) in [
            ("mod_tls", "mod_tls mod_tls.c mod_tls.so tls"),
            ("ommysql", "ommysql ommysql.c ommysql.so"),
            ("lib90_sieve_plugin", "lib90_sieve_plugin lib90_sieve_plugin.c lib90_sieve_plugin.so sieve"),
            ("python3_plugin", "python3 python3_plugin python3_plugin.c python3_plugin.so"),
            ("libmod-python.cpython-311-x86_64-linux-gnu", "LONG LONG.c LONG.so python"),
            ("libafsql", "libafsql libafsql.c libafsql.so sql"),
            ("x", "x.so x.c"),
        ] {
            let expected = expected.replace("LONG", stem);
            let expected: BTreeSet<String> = expected.split(' ').map(str::to_owned).collect();
            assert_eq!(names(stem), expected);
        }
    }
}
