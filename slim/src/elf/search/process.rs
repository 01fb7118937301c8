//! The start of one program, played through: the interpreter, preloads, and needs breadth-first.

use super::closure::{Closure, Loaded, Missing, Role};
use super::places::Place;
use super::system::{Flavour, System, preload_names};
use super::{Attempt, Found, Loader, Opened};
use crate::elf::ElfError;
use crate::path::ImagePath;
use crate::tree::{Inode, Node};
use std::collections::HashMap;
use std::sync::Arc;

/// Objects of one process; real ones have some hundreds.
const OBJECT_LIMIT: usize = 4096;

/// What makes two names the same file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Identity {
    Inode(Inode),
    Path(ImagePath),
}

pub(super) struct Object {
    pub(super) opened: Opened,
    names: Vec<Vec<u8>>,
    role: Role,
    pub(super) by: Option<usize>,
    /// Search places of its needs, once asked for.
    pub(super) places: Option<Arc<[Place]>>,
}

/// What a search for a name gave.
enum Hit {
    Loaded(usize),
    New(Opened, Vec<Opened>),
    Nothing { searched: Vec<ImagePath>, unusable: Option<ImagePath> },
}

/// A process being started.
pub(super) struct Process<'l, 'a> {
    pub(super) loader: &'l Loader<'a>,
    pub(super) system: Arc<System>,
    pub(super) objects: Vec<Object>,
    missing: Vec<Missing>,
    by_name: HashMap<Vec<u8>, usize>,
    by_file: HashMap<Identity, usize>,
    interpreter: Option<usize>,
    missing_interpreter: Option<Vec<u8>>,
    /// The program gains privileges: the environment is not trusted (`AT_SECURE`).
    pub(super) secure: bool,
    next: usize,
}

impl<'l, 'a> Process<'l, 'a> {
    /// Loads the root, its interpreter, preloads and all needs, breadth-first.
    pub(super) fn start(loader: &'l Loader<'a>, root: &ImagePath) -> Result<Self, ElfError> {
        let resolved = loader.tree.resolve(root).map_err(|_| ElfError::NotElf)?;
        let facts = loader.facts(&resolved.path)?;
        let system = loader.system(&facts);
        let secure =
            loader.tree.get(&resolved.path).is_some_and(|node| gains_privileges(node, loader.environment.user));
        let mut process = Self {
            loader,
            system,
            objects: Vec::new(),
            missing: Vec::new(),
            by_name: HashMap::new(),
            by_file: HashMap::new(),
            interpreter: None,
            missing_interpreter: None,
            secure,
            next: 0,
        };
        // The kernel gives the program's real path: `$ORIGIN` of the root is free of links.
        let opened = Opened { path: resolved.path.clone(), found_as: resolved.path, links: resolved.links, facts };
        process.add(opened, Role::Root, None, None);
        process.add_interpreter()?;
        process.add_preloads()?;
        process.run()?;
        Ok(process)
    }

    pub(super) fn is_musl(&self) -> bool {
        self.system.flavour == Flavour::Musl
    }

    fn identity(&self, path: &ImagePath) -> Identity {
        let inode = self.loader.tree.get(path).and_then(Node::as_file).and_then(|file| file.inode);
        inode.map_or_else(|| Identity::Path(path.clone()), Identity::Inode)
    }

    /// Adds an object, or finds that it is there under another name.
    fn add(&mut self, opened: Opened, role: Role, by: Option<usize>, name: Option<&[u8]>) -> Option<usize> {
        let identity = self.identity(&opened.path);
        let known = self.by_file.get(&identity).copied();
        if known.is_none() && self.objects.len() == OBJECT_LIMIT {
            return None;
        }
        let index = known.unwrap_or(self.objects.len());
        if known.is_none() {
            let soname = opened.facts.soname.clone().filter(|_| !self.is_musl());
            self.objects.push(Object { opened, names: Vec::new(), role, by, places: None });
            self.by_file.insert(identity, index);
            if role != Role::Variant {
                self.answers_to(index, soname.as_deref());
            }
        }
        if role != Role::Variant {
            self.answers_to(index, name);
        }
        Some(index)
    }

    fn answers_to(&mut self, index: usize, name: Option<&[u8]>) {
        if let Some(name) = name {
            self.by_name.entry(name.to_vec()).or_insert(index);
            let names = &mut self.objects[index].names;
            if !names.iter().any(|known| known == name) {
                names.push(name.to_vec());
            }
        }
    }

    fn add_interpreter(&mut self) -> Result<(), ElfError> {
        let root = Arc::clone(&self.objects[0].opened.facts);
        let name = root.interpreter.clone().unwrap_or_else(|| self.system.interpreter.clone());
        if root.interpreter.is_none() && root.needed.is_empty() {
            return Ok(());
        }
        let attempt = match ImagePath::new(&name) {
            Ok(path) => self.loader.open(&path, &[], root.abi())?,
            Err(_) => Attempt::Absent,
        };
        match attempt {
            Attempt::Opened(opened) => {
                let short = name.rsplit(|b| *b == b'/').next().map(<[u8]>::to_vec);
                self.interpreter = self.add(opened, Role::Interpreter, Some(0), short.as_deref());
                if let Some(index) = self.interpreter {
                    self.answers_to(index, Some(&name));
                }
            }
            _ if root.interpreter.is_some() => self.missing_interpreter = Some(name),
            _ => {}
        }
        Ok(())
    }

    fn add_preloads(&mut self) -> Result<(), ElfError> {
        if !self.objects[0].opened.facts.is_dynamic {
            return Ok(());
        }
        let listed = self.loader.environment.preload.clone().unwrap_or_default();
        let from_environment = preload_names(&listed).filter(|_| !self.secure).map(<[u8]>::to_vec);
        let names: Vec<_> = from_environment.chain(self.system.preload.iter().cloned()).collect();
        for name in names {
            self.need(0, &name, Role::Preload, false)?;
        }
        Ok(())
    }

    /// Loads what the objects ask for, in order, until nobody asks for anything new.
    fn run(&mut self) -> Result<(), ElfError> {
        while self.next < self.objects.len() {
            let index = self.next;
            self.next += 1;
            let facts = Arc::clone(&self.objects[index].opened.facts);
            // Filters replace symbols of their object and are mapped before its needs. musl knows none.
            if !self.is_musl() {
                for name in &facts.auxiliary {
                    self.need(index, name, Role::Filter, false)?;
                }
                for name in &facts.filter {
                    self.need(index, name, Role::Filter, true)?;
                }
            }
            for name in &facts.needed {
                self.need(index, name, Role::Needed, true)?;
            }
        }
        Ok(())
    }

    fn need(&mut self, by: usize, name: &[u8], role: Role, required: bool) -> Result<Option<usize>, ElfError> {
        let name = &self.expanded(by, name).unwrap_or_else(|| name.to_vec());
        Ok(match self.search(by, name)? {
            Hit::Loaded(index) => {
                self.answers_to(index, Some(name));
                Some(index)
            }
            Hit::New(opened, variants) => {
                // musl answers to a name only where it found the object by a search.
                let heard = Some(&name[..]).filter(|name| !self.is_musl() || !name.contains(&b'/'));
                let index = self.add(opened, role, Some(by), heard);
                for variant in variants {
                    self.add(variant, Role::Variant, Some(by), None);
                }
                index
            }
            Hit::Nothing { searched, unusable } => {
                let via = self.chain(by);
                let needed_by = self.objects[by].opened.path.clone();
                let same = |m: &Missing| m.name == *name && m.needed_by == needed_by;
                if !self.missing.iter().any(same) {
                    self.missing.push(Missing { name: name.clone(), needed_by, via, searched, unusable, required });
                }
                None
            }
        })
    }

    fn search(&mut self, by: usize, name: &[u8]) -> Result<Hit, ElfError> {
        if self.is_musl()
            && is_musl_itself(name)
            && let Some(index) = self.interpreter
        {
            return Ok(Hit::Loaded(index));
        }
        if let Some(index) = self.by_name.get(name) {
            return Ok(Hit::Loaded(*index));
        }
        let abi = self.objects[0].opened.facts.abi();
        let mut searched = Vec::new();
        if name.contains(&b'/') {
            let whole = self.absolute(name);
            let Some((path, links)) = place_of(self.loader, &whole) else {
                searched.extend(ImagePath::new(&whole).ok());
                return Ok(Hit::Nothing { searched, unusable: None });
            };
            return Ok(match self.loader.open(&path, &links, abi)? {
                Attempt::Opened(opened) => Hit::New(opened, Vec::new()),
                Attempt::Absent => Hit::Nothing { searched: vec![path], unusable: None },
                Attempt::Foreign(at) | Attempt::Unusable(at) => {
                    Hit::Nothing { searched: vec![path], unusable: Some(at) }
                }
            });
        }
        let mut unusable = None;
        let mut variants = Vec::new();
        for place in self.places(by).iter() {
            let candidates: Vec<(ImagePath, &[ImagePath])> = match place {
                Place::Directory(directory) => {
                    for variant in directory.variants.iter().filter(|_| !self.is_musl()) {
                        let Ok(path) = variant.join(name) else { continue };
                        if let Attempt::Opened(opened) = self.loader.open(&path, &directory.links, abi)? {
                            variants.push(opened);
                        }
                    }
                    directory.path.join(name).into_iter().map(|path| (path, &directory.links[..])).collect()
                }
                Place::Cache { without_defaults } => self.cached(name, *without_defaults),
            };
            for (path, links) in candidates {
                match self.loader.open(&path, links, abi)? {
                    Attempt::Opened(opened) => return Ok(Hit::New(opened, variants)),
                    Attempt::Absent => {}
                    // glibc goes on past files of another machine; musl, and glibc for damaged files, give up.
                    Attempt::Foreign(at) if !self.is_musl() => unusable = Some(at),
                    Attempt::Foreign(at) | Attempt::Unusable(at) => {
                        searched.push(path);
                        return Ok(Hit::Nothing { searched, unusable: Some(at) });
                    }
                }
                searched.push(path);
            }
        }
        Ok(Hit::Nothing { searched, unusable })
    }

    fn cached(&self, name: &[u8], without_defaults: bool) -> Vec<(ImagePath, &[ImagePath])> {
        let entries = self.loader.cache.as_ref().and_then(|cache| cache.get(name)).map_or(&[][..], Vec::as_slice);
        let is_default = |path: &ImagePath| {
            self.system.defaults.iter().any(|default| path.parent().is_some_and(|at| at.to_absolute() == *default))
        };
        let usable = |path: &&ImagePath| !without_defaults || !is_default(path);
        entries.iter().filter(usable).map(|path| (path.clone(), &[][..])).collect()
    }

    /// The objects that led to one, the root first, itself last.
    fn chain(&self, of: usize) -> Vec<ImagePath> {
        let mut chain: Vec<_> = std::iter::successors(Some(of), |index| self.objects[*index].by)
            .map(|index| self.objects[index].opened.path.clone())
            .collect();
        chain.reverse();
        chain
    }

    fn opener(&self, by: &ImagePath) -> usize {
        self.by_file.get(&self.identity(by)).copied().unwrap_or(0)
    }

    /// Opens a library at run time and loads what it needs.
    pub(super) fn open(&mut self, by: &ImagePath, name: &[u8]) -> Result<(), ElfError> {
        self.need(self.opener(by), name, Role::Opened, false)?;
        self.run()
    }

    /// Looks for a library without loading it.
    pub(super) fn find(mut self, by: &ImagePath, name: &[u8]) -> Result<Option<Found>, ElfError> {
        let by = self.opener(by);
        let Some(name) = self.expanded(by, name) else { return Ok(None) };
        let (opened, already_loaded) = match self.search(by, &name)? {
            Hit::Loaded(index) => (self.objects.swap_remove(index).opened, true),
            Hit::New(opened, _) => (opened, false),
            Hit::Nothing { .. } => return Ok(None),
        };
        Ok(Some(Found { path: opened.path, found_as: opened.found_as, links: opened.links, already_loaded }))
    }

    pub(super) fn finish(self) -> Closure {
        let chains: Vec<_> = self.objects.iter().map(|object| object.by.map(|by| self.chain(by))).collect();
        let checks_versions = !self.is_musl();
        let objects = self.objects.into_iter().zip(chains).map(|(object, chain)| {
            let via = chain.unwrap_or_default();
            let Opened { path, found_as, links, facts } = object.opened;
            let (role, sonames) = (object.role, object.names);
            Loaded { path, found_as, links, sonames, role, needed_by: via.last().cloned(), via, facts }
        });
        let (last, mut loaded): (Vec<_>, Vec<_>) = objects.partition(|object| object.role == Role::Interpreter);
        loaded.extend(last);
        Closure { loaded, missing: self.missing, missing_interpreter: self.missing_interpreter, checks_versions }
    }
}

/// A path with `..` and links among its directories, as a name in a link-free directory.
fn place_of(loader: &Loader<'_>, whole: &[u8]) -> Option<(ImagePath, Vec<ImagePath>)> {
    let cut = whole.iter().rposition(|b| *b == b'/')?;
    let directory = loader.directory(if cut == 0 { b"/" } else { &whole[..cut] })?;
    Some((directory.path.join(&whole[cut + 1..]).ok()?, directory.links.clone()))
}

/// Whether the kernel gives a program more than its user has (`AT_SECURE`: credentials(7), capabilities(7)). A setuid file of the
/// user's own gains nothing, and root has every capability already.
fn gains_privileges(node: &Node, user: Option<(u32, u32)>) -> bool {
    let setuid = node.mode & 0o4000 != 0;
    // Without the group's execute bit, setgid has other meanings.
    let setgid = node.mode & 0o2010 == 0o2010;
    let capable = node.xattrs.contains_key(&b"security.capability"[..]);
    match user {
        Some((uid, gid)) => (setuid && node.uid != uid) || (setgid && node.gid != gid) || (capable && uid != 0),
        None => setuid || setgid || capable,
    }
}

/// Names that musl takes for itself: all parts of the C library are one file.
fn is_musl_itself(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"lib") else { return false };
    let stem = rest.split(|b| *b == b'.').next().unwrap_or_default();
    rest.len() > stem.len() && [&b"c"[..], b"pthread", b"rt", b"m", b"dl", b"util", b"xnet"].contains(&stem)
}
