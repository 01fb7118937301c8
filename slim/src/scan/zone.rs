//! Names of time zones: `Area/City`, a file below `/usr/share/zoneinfo`.
//!
//! A program that asks for local time and holds such a name sets `TZ` to it (tzset(3)); a script or a configuration that holds one tells
//! its program. Without the file, time is silently that of Greenwich.

use super::{Finding, Scene};
use crate::graph::Rule;
use crate::path::ImagePath;
use crate::tree::Tree;
use std::collections::BTreeSet;

/// Functions that read the zone that `TZ` names.
const READERS: [&[u8]; 7] =
    [b"localtime", b"localtime_r", b"localtime64", b"localtime64_r", b"tzset", b"mktime", b"timelocal"];

/// Where zones are.
const HOME: &str = "/usr/share/zoneinfo";

/// As long as a zone's name is looked for; the longest real one has 32 characters.
const NAME_LIMIT: usize = 64;

/// The zones that an image has, by name.
#[derive(Debug, Clone, Default)]
pub struct Zones(BTreeSet<Vec<u8>>);

impl Zones {
    /// The zones of a tree whose names have an area: a word such as `GMT` is found in too many texts.
    pub fn new(tree: &Tree) -> Self {
        let home = ImagePath::literal(HOME);
        let below = tree.below(&home).filter(|(_, node)| !node.is_directory());
        let names = below.filter_map(|(path, _)| path.as_bytes().strip_prefix(home.as_bytes())?.strip_prefix(b"/"));
        // Names of zones begin with a capital; `posix` and `right` repeat them all.
        Self(names.filter(|name| name.contains(&b'/') && name[0].is_ascii_uppercase()).map(<[u8]>::to_vec).collect())
    }

    /// The zones that a text names, each once, with the offset at which it does first.
    fn named<'b>(&self, bytes: &'b [u8]) -> Vec<(usize, &'b [u8])> {
        let mut found: Vec<(usize, &[u8])> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut from = 0;
        while let Some(at) = bytes.get(from..).and_then(|rest| memchr::memchr(b'/', rest)).map(|at| from + at) {
            let low = at.saturating_sub(NAME_LIMIT).max(from);
            let start = bytes[low..at].iter().rposition(|b| !is_part(*b)).map_or(low, |before| low + before + 1);
            let high = bytes.len().min(at + NAME_LIMIT);
            let end = bytes[at..high].iter().position(|b| !is_part(*b)).map_or(high, |length| at + length);
            let name = &bytes[start..end];
            if self.0.contains(name) && seen.insert(name) {
                found.push((start, name));
            }
            from = end.max(at + 1);
        }
        found
    }
}

/// Characters of zones' names (`America/Port-au-Prince`, `Etc/GMT+1`).
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/')
}

/// Whether a binary that imports this function cares for the zone.
pub(super) fn is_reader(import: &[u8]) -> bool {
    READERS.contains(&import)
}

/// Adds the zones that a text names; `place` tells what stands at an offset.
pub fn find(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    bytes: &[u8],
    place: impl Fn(usize) -> String,
    finding: &mut Finding,
) {
    if scene.zones.0.is_empty() {
        return;
    }
    let within = from.map(ImagePath::to_text);
    for (at, name) in scene.zones.named(bytes) {
        let name = String::from_utf8_lossy(name);
        if within.as_ref().is_some_and(|within| scene.knowledge.ignores(within, &name)) {
            continue;
        }
        finding.edges.extend(scene.follow_name(from, &format!("{HOME}/{name}"), Rule::String, &place(at)));
    }
}

/// The line of a text that an offset stands in, with its number.
pub(crate) fn line(bytes: &[u8], at: usize) -> String {
    let (before, after) = bytes.split_at(at.min(bytes.len()));
    let number = memchr::memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let end = memchr::memchr(b'\n', after).map_or(bytes.len(), |newline| at + newline);
    format!("line {number}: {}", String::from_utf8_lossy(&bytes[start..end.min(start + 200)]).trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text;

    #[test]
    fn zones_are_found_as_whole_words() {
        let tree = text::tree(
            "/usr/share/zoneinfo/Europe/Berlin = x\n/usr/share/zoneinfo/America/Indiana/Knox = x\n\
             /usr/share/zoneinfo/UTC = x\n/usr/share/zoneinfo/posix/Europe/Rome = x\n/usr/share/zoneinfo/Etc/GMT+1 -> ../UTC",
        )
        .unwrap();
        let zones = Zones::new(&tree);
        let cases: [(&[u8], &str); 8] = [
            (b"TZ=Europe/Berlin\0", "Europe/Berlin"),
            (b"\'Europe/Berlin\' Europe/Berlin", "Europe/Berlin"),
            (b"/usr/share/zoneinfo/Europe/Berlin", ""),
            (b"Europe/Berlins XEurope/Berlin Europe/", ""),
            (b"America/Indiana/Knox", "America/Indiana/Knox"),
            (b"UTC", ""),
            (b"Europe/Rome posix/Europe/Rome", ""),
            (b"TZ=\"Etc/GMT+1\";Europe/Berlin", "Etc/GMT+1 Europe/Berlin"),
        ];
        for (bytes, expected) in cases {
            let names: Vec<_> = zones.named(bytes).iter().map(|(_, name)| String::from_utf8_lossy(name)).collect();
            assert_eq!(names.join(" "), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_place_is_a_numbered_line() {
        assert_eq!(line(b"a\n  TZ=x\nb", 4), "line 2: TZ=x");
        assert_eq!(line(b"ab", 9), "line 1: ab");
    }
}
