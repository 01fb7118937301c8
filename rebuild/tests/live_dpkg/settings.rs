//! What the image's own configuration of dpkg changes.

use super::referee::{scenario, write};
use rebuild::engine::native::ConffilePolicy;
use std::path::Path;
use testdata::deb::Deb as Toy;

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_01_excluded_paths_stay_listed_and_go_from_the_disk() {
    let doc = |version: &str| {
        Toy::new("doc", version)
            .file("/usr/share/doc/doc/copyright", 0o644, version.as_bytes())
            .file("/usr/share/doc/doc/changelog", 0o644, version.as_bytes())
            .symlink("/usr/share/doc/doc/link", "changelog")
            .file("/usr/share/doc/doc/deep/down", 0o644, version.as_bytes())
            .file("/usr/share/man/man1/a", 0o644, version.as_bytes())
            .symlink("/usr/share/man/man1/b", "a")
            .file("/usr/share/locale/de/messages", 0o644, version.as_bytes())
            .file("/usr/share/locale/en/messages", 0o644, version.as_bytes())
    };
    let rules = "# what is not wanted\n\npath-exclude=/usr/share/doc/*\npath-include /usr/share/doc/*/copyright\n\
        path-exclude=\"/usr/share/man/*\"\npath-exclude=/usr/share/locale/*\npath-include=/usr/share/locale/en/*\n\
        path-exclude=/usr/share/locale/[a-d]*\n";
    scenario([doc("1")], [doc("2").mtime(1_650_000_000)])
        .author(move |root| write(root, "etc/dpkg/dpkg.cfg.d/slim", rules))
        .equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_01_the_last_match_wins_and_files_of_the_folder_come_before_the_main_one() {
    let toy = |version: &str| Toy::new("toy", version).file("/usr/share/a/x", 0o644, version.as_bytes());
    let author = |root: &Path| {
        write(root, "etc/dpkg/dpkg.cfg.d/b", "path-include=/usr/share/a/*\n");
        write(root, "etc/dpkg/dpkg.cfg.d/a", "path-exclude=/usr/share/a/*\n");
        write(root, "etc/dpkg/dpkg.cfg.d/not.read", "path-exclude=/usr/*\n");
    };
    scenario([toy("1")], [toy("2")]).author(author).equal();
    let author = |root: &Path| {
        write(root, "etc/dpkg/dpkg.cfg.d/b", "path-include=/usr/share/a/*\n");
        write(root, "etc/dpkg/dpkg.cfg", "path-exclude=/usr/share/a/*\nforce-unsafe-io\n");
    };
    scenario([toy("1")], [toy("2")]).author(author).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_39_a_policy_for_conffiles_in_the_configuration_is_what_the_caller_says_as_well() {
    let toy = |version: &str| Toy::new("toy", version).conffile("/etc/toy", 0o644, version.as_bytes());
    let author = |root: &Path| {
        write(root, "etc/toy", "user");
        write(root, "etc/dpkg/dpkg.cfg.d/slim", "force-confnew\nno-debsig\nlog /var/log/elsewhere\n");
    };
    scenario([toy("1")], [toy("2")]).author(author).conffiles(ConffilePolicy::New).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_38_what_the_author_deleted_comes_back_where_it_is_to_be_as_with_apt() {
    let toy = |version: &str| {
        Toy::new("toy", version)
            .file("/usr/share/doc/toy/readme", 0o644, version.as_bytes())
            .file("/usr/share/toy/data", 0o644, version.as_bytes())
            .symlink("/usr/share/toy/link", "data")
    };
    let author = |root: &Path| {
        std::fs::remove_dir_all(root.join("usr/share/doc")).unwrap();
        std::fs::remove_file(root.join("usr/share/toy/link")).unwrap();
    };
    scenario([toy("1")], [toy("2")]).author(author).equal();
}
