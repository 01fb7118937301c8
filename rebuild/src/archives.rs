//! Finding and fetching newer Debian packages, from the archives that an image itself names and trusts.
//!
//! [`Archive::open`] reads the image's sources and keyrings, fetches each suite's signed release, verifies it, and fetches the indexes
//! that it lists by hash. After that every answer is a lookup, and [`Archive::fetch`] brings packages that are what the signed
//! release says they are. A run with nothing new costs one conditional request per suite.

pub mod cache;
pub mod deb;
pub mod download;
mod error;
pub mod index;
mod keep;
mod locked;
pub mod release;
pub mod signature;
pub mod sources;
mod suite;
pub mod transport;

pub use error::ArchiveError;
pub use index::{Candidate, Origin};
pub use transport::{Credential, Transport};

use crate::event::{Event, Reporter, Task, Unit};
use cache::Cache;
use signature::{KeySource, Keyring, KeyringError, Strength, is_armored};
use slim::path::ImagePath;
use slim::tree::{Contents, Tree};
use sources::{Allow, SignedBy, Source, Sources, SourcesError};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use suite::{Index, Opening, Suite};

/// How archives are used. Nothing of this is taken from the image.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The time, seconds since 1970: what has expired is decided by it.
    pub now: i64,
    /// Architectures whose indexes are needed, the native one first: `amd64`.
    pub architectures: Vec<String>,
    /// Folder for what was fetched; a temporary one when `None`.
    pub cache: Option<PathBuf>,
    /// Folder for temporary files; when `None`, that of the services in a rebuild, else the system's.
    pub temporary: Option<PathBuf>,
    /// More sources, in one-line style.
    pub sources: Vec<String>,
    /// `--mirror SUITE=URL`: the address that replaces the image's for a suite.
    pub mirrors: Vec<(String, String)>,
    /// `--snapshot`: the archives as they were at `YYYYMMDDTHHMMSSZ`.
    pub snapshot: Option<String>,
    /// `--snapshot-url`: where snapshots are, with `@ARCHIVE@` (the last part of the source's own address) and `@SNAPSHOTID@` (the
    /// moment) to be filled in, as in the `Snapshots` field of apt's releases.
    pub snapshot_url: Option<String>,
    /// `--keyring FILE`: keys that are trusted besides those of the image.
    pub keyrings: Vec<PathBuf>,
    /// `--offline DIR`: a folder instead of the network.
    pub offline: Option<PathBuf>,
    /// A folder that receives every release, index and package that is fetched, laid out as `offline` reads it.
    pub keep: Option<PathBuf>,
    /// Passwords.
    pub credentials: Vec<Credential>,
    /// Flat repositories, sources that the image trusts without a signature, keys that only SHA-1 vouches for.
    pub allow: Allow,
    /// Sources that cannot be used are only warned about.
    pub skip_refused: bool,
    /// `Valid-Until` does not count.
    pub ignore_valid_until: bool,
    /// Requests at a time; 0 means 4.
    pub parallel: usize,
}

impl Options {
    fn width(&self) -> usize {
        if self.parallel == 0 { 4 } else { self.parallel }
    }

    fn cache(&self) -> Result<Cache, ArchiveError> {
        let opened = Cache::open(self.cache.as_deref(), self.temporary.as_deref());
        opened.map_err(|error| ArchiveError::cache("making the folder", &error))
    }
}

/// Opened archives: everything verified, nothing downloaded yet but indexes.
pub struct Archive {
    transport: Box<dyn Transport>,
    cache: Cache,
    suites: Vec<Suite>,
    indexes: Vec<(Arc<Origin>, Index)>,
    width: usize,
    /// What a lock says was used.
    locked: Vec<Used>,
}

/// A suite that an upgrade was decided with.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// Address of the suite's folder, without credentials.
    pub suite: String,
    /// Digest of the signed release text.
    pub release: crate::image::Digest,
    /// `Date` of the release, seconds since 1970.
    pub date: Option<i64>,
    /// Fingerprints of the keys that signed it.
    pub signed_by: Vec<String>,
    /// Every index that was read.
    pub indexes: Vec<UsedIndex>,
}

/// An index that was read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedIndex {
    /// Name below the suite's folder: `main/binary-amd64/Packages`.
    pub name: String,
    /// SHA-256 of the plain index, lower-case hexadecimal.
    pub sha256: String,
}

impl Archive {
    /// Opens the archives of an image.
    ///
    /// # Errors
    /// See [`ArchiveError`]: whatever is unreachable, unsigned, stale or altered stops here.
    pub fn open(
        tree: &Tree,
        contents: &dyn Contents,
        options: &Options,
        reporter: &dyn Reporter,
    ) -> Result<Self, ArchiveError> {
        Self::open_over(transport::of(options), tree, contents, options, reporter)
    }

    /// As [`Archive::open`], with the caller's own way of getting bytes.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn open_over(
        transport: Box<dyn Transport>,
        tree: &Tree,
        contents: &dyn Contents,
        options: &Options,
        reporter: &dyn Reporter,
    ) -> Result<Self, ArchiveError> {
        let mut sources = wanted_sources(tree, contents, options, reporter)?;
        let cache = options.cache()?;
        let width = options.width();
        let mut keyrings = Vec::new();
        for source in &sources {
            keyrings.push(keyring(tree, contents, source, options, reporter)?);
        }
        let opening = Opening {
            transport: &*transport,
            cache: &cache,
            reporter,
            now: options.now,
            valid_until: !options.ignore_valid_until,
            by_hash: true,
            // A folder is as old as its owner wants it to be.
            memory: options.offline.is_none(),
            keep: options.keep.as_deref().map(keep::Keep),
        };
        to_own_snapshots(&mut sources, &keyrings, &opening, options)?;
        let task = Task::start(reporter, "archive releases", Some(sources.len() as u64), Unit::Items);
        let pairs: Vec<_> = sources.iter().zip(&keyrings).collect();
        let suites = download::parallel(width, &pairs, |(source, keyring)| {
            let suite = opening.suite(source, keyring)?;
            task.advance(1);
            Ok(suite)
        })?;
        drop(task);
        let wanted = wanted_indexes(&suites, &options.architectures);
        let task = Task::start(reporter, "package indexes", Some(wanted.len() as u64), Unit::Items);
        let indexes = download::parallel(width, &wanted, |(suite, component, architecture)| {
            let index = opening.index(suite, component, architecture)?;
            task.advance(1);
            Ok(index)
        })?;
        drop(task);
        let indexes = indexes.into_iter().flatten().map(|index| (Arc::new(index.origin.clone()), index)).collect();
        Ok(Self { transport, cache, suites, indexes, width, locked: Vec::new() })
    }

    /// Every version of these packages that an archive has, in the order of the sources.
    ///
    /// # Errors
    /// A version of one of these packages that is none.
    pub fn candidates<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Vec<Candidate>, ArchiveError> {
        self.read(&names.into_iter().collect(), index::select)
    }

    /// Every package that provides one of these names.
    ///
    /// # Errors
    /// As [`Archive::candidates`].
    pub fn providers<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Vec<Candidate>, ArchiveError> {
        self.read(&names.into_iter().collect(), index::select_providers)
    }

    fn read(
        &self,
        names: &BTreeSet<&str>,
        select: for<'a> fn(&'a [u8], &BTreeSet<&str>) -> Vec<slim::packages::dpkg::paragraph::Paragraph<'a>>,
    ) -> Result<Vec<Candidate>, ArchiveError> {
        let mut candidates = Vec::new();
        for (origin, index) in &self.indexes {
            for paragraph in select(&index.reduced, names) {
                let candidate = Candidate::read(&paragraph, origin);
                let archive = || format!("{} {}/{}", origin.base, origin.dist, index.name);
                candidates.push(
                    candidate.map_err(|cause| ArchiveError::Stanza { archive: archive(), cause: Box::new(cause) })?,
                );
            }
        }
        Ok(candidates)
    }

    /// Brings packages here, verified, and gives their files in the same order. The files live as long as the cache folder does; without
    /// one, as long as the archive.
    ///
    /// # Errors
    /// The first package that is missing or altered, by name and address.
    pub fn fetch(&self, candidates: &[Candidate], reporter: &dyn Reporter) -> Result<Vec<PathBuf>, ArchiveError> {
        download::packages(&*self.transport, &self.cache, candidates, self.width, reporter)
    }

    /// What was used, in the order of the sources.
    pub fn used(&self) -> Vec<Used> {
        let used = |suite: &Suite| {
            let (uri, dist) = (without_secrets(&suite.source.uri), &suite.source.suite);
            let flat = dist.ends_with('/');
            let own = |origin: &Origin| origin.dist == *dist && (flat || origin.base == uri);
            Used {
                suite: without_secrets(&suite.folder),
                release: suite.digest.clone(),
                date: suite.release.date,
                signed_by: suite.signers.iter().map(|signer| signer.primary.clone()).collect(),
                indexes: self
                    .indexes
                    .iter()
                    .filter(|(origin, _)| own(origin))
                    .map(|(_, index)| UsedIndex { name: index.name.clone(), sha256: index.sha256.clone() })
                    .collect(),
            }
        };
        self.suites.iter().map(used).chain(self.locked.iter().cloned()).collect()
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("suites", &self.suites.len()).field("indexes", &self.indexes.len()).finish()
    }
}

fn wanted_sources(
    tree: &Tree,
    contents: &dyn Contents,
    options: &Options,
    reporter: &dyn Reporter,
) -> Result<Vec<Source>, ArchiveError> {
    let mut sources = Sources::of_image(tree, contents, options.allow)?;
    sources.add("the options", &options.sources.join("\n"), false, options.allow)?;
    for refused in sources.refused {
        if !options.skip_refused {
            return Err(ArchiveError::Refused(refused));
        }
        reporter.event(Event::Warning(format!("source is not used: {refused}")));
    }
    let mut wanted: Vec<Source> = Vec::new();
    for mut source in sources.usable {
        // sources.list(5): it stands for the native architecture.
        let native = options.architectures.first().map_or("", String::as_str);
        source.uri = source.uri.replace("$(ARCH)", native);
        source.suite = source.suite.replace("$(ARCH)", native);
        redirect(&mut source, options)?;
        // An image may name an archive twice: it is opened once, and everything is read of it that is named.
        let place = |source: &Source| (source.uri.clone(), source.suite.clone(), source.snapshot.clone());
        match wanted.iter_mut().find(|known| place(known) == place(&source)) {
            // As for apt 3.0, what says nothing of keys means those that the other names.
            Some(known) if known.trusted == source.trusted && source.signed_by == SignedBy::default() => {
                known.parts.append(&mut source.parts);
            }
            Some(known) if known.trusted == source.trusted && known.signed_by == SignedBy::default() => {
                known.signed_by = source.signed_by;
                known.parts.append(&mut source.parts);
            }
            Some(known) if known.signed_by != source.signed_by || known.trusted != source.trusted => {
                let problem = format!("{} names the same suite with another Signed-By or Trusted", known.place);
                return Err(SourcesError { place: source.place, problem }.into());
            }
            Some(known) => known.parts.append(&mut source.parts),
            None => wanted.push(source),
        }
    }
    // The environment may name mirrors for several images, so one for another suite is no error.
    for (suite, _) in options.mirrors.iter().filter(|(suite, _)| wanted.iter().all(|source| source.suite != *suite)) {
        let suites: Vec<_> = wanted.iter().map(|source| source.suite.as_str()).collect();
        let found = suites.join(", ");
        reporter.event(Event::Warning(format!(
            "the mirror for {suite} is not used: the suites of the sources are {found}"
        )));
    }
    if wanted.is_empty() { Err(ArchiveError::NoSources) } else { Ok(wanted) }
}

/// Points a source to where the caller wants it read from.
fn redirect(source: &mut Source, options: &Options) -> Result<(), ArchiveError> {
    if let Some((_, url)) = options.mirrors.iter().find(|(suite, _)| *suite == source.suite) {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(ArchiveError::Option { name: "mirror", problem: format!("{url:?} is not an http address") });
        }
        source.uri = url.trim_end_matches('/').into();
    } else if let Some(time) = options.snapshot.as_ref().or(source.snapshot.as_ref()) {
        let valid = time.len() == 16
            && time.bytes().enumerate().all(|(at, b)| match at {
                8 => b == b'T',
                15 => b == b'Z',
                _ => b.is_ascii_digit(),
            });
        if !valid {
            return Err(ArchiveError::Option {
                name: "snapshot",
                problem: format!("{time:?} is not like 20250131T120000Z"),
            });
        }
        // What was valid then has expired by now.
        source.check_valid_until = Some(false);
        // Without an address, the release itself may say where its snapshots are: that is asked later.
        match &options.snapshot_url {
            Some(service) => source.uri = at_snapshot(service, &source.uri, time),
            None => source.snapshot = Some(time.clone()),
        }
    }
    Ok(())
}

/// The address of a snapshot. The last part of an archive's own address is its name: `debian`, `debian-security`.
fn at_snapshot(service: &str, uri: &str, time: &str) -> String {
    let archive = uri.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    service.trim_end_matches('/').replace("@ARCHIVE@", archive).replace("@SNAPSHOTID@", time)
}

/// Points sources to the snapshots that their own, verified releases name in `Snapshots`, as those of Ubuntu do (sources.list(5), `Snapshot`).
fn to_own_snapshots(
    sources: &mut [Source],
    keyrings: &[Keyring],
    opening: &Opening<'_>,
    options: &Options,
) -> Result<(), ArchiveError> {
    for (source, keyring) in sources.iter_mut().zip(keyrings) {
        let mirrored = options.mirrors.iter().any(|(suite, _)| *suite == source.suite);
        let Some(time) = source.snapshot.clone().filter(|_| !mirrored && options.snapshot_url.is_none()) else {
            continue;
        };
        let suite = opening.suite(source, keyring)?;
        let service = suite.release.snapshots.filter(|url| url.starts_with("http") && url.contains("@SNAPSHOTID@"));
        let Some(service) = service else {
            let problem = format!(
                "the release at {} does not say where its snapshots are; give the address with --snapshot-url, as \
                 https://HOST/archive/@ARCHIVE@/@SNAPSHOTID@",
                without_secrets(&suite.folder)
            );
            return Err(ArchiveError::Option { name: "snapshot", problem });
        };
        source.uri = at_snapshot(&service, &source.uri, &time);
    }
    Ok(())
}

/// The keys that may sign a source (apt-secure(8)): those of its `Signed-By`, else all of apt's own; and the caller's.
fn keyring(
    tree: &Tree,
    contents: &dyn Contents,
    source: &Source,
    options: &Options,
    reporter: &dyn Reporter,
) -> Result<Keyring, ArchiveError> {
    let strength = if options.allow.sha1_keys { Strength::Lenient } else { Strength::Today };
    let mut keyring = Keyring::of_strength(strength);
    let signed_by = &source.signed_by;
    let own = signed_by.files.is_empty() && signed_by.inline.is_none();
    let mut paths = Vec::new();
    if own {
        paths = apts_own(tree, reporter);
    }
    for name in &signed_by.files {
        let error = |problem: String| SourcesError { place: source.place.clone(), problem };
        paths.push(ImagePath::new(name).map_err(|cause| error(cause.to_string()))?);
    }
    for path in paths {
        let name = path.to_text();
        let read = image_file(tree, contents, &path, 16 << 20);
        match read.map_err(|problem| ArchiveError::Image { path: name.clone(), problem })? {
            // apt goes by the name here, and passes over what is of the other kind.
            Some(bytes) if own && is_armored(&bytes) != name.ends_with(".asc") && !bytes.is_empty() => {
                let kind =
                    if is_armored(&bytes) { "armored, which is for names in .asc" } else { "not armored, as .asc is" };
                reporter.event(Event::Warning(format!("not used: {name}: it is {kind}; apt does not read it")));
            }
            Some(bytes) => match keyring.add(KeySource { name: &name, bytes: &bytes }) {
                // apt passes over what it cannot read among its own keyrings, such as a keybox of GnuPG.
                Err(error) if own => reporter.event(Event::Warning(format!("not used: {error}"))),
                other => other?,
            },
            None if !own && signed_by.files.len() > 1 && options.keyrings.is_empty() => {
                let reason = "there is no such file; apt then uses none of the files of this Signed-By".into();
                return Err(KeyringError { name, reason }.into());
            }
            // An empty one: the error that follows says where keys were looked for.
            None => keyring.add(KeySource { name: &name, bytes: b"" })?,
        }
    }
    if let Some(inline) = &signed_by.inline {
        keyring.add(KeySource { name: &source.place, bytes: inline.as_bytes() })?;
    }
    for path in &options.keyrings {
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| ArchiveError::Option { name: "keyring", problem: format!("{name}: {error}") })?;
        keyring.add(KeySource { name: &name, bytes: &bytes })?;
    }
    Ok(keyring)
}

/// The keyrings that apt uses where a source names none.
fn apts_own(tree: &Tree, reporter: &dyn Reporter) -> Vec<ImagePath> {
    let legacy = ImagePath::literal("/etc/apt/trusted.gpg");
    // apt of Debian 13, which has this method, no longer reads it.
    let reads_legacy = tree.lookup(&ImagePath::literal("/usr/lib/apt/methods/sqv")).is_none();
    if !reads_legacy && tree.lookup(&legacy).is_some() {
        reporter.event(Event::Warning(format!("not used: {}: the image's apt does not read it", legacy.to_text())));
    }
    let parts = image_folder(tree, &ImagePath::literal("/etc/apt/trusted.gpg.d")).into_iter();
    let parts = parts.filter(|path| path.file_name().ends_with(b".gpg") || path.file_name().ends_with(b".asc"));
    reads_legacy.then_some(legacy).into_iter().chain(parts).collect()
}

fn wanted_indexes<'a>(suites: &'a [Suite], architectures: &'a [String]) -> Vec<(&'a Suite, &'a str, &'a str)> {
    let mut wanted = Vec::new();
    for suite in suites {
        if suite.source.suite.ends_with('/') {
            wanted.push((suite, "", ""));
        }
        for part in &suite.source.parts {
            let all = (suite.release.has_all_index && part.architectures.allows_all()).then_some("all");
            for component in &part.components {
                let names = architectures.iter().map(String::as_str).filter(|name| part.architectures.allows(name));
                for architecture in names.chain(all) {
                    let index = (suite, component.as_str(), architecture);
                    let known = |other: &(&Suite, &str, &str)| {
                        std::ptr::eq(other.0, suite) && (other.1, other.2) == (index.1, index.2)
                    };
                    if !wanted.iter().any(known) {
                        wanted.push(index);
                    }
                }
            }
        }
    }
    wanted
}

/// An address for people: without user and password.
pub(crate) fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.into() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", authority.rsplit('@').next().unwrap_or(authority))
}

/// A configuration file of the image, links followed; `None` when there is none.
pub(crate) fn image_file(
    tree: &Tree,
    contents: &dyn Contents,
    path: &ImagePath,
    limit: u64,
) -> Result<Option<Vec<u8>>, String> {
    let Some(file) = tree.lookup(path).and_then(|(_, node)| node.as_file()) else { return Ok(None) };
    if file.content.size() > limit {
        return Err(format!("{} bytes is too large for such a file", file.content.size()));
    }
    contents.read(&file.content).map(|bytes| Some(bytes.into_owned())).map_err(|error| error.to_string())
}

/// The names in a folder of the image, by name; none when it is not there.
pub(crate) fn image_folder(tree: &Tree, path: &ImagePath) -> Vec<ImagePath> {
    let Some((folder, _)) = tree.lookup(path) else { return Vec::new() };
    tree.children(&folder).map(|(path, _)| path.clone()).collect()
}
