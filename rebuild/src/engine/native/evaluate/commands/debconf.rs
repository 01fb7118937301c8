//! debconf's shell library, answered from the image's own database without asking anyone.
//!
//! The frontend is `noninteractive`: questions are never shown (status 30), answers are what the database has, or the
//! template's default. What a script sets is remembered for this run and not written back: the caches of debconf only matter to a
//! later `dpkg-reconfigure`.

use crate::engine::native::evaluate::{Shell, Status, Stop};
use slim::packages::dpkg::paragraph::paragraphs;
use slim::script::bytes::decode;
use std::collections::BTreeMap;

/// The questions as this run sees them.
#[derive(Debug, Clone, Default)]
pub(in crate::engine::native::evaluate) struct Debconf {
    values: BTreeMap<String, String>,
    flags: BTreeMap<(String, String), bool>,
    /// What `${NAME}` in a question's texts stands for, by question and name.
    variables: BTreeMap<(String, String), String>,
    /// Type, default and choices by template.
    templates: BTreeMap<String, BTreeMap<String, String>>,
}

const COMMANDS: [&str; 21] = [
    "db_get",
    "db_set",
    "db_input",
    "db_go",
    "db_stop",
    "db_version",
    "db_capb",
    "db_title",
    "db_settitle",
    "db_fget",
    "db_fset",
    "db_subst",
    "db_metaget",
    "db_purge",
    "db_reset",
    "db_unregister",
    "db_register",
    "db_beginblock",
    "db_endblock",
    "db_info",
    "db_progress",
];

/// What sourcing the library does: read the database, define the commands.
pub(super) fn begin(shell: &mut Shell<'_, '_>) -> Status {
    if shell.debconf.is_some() {
        return Ok(0);
    }
    let mut debconf = Debconf::default();
    let own = shell.package.templates.clone().unwrap_or_default();
    let shared = shell.read_file("/var/cache/debconf/templates.dat")?.unwrap_or_default();
    for (text, name_field) in [(&shared, "Name"), (&own, "Template")] {
        for paragraph in paragraphs(text) {
            let Some(name) = paragraph.get(name_field) else { continue };
            let fields = paragraph
                .fields()
                .map(|(field, value)| {
                    let value = decode(value).into_owned();
                    (String::from_utf8_lossy(field).to_ascii_lowercase(), value)
                })
                .collect();
            debconf.templates.insert(name.into_owned(), fields);
        }
    }
    let config = shell.read_file("/var/cache/debconf/config.dat")?.unwrap_or_default();
    for paragraph in paragraphs(&config) {
        let Some(name) = paragraph.get("Name") else { continue };
        if let Some(value) = paragraph.get_bytes("Value") {
            debconf.values.insert(name.to_string(), decode(value).into_owned());
        }
        let variables = paragraph.get("Variables").unwrap_or_default();
        for (variable, value) in variables.lines().filter_map(|line| line.trim().split_once(" = ")) {
            debconf.variables.insert((name.to_string(), variable.to_owned()), value.to_owned());
        }
        let flags = paragraph.get("Flags").unwrap_or_default();
        for flag in flags.split([' ', ',']).filter(|flag| !flag.is_empty()) {
            debconf.flags.insert((name.to_string(), flag.to_owned()), true);
        }
    }
    shell.debconf = Some(debconf);
    configure(shell)?;
    Ok(0)
}

/// The frontend runs a package's `config` script before its postinst configures.
fn configure(shell: &mut Shell<'_, '_>) -> Result<(), Stop> {
    let positional = shell.state.positional.clone();
    let [script, action, rest @ ..] = &positional[..] else { return Ok(()) };
    if !script.ends_with(".postinst") || action != "configure" {
        return Ok(());
    }
    let path = script.replace(".postinst", ".config");
    let Some(text) = shell.read_file(&path)? else { return Ok(()) };
    let arguments: Vec<String> = std::iter::once("configure".to_owned()).chain(rest.iter().cloned()).collect();
    let status = shell.call("config", |shell| {
        shell.subshell(|shell| {
            shell.state.functions.clear();
            shell.state.aliases = Default::default();
            shell.state.options = Default::default();
            shell.script(&text, &path, &arguments)
        })
    });
    match status {
        Ok(0) => Ok(()),
        Ok(status) => Err(shell.unproven("config", format!("the config script ends with {status}"))),
        Err(Stop::Unproven(mut inner)) => {
            inner.word = format!("config:{}: {}", inner.line.unwrap_or(0), inner.word);
            Err(Stop::Unproven(inner))
        }
        Err(stop) => Err(stop),
    }
}

/// Whether a word is one of the library's commands. They only exist once it was sourced.
pub(in crate::engine::native::evaluate) fn is_command(name: &str) -> bool {
    COMMANDS.contains(&name)
}

/// Runs a command of the library: the status, and the answer in `RET`.
pub(in crate::engine::native::evaluate) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let Some(debconf) = shell.debconf.as_mut() else { return Ok(127) };
    let word = |at: usize| words.get(at).cloned().unwrap_or_default();
    let question = word(1);
    let known = debconf.templates.contains_key(&question) || debconf.values.contains_key(&question);
    let missing = (10, format!("{question} doesn't exist"));
    let (status, answer) = match words[0].as_str() {
        "db_get" if !known => missing,
        "db_get" => {
            let default = || debconf.templates.get(&question).and_then(|fields| fields.get("default").cloned());
            (0, debconf.values.get(&question).cloned().or_else(default).unwrap_or_default())
        }
        "db_set" if !known => missing,
        "db_set" => {
            debconf.values.insert(question, words.get(2..).unwrap_or_default().join(" "));
            (0, "value set".into())
        }
        "db_reset" => {
            debconf.values.remove(&question);
            debconf.flags.retain(|(name, _), _| *name != question);
            (0, String::new())
        }
        "db_fget" if !known => missing,
        "db_fget" => (0, debconf.flags.get(&(question, word(2))).copied().unwrap_or(false).to_string()),
        "db_fset" if !known => missing,
        "db_fset" => {
            let value = word(3);
            debconf.flags.insert((question, word(2)), value == "true");
            (0, value)
        }
        "db_metaget" if !known => missing,
        "db_metaget" => match debconf.templates.get(&question).and_then(|fields| field(fields, &word(2))) {
            Some(value) => (0, expanded(value, &question, &debconf.variables)),
            None => return Err(shell.unproven("db_metaget", format!("{question} {}", word(2)))),
        },
        "db_subst" if !known => missing,
        "db_subst" => {
            let value = words.get(3..).unwrap_or_default().join(" ");
            debconf.variables.insert((question, word(2)), value);
            (0, String::new())
        }
        "db_register" => {
            let fields = debconf.templates.get(&question).cloned().unwrap_or_default();
            debconf.templates.insert(word(2), fields);
            (0, String::new())
        }
        "db_unregister" => {
            debconf.values.remove(&question);
            debconf.templates.remove(&question);
            (0, String::new())
        }
        // The importance comes before the question.
        "db_input" if !debconf.templates.contains_key(&word(2)) && !debconf.values.contains_key(&word(2)) => {
            (10, format!("{} doesn't exist", word(2)))
        }
        "db_input" => (30, "question skipped".into()),
        "db_go" => (0, "ok".into()),
        "db_version" => (0, "2.0".into()),
        "db_capb" => (0, "multiselect escape".into()),
        _ => (0, String::new()),
    };
    shell.assign("RET", answer)?;
    Ok(status)
}

/// A template's field. With `-C` behind its name it is the one that is not translated, which most templates have without that.
fn field<'a>(fields: &'a BTreeMap<String, String>, name: &str) -> Option<&'a String> {
    let name = name.to_lowercase();
    fields.get(&name).or_else(|| fields.get(name.strip_suffix("-c")?))
}

/// A template's text with its variables filled in; unknown ones are empty, and `\${` stands for itself.
fn expanded(text: &str, question: &str, variables: &BTreeMap<(String, String), String>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}').map(|end| at + end) else { break };
        if rest[..at].ends_with('\\') {
            result.push_str(&rest[..at - 1]);
            result.push_str(&rest[at..=end]);
        } else {
            result.push_str(&rest[..at]);
            let name = rest[at + 2..end].to_owned();
            result.push_str(variables.get(&(question.to_owned(), name)).map_or("", String::as_str));
        }
        rest = &rest[end + 1..];
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_untranslated_field_is_the_plain_one() {
        let fields = BTreeMap::from([("choices".to_owned(), "a, b".to_owned()), ("type-c".into(), "t".into())]);
        assert_eq!(field(&fields, "choices-c").map(String::as_str), Some("a, b"));
        assert_eq!(field(&fields, "Type-C").map(String::as_str), Some("t"));
        assert_eq!(field(&fields, "choices-de"), None);
    }

    #[test]
    fn variables_of_a_question_are_filled_in() {
        let variables = BTreeMap::from([(("q".to_owned(), "list".to_owned()), "a, b".to_owned())]);
        assert_eq!(expanded("${list}", "q", &variables), "a, b");
        assert_eq!(expanded("x ${none} \\${list} ${open", "q", &variables), "x  ${list} ${open");
    }
}
