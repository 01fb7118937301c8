//! `update-alternatives` (update-alternatives(1)): the database of one group, and what the program makes of the links.
//!
//! [`run`] reproduces the program. [`forget`] is what a removed package's `prerm` would have done, for packages that slim removes.

mod links;
#[cfg(test)]
mod tests;

use super::{Output, path, read_text, unproven};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;
use std::fmt::Write as _;

const DATABASE: &str = "/var/lib/dpkg/alternatives";
const LINKS: &str = "/etc/alternatives";

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

    fn choice(&self, file: &str) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.file == file)
    }

    /// The choice of the greatest priority; of equals the current one, else the first.
    fn best(&self, current: Option<&str>) -> Option<&Choice> {
        let first = current.and_then(|current| self.choice(current)).or(self.choices.first())?;
        Some(
            self.choices.iter().fold(first, |best, choice| if choice.priority > best.priority { choice } else { best }),
        )
    }

    /// Choices whose file is gone are no choices: the program forgets them whenever it reads a group.
    fn without_missing(mut self, draft: &Draft<'_>) -> Result<Self, Unproven> {
        let mut kept = Vec::new();
        for choice in self.choices {
            if exists(draft, &choice.file)? {
                kept.push(choice);
            }
        }
        self.choices = kept;
        Ok(self)
    }

    /// Registers a choice over what was known of it, with the slaves that it names.
    fn add(&mut self, file: &str, priority: i64, slaves: &[[&str; 3]]) {
        for [link, name, _] in slaves {
            if !self.slaves.iter().any(|(known, _)| known == name) {
                self.slaves.push(((*name).to_owned(), (*link).to_owned()));
                self.choices.iter_mut().for_each(|choice| choice.slaves.push(String::new()));
            }
        }
        let file_of = |name: &str| slaves.iter().find(|[_, other, _]| *other == name).map_or("", |[_, _, file]| file);
        let files = self.slaves.iter().map(|(name, _)| file_of(name).to_owned()).collect();
        let choice = Choice { file: file.to_owned(), priority, slaves: files };
        match self.choices.iter_mut().find(|known| known.file == file) {
            Some(known) => *known = choice,
            None => self.choices.push(choice),
        }
    }

    /// Slaves that no choice has are left out, and everything is in the order of its name: how the program saves a group.
    fn settle(&mut self) {
        let mut order: Vec<usize> = (0..self.slaves.len())
            .filter(|index| {
                self.choices.iter().any(|choice| choice.slaves.get(*index).is_some_and(|file| !file.is_empty()))
            })
            .collect();
        order.sort_by(|a, b| self.slaves[*a].0.cmp(&self.slaves[*b].0));
        let pick = |all: &[String]| order.iter().filter_map(|index| all.get(*index).cloned()).collect();
        for choice in &mut self.choices {
            choice.slaves = pick(&choice.slaves);
        }
        self.slaves = order.iter().map(|index| self.slaves[*index].clone()).collect();
        self.choices.sort_by(|a, b| a.file.cmp(&b.file));
    }

    /// What `--query` and `--display` tell.
    fn describe(&self, name: &str, current: Option<&str>, for_programs: bool) -> String {
        let mut text = String::new();
        let mode = if self.automatic { "auto" } else { "manual" };
        let best = self.best(current).map(|choice| choice.file.as_str());
        let slaves_of = |choice: &Choice, lead: &str, colon: &str| -> String {
            let pairs = self.slaves.iter().zip(&choice.slaves).filter(|(_, file)| !file.is_empty());
            pairs.map(|((slave, _), file)| format!("{lead} {slave}{colon} {file}\n")).collect()
        };
        if for_programs {
            _ = writeln!(text, "Name: {name}\nLink: {}", self.link);
            if !self.slaves.is_empty() {
                text.push_str("Slaves:\n");
                self.slaves.iter().for_each(|(slave, link)| _ = writeln!(text, " {slave} {link}"));
            }
            _ = writeln!(text, "Status: {mode}");
            best.into_iter().for_each(|best| _ = writeln!(text, "Best: {best}"));
            _ = writeln!(text, "Value: {}", current.unwrap_or("none"));
            for choice in &self.choices {
                _ = writeln!(text, "\nAlternative: {}\nPriority: {}", choice.file, choice.priority);
                let slaves = slaves_of(choice, "", "");
                if !slaves.is_empty() {
                    text.push_str(&format!("Slaves:\n{slaves}"));
                }
            }
            return text;
        }
        _ = writeln!(text, "{name} - {mode} mode");
        best.into_iter().for_each(|best| _ = writeln!(text, "  link best version is {best}"));
        match current {
            Some(current) => _ = writeln!(text, "  link currently points to {current}"),
            None => text.push_str("  link currently absent\n"),
        }
        _ = writeln!(text, "  link {name} is {}", self.link);
        self.slaves.iter().for_each(|(slave, link)| _ = writeln!(text, "  slave {slave} is {link}"));
        for choice in &self.choices {
            _ = writeln!(
                text,
                "{} - priority {}\n{}",
                choice.file,
                choice.priority,
                slaves_of(choice, "  slave", ":").trim_end()
            );
        }
        text.replace("\n\n", "\n")
    }
}

/// The group's file in the image.
///
/// # Errors
/// When the file is there and not in the known format.
pub fn group(draft: &Draft<'_>, name: &str) -> Result<Option<Group>, Unproven> {
    let file = path(format!("{DATABASE}/{name}"))?;
    let Some(text) = read_text(draft, &file)? else { return Ok(None) };
    let group = Group::read(&text).filter(|group| group.write() == text);
    group.map(Some).ok_or_else(|| unproven(file.to_text(), "not a file of update-alternatives as it would write it"))
}

/// `update-alternatives`: every action but `--config`, `--all` and the selections, which people use.
///
/// # Errors
/// For other actions and options, and for states in which the program would leave things half done.
pub fn run(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let is_option = |word: &&str| matches!(*word, "--quiet" | "--force" | "--verbose" | "--skip-auto");
    let force = arguments.iter().any(|word| word == "--force");
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !is_option(word)).collect();
    let [action, ref operands @ ..] = words[..] else {
        return Err(unproven("update-alternatives", "no action is named"));
    };
    let not_known = || unproven("update-alternatives", format!("not known: {}", arguments.join(" ")));
    let name = match (action, operands) {
        ("--install", [_, name, ..]) | (_, [name, ..]) => *name,
        _ => return Err(not_known()),
    };
    if name.is_empty() || name.contains(['/', ' ', '\t']) {
        return Ok(Output::status(2));
    }
    let stored = group(draft, name)?;
    let loaded = stored.clone().map(|group| group.without_missing(draft)).transpose()?;
    let current = link_of(draft, &format!("{LINKS}/{name}"))?;
    let mut wanted = None;
    let mut group = match (action, loaded) {
        // A choice that is not there is refused before anything is looked at; scripts that may meet that go on.
        ("--install", _) if operands.get(2).is_some_and(|file| !exists(draft, file).unwrap_or(true)) => {
            return Ok(Output::status(2));
        }
        ("--install", loaded) => install(draft, loaded, current.as_deref(), operands, &mut wanted)?,
        ("--remove", None) => return Ok(Output::default()),
        (_, None) => return Ok(Output::status(2)),
        ("--list", Some(group)) => {
            return Ok(Output::answer(
                group.choices.iter().map(|choice| choice.file.clone() + "\n").collect::<String>(),
            ));
        }
        ("--query" | "--display", Some(mut group)) => {
            group.settle();
            return Ok(Output::answer(group.describe(name, current.as_deref(), action == "--query")));
        }
        (action, Some(mut group)) => {
            select_mode(draft, &mut group, current.as_deref())?;
            match (action, &operands[1..]) {
                ("--auto", []) => {
                    group.automatic = true;
                    wanted = group.best(current.as_deref()).map(|choice| choice.file.clone());
                }
                ("--set", [file]) if group.choice(file).is_none() => return Ok(Output::status(2)),
                ("--set", [file]) => {
                    group.automatic = false;
                    wanted = Some((*file).to_owned());
                }
                ("--remove", [file]) => {
                    group.choices.retain(|choice| choice.file != *file);
                    if current.as_deref() == Some(file) {
                        group.automatic = true;
                        wanted = group.best(current.as_deref()).map(|choice| choice.file.clone());
                    }
                }
                ("--remove-all", []) => group.choices.clear(),
                _ => return Err(not_known()),
            }
            group
        }
    };
    links::update(draft, name, &mut group, current, wanted, force)?;
    let changed = stored.is_none_or(|stored| stored != group);
    Ok(Output::done(if changed { format!("alternatives of {name}") } else { String::new() }))
}

/// `--install LINK NAME FILE PRIORITY [--slave LINK NAME FILE]…`
fn install(
    draft: &Draft<'_>,
    loaded: Option<Group>,
    current: Option<&str>,
    operands: &[&str],
    wanted: &mut Option<String>,
) -> Result<Group, Unproven> {
    let not_known = |why: &str| unproven("update-alternatives --install", format!("{why}: {}", operands.join(" ")));
    let [link, name, file, priority, words @ ..] = operands else { return Err(not_known("words are missing")) };
    let priority = priority.parse().map_err(|_| not_known("the priority is no number"))?;
    let mut slaves = Vec::new();
    for slave in words.chunks(4) {
        match slave {
            ["--slave", link, name, file] => slaves.push([*link, *name, *file]),
            _ => return Err(not_known("only slaves may follow")),
        }
    }
    let names: Vec<(&str, &str)> =
        std::iter::once((*name, *link)).chain(slaves.iter().map(|[link, name, _]| (*name, *link))).collect();
    let paths = names.iter().map(|(_, link)| *link).chain([*file]).chain(slaves.iter().map(|[_, _, file]| *file));
    let repeats = |at: usize| names[..at].iter().any(|(name, link)| *name == names[at].0 || *link == names[at].1);
    if paths.into_iter().any(|path| !path.starts_with('/')) || (0..names.len()).any(repeats) {
        return Err(not_known("not as the manual asks for"));
    }
    let database = ImagePath::literal(DATABASE);
    for (other, _) in draft.tree().children(&database) {
        let other = String::from_utf8_lossy(other.file_name()).into_owned();
        if other == *name {
            continue;
        }
        let Some(group) = self::group(draft, &other)? else { continue };
        let taken = |(name, link): &(&str, &str)| {
            *name == other || *link == group.link || group.slaves.iter().any(|(n, l)| n == name || l == link)
        };
        if names.iter().any(taken) {
            return Err(not_known(&format!("the group {other} has these links")));
        }
    }
    let mut group = match loaded {
        Some(mut group) => {
            select_mode(draft, &mut group, current)?;
            let moved = slaves.iter().any(|[link, name, _]| group.slaves.iter().any(|(n, l)| n == name && l != link));
            if group.link != *link || moved {
                return Err(not_known("a link changes its place"));
            }
            group
        }
        None => Group { automatic: true, link: (*link).to_owned(), slaves: Vec::new(), choices: Vec::new() },
    };
    group.add(file, priority, &slaves);
    if group.automatic {
        *wanted = group.best(current).map(|choice| choice.file.clone());
    }
    Ok(group)
}

/// What was done to the link behind the database's back changes the mode: gone or dangling means automatic, another file manual.
fn select_mode(draft: &Draft<'_>, group: &mut Group, current: Option<&str>) -> Result<(), Unproven> {
    match current {
        None => group.automatic = true,
        Some(current) if group.choice(current).is_none() => group.automatic = !exists(draft, current)?,
        Some(_) => {}
    }
    Ok(())
}

/// Takes every choice whose file is gone out of the database, and repairs or removes the links that led to it. A group whose own link the
/// draft took away goes altogether: nothing asks for it by name any more.
///
/// Groups that nothing was taken from stay as they are, and so do files that are not in the program's format.
///
/// # Errors
/// When a content cannot be read, or a link cannot be made.
pub fn forget(draft: &mut Draft<'_>) -> Result<Output, Unproven> {
    let database = ImagePath::literal(DATABASE);
    let names: Vec<String> = draft
        .tree()
        .children(&database)
        .map(|(path, _)| String::from_utf8_lossy(path.file_name()).into_owned())
        .collect();
    let mut changed = Vec::new();
    for name in names {
        let Some(text) = read_text(draft, &path(format!("{DATABASE}/{name}"))?)? else { continue };
        let Some(stored) = Group::read(&text).filter(|group| group.write() == text) else { continue };
        let current = link_of(draft, &format!("{LINKS}/{name}"))?;
        let mut group = stored.clone().without_missing(draft)?;
        let inner = super::place(draft, &path(format!("{LINKS}/{name}"))?);
        if current.is_none() && draft.touched().contains(&inner) {
            group.choices.clear();
        }
        if group == stored && !links::dangle(draft, &group, current.as_deref())? {
            continue;
        }
        select_mode(draft, &mut group, current.as_deref())?;
        let best = group.best(current.as_deref()).map(|choice| choice.file.clone());
        let wanted = best.filter(|_| group.automatic);
        links::update(draft, &name, &mut group, current, wanted, false)?;
        changed.push(name);
    }
    Ok(Output::done(if changed.is_empty() { String::new() } else { format!("alternatives of {}", changed.join(", ")) }))
}

fn exists(draft: &Draft<'_>, file: &str) -> Result<bool, Unproven> {
    Ok(!file.is_empty() && draft.tree().lookup(&path(file)?).is_some())
}

fn link_of(draft: &Draft<'_>, link: &str) -> Result<Option<String>, Unproven> {
    let place = super::place(draft, &path(link)?);
    let target = draft.get(&place).and_then(Node::as_symlink);
    Ok(target.map(|target| String::from_utf8_lossy(target).into_owned()))
}
