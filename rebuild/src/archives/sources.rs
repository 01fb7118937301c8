//! Which archives an image takes its packages from (sources.list(5)).

mod entry;
mod line;
mod stanza;

use super::signature::Restriction;
use entry::Entry;
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
    /// The host of that address as the image writes it, wherever the source is read from.
    pub site: String,
    /// Path below `dists/`: `bookworm`, `bookworm/updates`; for a flat repository its folder, ending in `/`.
    pub suite: String,
    /// What is read of it: components for architectures. A source that is written more than once has more than one; in a flat
    /// repository they have no components.
    pub parts: Vec<Part>,
    /// Keys that may sign it.
    pub signed_by: SignedBy,
    /// `trusted=yes`: apt takes it unsigned.
    pub trusted: bool,
    /// `check-valid-until`; `None` when not said.
    pub check_valid_until: Option<bool>,
    /// `by-hash`; `None` when not said.
    pub by_hash: Option<bool>,
    /// How long its releases are believed.
    pub times: Times,
    /// `snapshot`: the moment as which its archive is wanted, `YYYYMMDDTHHMMSSZ`.
    pub snapshot: Option<String>,
}

/// Components of a source, for some architectures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Components; none in a flat repository.
    pub components: Vec<String>,
    /// Architectures it is limited to.
    pub architectures: Choice,
}

/// Values of an option that has a default: `arch=`, `arch+=`, `arch-=`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// What replaces the default.
    pub only: Option<Vec<String>>,
    /// What is added.
    pub add: Vec<String>,
    /// What is taken away, in the end.
    pub remove: Vec<String>,
}

impl Choice {
    /// Whether a value is among them, where the default has it.
    pub fn allows(&self, name: &str) -> bool {
        let has = |all: &[String]| all.iter().any(|known| known == name);
        (self.only.as_deref().is_none_or(has) || has(&self.add)) && !has(&self.remove)
    }

    /// The same for packages of architecture `all`, whose index goes with every choice of architectures unless it is taken away.
    pub fn allows_all(&self) -> bool {
        !self.remove.iter().any(|known| known == "all")
    }
}

/// Options that say when a release is believed, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// `valid-until-min`: a release is good for this long after its `Date`, whatever it says.
    pub least: Option<i64>,
    /// `valid-until-max`: and for no longer than this.
    pub most: Option<i64>,
    /// `date-max-future`: how far ahead `Date` may lie.
    pub ahead: Option<i64>,
    /// `check-date=no`: neither `Date` nor `Valid-Until` count.
    pub unchecked: bool,
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
    /// Keys that vouch for themselves with nothing better than SHA-1, as apt up to Debian 12 does.
    pub sha1_keys: bool,
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

/// The host of an address, as `Pin: origin` means it.
fn site(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    host.split(':').next().unwrap_or(host)
}

/// apt reads only names of letters, digits, `_`, `-` and `.` in its folders.
pub(crate) fn is_config_name(name: &str) -> bool {
    !name.starts_with('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// A switch as apt reads it (`StringToBool`); `None` for what is none.
pub(crate) fn yes(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "with" | "on" | "enable" | "1" => Some(true),
        "no" | "false" | "without" | "off" | "disable" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
