//! Walking a whole script, whatever would run.

use super::ast::{
    Command, CommandKind, Item, Operator, Part, Redirection, RedirectionKind, SimpleCommand, Target, Word,
};

/// What a walk gathers.
#[derive(Default)]
struct Found<'a> {
    commands: Vec<&'a SimpleCommand>,
    redirections: Vec<&'a Redirection>,
    loops: Vec<(&'a str, &'a [Word])>,
    functions: Vec<(&'a str, &'a Command)>,
    inputs: Vec<(&'a Command, Source<'a>)>,
}

/// Commands that read from a place.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// Every simple command that has the input, as it stands there or inside of what stands there.
    pub readers: Vec<&'a SimpleCommand>,
    /// Where from.
    pub source: Source<'a>,
}

/// Where commands read from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// `< FILE`, a here-document or a here-string.
    Redirection(&'a Redirection),
    /// What the commands before it in a pipeline write.
    Pipe(&'a [Command]),
}

pub(super) fn commands(items: &[Item]) -> Vec<&SimpleCommand> {
    let mut found = Found::default();
    found.items(items);
    found.commands
}

pub(super) fn redirections(items: &[Item]) -> Vec<&Redirection> {
    let mut found = Found::default();
    found.items(items);
    found.redirections
}

pub(super) fn loops(items: &[Item]) -> Vec<(&str, &[Word])> {
    let mut found = Found::default();
    found.items(items);
    found.loops
}

pub(super) fn inputs(items: &[Item]) -> Vec<Input<'_>> {
    let mut found = Found::default();
    found.items(items);
    found.inputs.into_iter().map(|(command, source)| Input { readers: inside(command), source }).collect()
}

pub(super) fn functions(items: &[Item]) -> Vec<(&str, Vec<&SimpleCommand>)> {
    let mut found = Found::default();
    found.items(items);
    found.functions.into_iter().map(|(name, body)| (name, inside(body))).collect()
}

pub(super) fn inside(command: &Command) -> Vec<&SimpleCommand> {
    let mut found = Found::default();
    found.command(command);
    found.commands
}

impl<'a> Found<'a> {
    fn items(&mut self, items: &'a [Item]) {
        for item in items {
            for pipeline in item.list.pipelines() {
                pipeline.commands.iter().for_each(|command| self.command(command));
                let piped = (1..pipeline.commands.len()).map(|at| (&pipeline.commands[at], &pipeline.commands[..at]));
                self.inputs.extend(piped.map(|(command, before)| (command, Source::Pipe(before))));
            }
        }
    }

    fn command(&mut self, command: &'a Command) {
        let own = command.as_simple().map_or(&command.redirections, |simple| &simple.redirections);
        let reads = |kind| matches!(kind, RedirectionKind::Read | RedirectionKind::Here | RedirectionKind::HereString);
        let inputs = own.iter().filter(|redirection| reads(redirection.kind));
        self.inputs.extend(inputs.map(|redirection| (command, Source::Redirection(redirection))));
        match &command.kind {
            CommandKind::Simple(simple) => self.simple(simple),
            CommandKind::Group(body) | CommandKind::Subshell(body) => self.items(body),
            CommandKind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    self.items(condition);
                    self.items(body);
                }
                self.items(otherwise.as_deref().unwrap_or_default());
            }
            CommandKind::For { name, words, body } => {
                self.loops.extend(words.as_deref().map(|words| (name.as_str(), words)));
                words.iter().flatten().for_each(|word| self.word(word));
                self.items(body);
            }
            CommandKind::While { condition, body, .. } => {
                self.items(condition);
                self.items(body);
            }
            CommandKind::Case { word, arms } => {
                self.word(word);
                for arm in arms {
                    arm.patterns.iter().for_each(|pattern| self.word(pattern));
                    self.items(&arm.body);
                }
            }
            CommandKind::Function { name, body } => {
                self.functions.push((name, body));
                self.command(body);
            }
            CommandKind::Test(words) => words.iter().for_each(|word| self.word(word)),
            CommandKind::Arithmetic(word) => self.word(word),
            CommandKind::ArithmeticFor { header, body } => {
                self.word(header);
                self.items(body);
            }
        }
        command.redirections.iter().for_each(|redirection| self.redirection(redirection));
    }

    fn simple(&mut self, simple: &'a SimpleCommand) {
        self.commands.push(simple);
        for assignment in simple.assignments.iter().chain(&simple.declared) {
            self.word(&assignment.value);
            assignment.array.iter().flatten().for_each(|word| self.word(word));
        }
        simple.words.iter().for_each(|word| self.word(word));
        simple.redirections.iter().for_each(|redirection| self.redirection(redirection));
    }

    fn redirection(&mut self, redirection: &'a Redirection) {
        self.redirections.push(redirection);
        match &redirection.target {
            Target::Word(word) => self.word(word),
            Target::Here(document) => document.word().into_iter().for_each(|word| self.word(word)),
        }
    }

    fn word(&mut self, word: &'a Word) {
        self.parts(&word.parts);
    }

    fn parts(&mut self, parts: &'a [Part]) {
        for part in parts {
            match part {
                Part::Literal(_) | Part::Quoted(_) | Part::AnsiQuoted(_) => {}
                Part::Double(parts) => self.parts(parts),
                Part::Command(items) | Part::Process(items) => self.items(items),
                Part::Arithmetic(word) => self.word(word),
                Part::Parameter { operator, .. } => match operator {
                    Operator::None | Operator::Length | Operator::Other(_) => {}
                    Operator::Default { word, .. }
                    | Operator::Assign { word, .. }
                    | Operator::Require { word, .. }
                    | Operator::Alternative { word, .. } => self.word(word),
                    Operator::RemovePrefix { pattern, .. } | Operator::RemoveSuffix { pattern, .. } => {
                        self.word(pattern)
                    }
                },
            }
        }
    }
}
