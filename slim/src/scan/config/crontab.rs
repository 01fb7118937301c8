//! Tables of cron (crontab(5)): five fields of time or `@daily`, in system tables the user, and a command line for the shell.

use super::Reader;
use crate::path::ImagePath;
use crate::scan::script;

impl Reader<'_, '_> {
    pub(super) fn crontab(&mut self, file: &ImagePath, text: &str) {
        let has_user = file.as_bytes() == b"etc/crontab" || file.as_bytes().starts_with(b"etc/cron.d/");
        for (index, entry) in text.lines().enumerate() {
            let place = format!("line {}", index + 1);
            match entry_of(entry, has_user) {
                Some(Entry::Command(command)) => {
                    script::quoted(self.scene, Some(file), &place, &command, self.finding);
                }
                Some(Entry::Variable("SHELL", shell)) => {
                    let rule = crate::graph::Rule::Config;
                    let edges = self.scene.follow_name(Some(file), shell, rule, &format!("{place}: SHELL={shell}"));
                    self.finding.edges.extend(edges);
                }
                _ => {}
            }
        }
    }
}

/// What a line of a table says.
#[derive(Debug, PartialEq, Eq)]
enum Entry<'t> {
    Variable(&'t str, &'t str),
    Command(String),
}

fn entry_of(line: &str, has_user: bool) -> Option<Entry<'_>> {
    let line = line.trim();
    let begins_time = |c: char| c.is_ascii_digit() || matches!(c, '*' | '@');
    if !line.starts_with(begins_time) {
        let (name, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
        return Some(Entry::Variable(name.trim(), value.trim().trim_matches(['"', '\''])));
    }
    let fields = if line.starts_with('@') { 1 } else { 5 } + usize::from(has_user);
    let mut rest = line;
    for _ in 0..fields {
        rest = rest.split_once(char::is_whitespace)?.1.trim_start();
    }
    // What follows a percent sign is the command's input.
    let mut command = String::new();
    let mut characters = rest.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '%' => break,
            '\\' if characters.peek() == Some(&'%') => command.extend(characters.next()),
            other => command.push(other),
        }
    }
    (!command.is_empty()).then_some(Entry::Command(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_follow_the_time_and_the_user() {
        let command = |text: &str| Some(Entry::Command(text.to_owned()));
        for (line, has_user, expected) in [
            ("0,30 */2 * jan mon-fri root a -b", true, command("a -b")),
            (
                "17 *\t* * *\troot  cd / && run-parts /etc/cron.hourly",
                true,
                command("cd / && run-parts /etc/cron.hourly"),
            ),
            ("@daily a", false, command("a")),
            ("@reboot root X=1 a \\% b%in", true, command("X=1 a % b")),
            ("SHELL = \"/bin/bash\"", true, Some(Entry::Variable("SHELL", "/bin/bash"))),
            ("# 1 2 3 4 5 a", false, None),
            ("1 2 3", false, None),
            ("", false, None),
        ] {
            assert_eq!(entry_of(line, has_user), expected, "{line}");
        }
    }
}
