//! Files of an image that name others: configurations, scripts, sources, archives. The first byte says which file it is; what the file
//! names is followed to the end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use recipes::Recipes;
use slim::launch::Launch;
use slim::packages::Inventory;
use slim::path::ImagePath;
use slim::reach::{Wishes, reach};
use slim::tree::{MemoryContents, Node, Tree};
use std::sync::LazyLock;

static RECIPES: LazyLock<Recipes> = LazyLock::new(|| Recipes::embedded().expect("our recipes"));

/// What the container runs, and the file that is fuzzed.
const CASES: [(&[&str], &str); 16] = [
    (&["/usr/sbin/nginx"], "/etc/nginx/nginx.conf"),
    (&["/usr/sbin/apache2"], "/etc/apache2/apache2.conf"),
    (&["/usr/bin/php8.2"], "/etc/php/8.2/cli/php.ini"),
    (&["/usr/bin/supervisord"], "/etc/supervisor/supervisord.conf"),
    (&["/usr/sbin/cron"], "/etc/crontab"),
    (&["/bin/su", "app"], "/etc/pam.d/su"),
    (&["/usr/bin/openssl"], "/etc/ssl/openssl.cnf"),
    (&["/usr/bin/openssl"], "/etc/nsswitch.conf"),
    (&["/usr/bin/openssl"], "/etc/ld.so.conf"),
    (&["/app/start", "a", "b"], "/app/start"),
    (&["/usr/bin/python3", "/app/main.py"], "/app/main.py"),
    (&["/usr/bin/perl", "/app/main.pl"], "/app/main.pl"),
    (&["/usr/bin/node", "/app/main.js"], "/app/main.js"),
    (&["/usr/bin/node", "/app"], "/app/package.json"),
    (&["/usr/bin/java", "-jar", "/app/app.jar"], "/app/app.jar"),
    (&["/usr/bin/java", "@/app/arguments"], "/app/arguments"),
];

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let (command, path) = CASES[usize::from(*first) % CASES.len()];
    let mut tree = Tree::new();
    for (command, _) in CASES {
        tree.insert(ImagePath::literal(command[0]), Node::file(*b"#!/bin/sh\n").with_mode(0o755));
    }
    tree.insert(ImagePath::literal("/bin/sh"), Node::file(*b"\x7fELF").with_mode(0o755));
    tree.insert(ImagePath::literal("/app/lib/module.py"), Node::file(*b"import sys\n"));
    tree.insert(ImagePath::literal(path), Node::file(rest).with_mode(0o755));
    let entrypoint = command.iter().map(|word| (*word).to_owned()).collect();
    let launch = Launch { entrypoint, ..Launch::default() };
    let _ = reach(&tree, &MemoryContents, &Inventory::default(), &launch, &RECIPES, &Wishes::default());
});
