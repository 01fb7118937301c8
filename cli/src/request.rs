//! From what was typed to what the library is asked for: files are looked up, defaults filled in, contradictions refused.

mod archives;
mod files;

use crate::args::{
    AccessArgs, ArchiveArgs, ConffileChoice, FetchArgs, MachineArgs, ModeChoice, PruneChoice, RebuildArgs,
    RegistryArgs, SelectionArgs, UpdateChoice,
};
use crate::failure::Failure;
pub(crate) use files::read_recipe;
use files::{read_recipes, read_trace};
use rebuild::engine::native::ConffilePolicy;
use rebuild::image::Location;
use rebuild::lock::Lock;
use rebuild::request::{Prune, PruneMode, Request, Services, Update};
use rebuild::store::locate;
use rebuild::store::registry::{AuthFiles, CredentialSource, PlainHttp, RegistryOptions};
use std::path::{Path, PathBuf};

const NO_DESTINATION: &str = "\
say where the new image goes:
  -o oci:DIR[:TAG]         into an OCI image layout
  -o oci-archive:FILE      into an archive
  -o docker-archive:FILE   into an archive for `docker load`
  --tag REF --push         to a registry
  --dry-run                nowhere: only tell what would be done";

/// The request of `slim rebuild`.
pub(crate) fn of_rebuild(args: &RebuildArgs) -> Result<Request, Failure> {
    let destination = args.output.clone().or_else(|| args.tag.clone().map(Location::Registry));
    if destination.is_none() && !args.dry_run {
        return Err(Failure::usage(NO_DESTINATION));
    }
    let source = locate(&args.source, &temporary(&args.machine)?)?;
    if let Some(destination) = &destination {
        check_destination(&source, destination)?;
    }
    let update = update(args.update);
    let conffiles = match args.conffiles {
        ConffileChoice::Keep => ConffilePolicy::Keep,
        ConffileChoice::New => ConffilePolicy::New,
        ConffileChoice::Fail => ConffilePolicy::Fail,
    };
    Ok(Request {
        destination,
        platform: args.platform.platform.clone(),
        update,
        only: args.only.clone(),
        exclude: args.exclude.clone(),
        with_new: args.with_new,
        locked: args.locked.as_deref().map(Lock::read).transpose().map_err(|error| crate::failure::lock(&error))?,
        lock: args.lock.clone(),
        conffiles,
        compression: args.compression.0,
        dry_run: args.dry_run,
        allow_larger: args.allow_larger,
        strict: args.strict,
        tests: args.test.clone(),
        test_recipes: args.test_recipes,
        ..selecting(source, &args.selection)?
    })
}

/// The request of `slim fetch`: nothing is removed, so nothing that may stay is missing.
pub(crate) fn of_fetch(args: &FetchArgs) -> Result<Request, Failure> {
    let question = Request::question(locate(&args.source, &temporary(&args.machine)?)?);
    Ok(Request {
        platform: args.platform.platform.clone(),
        update: update(args.update),
        with_new: args.with_new,
        ..question
    })
}

fn update(choice: UpdateChoice) -> Update {
    match choice {
        UpdateChoice::All => Update::All,
        UpdateChoice::Security => Update::Security,
        UpdateChoice::None => Update::None,
    }
}

/// The request of a question about what would stay: a plan that is only read.
pub(crate) fn of_question(source: &str, selection: &SelectionArgs, access: &AccessArgs) -> Result<Request, Failure> {
    let request = selecting(locate(source, &temporary(&access.machine)?)?, selection)?;
    Ok(Request { platform: access.platform.platform.clone(), ..request })
}

fn selecting(source: Location, selection: &SelectionArgs) -> Result<Request, Failure> {
    let prune = match selection.prune {
        PruneChoice::Packages => Prune::Packages,
        PruneChoice::Files => Prune::Files,
        PruneChoice::None => Prune::None,
    };
    Ok(Request {
        prune,
        prune_mode: match selection.prune_mode {
            ModeChoice::Minimal => PruneMode::Minimal,
            ModeChoice::AptUsable => PruneMode::AptUsable,
        },
        keep: selection.keep.clone(),
        keep_shell: selection.keep_shell,
        roots: selection.root.clone(),
        traces: selection.trace.iter().map(|file| read_trace(file)).collect::<Result<_, _>>()?,
        recipes: read_recipes(&selection.recipe)?,
        ..Request::question(source)
    })
}

/// A tag may be moved and a layout may get one more image, but an archive is written anew: in the place of the source it
/// would destroy what it is made from.
fn check_destination(source: &Location, destination: &Location) -> Result<(), Failure> {
    let archive = |location: &Location| match location {
        Location::OciArchive { file, .. } | Location::DockerArchive { file, .. } => Some(file.clone()),
        _ => None,
    };
    if let (Some(from), Some(to)) = (archive(source), archive(destination))
        && same_file(&from, &to)
    {
        return Err(Failure::usage(&format!("{source} would be overwritten: write to another file")));
    }
    match destination {
        Location::Registry(reference) if reference.digest().is_some() => {
            Err(Failure::usage(&format!("{destination}: the new image has a digest of its own; name a tag")))
        }
        _ => Ok(()),
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// What a run may use.
pub(crate) fn services(
    registry: &RegistryArgs,
    archives: &ArchiveArgs,
    machine: &MachineArgs,
) -> Result<Services, Failure> {
    let jobs = machine.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from);
    Ok(Services {
        registry: self::registry(registry),
        archives: self::archives::options(archives, machine)?,
        temporary: temporary(machine)?,
        jobs,
    })
}

/// The folder for temporary files.
pub(crate) fn temporary(machine: &MachineArgs) -> Result<PathBuf, Failure> {
    let temporary = machine.tmp.clone().unwrap_or_else(std::env::temp_dir);
    if !temporary.is_dir() {
        let message = format!("the folder for temporary files, {}, does not exist", temporary.display());
        return Err(Failure::failed(&message).hint("make it, or name another with --tmp DIR"));
    }
    Ok(temporary)
}

fn registry(args: &RegistryArgs) -> RegistryOptions {
    let mut options = RegistryOptions { ca_certificates: args.ca.clone(), ..RegistryOptions::default() };
    if !args.plain_http.is_empty() {
        let hosts = args.plain_http.iter().map(|host| host.to_ascii_lowercase());
        options.plain_http = PlainHttp::Hosts(hosts.collect());
    }
    if let Some(file) = &args.authfile {
        options.credentials = CredentialSource::from_files(AuthFiles::File(file.clone()));
    }
    for (registry, host) in &args.registry_mirror {
        options.mirrors.entry(registry.to_ascii_lowercase()).or_default().push(host.clone());
    }
    options
}

/// The folder that outlives the run; none when nobody wants one or there is no home to put it in.
fn cache(machine: &MachineArgs) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    match &machine.cache {
        _ if machine.no_cache => None,
        Some(folder) => Some(folder.clone()),
        None => variable("XDG_CACHE_HOME")
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))
            .map(|folder| folder.join("slim")),
    }
}

#[cfg(test)]
mod tests;
