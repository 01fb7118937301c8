//! What a program used when it ran: the output of strace(1), or a list of paths.
//!
//! A trace adds to what is in use and never takes away: whatever the program did not do that time may still happen.

use crate::launch::Launch;
use crate::path::ImagePath;
use crate::tree::Tree;
use std::collections::BTreeMap;

/// Calls whose first string is a path that the program used, when they succeed. Those that only make, change or remove names are not
/// among them.
const CALLS: [&str; 27] = [
    "open",
    "openat",
    "openat2",
    "execve",
    "execveat",
    "uselib",
    "readlink",
    "readlinkat",
    "stat",
    "stat64",
    "lstat",
    "lstat64",
    "newfstatat",
    "fstatat64",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "chdir",
    "chroot",
    "statfs",
    "statfs64",
    "getxattr",
    "lgetxattr",
    "connect",
    "truncate",
    "utimensat",
];

/// One use that a trace tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The line of the trace, from 1.
    pub line: usize,
    /// What was used; relative names are relative to the working directory.
    pub path: String,
}

/// A text that is no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no line is a path that begins with / or a call as strace writes it, such as `openat(AT_FDCWD, \"/etc/hosts\", O_RDONLY) = 3`"
)]
pub struct NoTrace;

/// Reads the output of `strace` (with `-f`, and with or without times and `-y`), a list of paths (one a line, `#` begins a comment), or a
/// mixture.
///
/// # Errors
/// When not one line is either.
pub fn read(text: &[u8]) -> Result<Vec<Use>, NoTrace> {
    calls(text, succeeded)
}

/// What the output of `strace` says was looked for in vain: calls that failed because there is no such file.
pub fn missed(text: &[u8]) -> Vec<Use> {
    let is_missed = |call: &str| call.rsplit_once(" = ").is_some_and(|(_, result)| result.starts_with("-1 ENOENT"));
    calls(text, is_missed).unwrap_or_default()
}

/// The paths of calls that ended as wanted.
fn calls(text: &[u8], wanted: fn(&str) -> bool) -> Result<Vec<Use>, NoTrace> {
    let mut uses = Vec::new();
    let mut understood = false;
    let mut empty = true;
    // Calls that another process's output interrupted, by process.
    let mut unfinished: BTreeMap<&str, (&str, Option<String>)> = BTreeMap::new();
    let text = String::from_utf8_lossy(text);
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let add = |uses: &mut Vec<Use>, path: String| uses.push(Use { line: index + 1, path });
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        empty = false;
        if line.starts_with('/') {
            understood = true;
            add(&mut uses, line.to_owned());
            continue;
        }
        let (process, call) = prefix(line);
        if let Some(resumed) = call.strip_prefix("<... ") {
            understood = true;
            let ended = unfinished.remove(process).filter(|(name, _)| resumed.starts_with(name));
            if let Some((_, Some(path))) = ended.filter(|_| wanted(resumed)) {
                add(&mut uses, path);
            }
            continue;
        }
        let Some((name, arguments)) = call.split_once('(').filter(|(name, _)| is_name(name)) else {
            // A signal, an exit. Lines of dashes alone are of `-c`, which counts calls and tells none.
            understood |= call.starts_with("--- ") || call.starts_with("+++ ");
            continue;
        };
        understood = true;
        let path = if CALLS.contains(&name) { argument(arguments) } else { None };
        if call.ends_with("<unfinished ...>") {
            unfinished.insert(process, (name, path));
        } else if let Some(path) = path.filter(|_| wanted(call)) {
            add(&mut uses, path);
        }
    }
    if understood || empty { Ok(uses) } else { Err(NoTrace) }
}

/// The paths of a tree that uses lead to, each with its evidence: what names the trace, and the line. What is not in the tree was made while the program ran.
pub fn found(uses: &[Use], trace: &str, launch: &Launch, tree: &Tree) -> Vec<(ImagePath, String)> {
    let mut first: BTreeMap<ImagePath, usize> = BTreeMap::new();
    for used in uses {
        let Some(path) = launch.absolute(&used.path) else { continue };
        if tree.lookup(&path).is_some_and(|(_, node)| !node.is_directory()) {
            first.entry(path).or_insert(used.line);
        }
    }
    first.into_iter().map(|(path, line)| (path, format!("{trace}:{line}"))).collect()
}

/// The process that a line is about, and the rest without times and numbers of calls (`-n`) and places (`-i`):
/// `[pid 12] 10:01:02.3 [ 257] [00007f5f1c2d3e4f] open(…`, `12 open(…`.
fn prefix(line: &str) -> (&str, &str) {
    let (process, mut rest) = match line.strip_prefix("[pid ").and_then(|rest| rest.split_once(']')) {
        Some((process, rest)) => (process.trim(), rest.trim_start()),
        None => match line.split_once(' ') {
            Some((word, rest)) if word.bytes().all(|b| b.is_ascii_digit()) => (word, rest.trim_start()),
            _ => ("", line),
        },
    };
    while let Some((word, tail)) = rest.split_once(' ') {
        let is_time = word.starts_with(|c: char| c.is_ascii_digit() || c == '(' || c == '+')
            && word.bytes().all(|b| b.is_ascii_digit() || b":.()+".contains(&b));
        if !is_time {
            break;
        }
        rest = tail.trim_start();
    }
    let is_number = |text: &str| text.trim().bytes().all(|b| b.is_ascii_hexdigit() || b == b'?');
    while let Some((_, tail)) =
        rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).filter(|(number, _)| is_number(number))
    {
        rest = tail.trim_start();
    }
    (process, rest)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a call came back without an error: `= 3`, `= 0x7f…`; not `= -1 ENOENT`, not `= ?`.
fn succeeded(call: &str) -> bool {
    let result = call.rsplit_once(" = ").or_else(|| call.rsplit_once(")= ")).map(|(_, result)| result);
    result.is_some_and(|result| result.starts_with(|c: char| c.is_ascii_digit()))
}

/// The path among a call's arguments: its first string, from a directory that is known.
fn argument(arguments: &str) -> Option<String> {
    let quote = arguments.find('"')?;
    let before = arguments.get(..quote)?;
    let path = unescape(arguments.get(quote + 1..)?)?;
    if path.starts_with('/') {
        return Some(path);
    }
    let before = before.trim_end_matches([',', ' ']);
    // With `-y`, strace tells what a descriptor stands for.
    match (before.find('<'), before.ends_with('>')) {
        (Some(open), true) => {
            let directory = before.get(open + 1..before.len() - 1)?;
            Some(format!("{}/{path}", directory.trim_end_matches('/')))
        }
        _ if before.is_empty() || before == "AT_FDCWD" => Some(path).filter(|path| !path.is_empty()),
        // A socket's address: `3, {sa_family=AF_UNIX, sun_path=`.
        _ => None,
    }
}

/// The text up to the closing quote, its escapes undone as strace writes them.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes().peekable();
    loop {
        match rest.next()? {
            b'"' => return String::from_utf8(bytes).ok(),
            b'\\' => match rest.next()? {
                b'n' => bytes.push(b'\n'),
                b't' => bytes.push(b'\t'),
                b'r' => bytes.push(b'\r'),
                b'v' => bytes.push(0x0b),
                b'f' => bytes.push(0x0c),
                digit @ b'0'..=b'7' => {
                    let mut value = u32::from(digit - b'0');
                    for _ in 0..2 {
                        let Some(digit) = rest.peek().copied().filter(|b| matches!(b, b'0'..=b'7')) else { break };
                        value = value * 8 + u32::from(digit - b'0');
                        rest.next();
                    }
                    bytes.push(u8::try_from(value).ok()?);
                }
                other => bytes.push(other),
            },
            byte => bytes.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text;

    fn paths(text: &str) -> Vec<String> {
        read(text.as_bytes()).unwrap().into_iter().map(|used| format!("{}:{}", used.line, used.path)).collect()
    }

    #[test]
    fn calls_that_succeed_use_their_paths() {
        let trace = r#"execve("/usr/sbin/nginx", ["nginx"], 0x7ffd /* 3 vars */) = 0
access("/etc/ld.so.preload", R_OK)      = -1 ENOENT (No such file or directory)
openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
unlink("/run/nginx.pid") = 0
write(2, "/etc/passwd", 11) = 11
newfstatat(3, "", {st_mode=S_IFREG|0644}, AT_EMPTY_PATH) = 0
openat(AT_FDCWD, "conf/a\tb\303\244", O_RDONLY) = 4
+++ exited with 0 +++"#;
        assert_eq!(paths(trace), ["1:/usr/sbin/nginx", "3:/etc/ld.so.cache", "7:conf/a\tbä"]);
    }

    #[test]
    fn processes_times_and_descriptors_are_understood() {
        let trace = r#"[pid    12] 10:00:00.000123 openat(AT_FDCWD, "/a", O_RDONLY <unfinished ...>
13 1700000000.5 (+     0.000100) stat("/b", {st_mode=0}) = 0
[pid    12] 10:00:00.1 <... openat resumed>) = 3</a>
[pid    14] open("/c", O_RDONLY <unfinished ...>
[pid    14] <... open resumed>) = -1 EACCES (Permission denied)
15 openat(5</usr/share/x>, "y", O_RDONLY) = 6</usr/share/x/y>
16 --- SIGCHLD {si_signo=SIGCHLD} ---
17 10:00:00 [ 257] [00007f95abcdef01] openat(AT_FDCWD, "/d", O_RDONLY) = 3 <0.000012>
[????????????????] open("/e", O_RDONLY) = 3"#;
        assert_eq!(paths(trace), ["2:/b", "3:/a", "6:/usr/share/x/y", "8:/d", "9:/e"]);
    }

    #[test]
    fn what_was_looked_for_in_vain_is_told_apart() {
        let trace = r#"1 openat(AT_FDCWD, "/a", O_RDONLY) = -1 ENOENT (No such file or directory)
1 openat(AT_FDCWD, "/b", O_RDONLY) = 3
2 execve("/c", ["c"], 0x1) = -1 EACCES (Permission denied)
2 access("/d", R_OK <unfinished ...>
2 <... access resumed>) = -1 ENOENT (No such file or directory)"#;
        let paths: Vec<_> = missed(trace.as_bytes()).into_iter().map(|used| used.path).collect();
        assert_eq!(paths, ["/a", "/d"]);
        assert!(missed(b"no trace").is_empty());
    }

    #[test]
    fn lists_of_paths_are_traces_too_and_other_texts_are_not() {
        assert_eq!(paths("# seen\n/a\n\n/b c\n"), ["2:/a", "4:/b c"]);
        assert_eq!(read(b""), Ok(Vec::new()));
        assert_eq!(read(b"hello\nworld\n"), Err(NoTrace));
        assert_eq!(read(b"\xff\xfe(\"\\"), Err(NoTrace));
        assert_eq!(read(b"% time  calls syscall\n------ ----- -------\n 74.53     1 openat\n"), Err(NoTrace));
    }

    #[test]
    fn only_what_the_image_holds_is_found() {
        let tree = text::tree("/srv/app/data = x\n/bin/sh -> dash\n/bin/dash = x").unwrap();
        let launch = Launch { workdir: Some("/srv".into()), ..Launch::default() };
        let uses = read(b"/bin/sh\nopen(\"app/data\", O_RDONLY) = 3\n/srv/app\n/tmp/new\n/bin/sh\n").unwrap();
        let found: Vec<_> = found(&uses, "--trace t.log", &launch, &tree)
            .into_iter()
            .map(|(path, why)| format!("{path} {why}"))
            .collect();
        assert_eq!(found, ["/bin/sh --trace t.log:1", "/srv/app/data --trace t.log:2"]);
    }
}
