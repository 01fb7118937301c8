//! `slim verify`.

use super::watched;
use crate::args::{ArchiveArgs, VerifyArgs};
use crate::failure::{Code, Failure};
use crate::{render, request};
use rebuild::store::locate;
use slim::verify::Problem;

pub(super) fn run(args: &VerifyArgs, quiet: bool) -> Result<Code, Failure> {
    let temporary = request::temporary(&args.access.machine)?;
    let source = locate(&args.source, &temporary)?;
    let before = args.before.as_deref().map(|before| locate(before, &temporary)).transpose()?;
    // The question is about what is there: no archive is asked.
    let services = request::services(&args.access.registry, &ArchiveArgs::default(), &args.access.machine)?;
    let platform = args.access.platform.platform.as_ref();
    let found =
        watched(quiet, |progress| rebuild::pipeline::verify(&source, before.as_ref(), platform, &services, progress))?;
    render::print(&if args.json { render::json(&found) } else { render::problems(&found) })?;
    Ok(code(&found))
}

/// What the problems mean for a script.
fn code(problems: &[Problem]) -> Code {
    if problems.iter().any(|problem| problem.breaks()) { Code::Failed } else { Code::Done }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn only_what_cannot_work_is_a_failure() {
        let problems = sample::problems();
        assert_eq!(code(&problems), Code::Failed);
        let tolerated: Vec<_> = problems.into_iter().filter(|problem| !problem.breaks()).collect();
        assert_eq!((tolerated.len(), code(&tolerated)), (1, Code::Done));
        assert_eq!(code(&[]), Code::Done);
    }

    #[test]
    fn what_the_container_starts_decides() {
        let judged = |in_use| {
            let mut problems = sample::problems();
            problems.iter_mut().for_each(|problem| problem.in_use = Some(in_use));
            problems
        };
        assert_eq!(code(&judged(false)), Code::Done);
        assert_eq!(code(&judged(true)), Code::Failed);
        assert_eq!(code(&judged(true)[1..]), Code::Failed, "a link in use");
    }
}
