//! Dynamic symbols and their versions (System V ABI, "Symbol Table"; LSB, "Symbol Versioning").

use super::ElfError;
use super::dynamic::Dynamic;
use super::raw::{Mapped, Raw};
use super::versions::Versions;
use goblin::elf::dynamic::{DT_GNU_HASH, DT_HASH, DT_SYMTAB};
use goblin::elf::section_header::SHN_UNDEF;
use goblin::elf::sym::{STB_GLOBAL, STB_GNU_UNIQUE, STB_WEAK, STV_DEFAULT, STV_PROTECTED, Sym, Symtab};
use goblin::elf::symver::Versym;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of all symbol names together; the largest real libraries stay well below.
const NAMES_LIMIT: usize = 256 << 20;

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

/// Global, weak or `STB_GNU_UNIQUE`.
fn is_visible_outside(symbol: &Sym) -> bool {
    matches!(symbol.st_bind(), STB_GLOBAL | STB_WEAK | STB_GNU_UNIQUE)
}

/// The symbol table. The format does not state its length: it follows from the hash tables, and where the GNU one is empty (a
/// program that exports nothing), from the next table in memory.
fn table<'a>(mapped: &Mapped<'a>, dynamic: &Dynamic<'_>) -> Option<Symtab<'a>> {
    let raw = mapped.raw;
    let address = dynamic.value(DT_SYMTAB)?;
    let start = mapped.offset(address)?;
    let entry = Sym::size(raw.context.container) as u64;
    let room = raw.room(start) / entry;
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
    let (start, count) = (usize::try_from(start).ok()?, usize::try_from(count.min(room)).ok()?);
    Symtab::parse(raw.bytes, start, count, raw.context).ok()
}

/// One more than the highest symbol in a GNU hash table; 0 when the table is empty or damaged.
fn gnu_count(raw: Raw<'_>, at: u64) -> Option<u64> {
    let buckets: u64 = raw.u32(at)?.into();
    let first: u64 = raw.u32(at.checked_add(4)?)?.into();
    let bloom: u64 = raw.u32(at.checked_add(8)?)?.into();
    let start = at.checked_add(16)?.checked_add(bloom.checked_mul(raw.context.size() as u64)?)?;
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
        if symbol.st_shndx == SHN_UNDEF as usize && is_visible_outside(symbol) {
            let version = versions.index(number).and_then(|index| versions.needed.get(&index.version())).cloned();
            found.push(Import { name: name.to_vec(), version, weak: symbol.st_bind() == STB_WEAK });
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
        let offered = matches!(symbol.st_visibility(), STV_DEFAULT | STV_PROTECTED);
        if symbol.st_shndx != SHN_UNDEF as usize && is_visible_outside(symbol) && offered {
            let index = versions.index(number);
            // 0 and 1 are local and global: no version of their own.
            let own = index.as_ref().map(Versym::version).filter(|index| *index > 1);
            let version = own.and_then(|index| names.get(&index)).map(|name| Arc::clone(name));
            found.push(Export { name: name.to_vec(), version, hidden: index.is_some_and(|index| index.is_hidden()) });
        }
    })?;
    found.sort();
    Ok(found)
}

fn each(mapped: &Mapped<'_>, dynamic: &Dynamic<'_>, mut visit: impl FnMut(usize, &Sym, &[u8])) -> Result<(), ElfError> {
    let Some(table) = table(mapped, dynamic) else { return Ok(()) };
    let mut bytes = 0;
    for (number, symbol) in table.iter().enumerate().skip(1) {
        let Some(name) = dynamic.string(symbol.st_name as u64).filter(|name| !name.is_empty()) else { continue };
        bytes += name.len();
        if bytes > NAMES_LIMIT {
            return Err(ElfError::TooLarge { what: "symbol names", limit: NAMES_LIMIT });
        }
        visit(number, &symbol, name);
    }
    Ok(())
}
