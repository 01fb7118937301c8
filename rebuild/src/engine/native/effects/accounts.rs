//! Users and groups: `adduser`, `addgroup`, `useradd`, `groupadd`, `getent`, `id`.
//!
//! On an upgrade the account is there and the commands change nothing. Making one is left to an engine that runs the command: which
//! number it gets depends on configuration that scripts may change.

use super::{Output, path, read_text, unproven};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;

/// A line of `/etc/passwd` (passwd(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Numeric user.
    pub uid: u32,
    /// Numeric main group.
    pub gid: u32,
    /// The whole line.
    pub line: String,
}

/// A line of `/etc/group` (group(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Group name.
    pub name: String,
    /// Numeric group.
    pub gid: u32,
    /// Names of further members.
    pub members: Vec<String>,
    /// The whole line.
    pub line: String,
}

/// The image's users, in the file's order; lines that are not users are passed over.
///
/// # Errors
/// When the file cannot be read.
pub fn users(draft: &Draft<'_>) -> Result<Vec<User>, Unproven> {
    let text = read_text(draft, &path("/etc/passwd")?)?.unwrap_or_default();
    Ok(text.lines().filter_map(user).collect())
}

/// The image's groups, in the file's order; lines that are not groups are passed over.
///
/// # Errors
/// When the file cannot be read.
pub fn groups(draft: &Draft<'_>) -> Result<Vec<Group>, Unproven> {
    let text = read_text(draft, &path("/etc/group")?)?.unwrap_or_default();
    Ok(text.lines().filter_map(group).collect())
}

fn user(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    let (name, _, uid, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
    Some(User { name: name.into(), uid, gid, line: line.into() })
}

fn group(line: &str) -> Option<Group> {
    let mut fields = line.split(':');
    let (name, _, gid) = (fields.next()?, fields.next()?, fields.next()?);
    let members = fields.next().unwrap_or_default().split(',').filter(|member| !member.is_empty());
    Some(Group {
        name: name.into(),
        gid: gid.parse().ok()?,
        members: members.map(Into::into).collect(),
        line: line.into(),
    })
}

/// `getent passwd|group [KEY…]`: status 2 when a key is not there.
///
/// # Errors
/// For other databases.
pub fn getent(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let (database, keys) = arguments.split_first().ok_or_else(|| unproven("getent", "no database is named"))?;
    let entries: Vec<(String, u32, String)> = match database.as_str() {
        "passwd" => users(draft)?.into_iter().map(|user| (user.name, user.uid, user.line)).collect(),
        "group" => groups(draft)?.into_iter().map(|group| (group.name, group.gid, group.line)).collect(),
        other => return Err(unproven("getent", format!("database {other} is not known"))),
    };
    let mut output = Output::default();
    let mut tell = |line: &str| output.stdout.extend([line.as_bytes(), b"\n"].concat());
    let mut missing = false;
    for key in keys {
        let number: Option<u32> = key.parse().ok();
        match entries.iter().find(|(name, id, _)| name == key || number == Some(*id)) {
            Some((_, _, line)) => tell(line),
            None => missing = true,
        }
    }
    if keys.is_empty() {
        entries.iter().for_each(|(_, _, line)| tell(line));
    }
    output.status = if missing { 2 } else { 0 };
    Ok(output)
}

/// `id [-u|-g|-un|-gn] [USER]`; without a user, root: scripts run as root.
///
/// # Errors
/// For other options.
pub fn id(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let (options, names): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.starts_with('-'));
    let letters: String = options.iter().map(|option| option.trim_start_matches('-')).collect();
    let wanted = names.first().map_or("root", |name| name.as_str());
    let Some(user) = users(draft)?.into_iter().find(|user| user.name == wanted || user.uid.to_string() == wanted)
    else {
        return Ok(Output::status(1));
    };
    let all = groups(draft)?;
    let group_name =
        |gid: u32| all.iter().find(|group| group.gid == gid).map_or(gid.to_string(), |group| group.name.clone());
    let others = || all.iter().filter(|group| group.gid != user.gid && group.members.contains(&user.name));
    let text = match letters.as_str() {
        "u" => user.uid.to_string(),
        "g" => user.gid.to_string(),
        "un" | "nu" => user.name,
        "gn" | "ng" => group_name(user.gid),
        "Gn" | "nG" => {
            let names = std::iter::once(group_name(user.gid)).chain(others().map(|group| group.name.clone()));
            names.collect::<Vec<_>>().join(" ")
        }
        "" => {
            let list = std::iter::once(format!("{}({})", user.gid, group_name(user.gid)))
                .chain(others().map(|group| format!("{}({})", group.gid, group.name)));
            let list = list.collect::<Vec<_>>().join(",");
            format!("uid={}({}) gid={}({}) groups={list}", user.uid, user.name, user.gid, group_name(user.gid))
        }
        other => return Err(unproven("id", format!("option -{other} is not known"))),
    };
    Ok(Output::answer(text + "\n"))
}

/// `adduser`, `addgroup`, `useradd`, `groupadd`, with the name of the command first: nothing when the account is as asked for.
///
/// # Errors
/// When the account would have to be made or changed.
pub fn add(draft: &mut Draft<'_>, command: &str, arguments: &[String]) -> Result<Output, Unproven> {
    const WITH_VALUE: [&str; 16] = [
        "--home",
        "--shell",
        "--uid",
        "--gid",
        "--ingroup",
        "--gecos",
        "--comment",
        "--firstuid",
        "--lastuid",
        "-g",
        "-u",
        "-d",
        "-s",
        "-c",
        "--home-dir",
        "-K",
    ];
    let mut names = Vec::new();
    let mut wants_group = command == "addgroup" || command == "groupadd";
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--" => {}
            "--group" if command == "adduser" => wants_group = true,
            option if WITH_VALUE.contains(&option) => drop(words.next()),
            option if option.starts_with('-') => {}
            name => names.push(name),
        }
    }
    let users = users(draft)?;
    let groups = groups(draft)?;
    let has_user = |name: &str| users.iter().any(|user| user.name == name);
    let group = |name: &str| groups.iter().find(|group| group.name == name);
    let is_user_command = command == "adduser" || command == "useradd";
    let system = arguments.iter().any(|word| matches!(word.as_str(), "--system" | "-r"));
    match names[..] {
        // `adduser --system --group NAME` makes both or, when the user is there, neither.
        [name] if is_user_command && has_user(name) && (system || command == "useradd") => {
            // useradd complains (9) where `adduser --system` is content.
            Ok(Output::status(if command == "useradd" { 9 } else { 0 }))
        }
        [name] if !is_user_command && wants_group && group(name).is_some() => {
            let content =
                system && command == "addgroup" || arguments.iter().any(|word| word == "-f" || word == "--force");
            match (content, command) {
                (true, _) => Ok(Output::default()),
                (false, "groupadd") => Ok(Output::status(9)),
                (false, _) => {
                    Err(unproven(command, format!("group {name} is there, and what that means depends on its version")))
                }
            }
        }
        [name, to]
            if command == "adduser" && group(to).is_some_and(|group| group.members.iter().any(|m| m == name)) =>
        {
            Ok(Output::default())
        }
        _ => Err(unproven(command, format!("would change the accounts: {}", arguments.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    const FILES: &str = "/etc/passwd = root:x:0:0:root:/root:/bin/sh\\nredis:x:101:102::/nonexistent:/bin/false\\n\n\
                         /etc/group = root:x:0:\\nssl:x:50:redis\\nredis:x:102:\\n";

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(Into::into).collect()
    }

    fn draft() -> Draft<'static> {
        Draft::new(text::tree(FILES).unwrap(), &MemoryContents)
    }

    #[test]
    fn questions_are_answered_from_the_image() {
        let getent = |line: &str| getent(&mut draft(), &words(line)).unwrap();
        assert_eq!(getent("passwd 101").stdout, b"redis:x:101:102::/nonexistent:/bin/false\n");
        assert_eq!(getent("group ssl").stdout, b"ssl:x:50:redis\n");
        assert_eq!(getent("group nobody").status, 2);
        let id = |line: &str| id(&mut draft(), &words(line)).unwrap();
        assert_eq!(id("-u").stdout, b"0\n");
        assert_eq!(id("redis").stdout, b"uid=101(redis) gid=102(redis) groups=102(redis),50(ssl)\n");
        assert_eq!(id("nobody").status, 1);
    }

    #[test]
    fn accounts_that_are_there_are_left_alone_and_others_are_not_made() {
        let add = |command: &str, line: &str| add(&mut draft(), command, &words(line)).map(|output| output.status);
        assert_eq!(add("adduser", "--system --quiet --group --home /var/lib/redis redis"), Ok(0));
        assert_eq!(add("addgroup", "--system ssl"), Ok(0));
        assert_eq!(add("groupadd", "-f ssl"), Ok(0));
        assert_eq!(add("useradd", "redis"), Ok(9));
        assert_eq!(add("adduser", "--quiet redis ssl"), Ok(0));
        assert!(add("adduser", "--system newcomer").is_err());
        assert!(add("adduser", "root ssl").is_err());
    }
}
