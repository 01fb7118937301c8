//! What a module brings along that its users do not load: tests for its own authors, and builds of itself for browsers.
//!
//! Only what lies at the top of a module is looked at (`test.js`, `test/…`, `dist/…`), and only where no other file of the module names it.

use crate::path::ImagePath;
use crate::scan::Scene;
use std::collections::{BTreeMap, BTreeSet};

/// Folders of tests.
const TESTS: [&str; 3] = ["__tests__", "test", "tests"];

/// What folders of builds begin with: `dist`, `dist.es2015`, `umd`.
const BUILDS: [&str; 2] = ["dist", "umd"];

/// What `package.json` says of files that Node loads (<https://nodejs.org/api/packages.html>); `browser` and `module` are for bundlers.
const LOADED: [&str; 5] = ["bin", "exports", "imports", "main", "type"];

/// The files of a module, a directory, that only its tests and its builds are. Empty where that cannot be known.
pub(super) fn files(scene: &Scene<'_>, module: &ImagePath) -> BTreeSet<ImagePath> {
    let mut aside: BTreeMap<String, Vec<&ImagePath>> = BTreeMap::new();
    let mut others = Vec::new();
    for (path, _) in scene.tree.below(module).filter(|(_, node)| !node.is_directory()) {
        let below = path.as_bytes().strip_prefix(module.as_bytes()).unwrap_or_default();
        let text = String::from_utf8_lossy(below).into_owned();
        let mut names = text.trim_start_matches('/').splitn(2, '/');
        let (first, rest) = (names.next().unwrap_or_default(), names.next());
        match aside_name(first, rest.is_some()) {
            Some(name) => aside.entry(name.to_owned()).or_default().push(path),
            None => others.push(path),
        }
    }
    if aside.is_empty() {
        return BTreeSet::new();
    }
    let mut texts: Vec<String> = others.into_iter().filter_map(|path| text(scene, module, path)).collect();
    while let Some(text) = texts.pop() {
        if text.contains("readdir") {
            return BTreeSet::new();
        }
        let named: Vec<String> = aside.keys().filter(|name| names(&text, name)).cloned().collect();
        for path in named.iter().filter_map(|name| aside.remove(name)).flatten() {
            texts.extend(self::text(scene, module, path));
        }
    }
    aside.into_values().flatten().cloned().collect()
}

/// By what name a module's other files would load something at its top, if it is a test or a build: `test-x` of `test-x.js`, `tests` of a
/// folder.
fn aside_name(name: &str, is_folder: bool) -> Option<&str> {
    if is_folder {
        return Some(name).filter(|name| TESTS.contains(name) || BUILDS.iter().any(|start| name.starts_with(start)));
    }
    let stem = [".js", ".cjs", ".mjs"].iter().find_map(|end| name.strip_suffix(end))?;
    let is_test = matches!(stem, "test" | "tests")
        || ["test-", "test_", "test."].iter().any(|start| stem.starts_with(start))
        || [".test", "-test", "_test", ".spec"].iter().any(|end| stem.ends_with(end));
    is_test.then_some(stem)
}

/// What of a file can name another one.
fn text(scene: &Scene<'_>, module: &ImagePath, path: &ImagePath) -> Option<String> {
    let text = String::from_utf8_lossy(&scene.read(path)?).into_owned();
    let is_description = path.file_name() == b"package.json" && path.parent().as_ref() == Some(module);
    let fields = if is_description { serde_json::from_str::<serde_json::Value>(&text).ok() } else { None };
    let Some(fields) = fields else { return Some(text) };
    let loaded = LOADED.iter().filter_map(|key| fields.get(key)).map(ToString::to_string);
    Some(loaded.collect::<Vec<_>>().join("\n"))
}

/// Whether a text holds a name as part of a path or as a quoted word: `'./test-x'`, `"test/x.js"`.
fn names(text: &str, name: &str) -> bool {
    let bytes = text.as_bytes();
    text.match_indices(name).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + name.len());
        before.is_some_and(|b| b"'\"`/".contains(b)) && after.is_some_and(|b| b"'\"`/.$".contains(b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_builds_are_known_by_their_names() {
        let cases = [
            ("test.js", false, "test"),
            ("test-core-js.js", false, "test-core-js"),
            ("a.spec.mjs", false, "a.spec"),
            ("tests", true, "tests"),
            ("latest.js", false, ""),
            ("test.json", false, ""),
            ("lib", true, ""),
            ("dist", true, "dist"),
            ("dist.es2015", true, "dist.es2015"),
            ("umd", true, "umd"),
            ("dist.js", false, ""),
            ("test", false, ""),
        ];
        for (name, is_folder, expected) in cases {
            assert_eq!(aside_name(name, is_folder).unwrap_or_default(), expected, "{name}");
        }
    }

    #[test]
    fn a_name_is_a_part_of_a_path_or_a_quoted_word() {
        for text in ["require('./test-x')", "\"test-x\"", "`../test-x.js`", "x/test-x/y", "`./test-x${n}`"] {
            assert!(names(text, "test-x"), "{text}");
        }
        for text in ["test-x", "/latest-x'", "'my-test-x'", "/re/.test-x("] {
            assert!(!names(text, "test-x"), "{text}");
        }
    }
}
