//! Toy roots in which a real dpkg runs, and the comparison of what it leaves with what the engine does.
//!
//! A toy root holds a copy of dpkg, of the programs that it and maintainer scripts call, and of their libraries: dpkg runs in a
//! chroot of it, so that links, configuration, names of users and scripts are the root's own.

use super::tree;
use rebuild::archives::deb::{Deb, Limits};
use rebuild::engine::native::verdict::Evaluator;
use rebuild::engine::native::{ConffilePolicy, EngineError, NativeOptions, Outcome, PackageUpdate, upgrade};
use rebuild::spool::Spool;
use slim::draft::Draft;
use slim::packages::dpkg::database::Database;
use slim::tree::Tree;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use testdata::deb::Deb as Toy;

/// What dpkg calls, and what the scripts of the scenarios call.
const PROGRAMS: &str = "dpkg dpkg-deb dpkg-divert dpkg-maintscript-helper dpkg-query dpkg-split dpkg-statoverride dpkg-trigger \
    ldconfig start-stop-daemon update-alternatives sh tar basename cat chmod chown cp cut diff dirname find grep ln ls md5sum mkdir mv \
    readlink rm rmdir sed sort stat touch tr xargs";

/// A root file system that lends its dpkg.
#[derive(Debug)]
pub(crate) struct Referee {
    /// The version of dpkg, for messages.
    name: String,
    root: PathBuf,
    /// The files that toy roots get: as they are called, and where they are in the root once its links are followed.
    files: Vec<(String, String)>,
}

impl Referee {
    fn of(root: &Path) -> Self {
        let run = |command: &str| {
            let mut chroot = Command::new("chroot");
            chroot.arg(root).args(["/bin/sh", "-c", command]).env("LC_ALL", "C");
            chroot.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            String::from_utf8(chroot.output().unwrap().stdout).unwrap()
        };
        let name = run("dpkg --version | head -n 1");
        let programs = run(&format!("for name in {PROGRAMS}; do command -v $name; done"));
        let mut files: Vec<String> = programs.lines().map(str::to_owned).collect();
        let libraries = run(&format!("ldd {} 2>/dev/null", files.join(" ")));
        let paths = libraries.split_ascii_whitespace().filter(|word| word.starts_with('/') && !word.ends_with(':'));
        files.extend(paths.map(str::to_owned));
        files.extend(run("find /usr/share/dpkg/sh -type f").lines().map(str::to_owned));
        // Users and groups have names: up to glibc 2.33 those of the files are looked up by a library of its own.
        files.extend(run("find -H /lib /usr/lib -name libnss_files.so.2").lines().map(str::to_owned));
        files.sort();
        files.dedup();
        let real = run(&format!("readlink -f {}", files.join(" ")));
        let files: Vec<_> = files.into_iter().zip(real.lines().map(str::to_owned)).collect();
        assert!(files.len() > 30, "{}: these are not the tools of dpkg: {files:?}", root.display());
        Self { name: name.trim().to_owned(), root: root.into(), files }
    }

    /// Copies the tools into a root; its folders are those of a merged /usr.
    fn lend(&self, root: &Path) {
        for (file, real) in &self.files {
            let (file, real) = (file.trim_start_matches('/'), real.trim_start_matches('/'));
            let place = if file.starts_with("usr/") { root.join(file) } else { root.join("usr").join(file) };
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::copy(self.root.join(real), place).unwrap();
        }
        std::fs::create_dir_all(root.join("dev")).unwrap();
        let null = Command::new("mknod").arg("-m666").arg(root.join("dev/null")).args(["c", "1", "3"]).status();
        assert!(null.unwrap().success(), "a device cannot be made: this needs root");
    }

    fn toy_root(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for directory in
            ["etc/dpkg/dpkg.cfg.d", "usr/share", "tmp", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"]
        {
            std::fs::create_dir_all(root.join(directory)).unwrap();
        }
        for name in ["bin", "lib", "lib64", "sbin"] {
            std::fs::create_dir_all(root.join("usr").join(name)).unwrap();
            symlink(format!("usr/{name}"), root.join(name)).unwrap();
        }
        write(
            root,
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\nimage:x:4321:4321::/:/bin/false\n",
        );
        write(root, "etc/group", "root:x:0:\ndaemon:x:1:\nimage:x:8765:\n");
        write(root, "etc/dpkg/dpkg.cfg", "force-unsafe-io\n");
        write(root, "var/lib/dpkg/status", "");
        self.lend(root);
        // That of dpkg is the image's own architecture.
        self.dpkg(root, &["--install"], &[Toy::new("dpkg", "1.21").field("Architecture", "amd64")]).succeeded();
        folder
    }

    /// Runs the root's dpkg with packages as its last arguments.
    fn dpkg(&self, root: &Path, options: &[&str], packages: &[Toy]) -> Ran {
        let mut command = Command::new("chroot");
        command.arg(root).arg("/usr/bin/dpkg").args(options);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("DEBIAN_FRONTEND", "noninteractive");
        command.env("LC_ALL", "C").env("HOME", "/root").stdin(Stdio::null());
        for (index, package) in packages.iter().enumerate() {
            let name = format!("tmp/{index}.deb");
            std::fs::write(root.join(&name), package.build()).unwrap();
            command.arg(format!("/{name}"));
        }
        let ran = Ran(command.output().unwrap());
        for index in 0..packages.len() {
            std::fs::remove_file(root.join(format!("tmp/{index}.deb"))).unwrap();
        }
        ran
    }
}

/// What a run of dpkg said.
struct Ran(Output);

impl Ran {
    fn text(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.0.stdout), String::from_utf8_lossy(&self.0.stderr))
    }

    fn succeeded(&self) {
        assert!(self.0.status.success(), "dpkg failed: {}", self.text());
    }
}

/// This machine's dpkg, and those of the roots that `SLIM_DPKG_ROOTS` names.
fn referees() -> &'static [Referee] {
    static ALL: OnceLock<Vec<Referee>> = OnceLock::new();
    ALL.get_or_init(|| {
        let more = std::env::var("SLIM_DPKG_ROOTS").unwrap_or_default();
        let roots = more.split(':').filter(|root| !root.is_empty());
        std::iter::once("/").chain(roots).map(|root| Referee::of(Path::new(root))).collect()
    })
}

/// Something done to a root by hand.
type Work = Box<dyn Fn(&Path)>;

/// Packages, what the image's author did, newer packages.
pub(crate) struct Scenario {
    prepare: Work,
    before: Vec<Toy>,
    author: Work,
    after: Vec<Toy>,
    options: Vec<&'static str>,
    engine: NativeOptions,
}

/// `before` is installed, and then `after` over it.
pub(crate) fn scenario(before: impl Into<Vec<Toy>>, after: impl Into<Vec<Toy>>) -> Scenario {
    Scenario {
        prepare: Box::new(|_| {}),
        before: before.into(),
        author: Box::new(|_| {}),
        after: after.into(),
        options: vec!["--force-confdef", "--force-confold"],
        engine: NativeOptions { apt_exact: true, ..NativeOptions::default() },
    }
}

impl Scenario {
    /// What is done to the root before anything is installed.
    pub(crate) fn prepare(self, work: impl Fn(&Path) + 'static) -> Self {
        Self { prepare: Box::new(work), ..self }
    }

    /// What the image's author does to the root between the two.
    pub(crate) fn author(self, work: impl Fn(&Path) + 'static) -> Self {
        Self { author: Box::new(work), ..self }
    }

    /// What becomes of conffiles that both sides changed.
    pub(crate) fn conffiles(mut self, policy: ConffilePolicy) -> Self {
        self.engine.conffiles = policy;
        self.options = match policy {
            ConffilePolicy::Keep => vec!["--force-confdef", "--force-confold"],
            ConffilePolicy::New => vec!["--force-confnew"],
            ConffilePolicy::Fail => Vec::new(),
        };
        self
    }

    /// dpkg's result and the engine's are the same, and dpkg finds nothing wrong with the engine's.
    #[track_caller]
    pub(crate) fn equal(self) {
        for referee in referees() {
            let name = &referee.name;
            let root = self.root(referee);
            let started = std::fs::metadata(root.path().join("var/lib/dpkg/status")).unwrap();
            let started = std::os::unix::fs::MetadataExt::mtime(&started);
            let before = tree::read(root.path());
            let ours = Engine::run(&before, &self);
            let outcome = ours.result.as_ref().unwrap_or_else(|error| panic!("{name}: {error}"));
            referee.dpkg(root.path(), &[&self.options[..], &["--install"]].concat(), &self.after).succeeded();
            let real = tree::read(root.path());
            let (mine, theirs) = (tree::describe(&ours.spool, &ours.tree), tree::describe(&ours.spool, &real));
            let differences = tree::differences(&mine, &theirs, started);
            let (count, text) = (differences.len(), differences.join("\n"));
            assert!(count == 0, "{name}: {count} of {} paths differ\n{text}\n{outcome:?}", theirs.len());
            let again = Engine::run(&before, &self);
            assert!(mine == tree::describe(&again.spool, &again.tree), "{name}: the same input, another result");
            self.sound(referee, &ours, root.path());
        }
    }

    /// The engine refuses for a reason that holds these words, and changes nothing; dpkg cannot do it, either.
    #[track_caller]
    pub(crate) fn refused_by_both(self, words: &str) {
        self.refused(words, |referee, root| {
            let ran = referee.dpkg(root, &[&self.options[..], &["--install"]].concat(), &self.after);
            assert!(!ran.0.status.success(), "{}: dpkg does it: {}", referee.name, ran.text());
        });
    }

    /// The engine refuses for a reason that holds these words, and changes nothing; dpkg does it, in a way that is better left alone.
    #[track_caller]
    pub(crate) fn refused_by_slim(self, words: &str) {
        self.refused(words, |referee, root| {
            referee.dpkg(root, &[&self.options[..], &["--install"]].concat(), &self.after).succeeded();
        });
    }

    #[track_caller]
    fn refused(&self, words: &str, dpkg: impl Fn(&Referee, &Path)) {
        for referee in referees() {
            let root = self.root(referee);
            let before = tree::read(root.path());
            let ours = Engine::run(&before, self);
            let Err(error) = &ours.result else { panic!("{}: it was done: {:?}", referee.name, ours.result) };
            assert!(error.to_string().contains(words), "{}: {error}", referee.name);
            let same = tree::describe(&ours.spool, &ours.tree) == tree::describe(&ours.spool, &before);
            assert!(same, "{}: something is changed all the same", referee.name);
            dpkg(referee, root.path());
        }
    }

    fn root(&self, referee: &Referee) -> tempfile::TempDir {
        let folder = referee.toy_root();
        (self.prepare)(folder.path());
        if !self.before.is_empty() {
            referee.dpkg(folder.path(), &["--install"], &self.before).succeeded();
        }
        (self.author)(folder.path());
        folder
    }

    /// dpkg's own judgement of the engine's result: nothing is unfinished, and no file is other than it was installed unless the
    /// author's work made it so in dpkg's result as well.
    fn sound(&self, referee: &Referee, ours: &Engine, real: &Path) {
        let folder = tempfile::tempdir().unwrap();
        tree::write(folder.path(), &ours.tree, &ours.spool);
        referee.lend(folder.path());
        let audit = referee.dpkg(folder.path(), &["--audit"], &[]);
        assert!(audit.0.status.success() && audit.text().is_empty(), "{}: {}", referee.name, audit.text());
        let verify = |root: &Path| referee.dpkg(root, &["--verify"], &[]).text();
        assert_eq!(verify(folder.path()), verify(real), "{}", referee.name);
    }
}

/// A run of the engine.
struct Engine {
    spool: Spool,
    tree: Tree,
    result: Result<Outcome, EngineError>,
}

impl Engine {
    fn run(before: &Tree, scenario: &Scenario) -> Self {
        let spool = Spool::new(&std::env::temp_dir());
        let database = Database::read(before, &spool).unwrap().unwrap();
        let read = |toy: &Toy| Deb::read(&mut &toy.build()[..], &spool, &Limits::default()).unwrap();
        let debs: Vec<Deb> = scenario.after.iter().map(read).collect();
        let installed = |deb: &Deb| {
            let (name, architecture) = (deb.field("Package").unwrap(), deb.field("Architecture").unwrap());
            let instance =
                database.status.find(&format!("{name}:{architecture}")).or_else(|| database.status.find(&name));
            let stanza = instance.map(|index| &database.status.stanzas()[index]).filter(|stanza| stanza.is_installed());
            stanza.map(|stanza| stanza.version.clone()).unwrap_or_default()
        };
        let versions: Vec<String> = debs.iter().map(installed).collect();
        let updates: Vec<_> =
            debs.iter().zip(&versions).map(|(deb, version)| PackageUpdate { deb, from_version: version }).collect();
        let mut draft = Draft::new(before.clone(), &spool);
        let result = upgrade(&mut draft, &updates, &scenario.engine, &Evaluator::default());
        let tree = draft.tree().clone();
        drop(draft);
        Self { spool, tree, result }
    }
}

/// Writes a text below a root.
pub(crate) fn write(root: &Path, path: &str, text: &str) {
    std::fs::write(root.join(path), text).unwrap();
}
