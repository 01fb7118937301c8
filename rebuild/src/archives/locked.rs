//! The archives of a lock: its packages by hash, and no index is asked for.

use super::index::{Candidate, Origin};
use super::sources::Source;
use super::{Archive, ArchiveError, Options, redirect, transport};
use crate::lock::{Lock, Locked};
use slim::packages::dpkg::{MultiArch, Relations, Version};
use std::sync::Arc;

impl Archive {
    /// Opens the archives of a lock, and gives its packages as candidates in the lock's order. What the caller says of mirrors, snapshots
    /// and folders holds; sources and keys of the image do not matter, because every package is known by its hash.
    ///
    /// # Errors
    /// An option that makes no sense, or a cache that cannot be made.
    pub fn of_lock(lock: &Lock, options: &Options) -> Result<(Self, Vec<Candidate>), ArchiveError> {
        let candidates = lock.packages.iter().map(|package| candidate(package, options)).collect::<Result<_, _>>()?;
        let cache = options.cache()?;
        let archive = Self {
            transport: transport::of(options),
            cache,
            suites: Vec::new(),
            indexes: Vec::new(),
            width: options.width(),
            locked: lock.suites.clone(),
        };
        Ok((archive, candidates))
    }
}

fn candidate(package: &Locked, options: &Options) -> Result<Candidate, ArchiveError> {
    let mut source = Source { uri: package.archive.clone(), suite: package.suite.clone(), ..Source::default() };
    redirect(&mut source, options)?;
    let unreadable =
        |cause: slim::packages::dpkg::VersionError| ArchiveError::Option { name: "locked", problem: cause.to_string() };
    Ok(Candidate {
        name: package.name.clone(),
        version: Version::new(&package.version).map_err(unreadable)?,
        architecture: package.architecture.clone(),
        source: None,
        filename: package.filename.clone(),
        size: package.size,
        sha256: package.sha256.to_ascii_lowercase(),
        multi_arch: MultiArch::default(),
        essential: false,
        priority: String::new(),
        relations: Relations::default(),
        phased: None,
        unusable: None,
        origin: Arc::new(Origin {
            base: package.archive.clone(),
            fetch_base: source.uri,
            dist: package.suite.clone(),
            ..Origin::default()
        }),
    })
}
