//! Signed `Release` texts: whose signature counts, and why one does not.
//!
//! The rule is apt's (apt-secure(8)): at least one good signature of a trusted key, none that is bad; signatures by keys that are
//! not in the keyring say nothing. The library underneath checks the arithmetic; whether a key may sign at all (expiry, revocation,
//! key flags, the binding of a subkey, the strength of the hash) is decided here.

mod clear;
mod keyring;

pub use clear::{ClearSigned, split};
pub use keyring::{KeySource, Keyring, KeyringError, Strength, is_armored};

use keyring::{Certificate, Refusal};
use pgp::composed::{Deserializable, DetachedSignature};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType, SignatureVersion};
use pgp::types::{Fingerprint, KeyDetails};
use std::io::Cursor;

/// More signatures than any archive puts on a text (three).
const SIGNATURE_LIMIT: usize = 64;

/// A good signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Fingerprint of the primary key, upper-case hexadecimal.
    pub primary: String,
    /// Fingerprint of the key that signed: a subkey or the primary key itself.
    pub key: String,
    /// Where the key was found: `/etc/apt/trusted.gpg.d/archive.asc`.
    pub keyring: String,
}

/// Which of the keys in a keyring a source trusts (`Signed-By` fingerprints, sources.list(5)).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restriction {
    /// Fingerprints in upper-case hexadecimal; with `exact`, subkeys of the key do not count. Empty: every key is trusted.
    pub fingerprints: Vec<(String, Exact)>,
}

/// Whether a fingerprint was written with `!`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exact {
    /// Only this very key.
    Yes,
    /// Also the subkeys of this key.
    No,
}

impl Restriction {
    fn allows(&self, primary: &str, key: &str) -> bool {
        self.fingerprints.is_empty()
            || self.fingerprints.iter().any(|(print, exact)| print == key || (*exact == Exact::No && print == primary))
    }
}

/// A text is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature.
    #[error("it is not signed")]
    Missing,
    /// The framing is not a clear-signed message and nothing else.
    #[error("it is not a clear-signed message: {0}")]
    Malformed(String),
    /// The keyring has no key at all.
    #[error("no keys to verify it with: none in {looked}")]
    NoKeys {
        /// Where keys were looked for.
        looked: String,
    },
    /// No signature is by a key of the keyring.
    #[error("signed by unknown keys only ({}); keys looked for in {looked}", .keys.join(", "))]
    UnknownKey {
        /// Fingerprints, or key ids where the signature has no more, of the keys that signed.
        keys: Vec<String>,
        /// Where keys were looked for.
        looked: String,
    },
    /// The keys that signed and are known have all expired.
    #[error("key {key} in {keyring} expired {expired}: the keyring in the image is too old")]
    ExpiredKey {
        /// Fingerprint.
        key: String,
        /// Where the key is.
        keyring: String,
        /// When, as `YYYY-MM-DD`.
        expired: String,
    },
    /// A key that signed may not sign.
    #[error("key {key} in {keyring} cannot be used: {reason}")]
    UnusableKey {
        /// Fingerprint.
        key: String,
        /// Where the key is.
        keyring: String,
        /// Revoked, not for signing, not bound.
        reason: String,
    },
    /// Nothing but SHA-1 vouches for a key that signed.
    #[error("key {key} in {keyring} is vouched for with SHA-1 only, which can be forged")]
    WeakKey {
        /// Fingerprint.
        key: String,
        /// Where the key is.
        keyring: String,
    },
    /// A signature by a trusted key does not fit the text.
    #[error("bad signature by key {key}: the text was altered or is incomplete")]
    Bad {
        /// Fingerprint.
        key: String,
    },
    /// A signature with a hash that can be forged.
    #[error("key {key} signed with the weak hash {hash}")]
    WeakHash {
        /// Fingerprint.
        key: String,
        /// Name of the hash.
        hash: String,
    },
    /// A signature that has itself expired or lies in the future.
    #[error("the signature by key {key} is not valid at this time")]
    OutOfTime {
        /// Fingerprint.
        key: String,
    },
}

impl SignatureError {
    /// Whether it says that nobody trusted has signed, rather than that the text is not what was signed.
    pub fn is_about_keys(&self) -> bool {
        !matches!(self, Self::Missing | Self::Malformed(_) | Self::Bad { .. })
    }
}

/// Verifies detached signatures (`Release.gpg`, or the end of an `InRelease`) over the exact signed bytes.
///
/// `now` is in seconds since 1970. The good signers are given, at least one.
///
/// # Errors
/// Bad signatures first; else, when nothing is good, the most telling reason.
pub fn verify(
    text: &[u8],
    signatures: &[u8],
    keyring: &Keyring,
    restriction: &Restriction,
    now: i64,
) -> Result<Vec<Signer>, SignatureError> {
    let signatures = read_signatures(signatures)?;
    if keyring.is_empty() {
        return Err(SignatureError::NoKeys { looked: keyring.looked() });
    }
    let (mut good, mut unknown, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for signature in &signatures {
        let issuers = issuers(signature);
        let mut known = false;
        for (certificate, key) in issuers.iter().flat_map(|issuer| keyring.find(issuer)) {
            let (primary, print) = (certificate.fingerprint(), certificate.fingerprint_of(key));
            if !restriction.allows(&primary, &print) {
                continue;
            }
            known = true;
            match check(signature, text, certificate, key, now, keyring.strength()) {
                Ok(()) => {
                    let keyring = certificate.origin.clone();
                    good.push(Signer { primary, key: print, keyring });
                    break;
                }
                Err(bad @ SignatureError::Bad { .. }) => return Err(bad),
                Err(other) => refused.push(other),
            }
        }
        if !known {
            unknown.extend(issuers.first().cloned());
        }
    }
    if !good.is_empty() {
        return Ok(good);
    }
    // An expired key is the likeliest to be what the user must hear of; then any other trouble with a known key.
    refused.sort_by_key(|error| !matches!(error, SignatureError::ExpiredKey { .. }));
    Err(refused.into_iter().next().unwrap_or(SignatureError::UnknownKey { keys: unknown, looked: keyring.looked() }))
}

fn check(
    signature: &Signature,
    text: &[u8],
    certificate: &Certificate,
    key: keyring::KeyIndex,
    now: i64,
    strength: Strength,
) -> Result<(), SignatureError> {
    let print = certificate.fingerprint_of(key);
    let hash = signature.hash_alg();
    if !hash.is_some_and(is_strong) {
        let hash = hash.map_or_else(|| "unknown".into(), |hash| hash.to_string());
        return Err(SignatureError::WeakHash { key: print, hash });
    }
    if !matches!(signature.typ(), Some(SignatureType::Text | SignatureType::Binary))
        || !matches!(signature.version(), SignatureVersion::V4 | SignatureVersion::V6)
    {
        return Err(SignatureError::Bad { key: print });
    }
    // The arithmetic first: an altered text is the worse news, whatever the state of the key.
    if !certificate.verifies(key, signature, text) {
        return Err(SignatureError::Bad { key: print });
    }
    certificate.may_sign(key, now, strength).map_err(|refusal| match refusal {
        Refusal::Sha1 => SignatureError::WeakKey { key: print.clone(), keyring: certificate.origin.clone() },
        Refusal::Expired(at) => {
            SignatureError::ExpiredKey { key: print.clone(), keyring: certificate.origin.clone(), expired: day(at) }
        }
        Refusal::Unusable(reason) => {
            SignatureError::UnusableKey { key: print.clone(), keyring: certificate.origin.clone(), reason }
        }
    })?;
    let created = signature.created().map_or(0, |time| i64::from(time.as_secs()));
    let ends = signature.signature_expiration_time().map(|span| i64::from(span.as_secs())).filter(|span| *span > 0);
    let skew = super::release::CLOCK_SKEW;
    if created > now + skew || ends.is_some_and(|span| created + span < now) {
        return Err(SignatureError::OutOfTime { key: print });
    }
    Ok(())
}

fn is_strong(hash: HashAlgorithm) -> bool {
    use HashAlgorithm::{Sha3_256, Sha3_512, Sha256, Sha384, Sha512};
    matches!(hash, Sha256 | Sha384 | Sha512 | Sha3_256 | Sha3_512)
}

fn read_signatures(bytes: &[u8]) -> Result<Vec<Signature>, SignatureError> {
    let malformed = |error: pgp::errors::Error| SignatureError::Malformed(error.to_string());
    let (all, _) = DetachedSignature::from_reader_many(Cursor::new(bytes)).map_err(malformed)?;
    let mut signatures = Vec::new();
    for one in all.take(SIGNATURE_LIMIT) {
        signatures.push(one.map_err(malformed)?.signature);
    }
    if signatures.is_empty() { Err(SignatureError::Missing) } else { Ok(signatures) }
}

/// Who claims to have signed: fingerprints, else key ids, in upper-case hexadecimal.
fn issuers(signature: &Signature) -> Vec<String> {
    let prints: Vec<_> = signature.issuer_fingerprint().into_iter().map(hexadecimal).collect();
    if !prints.is_empty() {
        return prints;
    }
    signature.issuer_key_id().into_iter().map(|id| hex::encode_upper(id.as_ref())).collect()
}

fn hexadecimal(fingerprint: &Fingerprint) -> String {
    hex::encode_upper(fingerprint.as_bytes())
}

fn print_of(key: &impl KeyDetails) -> String {
    hexadecimal(&key.fingerprint())
}

fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| "long ago".into(), |time| time.strftime("%Y-%m-%d").to_string())
}
