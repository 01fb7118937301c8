//! An opened image with what every question about it needs: its tree, its packages, how it starts.

use crate::opened::Opened;
use crate::spool::Spool;
use slim::distro::Distro;
use slim::elf::search::Environment;
use slim::elf::{FactsCache, cache::Cache as LoaderCache};
use slim::launch::Launch;
use slim::packages::Inventory;
use slim::packages::dpkg::database::{Database, DatabaseError};
use slim::path::ImagePath;
use slim::tree::{ContentsError, Tree};
use std::sync::Arc;

/// An image under examination.
#[derive(Debug)]
pub struct Subject {
    /// Manifest, config, layers.
    pub opened: Opened,
    /// The merged tree.
    pub tree: Tree,
    /// The dpkg database, where there is one.
    pub database: Option<Database>,
    /// Its packages; empty without a database.
    pub inventory: Inventory,
    /// Which distribution it says it is.
    pub distro: Option<Distro>,
    /// How a container starts.
    pub launch: Launch,
    /// ELF facts by content, shared by everything that reads them.
    pub facts: Arc<FactsCache>,
}

/// The image's own files could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// The package database.
    #[error("the package database: {0}")]
    Database(#[from] DatabaseError),
    /// Another file.
    #[error(transparent)]
    Contents(#[from] ContentsError),
}

impl Subject {
    /// Looks at an opened image. `roots` are commands that the container also runs.
    ///
    /// # Errors
    /// When contents cannot be read from the spool.
    pub fn of(opened: Opened, spool: &Spool, roots: &[String]) -> Result<Self, SubjectError> {
        let tree = opened.stack.merge();
        let database = Database::read(&tree, spool)?;
        let inventory = database.as_ref().map(|database| database.inventory(&tree)).unwrap_or_default();
        let distro = Distro::of(&tree, spool)?;
        let launch = launch(&opened.image.config, roots);
        Ok(Self { opened, tree, database, inventory, distro, launch, facts: Arc::default() })
    }

    /// What a check of a tree of this image may know.
    pub fn knowledge<'a>(
        &self,
        tree: &Tree,
        inventory: Option<&'a Inventory>,
        spool: &Spool,
    ) -> Result<slim::verify::Knowledge<'a>, ContentsError> {
        Ok(slim::verify::Knowledge {
            inventory,
            environment: self.environment(),
            cache: loader_cache(tree, spool)?,
            facts: Arc::clone(&self.facts),
        })
    }

    /// What the dynamic loader heeds: variables, and whether they are trusted.
    pub fn environment(&self) -> Environment {
        let config = &self.opened.image.config;
        Environment {
            user: numbers(config.user()),
            ..Environment::from_variables(config.env().iter().map(String::as_str))
        }
    }

    /// The layer in which each package's database entry first appears, by `name:architecture`.
    ///
    /// # Errors
    /// When contents cannot be read.
    pub fn package_layers(&self, spool: &Spool) -> Result<std::collections::BTreeMap<String, usize>, DatabaseError> {
        let mut layers = std::collections::BTreeMap::new();
        let status = ImagePath::literal("/var/lib/dpkg/status");
        let mut tree = Tree::new();
        for (index, layer) in self.opened.stack.layers.iter().enumerate() {
            layer.lay_over(&mut tree, index);
            let touches = |path: &ImagePath| path.starts_with(&ImagePath::literal("/var/lib/dpkg/status.d"));
            if layer.node(&status).is_none() && !layer.entries.keys().any(touches) {
                continue;
            }
            if let Some(database) = Database::read(&tree, spool)? {
                for package in database.packages() {
                    layers.entry(format!("{}:{}", package.name, package.architecture)).or_insert(index);
                }
            }
        }
        Ok(layers)
    }
}

/// User and group of an image's `User`, where no file of the image decides what it means.
fn numbers(user: &str) -> Option<(u32, u32)> {
    let number = |name: &str| if name == "root" { Some(0) } else { name.parse().ok() };
    match user.split_once(':') {
        Some((user, group)) => Some((number(user)?, number(group)?)),
        // Whoever gives no group gets that of `/etc/passwd`; root's is 0.
        None if user.is_empty() || number(user) == Some(0) => Some((0, 0)),
        None => None,
    }
}

/// The entries of `/etc/ld.so.cache`. One that cannot be understood is to the loader as one without entries: only its built-in directories
/// are left.
fn loader_cache(tree: &Tree, spool: &Spool) -> Result<Option<slim::elf::search::LibraryCache>, ContentsError> {
    use slim::tree::Contents as _;
    let Some((_, node)) = tree.lookup(&ImagePath::literal("/etc/ld.so.cache")) else { return Ok(None) };
    let Some(file) = node.as_file() else { return Ok(None) };
    let bytes = spool.read(&file.content)?;
    Ok(Some(library_cache(&bytes)))
}

fn library_cache(bytes: &[u8]) -> slim::elf::search::LibraryCache {
    let mut library = slim::elf::search::LibraryCache::new();
    let Ok(cache) = LoaderCache::read(bytes) else { return library };
    // Variants for some processors are found by their directory; the baseline is what must work.
    for entry in cache.entries.iter().filter(|entry| entry.is_baseline()) {
        if let Ok(path) = ImagePath::new(&entry.path) {
            library.entry(entry.soname.clone()).or_default().push(path);
        }
    }
    library
}

fn launch(config: &crate::image::Config, roots: &[String]) -> Launch {
    let pair = |variable: &String| variable.split_once('=').map(|(name, value)| (name.to_string(), value.to_string()));
    let named = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
    Launch {
        entrypoint: config.entrypoint(),
        command: config.cmd(),
        env: config.env().iter().filter_map(pair).collect(),
        user: named(config.user()),
        workdir: named(config.working_dir()),
        healthcheck: config.healthcheck(),
        shell: config.shell(),
        volumes: config.volumes(),
        extra: roots.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_loader_cache_lists_nothing() {
        assert!(library_cache(b"ld.so-1.7.0 cut").is_empty());
        let entry = slim::elf::cache::Entry {
            soname: b"liba.so.1".to_vec(),
            path: b"/opt/lib/liba.so.1".to_vec(),
            flags: slim::elf::cache::flags::ELF_LIBC6,
            os_version: 0,
            needs: slim::elf::cache::Needs::Bits(0),
        };
        let cache = LoaderCache { entries: vec![entry], ..LoaderCache::default() };
        assert_eq!(library_cache(&cache.write())[b"liba.so.1".as_slice()], [ImagePath::literal("/opt/lib/liba.so.1")]);
    }

    #[test]
    fn users_are_known_by_number_or_as_root() {
        for (text, expected) in [
            ("", Some((0, 0))),
            ("0", Some((0, 0))),
            ("root", Some((0, 0))),
            ("root:root", Some((0, 0))),
            ("1000:50", Some((1000, 50))),
            ("1000", None),
            ("www-data", None),
            ("0:www-data", None),
        ] {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }
}
