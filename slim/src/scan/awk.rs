//! Programs of awk: the commands that they hand to the shell, `print | "sort -u"`, `"date" | getline now`, `system("rm " file)`
//! (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/awk.html>).

use super::{Finding, Language, Scene, calls, quotes};
use crate::path::ImagePath;

/// Words without which a program starts none. What it starts may be put together elsewhere, `command = "sum " file`.
const MARKS: [&str; 4] = ["getline", "system(", "| \"", "|\""];

/// Adds what a file of awk starts.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    text(scene, Some(path), "a program of awk", &String::from_utf8_lossy(bytes), finding);
}

/// Adds what a program of awk starts that stands at a place, which may be in a file of another kind.
pub(super) fn text(scene: &Scene<'_>, from: Option<&ImagePath>, place: &str, text: &str, finding: &mut Finding) {
    // Most texts are only printed: those count that begin with a program of the image.
    for (index, command) in commands(text) {
        calls::start(scene, from, &format!("{place}, line {}", index + 1), &[command.to_owned()], finding);
    }
}

/// The texts of a program that starts others, each with its line, from 0. One may go on with what awk put into the middle of a command,
/// `"cat " file " | sort"`.
fn commands<'t>(text: &'t str) -> Vec<(usize, &'t str)> {
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return Vec::new();
    }
    let texts = |(index, line)| quotes::inner(line, Language::Awk).map(move |text| (index, text));
    let command = |(index, text): (usize, &'t str)| (index, text.trim_start_matches([' ', '|', ';', '&']));
    text.lines().enumerate().flat_map(texts).map(command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_texts_of_programs_that_start_others() {
        let found = |text: &str| {
            let commands = commands(text).into_iter().map(|(line, text)| format!("{line} {text}"));
            commands.collect::<Vec<_>>().join(", ")
        };
        for (text, expected) in [
            ("{ print | \"uniq -c\" }", "0 uniq -c"),
            ("BEGIN { \"date -u\" | getline d }\n{ print d \"\\\"x\" } # \"y\"", "0 date -u, 1 \\\"x"),
            ("{ cmd = \"sum \" $1 \" | sort\"; cmd | getline }", "0 sum , 0 sort"),
            ("{ system(\"base64 x\") }", "0 base64 x"),
            ("{ print \"uniq -c\" }", ""),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
