//! apt's preferences: which version of a package is the candidate (apt_preferences(5)).

use super::installed::InstalledPackage;
use crate::archives::index::{Candidate, Origin};
use crate::archives::{image_file, image_folder};
use slim::packages::dpkg::Version;
use slim::packages::dpkg::paragraph::paragraphs;
use slim::path::ImagePath;
use slim::tree::{Contents, Tree};

/// The priority of what is installed and in no archive.
const INSTALLED: i32 = 100;
/// From here on even an older version is wanted.
const DOWNGRADE: i32 = 1000;

/// All pins, in apt's order.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    pins: Vec<Pin>,
}

#[derive(Debug, Clone)]
struct Pin {
    /// Empty: `Package: *`, a pin for whole archives.
    packages: Vec<String>,
    rule: Rule,
    priority: i32,
}

#[derive(Debug, Clone)]
enum Rule {
    Version(Pattern),
    Site(Pattern),
    Release(Vec<(char, Pattern)>),
}

/// A text, a glob, or `/a regular expression/`.
#[derive(Debug, Clone)]
enum Pattern {
    Glob(String),
    Expression(Box<regex::Regex>),
}

/// Preferences that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct PinError {
    /// File and paragraph.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl Pins {
    /// Reads `/etc/apt/preferences`, then `preferences.d/*` by name.
    ///
    /// # Errors
    /// A file that apt would not be able to read either.
    pub fn of_image(tree: &Tree, contents: &dyn Contents) -> Result<Self, PinError> {
        let mut pins = Self::default();
        let parts = image_folder(tree, &ImagePath::literal("/etc/apt/preferences.d"));
        for path in std::iter::once(ImagePath::literal("/etc/apt/preferences")).chain(parts) {
            let name = String::from_utf8_lossy(path.file_name()).into_owned();
            if !crate::archives::sources::is_config_name(&name) || name.contains('.') && !name.ends_with(".pref") {
                continue;
            }
            let place = path.to_text();
            let text = image_file(tree, contents, &path, 4 << 20)
                .map_err(|problem| PinError { place: place.clone(), problem })?;
            if let Some(text) = text {
                pins.add(&place, &String::from_utf8_lossy(&text))?;
            }
        }
        Ok(pins)
    }

    /// Adds the text of one file.
    ///
    /// # Errors
    /// The first paragraph that cannot be read.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), PinError> {
        let text: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        for (number, paragraph) in paragraphs(text.as_bytes()).enumerate() {
            let error = |problem: String| PinError { place: format!("{file}, paragraph {}", number + 1), problem };
            let field =
                |name: &str| paragraph.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
            let Some(packages) = field("Package") else {
                if paragraph.fields().next().is_none() || field("Explanation").is_some() && field("Pin").is_none() {
                    continue;
                }
                return Err(error("it has no Package".into()));
            };
            let pin = field("Pin").ok_or_else(|| error("it has no Pin".into()))?;
            let priority = field("Pin-Priority").ok_or_else(|| error("it has no Pin-Priority".into()))?;
            let priority = priority.parse().map_err(|_| error(format!("{priority:?} is not a priority")))?;
            if priority == 0 {
                return Err(error("the priority is 0".into()));
            }
            let rule = Rule::read(&pin).map_err(error)?;
            let packages = if packages == "*" {
                Vec::new()
            } else {
                packages.split_ascii_whitespace().map(str::to_owned).collect()
            };
            self.pins.push(Pin { packages, rule, priority });
        }
        Ok(())
    }

    /// The candidate of an installed package: the highest priority, then the newest version. `None` when that is what is installed.
    pub(super) fn choose<'a>(&self, package: &InstalledPackage, offers: &[&'a Candidate]) -> Option<&'a Candidate> {
        let installed = offers.iter().filter(|offer| offer.version == package.version);
        let installed = self.specific(package.name.as_str(), None, &package.version, None).unwrap_or_else(|| {
            installed.map(|offer| self.archive(&offer.origin)).max().unwrap_or(INSTALLED).max(INSTALLED)
        });
        let mut best: Option<(i32, &Candidate)> = None;
        for offer in offers {
            let priority = self.priority(offer);
            if priority < DOWNGRADE && offer.version < package.version || priority <= 0 {
                continue;
            }
            // One version from several archives has the priority of the best; of equals the first archive is used.
            let better =
                best.is_none_or(|(rank, known)| priority > rank || priority == rank && offer.version > known.version);
            if better {
                best = Some((priority, offer));
            }
        }
        let (priority, offer) = best?;
        if offer.version == package.version {
            return None;
        }
        let wins = priority > installed || priority == installed && offer.version > package.version;
        wins.then_some(offer)
    }

    /// The candidate of a package that is not installed: the highest priority, then the newest version, then the first.
    pub(super) fn choose_new<'a>(&self, offers: &[&'a Candidate]) -> Option<&'a Candidate> {
        let mut best: Option<(i32, &Candidate)> = None;
        for offer in offers {
            let priority = self.priority(offer);
            let better =
                |(rank, known): (i32, &Candidate)| priority > rank || priority == rank && offer.version > known.version;
            if priority > 0 && best.is_none_or(better) {
                best = Some((priority, offer));
            }
        }
        best.map(|(_, offer)| offer)
    }

    fn priority(&self, offer: &Candidate) -> i32 {
        let source = offer.source.as_ref().map(|(name, _)| name.as_str());
        self.specific(&offer.name, source, &offer.version, Some(&offer.origin))
            .unwrap_or_else(|| self.archive(&offer.origin))
    }

    /// The first pin that names the package and fits the version.
    fn specific(&self, name: &str, source: Option<&str>, version: &Version, origin: Option<&Origin>) -> Option<i32> {
        let named = |pin: &&Pin| {
            pin.packages.iter().any(|pattern| match pattern.strip_prefix("src:") {
                Some(pattern) => Pattern::read(pattern).is_ok_and(|pattern| pattern.fits(source.unwrap_or(name))),
                None => {
                    let plain = pattern
                        .split_once(':')
                        .filter(|_| !pattern.starts_with('/'))
                        .map_or(pattern.as_str(), |(name, _)| name);
                    Pattern::read(plain).is_ok_and(|pattern| pattern.fits(name))
                }
            })
        };
        self.pins.iter().filter(named).find(|pin| pin.rule.fits(Some(version), origin)).map(|pin| pin.priority)
    }

    /// The priority of a whole archive.
    fn archive(&self, origin: &Origin) -> i32 {
        let general = self.pins.iter().filter(|pin| pin.packages.is_empty());
        general.into_iter().find(|pin| pin.rule.fits(None, Some(origin))).map_or_else(
            || match (origin.not_automatic, origin.but_automatic_upgrades) {
                (true, true) => 100,
                (true, false) => 1,
                _ => 500,
            },
            |pin| pin.priority,
        )
    }
}

impl Rule {
    fn read(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let rest = rest.trim();
        match kind.to_ascii_lowercase().as_str() {
            "version" => Ok(Self::Version(Pattern::read(rest)?)),
            "origin" => Ok(Self::Site(Pattern::read(rest.trim_matches('"'))?)),
            "release" if !rest.contains('=') => {
                let key = if rest.starts_with(|c: char| c.is_ascii_digit()) { 'v' } else { '*' };
                Ok(Self::Release(vec![(key, Pattern::read(rest)?)]))
            }
            "release" => {
                let part = |part: &str| {
                    let (key, value) = part.split_once('=').ok_or_else(|| format!("{part:?} has no value"))?;
                    let key = key.trim().chars().next().unwrap_or(' ');
                    Ok((key, Pattern::read(value.trim().trim_matches('"'))?))
                };
                Ok(Self::Release(rest.split(',').map(part).collect::<Result<_, String>>()?))
            }
            other => Err(format!("{other:?} is not a kind of pin")),
        }
    }

    fn fits(&self, version: Option<&Version>, origin: Option<&Origin>) -> bool {
        match self {
            Self::Version(pattern) => version.is_some_and(|version| pattern.fits(version.as_str())),
            Self::Site(pattern) => origin.is_some_and(|origin| pattern.fits(origin.site())),
            Self::Release(parts) => parts.iter().all(|(key, pattern)| match (origin, key) {
                // What is only installed is in the archive that apt calls `now`.
                (None, 'a' | '*') => pattern.fits("now"),
                (None, _) => false,
                (Some(origin), 'a') => pattern.fits(&origin.suite),
                (Some(origin), 'n') => pattern.fits(&origin.codename),
                (Some(origin), '*') => pattern.fits(&origin.suite) || pattern.fits(&origin.codename),
                (Some(origin), 'o') => pattern.fits(&origin.origin),
                (Some(origin), 'l') => pattern.fits(&origin.label),
                (Some(origin), 'c') => pattern.fits(&origin.component),
                (Some(origin), 'v') => pattern.fits(&origin.version),
                _ => false,
            }),
        }
    }
}

impl Pattern {
    fn read(text: &str) -> Result<Self, String> {
        match text.strip_prefix('/').and_then(|text| text.strip_suffix('/')) {
            Some(expression) => {
                let built = regex::RegexBuilder::new(expression).case_insensitive(true).size_limit(1 << 20).build();
                built.map(|expression| Self::Expression(Box::new(expression))).map_err(|error| error.to_string())
            }
            None => Ok(Self::Glob(text.to_ascii_lowercase())),
        }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Glob(pattern) => glob(pattern.as_bytes(), text.to_ascii_lowercase().as_bytes()),
            Self::Expression(expression) => expression.is_match(text),
        }
    }
}

/// fnmatch(3) with `*`, `?` and `[…]`, in linear space and without recursion.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        let rest = &pattern[at..];
        if rest.first() == Some(&b'*') {
            star = Some((at, from));
            at += 1;
            continue;
        }
        match one(rest, text[from]) {
            Some(length) => (at, from) = (at + length, from + 1),
            None => match star {
                Some((place, eaten)) => {
                    star = Some((place, eaten + 1));
                    (at, from) = (place + 1, eaten + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|b| *b == b'*')
}

/// How long the pattern's first element is, if it fits this byte.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    let (first, rest) = pattern.split_first()?;
    match first {
        b'?' => Some(1),
        b'[' => {
            let negated = matches!(rest.first(), Some(b'!' | b'^'));
            let set = &rest[usize::from(negated)..];
            // A bracket right at the start belongs to the set.
            let Some(end) = set.iter().skip(1).position(|b| *b == b']').map(|end| end + 1) else {
                return (byte == b'[').then_some(1);
            };
            let (mut inside, mut at) = (false, 0);
            while at < end {
                match set[at..end] {
                    [low, b'-', high, ..] => {
                        inside |= (low..=high).contains(&byte);
                        at += 3;
                    }
                    [only, ..] => {
                        inside |= only == byte;
                        at += 1;
                    }
                    [] => break,
                }
            }
            (inside != negated).then_some(1 + usize::from(negated) + end + 1)
        }
        b'\\' => (rest.first() == Some(&byte)).then_some(2),
        other => (*other == byte).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_fnmatchs() {
        for (pattern, text, expected) in [
            ("linux-*", "linux-image", true),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("1.2.[3-5]?", "1.2.4x", true),
            ("[!a]b", "ab", false),
            ("[]]", "]", true),
            ("[", "[", true),
            ("a?", "a", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn broken_preferences_are_errors() {
        for text in [
            "Pin: version 1\nPin-Priority: 5",
            "Package: a\nPin-Priority: 5",
            "Package: a\nPin: version 1",
            "Package: a\nPin: x y\nPin-Priority: 1",
        ] {
            assert!(Pins::default().add("/f", text).is_err(), "{text}");
        }
    }
}
