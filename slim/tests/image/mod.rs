//! Small images of packages, and what stays of them.

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

impl Image {
    pub(crate) fn new(lines: &str, packages: &[(&str, &[&str])]) -> Self {
        let package = |(name, files): &(&str, &[&str])| Package {
            name: (*name).into(),
            architecture: "all".into(),
            files: files.iter().map(|path| ImagePath::literal(path)).collect(),
            ..Package::default()
        };
        let launch = Launch { entrypoint: vec!["/usr/bin/app".into()], ..Launch::default() };
        Self { tree: text::tree(lines).unwrap(), packages: packages.iter().map(package).collect(), launch }
    }

    pub(crate) fn elf(mut self, path: &str, elf: &Elf) -> Self {
        let (path, node) = (ImagePath::literal(path), Node { mode: 0o755, ..Node::file(elf.bytes()) });
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
