//! The start of one program, played through: which objects are loaded, in order, and what is missing.

use super::directory::Directory;
use super::system::{Flavour, System, preload_names};
use super::{Attempt, Found, Loader, Opened};
use crate::elf::{ElfError, Facts};
use crate::path::ImagePath;
use crate::tree::{Inode, Node};
use std::collections::HashMap;
use std::sync::Arc;

/// Objects of one process; real ones have some hundreds.
const OBJECT_LIMIT: usize = 4096;

/// Why an object is in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Role {
    /// What was asked about.
    Root,
    /// The program's interpreter.
    Interpreter,
    /// `LD_PRELOAD` or `/etc/ld.so.preload`.
    Preload,
    /// `DT_NEEDED`.
    Needed,
    /// `DT_FILTER` or `DT_AUXILIARY`.
    Filter,
    /// Stands beside the object before it, for other processors (`glibc-hwcaps`).
    Variant,
    /// Opened at run time (`dlopen`).
    Opened,
}

/// An object of a process.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The file, free of links.
    pub path: ImagePath,
    /// The name under which it was opened, in a link-free directory.
    pub found_as: ImagePath,
    /// Every link on the way to it, directories' included.
    pub links: Vec<ImagePath>,
    /// Names under which others find it without a search.
    pub sonames: Vec<Vec<u8>>,
    /// Why it is there.
    pub role: Role,
    /// The object that asked for it first; the root has none.
    pub needed_by: Option<ImagePath>,
    /// The objects that led to it, the root first, without itself.
    pub via: Vec<ImagePath>,
    /// What it says about itself.
    pub facts: Arc<Facts>,
}

/// A library that a process asks for and does not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name, as written.
    pub name: Vec<u8>,
    /// The object that asks for it.
    pub needed_by: ImagePath,
    /// The objects that led there, the root first, `needed_by` last.
    pub via: Vec<ImagePath>,
    /// Where it was looked for.
    pub searched: Vec<ImagePath>,
    /// A file by that name that cannot be loaded (another machine's, damaged).
    pub unusable: Option<ImagePath>,
    /// The process cannot start without it. Unset for preloads, auxiliary filters and what is opened at run time.
    pub required: bool,
}

/// What the start of one program loads.
#[derive(Debug, Clone, Default)]
pub struct Closure {
    /// The objects, in the loader's order, the root first, its interpreter last.
    pub loaded: Vec<Loaded>,
    /// What cannot be found.
    pub missing: Vec<Missing>,
    /// The root names an interpreter that is not there.
    pub missing_interpreter: Option<Vec<u8>>,
    /// Symbol versions are checked at start: glibc does, musl does not.
    pub checks_versions: bool,
}

impl Closure {
    /// The object that answers to a name.
    pub fn by_name(&self, name: &[u8]) -> Option<&Loaded> {
        self.loaded.iter().find(|object| object.sonames.iter().any(|soname| soname == name))
    }

    /// The object that is a file.
    pub fn by_path(&self, path: &ImagePath) -> Option<&Loaded> {
        self.loaded.iter().find(|object| object.path == *path)
    }
}

/// What makes two names the same file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Identity {
    Inode(Inode),
    Path(ImagePath),
}

struct Object {
    opened: Opened,
    names: Vec<Vec<u8>>,
    role: Role,
    by: Option<usize>,
    /// Search places of its needs, once asked for.
    places: Option<Arc<[Place]>>,
}

/// A step of a search.
#[derive(Clone)]
enum Place {
    Directory(Arc<Directory>),
    /// The entries of `/etc/ld.so.cache`; without those in default directories when these are excluded.
    Cache {
        without_defaults: bool,
    },
}

/// What a search for a name gave.
enum Hit {
    Loaded(usize),
    New(Opened, Vec<Opened>),
    Nothing { searched: Vec<ImagePath>, unusable: Option<ImagePath> },
}

/// A process being started.
pub(super) struct Process<'l, 'a> {
    loader: &'l Loader<'a>,
    system: Arc<System>,
    objects: Vec<Object>,
    missing: Vec<Missing>,
    by_name: HashMap<Vec<u8>, usize>,
    by_file: HashMap<Identity, usize>,
    interpreter: Option<usize>,
    missing_interpreter: Option<Vec<u8>>,
    /// Setuid, setgid or with capabilities: the environment is not trusted (`AT_SECURE`).
    secure: bool,
    next: usize,
}

impl<'l, 'a> Process<'l, 'a> {
    /// Loads the root, its interpreter, preloads and all needs, breadth-first.
    pub(super) fn start(loader: &'l Loader<'a>, root: &ImagePath) -> Result<Self, ElfError> {
        let resolved = loader.tree.resolve(root).map_err(|_| ElfError::NotElf)?;
        let facts = loader.facts(&resolved.path)?;
        let system = loader.system(&facts);
        let secure = loader
            .tree
            .get(&resolved.path)
            .is_some_and(|node| node.mode & 0o6000 != 0 || node.xattrs.contains_key(&b"security.capability"[..]));
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

    fn is_musl(&self) -> bool {
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

    /// Where the needs of an object are searched, in order.
    fn places(&mut self, by: usize) -> Arc<[Place]> {
        if let Some(places) = &self.objects[by].places {
            return Arc::clone(places);
        }
        let mut places = Vec::new();
        let environment = self.loader.environment.library_path.clone().filter(|_| !self.secure);
        let facts = Arc::clone(&self.objects[by].opened.facts);
        if self.is_musl() {
            self.push_list(environment.as_deref(), 0, &mut places);
            // Either tag, from the object up to the program.
            for index in std::iter::successors(Some(by), |index| self.objects[*index].by).collect::<Vec<_>>() {
                let facts = Arc::clone(&self.objects[index].opened.facts);
                self.push_list(facts.runpath.as_deref().or(facts.rpath.as_deref()), index, &mut places);
            }
            for name in &self.system.defaults {
                places.extend(self.loader.directory(name).map(Place::Directory));
            }
        } else {
            if facts.runpath.is_none() {
                let mut chain: Vec<_> = std::iter::successors(Some(by), |index| self.objects[*index].by).collect();
                if chain.last() != Some(&0) {
                    chain.push(0);
                }
                for index in chain {
                    let facts = Arc::clone(&self.objects[index].opened.facts);
                    let rpath = facts.rpath.as_deref().filter(|_| facts.runpath.is_none());
                    self.push_list(rpath, index, &mut places);
                }
            }
            self.push_list(environment.as_deref(), 0, &mut places);
            self.push_list(facts.runpath.as_deref(), by, &mut places);
            if self.loader.cache.is_some() {
                places.push(Place::Cache { without_defaults: facts.no_default_libs });
            } else {
                for name in &self.system.configured {
                    places.extend(self.loader.directory(name).map(Place::Directory));
                }
            }
            for name in self.system.defaults.iter().filter(|_| !facts.no_default_libs) {
                places.extend(self.loader.directory(name).map(Place::Directory));
            }
        }
        let places: Arc<[Place]> = places.into();
        self.objects[by].places = Some(Arc::clone(&places));
        places
    }

    /// The directories of a search path that exist.
    fn push_list(&self, list: Option<&[u8]>, of: usize, places: &mut Vec<Place>) {
        let Some(list) = list else { return };
        // A semicolon separates only in the environment, and never occurs in real paths.
        for part in list.split(|b| matches!(b, b':' | b';')) {
            if self.is_musl() && part.is_empty() {
                continue;
            }
            let Some(name) = self.expanded(of, part) else { continue };
            let whole = self.absolute(&name);
            let Some(directory) = self.loader.directory(&whole) else { continue };
            // A privileged program trusts `$ORIGIN` only where it leads to a directory that is trusted anyway.
            if self.secure && !self.is_musl() && part.contains(&b'$') {
                let trusted =
                    |default: &Vec<u8>| self.loader.directory(default).is_some_and(|d| d.path == directory.path);
                if !self.system.defaults.iter().any(trusted) {
                    continue;
                }
            }
            places.push(Place::Directory(directory));
        }
    }

    /// Puts values for `$ORIGIN`, `$LIB` and `$PLATFORM`, with or without braces. `None` when a loader ignores the whole entry.
    fn expanded(&self, of: usize, text: &[u8]) -> Option<Vec<u8>> {
        if memchr::memchr(b'$', text).is_none() {
            return Some(text.to_vec());
        }
        let origin = self.objects[of].opened.found_as.parent().unwrap_or_else(ImagePath::root).to_absolute();
        let tokens: [(&[u8], &[u8]); 3] =
            [(b"ORIGIN", &origin), (b"LIB", &self.system.lib), (b"PLATFORM", &self.system.platform)];
        let known = if self.is_musl() { &tokens[..1] } else { &tokens[..] };
        let mut out = Vec::new();
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'$', rest) {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            let braced = rest.first() == Some(&b'{');
            let name = rest.strip_prefix(b"{").unwrap_or(rest);
            let token = known.iter().find_map(|(token, value)| {
                let after = name.strip_prefix(*token)?;
                let after = if braced { after.strip_prefix(b"}")? } else { after };
                Some((*value, after))
            });
            match token {
                Some((value, after)) => {
                    out.extend_from_slice(value);
                    rest = after;
                }
                None if self.is_musl() => return None,
                None => out.push(b'$'),
            }
            if out.len() > 1 << 16 {
                return None;
            }
        }
        out.extend_from_slice(rest);
        Some(out)
    }

    fn absolute(&self, name: &[u8]) -> Vec<u8> {
        if name.first() == Some(&b'/') {
            return name.to_vec();
        }
        let here = self.loader.environment.working_directory.clone().unwrap_or_else(ImagePath::root);
        [&here.to_absolute()[..], b"/", name].concat()
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

/// Names that musl takes for itself: all parts of the C library are one file.
fn is_musl_itself(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"lib") else { return false };
    let stem = rest.split(|b| *b == b'.').next().unwrap_or_default();
    rest.len() > stem.len() && [&b"c"[..], b"pthread", b"rt", b"m", b"dl", b"util", b"xnet"].contains(&stem)
}
