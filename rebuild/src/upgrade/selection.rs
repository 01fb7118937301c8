//! Packages that the user names, by name or by glob.

use super::installed::InstalledPackage;
use crate::glob::Glob;

/// Patterns over package names (fnmatch(3)): `openssl`, `lib*`, `libc6:amd64`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(Vec<String>);

impl Names {
    /// Whether nothing was named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a pattern fits a package, by its name or by `name:architecture`.
    pub fn fit(&self, name: &str, architecture: &str) -> bool {
        self.0.iter().any(|pattern| fits(pattern, name, architecture))
    }

    /// The first pattern that fits nothing that is installed: most likely a slip.
    pub fn idle(&self, installed: &[InstalledPackage]) -> Option<&str> {
        let used = |pattern: &String| installed.iter().any(|p| fits(pattern, &p.name, &p.architecture));
        self.0.iter().find(|pattern| !used(pattern)).map(String::as_str)
    }
}

impl<T: Into<String>> FromIterator<T> for Names {
    fn from_iter<I: IntoIterator<Item = T>>(patterns: I) -> Self {
        Self(patterns.into_iter().map(Into::into).collect())
    }
}

fn fits(pattern: &str, name: &str, architecture: &str) -> bool {
    let glob = |pattern: &str, text: &str| Glob::fnmatch(pattern.as_bytes()).fits_bytes(text.as_bytes());
    match pattern.split_once(':') {
        Some((of_name, of_architecture)) => glob(of_name, name) && glob(of_architecture, architecture),
        None => glob(pattern, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_globs_and_may_name_an_architecture() {
        let names: Names = ["lib*", "a:arm64"].into_iter().collect();
        for (name, architecture, expected) in
            [("libc6", "amd64", true), ("a", "arm64", true), ("a", "amd64", false), ("xlib", "amd64", false)]
        {
            assert_eq!(names.fit(name, architecture), expected, "{name}:{architecture}");
        }
    }
}
