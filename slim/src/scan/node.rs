//! What JavaScript programs load of the modules that a distribution installs for all programs.
//!
//! An application's own `node_modules` is no package's and stays as it is. What lies in the directories that Node was built to search for
//! every program stays by module, when something in use names it.

mod unused;

use super::{Finding, Scene};
use crate::graph::{Edge, Rule};
use crate::path::ImagePath;
use crate::tree::Node;
use std::collections::BTreeSet;

/// Where distributions put modules for all programs.
pub(crate) const PLACES: [&str; 4] =
    ["/usr/share/nodejs", "/usr/lib/nodejs", "/usr/lib/*/nodejs", "/usr/{,local/}lib/node_modules"];

/// Modules that Node has inside: their names never lead to a file, whatever is installed under them
/// (<https://nodejs.org/api/modules.html#built-in-modules>). With a slash at the end a name leads to the file after all.
const BUILT_IN: [&str; 54] = [
    "assert",
    "assert/strict",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "dns/promises",
    "domain",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "inspector",
    "inspector/promises",
    "module",
    "net",
    "os",
    "path",
    "path/posix",
    "path/win32",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "readline/promises",
    "repl",
    "stream",
    "stream/consumers",
    "stream/promises",
    "stream/web",
    "string_decoder",
    "sys",
    "timers",
    "timers/promises",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "util/types",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// Ends of names of files that declare types to a compiler (TypeScript), and of maps from what a compiler wrote to what it read: Node reads
/// neither unless it is asked to, and rules say when. The others are drawings of which what is shown was made.
const FOR_OTHERS: [&[u8]; 9] =
    [b".d.ts", b".d.mts", b".d.cts", b".js.map", b".mjs.map", b".cjs.map", b".ai", b".psd", b".sketch"];

/// What stands before the name of a module.
const CALLS: [&str; 4] = ["require(", "require.resolve(", "import(", "createRequire("];

/// Whether a file is JavaScript by its name or first line.
pub fn is_node(path: &ImagePath, bytes: &[u8]) -> bool {
    super::is_written_in(path, bytes, &[".js", ".mjs", ".cjs"], &["node"])
}

/// Adds the links by which folders above a file have a `node_modules`: modules are looked for through them.
fn ways(scene: &Scene<'_>, path: &ImagePath, finding: &mut Finding) {
    let links = path.ancestors().filter_map(|folder| folder.join("node_modules").ok());
    for link in links.filter(|link| scene.tree.get(link).is_some_and(|node| node.as_symlink().is_some())) {
        let edges = scene.follow(
            Some(path),
            &link,
            Rule::Import,
            "modules are looked for in node_modules of each folder above",
        );
        finding.edges.extend(edges.into_iter().map(Edge::of_file));
    }
}

/// Adds the modules that a JavaScript file names, and for a program with a first line of its own, which `runs`, the module that it is a part of.
pub fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], runs: bool, finding: &mut Finding) {
    ways(scene, path, finding);
    if scene.node.0.is_empty() {
        return;
    }
    if runs && bytes.starts_with(b"#!") {
        for place in scene.node.0.iter().filter(|place| path.starts_with(place)) {
            let below = path.as_bytes().strip_prefix(place.as_bytes()).unwrap_or_default();
            let Some(module) = std::str::from_utf8(below).ok().and_then(|name| top(name.trim_start_matches('/')))
            else {
                continue;
            };
            let Ok(module) = place.join(module) else { continue };
            all_of(scene, path, &module, "a part of the program's own module", finding);
        }
    }
    for (index, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
        for name in names(line) {
            let Some(module) = top(name) else { continue };
            let evidence = || format!("line {}: {name}", index + 1);
            for place in &scene.node.0 {
                let single = place.join(format!("{module}.js"));
                for start in [place.join(module), single].into_iter().filter_map(Result::ok) {
                    whole(scene, path, &start, &evidence(), finding);
                }
                // A file within a module may be one that the module itself does not load.
                let inside = if name == module { &[][..] } else { &["", ".js", ".json", "/index.js"] };
                for file in inside.iter().filter_map(|end| place.join(format!("{name}{end}")).ok()) {
                    if scene.tree.lookup(&file).is_some_and(|(_, node)| !node.is_directory()) {
                        finding.loaded.extend(scene.follow(Some(path), &file, Rule::Import, &evidence()));
                    }
                }
            }
        }
    }
}

/// A module is a directory, or a file.
fn whole(scene: &Scene<'_>, from: &ImagePath, start: &ImagePath, evidence: &str, finding: &mut Finding) {
    let Some((real, node)) = scene.tree.lookup(start) else { return };
    if real == *from || from.starts_with(&real) {
        return;
    }
    finding.loaded.extend(scene.follow(Some(from), start, Rule::Import, evidence));
    if node.is_directory() {
        all_of(scene, from, &real, evidence, finding);
    }
}

/// The files of a module, a directory, that its users load.
fn all_of(scene: &Scene<'_>, from: &ImagePath, module: &ImagePath, evidence: &str, finding: &mut Finding) {
    let unused = unused::files(scene, module);
    let is_used =
        |file: &ImagePath, node: &Node| !node.is_directory() && !unused.contains(file) && !is_for_others(file);
    for (file, _) in scene.tree.below(module).filter(|(file, node)| is_used(file, node)) {
        finding.loaded.extend(scene.follow(Some(from), file, Rule::Import, evidence));
    }
}

fn is_for_others(path: &ImagePath) -> bool {
    FOR_OTHERS.iter().any(|end| path.file_name().ends_with(end))
}

/// The modules, and files in them, that a line names: `require('a/b')`, `import x from "@s/m"`; relative names are files of one's own.
fn names(line: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for call in CALLS {
        found.extend(line.match_indices(call).filter_map(|(at, _)| quoted(&line[at + call.len()..])));
    }
    for (at, _) in line.match_indices("from").chain(line.match_indices("import")) {
        let word = if line[at..].starts_with("from") { "from" } else { "import" };
        found.extend(quoted(&line[at + word.len()..]));
    }
    found.retain(|name| !BUILT_IN.contains(name) && top(name).is_some());
    found
}

/// The text between the quotes that something begins with.
fn quoted(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
    text[1..].split_once(quote).map(|(name, _)| name)
}

/// The module of a name within it.
fn top(name: &str) -> Option<&str> {
    let parts = if name.starts_with('@') { 2 } else { 1 };
    let end = name.match_indices('/').nth(parts - 1).map_or(name.len(), |(at, _)| at);
    let top = &name[..end];
    let is_name = !top.is_empty()
        && !top.starts_with('.')
        && top.chars().all(|c| c.is_ascii_alphanumeric() || "@/._-".contains(c));
    is_name.then_some(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_by_their_words() {
        let cases = [
            ("const express = require('express');", "express"),
            ("import a from \"@s/m/lib/x.js\"; import 'b'", "@s/m b"),
            ("export { x } from 'c/d'", "c"),
            ("const p = require('./own'), q = require(\"/abs\")", ""),
            ("await import(`lazy`)", "lazy"),
            ("require(name)", ""),
            ("require('util'), require('stream/promises'), require('node:assert')", ""),
            ("require('util/'); require('punycode/punycode.js')", "punycode util"),
            ("require.resolve('y/package.json')", "y"),
        ];
        for (line, expected) in cases {
            assert_eq!(names(line).into_iter().filter_map(top).collect::<Vec<_>>().join(" "), expected, "{line}");
        }
    }
}
