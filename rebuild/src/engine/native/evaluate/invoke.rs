//! Simple commands, functions and the programs that they call (POSIX 2.9.1, 2.9.5).

use super::commands::{self, Entry};
use super::descriptors::{Descriptor, Input};
use super::{Shell, Status, Stop, Variable};
use slim::script::bytes::is_text;
use slim::script::{Command, Part, SimpleCommand, Word};
use std::collections::BTreeMap;

/// Built-ins whose arguments may be assignments (dash since 0.5.11, bash).
const DECLARING: [&str; 3] = ["export", "local", "readonly"];

impl Shell<'_, '_> {
    pub(super) fn simple(&mut self, simple: &SimpleCommand) -> Status {
        self.line = simple.line;
        // The status of an assignment is that of its last substitution.
        if simple.words.is_empty() {
            self.status = 0;
        }
        let arguments = self.arguments(&simple.words)?;
        self.line = simple.line;
        self.step(arguments.first().map_or("assignment", String::as_str))?;
        if let Some(list) = simple.declared.first() {
            return Err(self.unproven(list.name.clone(), "an assignment that dash does not have"));
        }
        let mut assignments = Vec::new();
        for assignment in &simple.assignments {
            if assignment.append || assignment.array.is_some() || assignment.name.contains('[') {
                return Err(self.unproven(assignment.name.clone(), "an assignment that dash does not have"));
            }
            let value = self.expand_single(&assignment.value)?;
            if arguments.is_empty() {
                // Later assignments see earlier ones.
                self.assign(&assignment.name, value)?;
            } else {
                assignments.push((assignment.name.clone(), value));
            }
        }
        if arguments.is_empty() {
            let status = self.status;
            let descriptors = self.descriptors();
            let opened = self.redirect(&simple.redirections)?;
            self.set_descriptors(descriptors);
            self.status = if opened { status } else { 2 };
            self.check(self.status)?;
            return Ok(self.status);
        }
        let descriptors = self.descriptors();
        if !self.redirect(&simple.redirections)? {
            self.set_descriptors(descriptors);
            // A special built-in that cannot be redirected ends dash itself.
            if commands::is_special(&arguments[0]) {
                self.not_in_bash(&arguments[0])?;
                return Err(Stop::Exit(2));
            }
            self.status = 2;
            self.check(2)?;
            return Ok(2);
        }
        self.line = simple.line;
        let result = self.assigned(assignments, &arguments);
        let exec = arguments == ["exec"];
        if !exec {
            self.set_descriptors(descriptors);
        }
        let status = result?;
        self.status = status;
        self.check(status)?;
        Ok(status)
    }

    /// The words of a command. What follows a name of those that declare is an assignment where it looks like one, and not split.
    fn arguments(&mut self, words: &[Word]) -> Result<Vec<String>, Stop> {
        let declares =
            |word: &Word| matches!(&word.parts[..], [Part::Literal(name)] if DECLARING.contains(&name.as_str()));
        if !words.first().is_some_and(declares) {
            return self.expand(words);
        }
        let mut arguments = Vec::new();
        for word in words {
            let assigns = matches!(word.parts.first(), Some(Part::Literal(text))
                if text.split_once('=').is_some_and(|(name, _)| name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())));
            if assigns {
                arguments.push(self.expand_single(word)?);
            } else {
                arguments.append(&mut self.expand(std::slice::from_ref(word))?);
            }
        }
        Ok(arguments)
    }

    /// Runs a command with assignments that last as long as it does, or for good before a special built-in.
    fn assigned(&mut self, assignments: Vec<(String, String)>, arguments: &[String]) -> Status {
        let keep = commands::is_special(&arguments[0]);
        if keep && !assignments.is_empty() {
            self.not_in_bash(&arguments[0])?;
        }
        let mut before = Vec::new();
        for (name, value) in assignments {
            before.push((name.clone(), self.state.variables.get(&name).cloned()));
            self.assign(&name, value)?;
            if let Some(variable) = self.state.variables.get_mut(&name).filter(|_| !keep) {
                variable.exported = true;
            }
        }
        let result = self.invoke(arguments);
        if !keep {
            for (name, variable) in before.into_iter().rev() {
                self.restore(name, variable);
            }
        }
        result
    }

    fn restore(&mut self, name: String, variable: Option<Variable>) {
        match variable {
            Some(variable) => self.state.variables.insert(name, variable),
            None => self.state.variables.remove(&name),
        };
    }

    /// Runs a command by its words: special built-in, function, built-in, program.
    pub(super) fn invoke(&mut self, arguments: &[String]) -> Status {
        let Some(name) = arguments.first() else { return Ok(0) };
        if !commands::is_special(name)
            && let Some(body) = self.state.functions.get(name).cloned()
        {
            return self.function(&body, arguments);
        }
        if self.debconf.is_some() && commands::is_debconf(name) {
            return commands::run_debconf(self, arguments);
        }
        self.invoke_command(arguments)
    }

    /// As [`Shell::invoke`], functions left out: `command`, `exec`, `xargs`.
    pub(super) fn invoke_command(&mut self, arguments: &[String]) -> Status {
        let name = arguments[0].as_str();
        match commands::find(name) {
            Some(Entry::Shell(run)) => run(self, arguments),
            _ => self.program(arguments),
        }
    }

    fn function(&mut self, body: &Command, arguments: &[String]) -> Status {
        let mut positional = vec![self.state.positional.first().cloned().unwrap_or_default()];
        positional.extend_from_slice(&arguments[1..]);
        let before = std::mem::replace(&mut self.state.positional, positional);
        self.state.locals.push(BTreeMap::new());
        let loops = std::mem::take(&mut self.loops);
        // As dash does: `getopts` begins afresh in a function.
        let option_place = std::mem::take(&mut self.state.option_place);
        let result = self.call(&arguments[0], |shell| shell.command(body));
        self.state.option_place = option_place;
        self.loops = loops;
        self.state.positional = before;
        for (name, variable) in self.state.locals.pop().unwrap_or_default() {
            self.restore(name, variable);
        }
        match result {
            Err(Stop::Return(status)) => Ok(status),
            result => result,
        }
    }

    /// Runs a program of the image: one that is known here, or a script that can be read.
    fn program(&mut self, arguments: &[String]) -> Status {
        let word = &arguments[0];
        let Some((text, path)) = self.find_program(word)? else {
            return Ok(127);
        };
        if text.starts_with("/usr/local/") || text.starts_with("/opt/") {
            return Err(self.unproven(word.clone(), format!("{text} is not the distro's")));
        }
        if let Some(argument) = arguments.iter().find(|argument| !is_text(argument)) {
            return Err(self.unproven(word.clone(), format!("an argument that is not UTF-8: {argument}")));
        }
        let name = text.rsplit('/').next().unwrap_or(word).to_owned();
        self.used.insert(name.clone());
        match commands::find(&name) {
            Some(Entry::Program(run)) => return run(self, arguments),
            Some(Entry::Effect(run)) => return self.effect(run, arguments),
            _ => {}
        }
        let head = self.draft.get(&path).and_then(|node| node.as_file());
        let head = head.and_then(|file| self.draft.contents().head(&file.content, 2).ok());
        if head.as_deref() != Some(b"#!") {
            return Err(self.unproven(word.clone(), "a program that is not known"));
        }
        let script = self.content(&path)?.unwrap_or_default();
        self.separate(word, &name, |shell| shell.script(&script, &text, &arguments[1..]))
    }

    /// Runs text in a shell of its own: `$0` and arguments, and whether failures end it.
    pub(super) fn another_shell(&mut self, name: &str, errexit: bool, positional: Vec<String>, text: &[u8]) -> Status {
        self.separate(name, name, |shell| {
            shell.state.options.errexit = errexit;
            shell.state.options.bash = name == "bash";
            shell.state.positional = positional;
            shell.text(text)
        })
    }

    /// Runs something as another process would be: it sees what is exported, and leaves nothing in this shell.
    fn separate(&mut self, word: &str, name: &str, run: impl FnOnce(&mut Self) -> Status) -> Status {
        let line = self.line;
        let result = self.call(word, |shell| {
            shell.subshell(|shell| {
                shell.state.functions.clear();
                shell.state.aliases = std::sync::Arc::default();
                shell.state.variables.retain(|_, variable| variable.exported);
                shell.state.options = super::Options::default();
                shell.state.locals.clear();
                let tested = std::mem::take(&mut shell.tested);
                let result = run(shell);
                shell.tested = tested;
                result
            })
        });
        match result {
            // The line that matters is the caller's; the word tells where it went.
            Err(Stop::Unproven(mut inner)) => {
                inner.word = format!("{name}:{}: {}", inner.line.unwrap_or(0), inner.word);
                inner.line = Some(line);
                Err(Stop::Unproven(inner))
            }
            result => result,
        }
    }

    /// Runs one of the engine's effects as a program: its output is the program's, its summary is reported.
    fn effect(&mut self, run: commands::effects::Run, arguments: &[String]) -> Status {
        let output = run(self.draft, &arguments[1..]).map_err(|mut unproven| {
            unproven.line = Some(self.line);
            Stop::Unproven(unproven)
        })?;
        if !output.summary.is_empty() {
            self.changes += 1;
            self.effects.push(output.summary);
        }
        self.out(output.stdout)?;
        for started in output.starts {
            let words = [started.program.to_text()];
            let input = Descriptor::Input(Input::new(started.input));
            self.with_descriptor(0, input, |shell| shell.program(&words))?;
        }
        Ok(output.status)
    }

    /// Finds a program as the shell would: its path as written or found, and where that leads.
    pub(super) fn find_program(&self, word: &str) -> Result<Option<(String, slim::path::ImagePath)>, Stop> {
        let candidates: Vec<String> = if word.contains('/') {
            vec![word.to_owned()]
        } else {
            let path = self.variable("PATH").unwrap_or_else(|| super::PATH.into());
            path.split(':').map(|directory| format!("{directory}/{word}")).collect()
        };
        for candidate in candidates {
            if let Some((path, node)) = self.follow(&candidate)?
                && node.as_file().is_some()
                && node.mode & 0o111 != 0
            {
                return Ok(Some((candidate, path)));
            }
        }
        Ok(None)
    }
}
