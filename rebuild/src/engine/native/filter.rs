//! `path-exclude` and `path-include` of the image's dpkg configuration (dpkg(1)): the last match wins.

use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::ContentsError;

/// The rules in the order in which dpkg reads them.
#[derive(Debug, Default)]
pub(super) struct Filter {
    rules: Vec<(bool, Vec<u8>)>,
}

impl Filter {
    pub(super) fn read(draft: &Draft<'_>) -> Result<Self, ContentsError> {
        let mut filter = Self::default();
        let directory = ImagePath::literal("/etc/dpkg/dpkg.cfg.d");
        let mut files: Vec<ImagePath> = match draft.tree().resolve(&directory) {
            Ok(place) => draft.tree().children(&place.path).map(|(path, _)| path.clone()).collect(),
            Err(_) => Vec::new(),
        };
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        files.retain(|path| path.file_name().iter().all(plain));
        files.push(ImagePath::literal("/etc/dpkg/dpkg.cfg"));
        for path in files {
            filter.add(&draft.read(&path)?.unwrap_or_default());
        }
        Ok(filter)
    }

    fn add(&mut self, text: &[u8]) {
        for line in text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii) {
            let (include, rest) = match (line.strip_prefix(b"path-exclude"), line.strip_prefix(b"path-include")) {
                (Some(rest), _) => (false, rest),
                (_, Some(rest)) => (true, rest),
                _ => continue,
            };
            let pattern = rest.trim_ascii_start();
            let pattern = pattern.strip_prefix(b"=").unwrap_or(pattern).trim_ascii();
            let quoted = |q: &[u8]| pattern.strip_prefix(q).and_then(|p| p.strip_suffix(q));
            let pattern = quoted(b"\"").or_else(|| quoted(b"'")).unwrap_or(pattern);
            self.rules.push((include, pattern.to_vec()));
        }
    }

    /// Whether dpkg leaves a path out. Directories and links stay when an include may match below them.
    pub(super) fn skips(&self, path: &ImagePath, directory_or_link: bool) -> bool {
        let name = path.to_absolute();
        let last = self.rules.iter().rev().find(|(_, pattern)| matches(pattern, &name));
        if last.is_none_or(|(include, _)| *include) {
            return false;
        }
        let mut includes = self.rules.iter().filter(|(include, _)| *include);
        let reincluded = includes.any(|(_, pattern)| {
            let end = pattern.iter().position(|b| b"*?[\\".contains(b)).unwrap_or(pattern.len());
            let fixed = pattern[..end].iter().rposition(|b| *b != b'/').map_or(&pattern[..0], |at| &pattern[..=at]);
            // dpkg compares as many bytes as the pattern has before its first wildcard.
            name.starts_with(fixed) || fixed.starts_with(&name)
        });
        !(directory_or_link && reincluded)
    }
}

/// fnmatch(3) without flags: `*` and `?` match slashes too. Linear in memory, at worst quadratic in time.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(b'?') => Some(1),
            Some(b'[') => class(&pattern[p..], name[n]),
            Some(b'\\') if p + 1 < pattern.len() => (pattern[p + 1] == name[n]).then_some(2),
            Some(byte) => (*byte == name[n]).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => (p, n) = (p + length, n + 1),
            (None, Some((at, from))) => {
                star = Some((at, from + 1));
                (p, n) = (at + 1, from + 1);
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

/// Length of the bracket expression when the byte is in it.
fn class(pattern: &[u8], byte: u8) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let start = 1 + usize::from(negated);
    let Some(end) = pattern.iter().skip(start + 1).position(|b| *b == b']').map(|at| at + start + 1) else {
        return (byte == b'[').then_some(1);
    };
    let set = &pattern[start..end];
    let mut at = 0;
    let mut found = false;
    while at < set.len() {
        if at + 2 < set.len() && set[at + 1] == b'-' {
            found |= (set[at]..=set[at + 2]).contains(&byte);
            at += 3;
        } else {
            found |= set[at] == byte;
            at += 1;
        }
    }
    (found != negated).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_match_wins_and_directories_above_an_include_stay() {
        let mut filter = Filter::default();
        filter.add(b"path-exclude=/usr/share/doc/*\npath-include /usr/share/doc/*/copyright\n# path-exclude=/etc/*\npath-exclude '/usr/share/man/*'\n");
        let skips = |path, directory| filter.skips(&ImagePath::literal(path), directory);
        assert!(skips("/usr/share/doc/a/changelog", false));
        assert!(!skips("/usr/share/doc/a/copyright", false));
        assert!(!skips("/usr/share/doc/a", true), "a copyright file may be below");
        assert!(skips("/usr/share/man/man1", true));
        assert!(!skips("/etc/a", false));
    }

    #[test]
    fn patterns_are_fnmatchs() {
        for (pattern, name, expected) in [
            ("/a/*.x", "/a/b/c.x", true),
            ("/a/?", "/a//", true),
            ("/a[b-d]", "/ac", true),
            ("/a[!b]", "/ab", false),
            ("/a\\*", "/a*", true),
            ("/a*b*c", "/axxbyyc", true),
            ("/a[", "/a[", true),
            ("/a", "/ab", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
