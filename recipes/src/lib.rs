//! What slim knows about distros, packages and runtimes: data, its schema, and checks over it.
//!
//! Programs load things that no ELF header names: plug-ins by a computed path, data files, helpers, configuration. A [`Recipe`]
//! states such knowledge as [`Rule`]s a person can review: *when* something is in use, *what else* it uses, and *because* of what.
//! [`Recipes::embedded`] is the table that is built in; [`Recipes::parse`] reads a user's own, and [`Recipes::merge`] joins them.
//! This crate loads, merges and checks. What a rule does to an image is decided in the analysis.

mod catalogue;
mod check;
mod embedded;
mod load;
mod pattern;
mod place;
mod schema;

pub use catalogue::{CATALOGUE_SCHEMA, Catalogue, RecipeEntry, RuleEntry, quote};
pub use check::Problem;
pub use load::{LoadError, Override, Recipes};
pub use pattern::{Pattern, PatternError, Patterns};
pub use schema::{
    Build, Config, ConfigKind, Generated, Ignore, Keeping, Naming, Operands, Options, Recipe, Rule, Script, When,
    Without, Wrapper,
};
