//! Variables that the application's scripts hand on to the programs that they start: `export TOOL=jq` in an entrypoint, `$TOOL` in what it runs.
//!
//! Who starts whom is not asked: a script that gives such a variable no value of its own may have that of any other.

use super::super::Scene;
use super::reader::gather;
use super::{BUILTINS, Values};
use crate::launch::{FirstLine, LINE_LIMIT};
use crate::path::ImagePath;
use crate::script::{self, SimpleCommand, Word};
use std::collections::BTreeMap;

/// Larger scripts are no entrypoints.
const SIZE_LIMIT: u64 = 1 << 18;

/// How many values a variable has of all scripts.
const VALUE_LIMIT: usize = 64;

/// What scripts of the application export, by the variables' names.
#[derive(Debug, Clone, Default)]
pub struct Exports(BTreeMap<String, Vec<String>>);

impl Exports {
    /// Those of every shell script that no package owns, and of the files that these read in.
    pub fn of(scene: &Scene<'_>) -> Self {
        let mut all = Self::default();
        let own = scene.tree.iter().filter(|(path, node)| node.as_file().is_some() && scene.is_applications(path));
        for path in own.map(|(path, _)| path).filter(|path| is_script(scene, path)) {
            let Some((script, _)) = scene.read(path).and_then(|bytes| script::salvage(&bytes).ok()) else { continue };
            let mut values = Values::of_script(Some(path));
            gather(scene, &script, &mut values, 0);
            for name in values.exported() {
                let known = all.0.entry(name.to_owned()).or_default();
                let new = values.known(name).iter().filter(|value| !known.contains(value)).cloned().collect::<Vec<_>>();
                known.extend(new.into_iter().take(VALUE_LIMIT.saturating_sub(known.len())));
            }
        }
        all
    }

    /// The values that scripts export under a name.
    pub fn known(&self, name: &str) -> &[String] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

fn is_script(scene: &Scene<'_>, path: &ImagePath) -> bool {
    let file = scene.tree.get(path).and_then(|node| node.as_file());
    let Some(file) = file.filter(|file| file.content.size() <= SIZE_LIMIT) else { return false };
    let head = scene.contents.head(&file.content, LINE_LIMIT).unwrap_or_default();
    [&b".sh"[..], b".bash"].iter().any(|end| path.file_name().ends_with(end))
        || FirstLine::new(&head).is_some_and(|line| line.names_shell())
}

/// The variables that a command hands on to programs (POSIX, "export"; bash(1), `declare -x`; env(1)).
pub(super) fn exported(command: &SimpleCommand) -> Vec<String> {
    let Some((first, arguments)) = command.words.split_first() else { return Vec::new() };
    let name_of = |word: &Word| word.beginning().0.split('=').next().map(str::to_owned).filter(|name| !name.is_empty());
    let is_export = |word: &Word| word.literal().is_some_and(|option| option.starts_with('-') && option.contains('x'));
    match first.literal().as_deref() {
        Some("export") => arguments.iter().filter_map(name_of).collect(),
        Some("declare" | "typeset") if arguments.iter().any(is_export) => {
            arguments.iter().filter_map(name_of).collect()
        }
        Some("env") => assignments(arguments).filter_map(name_of).collect(),
        // `IFS=, read …`: no program has it.
        Some(name) if BUILTINS.contains(&name) => Vec::new(),
        _ => command.assignments.iter().map(|one| one.name.clone()).collect(),
    }
}

/// The words of `env` before the command.
pub(super) fn assignments(arguments: &[Word]) -> impl Iterator<Item = &Word> {
    let mut at = 0;
    while let Some(option) = arguments.get(at).map(|word| word.beginning().0).filter(|word| word.starts_with('-')) {
        at += 1 + usize::from(matches!(option.as_str(), "-u" | "--unset" | "-C" | "--chdir"));
    }
    let is_one = |word: &&Word| word.beginning().0.contains('=');
    arguments.get(at..).unwrap_or_default().iter().take_while(is_one)
}
