//! What dpkg's database says about packages of which only a part is left.
//!
//! `dpkg -V` checks what `info/*.md5sums` and `Conffiles` name, `dpkg -L` prints `info/*.list`: none of them may name a file that pruning
//! took away. What the image's author had deleted before stays listed when packages stay whole, because an update must know not to
//! bring it back.

use crate::draft::Draft;
use crate::packages::dpkg::database::{Database, DatabaseError, Layout};
use crate::packages::dpkg::info;
use crate::packages::dpkg::status::{Conffile, Stanza};
use crate::path::ImagePath;
use crate::plan::Removal;
use std::collections::BTreeSet;

/// Info files that only building against a package reads (dpkg-shlibdeps(1)).
const FOR_BUILDING: [&str; 2] = ["shlibs", "symbols"];

/// Info files that only debconf reads (debconf-devel(7)).
const FOR_QUESTIONS: [&str; 2] = ["templates", "config"];

/// Where maintainer scripts begin to speak with debconf.
const DEBCONF: &str = "/usr/share/debconf/confmodule";

/// Makes the entries of kept packages fit what is left of them.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn rewrite(draft: &mut Draft<'_>, removal: &Removal) -> Result<(), DatabaseError> {
    let Some(database) = Database::read(draft.tree(), draft.contents())? else { return Ok(()) };
    // dpkg's copies from before its last change speak of packages that are no longer there.
    for old in ["status-old", "diversions-old", "statoverride-old"] {
        draft.remove(&database.at(old));
    }
    if database.layout == Layout::Distroless {
        return Ok(());
    }
    let asks = draft.tree().lookup(&ImagePath::literal(DEBCONF)).is_some();
    let idle = FOR_BUILDING.iter().chain(FOR_QUESTIONS.iter().filter(|_| !asks));
    let mut status = database.status.clone();
    let mut changed = false;
    for stanza in database.status.stanzas().iter().filter(|stanza| stanza.is_installed()) {
        let gone = gone(draft, &database, stanza, removal);
        if !gone.is_empty() {
            lists(draft, &database, stanza, &gone)?;
            let left: Vec<Conffile> =
                stanza.conffiles.iter().filter(|conffile| !gone.contains(&conffile.path)).cloned().collect();
            if left.len() < stanza.conffiles.len() {
                status.record(stanza.with_conffiles(left));
                changed = true;
            }
        }
        if removal.by_file {
            for kind in idle.clone() {
                draft.remove(&database.at(&format!("info/{}.{kind}", stanza.info_name())));
            }
        }
    }
    if changed {
        write(draft, &database.at("status"), status.write())?;
    }
    Ok(())
}

/// The listed paths, as listed, that are not there: all of them when packages stay by file, else those that pruning took away.
fn gone(draft: &Draft<'_>, database: &Database, stanza: &Stanza, removal: &Removal) -> BTreeSet<ImagePath> {
    let is_gone = |listed: &&ImagePath| {
        let path = database.diversions.place(listed, &stanza.package);
        let place = draft.tree().resolve_parent(path).map_or_else(|_| path.clone(), |place| place.path);
        let taken = removal.by_file || removal.paths.contains_key(&place) || removal.directories.contains(&place);
        taken && !draft.tree().contains(&place)
    };
    let conffiles = stanza.conffiles.iter().map(|conffile| &conffile.path);
    database.files(stanza).iter().chain(conffiles).filter(is_gone).cloned().collect()
}

fn lists(
    draft: &mut Draft<'_>,
    database: &Database,
    stanza: &Stanza,
    gone: &BTreeSet<ImagePath>,
) -> Result<(), DatabaseError> {
    let name = stanza.info_name();
    let left: Vec<_> = database.files(stanza).iter().filter(|path| !gone.contains(*path)).cloned().collect();
    write(draft, &database.at(&format!("info/{name}.list")), info::write_list(&left))?;
    let path = database.at(&format!("info/{name}.md5sums"));
    let read = draft.read(&path).map_err(|source| DatabaseError { path: path.clone(), source })?;
    let Some(text) = read else { return Ok(()) };
    let stays = |line: &&[u8]| {
        let listed = line.get(34..).and_then(|name| ImagePath::new(name.strip_suffix(b"\n").unwrap_or(name)).ok());
        listed.is_none_or(|listed| !gone.contains(&listed))
    };
    let left: Vec<u8> = text.split_inclusive(|b| *b == b'\n').filter(stays).flatten().copied().collect();
    write(draft, &path, left)
}

fn write(draft: &mut Draft<'_>, path: &ImagePath, bytes: Vec<u8>) -> Result<(), DatabaseError> {
    draft.write(path, bytes).map_err(|source| DatabaseError { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{MemoryContents, text};

    const IMAGE: &str = "/var/lib/dpkg/status = Package: a\\nStatus: install ok installed\\nArchitecture: all\\nConffiles:\\n /etc/a 1\\n /etc/b 2\\nVersion: 1\\n\\n
        /var/lib/dpkg/status-old = x
        /var/lib/dpkg/info/a.list = /.\\n/bin\\n/bin/x\\n/bin/y\\n/usr\\n/usr/doc\\n/etc\\n/etc/a\\n/etc/b\\n
        /var/lib/dpkg/info/a.md5sums = d41d8cd98f00b204e9800998ecf8427e  bin/x\\nd41d8cd98f00b204e9800998ecf8427e  bin/y\\nd41d8cd98f00b204e9800998ecf8427e  usr/doc\\n
        /var/lib/dpkg/info/a.shlibs = x\n/var/lib/dpkg/info/a.templates = x
        /bin -> usr/bin\n/usr/bin/x = 1\n/etc/a = 1";

    fn pruned(by_file: bool) -> [String; 3] {
        let mut draft = Draft::new(text::tree(IMAGE).unwrap(), &MemoryContents);
        let mut removal = Removal { by_file, ..Removal::default() };
        // Taken away before: /usr/bin/y and /etc/b. Never there: /usr/doc.
        for path in ["/usr/bin/y", "/etc/b"] {
            removal.paths.insert(ImagePath::literal(path), "test".into());
        }
        rewrite(&mut draft, &removal).unwrap();
        let directory = ImagePath::literal("/var/lib/dpkg");
        assert!(draft.get(&directory.join("status-old").unwrap()).is_none());
        for idle in ["info/a.shlibs", "info/a.templates"] {
            assert_eq!(draft.get(&directory.join(idle).unwrap()).is_none(), by_file, "{idle}");
        }
        ["info/a.list", "info/a.md5sums", "status"]
            .map(|name| String::from_utf8(draft.read(&directory.join(name).unwrap()).unwrap().unwrap()).unwrap())
    }

    #[test]
    fn what_pruning_took_is_no_longer_listed() {
        let [list, sums, status] = pruned(false);
        assert_eq!(list, "/.\n/bin\n/bin/x\n/usr\n/usr/doc\n/etc\n/etc/a\n");
        assert_eq!(sums.lines().map(|line| &line[34..]).collect::<Vec<_>>(), ["bin/x", "usr/doc"]);
        assert!(status.contains("/etc/a 1\n") && !status.contains("/etc/b"), "{status}");
    }

    #[test]
    fn by_file_only_what_is_there_is_listed() {
        let [list, sums, _] = pruned(true);
        assert_eq!(list, "/.\n/bin\n/bin/x\n/usr\n/etc\n/etc/a\n");
        assert_eq!(sums.lines().count(), 1);
    }

    #[test]
    fn questions_stay_where_somebody_can_ask_them() {
        let mut draft =
            Draft::new(text::tree(&format!("{IMAGE}\n/usr/share/debconf/confmodule = x")).unwrap(), &MemoryContents);
        rewrite(&mut draft, &Removal { by_file: true, ..Removal::default() }).unwrap();
        assert!(draft.get(&ImagePath::literal("/var/lib/dpkg/info/a.templates")).is_some());
        assert!(draft.get(&ImagePath::literal("/var/lib/dpkg/info/a.shlibs")).is_none());
    }
}
