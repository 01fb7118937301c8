//! `/etc/passwd` (passwd(5)): the programs that users are handed when they log in.

use super::Reader;
use crate::graph::Rule;
use crate::path::ImagePath;

/// Accounts that the distribution itself allocates, for files to belong to (Debian Policy, 9.2.2): nobody logs in as one of them.
const STATIC: std::ops::RangeInclusive<u32> = 1..=99;

/// A user's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan) struct User<'t> {
    /// The name.
    pub(in crate::scan) name: &'t str,
    /// The number.
    number: Option<u32>,
    /// The program that a login starts.
    pub(in crate::scan) shell: &'t str,
}

/// The users of a text, each with its line.
pub(in crate::scan) fn users(text: &str) -> impl Iterator<Item = (usize, User<'_>)> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let fields: Vec<&str> = line.split(':').collect();
        let shell = fields.get(6)?.trim();
        // An empty field means the usual shell.
        let shell = if shell.is_empty() { "/bin/sh" } else { shell };
        Some((index + 1, User { name: fields[0], number: fields[2].parse().ok(), shell }))
    })
}

impl Reader<'_, '_> {
    pub(super) fn users(&mut self, file: &ImagePath, text: &str) {
        for (line, user) in users(text).filter(|(_, user)| user.number.is_none_or(|number| !STATIC.contains(&number))) {
            let evidence = format!("line {line}: the shell of {}", user.name);
            self.finding.edges.extend(self.scene.follow_name(Some(file), user.shell, Rule::Config, &evidence));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_seven_fields() {
        let text = "root:x:0:0:root:/root:/bin/bash\nshort:x:1\n\napp:x:1000:1000::/home/app:\ngit:x:b:1:a:/:/usr/bin/git-shell \n";
        let found: Vec<_> =
            users(text).map(|(line, user)| format!("{line} {} {:?} {}", user.name, user.number, user.shell)).collect();
        assert_eq!(found, ["1 root Some(0) /bin/bash", "4 app Some(1000) /bin/sh", "5 git None /usr/bin/git-shell"]);
    }
}
