//! What Perl programs and modules load: `use`, `require`, `use parent`.
//!
//! A module is looked for in every library directory that the image has, as `@INC` is computed when perl is built.

use super::{Finding, Scene};
use crate::graph::Rule;
use crate::path::ImagePath;

/// Directories of `@INC`, as patterns below which `X/Y.pm` is looked for.
pub(crate) const PLACES: [&str; 9] = [
    "/etc/perl",
    "/usr/local/lib/*/perl/*",
    "/usr/local/share/perl/*",
    "/usr/share/perl5",
    "/usr/lib/*/perl5/*",
    "/usr/lib/*/perl-base",
    "/usr/lib/*/perl/*",
    "/usr/share/perl/*",
    "/usr/{lib,share}/perl5/{core,vendor}_perl",
];

/// Whether a file is Perl by its name or first line.
pub fn is_perl(path: &ImagePath, bytes: &[u8]) -> bool {
    super::is_written_in(path, bytes, &[".pm", ".pl"], &["perl"])
}

/// Adds the modules that a Perl file names.
pub fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    for (index, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
        if matches!(line.trim(), "__END__" | "__DATA__") {
            break;
        }
        for module in modules(line) {
            let name = module.replace("::", "/");
            let last = name.rsplit('/').next().unwrap_or(&name);
            // A module, the object that it loads itself (XSLoader), and the parts that AutoLoader reads.
            let files = [format!("{name}.pm"), format!("auto/{name}/{last}.so"), format!("auto/{name}/autosplit.ix")];
            let evidence = format!("line {}: {}", index + 1, line.trim());
            for found in scene.perl.0.iter().flat_map(|place| files.iter().filter_map(|file| place.join(file).ok())) {
                finding.loaded.extend(scene.follow(Some(path), &found, Rule::Import, &evidence));
            }
        }
    }
}

/// Module names in a line: `use X::Y qw(…)`, `require X::Y`, `use parent qw(A B)`, `use base 'A'`.
fn modules(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for statement in line.split(';').map(str::trim_start).filter(|text| !text.starts_with('#')) {
        let words: Vec<&str> = statement
            .split(|c: char| c.is_whitespace() || "()'\",{}".contains(c))
            .filter(|word| !word.is_empty())
            .collect();
        let Some(at) = words.iter().position(|word| matches!(*word, "use" | "require")) else { continue };
        let names = words.get(at + 1..).unwrap_or_default();
        let many = names.first().is_some_and(|name| matches!(*name, "parent" | "base"));
        let is_name = |name: &&&str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
        };
        found.extend(names.iter().take(if many { usize::MAX } else { 1 }).filter(is_name).copied());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_modules_are_found_by_their_words() {
        let cases = [
            ("use strict;", "strict"),
            ("use POSIX qw(floor);", "POSIX"),
            ("eval { require DBD::SQLite; };", "DBD::SQLite"),
            ("use parent qw(A::B C);", "parent qw A::B C"),
            ("use 5.010; use utf8", "utf8"),
            ("# use X", ""),
            ("my $x = 'because';", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(modules(line).join(" "), expected, "{line}");
        }
    }
}
