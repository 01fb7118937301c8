//! The links of a group: `LINK -> /etc/alternatives/NAME -> FILE`.

use super::{Choice, DATABASE, Group, LINKS, exists, link_of};
use crate::engine::native::effects::{path, place, unproven, write};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;

/// Brings links and database to what the group says; a group without choices goes with everything it had.
pub(super) fn update(
    draft: &mut Draft<'_>,
    name: &str,
    group: &mut Group,
    mut current: Option<String>,
    wanted: Option<String>,
    force: bool,
) -> Result<(), Unproven> {
    let file = path(format!("{DATABASE}/{name}"))?;
    if group.choices.is_empty() {
        let links = std::iter::once((name, group.link.as_str()));
        for (name, link) in links.chain(group.slaves.iter().map(|(name, link)| (name.as_str(), link.as_str()))) {
            drop_links(draft, name, link, force)?;
        }
        draft.remove(&file);
        return Ok(());
    }
    if wanted.is_some() && wanted != current {
        install(draft, name, group, wanted.as_deref(), force)?;
    } else if needs_update(draft, name, group, current.as_deref())? {
        if current.as_deref().is_some_and(|current| group.choice(current).is_none()) {
            current = group.best(None).map(|choice| choice.file.clone());
            group.automatic = true;
        }
        install(draft, name, group, current.as_deref(), force)?;
    }
    group.settle();
    write(draft, &file, group.write())
}

/// Whether a link of the current choice leads to what is not there any more.
pub(super) fn dangle(draft: &Draft<'_>, group: &Group, current: Option<&str>) -> Result<bool, Unproven> {
    let Some(choice) = current.and_then(|current| group.choice(current)) else { return Ok(false) };
    for ((name, _), file) in group.slaves.iter().zip(&choice.slaves) {
        if !exists(draft, file)? && link_of(draft, &format!("{LINKS}/{name}"))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn needs_update(draft: &Draft<'_>, name: &str, group: &Group, current: Option<&str>) -> Result<bool, Unproven> {
    let leads = |link: &str, name: &str| -> Result<bool, Unproven> {
        Ok(link_of(draft, link)?.as_deref() == Some(&format!("{LINKS}/{name}")))
    };
    let Some(current) = current.filter(|_| matches!(leads(&group.link, name), Ok(true))) else { return Ok(true) };
    let Some(choice) = group.choice(current) else { return Ok(false) };
    for ((slave, link), file) in group.slaves.iter().zip(&choice.slaves) {
        let inner = format!("{LINKS}/{slave}");
        let right = if exists(draft, file)? {
            leads(link, slave)? && link_of(draft, &inner)?.as_deref() == Some(file)
        } else {
            let there = |path: &str| Ok::<_, Unproven>(draft.tree().contains(&place(draft, &super::path(path)?)));
            !there(link)? && !there(&inner)?
        };
        if !right {
            return Ok(true);
        }
    }
    Ok(false)
}

fn install(draft: &mut Draft<'_>, name: &str, group: &Group, file: Option<&str>, force: bool) -> Result<(), Unproven> {
    let Some(Choice { file, slaves, .. }) = file.and_then(|file| group.choice(file)).cloned() else { return Ok(()) };
    put_links(draft, name, &group.link, &file, force)?;
    for ((slave, link), file) in group.slaves.iter().zip(&slaves) {
        if exists(draft, file)? {
            put_links(draft, slave, link, file, force)?;
        } else {
            drop_links(draft, slave, link, force)?;
        }
    }
    Ok(())
}

fn put_links(draft: &mut Draft<'_>, name: &str, link: &str, file: &str, force: bool) -> Result<(), Unproven> {
    put_link(draft, &format!("{LINKS}/{name}"), file)?;
    let inner = format!("{LINKS}/{name}");
    let found = place(draft, &path(link)?);
    let parent = found.parent().unwrap_or_else(ImagePath::root);
    if draft.tree().lookup(&parent).is_none_or(|(_, node)| !node.is_directory()) {
        return Err(unproven(link, "its directory is not there, and update-alternatives would stop half way"));
    }
    match draft.get(&found) {
        Some(node) if node.is_directory() => Err(unproven(link, "a directory is in its place")),
        // What is no link is the administrator's.
        Some(node) if node.as_symlink().is_none() && !force => Ok(()),
        _ => put_link(draft, link, &inner),
    }
}

fn put_link(draft: &mut Draft<'_>, link: &str, target: &str) -> Result<(), Unproven> {
    if link_of(draft, link)?.as_deref() != Some(target) {
        let place = place(draft, &path(link)?);
        let node = Node { mtime: draft.now, ..Node::symlink(target) };
        draft.put(place, node);
    }
    Ok(())
}

fn drop_links(draft: &mut Draft<'_>, name: &str, link: &str, force: bool) -> Result<(), Unproven> {
    let found = place(draft, &path(link)?);
    let is_directory = draft.get(&found).is_some_and(Node::is_directory);
    if draft.get(&found).is_some_and(|node| node.as_symlink().is_some() || force) && !is_directory {
        draft.remove(&found);
    }
    let inner = place(draft, &path(format!("{LINKS}/{name}"))?);
    draft.remove(&inner);
    Ok(())
}
