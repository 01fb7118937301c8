//! Triggers (deb-triggers(5)): what a package's `triggers` file declares, and who is interested in what.
//!
//! Interests in paths stand in `triggers/File`, one a line; interests in a name stand in a file of that name, one package a line.

/// One line of a package's `triggers` control file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Whether the package activates the trigger; otherwise it is interested in it.
    pub activates: bool,
    /// A name, or a path with its leading slash.
    pub trigger: String,
    /// Whether the interested package does not hold up others.
    pub noawait: bool,
}

/// Reads a package's `triggers` file; unknown words are dropped.
pub fn directives(text: &[u8]) -> Vec<Directive> {
    let text = String::from_utf8_lossy(text);
    let line = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let (word, trigger) = (words.next()?, words.next()?.to_owned());
        let (activates, noawait) = match word {
            "interest" | "interest-await" => (false, false),
            "interest-noawait" => (false, true),
            "activate" | "activate-await" => (true, false),
            "activate-noawait" => (true, true),
            _ => return None,
        };
        Some(Directive { activates, trigger, noawait })
    };
    text.lines().filter_map(line).collect()
}

/// A package that wants to hear of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    /// A path with its leading slash, or a name.
    pub trigger: String,
    /// The package as dpkg writes it here: with its architecture if it is `Multi-Arch: same`.
    pub package: String,
    /// Whether it does not hold up others.
    pub noawait: bool,
}

impl Interest {
    fn line(&self) -> String {
        format!("{}{}", self.package, if self.noawait { "/noawait" } else { "" })
    }
}

/// Reads `triggers/File`.
pub fn read_file_interests(text: &[u8]) -> Vec<Interest> {
    let text = String::from_utf8_lossy(text);
    let line = |line: &str| {
        let (trigger, package) = line.trim().rsplit_once(' ')?;
        Some(interest(trigger, package))
    };
    text.lines().filter_map(line).collect()
}

/// Writes `triggers/File`.
pub fn write_file_interests(interests: &[Interest]) -> Vec<u8> {
    interests.iter().map(|i| format!("{} {}\n", i.trigger, i.line())).collect::<String>().into_bytes()
}

/// Reads the file of one named trigger.
pub fn read_named_interests(trigger: &str, text: &[u8]) -> Vec<Interest> {
    String::from_utf8_lossy(text).lines().filter(|l| !l.is_empty()).map(|line| interest(trigger, line.trim())).collect()
}

/// Writes the file of one named trigger.
pub fn write_named_interests(interests: &[Interest]) -> Vec<u8> {
    interests.iter().map(|i| format!("{}\n", i.line())).collect::<String>().into_bytes()
}

fn interest(trigger: &str, package: &str) -> Interest {
    let (package, noawait) = match package.strip_suffix("/noawait") {
        Some(package) => (package, true),
        None => (package, false),
    };
    Interest { trigger: trigger.into(), package: package.into(), noawait }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_and_interests() {
        let text = b"# note\nactivate-noawait ldconfig\ninterest /usr/lib # paths\nbad x\n";
        let all = directives(text);
        assert_eq!(all.len(), 2);
        assert!(all[0].activates && all[0].noawait && all[0].trigger == "ldconfig");
        assert!(!all[1].activates && all[1].trigger == "/usr/lib");
        let file = b"/usr/share/x y/noawait\n/usr/lib libc-bin:amd64\n";
        let interests = read_file_interests(file);
        assert_eq!((interests[0].package.as_str(), interests[0].noawait), ("y", true));
        assert_eq!(write_file_interests(&interests), file);
        let named = b"a/noawait\nb\n";
        assert_eq!(write_named_interests(&read_named_interests("n", named)), named);
    }
}
