//! Paths inside an image.
//!
//! An [`ImagePath`] is never a path of this machine: it has no conversion to `std::path::Path`, and only a
//! [`Tree`](crate::tree::Tree) can follow its links. Names are bytes, as in tar and in the kernel.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// An absolute path inside an image, kept without the leading slash, without empty or `.` parts.
///
/// The root is the empty path. Ordering is by components, so a directory is followed by all that is below it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ImagePath(Arc<[u8]>);

/// Why bytes are not a path inside an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A `..` that would climb: names in archives and databases never need it.
    #[error("path {0:?} contains '..'")]
    Parent(String),
    /// A NUL byte cannot be in any file name.
    #[error("path {0:?} contains a NUL byte")]
    Nul(String),
    /// Longer than any kernel accepts (`PATH_MAX`, 4096 bytes).
    #[error("path of {0} bytes is longer than 4096")]
    TooLong(usize),
}

impl ImagePath {
    /// The root directory.
    pub fn root() -> Self {
        Self(Arc::from(&[][..]))
    }

    /// Reads a name as archives, databases and configs write it: leading `/` or `./`, doubled and trailing slashes are dropped.
    ///
    /// # Errors
    /// `..` parts, NUL bytes and names over 4096 bytes are refused.
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, PathError> {
        let name = name.as_ref();
        let text = || String::from_utf8_lossy(name).into_owned();
        if name.contains(&0) {
            return Err(PathError::Nul(text()));
        }
        if name.len() > 4096 {
            return Err(PathError::TooLong(name.len()));
        }
        if is_normal(name) {
            return Ok(Self(Arc::from(name)));
        }
        let mut clean = Vec::with_capacity(name.len());
        for part in name.split(|b| *b == b'/') {
            match part {
                b"" | b"." => continue,
                b".." => return Err(PathError::Parent(text())),
                _ => {
                    if !clean.is_empty() {
                        clean.push(b'/');
                    }
                    clean.extend_from_slice(part);
                }
            }
        }
        Ok(Self(clean.into()))
    }

    /// A path written in this program's own source.
    ///
    /// # Panics
    /// When the literal is not a valid path; never call it with data.
    pub fn literal(name: &str) -> Self {
        match Self::new(name) {
            Ok(path) => path,
            Err(error) => panic!("not a path inside an image: {error}"),
        }
    }

    /// This path with one more name, or several separated by slashes, below it.
    ///
    /// # Errors
    /// As [`ImagePath::new`].
    pub fn join(&self, name: impl AsRef<[u8]>) -> Result<Self, PathError> {
        let mut joined = self.0.to_vec();
        joined.push(b'/');
        joined.extend_from_slice(name.as_ref());
        Self::new(joined)
    }

    /// As [`ImagePath::join`], for a name that may lead out of this directory first: `../String/autoload.php`. `None` where it leads above
    /// the root, or joins to no path.
    pub(crate) fn join_relative(&self, name: &str) -> Option<Self> {
        let (mut directory, mut rest) = (self.clone(), name);
        while let Some(above) = rest.strip_prefix("../") {
            (directory, rest) = (directory.parent()?, above);
        }
        directory.join(rest).ok()
    }

    /// The directory that holds this path; the root has none.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|b| *b == b'/').unwrap_or(0);
        Some(Self(Arc::from(&self.0[..end])))
    }

    /// The last name of the path; empty for the root.
    pub fn file_name(&self) -> &[u8] {
        let start = self.0.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
        &self.0[start..]
    }

    /// The names from the root down.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|b| *b == b'/').filter(|part| !part.is_empty())
    }

    /// Every directory above this path, nearest first, the root last.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// Whether `self` is `other` or lies below it.
    pub fn starts_with(&self, other: &Self) -> bool {
        other.is_root() || self.0.strip_prefix(&other.0[..]).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }

    /// The first path that can follow what lies below this one: no name holds a NUL byte, and a slash sorts as one.
    pub(crate) fn after_below(&self) -> Self {
        Self(Arc::from([&self.0[..], &[1]].concat()))
    }

    /// Whether this is the root directory.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes without a leading slash: `usr/bin/env`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes with a leading slash: `/usr/bin/env`.
    pub fn to_absolute(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() + 1);
        bytes.push(b'/');
        bytes.extend_from_slice(&self.0);
        bytes
    }

    /// The path for people, with a leading slash; bytes that are not UTF-8 are replaced.
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

fn is_normal(name: &[u8]) -> bool {
    name.is_empty() || name.split(|b| *b == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
}

impl Ord for ImagePath {
    fn cmp(&self, other: &Self) -> Ordering {
        // A slash sorts before every other byte, which is the order of components without splitting.
        let key = |b: &u8| if *b == b'/' { 0 } else { *b };
        self.0.iter().map(key).cmp(other.0.iter().map(key))
    }
}

impl PartialOrd for ImagePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for ImagePath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_out_of_a_directory() {
        let directory = ImagePath::literal("/usr/share/php/A/B");
        for (name, expected) in [
            ("y.php", Some("/usr/share/php/A/B/y.php")),
            ("../../C/y.php", Some("/usr/share/php/C/y.php")),
            ("../../../../../../y.php", None),
        ] {
            assert_eq!(directory.join_relative(name), expected.map(ImagePath::literal), "{name}");
        }
    }

    #[test]
    fn names_are_normalised_and_climbing_is_refused() {
        let path = |name: &str| ImagePath::new(name).map(|p| p.to_string());
        assert_eq!(path("./usr//bin/./env/"), Ok("/usr/bin/env".into()));
        assert_eq!(path("/"), Ok("/".into()));
        assert_eq!(path("."), Ok("/".into()));
        assert_eq!(path("a..b/...c"), Ok("/a..b/...c".into()));
        assert!(matches!(path("usr/../etc"), Err(PathError::Parent(_))));
        assert!(matches!(path("a\0b"), Err(PathError::Nul(_))));
        assert!(matches!(path(&"x".repeat(4097)), Err(PathError::TooLong(4097))));
    }

    #[test]
    fn a_directory_is_followed_by_what_is_below_it() {
        let mut paths: Vec<_> = ["a-b", "a/b", "a", "a.c", "a/b/c", "b"].map(ImagePath::literal).into();
        paths.sort();
        let texts: Vec<_> = paths.iter().map(ImagePath::to_text).collect();
        assert_eq!(texts, ["/a", "/a/b", "/a/b/c", "/a-b", "/a.c", "/b"]);
    }

    #[test]
    fn relations() {
        let path = ImagePath::literal("/usr/lib/x");
        assert_eq!(path.parent().unwrap().to_string(), "/usr/lib");
        assert_eq!(path.file_name(), b"x");
        assert!(path.starts_with(&ImagePath::literal("usr")));
        assert!(!path.starts_with(&ImagePath::literal("us")));
        assert_eq!(path.ancestors().map(|p| p.to_text()).collect::<Vec<_>>(), ["/usr/lib", "/usr", "/"]);
        assert_eq!(ImagePath::root().parent(), None);
    }
}
