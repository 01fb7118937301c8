//! Finders: functions that look at one file in use and say what it uses, each with evidence.
//!
//! A finder never decides what stays; it adds edges to a [`Graph`](crate::graph::Graph), and [`Unknown`]s where the file refers to
//! something that cannot be known without running it.

mod archive;
mod awk;
mod calls;
pub mod charset;
pub mod class;
pub mod config;
mod ctypes;
pub mod elf;
mod environment;
mod exec;
mod folders;
pub mod idle;
mod inline;
pub mod java;
pub mod knowledge;
mod language;
pub mod maintainer;
mod make;
pub mod mention;
pub mod node;
mod options;
mod pages;
pub mod perl;
mod php;
pub mod places;
pub mod plugins;
pub mod programs;
pub mod python;
mod quotes;
pub mod script;
mod seek;
pub mod start;
mod tcl;
pub mod texts;
pub mod zone;

use crate::elf::search::Loader;
use crate::graph::{Edge, Rule, Unknown};
use crate::launch::Launch;
use crate::packages::Inventory;
use crate::path::ImagePath;
use crate::tree::{Contents, File, Kind, Node, ResolveError, Tree};
use language::Language;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Files above this are not read for what they name: no program or configuration is as large.
const SIZE_LIMIT: u64 = 1 << 30;

/// What finders may look at.
pub struct Scene<'a> {
    /// The image's files.
    pub tree: &'a Tree,
    /// Their bytes.
    pub contents: &'a dyn Contents,
    /// How the container starts: search path, working directory.
    pub launch: &'a Launch,
    /// Which package has which file.
    pub inventory: &'a Inventory,
    /// The recipes, matched against this tree.
    pub knowledge: knowledge::Knowledge<'a>,
    /// Where libraries are found.
    pub loader: Loader<'a>,
    /// The modules of Python's installed distributions.
    pub python: python::Modules,
    /// The directories of Perl's `@INC`.
    pub perl: places::Places,
    /// The directories of Node's modules for all programs.
    pub node: places::Places,
    /// Its programs, by their names.
    pub programs: programs::Programs,
    /// What scripts of the application set for the programs that they start.
    pub exports: script::Exports,
    /// The time zones that the image has.
    pub zones: zone::Zones,
    /// The character sets that the image has converters for.
    pub charsets: charset::Charsets,
}

impl std::fmt::Debug for Scene<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scene").field("launch", self.launch).finish_non_exhaustive()
    }
}

/// As what a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// As a program; else as a module, which an interpreter only loads.
    pub runs: bool,
    /// As settings, if it is no code; a rule that keeps a file knows what is in it.
    pub settings: bool,
}

/// What finders found in one file.
#[derive(Debug, Clone, Default)]
pub struct Finding {
    /// What the file uses.
    pub edges: Vec<Edge>,
    /// What it loads without running it: of these files a `#!` line is no use.
    pub loaded: Vec<Edge>,
    /// What it uses that cannot be known.
    pub unknowns: Vec<Unknown>,
    /// Symbols that it imports.
    pub imports: BTreeSet<String>,
    /// Packages that are in use: name, the file because of which, and the id of the rule.
    pub packages: Vec<(String, Option<ImagePath>, String)>,
    /// Files that its script reads into itself: each is read once, however often and however deep it is named.
    pub sourced: BTreeSet<ImagePath>,
    /// Texts for a shell that were read for the file: one that leads to itself is read once.
    pub fed: BTreeSet<u64>,
}

impl Finding {
    /// Notes what cannot be known.
    pub fn unknown(&mut self, at: &ImagePath, place: impl Into<String>, what: impl Into<String>, taken: &str) {
        let (place, what) = (place.into(), what.into());
        self.unknowns.push(Unknown { at: Some(at.clone()), place, what, taken: taken.to_owned() });
    }

    /// Whether a text for a shell is still to be read; from now on it is not.
    fn takes(&mut self, text: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        self.fed.insert(hasher.finish())
    }

    /// Adds what another finder found.
    pub fn extend(&mut self, other: Self) {
        self.edges.extend(other.edges);
        self.loaded.extend(other.loaded);
        self.unknowns.extend(other.unknowns);
        self.imports.extend(other.imports);
        self.packages.extend(other.packages);
        self.sourced.extend(other.sourced);
        self.fed.extend(other.fed);
    }
}

/// Bytes at the start of a file that tell what it is.
const HEAD: usize = 256;

/// Whether a file is a source of a language, by the end of its name or by a word of its first line.
fn is_written_in(path: &ImagePath, bytes: &[u8], ends: &[&str], interpreters: &[&str]) -> bool {
    let name = path.file_name();
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let is_started = |word: &&str| memchr::memmem::find(first, word.as_bytes()).is_some();
    ends.iter().any(|end| name.ends_with(end.as_bytes()))
        || bytes.starts_with(b"#!") && interpreters.iter().any(is_started)
}

/// Whether this is a file of settings: what a program reads below `/etc`, and nobody runs.
pub(crate) fn is_settings(path: &ImagePath, node: &Node) -> bool {
    path.as_bytes().starts_with(b"etc/") && node.as_file().is_some() && !node.is_executable()
}

/// Whether a file is a shared object, by its name: `mod_tls.so`, `libx.so.1`.
pub(crate) fn is_object(path: &ImagePath) -> bool {
    path.file_name().ends_with(b".so") || memchr::memmem::find(path.file_name(), b".so.").is_some()
}

/// Whether a file is of a kind that names what it uses.
fn is_code(path: &ImagePath, head: &[u8]) -> bool {
    head.starts_with(b"\x7fELF")
        || head.starts_with(b"#!")
        || python::is_python(path, head)
        || perl::is_perl(path, head)
        || node::is_node(path, head)
        || java::is_archive(path)
        || class::is_class(head)
        || Language::of(path, head).is_some()
}

/// Folders of libraries that languages' own tools install: they know far more programs and files than the application asks them for, and
/// readers of the language know what is used.
const LIBRARIES: [&[u8]; 9] = [
    b"dist-packages",
    b"gems",
    b"node_modules",
    b"perl5",
    b"site-packages",
    b"site_ruby",
    b"vendor",
    b"vendor_perl",
    b"vendor_ruby",
];

impl Scene<'_> {
    /// Whether a file is the application's own: it belongs to no package, and to no library of a language either.
    fn is_applications(&self, path: &ImagePath) -> bool {
        !self.inventory.is_owned(path) && !path.components().any(|name| LIBRARIES.contains(&name))
    }

    /// The files and links of packages below a folder.
    fn owned_below<'s>(&'s self, folder: &'s ImagePath) -> impl Iterator<Item = &'s ImagePath> {
        let below =
            self.tree.below(folder).filter(|(path, node)| !node.is_directory() && self.inventory.is_owned(path));
        below.map(|(path, _)| path)
    }

    /// What the node at a path uses.
    pub fn scan(&self, path: &ImagePath, Reading { runs, settings }: Reading) -> Finding {
        let mut finding = Finding::default();
        match self.tree.get(path).map(|node| &node.kind) {
            Some(Kind::Symlink(_)) => finding.edges = self.follow(Some(path), path, Rule::Symlink, "its target"),
            Some(Kind::File(file)) if file.content.size() > SIZE_LIMIT => {
                finding.unknown(path, "whole file", "too large to read", "nothing that it names is followed");
            }
            // Most large files are data: their first bytes say so.
            Some(Kind::File(file)) => match self.contents.head(&file.content, HEAD) {
                Ok(head) if !is_code(path, &head) => {
                    let is_page = pages::is_page(path);
                    if settings
                        && (is_page || texts::is_configuration(self, path, file.content.size(), &head))
                        && let Ok(bytes) = self.contents.read(&file.content)
                    {
                        let find = if is_page { pages::find } else { texts::find };
                        find(self, path, &bytes, &mut finding);
                    }
                }
                Err(error) => {
                    finding.unknown(path, "first bytes", error.to_string(), "nothing that it names is followed")
                }
                Ok(_) => self.scan_code(path, file, runs, &mut finding),
            },
            _ => {}
        }
        finding
    }

    fn scan_code(&self, path: &ImagePath, file: &File, runs: bool, finding: &mut Finding) {
        match self.contents.read(&file.content) {
            Ok(bytes) if bytes.starts_with(b"\x7fELF") => elf::find(self, path, &bytes, finding),
            Ok(bytes) => {
                if runs && bytes.starts_with(b"#!") {
                    script::find(self, path, &bytes, finding);
                }
                // Java and Node bring zones of their own.
                if runs && !class::is_class(&bytes) && !node::is_node(path, &bytes) {
                    zone::find(self, Some(path), &bytes, |at| zone::line(&bytes, at), finding);
                }
                let language = Language::of(path, &bytes);
                match language {
                    Some(Language::Awk) => awk::find(self, path, &bytes, finding),
                    Some(Language::Tcl) => tcl::find(self, path, &bytes, finding),
                    Some(language) => {
                        let is_program = runs && bytes.starts_with(b"#!");
                        calls::find(self, path, language, &bytes, finding);
                        if self.is_applications(path) || is_program {
                            texts::paths(self, path, &bytes, finding);
                        } else if !calls::is_standard(path) {
                            folders::quoted(self, path, &bytes, finding);
                        }
                    }
                    None => {}
                }
                if python::is_python(path, &bytes) {
                    python::find(self, path, &bytes, finding);
                } else if perl::is_perl(path, &bytes) {
                    perl::find(self, path, &bytes, finding);
                } else if node::is_node(path, &bytes) {
                    node::find(self, path, &bytes, runs, finding);
                } else if language == Some(Language::Php) {
                    php::find(self, path, &bytes, finding);
                } else if class::is_class(&bytes) && self.is_applications(path) {
                    class::find(self, path, &bytes, finding);
                } else if java::is_archive(path) {
                    java::find(self, path, &bytes, finding);
                }
            }
            Err(error) => finding.unknown(path, "whole file", error.to_string(), "nothing that it names is followed"),
        }
    }

    /// Edges to every file of the image that has a library's name, wherever it lies: for libraries that are found by what only a running
    /// process knows.
    pub fn libraries_named(&self, from: Option<&ImagePath>, name: &[u8], evidence: &str) -> Vec<Edge> {
        let name = String::from_utf8_lossy(name);
        self.libraries_where(from, evidence, &|other| other == name)
    }

    /// As [`Scene::libraries_named`], for every name that fits.
    pub fn libraries_where(&self, from: Option<&ImagePath>, evidence: &str, fits: &dyn Fn(&str) -> bool) -> Vec<Edge> {
        let has_name = |path: &&ImagePath| {
            std::str::from_utf8(path.file_name()).is_ok_and(fits) && !path.as_bytes().starts_with(b"usr/lib/debug/")
        };
        let files = self.tree.iter().filter(|(_, node)| !node.is_directory()).map(|(path, _)| path).filter(has_name);
        files.flat_map(|path| self.follow(from, path, Rule::Needed, evidence)).collect()
    }

    /// Edges to where a path leads, and to every link on the way. Empty when it leads nowhere.
    ///
    /// Directories, and links to them, are used as mere files: a program that names a directory does not use the package that made it.
    pub fn follow(&self, from: Option<&ImagePath>, path: &ImagePath, rule: Rule, evidence: &str) -> Vec<Edge> {
        let Ok(resolved) = self.tree.resolve(path) else { return self.dangling(from, path, rule, evidence) };
        let is_directory = self.tree.get(&resolved.path).is_some_and(|node| node.is_directory());
        let edge = |to: &ImagePath, rule: Rule, evidence: &str| Edge {
            from: from.cloned(),
            to: to.clone(),
            rule,
            evidence: evidence.to_owned(),
            keeps_package: !is_directory,
        };
        let mut edges = Vec::new();
        if Some(&resolved.path) != from {
            edges.push(edge(&resolved.path, rule.clone(), evidence));
        }
        for link in &resolved.links {
            if Some(link) == from {
                continue;
            }
            // A directory's link on the way is no reason to keep a package either.
            let to_directory = self.tree.lookup(link).is_some_and(|(_, node)| node.is_directory());
            let hop = match link == path {
                true => edge(link, rule.clone(), evidence),
                false => edge(link, Rule::Symlink, &format!("on the way of {path}, {evidence}")),
            };
            edges.push(if to_directory { hop.of_file() } else { hop });
        }
        edges
    }

    /// A link that leads nowhere is in use all the same: what it should lead to is missed.
    fn dangling(&self, from: Option<&ImagePath>, path: &ImagePath, rule: Rule, evidence: &str) -> Vec<Edge> {
        let place = self.tree.resolve_parent(path).ok().map(|place| place.path);
        let link = place.filter(|place| self.tree.get(place).is_some_and(|node| node.as_symlink().is_some()));
        let edge = |to| Edge { from: from.cloned(), to, rule, evidence: evidence.to_owned(), keeps_package: false };
        link.filter(|link| Some(link) != from).map(edge).into_iter().collect()
    }

    /// As [`Scene::follow`], for a name as a file writes it; names that are no paths lead nowhere.
    pub fn follow_name(&self, from: Option<&ImagePath>, name: &str, rule: Rule, evidence: &str) -> Vec<Edge> {
        ImagePath::new(name).map(|path| self.follow(from, &path, rule, evidence)).unwrap_or_default()
    }

    /// Edges to a command, looked up along the image's `PATH`; `None` when there is none of this name.
    pub fn command(&self, from: Option<&ImagePath>, name: &str, evidence: &str) -> Option<Vec<Edge>> {
        let path = self.launch.find(self.tree, name).or_else(|| self.launch.broken(self.tree, name))?;
        Some(self.follow(from, &path, Rule::Command, evidence))
    }

    /// Adds what the image's environment names.
    pub fn environment(&self, finding: &mut Finding) {
        environment::find(self, finding);
    }

    /// The file that a command runs, where it really lies.
    fn file_of(&self, command: &str) -> Option<(ImagePath, &Node)> {
        self.launch.find(self.tree, command).and_then(|path| self.tree.lookup(&path))
    }

    /// Whether a word is a program of the image.
    fn is_program(&self, word: &str) -> bool {
        self.file_of(word).is_some_and(|(_, node)| node.is_executable())
    }

    /// The text of a file that a path leads to; `None` when it is none.
    pub fn read(&self, path: &ImagePath) -> Option<Cow<'_, [u8]>> {
        let (_, node) = self.tree.lookup(path)?;
        let file = node.as_file().filter(|file| file.content.size() <= SIZE_LIMIT)?;
        self.contents.read(&file.content).ok()
    }

    /// The first bytes of a file that a path leads to, as many as tell an ELF file.
    fn head(&self, path: &ImagePath) -> Option<Vec<u8>> {
        let file = self.tree.lookup(path)?.1.as_file()?;
        self.contents.head(&file.content, 4).ok()
    }

    /// Why a path leads nowhere, for messages.
    pub fn missing(&self, path: &ImagePath) -> Option<ResolveError> {
        self.tree.resolve(path).err()
    }
}
