//! `sed`: `s d p q y a i c b t : { }` with addresses; what the scripts use.

use super::{options, regex};
use crate::engine::native::evaluate::{Shell, Status, Stop};
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

struct Reader {
    text: Vec<char>,
    at: usize,
    extended: bool,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn blanks(&mut self, also: &[char]) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t') || also.contains(&c)) {
            self.at += 1;
        }
    }

    fn commands(&mut self, depth: u32) -> Result<Vec<Command>, String> {
        if depth > 20 {
            return Err("nested too deeply".into());
        }
        let mut commands = Vec::new();
        loop {
            self.blanks(&['\n', ';']);
            match self.peek() {
                None | Some('}') => return Ok(commands),
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                Some(_) => commands.push(self.command(depth)?),
            }
        }
    }

    /// A name up to a blank, a semicolon or the end of a group.
    fn label(&mut self) -> String {
        self.blanks(&[]);
        let mut label = String::new();
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace() && !matches!(c, ';' | '}')) {
            label.push(c);
            self.at += 1;
        }
        label
    }

    fn command(&mut self, depth: u32) -> Result<Command, String> {
        let from = self.address()?;
        self.blanks(&[]);
        let mut to = None;
        if from.is_some() && self.peek() == Some(',') {
            self.at += 1;
            self.blanks(&[]);
            to = Some(self.address()?.ok_or("an address is missing")?);
            self.blanks(&[]);
        }
        let negated = self.peek() == Some('!');
        if negated {
            self.at += 1;
            self.blanks(&[]);
        }
        let action = match self.next() {
            Some('d') => Action::Delete,
            Some('p') => Action::Print,
            Some('q') => Action::Quit,
            Some(':') if from.is_some() => return Err("a label has no address".into()),
            Some(':') => {
                Action::Label(Some(self.label()).filter(|label| !label.is_empty()).ok_or("a label has no name")?)
            }
            Some(c @ ('b' | 't')) => Action::Branch { label: self.label(), substituted: c == 't' },
            Some('s') => self.substitution()?,
            Some('y') => {
                let delimiter = self.next().ok_or("a delimiter is missing")?;
                let (from, to) = (self.until(delimiter)?, self.until(delimiter)?);
                if from.contains('\\') || to.contains('\\') || from.chars().count() != to.chars().count() {
                    return Err("y".into());
                }
                Action::Translate(from.chars().zip(to.chars()).collect())
            }
            Some(c @ ('a' | 'i' | 'c')) => {
                let text = self.lines()?;
                match c {
                    'a' => Action::Append(text),
                    'i' => Action::Insert(text),
                    _ => Action::Change(text),
                }
            }
            Some('{') => {
                let commands = self.commands(depth + 1)?;
                if self.next() != Some('}') {
                    return Err("'}' expected".into());
                }
                Action::Group(commands)
            }
            other => return Err(format!("command {other:?} is not known")),
        };
        self.blanks(&[]);
        match self.peek() {
            None | Some(';' | '\n' | '}' | '#') => {}
            // A label ends where its name does (GNU sed).
            Some(_) if matches!(action, Action::Label(_)) => {}
            Some(c) => return Err(format!("unexpected {c:?}")),
        }
        // From line 0 the end is looked for in the first line already, and only an expression can be that end (sed(1)).
        let open = matches!(from, Some(Address::Line(0)));
        if matches!(to, Some(Address::Line(0))) || open && !matches!(to, Some(Address::Pattern(_))) {
            return Err("line 0".into());
        }
        Ok(Command { from, to, negated, open, action })
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        Ok(Some(match self.peek() {
            Some('$') => {
                self.at += 1;
                Address::Last
            }
            Some(c) if c.is_ascii_digit() => {
                let mut digits = String::new();
                while let Some(digit) = self.peek().filter(char::is_ascii_digit) {
                    digits.push(digit);
                    self.at += 1;
                }
                Address::Line(digits.parse().map_err(|_| "a line number")?)
            }
            Some('/') => {
                self.at += 1;
                Address::Pattern(self.pattern('/', false)?)
            }
            Some('\\') => {
                self.at += 1;
                let delimiter = self.next().ok_or("a delimiter is missing")?;
                Address::Pattern(self.pattern(delimiter, false)?)
            }
            _ => return Ok(None),
        }))
    }

    fn pattern(&mut self, delimiter: char, ignore_case: bool) -> Result<Pattern, String> {
        let source = self.until(delimiter)?;
        if source.is_empty() {
            return Err("the pattern before".into());
        }
        regex::compile(&source, self.extended, ignore_case)
    }

    /// Text up to a delimiter; an escaped delimiter loses its backslash, other escapes stay.
    fn until(&mut self, delimiter: char) -> Result<String, String> {
        let mut text = String::new();
        let mut bracket = false;
        loop {
            match self.next().ok_or("the command is not closed")? {
                c if c == delimiter && !bracket => return Ok(text),
                '\\' if !bracket => match self.next().ok_or("the command is not closed")? {
                    c if c == delimiter => text.push(c),
                    c => text.extend(['\\', c]),
                },
                '[' if !bracket && self.text[self.at..].contains(&']') => {
                    bracket = true;
                    text.push('[');
                    // `[]…]` and `[^]…]`: a bracket first in the list is a member.
                    for member in ['^', ']'] {
                        if self.peek() == Some(member) {
                            self.at += 1;
                            text.push(member);
                        }
                    }
                }
                '[' if bracket && self.peek() == Some(':') => {
                    text.push('[');
                    while let Some(c) = self.next() {
                        text.push(c);
                        if c == ']' {
                            break;
                        }
                    }
                }
                ']' if bracket => {
                    bracket = false;
                    text.push(']');
                }
                c => text.push(c),
            }
        }
    }

    fn substitution(&mut self) -> Result<Action, String> {
        let delimiter = self.next().ok_or("a delimiter is missing")?;
        let source = self.until(delimiter)?;
        let mut replacement = Vec::new();
        let mut text = String::new();
        loop {
            match self.next().ok_or("'s' is not closed")? {
                c if c == delimiter => break,
                '&' => {
                    replacement.push(Piece::Text(std::mem::take(&mut text)));
                    replacement.push(Piece::Group(0));
                }
                '\\' => match self.next().ok_or("'s' is not closed")? {
                    c if c.is_ascii_digit() => {
                        replacement.push(Piece::Text(std::mem::take(&mut text)));
                        replacement.push(Piece::Group(c as usize - '0' as usize));
                    }
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    c if c.is_ascii_alphanumeric() => return Err(format!("\\{c} in a replacement")),
                    c => text.push(c),
                },
                c => text.push(c),
            }
        }
        replacement.push(Piece::Text(text));
        replacement.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        let (mut global, mut print, mut ignore_case, mut nth) = (false, false, false, 1);
        while let Some(c) = self.peek() {
            match c {
                'g' => global = true,
                'p' => print = true,
                'i' | 'I' => ignore_case = true,
                '1'..='9' => nth = c as usize - '0' as usize,
                _ => break,
            }
            self.at += 1;
        }
        if source.is_empty() {
            return Err("the pattern before".into());
        }
        let pattern = regex::compile(&source, self.extended, ignore_case)?;
        Ok(Action::Substitute { pattern, replacement, global, nth, print })
    }

    /// The text of `a`, `i` and `c`, classic (`a\` and a newline) or on one line.
    fn lines(&mut self) -> Result<String, String> {
        self.blanks(&[]);
        if self.peek() == Some('\\') {
            self.at += 1;
            self.blanks(&[]);
            if self.peek() == Some('\n') {
                self.at += 1;
            }
        }
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '\n' => break,
                '\\' => text.push(self.next().ok_or("a trailing backslash")?),
                c => text.push(c),
            }
        }
        text.push('\n');
        Ok(text)
    }
}
