//! `Release` files: what an archive says of itself, and the hashes of its indexes (Debian repository format).

use super::sources::Times;
use slim::packages::dpkg::paragraph::{Paragraph, paragraphs};
use std::collections::BTreeMap;

/// How far ahead an archive's clock may be, in seconds: as much as apt allows.
pub(crate) const CLOCK_SKEW: i64 = 10;
/// Real ones list some 4000 files.
const FILE_LIMIT: usize = 200_000;

/// A verified `Release`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Release {
    /// `Origin`: `Debian`.
    pub origin: String,
    /// `Label`: `Debian-Security`.
    pub label: String,
    /// `Suite`: `stable-security`.
    pub suite: String,
    /// `Codename`: `bookworm-security`.
    pub codename: String,
    /// `Version`: `12.9`; empty when the archive has none.
    pub version: String,
    /// `Date`, seconds since 1970.
    pub date: Option<i64>,
    /// `Valid-Until`, seconds since 1970.
    pub valid_until: Option<i64>,
    /// `Architectures`.
    pub architectures: Vec<String>,
    /// `Components` as written: the security archive says `updates/main`.
    pub components: Vec<String>,
    /// `Acquire-By-Hash: yes`.
    pub by_hash: bool,
    /// Packages of architecture `all` have an index of their own.
    pub has_all_index: bool,
    /// `NotAutomatic: yes`: nothing is upgraded to this unless asked for.
    pub not_automatic: bool,
    /// `ButAutomaticUpgrades: yes`: what came from here is upgraded from here.
    pub but_automatic_upgrades: bool,
    /// `Snapshots`: where the archive is found as it was, with `@SNAPSHOTID@` for the moment.
    pub snapshots: Option<String>,
    /// `SHA256`: name below the suite's folder to hash and size.
    pub files: BTreeMap<String, Listed>,
}

/// A file that a `Release` lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// A `Release` that must not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// Not a paragraph with the needed fields.
    #[error("it is not a Release file: {0}")]
    Malformed(String),
    /// It is for another suite than was asked for.
    #[error("expected the suite {expected}, found Suite {suite:?}, Codename {codename:?}")]
    OtherSuite {
        /// The suite of the source.
        expected: String,
        /// What it says.
        suite: String,
        /// What it says.
        codename: String,
    },
    /// `Date` lies ahead.
    #[error("it is dated {date}, which is in the future: is the clock right?")]
    Future {
        /// Its date.
        date: String,
    },
    /// `Valid-Until` has passed.
    #[error("it was valid until {until}: the mirror is stale, or somebody holds back updates")]
    Expired {
        /// Its end.
        until: String,
    },
    /// Older than the one that was seen before.
    #[error(
        "it is dated {date}, older than the one seen before ({seen}): the mirror is stale, or somebody holds back updates"
    )]
    Rollback {
        /// Its date.
        date: String,
        /// The newest date seen.
        seen: String,
    },
}

/// What to check besides the form.
#[derive(Debug, Clone, Copy)]
pub struct Checks {
    /// Seconds since 1970.
    pub now: i64,
    /// Whether `Valid-Until` counts.
    pub valid_until: bool,
    /// The newest `Date` seen of this suite so far.
    pub seen: Option<i64>,
    /// What the source says of times.
    pub times: Times,
}

impl Release {
    /// Reads the text of a release. Verify its signature first: nothing of an unsigned text should even be parsed.
    ///
    /// # Errors
    /// [`ReleaseError::Malformed`].
    pub fn parse(text: &[u8]) -> Result<Self, ReleaseError> {
        let malformed = |what: &str| ReleaseError::Malformed(what.into());
        let mut all = paragraphs(text);
        let paragraph = all.next().ok_or_else(|| malformed("it is empty"))?;
        if all.next().is_some() {
            return Err(malformed("it has more than one paragraph"));
        }
        let field = |name: &str| paragraph.get(name).unwrap_or_default();
        let yes = |name: &str| field(name) == "yes";
        let words = |name: &str| field(name).split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let time = |name: &str| match paragraph.get(name) {
            None => Ok(None),
            Some(text) => date(&text).map(Some).ok_or_else(|| ReleaseError::Malformed(format!("{name}: {text}"))),
        };
        let architectures = words("Architectures");
        let no_all = words("No-Support-for-Architecture-all").iter().any(|what| what == "Packages");
        Ok(Self {
            origin: field("Origin").into_owned(),
            label: field("Label").into_owned(),
            suite: field("Suite").into_owned(),
            codename: field("Codename").into_owned(),
            version: field("Version").into_owned(),
            date: time("Date")?,
            valid_until: time("Valid-Until")?,
            has_all_index: !no_all && architectures.iter().any(|name| name == "all"),
            architectures,
            components: words("Components"),
            by_hash: yes("Acquire-By-Hash"),
            not_automatic: yes("NotAutomatic"),
            but_automatic_upgrades: yes("ButAutomaticUpgrades"),
            snapshots: paragraph.get("Snapshots").map(|url| url.trim().to_owned()).filter(|url| url != "no"),
            files: files(paragraph)?,
        })
    }

    /// Checks times and name. `suite` is the dist path of the source, `bookworm` or `bookworm/updates`.
    ///
    /// # Errors
    /// Every [`ReleaseError`] but the first.
    pub fn check(&self, suite: &str, checks: Checks) -> Result<(), ReleaseError> {
        let last = suite.trim_end_matches('/').rsplit('/').next().unwrap_or(suite);
        let fits = |name: &str| {
            // `bookworm/updates` called itself `bookworm`, and calls itself `bookworm-security`; proposed has aliases of its own.
            let first = suite.split('/').next().unwrap_or(suite);
            !name.is_empty() && (name == suite || name == last || name == first || name == suite.replace('/', "-"))
                || name == format!("{first}-security") && last == "updates"
        };
        let named = !self.suite.is_empty() || !self.codename.is_empty();
        if named && !fits(&self.suite) && !fits(&self.codename) {
            let (suite_found, codename) = (self.suite.clone(), self.codename.clone());
            return Err(ReleaseError::OtherSuite { expected: suite.into(), suite: suite_found, codename });
        }
        let Times { ahead, unchecked, .. } = checks.times;
        if let Some(date) = self.date.filter(|date| !unchecked && *date > checks.now + ahead.unwrap_or(CLOCK_SKEW)) {
            return Err(ReleaseError::Future { date: written(date) });
        }
        let counts = checks.valid_until && !unchecked;
        if let Some(until) = self.good_until(checks.times).filter(|until| counts && *until < checks.now) {
            return Err(ReleaseError::Expired { until: written(until) });
        }
        if let (Some(date), Some(seen)) = (self.date, checks.seen)
            && date < seen
        {
            return Err(ReleaseError::Rollback { date: written(date), seen: written(seen) });
        }
        Ok(())
    }

    /// `Valid-Until` within the bounds that the source sets to it (sources.list(5), `Valid-Until-Min` and `Valid-Until-Max`).
    fn good_until(&self, times: Times) -> Option<i64> {
        let after = |span: Option<i64>| Some(self.date? + span?);
        let until = match (self.valid_until, after(times.most)) {
            (Some(until), Some(most)) => Some(until.min(most)),
            (until, most) => until.or(most),
        }?;
        Some(after(times.least).map_or(until, |least| until.max(least)))
    }

    /// The folder of a component below the suite's. The security archive writes `updates/main` in `Components`, and has its indexes
    /// in `main`; a source may name either.
    pub fn component_folder<'a>(&self, component: &'a str) -> &'a str {
        if self.files.keys().any(|name| name.starts_with(component) && name[component.len()..].starts_with('/')) {
            return component;
        }
        component.rsplit('/').next().unwrap_or(component)
    }
}

fn files(paragraph: Paragraph<'_>) -> Result<BTreeMap<String, Listed>, ReleaseError> {
    let malformed = |what: String| ReleaseError::Malformed(what);
    let table = paragraph.get("SHA256").ok_or_else(|| malformed("it lists no SHA256 hashes".into()))?;
    let mut files = BTreeMap::new();
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let &[sha256, size, name] = &words[..] else { return Err(malformed(format!("the line {line:?}"))) };
        if !is_sha256(sha256) {
            return Err(malformed(format!("{sha256:?} is not a SHA-256")));
        }
        let size = size.parse().map_err(|_| malformed(format!("{size:?} is not a size")))?;
        files.insert(name.to_owned(), Listed { sha256: sha256.to_ascii_lowercase(), size });
        if files.len() > FILE_LIMIT {
            return Err(malformed(format!("it lists more than {FILE_LIMIT} files")));
        }
    }
    Ok(files)
}

pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `Sat, 11 Jan 2025 10:17:21 UTC`, with the other names that zero has.
fn date(text: &str) -> Option<i64> {
    let text = text.trim();
    let (rest, zone) = text.rsplit_once(' ')?;
    if !matches!(zone, "UTC" | "GMT" | "Z" | "+0000") {
        return None;
    }
    let rest = rest.split_once(", ").map_or(rest, |(_, rest)| rest);
    let time = jiff::civil::DateTime::strptime("%d %b %Y %H:%M:%S", rest.trim()).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(time).ok().map(|time| time.as_second())
}

fn written(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(more: &str) -> String {
        format!(
            "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\nCodename: bookworm-security\n\
             Date: Sat, 11 Jan 2025 10:17:21 UTC\n{more}Acquire-By-Hash: yes\nArchitectures: all amd64\n\
             No-Support-for-Architecture-all: Packages\nComponents: updates/main updates/contrib\n\
             SHA256:\n {} 12 main/binary-amd64/Packages\n",
            "AB".repeat(32)
        )
    }

    fn check(more: &str, now: i64, seen: Option<i64>) -> Result<(), ReleaseError> {
        let release = Release::parse(text(more).as_bytes()).unwrap();
        release.check("bookworm-security", Checks { now, valid_until: true, seen, times: Times::default() })
    }

    const DATE: i64 = 1_736_590_641;

    #[test]
    fn fields_are_read() {
        let release = Release::parse(text("NotAutomatic: yes\n").as_bytes()).unwrap();
        assert_eq!(release.date, Some(DATE));
        assert!(release.by_hash && release.not_automatic && !release.but_automatic_upgrades && !release.has_all_index);
        assert_eq!(release.files["main/binary-amd64/Packages"], Listed { sha256: "ab".repeat(32), size: 12 });
        assert_eq!(release.component_folder("updates/main"), "main");
        assert_eq!(release.component_folder("main"), "main");
    }

    #[test]
    fn times_are_checked() {
        assert_eq!(check("", DATE - 10, None), Ok(()));
        assert!(matches!(check("", DATE - 11, None), Err(ReleaseError::Future { .. })));
        let until = "Valid-Until: Sat, 18 Jan 2025 10:17:21 UTC\n";
        assert_eq!(check(until, DATE + 7 * 86400, None), Ok(()));
        assert!(matches!(check(until, DATE + 7 * 86400 + 1, None), Err(ReleaseError::Expired { .. })));
        assert_eq!(check("", DATE, Some(DATE)), Ok(()));
        assert!(matches!(check("", DATE, Some(DATE + 1)), Err(ReleaseError::Rollback { .. })));
        let release = Release::parse(text(until).as_bytes()).unwrap();
        let late = Checks { now: DATE * 2, valid_until: false, seen: None, times: Times::default() };
        assert_eq!(release.check("stable-security", late), Ok(()));
    }

    #[test]
    fn another_suite_is_refused() {
        let release = Release::parse(text("").as_bytes()).unwrap();
        let checks = Checks { now: DATE, valid_until: true, seen: None, times: Times::default() };
        for (suite, good) in [
            ("bookworm-security", true),
            ("stable-security", true),
            ("bookworm/updates", true),
            ("trixie-security", false),
            ("bookworm", false),
        ] {
            assert_eq!(release.check(suite, checks).is_ok(), good, "{suite}");
        }
    }

    #[test]
    fn what_is_no_release_is_refused() {
        for bad in
            ["", "Origin: x\n", "SHA256:\n zz 1 a\n", "SHA256:\n a\n", "Date: yesterday\nSHA256:\n", "A: b\n\nC: d\n"]
        {
            assert!(matches!(Release::parse(bad.as_bytes()), Err(ReleaseError::Malformed(_))), "{bad:?}");
        }
    }
}
