//! `slim rebuild`.

use super::watched;
use crate::args::RebuildArgs;
use crate::failure::{Code, Failure};
use crate::report_file::ReportFile;
use crate::{render, request};
use slim::report::{Outcome, Report, Verdict};

pub(super) fn run(args: &RebuildArgs, quiet: bool) -> Result<Code, Failure> {
    let request = request::of_rebuild(args)?;
    let services = request::services(&args.registry, &args.archives, &args.machine)?;
    let file = args.report.as_deref().map(ReportFile::open).transpose()?;
    let report = watched(quiet, |progress| rebuild::pipeline::rebuild(&request, &services, progress))?;
    let table = !quiet && !matches!(file, Some(ReportFile::Output));
    if let Some(file) = file {
        file.write(&report)?;
    }
    if table {
        render::print(&render::summary(&report))?;
    }
    Ok(code(&report, args.strict, args.exit_code))
}

/// What the outcome means for a script.
fn code(report: &Report, strict: bool, exit_code: bool) -> Code {
    let open =
        || report.packages.iter().any(|package| package.verdict == Verdict::KeptBack) || !report.unknowns.is_empty();
    match report.outcome {
        _ if strict && open() => Code::KeptBack,
        Outcome::NothingToDo if exit_code => Code::NothingToDo,
        Outcome::Done | Outcome::NothingToDo | Outcome::Planned => Code::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn exit_codes() {
        let with = |outcome, open: bool| {
            let mut report = sample::report(outcome);
            if !open {
                report.unknowns.clear();
                report.packages.retain(|package| package.verdict != Verdict::KeptBack);
            }
            report
        };
        for (outcome, open, strict, exit_code, expected) in [
            (Outcome::Done, true, false, false, Code::Done),
            (Outcome::Done, true, false, true, Code::Done),
            (Outcome::Done, true, true, false, Code::KeptBack),
            (Outcome::Done, false, true, false, Code::Done),
            (Outcome::Planned, true, true, true, Code::KeptBack),
            (Outcome::Planned, false, true, true, Code::Done),
            (Outcome::NothingToDo, false, false, false, Code::Done),
            (Outcome::NothingToDo, false, false, true, Code::NothingToDo),
            (Outcome::NothingToDo, true, true, true, Code::KeptBack),
        ] {
            assert_eq!(
                code(&with(outcome, open), strict, exit_code),
                expected,
                "{outcome:?} {open} {strict} {exit_code}"
            );
        }
    }
}
