//! What would have kept something: who names it although not in use, which rules are closed, who depends on it.

use super::{Case, Target, owner};
use crate::graph::{Edge, Graph, Rule};
use crate::packages::dpkg::dependencies::Dependency;
use crate::path::ImagePath;
use crate::reach::Reach;
use crate::report::{DependantReport, Explanation, MentionReport, RuleReport};
use recipes::{PatternError, Patterns, Recipes};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Directories of commands.
const COMMANDS: [&str; 8] =
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/", "/usr/games/", "/opt/"];

/// Most commands that are proposed as roots.
const PROPOSED: usize = 3;

/// Fills in why nothing keeps a target. `everything` is what would be in use if every package were: its uses of the target are those that
/// could have kept it.
///
/// # Errors
/// When a recipe's pattern is malformed.
pub fn why_not(
    case: Case<'_>,
    target: &Target,
    everything: &Reach,
    recipes: &Recipes,
    dependencies: &[Dependency],
    explanation: &mut Explanation,
) -> Result<(), PatternError> {
    let paths: BTreeSet<&ImagePath> = match target {
        Target::Path(path) => BTreeSet::from([path]),
        Target::Package(index) => {
            let owned = case.inventory.owned().filter(|(_, owners)| owners.contains(index)).map(|(path, _)| path);
            // A link to a directory, such as /lib, is on the way of everything.
            owned.filter(|path| case.tree.lookup(path).is_some_and(|(_, node)| !node.is_directory())).collect()
        }
    };
    let name = match target {
        Target::Package(index) => Some(&case.inventory.packages()[*index]),
        Target::Path(path) => case.inventory.owners(path).next(),
    };
    explanation.mentions = mentions(case, &everything.graph, &paths, matches!(target, Target::Package(_)));
    explanation.rules = rules(recipes, &paths, name.map(|package| package.name.as_str()), &case.reach.graph)?;
    if let (Target::Package(_), Some(package)) = (target, name) {
        let key = format!("{}:{}", package.name, package.architecture);
        explanation.dependants = dependants(case, dependencies, &key);
    }
    explanation.remedies = remedies(explanation, target, case, &paths);
    Ok(())
}

/// Uses by files outside the target, nearest to what is in use first.
fn mentions(case: Case<'_>, all: &Graph, paths: &BTreeSet<&ImagePath>, of_package: bool) -> Vec<MentionReport> {
    let distances = distances(all, &case.reach.graph);
    let mut found: BTreeMap<(usize, &ImagePath, &ImagePath), &Edge> = BTreeMap::new();
    for path in paths {
        for edge in all.uses_of(path) {
            let Some(from) = &edge.from else { continue };
            if paths.contains(from) || edge.rule == Rule::Plugin || matches!(edge.rule, Rule::HardLink) {
                continue;
            }
            let distance = distances.get(from).copied().unwrap_or(usize::MAX);
            found.entry((distance, from, path)).or_insert(edge);
        }
    }
    let mut seen = BTreeSet::new();
    let mut reports = Vec::new();
    for ((_, from, to), edge) in found {
        // One use by each package is enough to tell of a package.
        let user = owner(case.inventory, from).unwrap_or_else(|| from.to_text());
        if of_package && !seen.insert(user) {
            continue;
        }
        reports.push(MentionReport {
            from: from.to_text(),
            package: owner(case.inventory, from),
            to: to.to_text(),
            rule: edge.rule.to_string(),
            evidence: edge.evidence.clone(),
            but: but(case, from, edge),
        });
    }
    reports
}

/// Why a use keeps nothing.
fn but(case: Case<'_>, from: &ImagePath, edge: &Edge) -> String {
    if case.reach.graph.reaches(from) {
        return match edge.keeps_package {
            false => format!("{from} is in use, but uses it as a mere file, which keeps no package"),
            true => format!("{from} is in use as data or as a module, and not run"),
        };
    }
    match case.inventory.owner_indexes(from).first() {
        None => "nothing in use leads there".to_owned(),
        Some(index) => {
            let name = &case.inventory.packages()[*index].name;
            match case.reach.packages.contains_key(index) {
                true => format!("{name} stays, but nothing in use leads to this file of it"),
                false => format!("nothing in use leads to {name} either"),
            }
        }
    }
}

/// How many uses it takes from what is in use to each path.
fn distances<'a>(all: &'a Graph, used: &'a Graph) -> BTreeMap<&'a ImagePath, usize> {
    let mut out: BTreeMap<&ImagePath, Vec<&ImagePath>> = BTreeMap::new();
    for edge in all.edges() {
        if let Some(from) = &edge.from {
            out.entry(from).or_default().push(&edge.to);
        }
    }
    let mut distances: BTreeMap<&ImagePath, usize> = used.reached().map(|path| (path, 0)).collect();
    let mut queue: VecDeque<&ImagePath> = used.reached().collect();
    while let Some(here) = queue.pop_front() {
        let next = distances.get(here).map_or(0, |distance| distance + 1);
        for to in out.get(here).into_iter().flatten() {
            distances.entry(to).or_insert_with(|| {
                queue.push_back(to);
                next
            });
        }
    }
    distances
}

/// Rules that would keep the target and were not applied, in the order of the recipes.
fn rules(
    recipes: &Recipes,
    paths: &BTreeSet<&ImagePath>,
    package: Option<&str>,
    used: &Graph,
) -> Result<Vec<RuleReport>, PatternError> {
    let texts: Vec<String> = paths.iter().map(|path| path.to_text()).collect();
    let covers = |patterns: &[String]| -> Result<bool, PatternError> {
        let patterns = Patterns::new(patterns.iter().map(String::as_str))?;
        Ok(texts.iter().any(|text| patterns.matches(text)))
    };
    let applied: BTreeSet<&str> = used
        .edges()
        .iter()
        .filter_map(|edge| match &edge.rule {
            Rule::Recipe(id) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    for rule in recipes.rules().filter(|rule| !applied.contains(rule.id.as_str())) {
        let gate = covers(&rule.gate)?;
        let names = Patterns::new(rule.packages.iter().map(String::as_str))?;
        let command =
            |command: &String| texts.iter().any(|text| text.rsplit('/').next() == Some(command) && is_command(text));
        let keeps = gate
            || covers(&rule.keep)?
            || covers(&rule.keep_files)?
            || covers(&rule.library)?
            || package.is_some_and(|name| names.matches(name))
            || rule.commands.iter().any(command);
        if keeps {
            let (rule_id, because) = (rule.id.clone(), rule.because.clone());
            found.push(RuleReport { rule: rule_id, because, gate, when: conditions(rule) });
        }
    }
    Ok(found)
}

/// Facts as sentences.
fn conditions(rule: &recipes::Rule) -> Vec<String> {
    let when = &rule.when;
    let each = |list: &[String], say: fn(&str) -> String| list.iter().map(|item| say(item)).collect::<Vec<_>>();
    let mut all = each(&when.reached, |pattern| format!("{pattern} is in use"));
    all.extend(each(&when.present, |pattern| format!("{pattern} exists")));
    all.extend(each(&when.imports, |symbol| format!("a binary that is in use imports {symbol}")));
    all.extend(each(&when.mentions, |text| format!("the application or its configuration holds {text:?}")));
    all.extend(each(&when.packages, |package| format!("package {package} is kept")));
    all.extend(each(&when.env, |variable| format!("the image sets {variable}")));
    let companions = when.only_with.join(" or ");
    let named = rule.named.map(|_| "it is named there, or by the application or its configuration");
    for fact in &mut all {
        fact.extend((!companions.is_empty()).then(|| format!(", with {companions} in use")));
        fact.extend(named.map(|named| format!(", and {named}")));
    }
    all
}

fn dependants(case: Case<'_>, dependencies: &[Dependency], key: &str) -> Vec<DependantReport> {
    let of = |dependency: &Dependency| {
        let index = case.inventory.find(&dependency.by)?;
        Some(DependantReport {
            package: case.inventory.packages()[index].name.clone(),
            kept: case.reach.packages.contains_key(&index),
            relation: dependency.relation.clone(),
        })
    };
    let asks = dependencies.iter().filter(|dependency| dependency.satisfied_by.iter().any(|other| other == key));
    let mut found: Vec<_> = asks.filter_map(of).collect();
    found.sort_by(|a, b| (!a.kept, &a.package, &a.relation).cmp(&(!b.kept, &b.package, &b.relation)));
    found.dedup();
    found
}

fn remedies(explanation: &Explanation, target: &Target, case: Case<'_>, paths: &BTreeSet<&ImagePath>) -> Vec<String> {
    if explanation.kept {
        return Vec::new();
    }
    let keep = match target {
        Target::Package(index) => case.inventory.packages()[*index].name.clone(),
        Target::Path(path) => path.to_text(),
    };
    let mut remedies = vec![format!("--keep {}", word(&keep))];
    let commands = paths.iter().map(|path| path.to_text()).filter(|path| is_command(path));
    let named = |path: &String| path.rsplit('/').next() != Some(keep.as_str());
    let mut commands: Vec<String> = commands.collect();
    commands.sort_by_key(|path| (named(path), path.clone()));
    // What names it may be a command too, whose caller slim does not see.
    let callers = explanation.mentions.iter().map(|mention| &mention.from).filter(|from| is_command(from));
    commands.truncate(PROPOSED);
    commands.extend(callers.take(PROPOSED).cloned());
    let mut seen = BTreeSet::new();
    let news = commands.into_iter().filter(|command| seen.insert(command.clone()));
    remedies.extend(news.map(|command| format!("--root {}", word(&command))));
    remedies
}

fn is_command(path: &str) -> bool {
    COMMANDS.iter().any(|directory| path.starts_with(directory))
}

/// As one word of a shell.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
