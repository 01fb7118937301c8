//! Facts that were read once, by content.

use super::{ElfError, Facts, read};
use crate::tree::{Content, Contents};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Facts by content. It can be shared by threads, and by trees that share one spool: most files are the same before and after.
#[derive(Debug, Default)]
pub struct FactsCache {
    known: RwLock<HashMap<Identity, Known>>,
}

/// The same span of the spool, or the same bytes in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Identity {
    Spooled { offset: u64, size: u64 },
    Inline { address: usize, size: usize },
}

#[derive(Debug, Clone)]
struct Known {
    facts: Result<Arc<Facts>, ElfError>,
    /// Keeps bytes in memory alive, so that their address stays theirs.
    _content: Content,
}

impl FactsCache {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// The facts of a file, read at most once (twice when two threads ask at the same moment).
    ///
    /// # Errors
    /// As [`read`], and when the contents cannot be read.
    pub fn facts(&self, contents: &dyn Contents, content: &Content) -> Result<Arc<Facts>, ElfError> {
        let identity = match content {
            Content::Spooled { offset, size } => Identity::Spooled { offset: *offset, size: *size },
            Content::Inline(bytes) => Identity::Inline { address: bytes.as_ptr().addr(), size: bytes.len() },
        };
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&identity) {
            return known.facts.clone();
        }
        let facts = Self::read(contents, content);
        if matches!(facts, Err(ElfError::Contents(_))) {
            return facts;
        }
        let known = Known { facts: facts.clone(), _content: content.clone() };
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(identity, known);
        facts
    }

    fn read(contents: &dyn Contents, content: &Content) -> Result<Arc<Facts>, ElfError> {
        // Most files are no ELF files: their first bytes say so.
        if !super::is_elf(&contents.head(content, 4)?) {
            return Err(ElfError::NotElf);
        }
        Ok(Arc::new(read(&contents.read(content)?)?))
    }
}
