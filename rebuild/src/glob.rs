//! Patterns over names: `*`, `?` and `[…]`, as fnmatch(3) and the shell know them (POSIX 2.14).
//!
//! Patterns come out of images and archives, so none may cost more than the product of its length and the text's, nor recurse. A pattern
//! that wants more characters than a text has is not even tried.

/// A character and whether it was quoted, which makes it stand for itself.
pub(crate) type Char = (char, bool);

/// A pattern that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    elements: Vec<Element>,
    /// How many characters a text has at least.
    shortest: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    /// Any text, slashes too.
    Star,
    /// Any character.
    Any,
    Literal(char),
    /// One of these characters, or none of them; each range from the first to the last.
    Set {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
}

impl Glob {
    /// A pattern of fnmatch(3) without flags, in the C locale: a character is a byte, and `!` and `^` both negate a bracket.
    pub(crate) fn fnmatch(pattern: &[u8]) -> Self {
        let mut chars: Vec<Char> = Vec::new();
        let mut bytes = pattern.iter().copied().map(char::from);
        let mut is_cut_off = false;
        while let Some(c) = bytes.next() {
            match (c, bytes.clone().next()) {
                ('\\', Some(quoted)) => {
                    chars.push((quoted, true));
                    bytes.next();
                }
                ('\\', None) => is_cut_off = true,
                _ => chars.push((c, false)),
            }
        }
        let mut elements = elements(&chars, &['!', '^']);
        if is_cut_off {
            // A backslash that quotes nothing fits nothing.
            elements.push(Element::Set { ranges: Vec::new(), negated: false });
        }
        Self::of(elements)
    }

    /// A pattern of dash: `!` negates a bracket, `^` is a character.
    pub(crate) fn shell(pattern: &[Char]) -> Self {
        Self::of(elements(pattern, &['!']))
    }

    /// A pattern in which only `*` means something.
    pub(crate) fn stars(pattern: &str) -> Self {
        Self::of(elements(&pattern.chars().map(|c| (c, c != '*')).collect::<Vec<_>>(), &[]))
    }

    fn of(mut elements: Vec<Element>) -> Self {
        elements.dedup_by(|one, other| *one == Element::Star && *other == Element::Star);
        let shortest = elements.iter().filter(|element| **element != Element::Star).count();
        Self { elements, shortest }
    }

    /// Whether the whole text fits, each byte a character.
    pub(crate) fn fits_bytes(&self, text: &[u8]) -> bool {
        text.len() >= self.shortest && self.fits(text.iter().copied().map(char::from))
    }

    /// Whether the whole text fits.
    pub(crate) fn fits_text(&self, text: &str) -> bool {
        text.len() >= self.shortest && self.fits(text.chars())
    }

    /// Whether all these characters fit.
    pub(crate) fn fits_chars(&self, text: &[char]) -> bool {
        text.len() >= self.shortest && self.fits(text.iter().copied())
    }

    fn fits(&self, mut text: impl Iterator<Item = char> + Clone) -> bool {
        let mut at = 0;
        // The last star, and what follows the text that it has taken: the only point worth going back to.
        let mut star = None;
        loop {
            if let Some(Element::Star) = self.elements.get(at) {
                at += 1;
                star = Some((at, text.clone()));
                continue;
            }
            match (text.next(), self.elements.get(at)) {
                (None, None) => return true,
                (Some(c), Some(element)) if element.fits(c) => at += 1,
                // What does not fit with nothing left will not fit with less either.
                (None, Some(_)) => return false,
                _ => match &mut star {
                    Some((after, taken)) => {
                        taken.next();
                        (at, text) = (*after, taken.clone());
                    }
                    None => return false,
                },
            }
        }
    }
}

impl Element {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Star | Self::Any => true,
            Self::Literal(literal) => *literal == c,
            Self::Set { ranges, negated } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
        }
    }
}

fn elements(pattern: &[Char], negations: &[char]) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut at = 0;
    // Behind a bracket that nothing closes, none is closed: looking each time would take quadratic time.
    let mut may_be_closed = true;
    while let Some((c, quoted)) = pattern.get(at) {
        at += 1;
        elements.push(match (c, quoted) {
            ('*', false) => Element::Star,
            ('?', false) => Element::Any,
            ('[', false) if may_be_closed => match bracket(pattern, at, negations) {
                Some((set, end)) => {
                    at = end;
                    set
                }
                None => {
                    may_be_closed = false;
                    Element::Literal('[')
                }
            },
            (literal, _) => Element::Literal(*literal),
        });
    }
    elements
}

/// A bracket expression from behind its `[`, and where it ends; `None` when it is not closed.
fn bracket(pattern: &[Char], start: usize, negations: &[char]) -> Option<(Element, usize)> {
    let negated = pattern.get(start).is_some_and(|(c, quoted)| !quoted && negations.contains(c));
    let first = start + usize::from(negated);
    let (mut ranges, mut at) = (Vec::new(), first);
    loop {
        let (low, quoted) = *pattern.get(at)?;
        // A bracket right at the start belongs to the set.
        if low == ']' && !quoted && at > first {
            return Some((Element::Set { ranges, negated }, at + 1));
        }
        if low == '['
            && !quoted
            && let Some((class, end)) = class(pattern, at + 1)
        {
            ranges.extend(class);
            at = end;
            continue;
        }
        match pattern[at + 1..] {
            [('-', false), (high, quoted), ..] if high != ']' || quoted => {
                ranges.push((low, high));
                at += 3;
            }
            _ => {
                ranges.push((low, low));
                at += 1;
            }
        }
    }
}

/// The class `[:name:]` from behind its `[`, and where it ends. A class of another name has no characters.
fn class(pattern: &[Char], at: usize) -> Option<(&'static [(char, char)], usize)> {
    let rest = pattern.get(at..)?.strip_prefix(&[(':', false)])?;
    let length = rest.iter().position(|(c, _)| *c == ':')?;
    let is_closed = rest.get(length + 1) == Some(&(']', false));
    let name: String = rest[..length].iter().map(|(c, _)| *c).collect();
    let ranges: &[_] = match name.as_str() {
        "alpha" => &[('a', 'z'), ('A', 'Z')],
        "digit" => &[('0', '9')],
        "alnum" => &[('a', 'z'), ('A', 'Z'), ('0', '9')],
        "space" => &[(' ', ' '), ('\t', '\r')],
        "blank" => &[(' ', ' '), ('\t', '\t')],
        "upper" => &[('A', 'Z')],
        "lower" => &[('a', 'z')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "xdigit" => &[('0', '9'), ('a', 'f'), ('A', 'F')],
        _ => &[],
    };
    is_closed.then_some((ranges, at + 1 + length + 2))
}

/// Whether a pattern has anything active in it.
pub(crate) fn is_active(pattern: &[Char]) -> bool {
    pattern.iter().any(|(c, quoted)| !quoted && matches!(c, '*' | '?' | '['))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(pattern: &str) -> Vec<Char> {
        pattern.chars().map(|c| (c, false)).collect()
    }

    /// What the dialects have in common, and where they differ.
    #[test]
    fn patterns_fit_as_fnmatch_and_dash_have_them() {
        for (pattern, text, fnmatch, shell) in [
            ("", "", true, true),
            ("*", "", true, true),
            ("linux-*", "linux-image", true, true),
            ("*.so", "a.so.so", true, true),
            ("a*b*c", "aXbYbZc", true, true),
            ("a*b*c", "aXbYbZ", false, false),
            ("*a*b*", "xxaxxbxx", true, true),
            ("/a/*.x", "/a/b/c.x", true, true),
            ("/a", "/ab", false, false),
            ("/a/?", "/a//", true, true),
            ("a?", "a", false, false),
            ("?b", "ab", true, true),
            ("1.2.[3-5]?", "1.2.4x", true, true),
            ("[!a-c]x", "bx", false, false),
            ("[!a]b", "bb", true, true),
            ("[^a]", "b", true, false),
            ("[^a]", "^", true, true),
            ("[]]", "]", true, true),
            ("[!]]", "]", false, false),
            ("[a-]", "-", true, true),
            ("[c-a]", "b", false, false),
            ("[[:digit:]]*", "1a", true, true),
            ("[[:digit:]_]", "_", true, true),
            ("[[:digit:]]", "a", false, false),
            ("[[:nothing:]]", "a", false, false),
            ("[", "[", true, true),
            ("[a", "[a", true, true),
            ("[[a", "[[a", true, true),
            ("[*", "[a", true, true),
            ("\\*", "*", true, false),
            ("\\*", "\\a", false, true),
            ("[\\]]", "]", true, false),
            ("a\\", "a\\", false, true),
        ] {
            assert_eq!(Glob::fnmatch(pattern.as_bytes()).fits_bytes(text.as_bytes()), fnmatch, "{pattern} {text}");
            let chars: Vec<char> = text.chars().collect();
            assert_eq!(Glob::shell(&plain(pattern)).fits_chars(&chars), shell, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_quoted_or_means_nothing_stands_for_itself() {
        assert!(Glob::shell(&[('*', true)]).fits_text("*"));
        assert!(!Glob::shell(&[('*', true)]).fits_text("x"));
        for (pattern, text, expected) in
            [("*/sh", "/bin/sh", true), ("*/s?", "/bin/sh", false), ("/[a]*", "/[a]b", true), ("/ä*", "/äö", true)]
        {
            assert_eq!(Glob::stars(pattern).fits_text(text), expected, "{pattern} {text}");
        }
        assert!(!Glob::fnmatch("?".as_bytes()).fits_bytes("ä".as_bytes()), "two bytes");
        assert!(is_active(&plain("a*")) && !is_active(&plain("a")) && !is_active(&[('*', true)]));
    }

    /// Each of these would take longer than anyone waits, were every way of dividing a text among the stars tried, or every bracket looked
    /// for to the end.
    #[test]
    fn no_pattern_takes_long() {
        let text = "a".repeat(4000);
        let stars = format!("{}b", "*a".repeat(1000));
        assert!(!Glob::fnmatch(stars.as_bytes()).fits_bytes(text.as_bytes()));
        assert!(!Glob::stars(&stars).fits_text(&text));
        assert!(!Glob::shell(&plain(&stars)).fits_text(&text));
        assert!(!Glob::stars(&format!("*{}b", "a".repeat(2000))).fits_text(&text));
        assert!(Glob::fnmatch("*".repeat(1 << 20).as_bytes()).fits_bytes(text.as_bytes()));
        assert!(!Glob::fnmatch("[".repeat(1 << 20).as_bytes()).fits_bytes(text.as_bytes()));
    }
}
