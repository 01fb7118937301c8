//! The dynamic section (System V ABI, "Dynamic Section"), as goblin reads it.

use super::raw::Mapped;
use super::{ElfError, Facts, symbols};
use goblin::elf::dynamic::{
    DF_1_NODEFLIB, DF_1_PIE, DT_AUDIT, DT_DEPAUDIT, DT_FLAGS_1, DT_NEEDED, DT_NULL, DT_RPATH, DT_RUNPATH, DT_SONAME,
    DT_STRSZ, DT_STRTAB, Dyn, Dynamic as Section,
};

/// Tags of Solaris' that goblin does not name (glibc `elf.h`).
const DT_AUXILIARY: u64 = 0x7fff_fffd;
const DT_FILTER: u64 = 0x7fff_ffff;

/// Entries of a dynamic section; real ones have some dozens.
const DYNAMIC_LIMIT: usize = 1 << 16;
/// Bytes of a library name or a search path.
pub(super) const NAME_LIMIT: usize = 1 << 16;

/// The dynamic section: tags and values in order, and the string table they point into.
pub(super) struct Dynamic<'a> {
    entries: Vec<Dyn>,
    strings: &'a [u8],
}

impl<'a> Dynamic<'a> {
    pub(super) fn read(mapped: &Mapped<'a>) -> Result<Option<Self>, ElfError> {
        let raw = &mapped.raw;
        let limit = (DYNAMIC_LIMIT + 1) * Dyn::size(raw.context.container);
        let Some(segment) = mapped.dynamic(limit as u64) else { return Ok(None) };
        let outside = ElfError::Outside { what: "PT_DYNAMIC", at: segment.p_offset };
        let cut = raw.room(segment.p_offset) > segment.p_filesz;
        let read = Section::parse(raw.bytes, &[segment], raw.context);
        let Ok(Some(Section { dyns: mut entries, .. })) = read else { return Err(outside) };
        match entries.pop() {
            Some(last) if last.d_tag == DT_NULL => {}
            _ if cut => return Err(ElfError::TooLarge { what: "PT_DYNAMIC", limit: DYNAMIC_LIMIT }),
            _ => return Err(outside),
        }
        let mut dynamic = Self { entries, strings: &[] };
        if let Some(address) = dynamic.value(DT_STRTAB) {
            let offset = mapped.offset(address).ok_or(ElfError::Outside { what: "DT_STRTAB", at: address })?;
            let room = raw.room(offset);
            let size = dynamic.value(DT_STRSZ).unwrap_or(room).min(room);
            dynamic.strings = raw.span(offset, size).ok_or(ElfError::Outside { what: "DT_STRTAB", at: offset })?;
        }
        Ok(Some(dynamic))
    }

    /// The last value of a tag, as loaders take it.
    pub(super) fn value(&self, tag: u64) -> Option<u64> {
        self.entries.iter().rev().find(|entry| entry.d_tag == tag).map(|entry| entry.d_val)
    }

    /// All values, for finding where a table without a size ends.
    pub(super) fn values(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().map(|entry| entry.d_val)
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
        for entry in self.entries.iter().filter(|entry| entry.d_tag == tag) {
            let name = self.name(what, entry.d_val)?;
            bytes += name.len();
            if bytes > 16 * NAME_LIMIT {
                return Err(ElfError::TooLarge { what, limit: 16 * NAME_LIMIT });
            }
            names.push(name);
        }
        Ok(names)
    }

    /// Fills in what the section says.
    pub(super) fn tell(&self, mapped: &Mapped<'a>, facts: &mut Facts) -> Result<(), ElfError> {
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
        let versions = super::versions::Versions::read(mapped, self)?;
        facts.imports = symbols::imports(mapped, self, &versions)?;
        facts.version_definitions = versions.definitions.iter().map(|(_, name)| name.to_vec()).collect();
        facts.version_needs = versions.needs;
        Ok(())
    }
}
