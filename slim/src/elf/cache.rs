//! The dynamic loader's cache, `/etc/ld.so.cache`, in the format `glibc-ld.so.cache1.1` (glibc, `sysdeps/generic/dl-cache.h`).
//!
//! All of the file is derived: sorted entries, a string table, and since glibc 2.33 an extension section that names the
//! `glibc-hwcaps` directories and the program that wrote it. [`Cache::write`] gives the bytes that `ldconfig` of that glibc
//! would write for the same entries, so that a regenerated cache is compared byte for byte.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

const MAGIC: &[u8; 20] = b"glibc-ld.so.cache1.1";
const OLD_MAGIC: &[u8; 11] = b"ld.so-1.7.0";
const HEADER: usize = 48;
const ENTRY: usize = 24;
const EXTENSION_MAGIC: u32 = 0xeaa4_2174;
const TAG_GENERATOR: u32 = 0;
const TAG_HWCAPS: u32 = 1;
/// Set in an entry's capability field when its low half is an index of `glibc-hwcaps` directories.
const HWCAP_EXTENSION: u64 = 1 << 62;
/// No real system comes near; a file that claims more is refused.
const MOST_ENTRIES: usize = 1 << 20;

/// A loader cache.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cache {
    /// Entries in the order that the loader searches.
    pub entries: Vec<Entry>,
    /// Names of `glibc-hwcaps` directories that were searched, with libraries in them or without.
    pub directories: BTreeSet<Vec<u8>>,
    /// What wrote the cache (`ldconfig (Debian GLIBC 2.36-9) stable release version 2.36`); `None` before glibc 2.33, which also
    /// means a string table without sharing.
    pub generator: Option<Vec<u8>>,
    /// Byte order of the image's architecture.
    pub big_endian: bool,
}

/// One library of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the loader is asked for: `libc.so.6`.
    pub soname: Vec<u8>,
    /// Where it is: `/lib/x86_64-linux-gnu/libc.so.6`.
    pub path: Vec<u8>,
    /// Library type and ABI: see [`flags`].
    pub flags: u32,
    /// The oldest kernel that the library runs on, from its ABI note; 0 since glibc 2.36 and for libraries without a note.
    pub os_version: u32,
    /// What the processor must have.
    pub needs: Needs,
}

impl Entry {
    /// Whether every processor of the architecture may use it.
    pub fn is_baseline(&self) -> bool {
        self.needs == Needs::Bits(0)
    }
}

/// What a library in a capability directory asks of the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Bits of the legacy directories (`haswell`, `tls`), removed in glibc 2.37; 0 for ordinary directories.
    Bits(u64),
    /// A directory below `glibc-hwcaps`: `x86-64-v3`.
    Directory {
        /// Its name.
        name: Vec<u8>,
        /// The ISA level that the library's own property note asks for.
        isa_level: u16,
    },
}

/// Values of [`Entry::flags`] (`ldconfig.h` of glibc).
pub mod flags {
    /// An ELF library for glibc; all others are history.
    pub const ELF_LIBC6: u32 = 0x0003;
    /// 64 bit SPARC.
    pub const SPARC_LIB64: u32 = 0x0100;
    /// amd64.
    pub const X8664_LIB64: u32 = 0x0300;
    /// s390x.
    pub const S390_LIB64: u32 = 0x0400;
    /// 64 bit PowerPC, both byte orders.
    pub const POWERPC_LIB64: u32 = 0x0500;
    /// MIPS N32.
    pub const MIPS64_LIBN32: u32 = 0x0600;
    /// MIPS N64.
    pub const MIPS64_LIBN64: u32 = 0x0700;
    /// x32.
    pub const X8664_LIBX32: u32 = 0x0800;
    /// ARM hard float.
    pub const ARM_LIBHF: u32 = 0x0900;
    /// AArch64.
    pub const AARCH64_LIB64: u32 = 0x0a00;
    /// ARM soft float.
    pub const ARM_LIBSF: u32 = 0x0b00;
    /// RISC-V soft float.
    pub const RISCV_SOFT: u32 = 0x0f00;
    /// RISC-V double float.
    pub const RISCV_DOUBLE: u32 = 0x1000;
    /// LoongArch soft float.
    pub const LOONGARCH_SOFT: u32 = 0x1100;
    /// LoongArch double float.
    pub const LOONGARCH_DOUBLE: u32 = 0x1200;
}

/// Why bytes are not a loader cache.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// Neither `glibc-ld.so.cache1.1` nor the old format with the new one inside.
    #[error("not a loader cache of the format glibc-ld.so.cache1.1")]
    Magic,
    /// A table or string lies outside the file.
    #[error("the loader cache is cut short: {0} lies outside it")]
    Outside(&'static str),
    /// More entries than any system has.
    #[error("the loader cache claims {0} entries")]
    TooMany(usize),
}

impl Cache {
    /// Reads a cache, also one hidden in the old format (`ldconfig --format=compat`).
    ///
    /// # Errors
    /// When the bytes are no cache or point outside themselves.
    pub fn read(file: &[u8]) -> Result<Self, CacheError> {
        let file = inner(file)?;
        let big_endian = match file.get(28).map(|b| b & 3) {
            Some(3) => true,
            Some(2) => false,
            // Before the byte order was recorded: entry counts are small, so the top byte tells.
            _ => file.get(20) == Some(&0) && file.get(23) != Some(&0),
        };
        let reader = Reader { file, big_endian };
        let count = reader.word(20, "the header")? as usize;
        if count > MOST_ENTRIES {
            return Err(CacheError::TooMany(count));
        }
        let (generator, names) = reader.extensions()?;
        let mut cache = Self { generator, big_endian, directories: names.iter().cloned().collect(), ..Self::default() };
        for index in 0..count {
            let at = HEADER + index * ENTRY;
            let word = |offset| reader.word(at + offset, "an entry");
            let string = |offset| reader.string(word(offset)? as usize);
            let (first, second) = (u64::from(word(16)?), u64::from(word(20)?));
            let bits = if big_endian { first << 32 | second } else { second << 32 | first };
            let needs = match names.get((bits & 0xffff_ffff) as usize) {
                Some(name) if bits >> 42 == HWCAP_EXTENSION >> 42 => {
                    Needs::Directory { name: name.clone(), isa_level: (bits >> 32 & 0x3ff) as u16 }
                }
                _ => Needs::Bits(bits),
            };
            let (soname, path) = (string(4)?, string(8)?);
            cache.entries.push(Entry { soname, path, flags: word(0)?, os_version: word(12)?, needs });
        }
        Ok(cache)
    }

    /// Adds an entry where the loader looks for it: entries that compare equal stay in the order they were added in.
    pub fn add(&mut self, entry: Entry) {
        let at = self.entries.partition_point(|other| order(other, &entry) != Ordering::Greater);
        self.entries.insert(at, entry);
    }

    /// The file's bytes.
    pub fn write(&self) -> Vec<u8> {
        let used: BTreeSet<&[u8]> = self.entries.iter().filter_map(Entry::directory).collect();
        let strings = if self.generator.is_some() { self.shared_strings() } else { self.plain_strings() };
        let base = HEADER + self.entries.len() * ENTRY;
        let extension = (base + strings.bytes.len()).next_multiple_of(4);
        let mut out = Writer { bytes: Vec::with_capacity(extension + 256), big_endian: self.big_endian };
        out.bytes.extend_from_slice(MAGIC);
        out.word(self.entries.len());
        out.word(strings.bytes.len());
        out.bytes.extend_from_slice(&[if self.big_endian { 3 } else { 2 }, 0, 0, 0]);
        out.word(if self.generator.is_some() { extension } else { 0 });
        out.bytes.resize(HEADER, 0);
        for (index, entry) in self.entries.iter().enumerate() {
            let (soname, path) = strings.place(index, entry);
            out.word(entry.flags as usize);
            out.word(base + soname);
            out.word(base + path);
            out.word(entry.os_version as usize);
            let bits = match &entry.needs {
                Needs::Bits(bits) => *bits,
                Needs::Directory { name, isa_level } => {
                    let index = used.iter().position(|other| other == name).unwrap_or_default();
                    HWCAP_EXTENSION | u64::from(*isa_level) << 32 | index as u64
                }
            };
            let (low, high) = ((bits & 0xffff_ffff) as usize, (bits >> 32) as usize);
            let (first, second) = if self.big_endian { (high, low) } else { (low, high) };
            out.word(first);
            out.word(second);
        }
        out.bytes.extend_from_slice(&strings.bytes);
        if let Some(generator) = &self.generator {
            out.bytes.resize(extension, 0);
            let sections = 1 + usize::from(!used.is_empty());
            let names_at = extension + 8 + sections * 16;
            out.word(EXTENSION_MAGIC as usize);
            out.word(sections);
            let generator_at = names_at + 4 * used.len();
            for value in [TAG_GENERATOR as usize, 0, generator_at, generator.len()] {
                out.word(value);
            }
            if !used.is_empty() {
                for value in [TAG_HWCAPS as usize, 0, names_at, 4 * used.len()] {
                    out.word(value);
                }
            }
            for name in &used {
                out.word(base + strings.offsets.get(*name).copied().unwrap_or_default());
            }
            out.bytes.extend_from_slice(generator);
        }
        out.bytes
    }

    /// Since glibc 2.33: every string once, and a string that ends another is found at that one's end.
    fn shared_strings(&self) -> Strings {
        let all = self.entries.iter().flat_map(|entry| [&entry.soname, &entry.path]).chain(&self.directories);
        let mut all: Vec<&[u8]> =
            all.map(Vec::as_slice).chain(self.entries.iter().filter_map(Entry::directory)).collect();
        // By reversed strings, backwards: a string comes right after the longer ones that it ends.
        all.sort_by(|a, b| b.iter().rev().cmp(a.iter().rev()));
        all.dedup();
        let mut strings = Strings::default();
        let mut last: Option<(&[u8], usize)> = None;
        for string in all {
            let at = match last {
                Some((longer, at)) if longer.ends_with(string) => at + longer.len() - string.len(),
                _ => strings.append(string),
            };
            strings.offsets.insert(string.to_vec(), at);
            last = Some((string, at));
        }
        strings
    }

    /// Before glibc 2.33: name and path of every entry one after the other, equal ones again.
    fn plain_strings(&self) -> Strings {
        let mut strings = Strings::default();
        for entry in &self.entries {
            let place = (strings.append(&entry.soname), strings.append(&entry.path));
            strings.places.push(place);
        }
        strings
    }
}

impl Entry {
    fn directory(&self) -> Option<&[u8]> {
        match &self.needs {
            Needs::Directory { name, .. } => Some(name),
            Needs::Bits(_) => None,
        }
    }
}

/// The order of entries (`compare` of `elf/cache.c`): names descending, then ABI, then the most special first.
fn order(a: &Entry, b: &Entry) -> Ordering {
    let special = |entry: &Entry| match entry.needs {
        Needs::Bits(bits) => (bits.count_ones(), bits),
        Needs::Directory { .. } => (0, 0),
    };
    let directories = match (a.directory(), b.directory()) {
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (a, b) => a.cmp(&b),
    };
    compare_names(&b.soname, &a.soname)
        .then(b.flags.cmp(&a.flags))
        .then(directories)
        .then(special(b).cmp(&special(a)))
        .then(b.os_version.cmp(&a.os_version))
}

/// Compares library names as the loader does (`_dl_cache_libcmp`): runs of digits as numbers, and a digit is greater than anything
/// else.
pub fn compare_names(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        match (a.first(), b.first()) {
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let by_value = take_number(&mut a).cmp(&take_number(&mut b));
                if by_value.is_ne() {
                    return by_value;
                }
            }
            (Some(x), _) if x.is_ascii_digit() => return Ordering::Greater,
            (Some(_), Some(y)) if y.is_ascii_digit() => return Ordering::Less,
            (Some(x), Some(y)) if x == y => (a, b) = (&a[1..], &b[1..]),
            (x, y) => return x.cmp(&y),
        }
    }
}

fn take_number(text: &mut &[u8]) -> u64 {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.iter().fold(0_u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

#[derive(Default)]
struct Strings {
    bytes: Vec<u8>,
    /// Where shared strings are.
    offsets: BTreeMap<Vec<u8>, usize>,
    /// Where each entry's own strings are, when they are not shared.
    places: Vec<(usize, usize)>,
}

impl Strings {
    fn append(&mut self, string: &[u8]) -> usize {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(string);
        self.bytes.push(0);
        at
    }

    fn place(&self, index: usize, entry: &Entry) -> (usize, usize) {
        let shared = |string| self.offsets.get(string).copied().unwrap_or_default();
        self.places.get(index).copied().unwrap_or_else(|| (shared(&entry.soname), shared(&entry.path)))
    }
}

struct Writer {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Writer {
    fn word(&mut self, value: usize) {
        let value = value as u32;
        self.bytes.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }
}

/// The part of the file that is in the new format.
fn inner(file: &[u8]) -> Result<&[u8], CacheError> {
    if file.starts_with(MAGIC) {
        return Ok(file);
    }
    if !file.starts_with(OLD_MAGIC) {
        return Err(CacheError::Magic);
    }
    // The old header is 16 bytes, each of its entries 12, and the new format follows aligned to 8.
    let count = file.get(12..16).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes).unwrap_or_default();
    let start = (16 + count as usize * 12).next_multiple_of(8);
    file.get(start..).filter(|rest| rest.starts_with(MAGIC)).ok_or(CacheError::Magic)
}

/// What wrote the cache, and the names of the capability directories.
type Extensions = (Option<Vec<u8>>, Vec<Vec<u8>>);

struct Reader<'a> {
    file: &'a [u8],
    big_endian: bool,
}

impl Reader<'_> {
    fn word(&self, at: usize, what: &'static str) -> Result<u32, CacheError> {
        let word = at.checked_add(4).and_then(|end| self.file.get(at..end)).and_then(|word| word.try_into().ok());
        let word = word.ok_or(CacheError::Outside(what))?;
        Ok(if self.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    }

    fn string(&self, at: usize) -> Result<Vec<u8>, CacheError> {
        let rest = self.file.get(at..).ok_or(CacheError::Outside("a string"))?;
        let end = memchr::memchr(0, &rest[..rest.len().min(4096)]).ok_or(CacheError::Outside("the end of a string"))?;
        Ok(rest[..end].to_vec())
    }

    fn extensions(&self) -> Result<Extensions, CacheError> {
        let at = self.word(32, "the header")? as usize;
        let (mut generator, mut names) = (None, Vec::new());
        if at == 0 || self.word(at, "the extension section")? != EXTENSION_MAGIC {
            return Ok((generator, names));
        }
        let count = self.word(at + 4, "the extension section")? as usize;
        for index in 0..count.min(16) {
            let word = |offset| self.word(at + 8 + index * 16 + offset, "an extension");
            let (tag, start, size) = (word(0)?, word(8)? as usize, word(12)? as usize);
            let outside = CacheError::Outside("an extension");
            let body = start.checked_add(size).and_then(|end| self.file.get(start..end)).ok_or(outside)?;
            match tag {
                TAG_GENERATOR => generator = Some(body.to_vec()),
                TAG_HWCAPS => {
                    for offset in (0..size / 4).map(|index| start + index * 4).take(4096) {
                        names.push(self.string(self.word(offset, "a directory name")? as usize)?);
                    }
                }
                _ => {}
            }
        }
        Ok((generator, names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(soname: &str, directory: &str) -> Entry {
        let path = format!("{directory}/{soname}").into_bytes();
        Entry { soname: soname.into(), path, flags: 0x303, os_version: 0, needs: Needs::Bits(0) }
    }

    fn special(soname: &str, name: &str) -> Entry {
        let needs = Needs::Directory { name: name.into(), isa_level: 0 };
        Entry { needs, ..entry(soname, &format!("/lib/glibc-hwcaps/{name}")) }
    }

    fn cache(generator: Option<&str>) -> Cache {
        let mut cache = Cache { generator: generator.map(Into::into), ..Cache::default() };
        for entry in [entry("libb.so.9", "/lib"), entry("libb.so.10", "/lib"), entry("liba.so.1", "/usr/lib")] {
            cache.add(entry);
        }
        cache
    }

    fn names(cache: &Cache) -> Vec<String> {
        cache.entries.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect()
    }

    #[test]
    fn numbers_in_names_compare_as_numbers() {
        use Ordering::{Equal, Greater, Less};
        let rows = [
            ("libx.so.9", "libx.so.10", Less),
            ("libx.so.1.2", "libx.so.1", Greater),
            ("libx.so", "libx1.so", Less),
            ("libx.so.01", "libx.so.1", Equal),
            ("liba", "libb", Less),
            ("lib99999999999999999999999", "lib1", Greater),
        ];
        for (a, b, expected) in rows {
            assert_eq!(compare_names(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }

    #[test]
    fn entries_are_sorted_from_the_greatest_and_equal_ones_keep_their_order() {
        let mut cache = cache(None);
        cache.add(entry("liba.so.1", "/lib"));
        cache.add(special("liba.so.1", "x86-64-v3"));
        cache.add(special("liba.so.1", "x86-64-v2"));
        let expected = [
            "/lib/libb.so.10",
            "/lib/libb.so.9",
            "/lib/glibc-hwcaps/x86-64-v2/liba.so.1",
            "/lib/glibc-hwcaps/x86-64-v3/liba.so.1",
            "/usr/lib/liba.so.1",
            "/lib/liba.so.1",
        ];
        assert_eq!(names(&cache), expected);
    }

    #[test]
    fn what_is_written_can_be_read_in_every_form() {
        for generator in [None, Some("ldconfig (toy) stable release version 2.36")] {
            for big_endian in [false, true] {
                let mut cache = Cache { big_endian, ..cache(generator) };
                assert_eq!(Cache::read(&cache.write()), Ok(cache.clone()));
                if generator.is_some() {
                    cache.add(special("liba.so.1", "x86-64-v3"));
                    cache.directories.insert(b"x86-64-v3".to_vec());
                    assert_eq!(Cache::read(&cache.write()), Ok(cache));
                }
            }
        }
    }

    #[test]
    fn a_string_that_ends_another_is_not_written_again() {
        let bytes = cache(Some("g")).write();
        assert_eq!(memchr::memmem::find_iter(&bytes, b"libb.so.9").count(), 1);
        assert_eq!(memchr::memmem::find_iter(&cache(None).write(), b"libb.so.9").count(), 2);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_never_a_panic() {
        assert_eq!(Cache::read(b"elf"), Err(CacheError::Magic));
        let good = cache(Some("generator")).write();
        for end in 0..good.len() {
            let _ = Cache::read(&good[..end]);
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            let _ = Cache::read(&bad);
        }
    }
}
