//! Shell scripts as data: a reader of the POSIX shell language with the bash forms that entrypoints use.
//!
//! One reader serves both who *runs* scripts (the evaluator of maintainer scripts) and who *looks through* them (what can an
//! entrypoint reach?). It follows the grammar of POSIX.1-2024, Shell Command Language, section 2.10, and accepts bash's
//! `[[ … ]]`, `(( … ))`, `function`, arrays, `<<<`, `<( … )`, `|&` and `&>`; those have nodes of their own, so that who wants plain
//! `sh` can refuse them by name. Nothing is expanded or looked up here.
//!
//! Scripts come from images, so there are limits: [`MAX_SIZE`] bytes and [`MAX_DEPTH`] levels of nesting.

mod ast;
pub mod bytes;
mod parse;
mod visit;
mod word;

pub use ast::{
    AndOr, Arm, ArmEnd, Assignment, Command, CommandKind, Connector, HereDocument, Item, Operator, Part, Pipeline,
    Redirection, RedirectionKind, SimpleCommand, Target, Word,
};

pub use visit::{Input, Source};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest script that is read: no real one comes near a mebibyte.
pub const MAX_SIZE: usize = 1 << 20;

/// How deep constructs may nest: loops in functions in substitutions. Deeper input is an error, not a stack overflow.
pub const MAX_DEPTH: usize = 64;

/// Aliases of a shell: what stands for a word where a command's name would.
pub type Aliases = BTreeMap<String, String>;

/// A parsed script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// Its commands, in order.
    pub body: Vec<Item>,
}

/// Why bytes are not a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// The line, counted from 1, at which reading stopped.
    pub line: u32,
    /// What was expected or found there.
    pub reason: String,
}

/// A line of a script that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The line, counted from 1.
    pub line: u32,
    /// What stands there, without the newline; of a script with very many such lines all that follows the last of them.
    pub text: String,
    /// Why no command begins there.
    pub error: ParseError,
}

/// Reads what is readable of a script, for who looks through it: one line that only another shell knows hides no others.
///
/// # Errors
/// What no shell would take for a script, and scripts beyond the limits.
pub fn salvage(bytes: &[u8]) -> Result<(Script, Vec<Gap>), ParseError> {
    let text = text(bytes)?;
    if let Ok(body) = parse::Parser::new(Cow::Borrowed(&*text), 1, 0).script() {
        return Ok((Script { body }, Vec::new()));
    }
    let (body, gaps) = parse::Parser::new(text, 1, 0).salvage();
    Ok((Script { body }, gaps))
}

/// Reads a script. Bytes that are not UTF-8 are kept as [`bytes`] says.
///
/// # Errors
/// Syntax errors, and scripts beyond the limits.
pub fn parse(bytes: &[u8]) -> Result<Script, ParseError> {
    Ok(Script { body: parse::Parser::new(text(bytes)?, 1, 0).script()? })
}

fn text(bytes: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    if bytes.len() > MAX_SIZE {
        let reason = format!("a script of {} bytes; at most {MAX_SIZE} are read", bytes.len());
        return Err(ParseError { line: 1, reason });
    }
    if bytes.contains(&0) {
        return Err(ParseError { line: 1, reason: "a NUL byte: not a script".into() });
    }
    Ok(bytes::decode(bytes))
}

/// Reads a script as a shell does that runs it: line by line, each with all that its commands need of the lines after it. So
/// an alias that a line defines holds for the next ones, and what comes after an `exit` need not be a script.
pub struct Reader<'a>(parse::Parser<'a>);

impl<'a> Reader<'a> {
    /// A reader of a script.
    ///
    /// # Errors
    /// What no shell would take for a script, and scripts beyond the limits.
    pub fn new(bytes: &'a [u8]) -> Result<Self, ParseError> {
        Ok(Self(parse::Parser::new(text(bytes)?, 1, 0)))
    }

    /// The commands that come next, with what they are by the aliases of now; `None` at the end.
    ///
    /// # Errors
    /// Syntax errors.
    pub fn next(&mut self, aliases: &Arc<Aliases>) -> Result<Option<Vec<Item>>, ParseError> {
        self.0.next_line(aliases)
    }
}

/// Whether a text can be an alias of which is known what a shell makes of it: commands that are complete by themselves, on one line.
pub fn is_plain_alias(value: &str) -> bool {
    !value.contains('\n') && parse::Parser::new(Cow::Borrowed(value), 1, 0).script().is_ok()
}

impl Command {
    /// Every simple command that it holds, or that it is, in reading order.
    pub fn commands(&self) -> Vec<&SimpleCommand> {
        visit::inside(self)
    }
}

impl Script {
    /// Every simple command in reading order: also those in functions, branches that may never run, and substitutions.
    pub fn commands(&self) -> Vec<&SimpleCommand> {
        visit::commands(&self.body)
    }

    /// Every loop over words (`for name in words`) in reading order: its variable and its words.
    pub fn loops(&self) -> Vec<(&str, &[Word])> {
        visit::loops(&self.body)
    }

    /// Every command that is given an input, alone or as a compound of others, in no particular order.
    pub fn inputs(&self) -> Vec<Input<'_>> {
        visit::inputs(&self.body)
    }

    /// Every function by its name, with the simple commands in it.
    pub fn functions(&self) -> Vec<(&str, Vec<&SimpleCommand>)> {
        visit::functions(&self.body)
    }

    /// Every redirection to or from a file, in reading order, wherever it stands.
    pub fn redirections(&self) -> Vec<&Redirection> {
        visit::redirections(&self.body)
    }
}

#[cfg(test)]
mod tests;
