use super::*;
use slim::tree::{MemoryContents, text};

fn read(text: &str, stanzas: bool) -> Sources {
    let mut sources = Sources::default();
    sources.add("/etc/apt/x", text, stanzas, Allow::default()).unwrap();
    sources
}

fn summary(sources: &Sources) -> Vec<String> {
    sources.usable.iter().map(|s| format!("{} {} {}", s.uri, s.suite, s.components.join(" "))).collect()
}

#[test]
fn one_line_style_with_options_and_comments() {
    let sources = read(
        "# deb http://x.example/ no no\n\ndeb http://a.example/debian/ bookworm main contrib # why\n\
         deb-src http://a.example/debian bookworm main\n\
         deb [arch=amd64,arm64 signed-by=/usr/share/keyrings/b.gpg check-valid-until=no by-hash=no] https://b.example stable main\n",
        false,
    );
    assert_eq!(summary(&sources), ["http://a.example/debian bookworm main contrib", "https://b.example stable main"]);
    assert_eq!(sources.usable[0].place, "/etc/apt/x:3");
    let second = &sources.usable[1];
    assert_eq!(second.architectures.as_deref(), Some(&["amd64".to_owned(), "arm64".to_owned()][..]));
    assert_eq!(second.signed_by.files, ["/usr/share/keyrings/b.gpg"]);
    assert_eq!((second.check_valid_until, second.by_hash), (Some(false), Some(false)));
}

#[test]
fn stanzas_spread_over_addresses_and_suites() {
    let sources = read(
        "Types: deb deb-src\nURIs: http://a.example http://b.example\n# note\nSuites: one two\nComponents: main\n\
         Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ==\n -----END PGP PUBLIC KEY BLOCK-----\n\n\
         Types: deb\nEnabled: no\nURIs: http://c.example\nSuites: x\nComponents: main\n\n\
         Types: deb-src\nURIs: http://d.example\nSuites: x\nComponents: main\n",
        true,
    );
    let expected = ["a.example one", "a.example two", "b.example one", "b.example two"];
    assert_eq!(summary(&sources), expected.map(|text| format!("http://{text} main")));
    let inline = sources.usable[0].signed_by.inline.as_deref().unwrap();
    assert_eq!(inline, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n");
}

#[test]
fn fingerprints_may_exclude_subkeys() {
    let print = "0123456789abcdef0123456789abcdef01234567";
    let sources = read(&format!("deb [signed-by={print},{print}!] http://a.example x main"), false);
    let expected = [(print.to_uppercase(), Exact::No), (print.to_uppercase(), Exact::Yes)];
    assert_eq!(sources.usable[0].signed_by.restriction.fingerprints, expected);
    assert!(Sources::default().add("f", "deb [signed-by=nonsense] http://a x main", false, Allow::default()).is_err());
}

#[test]
fn what_slim_cannot_use_has_a_reason() {
    for (line, expected) in [
        ("deb cdrom:[Debian 12 _Bookworm_ x]/ bookworm main", Refusal::Scheme("cdrom".into())),
        ("deb tor+http://a.example x main", Refusal::Scheme("tor+http".into())),
        ("deb mirror+file:/etc/apt/m x main", Refusal::Scheme("mirror+file".into())),
        ("deb file:/var/repo x main", Refusal::Local("file".into())),
        ("deb copy:/var/repo x main", Refusal::Local("copy".into())),
        ("deb http://a.example ./", Refusal::Flat),
        ("deb [trusted=yes] http://a.example x main", Refusal::Unsigned),
        ("deb [allow-insecure=yes] http://a.example x main", Refusal::Unsigned),
        ("deb http:// x main", Refusal::Address),
    ] {
        let sources = read(line, false);
        assert_eq!(sources.refused.iter().map(|refused| &refused.reason).collect::<Vec<_>>(), [&expected], "{line}");
        assert!(sources.usable.is_empty());
    }
    let mut told = Sources::default();
    let allow = Allow { flat: true, unsigned: true };
    told.add("f", "deb http://a.example ./\ndeb [trusted=yes] http://a.example x main", false, allow).unwrap();
    assert_eq!(told.usable.len(), 2);
}

#[test]
fn broken_lines_are_errors_with_their_place() {
    for line in [
        "nonsense",
        "rpm http://a x main",
        "deb http://a.example x",
        "deb [arch http://a x main",
        "deb http://a ../x main",
    ] {
        let error = Sources::default().add("/f", line, false, Allow::default()).unwrap_err();
        assert!(error.place.starts_with("/f:1"), "{line}: {error}");
    }
}

#[test]
fn secrets_do_not_show() {
    let sources = read("deb ftp://user:secret@a.example x main", false);
    assert!(!sources.refused[0].to_string().contains("secret"));
}

#[test]
fn files_are_read_in_apts_order() {
    let tree = text::tree(
        "/etc/apt/sources.list.d/b.list = deb http://b.example x main\n\
         /etc/apt/sources.list.d/a.sources = Types: deb\\nURIs: http://a.example\\nSuites: x\\nComponents: main\\n\n\
         /etc/apt/sources.list.d/c.list.save = deb http://c.example x main\n\
         /etc/apt/sources.list.d/d.list -> ../../e\n/etc/e = deb http://e.example x main\n\
         /etc/apt/sources.list = deb http://first.example x main",
    )
    .unwrap();
    let sources = Sources::of_image(&tree, &MemoryContents, Allow::default()).unwrap();
    let hosts: Vec<_> = sources.usable.iter().map(|source| source.uri.as_str()).collect();
    assert_eq!(hosts, ["http://first.example", "http://a.example", "http://b.example", "http://e.example"]);
}
