//! Shell patterns (POSIX 2.14) as dash matches them: `!` negates a bracket, `^` is a character.

/// A character and whether it was quoted, which makes it stand for itself.
pub(super) type Char = (char, bool);

/// Whether the whole text fits the pattern.
pub(super) fn matches(pattern: &[Char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and how much text it has taken: the only point worth going back to.
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(p) {
            Some(('*', false)) => {
                star = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(_) if t < text.len() => one(pattern, p, text[t]),
            None if t == text.len() => return true,
            _ => None,
        };
        match (step, star) {
            (Some(next), _) => (p, t) = (next, t + 1),
            (None, Some((after, taken))) if taken < text.len() => {
                star = Some((after, taken + 1));
                (p, t) = (after, taken + 1);
            }
            _ => return false,
        }
    }
}

/// Matches one character and gives where the pattern goes on.
fn one(pattern: &[Char], at: usize, c: char) -> Option<usize> {
    match pattern[at] {
        ('?', false) => Some(at + 1),
        ('[', false) => match bracket(pattern, at, c) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            None => (c == '[').then_some(at + 1),
        },
        (literal, _) => (literal == c).then_some(at + 1),
    }
}

/// A bracket expression: whether it holds the character, and where it ends; `None` when it is not closed.
fn bracket(pattern: &[Char], at: usize, c: char) -> Option<(bool, usize)> {
    let mut i = at + 1;
    let negated = matches!(pattern.get(i), Some(('!', false)));
    if negated {
        i += 1;
    }
    let first = i;
    let mut found = false;
    loop {
        let (low, quoted) = *pattern.get(i)?;
        if low == ']' && !quoted && i > first {
            return Some((found != negated, i + 1));
        }
        if low == '[' && !quoted && matches!(pattern.get(i + 1), Some((':', _))) {
            let name: String = pattern[i + 2..].iter().map(|(c, _)| *c).take_while(|c| *c != ':').collect();
            let end = i + 2 + name.chars().count();
            if matches!(pattern.get(end + 1), Some((']', _))) {
                found |= class(&name, c)?;
                i = end + 2;
                continue;
            }
        }
        let range = matches!(pattern.get(i + 1), Some(('-', false)))
            && !matches!(pattern.get(i + 2), None | Some((']', false)));
        if range {
            let (high, _) = *pattern.get(i + 2)?;
            found |= (low..=high).contains(&c);
            i += 3;
        } else {
            found |= low == c;
            i += 1;
        }
    }
}

fn class(name: &str, c: char) -> Option<bool> {
    Some(match name {
        "alpha" => c.is_ascii_alphabetic(),
        "digit" => c.is_ascii_digit(),
        "alnum" => c.is_ascii_alphanumeric(),
        "space" => matches!(c, ' ' | '\t'..='\r'),
        "blank" => matches!(c, ' ' | '\t'),
        "upper" => c.is_ascii_uppercase(),
        "lower" => c.is_ascii_lowercase(),
        "punct" => c.is_ascii_punctuation(),
        "xdigit" => c.is_ascii_hexdigit(),
        _ => return None,
    })
}

/// Whether a pattern has anything active in it.
pub(super) fn is_active(pattern: &[Char]) -> bool {
    pattern.iter().any(|(c, quoted)| !quoted && matches!(c, '*' | '?' | '['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*a*b*", "xxaxxbxx", true),
            ("?b", "ab", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a]", "b", false),
            ("[]]", "]", true),
            ("[[:digit:]]*", "1a", true),
            ("[a", "[a", true),
            ("*.so", "a.so.so", true),
        ] {
            let pattern_chars: Vec<_> = pattern.chars().map(|c| (c, false)).collect();
            let text_chars: Vec<_> = text.chars().collect();
            assert_eq!(matches(&pattern_chars, &text_chars), expected, "{pattern} {text}");
        }
        assert!(matches(&[('*', true)], &['*']));
        assert!(!matches(&[('*', true)], &['x']));
    }
}
