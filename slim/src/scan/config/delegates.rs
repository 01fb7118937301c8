//! ImageMagick's `delegates.xml`: for each format that it cannot read or write itself, a shell's command line that can.
//!
//! <https://imagemagick.org/script/resources.php>. A file names far more programs than an image has: what a line takes besides is in use
//! only where its own program is there.

use super::Reader;
use crate::path::ImagePath;
use crate::scan::script;

impl Reader<'_, '_> {
    pub(super) fn delegates(&mut self, file: &ImagePath, text: &str) {
        for (line, command) in commands(text) {
            if self.scene.launch.find(self.scene.tree, program(&command)).is_some() {
                script::quoted(self.scene, Some(file), &format!("line {line}"), &command, self.finding);
            }
        }
    }
}

/// The command of each delegate, with the line that it stands on.
fn commands(text: &str) -> Vec<(usize, String)> {
    const ATTRIBUTE: &str = "command=";
    let mut found = Vec::new();
    let mut is_comment = false;
    for (index, line) in text.lines().enumerate() {
        is_comment |= line.trim_start().starts_with("<!--");
        let begins = line.find(ATTRIBUTE).map(|at| &line[at + ATTRIBUTE.len()..]).filter(|_| !is_comment);
        let value = begins.and_then(|rest| rest.split(rest.chars().next().filter(|c| "'\"".contains(*c))?).nth(1));
        found.extend(value.map(|value| (index + 1, unescaped(value))));
        is_comment &= !line.contains("-->");
    }
    found
}

/// A value without the entities of XML.
fn unescaped(value: &str) -> String {
    let entities = [("&quot;", "\""), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    entities.iter().fold(value.to_owned(), |text, (entity, sign)| text.replace(entity, sign))
}

/// The program of a delegate: the one in quotes, for `mv` and its like stand without; else the first word.
fn program(command: &str) -> &str {
    let quoted = |part: &str| part.trim_start().strip_prefix('"').is_some_and(|rest| !rest.is_empty());
    let own = command.split(';').find(|part| quoted(part)).unwrap_or(command).trim_start();
    match own.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or(rest).trim(),
        None => own.split_whitespace().next().unwrap_or(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_delegate_stands_in_quotes() {
        let text = "<delegatemap>\n  <delegate decode=\"eps\" command=\"&quot;gs&quot; -q &quot;-f%i&quot;\"/>\n  <!-- <delegate command=\"x\"/>\n\
                    <delegate command=\"y\"/> -->\n  <delegate decode='ps' command='&quot; lpr&quot; &quot;%i&quot; 2&gt;&amp;1'/>\n\
                    <delegate command=\"/bin/mv %i %i.jxr; &quot;JxrDecApp&quot; -i %i.jxr\"/>\n<delegate command=\"lpr %i\"/>\n<delegate command=\n";
        let found = commands(text);
        let programs: Vec<_> = found.iter().map(|(line, command)| format!("{line} {}", program(command))).collect();
        assert_eq!(programs, ["2 gs", "5 lpr", "6 JxrDecApp", "7 lpr"]);
        assert_eq!(found[1].1, "\" lpr\" \"%i\" 2>&1");
    }
}
