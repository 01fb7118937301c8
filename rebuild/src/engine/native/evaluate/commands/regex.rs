//! POSIX regular expressions (regex(7)) on top of the `regex` crate.
//!
//! POSIX wants the leftmost *longest* match, the crate gives the leftmost first alternative. They differ only where there are
//! alternatives, so who needs the extent of a match asks [`Pattern::extent_is_posix`].

use regex::Regex;

/// A compiled expression.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// The expression.
    pub(super) regex: Regex,
    alternatives: bool,
}

impl Pattern {
    /// Whether where a match ends is what POSIX says.
    pub(super) fn extent_is_posix(&self) -> bool {
        !self.alternatives
    }
}

/// Compiles a basic or, with `extended`, an extended expression.
///
/// # Errors
/// A message for what is not an expression, or not one that can be translated (back-references).
pub(super) fn compile(pattern: &str, extended: bool, ignore_case: bool) -> Result<Pattern, String> {
    let mut out = String::new();
    let mut alternatives = false;
    let mut chars = pattern.chars().peekable();
    // Whether an atom is there for a repetition, and whether an anchor may stand here.
    let mut begins = true;
    let mut groups = 0_u32;
    while let Some(c) = chars.next() {
        let first = std::mem::replace(&mut begins, false);
        match c {
            '[' => bracket(&mut chars, &mut out)?,
            '.' => out.push('.'),
            '*' if first => out.push_str(r"\*"),
            '*' => out.push('*'),
            '^' if extended || first => {
                out.push('^');
                begins = !extended;
            }
            '$' if extended => out.push('$'),
            '$' => {
                let mut ahead = chars.clone();
                let last = matches!((ahead.next(), ahead.next()), (None, _) | (Some('\\'), Some(')' | '|')));
                out.push_str(if last { "$" } else { r"\$" });
            }
            '(' | ')' | '|' | '+' | '?' | '{' | '}' if extended => {
                operator(c, &mut chars, &mut out, &mut begins, &mut groups, &mut alternatives, true)?
            }
            '\\' => match chars.next() {
                None => return Err("a trailing backslash".into()),
                Some(c @ ('(' | ')' | '|' | '+' | '?' | '{' | '}')) if !extended => {
                    operator(c, &mut chars, &mut out, &mut begins, &mut groups, &mut alternatives, false)?;
                }
                Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B' | '<' | '>')) => {
                    out.push('\\');
                    out.push(c);
                }
                Some('n') => out.push_str(r"\n"),
                Some('t') => out.push_str(r"\t"),
                Some(c) if c.is_ascii_alphanumeric() => return Err(format!("\\{c} is not known")),
                Some(c) => literal(c, &mut out),
            },
            c => literal(c, &mut out),
        }
    }
    if groups != 0 {
        return Err("a parenthesis is not closed".into());
    }
    let regex = regex::RegexBuilder::new(&out).case_insensitive(ignore_case).size_limit(1 << 20).build();
    let regex = regex.map_err(|error| format!("{pattern:?}: {error}"))?;
    Ok(Pattern { regex, alternatives })
}

fn operator(
    c: char,
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
    begins: &mut bool,
    groups: &mut u32,
    alternatives: &mut bool,
    extended: bool,
) -> Result<(), String> {
    match c {
        '(' => {
            *groups += 1;
            *begins = true;
        }
        ')' => *groups = groups.checked_sub(1).ok_or("an unmatched ')'")?,
        '|' => {
            *alternatives = true;
            *begins = true;
        }
        '{' => {
            let mut bounds = String::new();
            loop {
                match chars.next() {
                    Some(c @ ('0'..='9' | ',')) => bounds.push(c),
                    Some('\\') if !extended && chars.next() == Some('}') => break,
                    Some('}') if extended => break,
                    _ => return Err("a repetition is not closed".into()),
                }
            }
            let bounds = if bounds.starts_with(',') { format!("0{bounds}") } else { bounds };
            out.push_str(&format!("{{{bounds}}}"));
            return Ok(());
        }
        '}' => {
            out.push_str(r"\}");
            return Ok(());
        }
        _ => {}
    }
    out.push(c);
    Ok(())
}

fn literal(c: char, out: &mut String) {
    if c.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(c);
}

/// A bracket expression, in which a backslash is a character.
fn bracket(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let c = chars.next().ok_or("a bracket is not closed")?;
        match c {
            ']' if !first => break,
            '[' if chars.peek() == Some(&':') => {
                let mut name = String::new();
                loop {
                    let c = chars.next().ok_or("a bracket is not closed")?;
                    name.push(c);
                    if c == ']' {
                        break;
                    }
                }
                out.push('[');
                out.push_str(&name);
            }
            '[' if matches!(chars.peek(), Some('.' | '=')) => return Err("a collating element".into()),
            '-' if !first && chars.peek().is_some_and(|next| *next != ']') => out.push('-'),
            c => literal(c, out),
        }
        first = false;
    }
    out.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_and_extended() {
        for (pattern, extended, text, expected) in [
            ("a*b", false, "aab", Some("aab")),
            ("*a", false, "x*a", Some("*a")),
            ("a+b", false, "a+b", Some("a+b")),
            ("a+b", true, "aab", Some("aab")),
            (r"a\+b", false, "aab", Some("aab")),
            (r"^\(a\|b\)$", false, "b", Some("b")),
            ("a^b$c", false, "a^b$c", Some("a^b$c")),
            (r"x\{2,3\}", false, "xxxx", Some("xxx")),
            ("[[:space:]]x$", true, "a\tx", Some("\tx")),
            (r"[^]\n]", false, r"]\nq", Some("q")),
            ("^(a|b)c", true, "ac", Some("ac")),
            ("a{2}", true, "aa", Some("aa")),
            (r"\.", true, "a.", Some(".")),
            ("[a-c-]*", false, "a-b", Some("a-b")),
        ] {
            let compiled = compile(pattern, extended, false).unwrap();
            assert_eq!(compiled.regex.find(text).map(|found| found.as_str()), expected, "{pattern}");
        }
        for pattern in [r"\(a\)\1", r"\(a", "[a", "a\\"] {
            assert!(compile(pattern, false, false).is_err(), "{pattern}");
        }
    }
}
