//! Clear-signed messages, split exactly (RFC 9580, section 7).

use super::SignatureError;

const BEGIN_MESSAGE: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE: &[u8] = b"-----END PGP SIGNATURE-----";

/// A clear-signed message, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearSigned {
    /// The bytes that were signed: lines without trailing blanks, ended by CR LF, the last one not ended.
    pub signed: Vec<u8>,
    /// The same text with plain newlines: what may be read once the signature is verified, and nothing else.
    pub text: Vec<u8>,
    /// The armored signatures.
    pub signatures: Vec<u8>,
}

/// Splits a message that is nothing but one signed text and its signatures.
///
/// # Errors
/// [`SignatureError::Missing`] when it is not signed, [`SignatureError::Malformed`] when anything stands outside the signed text or
/// the framing is wrong: text that is shown but not signed is how such checks are fooled.
pub fn split(message: &[u8]) -> Result<ClearSigned, SignatureError> {
    let malformed = |what: &str| SignatureError::Malformed(what.into());
    let mut lines = message.split_inclusive(|b| *b == b'\n').map(stripped);
    if lines.next() != Some(BEGIN_MESSAGE) {
        let signed = message.split(|b| *b == b'\n').any(|line| stripped(line) == BEGIN_MESSAGE);
        return Err(if signed { malformed("text stands before the signed message") } else { SignatureError::Missing });
    }
    loop {
        match lines.next() {
            Some(b"") => break,
            Some(header) if header.starts_with(b"Hash:") => {}
            Some(_) => return Err(malformed("a header other than Hash")),
            None => return Err(malformed("it ends among its headers")),
        }
    }
    let (mut signed, mut text) = (Vec::with_capacity(message.len()), Vec::with_capacity(message.len()));
    loop {
        let line = match lines.next() {
            Some(BEGIN_SIGNATURE) => break,
            Some(line) => match line.strip_prefix(b"- ") {
                Some(escaped) => escaped,
                None if line.starts_with(b"-") => return Err(malformed("a line begins with an unescaped dash")),
                None => line,
            },
            None => return Err(malformed("the signature is missing")),
        };
        if !text.is_empty() {
            signed.extend_from_slice(b"\r\n");
        }
        signed.extend_from_slice(line);
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    let mut signatures = BEGIN_SIGNATURE.to_vec();
    signatures.push(b'\n');
    loop {
        let line = lines.next().ok_or_else(|| malformed("the signature has no end"))?;
        signatures.extend_from_slice(line);
        signatures.push(b'\n');
        if line == END_SIGNATURE {
            break;
        }
    }
    if lines.any(|line| !line.is_empty()) {
        return Err(malformed("text follows the signature"));
    }
    Ok(ClearSigned { signed, text, signatures })
}

/// A line without its end and the blanks before it, which are not signed.
fn stripped(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|b| !matches!(b, b'\n' | b'\r' | b' ' | b'\t')).map_or(0, |last| last + 1);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nOrigin: x \n- -dash\n\nEnd\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n";

    #[test]
    fn the_signed_text_is_exactly_what_was_signed() {
        let parts = split(GOOD.as_bytes()).unwrap();
        assert_eq!(parts.signed, b"Origin: x\r\n-dash\r\n\r\nEnd");
        assert_eq!(parts.text, b"Origin: x\n-dash\n\nEnd\n");
        assert!(parts.signatures.starts_with(BEGIN_SIGNATURE) && parts.signatures.ends_with(b"-----\n"));
        assert_eq!(split(GOOD.replace('\n', "\r\n").as_bytes()).unwrap(), parts);
        assert!(split(format!("{GOOD}\n \n").as_bytes()).is_ok(), "blank lines at the end are harmless");
    }

    #[test]
    fn nothing_may_stand_outside_the_signed_text() {
        for (message, expected) in [
            (format!("Origin: evil\n{GOOD}"), "text stands before the signed message"),
            (format!("{GOOD}Origin: evil\n"), "text follows the signature"),
            (format!("{GOOD}{GOOD}"), "text follows the signature"),
            (GOOD.replace("Hash: SHA512", "Comment: x"), "a header other than Hash"),
            (GOOD.replace("- -dash", "-dash"), "a line begins with an unescaped dash"),
            (GOOD.replace("-----BEGIN PGP SIGNATURE-----\n", ""), "a line begins with an unescaped dash"),
            (GOOD.replace("-----END PGP SIGNATURE-----\n", ""), "the signature has no end"),
            (GOOD[..45].to_owned(), "it ends among its headers"),
        ] {
            assert_eq!(split(message.as_bytes()), Err(SignatureError::Malformed(expected.into())));
        }
        assert_eq!(split(b"Origin: x\nSuite: y\n"), Err(SignatureError::Missing));
        assert_eq!(split(b""), Err(SignatureError::Missing));
    }
}
