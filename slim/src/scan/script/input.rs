//! What commands that read lines give variables: `while read -r program; do $program; done < /etc/tools`.

use super::super::Scene;
use super::Values;
use crate::script::{Input, Part, Script, SimpleCommand, Source, Word};

/// How many lines of one input are followed.
const LINE_LIMIT: usize = 256;

/// How many commands that read one input are followed.
const READER_LIMIT: usize = 16;

/// Options of `read` that have a value, and of `mapfile` (bash(1)).
const VALUED: [&[&str]; 2] = [&["-d", "-i", "-n", "-N", "-p", "-t", "-u"], &["-C", "-O", "-c", "-d", "-n", "-s", "-u"]];

/// What `mapfile` and `readarray` fill when they are told nothing else (bash(1)).
const MAPFILE: &str = "MAPFILE";

/// Adds what every reading command of a script can give.
pub(super) fn gather(scene: &Scene<'_>, script: &Script, values: &mut Values) {
    if !script.commands().iter().any(|command| Reading::of(command).is_some()) {
        return;
    }
    for Input { readers, source } in script.inputs() {
        let readings: Vec<Reading> =
            readers.iter().filter_map(|command| Reading::of(command)).take(READER_LIMIT).collect();
        if readings.is_empty() {
            continue;
        }
        let texts = match source {
            Source::Redirection(redirection) => values.redirected(scene, redirection),
            Source::Pipe(commands) => values.piped(scene, commands, 0),
        };
        for text in texts.iter().flatten() {
            readings.iter().for_each(|reading| reading.give(scene, text, values));
        }
    }
}

/// A command that fills variables from lines.
struct Reading {
    /// In order; the last takes the rest of a line.
    names: Vec<String>,
    /// The words of a line, or all lines, go into one array.
    array: bool,
    /// A line is not cut, as by `mapfile`.
    whole: bool,
    /// What cuts lines besides white space, if the command says so itself: `IFS=: read …`.
    separators: Option<String>,
}

impl Reading {
    fn of(command: &SimpleCommand) -> Option<Self> {
        let whole = match command.name()?.as_str() {
            "read" => false,
            "mapfile" | "readarray" => true,
            _ => return None,
        };
        let separators = command.assignments.iter().find(|one| one.name == "IFS").and_then(|one| one.value.literal());
        let (mut names, mut array) = (Vec::new(), whole);
        let mut words = command.words.iter().skip(1).map(|word| word.literal().unwrap_or_default());
        while let Some(word) = words.next() {
            match word.strip_prefix('-') {
                Some(_) if VALUED[usize::from(whole)].contains(&word.as_str()) => drop(words.next()),
                Some(letters) => array |= letters.ends_with('a'),
                None => names.push(word),
            }
        }
        if names.is_empty() {
            names.push(if whole { MAPFILE } else { "REPLY" }.to_owned());
        }
        Some(Self { names, array, whole, separators })
    }

    /// Gives the variables what the lines of a text hold.
    fn give(&self, scene: &Scene<'_>, text: &str, values: &mut Values) {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(LINE_LIMIT);
        if self.whole {
            return self.give_array(scene, lines, values);
        }
        let separators = self.separators.clone().or_else(|| Some(values.separators()).filter(|own| !own.is_empty()));
        for line in lines {
            let mut rest = line;
            if self.array {
                let words = std::iter::from_fn(|| {
                    let word;
                    (word, rest) =
                        Some(rest).filter(|rest| !rest.is_empty()).map(|rest| cut(rest, separators.as_deref()))?;
                    Some(word)
                });
                self.give_array(scene, words.take(LINE_LIMIT), values);
                continue;
            }
            let Some((last, before)) = self.names.split_last() else { return };
            for name in before {
                let word;
                (word, rest) = cut(rest, separators.as_deref());
                values.give(name, [word.to_owned()]);
            }
            values.give(last, [rest.to_owned()]);
        }
    }

    fn give_array<'t>(&self, scene: &Scene<'_>, words: impl Iterator<Item = &'t str>, values: &mut Values) {
        let words: Vec<Word> = words.map(|word| Word { parts: vec![Part::Quoted(word.to_owned())] }).collect();
        self.names.iter().for_each(|name| values.give_array(scene, name, &words, false));
    }
}

/// The first word of a line and the rest, by the characters that end words; white space may stand there several times (POSIX 2.6.5, "Field
/// Splitting").
fn cut<'l>(line: &'l str, separators: Option<&str>) -> (&'l str, &'l str) {
    let is_end = |c: char| separators.map_or(c.is_whitespace(), |ends| ends.contains(c));
    let (word, rest) = line.split_once(is_end).unwrap_or((line, ""));
    (word.trim(), rest.trim_start())
}
