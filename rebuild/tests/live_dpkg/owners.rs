//! Whose a path is: diversions, overrides, names of users, takeovers, instances of one package.

use super::referee::{scenario, write};
use std::path::Path;
use testdata::deb::Deb as Toy;

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_19_diversions_of_the_author_and_of_packages() {
    let tool = |version: &str| {
        Toy::new("tool", version)
            .file("/usr/bin/local", 0o755, version.as_bytes())
            .file("/usr/bin/of-other", 0o755, version.as_bytes())
            .conffile("/etc/tool", 0o644, version.as_bytes())
            .symlink("/usr/bin/link", "local")
    };
    let other = |version: &str| Toy::new("other", version).file("/usr/bin/of-other", 0o755, b"mine");
    let author = |root: &Path| {
        let lines = [
            "/usr/bin/local\n/usr/bin/local.real\n:\n",
            "/usr/bin/of-other\n/usr/bin/of-other.tool\nother\n",
            "/etc/tool\n/etc/tool.real\n:\n",
            "/usr/bin/link\n/usr/lib/moved-link\n:\n",
        ];
        write(root, "var/lib/dpkg/diversions", &lines.concat());
    };
    // The second is installed beside the first because its diversion is known.
    scenario([tool("1"), other("1")], [tool("2"), other("2")]).prepare(author).equal();
    scenario([tool("1"), other("1")], [other("2"), tool("2").field("Version", "3")]).prepare(author).equal();
    // A file that is no longer in the package goes from its other place.
    scenario([tool("1")], [Toy::new("tool", "2")]).prepare(author).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_19_the_target_of_a_diversion_cannot_be_overwritten() {
    let author = |root: &Path| write(root, "var/lib/dpkg/diversions", "/usr/bin/a\n/usr/bin/b\nother\n");
    let v2 = Toy::new("toy", "2").file("/usr/bin/b", 0o755, b"2");
    scenario([Toy::new("toy", "1")], [v2])
        .author(author)
        .refused_by_both("/usr/bin/b: another package's file was diverted to this path");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_20_overrides_of_owner_and_mode() {
    let toy = |version: &str| {
        Toy::new("toy", version)
            .file("/usr/bin/by-number", 0o755, version.as_bytes())
            .file("/usr/bin/by-name", 0o755, version.as_bytes())
            .directory("/usr/share/existing", 0o755)
            .symlink("/usr/bin/link", "by-name")
            .conffile("/etc/toy", 0o644, version.as_bytes())
    };
    let author = |root: &Path| {
        let lines = [
            "#5 #6 4711 /usr/bin/by-number\n",
            "image daemon 2750 /usr/bin/by-name\n",
            "root daemon 1777 /usr/share/existing\n",
            "root image 3770 /usr/share/new\n",
            "image image 0600 /usr/bin/link\n",
            "root image 0640 /etc/toy\n",
            "root image 0640 /etc/new\n",
        ];
        write(root, "var/lib/dpkg/statoverride", &lines.concat());
    };
    let v2 = toy("2").directory("/usr/share/new", 0o755).conffile("/etc/new", 0o644, b"2");
    scenario([toy("1")], [v2.clone()]).author(author).equal();
    scenario([toy("1")], [v2]).prepare(author).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_21_names_of_users_are_those_of_the_image() {
    let file = |toy: Toy, path: &str, user: &str, group: &str| toy.file(path, 0o644, b"2").owner(99, 98, user, group);
    let v2 = file(Toy::new("toy", "2"), "/usr/share/a", "image", "image");
    let v2 = file(v2, "/usr/share/b", "nobody-here", "daemon");
    let v2 = file(v2, "/usr/share/c", "", "");
    let v2 = v2.symlink("/usr/share/link", "a").owner(99, 98, "daemon", "nobody-here");
    scenario([Toy::new("toy", "1")], [v2.directory("/usr/share/d", 0o750).owner(0, 98, "root", "image")]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_25_files_are_taken_over() {
    let before = [
        Toy::new("loser", "1").file("/usr/share/x/taken", 0o644, b"1").file("/usr/share/x/kept", 0o644, b"1"),
        Toy::new("winner", "1").file("/usr/share/x/winner", 0o644, b"1"),
    ];
    let winner = |replaces: &str| {
        Toy::new("winner", "2")
            .field("Replaces", replaces)
            .field("Breaks", "loser (<< 0.5)")
            .file("/usr/share/x/winner", 0o644, b"2")
            .file("/usr/share/x/taken", 0o644, b"2")
    };
    scenario(before.clone(), [winner("loser (<< 2)")]).equal();
    let loser = Toy::new("loser", "2").file("/usr/share/x/kept", 0o644, b"2");
    scenario(before.clone(), [winner("loser(<<2)"), loser.clone()]).equal();
    scenario(before.clone(), [loser, winner("loser (<< 2)")]).equal();
    let edited = |root: &Path| write(root, "usr/share/x/taken", "author");
    scenario(before.clone(), [winner("loser")]).author(edited).equal();
    scenario(before, [winner("loser (<< 1)")]).refused_by_both("/usr/share/x/taken belongs to loser");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_25_the_other_package_replaces_the_file() {
    let before = [
        Toy::new("owner", "2").field("Replaces", "toy").file("/usr/share/x/a", 0o644, b"owner"),
        Toy::new("toy", "1").file("/usr/share/x/b", 0o644, b"1"),
    ];
    let v2 = Toy::new("toy", "2").file("/usr/share/x/a", 0o644, b"2").file("/usr/share/x/b", 0o644, b"2");
    scenario(before, [v2]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_25_a_package_that_would_disappear_is_left_alone() {
    let before = [Toy::new("loser", "1").file("/usr/share/x/all", 0o644, b"1"), Toy::new("winner", "1")];
    let winner = Toy::new("winner", "2").field("Replaces", "loser").file("/usr/share/x/all", 0o644, b"2");
    scenario(before, [winner]).refused_by_slim("package loser would lose all its files and disappear");
}

/// An instance of a library that both architectures have.
fn instance(architecture: &str, version: &str, text: &str) -> Toy {
    Toy::new("shared", version)
        .field("Architecture", architecture)
        .field("Multi-Arch", "same")
        .file(&format!("/usr/lib/{architecture}/s"), 0o644, version.as_bytes())
        .file("/usr/share/doc/shared/copyright", 0o644, text.as_bytes())
        .conffile("/etc/shared", 0o644, text.as_bytes())
}

fn foreign(root: &Path) {
    write(root, "var/lib/dpkg/arch", "amd64\narm64\n");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_26_instances_go_together() {
    let both = |version: &str, text: &str| [instance("amd64", version, text), instance("arm64", version, text)];
    scenario(both("1", "1"), both("2", "2")).prepare(foreign).equal();
    let edited = |root: &Path| write(root, "etc/shared", "user");
    scenario(both("1", "1"), both("2", "2")).prepare(foreign).author(edited).equal();
    scenario(both("1", "1"), both("2", "1")).prepare(foreign).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_26_a_file_goes_when_the_last_instance_drops_it() {
    let old = |architecture: &str| instance(architecture, "1", "1").file("/usr/share/doc/shared/gone", 0o644, b"1");
    let new = |architecture: &str| instance(architecture, "2", "2");
    scenario([old("amd64"), old("arm64")], [new("amd64"), new("arm64")]).prepare(foreign).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_26_instances_whose_shared_files_differ_are_refused() {
    let before = [instance("amd64", "1", "1"), instance("arm64", "1", "1")];
    let after = [instance("amd64", "2", "2"), instance("arm64", "2", "other")];
    scenario(before, after).prepare(foreign).refused_by_both("/usr/share/doc/shared/copyright");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_27_a_package_moves_between_all_and_one_architecture() {
    let toy = |version: &str, architecture: &str| {
        let toy = Toy::new("toy", version).field("Architecture", architecture);
        toy.file("/usr/share/toy", 0o644, version.as_bytes()).conffile("/etc/toy", 0o644, b"same")
    };
    scenario([toy("1", "all")], [toy("2", "amd64")]).equal();
    scenario([toy("1", "amd64")], [toy("2", "all")]).equal();
    scenario([toy("1", "amd64")], [toy("2", "arm64")]).prepare(foreign).refused_by_slim("its Architecture changes");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_35_what_a_removed_package_left_may_be_taken() {
    let removed = "Package: removed\nStatus: deinstall ok config-files\nPriority: optional\nMaintainer: x\nArchitecture: all\n\
        Version: 1\nConfig-Version: 1\nConffiles:\n /etc/left d3b07384d113edec49eaa6238ad5ff00\n \
        /etc/stays d3b07384d113edec49eaa6238ad5ff00\nDescription: removed\n\n";
    let author = move |root: &Path| {
        let status = std::fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
        let at = status.find("Package: toy").unwrap();
        write(root, "var/lib/dpkg/status", &format!("{}{removed}{}", &status[..at], &status[at..]));
        write(root, "var/lib/dpkg/info/removed.list", "/etc\n/etc/left\n/etc/stays\n");
        write(root, "var/lib/dpkg/info/removed.postrm", "#!/bin/sh\n");
        write(root, "etc/left", "foo\n");
        write(root, "etc/stays", "foo\n");
    };
    let v2 = |toy: Toy| scenario([Toy::new("toy", "1")], [toy]).author(author);
    v2(Toy::new("toy", "2").file("/usr/share/toy", 0o644, b"2")).equal();
    v2(Toy::new("toy", "2").conffile("/etc/left", 0o644, b"foo\n")).equal();
    v2(Toy::new("toy", "2").conffile("/etc/left", 0o644, b"new\n")).equal();
    v2(Toy::new("toy", "2").file("/etc/left", 0o644, b"new\n")).equal();
}
