//! The installed distributions: which modules each has, what it needs, and what plug-ins it offers.
//!
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/> for `*.dist-info`, setuptools' documentation for
//! `*.egg-info`.

use crate::path::ImagePath;
use crate::tree::{Contents, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Parts of the standard library that stay only when something imports them, as distributions do: what builds, installs, tests, draws or
/// documents. `_distutils_system_mod` is Debian's, for setuptools.
const OPTIONAL: [&str; 9] = [
    "_distutils_system_mod",
    "distutils",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "test",
    "tkinter",
    "turtledemo",
];

/// A module that its distribution (setuptools) offers to others, and that names what it takes of the rest.
const OFFERED: &str = "pkg_resources";

/// Metadata above this is not read.
const METADATA_LIMIT: u64 = 1 << 20;

/// Groups of entry points that are for starting programs, which have files of their own.
const SCRIPTS: [&str; 2] = ["console_scripts", "gui_scripts"];

/// Top-level modules of the installed distributions.
#[derive(Debug, Clone, Default)]
pub struct Modules {
    /// The files and directories of a module.
    places: BTreeMap<String, Vec<ImagePath>>,
    /// For each place, all that its distribution consists of.
    distributions: BTreeMap<ImagePath, BTreeSet<ImagePath>>,
    /// One module of a distribution, by the distribution's normalized name.
    names: BTreeMap<String, String>,
    /// The modules of the distributions that offer entry points, by group.
    groups: BTreeMap<String, BTreeSet<String>>,
}

impl Modules {
    /// The modules of every `dist-packages` and `site-packages` of a tree.
    pub fn new(tree: &Tree, contents: &dyn Contents) -> Self {
        let mut places: BTreeMap<String, Vec<ImagePath>> = BTreeMap::new();
        let mut metadata = Vec::new();
        for (path, node) in tree.iter() {
            let parent = path.parent().unwrap_or_else(ImagePath::root);
            let name = String::from_utf8_lossy(path.file_name()).into_owned();
            let optional = || {
                let module = name.strip_suffix(".py").unwrap_or(&name);
                parent.file_name().starts_with(b"python3.") && OPTIONAL.contains(&module)
            };
            if !is_home(&parent) && !optional() {
                continue;
            }
            if is_info(&name) {
                metadata.push((path.clone(), name));
            } else if let Some(module) = module_name(&name, node.is_directory()) {
                places.entry(module.to_owned()).or_default().push(path.clone());
            }
        }
        let mut known = Self { places, ..Self::default() };
        for (path, name) in metadata {
            known.distribution_of(tree, contents, &path, &name);
        }
        known
    }

    /// Adds a distribution: what its metadata speaks of lives together.
    fn distribution_of(&mut self, tree: &Tree, contents: &dyn Contents, path: &ImagePath, name: &str) {
        let parent = path.parent();
        let records = recorded(tree, contents, path);
        let modules = owned_modules(tree, contents, path, name, &records);
        let beside = |place: &&ImagePath| place.parent() == parent;
        let all: BTreeSet<ImagePath> = modules
            .iter()
            .flat_map(|module| self.places.get(module).into_iter().flatten().filter(beside))
            .chain([path])
            .cloned()
            .chain(records.iter().filter_map(|file| beside_code(tree, path, file)))
            .collect();
        let Some(first) = modules.iter().find(|module| self.places.contains_key(*module)) else { return };
        self.names.entry(normalized(name.split('-').next().unwrap_or(name))).or_insert_with(|| first.clone());
        for group in groups(tree, contents, path) {
            self.groups.entry(group).or_default().insert(first.clone());
        }
        let offered = |place: &&ImagePath| place.file_name() == OFFERED.as_bytes();
        for place in &all {
            let others = all.iter().filter(|other| !offered(&place) || *other == place || *other == path);
            self.distributions.entry(place.clone()).or_default().extend(others.cloned());
        }
    }

    /// Where a top-level module is; empty when no distribution has it.
    pub fn places(&self, module: &str) -> &[ImagePath] {
        self.places.get(module).map_or(&[], Vec::as_slice)
    }

    /// Whether a module, by its dotted name, is one of a distribution that is installed for its own sake: not a part of the standard
    /// library, and nothing that installs others, which programs name for many reasons.
    pub fn is_distributed(&self, name: &str) -> bool {
        let top = name.split('.').next().unwrap_or(name);
        let is_tool = OPTIONAL.contains(&top) || super::INSTALLERS.contains(&top) || top == super::DISTUTILS_HACK;
        !is_tool && !self.places(top).is_empty()
    }

    /// All that lives with a place of a module, metadata included.
    pub fn distribution<'a>(&'a self, place: &'a ImagePath) -> impl Iterator<Item = &'a ImagePath> {
        let alone = (!self.distributions.contains_key(place)).then_some(place);
        self.distributions.get(place).into_iter().flatten().chain(alone)
    }

    /// All that comes with a path that is the beginning of a module: `x/__init__.py`, `x.py`.
    pub fn beginning<'a>(&'a self, path: &'a ImagePath) -> Vec<&'a ImagePath> {
        let directory = path.parent().filter(|_| path.file_name() == b"__init__.py");
        let directory = directory.and_then(|directory| {
            let places = self.places(&String::from_utf8_lossy(directory.file_name()));
            places.iter().find(|place| **place == directory)
        });
        match directory {
            Some(directory) => self.distribution(directory).collect(),
            None => self.distributions.get(path).into_iter().flatten().collect(),
        }
    }

    /// A module of a distribution, by the distribution's name.
    pub fn of_distribution(&self, name: &str) -> Option<&str> {
        self.names.get(&normalized(name)).map(String::as_str)
    }

    /// The modules of the distributions that offer entry points of a group.
    pub fn of_group(&self, group: &str) -> impl Iterator<Item = &str> {
        self.groups.get(group).into_iter().flatten().map(String::as_str)
    }
}

/// Where distributions are installed.
pub(super) fn is_home(directory: &ImagePath) -> bool {
    matches!(directory.file_name(), b"dist-packages" | b"site-packages")
}

/// `flask-3.0.3.dist-info`, `Flask-2.2.2.egg-info`.
fn is_info(name: &str) -> bool {
    name.ends_with(".dist-info") || name.ends_with(".egg-info")
}

/// Whether a file belongs to the standard library: below `lib/python3.X`, and not installed there.
pub(in crate::scan) fn is_standard(path: &ImagePath) -> bool {
    let parts: Vec<&[u8]> = path.components().collect();
    let library = parts.windows(2).position(|pair| pair[0] == b"lib" && pair[1].starts_with(b"python3."));
    library.is_some_and(|at| !parts[at..].iter().any(|part| matches!(*part, b"dist-packages" | b"site-packages")))
}

/// Whether a file belongs to one of these modules where modules are installed.
pub(super) fn is_below(path: &ImagePath, modules: &[&str]) -> bool {
    let parts: Vec<&[u8]> = path.components().collect();
    let is_module = |part: &[u8]| modules.iter().any(|module| module.as_bytes() == part);
    parts.windows(2).any(|pair| matches!(pair[0], b"dist-packages" | b"site-packages") && is_module(pair[1]))
}

/// `name.py`, `name.cpython-311-x86_64-linux-gnu.so`, a directory `name`.
fn module_name(name: &str, is_directory: bool) -> Option<&str> {
    let module = match is_directory {
        true => Some(name),
        false => name.strip_suffix(".py").or_else(|| Some(name.strip_suffix(".so")?.split('.').next().unwrap_or(name))),
    };
    module.filter(|module| !module.is_empty() && *module != "__pycache__" && !module.contains(['.', '-']))
}

/// The modules that a distribution's metadata speaks of: those of `top_level.txt`, of `RECORD`, and of the distribution's name.
fn owned_modules(
    tree: &Tree,
    contents: &dyn Contents,
    path: &ImagePath,
    name: &str,
    records: &[String],
) -> Vec<String> {
    let listed = read(tree, contents, path, "top_level.txt").unwrap_or_default();
    let mut modules: Vec<String> = listed.split_whitespace().map(str::to_owned).collect();
    for file in records {
        let (first, rest) = file.split_once('/').unwrap_or((file, ""));
        modules.extend(module_name(first, !rest.is_empty()).map(str::to_owned));
    }
    let distribution = name.split('-').next().unwrap_or(name);
    modules.extend([distribution.to_owned(), distribution.to_lowercase().replace('.', "_")]);
    let mut seen = BTreeSet::new();
    modules.retain(|module| seen.insert(module.clone()));
    modules
}

/// The files that `RECORD` lists, relative to where modules are.
fn recorded(tree: &Tree, contents: &dyn Contents, path: &ImagePath) -> Vec<String> {
    let text = read(tree, contents, path, "RECORD").unwrap_or_default();
    text.lines().filter_map(|line| line.split(',').next()).map(str::to_owned).collect()
}

/// Where a file of `RECORD` is that is no module: a program (`../../../bin/pip`), a file that tells Python of paths (`x.pth`).
fn beside_code(tree: &Tree, info: &ImagePath, file: &str) -> Option<ImagePath> {
    let is_outside = file.starts_with("../");
    let is_path_file = file.ends_with(".pth") && !file.contains('/');
    let path = info.parent()?.join_relative(file).filter(|_| is_outside || is_path_file)?;
    tree.get(&path).is_some_and(|node| !node.is_directory()).then_some(path)
}

/// The groups of a distribution's entry points: the sections of `entry_points.txt`.
fn groups(tree: &Tree, contents: &dyn Contents, path: &ImagePath) -> Vec<String> {
    let text = read(tree, contents, path, "entry_points.txt").unwrap_or_default();
    let sections = text.lines().filter_map(|line| line.trim().strip_prefix('[')?.strip_suffix(']'));
    sections.filter(|group| !SCRIPTS.contains(group)).map(str::to_owned).collect()
}

fn read(tree: &Tree, contents: &dyn Contents, directory: &ImagePath, name: &str) -> Option<String> {
    let (_, node) = tree.lookup(&directory.join(name).ok()?)?;
    let file = node.as_file().filter(|file| file.content.size() <= METADATA_LIMIT)?;
    Some(String::from_utf8_lossy(&contents.read(&file.content).ok()?).into_owned())
}

/// Whether a file says what a distribution needs.
pub(super) fn is_metadata(path: &ImagePath) -> bool {
    let in_info = path.parent().is_some_and(|parent| is_info(&String::from_utf8_lossy(parent.file_name())));
    let is_one = path.file_name().ends_with(b".egg-info");
    in_info && matches!(path.file_name(), b"METADATA" | b"PKG-INFO" | b"requires.txt") || is_one
}

/// The distributions that metadata asks for, with the lines: `Requires-Dist: NAME …`, a line of `requires.txt`. What only an extra asks
/// for is installed by who wants it, and named by who uses it.
pub(super) fn requirements(file: &[u8], text: &str) -> Vec<(usize, String)> {
    let is_list = file == b"requires.txt";
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let wanted = match is_list {
            // `[extra]` and `[:marker]` begin sections.
            true if line.starts_with('[') && !line.starts_with("[:") => break,
            true => Some(line).filter(|line| !line.starts_with('[')),
            // The description follows the first empty line.
            false if line.is_empty() => break,
            false => line.strip_prefix("Requires-Dist:").map(str::trim).filter(|rest| !of_extra(rest)),
        };
        let name = wanted.unwrap_or_default();
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(name.len());
        if end > 0 {
            found.push((index + 1, name[..end].to_owned()));
        }
    }
    found
}

/// Whether only an extra asks for a requirement: `NAME; extra == "x"`.
fn of_extra(requirement: &str) -> bool {
    requirement.split_once(';').is_some_and(|(_, marker)| marker.contains("extra"))
}

/// A distribution's name as names are compared: in lower case, with one `-` for each run of `-`, `_` and `.`.
fn normalized(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{MemoryContents, text};

    const BELOW: &str = "/usr/lib/python3/dist-packages";

    fn texts<'a>(paths: impl IntoIterator<Item = &'a ImagePath>) -> Vec<String> {
        paths.into_iter().map(|path| path.to_text().replace(&format!("{BELOW}/"), "")).collect()
    }

    #[test]
    fn modules_are_known_by_file_directory_and_metadata() {
        let tree = text::tree(&format!(
            "{BELOW}/flask/__init__.py = x\n{BELOW}/Flask-2.2.2.egg-info/top_level.txt = flask\\n\n{BELOW}/six.py = x\n\
             {BELOW}/_x.cpython-311-x86_64-linux-gnu.so = x\n{BELOW}/My_Own.Yaml-6.0.dist-info/RECORD = yaml/__init__.py,sha256=,1\\n_x.so,,\n\
             {BELOW}/yaml/__init__.py = x\n{BELOW}/My_Own.Yaml-6.0.dist-info/entry_points.txt = [console_scripts]\\na = b\\n[x.plugins]\\ny = yaml:z",
        ))
        .unwrap();
        let modules = Modules::new(&tree, &MemoryContents);
        assert_eq!(texts(modules.places("flask")), ["flask"]);
        assert_eq!(texts(modules.distribution(&modules.places("flask")[0])), ["Flask-2.2.2.egg-info", "flask"]);
        let start = ImagePath::literal(&format!("{BELOW}/flask/__init__.py"));
        assert_eq!(texts(modules.beginning(&start)), ["Flask-2.2.2.egg-info", "flask"]);
        assert_eq!(texts(modules.distribution(&modules.places("six")[0])), ["six.py"]);
        let yaml = ["My_Own.Yaml-6.0.dist-info", "_x.cpython-311-x86_64-linux-gnu.so", "yaml"];
        assert_eq!(
            texts(modules.distribution(&modules.places("_x")[0])),
            yaml,
            "modules of one distribution live together"
        );
        assert!(modules.places("Flask-2").is_empty());
        assert_eq!(modules.of_distribution("my-own-yaml"), Some("yaml"));
        assert_eq!(modules.of_group("x.plugins").collect::<Vec<_>>(), ["yaml"]);
        assert_eq!(modules.of_group("console_scripts").count(), 0);
    }

    #[test]
    fn requirements_are_those_without_an_extra() {
        let names = |file: &[u8], text| requirements(file, text).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        let metadata = "Name: x\nRequires-Dist: setuptools (>=3.0)\nRequires-Dist: a.b[c]>=1 ; python_version > '3'\n\
                        Requires-Dist: d; extra == 'e'\n\nRequires-Dist: prose";
        assert_eq!(names(b"METADATA", metadata), ["setuptools", "a.b"]);
        assert_eq!(
            names(b"requires.txt", "setuptools>=3\n\n[:python_version > '3']\nb\n\n[e]\nd"),
            ["setuptools", "b"]
        );
    }

    #[test]
    fn the_standard_library_is_told_from_what_is_installed() {
        let is = |path| is_standard(&ImagePath::literal(path));
        assert!(is("/usr/lib/python3.11/venv/__init__.py") && is("/usr/local/lib/python3.12/a.py"));
        assert!(!is("/usr/local/lib/python3.12/site-packages/a.py") && !is("/usr/lib/python3/dist-packages/a.py"));
    }
}
