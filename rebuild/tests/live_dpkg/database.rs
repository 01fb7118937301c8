//! What dpkg writes into its database.

use super::referee::{scenario, write};
use std::path::Path;
use testdata::deb::Deb as Toy;

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_02_the_list_has_the_archives_order_links_last() {
    let v1 = Toy::new("toy", "1").conffile("/etc/b", 0o644, b"1").conffile("/etc/a", 0o644, b"1");
    let v2 = Toy::new("toy", "2")
        .raw("./", b'5', "")
        .symlink("/usr/share/z-link", "a")
        .file("/usr/share/z", 0o644, b"2")
        .hardlink("/usr/share/y", "/usr/share/z")
        .file("/usr/share/a", 0o644, b"2")
        .symlink("/usr/share/a-link", "a");
    scenario([v1], [v2]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_03_files_are_named_after_the_architecture_where_it_matters() {
    let toy = |version: &str, multi_arch: &str| {
        let toy = Toy::new("toy", version).field("Architecture", "amd64").field("Multi-Arch", multi_arch);
        let triggers = "interest-noawait /usr/share/nothing\ninterest named\n";
        toy.file("/usr/lib/s", 0o644, version.as_bytes())
            .member("shlibs", 0o644, "s 1 s\n")
            .member("triggers", 0o644, triggers)
    };
    scenario([toy("1", "foreign")], [toy("2", "same")]).equal();
    scenario([toy("1", "same")], [toy("2", "foreign")]).equal();
    scenario([toy("1", "same")], [toy("2", "same")]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_04_members_of_the_control_archive() {
    let v1 = Toy::new("toy", "1")
        .member("templates", 0o644, "Template: toy/a\nType: string\nDescription: a\n")
        .member("symbols", 0o644, "1")
        .member("postinst", 0o755, "#!/bin/sh\n");
    let v2 = Toy::new("toy", "2")
        .mtime(1_650_000_000)
        .member("shlibs", 0o600, "2")
        .member("with.dot", 0o644, "2")
        .member("list", 0o644, "/nowhere\n")
        .member("prerm", 0o700, "#!/bin/sh\n")
        .member("custom", 0o640, "2");
    scenario([v1], [v2]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_05_sums_that_the_package_does_not_bring() {
    let files = |toy: Toy| {
        let toy = toy.file("/usr/share/b", 0o644, b"b").hardlink("/usr/share/c", "/usr/share/b");
        toy.conffile("/etc/a", 0o644, b"a").symlink("/usr/share/link", "b").directory("/usr/share/d", 0o755)
    };
    let with = |toy: Toy| {
        let sums = toy.md5sums();
        toy.member("md5sums", 0o644, &sums)
    };
    scenario([files(Toy::new("toy", "1"))], [files(Toy::new("toy", "2"))]).equal();
    scenario([with(files(Toy::new("toy", "1")))], [files(Toy::new("toy", "2"))]).equal();
    scenario([files(Toy::new("toy", "1"))], [with(files(Toy::new("toy", "2")))]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_06_fields_have_dpkgs_order_and_form_and_other_stanzas_stay() {
    let v2 = Toy::new("toy", "2")
        .field("X-Custom", "value")
        .field("suggests", "a|b (>> 0:1) ,c")
        .field("Recommends", "n(>=1),  m ( << 2 ) , o:any (= 3-1)")
        .field("Enhances", "x")
        .field("Breaks", "broken (<< 1)")
        .field("Conflicts", "fighting(<1)")
        .field("Replaces", "replaced, other (<< 3)")
        .field("Provides", "virtual, versioned (= 1.5)")
        .field("installed-size", "12")
        .field("Origin", "Toy")
        .field("Bugs", "https://bugs.example.org")
        .field("Homepage", "https://example.org")
        .field("Tag", "a::b, c::d")
        .field("Multi-Arch", "foreign")
        .field("Built-Using", "gcc (= 12)")
        .field("Section", "MISC")
        .field("priority", "Optional")
        .field("Description", "short \n long one\n .\n  indented\n last ");
    let bystander = Toy::new("bystander", "1:0-1+b1").field("Description", "trailing \n blank  \n .\n end ");
    let zebra = Toy::new("zebra", "1").field("X-Odd-Case", "yes").conffile("/etc/zebra", 0o644, b"z");
    scenario([bystander, Toy::new("toy", "1"), zebra], [v2]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_06_relations_that_are_none_are_refused() {
    let toy = |field: &str, value: &str| Toy::new("toy", "2").field(field, value);
    for (field, value) in [("Breaks", "a | b"), ("Suggests", "a (>> )"), ("Recommends", "a b")] {
        scenario([Toy::new("toy", "1")], [toy(field, value)]).refused_by_both(field);
    }
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_07_priority_and_section_stay_where_the_package_has_none() {
    let v1 =
        Toy::new("toy", "1").field("Priority", "important").field("Section", "libs").field("Homepage", "https://a");
    scenario([v1.clone()], [Toy::new("toy", "2")]).equal();
    scenario([v1], [Toy::new("toy", "2").field("Section", "admin")]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_28_essential_and_protected_packages() {
    let toy = |version: &str, field: &str| {
        Toy::new("toy", version).field(field, "yes").file("/usr/share/toy", 0o644, version.as_bytes())
    };
    scenario([toy("1", "Essential")], [toy("2", "Essential")]).equal();
    scenario([toy("1", "Protected")], [toy("2", "Essential")]).equal();
    scenario([toy("1", "Essential")], [Toy::new("toy", "2").field("Essential", "no")]).equal();
    let user = |version: &str| Toy::new("user", version);
    let after = [toy("2", "Essential"), user("2").field("Pre-Depends", "toy")];
    scenario([toy("1", "Essential"), user("1")], after).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_29_a_hold_stays_and_so_does_what_apt_noted() {
    let author = |root: &Path| {
        let status = std::fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
        let (head, toy) = status.split_at(status.find("Package: toy").unwrap());
        let held = toy.replacen("Status: install ok", "Status: hold ok", 1);
        write(root, "var/lib/dpkg/status", &format!("{head}{held}"));
        std::fs::create_dir_all(root.join("var/lib/apt")).unwrap();
        write(root, "var/lib/apt/extended_states", "Package: other\nArchitecture: amd64\nAuto-Installed: 1\n\n");
    };
    let toy = |version: &str| Toy::new("toy", version).file("/usr/share/toy", 0o644, version.as_bytes());
    let before = [Toy::new("other", "1"), toy("1"), Toy::new("zz", "1")];
    scenario(before.clone(), [toy("2")]).author(author).equal();
    scenario(before, [Toy::new("other", "2")]).author(author).equal();
    let author = |root: &Path| {
        let status = std::fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
        write(root, "var/lib/dpkg/status", &status.replace("Status: install ok", "Status: deinstall ok"));
    };
    scenario([toy("1")], [toy("2")]).author(author).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_32_fields_of_unfinished_states_never_stay() {
    for field in ["Status", "Config-Version", "Triggers-Pending", "Triggers-Awaited"] {
        let v2 = Toy::new("toy", "2").field(field, "install ok installed");
        scenario([Toy::new("toy", "1")], [v2]).refused_by_both(field);
    }
    scenario([Toy::new("toy", "1")], [Toy::new("toy", "2").field("Conffiles", "\n /etc/toy 0")]).equal();
    let toy = |version: &str| Toy::new("toy", version).conffile("/etc/toy", 0o644, version.as_bytes());
    scenario([toy("1"), Toy::new("zz", "1")], [toy("2")]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_33_other_files_of_the_database_stay() {
    let author = |root: &Path| {
        let stanza = "Package: toy\nVersion: 7\nArchitecture: all\nMaintainer: x\nDescription: offered\n\n";
        write(root, "var/lib/dpkg/available", stanza);
        write(root, "var/lib/dpkg/cmethopt", "apt apt\n");
        write(root, "var/lib/dpkg/arch", "amd64\narm64\n");
        write(root, "var/lib/dpkg/diversions-old", "");
        write(root, "var/lib/dpkg/info/stranger.list", "/.\n/usr\n");
    };
    let toy = |version: &str| Toy::new("toy", version).file("/usr/share/toy", 0o644, version.as_bytes());
    scenario([toy("1")], [toy("2")]).author(author).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_34_versions_of_all_sorts() {
    let script = "#!/bin/sh\nset -e\necho \"$0 $*\" >> /usr/share/called\n\
        if dpkg --compare-versions \"$2\" lt-nl 1:2~; then echo older >> /usr/share/called; fi\n";
    let toy = |version: &str, source: &str| {
        let toy = Toy::new("toy", version).field("Source", source).file("/usr/share/toy", 0o644, version.as_bytes());
        ["preinst", "postinst", "prerm", "postrm"].iter().fold(toy, |toy, name| toy.member(name, 0o755, script))
    };
    let steps = [
        ("9.9", "0:9.10"),
        ("1.0~rc1-1", "1.0-1"),
        ("1:1.0-1", "1:1.0-1+b1"),
        ("9", "1:1"),
        ("1.2.3-1+deb12u1", "1.2.3-1+deb12u10"),
    ];
    for (old, new) in steps {
        scenario([toy(old, "toys")], [toy(new, "toys (1:0.9+really)")]).equal();
    }
    scenario([Toy::new("toy", "1")], [Toy::new("toy", "1 2")]).refused_by_both("ersion");
}
