//! The builds of the maintainer scripts that a recipe knows, written anew into its text.

use recipes::{Build, Recipes};

/// A script that was found in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripted {
    /// The package's name.
    pub package: String,
    /// Which of its scripts.
    pub hook: String,
    /// The package's version and architecture, and the script's hash.
    pub build: Build,
}

/// A recipe whose builds cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum BuildsError {
    /// It is not sound.
    #[error(transparent)]
    Recipe(#[from] recipes::LoadError),
    /// Its text has not one list of builds, in block style, for each script.
    #[error("the recipe has {scripts} scripts and {lists} lines `builds:`")]
    Shape {
        /// How many scripts it describes.
        scripts: usize,
        /// How many lists the text has.
        lists: usize,
    },
    /// None of the packages has a script that the recipe describes.
    #[error("no package has the {hook} of {package}")]
    Missing {
        /// The package.
        package: String,
        /// Which script.
        hook: String,
    },
}

/// The text of a recipe with the builds found in place of its own; everything else of it stays, comments too.
///
/// # Errors
/// When the recipe is not sound, when a list of builds is not the lines below `builds:`, and when a script was not found at all.
pub fn rewritten(recipe: &str, found: &[Scripted]) -> Result<String, BuildsError> {
    let table = Recipes::parse("the recipe", recipe)?;
    let mut scripts = table.scripts();
    let (mut text, mut lists) = (String::new(), 0);
    let mut lines = recipe.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        text.push_str(line);
        if line.trim() != "builds:" {
            continue;
        }
        lists += 1;
        let Some(script) = scripts.next() else { continue };
        let mut builds: Vec<&Build> = found
            .iter()
            .filter(|found| (&found.package, &found.hook) == (&script.package, &script.hook))
            .map(|found| &found.build)
            .collect();
        if builds.is_empty() {
            return Err(BuildsError::Missing { package: script.package.clone(), hook: script.hook.clone() });
        }
        builds.sort();
        builds.dedup();
        let indent = " ".repeat(line.len() - line.trim_start().len() + 2);
        for Build { version, architecture, sha256 } in builds {
            text.push_str(&format!(
                "{indent}- {{version: {version}, architecture: {architecture}, sha256: {sha256}}}\n"
            ));
        }
        while lines.next_if(|line| line.starts_with(&format!("{indent}- "))).is_some() {}
    }
    let count = table.scripts().count();
    if lists == count { Ok(text) } else { Err(BuildsError::Shape { scripts: count, lists }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str = "# by hand\nid: a\nabout: b\nscripts:\n  - package: bash\n    hook: preinst\n    what: a program\n    action: upgrade\n    because: for a test\n    builds:\n      - {version: 1, architecture: old, sha256: HASH}\n      # after\n";

    fn recipe() -> String {
        RECIPE.replace("HASH", &"0".repeat(64))
    }

    fn build(package: &str, architecture: &str, digit: &str) -> Scripted {
        let build = Build { version: "2".into(), architecture: architecture.into(), sha256: digit.repeat(64) };
        Scripted { package: package.into(), hook: "preinst".into(), build }
    }

    #[test]
    fn builds_are_those_that_were_found_and_the_rest_stays() {
        let found =
            [build("bash", "b", "2"), build("bash", "a", "1"), build("bash", "a", "1"), build("dash", "c", "3")];
        let line = |architecture: &str, digit: &str| {
            format!("      - {{version: 2, architecture: {architecture}, sha256: {}}}\n", digit.repeat(64))
        };
        let old = format!("      - {{version: 1, architecture: old, sha256: {}}}\n", "0".repeat(64));
        let expected = recipe().replace(&old, &(line("a", "1") + &line("b", "2")));
        let text = rewritten(&recipe(), &found).unwrap();
        assert_eq!(text, expected);
        assert_eq!(rewritten(&text, &found).unwrap(), text);
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        assert!(matches!(rewritten(&recipe(), &[build("dash", "a", "1")]), Err(BuildsError::Missing { .. })));
        let flow = recipe().replace("builds:\n      - {", "builds: [{").replace("}\n      # after", "}]");
        assert!(matches!(
            rewritten(&flow, &[build("bash", "a", "1")]),
            Err(BuildsError::Shape { scripts: 1, lists: 0 })
        ));
        assert!(matches!(rewritten("- 1", &[]), Err(BuildsError::Recipe(_))));
    }
}
