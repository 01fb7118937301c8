//! Programs that configuration names, by what its keys say: `hook = exec:mkdir -p /run/app`, `"command": ["worker", "-v"]`.

use super::values::{Setting, settings};
use crate::path::ImagePath;
use crate::scan::{Finding, Language, Scene, calls, quotes};

use serde_json::Value;

/// Words of keys whose values are commands.
const COMMANDS: [&str; 16] = [
    "command",
    "commands",
    "cmd",
    "cmds",
    "run",
    "script",
    "scripts",
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
const TOOLS: [&str; 9] = ["bin", "binary", "editor", "pager", "prog", "rsh", "tool", "tools", "visual"];

/// Keys whose values are a name, a comma and a command (zabbix_agentd.conf).
const NAMED: [&str; 1] = ["UserParameter"];

/// Words of keys whose values are kinds of things, and no programs: `"type": "git"`.
const KINDS: [&str; 16] = [
    "description",
    "driver",
    "help",
    "keywords",
    "kind",
    "language",
    "languages",
    "license",
    "name",
    "protocol",
    "scheme",
    "scm",
    "tags",
    "title",
    "type",
    "vcs",
];

/// Ends of names of tables.
const TABLES: [&[u8]; 3] = [b".csv", b".tab", b".tsv"];

/// What a key says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan) enum Sense {
    /// It is a command.
    Command,
    /// It is one if its program is not one that every image has.
    Tool,
    /// It is one if it is the name of such a program, and what stands behind it shows that it is one.
    Name,
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
    let is_own = scene.is_applications(path);
    let whole = serde_json::from_str(&text).ok().or_else(|| of_yaml(path, &text));
    if let Some(value @ (Value::Object(_) | Value::Array(_))) = &whole {
        for entry in of_json(value, None, is_own) {
            start(scene, path, entry.key, &entry, finding);
        }
    }
    if whole.is_some() && !is_yaml(path) {
        return;
    }
    if is_table(path) {
        return fields(scene, path, &text, finding);
    }
    values(scene, path, &text, finding);
    for (index, line) in text.lines().enumerate() {
        let value = serde_json::from_str(line).ok().filter(Value::is_object);
        let entries = match &value {
            Some(value) => of_json(value, None, is_own),
            // Its structure was read above.
            None if whole.is_some() => Vec::new(),
            None => of_line(line, is_procfile(path), is_own).into_iter().collect(),
        };
        let place = format!("line {}", index + 1);
        for entry in entries {
            start(scene, path, &place, &entry, finding);
        }
        // Lists of a mailer's: `up: "|/usr/bin/tool -x"`, `| tool -x`.
        if let Some(command) = of_pipe(line) {
            calls::start(scene, Some(path), &place, &[command.to_owned()], finding);
        }
    }
}

fn is_yaml(path: &ImagePath) -> bool {
    [&b".yaml"[..], b".yml"].iter().any(|end| path.file_name().ends_with(end))
}

/// What YAML says, if the file is one by its name and holds one document.
fn of_yaml(path: &ImagePath, text: &str) -> Option<Value> {
    is_yaml(path).then(|| serde_saphyr::from_str(text).ok()).flatten()
}

/// The command of a line that hands something to it: all behind a bar at the beginning of the line, or of its value.
fn of_pipe(line: &str) -> Option<&str> {
    let value = line.split_once(':').map_or(line, |(_, value)| value);
    let command =
        [line, value].into_iter().find_map(|text| text.trim().trim_start_matches(['"', '\'']).strip_prefix('|'));
    command.map(|command| command.trim().trim_end_matches('"')).filter(|command| !command.starts_with('|'))
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
    for (index, line) in text.lines().enumerate().filter(|(_, line)| line.contains(" | ")) {
        // A language of templates may hold a text for a shell between quotes of its own.
        let whole = quotes::inner(line, Language::Python);
        let texts = whole.flat_map(|text| quotes::inner(text, Language::Python).chain([text]));
        for command in texts.flat_map(|text| super::values::commands(text, &is_program)) {
            let evidence = format!("line {}: {}", index + 1, line.trim());
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
    if *sense == Sense::Name {
        // A list of commands has several, each with its arguments.
        let others = rest.iter().filter(|word| word.contains(char::is_whitespace)).map(String::as_str);
        others.chain(first.lines()).for_each(|text| meant(scene, path, place, text, finding));
        return;
    }
    // `exec:COMMAND`, `sh:COMMAND`: the kind of a hook stands before it.
    let behind = first.split_once(':').filter(|(kind, _)| kind.bytes().all(|b| b.is_ascii_alphanumeric()));
    for command in std::iter::once(first.as_str()).chain(behind.map(|(_, command)| command)) {
        let program = command.split_whitespace().next().unwrap_or_default();
        if *sense == Sense::Command || calls::is_special(scene, program) {
            calls::start(scene, Some(path), place, &[&[command.to_owned()], rest].concat(), finding);
        }
    }
}

/// Adds what a text starts whose key says nothing, if it shows that it is a command: `tool`, `tool -x`, `tool x`, `sort x | tool`, git's `!tool`.
fn meant(scene: &Scene<'_>, path: &ImagePath, place: &str, text: &str, finding: &mut Finding) {
    let told = text.strip_prefix('!');
    let command = told.unwrap_or(text);
    let (program, behind) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let is_meant = match behind.split_whitespace().count() {
        0 => calls::is_telling(scene, program),
        _ if told.is_some() || calls::is_told(behind) => calls::is_rare(scene, command),
        // Two words are no sentence.
        count => count == 1 && calls::is_telling(scene, program),
    };
    if is_meant {
        calls::start(scene, Some(path), place, &[command.to_owned()], finding);
    }
}

/// Whether a file is a table, of which a field may be a command.
pub(super) fn is_table(path: &ImagePath) -> bool {
    TABLES.iter().any(|end| path.file_name().ends_with(end))
}

/// Adds the commands that fields of a table are; a name alone may be anything there.
fn fields(scene: &Scene<'_>, path: &ImagePath, text: &str, finding: &mut Finding) {
    for (index, line) in text.lines().enumerate() {
        for field in line.split(['\t', ';', ',']).map(unquoted).filter(|field| field.contains(char::is_whitespace)) {
            meant(scene, path, &format!("line {}", index + 1), field, finding);
        }
    }
}

/// What a line says: `KEY = COMMAND`, `KEY: [WORD, WORD]`.
fn of_line(line: &str, all: bool, is_own: bool) -> Option<Entry<'_>> {
    let line = line.trim();
    if let Some((key, value)) = of_element(line) {
        return Some(Entry { key, sense: sense(key)?, words: vec![value.to_owned()] });
    }
    // A line of a list that goes over several.
    if let Some(item) = line.strip_suffix(',').unwrap_or(line).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
    {
        return named("", is_own).map(|sense| Entry { key: "", sense, words: vec![item.to_owned()] });
    }
    let (key, value) = line.split_once(['=', ':'])?;
    let is_named = NAMED.contains(&key.trim());
    let value = if is_named { value.split_once(',')?.1 } else { value };
    let sense = if all || is_named { Sense::Command } else { sense(key).or_else(|| named(key, is_own))? };
    let value = value.trim().trim_end_matches(',');
    if let Some(list) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(Entry { key, sense, words: list.split(',').map(|word| unquoted(word).to_owned()).collect() });
    }
    Some(Entry { key, sense, words: vec![unquoted(value).to_owned()] })
}

/// The name and the text of an element of XML that stands alone on its line.
fn of_element(line: &str) -> Option<(&str, &str)> {
    let (start, rest) = line.strip_prefix('<')?.split_once('>')?;
    let name = start.split_whitespace().next()?;
    Some((name, rest.strip_suffix('>')?.strip_suffix(name)?.strip_suffix("</")?))
}

/// What JSON says behind its keys. What lies deeper below a key that speaks of commands may be one, `{"tools": {"image": ["convert"]}}`; in
/// the application's own, any text may name a program.
fn of_json<'t>(value: &'t Value, said: Option<(&'t str, Sense)>, is_own: bool) -> Vec<Entry<'t>> {
    match value {
        Value::Object(entries) => {
            let below = said.filter(|(_, sense)| *sense != Sense::Name).map(|(above, _)| (above, Sense::Tool));
            let of = |key: &'t str| {
                let own = sense(key).map(|sense| (key, sense));
                own.or(below).or_else(|| named(key, is_own).map(|sense| (key, sense)))
            };
            entries.iter().flat_map(|(key, value)| of_json(value, of(key), is_own)).collect()
        }
        Value::Array(values) => {
            let words = values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
            match (words, said) {
                (Some(words), Some((key, sense))) => vec![Entry { key, sense, words }],
                _ => values.iter().flat_map(|value| of_json(value, said, is_own)).collect(),
            }
        }
        Value::String(text) => {
            said.map(|(key, sense)| Entry { key, sense, words: vec![text.clone()] }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What the value of a key that says nothing of programs may be, in a file of the application's own.
fn named(key: &str, is_own: bool) -> Option<Sense> {
    let is_kind = words(key).iter().any(|word| KINDS.contains(&word.as_str()));
    (is_own && !is_kind).then_some(Sense::Name)
}

/// The words of a key, in small letters: `startCommand`, `start-command`.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in key.chars() {
        if !c.is_ascii_alphanumeric() || c.is_ascii_uppercase() && was_small {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.push(c.to_ascii_lowercase()));
        }
        was_small = c.is_ascii_lowercase();
    }
    words
}

/// What a key says, by its words.
pub(in crate::scan) fn sense(key: &str) -> Option<Sense> {
    let words = words(key);
    let says = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if says(&COMMANDS) || words.iter().any(|word| word.starts_with("exec")) {
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
            ("startCommand", Some(Sense::Command)),
            ("GIT_SSH_COMMAND", Some(Sense::Command)),
            ("tooltip", None),
            ("cabinet", None),
        ] {
            assert_eq!(sense(key), expected, "{key}");
        }
    }

    #[test]
    fn elements_have_a_name_and_a_text() {
        for (line, expected) in [
            ("<command>tool -x</command>", Some(("command", "tool -x"))),
            ("<run id=\"a\">tool</run>", Some(("run", "tool"))),
            ("<run>tool</other>", None),
            ("<run>", None),
            ("run", None),
        ] {
            assert_eq!(of_element(line), expected, "{line}");
        }
    }

    #[test]
    fn what_stands_behind_a_bar_is_a_command() {
        for (line, expected) in [
            ("up: \"|/bin/tool -x\"", Some("/bin/tool -x")),
            ("| tool -x", Some("tool -x")),
            ("a: |", Some("")),
            ("a || b", None),
            ("|| b", None),
        ] {
            assert_eq!(of_pipe(line), expected, "{line}");
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
            let found = of_json(&value, None, false).iter().map(text_of).collect::<Vec<_>>().join("; ");
            assert_eq!(found, expected, "{text}");
        }
    }
}
