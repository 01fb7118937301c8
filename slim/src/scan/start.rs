//! What a command line starts: its program, and what its arguments make that program start in turn.
//!
//! `tini -- gosu app server`, `sh -c "exec server"`, `su app -c server`, `/entrypoint.sh server`: whoever writes it, the image's configuration,
//! a supervisor's or a script, it is read here.

use super::config::users::users;
use super::script::{self, Values};
use super::{Finding, Language, Scene, awk, calls, config, environment, inline, make, options, python, seek};
use crate::graph::{Rule, Unknown};
use crate::launch::{self, FirstLine, is_shell};
use crate::path::ImagePath;
use recipes::{ConfigKind, Operands, Wrapper};

/// How deep command lines may nest: `tini -- env X=1 gosu redis …`.
const DEPTH_LIMIT: usize = 16;

/// As much of a program as tells whether it is a script.
const HEAD: usize = 2;

/// Programs whose arguments are names of packages and of tasks, which may be those of programs, too.
const MANAGERS: [&str; 12] =
    ["bundle", "cargo", "composer", "gem", "go", "npm", "npx", "pip", "pip3", "pnpm", "poetry", "yarn"];

/// Who says that a program is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// The image's configuration, or the user.
    Image,
    /// A configuration file.
    Configuration,
    /// A script, in which a word may be computed: such a word is written as the script does, `$NAME`.
    Script,
}

/// A reader of command lines that stand in one place.
pub(super) struct Start<'s, 'a> {
    /// What may be looked at.
    pub scene: &'s Scene<'a>,
    /// The file that says it; `None` for the image's configuration.
    pub from: Option<&'s ImagePath>,
    /// Where it stands: `entrypoint`, `line 3`.
    pub place: &'s str,
    /// Who says it.
    pub voice: Voice,
    /// What variables are where it stands.
    pub values: &'s Values,
    /// What is found.
    pub finding: &'s mut Finding,
}

/// Adds what a command line of an image's or a program's configuration starts.
pub fn find(scene: &Scene<'_>, from: Option<&ImagePath>, place: &str, words: &[String], finding: &mut Finding) {
    let voice = if from.is_none() { Voice::Image } else { Voice::Configuration };
    Start { scene, from, place, voice, values: &Values::default(), finding }.run(words, 0);
}

impl Start<'_, '_> {
    /// A program with its arguments.
    pub(super) fn run(&mut self, words: &[String], depth: usize) {
        let Some((program, arguments)) = words.split_first() else { return };
        if depth > DEPTH_LIMIT {
            return self.unknown("wrappers are nested too deep", "the rest is not followed");
        }
        // No program's name begins with a dash: it is an option that the grammar before did not know, such as `flock FILE -c TEXT`.
        if program.starts_with('-') {
            let _ = self.text_of(words, depth);
            return;
        }
        // `parallel 'tool {}'`: some are told a text for the shell where others are told a program.
        if depth > 0 && program.contains(char::is_whitespace) && self.values.find(self.scene, program).is_none() {
            return self.text(program, depth);
        }
        if self.voice == Voice::Script && program.contains('$') {
            if !is_positional(program) {
                self.computed(program);
            }
            return;
        }
        let launch = self.scene.launch;
        let path = self.values.find(self.scene, program);
        match path.clone().or_else(|| launch.broken(self.scene.tree, program)) {
            Some(path) => self.uses(&path, program),
            None if self.voice == Voice::Script => {}
            None => self.unknown(&format!("{program} is not in the image"), "nothing is kept for it"),
        }
        self.told(program, path.as_ref(), arguments, depth);
    }

    /// A command whose name is not known, or only its last part: `"$bin/initdb"` may be any program of that name.
    pub(super) fn computed(&mut self, program: &str) {
        let name = program.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.contains(['$', '`', '*', '?']));
        let found = name.map(|name| self.scene.programs.named(name)).unwrap_or_default();
        for path in found {
            self.uses(path, program);
        }
        let taken = if found.is_empty() { "nothing is kept for it" } else { "every program of its name stays" };
        self.unknown(&format!("the command is {program}"), taken);
    }

    /// `find FOLDER -exec sh {} ;`: the command, and what an interpreter reads of the files that are found.
    fn on_each(&mut self, arguments: &[String], depth: usize) {
        let reads = |name: &String| is_shell(name) || Language::of_interpreter(name).is_some();
        for command in seek::executed(arguments) {
            self.run(command, depth + 1);
            if command.first().is_some_and(reads) && command.get(1).is_some_and(|word| word == "{}") {
                for file in seek::listed(self.scene, self.values, arguments) {
                    let put = |word: &String| if word == "{}" { file.to_text() } else { word.clone() };
                    self.run(&command.iter().map(put).collect::<Vec<_>>(), depth + 1);
                }
            }
        }
    }

    /// What a program, wherever it is, starts because of its arguments.
    fn told(&mut self, program: &str, path: Option<&ImagePath>, arguments: &[String], depth: usize) {
        let name = program.rsplit('/').next().unwrap_or(program);
        if is_shell(name) {
            self.shell(arguments, depth);
        } else if python::is_interpreter(name) {
            let line =
                std::iter::once(program).chain(arguments.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
            let place = if self.voice == Voice::Image { &line } else { self.place };
            let names_one = python::arguments(self.scene, self.from, arguments, place, self.finding);
            if !names_one && self.voice == Voice::Image {
                // Somebody may sit at a terminal.
                self.finding.imports.insert("python readline".to_owned());
                let what = "Python is started without a program, and can be told any".to_owned();
                let taken = "modules that nothing imports go; --keep names those that are wanted".to_owned();
                self.finding.unknowns.push(Unknown { at: None, place: line, what, taken });
            }
        } else if name == "find" {
            self.on_each(arguments, depth);
            let evidence = format!("{}: find {}", self.place, arguments.join(" "));
            for path in seek::sought(self.scene, self.values, arguments) {
                self.finding.edges.extend(self.scene.follow(self.from, &path, self.rule(), &evidence));
            }
        } else if name.ends_with("awk") {
            self.programs_of_awk(arguments);
        } else if name == "run-parts" {
            arguments.iter().for_each(|folder| self.all_of(folder));
        } else if let Some(wrapper) = self.scene.knowledge.wrapper(name) {
            return self.wrapped(wrapper, arguments, depth);
        } else {
            self.configured(path, arguments);
            if name == "crontab" {
                self.table(arguments);
            }
            let after = arguments.iter().position(|argument| argument == "--").map(|at| &arguments[at + 1..]);
            let hands_on = path.is_some_and(|path| self.hands_on(path));
            if self.voice == Voice::Image || hands_on {
                self.passed(arguments, depth);
                // A word for the script itself may come first: `worker celery`.
                let is_word = |word: &String| !word.starts_with('-') && self.values.find(self.scene, word).is_none();
                if let Some((_, behind)) = arguments.split_first().filter(|(word, _)| hands_on && is_word(word)) {
                    self.passed(behind, depth);
                }
            } else if let (Some(after), true) = (after, path.is_some_and(|path| self.is_foreign(path))) {
                self.passed(after, depth);
            }
        }
        match name {
            // A command that git does not have inside is a program of its own (git(1)).
            "git" => {
                let command = arguments.iter().find(|argument| !argument.starts_with('-'));
                let path = command.and_then(|command| self.values.find(self.scene, &format!("git-{command}")));
                path.iter().for_each(|path| self.uses(path, "git"));
            }
            "make" | "gmake" => self.made(arguments),
            _ => {}
        }
        // What a shell script does with its arguments is read there.
        let is_told = |path: &ImagePath| self.is_own(path) && !self.is_shell_script(path);
        if path.is_some_and(is_told) && Language::of_interpreter(name).is_none() && !MANAGERS.contains(&name) {
            self.handed(arguments);
        }
        self.by_options(name, path, arguments, depth);
        self.source(name, arguments);
        self.files(arguments);
    }

    /// Commands that a program of the application's own is told by arguments: `worker --filter 'pv -q' --tool=uchardet`.
    fn handed(&mut self, arguments: &[String]) {
        let mut option = "";
        for argument in arguments {
            let (name, value) = match argument.split_once('=').filter(|(name, _)| name.starts_with('-')) {
                Some((name, value)) => (name, value),
                None if argument.starts_with('-') => {
                    option = argument;
                    continue;
                }
                None => (std::mem::take(&mut option), argument.as_str()),
            };
            environment::variable(self.scene, self.from, self.place, name, value, self.finding);
        }
    }

    /// `python3 FILE`: what the interpreter is given is a source, whatever its name and its first line say.
    fn source(&mut self, name: &str, arguments: &[String]) {
        let Some(language) = Language::of_interpreter(name) else { return };
        let Some(file) = arguments.iter().find(|argument| !argument.starts_with('-')) else { return };
        let found = |path: ImagePath| self.scene.tree.lookup(&path).map(|(real, _)| real);
        let beside = || self.from.and_then(|from| from.parent()?.join_relative(file)).and_then(found);
        let path = self.values.place(self.scene, file).and_then(found).or_else(beside);
        let Some(path) = path.filter(|path| self.finding.sourced.insert(path.clone())) else { return };
        let evidence = format!("{}: {name} is given {file}", self.place);
        self.finding.edges.extend(self.scene.follow(self.from, &path, self.rule(), &evidence));
        if let Some(bytes) = self.scene.read(&path)
            && !bytes.contains(&0)
            && Language::of(&path, &bytes).is_none()
        {
            inline::find(self.scene, Some(&path), "a source", language, &String::from_utf8_lossy(&bytes), self.finding);
        }
    }

    /// Whether a program belongs to no package: of what follows a `--` it mostly starts the first.
    fn is_foreign(&self, path: &ImagePath) -> bool {
        self.scene.tree.lookup(path).is_some_and(|(real, _)| !self.scene.inventory.is_owned(&real))
    }

    fn is_own(&self, path: &ImagePath) -> bool {
        self.scene.tree.lookup(path).is_some_and(|(real, _)| self.scene.is_applications(&real))
    }

    fn is_shell_script(&self, path: &ImagePath) -> bool {
        let file = self.scene.tree.lookup(path).and_then(|(_, node)| node.as_file());
        let head = file.and_then(|file| self.scene.contents.head(&file.content, launch::LINE_LIMIT).ok());
        head.and_then(|head| FirstLine::new(&head)).is_some_and(|line| line.names_shell())
    }

    /// `crontab FILE` (crontab(1)).
    fn table(&mut self, arguments: &[String]) {
        let files: Vec<ImagePath> = arguments.iter().filter_map(|argument| self.file_of(argument)).collect();
        for file in files {
            // A table may set itself.
            if self.finding.sourced.insert(file.clone()) {
                config::find(self.scene, ConfigKind::Crontab, &file, self.finding);
            }
        }
    }

    /// The recipes of a makefile.
    fn made(&mut self, arguments: &[String]) {
        for path in make::files(self.scene, self.values, arguments) {
            let evidence = format!("{}: make reads {path}", self.place);
            self.finding.edges.extend(self.scene.follow(self.from, &path, Rule::Source, &evidence));
            if self.finding.sourced.insert(path.clone()) {
                make::find(self.scene, &path, self.finding);
            }
        }
    }

    /// What a program starts because of its options.
    fn by_options(&mut self, name: &str, path: Option<&ImagePath>, arguments: &[String], depth: usize) {
        if let Some((language, text)) = inline::told(name, arguments) {
            // It is the interpreter that loads what the image's configuration tells it.
            let real = path.and_then(|path| Some(self.scene.tree.lookup(path)?.0));
            let from = self.from.or(real.as_ref());
            inline::find(self.scene, from, self.place, language, &text, self.finding);
        }
        let known = self.scene.knowledge.options(name);
        let started: Vec<options::Started> = known.map(|known| options::started(known, arguments)).collect();
        for options::Started { texts, programs } in started {
            texts.iter().for_each(|text| self.text(text, depth));
            for program in programs {
                if let Some(path) = self.values.find(self.scene, &program) {
                    self.uses(&path, &program);
                }
            }
        }
    }

    /// Libraries that the loader is told to map into a program: `env LD_PRELOAD=libjemalloc.so.2 app`.
    fn preloads(&mut self, words: &[String]) {
        for (name, value) in words.iter().filter_map(|word| word.split_once('=')) {
            if !script::PRELOADS.contains(&name) {
                continue;
            }
            let evidence = format!("{}: {name}", self.place);
            for library in value.split([' ', ':']).filter(|library| !library.is_empty()) {
                self.finding.edges.extend(match library.contains('/') {
                    true => self.scene.follow_name(self.from, library, Rule::Needed, &evidence),
                    false => self.scene.libraries_named(self.from, library.as_bytes(), &evidence),
                });
            }
        }
    }

    /// `awk PROGRAM`, whose text may start others, `awk -f FILE`, and `awk -v command='sort -u'`.
    fn programs_of_awk(&mut self, arguments: &[String]) {
        for (index, text) in arguments.iter().enumerate() {
            awk::text(self.scene, self.from, self.place, text, self.finding);
            let before = index.checked_sub(1).map(|at| arguments[at].as_str());
            match (before, text.split_once('=')) {
                (Some("-f" | "--file"), _) => {
                    let Some(path) = self.values.place(self.scene, text) else { continue };
                    let evidence = format!("{}: awk reads {text}", self.place);
                    self.finding.edges.extend(self.scene.follow(self.from, &path, Rule::Source, &evidence));
                    if let Some(program) =
                        self.scene.read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                    {
                        inline::find(
                            self.scene,
                            Some(&path),
                            "a program of awk",
                            Language::Awk,
                            &program,
                            self.finding,
                        );
                    }
                }
                (Some("-v"), Some((_, value))) => {
                    calls::start(self.scene, self.from, self.place, &[value.to_owned()], self.finding);
                }
                _ => {}
            }
        }
    }

    /// `run-parts FOLDER` (run-parts(8)).
    fn all_of(&mut self, folder: &str) {
        let path = Some(folder).filter(|name| name.starts_with('/')).and_then(|name| ImagePath::new(name).ok());
        let Some((folder, _)) = path.and_then(|path| self.scene.tree.lookup(&path)) else { return };
        let evidence = format!("{}: runs what is in {folder}", self.place);
        for (path, _) in self.scene.tree.children(&folder) {
            self.finding.edges.extend(self.scene.follow(self.from, path, self.rule(), &evidence));
        }
    }

    /// `sh -c TEXT`, `sh FILE`: both with arguments of their own.
    fn shell(&mut self, arguments: &[String], depth: usize) {
        let options = &arguments[..arguments.len() - operands(arguments).len()];
        if options.iter().any(|option| launch::is_login(option)) {
            script::profiles(self.scene, self.from, self.place, self.finding);
        }
        if self.text_of(arguments, depth) {
            return;
        }
        let Some((file, passed)) = operands(arguments).split_first() else { return };
        let in_place = self.values.place(self.scene, file).filter(|path| self.scene.tree.lookup(path).is_some());
        let Some(path) = in_place.or_else(|| self.values.find(self.scene, file)) else {
            if file.contains('$') && !is_positional(file) {
                let evidence = format!("{}: a shell is given {file}", self.place);
                let (scene, from) = (self.scene, self.from);
                let taken = script::included_any(scene, from, file, &evidence, self.values, self.finding, depth);
                self.unknown(&format!("the script that a shell is given is {file}"), taken);
            }
            return;
        };
        let evidence = format!("{}: a shell is given {file}", self.place);
        script::included(self.scene, self.from, &path, &evidence, self.values, self.finding, depth);
        self.passed(passed, depth);
    }

    /// Reads the text of `-c TEXT`, whose `"$@"` are the words after its name; whether there is one.
    fn text_of(&mut self, arguments: &[String], depth: usize) -> bool {
        let Some(at) = text_at(arguments) else { return false };
        let Some(text) = arguments.get(at) else { return true };
        self.text(text, depth);
        // What follows the text is its `$0`, which is a name mostly, and its `$@`.
        let skipped = if text.contains("$0") { 1 } else { 2 };
        if let Some(passed) = arguments.get(at + skipped..) {
            self.passed(passed, depth);
        }
        true
    }

    /// Shell text that is an argument.
    pub(super) fn text(&mut self, text: &str, depth: usize) {
        // What the caller passed may stand before more: `eval $1='$(date)'`.
        if is_positional(text) && !text.contains(['(', '`', ';', '|', '&']) {
            return;
        }
        if text.starts_with('$') && !text.contains(char::is_whitespace) && self.voice == Voice::Script {
            self.unknown(&format!("the text that a shell is given is {text}"), "nothing is kept for it");
            return;
        }
        // What was read once is not read again, however deep it is named.
        if !self.finding.takes(text) {
            return;
        }
        let edges = self.finding.edges.len();
        script::nested(self.scene, self.from, text.as_bytes(), self.values, self.finding, depth + 1);
        let found = &mut self.finding.edges[edges..];
        found.iter_mut().for_each(|edge| edge.evidence = format!("{}, {}", self.place, edge.evidence));
    }

    fn wrapped(&mut self, wrapper: &Wrapper, arguments: &[String], depth: usize) {
        match wrapper.operands {
            Operands::Shell => return self.as_user(wrapper, arguments, depth),
            Operands::Applet => {
                let at = arguments.iter().position(|argument| !argument.starts_with('-'));
                let Some((applet, rest)) = at.and_then(|at| arguments[at..].split_first()) else { return };
                // An applet is the program itself: no link has to lead to it.
                return self.told(applet, None, rest, depth + 1);
            }
            _ => {}
        }
        let wrapped = launch::wrapped(wrapper, arguments);
        self.files(&wrapped.before);
        self.preloads(&wrapped.before);
        self.run(if wrapped.command.is_empty() { &wrapper.without } else { &wrapped.command }, depth + 1);
    }

    /// `su [-] USER -c TEXT`, `runuser -u USER -- PROGRAM`: the first is read by the user's shell, as is a `su` that is told nothing.
    fn as_user(&mut self, wrapper: &Wrapper, arguments: &[String], depth: usize) {
        let mut rest = arguments.to_vec();
        let joined = rest.iter().position(|option| takes_text(option)).map(|at| {
            let end = rest.len().min(at + 2);
            rest.drain(at..end).nth(1).unwrap_or_default()
        });
        let named = |names: [&str; 2]| {
            let long = format!("{}=", names[1]);
            let glued = rest.iter().find_map(|argument| argument.strip_prefix(&long));
            let at = rest.iter().position(|argument| names.contains(&argument.as_str()));
            glued.or_else(|| rest.get(at? + 1).map(String::as_str))
        };
        if rest.iter().any(|word| word == "-" || launch::is_login(word)) {
            script::profiles(self.scene, self.from, self.place, self.finding);
        }
        let text = joined.or_else(|| named(["--command", "--command"]).map(str::to_owned));
        if let Some(text) = text {
            self.text(&text, depth);
        } else if named(["-u", "--user"]).is_some() {
            return self.run(&launch::wrapped(wrapper, arguments).command, depth + 1);
        }
        let operands = launch::wrapped(wrapper, &rest).command;
        let user = operands.iter().find(|word| *word != "-").map_or("root", String::as_str);
        match named(["-s", "--shell"]).map(str::to_owned).or_else(|| self.login_shell(user)) {
            Some(shell) => {
                let evidence = format!("{}: the shell of {user}", self.place);
                let edges = self.scene.follow_name(self.from, &shell, self.rule(), &evidence);
                self.finding.edges.extend(edges);
            }
            None => {
                let what = format!("the shell of {user}, whom the image does not know");
                self.unknown(&what, "nothing is kept for it; --keep-shell keeps /bin/sh");
            }
        }
    }

    /// The shell of a user, as `/etc/passwd` names it.
    fn login_shell(&self, user: &str) -> Option<String> {
        let bytes = self.scene.read(&ImagePath::literal("/etc/passwd"))?;
        let text = String::from_utf8_lossy(&bytes);
        users(&text).find(|(_, entry)| entry.name == user).map(|(_, entry)| entry.shell.to_owned())
    }

    /// Arguments that a program hands on: the first of them is a command, or the first after `--`.
    ///
    /// The image's own entrypoint mostly ends with `exec "$@"`; of other programs, only scripts that speak of their arguments do.
    fn passed(&mut self, arguments: &[String], depth: usize) {
        if depth > DEPTH_LIMIT {
            return;
        }
        let after = arguments.iter().position(|argument| argument == "--").map(|at| &arguments[at + 1..]);
        for words in [Some(arguments), after].into_iter().flatten() {
            let Some((program, rest)) = words.split_first().filter(|(program, _)| !program.starts_with('-')) else {
                continue;
            };
            if let Some(path) = self.values.find(self.scene, program) {
                if self.voice == Voice::Image {
                    let evidence = format!("{} has the argument {program}", self.place);
                    self.finding.edges.extend(self.scene.follow(self.from, &path, self.rule(), &evidence));
                } else {
                    self.uses(&path, program);
                }
                self.told(program, Some(&path), rest, depth + 1);
            }
        }
    }

    /// Whether a program is a script that speaks of all of its arguments.
    fn hands_on(&self, path: &ImagePath) -> bool {
        let file = self.scene.tree.lookup(path).and_then(|(_, node)| node.as_file());
        let is_script = file
            .and_then(|file| self.scene.contents.head(&file.content, HEAD).ok())
            .is_some_and(|head| head.starts_with(b"#!"));
        let speaks =
            |text: &[u8]| ["$@", "$*", "${@"].iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some());
        is_script && self.scene.read(path).is_some_and(|text| speaks(&text))
    }

    /// Files that are handed to a program whose configuration recipes can read: `supervisord -c FILE`.
    fn configured(&mut self, path: Option<&ImagePath>, arguments: &[String]) {
        let Some(path) = path else { return };
        let real = self.scene.tree.resolve(path).ok().map(|place| place.path);
        let kinds = self.scene.knowledge.readers(path, real.as_ref());
        if kinds.is_empty() {
            return;
        }
        for argument in arguments {
            let Some(file) = self.file_of(argument).filter(|file| self.finding.sourced.insert(file.clone())) else {
                continue;
            };
            for kind in &kinds {
                config::find(self.scene, *kind, &file, self.finding);
            }
        }
    }

    /// The file that an argument names: `FILE`, `--option=FILE`, `-oFILE`.
    fn file_of(&self, argument: &str) -> Option<ImagePath> {
        let value = value_of(argument);
        let path = self.scene.launch.absolute(value).filter(|path| !value.is_empty() && !path.is_root())?;
        self.scene.tree.resolve(&path).is_ok().then_some(path)
    }

    /// Arguments of the image's configuration that name files are in use. Scripts and configuration files are looked through for paths as
    /// a whole.
    fn files(&mut self, arguments: &[String]) {
        if self.voice != Voice::Image {
            return;
        }
        for argument in arguments {
            if let Some(path) = self.file_of(argument) {
                let evidence = format!("{} has the argument {argument}", self.place);
                self.finding.edges.extend(self.scene.follow(self.from, &path, self.rule(), &evidence));
            }
        }
    }

    fn uses(&mut self, path: &ImagePath, program: &str) {
        let evidence = match self.voice {
            Voice::Image => format!("{} runs {program}", self.place),
            Voice::Configuration | Voice::Script => format!("{}: {program}", self.place),
        };
        self.finding.edges.extend(self.scene.follow(self.from, path, self.rule(), &evidence));
    }

    fn rule(&self) -> Rule {
        match self.voice {
            Voice::Image => Rule::Root,
            Voice::Configuration => Rule::Config,
            Voice::Script => Rule::Command,
        }
    }

    fn unknown(&mut self, what: &str, taken: &str) {
        let (place, what, taken) = (self.place.to_owned(), what.to_owned(), taken.to_owned());
        self.finding.unknowns.push(Unknown { at: self.from.cloned(), place, what, taken });
    }
}

/// What follows an option's name in the same word; the word itself otherwise.
fn value_of(argument: &str) -> &str {
    if let Some((_, value)) = argument.split_once('=') {
        return value;
    }
    let glued = argument.strip_prefix('-').filter(|rest| rest.as_bytes().get(1) == Some(&b'/'));
    glued.map_or(argument, |rest| &rest[1..])
}

/// Whether a word as a script writes it is what its caller passed: `$@`, `$1`, `${2:-x}`.
pub(super) fn is_positional(word: &str) -> bool {
    let name = word.strip_prefix('$').map(|rest| rest.strip_prefix('{').unwrap_or(rest));
    name.is_some_and(|name| name.starts_with(['@', '*', '1', '2', '3', '4', '5', '6', '7', '8', '9']))
}

/// Options of shells that take the next argument.
const SHELL_VALUED: [&str; 2] = ["--rcfile", "--init-file"];

/// The arguments of a shell without its options.
fn operands(arguments: &[String]) -> &[String] {
    let mut at = 0;
    while let Some(argument) = arguments.get(at).filter(|argument| argument.starts_with(['-', '+'])) {
        // `-euo pipefail`: the last of joined letters may take a value as well.
        let is_joined = !argument.starts_with("--") && argument.ends_with(['o', 'O']);
        at += 1 + usize::from(is_joined || SHELL_VALUED.contains(&argument.as_str()));
        if argument == "--" || argument == "-" {
            break;
        }
    }
    arguments.get(at..).unwrap_or_default()
}

/// Where the text of `-c TEXT` stands, also of `-ec TEXT` and `-o pipefail -c TEXT`.
fn text_at(arguments: &[String]) -> Option<usize> {
    let options = arguments.len() - operands(arguments).len();
    arguments[..options].iter().any(|option| takes_text(option)).then_some(options)
}

fn takes_text(option: &str) -> bool {
    option.starts_with('-') && !option.starts_with("--") && option.ends_with('c')
}
