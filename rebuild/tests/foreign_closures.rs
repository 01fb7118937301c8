//! Another architecture's root: no loader can be asked here, so `readelf` (binutils) says what each file needs, and the libraries are
//! looked up by a second hand. Skipped without fixtures or `readelf`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

mod roots;

use slim::elf::search::{Environment, Loader, Role};
use slim::path::ImagePath;
use slim::tree::MemoryContents;
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a root's loader searches for every program: musl's when there is no path file, Debian's when there is no cache.
fn places(root: &Path) -> Vec<String> {
    let names = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
    };
    if names("lib").iter().any(|name| name.starts_with("ld-musl-")) {
        return ["/lib", "/usr/local/lib", "/usr/lib"].map(str::to_owned).into();
    }
    let triplets: BTreeSet<_> =
        names("lib").into_iter().chain(names("usr/lib")).filter(|name| name.contains("-linux-gnu")).collect();
    let of_triplets = triplets.iter().flat_map(|triplet| [format!("/lib/{triplet}"), format!("/usr/lib/{triplet}")]);
    of_triplets.chain(["/lib", "/usr/lib"].map(str::to_owned)).collect()
}

fn archive() -> Option<PathBuf> {
    let told = std::env::var_os("SLIM_FIXTURES").map(PathBuf::from);
    let beside = ["../shared/fixtures", "../../shared/fixtures", "../../../shared/fixtures"];
    let mut found = told.into_iter().chain(beside.map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path)));
    let folder = found.find(|path| path.join("alpine/minirootfs").is_dir())?.join("alpine/minirootfs");
    let mut files = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|path| path.to_string_lossy().ends_with("aarch64.tar.gz"))
}

/// What readelf says of a file.
#[derive(Debug, Clone, Default)]
struct Said {
    needed: Vec<String>,
    interpreter: Option<String>,
    rpath: Option<String>,
    runpath: Option<String>,
}

fn said(file: &Path) -> Said {
    let output = Command::new("readelf").args(["-W", "-l", "-d"]).arg(file).env("LC_ALL", "C").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let after = |mark: &str| -> Vec<String> {
        let cut = |line: &str| Some(line.split_once(mark)?.1.split(']').next()?.to_owned());
        text.lines().filter_map(cut).collect()
    };
    Said {
        needed: after("Shared library: ["),
        interpreter: after("program interpreter: ").pop(),
        rpath: after("Library rpath: [").pop(),
        runpath: after("Library runpath: [").pop(),
    }
}

/// The file at a name of the root, free of links: the last ones followed by hand, for they may be absolute; those to folders are relative.
fn followed(root: &Path, name: &str) -> Option<String> {
    let mut name = name.to_owned();
    for _ in 0..10 {
        let file = root.join(name.trim_start_matches('/'));
        match std::fs::read_link(&file) {
            Ok(target) if target.is_absolute() => name = target.to_str()?.to_owned(),
            Ok(target) => name = format!("{}/{}", name.rsplit_once('/')?.0, target.to_str()?),
            Err(_) if !file.is_file() => return None,
            Err(_) => {
                let real = file.canonicalize().ok()?;
                return Some(format!("/{}", real.strip_prefix(root.canonicalize().ok()?).ok()?.to_str()?));
            }
        }
    }
    None
}

/// What a program's start maps, by what readelf says of each file: the files and the names that are not found.
fn closure(root: &Path, start: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let first = said(&root.join(start.trim_start_matches('/')));
    let usual = places(root);
    let (mut files, mut missing) = (BTreeSet::new(), BTreeSet::new());
    files.extend(first.interpreter.as_deref().and_then(|name| followed(root, name)));
    // Each with the paths that its own needs are looked for in: RUNPATH alone, else RPATH and what its users had of it.
    let mut queue = VecDeque::from([(start.to_owned(), first, Vec::<String>::new())]);
    let mut loaded = BTreeSet::new();
    while let Some((file, said_of, inherited)) = queue.pop_front() {
        let origin = file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let list = |text: &Option<String>| -> Vec<String> {
            let parts = text.iter().flat_map(|text| text.split(':'));
            parts.map(|part| part.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin)).collect()
        };
        let rpaths: Vec<String> = list(&said_of.rpath).into_iter().chain(inherited).collect();
        let own = if said_of.runpath.is_some() { list(&said_of.runpath) } else { rpaths.clone() };
        for name in said_of.needed {
            if !loaded.insert(name.clone()) {
                continue;
            }
            match own.iter().chain(&usual).find_map(|place| followed(root, &format!("{place}/{name}"))) {
                Some(found) => {
                    let of_found = said(&root.join(found.trim_start_matches('/')));
                    files.insert(found.clone());
                    queue.push_back((found, of_found, rpaths.clone()));
                }
                None => drop(missing.insert(name)),
            }
        }
    }
    (files, missing)
}

/// Compares every file of a root; how many there were.
fn compare(root: &Path) -> usize {
    let tree = roots::tree_of(root);
    let loader = Loader::new(&tree, &MemoryContents, &Environment::default());
    let mut compared = 0;
    for (path, _) in tree.iter() {
        let Ok(facts) = loader.facts(path) else { continue };
        if !facts.is_dynamic || !facts.is_loadable() || facts.needed.is_empty() {
            continue;
        }
        let start = path.to_text();
        let found = loader.closure(path).unwrap();
        let ours = found.loaded.iter().filter(|object| object.role != Role::Root).map(|object| object.path.to_text());
        let missed = found.missing.iter().map(|missing| String::from_utf8_lossy(&missing.name).into_owned());
        let (files, missing) = closure(root, &start);
        assert_eq!((ours.collect::<BTreeSet<_>>(), missed.collect::<BTreeSet<_>>()), (files, missing), "{start}");
        assert_eq!(found.missing_interpreter, None, "{start}");
        compared += 1;
    }
    compared
}

#[test]
fn closures_of_another_architecture_follow_from_what_readelf_says() {
    let Some(archive) = archive() else {
        println!("skipped: no fixtures");
        return;
    };
    if Command::new("readelf").arg("--version").output().is_err() {
        println!("skipped: no readelf");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bytes = flate2::read::GzDecoder::new(std::fs::File::open(archive).unwrap());
    tar::Archive::new(bytes).unpack(folder.path()).unwrap();
    let compared = compare(folder.path());
    println!("{compared} closures compared");
    assert!(compared > 10);
}

#[test]
#[ignore = "live: needs SLIM_FOREIGN_ROOTS, folders of other architectures with colons between them, and readelf"]
fn closures_of_debians_other_architectures_follow_from_what_readelf_says() {
    for root in std::env::var("SLIM_FOREIGN_ROOTS").unwrap_or_default().split(':').filter(|root| !root.is_empty()) {
        let compared = compare(Path::new(root));
        println!("{root}: {compared} closures compared");
        assert!(compared > 10, "{root}");
    }
}

#[test]
fn whole_foreign_roots_have_no_breakage() {
    let Some(archive) = archive() else {
        println!("skipped: no fixtures");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let bytes = flate2::read::GzDecoder::new(std::fs::File::open(archive).unwrap());
    tar::Archive::new(bytes).unpack(folder.path()).unwrap();
    let mut tree = roots::tree_of(folder.path());
    let check = |tree: &slim::tree::Tree| slim::verify::verify(tree, &MemoryContents, &Default::default()).unwrap();
    let before = check(&tree);
    assert!(before.iter().all(|problem| !problem.kind.is_breakage()), "{before:#?}");
    tree.remove(&ImagePath::literal("/lib/libcrypto.so.3"));
    assert!(check(&tree).iter().any(|problem| problem.kind == slim::verify::ProblemKind::MissingLibrary));
}
