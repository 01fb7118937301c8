//! Real ELF files, read by us and by another reader (goblin), and mutated without mercy. Skipped without fixtures.

use slim::elf;
use std::path::{Path, PathBuf};

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

#[test]
fn two_readers_agree() {
    let mut compared = 0;
    for (path, bytes) in elf_files() {
        let (Ok(theirs), Ok(ours)) = (goblin::elf::Elf::parse(&bytes), elf::read(&bytes)) else {
            println!("{}: ours {:?}", path.display(), elf::read(&bytes).err());
            continue;
        };
        if !ours.is_loadable() {
            continue;
        }
        compared += 1;
        let name = path.display();
        let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(text(&ours.soname), theirs.soname.map(str::to_owned), "{name}");
        assert_eq!(text(&ours.interpreter), theirs.interpreter.map(str::to_owned), "{name}");
        let needed: Vec<_> = ours.needed.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        assert_eq!(needed, theirs.libraries, "{name}");
        assert_eq!((ours.machine, ours.big_endian), (theirs.header.e_machine, !theirs.little_endian), "{name}");
        let imports = theirs.dynsyms.iter().filter(|s| {
            let named = theirs.dynstrtab.get_at(s.st_name).is_some_and(|name| !name.is_empty());
            named && s.st_shndx == 0 && matches!(s.st_bind(), 1 | 2)
        });
        assert_eq!(ours.imports.len(), imports.count(), "{name}");
        if let Some(needs) = &theirs.verneed {
            let theirs: Vec<_> = needs.iter().map(|need| need.iter().count()).collect();
            let ours: Vec<_> = ours.version_needs.iter().map(|(_, versions)| versions.len()).collect();
            assert_eq!(ours, theirs, "{name}");
        }
        if let Some(definitions) = &theirs.verdef {
            assert_eq!(ours.version_definitions.len(), definitions.iter().count(), "{name}");
        }
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
