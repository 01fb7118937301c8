//! `ldconfig`: links named after sonames, and the loader's cache (glibc, `elf/ldconfig.c`).
//!
//! Whoever adds, replaces or drops libraries calls [`refresh`] and gets the links and the cache that the image's own `ldconfig` would
//! have left. It works after `ldconfig` itself was removed.

mod glibc;
mod library;

use super::{Output, place, unproven, write};
use crate::engine::native::script::Unproven;
use crate::glob::Glob;
use glibc::Glibc;
use library::Library;
use slim::draft::Draft;
use slim::elf::cache::{Cache, Entry, Needs, compare_names};
use slim::path::ImagePath;
use slim::tree::{Kind, Node};
use std::collections::BTreeMap;

/// Files that one configuration may include, counted with repetition.
const MOST_CONFIGURATION_FILES: usize = 1000;

/// Runs the command. Known options: `-X` (no links), `-N` (no cache), `-v`, `-i`, and `-r` with the image's own root, as Debian's
/// trigger calls it.
///
/// # Errors
/// Other options and operands; a library whose cache entry is not known.
pub fn run(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let (mut links, mut cache) = (true, true);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-r" if arguments.next().is_some_and(|root| root == "/") => {}
            "-X" => links = false,
            "-N" => cache = false,
            "-NX" | "-XN" => (links, cache) = (false, false),
            "-v" | "--verbose" | "-i" | "--ignore-aux-cache" => {}
            other => return Err(unproven("ldconfig", format!("option {other} is not known"))),
        }
    }
    update(draft, links, cache)
}

/// Brings soname links and the cache up to date.
///
/// # Errors
/// When the image's glibc cannot be told, or a library's cache entry is not known.
pub fn refresh(draft: &mut Draft<'_>) -> Result<Output, Unproven> {
    update(draft, true, true)
}

fn update(draft: &mut Draft<'_>, links: bool, cache: bool) -> Result<Output, Unproven> {
    let cache_path = ImagePath::literal("/etc/ld.so.cache");
    let glibc = Glibc::find(draft, &cache_path)?;
    let before = draft.checkpoint();
    let mut new = Cache { big_endian: glibc.big_endian, ..Cache::default() };
    new.generator = glibc.has_extensions().then(|| glibc.generator.clone());
    let mut search = Search { directories: Vec::new(), glibc: &glibc, files: 0 };
    search.read_configuration(draft, &ImagePath::literal("/etc/ld.so.conf"))?;
    for directory in &glibc.directories {
        search.add(draft, directory.as_bytes());
    }
    // Legacy directories are found while their parent is searched and come after all others.
    let mut index = 0;
    while let Some(directory) = search.directories.get(index).cloned() {
        if let Some(name) = &directory.capability {
            new.directories.insert(name.clone());
        }
        search.directory(draft, &directory, links, &mut new)?;
        index += 1;
    }
    if cache {
        write(draft, &cache_path, new.write())?;
        if before != draft.checkpoint() {
            // Keyed by inode and ctime, which no image carries.
            draft.remove(&ImagePath::literal("/var/cache/ldconfig/aux-cache"));
        }
    }
    let changed = before != draft.checkpoint();
    Ok(Output::done(if changed { format!("loader cache of {} libraries", new.entries.len()) } else { String::new() }))
}

/// A directory to search.
#[derive(Debug, Clone)]
struct Directory {
    /// As configured: what the cache will say.
    name: Vec<u8>,
    /// Where it is.
    place: ImagePath,
    /// The name below `glibc-hwcaps`, if it is such a directory.
    capability: Option<Vec<u8>>,
}

struct Search<'a> {
    directories: Vec<Directory>,
    glibc: &'a Glibc,
    files: usize,
}

/// A library as found in its directory, before links are made.
struct Found {
    name: Vec<u8>,
    is_link: bool,
    library: Library,
}

impl Search<'_> {
    fn read_configuration(&mut self, draft: &Draft<'_>, file: &ImagePath) -> Result<(), Unproven> {
        self.files += 1;
        if self.files > MOST_CONFIGURATION_FILES {
            return Err(unproven("ldconfig", format!("{file} includes without end")));
        }
        let Some(text) = super::read(draft, file)? else { return Ok(()) };
        for line in text.split(|b| *b == b'\n') {
            let line = line.split(|b| *b == b'#').next().unwrap_or_default().trim_ascii_start();
            let is_directive = |word: &[u8]| {
                line.len() > word.len()
                    && line[..word.len()].eq_ignore_ascii_case(word)
                    && matches!(line[word.len()], b' ' | b'\t')
            };
            if line.is_empty() || is_directive(b"hwcap") {
                continue;
            }
            if is_directive(b"include") && line.starts_with(b"include") {
                for pattern in line[8..].split(|b| matches!(b, b' ' | b'\t')).filter(|word| !word.is_empty()) {
                    for included in included(draft, file, pattern)? {
                        self.read_configuration(draft, &included)?;
                    }
                }
            } else {
                let name = line.split(|b| *b == b'=').next().unwrap_or_default();
                self.add(draft, name);
            }
        }
        Ok(())
    }

    /// Adds a directory and what `glibc-hwcaps` it holds, unless it is already there by another name.
    fn add(&mut self, draft: &Draft<'_>, name: &[u8]) {
        let mut name = name.trim_ascii_end();
        while let Some(shorter) = name.strip_suffix(b"/") {
            name = shorter;
        }
        if name.is_empty() || !self.push(draft, name, None) || !self.glibc.has_extensions() {
            return;
        }
        let Some(parent) = found_directory(draft, &[name, b"/glibc-hwcaps"].concat()) else { return };
        let below: Vec<Vec<u8>> = draft.tree().children(&parent).map(|(path, _)| path.file_name().to_vec()).collect();
        for child in below.into_iter().filter(|child| child[0] != b'.' && !child.contains(&b':')) {
            self.push(draft, &[name, b"/glibc-hwcaps/", &child].concat(), Some(child.clone()));
        }
    }

    fn push(&mut self, draft: &Draft<'_>, name: &[u8], capability: Option<Vec<u8>>) -> bool {
        let Some(place) = found_directory(draft, name) else { return false };
        let known = self.directories.iter().any(|other| other.place == place);
        if !known {
            self.directories.push(Directory { name: name.to_vec(), place, capability });
        }
        !known
    }

    /// Searches one directory, makes its links and adds its libraries to the cache.
    fn directory(
        &mut self,
        draft: &mut Draft<'_>,
        directory: &Directory,
        links: bool,
        cache: &mut Cache,
    ) -> Result<(), Unproven> {
        let names: Vec<ImagePath> = draft.tree().children(&directory.place).map(|(path, _)| path.clone()).collect();
        let mut found: BTreeMap<Vec<u8>, Found> = BTreeMap::new();
        for path in names {
            if directory.capability.is_none() && self.glibc.legacy_bits(path.file_name()).is_some() {
                let name = [&directory.name, &b"/"[..], path.file_name()].concat();
                if self.push(draft, &name, None) || found_directory(draft, &name).is_some() {
                    continue;
                }
            }
            let Some((soname, entry)) = self.library(draft, &path, links)? else { continue };
            let better = |old: &Found| {
                (!entry.is_link && old.is_link)
                    || (entry.is_link == old.is_link && compare_names(&old.name, &entry.name).is_lt())
            };
            if found.get(&soname).is_none_or(better) {
                found.insert(soname, entry);
            }
        }
        let bits = self.bits(&directory.name);
        for (soname, entry) in found {
            if links && directory.capability.is_none() && !entry.is_link {
                link(draft, &directory.place, &entry.name, &soname);
            }
            if !library::lists(self.glibc, entry.library.machine) {
                let name = String::from_utf8_lossy(&entry.name).into_owned();
                return Err(unproven("ldconfig", format!("{name} is for another machine ({})", entry.library.machine)));
            }
            let Some(flags) = entry.library.flags else { continue };
            let needs = match &directory.capability {
                None => Needs::Bits(bits),
                Some(_) if entry.library.asks_isa_level => {
                    let name = String::from_utf8_lossy(&entry.name).into_owned();
                    return Err(unproven("ldconfig", format!("{name} asks for an ISA level by a property note")));
                }
                Some(name) => Needs::Directory { name: name.clone(), isa_level: 0 },
            };
            let file = if directory.capability.is_some() { &entry.name } else { &soname };
            let path = [&directory.name, &b"/"[..], file].concat();
            let os_version = if self.glibc.has_os_version() { entry.library.os_version } else { 0 };
            cache.add(Entry { soname, path, flags, os_version, needs });
        }
        Ok(())
    }

    /// The library at a path and the name that it goes by; stale links to libraries are removed on the way.
    fn library(
        &self,
        draft: &mut Draft<'_>,
        path: &ImagePath,
        links: bool,
    ) -> Result<Option<(Vec<u8>, Found)>, Unproven> {
        let name = path.file_name();
        if !is_library_name(name, self.glibc) {
            return Ok(None);
        }
        let Some(node) = draft.get(path) else { return Ok(None) };
        let mut is_link = matches!(node.kind, Kind::Symlink(_));
        let Some((_, target)) = draft.tree().lookup(path) else {
            if links && is_link && memchr::memmem::find(name, b".so.").is_some() {
                draft.remove(path);
            }
            return Ok(None);
        };
        let Some(file) = target.as_file() else { return Ok(None) };
        let read = Library::read(draft.contents(), &file.content);
        let Some(library) = read.map_err(|error| super::unreadable(path, &error))? else { return Ok(None) };
        let mut soname = library.soname.clone().unwrap_or_else(|| name.to_vec());
        if is_link && name != soname {
            // Only a soname and the development name before it are links; another link counts as a library of its own.
            is_link = name.ends_with(b".so") && soname.starts_with(name);
        }
        if is_link {
            soname = name.to_vec();
        }
        Ok(Some((soname, Found { name: name.to_vec(), is_link, library })))
    }

    /// What the last parts of a directory's name ask of the processor.
    fn bits(&self, name: &[u8]) -> u64 {
        let parts = name.rsplit(|b| *b == b'/').map_while(|part| self.glibc.legacy_bits(part));
        parts.fold(0, |bits, bit| bits | bit)
    }
}

fn found_directory(draft: &Draft<'_>, name: &[u8]) -> Option<ImagePath> {
    let (place, node) = draft.tree().lookup(&ImagePath::new(name).ok()?)?;
    node.is_directory().then_some(place)
}

/// Whether a name looks like that of a library (`_dl_is_dso`), and not like one that a package manager is just writing.
fn is_library_name(name: &[u8], glibc: &Glibc) -> bool {
    let unfinished = [&b".dpkg-new"[..], b".dpkg-tmp"].iter().any(|end| name.ends_with(end));
    let is_library =
        (name.starts_with(b"lib") || name.starts_with(b"ld-")) && memchr::memmem::find(name, b".so").is_some();
    let is_loader = name.starts_with(b"ld.so.") || name.starts_with(b"ld64.so.");
    (is_library || (is_loader && glibc.version >= (2, 35)))
        && memchr::memmem::find(name, b".#prelink#").is_none()
        && !(unfinished && glibc.version >= (2, 39))
}

/// Makes `soname` lead to `library` unless it already does.
fn link(draft: &mut Draft<'_>, directory: &ImagePath, library: &[u8], soname: &[u8]) {
    let (Ok(library_path), Ok(link_path)) = (directory.join(library), directory.join(soname)) else { return };
    let link_path = place(draft, &link_path);
    let inode = |path: &ImagePath| {
        let (path, node) = draft.tree().lookup(path)?;
        Some((path, node.as_file().and_then(|file| file.inode)))
    };
    if let (Some(wanted), Some(found)) = (inode(&library_path), inode(&link_path))
        && (wanted.0 == found.0 || (wanted.1.is_some() && wanted.1 == found.1))
    {
        return;
    }
    match draft.get(&link_path).map(|node| &node.kind) {
        None | Some(Kind::Symlink(_)) => {
            let node = Node { mtime: draft.now, ..Node::symlink(library) };
            draft.put(link_path, node);
        }
        Some(_) => {}
    }
}

/// The files that an `include` names, in order.
fn included(draft: &Draft<'_>, from: &ImagePath, pattern: &[u8]) -> Result<Vec<ImagePath>, Unproven> {
    let text = String::from_utf8_lossy(pattern).into_owned();
    let pattern = match from.parent() {
        Some(parent) if !pattern.starts_with(b"/") => parent.join(pattern),
        _ => ImagePath::new(pattern),
    };
    let pattern = pattern.map_err(|error| unproven("ldconfig", format!("include {text}: {error}")))?;
    let directory = pattern.parent().unwrap_or_else(ImagePath::root);
    if directory.as_bytes().iter().any(|b| matches!(b, b'*' | b'?' | b'[')) || pattern.file_name().contains(&b'[') {
        return Err(unproven("ldconfig", format!("include {text}: patterns are known in the last name only")));
    }
    let Some(place) = found_directory(draft, directory.as_bytes()) else { return Ok(Vec::new()) };
    let wanted = Glob::fnmatch(pattern.file_name());
    // Hidden names match only when the pattern names the dot (glob(7)).
    let names_the_dot = pattern.file_name().starts_with(b".");
    let fits = |name: &[u8]| (names_the_dot || !name.starts_with(b".")) && wanted.fits_bytes(name);
    let names = draft.tree().children(&place).map(|(path, _)| path.clone());
    Ok(names.filter(|path| fits(path.file_name())).collect())
}

#[cfg(test)]
mod tests;
