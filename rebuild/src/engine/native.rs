//! Upgrading Debian packages as dpkg does, without running anything of the image.
//!
//! The order is dpkg's: old `prerm upgrade`, new `preinst upgrade`, unpack, old `postrm upgrade` for each package; then conffiles and
//! `postinst configure`; then triggers until none is left. Not produced, on purpose: logs, `status-old`, caches and lists of apt.

mod accounts;
mod bookkeeping;
mod conffiles;
mod distroless;
pub mod effects;
pub mod evaluate;
mod filter;
mod install;
mod replaces;
pub mod script;
#[cfg(test)]
mod tests;
mod triggers;
mod unpack;
pub mod verdict;

use crate::archives::deb::Deb;
use script::{Hook, Invocation, Scripts, Unproven, Verdict};
use slim::draft::Draft;
use slim::packages::dpkg::database::{Database, DatabaseError, Layout, Problem};
use slim::packages::dpkg::fields::{self, FieldError};
use slim::packages::dpkg::status::{Conffile, Stanza};
use slim::path::ImagePath;
use slim::tree::{ContentsError, Node};
use std::collections::{BTreeMap, BTreeSet};

/// A package to bring to a newer version.
#[derive(Debug, Clone, Copy)]
pub struct PackageUpdate<'a> {
    /// The new version's archive.
    pub deb: &'a Deb,
    /// The version that is installed; empty for a package that is installed anew.
    pub from_version: &'a str,
}

/// What happens to a conffile that both the user and the package changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConffilePolicy {
    /// The user's stays, the package's is put beside it as `.dpkg-dist` (`--force-confold`).
    #[default]
    Keep,
    /// The package's is installed, the user's is put beside it as `.dpkg-old` (`--force-confnew`).
    New,
    /// The package is refused.
    Fail,
}

/// How to decide where dpkg has options or slim differs from apt.
#[derive(Debug, Clone, Copy, Default)]
pub struct NativeOptions {
    /// Conffiles that both sides changed.
    pub conffiles: ConffilePolicy,
    /// Bring back what the image's author deleted, as apt would.
    pub apt_exact: bool,
    /// The image's platform in Debian's name: the native architecture of a database that does not tell its own.
    pub platform: Option<&'static str>,
}

/// Something about a package that its user may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A changed conffile was kept; the package's is at the path given, if at all.
    ConffileKept(ImagePath, Option<ImagePath>),
    /// A new version of a conffile was installed over the old one.
    ConffileReplaced(ImagePath),
    /// A conffile went or was set aside because its package asked for that.
    ConffileRemoved(ImagePath),
    /// A file that no package owned was overwritten.
    Overwritten(ImagePath),
    /// A file that the image's author had changed was overwritten.
    ChangeLost(ImagePath),
    /// A path that the image's author had deleted was not brought back.
    NotResurrected(ImagePath),
    /// A path was taken over from another package.
    TakenOver(ImagePath, String),
    /// The package's own `md5sums` say something else of a file than what it holds: `dpkg --verify` will call the file changed.
    SumsDisagree(ImagePath),
}

/// What became of a package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upgraded {
    /// `name:architecture`, as it was installed.
    pub package: String,
    /// Version before.
    pub from: String,
    /// Version now.
    pub to: String,
    /// What its scripts did.
    pub verdicts: Vec<(Hook, Verdict)>,
    /// What is worth telling.
    pub notes: Vec<Note>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The packages, in the order given.
    pub packages: Vec<Upgraded>,
    /// Triggers that ran: package, trigger names, verdict.
    pub triggers: Vec<(String, Vec<String>, Verdict)>,
}

/// A package that cannot be upgraded natively; without it, the others may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{package} cannot be upgraded natively: {reason}")]
pub struct Refused {
    /// Package name.
    pub package: String,
    /// Further packages that cannot be upgraded for the same reason: those that activated the trigger.
    pub with: Vec<String>,
    /// Why.
    pub reason: RefusedReason,
}

/// Why a package was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedReason {
    /// It is not installed, or not in the version that was expected.
    #[error("installed is {found:?}; expected {expected:?}")]
    Version {
        /// The version to upgrade from.
        expected: String,
        /// What the database has.
        found: String,
    },
    /// Its control file is not acceptable.
    #[error("its control file: {0}")]
    Control(FieldError),
    /// Its architecture or its `Multi-Arch` field changes.
    #[error("its {field} changes from {from:?} to {to:?}")]
    Identity {
        /// The field.
        field: &'static str,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// A script's effects are not known.
    #[error("script {} {}: {unproven}", hook.name(), arguments.join(" "))]
    Script {
        /// Which script.
        hook: Hook,
        /// Called how.
        arguments: Vec<String>,
        /// What is not known.
        unproven: Unproven,
    },
    /// A trigger that the package activates cannot be reproduced.
    #[error("it triggers {package} ({}): {unproven}", triggers.join(" "))]
    Trigger {
        /// The package whose trigger it is.
        package: String,
        /// The triggers.
        triggers: Vec<String>,
        /// What is not known.
        unproven: Unproven,
    },
    /// Another package owns a path, and nothing says that it may be taken.
    #[error("{path} belongs to {owner}")]
    Conflict {
        /// The path.
        path: ImagePath,
        /// Who owns it.
        owner: String,
    },
    /// A path cannot be unpacked where it is.
    #[error("{path}: {reason}")]
    Path {
        /// The path.
        path: ImagePath,
        /// What is in the way.
        reason: String,
    },
    /// A conffile that both sides changed, with [`ConffilePolicy::Fail`].
    #[error("{0} was changed by the user and by the package; choose to keep it or to take the new one")]
    Conffile(ImagePath),
    /// The old file had permissions that neither the new package nor a known script gives to the new one.
    #[error("{path} had mode {mode:04o}, owner {uid}:{gid}{}, which nothing gives to its new version", if *attributes { " and extended attributes" } else { "" })]
    Permissions {
        /// The file.
        path: ImagePath,
        /// Its mode before.
        mode: u32,
        /// Its owner before.
        uid: u32,
        /// Its group before.
        gid: u32,
        /// Whether it had extended attributes.
        attributes: bool,
    },
}

/// The upgrade was not done; the draft is as it was.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no dpkg database that can be changed.
    #[error("the image has no dpkg database with a status file")]
    NoDatabase,
    /// The database was left unfinished.
    #[error("the dpkg database is not in order: {}", told(.0))]
    Unsound(Vec<Problem>),
    /// One package is in the way.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The database could not be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A file could not be read.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// Triggers kept activating each other.
    #[error("triggers do not come to rest: {0}")]
    Triggers(String),
}

/// Problems that are told one by one; of a database without its lists every package has one.
const TOLD: usize = 5;

fn told(problems: &[Problem]) -> String {
    let mut texts: Vec<_> = problems.iter().take(TOLD).map(ToString::to_string).collect();
    let more = problems.len() - texts.len();
    texts.extend((more > 0).then(|| format!("and {more} more")));
    texts.join("; ")
}

/// A package on its way.
struct Job<'a> {
    deb: &'a Deb,
    /// What is installed; for a new package a stanza of that name without version or files.
    old: Stanza,
    /// Whether nothing is installed.
    new: bool,
    /// What the new stanza will be, without its conffiles.
    name: String,
    architecture: String,
    version: String,
    info_name: String,
    same: bool,
    conffiles: Vec<Conffile>,
    /// Conffiles that were unpacked but not installed yet.
    waiting: BTreeMap<ImagePath, Waiting>,
    /// Files with special permissions before: place, old node, new node.
    special: Vec<(ImagePath, Node, Node)>,
    upgraded: Upgraded,
}

/// A conffile that was unpacked but not installed yet.
struct Waiting {
    /// Where it goes, links followed.
    place: ImagePath,
    /// Whether a link was followed: the user has the file elsewhere.
    linked: bool,
    /// The new version.
    node: Node,
}

impl Job<'_> {
    fn refuse(&self, reason: RefusedReason) -> EngineError {
        Refused { package: self.name.clone(), with: Vec::new(), reason }.into()
    }

    fn note(&mut self, note: Note) {
        self.upgraded.notes.push(note);
    }
}

/// What all packages of a run share.
struct Session<'s> {
    options: &'s NativeOptions,
    scripts: &'s dyn Scripts,
    database: Database,
    /// Packages (info names) by the paths that their lists name.
    owners: BTreeMap<ImagePath, BTreeSet<String>>,
    /// The packages (info names) that were unpacked by now: their versions and conffiles.
    unpacked: BTreeMap<String, (String, Vec<Conffile>)>,
    /// In which place each package (info name) is configured.
    places: BTreeMap<String, usize>,
    activated: Activated,
}

/// Activated triggers, names and paths with their leading slash.
#[derive(Debug, Default)]
struct Activated {
    triggers: BTreeMap<String, Activation>,
    /// How many of the run's packages are configured by now.
    configured: usize,
}

/// Who activated a trigger, and when for the last time.
#[derive(Debug, Clone, Default)]
struct Activation {
    /// The packages whose upgrade did.
    by: BTreeSet<String>,
    /// How many packages were configured. One that was not is not triggered: configuring it is to do what the trigger would.
    configured: usize,
}

impl Activated {
    fn add(&mut self, trigger: String, package: &str) {
        let activation = self.triggers.entry(trigger).or_default();
        activation.by.insert(package.to_owned());
        activation.configured = self.configured;
    }
}

/// Upgrades packages of a draft. Its `now` becomes the newest time among the packages' entries, so that generated files need no clock.
///
/// # Errors
/// Whatever goes wrong, the draft is as it was. [`EngineError::Refused`] names the package to leave out.
pub fn upgrade(
    draft: &mut Draft<'_>,
    packages: &[PackageUpdate<'_>],
    options: &NativeOptions,
    scripts: &dyn Scripts,
) -> Result<Outcome, EngineError> {
    let (checkpoint, now) = (draft.checkpoint(), draft.now);
    let result = run(draft, packages, options, scripts);
    if result.is_err() {
        draft.rollback(checkpoint);
        draft.now = now;
    }
    result
}

fn run(
    draft: &mut Draft<'_>,
    packages: &[PackageUpdate<'_>],
    options: &NativeOptions,
    scripts: &dyn Scripts,
) -> Result<Outcome, EngineError> {
    let database = Database::read(draft.tree(), draft.contents())?.ok_or(EngineError::NoDatabase)?;
    if !database.problems.is_empty() {
        return Err(EngineError::Unsound(database.problems));
    }
    let newest = packages.iter().flat_map(|package| &package.deb.entries).map(|entry| entry.mtime).max();
    draft.now = newest.map_or(draft.now, |newest| newest.max(draft.now));
    if database.layout == Layout::Distroless {
        return distroless::upgrade(draft, &database, packages);
    }
    let mut owners: BTreeMap<ImagePath, BTreeSet<String>> = BTreeMap::new();
    for (name, list) in &database.lists {
        for path in list {
            owners.entry(path.clone()).or_default().insert(name.clone());
        }
    }
    let (unpacked, places, activated) = Default::default();
    let mut session = Session { options, scripts, database, owners, unpacked, places, activated };
    let mut jobs = packages.iter().map(|package| session.job(package)).collect::<Result<Vec<_>, _>>()?;
    session.places = jobs.iter().enumerate().map(|(place, job)| (job.info_name.clone(), place)).collect();
    for job in &mut jobs {
        let (old, new) = (job.old.version.clone(), job.version.clone());
        if job.new {
            session.script(draft, job, Hook::Preinst, &["install"], false)?;
            session.unpack(draft, job)?;
            continue;
        }
        session.script(draft, job, Hook::Prerm, &["upgrade", &new], true)?;
        session.script(draft, job, Hook::Preinst, &["upgrade", &old, &new], false)?;
        let postrm = bookkeeping::old_member(draft, &session.database, &job.old, "postrm")?;
        session.unpack(draft, job)?;
        session.call(draft, job, Hook::Postrm, &["upgrade", &new], postrm)?;
    }
    for (place, job) in jobs.iter_mut().enumerate() {
        session.activated.configured = place;
        session.install_conffiles(draft, job)?;
    }
    session.write_status(draft, &jobs)?;
    session.mark_automatic(draft, &jobs)?;
    for (place, job) in jobs.iter_mut().enumerate() {
        let old = job.old.version.clone();
        session.activated.configured = place;
        session.activate(job.deb.member("triggers").unwrap_or_default(), &job.name);
        session.script(draft, job, Hook::Postinst, &["configure", &old], false)?;
    }
    session.activated.configured = jobs.len();
    let mut outcome = Outcome::default();
    session.run_triggers(draft, &mut outcome)?;
    for job in &jobs {
        check_permissions(draft, job)?;
    }
    outcome.packages = jobs.into_iter().map(|job| job.upgraded).collect();
    Ok(outcome)
}

impl Session<'_> {
    fn job<'a>(&self, package: &PackageUpdate<'a>) -> Result<Job<'a>, EngineError> {
        let field = |name: &str| package.deb.field(name).unwrap_or_default();
        let (name, architecture) = (field("Package"), field("Architecture"));
        // An epoch of 0 goes unsaid.
        let version = String::from_utf8_lossy(fields::without_zero_epoch(field("Version").as_bytes())).into_owned();
        let refuse = |reason| EngineError::from(Refused { package: name.clone(), with: Vec::new(), reason });
        let status = &self.database.status;
        let exact = status.find(&format!("{name}:{architecture}")).or_else(|| status.find(&name));
        let old = exact.and_then(|index| status.stanzas().get(index)).filter(|stanza| stanza.state == "installed");
        let found = old.map(|stanza| stanza.version.clone()).unwrap_or_default();
        let same = field("Multi-Arch").eq_ignore_ascii_case("same");
        let nothing = if package.from_version.is_empty() { install::nothing(&name, &architecture, same) } else { None };
        let new = nothing.is_some();
        if new && (exact.is_some() || status.find(&name).is_some()) {
            return Err(refuse(RefusedReason::Version { expected: String::new(), found }));
        }
        let old = nothing.as_ref().or(old);
        let Some(old) = old.filter(|stanza| stanza.version == package.from_version) else {
            return Err(refuse(RefusedReason::Version { expected: package.from_version.to_owned(), found }));
        };
        let native = status.find("dpkg").and_then(|index| status.stanzas().get(index)).map(|dpkg| &dpkg.architecture);
        // dpkg replaces an instance by one of another architecture; between `all` and its own no other package sees a difference.
        let exchangeable = |name: &String| name == "all" || Some(name) == native;
        let alone = status.stanzas().iter().filter(|stanza| stanza.package == name).count() == 1;
        let singular = alone && !old.same && !field("Multi-Arch").eq_ignore_ascii_case("same");
        if old.architecture != architecture
            && !(singular && exchangeable(&old.architecture) && exchangeable(&architecture))
        {
            let (from, to) = (old.architecture.clone(), architecture);
            return Err(refuse(RefusedReason::Identity { field: "Architecture", from, to }));
        }
        let info_name = if same { format!("{name}:{architecture}") } else { name.clone() };
        // Whether dpkg would accept the control file is asked before anything changes.
        let stanza = Stanza::compose(&package.deb.control, &old.want, &[], Some(old));
        stanza.map_err(|error| refuse(RefusedReason::Control(error)))?;
        let upgraded = Upgraded {
            package: format!("{name}:{}", old.architecture),
            from: old.version.clone(),
            to: version.clone(),
            ..Upgraded::default()
        };
        Ok(Job {
            deb: package.deb,
            old: old.clone(),
            new,
            name,
            architecture,
            version,
            info_name,
            same,
            conffiles: Vec::new(),
            waiting: BTreeMap::new(),
            special: Vec::new(),
            upgraded,
        })
    }

    /// Runs a script of the installed version (`old`) or of the new archive.
    fn script(
        &mut self,
        draft: &mut Draft<'_>,
        job: &mut Job<'_>,
        hook: Hook,
        arguments: &[&str],
        old: bool,
    ) -> Result<(), EngineError> {
        let script = if old {
            bookkeeping::old_member(draft, &self.database, &job.old, hook.name())?
        } else {
            job.deb.member(hook.name()).map(<[u8]>::to_vec)
        };
        self.call(draft, job, hook, arguments, script)
    }

    fn call(
        &mut self,
        draft: &mut Draft<'_>,
        job: &mut Job<'_>,
        hook: Hook,
        arguments: &[&str],
        script: Option<Vec<u8>>,
    ) -> Result<(), EngineError> {
        let Some(script) = script else { return Ok(()) };
        let invocation = Invocation {
            package: &job.name,
            architecture: &job.architecture,
            hook,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            script: &script,
            old_version: Some(job.old.version.as_str()).filter(|_| !job.new),
            new_version: &job.version,
            debconf_templates: job.deb.member("templates"),
        };
        let mut activated = Vec::new();
        match self.scripts.run(&invocation, draft, &mut activated) {
            Ok(verdict) => job.upgraded.verdicts.push((hook, verdict)),
            Err(unproven) => {
                let arguments = invocation.arguments;
                return Err(job.refuse(RefusedReason::Script { hook, arguments, unproven }));
            }
        }
        for trigger in activated {
            self.activated.add(trigger, &job.name);
        }
        Ok(())
    }
}

/// A file that was setuid, owned by somebody, or capable, and whose new version is not, must have been made so by a script.
fn check_permissions(draft: &Draft<'_>, job: &Job<'_>) -> Result<(), EngineError> {
    let key = |node: &Node| (node.mode, node.uid, node.gid, node.xattrs.clone());
    for (path, old, new) in &job.special {
        let unchanged = draft.get(path).is_some_and(|now| key(now) == key(new));
        if unchanged && key(old) != key(new) {
            return Err(job.refuse(RefusedReason::Permissions {
                path: path.clone(),
                mode: old.mode,
                uid: old.uid,
                gid: old.gid,
                attributes: !old.xattrs.is_empty(),
            }));
        }
    }
    Ok(())
}
