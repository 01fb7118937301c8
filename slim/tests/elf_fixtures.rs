//! Real ELF files, read by us and by another reader (`readelf` of binutils), and mutated without mercy, skipped without fixtures; and this very program.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use slim::elf;
use std::path::{Path, PathBuf};
use std::process::Command;

fn fixtures() -> Option<PathBuf> {
    let told = std::env::var_os("SLIM_FIXTURES").map(PathBuf::from);
    let beside = ["../shared/fixtures", "../../shared/fixtures", "../../../shared/fixtures"];
    let found = told.into_iter().chain(beside.map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path)));
    let found = found.map(|path| path.join("elf")).find(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: no fixtures");
    }
    found
}

fn files(directory: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    let mut entries: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            if elf::is_elf(&bytes) {
                found.push((path, bytes));
            }
        }
    }
}

fn elf_files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    if let Some(directory) = fixtures() {
        files(&directory, &mut found);
    }
    found
}

/// What `readelf` prints about a file, and what it complains of; `None` when there is no `readelf`.
fn readelf(path: &Path) -> Option<(String, String)> {
    let mut command = Command::new("readelf");
    let output =
        command.args(["-W", "-h", "-l", "-d", "-V", "--dyn-syms"]).arg(path).env("LC_ALL", "C").output().ok()?;
    let [text, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Some((text, errors))
}

/// The texts that follow a mark, up to an end, line by line.
fn after<'t>(text: &'t str, mark: &str, end: &str) -> Vec<&'t str> {
    let cut = |line: &'t str| Some(line.split_once(mark)?.1.split(end).next().unwrap_or_default());
    text.lines().filter_map(cut).collect()
}

/// The undefined symbols that `readelf` lists: name, version, weak.
fn undefined(text: &str) -> Vec<(String, String, bool)> {
    let symbol = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [number, _, _, _, bind, _, "UND", name, ..] = words[..] else { return None };
        number.strip_suffix(':')?.parse::<u32>().ok().filter(|_| matches!(bind, "GLOBAL" | "WEAK" | "UNIQUE"))?;
        let (name, version) = name.split_once('@').unwrap_or((name, ""));
        Some((name.to_owned(), version.trim_start_matches('@').to_owned(), bind == "WEAK"))
    };
    text.lines().filter_map(symbol).collect()
}

#[test]
fn two_readers_agree() {
    let mut compared = 0;
    for (path, bytes) in elf_files() {
        let Some((theirs, errors)) = readelf(&path) else {
            println!("skipped: no readelf");
            return;
        };
        let ours = match elf::read(&bytes) {
            Ok(ours) if ours.is_loadable() => ours,
            other => {
                println!("{}: {:?}", path.display(), other.err());
                continue;
            }
        };
        let name = path.display();
        if errors.contains("Error") {
            println!("{name}: {errors}");
            continue;
        }
        compared += 1;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let list = |names: &[Vec<u8>]| names.iter().map(|name| text(name)).collect::<Vec<_>>();
        let one = |field: &Option<Vec<u8>>| field.as_ref().map(|field| text(field)).into_iter().collect::<Vec<_>>();
        let wide = ours.class == elf::Class::Elf64;
        assert_eq!(theirs.contains("ELF64"), wide, "{name}");
        assert_eq!(theirs.contains("big endian"), ours.big_endian, "{name}");
        assert_eq!(one(&ours.interpreter), after(&theirs, "program interpreter: ", "]"), "{name}");
        assert_eq!(one(&ours.soname), after(&theirs, "Library soname: [", "]"), "{name}");
        assert_eq!(one(&ours.rpath), after(&theirs, "Library rpath: [", "]"), "{name}");
        assert_eq!(one(&ours.runpath), after(&theirs, "Library runpath: [", "]"), "{name}");
        assert_eq!(list(&ours.needed), after(&theirs, "Shared library: [", "]"), "{name}");
        // It finds symbols and versions by section header only.
        if after(&theirs, "Number of section headers:", "(").iter().all(|count| count.trim() == "0") {
            continue;
        }
        let imports = ours.imports.iter().map(|import| {
            let version = import.version.as_ref().map(|(_, version)| text(version)).unwrap_or_default();
            (text(&import.name), version, import.weak)
        });
        let imports: Vec<_> = imports.collect();
        assert_eq!(imports, undefined(&theirs), "{name}");
        let files: Vec<_> = ours.version_needs.iter().map(|(file, _)| text(file)).collect();
        let listed: Vec<_> = after(&theirs, "  File: ", " ").into_iter().map(str::to_owned).collect();
        assert_eq!(files, listed, "{name}");
        let definitions = theirs.lines().filter(|line| line.contains(" Rev: "));
        let definitions: Vec<_> = definitions.filter_map(|line| Some(line.split_once("Name: ")?.1.trim())).collect();
        assert_eq!(list(&ours.version_definitions), definitions, "{name}");
    }
    println!("{compared} files compared");
}

#[test]
fn mutants_never_panic() {
    let mut seed = 7u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize
    };
    for (_, bytes) in elf_files().into_iter().filter(|(_, bytes)| bytes.len() < 1 << 17) {
        for _ in 0..200 {
            let mut mutant = bytes.clone();
            for _ in 0..1 + random() % 4 {
                // Headers and tables stand at the front: most wounds go there.
                let window = if random() % 3 == 0 { mutant.len() } else { mutant.len().min(4096) };
                mutant[random() % window] = [0, 1, 0x7f, 0x80, 0xff][random() % 5];
            }
            if random() % 4 == 0 {
                mutant.truncate(random() % bytes.len());
            }
            let _ = (elf::read(&mutant), elf::exports(&mutant), elf::strings(&mutant).map(Iterator::count));
        }
    }
}

/// Referee: the compiler that made this very program.
#[test]
fn the_texts_of_a_program_of_rust_are_found() {
    let made = |tool: &str| Command::new(tool);
    for tool in ["no-such-tool-as-this", "nor-such-a-tool"] {
        assert!(made(tool).get_program().to_str().is_some());
    }
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let texts = elf::Texts::new(&own, &elf::read(&own).unwrap());
    let is_one = |tool: &&str| texts.counted_words().any(|(_, word, _)| word == *tool);
    let found = ["no-such-tool-as-this", "nor-such-a-tool"].iter().filter(|tool| is_one(tool)).count();
    assert_eq!(found, if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) { 2 } else { 0 });
}
