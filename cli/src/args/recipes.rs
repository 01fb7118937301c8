//! `slim recipes`: what slim knows, and what a user adds.

use clap::{Args, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
    slim recipes list
    slim recipes show openssl-modules
    slim recipes show openssl > mine.yaml
    slim recipes check mine.yaml && slim rebuild app:1 -o oci:out --recipe mine.yaml";

/// List, show and check recipes: what programs use that no file says
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct RecipesArgs {
    #[command(subcommand)]
    pub(crate) command: RecipesCommand,
}

/// What to do with recipes.
#[derive(Debug, Subcommand)]
pub(crate) enum RecipesCommand {
    /// List the recipes that are built in, with their rules
    List {
        /// Print JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Print a recipe or a rule that is built in, as it is written
    Show {
        /// The id of a recipe or of a rule
        id: String,
    },
    /// Look for mistakes in files of recipes; the exit code is 1 when there are any
    Check {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}
