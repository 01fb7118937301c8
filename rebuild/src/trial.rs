//! Trying it: a command is run in the image as it was and as it is to be, and what it does is compared.
//!
//! This is the only place where slim runs anything of an image, and only when it is asked to. The work is done by programs of this machine:
//! `unshare` of util-linux makes a room of its own ([`room`]), `strace`, where there is one, tells which files were looked for in vain.

mod folder;
mod room;

pub use room::{Ran, RoomError};

use crate::change::{Change, Maker};
use crate::event::Event;
use crate::pipeline::{RebuildError, Run};
use crate::request::{Prune, Request, Trace};
use crate::subject::Subject;
use slim::launch::words;
use slim::trace::Use;
use slim::tree::Tree;
use std::collections::BTreeSet;

/// What the files that a trial missed are said to come from.
const EVIDENCE: &str = "--test";

/// How often a decision is made anew: a script that ends where its first command is missing tells of the next only then.
const ROUNDS: usize = 5;

/// Most paths that a note names.
const NAMED: usize = 5;

/// Why a trial ends a rebuild.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The room could not be made.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The command ends otherwise than in the original.
    #[error("{command}: {before} in the original, {after} in the result")]
    Differs {
        /// The command, with who asked for it.
        command: String,
        /// How it ended in the original.
        before: String,
        /// How it ended in the result.
        after: String,
        /// The end of what it printed in the result.
        output: String,
    },
}

/// Decides, and holds the decision against the trials that were asked for. Files that a command looked for in vain and that the original
/// has become roots, and the decision is made once more, as long as there are any.
///
/// # Errors
/// See [`RebuildError`].
pub(crate) fn decide(run: &Run<'_>, subject: &Subject, request: &Request) -> Result<Change, RebuildError> {
    let maker = run.maker(subject, request);
    let mut change = maker.change()?;
    if request.dry_run {
        if !request.tests.is_empty() || request.test_recipes {
            change.notes.push("--dry-run: nothing is run, so nothing was tested".into());
        }
        return Ok(change);
    }
    let mut tests: Vec<Test> = request.tests.iter().map(Test::of_person).collect();
    if request.test_recipes {
        let known = tests.len();
        tests.extend(recipes(&maker, subject, &change)?);
        if tests.len() == known {
            change.notes.push("--test-recipes: no recipe has a command for what this image uses".into());
        }
    }
    if tests.is_empty() {
        return Ok(change);
    }
    let trials = Trials { run, subject, tests: &tests };
    let before = trials.all(&subject.tree, "the original")?;
    let mut notes = Vec::new();
    let mut request = request.clone();
    let mut after = trials.all(&change.after.merge(), "the result")?;
    for _ in 0..ROUNDS {
        let missed = missed(&after, &subject.tree, &change.after.merge(), subject);
        if missed.is_empty() {
            break;
        }
        let some = missed.iter().take(NAMED).map(|used| used.path.as_str()).collect::<Vec<_>>().join(" ");
        let more = missed.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        notes.push(format!("{EVIDENCE}: looked for in vain, and kept after all: {some}{more}"));
        run.reporter().event(Event::Phase("once more, with what the trial missed".into()));
        request.traces.push(Trace { name: EVIDENCE.into(), uses: missed });
        change = run.maker(subject, &request).change()?;
        after = trials.all(&change.after.merge(), "the new result")?;
    }
    for ((test, before), after) in tests.iter().zip(&before).zip(&after) {
        notes.push(compare(&test.name, before, after)?);
    }
    change.notes.extend(notes);
    Ok(change)
}

/// A command to try.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    /// The command, in the shell's words.
    command: String,
    /// The command with who asked for it, for messages.
    name: String,
}

impl Test {
    fn of_person(command: &String) -> Self {
        Self { command: command.clone(), name: format!("{EVIDENCE} {command}") }
    }

    fn of_recipe((rule, command): &(String, String)) -> Self {
        Self { command: command.clone(), name: format!("recipe {rule} {command}") }
    }
}

/// The commands by which recipes try what the image uses. Where nothing was to be removed, nothing was followed so far.
fn recipes(maker: &Maker<'_>, subject: &Subject, change: &Change) -> Result<Vec<Test>, RebuildError> {
    let tests = |reach: &slim::reach::Reach| reach.tests.iter().map(Test::of_recipe).collect();
    if let Some(reach) = &change.reach {
        return Ok(tests(reach));
    }
    let request = Request { prune: Prune::Packages, ..maker.request.clone() };
    let planned = Maker { request: &request, ..*maker }.plan(&subject.tree, &subject.inventory)?;
    Ok(planned.map(|(_, reach)| tests(&reach)).unwrap_or_default())
}

struct Trials<'a> {
    run: &'a Run<'a>,
    subject: &'a Subject,
    tests: &'a [Test],
}

impl Trials<'_> {
    /// Runs every command, each in a fresh copy of a tree.
    fn all(&self, tree: &Tree, what: &str) -> Result<Vec<Ran>, RebuildError> {
        let mut ran = Vec::new();
        for Test { command, .. } in self.tests {
            self.run.reporter().event(Event::Phase(format!("trying {what}: {command}")));
            let directory = tempfile::Builder::new()
                .prefix("slim-trial-")
                .tempdir_in(self.run.temporary())
                .map_err(RoomError::Folder)
                .map_err(TrialError::from)?;
            let root = directory.path().join("root");
            folder::write(tree, &self.run.spool, &root)?;
            let argv = words(command).unwrap_or_default();
            ran.push(room::run(&root, directory.path(), &argv, &self.subject.launch).map_err(TrialError::from)?);
        }
        Ok(ran)
    }
}

/// Paths that were looked for in vain in the result and that the original has.
fn missed(after: &[Ran], original: &Tree, result: &Tree, subject: &Subject) -> Vec<Use> {
    let mut seen = BTreeSet::new();
    let lost = |used: &&Use| {
        let Some(path) = subject.launch.absolute(&used.path) else { return false };
        original.lookup(&path).is_some_and(|(_, node)| !node.is_directory()) && result.lookup(&path).is_none()
    };
    let all = after.iter().flat_map(|ran| &ran.missing).filter(lost);
    all.filter(|used| seen.insert(used.path.clone())).cloned().collect()
}

/// What a comparison says; another exit code is an error.
fn compare(command: &str, before: &Ran, after: &Ran) -> Result<String, TrialError> {
    if before.end != after.end {
        let output = String::from_utf8_lossy(&after.output);
        let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
        return Err(TrialError::Differs {
            command: command.into(),
            before: before.end.to_string(),
            after: after.end.to_string(),
            output: lines[lines.len().saturating_sub(NAMED)..].join("\n"),
        });
    }
    let end = &after.end;
    Ok(match (before.end.is_success(), before.output == after.output) {
        (true, true) => format!("{command}: {end} and the same output as in the original"),
        (false, true) => format!("{command}: {end}, in the original too: this proves little"),
        (_, false) => {
            let (old, new) = (String::from_utf8_lossy(&before.output), String::from_utf8_lossy(&after.output));
            let differs = new.lines().zip(old.lines()).find(|(new, old)| new != old);
            let line = differs.map_or("it has more or fewer lines", |(new, _)| new);
            format!("{command}: {end}, in the original too, but other output: {line}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use room::End;

    fn ran(end: End, output: &str) -> Ran {
        Ran { end, output: output.into(), missing: Vec::new() }
    }

    #[test]
    fn only_another_end_is_an_error() {
        let told = |before: &Ran, after: &Ran| compare("--test x -t", before, after).map_err(|error| error.to_string());
        assert_eq!(
            told(&ran(End::Code(0), "a\n"), &ran(End::Code(0), "a\n")).unwrap(),
            "--test x -t: exit code 0 and the same output as in the original"
        );
        assert!(told(&ran(End::Code(0), "a\nb\n"), &ran(End::Code(0), "a\nc\n")).unwrap().ends_with("other output: c"));
        assert!(told(&ran(End::Code(1), ""), &ran(End::Code(1), "")).unwrap().contains("proves little"));
        assert_eq!(
            told(&ran(End::Code(0), ""), &ran(End::TimedOut, "")).unwrap_err(),
            "--test x -t: exit code 0 in the original, no end in time in the result"
        );
    }
}
