//! The order of Debian versions against dpkg itself. Run with `cargo test -p slim --test live_dpkg_versions -- --ignored`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use slim::packages::dpkg::Version;
use std::process::Command;

/// A small generator with a fixed start: the same pairs on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn version(&mut self) -> String {
        let pieces = ["0", "1", "00", "9", "10", "a", "Z", "~", "+", ".", "-", "ds", "b1", "deb12u", ":", "-", "~rc"];
        let mut text = pieces[self.roll(5)].to_owned();
        for _ in 0..self.roll(6) {
            text.push_str(pieces[self.roll(pieces.len())]);
        }
        text
    }
}

#[test]
#[ignore = "live: needs dpkg"]
fn dpkg_agrees_on_generated_pairs() {
    let mut dice = Dice(2026);
    for _ in 0..3000 {
        let (a, b) = (dice.version(), dice.version());
        for (operator, expected) in [
            ("lt", Version::new(&a).ok().zip(Version::new(&b).ok()).map(|(a, b)| a < b)),
            ("eq", Version::new(&a).ok().zip(Version::new(&b).ok()).map(|(a, b)| a == b)),
        ] {
            let output = Command::new("dpkg").args(["--compare-versions", "--", &a, operator, &b]).output().unwrap();
            let found = match output.status.code() {
                Some(0) => Some(true),
                Some(1) => Some(false),
                _ => None,
            };
            assert_eq!(expected, found, "{a} {operator} {b}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
