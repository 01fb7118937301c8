//! Commands in a source's lines, by their words.

use crate::scan::Language;
use crate::scan::quotes::{self, Text, texts};

/// Functions that start programs, or look for them along `PATH`.
const STARTERS: [&str; 39] = [
    "Popen",
    "Process",
    "call",
    "capture2",
    "capture2e",
    "capture3",
    "check_call",
    "check_output",
    "cmd",
    "create_subprocess_exec",
    "create_subprocess_shell",
    "exec",
    "execFile",
    "execFileSync",
    "execSync",
    "execa",
    "execl",
    "execlp",
    "execv",
    "execvp",
    "execvpe",
    "find_executable",
    "getoutput",
    "getstatusoutput",
    "passthru",
    "popen",
    "popen2",
    "popen3",
    "proc_open",
    "readpipe",
    "run",
    "sh",
    "shell_exec",
    "spawn",
    "spawnSync",
    "spawnlp",
    "spawnvp",
    "system",
    "which",
];

/// Functions that look for a program along `PATH`: who asks for one by name wants it, wherever the program is started.
const SEEKERS: [&str; 14] = [
    "LookPath",
    "commandExists",
    "commandExistsSync",
    "command_exists",
    "findBinary",
    "findExecutable",
    "find_binary",
    "find_command",
    "find_exe",
    "find_executable",
    "find_program",
    "get_bin_path",
    "look_path",
    "which",
];

/// Words without which a file starts no program; those of [`STARTERS`] that also mean other things are not among them.
const MARKS: [&str; 26] = [
    "IPC::Run",
    "Open3",
    "Popen",
    "System.cmd",
    "child_process",
    "create_subprocess",
    "execFile",
    "execSync",
    "execa",
    "execl",
    "execv",
    "getoutput",
    "open_port",
    "os.spawn",
    "passthru",
    "pcntl_exec",
    "popen",
    "proc_open",
    "readpipe",
    "shell_exec",
    "spawn",
    "subprocess",
    "system",
    "os.execute",
    "os:cmd",
    "Process",
];

/// As [`MARKS`], of JavaScript: pages hold the others as words.
const SCRIPT_MARKS: [&str; 9] =
    ["\"zx\"", "'zx'", "Deno.Command", "child_process", "execFile", "execSync", "execa", "shelljs", "spawn"];

/// A source above this was put together from many others, as for browsers: it holds names of everything.
const SETTINGS_LIMIT: usize = 1 << 16;

/// What may stand before a text that is a value: of a variable, an argument, a list, an entry, a default.
const BEFORE: [char; 8] = ['(', '[', ',', '=', ':', '{', '|', '?'];

/// Words that may stand there.
const WORDS_BEFORE: [&str; 6] = ["else", "in", "or", "return", "then", "yield"];

/// Functions whose first argument is a module.
const LOADERS: [&str; 6] = ["import", "import_module", "include", "require", "require_once", "resolve"];

/// Programs whose names are mostly words for other things, where they stand alone.
const COMMON: [&str; 22] = [
    "at", "batch", "cal", "column", "file", "free", "git", "host", "last", "link", "look", "mail", "make", "node",
    "open", "patch", "perl", "php", "python3", "script", "time", "watch",
];

/// A name of two letters is found in too many sources.
pub(in crate::scan) const PROGRAM_MINIMUM: usize = 3;

/// How many words of a list are a command's: a line may hold a whole program, or a table of data.
const WORD_LIMIT: usize = 64;

/// What may stand before a part of a name or a command that is put together: `'%s -v' % 'tool'`, `'/usr/bin/' + 'tool'`, `folder / 'tool'`.
const JOINS: [char; 4] = ['%', '+', '/', '.'];

/// What may stand before the quotes of a text of Python's.
const PREFIXES: [char; 4] = ['b', 'f', 'r', 'u'];

/// A command that a source names: its words, or one text for a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The line that it begins on, from 1.
    pub line: usize,
    /// The words, those that are computed empty.
    pub words: Vec<String>,
    /// Whether it is one whatever its program; else it is only if not every image has that program.
    pub certain: bool,
}

/// The commands that a source may start. `all` takes every text that is a value, where the file starts programs at all; else only what
/// stands in the call itself.
pub(super) fn calls(source: &str, language: Language, all: bool) -> Vec<Call> {
    if !starts_programs(source, language) {
        return Vec::new();
    }
    found(source, language, all).into_iter().map(|(call, _)| call).collect()
}

/// The texts of a source of which another may make commands: settings, and what helpers are handed, `call('pdffonts', file)`.
pub(super) fn named(source: &str, language: Language) -> Vec<Call> {
    if source.len() > SETTINGS_LIMIT {
        return handed_on(source, language);
    }
    let is_meant = |(call, role): &(Call, Role)| match call.words.split_first() {
        Some(_) if *role == Role::Argument => true,
        Some((text, _)) if text.contains(char::is_whitespace) => may_name(text),
        Some((text, rest)) => {
            // A list that goes on as arguments do: `['jq', '.']`.
            let goes_on = rest.first().is_some_and(|word| word.starts_with(['-', '.']));
            goes_on || text.len() >= PROGRAM_MINIMUM && !is_common(text)
        }
        None => false,
    };
    let mut named: Vec<Call> =
        found(source, language, true).into_iter().filter(is_meant).map(|(call, _)| call).collect();
    named.extend(handed_on(source, language));
    named.iter_mut().for_each(|call| call.certain = false);
    named
}

/// The names that a source hands to functions as their first argument.
fn handed_on(source: &str, language: Language) -> Vec<Call> {
    let mut found = first_arguments(source, language, is_first);
    found.retain(|call| !call.words[0].contains(char::is_whitespace));
    found
}

/// Whether a text is a name, or begins as a command does.
fn may_name(text: &str) -> bool {
    text.split_once(char::is_whitespace).is_none_or(|(_, rest)| is_told(rest))
}

/// Whether what follows a word shows that the word is a program: an option, a path, something that is put in, another command.
pub(in crate::scan) fn is_told(rest: &str) -> bool {
    let is_sign = |word: &str| {
        let is_place = word.starts_with('.') && word != "...";
        is_place || word.starts_with(['-', '/', '{', '$', '%', '#', '|', '<', '>', '&']) || word.ends_with(';')
    };
    rest.split_whitespace().any(is_sign)
}

/// Whether the name of a program is a word that mostly means something else.
pub(in crate::scan) fn is_common(name: &str) -> bool {
    COMMON.contains(&name)
}

/// What a text is where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// What a program is started by.
    Argument,
    /// A value, or a part of one.
    Value,
}

fn found(source: &str, language: Language, all: bool) -> Vec<(Call, Role)> {
    let mut found = Vec::new();
    let lines: Vec<&str> = source.lines().collect();
    let backquotes = has_backquotes(language);
    let mut prose = Prose::default();
    for (index, line) in lines.iter().enumerate() {
        if language == Language::Perl && matches!(*line, "__END__" | "__DATA__") {
            break;
        }
        if prose.has(line, language) {
            continue;
        }
        let (texts, open) = texts(line, language);
        let of = |words: Vec<String>, role: Role| (Call { line: index + 1, words, certain: true }, role);
        let call = |words: Vec<String>| of(words, Role::Argument);
        for text in texts.iter().filter(|text| text.sign == "`" && backquotes) {
            found.push(call(vec![text.inner.to_owned()]));
        }
        if language == Language::Perl {
            found.extend(quotes::literals(&lines[index..]).into_iter().map(|text| call(vec![text])));
        }
        if matches!(language, Language::Perl | Language::Php)
            && let Some((before, quote, text)) = quotes::document(&lines[index..])
        {
            let is_command = language == Language::Perl && (quote == '`' || is_argument(before));
            let role = if is_command { Role::Argument } else { Role::Value };
            found.extend((is_command || all).then(|| of(vec![text], role)));
        }
        let others: Vec<&Text<'_>> = texts.iter().filter(|text| text.sign != "`" || !backquotes).collect();
        for (at, text) in others.iter().enumerate() {
            let before = &line[..text.start];
            // zx: $`tool -x`.
            let is_shell = language == Language::Script && text.sign == "`" && before.ends_with('$');
            if is_argument(before) || is_shell || is_piped(before) || opens_pipe(before, text.inner, language) {
                found.push(call(list(line, &others[at..])));
            } else if all && !is_loaded(before) && is_value(line, text) {
                found.push(of(list(line, &others[at..]), Role::Value));
            } else if all && before.trim_end().ends_with(JOINS) && may_name(text.inner) {
                let (part, role) = of(vec![text.inner.to_owned()], Role::Value);
                found.push((Call { certain: false, ..part }, role));
            }
        }
        if let Some(at) = open.filter(|at| opens_command(&lines[..=index], *at, language, all)) {
            found.extend(quotes::over_lines(&lines[index..], at, language).map(|text| call(vec![text])));
        }
        // The arguments may stand on the next lines.
        let is_open = line.trim_end().trim_end_matches(['[', '(']).len() < line.trim_end().len();
        if !all && is_open && is_argument(line.trim_end()) {
            let next = lines[index + 1..].iter().take(2).map(|next| (next, self::texts(next, language).0));
            let first = next.into_iter().find(|(_, texts)| !texts.is_empty());
            let first =
                first.filter(|(next, texts)| next[..texts[0].start].trim_matches(['[', '(', ' ', '\t']).is_empty());
            found.extend(first.map(|(next, texts)| call(list(next, &texts.iter().collect::<Vec<_>>()))));
        }
    }
    found
}

/// Whether a file starts programs at all.
fn starts_programs(source: &str, language: Language) -> bool {
    let pipes = || ["-|", "|-", "|'", "'|", "|\"", "\"|", "|)", "(|"].iter().any(|sign| source.contains(sign));
    let marks: &[&str] = if language == Language::Script { &SCRIPT_MARKS } else { &MARKS };
    marks.iter().any(|mark| source.contains(mark))
        || has_backquotes(language) && (source.contains('`') || has_call(source, "exec", language))
        || language == Language::Perl
            && (source.contains("%x") || source.contains("qx") || source.contains("open") && pipes())
}

/// Whether a text in backquotes is a command.
fn has_backquotes(language: Language) -> bool {
    matches!(language, Language::Perl | Language::Php)
}

/// Whether a text may be a command that begins in the last line and ends in a later one.
fn opens_command(lines: &[&str], at: usize, language: Language, all: bool) -> bool {
    let Some((line, earlier)) = lines.split_last() else { return false };
    let own = &line[..at];
    // The text may stand alone on the line below what takes it.
    let is_alone = own.trim_start().trim_matches(['[', '(', 'f', 'r', 'b']).is_empty();
    let above = earlier.last().filter(|above| is_alone && above.trim_end().ends_with(['(', '[', ',', '=']));
    let before = above.map_or(own, |above| above.trim_end());
    let is_command = line[at..].starts_with('`') && has_backquotes(language);
    is_command || is_argument(before) || all && !before.trim().is_empty() && may_hold(before)
}

/// What a source that starts programs holds under a name: `$highlight_bin = "highlight"`, `'compressor' => ['gzip', '-n']`; `all` also takes
/// what it hands to functions first, `Path('dot')`. What stands in the middle of a list may be anything.
pub(super) fn assigned(source: &str, language: Language, all: bool) -> Vec<Call> {
    if !starts_programs(source, language) {
        return Vec::new();
    }
    let mut found = first_arguments(source, language, is_assigned);
    if all {
        found.extend(first_arguments(source, language, |before| is_default(before) || is_first(before)));
    }
    // A sentence is no command.
    found.retain(|call| may_name(&call.words[0]));
    found
}

/// Whether what stands before a text makes it what is taken where nothing else is told: `options.binary || 'git'`.
fn is_default(before: &str) -> bool {
    let before = before.trim_end();
    ["||", "??", "?:"].iter().any(|sign| before.ends_with(sign)) || last_name(before) == "or"
}

/// Whether what stands before a text gives it a name.
fn is_assigned(before: &str) -> bool {
    let before = before.trim_end().trim_end_matches(['[', '(']).trim_end();
    let compares = ["==", "!=", "<=", ">="].iter().any(|sign| before.ends_with(sign));
    // What a module offers are names of functions.
    let is_list_of_names = before.contains("@EXPORT");
    !is_list_of_names && (before.ends_with("=>") || before.ends_with('=') && !compares)
}

/// The programs that a source looks for by name: `shutil.which('pdffonts')`, `commandExists.sync('dot')`.
pub(super) fn looked_for(source: &str, language: Language) -> Vec<Call> {
    // Most sources look for none: their lines need not be cut.
    if !SEEKERS.iter().any(|name| source.contains(name)) {
        return Vec::new();
    }
    let mut found = first_arguments(source, language, is_sought);
    found.iter_mut().for_each(|call| call.words.truncate(1));
    found
}

/// Texts before which something stands that makes them a function's first argument.
fn first_arguments(source: &str, language: Language, is_meant: fn(&str) -> bool) -> Vec<Call> {
    let mut found = Vec::new();
    let mut prose = Prose::default();
    for (index, line) in source.lines().enumerate() {
        if prose.has(line, language) {
            continue;
        }
        let texts = texts(line, language).0;
        let texts: Vec<&Text<'_>> = texts.iter().collect();
        for (at, text) in texts.iter().enumerate().filter(|(_, text)| is_meant(&line[..text.start])) {
            if text.inner.len() >= PROGRAM_MINIMUM {
                found.push(Call { line: index + 1, words: list(line, &texts[at..]), certain: false });
            }
        }
    }
    found
}

/// Whether what stands before a text is a call that looks for a program.
fn is_sought(before: &str) -> bool {
    let Some(before) = before.trim_end().strip_suffix('(') else { return false };
    SEEKERS.contains(&last_name(before.strip_suffix(".sync").unwrap_or(before)))
}

/// Whether what stands before a text makes it the first argument of a call, or the first of a list that is: `call(`, `tools.call([`.
fn is_first(before: &str) -> bool {
    let before = before.trim_end();
    let Some(before) = before.strip_suffix('[').unwrap_or(before).trim_end().strip_suffix('(') else { return false };
    let name = last_name(before);
    !name.is_empty() && !LOADERS.contains(&name)
}

/// Whether what stands before a text makes it the name of a module.
fn is_loaded(before: &str) -> bool {
    before.trim_end().strip_suffix('(').is_some_and(|before| LOADERS.contains(&last_name(before)))
}

/// The name that a text ends with.
fn last_name(text: &str) -> &str {
    text.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Documentation between the lines of a source: it shows calls that nobody makes.
#[derive(Debug, Default)]
struct Prose {
    is_open: bool,
}

impl Prose {
    /// Whether a line is part of it: perlpod(1), Ruby's `=begin`, comments of several lines.
    fn has(&mut self, line: &str, language: Language) -> bool {
        let text = line.trim_start();
        match language {
            Language::Perl => {
                let was_open = self.is_open;
                let directive =
                    line.strip_prefix('=').filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
                if let Some(directive) = directive {
                    self.is_open = !matches!(directive.split_whitespace().next(), Some("cut" | "end"));
                }
                was_open || directive.is_some()
            }
            Language::Script | Language::Php => text.starts_with("/*") || text.starts_with("* "),
            Language::Python | Language::Lua | Language::Awk | Language::Erlang | Language::Elixir | Language::Tcl => {
                false
            }
        }
    }
}

/// Whether what stands before a text makes it the first argument of a call that starts a program: `run([`, `system `, `Open3.capture3(env, `
/// does not.
fn is_argument(before: &str) -> bool {
    let before = before.trim_end();
    // A prefix of Python's texts, `f"…"`.
    let before = before.strip_suffix(PREFIXES).filter(|rest| rest.ends_with(['(', '['])).unwrap_or(before);
    let opened = before.trim_end_matches(['(', '[', ' ']);
    let name = last_name(opened);
    let is_call = opened.len() < before.len()
        || matches!(
            name,
            "system" | "exec" | "spawn" | "popen" | "readpipe" | "sh" | "capture2" | "capture2e" | "capture3"
        );
    // `re.exec('…')` and the like take no programs; who writes them finds none of this name.
    is_call && STARTERS.binary_search(&name).is_ok()
}

/// Whether a text is what a pipe of Perl is opened with: `open my $out, '-|', qw(tool -x)`.
fn is_piped(before: &str) -> bool {
    let mode = before.trim_end().strip_suffix(',').map(|mode| mode.trim_end().trim_end_matches(['\'', '"']));
    mode.is_some_and(|mode| mode.ends_with("-|") || mode.ends_with("|-"))
}

/// Whether a text is all that a pipe of Perl is opened with: `open(my $in, "find . |")`.
fn opens_pipe(before: &str, text: &str, language: Language) -> bool {
    let (text, before) = (text.trim(), before.trim_end());
    let call = before.strip_suffix(',').and_then(|before| before.rfind("open")).map(|at| &before[at + "open".len()..]);
    let handle = call.map(|call| call.trim_start_matches(['(', ' ']));
    language == Language::Perl
        && (text.starts_with('|') || text.ends_with('|'))
        && handle.is_some_and(|handle| !handle.contains(['"', '\'']) && handle.matches(',').count() == 1)
}

/// Whether a text is a value, and not the name of an entry or what something is compared with.
fn is_value(line: &str, text: &Text<'_>) -> bool {
    let (before, after) = (&line[..text.start], line[text.end..].trim_start());
    let is_name = after.starts_with(':') || after.starts_with("=>");
    // Alone on its line, a text of Python's for several lines is documentation.
    let is_prose = text.sign.len() > 1 && before.trim().is_empty();
    !is_name && !is_prose && may_hold(before)
}

/// Whether what stands before a text makes it a value.
fn may_hold(before: &str) -> bool {
    let whole = before.trim_end();
    let whole = whole.strip_suffix(PREFIXES).filter(|rest| rest.ends_with(' ')).unwrap_or(whole).trim_end();
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || PREFIXES.contains(&c));
    let Some(last) = before.chars().next_back() else { return true };
    let compares = ["==", "!=", "<=", ">=", "=~"].iter().any(|sign| before.ends_with(sign));
    let is_index = last == '['
        && before[..before.len() - 1]
            .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']' | '"' | '\''));
    let is_word =
        WORDS_BEFORE.contains(&last_name(whole)) || ["||", "??", "=>", "<<"].iter().any(|sign| whole.ends_with(sign));
    !compares && !is_index && (BEFORE.contains(&last) || is_word)
}

/// The words of a list that begins with the first text: those that follow after commas, until something closes it.
fn list(line: &str, texts: &[&Text<'_>]) -> Vec<String> {
    let Some((first, rest)) = texts.split_first() else { return Vec::new() };
    let mut words = vec![first.inner.to_owned()];
    let mut end = first.end;
    for text in rest.iter().take(WORD_LIMIT) {
        let between = &line[end..text.start];
        if between.contains([')', ']', '}', ';', '=', ':']) || !between.contains(',') {
            break;
        }
        // What is computed between two texts is a word, too.
        words.extend(std::iter::repeat_n(String::new(), between.matches(',').take(WORD_LIMIT).count() - 1));
        words.push(text.inner.to_owned());
        end = text.end;
    }
    words
}

/// Whether a function of a name is called somewhere; Perl and Ruby need no brackets for its arguments.
fn has_call(source: &str, name: &str, language: Language) -> bool {
    source.match_indices(name).any(|(at, _)| {
        let is_whole = !source[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '>' | '$'));
        let rest = &source[at + name.len()..];
        let begins = |c: char| c.is_ascii_lowercase() || matches!(c, '@' | '$' | '*' | '{');
        let is_bare = language == Language::Perl && rest.starts_with(' ') && rest.trim_start().starts_with(begins);
        is_whole && (is_bare || rest.trim_start_matches(' ').starts_with(['(', '\'', '"']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str, language: Language, all: bool) -> String {
        let calls = calls(source, language, all);
        calls.iter().map(|call| format!("{} {}", call.line, call.words.join("|"))).collect::<Vec<_>>().join("; ")
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(source in r#"(system|run|exec|qx|qw|open|which|<<E|"""|[“üa-z\u{fffd} '"`(\[{,.:=#\\\n]){0,60}"#, all: bool) {
            for (_, _, language) in crate::scan::language::SOURCES {
                let found = calls(&source, language, all);
                let lines = source.lines().count();
                proptest::prop_assert!(found.iter().all(|call| (1..=lines).contains(&call.line)));
            }
        }
    }

    #[test]
    fn starters_are_sorted() {
        assert!(STARTERS.is_sorted());
    }

    #[test]
    fn calls_hold_their_commands() {
        use Language::{Lua, Perl, Php, Python, Script};
        let cases = [
            (Python, "subprocess.run(['ffmpeg', '-i', path, \"x\"], check=True)", "1 ffmpeg|-i||x"),
            (Python, "import subprocess\nsubprocess.check_output(\n    ['git', 'log']\n)", "2 git|log"),
            (Python, "os.system(f'tar xf {name}')", "1 tar xf {name}"),
            (Python, "import subprocess  # subprocess.run('x')", ""),
            (Python, "shutil.which('pdftotext') or Popen", "1 pdftotext"),
            (Python, "import subprocess\nnames = ['git']", ""),
            (
                Script,
                "const {execFile} = require('child_process'); execFile('convert', [a, 'b'], done)",
                "1 convert||b",
            ),
            (Script, "spawn(`wkhtmltopdf`, args) // spawn('y')", "1 wkhtmltopdf"),
            (
                Php,
                "<?php exec('convert ' . $x); $y = `identify $z`; $db->exec('DROP')",
                "1 identify $z; 1 convert ; 1 DROP",
            ),
            (
                Perl,
                "system 'gzip', $file; my $out = qx(file $x); system(\"tar cf - .\")",
                "1 file $x; 1 gzip; 1 tar cf - .",
            ),
            (Perl, "out = `uptime`; Open3.capture3(\"git status\")", "1 uptime; 1 git status"),
            (Perl, "$x = `id`;\n=head1 NAME\n\n  `cat x`\n\n=cut\nsystem('ls');\n__END__\nsystem('no');", "1 id; 7 ls"),
            (Script, "/** exec('no')\n * spawn('no')\n */ execSync('ls')", "3 ls"),
            (Lua, "os.execute(\"ls\"); io.popen('date') -- popen('x')", "1 date"),
        ];
        for (language, source, expected) in cases {
            assert_eq!(found(source, language, false), expected, "{source}");
        }
    }

    #[test]
    fn one_line_may_hold_very_many_texts() {
        let many = format!("import subprocess; subprocess.run([{}])", "'a',".repeat(20_000));
        let found = calls(&many, Language::Python, true);
        assert_eq!(found.len(), 20_000);
        assert!(found.iter().all(|call| call.words.len() <= WORD_LIMIT + 1));
        assert_eq!(calls(&"qx(".repeat(5_000), Language::Perl, true), []);
    }

    #[test]
    fn values_of_a_file_that_starts_programs_may_be_commands() {
        use Language::{Perl, Python, Script};
        let cases = [
            (Python, "import subprocess\nTOOL = 'ffmpeg'\nsubprocess.run([TOOL])", "2 ffmpeg"),
            (Python, "TOOL = 'ffmpeg'", ""),
            (
                Python,
                "import subprocess\nif x == 'date' or y['size']: z = {'sort': os.environ.get('F', 'ffprobe')}",
                "2 F|ffprobe; 2 ffprobe",
            ),
            (
                Script,
                "const cp = require('child_process')\nconst bin = process.env.BIN || 'sharp'; run({cmd: 'dot'})",
                "2 sharp; 2 dot",
            ),
            (Perl, "TOOL = %w[gs -q]\nspawn(*TOOL)", "1 gs -q"),
        ];
        for (language, source, expected) in cases {
            assert_eq!(found(source, language, true), expected, "{source}");
        }
    }
}
