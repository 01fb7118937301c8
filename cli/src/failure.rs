//! What goes wrong, for a person: a heading, its causes, what to do next, and an exit code.
//!
//! Every error of the library has a function here (or in a module of its own) that knows what its reader can do about it. An error
//! that needs no advice still gets its heading: the library's messages name the thing, what was expected and what was found.

mod archive;
mod engine;
mod layer;
mod rebuild;
mod store;

use ::rebuild::archives::ArchiveError;
use ::rebuild::engine::native::EngineError;
use ::rebuild::lock::LockError;
use ::rebuild::opened::OpenError;
use ::rebuild::output::ComposeError;
use ::rebuild::pipeline::RebuildError;
use ::rebuild::store::StoreError;
use anstyle::{AnsiColor, Style};
use std::process::ExitCode;

/// How the process ends. The numbers are promised in docs/cli.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Done.
    Done = 0,
    /// It failed, and nothing was written.
    Failed = 1,
    /// What was typed makes no sense.
    Usage = 2,
    /// There was nothing to do, and the user asked to be told.
    NothingToDo = 3,
    /// Something was kept back or not known, and the user does not accept that.
    KeptBack = 4,
    /// Stopped by a signal.
    Interrupted = 130,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// A failure as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What failed, in a sentence.
    pub(crate) heading: String,
    /// Why, each the cause of the one before.
    pub(crate) causes: Vec<String>,
    /// What may help.
    pub(crate) hints: Vec<String>,
    /// The process's exit code.
    pub(crate) code: Code,
}

impl Failure {
    /// Work that did not succeed.
    pub(crate) fn failed(heading: &str) -> Self {
        Self { heading: heading.into(), causes: Vec::new(), hints: Vec::new(), code: Code::Failed }
    }

    /// Arguments that make no sense.
    pub(crate) fn usage(heading: &str) -> Self {
        Self { code: Code::Usage, ..Self::failed(heading) }.hint("`slim help COMMAND` explains the options")
    }

    /// The heading and the chain of an error, without advice.
    pub(crate) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut failure = Self::failed(&error.to_string());
        let mut next = error.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Some messages already hold their cause.
            if !failure.heading.contains(&text) {
                failure.causes.push(text);
            }
            next = cause.source();
        }
        failure
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds advice where there is some.
    #[must_use]
    pub(crate) fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }

    /// What failed because the user stopped it.
    #[must_use]
    pub(crate) fn interrupted() -> Self {
        Self { code: Code::Interrupted, ..Self::failed("interrupted: nothing was written") }
    }

    /// Tells it on standard error.
    pub(crate) fn print(&self) {
        anstream::eprint!("{}", self.text());
    }

    /// As it is told, with colours.
    fn text(&self) -> String {
        use crate::render::text::clean_lines;
        use std::fmt::Write as _;
        let (red, bold) = (Style::new().bold().fg_color(Some(AnsiColor::Red.into())), Style::new().bold());
        let mut text = format!("{red}error{red:#}: {}\n", clean_lines(&self.heading));
        for cause in &self.causes {
            let _ = writeln!(text, "  because: {}", clean_lines(cause));
        }
        for hint in &self.hints {
            let _ = writeln!(text, "{bold}hint{bold:#}: {}", clean_lines(hint));
        }
        text
    }
}

/// Advice for a lock that cannot be read, written or replayed.
pub(crate) fn lock(error: &LockError) -> Failure {
    let failure = Failure::of(error);
    match error {
        LockError::File { error, .. } | LockError::Unwritten { error, .. } => failure.hints(machine_hint(&error.to_string())),
        LockError::Malformed { .. } => failure.hint("write it anew: slim rebuild … --lock FILE"),
        LockError::OtherImage { image, .. } => {
            let name = image.split(['@', ' ']).next().unwrap_or(image).to_owned();
            failure.hint(format!("name the image by the digest of the lock (such as {name}@sha256:…), or write a new lock with --lock FILE"))
        }
        LockError::OtherVersion { .. } | LockError::Refused(_) => failure.hint("write a new lock with --lock FILE"),
        LockError::OtherResult { .. } => failure.hint(
            "the same result needs the same version of slim, the same options and the same kind of destination; --lock FILE writes a new lock",
        ),
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        store::explain(&error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match &error {
            OpenError::Store(inner) => store::explain(inner),
            OpenError::Layer { error: inner, .. } => layer::explain(&error, inner),
        }
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        archive::explain(&error)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        engine::explain(&error)
    }
}

impl From<ComposeError> for Failure {
    fn from(error: ComposeError) -> Self {
        let reason = error.error.to_string();
        if reason == "cancelled" { Self::interrupted() } else { Self::of(&error).hints(machine_hint(&reason)) }
    }
}

impl From<RebuildError> for Failure {
    fn from(error: RebuildError) -> Self {
        rebuild::explain(error)
    }
}

/// Advice for what the machine says, whatever was being done: a full disk, a folder that belongs to somebody else.
pub(crate) fn machine_hint(reason: &str) -> Option<String> {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    let hint = if has(&["No space left", "os error 28", "Disk quota", "os error 122"]) {
        "free some space, or name a folder on a larger disk with --tmp DIR (it needs room for the unpacked image)"
    } else if has(&["Permission denied", "os error 13", "Read-only file system", "os error 30"]) {
        "the folder is not writable by this user: choose another"
    } else if has(&["Too many open files", "os error 24"]) {
        "raise the limit of open files (`ulimit -n`), or do less at a time with --jobs 1"
    } else {
        return None;
    };
    Some(hint.into())
}

#[cfg(test)]
mod tests;
