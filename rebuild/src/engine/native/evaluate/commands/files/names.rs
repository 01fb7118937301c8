//! Where names lead, and new ones: `readlink`, `realpath`, `mktemp`, `mountpoint`.

use crate::engine::native::evaluate::commands::options;
use crate::engine::native::evaluate::{Shell, Status, Stop};
use slim::tree::Node;

/// `readlink [-f|-e|-m] [-n] FILE`
pub(in crate::engine::native::evaluate::commands) fn readlink(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
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
                Some((_, node)) => node.as_symlink().map(|target| slim::script::bytes::decode(target).into_owned()),
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
pub(in crate::engine::native::evaluate::commands) fn realpath(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
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

pub(in crate::engine::native::evaluate::commands) fn canonical(
    shell: &Shell<'_, '_>,
    name: &str,
    mode: char,
) -> Result<Option<String>, Stop> {
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
pub(in crate::engine::native::evaluate::commands) fn mktemp(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
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
pub(in crate::engine::native::evaluate::commands) fn mountpoint(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
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
