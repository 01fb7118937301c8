//! The direction of dependencies, held against what cargo says.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// Each crate and what of the workspace it may use, besides `slim-testdata` in its tests.
const HOUSE: [(&str, &[&str]); 6] = [
    ("slim-recipes", &[]),
    ("slim", &["slim-recipes"]),
    ("slim-rebuild", &["slim-recipes", "slim"]),
    ("slim-cli", &["slim-recipes", "slim", "slim-rebuild"]),
    ("slim-testdata", &[]),
    ("slim-examples", &["slim-recipes", "slim", "slim-rebuild"]),
];

/// Crates that reach the network, the file system, processes or terminals: not for the pure crate, however indirectly. (Not in the
/// list: tempfile, which the shell grammar's crate compiles in for its own snapshots.)
const WORLDLY: [&str; 11] =
    ["ureq", "rustls", "socket2", "walkdir", "nix", "indicatif", "clap", "tokio", "docker_credential", "tar", "ctrlc"];

#[test]
fn crates_use_only_what_stands_to_their_left() {
    let metadata =
        MetadataCommand::new().no_deps().other_options(vec!["--offline".into()]).exec().expect("cargo metadata");
    let members: BTreeMap<&str, _> = metadata.packages.iter().map(|package| (package.name.as_str(), package)).collect();
    assert_eq!(members.keys().copied().collect::<BTreeSet<_>>(), HOUSE.iter().map(|(name, _)| *name).collect());
    for (name, allowed) in HOUSE {
        for dependency in &members[name].dependencies {
            let of_us = members.contains_key(dependency.name.as_str());
            let testing = dependency.kind == DependencyKind::Development && dependency.name == "slim-testdata";
            assert!(
                !of_us || testing || allowed.contains(&dependency.name.as_str()),
                "{name} must not depend on {}",
                dependency.name
            );
        }
    }
}

#[test]
fn the_pure_crate_has_no_worldly_dependency() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = std::process::Command::new(cargo)
        .args(["tree", "--offline", "--package", "slim", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8_lossy(&tree.stdout);
    let used: BTreeSet<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    let worldly: Vec<_> = WORLDLY.iter().filter(|name| used.contains(**name)).collect();
    assert!(used.contains("goblin") && worldly.is_empty(), "slim must stay pure, but uses {worldly:?}");
}
