//! What find(1) leads to: the commands that it starts, and the files that a script has it look for: `LD_PRELOAD=$(find /usr/lib -name 'libjemalloc.so*')`.

use super::Scene;
use super::script::Values;
use crate::path::ImagePath;
use recipes::Patterns;

/// Tests of find that compare a file's name, and of which letters' case does not matter in the second.
const NAMES: [&str; 2] = ["-name", "-iname"];

/// Actions of those who look for files to be rid of them.
const REMOVALS: [&str; 2] = ["-delete", "rm"];

/// As many letters of a name at least stand before what a pattern leaves open: `lib*` and `*.pyc` mean nothing in particular.
const BEGINNING: usize = 4;

/// More files than this are no answer that a script expects.
const FILE_LIMIT: usize = 32;

/// The commands of `find … -exec COMMAND ;`.
pub(super) fn executed(arguments: &[String]) -> Vec<&[String]> {
    let begins = |word: &String| matches!(word.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir");
    let starts = arguments.iter().enumerate().filter(|(_, word)| begins(word)).map(|(at, _)| at + 1);
    let command = |at: usize| {
        let rest = &arguments[at..];
        let end = rest.iter().position(|word| matches!(word.as_str(), ";" | "+")).unwrap_or(rest.len());
        &rest[..end]
    };
    starts.map(command).collect()
}

/// The files that a script goes over: those of a name that are looked for, or all in a folder that has few.
pub(super) fn listed(scene: &Scene<'_>, values: &Values, arguments: &[String]) -> Vec<ImagePath> {
    if arguments.iter().any(|word| NAMES.contains(&word.as_str())) {
        return named(scene, values, arguments, true);
    }
    few(scene, values, arguments, |_| true)
}

/// The files below the folders that are looked through, if they are few.
fn few(
    scene: &Scene<'_>,
    values: &Values,
    arguments: &[String],
    is_one: impl Fn(&ImagePath) -> bool,
) -> Vec<ImagePath> {
    let below = |folder: ImagePath| {
        let files = scene.tree.below(&folder).filter(|(path, node)| !node.is_directory() && is_one(path));
        files.take(FILE_LIMIT + 1).map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    let found: Vec<ImagePath> =
        folders(scene, values, arguments).into_iter().flat_map(below).take(FILE_LIMIT + 1).collect();
    if found.len() > FILE_LIMIT { Vec::new() } else { found }
}

/// The files of packages that are looked for by a name of which enough is known.
pub(super) fn sought(scene: &Scene<'_>, values: &Values, arguments: &[String]) -> Vec<ImagePath> {
    named(scene, values, arguments, false)
}

/// The files that fit the names that find is told, if they are few and not to be removed: a package's where enough of the name is known,
/// the application's own, if these count, whatever the pattern leaves open.
fn named(scene: &Scene<'_>, values: &Values, arguments: &[String], own_too: bool) -> Vec<ImagePath> {
    if arguments.iter().any(|word| REMOVALS.contains(&word.as_str())) {
        return Vec::new();
    }
    let (Some(narrow), Some(any)) = (Names::of(arguments, is_narrow), Names::of(arguments, |_| true)) else {
        return Vec::new();
    };
    few(scene, values, arguments, |path| match scene.inventory.is_owned(path) {
        true => narrow.fit(path),
        false => own_too && scene.is_applications(path) && any.fit(path),
    })
}

/// The names that find is told, and those of which letters' case does not matter.
struct Names {
    exact: Patterns,
    lower: Patterns,
}

impl Names {
    fn of(arguments: &[String], is_meant: fn(&str) -> bool) -> Option<Self> {
        let tests = || arguments.windows(2).filter(|pair| is_meant(&pair[1]));
        let of =
            |option: &str| tests().filter(|pair| pair[0] == option).map(|pair| pair[1].clone()).collect::<Vec<_>>();
        let lower: Vec<String> = of(NAMES[1]).iter().map(|name| name.to_lowercase()).collect();
        let patterns = |names: &[String]| Patterns::new(names.iter().map(String::as_str)).ok();
        Some(Self { exact: patterns(&of(NAMES[0]))?, lower: patterns(&lower)? })
    }

    fn fit(&self, path: &ImagePath) -> bool {
        let name = String::from_utf8_lossy(path.file_name());
        self.exact.matches(&name) || self.lower.matches(&name.to_lowercase())
    }
}

/// The folders that are looked through.
fn folders(scene: &Scene<'_>, values: &Values, arguments: &[String]) -> Vec<ImagePath> {
    let places = arguments.iter().skip_while(|word| matches!(word.as_str(), "-H" | "-L" | "-P"));
    let places = places.take_while(|word| !word.starts_with(['-', '(', '!'])).flat_map(|word| values.here(scene, word));
    places.filter_map(|place| Some(scene.tree.lookup(&place)?.0)).collect()
}

/// Whether a pattern begins with enough of a name.
fn is_narrow(pattern: &str) -> bool {
    pattern.find(['*', '?', '[', '$']).unwrap_or(pattern.len()) >= BEGINNING
}
