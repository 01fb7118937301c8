//! Rebuilds of what is not as it should be: what is wrong is named with its package and its path, and nothing is left behind.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

mod databases;
mod packages;
#[allow(dead_code, reason = "each suite uses a part of the world")]
#[path = "../world/mod.rs"]
mod world;

use testdata::deb::Deb;
use world::World;

/// A package with one file, which says the version.
fn deb(name: &str, version: &str) -> Deb {
    Deb::new(name, version).field("Architecture", "amd64").file(
        &format!("/usr/share/{name}/data"),
        0o644,
        version.as_bytes(),
    )
}

/// What a rebuild says that is refused; nothing may be there of its result.
fn refused(world: &World) -> String {
    let error = world.rebuild(&world.request("out")).unwrap_err();
    assert!(!world.path("out").exists(), "something is written all the same");
    error.to_string()
}
