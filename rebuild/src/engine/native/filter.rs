//! `path-exclude` and `path-include` of the image's dpkg configuration (dpkg(1)): the last match wins.

use crate::glob::Glob;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::ContentsError;

/// The rules in the order in which dpkg reads them.
#[derive(Debug, Default)]
pub(super) struct Filter {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    include: bool,
    pattern: Vec<u8>,
    glob: Glob,
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
            self.rules.push(Rule { include, pattern: pattern.to_vec(), glob: Glob::fnmatch(pattern) });
        }
    }

    /// Whether dpkg leaves a path out. Directories and links stay when an include may match below them.
    pub(super) fn skips(&self, path: &ImagePath, directory_or_link: bool) -> bool {
        let name = path.to_absolute();
        let last = self.rules.iter().rev().find(|rule| rule.glob.fits_bytes(&name));
        if last.is_none_or(|rule| rule.include) {
            return false;
        }
        let mut includes = self.rules.iter().filter(|rule| rule.include);
        let reincluded = includes.any(|Rule { pattern, .. }| {
            let end = pattern.iter().position(|b| b"*?[\\".contains(b)).unwrap_or(pattern.len());
            let fixed = pattern[..end].iter().rposition(|b| *b != b'/').map_or(&pattern[..0], |at| &pattern[..=at]);
            // dpkg compares as many bytes as the pattern has before its first wildcard.
            name.starts_with(fixed) || fixed.starts_with(&name)
        });
        !(directory_or_link && reincluded)
    }
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
}
