//! Scripts, lists, pipelines and compound commands (POSIX 2.9.2 to 2.9.4).

use super::descriptors::{Descriptor, Input};
use super::{CALL_LIMIT, DEPTH_LIMIT, Shell, Status, Stop};
use crate::glob::Glob;
use slim::script::bytes::{decode, encode};
use slim::script::{AndOr, ArmEnd, Command, CommandKind, Connector, Item, Pipeline, Reader};
use std::sync::Arc;

impl Shell<'_, '_> {
    /// Runs a whole script in this shell: its own options from the first line, `$0` and arguments.
    pub(super) fn script(&mut self, script: &[u8], name: &str, arguments: &[String]) -> Status {
        let Some((options, bash)) = interpreter(script) else {
            let first = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let first = String::from_utf8_lossy(&first[..first.len().min(40)]).into_owned();
            return Err(self.unproven(first, "not a shell script"));
        };
        self.state.options.errexit = options.contains('e');
        self.state.options.bash = bash;
        if !options.chars().all(|option| option == 'e') {
            return Err(self.unproven(options, "options on the script's first line"));
        }
        self.state.positional = std::iter::once(name.to_owned()).chain(arguments.iter().cloned()).collect();
        self.text(script)
    }

    /// Runs text in this shell.
    pub(super) fn text(&mut self, text: &[u8]) -> Status {
        let mut status = 0;
        let mut reader = Reader::new(text);
        loop {
            // bash only expands aliases where someone types.
            let aliases = if self.state.options.bash { Arc::default() } else { Arc::clone(&self.state.aliases) };
            let next = reader.as_mut().map_err(|error| error.clone()).and_then(|reader| reader.next(&aliases));
            match next {
                Ok(Some(items)) => status = self.items(&items)?,
                Ok(None) => return Ok(status),
                Err(error) => {
                    self.line = error.line;
                    return Err(self.unproven("syntax", error.reason));
                }
            }
        }
    }

    /// Runs one more level of call, within the limit.
    pub(super) fn call<T>(&mut self, word: &str, run: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if self.calls >= CALL_LIMIT {
            return Err(self.unproven(word, "calls nested too deeply"));
        }
        self.calls += 1;
        let result = run(self);
        self.calls -= 1;
        result
    }

    pub(super) fn items(&mut self, items: &[Item]) -> Status {
        let mut status = 0;
        for item in items {
            if item.background {
                self.line = item.list.first.commands.first().map_or(self.line, |command| command.line);
                return Err(self.unproven("&", "a process in the background"));
            }
            status = self.and_or(&item.list)?;
        }
        Ok(status)
    }

    /// A list whose status decides something: `set -e` does not apply to it.
    fn condition(&mut self, items: &[Item]) -> Result<bool, Stop> {
        self.testing(true, |shell| shell.items(items)).map(|status| status == 0)
    }

    fn testing<T>(&mut self, tested: bool, run: impl FnOnce(&mut Self) -> T) -> T {
        self.tested += usize::from(tested);
        let result = run(self);
        self.tested -= usize::from(tested);
        result
    }

    fn and_or(&mut self, list: &AndOr) -> Status {
        let last = list.rest.len();
        let mut status = self.testing(last > 0, |shell| shell.pipeline(&list.first))?;
        for (index, (connector, pipeline)) in list.rest.iter().enumerate() {
            if (*connector == Connector::And) == (status == 0) {
                status = self.testing(index + 1 < last, |shell| shell.pipeline(pipeline))?;
            }
        }
        self.status = status;
        Ok(status)
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Status {
        if let [command] = &pipeline.commands[..] {
            let status = self.testing(pipeline.negated, |shell| shell.command(command))?;
            self.status = if pipeline.negated { i32::from(status == 0) } else { status };
            return Ok(self.status);
        }
        let mut input: Option<Input> = None;
        let mut status = 0;
        // With `pipefail`: the status of the last command that failed.
        let mut failed = 0;
        let mut changing = false;
        for (index, command) in pipeline.commands.iter().enumerate() {
            let last = index + 1 == pipeline.commands.len();
            let before = self.changes;
            let read = input.clone();
            let run = |shell: &mut Self| {
                shell.subshell(|shell| {
                    if let Some(input) = input {
                        shell.state.descriptors.insert(0, Descriptor::Input(input));
                    }
                    shell.testing(pipeline.negated, |shell| shell.command(command))
                })
            };
            if last {
                status = run(self)?;
                input = None;
            } else {
                let (status, output) = self.capture(run)?;
                if status != 0 {
                    failed = status;
                }
                input = Some(Input::new(output));
            }
            // The commands of a pipeline run at the same time; here they run one after the other. What the one does to the
            // tree must not depend on how far the other is, nor on whether it was stopped for want of a reader.
            let changes = self.changes != before;
            let left_early = read.is_some_and(|read| read.left_early());
            if changing && (changes || left_early) {
                return Err(self.unproven("|", "commands of a pipeline that change files at the same time"));
            }
            if left_early && self.state.options.pipefail {
                return Err(self.unproven("|", "whether a writer is stopped for want of a reader is up to chance"));
            }
            changing |= changes;
        }
        if self.state.options.pipefail && status == 0 {
            status = failed;
        }
        self.status = if pipeline.negated { i32::from(status == 0) } else { status };
        if !pipeline.negated {
            self.check(status)?;
        }
        Ok(self.status)
    }

    /// Ends the run of a script for bash where its rules are not dash's.
    pub(super) fn not_in_bash(&self, word: &str) -> Result<(), Stop> {
        if self.state.options.bash { Err(self.unproven(word, "bash would do this otherwise than sh")) } else { Ok(()) }
    }

    /// `set -e`: a failure that nobody tests ends the shell.
    pub(super) fn check(&self, status: i32) -> Result<(), Stop> {
        if status != 0 && self.state.options.errexit && self.tested == 0 {
            return Err(Stop::Exit(status));
        }
        Ok(())
    }

    /// Runs with a copy of the shell's state; its end is a status.
    pub(super) fn subshell(&mut self, run: impl FnOnce(&mut Self) -> Status) -> Status {
        let state = self.state.clone();
        let loops = std::mem::take(&mut self.loops);
        self.state.at_end = None;
        let result = run(self);
        let result = self.at_end(result);
        self.state = state;
        self.loops = loops;
        match result {
            Ok(status) | Err(Stop::Exit(status) | Stop::Return(status)) => {
                self.status = status;
                Ok(status)
            }
            Err(Stop::Break(_) | Stop::Continue(_)) => Ok(0),
            Err(unproven) => Err(unproven),
        }
    }

    /// Runs what `trap … EXIT` left to be done; the status stays what it was.
    pub(super) fn at_end(&mut self, result: Status) -> Status {
        if matches!(result, Err(Stop::Unproven(_))) {
            return result;
        }
        let Some(action) = self.state.at_end.take() else { return result };
        if let Ok(status) | Err(Stop::Exit(status) | Stop::Return(status)) = &result {
            self.status = *status;
        }
        let tested = std::mem::take(&mut self.tested);
        let errexit = std::mem::take(&mut self.state.options.errexit);
        let ended = self.text(&encode(&action));
        self.tested = tested;
        self.state.options.errexit = errexit;
        match ended {
            Ok(_) => result,
            Err(stop) => Err(stop),
        }
    }

    /// Command substitution: what a list prints, without its last newlines.
    pub(super) fn substitute(&mut self, items: &[Item]) -> Result<String, Stop> {
        // A failure inside ends the substitution, whatever tests the command around it; dash starts afresh here.
        let tested = std::mem::take(&mut self.tested);
        let result = self.capture(|shell| {
            shell.call("$(", |shell| {
                shell.subshell(|shell| {
                    // bash does not pass `set -e` on (bash(1), COMMAND EXECUTION ENVIRONMENT).
                    shell.state.options.errexit &= !shell.state.options.bash;
                    shell.items(items)
                })
            })
        });
        self.tested = tested;
        let (status, output) = result?;
        self.status = status;
        if output.contains(&0) {
            return Err(self.unproven("$(", "output with NUL bytes"));
        }
        Ok(decode(&output).trim_end_matches('\n').to_owned())
    }

    pub(super) fn command(&mut self, command: &Command) -> Status {
        self.line = command.line;
        if self.depth >= DEPTH_LIMIT {
            return Err(self.unproven("script", format!("commands nested deeper than {DEPTH_LIMIT} levels")));
        }
        self.depth += 1;
        let result = self.command_form(command);
        self.depth -= 1;
        result
    }

    fn command_form(&mut self, command: &Command) -> Status {
        if let CommandKind::Simple(simple) = &command.kind {
            return self.simple(simple);
        }
        self.step("compound command")?;
        let descriptors = (!command.redirections.is_empty()).then(|| self.descriptors());
        if !self.redirect(&command.redirections)? {
            self.set_descriptors(descriptors.unwrap_or_default());
            self.status = 2;
            self.check(2)?;
            return Ok(2);
        }
        let result = self.compound(&command.kind);
        if let Some(descriptors) = descriptors {
            self.set_descriptors(descriptors);
        }
        let status = result?;
        self.status = status;
        if matches!(command.kind, CommandKind::Subshell(_)) {
            self.check(status)?;
        }
        Ok(status)
    }

    fn compound(&mut self, kind: &CommandKind) -> Status {
        match kind {
            CommandKind::Simple(simple) => self.simple(simple),
            CommandKind::Group(body) => self.items(body),
            CommandKind::Subshell(body) => self.subshell(|shell| shell.items(body)),
            CommandKind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.condition(condition)? {
                        return self.items(body);
                    }
                }
                otherwise.as_ref().map_or(Ok(0), |body| self.items(body))
            }
            CommandKind::For { name, words, body } => {
                let values = match words {
                    Some(words) => self.expand(words)?,
                    None => self.state.positional.iter().skip(1).cloned().collect(),
                };
                let mut status = 0;
                for value in values {
                    self.assign(name, value)?;
                    match self.iteration(body)? {
                        Iteration::Done(next) => status = next,
                        Iteration::Leave => break,
                    }
                }
                Ok(status)
            }
            CommandKind::While { until, condition, body } => {
                let mut status = 0;
                self.loops += 1;
                let result = loop {
                    match self.condition(condition) {
                        Ok(met) if met == *until => break Ok(status),
                        Ok(_) => {}
                        Err(Stop::Break(1)) => break Ok(status),
                        Err(Stop::Continue(1)) => continue,
                        Err(stop) => break Err(stop),
                    }
                    self.loops -= 1;
                    let iteration = self.iteration(body);
                    self.loops += 1;
                    match iteration {
                        Ok(Iteration::Done(next)) => status = next,
                        Ok(Iteration::Leave) => break Ok(status),
                        Err(stop) => break Err(stop),
                    }
                };
                self.loops -= 1;
                result
            }
            CommandKind::Case { word, arms } => {
                let text = self.expand_single(word)?;
                for arm in arms {
                    for alternative in &arm.patterns {
                        let wanted = self.expand_pattern(alternative)?;
                        if Glob::shell(&wanted).fits_text(&text) {
                            if arm.end != ArmEnd::Break {
                                return Err(self.unproven("case", "an arm that dash does not have"));
                            }
                            return self.items(&arm.body);
                        }
                    }
                }
                Ok(0)
            }
            CommandKind::Function { name, body } => {
                self.state.functions.insert(name.clone(), Arc::clone(body));
                Ok(0)
            }
            CommandKind::Test(_) => Err(self.unproven("[[", "dash has no such command")),
            CommandKind::Arithmetic(_) | CommandKind::ArithmeticFor { .. } => {
                Err(self.unproven("((", "dash has no such command"))
            }
        }
    }

    fn iteration(&mut self, body: &[Item]) -> Result<Iteration, Stop> {
        self.step("loop")?;
        self.loops += 1;
        let result = self.items(body);
        self.loops -= 1;
        match result {
            Ok(status) => Ok(Iteration::Done(status)),
            Err(Stop::Break(1)) => Ok(Iteration::Leave),
            Err(Stop::Continue(1)) => Ok(Iteration::Done(0)),
            Err(Stop::Break(levels)) => Err(Stop::Break(levels - 1)),
            Err(Stop::Continue(levels)) => Err(Stop::Continue(levels - 1)),
            Err(stop) => Err(stop),
        }
    }
}

enum Iteration {
    Done(i32),
    Leave,
}

/// The options on a script's first line when its interpreter is a POSIX shell, and whether that is bash.
fn interpreter(script: &[u8]) -> Option<(String, bool)> {
    let first = script.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(first.strip_prefix(b"#!")?).ok()?;
    let mut words = line.split_ascii_whitespace();
    let program = words.next()?;
    let bash = matches!(program, "/bin/bash" | "/usr/bin/bash");
    let known = bash || matches!(program, "/bin/sh" | "/usr/bin/sh" | "/bin/dash" | "/usr/bin/dash");
    let options = words.next().unwrap_or("");
    (known && words.next().is_none() && (options.is_empty() || options.starts_with('-')))
        .then(|| (options.trim_start_matches('-').to_owned(), bash))
}
