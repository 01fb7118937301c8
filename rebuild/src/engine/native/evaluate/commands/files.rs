//! Programs that look at files or change them.

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

/// `readlink [-f|-e|-m] [-n] FILE`
pub(super) fn readlink(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long =
        [("canonicalize", 'f'), ("canonicalize-existing", 'e'), ("canonicalize-missing", 'm'), ("no-newline", 'n')];
    let options = options::read(shell, words, "femnqs", &long)?;
    let mut status = 0;
    let end = if options.has('n') { "" } else { "\n" };
    for name in &options.operands {
        let answer = if let Some(mode) = ['e', 'f', 'm'].into_iter().find(|mode| options.has(*mode)) {
            canonical(shell, name, mode)?
        } else {
            match shell.look(name)? {
                Some((_, node)) => node.as_symlink().map(|target| String::from_utf8_lossy(target).into_owned()),
                None => None,
            }
        };
        match answer {
            Some(text) => shell.out(format!("{text}{end}"))?,
            None => status = 1,
        }
    }
    Ok(status)
}

/// `realpath [-e|-m] FILE …`
pub(super) fn realpath(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options =
        options::read(shell, words, "emqs", &[("canonicalize-existing", 'e'), ("canonicalize-missing", 'm')])?;
    if options.has('s') && options.has('e') {
        return Err(shell.unproven("realpath -s", "with -e"));
    }
    let mode = ['e', 'm'].into_iter().find(|mode| options.has(*mode)).unwrap_or('f');
    let mut status = 0;
    for name in &options.operands {
        let answer = if !options.has('s') {
            canonical(shell, name, mode)?
        } else if options.has('m') {
            textual(shell, name)
        } else if name.split('/').any(|part| part == "..") {
            return Err(shell.unproven("realpath -s", name.clone()));
        } else {
            shell.place(name)?.and(shell.path(name)?).map(|path| path.to_text())
        };
        match answer {
            Some(text) => shell.out(format!("{text}\n"))?,
            None => status = 1,
        }
    }
    Ok(status)
}

/// The path with `.` and `..` taken out as text: neither links nor absence matter.
fn textual(shell: &Shell<'_, '_>, name: &str) -> Option<String> {
    let start = if name.starts_with('/') { String::new() } else { shell.directory().to_text() };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (!name.is_empty()).then(|| format!("/{}", parts.join("/")))
}

pub(super) fn canonical(shell: &Shell<'_, '_>, name: &str, mode: char) -> Result<Option<String>, Stop> {
    if let Some((path, _)) = shell.follow(name)? {
        return Ok(Some(path.to_text()));
    }
    if mode == 'e' {
        return Ok(None);
    }
    if let Some((_, node)) = shell.look(name)?
        && node.as_symlink().is_some()
    {
        return Err(shell.unproven("readlink", "a dangling link"));
    }
    if let Some(path) = shell.place(name)? {
        return Ok(Some(path.to_text()));
    }
    match mode {
        'm' => {
            let Some(path) = shell.path(name)? else { return Ok(None) };
            // The part that exists is resolved, the rest is appended.
            let existing = path
                .ancestors()
                .find_map(|parent| shell.draft.tree().resolve(&parent).ok().map(|real| (parent, real.path)));
            let Some((parent, real)) = existing else { return Ok(Some(path.to_text())) };
            let rest = path.as_bytes().get(parent.as_bytes().len()..).unwrap_or_default().to_vec();
            Ok(real.join(rest).ok().map(|path| path.to_text()))
        }
        _ => Ok(None),
    }
}

/// `mktemp [-d] [TEMPLATE]`, with names that count up.
pub(super) fn mktemp(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    // `-p` has a directory behind it, `--tmpdir` may have one.
    let options = options::read(shell, words, "dqtp:P::", &[("directory", 'd'), ("quiet", 'q'), ("tmpdir", 'P')])?;
    let given = options.value('p').or(options.value('P')).map(|name| if name.is_empty() { "/tmp" } else { name });
    let template = options.operands.first().map_or("tmp.XXXXXXXXXX", String::as_str);
    let template = match (options.operands.is_empty() || options.has('t'), template.contains('/')) {
        (_, false) if given.is_some() => format!("{}/{template}", given.unwrap_or("/tmp")),
        (true, false) => format!("/tmp/{template}"),
        _ => template.to_owned(),
    };
    let stem = template.trim_end_matches('X').to_owned();
    let width = template.len() - stem.len();
    if width < 3 {
        return Err(shell.unproven("mktemp", template));
    }
    loop {
        shell.temporary += 1;
        // Chance, and so different in each world: nothing that stays may depend on it.
        let name = format!("{stem}{:0>width$}", shell.temporary + (shell.world().process() - 4242) % 100);
        if shell.look(&name)?.is_some() {
            continue;
        }
        let Some(path) = shell.place(&name)? else { return Ok(1) };
        let node =
            if options.has('d') { Node::directory().with_mode(0o700) } else { Node::file(Vec::new()).with_mode(0o600) };
        shell.create(&path, node)?;
        shell.out(format!("{name}\n"))?;
        return Ok(0);
    }
}

/// `mountpoint -q DIRECTORY`: up to the machine, but for what is no directory. `/proc` is mounted wherever an image is built.
pub(super) fn mountpoint(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "q", &[("quiet", 'q')])?;
    let [name] = &options.operands[..] else { return Err(shell.unproven("mountpoint", "one directory expected")) };
    if !options.has('q') {
        return Err(shell.unproven("mountpoint", "without -q"));
    }
    match shell.path(name)?.map(|_| shell.follow(name)).transpose()?.flatten() {
        Some((path, node)) if node.is_directory() && path.as_bytes() == b"proc" => Ok(0),
        Some((_, node)) if node.is_directory() => Ok(i32::from(!shell.world().is_mounted())),
        _ => Ok(1),
    }
}

/// `chmod [-R] [-f] MODE FILE …`
pub(super) fn chmod(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
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
        let bits = new_mode(mode, &node).ok_or_else(|| shell.unproven("chmod", format!("mode {mode:?}")))?;
        shell.edit(&path, |node| node.mode = bits)?;
    }
    Ok(status)
}

fn new_mode(text: &str, node: &Node) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777)?;
        // GNU chmod keeps a directory's setuid and setgid when the mode has fewer than five digits and does not name them.
        let kept = if node.is_directory() && text.len() < 5 { node.mode & 0o6000 } else { 0 };
        return Some(mode | kept);
    }
    let mut mode = node.mode;
    for clause in text.split(',') {
        let end = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at(end);
        if who.is_empty() {
            return None;
        }
        let (operator, permissions) = rest.split_at(1);
        let (mut classes, mut bits) = (0, 0);
        for class in who.chars() {
            classes |= match class {
                'u' => 0o4700,
                'g' => 0o2070,
                'o' => 0o1007,
                'a' => 0o7777,
                _ => return None,
            };
        }
        for permission in permissions.chars() {
            bits |= match permission {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if node.is_directory() || node.mode & 0o111 != 0 => 0o111,
                'X' => 0,
                's' => 0o6000,
                't' => 0o1000,
                _ => return None,
            };
        }
        let bits = bits & classes;
        mode = match operator {
            "+" => mode | bits,
            "-" => mode & !bits,
            _ if node.is_directory() => return None,
            _ => mode & !classes | bits,
        };
    }
    Some(mode)
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
pub(super) fn chown(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
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
pub(super) fn list(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
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
