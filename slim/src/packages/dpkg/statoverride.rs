//! `statoverride`: owner and mode that a path has whatever its package says (dpkg-statoverride(1)).

use crate::path::ImagePath;

/// An override: `user group mode path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// User name, or `#uid`.
    pub user: String,
    /// Group name, or `#gid`.
    pub group: String,
    /// Permission bits, `& 0o7777`.
    pub mode: u32,
    /// The path.
    pub path: ImagePath,
}

/// All overrides, in the file's order; lines that cannot be read are dropped.
pub fn parse(text: &[u8]) -> Vec<Override> {
    let line = |line: &[u8]| {
        let mut parts = line.splitn(4, |b| *b == b' ');
        let mut text = || Some(String::from_utf8_lossy(parts.next()?).into_owned());
        let (user, group, mode) = (text()?, text()?, text()?);
        let mode = u32::from_str_radix(&mode, 8).ok()? & 0o7777;
        Some(Override { user, group, mode, path: ImagePath::new(parts.next()?).ok()? })
    };
    text.split(|b| *b == b'\n').filter_map(line).collect()
}

/// Writes the file.
pub fn write(overrides: &[Override]) -> Vec<u8> {
    let mut text = Vec::new();
    for entry in overrides {
        text.extend_from_slice(format!("{} {} {:o} ", entry.user, entry.group, entry.mode).as_bytes());
        text.extend_from_slice(&entry.path.to_absolute());
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_read_and_written() {
        let text = b"root crontab 2755 /usr/bin/crontab\n#5 #6 640 /etc/a b\n";
        let overrides = parse(text);
        assert_eq!((overrides[0].group.as_str(), overrides[0].mode), ("crontab", 0o2755));
        assert_eq!(overrides[1].path, ImagePath::literal("/etc/a b"));
        assert_eq!(write(&overrides), text);
        assert!(parse(b"root root x /a\nroot root\n").is_empty());
    }
}
