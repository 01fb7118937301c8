//! What ELF files use: their interpreter, libraries, `dlopen` notes, and the files that their strings name.

use super::{Finding, Scene, exec, folders, is_settings, python, zone};
use crate::elf::search::{Environment, Loader, Role};
use crate::elf::{self, Facts, Priority, Texts};
use crate::graph::{Edge, Rule};
use crate::launch::Launch;
use crate::path::ImagePath;
use crate::tree::{Contents, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// What rules ask for as an import to be told of programs without a C library (Go, Rust).
const STATIC: &str = "(static)";

/// The shell of `system` and `popen`, whose name every program with a C library of its own holds.
const SHELL: &str = "/bin/sh";

/// How many names of one file are looked up as libraries; real files name some dozens.
const NAME_LIMIT: usize = 4096;

/// The loader of this image's programs, with the environment that the container starts in.
pub fn loader<'a>(tree: &'a Tree, contents: &'a dyn Contents, launch: &Launch) -> Loader<'a> {
    let variables: Vec<String> = launch.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let environment = Environment::from_variables(variables.iter().map(String::as_str));
    Loader::new(tree, contents, &environment)
}

/// Adds what an ELF file uses.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    let facts = match elf::read(bytes) {
        Ok(facts) => facts,
        Err(error) => {
            let what = format!("not readable as ELF: {error}");
            return finding.unknown(path, "header", what, "nothing that it needs is followed");
        }
    };
    finding.imports.extend(facts.imports.iter().map(|import| String::from_utf8_lossy(&import.name).into_owned()));
    if facts.is_static() && facts.imports.is_empty() {
        // Without a C library the program reads the system's data files itself; rules ask for this as for an imported symbol.
        finding.imports.insert(STATIC.to_owned());
    }
    if let Some(interpreter) = &facts.interpreter {
        let name = String::from_utf8_lossy(interpreter);
        finding.edges.extend(scene.follow_name(Some(path), &name, Rule::Interpreter, "PT_INTERP"));
    }
    let mut opens: BTreeMap<Vec<u8>, (Rule, String)> = BTreeMap::new();
    for note in facts.dlopen_notes.iter().filter(|note| note.priority != Priority::Suggested) {
        for name in &note.sonames {
            let evidence = format!("{name} ({})", note.feature.as_deref().unwrap_or(".note.dlopen"));
            opens.insert(name.clone().into_bytes(), (Rule::Dlopen, evidence));
        }
    }
    for (list, evidence) in audits(scene, &facts) {
        let names = list.split(|b| *b == b':').filter(|name| !name.is_empty());
        opens.extend(names.map(|name| (name.to_vec(), (Rule::Needed, evidence.to_owned()))));
    }
    let texts = Texts::new(bytes, &facts);
    strings(scene, path, &facts, (bytes, &texts), &mut opens, finding);
    if facts.imports.iter().any(|import| zone::is_reader(&import.name)) {
        zone::find(scene, Some(path), bytes, |at| format!("zone at offset {at:#x}"), finding);
    }
    exec::find(scene, path, &facts, (bytes, &texts), finding);
    python::object(scene, path, &facts, &texts, finding);
    let before = finding.edges.len();
    libraries(scene, path, &facts, &opens, finding);
    computed_names(scene, path, &facts, before, finding);
}

/// Libraries that watch the loader at its work (rtld-audit(7)), colons between them: the file's own, and those of the environment.
fn audits<'f>(scene: &'f Scene<'_>, facts: &'f Facts) -> Vec<(&'f [u8], &'static str)> {
    let variable = scene.launch.variable("LD_AUDIT").filter(|_| facts.interpreter.is_some());
    let lists = [
        (facts.audit.as_deref(), "DT_AUDIT"),
        (facts.depaudit.as_deref(), "DT_DEPAUDIT"),
        (variable.map(str::as_bytes), "LD_AUDIT"),
    ];
    lists.into_iter().filter_map(|(list, evidence)| Some((list?, evidence))).collect()
}

/// A file that calls `dlopen` and holds no name of a library that is there opens what only it knows.
fn computed_names(scene: &Scene<'_>, path: &ImagePath, facts: &Facts, from: usize, finding: &mut Finding) {
    let opener = facts.imports.iter().find(|import| matches!(&import.name[..], b"dlopen" | b"dlmopen"));
    let Some(opener) = opener.filter(|_| !scene.knowledge.covers(&path.to_text())) else { return };
    let opened = |edge: &Edge| {
        matches!(edge.rule, Rule::String | Rule::Dlopen) && memchr::memmem::find(edge.to.file_name(), b".so").is_some()
    };
    let by_path = finding.edges.iter().take(from).any(opened);
    if !by_path && !finding.edges.iter().skip(from).any(opened) {
        let place = format!("import {}", String::from_utf8_lossy(&opener.name));
        let what = "it opens libraries by names that it does not hold";
        finding.unknown(path, place, what, "shared objects outside the loader's directories of kept packages stay");
    }
}

/// Everything that the loader maps for the file, by its own search.
fn libraries(
    scene: &Scene<'_>,
    path: &ImagePath,
    facts: &Facts,
    opens: &BTreeMap<Vec<u8>, (Rule, String)>,
    finding: &mut Finding,
) {
    if !facts.is_dynamic {
        return;
    }
    let names: Vec<_> = opens.keys().map(|name| (path.clone(), name.clone())).collect();
    let closure = match scene.loader.closure_opening(path, &names) {
        Ok(closure) => closure,
        Err(error) => {
            return finding.unknown(path, "dynamic section", error.to_string(), "nothing that it needs is followed");
        }
    };
    for loaded in closure.loaded {
        let from = loaded.needed_by.as_ref().unwrap_or(path);
        let name = String::from_utf8_lossy(loaded.found_as.file_name()).into_owned();
        let (rule, evidence) = match loaded.role {
            Role::Root | Role::Interpreter => continue,
            Role::Opened => opens.get(loaded.found_as.file_name()).cloned().unwrap_or((Rule::String, name)),
            Role::Preload => (Rule::Needed, format!("{name}, preloaded")),
            Role::Needed | Role::Filter | Role::Variant => (Rule::Needed, name),
        };
        for link in &loaded.links {
            let to_directory = scene.tree.lookup(link).is_some_and(|(_, node)| node.is_directory());
            let hop = match *link == loaded.found_as {
                true => Edge::new(from, link.clone(), rule.clone(), evidence.clone()),
                false => Edge::new(from, link.clone(), Rule::Symlink, format!("on the way of {}", loaded.found_as)),
            };
            finding.edges.push(if to_directory { hop.of_file() } else { hop });
        }
        finding.edges.push(Edge::new(from, loaded.path, rule, evidence));
    }
    // A library alone may need what only its program's run path finds; the program's own closure tells.
    if facts.interpreter.is_some() {
        for missing in closure.missing.iter().filter(|missing| missing.required) {
            let name = String::from_utf8_lossy(&missing.name).into_owned();
            if scene.knowledge.is_provided(&name) {
                continue;
            }
            // A script may set LD_LIBRARY_PATH before it starts the program.
            let evidence = format!("{name}, which is not on the search path");
            let homes = scene.libraries_named(Some(&missing.needed_by), &missing.name, &evidence);
            if homes.is_empty() {
                let what = format!("{name}, which {} needs, is not in the image", missing.needed_by);
                finding.unknown(path, "DT_NEEDED", what, "nothing is kept for it");
            } else {
                let what = format!("{name}, which {} needs, is not on its search path", missing.needed_by);
                finding.unknown(path, "DT_NEEDED", what, "every library of that name is kept");
                finding.edges.extend(homes);
            }
        }
    }
}

/// Strings that equal a file of the image are uses of it; names of libraries are handed back to be searched for.
fn strings(
    scene: &Scene<'_>,
    path: &ImagePath,
    facts: &Facts,
    (bytes, texts): (&[u8], &Texts<'_>),
    opens: &mut BTreeMap<Vec<u8>, (Rule, String)>,
    finding: &mut Finding,
) {
    let within = path.to_text();
    let own_library = facts.is_static() && facts.imports.is_empty();
    let mut seen = BTreeSet::new();
    for (offset, text) in texts.paths() {
        let evidence = || format!("{text:?} at offset {offset:#x}");
        // Places that are looked through are written as one list, which may begin with the folder that the program is in.
        if text.starts_with('/') || text.starts_with(".:/") {
            if text == SHELL && own_library && shell(scene, path, bytes, finding)
                || scene.knowledge.ignores(&within, text)
            {
                continue;
            }
            finding.edges.extend(folders::find(scene, Some(path), text, evidence));
            let targets =
                text.split(':').filter(|name| name.starts_with('/')).filter_map(|name| ImagePath::new(name).ok());
            for target in
                targets.filter(|target| !target.is_root() && !scene.knowledge.ignores(&within, &target.to_text()))
            {
                if scene.tree.resolve(&target).is_ok() && seen.insert(target.clone()) {
                    // Configuration is read where it lies: the file matters, and not what else its package brings.
                    let data = scene.tree.lookup(&target).is_some_and(|(_, node)| is_settings(&target, node));
                    let edges = scene.follow(Some(path), &target, Rule::String, &evidence());
                    finding.edges.extend(edges.into_iter().map(|edge| if data { edge.of_file() } else { edge }));
                }
            }
        } else if text.len() < 256
            && !text.contains(['/', '%', ' '])
            && opens.len() < NAME_LIMIT
            && !scene.knowledge.ignores(&within, text)
        {
            opens.entry(text.as_bytes().to_vec()).or_insert_with(|| (Rule::String, evidence()));
        }
    }
}

/// Whether the shell's name is only the C library's own, in a program that has the library inside.
fn shell(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) -> bool {
    match exec::calls_shell(bytes) {
        Some(true) => return false,
        Some(false) => {}
        None if scene.follow_name(Some(path), SHELL, Rule::String, "").is_empty() => {}
        None => {
            let what = "it holds the name of the shell, perhaps only in its C library";
            finding.unknown(path, SHELL, what, "nothing is kept for it; --keep-shell keeps it");
        }
    }
    true
}
