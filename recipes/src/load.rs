//! Reading recipes and joining tables of them.

use crate::check::{self, Problem};
use crate::embedded::EMBEDDED;
use crate::place::Places;
use crate::schema::{Generated, Ignore, Options, Recipe, Rule, Script, Wrapper};

/// A recipe could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Not YAML, or not of a recipe's shape.
    #[error("recipe {file}: {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// What the reader said, with line and column.
        reason: String,
    },
    /// Well-formed, but wrong.
    #[error("recipe {file}: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Wrong {
        /// The file.
        file: String,
        /// What is wrong, in the order of the file.
        problems: Vec<Problem>,
    },
}

/// Something built in that a user's recipe stands in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The id of what no longer counts.
    pub id: String,
    /// Whether it is a rule; else it is a whole recipe.
    pub rule: bool,
    /// The user's recipe.
    pub by: String,
}

impl std::fmt::Display for Override {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.rule { "rule" } else { "recipe" };
        write!(f, "recipe {} stands in for the built-in {kind} {}", self.by, self.id)
    }
}

/// A table of recipes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipes {
    recipes: Vec<Recipe>,
}

impl Recipes {
    /// A table that knows nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The built-in table, in the order of its files' names.
    ///
    /// # Errors
    /// Never in a build whose tests passed.
    pub fn embedded() -> Result<Self, LoadError> {
        let mut table = Self::empty();
        for (file, text) in EMBEDDED {
            table.merge(Self::parse(file, text)?);
        }
        Ok(table)
    }

    /// Reads one recipe file; `file` is only for messages.
    ///
    /// # Errors
    /// When the text is not a recipe, or is one that [`Recipes::problems`] finds fault with.
    pub fn parse(file: &str, text: &str) -> Result<Self, LoadError> {
        let recipe: Recipe = serde_saphyr::from_str(text)
            .map_err(|error| LoadError::Malformed { file: file.to_owned(), reason: error.to_string() })?;
        let table = Self { recipes: vec![recipe] };
        let mut problems = table.problems();
        let places = Places::of(text);
        problems.iter_mut().for_each(|problem| problem.line = places.line(&problem.place));
        if problems.is_empty() { Ok(table) } else { Err(LoadError::Wrong { file: file.to_owned(), problems }) }
    }

    /// Adds another table. A recipe with the id of an earlier one replaces it: so a user can correct what is built in.
    pub fn merge(&mut self, later: Self) {
        for recipe in later.recipes {
            match self.recipes.iter_mut().find(|known| known.id == recipe.id) {
                Some(known) => *known = recipe,
                None => self.recipes.push(recipe),
            }
        }
    }

    /// Lays a user's table over this one, and tells what of this one no longer counts: a recipe with the id of one here replaces it, a
    /// rule with the id of one here stands in for it.
    pub fn overlay(&mut self, later: Self) -> Vec<Override> {
        let mut overridden = Vec::new();
        for recipe in &later.recipes {
            if self.recipes.iter().any(|known| known.id == recipe.id) {
                overridden.push(Override { id: recipe.id.clone(), rule: false, by: recipe.id.clone() });
            }
            for known in self.recipes.iter_mut().filter(|known| known.id != recipe.id) {
                known.rules.retain(|rule| {
                    let replaced = recipe.rules.iter().any(|new| new.id == rule.id);
                    if replaced {
                        overridden.push(Override { id: rule.id.clone(), rule: true, by: recipe.id.clone() });
                    }
                    !replaced
                });
            }
        }
        self.merge(later);
        overridden
    }

    /// All recipes.
    pub fn recipes(&self) -> &[Recipe] {
        &self.recipes
    }

    /// All rules, recipe by recipe.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.recipes.iter().flat_map(|recipe| &recipe.rules)
    }

    /// All strings to overlook.
    pub fn ignored(&self) -> impl Iterator<Item = &Ignore> {
        self.recipes.iter().flat_map(|recipe| &recipe.ignore)
    }

    /// All classes of generated files.
    pub fn generated(&self) -> impl Iterator<Item = &Generated> {
        self.recipes.iter().flat_map(|recipe| &recipe.generated)
    }

    /// All scripts known by their content.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.recipes.iter().flat_map(|recipe| &recipe.scripts)
    }

    /// The wrapper with this file name.
    pub fn wrapper(&self, name: &str) -> Option<&Wrapper> {
        self.recipes.iter().flat_map(|recipe| &recipe.wrappers).find(|wrapper| wrapper.names.iter().any(|n| n == name))
    }

    /// What is known of the options of programs with this file name.
    pub fn options(&self, name: &str) -> impl Iterator<Item = &Options> {
        let all = self.recipes.iter().flat_map(|recipe| &recipe.options);
        all.filter(move |options| options.names.iter().any(|n| n == name))
    }

    /// What is wrong with the table; nothing, for one to rely on.
    pub fn problems(&self) -> Vec<Problem> {
        check::problems(self)
    }

    /// The JSON schema of a recipe file, for editors.
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str =
        "id: a\nabout: b\nrules:\n  - id: r\n    because: for a test\n    when: {always: true}\n    keep: [/x]\n";

    #[test]
    fn a_misspelt_field_is_refused_with_its_place() {
        let error = Recipes::parse("mine.yaml", &SMALL.replace("keep", "kept")).unwrap_err().to_string();
        assert!(error.starts_with("recipe mine.yaml:") && error.contains("kept"), "{error}");
    }

    #[test]
    fn a_later_recipe_replaces_one_of_the_same_id() {
        let mut table = Recipes::parse("1", SMALL).unwrap();
        table.merge(Recipes::parse("2", &SMALL.replace("/x", "/y")).unwrap());
        assert_eq!(table.rules().map(|rule| &rule.keep[..]).collect::<Vec<_>>(), [["/y"]]);
    }

    #[test]
    fn a_users_rule_stands_in_for_one_of_the_same_id() {
        let mut table = Recipes::parse("1", SMALL).unwrap();
        let mine = |text: &str| Recipes::parse("2", text).unwrap();
        let told = table.overlay(mine(&SMALL.replace("id: a", "id: mine").replace("/x", "/y")));
        assert_eq!(
            told.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["recipe mine stands in for the built-in rule r"]
        );
        assert_eq!(table.rules().map(|rule| &rule.keep[..]).collect::<Vec<_>>(), [["/y"]]);
        assert_eq!(table.problems(), []);
        let told = table.overlay(mine(&SMALL.replace("id: r", "id: s")));
        assert_eq!(told[0].to_string(), "recipe a stands in for the built-in recipe a");
        assert_eq!(table.recipes().len(), 2);
        assert!(table.overlay(mine(&SMALL.replace("id: a", "id: c").replace("id: r", "id: t"))).is_empty());
    }

    #[test]
    fn the_schema_names_every_field() {
        let schema = serde_json::to_string(&Recipes::schema()).unwrap();
        for field in ["because", "keep_files", "together", "gate", "provided", "valued"] {
            assert!(schema.contains(&format!("\"{field}\"")), "{field}");
        }
    }
}
