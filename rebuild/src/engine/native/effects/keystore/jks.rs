//! Java's own keystore format, `JKS`, with trusted certificates only.
//!
//! A file is a magic number, a version, the entries, and a digest keyed with the password; numbers are big-endian, texts are Java's modified
//! UTF-8 (`java.io.DataInput`). The order of the entries is that in which `java.util.Hashtable` names its keys, so that table is kept
//! here as Java keeps it: an entry goes to the front of its bucket, and the table grows when it is three quarters full.

use sha1::{Digest as _, Sha1};

const MAGIC: u32 = 0xfeed_feed;
const VERSION: u32 = 2;
const TRUSTED: u32 = 2;
/// What is hashed between the password and the entries.
const SALT: &[u8] = b"Mighty Aphrodite";
/// The buckets of a new table.
const BUCKETS: usize = 11;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) alias: String,
    /// Milliseconds since 1970.
    pub(super) created: i64,
    pub(super) certificate: Vec<u8>,
}

/// Certificates by alias.
#[derive(Debug, Clone)]
pub(super) struct Keystore {
    /// Each with its first entry first.
    buckets: Vec<Vec<Entry>>,
}

impl Default for Keystore {
    fn default() -> Self {
        Self { buckets: vec![Vec::new(); BUCKETS] }
    }
}

impl Keystore {
    /// Reads a file.
    pub(super) fn read(bytes: &[u8], password: &str) -> Result<Self, &'static str> {
        let (body, sum) = bytes.split_last_chunk::<20>().ok_or("it is too short for a keystore")?;
        let mut rest = body;
        if number(&mut rest) != Some(MAGIC) || number(&mut rest) != Some(VERSION) {
            return Err("it is not a JKS keystore of version 2");
        }
        if Sha1::digest([&key(password)[..], body].concat())[..] != *sum {
            return Err("its password is another one, or it is damaged");
        }
        let count = number(&mut rest).ok_or("it ends early")?;
        let mut keystore = Self::default();
        for _ in 0..count {
            if number(&mut rest).ok_or("it ends early")? != TRUSTED {
                return Err("it holds more than trusted certificates");
            }
            let alias = text(&mut rest).ok_or("an alias is damaged")?;
            let (high, low) = number(&mut rest).zip(number(&mut rest)).ok_or("it ends early")?;
            if text(&mut rest).as_deref() != Some("X.509") {
                return Err("a certificate is not X.509");
            }
            let length = number(&mut rest).ok_or("it ends early")? as usize;
            let (certificate, after) = rest.split_at_checked(length).ok_or("it ends early")?;
            rest = after;
            let created = (u64::from(high) << 32 | u64::from(low)).cast_signed();
            keystore.remove(&alias);
            keystore.add(alias, created, certificate.to_vec());
        }
        if rest.is_empty() { Ok(keystore) } else { Err("something follows its entries") }
    }

    /// The entries, in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.buckets.iter().rev().flatten()
    }

    /// Writes the file.
    pub(super) fn write(&self, password: &str) -> Result<Vec<u8>, &'static str> {
        let mut bytes = [MAGIC, VERSION, self.len() as u32].map(u32::to_be_bytes).concat();
        for entry in self.entries() {
            bytes.extend(TRUSTED.to_be_bytes());
            put_text(&mut bytes, &entry.alias)?;
            bytes.extend(entry.created.to_be_bytes());
            put_text(&mut bytes, "X.509")?;
            bytes.extend((entry.certificate.len() as u32).to_be_bytes());
            bytes.extend_from_slice(&entry.certificate);
        }
        let sum = Sha1::digest([&key(password)[..], &bytes[..]].concat());
        bytes.extend_from_slice(&sum);
        Ok(bytes)
    }

    fn len(&self) -> usize {
        self.buckets.iter().map(Vec::len).sum()
    }

    /// Adds an entry whose alias is not there.
    pub(super) fn add(&mut self, alias: String, created: i64, certificate: Vec<u8>) {
        if self.len() >= self.buckets.len() * 3 / 4 {
            let larger = vec![Vec::new(); self.buckets.len() * 2 + 1];
            for entry in std::mem::replace(&mut self.buckets, larger).into_iter().rev().flatten() {
                self.put(entry);
            }
        }
        self.put(Entry { alias, created, certificate });
    }

    fn put(&mut self, entry: Entry) {
        let place = bucket(&entry.alias, self.buckets.len());
        self.buckets[place].insert(0, entry);
    }

    /// Takes an entry away, and says whether it was there.
    pub(super) fn remove(&mut self, alias: &str) -> bool {
        let place = bucket(alias, self.buckets.len());
        let before = self.buckets[place].len();
        self.buckets[place].retain(|entry| entry.alias != alias);
        before > self.buckets[place].len()
    }
}

/// `String.hashCode`, and the bucket that a table of this many makes of it.
fn bucket(alias: &str, buckets: usize) -> usize {
    let hash = alias.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
    (hash & 0x7fff_ffff) as usize % buckets
}

/// What the digest begins with: the password in UTF-16, and the salt.
fn key(password: &str) -> Vec<u8> {
    let units = password.encode_utf16().flat_map(u16::to_be_bytes);
    units.chain(SALT.iter().copied()).collect()
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_be_bytes(*bytes))
}

/// A text with its length; only what modified UTF-8 writes as UTF-8 does: no zeros, nothing beyond the basic plane.
fn text(rest: &mut &[u8]) -> Option<String> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let (bytes, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    String::from_utf8(bytes.to_vec()).ok().filter(|text| is_plain(text))
}

fn put_text(bytes: &mut Vec<u8>, text: &str) -> Result<(), &'static str> {
    let length = u16::try_from(text.len()).ok().filter(|_| is_plain(text)).ok_or("an alias that cannot be written")?;
    bytes.extend(length.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c != '\0' && c <= '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aliases(keystore: &Keystore) -> Vec<&str> {
        keystore.buckets.iter().rev().flatten().map(|entry| entry.alias.as_str()).collect()
    }

    /// The order is what `java.util.Hashtable` gave for the same calls.
    #[test]
    fn entries_stand_in_the_order_of_javas_table() {
        let mut keystore = Keystore::default();
        for number in 0..30_i64 {
            keystore.add(format!("debian:ca{}.pem", number.pow(3) * 7), number, vec![1]);
        }
        assert!(keystore.remove("debian:ca7.pem") && !keystore.remove("debian:ca7.pem"));
        keystore.add("debian:főtan.pem".into(), 7, vec![2]);
        assert_eq!(aliases(&keystore).join(" ").replace("debian:", "").replace(".pem", ""), ORDER);
        let read = Keystore::read(&keystore.write("changeit").unwrap(), "changeit").unwrap();
        assert_eq!(aliases(&read).join(" ").replace("debian:", "").replace(".pem", ""), ORDER_AGAIN);
    }

    const ORDER: &str = "ca28672 ca137781 ca19208 ca12096 ca0 ca56000 ca48013 ca56 főtan ca23625 ca1512 ca34391 ca3584 ca189 ca74536 ca9317 ca15379 ca123032 ca448 ca2401 ca7000 ca64827 ca153664 ca109375 ca875 ca96768 ca85169 ca40824 ca170723 ca5103";
    const ORDER_AGAIN: &str = "ca28672 ca137781 ca19208 ca12096 ca0 ca56000 ca56 ca48013 ca23625 főtan ca1512 ca34391 ca3584 ca189 ca74536 ca9317 ca15379 ca448 ca123032 ca2401 ca7000 ca64827 ca153664 ca109375 ca875 ca85169 ca96768 ca40824 ca5103 ca170723";

    #[test]
    fn damaged_files_are_refused() {
        let mut keystore = Keystore::default();
        keystore.add("a".into(), 1, vec![1, 2, 3]);
        let bytes = keystore.write("changeit").unwrap();
        assert!(Keystore::read(&bytes, "changeit").is_ok());
        assert!(Keystore::read(&bytes, "other").is_err());
        for end in 0..bytes.len() {
            assert!(Keystore::read(&bytes[..end], "changeit").is_err());
            let mut damaged = bytes.clone();
            damaged[end] ^= 1;
            assert!(Keystore::read(&damaged, "changeit").is_err(), "{end}");
        }
    }
}
