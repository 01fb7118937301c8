//! `update-alternatives`, as far as it changes nothing (update-alternatives(1)).
//!
//! On an upgrade a package registers the alternatives that it registered before. [`run`] proves that the database and every link are
//! already as the command would leave them; whatever would change something is left to an engine that runs the command.

use super::{Output, path, read_text, unproven};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;

/// The file of one group, `/var/lib/dpkg/alternatives/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Whether the best choice is always taken.
    pub automatic: bool,
    /// The generic path: `/usr/bin/awk`.
    pub link: String,
    /// Names and generic paths of what follows the master: manual pages.
    pub slaves: Vec<(String, String)>,
    /// The choices in the file's order.
    pub choices: Vec<Choice>,
}

/// One choice of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The real path: `/usr/bin/mawk`.
    pub file: String,
    /// The greater wins.
    pub priority: i64,
    /// For each slave of the group its real path; empty when the choice has none.
    pub slaves: Vec<String>,
}

impl Group {
    /// Reads the file; `None` when it is not one.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let automatic = match lines.next()? {
            "auto" => true,
            "manual" => false,
            _ => return None,
        };
        let link = lines.next()?.to_owned();
        let (mut slaves, mut choices) = (Vec::new(), Vec::new());
        loop {
            match lines.next()? {
                "" => break,
                name => slaves.push((name.to_owned(), lines.next()?.to_owned())),
            }
        }
        loop {
            match lines.next()? {
                "" => break,
                file => {
                    let priority = lines.next()?.trim().parse().ok()?;
                    let files = slaves.iter().map(|_| lines.next().map(str::to_owned)).collect::<Option<_>>()?;
                    choices.push(Choice { file: file.to_owned(), priority, slaves: files });
                }
            }
        }
        lines.next().is_none().then_some(Self { automatic, link, slaves, choices })
    }

    /// The file's text.
    pub fn write(&self) -> String {
        let mut lines = vec![if self.automatic { "auto" } else { "manual" }.to_owned(), self.link.clone()];
        lines.extend(self.slaves.iter().flat_map(|(name, link)| [name.clone(), link.clone()]));
        lines.push(String::new());
        for choice in &self.choices {
            lines.extend([choice.file.clone(), choice.priority.to_string()]);
            lines.extend(choice.slaves.iter().cloned());
        }
        lines.push(String::new());
        lines.join("\n") + "\n"
    }

    /// Whether every link is as the group says.
    fn is_in_place(&self, draft: &Draft<'_>, name: &str) -> Result<bool, Unproven> {
        let Some(current) = link_of(draft, &format!("/etc/alternatives/{name}"))? else { return Ok(false) };
        let Some(chosen) = self.choices.iter().find(|choice| choice.file == current) else { return Ok(false) };
        let best = self.choices.iter().map(|choice| choice.priority).max();
        if (self.automatic && best != Some(chosen.priority)) || !leads(draft, &self.link, name)? {
            return Ok(false);
        }
        for ((slave, link), file) in self.slaves.iter().zip(&chosen.slaves) {
            // A slave whose file or whose directory is missing (excluded manual pages) has no links.
            let directory = path(link)?.parent().unwrap_or_else(ImagePath::root);
            let expected = exists(draft, file)? && draft.tree().lookup(&directory).is_some();
            let found = link_of(draft, &format!("/etc/alternatives/{slave}"))?;
            let right = match expected {
                true => found.as_deref() == Some(file) && leads(draft, link, slave)?,
                false => found.is_none() && link_of(draft, link)?.is_none(),
            };
            if !right {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The group's file in the image.
///
/// # Errors
/// When the file is there and not in the known format.
pub fn group(draft: &Draft<'_>, name: &str) -> Result<Option<Group>, Unproven> {
    let file = path(format!("/var/lib/dpkg/alternatives/{name}"))?;
    let Some(text) = read_text(draft, &file)? else { return Ok(None) };
    let group = Group::read(&text).filter(|group| group.write() == text);
    group.map(Some).ok_or_else(|| unproven(file.to_text(), "not a file of update-alternatives as it would write it"))
}

/// Runs `--install`, `--remove`, `--set`, `--auto` when they change nothing, and `--list`.
///
/// # Errors
/// When something would change, and for other actions.
pub fn run(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let words: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|word| !matches!(*word, "--quiet" | "--force")).collect();
    let changes = || unproven("update-alternatives", format!("would change something: {}", arguments.join(" ")));
    match words[..] {
        ["--install", link, name, file, priority, ref slaves @ ..] => {
            let found = group(draft, name)?.ok_or_else(changes)?;
            let registered = registers(&found, link, file, priority, slaves);
            (registered && exists(draft, file)? && found.is_in_place(draft, name)?)
                .then(Output::default)
                .ok_or_else(changes)
        }
        ["--remove", name, file] => match group(draft, name)? {
            Some(found) if found.choices.iter().any(|choice| choice.file == file) => Err(changes()),
            _ => Ok(Output::default()),
        },
        ["--set", name, file] => {
            let found = group(draft, name)?.ok_or_else(changes)?;
            let current = link_of(draft, &format!("/etc/alternatives/{name}"))?;
            let kept = !found.automatic && current.as_deref() == Some(file) && found.is_in_place(draft, name)?;
            kept.then(Output::default).ok_or_else(changes)
        }
        ["--auto", name] => {
            let found = group(draft, name)?.ok_or_else(changes)?;
            (found.automatic && found.is_in_place(draft, name)?).then(Output::default).ok_or_else(changes)
        }
        ["--list", name] => match group(draft, name)? {
            Some(found) => {
                Ok(Output::answer(found.choices.iter().map(|choice| choice.file.clone() + "\n").collect::<String>()))
            }
            None => Ok(Output::status(2)),
        },
        _ => Err(unproven("update-alternatives", format!("not known: {}", arguments.join(" ")))),
    }
}

/// Whether a group already holds what an `--install` says.
fn registers(group: &Group, link: &str, file: &str, priority: &str, words: &[&str]) -> bool {
    let Some(choice) = group.choices.iter().find(|choice| choice.file == file) else { return false };
    let mut named = 0;
    for slave in words.chunks(4) {
        let ["--slave", link, name, file] = *slave else { return false };
        let known = group.slaves.iter().zip(&choice.slaves).any(|((n, l), f)| n == name && l == link && f == file);
        if !known {
            return false;
        }
        named += 1;
    }
    group.link == link
        && priority.parse() == Ok(choice.priority)
        && named == choice.slaves.iter().filter(|file| !file.is_empty()).count()
}

fn exists(draft: &Draft<'_>, file: &str) -> Result<bool, Unproven> {
    Ok(!file.is_empty() && draft.tree().lookup(&path(file)?).is_some())
}

fn link_of(draft: &Draft<'_>, link: &str) -> Result<Option<String>, Unproven> {
    let place = super::place(draft, &path(link)?);
    let target = draft.get(&place).and_then(Node::as_symlink);
    Ok(target.map(|target| String::from_utf8_lossy(target).into_owned()))
}

fn leads(draft: &Draft<'_>, link: &str, name: &str) -> Result<bool, Unproven> {
    Ok(link_of(draft, link)?.as_deref() == Some(&format!("/etc/alternatives/{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    const TREE: &str = "/usr/bin/mawk = m\n/usr/bin/gawk = g\n/usr/bin/awk -> /etc/alternatives/awk\n\
        /etc/alternatives/awk -> /usr/bin/mawk\n\
        /var/lib/dpkg/alternatives/awk = auto\\n/usr/bin/awk\\nawk.1.gz\\n/usr/share/man/man1/awk.1.gz\\n\\n\
        /usr/bin/gawk\\n5\\n\\n/usr/bin/mawk\\n10\\n/usr/share/man/man1/mawk.1.gz\\n\\n";
    const MAWK: &str = "--install /usr/bin/awk awk /usr/bin/mawk 10 \
        --slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz";

    fn outcome(tree: &str, line: &str) -> Result<i32, Unproven> {
        let mut draft = Draft::new(text::tree(tree).unwrap(), &MemoryContents);
        let arguments: Vec<String> = line.split_whitespace().map(Into::into).collect();
        let status = run(&mut draft, &arguments).map(|output| output.status);
        assert!(draft.touched().is_empty());
        status
    }

    #[test]
    fn what_is_registered_already_changes_nothing() {
        assert_eq!(outcome(TREE, MAWK), Ok(0));
        assert_eq!(outcome(TREE, "--install /usr/bin/awk awk /usr/bin/gawk 5"), Ok(0));
        assert_eq!(outcome(TREE, "--auto awk"), Ok(0));
        assert_eq!(outcome(TREE, "--remove awk /usr/bin/busybox"), Ok(0));
        assert_eq!(outcome(TREE, "--list nothing"), Ok(2));
    }

    #[test]
    fn what_would_change_something_is_refused() {
        let rows = [
            (TREE.to_owned(), MAWK.replace("10", "11")),
            (TREE.to_owned(), "--install /usr/bin/awk awk /usr/bin/mawk 10".into()),
            (TREE.to_owned(), "--remove awk /usr/bin/mawk".into()),
            (TREE.to_owned(), "--set awk /usr/bin/mawk".into()),
            // The page appeared, so its link would be made.
            (format!("{TREE}\n/usr/share/man/man1/mawk.1.gz = page"), MAWK.into()),
            // The link was changed behind the back of the database.
            (TREE.replace("awk -> /usr/bin/mawk", "awk -> /usr/bin/gawk"), MAWK.into()),
            (TREE.replace("= auto", "= automatic"), MAWK.into()),
        ];
        for (tree, line) in rows {
            assert!(outcome(&tree, &line).is_err(), "{line}");
        }
    }
}
