//! The table as a person browses it.

use crate::embedded::EMBEDDED;
use crate::load::Recipes;
use crate::place::Places;
use schemars::JsonSchema;
use serde::Serialize;

/// The number of [`Catalogue`]'s format.
pub const CATALOGUE_SCHEMA: u32 = 1;

/// What `slim recipes list` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Catalogue {
    /// Version of this format, now 1.
    pub schema: u32,
    /// Every recipe, in the order in which they apply.
    pub recipes: Vec<RecipeEntry>,
}

/// A recipe in a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecipeEntry {
    /// Its id.
    pub id: String,
    /// What it knows about.
    pub about: String,
    /// Its rules, in order.
    pub rules: Vec<RuleEntry>,
}

/// A rule in a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleEntry {
    /// Its id.
    pub id: String,
    /// Why it holds.
    pub because: String,
}

impl Recipes {
    /// Every recipe with its rules and their reasons.
    pub fn catalogue(&self) -> Catalogue {
        let rule = |rule: &crate::Rule| RuleEntry { id: rule.id.clone(), because: rule.because.clone() };
        let entry = |recipe: &crate::Recipe| RecipeEntry {
            id: recipe.id.clone(),
            about: recipe.about.clone(),
            rules: recipe.rules.iter().map(rule).collect(),
        };
        Catalogue { schema: CATALOGUE_SCHEMA, recipes: self.recipes().iter().map(entry).collect() }
    }
}

/// The text of a built-in recipe, or of one of its rules, by id; ready to be changed and given back as a user's own.
pub fn quote(id: &str) -> Option<String> {
    let tables = EMBEDDED.iter().filter_map(|(file, text)| Some((file, text, Recipes::parse(file, text).ok()?)));
    for (file, text, table) in tables {
        for recipe in table.recipes() {
            if recipe.id == id {
                return Some(format!("# {file}\n{text}"));
            }
            if recipe.rules.iter().any(|rule| rule.id == id) {
                let rule = Places::of(text).quote(text, &recipe.id, id)?;
                return Some(format!("# {file}\nrules:\n{rule}"));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_and_every_rule_can_be_shown() {
        let table = Recipes::embedded().unwrap();
        for recipe in table.recipes() {
            assert!(quote(&recipe.id).unwrap().contains(&format!("id: {}", recipe.id)));
            for rule in &recipe.rules {
                // What is shown is a recipe again, once it has a name.
                let text = quote(&rule.id).unwrap_or_else(|| panic!("{} has no place", rule.id));
                let again = Recipes::parse(&rule.id, &format!("id: mine\nabout: a copy\n{text}")).unwrap();
                assert_eq!(again.rules().collect::<Vec<_>>(), [rule]);
            }
        }
        assert_eq!(quote("no such thing"), None);
    }
}
