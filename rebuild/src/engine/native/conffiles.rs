//! Configuration files: what the user has, what the old version brought, what the new one brings (dpkg's `configure`).

use super::{ConffilePolicy, EngineError, Job, Note, RefusedReason, Session, Waiting};
use md5::{Digest as _, Md5};
use slim::draft::Draft;
use slim::packages::dpkg::status::Conffile;
use slim::path::ImagePath;
use slim::tree::{Contents, Node};

/// dpkg's word for a conffile that it has not known before.
const NEW: &str = "newconffile";

impl Session<'_> {
    /// The conffiles that the new version declares, with the hashes that are known of them: from the package itself, or from another that had
    /// the file before.
    pub(super) fn declared_conffiles(&self, job: &Job<'_>) -> Vec<Conffile> {
        let text = String::from_utf8_lossy(job.deb.member("conffiles").unwrap_or_default()).into_owned();
        let mut conffiles: Vec<Conffile> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, remove_on_upgrade) = match line.strip_prefix("remove-on-upgrade ") {
                Some(name) => (name.trim(), true),
                None => (line, false),
            };
            let Ok(path) = ImagePath::new(name) else { continue };
            let known = |all: &[Conffile]| all.iter().find(|c| c.path == path).map(|c| c.hash.clone());
            let others = || self.database.status.stanzas().iter().find_map(|stanza| known(&stanza.conffiles));
            let hash = known(&job.old.conffiles).or_else(others).unwrap_or_else(|| NEW.to_owned());
            conffiles.push(Conffile { path, hash, obsolete: false, remove_on_upgrade });
        }
        conffiles
    }

    /// Removes a conffile that the package wants gone; one that the user changed is set aside.
    pub(super) fn remove_conffile(
        &self,
        draft: &mut Draft<'_>,
        job: &mut Job<'_>,
        conffile: &Conffile,
    ) -> Result<(), EngineError> {
        let place = self.database.diversions.place(&conffile.path, &job.name);
        let Ok(place) = draft.tree().resolve(place).map(|resolved| resolved.path) else { return Ok(()) };
        let Some(node) = draft.get(&place).filter(|node| node.as_file().is_some()).cloned() else { return Ok(()) };
        if hash(draft, &node)? != conffile.hash {
            draft.put(beside(&place, ".dpkg-old"), node);
        }
        draft.remove(&place);
        job.note(Note::ConffileRemoved(conffile.path.clone()));
        Ok(())
    }

    /// Installs the conffiles that unpacking left waiting.
    pub(super) fn install_conffiles(&mut self, draft: &mut Draft<'_>, job: &mut Job<'_>) -> Result<(), EngineError> {
        let waiting = std::mem::take(&mut job.waiting);
        for (path, Waiting { place, linked, node: mut new }) in waiting {
            let new_hash = hash(draft, &new)?;
            let Some(index) = job.conffiles.iter().position(|conffile| conffile.path == path) else { continue };
            let recorded = std::mem::replace(&mut job.conffiles[index].hash, new_hash.clone());
            let old = draft.get(&place).cloned();
            if old.as_ref().is_some_and(|node| node.as_file().is_none()) {
                let reason = "a conffile is not a regular file, and versions of dpkg differ in what they do".to_owned();
                return Err(job.refuse(RefusedReason::Path { path, reason }));
            }
            let current = old.as_ref().map(|node| hash(draft, node)).transpose()?;
            if let Some(old) = &old {
                (new.mode, new.uid, new.gid) = (old.mode, old.uid, old.gid);
            }
            let user_changed = current.as_ref() != Some(&recorded);
            let package_changed = recorded != new_hash;
            if linked && package_changed && current.as_ref() != Some(&new_hash) {
                let reason = "a conffile is a link, and versions of dpkg differ in what they do".to_owned();
                return Err(job.refuse(RefusedReason::Path { path, reason }));
            }
            match (&current, &old) {
                (Some(current), _) if *current == new_hash => {}
                (None, _) if recorded == NEW => self.install(draft, job, &path, place, new, None),
                _ if recorded != NEW && !package_changed => {}
                (_, Some(_)) if recorded != NEW && !user_changed => self.install(draft, job, &path, place, new, None),
                _ => match self.options.conffiles {
                    ConffilePolicy::Fail => return Err(job.refuse(RefusedReason::Conffile(path))),
                    ConffilePolicy::Keep => {
                        draft.remove(&beside(&place, ".dpkg-old"));
                        let dist = beside(&place, ".dpkg-dist");
                        draft.put(dist.clone(), new);
                        job.note(Note::ConffileKept(path, Some(dist)));
                    }
                    ConffilePolicy::New => {
                        draft.remove(&beside(&place, ".dpkg-dist"));
                        self.install(draft, job, &path, place, new, old);
                    }
                },
            }
        }
        Ok(())
    }

    fn install(
        &mut self,
        draft: &mut Draft<'_>,
        job: &mut Job<'_>,
        path: &ImagePath,
        place: ImagePath,
        new: Node,
        backup: Option<Node>,
    ) {
        if let Some(old) = backup {
            draft.put(beside(&place, ".dpkg-old"), old);
        }
        draft.put(place, new);
        self.activated.add(path.to_text(), &job.name);
        job.note(Note::ConffileReplaced(path.clone()));
    }
}

fn beside(path: &ImagePath, suffix: &str) -> ImagePath {
    let mut name = path.as_bytes().to_vec();
    name.extend_from_slice(suffix.as_bytes());
    ImagePath::new(name).unwrap_or_else(|_| path.clone())
}

fn hash(draft: &Draft<'_>, node: &Node) -> Result<String, EngineError> {
    let Some(file) = node.as_file() else { return Ok(String::new()) };
    let contents: &dyn Contents = draft.contents();
    Ok(hex::encode(Md5::digest(contents.read(&file.content)?)))
}
