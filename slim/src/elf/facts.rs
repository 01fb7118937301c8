//! What one ELF file says: identity, needs, search paths, versions, imports.

use super::dynamic::{Dynamic, NAME_LIMIT};
use super::note::{self, DlopenNote};
use super::raw::{Mapped, Raw};
use super::symbols::Import;
use super::{Class, ElfError};
use goblin::elf::header::{EI_OSABI, ET_CORE, ET_DYN, ET_EXEC, ET_REL};
use goblin::elf::program_header::{PT_INTERP, PT_LOAD, PT_NOTE};
use std::sync::Arc;

/// How far into a writable segment the Go linker's marker may be; it stands at or near the front.
const GO_WINDOW: u64 = 1 << 20;

/// The object file type (`e_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Kind {
    /// `ET_REL`: an object for the linker, a kernel module.
    Relocatable,
    /// `ET_EXEC`: runs at its own address.
    Executable,
    /// `ET_DYN`: a shared library or a position-independent executable.
    Shared,
    /// `ET_CORE`: a memory dump.
    Core,
    /// Anything else.
    Other(u16),
}

/// A version that is needed from a library (`Elf_Vernaux`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionNeed {
    /// `GLIBC_2.34`.
    pub name: Arc<[u8]>,
    /// `VER_FLG_WEAK`: its absence is no error.
    pub weak: bool,
}

/// What one ELF file says about itself. Names are bytes as they stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Word size.
    pub class: Class,
    /// Byte order.
    pub big_endian: bool,
    /// `e_machine`: 62 is x86-64, 183 AArch64.
    pub machine: u16,
    /// `EI_OSABI`: 0 is System V, 3 GNU.
    pub os_abi: u8,
    /// `e_flags`: processor-specific.
    pub flags: u32,
    /// `e_type`.
    pub kind: Kind,
    /// The loader that starts it (`PT_INTERP`).
    pub interpreter: Option<Vec<u8>>,
    /// `DT_SONAME`.
    pub soname: Option<Vec<u8>>,
    /// `DT_NEEDED`, in order.
    pub needed: Vec<Vec<u8>>,
    /// `DT_RPATH`, as written: colon-separated, with `$ORIGIN`. A loader ignores it where there is a run path.
    pub rpath: Option<Vec<u8>>,
    /// `DT_RUNPATH`, as written.
    pub runpath: Option<Vec<u8>>,
    /// `DT_AUDIT`: colon-separated libraries loaded into a namespace of their own.
    pub audit: Option<Vec<u8>>,
    /// `DT_DEPAUDIT`, as [`Facts::audit`].
    pub depaudit: Option<Vec<u8>>,
    /// `DT_FILTER`: libraries that stand in for this one; loading fails without them.
    pub filter: Vec<Vec<u8>>,
    /// `DT_AUXILIARY`: libraries that stand in for this one where they exist.
    pub auxiliary: Vec<Vec<u8>>,
    /// Undefined symbols.
    pub imports: Vec<Import>,
    /// Versions needed, by library (`.gnu.version_r`).
    pub version_needs: Vec<(Arc<[u8]>, Vec<VersionNeed>)>,
    /// Versions defined (`.gnu.version_d`); the first is usually the library's own name. Empty means the library is unversioned.
    pub version_definitions: Vec<Vec<u8>>,
    /// What it says that it opens at run time (`.note.dlopen`).
    pub dlopen_notes: Vec<DlopenNote>,
    /// Has a dynamic section.
    pub is_dynamic: bool,
    /// `DF_1_PIE`: a position-independent executable.
    pub is_pie: bool,
    /// `DF_1_NODEFLIB`: default directories are not searched for its needs.
    pub no_default_libs: bool,
    /// Made by the Go linker (a `Go buildinf:` block).
    pub go_buildinfo: bool,
}

impl Facts {
    /// An executable that no loader starts and that needs nothing: static, perhaps static-PIE.
    pub fn is_static(&self) -> bool {
        let program = self.kind == Kind::Executable || (self.kind == Kind::Shared && self.is_pie);
        program && self.interpreter.is_none() && self.needed.is_empty()
    }

    /// Whether a loader could map it at all.
    pub fn is_loadable(&self) -> bool {
        matches!(self.kind, Kind::Executable | Kind::Shared)
    }

    /// Whether one process can hold both files: word size, byte order and machine agree.
    pub fn fits(&self, other: &Self) -> bool {
        self.abi() == other.abi()
    }

    /// Word size, byte order and machine.
    pub fn abi(&self) -> (Class, bool, u16) {
        (self.class, self.big_endian, self.machine)
    }
}

/// Reads an ELF file through its program headers.
///
/// # Errors
/// When the bytes are no ELF file, when a table that the loader needs lies outside of them, or when a table is absurdly large. A
/// damaged symbol table or note is not an error: what is readable of it is taken.
pub fn read(bytes: &[u8]) -> Result<Facts, ElfError> {
    let raw = Raw::new(bytes)?;
    let kind = match raw.header.e_type {
        ET_REL => Kind::Relocatable,
        ET_EXEC => Kind::Executable,
        ET_DYN => Kind::Shared,
        ET_CORE => Kind::Core,
        other => Kind::Other(other),
    };
    let mut facts = Facts {
        class: raw.class(),
        big_endian: raw.is_big_endian(),
        machine: raw.header.e_machine,
        os_abi: raw.header.e_ident[EI_OSABI],
        flags: raw.header.e_flags,
        kind,
        interpreter: None,
        soname: None,
        needed: Vec::new(),
        rpath: None,
        runpath: None,
        audit: None,
        depaudit: None,
        filter: Vec::new(),
        auxiliary: Vec::new(),
        imports: Vec::new(),
        version_needs: Vec::new(),
        version_definitions: Vec::new(),
        dlopen_notes: Vec::new(),
        is_dynamic: false,
        is_pie: false,
        no_default_libs: false,
        go_buildinfo: false,
    };
    if !facts.is_loadable() {
        return Ok(facts);
    }
    let mapped = Mapped::new(raw)?;
    if let Some(segment) = mapped.of_kind(PT_INTERP).next() {
        let text = raw.span(segment.p_offset, segment.p_filesz);
        let text = text.ok_or(ElfError::Outside { what: "PT_INTERP", at: segment.p_offset })?;
        let end = memchr::memchr(0, text).unwrap_or(text.len());
        if end > NAME_LIMIT {
            return Err(ElfError::TooLarge { what: "PT_INTERP", limit: NAME_LIMIT });
        }
        facts.interpreter = Some(text[..end].to_vec());
    }
    if let Some(dynamic) = Dynamic::read(&mapped)? {
        facts.is_dynamic = true;
        dynamic.tell(&mapped, &mut facts)?;
    }
    for segment in mapped.of_kind(PT_NOTE) {
        if let Some(notes) = raw.span(segment.p_offset, segment.p_filesz) {
            note::read(raw.context, notes, segment.p_align, &mut facts.dlopen_notes);
        }
    }
    facts.go_buildinfo = mapped.of_kind(PT_LOAD).filter(|segment| segment.is_write()).any(|segment| {
        let data = raw.span(segment.p_offset, segment.p_filesz.min(GO_WINDOW)).unwrap_or_default();
        memchr::memmem::find(data, b"\xff Go buildinf:").is_some()
    });
    Ok(facts)
}
