//! The outer archive: `!<arch>`, then members with headers of 60 bytes (deb(5)).

use super::DebError;
use std::io::{self, Read};

/// Reads members one after the other.
pub(super) struct Archive<'a> {
    reader: &'a mut dyn Read,
}

/// A member; it must be read or skipped to its end before the next one.
pub(super) struct Member<'a> {
    pub(super) name: String,
    rest: u64,
    padding: u64,
    reader: &'a mut dyn Read,
}

impl<'a> Archive<'a> {
    pub(super) fn new(reader: &'a mut dyn Read) -> Result<Self, DebError> {
        let mut magic = [0; 8];
        reader.read_exact(&mut magic)?;
        if magic != *b"!<arch>\n" {
            return Err(DebError::Format("it does not begin with an ar header".into()));
        }
        Ok(Self { reader })
    }

    pub(super) fn next(&mut self) -> Result<Option<Member<'_>>, DebError> {
        let mut header = Vec::with_capacity(60);
        (&mut *self.reader).take(60).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(None);
        }
        let field = |from: usize, to: usize| {
            header
                .get(from..to)
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .map(str::trim_end)
                .unwrap_or_default()
        };
        let (name, size) = (field(0, 16).trim_end_matches('/').to_owned(), field(48, 58).parse::<u64>());
        match (size, field(58, 60)) {
            (Ok(size), "`") => Ok(Some(Member { name, rest: size, padding: size % 2, reader: self.reader })),
            _ => Err(DebError::Format(format!("damaged header of member {name:?}"))),
        }
    }
}

impl Member<'_> {
    /// Goes to the end of the member.
    pub(super) fn skip(mut self) -> Result<(), DebError> {
        let rest = self.rest;
        let skipped = io::copy(&mut (&mut self).take(rest), &mut io::sink())?;
        if skipped != rest {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        // The last member's padding may be missing.
        io::copy(&mut (&mut *self.reader).take(self.padding), &mut io::sink())?;
        Ok(())
    }
}

impl Read for Member<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let limit = buffer.len().min(usize::try_from(self.rest).unwrap_or(usize::MAX));
        let count = self.reader.read(&mut buffer[..limit])?;
        self.rest -= count as u64;
        Ok(count)
    }
}
