//! The recipes, matched against one tree: which rules apply, and what they then put in use.

use super::{Finding, Scene, config};
use crate::graph::{Edge, Graph, Rule, Unknown};
use crate::launch::Launch;
use crate::path::ImagePath;
use crate::tree::Tree;
use recipes::{ConfigKind, Keeping, Naming, Pattern, Patterns, Recipes};
use std::collections::{BTreeMap, BTreeSet};

/// Patterns that belong to things: each pattern knows whose it is.
#[derive(Debug, Default)]
struct Owned {
    patterns: Patterns,
    owners: Vec<usize>,
}

impl Owned {
    fn new<'a>(lists: impl Iterator<Item = &'a [String]>) -> Result<Self, recipes::PatternError> {
        let (mut all, mut owners) = (Vec::new(), Vec::new());
        for (owner, list) in lists.enumerate() {
            owners.extend(list.iter().map(|_| owner));
            all.extend(list.iter().map(String::as_str));
        }
        Ok(Self { patterns: Patterns::new(all)?, owners })
    }

    fn owners(&self, text: &str) -> BTreeSet<usize> {
        self.patterns.matching(text).into_iter().map(|index| self.owners[index]).collect()
    }

    /// The paths of a tree that each owner's patterns cover.
    fn places(&self, tree: &[(String, &ImagePath)]) -> BTreeMap<usize, Vec<ImagePath>> {
        let mut places: BTreeMap<usize, Vec<ImagePath>> = BTreeMap::new();
        for (text, path) in tree {
            for owner in self.owners(text) {
                places.entry(owner).or_default().push((*path).clone());
            }
        }
        places
    }
}

/// Recipes over one tree. Rules are known by their position.
#[derive(Debug)]
pub struct Knowledge<'a> {
    recipes: &'a Recipes,
    rules: Vec<&'a recipes::Rule>,
    when_reached: Owned,
    only_with: Owned,
    when_package: Owned,
    present: BTreeMap<usize, Vec<ImagePath>>,
    keep: BTreeMap<usize, Vec<ImagePath>>,
    keep_files: BTreeMap<usize, Vec<ImagePath>>,
    library: BTreeMap<usize, Vec<ImagePath>>,
    for_people: BTreeMap<usize, Vec<ImagePath>>,
    configured: Patterns,
    covers: Patterns,
    starts: Patterns,
    doubts: BTreeMap<usize, Vec<ImagePath>>,
    symbols: BTreeSet<&'a str>,
    not_by: Owned,
    together: BTreeMap<usize, Vec<ImagePath>>,
    gates: BTreeMap<usize, Vec<ImagePath>>,
    gated: BTreeSet<ImagePath>,
    packages: Owned,
    provided: Patterns,
    ignored: Vec<(Patterns, Patterns)>,
    generated: BTreeMap<ImagePath, (Keeping, &'a str)>,
}

/// What is known so far about an image's use: what rules are tested against.
#[derive(Debug, Default)]
pub struct Facts {
    /// Imported symbols that rules ask about, each with the files that import it, in the order of discovery; `None` is the image's
    /// configuration.
    pub imports: BTreeMap<String, Vec<Option<ImagePath>>>,
    /// Texts that rules ask about, each with the files that hold it; `None` is the image's configuration.
    pub mentions: BTreeMap<String, Vec<Option<ImagePath>>>,
    /// Kept packages by name, each with the path that keeps it.
    pub packages: BTreeMap<String, ImagePath>,
    /// Rules that have been applied, each with the file because of which it holds.
    applied: BTreeMap<usize, Option<ImagePath>>,
    /// Packages whose own files (`of_packages`) were looked for.
    described: BTreeSet<String>,
    /// For each rule the first reached path that it waits for.
    reached: BTreeMap<usize, ImagePath>,
    /// Rules of which a path without which they never hold is in use.
    accompanied: BTreeSet<usize>,
}

/// A use that may come to pass at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What cannot be known.
    pub unknown: Unknown,
    /// The paths that would be missed.
    pub about: Vec<ImagePath>,
}

impl<'a> Knowledge<'a> {
    /// Matches recipes against a tree.
    ///
    /// # Errors
    /// When a pattern is malformed, which [`Recipes::problems`] would have told.
    pub fn new(recipes: &'a Recipes, tree: &Tree) -> Result<Self, recipes::PatternError> {
        let rules: Vec<_> = recipes.rules().collect();
        let paths: Vec<(String, &ImagePath)> = tree.iter().map(|(path, _)| (path.to_text(), path)).collect();
        let places = |list: fn(&recipes::Rule) -> &[String]| -> Result<_, recipes::PatternError> {
            Ok(Owned::new(rules.iter().map(|rule| list(rule)))?.places(&paths))
        };
        let but_not = places(|rule| &rule.but_not)?;
        let for_people = places(|rule| &rule.for_people)?;
        let apart: BTreeSet<&ImagePath> = for_people.values().flatten().collect();
        let chosen = |list: fn(&recipes::Rule) -> &[String]| -> Result<_, recipes::PatternError> {
            let mut all = places(list)?;
            for (rule, paths) in &mut all {
                let without = but_not.get(rule).map_or(&[][..], Vec::as_slice);
                // Who names a file for people means it; a pattern does not.
                let is_named = |path: &ImagePath| list(rules[*rule]).iter().any(|name| *name == path.to_text());
                paths.retain(|path| without.binary_search(path).is_err() && (!apart.contains(path) || is_named(path)));
            }
            Ok(all)
        };
        let gates = places(|rule| &rule.gate)?;
        let mut generated = BTreeMap::new();
        let classes: Vec<_> = recipes.generated().collect();
        let class_patterns = Owned::new(classes.iter().map(|class| &class.paths[..]))?;
        for (text, path) in &paths {
            // The first class that covers a path counts.
            if let Some(class) = class_patterns.owners(text).first().and_then(|index| classes.get(*index)) {
                generated.insert((*path).clone(), (class.keeping, class.because.as_str()));
            }
        }
        let ignored = recipes.ignored().map(|ignore| {
            let of = |list: &'a [String]| Patterns::new(list.iter().map(String::as_str));
            Ok((of(&ignore.within)?, of(&ignore.strings)?))
        });
        let has_reader = |config: &&recipes::Config| config.kind != ConfigKind::Paths;
        let configs = rules.iter().flat_map(|rule| &rule.configs).filter(has_reader);
        Ok(Self {
            recipes,
            when_reached: Owned::new(rules.iter().map(|rule| &rule.when.reached[..]))?,
            only_with: Owned::new(rules.iter().map(|rule| &rule.when.only_with[..]))?,
            when_package: Owned::new(rules.iter().map(|rule| &rule.when.packages[..]))?,
            present: places(|rule| &rule.when.present)?,
            keep: chosen(|rule| &rule.keep)?,
            keep_files: chosen(|rule| &rule.keep_files)?,
            library: chosen(|rule| &rule.library)?,
            for_people,
            configured: Patterns::new(configs.flat_map(|config| &config.files).map(String::as_str))?,
            covers: Patterns::new(rules.iter().flat_map(|rule| &rule.covers).map(String::as_str))?,
            starts: Patterns::new(rules.iter().flat_map(|rule| &rule.starts).map(String::as_str))?,
            doubts: places(|rule| rule.doubt.as_ref().map_or(&[], |doubt| &doubt.about))?,
            symbols: rules.iter().flat_map(|rule| &rule.when.imports).map(String::as_str).collect(),
            not_by: Owned::new(rules.iter().map(|rule| &rule.when.not_by[..]))?,
            together: places(|rule| &rule.together)?,
            gated: gates.values().flatten().cloned().collect(),
            gates,
            packages: Owned::new(rules.iter().map(|rule| &rule.packages[..]))?,
            provided: Patterns::new(rules.iter().flat_map(|rule| &rule.provided).map(String::as_str))?,
            ignored: ignored.collect::<Result<_, recipes::PatternError>>()?,
            generated,
            rules,
        })
    }

    /// Whether the host supplies a library of this name at run time.
    pub fn is_provided(&self, name: &str) -> bool {
        self.provided.matches(name)
    }

    /// Whether a string in a binary is known to be no use.
    pub fn ignores(&self, within: &str, text: &str) -> bool {
        self.ignored.iter().any(|(binaries, strings)| binaries.matches(within) && strings.matches(text))
    }

    /// Whether a rule has a reader for a configuration file.
    pub fn has_reader(&self, path: &str) -> bool {
        self.configured.matches(path)
    }

    /// How a file of this path is read as configuration, by every rule that knows it.
    pub fn kinds(&self, path: &str) -> BTreeSet<ConfigKind> {
        if !self.has_reader(path) {
            return BTreeSet::new();
        }
        let configs = self.rules.iter().flat_map(|rule| &rule.configs);
        let covers = |files: &[String]| Patterns::new(files.iter().map(String::as_str)).is_ok_and(|p| p.matches(path));
        configs.filter(|config| covers(&config.files)).map(|config| config.kind).collect()
    }

    /// Whether a rule knows what a binary opens by names that it computes.
    pub fn covers(&self, path: &str) -> bool {
        self.covers.matches(path)
    }

    /// Whether a rule knows which programs a binary starts.
    pub fn starts(&self, path: &str) -> bool {
        self.starts.matches(path)
    }

    /// Whether any rule asks who imports this symbol.
    pub fn asks_about(&self, symbol: &str) -> bool {
        self.symbols.contains(symbol)
    }

    /// The texts that rules still ask about, of those that would put something of this image in use.
    pub fn sought<'k>(&'k self, facts: &'k Facts) -> BTreeSet<&'k str> {
        let has_places = |index: &usize| {
            let places = [&self.keep, &self.keep_files, &self.library, &self.for_people, &self.gates];
            places.iter().any(|places| places.contains_key(index))
        };
        let open = self.rules.iter().enumerate().filter(|(index, _)| !facts.applied.contains_key(index));
        // Also where `only_with` does not hold yet: each file is searched once.
        let open = open.filter(|(index, rule)| has_places(index) || !rule.commands.is_empty());
        open.flat_map(|(_, rule)| &rule.when.mentions).map(String::as_str).collect()
    }

    /// Rules of those that hold whose gates open only for what is named, each with the files because of which it holds.
    pub fn naming(&self, facts: &Facts) -> Vec<(usize, Vec<ImagePath>)> {
        let named =
            facts.applied.keys().filter(|index| self.rules.get(**index).is_some_and(|rule| rule.named.is_some()));
        let files = |index: &usize| {
            let rule = self.rules.get(*index)?;
            let importers = self.told(*index, &rule.when.imports, &facts.imports);
            let mut files: Vec<ImagePath> = importers.flatten().cloned().collect();
            files.extend(facts.reached.get(index).cloned());
            Some((*index, files))
        };
        named.filter_map(files).collect()
    }

    /// What of a rule's gates a text names.
    pub fn opened(
        &self,
        index: usize,
        scene: &Scene<'_>,
        from: Option<&ImagePath>,
        text: &[u8],
        place: impl Fn(usize) -> String,
    ) -> Vec<Edge> {
        let (Some(rule), Some(gate)) = (self.rules.get(index), self.gates.get(&index)) else { return Vec::new() };
        let named = match rule.named {
            Some(Naming::CharacterSets) => scene.charsets.named(text),
            None => Vec::new(),
        };
        let behind = |path: &ImagePath| gate.binary_search(path).is_ok();
        let kind = Rule::Recipe(rule.id.clone());
        let edges = named.into_iter().flat_map(|(at, paths)| {
            let evidence = place(at);
            let paths = paths.iter().filter(|path| behind(path));
            paths.flat_map(|path| scene.follow(from, path, kind.clone(), &evidence)).collect::<Vec<_>>()
        });
        edges.map(Edge::of_file).collect()
    }

    /// Who tells what a rule asks about, as far as they count; `None` is the image's own configuration, which always does.
    fn told<'f>(
        &'f self,
        index: usize,
        asked: &'f [String],
        told: &'f BTreeMap<String, Vec<Option<ImagePath>>>,
    ) -> impl Iterator<Item = &'f Option<ImagePath>> {
        let counts = move |path: &ImagePath| self.counts(index, path);
        asked.iter().filter_map(|text| told.get(text)).flatten().filter(move |place| place.as_ref().is_none_or(counts))
    }

    /// Whether what a file says counts for a rule.
    pub fn counts(&self, index: usize, path: &ImagePath) -> bool {
        !self.not_by.owners(&path.to_text()).contains(&index)
    }

    /// Whether a path belongs to a data class that stays only when its gate opens.
    pub fn is_gated(&self, path: &ImagePath) -> bool {
        self.gated.contains(path)
    }

    /// Whether a path lives or dies with others.
    pub fn is_atom(&self, path: &ImagePath) -> bool {
        self.together.values().any(|members| members.binary_search(path).is_ok())
    }

    /// The atoms of which nothing is in use.
    pub fn idle_atoms(&self, graph: &Graph) -> Vec<Vec<ImagePath>> {
        let idle = |members: &&Vec<ImagePath>| !members.iter().any(|member| graph.reaches(member));
        self.together.values().filter(idle).cloned().collect()
    }

    /// The grammar of a wrapper, by its file name.
    pub fn wrapper(&self, name: &str) -> Option<&'a recipes::Wrapper> {
        self.recipes.wrapper(name)
    }

    /// What is known of the options of programs, by their file name.
    pub fn options(&self, name: &str) -> impl Iterator<Item = &'a recipes::Options> {
        self.recipes.options(name)
    }

    /// The readers of configuration for a program, by the path that it is called by and the one that leads to.
    pub fn readers(&self, path: &ImagePath, real: Option<&ImagePath>) -> BTreeSet<ConfigKind> {
        let names = std::iter::once(path).chain(real).map(ImagePath::to_text);
        let rules = names.flat_map(|name| self.when_reached.owners(&name)).filter_map(|index| self.rules.get(index));
        rules.flat_map(|rule| &rule.configs).map(|config| config.kind).collect()
    }

    /// Every path behind a gate.
    pub fn gated(&self) -> &BTreeSet<ImagePath> {
        &self.gated
    }

    /// What becomes of a generated file, and who makes it; `None` when it is not known to be generated.
    pub fn generated(&self, path: &ImagePath) -> Option<(Keeping, &'a str)> {
        self.generated.get(path).copied()
    }

    /// Tells the rules that a path is in use.
    pub fn note_reached(&self, path: &ImagePath, facts: &mut Facts) {
        for rule in self.when_reached.owners(&path.to_text()) {
            facts.reached.entry(rule).or_insert_with(|| path.clone());
        }
        facts.accompanied.extend(self.only_with.owners(&path.to_text()));
    }

    /// Whether facts count for a rule at all.
    fn may_hold(&self, index: usize, rule: &recipes::Rule, facts: &Facts) -> bool {
        rule.when.only_with.is_empty() || facts.accompanied.contains(&index)
    }

    /// Applies every rule that holds and was not applied before, and completes atoms.
    pub fn apply(&self, scene: &Scene<'_>, graph: &Graph, facts: &mut Facts, installed: &[&str]) -> Finding {
        let mut finding = Finding::default();
        for (index, rule) in self.rules.iter().enumerate() {
            if !facts.applied.contains_key(&index)
                && let Some(trigger) = self.holds(index, rule, scene, facts)
            {
                self.carry_out(index, rule, trigger.as_ref(), scene, installed, &mut finding);
                facts.applied.insert(index, trigger);
            }
            let Some(members) = self.together.get(&index) else { continue };
            if let Some(member) = members.iter().find(|member| graph.reaches(member)) {
                let missing = members.iter().filter(|other| *other != member && !graph.reaches(other));
                let edge =
                    |to: &ImagePath| Edge::new(member, to.clone(), Rule::Recipe(rule.id.clone()), &*rule.because);
                finding.edges.extend(missing.map(edge));
            }
        }
        self.describe(scene, facts, &mut finding);
        finding
    }

    /// What stays of every package that is kept.
    fn describe(&self, scene: &Scene<'_>, facts: &mut Facts, finding: &mut Finding) {
        for (name, keeper) in &facts.packages {
            if facts.described.contains(name) {
                continue;
            }
            let applied = facts.applied.keys().filter_map(|index| self.rules.get(*index));
            for (rule, pattern) in applied.flat_map(|rule| rule.of_packages.iter().map(move |pattern| (rule, pattern)))
            {
                let kind = Rule::Recipe(rule.id.clone());
                for path in config::glob(scene, &pattern.replace("$PACKAGE", name)) {
                    let edges = scene.follow(Some(keeper), &path, kind.clone(), &rule.because);
                    finding.edges.extend(edges.into_iter().map(Edge::of_file));
                }
            }
            facts.described.insert(name.clone());
        }
    }

    /// What may come to pass at run time, by the rules that hold.
    pub fn doubts(&self, facts: &Facts) -> Vec<Doubt> {
        let doubt = |(index, about): (&usize, &Vec<ImagePath>)| {
            let (rule, trigger) = (self.rules.get(*index)?, facts.applied.get(index)?);
            let doubt = rule.doubt.as_ref()?;
            let (place, what, taken) = (rule.id.clone(), doubt.what.clone(), doubt.taken.clone());
            Some(Doubt { unknown: Unknown { at: trigger.clone(), place, what, taken }, about: about.clone() })
        };
        self.doubts.iter().filter_map(doubt).collect()
    }

    /// The commands by which rules that hold are tried, each with the rule's id.
    pub fn tests(&self, facts: &Facts) -> Vec<(String, String)> {
        let mut tests = Vec::new();
        for rule in facts.applied.keys() {
            let reached = facts.reached.get(rule).map(ImagePath::to_text).unwrap_or_default();
            let Some(rule) = self.rules.get(*rule) else { continue };
            // A rule that holds for another reason has no path to speak of.
            let usable = rule.test.iter().filter(|command| !reached.is_empty() || !command.contains("$REACHED"));
            tests.extend(usable.map(|command| (rule.id.clone(), command.replace("$REACHED", &quoted(&reached)))));
        }
        tests
    }

    /// The file because of which a rule holds (`None` inside for facts of the image itself).
    fn holds(&self, index: usize, rule: &recipes::Rule, scene: &Scene<'_>, facts: &Facts) -> Option<Option<ImagePath>> {
        let when = &rule.when;
        if !self.may_hold(index, rule, facts) {
            return None;
        }
        if when.always || when.env.iter().any(|fact| is_set(scene.launch, fact)) {
            return Some(None);
        }
        let package = || facts.packages.iter().find(|(name, _)| self.when_package.owners(name).contains(&index));
        if let Some(from) = facts.reached.get(&index) {
            return Some(Some(from.clone()));
        }
        let mut told = self.told(index, &when.imports, &facts.imports);
        let mut mentioned = self.told(index, &when.mentions, &facts.mentions);
        if let Some(place) = told.next().or_else(|| mentioned.next()) {
            return Some(place.clone());
        }
        if let Some((_, from)) = package() {
            return Some(Some(from.clone()));
        }
        self.present.contains_key(&index).then_some(None)
    }

    fn carry_out(
        &self,
        index: usize,
        rule: &recipes::Rule,
        trigger: Option<&ImagePath>,
        scene: &Scene<'_>,
        installed: &[&str],
        finding: &mut Finding,
    ) {
        let kind = Rule::Recipe(rule.id.clone());
        let places = |map: &'_ BTreeMap<usize, Vec<ImagePath>>| map.get(&index).cloned().unwrap_or_default();
        for path in places(&self.keep) {
            finding.edges.extend(scene.follow(trigger, &path, kind.clone(), &rule.because));
        }
        // Where the lists of what there is cannot do without a part of it, all of it is in use.
        let by_name = match rule.named {
            Some(Naming::CharacterSets) => scene.charsets.can_be_parted(),
            None => false,
        };
        let opened = if by_name { Vec::new() } else { places(&self.gates) };
        for path in places(&self.keep_files).into_iter().chain(places(&self.for_people)).chain(opened) {
            finding
                .edges
                .extend(scene.follow(trigger, &path, kind.clone(), &rule.because).into_iter().map(Edge::of_file));
        }
        for path in places(&self.library) {
            let edges = scene.follow(trigger, &path, kind.clone(), &rule.because);
            // Byte code goes with its module, which brings it.
            finding.loaded.extend(edges);
        }
        for command in &rule.commands {
            if let Some(path) = scene.launch.find(scene.tree, command) {
                finding.edges.extend(scene.follow(trigger, &path, kind.clone(), &rule.because));
            }
        }
        let wanted = installed.iter().filter(|name| self.packages.owners(name).contains(&index));
        finding.packages.extend(wanted.map(|name| ((*name).to_owned(), trigger.cloned(), rule.id.clone())));
        for config in &rule.configs {
            let Ok(patterns) = Patterns::new(config.files.iter().map(String::as_str)) else { continue };
            let files = scene.tree.iter().filter(|(path, _)| patterns.matches(&path.to_text()));
            let named: Vec<_> = config.variables.iter().flat_map(|variable| named_by(scene, variable)).collect();
            for (path, node) in files.chain(named.iter().filter_map(|path| Some((path, scene.tree.get(path)?)))) {
                if !node.is_directory() {
                    // A rule that keeps the configuration as a mere file means it.
                    if self.keep_files.get(&index).is_none_or(|files| files.binary_search(path).is_err()) {
                        finding.edges.extend(scene.follow(trigger, path, kind.clone(), &rule.because));
                    }
                    config::find(scene, config.kind, path, finding);
                }
            }
        }
    }
}

/// The files that a variable of the image's environment names, and those in folders that it names.
fn named_by(scene: &Scene<'_>, variable: &str) -> Vec<ImagePath> {
    let value = scene.launch.variable(variable).unwrap_or_default();
    let paths = value.split(':').filter(|name| name.starts_with('/')).filter_map(|name| ImagePath::new(name).ok());
    let files = |(path, node): (ImagePath, &crate::tree::Node)| match node.is_directory() {
        true => scene.tree.children(&path).map(|(path, _)| path.clone()).collect(),
        false => vec![path],
    };
    paths.filter_map(|path| scene.tree.lookup(&path)).flat_map(files).collect()
}

/// A word that a shell reads as it is.
fn quoted(word: &str) -> String {
    let is_plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+".contains(&b));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Whether the image sets a variable: `NAME`, or `NAME=PATTERN` of its value.
fn is_set(launch: &Launch, fact: &str) -> bool {
    let (name, pattern) = fact.split_once('=').map_or((fact, None), |(name, pattern)| (name, Some(pattern)));
    let fits = |value: &str| pattern.is_none_or(|pattern| Pattern::new(pattern).is_ok_and(|p| p.matches(value)));
    launch.variable(name).is_some_and(fits)
}
