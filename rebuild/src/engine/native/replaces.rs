//! Whether one package replaces files of another: its `Replaces` field against name and version (deb-version(7) order).

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
        let order = compare(version, constraint[at..].trim());
        match &constraint[..at] {
            "<<" => order == Ordering::Less,
            "<=" | "<" => order != Ordering::Greater,
            ">>" => order == Ordering::Greater,
            ">=" | ">" => order != Ordering::Less,
            _ => order == Ordering::Equal,
        }
    })
}

fn compare(a: &str, b: &str) -> Ordering {
    let split = |version: &str| -> (u64, String, String) {
        let (epoch, rest) = version.split_once(':').map_or((0, version), |(e, rest)| (e.parse().unwrap_or(0), rest));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        (epoch, upstream.to_owned(), revision.to_owned())
    };
    let (a, b) = (split(a), split(b));
    a.0.cmp(&b.0).then_with(|| part(a.1.as_bytes(), b.1.as_bytes())).then_with(|| part(a.2.as_bytes(), b.2.as_bytes()))
}

fn part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        None => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    let digit = |text: &[u8]| text.first().is_some_and(u8::is_ascii_digit);
    while !a.is_empty() || !b.is_empty() {
        while (!a.is_empty() && !digit(a)) || (!b.is_empty() && !digit(b)) {
            let order = weight(a.first()).cmp(&weight(b.first()));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
        }
        let number = |text: &mut &[u8]| {
            let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
            let (digits, rest) = text.split_at(end);
            *text = rest;
            let zeros = digits.iter().position(|b| *b != b'0').unwrap_or(digits.len());
            digits[zeros..].to_vec()
        };
        let (left, right) = (number(&mut a), number(&mut b));
        let order = left.len().cmp(&right.len()).then_with(|| left.cmp(&right));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
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
            assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
        }
    }
}
