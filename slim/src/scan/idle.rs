//! What a file that nothing reaches would take if somebody ran it: the finder for the other half of a kept package.

use super::Scene;
use crate::elf::search::Role;
use crate::path::ImagePath;
use crate::tree::Node;
use std::collections::BTreeSet;

/// As much of a script as the kernel looks at.
const LINE_LIMIT: usize = 256;

/// The files that a program, library or script cannot start without, links on the way included. Empty for other files.
pub fn needs(scene: &Scene<'_>, path: &ImagePath) -> BTreeSet<ImagePath> {
    let Some(file) = scene.tree.get(path).and_then(Node::as_file) else { return BTreeSet::new() };
    let head = scene.contents.head(&file.content, LINE_LIMIT).unwrap_or_default();
    if crate::elf::is_elf(&head) {
        return libraries(scene, path);
    }
    let is_program = scene.tree.get(path).is_some_and(|node| node.mode & 0o111 != 0);
    match head.strip_prefix(b"#!") {
        Some(line) if is_program => interpreter(scene, line),
        _ => BTreeSet::new(),
    }
}

fn libraries(scene: &Scene<'_>, path: &ImagePath) -> BTreeSet<ImagePath> {
    let Ok(closure) = scene.loader.closure(path) else { return BTreeSet::new() };
    let hard = closure.loaded.into_iter().filter(|object| matches!(object.role, Role::Needed | Role::Interpreter));
    hard.flat_map(|object| std::iter::once(object.path).chain(object.links)).filter(|needed| needed != path).collect()
}

fn interpreter(scene: &Scene<'_>, line: &[u8]) -> BTreeSet<ImagePath> {
    let line = String::from_utf8_lossy(line.split(|b| *b == b'\n').next().unwrap_or_default()).into_owned();
    let mut words = line.split_whitespace();
    let Some(program) = words.next() else { return BTreeSet::new() };
    let mut found = through(scene, &ImagePath::new(program).ok());
    if program.ends_with("/env") {
        let command = words.find(|word| !word.starts_with('-') && !word.contains('='));
        found.extend(through(scene, &command.and_then(|name| scene.launch.find(scene.tree, name))));
    }
    found
}

fn through(scene: &Scene<'_>, path: &Option<ImagePath>) -> BTreeSet<ImagePath> {
    let resolved = path.as_ref().and_then(|path| scene.tree.resolve(path).ok());
    resolved.map(|place| std::iter::once(place.path).chain(place.links).collect()).unwrap_or_default()
}
