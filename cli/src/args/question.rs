//! `slim inspect`, `slim why`, `slim why-not`, `slim graph`, `slim diff` and `slim verify`: questions that change nothing.

use super::{ArchiveArgs, MachineArgs, PlatformArgs, RegistryArgs, SelectionArgs};
use clap::Args;
use std::path::PathBuf;

/// How an image is come by, for questions that ask no archive.
#[derive(Debug, Args)]
pub(crate) struct AccessArgs {
    #[command(flatten)]
    pub(crate) platform: PlatformArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

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
/// `slim why-not` tells of something that goes what would have kept it.
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
    pub(crate) access: AccessArgs,
}

const WHY_NOT: &str = "\
Examples:
    slim why-not nginx:1.27 perl-base
    slim why-not app:1 /usr/share/zoneinfo/Europe/Berlin --json";

/// Explain why a package or a file goes: who names it, which rules are closed, how to keep it
///
/// Reads every file of the image to find what names the package or the path, and says of each why that keeps nothing; lists the
/// rules of recipes that would keep it and what they wait for, the packages that declare that they depend on it, and the options
/// that keep it.
#[derive(Debug, Args)]
#[command(after_long_help = WHY_NOT)]
pub(crate) struct WhyNotArgs {
    #[command(flatten)]
    pub(crate) question: WhyArgs,
}

const GRAPH: &str = "\
Examples:
    slim graph nginx:1.27 --svg nginx.svg
    slim graph nginx:1.27 --dot - | dot -Tpdf > nginx.pdf
    slim graph app:1 --prune files --dot app.dot --svg app.svg";

/// Draw what an image holds and what keeps it: a graph of packages (DOT), a map of bytes (SVG)
///
/// The graph has a node for each package and an edge where a file of one uses a file of another, with the rule that carries it;
/// roots are marked, removed packages are grey. The map shows the bytes of every package, kept and removed, as areas.
#[derive(Debug, Args)]
#[command(after_long_help = GRAPH)]
pub(crate) struct GraphArgs {
    /// The image
    pub(crate) source: String,

    /// Write the graph of packages here; `-` is standard output (as without --dot and --svg)
    #[arg(long, value_name = "FILE")]
    pub(crate) dot: Option<PathBuf>,

    /// Write the map of bytes here; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
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
    pub(crate) access: AccessArgs,
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

    /// What the image was made from: what was broken there already does not count
    #[arg(long, value_name = "SOURCE")]
    pub(crate) before: Option<String>,

    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}
