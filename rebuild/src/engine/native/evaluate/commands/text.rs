//! Programs that turn text into text.

use super::super::SIZE_LIMIT;
use super::{options, regex};
use crate::engine::native::evaluate::{Shell, Status, Stop};

/// The bytes of standard input or of the named files; `false` when one is missing.
fn gather(shell: &mut Shell<'_, '_>, files: &[String]) -> Result<(Vec<u8>, bool), Stop> {
    if files.is_empty() {
        return Ok((shell.input()?, true));
    }
    let (mut bytes, mut complete) = (Vec::new(), true);
    for file in files {
        if file == "-" {
            bytes.extend(shell.input()?);
            continue;
        }
        if file == "/dev/null" {
            continue;
        }
        match shell.read_file(file)? {
            Some(content) => bytes.extend(content),
            None => complete = false,
        }
        if bytes.len() > SIZE_LIMIT {
            return Err(shell.unproven(file.clone(), "input beyond the size limit"));
        }
    }
    Ok((bytes, complete))
}

pub(super) fn lines(shell: &mut Shell<'_, '_>, program: &str, files: &[String]) -> Result<(Vec<String>, bool), Stop> {
    let (bytes, complete) = gather(shell, files)?;
    let text = String::from_utf8(bytes).map_err(|_| shell.unproven(program, "text that is not UTF-8"))?;
    Ok((text.split_terminator('\n').map(str::to_owned).collect(), complete))
}

fn put_lines(shell: &mut Shell<'_, '_>, lines: &[String]) -> Result<(), Stop> {
    let mut text = lines.join("\n");
    if !lines.is_empty() {
        text.push('\n');
    }
    shell.out(text)
}

/// `cat [FILE …]`
pub(super) fn cat(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "u", &[])?;
    let (bytes, complete) = gather(shell, &options.operands)?;
    shell.out(bytes)?;
    Ok(i32::from(!complete))
}

/// `basename NAME [SUFFIX]`
pub(super) fn basename(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "+s:", &[])?;
    let Some(name) = options.operands.first() else { return Ok(1) };
    let trimmed = name.trim_end_matches('/');
    let mut base = if trimmed.is_empty() && !name.is_empty() { "/" } else { trimmed.rsplit('/').next().unwrap_or("") };
    if let Some(suffix) = options.value('s').or(options.operands.get(1).map(String::as_str)) {
        base = base.strip_suffix(suffix).filter(|rest| !rest.is_empty()).unwrap_or(base);
    }
    let base = base.to_owned();
    shell.out(format!("{base}\n"))?;
    Ok(0)
}

/// `dirname NAME …`
pub(super) fn dirname(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "", &[])?;
    for name in &options.operands {
        let trimmed = name.trim_end_matches('/');
        let directory = match trimmed.rsplit_once('/') {
            None if trimmed.is_empty() && !name.is_empty() => "/",
            None => ".",
            Some((directory, _)) if directory.trim_end_matches('/').is_empty() => "/",
            Some((directory, _)) => directory.trim_end_matches('/'),
        };
        shell.out(format!("{directory}\n"))?;
    }
    Ok(0)
}

/// `cmp [-s] A B`
pub(super) fn cmp(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "s", &[("quiet", 's'), ("silent", 's')])?;
    let [a, b] = &options.operands[..] else { return Err(shell.unproven("cmp", "two files expected")) };
    if !options.has('s') {
        return Err(shell.unproven("cmp", "without -s"));
    }
    let read = |shell: &mut Shell<'_, '_>, name: &str| match name {
        "-" => shell.input().map(Some),
        "/dev/null" => Ok(Some(Vec::new())),
        name => shell.read_file(name),
    };
    match (read(shell, a)?, read(shell, b)?) {
        (Some(a), Some(b)) => Ok(i32::from(a != b)),
        _ => Ok(2),
    }
}

fn count(shell: &Shell<'_, '_>, program: &str, word: &str) -> Result<usize, Stop> {
    word.parse().map_err(|_| shell.unproven(program, format!("count {word:?}")))
}

/// `-3` as a count is older than `-n 3`.
fn modern(words: &[String]) -> Vec<String> {
    let digits =
        |word: &str| word.len() > 1 && word.starts_with('-') && word[1..].bytes().all(|byte| byte.is_ascii_digit());
    words.iter().map(|word| if digits(word) { format!("-n{}", &word[1..]) } else { word.clone() }).collect()
}

/// `head [-n N]`
pub(super) fn head(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, &modern(words), "n:", &[("lines", 'n')])?;
    let wanted = count(shell, "head", options.value('n').unwrap_or("10"))?;
    let (lines, complete) = lines(shell, "head", &options.operands)?;
    if wanted < lines.len() && options.operands.is_empty() {
        shell.leave_input();
    }
    put_lines(shell, &lines[..wanted.min(lines.len())])?;
    Ok(i32::from(!complete))
}

/// `tail [-n [+]N]`
pub(super) fn tail(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, &modern(words), "n:", &[("lines", 'n')])?;
    let wanted = options.value('n').unwrap_or("10").to_owned();
    let (lines, complete) = lines(shell, "tail", &options.operands)?;
    let start = match wanted.strip_prefix('+') {
        Some(first) => count(shell, "tail", first)?.saturating_sub(1).min(lines.len()),
        None => lines.len().saturating_sub(count(shell, "tail", &wanted)?),
    };
    put_lines(shell, &lines[start..])?;
    Ok(i32::from(!complete))
}

/// `seq [FIRST] LAST`
pub(super) fn seq(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let (first, last) = match words {
        [_, last] => ("1", last.as_str()),
        [_, first, last] => (first.as_str(), last.as_str()),
        _ => return Err(shell.unproven("seq", "steps")),
    };
    let (first, last) = (count(shell, "seq", first)?, count(shell, "seq", last)?);
    if last.saturating_sub(first) > 10_000 {
        return Err(shell.unproven("seq", "too many numbers"));
    }
    put_lines(shell, &(first..=last).map(|number| number.to_string()).collect::<Vec<_>>())?;
    Ok(0)
}

/// `sort [-u] [-r]`, by bytes.
pub(super) fn sort(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "urgn", &[("unique", 'u'), ("reverse", 'r')])?;
    let (mut lines, complete) = lines(shell, "sort", &options.operands)?;
    lines.sort();
    if options.has('g') || options.has('n') {
        // Whole numbers are known; lines that begin with none, and what is equal only as numbers, are left to the program.
        let mut numbers = Vec::new();
        for line in std::mem::take(&mut lines) {
            let number = line.parse::<u64>().map_err(|_| shell.unproven("sort", "lines that are not whole numbers"))?;
            numbers.push((number, line));
        }
        numbers.sort();
        lines = numbers.into_iter().map(|(_, line)| line).collect();
    }
    if options.has('u') {
        lines.dedup();
    }
    if options.has('r') {
        lines.reverse();
    }
    put_lines(shell, &lines)?;
    Ok(if complete { 0 } else { 2 })
}

/// `uniq [-c|-d|-u]`
pub(super) fn uniq(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "du", &[])?;
    let (lines, complete) = lines(shell, "uniq", &options.operands)?;
    let mut kept = Vec::new();
    for run in lines.chunk_by(|a, b| a == b) {
        let wanted = match (options.has('d'), options.has('u')) {
            (true, _) => run.len() > 1,
            (_, true) => run.len() == 1,
            _ => true,
        };
        if wanted {
            kept.push(run[0].clone());
        }
    }
    put_lines(shell, &kept)?;
    Ok(i32::from(!complete))
}

/// `wc -l|-c|-w`, one of them.
pub(super) fn wc(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "lcw", &[])?;
    let (bytes, complete) = gather(shell, &options.operands)?;
    if options.operands.len() > 1 {
        return Err(shell.unproven("wc", "several files"));
    }
    let number = match options.given() {
        [('l', _)] => bytes.iter().filter(|byte| **byte == b'\n').count(),
        [('c', _)] => bytes.len(),
        [('w', _)] => bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count(),
        _ => return Err(shell.unproven("wc", "several counts")),
    };
    let name = options.operands.first().map(|name| format!(" {name}")).unwrap_or_default();
    shell.out(format!("{number}{name}\n"))?;
    Ok(i32::from(!complete))
}

/// `cut -d C -f LIST`, `cut -c LIST`, `cut -b LIST`
pub(super) fn cut(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(
        shell,
        words,
        "d:f:c:b:s",
        &[("delimiter", 'd'), ("fields", 'f'), ("characters", 'c'), ("bytes", 'b')],
    )?;
    let Some(list) = options.value('f').or(options.value('c')).or(options.value('b')).map(str::to_owned) else {
        return Ok(1);
    };
    let mut ranges = Vec::new();
    for part in list.split(',') {
        let bound = |word: &str, default: usize| if word.is_empty() { Ok(default) } else { count(shell, "cut", word) };
        ranges.push(match part.split_once('-') {
            Some((low, high)) => (bound(low, 1)?, bound(high, usize::MAX)?),
            None => (count(shell, "cut", part)?, count(shell, "cut", part)?),
        });
    }
    let wanted = |number: usize| ranges.iter().any(|(low, high)| (*low..=*high).contains(&number));
    let delimiter = options.value('d').unwrap_or("\t").to_owned();
    if delimiter.chars().count() != 1 {
        return Ok(1);
    }
    let (lines, complete) = lines(shell, "cut", &options.operands)?;
    let mut result = Vec::new();
    for line in lines {
        if options.has('c') || options.has('b') {
            if !line.is_ascii() {
                return Err(shell.unproven("cut", "text that is not ASCII"));
            }
            result.push(line.chars().enumerate().filter(|(at, _)| wanted(at + 1)).map(|(_, c)| c).collect());
        } else if line.contains(&delimiter) {
            let fields: Vec<_> =
                line.split(&delimiter).enumerate().filter(|(at, _)| wanted(at + 1)).map(|(_, field)| field).collect();
            result.push(fields.join(&delimiter));
        } else if !options.has('s') {
            result.push(line);
        }
    }
    put_lines(shell, &result)?;
    Ok(i32::from(!complete))
}

/// `tr [-d|-s|-c] SET1 [SET2]`
pub(super) fn tr(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "+dsc", &[("delete", 'd')])?;
    let set = |text: &str| set(text).ok_or_else(|| shell.unproven("tr", format!("set {text:?}")));
    let sets = options.operands.iter().map(|text| set(text)).collect::<Result<Vec<_>, _>>()?;
    let complement = options.has('c');
    let holds = |set: &[u8], byte: u8| set.contains(&byte) != complement;
    let input = shell.input()?;
    let output: Vec<u8> = match (&sets[..], options.has('d'), options.has('s')) {
        ([from], true, false) => input.into_iter().filter(|byte| !holds(from, *byte)).collect(),
        ([from], false, true) => {
            let mut output: Vec<u8> = Vec::new();
            for byte in input {
                if output.last() != Some(&byte) || !holds(from, byte) {
                    output.push(byte);
                }
            }
            output
        }
        ([from, to], false, false) if !to.is_empty() => {
            let last = to[to.len() - 1];
            let map = |byte: u8| {
                if complement {
                    return if from.contains(&byte) { byte } else { last };
                }
                from.iter().rposition(|from| *from == byte).map_or(byte, |at| to.get(at).copied().unwrap_or(last))
            };
            input.into_iter().map(map).collect()
        }
        _ => return Err(shell.unproven("tr", "this combination of options")),
    };
    shell.out(output)?;
    Ok(0)
}

fn set(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() {
        return None;
    }
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        if let Some(tail) = rest.strip_prefix("[:") {
            let (name, tail) = tail.split_once(":]")?;
            match name {
                "upper" => bytes.extend(b'A'..=b'Z'),
                "lower" => bytes.extend(b'a'..=b'z'),
                "digit" => bytes.extend(b'0'..=b'9'),
                "alpha" => bytes.extend((b'A'..=b'Z').chain(b'a'..=b'z')),
                "alnum" => bytes.extend((b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z')),
                "space" => bytes.extend(b"\t\n\x0b\x0c\r "),
                "blank" => bytes.extend(b"\t "),
                _ => return None,
            }
            rest = tail;
            continue;
        }
        let (byte, tail) = if first == b'\\' {
            let escaped = rest.as_bytes().get(1).copied()?;
            if escaped.is_ascii_digit() {
                let digits = rest[1..].bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                (u8::from_str_radix(&rest[1..1 + digits], 8).ok()?, &rest[1 + digits..])
            } else {
                let byte = match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    letter if letter.is_ascii_alphanumeric() => return None,
                    other => other,
                };
                (byte, &rest[2..])
            }
        } else {
            (first, &rest[1..])
        };
        if tail.len() >= 2 && tail.starts_with('-') && !tail[1..].starts_with(['\\', '[']) {
            let high = tail.as_bytes().get(1).copied()?;
            bytes.extend(byte..=high);
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    Some(bytes)
}

/// `expr A OP B`, `expr TEXT : PATTERN`
pub(super) fn expr(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let words = if words.get(1).is_some_and(|word| word == "--") { &words[1..] } else { words };
    let [_, left, operator, right] = words else { return Err(shell.unproven("expr", "this many words")) };
    let result = match operator.as_str() {
        ":" => {
            let pattern = regex::compile(&format!("^{}", right.strip_prefix('^').unwrap_or(right)), false, false);
            let pattern = pattern.map_err(|reason| shell.unproven("expr", reason))?;
            if !pattern.extent_is_posix() {
                return Err(shell.unproven("expr", "a match whose extent is not sure"));
            }
            match pattern.regex.captures(left) {
                Some(found) if found.len() > 1 => found.get(1).map_or("", |group| group.as_str()).to_owned(),
                Some(found) => found[0].chars().count().to_string(),
                None if pattern.regex.captures_len() > 1 => String::new(),
                None => "0".into(),
            }
        }
        operator => {
            let numbers = left.parse::<i64>().ok().zip(right.parse::<i64>().ok());
            let order = numbers.map_or_else(|| left.cmp(right), |(left, right)| left.cmp(&right));
            match (operator, numbers) {
                ("+", Some((a, b))) => a.checked_add(b),
                ("-", Some((a, b))) => a.checked_sub(b),
                ("*", Some((a, b))) => a.checked_mul(b),
                ("/", Some((a, b))) => a.checked_div(b),
                ("%", Some((a, b))) => a.checked_rem(b),
                ("=" | "==", _) => Some(i64::from(order.is_eq())),
                ("!=", _) => Some(i64::from(order.is_ne())),
                ("<", _) => Some(i64::from(order.is_lt())),
                (">", _) => Some(i64::from(order.is_gt())),
                ("<=", _) => Some(i64::from(order.is_le())),
                (">=", _) => Some(i64::from(order.is_ge())),
                _ => None,
            }
            .ok_or_else(|| shell.unproven("expr", format!("{left} {operator} {right}")))?
            .to_string()
        }
    };
    let status = i32::from(result.is_empty() || result == "0");
    shell.out(format!("{result}\n"))?;
    Ok(status)
}

/// `xargs [-0] [-r] [-n COUNT] [-I MARK | -i[MARK]] COMMAND …`: one call with all of the input's words, or one for each in place of the mark.
pub(super) fn xargs(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let words = &marked(words)[..];
    let long = [("null", '0'), ("no-run-if-empty", 'r'), ("max-chars", 's'), ("show-limits", 'l')];
    let options = options::read(shell, words, "+0rn:s:I:", &long)?;
    if options.has('l') {
        // Asked only to choose how much goes into one call; it depends on the size of the environment.
        let size = shell.world().argument_size();
        shell.out(format!("Maximum length of command we could actually use: {size}\n"))?;
        return Ok(0);
    }
    let input = shell.input()?;
    let text = String::from_utf8(input).map_err(|_| shell.unproven("xargs", "input that is not UTF-8"))?;
    let replaced = options.value('I');
    let arguments: Vec<String> = if options.has('0') {
        text.split_terminator('\0').map(str::to_owned).collect()
    } else {
        if text.contains(['\'', '"', '\\']) {
            return Err(shell.unproven("xargs", "quotes in the input"));
        }
        match replaced {
            Some(_) => text.lines().map(|line| line.trim_start().to_owned()).filter(|line| !line.is_empty()).collect(),
            None => text.split_ascii_whitespace().map(str::to_owned).collect(),
        }
    };
    if arguments.is_empty() && (options.has('r') || replaced.is_some()) {
        return Ok(0);
    }
    let command: Vec<String> = match &options.operands[..] {
        [] => vec!["echo".into()],
        command => command.to_vec(),
    };
    if let Some(mark) = replaced {
        let filled = |argument: &String| command.iter().map(|word| word.replace(mark, argument)).collect();
        return calls_all(shell, arguments.iter().map(filled).collect());
    }
    let each = match options.value('n') {
        Some(word) => count(shell, "xargs", word)?.max(1),
        None => usize::MAX,
    };
    let most = match options.value('s') {
        Some(word) => count(shell, "xargs", word)?.min(128 * 1024),
        None => 128 * 1024,
    };
    let fixed: usize = command.iter().map(|word| word.len() + 1).sum();
    let mut calls: Vec<Vec<String>> = vec![Vec::new()];
    let mut size = fixed;
    for argument in arguments {
        let full = calls.last().is_some_and(|call| call.len() >= each || size + argument.len() + 1 > most);
        if full && calls.last().is_some_and(|call| !call.is_empty()) {
            calls.push(Vec::new());
            size = fixed;
        }
        size += argument.len() + 1;
        calls.last_mut().into_iter().for_each(|call| call.push(argument.clone()));
    }
    calls_all(shell, calls.iter().map(|call| command.iter().chain(call).cloned().collect()).collect())
}

/// The words of `xargs` with `-i[MARK]`, its older spelling whose mark may be left out, as `-I MARK`.
fn marked(words: &[String]) -> Vec<String> {
    let spelled = |word: &String| match word.strip_prefix("-i") {
        Some(mark) => format!("-I{}", if mark.is_empty() { "{}" } else { mark }),
        None => word.clone(),
    };
    let options = words.iter().skip(1).take_while(|word| word.starts_with('-') && *word != "--").count();
    let (before, after) = words.split_at(words.len().min(options + 1));
    before.iter().map(spelled).chain(after.iter().cloned()).collect()
}

/// Runs commands one after the other; the status is that of `xargs`.
fn calls_all(shell: &mut Shell<'_, '_>, calls: Vec<Vec<String>>) -> Status {
    let mut status = 0;
    for words in calls {
        match shell.invoke_command(&words)? {
            0 => {}
            126 | 127 => return Ok(127),
            _ => status = 123,
        }
    }
    Ok(status)
}
