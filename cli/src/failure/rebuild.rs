//! Advice for a rebuild that cannot be decided, carried out or accepted.

use super::{Code, Failure, archive, engine, machine_hint, store};
use crate::render::text::bytes;
use crate::render::unknowns;
use rebuild::change::ChangeError;
use rebuild::pipeline::RebuildError;
use rebuild::trial::TrialError;
use slim::report::UnknownReport;
use slim::verify::Problem;

/// Most problems of a result that are listed.
const LISTED: usize = 10;

/// Most unknowns that are listed.
const UNKNOWNS: usize = 50;

const LEAVE: &str = "--update none leaves the packages at their versions";

pub(super) fn explain(error: RebuildError) -> Failure {
    match error {
        RebuildError::Open(error) => error.into(),
        RebuildError::Store(error) => store::explain(&error),
        RebuildError::Compose(error) => error.into(),
        RebuildError::Change(error) => change(&error),
        RebuildError::Lock(error) => super::lock(&error),
        RebuildError::Broken(problems) => broken(&problems),
        RebuildError::Larger { before, after } => {
            let heading =
                format!("the result would be larger: {} of layers instead of {}", bytes(after), bytes(before));
            Failure::failed(&heading)
                .hint("--allow-larger accepts it")
                .hint("newer packages may be larger; --prune files or --compression zstd may make up for it")
        }
        RebuildError::Strict { kept_back, unknown } => {
            let causes = kept_back
                .into_iter()
                .map(|package| format!("kept back: {package}"))
                .chain(not_known(&unknown))
                .collect();
            let failure = Failure::failed("--strict was asked for, and the image cannot be rebuilt without reserve");
            Failure { causes, code: Code::KeptBack, ..failure }.hint(
                "without --strict the rebuild goes on and reports it; --keep and --root tell what is meant, a recipe (--recipe FILE) \
                 what a program computes",
            )
        }
        RebuildError::Trial(TrialError::Differs { ref output, .. }) => {
            let lines = output.lines().map(str::to_owned).collect();
            let failure = Failure { causes: lines, ..Failure::of(&error) };
            failure.hint("keep what is missed with --keep PACKAGE, or give what the command uses with --trace FILE")
        }
        RebuildError::Trial(TrialError::Room(_)) => {
            let failure = Failure::of(&error);
            let hints = machine_hint(&failure.heading);
            failure.hints(hints).hint("without --test, nothing of the image is run")
        }
        RebuildError::NoTarget { .. } => {
            Failure::of(&error).hint("`slim inspect` lists the packages; a path begins with a slash")
        }
        RebuildError::Lost(_)
        | RebuildError::Subject(_)
        | RebuildError::Check(_)
        | RebuildError::Database(_)
        | RebuildError::Contents(_) => {
            let failure = Failure::of(&error);
            let hints = machine_hint(&failure.heading);
            failure.hints(hints)
        }
    }
}

/// Every unknown in a line, up to a number that can be read.
fn not_known(unknown: &[UnknownReport]) -> Vec<String> {
    let mut lines: Vec<_> = unknown.iter().take(UNKNOWNS).map(|unknown| unknowns::line(unknown, 0)).collect();
    if let rest @ 1.. = unknown.len().saturating_sub(UNKNOWNS) {
        lines.push(format!("… and {rest} more (--dry-run --report FILE without --strict has all)"));
    }
    lines
}

fn broken(problems: &[Problem]) -> Failure {
    let mut failure = Failure::failed("the result would be broken where the source is whole; nothing was written");
    failure.causes =
        problems.iter().take(LISTED).map(|problem| format!("{}: {}", problem.at, problem.detail)).collect();
    if let rest @ 1.. = problems.len().saturating_sub(LISTED) {
        failure.causes.push(format!("… and {rest} more"));
    }
    failure.hint("keep what is missed with --keep PACKAGE, or remove nothing with --prune none")
}

fn change(error: &ChangeError) -> Failure {
    match error {
        ChangeError::Archive(error) => archive::explain(error),
        ChangeError::Engine(error) => engine::explain(error),
        ChangeError::Cancelled => Failure::interrupted(),
        ChangeError::NothingStarts { .. } => Failure::of(error)
            .hint("--root COMMAND names what the container runs, and --keep PATTERN what else is to stay")
            .hint("--prune off removes nothing"),
        ChangeError::NoDatabase { .. } => Failure::of(error)
            .hint("slim updates images with a dpkg database: Debian, Ubuntu and their kin")
            .hint("--update none --prune none leaves the packages alone, and only compresses and copies"),
        ChangeError::Installed(_) | ChangeError::Pins(_) => Failure::of(error).hint(LEAVE),
        ChangeError::NotInstalled { .. } => Failure {
            code: Code::Usage,
            ..Failure::of(error).hint("`slim inspect` lists the packages; a glob such as 'lib*' names several")
        },
        ChangeError::Lock(error) => super::lock(error),
        ChangeError::Disagrees { .. } => deb(Failure::of(error)),
        ChangeError::Deb { .. } => deb(Failure::of(error)),
        ChangeError::Pattern(_) => {
            Failure { code: Code::Usage, ..Failure::of(error).hint("check the globs of --keep") }
        }
        ChangeError::LoaderCache(_) | ChangeError::Alternatives(_) => {
            Failure::of(error).hint("--prune none removes nothing")
        }
        ChangeError::Database(_) | ChangeError::Contents(_) | ChangeError::Recipes(_) => Failure::of(error),
    }
}

fn deb(failure: Failure) -> Failure {
    let hints = machine_hint(&failure.heading);
    failure
        .hints(hints)
        .hint("the package is signed for as it is: another version of the archive may help (--snapshot TIMESTAMP)")
        .hint(LEAVE)
}
