//! `slim graph`.

use super::watched;
use crate::args::{ArchiveArgs, GraphArgs};
use crate::failure::{Code, Failure};
use crate::report_file::ReportFile;
use crate::request;

pub(super) fn run(args: &GraphArgs, quiet: bool) -> Result<Code, Failure> {
    let request = request::of_question(&args.source, &args.selection, &args.access)?;
    // The question is about what is there: no archive is asked.
    let services = request::services(&args.access.registry, &ArchiveArgs::default(), &args.access.machine)?;
    let open = |path: &Option<std::path::PathBuf>| path.as_deref().map(ReportFile::open).transpose();
    let (dot, map) = (open(&args.dot)?, open(&args.svg)?);
    if matches!((&dot, &map), (Some(ReportFile::Output), Some(ReportFile::Output))) {
        return Err(Failure::usage("both the graph and the map would go to standard output: name a file for one"));
    }
    let neither = dot.is_none() && map.is_none();
    let picture = watched(quiet, |progress| rebuild::question::picture(&request, &services, progress))?;
    if let Some(file) = dot.or(neither.then_some(ReportFile::Output)) {
        file.write_text(&slim::picture::dot(&picture))?;
    }
    if let Some(file) = map {
        file.write_text(&slim::picture::svg(&picture))?;
    }
    Ok(Code::Done)
}
