//! Pictures of a decision: packages and what keeps them, as values that are then drawn as DOT ([`dot`]) or as an SVG map of bytes
//! ([`svg`]). Both are texts that depend on the decision only.

mod dot;
mod svg;
mod treemap;

pub use dot::dot;
pub use svg::svg;

use crate::explain::{Case, recorded};
use crate::graph::Rule;
use crate::path::ImagePath;
use crate::plan::Verdict;
use std::collections::{BTreeMap, BTreeSet};

/// What the block of files that no package owns is called.
const APPLICATION: &str = "files of no package";

/// Packages, and the uses between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    /// What is shown: the image's name.
    pub title: String,
    /// One per package, by name, and one for the files that no package owns.
    pub blocks: Vec<Block>,
    /// Uses of one block's files by another's, in the order of blocks.
    pub arcs: Vec<Arc>,
}

/// A package, or the files that no package owns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// The package's name, with its architecture where the name has several.
    pub name: String,
    /// Its version; empty for the files of no package.
    pub version: String,
    /// Whether it stays.
    pub kept: bool,
    /// Whether it is no package.
    pub application: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// What starts in it: `entrypoint runs nginx`.
    pub roots: Vec<String>,
    /// Bytes of its files that stay.
    pub bytes_kept: u64,
    /// Bytes of its files that go.
    pub bytes_removed: u64,
}

/// Uses of one block by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arc {
    /// The user, by place among the blocks.
    pub from: usize,
    /// The used.
    pub to: usize,
    /// The kinds of use, each once.
    pub rules: BTreeSet<String>,
    /// How many uses there are.
    pub uses: usize,
}

impl Picture {
    /// The picture of a decision.
    pub fn new(title: &str, case: Case<'_>) -> Self {
        let packages = case.inventory.packages();
        let mut order: Vec<usize> = (0..packages.len()).collect();
        let key = |index: &usize| (&packages[*index].name, &packages[*index].architecture);
        order.sort_by(|a, b| key(a).cmp(&key(b)));
        let mut place = vec![0; packages.len()];
        let mut blocks = Vec::with_capacity(packages.len() + 1);
        for index in order {
            place[index] = blocks.len();
            let package = &packages[index];
            let full = format!("{}:{}", package.name, package.architecture);
            let alone = packages.iter().filter(|other| other.name == package.name).count() == 1;
            let step = case.plan.step(&full);
            blocks.push(Block {
                name: if alone { package.name.clone() } else { full },
                version: package.version.clone(),
                kept: step.is_none_or(|step| step.verdict == Verdict::Keep),
                reason: step.map(|step| step.reason.clone()).unwrap_or_default(),
                ..Block::default()
            });
        }
        let application = blocks.len();
        blocks.push(Block {
            name: APPLICATION.into(),
            kept: true,
            application: true,
            reason: "what no package owns is the application".into(),
            ..Block::default()
        });
        let of = |path: &ImagePath| {
            let owner = case.inventory.owner_indexes(path).first();
            owner.and_then(|index| place.get(*index)).copied().unwrap_or(application)
        };
        let mut inodes = BTreeSet::new();
        for (path, node) in case.tree.iter() {
            // A file with several names has its bytes once.
            if node.as_file().is_some_and(|file| file.inode.is_some_and(|inode| !inodes.insert(inode))) {
                continue;
            }
            let block = &mut blocks[of(path)];
            // A package's record goes with it.
            let goes =
                case.plan.removal.paths.contains_key(path) || recorded(case, path).is_some_and(|(stays, _)| !stays);
            match goes {
                true => block.bytes_removed += node.size(),
                false => block.bytes_kept += node.size(),
            }
        }
        let mut arcs: BTreeMap<(usize, usize), Arc> = BTreeMap::new();
        for edge in case.reach.graph.edges() {
            // A link to a directory, such as /lib, is on the way of everything.
            if case.tree.lookup(&edge.to).is_none_or(|(_, node)| node.is_directory()) {
                continue;
            }
            let to = of(&edge.to);
            let Some(from) = edge.from.as_ref().map(&of) else {
                if edge.rule == Rule::Root && to != application && !blocks[to].roots.contains(&edge.evidence) {
                    blocks[to].roots.push(edge.evidence.clone());
                }
                continue;
            };
            if from != to {
                let new = || Arc { from, to, rules: BTreeSet::new(), uses: 0 };
                let arc = arcs.entry((from, to)).or_insert_with(new);
                arc.rules.insert(edge.rule.to_string());
                arc.uses += 1;
            }
        }
        Self { title: title.to_owned(), blocks, arcs: arcs.into_values().collect() }
    }

    /// Bytes that stay, and bytes that go.
    pub fn bytes(&self) -> (u64, u64) {
        let sum = |of: fn(&Block) -> u64| self.blocks.iter().map(of).sum();
        (sum(|block| block.bytes_kept), sum(|block| block.bytes_removed))
    }
}

/// Bytes in powers of 1000, as registries count them: `38.1 MB`.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let (mut tenths, mut unit) = ((u128::from(count) + 50) / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths = (tenths + 500) / 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests;
