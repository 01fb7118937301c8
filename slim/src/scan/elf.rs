//! What ELF files use: their interpreter, libraries, `dlopen` notes, and the files that their strings name.

use super::{Finding, Scene};
use crate::graph::Rule;
use crate::path::ImagePath;
use crate::tree::Tree;
use goblin::elf::Elf;
use std::collections::{BTreeMap, BTreeSet};

/// Imports that run a program by a name that need not stand in the file.
const EXECUTE: [&str; 9] =
    ["execl", "execlp", "execle", "execv", "execvp", "execvpe", "execve", "posix_spawn", "posix_spawnp"];

/// The directories that the loader searches, and what is in them.
#[derive(Debug)]
pub struct Libraries<'a> {
    tree: &'a Tree,
    by_name: BTreeMap<Vec<u8>, ImagePath>,
    directories: BTreeSet<ImagePath>,
}

impl<'a> Libraries<'a> {
    /// Lists the loader's directories.
    pub fn new(tree: &'a Tree, launch: &crate::launch::Launch, contents: &dyn crate::tree::Contents) -> Self {
        let mut names: Vec<String> = Vec::new();
        for variable in launch.variable("LD_LIBRARY_PATH").into_iter() {
            names.extend(variable.split([':', ';']).filter(|part| part.starts_with('/')).map(str::to_owned));
        }
        for (path, node) in tree.iter() {
            let is_configuration =
                path.as_bytes() == b"etc/ld.so.conf" || path.as_bytes().starts_with(b"etc/ld.so.conf.d/");
            if let Some(file) = node.as_file().filter(|_| is_configuration)
                && let Ok(bytes) = contents.read(&file.content)
            {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                names.extend(text.lines().map(str::trim).filter(|line| line.starts_with('/')).map(str::to_owned));
            }
        }
        names.extend(["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"].map(str::to_owned));
        let mut libraries = Self { tree, by_name: BTreeMap::new(), directories: BTreeSet::new() };
        for name in names {
            let Some((directory, _)) = ImagePath::new(&name).ok().and_then(|path| tree.lookup(&path)) else { continue };
            if !libraries.directories.insert(directory.clone()) {
                continue;
            }
            for (path, node) in tree.children(&directory) {
                if !node.is_directory() {
                    libraries.by_name.entry(path.file_name().to_vec()).or_insert_with(|| path.clone());
                }
            }
        }
        libraries
    }

    /// Whether the loader searches this directory on its own.
    pub fn searches(&self, directory: &ImagePath) -> bool {
        self.directories.contains(directory)
    }

    /// The library of a name in the loader's own directories.
    pub fn named(&self, name: &str) -> Option<&ImagePath> {
        self.by_name.get(name.as_bytes())
    }

    fn find(&self, name: &str, from: &ImagePath, run_paths: &[String]) -> Option<ImagePath> {
        if name.contains('/') {
            return ImagePath::new(name).ok().filter(|path| self.tree.resolve(path).is_ok());
        }
        let origin = from.parent().unwrap_or_else(ImagePath::root).to_text();
        for directory in run_paths {
            let directory = directory.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin);
            if let Some(path) = normalise(&format!("{directory}/{name}")).filter(|path| self.tree.resolve(path).is_ok()) {
                return Some(path);
            }
        }
        self.named(name).cloned()
    }
}

/// Takes `..` out by name, as run paths such as `$ORIGIN/../lib` need.
fn normalise(name: &str) -> Option<ImagePath> {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    ImagePath::new(parts.join("/")).ok()
}

/// Adds what an ELF file uses.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    let elf = match Elf::parse(bytes) {
        Ok(elf) => elf,
        Err(error) => {
            return finding.unknown(path, "header", format!("not readable as ELF: {error}"), "nothing that it needs is followed");
        }
    };
    if let Some(interpreter) = elf.interpreter {
        finding.edges.extend(scene.follow_name(Some(path), interpreter, Rule::Interpreter, "PT_INTERP"));
    }
    let paths = if elf.runpaths.is_empty() { &elf.rpaths } else { &elf.runpaths };
    let run_paths: Vec<String> = paths.iter().flat_map(|list| list.split(':')).map(str::to_owned).collect();
    for name in &elf.libraries {
        match scene.libraries.find(name, path, &run_paths) {
            Some(library) => finding.edges.extend(scene.follow(Some(path), &library, Rule::Needed, name)),
            None if scene.knowledge.is_provided(name) => {}
            None => finding.unknown(path, "DT_NEEDED", format!("{name} is not in the image"), "nothing is kept for it"),
        }
    }
    let imports = elf.dynsyms.iter().filter(|symbol| symbol.is_import());
    finding.imports.extend(imports.filter_map(|symbol| elf.dynstrtab.get_at(symbol.st_name)).map(str::to_owned));
    strings(scene, path, bytes, finding);
}

/// Whether the imports run programs by names that cannot be known.
pub(super) fn executes(imports: &BTreeSet<String>) -> Option<&str> {
    EXECUTE.into_iter().find(|name| imports.contains(*name))
}

fn strings(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    let within = path.to_text();
    let mut start = 0;
    for end in memchr::memchr_iter(0, bytes).chain([bytes.len()]) {
        let offset = start;
        let text = &bytes[offset..end];
        start = end + 1;
        if !(5..=4096).contains(&text.len()) || !text.iter().all(|b| (0x20..0x7f).contains(b)) {
            continue;
        }
        let Ok(text) = std::str::from_utf8(text) else { continue };
        let target = if text.starts_with('/') {
            ImagePath::new(text).ok().filter(|target| !target.is_root() && scene.tree.resolve(target).is_ok())
        } else if text.starts_with("lib") && text.contains(".so") {
            scene.libraries.named(text).cloned()
        } else {
            None
        };
        if let Some(target) = target.filter(|_| !scene.knowledge.ignores(&within, text)) {
            let evidence = format!("{text:?} at offset {offset:#x}");
            finding.edges.extend(scene.follow(Some(path), &target, Rule::String, &evidence));
        }
    }
}
