//! Throw-away keys for archives, with whatever can be wrong with a key or a signature.

use pgp::composed::{ArmorOptions, CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedPublicKey};
use pgp::composed::{SignedKeyDetails, SignedPublicSubKey, SignedSecretKey, SubkeyParamsBuilder};
pub use pgp::crypto::hash::HashAlgorithm as Hash;
use pgp::packet::{KeyFlags, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{Duration, KeyDetails, Password, SignedUser, SigningKey, Tag, Timestamp};

use std::sync::OnceLock;

/// When keys are made unless told: 2024-01-01, in seconds since 1970.
pub const MADE: u32 = 1_704_067_200;
/// When texts are signed unless told: 2025-01-11.
pub const SIGNED: u32 = 1_736_590_641;

/// A key that signs archives.
#[derive(Debug)]
pub struct Key {
    secret: SignedSecretKey,
    public: SignedPublicKey,
}

/// What a key is like.
#[derive(Debug, Clone)]
pub struct Plan {
    /// RSA with 2048 bits instead of Ed25519.
    pub rsa: bool,
    /// Whether the primary key is flagged for signing.
    pub signs: bool,
    /// How long the primary key lives, in seconds from [`MADE`]; for ever when `None`.
    pub lives: Option<u32>,
    /// Whether its owner has revoked it.
    pub revoked: bool,
    /// The hash of its own signatures over itself.
    pub hash: Hash,
    /// A subkey.
    pub subkey: Option<SubkeyPlan>,
}

/// What a subkey is like.
#[derive(Debug, Clone)]
pub struct SubkeyPlan {
    /// Whether it is flagged for signing.
    pub signs: bool,
    /// How long it lives, in seconds from [`MADE`].
    pub lives: Option<u32>,
    /// Whether it is revoked.
    pub revoked: bool,
    /// Whether it signs, on its part, that it belongs to the primary key.
    pub answers: bool,
    /// The hash of the signature that binds it.
    pub hash: Hash,
}

impl Default for Plan {
    fn default() -> Self {
        Self { rsa: false, signs: true, lives: None, revoked: false, hash: Hash::Sha256, subkey: None }
    }
}

impl Default for SubkeyPlan {
    fn default() -> Self {
        Self { signs: true, lives: None, revoked: false, answers: true, hash: Hash::Sha256 }
    }
}

/// How a text is signed.
#[derive(Debug, Clone, Copy)]
pub struct Signing {
    /// By the subkey.
    pub by_subkey: bool,
    /// With this hash.
    pub hash: Hash,
    /// When, in seconds since 1970.
    pub made: u32,
    /// For how many seconds; for ever when `None`.
    pub lives: Option<u32>,
}

impl Default for Signing {
    fn default() -> Self {
        Self { by_subkey: false, hash: Hash::Sha512, made: SIGNED, lives: None }
    }
}

impl Key {
    /// A new Ed25519 key.
    pub fn new() -> Self {
        Self::of(&Plan::default())
    }

    /// A new RSA key of 2048 bits.
    pub fn rsa() -> Self {
        Self::of(&Plan { rsa: true, ..Plan::default() })
    }

    /// A key without the flag that lets it sign data.
    pub fn certifying_only() -> Self {
        Self::of(&Plan { signs: false, ..Plan::default() })
    }

    /// A key as it is wanted. All RSA keys of a process are one, certified anew: they take long to find.
    pub fn of(plan: &Plan) -> Self {
        static RSA: OnceLock<SignedSecretKey> = OnceLock::new();
        let secret = if plan.rsa {
            RSA.get_or_init(|| secret(KeyType::Rsa(2048))).clone()
        } else {
            secret(KeyType::Ed25519Legacy)
        };
        let public = certificate(&secret, plan);
        Self { secret, public }
    }

    /// Makes another key's subkey look like one of this key, without that key's consent: what somebody would do who has a signature by
    /// a trusted subkey, and wants it to count as one by a key of theirs.
    pub fn adopt(&mut self, other: &Self) {
        let Some(subkey) = other.public.public_subkeys.first() else { return };
        let config = SubkeyPlan { answers: false, ..SubkeyPlan::default() };
        let signatures = vec![binding(&self.secret, None, &subkey.key, &config)];
        self.public.public_subkeys.push(SignedPublicSubKey { key: subkey.key.clone(), signatures });
    }

    /// The public half, armored.
    pub fn armored(&self) -> String {
        self.public.to_armored_string(ArmorOptions::default()).expect("armor")
    }

    /// The public half as bare packets.
    pub fn binary(&self) -> Vec<u8> {
        self.public.to_bytes().expect("packets")
    }

    /// The fingerprint of the primary key, upper-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex::encode_upper(self.secret.fingerprint().as_bytes())
    }

    /// The fingerprint of the subkey.
    pub fn subkey_fingerprint(&self) -> String {
        hex::encode_upper(self.secret.secret_subkeys[0].key.fingerprint().as_bytes())
    }

    /// The text as a clear-signed message.
    pub fn clear_sign(&self, text: &str) -> String {
        Self::clear_sign_by(&[(self, Signing::default())], text)
    }

    /// The text as a clear-signed message with several signatures.
    pub fn clear_sign_by(signings: &[(&Self, Signing)], text: &str) -> String {
        let all =
            |text: &str| Ok(signings.iter().map(|(key, how)| key.sign(text, SignatureType::Text, *how)).collect());
        let signed = CleartextSignedMessage::new_many(text.trim_end_matches('\n'), all).expect("signed");
        signed.to_armored_string(ArmorOptions::default()).expect("armor")
    }

    /// An armored detached signature, with a hash that may be weak.
    pub fn detached(&self, text: &str, weak: bool) -> String {
        let hash = if weak { Hash::Sha1 } else { Hash::Sha512 };
        let signature = self.sign(text, SignatureType::Binary, Signing { hash, ..Signing::default() });
        let signature = pgp::composed::DetachedSignature::new(signature);
        signature.to_armored_string(ArmorOptions::default()).expect("armor")
    }

    fn sign(&self, text: &str, kind: SignatureType, how: Signing) -> Signature {
        if how.by_subkey {
            let key = &self.secret.secret_subkeys[0].key;
            return data(key, text, kind, how);
        }
        data(&self.secret.primary_key, text, kind, how)
    }
}

impl Default for Key {
    fn default() -> Self {
        Self::new()
    }
}

/// A primary key with one subkey.
fn secret(kind: KeyType) -> SignedSecretKey {
    let made = Timestamp::from_secs(MADE);
    let subkey = SubkeyParamsBuilder::default().key_type(kind.clone()).can_sign(true).created_at(made).build();
    let mut parameters = SecretKeyParamsBuilder::default();
    parameters.key_type(kind).can_certify(true).can_sign(true).created_at(made);
    parameters.primary_user_id("Toy <toy@example.org>".into()).subkey(subkey.expect("subkey parameters"));
    parameters.build().expect("key parameters").generate(rand::thread_rng()).expect("a key")
}

fn data(key: &impl SigningKey, text: &str, kind: SignatureType, how: Signing) -> Signature {
    let lives = how.lives.map(|span| SubpacketData::SignatureExpirationTime(Duration::from_secs(span)));
    let config = config(key, kind, how.hash, how.made, lives.into_iter().collect());
    config.sign(key, &Password::empty(), text.as_bytes()).expect("a signature")
}

fn config(
    key: &impl SigningKey,
    kind: SignatureType,
    hash: Hash,
    made: u32,
    more: Vec<SubpacketData>,
) -> SignatureConfig {
    let mut config = SignatureConfig::v4(kind, key.algorithm(), hash);
    let own = [
        SubpacketData::SignatureCreationTime(Timestamp::from_secs(made)),
        SubpacketData::IssuerFingerprint(key.fingerprint()),
    ];
    let packed = own.into_iter().chain(more).map(|data| Subpacket::regular(data).expect("a subpacket"));
    config.hashed_subpackets = packed.collect();
    let id = SubpacketData::IssuerKeyId(key.legacy_key_id());
    config.unhashed_subpackets = vec![Subpacket::regular(id).expect("a subpacket")];
    config
}

fn flags(certify: bool, sign: bool) -> SubpacketData {
    let mut flags = KeyFlags::default();
    flags.set_certify(certify);
    flags.set_sign(sign);
    SubpacketData::KeyFlags(flags)
}

fn life(span: Option<u32>) -> Option<SubpacketData> {
    span.map(|span| SubpacketData::KeyExpirationTime(Duration::from_secs(span)))
}

fn certificate(secret: &SignedSecretKey, plan: &Plan) -> SignedPublicKey {
    let (key, password) = (&secret.primary_key, Password::empty());
    let public = key.public_key();
    let mut facts = vec![flags(true, plan.signs)];
    facts.extend(life(plan.lives));
    let user = secret.details.users[0].id.clone();
    let own = config(key, SignatureType::CertPositive, plan.hash, MADE, facts);
    let own = own.sign_certification(key, public, &password, Tag::UserId, &user).expect("a self-signature");
    let revocation = || {
        let config = config(key, SignatureType::KeyRevocation, Hash::Sha256, MADE + 1, Vec::new());
        config.sign_key(key, &password, public).expect("a revocation")
    };
    let revocations = if plan.revoked { vec![revocation()] } else { Vec::new() };
    let users = vec![SignedUser::new(user, vec![own])];
    let details = SignedKeyDetails::new(revocations, Vec::new(), users, Vec::new());
    let subkeys = plan.subkey.iter().map(|plan| {
        let subkey = &secret.secret_subkeys[0].key;
        let public = subkey.public_key();
        let mut signatures = vec![binding(secret, Some(subkey), public, plan)];
        if plan.revoked {
            let config = config(key, SignatureType::SubkeyRevocation, Hash::Sha256, MADE + 1, Vec::new());
            let revoked = config.sign_subkey_binding(key, key.public_key(), &password, public);
            signatures.push(revoked.expect("a revocation"));
        }
        SignedPublicSubKey { key: public.clone(), signatures }
    });
    SignedPublicKey { primary_key: public.clone(), details, public_subkeys: subkeys.collect() }
}

/// The primary key's word that a subkey is its own, with the subkey's own word where that is to be had.
fn binding(
    secret: &SignedSecretKey,
    own: Option<&pgp::packet::SecretSubkey>,
    subkey: &pgp::packet::PublicSubkey,
    plan: &SubkeyPlan,
) -> Signature {
    let (key, password) = (&secret.primary_key, Password::empty());
    let mut facts = vec![flags(false, plan.signs)];
    facts.extend(life(plan.lives));
    if let Some(own) = own.filter(|_| plan.answers) {
        let answer = config(own, SignatureType::KeyBinding, Hash::Sha256, MADE, Vec::new());
        let answer = answer.sign_primary_key_binding(own, subkey, &password, key.public_key()).expect("an answer");
        facts.push(SubpacketData::EmbeddedSignature(Box::new(answer)));
    }
    let config = config(key, SignatureType::SubkeyBinding, plan.hash, MADE, facts);
    config.sign_subkey_binding(key, key.public_key(), &password, subkey).expect("a binding")
}
