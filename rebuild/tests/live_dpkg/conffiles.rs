//! Configuration files: those of users, of packages, of both.

use super::referee::{Scenario, scenario, write};
use rebuild::engine::native::ConffilePolicy;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use testdata::deb::Deb as Toy;

/// What user and package did to each file is in its name; of those that are dropped, too.
fn matrix() -> Scenario {
    let names = ["same", "user", "user-same", "both-same", "deleted", "deleted-same", "dist", "mode"];
    let dropped = ["obsolete", "obsolete-deleted", "obsolete-changed", "removed-changed", "removed", "removed-deleted"];
    let mut v1 = Toy::new("conf", "1");
    for name in names.iter().chain(&dropped) {
        v1 = v1.conffile(&format!("/etc/conf/{name}"), 0o644, b"one\n");
    }
    let mut v2 = Toy::new("conf", "2").mtime(1_650_000_000);
    for name in names {
        let text: &[u8] = if matches!(name, "same" | "user-same" | "deleted-same") { b"one\n" } else { b"two\n" };
        v2 = v2.conffile(&format!("/etc/conf/{name}"), 0o640, text);
    }
    for name in ["new", "new-there", "new-differs"] {
        v2 = v2.conffile(&format!("/etc/conf/{name}"), 0o644, b"new\n");
    }
    for name in ["removed-changed", "removed", "removed-deleted"] {
        v2 = v2.remove_conffile(&format!("/etc/conf/{name}"));
    }
    scenario([v1], [v2]).author(|root| {
        for name in ["user", "user-same", "obsolete-changed", "removed-changed"] {
            write(root, &format!("etc/conf/{name}"), "user\n");
        }
        write(root, "etc/conf/both-same", "two\n");
        for name in ["deleted", "deleted-same", "obsolete-deleted", "removed-deleted"] {
            std::fs::remove_file(root.join("etc/conf").join(name)).unwrap();
        }
        let mode = root.join("etc/conf/mode");
        std::fs::set_permissions(&mode, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::chown(mode, Some(7), Some(8)).unwrap();
        write(root, "etc/conf/new-there", "new\n");
        write(root, "etc/conf/new-differs", "user\n");
        // What an earlier upgrade may have left.
        write(root, "etc/conf/user.dpkg-old", "older\n");
        write(root, "etc/conf/dist.dpkg-dist", "older\n");
    })
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_08_09_10_11_13_the_matrix_when_the_users_files_stay() {
    matrix().equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_09_10_11_the_matrix_when_the_packages_files_win() {
    matrix().conffiles(ConffilePolicy::New).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_09_a_conflict_fails_where_nobody_decides() {
    let toy = |version: &str| Toy::new("toy", version).conffile("/etc/toy", 0o644, version.as_bytes());
    let policy = ConffilePolicy::Fail;
    let edited = scenario([toy("1")], [toy("2")]).conffiles(policy).author(|root| write(root, "etc/toy", "user"));
    edited.refused_by_both("/etc/toy was changed by the user and by the package");
    scenario([toy("1")], [toy("2")]).conffiles(policy).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_12_a_conffile_that_is_a_link_is_refused_because_versions_of_dpkg_differ() {
    let toy = |version: &str| Toy::new("toy", version).conffile("/etc/toy", 0o644, version.as_bytes());
    let author = |root: &Path| {
        std::fs::rename(root.join("etc/toy"), root.join("etc/toy.mine")).unwrap();
        symlink("toy.mine", root.join("etc/toy")).unwrap();
    };
    scenario([toy("1")], [toy("2")]).author(author).refused_by_slim("/etc/toy: a conffile is a link");
    // Where the package did not change it, slim keeps the user's file, and dpkg does so too, but forgets a `.dpkg-new` beside the link.
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_12_a_conffile_that_is_a_folder_is_refused() {
    let toy = |version: &str| Toy::new("toy", version).conffile("/etc/toy", 0o644, version.as_bytes());
    let author = |root: &Path| {
        std::fs::remove_file(root.join("etc/toy")).unwrap();
        std::fs::create_dir(root.join("etc/toy")).unwrap();
        write(root, "etc/toy/mine", "user");
    };
    scenario([toy("1")], [toy("2")]).author(author).refused_by_slim("/etc/toy: ");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_13_a_conffile_moves_to_another_package() {
    let before = [
        Toy::new("loser", "1").file("/usr/share/loser", 0o644, b"1").conffile("/etc/moved", 0o644, b"1\n"),
        Toy::new("winner", "1").file("/usr/share/winner", 0o644, b"1"),
    ];
    let winner = || Toy::new("winner", "2").field("Replaces", "loser (<< 2)").file("/usr/share/winner", 0o644, b"2");
    // The other is not upgraded; it is; the user has changed the file; the package has.
    let moved = || winner().conffile("/etc/moved", 0o644, b"1\n");
    scenario(before.clone(), [moved()]).equal();
    let loser = Toy::new("loser", "2").file("/usr/share/loser", 0o644, b"2");
    scenario(before.clone(), [moved(), loser.clone()]).equal();
    scenario(before.clone(), [loser, moved()]).equal();
    scenario(before.clone(), [moved()]).author(|root| write(root, "etc/moved", "user\n")).equal();
    scenario(before.clone(), [winner().conffile("/etc/moved", 0o644, b"2\n")]).equal();
    // Not as a conffile.
    scenario(before, [winner().file("/etc/moved", 0o644, b"2\n")]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_13_an_obsolete_conffile_comes_back_or_becomes_a_file() {
    let v1 = Toy::new("toy", "1").conffile("/etc/toy", 0o644, b"1\n").conffile("/etc/file", 0o644, b"1\n");
    let v2 = Toy::new("toy", "2").file("/etc/file", 0o644, b"1\n");
    let v3 = || Toy::new("toy", "3").conffile("/etc/toy", 0o644, b"3\n");
    scenario([v1.clone()], [v2.clone()]).equal();
    scenario([v2.clone()], [v3()]).equal();
    scenario([v1], [v3()]).author(|root| write(root, "etc/file", "user\n")).equal();
}

/// A package with one of `dpkg-maintscript-helper`'s calls in all its scripts.
fn helped(toy: Toy, call: &str) -> Toy {
    let script = format!("#!/bin/sh\nset -e\ndpkg-maintscript-helper {call} -- \"$@\"\n");
    ["preinst", "postinst", "prerm", "postrm"].iter().fold(toy, |toy, name| toy.member(name, 0o755, &script))
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_14_conffiles_that_scripts_remove() {
    for text in ["1\n", "user\n"] {
        // 1.5~ is newer than what is installed, 0.5~ is not.
        for version in ["1.5~", "0.5~"] {
            let v1 = Toy::new("toy", "1").file("/usr/share/toy", 0o644, b"1").conffile("/etc/old", 0o644, b"1\n");
            let v2 = helped(
                Toy::new("toy", "2").file("/usr/share/toy", 0o644, b"2"),
                &format!("rm_conffile /etc/old {version}"),
            );
            scenario([v1], [v2]).author(move |root| write(root, "etc/old", text)).equal();
        }
    }
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_14_conffiles_that_scripts_move() {
    for text in ["1\n", "user\n"] {
        let v1 = Toy::new("toy", "1").conffile("/etc/old", 0o644, b"1\n");
        let v2 = helped(Toy::new("toy", "2").conffile("/etc/new", 0o644, b"2\n"), "mv_conffile /etc/old /etc/new 1.5~");
        scenario([v1], [v2]).author(move |root| write(root, "etc/old", text)).equal();
    }
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_14_links_and_directories_that_scripts_exchange() {
    let linked = |version: &str| {
        let toy = Toy::new("toy", version).file("/usr/share/real/x", 0o644, version.as_bytes());
        toy.symlink("/usr/share/toy", "real")
    };
    let folder = |version: &str| {
        let toy = Toy::new("toy", version).file("/usr/share/real/x", 0o644, version.as_bytes());
        toy.file("/usr/share/toy/y", 0o644, version.as_bytes())
    };
    let call = "symlink_to_dir /usr/share/toy real 1.5~";
    scenario([linked("1")], [helped(folder("2"), call)]).equal();
    let call = "dir_to_symlink /usr/share/toy real 1.5~";
    scenario([folder("1")], [helped(linked("2"), call)]).equal();
    scenario([folder("1")], [helped(linked("2"), "dir_to_symlink /usr/share/toy real 0.5~")]).equal();
}
