//! What maintainer scripts do to an image: whole rebuilds of a toy image from a toy archive.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]
#![allow(dead_code, reason = "the world is shared by several files of tests")]

mod world;

use testdata::deb::Deb;
use world::{World, fates};

/// dpkg lets scripts remove a directory that its package lists, and so does a rebuild; what is in it is another matter.
#[test]
fn a_script_may_remove_an_empty_directory_of_its_package() {
    let deb = |version: &str| {
        Deb::new("a", version)
            .field("Architecture", "amd64")
            .directory("/var/lib/a", 0o755)
            .file("/usr/bin/a", 0o755, version.as_bytes())
            .file("/usr/bin/rm", 0o755, b"")
            .file("/usr/bin/rmdir", 0o755, b"")
    };
    let cache = [("var/lib/a/cache", "of an earlier run")];
    let script = "#!/bin/sh\nset -e\nrm -f /var/lib/a/cache\nrmdir /var/lib/a\n";
    let world = World::with(&[deb("1")], &[deb("2").member("postinst", 0o755, script)], &cache);
    let report = world.rebuild(&world.request("out")).unwrap();
    assert_eq!(fates(&report), ["a 2 Updated"]);
    assert!(!world.tree("out").keys().any(|path| path.starts_with("/var/lib/a")));

    let script = script.replace("/cache", "/cache /usr/bin/a");
    let world = World::with(&[deb("1")], &[deb("2").member("postinst", 0o755, &script)], &cache);
    let error = world.rebuild(&world.request("out")).unwrap_err().to_string();
    assert!(error.contains("broken"), "{error}");
    assert!(!world.path("out").exists());
}
