//! Records of a tar archive (POSIX.1-2017 pax; ustar; GNU long names): one per entry, with everything that belongs to it.

use slim::tree::Xattrs;
use std::collections::BTreeMap;
use std::io::{self, Read};

/// The span of an archive that makes one entry: extended headers, header, content, padding. Records tile the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Where the first header block is in the spool.
    pub start: u64,
    /// Bytes up to the next record.
    pub length: u64,
}

/// A block of tar.
pub(crate) const BLOCK: usize = 512;

/// What stands before an entry's own header and overrides it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extended {
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) pax: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Extended {
    /// Takes the body of a PAX extended header: `LENGTH KEY=VALUE\n`, the length counting itself. An empty value takes back what was
    /// said before: the entry's own header counts again.
    pub(crate) fn read_pax(&mut self, mut body: &[u8]) -> Result<(), String> {
        while !body.is_empty() {
            let digits = body.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
            let length: usize = std::str::from_utf8(&body[..digits])
                .ok()
                .and_then(|digits| digits.parse().ok())
                .ok_or("a PAX record without a length")?;
            if length <= digits + 1 || length > body.len() || body[digits] != b' ' || body[length - 1] != b'\n' {
                return Err("a PAX record whose length is wrong".into());
            }
            let record = &body[digits + 1..length - 1];
            let equals = memchr::memchr(b'=', record).ok_or("a PAX record without '='")?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            if value.is_empty() {
                self.pax.remove(key);
            } else {
                self.pax.insert(key.to_vec(), value.to_vec());
            }
            body = &body[length..];
        }
        Ok(())
    }

    pub(crate) fn number(&self, key: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.pax.get(key.as_bytes()) else { return Ok(None) };
        let text = std::str::from_utf8(value).ok();
        text.and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| format!("PAX {key} is not a number"))
    }

    /// A PAX time: seconds with an optional fraction.
    pub(crate) fn time(&self, key: &str) -> Result<Option<(i64, u32)>, String> {
        let Some(value) = self.pax.get(key.as_bytes()) else { return Ok(None) };
        let bad = || format!("PAX {key} is not a time");
        let text = std::str::from_utf8(value).map_err(|_| bad())?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let seconds: i64 = whole.parse().map_err(|_| bad())?;
        if !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let nanoseconds: u32 = format!("{fraction:0<9}").get(..9).and_then(|n| n.parse().ok()).ok_or_else(bad)?;
        Ok(Some(match (whole.starts_with('-'), nanoseconds) {
            (true, 1..) => (seconds.checked_sub(1).ok_or_else(bad)?, 1_000_000_000 - nanoseconds),
            _ => (seconds, nanoseconds),
        }))
    }

    /// Extended attributes, as GNU tar, Docker and bsdtar record them.
    pub(crate) fn xattrs(&self) -> Xattrs {
        let named =
            |(key, value): (&Vec<u8>, &Vec<u8>)| Some((key.strip_prefix(b"SCHILY.xattr.")?.to_vec(), value.clone()));
        self.pax.iter().filter_map(named).collect()
    }
}

/// Reads the headers that a sound record begins with: what stands before the entry's own header, and that one.
pub(crate) fn headers(record: &mut dyn Read) -> io::Result<(Extended, tar::Header)> {
    let mut extended = Extended::default();
    loop {
        let mut header = tar::Header::new_old();
        record.read_exact(header.as_mut_bytes())?;
        let kind = header.entry_type().as_byte();
        if !matches!(kind, b'x' | b'g' | b'L' | b'K') {
            return Ok((extended, header));
        }
        let size = header.entry_size()?;
        let mut body = Vec::new();
        record.take(size.next_multiple_of(BLOCK as u64)).read_to_end(&mut body)?;
        body.truncate(size as usize);
        if kind == b'x' {
            extended.read_pax(&body).map_err(io::Error::other)?;
        }
    }
}

/// One PAX record; its length counts its own digits.
pub(crate) fn pax_record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    let mut record = format!("{length} ").into_bytes();
    record.extend_from_slice(key);
    record.push(b'=');
    record.extend_from_slice(value);
    record.push(b'\n');
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pax_records_count_their_own_length() {
        for size in [1, 5, 89, 90, 91, 92, 985, 990, 995] {
            let record = pax_record(b"path", &vec![b'x'; size]);
            let mut extended = Extended::default();
            extended.read_pax(&record).unwrap();
            assert_eq!(extended.pax[&b"path"[..]].len(), size);
        }
    }

    #[test]
    fn an_empty_value_takes_a_record_back() {
        let mut extended = Extended::default();
        let records = [("size", ""), ("path", "a"), ("path", ""), ("mtime", ""), ("uid", "7")];
        let body: Vec<u8> =
            records.iter().flat_map(|(key, value)| pax_record(key.as_bytes(), value.as_bytes())).collect();
        extended.read_pax(&body).unwrap();
        assert_eq!(extended.pax, BTreeMap::from([(b"uid".to_vec(), b"7".to_vec())]));
        assert_eq!((extended.number("size"), extended.time("mtime")), (Ok(None), Ok(None)));
    }

    #[test]
    fn broken_pax_is_refused() {
        for bad in [&b"x"[..], b"5 a=b", b"6 a=b\n7", b"4 ab\n", b"99 a=b\n", b"3 \n", b"0 a=b\n", b"99999999999 a=b\n"]
        {
            assert!(Extended::default().read_pax(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn times_have_fractions_and_may_be_before_1970() {
        let time = |text: &str| {
            let mut extended = Extended::default();
            extended.pax.insert(b"mtime".to_vec(), text.into());
            extended.time("mtime")
        };
        assert_eq!(time("12.5"), Ok(Some((12, 500_000_000))));
        assert_eq!(time("-1.25"), Ok(Some((-2, 750_000_000))));
        assert_eq!(time("7"), Ok(Some((7, 0))));
        assert_eq!(time("-9223372036854775808"), Ok(Some((i64::MIN, 0))));
        assert!(time("-9223372036854775808.5").is_err());
        assert!(time("1.x").is_err());
        assert!(time("é").is_err());
    }
}
