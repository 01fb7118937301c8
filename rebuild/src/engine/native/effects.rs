//! Effects: what maintainer scripts and triggers do to the file system, reproduced on a draft without running anything.
//!
//! Each effect stands for one command of the distro and leaves the bytes that the command would have left; the referee of every one
//! is the command itself (`tests/live_effects.rs`). An option or a state that an effect does not know is [`Unproven`]: a guess would
//! be worse than leaving the package to an engine that can run it. Running an effect again changes nothing.

pub mod accounts;
pub mod alternatives;
pub mod capabilities;
pub mod certificates;
pub mod diversions;
pub mod keystore;
pub mod ldconfig;
pub mod mode;
pub mod overrides;
pub mod python;
pub mod runlevels;
pub mod ucf;
pub mod unchanged;
pub mod units;

use super::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::{ContentsError, Node};

/// What a command leaves behind besides its changes to the draft.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// Exit status.
    pub status: i32,
    /// What it printed for other commands to read.
    pub stdout: Vec<u8>,
    /// What it did, for people; empty when it changed nothing.
    pub summary: String,
    /// Programs of the image that it starts when its own work is done; how they end does not matter to it.
    pub starts: Vec<Started>,
}

/// A program that a command starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The program.
    pub program: ImagePath,
    /// Its standard input.
    pub input: Vec<u8>,
}

impl Output {
    /// Success with something to tell.
    pub fn done(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), ..Self::default() }
    }

    /// Success with an answer.
    pub fn answer(stdout: impl Into<Vec<u8>>) -> Self {
        Self { stdout: stdout.into(), ..Self::default() }
    }

    /// An exit status without words.
    pub fn status(status: i32) -> Self {
        Self { status, ..Self::default() }
    }
}

/// A state or an option that the effect does not reproduce.
fn unproven(word: impl Into<String>, reason: impl std::fmt::Display) -> Unproven {
    Unproven { line: None, word: word.into(), reason: reason.to_string() }
}

/// A file's bytes where a path leads, or nothing.
fn read(draft: &Draft<'_>, path: &ImagePath) -> Result<Option<Vec<u8>>, Unproven> {
    draft.read(path).map_err(|error| unreadable(path, &error))
}

/// As [`read`], with bytes that are not UTF-8 replaced: only for files whose syntax is ASCII.
fn read_text(draft: &Draft<'_>, path: &ImagePath) -> Result<Option<String>, Unproven> {
    Ok(read(draft, path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn write(draft: &mut Draft<'_>, path: &ImagePath, bytes: impl Into<Vec<u8>>) -> Result<(), Unproven> {
    draft.write(path, bytes.into()).map_err(|error| unreadable(path, &error))
}

/// Writes one of dpkg's own files as dpkg does: the old one stays beside it, as `-old`.
fn replace_database(draft: &mut Draft<'_>, name: &str, text: String) -> Result<(), Unproven> {
    let file = path(name)?;
    if let Some(old) = draft.get(&file).cloned() {
        draft.put(path(format!("{name}-old"))?, old);
    }
    let node = Node { mtime: draft.now, ..Node::file(text.into_bytes()) };
    draft.put(file, node);
    Ok(())
}

fn unreadable(path: &ImagePath, error: &ContentsError) -> Unproven {
    unproven(path.to_text(), format!("its content cannot be read: {error}"))
}

/// A path from an argument or a database.
fn path(name: impl AsRef<[u8]>) -> Result<ImagePath, Unproven> {
    let name = name.as_ref();
    ImagePath::new(name).map_err(|error| unproven(String::from_utf8_lossy(name), error))
}

/// Where a path's last name is, parents' links followed; the path itself when its parents lead nowhere.
fn place(draft: &Draft<'_>, path: &ImagePath) -> ImagePath {
    draft.tree().resolve_parent(path).map_or_else(|_| path.clone(), |resolved| resolved.path)
}
