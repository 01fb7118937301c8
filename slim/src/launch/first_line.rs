//! The first line of a script (execve(2), "Interpreter scripts").

use super::{env, is_shell};

/// As much of a file as the kernel looks at (`BINPRM_BUF_SIZE`).
pub const LINE_LIMIT: usize = 256;

/// What a `#!` line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstLine {
    /// What stands behind `#!`.
    pub text: String,
    /// The program that is started.
    pub program: String,
    /// What it is told before the script's own name. The kernel passes it as one word, which only `env -S` splits; of others that have
    /// blanks in it, several words are what can be meant.
    pub arguments: Vec<String>,
}

impl FirstLine {
    /// Reads the beginning of a file; `None` when it is no script, or names no program.
    pub fn new(head: &[u8]) -> Option<Self> {
        let head = &head[..head.len().min(LINE_LIMIT)];
        let line = head.strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?;
        let text = String::from_utf8_lossy(line).trim().to_owned();
        let (program, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
        if program.is_empty() {
            return None;
        }
        let rest = rest.trim_start();
        let arguments = match name(program) == "env" && env::splits(rest) {
            true => vec![rest.to_owned()],
            false => rest.split_whitespace().map(str::to_owned).collect(),
        };
        Some(Self { program: program.to_owned(), arguments, text })
    }

    /// Whether it names a shell, as the program or as what another program starts: `#!/usr/bin/env -S bash -e`.
    pub fn names_shell(&self) -> bool {
        self.text.split_whitespace().any(|word| is_shell(name(word)))
    }

    /// The command that `env` is to start, where it is the program.
    pub fn command(&self) -> Option<String> {
        if name(&self.program) != "env" {
            return None;
        }
        let (all, at) = env::read(&self.arguments);
        all.into_iter().nth(at)
    }
}

fn name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_named_by_a_word_of_the_line() {
        for (head, expected) in [
            ("#!/bin/sh", true),
            ("#!/usr/bin/env -S bash -e", true),
            ("#! /usr/bin/tini -- /bin/dash", true),
            ("#!/opt/sh/tool", false),
            ("#!/usr/bin/python3", false),
        ] {
            assert_eq!(FirstLine::new(head.as_bytes()).unwrap().names_shell(), expected, "{head}");
        }
    }

    #[test]
    fn the_command_of_env_is_no_option_and_no_assignment() {
        for (head, expected) in [
            ("#!/usr/bin/env tool", Some("tool")),
            ("#! /usr/bin/env\ttool\r\n", Some("tool")),
            ("#!/usr/bin/env -u NAME tool", Some("tool")),
            ("#!/usr/bin/env -S -C /srv tool", Some("tool")),
            ("#!/usr/bin/env -S --unset=A 'B=c d' tool -x", Some("tool")),
            ("#!/usr/bin/env -S 'my tool'", Some("my tool")),
            ("#!/usr/bin/env", None),
            ("#!/bin/sh -e", None),
        ] {
            assert_eq!(FirstLine::new(head.as_bytes()).unwrap().command().as_deref(), expected, "{head}");
        }
    }

    #[test]
    fn a_line_has_a_program_and_ends_where_the_kernel_stops() {
        for head in ["", "#!", "#! \n/bin/sh", "/bin/sh"] {
            assert_eq!(FirstLine::new(head.as_bytes()), None, "{head}");
        }
        let long = FirstLine::new(format!("#!/bin/{}", "x".repeat(300)).as_bytes()).unwrap();
        assert_eq!(long.program.len(), LINE_LIMIT - 2);
    }
}
