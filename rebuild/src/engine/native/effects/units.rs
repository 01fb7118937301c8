//! `deb-systemd-helper` (deb-systemd-helper(1p)): which units packages enabled, remembered whether or not systemd runs.
//!
//! For every link that a unit's `[Install]` section asks for there is an empty state file, and for every unit a list of its links
//! (`UNIT.dsh-also`). On an upgrade of an unchanged unit nothing of it changes.

use super::{Output, path, read_text, unproven, write};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;

/// Units that name each other with `Also=` beyond this depth are no units of a distro.
const DEPTH: usize = 16;

/// Where the state of an instance of systemd is.
struct Helper {
    instance: &'static str,
    enabled: &'static str,
    masked: &'static str,
}

const SYSTEM: Helper = Helper {
    instance: "system",
    enabled: "/var/lib/systemd/deb-systemd-helper-enabled",
    masked: "/var/lib/systemd/deb-systemd-helper-masked",
};
const USER: Helper = Helper {
    instance: "user",
    enabled: "/var/lib/systemd/deb-systemd-user-helper-enabled",
    masked: "/var/lib/systemd/deb-systemd-user-helper-masked",
};

/// `deb-systemd-helper [--quiet] [--user|--system] ACTION UNIT…`
///
/// # Errors
/// For other actions, for units whose text is not plain, and where `systemctl preset` would decide.
pub fn run(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let user = arguments.iter().any(|word| word == "--user");
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|word| !matches!(*word, "--quiet" | "--user" | "--system"))
        .collect();
    let helper = if user { USER } else { SYSTEM };
    let [action, units @ ..] = &words[..] else { return Ok(Output::default()) };
    if let Some(option) = words.iter().find(|word| word.starts_with('-')) {
        return Err(unproven("deb-systemd-helper", format!("option {option} is not known")));
    }
    let before = draft.checkpoint();
    let mut status = i32::from(matches!(*action, "is-enabled" | "was-enabled" | "debian-installed"));
    for unit in units {
        let file = helper.find(draft, unit)?;
        let holds = match *action {
            "is-enabled" => {
                let Some(links) = helper.links(draft, &file, &mut Vec::new())? else { return Ok(Output::status(1)) };
                all_links(draft, links.iter().map(|(_, link)| link))?
            }
            "was-enabled" => all_links(draft, helper.recorded(draft, unit)?.iter())?,
            "debian-installed" => helper.is_installed(draft, unit)?,
            "update-state" => {
                let Some(links) = helper.links(draft, &file, &mut Vec::new())? else { return Ok(Output::status(1)) };
                let lines: String = links.iter().map(|(_, link)| format!("{link}\n")).collect();
                write(draft, &path(helper.state(unit))?, lines)?;
                false
            }
            "enable" => match helper.enable(draft, unit, &file)? {
                true => false,
                false => return Ok(Output::status(1)),
            },
            "disable" | "purge" => {
                helper.remove_links(draft, &file, *action == "purge", DEPTH)?;
                for top in [SYSTEM.enabled, USER.enabled] {
                    remove_empty(draft, &path(top)?);
                }
                for top in ["/etc/systemd/system", "/etc/systemd/user"] {
                    let directories: Vec<_> =
                        draft.tree().children(&path(top)?).map(|(path, _)| path.clone()).collect();
                    directories.iter().for_each(|directory| remove_empty(draft, directory));
                }
                false
            }
            "reenable" => {
                helper.remove_links(draft, &file, false, DEPTH)?;
                if !helper.make_links(draft, unit, &file, true)? {
                    return Ok(Output::status(1));
                }
                false
            }
            "mask" => helper.mask(draft, &file).map(|()| false)?,
            "unmask" => {
                helper.unmask(draft, &file)?;
                for top in [SYSTEM.masked, USER.masked] {
                    remove_empty(draft, &path(top)?);
                }
                false
            }
            action => return Err(unproven("deb-systemd-helper", format!("{action} is not known"))),
        };
        if holds {
            status = 0;
        }
    }
    let changed = draft.checkpoint() != before;
    Ok(Output {
        status,
        summary: if changed { format!("{action} {}", units.join(" ")) } else { String::new() },
        ..Output::default()
    })
}

impl Helper {
    fn find(&self, draft: &Draft<'_>, unit: &str) -> Result<String, Unproven> {
        for top in ["/etc/systemd", "/lib/systemd", "/usr/lib/systemd"] {
            let file = format!("{top}/{}/{unit}", self.instance);
            if draft.tree().lookup(&path(&file)?).is_some_and(|(_, node)| node.as_file().is_some()) {
                return Ok(file);
            }
        }
        Ok(unit.to_owned())
    }

    fn state(&self, unit: &str) -> String {
        format!("{}/{}.dsh-also", self.enabled, base(unit))
    }

    fn recorded(&self, draft: &Draft<'_>, unit: &str) -> Result<Vec<String>, Unproven> {
        let text = read_text(draft, &path(self.state(unit))?)?.unwrap_or_default();
        Ok(text.lines().map(Into::into).collect())
    }

    fn is_installed(&self, draft: &Draft<'_>, unit: &str) -> Result<bool, Unproven> {
        Ok(draft.tree().lookup(&path(self.state(unit))?).is_some_and(|(_, node)| node.as_file().is_some()))
    }

    /// The links that a unit wants, as (unit file, link); `None` when there is no such unit.
    fn links(
        &self,
        draft: &Draft<'_>,
        file: &str,
        visited: &mut Vec<String>,
    ) -> Result<Option<Vec<(String, String)>>, Unproven> {
        let text = match file.starts_with('/') {
            true => read_text(draft, &path(file)?)?,
            false => None,
        };
        let Some(text) = text else { return Ok(None) };
        let unit = base(file).to_owned();
        let (mut links, mut directories, mut wanted) = (Vec::new(), Vec::new(), unit.clone());
        for line in text.lines() {
            let Some((key, value)) = line.trim_start().split_once('=') else { continue };
            if value.is_empty()
                || !["wantedby", "requiredby", "also", "alias", "defaultinstance"].contains(&&*key.to_ascii_lowercase())
            {
                continue;
            }
            if value.contains(['"', '\'']) || value.starts_with([' ', '\t']) {
                return Err(unproven(file, format!("a line that is not plain: {line}")));
            }
            match (key, key.to_ascii_lowercase().as_str()) {
                ("WantedBy", _) => directories.extend(value.split_whitespace().map(|target| format!("{target}.wants"))),
                ("RequiredBy", _) => {
                    directories.extend(value.split_whitespace().map(|target| format!("{target}.requires")))
                }
                ("Alias", _) if value.split_whitespace().count() == 1 => {
                    if value.trim_end() != unit {
                        links.push((file.to_owned(), format!("/etc/systemd/{}/{}", self.instance, value.trim_end())));
                    }
                }
                ("Also", _) => {
                    for other in value.split_whitespace() {
                        if other == unit || visited.iter().any(|seen| seen == other) {
                            continue;
                        }
                        visited.push(other.to_owned());
                        let found = self.find(draft, other)?;
                        let Some(more) = self.links(draft, &found, visited)? else { return Ok(None) };
                        links.extend(more);
                    }
                }
                ("DefaultInstance", _) => {
                    if let Some((name, kind)) = unit.rsplit_once("@.") {
                        wanted = format!("{name}@{}.{kind}", value.trim_end());
                    }
                }
                _ => return Err(unproven(file, format!("a line that is not plain: {line}"))),
            }
        }
        let wants = |directory| (file.to_owned(), format!("/etc/systemd/{}/{directory}/{wanted}", self.instance));
        links.extend(directories.into_iter().map(wants));
        Ok(Some(links))
    }

    fn enable(&self, draft: &mut Draft<'_>, unit: &str, file: &str) -> Result<bool, Unproven> {
        let mut has_systemctl = false;
        for program in ["/bin/systemctl", "/usr/bin/systemctl"] {
            has_systemctl |= draft.tree().lookup(&path(program)?).is_some_and(|(_, node)| node.mode & 0o111 != 0);
        }
        let Some(links) = self.links(draft, file, &mut Vec::new())? else { return Ok(false) };
        let create = match (has_systemctl, self.is_installed(draft, unit)?) {
            (false, _) => true,
            (true, true) => {
                let mut any = false;
                for (_, link) in &links {
                    any |= is_link(draft, link)?;
                }
                any
            }
            (true, false) if links.is_empty() => false,
            (true, false) => {
                return Err(unproven(unit, "whether a new unit is enabled is decided by systemd's presets"));
            }
        };
        self.make_links(draft, unit, file, create)
    }

    fn make_links(&self, draft: &mut Draft<'_>, unit: &str, file: &str, create: bool) -> Result<bool, Unproven> {
        let Some(links) = self.links(draft, file, &mut Vec::new())? else { return Ok(false) };
        let state = path(self.state(unit))?;
        for (target, link) in links {
            let mut lines = self.recorded(draft, unit)?;
            if !lines.contains(&link) {
                lines.push(link.clone());
            }
            write(draft, &state, lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
            let remembered = path(self.remembered(&link))?;
            if draft.tree().lookup(&remembered).is_some() {
                continue;
            }
            if create && !is_link(draft, &link)? {
                let node = Node { mtime: draft.now, ..Node::symlink(target) };
                draft.put(path(&link)?, node);
            }
            write(draft, &remembered, Vec::new())?;
        }
        Ok(true)
    }

    /// The state file of a link.
    fn remembered(&self, link: &str) -> String {
        let top = format!("/etc/systemd/{}/", self.instance);
        link.strip_prefix(&top).map_or(link.to_owned(), |rest| format!("{}/{rest}", self.enabled))
    }

    fn remove_links(&self, draft: &mut Draft<'_>, file: &str, purge: bool, depth: usize) -> Result<(), Unproven> {
        if depth == 0 {
            return Err(unproven(file, "units name each other without end"));
        }
        let links = self.recorded(draft, file)?;
        if purge {
            draft.remove(&path(self.state(file))?);
        }
        for link in links {
            let there = is_link(draft, &link)?;
            if purge || there {
                draft.remove(&path(self.remembered(&link))?);
            }
            if there {
                draft.remove(&path(&link)?);
            }
        }
        let text = if file.starts_with('/') { read_text(draft, &path(file)?)? } else { None };
        for line in text.unwrap_or_default().lines() {
            if let Some(other) = line.trim_start().strip_prefix("Also=") {
                let other = self.find(draft, other)?;
                self.remove_links(draft, &other, purge, depth - 1)?;
            }
        }
        Ok(())
    }

    fn mask(&self, draft: &mut Draft<'_>, file: &str) -> Result<(), Unproven> {
        let link = path(format!("/etc/systemd/{}/{}", self.instance, base(file)))?;
        // `/dev/null` exists wherever scripts run, if not in the image.
        let masked = draft.get(&link).and_then(Node::as_symlink) == Some(b"/dev/null");
        if masked || draft.tree().lookup(&link).is_some() {
            return Ok(());
        }
        let node = Node { mtime: draft.now, ..Node::symlink("/dev/null") };
        draft.put(link, node);
        write(draft, &path(format!("{}/{}", self.masked, base(file)))?, Vec::new())
    }

    fn unmask(&self, draft: &mut Draft<'_>, file: &str) -> Result<(), Unproven> {
        let link = path(format!("/etc/systemd/{}/{}", self.instance, base(file)))?;
        let state = path(format!("{}/{}", self.masked, base(file)))?;
        if draft.get(&link).and_then(Node::as_symlink) == Some(b"/dev/null") && draft.tree().contains(&state) {
            draft.remove(&link);
            draft.remove(&state);
        }
        Ok(())
    }
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn is_link(draft: &Draft<'_>, link: &str) -> Result<bool, Unproven> {
    let place = super::place(draft, &path(link)?);
    Ok(draft.get(&place).is_some_and(|node| node.as_symlink().is_some()))
}

fn all_links<'a>(draft: &Draft<'_>, mut links: impl Iterator<Item = &'a String>) -> Result<bool, Unproven> {
    links.try_fold(true, |all, link| Ok(all && is_link(draft, link)?))
}

/// Removes directories below and at a path that hold nothing.
fn remove_empty(draft: &mut Draft<'_>, top: &ImagePath) {
    let is_directory = |path: &&ImagePath| draft.get(path).is_some_and(Node::is_directory);
    let mut directories: Vec<_> =
        draft.tree().below(top).map(|(path, _)| path).chain([top]).filter(is_directory).cloned().collect();
    directories.sort_by(|a, b| b.cmp(a));
    for directory in directories {
        if draft.tree().children(&directory).next().is_none() {
            draft.remove(&directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    const UNIT: &str =
        "/lib/systemd/system/r.service = [Install]\\nWantedBy=multi-user.target\\nAlias=redis.service\\n\n";
    const STATE: &str = "/var/lib/systemd/deb-systemd-helper-enabled";

    fn run(draft: &mut Draft<'_>, line: &str) -> i32 {
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        super::run(draft, &words).unwrap().status
    }

    fn links(draft: &Draft<'_>) -> String {
        let names = draft.tree().iter().filter(|(_, node)| node.as_symlink().is_some());
        names.map(|(path, _)| path.to_text() + " ").collect()
    }

    #[test]
    fn a_unit_is_enabled_once_and_the_administrator_is_heard() {
        let mut draft = Draft::new(text::tree(UNIT).unwrap(), &MemoryContents);
        assert_eq!(run(&mut draft, "debian-installed r.service"), 1);
        assert_eq!(run(&mut draft, "enable r.service"), 0);
        let all = "/etc/systemd/system/multi-user.target.wants/r.service /etc/systemd/system/redis.service ";
        assert_eq!(links(&draft), all);
        let state = draft.read(&ImagePath::literal(&format!("{STATE}/r.service.dsh-also"))).unwrap().unwrap();
        assert_eq!(
            String::from_utf8(state).unwrap(),
            "/etc/systemd/system/redis.service\n/etc/systemd/system/multi-user.target.wants/r.service\n"
        );
        let before = draft.checkpoint();
        for line in ["unmask r.service", "--quiet was-enabled r.service", "enable r.service", "update-state r.service"]
        {
            assert_eq!(run(&mut draft, line), 0, "{line}");
        }
        assert_eq!(draft.checkpoint(), before, "an upgrade changes nothing");
        draft.remove(&ImagePath::literal("/etc/systemd/system/redis.service"));
        assert_eq!(run(&mut draft, "--quiet was-enabled r.service"), 1);
        run(&mut draft, "enable r.service");
        assert!(!links(&draft).contains("redis.service"));
        run(&mut draft, "purge r.service");
        assert_eq!(links(&draft), "");
        assert!(!draft.tree().contains(&ImagePath::literal(STATE)));
    }

    #[test]
    fn masks_are_only_taken_back_by_who_made_them() {
        let mut draft = Draft::new(text::tree(UNIT).unwrap(), &MemoryContents);
        run(&mut draft, "mask r.service");
        assert_eq!(links(&draft), "/etc/systemd/system/r.service ");
        run(&mut draft, "unmask r.service");
        assert_eq!(links(&draft), "");
        draft.put(ImagePath::literal("/etc/systemd/system/r.service"), Node::symlink("/dev/null"));
        run(&mut draft, "unmask r.service");
        assert_eq!(links(&draft), "/etc/systemd/system/r.service ");
    }

    #[test]
    fn presets_are_not_guessed() {
        let tree = format!("{UNIT}/bin/systemctl 0755 = x");
        let mut draft = Draft::new(text::tree(&tree).unwrap(), &MemoryContents);
        assert!(super::run(&mut draft, &["enable".into(), "r.service".into()]).is_err());
    }
}
