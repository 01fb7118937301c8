//! How many maintainer scripts of real images are understood, and what stops the others.
//!
//! `SLIM_IMAGES=DIRECTORY cargo test -p slim-rebuild --test live_scripts -- --ignored --nocapture` with tar files of root file systems;
//! `SLIM_VERBOSE=1` tells the effects of each. `bash examples/effects.sh` makes roots and runs this.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use rebuild::engine::native::script::{Hook, Invocation, Scripts};
use rebuild::engine::native::verdict::Evaluator;
use slim::draft::Draft;
use slim::packages::dpkg::paragraph::paragraphs;
use slim::path::ImagePath;
use slim::tree::{Content, File, Inode, Kind, MemoryContents, Mtime, Node, Tree};
use std::collections::BTreeMap;
use std::io::Read as _;

/// The files that scripts may read are kept; the others stand as empty files of their mode.
fn unpack(path: &std::path::Path) -> Tree {
    let mut tree = Tree::new();
    tree.insert(ImagePath::root(), Node::directory());
    let mut archive = tar::Archive::new(std::fs::File::open(path).unwrap());
    let mut inodes = 0;
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let Ok(path) = ImagePath::new(&*entry.path_bytes()) else { continue };
        let header = entry.header().clone();
        let kind = match header.entry_type() {
            tar::EntryType::Directory => Kind::Directory,
            tar::EntryType::Symlink => Kind::Symlink(entry.link_name_bytes().unwrap().as_ref().into()),
            tar::EntryType::Link => {
                let to = ImagePath::new(&*entry.link_name_bytes().unwrap()).unwrap();
                let mut node = tree.get(&to).unwrap().clone();
                if let Kind::File(file) = &mut node.kind
                    && file.inode.is_none()
                {
                    inodes += 1;
                    file.inode = Some(Inode { layer: 0, number: inodes });
                }
                tree.insert(to, node.clone());
                tree.insert(path, node);
                continue;
            }
            _ => {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                Kind::File(File { content: Content::Inline(bytes.into()), inode: None })
            }
        };
        let mut node = Node::directory();
        node.kind = kind;
        node.mode = header.mode().unwrap() & 0o7777;
        (node.uid, node.gid) = (header.uid().unwrap() as u32, header.gid().unwrap() as u32);
        node.mtime = Mtime { seconds: header.mtime().unwrap() as i64, nanoseconds: 0 };
        tree.insert(path, node);
    }
    tree
}

#[test]
#[ignore = "live: needs root file system tars in SLIM_IMAGES"]
fn scripts_of_real_images() {
    let directory = std::env::var_os("SLIM_IMAGES").expect("SLIM_IMAGES, a directory of root file system tars");
    let mut images: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    images.sort();
    let scripts = Evaluator::new(recipes::Recipes::embedded().unwrap().scripts().cloned().collect());
    let verbose = std::env::var_os("SLIM_VERBOSE").is_some();
    for image in images.iter().filter(|path| path.extension().is_some_and(|extension| extension == "tar")) {
        let tree = unpack(image);
        let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let (mut count, mut proven, mut packages, mut whole) = (0, 0, 0, 0);
        let mut tiers: BTreeMap<String, usize> = BTreeMap::new();
        let read = |draft: &Draft<'_>, name: &str| draft.read(&ImagePath::new(name).unwrap()).unwrap();
        let mut draft = Draft::new(tree, &MemoryContents);
        let status = read(&draft, "/var/lib/dpkg/status").unwrap();
        for paragraph in paragraphs(&status) {
            let get = |field: &str| paragraph.get(field).map(|value| value.into_owned()).unwrap_or_default();
            let (package, architecture, version) = (get("Package"), get("Architecture"), get("Version"));
            let stem = match get("Multi-Arch").as_str() {
                "same" => format!("/var/lib/dpkg/info/{package}:{architecture}"),
                _ => format!("/var/lib/dpkg/info/{package}"),
            };
            let templates = read(&draft, &format!("{stem}.templates"));
            let mut all = true;
            packages += 1;
            for (hook, name, action) in [
                (Hook::Prerm, "prerm", "upgrade"),
                (Hook::Preinst, "preinst", "upgrade"),
                (Hook::Postrm, "postrm", "upgrade"),
                (Hook::Postinst, "postinst", "configure"),
            ] {
                let Some(script) = read(&draft, &format!("{stem}.{name}")) else { continue };
                count += 1;
                let invocation = Invocation {
                    package: &package,
                    architecture: &architecture,
                    hook,
                    arguments: vec![action.into(), version.clone()],
                    script: &script,
                    old_version: Some(&version),
                    new_version: &version,
                    debconf_templates: templates.as_deref(),
                };
                match scripts.run(&invocation, &mut draft, &mut Vec::new()) {
                    Ok(verdict) => {
                        proven += 1;
                        *tiers.entry(format!("{:?}", verdict.tier)).or_default() += 1;
                        if verbose {
                            println!(
                                "  {package}.{name}: {:?} {:?} ({})",
                                verdict.tier, verdict.effects, verdict.evidence
                            );
                        }
                    }
                    Err(unproven) => {
                        all = false;
                        let reason = format!("{}: {}", unproven.word, unproven.reason);
                        let at = format!("{package}.{name}:{}", unproven.line.unwrap_or(0));
                        reasons.entry(reason).or_default().push(at);
                    }
                }
            }
            whole += usize::from(all);
        }
        println!("{}: {proven} of {count} scripts, {whole} of {packages} packages, {tiers:?}", image.display());
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
        for (reason, places) in reasons {
            println!("  {:3} {reason}  [{}]", places.len(), places.join(" "));
        }
    }
}
