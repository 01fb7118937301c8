//! What scripts use: the interpreter of their `#!` line and, for shell scripts, the commands and files that they name.

use super::{Finding, Scene, java, python};
use crate::graph::{Edge, Rule};
use crate::launch;
use crate::path::ImagePath;
use crate::script::{self, Operator, Part, RedirectionKind, SimpleCommand, Target, Word};
use std::collections::BTreeMap;

/// Commands that the shell runs itself.
const BUILTINS: [&str; 44] = [
    ":",
    "[",
    "[[",
    "alias",
    "bg",
    "break",
    "cd",
    "continue",
    "declare",
    "echo",
    "eval",
    "exit",
    "export",
    "false",
    "fg",
    "getopts",
    "hash",
    "jobs",
    "kill",
    "let",
    "local",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Builtins whose arguments are assignments.
const DECLARATIONS: [&str; 5] = ["declare", "export", "local", "readonly", "typeset"];

/// Variables whose value names libraries that the loader maps into every program (ld.so(8)).
const PRELOADS: [&str; 2] = ["LD_PRELOAD", "LD_AUDIT"];

/// How deep text in text is read: `sh -c "eval '…'"`.
const DEPTH_LIMIT: usize = 8;

/// How many values of a variable, or of a word of variables, are followed.
const VALUE_LIMIT: usize = 64;

/// Adds what a file that begins with `#!` uses.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len()).min(4096);
    let line = String::from_utf8_lossy(&bytes[2..end.max(2)]).into_owned();
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let Some((interpreter, arguments)) = words.split_first() else { return };
    let edges = scene.follow_name(Some(path), interpreter, Rule::Shebang, line.trim());
    if edges.is_empty() {
        finding.unknown(
            path,
            "line 1",
            format!("interpreter {interpreter} is not in the image"),
            "nothing is kept for it",
        );
    }
    finding.edges.extend(edges);
    let mut name = interpreter.rsplit('/').next().unwrap_or(interpreter).to_owned();
    if name == "env" {
        // The kernel passes the rest as one word; `env -S` splits it. Either way the first word that is no option is the program.
        let program = arguments.iter().find(|word| !word.starts_with('-') && !word.contains('='));
        if let Some(program) = program {
            finding.edges.extend(scene.command(Some(path), program, line.trim()).unwrap_or_default());
            name.clone_from(program);
        }
    }
    if launch::is_shell(&name) {
        text(scene, Some(path), bytes, finding, 0);
    }
}

/// Adds what shell text uses: a script's, or that of the image's configuration.
pub fn text(scene: &Scene<'_>, from: Option<&ImagePath>, bytes: &[u8], finding: &mut Finding, depth: usize) {
    if depth > DEPTH_LIMIT {
        return;
    }
    let script = match script::parse(bytes) {
        Ok(script) => script,
        Err(error) => {
            let what = "not readable as a shell script".to_owned();
            return unknown(finding, from, error.to_string(), what, "its words that name files are kept", |finding| {
                bare_words(scene, from, bytes, finding);
            });
        }
    };
    let commands = script.commands();
    let mut reader = Reader { scene, from, values: BTreeMap::new(), finding, depth };
    // Twice, for functions and branches assign what lines above them use.
    for _ in 0..2 {
        for (name, word) in commands.iter().flat_map(|command| assigned(command)) {
            let values = reader.possible(&word);
            reader.give(&name, values);
        }
        for (name, words) in script.loops() {
            let values = words.iter().flat_map(|word| reader.listed(word)).collect();
            reader.give(name, values);
        }
    }
    for redirection in script.redirections() {
        if let (Target::Word(word), RedirectionKind::Read | RedirectionKind::ReadWrite) =
            (&redirection.target, redirection.kind)
        {
            reader.file(word, &format!("line {}", redirection.line));
        }
    }
    for command in commands {
        reader.command(command);
    }
}

/// What a command gives variables: `NAME=WORD COMMAND`, and `export NAME=WORD` with its kin, whose arguments the grammar takes for words.
fn assigned(command: &SimpleCommand) -> Vec<(String, Word)> {
    let mut all: Vec<_> = command.assignments.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
    let Some((first, arguments)) = command.words.split_first() else { return all };
    if !first.literal().is_some_and(|name| DECLARATIONS.contains(&name.as_str())) {
        return all;
    }
    for word in arguments {
        let Some((Part::Literal(start), rest)) = word.parts.split_first() else { continue };
        let Some((name, value)) = start.split_once('=') else { continue };
        let parts = std::iter::once(Part::Literal(value.to_owned())).chain(rest.iter().cloned()).collect();
        all.push((name.to_owned(), Word { parts }));
    }
    all
}

/// A script that cannot be parsed still names commands and files by words.
fn bare_words(scene: &Scene<'_>, from: Option<&ImagePath>, bytes: &[u8], finding: &mut Finding) {
    let text = String::from_utf8_lossy(bytes);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#')) {
        let evidence = format!("line {}: {}", index + 1, line.trim());
        for word in line.split(|c: char| c.is_whitespace() || "\"'`;|&()<>=".contains(c)).filter(|word| word.len() > 1)
        {
            if word.starts_with('/') {
                finding.edges.extend(scene.follow_name(from, word, Rule::Source, &evidence));
            } else if !BUILTINS.contains(&word) {
                finding.edges.extend(scene.command(from, word, &evidence).unwrap_or_default());
            }
        }
    }
}

fn unknown(
    finding: &mut Finding,
    from: Option<&ImagePath>,
    place: String,
    what: String,
    taken: &str,
    otherwise: impl FnOnce(&mut Finding),
) {
    let taken = taken.to_owned();
    finding.unknowns.push(crate::graph::Unknown { at: from.cloned(), place, what, taken });
    otherwise(finding);
}

struct Reader<'s, 'a> {
    scene: &'s Scene<'a>,
    from: Option<&'s ImagePath>,
    /// What the script's own assignments give a variable.
    values: BTreeMap<String, Vec<String>>,
    finding: &'s mut Finding,
    depth: usize,
}

impl Reader<'_, '_> {
    /// Remembers what a variable can be.
    fn give(&mut self, name: &str, values: Vec<String>) {
        for value in values.into_iter().filter(|value| !value.is_empty()) {
            let known = self.values.entry(name.to_owned()).or_default();
            if known.len() < VALUE_LIMIT && !known.contains(&value) {
                known.push(value);
            }
        }
    }

    /// What a loop goes over for one of its words: a variable may hold several, and a pattern stands for the files that fit.
    fn listed(&self, word: &Word) -> Vec<String> {
        let mut values = Vec::new();
        for value in self.possible(word) {
            for part in value.split_whitespace().take(VALUE_LIMIT) {
                match part.starts_with('/') && part.contains(['*', '?', '[']) {
                    true => values.extend(super::config::glob(self.scene, part).iter().map(ImagePath::to_text)),
                    false => values.push(part.to_owned()),
                }
            }
        }
        values
    }

    fn command(&mut self, command: &SimpleCommand) {
        let place = format!("line {}", command.line);
        for (name, value) in assigned(command) {
            self.file(&value, &place);
            if PRELOADS.contains(&name.as_str()) {
                self.preload(&name, &value, &place);
            }
        }
        self.run(&command.words, &place, 0);
    }

    /// The libraries of a list for the loader, which may hold paths and plain names, and the variable's own value before.
    fn preload(&mut self, variable: &str, word: &Word, place: &str) {
        let mut texts = Vec::new();
        let is_known = self.pieces(&word.parts, variable, &mut texts, 0);
        if !is_known {
            let what = format!("the libraries that {variable} names are computed: {}", shown(word));
            unknown(self.finding, self.from, place.to_owned(), what, "nothing is kept for them", |_| ());
        }
        let evidence = format!("{place}: {variable}");
        for name in texts.iter().flat_map(|text| text.split([' ', ':', '\n', '\t'])).filter(|name| !name.is_empty()) {
            match self.from {
                _ if name.contains('/') => self.file_name(name, place),
                Some(from) => {
                    let edges = self.scene.libraries_named(from, name.as_bytes(), &evidence);
                    self.finding.edges.extend(edges);
                }
                None => {}
            }
        }
    }

    /// The texts that parts of a word can be, however the parts beside them turn out; whether all parts are known. Where nothing gave the
    /// variable itself a value, it has none.
    fn pieces(&self, parts: &[Part], variable: &str, texts: &mut Vec<String>, depth: usize) -> bool {
        let mut is_known = true;
        for part in parts {
            is_known &= match part {
                Part::Double(parts) if depth < DEPTH_LIMIT => self.pieces(parts, variable, texts, depth + 1),
                Part::Parameter { name, .. } if name == variable => true,
                part => match self.expanded(std::slice::from_ref(part), depth) {
                    Some(values) => {
                        texts.extend(values);
                        true
                    }
                    None => false,
                },
            };
        }
        is_known
    }

    fn run(&mut self, words: &[Word], place: &str, depth: usize) {
        let Some((first, arguments)) = words.split_first() else { return };
        if depth > DEPTH_LIMIT {
            return;
        }
        let names = self.possible(first);
        if names.is_empty() && !is_arguments(first) {
            let what = format!("the command is {}", shown(first));
            unknown(self.finding, self.from, place.to_owned(), what, "nothing is kept for it", |_| ());
        }
        // A variable may hold a command with its arguments.
        let is_literal = first.literal().is_some();
        let words = names.iter().map(|name| match name.split_whitespace().next() {
            Some(program) if !is_literal => program,
            _ => name.as_str(),
        });
        for name in words {
            let base = name.rsplit('/').next().unwrap_or(name);
            match base {
                "." | "source" => {
                    for file in arguments.first().map(|word| self.possible(word)).unwrap_or_default() {
                        self.source(&file, place);
                    }
                }
                "set" => {
                    let after = arguments.iter().position(|word| word.literal().as_deref() == Some("--"));
                    if let Some(rest) = after.and_then(|at| arguments.get(at + 1..)) {
                        self.passed(rest, place);
                    }
                }
                "eval" | "trap" => self.nested(arguments.first()),
                "run-parts" => arguments.iter().for_each(|word| self.directory(word, place)),
                "type" | "which" | "hash" => arguments.iter().for_each(|word| self.named(word, place)),
                _ if BUILTINS.contains(&base) => {}
                _ => self.program(name, base, arguments, place, depth),
            }
        }
        for argument in arguments {
            self.file(argument, place);
        }
    }

    fn program(&mut self, name: &str, base: &str, arguments: &[Word], place: &str, depth: usize) {
        if let Some(edges) = self.scene.command(self.from, name, &format!("{place}: {name}")) {
            self.finding.edges.extend(edges);
        }
        if launch::is_shell(base) {
            let at = arguments
                .iter()
                .position(|word| word.literal().is_some_and(|a| a.starts_with('-') && a.ends_with('c')));
            self.nested(at.and_then(|at| arguments.get(at + 1)));
        } else if python::is_interpreter(base) {
            let first = |word: &Word| self.possible(word).into_iter().next().unwrap_or_default();
            let texts: Vec<String> = arguments.iter().map(first).collect();
            python::arguments(self.scene, self.from, &texts, place, self.finding);
        } else if let Some(wrapper) = self.scene.knowledge.wrapper(base) {
            // The grammar is over text; a word that is not literal is no option.
            let texts: Vec<String> = arguments.iter().map(|word| word.literal().unwrap_or_default()).collect();
            let rest = launch::wrapped(wrapper, &texts);
            let rest = &arguments[arguments.len() - rest.len().min(arguments.len())..];
            self.run(rest, place, depth + 1);
        } else if base == "find" || base == "xargs" {
            let at = arguments
                .iter()
                .position(|word| matches!(word.literal().as_deref(), Some("-exec" | "-execdir" | "-ok")));
            if let Some(rest) = at.and_then(|at| arguments.get(at + 1..)) {
                self.run(rest, place, depth + 1);
            }
        }
    }

    /// Words that become the positional parameters: the first is what `exec "$@"` runs.
    fn passed(&mut self, words: &[Word], place: &str) {
        if let Some(name) = words.first().and_then(Word::literal)
            && let Some(edges) = self.scene.command(self.from, &name, &format!("{place}: set -- {name}"))
        {
            self.finding.edges.extend(edges);
        }
    }

    fn named(&mut self, word: &Word, place: &str) {
        for name in self.possible(word) {
            if let Some(edges) = self.scene.command(self.from, &name, &format!("{place}: asks for {name}")) {
                self.finding.edges.extend(edges);
            }
        }
    }

    fn nested(&mut self, word: Option<&Word>) {
        let Some(inner) = word.and_then(Word::literal) else { return };
        let (scene, from, depth) = (self.scene, self.from, self.depth + 1);
        text(scene, from, inner.as_bytes(), self.finding, depth);
    }

    fn source(&mut self, name: &str, place: &str) {
        let Some(path) = self.scene.launch.absolute(name) else { return };
        let edges = self.scene.follow(self.from, &path, Rule::Source, &format!("{place}: reads {name}"));
        let target = edges.first().map(|edge| edge.to.clone());
        self.finding.edges.extend(edges);
        // A file that is read into a script needs no `#!` of its own: it is shell text all the same.
        let bytes = target.as_ref().and_then(|target| self.scene.read(target));
        if let (Some(target), Some(bytes)) = (target, bytes)
            && !bytes.starts_with(b"#!")
            && self.finding.sourced.insert(target.clone())
        {
            let (scene, depth) = (self.scene, self.depth + 1);
            text(scene, Some(&target), &bytes, self.finding, depth);
        }
    }

    fn directory(&mut self, word: &Word, place: &str) {
        let Some(path) = word.literal().filter(|name| name.starts_with('/')).and_then(|name| ImagePath::new(name).ok())
        else {
            return;
        };
        let Some((directory, _)) = self.scene.tree.lookup(&path) else { return };
        for (path, _) in self.scene.tree.children(&directory) {
            let edges =
                self.scene.follow(self.from, path, Rule::Command, &format!("{place}: runs what is in {directory}"));
            self.finding.edges.extend(edges);
        }
    }

    /// A word that names existing files is a use of them, be it by pattern.
    fn file(&mut self, word: &Word, place: &str) {
        for name in self.possible(word) {
            self.file_name(&name, place);
        }
    }

    fn file_name(&mut self, name: &str, place: &str) {
        let name = match name.split_once('=') {
            Some((_, value)) if !name.starts_with('/') => value,
            _ => name,
        };
        if name.contains([':', '*']) {
            let edges = java::listed(self.scene, self.from, name, &Rule::Source, &format!("{place}: {name}"));
            self.finding.edges.extend(edges);
        }
        if !name.starts_with('/') || name.len() < 2 {
            return;
        }
        for path in super::config::glob(self.scene, name) {
            let edges = self.scene.follow(self.from, &path, Rule::Source, &format!("{place}: {name}"));
            // A directory link such as /lib is an argument of tests, not a use of what is below.
            self.finding
                .edges
                .extend(edges.into_iter().map(|edge| if name.contains('*') { Edge::of_file(edge) } else { edge }));
        }
    }

    /// What a word can be: itself, with what the script's assignments and the image's environment give its variables. Empty where a
    /// part of it cannot be known.
    fn possible(&self, word: &Word) -> Vec<String> {
        self.expanded(&word.parts, 0).unwrap_or_default()
    }

    fn expanded(&self, parts: &[Part], depth: usize) -> Option<Vec<String>> {
        let mut values = vec![String::new()];
        for part in parts {
            let ends = match part {
                Part::Literal(text) | Part::Quoted(text) | Part::AnsiQuoted(text) => vec![text.clone()],
                Part::Double(parts) if depth < DEPTH_LIMIT => self.expanded(parts, depth + 1)?,
                Part::Parameter { name, operator } => {
                    let mut ends = self.values.get(name).cloned().unwrap_or_default();
                    ends.extend(self.scene.launch.variable(name).map(str::to_owned));
                    if let Operator::Default { word, .. } | Operator::Assign { word, .. } = operator
                        && depth < DEPTH_LIMIT
                    {
                        ends.extend(self.expanded(&word.parts, depth + 1).unwrap_or_default());
                    }
                    ends
                }
                _ => Vec::new(),
            };
            let joined = values.iter().flat_map(|value| ends.iter().map(move |end| format!("{value}{end}")));
            values = joined.take(VALUE_LIMIT).collect();
            if values.is_empty() {
                return None;
            }
        }
        Some(values)
    }
}

/// `"$@"`, `$1`, `$*`: what the caller passed, which the image's configuration knows.
fn is_arguments(word: &Word) -> bool {
    let parts = match &word.parts[..] {
        [Part::Double(parts)] => parts,
        parts => parts,
    };
    matches!(parts, [Part::Parameter { name, .. }] if matches!(name.as_str(), "@" | "*" | "1" | "2"))
}

fn shown(word: &Word) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) | Part::Quoted(text) | Part::AnsiQuoted(text) => text.clone(),
        Part::Parameter { name, .. } => format!("${name}"),
        Part::Double(_) => "\"…\"".into(),
        Part::Command(_) | Part::Process(_) => "$(…)".into(),
        Part::Arithmetic(_) => "$((…))".into(),
    };
    match &word.parts[..] {
        [Part::Double(parts)] => parts.iter().map(part).collect(),
        parts => parts.iter().map(part).collect(),
    }
}
