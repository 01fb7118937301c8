//! Programs that configuration names, by what its keys say: `hook = exec:mkdir -p /run/app`, `"command": ["worker", "-v"]`.

use super::values::{Setting, settings};
use crate::path::ImagePath;
use crate::scan::{Finding, Scene, calls};

use serde_json::Value;

/// Words of keys whose values are commands.
const COMMANDS: [&str; 14] = [
    "command",
    "commands",
    "cmd",
    "run",
    "script",
    "hook",
    "daemon",
    "program",
    "shell",
    "start",
    "stop",
    "reload",
    "entrypoint",
    "cron",
];

/// Words of keys whose values are commands, if they begin with a program that not every image has: other values of such keys are common.
const TOOLS: [&str; 7] = ["bin", "binary", "editor", "pager", "prog", "tool", "tools"];

/// What a key says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// It is a command.
    Command,
    /// It is one if its program is not one that every image has.
    Tool,
}

/// A value that may be a command.
#[derive(Debug, PartialEq, Eq)]
struct Entry<'t> {
    /// The key that says so.
    key: &'t str,
    sense: Sense,
    /// One text, or the words of a list.
    words: Vec<String>,
}

/// Whether a file says what processes an application has, each line `NAME: COMMAND`
/// (<https://devcenter.heroku.com/articles/procfile>).
pub(super) fn is_procfile(path: &ImagePath) -> bool {
    path.file_name() == b"Procfile" || path.file_name().starts_with(b"Procfile.")
}

/// Adds the programs that values start whose key says that they are commands.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, text: &[u8], finding: &mut Finding) {
    let text = String::from_utf8_lossy(text);
    if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(&text) {
        for entry in of_json(&value, None) {
            start(scene, path, entry.key, &entry, finding);
        }
        return;
    }
    values(scene, path, &text, finding);
    for (index, line) in text.lines().enumerate() {
        let value = serde_json::from_str(line).ok().filter(Value::is_object);
        let entries = match &value {
            Some(value) => of_json(value, None),
            None => of_line(line, is_procfile(path)).into_iter().collect(),
        };
        for entry in entries {
            start(scene, path, &format!("line {}", index + 1), &entry, finding);
        }
    }
}

/// Adds the programs in values that are texts for a shell, and those that their keys are called after: `nftables = nft`.
fn values(scene: &Scene<'_>, path: &ImagePath, text: &str, finding: &mut Finding) {
    let is_program = |word: &str| scene.is_program(word);
    for Setting { line, key, value } in settings(text) {
        let first = value.split_whitespace().next().unwrap_or_default();
        let namesake = Some(first).filter(|first| is_program(first) && is_called_after(scene, key, first));
        for command in super::values::commands(&value, &is_program).into_iter().chain(namesake) {
            let evidence = format!("line {line}: {key} has {command}");
            finding.edges.extend(scene.command(Some(path), command, &evidence).unwrap_or_default());
        }
    }
}

/// Whether a key has the name of a program that not every image has, or of its package.
fn is_called_after(scene: &Scene<'_>, key: &str, program: &str) -> bool {
    let is_keys = |(real, _): (ImagePath, _)| scene.inventory.owners(&real).any(|package| package.name == key);
    let of_package = || scene.file_of(program).is_some_and(is_keys);
    calls::is_special(scene, program) && (key == program || of_package())
}

fn start(
    scene: &Scene<'_>,
    path: &ImagePath,
    place: &str,
    Entry { sense, words, .. }: &Entry<'_>,
    finding: &mut Finding,
) {
    let Some((first, rest)) = words.split_first() else { return };
    // `exec:COMMAND`, `sh:COMMAND`: the kind of a hook stands before it.
    let behind = first.split_once(':').filter(|(kind, _)| kind.bytes().all(|b| b.is_ascii_alphanumeric()));
    for command in std::iter::once(first.as_str()).chain(behind.map(|(_, command)| command)) {
        let program = command.split_whitespace().next().unwrap_or_default();
        if *sense == Sense::Command || calls::is_special(scene, program) {
            calls::start(scene, Some(path), place, &[&[command.to_owned()], rest].concat(), finding);
        }
    }
}

/// What a line says: `KEY = COMMAND`, `KEY: [WORD, WORD]`.
fn of_line(line: &str, all: bool) -> Option<Entry<'_>> {
    let (key, value) = line.split_once(['=', ':'])?;
    let sense = if all { Sense::Command } else { sense(key)? };
    let value = value.trim().trim_end_matches(',');
    if let Some(list) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(Entry { key, sense, words: list.split(',').map(|word| unquoted(word).to_owned()).collect() });
    }
    Some(Entry { key, sense, words: vec![unquoted(value).to_owned()] })
}

/// What JSON says behind its keys. What lies deeper below a key that speaks of commands may be one, `{"tools": {"image": ["convert"]}}`.
fn of_json<'t>(value: &'t Value, said: Option<(&'t str, Sense)>) -> Vec<Entry<'t>> {
    match value {
        Value::Object(entries) => {
            let below = said.map(|(above, _)| (above, Sense::Tool));
            let of = |key: &'t str| sense(key).map(|sense| (key, sense)).or(below);
            entries.iter().flat_map(|(key, value)| of_json(value, of(key))).collect()
        }
        Value::Array(values) => {
            let words = values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
            match (words, said) {
                (Some(words), Some((key, sense))) => vec![Entry { key, sense, words }],
                _ => values.iter().flat_map(|value| of_json(value, said)).collect(),
            }
        }
        Value::String(text) => {
            said.map(|(key, sense)| Entry { key, sense, words: vec![text.clone()] }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What a key says, by its words.
fn sense(key: &str) -> Option<Sense> {
    let words = || key.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
    let says = |known: &[&str]| words().any(|word| known.contains(&word.as_str()));
    if says(&COMMANDS) || words().any(|word| word.starts_with("exec")) {
        return Some(Sense::Command);
    }
    says(&TOOLS).then_some(Sense::Tool)
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_what_values_are() {
        for (key, expected) in [
            ("command", Some(Sense::Command)),
            ("  \"pre-exec\"", Some(Sense::Command)),
            ("executable", Some(Sense::Command)),
            ("image_tool", Some(Sense::Tool)),
            ("tooltip", None),
            ("cabinet", None),
        ] {
            assert_eq!(sense(key), expected, "{key}");
        }
    }

    #[test]
    fn json_says_it_behind_every_key() {
        for (text, expected) in [
            (r#"{"a": 1, "prog": "x", "args": ["-x"]}"#, "prog Tool x"),
            (r#"{"a": [{"cmd": ["x", "-v"]}]}"#, "cmd Command x|-v"),
            (r#"{"tools": {"image": ["x"]}}"#, "tools Tool x"),
            (r#"{"run": {"name": "x"}}"#, "run Tool x"),
            (r#"{"commands": [["x", "y"], ["z"]]}"#, "commands Command x|y; commands Command z"),
            (r#"["x", {"name": "y"}]"#, ""),
        ] {
            let value = serde_json::from_str(text).unwrap();
            let text_of = |entry: &Entry<'_>| format!("{} {:?} {}", entry.key, entry.sense, entry.words.join("|"));
            let found = of_json(&value, None).iter().map(text_of).collect::<Vec<_>>().join("; ");
            assert_eq!(found, expected, "{text}");
        }
    }
}
