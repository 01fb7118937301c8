//! Everything that an update of an image may need, brought into a folder.

use super::updates::{Updates, key};
use super::{ChangeError, Maker};
use crate::archives::index::Candidate;
use crate::archives::{Options, Used};
use slim::packages::dpkg::Version;
use slim::packages::dpkg::database::Database;
use slim::path::ImagePath;
use slim::tree::Tree;
use std::collections::BTreeMap;
use std::path::Path;

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The suites whose releases and indexes are in the folder.
    pub suites: Vec<Used>,
    /// Packages that an update needs: name and version.
    pub packages: Vec<(String, String)>,
    /// How many of them were not in the folder yet.
    pub new: usize,
    /// Bytes of those.
    pub bytes: u64,
}

impl Maker<'_> {
    /// Brings releases, indexes and packages into a folder: whatever is removed from the image, none of them is missing then.
    pub(crate) fn fetch(&self, folder: &Path) -> Result<Fetched, ChangeError> {
        let options = Options { keep: Some(folder.to_path_buf()), ..self.services.archives.clone() };
        let updates = self.updates(&options)?;
        let Some(updates) = updates else {
            return Ok(Fetched { suites: Vec::new(), packages: Vec::new(), new: 0, bytes: 0 });
        };
        let wanted = self.wanted(&updates)?;
        let (new, bytes) = updates.fetch_into(folder, &wanted, self.reporter)?;
        let packages = wanted.iter().map(|c| (c.name.clone(), c.version.to_string())).collect();
        Ok(Fetched { suites: updates.used(), packages, new, bytes })
    }

    /// The packages of the finished image, and those that lower layers need to hold the same versions.
    fn wanted(&self, updates: &Updates) -> Result<Vec<Candidate>, ChangeError> {
        let mut wanted: BTreeMap<String, Candidate> = BTreeMap::new();
        let upgrade = updates.resolve();
        for step in &upgrade.steps {
            wanted.insert(key(step), step.to.clone());
        }
        let last = self.subject.inventory.packages().iter();
        let mut versions: BTreeMap<String, String> =
            last.map(|p| (format!("{}:{}", p.name, p.architecture), p.version.clone())).collect();
        versions.extend(upgrade.steps.iter().map(|step| (key(step), step.to.version.to_string())));
        let status = ImagePath::literal("/var/lib/dpkg/status");
        let mut tree = Tree::new();
        for (index, layer) in self.subject.opened.stack.layers.iter().enumerate() {
            layer.lay_over(&mut tree, index);
            if layer.node(&status).is_none() {
                continue;
            }
            let Some(database) = Database::read(&tree, self.spool)? else { continue };
            for stanza in database.status.stanzas().iter().filter(|stanza| stanza.is_installed()) {
                let key = format!("{}:{}", stanza.package, stanza.architecture);
                let Some(version) = versions.get(&key).filter(|_| !wanted.contains_key(&key)) else { continue };
                let newer =
                    matches!((Version::new(version), Version::new(&stanza.version)), (Ok(new), Ok(old)) if new > old);
                if newer && let Some(candidate) = updates.exactly(&stanza.package, &stanza.architecture, version) {
                    wanted.insert(key, candidate.clone());
                }
            }
        }
        Ok(wanted.into_values().collect())
    }
}
