//! Dynamic symbols and their versions (System V ABI, "Symbol Table"; LSB, "Symbol Versioning").

use super::ElfError;
use super::facts::{Dynamic, VersionNeed};
use super::raw::{Mapped, Raw};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of all symbol names together; the largest real libraries stay well below.
const NAMES_LIMIT: usize = 256 << 20;
/// Entries of a version table.
const VERSIONS_LIMIT: usize = 1 << 15;

const DT_HASH: u64 = 4;
const DT_SYMTAB: u64 = 6;
const DT_GNU_HASH: u64 = 0x6fff_fef5;
const DT_VERSYM: u64 = 0x6fff_fff0;
const DT_VERDEF: u64 = 0x6fff_fffc;
const DT_VERDEFNUM: u64 = 0x6fff_fffd;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DT_VERNEEDNUM: u64 = 0x6fff_ffff;

/// A name that many symbols of a file share.
pub type SharedName = Arc<[u8]>;

/// A symbol that a file takes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The symbol's name.
    pub name: Vec<u8>,
    /// Library and version that it was linked against.
    pub version: Option<(SharedName, SharedName)>,
    /// Weak: may stay undefined.
    pub weak: bool,
}

/// A symbol that a file offers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Export {
    /// The symbol's name.
    pub name: Vec<u8>,
    /// Its version.
    pub version: Option<Arc<[u8]>>,
    /// Not the default version: only references with that version see it.
    pub hidden: bool,
}

/// The version tables of a file.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// Offset in the file of the version index of each symbol.
    indexes: Option<u64>,
    /// Needed versions, by library.
    pub(super) needs: Vec<(Arc<[u8]>, Vec<VersionNeed>)>,
    /// Defined versions, with their index.
    pub(super) definitions: Vec<(u16, Arc<[u8]>)>,
    /// Index to library and version, of the needed ones.
    needed: BTreeMap<u16, (SharedName, SharedName)>,
}

impl Versions {
    pub(super) fn read(mapped: &Mapped<'_>, dynamic: &Dynamic<'_>) -> Result<Self, ElfError> {
        let mut versions =
            Self { indexes: dynamic.value(DT_VERSYM).and_then(|address| mapped.offset(address)), ..Self::default() };
        if let Some(address) = dynamic.value(DT_VERNEED) {
            let outside = ElfError::Outside { what: "DT_VERNEED", at: address };
            let at = mapped.offset(address).ok_or_else(|| outside.clone())?;
            let count = dynamic.value(DT_VERNEEDNUM).unwrap_or(u64::MAX);
            versions.read_needs(mapped.raw, dynamic, at, count, &outside)?;
        }
        if let Some(address) = dynamic.value(DT_VERDEF) {
            let outside = ElfError::Outside { what: "DT_VERDEF", at: address };
            let at = mapped.offset(address).ok_or_else(|| outside.clone())?;
            let count = dynamic.value(DT_VERDEFNUM).unwrap_or(u64::MAX);
            versions.read_definitions(mapped.raw, dynamic, at, count, &outside)?;
        }
        Ok(versions)
    }

    fn read_needs(
        &mut self,
        raw: Raw<'_>,
        dynamic: &Dynamic<'_>,
        mut at: u64,
        count: u64,
        outside: &ElfError,
    ) -> Result<(), ElfError> {
        let broken = || outside.clone();
        let mut budget = VERSIONS_LIMIT;
        for _ in 0..count {
            let file =
                dynamic.string(raw.u32(offset(at, 4, outside)?).ok_or_else(broken)?.into()).ok_or_else(broken)?;
            let file: Arc<[u8]> = file.into();
            let mut versions = Vec::new();
            let mut aux = offset(at, raw.u32(offset(at, 8, outside)?).ok_or_else(broken)?.into(), outside)?;
            let names = raw.u16(offset(at, 2, outside)?).ok_or_else(broken)?;
            for _ in 0..names {
                budget = spend(budget)?;
                let flags = raw.u16(offset(aux, 4, outside)?).ok_or_else(broken)?;
                let index = raw.u16(offset(aux, 6, outside)?).ok_or_else(broken)?;
                let name = raw.u32(offset(aux, 8, outside)?).and_then(|at| dynamic.string(at.into()));
                let name: Arc<[u8]> = name.ok_or_else(broken)?.into();
                self.needed.insert(index & 0x7fff, (Arc::clone(&file), Arc::clone(&name)));
                versions.push(VersionNeed { name, weak: flags & 2 != 0 });
                match raw.u32(offset(aux, 12, outside)?).ok_or_else(broken)? {
                    0 => break,
                    next => aux = offset(aux, next.into(), outside)?,
                }
            }
            self.needs.push((file, versions));
            budget = spend(budget)?;
            match raw.u32(offset(at, 12, outside)?).ok_or_else(broken)? {
                0 => break,
                next => at = offset(at, next.into(), outside)?,
            }
        }
        Ok(())
    }

    fn read_definitions(
        &mut self,
        raw: Raw<'_>,
        dynamic: &Dynamic<'_>,
        mut at: u64,
        count: u64,
        outside: &ElfError,
    ) -> Result<(), ElfError> {
        let broken = || outside.clone();
        let mut budget = VERSIONS_LIMIT;
        for _ in 0..count {
            budget = spend(budget)?;
            let index = raw.u16(offset(at, 4, outside)?).ok_or_else(broken)?;
            let aux = offset(at, raw.u32(offset(at, 12, outside)?).ok_or_else(broken)?.into(), outside)?;
            let name = raw.u32(aux).and_then(|at| dynamic.string(at.into())).ok_or_else(broken)?;
            self.definitions.push((index & 0x7fff, name.into()));
            match raw.u32(offset(at, 16, outside)?).ok_or_else(broken)? {
                0 => break,
                next => at = offset(at, next.into(), outside)?,
            }
        }
        Ok(())
    }

    /// The version index of a symbol; the top bit says hidden.
    fn index(&self, raw: Raw<'_>, symbol: u64) -> Option<u16> {
        raw.u16(self.indexes?.checked_add(symbol.checked_mul(2)?)?)
    }
}

fn offset(at: u64, by: u64, outside: &ElfError) -> Result<u64, ElfError> {
    at.checked_add(by).ok_or_else(|| outside.clone())
}

fn spend(budget: usize) -> Result<usize, ElfError> {
    budget.checked_sub(1).ok_or(ElfError::TooLarge { what: "version table", limit: VERSIONS_LIMIT })
}

/// One entry of the symbol table.
struct Symbol {
    name: u64,
    info: u8,
    other: u8,
    section: u16,
}

impl Symbol {
    fn read(raw: Raw<'_>, at: u64) -> Option<Self> {
        raw.span(at, if raw.is_64() { 24 } else { 16 })?;
        let name = raw.u32(at)?.into();
        let (info, other, section) = if raw.is_64() { (4, 5, 6) } else { (12, 13, 14) };
        Some(Self { name, info: raw.u8(at + info)?, other: raw.u8(at + other)?, section: raw.u16(at + section)? })
    }

    fn is_weak(&self) -> bool {
        self.info >> 4 == 2
    }

    /// Global, weak or `STB_GNU_UNIQUE`.
    fn is_visible_outside(&self) -> bool {
        matches!(self.info >> 4, 1 | 2 | 10)
    }
}

/// Offset and length of the symbol table. The format does not state the length: it follows from the hash tables, and where the GNU
/// one is empty (a program that exports nothing), from the next table in memory.
fn table(mapped: &Mapped<'_>, dynamic: &Dynamic<'_>) -> Option<(u64, u64)> {
    let raw = mapped.raw;
    let address = dynamic.value(DT_SYMTAB)?;
    let start = mapped.offset(address)?;
    let entry: u64 = if raw.is_64() { 24 } else { 16 };
    let room = (raw.bytes.len() as u64).saturating_sub(start) / entry;
    let hashed = dynamic.value(DT_HASH).and_then(|address| raw.u32(mapped.offset(address)?.checked_add(4)?));
    let count = match hashed {
        Some(chains) => chains.into(),
        None => match dynamic.value(DT_GNU_HASH).and_then(|address| gnu_count(raw, mapped.offset(address)?)) {
            Some(count) if count > 0 => count,
            _ => {
                let next = dynamic.values().filter(|value| *value > address && mapped.offset(*value).is_some()).min();
                next.map_or(room, |next| (next - address) / entry)
            }
        },
    };
    Some((start, count.min(room)))
}

/// One more than the highest symbol in a GNU hash table; 0 when the table is empty or damaged.
fn gnu_count(raw: Raw<'_>, at: u64) -> Option<u64> {
    let buckets: u64 = raw.u32(at)?.into();
    let first: u64 = raw.u32(at.checked_add(4)?)?.into();
    let bloom: u64 = raw.u32(at.checked_add(8)?)?.into();
    let start = at.checked_add(16)?.checked_add(bloom.checked_mul(if raw.is_64() { 8 } else { 4 })?)?;
    let table = raw.span(start, buckets.checked_mul(4)?)?;
    let highest = (0..table.len() as u64 / 4).filter_map(|index| raw.u32(start + 4 * index)).max()?;
    let mut symbol = u64::from(highest);
    if symbol < first {
        return None;
    }
    // The chain of the last bucket ends at the last symbol: its lowest bit is set.
    let chains = start.checked_add(buckets.checked_mul(4)?)?;
    loop {
        let hash = raw.u32(chains.checked_add((symbol - first).checked_mul(4)?)?)?;
        symbol += 1;
        if hash & 1 != 0 {
            return Some(symbol);
        }
    }
}

/// The undefined symbols.
pub(super) fn imports(
    mapped: &Mapped<'_>,
    dynamic: &Dynamic<'_>,
    versions: &Versions,
) -> Result<Vec<Import>, ElfError> {
    let mut found = Vec::new();
    each(mapped, dynamic, |number, symbol, name| {
        if symbol.section == 0 && symbol.is_visible_outside() {
            let index = versions.index(mapped.raw, number).map(|index| index & 0x7fff);
            let version = index.and_then(|index| versions.needed.get(&index)).cloned();
            found.push(Import { name: name.to_vec(), version, weak: symbol.is_weak() });
        }
    })?;
    Ok(found)
}

/// The symbols that a file offers to others, in name order.
///
/// # Errors
/// As [`read`](super::read).
pub fn exports(bytes: &[u8]) -> Result<Vec<Export>, ElfError> {
    let mapped = Mapped::new(Raw::new(bytes)?)?;
    let Some(dynamic) = Dynamic::read(&mapped)? else { return Ok(Vec::new()) };
    let versions = Versions::read(&mapped, &dynamic)?;
    let names: BTreeMap<u16, &Arc<[u8]>> = versions.definitions.iter().map(|(index, name)| (*index, name)).collect();
    let mut found = Vec::new();
    each(&mapped, &dynamic, |number, symbol, name| {
        let visibility = symbol.other & 3;
        if symbol.section != 0 && symbol.is_visible_outside() && matches!(visibility, 0 | 3) {
            let index = versions.index(mapped.raw, number).unwrap_or(1);
            // 0 and 1 are local and global: no version of their own.
            let version = Some(index & 0x7fff).filter(|index| *index > 1).and_then(|index| names.get(&index));
            let version = version.map(|name| Arc::clone(name));
            found.push(Export { name: name.to_vec(), version, hidden: index & 0x8000 != 0 });
        }
    })?;
    found.sort();
    Ok(found)
}

fn each(
    mapped: &Mapped<'_>,
    dynamic: &Dynamic<'_>,
    mut visit: impl FnMut(u64, &Symbol, &[u8]),
) -> Result<(), ElfError> {
    let Some((start, count)) = table(mapped, dynamic) else { return Ok(()) };
    let entry: u64 = if mapped.raw.is_64() { 24 } else { 16 };
    let mut bytes = 0;
    for number in 1..count {
        let Some(symbol) = Symbol::read(mapped.raw, start + number * entry) else { break };
        let Some(name) = dynamic.string(symbol.name).filter(|name| !name.is_empty()) else { continue };
        bytes += name.len();
        if bytes > NAMES_LIMIT {
            return Err(ElfError::TooLarge { what: "symbol names", limit: NAMES_LIMIT });
        }
        visit(number, &symbol, name);
    }
    Ok(())
}
