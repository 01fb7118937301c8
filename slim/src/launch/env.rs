//! The command line of env(1): `env [OPTION]… [-] [NAME=VALUE]… [COMMAND [ARG]…]`.

/// Options that take the next argument: of one letter, and of a word.
const VALUED: ([char; 3], [&str; 3]) = (['u', 'C', 'a'], ["--unset", "--chdir", "--argv0"]);

/// The arguments, those that `-S TEXT` stands for put in, and where among them the command begins.
pub(super) fn read(arguments: &[String]) -> (Vec<String>, usize) {
    let mut all = arguments.to_vec();
    let mut at = 0;
    while let Some(argument) = all.get(at) {
        if argument == "--" {
            at += 1;
            break;
        }
        match Argument::of(argument) {
            Argument::Operand => break,
            Argument::Option { takes_next } => at += 1 + usize::from(takes_next),
            Argument::Text(text) => {
                let text = split(text);
                all.splice(at..=at, text);
            }
            Argument::NextIsText => {
                let text = all.get(at + 1).map(|text| split(text)).unwrap_or_default();
                let end = all.len().min(at + 2);
                all.splice(at..end, text);
            }
        }
    }
    at = at.min(all.len());
    at += all[at..].iter().take_while(|argument| argument.contains('=')).count();
    (all, at)
}

/// Whether a word is an option of env's by which it splits a text into arguments.
pub(super) fn splits(word: &str) -> bool {
    matches!(Argument::of(word), Argument::Text(_) | Argument::NextIsText)
}

/// What one argument says.
enum Argument<'a> {
    /// It is no option: an assignment, or the command.
    Operand,
    /// An option, and whether it takes the next argument. A dash alone is one: `-i`.
    Option { takes_next: bool },
    /// `-STEXT`, also behind other letters: `-vSTEXT`.
    Text(&'a str),
    /// `-S`, of which the text is the next argument.
    NextIsText,
}

impl<'a> Argument<'a> {
    fn of(argument: &'a str) -> Self {
        if let Some(word) = argument.strip_prefix("--split-string") {
            return word.strip_prefix('=').map_or(Self::NextIsText, Self::Text);
        }
        if argument.starts_with("--") {
            return Self::Option { takes_next: VALUED.1.contains(&argument) };
        }
        let Some(letters) = argument.strip_prefix('-') else { return Self::Operand };
        let telling = letters.char_indices().find(|(_, letter)| *letter == 'S' || VALUED.0.contains(letter));
        let Some((place, letter)) = telling else { return Self::Option { takes_next: false } };
        match &letters[place + letter.len_utf8()..] {
            "" if letter == 'S' => Self::NextIsText,
            text if letter == 'S' => Self::Text(text),
            value => Self::Option { takes_next: value.is_empty() },
        }
    }
}

/// The arguments that the text of `-S` stands for (GNU coreutils, "-S/--split-string syntax"). Variables stay as they are written.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, quote) {
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            ('\\', _) => match (rest.next(), quote) {
                (Some(c @ ('\\' | '\'')), Some('\'')) => word.get_or_insert_default().push(c),
                (Some(c), Some('\'')) => word.get_or_insert_default().extend(['\\', c]),
                (None | Some('c'), _) => break,
                (Some('_'), None) => words.extend(word.take()),
                (Some(c), _) => word.get_or_insert_default().push(escaped(c)),
            },
            ('#', None) if word.is_none() => break,
            (c, None) if c.is_ascii_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// What a letter behind a backslash stands for; most stand for themselves.
fn escaped(letter: char) -> char {
    match letter {
        '_' => ' ',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_comes_after_options_and_assignments() {
        for (arguments, expected) in [
            (&["-i", "-u", "HOME", "A=b", "tool", "-u"][..], &["tool", "-u"][..]),
            (&["-", "/a=b", "tool"], &["tool"]),
            (&["-uHOME", "-C", "/", "--chdir=/", "--unset=A", "--unset", "B", "--", "tool"], &["tool"]),
            (&["-iC", "/", "-a", "name", "tool", "-S", "x"], &["tool", "-S", "x"]),
            (&["--block-signal", "tool"], &["tool"]),
            (&["-S", "A=b tool -x", "y"], &["tool", "-x", "y"]),
            (&["-S A=b tool -x"], &["tool", "-x"]),
            (&["-S-u A tool"], &["tool"]),
            (&["-ivS tool"], &["tool"]),
            (&["-u", "-S", "tool"], &["tool"]),
            (&["-Stool 'a b'", "c"], &["tool", "a b", "c"]),
            (&["--split-string=tool -x"], &["tool", "-x"]),
            (&["--split-string", "'A=b c' tool"], &["tool"]),
            (&["-S", "-S 'tool x' y"], &["tool", "x", "y"]),
            (&["A=b c", "tool"], &["tool"]),
            (&["-u"], &[]),
            (&["-S"], &[]),
            (&[], &[]),
        ] {
            let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
            let (all, at) = read(&arguments);
            assert_eq!(all[at..], *expected, "{arguments:?}");
        }
    }

    #[test]
    fn texts_are_split_by_rules_of_their_own() {
        for (text, expected) in [
            (r#"a;b "c d"'e f' "#, &["a;b", "c de f"][..]),
            (r#"a\_b "c\_d" '\_' \#x #y"#, &["a", "b", "c d", "\\_", "#x"]),
            (r"'it\'s' a\tb x\c y", &["it's", "a\tb", "x"]),
            ("'' ${A}/b", &["", "${A}/b"]),
            ("'open", &["open"]),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }
}
