//! What Python modules import of the installed distributions.
//!
//! The standard library stays as a whole (a recipe says so); what lies in `dist-packages` and `site-packages` stays by distribution,
//! when something in use imports it. An import is looked for by its words, so one that never comes to pass keeps its module too.

mod distributions;
mod words;

pub use distributions::Modules;
pub(super) use distributions::is_standard;

use super::{Finding, Scene, ctypes, texts};
use crate::elf;
use crate::graph::{Rule, Unknown};
use crate::path::ImagePath;

/// What installs distributions. Programs that are given their names start or inspect them, and import them nowhere.
const INSTALLERS: [&str; 5] = ["pip", "pip3", "pkg_resources", "setuptools", "wheel"];

/// What the standard library imports for tests of itself, and for manuals that it does without (`pydoc`).
const FOR_ITSELF: [&str; 2] = ["test", "pydoc_data"];

/// What the standard library no longer has (PEP 632), setuptools stands in for.
const DISTUTILS: &str = "distutils";

/// How setuptools gets between Python and `distutils`.
const DISTUTILS_HACK: &str = "_distutils_hack";

/// What rules ask for as the import of a module whose name is computed.
const COMPUTED: &str = "python (computed)";

/// Whether a file is Python by its name or first line, or tells what a distribution needs.
pub fn is_python(path: &ImagePath, bytes: &[u8]) -> bool {
    super::is_written_in(path, bytes, &[".py", ".pth"], &["python"]) || distributions::is_metadata(path)
}

/// Whether a command is a Python interpreter, by its name.
pub fn is_interpreter(command: &str) -> bool {
    command.rsplit('/').next().is_some_and(|name| name.starts_with("python"))
}

/// Whether Python reads this file at each start (the `site` module): `*.pth` beside installed modules.
pub fn is_path_file(path: &ImagePath) -> bool {
    path.file_name().ends_with(b".pth") && path.parent().is_some_and(|home| distributions::is_home(&home))
}

/// Adds what a Python file imports, or what a distribution says that it needs.
pub fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    let content = String::from_utf8_lossy(bytes);
    if distributions::is_metadata(path) {
        for (line, distribution) in distributions::requirements(path.file_name(), &content) {
            let module = scene.python.of_distribution(&distribution).map(str::to_owned);
            module.map(|module| {
                import(scene, Some(path), &module, &format!("line {line}: needs {distribution}"), finding)
            });
        }
        return;
    }
    for place in scene.python.beginning(path) {
        whole(scene, path, place, "the rest of its distribution", finding);
    }
    text(scene, Some(path), &content, finding);
}

/// Functions by which programs and extensions in C import a module (<https://docs.python.org/3/c-api/import.html>).
const IMPORTS_BY_NAME: &[u8] = b"PyImport_Import";

/// Adds the distributions that a program or an extension names which imports modules: `PyImport_ImportModule("_cffi_backend")`.
pub fn object(scene: &Scene<'_>, path: &ImagePath, facts: &elf::Facts, texts: &elf::Texts<'_>, finding: &mut Finding) {
    if !facts.imports.iter().any(|import| import.name.starts_with(IMPORTS_BY_NAME)) {
        return;
    }
    for (offset, name) in texts.words().filter(|(_, name)| scene.python.is_distributed(name)) {
        import(scene, Some(path), name, &format!("{name:?} at offset {offset:#x}"), finding);
    }
}

/// Adds what Python text imports: a file's, or that of `python -c`.
pub fn text(scene: &Scene<'_>, from: Option<&ImagePath>, text: &str, finding: &mut Finding) {
    // What the standard library knows of installers and plug-ins is for programs that ask it.
    let is_library = from.is_some_and(is_standard);
    let is_installer = from.is_some_and(|path| distributions::is_below(path, &INSTALLERS));
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().copied().enumerate() {
        let evidence = || format!("line {}: {}", index + 1, line.trim());
        let take = |module: &str, finding: &mut Finding| {
            import(scene, from, module, &evidence(), finding);
        };
        for module in words::imports(line) {
            let top = module.split('.').next().unwrap_or(module);
            if is_library && FOR_ITSELF.contains(&top) {
                continue;
            }
            take(module, finding);
            match top {
                DISTUTILS if !is_library => take(DISTUTILS_HACK, finding),
                "pydoc" if !is_library => take("pydoc_data", finding),
                _ => {}
            }
        }
        if is_library {
            continue;
        }
        ctypes::line(scene, from, line, index + 1, finding);
        if words::computes(line) {
            finding.imports.insert(COMPUTED.to_owned());
        }
        let texts = words::texts(line);
        for name in words::modules(&texts).into_iter().filter(|_| !is_installer) {
            named(scene, from, name, &evidence(), finding);
        }
        let asked = words::distributions(&texts).into_iter().filter(|_| !is_installer);
        for module in asked.filter_map(|name| scene.python.of_distribution(name)) {
            named(scene, from, module, &evidence(), finding);
        }
        // Installers speak of each other to people, and compare the names of what they handle; `pkg_resources` of newer setuptools joins
        // the name with that of the folder from which it takes what it brings along.
        let speaks = is_installer && !line.contains("_vendor");
        for name in words::named(&texts).into_iter().filter(|_| !speaks) {
            if let Some(installer) = INSTALLERS.iter().find(|installer| **installer == name) {
                take(if *installer == "pip3" { "pip" } else { installer }, finding);
            }
            for module in scene.python.of_group(name) {
                take(module, finding);
            }
        }
        // A list of arguments may be broken after the option.
        let next = if line.ends_with("-m',") || line.ends_with("-m\",") { lines.get(index + 1) } else { None };
        let joined = next.map(|next| format!("{line}{next}"));
        for module in words::run(&joined.as_deref().map_or(texts, words::texts)) {
            take(module, finding);
        }
    }
}

/// Adds what the arguments of an interpreter say that it runs, `-m MODULE`. An argument that is not known is empty. Whether
/// they say any program.
pub fn arguments(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    arguments: &[String],
    place: &str,
    finding: &mut Finding,
) -> bool {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        // The last letter of joined options takes the argument: `-Im MODULE`.
        let is_option = word.starts_with('-') && !word.starts_with("--");
        match (word.chars().next_back().filter(|_| is_option && word.len() > 1), word.strip_prefix("-m")) {
            (Some('m'), _) => {
                run(scene, from, words.next().map_or("", String::as_str), place, finding);
                return true;
            }
            (_, Some(module)) => {
                run(scene, from, module, place, finding);
                return true;
            }
            // What its text imports is found where programs on command lines are.
            (Some('c'), _) => return true,
            // Two options have a value of their own.
            (Some('W' | 'X'), _) => drop(words.next()),
            _ if word.is_empty() || word.starts_with('-') => {}
            _ => return true,
        }
    }
    false
}

/// Adds a module that is run by its name.
fn run(scene: &Scene<'_>, from: Option<&ImagePath>, module: &str, place: &str, finding: &mut Finding) {
    import(scene, from, module, &format!("{place}: -m {module}"), finding);
    if module.is_empty() {
        let (what, taken) = ("the name of the module that Python runs is computed", "nothing is kept for it");
        let (place, what, taken) = (place.to_owned(), what.to_owned(), taken.to_owned());
        finding.unknowns.push(Unknown { at: from.cloned(), place, what, taken });
    }
}

/// Adds a module that is only named: somebody may import it by that name.
pub fn named(scene: &Scene<'_>, from: Option<&ImagePath>, name: &str, evidence: &str, finding: &mut Finding) {
    let module = name.split(':').next().unwrap_or(name);
    if scene.python.is_distributed(module) {
        import(scene, from, module, evidence, finding);
    } else if scene.knowledge.asks_about(&fact(module)) {
        finding.imports.insert(fact(module));
    }
}

/// Adds a module by its name; whether a distribution has it.
pub fn import(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    module: &str,
    evidence: &str,
    finding: &mut Finding,
) -> bool {
    let top = module.split('.').next().unwrap_or(module);
    finding.imports.insert(fact(module));
    let places = scene.python.places(top);
    for place in places {
        let start = place.join("__init__.py").ok().filter(|start| scene.tree.contains(start));
        match (start, scene.tree.get(place).is_some_and(|node| node.is_directory())) {
            (Some(start), _) => finding.loaded.extend(scene.follow(from, &start, Rule::Import, evidence)),
            (None, false) => finding.loaded.extend(scene.follow(from, place, Rule::Import, evidence)),
            // A directory without a beginning has nothing from which the rest would be found.
            (None, true) => {
                for place in scene.python.distribution(place) {
                    whole(scene, from.unwrap_or(place), place, evidence, finding);
                }
            }
        }
    }
    !places.is_empty()
}

/// What rules ask for as the import of a module.
fn fact(module: &str) -> String {
    format!("python {}", module.split('.').next().unwrap_or(module))
}

fn whole(scene: &Scene<'_>, from: &ImagePath, place: &ImagePath, evidence: &str, finding: &mut Finding) {
    if scene.tree.get(place).is_some_and(|node| !node.is_directory()) && place != from {
        finding.loaded.extend(scene.follow(Some(from), place, Rule::Import, evidence));
    }
    for (file, node) in scene.tree.below(place) {
        // Byte code goes with its module, and is no reason of its own to stay.
        let is_byte_code = file.components().any(|part| part == b"__pycache__");
        if node.is_directory() || is_byte_code || file == from {
            continue;
        }
        finding.loaded.extend(scene.follow(Some(from), file, Rule::Import, evidence));
        // Distributions link to folders of data that another package has.
        if node.as_symlink().is_some() {
            finding.loaded.extend(texts::behind(scene, file, evidence));
        }
    }
}
