//! Upgrading packages of images without dpkg, whose makers laid packages out as files and put their control files into
//! `/var/lib/dpkg/status.d` (`status.d/NAME`, `status.d/NAME.md5sums`).
//!
//! Their makers ran no maintainer script, so none is reproduced; what they left out of the old version is left out of the new one.

use super::accounts::Accounts;
use super::{EngineError, Note, Outcome, PackageUpdate, Refused, RefusedReason, Upgraded, effects};
use crate::archives::deb::{Deb, DebEntry, DebKind};
use slim::draft::Draft;
use slim::packages::dpkg::database::Database;
use slim::packages::dpkg::info;
use slim::packages::dpkg::status::Status;
use slim::path::ImagePath;
use slim::tree::{File, Kind, Mtime, Node, Origin};
use std::collections::{BTreeMap, BTreeSet};

/// What images have that was made of a package's files by whoever built them, in a way that is not known.
const MADE_FROM: [(&str, &str); 2] = [
    ("ca-certificates", "/etc/ssl/certs/ca-certificates.crt"),
    ("ca-certificates-java", "/etc/ssl/certs/java/cacerts"),
];

/// Upgrades packages one after the other.
pub(super) fn upgrade(
    draft: &mut Draft<'_>,
    database: &Database,
    packages: &[PackageUpdate<'_>],
) -> Result<Outcome, EngineError> {
    let files = files(draft, database)?;
    let mut outcome = Outcome::default();
    let accounts = Accounts::read(draft)?;
    for package in packages {
        outcome.packages.push(one(draft, database, &files, &accounts, package)?);
    }
    let cache = ImagePath::literal("/etc/ld.so.cache");
    if draft.tree().lookup(&cache).is_some() {
        let reason = |unproven| RefusedReason::Trigger {
            package: "libc-bin".into(),
            triggers: vec!["ldconfig".into()],
            unproven,
        };
        let first = packages.first().and_then(|package| package.deb.field("Package")).unwrap_or_default();
        effects::ldconfig::refresh(draft).map_err(|unproven| Refused {
            package: first,
            with: Vec::new(),
            reason: reason(unproven),
        })?;
    }
    Ok(outcome)
}

/// The control file of every package, by name and architecture: how it is called is its maker's choice.
fn files(draft: &Draft<'_>, database: &Database) -> Result<BTreeMap<(String, String), ImagePath>, EngineError> {
    let directory = database.at("status.d");
    let directory = draft.tree().resolve(&directory).map_or(directory, |resolved| resolved.path);
    let mut files = BTreeMap::new();
    let paths: Vec<_> = draft.tree().children(&directory).map(|(path, _)| path.clone()).collect();
    for path in paths.into_iter().filter(|path| !path.file_name().ends_with(b".md5sums")) {
        let text = draft.read(&path)?.unwrap_or_default();
        for stanza in Status::parse(&text).stanzas() {
            files.insert((stanza.package.clone(), stanza.architecture.clone()), path.clone());
        }
    }
    Ok(files)
}

fn sums_of(control: &ImagePath) -> ImagePath {
    let mut name = control.as_bytes().to_vec();
    name.extend_from_slice(b".md5sums");
    ImagePath::new(name).unwrap_or_else(|_| control.clone())
}

/// One package on its way.
struct Laying<'a> {
    deb: &'a Deb,
    accounts: &'a Accounts,
    name: String,
    /// What the old version had, with the sums.
    old: BTreeMap<ImagePath, String>,
    /// The layer that holds the control file: what is above it is somebody's change.
    origin: Origin,
    /// The time of everything, where its maker gave all files the same.
    mtime: Option<Mtime>,
    /// Where the new version's paths are, links of parents followed.
    places: BTreeMap<ImagePath, ImagePath>,
    notes: Vec<Note>,
}

impl Laying<'_> {
    fn refuse(&self, path: &ImagePath, reason: &str) -> EngineError {
        let reason = RefusedReason::Path { path: path.clone(), reason: reason.into() };
        Refused { package: self.name.clone(), with: Vec::new(), reason }.into()
    }
}

fn one(
    draft: &mut Draft<'_>,
    database: &Database,
    files: &BTreeMap<(String, String), ImagePath>,
    accounts: &Accounts,
    package: &PackageUpdate<'_>,
) -> Result<Upgraded, EngineError> {
    let field = |name: &str| package.deb.field(name).unwrap_or_default();
    let (name, architecture, version) = (field("Package"), field("Architecture"), field("Version"));
    let refuse = |reason| EngineError::from(Refused { package: name.clone(), with: Vec::new(), reason });
    let stanza = database.status.stanzas().iter().find(|s| s.package == name && s.architecture == architecture);
    let found = stanza.map(|stanza| stanza.version.clone()).unwrap_or_default();
    let control = files.get(&(name.clone(), architecture.clone())).filter(|_| found == package.from_version);
    let Some(control) = control else {
        return Err(refuse(RefusedReason::Version { expected: package.from_version.to_owned(), found }));
    };
    for (_, made) in MADE_FROM.iter().filter(|(of, _)| *of == name) {
        let path = ImagePath::literal(made);
        if draft.tree().lookup(&path).is_some() {
            let reason =
                "whoever built the image made it from the package's certificates, in a way that is not known".into();
            return Err(refuse(RefusedReason::Path { path, reason }));
        }
    }
    let sums = sums_of(control);
    let Some(old) = draft.read(&sums)? else {
        let reason =
            "it is missing, so the old version's files are not known; use a newer build of the base image".into();
        return Err(refuse(RefusedReason::Path { path: sums, reason }));
    };
    let Some(node) = draft.get(control).cloned() else { return Err(EngineError::NoDatabase) };
    let mut laying = Laying {
        deb: package.deb,
        accounts,
        name: name.clone(),
        old: info::read_md5sums(&old),
        origin: node.origin,
        mtime: None,
        places: BTreeMap::new(),
        notes: Vec::new(),
    };
    laying.mtime = common_time(draft, &laying).filter(|time| *time == node.mtime);
    lay(draft, &mut laying)?;
    clear(draft, &laying);
    put_file(draft, control, &package.deb.control, &laying);
    put_file(draft, &sums, &new_sums(package.deb), &laying);
    let package_name = format!("{name}:{architecture}");
    Ok(Upgraded { package: package_name, from: found, to: version, verdicts: Vec::new(), notes: laying.notes })
}

/// Where a path of the package is, links of parents followed.
fn place(draft: &Draft<'_>, path: &ImagePath) -> Option<ImagePath> {
    match draft.tree().resolve_parent(path) {
        Ok(resolved) => Some(resolved.path),
        Err(slim::tree::ResolveError::Missing { .. }) => Some(path.clone()),
        Err(_) => None,
    }
}

/// The modification time that all files of the old version share, if they do.
fn common_time(draft: &Draft<'_>, laying: &Laying<'_>) -> Option<Mtime> {
    let nodes = laying.old.keys().filter_map(|path| draft.get(&place(draft, path)?));
    let times: BTreeSet<Mtime> = nodes.filter(|node| node.origin == laying.origin).map(|node| node.mtime).collect();
    if times.len() == 1 { times.into_iter().next() } else { None }
}

/// Whether the image's maker left out what is at a path: the old version's file is missing, or all that it had nearby is.
fn left_out(draft: &Draft<'_>, laying: &Laying<'_>, path: &ImagePath) -> bool {
    let there = |path: &ImagePath| place(draft, path).is_some_and(|place| draft.get(&place).is_some());
    if laying.old.contains_key(path) {
        return !there(path);
    }
    for directory in path.ancestors() {
        let mut near = laying.old.keys().filter(|old| old.starts_with(&directory)).peekable();
        if near.peek().is_some() {
            return !near.any(there);
        }
    }
    false
}

fn lay(draft: &mut Draft<'_>, laying: &mut Laying<'_>) -> Result<(), EngineError> {
    let conffiles = String::from_utf8_lossy(laying.deb.member("conffiles").unwrap_or_default()).into_owned();
    let conffiles: BTreeSet<_> = conffiles.lines().filter_map(|line| ImagePath::new(line.trim()).ok()).collect();
    let left: BTreeSet<ImagePath> = laying
        .deb
        .entries
        .iter()
        .filter(|entry| entry.kind != DebKind::Directory && left_out(draft, laying, &entry.path))
        .map(|entry| entry.path.clone())
        .collect();
    let entries = laying.deb.entries.iter().filter(|entry| !left.contains(&entry.path));
    for entry in entries.clone() {
        let path = &entry.path;
        let place = place(draft, path).ok_or_else(|| laying.refuse(path, "its parents are links that lead nowhere"))?;
        let existing = draft.get(&place).cloned();
        if entry.kind == DebKind::Directory {
            // A directory only for what was left out is left out as well.
            let used = entries.clone().any(|other| other.path != *path && other.path.starts_with(path));
            let leads = draft.tree().lookup(&place).is_some_and(|(_, node)| node.is_directory());
            if leads
                || !used
                    && !laying.old.keys().any(|old| old.starts_with(path))
                    && left.iter().any(|l| l.starts_with(path))
            {
                continue;
            }
            if existing.is_some() {
                return Err(laying.refuse(path, "it is a directory in the new version and none in the image"));
            }
        } else if existing.as_ref().is_some_and(Node::is_directory) {
            return Err(laying.refuse(path, "it is a directory in the image and none in the new version"));
        }
        let foreign = existing.as_ref().filter(|node| !node.is_directory() && node.origin != laying.origin);
        if foreign.is_some() {
            // A later layer put its own there; it is what the image's author wants.
            laying.notes.push(Note::ConffileKept(path.clone(), None));
            laying.places.insert(path.clone(), place);
            continue;
        }
        if existing.is_none() && conffiles.contains(path) && laying.old.contains_key(path) {
            laying.notes.push(Note::NotResurrected(path.clone()));
            continue;
        }
        let node = node(draft, laying, entry)?;
        laying.places.insert(path.clone(), place.clone());
        draft.put(place, node);
    }
    Ok(())
}

fn node(draft: &mut Draft<'_>, laying: &Laying<'_>, entry: &DebEntry) -> Result<Node, EngineError> {
    let kind = match &entry.kind {
        DebKind::Directory => Kind::Directory,
        DebKind::Symlink(target) => Kind::Symlink(target[..].into()),
        DebKind::File { content, .. } => Kind::File(File { content: content.clone(), inode: None }),
        DebKind::Hardlink(target) => {
            let missing = || laying.refuse(&entry.path, "it is a hard link to something that is left out");
            let place = laying.places.get(target).ok_or_else(missing)?;
            let inode = draft.get(place).and_then(Node::as_file).ok_or_else(missing)?.inode;
            let inode = inode.unwrap_or_else(|| draft.new_inode());
            draft.edit(place, |node| {
                if let Kind::File(file) = &mut node.kind {
                    file.inode = Some(inode);
                }
            });
            return draft.get(place).cloned().ok_or_else(missing);
        }
    };
    Ok(Node {
        mode: if matches!(kind, Kind::Symlink(_)) { 0o777 } else { entry.mode },
        kind,
        uid: laying.accounts.user(&entry.user, entry.uid),
        gid: laying.accounts.group(&entry.group, entry.gid),
        mtime: laying.mtime.unwrap_or(entry.mtime),
        xattrs: entry.xattrs.clone(),
        origin: laying.origin,
    })
}

/// Takes away what the old version had and the new one has not, links to it and directories that are empty then.
fn clear(draft: &mut Draft<'_>, laying: &Laying<'_>) {
    let here: BTreeSet<&ImagePath> = laying.places.values().collect();
    let mut gone = BTreeSet::new();
    for path in laying.old.keys() {
        let Some(place) = place(draft, path) else { continue };
        if here.contains(&place) || laying.deb.entries.iter().any(|entry| entry.path == *path) {
            continue;
        }
        if draft.get(&place).is_some_and(|node| node.as_file().is_some() && node.origin == laying.origin) {
            draft.remove(&place);
            gone.insert(place);
        }
    }
    // The sums name files only: a link of the old version is known by leading to one that went (`libx.so.1 -> libx.so.1.0`).
    let parents: BTreeSet<_> = gone.iter().filter_map(ImagePath::parent).collect();
    for parent in &parents {
        let leads = |node: &Node| {
            let target = node.as_symlink().filter(|target| !target.contains(&b'/'))?;
            parent.join(target).ok().filter(|target| gone.contains(target))
        };
        let links: Vec<_> = draft
            .tree()
            .children(parent)
            .filter(|(path, node)| !here.contains(path) && node.origin == laying.origin && leads(node).is_some())
            .map(|(path, _)| path.clone())
            .collect();
        for link in links {
            draft.remove(&link);
        }
    }
    for directory in gone.iter().flat_map(ImagePath::ancestors).collect::<BTreeSet<_>>().into_iter().rev() {
        let empty =
            draft.get(&directory).is_some_and(Node::is_directory) && draft.tree().children(&directory).next().is_none();
        if empty && !directory.is_root() && !here.contains(&directory) {
            draft.remove(&directory);
        }
    }
}

fn put_file(draft: &mut Draft<'_>, path: &ImagePath, bytes: &[u8], laying: &Laying<'_>) {
    let old = draft.get(path).cloned();
    let mut node = Node::file(bytes.to_vec());
    node.origin = laying.origin;
    if let Some(old) = old {
        (node.mode, node.uid, node.gid, node.mtime) = (old.mode, old.uid, old.gid, old.mtime);
    }
    draft.put(path.clone(), node);
}

/// The package's sums; where it brings none, as dpkg would make them.
fn new_sums(deb: &Deb) -> Vec<u8> {
    if let Some(sums) = deb.member("md5sums") {
        return sums.to_vec();
    }
    let mut text = Vec::new();
    for entry in &deb.entries {
        if let DebKind::File { md5, .. } = &entry.kind {
            text.extend_from_slice(hex::encode(md5).as_bytes());
            text.extend_from_slice(b"  ");
            text.extend_from_slice(entry.path.as_bytes());
            text.push(b'\n');
        }
    }
    text
}
