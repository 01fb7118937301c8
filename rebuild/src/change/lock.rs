//! Between an upgrade and its lock.

use crate::archives::index::Candidate;
use crate::image::Image;
use crate::lock::{Lock, LockError, Locked, LockedBack};
use crate::upgrade::{InstalledPackage, KeptBack, Reason, Step, Upgrade, Why};

/// A candidate as a lock names it.
pub(super) fn locked(candidate: &Candidate, from: Option<&str>) -> Locked {
    Locked {
        name: candidate.name.clone(),
        architecture: candidate.architecture.clone(),
        version: candidate.version.to_string(),
        from: from.map(str::to_owned),
        needed_by: Vec::new(),
        archive: candidate.origin.base.clone(),
        suite: candidate.origin.dist.clone(),
        filename: candidate.filename.clone(),
        size: candidate.size,
        sha256: candidate.sha256.clone(),
    }
}

/// A step as a lock names it.
pub(super) fn step(step: &Step) -> Locked {
    Locked { needed_by: step.needed_by.clone(), ..locked(&step.to, Some(&step.from)) }
}

/// What was kept back, as a lock tells it.
pub(super) fn kept_back(upgrade: &Upgrade) -> Vec<LockedBack> {
    let told = |kept: &KeptBack| LockedBack {
        name: kept.package.clone(),
        architecture: kept.architecture.clone(),
        installed: kept.installed.clone(),
        candidate: kept.candidate.clone(),
        reason: kept.reason.to_string(),
    };
    upgrade.kept_back.iter().filter(|kept| !kept.reason.is_choice()).map(told).collect()
}

/// The upgrade that a lock stands for; `candidates` are its packages in its order.
///
/// # Errors
/// When the lock is for another image.
pub(super) fn upgrade(
    lock: &Lock,
    image: &Image,
    installed: &[InstalledPackage],
    candidates: &[Candidate],
) -> Result<Upgrade, LockError> {
    if lock.source != image.digest {
        let (expected, found) = (lock.source.clone(), image.digest.clone());
        return Err(LockError::OtherImage { image: image.name.clone(), expected, found });
    }
    let mut upgrade = Upgrade::default();
    for (package, candidate) in lock.packages.iter().zip(candidates) {
        let Some(from) = &package.from else { continue };
        let here = installed.iter().find(|p| p.name == package.name && p.architecture == package.architecture);
        if here.is_none() && from.is_empty() {
            upgrade.steps.push(Step::anew(candidate, package.needed_by.clone()));
            continue;
        }
        let found = here.map_or_else(|| "nothing".to_owned(), |p| p.version.to_string());
        if found != *from {
            let name = format!("{}:{}", package.name, package.architecture);
            return Err(LockError::OtherVersion { package: name, expected: from.clone(), found });
        }
        upgrade.steps.push(Step {
            package: package.name.clone(),
            architecture: package.architecture.clone(),
            from: from.clone(),
            to: candidate.clone(),
            needed_by: Vec::new(),
            essential_changes: false,
            multi_arch_changes: false,
        });
    }
    upgrade.steps.sort_by(|a, b| (&a.package, &a.architecture).cmp(&(&b.package, &b.architecture)));
    let told = |kept: &LockedBack| KeptBack {
        package: kept.name.clone(),
        architecture: kept.architecture.clone(),
        installed: kept.installed.clone(),
        candidate: kept.candidate.clone(),
        reason: Reason::of(Why::Refused(kept.reason.clone())),
    };
    upgrade.kept_back = lock.kept_back.iter().map(told).collect();
    Ok(upgrade)
}
