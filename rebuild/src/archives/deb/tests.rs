use super::*;
use md5::Digest as _;
use slim::tree::Contents;
use testdata::deb::{Compression, Deb as Toy};

fn read(toy: &Toy) -> Result<(Deb, Spool), DebError> {
    let spool = Spool::new(None).unwrap();
    let deb = Deb::read(&mut &toy.build()[..], &spool, &Limits::default())?;
    Ok((deb, spool))
}

#[test]
fn every_compression_gives_the_same_package() {
    let long = format!("/usr/share/{}/{}", "d".repeat(90), "f".repeat(90));
    let toy = Toy::new("toy", "1")
        .member("postinst", 0o755, "#!/bin/sh\n")
        .conffile("/etc/toy", 0o640, b"setting")
        .owner(7, 8, "toyuser", "toygroup")
        .file(&long, 0o644, &[7; 5000])
        .hardlink("/usr/share/again", &long)
        .symlink("/usr/share/link", &"t".repeat(150));
    let mut all = Vec::new();
    for compression in [Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd] {
        let (deb, spool) = read(&toy.clone().compression(compression)).unwrap();
        let file = deb.entries.iter().find(|entry| entry.path.to_text() == long).unwrap();
        let DebKind::File { content, md5 } = &file.kind else { panic!("not a file") };
        assert_eq!(spool.read(content).unwrap().len(), 5000);
        assert_eq!(hex::encode(md5), hex::encode(md5::Md5::digest([7; 5000])));
        all.push(deb);
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    let deb = &all[0];
    assert_eq!(deb.field("version").as_deref(), Some("1"));
    assert_eq!(deb.member("conffiles"), Some(&b"/etc/toy\n"[..]));
    assert_eq!(deb.members.iter().find(|member| member.name == "postinst").unwrap().mode, 0o755);
    let conffile = deb.entries.iter().find(|entry| entry.path.to_text() == "/etc/toy").unwrap();
    assert_eq!((conffile.uid, conffile.gid, conffile.user.as_str(), conffile.mode), (7, 8, "toyuser", 0o640));
    assert_eq!(deb.entries[0].path.to_text(), "/");
    assert!(deb.entries.iter().any(|e| e.kind == DebKind::Hardlink(slim::path::ImagePath::literal(&long))));
    assert!(deb.entries.iter().any(|e| e.kind == DebKind::Symlink(vec![b't'; 150])));
}

#[test]
fn hostile_entries_are_refused_with_their_name() {
    for (name, kind, link) in [
        ("./../etc/passwd", b'0', ""),
        ("./a\nb", b'0', ""),
        ("./dev/sda", b'4', ""),
        ("./dev/tty", b'3', ""),
        ("./fifo", b'6', ""),
        ("./hard", b'1', "../../etc/shadow"),
        ("./link", b'2', "a\nb"),
    ] {
        let result = read(&Toy::new("toy", "1").raw(name, kind, link)).map(|(deb, _)| deb.entries);
        assert!(matches!(&result, Err(DebError::Entry { path, .. }) if path == name), "{name:?}: {result:?}");
    }
}

#[test]
fn damaged_and_oversized_packages_are_refused() {
    let spool = Spool::new(None).unwrap();
    let toy = Toy::new("toy", "1").file("/x", 0o644, &[0; 10_000]).build();
    for cut in [0, 7, 8, 40, 70, 200, toy.len() / 2, toy.len() - 20] {
        assert!(Deb::read(&mut &toy[..cut], &spool, &Limits::default()).is_err(), "cut at {cut}");
    }
    let small = Limits { data: 9_999, ..Limits::default() };
    assert!(matches!(Deb::read(&mut &toy[..], &spool, &small), Err(DebError::TooLarge { what: "unpacked bytes", .. })));
    let few = Limits { entries: 1, ..Limits::default() };
    assert!(matches!(
        Deb::read(&mut &toy[..], &spool, &few),
        Err(DebError::TooLarge { what: "number of entries", .. })
    ));
    let no_control = Limits { control: 100, ..Limits::default() };
    assert!(matches!(Deb::read(&mut &toy[..], &spool, &no_control), Err(DebError::TooLarge { .. })));
    let other = [&toy[..68], b"3.0\n", &toy[72..]].concat();
    assert!(matches!(Deb::read(&mut &other[..], &spool, &Limits::default()), Err(DebError::Format(_))));
}
