use super::super::signature::Exact;
use super::*;
use slim::tree::{MemoryContents, text};

fn read(text: &str, stanzas: bool) -> Sources {
    let mut sources = Sources::default();
    sources.add("/etc/apt/x", text, stanzas, Allow::default()).unwrap();
    sources
}

fn summary(sources: &Sources) -> Vec<String> {
    sources.usable.iter().map(|s| format!("{} {} {}", s.uri, s.suite, s.parts[0].components.join(" "))).collect()
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
    assert_eq!(second.parts[0].architectures.only.as_deref(), Some(&["amd64".to_owned(), "arm64".to_owned()][..]));
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
fn a_line_of_blanks_in_a_key_is_its_empty_line() {
    let text = "Types: deb\nURIs: http://a.example\nSuites: x\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \n mQ==\n \
                -----END PGP PUBLIC KEY BLOCK-----\nComponents: main\n \nTypes: deb\nURIs: http://b.example\nSuites: y\n\
                Components: main\n";
    let sources = read(text, true);
    assert_eq!(summary(&sources), ["http://a.example x main", "http://b.example y main"]);
    let inline = sources.usable[0].signed_by.inline.as_deref().unwrap();
    assert_eq!(inline, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n");
}

#[test]
fn architectures_are_chosen_added_and_taken_away() {
    let stanza = |fields: &str| {
        read(&format!("Types: deb\nURIs: http://a.example\nSuites: x\nComponents: main\n{fields}"), true)
    };
    let line = |options: &str| read(&format!("deb [{options}] http://a.example x main"), false);
    for (sources, expected) in [
        (line("arch=amd64"), "amd64 all"),
        (line("arch=amd64,arm64 lang=de"), "amd64 arm64 all"),
        (line("arch-=arm64"), "amd64 i386 all"),
        (line("arch-=arm64,i386"), "amd64 all"),
        (line("arch+=riscv64"), "amd64 arm64 i386 all"),
        (line("arch=arm64 arch+=i386 arch-=arm64"), "i386 all"),
        (line("arch-=all lang-=en"), "amd64 arm64 i386"),
        (stanza("Architectures: amd64 arm64\nLanguages: none\n"), "amd64 arm64 all"),
        (stanza("Architectures-Remove: amd64\n"), "arm64 i386 all"),
        (stanza("Architectures: amd64\nArchitectures-Add: i386\n"), "amd64 i386 all"),
    ] {
        let choice = &sources.usable[0].parts[0].architectures;
        let mut allowed: Vec<_> = ["amd64", "arm64", "i386"].into_iter().filter(|name| choice.allows(name)).collect();
        allowed.extend(choice.allows_all().then_some("all"));
        assert_eq!(allowed.join(" "), expected);
    }
}

#[test]
fn hosts_are_without_names_and_ports() {
    for (address, expected) in [
        ("http://a.example/debian", "a.example"),
        ("https://u:p@a.example:8443", "a.example"),
        ("a.example/x", "a.example"),
    ] {
        assert_eq!(site(address), expected, "{address}");
    }
}

#[test]
fn a_snapshot_of_a_source_is_a_moment() {
    for (option, expected) in [
        ("snapshot=20250101T000000Z", Some("20250101T000000Z")),
        ("snapshot=enable", None),
        ("snapshot=yes", None),
        ("snapshot=disable", None),
        ("snapshot=no", None),
    ] {
        let sources = read(&format!("deb [{option}] http://a.example x main"), false);
        assert_eq!(sources.usable[0].snapshot.as_deref(), expected, "{option}");
    }
}

#[test]
fn a_source_of_other_things_than_packages_is_none() {
    for (options, expected) in [
        ("target=Packages,Contents-deb", 1),
        ("target=Contents-deb", 0),
        ("target+=Contents-deb", 1),
        ("target-=Packages", 0),
    ] {
        let sources = read(&format!("deb [{options}] http://a.example x main"), false);
        assert_eq!((sources.usable.len(), sources.refused.len()), (expected, 0), "{options}");
    }
    assert!(
        read("Types: deb\nURIs: http://a\nSuites: x\nComponents: main\nTargets-Remove: Packages\n", true)
            .usable
            .is_empty()
    );
}

#[test]
fn a_stanza_of_an_unknown_type_is_an_error() {
    let text = "Types: deb rpm\nURIs: http://a.example\nSuites: x\nComponents: main\n";
    let error = Sources::default().add("/f", text, true, Allow::default()).unwrap_err();
    assert_eq!(error.to_string(), "/f, paragraph 1: \"rpm\" is not a type of source");
}

#[test]
fn times_of_a_source_are_read() {
    let sources = read(
        "deb [valid-until-min=60 valid-until-max=3600 date-max-future=5 check-date=no] http://a.example x main",
        false,
    );
    let expected = Times { least: Some(60), most: Some(3600), ahead: Some(5), unchecked: true };
    assert_eq!(sources.usable[0].times, expected);
    assert!(
        Sources::default().add("f", "deb [valid-until-max=long] http://a x main", false, Allow::default()).is_err()
    );
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
    let allow = Allow { flat: true, unsigned: true, ..Allow::default() };
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
