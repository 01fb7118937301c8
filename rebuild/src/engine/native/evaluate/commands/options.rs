//! Command-line options as GNU programs take them (getopt_long(3)): known ones only.

use crate::engine::native::evaluate::{Shell, Stop};

/// Options in order, and what is left.
#[derive(Debug, Default)]
pub(super) struct Options {
    given: Vec<(char, String)>,
    /// What is not an option.
    pub(super) operands: Vec<String>,
}

impl Options {
    /// Whether an option was given.
    pub(super) fn has(&self, option: char) -> bool {
        self.given.iter().any(|(given, _)| *given == option)
    }

    /// The last value of an option.
    pub(super) fn value(&self, option: char) -> Option<&str> {
        self.given.iter().rev().find(|(given, _)| *given == option).map(|(_, value)| value.as_str())
    }

    /// All options with their values, in order.
    pub(super) fn given(&self) -> &[(char, String)] {
        &self.given
    }
}

/// Reads a command's words. `short` lists letters, a colon after those that take a value (two colons: only when attached);
/// a leading `+` stops at the first operand. `long` maps long names to letters. Anything else ends the run.
pub(super) fn read(
    shell: &Shell<'_, '_>,
    words: &[String],
    short: &str,
    long: &[(&str, char)],
) -> Result<Options, Stop> {
    let unknown = |option: &str| shell.unproven(words[0].clone(), format!("option {option} is not known"));
    let takes = |option: char| {
        let at = short.find(option)?;
        let rest = &short[at + option.len_utf8()..];
        Some(rest.bytes().take_while(|byte| *byte == b':').count())
    };
    let stop_early = short.starts_with('+');
    let mut options = Options::default();
    let mut words_left = words[1..].iter();
    while let Some(word) = words_left.next() {
        if word == "--" {
            options.operands.extend(words_left.cloned());
            break;
        }
        if let Some(name) = word.strip_prefix("--") {
            let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
            let (_, option) = long.iter().find(|(known, _)| *known == name).ok_or_else(|| unknown(word))?;
            let value = match (takes(*option), value) {
                (Some(1), Some(value)) | (Some(2), Some(value)) => value.to_owned(),
                (Some(1), None) => words_left.next().cloned().ok_or_else(|| unknown(word))?,
                (_, None) => String::new(),
                _ => return Err(unknown(word)),
            };
            options.given.push((*option, value));
            continue;
        }
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            options.operands.push(word.clone());
            if stop_early {
                options.operands.extend(words_left.cloned());
                break;
            }
            continue;
        };
        for (at, option) in letters.char_indices() {
            let rest = &letters[at + option.len_utf8()..];
            match takes(option).filter(|_| option != ':' && option != '+') {
                None => return Err(unknown(word)),
                Some(0) => options.given.push((option, String::new())),
                Some(1) if rest.is_empty() => {
                    let value = words_left.next().cloned().ok_or_else(|| unknown(word))?;
                    options.given.push((option, value));
                }
                Some(_) => {
                    options.given.push((option, rest.to_owned()));
                    break;
                }
            }
        }
    }
    Ok(options)
}
