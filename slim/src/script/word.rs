//! Words: quotes, parameters, substitutions (POSIX 2.2 and 2.6).

use super::ast::{Operator, Part, Word};
use super::parse::{Parsed, Parser};

/// Where a run of parts ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// At a blank or an operator.
    Word,
    /// At a blank: inside `[[ … ]]`.
    Blank,
    /// At the `}` of a bare `${…}`.
    Brace,
    /// At the closing `"`.
    Quote,
    /// At the `}` of a `${…}` inside double quotes.
    QuotedBrace,
    /// At the `))` of an arithmetic expansion.
    Arithmetic,
    /// At the end of the text: a here-document.
    End,
}

impl Until {
    fn quoted(self) -> bool {
        matches!(self, Self::Quote | Self::QuotedBrace | Self::Arithmetic | Self::End)
    }
}

pub(super) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Parser<'_> {
    /// A word where one may stand; `None` at a blank, an operator or the end.
    pub(super) fn word(&mut self) -> Parsed<Option<Word>> {
        let start = self.position();
        let parts = self.parts(Until::Word)?;
        Ok((self.position() != start).then_some(Word { parts }))
    }

    /// A word inside `[[ … ]]`, where only blanks separate.
    pub(super) fn test_word(&mut self) -> Parsed<Option<Word>> {
        let start = self.position();
        let parts = self.parts(Until::Blank)?;
        Ok((self.position() != start).then_some(Word { parts }))
    }

    /// All the rest as the body of a here-document.
    pub(super) fn here_body(&mut self) -> Parsed<Word> {
        Ok(Word { parts: vec![Part::Double(self.parts(Until::End)?)] })
    }

    /// The text of an arithmetic expression after its opening parentheses, through `))`.
    pub(super) fn arithmetic(&mut self) -> Parsed<Word> {
        Ok(Word { parts: self.parts(Until::Arithmetic)? })
    }

    fn parts(&mut self, until: Until) -> Parsed<Vec<Part>> {
        self.deeper(|parser| parser.parts_until(until))
    }

    fn parts_until(&mut self, until: Until) -> Parsed<Vec<Part>> {
        let mut parts = Vec::new();
        let mut text = Vec::new();
        let mut parentheses = 0_usize;
        loop {
            let Some(byte) = self.peek() else {
                match until {
                    Until::Word | Until::Blank | Until::End => break,
                    Until::Quote => return self.fail("a double quote is not closed"),
                    Until::Brace | Until::QuotedBrace => return self.fail("'${' is not closed"),
                    Until::Arithmetic => return self.fail("'((' is not closed"),
                }
            };
            match (until, byte) {
                (_, b'\\') if self.peek_at(1) == Some(b'\n') => self.skip(2),
                (Until::Word, b'<' | b'>') if self.peek_at(1) == Some(b'(') => {
                    self.skip(2);
                    flush(&mut parts, &mut text);
                    let body = self.list_until_parenthesis()?;
                    parts.push(Part::Process(body));
                }
                (Until::Word, b'(') if matches!(text.last(), Some(b'?' | b'*' | b'+' | b'@' | b'!')) => {
                    self.extended_glob(&mut text)?;
                }
                (Until::Word, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')') => break,
                (Until::Blank, b' ' | b'\t' | b'\n') => break,
                (Until::Quote, b'"') | (Until::Brace | Until::QuotedBrace, b'}') => {
                    self.skip(1);
                    break;
                }
                (Until::Arithmetic, b'(') => {
                    parentheses += 1;
                    text.push(byte);
                    self.skip(1);
                }
                (Until::Arithmetic, b')') if parentheses > 0 => {
                    parentheses -= 1;
                    text.push(byte);
                    self.skip(1);
                }
                (Until::Arithmetic, b')') => {
                    if self.peek_at(1) != Some(b')') {
                        return self.fail("'))' expected");
                    }
                    self.skip(2);
                    break;
                }
                (_, b'\\') => {
                    let next = self.peek_at(1);
                    let escapes = match next {
                        None => false,
                        Some(b'$' | b'`' | b'\\') => true,
                        Some(b'"') => matches!(until, Until::Quote | Until::QuotedBrace) || !until.quoted(),
                        Some(b'}') => until == Until::QuotedBrace || !until.quoted(),
                        Some(_) => !until.quoted(),
                    };
                    if escapes {
                        self.skip(1);
                        flush(&mut parts, &mut text);
                        parts.push(Part::Quoted(self.take_char()));
                    } else {
                        text.push(byte);
                        self.skip(1);
                    }
                }
                (Until::Word | Until::Blank | Until::Brace, b'\'') => {
                    flush(&mut parts, &mut text);
                    parts.push(Part::Quoted(self.single_quoted()?));
                }
                (Until::Word | Until::Blank | Until::Brace | Until::QuotedBrace, b'"') => {
                    self.skip(1);
                    flush(&mut parts, &mut text);
                    let inner = self.parts(Until::Quote)?;
                    parts.push(Part::Double(inner));
                }
                (_, b'`') => {
                    flush(&mut parts, &mut text);
                    parts.push(self.backquoted(until == Until::Quote)?);
                }
                (_, b'$') => {
                    if let Some(part) = self.dollar(until)? {
                        flush(&mut parts, &mut text);
                        parts.push(part);
                    } else {
                        text.push(byte);
                    }
                }
                _ => {
                    text.push(byte);
                    self.skip(1);
                }
            }
        }
        flush(&mut parts, &mut text);
        Ok(parts)
    }

    fn extended_glob(&mut self, text: &mut Vec<u8>) -> Parsed<()> {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\n' => break,
                _ => {}
            }
            text.push(byte);
            self.skip(1);
            if depth == 0 {
                return Ok(());
            }
        }
        self.fail("'(' in a pattern is not closed")
    }

    fn single_quoted(&mut self) -> Parsed<String> {
        self.skip(1);
        let mut text = Vec::new();
        while let Some(byte) = self.peek() {
            self.skip(1);
            if byte == b'\'' {
                return Ok(string(text));
            }
            text.push(byte);
        }
        self.fail("a single quote is not closed")
    }

    fn backquoted(&mut self, in_quotes: bool) -> Parsed<Part> {
        let line = self.line();
        self.skip(1);
        let mut text = Vec::new();
        loop {
            let Some(byte) = self.peek() else { return self.fail("a backquote is not closed") };
            self.skip(1);
            match byte {
                b'`' => break,
                b'\\' => match self.peek() {
                    Some(next @ (b'$' | b'`' | b'\\')) => {
                        self.skip(1);
                        text.push(next);
                    }
                    Some(b'"') if in_quotes => {
                        self.skip(1);
                        text.push(b'"');
                    }
                    _ => text.push(byte),
                },
                _ => text.push(byte),
            }
        }
        let text = string(text);
        Ok(Part::Command(self.deeper(|parser| parser.inner(&text, line).script())?))
    }

    /// What a `$` begins; `None` when it stands for itself (it is then consumed).
    fn dollar(&mut self, until: Until) -> Parsed<Option<Part>> {
        self.skip(1);
        let Some(next) = self.peek() else { return Ok(None) };
        let part = match next {
            b'(' if self.peek_at(1) == Some(b'(') => {
                let mark = self.mark();
                self.skip(2);
                match self.arithmetic() {
                    Ok(word) => Part::Arithmetic(word),
                    // `$((a) | b)`: a substitution that begins with a subshell.
                    Err(error) => {
                        self.retry(mark)?;
                        self.skip(1);
                        Part::Command(self.list_until_parenthesis().map_err(|_| error)?)
                    }
                }
            }
            b'(' => {
                self.skip(1);
                Part::Command(self.list_until_parenthesis()?)
            }
            b'{' => {
                self.skip(1);
                self.braced(until)?
            }
            b'\'' if !until.quoted() => {
                self.skip(1);
                let mut text = Vec::new();
                loop {
                    let Some(byte) = self.peek() else { return self.fail("\"$'\" is not closed") };
                    self.skip(1);
                    match byte {
                        b'\'' => break,
                        b'\\' => {
                            text.push(byte);
                            text.extend(self.peek());
                            self.skip(1);
                        }
                        _ => text.push(byte),
                    }
                }
                Part::AnsiQuoted(string(text))
            }
            b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' | b'0'..=b'9' => {
                self.skip(1);
                Part::Parameter { name: char::from(next).to_string(), operator: Operator::None }
            }
            _ if is_name_start(next) => Part::Parameter { name: self.name(), operator: Operator::None },
            _ => return Ok(None),
        };
        Ok(Some(part))
    }

    /// Letters, digits and underscores from here.
    pub(super) fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(byte) = self.peek().filter(|byte| is_name(*byte)) {
            name.push(char::from(byte));
            self.skip(1);
        }
        name
    }

    /// `${…}` after its brace.
    fn braced(&mut self, until: Until) -> Parsed<Part> {
        let inner = if until.quoted() { Until::QuotedBrace } else { Until::Brace };
        let special = |byte: u8| matches!(byte, b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!');
        if self.peek() == Some(b'#') && self.peek_at(1).is_some_and(|byte| is_name(byte) || special(byte)) {
            let mark = self.mark();
            self.skip(1);
            let name = self.parameter_name();
            if self.peek() == Some(b'}') {
                self.skip(1);
                return Ok(Part::Parameter { name, operator: Operator::Length });
            }
            self.reset(mark);
        }
        let name = self.parameter_name();
        let colon = self.peek() == Some(b':') && matches!(self.peek_at(1), Some(b'-' | b'=' | b'?' | b'+'));
        if colon {
            self.skip(1);
        }
        let Some(sign) = self.peek() else { return self.fail("'${' is not closed") };
        let doubled = self.peek_at(1) == Some(sign);
        if !name.is_empty() && matches!(sign, b'}' | b'-' | b'=' | b'?' | b'+' | b'#' | b'%') {
            self.skip(1);
            if sign == b'}' {
                return Ok(Part::Parameter { name, operator: Operator::None });
            }
            let trims = matches!(sign, b'#' | b'%');
            if trims && doubled {
                self.skip(1);
            }
            // A pattern keeps its own quoting even inside double quotes.
            let word = Word { parts: self.parts(if trims { Until::Brace } else { inner })? };
            let operator = match sign {
                b'-' => Operator::Default { colon, word },
                b'=' => Operator::Assign { colon, word },
                b'?' => Operator::Require { colon, word },
                b'+' => Operator::Alternative { colon, word },
                b'#' => Operator::RemovePrefix { longest: doubled, pattern: word },
                _ => Operator::RemoveSuffix { longest: doubled, pattern: word },
            };
            return Ok(Part::Parameter { name, operator });
        }
        self.beyond_posix(name)
    }

    fn parameter_name(&mut self) -> String {
        match self.peek() {
            Some(byte) if is_name_start(byte) => self.name(),
            Some(byte) if byte.is_ascii_digit() => {
                let mut name = String::new();
                while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
                    name.push(char::from(digit));
                    self.skip(1);
                }
                name
            }
            Some(byte @ (b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')) => {
                self.skip(1);
                char::from(byte).to_string()
            }
            _ => String::new(),
        }
    }

    /// The rest of a bash expansion, as written, through its closing brace.
    fn beyond_posix(&mut self, name: String) -> Parsed<Part> {
        let mut text = Vec::new();
        let mut depth = 0_usize;
        loop {
            let Some(byte) = self.peek() else { return self.fail("'${' is not closed") };
            self.skip(1);
            match byte {
                b'}' if depth == 0 => return Ok(Part::Parameter { name, operator: Operator::Other(string(text)) }),
                b'}' => depth -= 1,
                b'{' => depth += 1,
                b'\\' => {
                    text.push(byte);
                    text.extend(self.peek());
                    self.skip(1);
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
    }
}

fn flush(parts: &mut Vec<Part>, text: &mut Vec<u8>) {
    if !text.is_empty() {
        parts.push(Part::Literal(string(std::mem::take(text))));
    }
}

/// Pieces are cut at ASCII bytes only, so they stay UTF-8.
pub(super) fn string(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
