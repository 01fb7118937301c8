//! Versions and their order: exactly dpkg's (deb-version(7)).

use std::cmp::Ordering;
use std::fmt;

/// A version `[epoch:]upstream[-revision]`, kept as written.
///
/// Two versions are equal when dpkg finds them equal: `1.0` and `0:1.00-0` are.
#[derive(Debug, Clone)]
pub struct Version {
    text: Box<str>,
    epoch: u32,
    /// Where the upstream part begins and ends in the text.
    upstream: (usize, usize),
}

/// A text that dpkg refuses as a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("version {text:?}: {problem}")]
pub struct VersionError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub problem: VersionProblem,
}

/// What can be wrong with a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersionProblem {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// Blanks inside.
    #[error("it has embedded spaces")]
    Spaces,
    /// `:1.0`
    #[error("the epoch is empty")]
    EmptyEpoch,
    /// `a:1.0`
    #[error("the epoch is not a number")]
    Epoch,
    /// `-1:1.0`
    #[error("the epoch is negative")]
    NegativeEpoch,
    /// Beyond 2147483647.
    #[error("the epoch is too big")]
    BigEpoch,
    /// `1:`
    #[error("nothing follows the colon")]
    NothingAfterColon,
    /// `-1`
    #[error("the upstream version is empty")]
    EmptyUpstream,
    /// `1.0-`
    #[error("the revision is empty")]
    EmptyRevision,
}

impl Version {
    /// Reads a version as leniently as dpkg reads the ones of installed packages: strange characters only make it warn.
    ///
    /// # Errors
    /// What dpkg refuses: see [`VersionProblem`].
    pub fn new(text: &str) -> Result<Self, VersionError> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
        let error = |problem| VersionError { text: text.into(), problem };
        if text.is_empty() {
            return Err(error(VersionProblem::Empty));
        }
        if text.bytes().any(|b| b.is_ascii_whitespace() || b == 0) {
            return Err(error(VersionProblem::Spaces));
        }
        let (epoch, start) = match text.find(':') {
            None => (0, 0),
            Some(colon) => (epoch(&text[..colon]).map_err(error)?, colon + 1),
        };
        if start == text.len() {
            return Err(error(VersionProblem::NothingAfterColon));
        }
        let end = text[start..].rfind('-').map_or(text.len(), |hyphen| start + hyphen);
        if end + 1 == text.len() {
            return Err(error(VersionProblem::EmptyRevision));
        }
        if start == end {
            return Err(error(VersionProblem::EmptyUpstream));
        }
        Ok(Self { text: text.into(), epoch, upstream: (start, end) })
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The epoch; 0 when none is written.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The upstream part.
    pub fn upstream(&self) -> &str {
        self.text.get(self.upstream.0..self.upstream.1).unwrap_or("")
    }

    /// The revision after the last hyphen; empty when there is none.
    pub fn revision(&self) -> &str {
        self.text.get(self.upstream.1 + 1..).unwrap_or("")
    }
}

fn epoch(text: &str) -> Result<u32, VersionProblem> {
    // dpkg reads it with strtol, which takes a sign.
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if text.is_empty() {
        return Err(VersionProblem::EmptyEpoch);
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(VersionProblem::Epoch);
    }
    let value = digits.parse::<u32>().ok().filter(|value| *value <= i32::MAX as u32);
    match value {
        Some(0) => Ok(0),
        _ if negative => Err(VersionProblem::NegativeEpoch),
        Some(value) => Ok(value),
        None => Err(VersionProblem::BigEpoch),
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(self.upstream().as_bytes(), other.upstream().as_bytes()))
            .then_with(|| compare_part(self.revision().as_bytes(), other.revision().as_bytes()))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl std::str::FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        Self::new(text)
    }
}

impl serde::Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Alternates between runs of other characters and runs of digits. A digit and the end weigh the same in the first (so a missing
/// run of digits is a zero), and a tilde weighs less than the end.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    let is_word = |text: &[u8]| text.first().is_some_and(|c| !c.is_ascii_digit());
    while !a.is_empty() || !b.is_empty() {
        while is_word(a) || is_word(b) {
            let order = weight(a.first()).cmp(&weight(b.first()));
            if order.is_ne() {
                return order;
            }
            (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
        }
        let (left, right) = (take_number(&mut a), take_number(&mut b));
        let order = left.len().cmp(&right.len()).then_with(|| left.cmp(right));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn weight(character: Option<&u8>) -> i32 {
    match character {
        None | Some(b'0'..=b'9') => 0,
        Some(b'~') => -1,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        // dpkg's `char` is signed: bytes beyond ASCII come before the punctuation.
        Some(other) => i32::from(other.cast_signed()) + 256,
    }
}

/// Takes the run of digits at the start, and gives it without leading zeros.
fn take_number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    let zeros = number.iter().take_while(|c| **c == b'0').count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(text: &str) -> Version {
        Version::new(text).unwrap()
    }

    #[test]
    fn parts_are_found() {
        let parts = |text| {
            let version = version(text);
            (version.epoch(), version.upstream().to_owned(), version.revision().to_owned())
        };
        assert_eq!(parts("1.2"), (0, "1.2".into(), "".into()));
        assert_eq!(parts(" 2:1.2-3-4+b1 "), (2, "1.2-3".into(), "4+b1".into()));
        assert_eq!(parts("0:1:2-3"), (0, "1:2".into(), "3".into()));
        assert_eq!(version("1:1-1").to_string(), "1:1-1");
    }

    #[test]
    fn what_dpkg_refuses_is_refused() {
        use VersionProblem::*;
        for (text, problem) in [
            ("", Empty),
            ("  ", Empty),
            ("1 2", Spaces),
            (":1", EmptyEpoch),
            ("a:1", Epoch),
            ("-1:1", NegativeEpoch),
            ("2147483648:1", BigEpoch),
            ("99999999999999999999:1", BigEpoch),
            ("1:", NothingAfterColon),
            ("-1", EmptyUpstream),
            ("1-", EmptyRevision),
            ("1:-1", EmptyUpstream),
        ] {
            assert_eq!(Version::new(text).unwrap_err().problem, problem, "{text:?}");
        }
        assert_eq!(version("2147483647:1").epoch(), 2_147_483_647);
    }

    #[test]
    fn the_order_is_dpkgs() {
        let ordered = [
            "0~~",
            "0~~a",
            "0~",
            "0",
            "0.9+ds0-3",
            "0.9+ds-4",
            "1~rc1-1",
            "1",
            "1-0+deb12u1",
            "1-1~bpo",
            "1-1",
            "1-1+b1",
            "1a",
            "1+",
            "1.",
            "1.1",
            "1.2",
            "1.10",
            "1:0",
        ];
        for (index, a) in ordered.iter().enumerate() {
            for b in &ordered[index + 1..] {
                assert!(version(a) < version(b), "{a} < {b}");
                assert!(version(b) > version(a), "{b} > {a}");
            }
        }
        for (a, b) in [("1.", "1.0"), ("1", "1-0"), ("0:1", "1"), ("1.00", "1.0"), ("1.0a", "1.0a0"), ("00:1", "1")] {
            assert_eq!(version(a), version(b), "{a} = {b}");
        }
        assert!(version(&format!("1{}", "0".repeat(50))) > version(&"9".repeat(50)), "numbers of any length");
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[0-9][0-9a-b~+.-]{0,6}[0-9a]", b in "[0-9][0-9a-b~+.-]{0,6}[0-9a]", c in "[0-9][0-9a-b~+.-]{0,6}[0-9a]") {
            let mut all = [version(&a), version(&b), version(&c)];
            prop_assert_eq!(all[0].cmp(&all[1]), all[1].cmp(&all[0]).reverse());
            all.sort();
            prop_assert!(all[0] <= all[1] && all[1] <= all[2] && all[0] <= all[2]);
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,20}") {
            if let Ok(version) = Version::new(&text) {
                prop_assert_eq!(version.cmp(&version), Ordering::Equal);
                prop_assert!(!version.upstream().is_empty());
            }
        }
    }
}
