//! What the archives offer of packages that are not installed, as far as an upgrade could need it.

use crate::archives::index::Candidate;
use crate::archives::{Archive, ArchiveError};
use crate::upgrade::InstalledPackage;
use std::collections::BTreeSet;

/// More names than the needs of one upgrade lead to.
const LIMIT: usize = 20_000;

/// Versions of all packages that the candidates need, that those need, and so on; of virtual packages those that provide them.
///
/// # Errors
/// As [`Archive::candidates`].
pub fn offers(
    archive: &Archive,
    installed: &[InstalledPackage],
    candidates: &[Candidate],
) -> Result<Vec<Candidate>, ArchiveError> {
    let mut known: BTreeSet<String> = installed.iter().map(|package| package.name.clone()).collect();
    known.extend(installed.iter().flat_map(|p| &p.relations.provides).map(|provided| provided.name.clone()));
    let mut found: Vec<Candidate> = Vec::new();
    let mut missing = missing_names(candidates, &known);
    while !missing.is_empty() && known.len() < LIMIT {
        known.extend(missing.iter().cloned());
        let names = || missing.iter().map(String::as_str);
        let mut more = archive.candidates(names())?;
        for provider in archive.providers(names())? {
            let is_new = |c: &Candidate| c.name != provider.name || c.version != provider.version;
            if !installed.iter().any(|p| p.name == provider.name) && found.iter().chain(&more).all(is_new) {
                known.insert(provider.name.clone());
                more.push(provider);
            }
        }
        missing = missing_names(&more, &known);
        found.extend(more);
    }
    Ok(found)
}

/// The names in relations of which no alternative is known.
fn missing_names(candidates: &[Candidate], known: &BTreeSet<String>) -> BTreeSet<String> {
    let groups = candidates.iter().flat_map(|c| c.relations.pre_depends.iter().chain(&c.relations.depends));
    let unknown = groups.filter(|group| !group.0.iter().any(|relation| known.contains(&relation.name)));
    unknown.flat_map(|group| &group.0).map(|relation| relation.name.clone()).collect()
}
