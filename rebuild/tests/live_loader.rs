//! The real loaders as referees: `ld.so --list` in a root against [`slim::elf::search`], for every dynamic ELF file.
//!
//! `SLIM_ROOTS` names unpacked root file systems, separated by colons.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

mod roots;

use slim::elf::FactsCache;
use slim::elf::cache::Cache;
use slim::elf::search::{Environment, LibraryCache, Loader, Role};
use slim::packages::Inventory;
use slim::packages::dpkg::database::Database;
use slim::path::ImagePath;
use slim::tree::{Contents, MemoryContents, Node, Tree};
use slim::verify::{Knowledge, ProblemKind, compare, verify};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

fn roots() -> Vec<String> {
    let named = std::env::var("SLIM_ROOTS").expect("SLIM_ROOTS, as examples/loaders.sh sets it");
    named.split(':').filter(|root| !root.is_empty()).map(str::to_owned).collect()
}

/// What the loader itself says: the files it maps, and the names it misses.
fn listed(root: &str, tree: &Tree, interpreter: &ImagePath, file: &ImagePath) -> (BTreeSet<String>, BTreeSet<String>) {
    let output =
        Command::new("chroot").args([root, &interpreter.to_text(), "--list", &file.to_text()]).output().unwrap();
    let (mut files, mut missing) = (BTreeSet::new(), BTreeSet::new());
    // The loader puts `$ORIGIN/../lib` in as it is written.
    let real = |name: &str| {
        let mut at = ImagePath::root();
        for part in name.split('/').filter(|part| !part.is_empty()) {
            at = match part {
                ".." => at.parent().unwrap_or_else(ImagePath::root),
                part => at.join(part).unwrap(),
            };
            at = tree.resolve(&at).map_or(at, |resolved| resolved.path);
        }
        at.to_text()
    };
    for line in String::from_utf8_lossy(&output.stdout).lines().map(str::trim) {
        match line.split_once(" => ") {
            Some((name, "not found")) => drop(missing.insert(name.to_owned())),
            Some((_, rest)) => drop(files.insert(real(rest.split(" (").next().unwrap()))),
            None if line.starts_with('/') => drop(files.insert(real(line.split(" (").next().unwrap()))),
            None => {}
        }
    }
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        if let Some(rest) = line.strip_prefix("Error loading shared library ") {
            missing.insert(rest.split(':').next().unwrap().to_owned());
        }
        // glibc gives up here, and lists nothing.
        if let Some((_, rest)) = line.split_once("error while loading shared libraries: ") {
            missing.insert(rest.split(':').next().unwrap().to_owned());
        }
    }
    (files, missing)
}

#[test]
#[ignore = "live: needs root for chroot, and SLIM_ROOTS"]
fn closures_are_what_the_real_loader_lists() {
    let mut differences = Vec::new();
    for root in roots() {
        let tree = roots::tree_of(Path::new(&root));
        let loader = Loader::new(&tree, &MemoryContents, &Environment::default());
        let mut count = 0;
        for (path, _) in tree.iter() {
            let Ok(facts) = loader.facts(path) else { continue };
            if !facts.is_dynamic || !facts.is_loadable() || facts.needed.is_empty() {
                continue;
            }
            let closure = loader.closure(path).unwrap();
            let Some(interpreter) = loader.interpreter_for(&facts) else { continue };
            let (files, missing) = listed(&root, &tree, &interpreter, path);
            let ours: BTreeSet<_> =
                closure.loaded.iter().filter(|o| o.role != Role::Root).map(|o| o.path.to_text()).collect();
            let our_missing: BTreeSet<_> =
                closure.missing.iter().map(|m| String::from_utf8_lossy(&m.name).into_owned()).collect();
            // musl does not list itself unless something needs it by name; it is in every process all the same.
            let loader_name = interpreter.to_text();
            let without =
                |set: &BTreeSet<String>| set.iter().filter(|p| **p != loader_name).cloned().collect::<BTreeSet<_>>();
            count += 1;
            // A loader that gives up names the first library that it lacks, and none behind it.
            let gave_up = files.is_empty() && !missing.is_empty();
            let agrees = match gave_up {
                true => missing.len() == 1 && missing.is_subset(&our_missing),
                false => without(&files) == without(&ours) && missing == our_missing,
            };
            if !agrees {
                differences.push(format!(
                    "{root}{path}:\n  loader {files:?} missing {missing:?}\n  slim {ours:?} missing {our_missing:?}"
                ));
            }
        }
        println!("{root}: {count} files compared, {} differences so far", differences.len());
        assert!(count > 0, "{root}: nothing to compare");
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What the image itself tells a check.
fn knowledge<'a>(tree: &Tree, inventory: Option<&'a Inventory>, facts: &Arc<FactsCache>) -> Knowledge<'a> {
    let file = tree.lookup(&ImagePath::literal("/etc/ld.so.cache")).and_then(|(_, node)| node.as_file());
    let bytes = file.map(|file| MemoryContents.read(&file.content).unwrap());
    let cache = bytes.and_then(|bytes| Cache::read(&bytes).ok()).map(|cache| {
        let mut library = LibraryCache::new();
        for entry in cache.entries.iter().filter(|entry| entry.is_baseline()) {
            library.entry(entry.soname.clone()).or_default().push(ImagePath::new(&entry.path).unwrap());
        }
        library
    });
    Knowledge { inventory, cache, facts: Arc::clone(facts), ..Knowledge::default() }
}

/// A wound, what it must be told as, and whether it was told.
struct Wound {
    what: String,
    kind: ProblemKind,
    tree: Tree,
}

fn removed(tree: &Tree, path: &ImagePath, kind: ProblemKind, what: &str) -> Wound {
    let mut tree = tree.clone();
    tree.remove(path);
    Wound { what: format!("{what} {path}"), kind, tree }
}

/// One wound of each sort, where the root has a place for it: the same ones every time.
fn wounds(tree: &Tree, known: &Knowledge<'_>) -> Vec<Wound> {
    let loader = Loader::new(tree, &MemoryContents, &Environment::default()).sharing(Arc::clone(&known.facts));
    let programs = tree.iter().filter(|(path, node)| node.mode & 0o111 != 0 && path.as_bytes().starts_with(b"usr/"));
    let closures: Vec<_> = programs.filter_map(|(path, _)| loader.closure(path).ok()).take(60).collect();
    let objects: Vec<_> = closures.iter().flat_map(|closure| &closure.loaded).collect();
    let needed: Vec<_> = objects.iter().filter(|object| object.role == Role::Needed).collect();
    let mut wounds = Vec::new();
    if let Some(object) = needed.first() {
        wounds.push(removed(tree, &object.path, ProblemKind::MissingLibrary, "library"));
    }
    let hop = needed.iter().rev().flat_map(|object| &object.links).find(|link| {
        let name = link.to_text();
        name.rsplit('/').next().is_some_and(|name| name.starts_with("lib") && name.contains(".so"))
    });
    if let Some(link) = hop {
        wounds.push(removed(tree, link, ProblemKind::MissingLibrary, "link"));
    }
    // Another library under the same name, with versions that nobody asked for.
    let asked = objects.iter().find_map(|object| {
        let (file, _) = object.facts.version_needs.first()?;
        let provider = needed.iter().find(|needed| needed.facts.soname.as_deref() == Some(&file[..]))?;
        Some((&provider.path, provider.facts.machine, String::from_utf8_lossy(file).into_owned()))
    });
    if let Some((path, machine, soname)) = asked {
        let other = testdata::elf::library(&soname).target(machine, true, false).defines_version("OTHER_1");
        let mut tree = tree.clone();
        tree.insert(path.clone(), Node::file(other.bytes()).with_mode(0o755));
        wounds.push(Wound { what: format!("versions of {path}"), kind: ProblemKind::MissingVersion, tree });
    }
    let script = tree.iter().filter(|(_, node)| node.mode & 0o111 != 0).find_map(|(_, node)| {
        let head = MemoryContents.head(&node.as_file()?.content, 256).ok()?;
        let line = head.strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?.trim_ascii().to_vec();
        let program = line.split(u8::is_ascii_whitespace).next()?;
        Some(tree.lookup(&ImagePath::new(program).ok()?)?.0)
    });
    if let Some(program) = script {
        wounds.push(removed(tree, &program, ProblemKind::MissingShebang, "script's program"));
    }
    let pam = |path: &&ImagePath| path.file_name() == b"pam_unix.so";
    if let Some(module) = tree.iter().map(|(path, _)| path).find(pam) {
        wounds.push(removed(tree, module, ProblemKind::MissingModule, "PAM module"));
    }
    let cached = known.cache.iter().flat_map(|cache| cache.values().flatten()).next_back();
    if let Some((path, _)) = cached.and_then(|path| tree.lookup(path)) {
        wounds.push(removed(tree, &path, ProblemKind::StaleCache, "cached library"));
    }
    wounds
}

#[test]
#[ignore = "live: needs SLIM_ROOTS"]
fn untouched_roots_verify_and_breakage_is_found() {
    let mut unseen = Vec::new();
    for root in roots() {
        let tree = roots::tree_of(Path::new(&root));
        let facts = Arc::new(FactsCache::new());
        let database = Database::read(&tree, &MemoryContents).unwrap();
        let inventory = database.map(|database| database.inventory(&tree));
        let known = knowledge(&tree, inventory.as_ref(), &facts);
        let start = std::time::Instant::now();
        let before = verify(&tree, &MemoryContents, &known).unwrap();
        println!("{root}: {} nodes, {} problems, {:?}", tree.len(), before.len(), start.elapsed());
        for problem in &before {
            println!("  {:?} {} {} {}", problem.kind, problem.at, problem.subject, problem.detail);
        }
        assert_eq!(compare(&before, &before), []);
        for Wound { what, kind, tree } in wounds(&tree, &known) {
            let start = std::time::Instant::now();
            let after = verify(&tree, &MemoryContents, &known).unwrap();
            let told = compare(&before, &after);
            let fitting = told.iter().filter(|problem| problem.kind == kind).count();
            println!("  {what}: {fitting} {kind:?} of {} problems, {:?}", told.len(), start.elapsed());
            if fitting == 0 {
                unseen.push(format!("{root}: {what}"));
            }
        }
    }
    assert_eq!(unseen, Vec::<String>::new(), "nobody missed these");
}
