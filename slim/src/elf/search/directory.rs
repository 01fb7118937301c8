//! Directories of search paths: where they really are, and which processor variants they hold.

use crate::path::ImagePath;
use crate::tree::Tree;

/// Sub-directories that glibc up to 2.36 tries for the processor at hand, nested in any of these orders.
const LEGACY: [&[u8]; 14] = [
    b"tls",
    b"haswell",
    b"avx512_1",
    b"xeon_phi",
    b"x86_64",
    b"i586",
    b"i686",
    b"sse2",
    b"cmov",
    b"atomics",
    b"aarch64",
    b"neon",
    b"vfp",
    b"altivec",
];

/// How deep such directories are nested.
const LEGACY_DEPTH: usize = 3;

/// A directory that exists.
#[derive(Debug)]
pub(super) struct Directory {
    /// Free of links.
    pub(super) path: ImagePath,
    /// Links on the way.
    pub(super) links: Vec<ImagePath>,
    /// Directories of variants below it, for glibc.
    pub(super) variants: Vec<ImagePath>,
}

impl Directory {
    /// Follows an absolute name as the kernel would: `..` is the parent of where the links before it lead.
    pub(super) fn find(tree: &Tree, name: &[u8]) -> Option<Self> {
        let (path, links) = follow(tree, name)?;
        if !tree.get(&path)?.is_directory() {
            return None;
        }
        let mut variants = Vec::new();
        if let Ok(below) = path.join("glibc-hwcaps") {
            variants.extend(directories(tree, &below));
        }
        legacy(tree, &path, LEGACY_DEPTH, &mut variants);
        Some(Self { path, links, variants })
    }
}

/// Follows an absolute name with links and `..`.
pub(super) fn follow(tree: &Tree, name: &[u8]) -> Option<(ImagePath, Vec<ImagePath>)> {
    let mut here = ImagePath::root();
    let mut links = Vec::new();
    for part in name.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => here = here.parent().unwrap_or_else(ImagePath::root),
            part => {
                let resolved = tree.resolve(&here.join(part).ok()?).ok()?;
                links.extend(resolved.links);
                here = resolved.path;
            }
        }
    }
    Some((here, links))
}

fn directories(tree: &Tree, path: &ImagePath) -> Vec<ImagePath> {
    tree.children(path).filter(|(_, node)| node.is_directory()).map(|(path, _)| path.clone()).collect()
}

fn legacy(tree: &Tree, path: &ImagePath, depth: usize, found: &mut Vec<ImagePath>) {
    for name in LEGACY.iter().filter(|_| depth > 0) {
        let Ok(below) = path.join(name) else { continue };
        if tree.get(&below).is_some_and(crate::tree::Node::is_directory) {
            found.push(below.clone());
            legacy(tree, &below, depth - 1, found);
        }
    }
}
