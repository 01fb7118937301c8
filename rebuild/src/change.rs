//! What a rebuild does to an image, decided and carried out on drafts: update what stays, take away what nothing reaches.
//!
//! The decision is made on the finished image. It is then carried out on the image as it was after every layer of its build, so that
//! each layer becomes what the build would have made of it with today's packages ([`slim::draft::layered`]).

mod fetch;
mod listing;
mod lock;
mod moments;
mod new;
mod updates;

pub use fetch::Fetched;
pub use new::offers;
pub use updates::Updates;

use crate::engine::native::effects::{alternatives, ldconfig};
use crate::engine::native::script::{Scripts, Unproven};
use crate::engine::native::{self, EngineError, NativeOptions, Note, Outcome, Upgraded};
use crate::event::{Event, Reporter};
use crate::lock::Lock;
use crate::request::{Prune, PruneMode, Request, Services, Trace, Update};
use crate::spool::Spool;
use crate::subject::Subject;
use crate::upgrade::{Step, Upgrade};
use recipes::Recipes;
use slim::draft::{Draft, Drafted, layered};
use slim::packages::Inventory;
use slim::packages::dpkg::database::{Database, DatabaseError};
use slim::packages::dpkg::dependencies::dependencies;
use slim::path::ImagePath;
use slim::plan::Plan;
use slim::policy::{Keep, Profile, decide, depended};
use slim::prune::prune;
use slim::reach::{Reach, Wishes, reach};
use slim::tree::{ContentsError, Stack, Tree};
use std::collections::BTreeSet;

/// The outcome of a decision, and what it makes of the image.
#[derive(Debug, Default)]
pub struct Change {
    /// The image's layers as they are to be.
    pub after: Stack,
    /// What would be brought up to date if nothing were removed.
    pub upgrade: Upgrade,
    /// What the engine did on the finished image; `None` when it was only asked what could be done.
    pub outcome: Option<Outcome>,
    /// What stays and what goes; `None` when nothing was to be removed.
    pub plan: Option<Plan>,
    /// What reaches what, in the image as it is to be.
    pub reach: Option<Reach>,
    /// Directories of the source that are not there after the update: packages gave them up, or their scripts removed them empty.
    pub emptied: BTreeSet<ImagePath>,
    /// How many packages the image's list of removed packages names, where this change wrote it.
    pub listed: Option<usize>,
    /// The archives that were used.
    pub used: Vec<crate::archives::Used>,
    /// What was used, to be used again; `None` when nothing was to be brought up to date.
    pub lock: Option<Lock>,
    /// What a person should know.
    pub notes: Vec<String>,
}

impl Change {
    /// What became of the packages of the finished image.
    fn upgraded(&self) -> &[Upgraded] {
        self.outcome.as_ref().map_or(&[], |outcome| &outcome.packages)
    }

    /// The paths, links of their parents followed, that updates did not bring back because the image's author had deleted them.
    pub(crate) fn stayed_deleted(&self, tree: &Tree) -> BTreeSet<ImagePath> {
        let notes = self.upgraded().iter().flat_map(|package| &package.notes);
        let place = |path: &ImagePath| tree.resolve_parent(path).map_or_else(|_| path.clone(), |place| place.path);
        notes.filter_map(|note| if let Note::NotResurrected(path) = note { Some(place(path)) } else { None }).collect()
    }
}

/// A change could not be decided or carried out.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The image has no package database that can be updated.
    #[error("{image} has no package database that slim can update (found: {found})")]
    NoDatabase {
        /// The image.
        image: String,
        /// What it is, as far as can be told.
        found: String,
    },
    /// Archives failed.
    #[error(transparent)]
    Archive(#[from] crate::archives::ArchiveError),
    /// The installed packages cannot be understood.
    #[error(transparent)]
    Installed(#[from] crate::upgrade::InstalledError),
    /// The preferences of the image cannot be understood.
    #[error(transparent)]
    Pins(#[from] crate::upgrade::PinError),
    /// The user named a package that is not there.
    #[error("{pattern:?} fits no installed package")]
    NotInstalled {
        /// What was asked for.
        pattern: String,
    },
    /// A downloaded package is damaged.
    #[error("package {package}: {error}")]
    Deb {
        /// Name and version.
        package: String,
        /// What is wrong.
        error: crate::archives::deb::DebError,
    },
    /// A package is not what the index said of it.
    #[error("package {package}: the index says {field} {promised:?}, the package itself {found:?}")]
    Disagrees {
        /// Name and version.
        package: String,
        /// The field.
        field: &'static str,
        /// In the index.
        promised: String,
        /// In the package.
        found: String,
    },
    /// A lock cannot be replayed.
    #[error(transparent)]
    Lock(#[from] crate::lock::LockError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The package database cannot be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Contents cannot be read.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// A recipe or a pattern of the user is malformed.
    #[error(transparent)]
    Pattern(#[from] recipes::PatternError),
    /// A recipe that is part of slim is malformed.
    #[error(transparent)]
    Recipes(#[from] recipes::LoadError),
    /// The loader's cache cannot be made anew for what is left.
    #[error("/etc/ld.so.cache cannot be made anew after removing packages: {0}")]
    LoaderCache(Unproven),
    /// The alternatives of removed packages cannot be taken out of their groups.
    #[error("the alternatives cannot be brought up to date after removing packages: {0}")]
    Alternatives(Unproven),
    /// Nothing tells what the container runs, so that nothing would stay.
    #[error("{image} starts no program that it holds ({}), so that pruning would remove every package", started(argv))]
    NothingStarts {
        /// The image.
        image: String,
        /// The command line of its configuration.
        argv: Vec<String>,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// A command line, for a message.
fn started(argv: &[String]) -> String {
    if argv.is_empty() { "no entrypoint and no command".to_owned() } else { format!("its command is {argv:?}") }
}

/// Everything that a decision is made with.
pub(crate) struct Maker<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) request: &'a Request,
    pub(crate) services: &'a Services,
    pub(crate) spool: &'a Spool,
    pub(crate) scripts: &'a dyn Scripts,
    pub(crate) recipes: &'a Recipes,
    pub(crate) reporter: &'a dyn Reporter,
}

impl Maker<'_> {
    /// What is newer, as the archives tell it: no package is fetched, so no script is judged.
    pub(crate) fn outlook(&self) -> Result<Change, ChangeError> {
        let mut change = Change { after: self.subject.opened.stack.clone(), ..Change::default() };
        if let Some(updates) = self.updates(&self.services.archives)? {
            (change.upgrade, change.used) = (updates.resolve(), updates.used());
        }
        Ok(change)
    }

    /// Decides, and carries the decision out on drafts.
    pub(crate) fn change(&self) -> Result<Change, ChangeError> {
        let mut change = Change { after: self.subject.opened.stack.clone(), ..Change::default() };
        if self.subject.database.is_none() && self.request.prune != Prune::None {
            let note = "no dpkg database: all files count as the application's, and only plug-ins and data go that nothing in use reads";
            change.notes.push(note.into());
        }
        if self.request.prune != Prune::None {
            let wishes = self.keep().wishes(&self.subject.tree, &self.subject.inventory)?;
            let vain = |text: &String| format!("--keep {text} fits neither a package nor a path of the image");
            change.notes.extend(wishes.vain.iter().map(vain));
            let is_vain = |trace: &&Trace| self.traced(trace, &self.subject.tree).is_empty();
            let vain = |trace: &Trace| format!("{} names no file of the image", trace.name);
            change.notes.extend(self.request.traces.iter().filter(is_vain).map(vain));
        }
        let mut updates = self.updates(&self.services.archives)?;
        let first = self.plan(&self.subject.tree, &self.subject.inventory)?;
        let mut doomed: BTreeSet<String> = first.map(|(plan, _)| plan.removal.packages).unwrap_or_default();
        let Tried { outcome, emptied, decided, drafts } = loop {
            self.alive()?;
            if let Some(updates) = &updates {
                change.upgrade = updates.resolve();
            }
            match self.attempt(&change.upgrade, updates.as_mut(), &mut doomed)? {
                Attempt::Done(tried) => break *tried,
                Attempt::Again => {}
            }
        };
        (change.outcome, change.emptied) = (Some(outcome), emptied);
        (change.plan, change.reach) = decided.unzip();
        if !drafts.is_empty() {
            change.after = layered(&self.subject.opened.stack, &drafts, self.spool)?.apply(&self.subject.opened.stack);
            self.list(&mut change)?;
        }
        if let Some(updates) = updates {
            change.used = updates.used();
            let image = self.subject.opened.image.digest.clone();
            change.lock = Some(updates.lock(image, &change.upgrade, &doomed));
        }
        let told: Vec<_> =
            change.upgraded().iter().flat_map(|package| notes(&package.package, &package.notes)).collect();
        change.notes.extend(told);
        Ok(change)
    }

    /// One try at the whole; what it learns (a package that must be kept back, one that is needed after all) leads to the next. Of what it
    /// did, nothing outlives it otherwise.
    fn attempt(
        &self,
        upgrade: &Upgrade,
        mut updates: Option<&mut Updates>,
        doomed: &mut BTreeSet<String>,
    ) -> Result<Attempt, ChangeError> {
        let mut steps: Vec<_> =
            upgrade.steps.iter().filter(|step| !doomed.contains(&updates::key(step))).cloned().collect();
        without_idle_new(&mut steps);
        // What others need comes first, so that their scripts find it.
        steps.sort_by_key(|step| !step.is_new());
        let mut tried = Tried::default();
        if let Some(updates) = updates.as_deref_mut() {
            updates.took_nothing_below();
            let wanted: Vec<_> = steps.iter().map(|step| step.to.clone()).collect();
            updates.load(&wanted, self)?;
        }
        let mut top = Draft::new(self.subject.tree.clone(), self.spool);
        if let Some(updates) = updates.as_deref_mut()
            && !steps.is_empty()
        {
            self.reporter.event(Event::Phase(format!("updating {} packages", steps.len())));
            match native::upgrade(&mut top, &updates.packages(&steps), &self.native_options(), self.scripts) {
                Ok(outcome) => {
                    tried.outcome = outcome;
                    let directories = self.subject.tree.iter().filter(|(_, node)| node.is_directory());
                    let gone = directories.filter(|(path, _)| !top.tree().contains(path));
                    tried.emptied = gone.map(|(path, _)| path.clone()).collect();
                }
                Err(EngineError::Refused(refused)) => return self.without(updates, refused, &steps),
                Err(error) => return Err(error.into()),
            }
        }
        let inventory = self.inventory(top.tree())?;
        if let Some((plan, reach)) = self.plan(top.tree(), &inventory)? {
            let needed: Vec<_> = doomed.difference(&plan.removal.packages).cloned().collect();
            let newer = |key: &String| upgrade.steps.iter().any(|step| updates::key(step) == *key);
            let again = needed.iter().any(newer);
            for key in needed {
                doomed.remove(&key);
            }
            if again {
                return Ok(Attempt::Again);
            }
            tried.decided = Some((plan, reach));
        }
        self.moments(top, &inventory, tried, updates, &steps)
    }

    /// Another try without a package that the engine refused.
    fn without(&self, updates: &mut Updates, refused: native::Refused, steps: &[Step]) -> Result<Attempt, ChangeError> {
        if updates.is_locked() {
            return Err(crate::lock::LockError::Refused(refused).into());
        }
        let of_steps = steps.iter().any(|step| step.package == refused.package.split(':').next().unwrap_or_default());
        self.reporter.event(Event::Warning(format!("kept back: {refused}")));
        let reason = refused.reason.to_string();
        let news = updates.refuse(&refused.package, reason.clone());
        for package in &refused.with {
            updates.refuse(package, reason.clone());
        }
        if news && of_steps {
            return Ok(Attempt::Again);
        }
        Err(EngineError::Refused(refused).into())
    }

    /// Takes away what the plan names, and makes what was made of it anew.
    pub(crate) fn prune(&self, draft: &mut Draft<'_>, removal: &slim::plan::Removal) -> Result<(), ChangeError> {
        if removal.packages.is_empty() && removal.paths.is_empty() {
            return Ok(());
        }
        prune(draft, removal)?;
        alternatives::forget(draft).map_err(ChangeError::Alternatives)?;
        let cache = ImagePath::literal("/etc/ld.so.cache");
        if draft.tree().lookup(&cache).is_none() {
            return Ok(());
        }
        // Where the C library went with its loader (only static programs are left), nothing reads the cache.
        if draft.tree().iter().any(|(path, _)| path.file_name() == b"libc.so.6") {
            ldconfig::refresh(draft).map_err(ChangeError::LoaderCache)?;
        } else {
            draft.remove(&cache);
        }
        Ok(())
    }

    /// What reaches what in a tree, and what therefore goes; `None` when nothing is to be removed.
    pub(crate) fn plan(&self, tree: &Tree, inventory: &Inventory) -> Result<Option<(Plan, Reach)>, ChangeError> {
        let profile = match self.request.prune {
            Prune::None => return Ok(None),
            Prune::Packages => Profile::Packages,
            Prune::Files => Profile::Files,
        };
        self.reporter.event(Event::Phase("following what the entrypoint reaches".into()));
        let mut wishes = self.keep().wishes(tree, inventory)?;
        for trace in &self.request.traces {
            wishes.named.extend(self.traced(trace, tree));
        }
        let follow = |wishes: &Wishes| reach(tree, self.spool, inventory, &self.subject.launch, self.recipes, wishes);
        let mut reach = follow(&wishes)?;
        if self.request.prune_mode == PruneMode::AptUsable
            && let Some(database) = Database::read(tree, self.spool)?
        {
            wishes.whole = depended(&reach, inventory, &dependencies(&database.status));
            reach = follow(&wishes)?;
        }
        let plan = decide(tree, inventory, &reach, profile);
        // Without a beginning everything would go: that is nobody's wish.
        if !plan.removal.packages.is_empty() && !reach.starts_something(tree) {
            let (image, argv) = (self.subject.opened.image.name.clone(), self.subject.launch.argv());
            return Err(ChangeError::NothingStarts { image, argv });
        }
        Ok(Some((plan, reach)))
    }

    /// The files of a tree that a trace names.
    fn traced(&self, trace: &Trace, tree: &Tree) -> Vec<(ImagePath, String)> {
        slim::trace::found(&trace.uses, &trace.name, &self.subject.launch, tree)
    }

    fn keep(&self) -> Keep {
        Keep { keep: self.request.keep.clone(), shell: self.request.keep_shell }
    }

    pub(crate) fn native_options(&self) -> NativeOptions {
        let platform = Some(self.subject.opened.image.config.platform().debian_architecture());
        NativeOptions { conffiles: self.request.conffiles, platform, ..NativeOptions::default() }
    }

    pub(crate) fn inventory(&self, tree: &Tree) -> Result<Inventory, ChangeError> {
        let database = Database::read(tree, self.spool)?;
        Ok(database.map(|database| database.inventory(tree)).unwrap_or_default())
    }

    pub(crate) fn alive(&self) -> Result<(), ChangeError> {
        if self.reporter.cancelled() { Err(ChangeError::Cancelled) } else { Ok(()) }
    }

    fn updates(&self, options: &crate::archives::Options) -> Result<Option<Updates>, ChangeError> {
        if self.request.update == Update::None {
            return Ok(None);
        }
        let Some(database) = &self.subject.database else {
            let image = self.subject.opened.image.name.clone();
            let distro = self.subject.distro.as_ref().map(slim::distro::Distro::to_text);
            return Err(ChangeError::NoDatabase { image, found: distro.unwrap_or_else(|| "no os-release".into()) });
        };
        // Also where nothing would be updated: a package that is half configured is no package that is current.
        if !database.problems.is_empty() {
            return Err(EngineError::Unsound(database.problems.clone()).into());
        }
        Updates::open(self, options).map(Some)
    }
}

/// Leaves out new packages that only packages need which are not upgraded, because they go.
fn without_idle_new(steps: &mut Vec<Step>) {
    loop {
        let here: BTreeSet<String> = steps.iter().map(updates::key).collect();
        let count = steps.len();
        steps.retain(|step| !step.is_new() || step.needed_by.iter().any(|needing| here.contains(needing)));
        if steps.len() == count {
            return;
        }
    }
}

/// How a try ended.
enum Attempt {
    /// With drafts of every moment of the build.
    Done(Box<Tried>),
    /// With something learnt.
    Again,
}

/// What one try makes of the image.
#[derive(Default)]
struct Tried {
    /// What the engine did on the finished image.
    outcome: Outcome,
    /// As [`Change::emptied`].
    emptied: BTreeSet<ImagePath>,
    /// What stays and what goes, and what reaches what; `None` when nothing was to be removed.
    decided: Option<(Plan, Reach)>,
    /// Drafts of every moment of the build.
    drafts: Vec<Drafted>,
}

fn notes(package: &str, notes: &[Note]) -> Vec<String> {
    let text = |note: &Note| match note {
        Note::ConffileKept(path, Some(new)) => format!("{path} was changed and is kept; the new version is {new}"),
        Note::ConffileKept(path, None) => format!("{path} was changed and is kept"),
        Note::ConffileReplaced(path) => format!("{path} was replaced by its new version"),
        Note::ConffileRemoved(path) => format!("{path} was removed, as the package asks"),
        Note::Overwritten(path) => format!("{path}, which no package owned, was overwritten"),
        Note::ChangeLost(path) => format!("{path} had been changed and was overwritten"),
        Note::NotResurrected(path) => format!("{path} had been deleted and stays so"),
        Note::TakenOver(path, other) => format!("{path} was taken over from {other}"),
        Note::SumsDisagree(path) => format!("the package's own md5sums disagree with what it holds of {path}"),
    };
    notes.iter().map(|note| format!("{package}: {}", text(note))).collect()
}
