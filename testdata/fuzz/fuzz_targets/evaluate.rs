//! Maintainer scripts: whatever they say, evaluating them ends, with a verdict or with the line that is not understood.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rebuild::engine::native::script::{Hook, Invocation, Scripts as _};
use rebuild::engine::native::verdict::Evaluator;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::{MemoryContents, Node, Tree};

const STATUS: &str =
    "Package: toy\nStatus: install ok half-configured\nVersion: 2\nArchitecture: all\nConffiles:\n /etc/toy.conf 0\n";

fuzz_target!(|script: &[u8]| {
    let mut tree = Tree::new();
    for (path, text) in [
        ("/etc/toy.conf", "a = 1\nb = 2\n"),
        ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        ("/etc/group", "root:x:0:\n"),
        ("/var/lib/dpkg/status", STATUS),
        ("/var/lib/dpkg/info/toy.list", "/.\n/etc\n/etc/toy.conf\n"),
    ] {
        tree.insert(ImagePath::literal(path), Node::file(text.as_bytes()));
    }
    for program in ["sh", "awk", "sed", "grep", "find", "sort", "ldconfig"] {
        let path = ImagePath::new(format!("/usr/bin/{program}").as_bytes()).expect("a path");
        tree.insert(path, Node::file(*b"\x7fELF").with_mode(0o755));
    }
    let mut draft = Draft::new(tree, &MemoryContents);
    let invocation = Invocation {
        package: "toy",
        architecture: "all",
        hook: Hook::Postinst,
        arguments: vec!["configure".into(), "1".into()],
        script,
        old_version: Some("1"),
        new_version: "2",
        debconf_templates: None,
    };
    let _ = Evaluator::new(Vec::new()).run(&invocation, &mut draft, &mut Vec::new());
});
