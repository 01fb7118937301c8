//! What a line of Python text names, by its words.

use crate::scan::{Language, quotes};

/// The modules that a line names: `import a.b as c, d`, `from a.b import c`, `__import__('a')`, `import_module("a")`.
pub(super) fn imports(line: &str) -> Vec<&str> {
    let line = line.trim_start();
    if line.starts_with('#') {
        return Vec::new();
    }
    let mut found = Vec::new();
    for statement in line.split(';').map(str::trim_start) {
        if let Some(list) = statement.strip_prefix("import ") {
            found.extend(list.split(',').filter_map(|item| item.split_whitespace().next()));
        } else if let Some(rest) = statement.strip_prefix("from ") {
            found.extend(rest.split_whitespace().next().filter(|module| !module.starts_with('.')));
        }
    }
    for call in ["__import__(", "import_module("] {
        for (at, _) in line.match_indices(call) {
            let rest = &line[at + call.len()..];
            let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
            found.extend(quote.and_then(|quote| rest[1..].split(quote).next()));
        }
    }
    found
}

/// Calls that import a module by its name.
const IMPORTERS: [&str; 4] = ["__import__(", "import_module(", "run_module(", "resolve_name("];

/// Whether a line imports a module whose name is not there: `import_module(name)`.
pub(super) fn computes(line: &str) -> bool {
    let is_comment = line.trim_start().starts_with('#');
    let is_computed = |call: &str| {
        line.match_indices(call).any(|(at, _)| {
            let rest = line[at + call.len()..].trim_start();
            !line[..at].trim_end().ends_with("def") && !rest.starts_with(['\'', '"'])
        })
    };
    !is_comment && IMPORTERS.iter().any(|call| is_computed(call))
}

/// The quoted texts of a line that begins outside of one: what the next functions are told.
pub(super) fn texts(line: &str) -> Vec<&str> {
    quotes::inner(line, Language::Python).collect()
}

/// The quoted texts of a line that may be names of modules, for somebody to import them: `"rest_framework.fields"`, `'app:main'`.
pub(super) fn modules<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let is_word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let names = texts.iter().map(|text| text.split(':').next().unwrap_or_default());
    names.filter(|name| name.split('.').all(is_word)).collect()
}

/// The quoted texts of a line that may name a distribution, for somebody to ask for it or for what it offers: `version("PyYAML")`,
/// `load_entry_point('supervisor==4.2.5', …)`; without the versions that they ask for (PEP 508).
pub(super) fn distributions<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let parts = texts.iter().map(|text| text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len())));
    let is_version = |rest: &str| rest.is_empty() || rest.trim_start().starts_with(['=', '<', '>', '!', '~', '[', ';']);
    parts.filter(|(name, rest)| !name.is_empty() && is_version(rest)).map(|(name, _)| name).collect()
}

/// What the quoted texts of a line begin with, and those texts: `"pip install x"` names `pip`, `'setuptools.command'` names `setuptools`,
/// `"/venv/bin/pip"` names `pip`, `"flask.commands"` also names itself.
pub(super) fn named<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let mut found = Vec::new();
    for text in texts.iter().copied() {
        let first = text.split_whitespace().next().unwrap_or_default();
        let first = first.rsplit('/').next().unwrap_or(first);
        let end = first.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(first.len());
        found.extend([&first[..end], text].into_iter().filter(|name| !name.is_empty()));
    }
    found.dedup();
    found
}

/// The modules that a line has another Python run: `[sys.executable, "-m", "pip"]`, `"python -m pip install"`.
pub(super) fn run<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut texts = texts.iter().copied().peekable();
    while let Some(text) = texts.next() {
        if text == "-m" {
            found.extend(texts.peek().copied());
        }
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            if word == "-m" {
                found.extend(words.next());
            }
        }
    }
    found.retain(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_by_their_words() {
        let cases = [
            ("import os", "os"),
            ("    import a.b as c, d", "a.b d"),
            ("from flask.app import Flask", "flask.app"),
            ("from . import x", ""),
            ("from .y import x", ""),
            ("try: pass; import z", "z"),
            ("m = importlib.import_module('redis.client')", "redis.client"),
            ("x and __import__(\"_hack\").go()", "_hack"),
            ("import_module(name)", ""),
            ("# import a", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(imports(line).join(" "), expected, "{line}");
        }
    }

    #[test]
    fn names_are_what_quoted_texts_begin_with() {
        let cases = [
            ("os.system('pip install x')", "pip|pip install x"),
            ("call(['/venv/bin/pip', \"list\"])", "pip|/venv/bin/pip|list"),
            ("find_spec('setuptools.command')", "setuptools|setuptools.command"),
            ("x = 1  # 'pip'", ""),
            ("raise Error('do \"pip install x\"')", "do|do \"pip install x\""),
            ("don't", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(named(&texts(line)).join("|"), expected, "{line}");
        }
    }

    #[test]
    fn names_of_modules_may_be_computed_or_quoted() {
        for line in ["m = importlib.import_module(name)", "__import__(f'{a}.b')", "    import_module("] {
            assert!(computes(line), "{line}");
        }
        for line in ["import_module('a')", "def import_module(name):", "# import_module(name)", "import_modules(x)"] {
            assert!(!computes(line), "{line}");
        }
        let cases = [
            ("APPS = ['rest_framework', \"a.b.C\"]", "rest_framework a.b.C"),
            ("run('site_app:app')", "site_app"),
            ("say('do it'); x = '1.2'; y = '.own'; z = 'a-b'", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(modules(&texts(line)).join(" "), expected, "{line}");
        }
    }

    #[test]
    fn distributions_are_named_with_versions_or_without() {
        let cases = [
            (
                "sys.exit(load_entry_point('supervisor==4.2.5', 'console_scripts', 'x')())",
                "supervisor console_scripts x",
            ),
            ("version(\"ruamel.yaml\"), require('a-b >= 1; c')", "ruamel.yaml a-b"),
            ("say('do it', '', '/usr/bin/x', 'a=b', 'x[y]')", "a x"),
        ];
        for (line, expected) in cases {
            assert_eq!(distributions(&texts(line)).join(" "), expected, "{line}");
        }
    }

    #[test]
    fn modules_that_another_python_runs_are_found() {
        let cases = [
            ("run([sys.executable, '-m', 'pip', 'install'])", "pip"),
            ("os.system(f\"{sys.executable} -m build.main x\")", "build.main"),
            ("git(\"commit\", \"-m\", \"a message\")", ""),
            ("parser.add_argument('-m', help='x')", "x"),
            ("'-m'", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(run(&texts(line)).join(" "), expected, "{line}");
        }
    }
}
