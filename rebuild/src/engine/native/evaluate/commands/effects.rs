//! Programs that are effects of their own: the engine runs them for scripts, and for triggers without a script.

use crate::engine::native::script::Unproven;
use slim::draft::Draft;

/// What a program did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// Its exit status.
    pub status: i32,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What changed, in a line; empty when nothing did.
    pub summary: String,
}

/// An effect: works on the draft with the program's arguments (its name left out).
pub type Run = fn(&mut Draft<'_>, &[String]) -> Result<Output, Unproven>;

/// The effect that a program's name stands for.
pub fn find(name: &str) -> Option<Run> {
    let _ = name;
    None
}
