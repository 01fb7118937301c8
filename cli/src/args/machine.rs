//! What a run may use of this machine, and for which machine the image is.

use clap::Args;
use rebuild::image::Platform;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Which image of an index.
#[derive(Debug, Args)]
pub(crate) struct PlatformArgs {
    /// Which image of an index: linux/amd64, linux/arm64, linux/arm/v7, …
    ///
    /// Without it, that of this machine's own architecture is taken, and a warning says so.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", env = "SLIM_PLATFORM")]
    pub(crate) platform: Option<Platform>,
}

/// Folders and threads.
#[derive(Debug, Args)]
#[command(next_help_heading = "This machine")]
pub(crate) struct MachineArgs {
    /// Folder for temporary files; needs room for the unpacked image [default: the system's]
    #[arg(long, value_name = "DIR", env = "SLIM_TMP", hide_env_values = true)]
    pub(crate) tmp: Option<PathBuf>,

    /// Folder that keeps package lists and packages for the next run [default: $XDG_CACHE_HOME/slim or ~/.cache/slim]
    #[arg(long, value_name = "DIR", env = "SLIM_CACHE", hide_env_values = true)]
    pub(crate) cache: Option<PathBuf>,

    /// Keep nothing for the next run
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Threads [default: as many as the machine has]
    #[arg(short, long, value_name = "N", env = "SLIM_JOBS", hide_env_values = true)]
    pub(crate) jobs: Option<NonZeroUsize>,
}
