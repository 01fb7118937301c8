//! What a loader searches for everybody: built-in directories, configuration files, preloads.

use super::{Abi, Loader};
use crate::elf::Class;
use crate::path::ImagePath;
use crate::tree::{Node, Tree};

/// Nesting of `include` in `/etc/ld.so.conf`, as deep as sanity goes.
const INCLUDE_DEPTH: usize = 8;
/// Bytes of a configuration file.
const CONFIGURATION_LIMIT: usize = 1 << 20;

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    Glibc,
    Musl,
}

/// What one loader searches for every program.
#[derive(Debug)]
pub(super) struct System {
    pub(super) flavour: Flavour,
    /// The interpreter's path, as programs name it.
    pub(super) interpreter: Vec<u8>,
    /// Directories of `/etc/ld.so.conf`: stand-ins for the cache.
    pub(super) configured: Vec<Vec<u8>>,
    /// Directories that the loader was built with, or musl's path file.
    pub(super) defaults: Vec<Vec<u8>>,
    /// Both, in the order of search.
    pub(super) everywhere: Vec<Vec<u8>>,
    /// What `$LIB` stands for.
    pub(super) lib: Vec<u8>,
    /// What `$PLATFORM` stands for.
    pub(super) platform: Vec<u8>,
    /// Names in `/etc/ld.so.preload`.
    pub(super) preload: Vec<Vec<u8>>,
}

impl System {
    pub(super) fn new(loader: &Loader<'_>, interpreter: &[u8], abi: Abi) -> Self {
        let platform = platform(abi).as_bytes().to_vec();
        if is_musl(interpreter) {
            let defaults = musl_path(loader, interpreter);
            return Self {
                flavour: Flavour::Musl,
                interpreter: interpreter.to_vec(),
                configured: Vec::new(),
                everywhere: defaults.clone(),
                defaults,
                lib: b"lib".to_vec(),
                platform,
                preload: Vec::new(),
            };
        }
        let built_in = ImagePath::new(interpreter).ok().and_then(|path| {
            let (_, node) = loader.tree.lookup(&path)?;
            let bytes = loader.contents.read(&node.as_file()?.content).ok()?;
            built_in_directories(&bytes)
        });
        let defaults = built_in.unwrap_or_else(|| usual_directories(abi));
        let cached = loader.tree.lookup(&ImagePath::literal("/etc/ld.so.cache")).is_some();
        let mut configured = Vec::new();
        if cached {
            ld_so_conf(loader, &ImagePath::literal("/etc/ld.so.conf"), INCLUDE_DEPTH, &mut configured);
        }
        let lib = defaults.first().map_or_else(|| b"lib".to_vec(), |first| first.trim_ascii().to_vec());
        let lib = lib.strip_prefix(b"/usr").unwrap_or(&lib);
        let lib = lib.strip_prefix(b"/").unwrap_or(lib).to_vec();
        let preload = text(loader, &ImagePath::literal("/etc/ld.so.preload")).map_or_else(Vec::new, |text| {
            let lines = text.split(|b| *b == b'\n').map(|line| line.split(|b| *b == b'#').next().unwrap_or_default());
            lines.flat_map(preload_names).map(<[u8]>::to_vec).collect()
        });
        let everywhere = configured.iter().chain(&defaults).cloned().collect();
        let interpreter = interpreter.to_vec();
        Self { flavour: Flavour::Glibc, interpreter, configured, defaults, everywhere, lib, platform, preload }
    }
}

/// Names of a preload list: separated by blanks or colons.
pub(super) fn preload_names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|b| *b == b':' || b.is_ascii_whitespace()).filter(|name| !name.is_empty())
}

/// Whether an interpreter is musl's: its file name tells, as musl itself derives its path file from it.
pub(super) fn is_musl(interpreter: &[u8]) -> bool {
    let name = interpreter.rsplit(|b| *b == b'/').next().unwrap_or_default();
    name.starts_with(b"ld-musl-")
}

fn text(loader: &Loader<'_>, path: &ImagePath) -> Option<Vec<u8>> {
    let (_, node) = loader.tree.lookup(path)?;
    loader.contents.head(&node.as_file()?.content, CONFIGURATION_LIMIT).ok()
}

/// `/etc/ld-musl-ARCH.path` below the prefix that the loader is installed in; entries end at a colon or a newline.
fn musl_path(loader: &Loader<'_>, interpreter: &[u8]) -> Vec<Vec<u8>> {
    let cut = interpreter.iter().rposition(|b| *b == b'/').unwrap_or(0);
    let (directory, name) = (&interpreter[..cut], interpreter.get(cut + 1..).unwrap_or_default());
    let prefix = directory.strip_suffix(b"/lib").unwrap_or(b"");
    let stem = name.strip_suffix(b".so.1").unwrap_or(name);
    let file = [prefix, b"/etc/", stem, b".path"].concat();
    let listed = ImagePath::new(file).ok().and_then(|path| text(loader, &path));
    let list = listed.unwrap_or_else(|| b"/lib:/usr/local/lib:/usr/lib".to_vec());
    list.split(|b| matches!(b, b':' | b'\n')).filter(|part| part.first() == Some(&b'/')).map(<[u8]>::to_vec).collect()
}

/// The directories that glibc's loader was built with (`system_dirs`): they stand in it one after the other, each with a slash at
/// its end. Debian's, Fedora's, Nix's loaders differ, and this is where they say so.
fn built_in_directories(loader: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&loader[at..], b"\0/") {
        let mut next = at + found + 1;
        let mut directories = Vec::new();
        while loader.get(next) == Some(&b'/') && directories.len() < 16 {
            let window = &loader[next..loader.len().min(next + 4096)];
            let Some(end) = memchr::memchr(0, window) else { break };
            let text = &window[..end];
            if end < 3 || text.last() != Some(&b'/') || !text.iter().all(u8::is_ascii_graphic) {
                break;
            }
            directories.push(text[..end - 1].to_vec());
            next += end + 1;
        }
        let is_library = |name: &Vec<u8>| name.split(|b| *b == b'/').any(|part| part.starts_with(b"lib"));
        if directories.len() >= 2 && directories.iter().all(is_library) {
            if let Some(first) = directory_before(&loader[..at + found]).filter(is_library) {
                directories.insert(0, first);
            }
            return Some(directories);
        }
        at += found + 1;
    }
    None
}

/// A directory that ends here. The first of the list may follow code, without a zero before it, as in Debian's armhf.
fn directory_before(bytes: &[u8]) -> Option<Vec<u8>> {
    let start = bytes.iter().rposition(|b| !b.is_ascii_graphic()).map_or(0, |at| at + 1);
    let text = &bytes[start..];
    let text = &text[memchr::memchr(b'/', text)?..];
    let name = text.strip_suffix(b"/")?;
    (name.len() > 1).then(|| name.to_vec())
}

/// The default directories where there is no loader to ask: Debian's for its architectures, and the plain ones.
fn usual_directories(abi: Abi) -> Vec<Vec<u8>> {
    let triplet = match (abi.2, abi.0, abi.1) {
        (62, Class::Elf64, _) => "x86_64-linux-gnu",
        (62, Class::Elf32, _) => "x86_64-linux-gnux32",
        (3, ..) => "i386-linux-gnu",
        (183, _, false) => "aarch64-linux-gnu",
        (40, _, false) => "arm-linux-gnueabihf",
        (22, Class::Elf64, _) => "s390x-linux-gnu",
        (21, _, false) => "powerpc64le-linux-gnu",
        (243, Class::Elf64, _) => "riscv64-linux-gnu",
        (258, ..) => "loongarch64-linux-gnu",
        (8, Class::Elf64, false) => "mips64el-linux-gnuabi64",
        (8, Class::Elf32, false) => "mipsel-linux-gnu",
        _ => "",
    };
    let mut names = Vec::new();
    if !triplet.is_empty() {
        names.extend([format!("/lib/{triplet}"), format!("/usr/lib/{triplet}")]);
    }
    if abi.0 == Class::Elf64 {
        names.extend(["/lib64".to_owned(), "/usr/lib64".to_owned()]);
    }
    names.extend(["/lib".to_owned(), "/usr/lib".to_owned()]);
    names.into_iter().map(String::into_bytes).collect()
}

fn platform(abi: Abi) -> &'static str {
    match (abi.2, abi.0, abi.1) {
        (62, ..) => "x86_64",
        (3, ..) => "i686",
        (183, _, false) => "aarch64",
        (183, _, true) => "aarch64_be",
        (40, _, false) => "v7l",
        (40, _, true) => "v7b",
        (22, ..) => "z13",
        (21, ..) => "power8",
        _ => "",
    }
}

/// Paths of the loaders that libraries of an ABI may meet: the architectures' own names, and musl's, by name.
pub(super) fn usual_interpreters(tree: &Tree, abi: Abi) -> Vec<Vec<u8>> {
    let glibc: &[&str] = match (abi.2, abi.0, abi.1) {
        (62, Class::Elf64, _) => &["/lib64/ld-linux-x86-64.so.2"],
        (62, Class::Elf32, _) => &["/libx32/ld-linux-x32.so.2"],
        (3, ..) => &["/lib/ld-linux.so.2"],
        (183, _, false) => &["/lib/ld-linux-aarch64.so.1"],
        (183, _, true) => &["/lib/ld-linux-aarch64_be.so.1"],
        (40, ..) => &["/lib/ld-linux-armhf.so.3", "/lib/ld-linux.so.3"],
        (22, Class::Elf64, _) => &["/lib/ld64.so.1"],
        (21, _, false) => &["/lib64/ld64.so.2"],
        (21, _, true) => &["/lib64/ld64.so.1"],
        (243, Class::Elf64, _) => &["/lib/ld-linux-riscv64-lp64d.so.1", "/lib/ld-linux-riscv64-lp64.so.1"],
        (243, Class::Elf32, _) => &["/lib/ld-linux-riscv32-ilp32d.so.1"],
        (258, ..) => &["/lib64/ld-linux-loongarch-lp64d.so.1"],
        (8, Class::Elf64, _) => &["/lib64/ld.so.1"],
        (8, Class::Elf32, _) => &["/lib/ld.so.1"],
        _ => &[],
    };
    let musl: &[&str] = match (abi.2, abi.0, abi.1) {
        (62, Class::Elf64, _) => &["x86_64"],
        (62, Class::Elf32, _) => &["x32"],
        (3, ..) => &["i386"],
        (183, _, false) => &["aarch64"],
        (40, ..) => &["armhf", "arm"],
        (22, ..) => &["s390x"],
        (21, _, false) => &["powerpc64le"],
        (243, Class::Elf64, _) => &["riscv64"],
        (258, ..) => &["loongarch64"],
        (8, Class::Elf64, false) => &["mips64el"],
        (8, Class::Elf32, false) => &["mipsel"],
        _ => &[],
    };
    let mut names: Vec<Vec<u8>> = glibc.iter().map(|name| name.as_bytes().to_vec()).collect();
    names.extend(musl.iter().map(|name| format!("/lib/ld-musl-{name}.so.1").into_bytes()));
    // One that exists goes first.
    names.sort_by_key(|name| ImagePath::new(name).map_or(true, |path| tree.lookup(&path).is_none()));
    names
}

/// `/etc/ld.so.conf` as ldconfig(8) reads it: directories, `include` with patterns, comments; `hwcap` lines have no effect any more.
fn ld_so_conf(loader: &Loader<'_>, path: &ImagePath, depth: usize, found: &mut Vec<Vec<u8>>) {
    let Some(text) = text(loader, path) else { return };
    for line in text.split(|b| *b == b'\n') {
        let line = line.split(|b| *b == b'#').next().unwrap_or_default().trim_ascii();
        let mut words = line.splitn(2, u8::is_ascii_whitespace);
        match (words.next().unwrap_or_default(), words.next()) {
            (b"", _) | (b"hwcap", Some(_)) => {}
            (b"include", Some(patterns)) if depth > 0 => {
                for pattern in patterns.split(u8::is_ascii_whitespace).filter(|pattern| !pattern.is_empty()) {
                    for file in expand(loader.tree, path, pattern) {
                        ld_so_conf(loader, &file, depth - 1, found);
                    }
                }
            }
            _ => {
                // `DIRECTORY=TYPE` is an old form.
                let name = line.split(|b| *b == b'=').next().unwrap_or_default().trim_ascii_end();
                for name in name.split(|b| *b == b':' || *b == b',' || b.is_ascii_whitespace()) {
                    if name.first() == Some(&b'/') && !found.iter().any(|known| known == name) {
                        found.push(name.to_vec());
                    }
                }
            }
        }
    }
}

/// Files that an `include` pattern names, in name order; a relative pattern starts beside the including file.
fn expand(tree: &Tree, from: &ImagePath, pattern: &[u8]) -> Vec<ImagePath> {
    let beside = from.parent().unwrap_or_else(ImagePath::root);
    let whole = if pattern.first() == Some(&b'/') { ImagePath::new(pattern) } else { beside.join(pattern) };
    let Ok(whole) = whole else { return Vec::new() };
    let Some((directory, _)) = whole.parent().and_then(|parent| tree.lookup(&parent)) else { return Vec::new() };
    let Ok(glob) = globset::Glob::new(&String::from_utf8_lossy(whole.file_name())) else { return Vec::new() };
    let glob = glob.compile_matcher();
    let fits = |path: &ImagePath| {
        let name = String::from_utf8_lossy(path.file_name()).into_owned();
        glob.is_match(&name) && !name.starts_with('.')
    };
    let is_file = |path: &ImagePath| tree.lookup(path).is_some_and(|(_, node): (_, &Node)| node.as_file().is_some());
    tree.children(&directory).map(|(path, _)| path).filter(|path| fits(path) && is_file(path)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_stand_in_the_loader_one_after_the_other() {
        let all = ["/lib/arm", "/usr/lib/arm", "/lib", "/usr/lib"].map(|name| name.as_bytes().to_vec());
        let list = b"/lib/arm/\0/usr/lib/arm/\0/lib/\0/usr/lib/\0";
        for before in [&b"\x7fELF\0/etc/ld.so.cache\0TZDIR\0\0"[..], b"\0code\xff\xff", b"\0code\xffG"] {
            assert_eq!(built_in_directories(&[before, list, b"\x19\0/x/\0"].concat()).as_deref(), Some(&all[..]));
        }
        assert_eq!(built_in_directories(b"\0/etc/ld.so.cache\0/lib/\0x"), None);
    }
}
