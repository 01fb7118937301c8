//! How much a package weighs: apt resolves conflicts from the heaviest package to the lightest (`pkgProblemResolver`).
//!
//! A package is heavy when much that is installed depends on it, when it is essential, and when its priority is high. Only the order
//! that the weights give matters: it decides which of two packages that do not go together is kept back.

use super::world::World;
use std::collections::BTreeMap;

/// What apt adds for an essential package, so that it comes before everything that is not.
const ESSENTIAL: i32 = 5100;
/// What is installed and can still be had.
const AVAILABLE: i32 = 1;

/// The weight of a `Priority` (Debian Policy 2.5): what no archive has any more counts as `extra`.
fn of_priority(priority: &str) -> i32 {
    match priority {
        "required" => 3,
        "important" => 2,
        "standard" => 1,
        "optional" => -1,
        _ => -2,
    }
}

/// The places of all present packages, the heaviest first.
pub(super) fn order(world: &World<'_>) -> Vec<usize> {
    let places: Vec<usize> = world.present().collect();
    let mut own: BTreeMap<usize, i32> = places.iter().map(|place| (*place, 0)).collect();
    for place in &places {
        let facts = world.facts(*place);
        let priority = if facts.available { of_priority(facts.priority) } else { of_priority("extra") };
        let base = priority + if facts.available && facts.installed { AVAILABLE } else { 0 };
        *own.entry(*place).or_default() += base + if facts.essential { 100 } else { 0 };
        for (needs, targets) in world.links(*place) {
            for target in targets {
                *own.entry(target).or_default() += if needs { 1 } else { -1 };
            }
        }
    }
    // What depends on a package hands its own weight down, once.
    let mut all = own.clone();
    for place in &places {
        let weight = own[place].max(0);
        for target in world.depends_by_name(*place) {
            *all.entry(target).or_default() += weight;
        }
    }
    for place in &places {
        if world.facts(*place).essential {
            *all.entry(*place).or_default() += ESSENTIAL - 100;
        }
    }
    let mut order = places;
    order.sort_by_key(|place| std::cmp::Reverse(all[place]));
    order
}
