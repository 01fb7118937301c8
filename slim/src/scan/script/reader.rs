//! Reading a shell script for what it runs and names.

use super::super::start::{Start, Voice, is_positional};
use super::super::texts::commands::sense;
use super::super::{Finding, Scene, config, environment, folders, java};
use super::{BUILTINS, Values, exports, feed, functions, included, included_any, input};
use crate::graph::{Edge, Rule, Unknown};
use crate::launch;
use crate::path::ImagePath;
use crate::script::{self, Operator, Part, RedirectionKind, Script, SimpleCommand, Target, Word};
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

/// How many values of a variable are taken for commands because of its name.
const VARIABLE_LIMIT: usize = 16;

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
    values.runners.append(&mut runners(scene, script));
    let run = feed::run_files(script);
    let mut reader = Reader { scene, from, values, run, finding, depth, budget: BUDGET };
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
    reader.fed(script);
}

/// Functions of a script that run what they are given.
fn runners(scene: &Scene<'_>, script: &Script) -> BTreeSet<String> {
    let starts =
        |name: &str| PREFIXES.contains(&name) || launch::is_shell(name) || scene.knowledge.wrapper(name).is_some();
    functions::runners(script, &starts)
}

/// Adds what a script, and every file that it reads in, gives its variables.
pub(super) fn gather(scene: &Scene<'_>, script: &Script, values: &mut Values, depth: usize) {
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
        values.export(exports::exported(command));
        of_builtin(scene, command, values, depth);
    }
    for (name, words) in script.loops() {
        let found: Vec<String> = words.iter().flat_map(|word| values.listed(scene, word)).collect();
        values.give(name, found);
    }
    input::gather(scene, script, values);
}

/// Adds what a builtin of the shell gives variables, and the folders that it changes to.
fn of_builtin(scene: &Scene<'_>, command: &SimpleCommand, values: &mut Values, depth: usize) {
    let Some((name, arguments)) = command.words.split_first() else { return };
    match name.literal().unwrap_or_default().as_str() {
        "." | "source" if depth < DEPTH_LIMIT => {
            let names = arguments.first().map(|word| values.possible(scene, word)).unwrap_or_default();
            let files: Vec<ImagePath> = names.iter().flat_map(|name| values.files(scene, name)).collect();
            for path in files {
                if !values.takes(&path) {
                    continue;
                }
                if let Some((inner, _)) = scene.read(&path).and_then(|bytes| script::salvage(&bytes).ok()) {
                    values.runners.append(&mut runners(scene, &inner));
                    gather(scene, &inner, values, depth + 1);
                }
            }
        }
        "set" => {
            let words = arguments.iter().map(|word| word.literal().unwrap_or_default());
            let mut options = words.take_while(|word| word != "--" && (word.starts_with('-') || word == "allexport"));
            if options.any(|option| option.contains('a')) {
                values.export_all();
            }
        }
        "env" => {
            let words: Vec<_> = exports::assignments(arguments).flat_map(|word| values.possible(scene, word)).collect();
            for (name, value) in words.iter().filter_map(|word| word.split_once('=')) {
                values.give(name, [value.to_owned()]);
            }
        }
        "cd" | "pushd" => {
            let folders: Vec<_> = arguments.iter().flat_map(|word| values.possible(scene, word)).collect();
            folders.iter().filter(|folder| !folder.starts_with('-')).for_each(|folder| values.enters(folder));
        }
        // bash: `printf -v NAME FORMAT TEXT`.
        "printf" if arguments.first().and_then(Word::literal).is_some_and(|option| option == "-v") => {
            let Some((name, rest)) = arguments[1..].split_first() else { return };
            let texts = values.printed(scene, rest, 0).unwrap_or_default();
            values.give(&name.literal().unwrap_or_default(), texts);
        }
        // `export $(grep -v '^#' .env)`: assignments that a command writes.
        name if DECLARATIONS.contains(&name) => {
            let words = arguments.iter().filter(|word| word.beginning().0.is_empty());
            let texts: Vec<String> = words.flat_map(|word| values.possible(scene, word)).collect();
            for text in texts {
                for (name, value) in text.split_whitespace().filter_map(|word| word.split_once('=')) {
                    values.give(name, [value.trim_matches(['"', '\'']).to_owned()]);
                }
            }
        }
        _ => {}
    }
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

/// A reader of one script.
pub(super) struct Reader<'s, 'a> {
    pub(super) scene: &'s Scene<'a>,
    pub(super) from: Option<&'s ImagePath>,
    pub(super) values: Values,
    /// Files that the script hands to a shell, reads in, or makes executable.
    pub(super) run: BTreeSet<String>,
    pub(super) finding: &'s mut Finding,
    depth: usize,
    /// Command lines beyond the first of each command that are still followed.
    pub(super) budget: usize,
}

impl<'a> Reader<'_, 'a> {
    fn command(&mut self, command: &SimpleCommand) {
        let place = format!("line {}", command.line);
        for Assigned { name, value } in assigned(command) {
            self.file(&value, &place);
            if PRELOADS.contains(&name.as_str()) {
                self.preload(&name, &value, &place);
            }
            if sense(&name).is_some() || self.values.exports(&name) {
                for value in self.values.possible(self.scene, &value).iter().take(VARIABLE_LIMIT) {
                    environment::variable(self.scene, self.from, &place, &name, value, self.finding);
                }
            }
        }
        let arrays = command.assignments.iter().chain(&command.declared).filter_map(|one| one.array.as_ref());
        arrays.flatten().for_each(|word| self.file(word, &place));
        for words in self.values.spread(&command.words) {
            match self.output_read_in(&words) {
                Some(texts) => texts.iter().for_each(|text| self.feed(text, &place)),
                None => self.run(&words, &place, 0),
            }
        }
        command.words.iter().skip(1).for_each(|word| self.file(word, &place));
        self.written(command, &place);
        self.copied(command, &place);
        self.here_documents(command, &place);
    }

    /// What `source <(COMMAND)` reads, if it is known.
    fn output_read_in(&self, words: &[Word]) -> Option<Vec<String>> {
        let [name, Word { parts }] = words else { return None };
        let [Part::Process(items)] = &parts[..] else { return None };
        let is_source = matches!(name.literal()?.as_str(), "." | "source");
        is_source.then(|| self.values.output(self.scene, items, 0))?
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
        let names = self.names(first);
        let is_quoted = matches!(first.parts[..], [Part::Double(_)]);
        // A variable that holds no program of the image may hold nothing.
        let is_there = |name: &String| name.split_whitespace().next().is_some_and(|name| self.is_program(name));
        let may_be_empty = !is_quoted && first.literal().is_none() && !names.iter().all(is_there);
        if names.is_empty() || may_be_empty {
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

    /// What the word of a command can be; a pattern stands for the programs that it covers.
    fn names(&self, first: &Word) -> Vec<String> {
        let covered = |name: String| match name.starts_with('/') && name.contains(['*', '?']) {
            true => config::glob(self.scene, &name).iter().map(ImagePath::to_text).collect(),
            false => vec![name],
        };
        self.values.possible(self.scene, first).into_iter().flat_map(covered).take(LINE_LIMIT).collect()
    }

    /// `exec -a NAME PROGRAM`, `command -v PROGRAM`, `time -p PROGRAM`.
    fn prefixed(&mut self, first: &Word, arguments: &[Word], place: &str, depth: usize) {
        let texts: Vec<String> = arguments.iter().map(|word| self.values.rendered(self.scene, word)).collect();
        let mut at = 0;
        while let Some(option) = texts.get(at).filter(|text| text.starts_with('-')) {
            let valued = option == "-a" && first.literal().is_some_and(|name| name == "exec");
            at += 1 + usize::from(valued);
        }
        // `exec` starts programs alone, and behind `command` no word is reserved.
        let is_program = |name: &&String| match first.literal().as_deref() {
            Some("exec") => BUILTINS.contains(&name.as_str()) || *name == "time",
            Some("command") => *name == "time",
            _ => false,
        };
        if let Some(name) = texts.get(at).filter(is_program) {
            self.named(name, place);
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
            _ if self.values.runners.contains(base) => {
                let begins = |text: &&String| {
                    let mut words = text.split_whitespace();
                    let first = words.next();
                    first.is_some_and(|name| self.is_program(name) || super::begins(name) && words.next().is_some())
                };
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
        !BUILTINS.contains(&name) && self.values.find(self.scene, name).is_some()
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
    pub(super) fn feed(&mut self, text: &str, place: &str) {
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
        if let Some(path) = self.values.find(self.scene, name) {
            let evidence = format!("{place}: asks for {name}");
            self.finding.edges.extend(self.scene.follow(self.from, &path, Rule::Command, &evidence));
        }
    }

    fn source(&mut self, name: Option<&String>, place: &str) {
        let Some(name) = name else { return };
        if is_positional(name) {
            return;
        }
        if name.contains('$') {
            let evidence = format!("{place}: reads {name}");
            let (scene, from, depth) = (self.scene, self.from, self.depth);
            let taken = included_any(scene, from, name, &evidence, &self.values, self.finding, depth);
            self.unknown(place, format!("the file that is read in is {name}"), taken);
            return;
        }
        // A name without a slash is looked up along PATH first (POSIX, "dot").
        let in_path = || self.values.find(self.scene, name);
        let path = Some(name)
            .filter(|name| !name.contains('/'))
            .and_then(|_| in_path())
            .or_else(|| self.values.place(self.scene, name));
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

    pub(super) fn unknown(&mut self, place: &str, what: String, taken: &str) {
        let (place, what, taken) = (place.to_owned(), script::bytes::shown(&what), taken.to_owned());
        self.finding.unknowns.push(Unknown { at: self.from.cloned(), place, what, taken });
    }
}
