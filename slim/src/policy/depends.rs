//! What kept packages declare that they depend on: for images in which apt is to go on working.

use crate::packages::Inventory;
use crate::packages::dpkg::dependencies::Dependency;
use crate::reach::Reach;
use std::collections::BTreeMap;

/// Package managers, which take essential packages for granted: nobody has to declare that he depends on them (Debian Policy, 3.8), dpkg
/// refuses to begin without their programs, and apt brings them back.
const MANAGERS: [&str; 2] = ["apt", "dpkg"];

/// The packages that must stay whole for every dependency of a package that stays to be satisfied, whether or not they are reached; each
/// with who asks for it. Of alternatives, one that stays anyway is taken, else the first. Where a package manager stays, what is essential
/// does too.
pub fn depended(reach: &Reach, inventory: &Inventory, dependencies: &[Dependency]) -> BTreeMap<usize, String> {
    let mut whole: BTreeMap<usize, String> = BTreeMap::new();
    let known: Vec<(usize, Vec<usize>, &Dependency)> = dependencies
        .iter()
        .filter_map(|dependency| {
            let satisfied_by = dependency.satisfied_by.iter().filter_map(|name| inventory.find(name)).collect();
            Some((inventory.find(&dependency.by)?, satisfied_by, dependency))
        })
        .collect();
    let packages = inventory.packages();
    loop {
        let mut news = BTreeMap::new();
        let manager = MANAGERS.iter().find(|name| {
            inventory.find(name).is_some_and(|index| reach.packages.contains_key(&index) || whole.contains_key(&index))
        });
        if let Some(manager) = manager {
            let essential = packages.iter().enumerate().filter(|(index, p)| p.essential && !whole.contains_key(index));
            news.extend(
                essential.map(|(index, _)| (index, format!("it is essential, which {manager} takes for granted"))),
            );
        }
        for (by, satisfied_by, dependency) in &known {
            let stays = |index: &usize| {
                reach.packages.contains_key(index) || whole.contains_key(index) || news.contains_key(index)
            };
            let taken = satisfied_by.iter().find(|index| stays(index)).or(satisfied_by.first());
            let Some(taken) = taken.filter(|index| stays(by) && !whole.contains_key(index)) else { continue };
            let name = &packages[*by].name;
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

    #[test]
    fn what_is_essential_stays_where_a_package_manager_does() {
        let package = |name: &str, essential| Package {
            name: name.into(),
            architecture: "all".into(),
            essential,
            ..Package::default()
        };
        let packages = ["app", "dpkg", "shell", "library"].map(|name| package(name, matches!(name, "dpkg" | "shell")));
        let inventory = Inventory::new(packages.into(), &Tree::new());
        let mut reach = Reach::default();
        reach.packages.insert(0, ImagePath::root());
        let depends = |by: &str, on: &str| Dependency {
            by: format!("{by}:all"),
            relation: on.to_owned(),
            satisfied_by: vec![format!("{on}:all")],
        };
        let library = depends("shell", "library");
        assert_eq!(depended(&reach, &inventory, std::slice::from_ref(&library)), BTreeMap::new());
        // One that is only depended on counts, too.
        let whole = depended(&reach, &inventory, &[depends("app", "dpkg"), library]);
        assert_eq!(
            whole.into_iter().collect::<Vec<_>>(),
            [
                (1, "app depends on it (dpkg)".to_owned()),
                (2, "it is essential, which dpkg takes for granted".to_owned()),
                (3, "shell depends on it (library)".to_owned())
            ]
        );
    }
}
