//! Where in a recipe's text its parts stand, for messages and for quoting.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

/// Lines, counted from 1, of the parts of a recipe, by the names that [`Problem::place`](crate::Problem::place) gives them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Places(BTreeMap<String, u64>);

#[derive(Deserialize)]
struct Outline {
    id: Option<Spanned<String>>,
    #[serde(default)]
    rules: Vec<Spanned<Named>>,
    #[serde(default)]
    ignore: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    generated: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    wrappers: Vec<Spanned<Wraps>>,
    #[serde(default)]
    options: Vec<Spanned<Wraps>>,
    #[serde(default)]
    scripts: Vec<Spanned<Knows>>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: String,
}

#[derive(Deserialize)]
struct Wraps {
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Deserialize)]
struct Knows {
    #[serde(default)]
    package: String,
    #[serde(default)]
    hook: String,
}

impl Places {
    /// Reads the outline of a recipe; a text that has none has no places.
    pub(crate) fn of(text: &str) -> Self {
        let Ok(outline) = serde_saphyr::from_str::<Outline>(text) else { return Self::default() };
        let mut places = BTreeMap::new();
        let recipe = outline.id.as_ref().map_or("", |id| id.value.as_str());
        if let Some(id) = &outline.id {
            places.insert(recipe.to_owned(), id.referenced.line());
        }
        // A name that is used twice is wrong where it stands the second time.
        for rule in &outline.rules {
            places.insert(format!("{recipe}/{}", rule.value.id), rule.referenced.line());
        }
        for (kind, list) in [("ignore", &outline.ignore), ("generated", &outline.generated)] {
            for (index, item) in list.iter().enumerate() {
                places.insert(format!("{recipe}/{kind} {index}"), item.referenced.line());
            }
        }
        for wrapper in &outline.wrappers {
            places.insert(format!("{recipe}/{}", wrapper.value.names.join(",")), wrapper.referenced.line());
        }
        for options in &outline.options {
            places.insert(format!("{recipe}/options of {}", options.value.names.join(",")), options.referenced.line());
        }
        for script in &outline.scripts {
            let Knows { package, hook } = &script.value;
            places.insert(format!("{recipe}/{package} {hook}"), script.referenced.line());
        }
        Self(places)
    }

    /// The line of a part.
    pub(crate) fn line(&self, place: &str) -> Option<u64> {
        self.0.get(place).copied()
    }

    /// The text of a rule: its line and all that is indented deeper.
    pub(crate) fn quote<'t>(&self, text: &'t str, recipe: &str, rule: &str) -> Option<&'t str> {
        let first = usize::try_from(self.line(&format!("{recipe}/{rule}"))?).ok()?;
        let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let mut start = 0;
        let (mut end, mut depth) = (None, 0);
        for (index, line) in text.split_inclusive('\n').enumerate() {
            if index + 1 < first {
                start += line.len();
            } else if index + 1 == first {
                depth = indent(line);
                end = Some(start + line.len());
            } else if line.trim().is_empty() || indent(line) <= depth {
                break;
            } else {
                end = end.map(|end| end + line.len());
            }
        }
        text.get(start..end?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "id: a\nabout: b\nrules:\n  - id: one\n    keep:\n      - /x\n\n  - because: c\n    id: two\ngenerated:\n  - paths: []\n";

    #[test]
    fn parts_have_lines() {
        let places = Places::of(TEXT);
        let line = |place| places.line(place);
        assert_eq!(
            [line("a"), line("a/one"), line("a/two"), line("a/generated 0"), line("a/none")],
            [Some(1), Some(4), Some(8), Some(11), None]
        );
        assert_eq!(Places::of("- 1"), Places::default());
    }

    #[test]
    fn a_rule_is_quoted_whole_and_alone() {
        let places = Places::of(TEXT);
        assert_eq!(places.quote(TEXT, "a", "one"), Some("  - id: one\n    keep:\n      - /x\n"));
        assert_eq!(places.quote(TEXT, "a", "two"), Some("  - because: c\n    id: two\n"));
    }
}
