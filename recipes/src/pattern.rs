//! Patterns over paths and names.
//!
//! `*` and `?` stay within a name, `**` crosses directories, `{a,b}` is a choice (which may be empty). `$LIB` stands for every
//! directory that a loader searches on its own, whatever the distro's layout; so a rule fits multiarch and plain trees.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// What `$LIB` stands for.
const LIBRARY_DIRECTORIES: &str = "{,/usr,/usr/local}/{lib,lib64,lib32,lib/*-linux-*}";

/// More choices than anyone writes; a hostile pattern of `{,}{,}…` ends here.
const SPREAD_LIMIT: usize = 1000;

/// A pattern that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {pattern:?}: {reason}")]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

/// One pattern, ready to match.
#[derive(Debug, Clone)]
pub struct Pattern(globset::GlobMatcher);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        Ok(Self(glob(pattern)?.compile_matcher()))
    }

    /// Whether the pattern covers this path or name.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The patterns without variables and choices that together cover what `pattern` covers, so that a tree can be walked name by
    /// name: `/{a,b}/*` is `/a/*` and `/b/*`. A pattern of more than a thousand choices, or a malformed one, covers nothing here.
    pub fn spread(pattern: &str) -> Vec<String> {
        let mut open = vec![pattern.replace("$LIB", LIBRARY_DIRECTORIES)];
        let mut plain = Vec::new();
        while let Some(next) = open.pop() {
            match choice(&next) {
                Some((before, options, after)) => {
                    open.extend(options.iter().rev().map(|option| format!("{before}{option}{after}")));
                }
                None => plain.push(next),
            }
            if open.len() + plain.len() > SPREAD_LIMIT {
                return Vec::new();
            }
        }
        plain
    }
}

/// The first `{a,b}` of a pattern: what stands before it, its options, what stands behind it.
fn choice(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    let (mut depth, mut begin, mut options, mut from, mut escaped) = (0, 0, Vec::new(), 0, false);
    for (at, character) in pattern.char_indices() {
        match character {
            _ if escaped => {
                escaped = false;
                continue;
            }
            '\\' => escaped = true,
            '{' => {
                depth += 1;
                if depth == 1 {
                    (begin, from) = (at, at + 1);
                }
            }
            ',' if depth == 1 => {
                options.push(&pattern[from..at]);
                from = at + 1;
            }
            '}' if depth == 1 => {
                options.push(&pattern[from..at]);
                return Some((&pattern[..begin], options, &pattern[at + 1..]));
            }
            '}' if depth > 1 => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Many patterns, matched at once.
#[derive(Debug, Clone, Default)]
pub struct Patterns(GlobSet);

impl Patterns {
    /// Reads patterns; their positions are what [`Patterns::matching`] answers with.
    ///
    /// # Errors
    /// When one is malformed.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, PatternError> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            set.add(glob(pattern)?);
        }
        let set = set.build().map_err(|error| PatternError { pattern: String::new(), reason: error.to_string() })?;
        Ok(Self(set))
    }

    /// Whether any of the patterns covers this path or name.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The positions of the patterns that cover this path or name, ascending.
    pub fn matching(&self, text: &str) -> Vec<usize> {
        self.0.matches(text)
    }
}

fn glob(pattern: &str) -> Result<globset::Glob, PatternError> {
    let error = |reason: String| PatternError { pattern: pattern.to_owned(), reason };
    if pattern.is_empty() {
        return Err(error("is empty".into()));
    }
    let expanded = pattern.replace("$LIB", LIBRARY_DIRECTORIES);
    if expanded.contains('$') {
        return Err(error("the only variable is $LIB".into()));
    }
    GlobBuilder::new(&expanded)
        .literal_separator(true)
        .empty_alternates(true)
        .backslash_escape(true)
        .build()
        .map_err(|wrong| error(wrong.kind().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lib_covers_every_layout() {
        let pattern = Pattern::new("$LIB/gconv/*.so").unwrap();
        for path in [
            "/usr/lib/x86_64-linux-gnu/gconv/UTF-16.so",
            "/lib/aarch64-linux-gnu/gconv/UTF-16.so",
            "/usr/lib64/gconv/UTF-16.so",
            "/lib/gconv/UTF-16.so",
        ] {
            assert!(pattern.matches(path), "{path}");
        }
        assert!(!pattern.matches("/opt/lib/gconv/UTF-16.so"));
        assert!(!pattern.matches("/usr/lib/gconv/deeper/UTF-16.so"));
    }

    #[test]
    fn choices_spread_in_order() {
        assert_eq!(Pattern::spread("/{a,b{1,2}}/*{,.d}"), ["/a/*", "/a/*.d", "/b1/*", "/b1/*.d", "/b2/*", "/b2/*.d"]);
        assert_eq!(Pattern::spread(r"/a\{b,c}"), [r"/a\{b,c}"]);
        assert_eq!(Pattern::spread("$LIB/x").len(), 12);
        assert!(Pattern::spread(&"{,}".repeat(40)).is_empty());
    }

    #[test]
    fn malformed_patterns_name_themselves() {
        for wrong in ["", "/a/[", "/{a", "$T/x"] {
            assert_eq!(Pattern::new(wrong).unwrap_err().pattern, wrong);
        }
    }
}
