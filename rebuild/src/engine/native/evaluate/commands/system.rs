//! Programs that ask or tell the system around the image, of which an image build has none.

use super::options;
use crate::engine::native::evaluate::{Shell, Status, Stop};

/// Services are never started in an image: there is no init, and `policy-rc.d` of a container says 101.
pub(super) fn service(_: &mut Shell<'_, '_>, _: &[String]) -> Status {
    Ok(0)
}

/// `systemctl`: without a running systemd it fails for what needs one; only those calls are known.
pub(super) fn systemctl(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let verb = words[1..].iter().find(|word| !word.starts_with('-')).map(String::as_str);
    match verb {
        Some(
            "daemon-reload" | "daemon-reexec" | "is-active" | "start" | "stop" | "restart" | "try-restart" | "reload"
            | "kill",
        ) => Ok(1),
        _ => Err(shell.unproven("systemctl", format!("{verb:?} is not known"))),
    }
}

/// The lines of an account database, split at colons.
pub(super) fn entries(shell: &Shell<'_, '_>, file: &str) -> Result<Vec<Vec<String>>, Stop> {
    let text = shell.read_file(file)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect())
}

/// The number of a user or group, by name or as written.
pub(super) fn number_of(shell: &Shell<'_, '_>, file: &str, name: &str) -> Result<Option<u32>, Stop> {
    let entries = entries(shell, file)?;
    let found = entries.iter().find(|entry| entry[0] == name).and_then(|entry| entry.get(2)?.parse().ok());
    Ok(found.or_else(|| name.parse().ok()))
}

/// The name of a user or group.
pub(super) fn name_of(shell: &Shell<'_, '_>, file: &str, number: u32) -> Result<String, Stop> {
    let entries = entries(shell, file)?;
    let found = entries.into_iter().find(|entry| entry.get(2).is_some_and(|id| id.parse() == Ok(number)));
    Ok(found.map_or_else(|| "UNKNOWN".into(), |mut entry| entry.swap_remove(0)))
}

/// `getent passwd|group [NAME …]`
pub(super) fn getent(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let file = match words.get(1).map(String::as_str) {
        Some("passwd") => "/etc/passwd",
        Some("group") => "/etc/group",
        Some("shadow") => "/etc/shadow",
        other => return Err(shell.unproven("getent", format!("database {other:?}"))),
    };
    let entries = entries(shell, file)?;
    let mut status = 0;
    for key in &words[2..] {
        let numeric = key.bytes().all(|byte| byte.is_ascii_digit());
        match entries.iter().find(|entry| &entry[0] == key || (numeric && entry.get(2) == Some(key))) {
            Some(entry) => shell.out(format!("{}\n", entry.join(":")))?,
            None => status = 2,
        }
    }
    if words.len() == 2 {
        for entry in entries {
            shell.out(format!("{}\n", entry.join(":")))?;
        }
    }
    Ok(status)
}

/// `id [-u|-g|-G] [-n] [USER]`; without a user it is root.
pub(super) fn id(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options =
        options::read(shell, words, "ugGn", &[("user", 'u'), ("group", 'g'), ("groups", 'G'), ("name", 'n')])?;
    let user = options.operands.first().map_or("root", String::as_str).to_owned();
    let users = entries(shell, "/etc/passwd")?;
    let Some(entry) = users.iter().find(|entry| entry[0] == user && entry.len() > 3) else { return Ok(1) };
    let (uid, gid) = (entry[2].clone(), entry[3].clone());
    let groups = entries(shell, "/etc/group")?;
    let group_name = |gid: &str| {
        groups
            .iter()
            .find(|group| group.get(2).is_some_and(|id| id == gid))
            .map_or_else(|| gid.to_owned(), |group| group[0].clone())
    };
    let named = options.has('n');
    let text = if options.has('u') {
        if named { user } else { uid }
    } else if options.has('g') {
        if named { group_name(&gid) } else { gid }
    } else if options.has('G') {
        let mut all = vec![gid.clone()];
        let member =
            |group: &&Vec<String>| group.get(3).is_some_and(|members| members.split(',').any(|name| name == user));
        all.extend(groups.iter().filter(member).map(|group| group[2].clone()).filter(|other| *other != gid));
        if named { all.iter().map(|gid| group_name(gid)).collect::<Vec<_>>().join(" ") } else { all.join(" ") }
    } else if named || !options.operands.is_empty() {
        // Only whether the user exists is certain: the text also depends on the order of groups.
        String::new()
    } else {
        return Err(shell.unproven("id", "the long form"));
    };
    shell.out(format!("{text}\n"))?;
    Ok(0)
}

/// `ischroot`: image builds run in a chroot or container.
pub(super) fn ischroot(_: &mut Shell<'_, '_>, _: &[String]) -> Status {
    Ok(0)
}

/// `uname -s`; the machine's other names are not the image's.
pub(super) fn uname(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    match words.get(1).map(String::as_str) {
        None | Some("-s") => {
            shell.out("Linux\n")?;
            Ok(0)
        }
        Some(option) => Err(shell.unproven("uname", format!("{option} asks the machine, not the image"))),
    }
}

/// `which [-a] NAME …`
pub(super) fn which(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "s", &[])?;
    let mut status = 0;
    for name in &options.operands {
        match shell.find_program(name)? {
            Some((text, _)) => shell.out(format!("{text}\n"))?,
            None => status = 1,
        }
    }
    Ok(status)
}
