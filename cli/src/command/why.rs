//! `slim why` and `slim why-not`.

use super::watched;
use crate::args::{ArchiveArgs, WhyArgs};
use crate::failure::{Code, Failure};
use crate::{render, request};

pub(super) fn run(args: &WhyArgs, not: bool, quiet: bool) -> Result<Code, Failure> {
    let request = request::of_question(&args.source, &args.selection, &args.access)?;
    // The question is about what is there: no archive is asked.
    let services = request::services(&args.access.registry, &ArchiveArgs::default(), &args.access.machine)?;
    let target = &args.target;
    let found = watched(quiet, |progress| rebuild::question::explain(&request, target, not, &services, progress))?;
    render::print(&if args.json { render::json(&found) } else { render::explanation(&found, not) })?;
    Ok(Code::Done)
}
