//! ELF files: what they say about themselves, and what the dynamic loader would do with them.
//!
//! [`read`] turns bytes into [`Facts`], through program headers only: a file that the loader can load may have lost its section
//! headers. [`search`] finds libraries as glibc's and musl's loaders do, [`version`] checks symbol versions by their rules.
//! Nothing is executed, and nothing is looked for outside the [`Tree`](crate::tree::Tree).

pub mod cache;
mod cached;
mod counted;
mod dynamic;
mod facts;
mod note;
mod raw;
pub mod search;
mod strings;
mod symbols;
pub mod version;
mod versions;

pub use cached::FactsCache;
pub use facts::{Facts, Kind, VersionNeed, read};
pub use note::{DlopenNote, Priority};
pub use strings::{Strings, Texts, strings};
pub use symbols::{Export, Import, SharedName, exports};

/// The size of addresses in a file (`EI_CLASS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum Class {
    /// 32 bits.
    Elf32,
    /// 64 bits.
    Elf64,
}

/// Whether a file that begins with these bytes is an ELF file.
pub fn is_elf(head: &[u8]) -> bool {
    head.starts_with(b"\x7fELF")
}

/// Why a file is not an ELF file that could be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// The magic number is missing.
    #[error("not an ELF file")]
    NotElf,
    /// A field of the identification or header has a value that no loader accepts.
    #[error("{field} is {found}, which no loader accepts")]
    Header {
        /// The field's name in the ELF specification.
        field: &'static str,
        /// Its value.
        found: u64,
    },
    /// A table lies outside the file or outside what is loaded.
    #[error("{what} at {at:#x} lies outside the file")]
    Outside {
        /// The table.
        what: &'static str,
        /// Its address or offset.
        at: u64,
    },
    /// A table is larger than any real file's.
    #[error("{what} has more than {limit} entries or bytes")]
    TooLarge {
        /// The table.
        what: &'static str,
        /// What is accepted at most.
        limit: usize,
    },
    /// The bytes could not be read.
    #[error(transparent)]
    Contents(#[from] crate::tree::ContentsError),
}

#[cfg(test)]
pub(crate) mod tests;
