//! Files, directories and links.

use super::referee::{scenario, write};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use testdata::deb::Deb as Toy;

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_15_16_17_directories_files_and_links_change_into_each_other() {
    let v1 = Toy::new("files", "1")
        .directory("/usr/share/f/gone/deep", 0o755)
        .directory("/usr/share/f/emptied", 0o755)
        .directory("/usr/share/f/mode", 0o755)
        .directory("/usr/share/f/dir-to-link", 0o755)
        .file("/usr/share/f/dir-to-link/x", 0o644, b"x")
        .directory("/usr/share/f/empty-to-file", 0o755)
        .file("/usr/share/f/gone/deep/a", 0o644, b"1")
        .file("/usr/share/f/gone/user-dir/a", 0o644, b"1")
        .file("/usr/share/f/same", 0o644, b"1")
        .file("/usr/share/f/file-to-dir", 0o644, b"1")
        .file("/usr/share/f/file-to-link", 0o644, b"1")
        .symlink("/usr/share/f/link-to-file", "same")
        .symlink("/usr/share/f/link-to-dir", "mode")
        .symlink("/usr/share/f/link-renamed", "mode");
    let v2 = Toy::new("files", "2")
        .mtime(1_650_000_000)
        .directory("/usr/share/f/mode", 0o700)
        .symlink("/usr/share/f/dir-to-link", "mode")
        .file("/usr/share/f/empty-to-file", 0o644, b"now")
        .file("/usr/share/f/same", 0o600, b"2")
        .directory("/usr/share/f/file-to-dir", 0o2775)
        .owner(0, 1, "root", "daemon")
        .symlink("/usr/share/f/file-to-link", "same")
        .file("/usr/share/f/link-to-file", 0o644, b"file")
        .directory("/usr/share/f/link-to-dir", 0o755)
        .file("/usr/share/f/link-to-dir/lands", 0o644, b"in mode")
        .symlink("/usr/share/f/link-renamed", "./mode")
        .file("/usr/share/f/unowned", 0o644, b"package");
    let author = |root: &Path| {
        write(root, "usr/share/f/gone/user-dir/mine", "keep");
        write(root, "usr/share/f/unowned", "author");
        let mode = std::fs::Permissions::from_mode(0o1777);
        std::fs::set_permissions(root.join("usr/share/f/mode"), mode).unwrap();
    };
    scenario([v1], [v2]).author(author).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_15_a_directory_with_files_of_others_does_not_become_a_file() {
    let v1 = Toy::new("toy", "1").directory("/usr/share/toy", 0o755);
    let v2 = Toy::new("toy", "2").file("/usr/share/toy", 0o644, b"2");
    let edited = scenario([v1], [v2]).author(|root| write(root, "usr/share/toy/mine", "keep"));
    edited.refused_by_slim("/usr/share/toy: a directory with files of others is to become a file");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_16_new_directories_get_mode_and_owner_of_the_archive() {
    let v2 = Toy::new("toy", "2")
        .directory("/usr/share/toy/set", 0o2755)
        .owner(5, 6, "daemon", "image")
        .directory("/usr/share/toy/open", 0o1777)
        .file("/usr/share/toy/set/in", 0o600, b"2");
    scenario([Toy::new("toy", "1")], [v2]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_16_a_file_without_its_directory_in_the_archive_is_refused() {
    let v2 = Toy::new("toy", "2").raw("./usr/share/nowhere/x", b'0', "");
    scenario([Toy::new("toy", "1")], [v2]).refused_by_both("/usr/share/nowhere/x");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_17_a_path_that_moves_through_a_link_of_directories_stays() {
    let v1 = Toy::new("toy", "1").file("/lib/toy/a", 0o644, b"1").file("/usr/lib/toy/b", 0o644, b"1");
    let v2 = Toy::new("toy", "2").file("/usr/lib/toy/a", 0o644, b"2").file("/lib/toy/b", 0o644, b"2");
    scenario([v1], [v2]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_18_a_file_that_moves_through_that_link_to_another_package_is_lost_as_it_is_with_dpkg() {
    let before = [
        Toy::new("from", "1").file("/lib/moved", 0o644, b"1").file("/usr/share/from", 0o644, b"1"),
        Toy::new("to", "1").file("/usr/share/to", 0o644, b"1"),
    ];
    let to = || Toy::new("to", "2").field("Replaces", "from (<< 2)").file("/usr/lib/moved", 0o644, b"2");
    let from = || Toy::new("from", "2").file("/usr/share/from", 0o644, b"2");
    scenario(before.clone(), [to(), from()]).equal();
    scenario(before, [from(), to()]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_18_a_diversion_saves_it() {
    let before = [
        Toy::new("from", "1").file("/lib/moved", 0o644, b"1").file("/usr/share/from", 0o644, b"1"),
        Toy::new("to", "1").file("/usr/share/to", 0o644, b"1"),
    ];
    let preinst = "#!/bin/sh\nset -e\n\
        dpkg-divert --package to --no-rename --divert /lib/moved.usr-is-merged --add /lib/moved\n";
    let postinst = "#!/bin/sh\nset -e\n\
        dpkg-divert --package to --no-rename --divert /lib/moved.usr-is-merged --remove /lib/moved\n";
    let to = Toy::new("to", "2")
        .field("Replaces", "from (<< 2)")
        .file("/usr/lib/moved", 0o644, b"2")
        .member("preinst", 0o755, preinst)
        .member("postinst", 0o755, postinst);
    let from = Toy::new("from", "2").file("/usr/share/from", 0o644, b"2");
    scenario(before, [to, from]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_22_special_modes_are_set_after_the_owner() {
    let v1 = Toy::new("toy", "1").file("/usr/bin/a", 0o755, b"1").file("/usr/bin/b", 0o4755, b"1");
    let v2 = Toy::new("toy", "2")
        .file("/usr/bin/a", 0o4755, b"2")
        .file("/usr/bin/b", 0o2711, b"2")
        .owner(5, 6, "daemon", "image")
        .file("/usr/bin/c", 0o6755, b"2")
        .owner(5, 6, "image", "daemon");
    // That of b is the package's own doing only if what it had is gone on purpose, which nothing proves.
    let known = [v1.clone().file("/usr/bin/c", 0o755, b"1")];
    scenario(known, [v2])
        .refused_by_slim("/usr/bin/b had mode 4755, owner 0:0, which nothing gives to its new version");
    let v2 = Toy::new("toy", "2").file("/usr/bin/a", 0o4755, b"2").file("/usr/bin/b", 0o4755, b"2");
    scenario([v1], [v2.file("/usr/bin/c", 0o6755, b"2").owner(5, 6, "image", "daemon")]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_22_modes_that_a_script_gave_are_given_again_or_missed() {
    let toy = |version: &str| Toy::new("toy", version).file("/usr/bin/tool", 0o755, version.as_bytes());
    let script =
        "#!/bin/sh\nset -e\nif [ \"$1\" = configure ]; then chgrp daemon /usr/bin/tool; chmod 2755 /usr/bin/tool; fi\n";
    let given = |version: &str| toy(version).member("postinst", 0o755, script);
    // `chgrp` is not among the tools of the toy root, `chown` is.
    let with = |version: &str| toy(version).member("postinst", 0o755, &script.replace("chgrp daemon", "chown :daemon"));
    scenario([with("1")], [with("2")]).equal();
    scenario([with("1")], [toy("2")]).refused_by_slim("/usr/bin/tool had mode 2755");
    scenario([toy("1")], [given("2")]).refused_by_both("postinst configure 1");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_23_hard_links() {
    let v1 = Toy::new("toy", "1")
        .file("/usr/share/h/a", 0o644, b"hard")
        .hardlink("/usr/share/h/b", "/usr/share/h/a")
        .file("/usr/share/h/alone", 0o644, b"1");
    let v2 = Toy::new("toy", "2")
        .file("/usr/share/h/a", 0o644, b"harder")
        .hardlink("/usr/share/h/b", "/usr/share/h/a")
        .hardlink("/usr/share/h/c", "/usr/share/h/a")
        .hardlink("/usr/share/h/alone", "/usr/share/h/a");
    scenario([v1.clone()], [v2.clone()]).equal();
    scenario([v2.clone()], [v1.field("Version", "3")]).equal();
    // The first name is diverted: the others are names of the file at its other place.
    let author = |root: &Path| {
        write(root, "var/lib/dpkg/diversions", "/usr/share/h/a\n/usr/share/h/a.real\n:\n");
        std::fs::rename(root.join("usr/share/h/a"), root.join("usr/share/h/a.real")).unwrap();
    };
    scenario([v2.clone()], [v2.clone().field("Version", "3")]).author(author).equal();
    // A name is excluded.
    let author = |root: &Path| write(root, "etc/dpkg/dpkg.cfg.d/x", "path-exclude=/usr/share/h/c\n");
    scenario([v2.clone()], [v2.clone().field("Version", "3")]).author(author).equal();
    // The first name is: there is nothing to link to.
    let author = |root: &Path| write(root, "etc/dpkg/dpkg.cfg.d/x", "path-exclude=/usr/share/h/a\n");
    let gone = scenario([Toy::new("toy", "1")], [v2]).author(author);
    gone.refused_by_both("it is a hard link to something that the package does not unpack");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_24_times_and_long_names() {
    let long = format!("/usr/share/{}/{}", "d".repeat(120), "f".repeat(200));
    let target = "t/".repeat(300);
    let toy = |version: &str, time| {
        Toy::new("toy", version)
            .mtime(time)
            .file(&long, 0o644, version.as_bytes())
            .symlink("/usr/share/link", &target)
            .symlink("/usr/share/near", "link")
            .hardlink("/usr/share/hard", &long)
    };
    scenario([toy("1", 1_600_000_000)], [toy("2", 1_650_000_000)]).equal();
    scenario([toy("1", 1)], [toy("2", 0)]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_24_names_in_all_their_spellings() {
    // But for doubled slashes, which dpkg lists as they are: slim writes a path in one way only.
    let v2 = Toy::new("toy", "2")
        .raw("./", b'5', "")
        .raw("usr/", b'5', "")
        .raw("./usr/share/", b'5', "")
        .raw("usr/share/plain", b'0', "")
        .raw("./usr/share/old", b'\0', "")
        .raw("./usr/share/hard", b'1', "usr/share/plain");
    scenario([Toy::new("toy", "1")], [v2]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_42_absolute_links_begin_at_the_root_of_the_image() {
    let v1 = Toy::new("toy", "1").file("/usr/share/data/a", 0o644, b"1");
    let v2 = Toy::new("toy", "2")
        .file("/usr/share/data/a", 0o644, b"2")
        .file("/usr/share/data/new", 0o644, b"2")
        .symlink("/usr/share/absolute", "/usr/share/data")
        .file("/usr/share/data/b", 0o644, b"2");
    let author = |root: &Path| {
        std::fs::create_dir_all(root.join("opt")).unwrap();
        std::fs::rename(root.join("usr/share/data"), root.join("opt/data")).unwrap();
        symlink("/opt/data", root.join("usr/share/data")).unwrap();
    };
    scenario([v1.clone()], [v2.clone()]).author(author).equal();
    // A link that climbs above the root ends at the root.
    let author = |root: &Path| {
        std::fs::create_dir_all(root.join("opt")).unwrap();
        std::fs::rename(root.join("usr/share/data"), root.join("opt/data")).unwrap();
        symlink("../../../../../opt/data", root.join("usr/share/data")).unwrap();
    };
    scenario([v1.clone()], [v2.clone()]).author(author).equal();
    let author = |root: &Path| {
        std::fs::remove_dir_all(root.join("usr/share/data")).unwrap();
        symlink("data", root.join("usr/share/data")).unwrap();
    };
    scenario([v1], [v2]).author(author).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_43_names_are_bytes() {
    let toy = |version: &str| {
        Toy::new("toy", version)
            .file("/usr/share/Főtanúsítvány.crt", 0o644, version.as_bytes())
            .file("/usr/share/with a space", 0o644, version.as_bytes())
            .file("/usr/share/a\tb\\c*", 0o644, version.as_bytes())
            .conffile("/etc/größe", 0o644, version.as_bytes())
    };
    scenario([toy("1")], [toy("2")]).equal();
}
