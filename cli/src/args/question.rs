//! `slim inspect`, `slim why`, `slim diff` and `slim verify`: questions that change nothing.

use super::{ArchiveArgs, MachineArgs, PlatformArgs, RegistryArgs, SelectionArgs};
use clap::Args;

const INSPECT: &str = "\
Examples:
    slim inspect nginx:1.27
    slim inspect nginx:1.27 --updates
    slim inspect oci:out --json | jq '.packages[].name'";

/// Show what an image holds: distro, layers, packages, entrypoint
#[derive(Debug, Args)]
#[command(after_long_help = INSPECT)]
pub(crate) struct InspectArgs {
    /// The image
    pub(crate) source: String,

    /// Print JSON instead of tables
    #[arg(long)]
    pub(crate) json: bool,

    /// Also tell which packages have a newer version (asks the package archives)
    #[arg(long)]
    pub(crate) updates: bool,

    #[command(flatten)]
    pub(crate) platform: PlatformArgs,
    #[command(flatten)]
    pub(crate) archives: ArchiveArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

const WHY: &str = "\
Examples:
    slim why nginx:1.27 libssl3
    slim why nginx:1.27 /usr/bin/perl
    slim why app:1 curl --root '/usr/bin/healthcheck.sh'";

/// Explain why a package or a file stays, or that nothing reaches it
///
/// Prints the shortest chain of evidence from the entrypoint (or another root) to the package or the path.
#[derive(Debug, Args)]
#[command(after_long_help = WHY)]
pub(crate) struct WhyArgs {
    /// The image
    pub(crate) source: String,

    /// What is asked about; a path begins with a slash
    #[arg(value_name = "PACKAGE|PATH")]
    pub(crate) target: String,

    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) platform: PlatformArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

const DIFF: &str = "\
Examples:
    slim diff nginx:1.27 oci:nginx-slim:1.27
    slim diff nginx:1.27 nginx:1.28 --all";

/// Compare two images: packages, files and bytes
///
/// Content, type, mode, owner, time, extended attributes and hard links of every path are compared.
#[derive(Debug, Args)]
#[command(after_long_help = DIFF)]
pub(crate) struct DiffArgs {
    /// The first image
    #[arg(value_name = "A")]
    pub(crate) before: String,

    /// The second image
    #[arg(value_name = "B")]
    pub(crate) after: String,

    /// Print JSON instead of tables
    #[arg(long)]
    pub(crate) json: bool,

    /// List every path instead of the largest
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) platform: PlatformArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

const VERIFY: &str = "\
Examples:
    slim verify nginx:1.27
    slim verify oci:out --json | jq '.[] | select(.kind == \"missing-library\")'";

/// Check an image: libraries, symbol versions, scripts, modules, links, packages
///
/// Plays the start of every program by the rules of its loader, without running it. The exit code is 1 when something that is
/// asked for cannot work: a library, a symbol version, a loader, a script's interpreter or a module is not there. Links that lead
/// nowhere, files that only a package list names, stale cache entries and plugins that rely on their host are told and tolerated.
#[derive(Debug, Args)]
#[command(after_long_help = VERIFY)]
pub(crate) struct VerifyArgs {
    /// The image
    pub(crate) source: String,

    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) platform: PlatformArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}
