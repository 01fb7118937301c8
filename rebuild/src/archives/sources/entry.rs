//! An entry before it is spread over its addresses and suites: the same options in both styles.

use super::super::signature::Exact;
use super::{Choice, Part, SOURCE_LIMIT, SignedBy, Source, SourcesError, Times, site, yes};

/// What of a suite slim reads (`Acquire::IndexTargets` of apt): without it there is nothing for slim in an entry.
const TARGET: &str = "Packages";

#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) place: String,
    pub(super) uris: Vec<String>,
    pub(super) suites: Vec<String>,
    pub(super) components: Vec<String>,
    architectures: Choice,
    targets: Choice,
    signed_by: SignedBy,
    trusted: bool,
    check_valid_until: Option<bool>,
    by_hash: Option<bool>,
    times: Times,
    snapshot: Option<String>,
}

/// What an option does to the value that it has so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// `arch=`, `Architectures:`
    Set,
    /// `arch+=`, `Architectures-Add:`
    Add,
    /// `arch-=`, `Architectures-Remove:`
    Remove,
}

impl Entry {
    /// An entry that says nothing yet.
    pub(super) fn at(place: String) -> Self {
        Self { place, ..Self::default() }
    }

    /// One option by its lower-case name, as either style spells it.
    pub(super) fn option(&mut self, name: &str, how: How, value: &str) -> Result<(), SourcesError> {
        match name {
            "arch" | "architectures" => change(&mut self.architectures, how, value),
            "target" | "targets" => change(&mut self.targets, how, value),
            "signed-by" => self.signed_by = self.read_signed_by(value)?,
            // An explicit `no` makes apt distrust even a signed archive; asking for a signature is what slim does anyway.
            "trusted" | "allow-insecure" => self.trusted |= yes(value).unwrap_or(false),
            "check-valid-until" => self.check_valid_until = yes(value),
            "by-hash" if value.trim().eq_ignore_ascii_case("force") => self.by_hash = Some(true),
            "by-hash" => self.by_hash = yes(value),
            // `enable` and `disable` say only what the caller's own wish for a snapshot means.
            "snapshot" => {
                self.snapshot = yes(value).is_none().then(|| value.trim().to_owned()).filter(|id| id != "disable")
            }
            "check-date" => self.times.unchecked = yes(value) == Some(false),
            "valid-until-min" => self.times.least = Some(self.seconds(name, value)?),
            "valid-until-max" => self.times.most = Some(self.seconds(name, value)?),
            "date-max-future" => self.times.ahead = Some(self.seconds(name, value)?),
            _ => {}
        }
        Ok(())
    }

    fn seconds(&self, name: &str, value: &str) -> Result<i64, SourcesError> {
        let error = || SourcesError {
            place: self.place.clone(),
            problem: format!("{name}: {value:?} is no number of seconds"),
        };
        value.trim().parse::<u32>().map(i64::from).map_err(|_| error())
    }

    fn read_signed_by(&self, value: &str) -> Result<SignedBy, SourcesError> {
        let mut signed_by = SignedBy::default();
        if value.contains("-----BEGIN") {
            // Each line is indented by one blank in the file, and empty lines are a dot.
            let lines = value.lines().map(str::trim).map(|line| if line == "." { "" } else { line });
            signed_by.inline = Some(lines.skip_while(|line| line.is_empty()).map(|line| format!("{line}\n")).collect());
            return Ok(signed_by);
        }
        for word in words(value) {
            let (print, exact) = match word.strip_suffix('!') {
                Some(print) => (print, Exact::Yes),
                None => (word, Exact::No),
            };
            if word.starts_with('/') {
                signed_by.files.push(word.into());
            } else if print.len() >= 40 && print.bytes().all(|b| b.is_ascii_hexdigit()) {
                signed_by.restriction.fingerprints.push((print.to_ascii_uppercase(), exact));
            } else {
                let problem = format!("Signed-By {word:?} is neither a file nor a fingerprint");
                return Err(SourcesError { place: self.place.clone(), problem });
            }
        }
        Ok(signed_by)
    }

    pub(super) fn spread(self) -> Result<Vec<Source>, SourcesError> {
        let error = |problem: String| SourcesError { place: self.place.clone(), problem };
        if self.uris.is_empty() || self.suites.is_empty() {
            return Err(error("an address and a suite are needed".into()));
        }
        let mut sources = Vec::new();
        for uri in &self.uris {
            for suite in &self.suites {
                let flat = suite.ends_with('/');
                if flat != self.components.is_empty() {
                    let problem = format!("suite {suite:?} and components {:?} do not go together", self.components);
                    return Err(error(problem));
                }
                if suite.split('/').any(|part| part == "..") || suite.contains(['?', '#', '@', ':']) {
                    return Err(error(format!("{suite:?} is not a suite")));
                }
                if let Some(bad) =
                    self.components.iter().find(|name| name.contains("..") || name.contains(['?', '#', ':']))
                {
                    return Err(error(format!("{bad:?} is not a component")));
                }
                let part = Part { components: self.components.clone(), architectures: self.architectures.clone() };
                sources.push(Source {
                    place: self.place.clone(),
                    uri: uri.trim_end_matches('/').into(),
                    site: site(uri).into(),
                    suite: suite.clone(),
                    parts: vec![part],
                    signed_by: self.signed_by.clone(),
                    trusted: self.trusted,
                    check_valid_until: self.check_valid_until,
                    by_hash: self.by_hash,
                    times: self.times,
                    snapshot: self.snapshot.clone(),
                });
                if sources.len() > SOURCE_LIMIT {
                    return Err(error(format!("more than {SOURCE_LIMIT} sources")));
                }
            }
        }
        if !self.targets.allows(TARGET) {
            sources.clear();
        }
        Ok(sources)
    }
}

fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty())
}

fn change(choice: &mut Choice, how: How, value: &str) {
    let words = words(value).map(str::to_owned);
    match how {
        How::Set => choice.only = Some(words.collect()),
        How::Add => choice.add.extend(words),
        How::Remove => choice.remove.extend(words),
    }
}
