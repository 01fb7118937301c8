//! Files of `info/`: their names and the two lists (`.list`, `.md5sums`) that have a form of their own.

use crate::path::ImagePath;
use std::collections::BTreeMap;

/// Splits `libc6:amd64.list` into the package's stem and the kind of file. Names without a dot or a stem are not dpkg's.
pub fn split_name(name: &[u8]) -> Option<(&str, &str)> {
    let name = std::str::from_utf8(name).ok()?;
    let (stem, kind) = name.rsplit_once('.')?;
    (!stem.is_empty() && !kind.is_empty()).then_some((stem, kind))
}

/// Reads a file list. Lines that are no path of an image are dropped.
pub fn read_list(text: &[u8]) -> Vec<ImagePath> {
    text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).filter_map(|line| ImagePath::new(line).ok()).collect()
}

/// Writes a file list as dpkg does: the root as `/.`, a newline after each path.
pub fn write_list(paths: &[ImagePath]) -> Vec<u8> {
    let mut text = Vec::new();
    for path in paths {
        text.push(b'/');
        text.extend_from_slice(if path.is_root() { b"." } else { path.as_bytes() });
        text.push(b'\n');
    }
    text
}

/// Reads `md5  path` lines.
pub fn read_md5sums(text: &[u8]) -> BTreeMap<ImagePath, String> {
    let line = |line: &[u8]| {
        let (hash, path) = line.split_at_checked(32)?;
        let path = ImagePath::new(path.strip_prefix(b"  ")?).ok()?;
        Some((path, String::from_utf8_lossy(hash).into_owned()))
    };
    text.split(|b| *b == b'\n').filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lists() {
        assert_eq!(split_name(b"libc6:amd64.list"), Some(("libc6:amd64", "list")));
        assert_eq!(split_name(b"g++-12.md5sums"), Some(("g++-12", "md5sums")));
        assert_eq!(split_name(b"python3.11.list"), Some(("python3.11", "list")));
        assert_eq!(split_name(b"format"), None);
        let text = b"/.\n/usr\n/usr/share/a b\n";
        assert_eq!(write_list(&read_list(text)), text);
        let sums = read_md5sums(b"d41d8cd98f00b204e9800998ecf8427e  usr/x y\nshort\n");
        assert_eq!(sums[&ImagePath::literal("usr/x y")], "d41d8cd98f00b204e9800998ecf8427e");
    }
}
