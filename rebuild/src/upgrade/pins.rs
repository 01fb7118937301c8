//! apt's preferences: which version of a package is the candidate (apt_preferences(5)).

use super::configuration::Configuration;
use super::installed::InstalledPackage;
use crate::archives::index::{Candidate, Origin};
use crate::archives::{image_file, image_folder};
use crate::glob::Glob;
use slim::packages::dpkg::Version as DebianVersion;
use slim::packages::dpkg::paragraph::paragraphs;
use slim::path::ImagePath;
use slim::tree::{Contents, Tree};

/// The priority of what is installed and in no archive.
const INSTALLED: i32 = 100;
/// From here on even an older version is wanted.
const DOWNGRADE: i32 = 1000;
/// The priority of `APT::Default-Release`.
const DEFAULT_RELEASE: i32 = 990;
/// `Pin-Priority: never`: lower than any number that can be written, and not to be raised by another pin.
const NEVER: i32 = i16::MIN as i32;

/// All pins, in apt's order, and what its configuration adds to them.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    pins: Vec<Pin>,
    waits_for_phases: bool,
    allows_new: bool,
}

#[derive(Debug, Clone)]
struct Pin {
    /// Empty: `Package: *`, a pin for whole archives.
    packages: Vec<Named>,
    rule: Rule,
    priority: i32,
}

/// Packages that a pin names.
#[derive(Debug, Clone)]
struct Named {
    name: Pattern,
    /// `src:`: the name is that of the source package.
    source: bool,
    /// What follows the colon; the native architecture when nothing does.
    architecture: Option<String>,
}

/// A version of a package with everywhere that it can be had.
struct Version<'a> {
    version: &'a DebianVersion,
    source: &'a str,
    /// Archives; the status file is none.
    origins: Vec<Option<&'a Origin>>,
}

#[derive(Debug, Clone)]
enum Rule {
    /// A rule that fits nothing.
    Nothing,
    Version(Pattern),
    Site(Pattern),
    Release(Vec<(char, Pattern)>),
}

/// A text, a glob, or `/a regular expression/`.
#[derive(Debug, Clone)]
enum Pattern {
    Glob(Glob),
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
    /// Reads apt's configuration, `/etc/apt/preferences`, then `preferences.d/*` by name.
    ///
    /// # Errors
    /// A file that apt would not be able to read either.
    pub fn of_image(tree: &Tree, contents: &dyn Contents) -> Result<Self, PinError> {
        let mut pins = Self::default();
        let configuration =
            Configuration::of_image(tree, contents).map_err(|(place, problem)| PinError { place, problem })?;
        pins.waits_for_phases = configuration.waits_for_phases();
        pins.allows_new = configuration.allows_new();
        if let Some(release) = configuration.default_release() {
            let error = |problem: String| PinError { place: "APT::Default-Release".into(), problem };
            let rule = Rule::read(&format!("release {release}")).map_err(error)?;
            pins.pins.push(Pin {
                packages: Vec::new(),
                rule: rule.unwrap_or(Rule::Nothing),
                priority: DEFAULT_RELEASE,
            });
        }
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
            if paragraph.fields().next().is_none() {
                continue;
            }
            let packages = field("Package").ok_or_else(|| error("it has no Package".into()))?;
            let general = packages == "*";
            let Some(pin) = field("Pin") else { continue };
            let Some(rule) = Rule::read(&pin).map_err(error)? else { continue };
            if general && matches!(rule, Rule::Version(_)) {
                continue;
            }
            let priority = field("Pin-Priority").ok_or_else(|| error("it has no Pin-Priority".into()))?;
            let priority = match priority.as_str() {
                "never" if general => NEVER,
                "never" => return Err(error("never is a priority of whole archives only (Package: *)".into())),
                number => {
                    let number: i16 = number.parse().map_err(|_| error(format!("{priority:?} is not a priority")))?;
                    i32::from(number).max(NEVER + 1)
                }
            };
            if priority == 0 {
                return Err(error("the priority is 0".into()));
            }
            let packages =
                if general { Ok(Vec::new()) } else { packages.split_ascii_whitespace().map(Named::read).collect() };
            self.pins.push(Pin { packages: packages.map_err(error)?, rule, priority });
        }
        Ok(())
    }

    /// Whether apt installs new packages where an update needs them (`APT::Get::Upgrade-Allow-New`).
    pub fn allows_new(&self) -> bool {
        self.allows_new
    }

    /// Whether apt waits with updates that not every machine gets yet.
    pub(super) fn wait_for_phases(&self) -> bool {
        self.waits_for_phases
    }

    /// The candidate of an installed package: the highest priority, then the newest version. `None` when that is what is installed.
    pub(super) fn choose<'a>(
        &self,
        package: &InstalledPackage,
        offers: &[&'a Candidate],
        native: &str,
    ) -> Option<&'a Candidate> {
        let own = Version { version: &package.version, source: package.source(), origins: vec![None] };
        let mut versions = vec![own];
        for offer in offers {
            match versions.iter_mut().find(|known| known.version == &offer.version) {
                Some(known) => known.origins.push(Some(&offer.origin)),
                None => versions.push(Version {
                    version: &offer.version,
                    source: offer.source_name(),
                    origins: vec![Some(&offer.origin)],
                }),
            }
        }
        let mut best: Option<(i32, &DebianVersion)> = None;
        for version in &versions {
            let priority = self.priority(&package.name, &package.architecture, version, native);
            if priority <= 0 || priority < DOWNGRADE && version.version < &package.version {
                continue;
            }
            let better =
                |(rank, known): (i32, &DebianVersion)| priority > rank || priority == rank && version.version > known;
            if best.is_none_or(better) {
                best = Some((priority, version.version));
            }
        }
        let wanted = best.map(|(_, version)| version).filter(|version| **version != package.version)?;
        // Of several archives with this version the first is used.
        offers.iter().find(|offer| offer.version == *wanted).copied()
    }

    /// The candidate of a package that is not installed: the highest priority, then the newest version, then the first.
    pub(super) fn choose_new<'a>(&self, offers: &[&'a Candidate], native: &str) -> Option<&'a Candidate> {
        let mut best: Option<(i32, &Candidate)> = None;
        for offer in offers {
            let same = offers.iter().filter(|other| other.version == offer.version);
            let version = Version {
                version: &offer.version,
                source: offer.source_name(),
                origins: same.map(|other| Some(&*other.origin)).collect(),
            };
            let priority = self.priority(&offer.name, &offer.architecture, &version, native);
            let better =
                |(rank, known): (i32, &Candidate)| priority > rank || priority == rank && offer.version > known.version;
            if priority > 0 && best.is_none_or(better) {
                best = Some((priority, offer));
            }
        }
        best.map(|(_, offer)| offer)
    }

    /// The priority of a version: of the first pin that names the package and fits it, else the highest of its archives.
    fn priority(&self, name: &str, architecture: &str, version: &Version<'_>, native: &str) -> i32 {
        let archives = || version.origins.iter().map(|origin| self.archive(*origin));
        let highest = archives().max().unwrap_or(NEVER);
        if highest == NEVER {
            return NEVER;
        }
        let architecture = if architecture == "all" { native } else { architecture };
        let named =
            |pin: &&Pin| pin.packages.iter().any(|named| named.fits(name, version.source, architecture, native));
        let fits = |pin: &&Pin| version.origins.iter().any(|origin| pin.rule.fits(Some(version.version), *origin));
        self.pins.iter().filter(named).find(fits).map_or(highest, |pin| pin.priority)
    }

    /// The priority of a whole archive, or of the status file.
    fn archive(&self, origin: Option<&Origin>) -> i32 {
        let general = || self.pins.iter().filter(|pin| pin.packages.is_empty() && pin.rule.fits(None, origin));
        if general().any(|pin| pin.priority == NEVER) {
            return NEVER;
        }
        general().next().map_or_else(
            || match origin.map(|origin| (origin.not_automatic, origin.but_automatic_upgrades)) {
                None => INSTALLED,
                Some((true, true)) => 100,
                Some((true, false)) => 1,
                Some((false, _)) => 500,
            },
            |pin| pin.priority,
        )
    }
}

impl Named {
    fn read(text: &str) -> Result<Self, String> {
        let (rest, source) = text.strip_prefix("src:").map_or((text, false), |rest| (rest, true));
        let (name, architecture) = match rest.rsplit_once(':') {
            Some((name, architecture)) => (name, Some(architecture.to_owned())),
            None => (rest, None),
        };
        Ok(Self { name: Pattern::read(name)?, source, architecture })
    }

    /// Whether this version of a package is meant. A name without an architecture means the native one only.
    fn fits(&self, name: &str, source: &str, architecture: &str, native: &str) -> bool {
        self.name.fits(if self.source { source } else { name })
            && match self.architecture.as_deref() {
                None | Some("native") => architecture == native,
                Some("any") => true,
                Some(wanted) => Glob::fnmatch(wanted.as_bytes()).fits_bytes(architecture.as_bytes()),
            }
    }
}

impl Rule {
    /// `None` for a kind of pin that apt does not know either: it warns and goes on.
    fn read(text: &str) -> Result<Option<Self>, String> {
        let (kind, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let rest = rest.trim();
        match kind.to_ascii_lowercase().as_str() {
            "version" => Pattern::read(rest).map(|pattern| Some(Self::Version(pattern))),
            "origin" => Pattern::read(rest.trim_matches('"')).map(|pattern| Some(Self::Site(pattern))),
            "release" if !rest.contains('=') => {
                let key = if rest.starts_with(|c: char| c.is_ascii_digit()) { 'v' } else { '*' };
                Ok(Some(Self::Release(vec![(key, Pattern::read(rest)?)])))
            }
            "release" => {
                let part = |part: &str| {
                    let (key, value) = part.split_once('=').ok_or_else(|| format!("{part:?} has no value"))?;
                    let key = key.trim().chars().next().unwrap_or(' ');
                    Ok((key, Pattern::read(value.trim().trim_matches('"'))?))
                };
                Ok(Some(Self::Release(rest.split(',').map(part).collect::<Result<_, String>>()?)))
            }
            _ => Ok(None),
        }
    }

    fn fits(&self, version: Option<&DebianVersion>, origin: Option<&Origin>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Version(pattern) => version.is_some_and(|version| pattern.fits(version.as_str())),
            Self::Site(pattern) => origin.is_some_and(|origin| pattern.fits(&origin.site)),
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
            None => Ok(Self::Glob(Glob::fnmatch(text.to_ascii_lowercase().as_bytes()))),
        }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.fits_bytes(text.to_ascii_lowercase().as_bytes()),
            Self::Expression(expression) => expression.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_preferences_are_errors() {
        for text in [
            "Pin: version 1\nPin-Priority: 5",
            "Package: a\nPin: version 1",
            "Explanation: of nothing",
            "Package: a\nPin: version 1\nPin-Priority: 0",
            "Package: a\nPin: version 1\nPin-Priority: never",
            "Package: a\nPin: version 1\nPin-Priority: 40000",
        ] {
            assert!(Pins::default().add("/f", text).is_err(), "{text}");
        }
    }
}
