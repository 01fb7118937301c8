//! What Perl programs and modules load: `use`, `require`, `use parent`, roles and parents of Moo and Moose (`with`, `extends`), and modules
//! whose last name is computed (`'Mojo::Reactor::' . $kind`).
//!
//! A module is looked for in every library directory that the image has, as `@INC` is computed when perl is built.

use super::{Finding, Scene};
use crate::graph::Rule;
use crate::path::ImagePath;
use std::collections::BTreeSet;

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
    // A module's own distribution comes with whoever loads it.
    let own = if is_installed(path) { scene.inventory.owner_indexes(path) } else { &[] };
    let mut whole: BTreeSet<usize> = own.iter().copied().collect();
    let mut places = scene.perl.0.clone();
    for (index, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
        if matches!(line.trim(), "__END__" | "__DATA__") {
            break;
        }
        let evidence = format!("line {}: {}", index + 1, line.trim());
        places.extend(libraries(line).filter_map(|folder| ImagePath::new(folder).ok()));
        for start in line.split(['\'', '"']).filter(|text| is_start(text)) {
            let folder = start.replace("::", "/");
            for folder in places.iter().filter_map(|place| place.join(&folder).ok()) {
                let modules = scene.tree.children(&folder).filter(|(path, _)| path.file_name().ends_with(b".pm"));
                for (module, _) in modules {
                    load(scene, path, module, &evidence, &mut whole, finding);
                }
            }
        }
        let named = modules(line).into_iter().map(str::to_owned);
        for module in named.chain(middleware(line)) {
            let name = module.replace("::", "/");
            let last = name.rsplit('/').next().unwrap_or(&name);
            // A module, the object that it loads itself (XSLoader), and the parts that AutoLoader reads.
            let files = [format!("{name}.pm"), format!("auto/{name}/{last}.so"), format!("auto/{name}/autosplit.ix")];
            for found in places.iter().flat_map(|place| files.iter().filter_map(|file| place.join(file).ok())) {
                load(scene, path, &found, &evidence, &mut whole, finding);
            }
        }
    }
}

/// A module, and all that its distribution, a package, has: modules of it load each other by names that they compute, and read what lies
/// beside them. The standard library has a rule of its own.
fn load(
    scene: &Scene<'_>,
    from: &ImagePath,
    module: &ImagePath,
    evidence: &str,
    whole: &mut BTreeSet<usize>,
    finding: &mut Finding,
) {
    finding.loaded.extend(scene.follow(Some(from), module, Rule::Import, evidence));
    let Some((real, _)) = scene.tree.lookup(module).filter(|(real, _)| is_installed(real)) else { return };
    for package in scene.inventory.owner_indexes(&real).iter().filter(|package| whole.insert(**package)) {
        all_of(scene, from, *package, evidence, finding);
    }
}

/// Whether a file lies in a folder of modules that are no part of the standard library.
fn is_installed(path: &ImagePath) -> bool {
    path.components().any(|part| part == b"perl5")
}

fn all_of(scene: &Scene<'_>, from: &ImagePath, package: usize, evidence: &str, finding: &mut Finding) {
    let files = scene.inventory.packages().get(package).map(|package| package.files.as_slice()).unwrap_or_default();
    let is_part = |file: &&ImagePath| {
        let is_file = scene.tree.get(file).is_some_and(|node| !node.is_directory());
        is_file && !file.file_name().ends_with(b".pod") && is_installed(file)
    };
    for file in files.iter().filter(is_part) {
        finding.loaded.extend(scene.follow(Some(from), file, Rule::Import, evidence));
    }
}

/// What modules' names begin with, of which the last part is computed: `Mojo::Reactor::`. A single name has too many modules below it.
fn is_start(text: &str) -> bool {
    text.strip_suffix("::").is_some_and(|name| name.contains("::") && is_name(name))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// Folders in which a line has modules looked for: `use lib '/usr/lib/nagios/plugins'` (lib(3perl)).
fn libraries(line: &str) -> impl Iterator<Item = &str> {
    let (_, list) =
        line.split_once("use lib").filter(|(_, list)| !list.starts_with(char::is_alphanumeric)).unwrap_or_default();
    list.split(|c: char| c.is_whitespace() || "()'\",;".contains(c)).filter(|word| word.starts_with('/'))
}

/// Module names in a line: `use X::Y qw(…)`, `require X::Y`, `use parent qw(A B)`, `use Mojo::Base 'A::B'`, `with 'A::Role'`.
fn modules(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for statement in line.split(';').map(str::trim_start).filter(|text| !text.starts_with('#')) {
        let words: Vec<&str> = statement
            .split(|c: char| c.is_whitespace() || "()'\",{}".contains(c))
            .filter(|word| !word.is_empty())
            .collect();
        let is_first = |word: &&str| matches!(*word, "with" | "extends");
        let names = match words.iter().position(|word| matches!(*word, "use" | "require")) {
            Some(at) => words.get(at + 1..).unwrap_or_default(),
            None if words.first().is_some_and(is_first) => &words[1..],
            None => continue,
        };
        let many =
            words.first().is_some_and(is_first) || names.first().is_some_and(|name| matches!(*name, "parent" | "base"));
        let counts = |(index, name): &(usize, &&str)| is_name(name) && (many || *index == 0 || name.contains("::"));
        found.extend(names.iter().enumerate().filter(counts).map(|(_, name)| *name));
    }
    found
}

/// The modules behind Plack's words for them: `enable 'ReverseProxy'` (Plack::Builder(3pm)).
fn middleware(line: &str) -> Vec<String> {
    let statement = line.trim_start();
    if !statement.starts_with("enable ") && !statement.starts_with("enable_if ") {
        return Vec::new();
    }
    let names = statement.split(['\'', '"']).skip(1).step_by(2).filter(|name| is_name(name));
    names.take(1).map(|name| format!("Plack::Middleware::{name}")).collect()
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
            ("use Mojo::Base 'A::B', -signatures;", "Mojo::Base A::B"),
            ("with 'A::Role', 'B';", "A::Role B"),
            ("extends q(A::B);", "q A::B"),
            ("go(with => 'A::B');", ""),
            ("# use X", ""),
            ("my $x = 'because';", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(modules(line).join(" "), expected, "{line}");
        }
        for (line, expected) in [
            ("use lib '/a/b', \"/c\";", "/a/b /c"),
            ("use lib qw(/a /b);", "/a /b"),
            ("use liberty '/a'", ""),
            ("'/a'", ""),
        ] {
            assert_eq!(libraries(line).collect::<Vec<_>>().join(" "), expected, "{line}");
        }
        for (text, expected) in
            [("A::B::", true), ("A::", false), ("A::B", false), ("see A::B::", false), ("::B::", false)]
        {
            assert_eq!(is_start(text), expected, "{text}");
        }
    }
}
