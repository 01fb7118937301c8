//! Maintainer scripts, proven instead of run.

/// What could not be proven about a script: the package must be left to an engine that runs it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word}: {reason}")]
pub struct Unproven {
    /// The line of the script, where known.
    pub line: Option<u32>,
    /// The command or expansion at fault.
    pub word: String,
    /// Why its outcome is not known.
    pub reason: String,
}
