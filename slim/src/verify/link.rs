//! Links that lead nowhere, and cached paths to nothing.

use super::{Found, ProblemKind};
use crate::elf::search::LibraryCache;
use crate::path::ImagePath;
use crate::tree::{ResolveError, Tree};

/// Directories that are mounted when the container runs.
const MOUNTED: [&[u8]; 3] = [b"dev", b"proc", b"sys"];

pub(super) fn check(tree: &Tree, found: &mut Found) {
    for (path, target) in tree.iter().filter_map(|(path, node)| Some((path, node.as_symlink()?))) {
        let reason = match tree.resolve(path) {
            Ok(_) => continue,
            Err(ResolveError::Missing { at, .. }) if is_mounted(&at) => continue,
            Err(error) => error.to_string(),
        };
        let target = String::from_utf8_lossy(target);
        // Where it led does not matter: a link that dangled and dangles elsewhere now is as broken as before.
        found.add(ProblemKind::DanglingLink, path, "", format!("it leads to {target}: {reason}"), vec![path.clone()]);
    }
}

fn is_mounted(path: &ImagePath) -> bool {
    path.components().next().is_some_and(|first| MOUNTED.contains(&first))
}

pub(super) fn check_cache(tree: &Tree, cache: &LibraryCache, found: &mut Found) {
    let at = ImagePath::literal("/etc/ld.so.cache");
    for path in cache.values().flatten().filter(|path| tree.lookup(path).is_none()) {
        let detail = format!("it lists {path}, which is not in the image");
        found.add(ProblemKind::StaleCache, &at, &path.to_text(), detail, vec![at.clone()]);
    }
}
