//! Every built-in rule, tried: it applies because of its fact, and not without it. And the catalogue of load mechanisms against the
//! rules, finders and tests that stand for its rows.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use recipes::{Pattern, Recipes, Rule};
use slim::graph;
use slim::launch::Launch;
use slim::packages::Inventory;
use slim::path::ImagePath;
use slim::reach::{Wishes, reach};
use slim::tree::{MemoryContents, Node, Tree};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

/// The built-in rules, read once.
fn table() -> &'static Recipes {
    static TABLE: LazyLock<Recipes> = LazyLock::new(|| Recipes::embedded().unwrap());
    &TABLE
}

/// A path that a pattern covers.
fn example(pattern: &str) -> String {
    let mut text = pattern.replace("$LIB", "/usr/lib/x86_64-linux-gnu");
    while let (Some(open), Some(close)) =
        (text.rfind('{'), text.rfind('{').and_then(|at| Some(at + text[at..].find('}')?)))
    {
        let first = text[open + 1..close].split(',').next_back().unwrap_or_default().to_owned();
        text.replace_range(open..=close, &first);
    }
    while let (Some(open), Some(close)) = (text.find('['), text.find(']')) {
        let one = text[open + 1..].chars().next().filter(|c| *c != '!').unwrap_or('x');
        text.replace_range(open..=close, &one.to_string());
    }
    let text = text.replace("/**/", "/a/").replace("**", "a").replace(['*', '?'], "1");
    assert!(Pattern::new(pattern).unwrap().matches(&text), "{text} is no example of {pattern}");
    text
}

/// What the rule should put in use.
fn effect(rule: &Rule) -> Option<String> {
    let paths = [&rule.keep, &rule.keep_files, &rule.library, &rule.for_people, &rule.gate].into_iter().flatten();
    paths
        .map(|pattern| example(pattern))
        .next()
        .or_else(|| rule.configs.iter().flat_map(|c| &c.files).map(|p| example(p)).next())
}

/// Adds a file, and the folders that it lies in.
fn put(tree: &mut Tree, path: &str, bytes: Vec<u8>) -> ImagePath {
    let path = ImagePath::new(path).unwrap();
    for parent in path.ancestors() {
        if !tree.contains(&parent) {
            tree.insert(parent, Node::directory());
        }
    }
    tree.insert(path.clone(), Node::file(bytes));
    path
}

/// What a rule puts in use.
fn kept(rule: &str, tree: &Tree, launch: &Launch, wishes: &Wishes) -> Vec<ImagePath> {
    // What no package owns would be the application: a package has it all.
    let package = slim::packages::Package {
        name: "all".into(),
        files: tree.iter().map(|(path, _)| path.clone()).collect(),
        ..slim::packages::Package::default()
    };
    let inventory = Inventory::new(vec![package], tree);
    let reached = reach(tree, &MemoryContents, &inventory, launch, table(), wishes).unwrap();
    let kind = graph::Rule::Recipe(rule.to_owned());
    reached.graph.edges().iter().filter(|edge| edge.rule == kind).map(|edge| edge.to.clone()).collect()
}

fn applies(rule: &Rule, with: bool) -> bool {
    let mut tree = Tree::new();
    let mut launch = Launch::default();
    let mut wishes = Wishes::default();
    let when = &rule.when;
    if let Some(path) = effect(rule) {
        put(&mut tree, &path, b"data".to_vec());
    }
    for command in &rule.commands {
        put(&mut tree, &format!("/usr/bin/{command}"), b"data".to_vec());
    }
    if let Some(path) = when.reached.first().map(|pattern| example(pattern)) {
        let path = put(&mut tree, &path, b"x".to_vec());
        wishes.paths.extend(with.then_some(path));
    } else if let Some(path) = when.present.first().filter(|_| with) {
        put(&mut tree, &example(path), b"x".to_vec());
    } else if let Some(symbol) = when.imports.first() {
        let elf = match symbol.as_str() {
            "(static)" => testdata::elf::program().interpreter(""),
            symbol => testdata::elf::plugin().imports(symbol, None, false),
        };
        let path = put(&mut tree, "/opt/app", elf.bytes());
        wishes.paths.extend(with.then_some(path.clone()));
        if !with {
            tree.remove(&path);
        }
    } else if let Some(text) = when.mentions.first().filter(|_| with) {
        launch.env.push(("OPTIONS".into(), text.clone()));
    } else if let Some(name) = when.env.first().filter(|_| with) {
        launch.env.push((name.clone(), "C.UTF-8".into()));
    }
    if let Some(path) = when.only_with.first().map(|pattern| example(pattern)) {
        // In use either way: alone it is no fact.
        wishes.paths.insert(put(&mut tree, &path, b"x".to_vec()));
    }
    !kept(&rule.id, &tree, &launch, &wishes).is_empty()
}

#[test]
fn every_rule_applies_because_of_its_fact_and_not_without() {
    let mut wrong = Vec::new();
    for rule in table().rules().filter(|rule| effect(rule).is_some() || !rule.commands.is_empty()) {
        // Atoms are tried below; programs without a C library and what has to be named are tried where they are found.
        if !rule.together.is_empty()
            || rule.named.is_some()
            || rule.when.imports.iter().any(|symbol| symbol == "(static)")
        {
            continue;
        }
        // A rule whose fact is the very path that it keeps shows nothing with one file.
        let fact = rule.when.reached.first().or(rule.when.present.first()).map(|pattern| example(pattern));
        if fact.is_some() && fact == effect(rule) {
            continue;
        }
        if !applies(rule, true) {
            wrong.push(format!("{} does not apply", rule.id));
        }
        if !rule.when.always && applies(rule, false) {
            wrong.push(format!("{} applies without its fact", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Referee: the names that Debian's packages have.
#[test]
fn rules_are_about_what_debian_installs() {
    let rows = include_str!("rules_data/debian-12").lines().filter(|line| !line.starts_with('#'));
    let mut wrong = Vec::new();
    for row in rows {
        let [rule, trigger, file] = row.split(" | ").collect::<Vec<_>>()[..] else { panic!("{row}") };
        let mut tree = Tree::new();
        let [trigger, file] = [trigger, file].map(|path| put(&mut tree, path, b"data".to_vec()));
        let keeps = |paths: &[&ImagePath]| {
            let wishes = Wishes { paths: paths.iter().copied().cloned().collect(), ..Wishes::default() };
            kept(rule, &tree, &Launch::default(), &wishes).contains(&file)
        };
        if !keeps(&[&trigger]) {
            wrong.push(format!("{row}: not kept"));
        }
        if keeps(&[]) {
            wrong.push(format!("{row}: kept for nothing"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn atoms_live_together() {
    for rule in table().rules().filter(|rule| !rule.together.is_empty()) {
        let mut tree = Tree::new();
        let names: BTreeSet<String> =
            rule.together.iter().flat_map(|pattern| [example(pattern), example(&pattern.replace("**", "b"))]).collect();
        for name in &names {
            tree.insert(ImagePath::new(name).unwrap(), Node::file(b"data".to_vec()));
        }
        let one = ImagePath::new(names.iter().next().unwrap()).unwrap();
        let wishes = Wishes { paths: BTreeSet::from([one]), ..Wishes::default() };
        let launch = Launch::default();
        let reached = reach(&tree, &MemoryContents, &Inventory::default(), &launch, table(), &wishes).unwrap();
        assert!(names.iter().all(|name| reached.graph.reaches(&ImagePath::new(name).unwrap())), "{}", rule.id);
    }
}

fn sources(directory: &Path, text: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => sources(&entry.path(), text),
            false => text.push_str(&std::fs::read_to_string(entry.path()).unwrap_or_default()),
        }
    }
}

/// `row | rules and finders | tests`, a line each, or `row | - | reason`; below a heading for each part of the catalogue.
#[test]
fn the_catalogue_has_no_gaps() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let coverage = std::fs::read_to_string(home.join("../recipes/COVERAGE")).unwrap();
    let table = Recipes::embedded().unwrap();
    let mut text = String::new();
    for part in ["src", "tests", "../recipes/src", "../rebuild/src", "../cli/tests"] {
        sources(&home.join(part), &mut text);
    }
    let mut named = BTreeSet::new();
    let mut rows = 0;
    for line in coverage.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let columns: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, stands_for, tests] = columns[..] else { panic!("three columns: {line}") };
        rows += 1;
        if stands_for == "-" {
            assert!(tests.split_whitespace().count() > 5 && tests.ends_with('.'), "{line}: a reason is a sentence");
            continue;
        }
        for word in stands_for.split_whitespace() {
            match word.split_once(':') {
                Some(("finder", name)) => assert!(home.join(format!("src/{name}.rs")).exists(), "{line}: {name}"),
                Some(("wrapper", name)) => assert!(table.wrapper(name).is_some(), "{line}: {name}"),
                _ => {
                    assert!(table.rules().any(|rule| rule.id == word), "{line}: no rule {word}");
                    named.insert(word.to_owned());
                }
            }
        }
        for test in tests.split_whitespace() {
            assert!(text.contains(&format!("fn {test}(")), "{line}: no test {test}");
        }
        assert!(!stands_for.is_empty() && !tests.is_empty(), "{line}");
    }
    let missing: Vec<_> = table.rules().map(|rule| &rule.id).filter(|id| !named.contains(*id)).collect();
    assert!(missing.is_empty(), "rules that no row names: {missing:?}");
    assert!(rows >= 90, "{rows} rows");
    assert_eq!(coverage.lines().filter(|line| line.starts_with("# ")).count(), 9, "three lines and six parts");
}
