//! apt and slim over the same toy archives: one folder with apt's files, one server, two answers.

#![allow(dead_code, reason = "every suite uses its own part of it")]

use rebuild::archives::{Archive, ArchiveError, Options};
use rebuild::event::Silent;
use rebuild::upgrade::{Pins, Policy, architectures, installed_packages, native_architecture, resolve};
use slim::path::ImagePath;
use slim::tree::{MemoryContents, Node, Tree};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use testdata::apt::{Archive as Toy, Index, Key, SIGNED, Server, Suite};

pub(crate) const DATE: &str = "Date: Sat, 11 Jan 2025 10:17:21 UTC\nAcquire-By-Hash: yes";

/// `name version [Field: value; …]` as a paragraph; `amd64` and `Priority: optional` unless told.
pub(crate) fn paragraph(line: &str) -> String {
    let (head, fields) = line.trim().split_once(" [").unwrap_or((line.trim(), "]"));
    let (name, version) = head.split_once(' ').unwrap();
    let fields = fields.trim_end_matches(']');
    let mut text = format!("Package: {name}\nVersion: {version}\n");
    for (field, value) in [("Architecture", "amd64"), ("Maintainer", "Toy <toy@example.org>"), ("Priority", "optional")]
    {
        if !fields.contains(&format!("{field}: ")) {
            text += &format!("{field}: {value}\n");
        }
    }
    text + &fields
        .split(';')
        .map(str::trim)
        .filter(|field| !field.is_empty())
        .map(|f| format!("{f}\n"))
        .collect::<String>()
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// The status file of packages that are written one a line.
pub(crate) fn status(installed: &str) -> String {
    let stanza = |line: &str| {
        let text = paragraph(line);
        let (name, rest) = text.split_once('\n').unwrap();
        let state = if rest.contains("Status: ") { "" } else { "Status: install ok installed\n" };
        format!("{name}\n{state}{rest}\n")
    };
    lines(installed).map(stanza).collect()
}

/// A suite of one index, or of several: `component/architecture` and its packages, one a line.
pub(crate) struct Offer<'a> {
    pub(crate) name: &'a str,
    /// More fields of its release.
    pub(crate) fields: &'a str,
    pub(crate) indexes: &'a [(&'a str, &'a str)],
}

/// Both at once.
pub(crate) struct Both {
    pub(crate) server: Server,
    folder: tempfile::TempDir,
}

/// What was asked of both.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Upgrade,
    WithNew,
}

impl Both {
    /// `files` are written below apt's own root: `etc/apt/preferences`.
    pub(crate) fn new(installed: &str, offers: &[Offer<'_>], files: &[(&str, &str)]) -> Self {
        let key = Key::new();
        let mut archive = Toy::default();
        for offer in offers {
            let indexes = offer.indexes.iter().map(|(place, packages)| {
                let (component, architecture) = place.split_once('/').unwrap();
                Index::made_up(component, architecture, lines(packages).map(paragraph))
            });
            let fields = format!("{DATE}\n{}", offer.fields);
            let pool = format!("pool/{}", offer.name);
            let suite = Suite { name: offer.name, fields: &fields, pool: &pool, indexes: indexes.collect() };
            archive.publish(&suite, &[&key]);
        }
        let source = |offer: &Offer<'_>| {
            let components: BTreeSet<_> =
                offer.indexes.iter().map(|(place, _)| place.split_once('/').unwrap().0).collect();
            let components = components.into_iter().collect::<Vec<_>>().join(" ");
            format!("deb @URL@ {} {components}\n", offer.name)
        };
        let sources: String = offers.iter().map(source).collect();
        let files = [&[("etc/apt/sources.list", sources.as_str())], files].concat();
        Self::serving(&status(installed), archive, &key, &files)
    }

    /// The same with a whole status file, and paragraphs of one index as they stand in an archive.
    pub(crate) fn of_paragraphs(status: &str, architecture: &str, packages: Vec<String>) -> Self {
        let (key, mut archive) = (Key::new(), Toy::default());
        let index = Index::made_up("main", architecture, packages);
        archive.publish(&Suite { name: "stable", fields: DATE, pool: "pool", indexes: vec![index] }, &[&key]);
        Self::serving(status, archive, &key, &[("etc/apt/sources.list", "deb @URL@ stable main\n")])
    }

    /// `@URL@` in files stands for the archive's address.
    fn serving(status: &str, archive: Toy, key: &Key, files: &[(&str, &str)]) -> Self {
        let both = Self { server: Server::start(archive), folder: tempfile::tempdir().unwrap() };
        for folder in [
            "etc/apt/preferences.d",
            "etc/apt/apt.conf.d",
            "etc/apt/sources.list.d",
            "lists/partial",
            "cache/archives/partial",
        ] {
            std::fs::create_dir_all(both.path(folder)).unwrap();
        }
        both.write("status", status);
        both.write("etc/apt/trusted.gpg.d/toy.asc", &key.armored());
        for (path, text) in files {
            both.write(path, &text.replace("@URL@", &both.server.url));
        }
        both.configure();
        both
    }

    /// The status file's own architecture.
    fn native(&self) -> String {
        let installed = installed_packages(&std::fs::read(self.path("status")).unwrap()).unwrap();
        native_architecture(None, &installed, "amd64")
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// apt with everything of its own below the folder, unprivileged, without a proxy.
    fn configure(&self) {
        let root = self.folder.path().display();
        let installed = installed_packages(&std::fs::read(self.path("status")).unwrap()).unwrap();
        let native = self.native();
        let architectures: String =
            architectures(&installed, &native).iter().map(|name| format!("\"{name}\"; ")).collect();
        self.write(
            "apt.conf",
            &format!(
                "Dir \"{root}\";\nDir::State \"{root}\";\nDir::State::status \"{root}/status\";\nDir::State::lists \"lists\";\n\
                 Dir::Cache \"{root}/cache\";\nDir::Etc \"{root}/etc/apt\";\nDir::Log \"{root}\";\n\
                 Dir::Bin::methods \"/usr/lib/apt/methods\";\nAPT::Architecture \"{native}\";\nAPT::Architectures {{ {architectures}}};\n\
                 APT::Sandbox::User \"root\";\nAcquire::Languages \"none\";\nAcquire::http::Proxy \"DIRECT\";\n\
                 APT::Install-Recommends \"false\";\nAPT::Get::Always-Include-Phased-Updates \"true\";\n"
            ),
        );
    }

    /// Runs `apt-get` with its standard output and errors in one text.
    pub(crate) fn apt(&self, arguments: &[&str]) -> Output {
        Command::new("apt-get")
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C")
            .env("APT_CONFIG", self.path("apt.conf"))
            .output()
            .expect("apt-get runs")
    }

    pub(crate) fn update(&self) -> Result<(), String> {
        let output = self.apt(&["update", "-o", "APT::Update::Error-Mode=any"]);
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// What apt would do, as `name:architecture old new`; or what it says instead.
    pub(crate) fn by_apt(&self, mode: Mode) -> Result<BTreeSet<String>, String> {
        let more: &[&str] = if mode == Mode::WithNew { &["--with-new-pkgs"] } else { &[] };
        let output = self.apt(&[&["-s", "upgrade"], more].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!("{text}{}", String::from_utf8_lossy(&output.stderr)));
        }
        let native = self.native();
        let removed = text.lines().filter_map(|line| line.strip_prefix("Remv "));
        let removed = removed.map(|line| format!("{} removed", line.split_whitespace().next().unwrap_or_default()));
        Ok(text
            .lines()
            .filter_map(|line| line.strip_prefix("Inst "))
            .map(|line| step(line, &native))
            .chain(removed)
            .collect())
    }

    /// Only apt's files, as an image would have them.
    pub(crate) fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        tree.insert(ImagePath::root(), Node::directory());
        tree.insert(ImagePath::literal("etc"), Node::directory());
        insert(&mut tree, self.folder.path(), "etc/apt");
        tree
    }

    pub(crate) fn open(&self, options: &Options) -> Result<Archive, ArchiveError> {
        Archive::open(&self.tree(), &MemoryContents, options, &Silent)
    }

    /// What slim would do, in the same form.
    pub(crate) fn by_slim(&self, mode: Mode) -> BTreeSet<String> {
        self.try_slim(mode).unwrap_or_else(|text| panic!("{text}"))
    }

    /// The same, or what slim says instead.
    pub(crate) fn try_slim(&self, mode: Mode) -> Result<BTreeSet<String>, String> {
        let installed = installed_packages(&std::fs::read(self.path("status")).unwrap()).unwrap();
        let native = self.native();
        let architectures = architectures(&installed, &native);
        let options = Options { now: i64::from(SIGNED) + 60, architectures, ..Options::default() };
        let archive = self.open(&options).map_err(|error| error.to_string())?;
        let mut candidates = archive.candidates(installed.iter().map(|package| package.name.as_str())).unwrap();
        if mode == Mode::WithNew {
            candidates.extend(rebuild::change::offers(&archive, &installed, &candidates).unwrap());
        }
        let pins = Pins::of_image(&self.tree(), &MemoryContents).map_err(|error| error.to_string())?;
        let policy = Policy { pins, with_new: mode == Mode::WithNew, native: native.clone(), ..Policy::default() };
        let upgrade = resolve(&installed, &candidates, &policy);
        let line = |step: &rebuild::upgrade::Step| {
            let from = if step.is_new() { "-" } else { &step.from };
            let architecture = if step.to.architecture == "all" { &native } else { &step.to.architecture };
            format!("{}:{architecture} {from} {}", step.package, step.to.version)
        };
        Ok(upgrade.steps.iter().map(line).collect())
    }
}

/// `name[:architecture] [[old]] (new origin [architecture])`
fn step(line: &str, native: &str) -> String {
    let (head, tail) = line.split_once('(').unwrap();
    let mut words = head.split_whitespace();
    let name = words.next().unwrap().split(':').next().unwrap();
    let old = words.next().map_or("-", |old| old.trim_matches(['[', ']']));
    let inside = tail.split_once(')').unwrap().0;
    let architecture = inside.rsplit_once('[').unwrap().1.trim_end_matches(']');
    let architecture = if architecture == "all" { native } else { architecture };
    format!("{name}:{architecture} {old} {}", inside.split_whitespace().next().unwrap())
}

fn insert(tree: &mut Tree, root: &Path, folder: &str) {
    tree.insert(ImagePath::literal(folder), Node::directory());
    for entry in std::fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap) {
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            insert(tree, root, &name);
        } else {
            tree.insert(ImagePath::literal(&name), Node::file(std::fs::read(entry.path()).unwrap()));
        }
    }
}
