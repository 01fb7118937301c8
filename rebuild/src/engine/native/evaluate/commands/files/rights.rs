//! Modes and owners of files, and the lists that show them: `chmod`, `chown`, `ls`.

use crate::engine::native::effects::mode::parse_symbolic;
use crate::engine::native::evaluate::commands::{options, system};
use crate::engine::native::evaluate::{Shell, Status, Stop};
use slim::path::ImagePath;

/// `chmod [-R] [-f] MODE FILE …`
pub(in crate::engine::native::evaluate::commands) fn chmod(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    // A mode such as `-w` looks like an option; none of ours has those letters.
    let options = options::read(shell, words, "+Rfcvm:", &[("recursive", 'R'), ("reference", 'm')])?;
    let mut operands = options.operands.clone();
    if let Some(reference) = options.value('m') {
        let Some((_, node)) = shell.follow(reference)? else { return Ok(1) };
        operands.insert(0, format!("{:05o}", node.mode));
    }
    let Some((mode, files)) = operands.split_first() else { return Ok(1) };
    let mut status = 0;
    for path in each(shell, files, options.has('R'), true, &mut status)? {
        let Some(node) = shell.draft.get(&path).cloned() else { continue };
        if node.as_symlink().is_some() {
            continue;
        }
        let bits = parse_symbolic(mode, node.mode, node.is_directory(), shell.state.umask);
        let bits = bits.ok_or_else(|| shell.unproven("chmod", format!("mode {mode:?}")))?;
        shell.edit(&path, |node| node.mode = bits)?;
    }
    Ok(status)
}

/// The paths that names stand for, with all below them when recursive. Links are followed unless recursing or told otherwise.
fn each(
    shell: &Shell<'_, '_>,
    names: &[String],
    recursive: bool,
    follow: bool,
    status: &mut i32,
) -> Result<Vec<ImagePath>, Stop> {
    let mut paths = Vec::new();
    for name in names {
        match if follow { shell.follow(name)? } else { shell.look(name)? } {
            Some((path, _)) => {
                if recursive {
                    paths.extend(shell.draft.tree().below(&path).map(|(path, _)| path.clone()));
                }
                paths.push(path);
            }
            None => *status = 1,
        }
    }
    Ok(paths)
}

/// `chown [-Rhf] [USER][:GROUP] FILE …`, `chgrp GROUP FILE …`
pub(in crate::engine::native::evaluate::commands) fn chown(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long = [("recursive", 'R'), ("no-dereference", 'h'), ("reference", 'm')];
    let options = options::read(shell, words, "Rhfcm:", &long)?;
    let mut operands = options.operands.clone();
    if let Some(reference) = options.value('m') {
        let Some((_, node)) = shell.follow(reference)? else { return Ok(1) };
        operands.insert(0, format!("{}:{}", node.uid, node.gid));
    }
    let Some((owner, files)) = operands.split_first() else { return Ok(1) };
    let (user, group) = if words[0].ends_with("chgrp") {
        ("", owner.as_str())
    } else {
        owner.split_once([':', '.']).unwrap_or((owner, ""))
    };
    let find = |shell: &Shell<'_, '_>, file: &str, name: &str| match name {
        "" => Ok(Some(None)),
        name => Ok::<_, Stop>(system::number_of(shell, file, name)?.map(Some)),
    };
    let (Some(uid), Some(gid)) = (find(shell, "/etc/passwd", user)?, find(shell, "/etc/group", group)?) else {
        return Ok(1);
    };
    if owner.ends_with(':') {
        return Err(shell.unproven("chown", "the user's login group"));
    }
    let mut status = 0;
    // Recursion does not follow links (-P is the default), but the names given are followed without it.
    let follow = !options.has('h') && !options.has('R');
    for path in each(shell, files, options.has('R'), follow, &mut status)? {
        shell.edit(&path, |node| {
            let (new_uid, new_gid) = (uid.unwrap_or(node.uid), gid.unwrap_or(node.gid));
            if (new_uid, new_gid) != (node.uid, node.gid) {
                (node.uid, node.gid) = (new_uid, new_gid);
                // As the kernel does on a real change (chown(2)).
                if node.as_file().is_some() {
                    node.mode &= if node.mode & 0o010 != 0 { !0o6000 } else { !0o4000 };
                    node.xattrs.remove(&b"security.capability"[..]);
                }
            }
        })?;
    }
    Ok(status)
}

/// `ls [-1AL] [NAME …]`: names only; `ls -l FILE …`, `ls -n FILE …`: regular files in full.
pub(in crate::engine::native::evaluate::commands) fn list(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "1ALadln", &[])?;
    if options.has('l') || options.has('n') {
        return list_long(shell, &options);
    }
    let mut names = options.operands.clone();
    if names.is_empty() {
        names.push(".".into());
    }
    let mut status = 0;
    for name in &names {
        match shell.follow(name)? {
            None => status = 2,
            Some((path, node)) if node.is_directory() && !options.has('d') => {
                if names.len() > 1 || options.has('a') {
                    return Err(shell.unproven("ls", "several directories"));
                }
                for entry in shell.names_in(&path) {
                    if options.has('A') || !entry.starts_with('.') {
                        shell.out(format!("{entry}\n"))?;
                    }
                }
            }
            Some(_) => shell.out(format!("{name}\n"))?,
        }
    }
    Ok(status)
}

/// One regular file a line, all about it. The time is the machine's to tell.
fn list_long(shell: &mut Shell<'_, '_>, options: &options::Options) -> Status {
    if options.operands.is_empty() {
        return Err(shell.unproven("ls -l", "a directory"));
    }
    let mut lines = Vec::new();
    for name in &options.operands {
        let Some((_, node)) = shell.look(name)? else { return Ok(2) };
        let Some(file) = node.as_file() else {
            return Err(shell.unproven("ls -l", format!("{name} is no regular file")));
        };
        if node.mode & 0o7000 != 0 || file.inode.is_some() {
            return Err(shell.unproven("ls -l", format!("{name} has a special mode or several names")));
        }
        let mode: String =
            (0..9).map(|bit| if node.mode & (0o400 >> bit) == 0 { '-' } else { ['r', 'w', 'x'][bit % 3] }).collect();
        let (user, group) = if options.has('n') {
            (node.uid.to_string(), node.gid.to_string())
        } else {
            (system::name_of(shell, "/etc/passwd", node.uid)?, system::name_of(shell, "/etc/group", node.gid)?)
        };
        lines.push([format!("-{mode}"), "1".into(), user, group, node.size().to_string(), name.clone()]);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or_default();
    let minute = shell.world().process() % 60;
    let (users, groups, sizes) = (width(2), width(3), width(4));
    for [mode, links, user, group, size, name] in &lines {
        shell.out(format!(
            "{mode} {links} {user:users$} {group:groups$} {size:>sizes$} Jan  1 00:{minute:02} {name}\n"
        ))?;
    }
    Ok(0)
}
