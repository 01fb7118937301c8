//! What uses what in an image: paths joined by edges that carry their evidence.

use crate::path::ImagePath;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// Why one file uses another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The image's configuration or the user names it.
    Root,
    /// No package owns it: it is the application.
    Application,
    /// A library that the loader maps (`DT_NEEDED` and its kin).
    Needed,
    /// The loader of an ELF file (`PT_INTERP`).
    Interpreter,
    /// A hop of a symbolic link, or a directory link on the way.
    Symlink,
    /// Another name of the same file.
    HardLink,
    /// The `#!` line of a script.
    Shebang,
    /// A command word of a script.
    Command,
    /// A file that a script reads into itself, or an argument that names a file.
    Source,
    /// A `.note.dlopen` entry.
    Dlopen,
    /// A string in a binary that names a file or a library of the image.
    String,
    /// A directive of a configuration file.
    Config,
    /// A module that a program of a language imports.
    Import,
    /// A shared object that a kept package ships outside the loader's directories.
    Plugin,
    /// A rule of a recipe, by its id.
    Recipe(String),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Application => "application",
            Self::Needed => "needed",
            Self::Interpreter => "interpreter",
            Self::Symlink => "symlink",
            Self::HardLink => "hard link",
            Self::Shebang => "shebang",
            Self::Command => "command",
            Self::Source => "source",
            Self::Dlopen => "dlopen",
            Self::String => "string",
            Self::Config => "config",
            Self::Import => "import",
            Self::Plugin => "plugin",
            Self::Recipe(id) => return write!(f, "recipe {id}"),
        })
    }
}

/// One use.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Edge {
    /// The user; `None` for a root.
    pub from: Option<ImagePath>,
    /// What is used: a path of the tree.
    pub to: ImagePath,
    /// The kind of use.
    pub rule: Rule,
    /// Where it stands: a line, an offset, a word, a recipe's reason.
    pub evidence: String,
    /// Whether the use keeps the package that owns the path, and not the mere file.
    pub keeps_package: bool,
}

impl Edge {
    /// A use of one file by another.
    pub fn new(from: &ImagePath, to: ImagePath, rule: Rule, evidence: impl Into<String>) -> Self {
        Self { from: Some(from.clone()), to, rule, evidence: evidence.into(), keeps_package: true }
    }

    /// A beginning.
    pub fn root(to: ImagePath, rule: Rule, evidence: impl Into<String>) -> Self {
        Self { from: None, to, rule, evidence: evidence.into(), keeps_package: true }
    }

    /// The same use, of the file alone: no reason to keep its package.
    #[must_use]
    pub fn of_file(self) -> Self {
        Self { keeps_package: false, ..self }
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Some(from) => write!(f, "{from} -> {} ({}: {})", self.to, self.rule, self.evidence),
            None => write!(f, "{} ({}: {})", self.to, self.rule, self.evidence),
        }
    }
}

/// A use that cannot be resolved without running the program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Unknown {
    /// The file that it stands in; `None` for the image's configuration.
    pub at: Option<ImagePath>,
    /// Where in the file: `line 12`.
    pub place: String,
    /// What cannot be known.
    pub what: String,
    /// What slim did about it.
    pub taken: String,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{at}, {}: {}; {}", self.place, self.what, self.taken),
            None => write!(f, "{}: {}; {}", self.place, self.what, self.taken),
        }
    }
}

/// All uses that were found, in the order of discovery.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    edges: Vec<Edge>,
    /// Edges by the path they lead to.
    into: BTreeMap<ImagePath, Vec<usize>>,
    unknowns: Vec<Unknown>,
}

impl Graph {
    /// Adds a use; whether the path was not reached before.
    pub fn add(&mut self, edge: Edge) -> bool {
        let into = self.into.entry(edge.to.clone()).or_default();
        let new = into.is_empty();
        let known =
            into.iter().any(|index| self.edges[*index].from == edge.from && self.edges[*index].rule == edge.rule);
        if !known {
            into.push(self.edges.len());
            self.edges.push(edge);
        }
        new
    }

    /// Notes what cannot be known.
    pub fn note(&mut self, unknown: Unknown) {
        self.unknowns.push(unknown);
    }

    /// All edges, in the order of discovery.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// What cannot be known, in the order of discovery.
    pub fn unknowns(&self) -> &[Unknown] {
        &self.unknowns
    }

    /// The edges that lead to a path.
    pub fn uses_of(&self, path: &ImagePath) -> impl Iterator<Item = &Edge> {
        self.into.get(path).into_iter().flatten().map(|index| &self.edges[*index])
    }

    /// Whether something leads to the path.
    pub fn reaches(&self, path: &ImagePath) -> bool {
        self.into.contains_key(path)
    }

    /// Every reached path, in path order.
    pub fn reached(&self) -> impl Iterator<Item = &ImagePath> {
        self.into.keys()
    }

    /// How many uses it takes from a root to each path: 1 at a root.
    pub fn depths(&self) -> BTreeMap<&ImagePath, usize> {
        let mut out: BTreeMap<&ImagePath, Vec<&ImagePath>> = BTreeMap::new();
        let mut depths = BTreeMap::new();
        let mut queue = VecDeque::new();
        for edge in &self.edges {
            match &edge.from {
                Some(from) => out.entry(from).or_default().push(&edge.to),
                None => {
                    if depths.insert(&edge.to, 1).is_none() {
                        queue.push_back(&edge.to);
                    }
                }
            }
        }
        while let Some(here) = queue.pop_front() {
            let next = depths.get(here).map_or(1, |depth| depth + 1);
            for to in out.get(here).into_iter().flatten() {
                depths.entry(*to).or_insert_with(|| {
                    queue.push_back(*to);
                    next
                });
            }
        }
        depths
    }

    /// The shortest chain of uses from a root to the path, root first. Among equally short ones, the one found first.
    pub fn why(&self, path: &ImagePath) -> Option<Vec<&Edge>> {
        // Backwards from the path: the first root met is the nearest.
        let mut next: BTreeMap<&ImagePath, usize> = BTreeMap::new();
        let mut queue = VecDeque::from([path]);
        while let Some(here) = queue.pop_front() {
            for index in self.into.get(here)? {
                let edge = &self.edges[*index];
                let Some(from) = &edge.from else {
                    let mut chain = vec![edge];
                    let mut at = here;
                    while at != path {
                        let edge = &self.edges[*next.get(at)?];
                        chain.push(edge);
                        at = &edge.to;
                    }
                    return Some(chain);
                };
                if from != path && !next.contains_key(from) && self.into.contains_key(from) {
                    next.insert(from, *index);
                    queue.push_back(from);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> ImagePath {
        ImagePath::literal(name)
    }

    fn graph(uses: &[&str]) -> Graph {
        let mut graph = Graph::default();
        for line in uses {
            match line.split_once(" -> ") {
                Some((from, to)) => graph.add(Edge::new(&path(from), path(to), Rule::Needed, "")),
                None => graph.add(Edge::root(path(line), Rule::Root, "entrypoint")),
            };
        }
        graph
    }

    fn why(graph: &Graph, to: &str) -> Option<Vec<String>> {
        Some(graph.why(&path(to))?.iter().map(|edge| edge.to.to_text()).collect())
    }

    #[test]
    fn why_gives_the_shortest_chain() {
        let graph = graph(&["/a", "/a -> /b", "/b -> /c", "/c -> /d", "/a -> /c", "/d -> /a"]);
        assert_eq!(why(&graph, "/d").unwrap(), ["/a", "/c", "/d"]);
        assert_eq!(why(&graph, "/a").unwrap(), ["/a"]);
        assert_eq!(why(&graph, "/z"), None);
    }

    #[test]
    fn depths_count_from_the_nearest_root() {
        let graph = graph(&["/a", "/a -> /b", "/b -> /c", "/c", "/y -> /z"]);
        let depths: Vec<_> = graph.depths().into_iter().map(|(path, depth)| (path.to_text(), depth)).collect();
        assert_eq!(depths, [("/a".into(), 1), ("/b".into(), 2), ("/c".into(), 1)]);
    }

    #[test]
    fn a_loop_without_a_root_has_no_chain() {
        assert_eq!(why(&graph(&["/a -> /b", "/b -> /a"]), "/b"), None);
    }

    #[test]
    fn the_same_use_is_kept_once() {
        let graph = graph(&["/a", "/a -> /b", "/a -> /b"]);
        assert_eq!(graph.edges().len(), 2);
        assert_eq!(graph.uses_of(&path("/b")).count(), 1);
    }
}
