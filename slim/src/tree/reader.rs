//! A content as a stream: what is larger than one wants to hold is read piece by piece.

use super::{Content, Contents};
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// Reads a content from its beginning, or from wherever it is told.
pub struct ContentReader<'a> {
    contents: &'a dyn Contents,
    content: &'a Content,
    at: u64,
}

impl<'a> ContentReader<'a> {
    /// A reader at the beginning of `content`.
    pub fn new(contents: &'a dyn Contents, content: &'a Content) -> Self {
        Self { contents, content, at: 0 }
    }
}

impl Read for ContentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = self.content.size().saturating_sub(self.at);
        let length = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let part = &mut buffer[..length];
        match self.content {
            Content::Inline(bytes) => {
                let from = usize::try_from(self.at).unwrap_or(usize::MAX).min(bytes.len());
                part.copy_from_slice(&bytes[from..from + length]);
            }
            Content::Spooled { offset, .. } => {
                self.contents.read_span(offset + self.at, part).map_err(Error::other)?;
            }
        }
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for ContentReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.content.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = place.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "a place before the beginning"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::ContentsError;

    struct Spool(&'static [u8]);

    impl Contents for Spool {
        fn read_span(&self, offset: u64, buffer: &mut [u8]) -> std::result::Result<(), ContentsError> {
            let from = usize::try_from(offset).unwrap();
            buffer.copy_from_slice(&self.0[from..from + buffer.len()]);
            Ok(())
        }
    }

    #[test]
    fn contents_are_read_from_any_place_to_their_end() {
        let spool = Spool(b"before0123456789after");
        for content in [Content::Spooled { offset: 6, size: 10 }, Content::Inline(b"0123456789".as_slice().into())] {
            let mut reader = ContentReader::new(&spool, &content);
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            assert_eq!(text, "0123456789");
            for (to, expected) in [
                (SeekFrom::Start(8), "89"),
                (SeekFrom::End(-3), "789"),
                (SeekFrom::Start(12), ""),
                (SeekFrom::Current(-4), "89"),
            ] {
                let mut text = String::new();
                reader.seek(to).unwrap();
                reader.read_to_string(&mut text).unwrap();
                assert_eq!(text, expected, "{to:?}");
            }
            assert!(reader.seek(SeekFrom::Current(-11)).is_err());
        }
    }
}
