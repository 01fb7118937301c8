//! The name under which OpenSSL looks a certificate up in a directory: a hash of its subject (`X509_NAME_hash`).
//!
//! The subject is made canonical first: text as UTF-8, without outer blanks, runs of blanks as one, ASCII letters small; the rest of the
//! encoding stays, without the outermost header (OpenSSL, `crypto/x509/x_name.c`).

use base64::Engine as _;
use sha1::{Digest as _, Sha1};

/// Why a file has no subject hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::native::effects) enum Unhashed {
    /// It does not hold exactly one certificate: `openssl rehash` passes it over.
    NotOne,
    /// It holds something that slim does not reproduce, such as a revocation list.
    Unknown(&'static str),
}

/// The DER bytes of the one certificate in a PEM file.
pub(in crate::engine::native::effects) fn certificate(pem: &[u8]) -> Result<Vec<u8>, Unhashed> {
    let text = String::from_utf8_lossy(pem);
    let mut found = None;
    let mut body: Option<String> = None;
    for line in text.lines().map(str::trim_end) {
        if let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) {
            if !matches!(label, "CERTIFICATE" | "X509 CERTIFICATE") {
                return Err(Unhashed::Unknown("it holds more than plain certificates"));
            }
            body = Some(String::new());
        } else if line.starts_with("-----END ") {
            if let Some(body) = body.take() {
                let der = base64::engine::general_purpose::STANDARD.decode(body.trim());
                let der = der.map_err(|_| Unhashed::Unknown("its base64 is damaged"))?;
                if found.replace(der).is_some() {
                    return Err(Unhashed::NotOne);
                }
            }
        } else if let Some(body) = &mut body {
            body.push_str(line);
        }
    }
    found.ok_or(Unhashed::NotOne)
}

/// The subject hash of a certificate in DER; `None` when it is not one.
pub(super) fn hash(der: &[u8]) -> Option<u32> {
    let canonical = canonical(subject(der)?)?;
    let digest = Sha1::digest(&canonical);
    Some(u32::from_le_bytes(digest.get(..4)?.try_into().ok()?))
}

/// The content of the subject's sequence (RFC 5280, 4.1).
fn subject(der: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    if fields.first() == Some(&0xa0) {
        fields = element(fields)?.2;
    }
    // Serial number, signature algorithm, issuer and validity come before the subject.
    for _ in 0..4 {
        fields = element(fields)?.2;
    }
    element(fields).map(|(_, subject, _)| subject)
}

fn canonical(mut names: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while !names.is_empty() {
        let (_, mut set, rest) = element(names)?;
        names = rest;
        let mut attributes = Vec::new();
        while !set.is_empty() {
            let (_, attribute, rest) = element(set)?;
            set = rest;
            let (_, oid, value) = element(attribute)?;
            let (tag, content, _) = element(value)?;
            let value = match text(tag, content)? {
                Some(text) => encoded(0x0c, text.as_bytes()),
                None => encoded(tag, content),
            };
            attributes.push(encoded(0x30, &[encoded(0x06, oid), value].concat()));
        }
        // DER: the members of a set are in the order of their encodings.
        attributes.sort();
        out.extend(encoded(0x31, &attributes.concat()));
    }
    Some(out)
}

/// Canonical text of a string type; inside `None` for types that are taken as they are.
fn text(tag: u8, content: &[u8]) -> Option<Option<String>> {
    let wide = |width: usize| {
        let chars = content.chunks(width).map(|unit| unit.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)));
        chars.map(char::from_u32).collect::<Option<String>>()
    };
    let text = match tag {
        0x0c => String::from_utf8(content.to_vec()).ok()?,
        // PrintableString, T61String, IA5String and VisibleString are taken as Latin-1.
        0x13 | 0x14 | 0x16 | 0x1a => content.iter().copied().map(char::from).collect(),
        0x1e => wide(2)?,
        0x1c => wide(4)?,
        _ => return Some(None),
    };
    let is_blank = |c: char| matches!(c, ' ' | '\t'..='\r');
    let words = text.split(is_blank).filter(|word| !word.is_empty());
    Some(Some(words.collect::<Vec<_>>().join(" ").to_ascii_lowercase()))
}

/// The first element of DER bytes: tag, content, and what follows. Lengths over four bytes are not met in certificates.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn encoded(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = (content.len() as u32).to_be_bytes();
    match content.len() {
        0..=0x7f => out.push(length[3]),
        _ => {
            let digits = &length[length.iter().position(|digit| *digit != 0).unwrap_or(3)..];
            out.push(0x80 | digits.len() as u8);
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_canonical_whatever_its_type() {
        let rows: [(u8, &[u8], Option<&str>); 6] = [
            (0x0c, b"  My\t Root  CA ", Some("my root ca")),
            (0x13, b"ACME", Some("acme")),
            (0x14, b"F\xf6o", Some("f\u{f6}o")),
            (0x1e, b"\0A\x01\x51", Some("a\u{151}")),
            (0x1c, b"\0\0\0B", Some("b")),
            (0x03, b"bits", None),
        ];
        for (tag, content, expected) in rows {
            assert_eq!(text(tag, content), Some(expected.map(Into::into)), "{tag:#x}");
        }
    }

    #[test]
    fn damaged_certificates_have_no_hash() {
        let der = encoded(0x30, &encoded(0x30, &[0xa0, 3, 2, 1, 2, 2, 1, 1]));
        for end in 0..=der.len() {
            assert_eq!(hash(&der[..end]), None);
        }
        assert_eq!(certificate(b"no pem"), Err(Unhashed::NotOne));
        let crl = b"-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n";
        assert!(matches!(certificate(crl), Err(Unhashed::Unknown(_))));
    }
}
