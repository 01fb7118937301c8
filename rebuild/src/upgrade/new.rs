//! Packages that are not installed and that an upgrade needs (`apt-get --no-install-recommends upgrade --with-new-pkgs`).
//!
//! As apt does, of alternatives the first that can be had is taken, a package of that name before one that provides it. Nothing is
//! removed for it, and what does not work out is not tried in another way.

use super::reason::{Reason, Why};
use super::world::World;
use super::{Candidate, InstalledPackage, Kept, Offered, Policy};
use std::collections::BTreeMap;

/// More packages than one upgrade brings along.
const LIMIT: usize = 1000;

/// Of every package that is not installed, the version that would be.
pub(super) fn extras<'a>(
    installed: &[InstalledPackage],
    native: &str,
    offers: &BTreeMap<&str, Vec<&'a Candidate>>,
    policy: &Policy,
) -> Vec<&'a Candidate> {
    let mut extras = Vec::new();
    for (name, candidates) in offers {
        if installed.iter().any(|package| package.name == *name) || policy.refused.contains_key(*name) {
            continue;
        }
        let fits = |c: &&&Candidate| {
            (c.architecture == native || c.architecture == "all") && !policy.exclude.fit(&c.name, &c.architecture)
        };
        let fitting: Vec<_> = candidates.iter().filter(fits).copied().collect();
        extras.extend(policy.pins.choose_new(&fitting, native).filter(|candidate| candidate.unusable.is_none()));
    }
    extras
}

/// Takes what was kept back for want of a package, together with the packages that it needs.
pub(super) fn take<'a>(world: &mut World<'a>, offered: &Offered<'a>, kept: &mut Kept<'a>) {
    let mut failed: BTreeMap<usize, Reason> = BTreeMap::new();
    loop {
        let mut progress = false;
        let waiting: Vec<_> =
            kept.iter().filter(|(_, (_, why))| why.is_by_others()).map(|(at, (c, _))| (*at, *c)).collect();
        for (place, candidate) in waiting {
            if world.upgraded(place) {
                continue;
            }
            let before = world.save();
            world.choose(place, candidate);
            match complete(world, offered) {
                Ok(()) => progress = true,
                Err(Some((culprit, why))) if culprit != place => {
                    let head = Reason::below(vec![world.name(culprit)], vec![Reason::of(why)]);
                    failed.extend(head.into_iter().map(|reason| (place, reason)));
                    world.restore(before);
                }
                Err(_) => world.restore(before),
            }
        }
        kept.retain(|place, _| !world.upgraded(*place));
        if !progress {
            break;
        }
    }
    // What was new and could not come either is the reason for the reason.
    for (place, reason) in failed {
        if let Some((_, kept)) = kept.get_mut(&place)
            && matches!(kept.why, Why::NeedsNew { .. })
        {
            kept.because = vec![reason];
        }
    }
}

/// Adds to a world until nothing is broken, or says which package cannot stand, and why.
fn complete<'a>(world: &mut World<'a>, offered: &Offered<'a>) -> Result<(), Option<(usize, Why)>> {
    for _ in 0..LIMIT {
        let violations = world.violations();
        let Some(violation) = violations.first() else { return Ok(()) };
        let newer = violation.causes.iter().find(|cause| offered.contains_key(cause) && !world.upgraded(**cause));
        let newer = newer.and_then(|cause| Some((*cause, *offered.get(cause)?)));
        match newer.or_else(|| world.absent_for(violation.place, violation.unmet?)) {
            Some((place, candidate)) => world.choose(place, candidate),
            None => return Err(world.upgraded(violation.place).then(|| (violation.place, violation.why.clone()))),
        }
    }
    Err(None)
}
