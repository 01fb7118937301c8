use super::*;
use slim::tree::{MemoryContents, Tree, text};

/// The smallest library that has a soname: header, one `PT_LOAD`, one `PT_DYNAMIC`, strings.
fn library(machine: u16, soname: &str) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let (dynamic, strings) = (64 + 2 * 56, 64 + 2 * 56 + 48);
    let word = |bytes: &mut Vec<u8>, width: usize, value: u64| bytes.extend(&value.to_le_bytes()[..width]);
    for (width, value) in
        [(2, 3), (2, u64::from(machine)), (4, 1), (8, 0), (8, 64), (8, 0), (4, 0), (2, 64), (2, 56), (2, 2)]
    {
        word(&mut bytes, width, value);
    }
    bytes.resize(64, 0);
    for (kind, offset, size) in [(1, 0, 512), (2, dynamic, 48)] {
        for (width, value) in [(4, kind), (4, 5), (8, offset), (8, offset), (8, offset), (8, size), (8, size), (8, 8)] {
            word(&mut bytes, width, value);
        }
    }
    for value in [5, strings, 14, 1, 0, 0] {
        word(&mut bytes, 8, value);
    }
    bytes.push(0);
    bytes.extend(soname.bytes().chain([0]));
    bytes
}

/// A tree of an amd64 image whose `ldconfig` calls itself by a version.
fn image(version: &str, lines: &str, libraries: &[(&str, &str)]) -> Tree {
    let mut draft = Draft::new(text::tree(lines).unwrap(), &MemoryContents);
    for (path, soname) in libraries {
        draft.put(ImagePath::literal(path), Node::file(library(62, soname)));
    }
    let banner = format!("\0ldconfig (Toy GLIBC {version}) stable release version {version}\0");
    draft.put(ImagePath::literal("/usr/sbin/ldconfig"), Node::file([library(62, ""), banner.into_bytes()].concat()));
    draft.finish().tree
}

fn refreshed(tree: Tree) -> (Draft<'static>, Cache) {
    let mut draft = Draft::new(tree, &MemoryContents);
    refresh(&mut draft).unwrap();
    let bytes = draft.read(&ImagePath::literal("/etc/ld.so.cache")).unwrap().unwrap();
    (draft, Cache::read(&bytes).unwrap())
}

fn paths(cache: &Cache) -> Vec<String> {
    cache.entries.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect()
}

#[test]
fn an_include_may_have_as_many_stars_as_it_likes() {
    let lines = "/etc/ld.so.conf = include /etc/ld.so.conf.d/*a*a*a*a*a*a*a*a*a*.conf\\n\n\
        /etc/ld.so.conf.d/aaaaaaaaaa.conf = /opt/lib\\n\n/etc/ld.so.conf.d/aaaaaaaaaab = /no/lib\\n\n/opt/lib/\n/no/lib/\n/usr/lib/";
    let libraries = [("/opt/lib/liba.so.1", "liba.so.1"), ("/no/lib/libb.so.1", "libb.so.1")];
    let (_, cache) = refreshed(image("2.41", lines, &libraries));
    assert_eq!(paths(&cache), ["/opt/lib/liba.so.1"]);
}

const MERGED: &str = "/lib -> usr/lib\n/usr/lib/x86_64-linux-gnu/\n/etc/ld.so.conf = include /etc/ld.so.conf.d/*.conf\\n\n\
    /etc/ld.so.conf.d/b.conf = # comment\\n/lib/x86_64-linux-gnu\\n/usr/lib/x86_64-linux-gnu/\\n\n\
    /etc/ld.so.conf.d/a.conf = /opt/lib\\n\n/etc/ld.so.conf.d/.hidden.conf = /hidden\\n\n/hidden/\n/opt/lib/";

#[test]
fn directories_come_in_order_and_once_whatever_their_name() {
    let libraries = [("/usr/lib/x86_64-linux-gnu/liba.so.1", "liba.so.1"), ("/opt/lib/liba.so.1", "liba.so.1")];
    let (_, cache) = refreshed(image("2.41", MERGED, &libraries));
    assert_eq!(paths(&cache), ["/opt/lib/liba.so.1", "/lib/x86_64-linux-gnu/liba.so.1"]);
    assert_eq!(cache.generator.unwrap(), b"ldconfig (Toy GLIBC 2.41) stable release version 2.41");
}

#[test]
fn the_soname_leads_to_the_newest_file_and_stale_links_go() {
    let tree = image(
        "2.36",
        &format!(
            "{MERGED}\n/opt/lib/libold.so.1 -> gone\n/opt/lib/libx.so.1 -> libx.so.1.9\n/opt/lib/libx.so -> libx.so.1"
        ),
        &[("/opt/lib/libx.so.1.9", "libx.so.1"), ("/opt/lib/libx.so.1.10", "libx.so.1"), ("/opt/lib/noliby.so", "y")],
    );
    let (draft, cache) = refreshed(tree);
    let link = draft.get(&ImagePath::literal("/opt/lib/libx.so.1")).unwrap();
    assert_eq!(link.as_symlink(), Some(&b"libx.so.1.10"[..]));
    assert!(draft.get(&ImagePath::literal("/opt/lib/libold.so.1")).is_none());
    assert_eq!(paths(&cache), ["/opt/lib/libx.so.1", "/opt/lib/libx.so"]);
}

#[test]
fn the_second_run_changes_nothing_and_needs_no_program() {
    let (mut draft, _) = refreshed(image("2.36", MERGED, &[("/opt/lib/libx.so.1.9", "libx.so.1")]));
    draft.remove(&ImagePath::literal("/usr/sbin/ldconfig"));
    let before = draft.checkpoint();
    assert_eq!(refresh(&mut draft).unwrap(), Output::default());
    assert_eq!(draft.checkpoint(), before);
}

#[test]
fn capability_directories_follow_the_version() {
    let libraries =
        [("/opt/lib/glibc-hwcaps/x86-64-v3/libx.so.1.9", "libx.so.1"), ("/opt/lib/haswell/libx.so.1", "libx.so.1")];
    let rows: [(&str, &[&str]); 3] = [
        ("2.31", &["/opt/lib/haswell/libx.so.1"]),
        ("2.36", &["/opt/lib/glibc-hwcaps/x86-64-v3/libx.so.1.9", "/opt/lib/haswell/libx.so.1"]),
        ("2.41", &["/opt/lib/glibc-hwcaps/x86-64-v3/libx.so.1.9"]),
    ];
    for (version, expected) in rows {
        let (_, cache) = refreshed(image(version, MERGED, &libraries));
        assert_eq!(paths(&cache), expected, "{version}");
        assert_eq!(cache.generator.is_some(), version != "2.31");
    }
}

#[test]
fn what_is_not_known_is_refused() {
    let mut draft = Draft::new(text::tree("/etc/ld.so.conf = /lib").unwrap(), &MemoryContents);
    assert!(refresh(&mut draft).is_err(), "no glibc");
    assert!(run(&mut draft, &["-n".into(), "/x".into()]).is_err(), "option");
    let mut foreign = Draft::new(image("2.36", MERGED, &[]), &MemoryContents);
    foreign.put(ImagePath::literal("/opt/lib/libx.so.1"), Node::file(library(183, "libx.so.1")));
    assert!(refresh(&mut foreign).is_err(), "another machine");
}
