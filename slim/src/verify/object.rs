//! ELF files: every need, every version, every interpreter, by the loader's rules.

use super::{Found, ProblemKind};
use crate::elf::search::{Closure, Loader};
use crate::elf::{ElfError, Facts, version};
use crate::path::ImagePath;
use crate::tree::Node;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An ELF file that a loader could load.
type Object = (ImagePath, Arc<Facts>);

/// Detached debug information: ELF headers without the bytes that they speak of.
fn is_debug(path: &ImagePath) -> bool {
    path.as_bytes().starts_with(b"usr/lib/debug/") || path.as_bytes().ends_with(b".debug")
}

pub(super) fn check(loader: &Loader<'_>, found: &mut Found) -> Result<(), ElfError> {
    let objects = objects(loader)?;
    // Programs first: what they reach is judged as they reach it.
    let (programs, libraries): (Vec<_>, Vec<_>) = objects.iter().partition(|(_, facts)| facts.interpreter.is_some());
    let reached = judge(loader, &programs, &objects, found)?;
    // What no program reaches by its needs is opened by somebody at run time: it stands alone. Where the image has no loader for it
    // (test data, foreign firmware), nothing in the image can open it.
    let alone: Vec<_> = libraries
        .into_iter()
        .filter(|(path, facts)| !reached.contains(path) && loader.interpreter_for(facts).is_some())
        .collect();
    judge(loader, &alone, &objects, found)?;
    Ok(())
}

fn objects(loader: &Loader<'_>) -> Result<Vec<Object>, ElfError> {
    let files: Vec<_> = loader.tree.iter().filter(|(path, node)| node.as_file().is_some() && !is_debug(path)).collect();
    let object = |(path, _): &(&ImagePath, &Node)| match loader.facts(path) {
        Ok(facts) if facts.is_loadable() && facts.is_dynamic => Some(Ok(((*path).clone(), facts))),
        Err(error @ ElfError::Contents(_)) => Some(Err(error)),
        // A damaged file is a problem where something needs it, and there it is told.
        _ => None,
    };
    files.par_iter().filter_map(object).collect()
}

/// Plays the start of each root and tells what it misses; gives what they all reach.
fn judge(
    loader: &Loader<'_>,
    roots: &[&Object],
    objects: &[Object],
    found: &mut Found,
) -> Result<BTreeSet<ImagePath>, ElfError> {
    let closures: Vec<Closure> = roots.par_iter().map(|(path, _)| loader.closure(path)).collect::<Result<_, _>>()?;
    let mut reached = BTreeSet::new();
    let mut hosts = None;
    for ((root, facts), closure) in roots.iter().zip(&closures) {
        reached.extend(closure.loaded.iter().map(|object| object.path.clone()));
        if let Some(name) = &closure.missing_interpreter {
            let name = String::from_utf8_lossy(name);
            let detail = format!("the program's loader {name} is not in the image");
            found.add(ProblemKind::MissingInterpreter, root, &name, detail, vec![root.clone()]);
        }
        for missing in closure.missing.iter().filter(|missing| missing.required) {
            let name = String::from_utf8_lossy(&missing.name);
            // A program has no host.
            let host = if facts.interpreter.is_none() {
                hosts.get_or_insert_with(|| providers(objects)).get(&missing.name).and_then(|providers| {
                    let everywhere = loader.default_directories(facts);
                    let private = |path: &ImagePath| path.parent().is_some_and(|at| !everywhere.contains(&at));
                    providers.iter().find(|(path, provider)| provider.fits(facts) && private(path))
                })
            } else {
                None
            };
            let (kind, detail) = match (host, &missing.unusable) {
                (Some((path, _)), _) => (
                    ProblemKind::HostLibrary,
                    format!("{name} is not on its search path; its host must have loaded {path}"),
                ),
                (None, Some(path)) => (ProblemKind::MissingLibrary, format!("{name}: {path} cannot be loaded here")),
                (None, None) => {
                    (ProblemKind::MissingLibrary, format!("{name} is not found ({})", searched(&missing.searched)))
                }
            };
            found.add(kind, &missing.needed_by, &name, detail, missing.via.clone());
        }
        for unresolved in version::check(closure) {
            let library = String::from_utf8_lossy(&unresolved.library);
            let version = String::from_utf8_lossy(&unresolved.version);
            let detail = format!("{} does not define version {version} of {library}", unresolved.provider);
            let chain = closure
                .by_path(&unresolved.object)
                .map_or_else(Vec::new, |object| object.via.iter().cloned().chain([object.path.clone()]).collect());
            found.add(ProblemKind::MissingVersion, &unresolved.object, &format!("{library}:{version}"), detail, chain);
        }
    }
    Ok(reached)
}

/// Objects by the names that they would answer to once loaded.
fn providers(objects: &[Object]) -> BTreeMap<Vec<u8>, Vec<&Object>> {
    let mut providers: BTreeMap<Vec<u8>, Vec<&Object>> = BTreeMap::new();
    for object in objects {
        let name = object.1.soname.clone().unwrap_or_else(|| object.0.file_name().to_vec());
        providers.entry(name).or_default().push(object);
    }
    providers
}

fn searched(places: &[ImagePath]) -> String {
    let mut names: Vec<_> = places.iter().filter_map(ImagePath::parent).map(|place| place.to_text()).collect();
    names.dedup();
    if names.is_empty() { "no directory to search".to_owned() } else { format!("searched {}", names.join(", ")) }
}
