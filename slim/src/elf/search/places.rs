//! Where an object's needs are searched, in order: `RPATH`, the environment, `RUNPATH`, the cache, the defaults (ld.so(8)).

use super::directory::Directory;
use super::process::Process;
use crate::path::ImagePath;
use std::sync::Arc;

/// A step of a search.
#[derive(Clone)]
pub(super) enum Place {
    Directory(Arc<Directory>),
    /// The entries of `/etc/ld.so.cache`; without those in default directories when these are excluded.
    Cache {
        without_defaults: bool,
    },
}

impl Process<'_, '_> {
    /// Where the needs of an object are searched, in order.
    pub(super) fn places(&mut self, by: usize) -> Arc<[Place]> {
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
    pub(super) fn expanded(&self, of: usize, text: &[u8]) -> Option<Vec<u8>> {
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

    pub(super) fn absolute(&self, name: &[u8]) -> Vec<u8> {
        if name.first() == Some(&b'/') {
            return name.to_vec();
        }
        let here = self.loader.environment.working_directory.clone().unwrap_or_else(ImagePath::root);
        [&here.to_absolute()[..], b"/", name].concat()
    }
}
