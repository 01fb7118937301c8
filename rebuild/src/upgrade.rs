//! Which packages become which versions: what `apt-get upgrade` would do, as a value.
//!
//! Pure: installed packages, candidates and a policy give an [`Upgrade`]. For every installed package the candidate that apt would
//! choose is taken; those that would break something, need a new package or a removal are dropped, until nothing changes any more.
//! Security and stable updates practically never change the set of packages, so this finds what apt finds.

mod installed;
mod pins;
mod reason;
mod world;

pub use installed::{InstalledError, InstalledPackage, Want, architectures, installed_packages};
pub use pins::{PinError, Pins};
pub use reason::{Reason, Why};

use crate::archives::index::Candidate;
use slim::packages::dpkg::MultiArch;
use std::collections::{BTreeMap, BTreeSet};
use world::{Chosen, Violation, World};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upgrade {
    /// Packages that get another version, by name and architecture.
    pub steps: Vec<Step>,
    /// Packages for which there is a newer version that is not taken.
    pub kept_back: Vec<KeptBack>,
}

/// One package's way to a newer version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Name.
    pub package: String,
    /// Architecture, as installed.
    pub architecture: String,
    /// The version that is installed.
    pub from: String,
    /// What replaces it.
    pub to: Candidate,
    /// `Essential` or `Protected` differs between the two.
    pub essential_changes: bool,
    /// `Multi-Arch` differs between the two: the names of dpkg's info files may change.
    pub multi_arch_changes: bool,
}

/// A package that stays as it is although there is a newer version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBack {
    /// Name.
    pub package: String,
    /// Architecture, as installed.
    pub architecture: String,
    /// The version that is installed.
    pub installed: String,
    /// The version that is not taken.
    pub candidate: String,
    /// Why.
    pub reason: Reason,
}

/// What the user wants.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Only versions that come from a security archive.
    pub security_only: bool,
    /// Only these packages; all when empty.
    pub only: BTreeSet<String>,
    /// Not these packages.
    pub exclude: BTreeSet<String>,
    /// apt's preferences, usually the image's own ([`Pins::of_image`]).
    pub pins: Pins,
}

/// Decides an upgrade.
pub fn resolve(installed: &[InstalledPackage], candidates: &[Candidate], policy: &Policy) -> Upgrade {
    let mut offers: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        offers.entry(&candidate.name).or_default().push(candidate);
    }
    let native = installed::native_architecture(installed);
    let mut world = World::new(installed, &native);
    let mut kept: BTreeMap<usize, (&Candidate, Reason)> = BTreeMap::new();
    for (place, package) in installed.iter().enumerate() {
        let offers = offers.get(package.name.as_str()).map_or(&[][..], Vec::as_slice);
        let fits = |candidate: &&&Candidate| {
            (!policy.security_only || candidate.origin.security)
                && (candidate.architecture == package.architecture
                    || [candidate.architecture.as_str(), package.architecture.as_str()].contains(&"all")
                        && [candidate.architecture.as_str(), package.architecture.as_str()].contains(&native.as_str()))
        };
        let fitting: Vec<_> = offers.iter().filter(fits).copied().collect();
        let Some(candidate) =
            policy.pins.choose(package, &fitting).filter(|candidate| candidate.version != package.version)
        else {
            continue;
        };
        match refusal(package, candidate, policy) {
            Some(why) => drop(kept.insert(place, (candidate, Reason::of(why)))),
            None => world.choose(place, candidate),
        }
    }
    settle(&mut world, &mut kept);
    retry(&mut world, &mut kept);
    let name = |place: usize| (&installed[place].name, &installed[place].architecture);
    let mut steps = Vec::new();
    for (place, chosen) in world.chosen().enumerate() {
        let Chosen::Candidate(candidate) = chosen else { continue };
        let package = &installed[place];
        steps.push(Step {
            package: package.name.clone(),
            architecture: package.architecture.clone(),
            from: package.version.to_string(),
            essential_changes: package.essential != candidate.essential,
            multi_arch_changes: package.multi_arch != candidate.multi_arch,
            to: candidate.clone(),
        });
    }
    steps.sort_by(|a, b| (&a.package, &a.architecture).cmp(&(&b.package, &b.architecture)));
    let mut kept: Vec<_> = kept.into_iter().collect();
    kept.sort_by(|a, b| name(a.0).cmp(&name(b.0)));
    let kept_back = kept
        .into_iter()
        .map(|(place, (candidate, reason))| KeptBack {
            package: installed[place].name.clone(),
            architecture: installed[place].architecture.clone(),
            installed: installed[place].version.to_string(),
            candidate: candidate.version.to_string(),
            reason,
        })
        .collect();
    Upgrade { steps, kept_back }
}

/// What keeps a package back whatever the others do.
fn refusal(package: &InstalledPackage, candidate: &Candidate, policy: &Policy) -> Option<Why> {
    if package.want == Want::Hold {
        Some(Why::Held)
    } else if policy.exclude.contains(&package.name) {
        Some(Why::Excluded)
    } else if !policy.only.is_empty() && !policy.only.contains(&package.name) {
        Some(Why::NotSelected)
    } else if candidate.version < package.version {
        Some(Why::Downgrade)
    } else if candidate.architecture != package.architecture
        && (package.multi_arch == MultiArch::Same || candidate.multi_arch == MultiArch::Same)
    {
        // Instances of such a package stand side by side; any other changes between `all` and the native one with its version.
        let (from, to) = (package.architecture.clone(), candidate.architecture.clone());
        Some(Why::ArchitectureChange { from, to })
    } else {
        None
    }
}

/// Takes candidates back until nothing is broken that was whole before.
fn settle<'a>(world: &mut World<'a>, kept: &mut BTreeMap<usize, (&'a Candidate, Reason)>) {
    loop {
        let violations = world.violations();
        // What a candidate itself cannot have weighs first: much else may be right again without it.
        let Some(rank) = violations.iter().map(Violation::rank).min() else { return };
        let mut taken = BTreeSet::new();
        for violation in violations.iter().filter(|violation| violation.rank() == rank) {
            for culprit in &violation.culprits {
                if let Chosen::Candidate(candidate) = world.get(*culprit)
                    && taken.insert(*culprit)
                {
                    let because =
                        violation.causes.iter().filter_map(|cause| Some(kept.get(cause)?.1.clone())).collect();
                    let named = violation.causes.iter().map(|cause| world.name(*cause)).collect();
                    let reason = Reason { why: violation.why.clone(), because: Reason::below(named, because) };
                    kept.insert(*culprit, (candidate, reason));
                }
            }
        }
        if taken.is_empty() {
            return;
        }
        for place in taken {
            world.keep(place);
        }
    }
}

/// Some were taken back along with others without need: each that can stand now is taken again.
fn retry<'a>(world: &mut World<'a>, kept: &mut BTreeMap<usize, (&'a Candidate, Reason)>) {
    loop {
        let mut progress = false;
        let places: Vec<_> =
            kept.iter().filter(|(_, (_, reason))| reason.is_by_others()).map(|(place, _)| *place).collect();
        for place in places {
            let Some((candidate, _)) = kept.get(&place) else { continue };
            world.choose(place, candidate);
            if world.violations().is_empty() {
                kept.remove(&place);
                progress = true;
            } else {
                world.keep(place);
            }
        }
        if !progress {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
