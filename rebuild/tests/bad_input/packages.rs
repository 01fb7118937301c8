//! Packages that are not what they should be: package and path are named, and either the package stays as it was or there is no result.

use super::world::{self, World, fates, reason};
use super::{deb, refused};
use rebuild::pipeline::RebuildError;
use rebuild::request::Request;
use testdata::deb::Deb;

/// Why `a` stays at its version while `c` is brought up to date; with strictness there is no result at all.
fn kept_back(world: &World) -> String {
    let report = world.rebuild(&world.request("out")).unwrap();
    let expected = ["a 1 KeptBack", "c 2 Updated"].map(str::to_owned);
    assert!(expected.iter().all(|fate| fates(&report).contains(fate)), "{:?}", fates(&report));
    assert_eq!(world.tree("out")["/usr/share/a/data"], "1");
    let strict = world.rebuild(&Request { strict: true, ..world.request("strict") });
    assert!(matches!(&strict, Err(RebuildError::Strict { kept_back, .. }) if kept_back.len() == 1), "{strict:?}");
    assert!(!world.path("strict").exists(), "something is written all the same");
    reason(&report, "a")
}

/// `a` of the archive is this package, or these bytes under its name.
fn offering(bytes: &[u8]) -> World {
    let world = World::new(&[deb("a", "1")], &[]);
    let packages = [(deb("a", "2").control(), bytes.to_vec())];
    *world.server.archive.lock().unwrap() = testdata::apt::Archive::of("stable", world::DATE, &packages, &world.key);
    world
}

#[test]
fn a_file_of_another_package_is_not_taken_without_a_word() {
    let b = || deb("b", "1").file("/usr/share/b/other", 0o644, b"1");
    let world = |a: Deb| World::new(&[deb("a", "1"), b(), deb("c", "1")], &[a, deb("c", "2")]);
    let stealing = || deb("a", "2").file("/usr/share/b/data", 0o644, b"mine");
    assert_eq!(kept_back(&world(stealing())), "2 is available: /usr/share/b/data belongs to b");
    // To replace an older version is no permission; to replace this one is.
    kept_back(&world(stealing().field("Replaces", "b (<< 1)")));
    let world = world(stealing().field("Replaces", "b (<= 1)"));
    assert_eq!(fates(&world.rebuild(&world.request("out")).unwrap())[0], "a 2 Updated");
    assert_eq!(world.tree("out")["/usr/share/b/data"], "mine");
}

#[test]
fn packages_that_need_each_other_go_together_or_not_at_all() {
    let circle = |more: &str| {
        [
            deb("a", "2").field("Depends", "b (>= 2)"),
            deb("b", "2").field("Depends", &format!("c (>= 2){more}")),
            deb("c", "2").field("Pre-Depends", "a (>= 2)"),
        ]
    };
    let installed = [deb("a", "1"), deb("b", "1"), deb("c", "1")];
    let world = World::new(&installed, &circle(""));
    assert_eq!(fates(&world.rebuild(&world.request("out")).unwrap()), ["a 2 Updated", "b 2 Updated", "c 2 Updated"]);
    let world = World::new(&installed, &circle(", missing"));
    let report = world.rebuild(&world.request("out")).unwrap();
    assert_eq!(fates(&report), ["a 1 KeptBack", "b 1 KeptBack", "c 1 KeptBack"]);
    assert_eq!(reason(&report, "b"), "2 is available: Depends: missing would need a new package");
    let tree = "2 is available: Depends: b (>= 2) is not fulfilled by what is installed\n  b is kept back\n    Depends: missing would need a new package";
    assert_eq!(reason(&report, "a"), tree);
    // New packages that need each other.
    let news =
        [deb("a", "2").field("Depends", "n"), deb("n", "1").field("Depends", "m"), deb("m", "1").field("Depends", "n")];
    let world = World::new(&installed, &news);
    let report = world.rebuild(&Request { with_new: true, ..world.request("out") }).unwrap();
    assert_eq!(fates(&report), ["a 2 Updated", "b 1 Kept", "c 1 Kept", "m 1 Added", "n 1 Added"]);
}

#[test]
fn a_removal_keeps_back_with_new_packages_too() {
    let offered = [
        deb("a", "2").field("Depends", "b (>= 2)"),
        deb("b", "2").field("Depends", "n"),
        deb("n", "1").field("Conflicts", "d"),
        deb("c", "2"),
    ];
    let world = World::new(&[deb("a", "1"), deb("b", "1"), deb("c", "1"), deb("d", "1")], &offered);
    let request = Request { with_new: true, ..world.request("with") };
    for (to, report) in [("out", world.rebuild(&world.request("out"))), ("with", world.rebuild(&request))] {
        let report = report.unwrap();
        assert_eq!(fates(&report), ["a 1 KeptBack", "b 1 KeptBack", "c 2 Updated", "d 1 Kept"], "{to}");
        let told = reason(&report, "a");
        assert!(
            told.starts_with(
                "2 is available: Depends: b (>= 2) is not fulfilled by what is installed\n  b is kept back\n    "
            ),
            "{to}: {told}"
        );
        assert!(!world.tree(to).contains_key("/usr/share/n/data"), "{to}");
    }
    let told = reason(&world.rebuild(&Request { with_new: true, ..world.request("again") }).unwrap(), "b");
    let tree =
        "2 is available: Depends: n would need a new package\n  n is kept back\n    Conflicts: d would remove d 1";
    assert_eq!(told, tree);
}

#[test]
fn entries_that_no_package_may_have_are_named() {
    for (name, kind, link, words) in [
        ("./dev/sda", b'4', "", "entries of type Block are not unpacked"),
        ("./dev/tty", b'3', "", "entries of type Char are not unpacked"),
        ("./run/pipe", b'6', "", "entries of type Fifo are not unpacked"),
        ("./../etc/passwd", b'0', "", "contains '..'"),
        ("./usr/share/../../../etc/passwd", b'0', "", "contains '..'"),
        ("../x", b'5', "", "contains '..'"),
        ("./usr/hard", b'1', "../../etc/shadow", "contains '..'"),
    ] {
        let told = refused(&offering(&deb("a", "2").raw(name, kind, link).build()));
        assert!(
            told.starts_with(&format!("package a:amd64 2: entry {name:?}: ")) && told.contains(words),
            "{name}: {told}"
        );
    }
}

#[test]
fn a_path_through_a_link_stays_in_the_image() {
    // The root of the image is as far as any link climbs.
    let linked = deb("a", "1").symlink("/usr/share/a/out", "../../../../../../../../etc");
    let through = deb("a", "2")
        .directory("/usr/share/a/out", 0o755)
        .file("/usr/share/a/out/escaped", 0o644, b"escaped")
        .symlink("/usr/share/a/absolute", "/etc/escaped");
    let world = World::new(&[linked], &[through]);
    let report = world.rebuild(&world.request("out")).unwrap();
    assert_eq!(fates(&report), ["a 2 Updated"]);
    assert!(!std::path::Path::new("/etc/escaped").exists());
    let escaped: Vec<_> = world.tree("out").into_keys().filter(|path| path.ends_with("escaped")).collect();
    assert_eq!(escaped, ["/etc/escaped"]);
}

#[test]
fn what_is_new_in_a_folder_that_the_author_deleted_is_left_out() {
    let v2 = deb("a", "2")
        .file("/usr/share/doc/a/copyright", 0o644, b"2")
        .file("/usr/share/doc/a/news", 0o644, b"2")
        .symlink("/usr/share/a/news", "../doc/a/news");
    let v1 = deb("a", "1").file("/usr/share/doc/a/copyright", 0o644, b"1");
    let world = World::with(&[v1], &[v2], &[("usr/share/doc/a/copyright", world::GONE)]);
    let report = world.rebuild(&world.request("out")).unwrap();
    assert_eq!(fates(&report), ["a 2 Updated"]);
    assert!(report.notes.iter().any(|note| note == "a:amd64: /usr/share/doc/a/news had been deleted and stays so"));
    assert!(!world.tree("out").keys().any(|path| path.starts_with("/usr/share/doc/a")));
}

#[test]
fn a_hard_link_to_what_the_package_does_not_hold_is_refused() {
    for target in ["/etc/os-release", "./etc/os-release", "/nowhere"] {
        let a = deb("a", "2").raw("./usr/share/a/hard", b'1', target);
        let world = World::new(&[deb("a", "1"), deb("c", "1")], &[a, deb("c", "2")]);
        let told = kept_back(&world);
        let expected =
            "2 is available: /usr/share/a/hard: it is a hard link to something that the package does not unpack";
        assert_eq!(told, expected, "{target}");
    }
    // An absolute name of a file of its own is that file.
    let world = World::new(&[deb("a", "1")], &[deb("a", "2").raw("./usr/share/a/hard", b'1', "/usr/share/a/data")]);
    assert_eq!(fates(&world.rebuild(&world.request("out")).unwrap()), ["a 2 Updated"]);
    assert_eq!(world.tree("out")["/usr/share/a/hard"], "2");
}

/// Appends the members of one package to another's.
fn joined(first: &Deb, second: &Deb, which: &str) -> Vec<u8> {
    let mut bytes = first.build();
    let more = second.build();
    let mut at = 8;
    while at < more.len() {
        let header = &more[at..at + 60];
        let size: usize = std::str::from_utf8(&header[48..58]).unwrap().trim().parse().unwrap();
        let end = at + 60 + size.next_multiple_of(2);
        if header.starts_with(which.as_bytes()) {
            bytes.extend_from_slice(&more[at..end]);
        }
        at = end;
    }
    bytes
}

#[test]
fn members_that_are_there_twice_are_refused() {
    let second = deb("a", "2").file("/usr/bin/smuggled", 0o4755, b"x");
    for (which, expected) in [("control.tar", "control.tar"), ("data.tar", "data.tar")] {
        let told = refused(&offering(&joined(&deb("a", "2"), &second, which)));
        assert_eq!(told, format!("package a:amd64 2: the package has two members {expected}"));
    }
    let twice =
        deb("a", "2").member("postinst", 0o755, "#!/bin/sh\n").member("postinst", 0o755, "#!/bin/sh\nrm -rf /\n");
    let told = refused(&offering(&twice.build()));
    assert_eq!(told, "package a:amd64 2: entry \"postinst\": not a name of a control member");
}

#[test]
fn an_index_and_a_package_that_disagree_are_named_with_the_field() {
    let index = "Package: a\nVersion: 2\nArchitecture: amd64\nDepends: c | d";
    let offer = |control: &str, a: &Deb| {
        let world = World::new(&[deb("a", "1"), deb("c", "1")], &[]);
        let packages = [(control.to_owned(), a.build())];
        *world.server.archive.lock().unwrap() =
            testdata::apt::Archive::of("stable", world::DATE, &packages, &world.key);
        world
    };
    let a = || deb("a", "2").field("Depends", "c|d");
    for (package, field, promised, found) in [
        (a().field("Package", "b"), "Package", "a", "b"),
        (a().field("Version", "3"), "Version", "2", "3"),
        (a().field("Architecture", "all"), "Architecture", "amd64", "all"),
        (a().field("Depends", "c, missing"), "Depends", "c | d", "c, missing"),
        (a().field("Pre-Depends", "missing"), "Pre-Depends", "", "missing"),
        (a().field("Breaks", "c"), "Breaks", "", "c"),
        (a().field("Conflicts", "c (<< 2)"), "Conflicts", "", "c (<< 2)"),
        (a().field("Provides", "c (= 9)"), "Provides", "", "c (= 9)"),
    ] {
        let told = refused(&offer(index, &package));
        let expected = format!("package a:amd64 2: the index says {field} {promised:?}, the package itself {found:?}");
        assert_eq!(told, expected);
    }
    // How a relation is written does not matter, nor what archives add and override.
    let world = offer(&format!("{index}\nPriority: extra\nSection: else\nTag: x::y"), &a().field("Section", "misc"));
    assert_eq!(fates(&world.rebuild(&world.request("out")).unwrap())[0], "a 2 Updated");
}

#[test]
fn only_what_the_package_says_gets_into_the_database() {
    let a = deb("a", "2").field("Section", "misc");
    let index = format!("{}\nPriority: extra\nSHA1: 0\nTag: x::y\nX-Of-The-Archive: yes", a.control().trim());
    let world = World::new(&[deb("a", "1").field("Priority", "optional")], &[]);
    *world.server.archive.lock().unwrap() =
        testdata::apt::Archive::of("stable", world::DATE, &[(index, a.build())], &world.key);
    world.rebuild(&world.request("out")).unwrap();
    let expected = "Package: a\nStatus: install ok installed\nPriority: optional\nSection: misc\n\
        Maintainer: Test <test@example.org>\nArchitecture: amd64\nVersion: 2\nDescription: toy\n\n";
    assert_eq!(world.tree("out")["/var/lib/dpkg/status"], expected);
}

#[test]
fn sums_that_disagree_are_told() {
    let wrong = format!("{}  usr/share/a/data\n", "0".repeat(32));
    let world = World::new(&[deb("a", "1")], &[deb("a", "2").member("md5sums", 0o644, &wrong)]);
    let report = world.rebuild(&world.request("out")).unwrap();
    assert_eq!(fates(&report), ["a 2 Updated"]);
    let told = "a:amd64: the package's own md5sums disagree with what it holds of /usr/share/a/data";
    assert!(report.notes.iter().any(|note| note == told), "{:?}", report.notes);
    assert_eq!(world.tree("out")["/var/lib/dpkg/info/a.md5sums"], wrong, "as dpkg would have it");
}
