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

/// What musl's loader searches when there is no path file.
const PLACES: [&str; 3] = ["/lib", "/usr/local/lib", "/usr/lib"];

fn archive() -> Option<PathBuf> {
    let told = std::env::var_os("SLIM_FIXTURES").map(PathBuf::from);
    let beside = ["../shared/fixtures", "../../shared/fixtures", "../../../shared/fixtures"];
    let mut found = told.into_iter().chain(beside.map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path)));
    let folder = found.find(|path| path.join("alpine/minirootfs").is_dir())?.join("alpine/minirootfs");
    let mut files = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|path| path.to_string_lossy().ends_with("aarch64.tar.gz"))
}

/// What a file needs, and the loader that it names.
fn needs(file: &Path) -> Option<(Vec<String>, Option<String>)> {
    let output = Command::new("readelf").args(["-W", "-l", "-d"]).arg(file).env("LC_ALL", "C").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let after = |mark: &str| -> Vec<String> {
        let cut = |line: &str| Some(line.split_once(mark)?.1.split(']').next()?.to_owned());
        text.lines().filter_map(cut).collect()
    };
    Some((after("Shared library: ["), after("program interpreter: ").pop()))
}

/// The file at a name of the root, its last link followed by hand.
fn followed(root: &Path, name: &str) -> Option<String> {
    let mut name = name.to_owned();
    for _ in 0..10 {
        match std::fs::read_link(root.join(name.trim_start_matches('/'))) {
            Ok(target) if target.is_absolute() => name = target.to_str()?.to_owned(),
            Ok(target) => name = format!("{}/{}", name.rsplit_once('/')?.0, target.to_str()?),
            Err(_) => return root.join(name.trim_start_matches('/')).is_file().then_some(name),
        }
    }
    None
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
    let root = folder.path();
    let bytes = flate2::read::GzDecoder::new(std::fs::File::open(archive).unwrap());
    tar::Archive::new(bytes).unpack(root).unwrap();
    let tree = roots::tree_of(root);
    let loader = Loader::new(&tree, &MemoryContents, &Environment::default());
    let mut compared = 0;
    for (path, _) in tree.iter() {
        let Ok(facts) = loader.facts(path) else { continue };
        assert_eq!(facts.machine, 183, "{path}");
        let start = path.to_text();
        let (mut names, mut expected) = (VecDeque::new(), BTreeSet::new());
        let (needed, interpreter) = needs(&root.join(start.trim_start_matches('/'))).unwrap();
        if needed.is_empty() {
            continue;
        }
        expected.extend(interpreter.and_then(|name| followed(root, &name)));
        names.extend(needed);
        while let Some(name) = names.pop_front() {
            let file = PLACES.iter().find_map(|place| followed(root, &format!("{place}/{name}")));
            let file = file.unwrap_or_else(|| panic!("{start} needs {name}"));
            if expected.insert(file.clone()) {
                names.extend(needs(&root.join(file.trim_start_matches('/'))).unwrap().0);
            }
        }
        let closure = loader.closure(path).unwrap();
        let ours = closure.loaded.iter().filter(|object| object.role != Role::Root).map(|object| object.path.to_text());
        assert_eq!(ours.collect::<BTreeSet<_>>(), expected, "{start}");
        assert_eq!((closure.missing, closure.missing_interpreter), (Vec::new(), None), "{start}");
        compared += 1;
    }
    println!("{compared} closures compared");
    assert!(compared > 10);
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
