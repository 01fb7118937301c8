//! The list of what pruning removed, as it stands in the image: for people who miss something, and for tools that explain an image.
//!
//! It says what is *not* there, so it must not be taken for a bill of materials: no scanner reads a file of this name and shape.

use crate::packages::Inventory;
use crate::path::ImagePath;
use crate::plan::{Plan, Verdict};
use crate::policy::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The number of this format.
pub const REMOVED_SCHEMA: u32 = 1;

/// Where the list is.
pub const PLACE: &str = "/usr/share/slim/removed.json";

/// The whole list. No time stands in it: the same removal gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// Version of this format, now 1.
    pub schema: u32,
    /// Version of slim that removed something last.
    pub slim: String,
    /// How finely it cut: `packages` or `files`.
    pub profile: String,
    /// What is gone, by name.
    pub packages: Vec<RemovedPackage>,
}

/// A package that is gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RemovedPackage {
    /// Its name.
    pub name: String,
    /// Its architecture.
    pub architecture: String,
    /// The version that was in the image.
    pub version: String,
    /// Why it went.
    pub reason: RemovedReason,
}

/// Why a package went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RemovedReason {
    /// Nothing in use led to any of its files.
    Unreached,
}

impl Removed {
    /// The list after one more removal. `earlier` is the list that the image has; packages that are `left` in the image are on it no
    /// more, and one that is removed again has its newest version.
    pub fn merge(earlier: Option<&[u8]>, plan: &Plan, profile: Profile, left: &Inventory, slim: &str) -> Self {
        let earlier: Option<Self> = earlier.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let mut packages: BTreeMap<(String, String), RemovedPackage> = BTreeMap::new();
        let key = |package: &RemovedPackage| (package.name.clone(), package.architecture.clone());
        for package in earlier.into_iter().flat_map(|earlier| earlier.packages) {
            if left.find(&format!("{}:{}", package.name, package.architecture)).is_none() {
                packages.insert(key(&package), package);
            }
        }
        for step in plan.steps.iter().filter(|step| step.verdict == Verdict::Remove) {
            let (name, architecture) = step.package.split_once(':').unwrap_or((&step.package, ""));
            let package = RemovedPackage {
                name: name.to_owned(),
                architecture: architecture.to_owned(),
                version: step.version.clone(),
                reason: RemovedReason::Unreached,
            };
            packages.insert(key(&package), package);
        }
        let profile = if profile == Profile::Files { "files" } else { "packages" };
        Self {
            schema: REMOVED_SCHEMA,
            slim: slim.to_owned(),
            profile: profile.to_owned(),
            packages: packages.into_values().collect(),
        }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain structs with text keys: there is nothing that could fail.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Where the list is.
    pub fn place() -> ImagePath {
        ImagePath::literal(PLACE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Package;
    use crate::plan::Step;
    use crate::tree::Tree;

    fn plan(steps: &[(&str, &str, Verdict)]) -> Plan {
        let step = |(package, version, verdict): &(&str, &str, Verdict)| Step {
            package: (*package).into(),
            version: (*version).into(),
            verdict: *verdict,
            reason: "test".into(),
            path: None,
            bytes: 1,
        };
        Plan { steps: steps.iter().map(step).collect(), ..Plan::default() }
    }

    fn inventory(names: &[&str]) -> Inventory {
        let package = |name: &&str| Package { name: (*name).into(), architecture: "all".into(), ..Package::default() };
        Inventory::new(names.iter().map(package).collect(), &Tree::new())
    }

    fn names(list: &Removed) -> Vec<String> {
        list.packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
    }

    #[test]
    fn lists_add_up_and_forget_what_came_back() {
        let first =
            plan(&[("b:all", "1", Verdict::Remove), ("a:all", "1", Verdict::Remove), ("k:all", "1", Verdict::Keep)]);
        let first = Removed::merge(None, &first, Profile::Packages, &inventory(&["k"]), "1");
        assert_eq!(names(&first), ["a 1", "b 1"]);
        let again = plan(&[("c:all", "2", Verdict::Remove), ("b:all", "2", Verdict::Remove)]);
        let again = Removed::merge(Some(&first.to_bytes()), &again, Profile::Files, &inventory(&["a"]), "2");
        assert_eq!(
            (names(&again), again.profile.as_str(), again.slim.as_str()),
            (vec!["b 2".into(), "c 2".into()], "files", "2")
        );
        // Nothing more: the same bytes.
        let same = Removed::merge(Some(&again.to_bytes()), &plan(&[]), Profile::Files, &inventory(&["a"]), "2");
        assert_eq!(same.to_bytes(), again.to_bytes());
    }

    #[test]
    fn what_is_no_list_is_replaced() {
        let list = Removed::merge(
            Some(b"{\"schema\":"),
            &plan(&[("a:all", "1", Verdict::Remove)]),
            Profile::Packages,
            &inventory(&[]),
            "1",
        );
        assert_eq!(names(&list), ["a 1"]);
        assert!(String::from_utf8(list.to_bytes()).unwrap().contains("\"reason\": \"unreached\""));
    }
}
