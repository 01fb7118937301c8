//! `dpkg-divert` (dpkg-divert(1)): the database of diverted names.
//!
//! dpkg writes the file in the order of its hash table, which means nothing; here new entries come last.

use super::{Output, path, read_text, replace_database, unproven};
use crate::engine::native::script::Unproven;
use crate::glob::Glob;
use slim::draft::Draft;

const DATABASE: &str = "/var/lib/dpkg/diversions";

/// A name that a package takes for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Diversion {
    from: String,
    to: String,
    /// `:` when the administrator made it.
    package: String,
}

impl Diversion {
    fn describe(&self) -> String {
        match self.package.as_str() {
            ":" => format!("local diversion of {} to {}", self.from, self.to),
            package => format!("diversion of {} to {} by {package}", self.from, self.to),
        }
    }
}

fn diversions(draft: &Draft<'_>) -> Result<Vec<Diversion>, Unproven> {
    let text = read_text(draft, &path(DATABASE)?)?.unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let (threes, []) = lines.as_chunks::<3>() else {
        return Err(unproven(DATABASE, "its lines are not threes"));
    };
    let read = |[from, to, package]: &[&str; 3]| Diversion {
        from: (*from).into(),
        to: (*to).into(),
        package: (*package).into(),
    };
    Ok(threes.iter().map(read).collect())
}

/// `--add`, `--remove`, `--list`, `--listpackage`, `--truename`. A change is only made where no file has to be renamed.
///
/// # Errors
/// For other options, patterns beyond `*`, and changes that rename a file.
pub fn run(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let not_known = |why: &str| unproven("dpkg-divert", format!("{why}: {}", arguments.join(" ")));
    let (mut action, mut package, mut to, mut rename, mut operands) = ("--add", None, None, None, Vec::new());
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--add" | "--remove" | "--list" | "--listpackage" | "--truename" => action = word,
            "--package" => package = words.next(),
            "--divert" => to = words.next(),
            "--local" => package = Some(":"),
            "--rename" => rename = Some(true),
            "--no-rename" => rename = Some(false),
            "--quiet" => {}
            _ if word.starts_with('-') => return Err(not_known("an option is not known")),
            _ => operands.push(word),
        }
    }
    let mut all = diversions(draft)?;
    if action == "--list" {
        if operands.iter().any(|pattern| pattern.contains(['?', '[', '\\'])) {
            return Err(not_known("the pattern is not evaluated"));
        }
        let patterns: Vec<Glob> = operands.iter().map(|pattern| Glob::stars(pattern)).collect();
        let matches = |Diversion { from, to, package }: &&Diversion| {
            let fits = |pattern: &Glob| [from, to, package].into_iter().any(|text| pattern.fits_text(text));
            patterns.is_empty() || patterns.iter().any(fits)
        };
        return Ok(Output::answer(all.iter().filter(matches).map(|one| one.describe() + "\n").collect::<String>()));
    }
    let [from] = operands[..] else { return Err(not_known("one file expected")) };
    let found = all.iter().position(|diversion| diversion.from == from);
    match (action, found.map(|index| all[index].clone())) {
        ("--listpackage", found) => Ok(Output::answer(match found.map(|one| one.package).as_deref() {
            None => String::new(),
            Some(":") => "LOCAL\n".into(),
            Some(package) => format!("{package}\n"),
        })),
        ("--truename", found) => Ok(Output::answer(found.map_or(from.to_owned(), |one| one.to) + "\n")),
        ("--add", Some(found)) => {
            let same = package.is_none_or(|package| package == found.package) && to.is_none_or(|to| to == found.to);
            Ok(Output::status(if same { 0 } else { 2 }))
        }
        ("--remove", Some(found))
            if package.is_some_and(|package| package != found.package) || to.is_some_and(|to| to != found.to) =>
        {
            Ok(Output::status(2))
        }
        ("--remove", None) => Ok(Output::default()),
        (_, found) => {
            let package = package.map(Into::into).or(found.as_ref().map(|found| found.package.clone()));
            let to =
                to.map(Into::into).or(found.as_ref().map(|one| one.to.clone())).unwrap_or(format!("{from}.distrib"));
            if !from.starts_with('/')
                || all.iter().any(|one| one.to == from || one.from == to || (one.to == to && one.from != from))
            {
                return Err(not_known("names clash"));
            }
            let there = |name: &str| Ok::<_, Unproven>(draft.tree().contains(&super::place(draft, &path(name)?)));
            if rename != Some(false) && (there(from)? || there(&to)?) {
                return Err(not_known("a file would be renamed"));
            }
            all.retain(|one| one.from != from);
            let one = Diversion { from: from.into(), to, package: package.unwrap_or_else(|| ":".into()) };
            let text = one.describe();
            if action == "--add" {
                all.push(one);
            }
            let lines = all.iter().map(|one| format!("{}\n{}\n{}\n", one.from, one.to, one.package));
            replace_database(draft, DATABASE, lines.collect::<String>())?;
            Ok(Output::done(format!("{} {text}", if action == "--add" { "added" } else { "removed" })))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    #[test]
    fn questions_and_changes() {
        let tree = "/bin/sh = x\n/var/lib/dpkg/diversions = /bin/sh\\n/bin/sh.distrib\\ndash\\n";
        let mut draft = Draft::new(text::tree(tree).unwrap(), &MemoryContents);
        let mut run = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
            super::run(&mut draft, &words).map(|output| (output.status, String::from_utf8(output.stdout).unwrap()))
        };
        let rows = [
            ("--listpackage /bin/sh", 0, "dash\n"),
            ("--listpackage /bin/ls", 0, ""),
            ("--truename /bin/sh", 0, "/bin/sh.distrib\n"),
            ("--truename /bin/ls", 0, "/bin/ls\n"),
            ("--list */sh", 0, "diversion of /bin/sh to /bin/sh.distrib by dash\n"),
            ("--package dash --no-rename --divert /bin/sh.distrib --add /bin/sh", 0, ""),
            ("--package bash --no-rename --divert /bin/sh.distrib --add /bin/sh", 2, ""),
            ("--package bash --no-rename --remove /bin/sh", 2, ""),
            ("--package x --no-rename --add /bin/a", 0, ""),
            ("--listpackage /bin/a", 0, "x\n"),
            ("--package x --rename --remove /bin/a", 0, ""),
            ("--list", 0, "diversion of /bin/sh to /bin/sh.distrib by dash\n"),
        ];
        for (line, status, stdout) in rows {
            assert_eq!(run(line), Ok((status, stdout.to_owned())), "{line}");
        }
        assert!(run("--package dash --rename --remove /bin/sh").is_err());
        assert!(draft.tree().contains(&slim::path::ImagePath::literal("/var/lib/dpkg/diversions-old")));
    }

    #[test]
    fn a_pattern_of_many_stars_is_answered_at_once() {
        let name = format!("/{}", "a".repeat(120));
        let tree = format!("/var/lib/dpkg/diversions = {name}\\n{name}.distrib\\nb\\n");
        let mut draft = Draft::new(text::tree(&tree).unwrap(), &MemoryContents);
        for (end, found) in [("b", 0), ("", 1)] {
            let words = ["--list".to_owned(), format!("{}{end}", "*a".repeat(14))];
            let output = super::run(&mut draft, &words).unwrap();
            assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), found);
        }
    }
}
