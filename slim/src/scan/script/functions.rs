//! Functions of a script that run what they are given: `as_user() { exec gosu app "$@"; }`.

use super::reader::given;
use crate::script::{Part, Script, SimpleCommand, Word};
use std::collections::BTreeSet;

/// Names of the functions whose arguments hold a command. `starts` tells programs that run what they are given.
pub(super) fn runners(script: &Script, starts: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let is_run = |command: &SimpleCommand, is_given: &dyn Fn(&Word) -> bool| match command.words.split_first() {
        Some((first, rest)) => {
            let starts = first.literal().is_some_and(|name| starts(name.rsplit('/').next().unwrap_or_default()));
            let reads = first.literal().is_some_and(|name| name == "eval");
            is_given(first) || (starts || reads) && rest.iter().any(is_given)
        }
        None => false,
    };
    let runs = |commands: &[&SimpleCommand]| {
        // `local program=$1; shift; "$program" "$@"`.
        let given = commands.iter().flat_map(|command| given(command)).filter(|one| is_argument(&one.value));
        let names: BTreeSet<String> = given.map(|one| one.name).collect();
        let is_given = |word: &Word| is_argument(word) || parameter(word).is_some_and(|name| names.contains(name));
        commands.iter().any(|command| is_run(command, &is_given))
    };
    script.functions().into_iter().filter(|(_, commands)| runs(commands)).map(|(name, _)| name.to_owned()).collect()
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
