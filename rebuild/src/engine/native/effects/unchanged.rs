//! Programs that derive files from others: where what they read is what it was, what they wrote is what they would write.
//!
//! Nothing is derived here. Each of these proves that its program would change nothing, or gives up.

use super::{Output, accounts, path, read_text, unproven};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;

/// Whether a path and everything below it has the kind and the content that it had when the draft began.
///
/// # Errors
/// When a content cannot be read.
pub fn is_unchanged(draft: &Draft<'_>, top: &ImagePath) -> Result<bool, Unproven> {
    for touched in draft.touched().iter().filter(|path| path.starts_with(top)) {
        let same = match (draft.original(touched), draft.get(touched)) {
            (None, None) => true,
            (Some(old), Some(new)) => match (old.as_file(), new.as_file()) {
                (Some(old), Some(new)) => {
                    let read =
                        |content| draft.contents().read(content).map_err(|error| super::unreadable(touched, &error));
                    old.content == new.content || read(&old.content)? == read(&new.content)?
                }
                _ => old.kind == new.kind,
            },
            _ => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

fn no_op_unless_changed(draft: &Draft<'_>, command: &str, inputs: &[&str]) -> Result<Output, Unproven> {
    for input in inputs {
        if !is_unchanged(draft, &path(input)?)? {
            return Err(unproven(command, format!("{input} changed, and what is made of it is not reproduced")));
        }
    }
    Ok(Output::default())
}

/// `pam-auth-update --package [--force] [--root ""]`: nothing when the profiles are those of the last time.
///
/// # Errors
/// When profiles or templates changed, and for other options.
pub fn pam_auth_update(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Some(at) = words.iter().position(|word| *word == "--root")
        && words.get(at + 1).is_some_and(|root| root.is_empty())
    {
        words.drain(at..at + 2);
    }
    // `--force` throws away what the administrator changed in the generated files.
    if words != ["--package"] {
        return Err(unproven("pam-auth-update", format!("not known: {}", arguments.join(" "))));
    }
    let seen = read_text(draft, &path("/var/lib/pam/seen")?)?.unwrap_or_default();
    let directory = path("/usr/share/pam-configs")?;
    for (profile, _) in draft.tree().children(&directory) {
        let name = String::from_utf8_lossy(profile.file_name()).into_owned();
        if !name.ends_with('~') && !name.starts_with('#') && !seen.lines().any(|line| line == name) {
            return Err(unproven("pam-auth-update", format!("profile {name} is new")));
        }
    }
    no_op_unless_changed(draft, "pam-auth-update", &["/usr/share/pam-configs", "/usr/share/pam"])
}

/// `update-passwd [--dry-run] [--verbose]`: nothing when the system's accounts are those of the master files.
///
/// # Errors
/// When an account is missing, differs, or is one that the master files do not know any more; and for other options.
pub fn update_passwd(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    if let Some(option) =
        arguments.iter().find(|word| !matches!(word.as_str(), "--dry-run" | "-n" | "--verbose" | "-v"))
    {
        return Err(unproven("update-passwd", format!("{option} is not known")));
    }
    // The fields that it compares: not the password, and of a group not the members.
    for (file, fields, id) in [("passwd", &[0, 2, 3, 4, 5, 6][..], 2), ("group", &[0, 2][..], 2)] {
        let pick = |line: &str| -> Vec<String> {
            let all: Vec<&str> = line.split(':').collect();
            fields.iter().map(|field| all.get(*field).copied().unwrap_or_default().to_owned()).collect()
        };
        let master = format!("/usr/share/base-passwd/{file}.master");
        let text =
            read_text(draft, &path(&master)?)?.ok_or_else(|| unproven("update-passwd", format!("no {master}")))?;
        let now = read_text(draft, &path(format!("/etc/{file}"))?)?.unwrap_or_default();
        let (master, now): (Vec<_>, Vec<_>) = (text.lines().map(pick).collect(), now.lines().map(pick).collect());
        if let Some(missing) = master.iter().find(|line| !now.contains(line)) {
            return Err(unproven("update-passwd", format!("{file} has no {}", missing.join(":"))));
        }
        // Numbers below 100 are the distro's: what it does not know any more it proposes to remove.
        let is_system = |line: &&Vec<String>| line[id - 1].parse::<u32>().is_ok_and(|number| number < 100);
        if let Some(more) = now.iter().filter(is_system).find(|line| !master.contains(line)) {
            return Err(unproven("update-passwd", format!("{file} has {}, which it does not know", more.join(":"))));
        }
    }
    Ok(Output::default())
}

/// `systemd-sysusers [FILE…]`: nothing when every account is there.
///
/// # Errors
/// When an account would be made, and for options.
pub fn sysusers(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let users = accounts::users(draft)?;
    let groups = accounts::groups(draft)?;
    for line in settings(draft, "sysusers", arguments)? {
        let words: Vec<&str> = line.split_whitespace().collect();
        let has = match words[..] {
            // A user brings a group of its name, unless it names another one by number.
            ["u" | "u!", name, ref rest @ ..] => {
                let own = rest.first().is_none_or(|id| !id.contains(':'));
                users.iter().any(|user| user.name == name) && (!own || groups.iter().any(|group| group.name == name))
            }
            ["g", name, ..] => groups.iter().any(|group| group.name == name),
            ["m", user, name, ..] => {
                groups.iter().any(|group| group.name == name && group.members.iter().any(|member| member == user))
            }
            ["r", ..] => true,
            _ => false,
        };
        if !has {
            return Err(unproven("systemd-sysusers", format!("an account would be made: {line}")));
        }
    }
    Ok(Output::default())
}

/// `systemd-tmpfiles --create FILE…`: nothing when every file is as its line asks. What is below `/run` and `/tmp` belongs to a running
/// system and is never made.
///
/// # Errors
/// When a file would be made or changed, and for other options.
pub fn tmpfiles(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let Some((_, files)) = arguments.split_first().filter(|(action, _)| *action == "--create") else {
        return Err(unproven("systemd-tmpfiles", format!("not known: {}", arguments.join(" "))));
    };
    let (users, groups) = (accounts::users(draft)?, accounts::groups(draft)?);
    for line in settings(draft, "tmpfiles", files)? {
        let would = || unproven("systemd-tmpfiles", format!("a file would be made or changed: {line}"));
        let mut words = line.split_whitespace();
        let (Some(kind), Some(name)) = (words.next(), words.next()) else { return Err(would()) };
        let mut field = || words.next().filter(|word| *word != "-");
        let (mode, user, group) = (field(), field(), field());
        let below = |top: &str| name.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // `!` is for the boot, `^` for credentials of the machine, `x` and `r` for cleaning.
        if kind.contains(['!', '^'])
            || kind.starts_with(['x', 'X', 'r', 'R'])
            || ["/run", "/tmp", "/var/run"].iter().any(|top| below(top))
        {
            continue;
        }
        let fixed = name.split(['%', '*', '?', '[']).next().unwrap_or_default();
        let is_pattern = fixed != name;
        let letter = kind.trim_end_matches(['-', '=', '~']);
        // Of a name with a pattern or a specifier it is enough that nothing can be there.
        let directory = if is_pattern { fixed.rsplit_once('/').map_or("/", |(directory, _)| directory) } else { name };
        let place = super::place(draft, &path(if directory.is_empty() { "/" } else { directory })?);
        let node = draft.get(&place);
        let is_missing = node.is_none() || (is_pattern && draft.tree().children(&place).next().is_none());
        let right = match letter.trim_end_matches('+') {
            "z" | "Z" | "a" | "A" | "h" | "H" | "t" | "T" | "w" if is_missing => true,
            "h" | "H" => true,
            _ if is_pattern => false,
            "L" => node.is_some() && (letter == "L" || link_is(node, words.last())),
            "z" => owner_is(node, mode, user, group, &users, &groups),
            "f" => node.is_some() && letter == "f" && owner_is(node, mode, user, group, &users, &groups),
            "C" => node.is_some(),
            "d" | "D" | "v" | "q" | "Q" => {
                let real = draft.tree().lookup(&place).map(|(_, node)| node);
                real.is_some_and(Node::is_directory) && owner_is(real, mode, user, group, &users, &groups)
            }
            _ => false,
        };
        if !right {
            return Err(would());
        }
    }
    Ok(Output::default())
}

fn link_is(node: Option<&Node>, target: Option<&str>) -> bool {
    node.and_then(Node::as_symlink).zip(target).is_some_and(|(found, target)| found == target.as_bytes())
}

/// Whether a node has the mode and owner of a line; what the line leaves open, and what it only asks of new files (`:`), is right.
fn owner_is(
    node: Option<&Node>,
    mode: Option<&str>,
    user: Option<&str>,
    group: Option<&str>,
    users: &[accounts::User],
    groups: &[accounts::Group],
) -> bool {
    let Some(node) = node else { return false };
    let asked = |text: Option<&str>| text.filter(|text| !text.starts_with(':')).map(str::to_owned);
    let user_is = asked(user).is_none_or(|name| users.iter().any(|user| user.name == name && user.uid == node.uid));
    let group_is =
        asked(group).is_none_or(|name| groups.iter().any(|group| group.name == name && group.gid == node.gid));
    let mode_is = asked(mode).is_none_or(|mode| u32::from_str_radix(&mode, 8) == Ok(node.mode));
    user_is && group_is && mode_is
}

/// The lines of settings files, of all where none is named; each found where the administrator, then the distro has it.
fn settings(draft: &Draft<'_>, kind: &str, names: &[String]) -> Result<Vec<String>, Unproven> {
    let mut lines = Vec::new();
    let all = if names.is_empty() { every(draft, kind)? } else { Vec::new() };
    for name in names.iter().chain(&all) {
        if name.starts_with('-') {
            return Err(unproven(kind, format!("option {name} is not known")));
        }
        let mut text = None;
        for top in PLACES {
            let file = if name.starts_with('/') { name.clone() } else { format!("{top}/{kind}.d/{name}") };
            text = match text {
                Some(text) => Some(text),
                None => read_text(draft, &path(file)?)?,
            };
        }
        let text = text.ok_or_else(|| unproven(kind, format!("{name} is not there")))?;
        lines.extend(
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned),
        );
    }
    Ok(lines)
}

/// The names of all settings files, in the order in which they are read (tmpfiles.d(5), sysusers.d(5)).
fn every(draft: &Draft<'_>, kind: &str) -> Result<Vec<String>, Unproven> {
    let mut names = std::collections::BTreeSet::new();
    for top in PLACES {
        let Ok(place) = draft.tree().resolve(&path(format!("{top}/{kind}.d"))?) else { continue };
        let files =
            draft.tree().children(&place.path).map(|(path, _)| String::from_utf8_lossy(path.file_name()).into_owned());
        names.extend(files.filter(|name| name.ends_with(".conf")));
    }
    Ok(names.into_iter().collect())
}

/// Where the administrator, then the distro has settings files.
const PLACES: [&str; 4] = ["/etc", "/usr/local/lib", "/usr/lib", "/lib"];

/// `systemd-machine-id-setup`: a machine's number is never made for an image, as keys are not.
///
/// # Errors
/// For options.
pub fn machine_id(_: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    match arguments {
        [] => Ok(Output::default()),
        _ => Err(unproven("systemd-machine-id-setup", format!("not known: {}", arguments.join(" ")))),
    }
}

/// Caches of data that packages bring: nothing when the data is what it was.
///
/// # Errors
/// When the data changed, and for forms that read something else.
pub fn cache(draft: &mut Draft<'_>, command: &str, arguments: &[String]) -> Result<Output, Unproven> {
    let inputs: &[&str] = match command {
        "glib-compile-schemas" => &["/usr/share/glib-2.0/schemas"],
        "update-mime" => &["/usr/lib/mime", "/usr/share/applications", "/etc/mailcap.order"],
        "update-desktop-database" => &["/usr/share/applications"],
        "update-mime-database" => &["/usr/share/mime/packages"],
        "systemd-hwdb" => &["/usr/lib/udev/hwdb.d", "/etc/udev/hwdb.d", "/lib/udev/hwdb.d"],
        "journalctl" if arguments.iter().any(|word| word == "--update-catalog") => &["/usr/lib/systemd/catalog"],
        "gio-querymodules" | "gdk-pixbuf-query-loaders" => &["/usr/lib"],
        _ => return Err(unproven(command, "a program that is not known")),
    };
    let named: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| word.starts_with('/')).collect();
    no_op_unless_changed(draft, command, if named.is_empty() { inputs } else { &named })
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    fn draft(tree: &str) -> Draft<'static> {
        Draft::new(text::tree(tree).unwrap(), &MemoryContents)
    }

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(Into::into).collect()
    }

    #[test]
    fn the_same_content_is_no_change_and_another_is() {
        let mut draft = draft("/usr/share/mime/packages/x = 1\n/usr/share/mime/packages/y = 1");
        let file = |name: &str| ImagePath::literal(&format!("/usr/share/mime/packages/{name}"));
        draft.remove(&file("x"));
        draft.put(file("x"), Node::file(*b"1").with_mtime(7));
        assert!(cache(&mut draft, "update-mime-database", &[]).is_ok());
        let checkpoint = draft.checkpoint();
        draft.put(file("y"), Node::file(*b"2"));
        assert!(cache(&mut draft, "update-mime-database", &[]).is_err());
        draft.rollback(checkpoint);
        draft.put(file("z"), Node::file(*b"2"));
        assert!(cache(&mut draft, "update-mime-database", &[]).is_err());
    }

    #[test]
    fn profiles_of_the_last_time_change_nothing() {
        let tree = "/usr/share/pam-configs/unix = p\n/var/lib/pam/seen = unix\\n";
        let run = |draft: &mut Draft<'_>| pam_auth_update(draft, &["--root".into(), "".into(), "--package".into()]);
        let mut draft = draft(tree);
        assert!(run(&mut draft).is_ok());
        draft.put(ImagePath::literal("/usr/share/pam-configs/new"), Node::file(*b"p"));
        assert!(run(&mut draft).is_err());
    }

    #[test]
    fn accounts_of_the_master_files() {
        let tree = "/usr/share/base-passwd/passwd.master = root:*:0:0:root:/root:/bin/bash\\n\n\
            /usr/share/base-passwd/group.master = root:*:0:\\nusers:*:100:\\n\n\
            /etc/group = root:x:0:me\\nusers:x:100:\\nredis:x:101:\\n\n";
        let passwd = |line: &str| format!("{tree}/etc/passwd = {line}\\nredis:x:101:101::/:/bin/false\\n");
        let same = passwd("root:x:0:0:root:/root:/bin/bash");
        assert!(update_passwd(&mut draft(&same), &words("--dry-run")).is_ok());
        for line in ["root:x:0:0:root:/root:/bin/sh", "root:x:0:0:root:/root:/bin/bash\\nold:x:42:42::/:/bin/sh"] {
            assert!(update_passwd(&mut draft(&passwd(line)), &[]).is_err(), "{line}");
        }
    }

    #[test]
    fn files_and_accounts_that_are_there_are_left_alone() {
        let tree = "/etc/passwd = root:x:0:0::/:/bin/sh\\nnet:x:5:6::/:/bin/sh\\n\n/etc/group = root:x:0:\\nnet:x:6:\\n\n\
            /var/lib/net/ 0750 5:6\n/usr/lib/sysusers.d/a.conf = # x\\nu net - \"Net\"\\ng root 0 -\\n\n\
            /usr/lib/sysusers.d/b.conf = u new -\\n";
        assert!(sysusers(&mut draft(tree), &words("a.conf")).is_ok());
        assert!(sysusers(&mut draft(tree), &words("b.conf")).is_err());
        // Without names: every file, and one of the administrator's in place of the distro's.
        assert!(sysusers(&mut draft(tree), &[]).is_err());
        let masked = format!("{tree}\n/etc/sysusers.d/b.conf = # none\n");
        assert!(sysusers(&mut draft(&masked), &[]).is_ok());
        let rows = [
            ("d /var/lib/net 0750 net net -", true),
            ("d /var/lib/net 0755 net net -", false),
            ("d /var/lib/net 0750 root net -", false),
            ("d- /var/lib/net :0700 root* - -", false),
            ("d- /var/lib/net :0700 - - -", true),
            ("d /run/new 0755 root root -", true),
            ("d /var/new 0755 root root -", false),
            ("f /var/lib/net/x 0644 - - -", false),
            ("R! /var/tmp/x*", true),
            ("a+ /var/log/journal/%m - - - - d:group:adm:r-x", true),
            ("a+ /var/lib/net - - - - d:group:adm:r-x", false),
            ("L /var/lib/net - - - - ../x", true),
        ];
        for (line, fine) in rows {
            let tree = format!("{tree}\n/usr/lib/tmpfiles.d/t.conf = {line}\\n");
            assert_eq!(tmpfiles(&mut draft(&tree), &words("--create t.conf")).is_ok(), fine, "{line}");
        }
    }
}
