//! What PHP sources include: `require_once 'Twig/autoload.php'`, `include __DIR__ . '/part.php'`.
//!
//! Names without a slash in front are looked for in the include path (<https://www.php.net/manual/ini.core.php#ini.include-path>), where
//! distributions install libraries, each with an `autoload.php` that finds its classes by name: who includes it may ask for any.

use super::{Finding, Language, Scene, quotes};
use crate::graph::Rule;
use crate::path::ImagePath;

/// Where distributions put libraries for all programs.
const PLACES: [&str; 2] = ["/usr/share/php", "/usr/share/pear"];

/// The file that finds a library's classes.
const AUTOLOAD: &str = "autoload.php";

/// Adds the files that a source includes.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    let text = String::from_utf8_lossy(bytes);
    let loads_libraries = text.contains(AUTOLOAD);
    for (index, line) in text.lines().enumerate() {
        let is_include = ["require", "include"].iter().any(|word| line.contains(word));
        let evidence = || format!("line {}: {}", index + 1, line.trim());
        for name in quotes::inner(line, Language::Php) {
            let own = name.strip_prefix('/').filter(|_| is_include).and_then(|name| path.parent()?.join_relative(name));
            let shared = || PLACES.iter().filter_map(|place| ImagePath::literal(place).join(name).ok());
            for file in own.into_iter().chain(shared()).filter(|_| is_include && name.ends_with(".php")) {
                included(scene, path, &file, &evidence(), finding);
            }
            // `foreach (['Twig', 'Monolog'] as $library) require "$library/autoload.php"`.
            let libraries = shared().filter(|_| loads_libraries && !name.is_empty());
            for file in libraries.filter_map(|folder| folder.join(AUTOLOAD).ok()) {
                included(scene, path, &file, &evidence(), finding);
            }
        }
    }
}

/// A file that is included, and with an `autoload.php` of a library all that lies beside and below it.
fn included(scene: &Scene<'_>, from: &ImagePath, file: &ImagePath, evidence: &str, finding: &mut Finding) {
    let Some((real, _)) = scene.tree.lookup(file).filter(|(_, node)| node.as_file().is_some()) else { return };
    finding.loaded.extend(scene.follow(Some(from), file, Rule::Import, evidence));
    let is_shared = PLACES.iter().any(|place| real.starts_with(&ImagePath::literal(place)));
    let Some(folder) = real.parent().filter(|_| is_shared && real.file_name() == AUTOLOAD.as_bytes()) else { return };
    // An own part of the library does not load the whole anew.
    if from.starts_with(&folder) {
        return;
    }
    for (part, _) in scene.tree.below(&folder).filter(|(_, node)| !node.is_directory()) {
        finding.loaded.extend(scene.follow(Some(from), part, Rule::Import, evidence));
    }
}
