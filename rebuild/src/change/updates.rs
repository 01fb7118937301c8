//! The updates of one image: what its archives offer, what was refused, and the packages that were fetched.

use super::{ChangeError, Maker, lock, new};
use crate::archives::deb::{Deb, Limits};
use crate::archives::index::Candidate;
use crate::archives::{Archive, Options, Used};
use crate::engine::native::PackageUpdate;
use crate::event::{Event, Reporter, Task, Unit};
use crate::image::Digest;
use crate::lock::Lock;
use crate::opened::side_by_side;
use crate::request::Update;
use crate::upgrade::{
    InstalledPackage, Pins, Policy, Step, Upgrade, architectures, installed_packages, native_architecture, resolve,
};
use slim::packages::dpkg::Relations;
use slim::packages::dpkg::database::{Database, Layout};
use slim::packages::dpkg::paragraph::Paragraph;
use slim::path::ImagePath;
use slim::tree::Contents as _;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// `name:architecture` of a step.
pub(super) fn key(step: &Step) -> String {
    format!("{}:{}", step.package, step.architecture)
}

/// The stanzas of an image without dpkg, with the state that those of dpkg have: what is there is installed.
fn as_installed(database: &Database) -> Vec<u8> {
    let mut text = Vec::new();
    for stanza in database.status.stanzas() {
        text.extend_from_slice(b"Status: install ok installed\n");
        text.extend_from_slice(stanza.raw());
        text.push(b'\n');
    }
    text
}

/// Whether a package is the one that the index promised: its hash says only that it is the file that was meant. What it asks of others
/// must be what the decision was made with; a lock (`decided`) holds only the decision.
fn agrees(deb: &Deb, candidate: &Candidate, decided: bool) -> Result<(), ChangeError> {
    let version = candidate.version.to_string();
    let disagrees = |field, promised: String, found| {
        let package = file(&candidate.name, &candidate.architecture, &version);
        Err(ChangeError::Disagrees { package, field, promised, found })
    };
    for (field, promised) in
        [("Package", &candidate.name), ("Version", &version), ("Architecture", &candidate.architecture)]
    {
        let found = deb.field(field).unwrap_or_default();
        if found != *promised {
            return disagrees(field, promised.clone(), found);
        }
    }
    // A relation that cannot be read is the engine's to refuse, as dpkg does.
    let control = Paragraph::new(&deb.control);
    let Ok(relations) = Relations::of(&control) else { return Ok(()) };
    if decided || relations == candidate.relations {
        return Ok(());
    }
    let promised = told(&candidate.relations);
    let different = told(&relations).into_iter().zip(promised).find(|((_, found), (_, promised))| found != promised);
    match different {
        Some(((field, found), (_, promised))) => disagrees(field, promised, found),
        None => Ok(()),
    }
}

/// The relations of a package as text, by field.
fn told(relations: &Relations) -> [(&'static str, String); 5] {
    fn list<T: std::fmt::Display>(items: &[T]) -> String {
        items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
    [
        ("Pre-Depends", list(&relations.pre_depends)),
        ("Depends", list(&relations.depends)),
        ("Breaks", list(&relations.breaks)),
        ("Conflicts", list(&relations.conflicts)),
        ("Provides", list(&relations.provides)),
    ]
}

/// Updates of one image.
#[derive(Debug)]
pub struct Updates {
    archive: Archive,
    installed: Vec<InstalledPackage>,
    candidates: Vec<Candidate>,
    policy: Policy,
    /// The upgrade of a lock, which leaves nothing to decide.
    locked: Option<Upgrade>,
    debs: BTreeMap<String, Deb>,
    /// Which of them lower layers took.
    below: BTreeSet<String>,
}

/// What a version of a package is filed under.
fn file(name: &str, architecture: &str, version: &str) -> String {
    format!("{name}:{architecture} {version}")
}

impl Updates {
    pub(super) fn open(maker: &Maker<'_>, options: &Options) -> Result<Self, ChangeError> {
        let (tree, spool) = (&maker.subject.tree, maker.spool);
        let status = match &maker.subject.database {
            Some(database) if database.layout == Layout::Distroless => as_installed(database),
            _ => match tree.lookup(&ImagePath::literal("/var/lib/dpkg/status")).and_then(|(_, node)| node.as_file()) {
                Some(file) => spool.read(&file.content)?.into_owned(),
                None => Vec::new(),
            },
        };
        let installed = installed_packages(&status)?;
        let mut options = options.clone();
        let declared = maker.subject.database.as_ref().and_then(|database| database.architectures.first());
        let platform = maker.subject.opened.image.config.platform();
        let native = native_architecture(declared.map(String::as_str), &installed, platform.debian_architecture());
        options.architectures = architectures(&installed, &native);
        options.temporary.get_or_insert_with(|| maker.services.temporary.clone());
        if let Some(lock) = &maker.request.locked {
            let image = &maker.subject.opened.image;
            let (archive, candidates) = Archive::of_lock(lock, &options)?;
            let locked = lock::upgrade(lock, image, &installed, &candidates)?;
            return Ok(Self { locked: Some(locked), ..Self::new(archive, installed, candidates, Policy::default()) });
        }
        maker.reporter.event(Event::Phase("asking the archives".into()));
        let archive = Archive::open(tree, spool, &options, maker.reporter)?;
        let mut candidates = archive.candidates(installed.iter().map(|package| package.name.as_str()))?;
        let pins = Pins::of_image(tree, spool)?;
        let with_new = maker.request.with_new || pins.allows_new();
        if with_new {
            candidates.extend(new::offers(&archive, &installed, &candidates)?);
        }
        let policy = Policy {
            security_only: maker.request.update == Update::Security,
            only: maker.request.only.iter().cloned().collect(),
            exclude: maker.request.exclude.iter().cloned().collect(),
            with_new,
            pins,
            native,
            ..Policy::default()
        };
        for names in [&policy.only, &policy.exclude] {
            if let Some(pattern) = names.idle(&installed) {
                return Err(ChangeError::NotInstalled { pattern: pattern.into() });
            }
        }
        Ok(Self::new(archive, installed, candidates, policy))
    }

    fn new(archive: Archive, installed: Vec<InstalledPackage>, candidates: Vec<Candidate>, policy: Policy) -> Self {
        let (debs, below) = (BTreeMap::new(), BTreeSet::new());
        Self { archive, installed, candidates, policy, locked: None, debs, below }
    }

    /// What can be brought up to date, without the packages that were refused.
    pub(super) fn resolve(&self) -> Upgrade {
        self.locked.clone().unwrap_or_else(|| resolve(&self.installed, &self.candidates, &self.policy))
    }

    /// Whether a lock decides, so that nothing may be left out.
    pub(super) fn is_locked(&self) -> bool {
        self.locked.is_some()
    }

    /// Forgets what lower layers took in a try that came to nothing.
    pub(super) fn took_nothing_below(&mut self) {
        self.below.clear();
    }

    /// Notes what a lower layer took.
    pub(super) fn took_below(&mut self, candidates: &[Candidate]) {
        self.below.extend(candidates.iter().map(|c| file(&c.name, &c.architecture, &c.version.to_string())));
    }

    /// What was used for an upgrade, without the packages that were not upgraded because they go.
    pub(super) fn lock(&self, image: Digest, upgrade: &Upgrade, doomed: &BTreeSet<String>) -> Lock {
        let steps: Vec<_> = upgrade.steps.iter().filter(|step| !doomed.contains(&key(step))).collect();
        let is_below = |c: &&Candidate| self.below.contains(&file(&c.name, &c.architecture, &c.version.to_string()));
        let is_step = |c: &&Candidate| {
            steps
                .iter()
                .any(|s| s.to.name == c.name && s.to.version == c.version && s.to.architecture == c.architecture)
        };
        let of_steps = steps.iter().map(|step| lock::step(step));
        let below = self.candidates.iter().filter(|c| is_below(c) && !is_step(c)).map(|c| lock::locked(c, None));
        Lock::new(image, self.used(), of_steps.chain(below).collect(), lock::kept_back(upgrade))
    }

    /// The candidate that is exactly this version of a package.
    pub(super) fn exactly(&self, name: &str, architecture: &str, version: &str) -> Option<&Candidate> {
        let named = self.candidates.iter().filter(|c| c.name == name && c.architecture == architecture);
        let mut fitting = named.filter(|c| c.unusable.is_none() && c.version.to_string() == version);
        fitting.next()
    }

    /// Keeps a package back from now on; says whether that is news. (A package outside of the upgrade, whose trigger cannot be
    /// run, is in the way of all of it.)
    pub(super) fn refuse(&mut self, package: &str, reason: String) -> bool {
        let name = package.split(':').next().unwrap_or(package);
        self.policy.refused.insert(name.into(), reason).is_none()
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
        let (reporter, spool, decided) = (maker.reporter, maker.spool, self.is_locked());
        let read = |index: usize| {
            if reporter.cancelled() {
                return Err(ChangeError::Cancelled);
            }
            let failed = |error| ChangeError::Deb { package: name(&missing[index]), error };
            let mut bytes = std::fs::File::open(&files[index]).map_err(|error| failed(error.into()))?;
            let deb = Deb::read(&mut bytes, spool, &Limits::default()).map_err(failed)?;
            agrees(&deb, &missing[index], decided)?;
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

    /// Brings packages into a folder; says how many were not there yet, and their bytes.
    pub(super) fn fetch_into(
        &self,
        folder: &Path,
        wanted: &[Candidate],
        reporter: &dyn Reporter,
    ) -> Result<(usize, u64), ChangeError> {
        Ok(self.archive.fetch_into(folder, wanted, reporter)?)
    }

    /// A package that was loaded.
    pub(super) fn deb(&self, name: &str, architecture: &str, version: &str) -> Option<&Deb> {
        self.debs.get(&file(name, architecture, version))
    }

    /// The archives that were used.
    pub(super) fn used(&self) -> Vec<Used> {
        self.archive.used()
    }
}
