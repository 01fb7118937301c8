//! Whose signature counts: every form of `Signed-By`, and every way in which a key or a signature is not good enough.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use rebuild::archives::signature::{KeySource, Keyring};
use rebuild::archives::sources::{Allow, Refusal};
use rebuild::archives::transport::Credential;
use rebuild::archives::{Archive, ArchiveError, Options};
use rebuild::event::{Event, Reporter, Silent};
use slim::path::ImagePath;
use slim::tree::{MemoryContents, Node, Tree};
use testdata::apt::{Archive as Toy, Hash, Index, Key, Plan, SIGNED, Server, Signing, SubkeyPlan, Suite};

const DATE: &str = "Date: Sat, 11 Jan 2025 10:17:21 UTC";
const YEAR: u32 = 365 * 86400;

/// An archive whose release is signed as told.
fn served(signings: &[(&Key, Signing)], fields: &str) -> Server {
    let mut archive = Toy::default();
    let packages = ["Package: a\nVersion: 2\nArchitecture: amd64".to_owned()];
    let indexes = vec![Index::made_up("main", "amd64", packages)];
    archive.publish(&Suite { name: "stable", fields: &format!("{DATE}\n{fields}"), pool: "pool", indexes }, &[]);
    let release = String::from_utf8(archive.files["dists/stable/Release"].clone()).unwrap();
    let signed = Key::clear_sign_by(signings, &release);
    archive.files.insert("dists/stable/InRelease".into(), signed.into_bytes());
    Server::start(archive)
}

/// An image with apt's files: path and content.
fn image(files: &[(&str, &[u8])]) -> Tree {
    let mut tree = Tree::new();
    tree.insert(ImagePath::root(), Node::directory());
    for folder in [
        "etc",
        "etc/apt",
        "etc/apt/trusted.gpg.d",
        "etc/apt/auth.conf.d",
        "etc/apt/sources.list.d",
        "usr",
        "usr/share",
        "usr/share/keyrings",
        "usr/lib",
        "usr/lib/apt",
        "usr/lib/apt/methods",
    ] {
        tree.insert(ImagePath::literal(folder), Node::directory());
    }
    for (path, bytes) in files {
        tree.insert(ImagePath::literal(path), Node::file(bytes.to_vec()));
    }
    tree
}

fn options() -> Options {
    Options { now: i64::from(SIGNED) + 60, architectures: vec!["amd64".into()], ..Options::default() }
}

/// Hears warnings.
#[derive(Default)]
struct Heard(std::sync::Mutex<Vec<String>>);

impl Reporter for Heard {
    fn event(&self, event: Event) {
        if let Event::Warning(text) = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

fn open(tree: &Tree, options: &Options) -> Result<Archive, ArchiveError> {
    Archive::open(tree, &MemoryContents, options, &Silent)
}

/// What comes of a release that is signed like this, where the image trusts these keys.
fn outcome(signings: &[(&Key, Signing)], trusted: &[&Key], options: &Options) -> String {
    let server = served(signings, "");
    let keys: String = trusted.iter().map(|key| key.armored()).collect();
    let source = format!("deb {} stable main\n", server.url);
    let tree =
        image(&[("etc/apt/sources.list", source.as_bytes()), ("etc/apt/trusted.gpg.d/toy.asc", keys.as_bytes())]);
    match open(&tree, options) {
        Ok(archive) => format!("good: {}", archive.used()[0].signed_by.len()),
        Err(ArchiveError::Signature { cause, .. }) => {
            let text = cause.to_string();
            // Which key it was is not the same twice.
            let words = text.split(' ').filter(|word| word.len() < 40);
            words.collect::<Vec<_>>().join(" ").replace(" in /etc/apt/trusted.gpg.d/toy.asc", "")
        }
        Err(other) => panic!("{other}"),
    }
}

const PLAIN: Signing = Signing { by_subkey: false, hash: Hash::Sha512, made: SIGNED, lives: None };
const SUB: Signing = Signing { by_subkey: true, ..PLAIN };

fn with_subkey(subkey: SubkeyPlan) -> Plan {
    Plan { subkey: Some(subkey), ..Plan::default() }
}

#[test]
fn keys_that_may_sign_and_keys_that_may_not() {
    let rows = [
        (Plan::default(), PLAIN, "good: 1"),
        (Plan { rsa: true, ..Plan::default() }, PLAIN, "good: 1"),
        (Plan { signs: false, ..Plan::default() }, PLAIN, "key cannot be used: it is not a signing key"),
        (Plan { revoked: true, ..Plan::default() }, PLAIN, "key cannot be used: it is revoked"),
        (Plan { lives: Some(2 * YEAR), ..Plan::default() }, PLAIN, "good: 1"),
        (
            Plan { lives: Some(YEAR), ..Plan::default() },
            PLAIN,
            "key expired 2024-12-31: the keyring in the image is too old",
        ),
        (
            Plan { rsa: true, hash: Hash::Sha1, ..Plan::default() },
            PLAIN,
            "key is vouched for with SHA-1 only, which can be forged",
        ),
        (
            Plan { rsa: true, hash: Hash::Md5, ..Plan::default() },
            PLAIN,
            "key cannot be used: nothing proves whose it is",
        ),
        (with_subkey(SubkeyPlan::default()), SUB, "good: 1"),
        (with_subkey(SubkeyPlan::default()), PLAIN, "good: 1"),
        (Plan { rsa: true, signs: false, ..with_subkey(SubkeyPlan::default()) }, SUB, "good: 1"),
        (
            with_subkey(SubkeyPlan { signs: false, ..SubkeyPlan::default() }),
            SUB,
            "key cannot be used: it is not a signing key",
        ),
        (with_subkey(SubkeyPlan { revoked: true, ..SubkeyPlan::default() }), SUB, "key cannot be used: it is revoked"),
        (with_subkey(SubkeyPlan { revoked: true, ..SubkeyPlan::default() }), PLAIN, "good: 1"),
        (
            with_subkey(SubkeyPlan { lives: Some(YEAR), ..SubkeyPlan::default() }),
            SUB,
            "key expired 2024-12-31: the keyring in the image is too old",
        ),
        (
            with_subkey(SubkeyPlan { answers: false, ..SubkeyPlan::default() }),
            SUB,
            "key cannot be used: it is not bound to its primary key",
        ),
        (
            Plan { rsa: true, ..with_subkey(SubkeyPlan { hash: Hash::Sha1, ..SubkeyPlan::default() }) },
            SUB,
            "key is vouched for with SHA-1 only, which can be forged",
        ),
        (Plan { revoked: true, ..with_subkey(SubkeyPlan::default()) }, SUB, "key cannot be used: it is revoked"),
        (
            Plan { lives: Some(YEAR), ..with_subkey(SubkeyPlan::default()) },
            SUB,
            "key expired 2024-12-31: the keyring in the image is too old",
        ),
    ];
    for (plan, signing, expected) in rows {
        let key = Key::of(&plan);
        assert_eq!(outcome(&[(&key, signing)], &[&key], &options()), expected, "{plan:?}");
    }
}

#[test]
fn sha1_vouches_for_a_key_only_when_told() {
    let told = Options { allow: Allow { sha1_keys: true, ..Allow::default() }, ..options() };
    for plan in [
        Plan { rsa: true, hash: Hash::Sha1, ..Plan::default() },
        Plan { rsa: true, ..with_subkey(SubkeyPlan { hash: Hash::Sha1, ..SubkeyPlan::default() }) },
    ] {
        let key = Key::of(&plan);
        let signing = Signing { by_subkey: plan.subkey.is_some(), ..PLAIN };
        assert_eq!(outcome(&[(&key, signing)], &[&key], &told), "good: 1");
    }
    let weak = Key::of(&Plan { rsa: true, hash: Hash::Md5, ..Plan::default() });
    assert_ne!(outcome(&[(&weak, PLAIN)], &[&weak], &told), "good: 1", "MD5 is never enough");
}

#[test]
fn signatures_that_count_and_signatures_that_do_not() {
    let key = Key::rsa();
    for (signing, expected) in [
        (Signing { hash: Hash::Sha256, ..PLAIN }, "good: 1"),
        (Signing { hash: Hash::Sha384, ..PLAIN }, "good: 1"),
        (Signing { hash: Hash::Sha1, ..PLAIN }, "key signed with the weak hash SHA1"),
        (Signing { hash: Hash::Md5, ..PLAIN }, "key signed with the weak hash MD5"),
        (Signing { made: SIGNED + 3600, ..PLAIN }, "the signature by key is not valid at this time"),
        (Signing { lives: Some(30), ..PLAIN }, "the signature by key is not valid at this time"),
        (Signing { lives: Some(3600), ..PLAIN }, "good: 1"),
    ] {
        assert_eq!(outcome(&[(&key, signing)], &[&key], &options()), expected, "{signing:?}");
    }
}

#[test]
fn one_good_signature_of_several_is_enough() {
    let (old, new, other) = (Key::rsa(), Key::new(), Key::new());
    let both = [(&old, PLAIN), (&new, PLAIN)];
    assert_eq!(outcome(&both, &[&old], &options()), "good: 1", "an image from before the keys were changed");
    assert_eq!(outcome(&both, &[&new], &options()), "good: 1", "an image from after");
    assert_eq!(outcome(&both, &[&old, &new], &options()), "good: 2");
    assert!(outcome(&both, &[&other], &options()).starts_with("signed by unknown keys only"));
    let expired = Key::of(&Plan { lives: Some(YEAR), ..Plan::default() });
    assert_eq!(outcome(&[(&expired, PLAIN), (&new, PLAIN)], &[&expired, &new], &options()), "good: 1");
    let weak = Signing { hash: Hash::Sha1, ..PLAIN };
    assert_eq!(outcome(&[(&old, weak), (&new, PLAIN)], &[&old, &new], &options()), "good: 1");
}

#[test]
fn a_foreign_subkey_cannot_be_adopted() {
    // Mallory is trusted for his own archive, and shows a signature that another key's subkey made.
    let owner = Key::of(&with_subkey(SubkeyPlan::default()));
    let mut mallory = Key::new();
    mallory.adopt(&owner);
    let expected = "key cannot be used: it is not bound to its primary key";
    assert_eq!(outcome(&[(&owner, SUB)], &[&mallory], &options()), expected);
    assert_eq!(outcome(&[(&owner, SUB)], &[&mallory, &owner], &options()), "good: 1");
}

/// Signed by the subkey; whether the source, written like this, takes it. `@PRIMARY@`, `@SUBKEY@` and `@OTHER@` are fingerprints.
#[test]
fn signed_by_in_all_its_forms() {
    let key = Key::of(&with_subkey(SubkeyPlan::default()));
    let other = Key::of(&with_subkey(SubkeyPlan::default()));
    let (by_subkey, by_primary) = (served(&[(&key, SUB)], ""), served(&[(&key, PLAIN)], ""));
    let inline = |key: &Key| -> String {
        key.armored().lines().map(|line| if line.is_empty() { " .\n".into() } else { format!(" {line}\n") }).collect()
    };
    let fill = |text: &str| {
        text.replace("@PRIMARY@", &key.fingerprint())
            .replace("@SUBKEY@", &key.subkey_fingerprint())
            .replace("@OTHER@", &other.fingerprint())
            .replace("@KEY@", &inline(&key))
            .replace("@OTHERKEY@", &inline(&other))
    };
    let check = |server: &Server, value: &str, stanza: bool| {
        let (name, text) = if stanza {
            let text =
                format!("Types: deb\nURIs: {}\nSuites: stable\nComponents: main\nSigned-By: {value}\n", server.url);
            ("etc/apt/sources.list.d/toy.sources", text)
        } else {
            ("etc/apt/sources.list", format!("deb [signed-by={value}] {} stable main\n", server.url))
        };
        let (binary, armored, strange) = (key.binary(), key.armored(), other.armored());
        let tree = image(&[
            (name, fill(&text).as_bytes()),
            ("usr/share/keyrings/toy.gpg", &binary),
            ("usr/share/keyrings/toy.asc", armored.as_bytes()),
            ("usr/share/keyrings/other.asc", strange.as_bytes()),
            ("etc/apt/trusted.gpg.d/all.gpg", &[&binary[..], &other.binary()].concat()),
        ]);
        open(&tree, &options()).is_ok()
    };
    for (value, expected) in [
        ("/usr/share/keyrings/toy.gpg", true),
        ("/usr/share/keyrings/toy.asc", true),
        ("/usr/share/keyrings/other.asc", false),
        ("/usr/share/keyrings/other.asc,/usr/share/keyrings/toy.gpg", true),
        ("/usr/share/keyrings/gone.gpg", false),
        ("/usr/share/keyrings/gone.gpg,/usr/share/keyrings/toy.gpg", false),
        ("/usr/share/keyrings/toy.gpg,/usr/share/keyrings/gone.gpg", false),
        ("@PRIMARY@", true),
        ("@SUBKEY@", true),
        ("@SUBKEY@!", true),
        ("@PRIMARY@!", false),
        ("@OTHER@", false),
        ("@OTHER@,@PRIMARY@", true),
        ("/usr/share/keyrings/toy.gpg,@OTHER@", false),
        ("/usr/share/keyrings/toy.gpg,@PRIMARY@", true),
    ] {
        assert_eq!(check(&by_subkey, value, false), expected, "{value}");
        assert_eq!(check(&by_subkey, &value.replace(',', " "), true), expected, "stanza: {value}");
    }
    assert!(check(&by_primary, "@PRIMARY@!", false) && !check(&by_primary, "@SUBKEY@", false));
    assert!(check(&by_subkey, "\n@KEY@", true) && !check(&by_subkey, "\n@OTHERKEY@", true));
    assert!(check(&by_subkey, "\n@OTHERKEY@@KEY@", true), "several blocks");
}

#[test]
fn apts_own_keyrings_are_not_for_a_source_with_signed_by() {
    let (own, third) = (Key::new(), Key::new());
    let server = served(&[(&third, PLAIN)], "");
    let source = format!("deb [signed-by=/usr/share/keyrings/own.asc] {} stable main\n", server.url);
    let (own, third) = (own.armored(), third.armored());
    let tree = image(&[
        ("etc/apt/sources.list", source.as_bytes()),
        ("usr/share/keyrings/own.asc", own.as_bytes()),
        ("etc/apt/trusted.gpg.d/third.asc", third.as_bytes()),
    ]);
    assert!(matches!(open(&tree, &options()), Err(ArchiveError::Signature { .. })));
}

/// Held against apt 2.6 and 3.0, which take and leave the same (but for the last row, which is that of 3.0).
#[test]
fn apts_own_keyrings_are_of_the_kind_that_their_names_say() {
    let key = Key::new();
    let server = served(&[(&key, PLAIN)], "");
    let source = format!("deb {} stable main\n", server.url);
    let (binary, armored) = (key.binary(), key.armored().into_bytes());
    let method: (&str, &[u8]) = ("usr/lib/apt/methods/sqv", b"");
    for (path, bytes, more, expected) in [
        ("etc/apt/trusted.gpg.d/x.gpg", &binary, None, true),
        ("etc/apt/trusted.gpg.d/x.asc", &armored, None, true),
        ("etc/apt/trusted.gpg.d/x.gpg", &armored, None, false),
        ("etc/apt/trusted.gpg.d/x.asc", &binary, None, false),
        ("etc/apt/trusted.gpg", &binary, None, true),
        ("etc/apt/trusted.gpg", &armored, None, false),
        ("etc/apt/trusted.gpg", &binary, Some(method), false),
    ] {
        let files: Vec<_> =
            [("etc/apt/sources.list", source.as_bytes()), (path, &bytes[..])].into_iter().chain(more).collect();
        let heard = Heard::default();
        let opened = Archive::open(&image(&files), &MemoryContents, &options(), &heard);
        assert_eq!(opened.is_ok(), expected, "{path}");
        let told = heard.0.into_inner().unwrap();
        assert_eq!(told.len(), usize::from(!expected), "{path}: {told:?}");
    }
}

#[test]
fn a_mirror_for_a_suite_that_no_source_names_is_told() {
    let key = Key::new();
    let server = served(&[(&key, PLAIN)], "");
    let (source, armored) = (format!("deb {} stable main\n", server.url), key.armored());
    let tree =
        image(&[("etc/apt/sources.list", source.as_bytes()), ("etc/apt/trusted.gpg.d/toy.asc", armored.as_bytes())]);
    let heard = Heard::default();
    let mirrors =
        vec![("stabel".to_owned(), "http://127.0.0.1:1/".to_owned()), ("stable".to_owned(), server.url.clone())];
    assert!(Archive::open(&tree, &MemoryContents, &Options { mirrors, ..options() }, &heard).is_ok());
    let told = heard.0.into_inner().unwrap();
    assert_eq!(told, ["the mirror for stabel is not used: the suites of the sources are stable"]);
}

#[test]
fn a_keyring_that_cannot_be_read_does_not_stand_in_the_way_of_the_others() {
    let key = Key::new();
    let server = served(&[(&key, PLAIN)], "");
    let source = format!("deb {} stable main\n", server.url);
    let armored = key.armored();
    let tree = image(&[
        ("etc/apt/sources.list", source.as_bytes()),
        ("etc/apt/trusted.gpg.d/a.gpg", b"\0\0\0\x20\x01\x01\0\x02KBXf\0\0\0\0"),
        ("etc/apt/trusted.gpg.d/b.asc", armored.as_bytes()),
    ]);
    assert!(open(&tree, &options()).is_ok());
}

#[test]
fn one_suite_cannot_be_trusted_in_two_ways() {
    let key = Key::new();
    let server = served(&[(&key, PLAIN)], "");
    let url = &server.url;
    let by = |name: &str| format!("deb [signed-by=/usr/share/keyrings/{name}.asc] {url} stable main\n");
    let (good, other) = (key.armored(), Key::new().armored());
    let opened = |sources: String| {
        let tree = image(&[
            ("etc/apt/sources.list", sources.as_bytes()),
            ("etc/apt/trusted.gpg.d/other.asc", other.as_bytes()),
            ("usr/share/keyrings/good.asc", good.as_bytes()),
            ("usr/share/keyrings/other.asc", other.as_bytes()),
        ]);
        open(&tree, &options()).map_err(|error| error.to_string())
    };
    let error = opened(by("good") + &by("other")).unwrap_err();
    assert!(error.contains("/etc/apt/sources.list:1 names the same suite"), "{error}");
    // One that says nothing of keys does not widen what the other trusts, whichever comes first.
    let silent = format!("deb {url} stable main\n");
    for (first, second) in [(by("good"), silent.clone()), (silent.clone(), by("good"))] {
        assert!(opened(first + &second).is_ok());
    }
    let trusted = opened(by("good") + &silent.replace("deb ", "deb [trusted=yes] ")).unwrap_err();
    assert!(trusted.contains("without a signature"), "{trusted}");
}

#[test]
fn a_component_that_an_archive_does_not_have_is_told_and_left_out() {
    let key = Key::new();
    let server = served(&[(&key, PLAIN)], "");
    let (source, armored) = (format!("deb {} stable main non-free\n", server.url), key.armored());
    let tree =
        image(&[("etc/apt/sources.list", source.as_bytes()), ("etc/apt/trusted.gpg.d/toy.asc", armored.as_bytes())]);
    let heard = Heard::default();
    let archive = Archive::open(&tree, &MemoryContents, &options(), &heard).unwrap();
    assert_eq!(archive.candidates(["a"]).unwrap().len(), 1);
    let told = heard.0.into_inner().unwrap();
    let expected = "dists/stable: the release lists no non-free/binary-amd64/Packages; nothing is read of it";
    assert!(told.len() == 1 && told[0].ends_with(expected), "{told:?}");
}

#[test]
fn a_release_without_strong_hashes_is_refused() {
    let key = Key::new();
    let server = served(&[(&key, PLAIN)], "");
    let weak = format!("Suite: stable\n{DATE}\nMD5Sum:\n {} 5 main/binary-amd64/Packages\n", "0".repeat(32));
    let signed = key.clear_sign(&weak).into_bytes();
    server.archive.lock().unwrap().files.insert("dists/stable/InRelease".into(), signed);
    let (source, armored) = (format!("deb {} stable main\n", server.url), key.armored());
    let tree =
        image(&[("etc/apt/sources.list", source.as_bytes()), ("etc/apt/trusted.gpg.d/toy.asc", armored.as_bytes())]);
    let error = open(&tree, &options()).unwrap_err().to_string();
    assert!(error.ends_with("it is not a Release file: it lists no SHA256 hashes"), "{error}");
}

#[test]
fn what_the_image_trusts_without_a_signature_is_used_only_when_told() {
    let server = served(&[(&Key::new(), PLAIN)], "");
    for name in ["InRelease", "Release.gpg"] {
        server.archive.lock().unwrap().files.remove(&format!("dists/stable/{name}"));
    }
    let told = Options { allow: Allow { unsigned: true, ..Allow::default() }, ..options() };
    for (option, marked) in [("trusted=yes", true), ("allow-insecure=yes", true), ("arch=amd64", false)] {
        let source = format!("deb [{option}] {} stable main\n", server.url);
        let tree = image(&[("etc/apt/sources.list", source.as_bytes())]);
        let refused = open(&tree, &options()).unwrap_err();
        let unsigned = matches!(&refused, ArchiveError::Refused(refused) if refused.reason == Refusal::Unsigned);
        assert_eq!(unsigned, marked, "{option}: {refused}");
        assert_eq!(open(&tree, &told).is_ok(), marked, "{option}");
    }
}

#[test]
fn passwords_come_from_the_caller_only() {
    let key = Key::new();
    let server = served(&[(&key, PLAIN)], "");
    let (source, armored) = (format!("deb {} stable main\n", server.url), key.armored());
    let host = server.url.trim_start_matches("http://");
    let secrets = format!("machine http://{host} login image password s3cret\n");
    let tree = image(&[
        ("etc/apt/sources.list", source.as_bytes()),
        ("etc/apt/trusted.gpg.d/toy.asc", armored.as_bytes()),
        ("etc/apt/auth.conf", secrets.as_bytes()),
        ("etc/apt/auth.conf.d/toy.conf", secrets.as_bytes()),
    ]);
    open(&tree, &options()).unwrap();
    assert!(server.authorizations.lock().unwrap().is_empty(), "nothing of the image's own passwords is sent");
    let credential = |scheme: Option<&str>| Credential {
        scheme: scheme.map(str::to_owned),
        host: host.into(),
        user: "caller".into(),
        password: "pw".into(),
    };
    open(&tree, &Options { credentials: vec![credential(None)], ..options() }).unwrap();
    assert!(server.authorizations.lock().unwrap().is_empty(), "a password is not sent in the clear");
    open(&tree, &Options { credentials: vec![credential(Some("http"))], ..options() }).unwrap();
    assert_eq!(server.authorizations.lock().unwrap()[0], "Basic Y2FsbGVyOnB3");
}

#[test]
fn a_release_is_believed_for_as_long_as_the_source_says() {
    let key = Key::new();
    let week = 7 * 86400;
    let until = "Valid-Until: Sat, 18 Jan 2025 10:17:21 UTC";
    for (fields, option, later, expected) in [
        ("", "", 10 * i64::from(YEAR), true),
        (until, "", week, true),
        (until, "", week + 1, false),
        (until, "check-valid-until=no", week + 1, true),
        (until, "check-date=no", week + 1, true),
        (until, "valid-until-min=1209600", 2 * week, true),
        (until, "valid-until-min=1209600", 2 * week + 1, false),
        (until, "valid-until-max=86400", 86401, false),
        ("", "valid-until-max=86400", 86400, true),
        ("", "valid-until-max=86400", 86401, false),
        ("", "", -11, false),
        ("", "date-max-future=3600", -3600, true),
        ("", "date-max-future=3600", -3601, false),
    ] {
        let early = Signing { made: SIGNED - 86400, ..PLAIN };
        let server = served(&[(&key, early)], fields);
        let options = Options { now: i64::from(SIGNED) + later, ..options() };
        let (source, armored) = (format!("deb [{option}] {} stable main\n", server.url), key.armored());
        let tree = image(&[
            ("etc/apt/sources.list", source.as_bytes()),
            ("etc/apt/trusted.gpg.d/toy.asc", armored.as_bytes()),
        ]);
        let found = open(&tree, &options);
        let stale = matches!(found, Err(ArchiveError::Release { .. }));
        assert_eq!((found.is_ok(), stale), (expected, !expected), "{fields} {option} {later}");
    }
}

#[test]
fn a_release_may_say_where_its_snapshots_are() {
    let key = Key::new();
    let then = served(&[(&key, PLAIN)], "Label: Then");
    let server = served(&[(&key, PLAIN)], "");
    // The toy server of the past knows the archive below the moment.
    {
        let mut archive = then.archive.lock().unwrap();
        let files: Vec<_> =
            archive.files.iter().map(|(name, bytes)| (format!("20250101T000000Z/{name}"), bytes.clone())).collect();
        archive.files = files.into_iter().collect();
    }
    let (source, armored) = (format!("deb {} stable main\n", server.url), key.armored());
    let tree =
        image(&[("etc/apt/sources.list", source.as_bytes()), ("etc/apt/trusted.gpg.d/toy.asc", armored.as_bytes())]);
    let past = Options { snapshot: Some("20250101T000000Z".into()), ..options() };
    let error = open(&tree, &past).unwrap_err().to_string();
    assert!(error.contains("does not say where its snapshots are; give the address with --snapshot-url"), "{error}");
    let release = format!("Suite: stable\n{DATE}\nSnapshots: {}/@SNAPSHOTID@/\nSHA256:\n", then.url);
    let signed = key.clear_sign(&release).into_bytes();
    server.archive.lock().unwrap().files.insert("dists/stable/InRelease".into(), signed);
    let archive = open(&tree, &past).unwrap();
    assert_eq!(archive.candidates(["a"]).unwrap()[0].origin.label, "Then");
    // The image itself may want that moment; the caller's own wish and a mirror come before it.
    let pinned = source.replace("deb ", "deb [snapshot=20250101T000000Z] ");
    let tree =
        image(&[("etc/apt/sources.list", pinned.as_bytes()), ("etc/apt/trusted.gpg.d/toy.asc", armored.as_bytes())]);
    assert_eq!(open(&tree, &options()).unwrap().candidates(["a"]).unwrap()[0].origin.label, "Then");
    let now = Options { mirrors: vec![("stable".into(), server.url.clone())], ..options() };
    assert_eq!(open(&tree, &now).unwrap().candidates(["a"]).unwrap().len(), 0);
    let other = Options { snapshot: Some("20240101T000000Z".into()), ..options() };
    assert!(open(&tree, &other).is_err(), "no such moment");
}

#[test]
fn a_mirror_is_read_for_the_host_that_preferences_name() {
    let key = Key::new();
    let server = served(&[(&key, PLAIN)], "");
    let armored = key.armored();
    let tree = image(&[
        ("etc/apt/sources.list", b"deb http://archive.example/debian stable main\n"),
        ("etc/apt/trusted.gpg.d/toy.asc", armored.as_bytes()),
    ]);
    let mirrored = Options { mirrors: vec![("stable".into(), server.url.clone())], ..options() };
    let archive = open(&tree, &mirrored).unwrap();
    let origin = &archive.candidates(["a"]).unwrap()[0].origin;
    assert_eq!((origin.site.as_str(), &origin.base), ("archive.example", &server.url));
}

#[test]
fn the_keyrings_of_this_machine_are_read() {
    let folder = std::path::Path::new("/usr/share/keyrings");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("skipped: no keyrings here");
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if !path.extension().is_some_and(|ending| ending == "gpg" || ending == "asc" || ending == "pgp") {
            continue;
        }
        let (bytes, name) = (std::fs::read(&path).unwrap(), path.display().to_string());
        let mut keyring = Keyring::new();
        keyring.add(KeySource { name: &name, bytes: &bytes }).unwrap_or_else(|error| panic!("{error}"));
        assert!(!keyring.is_empty(), "{name}");
    }
}
