//! Who owns what: the packages that an image's own database lists.
//!
//! Each family (dpkg, apk, rpm) reads its database into the same [`Inventory`]; what only the family knows stays in its module.

pub mod dpkg;

use crate::path::ImagePath;
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// A package that is installed in the image.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Package {
    /// Name without architecture: `libc6`.
    pub name: String,
    /// The distro's word for the architecture: `amd64`, `all`, `x86_64`.
    pub architecture: String,
    /// Version as the database writes it.
    pub version: String,
    /// Source package, where it differs from the name.
    pub source: Option<String>,
    /// Source version, where it differs from the version.
    pub source_version: Option<String>,
    /// Paths as the package's file list names them, in the list's order. They may go through links (`/lib/…` on merged-/usr).
    #[serde(skip)]
    pub files: Vec<ImagePath>,
    /// Paths among [`Package::files`] that are configuration files.
    #[serde(skip)]
    pub conffiles: BTreeSet<ImagePath>,
    /// Marked as essential (or protected) by the distro.
    pub essential: bool,
}

/// All packages of an image, and who owns each path.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    packages: Vec<Package>,
    owners: BTreeMap<ImagePath, Vec<usize>>,
}

impl Inventory {
    /// Joins packages with the tree they are installed in: listed paths are followed to where they are (parents' links resolved).
    pub fn new(packages: Vec<Package>, tree: &Tree) -> Self {
        let mut owners: BTreeMap<ImagePath, Vec<usize>> = BTreeMap::new();
        // Parents repeat a thousandfold: each is resolved once.
        let mut parents: BTreeMap<ImagePath, ImagePath> = BTreeMap::new();
        for (index, package) in packages.iter().enumerate() {
            for path in &package.files {
                let place = match path.parent() {
                    Some(parent) => {
                        let real = parents.entry(parent).or_insert_with_key(|parent| {
                            tree.resolve(parent).map_or_else(|_| parent.clone(), |resolved| resolved.path)
                        });
                        real.join(path.file_name()).unwrap_or_else(|_| path.clone())
                    }
                    None => path.clone(),
                };
                let list = owners.entry(place).or_default();
                if list.last() != Some(&index) {
                    list.push(index);
                }
            }
        }
        Self { packages, owners }
    }

    /// The packages, in the database's order.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The packages that list a path (a link-free one, as in the [`Tree`]). Directories often have several.
    pub fn owners(&self, path: &ImagePath) -> impl Iterator<Item = &Package> {
        self.owner_indexes(path).iter().map(|index| &self.packages[*index])
    }

    /// As [`Inventory::owners`], as indexes into [`Inventory::packages`].
    pub fn owner_indexes(&self, path: &ImagePath) -> &[usize] {
        self.owners.get(path).map_or(&[], Vec::as_slice)
    }

    /// Whether any package lists the path.
    pub fn is_owned(&self, path: &ImagePath) -> bool {
        self.owners.contains_key(path)
    }

    /// Every owned path with the indexes of its owners, in path order.
    pub fn owned(&self) -> impl Iterator<Item = (&ImagePath, &[usize])> {
        self.owners.iter().map(|(path, owners)| (path, owners.as_slice()))
    }

    /// The index of a package by name, optionally `name:architecture`.
    pub fn find(&self, name: &str) -> Option<usize> {
        let (name, architecture) = name.split_once(':').map_or((name, None), |(name, arch)| (name, Some(arch)));
        let fits = |p: &Package| p.name == name && architecture.is_none_or(|arch| p.architecture == arch);
        self.packages.iter().position(fits)
    }
}
