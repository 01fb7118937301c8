//! What Python modules import of the installed distributions.
//!
//! The standard library stays as a whole (a recipe says so); what lies in `dist-packages` and `site-packages` stays by distribution,
//! when something in use imports it. An import is looked for by its words, so one that never comes to pass keeps its module too.

use super::{Finding, Scene};
use crate::graph::Rule;
use crate::path::ImagePath;
use crate::tree::{Contents, Tree};
use std::collections::BTreeMap;

/// Parts of the standard library that stay only when something imports them, as distributions do.
const OPTIONAL: [&str; 7] = ["distutils", "ensurepip", "idlelib", "lib2to3", "test", "tkinter", "turtledemo"];

/// Metadata above this is not read.
const METADATA_LIMIT: u64 = 1 << 20;

/// Top-level modules of the installed distributions: their files and directories, and the metadata of whose they are.
#[derive(Debug, Clone, Default)]
pub struct Modules(BTreeMap<String, Vec<ImagePath>>);

impl Modules {
    /// The modules of every `dist-packages` and `site-packages` of a tree.
    pub fn new(tree: &Tree, contents: &dyn Contents) -> Self {
        let mut modules: BTreeMap<String, Vec<ImagePath>> = BTreeMap::new();
        for (path, node) in tree.iter() {
            let parent = path.parent().unwrap_or_else(ImagePath::root);
            let name = String::from_utf8_lossy(path.file_name()).into_owned();
            let optional = || parent.file_name().starts_with(b"python3.") && OPTIONAL.contains(&name.as_str());
            if !matches!(parent.file_name(), b"dist-packages" | b"site-packages") && !optional() {
                continue;
            }
            if name.ends_with("-info") {
                for module in owned_modules(tree, contents, path, &name) {
                    modules.entry(module).or_default().push(path.clone());
                }
            } else if let Some(module) = module_name(&name, node.is_directory()) {
                modules.entry(module.to_owned()).or_default().push(path.clone());
            }
        }
        // What is only metadata is no module.
        modules.retain(|_, places| places.iter().any(|place| !place.file_name().ends_with(b"-info")));
        Self(modules)
    }

    /// Where a top-level module and its metadata are; empty when no distribution has it.
    pub fn places(&self, module: &str) -> &[ImagePath] {
        self.0.get(module).map_or(&[], Vec::as_slice)
    }

    /// The top-level module that a path is the beginning of.
    fn beginning(&self, path: &ImagePath) -> Option<&[ImagePath]> {
        let directory = path.parent().filter(|_| path.file_name() == b"__init__.py")?;
        let module = String::from_utf8_lossy(directory.file_name()).into_owned();
        self.0.get(&module).filter(|places| places.contains(&directory)).map(Vec::as_slice)
    }
}

/// `name.py`, `name.cpython-311-x86_64-linux-gnu.so`, a directory `name`.
fn module_name(name: &str, is_directory: bool) -> Option<&str> {
    let module = match is_directory {
        true => Some(name),
        false => name.strip_suffix(".py").or_else(|| Some(name.strip_suffix(".so")?.split('.').next().unwrap_or(name))),
    };
    module.filter(|module| !module.is_empty() && *module != "__pycache__" && !module.contains(['.', '-']))
}

/// The modules that a `*.dist-info` or `*.egg-info` speaks of: `top_level.txt`, else the distribution's name.
fn owned_modules(tree: &Tree, contents: &dyn Contents, path: &ImagePath, name: &str) -> Vec<String> {
    let list = path.join("top_level.txt").ok().and_then(|list| tree.lookup(&list).and_then(|(_, node)| node.as_file()));
    if let Some(file) = list.filter(|file| file.content.size() <= METADATA_LIMIT)
        && let Ok(bytes) = contents.read(&file.content)
    {
        return String::from_utf8_lossy(&bytes).split_whitespace().map(str::to_owned).collect();
    }
    let distribution = name.split('-').next().unwrap_or(name);
    vec![distribution.to_owned(), distribution.to_lowercase().replace('.', "_")]
}

/// Whether a file is Python by its name or first line.
pub fn is_python(path: &ImagePath, bytes: &[u8]) -> bool {
    let name = path.file_name();
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    name.ends_with(b".py")
        || name.ends_with(b".pth")
        || bytes.starts_with(b"#!") && memchr::memmem::find(first, b"python").is_some()
}

/// Adds what a Python file imports.
pub fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    if let Some(places) = scene.python.beginning(path) {
        for place in places {
            whole(scene, path, place, "the rest of its distribution", finding);
        }
    }
    text(scene, Some(path), &String::from_utf8_lossy(bytes), finding);
}

/// Adds what Python text imports: a file's, or that of `python -c`.
pub fn text(scene: &Scene<'_>, from: Option<&ImagePath>, text: &str, finding: &mut Finding) {
    for (index, line) in text.lines().enumerate() {
        for module in imports(line) {
            import(scene, from, module, &format!("line {}: {}", index + 1, line.trim()), finding);
        }
    }
}

/// Adds a module by its name; whether a distribution has it.
pub fn import(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    module: &str,
    evidence: &str,
    finding: &mut Finding,
) -> bool {
    let top = module.split('.').next().unwrap_or(module);
    finding.imports.insert(format!("python {top}"));
    let places = scene.python.places(top);
    for place in places.iter().filter(|place| !place.file_name().ends_with(b"-info")) {
        let start = place.join("__init__.py").ok().filter(|start| scene.tree.contains(start));
        match (start, scene.tree.get(place).is_some_and(|node| node.is_directory())) {
            (Some(start), _) => finding.loaded.extend(scene.follow(from, &start, Rule::Import, evidence)),
            (None, false) => finding.loaded.extend(scene.follow(from, place, Rule::Import, evidence)),
            (None, true) => whole(scene, from.unwrap_or(place), place, evidence, finding),
        }
    }
    !places.is_empty()
}

fn whole(scene: &Scene<'_>, from: &ImagePath, place: &ImagePath, evidence: &str, finding: &mut Finding) {
    if scene.tree.get(place).is_some_and(|node| !node.is_directory()) {
        finding.loaded.extend(scene.follow(Some(from), place, Rule::Import, evidence));
    }
    for (file, node) in scene.tree.below(place) {
        // Byte code goes with its module, and is no reason of its own to stay.
        let is_byte_code = file.components().any(|part| part == b"__pycache__");
        if !node.is_directory() && !is_byte_code && file != from {
            finding.loaded.extend(scene.follow(Some(from), file, Rule::Import, evidence));
        }
    }
}

/// The modules that a line names: `import a.b as c, d`, `from a.b import c`, `__import__('a')`, `import_module("a")`.
fn imports(line: &str) -> Vec<&str> {
    let line = line.trim_start();
    if line.starts_with('#') {
        return Vec::new();
    }
    let mut found = Vec::new();
    for statement in line.split(';').map(str::trim_start) {
        if let Some(list) = statement.strip_prefix("import ") {
            found.extend(list.split(',').filter_map(|item| item.split_whitespace().next()));
        } else if let Some(rest) = statement.strip_prefix("from ") {
            found.extend(rest.split_whitespace().next().filter(|module| !module.starts_with('.')));
        }
    }
    for call in ["__import__(", "import_module("] {
        for (at, _) in line.match_indices(call) {
            let rest = &line[at + call.len()..];
            let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
            found.extend(quote.and_then(|quote| rest[1..].split(quote).next()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_by_their_words() {
        let cases = [
            ("import os", "os"),
            ("    import a.b as c, d", "a.b d"),
            ("from flask.app import Flask", "flask.app"),
            ("from . import x", ""),
            ("from .y import x", ""),
            ("try: pass; import z", "z"),
            ("m = importlib.import_module('redis.client')", "redis.client"),
            ("x and __import__(\"_hack\").go()", "_hack"),
            ("import_module(name)", ""),
            ("# import a", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(imports(line).join(" "), expected, "{line}");
        }
    }

    #[test]
    fn modules_are_known_by_file_directory_and_metadata() {
        let tree = crate::tree::text::tree(
            "/usr/lib/python3/dist-packages/flask/__init__.py = x\n/usr/lib/python3/dist-packages/Flask-2.2.2.egg-info/top_level.txt = flask\\n\n\
             /usr/lib/python3/dist-packages/six.py = x\n/usr/lib/python3/dist-packages/_x.cpython-311-x86_64-linux-gnu.so = x",
        )
        .unwrap();
        let modules = Modules::new(&tree, &crate::tree::MemoryContents);
        let names = |module: &str| modules.places(module).iter().map(ImagePath::to_text).collect::<Vec<_>>();
        let below = "/usr/lib/python3/dist-packages";
        assert_eq!(names("flask"), [format!("{below}/Flask-2.2.2.egg-info"), format!("{below}/flask")]);
        assert_eq!(names("six"), [format!("{below}/six.py")]);
        assert_eq!(names("_x").len(), 1);
        assert!(names("Flask-2").is_empty());
    }
}
