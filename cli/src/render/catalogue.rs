//! The recipes: one a paragraph, its rules below it.

use super::table;
use super::text::{clean, count};
use recipes::Catalogue;
use std::fmt::Write as _;

/// Every recipe with its rules and their reasons.
pub(crate) fn catalogue(catalogue: &Catalogue) -> String {
    let mut text = String::new();
    for recipe in &catalogue.recipes {
        let _ = writeln!(text, "{}: {}", clean(&recipe.id), clean(&recipe.about));
        let row = |rule: &recipes::RuleEntry| [format!("  {}", clean(&rule.id)), clean(&rule.because)];
        let rows: Vec<_> = recipe.rules.iter().map(row).collect();
        if !rows.is_empty() {
            text.push_str(&table(["  rule", "because"], &[], &rows));
        }
        text.push('\n');
    }
    let rules = catalogue.recipes.iter().map(|recipe| recipe.rules.len()).sum();
    let _ = writeln!(text, "{}, {}", count(catalogue.recipes.len(), "recipe"), count(rules, "rule"));
    text
}
