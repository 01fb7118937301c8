//! The text of a `sed` script, read.

use super::{Action, Address, Command, Piece};
use crate::engine::native::evaluate::commands::regex::{self, Pattern};

pub(super) struct Reader {
    pub(super) text: Vec<char>,
    pub(super) at: usize,
    pub(super) extended: bool,
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

    pub(super) fn commands(&mut self, depth: u32) -> Result<Vec<Command>, String> {
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
