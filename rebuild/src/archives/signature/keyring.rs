//! The keys that may sign for an archive.

use super::print_of;
use pgp::composed::{Deserializable, SignedPublicKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Signature, SignatureType};
use pgp::types::{KeyDetails, Tag};
use std::collections::BTreeMap;
use std::io::Cursor;

/// Debian's keyring of removed keys has some dozens; nobody has this many.
const KEY_LIMIT: usize = 1000;
const SIZE_LIMIT: usize = 16 << 20;

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
    Unusable(String),
}

impl Keyring {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
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

/// A file may hold several armored blocks one after the other; binary keys simply follow each other.
fn blocks(bytes: &[u8]) -> Vec<&[u8]> {
    const BEGIN: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";
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
    pub(super) fn may_sign(&self, key: KeyIndex, now: i64) -> Result<(), Refusal> {
        let primary = &self.key.primary_key;
        let revocations = &self.key.details.revocation_signatures;
        if revocations.iter().any(|signature| is_by(signature, primary) && signature.verify_key(primary).is_ok()) {
            return Err(Refusal::Unusable("it is revoked".into()));
        }
        let own = self.newest_self_signature().ok_or_else(|| Refusal::Unusable("nothing proves whose it is".into()))?;
        in_time(primary, own, now)?;
        match key {
            KeyIndex::Primary => flagged(own.key_flags()),
            KeyIndex::Subkey(number) => self.subkey_may_sign(number, now),
        }
    }

    /// The newest valid signature that the key made over itself: it says how long the key lives and what it is for.
    fn newest_self_signature(&self) -> Option<&Signature> {
        let primary = &self.key.primary_key;
        let direct = self.key.details.direct_signatures.iter().filter(|signature| {
            signature.typ() == Some(SignatureType::Key)
                && is_sound(signature)
                && is_by(signature, primary)
                && signature.verify_key(primary).is_ok()
        });
        let users = self.key.details.users.iter().filter_map(|user| {
            let own = |signature: &&Signature| {
                is_sound(signature)
                    && is_by(signature, primary)
                    && signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
            };
            let newest = user.signatures.iter().filter(own).max_by_key(|signature| signature.created())?;
            (newest.typ() != Some(SignatureType::CertRevocation)).then_some(newest)
        });
        direct.chain(users).max_by_key(|signature| signature.created())
    }

    fn subkey_may_sign(&self, number: usize, now: i64) -> Result<(), Refusal> {
        let primary = &self.key.primary_key;
        let unbound = || Refusal::Unusable("it is not bound to its primary key".into());
        let subkey = self.key.public_subkeys.get(number).ok_or_else(unbound)?;
        let verified = |typ| {
            subkey.signatures.iter().filter(move |signature| {
                signature.typ() == Some(typ)
                    && is_sound(signature)
                    && signature.verify_subkey_binding(primary, &subkey.key).is_ok()
            })
        };
        if verified(SignatureType::SubkeyRevocation).next().is_some() {
            return Err(Refusal::Unusable("it is revoked".into()));
        }
        let binding =
            verified(SignatureType::SubkeyBinding).max_by_key(|signature| signature.created()).ok_or_else(unbound)?;
        flagged(binding.key_flags())?;
        // Without the subkey's own word, anybody could adopt a foreign signing key.
        let back = binding.embedded_signature().filter(|back| is_sound(back)).ok_or_else(unbound)?;
        back.verify_primary_key_binding(&subkey.key, primary).map_err(|_| unbound())?;
        in_time(&subkey.key, binding, now)
    }
}

/// Self-signatures of old third-party keys still use SHA-1 (whose collisions the library detects); MD5 is never enough.
fn is_sound(signature: &Signature) -> bool {
    !matches!(signature.hash_alg(), None | Some(HashAlgorithm::Md5 | HashAlgorithm::Ripemd160))
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
