//! Reading a shell script for what it runs and names.

use super::super::start::{Start, Voice, is_positional};
use super::super::{Finding, Scene, config, folders, java};
use super::{BUILTINS, Values, functions, included, input};
use crate::graph::{Edge, Rule, Unknown};
use crate::launch;
use crate::path::ImagePath;
use crate::script::{self, Operator, Part, Pipeline, RedirectionKind, Script, SimpleCommand, Target, Word};
use std::collections::BTreeSet;

/// Builtins whose arguments are assignments.
const DECLARATIONS: [&str; 5] = ["declare", "export", "local", "readonly", "typeset"];

/// Variables whose value names libraries that the loader maps into every program (ld.so(8)).
pub(in crate::scan) const PRELOADS: [&str; 2] = ["LD_PRELOAD", "LD_AUDIT"];

/// Words of the shell before a command that it runs itself or not as without them.
const PREFIXES: [&str; 5] = ["builtin", "command", "exec", "time", "!"];

/// How deep words are looked into.
const DEPTH_LIMIT: usize = 8;

/// How many command lines a command can stand for.
const LINE_LIMIT: usize = 256;

/// How many command lines all commands of a script may stand for beyond the first of each.
const BUDGET: usize = 1 << 16;

/// Adds what a script uses.
pub(super) fn read(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    script: &Script,
    values: &Values,
    finding: &mut Finding,
    depth: usize,
) {
    let mut values = values.clone();
    // Twice, for functions and branches assign what lines above them use.
    for _ in 0..2 {
        gather(scene, script, &mut values, depth);
    }
    let starts =
        |name: &str| PREFIXES.contains(&name) || launch::is_shell(name) || scene.knowledge.wrapper(name).is_some();
    let runners = functions::runners(script, &starts);
    let mut reader = Reader { scene, from, values, runners, finding, depth, budget: BUDGET };
    for redirection in script.redirections() {
        if let (Target::Word(word), RedirectionKind::Read | RedirectionKind::ReadWrite) =
            (&redirection.target, redirection.kind)
        {
            reader.file(word, &format!("line {}", redirection.line));
        }
    }
    for command in script.commands() {
        reader.command(command);
    }
    for pipeline in script.pipelines() {
        reader.piped(pipeline);
    }
}

/// Adds what a script, and every file that it reads in, gives its variables.
fn gather(scene: &Scene<'_>, script: &Script, values: &mut Values, depth: usize) {
    for command in script.commands() {
        for assigned in assigned(command) {
            let found = values.possible(scene, &assigned.value);
            values.give(&assigned.name, found);
        }
        for array in command.assignments.iter().chain(&command.declared) {
            if let Some(words) = &array.array {
                values.give_array(scene, &array.name, words, array.append);
            }
        }
        if depth < DEPTH_LIMIT && command.name().is_some_and(|name| matches!(name.as_str(), "." | "source")) {
            for name in command.words.get(1).map(|word| values.possible(scene, word)).unwrap_or_default() {
                let path = scene.launch.absolute(&name).and_then(|path| Some(scene.tree.lookup(&path)?.0));
                let Some(path) = path.filter(|path| values.takes(path)) else { continue };
                if let Some(inner) = scene.read(&path).and_then(|bytes| script::parse(&bytes).ok()) {
                    gather(scene, &inner, values, depth + 1);
                }
            }
        }
    }
    for (name, words) in script.loops() {
        let found: Vec<String> = words.iter().flat_map(|word| values.listed(scene, word)).collect();
        values.give(name, found);
    }
    input::gather(scene, script, values);
}

/// A variable that a command gives a value.
pub(super) struct Assigned {
    pub name: String,
    pub value: Word,
}

/// As [`given`], and `${NAME:=WORD}` in the words.
fn assigned(command: &SimpleCommand) -> Vec<Assigned> {
    let mut all = given(command);
    command.words.iter().for_each(|word| defaulted(&word.parts, &mut all));
    all
}

/// What a command gives variables: `NAME=WORD COMMAND`, and `export NAME=WORD` with its kin, whose arguments the grammar takes for words.
pub(super) fn given(command: &SimpleCommand) -> Vec<Assigned> {
    let plain = command.assignments.iter().filter(|one| one.array.is_none());
    let mut all: Vec<_> = plain.map(|one| Assigned { name: variable(&one.name), value: one.value.clone() }).collect();
    let Some((first, arguments)) = command.words.split_first() else { return all };
    if !first.literal().is_some_and(|name| DECLARATIONS.contains(&name.as_str())) {
        return all;
    }
    for word in arguments {
        let Some((Part::Literal(start), rest)) = word.parts.split_first() else { continue };
        let Some((name, value)) = start.split_once('=') else { continue };
        let literal = Some(value).filter(|value| !value.is_empty() || rest.is_empty());
        let literal = literal.map(|value| Part::Literal(value.to_owned()));
        let parts = literal.into_iter().chain(rest.iter().cloned()).collect();
        all.push(Assigned { name: name.to_owned(), value: Word { parts } });
    }
    all
}

/// The variable of `NAME[KEY]=VALUE`: an array is known by all of its values.
fn variable(name: &str) -> String {
    name.split('[').next().unwrap_or(name).to_owned()
}

/// What words give variables that have no value yet: `${NAME:=WORD}`.
fn defaulted(parts: &[Part], all: &mut Vec<Assigned>) {
    for part in parts {
        match part {
            Part::Double(parts) => defaulted(parts, all),
            Part::Parameter { name, operator: Operator::Assign { word, .. } } => {
                all.push(Assigned { name: name.clone(), value: word.clone() });
            }
            _ => {}
        }
    }
}

struct Reader<'s, 'a> {
    scene: &'s Scene<'a>,
    from: Option<&'s ImagePath>,
    values: Values,
    /// Functions that run what they are given.
    runners: BTreeSet<&'s str>,
    finding: &'s mut Finding,
    depth: usize,
    /// Command lines beyond the first of each command that are still followed.
    budget: usize,
}

impl<'a> Reader<'_, 'a> {
    fn command(&mut self, command: &SimpleCommand) {
        let place = format!("line {}", command.line);
        for Assigned { name, value } in assigned(command) {
            self.file(&value, &place);
            if PRELOADS.contains(&name.as_str()) {
                self.preload(&name, &value, &place);
            }
        }
        let arrays = command.assignments.iter().chain(&command.declared).filter_map(|one| one.array.as_ref());
        arrays.flatten().for_each(|word| self.file(word, &place));
        for words in self.values.spread(&command.words) {
            self.run(&words, &place, 0);
        }
        command.words.iter().skip(1).for_each(|word| self.file(word, &place));
        self.written(command, &place);
        self.here_documents(command, &place);
    }

    /// A script that is written to a file is mostly run soon after: `printf '#!/bin/sh\nexec tool\n' > FILE`.
    fn written(&mut self, command: &SimpleCommand, place: &str) {
        if !command.name().is_some_and(|name| matches!(name.as_str(), "echo" | "printf")) {
            return;
        }
        for word in command.words.iter().skip(1) {
            let text = self.values.rendered(self.scene, word).replace("\\n", "\n");
            if is_script(&text) {
                self.feed(&text, place);
            }
        }
    }

    /// What a command can be told on its standard input: a shell reads it as a script.
    fn here_documents(&mut self, command: &SimpleCommand, place: &str) {
        let is_shell = command.words.iter().any(|word| self.is_shell(word));
        for redirection in &command.redirections {
            let word = match &redirection.target {
                Target::Here(document) => document.word(),
                Target::Word(word) => Some(word).filter(|_| redirection.kind == RedirectionKind::HereString),
            };
            let Some(text) = word.map(|word| self.values.rendered(self.scene, word)) else { continue };
            if is_shell || is_script(&text) || writes_script(command) {
                self.feed(&text, place);
            }
        }
    }

    /// `cat <<END | sh`, `echo TEXT | sh`.
    fn piped(&mut self, pipeline: &Pipeline) {
        let simple: Vec<_> = pipeline.commands.iter().filter_map(script::Command::as_simple).collect();
        let Some(last) = simple.last().filter(|_| pipeline.commands.len() > 1) else { return };
        if !last.words.iter().any(|word| self.is_shell(word)) {
            return;
        }
        for command in &simple[..simple.len() - 1] {
            let place = format!("line {}", command.line);
            let here = command.redirections.iter().filter_map(|redirection| match &redirection.target {
                Target::Here(document) => document.word(),
                Target::Word(word) => Some(word).filter(|_| redirection.kind == RedirectionKind::HereString),
            });
            let says = command.name().is_some_and(|name| matches!(name.as_str(), "echo" | "printf"));
            let said = command.words.iter().skip(1).filter(|_| says);
            for text in here.chain(said).map(|word| self.values.rendered(self.scene, word)).collect::<Vec<_>>() {
                self.feed(&text, &place);
            }
        }
    }

    fn is_shell(&self, word: &Word) -> bool {
        let name = word.literal().unwrap_or_default();
        launch::is_shell(name.rsplit('/').next().unwrap_or_default())
    }

    /// The libraries of a list for the loader, which may hold paths and plain names, and the variable's own value before.
    fn preload(&mut self, variable: &str, word: &Word, place: &str) {
        let mut texts = Vec::new();
        let is_known = self.pieces(&word.parts, variable, &mut texts, 0);
        if !is_known {
            let shown = self.values.rendered(self.scene, word);
            self.unknown(
                place,
                format!("the libraries that {variable} names are computed: {shown}"),
                "nothing is kept for them",
            );
        }
        let evidence = format!("{place}: {variable}");
        for name in texts.iter().flat_map(|text| text.split([' ', ':', '\n', '\t'])).filter(|name| !name.is_empty()) {
            if name.contains('/') {
                self.file_name(name, place);
            } else {
                self.finding.edges.extend(self.scene.libraries_named(self.from, name.as_bytes(), &evidence));
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
                part => match self.values.expanded(self.scene, std::slice::from_ref(part), depth) {
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

    /// A command with its arguments.
    fn run(&mut self, words: &[Word], place: &str, depth: usize) {
        let Some((first, arguments)) = words.split_first() else { return };
        if depth > DEPTH_LIMIT {
            return;
        }
        if first.literal().is_some_and(|name| PREFIXES.contains(&name.as_str())) {
            return self.prefixed(first, arguments, place, depth);
        }
        let names = self.values.possible(self.scene, first);
        let is_quoted = matches!(first.parts[..], [Part::Double(_)]);
        if names.is_empty() || !is_quoted && names.iter().any(String::is_empty) {
            let shown = self.values.rendered(self.scene, first);
            if names.is_empty() && !functions::is_argument(first) && !is_positional(&shown) {
                let (scene, from, voice, values) = (self.scene, self.from, Voice::Script, &self.values);
                Start { scene, from, place, voice, values, finding: self.finding }.computed(&shown);
            }
            // `$WRAPPER program`: it may be empty, or run what follows.
            if !is_quoted {
                self.run(arguments, place, depth + 1);
            }
        }
        for (number, line) in self.lines(first, &names, arguments).iter().enumerate() {
            if number > 0 && self.budget == 0 {
                break;
            }
            self.budget -= usize::from(number > 0);
            if number > 0 && self.budget == 0 {
                let what = "the variables from here on have more values than are followed".to_owned();
                self.unknown(place, what, "the first of each is followed");
            }
            self.line(line, place);
        }
    }

    /// `exec -a NAME PROGRAM`, `command -v PROGRAM`, `time -p PROGRAM`.
    fn prefixed(&mut self, first: &Word, arguments: &[Word], place: &str, depth: usize) {
        let texts: Vec<String> = arguments.iter().map(|word| self.values.rendered(self.scene, word)).collect();
        let mut at = 0;
        while let Some(option) = texts.get(at).filter(|text| text.starts_with('-')) {
            let valued = option == "-a" && first.literal().is_some_and(|name| name == "exec");
            at += 1 + usize::from(valued);
        }
        self.run(arguments.get(at..).unwrap_or_default(), place, depth + 1);
    }

    /// The command lines that a command can stand for: each of what its words can be, once.
    fn lines(&self, first: &Word, names: &[String], arguments: &[Word]) -> Vec<Vec<String>> {
        // A variable may hold a command with its arguments.
        let is_literal = first.literal().is_some();
        let programs: Vec<Vec<String>> = names
            .iter()
            .map(|name| match is_literal {
                true => vec![name.clone()],
                false => name.split_whitespace().map(str::to_owned).collect(),
            })
            .filter(|words: &Vec<String>| !words.is_empty())
            .collect();
        let columns: Vec<Vec<String>> = arguments
            .iter()
            .map(|word| match self.values.possible(self.scene, word) {
                values if values.is_empty() => vec![self.values.rendered(self.scene, word)],
                values => values,
            })
            .collect();
        if programs.is_empty() {
            return Vec::new();
        }
        let most = columns.iter().map(Vec::len).chain([programs.len()]).max().unwrap_or(1);
        let line = |number: usize| {
            let program = &programs[number.min(programs.len() - 1)];
            let rest = columns.iter().map(|column| column[number.min(column.len() - 1)].clone());
            program.iter().cloned().chain(rest).collect()
        };
        (0..most.min(LINE_LIMIT)).map(line).collect()
    }

    fn line(&mut self, line: &[String], place: &str) {
        let Some((name, texts)) = line.split_first() else { return };
        let base = name.rsplit('/').next().unwrap_or(name);
        match base {
            "." | "source" => self.source(texts.first(), place),
            "set" => self.set(texts, place),
            "eval" => self.feed(&texts.join(" "), place),
            "trap" => {
                let action = texts.iter().find(|text| *text != "--").filter(|text| !text.starts_with('-'));
                action.into_iter().for_each(|text| self.feed(text, place));
            }
            "alias" => {
                let values = texts.iter().filter_map(|text| Some(text.split_once('=')?.1));
                values.for_each(|text| self.feed(text, place));
            }
            // A program, whatever it looks like.
            "which" => {
                self.launch(line, place);
                texts.iter().for_each(|name| self.named(name, place));
            }
            "type" | "hash" => texts.iter().for_each(|name| self.named(name, place)),
            // By its path it is a program.
            _ if BUILTINS.contains(&name.as_str()) => {}
            // The function may take words of its own before the command.
            _ if self.runners.contains(base) => {
                let begins = |text: &&String| text.split_whitespace().next().is_some_and(|name| self.is_program(name));
                if let Some(at) = texts.iter().position(|text| self.is_program(text)) {
                    self.launch(&texts[at..], place);
                } else if let Some(text) = texts.iter().find(begins) {
                    self.feed(text, place);
                }
            }
            _ => self.launch(line, place),
        }
    }

    fn is_program(&self, name: &str) -> bool {
        !BUILTINS.contains(&name) && self.scene.launch.find(self.scene.tree, name).is_some()
    }

    /// `set -- PROGRAM ARGUMENTS`: the words become the positional parameters, the first of which `exec "$@"` runs.
    fn set(&mut self, texts: &[String], place: &str) {
        let after = texts.iter().position(|text| text == "--").map_or(0, |at| at + 1);
        // A variable may hold several words.
        let words = texts[after..].iter().flat_map(|text| text.split_whitespace());
        let words: Vec<String> = words.map(str::to_owned).collect();
        if words.first().is_some_and(|name| self.is_program(name)) {
            self.launch(&words, place);
        }
    }

    /// A command line that is started.
    fn launch(&mut self, line: &[String], place: &str) {
        let depth = self.depth;
        self.start(place).run(line, depth);
    }

    /// Text that a shell reads.
    fn feed(&mut self, text: &str, place: &str) {
        let depth = self.depth;
        self.start(place).text(text, depth);
    }

    fn start<'r>(&'r mut self, place: &'r str) -> Start<'r, 'a> {
        Start {
            scene: self.scene,
            from: self.from,
            place,
            voice: Voice::Script,
            values: &self.values,
            finding: self.finding,
        }
    }

    fn named(&mut self, name: &str, place: &str) {
        if let Some(edges) = self.scene.command(self.from, name, &format!("{place}: asks for {name}")) {
            self.finding.edges.extend(edges);
        }
    }

    fn source(&mut self, name: Option<&String>, place: &str) {
        let Some(name) = name else { return };
        if is_positional(name) {
            return;
        }
        if name.contains('$') {
            return self.unknown(place, format!("the file that is read in is {name}"), "nothing is kept for it");
        }
        // A name without a slash is looked up along PATH first (POSIX, "dot").
        let in_path = || self.scene.launch.find(self.scene.tree, name);
        let path = Some(name)
            .filter(|name| !name.contains('/'))
            .and_then(|_| in_path())
            .or_else(|| self.scene.launch.absolute(name));
        let Some(path) = path else { return };
        let evidence = format!("{place}: reads {name}");
        included(self.scene, self.from, &path, &evidence, &self.values, self.finding, self.depth);
    }

    /// A word that names existing files is a use of them, be it by pattern.
    fn file(&mut self, word: &Word, place: &str) {
        let possible = self.values.possible(self.scene, word);
        if possible.is_empty() {
            // What it begins with is in use, should that be a folder of data.
            let (start, _) = word.beginning();
            self.folder(&format!("{start}$"), place);
        }
        for name in possible {
            self.file_name(&name, place);
        }
    }

    /// A folder of data may be copied as a whole.
    fn folder(&mut self, name: &str, place: &str) {
        self.finding.edges.extend(folders::find(self.scene, self.from, name, || format!("{place}: {name}")));
    }

    fn file_name(&mut self, name: &str, place: &str) {
        let name = match name.split_once('=') {
            Some((_, value)) if !name.starts_with('/') => value,
            _ => name,
        };
        if name.contains([':', '*', '@']) {
            let edges = java::listed(self.scene, self.from, name, &Rule::Source, &format!("{place}: {name}"));
            self.finding.edges.extend(edges);
        }
        if !name.starts_with('/') || name.len() < 2 {
            return;
        }
        self.folder(name, place);
        for path in config::glob(self.scene, name) {
            let edges = self.scene.follow(self.from, &path, Rule::Source, &format!("{place}: {name}"));
            // A directory link such as /lib is an argument of tests, not a use of what is below.
            self.finding
                .edges
                .extend(edges.into_iter().map(|edge| if name.contains('*') { Edge::of_file(edge) } else { edge }));
        }
    }

    fn unknown(&mut self, place: &str, what: String, taken: &str) {
        let (place, what, taken) = (place.to_owned(), script::bytes::shown(&what), taken.to_owned());
        self.finding.unknowns.push(Unknown { at: self.from.cloned(), place, what, taken });
    }
}

/// Whether a command writes to a file that bears the name of a shell script.
fn writes_script(command: &SimpleCommand) -> bool {
    let targets = command.redirections.iter().filter_map(|redirection| match &redirection.target {
        Target::Word(word) => Some(word),
        Target::Here(_) => None,
    });
    command.words.iter().skip(1).chain(targets).any(|word| word.literal().is_some_and(|name| name.ends_with(".sh")))
}

/// Whether text is a shell script with a first line of its own.
fn is_script(text: &str) -> bool {
    let first = text.lines().next().and_then(|line| line.strip_prefix("#!")).unwrap_or_default();
    first.split_whitespace().any(|word| launch::is_shell(word.rsplit('/').next().unwrap_or_default()))
}
