//! The list of removed packages, put into a layer that is written anew anyway.

use super::{Change, ChangeError, Maker};
use crate::request::Prune;
use slim::packages::Inventory;
use slim::path::ImagePath;
use slim::policy::Profile;
use slim::removed::Removed;
use slim::tree::{Contents as _, LayerEntry, Node, Tree};

/// Most bytes of an earlier list that are read: ten times what an image with ten thousand packages would need.
const LARGEST: u64 = 16 << 20;

impl Maker<'_> {
    /// Lists what the plan removed, where the change removed something. No layer is written only for that: the list goes where an earlier
    /// one is, if that layer changes, else into the last layer that does.
    pub(super) fn list(&self, change: &mut Change) -> Result<(), ChangeError> {
        let before = &self.subject.opened.stack;
        let Some(plan) = change.plan.as_ref().filter(|plan| !plan.removal.packages.is_empty()) else { return Ok(()) };
        let changed: Vec<usize> =
            (0..before.layers.len()).filter(|index| before.layers[*index] != change.after.layers[*index]).collect();
        let Some(last) = changed.last().copied() else { return Ok(()) };
        let tree = change.after.merge();
        let Some(place) = real_place(&tree) else { return Ok(()) };
        let (mut layer, mut earlier) = (last, None);
        if let Some(node) = tree.get(&place) {
            let Some(file) = node.as_file() else { return Ok(()) };
            if file.content.size() <= LARGEST {
                earlier = Some(self.spool.read(&file.content)?.into_owned());
            }
            if changed.contains(&node.origin.0) {
                layer = node.origin.0;
            }
        }
        let profile = if self.request.prune == Prune::Files { Profile::Files } else { Profile::Packages };
        let left: Inventory = self.inventory(&tree)?;
        let list = Removed::merge(earlier.as_deref(), plan, profile, &left, env!("CARGO_PKG_VERSION"));
        change.listed = Some(list.packages.len());
        let mut put = |path: ImagePath, node: Node| {
            let entry = LayerEntry::Node { node: node.with_origin(layer), record: None };
            change.after.layers[layer].entries.insert(path, entry);
        };
        let missing: Vec<_> = place.ancestors().take_while(|parent| !tree.contains(parent)).collect();
        for parent in missing {
            put(parent, Node::directory());
        }
        put(place, Node::file(list.to_bytes()));
        Ok(())
    }
}

/// Where the list is, the links of directories followed as far as they are there; `None` where something is in its way.
fn real_place(tree: &Tree) -> Option<ImagePath> {
    let place = Removed::place();
    let parent = place.ancestors().find(|parent| tree.lookup(parent).is_some())?;
    let real = tree.resolve(&parent).ok()?.path;
    if !tree.get(&real)?.is_directory() {
        return None;
    }
    let rest = place.to_text().strip_prefix(&parent.to_text())?.trim_start_matches('/').to_owned();
    real.join(&rest).ok()
}
