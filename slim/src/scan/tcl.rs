//! Programs that scripts of Tcl and expect start: `exec sort -u $file | head`, `spawn ssh -V`, `open "|gzip -dc $file"`.
//!
//! A command ends with its line, with a semicolon, or with the bracket in which it stands (Tcl(3tcl)); braces quote as the shell's single quotes do.

use super::{Finding, Scene, calls};
use crate::path::ImagePath;

/// Commands whose arguments are a program and what it is told (exec(3tcl), expect(1)), or a program's name.
const STARTERS: [&str; 3] = ["exec", "spawn", "auto_execok"];

/// How many commands of one line are followed, and how long one may be.
const COMMAND_LIMIT: usize = 64;
const TEXT_LIMIT: usize = 1 << 12;

/// Adds the programs that a script starts.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    let text = String::from_utf8_lossy(bytes);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#')) {
        for command in commands(line) {
            calls::start(scene, Some(path), &format!("line {}", index + 1), &[command], finding);
        }
    }
}

/// The commands of a line, as texts for a shell.
fn commands(line: &str) -> Vec<String> {
    let is_start = |at: usize| at == 0 || line[..at].ends_with(|c: char| c.is_whitespace() || "[;{".contains(c));
    let starts = line.char_indices().map(|(at, _)| at).filter(|at| is_start(*at));
    let texts = starts.filter_map(|at| started(&line[at..]).or_else(|| piped(&line[at..])));
    texts.take(COMMAND_LIMIT).map(shell_text).filter(|text| !text.is_empty()).collect()
}

/// What a text begins with that starts a program: its words.
fn started(text: &str) -> Option<&str> {
    let name =
        STARTERS.iter().find(|name| text.strip_prefix(**name).is_some_and(|rest| rest.starts_with([' ', '\t'])))?;
    Some(until_end(&text[name.len()..]))
}

/// `open` of a pipe; of a file it has no bar in front.
fn piped(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("open")?.trim_start();
    let (quote, inner) = (rest.chars().next()?, rest.get(1..)?);
    let end = match quote {
        '"' => inner.find('"'),
        '{' => inner.find('}'),
        _ => None,
    }?;
    inner[..end].strip_prefix('|')
}

/// A command up to its end.
fn until_end(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            _ if at >= TEXT_LIMIT => return &text[..at],
            '[' | '{' => depth += 1,
            ']' | '}' if depth == 0 => return &text[..at],
            ']' | '}' => depth -= 1,
            ';' if depth == 0 => return &text[..at],
            _ => {}
        }
    }
    text
}

/// As the shell would write it, without the options of `exec` and `spawn` themselves.
fn shell_text(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().skip_while(|word| word.starts_with('-')).collect();
    words.join(" ").replace(['{', '}'], "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_end_with_line_bracket_and_semicolon() {
        for (line, expected) in [
            ("spawn -noecho ssh -V", "ssh -V"),
            ("set x [exec sort -u $file | head -n 1]", "sort -u $file | head -n 1"),
            ("if {[auto_execok gzip] eq \"\"} { exec tar c; exit }", "gzip, tar c"),
            ("set f [open \"|gzip -dc $file\" r]; set g [open {|cat} w]", "gzip -dc $file, cat"),
            ("exec sh -c {a | b}", "sh -c 'a | b'"),
            ("open $file r; reopen \"|a\"; my_exec a; execute b", ""),
            ("set x [exec a [exec b]]", "a [exec b], b"),
            ("exec", ""),
        ] {
            assert_eq!(commands(line).join(", "), expected, "{line}");
        }
        let found = commands(&"exec a ".repeat(40_000));
        assert_eq!((found.len(), found.iter().all(|text| text.len() <= TEXT_LIMIT)), (COMMAND_LIMIT, true));
    }
}
