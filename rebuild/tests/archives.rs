//! The whole way over a toy archive, and every way in which it can be bad.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use rebuild::archives::release::ReleaseError;
use rebuild::archives::signature::SignatureError;
use rebuild::archives::transport::TransportError;
use rebuild::archives::{Archive, ArchiveError, Options};
use rebuild::event::Silent;
use slim::path::ImagePath;
use slim::tree::{MemoryContents, Node, Tree};
use testdata::apt::{Archive as Toy, Key, Server};

const DATE: &str = "Date: Sat, 11 Jan 2025 10:17:21 UTC\nAcquire-By-Hash: yes";
const A: &str = "Package: a\nVersion: 2\nArchitecture: amd64";
const B: &str = "Package: b\nVersion: 1:1\nArchitecture: all\nProvides: v";

struct World {
    key: Key,
    server: Server,
    tree: Tree,
    options: Options,
    _cache: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self::with(Key::new(), DATE)
    }

    fn with(key: Key, fields: &str) -> Self {
        let server = Server::start(Toy::new("stable", fields, &[A, B], &key));
        let cache = tempfile::tempdir().unwrap();
        let mut tree =
            slim::tree::text::tree(&format!("/etc/apt/sources.list = deb {} stable main", server.url)).unwrap();
        tree.insert(ImagePath::literal("/etc/apt/trusted.gpg.d"), Node::directory());
        tree.insert(ImagePath::literal("/etc/apt/trusted.gpg.d/toy.asc"), Node::file(key.armored().into_bytes()));
        // The keys are made now, so the archive is looked at a little later.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        let cache_folder = Some(cache.path().to_path_buf());
        let options = Options { now, cache: cache_folder, architectures: vec!["amd64".into()], ..Options::default() };
        Self { key, server, tree, options, _cache: cache }
    }

    fn open(&self) -> Result<Archive, ArchiveError> {
        Archive::open(&self.tree, &MemoryContents, &self.options, &Silent)
    }

    fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.server.archive.lock().unwrap().files.get_mut(path).unwrap());
    }

    fn remove(&self, path: &str) {
        assert!(self.server.archive.lock().unwrap().files.remove(path).is_some());
    }

    fn replace(&self, fields: &str, key: &Key) {
        *self.server.archive.lock().unwrap() = Toy::new("stable", fields, &[A, B], key);
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn packages_are_found_and_fetched() {
    for key in [Key::new(), Key::rsa()] {
        let world = World::with(key, DATE);
        let archive = world.open().unwrap();
        let found = archive.candidates(["a", "b", "c"]).unwrap();
        let names: Vec<_> = found.iter().map(|c| format!("{} {}", c.name, c.version)).collect();
        assert_eq!(names, ["a 2", "b 1:1"]);
        assert_eq!(archive.providers(["v"]).unwrap()[0].name, "b");
        let files = archive.fetch(&found, &Silent).unwrap();
        assert!(std::fs::read_to_string(&files[1]).unwrap().starts_with("the package b 1:1"));
        assert_eq!(archive.used()[0].signed_by, [world.key.fingerprint()]);
    }
}

#[test]
fn a_run_with_nothing_new_is_one_conditional_request() {
    let world = World::new();
    let fetch = || {
        let archive = world.open().unwrap();
        archive.fetch(&archive.candidates(["a"]).unwrap(), &Silent).unwrap();
    };
    fetch();
    world.server.log.lock().unwrap().clear();
    fetch();
    assert_eq!(*world.server.log.lock().unwrap(), [("dists/stable/InRelease".to_owned(), 304)]);
}

#[test]
fn a_download_that_breaks_off_goes_on() {
    let world = World::new();
    let archive = world.open().unwrap();
    world.server.break_off.lock().unwrap().push("pool/a_2_amd64.deb".into());
    archive.fetch(&archive.candidates(["a"]).unwrap(), &Silent).unwrap();
    let log = world.server.log.lock().unwrap();
    assert_eq!(log[log.len() - 2..].iter().map(|(_, status)| *status).collect::<Vec<_>>(), [200, 206]);
}

#[test]
fn release_and_its_detached_signature_do_as_well() {
    let world = World::with(Key::rsa(), DATE);
    world.remove("dists/stable/InRelease");
    assert!(world.open().is_ok());
    world.remove("dists/stable/Release.gpg");
    assert!(matches!(world.open(), Err(ArchiveError::Signature { cause: SignatureError::Missing, .. })));
    let release = text_of(&world.server.archive.lock().unwrap().files["dists/stable/Release"]);
    let weak = world.key.detached(&release, true).into_bytes();
    world.server.archive.lock().unwrap().files.insert("dists/stable/Release.gpg".into(), weak);
    assert!(matches!(world.open(), Err(ArchiveError::Signature { cause: SignatureError::WeakHash { .. }, .. })));
}

#[test]
fn signatures_that_do_not_count() {
    let world = World::new();
    let cause = |world: &World| match world.open() {
        Err(ArchiveError::Signature { cause, .. }) => cause,
        other => panic!("{other:?}"),
    };
    let path = "dists/stable/InRelease";
    world.change(path, |bytes| *bytes = text_of(bytes).replace("Toy", "Toi").into_bytes());
    assert!(matches!(cause(&world), SignatureError::Bad { .. }));
    world.change(path, |bytes| bytes.extend(b"Origin: evil\n"));
    assert!(matches!(cause(&world), SignatureError::Malformed(_)));
    world.change(path, |bytes| *bytes = b"Origin: Toy\n".to_vec());
    assert!(matches!(cause(&world), SignatureError::Missing));
    let other = Key::new();
    world.replace(DATE, &other);
    assert!(matches!(cause(&world), SignatureError::UnknownKey { keys, .. } if keys == [other.fingerprint()]));
    let unfit = World::with(Key::certifying_only(), DATE);
    assert!(matches!(cause(&unfit), SignatureError::UnusableKey { .. }));
}

#[test]
fn stale_releases_are_refused() {
    let cause = |world: &World| match world.open() {
        Err(ArchiveError::Release { cause, .. }) => cause,
        other => panic!("{other:?}"),
    };
    let mut world = World::with(Key::new(), &format!("{DATE}\nValid-Until: Sat, 18 Jan 2025 10:17:21 UTC"));
    assert!(matches!(cause(&world), ReleaseError::Expired { .. }));
    world.options.ignore_valid_until = true;
    assert!(world.open().is_ok());
    world.replace("Date: Fri, 10 Jan 2025 10:17:21 UTC", &world.key);
    assert!(matches!(cause(&world), ReleaseError::Rollback { .. }));
}

#[test]
fn what_is_missing_or_altered_is_named() {
    let world = World::new();
    let archive = world.open().unwrap();
    let a = archive.candidates(["a"]).unwrap();
    let path = "pool/a_2_amd64.deb";
    world.change(path, |bytes| bytes[7] ^= 1);
    let error = archive.fetch(&a, &Silent).unwrap_err();
    assert!(matches!(&error, ArchiveError::Altered { what, .. } if what == "a 2"), "{error}");
    world.change(path, |bytes| bytes.push(0));
    let error = archive.fetch(&a, &Silent).unwrap_err();
    assert!(matches!(&error, ArchiveError::Altered { expected, .. } if expected.ends_with("bytes")), "{error}");
    world.remove(path);
    let error = archive.fetch(&a, &Silent).unwrap_err();
    let missing = matches!(&error, ArchiveError::Fetch { package: Some(name), cause: TransportError::Missing, .. } if name == "a 2");
    assert!(missing && error.to_string().contains(path), "{error}");
    let fresh = World::new();
    for (path, bytes) in &mut fresh.server.archive.lock().unwrap().files {
        if path.contains("binary-amd64") {
            bytes.reverse();
        }
    }
    assert!(matches!(fresh.open(), Err(ArchiveError::Altered { .. })));
}

#[test]
fn an_unreachable_archive_is_an_error_without_secrets() {
    let mut world = World::new();
    world.options.mirrors = vec![("stable".into(), "http://user:secret@127.0.0.1:1/x".into())];
    let error = world.open().unwrap_err();
    assert!(matches!(error, ArchiveError::Fetch { .. }));
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn a_folder_can_stand_in_for_the_network() {
    let mut world = World::new();
    let folder = tempfile::tempdir().unwrap();
    world.server.archive.lock().unwrap().write(folder.path());
    world.options.offline = Some(folder.path().to_path_buf());
    let archive = world.open().unwrap();
    assert_eq!(archive.fetch(&archive.candidates(["a", "b"]).unwrap(), &Silent).unwrap().len(), 2);
    assert!(world.server.log.lock().unwrap().is_empty());
}
