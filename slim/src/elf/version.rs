//! Symbol versions and symbols across a closure, by the loader's rules (glibc `elf/dl-version.c` and `elf/dl-lookup.c`).

use super::search::{Closure, Loader, Role};
use super::{ElfError, Export, SharedName};
use crate::path::ImagePath;
use std::collections::{BTreeMap, BTreeSet};

/// A version that an object needs and that the library found in its place does not define: the program does not start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnresolvedVersion {
    /// The object that needs it.
    pub object: ImagePath,
    /// The library's name, as the object writes it.
    pub library: Vec<u8>,
    /// The version.
    pub version: Vec<u8>,
    /// The file that was found for the library.
    pub provider: ImagePath,
}

/// A symbol that nothing in a closure offers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnresolvedSymbol {
    /// The object that needs it.
    pub object: ImagePath,
    /// The symbol.
    pub symbol: Vec<u8>,
    /// The library and version it was linked against.
    pub version: Option<(Vec<u8>, Vec<u8>)>,
}

/// The versions that would stop a program at its start. Weak needs and libraries without any version are let through, as the loader
/// does; a library that is missing altogether is the closure's to tell. Empty for musl, which does not look at versions.
pub fn check(closure: &Closure) -> Vec<UnresolvedVersion> {
    let mut found = BTreeSet::new();
    for object in closure.loaded.iter().filter(|_| closure.checks_versions) {
        for (library, needs) in &object.facts.version_needs {
            let Some(provider) = closure.by_name(library) else { continue };
            let defined = &provider.facts.version_definitions;
            if defined.is_empty() {
                continue;
            }
            for need in needs.iter().filter(|need| !need.weak && !defined.iter().any(|have| **have == *need.name)) {
                found.insert(UnresolvedVersion {
                    object: object.path.clone(),
                    library: library.to_vec(),
                    version: need.name.to_vec(),
                    provider: provider.path.clone(),
                });
            }
        }
    }
    found.into_iter().collect()
}

/// The strong undefined symbols that nothing in the closure offers, with a fitting version: what fails at start with immediate
/// binding (musl, `-z now`), else at first use.
///
/// # Errors
/// When contents cannot be read.
pub fn unresolved_symbols(loader: &Loader<'_>, closure: &Closure) -> Result<Vec<UnresolvedSymbol>, ElfError> {
    let mut offers: BTreeMap<Vec<u8>, Vec<Option<SharedName>>> = BTreeMap::new();
    for object in closure.loaded.iter().filter(|object| object.role != Role::Variant) {
        let Some(file) = loader.tree.get(&object.path).and_then(crate::tree::Node::as_file) else { continue };
        let unversioned = object.facts.version_definitions.is_empty();
        for Export { name, version, .. } in super::exports(&loader.contents.read(&file.content)?)? {
            // An object without versions satisfies any of them.
            offers.entry(name).or_default().push(version.filter(|_| !unversioned));
        }
    }
    let mut found = BTreeSet::new();
    for object in &closure.loaded {
        for import in object.facts.imports.iter().filter(|import| !import.weak) {
            let offered = offers.get(&import.name).is_some_and(|offers| match &import.version {
                Some((_, wanted)) if closure.checks_versions => {
                    offers.iter().any(|have| have.as_ref().is_none_or(|have| have == wanted))
                }
                _ => !offers.is_empty(),
            });
            if !offered {
                found.insert(UnresolvedSymbol {
                    object: object.path.clone(),
                    symbol: import.name.clone(),
                    version: import.version.as_ref().map(|(library, version)| (library.to_vec(), version.to_vec())),
                });
            }
        }
    }
    Ok(found.into_iter().collect())
}
