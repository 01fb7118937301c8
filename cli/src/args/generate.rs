//! What slim says about itself: completions, manual pages, schemas.

use clap::{Args, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Print completions for a shell
///
/// For bash: `slim completions bash > ~/.local/share/bash-completion/completions/slim`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

/// Write the manual pages into a folder
///
/// One page for slim and one for each command: `slim.1`, `slim-rebuild.1`, …
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder; it is made when it is not there
    pub(crate) dir: PathBuf,
}

/// Print the JSON schema of what slim writes
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which document
    #[arg(default_value = "report")]
    pub(crate) document: Document,
}

/// A kind of JSON that slim writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Document {
    /// `slim rebuild --report`
    Report,
    /// `slim inspect --json`
    Inspection,
    /// `slim why --json`, `slim why-not --json`
    Explanation,
    /// `slim recipes list --json`
    Catalogue,
    /// `slim diff --json`
    Difference,
    /// `/usr/share/slim/removed.json` in a pruned image
    Removed,
}
