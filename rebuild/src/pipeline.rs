//! The whole of a rebuild, in order: open, decide, carry out, check, write.

use crate::account;
use crate::change::{Change, ChangeError, Fetched, Maker};
use crate::engine::native::script::Scripts;
use crate::engine::native::verdict::Evaluator;
use crate::event::{Event, Reporter, Within};
use crate::image::{Digest, Location, Platform};
use crate::lock::{Lock, LockError, LockFile};
use crate::opened::{OpenError, Opened};
use crate::output::{ComposeError, Form, Means, Output};
use crate::request::{Prune, Request, Services, Update};
use crate::spool::Spool;
use crate::store::kept::Kept;
use crate::store::registry::{RegistrySink, RegistrySource};
use crate::store::{Sink, Source, StoreError, open_sink, open_source};
use crate::subject::{Subject, SubjectError};
use recipes::Recipes;
use slim::diff::{Difference, Side};
use slim::packages::Inventory;
use slim::packages::dpkg::database::{Database, DatabaseError};
use slim::path::ImagePath;
use slim::reach::{Wishes, reach};
use slim::report::{Inspection, Outcome, Report, SCHEMA, Verdict};
use slim::tree::{ContentsError, ResolveError, Tree};
use slim::verify::{Problem, ProblemKind, compare};
use std::collections::BTreeSet;

/// Why a rebuild (or a question about an image) failed. Nothing was stored, but for [`LockError::Unwritten`].
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The image could not be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The image's own files could not be read.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The change could not be decided or carried out.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// A lock cannot be written, or the result is not what one promises.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The check of the result could not be made.
    #[error("checking the result: {0}")]
    Check(#[from] slim::elf::ElfError),
    /// The result would be broken where the source is whole.
    #[error("the result would be broken: {}", .0.iter().map(|problem| format!("{}: {}", problem.at, problem.detail)).collect::<Vec<_>>().join("; "))]
    Broken(Vec<Problem>),
    /// Packages that were to be brought up to date or installed are not in the result in that version.
    #[error("the result's package database has no {}", .0.join(", no "))]
    Lost(Vec<String>),
    /// The package database of the result does not fit its tree.
    #[error("the result's package database: {0}")]
    Database(#[from] DatabaseError),
    /// Contents could not be read.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// A layer could not be written.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The result is larger than the source, and that was not allowed.
    #[error("the result has {after} bytes of layers, the source {before}")]
    Larger {
        /// Bytes of the source's layers.
        before: u64,
        /// Bytes of the result's layers.
        after: u64,
    },
    /// Strictness was asked for, and something was kept back or could not be known.
    #[error("{} kept back, {} unknown, and --strict was asked for", .kept_back.len(), .unknown.len())]
    Strict {
        /// Packages with reasons.
        kept_back: Vec<String>,
        /// Uses that could not be resolved, each with its file, its place and what was assumed.
        unknown: Vec<slim::report::UnknownReport>,
    },
    /// A trial could not be made, or went otherwise than in the original.
    #[error(transparent)]
    Trial(#[from] crate::trial::TrialError),
    /// The target of a question is not in the image.
    #[error("{image} has neither a package nor a path {target:?}")]
    NoTarget {
        /// The image.
        image: String,
        /// What was asked about.
        target: String,
    },
}

/// What all steps of a run share.
pub(crate) struct Run<'a> {
    services: &'a Services,
    reporter: &'a dyn Reporter,
    within: Within<'a>,
    pub(crate) spool: Spool,
    pub(crate) recipes: Recipes,
    /// What of the built-in recipes the user's own stand in for.
    overridden: Vec<recipes::Override>,
    scripts: Evaluator,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        request: &Request,
        services: &'a Services,
        reporter: &'a dyn Reporter,
    ) -> Result<Self, RebuildError> {
        let mut recipes = Recipes::embedded().map_err(ChangeError::from)?;
        let overridden = recipes.overlay(request.recipes.clone());
        let spool = Spool::new(&services.temporary);
        let scripts = Evaluator::new(recipes.scripts().cloned().collect());
        Ok(Self { services, reporter, within: Within(reporter), spool, recipes, overridden, scripts })
    }

    pub(crate) fn source(&self, location: &Location) -> Result<Box<dyn Source + '_>, StoreError> {
        let source = open_source(location, &self.services.temporary, self.reporter, |reference| {
            Ok(Box::new(RegistrySource::open(reference, &self.services.registry)?.reporting(&self.within)))
        })?;
        Ok(match location {
            // What comes over the network is needed twice: now to be read, later to be stored.
            Location::Registry(_) => Box::new(Kept::new(source, self.services.temporary.clone())),
            _ => source,
        })
    }

    fn sink(&self, location: &Location) -> Result<Box<dyn Sink + '_>, StoreError> {
        open_sink(location, |reference| {
            let sink = RegistrySink::open(reference, &self.services.registry)?;
            Ok(Box::new(sink.reporting(&self.within).spooling_in(&self.services.temporary)))
        })
    }

    pub(crate) fn subject(
        &self,
        source: &dyn Source,
        platform: Option<&Platform>,
        roots: &[String],
    ) -> Result<Subject, RebuildError> {
        self.reporter.event(Event::Phase(format!("reading {}", source.name())));
        let opened = Opened::read(source, platform, self.services.jobs, &self.spool, self.reporter)?;
        Ok(Subject::of(opened, &self.spool, roots)?)
    }

    pub(crate) fn reporter(&self) -> &dyn Reporter {
        self.reporter
    }

    pub(crate) fn temporary(&self) -> &std::path::Path {
        &self.services.temporary
    }

    pub(crate) fn maker<'m>(&'m self, subject: &'m Subject, request: &'m Request) -> Maker<'m> {
        let scripts: &dyn Scripts = &self.scripts;
        Maker {
            subject,
            request,
            services: self.services,
            spool: &self.spool,
            scripts,
            recipes: &self.recipes,
            reporter: self.reporter,
        }
    }

    fn inventory(&self, tree: &Tree) -> Result<Inventory, DatabaseError> {
        let database = Database::read(tree, &self.spool)?;
        Ok(database.map(|database| database.inventory(tree)).unwrap_or_default())
    }

    /// What a change broke, and what was broken before.
    fn check(
        &self,
        subject: &Subject,
        tree: &Tree,
        inventory: &Inventory,
    ) -> Result<(Vec<Problem>, Vec<Problem>), RebuildError> {
        self.reporter.event(Event::Phase("checking the result".into()));
        let known = subject.knowledge(&subject.tree, Some(&subject.inventory), &self.spool)?;
        let before = slim::verify::verify(&subject.tree, &self.spool, &known)?;
        let known = subject.knowledge(tree, Some(inventory), &self.spool)?;
        let after = slim::verify::verify(tree, &self.spool, &known)?;
        Ok((compare(&before, &after), before))
    }
}

/// Rebuilds an image. When this fails, the destination is as it was, but for [`LockError::Unwritten`].
///
/// # Errors
/// See [`RebuildError`].
pub fn rebuild(request: &Request, services: &Services, reporter: &dyn Reporter) -> Result<Report, RebuildError> {
    let run = Run::new(request, services, reporter)?;
    let source = run.source(&request.source)?;
    // A lock or a destination that cannot be written is told before the work, not after it.
    let lock = request.lock.as_deref().map(LockFile::create).transpose()?;
    let sink = request.destination.as_ref().filter(|_| !request.dry_run).map(|to| run.sink(to)).transpose()?;
    let subject = run.subject(&*source, request.platform.as_ref(), &request.roots)?;
    let change = crate::trial::decide(&run, &subject, request)?;
    let mut report = begin(&run, &subject, request, &change)?;
    strict(request, &report)?;
    let tree = change.after.merge();
    let inventory = run.inventory(&tree)?;
    let lost = account::lost(&report.packages, &inventory);
    if !lost.is_empty() {
        return Err(RebuildError::Lost(lost));
    }
    if change.after != subject.opened.stack {
        let (broken, faults) = run.check(&subject, &tree, &inventory)?;
        let deleted = change.stayed_deleted(&tree);
        let excused = |problem: &Problem| emptied(&change, problem) || is_deleted(&deleted, &tree, problem);
        let broken = broken.into_iter().filter(|problem| !excused(problem));
        let (modules, broken): (Vec<_>, Vec<_>) = broken.partition(|problem| only_loaded(&change, problem));
        if !broken.is_empty() {
            return Err(RebuildError::Broken(broken));
        }
        if !modules.is_empty() {
            let names = modules.iter().map(|problem| problem.at.to_text()).collect::<Vec<_>>().join(" ");
            report.notes.push(format!("modules that can be loaded and no longer be run by name: {names}"));
        }
        report.faults = faults.iter().map(|problem| format!("{}: {}", problem.at, problem.detail)).collect();
    }
    if request.dry_run {
        planned(&subject, request, &tree, &inventory, &mut report);
        write_lock(lock, &change, None)?;
        return Ok(report);
    }
    let oci = sink.as_ref().is_some_and(|sink| sink.wants_oci());
    let mut output = compose(&run, &subject, &change, request, oci)?;
    let result = output.digest().clone();
    promised(request, &result)?;
    finish(&subject, request, &output, &tree, &inventory, &mut report)?;
    if let Some(sink) = sink {
        reporter.event(Event::Phase(format!("storing {}", sink.name())));
        report.destination = Some(sink.name());
        output.store(&*source, sink, reporter)?;
    }
    write_lock(lock, &change, Some(&result)).map_err(LockError::of_stored)?;
    Ok(report)
}

/// Holds the result against the lock that is replayed.
fn promised(request: &Request, result: &Digest) -> Result<(), LockError> {
    request.locked.as_ref().map_or(Ok(()), |locked| locked.promises(result))
}

/// Writes the lock of what was used.
fn write_lock(file: Option<LockFile>, change: &Change, result: Option<&Digest>) -> Result<(), LockError> {
    match (file, &change.lock) {
        (Some(file), Some(lock)) => file.write(&Lock { result: result.cloned(), ..lock.clone() }),
        _ => Ok(()),
    }
}

/// Brings everything that an update of an image may need into a folder, from which `--offline` reads it. Of the request, source,
/// platform and the choice of updates count.
///
/// # Errors
/// See [`RebuildError`].
pub fn fetch(
    request: &Request,
    folder: &std::path::Path,
    services: &Services,
    reporter: &dyn Reporter,
) -> Result<Fetched, RebuildError> {
    let run = Run::new(request, services, reporter)?;
    let subject = run.subject(&*run.source(&request.source)?, request.platform.as_ref(), &[])?;
    Ok(run.maker(&subject, request).fetch(folder)?)
}

/// Whether a problem is a directory without content that a script of an updated package removed, although the package lists it: dpkg, too, lets
/// an old `postrm upgrade` do so after the new files are there.
fn emptied(change: &Change, problem: &Problem) -> bool {
    problem.kind == ProblemKind::MissingPackageFile && change.emptied.contains(&problem.at)
}

/// Whether all that is wrong is that something is not there which the image's author had deleted.
fn is_deleted(deleted: &BTreeSet<ImagePath>, tree: &Tree, problem: &Problem) -> bool {
    match problem.kind {
        ProblemKind::MissingPackageFile => deleted.contains(&problem.at),
        ProblemKind::DanglingLink => match tree.resolve(&problem.at) {
            Err(ResolveError::Missing { at, .. }) => deleted.iter().any(|path| path.starts_with(&at)),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a problem is a `#!` line of a file that is only ever loaded by an interpreter.
fn only_loaded(change: &Change, problem: &Problem) -> bool {
    problem.kind == ProblemKind::MissingShebang
        && change.reach.as_ref().is_some_and(|reach| reach.loaded.contains(&problem.at))
}

fn begin(run: &Run<'_>, subject: &Subject, request: &Request, change: &Change) -> Result<Report, RebuildError> {
    let image = &subject.opened.image;
    let stored = Some((image.digest.to_string(), image.size()));
    Ok(Report {
        schema: SCHEMA,
        slim: env!("CARGO_PKG_VERSION").into(),
        outcome: Outcome::Done,
        source: account::image(image, &subject.tree, &subject.inventory, subject.distro.as_ref(), stored),
        result: None,
        destination: None,
        layers: account::layers(subject, Some(change), None),
        packages: account::packages(subject, Some(change), request.update, &run.spool)?,
        unknowns: account::unknowns(change),
        faults: Vec::new(),
        indexes: account::indexes(change),
        removals: change.listed.map(|_| slim::removed::PLACE.into()),
        notes: run.overridden.iter().map(ToString::to_string).chain(change.notes.iter().cloned()).collect(),
    })
}

fn compose(
    run: &Run<'_>,
    subject: &Subject,
    change: &Change,
    request: &Request,
    oci: bool,
) -> Result<Output, RebuildError> {
    let services = run.services;
    let means =
        Means { jobs: services.jobs, spool: &run.spool, directory: &services.temporary, reporter: run.reporter };
    let form = Form { compression: request.compression, oci, listed: change.listed };
    Ok(Output::compose(&subject.opened, &change.after, form, &means)?)
}

/// Fills in what a dry run knows of the image that it does not write: all but digests and the size of its layers.
fn planned(subject: &Subject, request: &Request, tree: &Tree, inventory: &Inventory, report: &mut Report) {
    if nothing_to_do(report) {
        report.outcome = Outcome::NothingToDo;
        return;
    }
    report.outcome = Outcome::Planned;
    let image = &subject.opened.image;
    let mut result = account::image(image, tree, inventory, subject.distro.as_ref(), None);
    result.name = request.destination.as_ref().map_or_else(|| image.name.clone(), ToString::to_string);
    report.result = Some(result);
}

/// Fills in what is only known when the layers are written, and holds the size against the promise.
fn finish(
    subject: &Subject,
    request: &Request,
    output: &Output,
    tree: &Tree,
    inventory: &Inventory,
    report: &mut Report,
) -> Result<(), RebuildError> {
    let image = &subject.opened.image;
    let (before, after) = (image.size(), output.size());
    if *output.digest() == image.digest {
        report.outcome = Outcome::NothingToDo;
        return Ok(());
    }
    if after > before {
        if !request.allow_larger {
            return Err(RebuildError::Larger { before, after });
        }
        report.notes.push(format!("the result is larger: {after} bytes of layers instead of {before}"));
    }
    let stored = Some((output.digest().to_string(), after));
    let mut result = account::image(image, tree, inventory, subject.distro.as_ref(), stored);
    result.name = request.destination.as_ref().map_or_else(|| image.name.clone(), ToString::to_string);
    report.result = Some(result);
    report.layers = account::layers(subject, None, Some(output));
    Ok(())
}

fn nothing_to_do(report: &Report) -> bool {
    let idle = |verdict: Verdict| matches!(verdict, Verdict::Kept | Verdict::KeptBack);
    report.packages.iter().all(|package| idle(package.verdict)) && report.layers.iter().all(|layer| layer.kept)
}

fn strict(request: &Request, report: &Report) -> Result<(), RebuildError> {
    let back = report.packages.iter().filter(|package| package.verdict == Verdict::KeptBack);
    let kept_back: Vec<_> = back.map(|package| format!("{}: {}", package.name, package.reason)).collect();
    if request.strict && !(kept_back.is_empty() && report.unknowns.is_empty()) {
        return Err(RebuildError::Strict { kept_back, unknown: report.unknowns.clone() });
    }
    Ok(())
}

/// Describes an image; with `updates`, also what is upgradable.
///
/// # Errors
/// See [`RebuildError`].
pub fn inspect(
    source: &Location,
    platform: Option<&Platform>,
    updates: bool,
    services: &Services,
    reporter: &dyn Reporter,
) -> Result<Inspection, RebuildError> {
    let update = if updates { Update::All } else { Update::None };
    let request =
        Request { update, prune: Prune::None, platform: platform.cloned(), ..Request::question(source.clone()) };
    let run = Run::new(&request, services, reporter)?;
    let subject = run.subject(&*run.source(source)?, platform, &[])?;
    let change = if updates { Some(run.maker(&subject, &request).outlook()?) } else { None };
    let image = &subject.opened.image;
    let stored = Some((image.digest.to_string(), image.size()));
    let mut packages = account::packages(&subject, change.as_ref(), update, &run.spool)?;
    for package in &mut packages {
        package.new_version.take_if(|newer| *newer == package.version);
        if !updates {
            package.reason.clear();
        }
    }
    Ok(Inspection {
        schema: SCHEMA,
        image: account::image(image, &subject.tree, &subject.inventory, subject.distro.as_ref(), stored),
        layers: account::layers(&subject, None, None),
        packages,
        entrypoint: image.config.entrypoint(),
        command: image.config.cmd(),
        user: image.config.user().into(),
        working_directory: image.config.working_dir().into(),
        environment: image.config.env(),
    })
}

/// Everything that is broken in an image, in path order, and whether what the container starts meets it. `before` is an image that it
/// was made from: what was broken there already is told from what is new.
///
/// # Errors
/// See [`RebuildError`].
pub fn verify(
    source: &Location,
    before: Option<&Location>,
    platform: Option<&Platform>,
    services: &Services,
    reporter: &dyn Reporter,
) -> Result<Vec<Problem>, RebuildError> {
    let run = Run::new(&Request::question(source.clone()), services, reporter)?;
    let subject = run.subject(&*run.source(source)?, platform, &[])?;
    reporter.event(Event::Phase("checking the image".into()));
    let known = subject.knowledge(&subject.tree, Some(&subject.inventory), &run.spool)?;
    let mut problems = slim::verify::verify(&subject.tree, &run.spool, &known)?;
    let launch = &subject.launch;
    // A base image starts nothing of its own: whoever builds on it may start any of it.
    let starts_something = !launch.entrypoint.is_empty() || !launch.command.is_empty();
    if let Some(before) = before.filter(|_| !problems.is_empty()) {
        let earlier = run.subject(&*run.source(before)?, platform, &[])?;
        let known = earlier.knowledge(&earlier.tree, Some(&earlier.inventory), &run.spool)?;
        Problem::tell_news(&mut problems, &slim::verify::verify(&earlier.tree, &run.spool, &known)?);
    }
    if !problems.is_empty() && starts_something {
        let nobody = Wishes::default();
        let reached = reach(&subject.tree, &run.spool, &subject.inventory, launch, &run.recipes, &nobody);
        slim::verify::judge(&mut problems, &reached.map_err(crate::change::ChangeError::from)?);
    }
    Ok(problems)
}

/// Compares two images.
///
/// # Errors
/// See [`RebuildError`].
pub fn diff(
    before: &Location,
    after: &Location,
    platform: Option<&Platform>,
    services: &Services,
    reporter: &dyn Reporter,
) -> Result<Difference, RebuildError> {
    let run = Run::new(&Request::question(before.clone()), services, reporter)?;
    let before = run.subject(&*run.source(before)?, platform, &[])?;
    let after = run.subject(&*run.source(after)?, platform, &[])?;
    Ok(slim::diff::diff(
        Side { tree: &before.tree, contents: &run.spool, inventory: Some(&before.inventory) },
        Side { tree: &after.tree, contents: &run.spool, inventory: Some(&after.inventory) },
    )?)
}
