//! The version tables of a file (LSB, "Symbol Versioning"), through goblin's iterators.

use super::dynamic::Dynamic;
use super::raw::Mapped;
use super::{ElfError, SharedName, VersionNeed};
use goblin::elf::dynamic::{DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM, DT_VERSYM};
use goblin::elf::section_header::{SHT_GNU_VERDEF, SHT_GNU_VERNEED, SHT_GNU_VERSYM};
use goblin::elf::symver::{VER_FLG_WEAK, VerdefSection, VerneedSection, Versym, VersymSection};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Entries of a version table.
const VERSIONS_LIMIT: usize = 1 << 15;

/// The version tables of a file.
#[derive(Debug, Default)]
pub(super) struct Versions<'a> {
    /// The version index of each symbol.
    indexes: Option<VersymSection<'a>>,
    /// Needed versions, by library.
    pub(super) needs: Vec<(SharedName, Vec<VersionNeed>)>,
    /// Defined versions, with their index.
    pub(super) definitions: Vec<(u16, SharedName)>,
    /// Index to library and version, of the needed ones.
    pub(super) needed: BTreeMap<u16, (SharedName, SharedName)>,
}

impl<'a> Versions<'a> {
    pub(super) fn read(mapped: &Mapped<'a>, dynamic: &Dynamic<'_>) -> Result<Self, ElfError> {
        let raw = &mapped.raw;
        let mut versions = Self::default();
        if let Some(section) = dynamic.value(DT_VERSYM).and_then(|at| mapped.section(SHT_GNU_VERSYM, at, 0)) {
            versions.indexes = VersymSection::parse(raw.bytes, &[section], raw.context).ok().flatten();
        }
        if let Some(at) = table(dynamic, DT_VERNEED, DT_VERNEEDNUM) {
            let outside = ElfError::Outside { what: "DT_VERNEED", at };
            let section = mapped.section(SHT_GNU_VERNEED, at, u32::MAX);
            let table = section.and_then(|section| VerneedSection::parse(raw.bytes, &[section], raw.context).ok()?);
            versions.read_needs(dynamic, &table.ok_or_else(|| outside.clone())?, &outside)?;
        }
        if let Some(at) = table(dynamic, DT_VERDEF, DT_VERDEFNUM) {
            let outside = ElfError::Outside { what: "DT_VERDEF", at };
            let section = mapped.section(SHT_GNU_VERDEF, at, u32::MAX);
            let table = section.and_then(|section| VerdefSection::parse(raw.bytes, &[section], raw.context).ok()?);
            versions.read_definitions(dynamic, &table.ok_or_else(|| outside.clone())?, &outside)?;
        }
        Ok(versions)
    }

    fn read_needs(
        &mut self,
        dynamic: &Dynamic<'_>,
        table: &VerneedSection<'_>,
        outside: &ElfError,
    ) -> Result<(), ElfError> {
        let mut budget = VERSIONS_LIMIT;
        // The iterators end quietly where the table leaves the file: whatever the last entry points to was not read.
        let mut ended = true;
        for need in table.iter() {
            budget = spend(budget)?;
            ended = need.vn_next == 0;
            let file = shared(dynamic, need.vn_file, outside)?;
            let mut versions = Vec::new();
            for version in need.iter() {
                budget = spend(budget)?;
                let name = shared(dynamic, version.vna_name, outside)?;
                let index = Versym { vs_val: version.vna_other }.version();
                self.needed.insert(index, (Arc::clone(&file), Arc::clone(&name)));
                versions.push(VersionNeed { name, weak: version.vna_flags & VER_FLG_WEAK != 0 });
            }
            self.needs.push((file, versions));
        }
        if ended && !self.needs.is_empty() { Ok(()) } else { Err(outside.clone()) }
    }

    fn read_definitions(
        &mut self,
        dynamic: &Dynamic<'_>,
        table: &VerdefSection<'_>,
        outside: &ElfError,
    ) -> Result<(), ElfError> {
        let mut budget = VERSIONS_LIMIT;
        let mut ended = true;
        for definition in table.iter() {
            budget = spend(budget)?;
            ended = definition.vd_next == 0;
            let name = definition.iter().next().ok_or_else(|| outside.clone())?.vda_name;
            let index = Versym { vs_val: definition.vd_ndx }.version();
            self.definitions.push((index, shared(dynamic, name, outside)?));
        }
        if ended && !self.definitions.is_empty() { Ok(()) } else { Err(outside.clone()) }
    }

    /// The version index of a symbol.
    pub(super) fn index(&self, symbol: usize) -> Option<Versym> {
        self.indexes.as_ref()?.get_at(symbol)
    }
}

/// Where a table is, if it has entries. How many does not matter: a loader goes on until an entry names no next one.
fn table(dynamic: &Dynamic<'_>, tag: u64, count: u64) -> Option<u64> {
    dynamic.value(tag).filter(|_| dynamic.value(count) != Some(0))
}

fn shared(dynamic: &Dynamic<'_>, at: usize, outside: &ElfError) -> Result<SharedName, ElfError> {
    dynamic.string(at as u64).map(Arc::from).ok_or_else(|| outside.clone())
}

fn spend(budget: usize) -> Result<usize, ElfError> {
    budget.checked_sub(1).ok_or(ElfError::TooLarge { what: "version table", limit: VERSIONS_LIMIT })
}
