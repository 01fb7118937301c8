//! Owners by name: the image's own `/etc/passwd` and `/etc/group` (dpkg never asks the host).

use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::ContentsError;
use std::collections::BTreeMap;

/// Users and groups of an image.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    users: BTreeMap<String, u32>,
    groups: BTreeMap<String, u32>,
}

impl Accounts {
    pub(super) fn read(draft: &Draft<'_>) -> Result<Self, ContentsError> {
        let table = |path: &str| -> Result<BTreeMap<String, u32>, ContentsError> {
            let text = draft.read(&ImagePath::literal(path))?.unwrap_or_default();
            let mut ids = BTreeMap::new();
            for line in String::from_utf8_lossy(&text).lines() {
                let mut parts = line.split(':');
                if let (Some(name), Some(id)) = (parts.next(), parts.nth(1).and_then(|id| id.parse().ok())) {
                    // The first entry of a name is the one that counts, as in getpwnam(3).
                    ids.entry(name.to_owned()).or_insert(id);
                }
            }
            Ok(ids)
        };
        Ok(Self { users: table("/etc/passwd")?, groups: table("/etc/group")? })
    }

    /// The user's number, or the fallback for a name that the image does not know.
    pub(super) fn user(&self, name: &str, fallback: u32) -> u32 {
        self.users.get(name).copied().unwrap_or(fallback)
    }

    /// The group's number, likewise.
    pub(super) fn group(&self, name: &str, fallback: u32) -> u32 {
        self.groups.get(name).copied().unwrap_or(fallback)
    }

    /// The number behind a name or `#number` of an override.
    pub(super) fn override_ids(&self, user: &str, group: &str) -> Option<(u32, u32)> {
        let id = |name: &str, table: &BTreeMap<String, u32>| match name.strip_prefix('#') {
            Some(number) => number.parse().ok(),
            None => table.get(name).copied().or((name == "root").then_some(0)),
        };
        Some((id(user, &self.users)?, id(group, &self.groups)?))
    }
}
