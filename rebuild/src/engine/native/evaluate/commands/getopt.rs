//! `getopt`, util-linux's: options of a script brought into their plain order (getopt(1)).

use crate::engine::native::evaluate::{Shell, Status, Stop};

/// What a description of options says of one: none, a needed or an optional value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Value,
    Perhaps,
}

#[derive(Default)]
struct Description {
    short: Vec<(char, Takes)>,
    long: Vec<(String, Takes)>,
    /// `+` before the short ones: the first word that is no option ends them.
    in_order: bool,
    /// `-a`: long options may begin with one dash.
    alternative: bool,
}

impl Description {
    fn add_short(&mut self, text: &str) {
        self.in_order = text.starts_with('+');
        let text = text.strip_prefix('+').unwrap_or(text);
        let mut rest = text.chars().peekable();
        while let Some(letter) = rest.next() {
            let mut colons = 0;
            while rest.next_if_eq(&':').is_some() {
                colons += 1;
            }
            self.short.push((letter, takes(colons)));
        }
    }

    fn add_long(&mut self, text: &str) {
        for name in text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|name| !name.is_empty()) {
            let bare = name.trim_end_matches(':');
            self.long.push((bare.to_owned(), takes(name.len() - bare.len())));
        }
    }

    /// The option that a name, perhaps shortened, stands for; `Err` when it is ambiguous.
    fn find_long(&self, name: &str) -> Result<Option<&(String, Takes)>, ()> {
        if let Some(exact) = self.long.iter().find(|(known, _)| known == name) {
            return Ok(Some(exact));
        }
        let mut fitting = self.long.iter().filter(|(known, _)| known.starts_with(name));
        match (fitting.next(), fitting.next()) {
            (one, None) => Ok(one),
            _ => Err(()),
        }
    }
}

fn takes(colons: usize) -> Takes {
    match colons {
        0 => Takes::Nothing,
        1 => Takes::Value,
        _ => Takes::Perhaps,
    }
}

/// `getopt [-a] -o SHORT [--long LONG] [-n NAME] [--] WORDS`
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let (description, words) = describe(shell, words)?;
    if description.short.first().is_some_and(|(letter, _)| matches!(letter, '-' | ':')) {
        return Err(shell.unproven("getopt", "another mode of scanning"));
    }
    let mut options = String::new();
    let mut operands: Vec<&str> = Vec::new();
    let mut rest = words.iter().map(String::as_str);
    while let Some(word) = rest.next() {
        if word == "--" {
            operands.extend(rest);
            break;
        }
        let dashes = if word.starts_with("--") { 2 } else { usize::from(word.starts_with('-')) };
        let body = &word[dashes..];
        if dashes == 0 || body.is_empty() {
            operands.push(word);
            if description.in_order {
                operands.extend(rest);
                break;
            }
            continue;
        }
        let (name, value) = body.split_once('=').map_or((body, None), |(name, value)| (name, Some(value)));
        // With -a a word with one dash is long if it can be; one letter that is a short option stays that.
        let single = dashes == 1 && body.chars().count() == 1;
        let known_short = |letter: char| description.short.iter().find(|(known, _)| *known == letter).copied();
        let long =
            dashes == 2 || description.alternative && !(single && body.chars().all(|c| known_short(c).is_some()));
        if long {
            match description.find_long(name) {
                Ok(Some((name, takes))) => {
                    options.push_str(&format!(" --{name}"));
                    let value = match (takes, value) {
                        (Takes::Nothing, None) => None,
                        (Takes::Nothing, Some(_)) => return Err(fails(shell, word)),
                        (Takes::Perhaps, value) => Some(value.unwrap_or("")),
                        (Takes::Value, Some(value)) => Some(value),
                        (Takes::Value, None) => Some(rest.next().ok_or_else(|| fails(shell, word))?),
                    };
                    options.extend(value.map(|value| format!(" {}", quoted(value))));
                    continue;
                }
                Ok(None) if dashes == 1 => {}
                _ => return Err(fails(shell, word)),
            }
        }
        let mut letters = body.chars();
        while let Some(letter) = letters.next() {
            let Some((_, takes)) = known_short(letter) else { return Err(fails(shell, word)) };
            options.push_str(&format!(" -{letter}"));
            let attached = letters.as_str();
            let value = match takes {
                Takes::Nothing => continue,
                Takes::Perhaps => attached,
                Takes::Value if !attached.is_empty() => attached,
                Takes::Value => rest.next().ok_or_else(|| fails(shell, word))?,
            };
            options.push_str(&format!(" {}", quoted(value)));
            break;
        }
    }
    options.push_str(" --");
    for operand in operands {
        options.push_str(&format!(" {}", quoted(operand)));
    }
    options.push('\n');
    shell.out(options)?;
    Ok(0)
}

/// A wrong option makes `getopt` fail after a partial answer; no script of the distro relies on it.
fn fails(shell: &Shell<'_, '_>, word: &str) -> Stop {
    shell.unproven("getopt", format!("{word} is no option of the script"))
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn describe<'w>(shell: &Shell<'_, '_>, words: &'w [String]) -> Result<(Description, &'w [String]), Stop> {
    let mut description = Description::default();
    let mut at = 1;
    let (mut short, mut any) = (None, false);
    while let Some(word) = words.get(at).map(String::as_str) {
        let (option, attached) = match word {
            "--" => {
                at += 1;
                any = true;
                break;
            }
            "-a" | "--alternative" => {
                description.alternative = true;
                at += 1;
                continue;
            }
            word if word.starts_with("--") => {
                word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)))
            }
            word if word.len() > 2 && word.starts_with('-') && word.is_char_boundary(2) => {
                (&word[..2], Some(&word[2..]))
            }
            word if word.starts_with('-') => (word, None),
            _ => break,
        };
        let value = match attached {
            Some(value) => value,
            None => {
                at += 1;
                words.get(at).map(String::as_str).ok_or_else(|| shell.unproven("getopt", word))?
            }
        };
        at += 1;
        match option {
            "-o" | "--options" => short = Some(value),
            "-l" | "--long" | "--longoptions" => description.add_long(value),
            "-n" | "--name" => {}
            _ => return Err(shell.unproven("getopt", format!("option {option} is not known"))),
        }
    }
    let rest = words.get(at..).unwrap_or_default();
    // Without -o, the first word after `--` is what it would say.
    match (short, rest) {
        (Some(short), _) => {
            description.add_short(short);
            Ok((description, rest))
        }
        (None, [short, rest @ ..]) if any => {
            description.add_short(short);
            Ok((description, rest))
        }
        _ => Err(shell.unproven("getopt", "the old form")),
    }
}
