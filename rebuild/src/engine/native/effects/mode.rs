//! Permission bits as `chmod` reads them: octal and symbolic (POSIX, `chmod`; GNU coreutils, "File permissions").

/// The mode that `chmod TEXT` gives a file of mode `old`; `None` when the text is not a mode. A symbolic clause without `u`, `g`, `o` or `a`
/// leaves the bits of the umask alone.
///
/// An octal mode of up to four digits keeps setuid and setgid of directories, as GNU `chmod` does; five digits clear them.
pub fn parse_symbolic(text: &str, old: u32, is_directory: bool, umask: u32) -> Option<u32> {
    if text.bytes().all(|b| matches!(b, b'0'..=b'7')) && !text.is_empty() {
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777)?;
        let kept = if is_directory && text.len() < 5 { old & 0o6000 } else { 0 };
        return Some(mode | kept);
    }
    text.split(',').try_fold(old, |mode, clause| apply_clause(clause, mode, is_directory, umask))
}

/// `[ugoa]*([-+=]([rwxXst]*|[ugo]))+`
fn apply_clause(clause: &str, mut mode: u32, is_directory: bool, umask: u32) -> Option<u32> {
    let actions = clause.find(['+', '-', '='])?;
    let (who, mut rest) = clause.split_at(actions);
    let mut affected = 0;
    for letter in who.chars() {
        affected |= match letter {
            'u' => 0o4700,
            'g' => 0o2070,
            'o' => 0o1007,
            'a' => 0o7777,
            _ => return None,
        };
    }
    let mask = if who.is_empty() { 0o7777 & !umask } else { affected };
    while let Some(operator) = rest.chars().next() {
        let body = rest.get(1..)?;
        let end = body.find(['+', '-', '=']).unwrap_or(body.len());
        let (letters, after) = body.split_at(end);
        rest = after;
        let value = permissions(letters, mode, is_directory)? & mask;
        mode = match operator {
            '+' => mode | value,
            '-' => mode & !value,
            '=' => {
                // `=` of a directory leaves setuid and setgid unless they are named.
                let kept = if is_directory { mode & 0o6000 } else { 0 };
                let cleared = if who.is_empty() { 0o7777 } else { affected };
                (mode & !cleared) | value | (kept & cleared)
            }
            _ => return None,
        };
    }
    Some(mode)
}

fn permissions(letters: &str, mode: u32, is_directory: bool) -> Option<u32> {
    let spread = |bits: u32| (bits & 7) * 0o111;
    match letters {
        "u" => return Some(spread(mode >> 6)),
        "g" => return Some(spread(mode >> 3)),
        "o" => return Some(spread(mode)),
        _ => {}
    }
    letters.chars().try_fold(0, |bits, letter| {
        let bit = match letter {
            'r' => 0o444,
            'w' => 0o222,
            'x' => 0o111,
            'X' if is_directory || mode & 0o111 != 0 => 0o111,
            'X' => 0,
            's' => 0o6000,
            't' => 0o1000,
            _ => return None,
        };
        Some(bits | bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_as_chmod_reads_them() {
        let rows = [
            ("755", 0o644, false, Some(0o755)),
            ("2755", 0o755, false, Some(0o2755)),
            ("755", 0o2775, true, Some(0o2755)),
            ("00755", 0o2775, true, Some(0o755)),
            ("u+s", 0o755, false, Some(0o4755)),
            ("g+s", 0o755, true, Some(0o2755)),
            ("go-w", 0o777, false, Some(0o755)),
            ("a+X", 0o644, false, Some(0o644)),
            ("a+X", 0o644, true, Some(0o755)),
            ("g=u", 0o740, false, Some(0o770)),
            ("u=rwx,g=rx,o=", 0o644, false, Some(0o750)),
            ("+x", 0o644, false, Some(0o755)),
            ("+w", 0o444, false, Some(0o644)),
            ("o-rwx", 0o1777, true, Some(0o1770)),
            ("+t", 0o777, true, Some(0o1777)),
            ("a=rx,u+w", 0o7000, false, Some(0o755)),
            ("u=", 0o4755, false, Some(0o055)),
            ("z+x", 0o644, false, None),
            ("99", 0o644, false, None),
            ("", 0o644, false, None),
        ];
        for (text, old, is_directory, expected) in rows {
            assert_eq!(parse_symbolic(text, old, is_directory, 0o022), expected, "chmod {text} of {old:o}");
        }
    }
}
