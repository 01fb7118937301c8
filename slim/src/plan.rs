//! Decisions that explain themselves: one step a package, with its reason.

use crate::graph::Unknown;
use crate::path::ImagePath;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What becomes of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It stays, whole or by file as the profile says.
    Keep,
    /// It goes, and its database entry with it.
    Remove,
}

/// The decision about one package.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// The package: `name:architecture`.
    pub package: String,
    /// Its version.
    pub version: String,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The path that keeps it, where one does.
    pub path: Option<ImagePath>,
    /// Bytes of its regular files, shared ones counted for the first owner.
    pub bytes: u64,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verdict {
            Verdict::Keep => "keep",
            Verdict::Remove => "remove",
        };
        write!(f, "{verb} {} {} ({} bytes): {}", self.package, self.version, self.bytes, self.reason)
    }
}

/// What pruning takes away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Removal {
    /// Packages, as `name:architecture`.
    pub packages: BTreeSet<String>,
    /// Files and links of the tree, each with the reason; directories follow when they are left empty.
    pub paths: BTreeMap<ImagePath, String>,
    /// Directories that may go when nothing is left in them.
    pub directories: BTreeSet<ImagePath>,
    /// Kept packages stay by file: their lists come to name exactly what is there, and what is only for building against them goes.
    pub by_file: bool,
}

/// All decisions, in the order of packages' names, and what carries them out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// One step a package.
    pub steps: Vec<Step>,
    /// What the steps take away.
    pub removal: Removal,
    /// Uses that may come to pass at run time, of files that the plan takes away.
    pub doubts: Vec<Unknown>,
}

impl Plan {
    /// The step about a package, by name or `name:architecture`.
    pub fn step(&self, package: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.package == package || step.package.split(':').next() == Some(package))
    }

    /// The packages that stay.
    pub fn kept(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.verdict == Verdict::Keep)
    }
}
