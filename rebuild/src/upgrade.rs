//! Which packages become which versions: what `apt-get upgrade` would do, as a value.
//!
//! Pure: installed packages, candidates and a policy give an [`Upgrade`]. For every installed package the candidate that apt would
//! choose is taken; those that would break something, need a new package or a removal are dropped, until nothing changes any more.
//! Security and stable updates practically never change the set of packages, so this finds what apt finds.

mod configuration;
mod installed;
mod new;
mod pins;
mod reason;
mod selection;
mod weight;
mod world;

pub use installed::{InstalledError, InstalledPackage, Want, architectures, installed_packages, native_architecture};
pub use pins::{PinError, Pins};
pub use reason::{Reason, Why};
pub use selection::Names;

use crate::archives::index::Candidate;
use slim::packages::dpkg::MultiArch;
use std::collections::{BTreeMap, BTreeSet};
use world::{Chosen, Fault, World};

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
    /// The version that is installed; empty for a package that is installed anew.
    pub from: String,
    /// What replaces it.
    pub to: Candidate,
    /// Of a package that is installed anew: the packages that need it, as `name:architecture` of their own steps.
    pub needed_by: Vec<String>,
    /// `Essential` or `Protected` differs between the two.
    pub essential_changes: bool,
    /// `Multi-Arch` differs between the two: the names of dpkg's info files may change.
    pub multi_arch_changes: bool,
}

impl Step {
    /// A package that is installed anew.
    pub(crate) fn anew(candidate: &Candidate, needed_by: Vec<String>) -> Self {
        Self {
            package: candidate.name.clone(),
            architecture: candidate.architecture.clone(),
            from: String::new(),
            to: candidate.clone(),
            needed_by,
            essential_changes: false,
            multi_arch_changes: false,
        }
    }

    /// Whether the package is installed anew.
    pub fn is_new(&self) -> bool {
        self.from.is_empty()
    }
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
    /// Only these packages and what they need to be upgraded with them; all when empty.
    pub only: Names,
    /// Not these packages.
    pub exclude: Names,
    /// Whether packages that are not installed may be, where an upgrade needs them.
    pub with_new: bool,
    /// Packages that an engine refused, by name, and why.
    pub refused: BTreeMap<String, String>,
    /// apt's preferences, usually the image's own ([`Pins::of_image`]).
    pub pins: Pins,
    /// The image's native architecture ([`native_architecture`]); that of the packages where this is empty.
    pub native: String,
}

/// Decides an upgrade.
pub fn resolve(installed: &[InstalledPackage], candidates: &[Candidate], policy: &Policy) -> Upgrade {
    let mut offers: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        offers.entry(&candidate.name).or_default().push(candidate);
    }
    let native = native_architecture(Some(policy.native.as_str()).filter(|name| !name.is_empty()), installed, "all");
    let extras = if policy.with_new { new::extras(installed, &native, &offers, policy) } else { Vec::new() };
    let mut world = World::new(installed, extras, &native);
    let mut offered: Offered<'_> = BTreeMap::new();
    let mut kept: Kept<'_> = BTreeMap::new();
    for (place, package) in installed.iter().enumerate() {
        let offers = offers.get(package.name.as_str()).map_or(&[][..], Vec::as_slice);
        let fits = |candidate: &&&Candidate| {
            (!policy.security_only || candidate.origin.security)
                && (candidate.architecture == package.architecture
                    || [candidate.architecture.as_str(), package.architecture.as_str()].contains(&"all")
                        && [candidate.architecture.as_str(), package.architecture.as_str()].contains(&native.as_str()))
        };
        let fitting: Vec<_> = offers.iter().filter(fits).copied().collect();
        if fitting.iter().any(|candidate| candidate.version == package.version) {
            world.is_available(place);
        }
        let Some(candidate) = policy.pins.choose(package, &fitting, &native) else {
            continue;
        };
        match refusal(package, candidate, policy).or_else(|| phase(package, candidate, &fitting, policy)) {
            Some(why) => drop(kept.insert(place, (candidate, Reason::of(why)))),
            None => drop(offered.insert(place, candidate)),
        }
    }
    choose(&mut world, &offered, &mut kept, &policy.only);
    if policy.with_new {
        new::take(&mut world, &offered, &mut kept);
    }
    let name = |place: usize| (&installed[place].name, &installed[place].architecture);
    // A package that changes its architecture goes by the one that it is installed with, as its step does.
    let key = |place: usize| {
        installed
            .get(place)
            .map_or_else(|| world.key(place), |package| format!("{}:{}", package.name, package.architecture))
    };
    let mut steps = Vec::new();
    for (place, chosen) in world.chosen().enumerate() {
        let Chosen::Candidate(candidate) = chosen else { continue };
        let Some(package) = installed.get(place) else {
            let needed_by = world.needing(place).into_iter().map(key).collect();
            steps.push(Step::anew(candidate, needed_by));
            continue;
        };
        steps.push(Step {
            needed_by: Vec::new(),
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
    } else if policy.exclude.fit(&package.name, &package.architecture) {
        Some(Why::Excluded)
    } else if let Some(reason) = policy.refused.get(&package.name) {
        Some(Why::Refused(reason.clone()))
    } else if let Some(problem) = &candidate.unusable {
        Some(Why::Refused(format!("what the index says of it cannot be used: {problem}")))
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

/// Whether an update waits because not every machine gets it yet. One that holds a security update is for all (apt's `PhasedUpgrader`).
fn phase(package: &InstalledPackage, candidate: &Candidate, offers: &[&Candidate], policy: &Policy) -> Option<Why> {
    let percentage = candidate.phased.filter(|percentage| *percentage != 100 && policy.pins.wait_for_phases())?;
    let between = |offer: &&&Candidate| offer.version > package.version && offer.version < candidate.version;
    let urgent = offers.iter().filter(between).any(|offer| offer.origin.suite.ends_with("-security"));
    (!urgent).then_some(Why::Phased { percentage })
}

/// What could be taken, by the package's place.
type Offered<'a> = BTreeMap<usize, &'a Candidate>;
/// What is not taken, and why.
type Kept<'a> = BTreeMap<usize, (&'a Candidate, Reason)>;

/// Takes what was offered, or of it what `only` names together with what that needs.
fn choose<'a>(world: &mut World<'a>, offered: &Offered<'a>, kept: &mut Kept<'a>, only: &Names) {
    for (place, candidate) in offered {
        if only.is_empty() || world.fits(*place, only) {
            world.choose(*place, candidate);
        }
    }
    if !only.is_empty() {
        // Whatever may help comes along; what cannot stand is taken back with its reason.
        follow(world, offered, usize::MAX);
    }
    settle(world, kept);
    if only.is_empty() {
        return;
    }
    // Of what came along, only what is really needed stays.
    let settled: Offered<'a> =
        offered.iter().filter(|(place, _)| world.upgraded(**place)).map(|(place, c)| (*place, *c)).collect();
    for place in settled.keys().filter(|place| !world.fits(**place, only)).copied().collect::<Vec<_>>() {
        world.keep(place);
    }
    follow(world, &settled, 1);
    settle(world, kept);
    for (place, candidate) in offered {
        if !world.upgraded(*place) && !world.fits(*place, only) {
            kept.insert(*place, (candidate, Reason::of(Why::NotSelected)));
        }
    }
}

/// Takes more of what was offered wherever something is broken without it: at most `width` packages for each broken relation.
fn follow<'a>(world: &mut World<'a>, offered: &Offered<'a>, width: usize) {
    loop {
        let mut more = BTreeSet::new();
        for violation in world.violations() {
            let able = violation.causes.iter().filter(|cause| offered.contains_key(cause) && !world.upgraded(**cause));
            more.extend(able.take(width).copied());
        }
        if more.is_empty() {
            return;
        }
        for place in more {
            if let Some(candidate) = offered.get(&place) {
                world.choose(place, candidate);
            }
        }
    }
}

/// Takes candidates back until nothing is broken that was whole before, in the way and the order of apt: the heaviest package first, each
/// broken package itself before those that break it.
fn settle<'a>(world: &mut World<'a>, kept: &mut Kept<'a>) {
    let order = weight::order(world);
    let mut at = 0;
    while let Some(&place) = order.get(at) {
        at += 1;
        if matches!(world.get(place), Chosen::Absent) {
            continue;
        }
        let Some(fault) = world.faults(place).into_iter().next() else { continue };
        keep(world, kept, place, fault);
        if matches!(world.get(place), Chosen::Absent) {
            at = 0;
            continue;
        }
        // Whole as it is installed, or the others must give way.
        while let Some((fault, healer)) = world.faults(place).into_iter().find_map(|fault| {
            let healer = fault.healers.iter().copied().find(|healer| world.upgraded(*healer))?;
            Some((fault, healer))
        }) {
            keep(world, kept, healer, fault);
        }
        if world.faults(place).is_empty() {
            at = 0;
        }
    }
}

/// Keeps a package as it is, if it was to change.
fn keep<'a>(world: &mut World<'a>, kept: &mut Kept<'a>, place: usize, fault: Fault<'a>) {
    let Chosen::Candidate(candidate) = world.get(place) else { return };
    let causes = &fault.violation.causes;
    let because = causes.iter().filter_map(|cause| Some(kept.get(cause)?.1.clone())).collect();
    let named = causes.iter().map(|cause| world.name(*cause)).collect();
    if world.facts(place).installed {
        kept.insert(place, (candidate, Reason { why: fault.violation.why, because: Reason::below(named, because) }));
    }
    world.keep(place);
}

#[cfg(test)]
mod tests;
