//! Small images of packages, and what stays of them.

#![allow(dead_code, reason = "each test takes what it needs")]

use slim::launch::Launch;
use slim::packages::{Inventory, Package};
use slim::path::ImagePath;
use slim::policy::{Profile, decide};
use slim::reach::{Reach, Wishes, reach};
use slim::tree::{MemoryContents, Node, Tree, text};
use testdata::elf::Elf;

/// An image of packages: the lines of a tree, and for each package the files that it owns.
pub(crate) struct Image {
    pub(crate) tree: Tree,
    pub(crate) packages: Vec<Package>,
    pub(crate) launch: Launch,
}

fn package(name: &str, files: impl Iterator<Item = ImagePath>) -> Package {
    Package { name: name.into(), architecture: "all".into(), files: files.collect(), ..Package::default() }
}

impl Image {
    pub(crate) fn new(lines: &str, packages: &[(&str, &[&str])]) -> Self {
        let package =
            |(name, files): &(&str, &[&str])| package(name, files.iter().map(|path| ImagePath::literal(path)));
        let launch = Launch { entrypoint: vec!["/usr/bin/app".into()], ..Launch::default() };
        Self { tree: text::tree(lines).unwrap(), packages: packages.iter().map(package).collect(), launch }
    }

    /// All that the image holds belongs to one package, so that nothing stays as the application's own.
    pub(crate) fn owned(mut self) -> Self {
        self.packages = vec![package("all", self.tree.iter().map(|(path, _)| path.clone()))];
        self
    }

    pub(crate) fn elf(self, path: &str, elf: &Elf) -> Self {
        self.node(path, Node { mode: 0o755, ..Node::file(elf.bytes()) })
    }

    pub(crate) fn node(mut self, path: &str, node: Node) -> Self {
        let path = ImagePath::literal(path);
        for parent in path.ancestors() {
            if !self.tree.contains(&parent) {
                self.tree.insert(parent, Node::directory());
            }
        }
        self.tree.insert(path, node);
        self
    }

    pub(crate) fn reach(&self) -> (Inventory, Reach) {
        let inventory = Inventory::new(self.packages.clone(), &self.tree);
        let recipes = recipes::Recipes::embedded().unwrap();
        let reached =
            reach(&self.tree, &MemoryContents, &inventory, &self.launch, &recipes, &Wishes::default()).unwrap();
        (inventory, reached)
    }

    /// The packages that stay, and every unknown.
    pub(crate) fn kept(&self) -> (Vec<String>, Vec<String>) {
        let (inventory, reached) = self.reach();
        let plan = decide(&self.tree, &inventory, &reached, Profile::Packages);
        let kept = plan.kept().map(|step| step.package.trim_end_matches(":all").to_owned()).collect();
        let unknowns = reached.graph.unknowns().iter().chain(&plan.doubts).map(ToString::to_string).collect();
        (kept, unknowns)
    }
}
