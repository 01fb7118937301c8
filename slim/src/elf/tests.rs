//! Toy worlds of tiny ELF files: each rule of the loaders is a case.

use super::search::{Closure, Environment, LibraryCache, Loader};
use super::*;
use crate::path::ImagePath;
use crate::tree::{Layer, LayerEntry, MemoryContents, Node, Stack, Tree};
use testdata::elf::{Elf, library, plugin, program};

const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
const MUSL: &str = "/lib/ld-musl-x86_64.so.1";

pub(crate) enum Item {
    Elf(Elf),
    Text(&'static str),
    Link(&'static str),
}

/// A tree with these files and glibc's loader.
pub(crate) fn world(items: Vec<(&str, Item)>) -> Tree {
    let mut layer = Layer::default();
    let mut put = |path: &str, node: Node| {
        layer.entries.insert(ImagePath::literal(path), LayerEntry::Node { node, record: None });
    };
    let loader = library("ld-linux-x86-64.so.2")
        .text(b"/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0x");
    put(GLIBC, Node::file(loader.bytes()).with_mode(0o755));
    for (path, item) in items {
        put(
            path,
            match item {
                Item::Elf(elf) => Node::file(elf.bytes()).with_mode(0o755),
                Item::Text(text) => Node::file(text.as_bytes()),
                Item::Link(target) => Node::symlink(target),
            },
        );
    }
    Stack { layers: vec![layer] }.merge()
}

pub(crate) fn elf(elf: Elf) -> Item {
    Item::Elf(elf)
}

fn closure_in(tree: &Tree, environment: &Environment, root: &str) -> Closure {
    Loader::new(tree, &MemoryContents, environment).closure(&ImagePath::literal(root)).unwrap()
}

/// The objects after the root, then `-NAME` for what is missing; the interpreter is left out.
fn names(closure: &Closure) -> String {
    let loaded = closure.loaded.iter().skip(1).map(|o| o.found_as.to_text()).filter(|p| p != GLIBC && p != MUSL);
    let missing = closure.missing.iter().map(|m| format!("-{}", String::from_utf8_lossy(&m.name)));
    loaded.chain(missing).collect::<Vec<_>>().join(" ")
}

fn loads(items: Vec<(&str, Item)>, root: &str) -> String {
    names(&closure_in(&world(items), &Environment::default(), root))
}

#[test]
fn facts_are_read_for_every_word_size_and_byte_order() {
    for (machine, wide, big_endian) in [(62, true, false), (3, false, false), (22, true, true), (8, false, true)] {
        let file = library("liba.so.1")
            .target(machine, wide, big_endian)
            .interpreter("/lib/ld.so")
            .needs("libb.so.2")
            .needs("libc.so.6")
            .rpath("$ORIGIN/x")
            .runpath("/y")
            .flags_1(0x800)
            .needs_version("libc.so.6", "GLIBC_2.34", false)
            .needs_version("libc.so.6", "GLIBC_2.99", true)
            .defines_version("liba.so.1")
            .defines_version("A_1")
            .imports("puts", Some("GLIBC_2.34"), false)
            .imports("maybe", None, true)
            .exports("a_new", Some("A_1"))
            .dlopen_note(r#"[{"soname":["libz.so.1"],"priority":"required","feature":"z","description":"d"}]"#)
            .with_bad_sections()
            .bytes();
        let facts = read(&file).unwrap();
        assert_eq!((facts.machine, facts.big_endian, facts.class == Class::Elf64), (machine, big_endian, wide));
        assert_eq!(facts.interpreter.as_deref(), Some(&b"/lib/ld.so"[..]));
        assert_eq!(facts.soname.as_deref(), Some(&b"liba.so.1"[..]));
        assert_eq!(facts.needed, [b"libb.so.2", b"libc.so.6"]);
        assert_eq!((facts.rpath.as_deref(), facts.runpath.as_deref()), (Some(&b"$ORIGIN/x"[..]), Some(&b"/y"[..])));
        assert!(facts.no_default_libs && !facts.is_pie);
        assert_eq!(facts.version_needs[0].1.iter().map(|n| n.weak).collect::<Vec<_>>(), [false, true]);
        assert_eq!(facts.version_definitions, [&b"liba.so.1"[..], b"A_1"]);
        let (library, version) = facts.imports[0].version.clone().unwrap();
        assert_eq!(
            (&facts.imports[0].name[..], &library[..], &version[..]),
            (&b"puts"[..], &b"libc.so.6"[..], &b"GLIBC_2.34"[..])
        );
        assert!(facts.imports[1].weak && facts.imports.len() == 2);
        assert_eq!(exports(&file).unwrap()[0].version.as_deref(), Some(&b"A_1"[..]));
        assert_eq!(facts.dlopen_notes[0].sonames, ["libz.so.1"]);
        assert_eq!(facts.dlopen_notes[0].priority, Priority::Required);
    }
}

#[test]
fn damaged_files_give_errors_or_facts_and_never_a_panic() {
    let good = library("liba.so.1")
        .needs("libb.so.2")
        .needs_version("libb.so.2", "B", false)
        .defines_version("a")
        .imports("f", None, false);
    let good = good.dlopen_note("[{}]").text(b"/etc/passwd\0libx.so.1\0").bytes();
    let try_all = |bytes: &[u8]| {
        let _ = (exports(bytes), strings(bytes).map(Iterator::count), counted::counted(bytes));
        let _ = read(bytes).map(|facts| Texts::new(bytes, &facts).paths().count());
    };
    let mut seed = 1u64;
    for at in 0..good.len() {
        try_all(&good[..at]);
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = value;
            try_all(&bytes);
            // A second wound elsewhere.
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let other = (seed >> 33) as usize % bytes.len();
            bytes[other] = (seed >> 24) as u8;
            try_all(&bytes);
        }
    }
    // `p_offset + p_filesz` beyond the end of numbers.
    let mut bytes = good.clone();
    for segment in 0..3 {
        bytes[64 + segment * 56 + 8..][..8].fill(0xff);
        try_all(&bytes);
    }
    assert_eq!(read(b"#!/bin/sh"), Err(ElfError::NotElf));
}

#[test]
fn strings_are_paths_and_sonames_with_their_offset() {
    let file = plugin()
        .text(b"/usr/share/x\0noise libfoo.so.1\0libbar.so\0a/b\0\x01libz.so\0/\0plain\0%s/lib.so\0.:/y\0")
        .bytes();
    let found: Vec<_> =
        strings(&file).unwrap().map(|(at, text)| (at as usize, String::from_utf8_lossy(text))).collect();
    let texts: Vec<_> = found.iter().map(|(_, text)| &text[..]).collect();
    assert_eq!(texts, ["/usr/share/x", "noise libfoo.so.1", "libbar.so", "%s/lib.so", ".:/y"]);
    assert!(found.iter().all(|(at, text)| file[*at..].starts_with(text.as_bytes())));
}

#[test]
fn needs_are_loaded_breadth_first_and_once() {
    let items = vec![
        ("/bin/p", elf(program().needs("liba.so").needs("libb.so"))),
        ("/lib/liba.so", elf(library("liba.so").needs("libc.so").needs("libb.so"))),
        ("/usr/lib/libb.so", elf(library("libb.so").needs("liba.so").needs("libgone.so"))),
        ("/lib/libc.so", elf(library("libc.so"))),
    ];
    assert_eq!(loads(items, "/bin/p"), "/lib/liba.so /usr/lib/libb.so /lib/libc.so -libgone.so");
}

#[test]
fn rpath_is_inherited_and_runpath_is_not() {
    let world = |root: Elf, middle: Elf| {
        vec![
            ("/app/p", elf(root.needs("liba.so"))),
            ("/app/lib/liba.so", elf(middle.needs("libb.so"))),
            ("/app/lib/libb.so", elf(library("libb.so"))),
        ]
    };
    let both = "/app/lib/liba.so /app/lib/libb.so";
    assert_eq!(loads(world(program().rpath("$ORIGIN/lib"), library("liba.so")), "/app/p"), both);
    assert_eq!(
        loads(world(program().runpath("$ORIGIN/lib"), library("liba.so")), "/app/p"),
        "/app/lib/liba.so -libb.so"
    );
    // A run path anywhere makes its object deaf to every run path of the old kind.
    assert_eq!(
        loads(world(program().rpath("${ORIGIN}/lib"), library("liba.so").runpath("/x")), "/app/p"),
        "/app/lib/liba.so -libb.so"
    );
    assert_eq!(loads(world(program().rpath("/app/lib").runpath("/x"), library("liba.so")), "/app/p"), "-liba.so");
}

#[test]
fn the_environment_goes_between_rpath_and_runpath_and_not_to_setuid_programs() {
    let items = |root: Elf| {
        vec![
            ("/bin/p", elf(root.needs("liba.so"))),
            ("/env/liba.so", elf(library("liba.so"))),
            ("/own/liba.so", elf(library("liba.so"))),
        ]
    };
    let environment = Environment::from_variables(["LD_LIBRARY_PATH=/nowhere:/env", "HOME=/"]);
    let names_of = |tree: &Tree| names(&closure_in(tree, &environment, "/bin/p"));
    assert_eq!(names_of(&world(items(program().rpath("/own")))), "/own/liba.so");
    assert_eq!(names_of(&world(items(program().runpath("/own")))), "/env/liba.so");
    let mut tree = world(items(program().runpath("/own")));
    let path = ImagePath::literal("/bin/p");
    let node = tree.get(&path).unwrap().clone().with_mode(0o4755);
    tree.insert(path, node);
    assert_eq!(names_of(&tree), "/own/liba.so");
    // Who starts it: a file of one's own gains nothing, nor does root from capabilities.
    let as_user = |mode: u32, capable: bool, user: Option<(u32, u32)>| {
        let mut tree = world(items(program().runpath("/own")));
        let path = ImagePath::literal("/bin/p");
        let mut node = tree.get(&path).unwrap().clone().with_mode(mode);
        if capable {
            node.xattrs.insert(b"security.capability".to_vec(), Vec::new());
        }
        tree.insert(path, node);
        names(&closure_in(&tree, &Environment { user, ..environment.clone() }, "/bin/p"))
    };
    for (mode, capable, user, trusted) in [
        (0o4755, false, Some((0, 0)), true),
        (0o4755, false, Some((33, 33)), false),
        (0o2755, false, Some((0, 0)), true),
        (0o2755, false, Some((0, 5)), false),
        (0o2745, false, Some((0, 5)), true),
        (0o755, true, Some((0, 0)), true),
        (0o755, true, Some((33, 33)), false),
        (0o755, true, None, false),
    ] {
        let expected = if trusted { "/env/liba.so" } else { "/own/liba.so" };
        assert_eq!(as_user(mode, capable, user), expected, "{mode:o} {capable} {user:?}");
    }
}

#[test]
fn origin_is_the_directory_under_whose_name_the_object_was_found() {
    let items = vec![
        ("/bin/p", elf(program().needs("liba.so"))),
        ("/lib/liba.so", Item::Link("../opt/a/liba.so")),
        ("/opt/a/liba.so", elf(library("liba.so").runpath("$ORIGIN/sub"))),
        ("/opt/a/sub/libb.so", elf(library("libb.so"))),
        ("/bin/q", Item::Link("/opt/q/bin/q")),
        (
            "/opt/q/bin/q",
            elf(program().runpath("$ORIGIN/../lib:$ORIGIN/../../q/$LIB").needs("libq.so").needs("libr.so")),
        ),
        ("/opt/q/lib/libq.so", elf(library("libq.so"))),
        ("/opt/q/lib/x86_64-linux-gnu/libr.so", elf(library("libr.so"))),
    ];
    let tree = world(items);
    let closure = closure_in(&tree, &Environment::default(), "/bin/p");
    assert_eq!(closure.loaded[1].path.to_text(), "/opt/a/liba.so");
    assert_eq!(closure.loaded[1].links, [ImagePath::literal("/lib/liba.so")]);
    // The kernel tells a program its real place.
    let names_of_q = names(&closure_in(&tree, &Environment::default(), "/bin/q"));
    assert_eq!(names_of_q, "/opt/q/lib/libq.so /opt/q/lib/x86_64-linux-gnu/libr.so");
}

#[test]
fn a_name_already_loaded_counts_by_soname() {
    let items = vec![
        ("/bin/java", elf(program().needs("/jdk/server/libjvm.so").needs("libzip.so").runpath("/jdk"))),
        ("/jdk/libzip.so", elf(library("libzip.so").needs("libjvm.so"))),
        ("/jdk/server/libjvm.so", elf(library("libjvm.so"))),
    ];
    assert_eq!(loads(items, "/bin/java"), "/jdk/server/libjvm.so /jdk/libzip.so");
}

#[test]
fn files_of_another_machine_are_passed_over_and_damaged_ones_are_fatal() {
    let items = |first: Item| {
        vec![
            ("/bin/p", elf(program().needs("liba.so").runpath("/one:/two"))),
            ("/one/liba.so", first),
            ("/two/liba.so", elf(library("liba.so"))),
        ]
    };
    assert_eq!(loads(items(elf(library("liba.so").target(183, true, false))), "/bin/p"), "/two/liba.so");
    assert_eq!(loads(items(elf(library("liba.so").target(3, false, false))), "/bin/p"), "/two/liba.so");
    assert_eq!(loads(items(Item::Text("GROUP ( liba.so.1 )")), "/bin/p"), "-liba.so");
}

#[test]
fn configured_directories_count_where_there_is_a_cache() {
    let items = |cache: bool| {
        let mut items = vec![
            ("/bin/p", elf(program().needs("liba.so").needs("libb.so"))),
            ("/opt/a/liba.so", elf(library("liba.so"))),
            ("/opt/b/libb.so", elf(library("libb.so"))),
            ("/etc/ld.so.conf", Item::Text("# x\ninclude ld.so.conf.d/*.conf\n/opt/b # y\n")),
            ("/etc/ld.so.conf.d/a.conf", Item::Text("/opt/a\n")),
        ];
        items.extend(cache.then_some(("/etc/ld.so.cache", Item::Text(""))));
        items
    };
    assert_eq!(loads(items(true), "/bin/p"), "/opt/a/liba.so /opt/b/libb.so");
    assert_eq!(loads(items(false), "/bin/p"), "-liba.so -libb.so");
    let tree = world(items(true));
    let cache = LibraryCache::from([(b"liba.so".to_vec(), vec![ImagePath::literal("/opt/a/liba.so")])]);
    let loader = Loader::new(&tree, &MemoryContents, &Environment::default()).with_cache(cache);
    assert_eq!(names(&loader.closure(&ImagePath::literal("/bin/p")).unwrap()), "/opt/a/liba.so -libb.so");
}

#[test]
fn variants_stand_beside_the_baseline_and_not_for_it() {
    let items = vec![
        ("/bin/p", elf(program().needs("liba.so"))),
        ("/lib/glibc-hwcaps/x86-64-v3/liba.so", elf(library("liba.so"))),
    ];
    assert_eq!(loads(items, "/bin/p"), "-liba.so");
    let items = vec![
        ("/bin/p", elf(program().needs("liba.so"))),
        ("/lib/glibc-hwcaps/x86-64-v3/liba.so", elf(library("liba.so"))),
        ("/lib/liba.so", elf(library("liba.so"))),
    ];
    assert_eq!(loads(items, "/bin/p"), "/lib/liba.so /lib/glibc-hwcaps/x86-64-v3/liba.so");
}

#[test]
fn preloads_and_excluded_defaults() {
    let items = |root: Elf| {
        vec![
            ("/bin/p", elf(root.needs("liba.so"))),
            ("/lib/liba.so", elf(library("liba.so"))),
            ("/lib/libpre.so", elf(library("libpre.so"))),
            ("/etc/ld.so.preload", Item::Text("/lib/libpre.so # always\n")),
        ]
    };
    assert_eq!(loads(items(program()), "/bin/p"), "/lib/libpre.so /lib/liba.so");
    assert_eq!(loads(items(program().flags_1(0x800)), "/bin/p"), "/lib/libpre.so -liba.so");
}

#[test]
fn musl_has_rules_of_its_own() {
    let items = vec![
        (
            "/bin/p",
            elf(program()
                .interpreter(MUSL)
                .needs("liba.so")
                .needs("libpthread.so.0")
                .needs("libc.musl-x86_64.so.1")
                .runpath("/app")),
        ),
        (MUSL, elf(library("libc.so"))),
        // A run path of either kind is inherited, and a soname means nothing.
        ("/app/liba.so", elf(library("other.so").needs("libb.so").needs("other.so"))),
        ("/app/libb.so", elf(library("libb.so").needs("libc.so").needs("libu.so"))),
        ("/usr/local/lib/libu.so", elf(library("libu.so"))),
    ];
    let tree = world(items);
    let names_of = |tree: &Tree| names(&closure_in(tree, &Environment::default(), "/bin/p"));
    assert_eq!(names_of(&tree), "/app/liba.so /app/libb.so /usr/local/lib/libu.so -other.so");
    let mut tree = tree;
    tree.insert(ImagePath::literal("/etc"), Node::directory());
    tree.insert(ImagePath::literal("/etc/ld-musl-x86_64.path"), Node::file(*b"/lib\n/usr/lib\n"));
    assert_eq!(names_of(&tree), "/app/liba.so /app/libb.so -other.so -libu.so");
}

#[test]
fn versions_are_checked_as_the_loader_does() {
    let check = |provider: Elf, weak: bool| {
        let root = program().needs("liba.so").needs_version("liba.so", "A_2", weak).imports("f", Some("A_2"), false);
        let tree = world(vec![("/bin/p", elf(root)), ("/lib/liba.so", elf(provider))]);
        let loader = Loader::new(&tree, &MemoryContents, &Environment::default());
        let closure = loader.closure(&ImagePath::literal("/bin/p")).unwrap();
        (version::check(&closure).len(), version::unresolved_symbols(&loader, &closure).unwrap().len())
    };
    let versioned =
        |name: &str| library("liba.so").defines_version("liba.so").defines_version(name).exports("f", Some(name));
    assert_eq!(check(versioned("A_2"), false), (0, 0));
    assert_eq!(check(versioned("A_1"), false), (1, 1));
    assert_eq!(check(versioned("A_1"), true), (0, 1));
    assert_eq!(check(library("liba.so").exports("f", None), false), (0, 0));
    assert_eq!(check(library("liba.so"), false), (0, 1));
}

#[test]
fn opening_at_run_time_uses_the_openers_paths() {
    let tree = world(vec![
        ("/bin/p", elf(program().needs("liba.so"))),
        ("/lib/liba.so", elf(library("liba.so").runpath("/plug"))),
        ("/plug/x.so", elf(plugin().needs("liba.so").needs("liby.so"))),
        ("/lib/liby.so", elf(library("liby.so"))),
    ]);
    let loader = Loader::new(&tree, &MemoryContents, &Environment::default());
    let (root, opener) = (ImagePath::literal("/bin/p"), ImagePath::literal("/lib/liba.so"));
    assert_eq!(loader.find(&root, &root, b"x.so").unwrap(), None);
    assert_eq!(loader.find(&root, &opener, b"x.so").unwrap().unwrap().path.to_text(), "/plug/x.so");
    let closure = loader.closure_opening(&root, &[(opener, b"x.so".to_vec())]).unwrap();
    assert_eq!(names(&closure), "/lib/liba.so /plug/x.so /lib/liby.so");
}
