//! Compound commands: `if`, `while`, `for`, `case`, `[[ … ]]`, `(( … ))`, `( … )`.

use super::{Parsed, Parser};
use crate::script::ast::{Arm, ArmEnd, CommandKind, Item};
use crate::script::word::is_name;

impl Parser<'_> {
    pub(super) fn if_command(&mut self) -> Parsed<CommandKind> {
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

    pub(super) fn while_command(&mut self) -> Parsed<CommandKind> {
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

    pub(super) fn for_command(&mut self) -> Parsed<CommandKind> {
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

    pub(super) fn case_command(&mut self) -> Parsed<CommandKind> {
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

    pub(super) fn test_command(&mut self) -> Parsed<CommandKind> {
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

    pub(super) fn parenthesis(&mut self) -> Parsed<CommandKind> {
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
}
