//! Maintainer scripts and triggers.

use super::referee::{scenario, write};
use std::path::Path;
use testdata::deb::Deb as Toy;

/// Says how it was called.
const TELL: &str =
    "#!/bin/sh\nset -e\necho \"$DPKG_MAINTSCRIPT_PACKAGE $DPKG_MAINTSCRIPT_NAME $*\" >> /usr/share/called\n";

fn telling(toy: Toy) -> Toy {
    ["preinst", "postinst", "prerm", "postrm"].iter().fold(toy, |toy, name| toy.member(name, 0o755, TELL))
}

/// A package that is told of triggers, in the order of their names.
fn interested(version: &str, interests: &str) -> Toy {
    let script = "#!/bin/sh\nset -e\nif [ \"$1\" = triggered ]; then\n\
        for name in $2; do echo \"$DPKG_MAINTSCRIPT_PACKAGE: $name\"; done | sort >> /usr/share/called\nfi\n";
    Toy::new("trig", version).member("triggers", 0o644, interests).member("postinst", 0o755, script)
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_30_interests_are_written_anew_and_nobody_waits() {
    let one = "interest-noawait /usr/share/x\ninterest named\ninterest-await /usr/share/w\nactivate-noawait other\n";
    let two = "interest-noawait /usr/share/x\ninterest-noawait named\ninterest /usr/share/y\n";
    let bystander = |version: &str| {
        let triggers = "interest-noawait /usr/share/y\ninterest named\ninterest /usr/share/x\n";
        Toy::new("bystander", version).member("triggers", 0o644, triggers).member("postinst", 0o755, TELL)
    };
    let file = |version: &str| Toy::new("file", version).file("/usr/share/x/f", 0o644, version.as_bytes());
    let before = [interested("1", one), bystander("1"), file("1")];
    scenario(before.clone(), [interested("2", two), file("2")]).equal();
    scenario(before.clone(), [interested("2", "activate named\n"), file("2")]).equal();
    scenario(before.clone(), [file("2"), bystander("2"), interested("2", two)]).equal();
    scenario(before, [Toy::new("trig", "2")]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_30_triggers_that_scripts_activate() {
    let script =
        "#!/bin/sh\nset -e\nif [ \"$1\" = configure ]; then dpkg-trigger --no-await named; dpkg-trigger nobodys; fi\n";
    let toy = |version: &str| Toy::new("toy", version).member("postinst", 0o755, script);
    scenario([interested("1", "interest-noawait named\n"), toy("1")], [toy("2")]).equal();
    scenario([interested("1", "interest named\n"), toy("1")], [toy("2")]).equal();
    // One that is triggered triggers another.
    let chain = "#!/bin/sh\nset -e\nif [ \"$1\" = triggered ]; then dpkg-trigger --no-await named; fi\n";
    let middle =
        Toy::new("middle", "1").member("triggers", 0o644, "interest-noawait first\n").member("postinst", 0o755, chain);
    let activating = |version: &str| Toy::new("toy", version).member("triggers", 0o644, "activate-noawait first\n");
    scenario([interested("1", "interest-noawait named\n"), middle, activating("1")], [activating("2")]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_31_what_activates_a_path() {
    let trig = || {
        interested(
            "1",
            "interest-noawait /usr/share/x\ninterest-noawait /usr/share/x/deep/er\ninterest-noawait /etc/x\n\
        interest-noawait /usr/share/gone\ninterest-noawait /usr/share/y/left-out\ninterest-noawait /usr/share/other\n",
        )
    };
    let toy = |version: &str| Toy::new("toy", version);
    // By a file below, by a directory, by a link, by one that goes, by a conffile that is exchanged or is not.
    let below = |version: &str| toy(version).file("/usr/share/x/deep/er/f", 0o644, version.as_bytes());
    scenario([trig(), toy("1")], [below("2")]).equal();
    scenario([trig(), below("1")], [toy("2")]).equal();
    scenario([trig(), toy("1")], [toy("2").directory("/usr/share/x/deep", 0o755)]).equal();
    scenario([trig(), toy("1")], [toy("2").symlink("/usr/share/x", "elsewhere")]).equal();
    let gone = |version: &str| toy(version).file("/usr/share/gone/f", 0o644, version.as_bytes());
    scenario([trig(), gone("1")], [toy("2")]).equal();
    let conffile = |version: &str, text: &str| toy(version).conffile("/etc/x/conf", 0o644, text.as_bytes());
    scenario([trig(), conffile("1", "1")], [conffile("2", "2")]).equal();
    scenario([trig(), conffile("1", "1")], [conffile("2", "1")]).equal();
    scenario([trig(), conffile("1", "1")], [toy("2")]).equal();
    // By a path that is left out, and by one that is diverted.
    let excluded = |root: &Path| write(root, "etc/dpkg/dpkg.cfg.d/x", "path-exclude=/usr/share/y/*\n");
    let left_out = |version: &str| toy(version).file("/usr/share/y/left-out", 0o644, version.as_bytes());
    scenario([trig(), toy("1")], [left_out("2")]).author(excluded).equal();
    scenario([trig(), left_out("1")], [toy("2")]).author(excluded).equal();
    let diverted = |root: &Path| {
        write(root, "var/lib/dpkg/diversions", "/usr/share/x/f\n/usr/share/other/f\n:\n");
        std::fs::create_dir_all(root.join("usr/share/other")).unwrap();
    };
    let file = |version: &str| toy(version).file("/usr/share/x/f", 0o644, version.as_bytes());
    scenario([trig(), toy("1")], [file("2")]).prepare(diverted).equal();
    scenario([trig(), file("1")], [toy("2")]).prepare(diverted).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_40_the_order_and_arguments_of_scripts() {
    let both = |version: &str| {
        let file = |name: &str| {
            telling(Toy::new(name, version)).file(&format!("/usr/share/{name}"), 0o644, version.as_bytes())
        };
        [file("first"), file("second").conffile("/etc/second", 0o644, version.as_bytes())]
    };
    scenario(both("1"), both("1:2")).equal();
    scenario(both("1"), [both("2")[1].clone()]).equal();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_40_a_script_that_is_a_program_is_refused_and_so_is_one_that_fails() {
    let program = Toy::new("toy", "2").member("preinst", 0o755, "\u{7f}ELF\u{2}\u{1}\u{1}");
    scenario([Toy::new("toy", "1")], [program]).refused_by_both("script preinst upgrade 1 2");
    let failing = Toy::new("toy", "2").member("postinst", 0o755, "#!/bin/sh\necho changed > /usr/share/x\nexit 3\n");
    scenario([Toy::new("toy", "1")], [failing]).refused_by_both("script postinst configure 1");
    let unknown = Toy::new("toy", "2").member("postinst", 0o755, "#!/bin/sh\ntar --version > /dev/null\n");
    scenario([Toy::new("toy", "1")], [unknown]).refused_by_slim("line 2: tar");
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn item_41_the_old_scripts_are_those_in_the_image() {
    let toy = |version: &str| telling(Toy::new("toy", version)).file("/usr/share/toy", 0o644, version.as_bytes());
    let author = |root: &Path| {
        write(root, "var/lib/dpkg/info/toy.prerm", "#!/bin/sh\necho the author was here >> /usr/share/called\n");
        std::fs::remove_file(root.join("var/lib/dpkg/info/toy.postrm")).unwrap();
    };
    scenario([toy("1")], [toy("2")]).author(author).equal();
}
