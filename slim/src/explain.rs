//! Why something stays, and why not: the shortest chain of uses, or what would have been one.

mod why_not;

pub use why_not::why_not;

use crate::graph::Edge;
use crate::packages::Inventory;
use crate::packages::dpkg::info::split_name;
use crate::path::ImagePath;
use crate::plan::{Plan, Verdict};
use crate::reach::Reach;
use crate::report::{Explanation, LinkReport, SCHEMA};
use crate::tree::Tree;

/// A decision about an image, with what it was made of.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The image's files.
    pub tree: &'a Tree,
    /// Its packages.
    pub inventory: &'a Inventory,
    /// What is in use.
    pub reach: &'a Reach,
    /// What was decided.
    pub plan: &'a Plan,
}

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A package, by its index into the inventory.
    Package(usize),
    /// A path of the tree, the links of its parents resolved.
    Path(ImagePath),
}

/// Where dpkg keeps what it knows of each package.
const DPKG_INFO: &str = "var/lib/dpkg/info";

impl Target {
    /// What a word means in an image: what begins with `/` is a path, everything else a package. `None` when it is not there.
    pub fn find(text: &str, tree: &Tree, inventory: &Inventory) -> Option<Self> {
        if !text.starts_with('/') {
            return inventory.find(text).map(Self::Package);
        }
        let place = tree.resolve_parent(&ImagePath::new(text).ok()?).ok()?.path;
        tree.contains(&place).then_some(Self::Path(place))
    }
}

/// Whether the target stays, and the shortest chain that keeps it. `asked` is the target as the user named it.
pub fn why(case: Case<'_>, target: &Target, asked: &str) -> Explanation {
    let (kind, kept, reason, chain) = match target {
        Target::Package(index) => {
            let package = &case.inventory.packages()[*index];
            let step = case.plan.step(&format!("{}:{}", package.name, package.architecture));
            let kept = step.is_none_or(|step| step.verdict == Verdict::Keep);
            let reason = step.map_or_else(|| "nothing is to be removed".to_owned(), |step| step.reason.clone());
            ("package", kept, reason, package_chain(case, *index))
        }
        Target::Path(path) => {
            let chain = links(case.inventory, &case.reach.graph.why(path).unwrap_or_default());
            let (kept, reason) = of_path(case, path, !chain.is_empty());
            ("path", kept, reason, chain)
        }
    };
    Explanation {
        schema: SCHEMA,
        target: asked.to_owned(),
        kind: kind.to_owned(),
        kept,
        reason,
        chain,
        mentions: Vec::new(),
        rules: Vec::new(),
        dependants: Vec::new(),
        remedies: Vec::new(),
    }
}

fn of_path(case: Case<'_>, path: &ImagePath, reached: bool) -> (bool, String) {
    if let Some(reason) = case.plan.removal.paths.get(path) {
        return (false, reason.clone());
    }
    let directory = case.tree.get(path).is_some_and(crate::tree::Node::is_directory);
    if directory && case.plan.removal.directories.contains(path) {
        let left = case.tree.below(path).any(|(below, _)| {
            !case.plan.removal.paths.contains_key(below) && !case.plan.removal.directories.contains(below)
        });
        if !left {
            return (false, "nothing is left in it".to_owned());
        }
    }
    if let Some((stays, name)) = recorded(case, path).filter(|_| !reached) {
        let what = if stays { "which stays" } else { "which goes" };
        return (stays, format!("it is part of dpkg's record of the package {name}, {what}"));
    }
    match case.inventory.owners(path).next() {
        _ if reached => (true, "it is in use".to_owned()),
        _ if directory => (true, "something in it stays".to_owned()),
        Some(package) => {
            let which = "and nothing leads to this file of it, which `--prune files` may take";
            (true, format!("its package {} stays, {which}", package.name))
        }
        None => (true, "no package owns it: it is part of the application".to_owned()),
    }
}

/// Whose record a file of dpkg's own database is (`/var/lib/dpkg/info/NAME.list`), and whether that package stays.
pub(crate) fn recorded<'c>(case: Case<'c>, path: &ImagePath) -> Option<(bool, &'c str)> {
    path.parent().filter(|folder| folder.as_bytes() == DPKG_INFO.as_bytes())?;
    let (name, _) = split_name(path.file_name())?;
    let package = &case.inventory.packages()[case.inventory.find(name)?];
    let step = case.plan.step(&format!("{}:{}", package.name, package.architecture));
    Some((step.is_none_or(|step| step.verdict == Verdict::Keep), &package.name))
}

/// The shortest chain to any file of a package, or to the rule that names it.
fn package_chain(case: Case<'_>, index: usize) -> Vec<LinkReport> {
    let depths = case.reach.graph.depths();
    let uses = |path: &ImagePath| case.reach.graph.uses_of(path).any(|edge| edge.keeps_package);
    let owned = case.inventory.owned().filter(|(_, owners)| owners.contains(&index)).map(|(path, _)| path);
    let files = owned.filter(|path| uses(path) && case.tree.get(path).is_some_and(|node| !node.is_directory()));
    let nearest = files.filter_map(|path| Some((*depths.get(path)?, path))).min();
    let named = case.reach.named.get(&index);
    let by_name = named.map(|(from, _)| depths.get(from).map_or(1, |depth| depth + 1));
    match (nearest, named) {
        (Some((depth, path)), _) if by_name.is_none_or(|by_name| depth <= by_name) => {
            links(case.inventory, &case.reach.graph.why(path).unwrap_or_default())
        }
        (_, Some((from, rule))) => {
            let mut chain = links(case.inventory, &case.reach.graph.why(from).unwrap_or_default());
            let name = case.inventory.packages()[index].name.clone();
            chain.push(LinkReport {
                from: Some(from.to_text()).filter(|_| !from.is_root()),
                to: name.clone(),
                rule: format!("recipe {rule}"),
                evidence: "the recipe names the package".to_owned(),
                package: Some(name),
            });
            chain
        }
        _ => Vec::new(),
    }
}

fn links(inventory: &Inventory, edges: &[&Edge]) -> Vec<LinkReport> {
    let link = |edge: &&Edge| LinkReport {
        from: edge.from.as_ref().map(ImagePath::to_text),
        to: edge.to.to_text(),
        rule: edge.rule.to_string(),
        evidence: edge.evidence.clone(),
        package: owner(inventory, &edge.to),
    };
    edges.iter().map(link).collect()
}

fn owner(inventory: &Inventory, path: &ImagePath) -> Option<String> {
    inventory.owners(path).next().map(|package| package.name.clone())
}

#[cfg(test)]
mod tests;
