//! What differs between two images.

use super::table;
use super::text::{bytes, clean, count};
use slim::diff::{Difference, PathDifference};
use std::cmp::Reverse;
use std::fmt::Write as _;

/// Most paths that are listed unless all are asked for.
const LISTED: usize = 20;

/// Packages, paths (the largest changes first, or `all` in path order) and the sum.
pub(crate) fn difference(difference: &Difference, all: bool) -> String {
    if difference.is_empty() {
        return format!("no difference: the same packages and the same {} of files\n", bytes(difference.size_before));
    }
    let mut text = String::new();
    if !difference.packages.is_empty() {
        let version = |version: &Option<String>| version.as_deref().map_or_else(|| "-".into(), clean);
        let rows: Vec<_> = difference
            .packages
            .iter()
            .map(|p| [clean(&p.name), clean(&p.architecture), version(&p.before), version(&p.after)])
            .collect();
        text.push_str(&table(["package", "architecture", "before", "after"], &[], &rows));
        text.push('\n');
    }
    if !difference.paths.is_empty() {
        text.push_str(&paths(&difference.paths, all));
        text.push('\n');
    }
    text.push_str(&sums(difference));
    text
}

fn paths(paths: &[PathDifference], all: bool) -> String {
    let mut listed: Vec<_> = paths.iter().collect();
    if !all {
        listed.sort_by_key(|path| Reverse(change(path)));
        listed.truncate(LISTED);
    }
    let size = |size: Option<u64>| size.map_or_else(|| "-".into(), bytes);
    let rows: Vec<_> =
        listed.iter().map(|p| [clean(&p.path), p.what.join(", "), size(p.before), size(p.after)]).collect();
    let mut text = table(["path", "what", "before", "after"], &[2, 3], &rows);
    if let rest @ 1.. = paths.len() - listed.len() {
        let _ = writeln!(text, "… and {} (--all lists them)", count(rest, "more path"));
    }
    text
}

/// How many bytes a path's difference is about.
fn change(path: &PathDifference) -> u64 {
    path.before.unwrap_or(0).abs_diff(path.after.unwrap_or(0))
}

fn sums(difference: &Difference) -> String {
    let packages = |test: fn(bool, bool) -> bool| {
        difference.packages.iter().filter(|p| test(p.before.is_some(), p.after.is_some())).count().to_string()
    };
    let paths = |kind: &str| difference.paths.iter().filter(|path| path.what.contains(&kind)).count();
    let (added, removed) = (paths("added"), paths("removed"));
    let rows = [
        [
            "packages".into(),
            packages(|before, after| !before && after),
            packages(|before, after| before && !after),
            packages(|before, after| before && after),
        ],
        [
            "paths".into(),
            added.to_string(),
            removed.to_string(),
            (difference.paths.len() - added - removed).to_string(),
        ],
    ];
    let mut text = table(["", "added", "removed", "changed"], &[1, 2, 3], &rows);
    let (before, after) = (difference.size_before, difference.size_after);
    let sign = if after > before { "+" } else { "-" };
    let _ = writeln!(
        text,
        "\nfiles: {} before, {} after ({sign}{})",
        bytes(before),
        bytes(after),
        bytes(before.abs_diff(after))
    );
    text
}
