//! Real archives, and apt as the referee.
//!
//! Needs the network and `SLIM_LIVE_ROOT`, a Debian root folder in which `apt-get update` was run; with apt's own answer in
//! `SLIM_LIVE_APT` (`apt-get -s upgrade`, run in that root). Run with
//! `cargo test -p slim-rebuild --test live_archives -- --ignored --nocapture`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use rebuild::archives::signature::SignatureError;
use rebuild::archives::{Archive, ArchiveError, Options};
use rebuild::event::Silent;
use rebuild::upgrade::{Pins, Policy, architectures, installed_packages, native_architecture, resolve};
use slim::path::ImagePath;
use slim::tree::{MemoryContents, Node, Tree};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn insert(tree: &mut Tree, root: &Path, folder: &str) {
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else { return };
    tree.insert(ImagePath::literal(folder), Node::directory());
    for entry in entries.map(Result::unwrap) {
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            insert(tree, root, &name);
        } else if kind.is_symlink() {
            let target = std::fs::read_link(entry.path()).unwrap();
            tree.insert(ImagePath::literal(&name), Node::symlink(target.to_string_lossy().as_bytes()));
        } else if let Ok(bytes) = std::fs::read(entry.path()) {
            tree.insert(ImagePath::literal(&name), Node::file(bytes));
        }
    }
}

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
}

/// `Inst name [old] (new …)`
fn referee(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("Inst "));
    lines
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let plain = |word: &str| word.trim_matches(['[', ']', '(', ')']).to_owned();
            format!("{} {} {}", words[0], plain(words[1]), plain(words[2]))
        })
        .collect()
}

#[test]
#[ignore = "live: needs the network, SLIM_LIVE_ROOT and SLIM_LIVE_APT"]
fn the_same_upgrade_as_apt() {
    let Some(root) = std::env::var_os("SLIM_LIVE_ROOT").map(PathBuf::from) else { panic!("SLIM_LIVE_ROOT is not set") };
    let mut tree = Tree::new();
    tree.insert(ImagePath::root(), Node::directory());
    for folder in ["etc", "etc/apt", "usr", "usr/share", "usr/share/keyrings"] {
        tree.insert(ImagePath::literal(folder), Node::directory());
    }
    insert(&mut tree, &root, "etc/apt");
    insert(&mut tree, &root, "usr/share/keyrings");
    let status = std::fs::read(root.join("var/lib/dpkg/status")).unwrap();
    let installed = installed_packages(&status).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let options = Options {
        now: now(),
        architectures: architectures(&installed, &native_architecture(None, &installed, "all")),
        cache: Some(cache.path().to_path_buf()),
        ..Options::default()
    };
    let open = || Archive::open(&tree, &MemoryContents, &options, &Silent);
    // Long after the keys of the image have expired.
    let late = Options { now: 2_500_000_000, cache: None, ..options.clone() };
    let error = Archive::open(&tree, &MemoryContents, &late, &Silent).unwrap_err();
    println!("{error}; {}", error.next_step().unwrap_or_default());
    let expired = |error: &ArchiveError| {
        matches!(error, ArchiveError::Signature { cause: SignatureError::ExpiredKey { .. }, .. })
    };
    assert!(expired(&error), "{error}");
    for round in ["cold", "warm"] {
        let start = Instant::now();
        let archive = open().unwrap_or_else(|error| panic!("{error}"));
        let opened = start.elapsed();
        let candidates = archive.candidates(installed.iter().map(|package| package.name.as_str())).unwrap();
        let read = start.elapsed();
        let pins = Pins::of_image(&tree, &MemoryContents).unwrap();
        let upgrade = resolve(&installed, &candidates, &Policy { pins, ..Policy::default() });
        println!(
            "{round}: open {opened:?}, candidates {:?} ({}), resolve {:?}, {} steps, {} kept back",
            read - opened,
            candidates.len(),
            start.elapsed() - read,
            upgrade.steps.len(),
            upgrade.kept_back.len()
        );
        for kept in &upgrade.kept_back {
            println!("kept back {} {}: {}", kept.package, kept.candidate, kept.reason);
        }
        let ours: BTreeSet<_> =
            upgrade.steps.iter().map(|step| format!("{} {} {}", step.package, step.from, step.to.version)).collect();
        if let Some(apt) = std::env::var_os("SLIM_LIVE_APT") {
            assert_eq!(ours, referee(&std::fs::read_to_string(apt).unwrap()));
        }
        if round == "warm" {
            println!("{:#?}", archive.used());
            let start = Instant::now();
            let wanted: Vec<_> = upgrade.steps.iter().map(|step| step.to.clone()).collect();
            let files = archive.fetch(&wanted, &Silent).unwrap_or_else(|error| panic!("{error}"));
            println!("fetched {} packages in {:?}", files.len(), start.elapsed());
            let start = Instant::now();
            archive.fetch(&wanted, &Silent).unwrap();
            println!("again, from the cache, in {:?}", start.elapsed());
        }
    }
}
