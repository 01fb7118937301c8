//! Comparing versions as dpkg does for scripts: by [`Version`], where both are one.

use slim::packages::dpkg::version::Version;
use std::cmp::Ordering;

/// Orders two versions; `None` when one of them is not surely a version: dpkg warns and compares what it can read.
pub fn compare_versions(a: &str, b: &str) -> Option<Ordering> {
    Some(Version::new(a).ok()?.cmp(&Version::new(b).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (a, expected, b) in [
            ("1.0~rc1", Some(Ordering::Less), "1.0"),
            ("1:0.9", Some(Ordering::Greater), "2.0"),
            ("1.10", Some(Ordering::Greater), "1.9"),
            ("01.0", Some(Ordering::Equal), "1.0"),
            ("36~", Some(Ordering::Greater), "35"),
            ("1.0", None, "a b"),
        ] {
            assert_eq!(compare_versions(a, b), expected, "{a} {b}");
        }
    }
}
