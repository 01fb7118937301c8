//! Package lists against the tree.

use super::{Found, ProblemKind};
use crate::elf::ElfError;
use crate::packages::Inventory;
use crate::path::ImagePath;
use crate::tree::{Contents, ContentsError, Tree};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeMap;

/// Every listed path must be there, but for what dpkg was told not to unpack and for diverted files.
pub(super) fn check(
    tree: &Tree,
    contents: &dyn Contents,
    inventory: &Inventory,
    found: &mut Found,
) -> Result<(), ElfError> {
    let filters = filters(tree, contents)?;
    let diverted = diversions(tree, contents)?;
    for (path, owners) in inventory.owned().filter(|(path, _)| !tree.contains(path)) {
        let elsewhere = diverted.get(path).is_some_and(|to| tree.lookup(to).is_some());
        if elsewhere || tree.resolve_parent(path).is_ok_and(|place| tree.contains(&place.path)) {
            continue;
        }
        if is_excluded(&filters, path) {
            continue;
        }
        for package in owners.iter().filter_map(|index| inventory.packages().get(*index)) {
            // Filters see the name as the package lists it, which may lead through a link.
            let mut aliases = package.files.iter().filter(|listed| listed.file_name() == path.file_name());
            if package.conffiles.contains(path) || aliases.any(|listed| is_excluded(&filters, listed)) {
                continue;
            }
            let detail = format!("package {} {} lists it, and it is not in the image", package.name, package.version);
            found.add(ProblemKind::MissingPackageFile, path, &package.name, detail, vec![path.clone()]);
        }
    }
    Ok(())
}

/// `path-exclude` and `path-include` lines of dpkg.cfg(5), in order; the last that fits decides.
fn filters(tree: &Tree, contents: &dyn Contents) -> Result<Vec<(bool, GlobMatcher)>, ContentsError> {
    let directory = ImagePath::literal("/etc/dpkg/dpkg.cfg.d");
    let files =
        tree.children(&directory).map(|(path, _)| path.clone()).chain([ImagePath::literal("/etc/dpkg/dpkg.cfg")]);
    let mut filters = Vec::new();
    for file in files {
        for line in text(tree, contents, &file)?.lines() {
            let line = line.trim().trim_start_matches("--");
            let Some((option, pattern)) = line.split_once(['=', ' ', '\t']) else { continue };
            let excludes = match option {
                "path-exclude" => true,
                "path-include" => false,
                _ => continue,
            };
            // dpkg's `*` matches slashes too.
            let glob = GlobBuilder::new(pattern.trim()).literal_separator(false).backslash_escape(true).build();
            filters.extend(glob.ok().map(|glob| (excludes, glob.compile_matcher())));
        }
    }
    Ok(filters)
}

fn is_excluded(filters: &[(bool, GlobMatcher)], path: &ImagePath) -> bool {
    let name = path.to_text();
    filters.iter().rev().find(|(_, glob)| glob.is_match(&name)).is_some_and(|(excludes, _)| *excludes)
}

/// Where diverted files are (`/var/lib/dpkg/diversions`: path, new path, package, a line each).
fn diversions(tree: &Tree, contents: &dyn Contents) -> Result<BTreeMap<ImagePath, ImagePath>, ContentsError> {
    let text = text(tree, contents, &ImagePath::literal("/var/lib/dpkg/diversions"))?;
    let lines: Vec<_> = text.lines().collect();
    let pair = |three: &[&str]| Some((ImagePath::new(three.first()?).ok()?, ImagePath::new(three.get(1)?).ok()?));
    Ok(lines.chunks(3).filter_map(pair).collect())
}

fn text(tree: &Tree, contents: &dyn Contents, path: &ImagePath) -> Result<String, ContentsError> {
    match tree.lookup(path).and_then(|(_, node)| node.as_file()) {
        Some(file) => Ok(String::from_utf8_lossy(&contents.read(&file.content)?).into_owned()),
        None => Ok(String::new()),
    }
}
