//! Images whose package database is not as dpkg leaves it when it is done: what is wrong is named, and nothing is done.

use super::world::{GONE, World, fates};
use super::{deb, refused};
use testdata::deb::Deb;

#[test]
fn packages_that_dpkg_has_not_finished_are_named_with_their_state() {
    let states = [
        "install ok half-configured",
        "install ok half-installed",
        "install ok unpacked",
        "install ok triggers-awaited",
        "install ok triggers-pending",
        "install reinstreq installed",
        "install reinstreq half-installed",
        "deinstall ok half-installed",
        "install ok no-such-state",
    ];
    for state in states {
        // The package that is unfinished is not even the one that has an update.
        let world = World::new(&[deb("a", "1"), deb("b", "1").field("Status", state)], &[deb("a", "2")]);
        let told = refused(&world);
        assert!(told.contains("b:amd64") && told.contains(&format!("{state:?}")), "{state}: {told}");
        assert!(world.asked().is_empty(), "{state}: the archive is asked for nothing");
    }
    let sound = ["install ok installed", "hold ok installed", "deinstall ok config-files", "purge ok not-installed"];
    for state in sound {
        let world = World::new(&[deb("a", "1"), deb("b", "1").field("Status", state)], &[deb("a", "2")]);
        let report = world.rebuild(&world.request("out")).unwrap();
        assert_eq!(fates(&report)[0], "a 2 Updated", "{state}");
    }
}

#[test]
fn an_unfinished_run_of_dpkg_is_named_by_its_traces() {
    for (path, text) in
        [("var/lib/dpkg/updates/0001", "Package: a\n"), ("var/lib/dpkg/triggers/Unincorp", "ldconfig b\n")]
    {
        let world = World::with(&[deb("a", "1")], &[deb("a", "2")], &[(path, text)]);
        let told = refused(&world);
        assert!(told.contains(&format!("/{path} is left of an unfinished run of dpkg")), "{told}");
    }
}

#[test]
fn a_damaged_status_file_is_named_with_the_line() {
    let sound = "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nDescription: x\n\n";
    let status = |text: &str| World::with(&[deb("a", "1")], &[deb("a", "2")], &[("var/lib/dpkg/status", text)]);
    for (text, expected) in [
        (format!("{sound}Package: b\nStat"), "/var/lib/dpkg/status, line 8: \"Stat\""),
        (format!("\0\0\0\0\n{sound}"), "/var/lib/dpkg/status, line 1: "),
        (format!("{sound}Status: install ok installed\nVersion: 1\n\n"), "line 7: \"Status: install ok installed\""),
        (format!("{sound}<<<<<<< HEAD\n"), "line 7: \"<<<<<<< HEAD\""),
        (format!("{sound}{sound}"), "package a:amd64 has two stanzas"),
        (sound.replace("Version: 1\n", ""), "package a is installed and has no Version"),
        (sound.replace("Architecture: amd64\n", ""), "package a is installed and has no Architecture"),
        (sound.replace("Status: install ok installed\n", ""), "package a:amd64 is in the state"),
        (sound.replace("Version: 1\n", "Version: 1 2\n"), "package a: "),
        (sound.replace("Description", "Depends: b (>>\nDescription"), "package a: "),
    ] {
        let told = refused(&status(&text));
        assert!(told.contains(expected), "{text:?}: {told}");
    }
    let told = refused(&status("\n"));
    assert!(told.contains("/var/lib/dpkg/status names no package, and info/ has file lists of 1"), "{told}");
}

#[test]
fn deleted_file_lists_are_named() {
    let world = World::with(
        &[deb("a", "1"), deb("b", "1"), deb("c", "1")],
        &[deb("a", "2")],
        &[("var/lib/dpkg/info/b.list", GONE), ("var/lib/dpkg/info/c.list", GONE)],
    );
    let told = refused(&world);
    assert!(told.contains("package b:amd64 has no file list (info/b.list)"), "{told}");
    assert!(told.contains("package c:amd64 has no file list (info/c.list)"), "{told}");
    let many: Vec<_> = (0..20).map(|number| deb(&format!("p{number:02}"), "1")).collect();
    let lists: Vec<_> = (0..20).map(|number| format!("var/lib/dpkg/info/p{number:02}.list")).collect();
    let gone: Vec<_> = lists.iter().map(|path| (path.as_str(), GONE)).collect();
    let told = refused(&World::with(&many, &[deb("p00", "2")], &gone));
    assert!(
        told.contains("package p04:amd64") && !told.contains("package p05") && told.contains("; and 15 more"),
        "{told}"
    );
    let world = World::with(&[deb("a", "1")], &[deb("a", "2")], &[("var/lib/dpkg/info/format", "2\n")]);
    assert!(refused(&world).contains("the format of info/ is \"2\"; expected \"1\""));
}

#[test]
fn the_native_architecture_of_packages_for_all_is_that_of_the_image() {
    let all = |version: &str| Deb::new("a", version).file("/usr/share/a/data", 0o644, version.as_bytes());
    // The archive has no index for `all` alone, as most have none: the packages are in that of amd64.
    let world = World::new(&[all("1")], &[all("2").field("Depends", "n"), Deb::new("n", "1")]);
    let request = rebuild::request::Request { with_new: true, ..world.request("out") };
    let report = world.rebuild(&request).unwrap();
    assert_eq!(fates(&report), ["a 2 Updated", "n 1 Added"]);
    let tree = world.tree("out");
    assert_eq!(tree["/var/lib/apt/extended_states"], "Package: n\nArchitecture: amd64\nAuto-Installed: 1\n\n");
    // What dpkg was told comes first.
    let world = World::with(&[all("1")], &[all("2")], &[("var/lib/dpkg/arch", "arm64\namd64\n")]);
    let report = world.rebuild(&world.request("out")).unwrap();
    assert_eq!(fates(&report), ["a 1 Kept"], "the archive has nothing for arm64");
}
