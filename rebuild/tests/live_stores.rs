//! Other people's tools read what the local stores write, and the other way round.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use rebuild::event::Silent;
use rebuild::image::{Digest, Image, Location, Rewrite};
use rebuild::store::{open_sink, open_source};
use std::process::Command;
use testdata::image::{ImageMaker, Pack, What};

/// Copies with our stores; gives the config's digest.
fn copy(from: &str, to: &str) -> Digest {
    let from = open_source(&from.parse::<Location>().unwrap(), &std::env::temp_dir(), &Silent, |_| {
        unreachable!("no registry")
    })
    .unwrap();
    let mut to = open_sink(&to.parse::<Location>().unwrap(), |_| unreachable!("no registry")).unwrap();
    let image = Image::open(from.as_ref(), None).unwrap();
    for blob in image.layers.iter().map(|layer| layer.blob.clone()).chain([image.manifest.config.blob()]) {
        if !to.has(&blob, None).unwrap() {
            to.blob(&blob, &mut from.blob(&blob).unwrap(), &Silent).unwrap();
        }
    }
    let mut rewrite = Rewrite::new(&image);
    if to.wants_oci() {
        rewrite.into_oci();
    }
    let documents = rewrite.finish();
    to.finish(&documents.media_type, &documents.manifest_bytes).unwrap();
    Digest::of(&image.config_bytes)
}

/// Copies with skopeo.
fn skopeo(from: &str, to: &str) {
    let output = Command::new("skopeo").args(["--insecure-policy", "copy", "-q", from, to]).output().unwrap();
    assert!(output.status.success(), "{from} {to}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "live: needs skopeo"]
fn skopeo_reads_what_we_write_and_we_read_what_it_writes() {
    let dir = tempfile::tempdir().unwrap();
    let at = |transport: &str, name: &str| format!("{transport}:{}/{name}", dir.path().display());
    let maker = ImageMaker::new()
        .layer(Pack::Gzip, &[("bin", What::Dir), ("bin/hello", What::Program(b"#!/bin/sh\n"))])
        .layer(Pack::Plain, &[("etc/motd", What::File(b"welcome\n"))]);
    for (i, maker) in [maker.clone(), maker.docker()].into_iter().enumerate() {
        let config = Digest::of(&maker.config_bytes());
        let from = at("oci", &format!("from{i}"));
        maker.write_layout(&dir.path().join(format!("from{i}")), None);
        for (n, transport) in ["oci", "oci-archive", "docker-archive"].into_iter().enumerate() {
            let name = |who: &str| format!("{}:team/app:1", at(transport, &format!("{who}{i}{n}")));
            assert_eq!(copy(&from, &name("ours")), config);
            skopeo(&name("ours"), &name("theirs"));
            assert_eq!(copy(&name("theirs"), &name("again")), config);
            skopeo(&name("again"), &at("oci", &format!("end{i}{n}:1")));
        }
    }
}
