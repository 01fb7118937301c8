use super::*;
use crate::engine::native::script::Hook;
use slim::tree::{MemoryContents, text};

fn verdict(files: &str, known: Vec<KnownScript>, script: &[u8]) -> Result<Verdict, Unproven> {
    let mut draft = Draft::new(text::tree(files).unwrap(), &MemoryContents);
    let invocation = Invocation {
        package: "bash",
        architecture: "amd64",
        hook: Hook::Preinst,
        arguments: vec!["upgrade".into(), "1".into()],
        script,
        old_version: Some("1"),
        new_version: "2",
        debconf_templates: None,
    };
    Evaluator::new(known).run(&invocation, &mut draft, &mut Vec::new())
}

#[test]
fn a_known_script_is_known_only_where_its_preconditions_hold() {
    let known = KnownScript {
        package: "bash".into(),
        hook: "preinst".into(),
        what: "a program".into(),
        action: "upgrade".into(),
        exists: vec!["/bin/sh".into()],
        absent: vec!["/no".into()],
        without: vec![recipes::Without { file: "/list".into(), line: "/bin/sh".into() }],
        because: "measured".into(),
        builds: vec![recipes::Build { sha256: fingerprint(b"\x7fELF"), ..Default::default() }],
        ..Default::default()
    };
    for (files, holds) in [
        ("/bin/sh = x\n/list = /bin\\n/bin/bash\\n", true),
        ("/list = /bin\\n", false),
        ("/bin/sh = x\n/no = x\n/list = a\n", false),
        ("/bin/sh = x\n/list = /bin/sh\\n", false),
        ("/bin/sh = x\n", false),
    ] {
        let verdict = verdict(files, vec![known.clone()], b"\x7fELF");
        assert_eq!(verdict.as_ref().is_ok_and(|verdict| verdict.tier == Tier::Known), holds, "{files}: {verdict:?}");
    }
    // The same bytes are not known of another package, as another script of it, or for another action.
    let sound = "/bin/sh = x\n/list = /bin\n";
    for change in [
        (|known| known.package = "dash".into()) as fn(&mut KnownScript),
        |known| known.hook = "postinst".into(),
        |known| known.action = "install".into(),
    ] {
        let mut known = known.clone();
        change(&mut known);
        assert!(verdict(sound, vec![known], b"\x7fELF").is_err());
    }
}

#[test]
fn what_differs_from_machine_to_machine_is_not_known() {
    let files = "/usr/bin/ischroot 755 =\n/etc/a = x\n/usr/bin/rm 755 =\n";
    for (script, holds) in [
        ("ischroot || echo outside", true),
        ("if ischroot; then rm /etc/a; fi", false),
        ("echo > /etc/x.$$", false),
        ("echo > /etc/x.$$; rm /etc/x.$$", true),
        ("echo $DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT > /etc/n", true),
    ] {
        let verdict = verdict(files, Vec::new(), format!("#!/bin/sh\n{script}\n").as_bytes());
        assert_eq!(verdict.is_ok(), holds, "{script}: {verdict:?}");
    }
}

#[test]
fn evidence_names_the_programs_that_ran_if_any_did() {
    let files = "/usr/bin/ischroot 755 =\n/usr/bin/rm 755 =\n/etc/a = x\n";
    for (script, expected) in [
        ("set -e\nexit 0", "2 commands evaluated"),
        ("rm -f /etc/a", "1 commands evaluated; programs: rm"),
        ("ischroot || true", "1 commands evaluated; programs: ischroot; the same on 4 kinds of machine"),
    ] {
        let verdict = verdict(files, Vec::new(), format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        assert_eq!(verdict.evidence, expected);
    }
}
