//! Which archives an image takes its packages from (sources.list(5)).

mod line;
mod stanza;

use super::signature::{Exact, Restriction};
use slim::path::ImagePath;
use slim::tree::{Contents, Tree};

/// A text file of apt's is small.
pub(super) const FILE_LIMIT: u64 = 4 << 20;
/// More than any image has.
const SOURCE_LIMIT: usize = 1000;

/// One suite at one address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// Where it is written, for people: `/etc/apt/sources.list:3`.
    pub place: String,
    /// Base address without a slash at its end.
    pub uri: String,
    /// Path below `dists/`: `bookworm`, `bookworm/updates`; for a flat repository its folder, ending in `/`.
    pub suite: String,
    /// Components; none in a flat repository.
    pub components: Vec<String>,
    /// Architectures it is limited to; all when `None`.
    pub architectures: Option<Vec<String>>,
    /// Keys that may sign it.
    pub signed_by: SignedBy,
    /// `trusted=yes`: apt takes it unsigned.
    pub trusted: bool,
    /// `check-valid-until`; `None` when not said.
    pub check_valid_until: Option<bool>,
    /// `by-hash`; `None` when not said.
    pub by_hash: Option<bool>,
}

/// What `Signed-By` names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignedBy {
    /// Keyring files in the image.
    pub files: Vec<String>,
    /// A key inside the source itself.
    pub inline: Option<String>,
    /// Fingerprints of the keys in apt's own keyrings that are trusted.
    pub restriction: Restriction,
}

/// A source that is not used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {uri}: {reason}")]
pub struct Refused {
    /// Where it is written.
    pub place: String,
    /// Its address, without credentials.
    pub uri: String,
    /// Why not.
    pub reason: Refusal,
}

/// Why a source is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `cdrom:`, `tor+http:`, `mirror+file:` and whatever else is not http or https.
    #[error("slim does not speak {0}: (only http: and https:)")]
    Scheme(String),
    /// `file:` or `copy:`: a folder of the machine that ran apt, which is not here.
    #[error("{0}: means a folder of the machine that built the image")]
    Local(String),
    /// A repository without suites.
    #[error("it is a flat repository; allow flat repositories to use it")]
    Flat,
    /// `trusted=yes` or `allow-insecure=yes`.
    #[error("it is marked as trusted without a signature; allow unsigned archives to use it as such")]
    Unsigned,
    /// An address that does not parse.
    #[error("it is not an address")]
    Address,
}

/// What the user allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allow {
    /// Flat repositories.
    pub flat: bool,
    /// Sources that need no signature because the image says so.
    pub unsigned: bool,
}

/// A sources file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct SourcesError {
    /// File, and line or stanza.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

/// All sources of an image, in apt's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    /// What can be used.
    pub usable: Vec<Source>,
    /// What cannot.
    pub refused: Vec<Refused>,
}

impl Sources {
    /// Reads `/etc/apt/sources.list`, then `sources.list.d/*.{list,sources}` by name.
    ///
    /// # Errors
    /// A file that apt would not be able to read either.
    pub fn of_image(tree: &Tree, contents: &dyn Contents, allow: Allow) -> Result<Self, SourcesError> {
        let mut sources = Self::default();
        let main = ImagePath::literal("/etc/apt/sources.list");
        let parts = super::image_folder(tree, &ImagePath::literal("/etc/apt/sources.list.d"));
        for path in std::iter::once(main).chain(parts) {
            let name = String::from_utf8_lossy(path.file_name()).into_owned();
            if !(name.ends_with(".list") || name.ends_with(".sources")) || !is_config_name(&name) {
                continue;
            }
            let place = path.to_text();
            let read = super::image_file(tree, contents, &path, FILE_LIMIT);
            let Some(text) = read.map_err(|problem| SourcesError { place: place.clone(), problem })? else { continue };
            sources.add(&place, &String::from_utf8_lossy(&text), name.ends_with(".sources"), allow)?;
        }
        Ok(sources)
    }

    /// Adds the text of one file: one-line style, or stanzas.
    ///
    /// # Errors
    /// The first line or stanza that cannot be read.
    pub fn add(&mut self, place: &str, text: &str, stanzas: bool, allow: Allow) -> Result<(), SourcesError> {
        let entries = if stanzas { stanza::read(place, text)? } else { line::read(place, text)? };
        for source in entries {
            match refusal(&source, allow) {
                Some(reason) => {
                    self.refused.push(Refused {
                        place: source.place,
                        uri: super::without_secrets(&source.uri),
                        reason,
                    });
                }
                None => self.usable.push(source),
            }
            if self.usable.len() + self.refused.len() > SOURCE_LIMIT {
                return Err(SourcesError { place: place.into(), problem: format!("more than {SOURCE_LIMIT} sources") });
            }
        }
        Ok(())
    }
}

fn refusal(source: &Source, allow: Allow) -> Option<Refusal> {
    let Some((scheme, rest)) = source.uri.split_once(':') else { return Some(Refusal::Address) };
    match scheme {
        "http" | "https" if rest.trim_start_matches('/').is_empty() => return Some(Refusal::Address),
        "http" | "https" => {}
        "file" | "copy" => return Some(Refusal::Local(scheme.into())),
        _ => return Some(Refusal::Scheme(scheme.into())),
    }
    if source.suite.ends_with('/') && !allow.flat {
        return Some(Refusal::Flat);
    }
    (source.trusted && !allow.unsigned).then_some(Refusal::Unsigned)
}

/// apt reads only names of letters, digits, `_`, `-` and `.` in its folders.
pub(crate) fn is_config_name(name: &str) -> bool {
    !name.starts_with('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// An entry before it is spread over its addresses and suites.
#[derive(Debug, Clone, Default)]
struct Entry {
    place: String,
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    architectures: Option<Vec<String>>,
    signed_by: SignedBy,
    trusted: bool,
    check_valid_until: Option<bool>,
    by_hash: Option<bool>,
}

impl Entry {
    /// One option by its lower-case name, as both styles spell it (with `-`).
    fn option(&mut self, name: &str, value: &str) -> Result<(), SourcesError> {
        match name {
            "arch" | "architectures" => {
                let words = value.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty());
                self.architectures = Some(words.map(str::to_owned).collect());
            }
            "signed-by" => self.signed_by = self.read_signed_by(value)?,
            // An explicit `no` makes apt distrust even a signed archive; asking for a signature is what slim does anyway.
            "trusted" | "allow-insecure" => self.trusted |= yes(value).unwrap_or(false),
            "check-valid-until" => self.check_valid_until = yes(value),
            "by-hash" if value.eq_ignore_ascii_case("force") => self.by_hash = Some(true),
            "by-hash" => self.by_hash = yes(value),
            _ => {}
        }
        Ok(())
    }

    fn read_signed_by(&self, value: &str) -> Result<SignedBy, SourcesError> {
        let mut signed_by = SignedBy::default();
        if value.contains("-----BEGIN") {
            // Each line is indented by one blank in the file, and empty lines are a dot.
            let lines = value.lines().map(str::trim).map(|line| if line == "." { "" } else { line });
            signed_by.inline = Some(lines.map(|line| format!("{line}\n")).collect());
            return Ok(signed_by);
        }
        for word in value.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty()) {
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

    fn spread(self) -> Result<Vec<Source>, SourcesError> {
        let error = |problem: String| SourcesError { place: self.place.clone(), problem };
        if self.uris.is_empty() || self.suites.is_empty() {
            return Err(error("an address and a suite are needed".into()));
        }
        let mut sources = Vec::new();
        for uri in &self.uris {
            for suite in &self.suites {
                let flat = suite.ends_with('/');
                if flat != self.components.is_empty() {
                    return Err(error(format!(
                        "suite {suite:?} and components {:?} do not go together",
                        self.components
                    )));
                }
                if suite.split('/').any(|part| part == "..") || suite.contains(['?', '#', '@', ':']) {
                    return Err(error(format!("{suite:?} is not a suite")));
                }
                if let Some(bad) =
                    self.components.iter().find(|name| name.contains("..") || name.contains(['?', '#', ':']))
                {
                    return Err(error(format!("{bad:?} is not a component")));
                }
                sources.push(Source {
                    place: self.place.clone(),
                    uri: uri.trim_end_matches('/').into(),
                    suite: suite.clone(),
                    components: self.components.clone(),
                    architectures: self.architectures.clone(),
                    signed_by: self.signed_by.clone(),
                    trusted: self.trusted,
                    check_valid_until: self.check_valid_until,
                    by_hash: self.by_hash,
                });
                if sources.len() > SOURCE_LIMIT {
                    return Err(error(format!("more than {SOURCE_LIMIT} sources")));
                }
            }
        }
        Ok(sources)
    }
}

fn yes(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "with" | "on" | "enable" | "1" => Some(true),
        "no" | "false" | "without" | "off" | "disable" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
