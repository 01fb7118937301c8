//! How a container starts: the fields of an image's configuration that name programs and files, and the roots they give.

mod env;
mod first_line;
mod words;

pub use first_line::{FirstLine, LINE_LIMIT};
pub use words::{UnclosedQuote, words};

use crate::graph::{Edge, Rule, Unknown};
use crate::path::ImagePath;
use crate::tree::Tree;
use recipes::{Operands, Wrapper};

/// What `PATH` is when the image does not set it, as container runtimes do.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The part of an image's configuration that decides what runs (OCI image specification, "config").
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Launch {
    /// `Entrypoint`.
    pub entrypoint: Vec<String>,
    /// `Cmd`: arguments of the entrypoint, or the command itself.
    pub command: Vec<String>,
    /// `Env`, in order.
    pub env: Vec<(String, String)>,
    /// `User`: `name`, `uid`, `name:group`.
    pub user: Option<String>,
    /// `WorkingDir`.
    pub workdir: Option<String>,
    /// `Healthcheck.Test`: `["CMD", …]`, `["CMD-SHELL", "…"]`, or `["NONE"]`.
    pub healthcheck: Vec<String>,
    /// `Shell`: what `CMD-SHELL` runs in, where it is not `/bin/sh -c`.
    pub shell: Vec<String>,
    /// `Volumes`.
    pub volumes: Vec<String>,
    /// More commands that must go on working, each in the shell's words: the user's own roots.
    pub extra: Vec<String>,
}

/// Where following begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roots {
    /// The command lines that are started, each with where it is said: `entrypoint`.
    pub commands: Vec<(String, Vec<String>)>,
    /// Directories that are in use from the start.
    pub edges: Vec<Edge>,
    /// What cannot be known.
    pub unknowns: Vec<Unknown>,
}

impl Launch {
    /// Every text of the image's configuration that programs are told, words of commands and values of variables; each with where it stands.
    pub fn told(&self) -> impl Iterator<Item = (&str, String)> {
        let words = self.entrypoint.iter().chain(&self.command).chain(&self.extra).chain(&self.healthcheck);
        let words = words.map(|word| (&**word, format!("the command line has {word}")));
        words.chain(self.env.iter().map(|(name, value)| (&**value, format!("environment {name}={value}"))))
    }

    /// The command line that the container starts: `Entrypoint` with `Cmd` behind it.
    pub fn argv(&self) -> Vec<String> {
        self.entrypoint.iter().chain(&self.command).cloned().collect()
    }

    /// A variable of the image's environment; of several the last counts.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of `PATH`.
    pub fn path(&self) -> &str {
        self.variable("PATH").unwrap_or(DEFAULT_PATH)
    }

    /// The directories that commands are looked up in.
    pub fn search_path(&self) -> Vec<ImagePath> {
        folders(self.path()).collect()
    }

    /// Where a command is, as `execvp` would find it: a name with a slash from the working directory, others along `PATH`.
    /// The path may be a link.
    pub fn find(&self, tree: &Tree, command: &str) -> Option<ImagePath> {
        let is_file = |path: &ImagePath| tree.lookup(path).is_some_and(|(_, node)| node.as_file().is_some());
        if command.contains('/') {
            let path = self.absolute(command)?;
            return is_file(&path).then_some(path);
        }
        let candidates = self.search_path().into_iter().filter_map(|directory| directory.join(command).ok());
        candidates.into_iter().find(|path| !command.is_empty() && is_file(path))
    }

    /// As [`Launch::find`], for a link that leads nowhere: the command is there by name, and broken.
    pub fn broken(&self, tree: &Tree, command: &str) -> Option<ImagePath> {
        let is_link = |path: &ImagePath| {
            let place = tree.resolve_parent(path).ok();
            place.and_then(|place| tree.get(&place.path)).is_some_and(|node| node.as_symlink().is_some())
        };
        let candidates = match command.contains('/') {
            true => self.absolute(command).into_iter().collect(),
            false => self.search_path(),
        };
        let named = |path: ImagePath| if command.contains('/') { Some(path) } else { path.join(command).ok() };
        candidates.into_iter().filter_map(named).find(|path| is_link(path) && tree.resolve(path).is_err())
    }

    /// A name from the working directory. `..` takes a name back; what a link on the way leads to is not asked.
    pub fn absolute(&self, name: &str) -> Option<ImagePath> {
        let from = if name.starts_with('/') { "" } else { self.workdir.as_deref().unwrap_or("/") };
        let mut names = Vec::new();
        for part in from.split('/').chain(name.split('/')).filter(|part| !matches!(*part, "" | ".")) {
            match part {
                ".." => {
                    names.pop();
                }
                part => names.push(part),
            }
        }
        ImagePath::new(format!("/{}", names.join("/"))).ok()
    }

    /// The roots of the image: what its configuration runs and names.
    pub fn roots(&self, tree: &Tree) -> Roots {
        let mut roots = Roots::default();
        let argv = self.argv();
        let place = if self.entrypoint.is_empty() { "command" } else { "entrypoint" };
        if argv.is_empty() {
            roots.unknown(place, "the image starts nothing of its own", "only the application's files are roots");
        }
        roots.commands.push((place.to_owned(), argv));
        match self.healthcheck.split_first() {
            Some((kind, test)) if kind == "CMD" => roots.commands.push(("healthcheck".to_owned(), test.to_vec())),
            Some((kind, test)) if kind == "CMD-SHELL" => {
                let shell = ["/bin/sh".to_owned(), "-c".to_owned()];
                let shell = if self.shell.is_empty() { &shell[..] } else { &self.shell };
                roots.commands.push(("healthcheck".to_owned(), shell.iter().chain(test).cloned().collect()));
            }
            _ => {}
        }
        for extra in &self.extra {
            let place = format!("--root {extra}");
            match words(extra) {
                Ok(words) => roots.commands.push((place, words)),
                Err(error) => roots.unknown(&place, &error.to_string(), "nothing is kept for it"),
            }
        }
        let directories = self.workdir.iter().map(|name| (name, "working directory"));
        for (name, place) in directories.chain(self.volumes.iter().map(|name| (name, "volume"))) {
            if let Some(path) = self.absolute(name).filter(|path| tree.contains(path)) {
                roots.edges.push(Edge::root(path, Rule::Root, place).of_file());
            }
        }
        roots
    }
}

impl Roots {
    fn unknown(&mut self, place: &str, what: &str, taken: &str) {
        let unknown = Unknown { at: None, place: place.into(), what: what.into(), taken: taken.into() };
        self.unknowns.push(unknown);
    }
}

/// The directories of a `PATH`, relative ones aside.
pub fn folders(path: &str) -> impl Iterator<Item = ImagePath> {
    path.split(':').filter(|part| part.starts_with('/')).filter_map(|part| ImagePath::new(part).ok())
}

/// Whether a program of this name takes `-c TEXT`.
pub fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" | "mksh")
}

/// Whether an option of a shell, or of su, asks for a login shell: `-l`, `-lc`, `--login`.
pub fn is_login(option: &str) -> bool {
    option == "--login" || option.starts_with('-') && !option.starts_with("--") && option.contains('l')
}

/// The arguments of a wrapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// What it is told itself: options, and operands of its own.
    pub before: Vec<String>,
    /// The command that it starts, with its arguments.
    pub command: Vec<String>,
}

/// Parts a wrapper's arguments by its grammar.
pub fn wrapped(wrapper: &Wrapper, arguments: &[String]) -> Wrapped {
    if wrapper.operands == Operands::Env {
        let (mut before, at) = env::read(arguments);
        let command = before.split_off(at);
        return Wrapped { before, command };
    }
    if !wrapper.program.is_empty() {
        return by_option(wrapper, arguments);
    }
    let is_operand = |argument: &String| wrapper.operands == Operands::Optional && !argument.starts_with('-');
    let mut at = usize::from(arguments.len() > 1 && arguments.first().is_some_and(is_operand));
    while let Some(argument) = arguments.get(at) {
        if argument == "--" {
            at += 1;
            break;
        }
        if !argument.starts_with('-') || argument == "-" {
            break;
        }
        at += 1 + usize::from(wrapper.valued.contains(argument));
    }
    at += match wrapper.operands {
        Operands::None | Operands::Optional | Operands::Shell | Operands::Applet | Operands::Env => 0,
        Operands::One => 1,
        Operands::Assignments => arguments
            .iter()
            .skip(at)
            .take_while(|argument| argument.contains('=') && !argument.starts_with('/'))
            .count(),
    };
    let (before, rest) = arguments.split_at(at.min(arguments.len()));
    // Some write the separator after the first operand, too: `gosu user -- program`.
    let rest = rest.strip_prefix(&["--".to_owned()][..]).unwrap_or(rest);
    Wrapped { before: before.to_vec(), command: rest.to_vec() }
}

/// As [`wrapped`], where an option names the program: `start-stop-daemon --start --startas PROGRAM -- ARGUMENT`.
fn by_option(wrapper: &Wrapper, arguments: &[String]) -> Wrapped {
    let (mut before, mut passed, mut named) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            passed.extend(rest.by_ref().cloned());
        } else if !argument.starts_with('-') {
            passed.push(argument.clone());
        } else {
            let (option, glued) = argument.split_once('=').map_or((&**argument, None), |(o, value)| (o, Some(value)));
            let rank = wrapper.program.iter().position(|name| name == option);
            let is_valued = rank.is_some() || wrapper.valued.iter().any(|name| name == option);
            let value = match glued {
                Some(value) => Some(value.to_owned()),
                None if is_valued => rest.next().cloned(),
                None => None,
            };
            match (rank, value) {
                (Some(rank), Some(value)) => named.push((rank, value)),
                (_, value) => before.extend(std::iter::once(option.to_owned()).chain(value)),
            }
        }
    }
    named.sort();
    let program = named.into_iter().next();
    let command = program.map(|(_, program)| std::iter::once(program).chain(passed).collect());
    Wrapped { before, command: command.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text;

    #[test]
    fn the_search_path_is_the_images_own() {
        let tree = text::tree("/opt/bin/nginx = x\n/usr/sbin/nginx = x\n/opt/bin/dir/").unwrap();
        let mut launch = Launch::default();
        assert_eq!(launch.find(&tree, "nginx").unwrap().to_string(), "/usr/sbin/nginx");
        launch.env.push(("PATH".into(), "relative:/opt/bin:/usr/sbin".into()));
        assert_eq!(launch.find(&tree, "nginx").unwrap().to_string(), "/opt/bin/nginx");
        assert_eq!(launch.find(&tree, "dir"), None, "a directory is no command");
        launch.workdir = Some("/opt".into());
        assert_eq!(launch.find(&tree, "./bin/nginx").unwrap().to_string(), "/opt/bin/nginx");
        assert_eq!(launch.find(&tree, "../usr/./bin/../sbin/nginx").unwrap().to_string(), "/usr/sbin/nginx");
    }
}
