//! Functions of a script that run what they are given: `as_user() { exec gosu app "$@"; }`.

use crate::script::{Part, Script, SimpleCommand, Word};
use std::collections::BTreeSet;

/// Names of the functions whose arguments hold a command. `starts` tells programs that run what they are given.
pub(super) fn runners<'s>(script: &'s Script, starts: &dyn Fn(&str) -> bool) -> BTreeSet<&'s str> {
    let is_run = |command: &&SimpleCommand| match command.words.split_first() {
        Some((first, rest)) => {
            let starts = first.literal().is_some_and(|name| starts(name.rsplit('/').next().unwrap_or_default()));
            let reads = first.literal().is_some_and(|name| name == "eval");
            is_argument(first) || (starts || reads) && rest.iter().any(is_argument)
        }
        None => false,
    };
    let functions = script.functions().into_iter();
    functions.filter(|(_, commands)| commands.iter().any(is_run)).map(|(name, _)| name).collect()
}

/// One of the caller's words, or all of them: `"$@"`, `$*`, `"$1"`.
pub(super) fn is_argument(word: &Word) -> bool {
    let is_number = |name: &str| name.bytes().all(|byte| matches!(byte, b'1'..=b'9'));
    parameter(word).is_some_and(|name| matches!(name, "@" | "*") || !name.is_empty() && is_number(name))
}

fn parameter(word: &Word) -> Option<&str> {
    let parts = match &word.parts[..] {
        [Part::Double(parts)] => parts,
        parts => parts,
    };
    match parts {
        [Part::Parameter { name, .. }] => Some(name),
        _ => None,
    }
}
