//! Following links inside the tree, and nowhere else (path_resolution(7) with the image's root as root).

use super::{Kind, Node, Tree};
use crate::path::ImagePath;
use std::collections::VecDeque;

/// As many links as the kernel follows before it says `ELOOP`.
const LINK_LIMIT: usize = 40;

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The final path, free of links.
    pub path: ImagePath,
    /// Every link that was followed, in order, by its own link-free path.
    pub links: Vec<ImagePath>,
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Nothing is there. `at` is the first missing path, which may be the target of a link.
    #[error("{at} does not exist")]
    Missing {
        /// The first path that does not exist.
        at: ImagePath,
        /// Links followed before that.
        links: Vec<ImagePath>,
    },
    /// A file stands where a directory is needed.
    #[error("{at} is not a directory")]
    NotDirectory {
        /// The file.
        at: ImagePath,
    },
    /// More than 40 links: a loop.
    #[error("{at}: too many levels of symbolic links")]
    Loop {
        /// The link at which the limit was reached.
        at: ImagePath,
    },
    /// A link's target is not a path.
    #[error("{at}: {reason}")]
    BadTarget {
        /// The link.
        at: ImagePath,
        /// What is wrong with it.
        reason: String,
    },
}

impl Tree {
    /// Follows every link, the last one too.
    ///
    /// # Errors
    /// When the path is missing, goes through a file, or loops.
    pub fn resolve(&self, path: &ImagePath) -> Result<Resolved, ResolveError> {
        self.walk(path, true)
    }

    /// Follows the links among the parents, not the last name: where a `lstat` would look.
    ///
    /// The last name itself need not exist; its parent must.
    ///
    /// # Errors
    /// As [`Tree::resolve`], for the parents.
    pub fn resolve_parent(&self, path: &ImagePath) -> Result<Resolved, ResolveError> {
        self.walk(path, false)
    }

    /// The node a path leads to, links followed; `None` when it leads nowhere.
    pub fn lookup(&self, path: &ImagePath) -> Option<(ImagePath, &Node)> {
        let resolved = self.resolve(path).ok()?;
        let node = self.get(&resolved.path)?;
        Some((resolved.path, node))
    }

    fn walk(&self, path: &ImagePath, follow_last: bool) -> Result<Resolved, ResolveError> {
        let mut rest: VecDeque<Vec<u8>> = path.components().map(<[u8]>::to_vec).collect();
        let mut here: Vec<Vec<u8>> = Vec::new();
        let mut links = Vec::new();
        while let Some(name) = rest.pop_front() {
            match &name[..] {
                b"" | b"." => continue,
                b".." => {
                    here.pop();
                    continue;
                }
                _ => here.push(name),
            }
            let joined = here.join(&b'/');
            let at = ImagePath::new(&joined)
                .map_err(|error| ResolveError::BadTarget { at: path.clone(), reason: error.to_string() })?;
            let last = rest.is_empty();
            let Some(node) = self.get(&at) else {
                if last && !follow_last {
                    return Ok(Resolved { path: at, links });
                }
                return Err(ResolveError::Missing { at, links });
            };
            match &node.kind {
                Kind::Symlink(target) if !last || follow_last => {
                    if links.len() >= LINK_LIMIT {
                        return Err(ResolveError::Loop { at });
                    }
                    links.push(at);
                    here.pop();
                    if target.first() == Some(&b'/') {
                        here.clear();
                    }
                    for part in target.split(|b| *b == b'/').rev() {
                        rest.push_front(part.to_vec());
                    }
                }
                Kind::Directory => {}
                _ if last => {}
                _ => return Err(ResolveError::NotDirectory { at }),
            }
        }
        let path = ImagePath::new(here.join(&b'/'))
            .map_err(|error| ResolveError::BadTarget { at: path.clone(), reason: error.to_string() })?;
        Ok(Resolved { path, links })
    }
}
