//! From what is reached to what stays: the profiles, and what the user insists on.

mod depends;

pub use depends::depended;

use crate::packages::Inventory;
use crate::path::ImagePath;
use crate::plan::{Plan, Removal, Step, Verdict};
use crate::reach::{Reach, Wishes};
use crate::scan::is_settings;
use crate::scan::knowledge::Doubt;
use crate::tree::{Kind, Tree};
use recipes::{Pattern, PatternError};
use std::collections::BTreeSet;

/// How finely pruning cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Nothing is removed.
    Off,
    /// A package is kept whole when any of it is reached, else removed whole.
    #[default]
    Packages,
    /// As `packages`, and of kept packages only the files that are reached.
    Files,
}

/// What the user insists on keeping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keep {
    /// Names of packages, paths, or patterns of either; what begins with `/` is about paths.
    pub keep: Vec<String>,
    /// Keep `/bin/sh` and all that it leads to.
    pub shell: bool,
}

impl Keep {
    /// What this means for an image. [`Wishes::vain`] tells what fits nothing of it.
    ///
    /// # Errors
    /// When a pattern is malformed.
    pub fn wishes(&self, tree: &Tree, inventory: &Inventory) -> Result<Wishes, PatternError> {
        let mut wishes = Wishes::default();
        for text in &self.keep {
            let pattern = Pattern::new(text)?;
            if text.starts_with('/') {
                let below = Pattern::new(&format!("{}/**", text.trim_end_matches('/')))?;
                let covers = |path: &ImagePath| pattern.matches(&path.to_text()) || below.matches(&path.to_text());
                let mut covered: BTreeSet<_> =
                    tree.iter().map(|(path, _)| path).filter(|path| covers(path)).cloned().collect();
                covered.extend(ImagePath::new(text).ok().filter(|path| tree.resolve(path).is_ok()));
                wishes.vain.extend(covered.is_empty().then(|| text.clone()));
                wishes.paths.extend(covered);
            } else {
                let fits = |package: &crate::packages::Package| {
                    pattern.matches(&package.name)
                        || pattern.matches(&format!("{}:{}", package.name, package.architecture))
                };
                let found = inventory.packages().iter().enumerate().filter(|(_, package)| fits(package));
                let found: BTreeSet<_> = found.map(|(index, _)| index).collect();
                wishes.vain.extend(found.is_empty().then(|| text.clone()));
                wishes.packages.extend(found);
            }
        }
        if self.shell {
            let shell = ImagePath::literal("/bin/sh");
            wishes.named.extend(
                Some(shell).filter(|shell| tree.resolve(shell).is_ok()).map(|shell| (shell, "--keep-shell".to_owned())),
            );
        }
        Ok(wishes)
    }
}

/// Decides about every package and every file.
pub fn decide(tree: &Tree, inventory: &Inventory, reach: &Reach, profile: Profile) -> Plan {
    let mut plan = Plan::default();
    let mut sizes = vec![0u64; inventory.packages().len()];
    for (path, owners) in inventory.owned() {
        if let (Some(first), Some(node)) = (owners.first(), tree.get(path))
            && let Some(size) = sizes.get_mut(*first)
        {
            *size += node.size();
        }
    }
    for (index, package) in inventory.packages().iter().enumerate() {
        let path = reach.packages.get(&index).cloned();
        let (verdict, reason) = match (&path, profile) {
            (_, Profile::Off) => (Verdict::Keep, "the profile is off".to_owned()),
            // Only what nothing in use leads to stays for whoever asks for it.
            (Some(path), _) if path.is_root() && reach.whole.contains_key(&index) => {
                (Verdict::Keep, reach.whole[&index].clone())
            }
            (Some(path), _) => (Verdict::Keep, in_use(path, reach.named.get(&index))),
            (None, _) => (Verdict::Remove, "nothing in use leads to any of its files".to_owned()),
        };
        let name = format!("{}:{}", package.name, package.architecture);
        if verdict == Verdict::Remove {
            plan.removal.packages.insert(name.clone());
        }
        let bytes = sizes.get(index).copied().unwrap_or_default();
        plan.steps.push(Step { package: name, version: package.version.clone(), verdict, reason, path, bytes });
    }
    plan.steps.sort_by(|a, b| a.package.cmp(&b.package));
    if profile != Profile::Off {
        files(tree, inventory, reach, profile, &mut plan.removal);
        let missed = |doubt: &&Doubt| doubt.about.iter().any(|path| plan.removal.paths.contains_key(path));
        plan.doubts = reach.doubts.iter().filter(missed).map(|doubt| doubt.unknown.clone()).collect();
    }
    plan
}

/// Whether this is a link at the top that leads to a directory, such as `/bin` of a merged `/usr`: the file lists of packages name what is
/// behind it through it, so that without it dpkg would take their files for lost.
fn is_alias(tree: &Tree, path: &ImagePath, node: &crate::tree::Node) -> bool {
    node.as_symlink().is_some()
        && path.parent().is_some_and(|parent| parent.is_root())
        && tree.lookup(path).is_some_and(|(_, node)| node.is_directory())
}

/// Whether this is a link in a folder of programs that leads to a file in use.
fn is_name_of_program(tree: &Tree, reach: &Reach, path: &ImagePath, node: &crate::tree::Node) -> bool {
    let in_folder = path.parent().is_some_and(|folder| matches!(folder.file_name(), b"bin" | b"sbin" | b"games"));
    let target = tree.lookup(path).filter(|_| in_folder && node.as_symlink().is_some());
    target.is_some_and(|(real, node)| node.as_file().is_some() && reach.graph.reaches(&real))
}

/// Whether this is a link to a file of a package that stays: what a maintainer script made for it (`/etc/alternatives/awk`) stays as its
/// own files do. Should that file go all the same, the link dangles and goes with it.
fn leads_to_kept(
    tree: &Tree,
    inventory: &Inventory,
    reach: &Reach,
    path: &ImagePath,
    node: &crate::tree::Node,
) -> bool {
    let kept = |index: &usize| reach.packages.contains_key(index);
    node.as_symlink().is_some()
        && tree.resolve(path).is_ok_and(|target| inventory.owner_indexes(&target.path).iter().any(kept))
}

fn in_use(path: &ImagePath, named: Option<&(ImagePath, String)>) -> String {
    match named.filter(|(from, _)| from == path) {
        Some((from, rule)) if from.is_root() => format!("recipe {rule} names it"),
        Some((from, rule)) => format!("recipe {rule} names it, because {from} is in use"),
        None => format!("{path} is in use"),
    }
}

fn files(tree: &Tree, inventory: &Inventory, reach: &Reach, profile: Profile, removal: &mut Removal) {
    let kept = |index: &usize| reach.packages.contains_key(index);
    for (path, node) in tree.iter().filter(|(path, _)| !reach.graph.reaches(path)) {
        let owners = inventory.owner_indexes(path);
        if node.is_directory() {
            // Empty directories of kept packages are made to be filled: /tmp, /var/log/nginx.
            let emptied = profile == Profile::Files && tree.children(path).next().is_some();
            if !owners.is_empty() && (emptied || !owners.iter().any(kept)) {
                removal.directories.insert(path.clone());
            }
            continue;
        }
        if is_alias(tree, path, node) || reach.byte_code.contains_key(path) {
            continue;
        }
        let reason = if owners.is_empty() {
            if profile == Profile::Packages && leads_to_kept(tree, inventory, reach, path, node) {
                continue;
            }
            match reach.leftovers.get(path) {
                Some(because) => because.clone(),
                None if reach.gated.contains(path) => "nothing that reads it is in use".to_owned(),
                None => continue,
            }
        } else if !owners.iter().any(kept) {
            "its package is removed".to_owned()
        } else if owners.iter().any(|owner| reach.whole.contains_key(owner)) {
            continue;
        } else if reach.gated.contains(path) {
            "nothing that reads it is in use".to_owned()
        // A name for a program that stays costs nothing, and programs start each other by names that they put together.
        } else if is_name_of_program(tree, reach, path, node) {
            continue;
        // Programs find their settings so as well, and those of a package that stays are small.
        } else if profile == Profile::Files && !is_settings(path, node) {
            "nothing in use leads to it".to_owned()
        } else {
            continue;
        };
        removal.paths.insert(path.clone(), reason);
    }
    removal.by_file = profile == Profile::Files;
    loop {
        dangling(tree, removal);
        let atoms = atoms(tree, reach, removal);
        if !stranded(reach, removal) && !atoms {
            break;
        }
    }
    byte_code(reach, removal);
}

/// Byte code goes with its module, and by file altogether.
fn byte_code(reach: &Reach, removal: &mut Removal) {
    for (path, because) in reach.byte_code.iter().filter(|(path, _)| !reach.graph.reaches(path)) {
        if removal.by_file {
            removal.paths.insert(path.clone(), because.clone());
        } else if source(path).is_some_and(|module| removal.paths.contains_key(&module)) {
            removal.paths.insert(path.clone(), "its module is removed".to_owned());
        }
    }
    let emptied = reach.byte_code.keys().filter(|path| removal.paths.contains_key(path)).filter_map(ImagePath::parent);
    removal.directories.extend(emptied.collect::<Vec<_>>());
    // To Python an empty folder is a package without modules (PEP 420), so that an import would not fail as it should.
    let gone = reach.leftovers.keys().chain(reach.byte_code.keys()).filter(|path| removal.paths.contains_key(path));
    let folders: BTreeSet<ImagePath> = gone.flat_map(ImagePath::ancestors).filter(below_modules).collect();
    removal.directories.extend(folders);
}

/// Whether a folder is below one of Python's for installed modules.
fn below_modules(folder: &ImagePath) -> bool {
    let parent = folder.parent();
    parent.is_some_and(|parent| parent.components().any(|part| matches!(part, b"site-packages" | b"dist-packages")))
}

/// The module of `__pycache__/NAME.cpython-311.pyc` (PEP 3147).
fn source(path: &ImagePath) -> Option<ImagePath> {
    let name = path.file_name().split(|b| *b == b'.').next()?;
    path.parent()?.parent()?.join([name, b".py"].concat()).ok()
}

/// What nothing runs, and what could not run any more because something that it takes is removed, goes too; whether there was any.
fn stranded(reach: &Reach, removal: &mut Removal) -> bool {
    let lost = |(path, needs): (&ImagePath, &BTreeSet<ImagePath>)| {
        let need = needs.iter().find(|need| removal.paths.contains_key(need))?;
        let reason = format!("nothing in use runs it, and {need}, which it needs, is removed");
        (!removal.paths.contains_key(path)).then(|| (path.clone(), reason))
    };
    let news: Vec<_> = reach.idle.iter().filter_map(lost).collect();
    let any = !news.is_empty();
    removal.paths.extend(news);
    any
}

/// What lives or dies with something that is removed goes too; whether there was any.
fn atoms(tree: &Tree, reach: &Reach, removal: &mut Removal) -> bool {
    let before = removal.paths.len();
    for members in &reach.atoms {
        let Some(gone) = members.iter().find(|member| removal.paths.contains_key(member)).cloned() else { continue };
        for member in members.iter().filter(|member| !removal.paths.contains_key(member)).cloned().collect::<Vec<_>>() {
            if tree.get(&member).is_some_and(|node| node.is_directory()) {
                removal.directories.insert(member);
            } else {
                removal.paths.insert(member, format!("it lives or dies with {gone}, which is removed"));
            }
        }
    }
    removal.paths.len() > before
}

/// A link that led somewhere and now would not goes too, unless it is in use: the leavings of removed packages.
fn dangling(tree: &Tree, removal: &mut Removal) {
    loop {
        let emptied = emptied(tree, removal);
        let gone = |path: &ImagePath| removal.paths.contains_key(path) || emptied.contains(path);
        let news: BTreeSet<ImagePath> = tree
            .iter()
            .filter(|(path, node)| matches!(node.kind, Kind::Symlink(_)) && !gone(path))
            .filter(|(path, _)| {
                tree.resolve(path).is_ok_and(|resolved| gone(&resolved.path) || resolved.links.iter().any(gone))
            })
            .map(|(path, _)| path.clone())
            .collect();
        if news.is_empty() {
            return;
        }
        removal.paths.extend(news.into_iter().map(|path| (path, "what it leads to is removed".to_owned())));
    }
}

/// The directories that go because all that is in them goes.
fn emptied(tree: &Tree, removal: &Removal) -> BTreeSet<ImagePath> {
    let mut emptied = BTreeSet::new();
    // The deepest first, so that it is known of all that is in a directory when its turn comes.
    for directory in removal.directories.iter().rev() {
        let goes = |path: &ImagePath| removal.paths.contains_key(path) || emptied.contains(path);
        if tree.children(directory).all(|(path, _)| goes(path)) {
            emptied.insert(directory.clone());
        }
    }
    emptied
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::Launch;
    use crate::packages::Package;
    use crate::tree::{MemoryContents, text};
    use recipes::Recipes;

    const TREE: &str = "/usr/bin/app = #!/usr/bin/sh\\n. /usr/share/data/lib\n/usr/bin/sh = x\n/usr/bin/awk -> /etc/alternatives/awk\n\
        /etc/alternatives/awk -> /usr/bin/mawk\n/usr/bin/mawk = x\n/usr/share/data/lib = x\n/opt/mine = x\n/usr/bin/link -> mawk\n\
        /usr/share/doc/mawk/copyright = x\n/usr/share/doc/app -> mawk\n\
        /usr/bin/tool 755 = #!/usr/bin/awk -f\n/usr/bin/other 755 = #!/usr/bin/sh";

    fn plan(keep: &[&str], profile: Profile) -> Plan {
        plan_with(keep, &[], profile)
    }

    /// `whole` are packages, by index, that somebody depends on.
    fn plan_with(keep: &[&str], whole: &[usize], profile: Profile) -> Plan {
        let tree = text::tree(TREE).unwrap();
        let package = |name: &str, files: &[&str]| Package {
            name: name.into(),
            architecture: "all".into(),
            files: files.iter().map(|path| ImagePath::literal(path)).collect(),
            ..Package::default()
        };
        let packages = vec![
            package(
                "app",
                &["/usr", "/usr/bin", "/usr/bin/app", "/usr/bin/tool", "/usr/bin/other", "/usr/share/doc/app"],
            ),
            package("shell", &["/usr/bin/sh"]),
            package("mawk", &["/usr/bin/mawk", "/usr/share", "/usr/share/doc/mawk", "/usr/share/doc/mawk/copyright"]),
            package("data", &["/usr/share/data", "/usr/share/data/lib"]),
        ];
        let inventory = Inventory::new(packages, &tree);
        let recipes = Recipes::embedded().unwrap();
        let launch = Launch { entrypoint: vec!["app".into()], ..Launch::default() };
        let keep = Keep { keep: keep.iter().map(|text| (*text).to_owned()).collect(), shell: false };
        let mut wishes = keep.wishes(&tree, &inventory).unwrap();
        wishes.whole = whole.iter().map(|index| (*index, "somebody depends on it".to_owned())).collect();
        let reach = crate::reach::reach(&tree, &MemoryContents, &inventory, &launch, &recipes, &wishes).unwrap();
        decide(&tree, &inventory, &reach, profile)
    }

    fn kept(plan: &Plan) -> Vec<&str> {
        plan.kept().map(|step| step.package.trim_end_matches(":all")).collect()
    }

    fn gone(plan: &Plan) -> Vec<String> {
        plan.removal.paths.keys().map(ImagePath::to_text).collect()
    }

    #[test]
    fn packages_that_nothing_leads_to_go_with_the_links_to_them() {
        let plan = plan(&[], Profile::Packages);
        assert_eq!(kept(&plan), ["app", "data", "shell"]);
        assert_eq!(
            gone(&plan),
            [
                "/etc/alternatives/awk",
                "/usr/bin/awk",
                "/usr/bin/link",
                "/usr/bin/mawk",
                "/usr/bin/tool",
                "/usr/share/doc/app",
                "/usr/share/doc/mawk/copyright"
            ]
        );
    }

    #[test]
    fn the_user_can_insist() {
        for wish in ["mawk", "maw*", "/usr/bin/awk", "/usr/bin/m*"] {
            assert!(kept(&plan(&[wish], Profile::Packages)).contains(&"mawk"), "{wish}");
        }
    }

    #[test]
    fn what_nothing_runs_goes_with_what_it_needs() {
        let plan = plan(&[], Profile::Packages);
        let reason = &plan.removal.paths[&ImagePath::literal("/usr/bin/tool")];
        assert!(reason.contains("which it needs, is removed"), "{reason}");
        assert!(!gone(&plan).contains(&"/usr/bin/other".to_owned()), "what could still run stays");
    }

    #[test]
    fn by_file_only_what_is_reached_stays() {
        let plan = plan(&[], Profile::Files);
        assert!(plan.removal.by_file && gone(&plan).contains(&"/usr/bin/other".to_owned()));
        assert_eq!(kept(&plan), ["app", "data", "shell"]);
    }

    #[test]
    fn by_file_settings_of_what_stays_stay() {
        let tree = text::tree("/usr/bin/app = x\n/etc/app.d/a.conf = x\n/etc/init.d/app 755 = x\n/etc/other.conf = x")
            .unwrap();
        let package = |name: &str, files: &[&str]| Package {
            name: name.into(),
            files: files.iter().map(|path| ImagePath::literal(path)).collect(),
            ..Package::default()
        };
        let packages = vec![
            package("app", &["/usr/bin/app", "/etc/app.d/a.conf", "/etc/init.d/app"]),
            package("other", &["/etc/other.conf"]),
        ];
        let inventory = Inventory::new(packages, &tree);
        let launch = Launch { entrypoint: vec!["/usr/bin/app".into()], ..Launch::default() };
        let (recipes, wishes) = (Recipes::empty(), Wishes::default());
        let reach = crate::reach::reach(&tree, &MemoryContents, &inventory, &launch, &recipes, &wishes).unwrap();
        assert_eq!(gone(&decide(&tree, &inventory, &reach, Profile::Files)), ["/etc/init.d/app", "/etc/other.conf"]);
    }

    #[test]
    fn byte_code_goes_with_its_module_and_by_file_altogether() {
        let tree = text::tree(
            "/usr/bin/app = x\n/usr/lib/a/mine.py = x\n/usr/lib/a/__pycache__/mine.cpython-311.pyc = x\n\
             /usr/lib/b/theirs.py = x\n/usr/lib/b/__pycache__/theirs.cpython-311.opt-1.pyc = x",
        )
        .unwrap();
        let owned =
            Package { name: "b".into(), files: vec![ImagePath::literal("/usr/lib/b/theirs.py")], ..Package::default() };
        let inventory = Inventory::new(vec![owned], &tree);
        let launch = Launch { entrypoint: vec!["/usr/bin/app".into()], ..Launch::default() };
        let recipes = Recipes::embedded().unwrap();
        let wishes = Wishes::default();
        let reach = crate::reach::reach(&tree, &MemoryContents, &inventory, &launch, &recipes, &wishes).unwrap();
        let (theirs, mine) =
            ("/usr/lib/b/__pycache__/theirs.cpython-311.opt-1.pyc", "/usr/lib/a/__pycache__/mine.cpython-311.pyc");
        let packages = decide(&tree, &inventory, &reach, Profile::Packages);
        assert_eq!(gone(&packages), [theirs, "/usr/lib/b/theirs.py"]);
        assert!(packages.removal.directories.contains(&ImagePath::literal("/usr/lib/b/__pycache__")));
        assert_eq!(gone(&decide(&tree, &inventory, &reach, Profile::Files)), [mine, theirs, "/usr/lib/b/theirs.py"]);
    }

    #[test]
    fn what_is_depended_on_stays_whole_and_leads_nowhere() {
        for profile in [Profile::Packages, Profile::Files] {
            let plan = plan_with(&[], &[2], profile);
            assert_eq!(kept(&plan), ["app", "data", "mawk", "shell"], "{profile:?}");
            assert_eq!(plan.step("mawk").unwrap().reason, "somebody depends on it");
            assert!(!gone(&plan).contains(&"/usr/share/doc/mawk/copyright".to_owned()), "{profile:?}");
        }
        // What is reached keeps its own reason.
        assert!(plan_with(&[], &[1], Profile::Packages).step("shell").unwrap().reason.ends_with("is in use"));
    }

    #[test]
    fn the_links_of_a_merged_usr_stay_for_the_lists_that_go_through_them() {
        let tree = text::tree("/usr/bin/app = x\n/bin -> usr/bin\n/empty -> gone/\n/gone/x = 1").unwrap();
        let package = |name: &str, files: &[&str]| Package {
            name: name.into(),
            architecture: "all".into(),
            files: files.iter().map(|path| ImagePath::literal(path)).collect(),
            ..Package::default()
        };
        let packages = vec![package("app", &["/bin", "/bin/app", "/empty"]), package("lost", &["/gone", "/gone/x"])];
        let inventory = Inventory::new(packages, &tree);
        let launch = Launch { entrypoint: vec!["/usr/bin/app".into()], ..Launch::default() };
        let (recipes, wishes) = (Recipes::empty(), Wishes::default());
        let reach = crate::reach::reach(&tree, &MemoryContents, &inventory, &launch, &recipes, &wishes).unwrap();
        let plan = decide(&tree, &inventory, &reach, Profile::Files);
        assert_eq!(gone(&plan), ["/empty", "/gone/x"], "an alias of what goes goes too");
    }

    #[test]
    fn links_to_whole_packages_stay_and_by_file_only_those_in_use() {
        let shell = |profile| gone(&plan(&["/usr/bin/mawk"], profile));
        for link in ["/etc/alternatives/awk", "/usr/bin/awk"] {
            assert!(!shell(Profile::Packages).contains(&link.to_owned()), "{link}");
        }
        assert!(shell(Profile::Files).contains(&"/etc/alternatives/awk".to_owned()));
    }

    #[test]
    fn off_keeps_all() {
        let plan = plan(&[], Profile::Off);
        assert_eq!(kept(&plan).len(), 4);
        assert!(gone(&plan).is_empty());
    }
}
