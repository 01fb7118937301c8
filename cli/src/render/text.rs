//! Words and numbers. Text from an image is never shown as it is: it could hold what moves a terminal's cursor.

use std::fmt::Write as _;

/// Bytes as Docker and registries count them, in powers of 1000: `38.1 MB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut unit = 0;
    // In tenths of the unit, rounded at the end: 999,950 bytes are 1.0 MB and not 1000.0 kB.
    let mut size = u128::from(count);
    let mut divisor = 1000_u128;
    while (size * 10 + divisor / 2) / divisor >= 10_000 && unit + 1 < UNITS.len() {
        divisor *= 1000;
        unit += 1;
    }
    size = (size * 10 + divisor / 2) / divisor;
    format!("{}.{} {}", size / 10, size % 10, UNITS[unit])
}

/// How much less `after` is: `33.1 MB (46%)`; growth has a plus sign.
pub(crate) fn saved_bytes(before: u64, after: u64) -> String {
    let change = bytes(before.abs_diff(after));
    match before.cmp(&after) {
        std::cmp::Ordering::Equal => "-".into(),
        std::cmp::Ordering::Greater => format!("{change} ({}%)", percent(before - after, before)),
        std::cmp::Ordering::Less => format!("+{change}"),
    }
}

/// How many less.
pub(crate) fn saved_count(before: usize, after: usize) -> String {
    match before.cmp(&after) {
        std::cmp::Ordering::Equal => "-".into(),
        std::cmp::Ordering::Greater => {
            format!("{} ({}%)", before - after, percent((before - after) as u64, before as u64))
        }
        std::cmp::Ordering::Less => format!("+{}", after - before),
    }
}

fn percent(part: u64, whole: u64) -> u128 {
    u128::from(part) * 100 / u128::from(whole.max(1))
}

/// `1 package`, `2 packages`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// One line without anything that acts on a terminal: control characters and direction marks are written as escapes.
pub(crate) fn clean(text: &str) -> String {
    escape(text, |_| false)
}

/// As [`clean`], but lines stay lines.
pub(crate) fn clean_lines(text: &str) -> String {
    escape(text, |c| c == '\n')
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let acts =
            c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if acts && !keep(c) {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// At most `width` characters of one line, with runs of white space as one space; `…` stands for the rest.
pub(crate) fn short(text: &str, width: usize) -> String {
    let line = clean(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    if line.chars().count() <= width {
        return line;
    }
    let mut line: String = line.chars().take(width.saturating_sub(1)).collect();
    line.push('…');
    line
}

/// The first characters of a digest's hash.
pub(crate) fn short_digest(digest: &str) -> String {
    short(digest.split_once(':').map_or(digest, |(_, hash)| hash).get(..12).unwrap_or(digest), 24)
}

/// A command as one would type it.
pub(crate) fn words(words: &[String]) -> String {
    let quote = |word: &String| {
        let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
        match !word.is_empty() && word.chars().all(plain) {
            true => word.clone(),
            false => format!("'{}'", clean(word).replace('\'', r"'\''")),
        }
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (number, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_049, "1.0 kB"),
            (1_050, "1.1 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (38_123_456, "38.1 MB"),
            (4_000_000_000, "4.0 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(number), expected);
        }
        assert_eq!(saved_bytes(200, 150), "50 B (25%)");
        assert_eq!(saved_bytes(150, 200), "+50 B");
        assert_eq!(saved_bytes(7, 7), "-");
        assert_eq!(
            (saved_count(4, 3), saved_count(3, 4), saved_count(0, 0)),
            ("1 (25%)".into(), "+1".into(), "-".into())
        );
        assert_eq!((count(1, "layer"), count(0, "layer")), ("1 layer".into(), "0 layers".into()));
    }

    #[test]
    fn what_an_image_says_cannot_move_the_cursor() {
        assert_eq!(clean("a\u{1b}[2Jb\r\nc"), r"a\u{1b}[2Jb\r\nc");
        assert_eq!(clean("evil\u{202e}txt"), r"evil\u{202e}txt");
        assert_eq!(clean("schön"), "schön");
        assert_eq!(clean_lines("a\nb\u{7}"), "a\nb\\u{7}");
        assert_eq!(short("RUN  apt-get\n\tinstall x", 12), "RUN apt-get…");
        assert_eq!(short_digest("sha256:0123456789abcdef"), "0123456789ab");
        assert_eq!(short_digest("x"), "x");
    }

    #[test]
    fn commands_can_be_typed_again() {
        let line = ["nginx", "-g", "daemon off;", "", "it's"].map(String::from);
        assert_eq!(words(&line), r"nginx -g 'daemon off;' '' 'it'\''s'");
    }
}
