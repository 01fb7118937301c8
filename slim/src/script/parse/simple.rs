//! Simple commands: words, assignments, redirections; and functions, which begin like one.

use super::{Parsed, Parser, Pending};
use crate::script::ast::{
    Assignment, Command, CommandKind, HereDocument, Redirection, RedirectionKind, SimpleCommand, Target, Word,
};
use crate::script::word::is_name_start;
use std::sync::Arc;

/// Commands of bash whose arguments may be assignments of lists.
const DECLARATIONS: [&str; 5] = ["declare", "export", "local", "readonly", "typeset"];

impl Parser<'_> {
    pub(super) fn simple_or_function(&mut self, line: u32) -> Parsed<Command> {
        let mut simple = SimpleCommand { line, ..SimpleCommand::default() };
        loop {
            self.skip_blanks();
            if let Some(redirection) = self.redirection()? {
                simple.redirections.push(redirection);
                continue;
            }
            if simple.words.is_empty() || self.is_after_blank_alias() {
                self.write_out_alias(false);
                self.skip_blanks();
            }
            if simple.words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                simple.assignments.push(assignment);
                continue;
            }
            if simple.words.first().and_then(Word::bare).is_some_and(|name| DECLARATIONS.contains(&name))
                && let Some(list) = self.declared()?
            {
                simple.declared.push(list);
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

    pub(super) fn function(&mut self, line: u32, name: String) -> Parsed<Command> {
        self.skip_newlines()?;
        let body = self.command()?;
        if matches!(body.kind, CommandKind::Simple(_)) {
            return self.fail("the body of a function must be a compound command");
        }
        let kind = CommandKind::Function { name, body: Arc::new(body) };
        Ok(Command { line, kind, redirections: Vec::new() })
    }

    /// `name=( … )` where other assignments are plain words.
    fn declared(&mut self) -> Parsed<Option<Assignment>> {
        let mark = self.mark();
        let is_named = self.peek().is_some_and(is_name_start) && !self.name().is_empty();
        let signs = [0, 1, 2].map(|ahead| self.peek_at(ahead).unwrap_or(0));
        self.reset(mark);
        let is_list = is_named && (signs.starts_with(b"=(") || &signs == b"+=(");
        if is_list { self.assignment() } else { Ok(None) }
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

    pub(super) fn redirection(&mut self) -> Parsed<Option<Redirection>> {
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
