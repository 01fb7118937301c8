//! A command as a person types it, in the shell's words (POSIX.1-2017, Shell Command Language, 2.2 and 2.3).

/// A quote that is opened and not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the quote {0} is opened and not closed")]
pub struct UnclosedQuote(pub char);

/// The words of a command. What only a shell can do (`a && b`, `$HOME/x`, `a > b`) becomes the words that make one do it.
///
/// # Errors
/// When a quote is not closed.
pub fn words(text: &str) -> Result<Vec<String>, UnclosedQuote> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut needs_shell = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' => quoted(&mut rest, word.get_or_insert_default())?,
            '"' => needs_shell |= double_quoted(&mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().extend(rest.next().filter(|c| *c != '\n')),
            // A newline between commands is as good as a semicolon.
            '\n' if words.is_empty() && word.is_none() => {}
            c if c.is_whitespace() && c != '\n' => words.extend(word.take()),
            ';' | '&' | '|' | '<' | '>' | '(' | ')' | '$' | '`' | '\n' => {
                needs_shell |= c != '\n' || rest.peek().is_some()
            }
            '#' if word.is_none() => break,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(if needs_shell { vec!["/bin/sh".into(), "-c".into(), text.into()] } else { words })
}

fn quoted(rest: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), UnclosedQuote> {
    loop {
        match rest.next() {
            Some('\'') => return Ok(()),
            Some(c) => word.push(c),
            None => return Err(UnclosedQuote('\'')),
        }
    }
}

/// Whether only a shell knows what it says.
fn double_quoted(rest: &mut impl Iterator<Item = char>, word: &mut String) -> Result<bool, UnclosedQuote> {
    let mut needs_shell = false;
    loop {
        match rest.next() {
            Some('"') => return Ok(needs_shell),
            Some('\\') => match rest.next() {
                Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                Some('\n') => {}
                Some(c) => word.extend(['\\', c]),
                None => return Err(UnclosedQuote('"')),
            },
            Some(c) => {
                needs_shell |= c == '$' || c == '`';
                word.push(c);
            }
            None => return Err(UnclosedQuote('"')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_shells() {
        for (text, expected) in [
            ("nginx -t", &["nginx", "-t"][..]),
            ("  a  'b c' \"d e\"f \\g  ", &["a", "b c", "d ef", "g"]),
            (r#"a "\$x" '$y' '' "#, &["a", "$x", "$y", ""]),
            ("a # b", &["a"]),
            ("a#b", &["a#b"]),
            ("", &[]),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
        for text in ["a && b", "a; b", "a | b", "$HOME/a", "a \"$b\"", "a > /b", "a\nb"] {
            assert_eq!(words(text).unwrap(), ["/bin/sh", "-c", text]);
        }
        assert_eq!(words("a 'b"), Err(UnclosedQuote('\'')));
        assert_eq!(words("a \"b\\"), Err(UnclosedQuote('"')));
    }
}
