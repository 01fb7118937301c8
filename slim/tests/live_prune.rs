//! Prunes a real root file system and writes what is left, for a person to try.
//!
//! `SLIM_ROOT=root.tar SLIM_ENTRYPOINT='nginx -g daemon\ off;' SLIM_OUT=pruned.tar cargo test -p slim --test live_prune -- --ignored --nocapture`

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use recipes::Recipes;
use slim::draft::Draft;
use slim::launch::Launch;
use slim::packages::dpkg::database::Database;
use slim::path::ImagePath;
use slim::plan::Plan;
use slim::policy::{self, Keep, Profile};
use slim::prune::prune;
use slim::reach::reach;
use slim::tree::{Inode, Kind, MemoryContents, Mtime, Node, Tree};
use std::collections::BTreeMap;
use std::io::Read;

fn read_tar(file: &str) -> Tree {
    let mut tree = Tree::new();
    let mut inodes: BTreeMap<ImagePath, u32> = BTreeMap::new();
    let mut archive = tar::Archive::new(std::fs::File::open(file).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = ImagePath::new(entry.path_bytes()).unwrap();
        let header = entry.header().clone();
        let mut node = match header.entry_type() {
            tar::EntryType::Directory => Node::directory(),
            tar::EntryType::Symlink => Node::symlink(entry.link_name_bytes().unwrap()),
            tar::EntryType::Link => {
                let target = ImagePath::new(entry.link_name_bytes().unwrap()).unwrap();
                let number = inodes.len() as u32;
                let number = *inodes.entry(target.clone()).or_insert(number);
                let mut node = tree.get(&target).unwrap().clone();
                if let Kind::File(file) = &mut node.kind {
                    file.inode = Some(Inode { layer: 0, number });
                }
                tree.insert(target, node.clone());
                tree.insert(path, node);
                continue;
            }
            tar::EntryType::Regular => {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                Node::file(bytes)
            }
            _ => continue,
        };
        node.mode = header.mode().unwrap() & 0o7777;
        (node.uid, node.gid) = (header.uid().unwrap() as u32, header.gid().unwrap() as u32);
        node.mtime = Mtime { seconds: header.mtime().unwrap() as i64, nanoseconds: 0 };
        tree.insert(path, node);
    }
    tree
}

fn write_tar(tree: &Tree, file: &str) {
    let mut archive = tar::Builder::new(std::fs::File::create(file).unwrap());
    for (path, node) in tree.iter().filter(|(path, _)| !path.is_root()) {
        let name = String::from_utf8(path.as_bytes().to_vec()).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_mode(node.mode);
        header.set_uid(node.uid.into());
        header.set_gid(node.gid.into());
        header.set_mtime(node.mtime.seconds as u64);
        header.set_size(node.size());
        match &node.kind {
            Kind::Directory => {
                header.set_entry_type(tar::EntryType::Directory);
                archive.append_data(&mut header, format!("{name}/"), std::io::empty()).unwrap();
            }
            Kind::Symlink(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                archive.append_link(&mut header, name, std::str::from_utf8(target).unwrap()).unwrap();
            }
            Kind::File(file) => {
                let slim::tree::Content::Inline(bytes) = &file.content else { unreachable!("all is inline") };
                archive.append_data(&mut header, name, &bytes[..]).unwrap();
            }
            _ => {}
        }
    }
    archive.finish().unwrap();
}

fn report(plan: &Plan, before: &Tree, after: &Tree) {
    for step in plan.kept() {
        println!("{step}");
    }
    println!("{} of {} packages", plan.kept().count(), plan.steps.len());
    println!("{:.1} MB of {:.1} MB", after.size() as f64 / 1e6, before.size() as f64 / 1e6);
}

#[test]
#[ignore = "live: needs SLIM_ROOT, a tar of a root file system"]
fn a_real_root() {
    let variable = |name: &str| std::env::var(name).ok();
    let tree = read_tar(&variable("SLIM_ROOT").expect("SLIM_ROOT"));
    let words = |text: String| text.replace("\\ ", "\0").split(' ').map(|word| word.replace('\0', " ")).collect();
    let launch =
        Launch { entrypoint: words(variable("SLIM_ENTRYPOINT").expect("SLIM_ENTRYPOINT")), ..Launch::default() };
    let profile = if variable("SLIM_PROFILE").as_deref() == Some("files") { Profile::Files } else { Profile::Packages };
    let recipes = Recipes::embedded().unwrap();
    let database = Database::read(&tree, &MemoryContents).unwrap().expect("a dpkg database");
    let inventory = database.inventory(&tree);
    let keep = Keep { keep: variable("SLIM_KEEP").map(words).unwrap_or_default(), shell: false };
    let wishes = keep.wishes(&tree, &inventory).unwrap();
    let start = std::time::Instant::now();
    let reached = reach(&tree, &MemoryContents, &inventory, &launch, &recipes, &wishes).unwrap();
    println!("reach: {:?}", start.elapsed());
    let plan = policy::decide(&tree, &inventory, &reached, profile);
    let mut draft = Draft::new(tree.clone(), &MemoryContents);
    prune(&mut draft, &plan.removal).unwrap();
    let after = draft.finish().tree;
    for step in plan.kept() {
        if let Some(path) = &step.path {
            let chain = reached.graph.why(path).unwrap_or_default();
            println!("why {}:", step.package);
            chain.iter().for_each(|edge| println!("    {edge}"));
        }
    }
    reached.graph.unknowns().iter().for_each(|unknown| println!("unknown: {unknown}"));
    report(&plan, &tree, &after);
    if let Some(out) = variable("SLIM_OUT") {
        write_tar(&after, &out);
    }
}
