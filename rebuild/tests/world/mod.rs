//! A toy world: an image with a dpkg database, an archive that has newer packages, and rebuilds of the one with the other.

use rebuild::archives::Options;
use rebuild::event::{Event, Reporter, Silent};
use rebuild::image::Location;
use rebuild::opened::Opened;
use rebuild::pipeline::{self, RebuildError};
use rebuild::request::{Request, Services, Update};
use rebuild::spool::Spool;
use rebuild::store::open_source;
use rebuild::store::registry::RegistryOptions;
use slim::report::{PackageReport, Report};
use slim::tree::Contents as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use testdata::apt::{Archive, Key, Server};
use testdata::deb::Deb;
use testdata::image::{ImageMaker, Pack, What};

pub(crate) const DATE: &str = "Date: Sat, 11 Jan 2025 10:17:21 UTC\nAcquire-By-Hash: yes";

/// Hears warnings.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<String>>);

impl Reporter for Heard {
    fn event(&self, event: Event) {
        if let Event::Warning(text) = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

/// The text of a file that is not there.
pub(crate) const GONE: &str = "\0gone";

pub(crate) struct World {
    pub(crate) key: Key,
    pub(crate) server: Server,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) options: Options,
    pub(crate) heard: Heard,
}

/// A file of the image: path and text.
pub(crate) type Extra<'a> = (&'a str, &'a str);

impl World {
    /// `installed` are in the image, `offered` in the archive.
    pub(crate) fn new(installed: &[Deb], offered: &[Deb]) -> Self {
        Self::with(installed, offered, &[])
    }

    /// The same with more files in the image, or fewer ([`GONE`]).
    pub(crate) fn with(installed: &[Deb], offered: &[Deb], extra: &[Extra<'_>]) -> Self {
        Self::of(&[], installed, offered, extra, &[], false)
    }

    /// The same in two layers: what is installed now came over what is `below`.
    pub(crate) fn in_two(below: &[Deb], installed: &[Deb], offered: &[Deb]) -> Self {
        Self::of(below, installed, offered, &[], &[], false)
    }

    /// The same in two layers: what is installed is in the lower, and these files of a site are in the upper.
    pub(crate) fn under(installed: &[Deb], offered: &[Deb], site: &[Extra<'_>]) -> Self {
        Self::of(&[], installed, offered, &[], site, false)
    }

    /// The same without dpkg: packages are in `status.d`.
    pub(crate) fn distroless(installed: &[Deb], offered: &[Deb], extra: &[Extra<'_>]) -> Self {
        Self::of(&[], installed, offered, extra, &[], true)
    }

    fn of(
        below: &[Deb],
        installed: &[Deb],
        offered: &[Deb],
        extra: &[Extra<'_>],
        site: &[Extra<'_>],
        distroless: bool,
    ) -> Self {
        let key = Key::new();
        let server = Server::start(Archive::debs("stable", DATE, offered, &key));
        let folder = tempfile::tempdir().unwrap();
        let sources = format!("deb {} stable main\n", server.url);
        let mut files: Vec<(String, Vec<u8>)> = vec![
            ("etc/os-release".into(), b"ID=debian\nVERSION_ID=\"12\"\n".to_vec()),
            ("etc/apt/sources.list".into(), sources.into_bytes()),
            ("etc/apt/trusted.gpg.d/toy.asc".into(), key.armored().into_bytes()),
        ];
        files.extend(if distroless { status_d(installed) } else { database(installed) });
        files.extend(contents(installed));
        for (path, text) in extra {
            files.retain(|(known, _)| known != path);
            if *text != GONE {
                files.push(((*path).into(), text.as_bytes().to_vec()));
            }
        }
        let links: Vec<_> = installed.iter().flat_map(Deb::links).collect();
        let mut maker = ImageMaker::new().run("Cmd", serde_json::json!(["/usr/bin/a"]));
        if !below.is_empty() {
            let mut files = database(below);
            files.extend(contents(below));
            maker = with_layer(maker, &files, &[]);
        }
        maker = with_layer(maker, &files, &links);
        if !site.is_empty() {
            let files: Vec<_> = site.iter().map(|(path, text)| ((*path).into(), text.as_bytes().to_vec())).collect();
            maker = with_layer(maker, &files, &[]);
        }
        maker.write_layout(&folder.path().join("in"), Some("1"));
        // The keys are made now, so the archive is looked at a little later.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64 + 5;
        let options = Options { now, cache: Some(folder.path().join("cache")), ..Options::default() };
        Self { key, server, folder, options, heard: Heard::default() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes what the archive offers.
    pub(crate) fn offer(&self, offered: &[Deb]) {
        *self.server.archive.lock().unwrap() = Archive::debs("stable", DATE, offered, &self.key);
    }

    pub(crate) fn request(&self, to: &str) -> Request {
        let layout = |dir: &Path| Location::Layout { dir: dir.into(), tag: Some("1".into()) };
        let source = layout(&self.path("in"));
        Request {
            destination: Some(layout(&self.path(to))),
            update: Update::All,
            dry_run: false,
            allow_larger: true,
            ..Request::question(source)
        }
    }

    pub(crate) fn services(&self) -> Services {
        Services {
            registry: RegistryOptions::default(),
            archives: self.options.clone(),
            temporary: self.folder.path().into(),
            jobs: 2,
        }
    }

    pub(crate) fn rebuild(&self, request: &Request) -> Result<Report, RebuildError> {
        pipeline::rebuild(request, &self.services(), &self.heard)
    }

    /// The files of an image that was made, as text by path.
    pub(crate) fn tree(&self, name: &str) -> std::collections::BTreeMap<String, String> {
        let spool = Spool::new(self.folder.path());
        let location = Location::Layout { dir: self.path(name), tag: Some("1".into()) };
        let source = open_source(&location, self.folder.path(), &Silent, |_| unreachable!("no registry")).unwrap();
        let opened = Opened::read(&*source, None, 1, &spool, &Silent).unwrap();
        let tree = opened.stack.merge();
        let text = |file: &slim::tree::File| String::from_utf8_lossy(&spool.read(&file.content).unwrap()).into_owned();
        tree.iter().filter_map(|(path, node)| Some((path.to_text(), text(node.as_file()?)))).collect()
    }

    /// Paths that were asked for since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.server.log.lock().unwrap()).into_iter().map(|(path, _)| path).collect()
    }
}

/// The digest of what a rebuild made.
pub(crate) fn digest(report: &Report) -> String {
    report.result.as_ref().and_then(|image| image.digest.clone()).unwrap_or_default()
}

/// `name version verdict` of every package.
pub(crate) fn fates(report: &Report) -> Vec<String> {
    let fate = |p: &PackageReport| format!("{} {} {:?}", p.name, p.new_version.as_deref().unwrap_or("none"), p.verdict);
    report.packages.iter().map(fate).collect()
}

/// What the report says of a package.
pub(crate) fn reason(report: &Report, name: &str) -> String {
    report.packages.iter().find(|package| package.name == name).map(|package| package.reason.clone()).unwrap()
}

fn field(package: &Deb, name: &str) -> String {
    let control = package.control();
    control.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap().to_owned()
}

fn stanza(package: &Deb) -> String {
    let control = package.control();
    let (name, rest) = control.split_once('\n').unwrap();
    let status = if rest.contains("Status: ") { "" } else { "Status: install ok installed\n" };
    format!("{name}\n{status}{rest}\n")
}

/// The database as dpkg would have written it.
fn database(installed: &[Deb]) -> Vec<(String, Vec<u8>)> {
    let status: String = installed.iter().map(stanza).collect();
    let mut files = vec![
        ("var/lib/dpkg/status".to_owned(), status.into_bytes()),
        ("var/lib/dpkg/info/format".into(), b"1\n".to_vec()),
    ];
    for package in installed {
        let paths = package.paths();
        let paths = std::iter::once("/.").chain(paths.iter().map(String::as_str));
        let list: String = paths.map(|path| format!("{path}\n")).collect();
        files.push((format!("var/lib/dpkg/info/{}.list", field(package, "Package")), list.into_bytes()));
    }
    files
}

/// Control files and sums, as images without dpkg have them.
fn status_d(installed: &[Deb]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for package in installed {
        let name = field(package, "Package");
        files.push((format!("var/lib/dpkg/status.d/{name}"), package.control().into_bytes()));
        files.push((format!("var/lib/dpkg/status.d/{name}.md5sums"), package.md5sums().into_bytes()));
    }
    files
}

/// The files of packages.
fn contents(packages: &[Deb]) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    packages.iter().flat_map(Deb::files).map(|(path, bytes)| (path.trim_start_matches('/').into(), bytes))
}

fn with_layer(maker: ImageMaker, files: &[(String, Vec<u8>)], links: &[(String, String)]) -> ImageMaker {
    let mut entries: Vec<(String, What)> = Vec::new();
    for (path, bytes) in files {
        for (at, _) in path.match_indices('/') {
            let parent = path[..at].to_owned();
            if !entries.iter().any(|(known, _)| *known == parent) {
                entries.push((parent, What::Dir));
            }
        }
        entries.push((path.clone(), What::File(bytes)));
    }
    for (path, target) in links {
        entries.push((path.trim_start_matches('/').to_owned(), What::Link(target)));
    }
    let entries: Vec<(&str, What)> = entries.iter().map(|(path, what)| (path.as_str(), *what)).collect();
    maker.layer(Pack::Gzip, &entries)
}
