//! Programs that look at files or change them.

mod names;
mod rights;

pub(super) use names::{canonical, mktemp, mountpoint, readlink, realpath};
pub(super) use rights::{chmod, chown, list};

use super::{options, system};
use crate::engine::native::evaluate::{Shell, Status, Stop};
use slim::path::ImagePath;
use slim::tree::{Kind, Node};

/// `mkdir [-p] [-Z] [-m MODE] DIRECTORY …`; an image has no security contexts to set.
pub(super) fn mkdir(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "pm:vZ", &[("parents", 'p'), ("mode", 'm')])?;
    let mode = match options.value('m') {
        Some(text) => Some(octal(shell, "mkdir", text)?),
        None => None,
    };
    let mut status = 0;
    for name in &options.operands {
        let made = make_directory(shell, name, mode, options.has('p'), 0)?;
        status |= i32::from(!made);
    }
    Ok(status)
}

/// `install -d [-m MODE] [-o USER] [-g GROUP] DIRECTORY …`: directories with this mode and owner, made or there already.
pub(super) fn install(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long = [("directory", 'd'), ("mode", 'm'), ("owner", 'o'), ("group", 'g')];
    let options = options::read(shell, words, "dm:o:g:", &long)?;
    if !options.has('d') {
        return Err(shell.unproven("install", "other than of directories"));
    }
    let mode = octal(shell, "install", options.value('m').unwrap_or("755"))?;
    let id = |shell: &Shell<'_, '_>, letter: char, file: &str| match options.value(letter) {
        None => Ok(None),
        Some(name) => match system::number_of(shell, file, name)? {
            Some(number) => Ok(Some(number)),
            None => Err(shell.unproven("install", format!("{name}: no such account"))),
        },
    };
    let (user, group) = (id(shell, 'o', "/etc/passwd")?, id(shell, 'g', "/etc/group")?);
    let mut status = 0;
    for name in &options.operands {
        if !make_directory(shell, name, None, true, 0)? {
            status = 1;
            continue;
        }
        let Some((path, node)) = shell.follow(name)? else { continue };
        let wanted = node.clone().with_mode(mode).with_owner(user.unwrap_or(node.uid), group.unwrap_or(node.gid));
        if wanted != node {
            shell.create(&path, wanted)?;
        }
    }
    Ok(status)
}

fn make_directory(
    shell: &mut Shell<'_, '_>,
    name: &str,
    mode: Option<u32>,
    parents: bool,
    depth: u32,
) -> Result<bool, Stop> {
    if let Some((_, node)) = shell.follow(name)? {
        return Ok(parents && node.is_directory());
    }
    let trimmed = name.trim_end_matches('/');
    if parents
        && depth < 200
        && let Some((parent, _)) = trimmed.rsplit_once('/').filter(|(parent, _)| !parent.is_empty())
        && !make_directory(shell, parent, None, true, depth + 1)?
    {
        return Ok(false);
    }
    if shell.look(trimmed)?.is_some() {
        return Ok(false);
    }
    let Some(path) = shell.place(trimmed)? else { return Ok(false) };
    let mode = mode.unwrap_or(0o777 & !shell.state.umask);
    shell.create(&path, Node::directory().with_mode(mode))?;
    Ok(true)
}

fn octal(shell: &Shell<'_, '_>, program: &str, text: &str) -> Result<u32, Stop> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| shell.unproven(program, format!("mode {text:?}")))
}

/// `rmdir [-p] [--ignore-fail-on-non-empty] DIRECTORY …`
pub(super) fn rmdir(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "pi", &[("ignore-fail-on-non-empty", 'i'), ("parents", 'p')])?;
    let mut status = 0;
    for name in &options.operands {
        let mut name = name.trim_end_matches('/');
        loop {
            let empty = match shell.look(name)? {
                Some((path, node)) if node.is_directory() => {
                    let empty = shell.draft.tree().children(&path).next().is_none();
                    if empty {
                        shell.take_away(&path);
                    }
                    Some(empty)
                }
                _ => None,
            };
            match empty {
                Some(true) => {}
                Some(false) if options.has('i') => break,
                _ => {
                    status = 1;
                    break;
                }
            }
            match name.rsplit_once('/').filter(|(parent, _)| options.has('p') && !parent.is_empty()) {
                Some((parent, _)) => name = parent,
                None => break,
            }
        }
    }
    Ok(status)
}

/// `rm [-rf] FILE …`
pub(super) fn remove(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long = [("force", 'f'), ("recursive", 'r')];
    let options = options::read(shell, words, "rRfv", &long)?;
    let recursive = options.has('r') || options.has('R');
    let mut status = 0;
    for name in &options.operands {
        match shell.look(name)? {
            None => status |= i32::from(!options.has('f')),
            Some((path, _)) if path.is_root() => return Err(shell.unproven("rm", "the root directory")),
            Some((_, node)) if node.is_directory() && !recursive => status = 1,
            Some((path, _)) => shell.take_away(&path),
        }
    }
    Ok(status)
}

/// `unlink FILE`
pub(super) fn unlink(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let [_, name] = words else { return Err(shell.unproven("unlink", "one file expected")) };
    match shell.look(name)? {
        Some((path, node)) if !node.is_directory() => {
            shell.take_away(&path);
            Ok(0)
        }
        _ => Ok(1),
    }
}

/// `touch [-c] FILE …`
pub(super) fn touch(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "c", &[("no-create", 'c')])?;
    let mut status = 0;
    for name in &options.operands {
        if let Some((path, _)) = shell.follow(name)? {
            let now = shell.draft.now;
            shell.edit(&path, |node| node.mtime = now)?;
        } else if !options.has('c') {
            match shell.destination(name)? {
                Some(path) => {
                    let mode = 0o666 & !shell.state.umask;
                    shell.create(&path, Node::file(Vec::new()).with_mode(mode))?;
                }
                None => status = 1,
            }
        }
    }
    Ok(status)
}

/// Where a file goes that is put to a name: into it when it is a directory.
fn target(shell: &Shell<'_, '_>, name: &str, source: &str, into: bool) -> Result<String, Stop> {
    let directory = into && shell.follow(name)?.is_some_and(|(_, node)| node.is_directory());
    let base = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
    Ok(if directory { format!("{}/{base}", name.trim_end_matches('/')) } else { name.to_owned() })
}

/// `ln [-sfnrvT] TARGET NAME`
pub(super) fn link(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "sfnvT", &[("symbolic", 's'), ("force", 'f'), ("no-dereference", 'n')])?;
    let (source, name) = match &options.operands[..] {
        [source] => (source.clone(), ".".to_owned()),
        [source, name] => (source.clone(), name.clone()),
        _ => return Err(shell.unproven("ln", "several targets")),
    };
    let is_link = shell.look(&name)?.is_some_and(|(_, node)| node.as_symlink().is_some());
    let name = target(shell, &name, &source, !(options.has('T') || options.has('n') && is_link))?;
    let Some(path) = shell.place(&name)? else { return Ok(1) };
    match shell.draft.get(&path) {
        Some(node) if node.is_directory() || !options.has('f') => return Ok(1),
        _ => {}
    }
    if options.has('s') {
        shell.create(&path, Node::symlink(&source))?;
        return Ok(0);
    }
    let Some((from, mut node)) = shell.look(&source)? else { return Ok(1) };
    let Kind::File(file) = &mut node.kind else {
        return Err(shell.unproven("ln", "a hard link to what is not a file"));
    };
    let inode = match file.inode {
        Some(inode) => inode,
        None => shell.draft.new_inode(),
    };
    file.inode = Some(inode);
    shell.put(&from, node.clone())?;
    shell.put(&path, node)?;
    Ok(0)
}

/// `cp [-pafd] SOURCE TARGET`, files and links only.
pub(super) fn copy(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long = [("preserve", 'p'), ("archive", 'a'), ("no-dereference", 'd'), ("force", 'f'), ("no-clobber", 'n')];
    let options = options::read(shell, words, "pafdPnvT", &long)?;
    let [source, name] = &options.operands[..] else { return Err(shell.unproven("cp", "several sources")) };
    let keep_links = ['a', 'd', 'P'].iter().any(|option| options.has(*option));
    let preserve = options.has('p') || options.has('a');
    if source == "/dev/null" {
        return Err(shell.unproven("cp", "a device"));
    }
    let Some((_, node)) = (if keep_links { shell.look(source)? } else { shell.follow(source)? }) else { return Ok(1) };
    if node.is_directory() {
        return if options.has('a') { Err(shell.unproven("cp", "a directory")) } else { Ok(1) };
    }
    let name = target(shell, name, source, !options.has('T'))?;
    let Some(path) = shell.destination(&name)? else { return Ok(1) };
    if options.has('n') && shell.draft.get(&path).is_some() {
        return Ok(0);
    }
    let mut new = node.clone();
    if let Kind::File(file) = &mut new.kind {
        file.inode = None;
        if let Some(old) = shell.draft.get(&path).cloned() {
            // An existing file is written into: it stays what it was, `-p` apart.
            let Kind::File(content) = &new.kind else { return Ok(1) };
            let bytes = shell.draft.contents().read(&content.content);
            let bytes = bytes.map_err(|error| shell.unproven("cp", error.to_string()))?.into_owned();
            if old.as_file().is_none() {
                return Err(shell.unproven("cp", "over what is not a file"));
            }
            shell.set_content(&path, bytes)?;
            if preserve {
                shell.edit(&path, |to| {
                    (to.mode, to.uid, to.gid, to.mtime) = (node.mode, node.uid, node.gid, node.mtime);
                })?;
            }
            return Ok(0);
        }
    }
    if preserve {
        shell.put(&path, new)?;
    } else {
        (new.uid, new.gid) = (0, 0);
        new.xattrs.clear();
        if new.as_symlink().is_none() {
            new.mode &= 0o777 & !shell.state.umask;
        }
        shell.create(&path, new)?;
    }
    Ok(0)
}

/// `mv [-fnT] SOURCE TARGET`
pub(super) fn rename(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long = [("force", 'f'), ("no-clobber", 'n'), ("no-target-directory", 'T'), ("verbose", 'v')];
    let options = options::read(shell, words, "fnTvZ", &long)?;
    if options.operands.len() > 2 {
        let Some((name, sources)) = options.operands.split_last() else { return Ok(1) };
        if options.has('T') || !shell.follow(name)?.is_some_and(|(_, node)| node.is_directory()) {
            return Ok(1);
        }
        let mut status = 0;
        for source in sources {
            status |= rename(shell, &[words[0].clone(), "--".into(), source.clone(), name.clone()])?;
        }
        return Ok(status);
    }
    let [source, name] = &options.operands[..] else { return Ok(1) };
    // `-Z` labels the file, or warns where the kernel has no labels; the file moves in any case.
    let Some((from, _)) = shell.look(source)? else { return Ok(1) };
    let name = target(shell, name, source, !options.has('T'))?;
    let Some(to) = shell.place(&name)? else { return Ok(1) };
    if from == to || to.starts_with(&from) {
        return Ok(1);
    }
    match shell.draft.get(&to) {
        Some(_) if options.has('n') => return Ok(0),
        Some(node) if node.is_directory() => return Err(shell.unproven("mv", "over a directory")),
        _ => {}
    }
    let moved: Vec<(ImagePath, Node)> = std::iter::once(from.clone())
        .chain(shell.draft.tree().below(&from).map(|(path, _)| path.clone()))
        .filter_map(|path| shell.draft.get(&path).cloned().map(|node| (path, node)))
        .collect();
    shell.take_away(&from);
    for (path, node) in moved {
        let rest = path.as_bytes().get(from.as_bytes().len()..).unwrap_or_default().to_vec();
        let path = to.join(rest).map_err(|error| shell.unproven("mv", error.to_string()))?;
        shell.put(&path, node)?;
    }
    Ok(0)
}
