//! What `ldconfig` reads of an ELF file: class, machine, soname and ABI note (`elf/readlib.c`, `elf/readelflib.c` of glibc).
//!
//! Only the spans that are needed are read: a library may be a hundred megabytes large.

use super::Glibc;
use slim::elf::cache::flags;
use slim::tree::{Content, Contents, ContentsError};

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_NOTE: u32 = 4;
const PT_GNU_PROPERTY: u32 = 0x6474_e553;
const DT_NULL: u64 = 0;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;
const X86_ISA_1_NEEDED: u32 = 0xc000_8002;

/// Facts of a shared library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Library {
    /// `DT_SONAME`.
    pub soname: Option<Vec<u8>>,
    /// ABI flags as in the loader's cache; `None` for a machine that this glibc does not run.
    pub flags: Option<u32>,
    /// Oldest kernel, from the ABI note.
    pub os_version: u32,
    /// Whether a property note asks for an ISA level.
    pub asks_isa_level: bool,
    /// `e_machine`.
    pub machine: u16,
    /// `ELFDATA2MSB`.
    pub big_endian: bool,
}

impl Library {
    /// Reads a file; `None` when `ldconfig` would pass it over.
    pub(super) fn read(contents: &dyn Contents, content: &Content) -> Result<Option<Self>, ContentsError> {
        let head = span(contents, content, 0, 64)?;
        let (&[0x7f, b'E', b'L', b'F', class @ (1 | 2), data @ (1 | 2), ..], 52..) = (&head[..], head.len()) else {
            return Ok(None);
        };
        let file = File { contents, content, wide: class == 2, big_endian: data == 2 };
        file.library(&head)
    }
}

struct File<'a> {
    contents: &'a dyn Contents,
    content: &'a Content,
    wide: bool,
    big_endian: bool,
}

impl File<'_> {
    fn library(&self, head: &[u8]) -> Result<Option<Library>, ContentsError> {
        const ET_DYN: u64 = 3;
        if self.number(head, 16, 2) != ET_DYN {
            return Ok(None);
        }
        let machine = self.number(head, 18, 2) as u16;
        let (segments_at, count_at, abi_at) = if self.wide { (32, 56, 48) } else { (28, 44, 36) };
        let abi = self.number(head, abi_at, 4) as u32;
        let mut library = Library {
            soname: None,
            flags: abi_flags(machine, self.wide, abi),
            os_version: 0,
            asks_isa_level: false,
            machine,
            big_endian: self.big_endian,
        };
        let size = if self.wide { 56 } else { 32 };
        let segments = self.number(head, segments_at, self.width());
        let table = span(self.contents, self.content, segments, self.number(head, count_at, 2) as usize * size)?;
        let (mut load, mut dynamic) = (None, None);
        for segment in table.chunks_exact(size) {
            let at = |wide, narrow| if self.wide { wide } else { narrow };
            let offset = self.number(segment, at(8, 4), self.width());
            let length = self.number(segment, at(32, 16), self.width());
            match self.number(segment, 0, 4) as u32 {
                PT_LOAD if load.is_none() => {
                    load = Some(self.number(segment, at(16, 8), self.width()).wrapping_sub(offset));
                }
                PT_DYNAMIC => dynamic = Some((offset, length)),
                PT_NOTE if library.os_version == 0 && length >= 32 => {
                    let align = self.number(segment, at(48, 28), self.width());
                    library.os_version = self.abi_note(offset, length, align)?;
                }
                PT_GNU_PROPERTY => library.asks_isa_level = self.isa_property(offset, length)?,
                _ => {}
            }
        }
        let Some((offset, length)) = dynamic.filter(|(_, length)| *length > 0) else { return Ok(None) };
        let table = span(self.contents, self.content, offset, length.min(1 << 20) as usize)?;
        let (mut strings, mut soname) = (None, None);
        for entry in table.chunks_exact(2 * self.width()) {
            let value = self.number(entry, self.width(), self.width());
            match self.number(entry, 0, self.width()) {
                DT_NULL => break,
                DT_STRTAB => strings = strings.or(Some(value)),
                DT_SONAME => soname = soname.or(Some(value)),
                _ => {}
            }
        }
        let Some(strings) = strings else { return Ok(None) };
        let strings = strings.wrapping_sub(load.unwrap_or(0));
        if let Some(soname) = soname {
            let bytes = span(self.contents, self.content, strings.wrapping_add(soname), 4096)?;
            library.soname = bytes.iter().position(|b| *b == 0).map(|end| bytes[..end].to_vec());
        }
        Ok(Some(library))
    }

    fn width(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    /// A number at an offset; 0 beyond the end, as a cut file would be read as zeros.
    fn number(&self, bytes: &[u8], at: usize, width: usize) -> u64 {
        let field = bytes.get(at..at + width).unwrap_or_default();
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        if self.big_endian { field.iter().fold(0, fold) } else { field.iter().rev().fold(0, fold) }
    }

    /// `NT_GNU_ABI_TAG` as system and version in one number.
    fn abi_note(&self, offset: u64, length: u64, align: u64) -> Result<u32, ContentsError> {
        let align = match align {
            0..=4 => 4,
            8 => 8,
            _ => return Ok(0),
        };
        let notes = span(self.contents, self.content, offset, length.min(1 << 16) as usize)?;
        let mut rest = &notes[..];
        while rest.len() >= 32 {
            let word = |index: usize| self.number(rest, index * 4, 4) as u32;
            if (word(0), word(1), word(2)) == (4, 16, 1) && rest[12..].starts_with(b"GNU\0") {
                return Ok(word(4) << 24 | (word(5) & 0xff) << 16 | (word(6) & 0xff) << 8 | word(7) & 0xff);
            }
            let name_end = (12 + word(0) as usize).next_multiple_of(align);
            let next = (name_end + word(1) as usize).next_multiple_of(align);
            rest = rest.get(next..).unwrap_or_default();
        }
        Ok(0)
    }

    fn isa_property(&self, offset: u64, length: u64) -> Result<bool, ContentsError> {
        let note = span(self.contents, self.content, offset, length.min(1 << 12) as usize)?;
        let mut rest = note.get(16..).unwrap_or_default();
        while rest.len() >= 8 {
            if self.number(rest, 0, 4) as u32 == X86_ISA_1_NEEDED {
                return Ok(self.number(rest, 8, 4) != 0);
            }
            let next = (8 + self.number(rest, 4, 4) as usize).next_multiple_of(self.width());
            rest = rest.get(next..).unwrap_or_default();
        }
        Ok(false)
    }
}

/// The flags of `ldconfig.h` for a machine, class and `e_flags` (`readelflib.c` of each port).
fn abi_flags(machine: u16, wide: bool, abi: u32) -> Option<u32> {
    let float = |mask: u32, double: u32| match abi & mask {
        0 => Some(0),
        other if other == double => Some(1),
        _ => None,
    };
    let special = match (machine, wide) {
        (3, false) => 0,
        (62, true) => flags::X8664_LIB64,
        (62, false) => flags::X8664_LIBX32,
        (183, true) => flags::AARCH64_LIB64,
        (40, false) if abi & 0x400 != 0 => flags::ARM_LIBHF,
        (40, false) if abi & 0x200 != 0 => flags::ARM_LIBSF,
        (40, false) => 0,
        (22, true) => flags::S390_LIB64,
        (22, false) | (20, false) | (2 | 18, false) => 0,
        (21, true) => flags::POWERPC_LIB64,
        (43, true) => flags::SPARC_LIB64,
        (8, true) => flags::MIPS64_LIBN64,
        (8, false) if abi & 0x20 != 0 => flags::MIPS64_LIBN32,
        (8, false) => 0,
        (243, true) => {
            if float(6, 4)? == 1 {
                flags::RISCV_DOUBLE
            } else {
                flags::RISCV_SOFT
            }
        }
        (258, true) => {
            if abi & 7 == 3 {
                flags::LOONGARCH_DOUBLE
            } else {
                flags::LOONGARCH_SOFT
            }
        }
        _ => return None,
    };
    Some(flags::ELF_LIBC6 | special)
}

/// Whether an `ldconfig` of one machine lists libraries of another: its own, and the sister of the same family.
pub(super) fn lists(glibc: &Glibc, machine: u16) -> bool {
    const SISTERS: [&[u16]; 5] = [&[3, 62], &[40, 183], &[20, 21], &[2, 18, 43], &[22]];
    glibc.machine == machine
        || SISTERS.iter().any(|family| family.contains(&glibc.machine) && family.contains(&machine))
}

/// A part of a content; what lies beyond its end is missing from the answer.
pub(super) fn span(
    contents: &dyn Contents,
    content: &Content,
    from: u64,
    length: usize,
) -> Result<Vec<u8>, ContentsError> {
    let length = content.size().saturating_sub(from).min(length as u64) as usize;
    match content {
        Content::Inline(bytes) => {
            let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
            Ok(bytes[from..from + length.min(bytes.len() - from)].to_vec())
        }
        Content::Spooled { offset, .. } if length > 0 => {
            let mut buffer = vec![0; length];
            contents.read_span(offset + from, &mut buffer)?;
            Ok(buffer)
        }
        Content::Spooled { .. } => Ok(Vec::new()),
    }
}
