//! Whether an image is whole: what was whole before a change must be whole after it.
//!
//! [`verify`] lists what is broken in a tree, [`compare`] tells what a change broke. Images often have broken corners that nobody
//! minds (scripts for an interpreter that was removed, links into packages that are not there): only the difference is held against
//! a change.

mod link;
mod object;
mod package;
mod plugin;
mod script;

use crate::elf::search::{Environment, LibraryCache, Loader};
use crate::elf::{ElfError, FactsCache};
use crate::graph::Rule;
use crate::packages::Inventory;
use crate::path::ImagePath;
use crate::reach::Reach;
use crate::tree::{Contents, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What sort of thing is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A needed library that the loader does not find.
    MissingLibrary,
    /// A needed library that the loader does not find by itself, but that lies in a private directory of the image: right when the
    /// program that opens the object has loaded it before (plugins do this).
    HostLibrary,
    /// A symbol version that the library found does not define.
    MissingVersion,
    /// The loader that a program names.
    MissingInterpreter,
    /// The program that a script's first line names.
    MissingShebang,
    /// A symbolic link that leads nowhere.
    DanglingLink,
    /// A file that a package lists.
    MissingPackageFile,
    /// An entry of `/etc/ld.so.cache` whose file is not there.
    StaleCache,
    /// A module that a registry or a configuration names: PAM, gconv, GDK-PixBuf, GTK, GIO, libtool; or a file that PAM's includes.
    MissingModule,
}

impl ProblemKind {
    /// Whether something that is asked for cannot work: a program or library cannot be loaded, a script cannot start, a module is
    /// missed. The other kinds are found in many images that nobody has complained of.
    pub fn is_breakage(self) -> bool {
        match self {
            Self::MissingLibrary
            | Self::MissingVersion
            | Self::MissingInterpreter
            | Self::MissingShebang
            | Self::MissingModule => true,
            Self::HostLibrary | Self::DanglingLink | Self::MissingPackageFile | Self::StaleCache => false,
        }
    }
}

/// One broken thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Problem {
    /// The file that does not get what it asks for.
    pub at: ImagePath,
    /// What sort of thing is missing.
    pub kind: ProblemKind,
    /// What is missing: a library's name, a version, a path, a package.
    pub subject: String,
    /// For people: what was expected and what was found.
    pub detail: String,
    /// How `at` is reached, from a program down to it.
    pub chain: Vec<ImagePath>,
    /// Every program that is affected; `at` itself when none is known.
    pub roots: BTreeSet<ImagePath>,
    /// Whether what the container starts meets it; `None` where nobody asked ([`judge`]).
    pub in_use: Option<bool>,
    /// Whether it is new since an earlier state; `None` where there was none to compare with ([`Problem::tell_news`]).
    pub is_new: Option<bool>,
}

impl Problem {
    /// Whether something that is asked for cannot work. Where it is known what the container starts, only that asks.
    ///
    /// Where there is an earlier state, what was broken in it already does not count.
    pub fn breaks(&self) -> bool {
        if self.is_new == Some(false) {
            return false;
        }
        match self.in_use {
            None => self.kind.is_breakage(),
            // A link in use is asked for what it should lead to.
            Some(true) => self.kind.is_breakage() || self.kind == ProblemKind::DanglingLink,
            Some(false) => false,
        }
    }

    /// Tells the problems of `after` that a change brought from those that were there before it.
    pub fn tell_news(after: &mut [Self], before: &[Self]) {
        let news = compare(before, after);
        for problem in after {
            let is_it = |new: &Self| (&new.at, new.kind, &new.subject) == (&problem.at, problem.kind, &problem.subject);
            problem.is_new = Some(news.iter().any(is_it));
        }
    }
}

/// Tells which problems what the container starts meets. Of files that no package owns only those that something names count as
/// started by it, for links of the application may lead to what is mounted later. Whether who reads a file by its configuration, or by a
/// rule, can do without it is not known: such a link that dangles is only a problem when it did not before.
pub fn judge(problems: &mut [Problem], reach: &Reach) {
    for problem in problems {
        let is_link = problem.kind == ProblemKind::DanglingLink;
        let is_new = problem.is_new == Some(true);
        let asks = |rule: &Rule| match rule {
            Rule::Application => !is_link,
            Rule::Config | Rule::Recipe(_) => !is_link || is_new,
            _ => true,
        };
        let is_used = |path: &ImagePath| reach.graph.uses_of(path).any(|edge| asks(&edge.rule));
        // A module that is only loaded needs no program to run it.
        let is_module = problem.kind == ProblemKind::MissingShebang && reach.loaded.contains(&problem.at);
        problem.in_use = Some(!is_module && (is_used(&problem.at) || problem.roots.iter().any(is_used)));
    }
}

/// What a check may know beside the tree.
#[derive(Debug, Clone, Default)]
pub struct Knowledge<'a> {
    /// The package database: listed files are checked.
    pub inventory: Option<&'a Inventory>,
    /// Variables of the image's configuration.
    pub environment: Environment,
    /// The entries of `/etc/ld.so.cache`.
    pub cache: Option<LibraryCache>,
    /// Facts already read, to be shared between the checks before and after.
    pub facts: Arc<FactsCache>,
}

/// Everything that is broken in a tree, in path order.
///
/// # Errors
/// When contents cannot be read.
pub fn verify(tree: &Tree, contents: &dyn Contents, knowledge: &Knowledge<'_>) -> Result<Vec<Problem>, ElfError> {
    let mut loader = Loader::new(tree, contents, &knowledge.environment).sharing(Arc::clone(&knowledge.facts));
    if let Some(cache) = &knowledge.cache {
        loader = loader.with_cache(cache.clone());
    }
    let mut found = Found::default();
    object::check(&loader, &mut found)?;
    script::check(tree, contents, knowledge.environment.path.as_deref(), &mut found)?;
    plugin::check(tree, contents, &mut found)?;
    link::check(tree, &mut found);
    if let Some(cache) = &knowledge.cache {
        link::check_cache(tree, cache, &mut found);
    }
    if let Some(inventory) = knowledge.inventory {
        package::check(tree, contents, inventory, &mut found)?;
    }
    Ok(found.0.into_values().collect())
}

/// What a change broke: the problems of afterwards that are not the problems of before.
///
/// A program that is newly affected by an old problem counts. A [`ProblemKind::HostLibrary`] does not where something else relied on
/// its host for the same name before: new plugins are like their siblings.
pub fn compare(before: &[Problem], after: &[Problem]) -> Vec<Problem> {
    let mut known: BTreeMap<_, &Problem> = BTreeMap::new();
    let mut from_hosts = BTreeSet::new();
    for problem in before {
        known.insert((&problem.at, problem.kind, &problem.subject), problem);
        if problem.kind == ProblemKind::HostLibrary {
            from_hosts.insert(&problem.subject);
        }
    }
    let news = |problem: &Problem| {
        let old = known.get(&(&problem.at, problem.kind, &problem.subject));
        // What was missing for certain and may now come from a host is no worse.
        let missing = (&problem.at, ProblemKind::MissingLibrary, &problem.subject);
        if problem.kind == ProblemKind::HostLibrary
            && (from_hosts.contains(&problem.subject) || known.contains_key(&missing))
        {
            return None;
        }
        let roots: BTreeSet<_> = match old {
            Some(old) => problem.roots.difference(&old.roots).cloned().collect(),
            None => problem.roots.clone(),
        };
        (!roots.is_empty()).then(|| Problem { roots, ..problem.clone() })
    };
    after.iter().filter_map(news).collect()
}

/// Problems as they are found: the same one reached twice is one with two roots.
#[derive(Debug, Default)]
struct Found(BTreeMap<(ImagePath, ProblemKind, String), Problem>);

impl Found {
    fn add(&mut self, kind: ProblemKind, at: &ImagePath, subject: &str, detail: String, chain: Vec<ImagePath>) {
        let root = chain.first().unwrap_or(at).clone();
        let problem = self.0.entry((at.clone(), kind, subject.to_owned())).or_insert_with(|| Problem {
            at: at.clone(),
            kind,
            subject: subject.to_owned(),
            detail,
            chain,
            roots: BTreeSet::new(),
            in_use: None,
            is_new: None,
        });
        problem.roots.insert(root);
    }
}

#[cfg(test)]
mod tests;
