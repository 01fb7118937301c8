//! Programs that sources of other languages than the shell's start: `subprocess.run(["ffmpeg", …])`, `exec('convert …')`, a text in backquotes.
//!
//! An application keeps such names in variables, settings and defaults, far from the call. So in a file of its own that starts programs, every
//! quoted text counts that may be a command and whose first word is a program of the image; in its other files, the names of programs that not
//! every image has, and commands of them. Installed libraries know many programs that
//! nobody asks them for: in theirs, only what stands in the call itself counts, that starts a program or looks for one, and the languages' own
//! libraries are not read.

mod words;

use super::script::{self, Values};
use super::start::{Start, Voice};
use super::{Finding, Language, Scene, python};
use crate::graph::Rule;
use crate::path::ImagePath;
use words::Call;
pub(super) use words::{is_common, is_told};

/// How many commands that a text joins are looked at.
const COMMAND_LIMIT: usize = 64;

/// Adds the programs that a source starts.
///
/// A program of a package, or a library, knows many others, too, and asks for some by its own settings: what it holds under a name counts, if
/// not every image has it.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, language: Language, bytes: &[u8], finding: &mut Finding) {
    if is_standard(path) {
        return;
    }
    let (text, within) = (String::from_utf8_lossy(bytes), path.to_text());
    let is_meant = |words: &[String]| !words.first().is_some_and(|first| scene.knowledge.ignores(&within, first));
    let (is_own, is_owned) = (scene.is_applications(path), scene.inventory.is_owned(path));
    let mut calls = words::calls(&text, language, is_own);
    // A helper elsewhere may start what this file only names.
    if is_own && calls.is_empty() {
        calls = words::named(&text, language);
    }
    if !is_own {
        // Whoever installed a library beside the packages installed the program that it is for, too: `git_exec_name = "git"`.
        calls.extend(words::assigned(&text, language, !is_owned));
    }
    calls.extend(words::looked_for(&text, language));
    let counts = |call: &Call| {
        let program = call.words.first().and_then(|text| text.split_whitespace().next());
        // What packages bring means the words of a command, `'compressor' => ['gzip', '-n']`; what pip and npm bring hands words to others.
        let has_option = is_owned && call.words.get(1).is_some_and(|word| word.len() > 1 && word.starts_with('-'));
        let is_rare = || call.words.first().is_some_and(|text| is_rare(scene, text));
        call.certain || has_option || program.is_some_and(|name| is_special(scene, name)) || is_rare()
    };
    for call in calls.into_iter().filter(|call| is_meant(&call.words) && counts(call)) {
        start(scene, Some(path), &format!("line {}", call.line), &call.words, finding);
    }
}

/// Adds the programs that a source starts which stands in a command line.
pub(super) fn text(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    place: &str,
    language: Language,
    text: &str,
    finding: &mut Finding,
) {
    for call in words::calls(text, language, true) {
        start(scene, from, place, &call.words, finding);
    }
}

/// Whether a name is that of a program which not every image has: the names of those are mostly common words (`date`, `id`, `sort`).
pub(super) fn is_special(scene: &Scene<'_>, name: &str) -> bool {
    scene.file_of(name).is_some_and(|(real, _)| scene.inventory.owners(&real).all(|package| !package.essential))
}

/// Whether a name alone tells a program: not every image has it, and the word mostly means nothing else.
pub(super) fn is_telling(scene: &Scene<'_>, name: &str) -> bool {
    !is_common(name) && is_special(scene, name)
}

/// Whether a text that stands by itself shows that it is a command: the name of a program that not every image has, alone or before an option,
/// a path or a place for one (`tool -x`, `sort x | tool`).
pub(super) fn may_start(scene: &Scene<'_>, text: &str) -> bool {
    match text.split_once(char::is_whitespace) {
        None => text.len() >= words::PROGRAM_MINIMUM && is_telling(scene, text),
        Some((_, behind)) => is_told(behind) && is_rare(scene, text),
    }
}

/// Whether any of the commands that a text joins is a program which not every image has: `cat x | tool`.
pub(super) fn is_rare(scene: &Scene<'_>, text: &str) -> bool {
    let programs =
        text.split(['|', ';', '&', '\n']).filter_map(|part| part.split_whitespace().find(|word| !word.contains('=')));
    programs.take(COMMAND_LIMIT).any(|name| is_special(scene, name))
}

/// Whether a file is of a language's own library.
pub(super) fn is_standard(path: &ImagePath) -> bool {
    let parts: Vec<&[u8]> = path.components().collect();
    let is_version = |part: &[u8]| part.first().is_some_and(u8::is_ascii_digit);
    let of_others = parts.windows(2).any(|pair| match pair[0] {
        b"perl" | b"ruby" => is_version(pair[1]),
        part => part == b"perl-base",
    });
    python::is_standard(path) || of_others
}

/// Adds what a command at a place starts, if its program is there: a text for a shell, or words.
pub(super) fn start(scene: &Scene<'_>, from: Option<&ImagePath>, place: &str, words: &[String], finding: &mut Finding) {
    let Some(text) = words.first().map(|text| command_of(text)) else { return };
    let first = text.split(|c: char| c.is_whitespace() || c == ';').next().unwrap_or_default();
    let is_there = |name: &str| !name.ends_with('/') && scene.launch.find(scene.tree, name).is_some();
    let unknowns = finding.unknowns.len();
    // `f"{folder}/tool"`: any program of its name.
    let name = first.rsplit_once('/').filter(|_| first.starts_with(['{', '$', '%', '#'])).map(|(_, name)| name);
    for path in name.map(|name| scene.programs.named(name)).unwrap_or_default() {
        finding.edges.extend(scene.follow(from, path, Rule::Command, &format!("{place}: {text}")));
    }
    match words {
        // A shell reads a text of several words, whatever other arguments the call has, or a language starts its first itself: also one that
        // is built into a shell. What changes a variable or the folder stands before the program.
        _ if text.len() > first.len() => {
            let begins = is_there(first) || first == "cd" || first.contains('=') || goes_on(first, text);
            if !begins && !is_script(first, text) {
                return;
            }
            script::quoted(scene, from, place, text, finding);
            let evidence = format!("{place}: {text}");
            finding.edges.extend(scene.command(from, first, &evidence).unwrap_or_default());
        }
        [_, arguments @ ..] if is_there(first) => {
            let words = [&[first.to_owned()], arguments].concat();
            let (voice, values) = (Voice::Script, Values::beside(from));
            Start { scene, from, place, voice, values: &values, finding: &mut *finding }.run(&words, 0);
        }
        _ => return,
    }
    // The sources' own variables are no unknowns of a shell's.
    finding.unknowns.truncate(unknowns);
}

/// A text from its first command on: Perl's pipes, empty lines and comments may stand before it, and a pipe behind it.
fn command_of(text: &str) -> &str {
    let mut text = text.trim().trim_matches('|').trim();
    while text.starts_with('#') {
        text = text.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
    }
    text
}

/// Whether a text begins with what the source puts in and goes on with other commands: `{tool} --version | head -n 1`.
fn goes_on(first: &str, text: &str) -> bool {
    first.starts_with(['{', '$', '%', '#']) && ["| ", "&& ", "; "].iter().any(|sign| text.contains(sign))
}

/// Whether a text that begins with what a shell does itself is a script, and not a sentence that begins with such a word.
fn is_script(first: &str, text: &str) -> bool {
    script::begins(first) && crate::script::parse(text.as_bytes()).is_ok()
}
