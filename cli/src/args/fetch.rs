//! `slim fetch`.

use super::{ArchiveArgs, MachineArgs, PlatformArgs, RegistryArgs, UpdateChoice};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  On a machine with a network:
    slim fetch oci:app --into archives
  On one without:
    slim rebuild oci:app -o oci:out --offline archives";

/// Bring package lists and packages into a folder, for machines without a network
///
/// The folder gets what `slim rebuild --offline DIR` needs to update the image as it would be updated now: the signed
/// releases, the package indexes, and every package with a newer version. What it has already is not fetched again, and one
/// folder may serve many images.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct FetchArgs {
    /// The image to read
    pub(crate) source: String,

    /// The folder; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) into: PathBuf,

    /// Which packages will be brought up to date
    #[arg(long, value_name = "WHICH", default_value = "all")]
    pub(crate) update: UpdateChoice,

    /// Also packages that are not installed and that an upgrade needs
    #[arg(long)]
    pub(crate) with_new: bool,

    /// JSON instead of a line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) platform: PlatformArgs,
    #[command(flatten)]
    pub(crate) archives: ArchiveArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}
