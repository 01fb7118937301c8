//! `slim diff`.

use super::watched;
use crate::args::{ArchiveArgs, DiffArgs};
use crate::failure::{Code, Failure};
use crate::{render, request};
use rebuild::store::locate;

pub(super) fn run(args: &DiffArgs, quiet: bool) -> Result<Code, Failure> {
    let temporary = request::temporary(&args.access.machine)?;
    let (before, after) = (locate(&args.before, &temporary)?, locate(&args.after, &temporary)?);
    let services = request::services(&args.access.registry, &ArchiveArgs::default(), &args.access.machine)?;
    let platform = args.access.platform.platform.as_ref();
    let found = watched(quiet, |progress| rebuild::pipeline::diff(&before, &after, platform, &services, progress))?;
    render::print(&if args.json { render::json(&found) } else { render::difference(&found, args.all) })?;
    Ok(Code::Done)
}
