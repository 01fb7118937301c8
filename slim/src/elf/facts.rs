//! What one ELF file says: identity, needs, search paths, versions, imports.

use super::note::{self, DlopenNote};
use super::raw::{Mapped, PF_WRITE, PT_DYNAMIC, PT_INTERP, PT_LOAD, PT_NOTE, Raw};
use super::symbols::{self, Import};
use super::{Class, ElfError};
use std::sync::Arc;

/// Entries of a dynamic section; real ones have some dozens.
const DYNAMIC_LIMIT: usize = 1 << 16;
/// Bytes of a library name or a search path.
const NAME_LIMIT: usize = 1 << 16;
/// How far into a writable segment the Go linker's marker may be; it stands at or near the front.
const GO_WINDOW: usize = 1 << 20;

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

    /// Static and position-independent.
    pub fn is_static_pie(&self) -> bool {
        self.is_static() && self.kind == Kind::Shared
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

    /// Whether an import of this name exists.
    pub fn imports_symbol(&self, name: &[u8]) -> bool {
        self.imports.iter().any(|import| import.name == name)
    }
}

/// Reads an ELF file through its program headers.
///
/// # Errors
/// When the bytes are no ELF file, when a table that the loader needs lies outside of them, or when a table is absurdly large. A
/// damaged symbol table or note is not an error: what is readable of it is taken.
pub fn read(bytes: &[u8]) -> Result<Facts, ElfError> {
    let raw = Raw::new(bytes)?;
    let wide = raw.is_64();
    let short = || ElfError::Outside { what: "ELF header", at: 0 };
    let kind = match raw.u16(16).ok_or_else(short)? {
        1 => Kind::Relocatable,
        2 => Kind::Executable,
        3 => Kind::Shared,
        4 => Kind::Core,
        other => Kind::Other(other),
    };
    let mut facts = Facts {
        class: raw.class,
        big_endian: raw.big_endian,
        machine: raw.u16(18).ok_or_else(short)?,
        os_abi: raw.u8(7).ok_or_else(short)?,
        flags: raw.u32(if wide { 48 } else { 36 }).ok_or_else(short)?,
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
    if let Some((segment, text)) = mapped.first(PT_INTERP) {
        let text = text.ok_or(ElfError::Outside { what: "PT_INTERP", at: segment.offset })?;
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
    for segment in mapped.segments.iter().filter(|segment| segment.kind == PT_NOTE) {
        if let Some(notes) = raw.span(segment.offset, segment.size) {
            note::read(&raw, notes, &mut facts.dlopen_notes);
        }
    }
    facts.go_buildinfo =
        mapped.segments.iter().filter(|s| s.kind == PT_LOAD && s.flags & PF_WRITE != 0).any(|segment| {
            let window = segment.size.min(GO_WINDOW as u64);
            let data = raw.span(segment.offset, window).unwrap_or_default();
            memchr::memmem::find(data, b"\xff Go buildinf:").is_some()
        });
    Ok(facts)
}

/// The dynamic section: tags and values in order, and the string table they point into.
pub(super) struct Dynamic<'a> {
    entries: Vec<(u64, u64)>,
    strings: &'a [u8],
}

const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_DEPAUDIT: u64 = 0x6fff_fefb;
const DT_AUDIT: u64 = 0x6fff_fefc;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DT_AUXILIARY: u64 = 0x7fff_fffd;
const DT_FILTER: u64 = 0x7fff_ffff;
const DF_1_NODEFLIB: u64 = 0x800;
const DF_1_PIE: u64 = 0x0800_0000;

impl<'a> Dynamic<'a> {
    pub(super) fn read(mapped: &Mapped<'a>) -> Result<Option<Self>, ElfError> {
        let Some((segment, _)) = mapped.first(PT_DYNAMIC) else { return Ok(None) };
        // The loader reads the section where it is mapped; the offset is a fallback for files that were never mapped.
        let start = mapped.offset(segment.address).unwrap_or(segment.offset);
        let raw = mapped.raw;
        let outside = ElfError::Outside { what: "PT_DYNAMIC", at: start };
        let size = if raw.is_64() { 8 } else { 4 };
        let mut entries = Vec::new();
        let mut at = start;
        loop {
            let Some(tag) = raw.word(at) else { return Err(outside) };
            let Some(value) = at.checked_add(size).and_then(|at| raw.word(at)) else { return Err(outside) };
            if tag == 0 {
                break;
            }
            if entries.len() == DYNAMIC_LIMIT {
                return Err(ElfError::TooLarge { what: "PT_DYNAMIC", limit: DYNAMIC_LIMIT });
            }
            entries.push((tag, value));
            at += 2 * size;
        }
        let mut dynamic = Self { entries, strings: &[] };
        if let Some(address) = dynamic.value(DT_STRTAB) {
            let offset = mapped.offset(address).ok_or(ElfError::Outside { what: "DT_STRTAB", at: address })?;
            let room = (raw.bytes.len() as u64).saturating_sub(offset);
            let size = dynamic.value(DT_STRSZ).unwrap_or(room).min(room);
            dynamic.strings = raw.span(offset, size).ok_or(ElfError::Outside { what: "DT_STRTAB", at: offset })?;
        }
        Ok(Some(dynamic))
    }

    /// The last value of a tag, as loaders take it.
    pub(super) fn value(&self, tag: u64) -> Option<u64> {
        self.entries.iter().rev().find(|(t, _)| *t == tag).map(|(_, value)| *value)
    }

    /// All values, for finding where a table without a size ends.
    pub(super) fn values(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().map(|(_, value)| *value)
    }

    /// The string at an offset of the string table.
    pub(super) fn string(&self, at: u64) -> Option<&'a [u8]> {
        let rest = self.strings.get(usize::try_from(at).ok()?..)?;
        let window = &rest[..rest.len().min(NAME_LIMIT)];
        Some(&window[..memchr::memchr(0, window)?])
    }

    fn name(&self, what: &'static str, at: u64) -> Result<Vec<u8>, ElfError> {
        self.string(at).map(<[u8]>::to_vec).ok_or(ElfError::Outside { what, at })
    }

    fn optional(&self, what: &'static str, tag: u64) -> Result<Option<Vec<u8>>, ElfError> {
        self.value(tag).map(|at| self.name(what, at)).transpose()
    }

    fn list(&self, what: &'static str, tag: u64) -> Result<Vec<Vec<u8>>, ElfError> {
        let mut names = Vec::new();
        let mut bytes = 0;
        for (_, at) in self.entries.iter().filter(|(t, _)| *t == tag) {
            let name = self.name(what, *at)?;
            bytes += name.len();
            if bytes > 16 * NAME_LIMIT {
                return Err(ElfError::TooLarge { what, limit: 16 * NAME_LIMIT });
            }
            names.push(name);
        }
        Ok(names)
    }

    fn tell(&self, mapped: &Mapped<'a>, facts: &mut Facts) -> Result<(), ElfError> {
        facts.soname = self.optional("DT_SONAME", DT_SONAME)?;
        facts.needed = self.list("DT_NEEDED", DT_NEEDED)?;
        facts.rpath = self.optional("DT_RPATH", DT_RPATH)?;
        facts.runpath = self.optional("DT_RUNPATH", DT_RUNPATH)?;
        facts.audit = self.optional("DT_AUDIT", DT_AUDIT)?;
        facts.depaudit = self.optional("DT_DEPAUDIT", DT_DEPAUDIT)?;
        facts.filter = self.list("DT_FILTER", DT_FILTER)?;
        facts.auxiliary = self.list("DT_AUXILIARY", DT_AUXILIARY)?;
        let flags = self.value(DT_FLAGS_1).unwrap_or(0);
        facts.is_pie = flags & DF_1_PIE != 0;
        facts.no_default_libs = flags & DF_1_NODEFLIB != 0;
        let versions = symbols::Versions::read(mapped, self)?;
        facts.imports = symbols::imports(mapped, self, &versions)?;
        facts.version_definitions = versions.definitions.iter().map(|(_, name)| name.to_vec()).collect();
        facts.version_needs = versions.needs;
        Ok(())
    }
}
