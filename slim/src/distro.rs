//! Which distribution an image is, by its own word (os-release(5)).

use crate::path::ImagePath;
use crate::tree::{Contents, ContentsError, Tree};

/// The distribution of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distro {
    /// `ID`: `debian`, `ubuntu`, `alpine`.
    pub id: String,
    /// `ID_LIKE`, word by word.
    pub like: Vec<String>,
    /// `VERSION_ID`; rolling releases have none.
    pub version: Option<String>,
    /// `VERSION_CODENAME`: `bookworm`.
    pub codename: Option<String>,
}

impl Distro {
    /// Reads `/etc/os-release`, or `/usr/lib/os-release` where that is missing.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn of(tree: &Tree, contents: &dyn Contents) -> Result<Option<Self>, ContentsError> {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            if let Some((_, node)) = tree.lookup(&ImagePath::literal(path))
                && let Some(file) = node.as_file()
            {
                // The file is a dozen lines; a larger one is none.
                let text = contents.head(&file.content, 64 << 10)?;
                return Ok(Some(Self::parse(&String::from_utf8_lossy(&text))));
            }
        }
        Ok(None)
    }

    /// Reads the text of an os-release file. Lines that are no assignments are skipped, as a shell's reader would not but every
    /// other one does.
    pub fn parse(text: &str) -> Self {
        let mut distro = Self { id: "linux".into(), ..Self::default() };
        for (name, value) in text.lines().filter_map(|line| line.trim().split_once('=')) {
            let value = unquoted(value.trim());
            match name {
                "ID" => distro.id = value,
                "ID_LIKE" => distro.like = value.split_whitespace().map(str::to_string).collect(),
                "VERSION_ID" => distro.version = Some(value).filter(|value| !value.is_empty()),
                "VERSION_CODENAME" => distro.codename = Some(value).filter(|value| !value.is_empty()),
                _ => {}
            }
        }
        distro
    }

    /// For people: `debian 12`.
    pub fn to_text(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.id),
            None => self.id.clone(),
        }
    }
}

/// A value without its quotes and the backslashes of double quotes.
fn unquoted(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')) {
        return inner.to_string();
    }
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{MemoryContents, text};

    #[test]
    fn quotes_and_missing_fields() {
        let distro = Distro::parse("PRETTY_NAME=\"x\"\nID=ubuntu\nID_LIKE=\"debian other\"\nVERSION_ID='22.04'\n# c\n");
        assert_eq!(distro.to_text(), "ubuntu 22.04");
        assert_eq!(distro.like, ["debian", "other"]);
        assert_eq!(Distro::parse("ID=arch").to_text(), "arch");
        assert_eq!(Distro::parse("").id, "linux");
        assert_eq!(Distro::parse("ID=\"a\\\"b\"").id, "a\"b");
    }

    #[test]
    fn the_usual_link_is_followed() {
        let tree =
            text::tree("/usr/lib/os-release = ID=debian\\nVERSION_ID=\"12\"\n/etc/os-release -> ../usr/lib/os-release");
        let distro = Distro::of(&tree.unwrap(), &MemoryContents).unwrap().unwrap();
        assert_eq!(distro.to_text(), "debian 12");
        assert_eq!(Distro::of(&Tree::new(), &MemoryContents), Ok(None));
    }
}
