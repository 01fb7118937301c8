//! Shell scripts as data: a reader of the POSIX shell language with the bash forms that entrypoints use.
//!
//! One reader serves both who *runs* scripts (the evaluator of maintainer scripts) and who *looks through* them (what can an
//! entrypoint reach?). It follows the grammar of POSIX.1-2024, Shell Command Language, section 2.10, and accepts bash's
//! `[[ … ]]`, `(( … ))`, `function`, arrays, `<<<`, `<( … )` and `&>`; those have nodes of their own, so that who wants plain
//! `sh` can refuse them by name. Nothing is expanded or looked up here.
//!
//! Scripts come from images, so there are limits: [`MAX_SIZE`] bytes and [`MAX_DEPTH`] levels of nesting.

mod ast;
mod parse;
mod visit;
mod word;

pub use ast::{
    AndOr, Arm, ArmEnd, Assignment, Command, CommandKind, Connector, HereDocument, Item, Operator, Part, Pipeline,
    Redirection, RedirectionKind, SimpleCommand, Target, Word,
};

/// The longest script that is read: no real one comes near a mebibyte.
pub const MAX_SIZE: usize = 1 << 20;

/// How deep constructs may nest: loops in functions in substitutions. Deeper input is an error, not a stack overflow.
pub const MAX_DEPTH: usize = 64;

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

/// Reads a script. Bytes that are not UTF-8 are replaced, which can only concern comments and literal text.
///
/// # Errors
/// Syntax errors, and scripts beyond the limits.
pub fn parse(bytes: &[u8]) -> Result<Script, ParseError> {
    if bytes.len() > MAX_SIZE {
        let reason = format!("a script of {} bytes; at most {MAX_SIZE} are read", bytes.len());
        return Err(ParseError { line: 1, reason });
    }
    if bytes.contains(&0) {
        return Err(ParseError { line: 1, reason: "a NUL byte: not a script".into() });
    }
    let text = String::from_utf8_lossy(bytes);
    Ok(Script { body: parse::Parser::new(&text, 1, 0).script()? })
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

    /// Every pipeline in reading order, also those of one command.
    pub fn pipelines(&self) -> Vec<&Pipeline> {
        visit::pipelines(&self.body)
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
