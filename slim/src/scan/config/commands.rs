//! Sections of `key = value` whose values are command lines: supervisord.conf, units of systemd.

use super::Reader;
use crate::launch::words;
use crate::path::ImagePath;
use crate::scan::start;

/// What systemd reads before a program (systemd.service(5), "Command lines").
const PREFIXES: [char; 6] = ['-', '@', ':', '+', '!', '|'];

impl Reader<'_, '_> {
    pub(super) fn commands(&mut self, file: &ImagePath, text: &str) {
        let here = file.parent().unwrap_or_else(ImagePath::root).to_text();
        let mut section = String::new();
        for (line, entry) in entries(text) {
            if let Some(name) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                name.0.trim().clone_into(&mut section);
                continue;
            }
            let Some((key, value)) = entry.split_once('=') else { continue };
            let (key, value) = (key.trim(), self.expanded(value.trim(), &here));
            if section == "include" && key == "files" {
                value.split_whitespace().for_each(|pattern| self.include(file, line, pattern));
            } else if key == "command" || key.starts_with("Exec") {
                // Of supervisord's keys one has a command line; of systemd's `ExecStart` and its kin.
                self.command_line(file, line, value.trim_start_matches(PREFIXES));
            }
        }
    }

    fn command_line(&mut self, file: &ImagePath, line: usize, text: &str) {
        let place = format!("line {line}");
        match words(text) {
            Ok(words) => start::find(self.scene, Some(file), &place, &words, self.finding),
            Err(error) => self.finding.unknown(file, place, error.to_string(), "nothing is kept for it"),
        }
    }

    /// supervisord's `%(here)s` and `%(ENV_NAME)s`, each once: what a value holds is not expanded again.
    fn expanded(&self, value: &str, here: &str) -> String {
        let (mut text, mut rest) = (String::new(), value);
        while let Some((before, after)) = rest.split_once("%(") {
            let Some((name, after)) = after.split_once(")s") else { break };
            text.push_str(before);
            match name.strip_prefix("ENV_") {
                Some(name) => text.push_str(self.scene.launch.variable(name).unwrap_or_default()),
                None if name == "here" => text.push_str(here),
                None => text.extend(["%(", name, ")s"]),
            }
            rest = after;
        }
        text + rest
    }
}

/// Entries with the line that each begins on: comments are taken away, lines that go on (with a backslash at the end of the one before, or
/// with a blank at their own beginning) are joined.
fn entries(text: &str) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let continues = goes_on || line.starts_with([' ', '\t']);
        goes_on = line.ends_with('\\');
        let line = line.trim_end_matches('\\');
        // supervisord takes a semicolon behind a blank for a comment.
        let line = line.split(" ;").next().unwrap_or(line).trim();
        match all.last_mut().filter(|_| continues) {
            Some((_, before)) => *before = format!("{before} {line}"),
            None => all.push((index + 1, line.to_owned())),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_on_over_lines() {
        let text = "[program:a] ; c\ncommand=/bin/a\n  -b ; d\n# e\nExecStart=/bin/f \\\n-g\nx=1";
        let found: Vec<_> = entries(text).into_iter().map(|(line, entry)| format!("{line} {entry}")).collect();
        assert_eq!(found, ["1 [program:a]", "2 command=/bin/a -b", "5 ExecStart=/bin/f -g", "7 x=1"]);
    }
}
