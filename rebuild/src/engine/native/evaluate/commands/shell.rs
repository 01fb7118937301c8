//! What is part of dash itself.

use super::super::{Shell, Status, Stop, Variable};
use super::{Entry, debconf, options};
use slim::path::ImagePath;
use slim::script::bytes::{decode, encode};
use slim::script::is_plain_alias;
use std::sync::Arc;

/// `:`, `true`, and programs without lasting effect.
pub(super) fn succeed(_: &mut Shell<'_, '_>, _: &[String]) -> Status {
    Ok(0)
}

/// `false`
pub(super) fn fail(_: &mut Shell<'_, '_>, _: &[String]) -> Status {
    Ok(1)
}

/// A small number as an argument.
fn number(shell: &Shell<'_, '_>, words: &[String], default: i64) -> Result<i64, Stop> {
    match words.get(1) {
        None => Ok(default),
        Some(word) => word.parse().map_err(|_| shell.unproven(words[0].clone(), format!("{word:?} is not a number"))),
    }
}

/// `. FILE`; debconf's library is known and not read.
pub(super) fn source(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let [_, file] = words else { return Err(shell.unproven(".", "one file expected")) };
    if file.ends_with("/debconf/confmodule") {
        return debconf::begin(shell);
    }
    if !file.contains('/') {
        return Err(shell.unproven(".", format!("{file} would be looked for")));
    }
    match shell.read_file(file)? {
        Some(text) => shell.call(".", |shell| match shell.text(&text) {
            Err(Stop::Return(status)) => Ok(status),
            result => result,
        }),
        // The shell ends: `.` is a special built-in.
        None => {
            shell.not_in_bash(".")?;
            Err(Stop::Exit(2))
        }
    }
}

/// `alias NAME=VALUE …`, `alias NAME …`
pub(super) fn alias(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    if words.len() == 1 {
        return Err(shell.unproven("alias", "the list of all"));
    }
    let mut status = 0;
    for word in &words[1..] {
        // The first character is part of the name, whatever it is.
        let equals = word.char_indices().skip(1).find(|(_, c)| *c == '=');
        match equals.map(|(at, _)| (&word[..at], &word[at + 1..])) {
            Some((name, value)) if is_plain_alias(value) => {
                Arc::make_mut(&mut shell.state.aliases).insert(name.to_owned(), value.to_owned());
            }
            Some((name, _)) => return Err(shell.unproven(name, "an alias that is not a command by itself")),
            None => match shell.state.aliases.get(word) {
                Some(value) if !value.contains('\'') => shell.out(format!("{word}='{value}'\n"))?,
                Some(_) => return Err(shell.unproven(word.clone(), "showing an alias with quotes")),
                None => status = 1,
            },
        }
    }
    Ok(status)
}

/// `unalias NAME …`, `unalias -a`
pub(super) fn unalias(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "a", &[])?;
    if options.has('a') {
        shell.state.aliases = Arc::default();
    }
    let aliases = Arc::make_mut(&mut shell.state.aliases);
    let missing = options.operands.iter().filter(|name| aliases.remove(*name).is_none()).count();
    Ok(i32::from(missing > 0 && !options.has('a')))
}

/// `break [N]`
pub(super) fn leave_loop(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let levels = number(shell, words, 1)?.clamp(1, i64::from(shell.loops.max(1))) as u32;
    if shell.loops == 0 { Ok(0) } else { Err(Stop::Break(levels)) }
}

/// `continue [N]`
pub(super) fn continue_loop(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let levels = number(shell, words, 1)?.clamp(1, i64::from(shell.loops.max(1))) as u32;
    if shell.loops == 0 { Ok(0) } else { Err(Stop::Continue(levels)) }
}

/// `cd DIRECTORY`
pub(super) fn change_directory(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let [_, directory] = words else { return Err(shell.unproven("cd", "one directory expected")) };
    if directory == "-" {
        return Err(shell.unproven("cd", "the directory before"));
    }
    match shell.follow(directory)? {
        Some((_, node)) if node.is_directory() => {
            let path = shell.path(directory)?.unwrap_or_else(ImagePath::root);
            shell.state.directory = Some(path);
            Ok(0)
        }
        _ => Ok(2),
    }
}

/// `pwd`
pub(super) fn print_directory(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    options::read(shell, words, "L", &[])?;
    let directory = shell.directory();
    shell.out(format!("/{}\n", decode(directory.as_bytes())))?;
    Ok(0)
}

/// `command [-v] NAME …`
pub(super) fn command(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    match words.get(1).map(String::as_str) {
        Some("-v") => {
            let Some(name) = words.get(2) else { return Ok(2) };
            match describe(shell, name)? {
                Some((text, _)) => shell.out(format!("{text}\n")).map(|()| 0),
                None => Ok(127),
            }
        }
        Some(option) if option.starts_with('-') => Err(shell.unproven("command", format!("option {option}"))),
        Some(_) => shell.invoke_command(&words[1..]),
        None => Ok(0),
    }
}

/// `type NAME …`
pub(super) fn type_of(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let mut status = 0;
    shell.not_in_bash("type")?;
    for name in &words[1..] {
        match describe(shell, name)? {
            Some((text, kind)) => {
                let of =
                    if kind == "program" { format!("{name} is {text}\n") } else { format!("{name} is a {kind}\n") };
                shell.out(of)?;
            }
            None => {
                shell.out(format!("{name}: not found\n"))?;
                status = 127;
            }
        }
    }
    Ok(status)
}

fn describe(shell: &Shell<'_, '_>, name: &str) -> Result<Option<(String, &'static str)>, Stop> {
    if shell.state.aliases.contains_key(name) {
        return Err(shell.unproven(name, "an alias"));
    }
    if shell.state.functions.contains_key(name) {
        return Ok(Some((name.to_owned(), "shell function")));
    }
    if let Some(Entry::Shell(_)) = super::find(name) {
        return Ok(Some((name.to_owned(), "shell builtin")));
    }
    Ok(shell.find_program(name)?.map(|(text, _)| (text, "program")))
}

/// `echo`, as dash has it: backslash escapes are active, `-n` is the one option.
pub(super) fn echo(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let (newline, words) = match words.get(1).map(String::as_str) {
        Some("-n") => (false, &words[2..]),
        _ => (true, &words[1..]),
    };
    let text = words.join(" ");
    // bash's own needs `-e` for escapes, and takes more options; a word with other letters is none.
    let is_option = |word: &String| {
        word.strip_prefix('-').is_some_and(|letters| !letters.is_empty() && letters.chars().all(|c| "neE".contains(c)))
    };
    if text.contains('\\') || words.first().is_some_and(is_option) {
        shell.not_in_bash("echo")?;
    }
    let (mut bytes, stopped) = escapes(&text, true);
    if newline && !stopped {
        bytes.push(b'\n');
    }
    shell.out(bytes)?;
    Ok(0)
}

/// Backslash escapes of `echo` (`\0nnn`) and of `printf` formats (`\nnn`); `true` when `\c` ended the text.
fn escapes(text: &str, echo: bool) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(text.len());
    let text = encode(text);
    let mut rest = text.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let Some(next) = rest.next() else {
            bytes.push(byte);
            break;
        };
        match next {
            b'a' => bytes.push(7),
            b'b' => bytes.push(8),
            b'c' if echo => return (bytes, true),
            b'f' => bytes.push(12),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'v' => bytes.push(11),
            b'\\' => bytes.push(b'\\'),
            b'0'..=b'7' if !echo || next == b'0' => {
                let mut value = if echo { 0 } else { u32::from(next - b'0') };
                for _ in 0..if echo { 3 } else { 2 } {
                    let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                }
                bytes.push(value as u8);
            }
            other => bytes.extend([byte, other]),
        }
    }
    (bytes, false)
}

/// `printf FORMAT [ARGUMENT …]` with `%s %d %i %u %x %o %c %b %%`, flags, width and precision.
pub(super) fn printf(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let words = if words.get(1).is_some_and(|word| word == "--") { &words[1..] } else { words };
    let Some(format) = words.get(1) else { return Ok(2) };
    let mut arguments = words[2..].iter();
    let mut output = Vec::new();
    loop {
        let before = arguments.len();
        let mut rest = format.as_str();
        while let Some(at) = rest.find('%') {
            output.extend(escapes(&rest[..at], false).0);
            let spec = &rest[at + 1..];
            let end = spec.find(|c: char| !matches!(c, '0'..='9' | '-' | '.' | '+' | ' ' | '#')).unwrap_or(spec.len());
            let (flags, conversion) = (&spec[..end], spec[end..].chars().next());
            let unknown = || shell.unproven("printf", format!("format {format:?}"));
            let mut next = || arguments.next().cloned().unwrap_or_default();
            match conversion {
                Some('%') if flags.is_empty() => output.push(b'%'),
                Some('s') => {
                    output.extend_from_slice(&encode(&padded(flags, &next()).ok_or_else(unknown)?));
                }
                Some('b') if flags.is_empty() => output.extend(escapes(&next(), true).0),
                Some('c') if flags.is_empty() => output.extend(encode(&next()).first()),
                Some(kind @ ('d' | 'i' | 'u' | 'x' | 'X' | 'o')) => {
                    let word = next();
                    let value: i64 = if word.is_empty() { 0 } else { word.parse().map_err(|_| unknown())? };
                    let text = match kind {
                        'x' => format!("{value:x}"),
                        'X' => format!("{value:X}"),
                        'o' => format!("{value:o}"),
                        _ => value.to_string(),
                    };
                    output.extend(padded(flags, &text).ok_or_else(unknown)?.into_bytes());
                }
                _ => return Err(unknown()),
            }
            rest = &spec[end + 1..];
        }
        output.extend(escapes(rest, false).0);
        // The format is used again while it takes arguments.
        if arguments.len() == 0 || arguments.len() == before {
            break;
        }
    }
    shell.out(output)?;
    Ok(0)
}

fn padded(flags: &str, text: &str) -> Option<String> {
    if flags.contains(['+', ' ', '#']) || (!flags.is_empty() && !text.is_ascii()) {
        // dash counts bytes, others characters.
        return None;
    }
    let (left, flags) = flags.strip_prefix('-').map_or((false, flags), |flags| (true, flags));
    let (width, precision) = flags.split_once('.').map_or((flags, None), |(width, precision)| (width, Some(precision)));
    let zero = width.starts_with('0');
    let width: usize = if width.is_empty() { 0 } else { width.parse().ok().filter(|width| *width < 10_000)? };
    let text = match precision {
        Some(precision) => text.chars().take(precision.parse().ok()?).collect(),
        None => text.to_owned(),
    };
    Some(match (left, zero) {
        (true, _) => format!("{text:<width$}"),
        (false, true) => format!("{text:0>width$}"),
        (false, false) => format!("{text:>width$}"),
    })
}

/// `eval WORDS`
pub(super) fn eval(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let text = words[1..].join(" ");
    let line = shell.line;
    shell.call("eval", |shell| {
        let result = shell.text(&encode(&text));
        shell.line = line;
        match result {
            Err(Stop::Unproven(mut unproven)) => {
                unproven.line = Some(line);
                Err(Stop::Unproven(unproven))
            }
            result => result,
        }
    })
}

/// `exec [COMMAND]`; without one, the redirections stay.
pub(super) fn exec(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    if words.len() == 1 {
        return Ok(0);
    }
    let status = shell.invoke_command(&words[1..])?;
    Err(Stop::Exit(status))
}

/// `exit [N]`
pub(super) fn exit(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let status = number(shell, words, i64::from(shell.status))?;
    Err(Stop::Exit((status & 255) as i32))
}

/// `return [N]`
pub(super) fn return_from(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let status = number(shell, words, i64::from(shell.status))?;
    Err(Stop::Return(status as i32))
}

fn declare(shell: &mut Shell<'_, '_>, words: &[String], mark: fn(&mut Variable)) -> Status {
    for word in &words[1..] {
        if word.starts_with('-') {
            return Err(shell.unproven(words[0].clone(), format!("option {word}")));
        }
        let name = match word.split_once('=') {
            Some((name, value)) => {
                shell.assign(name, value)?;
                name
            }
            None => word,
        };
        mark(shell.state.variables.entry(name.to_owned()).or_default());
    }
    Ok(0)
}

/// `export NAME[=VALUE] …`
pub(super) fn export(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    declare(shell, words, |variable| variable.exported = true)
}

/// `readonly NAME[=VALUE] …`
pub(super) fn readonly(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    declare(shell, words, |variable| variable.readonly = true)
}

/// `local NAME[=VALUE] …`
pub(super) fn local(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    for word in &words[1..] {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        if name.starts_with('-') {
            return Err(shell.unproven("local", "options"));
        }
        let before = shell.state.variables.get(name).cloned();
        let Some(frame) = shell.state.locals.last_mut() else {
            return Err(shell.unproven("local", "outside a function"));
        };
        frame.entry(name.to_owned()).or_insert(before);
        match value {
            Some(value) => shell.assign(name, value)?,
            // In dash a local variable keeps the outer value until it is given one, in bash it has none.
            None if shell.state.options.bash => {
                shell.state.variables.remove(name);
            }
            None => {}
        }
    }
    Ok(0)
}

/// `unset [-v|-f] NAME …`
pub(super) fn unset(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "vf", &[])?;
    for name in &options.operands {
        if options.has('f') {
            shell.state.functions.remove(name);
        } else {
            if shell.state.functions.contains_key(name) {
                shell.not_in_bash("unset")?;
            }
            shell.state.variables.remove(name);
        }
    }
    Ok(0)
}

/// `set [-euf] [+euf] [-x] [-o OPTION] [--] [ARGUMENT …]`
pub(super) fn set(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let mut rest = words[1..].iter();
    while let Some(word) = rest.next() {
        let on = word.starts_with('-');
        let positional = if word == "--" {
            Some(rest.by_ref().cloned().collect::<Vec<_>>())
        } else if (on || word.starts_with('+')) && word.len() > 1 {
            None
        } else {
            Some(std::iter::once(word).chain(rest.by_ref()).cloned().collect())
        };
        if let Some(mut positional) = positional {
            positional.insert(0, shell.state.positional.first().cloned().unwrap_or_default());
            shell.state.positional = positional;
            return Ok(0);
        }
        let letters = match &word[1..] {
            "o" => match rest.next().map(String::as_str) {
                Some("errexit") => "e",
                Some("nounset") => "u",
                Some("noglob") => "f",
                // A word of bash; dash of these releases ends at it.
                Some("pipefail") if shell.state.options.bash => {
                    shell.state.options.pipefail = on;
                    continue;
                }
                _ => return Err(shell.unproven("set", "-o")),
            },
            letters => letters,
        };
        for letter in letters.chars() {
            match letter {
                'e' => shell.state.options.errexit = on,
                'u' => shell.state.options.nounset = on,
                'f' => shell.state.options.noglob = on,
                'x' | 'v' => {}
                _ => return Err(shell.unproven("set", format!("option {letter}"))),
            }
        }
    }
    Ok(0)
}

/// `shift [N]`
pub(super) fn shift(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let count = usize::try_from(number(shell, words, 1)?).unwrap_or(usize::MAX);
    if count >= shell.state.positional.len() {
        shell.not_in_bash("shift")?;
        return Err(Stop::Exit(2)); // "can't shift that many", fatal in dash
    }
    shell.state.positional.drain(1..=count);
    Ok(0)
}

/// `trap ACTION SIGNAL …`: signals never come here; the end of the shell does.
pub(super) fn trap(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let Some(action) = words.get(1) else { return Ok(0) };
    if words[2..].iter().any(|signal| matches!(signal.as_str(), "0" | "EXIT")) {
        shell.state.at_end = Some(action.clone()).filter(|action| !matches!(action.as_str(), "-" | ""));
    }
    Ok(0)
}

/// `umask [MODE]`
pub(super) fn umask(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    match words.get(1) {
        None => {
            let umask = shell.state.umask;
            shell.out(format!("{umask:04o}\n"))?;
        }
        Some(word) => {
            let mode = u32::from_str_radix(word, 8).map_err(|_| shell.unproven("umask", word.clone()))?;
            shell.state.umask = mode & 0o777;
        }
    }
    Ok(0)
}

/// `read [-r] NAME …`
pub(super) fn read(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "r", &[])?;
    let mut text = String::new();
    let mut status = 1;
    if let Some(line) = shell.input_line()? {
        let line = decode(&line);
        let whole = line.ends_with('\n');
        let line = line.trim_end_matches('\n');
        status = i32::from(!whole);
        if !options.has('r') && line.contains('\\') {
            return Err(shell.unproven("read", "a backslash in the input, without -r"));
        }
        text.push_str(line);
    }
    let separators = shell.variable("IFS").unwrap_or_else(|| " \t\n".into());
    let blank = |c: char| separators.contains(c) && c.is_ascii_whitespace();
    let mut rest = text.trim_matches(blank);
    for (index, name) in options.operands.iter().enumerate() {
        let value = if index + 1 == options.operands.len() {
            std::mem::take(&mut rest)
        } else {
            let end = rest.find(|c| separators.contains(c)).unwrap_or(rest.len());
            let (value, tail) = rest.split_at(end);
            let tail = tail.trim_start_matches(blank);
            rest = match tail.chars().next().filter(|c| separators.contains(*c)) {
                Some(separator) => tail[separator.len_utf8()..].trim_start_matches(blank),
                None => tail,
            };
            value
        };
        shell.assign(name, value)?;
    }
    Ok(status)
}

/// `getopts OPTIONS NAME [WORD …]` (POSIX, getopts). The place inside a word is kept with `OPTIND`.
pub(super) fn getopts(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let [_, options, name, given @ ..] = words else { return Ok(2) };
    let (silent, options) = options.strip_prefix(':').map_or((false, options.as_str()), |rest| (true, rest));
    let all: Vec<String> =
        if given.is_empty() { shell.state.positional.iter().skip(1).cloned().collect() } else { given.to_vec() };
    let (mut index, inside) = (shell.state.option_place.0.max(1), shell.state.option_place.1);
    let finish = |shell: &mut Shell<'_, '_>, index: usize, place: usize, option: &str, value: Option<&str>| {
        shell.assign("OPTIND", index.to_string())?;
        shell.state.option_place = (index, place);
        shell.assign(name, option)?;
        match value {
            Some(value) => shell.assign("OPTARG", value),
            None => {
                shell.state.variables.remove("OPTARG");
                Ok(())
            }
        }
    };
    let word = all.get(index.saturating_sub(1)).filter(|word| word.len() > 1 && word.starts_with('-'));
    let Some(word) = word.filter(|word| *word != "--" || inside > 0) else {
        index += usize::from(word.is_some());
        finish(shell, index, 0, "?", None)?;
        return Ok(1);
    };
    let at = inside.max(1);
    let Some(letter) = word.get(at..).and_then(|rest| rest.chars().next()).filter(char::is_ascii) else {
        return Err(shell.unproven("getopts", word.clone()));
    };
    let rest = &word[at + 1..];
    let (next, place) = if rest.is_empty() { (index + 1, 0) } else { (index, at + 1) };
    let known = options.find(letter).filter(|_| letter != ':');
    let Some(known) = known else {
        let text = letter.to_string();
        finish(shell, next, place, "?", silent.then_some(text.as_str()))?;
        return Ok(0);
    };
    let text = letter.to_string();
    if options.as_bytes().get(known + 1) != Some(&b':') {
        // dash leaves an empty value for an option that takes none.
        finish(shell, next, place, &text, Some(""))?;
    } else if !rest.is_empty() {
        let rest = rest.to_owned();
        finish(shell, index + 1, 0, &text, Some(&rest))?;
    } else if let Some(value) = all.get(index) {
        finish(shell, index + 2, 0, &text, Some(value))?;
    } else {
        let (option, value) = if silent { (":", Some(text.as_str())) } else { ("?", None) };
        finish(shell, next, 0, option, value)?;
    }
    Ok(0)
}
