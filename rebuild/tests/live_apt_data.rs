//! Worlds of real bug reports against apt, decided by apt and by slim.
//!
//! Needs apt on this machine, no network and no root, and the data: pairs `Packages-NAME` and `status-NAME` in `SLIM_FIXTURES/solver/apt-data`,
//! or below a folder `shared/fixtures` beside the checkout. Run with
//! `cargo test -p slim-rebuild --test live_apt_data -- --ignored --nocapture`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

mod referee;

use rebuild::upgrade::{installed_packages, native_architecture};
use referee::{Both, Mode};
use std::path::{Path, PathBuf};

/// What an index says of a package's file, which is made up here.
const OF_FILES: [&str; 8] = ["Filename", "Size", "MD5sum", "SHA1", "SHA256", "SHA512", "Description-md5", "Maintainer"];

fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    std::env::var_os("SLIM_FIXTURES").map_or(beside, PathBuf::from).join("solver/apt-data")
}

/// The paragraphs of an index without what it says of files.
fn paragraphs(text: &str) -> Vec<String> {
    let kept = |line: &&str| !line.split_once(':').is_some_and(|(field, _)| OF_FILES.contains(&field));
    let paragraph = |text: &str| {
        let lines: Vec<_> = text.lines().filter(kept).collect();
        format!("{}\nMaintainer: Toy <toy@example.org>\n", lines.join("\n"))
    };
    text.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).map(paragraph).collect()
}

#[test]
#[ignore = "live: needs apt and its data"]
fn worlds_of_bug_reports_are_decided_as_apt_decides_them() {
    let folder = folder();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| Some(entry.unwrap().file_name().to_string_lossy().strip_prefix("status-")?.to_owned()))
        .collect();
    names.sort();
    let (mut compared, mut steps, mut wrong) = (0, 0, Vec::new());
    for name in &names {
        let status = std::fs::read_to_string(folder.join(format!("status-{name}"))).unwrap();
        let Ok(packages) = std::fs::read_to_string(folder.join(format!("Packages-{name}"))) else {
            println!("{name}: left out: it has no packages to choose from");
            continue;
        };
        let installed = installed_packages(status.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let native = native_architecture(None, &installed, "amd64");
        let both = Both::of_paragraphs(&status, &native, paragraphs(&packages));
        both.update().unwrap_or_else(|text| panic!("{name}: {text}"));
        for (mode, words) in [(Mode::Upgrade, "upgrade"), (Mode::WithNew, "upgrade --with-new-pkgs")] {
            match both.by_apt(mode) {
                Err(text) => println!(
                    "{name}: left out: apt-get {words} refuses this state: {}",
                    text.lines().last().unwrap_or("")
                ),
                Ok(apt) => {
                    compared += 1;
                    steps += apt.len();
                    println!("{name}: apt-get {words}: {} steps", apt.len());
                    let slim = both.try_slim(mode).unwrap_or_else(|text| panic!("{name}: {text}"));
                    // A package that was built anew under its old version stays: documented in docs/cli.md.
                    let is_rebuilt = |step: &&String| {
                        let words: Vec<_> = step.split(' ').collect();
                        words[1] == words[2]
                    };
                    // apt leaves new packages that it meant for upgrades which it then kept back; slim brings none without need.
                    let is_idle = |step: &&String| mode == Mode::WithNew && step.split(' ').nth(1) == Some("-");
                    let only_apt: Vec<_> =
                        apt.difference(&slim).filter(|step| !is_rebuilt(step) && !is_idle(step)).collect();
                    let only_slim: Vec<_> = slim.difference(&apt).collect();
                    if !only_apt.is_empty() || !only_slim.is_empty() {
                        wrong.push(format!("{name}: apt-get {words}: only apt {only_apt:?}, only slim {only_slim:?}"));
                    }
                }
            }
        }
    }
    println!("{compared} comparisons, {steps} steps");
    assert!(compared > 0, "nothing in {} could be compared", folder.display());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
