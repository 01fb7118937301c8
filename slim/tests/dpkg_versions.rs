//! The order of Debian versions against vectors that others collected.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use slim::packages::dpkg::Version;
use std::path::PathBuf;

fn fixtures() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    let told = std::env::var_os("SLIM_FIXTURES").map(PathBuf::from);
    told.into_iter().chain([beside]).find(|folder| folder.is_dir())
}

#[test]
fn collected_pairs_have_the_expected_order() {
    let Some(text) = fixtures().map(|folder| folder.join("versions/osv-scalibr/debian-versions.txt")) else {
        println!("skipped: no fixtures");
        return;
    };
    let text = std::fs::read_to_string(text).unwrap();
    let mut pairs = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<_> = line.split_whitespace().collect();
        let &[a, operator, b] = &words[..] else { panic!("not a vector: {line:?}") };
        let (Ok(left), Ok(right)) = (Version::new(a), Version::new(b)) else {
            println!("dpkg refuses one of {line:?}");
            continue;
        };
        let found = match left.cmp(&right) {
            std::cmp::Ordering::Less => "<",
            std::cmp::Ordering::Equal => "=",
            std::cmp::Ordering::Greater => ">",
        };
        assert_eq!(found, operator, "{line}");
        pairs += 1;
    }
    assert!(pairs > 20, "only {pairs} pairs");
}
