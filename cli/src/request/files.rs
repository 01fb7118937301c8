//! Files that the user gives: recipes and traces.

use crate::failure::{Code, Failure};
use rebuild::request::Trace;
use recipes::{LoadError, Recipes};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Most bytes of a trace that are read.
const LARGEST_TRACE: u64 = 1 << 30;

/// Most bytes of a recipe that are read.
const LARGEST_RECIPE: u64 = 16 << 20;

/// The table of several files; later ones count before earlier ones.
pub(super) fn read_recipes(files: &[PathBuf]) -> Result<Recipes, Failure> {
    let mut table = Recipes::empty();
    for file in files {
        table.overlay(read_recipe(file)?);
    }
    Ok(table)
}

/// One file of recipes, or all that is wrong with it.
pub(crate) fn read_recipe(file: &Path) -> Result<Recipes, Failure> {
    let name = file.display().to_string();
    let bytes = read(file, LARGEST_RECIPE)?;
    let text = String::from_utf8(bytes).map_err(|_| usage(&format!("recipe {name}: it is not text in UTF-8")))?;
    Recipes::parse(&name, &text).map_err(|error| match error {
        LoadError::Malformed { reason, .. } => {
            let failure = usage(&format!("recipe {name} cannot be read"));
            Failure { causes: vec![reason], ..failure }.hint("`slim recipes show glibc` prints one that is right")
        }
        LoadError::Wrong { problems, .. } => {
            let failure = usage(&format!("recipe {name} is wrong"));
            Failure { causes: problems.iter().map(ToString::to_string).collect(), ..failure }
        }
    })
}

/// A trace, by the name of its file.
pub(super) fn read_trace(file: &Path) -> Result<Trace, Failure> {
    let text = read(file, LARGEST_TRACE)?;
    let name = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let uses = slim::trace::read(&text).map_err(|error| {
        let failure = usage(&format!("{} is no trace: {error}", file.display()));
        failure.hint("make one with `strace -f -o FILE COMMAND`, or list paths, one a line")
    })?;
    Ok(Trace { name: format!("--trace {name}"), uses })
}

fn read(file: &Path, largest: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(largest + 1).read_to_end(&mut bytes));
    read.map_err(|error| usage(&format!("{} cannot be read: {error}", file.display())))?;
    if bytes.len() as u64 > largest {
        return Err(usage(&format!("{} is larger than {largest} bytes", file.display())));
    }
    Ok(bytes)
}

/// What was typed names something that cannot be used. Needs no pointer to the help.
fn usage(heading: &str) -> Failure {
    Failure { code: Code::Usage, ..Failure::failed(heading) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_wrong_recipe_names_line_and_rule() {
        let wrong =
            file("id: a\nabout: b\nrules:\n  - {id: r, because: a good reason, when: {always: true}, keep: [x]}\n");
        let failure = read_recipe(wrong.path()).unwrap_err();
        assert_eq!(
            (failure.code, &failure.causes[..]),
            (Code::Usage, &["line 4: a/r: \"x\" is not an absolute path".to_owned()][..])
        );
        let malformed = read_recipe(file("id: a\nabout: b\nrulez: []\n").path()).unwrap_err();
        assert!(malformed.causes[0].contains("rulez") && malformed.causes[0].contains('3'), "{malformed:?}");
        assert!(read_recipe(Path::new("/nowhere/x.yaml")).unwrap_err().heading.contains("/nowhere/x.yaml"));
    }

    #[test]
    fn traces_are_known_by_their_file() {
        let good = file("/etc/hosts\n");
        let trace = read_trace(good.path()).unwrap();
        assert_eq!(trace.uses.len(), 1);
        assert!(!trace.name.contains('/'));
        assert!(read_trace(file("x").path()).unwrap_err().heading.contains("is no trace"));
    }
}
