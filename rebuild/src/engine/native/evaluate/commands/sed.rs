//! `sed`: `s d p q y a i c b t : { }` with addresses; what the scripts use.

mod parse;

use super::{options, regex};
use crate::engine::native::evaluate::{Shell, Status, Stop};
use parse::Reader;
use regex::Pattern;

#[derive(Debug)]
enum Address {
    Line(usize),
    Last,
    Pattern(Pattern),
}

#[derive(Debug)]
struct Command {
    from: Option<Address>,
    to: Option<Address>,
    negated: bool,
    /// Whether a range is open.
    open: bool,
    action: Action,
}

#[derive(Debug)]
enum Action {
    Substitute {
        pattern: Pattern,
        replacement: Vec<Piece>,
        global: bool,
        nth: usize,
        print: bool,
    },
    Delete,
    Print,
    Quit,
    Append(String),
    Insert(String),
    Change(String),
    Translate(Vec<(char, char)>),
    Group(Vec<Command>),
    Label(String),
    /// `b`, or `t`: only after a substitution.
    Branch {
        label: String,
        substituted: bool,
    },
}

/// How often one line may branch.
const BRANCH_LIMIT: usize = 10_000;

#[derive(Debug)]
enum Piece {
    Text(String),
    Group(usize),
}

/// `sed [-nEri] [-e] SCRIPT [FILE …]`
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long = [
        ("quiet", 'n'),
        ("silent", 'n'),
        ("expression", 'e'),
        ("regexp-extended", 'E'),
        ("in-place", 'i'),
        ("posix", 'p'),
    ];
    let options = options::read(shell, words, "nEre:i::", &long)?;
    let mut files = options.operands.clone();
    let expressions: Vec<_> =
        options.given().iter().filter(|(option, _)| *option == 'e').map(|(_, value)| value.as_str()).collect();
    let script = if expressions.is_empty() {
        if files.is_empty() {
            return Ok(1);
        }
        files.remove(0)
    } else {
        expressions.join("\n")
    };
    let mut reader = Reader { text: script.chars().collect(), at: 0, extended: options.has('E') || options.has('r') };
    let mut commands = reader.commands(0).map_err(|reason| shell.unproven("sed", format!("{script:?}: {reason}")))?;
    if reader.at < reader.text.len() {
        return Err(shell.unproven("sed", format!("{script:?}: an unmatched '}}'")));
    }
    let quiet = options.has('n');
    if let Some(suffix) = options.value('i') {
        let mut status = 0;
        for file in &files {
            let Some((path, node)) = shell.look(file)? else {
                status = 4;
                continue;
            };
            if node.as_file().is_none() {
                return Err(shell.unproven("sed -i", format!("{file} is not a plain file")));
            }
            let bytes = shell.content(&path)?.unwrap_or_default();
            let edited = edit(shell, &mut commands, bytes.clone(), quiet)?;
            if !suffix.is_empty() {
                return Err(shell.unproven("sed -i", "a suffix for a copy"));
            }
            // A new file takes the name, with the mode and owner of the old one.
            let mut node = node;
            node.kind = slim::tree::Node::file(edited).kind;
            shell.create(&path, node)?;
        }
        return Ok(status);
    }
    let mut input = Vec::new();
    let mut status = 0;
    if files.is_empty() {
        input = shell.input()?;
    }
    for file in &files {
        match file.as_str() {
            "-" => input.extend(shell.input()?),
            file => match shell.read_file(file)? {
                Some(bytes) => {
                    if !input.is_empty() && input.last() != Some(&b'\n') {
                        input.push(b'\n');
                    }
                    input.extend(bytes);
                }
                None => status = 2,
            },
        }
    }
    let output = edit(shell, &mut commands, input, quiet)?;
    shell.out(output)?;
    Ok(status)
}

/// What one cycle does to a line.
#[derive(Default)]
struct Cycle {
    before: String,
    printed: String,
    after: String,
    deleted: bool,
    quit: bool,
    /// Whether something was substituted since the line was read or `t` asked.
    substituted: bool,
    branches: usize,
}

fn edit(shell: &Shell<'_, '_>, commands: &mut [Command], bytes: Vec<u8>, quiet: bool) -> Result<Vec<u8>, Stop> {
    let text = String::from_utf8(bytes).map_err(|_| shell.unproven("sed", "text that is not UTF-8"))?;
    let lines: Vec<&str> = text.split_terminator('\n').collect();
    let mut output = String::new();
    for (index, line) in lines.iter().enumerate() {
        let last = index + 1 == lines.len();
        let mut space = (*line).to_owned();
        let mut cycle = Cycle::default();
        match apply(shell, commands, &mut space, index + 1, last, &mut cycle)? {
            None => {}
            Some(label) if label.is_empty() => {}
            Some(label) => return Err(shell.unproven("sed", format!("label {label:?} is in no enclosing list"))),
        }
        output.push_str(&cycle.before);
        output.push_str(&cycle.printed);
        if !cycle.deleted && !quiet {
            output.push_str(&space);
            output.push('\n');
        }
        output.push_str(&cycle.after);
        if cycle.quit {
            shell.leave_input();
            return Ok(output.into_bytes());
        }
    }
    // A last line without a newline stays so.
    if !text.ends_with('\n') && !text.is_empty() && output.ends_with('\n') {
        output.pop();
    }
    Ok(output.into_bytes())
}

/// Applies commands to a line; gives the label of a branch that leads out of them (empty: to their end).
fn apply(
    shell: &Shell<'_, '_>,
    commands: &mut [Command],
    space: &mut String,
    number: usize,
    last: bool,
    cycle: &mut Cycle,
) -> Result<Option<String>, Stop> {
    let mut at = 0;
    while let Some(command) = commands.get_mut(at) {
        at += 1;
        if !selects(command, space, number, last) {
            continue;
        }
        match &mut command.action {
            Action::Substitute { pattern, replacement, global, nth, print } => {
                if let Some(text) = substitute(pattern, replacement, *global, *nth, space) {
                    if !pattern.extent_is_posix() {
                        return Err(shell.unproven("sed", "a match whose extent is not sure"));
                    }
                    *space = text;
                    cycle.substituted = true;
                    if *print {
                        cycle.printed.push_str(space);
                        cycle.printed.push('\n');
                    }
                }
            }
            Action::Delete => {
                cycle.deleted = true;
                return Ok(None);
            }
            Action::Print => {
                cycle.printed.push_str(space);
                cycle.printed.push('\n');
            }
            Action::Quit => {
                cycle.quit = true;
                return Ok(None);
            }
            Action::Append(text) => cycle.after.push_str(text),
            Action::Insert(text) => cycle.before.push_str(text),
            Action::Change(text) => {
                if command.to.is_none() || !command.open {
                    cycle.printed.push_str(text);
                }
                cycle.deleted = true;
                return Ok(None);
            }
            Action::Translate(map) => {
                *space =
                    space.chars().map(|c| map.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to)).collect();
            }
            Action::Label(_) => {}
            Action::Branch { substituted, .. } if *substituted && !std::mem::take(&mut cycle.substituted) => {}
            Action::Branch { label, .. } => {
                let label = label.clone();
                match place_of(commands, &label) {
                    Some(place) => at = place,
                    None => return Ok(Some(label)),
                }
                branched(shell, cycle)?;
            }
            Action::Group(group) => {
                let label = apply(shell, group, space, number, last, cycle)?;
                if cycle.deleted || cycle.quit {
                    return Ok(None);
                }
                if let Some(label) = label {
                    match place_of(commands, &label) {
                        Some(place) => at = place,
                        None => return Ok(Some(label)),
                    }
                    branched(shell, cycle)?;
                }
            }
        }
    }
    Ok(None)
}

fn place_of(commands: &[Command], label: &str) -> Option<usize> {
    commands.iter().position(|command| matches!(&command.action, Action::Label(name) if name == label))
}

fn branched(shell: &Shell<'_, '_>, cycle: &mut Cycle) -> Result<(), Stop> {
    cycle.branches += 1;
    if cycle.branches > BRANCH_LIMIT { Err(shell.unproven("sed", "branches without an end")) } else { Ok(()) }
}

fn selects(command: &mut Command, space: &str, number: usize, last: bool) -> bool {
    let fits = |address: &Address| match address {
        Address::Line(line) => *line == number,
        Address::Last => last,
        Address::Pattern(pattern) => pattern.regex.is_match(space),
    };
    let selected = match (&command.from, &command.to) {
        (None, _) => true,
        (Some(from), None) => fits(from),
        (Some(from), Some(to)) => {
            if command.open {
                command.open = match to {
                    Address::Line(line) => number < *line,
                    to => !fits(to),
                };
                true
            } else if fits(from) {
                // The end is looked for from the next line on.
                command.open = !matches!(to, Address::Line(line) if *line <= number) && !last;
                true
            } else {
                false
            }
        }
    };
    selected != command.negated
}

fn substitute(pattern: &Pattern, replacement: &[Piece], global: bool, nth: usize, text: &str) -> Option<String> {
    let mut result = String::new();
    let mut end = None;
    for captures in pattern.regex.captures_iter(text).skip(nth - 1) {
        let whole = captures.get(0)?;
        result.push_str(&text[end.unwrap_or(0)..whole.start()]);
        for piece in replacement {
            match piece {
                Piece::Text(text) => result.push_str(text),
                Piece::Group(group) => result.push_str(captures.get(*group).map_or("", |group| group.as_str())),
            }
        }
        end = Some(whole.end());
        if !global {
            break;
        }
    }
    result.push_str(&text[end?..]);
    Some(result)
}
