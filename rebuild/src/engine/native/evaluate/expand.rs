//! Word expansion (POSIX 2.6): parameters, substitutions, arithmetic, field splitting, path names, quote removal.

use super::{Shell, Stop, arithmetic};
use crate::glob::{Char, Glob, is_active};
use slim::path::ImagePath;
use slim::script::bytes::{decode, encode, is_text};
use slim::script::{Operator, Part, Word};

/// Most steps that one trimming of a value may cost: a value of ten thousand characters, with a pattern of ten.
const TRIM_LIMIT: usize = 1_000_000_000;

/// Fields while they grow.
#[derive(Default)]
struct Fields {
    done: Vec<Vec<Char>>,
    /// The open field; `None` when nothing, not even an empty quoted string, has begun it.
    open: Option<Vec<Char>>,
}

impl Fields {
    fn push(&mut self, text: &str, quoted: bool) {
        self.open.get_or_insert_default().extend(text.chars().map(|c| (c, quoted)));
    }

    fn close(&mut self) {
        self.done.extend(self.open.take());
    }
}

/// A field as text. Bytes that came from different places may be a character together.
fn joined(field: Vec<Char>) -> String {
    let text: String = field.into_iter().map(|(c, _)| c).collect();
    if is_text(&text) { text } else { decode(&encode(&text)).into_owned() }
}

impl Shell<'_, '_> {
    /// Words become arguments.
    pub(super) fn expand(&mut self, words: &[Word]) -> Result<Vec<String>, Stop> {
        let mut arguments = Vec::new();
        for word in words {
            let mut fields = Fields::default();
            self.parts(&word.parts, false, true, &mut fields)?;
            fields.close();
            for field in fields.done {
                if is_active(&field) && !self.state.options.noglob {
                    let mut found = self.path_names(&field)?;
                    if !found.is_empty() {
                        arguments.append(&mut found);
                        continue;
                    }
                }
                arguments.push(joined(field));
            }
        }
        Ok(arguments)
    }

    /// A word where no splitting happens: assignments, `case`, redirections.
    pub(super) fn expand_single(&mut self, word: &Word) -> Result<String, Stop> {
        Ok(joined(self.expand_pattern(word)?))
    }

    /// As [`Shell::expand_single`], but remembers what was quoted.
    pub(super) fn expand_pattern(&mut self, word: &Word) -> Result<Vec<Char>, Stop> {
        let mut fields = Fields::default();
        self.tilde(&word.parts)?;
        self.parts(&word.parts, false, false, &mut fields)?;
        fields.close();
        // Only `"$@"` makes several fields here; it joins with blanks.
        Ok(fields.done.join(&(' ', true)))
    }

    fn tilde(&self, parts: &[Part]) -> Result<(), Stop> {
        match parts.first() {
            Some(Part::Literal(text)) if text.starts_with('~') => Err(self.unproven(text.clone(), "a home directory")),
            _ => Ok(()),
        }
    }

    fn parts(&mut self, parts: &[Part], quoted: bool, split: bool, fields: &mut Fields) -> Result<(), Stop> {
        if split && !quoted {
            self.tilde(parts)?;
        }
        for part in parts {
            match part {
                Part::Literal(text) => fields.push(text, quoted),
                Part::Quoted(text) => fields.push(text, true),
                Part::Double(parts) => {
                    // `"$@"` alone with no parameters is no field at all.
                    let lone = matches!(&parts[..], [Part::Parameter { name, .. }] if name == "@");
                    if !lone {
                        fields.push("", true);
                    }
                    self.parts(parts, true, split, fields)?;
                }
                Part::Parameter { name, operator } => self.parameter(name, operator, quoted, split, fields)?,
                Part::Command(items) => {
                    let text = self.substitute(items)?;
                    self.value(&text, quoted, split, fields);
                }
                Part::Arithmetic(word) => {
                    let text = self.expand_single(word)?;
                    let value = arithmetic::evaluate(&text, &|name| self.variable(name));
                    let value = value.map_err(|reason| self.unproven(format!("$(({text}))"), reason))?;
                    self.value(&value.to_string(), quoted, split, fields);
                }
                Part::AnsiQuoted(text) => return Err(self.unproven(format!("$'{text}'"), "dash has no such quotes")),
                Part::Process(_) => return Err(self.unproven("<(", "dash has no process substitution")),
            }
        }
        Ok(())
    }

    /// Adds a value, split into fields where that applies.
    fn value(&mut self, text: &str, quoted: bool, split: bool, fields: &mut Fields) {
        if quoted || !split {
            // Inside quotes nothing is active; an unquoted value in a pattern is a pattern.
            return fields.push_value(text, quoted);
        }
        let separators = self.variable("IFS").unwrap_or_else(|| " \t\n".into());
        let blank = |c: char| separators.contains(c) && matches!(c, ' ' | '\t' | '\n');
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            if !separators.contains(c) {
                fields.open.get_or_insert_default().push((c, false));
                continue;
            }
            if blank(c) {
                while rest.next_if(|c| blank(*c)).is_some() {}
                // Blanks around a visible separator belong to it.
                if rest.peek().is_some_and(|c| separators.contains(*c)) {
                    continue;
                }
                fields.close();
            } else {
                fields.open.get_or_insert_default();
                fields.close();
                while rest.next_if(|c| blank(*c)).is_some() {}
            }
        }
    }

    fn parameter(
        &mut self,
        name: &str,
        operator: &Operator,
        quoted: bool,
        split: bool,
        fields: &mut Fields,
    ) -> Result<(), Stop> {
        if matches!(name, "@" | "*") {
            return self.all_parameters(name, operator, quoted, split, fields);
        }
        let value = self.variable(name);
        let (Operator::Default { colon, word }
        | Operator::Assign { colon, word }
        | Operator::Require { colon, word }
        | Operator::Alternative { colon, word }) = operator
        else {
            let Some(value) = value else {
                if self.state.options.nounset {
                    // dash: "parameter not set", and the shell exits with 2.
                    return Err(Stop::Exit(2));
                }
                if *operator == Operator::Length {
                    self.value("0", quoted, split, fields);
                }
                return Ok(());
            };
            let text = match operator {
                Operator::None => value,
                Operator::Length if value.is_ascii() => value.len().to_string(),
                Operator::RemovePrefix { longest, pattern } => self.trim(&value, pattern, *longest, true)?,
                Operator::RemoveSuffix { longest, pattern } => self.trim(&value, pattern, *longest, false)?,
                _ => return Err(self.unproven(format!("${{{name}…}}"), "an expansion that dash does not have")),
            };
            self.value(&text, quoted, split, fields);
            return Ok(());
        };
        let missing = value.as_ref().is_none_or(|value| *colon && value.is_empty());
        match operator {
            Operator::Alternative { .. } if missing => Ok(()),
            Operator::Alternative { .. } => self.parts(&word.parts, quoted, split, fields),
            _ if !missing => {
                self.value(&value.unwrap_or_default(), quoted, split, fields);
                Ok(())
            }
            Operator::Default { .. } => self.parts(&word.parts, quoted, split, fields),
            Operator::Assign { .. } => {
                let text = self.expand_single(word)?;
                self.assign(name, text.clone())?;
                self.value(&text, quoted, split, fields);
                Ok(())
            }
            _ => Err(Stop::Exit(2)),
        }
    }

    fn all_parameters(
        &mut self,
        name: &str,
        operator: &Operator,
        quoted: bool,
        split: bool,
        fields: &mut Fields,
    ) -> Result<(), Stop> {
        let values: Vec<_> = self.state.positional.iter().skip(1).cloned().collect();
        match operator {
            Operator::None => {}
            // `${1+"$@"}` is the usual form; `${@:-x}` and the like have edge cases of their own.
            Operator::Alternative { word, .. } => {
                return if values.is_empty() { Ok(()) } else { self.parts(&word.parts, quoted, split, fields) };
            }
            _ => return Err(self.unproven(format!("${{{name}…}}"), "an operator on all parameters")),
        }
        if quoted && name == "*" {
            let separator = self.variable("IFS").unwrap_or_else(|| " ".into()).chars().next();
            fields.push(&values.join(&separator.map(String::from).unwrap_or_default()), true);
            return Ok(());
        }
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                fields.close();
            }
            if quoted {
                fields.push(value, true);
            } else {
                self.value(value, false, split, fields);
            }
        }
        Ok(())
    }

    /// `${name#pattern}` and its kin.
    fn trim(&mut self, value: &str, pattern: &Word, longest: bool, prefix: bool) -> Result<String, Stop> {
        let pattern = self.expand_pattern(pattern)?;
        let text: Vec<char> = value.chars().collect();
        let mut cuts: Vec<usize> = (0..=text.len()).collect();
        // Prefixes grow from the front, suffixes from the back.
        if longest == prefix {
            cuts.reverse();
        }
        // Every cut is held against the pattern, each for at most the product of both lengths.
        if text.len().saturating_pow(2).saturating_mul(pattern.len().max(1)) > TRIM_LIMIT {
            return Err(self.unproven("${…}", "trimming a very long value"));
        }
        let pattern = Glob::shell(&pattern);
        for cut in cuts {
            let (front, back) = text.split_at(cut);
            let (removed, kept) = if prefix { (front, back) } else { (back, front) };
            if pattern.fits_chars(removed) {
                return Ok(kept.iter().collect());
            }
        }
        Ok(value.to_owned())
    }

    /// Path names that a pattern matches, sorted as in the C locale.
    fn path_names(&mut self, field: &[Char]) -> Result<Vec<String>, Stop> {
        let absolute = matches!(field.first(), Some(('/', _)));
        let start = if absolute { ImagePath::root() } else { self.directory() };
        let mut found = vec![(String::from(if absolute { "/" } else { "" }), start)];
        let parts: Vec<&[Char]> = field.split(|(c, _)| *c == '/').collect();
        for (index, part) in parts.iter().enumerate() {
            let last = index + 1 == parts.len();
            if part.is_empty() {
                if last && index > 0 {
                    found.iter_mut().for_each(|(text, _)| text.push('/'));
                }
                continue;
            }
            let mut next = Vec::new();
            for (text, directory) in found {
                let prefix = if text.is_empty() || text.ends_with('/') { text } else { format!("{text}/") };
                if is_active(part) {
                    let Ok(real) = self.draft.tree().resolve(&directory) else { continue };
                    let wanted = Glob::shell(part);
                    for name in self.names_in(&real.path) {
                        let hidden = name.starts_with('.') && !matches!(part.first(), Some(('.', _)));
                        if !hidden && wanted.fits_text(&name) {
                            let path = real
                                .path
                                .join(encode(&name))
                                .map_err(|error| self.unproven(&*name, error.to_string()))?;
                            next.push((format!("{prefix}{name}"), path));
                        }
                    }
                } else {
                    let name: String = part.iter().map(|(c, _)| *c).collect();
                    let full = format!("{prefix}{name}");
                    if let Some(path) = self.path(&full)?
                        && self.look(&full)?.is_some()
                    {
                        next.push((full, path));
                    }
                }
            }
            if !last {
                next.retain(|(_, path)| self.draft.tree().lookup(path).is_some_and(|(_, node)| node.is_directory()));
            }
            found = next;
            if found.len() > 100_000 {
                return Err(self.unproven("*", "too many path names"));
            }
        }
        let mut names: Vec<_> = found.into_iter().map(|(text, _)| text).collect();
        names.sort_by(|a, b| encode(a).cmp(&encode(b)));
        Ok(names)
    }
}

impl Fields {
    /// A value that is not split: an empty unquoted one begins no field.
    fn push_value(&mut self, text: &str, quoted: bool) {
        if quoted || !text.is_empty() {
            self.push(text, quoted);
        }
    }
}
