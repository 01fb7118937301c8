//! `stat -c FORMAT`.

use super::options;
use crate::engine::native::evaluate::{Shell, Status};
use slim::tree::Kind;

/// `stat [-L] -c FORMAT FILE …`
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "Lc:", &[("format", 'c'), ("dereference", 'L')])?;
    let Some(format) = options.value('c').map(str::to_owned) else {
        return Err(shell.unproven("stat", "without a format"));
    };
    let mut status = 0;
    for name in &options.operands {
        // The question by which scripts know a chroot: whether two roots are one.
        if format == "%d/%i" && ["/", "/proc/1/root", "/proc/1/root/."].contains(&name.as_str()) {
            let other = name != "/" && shell.world().is_chroot();
            shell.out(if other { "1/2\n" } else { "3/4\n" })?;
            continue;
        }
        let found = if options.has('L') { shell.follow(name)? } else { shell.look(name)? };
        let Some((_, node)) = found else {
            status = 1;
            continue;
        };
        let mut text = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                text.push(c);
                continue;
            }
            match chars.next() {
                Some('a') => text.push_str(&format!("{:o}", node.mode)),
                Some('u') => text.push_str(&node.uid.to_string()),
                Some('g') => text.push_str(&node.gid.to_string()),
                Some('U') => text.push_str(&super::system::name_of(shell, "/etc/passwd", node.uid)?),
                Some('G') => text.push_str(&super::system::name_of(shell, "/etc/group", node.gid)?),
                Some('s') if !node.is_directory() => text.push_str(&node.size().to_string()),
                Some('Y') => text.push_str(&node.mtime.seconds.to_string()),
                Some('n') => text.push_str(name),
                Some('F') => text.push_str(match node.kind {
                    Kind::Directory => "directory",
                    Kind::File(_) if node.size() == 0 => "regular empty file",
                    Kind::File(_) => "regular file",
                    Kind::Symlink(_) => "symbolic link",
                    _ => return Err(shell.unproven("stat", "a special file")),
                }),
                other => return Err(shell.unproven("stat", format!("format %{}", other.unwrap_or(' ')))),
            }
        }
        shell.out(format!("{text}\n"))?;
    }
    Ok(status)
}
