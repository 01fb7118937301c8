//! Header, program headers and addresses, as goblin reads them, with bounds for what it leaves to its caller.

use super::{Class, ElfError, is_elf};
use goblin::container::{Container, Ctx, Endian};
use goblin::elf::Elf;
pub(super) use goblin::elf::header::Header;
pub(super) use goblin::elf::program_header::ProgramHeader;
use goblin::elf::program_header::{PT_DYNAMIC, PT_LOAD};
use goblin::elf::section_header::SectionHeader;

/// Bytes with the file's own word size and byte order.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) header: Header,
    pub(super) context: Ctx,
}

impl<'a> Raw<'a> {
    /// Reads the header. The identification is looked at first, to tell what is wrong with it.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, ElfError> {
        if !is_elf(bytes) {
            return Err(ElfError::NotElf);
        }
        let byte = |at: usize| bytes.get(at).copied().ok_or(ElfError::Outside { what: "e_ident", at: at as u64 });
        let container = match byte(4)? {
            1 => Container::Little,
            2 => Container::Big,
            found => return Err(ElfError::Header { field: "EI_CLASS", found: found.into() }),
        };
        let endian = match byte(5)? {
            1 => Endian::Little,
            2 => Endian::Big,
            found => return Err(ElfError::Header { field: "EI_DATA", found: found.into() }),
        };
        let header = Elf::parse_header(bytes).map_err(|_| ElfError::Outside { what: "ELF header", at: 0 })?;
        Ok(Self { bytes, header, context: Ctx::new(container, endian) })
    }

    pub(super) fn class(&self) -> Class {
        if self.context.is_big() { Class::Elf64 } else { Class::Elf32 }
    }

    pub(super) fn is_big_endian(&self) -> bool {
        !self.context.is_little_endian()
    }

    /// `size` bytes at an offset of the file.
    pub(super) fn span(&self, offset: u64, size: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        self.bytes.get(start..end)
    }

    /// As [`Raw::span`], as far as the file goes.
    pub(super) fn clipped(&self, offset: u64, size: u64) -> &'a [u8] {
        self.span(offset, size.min(self.room(offset))).unwrap_or_default()
    }

    /// How many bytes there are from an offset on.
    pub(super) fn room(&self, offset: u64) -> u64 {
        (self.bytes.len() as u64).saturating_sub(offset)
    }

    pub(super) fn u32(&self, at: u64) -> Option<u32> {
        let bytes = self.span(at, 4)?.try_into().ok()?;
        Some(if self.is_big_endian() { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// The program headers; none for an object file.
    fn segments(&self) -> Result<Vec<ProgramHeader>, ElfError> {
        let (size, count) = (self.header.e_phentsize, self.header.e_phnum);
        if count > 0 && usize::from(size) != ProgramHeader::size(self.context) {
            return Err(ElfError::Header { field: "e_phentsize", found: size.into() });
        }
        let outside = ElfError::Outside { what: "program headers", at: self.header.e_phoff };
        let Ok(table) = usize::try_from(self.header.e_phoff) else { return Err(outside) };
        ProgramHeader::parse(self.bytes, table, count.into(), self.context).map_err(|_| outside)
    }
}

/// A file with its program headers: addresses can be followed.
pub(super) struct Mapped<'a> {
    pub(super) raw: Raw<'a>,
    pub(super) segments: Vec<ProgramHeader>,
}

impl<'a> Mapped<'a> {
    pub(super) fn new(raw: Raw<'a>) -> Result<Self, ElfError> {
        Ok(Self { raw, segments: raw.segments()? })
    }

    /// Where in the file the byte at an address comes from.
    pub(super) fn offset(&self, address: u64) -> Option<u64> {
        self.of_kind(PT_LOAD).find_map(|segment| {
            let into = address.checked_sub(segment.p_vaddr)?;
            if into < segment.p_filesz { segment.p_offset.checked_add(into) } else { None }
        })
    }

    /// The segments of a kind, in order.
    pub(super) fn of_kind(&self, kind: u32) -> impl Iterator<Item = &ProgramHeader> {
        self.segments.iter().filter(move |segment| segment.p_type == kind)
    }

    /// The dynamic section where it is mapped, of at most so many bytes: a loader heeds neither the segment's offset in the file,
    /// which counts only for files that were never mapped, nor its size.
    pub(super) fn dynamic(&self, limit: u64) -> Option<ProgramHeader> {
        let segment = self.of_kind(PT_DYNAMIC).next()?;
        let p_offset = self.offset(segment.p_vaddr).unwrap_or(segment.p_offset);
        Some(ProgramHeader { p_offset, p_filesz: self.raw.room(p_offset).min(limit), ..segment.clone() })
    }

    /// A table of the dynamic section, described as goblin asks for it: by a section header. The file's own may be gone.
    pub(super) fn section(&self, kind: u32, address: u64, count: u32) -> Option<SectionHeader> {
        let offset = self.offset(address)?;
        Some(SectionHeader {
            sh_type: kind,
            sh_offset: offset,
            sh_size: self.raw.room(offset),
            sh_info: count,
            ..SectionHeader::default()
        })
    }
}
