//! `slim fetch`.

use super::watched;
use crate::args::FetchArgs;
use crate::failure::{Code, Failure, machine_hint};
use crate::render::text::bytes;
use crate::{render, request};
use rebuild::change::Fetched;
use serde::Serialize;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Told<'a> {
    /// Suites, with digest and date of their releases and the indexes.
    suites: &'a [rebuild::archives::Used],
    /// Packages that an update needs.
    packages: Vec<ToldPackage<'a>>,
    /// How many packages were not in the folder before.
    new: usize,
    /// Bytes of those.
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct ToldPackage<'a> {
    name: &'a str,
    version: &'a str,
}

pub(super) fn run(args: &FetchArgs, quiet: bool) -> Result<Code, Failure> {
    let request = request::of_fetch(args)?;
    if args.archives.offline.is_some() {
        return Err(Failure::usage("--offline reads a folder and `slim fetch` fills one: name only --into"));
    }
    std::fs::create_dir_all(&args.into).map_err(|error| {
        let failure = Failure::failed(&format!("the folder {} cannot be made: {error}", args.into.display()));
        failure.hints(machine_hint(&error.to_string()))
    })?;
    let services = request::services(&args.registry, &args.archives, &args.machine)?;
    let fetched = watched(quiet, |progress| rebuild::pipeline::fetch(&request, &args.into, &services, progress))?;
    if args.json {
        render::print(&render::json(&told(&fetched)))?;
    } else if !quiet {
        render::print(&line(&fetched, &args.into.display().to_string()))?;
    }
    Ok(Code::Done)
}

fn told(fetched: &Fetched) -> Told<'_> {
    let packages = fetched.packages.iter().map(|(name, version)| ToldPackage { name, version }).collect();
    Told { suites: &fetched.suites, packages, new: fetched.new, bytes: fetched.bytes }
}

fn line(fetched: &Fetched, folder: &str) -> String {
    format!(
        "{folder}: {} suites, {} packages ({} new, {})\n",
        fetched.suites.len(),
        fetched.packages.len(),
        fetched.new,
        bytes(fetched.bytes)
    )
}
