//! `slim rebuild`.

use super::{ArchiveArgs, MachineArgs, PlatformArgs, RegistryArgs};
use clap::{Args, ValueEnum};
use rebuild::image::{Location, Reference};
use rebuild::layer::Compression;
use std::path::PathBuf;
use std::str::FromStr;

const EXAMPLES: &str = "\
Examples:
  Update and shrink an image into a folder:
    slim rebuild nginx:1.27 -o oci:nginx-slim:1.27
  The same, straight back to a registry:
    slim rebuild registry.example/app:1 --tag registry.example/app:1-slim --push
  See what would happen, and why:
    slim rebuild nginx:1.27 --dry-run
  Security updates only, remove nothing, with a report for the pipeline:
    slim rebuild app:1 -o oci-archive:app.tar --update security --prune none --report app.json
  Keep a shell and everything that a second process of the container needs:
    slim rebuild app:1 -o oci:out --keep bash --root '/usr/bin/worker --queue mail'";

/// Update, shrink and write an image
///
/// Every package that has a newer version is brought to it inside the layer that holds it, as the distro's own tool would have
/// done; then the packages that nothing reaches from the entrypoint are removed. Layers in which nothing changes keep their digest.
/// The result is checked before it is written, and when anything fails nothing is written.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct RebuildArgs {
    /// The image to read
    pub(crate) source: String,

    /// Where the new image goes: docker://REF, oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE
    #[arg(short, long, value_name = "DEST", conflicts_with = "tag", help_heading = "Result")]
    pub(crate) output: Option<Location>,

    /// Name of the new image in a registry, with --push
    #[arg(long, value_name = "REF", requires = "push", help_heading = "Result")]
    pub(crate) tag: Option<Reference>,

    /// Push the new image to the registry under the name of --tag
    #[arg(long, requires = "tag", help_heading = "Result")]
    pub(crate) push: bool,

    /// Only tell what would be done: everything is fetched, decided and checked, nothing is written
    #[arg(long, help_heading = "Result")]
    pub(crate) dry_run: bool,

    /// Write a report as JSON; `-` writes it to standard output instead of the table
    ///
    /// `slim report-schema` prints the schema of the report.
    #[arg(long, value_name = "FILE", help_heading = "Result")]
    pub(crate) report: Option<PathBuf>,

    /// Write down what was used (archives, packages, digests), to be replayed with --locked
    #[arg(long, value_name = "FILE", help_heading = "Result")]
    pub(crate) lock: Option<PathBuf>,

    /// Compression of changed layers: keep, none, gzip[:1-12] or zstd[:1-22]
    ///
    /// `keep` compresses each changed layer as it was. Any other value also rewrites the unchanged layers that are compressed by
    /// another algorithm, so their digests change.
    #[arg(long, value_name = "METHOD[:LEVEL]", default_value = "keep", help_heading = "Result")]
    pub(crate) compression: Layers,

    /// Accept a result that is larger than the source
    #[arg(long, help_heading = "Result")]
    pub(crate) allow_larger: bool,

    /// Refuse when a package had to be kept back or something could not be known (exit code 4)
    #[arg(long, help_heading = "Result")]
    pub(crate) strict: bool,

    /// End with exit code 3 when there was nothing to do
    #[arg(long, help_heading = "Result")]
    pub(crate) exit_code: bool,

    /// Run a command in the image as it was and as it is to be, and compare (may be repeated)
    ///
    /// Runs code of the image, as root of a room of its own without network (unshare, of util-linux), for at most two minutes. Another exit code
    /// is an error. With strace on this machine, files that are looked for in vain and that the original has are kept after all.
    #[arg(long, value_name = "COMMAND", value_parser = command, help_heading = "Result")]
    pub(crate) test: Vec<String>,

    /// Run the commands too by which recipes try what the image uses
    ///
    /// As --test runs a command, and within its limits.
    #[arg(long, help_heading = "Result")]
    pub(crate) test_recipes: bool,

    /// Which packages are brought up to date
    #[arg(long, value_name = "WHICH", default_value = "all", help_heading = "Changes")]
    pub(crate) update: UpdateChoice,

    /// Bring only these packages up to date, and what they need for it (a name or a glob; may be repeated)
    #[arg(long, value_name = "PACKAGE", help_heading = "Changes")]
    pub(crate) only: Vec<String>,

    /// Leave these packages at their version (a name or a glob; may be repeated)
    #[arg(long, value_name = "PACKAGE", help_heading = "Changes")]
    pub(crate) exclude: Vec<String>,

    /// Install new packages where an upgrade needs them, instead of keeping it back
    ///
    /// As `apt-get upgrade --with-new-pkgs` without recommended packages: nothing is removed for it. A new package whose scripts
    /// are not known to be reproducible keeps the upgrade back all the same. It is also done where the configuration of the image's
    /// apt says so (APT::Get::Upgrade-Allow-New).
    #[arg(long, help_heading = "Changes")]
    pub(crate) with_new: bool,

    /// Use exactly the packages of a lock, whatever the archives offer now; refuse when the result is not the lock's
    ///
    /// The options must be those that the lock was made with. The packages are known by their hashes, so no index and no
    /// signature is asked for; --offline, --mirror and --snapshot say where packages are that left the archive.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "exclude"], help_heading = "Changes")]
    pub(crate) locked: Option<PathBuf>,

    /// What becomes of a configuration file that both the image and the new package changed
    #[arg(long, value_name = "WHICH", default_value = "keep", help_heading = "Changes")]
    pub(crate) conffiles: ConffileChoice,

    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) platform: PlatformArgs,
    #[command(flatten)]
    pub(crate) archives: ArchiveArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

/// What stays: shared by `rebuild`, which acts on it, and the questions that explain it.
#[derive(Debug, Args)]
pub(crate) struct SelectionArgs {
    /// What is removed when nothing reaches it
    #[arg(long, value_name = "WHAT", default_value = "packages", help_heading = "Changes")]
    pub(crate) prune: PruneChoice,

    /// What becomes of packages that nothing reaches and that kept ones declare to depend on
    #[arg(long, value_name = "MODE", default_value = "minimal", help_heading = "Changes")]
    pub(crate) prune_mode: ModeChoice,

    /// Keep a package, a path or a glob, whatever reaches it (may be repeated)
    ///
    /// A word is a package (`curl`, `python3*`), something that begins with `/` is a path or a glob over paths
    /// (`/usr/share/zoneinfo/**`).
    #[arg(long, value_name = "PACKAGE|PATH|GLOB", help_heading = "Changes")]
    pub(crate) keep: Vec<String>,

    /// Keep /bin/sh and what it leads to
    #[arg(long, help_heading = "Changes")]
    pub(crate) keep_shell: bool,

    /// A command that the container runs besides its entrypoint (may be repeated)
    ///
    /// What `docker exec`, a job of the orchestrator or a supervisor starts, in the shell's words. All that the command needs stays.
    #[arg(long, value_name = "COMMAND", value_parser = command, help_heading = "Changes")]
    pub(crate) root: Vec<String>,

    /// Keep what a program was seen to use: the output of `strace -f`, or a list of paths (may be repeated)
    ///
    /// Paths are those of the container. A trace adds to what is kept and never takes away.
    #[arg(long, value_name = "FILE", help_heading = "Changes")]
    pub(crate) trace: Vec<PathBuf>,

    /// Use the rules in this file besides those that are built in (may be repeated)
    ///
    /// A recipe or a rule with the id of one that is built in stands in for it. `slim recipes show` prints what is built in,
    /// `slim recipes check` finds mistakes.
    #[arg(long, value_name = "FILE", help_heading = "Changes")]
    pub(crate) recipe: Vec<PathBuf>,
}

/// A command whose quotes are closed.
fn command(text: &str) -> Result<String, String> {
    match slim::launch::words(text) {
        Ok(words) if words.is_empty() => Err("expected a command".into()),
        Ok(_) => Ok(text.into()),
        Err(error) => Err(error.to_string()),
    }
}

/// `--update`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UpdateChoice {
    /// All that have a newer version
    All,
    /// Only what a security suite offers
    Security,
    /// None
    None,
}

/// `--conffiles`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConffileChoice {
    /// The image's stays, the package's is put beside it (.dpkg-dist)
    Keep,
    /// The package's is installed, the image's is put beside it (.dpkg-old)
    New,
    /// The package is kept back
    Fail,
}

/// `--prune`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PruneChoice {
    /// Whole packages that nothing reaches
    Packages,
    /// Also unreached files inside packages that stay
    Files,
    /// Nothing; `off` is the same
    #[value(alias = "off")]
    None,
}

/// `--prune-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeChoice {
    /// They go: what is left runs, but cannot be installed into
    Minimal,
    /// They stay: apt can be used in the image where it is kept
    AptUsable,
}

/// `--compression`: each layer's own, or one for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layers(pub(crate) Option<Compression>);

impl FromStr for Layers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(Self(None)),
            other => other.parse().map(|compression| Self(Some(compression))),
        }
    }
}
