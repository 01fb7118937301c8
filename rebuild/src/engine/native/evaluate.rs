//! A small POSIX shell that runs on a [`Draft`] instead of a machine.
//!
//! It follows `dash`, Debian's `sh`: what the shell itself does (expansion, lists, `set -e`) is here and in the modules
//! below; what programs do is in [`commands`], one table from name to function. Scripts of the image that are `sh`
//! themselves (`dpkg-maintscript-helper`, `ucf`) are evaluated like the maintainer script, from the image's own copy.
//!
//! Words are bytes, kept as text in the way of [`slim::script::bytes`]. What comes from files and scripts is decoded, what goes to files
//! and paths encoded; programs are only given words that are plain text.
//!
//! The rule is *no guessing*: an unknown command, option, or form ends the run with [`Unproven`], and the caller rolls
//! back. There is no clock, no network, no process: what a real run takes from those ends the run too.

pub mod commands;

mod arithmetic;
mod descriptors;
mod expand;
mod files;
mod invoke;
mod run;

use super::script::Unproven;
use descriptors::Descriptor;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::script::bytes::shown;
use slim::script::{Aliases, Command};
use slim::tree::Node;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many commands one run may execute. The busiest real script (`phpenmod` over all modules) needs some thousands.
const STEP_LIMIT: u64 = 200_000;

/// How many bytes a variable, a captured output or a written file may have.
const SIZE_LIMIT: usize = 16 << 20;

/// How deep functions, sourced files and scripts called by scripts may nest.
const CALL_LIMIT: usize = 24;

/// How deep commands may nest in all: compound commands, substitutions, functions, scripts called by scripts. A thread's usual
/// stack holds several times as much.
const DEPTH_LIMIT: usize = 100;

/// Why a command did not simply end with a status.
#[derive(Debug)]
pub enum Stop {
    /// `exit`, or `set -e`.
    Exit(i32),
    /// `return`
    Return(i32),
    /// `break n`
    Break(u32),
    /// `continue n`
    Continue(u32),
    /// Something that is not known to be reproducible.
    Unproven(Unproven),
}

/// The status of a command, or why the flow leaves it.
pub type Status = Result<i32, Stop>;

/// A variable.
#[derive(Debug, Clone, Default)]
struct Variable {
    value: Option<String>,
    exported: bool,
    readonly: bool,
}

/// `set -e`, `set -u`, `set -f`, `set -o pipefail`; and whether the script asked for bash, whose rules differ from dash's in places.
#[derive(Debug, Clone, Copy, Default)]
struct Options {
    bash: bool,
    pipefail: bool,
    errexit: bool,
    nounset: bool,
    noglob: bool,
}

/// What a subshell gets a copy of.
#[derive(Debug, Clone, Default)]
struct State {
    variables: BTreeMap<String, Variable>,
    positional: Vec<String>,
    functions: BTreeMap<String, Arc<Command>>,
    aliases: Arc<Aliases>,
    options: Options,
    descriptors: BTreeMap<u32, Descriptor>,
    directory: Option<ImagePath>,
    umask: u32,
    /// Where `getopts` is: the word's number and the place in it.
    option_place: (usize, usize),
    /// What `trap` has for the end of the shell.
    at_end: Option<String>,
    /// What the functions that are running declared `local`, to be put back.
    locals: Vec<BTreeMap<String, Option<Variable>>>,
}

/// What is known of the package whose script runs, and of the machine.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The package's name.
    pub name: String,
    /// Its architecture.
    pub architecture: String,
    /// Its debconf templates, if it has any.
    pub templates: Option<Vec<u8>>,
    /// What the machine would answer.
    pub world: World,
}

/// One set of answers to what scripts ask of the machine: they are not in the image, so a proof must hold for all sets.
///
/// A run tells with [`Outcome::asked`] whether any answer was used; then the caller evaluates the script in every
/// [`World::all`] and believes only what comes out the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct World {
    number: u8,
}

impl World {
    /// Every combination of the answers.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..4).map(|number| Self { number })
    }

    /// Whether the build runs in a chroot (`ischroot`, `systemctl`), or in a container.
    pub(crate) fn is_chroot(self) -> bool {
        self.number & 1 == 0
    }

    /// Whether a directory is a mount point.
    pub(crate) fn is_mounted(self) -> bool {
        self.number & 2 != 0
    }

    /// Whether the machine has something to show: a listening socket, a running service, a new kernel.
    pub(crate) fn is_busy(self) -> bool {
        self.number & 2 != 0
    }

    /// A process number, a prefix of temporary names: different in each world.
    pub(crate) fn process(self) -> u32 {
        4242 + 17 * u32::from(self.number)
    }

    /// How many bytes of arguments one call of a program takes.
    pub(crate) fn argument_size(self) -> usize {
        if self.number == 0 { 128 * 1024 } else { 32 * 1024 }
    }
}

/// A shell at work on a draft.
pub struct Shell<'s, 'd> {
    draft: &'s mut Draft<'d>,
    package: Setting,
    /// Set once an answer of the [`World`] was used.
    asked: std::cell::Cell<bool>,
    /// How often the tree or the triggers changed.
    changes: u64,
    activated: &'s mut Vec<String>,
    state: State,
    status: i32,
    /// Above zero while a failing status is being tested, so that `set -e` does not apply.
    tested: usize,
    calls: usize,
    depth: usize,
    loops: u32,
    steps: u64,
    line: u32,
    /// The nodes that were there before this run first touched their paths.
    originals: BTreeMap<ImagePath, Option<Node>>,
    effects: Vec<String>,
    /// Programs that ran, for the evidence.
    used: BTreeSet<String>,
    debconf: Option<commands::Debconf>,
    /// User and group of whom commands run as, where that is not root.
    account: Option<(u32, u32)>,
    temporary: u32,
}

/// What a finished run tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit status.
    pub status: i32,
    /// Everything written to standard output.
    pub stdout: Vec<u8>,
    /// What changed in the tree, a line each, and what effects reported of themselves.
    pub effects: Vec<String>,
    /// Names of the programs that the script called.
    pub used: BTreeSet<String>,
    /// How many commands ran.
    pub steps: u64,
    /// Whether what the machine would answer had a part in it.
    pub asked: bool,
    /// The paths that are not as they were.
    pub changed: BTreeSet<ImagePath>,
}

/// The environment that dpkg gives its scripts (dpkg(1), ENVIRONMENT; the path is its own default).
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs a script on a draft. The draft keeps what was done even when this fails: the caller rolls back.
///
/// # Errors
/// [`Unproven`] when the script cannot be read or does what is not known here.
pub fn run(
    draft: &mut Draft<'_>,
    package: Setting,
    script: &[u8],
    name: &str,
    arguments: &[String],
    environment: &[(&str, &str)],
    activated: &mut Vec<String>,
) -> Result<Outcome, Unproven> {
    let mut shell = Shell {
        draft,
        package,
        asked: std::cell::Cell::new(false),
        changes: 0,
        activated,
        state: State::default(),
        status: 0,
        tested: 0,
        calls: 0,
        depth: 0,
        loops: 0,
        steps: 0,
        line: 0,
        originals: BTreeMap::new(),
        effects: Vec::new(),
        used: BTreeSet::new(),
        debconf: None,
        account: None,
        temporary: 0,
    };
    let stdout = descriptors::Buffer::default();
    shell.state.umask = 0o022;
    shell.state.descriptors =
        BTreeMap::from([(0, Descriptor::Null), (1, Descriptor::Buffer(stdout.clone())), (2, Descriptor::Terminal)]);
    for (name, value) in environment {
        let value = Some((*value).to_owned());
        shell.state.variables.insert((*name).to_owned(), Variable { value, exported: true, readonly: false });
    }
    let ended = shell.script(script, name, arguments);
    let status = match shell.at_end(ended) {
        Ok(status) => status,
        Err(Stop::Unproven(unproven)) => return Err(unproven),
        Err(Stop::Exit(status) | Stop::Return(status)) => status,
        Err(Stop::Break(_) | Stop::Continue(_)) => 0,
    };
    let steps = shell.steps;
    let asked = shell.asked.get();
    let used = std::mem::take(&mut shell.used);
    let (effects, changed) = shell.finish()?;
    let stdout = stdout.take();
    Ok(Outcome { status, stdout, effects, used, steps, asked, changed })
}

impl Shell<'_, '_> {
    /// Ends the run: this is not known.
    pub fn unproven(&self, word: impl Into<String>, reason: impl Into<String>) -> Stop {
        let (word, reason) = (shown(&word.into()), shown(&reason.into()));
        Stop::Unproven(Unproven { line: Some(self.line), word, reason })
    }

    /// The value of a variable or a special parameter.
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "#" => Some(self.state.positional.len().saturating_sub(1).to_string()),
            "-" => Some(if self.state.options.errexit { "e" } else { "" }.into()),
            "$" => Some(self.world().process().to_string()),
            "!" => None,
            _ if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                name.parse::<usize>().ok().and_then(|index| self.state.positional.get(index).cloned())
            }
            _ => self.state.variables.get(name).and_then(|variable| variable.value.clone()),
        }
    }

    /// What the machine would answer; asking makes the run one of several.
    pub(crate) fn world(&self) -> World {
        self.asked.set(true);
        self.package.world
    }

    fn assign(&mut self, name: &str, value: impl Into<String>) -> Result<(), Stop> {
        let value = value.into();
        if value.len() > SIZE_LIMIT {
            return Err(self.unproven(name, "a value beyond the size limit"));
        }
        let variable = self.state.variables.entry(name.to_owned()).or_default();
        if variable.readonly {
            return Err(self.unproven(name, "assignment to a read-only variable"));
        }
        // Whoever sets it makes `getopts` begin there.
        if name == "OPTIND" {
            self.state.option_place = (value.parse().unwrap_or(1), 0);
        }
        variable.value = Some(value);
        Ok(())
    }

    fn step(&mut self, word: &str) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps > STEP_LIMIT {
            return Err(self.unproven(word, format!("more than {STEP_LIMIT} commands")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
