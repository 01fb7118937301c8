//! One suite of a source: its verified release, and its indexes.

use super::cache::{Cache, Remembered};
use super::download::{Fetched, small};
use super::index::{Origin, reduce};
use super::keep::Keep;
use super::release::{Checks, Listed, Release};
use super::signature::{self, Keyring, SignatureError, Signer};
use super::sources::Source;
use super::transport::{Request, Transport};
use super::{ArchiveError, without_secrets};
use crate::event::{Event, Reporter};
use crate::image::Digest;
use std::io::Read;

/// The real ones have up to some 200 kB.
const RELEASE_LIMIT: u64 = 16 << 20;
/// Debian's main is 9 MB compressed, 50 MB plain.
const COMPRESSED_LIMIT: u64 = 256 << 20;
const PLAIN_LIMIT: u64 = 1 << 30;

/// A suite whose release is trusted.
#[derive(Debug, Clone)]
pub(super) struct Suite {
    pub(super) source: Source,
    /// Address of the folder that holds `InRelease`.
    pub(super) folder: String,
    pub(super) release: Release,
    /// SHA-256 of the release text as it was signed.
    pub(super) digest: Digest,
    pub(super) signers: Vec<Signer>,
}

/// What opening suites needs.
pub(super) struct Opening<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) cache: &'a Cache,
    pub(super) reporter: &'a dyn Reporter,
    pub(super) now: i64,
    pub(super) valid_until: bool,
    pub(super) by_hash: bool,
    /// Whether an older release than the one seen before is refused.
    pub(super) memory: bool,
    /// Receives what was verified.
    pub(super) keep: Option<Keep<'a>>,
}

/// An index that was read.
#[derive(Debug, Clone)]
pub(super) struct Index {
    pub(super) origin: Origin,
    /// Name below the suite's folder.
    pub(super) name: String,
    /// SHA-256 of the plain index, or of the smallest form that the release lists.
    pub(super) sha256: String,
    pub(super) reduced: Vec<u8>,
}

pub(super) fn folder_of(source: &Source) -> String {
    if source.suite.ends_with('/') {
        let suite = source.suite.trim_start_matches("./").trim_matches('/');
        return if suite.is_empty() { source.uri.clone() } else { format!("{}/{suite}", source.uri) };
    }
    format!("{}/dists/{}", source.uri, source.suite)
}

impl Opening<'_> {
    /// Fetches and verifies the release of a source.
    pub(super) fn suite(&self, source: &Source, keyring: &Keyring) -> Result<Suite, ArchiveError> {
        let folder = folder_of(source);
        let known = self.cache.remembered(&without_secrets(&folder)).filter(|_| self.memory);
        let url = format!("{folder}/InRelease");
        let request = Request {
            url: &url,
            etag: known.as_ref().and_then(|known| known.etag.as_deref()),
            last_modified: known.as_ref().and_then(|known| known.last_modified.as_deref()),
            ..Request::default()
        };
        let fetched = match small(self.transport, &request, RELEASE_LIMIT, self.reporter) {
            Err(error) if error.is_missing() => {
                return self.detached(source, keyring, folder, known.as_ref());
            }
            Ok(None) => known.as_ref().map(|known| Fetched {
                bytes: known.text.clone().into_bytes(),
                etag: known.etag.clone(),
                last_modified: known.last_modified.clone(),
            }),
            other => other?,
        };
        let reason = || "304 without a condition".to_owned();
        let fetched = fetched.ok_or_else(|| ArchiveError::Corrupt { url: without_secrets(&url), reason: reason() })?;
        let failed = |cause| ArchiveError::Signature { url: without_secrets(&url), cause };
        let parts = signature::split(&fetched.bytes).map_err(failed)?;
        let restriction = &source.signed_by.restriction;
        let signers = match signature::verify(&parts.signed, &parts.signatures, keyring, restriction, self.now) {
            Err(error) if source.trusted && error.is_about_keys() => Vec::new(),
            other => other.map_err(failed)?,
        };
        let suite = self.checked(source, folder, &url, &parts.text, signers, known.as_ref())?;
        self.keep(&url, &fetched.bytes)?;
        let text = String::from_utf8(fetched.bytes).ok();
        let known = Remembered {
            url: without_secrets(&suite.folder),
            date: suite.release.date.max(known.and_then(|known| known.date)),
            // Without the text a condition would be answered by something that is not here.
            etag: fetched.etag.filter(|_| text.is_some()),
            last_modified: fetched.last_modified.filter(|_| text.is_some()),
            text: text.unwrap_or_default(),
        };
        self.remember(&known)?;
        Ok(suite)
    }

    fn keep(&self, url: &str, mut bytes: &[u8]) -> Result<(), ArchiveError> {
        self.keep.map_or(Ok(()), |keep| keep.take(url, &mut bytes))
    }

    fn remember(&self, known: &Remembered) -> Result<(), ArchiveError> {
        if !self.memory {
            return Ok(());
        }
        self.cache.remember(known).map_err(|error| ArchiveError::cache("remembering a release", &error))
    }

    /// The older form: `Release` with `Release.gpg` beside it.
    fn detached(
        &self,
        source: &Source,
        keyring: &Keyring,
        folder: String,
        known: Option<&Remembered>,
    ) -> Result<Suite, ArchiveError> {
        let get = |name: &str| {
            let url = format!("{folder}/{name}");
            let request = Request { url: &url, ..Request::default() };
            let fetched = small(self.transport, &request, RELEASE_LIMIT, self.reporter)?;
            Ok::<_, ArchiveError>(fetched.map(|fetched| fetched.bytes).unwrap_or_default())
        };
        let url = format!("{folder}/Release");
        let text = get("Release")?;
        let failed = |cause| ArchiveError::Signature { url: without_secrets(&url), cause };
        let restriction = &source.signed_by.restriction;
        let signers = match get("Release.gpg") {
            Ok(signatures) => {
                let signers = match signature::verify(&text, &signatures, keyring, restriction, self.now) {
                    Err(error) if source.trusted && error.is_about_keys() => Vec::new(),
                    other => other.map_err(failed)?,
                };
                self.keep(&format!("{folder}/Release.gpg"), &signatures)?;
                signers
            }
            Err(error) if error.is_missing() && source.trusted => Vec::new(),
            Err(error) if error.is_missing() => {
                return Err(failed(SignatureError::Missing));
            }
            Err(other) => return Err(other),
        };
        let suite = self.checked(source, folder, &url, &text, signers, known)?;
        self.keep(&url, &text)?;
        let remembered = Remembered {
            url: without_secrets(&suite.folder),
            date: suite.release.date.max(known.and_then(|known| known.date)),
            ..Remembered::default()
        };
        self.remember(&remembered)?;
        Ok(suite)
    }

    fn checked(
        &self,
        source: &Source,
        folder: String,
        url: &str,
        text: &[u8],
        signers: Vec<Signer>,
        known: Option<&Remembered>,
    ) -> Result<Suite, ArchiveError> {
        let failed = |cause| ArchiveError::Release { url: without_secrets(url), cause };
        let release = Release::parse(text).map_err(failed)?;
        let checks = Checks {
            now: self.now,
            valid_until: self.valid_until && source.check_valid_until != Some(false),
            seen: known.and_then(|known| known.date),
            times: source.times,
        };
        // A flat repository has no suite to be confused with another.
        let suite = if source.suite.ends_with('/') { release.suite.clone() } else { source.suite.clone() };
        release.check(&suite, checks).map_err(failed)?;
        Ok(Suite { source: source.clone(), folder, release, digest: Digest::of(text), signers })
    }

    /// An index of the suite; `None` when the suite has none for this architecture.
    pub(super) fn index(
        &self,
        suite: &Suite,
        component: &str,
        architecture: &str,
    ) -> Result<Option<Index>, ArchiveError> {
        let flat = suite.source.suite.ends_with('/');
        let name = match flat {
            true => "Packages".to_owned(),
            false => format!("{}/binary-{architecture}/Packages", suite.release.component_folder(component)),
        };
        let forms: Vec<_> = [".xz", ".gz", ""]
            .into_iter()
            .filter_map(|ending| Some((ending, suite.release.files.get(&format!("{name}{ending}"))?)))
            .collect();
        let plain = suite.release.files.get(&name);
        let Some(key) = plain.or(forms.first().map(|(_, listed)| *listed)).map(|listed| listed.sha256.clone()) else {
            // apt goes on without it, too. An architecture that the archive does not have is nothing to be told of.
            if flat || suite.release.architectures.iter().any(|known| known == architecture) {
                let suite = without_secrets(&suite.folder);
                let text = format!("{suite}: the release lists no {name}; nothing is read of it");
                self.reporter.event(Event::Warning(text));
            }
            return Ok(None);
        };
        let origin = origin(suite, component);
        let cached = self.cache.index(&key).map_err(|error| ArchiveError::cache("reading an index", &error))?;
        let kept = |keep: Keep<'_>| {
            let has = |(ending, listed): &(&str, &Listed)| {
                self.addresses(suite, &name, ending, listed).iter().any(|url| keep.has(url, &listed.sha256))
            };
            forms.iter().any(has)
        };
        if let Some(reduced) = cached.filter(|_| self.keep.is_none_or(kept)) {
            return Ok(Some(Index { origin, name, sha256: key, reduced }));
        }
        let mut missing = None;
        for (ending, listed) in forms {
            match self.fetch_index(suite, &name, ending, listed, plain) {
                Ok(reduced) => {
                    let kept = self.cache.keep_index(&key, &reduced);
                    kept.map_err(|error| ArchiveError::cache("keeping an index", &error))?;
                    return Ok(Some(Index { origin, name, sha256: key, reduced }));
                }
                Err(error) if error.is_missing() => {
                    missing.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        missing.map_or(Ok(None), Err)
    }

    /// Where an index may be had, the best address first.
    fn addresses(&self, suite: &Suite, name: &str, ending: &str, listed: &Listed) -> Vec<String> {
        let directory = name.rsplit_once('/').map_or_else(String::new, |(directory, _)| format!("{directory}/"));
        let by_name = format!("{}/{name}{ending}", suite.folder);
        let by_hash = format!("{}/{directory}by-hash/SHA256/{}", suite.folder, listed.sha256);
        // By its hash the index is the one that this release means, even while the mirror is being updated.
        match self.by_hash && suite.source.by_hash.unwrap_or(suite.release.by_hash) {
            true => vec![by_hash, by_name],
            false => vec![by_name],
        }
    }

    fn fetch_index(
        &self,
        suite: &Suite,
        name: &str,
        ending: &str,
        listed: &Listed,
        plain: Option<&Listed>,
    ) -> Result<Vec<u8>, ArchiveError> {
        let addresses = self.addresses(suite, name, ending, listed);
        if listed.size > COMPRESSED_LIMIT {
            let reason = format!("{} bytes is larger than any index", listed.size);
            return Err(ArchiveError::Corrupt { url: without_secrets(&addresses[0]), reason });
        }
        let mut outcome = Err(ArchiveError::Cancelled);
        for url in &addresses {
            if let Some(bytes) = self.keep.and_then(|keep| keep.read(url, &listed.sha256)) {
                outcome = Ok((url, Some(Fetched { bytes, etag: None, last_modified: None })));
                break;
            }
            let request = Request { url, ..Request::default() };
            outcome = small(self.transport, &request, listed.size, self.reporter).map(|fetched| (url, fetched));
            if !matches!(&outcome, Err(error) if error.is_missing()) {
                break;
            }
        }
        let (address, fetched) = outcome?;
        let (url, bytes) = (without_secrets(address), fetched.map(|fetched| fetched.bytes).unwrap_or_default());
        let altered = |expected: &Listed, size: u64, digest: &Digest| ArchiveError::Altered {
            what: format!("{name}{ending}"),
            url: url.clone(),
            expected: format!("sha256:{}, {} bytes", expected.sha256, expected.size),
            found: format!("{digest}, {size} bytes"),
        };
        let digest = Digest::of(&bytes);
        if digest.hex() != listed.sha256 || bytes.len() as u64 != listed.size {
            return Err(altered(listed, bytes.len() as u64, &digest));
        }
        self.keep(address, &bytes)?;
        let corrupt = |error: std::io::Error| ArchiveError::Corrupt { url: url.clone(), reason: error.to_string() };
        let limit = plain.map_or(PLAIN_LIMIT, |plain| plain.size.min(PLAIN_LIMIT));
        let reader: Box<dyn Read + '_> = match ending {
            ".xz" => Box::new(liblzma::read::XzDecoder::new_multi_decoder(&bytes[..])),
            ".gz" => Box::new(flate2::read::MultiGzDecoder::new(&bytes[..])),
            _ => Box::new(&bytes[..]),
        };
        let mut hashing = crate::image::digest::Hashing::new(reader.take(limit + 1));
        let reduced = reduce(&mut hashing).map_err(corrupt)?;
        let (digest, size, _) = hashing.finish();
        match plain {
            Some(plain) if plain.sha256 != digest.hex() || plain.size != size => Err(altered(plain, size, &digest)),
            None if size > limit => Err(corrupt(std::io::Error::other("it is larger than any index"))),
            _ => Ok(reduced),
        }
    }
}

fn origin(suite: &Suite, component: &str) -> Origin {
    let release = &suite.release;
    let security = [&suite.source.suite, &release.suite, &release.codename]
        .iter()
        .any(|name| name.ends_with("-security") || name.ends_with("/updates"))
        || release.label.to_ascii_lowercase().contains("security");
    let base = if suite.source.suite.ends_with('/') { &suite.folder } else { &suite.source.uri };
    Origin {
        base: without_secrets(base),
        fetch_base: base.clone(),
        site: suite.source.site.clone(),
        dist: suite.source.suite.clone(),
        component: component.rsplit('/').next().unwrap_or(component).into(),
        origin: release.origin.clone(),
        label: release.label.clone(),
        suite: release.suite.clone(),
        codename: release.codename.clone(),
        version: release.version.clone(),
        security,
        not_automatic: release.not_automatic,
        but_automatic_upgrades: release.but_automatic_upgrades,
    }
}
