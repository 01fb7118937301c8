//! Values of settings that are texts for a shell, whatever their keys are called: `actionban = nft add element x | logger`.
//!
//! Programs that let their settings hold commands put words of their own into them (`<iptables> -C x`, `%(check)s`), so no grammar of the
//! shell's reads such a text: only the words count that stand where a command does.

use crate::scan::script;

/// Signs that a text for a shell has and others mostly have not.
const SIGNS: [&str; 7] = ["$(", "`", " | ", "|| ", "&& ", "; ", ";\n"];

/// Words behind which a command stands.
const BEFORE: [&str; 12] = ["!", "do", "done", "elif", "else", "exec", "fi", "if", "then", "time", "until", "while"];

/// A line of settings with those that go on with it, which are indented and have no key of their own.
pub(super) struct Setting<'t> {
    /// The number of its first line, from 1.
    pub line: usize,
    /// What stands before the first `=` or `:`.
    pub key: &'t str,
    /// What stands behind, lines between included.
    pub value: String,
}

/// The settings of a text, in its order.
pub(super) fn settings(text: &str) -> Vec<Setting<'_>> {
    let mut found: Vec<Setting<'_>> = Vec::new();
    // How far the lines are indented that the last setting goes on behind.
    let mut open = None;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        if let Some(last) = found.last_mut().filter(|_| open.is_some_and(|least| indent > least)) {
            last.value.push('\n');
            last.value.push_str(line.trim());
            continue;
        }
        open = line.split_once(['=', ':']).and_then(|(key, value)| {
            let value = value.trim();
            // A key of YAML without a value has others below it; one with `|` or `>` has a text there.
            let is_parent = value.is_empty() && line[key.len()..].starts_with(':');
            let is_block = value.chars().all(|c| "|>+-".contains(c));
            let value = if is_block { String::new() } else { value.to_owned() };
            found.push(Setting { line: index + 1, key: key.trim().trim_start_matches("- "), value });
            (!is_parent).then_some(indent)
        });
    }
    found
}

/// The words of a value that are commands, if it is a text for a shell: it has a sign of one, or an option behind its first word, and begins
/// as one does. `is_program` knows the programs that there are.
pub(super) fn commands<'t>(value: &'t str, is_program: &dyn Fn(&str) -> bool) -> Vec<&'t str> {
    let mut words = value.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default().trim_end_matches(';'), words.next().unwrap_or_default());
    let has_option = is_program(first) && second.len() > 1 && second.starts_with('-');
    let begins = is_program(first) || is_put_in(first) || ["{", "(", "for"].contains(&first) || BEFORE.contains(&first);
    // In a text of several lines that begins as scripts do, every line may begin with one.
    let goes_on = || value.contains('\n') && script::BUILTINS.contains(&first);
    let is_text = has_option || goes_on() || begins && SIGNS.iter().any(|sign| value.contains(sign));
    if !is_text {
        return Vec::new();
    }
    let mut found = at_commands(value);
    found.retain(|word| !script::BUILTINS.contains(word) && is_program(word));
    found
}

/// Whether a word is one that a program puts something else in for: `<iptables>`, `%(check)s`, `$cmd`.
fn is_put_in(word: &str) -> bool {
    word.starts_with('<') && word.ends_with('>')
        || word.starts_with("%(") && word.ends_with(")s")
        || word.starts_with('$')
}

/// The words that stand where a command does.
fn at_commands(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut at, mut is_command, mut is_double) = (0, true, false);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let before = text[..at].chars().next_back();
        match c {
            '\'' if !is_double => {
                at += 1 + rest[1..].find('\'').map_or(rest.len() - 1, |end| end + 1);
                is_command = false;
            }
            '"' => {
                is_double = !is_double;
                is_command = false;
                at += 1;
            }
            '\\' => at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '`' => {
                is_command = true;
                at += 1;
            }
            '$' if rest.starts_with("$(") => {
                is_command = true;
                at += 2;
            }
            // `2>&1` starts nothing.
            '|' | ';' | '(' | '{' | '\n' | '&' if !is_double && before != Some('>') => {
                is_command = true;
                at += 1;
            }
            _ if c.is_whitespace() || "){}(|;&".contains(c) => at += c.len_utf8(),
            _ => {
                let is_end = |c: char| c.is_whitespace() || "|;&()`\"'".contains(c);
                // A sign that is put in holds brackets of its own.
                let length = rest.find(is_end).unwrap_or(rest.len()).max(c.len_utf8());
                let word = &rest[..length];
                if is_command && !BEFORE.contains(&word) && !is_assignment(word) {
                    found.push(word);
                    is_command = false;
                }
                at += length;
            }
        }
    }
    found
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stand_behind_signs_of_a_shell() {
        let is_program = |word: &str| ["nft", "grep", "sed", "date", "/bin/tee", "printf", "echo"].contains(&word);
        for (value, expected) in [
            ("nft -a list", "nft"),
            ("nft", ""),
            ("<nftables> list table | grep -q '^x | sed'", "grep"),
            ("{ <nft> flush 2>&1; } || { sed x; }", "sed"),
            ("for p in $(echo '<protocol>' | sed 's/,/ /g'); do", "sed"),
            ("printf %%b \"Date: `LC_ALL=C date +\"%%a\"`\n it's\" | /bin/tee x", "date /bin/tee"),
            ("REJECT --reject-with grep", ""),
            ("^a (?:sed|date) | grep; x", ""),
            ("date; a=b grep x && ! sed y", "date grep sed"),
            ("$cmd | grep x", "grep"),
            ("set -e\ncd /\ndate -u", "date"),
            ("a list\nof date", ""),
            ("sed | été", "sed"),
            ("", ""),
        ] {
            assert_eq!(commands(value, &is_program).join(" "), expected, "{value}");
        }
    }

    #[test]
    fn settings_go_on_with_lines_that_are_indented_deeper() {
        let text = "[a]\nb = c\n   d\n\ne:\n  f: |\n    g\n    h: i\n  - j: k\nl\n  m =\n    n";
        let found = settings(text);
        let found = found.iter().map(|s| format!("{} {}={}", s.line, s.key, s.value.replace('\n', "|")));
        assert_eq!(found.collect::<Vec<_>>().join(", "), "2 b=c|d, 5 e=, 6 f=|g|h: i, 9 j=k, 11 m=|n");
    }
}
