//! `dpkg-statoverride` (dpkg-statoverride(1)): owners and modes that packages do not decide.
//!
//! As with diversions, dpkg's order in the file means nothing; here new entries come last.

use super::{Output, accounts, path, read_text, replace_database, unproven};
use crate::engine::native::script::Unproven;
use crate::glob::Glob;
use slim::draft::Draft;

const DATABASE: &str = "/var/lib/dpkg/statoverride";

/// `--add USER GROUP MODE FILE`, `--remove FILE`, `--list [PATTERN]`, with `--update`, `--force` and `--quiet`.
///
/// # Errors
/// For other options, and a file without a form that is known.
pub fn run(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let not_known = |why: &str| unproven("dpkg-statoverride", format!("{why}: {}", arguments.join(" ")));
    let (mut action, mut update, mut force, mut operands) = (None, false, false, Vec::new());
    for word in arguments {
        match word.as_str() {
            "--add" | "--remove" | "--list" => action = Some(word.as_str()),
            "--update" => update = true,
            "--force" | "--force-all" => force = true,
            "--quiet" => {}
            word if word.starts_with('-') => return Err(not_known("an option is not known")),
            word => operands.push(word),
        }
    }
    let text = read_text(draft, &path(DATABASE)?)?.unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(Into::into).collect();
    let file_of = |line: &str| line.splitn(4, ' ').nth(3).unwrap_or_default().to_owned();
    let strip = |name: &str| if name.len() > 1 { name.trim_end_matches('/').to_owned() } else { name.to_owned() };
    match (action, &operands[..]) {
        (Some("--list"), patterns) => {
            if patterns.iter().any(|pattern| pattern.contains(['?', '[', '\\'])) {
                return Err(not_known("the pattern is not evaluated"));
            }
            let patterns: Vec<Glob> = patterns.iter().map(|pattern| Glob::stars(&strip(pattern))).collect();
            let matches = |line: &&String| {
                patterns.is_empty() || patterns.iter().any(|pattern| pattern.fits_text(&file_of(line)))
            };
            let stdout: String = lines.iter().filter(matches).map(|line| format!("{line}\n")).collect();
            Ok(Output { status: i32::from(stdout.is_empty()), stdout: stdout.into(), ..Output::default() })
        }
        (Some("--remove"), [file]) => {
            let file = strip(file);
            let before = lines.len();
            lines.retain(|line| file_of(line) != file);
            if lines.len() == before {
                return Ok(Output::status(if force { 0 } else { 2 }));
            }
            replace_database(draft, DATABASE, lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
            Ok(Output::done(format!("no override of {file} any more")))
        }
        (Some("--add"), [user, group, mode, file]) => {
            let file = strip(file);
            if lines.iter().any(|line| file_of(line) == file) && !force {
                return Ok(Output::status(2));
            }
            let number = |name: &str| name.strip_prefix('#').and_then(|digits| digits.parse::<u32>().ok());
            let uid = match number(user) {
                Some(uid) => Some(uid),
                None => accounts::users(draft)?.into_iter().find(|known| known.name == *user).map(|known| known.uid),
            };
            let gid = match number(group) {
                Some(gid) => Some(gid),
                None => accounts::groups(draft)?.into_iter().find(|known| known.name == *group).map(|known| known.gid),
            };
            let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o7777);
            let (Some(uid), Some(gid), Some(mode)) = (uid, gid, mode) else { return Ok(Output::status(2)) };
            lines.retain(|line| file_of(line) != file);
            lines.push(format!("{user} {group} {mode:o} {file}"));
            replace_database(draft, DATABASE, lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
            if update && let Some((place, _)) = draft.tree().lookup(&path(&file)?) {
                draft.edit(&place, |node| (node.uid, node.gid, node.mode) = (uid, gid, mode));
            }
            Ok(Output::done(format!("override of {file}: {user} {group} {mode:o}")))
        }
        _ => Err(not_known("this form")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    #[test]
    fn overrides_are_kept_and_applied() {
        let tree = "/etc/passwd = redis:x:101:102::/:/bin/false\\n\n/etc/group = redis:x:102:\\n\n/etc/redis.conf = x\n\
            /var/lib/dpkg/statoverride = root root 1733 /var/lib/php\\n";
        let mut draft = Draft::new(text::tree(tree).unwrap(), &MemoryContents);
        let mut run = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
            super::run(&mut draft, &words).map(|output| (output.status, String::from_utf8(output.stdout).unwrap()))
        };
        let rows = [
            ("--list /var/lib/php", 0, "root root 1733 /var/lib/php\n"),
            ("--list /none", 1, ""),
            ("--update --add redis redis 0640 /etc/redis.conf", 0, ""),
            ("--update --add redis redis 0640 /etc/redis.conf", 2, ""),
            ("--add nobody redis 0640 /etc/x", 2, ""),
            ("--remove /none", 2, ""),
            ("--remove /var/lib/php", 0, ""),
            ("--list", 0, "redis redis 640 /etc/redis.conf\n"),
        ];
        for (line, status, stdout) in rows {
            assert_eq!(run(line), Ok((status, stdout.to_owned())), "{line}");
        }
        let node = draft.get(&slim::path::ImagePath::literal("/etc/redis.conf")).unwrap();
        assert_eq!((node.uid, node.gid, node.mode), (101, 102, 0o640));
    }
}
