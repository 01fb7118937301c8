//! Programs that are effects of their own: the engine runs them for scripts, and for triggers without a script.

use crate::engine::native::effects::{Output, accounts, alternatives, certificates, ldconfig};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;

/// An effect: works on the draft with the program's arguments (its name left out).
pub type Run = fn(&mut Draft<'_>, &[String]) -> Result<Output, Unproven>;

/// The effect that a program's name stands for.
pub fn find(name: &str) -> Option<Run> {
    Some(match name {
        "ldconfig" => ldconfig::run,
        "update-alternatives" => alternatives::run,
        "update-ca-certificates" => certificates::run,
        "adduser" => |draft, words| accounts::add(draft, "adduser", words),
        "addgroup" => |draft, words| accounts::add(draft, "addgroup", words),
        "useradd" => |draft, words| accounts::add(draft, "useradd", words),
        "groupadd" => |draft, words| accounts::add(draft, "groupadd", words),
        _ => return None,
    })
}
