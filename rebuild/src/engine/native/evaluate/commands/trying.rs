//! What a script says on a tree, for the tests of commands.

use crate::engine::native::evaluate::{PATH, Setting, run};
use slim::draft::Draft;
use slim::tree::{MemoryContents, text};

/// The standard output of a script for `sh`, or why it could not be evaluated.
pub(super) fn evaluate(tree: &str, script: &str) -> Result<String, String> {
    let mut draft = Draft::new(text::tree(tree).unwrap(), &MemoryContents);
    let script = format!("#!/bin/sh\n{script}");
    let outcome = run(&mut draft, Setting::default(), script.as_bytes(), "s", &[], &[("PATH", PATH)], &mut Vec::new());
    outcome.map(|outcome| String::from_utf8(outcome.stdout).unwrap()).map_err(|unproven| unproven.to_string())
}
