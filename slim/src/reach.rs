//! Following every use from the roots to the end: what an image can reach.
//!
//! Finders and recipes take turns until nothing new comes up. What the image starts is a root; so are the programs among the files
//! that no package owns, for those are the application. Work goes in rounds, each in path order or in parallel over independent
//! files, so the graph is the same on every machine.

use crate::graph::{Edge, Graph, Rule};
use crate::launch::Launch;
use crate::packages::Inventory;
use crate::path::ImagePath;
use crate::scan::knowledge::{Doubt, Facts, Knowledge};
use crate::scan::places::Places;
use crate::scan::programs::Programs;
use crate::scan::script::Exports;
use crate::scan::{
    Finding, Reading, Scene, charset, elf, idle, is_object, java, maintainer, mention, node, perl, plugins, python,
    start, texts, zone,
};
use crate::tree::{Contents, Kind, Node, Tree};
use rayon::prelude::*;
use recipes::{Keeping, Recipes};
use std::collections::{BTreeMap, BTreeSet};

/// What an image can reach.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Every use, with its evidence.
    pub graph: Graph,
    /// Kept packages by index into the inventory, each with the reached path that keeps it.
    pub packages: BTreeMap<usize, ImagePath>,
    /// Packages that a recipe names, by index: the file because of which, and the rule's id.
    pub named: BTreeMap<usize, (ImagePath, String)>,
    /// Packages that stay whole although nothing reaches them, by index, with who asks for them.
    pub whole: BTreeMap<usize, String>,
    /// Paths that are only ever loaded by an interpreter: of these a `#!` line is no use.
    pub loaded: BTreeSet<ImagePath>,
    /// Paths behind a gate, open or not: whole packages do not bring them back.
    pub gated: BTreeSet<ImagePath>,
    /// Unowned files that go unless reached, with who makes them.
    pub leftovers: BTreeMap<ImagePath, String>,
    /// Paths that live or die together, where none of them is in use.
    pub atoms: Vec<Vec<ImagePath>>,
    /// Byte code of Python that no package owns, with who makes it.
    pub byte_code: BTreeMap<ImagePath, String>,
    /// Programs, libraries and scripts of kept packages that nothing reaches, with the files that they would take if somebody ran them.
    pub idle: BTreeMap<ImagePath, BTreeSet<ImagePath>>,
    /// Uses that may come to pass at run time.
    pub doubts: Vec<Doubt>,
    /// Commands by which recipes try whether what is in use still works, each with its rule's id.
    pub tests: Vec<(String, String)>,
}

impl Reach {
    /// Whether anything is started: a command of the image or of the caller's, or a program of the application.
    pub fn starts_something(&self, tree: &Tree) -> bool {
        let starts = |edge: &Edge, node: &Node| match edge.rule {
            Rule::Root => node.as_file().is_some(),
            Rule::Application => node.is_executable(),
            _ => false,
        };
        let mut begins = self.graph.edges().iter().filter(|edge| edge.from.is_none());
        begins.any(|edge| tree.lookup(&edge.to).is_some_and(|(_, node)| starts(edge, node)))
    }
}

/// Whose word keeps packages beyond what is reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// Packages by index into the inventory.
    pub packages: BTreeSet<usize>,
    /// Paths of the tree.
    pub paths: BTreeSet<ImagePath>,
    /// Paths with what asks for them: an option, a line of a trace.
    pub named: Vec<(ImagePath, String)>,
    /// Packages by index that stay whole without being in use, with who asks for them.
    pub whole: BTreeMap<usize, String>,
    /// What was wished for and fits nothing of the image: most likely a slip.
    pub vain: Vec<String>,
}

/// Follows every use in an image.
///
/// # Errors
/// When a recipe's pattern is malformed.
pub fn reach(
    tree: &Tree,
    contents: &dyn Contents,
    inventory: &Inventory,
    launch: &Launch,
    recipes: &Recipes,
    wishes: &Wishes,
) -> Result<Reach, recipes::PatternError> {
    let knowledge = Knowledge::new(recipes, tree)?;
    let loader = elf::loader(tree, contents, launch);
    let python = python::Modules::new(tree, contents);
    let mut scene = Scene {
        tree,
        contents,
        launch,
        inventory,
        knowledge,
        loader,
        python,
        perl: Places::of(tree, perl::PLACES)?,
        zones: zone::Zones::new(tree),
        programs: Programs::of(tree),
        charsets: charset::Charsets::new(tree, contents),
        node: Places::of(tree, node::PLACES)?,
        exports: Exports::default(),
    };
    scene.exports = Exports::of(&scene);
    let mut work = Work {
        scene: &scene,
        inventory,
        reach: Reach::default(),
        facts: Facts::default(),
        queue: Vec::new(),
        full: BTreeSet::new(),
        loaded: BTreeSet::new(),
        ruled: BTreeSet::new(),
        searched: BTreeSet::new(),
        read: BTreeSet::new(),
    };
    work.begin(wishes);
    work.application();
    loop {
        work.drain();
        let installed: Vec<&str> = inventory.packages().iter().map(|package| package.name.as_str()).collect();
        let finding = scene.knowledge.apply(&scene, &work.reach.graph, &mut work.facts, &installed);
        work.take(finding);
        if work.queue.is_empty() && work.mentions() {
            continue;
        }
        if work.queue.is_empty() {
            work.names();
        }
        if work.queue.is_empty() {
            work.plugins();
            work.maintainer_scripts();
        }
        if work.queue.is_empty() {
            work.reach.gated.clone_from(scene.knowledge.gated());
            work.reach.atoms = scene.knowledge.idle_atoms(&work.reach.graph);
            work.keep_whole(wishes);
            work.reach.loaded.clone_from(&work.loaded);
            work.reach.idle = work.idle();
            work.unasked();
            work.reach.doubts = scene.knowledge.doubts(&work.facts);
            work.reach.tests = scene.knowledge.tests(&work.facts);
            return Ok(work.reach);
        }
    }
}

struct Work<'s, 'a> {
    scene: &'s Scene<'a>,
    inventory: &'s Inventory,
    reach: Reach,
    facts: Facts,
    /// Reached, not yet looked at.
    queue: Vec<ImagePath>,
    /// Reached by a use that keeps packages, and not only as a mere file.
    full: BTreeSet<ImagePath>,
    /// Reached, but only as what an interpreter loads.
    loaded: BTreeSet<ImagePath>,
    /// Reached, but only because of rules.
    ruled: BTreeSet<ImagePath>,
    /// Looked into for texts that rules ask about.
    searched: BTreeSet<ImagePath>,
    /// Looked into for names of data that stays only when it is named, each with the rule's position.
    read: BTreeSet<(usize, ImagePath)>,
}

impl Work<'_, '_> {
    fn begin(&mut self, wishes: &Wishes) {
        let scene = self.scene;
        let roots = scene.launch.roots(scene.tree);
        let mut finding = Finding { unknowns: roots.unknowns, ..Finding::default() };
        for root in roots.edges {
            let edges = scene.follow(None, &root.to, root.rule.clone(), &root.evidence);
            finding.edges.extend(edges.into_iter().map(|edge| if root.keeps_package { edge } else { edge.of_file() }));
        }
        for (place, words) in &roots.commands {
            start::find(scene, None, place, words, &mut finding);
        }
        for (text, evidence) in scene.launch.told() {
            finding.edges.extend(java::listed(scene, None, text, &Rule::Root, &evidence));
            for word in text.split(|c: char| c.is_whitespace() || "=,".contains(c)) {
                python::named(scene, None, word, &evidence, &mut finding);
            }
            zone::find(scene, None, text.as_bytes(), |_| evidence.clone(), &mut finding);
        }
        scene.environment(&mut finding);
        for path in &wishes.paths {
            finding.edges.extend(scene.follow(None, path, Rule::Root, "--keep"));
        }
        for (path, evidence) in &wishes.named {
            finding.edges.extend(scene.follow(None, path, Rule::Root, evidence));
        }
        for index in &wishes.packages {
            let Some(package) = self.inventory.packages().get(*index) else { continue };
            for path in &package.files {
                if let Ok(place) = scene.tree.resolve_parent(path)
                    && scene.tree.get(&place.path).is_some_and(|node| !node.is_directory())
                {
                    finding.edges.push(Edge::root(place.path, Rule::Root, format!("--keep {}", package.name)));
                }
            }
        }
        self.note_imports(None, &finding);
        self.take(finding);
    }

    /// What no package owns is the application, unless it is known to be generated. Its programs and scripts are roots.
    fn application(&mut self) {
        let mut finding = Finding::default();
        for (path, node) in self.scene.tree.iter() {
            if node.is_directory() || self.inventory.is_owned(path) || self.scene.knowledge.is_gated(path) {
                continue;
            }
            match self.scene.knowledge.generated(path) {
                Some((Keeping::Data, _)) => continue,
                Some((Keeping::ByteCode, because)) => {
                    self.reach.byte_code.insert(path.clone(), because.to_owned());
                    continue;
                }
                Some((Keeping::Reached, because)) => {
                    self.reach.leftovers.insert(path.clone(), because.to_owned());
                    continue;
                }
                Some((Keeping::Never, because)) => {
                    if node.as_file().is_some() {
                        self.reach.leftovers.insert(path.clone(), because.to_owned());
                    }
                    continue;
                }
                None => {}
            }
            if node.as_symlink().is_some() && is_applications_link(self.inventory, path) {
                self.link(path, &mut finding);
            }
            if let Kind::File(file) = &node.kind {
                let head = self.scene.contents.head(&file.content, 4).unwrap_or_default();
                let is_program = head.starts_with(b"\x7fELF") || head.starts_with(b"#!");
                let evidence =
                    if is_program { "a program that no package owns" } else { "a file that no package owns" };
                finding.edges.push(Edge::root(path.clone(), Rule::Application, evidence));
            }
        }
        self.take(finding);
    }

    /// What a link of the application's leads to is in use: a file, or a folder that is one package's.
    fn link(&self, path: &ImagePath, finding: &mut Finding) {
        let evidence = "a link that no package owns";
        finding.edges.extend(self.scene.follow(None, path, Rule::Application, evidence));
        finding.loaded.extend(texts::behind(self.scene, path, evidence));
    }

    /// Looks at everything that was reached and not looked at yet.
    fn drain(&mut self) {
        while !self.queue.is_empty() {
            let round = std::mem::take(&mut self.queue);
            let reading =
                |path: &ImagePath| Reading { runs: !self.loaded.contains(path), settings: !self.ruled.contains(path) };
            let scan = |path: &ImagePath| self.scene.scan(path, reading(path));
            let findings: Vec<Finding> = round.par_iter().map(scan).collect();
            for (path, mut finding) in round.into_iter().zip(findings) {
                // What a link leads to is used as the link is.
                let is_link = self.scene.tree.get(&path).is_some_and(|node| node.as_symlink().is_some());
                if is_link && !self.full.contains(&path) {
                    finding.edges.iter_mut().for_each(|edge| edge.keeps_package = false);
                }
                self.note_imports(Some(&path), &finding);
                self.take(finding);
            }
        }
    }

    /// Remembers the symbols that rules ask about.
    fn note_imports(&mut self, from: Option<&ImagePath>, finding: &Finding) {
        for symbol in finding.imports.iter().filter(|symbol| self.scene.knowledge.asks_about(symbol)) {
            let importers = self.facts.imports.entry(symbol.clone()).or_default();
            if !importers.iter().any(|other| other.as_ref() == from) {
                importers.push(from.cloned());
            }
        }
    }

    fn take(&mut self, finding: Finding) {
        for unknown in finding.unknowns {
            self.reach.graph.note(unknown);
        }
        let loaded = finding.loaded.into_iter().map(|edge| (edge, true));
        for (edge, loads) in finding.edges.into_iter().map(|edge| (edge, false)).chain(loaded) {
            let (to, keeps_package) = (edge.to.clone(), edge.keeps_package);
            let by_rule = matches!(edge.rule, Rule::Recipe(_));
            let new = self.reach.graph.add(edge);
            if by_rule && new {
                self.ruled.insert(to.clone());
            } else if !by_rule && self.ruled.remove(&to) {
                // Something else reads it, too: it has to be looked at for what it says.
                self.queue.push(to.clone());
            }
            if loads && new {
                self.loaded.insert(to.clone());
            } else if !loads && self.loaded.remove(&to) {
                // It is run after all: it has to be looked at as a program.
                self.queue.push(to.clone());
            }
            let is_link = || self.scene.tree.get(&to).is_some_and(|node| node.as_symlink().is_some());
            if keeps_package && self.full.insert(to.clone()) && !new && is_link() {
                self.queue.push(to.clone());
            }
            if new {
                self.scene.knowledge.note_reached(&to, &mut self.facts);
                self.queue.push(to.clone());
            }
            if keeps_package {
                self.keep_owners(&to);
            }
        }
        for (name, from, rule) in finding.packages {
            if let Some(index) = self.inventory.find(&name) {
                let place = from.unwrap_or_else(ImagePath::root);
                self.reach.packages.entry(index).or_insert_with(|| place.clone());
                self.reach.named.entry(index).or_insert_with(|| (place.clone(), rule.clone()));
                self.facts.packages.entry(format!("{name} ({rule})")).or_insert_with(|| place.clone());
                self.facts.packages.entry(name).or_insert(place);
            }
        }
    }

    fn keep_owners(&mut self, path: &ImagePath) {
        if self.scene.tree.get(path).is_some_and(|node| node.is_directory()) {
            return;
        }
        for index in self.inventory.owner_indexes(path) {
            let Some(package) = self.inventory.packages().get(*index) else { continue };
            self.reach.packages.entry(*index).or_insert_with(|| path.clone());
            self.facts.packages.entry(package.name.clone()).or_insert_with(|| path.clone());
        }
    }

    /// Packages that somebody insists on: they stay, reached or not, with every file, and lead nowhere.
    fn keep_whole(&mut self, wishes: &Wishes) {
        for (index, reason) in &wishes.whole {
            self.reach.packages.entry(*index).or_insert_with(ImagePath::root);
            self.reach.whole.insert(*index, reason.clone());
        }
    }

    /// Looks for texts that rules ask about where it was not looked yet; whether one came up.
    fn mentions(&mut self) -> bool {
        let sought = self.scene.knowledge.sought(&self.facts);
        if sought.is_empty() {
            return false;
        }
        let mut found: Vec<(String, Option<ImagePath>)> = Vec::new();
        if self.searched.insert(ImagePath::root()) {
            found.extend(mention::of_launch(self.scene.launch, &sought).into_iter().map(|text| (text, None)));
        }
        let places: Vec<(ImagePath, ImagePath)> = self.speakers(|path| !self.searched.contains(path)).collect();
        let told = places.par_iter().map(|(path, _)| mention::of_file(self.scene, path, &sought)).collect::<Vec<_>>();
        for ((path, speaker), texts) in places.into_iter().zip(told) {
            self.searched.insert(path);
            found.extend(texts.into_iter().map(|text| (text, Some(speaker.clone()))));
        }
        let any = !found.is_empty();
        for (text, place) in found {
            self.facts.mentions.entry(text).or_default().push(place);
        }
        any
    }

    /// Files that tell of uses by their text, each with the file in use for which it speaks.
    fn speakers(&self, is_wanted: impl Fn(&ImagePath) -> bool) -> impl Iterator<Item = (ImagePath, ImagePath)> {
        let files = self.scene.tree.iter().filter(move |(path, node)| node.as_file().is_some() && is_wanted(path));
        files.filter_map(|(path, _)| Some((path.clone(), self.speaker(path)?)))
    }

    /// The file in use for which a file speaks: itself, or what keeps its package.
    fn speaker(&self, path: &ImagePath) -> Option<ImagePath> {
        let reached = self.reach.graph.reaches(path);
        let owners = self.inventory.owner_indexes(path);
        if owners.is_empty() || reached && mention::is_told(self.scene, path) {
            return reached.then(|| path.clone());
        }
        let keeper = || owners.iter().find_map(|owner| self.reach.packages.get(owner)).cloned();
        let is_code = mention::is_java(path);
        if reached { is_code.then(|| path.clone()) } else { is_code.then(keeper).flatten() }
    }

    /// Looks for names of data that stays only when it is named, where it was not looked yet.
    fn names(&mut self) {
        let scene = self.scene;
        for (rule, files) in scene.knowledge.naming(&self.facts) {
            let mut finding = Finding::default();
            if self.read.insert((rule, ImagePath::root())) {
                for (text, evidence) in scene.launch.told() {
                    let place = |_| evidence.clone();
                    finding.edges.extend(scene.knowledge.opened(rule, scene, None, text.as_bytes(), place));
                }
            }
            let told = self.speakers(|path| !self.read.contains(&(rule, path.clone()))).map(|(path, _)| path);
            let mut places: BTreeSet<ImagePath> = told.filter(|path| scene.knowledge.counts(rule, path)).collect();
            places.extend(files.into_iter().filter(|path| !self.read.contains(&(rule, path.clone()))));
            let read = |path: &ImagePath| {
                let Some(bytes) = scene.read(path) else { return Vec::new() };
                let bytes = match mention::is_told(scene, path) {
                    true => std::borrow::Cow::Owned(mention::without_comments(bytes.to_vec())),
                    false => bytes,
                };
                let place = |at| match crate::elf::is_elf(&bytes) {
                    true => format!("a name at offset {at:#x}"),
                    false => zone::line(&bytes, at),
                };
                scene.knowledge.opened(rule, scene, Some(path), &bytes, place)
            };
            let places: Vec<ImagePath> = places.into_iter().collect();
            finding.edges.extend(places.par_iter().flat_map_iter(read).collect::<Vec<_>>());
            self.read.extend(places.into_iter().map(|path| (rule, path)));
            self.take(finding);
        }
    }

    /// What kept packages hold that nothing reaches and that could be run or loaded: what it would take.
    fn idle(&self) -> BTreeMap<ImagePath, BTreeSet<ImagePath>> {
        let kept = |path: &ImagePath| {
            self.inventory.owner_indexes(path).iter().any(|owner| self.reach.packages.contains_key(owner))
        };
        let files: Vec<_> = self
            .scene
            .tree
            .iter()
            .filter(|(path, node)| node.as_file().is_some() && !self.reach.graph.reaches(path) && kept(path))
            .map(|(path, _)| path)
            .collect();
        let needs = files.par_iter().map(|path| ((*path).clone(), idle::needs(self.scene, path)));
        needs.collect::<Vec<_>>().into_iter().filter(|(_, needs)| !needs.is_empty()).collect()
    }

    /// Where dpkg is in use, what it needs to run the scripts of kept packages.
    fn maintainer_scripts(&mut self) {
        let dpkg = ImagePath::literal(maintainer::DPKG);
        if !self.reach.graph.reaches(&dpkg) {
            return;
        }
        let is_kept = |name: &str| self.facts.packages.contains_key(name);
        let edges = maintainer::find(self.scene, &dpkg, &is_kept);
        self.take(Finding { edges, ..Finding::default() });
    }

    /// Tells of packages that go although what they have might be loaded by programs that stay.
    fn unasked(&mut self) {
        let reaches = |path: &ImagePath| self.reach.graph.reaches(path);
        let is_kept = |index: usize| self.reach.packages.contains_key(&index) || self.reach.whole.contains_key(&index);
        for unknown in plugins::unasked(self.scene, &reaches, &is_kept) {
            self.reach.graph.note(unknown);
        }
    }

    /// Shared objects that kept packages ship outside the loader's directories are there to be loaded by path, be it that of a link; what
    /// they ship for Python's start (`*.pth`) is read by it.
    fn plugins(&mut self) {
        let mut finding = Finding::default();
        for (path, node) in self.scene.tree.iter() {
            let is_library = is_object(path);
            let is_python = python::is_path_file(path);
            if !(is_library || is_python) || node.is_directory() || is_python && node.as_file().is_none() {
                continue;
            }
            let keeper = self.inventory.owner_indexes(path).iter().find_map(|owner| self.reach.packages.get(owner));
            let Some(keeper) = keeper.filter(|_| !self.reach.graph.reaches(path)) else { continue };
            if is_python {
                let evidence = "read by Python at each start, of a kept package";
                finding.edges.push(Edge::new(keeper, path.clone(), Rule::Plugin, evidence));
                continue;
            }
            // A name that is looked up is mostly that of a link beside the object.
            let Some((real, _)) = self.scene.tree.lookup(path).filter(|(real, _)| real.parent() == path.parent())
            else {
                continue;
            };
            let is_bound = |path: &ImagePath| self.scene.knowledge.is_gated(path) || self.scene.knowledge.is_atom(path);
            let stands_apart = self.scene.loader.is_in_default_directory(&real) == Some(false);
            if !stands_apart || is_bound(path) || is_bound(&real) {
                continue;
            }
            let evidence = "a shared object outside the loader's directories, of a kept package";
            finding.edges.extend(self.scene.follow(Some(keeper), path, Rule::Plugin, evidence));
        }
        self.take(finding);
        let reaches = |path: &ImagePath| self.reach.graph.reaches(path);
        let settings = |path: &ImagePath| reaches(path) && !self.ruled.contains(path);
        let edges = plugins::find(self.scene, &reaches, &settings);
        self.take(Finding { edges, ..Finding::default() });
    }
}

/// Places where administrators put what is theirs (Filesystem Hierarchy Standard 3.0, 3.13, 3.17 and 4.9).
const LOCAL: [&[u8]; 4] = [b"opt/", b"srv/", b"usr/local/", b"var/www/"];

/// Whether a link that no package owns is the application's, and not one that a maintainer script made among files of packages.
fn is_applications_link(inventory: &Inventory, path: &ImagePath) -> bool {
    let in_own_folder = path.parent().is_some_and(|folder| !folder.is_root() && !inventory.is_owned(&folder));
    in_own_folder || LOCAL.iter().any(|place| path.as_bytes().starts_with(place))
}
