//! Pages that a web server runs commands for: `<!--#exec cmd="date | tr a-z A-Z" -->`.
//!
//! <https://httpd.apache.org/docs/2.4/mod/mod_include.html#element.exec>; lighttpd's mod_ssi reads the same words.

use super::{Finding, Scene, script};
use crate::path::ImagePath;

/// Ends of names of pages that servers look for such elements in.
const ENDS: [&[u8]; 3] = [b".shtml", b".shtm", b".stm"];

/// How an element begins.
const BEGINS: &str = "<!--#exec";

/// Whether a file is such a page.
pub(super) fn is_page(path: &ImagePath) -> bool {
    ENDS.iter().any(|end| path.file_name().ends_with(end))
}

/// Adds what the commands of a page use.
pub(super) fn find(scene: &Scene<'_>, path: &ImagePath, bytes: &[u8], finding: &mut Finding) {
    for (at, command) in commands(&String::from_utf8_lossy(bytes)) {
        script::quoted(scene, Some(path), &format!("line {at}"), command, finding);
    }
}

/// The commands of a page, each with its line.
fn commands(text: &str) -> Vec<(usize, &str)> {
    let (mut found, mut line, mut rest) = (Vec::new(), 1, text);
    while let Some((before, element)) = rest.split_once(BEGINS) {
        // Nothing ends behind the last end.
        let Some((element, after)) = element.split_once("-->") else { break };
        line += before.matches('\n').count();
        found.extend(command(element).map(|command| (line, command)));
        line += element.matches('\n').count();
        rest = after;
    }
    found
}

/// The command that an element holds: `cmd="COMMAND"`.
fn command(element: &str) -> Option<&str> {
    let value = element.split_once("cmd")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
    value[1..].split_once(quote).map(|(command, _)| command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stand_in_elements() {
        let text = "<p>\n<!--#exec cmd=\"a | b 'c'\" -->x<!--#exec cmd = '/bin/d' -->\n\
                    <!--#exec cgi=\"/cgi-bin/e\" --> cmd=\"f\" <!--#exec cmd=\"g\"\n";
        assert_eq!(commands(text), [(2, "a | b 'c'"), (2, "/bin/d")]);
    }
}
