//! What kept packages declare that they depend on: for images in which apt is to go on working.

use crate::packages::Inventory;
use crate::packages::dpkg::dependencies::Dependency;
use crate::reach::Reach;
use std::collections::BTreeMap;

/// The packages that must stay whole for every dependency of a package that stays to be satisfied, whether or not they are reached; each
/// with who asks for it. Of alternatives, one that stays anyway is taken, else the first.
pub fn depended(reach: &Reach, inventory: &Inventory, dependencies: &[Dependency]) -> BTreeMap<usize, String> {
    let mut whole: BTreeMap<usize, String> = BTreeMap::new();
    let known: Vec<(usize, Vec<usize>, &Dependency)> = dependencies
        .iter()
        .filter_map(|dependency| {
            let satisfied_by = dependency.satisfied_by.iter().filter_map(|name| inventory.find(name)).collect();
            Some((inventory.find(&dependency.by)?, satisfied_by, dependency))
        })
        .collect();
    loop {
        let mut news = BTreeMap::new();
        for (by, satisfied_by, dependency) in &known {
            let stays = |index: &usize| {
                reach.packages.contains_key(index) || whole.contains_key(index) || news.contains_key(index)
            };
            let taken = satisfied_by.iter().find(|index| stays(index)).or(satisfied_by.first());
            let Some(taken) = taken.filter(|index| stays(by) && !whole.contains_key(index)) else { continue };
            let name = &inventory.packages()[*by].name;
            news.entry(*taken).or_insert_with(|| format!("{name} depends on it ({})", dependency.relation));
        }
        if news.is_empty() {
            return whole;
        }
        whole.extend(news);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Package;
    use crate::path::ImagePath;
    use crate::tree::Tree;

    #[test]
    fn the_closure_prefers_what_stays_anyway() {
        let package = |name: &str| Package { name: name.into(), architecture: "all".into(), ..Package::default() };
        let inventory = Inventory::new("abcdef".chars().map(|c| package(&c.to_string())).collect(), &Tree::new());
        let mut reach = Reach::default();
        for index in [0, 2] {
            reach.packages.insert(index, ImagePath::root());
        }
        let depends = |by: &str, on: &[&str]| Dependency {
            by: format!("{by}:all"),
            relation: on.join(" | "),
            satisfied_by: on.iter().map(|name| format!("{name}:all")).collect(),
        };
        let declared =
            [depends("a", &["b", "c"]), depends("a", &["d", "e"]), depends("d", &["f"]), depends("b", &["e"])];
        let whole = depended(&reach, &inventory, &declared);
        assert_eq!(
            whole.into_iter().collect::<Vec<_>>(),
            [
                (2, "a depends on it (b | c)".to_owned()),
                (3, "a depends on it (d | e)".to_owned()),
                (5, "d depends on it (f)".to_owned())
            ]
        );
    }
}
