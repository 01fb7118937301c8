//! The updates of one image: what its archives offer, what was refused, and the packages that were fetched.

use super::{ChangeError, Maker};
use crate::archives::deb::{Deb, Limits};
use crate::archives::index::Candidate;
use crate::archives::{Archive, Used};
use crate::engine::native::PackageUpdate;
use crate::event::{Event, Task, Unit};
use crate::opened::side_by_side;
use crate::request::Update;
use crate::upgrade::{InstalledPackage, Pins, Policy, Step, Upgrade, architectures, installed_packages, resolve};
use slim::path::ImagePath;
use slim::tree::Contents as _;
use std::collections::BTreeMap;

/// A package whose newer version cannot be installed without running something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedUpdate {
    /// Package name.
    pub package: String,
    /// Why.
    pub reason: String,
}

/// `name:architecture` of a step.
pub(super) fn key(step: &Step) -> String {
    format!("{}:{}", step.package, step.architecture)
}

/// Updates of one image.
#[derive(Debug)]
pub struct Updates {
    archive: Archive,
    installed: Vec<InstalledPackage>,
    candidates: Vec<Candidate>,
    policy: Policy,
    refused: Vec<RefusedUpdate>,
    debs: BTreeMap<String, Deb>,
}

/// What a version of a package is filed under.
fn file(name: &str, architecture: &str, version: &str) -> String {
    format!("{name}:{architecture} {version}")
}

impl Updates {
    pub(super) fn open(maker: &Maker<'_>) -> Result<Self, ChangeError> {
        let (tree, spool) = (&maker.subject.tree, maker.spool);
        let status = match tree.lookup(&ImagePath::literal("/var/lib/dpkg/status")).and_then(|(_, node)| node.as_file())
        {
            Some(file) => spool.read(&file.content)?.into_owned(),
            None => Vec::new(),
        };
        let installed = installed_packages(&status)?;
        let mut options = maker.services.archives.clone();
        options.architectures = architectures(&installed);
        maker.reporter.event(Event::Phase("asking the archives".into()));
        let archive = Archive::open(tree, spool, &options, maker.reporter)?;
        let candidates = archive.candidates(installed.iter().map(|package| package.name.as_str()))?;
        let policy = Policy {
            security_only: maker.request.update == Update::Security,
            pins: Pins::of_image(tree, spool)?,
            ..Policy::default()
        };
        Ok(Self { archive, installed, candidates, policy, refused: Vec::new(), debs: BTreeMap::new() })
    }

    /// What can be brought up to date, without the packages that were refused.
    pub(super) fn resolve(&self) -> Upgrade {
        resolve(&self.installed, &self.candidates, &self.policy)
    }

    /// The candidate that is exactly this version of a package.
    pub(super) fn exactly(&self, name: &str, architecture: &str, version: &str) -> Option<&Candidate> {
        let fits =
            |c: &&Candidate| c.name == name && c.architecture == architecture && c.version.to_string() == version;
        self.candidates.iter().find(fits)
    }

    /// Keeps a package back from now on; says whether that is news. (A package outside of the upgrade, whose trigger cannot be
    /// run, is in the way of all of it.)
    pub(super) fn refuse(&mut self, package: &str, reason: String) -> bool {
        let name = package.split(':').next().unwrap_or(package);
        self.refused.push(RefusedUpdate { package: name.into(), reason });
        self.policy.exclude.insert(name.into())
    }

    /// Fetches and reads packages that are not here yet.
    pub(super) fn load(&mut self, wanted: &[Candidate], maker: &Maker<'_>) -> Result<(), ChangeError> {
        let name = |c: &Candidate| file(&c.name, &c.architecture, &c.version.to_string());
        let missing: Vec<_> = wanted.iter().filter(|c| !self.debs.contains_key(&name(c))).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let files = self.archive.fetch(&missing, maker.reporter)?;
        let task = Task::start(maker.reporter, "unpacking packages", Some(files.len() as u64), Unit::Items);
        let (reporter, spool) = (maker.reporter, maker.spool);
        let read = |index: usize| {
            if reporter.cancelled() {
                return Err(ChangeError::Cancelled);
            }
            let failed = |error| ChangeError::Deb { package: name(&missing[index]), error };
            let mut bytes = std::fs::File::open(&files[index]).map_err(|error| failed(error.into()))?;
            let deb = Deb::read(&mut bytes, spool, &Limits::default()).map_err(failed)?;
            task.advance(1);
            Ok(deb)
        };
        let debs = side_by_side(files.len(), maker.services.jobs, read)?;
        self.debs.extend(missing.iter().map(name).zip(debs));
        Ok(())
    }

    /// The updates of these steps; each must have been loaded.
    pub(super) fn packages<'a>(&'a self, steps: &'a [Step]) -> Vec<PackageUpdate<'a>> {
        let update = |step: &'a Step| {
            let deb = self.deb(&step.package, &step.to.architecture, &step.to.version.to_string())?;
            Some(PackageUpdate { deb, from_version: &step.from })
        };
        steps.iter().filter_map(update).collect()
    }

    /// A package that was loaded.
    pub(super) fn deb(&self, name: &str, architecture: &str, version: &str) -> Option<&Deb> {
        self.debs.get(&file(name, architecture, version))
    }

    /// The archives that were used.
    pub(super) fn used(&self) -> Vec<Used> {
        self.archive.used()
    }

    /// What was refused, in the order in which it was.
    pub(super) fn into_refused(self) -> Vec<RefusedUpdate> {
        self.refused
    }
}
