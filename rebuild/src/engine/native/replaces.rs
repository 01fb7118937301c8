//! Whether one package replaces files of another: its `Replaces` field against name and version (deb-version(7) order).

use slim::packages::dpkg::version::Version;
use std::cmp::Ordering;

/// Whether `relations` (a `Replaces` field) names this package in this version.
pub(super) fn replaces(relations: &str, package: &str, version: &str) -> bool {
    relations.split(',').any(|relation| {
        let (name, constraint) = relation.split_once('(').map_or((relation, None), |(name, rest)| (name, Some(rest)));
        if name.trim().split(':').next() != Some(package) {
            return false;
        }
        let Some(constraint) = constraint.map(|text| text.trim().trim_end_matches(')').trim()) else { return true };
        let at = constraint.find(|c| !matches!(c, '<' | '>' | '=')).unwrap_or(constraint.len());
        let Some(order) = compare(version, constraint[at..].trim()) else { return false };
        match &constraint[..at] {
            "<<" => order == Ordering::Less,
            "<=" | "<" => order != Ordering::Greater,
            ">>" => order == Ordering::Greater,
            ">=" | ">" => order != Ordering::Less,
            _ => order == Ordering::Equal,
        }
    })
}

/// dpkg refuses packages with a version or a relation that is none; they replace nothing.
fn compare(a: &str, b: &str) -> Option<Ordering> {
    Some(Version::new(a).ok()?.cmp(&Version::new(b).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_holds_for_its_versions_only() {
        assert!(replaces("x, b (<< 2~), c", "b", "1.9"));
        assert!(!replaces("b (<< 2~)", "b", "2"));
        assert!(replaces("b:any", "b", "9"));
        assert!(!replaces("bb", "b", "9"));
        for (less, more) in [("1.0~rc1", "1.0"), ("1.9", "1.10"), ("1.0-1", "1.0-1+b1"), ("9", "1:1"), ("1a", "1+")] {
            assert_eq!(compare(less, more), Some(Ordering::Less), "{less} {more}");
        }
    }
}
