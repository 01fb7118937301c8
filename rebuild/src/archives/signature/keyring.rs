//! The keys that may sign for an archive.

use super::print_of;
use pgp::composed::{Deserializable, SignedPublicKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Signature, SignatureType};
use pgp::ser::Serialize as _;
use pgp::types::{KeyDetails, PublicParams, Tag};
use std::collections::BTreeMap;
use std::io::Cursor;

/// Debian's keyring of removed keys has some dozens; nobody has this many.
const KEY_LIMIT: usize = 1000;
const SIZE_LIMIT: usize = 16 << 20;
/// Shorter RSA keys can be broken, or soon will be: apt of Debian 13 refuses them, too.
const RSA_BITS: u16 = 2048;

/// A file of keys, armored or binary.
#[derive(Debug, Clone, Copy)]
pub struct KeySource<'a> {
    /// Where it is from, for people: a path in the image, or of the caller.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A keyring cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: not a keyring: {reason}")]
pub struct KeyringError {
    /// Where it is from.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

/// Keys by the ids with which signatures name them.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    certificates: Vec<Certificate>,
    /// From fingerprint and from key id, of primary keys and subkeys.
    index: BTreeMap<String, Vec<(usize, KeyIndex)>>,
    looked: Vec<String>,
    strength: Strength,
}

/// How strong the signatures must be with which a key vouches for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strength {
    /// SHA-1 is not enough: what apt of Debian 13 holds since February 2026 (`/usr/share/apt/default-sequoia.config`). None of Debian's own
    /// keyrings, from bullseye on, has such signatures.
    #[default]
    Today,
    /// SHA-1 is enough for a key's signatures over itself, as for apt up to Debian 12. (For archives it never is.)
    Lenient,
}

/// A primary key with its subkeys.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    key: SignedPublicKey,
    pub(super) origin: String,
}

/// A key of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyIndex {
    Primary,
    Subkey(usize),
}

/// Why a key may not sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// At this time, in seconds since 1970.
    Expired(i64),
    /// Nothing but SHA-1 vouches for it.
    Sha1,
    Unusable(String),
}

impl Keyring {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// No keys yet, which must be of this strength.
    pub fn of_strength(strength: Strength) -> Self {
        Self { strength, ..Self::default() }
    }

    pub(super) fn strength(&self) -> Strength {
        self.strength
    }

    /// Adds the keys of a file. An empty file adds nothing.
    ///
    /// # Errors
    /// When the file is no keyring. Single packets that cannot be understood (newer key types) are passed over.
    pub fn add(&mut self, source: KeySource<'_>) -> Result<(), KeyringError> {
        let error = |reason: String| KeyringError { name: source.name.into(), reason };
        self.looked.push(source.name.into());
        if source.bytes.len() > SIZE_LIMIT {
            return Err(error(format!("{} bytes is larger than any keyring", source.bytes.len())));
        }
        for block in blocks(source.bytes) {
            let (keys, _) =
                SignedPublicKey::from_reader_many(Cursor::new(block)).map_err(|cause| error(cause.to_string()))?;
            for key in keys.take(KEY_LIMIT) {
                self.insert(key.map_err(|cause| error(cause.to_string()))?, source.name);
            }
        }
        Ok(())
    }

    fn insert(&mut self, key: SignedPublicKey, origin: &str) {
        let place = self.certificates.len();
        let mut name = |print: String, id: String, index| {
            for name in [print, id] {
                self.index.entry(name).or_default().push((place, index));
            }
        };
        let id = |key: &dyn KeyDetails| hex::encode_upper(key.legacy_key_id().as_ref());
        name(print_of(&key.primary_key), id(&key.primary_key), KeyIndex::Primary);
        for (number, subkey) in key.public_subkeys.iter().enumerate() {
            name(print_of(&subkey.key), id(&subkey.key), KeyIndex::Subkey(number));
        }
        self.certificates.push(Certificate { key, origin: origin.into() });
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// How many primary keys there are.
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Where keys were looked for, for people.
    pub fn looked(&self) -> String {
        match &self.looked[..] {
            [] => "no keyring".into(),
            all if all.len() > 4 => format!("{} and {} more", all[..3].join(", "), all.len() - 3),
            all => all.join(", "),
        }
    }

    /// The keys that a signature may mean by a fingerprint or key id, in upper-case hexadecimal.
    pub(super) fn find<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a Certificate, KeyIndex)> + use<'a> {
        let found = self.index.get(name).map_or(&[][..], Vec::as_slice);
        found.iter().filter_map(|(place, key)| Some((self.certificates.get(*place)?, *key)))
    }
}

const BEGIN: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// Whether a file of keys is text.
pub fn is_armored(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, BEGIN).is_some()
}

/// A file may hold several armored blocks one after the other; binary keys simply follow each other.
fn blocks(bytes: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<_> = memchr::memmem::find_iter(bytes, BEGIN).collect();
    if starts.is_empty() {
        return if bytes.trim_ascii().is_empty() { Vec::new() } else { vec![bytes] };
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(start, end)| &bytes[*start..end]).collect()
}

impl Certificate {
    pub(super) fn fingerprint(&self) -> String {
        print_of(&self.key.primary_key)
    }

    pub(super) fn fingerprint_of(&self, key: KeyIndex) -> String {
        match key {
            KeyIndex::Primary => self.fingerprint(),
            KeyIndex::Subkey(number) => {
                self.key.public_subkeys.get(number).map_or_else(String::new, |subkey| print_of(&subkey.key))
            }
        }
    }

    /// Whether the signature's arithmetic fits the text.
    pub(super) fn verifies(&self, key: KeyIndex, signature: &Signature, text: &[u8]) -> bool {
        match key {
            KeyIndex::Primary => signature.verify(&self.key.primary_key, text).is_ok(),
            KeyIndex::Subkey(number) => {
                self.key.public_subkeys.get(number).is_some_and(|subkey| signature.verify(&subkey.key, text).is_ok())
            }
        }
    }

    /// Whether a key may sign at this time.
    pub(super) fn may_sign(&self, key: KeyIndex, now: i64, strength: Strength) -> Result<(), Refusal> {
        let primary = &self.key.primary_key;
        let revocations = &self.key.details.revocation_signatures;
        if revocations.iter().any(|signature| is_by(signature, primary) && signature.verify_key(primary).is_ok()) {
            return Err(Refusal::Unusable("it is revoked".into()));
        }
        strong(primary.public_params())?;
        let judge = Judge { now, strength };
        let own =
            self.newest_self_signature(judge).ok_or_else(|| judge.unproven(self.newest_self_signature(LENIENT)))?;
        in_time(primary, own, now)?;
        match key {
            KeyIndex::Primary => flagged(own.key_flags()),
            KeyIndex::Subkey(number) => self.subkey_may_sign(number, judge),
        }
    }

    /// The newest valid signature that the key made over itself: it says how long the key lives and what it is for.
    fn newest_self_signature(&self, judge: Judge) -> Option<&Signature> {
        let primary = &self.key.primary_key;
        let direct = self.key.details.direct_signatures.iter().filter(|signature| {
            signature.typ() == Some(SignatureType::Key)
                && judge.counts(signature)
                && is_by(signature, primary)
                && signature.verify_key(primary).is_ok()
        });
        let users = self.key.details.users.iter().filter_map(|user| {
            let own = |signature: &&Signature| {
                (judge.counts(signature) || signature.typ() == Some(SignatureType::CertRevocation))
                    && is_by(signature, primary)
                    && signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
            };
            let newest = user.signatures.iter().filter(own).max_by_key(|signature| signature.created())?;
            (newest.typ() != Some(SignatureType::CertRevocation)).then_some(newest)
        });
        direct.chain(users).max_by_key(|signature| signature.created())
    }

    fn subkey_may_sign(&self, number: usize, judge: Judge) -> Result<(), Refusal> {
        let primary = &self.key.primary_key;
        let unbound = || Refusal::Unusable("it is not bound to its primary key".into());
        let subkey = self.key.public_subkeys.get(number).ok_or_else(unbound)?;
        let verified = |typ| {
            subkey.signatures.iter().filter(move |signature| {
                signature.typ() == Some(typ) && signature.verify_subkey_binding(primary, &subkey.key).is_ok()
            })
        };
        // Whatever its hash: nobody but the owner could have made it.
        if verified(SignatureType::SubkeyRevocation).next().is_some() {
            return Err(Refusal::Unusable("it is revoked".into()));
        }
        strong(subkey.key.public_params())?;
        let newest = |judge: Judge| {
            let bindings = verified(SignatureType::SubkeyBinding).filter(move |signature| judge.counts(signature));
            bindings.max_by_key(|signature| signature.created())
        };
        let binding =
            newest(judge).ok_or_else(|| newest(LENIENT).map_or_else(unbound, |weak| judge.unproven(Some(weak))))?;
        flagged(binding.key_flags())?;
        // Without the subkey's own word, anybody could adopt a foreign signing key.
        let back = binding.embedded_signature().filter(|back| judge.counts(back)).ok_or_else(unbound)?;
        back.verify_primary_key_binding(&subkey.key, primary).map_err(|_| unbound())?;
        in_time(&subkey.key, binding, judge.now)
    }
}

/// What is asked of a key's signatures over itself.
#[derive(Debug, Clone, Copy)]
struct Judge {
    now: i64,
    strength: Strength,
}

/// To tell a key that is badly vouched for from one that is not vouched for at all.
const LENIENT: Judge = Judge { now: i64::MAX - crate::archives::release::CLOCK_SKEW, strength: Strength::Lenient };

impl Judge {
    /// MD5 is never enough, and what is dated ahead does not count yet. Collisions of SHA-1 are detected by the library.
    fn counts(self, signature: &Signature) -> bool {
        let made = signature.created().map_or(0, |time| i64::from(time.as_secs()));
        let strong = match signature.hash_alg() {
            None | Some(HashAlgorithm::Md5 | HashAlgorithm::Ripemd160) => false,
            Some(HashAlgorithm::Sha1) => self.strength == Strength::Lenient,
            Some(_) => true,
        };
        strong && made <= self.now + crate::archives::release::CLOCK_SKEW
    }

    fn unproven(self, found: Option<&Signature>) -> Refusal {
        match found {
            Some(signature) if signature.hash_alg() == Some(HashAlgorithm::Sha1) => Refusal::Sha1,
            _ => Refusal::Unusable("nothing proves whose it is".into()),
        }
    }
}

/// Whether forging a signature by such a key is out of reach.
fn strong(parameters: &PublicParams) -> Result<(), Refusal> {
    let weak = |what: String| Err(Refusal::Unusable(format!("{what} is too weak")));
    match parameters {
        PublicParams::RSA(_) => {
            // Its modulus comes first, after its length in bits (RFC 9580, 3.2).
            let bits = match parameters.to_bytes().ok().as_deref() {
                Some([high, low, ..]) => u16::from_be_bytes([*high, *low]),
                _ => 0,
            };
            if bits < RSA_BITS { weak(format!("RSA with {bits} bits")) } else { Ok(()) }
        }
        PublicParams::DSA(_) => weak("DSA".into()),
        _ => Ok(()),
    }
}

/// Whether a signature says it is by this key: certifications by others need not be tried.
fn is_by(signature: &Signature, key: &impl KeyDetails) -> bool {
    let (ids, prints) = (signature.issuer_key_id(), signature.issuer_fingerprint());
    ids.contains(&&key.legacy_key_id()) || prints.contains(&&key.fingerprint())
}

fn flagged(flags: KeyFlags) -> Result<(), Refusal> {
    if flags.sign() { Ok(()) } else { Err(Refusal::Unusable("it is not a signing key".into())) }
}

fn in_time(key: &impl KeyDetails, statement: &Signature, now: i64) -> Result<(), Refusal> {
    let created = i64::from(key.created_at().as_secs());
    if created > now + crate::archives::release::CLOCK_SKEW {
        return Err(Refusal::Unusable("it is from the future".into()));
    }
    match statement.key_expiration_time().map(|span| i64::from(span.as_secs())).filter(|span| *span > 0) {
        Some(span) if created + span <= now => Err(Refusal::Expired(created + span)),
        _ => Ok(()),
    }
}
