//! How a container starts: the fields of an image's configuration that name programs and files, and the roots they give.

mod words;

pub use words::{UnclosedQuote, words};

use crate::graph::{Edge, Rule, Unknown};
use crate::path::ImagePath;
use crate::tree::Tree;
use recipes::{Operands, Recipes, Wrapper};

/// What `PATH` is when the image does not set it, as container runtimes do.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How deep wrappers may nest: `tini -- env X=1 gosu redis …`.
const WRAPPER_LIMIT: usize = 16;

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
    /// Paths that are in use from the start.
    pub edges: Vec<Edge>,
    /// Script text that the configuration holds, with where it stands: `/bin/sh -c "…"`.
    pub snippets: Vec<(String, String)>,
    /// What names nothing in the image.
    pub unknowns: Vec<Unknown>,
}

impl Launch {
    /// Every text of the image's configuration that programs are told: words of commands, values of variables.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        let words = self.entrypoint.iter().chain(&self.command).chain(&self.extra).chain(&self.healthcheck);
        words.chain(self.env.iter().map(|(_, value)| value)).map(String::as_str)
    }

    /// A variable of the image's environment; of several the last counts.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The directories that commands are looked up in.
    pub fn search_path(&self) -> Vec<ImagePath> {
        let path = self.variable("PATH").unwrap_or(DEFAULT_PATH);
        path.split(':').filter(|part| part.starts_with('/')).filter_map(|part| ImagePath::new(part).ok()).collect()
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

    /// A name from the working directory; without `..`.
    pub fn absolute(&self, name: &str) -> Option<ImagePath> {
        match name.starts_with('/') {
            true => ImagePath::new(name).ok(),
            false => ImagePath::new(self.workdir.as_deref().unwrap_or("/")).ok()?.join(name).ok(),
        }
    }

    /// The roots of the image: what its configuration runs and names.
    pub fn roots(&self, tree: &Tree, recipes: &Recipes) -> Roots {
        let mut roots = Roots::default();
        let argv: Vec<String> = self.entrypoint.iter().chain(&self.command).cloned().collect();
        let place = if self.entrypoint.is_empty() { "command" } else { "entrypoint" };
        if argv.is_empty() {
            roots.unknown(place, "the image starts nothing of its own", "only the application's files are roots");
        }
        self.run(&argv, place, tree, recipes, &mut roots, 0);
        match self.healthcheck.split_first() {
            Some((kind, test)) if kind == "CMD" => self.run(test, "healthcheck", tree, recipes, &mut roots, 0),
            Some((kind, test)) if kind == "CMD-SHELL" => {
                let shell = ["/bin/sh".to_owned(), "-c".to_owned()];
                let shell = if self.shell.is_empty() { &shell[..] } else { &self.shell };
                let argv: Vec<String> = shell.iter().chain(test).cloned().collect();
                self.run(&argv, "healthcheck", tree, recipes, &mut roots, 0);
            }
            _ => {}
        }
        for extra in &self.extra {
            let place = format!("--root {extra}");
            match words(extra) {
                Ok(words) => self.run(&words, &place, tree, recipes, &mut roots, 0),
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

    fn run(&self, argv: &[String], place: &str, tree: &Tree, recipes: &Recipes, roots: &mut Roots, depth: usize) {
        let Some((program, arguments)) = argv.split_first() else { return };
        if depth > WRAPPER_LIMIT {
            return roots.unknown(place, "wrappers are nested too deep", "the rest is not followed");
        }
        match self.find(tree, program) {
            Some(path) => roots.edges.push(Edge::root(path, Rule::Root, format!("{place} runs {program}"))),
            None => {
                let broken = self.broken(tree, program);
                roots.edges.extend(broken.map(|path| Edge::root(path, Rule::Root, format!("{place} runs {program}"))));
                roots.unknown(place, &format!("{program} is not in the image"), "nothing is kept for it");
            }
        }
        let name = program.rsplit('/').next().unwrap_or(program);
        if is_shell(name) {
            if let Some(text) = shell_text(arguments) {
                roots.snippets.push((place.to_owned(), text.to_owned()));
            }
        } else if let Some(wrapper) = recipes.wrapper(name) {
            if let Some(text) = Some(arguments).filter(|_| wrapper.operands == Operands::Shell).and_then(shell_text) {
                roots.snippets.push((place.to_owned(), text.to_owned()));
            }
            return self.run(wrapped(wrapper, arguments), place, tree, recipes, roots, depth + 1);
        }
        self.arguments(arguments, place, tree, roots);
    }

    /// Arguments that name files are in use, and the first one may be a command: an entrypoint script's `exec "$@"`.
    fn arguments(&self, arguments: &[String], place: &str, tree: &Tree, roots: &mut Roots) {
        for (index, argument) in arguments.iter().enumerate() {
            let value = argument.split_once('=').map_or(argument.as_str(), |(_, value)| value);
            let path = if value.starts_with('/') {
                ImagePath::new(value).ok()
            } else if index == 0 && !argument.starts_with('-') {
                self.find(tree, argument).or_else(|| self.absolute(argument))
            } else {
                self.absolute(argument).filter(|path| !path.is_root())
            };
            if let Some(path) = path.filter(|path| tree.resolve(path).is_ok()) {
                roots.edges.push(Edge::root(path, Rule::Root, format!("{place} has the argument {argument}")));
            }
        }
    }
}

impl Roots {
    fn unknown(&mut self, place: &str, what: &str, taken: &str) {
        let unknown = Unknown { at: None, place: place.into(), what: what.into(), taken: taken.into() };
        self.unknowns.push(unknown);
    }
}

/// Whether a program of this name takes `-c TEXT`.
pub fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" | "mksh")
}

/// The text of `-c TEXT`, also `-ec TEXT` and `-o pipefail -c TEXT`.
fn shell_text(arguments: &[String]) -> Option<&str> {
    let at = arguments.iter().position(|a| a.starts_with('-') && !a.starts_with("--") && a.ends_with('c'))?;
    arguments.get(at + 1).map(String::as_str)
}

/// The command among a wrapper's arguments, by its grammar.
pub fn wrapped<'a>(wrapper: &Wrapper, arguments: &'a [String]) -> &'a [String] {
    let mut at = 0;
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
        Operands::None | Operands::Shell => 0,
        Operands::One => 1,
        Operands::Assignments => arguments
            .iter()
            .skip(at)
            .take_while(|argument| argument.contains('=') && !argument.starts_with('/'))
            .count(),
    };
    let rest = arguments.get(at..).unwrap_or(&[]);
    // Some write the separator after the first operand, too: `gosu user -- program`.
    rest.strip_prefix(&["--".to_owned()][..]).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text;

    fn words(text: &str) -> Vec<String> {
        // The entrypoints of these tests need no quotes.
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn roots(entrypoint: &str, tree: &str) -> Roots {
        let launch = Launch { entrypoint: words(entrypoint), ..Launch::default() };
        launch.roots(&text::tree(tree).unwrap(), &Recipes::embedded().unwrap())
    }

    fn paths(roots: &Roots) -> Vec<String> {
        roots.edges.iter().map(|edge| edge.to.to_text()).collect()
    }

    const TREE: &str = "/usr/bin/tini = x\n/usr/bin/env = x\n/usr/sbin/gosu = x\n/usr/sbin/nginx = x\n/usr/bin/nice = x\n/bin/sh = x\n/app/main = x";

    #[test]
    fn wrappers_lead_to_what_they_run() {
        let cases = [
            ("nginx -g x", "nginx"),
            ("tini -- nginx", "tini nginx"),
            ("tini -p SIGTERM -g nginx", "tini nginx"),
            ("env -i -u HOME A=b nginx", "env nginx"),
            ("gosu www-data:www-data nginx", "gosu nginx"),
            ("/usr/bin/tini -g -- /usr/bin/env X=/app gosu 33 nice -n 5 nginx", "tini env gosu nice nginx"),
        ];
        for (argv, expected) in cases {
            let found = paths(&roots(argv, TREE));
            let names: Vec<_> = found.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
            assert_eq!(names, expected.split(' ').collect::<Vec<_>>(), "{argv}");
        }
    }

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
    }

    #[test]
    fn shell_form_is_text_to_be_read() {
        let launch =
            Launch { entrypoint: vec!["/bin/sh".into(), "-ec".into(), "exec nginx".into()], ..Launch::default() };
        let roots = launch.roots(&text::tree(TREE).unwrap(), &Recipes::embedded().unwrap());
        assert_eq!(roots.snippets, [("entrypoint".to_owned(), "exec nginx".to_owned())]);
    }

    #[test]
    fn a_health_check_is_a_root_and_a_missing_command_is_told() {
        let mut launch = Launch { command: words("gone"), ..Launch::default() };
        launch.healthcheck = vec!["CMD-SHELL".into(), "nginx -t".into()];
        let roots = launch.roots(&text::tree(TREE).unwrap(), &Recipes::embedded().unwrap());
        assert_eq!(roots.snippets.len(), 1);
        assert_eq!(roots.unknowns.len(), 1);
        assert!(roots.unknowns[0].to_string().contains("gone is not in the image"));
    }

    #[test]
    fn more_commands_are_roots_and_say_where_they_come_from() {
        let extra = vec!["nice -n 5 '/app/main'".to_owned(), "tini && nginx".to_owned(), "nginx 'x".to_owned()];
        let launch = Launch { extra, entrypoint: words("nginx"), ..Launch::default() };
        let roots = launch.roots(&text::tree(TREE).unwrap(), &Recipes::embedded().unwrap());
        let evidence: Vec<_> = roots.edges.iter().map(|edge| edge.evidence.as_str()).collect();
        assert!(evidence.contains(&"--root nice -n 5 '/app/main' runs /app/main"), "{evidence:?}");
        assert_eq!(roots.snippets, [("--root tini && nginx".to_owned(), "tini && nginx".to_owned())]);
        assert!(roots.unknowns[0].to_string().contains("not closed"));
    }

    #[test]
    fn arguments_that_name_files_are_in_use() {
        assert_eq!(
            paths(&roots("nginx /app/main --config=/usr/bin/env /none", TREE)),
            ["/usr/sbin/nginx", "/app/main", "/usr/bin/env"]
        );
    }
}
