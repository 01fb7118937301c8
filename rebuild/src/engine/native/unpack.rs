//! Unpacking one package over its old version (dpkg's `tarobject` and `process_archive`).

use super::accounts::Accounts;
use super::filter::Filter;
use super::replaces::replaces;
use super::{EngineError, Job, Note, RefusedReason, Session, Waiting, bookkeeping};
use crate::archives::deb::{DebEntry, DebKind};
use md5::{Digest as _, Md5};
use slim::draft::Draft;
use slim::packages::dpkg::diversions::Diversions;
use slim::packages::dpkg::info;
use slim::packages::dpkg::statoverride;
use slim::packages::dpkg::status::Conffile;
use slim::path::ImagePath;
use slim::tree::{File, Kind, Node, Origin};
use std::collections::{BTreeMap, BTreeSet};

/// What unpacking gathers on its way through the archive.
#[derive(Default)]
struct Unpacking {
    list: Vec<ImagePath>,
    /// Listed paths that are really there, links of parents followed.
    places: BTreeMap<ImagePath, ImagePath>,
    /// Paths that the filter left out.
    filtered: BTreeSet<ImagePath>,
    /// Paths taken from other packages, by their info name.
    taken: BTreeMap<String, Vec<ImagePath>>,
    /// Sums of regular files and their further names, in archive order.
    sums: Vec<(ImagePath, String)>,
    old: BTreeSet<ImagePath>,
    /// Where the old version's paths really are, links of parents followed.
    old_places: BTreeSet<ImagePath>,
    old_sums: BTreeMap<ImagePath, String>,
    filter: Filter,
    accounts: Accounts,
}

/// What becomes of an entry that other packages list too.
enum Claim {
    Ours,
    Theirs,
}

impl Session<'_> {
    pub(super) fn unpack(&mut self, draft: &mut Draft<'_>, job: &mut Job<'_>) -> Result<(), EngineError> {
        // Scripts may have changed these since the last package.
        let text = |draft: &Draft<'_>, name: &str| draft.read(&self.database.at(name)).map(Option::unwrap_or_default);
        let (diversions, overrides) = (text(draft, "diversions")?, text(draft, "statoverride")?);
        self.database.diversions = Diversions::parse(&diversions);
        self.database.overrides = statoverride::parse(&overrides);
        let old_triggers = bookkeeping::old_member(draft, &self.database, &job.old, "triggers")?.unwrap_or_default();
        let old_sums = bookkeeping::old_member(draft, &self.database, &job.old, "md5sums")?.unwrap_or_default();
        let mut state = Unpacking {
            old: self.database.files(&job.old).iter().cloned().collect(),
            old_sums: info::read_md5sums(&old_sums),
            filter: Filter::read(draft)?,
            accounts: Accounts::read(draft)?,
            ..Unpacking::default()
        };
        let place = |path: &ImagePath| draft.tree().resolve_parent(path).map_or_else(|_| path.clone(), |at| at.path);
        state.old_places = state.old.iter().map(place).collect();
        job.conffiles = self.declared_conffiles(job);
        self.update_interests(draft, job, &old_triggers)?;
        // dpkg's tar reader keeps symbolic links back until all else is unpacked, which the file list shows.
        let is_link = |entry: &&DebEntry| matches!(entry.kind, DebKind::Symlink(_));
        let entries = &job.deb.entries;
        for entry in entries.iter().filter(|entry| !is_link(entry)).chain(entries.iter().filter(is_link)) {
            self.entry(draft, job, &mut state, entry)?;
        }
        self.remove_vanished(draft, job, &mut state);
        for conffile in job.conffiles.clone() {
            if conffile.remove_on_upgrade {
                self.remove_conffile(draft, job, &conffile)?;
            }
        }
        for (owner, paths) in std::mem::take(&mut state.taken) {
            self.take_over(draft, job, &owner, &paths)?;
        }
        let promised = info::read_md5sums(job.deb.member("md5sums").unwrap_or_default());
        for (path, hash) in &state.sums {
            if promised.get(path).is_some_and(|promised| !promised.eq_ignore_ascii_case(hash)) {
                job.note(Note::SumsDisagree(path.clone()));
            }
        }
        let mut sums = Vec::new();
        for (path, hash) in &state.sums {
            sums.extend_from_slice(hash.as_bytes());
            sums.extend_from_slice(b"  ");
            sums.extend_from_slice(path.as_bytes());
            sums.push(b'\n');
        }
        self.unpacked.insert(job.info_name.clone(), (job.version.clone(), job.conffiles.clone()));
        self.write_info(draft, job, &state.list, sums)
    }

    fn entry(
        &mut self,
        draft: &mut Draft<'_>,
        job: &mut Job<'_>,
        state: &mut Unpacking,
        entry: &DebEntry,
    ) -> Result<(), EngineError> {
        let path = &entry.path;
        let named = self.database.diversions.place(path, &job.name).clone();
        self.activated.add(path.to_text(), &job.name);
        if self.database.diversions.ending_at(path).is_some_and(|diversion| diversion.package.is_some()) {
            let reason = "another package's file was diverted to this path".to_owned();
            return Err(job.refuse(RefusedReason::Path { path: path.clone(), reason }));
        }
        let (place, homeless) = match draft.tree().resolve_parent(&named) {
            Ok(resolved) => (resolved.path, false),
            Err(slim::tree::ResolveError::Missing { .. }) => (named.clone(), true),
            Err(error) => {
                return Err(job.refuse(RefusedReason::Path { path: path.clone(), reason: error.to_string() }));
            }
        };
        let existing = draft.get(&place).cloned();
        let stays_directory = directory_stays(draft, &place, entry, existing.as_ref());
        if !stays_directory && let Claim::Theirs = self.claim(draft, job, state, entry, existing.as_ref())? {
            return Ok(());
        }
        state.list.push(path.clone());
        if state.filter.skips(path, matches!(entry.kind, DebKind::Directory | DebKind::Symlink(_))) {
            state.filtered.insert(path.clone());
            return Ok(());
        }
        state.places.insert(path.clone(), place.clone());
        let hash = hash_of(state, entry);
        if let Some(hash) = hash {
            state.sums.push((path.clone(), hash));
        }
        if stays_directory {
            return Ok(());
        }
        let conffile = job.conffiles.iter().any(|c| c.path == *path && !c.remove_on_upgrade);
        if self.deleted_by_author(draft, job, state, path, conffile) {
            job.note(Note::NotResurrected(path.clone()));
            return Ok(());
        }
        if homeless {
            let reason = "its directory is neither in the image nor in the package before it".to_owned();
            return Err(job.refuse(RefusedReason::Path { path: path.clone(), reason }));
        }
        let node = self.node(draft, job, state, entry)?;
        if conffile && matches!(entry.kind, DebKind::File { .. } | DebKind::Hardlink(_)) {
            let linked = existing.as_ref().is_some_and(|node| node.as_symlink().is_some());
            let place = draft.tree().resolve(&place).map_or(place, |resolved| resolved.path);
            job.waiting.insert(path.clone(), Waiting { place, linked, node });
            return Ok(());
        }
        self.observe(draft, job, state, path, &place, existing, &node)?;
        draft.put(place, node);
        Ok(())
    }

    /// Whether other packages' claims on a path leave it to this package.
    fn claim(
        &self,
        draft: &Draft<'_>,
        job: &mut Job<'_>,
        state: &mut Unpacking,
        entry: &DebEntry,
        existing: Option<&Node>,
    ) -> Result<Claim, EngineError> {
        let path = &entry.path;
        let mine = job.old.info_name();
        let others: Vec<String> =
            self.owners.get(path).into_iter().flatten().filter(|o| **o != mine).cloned().collect();
        let mut claim = Claim::Ours;
        for owner in others {
            let status = &self.database.status;
            let Some(stanza) = status.find(&owner).and_then(|index| status.stanzas().get(index)) else { continue };
            let (version, conffiles) = match self.unpacked.get(&owner) {
                Some((version, conffiles)) => (version, conffiles),
                None => (&stanza.version, &stanza.conffiles),
            };
            let ours_too = job.conffiles.iter().any(|c| c.path == *path);
            if stanza.package == job.name {
                // Instances of one package share their files.
                if job.same
                    && stanza.same
                    && !ours_too
                    && !shared(draft, existing, &entry.kind)?
                    && *version == job.version
                {
                    return Err(job.refuse(RefusedReason::Conflict { path: path.clone(), owner }));
                }
                continue;
            }
            let diverter = self.database.diversions.of(path).and_then(|diversion| diversion.package.as_deref());
            if diverter.is_some_and(|package| package == stanza.package || package == job.name) {
                continue;
            }
            if existing.is_none() && entry.kind == DebKind::Directory {
                continue;
            }
            if !stanza.is_installed() {
                // Of a package that was removed only configuration is left, which anybody may take.
                if entry.kind != DebKind::Directory {
                    state.taken.entry(owner).or_default().push(path.clone());
                }
                continue;
            }
            let obsolete = conffiles.iter().any(|c| c.path == *path && c.obsolete);
            let ours = job.deb.field("Replaces").unwrap_or_default();
            let theirs = stanza.paragraph().get("Replaces").map(|value| value.into_owned()).unwrap_or_default();
            if (ours_too && obsolete) || replaces(&ours, &stanza.package, version) {
                state.taken.entry(owner).or_default().push(path.clone());
            } else if replaces(&theirs, &job.name, &job.version) {
                claim = Claim::Theirs;
            } else {
                return Err(job.refuse(RefusedReason::Conflict { path: path.clone(), owner }));
            }
        }
        Ok(claim)
    }

    /// A path of the old version that is missing, or lies below one that is, was deleted after the package was installed.
    fn deleted_by_author(
        &self,
        draft: &Draft<'_>,
        job: &Job<'_>,
        state: &Unpacking,
        path: &ImagePath,
        conffile: bool,
    ) -> bool {
        let missing = |path: &ImagePath, directory: bool| {
            let named = self.database.diversions.place(path, &job.name);
            let place = draft.tree().resolve_parent(named).map(|resolved| resolved.path);
            let there = place.is_ok_and(|place| draft.tree().contains(&place));
            state.old.contains(path) && !there && !state.filter.skips(path, directory)
        };
        // Whether a deleted conffile stays deleted is dpkg's own question.
        !self.options.apt_exact && (!conffile && missing(path, false) || path.ancestors().any(|at| missing(&at, true)))
    }

    fn node(
        &self,
        draft: &mut Draft<'_>,
        job: &Job<'_>,
        state: &Unpacking,
        entry: &DebEntry,
    ) -> Result<Node, EngineError> {
        let refuse = |reason: &str| job.refuse(RefusedReason::Path { path: entry.path.clone(), reason: reason.into() });
        let kind = match &entry.kind {
            DebKind::Directory => Kind::Directory,
            DebKind::Symlink(target) => Kind::Symlink(target[..].into()),
            DebKind::File { content, .. } => Kind::File(File { content: content.clone(), inode: None }),
            DebKind::Hardlink(target) => {
                return self
                    .hard_link(draft, job, state, target)
                    .ok_or_else(|| refuse("it is a hard link to something that the package does not unpack"));
            }
        };
        let mut node = Node {
            kind,
            mode: if matches!(entry.kind, DebKind::Symlink(_)) { 0o777 } else { entry.mode },
            uid: state.accounts.user(&entry.user, entry.uid),
            gid: state.accounts.group(&entry.group, entry.gid),
            mtime: entry.mtime,
            xattrs: entry.xattrs.clone(),
            origin: Origin(0),
        };
        if let Some(wanted) = self.database.overrides.iter().find(|wanted| wanted.path == entry.path) {
            let ids = state.accounts.override_ids(&wanted.user, &wanted.group);
            (node.uid, node.gid) = ids.ok_or_else(|| refuse("statoverride names an unknown user or group"))?;
            if !matches!(node.kind, Kind::Symlink(_)) {
                node.mode = wanted.mode;
            }
        }
        Ok(node)
    }

    /// Another name of a file that was unpacked before: both get the same inode.
    fn hard_link(&self, draft: &mut Draft<'_>, job: &Job<'_>, state: &Unpacking, target: &ImagePath) -> Option<Node> {
        if let Some(waiting) = job.waiting.get(target) {
            return Some(waiting.node.clone());
        }
        let place = state.places.get(target)?;
        let first = draft.get(place)?.as_file()?.inode;
        let inode = first.unwrap_or_else(|| draft.new_inode());
        draft.edit(place, |node| {
            if let Kind::File(file) = &mut node.kind {
                file.inode = Some(inode);
            }
        });
        draft.get(place).cloned()
    }

    /// Looks at what is about to be replaced: special permissions, files of the author, changes of the author.
    #[allow(clippy::too_many_arguments)]
    fn observe(
        &self,
        draft: &Draft<'_>,
        job: &mut Job<'_>,
        state: &Unpacking,
        path: &ImagePath,
        place: &ImagePath,
        existing: Option<Node>,
        node: &Node,
    ) -> Result<(), EngineError> {
        let Some(existing) = existing else { return Ok(()) };
        if existing.is_directory() && !node.is_directory() {
            let foreign = draft.tree().below(place).any(|(below, _)| !state.old_places.contains(below));
            if foreign {
                let reason = "a directory with files of others is to become a file".to_owned();
                return Err(job.refuse(RefusedReason::Path { path: path.clone(), reason }));
            }
            return Ok(());
        }
        let Some(file) = existing.as_file() else { return Ok(()) };
        if !state.old.contains(path) {
            if self.owners.get(path).is_none_or(BTreeSet::is_empty) && !state.old_places.contains(place) {
                job.note(Note::Overwritten(path.clone()));
            }
            return Ok(());
        }
        if let Some(sum) = state.old_sums.get(path)
            && hex::encode(Md5::digest(draft.contents().read(&file.content)?)) != *sum
        {
            job.note(Note::ChangeLost(path.clone()));
        }
        if existing.mode & 0o7000 != 0 || existing.uid != 0 || existing.gid != 0 || !existing.xattrs.is_empty() {
            job.special.push((place.clone(), existing.clone(), node.clone()));
        }
        Ok(())
    }

    /// Removes what the old version had and the new one has not, last path first.
    fn remove_vanished(&mut self, draft: &mut Draft<'_>, job: &mut Job<'_>, state: &mut Unpacking) {
        let here: BTreeSet<ImagePath> = state.places.values().cloned().collect();
        let listed: BTreeSet<ImagePath> = state.list.iter().filter(|p| !state.filtered.contains(*p)).cloned().collect();
        let old_list: Vec<ImagePath> = self.database.files(&job.old).to_vec();
        for path in old_list.iter().rev() {
            if listed.contains(path) || job.conffiles.iter().any(|c| c.path == *path) {
                continue;
            }
            let named = self.database.diversions.place(path, &job.name).clone();
            self.activated.add(named.to_text(), &job.name);
            let Ok(place) = draft.tree().resolve_parent(&named).map(|resolved| resolved.path) else { continue };
            let Some(node) = draft.get(&place) else { continue };
            if node.is_directory() {
                let mine = job.old.info_name();
                let of_others = self.owners.get(path).is_some_and(|owners| owners.iter().any(|owner| *owner != mine));
                if !place.is_root() && !of_others && draft.tree().children(&place).next().is_none() {
                    draft.remove(&place);
                }
                continue;
            }
            let same = here.contains(&place);
            if let Some(old) = job.old.conffiles.iter().find(|conffile| conffile.path == *path).cloned() {
                if !same {
                    job.conffiles.push(Conffile { obsolete: true, ..old });
                    state.list.push(path.clone());
                }
                continue;
            }
            let mine = job.old.info_name();
            let other_instance = self
                .owners
                .get(path)
                .into_iter()
                .flatten()
                .any(|owner| *owner != mine && owner.split(':').next() == Some(job.name.as_str()));
            if !same && !other_instance {
                draft.remove(&place);
            }
        }
    }

    /// Takes paths out of the list of the package that had them; conffiles among them become obsolete there.
    fn take_over(
        &mut self,
        draft: &mut Draft<'_>,
        job: &mut Job<'_>,
        owner: &str,
        paths: &[ImagePath],
    ) -> Result<(), EngineError> {
        let paths: Vec<_> =
            paths.iter().filter(|path| !draft.get(path).is_some_and(Node::is_directory)).cloned().collect();
        let left = self.database.lists.get(owner).into_iter().flatten();
        let mut left = left.filter(|path| !paths.contains(path) && !draft.get(path).is_some_and(Node::is_directory));
        let status = &self.database.status;
        let installed = status.find(owner).is_some_and(|index| status.stanzas()[index].is_installed());
        if installed && left.next().is_none() {
            let reason = format!("package {owner} would lose all its files and disappear");
            let path = paths.first().cloned().unwrap_or_else(ImagePath::root);
            return Err(job.refuse(RefusedReason::Path { path, reason }));
        }
        self.shorten_list(draft, owner, &paths)?;
        if let Some(index) = self.database.status.find(owner) {
            let stanza = &self.database.status.stanzas()[index];
            // As a conffile of this package they are no longer that one's; as anything else they stay what they were.
            let taken = |conffile: &Conffile| {
                paths.contains(&conffile.path) && job.conffiles.iter().any(|own| own.path == conffile.path)
            };
            if stanza.conffiles.iter().any(taken) {
                let mut conffiles = stanza.conffiles.clone();
                conffiles.iter_mut().filter(|conffile| taken(conffile)).for_each(|conffile| conffile.obsolete = true);
                let stanza = stanza.with_conffiles(conffiles);
                self.database.status.replace(index, stanza);
            }
        }
        for path in paths {
            job.note(Note::TakenOver(path, owner.to_owned()));
        }
        Ok(())
    }
}

/// A directory (or a link to one) that is there already satisfies a directory of the archive, and a real directory a link.
fn directory_stays(draft: &Draft<'_>, place: &ImagePath, entry: &DebEntry, existing: Option<&Node>) -> bool {
    let Some(existing) = existing else { return false };
    let leads_to =
        |path: &ImagePath| draft.tree().lookup(path).filter(|(_, node)| node.is_directory()).map(|(at, _)| at);
    match &entry.kind {
        DebKind::Directory => leads_to(place).is_some(),
        DebKind::Symlink(_) if existing.is_directory() => true,
        DebKind::Symlink(target) if existing.as_symlink().is_some() => {
            // Another spelling of a link to the same directory is as good.
            let new = match target.strip_prefix(b"/") {
                Some(absolute) => ImagePath::new(absolute).ok(),
                None => place.parent().and_then(|parent| parent.join(target).ok()),
            };
            let (old, new) = (leads_to(place), new.and_then(|path| leads_to(&path)));
            old.is_some() && (old == new || existing.as_symlink() == Some(&target[..]))
        }
        _ => false,
    }
}

/// Whether an existing file is what another instance of the package would bring.
fn shared(draft: &Draft<'_>, existing: Option<&Node>, kind: &DebKind) -> Result<bool, EngineError> {
    Ok(match (existing.map(|node| &node.kind), kind) {
        (Some(Kind::File(file)), DebKind::File { md5, .. }) => {
            Md5::digest(draft.contents().read(&file.content)?)[..] == md5[..]
        }
        (Some(Kind::Symlink(old)), DebKind::Symlink(new)) => old[..] == new[..],
        (Some(Kind::Directory), DebKind::Directory) | (_, DebKind::Hardlink(_)) | (None, _) => true,
        _ => false,
    })
}

/// The MD5 that dpkg notes for an entry: of a file, or of the file that a hard link names.
fn hash_of(state: &Unpacking, entry: &DebEntry) -> Option<String> {
    match &entry.kind {
        DebKind::File { md5, .. } => Some(hex::encode(md5)),
        DebKind::Hardlink(target) => state.sums.iter().find(|(path, _)| path == target).map(|(_, hash)| hash.clone()),
        _ => None,
    }
}
