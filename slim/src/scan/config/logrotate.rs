//! Configuration of logrotate(8): shell text between `postrotate`, or another word of its kind, and `endscript`.

use super::Reader;
use crate::path::ImagePath;
use crate::scan::script;

/// Words after which lines are the shell's.
const BEGINS: [&str; 5] = ["firstaction", "lastaction", "postrotate", "preremove", "prerotate"];

impl Reader<'_, '_> {
    pub(super) fn logrotate(&mut self, file: &ImagePath, text: &str) {
        for (line, script) in scripts(text) {
            script::quoted(self.scene, Some(file), &format!("line {line}"), &script, self.finding);
        }
    }
}

/// The scripts of a configuration, each with the line that it begins on.
fn scripts(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let word = line.trim();
        match &mut open {
            Some(_) if word == "endscript" => found.extend(open.take()),
            Some((_, script)) => {
                script.push_str(line);
                script.push('\n');
            }
            None if BEGINS.contains(&word) => open = Some((index + 2, String::new())),
            None => {}
        }
    }
    found.extend(open);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_stand_between_their_words() {
        let text =
            "/var/log/*.log {\n  postrotate\n    a -b | c\n    d\n  endscript\n  # prerotate x\n  lastaction\n e\n}";
        assert_eq!(scripts(text), [(3, "    a -b | c\n    d\n".to_owned()), (8, " e\n}\n".to_owned())]);
    }
}
