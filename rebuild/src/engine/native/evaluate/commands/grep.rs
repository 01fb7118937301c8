//! `grep`, `egrep`, `fgrep`.

use super::{options, regex};
use crate::engine::native::evaluate::{Shell, Status};

const LONG: [(&str, char); 12] = [
    ("quiet", 'q'),
    ("silent", 'q'),
    ("extended-regexp", 'E'),
    ("fixed-strings", 'F'),
    ("line-regexp", 'x'),
    ("invert-match", 'v'),
    ("count", 'c'),
    ("only-matching", 'o'),
    ("no-messages", 's'),
    ("ignore-case", 'i'),
    ("files-with-matches", 'l'),
    ("regexp", 'e'),
];

/// `grep [-qEFGxvcosilwhn] PATTERN [FILE …]`
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "qEFGxvcosilwhe:", &LONG)?;
    let mut files = options.operands.clone();
    let mut patterns: Vec<String> =
        options.given().iter().filter(|(option, _)| *option == 'e').map(|(_, value)| value.clone()).collect();
    if patterns.is_empty() {
        if files.is_empty() {
            return Ok(2);
        }
        patterns.push(files.remove(0));
    }
    let extended = options.has('E') || words[0].ends_with("egrep");
    let fixed = options.has('F') || words[0].ends_with("fgrep");
    let mut compiled = Vec::new();
    for pattern in patterns.iter().flat_map(|pattern| pattern.split('\n')) {
        let source = if fixed { ::regex::escape(pattern) } else { pattern.to_owned() };
        // What is escaped for the crate reads the same as an extended expression.
        let one = regex::compile(&source, extended || fixed, options.has('i'));
        compiled.push(one.map_err(|reason| shell.unproven(words[0].clone(), reason))?);
    }
    if options.has('o') && (compiled.len() > 1 || !compiled[0].extent_is_posix() || options.has('v')) {
        return Err(shell.unproven("grep -o", "a match whose extent is not sure"));
    }
    let matches = |line: &str| {
        compiled.iter().any(|pattern| {
            let whole = |start: usize, end: usize| start == 0 && end == line.len();
            let word = |start: usize, end: usize| {
                let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !is_word(line[..start].chars().next_back()) && !is_word(line[end..].chars().next())
            };
            if options.has('x') {
                // Alternatives: any of them may be the one that spans the line.
                let spanning = ::regex::Regex::new(&format!("^(?:{})$", pattern.regex.as_str()));
                return spanning.is_ok_and(|spanning| spanning.is_match(line))
                    || (fixed && line.is_empty() && whole(0, 0) && pattern.regex.as_str().is_empty());
            }
            if options.has('w') {
                return pattern.regex.find_iter(line).any(|found| word(found.start(), found.end()));
            }
            pattern.regex.is_match(line)
        })
    };
    if options.has('i') && options.has('x') {
        return Err(shell.unproven("grep -ix", "not known"));
    }
    let named = files.len() > 1 && !options.has('h');
    let (mut found, mut missing) = (false, false);
    if files.is_empty() {
        files.push("-".into());
    }
    for file in &files {
        let bytes = match file.as_str() {
            "-" => shell.input()?,
            file => match shell.read_file(file)? {
                Some(bytes) => bytes,
                None => {
                    missing = true;
                    continue;
                }
            },
        };
        let text = String::from_utf8(bytes).map_err(|_| shell.unproven("grep", format!("{file} is not UTF-8")))?;
        let mut count = 0_usize;
        for line in text.split_terminator('\n') {
            if matches(line) == options.has('v') {
                continue;
            }
            found = true;
            count += 1;
            if options.has('q') {
                shell.leave_input();
                return Ok(0);
            }
            if options.has('c') || options.has('l') {
                continue;
            }
            let prefix = if named { format!("{file}:") } else { String::new() };
            if options.has('o') {
                for part in compiled[0].regex.find_iter(line).filter(|part| !part.is_empty()) {
                    shell.out(format!("{prefix}{}\n", part.as_str()))?;
                }
            } else {
                shell.out(format!("{prefix}{line}\n"))?;
            }
        }
        if options.has('l') && count > 0 {
            shell.out(format!("{file}\n"))?;
        } else if options.has('c') && !options.has('l') {
            let prefix = if named { format!("{file}:") } else { String::new() };
            shell.out(format!("{prefix}{count}\n"))?;
        }
    }
    Ok(if missing { 2 } else { i32::from(!found) })
}
