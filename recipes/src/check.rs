//! What a table of recipes promises: every rule has a reason and an effect, ids are unique, patterns can be read.

use crate::load::Recipes;
use crate::pattern::Pattern;
use crate::schema::{Build, Rule, When};
use std::collections::BTreeSet;
use std::fmt;

/// Something wrong with a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Recipe and rule: `glibc/glibc-libgcc`.
    pub place: String,
    /// The line of the file, where it is known.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}: {}", self.place, self.what)
    }
}

pub(crate) fn problems(table: &Recipes) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    let mut wrappers = BTreeSet::new();
    let mut scripts = BTreeSet::new();
    for recipe in table.recipes() {
        let mut say = |place: &str, what: String| problems.push(Problem { place: place.to_owned(), line: None, what });
        if recipe.id.is_empty() || recipe.about.trim().is_empty() {
            say(&recipe.id, "needs an id and an about".into());
        }
        for rule in &recipe.rules {
            let place = format!("{}/{}", recipe.id, rule.id);
            if !ids.insert(&rule.id) {
                say(&place, "the id is used twice".into());
            }
            check_rule(rule, |what| say(&place, what));
        }
        for (index, ignore) in recipe.ignore.iter().enumerate() {
            let place = format!("{}/ignore {index}", recipe.id);
            reason(&ignore.because, |what| say(&place, what));
            patterns(ignore.within.iter().chain(&ignore.strings), |what| say(&place, what));
        }
        for (index, generated) in recipe.generated.iter().enumerate() {
            let place = format!("{}/generated {index}", recipe.id);
            reason(&generated.because, |what| say(&place, what));
            patterns(&generated.paths, |what| say(&place, what));
        }
        for script in &recipe.scripts {
            let place = format!("{}/{} {}", recipe.id, script.package, script.hook);
            reason(&script.because, |what| say(&place, what));
            if script.package.is_empty() || !matches!(script.hook.as_str(), "preinst" | "postinst" | "prerm" | "postrm")
            {
                say(&place, "needs a package and a hook: preinst, postinst, prerm or postrm".into());
            }
            if script.what.trim().is_empty() || !matches!(script.action.as_str(), "install" | "upgrade" | "configure") {
                say(&place, "needs a name and an action: install, upgrade or configure".into());
            }
            if script.builds.is_empty() {
                say(&place, "names no build".into());
            }
            for Build { version, architecture, sha256 } in &script.builds {
                let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                if sha256.len() != 64 || !sha256.bytes().all(hex) {
                    say(&place, format!("{sha256:?} is not a SHA-256 in lower-case hex"));
                }
                if !scripts.insert((&script.package, &script.hook, &script.action, version, architecture)) {
                    say(&place, format!("the script of {version} for {architecture} is described twice"));
                }
            }
            let files = script.without.iter().map(|without| &without.file);
            for path in script.exists.iter().chain(&script.absent).chain(files).filter(|path| !path.starts_with('/')) {
                say(&place, format!("{path:?} is not an absolute path"));
            }
        }
        for wrapper in &recipe.wrappers {
            let place = format!("{}/{}", recipe.id, wrapper.names.join(","));
            reason(&wrapper.because, |what| say(&place, what));
            for name in &wrapper.names {
                if !wrappers.insert(name) {
                    say(&place, format!("wrapper {name} is described twice"));
                }
            }
        }
        for options in &recipe.options {
            let place = format!("{}/options of {}", recipe.id, options.names.join(","));
            reason(&options.because, |what| say(&place, what));
            if options.names.is_empty() {
                say(&place, "names no program".into());
            }
            if options.texts.is_empty() && options.programs.is_empty() && options.ends.is_empty() {
                say(&place, "starts nothing: `texts`, `programs` and `ends` are empty".into());
            }
        }
    }
    problems
}

fn check_rule(rule: &Rule, mut say: impl FnMut(String)) {
    if rule.id.is_empty() {
        say("a rule needs an id".into());
    }
    reason(&rule.because, &mut say);
    let facts = When { only_with: Vec::new(), ..rule.when.clone() };
    // Atoms need no fact; a gate without one is opened by what names its files, one by one.
    if facts == When::default() && rule.together.is_empty() && rule.gate.is_empty() {
        say("never applies: `when` states no fact".into());
    }
    let paths = [
        &rule.keep,
        &rule.keep_files,
        &rule.library,
        &rule.but_not,
        &rule.for_people,
        &rule.covers,
        &rule.starts,
        &rule.together,
        &rule.gate,
        &rule.when.reached,
        &rule.when.present,
        &rule.when.not_by,
        &rule.when.only_with,
    ];
    let about = rule.doubt.iter().flat_map(|doubt| &doubt.about);
    for pattern in paths.into_iter().flatten().chain(rule.configs.iter().flat_map(|config| &config.files)).chain(about)
    {
        if !pattern.starts_with(['/', '$', '*', '{']) {
            say(format!("{pattern:?} is not an absolute path"));
        }
        patterns([pattern], &mut say);
    }
    if rule.named.is_some() && rule.gate.is_empty() {
        say("names what lies behind no gate".into());
    }
    for text in rule.when.mentions.iter().filter(|text| text.len() < 4) {
        say(format!("{text:?} is too short to be looked for"));
    }
    patterns(rule.packages.iter().chain(&rule.when.packages).chain(&rule.provided), &mut say);
    let effects = [
        &rule.keep,
        &rule.keep_files,
        &rule.library,
        &rule.for_people,
        &rule.packages,
        &rule.commands,
        &rule.together,
        &rule.gate,
        &rule.covers,
        &rule.starts,
        &rule.provided,
        &rule.of_packages,
        &rule.test,
    ];
    if effects.iter().all(|effect| effect.is_empty()) && rule.configs.is_empty() && rule.doubt.is_none() {
        say("has no effect".into());
    }
    for command in &rule.test {
        if command.trim().is_empty() {
            say("a test is empty".into());
        }
        if command.contains("$REACHED") && rule.when.reached.is_empty() {
            say(format!("{command:?} speaks of $REACHED, and `when` of no path that is reached"));
        }
    }
    if let Some(doubt) = &rule.doubt {
        for text in [&doubt.what, &doubt.taken].into_iter().filter(|text| text.split_whitespace().count() < 3) {
            say(format!("the doubt's {text:?} does not explain"));
        }
        if doubt.about.is_empty() {
            say("the doubt is about nothing".into());
        }
    }
    for pattern in &rule.of_packages {
        if !pattern.starts_with('/') || !pattern.contains("$PACKAGE") {
            say(format!("{pattern:?} is not an absolute path with $PACKAGE"));
        }
        patterns([&pattern.replace("$PACKAGE", "x")], &mut say);
    }
}

fn reason(because: &str, mut say: impl FnMut(String)) {
    if because.split_whitespace().count() < 3 {
        say("needs a `because` that explains".into());
    }
}

fn patterns<'a>(patterns: impl IntoIterator<Item = &'a String>, mut say: impl FnMut(String)) {
    for pattern in patterns {
        if let Err(error) = Pattern::new(pattern) {
            say(error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::LoadError;

    fn wrong(rules: &str) -> Vec<String> {
        match Recipes::parse("t", &format!("id: a\nabout: b\nrules:\n{rules}")) {
            Err(LoadError::Wrong { problems, .. }) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn faults_are_named_with_their_rule() {
        let cases = [
            ("  - {id: r, because: no, when: {always: true}, keep: [/x]}", "explains"),
            ("  - {id: r, because: a good reason, when: {}, keep: [/x]}", "never applies"),
            ("  - {id: r, because: a good reason, when: {only_with: [/y]}, keep: [/x]}", "never applies"),
            ("  - {id: r, because: a good reason, when: {always: true}, named: character-sets, keep: [/x]}", "no gate"),
            ("  - {id: r, because: a good reason, when: {always: true}}", "no effect"),
            ("  - {id: r, because: a good reason, when: {always: true}, keep: [x]}", "absolute"),
            ("  - {id: r, because: a good reason, when: {always: true}, keep: ['/[']}", "pattern"),
            ("  - {id: r, because: a good reason, when: {always: true}, of_packages: [/x]}", "$PACKAGE"),
            ("  - {id: r, because: a good reason, when: {always: true}, test: [$REACHED -t]}", "no path"),
            ("  - {id: r, because: a good reason, when: {always: true}, test: [' ']}", "empty"),
            (
                "  - {id: r, because: a good reason, when: {always: true}, doubt: {about: [], what: a b c, taken: a b c}}",
                "nothing",
            ),
        ];
        for (rules, expected) in cases {
            let problems = wrong(rules);
            assert!(
                problems.len() == 1 && problems[0].starts_with("line 4: a/r: ") && problems[0].contains(expected),
                "{problems:?}"
            );
        }
        let twice = "  - {id: r, because: a good reason, when: {always: true}, keep: [/x]}\n".repeat(2);
        assert_eq!(wrong(&twice), ["line 5: a/r: the id is used twice"]);
    }

    #[test]
    fn a_known_script_says_whose_it_is_and_where_it_was_found() {
        let build = format!("{{version: 1-1, architecture: amd64, sha256: {}}}", "0a".repeat(32));
        let script = |hook: &str, builds: &str| {
            let text = format!(
                "id: a\nabout: b\nscripts:\n  - {{package: p, hook: {hook}, what: a program, action: upgrade, because: it \
                 changes nothing, builds: [{builds}]}}\n"
            );
            match Recipes::parse("t", &text) {
                Ok(_) => Vec::new(),
                Err(LoadError::Wrong { problems, .. }) => problems.iter().map(ToString::to_string).collect(),
                Err(error) => panic!("{error}"),
            }
        };
        assert!(script("preinst", &build).is_empty());
        let other = build.replace("amd64", "arm64");
        assert!(script("preinst", &format!("{build}, {other}")).is_empty());
        for (hook, builds, expected) in [
            ("config", build.clone(), "hook"),
            ("preinst", String::new(), "no build"),
            ("preinst", build.replace("0a", "0A"), "SHA-256"),
            ("preinst", format!("{build}, {build}"), "twice"),
        ] {
            let problems = script(hook, &builds);
            assert!(!problems.is_empty() && problems.iter().all(|problem| problem.contains(expected)), "{problems:?}");
            assert!(problems[0].starts_with("line 4: a/p "), "{problems:?}");
        }
    }

    #[test]
    fn the_built_in_table_is_sound() {
        let table = Recipes::embedded().unwrap();
        assert_eq!(table.problems(), []);
        let ids: BTreeSet<_> = table.recipes().iter().map(|recipe| &recipe.id).collect();
        assert_eq!(ids.len(), table.recipes().len());
    }
}
