//! Pages that a web server runs commands for: `<!--#exec cmd="date | tr a-z A-Z" -->`.
//!
//! <https://httpd.apache.org/docs/2.4/mod/mod_include.html#element.exec>; lighttpd's mod_ssi reads the same words.

use super::{Finding, Scene, script};
use crate::path::ImagePath;
use memchr::memmem;

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
        finding.extend(script::quoted(scene, Some(path), &format!("line {at}"), command));
    }
}

/// The commands of a page, each with its line.
fn commands(text: &str) -> Vec<(usize, &str)> {
    let element = |at: usize| {
        let (_, value) = text[at..].split_once("-->")?.0.split_once("cmd")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
        let command = value[1..].split_once(quote)?.0;
        Some((text[..at].matches('\n').count() + 1, command))
    };
    memmem::find_iter(text.as_bytes(), BEGINS).filter_map(element).collect()
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
