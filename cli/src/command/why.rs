//! `slim why`.

use super::watched;
use crate::args::{ArchiveArgs, WhyArgs};
use crate::failure::{Code, Failure};
use crate::{render, request};

pub(super) fn run(args: &WhyArgs, quiet: bool) -> Result<Code, Failure> {
    let request = request::of_why(args)?;
    // The question is about what is there: no archive is asked.
    let services = request::services(&args.registry, &ArchiveArgs::default(), &args.machine)?;
    let found = watched(quiet, |progress| rebuild::pipeline::why(&request, &args.target, &services, progress))?;
    render::print(&if args.json { render::json(&found) } else { render::explanation(&found) })?;
    Ok(Code::Done)
}
