//! What is brought up to date and what is not, locked and fetched: whole rebuilds of a toy image from a toy archive.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

mod world;

use rebuild::archives::{ArchiveError, transport::TransportError};
use rebuild::change::ChangeError;
use rebuild::lock::{Lock, LockError};
use rebuild::pipeline::{self, RebuildError};
use rebuild::request::{Prune, Request};
use slim::report::Verdict;
use testdata::deb::Deb;
use world::{World, digest, fates, reason};

fn deb(name: &str, version: &str) -> Deb {
    Deb::new(name, version).field("Architecture", "amd64").file(
        &format!("/usr/share/{name}/data"),
        0o644,
        format!("{name} {version}").as_bytes(),
    )
}

fn abc() -> World {
    World::new(
        &[deb("a", "1"), deb("b", "1"), deb("c", "1")],
        &[deb("a", "2").field("Depends", "b (>= 2)"), deb("b", "2"), deb("c", "2")],
    )
}

#[test]
fn only_what_was_chosen_and_what_it_needs_is_updated() {
    let world = abc();
    let report = world.rebuild(&Request { only: vec!["a*".into()], ..world.request("out") }).unwrap();
    assert_eq!(fates(&report), ["a 2 Updated", "b 2 Updated", "c 1 Kept"]);
    assert_eq!(reason(&report, "c"), "2 is available: it is not among the chosen packages");
    assert!(!world.asked().iter().any(|path| path.contains("c_2")), "what is not wanted is not fetched");
    let report =
        world.rebuild(&Request { exclude: vec!["b".into()], strict: false, ..world.request("other") }).unwrap();
    assert_eq!(fates(&report), ["a 1 KeptBack", "b 1 Kept", "c 2 Updated"]);
    let expected =
        "2 is available: Depends: b (>= 2) is not fulfilled by what is installed\n  b is kept back\n    it is excluded";
    assert_eq!(reason(&report, "a"), expected);
}

#[test]
fn a_choice_is_no_reason_for_strictness_but_a_slip_is_an_error() {
    let world = abc();
    let strict = Request { only: vec!["b".into()], strict: true, ..world.request("out") };
    assert!(world.rebuild(&strict).is_ok());
    let slip = Request { only: vec!["openssl".into()], ..world.request("out") };
    let error = world.rebuild(&slip).unwrap_err();
    assert!(
        matches!(&error, RebuildError::Change(ChangeError::NotInstalled { pattern }) if pattern == "openssl"),
        "{error}"
    );
}

fn locking(world: &World, to: &str) -> Request {
    Request { lock: Some(world.path("lock.json")), ..world.request(to) }
}

fn locked(world: &World, to: &str) -> Request {
    Request { locked: Some(Lock::read(&world.path("lock.json")).unwrap()), ..world.request(to) }
}

#[test]
fn a_lock_gives_the_same_image_when_the_archive_has_moved_on() {
    let mut world = abc();
    let first = world.rebuild(&locking(&world, "first")).unwrap();
    let lock = Lock::read(&world.path("lock.json")).unwrap();
    let names: Vec<_> = lock.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
    assert_eq!(names, ["a 2", "b 2", "c 2"]);
    assert_eq!(lock.result.as_ref().unwrap().as_str(), digest(&first));
    assert_eq!(lock.suites[0].indexes[0].name, "main/binary-amd64/Packages");
    assert_eq!(first.indexes[0].suite, format!("{}/dists/stable", world.server.url.trim_end_matches('/')));
    assert_eq!(first.indexes[0].component, "main/binary-amd64/Packages");
    // The archive has newer packages, and no signature that could be verified any more.
    {
        let mut archive = world.server.archive.lock().unwrap();
        let more = testdata::apt::Archive::debs("stable", world::DATE, &[deb("c", "3")], &testdata::apt::Key::new());
        archive.files.extend(more.files);
    }
    world.options.cache = Some(world.path("another-cache"));
    world.asked();
    let again = world.rebuild(&locked(&world, "again")).unwrap();
    assert_eq!(digest(&again), digest(&first));
    assert_eq!(world.asked().len(), 3, "three packages and no index");
    assert_eq!(again.indexes, first.indexes);
}

#[test]
fn a_dry_run_tells_and_locks_what_a_rebuild_does() {
    // A later layer has upgraded `a`, so the lower one needs its package; the script of `b` cannot be proven.
    let program = |package: Deb| package.member("postinst", 0o755, "#!/bin/sh\n/usr/bin/b --setup\n");
    let installed = [deb("a", "2"), deb("b", "1"), deb("c", "1")];
    let world = World::in_two(&[deb("a", "1")], &installed, &[deb("a", "2"), program(deb("b", "2")), deb("c", "2")]);
    let dry = Request { dry_run: true, destination: None, ..locking(&world, "none") };
    let planned = world.rebuild(&dry).unwrap();
    assert_eq!(planned.outcome, slim::report::Outcome::Planned);
    assert_eq!(fates(&planned), ["a 2 Kept", "b 1 KeptBack", "c 2 Updated"]);
    assert!(reason(&planned, "b").contains("script postinst configure 1"), "{}", reason(&planned, "b"));
    assert_eq!(reason(&planned, "c"), "2 in stable");
    let lock = Lock::read(&world.path("lock.json")).unwrap();
    assert_eq!(lock.packages.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(lock.result, None);
    let done = world.rebuild(&locked(&world, "locked")).unwrap();
    let free = world.rebuild(&world.request("free")).unwrap();
    assert_eq!(digest(&done), digest(&free));
    let (promised, made) = (planned.result.unwrap(), free.result.unwrap());
    assert_eq!((promised.files, promised.files_size, promised.packages), (made.files, made.files_size, made.packages));
}

#[test]
fn a_refusal_in_a_lower_layer_leaves_nothing_of_what_was_tried_above() {
    // Only from version 1, which is in the lower layer, can the script of `a` not be proven.
    let script = "#!/bin/sh\nset -e\nif [ \"$2\" = 1 ]; then unheard-of-command; fi\n";
    let newer = deb("a", "3").file("/usr/share/a/more", 0o644, b"more").member("postinst", 0o755, script);
    let below = [deb("a", "1").file("/usr/share/a/more", 0o644, b"1"), deb("b", "1")];
    let world = World::in_two(&below, &[deb("a", "2"), deb("b", "1")], &[newer, deb("b", "2")]);
    let report = world.rebuild(&Request { exclude: vec!["b".into()], ..world.request("out") }).unwrap();
    assert_eq!(fates(&report), ["a 2 KeptBack", "b 1 Kept"]);
    assert!(reason(&report, "a").contains("script postinst configure 1"), "{}", reason(&report, "a"));
    assert_eq!((report.packages[0].tier.as_deref(), report.packages[0].evidence.as_deref()), (None, None));
    assert_eq!(report.notes, [""; 0], "nothing was overwritten");
    let lock =
        world.rebuild(&locking(&world, "locked")).map(|_| Lock::read(&world.path("lock.json")).unwrap()).unwrap();
    assert_eq!(lock.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect::<Vec<_>>(), ["b 2"]);
}

#[test]
fn images_on_one_base_get_the_same_new_base() {
    let offered = || [deb("a", "2"), deb("b", "2"), deb("c", "2").mtime(1_900_000_000)];
    let base = [deb("a", "1"), deb("b", "1")];
    let with_more = [deb("a", "1"), deb("b", "1"), deb("c", "1")];
    let worlds = [World::in_two(&base, &with_more, &offered()), World::in_two(&base, &base, &offered())];
    let [first, second] = worlds.map(|world| world.rebuild(&world.request("out")).unwrap());
    assert_eq!((fates(&first).len(), fates(&second).len()), (3, 2));
    // The archive's address is in the upper layer's sources only.
    assert_eq!(first.layers[0].digest, second.layers[0].digest);
    assert_eq!(first.layers[0].new_digest, second.layers[0].new_digest);
    assert!(!first.layers[0].kept && first.layers[1].new_digest != second.layers[1].new_digest);
}

#[test]
fn a_lock_that_cannot_be_replayed_says_why() {
    let mut world = abc();
    world.rebuild(&locking(&world, "first")).unwrap();
    let lock_error = |result: Result<_, RebuildError>| match result {
        Err(RebuildError::Lock(error) | RebuildError::Change(ChangeError::Lock(error))) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was replayed"),
    };
    let mut other = locked(&world, "again");
    other.locked.as_mut().unwrap().source = rebuild::image::Digest::of(b"another");
    assert!(matches!(lock_error(world.rebuild(&other)), LockError::OtherImage { .. }));
    let mut other = locked(&world, "again");
    other.locked.as_mut().unwrap().packages[0].from = Some("0".into());
    assert!(matches!(lock_error(world.rebuild(&other)), LockError::OtherVersion { found, .. } if found == "1"));
    let mut fewer = locked(&world, "again");
    fewer.locked.as_mut().unwrap().packages.pop();
    assert!(matches!(lock_error(world.rebuild(&fewer)), LockError::OtherResult { .. }));
    assert!(!world.path("again").exists(), "nothing is written");
    world.options.cache = Some(world.path("another-cache"));
    world.offer(&[deb("a", "3")]);
    let error = world.rebuild(&locked(&world, "again")).unwrap_err();
    let missing = matches!(
        &error,
        RebuildError::Change(ChangeError::Archive(ArchiveError::Fetch { package: Some(name), cause: TransportError::Missing, .. }))
            if name == "a 2"
    );
    assert!(missing, "{error}");
}

#[test]
fn without_a_place_for_its_lock_no_image_is_stored() {
    let world = abc();
    let request = Request { lock: Some(world.path("none/lock.json")), ..world.request("out") };
    let error = world.rebuild(&request).unwrap_err();
    assert!(matches!(&error, RebuildError::Lock(LockError::File { .. })), "{error}");
    assert!(!world.path("out").exists() && world.asked().is_empty(), "nothing was done");
}

#[test]
fn a_fetched_folder_is_enough() {
    let mut world = abc();
    let online = world.rebuild(&world.request("online")).unwrap();
    let folder = world.path("archives");
    let fetch =
        |world: &World| pipeline::fetch(&world.request("none"), &folder, &world.services(), &world.heard).unwrap();
    // What the cache has already must reach the folder as well.
    let fetched = fetch(&world);
    assert_eq!((fetched.packages.len(), fetched.new, fetched.suites.len()), (3, 3, 1));
    world.asked();
    assert_eq!(fetch(&world).new, 0);
    assert_eq!(world.asked(), ["dists/stable/InRelease"], "what is there is not fetched again");
    world.options.cache = None;
    assert_eq!(fetch(&world).new, 0);
    assert_eq!(world.asked(), ["dists/stable/InRelease"], "nor without a cache");
    world.options.offline = Some(folder.clone());
    let offline = world.rebuild(&world.request("offline")).unwrap();
    assert_eq!(digest(&offline), digest(&online));
    assert!(world.asked().is_empty(), "nothing is asked of the network");
}

#[test]
fn a_folder_may_be_older_than_what_was_seen() {
    let mut world = abc();
    let folder = world.path("archives");
    pipeline::fetch(&world.request("none"), &folder, &world.services(), &world.heard).unwrap();
    let later = "Date: Sat, 18 Jan 2025 10:17:21 UTC";
    *world.server.archive.lock().unwrap() =
        testdata::apt::Archive::debs("stable", later, &[deb("a", "3"), deb("b", "3")], &world.key);
    world.rebuild(&world.request("newer")).unwrap();
    world.options.offline = Some(folder);
    assert_eq!(fates(&world.rebuild(&world.request("older")).unwrap())[0], "a 2 Updated");
}

#[test]
fn a_package_that_is_not_what_the_index_says_is_refused() {
    let world = abc();
    let lying = [("Package: a\nVersion: 2\nArchitecture: amd64".to_owned(), deb("a", "1.5").build())];
    *world.server.archive.lock().unwrap() = testdata::apt::Archive::of("stable", world::DATE, &lying, &world.key);
    let error = world.rebuild(&world.request("out")).unwrap_err();
    let expected = "package a:amd64 2: the index says Version \"2\", the package itself \"1.5\"";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn an_archive_without_a_signature_stops_a_rebuild_until_told() {
    let mut world = abc();
    let other = testdata::apt::Suite {
        name: "other",
        fields: world::DATE,
        pool: "pool/other",
        indexes: vec![testdata::apt::Index::made_up("main", "amd64", [])],
    };
    world.server.archive.lock().unwrap().publish(&other, &[]);
    for (option, refusal) in [("[trusted=yes] ", true), ("[allow-insecure=yes] ", true), ("", false)] {
        world.options.sources = vec![format!("deb {option}{} other main", world.server.url)];
        world.options.allow.unsigned = false;
        let error = world.rebuild(&world.request("out")).unwrap_err();
        let refused = matches!(&error, RebuildError::Change(ChangeError::Archive(ArchiveError::Refused(_))));
        assert_eq!(refused, refusal, "{error}");
        world.options.allow.unsigned = true;
        assert_eq!(world.rebuild(&world.request(&format!("told {option}"))).is_ok(), refusal, "{option}");
    }
}

#[test]
fn a_current_image_costs_one_conditional_request() {
    let world = World::new(&[deb("a", "2")], &[deb("a", "2")]);
    let report = world.rebuild(&world.request("out")).unwrap();
    assert_eq!(report.outcome, slim::report::Outcome::NothingToDo);
    world.server.log.lock().unwrap().clear();
    world.rebuild(&world.request("out2")).unwrap();
    assert_eq!(*world.server.log.lock().unwrap(), [("dists/stable/InRelease".to_owned(), 304)]);
    assert!(report.packages.iter().all(|package| package.verdict == Verdict::Kept));
}

#[test]
fn new_packages_are_installed_when_asked_for() {
    let world = World::with(
        &[deb("a", "1"), deb("b", "1")],
        &[
            deb("a", "2").field("Depends", "n (>= 3)"),
            deb("b", "2").field("Depends", "bad"),
            deb("n", "3").field("Depends", "m").conffile("/etc/n", 0o644, b"n\n"),
            deb("m", "1").field("Architecture", "all"),
            deb("bad", "1").member("postinst", 0o755, "#!/bin/sh\nunheard-of-command\n"),
            deb("idle", "1"),
        ],
        &[("var/lib/apt/extended_states", "Package: b\nArchitecture: amd64\nAuto-Installed: 1\n\n")],
    );
    let without = world.rebuild(&world.request("without")).unwrap();
    assert_eq!(fates(&without), ["a 1 KeptBack", "b 1 KeptBack"]);
    assert_eq!(reason(&without, "a"), "2 is available: Depends: n (>= 3) would need a new package");
    let request = Request { with_new: true, lock: Some(world.path("lock.json")), ..world.request("with") };
    let with = world.rebuild(&request).unwrap();
    assert_eq!(fates(&with), ["a 2 Updated", "b 1 KeptBack", "m 1 Added", "n 3 Added"]);
    assert_eq!(reason(&with, "n"), "needed by a:amd64");
    let tree = world.tree("with");
    let read = |path: &str| tree.get(path).cloned().unwrap_or_default();
    let status = read("/var/lib/dpkg/status");
    let stanza = status.split("\n\n").find(|stanza| stanza.starts_with("Package: n\n")).unwrap();
    assert!(stanza.contains("Status: install ok installed\n"), "{stanza}");
    assert!(stanza.contains("Conffiles:\n /etc/n "), "{stanza}");
    assert_eq!(read("/usr/share/n/data"), "n 3");
    assert_eq!(read("/etc/n"), "n\n");
    assert!(read("/var/lib/dpkg/info/m.list").ends_with("/usr/share/m/data\n"));
    let states = "Package: b\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: m\nArchitecture: amd64\nAuto-Installed: 1\n\n\
                  Package: n\nArchitecture: amd64\nAuto-Installed: 1\n\n";
    assert_eq!(read("/var/lib/apt/extended_states"), states);
    let again = Request { with_new: true, ..locked(&world, "again") };
    assert_eq!(digest(&world.rebuild(&again).unwrap()), digest(&with));
}

#[test]
fn new_packages_come_into_the_layer_of_those_that_need_them() {
    let world = World::under(
        &[deb("a", "1"), deb("b", "1")],
        &[deb("a", "2").field("Depends", "n"), deb("n", "3").field("Depends", "m"), deb("m", "1")],
        &[("srv/site", "hello")],
    );
    let report = world.rebuild(&Request { with_new: true, ..world.request("out") }).unwrap();
    assert_eq!(fates(&report), ["a 2 Updated", "b 1 Kept", "m 1 Added", "n 3 Added"]);
    assert_eq!(report.layers.iter().map(|layer| layer.kept).collect::<Vec<_>>(), [false, true]);
    let tree = world.tree("out");
    for (name, text) in [("a", "a 2"), ("m", "m 1"), ("n", "n 3")] {
        assert_eq!(tree.get(&format!("/usr/share/{name}/data")).map(String::as_str), Some(text));
        assert!(tree["/var/lib/dpkg/status"].contains(&format!("Package: {name}\n")), "{name}");
    }
}

#[test]
fn a_package_that_changes_its_architecture_gets_what_it_needs_anew() {
    let all = |name: &str, version: &str| deb(name, version).field("Architecture", "all");
    let world = World::under(
        &[all("a", "1"), deb("dpkg", "1")],
        &[deb("a", "2").field("Depends", "n"), all("n", "1")],
        &[("srv/site", "hello")],
    );
    let report = world.rebuild(&Request { with_new: true, ..world.request("out") }).unwrap();
    assert_eq!(fates(&report), ["a 2 Updated", "dpkg 1 Kept", "n 1 Added"]);
    assert_eq!(world.tree("out").get("/usr/share/n/data").map(String::as_str), Some("n 1"));
}

#[test]
fn what_only_a_package_that_goes_would_need_is_not_added() {
    let program = Deb::new("b", "1").file("/usr/bin/a", 0o755, b"program");
    let world = World::new(&[deb("a", "1"), program], &[deb("a", "2").field("Depends", "n"), deb("n", "1")]);
    let request = Request { with_new: true, prune: Prune::Packages, ..world.request("out") };
    assert_eq!(fates(&world.rebuild(&request).unwrap()), ["a none Removed", "b 1 Kept"]);
}

#[test]
fn new_packages_are_installed_when_the_images_apt_would() {
    for (configuration, expected) in [("true", "a 2 Updated, n 3 Added"), ("false", "a 1 KeptBack")] {
        let configuration = format!("APT::Get::Upgrade-Allow-New \"{configuration}\";\n");
        let world = World::with(
            &[deb("a", "1")],
            &[deb("a", "2").field("Depends", "n"), deb("n", "3")],
            &[("etc/apt/apt.conf.d/new", &configuration)],
        );
        assert_eq!(fates(&world.rebuild(&world.request("out")).unwrap()).join(", "), expected);
    }
}

#[test]
fn an_image_without_dpkg_is_updated_file_by_file() {
    let library = |version: &str| {
        Deb::new("libx", version)
            .field("Architecture", "amd64")
            .file(&format!("/usr/lib/libx.so.1.{version}"), 0o644, format!("library {version}").as_bytes())
            .symlink("/usr/lib/libx.so.1", &format!("libx.so.1.{version}"))
            .file("/usr/share/doc/libx/copyright", 0o644, version.as_bytes())
            .file(&format!("/usr/share/doc/libx/changelog.{version}"), 0o644, version.as_bytes())
            .file(&format!("/usr/share/man/man3/x.{version}"), 0o644, version.as_bytes())
            .member("postinst", 0o755, "#!/bin/sh\nunheard-of-command\n")
    };
    let with_sums = |deb: Deb| {
        let sums = deb.md5sums();
        deb.member("md5sums", 0o644, &sums)
    };
    let stripped = [("usr/share/man/man3/x.1", world::GONE), ("usr/share/doc/libx/changelog.1", world::GONE)];
    let bundle = ("etc/ssl/certs/ca-certificates.crt", "bundle");
    let world = World::distroless(
        &[library("1"), deb("ca-certificates", "1"), deb("nosums", "1")],
        &[with_sums(library("2")), deb("ca-certificates", "2"), deb("nosums", "2")],
        &[stripped[0], stripped[1], bundle, ("var/lib/dpkg/status.d/nosums.md5sums", world::GONE)],
    );
    let report = world.rebuild(&world.request("out")).unwrap();
    assert_eq!(fates(&report), ["ca-certificates 1 KeptBack", "libx 2 Updated", "nosums 1 KeptBack"]);
    assert!(
        reason(&report, "nosums").contains("the old version's files are not known"),
        "{}",
        reason(&report, "nosums")
    );
    let tree = world.tree("out");
    let paths: Vec<_> = tree.keys().filter(|path| path.contains("libx")).map(String::as_str).collect();
    let expected = [
        "/usr/lib/libx.so.1.2",
        "/usr/share/doc/libx/changelog.2",
        "/usr/share/doc/libx/copyright",
        "/var/lib/dpkg/status.d/libx",
        "/var/lib/dpkg/status.d/libx.md5sums",
    ];
    assert_eq!(paths, expected, "manual pages stay away");
    assert_eq!(tree["/var/lib/dpkg/status.d/libx"], library("2").control());
    assert_eq!(tree["/var/lib/dpkg/status.d/libx.md5sums"], library("2").md5sums());
    assert!(!tree.contains_key("/var/lib/dpkg/status") && !tree.contains_key("/var/lib/dpkg/info/libx.list"));
}
