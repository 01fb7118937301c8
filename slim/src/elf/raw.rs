//! Bounded reading: header, program headers and addresses. Every offset comes from the file and is checked.

use super::{Class, ElfError, is_elf};

/// `PT_LOAD` and its like (System V ABI, "Program Header").
pub(super) const PT_LOAD: u32 = 1;
pub(super) const PT_DYNAMIC: u32 = 2;
pub(super) const PT_INTERP: u32 = 3;
pub(super) const PT_NOTE: u32 = 4;
/// Segment flags.
pub(super) const PF_WRITE: u32 = 2;

/// Bytes with the file's own word size and byte order.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) class: Class,
    pub(super) big_endian: bool,
}

/// A program header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) size: u64,
}

impl<'a> Raw<'a> {
    /// Checks the identification (`e_ident`).
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, ElfError> {
        if !is_elf(bytes) {
            return Err(ElfError::NotElf);
        }
        let byte = |at: usize| bytes.get(at).copied().ok_or(ElfError::Outside { what: "e_ident", at: at as u64 });
        let class = match byte(4)? {
            1 => Class::Elf32,
            2 => Class::Elf64,
            found => return Err(ElfError::Header { field: "EI_CLASS", found: found.into() }),
        };
        let big_endian = match byte(5)? {
            1 => false,
            2 => true,
            found => return Err(ElfError::Header { field: "EI_DATA", found: found.into() }),
        };
        Ok(Self { bytes, class, big_endian })
    }

    pub(super) fn is_64(&self) -> bool {
        self.class == Class::Elf64
    }

    /// `size` bytes at an offset of the file.
    pub(super) fn span(&self, offset: u64, size: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        self.bytes.get(start..end)
    }

    pub(super) fn u8(&self, at: u64) -> Option<u8> {
        self.bytes.get(usize::try_from(at).ok()?).copied()
    }

    pub(super) fn u16(&self, at: u64) -> Option<u16> {
        let bytes = self.span(at, 2)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(super) fn u32(&self, at: u64) -> Option<u32> {
        let bytes = self.span(at, 4)?.try_into().ok()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    pub(super) fn u64(&self, at: u64) -> Option<u64> {
        let bytes = self.span(at, 8)?.try_into().ok()?;
        Some(if self.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// An address-sized word.
    pub(super) fn word(&self, at: u64) -> Option<u64> {
        if self.is_64() { self.u64(at) } else { self.u32(at).map(u64::from) }
    }

    /// The program headers; none for an object file.
    pub(super) fn segments(&self) -> Result<Vec<Segment>, ElfError> {
        let wide = self.is_64();
        let truncated = || ElfError::Outside { what: "ELF header", at: 0 };
        let table = self.word(if wide { 32 } else { 28 }).ok_or_else(truncated)?;
        let entry_size = self.u16(if wide { 54 } else { 42 }).ok_or_else(truncated)?;
        let count = self.u16(if wide { 56 } else { 44 }).ok_or_else(truncated)?;
        let real_size: u16 = if wide { 56 } else { 32 };
        if count > 0 && entry_size != real_size {
            return Err(ElfError::Header { field: "e_phentsize", found: entry_size.into() });
        }
        let outside = || ElfError::Outside { what: "program headers", at: table };
        let segment = |index: u16| {
            let at = table.checked_add(u64::from(index) * u64::from(real_size))?;
            self.span(at, real_size.into())?;
            Some(if wide {
                Segment {
                    kind: self.u32(at)?,
                    flags: self.u32(at + 4)?,
                    offset: self.u64(at + 8)?,
                    address: self.u64(at + 16)?,
                    size: self.u64(at + 32)?,
                }
            } else {
                Segment {
                    kind: self.u32(at)?,
                    flags: self.u32(at + 24)?,
                    offset: self.u32(at + 4)?.into(),
                    address: self.u32(at + 8)?.into(),
                    size: self.u32(at + 16)?.into(),
                }
            })
        };
        (0..count).map(|index| segment(index).ok_or_else(outside)).collect()
    }
}

/// A file with its program headers: addresses can be followed.
pub(super) struct Mapped<'a> {
    pub(super) raw: Raw<'a>,
    pub(super) segments: Vec<Segment>,
}

impl<'a> Mapped<'a> {
    pub(super) fn new(raw: Raw<'a>) -> Result<Self, ElfError> {
        Ok(Self { raw, segments: raw.segments()? })
    }

    /// Where in the file the byte at an address comes from.
    pub(super) fn offset(&self, address: u64) -> Option<u64> {
        self.segments.iter().filter(|s| s.kind == PT_LOAD).find_map(|segment| {
            let into = address.checked_sub(segment.address)?;
            if into < segment.size { segment.offset.checked_add(into) } else { None }
        })
    }

    /// The bytes of the first segment of a kind.
    pub(super) fn first(&self, kind: u32) -> Option<(Segment, Option<&'a [u8]>)> {
        let segment = *self.segments.iter().find(|segment| segment.kind == kind)?;
        Some((segment, self.raw.span(segment.offset, segment.size)))
    }
}
