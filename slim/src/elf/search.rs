//! What the dynamic loader would load, and from where: ld.so(8) for glibc, `ldso/dynlink.c` for musl.
//!
//! A [`Loader`] knows a tree; [`Loader::closure`] plays the start of one program in it. Which loader's rules hold is decided by the
//! program's own interpreter. Where the answer depends on the machine that runs the image (`glibc-hwcaps` directories), the baseline
//! is what must work, and every variant is listed beside it.

mod closure;
mod directory;
mod places;
mod process;
mod system;

pub use closure::{Closure, Loaded, Missing, Role};

use super::{Class, ElfError, Facts, FactsCache};
use crate::path::ImagePath;
use crate::tree::{Contents, Node, ResolveError, Tree};
use directory::Directory;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use system::System;

/// The variables of a process that its loader heeds, and its working directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `LD_LIBRARY_PATH`, as written.
    pub library_path: Option<Vec<u8>>,
    /// `LD_PRELOAD`, as written.
    pub preload: Option<Vec<u8>>,
    /// `PATH`, as written: for what `/usr/bin/env` and shells find.
    pub path: Option<Vec<u8>>,
    /// Where relative search paths begin; the root when it is not known.
    pub working_directory: Option<ImagePath>,
    /// User and group that programs are started as. Unless known, every setuid, setgid or capable program is taken to gain
    /// privileges, and then it does not heed the variables.
    pub user: Option<(u32, u32)>,
}

impl Environment {
    /// Takes what matters from `NAME=VALUE` lines, as an image's configuration has them. A later line wins.
    pub fn from_variables<'v>(variables: impl IntoIterator<Item = &'v str>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables.into_iter().filter_map(|line| line.split_once('=')) {
            let value = Some(value.as_bytes().to_vec());
            match name {
                "LD_LIBRARY_PATH" => environment.library_path = value,
                "LD_PRELOAD" => environment.preload = value,
                "PATH" => environment.path = value,
                _ => {}
            }
        }
        environment
    }
}

/// What `/etc/ld.so.cache` says: paths by library name, best first.
pub type LibraryCache = BTreeMap<Vec<u8>, Vec<ImagePath>>;

/// Word size, byte order and machine.
pub(super) type Abi = (Class, bool, u16);

/// Loaders by interpreter and ABI.
type Systems = HashMap<(Vec<u8>, Abi), Arc<System>>;

/// Finds libraries in a tree. It can be shared by threads.
pub struct Loader<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) contents: &'a dyn Contents,
    pub(crate) environment: Environment,
    facts: Arc<FactsCache>,
    cache: Option<LibraryCache>,
    directories: RwLock<HashMap<Vec<u8>, Option<Arc<Directory>>>>,
    systems: RwLock<Systems>,
}

impl std::fmt::Debug for Loader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loader").field("environment", &self.environment).finish_non_exhaustive()
    }
}

/// A library that a running program would open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file, free of links.
    pub path: ImagePath,
    /// The name under which it was opened: its directory is `$ORIGIN`.
    pub found_as: ImagePath,
    /// Every link on the way, directories' included.
    pub links: Vec<ImagePath>,
    /// Whether the program had loaded it already.
    pub already_loaded: bool,
}

impl<'a> Loader<'a> {
    /// A loader for programs of this tree.
    ///
    /// Until [`Loader::with_cache`] says what is in it, an existing `/etc/ld.so.cache` is taken to hold what lies in the directories of
    /// `/etc/ld.so.conf`; where the file is missing, these directories are not searched, as the real loader would not.
    pub fn new(tree: &'a Tree, contents: &'a dyn Contents, environment: &Environment) -> Self {
        Self {
            tree,
            contents,
            environment: environment.clone(),
            facts: Arc::new(FactsCache::new()),
            cache: None,
            directories: RwLock::default(),
            systems: RwLock::default(),
        }
    }

    /// Shares facts with others.
    #[must_use]
    pub fn sharing(mut self, facts: Arc<FactsCache>) -> Self {
        self.facts = facts;
        self
    }

    /// Uses the entries of `/etc/ld.so.cache` instead of the directories that it was made from.
    #[must_use]
    pub fn with_cache(mut self, cache: LibraryCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The facts of the file at exactly this path.
    ///
    /// # Errors
    /// As [`FactsCache::facts`]; anything but a regular file is [`ElfError::NotElf`].
    pub fn facts(&self, path: &ImagePath) -> Result<Arc<Facts>, ElfError> {
        let file = self.tree.get(path).and_then(Node::as_file).ok_or(ElfError::NotElf)?;
        self.facts.facts(self.contents, &file.content)
    }

    /// Whether `/etc/ld.so.preload`, `LD_PRELOAD` and all `DT_NEEDED` of a program, breadth-first, can be loaded, and from where.
    ///
    /// `root` is a program or a library; a library is looked at as if a program without search paths of its own had loaded it.
    ///
    /// # Errors
    /// When the root is missing or no ELF file, or contents cannot be read.
    pub fn closure(&self, root: &ImagePath) -> Result<Closure, ElfError> {
        Ok(process::Process::start(self, root)?.finish())
    }

    /// The closure of a program that also opens these names at run time, each as the given object would (`dlopen`).
    ///
    /// `opens` holds the opening object (which must be in the closure, else the root opens it) and the name. What cannot be found is
    /// among [`Closure::missing`] with [`Missing::required`] unset.
    ///
    /// # Errors
    /// As [`Loader::closure`].
    pub fn closure_opening(&self, root: &ImagePath, opens: &[(ImagePath, Vec<u8>)]) -> Result<Closure, ElfError> {
        let mut process = process::Process::start(self, root)?;
        for (by, name) in opens {
            process.open(by, name)?;
        }
        Ok(process.finish())
    }

    /// Where a program's object would find one library that it opens by name at run time (`dlopen`).
    ///
    /// # Errors
    /// As [`Loader::closure`].
    pub fn find(&self, root: &ImagePath, by: &ImagePath, name: &[u8]) -> Result<Option<Found>, ElfError> {
        process::Process::start(self, root)?.find(by, name)
    }

    /// The directories that a loader of this kind searches for everybody, in order: link-free, without those that do not exist.
    pub fn default_directories(&self, like: &Facts) -> Vec<ImagePath> {
        let system = self.system(like);
        system.everywhere.iter().filter_map(|name| Some(self.directory(name)?.path.clone())).collect()
    }

    /// Whether a library lies in a directory that the loader searches by default; `None` when it is no ELF file.
    pub fn is_in_default_directory(&self, path: &ImagePath) -> Option<bool> {
        let facts = self.facts(path).ok()?;
        Some(path.parent().is_some_and(|parent| self.default_directories(&facts).contains(&parent)))
    }

    /// The interpreter that a library of this kind would be loaded by, link-free, if the tree has one.
    pub fn interpreter_for(&self, like: &Facts) -> Option<ImagePath> {
        let system = self.system(like);
        let path = ImagePath::new(&system.interpreter).ok()?;
        Some(self.tree.resolve(&path).ok()?.path)
    }

    fn system(&self, facts: &Facts) -> Arc<System> {
        let interpreter = facts.interpreter.clone().unwrap_or_else(|| self.usual_interpreter(facts));
        let key = (interpreter, facts.abi());
        if let Some(system) = self.systems.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(system);
        }
        let system = Arc::new(System::new(self, &key.0, facts.abi()));
        self.systems.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&system));
        system
    }

    /// The interpreter of libraries, which name none: what they need tells which C library they were built for.
    fn usual_interpreter(&self, facts: &Facts) -> Vec<u8> {
        let names = system::usual_interpreters(self.tree, facts.abi());
        let exists = |name: &&Vec<u8>| ImagePath::new(name).is_ok_and(|path| self.tree.lookup(&path).is_some());
        let musl = |name: &&Vec<u8>| system::is_musl(name);
        let wants_musl = facts.needed.iter().any(|name| name == b"libc.so" || name.starts_with(b"libc.musl-"));
        let wants_glibc = facts.needed.iter().any(|name| name.starts_with(b"libc.so."));
        let there: Vec<_> = names.iter().filter(exists).collect();
        let pick = there.iter().find(|name| (wants_musl && musl(name)) || (wants_glibc && !musl(name)));
        pick.or(there.first()).map_or_else(|| names.first().cloned().unwrap_or_default(), |name| name.to_vec())
    }

    /// A directory of a search path, which may hold links and `..`.
    fn directory(&self, name: &[u8]) -> Option<Arc<Directory>> {
        if let Some(known) = self.directories.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return known.clone();
        }
        let directory = Directory::find(self.tree, name).map(Arc::new);
        self.directories.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_vec(), directory.clone());
        directory
    }

    /// Opens a path as a library for a process of this kind.
    fn open(&self, path: &ImagePath, before: &[ImagePath], abi: Abi) -> Result<Attempt, ElfError> {
        let resolved = match self.tree.resolve(path) {
            Ok(resolved) => resolved,
            Err(ResolveError::Missing { .. } | ResolveError::NotDirectory { .. }) => return Ok(Attempt::Absent),
            Err(_) => return Ok(Attempt::Absent),
        };
        let facts = match self.facts(&resolved.path) {
            Ok(facts) => facts,
            Err(error @ ElfError::Contents(_)) => return Err(error),
            Err(_) => return Ok(Attempt::Unusable(resolved.path)),
        };
        if facts.abi() != abi {
            return Ok(Attempt::Foreign(resolved.path));
        }
        if !facts.is_loadable() {
            return Ok(Attempt::Unusable(resolved.path));
        }
        let links = before.iter().cloned().chain(resolved.links).collect();
        Ok(Attempt::Opened(Opened { path: resolved.path, found_as: path.clone(), links, facts }))
    }
}

/// What came of opening one path.
enum Attempt {
    Opened(Opened),
    /// Nothing is there.
    Absent,
    /// An ELF file of another word size, byte order or machine.
    Foreign(ImagePath),
    /// No ELF file, or one that cannot be loaded.
    Unusable(ImagePath),
}

/// A file that was opened as a library.
struct Opened {
    path: ImagePath,
    found_as: ImagePath,
    links: Vec<ImagePath>,
    facts: Arc<Facts>,
}
