//! Which glibc an image has: it decides the format of the loader's cache and where libraries are looked for.

use super::library::Library;
use crate::engine::native::effects::{path, read, unproven};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::elf::cache::Cache;
use slim::path::ImagePath;

/// The image's glibc, as far as its `ldconfig` depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glibc {
    /// Upstream version: `(2, 36)`.
    pub version: (u32, u32),
    /// What `ldconfig` calls itself in the cache.
    pub generator: Vec<u8>,
    /// ELF machine of the image.
    pub machine: u16,
    /// Byte order of the image.
    pub big_endian: bool,
    /// Directories that are searched without being configured, in order.
    pub directories: Vec<&'static str>,
}

macro_rules! multiarch {
    ($machine:literal, $triplet:literal) => {
        ($machine, $triplet, [concat!("/lib/", $triplet), concat!("/usr/lib/", $triplet), "/lib", "/usr/lib"])
    };
}

/// Debian's names of architectures' library directories, with their ELF machine.
const MULTIARCH: [(u16, &str, [&str; 4]); 13] = [
    multiarch!(62, "x86_64-linux-gnu"),
    multiarch!(183, "aarch64-linux-gnu"),
    multiarch!(3, "i386-linux-gnu"),
    multiarch!(40, "arm-linux-gnueabihf"),
    multiarch!(40, "arm-linux-gnueabi"),
    multiarch!(21, "powerpc64le-linux-gnu"),
    multiarch!(22, "s390x-linux-gnu"),
    multiarch!(243, "riscv64-linux-gnu"),
    multiarch!(8, "mips64el-linux-gnuabi64"),
    multiarch!(8, "mipsel-linux-gnu"),
    multiarch!(258, "loongarch64-linux-gnu"),
    multiarch!(62, "x86_64-linux-gnux32"),
    multiarch!(21, "powerpc64-linux-gnu"),
];

/// Directories of distros without multiarch: each of `/lib` and `/usr/lib` with its sisters (`add_system_dir` of glibc).
const BIARCH: [&str; 4] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];
const BIARCH_X86: [&str; 8] =
    ["/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32"];

impl Glibc {
    /// Finds the image's glibc: from `ldconfig` itself, else (it may have been removed) from the C library, else from the cache that
    /// it last wrote.
    pub(super) fn find(draft: &Draft<'_>, cache: &ImagePath) -> Result<Self, Unproven> {
        let program = ["/sbin/ldconfig.real", "/sbin/ldconfig", "/usr/sbin/ldconfig"];
        let mut places: Vec<ImagePath> = program.into_iter().map(ImagePath::literal).collect();
        for directory in MULTIARCH.iter().flat_map(|(_, _, directories)| &directories[..2]).chain(&BIARCH_X86) {
            places.push(path(format!("{directory}/libc.so.6"))?);
        }
        for place in places {
            let Some((_, node)) = draft.tree().lookup(&place) else { continue };
            let Some(file) = node.as_file() else { continue };
            let head = draft.contents().head(&file.content, 20).unwrap_or_default();
            let Some((machine, big_endian)) = machine(&head) else { continue };
            let bytes = read(draft, &place)?.unwrap_or_default();
            if let Some((name, version)) = banner(&bytes) {
                return Ok(Self::of(draft, name, version, machine, big_endian));
            }
        }
        Self::from_cache(draft, cache)
    }

    /// From the last cache, when both `ldconfig` and the C library are out of reach.
    fn from_cache(draft: &Draft<'_>, cache: &ImagePath) -> Result<Self, Unproven> {
        let missing = || unproven("ldconfig", "the image has neither ldconfig nor a C library that tells its version");
        let old = read(draft, cache)?.and_then(|bytes| Cache::read(&bytes).ok()).ok_or_else(missing)?;
        let name = old.generator.ok_or_else(missing)?;
        let version = version_of(&name).ok_or_else(missing)?;
        for entry in &old.entries {
            let found = path(&entry.path).ok().and_then(|path| draft.tree().lookup(&path));
            if let Some(file) = found.and_then(|(_, node)| node.as_file())
                && let Ok(Some(library)) = Library::read(draft.contents(), &file.content)
            {
                let banner = name.strip_prefix(b"ldconfig ").unwrap_or(&name).to_vec();
                return Ok(Self::of(draft, banner, version, library.machine, library.big_endian));
            }
        }
        Err(missing())
    }

    fn of(draft: &Draft<'_>, name: Vec<u8>, version: (u32, u32), machine: u16, big_endian: bool) -> Self {
        let exists = |directory: &str| draft.tree().lookup(&ImagePath::literal(directory)).is_some();
        let multiarch = MULTIARCH.iter().find(|row| row.0 == machine && (exists(row.2[0]) || exists(row.2[1])));
        let directories = match multiarch {
            Some((_, _, directories)) => directories.to_vec(),
            None if matches!(machine, 3 | 62) => BIARCH_X86.to_vec(),
            None => BIARCH.to_vec(),
        };
        let generator = [b"ldconfig ", &name[..]].concat();
        Self { version, generator, machine, big_endian, directories }
    }

    /// Whether this glibc knows `glibc-hwcaps` directories and writes the extension section.
    pub(super) fn has_extensions(&self) -> bool {
        self.version >= (2, 33)
    }

    /// Whether `haswell`, `tls` and their like are still searched.
    pub(super) fn has_legacy_directories(&self) -> bool {
        self.version < (2, 37)
    }

    /// Whether kernel versions of ABI notes are written.
    pub(super) fn has_os_version(&self) -> bool {
        self.version < (2, 36)
    }

    /// The bits that a legacy directory's name stands for (`dl-procinfo.h` of each port).
    pub(super) fn legacy_bits(&self, name: &[u8]) -> Option<u64> {
        if !self.has_legacy_directories() {
            return None;
        }
        let bit = match (self.machine, name) {
            (_, b"tls") => 63,
            (62 | 3, b"x86_64") => 1,
            (62 | 3, b"avx512_1") => 2,
            (62 | 3, b"i586") => 48,
            (62 | 3, b"i686") => 49,
            (62 | 3, b"haswell") => 50,
            (62 | 3, b"xeon_phi") => 51,
            (3, b"sse2") => 0,
            (183, b"atomics") => 8,
            _ => return None,
        };
        Some(1 << bit)
    }
}

fn machine(head: &[u8]) -> Option<(u16, bool)> {
    let field = [*head.get(18)?, *head.get(19)?];
    match head {
        [0x7f, b'E', b'L', b'F', _, 1, ..] => Some((u16::from_le_bytes(field), false)),
        [0x7f, b'E', b'L', b'F', _, 2, ..] => Some((u16::from_be_bytes(field), true)),
        _ => None,
    }
}

/// `(Debian GLIBC 2.36-9) stable release version 2.36`, as in the strings of `ldconfig` (since 2.33) and of the C library.
fn banner(bytes: &[u8]) -> Option<(Vec<u8>, (u32, u32))> {
    for intro in [&b"ldconfig ("[..], b"GNU C Library ("] {
        for at in memchr::memmem::find_iter(bytes, intro) {
            let rest = &bytes[at + intro.len() - 1..];
            let line = &rest[..rest.iter().take(300).position(|b| matches!(b, 0 | b'\n')).unwrap_or(0)];
            if let Some(version) = version_of(line) {
                // The library's banner goes on after the version.
                let name = line.strip_suffix(b".").unwrap_or(line);
                return Some((name.to_vec(), version));
            }
        }
    }
    None
}

/// The numbers after `release version`.
fn version_of(banner: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(banner).ok()?;
    let (_, version) = text.split_once(" release version ")?;
    let mut numbers = version.trim_end_matches('.').split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
