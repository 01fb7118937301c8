//! Makefiles: what their recipes and `$(shell …)` start, once make is started (<https://www.gnu.org/software/make/manual/make.html>).
//!
//! A makefile is read as the shell script that its lines are: variables of make become the shell's, rules and directives fall away.

use super::script::{self, Values};
use super::{Finding, Scene};
use crate::graph::Rule;
use crate::path::ImagePath;
use std::collections::BTreeSet;

/// The makefiles that make looks for, in this order.
const NAMES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// Signs between a variable and its value, longest first.
const SIGNS: [&str; 6] = ["::=", ":=", "?=", "+=", "!=", "="];

/// How many makefiles one may include.
const FILE_LIMIT: usize = 64;

/// How deep calls of make's functions are looked into, and how long one may be.
const DEPTH_LIMIT: usize = 8;
const CALL_LIMIT: usize = 1 << 12;

/// The makefiles that arguments of make name: `-f FILE`, and `-C FOLDER` for where the default one is.
pub(super) fn files(scene: &Scene<'_>, values: &Values, arguments: &[String]) -> Vec<ImagePath> {
    let valued = |option: &str| {
        let at = arguments.iter().position(|argument| argument.starts_with(option))?;
        let glued = arguments[at][option.len()..].to_owned();
        if glued.is_empty() { arguments.get(at + 1).cloned() } else { Some(glued) }
    };
    let folder = valued("-C").map(|folder| format!("{folder}/")).unwrap_or_default();
    let names: Vec<String> = match valued("-f") {
        Some(file) => vec![file],
        None => NAMES.iter().map(|name| (*name).to_owned()).collect(),
    };
    let place = |name: &String| {
        let path = values.place(scene, &format!("{folder}{name}"))?;
        let (real, node) = scene.tree.lookup(&path)?;
        node.as_file().map(|_| real)
    };
    names.iter().find_map(place).into_iter().collect()
}

/// Adds what the recipes of a makefile, and of those that it includes, start.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, finding: &mut Finding) {
    let script = with_included(scene, path, &mut BTreeSet::new(), finding);
    let mut values = Values::of_script(Some(path));
    values.give("MAKE", ["make".to_owned()]);
    values.enters(&path.parent().unwrap_or_else(ImagePath::root).to_text());
    script::nested(scene, Some(path), script.as_bytes(), &values, finding, 0);
}

/// A makefile as a script, and behind it those that it includes from where it lies, each once.
fn with_included(scene: &Scene<'_>, path: &ImagePath, seen: &mut BTreeSet<ImagePath>, finding: &mut Finding) -> String {
    let size = scene.tree.lookup(path).and_then(|(_, node)| node.as_file()).map(|file| file.content.size());
    let is_read = size.is_some_and(|size| size <= crate::script::MAX_SIZE as u64) && seen.len() < FILE_LIMIT;
    let Some(bytes) = scene.read(path).filter(|_| is_read && seen.insert(path.clone())) else { return String::new() };
    let text = String::from_utf8_lossy(&bytes);
    let mut script = String::new();
    let mut others = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let other = included(line).and_then(|name| path.parent()?.join_relative(name));
        match other.filter(|path| scene.tree.lookup(path).is_some()) {
            Some(other) => {
                let evidence = format!("line {}: {line}", index + 1);
                finding.edges.extend(scene.follow(Some(path), &other, Rule::Source, &evidence));
                others.push(other);
            }
            None => script.push_str(&shell_line(line)),
        }
        script.push('\n');
    }
    others.iter().for_each(|other| script.push_str(&with_included(scene, other, seen, finding)));
    script
}

/// The makefile that a line includes, if its name is written out.
fn included(line: &str) -> Option<&str> {
    let name = line.trim_start_matches('-').strip_prefix("include ")?.trim();
    (!name.contains(['$', ' '])).then_some(name)
}

fn shell_line(line: &str) -> String {
    if let Some(recipe) = line.strip_prefix('\t') {
        return expanded(recipe.trim_start_matches(['@', '-', '+', ' ', '\t']));
    }
    let line = line.trim();
    if let Some(file) = line.trim_start_matches('-').strip_prefix("include ") {
        return format!(". {}", expanded(file));
    }
    let line = ["export ", "override "].iter().fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    // A rule has its recipe below, or behind a semicolon.
    let sign = SIGNS
        .iter()
        .filter_map(|sign| line.find(sign).map(|at| (at, *sign)))
        .min_by_key(|(at, sign)| (*at, usize::MAX - sign.len()));
    match sign {
        Some((at, sign)) if line[..at].trim().chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            let (name, value) = (line[..at].trim(), expanded(line[at + sign.len()..].trim()));
            if sign == "!=" {
                format!("{name}=$({value})")
            } else {
                format!("{name}=\"{}\"", value.replace('"', "\\\""))
            }
        }
        _ => line.split_once(';').map(|(_, recipe)| expanded(recipe)).unwrap_or_default(),
    }
}

/// A text with make's variables written as the shell's: `$(CC)` as `${CC}`, `$$x` as `$x`, `$(shell date)` as `$(date)`.
fn expanded(text: &str) -> String {
    expanded_within(text, 0)
}

fn expanded_within(text: &str, depth: usize) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = match after.chars().next() {
            Some('$') => {
                out.push('$');
                &after[1..]
            }
            Some('(' | '{') => match closing(after) {
                Some(end) => {
                    match after[1..end].strip_prefix("shell ") {
                        Some(command) if depth < DEPTH_LIMIT => {
                            out.push_str(&format!("$({})", expanded_within(command, depth + 1)));
                        }
                        Some(command) => out.push_str(&format!("$({command})")),
                        None => out.push_str(&format!(
                            "${{{}}}",
                            after[1..end].replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_")
                        )),
                    }
                    &after[end + 1..]
                }
                None => after,
            },
            _ => after,
        };
    }
    out + rest
}

/// Where the bracket ends that a text begins with; others may stand in it.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().take(CALL_LIMIT) {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' if depth == 1 => return Some(at),
            ')' | '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_makefile_is_a_script() {
        for (line, expected) in [
            ("TOOL ?= tool -x", "TOOL=\"tool -x\""),
            ("export A := $(shell tool -x)", "A=\"$(tool -x)\""),
            ("NOW != date", "NOW=$(date)"),
            ("NOW = $(shell $(DATE) -u)", "NOW=\"$(${DATE} -u)\""),
            ("\t@-$(TOOL) $$HOME $@", "${TOOL} $HOME @"),
            ("run: a.o b.o", ""),
            ("run: ; tool -x", " tool -x"),
            ("-include a.mk", ". a.mk"),
            ("ifeq ($(A),b)", ""),
            ("$(unclosed", ""),
            ("\t$(a", "(a"),
        ] {
            assert_eq!(shell_line(line), expected, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in r#"([a-z:=;$(){}\t\n ü"]|shell |include |\$\$){0,60}"#) {
            text.lines().for_each(|line| drop(shell_line(line)));
        }
    }
}
