//! Carrying the decision out on every moment of the image's build.

use super::updates::key;
use super::{Attempt, ChangeError, Maker, Tried, Updates};
use crate::archives::index::Candidate;
use crate::engine::native::{self, EngineError, PackageUpdate};
use crate::upgrade::Step;
use slim::draft::{Draft, Drafted};
use slim::packages::Inventory;
use slim::packages::dpkg::Version;
use slim::packages::dpkg::database::Database;
use slim::path::ImagePath;
use slim::plan::Removal;
use slim::reach::Reach;
use slim::tree::{Layer, LayerEntry, Tree};
use std::collections::{BTreeMap, BTreeSet};

impl Maker<'_> {
    /// Drafts of every moment; the last is `top`, which has been updated already.
    pub(super) fn moments(
        &self,
        mut top: Draft<'_>,
        inventory: &Inventory,
        mut tried: Tried,
        mut updates: Option<&mut Updates>,
        steps: &[Step],
    ) -> Result<Attempt, ChangeError> {
        let mut final_versions = FinalVersions::new();
        for package in inventory.packages() {
            let versions = final_versions.entry(package.name.clone()).or_default();
            versions.push((package.architecture.clone(), package.version.clone()));
        }
        let decided = tried.decided.as_ref();
        let removal = decided.map(|(plan, _)| plan.removal.clone()).unwrap_or_default();
        let reach = decided.map(|(_, reach)| reach);
        let updated = top.tree().clone();
        self.prune(&mut top, &removal)?;
        let layers = &self.subject.opened.stack.layers;
        let mut drafts: Vec<Drafted> = Vec::with_capacity(layers.len());
        let mut tree = Tree::new();
        for (index, layer) in layers.iter().enumerate() {
            self.alive()?;
            layer.lay_over(&mut tree, index);
            if let Some(below) = drafts.last()
                && stands_apart(layer, below, &removal)
            {
                let mut above = below.clone();
                layer.lay_over(&mut above.tree, index);
                drafts.push(above);
            } else if index + 1 < layers.len() {
                let mut draft = Draft::new(tree.clone(), self.spool);
                if let Some(updates) = updates.as_deref_mut()
                    && let Some(refused) = self.update_moment(&mut draft, updates, &final_versions, &removal, steps)?
                {
                    return self.without(updates, refused, steps);
                }
                let removal = self.removal_then(&draft, &removal, &updated, reach)?;
                self.prune(&mut draft, &removal)?;
                drafts.push(draft.finish());
            }
        }
        if drafts.len() < layers.len() {
            drafts.push(top.finish());
        }
        tried.drafts = drafts;
        Ok(Attempt::Done(Box::new(tried)))
    }

    /// Brings the packages of a moment to the versions that the finished image will have, those that it will no longer have aside.
    fn update_moment(
        &self,
        draft: &mut Draft<'_>,
        updates: &mut Updates,
        final_versions: &FinalVersions,
        removal: &Removal,
        steps: &[Step],
    ) -> Result<Option<native::Refused>, ChangeError> {
        let Some(database) = Database::read(draft.tree(), self.spool)? else { return Ok(None) };
        let mut wanted = wanted_upgrades(&database, updates, final_versions, removal);
        wanted.extend(wanted_news(&database, steps, &wanted));
        // The order of the finished image, so that one package's effects come before another's as they do there.
        let place = |name: &str| steps.iter().position(|step| step.package == name).unwrap_or(usize::MAX);
        wanted.sort_by_key(|(candidate, from)| (!from.is_empty(), place(&candidate.name)));
        let candidates: Vec<_> = wanted.iter().map(|(candidate, _)| candidate.clone()).collect();
        updates.load(&candidates, self)?;
        let packages: Vec<PackageUpdate<'_>> = wanted
            .iter()
            .filter_map(|(candidate, from)| {
                let deb = updates.deb(&candidate.name, &candidate.architecture, &candidate.version.to_string())?;
                Some(PackageUpdate { deb, from_version: from })
            })
            .collect();
        if packages.is_empty() {
            return Ok(None);
        }
        match native::upgrade(draft, &packages, &self.native_options(), self.scripts) {
            Ok(_) => {
                updates.took_below(&candidates);
                Ok(None)
            }
            Err(EngineError::Refused(refused)) => Ok(Some(refused)),
            Err(error) => Err(error.into()),
        }
    }

    /// What the removal of the finished image means for an earlier moment: the same packages with the files they had then, and the same
    /// paths. A file that the finished image still uses stays.
    fn removal_then(
        &self,
        draft: &Draft<'_>,
        removal: &Removal,
        updated: &Tree,
        reach: Option<&Reach>,
    ) -> Result<Removal, ChangeError> {
        let inventory = self.inventory(draft.tree())?;
        let mut then = Removal { packages: removal.packages.clone(), ..removal.clone() };
        then.paths.retain(|path, _| draft.get(path).is_some());
        let removed = |index: &usize| {
            inventory
                .packages()
                .get(*index)
                .is_some_and(|p| removal.packages.contains(&format!("{}:{}", p.name, p.architecture)))
        };
        let used = |path: &ImagePath| reach.is_some_and(|reach| reach.graph.reaches(path));
        for (path, owners) in inventory.owned() {
            if !owners.iter().all(removed) || used(path) {
                continue;
            }
            match draft.get(path) {
                Some(node) if node.is_directory() => drop(then.directories.insert(path.clone())),
                Some(_) if !updated.contains(path) => {
                    then.paths.insert(path.clone(), "its package is removed".into());
                }
                _ => {}
            }
        }
        Ok(then)
    }
}

/// Architectures and versions that the finished image has, by package name.
type FinalVersions = BTreeMap<String, Vec<(String, String)>>;

/// Packages for a moment, each with the version that it replaces there, which is empty for one that is installed anew.
type Wanted = Vec<(Candidate, String)>;

/// The packages of a moment that are newer in the finished image, as they are there.
fn wanted_upgrades(
    database: &Database,
    updates: &Updates,
    final_versions: &FinalVersions,
    removal: &Removal,
) -> Wanted {
    let mut wanted = Wanted::new();
    for stanza in database.status.stanzas().iter().filter(|stanza| stanza.is_installed()) {
        let finals = final_versions.get(&stanza.package).map_or(&[][..], Vec::as_slice);
        let Some((architecture, version)) = of_instance(finals, &stanza.architecture) else { continue };
        if removal.packages.contains(&format!("{}:{architecture}", stanza.package)) {
            continue;
        }
        let newer = matches!((Version::new(version), Version::new(&stanza.version)), (Ok(new), Ok(old)) if new > old);
        if newer && let Some(candidate) = updates.exactly(&stanza.package, architecture, version) {
            wanted.push((candidate.clone(), stanza.version.clone()));
        }
    }
    wanted
}

/// What the finished image got anew and a moment needs for its upgrades: it comes into the layer in which the first package that needs it is.
fn wanted_news(database: &Database, steps: &[Step], upgrades: &Wanted) -> Wanted {
    let upgraded =
        |step: &&Step| upgrades.iter().any(|(c, _)| c.name == step.to.name && c.architecture == step.to.architecture);
    let mut here: BTreeSet<String> = steps.iter().filter(upgraded).map(key).collect();
    let stanzas = database.status.stanzas();
    let is_there = |step: &Step| {
        stanzas.iter().any(|s| s.is_installed() && s.package == step.package && s.architecture == step.architecture)
    };
    let mut news = Wanted::new();
    while let Some(step) = steps.iter().find(|step| {
        step.is_new()
            && !here.contains(&key(step))
            && !is_there(step)
            && step.needed_by.iter().any(|needing| here.contains(needing))
    }) {
        here.insert(key(step));
        news.push((step.to.clone(), String::new()));
    }
    news
}

/// What an instance of a package became: the same architecture, or the only one that there is where one of the two is `all`.
fn of_instance<'a>(finals: &'a [(String, String)], architecture: &str) -> Option<(&'a str, &'a str)> {
    let same = finals.iter().find(|(of, _)| of == architecture);
    let moved = || match finals {
        [only] if only.0 == "all" || architecture == "all" => Some(only),
        _ => None,
    };
    same.or_else(moved).map(|(architecture, version)| (architecture.as_str(), version.as_str()))
}

/// Whether a layer has nothing to do with packages, with what was done below it and with what goes: a site's files, an application.
fn stands_apart(layer: &Layer, below: &Drafted, removal: &Removal) -> bool {
    let database = ImagePath::literal("/var/lib/dpkg");
    layer.opaque.is_empty()
        && layer.entries.iter().all(|(path, entry)| {
            let of_packages =
                path.starts_with(&database) || below.touched.contains(path) || removal.paths.contains_key(path);
            let directory_only = entry.node().is_some_and(slim::tree::Node::is_directory);
            matches!(entry, LayerEntry::Node { .. }) && (directory_only || !of_packages)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_of_which_something_goes_does_not_stand_apart() {
        let stack = slim::tree::text::stack(&["/app/\n/app/run = 1\n/app/pip/__init__.py = 2"]).unwrap();
        let below = Draft::new(Tree::new(), &slim::tree::MemoryContents).finish();
        let mut removal = Removal::default();
        assert!(stands_apart(&stack.layers[0], &below, &removal));
        removal.paths.insert(ImagePath::literal("/app/pip/__init__.py"), "unused".into());
        assert!(!stands_apart(&stack.layers[0], &below, &removal));
    }

    #[test]
    fn an_instance_is_found_again_after_a_move_to_another_architecture() {
        let finals = |text: &str| -> Vec<(String, String)> {
            text.split_whitespace()
                .map(|word| word.split_once('=').unwrap())
                .map(|(a, b)| (a.into(), b.into()))
                .collect()
        };
        for (all, architecture, expected) in [
            ("amd64=2", "amd64", Some(("amd64", "2"))),
            ("amd64=2", "all", Some(("amd64", "2"))),
            ("all=2", "amd64", Some(("all", "2"))),
            ("amd64=2", "arm64", None),
            ("amd64=2 arm64=3", "arm64", Some(("arm64", "3"))),
            ("", "all", None),
        ] {
            assert_eq!(of_instance(&finals(all), architecture), expected, "{all} {architecture}");
        }
    }
}
