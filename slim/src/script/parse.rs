//! The grammar (POSIX 2.10): lists, pipelines, compound commands, redirections.

use super::ast::{
    AndOr, Arm, ArmEnd, Assignment, Command, CommandKind, Connector, HereDocument, Item, Pipeline, Redirection,
    RedirectionKind, SimpleCommand, Target, Word,
};
use super::word::{is_name, is_name_start, string};
use super::{MAX_DEPTH, ParseError};
use std::sync::Arc;

pub(super) type Parsed<T> = Result<T, ParseError>;

/// Words that end a list when they stand where a command would.
const CLOSING: [&str; 9] = ["then", "else", "elif", "fi", "do", "done", "esac", "}", "in"];

/// How often `((` may be read again as a subshell.
const MAX_RETRIES: u32 = 100;

/// A recursive-descent reader over bytes.
pub(super) struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    depth: usize,
    retries: u32,
    /// Here-documents whose text begins after the next newline.
    pending: Vec<Pending>,
}

struct Pending {
    document: HereDocument,
    delimiter: String,
    quoted: bool,
    strip_tabs: bool,
}

/// A point to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    at: usize,
    line: u32,
    pending: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, line: u32, depth: usize) -> Self {
        Self { text: text.as_bytes(), at: 0, line, depth, retries: 0, pending: Vec::new() }
    }

    /// The whole text as a list.
    pub(super) fn script(mut self) -> Parsed<Vec<Item>> {
        let body = self.list()?;
        match self.peek() {
            None => Ok(body),
            Some(_) => self.unexpected(),
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    pub(super) fn skip(&mut self, count: usize) {
        let end = (self.at + count).min(self.text.len());
        self.line += self.text[self.at..end].iter().filter(|byte| **byte == b'\n').count() as u32;
        self.at = end;
    }

    /// One whole character.
    pub(super) fn take_char(&mut self) -> String {
        let start = self.at;
        self.skip(1);
        while self.peek().is_some_and(|byte| byte & 0xc0 == 0x80) {
            self.skip(1);
        }
        string(self.text[start..self.at].to_vec())
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn line(&self) -> u32 {
        self.line
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { at: self.at, line: self.line, pending: self.pending.len() }
    }

    /// Goes back after `((` turned out to be two parentheses. Nested ones could make this exponential, so it has a limit.
    pub(super) fn retry(&mut self, mark: Mark) -> Parsed<()> {
        self.retries += 1;
        if self.retries > MAX_RETRIES {
            return self.fail("too many '((' that are not arithmetic");
        }
        self.reset(mark);
        Ok(())
    }

    pub(super) fn reset(&mut self, mark: Mark) {
        (self.at, self.line) = (mark.at, mark.line);
        self.pending.truncate(mark.pending);
    }

    pub(super) fn fail<T>(&self, reason: impl Into<String>) -> Parsed<T> {
        Err(ParseError { line: self.line, reason: reason.into() })
    }

    /// Goes one level down, within the limit.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.fail(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn unexpected<T>(&self) -> Parsed<T> {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|byte| byte.is_ascii_whitespace()).unwrap_or(rest.len()).min(20);
        match end {
            0 if rest.is_empty() => self.fail("the script ends in the middle of a command"),
            0 => self.fail("a command is missing before the end of the line"),
            _ => self.fail(format!("unexpected {:?}", String::from_utf8_lossy(&rest[..end]))),
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.skip(1),
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.skip(2),
                Some(b'#') => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.skip(1);
                    }
                }
                _ => return,
            }
        }
    }

    fn skip_newlines(&mut self) -> Parsed<()> {
        loop {
            self.skip_blanks();
            match self.peek() {
                Some(b'\n') => self.newline()?,
                Some(b'\r') if self.peek_at(1) == Some(b'\n') => return self.fail("a carriage return ends the line"),
                _ => return Ok(()),
            }
        }
    }

    /// Takes a newline, and the here-documents that begin after it.
    fn newline(&mut self) -> Parsed<()> {
        self.skip(1);
        for pending in std::mem::take(&mut self.pending) {
            let first = self.line;
            let mut body = Vec::new();
            loop {
                if self.peek().is_none() {
                    break; // As dash does: the end of the file ends it too.
                }
                let start = self.at;
                while self.peek().is_some_and(|byte| byte != b'\n') {
                    self.at += 1;
                }
                let mut text = &self.text[start..self.at];
                self.skip(1);
                while pending.strip_tabs && text.first() == Some(&b'\t') {
                    text = &text[1..];
                }
                if text == pending.delimiter.as_bytes() {
                    break;
                }
                body.extend_from_slice(text);
                body.push(b'\n');
            }
            let text = string(body);
            let word = if pending.quoted {
                Word { parts: vec![super::Part::Quoted(text)] }
            } else {
                Parser::new(&text, first, self.depth).here_body()?
            };
            // A document is read once; marks are only taken inside one line.
            let _ = pending.document.0.set(word);
        }
        Ok(())
    }

    /// The reserved word or bare name here, without taking it.
    fn peek_word(&self) -> &'a str {
        let rest = &self.text[self.at..];
        let delimiter =
            |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')');
        let end = rest.iter().take(16).position(delimiter).unwrap_or(rest.len().min(16));
        std::str::from_utf8(&rest[..end]).unwrap_or("")
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.peek_word() == keyword;
        if found {
            self.skip(keyword.len());
        }
        found
    }

    fn expect(&mut self, keyword: &str) -> Parsed<()> {
        self.skip_newlines()?;
        if self.take_keyword(keyword) {
            return Ok(());
        }
        self.fail(format!("{keyword:?} expected"))
    }

    /// Commands until a closing word, `)`, `;;` or the end. Those are left for the caller.
    fn list(&mut self) -> Parsed<Vec<Item>> {
        self.deeper(Self::list_items)
    }

    fn list_items(&mut self) -> Parsed<Vec<Item>> {
        let mut items = Vec::new();
        loop {
            self.skip_newlines()?;
            match self.peek() {
                None | Some(b')') => return Ok(items),
                Some(b';') if matches!(self.peek_at(1), Some(b';' | b'&')) => return Ok(items),
                _ if CLOSING.contains(&self.peek_word()) => return Ok(items),
                _ => {}
            }
            let list = self.and_or()?;
            self.skip_blanks();
            let mut background = false;
            match (self.peek(), self.peek_at(1)) {
                (Some(b';'), Some(b';' | b'&')) => {}
                (Some(b';'), _) => self.skip(1),
                (Some(b'&'), _) => {
                    background = true;
                    self.skip(1);
                }
                (Some(b'\n'), _) | (Some(b')'), _) | (None, _) => {}
                // `{ a; } }`: a compound command may be followed by a closing word.
                _ if CLOSING.contains(&self.peek_word()) => {}
                _ => return self.unexpected(),
            }
            items.push(Item { list, background });
        }
    }

    /// A list that must have a command in it.
    fn some_list(&mut self) -> Parsed<Vec<Item>> {
        let items = self.list()?;
        if items.is_empty() { self.unexpected() } else { Ok(items) }
    }

    /// The inside of `$( … )` and `( … )`, through the parenthesis.
    pub(super) fn list_until_parenthesis(&mut self) -> Parsed<Vec<Item>> {
        let items = self.list()?;
        if self.peek() != Some(b')') {
            return self.fail("')' expected");
        }
        self.skip(1);
        Ok(items)
    }

    fn and_or(&mut self) -> Parsed<AndOr> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let connector = match (self.peek(), self.peek_at(1)) {
                (Some(b'&'), Some(b'&')) => Connector::And,
                (Some(b'|'), Some(b'|')) => Connector::Or,
                _ => return Ok(AndOr { first, rest }),
            };
            self.skip(2);
            self.skip_newlines()?;
            rest.push((connector, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        self.skip_blanks();
        let negated = self.take_keyword("!");
        self.skip_blanks();
        let mut commands = vec![self.command()?];
        loop {
            self.skip_blanks();
            match (self.peek(), self.peek_at(1)) {
                (Some(b'|'), Some(b'|')) => break,
                (Some(b'|'), Some(b'&')) => return self.fail("'|&' is not supported"),
                (Some(b'|'), _) => self.skip(1),
                _ => break,
            }
            self.skip_newlines()?;
            commands.push(self.command()?);
        }
        Ok(Pipeline { negated, commands })
    }

    fn command(&mut self) -> Parsed<Command> {
        self.deeper(Self::command_form)
    }

    fn command_form(&mut self) -> Parsed<Command> {
        let line = self.line;
        let kind = match self.peek_word() {
            "if" => self.if_command()?,
            "for" | "select" => self.for_command()?,
            "while" | "until" => self.while_command()?,
            "case" => self.case_command()?,
            "{" => {
                self.skip(1);
                let body = self.some_list()?;
                self.expect("}")?;
                CommandKind::Group(body)
            }
            "[[" => self.test_command()?,
            "function" => {
                self.skip(8);
                self.skip_blanks();
                let Some(name) = self.word()?.and_then(|word| word.literal()) else { return self.unexpected() };
                self.skip_blanks();
                if self.peek() == Some(b'(') && self.peek_at(1) == Some(b')') {
                    self.skip(2);
                }
                return self.function(line, name);
            }
            _ if self.peek() == Some(b'(') => self.parenthesis()?,
            _ => return self.simple_or_function(line),
        };
        let mut redirections = Vec::new();
        loop {
            self.skip_blanks();
            match self.redirection()? {
                Some(redirection) => redirections.push(redirection),
                None => return Ok(Command { line, kind, redirections }),
            }
        }
    }

    fn if_command(&mut self) -> Parsed<CommandKind> {
        self.skip(2);
        let mut branches = Vec::new();
        loop {
            let condition = self.some_list()?;
            self.expect("then")?;
            branches.push((condition, self.some_list()?));
            if self.take_keyword("elif") {
                continue;
            }
            let otherwise = if self.take_keyword("else") { Some(self.some_list()?) } else { None };
            self.expect("fi")?;
            return Ok(CommandKind::If { branches, otherwise });
        }
    }

    fn while_command(&mut self) -> Parsed<CommandKind> {
        let until = self.peek_word() == "until";
        self.skip(5);
        let condition = self.some_list()?;
        let body = self.do_group()?;
        Ok(CommandKind::While { until, condition, body })
    }

    fn do_group(&mut self) -> Parsed<Vec<Item>> {
        self.expect("do")?;
        let body = self.some_list()?;
        self.expect("done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Parsed<CommandKind> {
        self.skip(self.peek_word().len());
        self.skip_blanks();
        if self.peek() == Some(b'(') && self.peek_at(1) == Some(b'(') {
            self.skip(2);
            let header = self.arithmetic()?;
            self.skip_blanks();
            if self.peek() == Some(b';') {
                self.skip(1);
            }
            return Ok(CommandKind::ArithmeticFor { header, body: self.do_group()? });
        }
        let name = self.name();
        if name.is_empty() {
            return self.unexpected();
        }
        self.skip_newlines()?;
        let mut words = None;
        if self.take_keyword("in") {
            let mut list = Vec::new();
            loop {
                self.skip_blanks();
                match self.word()? {
                    Some(word) => list.push(word),
                    None => break,
                }
            }
            words = Some(list);
        }
        self.skip_blanks();
        if self.peek() == Some(b';') {
            self.skip(1);
        }
        Ok(CommandKind::For { name, words, body: self.do_group()? })
    }

    fn case_command(&mut self) -> Parsed<CommandKind> {
        self.skip(4);
        self.skip_blanks();
        let Some(word) = self.word()? else { return self.unexpected() };
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.take_keyword("esac") {
                return Ok(CommandKind::Case { word, arms });
            }
            if self.peek() == Some(b'(') {
                self.skip(1);
            }
            let mut patterns = Vec::new();
            loop {
                self.skip_blanks();
                match self.word()? {
                    Some(pattern) => patterns.push(pattern),
                    None => return self.unexpected(),
                }
                self.skip_blanks();
                match self.peek() {
                    Some(b'|') => self.skip(1),
                    Some(b')') => break self.skip(1),
                    _ => return self.fail("')' expected after a pattern"),
                }
            }
            let body = self.list()?;
            let end = match (self.peek(), self.peek_at(1), self.peek_at(2)) {
                (Some(b';'), Some(b';'), Some(b'&')) => (ArmEnd::Continue, 3),
                (Some(b';'), Some(b';'), _) => (ArmEnd::Break, 2),
                (Some(b';'), Some(b'&'), _) => (ArmEnd::FallThrough, 2),
                _ => (ArmEnd::Break, 0),
            };
            self.skip(end.1);
            arms.push(Arm { patterns, body, end: end.0 });
            if end.1 == 0 {
                self.expect("esac")?;
                return Ok(CommandKind::Case { word, arms });
            }
        }
    }

    fn test_command(&mut self) -> Parsed<CommandKind> {
        self.skip(2);
        let mut words = Vec::new();
        loop {
            self.skip_newlines()?;
            match self.test_word()? {
                None => return self.fail("']]' expected"),
                Some(word) if word.bare() == Some("]]") => return Ok(CommandKind::Test(words)),
                // `[[ … ]];` and `[[ … ]])`: the bracket ends where an operator begins.
                Some(word)
                    if word.bare().is_some_and(|text| text.starts_with("]]") && !is_name(text.as_bytes()[2])) =>
                {
                    let extra = word.bare().map_or(0, |text| text.len() - 2);
                    self.at -= extra;
                    return Ok(CommandKind::Test(words));
                }
                Some(word) => words.push(word),
            }
        }
    }

    fn parenthesis(&mut self) -> Parsed<CommandKind> {
        if self.peek_at(1) == Some(b'(') {
            let mark = self.mark();
            self.skip(2);
            if let Ok(word) = self.arithmetic() {
                return Ok(CommandKind::Arithmetic(word));
            }
            self.retry(mark)?;
        }
        self.skip(1);
        let body = self.list_until_parenthesis()?;
        if body.is_empty() { self.unexpected() } else { Ok(CommandKind::Subshell(body)) }
    }

    fn simple_or_function(&mut self, line: u32) -> Parsed<Command> {
        let mut simple = SimpleCommand { line, ..SimpleCommand::default() };
        loop {
            self.skip_blanks();
            if let Some(redirection) = self.redirection()? {
                simple.redirections.push(redirection);
                continue;
            }
            if simple.words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                simple.assignments.push(assignment);
                continue;
            }
            let Some(word) = self.word()? else { break };
            if simple.words.is_empty() && simple.assignments.is_empty() && simple.redirections.is_empty() {
                self.skip_blanks();
                if self.peek() == Some(b'(') {
                    self.skip(1);
                    self.skip_blanks();
                    if self.peek() != Some(b')') {
                        return self.unexpected();
                    }
                    self.skip(1);
                    let Some(name) = word.literal() else { return self.fail("a function needs a plain name") };
                    return self.function(line, name);
                }
            }
            simple.words.push(word);
        }
        if simple.words.is_empty() && simple.assignments.is_empty() && simple.redirections.is_empty() {
            return self.unexpected();
        }
        Ok(Command { line, kind: CommandKind::Simple(simple), redirections: Vec::new() })
    }

    fn function(&mut self, line: u32, name: String) -> Parsed<Command> {
        self.skip_newlines()?;
        let body = self.command()?;
        if matches!(body.kind, CommandKind::Simple(_)) {
            return self.fail("the body of a function must be a compound command");
        }
        let kind = CommandKind::Function { name, body: Arc::new(body) };
        Ok(Command { line, kind, redirections: Vec::new() })
    }

    /// `name=value`, `name+=value`, `name[index]=value`, `name=( … )`.
    fn assignment(&mut self) -> Parsed<Option<Assignment>> {
        if !self.peek().is_some_and(is_name_start) {
            return Ok(None);
        }
        let mark = self.mark();
        let mut name = self.name();
        if self.peek() == Some(b'[') {
            while let Some(byte) = self.peek().filter(|byte| !matches!(byte, b'\n' | b' ' | b'=')) {
                name.push(char::from(byte));
                self.skip(1);
            }
        }
        let append = self.peek() == Some(b'+') && self.peek_at(1) == Some(b'=');
        if append {
            self.skip(1);
        }
        if self.peek() != Some(b'=') {
            self.reset(mark);
            return Ok(None);
        }
        self.skip(1);
        if self.peek() == Some(b'(') {
            self.skip(1);
            let mut words = Vec::new();
            loop {
                self.skip_newlines()?;
                match self.word()? {
                    Some(word) => words.push(word),
                    None if self.peek() == Some(b')') => break self.skip(1),
                    None => return self.unexpected(),
                }
            }
            return Ok(Some(Assignment { name, append, value: Word::default(), array: Some(words) }));
        }
        let value = self.word()?.unwrap_or_default();
        Ok(Some(Assignment { name, append, value, array: None }))
    }

    fn redirection(&mut self) -> Parsed<Option<Redirection>> {
        let mark = self.mark();
        let line = self.line;
        let mut digits = String::new();
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            digits.push(char::from(digit));
            self.skip(1);
        }
        let ahead = [0, 1, 2].map(|ahead| self.peek_at(ahead).unwrap_or(0));
        let (kind, length) = match &ahead {
            b"<<<" => (RedirectionKind::HereString, 3),
            b"<<-" => (RedirectionKind::Here, 3),
            b"&>>" => (RedirectionKind::AppendBoth, 3),
            [b'&', b'>', _] => (RedirectionKind::WriteBoth, 2),
            [b'<', b'<', _] => (RedirectionKind::Here, 2),
            [b'<', b'&', _] => (RedirectionKind::DuplicateInput, 2),
            [b'<', b'>', _] => (RedirectionKind::ReadWrite, 2),
            [b'>', b'>', _] => (RedirectionKind::Append, 2),
            [b'>', b'&', _] => (RedirectionKind::DuplicateOutput, 2),
            [b'>', b'|', _] => (RedirectionKind::Clobber, 2),
            // `<(` and `>(` are words.
            [b'<' | b'>', b'(', _] => {
                self.reset(mark);
                return Ok(None);
            }
            [b'<', ..] => (RedirectionKind::Read, 1),
            [b'>', ..] => (RedirectionKind::Write, 1),
            _ => {
                self.reset(mark);
                return Ok(None);
            }
        };
        let strip_tabs = &ahead == b"<<-";
        let descriptor = match digits.as_str() {
            "" => None,
            digits => match digits.parse() {
                Ok(number) => Some(number),
                Err(_) => return self.fail("a descriptor out of range"),
            },
        };
        self.skip(length);
        self.skip_blanks();
        let Some(word) = self.word()? else { return self.fail("a redirection needs a target") };
        let target = if kind == RedirectionKind::Here {
            let Some(delimiter) = word.literal() else { return self.fail("the delimiter is not a plain word") };
            let quoted = word.bare().is_none();
            let document = HereDocument::default();
            self.pending.push(Pending { document: document.clone(), delimiter, quoted, strip_tabs });
            Target::Here(document)
        } else {
            Target::Word(word)
        };
        Ok(Some(Redirection { line, descriptor, kind, target }))
    }
}
