//! The real loaders as referees: `ld.so --list` in a root against [`slim::elf::search`], for every dynamic ELF file.
//!
//! `SLIM_ROOTS` names unpacked root file systems, separated by colons.

use slim::elf::FactsCache;
use slim::elf::search::{Environment, Loader, Role};
use slim::path::ImagePath;
use slim::tree::{MemoryContents, Node, Tree};
use slim::verify::{Knowledge, compare, verify};
use std::collections::BTreeSet;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

fn roots() -> Vec<String> {
    std::env::var("SLIM_ROOTS").unwrap_or_default().split(':').filter(|r| !r.is_empty()).map(str::to_owned).collect()
}

fn tree_of(root: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in walkdir::WalkDir::new(root).same_file_system(true) {
        let entry = entry.expect("a readable root");
        let metadata = entry.metadata().expect("metadata");
        let path = ImagePath::new(entry.path().strip_prefix(root).unwrap().as_os_str().as_bytes()).unwrap();
        let node = if metadata.is_dir() {
            Node::directory()
        } else if metadata.is_symlink() {
            Node::symlink(std::fs::read_link(entry.path()).unwrap().into_os_string().into_vec())
        } else if metadata.is_file() {
            Node::file(std::fs::read(entry.path()).unwrap())
        } else {
            continue;
        };
        tree.insert(path, node.with_mode(metadata.permissions().mode() & 0o7777));
    }
    tree
}

/// What the loader itself says: the files it maps, and the names it misses.
fn listed(root: &str, tree: &Tree, interpreter: &ImagePath, file: &ImagePath) -> (BTreeSet<String>, BTreeSet<String>) {
    let output =
        Command::new("chroot").args([root, &interpreter.to_text(), "--list", &file.to_text()]).output().unwrap();
    let (mut files, mut missing) = (BTreeSet::new(), BTreeSet::new());
    let real = |name: &str| tree.resolve(&ImagePath::new(name).unwrap()).map_or(name.to_owned(), |r| r.path.to_text());
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
        let tree = tree_of(Path::new(&root));
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
            let gave_up = files.is_empty() && !missing.is_empty();
            if (!gave_up && without(&files) != without(&ours)) || missing != our_missing {
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

#[test]
#[ignore = "live: needs SLIM_ROOTS"]
fn untouched_roots_verify_and_breakage_is_found() {
    for root in roots() {
        let tree = tree_of(Path::new(&root));
        let knowledge = Knowledge { facts: Arc::new(FactsCache::new()), ..Knowledge::default() };
        let start = std::time::Instant::now();
        let before = verify(&tree, &MemoryContents, &knowledge).unwrap();
        println!("{root}: {} nodes, {} problems, {:?}", tree.len(), before.len(), start.elapsed());
        for problem in &before {
            println!("  {:?} {} {} {}", problem.kind, problem.at, problem.subject, problem.detail);
        }
        assert_eq!(compare(&before, &before), []);
        // Every link of a library directory that a program's start goes through is missed when it is taken away.
        let loader = Loader::new(&tree, &MemoryContents, &Environment::default());
        let mut parts = BTreeSet::new();
        for (path, _) in tree.iter().filter(|(_, node)| node.mode & 0o111 != 0).take(200) {
            let Ok(closure) = loader.closure(path) else { continue };
            for object in closure.loaded.iter().filter(|object| object.role != Role::Root) {
                parts.insert(object.path.clone());
                parts.extend(object.links.iter().cloned());
            }
        }
        for part in parts.iter().take(25) {
            let mut broken = tree.clone();
            broken.remove(part);
            let after = verify(&broken, &MemoryContents, &knowledge).unwrap();
            assert!(!compare(&before, &after).is_empty(), "{root}: nobody missed {part}");
        }
    }
}
