//! A set of package versions, and what is broken in it (Debian Policy, chapter 7; Multi-Arch specification).

use super::installed::InstalledPackage;
use super::reason::Why;
use super::selection::Names;
use crate::archives::index::Candidate;
use slim::packages::dpkg::{Alternatives, MultiArch, Qualifier, Relation, Relations, Version};
use std::collections::{BTreeMap, BTreeSet};

/// The version that a package has in this world.
#[derive(Debug, Clone, Copy)]
pub(super) enum Chosen<'a> {
    Installed,
    Candidate(&'a Candidate),
    /// Not installed, and not to be.
    Absent,
}

/// Every installed package with the version chosen for it.
#[derive(Debug)]
pub(super) struct World<'a> {
    installed: &'a [InstalledPackage],
    /// Packages that could be installed anew: their places follow those of the installed ones.
    extras: Vec<&'a Candidate>,
    native: &'a str,
    chosen: Vec<Chosen<'a>>,
    /// Packages by every name that one of their versions has or provides.
    names: BTreeMap<&'a str, Vec<usize>>,
    /// Installed packages whose version an archive still has.
    available: BTreeSet<usize>,
    /// What is broken before anything changes is nobody's fault.
    before: BTreeSet<(usize, &'static str, String)>,
}

/// Something broken that was whole.
#[derive(Debug, Clone)]
pub(super) struct Violation<'a> {
    /// The package whose relation it is.
    pub(super) place: usize,
    /// The relation that nothing fulfils, if that is the trouble.
    pub(super) unmet: Option<&'a Alternatives>,
    pub(super) why: Why,
    /// Packages whose being kept back is the cause.
    pub(super) causes: Vec<usize>,
}

/// Something broken of one package, and what could heal it.
#[derive(Debug, Clone)]
pub(super) struct Fault<'a> {
    pub(super) violation: Violation<'a>,
    /// Packages that would fulfil the relation, or not be hit by it, if they stayed as they are.
    pub(super) healers: Vec<usize>,
}

/// What a package's weight begins with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) priority: &'a str,
    /// An archive has the version that is chosen.
    pub(super) available: bool,
    pub(super) installed: bool,
    pub(super) essential: bool,
}

/// One version of a package, as relations see it.
#[derive(Clone, Copy)]
struct View<'a> {
    name: &'a str,
    architecture: &'a str,
    version: &'a Version,
    multi_arch: MultiArch,
    relations: &'a Relations,
}

impl<'a> World<'a> {
    pub(super) fn new(installed: &'a [InstalledPackage], extras: Vec<&'a Candidate>, native: &'a str) -> Self {
        let mut chosen = vec![Chosen::Installed; installed.len()];
        chosen.resize(installed.len() + extras.len(), Chosen::Absent);
        let mut world = Self {
            installed,
            extras,
            native,
            chosen,
            names: BTreeMap::new(),
            available: BTreeSet::new(),
            before: BTreeSet::new(),
        };
        for place in 0..world.chosen.len() {
            world.index(place);
        }
        let places = 0..installed.len();
        world.before =
            places.flat_map(|place| world.broken(place).into_iter().map(move |(f, r, _)| (place, f, r))).collect();
        world
    }

    pub(super) fn choose(&mut self, place: usize, candidate: &'a Candidate) {
        self.chosen[place] = Chosen::Candidate(candidate);
        self.index(place);
    }

    pub(super) fn keep(&mut self, place: usize) {
        self.chosen[place] = if place < self.installed.len() { Chosen::Installed } else { Chosen::Absent };
    }

    /// An archive still has the version that is installed.
    pub(super) fn is_available(&mut self, place: usize) {
        self.available.insert(place);
    }

    /// What is chosen now, to come back to it.
    pub(super) fn save(&self) -> Vec<Chosen<'a>> {
        self.chosen.clone()
    }

    /// Comes back to what was chosen.
    pub(super) fn restore(&mut self, chosen: Vec<Chosen<'a>>) {
        self.chosen = chosen;
    }

    /// The first absent package that fulfils one of the alternatives: by its name before one that provides it.
    pub(super) fn absent_for(&self, place: usize, group: &Alternatives) -> Option<(usize, &'a Candidate)> {
        let from = self.view(place);
        let absent = |name: &str| {
            let places = self.names.get(name).map_or(&[][..], Vec::as_slice).iter().copied();
            places.filter(|other| matches!(self.chosen[*other], Chosen::Absent)).collect::<Vec<_>>()
        };
        for relation in &group.0 {
            let (own, providers): (Vec<_>, Vec<_>) =
                absent(&relation.name).into_iter().partition(|other| self.view(*other).name == relation.name);
            let met = |other: &usize| self.meets(from, relation, self.view(*other));
            if let Some(other) = own.into_iter().chain(providers).find(met) {
                return Some((other, self.extras[other - self.installed.len()]));
            }
        }
        None
    }

    /// The packages, by place, that need a chosen one by its name or by something that it provides.
    pub(super) fn needing(&self, place: usize) -> Vec<usize> {
        let view = self.view(place);
        let names: BTreeSet<&str> =
            std::iter::once(view.name).chain(view.relations.provides.iter().map(|p| p.name.as_str())).collect();
        let needs = |other: &usize| {
            let relations = self.view(*other).relations;
            let mut groups = relations.pre_depends.iter().chain(&relations.depends);
            *other != place && groups.any(|group| group.0.iter().any(|r| names.contains(r.name.as_str())))
        };
        self.present().filter(|other| self.upgraded(*other)).filter(needs).collect()
    }

    pub(super) fn present(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.chosen.len()).filter(|place| !matches!(self.chosen[*place], Chosen::Absent))
    }

    pub(super) fn get(&self, place: usize) -> Chosen<'a> {
        self.chosen[place]
    }

    pub(super) fn chosen(&self) -> impl Iterator<Item = Chosen<'a>> {
        self.chosen.iter().copied()
    }

    /// Whether the user named the package.
    pub(super) fn fits(&self, place: usize, names: &Names) -> bool {
        self.installed.get(place).is_some_and(|package| names.fit(&package.name, &package.architecture))
    }

    /// `name:architecture`.
    pub(super) fn key(&self, place: usize) -> String {
        let view = self.view(place);
        format!("{}:{}", view.name, view.architecture)
    }

    /// Name and architecture, for people.
    pub(super) fn name(&self, place: usize) -> String {
        let View { name, architecture, .. } = self.view(place);
        if architecture == self.native || architecture == "all" {
            name.to_owned()
        } else {
            format!("{name}:{architecture}")
        }
    }

    fn index(&mut self, place: usize) {
        let view = self.view(place);
        let provided = view.relations.provides.iter().map(|provided| provided.name.as_str());
        for name in std::iter::once(view.name).chain(provided) {
            let places = self.names.entry(name).or_default();
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }

    fn view(&self, place: usize) -> View<'a> {
        match self.chosen[place] {
            Chosen::Installed => Self::old(&self.installed[place]),
            Chosen::Candidate(candidate) => Self::new_of(candidate),
            Chosen::Absent => Self::new_of(self.extras[place - self.installed.len()]),
        }
    }

    fn new_of(candidate: &'a Candidate) -> View<'a> {
        View {
            name: &candidate.name,
            architecture: &candidate.architecture,
            version: &candidate.version,
            multi_arch: candidate.multi_arch,
            relations: &candidate.relations,
        }
    }

    fn old(package: &'a InstalledPackage) -> View<'a> {
        View {
            name: &package.name,
            architecture: &package.architecture,
            version: &package.version,
            multi_arch: package.multi_arch,
            relations: &package.relations,
        }
    }

    /// Whether a package is to get another version.
    pub(super) fn upgraded(&self, place: usize) -> bool {
        matches!(self.chosen[place], Chosen::Candidate(_))
    }

    /// What a package's weight begins with.
    pub(super) fn facts(&self, place: usize) -> Facts<'a> {
        let package = self.installed.get(place);
        let essential = package.is_some_and(|package| package.essential);
        match self.chosen[place] {
            Chosen::Candidate(new) => {
                let essential = essential || new.essential;
                Facts { priority: &new.priority, available: true, installed: package.is_some(), essential }
            }
            _ => {
                let priority = package.map_or("", |package| &package.priority);
                let available = self.available.contains(&place);
                Facts { priority, available, installed: package.is_some(), essential }
            }
        }
    }

    /// The packages that fulfil (`true`) or hit (`false`) one of a package's relations, once for each relation.
    pub(super) fn links(&self, place: usize) -> Vec<(bool, Vec<usize>)> {
        let view = self.view(place);
        let needs = view.relations.pre_depends.iter().chain(&view.relations.depends).flat_map(|group| &group.0);
        let meeting = |relation: &Relation| {
            let all = self.with_name(&relation.name).filter(|other| self.meets(view, relation, self.view(*other)));
            (true, all.collect::<Vec<_>>())
        };
        let against = view.relations.breaks.iter().chain(&view.relations.conflicts);
        let hitting = |relation: &Relation| {
            (false, self.with_name(&relation.name).filter(|other| self.is_hit(view, relation, *other)).collect())
        };
        needs.map(meeting).chain(against.map(hitting)).collect()
    }

    /// The packages that have or provide a name that a package depends on, once for each time that it does.
    pub(super) fn depends_by_name(&self, place: usize) -> Vec<usize> {
        let view = self.view(place);
        let needs = view.relations.pre_depends.iter().chain(&view.relations.depends).flat_map(|group| &group.0);
        needs.flat_map(|relation| self.with_name(&relation.name)).collect()
    }

    /// What is broken of one package and was not before, each with the packages that would heal it by staying as they are: in apt's
    /// order, by alternatives.
    pub(super) fn faults(&self, place: usize) -> Vec<Fault<'a>> {
        let mut faults = Vec::new();
        for (field, relation, blame) in self.broken(place) {
            if self.before.contains(&(place, field, relation.clone())) {
                continue;
            }
            let healers = match &blame {
                Blame::Against { other } => vec![*other],
                Blame::Unmet { group, .. } => {
                    let view = self.view(place);
                    let old = |relation: &'a Relation| {
                        let healing = self.with_name(&relation.name).filter(move |other| {
                            let old = self.installed.get(*other).map(Self::old);
                            self.upgraded(*other) && old.is_some_and(|old| self.meets(view, relation, old))
                        });
                        healing.collect::<Vec<_>>()
                    };
                    group.0.iter().flat_map(old).collect()
                }
            };
            faults.extend(self.blame(place, field, relation, blame).map(|violation| Fault { violation, healers }));
        }
        if let Some(other) = self.other_instance(place) {
            let why = Why::OutOfStep { other: self.key(other) };
            let violation = Violation { place, unmet: None, why, causes: vec![other] };
            faults.push(Fault { violation, healers: vec![other] });
        }
        faults
    }

    /// Everything that is broken in this world and was not before.
    pub(super) fn violations(&self) -> Vec<Violation<'a>> {
        let mut violations = Vec::new();
        for place in self.present() {
            for (field, relation, blame) in self.broken(place) {
                if self.before.contains(&(place, field, relation.clone())) {
                    continue;
                }
                violations.extend(self.blame(place, field, relation, blame));
            }
            violations.extend(self.out_of_step(place));
        }
        violations
    }

    fn blame(&self, place: usize, field: &'static str, relation: String, blame: Blame<'a>) -> Option<Violation<'a>> {
        let titled = |place: usize| format!("{} {}", self.name(place), self.view(place).version);
        let unmet = if let Blame::Unmet { group, .. } = &blame { Some(*group) } else { None };
        let of = |why, causes| Some(Violation { place, unmet, why, causes });
        match blame {
            Blame::Unmet { named, .. } if self.upgraded(place) => {
                let installed = !named.is_empty();
                let why = if installed { Why::Needs { field, relation } } else { Why::NeedsNew { field, relation } };
                of(why, named.into_iter().filter(|other| !self.upgraded(*other)).collect())
            }
            Blame::Unmet { .. } => of(Why::WouldBreak { package: titled(place), field, relation }, vec![place]),
            Blame::Against { other } if self.upgraded(place) => {
                of(Why::Against { field, relation, package: titled(other) }, vec![other])
            }
            Blame::Against { .. } => of(Why::WouldBreak { package: titled(place), field, relation }, vec![place]),
        }
    }

    /// What of a package's own relations is broken: the field, the relation, and with whom.
    fn broken(&self, place: usize) -> Vec<(&'static str, String, Blame<'a>)> {
        let view = self.view(place);
        let mut broken = Vec::new();
        for (field, groups) in [("Pre-Depends", &view.relations.pre_depends), ("Depends", &view.relations.depends)] {
            for group in groups {
                if !group.0.iter().any(|relation| self.is_met(view, relation)) {
                    broken.push((field, group.to_string(), Blame::Unmet { named: self.named(group), group }));
                }
            }
        }
        for (field, relations) in [("Breaks", &view.relations.breaks), ("Conflicts", &view.relations.conflicts)] {
            for relation in relations {
                if let Some(other) = self.hit(view, relation) {
                    broken.push((field, relation.to_string(), Blame::Against { other }));
                }
            }
        }
        broken
    }

    fn with_name(&self, name: &str) -> impl Iterator<Item = usize> + '_ {
        let places = self.names.get(name).map_or(&[][..], Vec::as_slice).iter().copied();
        places.filter(|place| !matches!(self.chosen[*place], Chosen::Absent))
    }

    /// Packages that have, had or provide a name of the group, in any version.
    fn named(&self, group: &Alternatives) -> Vec<usize> {
        let mut named: Vec<_> = group.0.iter().flat_map(|relation| self.with_name(&relation.name)).collect();
        named.sort_unstable();
        named.dedup();
        named
    }

    fn is_met(&self, from: View<'_>, relation: &Relation) -> bool {
        self.with_name(&relation.name).any(|other| self.meets(from, relation, self.view(other)))
    }

    /// Whether a package is, or provides, what a relation wants.
    fn meets(&self, from: View<'_>, relation: &Relation, other: View<'_>) -> bool {
        if other.name == relation.name && self.reaches(from, relation, other) && relation.accepts(Some(other.version)) {
            return true;
        }
        other.relations.provides.iter().any(|provided| {
            provided.name == relation.name
                && relation.accepts(provided.version.as_ref())
                && match &provided.qualifier {
                    Some(qualifier) => relation.qualifier.as_ref() == Some(qualifier),
                    None => self.reaches(from, relation, other),
                }
        })
    }

    /// Whether a package of this architecture can be meant by a positive relation.
    fn reaches(&self, from: View<'_>, relation: &Relation, other: View<'_>) -> bool {
        let concrete = |name: &'_ str| if name == "all" { self.native.to_owned() } else { name.to_owned() };
        match &relation.qualifier {
            None => {
                other.multi_arch == MultiArch::Foreign || concrete(from.architecture) == concrete(other.architecture)
            }
            Some(Qualifier::Any) => other.multi_arch == MultiArch::Allowed,
            Some(Qualifier::Architecture(name)) if name == "native" => concrete(other.architecture) == self.native,
            Some(Qualifier::Architecture(name)) => concrete(other.architecture) == *name,
        }
    }

    /// The first package that a negative relation hits.
    fn hit(&self, from: View<'_>, relation: &Relation) -> Option<usize> {
        self.with_name(&relation.name).find(|other| self.is_hit(from, relation, *other))
    }

    /// Whether a negative relation hits a package: of every architecture unless one is named, itself never.
    fn is_hit(&self, from: View<'_>, relation: &Relation, other: usize) -> bool {
        let other = self.view(other);
        if other.name == from.name {
            return false;
        }
        let architecture = match &relation.qualifier {
            Some(Qualifier::Architecture(name)) => other.architecture == name || other.architecture == "all",
            _ => true,
        };
        let own = other.name == relation.name && relation.accepts(Some(other.version));
        let mut provided = other.relations.provides.iter().filter(|provided| provided.name == relation.name);
        architecture && (own || provided.any(|provided| relation.accepts(provided.version.as_ref())))
    }

    /// An instance of the same package for another architecture, whose version differs.
    fn other_instance(&self, place: usize) -> Option<usize> {
        let view = self.view(place);
        self.with_name(view.name).find(|other| {
            let there = self.view(*other);
            *other != place && there.name == view.name && there.version != view.version
        })
    }

    /// Instances of one `Multi-Arch: same` package have one version.
    fn out_of_step(&self, place: usize) -> Option<Violation<'a>> {
        let view = self.view(place);
        if !self.upgraded(place) {
            return None;
        }
        let other = self.other_instance(place)?;
        let why = Why::OutOfStep { other: format!("{}:{}", view.name, self.view(other).architecture) };
        Some(Violation { place, unmet: None, why, causes: vec![other] })
    }
}

/// With whom a relation is broken.
enum Blame<'a> {
    /// Nobody fulfils it; these have its names.
    Unmet { named: Vec<usize>, group: &'a Alternatives },
    /// This package is what must not be there.
    Against { other: usize },
}
