//! What a run found and did, as data: the JSON that `--report` writes and the table that people read are both readings of this.
//!
//! The format is versioned by [`Report::schema`]: fields may be added under one number, never removed or changed in meaning.

mod explanation;

pub use explanation::{DependantReport, Explanation, LinkReport, MentionReport, RuleReport};

use schemars::JsonSchema;
use serde::Serialize;

/// The number of this format.
pub const SCHEMA: u32 = 1;

/// The whole report of one run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// Version of this format, now 1.
    pub schema: u32,
    /// Version of slim that wrote it.
    pub slim: String,
    /// How the run ended.
    pub outcome: Outcome,
    /// The image that was read.
    pub source: ImageReport,
    /// The image that was written or, in a dry run, would be; absent when nothing had to change.
    pub result: Option<ImageReport>,
    /// Where the result was stored.
    pub destination: Option<String>,
    /// Every layer of the source, bottom first.
    pub layers: Vec<LayerReport>,
    /// Every package of the source.
    pub packages: Vec<PackageReport>,
    /// What could not be known statically, and what was assumed.
    pub unknowns: Vec<UnknownReport>,
    /// Faults that the source already had; slim did not cause them.
    pub faults: Vec<String>,
    /// The package indexes that the update used.
    pub indexes: Vec<IndexReport>,
    /// Where in the result the list of removed packages is; absent when this run removed none.
    pub removals: Option<String>,
    /// What a person should know: configuration files kept, author's files overwritten, a result that is larger.
    pub notes: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A changed image was written.
    Done,
    /// The image is current and holds nothing to remove; its digest stays.
    NothingToDo,
    /// A dry run: this is what would be done.
    Planned,
}

/// An image in numbers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ImageReport {
    /// Its name: `docker://…`, `oci:…`.
    pub name: String,
    /// Manifest digest; absent where it was not computed (a dry run).
    pub digest: Option<String>,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// Distro as os-release names it: `debian 12`.
    pub distro: Option<String>,
    /// Bytes of all layer blobs, as stored and transferred; absent where it was not computed.
    pub compressed: Option<u64>,
    /// Bytes of all files of the merged tree, hard links counted once.
    pub files_size: u64,
    /// Number of files, directories and links.
    pub files: usize,
    /// Number of packages.
    pub packages: usize,
}

/// A layer before and after.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LayerReport {
    /// Place in the image, 0 at the bottom.
    pub index: usize,
    /// Blob digest before.
    pub digest: String,
    /// Blob bytes before.
    pub size: u64,
    /// Blob digest after; equal to `digest` for a layer that was kept, absent in a dry run for one that would change.
    pub new_digest: Option<String>,
    /// Blob bytes after.
    pub new_size: Option<u64>,
    /// Whether the layer was kept as it was.
    pub kept: bool,
    /// The command that made the layer, from the image's history.
    pub created_by: Option<String>,
}

/// A package before and after, and why.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PackageReport {
    /// Name.
    pub name: String,
    /// Architecture.
    pub architecture: String,
    /// Layer that holds its database entry first.
    pub layer: usize,
    /// Version before; empty when it was not there.
    pub version: String,
    /// Version after; absent when removed.
    pub new_version: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, for people.
    pub reason: String,
    /// How the update was proven: `none`, `snippets`, `known` or `evaluated`.
    pub tier: Option<String>,
    /// What the proof rests on.
    pub evidence: Option<String>,
    /// Side effects of maintainer scripts that were reproduced.
    pub effects: Vec<String>,
    /// Bytes of its files before.
    pub size: u64,
}

/// What became of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Already current, or updates were not asked for.
    Kept,
    /// Brought to a newer version.
    Updated,
    /// A newer version exists but was not installed.
    KeptBack,
    /// Removed: nothing reaches it.
    Removed,
    /// Installed anew: an updated package needs it, and the user allowed it.
    Added,
}

/// Something that could not be known statically.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct UnknownReport {
    /// The file.
    pub path: String,
    /// Where in it: `line 12`, `offset 0x1f40`.
    pub place: String,
    /// What is not known.
    pub what: String,
    /// What slim assumed.
    pub taken: String,
}

/// A package index that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IndexReport {
    /// Address of the suite's folder, without credentials: `http://mirror.example/debian/dists/bookworm`.
    pub suite: String,
    /// Name of the index below that, with its component: `main/binary-amd64/Packages`.
    pub component: String,
    /// Date of its signed release file.
    pub date: Option<String>,
    /// SHA-256 of the index.
    pub sha256: String,
}

/// What `slim inspect` tells of an image.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Inspection {
    /// Version of this format, now 1.
    pub schema: u32,
    /// The image.
    pub image: ImageReport,
    /// Every layer, bottom first.
    pub layers: Vec<LayerReport>,
    /// Every package; `new_version` is set where an update was asked about and exists.
    pub packages: Vec<PackageReport>,
    /// The entrypoint, word by word.
    pub entrypoint: Vec<String>,
    /// The command, word by word.
    pub command: Vec<String>,
    /// The user that the container runs as.
    pub user: String,
    /// The working directory.
    pub working_directory: String,
    /// Environment, `NAME=VALUE`.
    pub environment: Vec<String>,
}
