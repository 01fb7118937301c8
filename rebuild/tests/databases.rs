//! Package databases, real and generated: what is read is written as it was, and an update leaves every stanza of others byte for byte.
//!
//! Real ones are taken from `SLIM_FIXTURES` or a folder `shared/fixtures` beside the checkout, and skipped where there is none.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use proptest::prelude::*;
use rebuild::archives::deb::{Deb, Limits};
use rebuild::engine::native::verdict::Evaluator;
use rebuild::engine::native::{NativeOptions, PackageUpdate, upgrade};
use rebuild::spool::Spool;
use slim::draft::Draft;
use slim::packages::dpkg::database::Database;
use slim::packages::dpkg::status::{Status, damage};
use slim::path::ImagePath;
use slim::tree::{Node, Tree};
use std::path::{Path, PathBuf};
use testdata::deb::Deb as Toy;

fn real() -> Vec<(PathBuf, Vec<u8>)> {
    let told = std::env::var_os("SLIM_FIXTURES").map(PathBuf::from);
    let beside = ["../shared/fixtures", "../../shared/fixtures", "../../../shared/fixtures"];
    let found = told.into_iter().chain(beside.map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path)));
    let Some(folder) = found.map(|path| path.join("solver/apt-data")).find(|path| path.is_dir()) else {
        println!("skipped: no fixtures");
        return Vec::new();
    };
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_status = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("status-");
    let mut files: Vec<_> = files.filter(is_status).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    files.sort();
    files
}

/// Updates `name` of a database, and gives the status file as it is then.
fn updated(status: &[u8], name: &str, architecture: &str, from: &str) -> Vec<u8> {
    let spool = Spool::new(&std::env::temp_dir());
    let mut tree = Tree::new();
    let parsed = Status::parse(status);
    let mut put = |path: String, bytes: &[u8]| {
        let path = ImagePath::new(path).unwrap();
        for parent in path.ancestors().collect::<Vec<_>>() {
            if !tree.contains(&parent) {
                tree.insert(parent, Node::directory());
            }
        }
        tree.insert(path, Node::file(bytes));
    };
    put("/var/lib/dpkg/status".into(), status);
    for stanza in parsed.stanzas() {
        put(format!("/var/lib/dpkg/info/{}.list", stanza.info_name()), b"/.\n");
    }
    let problems = Database::read(&tree, &spool).unwrap().unwrap().problems;
    assert_eq!(problems, []);
    let multi_arch = parsed.stanzas().iter().any(|stanza| stanza.package == name && stanza.same);
    let toy = Toy::new(name, &format!("{from}+new")).field("Architecture", architecture);
    let toy = if multi_arch { toy.field("Multi-Arch", "same") } else { toy };
    let deb = Deb::read(&mut &toy.build()[..], &spool, &Limits::default()).unwrap();
    let mut draft = Draft::new(tree, &spool);
    let updates = [PackageUpdate { deb: &deb, from_version: from }];
    upgrade(&mut draft, &updates, &NativeOptions::default(), &Evaluator::default()).unwrap();
    draft.read(&ImagePath::literal("/var/lib/dpkg/status")).unwrap().unwrap()
}

/// Whether each stanza but one stands in the new file as it stood in the old one, and in the old order.
fn others_stay(status: &[u8], new: &[u8], name: &str, architecture: &str) -> bool {
    let others = |text: &[u8]| -> Vec<Vec<u8>> {
        let parsed = Status::parse(text);
        let stanzas = parsed.stanzas().iter().filter(|s| s.package != name || s.architecture != architecture);
        stanzas.map(|stanza| stanza.raw().to_vec()).collect()
    };
    let old = others(status);
    let whole = |raw: &Vec<u8>| memchr::memmem::find(new, raw).is_some() && memchr::memmem::find(status, raw).is_some();
    old == others(new) && old.iter().all(whole)
}

#[test]
fn real_databases_are_written_as_they_were_read() {
    let real = real();
    let mut count = 0;
    for (path, text) in &real {
        let path = path.display();
        assert_eq!(damage(text), None, "{path}");
        let status = Status::parse(text);
        count += status.stanzas().len();
        assert_eq!(Status::parse(&status.write()), status, "{path}");
        // Some of these files end without the blank line that dpkg would have written, or have two.
        let blocks = |text: &[u8]| -> Vec<String> {
            let text = String::from_utf8_lossy(text).into_owned();
            text.split("\n\n")
                .map(|block| block.trim_matches('\n').to_owned())
                .filter(|block| !block.is_empty())
                .collect()
        };
        assert_eq!(blocks(&status.write()), blocks(text), "{path}");
    }
    assert!(real.is_empty() || count > 400, "only {count} stanzas");
}

#[test]
fn an_update_leaves_the_other_stanzas_of_real_databases_as_they_are() {
    for (path, text) in real() {
        let path = path.display().to_string();
        // What is not installed has no files and is not updated; the databases of solver tests have a few that are unfinished.
        let sound = |raw: &[u8]| {
            let text = String::from_utf8_lossy(raw);
            text.contains(" ok installed") || text.contains(" ok config-files") || text.contains(" ok not-installed")
        };
        let status = Status::parse(&text);
        let kept: Vec<_> =
            status.stanzas().iter().filter(|stanza| sound(stanza.raw()) && !stanza.architecture.is_empty()).collect();
        let text: Vec<u8> = kept.iter().flat_map(|stanza| [stanza.raw(), b"\n"].concat()).collect();
        let installed: Vec<_> =
            kept.iter().filter(|stanza| stanza.state == "installed" && !stanza.version.is_empty()).collect();
        for stanza in installed.iter().step_by(installed.len().div_ceil(5).max(1)) {
            let (name, architecture) = (&stanza.package, &stanza.architecture);
            let new = updated(&text, name, architecture, &stanza.version);
            assert!(others_stay(&text, &new, name, architecture), "{path}: {name}");
        }
    }
}

/// A stanza's further lines: fields that dpkg knows and that it does not, in odd cases, with blanks at their ends.
fn fields() -> impl Strategy<Value = String> {
    let value = "[ -~]{0,20}";
    let line = "\n [ -~]{0,15}\\.[ \t]{0,2}";
    let field =
        ("(X-[A-Za-z]{1,6}|homePage|Section|Suggests-Not|Description)", value, proptest::collection::vec(line, 0..3));
    let field = field.prop_map(|(name, value, lines)| format!("{name}: {value}{}\n", lines.concat()));
    proptest::collection::vec(field, 0..4).prop_map(|fields| fields.concat())
}

proptest! {
    #[test]
    fn generated_databases_stay_but_for_what_is_updated(
        stanzas in proptest::collection::btree_map("[a-z][a-z0-9+.-]{1,5}", ("(install|hold)", "[0-9]{1,2}(\\.[0-9]){0,2}", fields()), 1..6),
        which in any::<proptest::sample::Index>(),
    ) {
        let mut text = String::new();
        for (name, (want, version, more)) in &stanzas {
            text += &format!("Package: {name}\nStatus: {want} ok installed\nArchitecture: all\nVersion: {version}\n{more}\n");
        }
        prop_assert_eq!(damage(text.as_bytes()), None);
        let status = Status::parse(text.as_bytes());
        prop_assert_eq!(status.write(), text.as_bytes());
        let names: Vec<_> = stanzas.keys().collect();
        let name = names[which.index(names.len())];
        let new = updated(text.as_bytes(), name, "all", &stanzas[name].1);
        prop_assert!(others_stay(text.as_bytes(), &new, name, "all"), "{}", String::from_utf8_lossy(&new));
        let version = format!("Version: {}+new\n", stanzas[name].1);
        prop_assert!(String::from_utf8_lossy(&new).contains(&version));
    }
}
