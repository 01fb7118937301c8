//! The languages whose sources are read, and how to know them.

use super::is_written_in;
use crate::path::ImagePath;

/// A language, as far as its ways to quote differ from others'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Python: text between single or double quotes, or three of them; `#` comments.
    Python,
    /// JavaScript and TypeScript: also between backquotes, `//` comments.
    Script,
    /// PHP: a text in backquotes is a command; `#` and `//` comments.
    Php,
    /// Perl, Ruby: a text in backquotes is a command, and so is `qx(…)`, `%x(…)`; `#` comments.
    Perl,
    /// Lua: also between `[[` and `]]`; `--` comments.
    Lua,
    /// awk: text between double quotes alone, `#` comments.
    Awk,
    /// Erlang: text between double quotes alone, `%` comments.
    Erlang,
    /// Elixir: text between double quotes alone, `#` comments.
    Elixir,
    /// Tcl and expect, which are read by their commands; `#` comments.
    Tcl,
}

/// Ends of names, words of a first line, and the language that they tell.
pub(super) const SOURCES: [(&[&str], &[&str], Language); 9] = [
    (&[".py", ".pyw"], &["python"], Language::Python),
    (&[".js", ".mjs", ".cjs", ".ts"], &["node", "deno", "bun"], Language::Script),
    (&[".php", ".phtml", ".inc"], &["php"], Language::Php),
    (&[".pl", ".pm", ".cgi", ".rb", ".ru", ".rake", "Rakefile"], &["perl", "ruby"], Language::Perl),
    (&[".lua"], &["lua"], Language::Lua),
    (&[".awk"], &["awk"], Language::Awk),
    (&[".erl", ".escript"], &["escript"], Language::Erlang),
    (&[".ex", ".exs"], &["elixir"], Language::Elixir),
    (&[".tcl", ".exp"], &["tclsh", "expect"], Language::Tcl),
];

impl Language {
    /// The language of a source, by its name or first line.
    pub(super) fn of(path: &ImagePath, head: &[u8]) -> Option<Language> {
        let is_one =
            |(ends, interpreters, _): &&(&[&str], &[&str], Language)| is_written_in(path, head, ends, interpreters);
        SOURCES.iter().find(is_one).map(|(_, _, language)| *language)
    }

    /// The language that an interpreter of this name reads: `python3.11`.
    pub(super) fn of_interpreter(name: &str) -> Option<Language> {
        let reads = |interpreters: &[&str]| interpreters.iter().any(|interpreter| name.starts_with(interpreter));
        SOURCES.iter().find(|(_, interpreters, _)| reads(interpreters)).map(|(.., language)| *language)
    }

    /// Whether a text begins with a comment that goes to the end of its line.
    pub(super) fn begins_comment(self, text: &str) -> bool {
        match self {
            Language::Script => text.starts_with("//"),
            Language::Lua => text.starts_with("--"),
            Language::Php => text.starts_with("//") || text.starts_with('#'),
            Language::Erlang => text.starts_with('%'),
            Language::Python | Language::Perl | Language::Awk | Language::Elixir | Language::Tcl => {
                text.starts_with('#')
            }
        }
    }
}
