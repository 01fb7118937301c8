//! What a file that nothing reaches would take if somebody ran it: the finder for the other half of a kept package.

use super::Scene;
use crate::elf::search::Role;
use crate::launch::{FirstLine, LINE_LIMIT};
use crate::path::ImagePath;
use crate::tree::Node;
use std::collections::BTreeSet;

/// The files that a program, library or script cannot start without, links on the way included. Empty for other files.
pub fn needs(scene: &Scene<'_>, path: &ImagePath) -> BTreeSet<ImagePath> {
    let Some(file) = scene.tree.get(path).and_then(Node::as_file) else { return BTreeSet::new() };
    let head = scene.contents.head(&file.content, LINE_LIMIT).unwrap_or_default();
    if crate::elf::is_elf(&head) {
        return libraries(scene, path);
    }
    let is_program = scene.tree.get(path).is_some_and(Node::is_executable);
    match FirstLine::new(&head) {
        Some(line) if is_program => interpreter(scene, &line),
        _ => BTreeSet::new(),
    }
}

fn libraries(scene: &Scene<'_>, path: &ImagePath) -> BTreeSet<ImagePath> {
    let Ok(closure) = scene.loader.closure(path) else { return BTreeSet::new() };
    let hard = closure.loaded.into_iter().filter(|object| matches!(object.role, Role::Needed | Role::Interpreter));
    hard.flat_map(|object| std::iter::once(object.path).chain(object.links)).filter(|needed| needed != path).collect()
}

fn interpreter(scene: &Scene<'_>, line: &FirstLine) -> BTreeSet<ImagePath> {
    let mut found = through(scene, &ImagePath::new(&line.program).ok());
    found.extend(through(scene, &line.command().and_then(|name| scene.launch.find(scene.tree, &name))));
    found
}

fn through(scene: &Scene<'_>, path: &Option<ImagePath>) -> BTreeSet<ImagePath> {
    let resolved = path.as_ref().and_then(|path| scene.tree.resolve(path).ok());
    resolved.map(|place| std::iter::once(place.path).chain(place.links).collect()).unwrap_or_default()
}
