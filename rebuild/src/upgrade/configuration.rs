//! apt's configuration (apt.conf(5)), as far as it says which versions are wanted.
//!
//! Nothing else of it is used: proxies, passwords and what is trusted are the caller's to say, not the image's.

use crate::archives::sources::{is_config_name, yes};
use crate::archives::{image_file, image_folder};
use slim::path::ImagePath;
use slim::tree::{Contents, Tree};

const FILE_LIMIT: u64 = 4 << 20;

/// The texts of apt's configuration, in the order in which apt reads them.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    texts: Vec<String>,
}

impl Configuration {
    /// Reads `/etc/apt/apt.conf.d/*` by name, then `/etc/apt/apt.conf`.
    ///
    /// # Errors
    /// The path of a file that cannot be read, and why.
    pub(super) fn of_image(tree: &Tree, contents: &dyn Contents) -> Result<Self, (String, String)> {
        let parts = image_folder(tree, &ImagePath::literal("/etc/apt/apt.conf.d")).into_iter().filter(|path| {
            let name = String::from_utf8_lossy(path.file_name()).into_owned();
            is_config_name(&name) && (!name.contains('.') || name.ends_with(".conf"))
        });
        let mut texts = Vec::new();
        for path in parts.chain([ImagePath::literal("/etc/apt/apt.conf")]) {
            let text = image_file(tree, contents, &path, FILE_LIMIT).map_err(|problem| (path.to_text(), problem))?;
            texts.extend(text.map(|text| String::from_utf8_lossy(&text).into_owned()));
        }
        Ok(Self { texts })
    }

    /// `APT::Default-Release`.
    pub(super) fn default_release(&self) -> Option<String> {
        self.value("APT::Default-Release").filter(|release| !release.is_empty())
    }

    /// Whether updates that are handed out by and by are left until everybody gets them. The second name of each option is that of
    /// Ubuntu's update manager, for which apt minds it.
    pub(super) fn waits_for_phases(&self) -> bool {
        let says = |option: &str| {
            let values = ["APT::Get", "Update-Manager"].map(|scope| self.value(&format!("{scope}::{option}")));
            values.into_iter().flatten().find_map(|value| yes(&value)).unwrap_or(false)
        };
        !says("Always-Include-Phased-Updates") && says("Never-Include-Phased-Updates")
    }

    /// Whether `apt-get upgrade` installs what is not installed and an update needs, as with `--with-new-pkgs`.
    pub(super) fn allows_new(&self) -> bool {
        self.value("APT::Get::Upgrade-Allow-New").and_then(|value| yes(&value)).unwrap_or(false)
    }

    /// An option's value; what is read last counts.
    fn value(&self, option: &str) -> Option<String> {
        self.texts.iter().rev().find_map(|text| value(text, option))
    }
}

/// The last value of an option, by its whole name in lower case.
fn value(text: &str, wanted: &str) -> Option<String> {
    let (mut scopes, mut words, mut found) = (Vec::<String>::new(), Vec::<String>::new(), None);
    for token in tokens(text) {
        match token {
            Token::Word(word) => words.push(word),
            Token::Open => scopes.push(std::mem::take(&mut words).into_iter().next().unwrap_or_default()),
            Token::Close => {
                words.clear();
                scopes.pop();
            }
            Token::End => {
                let mut words = std::mem::take(&mut words).into_iter();
                let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
                let names = scopes.iter().map(String::as_str).filter(|scope| !scope.is_empty()).chain([name.as_str()]);
                let whole = names.collect::<Vec<_>>().join("::");
                if whole.eq_ignore_ascii_case(wanted) {
                    found = Some(value);
                }
            }
        }
    }
    found
}

enum Token {
    /// A name or a value, without its quotes.
    Word(String),
    /// `{`
    Open,
    /// `}`
    Close,
    /// `;`
    End,
}

/// Names, values and punctuation, without comments (`//`, `#` at the beginning of a line, `/* */`).
fn tokens(text: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let line = rest.find('\n').unwrap_or(rest.len());
        let length = if rest.starts_with("//") || first == '#' {
            line
        } else if let Some(inside) = rest.strip_prefix("/*") {
            inside.find("*/").map_or(rest.len(), |end| end + 4)
        } else if let Some(inside) = rest.strip_prefix('"') {
            let end = inside.find('"').unwrap_or(inside.len());
            tokens.push(Token::Word(inside[..end].into()));
            (end + 2).min(rest.len())
        } else if let Some(mark) = [('{', Token::Open), ('}', Token::Close), (';', Token::End)]
            .into_iter()
            .find_map(|(sign, token)| (sign == first).then_some(token))
        {
            tokens.push(mark);
            1
        } else if first.is_whitespace() {
            first.len_utf8()
        } else {
            let end =
                rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '{' | '}' | ';')).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].into()));
            end
        };
        rest = &rest[length..];
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    #[test]
    fn options_are_found_however_they_are_written() {
        for (text, expected) in [
            ("APT::Default-Release \"stable\";", Some("stable")),
            ("apt::default-release stable;", Some("stable")),
            ("// x\nAPT { Other 1; /* \n */ Default-Release \"x\"; };", Some("x")),
            ("APT { Get { Default-Release \"x\"; }; };", None),
            ("# APT::Default-Release \"x\";\nAPT::Default-Release \"a\";\nAPT::Default-Release \"b\";", Some("b")),
            ("DPkg::Post-Invoke { \"rm -f /x || true\"; };\nAPT::Default-Release \"y\";", Some("y")),
            ("APT::Default-Release \"unfinished", None),
            ("}};;\"", None),
        ] {
            assert_eq!(value(text, "APT::Default-Release").as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn files_are_read_in_apts_order() {
        let tree = text::tree(
            "/etc/apt/apt.conf.d/10a = APT::Default-Release \"a\";\n/etc/apt/apt.conf.d/20b.conf = APT::Default-Release \"b\";\n\
             /etc/apt/apt.conf.d/30c.dpkg-old = APT::Default-Release \"c\";",
        )
        .unwrap();
        let configuration = Configuration::of_image(&tree, &MemoryContents).unwrap();
        assert_eq!(configuration.default_release().as_deref(), Some("b"));
    }

    #[test]
    fn new_packages_are_allowed_only_when_told() {
        for (text, expected) in [
            ("", false),
            ("APT::Get::Upgrade-Allow-New \"true\";", true),
            ("APT { Get { Upgrade-Allow-New 1; }; };", true),
            ("APT::Get::Upgrade-Allow-New yes;\nAPT::Get::Upgrade-Allow-New no;", false),
            ("Binary::apt::APT::Get::Upgrade-Allow-New yes;", false),
        ] {
            assert_eq!(Configuration { texts: vec![text.into()] }.allows_new(), expected, "{text}");
        }
    }

    #[test]
    fn phases_are_waited_for_only_when_told() {
        for (text, expected) in [
            ("", false),
            ("APT::Get::Never-Include-Phased-Updates \"true\";", true),
            ("Update-Manager { Never-Include-Phased-Updates 1; };", true),
            ("APT::Get::Never-Include-Phased-Updates no; Update-Manager::Never-Include-Phased-Updates yes;", false),
            ("APT::Get::Never-Include-Phased-Updates yes; APT::Get::Always-Include-Phased-Updates yes;", false),
        ] {
            assert_eq!(Configuration { texts: vec![text.into()] }.waits_for_phases(), expected, "{text}");
        }
    }
}
