//! The referee of the native engine: the same toy packages upgraded by the real dpkg in a toy root, and by the engine on the tree
//! read from that root. Paths must be equal in type, mode, owner, content, targets, names of the same file and time, and with them the
//! status file, the files of `info/` and the triggers; and dpkg must find nothing to complain about in the engine's result.
//!
//! `cargo test -p slim-rebuild --test live_dpkg -- --ignored` as root on an amd64 machine with dpkg. Further versions of dpkg are asked
//! where `SLIM_DPKG_ROOTS` names folders with root file systems, separated by `:` (`mmdebstrap --variant=minbase trixie FOLDER`).
//!
//! What dpkg does is a list of 45 items. A test is named after those that it is of; [`ELSEWHERE`] says of the others why they have
//! none here.
//!
//! | item | what dpkg does | scenarios |
//! |---|---|---|
//! | 1 | leaves out excluded paths, which stay listed and go from the disk | `settings` |
//! | 2 | lists paths in the archive's order, links last, obsolete conffiles at the end | `database` |
//! | 3 | names files of `info/` after the architecture for `Multi-Arch: same` | `database` |
//! | 4 | copies control members without a dot, removes those of the old version | `database` |
//! | 5 | computes sums that a package does not bring | `database` |
//! | 6 | orders and formats fields; other stanzas stay as they are | `database` |
//! | 7 | takes values from the package, priority and section from before where it has none | `database` |
//! | 8–11 | conffiles: lines of the status file, who changed what, deleted ones, mode and owner | `conffiles` |
//! | 12 | conffiles that are links | `conffiles` (refused) |
//! | 13 | dropped, removed and moved conffiles | `conffiles` |
//! | 14 | `dpkg-maintscript-helper` | `conffiles` |
//! | 15, 16 | existing and new directories | `files` |
//! | 17 | removes what vanished, not what has another name | `files` |
//! | 18 | knows no aliases of paths when packages exchange files | `files` |
//! | 19 | diverts | `owners` |
//! | 20 | overrides owner and mode | `owners` |
//! | 21 | maps names of users | `owners` |
//! | 22 | sets special modes after the owner, drops those of replaced files | `files` |
//! | 23 | makes hard links | `files` |
//! | 24 | times, long names, spellings | `files` |
//! | 25 | takes over files, leaves files to others, lets packages disappear | `owners` |
//! | 26 | instances of one package | `owners` |
//! | 27 | changes of the architecture | `owners` |
//! | 28, 29 | essential packages, holds | `database` |
//! | 30, 31 | triggers: who waits, what activates | `scripts` |
//! | 32, 33 | fields of unfinished states, other files of the database | `database` |
//! | 34 | versions | `database` |
//! | 35 | packages of which only configuration is left | `owners` |
//! | 36, 37 | databases without dpkg, without lists | elsewhere |
//! | 38, 39 | what the author deleted; other settings of dpkg | `settings` |
//! | 40, 41 | scripts: their order, those that are programs, those that the author changed | `scripts` |
//! | 42, 43 | links from the root; names are bytes | `files` |
//! | 44, 45 | the same again, and nothing when it fails | every scenario |

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

mod conffiles;
mod database;
mod files;
mod owners;
mod real_databases;
mod referee;
mod scripts;
mod settings;
mod tree;

/// Items without a scenario of their own, and why.
const ELSEWHERE: &[(u32, &str)] = &[
    (
        36,
        "dpkg cannot upgrade what it has no status file of; an_image_without_dpkg_is_updated_file_by_file is a rebuild of such an image",
    ),
    (37, "dpkg does not know which files to remove and leaves them; slim refuses, which rebuild/tests/bad_input shows"),
    (44, "every scenario runs the engine twice and compares, times included"),
    (45, "every refusal compares the tree with what it was"),
];

#[test]
fn every_item_has_a_scenario_or_a_reason() {
    let sources = [
        include_str!("conffiles.rs"),
        include_str!("database.rs"),
        include_str!("files.rs"),
        include_str!("owners.rs"),
        include_str!("scripts.rs"),
        include_str!("settings.rs"),
    ];
    let names = sources.iter().flat_map(|source| source.lines()).filter_map(|line| line.strip_prefix("fn item_"));
    let numbers = |name: &str| -> Vec<u32> { name.split('_').map_while(|part| part.parse().ok()).collect() };
    let mut items: Vec<u32> = names.flat_map(numbers).collect();
    items.sort_unstable();
    items.dedup();
    assert!(ELSEWHERE.iter().all(|(item, why)| !items.contains(item) && !why.is_empty()), "an item is told of twice");
    items.extend(ELSEWHERE.iter().map(|(item, _)| item));
    items.sort_unstable();
    assert_eq!(items, (1..=45).collect::<Vec<_>>());
}
