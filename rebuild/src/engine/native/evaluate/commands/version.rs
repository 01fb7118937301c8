//! Comparing Debian versions (Debian Policy 5.6.12, deb-version(7)).

use std::cmp::Ordering;

/// Orders two versions. The empty version is before every other.
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    let (a_epoch, a_upstream, a_revision) = split(a);
    let (b_epoch, b_upstream, b_revision) = split(b);
    a_epoch.cmp(&b_epoch).then_with(|| part(a_upstream, b_upstream)).then_with(|| part(a_revision, b_revision))
}

fn split(version: &str) -> (u64, &str, &str) {
    let (epoch, rest) =
        version.split_once(':').map_or((0, version), |(epoch, rest)| (epoch.parse().unwrap_or(0), rest));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

fn part(a: &str, b: &str) -> Ordering {
    // Tilde sorts before the end, letters before everything else.
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None | Some(b'0'..=b'9') => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => i32::from(*other) + 256,
    };
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        let text = |bytes: &[u8]| bytes.first().is_some_and(|byte| !byte.is_ascii_digit());
        while text(a) || text(b) {
            match weight(a.first()).cmp(&weight(b.first())) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
            (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
        }
        let (a_number, a_rest) = number(a);
        let (b_number, b_rest) = number(b);
        match a_number.len().cmp(&b_number.len()).then_with(|| a_number.cmp(b_number)) {
            Ordering::Equal => (a, b) = (a_rest, b_rest),
            unequal => return unequal,
        }
    }
    Ordering::Equal
}

/// The leading digits without leading zeros, and the rest.
fn number(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    let start = bytes[..end].iter().position(|byte| *byte != b'0').unwrap_or(end);
    (&bytes[start..end], &bytes[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (a, expected, b) in [
            ("1.0~rc1", Ordering::Less, "1.0"),
            ("1.0", Ordering::Less, "1.0+b1"),
            ("1:0.9", Ordering::Greater, "2.0"),
            ("1.10", Ordering::Greater, "1.9"),
            ("1.0-1", Ordering::Less, "1.0-1.1"),
            ("01.0", Ordering::Equal, "1.0"),
            ("1.0a", Ordering::Less, "1.0+"),
            ("3.0.17-1~deb12u2", Ordering::Less, "3.0.17-1~deb12u3"),
            ("", Ordering::Less, "0.1"),
        ] {
            assert_eq!(compare_versions(a, b), expected, "{a} {b}");
        }
    }
}
