//! What dpkg writes down: `info/`, the triggers' files and the status file.

use super::{EngineError, Job, RefusedReason, Session};
use slim::draft::Draft;
use slim::packages::dpkg::database::Database;
use slim::packages::dpkg::info;
use slim::packages::dpkg::status::Stanza;
use slim::packages::dpkg::triggers::{self, Interest};
use slim::path::ImagePath;
use slim::tree::{Mtime, Node};

/// A file of `info/` of the installed version, as it is on the draft: the image's author may have changed it.
pub(super) fn old_member(
    draft: &Draft<'_>,
    database: &Database,
    stanza: &Stanza,
    kind: &str,
) -> Result<Option<Vec<u8>>, EngineError> {
    Ok(draft.read(&database.at(&format!("info/{}.{kind}", stanza.info_name())))?)
}

/// All interests, those in paths first, in the order of the files.
pub(super) fn interests(draft: &Draft<'_>, database: &Database) -> Result<Vec<Interest>, EngineError> {
    let directory = real(draft, &database.at("triggers"));
    let mut all = triggers::read_file_interests(&draft.read(&database.at("triggers/File"))?.unwrap_or_default());
    let names: Vec<_> = draft.tree().children(&directory).map(|(path, _)| path.clone()).collect();
    for path in names {
        let name = String::from_utf8_lossy(path.file_name()).into_owned();
        if !matches!(name.as_str(), "File" | "Unincorp" | "Lock") {
            all.extend(triggers::read_named_interests(&name, &draft.read(&path)?.unwrap_or_default()));
        }
    }
    Ok(all)
}

fn real(draft: &Draft<'_>, path: &ImagePath) -> ImagePath {
    draft.tree().resolve(path).map_or_else(|_| path.clone(), |resolved| resolved.path)
}

impl Session<'_> {
    /// Replaces the package's info files: members without a dot in their name, the list, and sums if the package brings none.
    pub(super) fn write_info(
        &mut self,
        draft: &mut Draft<'_>,
        job: &Job<'_>,
        list: &[ImagePath],
        sums: Vec<u8>,
    ) -> Result<(), EngineError> {
        let directory = real(draft, &self.database.at("info"));
        let old_name = job.old.info_name();
        let kept: Vec<&str> = job.deb.members.iter().map(|member| member.name.as_str()).collect();
        let gone: Vec<_> = draft
            .tree()
            .children(&directory)
            .filter_map(|(path, _)| {
                let (stem, kind) = info::split_name(path.file_name())?;
                let stays = old_name == job.info_name && (kind == "list" || kept.contains(&kind) || kind == "md5sums");
                (stem == old_name && !stays).then(|| path.clone())
            })
            .collect();
        for path in gone {
            draft.remove(&path);
        }
        let at = |kind: &str| directory.join(format!("{}.{kind}", job.info_name)).unwrap_or_else(|_| directory.clone());
        for member in &job.deb.members {
            if !member.name.contains('.') && member.name != "list" {
                let node = Node::file(member.bytes.clone()).with_mode(member.mode);
                draft.put(at(&member.name), Node { mtime: Mtime { seconds: member.mtime, nanoseconds: 0 }, ..node });
            }
        }
        if job.deb.member("md5sums").is_none() {
            draft.write(&at("md5sums"), sums)?;
        }
        draft.write(&at("list"), info::write_list(list))?;
        for path in self.database.lists.remove(&old_name).unwrap_or_default() {
            if let Some(owners) = self.owners.get_mut(&path) {
                owners.remove(&old_name);
            }
        }
        for path in list {
            self.owners.entry(path.clone()).or_default().insert(job.info_name.clone());
        }
        self.database.lists.insert(job.info_name.clone(), list.to_vec());
        Ok(())
    }

    /// Takes paths out of another package's list.
    pub(super) fn shorten_list(
        &mut self,
        draft: &mut Draft<'_>,
        owner: &str,
        paths: &[ImagePath],
    ) -> Result<(), EngineError> {
        let Some(list) = self.database.lists.get_mut(owner) else { return Ok(()) };
        list.retain(|path| !paths.contains(path));
        let text = info::write_list(list);
        for path in paths {
            if let Some(owners) = self.owners.get_mut(path) {
                owners.remove(owner);
            }
        }
        draft.write(&self.database.at(&format!("info/{owner}.list")), text)?;
        Ok(())
    }

    /// Activates what a package's `triggers` say, as the beginning of every step does that changes the package's state (deb-triggers(5)).
    pub(super) fn activate(&mut self, triggers: &[u8], package: &str) {
        for directive in triggers::directives(triggers).into_iter().filter(|directive| directive.activates) {
            self.activated.add(directive.trigger, package);
        }
    }

    /// Exchanges the package's interests: the old ones go, the new ones are added at the end.
    pub(super) fn update_interests(
        &mut self,
        draft: &mut Draft<'_>,
        job: &Job<'_>,
        old: &[u8],
    ) -> Result<(), EngineError> {
        let brought = job.deb.member("triggers").unwrap_or_default();
        self.activate(old, &job.name);
        self.activate(brought, &job.name);
        let (old, new) = (triggers::directives(old), triggers::directives(brought));
        let old_name = job.old.info_name();
        let interested = |all: &[triggers::Directive], trigger: &str| {
            all.iter().any(|directive| !directive.activates && directive.trigger == trigger)
        };
        let mut names: Vec<String> = Vec::new();
        for directive in old.iter().chain(&new).filter(|directive| !directive.activates) {
            if !directive.trigger.starts_with('/') && !names.contains(&directive.trigger) {
                names.push(directive.trigger.clone());
            }
        }
        let added = |named: Option<&str>| -> Vec<Interest> {
            let fits = |directive: &&triggers::Directive| {
                let path = directive.trigger.starts_with('/');
                !directive.activates && named.map_or(path, |name| directive.trigger == name)
            };
            let interest = |directive: &triggers::Directive| Interest {
                trigger: directive.trigger.clone(),
                package: job.info_name.clone(),
                noawait: directive.noawait,
            };
            new.iter().filter(fits).map(interest).collect()
        };
        let path = self.database.at("triggers/File");
        let mut file = triggers::read_file_interests(&draft.read(&path)?.unwrap_or_default());
        let before = file.clone();
        file.retain(|interest| interest.package != old_name || !interested(&old, &interest.trigger));
        file.extend(added(None));
        if file != before {
            draft.write(&path, triggers::write_file_interests(&file))?;
        }
        for name in names {
            let Ok(path) = self.database.at("triggers").join(&name) else { continue };
            let mut list = triggers::read_named_interests(&name, &draft.read(&path)?.unwrap_or_default());
            list.retain(|interest| interest.package != old_name);
            list.extend(added(Some(&name)));
            if list.is_empty() {
                draft.remove(&real(draft, &path));
            } else {
                draft.write(&path, triggers::write_named_interests(&list))?;
            }
        }
        Ok(())
    }

    /// Writes the status file with the new stanzas; all others stay as they are.
    pub(super) fn write_status(&mut self, draft: &mut Draft<'_>, jobs: &[Job<'_>]) -> Result<(), EngineError> {
        for job in jobs {
            // dpkg wants what it installs; what is on hold does not come here.
            let stanza = Stanza::compose(&job.deb.control, "install", &job.conffiles, Some(&job.old));
            let stanza = stanza.map_err(|error| job.refuse(RefusedReason::Control(error)))?;
            if stanza.architecture != job.old.architecture {
                self.database.status.forget(&job.old.package, &job.old.architecture);
            }
            self.database.status.record(stanza);
        }
        draft.write(&self.database.at("status"), self.database.status.write())?;
        Ok(())
    }
}
