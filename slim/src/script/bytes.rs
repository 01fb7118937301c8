//! Bytes of a shell as text, without losing any.
//!
//! A shell's words are bytes, and nearly always text. They are kept as strings here; a byte that is not UTF-8 is kept as a
//! character of its own, U+10FF80 to U+10FFFF for 0x80 to 0xFF (private use; where a script holds such a character itself, its
//! bytes are kept one by one like the others). [`decode`] and [`encode`] stand where bytes come in and go out.

use std::borrow::Cow;

/// The character of the byte 0x00; those below 0x80 are text and need none.
const FIRST: u32 = 0x10_ff00;

fn stands_for_byte(character: char) -> bool {
    u32::from(character) >= FIRST + 0x80
}

fn of_byte(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Bytes as text; [`encode`] gives them back.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text(text) => return Cow::Borrowed(text),
        _ => {}
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if stands_for_byte(character) {
                text.extend(character.encode_utf8(&mut [0; 4]).bytes().map(of_byte));
            } else {
                text.push(character);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(of_byte));
    }
    Cow::Owned(text)
}

/// The bytes that a text stands for.
pub fn encode(text: &str) -> Cow<'_, [u8]> {
    if is_text(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        if stands_for_byte(character) {
            // The low byte is the one that it stands for.
            bytes.push(u32::from(character) as u8);
        } else {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Cow::Owned(bytes)
}

/// Whether a text is no more than text: nothing in it stands for a byte that is not UTF-8.
pub fn is_text(text: &str) -> bool {
    // 0xF4 begins the characters of the last plane, and nothing else.
    !text.as_bytes().contains(&0xf4) || !text.chars().any(stands_for_byte)
}

/// A text for people to read.
pub fn shown(text: &str) -> String {
    String::from_utf8_lossy(&encode(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_come_back() {
        let every: Vec<u8> = (0..=255).collect();
        for bytes in
            [&every[..], b"plain", b"caf\xe9", "caf\u{e9} \u{10ff80} \u{10ffff}".as_bytes(), b"\xc3", b"\xf4\x8f"]
        {
            assert_eq!(*encode(&decode(bytes)), *bytes);
        }
        // A piece may be cut anywhere, and put together again.
        let text = decode(b"\xc3").into_owned() + &decode(b"\xa9");
        assert_eq!(*encode(&text), *"\u{e9}".as_bytes());
    }

    #[test]
    fn text_is_left_alone() {
        assert!(matches!(decode("caf\u{e9}".as_bytes()), Cow::Borrowed("caf\u{e9}")));
        assert!(!is_text("caf\u{e9} \u{10fffd}"));
        assert!(is_text("\u{10ff7f}"));
        assert_eq!(shown(&decode(b"a\xe9")), "a\u{fffd}");
    }
}
