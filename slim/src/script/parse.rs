//! The grammar (POSIX 2.10): the reader itself, lists and pipelines.

mod alias;
mod compound;
mod simple;

use super::ast::{
    AndOr, Command, CommandKind, Connector, HereDocument, Item, Part, Pipeline, Redirection, RedirectionKind, Target,
    Word,
};
use super::word::string;
use super::{Aliases, Gap, MAX_DEPTH, ParseError};
use std::borrow::Cow;
use std::sync::Arc;

pub(super) type Parsed<T> = Result<T, ParseError>;

/// Words that end a list when they stand where a command would.
const CLOSING: [&str; 9] = ["then", "else", "elif", "fi", "do", "done", "esac", "}", "in"];

/// How many lines may be passed over; what follows the last is one gap.
const MAX_GAPS: usize = 64;

/// How often `((` may be read again as a subshell.
const MAX_RETRIES: u32 = 100;

/// A recursive-descent reader over bytes.
pub(super) struct Parser<'a> {
    /// Aliases are written out in it as they are met.
    text: Cow<'a, [u8]>,
    at: usize,
    line: u32,
    depth: usize,
    retries: u32,
    /// Here-documents whose text begins after the next newline.
    pending: Vec<Pending>,
    aliases: Arc<Aliases>,
    /// What stands for an alias in the text.
    written_out: Vec<alias::WrittenOut>,
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
    pub(super) fn new(text: Cow<'a, str>, line: u32, depth: usize) -> Self {
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        let (aliases, written_out) = (Arc::default(), Vec::new());
        Self { text, at: 0, line, depth, retries: 0, pending: Vec::new(), aliases, written_out }
    }

    /// A reader of text that is part of this one's.
    pub(super) fn inner<'b>(&self, text: &'b str, line: u32) -> Parser<'b> {
        Parser { aliases: Arc::clone(&self.aliases), ..Parser::new(Cow::Borrowed(text), line, self.depth) }
    }

    /// The whole text as a list.
    pub(super) fn script(mut self) -> Parsed<Vec<Item>> {
        let body = self.list()?;
        match self.peek() {
            None => Ok(body),
            Some(_) => self.unexpected(),
        }
    }

    /// The commands through the end of a line; `None` at the end of the text.
    pub(super) fn next_line(&mut self, aliases: &Arc<Aliases>) -> Parsed<Option<Vec<Item>>> {
        self.aliases = Arc::clone(aliases);
        self.skip_newlines()?;
        if self.peek().is_none() {
            return Ok(None);
        }
        self.deeper(|parser| {
            let mut items = Vec::new();
            loop {
                if CLOSING.contains(&parser.peek_word()) {
                    return parser.unexpected();
                }
                items.push(parser.item()?);
                parser.skip_blanks();
                match parser.peek() {
                    None => return Ok(Some(items)),
                    Some(b'\n') => return parser.newline().map(|()| Some(items)),
                    Some(_) => {}
                }
            }
        })
    }

    /// The commands of all lines that are readable, and the lines that are not. Where a command cannot be read, its first line is passed
    /// over, so that what is well inside of a broken construct, or behind it, is found nevertheless.
    pub(super) fn salvage(mut self) -> (Vec<Item>, Vec<Gap>) {
        let (mut body, mut gaps) = (Vec::new(), Vec::new());
        let aliases = Arc::default();
        loop {
            // What is wrong with them is told by what follows.
            let _ = self.skip_newlines();
            let mark = self.mark();
            match self.next_line(&aliases) {
                Ok(Some(items)) => body.extend(items),
                Ok(None) => return (body, gaps),
                Err(error) => {
                    self.reset(mark);
                    self.retries = 0;
                    let rest = &self.text[self.at..];
                    let is_last_try = gaps.len() >= MAX_GAPS;
                    let end =
                        rest.iter().position(|byte| *byte == b'\n').filter(|_| !is_last_try).unwrap_or(rest.len());
                    gaps.push(Gap { text: string(rest[..end].to_vec()), line: self.line, error });
                    self.skip(end + 1);
                }
            }
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
                let end = self.at;
                self.skip(1);
                let mut text = &self.text[start..end];
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
                self.inner(&text, first).here_body()?
            };
            // A document is read once; marks are only taken inside one line.
            let _ = pending.document.0.set(word);
        }
        Ok(())
    }

    /// The reserved word or bare name here, without taking it.
    fn peek_word(&self) -> &str {
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
            items.push(self.item()?);
        }
    }

    /// One and-or list with what ends it, unless that ends more than it.
    fn item(&mut self) -> Parsed<Item> {
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
        Ok(Item { list, background })
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
                (Some(b'|'), Some(b'&')) => {
                    let target = Target::Word(Word { parts: vec![Part::Literal("1".into())] });
                    let kind = RedirectionKind::PipeBoth;
                    let both = Redirection { line: self.line, descriptor: Some(2), kind, target };
                    commands.last_mut().into_iter().for_each(|command| command.redirect(both.clone()));
                    self.skip(2);
                }
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

    /// bash: `time [-p]` before a compound command; before a simple one it is read as the program of that name.
    fn timed(&mut self) {
        if self.peek_word() != "time" {
            return;
        }
        let mark = self.mark();
        self.skip("time".len());
        self.skip_blanks();
        if self.take_keyword("-p") {
            self.skip_blanks();
        }
        let is_compound = matches!(self.peek(), Some(b'{' | b'('));
        if is_compound || ["if", "for", "while", "until", "case", "[["].contains(&self.peek_word()) {
            return;
        }
        self.reset(mark);
    }

    /// `coproc [NAME] COMMAND` of bash: a name stands only before a compound command.
    fn coprocess(&mut self) -> Parsed<()> {
        if self.peek_word() != "coproc" {
            return Ok(());
        }
        self.skip("coproc".len());
        self.skip_blanks();
        let mark = self.mark();
        let name = self.name();
        self.skip_blanks();
        if name.is_empty() || !matches!(self.peek(), Some(b'{' | b'(')) {
            self.reset(mark);
        }
        Ok(())
    }

    fn command_form(&mut self) -> Parsed<Command> {
        let line = self.line;
        self.write_out_alias(true);
        self.timed();
        self.coprocess()?;
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
}
