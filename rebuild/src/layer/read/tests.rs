use super::*;
use slim::tree::{Stack, text};

/// A tar archive by another hand: the tar crate's builder.
fn archive(entries: &[(u8, &str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, name, value) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::new(*kind));
        header.set_mode(if *kind == b'5' { 0o755 } else { 0o644 });
        let content = if *kind == b'0' { value.as_bytes() } else { b"" };
        header.set_size(content.len() as u64);
        if *kind == b'1' || *kind == b'2' {
            builder.append_link(&mut header, name, value).unwrap();
        } else {
            builder.append_data(&mut header, name, content).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

fn spool() -> Spool {
    Spool::new(&std::env::temp_dir())
}

fn read(bytes: &[u8], spool: &Spool) -> Result<LayerArchive, LayerError> {
    read_layer(Box::new(io::Cursor::new(bytes.to_vec())), 0, "test", spool, &Budget::default())
}

fn dump(archive: LayerArchive) -> String {
    text::dump(&Stack { layers: vec![archive.layer] }.merge())
}

#[test]
fn entries_and_records() {
    let long = format!("d/{}", "x".repeat(200));
    let bytes = archive(&[(b'5', "d/", ""), (b'0', &long, "abc"), (b'1', "d/y", &long), (b'2', "l", "d/y")]);
    let spool = spool();
    let archive = read(&bytes, &spool).unwrap();
    assert_eq!(archive.records.len(), 4);
    assert_eq!(archive.links, BTreeMap::from([(2, 1)]));
    assert_eq!(archive.diff_id, Digest::of(&bytes));
    // Records tile the archive: the long name's own header belongs to its entry.
    let ends: Vec<_> = archive.records.iter().map(|record| record.start + record.length).collect();
    let starts: Vec<_> = archive.records.iter().map(|record| record.start).collect();
    assert_eq!(ends[..3], starts[1..]);
    let expected =
        format!("/ 0755 0:0\n/d/ 0755 0:0\n/{long} 0644 0:0 3 bytes\n/d/y 0644 0:0 == /{long}\n/l 0644 0:0 -> d/y\n");
    assert_eq!(dump(archive), expected);
}

#[test]
fn a_directory_that_is_hidden_and_put_is_opaque() {
    for order in [[(b'0', ".wh.d", ""), (b'5', "d/", "")], [(b'5', "d/", ""), (b'0', ".wh.d", "")]] {
        let layer = read(&archive(&order), &spool()).unwrap().layer;
        assert_eq!(layer.opaque.len(), 1);
        assert!(layer.node(&ImagePath::literal("d")).is_some());
    }
}

#[test]
fn hard_links_to_lower_layers_become_copies() {
    let mut upper = read(&archive(&[(b'1', "b", "lib/a")]), &spool()).unwrap();
    let below = text::tree("/usr/lib/a = x\n/lib -> usr/lib").unwrap();
    assert!(upper.clone().settle(&Tree::new(), "test").is_err());
    upper.settle(&below, "test").unwrap();
    assert_eq!(dump(upper), "/ 0755 0:0\n/b 0644 0:0 = x\n");
}

#[test]
fn hard_links_find_their_files_behind_links_of_the_same_layer() {
    let link = (b'2', "lib", "usr/lib");
    let mut layer =
        read(&archive(&[link, (b'0', "usr/lib/a", "x"), (b'1', "lib/b", "lib/a"), (b'1', "c", "lib/b")]), &spool())
            .unwrap();
    layer.settle(&Tree::new(), "test").unwrap();
    assert_eq!(layer.links, BTreeMap::from([(2, 1), (3, 2)]));
    let expected = "/lib 0644 0:0 -> usr/lib\n/usr/ 0755 0:0\n/usr/lib/ 0755 0:0\n\
                    /usr/lib/a 0644 0:0 == /c\n/usr/lib/b 0644 0:0 == /c\n";
    assert_eq!(dump(layer), format!("/ 0755 0:0\n/c 0644 0:0 1 bytes\n{expected}"));
    // The link is this layer's, the file a lower one's.
    let mut layer = read(&archive(&[link, (b'1', "b", "lib/a")]), &spool()).unwrap();
    layer.settle(&text::tree("/usr/lib/a = x").unwrap(), "test").unwrap();
    assert_eq!(dump(layer), "/ 0755 0:0\n/b 0644 0:0 = x\n/lib 0644 0:0 -> usr/lib\n");
    // What comes later in the archive is not there yet when the link is made.
    let mut layer = read(&archive(&[link, (b'1', "b", "lib/a"), (b'0', "usr/lib/a", "x")]), &spool()).unwrap();
    let error = layer.settle(&Tree::new(), "test").unwrap_err().to_string();
    assert!(error.contains("(/b): a hard link to /lib/a, which does not exist"), "{error}");
}

#[test]
fn nothing_but_a_directory_is_the_root_and_nothing_hides_it() {
    let error = |kind, name: &str, value: &str| {
        let mut bytes = archive(&[(b'0', "app", "x"), (kind, "a", value)]);
        // The builder would tidy the name.
        let at = bytes.len() - 1024 - if kind == b'0' { 1024 } else { 512 };
        let header = tar::Header::from_byte_slice(&bytes[at..at + 512]).clone();
        let mut header = header;
        header.as_mut_bytes()[..100].fill(0);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        bytes[at..at + 512].copy_from_slice(header.as_bytes());
        read(&bytes, &spool()).unwrap_err().to_string()
    };
    for (kind, value) in [(b'0', "text"), (b'1', "app"), (b'2', "app"), (b'6', "")] {
        let text = error(kind, ".", value);
        assert!(text.contains("(.): the root of an image can only be a directory"), "{text}");
    }
    for name in [".wh..", "a/.wh..", ".wh.", "a/.wh..."] {
        let text = error(b'0', name, "x");
        assert!(text.contains("whiteout of") || text.contains("'..'"), "{text}");
    }
    let root = read(&archive(&[(b'5', "./", ""), (b'0', "app", "x")]), &spool()).unwrap();
    assert_eq!(dump(root), "/ 0755 0:0\n/app 0644 0:0 1 bytes\n");
}

#[test]
fn the_layers_of_an_image_share_a_budget() {
    let long = "y".repeat(90);
    let bytes = archive(&[(b'0', "a/b/c/d", "x"), (b'0', "a/b/e/f", "x"), (b'0', "a/b/e", "x"), (b'2', "l", &long)]);
    let read = |budget: &Budget| read_layer(Box::new(&bytes[..]), 0, "test", &spool(), budget).map(drop);
    let error = |budget: &Budget| read(budget).unwrap_err().to_string();
    // Four entries and the directories a, a/b and a/b/c; their names, and the link's target.
    let (entries, metadata, unpacked) = (4 + 3, 7 + 7 + 5 + 1 + 90 + 1 + 3 + 5, bytes.len() as u64);
    read(&Budget::new(entries, metadata, unpacked)).unwrap();
    let text = error(&Budget::new(entries - 1, metadata, unpacked));
    assert!(text.contains("have more than 6 entries"), "{text}");
    let text = error(&Budget::new(3, metadata, unpacked));
    assert!(text.contains("(l): the layers of the image have more than 3 entries"), "{text}");
    let text = error(&Budget::new(entries, metadata - 1, unpacked));
    assert!(text.contains("more than 118 bytes of names and attributes"), "{text}");
    let text = error(&Budget::new(entries, metadata, unpacked - 1));
    assert!(text.contains("layer test: the layers of the image have more than") && text.contains("archives"), "{text}");
    let both = Budget::new(2 * entries - 1, 2 * metadata, 2 * unpacked);
    read(&both).unwrap();
    assert!(error(&both).contains("entries"));
}

#[test]
fn attributes_count_and_so_do_all_headers_of_an_entry() {
    let with = |records: usize, value: usize| {
        let mut builder = tar::Builder::new(Vec::new());
        for number in 0..records {
            let (key, value) = (format!("SCHILY.xattr.user.{number}"), vec![b'v'; value]);
            builder.append_pax_extensions([(key.as_str(), &value[..])]).unwrap();
        }
        let mut header = tar::Header::new_ustar();
        header.set_size(0);
        builder.append_data(&mut header, "a", &b""[..]).unwrap();
        builder.into_inner().unwrap()
    };
    let error = |bytes: &[u8], budget: Budget| {
        read_layer(Box::new(bytes), 0, "test", &spool(), &budget).unwrap_err().to_string()
    };
    let bytes = with(2, 1000);
    let text = error(&bytes, Budget::new(10, 2012, 1 << 20));
    assert!(text.contains("(a): the layers of the image have more than 2012 bytes of names and attributes"), "{text}");
    read_layer(Box::new(&bytes[..]), 0, "test", &spool(), &Budget::new(10, 2013, 1 << 20)).unwrap();
    let text = error(&with(20, 60_000), Budget::default());
    assert!(text.contains("at most 1048576"), "{text}");
}

#[test]
fn damage_is_named() {
    let good = archive(&[(b'0', "a", "content")]);
    let error = |bytes: &[u8]| read(bytes, &spool()).unwrap_err().to_string();
    let mut flipped = good.clone();
    flipped[0] ^= 1;
    assert!(error(&flipped).contains("checksum"), "{}", error(&flipped));
    assert!(error(&good[..515]).contains("ends after 3 of 7 bytes"), "{}", error(&good[..515]));
    assert!(error(&good[..100]).contains("within a header"));
    assert!(error(&archive(&[(b'S', "a", "")])).contains("sparse"));
    assert!(read(&archive(&[(b'5', &"d/".repeat(256), "")]), &spool()).is_ok());
    assert!(error(&archive(&[(b'5', &"d/".repeat(257), "")])).contains("more than 256 names"));
    let device = archive(&[(b'9', "a", "")]);
    assert!(error(&device).contains("type '9'"), "{}", error(&device));
}

#[test]
fn mutated_archives_give_an_error_or_a_layer_but_never_a_panic() {
    let good = archive(&[(b'5', "d/", ""), (b'0', &"n".repeat(150), "abc"), (b'1', "h", "d/x"), (b'2', "l", "t")]);
    let spool = spool();
    let mut state = 1_u64;
    for _ in 0..3000 {
        let mut bytes = good.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] = (state >> 20) as u8;
            if let Some(header) = bytes.get_mut(at / 512 * 512..at / 512 * 512 + 512) {
                // A fitting checksum lets the mutation through to what lies behind it.
                let mut fixed = tar::Header::from_byte_slice(header).clone();
                fixed.set_cksum();
                header.copy_from_slice(fixed.as_bytes());
            }
        }
        drop(read(&bytes, &spool));
    }
}
