//! `slim inspect`.

use super::watched;
use crate::args::InspectArgs;
use crate::failure::{Code, Failure};
use crate::{render, request};
use rebuild::store::locate;

pub(super) fn run(args: &InspectArgs, quiet: bool) -> Result<Code, Failure> {
    let source = locate(&args.source, &request::temporary(&args.machine)?)?;
    let services = request::services(&args.registry, &args.archives, &args.machine)?;
    let platform = args.platform.platform.as_ref();
    let found =
        watched(quiet, |progress| rebuild::pipeline::inspect(&source, platform, args.updates, &services, progress))?;
    render::print(&if args.json { render::json(&found) } else { render::inspection(&found, args.updates) })?;
    Ok(Code::Done)
}
