//! What can be typed. The doc comments here are the help and the manual pages.

mod fetch;
mod generate;
mod machine;
mod question;
mod rebuild;
mod recipes;
mod services;

pub(crate) use fetch::FetchArgs;
pub(crate) use generate::{CompletionsArgs, Document, ManArgs, SchemaArgs};
pub(crate) use machine::{MachineArgs, PlatformArgs};
pub(crate) use question::{AccessArgs, DiffArgs, GraphArgs, InspectArgs, VerifyArgs, WhyArgs, WhyNotArgs};
pub(crate) use rebuild::{ConffileChoice, ModeChoice, PruneChoice, RebuildArgs, SelectionArgs, UpdateChoice};
pub(crate) use recipes::{RecipesArgs, RecipesCommand};
pub(crate) use services::{ArchiveArgs, RegistryArgs};

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Style};
use clap::{Parser, Subcommand};

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(Style::new().italic());

const AFTER: &str = "\
Images are named as:
  REF, docker://REF        an image in a registry: nginx:1.27, registry.example/team/app@sha256:…
  oci:DIR[:TAG]            an OCI image layout, a folder
  oci-archive:FILE[:TAG]   a tar archive of one
  docker-archive:FILE      what `docker save` writes

Exit codes:
  0 done   1 failed, nothing was written; `verify`: broken   2 wrong usage
  3 nothing to do (only with --exit-code)   4 something was kept back (only with --strict)   130 interrupted";

/// Patch, shrink and explain container images without running them
///
/// slim reads an image, brings its packages up to date in the layers that hold them, removes the packages that nothing in the
/// image reaches, checks that everything that worked is still whole, and writes a smaller image. It needs no daemon, no root
/// and no Dockerfile, and it runs nothing of the image.
#[derive(Debug, Parser)]
#[command(name = "slim", version, after_help = AFTER, styles = STYLES, max_term_width = 110, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Say nothing but errors
    #[arg(short, long, global = true, env = "SLIM_QUIET", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Rebuild(Box<RebuildArgs>),
    Inspect(Box<InspectArgs>),
    Why(Box<WhyArgs>),
    WhyNot(Box<WhyNotArgs>),
    Graph(Box<GraphArgs>),
    Diff(Box<DiffArgs>),
    Verify(Box<VerifyArgs>),
    Fetch(Box<FetchArgs>),
    Recipes(RecipesArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    ReportSchema(SchemaArgs),
}

#[cfg(test)]
mod tests;
