//! Programs that start other programs by names that no text of the image holds.

use super::texts::programs_of;
use super::{Finding, Scene, calls, script};
use crate::elf::{Facts, Texts};
use crate::graph::{Edge, Rule};
use crate::launch;
use crate::path::ImagePath;
use crate::tree::Node;

/// Functions that start a program (exec(3), posix_spawn(3), system(3), popen(3)).
const STARTERS: [&[u8]; 13] = [
    b"execl",
    b"execle",
    b"execlp",
    b"execv",
    b"execve",
    b"execveat",
    b"execvp",
    b"execvpe",
    b"fexecve",
    b"popen",
    b"posix_spawn",
    b"posix_spawnp",
    b"system",
];

/// Where programs have folders for programs of their own.
const HOMES: [&str; 3] = ["/usr/libexec/", "/usr/lib/", "/opt/"];

/// Names of two letters are found in most binaries.
const NAME_MINIMUM: usize = 3;

/// Signs between commands of a text for the shell.
const JOINS: [&str; 4] = [" | ", " && ", "; ", "\n"];

/// Programs that every image has whose names are no words: who holds one as a text of its own starts it.
const PLAIN: [&str; 33] = [
    "awk",
    "base64",
    "chgrp",
    "chmod",
    "chown",
    "chroot",
    "cp",
    "df",
    "diff",
    "du",
    "egrep",
    "fgrep",
    "grep",
    "gunzip",
    "gzip",
    "lsblk",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mktemp",
    "mount",
    "nohup",
    "nproc",
    "readlink",
    "realpath",
    "rmdir",
    "sed",
    "setsid",
    "sha256sum",
    "tar",
    "umount",
    "uname",
    "xargs",
];

/// Programs whose names are common in sources and settings; a binary that holds one as a text of its own starts it.
const TOOLS: [&str; 4] = ["git", "perl", "php", "python3"];

/// What Go's library starts every program by (`os/exec`).
const GO_STARTS: &str = "os/exec.(*Cmd).Start";

/// What Rust's library says when a program's name cannot be given to the system (`Command`), or any other text of C's.
const RUST_STARTS: &str = "nul byte found in provided data";

/// Functions that start the shell.
const SHELL_STARTERS: [&[u8]; 3] = [b"system", b"popen", b"wordexp"];

/// Adds the programs that a binary starts, and notes when it starts some whose names it does not hold.
pub(super) fn find(
    scene: &Scene<'_>,
    path: &ImagePath,
    facts: &Facts,
    (bytes, texts): (&[u8], &Texts<'_>),
    finding: &mut Finding,
) {
    if scene.knowledge.starts(&path.to_text()) {
        return;
    }
    homes(scene, path, facts, (bytes, texts), finding);
    let Some(place) = starter(facts, bytes, texts) else { return };
    let holds_commands = commands(scene, path, facts, texts, finding) | names(scene, path, texts, finding);
    let is_program = |edge: &Edge| {
        let is_executable = scene.tree.get(&edge.to).is_some_and(Node::is_executable);
        edge.rule == Rule::String && is_executable && memchr::memmem::find(edge.to.file_name(), b".so").is_none()
    };
    if !holds_commands && !finding.edges.iter().any(is_program) {
        let what = "it starts programs by names that it does not hold";
        finding.unknown(path, place, what, "nothing is kept for it; --root names a command that must go on working");
    }
}

/// By what a binary starts programs.
fn starter(facts: &Facts, bytes: &[u8], texts: &Texts<'_>) -> Option<String> {
    let by_import = facts.imports.iter().find(|import| STARTERS.contains(&&import.name[..]));
    if let Some(import) = by_import {
        return Some(format!("import {}", String::from_utf8_lossy(&import.name)));
    }
    // What a linker leaves out is not called. Go's names of functions stay for stack traces; what Rust's library says of the call that
    // failed stays, too, where its C library is inside.
    let mark = if facts.go_buildinfo {
        GO_STARTS
    } else if texts.is_counted() && facts.is_static() {
        RUST_STARTS
    } else {
        return None;
    };
    memchr::memmem::find(bytes, mark.as_bytes()).map(|_| mark.to_owned())
}

/// Adds the programs in folders that a binary names as such, outside of `PATH`: it puts a program's name behind (`/usr/lib/cyrus/bin`), or
/// that of a folder in it with one (`/usr/lib/cups`, `%s/backend/%s`).
fn homes(
    scene: &Scene<'_>,
    path: &ImagePath,
    facts: &Facts,
    (bytes, texts): (&[u8], &Texts<'_>),
    finding: &mut Finding,
) {
    let starts =
        |import: &crate::elf::Import| import.name.starts_with(b"exec") || import.name.starts_with(b"posix_spawn");
    // A library may know the folder for another that starts what is in it; where programs for programs lie, nothing else does.
    let homes: &[&str] = if facts.imports.iter().any(starts) { &HOMES } else { &HOMES[..1] };
    // Most binaries name none of these places: their strings need not be cut once more.
    if !homes.iter().any(|home| memchr::memmem::find(bytes, home.as_bytes()).is_some()) {
        return;
    }
    let within = path.to_text();
    for (offset, text) in texts.paths().filter(|(_, text)| homes.iter().any(|home| text.starts_with(home))) {
        let folder = ImagePath::new(text).ok().and_then(|folder| scene.tree.lookup(&folder));
        let Some((folder, _)) =
            folder.filter(|(_, node)| node.is_directory() && !scene.knowledge.ignores(&within, text))
        else {
            continue;
        };
        let is_named = |part: &ImagePath| {
            let name = [b"%s/", part.file_name(), b"/"].concat();
            memchr::memmem::find(bytes, &name).is_some()
        };
        let parts = scene.tree.children(&folder).filter(|(part, node)| node.is_directory() && is_named(part));
        // Scripts among them are mostly for people, and for maintainers.
        let is_binary = |program: &ImagePath| scene.head(program).is_some_and(|head| crate::elf::is_elf(&head));
        let programs = parts.map(|(part, _)| part).chain([&folder]).flat_map(|folder| programs_of(scene, folder));
        let programs: Vec<ImagePath> = programs.filter(is_binary).collect();
        let evidence = format!("{text:?} at offset {offset:#x}, a folder of programs");
        let edges = programs.iter().flat_map(|program| scene.follow(Some(path), program, Rule::String, &evidence));
        finding.edges.extend(edges);
    }
}

/// Adds what the command lines start that a binary hands to the shell (`rm -rf cache`, `exec cc -o %s`); whether there are any.
fn commands(scene: &Scene<'_>, path: &ImagePath, facts: &Facts, texts: &Texts<'_>, finding: &mut Finding) -> bool {
    // Go and Rust start the shell by its name, as any other program.
    let has_shell = texts.is_counted() || facts.imports.iter().any(|import| SHELL_STARTERS.contains(&&import.name[..]));
    let before = finding.edges.len();
    for (offset, text) in texts.sentences() {
        let command = text.strip_prefix("exec ").unwrap_or(text);
        let mut words = command.split_whitespace();
        let (Some(first), Some(second), third) = (words.next(), words.next(), words.next()) else { continue };
        // A program's whole path in front says enough: the binary may cut the rest into words itself.
        let joins = || JOINS.iter().any(|sign| text.contains(sign)) && calls::is_rare(scene, text);
        let is_meant = first.starts_with('/') || has_shell && (is_argument(second, third) || joins());
        let begins = scene.is_program(first) || text.contains('\n') && script::begins(first);
        if !is_meant || !begins {
            continue;
        }
        let place = format!("offset {offset:#x}");
        // What the program puts in place of `%s` is no unknown of the shell's.
        let mut inner = Finding::default();
        script::quoted(scene, Some(path), &place, text, &mut inner);
        finding.edges.extend(inner.edges);
    }
    finding.edges.len() > before
}

/// Adds the programs whose names an application's own binary holds as texts of their own, `execvp("convert", …)`; whether there are any.
fn names(scene: &Scene<'_>, path: &ImagePath, texts: &Texts<'_>, finding: &mut Finding) -> bool {
    if !scene.is_applications(path) {
        return false;
    }
    let before = finding.edges.len();
    let is_long = |(_, name): &(u64, &str)| name.len() >= NAME_MINIMUM && !calls::is_common(name);
    // A text that is counted is one that the program means, not what happens to lie between two bytes; the beginning of a longer one may be
    // a short name by chance.
    let is_meant = |(_, name, is_whole): &(u64, &str, bool)| match TOOLS.contains(name) || name.len() < NAME_MINIMUM {
        true => *is_whole,
        false => !calls::is_common(name),
    };
    let counted = texts.counted_words().filter(is_meant).map(|(offset, name, _)| (offset, name));
    let ended = texts.words().filter(is_long);
    // Programs name shells for what completes words in them, too.
    let takes_text = texts.sure().any(|(_, text)| text == "-c");
    let is_plain = |(_, name): &(u64, &str)| PLAIN.binary_search(name).is_ok() || takes_text && launch::is_shell(name);
    let plain = texts.sure().filter(is_plain);
    for (offset, name) in ended.chain(counted).filter(|(_, name)| calls::is_special(scene, name)).chain(plain) {
        let evidence = format!("{name:?} at offset {offset:#x}");
        finding.edges.extend(scene.command(Some(path), name, &evidence).unwrap_or_default());
    }
    finding.edges.len() > before
}

/// Whether a word is an argument of a command, and not the second word of a sentence: an option, a path, or a place for a value that no
/// other word follows.
fn is_argument(word: &str, next: Option<&str>) -> bool {
    let option = word.strip_prefix('-').map(|rest| rest.trim_start_matches('-'));
    let goes_on = || next.is_some_and(|next| next.starts_with(char::is_alphanumeric));
    option.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        || word.starts_with('/')
        || word == "%s" && !goes_on()
}

/// Whether a program without a loader calls the shell through its C library, as far as its symbol table tells; `None` without one.
pub(super) fn calls_shell(bytes: &[u8]) -> Option<bool> {
    let named = |name: &[u8]| memchr::memmem::find(bytes, &[b"\0", name, b"\0"].concat()).is_some();
    named(b"main").then(|| SHELL_STARTERS.iter().any(|name| named(name)))
}
