//! What scripts use: the interpreter of their `#!` line and, for shell scripts, the commands and files that they name.

mod exports;
mod feed;
mod functions;
mod input;
mod output;
mod places;
mod reader;
mod values;

pub use exports::Exports;
pub use values::Values;

use super::{Finding, Scene, make};
use crate::graph::{Rule, Unknown};
use crate::launch::{self, FirstLine};
use crate::path::ImagePath;
use crate::script::{self, ParseError};
pub(super) use reader::PRELOADS;

/// Commands that a shell runs itself; `print` is one of ksh and zsh.
pub(super) const BUILTINS: [&str; 45] = [
    ":",
    "[",
    "[[",
    "alias",
    "bg",
    "break",
    "cd",
    "continue",
    "declare",
    "echo",
    "eval",
    "exit",
    "export",
    "false",
    "fg",
    "getopts",
    "hash",
    "jobs",
    "kill",
    "let",
    "local",
    "mapfile",
    "popd",
    "print",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// What a login shell of root reads; the first names what else is read.
const PROFILES: [&str; 4] = ["/etc/profile", "/root/.bash_profile", "/root/.bash_login", "/root/.profile"];

/// Words that begin what a shell does with other commands.
const COMPOUNDS: [&str; 8] = ["!", "(", "case", "for", "if", "until", "while", "{"];

/// How deep text in text is read: `sh -c "eval '…'"`.
const DEPTH_LIMIT: usize = 8;

/// How many programs a `#!` line may go through: `#!/usr/bin/env -S tini -- sh`.
const INTERPRETER_LIMIT: usize = 8;

/// Whether a word begins what a shell does itself.
pub(super) fn begins(word: &str) -> bool {
    BUILTINS.contains(&word) || COMPOUNDS.contains(&word)
}

/// Adds what a file that begins with `#!` uses.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    let Some(line) = FirstLine::new(bytes) else { return };
    let edges = scene.follow_name(Some(path), &line.program, Rule::Shebang, &line.text);
    if edges.is_empty() {
        let what = format!("interpreter {} is not in the image", line.program);
        finding.unknown(path, "line 1", what, "nothing is kept for it");
    }
    finding.edges.extend(edges);
    let is_login = line.arguments.iter().any(|argument| launch::is_login(argument));
    let name = last_interpreter(scene, path, line, finding);
    if launch::is_shell(&name) {
        if is_login {
            profiles(scene, Some(path), "line 1", finding);
        }
        text(scene, Some(path), bytes, finding);
    } else if name == "execlineb" {
        bare_words(scene, Some(path), bytes, 1, finding);
    } else if name == "make" && finding.sourced.insert(path.clone()) {
        make::find(scene, path, finding);
    }
}

/// The name of the program that reads the script in the end: `env`, `with-contenv` and their like only start it.
fn last_interpreter(scene: &Scene<'_>, path: &ImagePath, line: FirstLine, finding: &mut Finding) -> String {
    let (mut program, mut arguments) = (line.program, line.arguments);
    for number in 0..INTERPRETER_LIMIT {
        if number > 0 {
            finding.edges.extend(scene.command(Some(path), &program, &line.text).unwrap_or_default());
        }
        let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
        let Some(wrapper) = scene.knowledge.wrapper(&name) else { return name };
        let mut command = launch::wrapped(wrapper, &arguments).command;
        if command.is_empty() {
            break;
        }
        program = command.remove(0);
        arguments = command;
    }
    String::new()
}

/// Adds what a login shell reads before anything else (bash(1), "INVOCATION").
pub(super) fn profiles(scene: &Scene<'_>, from: Option<&ImagePath>, place: &str, finding: &mut Finding) {
    for file in PROFILES.iter().map(|file| ImagePath::literal(file)).filter(|file| scene.tree.lookup(file).is_some()) {
        let evidence = format!("{place}: a login shell reads {file}");
        included(scene, from, &file, &evidence, &Values::of_script(from), finding, 0);
    }
}

/// Adds what shell text uses: a script's, or that of a configuration.
pub fn text(scene: &Scene<'_>, from: Option<&ImagePath>, bytes: &[u8], finding: &mut Finding) {
    nested(scene, from, bytes, &Values::of_script(from), finding, 0);
}

/// Adds what shell text uses that stands in a file of another kind; where, and all of it, is the evidence.
pub(super) fn quoted(scene: &Scene<'_>, from: Option<&ImagePath>, place: &str, content: &str, finding: &mut Finding) {
    let (edges, unknowns) = (finding.edges.len(), finding.unknowns.len());
    nested(scene, from, content.as_bytes(), &Values::beside(from), finding, 0);
    finding.edges[edges..].iter_mut().for_each(|edge| edge.evidence = format!("{place}: {content}"));
    finding.unknowns[unknowns..].iter_mut().for_each(|unknown| place.clone_into(&mut unknown.place));
}

/// Adds what shell text uses that stands in other text, whose variables it knows.
pub(super) fn nested(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    bytes: &[u8],
    values: &Values,
    finding: &mut Finding,
    depth: usize,
) {
    if depth > DEPTH_LIMIT {
        return;
    }
    let mut unreadable = |ParseError { line, reason }: &ParseError, taken: &str| {
        let (at, place, taken) = (from.cloned(), format!("line {line}"), taken.to_owned());
        let what = format!("not readable as a shell script: {reason}");
        finding.unknowns.push(Unknown { at, place, what, taken });
    };
    match script::salvage(bytes) {
        Ok((script, gaps)) => {
            if let Some(first) = gaps.first() {
                unreadable(&first.error, "the words that name files in lines which cannot be read are kept");
            }
            for gap in &gaps {
                bare_words(scene, from, gap.text.as_bytes(), gap.line, finding);
            }
            reader::read(scene, from, &script, values, finding, depth);
        }
        Err(error) => {
            unreadable(&error, "its words that name files are kept");
            bare_words(scene, from, bytes, 1, finding);
        }
    }
}

/// Adds a file that a shell reads: it is shell text whether or not it has a `#!` of its own.
pub(super) fn included(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    path: &ImagePath,
    evidence: &str,
    values: &Values,
    finding: &mut Finding,
    depth: usize,
) {
    let edges = scene.follow(from, path, Rule::Source, evidence);
    let target = edges.first().map(|edge| edge.to.clone());
    finding.edges.extend(edges);
    let bytes = target.as_ref().and_then(|target| scene.read(target));
    // One with a `#!` is read by its own.
    if let (Some(target), Some(bytes)) = (target, bytes)
        && !bytes.starts_with(b"#!")
        && !bytes.starts_with(b"\x7fELF")
        && finding.sourced.insert(target.clone())
    {
        nested(scene, Some(&target), &bytes, values, finding, depth + 1);
    }
}

/// Adds every file that a name may be which is known in part, as one that a shell reads; what is so taken of the name.
pub(super) fn included_any(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    name: &str,
    evidence: &str,
    values: &Values,
    finding: &mut Finding,
    depth: usize,
) -> &'static str {
    let all = values.fitting(scene, name);
    all.iter().for_each(|path| included(scene, from, path, evidence, values, finding, depth));
    if all.is_empty() { "nothing is kept for it" } else { "every file that it may be is read" }
}

/// Text without a grammar that is known still names commands and files by words. Its first line has this number.
fn bare_words(scene: &Scene<'_>, from: Option<&ImagePath>, bytes: &[u8], first: u32, finding: &mut Finding) {
    let text = String::from_utf8_lossy(bytes);
    for (number, line) in (first..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with('#')) {
        let evidence = format!("line {number}: {}", line.trim());
        for word in line.split(|c: char| c.is_whitespace() || "\"'`;|&()<>=".contains(c)).filter(|word| word.len() > 1)
        {
            if word.starts_with('/') {
                finding.edges.extend(scene.follow_name(from, word, Rule::Source, &evidence));
            } else if !BUILTINS.contains(&word) {
                finding.edges.extend(scene.command(from, word, &evidence).unwrap_or_default());
            }
        }
    }
}
