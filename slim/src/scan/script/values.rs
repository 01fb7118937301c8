//! What the variables of a script can be, as far as its own lines and the image's environment say.

use super::super::Scene;
use crate::path::ImagePath;
use crate::script::{Operator, Part, Word};
use recipes::Pattern;
use std::collections::{BTreeMap, BTreeSet};

/// How many values of a variable, or of a word of variables, are followed.
const VALUE_LIMIT: usize = 256;

/// How long a value may grow: `a=$b$b` doubles it.
const LENGTH_LIMIT: usize = 1 << 16;

/// How long a value may be of which a pattern's part is taken off: every end of it is tried.
const CUT_LIMIT: usize = 1 << 12;

/// How deep words are looked into: defaults in defaults, substitutions in substitutions.
const DEPTH_LIMIT: usize = 8;

/// How many files are read for their assignments.
const FILE_LIMIT: usize = 256;

/// How many words a list may have.
const LIST_LIMIT: usize = 256;

/// How many lists an array is followed for.
const ARRAY_LIMIT: usize = 4;

/// Variables that hold the script's own path.
const OWN: [&str; 2] = ["0", "BASH_SOURCE"];

/// What assignments and loops give variables. Every branch may have run: a variable has all the values that some line gives it.
#[derive(Debug, Clone, Default)]
pub struct Values {
    words: BTreeMap<String, Vec<String>>,
    arrays: BTreeMap<String, Vec<Vec<Word>>>,
    /// Files that the script reads in and whose assignments are among these.
    read: BTreeSet<ImagePath>,
    /// Folders that the script changes to.
    pub(super) folders: BTreeSet<String>,
    /// Variables that programs which the script starts have, too.
    exported: BTreeSet<String>,
    /// Every variable is one of them: `set -a`.
    exports_all: bool,
    /// Functions that run what they are given.
    pub(super) runners: BTreeSet<String>,
}

impl Values {
    /// Those of a script: `$0` is its own path.
    pub fn of_script(path: Option<&ImagePath>) -> Self {
        let mut values = Self::default();
        for name in OWN {
            values.give(name, path.map(ImagePath::to_text));
        }
        values
    }

    /// Those of text in a file of another kind: relative names may be meant from the file's folder.
    pub fn beside(path: Option<&ImagePath>) -> Self {
        let mut values = Self::of_script(path);
        if let Some(folder) = path.and_then(ImagePath::parent) {
            values.enters(&folder.to_text());
        }
        values
    }

    /// Whether a file's assignments are still to be gathered; from now on they are not.
    pub fn takes(&mut self, file: &ImagePath) -> bool {
        self.read.len() < FILE_LIMIT && self.read.insert(file.clone())
    }

    /// Remembers what a variable can be.
    pub fn give(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        for value in values.into_iter().filter(|value| !value.is_empty()) {
            let known = self.words.entry(name.to_owned()).or_default();
            if known.len() < VALUE_LIMIT && !known.contains(&value) {
                known.push(value);
            }
        }
    }

    /// The values that lines of the script give a variable.
    pub fn known(&self, name: &str) -> &[String] {
        self.words.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Remembers that programs have these variables, too.
    pub fn export(&mut self, names: impl IntoIterator<Item = String>) {
        self.exported.extend(names);
    }

    /// Remembers that programs have every variable.
    pub fn export_all(&mut self) {
        self.exports_all = true;
    }

    /// The variables that programs have, too.
    pub fn exported(&self) -> impl Iterator<Item = &str> {
        let all = self.words.keys().filter(|_| self.exports_all);
        all.chain(&self.exported).map(String::as_str).filter(|name| !OWN.contains(name))
    }

    /// Whether programs have a variable.
    pub fn exports(&self, name: &str) -> bool {
        self.exports_all || self.exported.contains(name)
    }

    /// Remembers a list; one that is appended to is longer by it. The array has the values of each of its words, too.
    pub fn give_array(&mut self, scene: &Scene<'_>, name: &str, words: &[Word], append: bool) {
        for words in self.spread(words) {
            for word in &words {
                let values: Vec<String> =
                    self.possible(scene, word).iter().map(|value| without_key(value).to_owned()).collect();
                self.give(name, values);
            }
            let lists = self.arrays.entry(name.to_owned()).or_default();
            let list: Vec<Word> = match lists.last().filter(|_| append) {
                Some(last) => last.iter().chain(&words).take(LIST_LIMIT).cloned().collect(),
                None => words,
            };
            if lists.len() < ARRAY_LIMIT && !lists.contains(&list) {
                lists.push(list);
            }
        }
    }

    /// The words with arrays (`"${name[@]}"`) put in place, once for each list that the first of them can be.
    pub fn spread(&self, words: &[Word]) -> Vec<Vec<Word>> {
        let list = |word: &Word| self.arrays.get(array_of(word)?);
        let most = words.iter().filter_map(list).map(Vec::len).max().unwrap_or(1);
        let one = |number: usize| {
            let put = |word: &Word| match list(word) {
                Some(lists) => lists.get(number.min(lists.len() - 1)).cloned().unwrap_or_default(),
                None => vec![word.clone()],
            };
            words.iter().flat_map(put).take(LIST_LIMIT.max(words.len())).collect()
        };
        (0..most).map(one).collect()
    }

    /// What a word can be: itself, with what is known of its variables. Empty where a part of it cannot be known.
    pub fn possible(&self, scene: &Scene<'_>, word: &Word) -> Vec<String> {
        self.expanded(scene, &word.parts, 0).unwrap_or_default()
    }

    /// What a loop goes over for one of its words: a variable may hold several, and a pattern stands for the files that fit.
    pub fn listed(&self, scene: &Scene<'_>, word: &Word) -> Vec<String> {
        let mut values = Vec::new();
        let separators = self.separators();
        for value in self.possible(scene, word) {
            let parts = value.split(|c: char| c.is_whitespace() || separators.contains(c));
            let parts = parts.filter(|part| !part.is_empty()).take(VALUE_LIMIT);
            for part in parts.flat_map(spread).take(VALUE_LIMIT) {
                let covered = if is_pattern(&part) { self.covered(scene, &part) } else { Vec::new() };
                // What covers nothing stays as it is (POSIX 2.6.6, "Pathname Expansion").
                match covered.is_empty() {
                    true => values.push(part),
                    false => values.extend(covered.iter().map(ImagePath::to_text)),
                }
                if values.len() >= VALUE_LIMIT {
                    return values;
                }
            }
        }
        values
    }

    /// What else than white space ends the words of a value: `IFS=,`.
    pub fn separators(&self) -> String {
        self.known("IFS").concat()
    }

    pub(super) fn expanded(&self, scene: &Scene<'_>, parts: &[Part], depth: usize) -> Option<Vec<String>> {
        let mut values = vec![String::new()];
        for part in parts {
            let ends = match part {
                Part::Literal(text) | Part::Quoted(text) | Part::AnsiQuoted(text) => vec![text.clone()],
                _ if depth >= DEPTH_LIMIT => return None,
                Part::Double(parts) => self.expanded(scene, parts, depth + 1)?,
                Part::Parameter { name, operator } => self.parameter(scene, name, operator, depth),
                Part::Command(items) => self.output(scene, items, depth + 1)?,
                Part::Arithmetic(_) | Part::Process(_) => return None,
            };
            let joined = values.iter().flat_map(|value| ends.iter().map(move |end| format!("{value}{end}")));
            values = joined.filter(|value| value.len() <= LENGTH_LIMIT).take(VALUE_LIMIT).collect();
            if values.is_empty() {
                return None;
            }
        }
        Some(values)
    }

    fn parameter(&self, scene: &Scene<'_>, name: &str, operator: &Operator, depth: usize) -> Vec<String> {
        // bash: `${!name}` is what the variable holds that `name` names.
        if let ("!", Operator::Other(pointer)) = (name, operator) {
            let named = self.parameter(scene, pointer, &Operator::None, depth);
            return named.iter().flat_map(|name| self.parameter(scene, name, &Operator::None, depth)).collect();
        }
        let inner = |word: &Word| self.expanded(scene, &word.parts, depth + 1).unwrap_or_default();
        let mut ends = self.known(name).to_vec();
        if ends.is_empty() {
            ends.extend_from_slice(scene.exports.known(name));
        }
        let of_image = if name == "PATH" { Some(scene.launch.path()) } else { scene.launch.variable(name) };
        ends.extend(of_image.map(str::to_owned));
        match operator {
            // bash: `${name//,/ }`.
            Operator::Other(rest) if rest.starts_with('/') => {
                let replaced = |value: &String| replaced(value, rest.trim_start_matches('/'), rest.starts_with("//"));
                ends.iter().map(replaced).collect()
            }
            Operator::None | Operator::Require { .. } | Operator::Other(_) => ends,
            Operator::Length => Vec::new(),
            Operator::Default { word, .. } | Operator::Assign { word, .. } => {
                ends.extend(inner(word));
                ends
            }
            Operator::Alternative { word, .. } => inner(word).into_iter().chain([String::new()]).collect(),
            Operator::RemovePrefix { longest, pattern } => {
                let patterns = inner(pattern);
                let cut = |value: &String| {
                    patterns.iter().map(|pattern| without_prefix(value, pattern, *longest)).collect::<Vec<_>>()
                };
                ends.iter().flat_map(cut).collect()
            }
            Operator::RemoveSuffix { longest, pattern } => {
                let patterns = inner(pattern);
                let cut = |value: &String| {
                    patterns.iter().map(|pattern| without_suffix(value, pattern, *longest)).collect::<Vec<_>>()
                };
                ends.iter().flat_map(cut).collect()
            }
        }
    }

    /// A word as shell text, for who reads it in turn: what is known put in, what is not as it was written.
    pub fn rendered(&self, scene: &Scene<'_>, word: &Word) -> String {
        let mut text = String::new();
        self.render(scene, &word.parts, &mut text, 0);
        text
    }

    fn render(&self, scene: &Scene<'_>, parts: &[Part], text: &mut String, depth: usize) {
        for part in parts {
            if text.len() > crate::script::MAX_SIZE {
                return;
            }
            match part {
                Part::Literal(part) | Part::Quoted(part) | Part::AnsiQuoted(part) => text.push_str(part),
                Part::Double(parts) if depth < DEPTH_LIMIT => self.render(scene, parts, text, depth + 1),
                Part::Parameter { name, operator } => match &self.parameter(scene, name, operator, depth)[..] {
                    [value] => text.push_str(value),
                    [] if name.is_empty() => text.push_str("${_}"),
                    _ => text.push_str(&match operator {
                        Operator::Default { word, .. } | Operator::Assign { word, .. } if depth < DEPTH_LIMIT => {
                            let mut inner = String::new();
                            self.render(scene, &word.parts, &mut inner, depth + 1);
                            format!("${{{name}:-{inner}}}")
                        }
                        _ => format!("${{{name}}}"),
                    }),
                },
                // Their commands are read where they stand.
                Part::Command(_) => text.push_str("$(…)"),
                _ => text.push_str("${_}"),
            }
        }
    }
}

/// The words of one with choices in it: `lib-{a,b}.sh`.
fn spread(word: &str) -> Vec<String> {
    let words = if word.contains('{') && word.contains(',') { Pattern::spread(word) } else { Vec::new() };
    if words.is_empty() { vec![word.to_owned()] } else { words }
}

/// Whether a word stands for the files that it covers.
pub(super) fn is_pattern(word: &str) -> bool {
    word.contains(['*', '?', '['])
}

/// The array that a word is all of: `"${name[@]}"`, `${name[*]}`.
fn array_of(word: &Word) -> Option<&str> {
    let parts = match &word.parts[..] {
        [Part::Double(parts)] => parts,
        parts => parts,
    };
    match parts {
        [Part::Parameter { name, operator: Operator::Other(rest) }] if rest == "[@]" || rest == "[*]" => Some(name),
        _ => None,
    }
}

/// The value of `[KEY]=VALUE`, as an element of an array may be written.
fn without_key(element: &str) -> &str {
    element.strip_prefix('[').and_then(|rest| rest.split_once("]=")).map_or(element, |(_, value)| value)
}

/// A value with a text replaced, as `PATTERN/TEXT` says it; a pattern that covers other texts than itself replaces nothing here.
fn replaced(value: &str, how: &str, all: bool) -> String {
    let (pattern, text) = how.split_once('/').unwrap_or((how, ""));
    let pattern = pattern.strip_prefix('\\').unwrap_or(pattern);
    let is_plain = !pattern.is_empty() && !pattern.contains(['*', '?', '[', '$', '\\', '"', '\'']);
    match is_plain && !text.contains(['$', '`']) {
        true => put_for(value, pattern, text, if all { usize::MAX } else { 1 }),
        false => value.to_owned(),
    }
}

/// A value with a text put for others, as often as they stand in it; one that would grow too long is left as it is.
pub(super) fn put_for(value: &str, pattern: &str, text: &str, most: usize) -> String {
    let length = value.len() + value.matches(pattern).take(most).count().saturating_mul(text.len());
    if length > LENGTH_LIMIT { value.to_owned() } else { value.replacen(pattern, text, most) }
}

fn without_prefix(value: &str, pattern: &str, longest: bool) -> String {
    if value.len() > CUT_LIMIT {
        return value.to_owned();
    }
    let fits = |at: &usize| value.is_char_boundary(*at) && matches(pattern, &value[..*at]);
    let cut = if longest { (0..=value.len()).rev().find(fits) } else { (0..=value.len()).find(fits) };
    value[cut.unwrap_or(0)..].to_owned()
}

fn without_suffix(value: &str, pattern: &str, longest: bool) -> String {
    if value.len() > CUT_LIMIT {
        return value.to_owned();
    }
    let fits = |at: &usize| value.is_char_boundary(*at) && matches(pattern, &value[*at..]);
    let cut = if longest { (0..=value.len()).find(fits) } else { (0..=value.len()).rev().find(fits) };
    value[..cut.unwrap_or(value.len())].to_owned()
}

/// Whether a shell's pattern of `*` and `?` covers a text, slashes included.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut here) = (0, 0);
    // Where the last `*` stands, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while here < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[here] => {
                at += 1;
                here += 1;
            }
            _ => {
                let Some((place, reach)) = star else { return false };
                star = Some((place, reach + 1));
                (at, here) = (place + 1, reach + 1);
            }
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_cut_as_the_shell_cuts_them() {
        for (value, pattern, longest, expected) in [
            ("/opt/app/run.sh", "/*", false, "/opt/app"),
            ("/opt/app/run.sh", "/*", true, ""),
            ("run.sh", ".sh", false, "run"),
            ("run.tar.gz", ".*", false, "run.tar"),
            ("run.tar.gz", ".*", true, "run"),
            ("run", ".sh", false, "run"),
            ("aXbXc", "X*c", false, "aXb"),
            ("aXbXc", "X?", false, "aXb"),
        ] {
            assert_eq!(without_suffix(value, pattern, longest), expected, "{value} {pattern}");
        }
        for (value, pattern, longest, expected) in [
            ("/opt/app/run.sh", "*/", true, "run.sh"),
            ("/opt/app/run.sh", "*/", false, "opt/app/run.sh"),
            ("--name=x", "--name=", false, "x"),
            ("éa", "?", false, "a"),
        ] {
            assert_eq!(without_prefix(value, pattern, longest), expected, "{value} {pattern}");
        }
    }
}
