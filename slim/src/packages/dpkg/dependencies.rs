//! Who declares to depend on whom, among the packages of a status file.

use super::relation::{MultiArch, Qualifier, Relation, Relations};
use super::status::{Stanza, Status};
use super::version::Version;
use std::collections::BTreeMap;

/// One declared dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Who declares it, as `name:architecture`.
    pub by: String,
    /// As it stands in the status file: `debconf (>= 0.5) | debconf-2.0`.
    pub relation: String,
    /// The installed packages that satisfy it, as `name:architecture`, in the order of the relation's alternatives.
    pub satisfied_by: Vec<String>,
}

/// Every `Pre-Depends` and `Depends` of installed packages that something installed satisfies, in the order of the status file.
///
/// Fields that cannot be read ask for nothing: dpkg would have refused such a package.
pub fn dependencies(status: &Status) -> Vec<Dependency> {
    let installed: Vec<Installed<'_>> =
        status.stanzas().iter().filter(|stanza| stanza.is_installed()).map(Installed::new).collect();
    // Names, real and provided, to who has them; a real package comes before those that provide its name.
    let mut names: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, package) in installed.iter().enumerate() {
        names.entry(&package.stanza.package).or_default().push(index);
    }
    for (index, package) in installed.iter().enumerate() {
        for provided in &package.relations.provides {
            names.entry(&provided.name).or_default().push(index);
        }
    }
    let mut found = Vec::new();
    for package in &installed {
        for choice in package.relations.pre_depends.iter().chain(&package.relations.depends) {
            let mut satisfied_by = Vec::new();
            for relation in &choice.0 {
                let candidates = names.get(relation.name.as_str()).into_iter().flatten();
                for other in candidates.map(|index| &installed[*index]).filter(|o| o.satisfies(relation, package)) {
                    if !satisfied_by.contains(&other.key()) {
                        satisfied_by.push(other.key());
                    }
                }
            }
            if !satisfied_by.is_empty() {
                found.push(Dependency { by: package.key(), relation: choice.to_string(), satisfied_by });
            }
        }
    }
    found
}

struct Installed<'a> {
    stanza: &'a Stanza,
    relations: Relations,
    multi_arch: MultiArch,
}

impl<'a> Installed<'a> {
    fn new(stanza: &'a Stanza) -> Self {
        let paragraph = stanza.paragraph();
        let relations = Relations::of(&paragraph).unwrap_or_default();
        Self { stanza, relations, multi_arch: MultiArch::of(&paragraph) }
    }

    fn key(&self) -> String {
        format!("{}:{}", self.stanza.package, self.stanza.architecture)
    }

    fn satisfies(&self, relation: &Relation, of: &Self) -> bool {
        let architecture = match &relation.qualifier {
            Some(Qualifier::Any) => true,
            Some(Qualifier::Architecture(wanted)) => wanted == "native" || *wanted == self.stanza.architecture,
            None => {
                self.multi_arch == MultiArch::Foreign
                    || [self, of].iter().any(|package| package.stanza.architecture == "all")
                    || self.stanza.architecture == of.stanza.architecture
            }
        };
        let version = || {
            let own = Version::new(&self.stanza.version).ok();
            let real = self.stanza.package == relation.name && relation.accepts(own.as_ref());
            let provided = self.relations.provides.iter().filter(|provided| provided.name == relation.name);
            real || provided.map(|provided| provided.version.as_ref()).any(|version| relation.accepts(version))
        };
        architecture && version()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(packages: &[(&str, &str)]) -> Vec<String> {
        let stanza = |(name, fields): &(&str, &str)| {
            let (name, architecture) = name.split_once(':').unwrap_or((name, "amd64"));
            format!(
                "Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\nVersion: 2\n{fields}\n\n"
            )
        };
        let text: String = packages.iter().map(stanza).collect();
        let tell = |dependency: Dependency| {
            format!("{} [{}] {}", dependency.by, dependency.relation, dependency.satisfied_by.join(" "))
        };
        dependencies(&Status::parse(text.as_bytes())).into_iter().map(tell).collect()
    }

    #[test]
    fn names_and_what_is_provided_satisfy() {
        assert_eq!(
            found(&[
                ("a", "Pre-Depends: c\nDepends: b (>= 1) | none, v, gone"),
                ("b", "Provides: v"),
                ("c:all", "Depends: b (>= 3)"),
            ]),
            ["a:amd64 [c] c:all", "a:amd64 [b (>= 1) | none] b:amd64", "a:amd64 [v] b:amd64"]
        );
    }

    #[test]
    fn another_architecture_satisfies_only_where_it_may() {
        let of = |fields, relation| found(&[("a", relation), ("b:i386", fields)]).len();
        assert_eq!(of("", "Depends: b"), 0);
        assert_eq!(of("Multi-Arch: foreign", "Depends: b"), 1);
        assert_eq!(of("", "Depends: b:any"), 1);
        assert_eq!(of("", "Depends: b:i386"), 1);
    }

    #[test]
    fn a_provided_name_without_version_satisfies_no_versioned_relation() {
        assert!(found(&[("a", "Depends: v (>= 1)"), ("b", "Provides: v")]).is_empty());
        assert_eq!(found(&[("a", "Depends: v (>= 1)"), ("b", "Provides: v (= 1)")]).len(), 1);
    }
}
