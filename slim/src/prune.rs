//! Carrying a removal out on a draft: files, directories, the package database.

mod record;

use crate::draft::Draft;
use crate::packages::dpkg::database::{Database, DatabaseError};
use crate::path::ImagePath;
use crate::plan::Removal;
use std::collections::BTreeSet;

/// Takes away what a removal names.
///
/// Directories of removed packages go when they are left empty, unless the removal keeps them; the database forgets the packages, so
/// that it lists exactly what is there. Making `/etc/ld.so.cache` anew is the caller's business.
///
/// # Errors
/// When the package database cannot be read.
pub fn prune(draft: &mut Draft<'_>, removal: &Removal) -> Result<(), DatabaseError> {
    for path in removal.paths.keys() {
        if draft.get(path).is_some_and(|node| !node.is_directory()) {
            draft.remove(path);
        }
    }
    Database::forget(draft, &removal.packages)?;
    empty_directories(draft, &removal.directories);
    record::rewrite(draft, removal)
}

/// The deepest first, so that a directory is empty when its turn comes.
fn empty_directories(draft: &mut Draft<'_>, directories: &BTreeSet<ImagePath>) {
    for directory in directories.iter().rev() {
        let is_empty = draft.tree().children(directory).next().is_none();
        if is_empty && draft.get(directory).is_some_and(|node| node.is_directory()) {
            draft.remove(directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{MemoryContents, text};

    #[test]
    fn directories_go_when_they_are_left_empty() {
        let tree =
            text::tree("/usr/share/a/b/x = 1\n/usr/share/c/y = 1\n/usr/share/c/mine = 1\n/var/lib/state/").unwrap();
        let mut draft = Draft::new(tree, &MemoryContents);
        let mut removal = Removal::default();
        for path in ["/usr/share/a/b/x", "/usr/share/c/y"] {
            removal.paths.insert(ImagePath::literal(path), "test".into());
        }
        for path in ["/usr/share", "/usr/share/a", "/usr/share/a/b", "/usr/share/c"] {
            removal.directories.insert(ImagePath::literal(path));
        }
        prune(&mut draft, &removal).unwrap();
        let left: Vec<_> = draft.tree().iter().map(|(path, _)| path.to_text()).collect();
        assert_eq!(
            left,
            ["/", "/usr", "/usr/share", "/usr/share/c", "/usr/share/c/mine", "/var", "/var/lib", "/var/lib/state"]
        );
    }
}
