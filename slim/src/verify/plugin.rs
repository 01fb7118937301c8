//! Modules that a registry or a configuration names: what is listed must be there, or the program that reads the list complains.

use super::{Found, ProblemKind};
use crate::elf::ElfError;
use crate::path::ImagePath;
use crate::tree::{Contents, Node, Tree};
use rayon::prelude::*;

/// Bytes of a list; the largest real one (`gconv-modules`) has some dozens of kilobytes.
const LIST_LIMIT: u64 = 4 << 20;

/// A sort of list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    /// `gconv-modules` and `gconv-modules.d/*.conf` of glibc: `module FROM TO FILE COST`, files beside the first.
    Gconv,
    /// `loaders.cache` of GDK-PixBuf, `immodules.cache` of GTK: a quoted path alone on a line.
    Quoted,
    /// `giomodule.cache` of GIO: `FILE: EXTENSION POINTS`, files beside it.
    Gio,
    /// What libtool leaves for `lt_dlopen`, and ImageMagick's modules with it: `dlname='FILE'`.
    Libtool,
    /// `/etc/pam.d`: `TYPE CONTROL MODULE ARGUMENTS` (pam.conf(5)).
    Pam,
}

impl List {
    fn of(path: &ImagePath) -> Option<Self> {
        let bytes = path.as_bytes();
        Some(match path.file_name() {
            b"gconv-modules" => Self::Gconv,
            b"loaders.cache" | b"immodules.cache" => Self::Quoted,
            b"giomodule.cache" => Self::Gio,
            name if name.ends_with(b".la") => Self::Libtool,
            name if name.ends_with(b".conf") && bytes[..bytes.len() - name.len()].ends_with(b"/gconv-modules.d/") => {
                Self::Gconv
            }
            _ if bytes.starts_with(b"etc/pam.d/") || bytes.starts_with(b"usr/lib/pam.d/") => Self::Pam,
            _ => return None,
        })
    }

    /// What a line asks for, as it is written.
    fn asked(self, line: &str) -> Option<Asked> {
        let line = line.trim();
        if let Some(file) = (self == Self::Pam).then(|| pam_include(line)).flatten() {
            return Some(Asked { file, is_included: true });
        }
        Some(Asked { file: self.module(line)?, is_included: false })
    }

    /// The module that a line names.
    fn module(self, line: &str) -> Option<String> {
        let mut words = line.split_whitespace();
        match self {
            Self::Gconv => {
                let file = words.nth(3).filter(|_| line.starts_with("module") && words.next().is_some())?;
                Some(if file.ends_with(".so") { file.to_owned() } else { format!("{file}.so") })
            }
            Self::Quoted => {
                let path = line.strip_prefix('"')?.strip_suffix('"')?;
                (path.starts_with('/') && !path.contains('"')).then(|| path.to_owned())
            }
            Self::Gio => Some(line.split_once(':')?.0.trim().to_owned()).filter(|file| !file.starts_with('#')),
            Self::Libtool => {
                let name = line.strip_prefix("dlname='")?.strip_suffix('\'')?;
                (!name.is_empty()).then(|| name.to_owned())
            }
            Self::Pam => pam_module(line),
        }
    }
}

/// What a line of a list asks for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    /// The file's name, as it is written.
    file: String,
    /// Another list, rather than a module.
    is_included: bool,
}

/// Where PAM looks for its files, the administrator's before the vendor's.
const PAM_DIRECTORIES: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];

/// Control and what follows it, of a line of one of PAM's four types. A type with a dash is none: nothing is said when its module is
/// missing.
fn pam_fields(line: &str) -> Option<(&str, &str)> {
    let (kind, rest) = line.split_once(char::is_whitespace)?;
    if !["auth", "account", "password", "session"].contains(&kind.to_ascii_lowercase().as_str()) {
        return None;
    }
    let rest = rest.trim_start();
    match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']'),
        None => rest.split_once(char::is_whitespace),
    }
}

/// The module of a line, unless its absence is meant to pass.
fn pam_module(line: &str) -> Option<String> {
    let (control, module) = pam_fields(line)?;
    // PAM goes on without an optional module.
    if ["include", "substack", "optional"].contains(&control) || control.contains("module_unknown=ignore") {
        return None;
    }
    module.split_whitespace().next().map(str::to_owned)
}

/// The file of `TYPE include FILE`, `TYPE substack FILE` and Debian's `@include FILE`: without it, PAM refuses the whole service.
fn pam_include(line: &str) -> Option<String> {
    let file = match line.strip_prefix("@include") {
        Some(rest) => rest,
        None => pam_fields(line).filter(|(control, _)| ["include", "substack"].contains(control))?.1,
    };
    file.split_whitespace().next().map(str::to_owned)
}

pub(super) fn check(tree: &Tree, contents: &dyn Contents, found: &mut Found) -> Result<(), ElfError> {
    let security = Security::find(tree);
    let lists: Vec<_> = tree.iter().filter_map(|(path, node)| Some((path, node, List::of(path)?))).collect();
    let missing = |(at, node, list): &(&ImagePath, &Node, List)| -> Result<Vec<_>, ElfError> {
        let Some(file) = node.as_file().filter(|_| node.size() <= LIST_LIMIT) else { return Ok(Vec::new()) };
        if *list == List::Pam && !security.is_used {
            return Ok(Vec::new());
        }
        let bytes = contents.read(&file.content)?;
        let mut asked: Vec<_> = String::from_utf8_lossy(&bytes).lines().filter_map(|line| list.asked(line)).collect();
        asked.sort_unstable();
        asked.dedup();
        asked.retain(|asked| match asked.is_included {
            true => !is_included(tree, &asked.file),
            false => !security.or_beside(tree, *list, at, &asked.file),
        });
        Ok(asked.into_iter().map(|asked| ((*at).clone(), asked)).collect())
    };
    let problems: Vec<Vec<_>> = lists.par_iter().map(missing).collect::<Result<_, _>>()?;
    for (at, Asked { file, is_included }) in problems.into_iter().flatten() {
        let detail = match is_included {
            true => format!("it includes {file}, which is not in {}", PAM_DIRECTORIES.join(" or ")),
            false => format!("it names the module {file}, which is not in the image"),
        };
        found.add(ProblemKind::MissingModule, &at, &file, detail, vec![at.clone()]);
    }
    Ok(())
}

/// Whether PAM finds a file that it is told to include.
fn is_included(tree: &Tree, file: &str) -> bool {
    let exists = |path: Result<ImagePath, _>| path.is_ok_and(|path| tree.lookup(&path).is_some());
    match file.starts_with('/') {
        true => exists(ImagePath::new(file)),
        false => PAM_DIRECTORIES.iter().any(|place| exists(ImagePath::literal(place).join(file))),
    }
}

/// Where PAM's modules are.
struct Security {
    /// Directories that `libpam` looks in, as different distributions build it.
    directories: Vec<ImagePath>,
    /// There is a `libpam` to read the configuration. Packages bring theirs whether or not.
    is_used: bool,
}

impl Security {
    fn find(tree: &Tree) -> Self {
        let bases = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"].map(ImagePath::literal);
        let resolved = bases.iter().filter_map(|base| Some(tree.lookup(base)?.0));
        let mut places: Vec<_> = resolved.collect();
        places.sort_unstable();
        places.dedup();
        let triplets = |base: &ImagePath| {
            let inner =
                tree.children(base).filter(|(path, node)| node.is_directory() && path.file_name().contains(&b'-'));
            inner.map(|(path, _)| path.clone()).collect::<Vec<_>>()
        };
        let inner: Vec<_> = places.iter().flat_map(triplets).collect();
        places.extend(inner);
        let joined = |name: &'static str| places.iter().filter_map(move |place| place.join(name).ok());
        let is_used = joined("libpam.so.0").any(|path| tree.lookup(&path).is_some());
        Self { directories: joined("security").filter(|path| tree.lookup(path).is_some()).collect(), is_used }
    }

    /// Whether a listed file is there: an absolute path, or beside the list that names it.
    fn or_beside(&self, tree: &Tree, list: List, at: &ImagePath, file: &str) -> bool {
        let exists = |path: Result<ImagePath, _>| path.is_ok_and(|path| tree.lookup(&path).is_some());
        if file.starts_with('/') {
            return exists(ImagePath::new(file));
        }
        let place = at.parent().unwrap_or_else(ImagePath::root);
        match list {
            List::Pam => self.directories.iter().any(|directory| exists(directory.join(file))),
            List::Gconv if place.file_name() == b"gconv-modules.d" => {
                place.parent().is_some_and(|above| exists(above.join(file)))
            }
            // A library's `.la` is for linking: only where its module is opened through it does the file matter.
            List::Libtool if file.contains(".so.") => true,
            _ => exists(place.join(file)),
        }
    }
}
