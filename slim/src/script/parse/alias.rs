//! Aliases (POSIX 2.3.1) as dash has them: when a command is read, not when it runs.

use super::Parser;
use std::sync::Arc;

/// Words that are no aliases where a command begins.
const RESERVED: [&str; 16] =
    ["!", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while", "{", "}"];

/// A place in the text where an alias's value stands for its name.
pub(super) struct WrittenOut {
    name: String,
    start: usize,
    end: usize,
}

impl Parser<'_> {
    /// Puts the value of an alias in the place of its name, as long as the word here is one. A value may begin with another one, and
    /// with its own name, which then stands for itself.
    pub(super) fn write_out_alias(&mut self, reserved: bool) {
        while let Some(length) = self.alias_here(reserved) {
            let aliases = Arc::clone(&self.aliases);
            let range = self.at..self.at + length;
            let name = String::from_utf8_lossy(&self.text[range.clone()]).into_owned();
            let Some(value) = aliases.get(&name) else { return };
            self.text.to_mut().splice(range, value.bytes());
            let moved = |place: usize| place + value.len() - length;
            for other in &mut self.written_out {
                if other.start > self.at {
                    other.start = moved(other.start);
                }
                if other.end > self.at {
                    other.end = moved(other.end);
                }
            }
            self.written_out.push(WrittenOut { name, start: self.at, end: self.at + value.len() });
            self.skip_blanks();
        }
    }

    /// How long the word here is, when it is an alias.
    fn alias_here(&self, reserved: bool) -> Option<usize> {
        if self.aliases.is_empty() {
            return None;
        }
        let rest = &self.text[self.at..];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b";&|<>()\"'\\$`".contains(byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let word = std::str::from_utf8(&rest[..length]).ok()?;
        // What goes on with a quote or a `$` is not the alias alone, and a number before `<` is a descriptor.
        let whole = !rest.get(length).is_some_and(|byte| b"\"'\\$`".contains(byte));
        let descriptor =
            word.bytes().all(|byte| byte.is_ascii_digit()) && matches!(rest.get(length), Some(b'<' | b'>'));
        let inside = |place: &WrittenOut| place.name == word && place.start <= self.at && self.at < place.end;
        let known = whole
            && !descriptor
            && self.aliases.contains_key(word)
            && !(reserved && RESERVED.contains(&word))
            && !self.written_out.iter().any(inside);
        known.then_some(length)
    }

    /// Whether the word before this one came of an alias that ends in a blank: then this one may be an alias, too.
    pub(super) fn is_after_blank_alias(&self) -> bool {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        self.written_out.iter().any(|place| {
            place.start < place.end
                && place.end <= self.at
                && blank(&self.text[place.end - 1])
                && self.text[place.end..self.at].iter().all(blank)
        })
    }
}
