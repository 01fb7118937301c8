//! Programs and settings that a script writes: to files, or to the standard input of a shell or another interpreter.

use super::super::{Language, config, inline};
use super::reader::Reader;
use crate::launch::{self, FirstLine};
use crate::path::ImagePath;
use crate::script::{self, Input, Redirection, RedirectionKind, Script, SimpleCommand, Source, Target, Word};
use recipes::ConfigKind;
use std::collections::BTreeSet;

impl Reader<'_, '_> {
    /// A script that is written to a file is mostly run soon after: `printf '#!/bin/sh\nexec tool\n' > FILE`.
    pub(super) fn written(&mut self, command: &SimpleCommand, place: &str) {
        if !command.name().is_some_and(|name| matches!(name.as_str(), "echo" | "printf")) {
            return;
        }
        let is_run = redirected_to(command).any(|name| name.ends_with(".sh") || self.run.contains(&name));
        for word in command.words.iter().skip(1) {
            let text = self.values.rendered(self.scene, word).replace("\\n", "\n");
            if is_script(&text) || is_run {
                self.feed(&text, place);
            }
            redirected_to(command).for_each(|name| self.settings(&name, &text));
        }
    }

    /// Files of the image of which a command makes a script that is run: `envsubst < start.template > /run/start.sh`, `cp template /run/start`.
    fn sources(&self, command: &SimpleCommand) -> Vec<String> {
        let is_run = |name: &String| self.run.contains(name);
        if !redirected_to(command).any(|name| name.ends_with(".sh"))
            && !written_names(command).any(|name| is_run(&name))
        {
            return Vec::new();
        }
        let names = written_names(command).filter(|name| !is_run(name));
        names.filter_map(|name| self.values.file_text(self.scene, &name)).collect()
    }

    /// As [`Reader::written`], of a text that stands in files.
    pub(super) fn copied(&mut self, command: &SimpleCommand, place: &str) {
        if !command.name().is_some_and(|name| name.contains('/') || runs_files(&name)) {
            self.sources(command).iter().for_each(|text| self.feed(text, place));
        }
    }

    /// Text that is written to a file which is read as configuration: `echo "* * * * * root tool" > /etc/cron.d/tool`.
    fn settings(&mut self, name: &str, text: &str) {
        let Some(path) = ImagePath::new(name).ok().filter(|_| name.starts_with('/')) else { return };
        for kind in self.scene.knowledge.kinds(name) {
            config::written(self.scene, kind, &path, self.from, text, self.finding);
        }
    }

    /// Whether a command writes to a file that bears the name of a shell script, or is run as one.
    fn writes_script(&self, command: &SimpleCommand) -> bool {
        written_names(command).any(|name| name.ends_with(".sh") || self.run.contains(&name))
    }

    /// A script that a here-document writes to a file: by its first line, or by the name of the file.
    pub(super) fn here_documents(&mut self, command: &SimpleCommand, place: &str) {
        for redirection in &command.redirections {
            let is_here = matches!(redirection.kind, RedirectionKind::Here | RedirectionKind::HereString);
            let texts = self.values.redirected(self.scene, redirection).filter(|_| is_here);
            for text in texts.into_iter().flatten() {
                written_names(command).for_each(|name| self.settings(&name, &text));
                match written_language(command) {
                    Some(language) => inline::find(self.scene, self.from, place, language, &text, self.finding),
                    None if is_script(&text) || self.writes_script(command) => self.feed(&text, place),
                    None => {}
                }
            }
        }
    }

    /// Programs that are read from the standard input: `sh <<END`, `cat FILE | sh`, `python3 - <<END`.
    pub(super) fn fed(&mut self, script: &Script) {
        for Input { readers, source } in script.inputs() {
            let reads = readers.iter().find_map(|reader| Some((reader, read_program(reader)?)));
            let Some((command, program)) = reads else { continue };
            let place = format!("line {}", command.line);
            let known = match source {
                Source::Redirection(redirection) => self.values.redirected(self.scene, redirection),
                Source::Pipe(commands) => self.values.piped(self.scene, commands, 0).or_else(|| self.said(commands)),
            };
            for text in known.iter().flatten() {
                self.budget = self.budget.saturating_sub(1);
                if self.budget > 0 {
                    self.told_by_input(program, text, &place);
                }
            }
            if known.is_none() && !is_device(source) {
                let what = "a program that is read from the standard input is computed".to_owned();
                self.unknown(&place, what, "nothing is kept for it");
            }
        }
    }

    fn told_by_input(&mut self, program: Program, text: &str, place: &str) {
        match program {
            Program::Shell => self.feed(text, place),
            Program::Of(language) => inline::find(self.scene, self.from, place, language, text, self.finding),
            Program::Table => {
                let (kind, path) = (ConfigKind::Crontab, ImagePath::root());
                config::written(self.scene, kind, &path, self.from, text, self.finding);
            }
        }
    }

    /// The words of commands that write texts, where it is not known what becomes of them.
    fn said(&self, commands: &[script::Command]) -> Option<Vec<String>> {
        let says = |name: String| matches!(name.as_str(), "echo" | "printf");
        let simple = commands.iter().flat_map(script::Command::commands);
        let said = simple.filter(|command| command.name().is_some_and(says));
        let words: Vec<&Word> = said.flat_map(|command| command.words.iter().skip(1)).collect();
        let texts: Vec<_> = words.iter().map(|word| self.values.rendered(self.scene, word)).collect();
        Some(texts).filter(|texts| !texts.is_empty())
    }
}

/// Whether an input comes from a device, such as nothing at all.
fn is_device(source: Source<'_>) -> bool {
    match source {
        Source::Redirection(Redirection { target: Target::Word(word), .. }) => word.beginning().0.starts_with("/dev/"),
        _ => false,
    }
}

/// What a program that is read from the standard input is written in.
#[derive(Clone, Copy)]
enum Program {
    Shell,
    Of(Language),
    /// A table of cron (crontab(1)).
    Table,
}

/// What a command reads as a program from its standard input: a shell or another interpreter that is told no file and no text.
fn read_program(command: &SimpleCommand) -> Option<Program> {
    let words: Vec<String> = command.words.iter().map(|word| word.literal().unwrap_or_default()).collect();
    let interpreter = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or(word);
        match name {
            "crontab" => Some(Program::Table),
            name if launch::is_shell(name) => Some(Program::Shell),
            name => Language::of_interpreter(name).map(Program::Of),
        }
    };
    let (at, program) = words.iter().enumerate().find_map(|(at, word)| Some((at, interpreter(word)?)))?;
    let rest = &words[at + 1..];
    let options: Vec<&String> = rest.iter().take_while(|word| word.starts_with(['-', '+'])).collect();
    let telling: &[char] = if matches!(program, Program::Shell) { &['c'] } else { &['c', 'e', 'm', 'p', 'r'] };
    let is_told = options.iter().any(|option| !option.starts_with("--") && option.ends_with(telling));
    let reads = rest.len() == options.len() || options.iter().any(|option| matches!(option.as_str(), "-" | "-s"));
    (reads && !is_told).then_some(program)
}

/// The names of files that a command may write to.
fn written_names(command: &SimpleCommand) -> impl Iterator<Item = String> {
    command.words.iter().skip(1).filter_map(Word::literal).chain(redirected_to(command))
}

/// The names in a command's redirections.
fn redirected_to(command: &SimpleCommand) -> impl Iterator<Item = String> {
    command.redirections.iter().filter_map(|redirection| match &redirection.target {
        Target::Word(word) => word.literal(),
        Target::Here(_) => None,
    })
}

/// Whether a command runs files that it is told, or makes them programs.
fn runs_files(name: &str) -> bool {
    launch::is_shell(name) || matches!(name, "." | "source" | "chmod" | "exec")
}

/// The files that a script hands to a shell, reads in, makes executable or starts, as far as they are written out.
pub(super) fn run_files(script: &Script) -> BTreeSet<String> {
    let files = |command: &&SimpleCommand| -> Vec<String> {
        let mut words = command.words.iter().filter_map(Word::literal);
        match words.next() {
            Some(name) if name.contains('/') => vec![name],
            Some(name) if runs_files(&name) => words.filter(|word| word.contains('/')).collect(),
            _ => Vec::new(),
        }
    };
    script.commands().iter().flat_map(files).collect()
}

/// The language of a source that a command writes, by the file's name.
fn written_language(command: &SimpleCommand) -> Option<Language> {
    written_names(command)
        .filter(|name| name.contains('/'))
        .find_map(|name| Language::of(&ImagePath::new(&name).ok()?, b""))
}

/// Whether text is a shell script with a first line of its own.
fn is_script(text: &str) -> bool {
    FirstLine::new(text.as_bytes()).is_some_and(|line| line.names_shell())
}
