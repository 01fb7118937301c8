//! What the start of one program gives: which objects are loaded, in order, and what is missing.

use crate::elf::Facts;
use crate::path::ImagePath;
use std::sync::Arc;

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
