//! What a caller asks for, as plain values.

use crate::engine::native::ConffilePolicy;
use crate::image::{Location, Platform};
use crate::layer::Compression;
use crate::lock::Lock;
use std::path::PathBuf;

/// A rebuild.
#[derive(Debug, Clone)]
pub struct Request {
    /// The image to read.
    pub source: Location,
    /// Where the result goes; `None` only makes sense with [`Request::dry_run`].
    pub destination: Option<Location>,
    /// Which image of an index.
    pub platform: Option<Platform>,
    /// Which packages are brought up to date.
    pub update: Update,
    /// Only these packages (globs) and what they need to be upgraded with them; all when empty.
    pub only: Vec<String>,
    /// Packages (globs) that stay at their version.
    pub exclude: Vec<String>,
    /// Install packages that are not there where an upgrade needs them.
    pub with_new: bool,
    /// Exactly the packages of this lock, instead of what the archives offer now.
    pub locked: Option<Lock>,
    /// Where the lock of what was used goes.
    pub lock: Option<PathBuf>,
    /// What becomes of configuration files that both the image and the new package changed.
    pub conffiles: ConffilePolicy,
    /// What is removed.
    pub prune: Prune,
    /// Whether what is left is an image that apt can be used in.
    pub prune_mode: PruneMode,
    /// Packages, paths and globs that stay whatever reaches them.
    pub keep: Vec<String>,
    /// Keep `/bin/sh` and all that it leads to.
    pub keep_shell: bool,
    /// Commands that the container also runs, in the shell's words: more roots.
    pub roots: Vec<String>,
    /// Files that were seen in use: more roots.
    pub traces: Vec<Trace>,
    /// Commands that are run in the original and in the result, to be compared.
    pub tests: Vec<String>,
    /// Run the commands too by which recipes try what is in use.
    pub test_recipes: bool,
    /// The user's own recipes, laid over those that are built in.
    pub recipes: recipes::Recipes,
    /// Compression of regenerated layers; `None` keeps each layer's own.
    pub compression: Option<Compression>,
    /// Decide and check as for a rebuild, and write nothing.
    pub dry_run: bool,
    /// Accept a result that is larger than the source.
    pub allow_larger: bool,
    /// Refuse when something had to be kept back or could not be known.
    pub strict: bool,
}

impl Request {
    /// A request that changes nothing: where a question about an image starts from.
    pub fn question(source: Location) -> Self {
        Self {
            source,
            destination: None,
            platform: None,
            update: Update::None,
            only: Vec::new(),
            exclude: Vec::new(),
            with_new: false,
            locked: None,
            lock: None,
            conffiles: ConffilePolicy::default(),
            prune: Prune::None,
            prune_mode: PruneMode::default(),
            keep: Vec::new(),
            keep_shell: false,
            roots: Vec::new(),
            traces: Vec::new(),
            tests: Vec::new(),
            test_recipes: false,
            recipes: recipes::Recipes::empty(),
            compression: None,
            dry_run: true,
            allow_larger: false,
            strict: false,
        }
    }
}

/// A record of what a program opened when it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// What names it, for evidence: `--trace FILE`.
    pub name: String,
    /// What was used, with the line of the record.
    pub uses: Vec<slim::trace::Use>,
}

/// Which packages are brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Update {
    /// All that have a newer version.
    #[default]
    All,
    /// Only what a security suite offers.
    Security,
    /// None.
    None,
}

/// What is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prune {
    /// Whole packages that nothing reaches.
    #[default]
    Packages,
    /// Also unreached files inside kept packages.
    Files,
    /// Nothing.
    None,
}

/// What becomes of packages that nothing reaches and that kept ones declare to depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PruneMode {
    /// They go: what is left runs, but cannot be installed into.
    #[default]
    Minimal,
    /// They stay, whole: `apt-get check` has no complaint.
    AptUsable,
}

/// What a run may use of this machine.
#[derive(Debug, Clone)]
pub struct Services {
    /// How registries are reached.
    pub registry: crate::store::registry::RegistryOptions,
    /// How package archives are reached and trusted.
    pub archives: crate::archives::Options,
    /// Where temporary files go.
    pub temporary: PathBuf,
    /// Threads for work that waits or computes.
    pub jobs: usize,
}
