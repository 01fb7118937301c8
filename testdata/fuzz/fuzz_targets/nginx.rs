//! nginx configuration: what it names is followed, includes and all.

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

fuzz_target!(|data: &[u8]| {
    let mut tree = Tree::new();
    tree.insert(ImagePath::literal("/usr/sbin/nginx"), Node::file(*b"#!/bin/sh\n").with_mode(0o755));
    tree.insert(ImagePath::literal("/etc/nginx/nginx.conf"), Node::file(data));
    let launch = Launch { entrypoint: vec!["/usr/sbin/nginx".into()], ..Launch::default() };
    let _ = reach(&tree, &MemoryContents, &Inventory::default(), &launch, &RECIPES, &Wishes::default());
});
