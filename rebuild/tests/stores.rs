//! Local stores: what is written is read again, what is damaged is refused, what is unfinished leaves nothing behind.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use rebuild::event::{Event, Reporter, Silent};
use rebuild::image::manifest::Document;
use rebuild::image::{Compression, Digest, Image, Location, Platform, Rewrite};
use rebuild::store::{Blob, Sink, Source, StoreError, locate, open_sink, open_source};
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use testdata::image::{ImageMaker, Pack, What, gzip, tar_of_folder, write_layout};

fn toy() -> ImageMaker {
    ImageMaker::new()
        .layer(Pack::Gzip, &[("bin", What::Dir), ("bin/hello", What::Program(b"#!/bin/sh\necho hello\n"))])
        .layer(Pack::Plain, &[("etc/motd", What::File(b"welcome\n"))])
        .layer(Pack::GzipInTwo, &[("etc/motd", What::Whiteout)])
}

fn source(text: &str) -> Result<Box<dyn Source>, StoreError> {
    open_source(&text.parse::<Location>()?, &std::env::temp_dir(), &Silent, |_| unreachable!("no registry"))
}

fn sink(text: &str) -> Result<Box<dyn Sink>, StoreError> {
    open_sink(&text.parse::<Location>()?, |_| unreachable!("no registry"))
}

fn error<T>(result: Result<T, StoreError>) -> String {
    match result {
        Ok(_) => panic!("expected an error"),
        Err(error) => error.to_string(),
    }
}

/// Reads every blob to its end, as a consumer would.
fn read_all(source: &dyn Source, image: &Image) -> Result<u64, StoreError> {
    let mut sum = 0;
    for layer in &image.layers {
        let mut bytes = Vec::new();
        let read = source.blob(&layer.blob)?.read_to_end(&mut bytes);
        sum += read.map_err(|error| rebuild::store::verify::failed(&image.name, "reading", error))? as u64;
    }
    Ok(sum)
}

fn copy(from: &dyn Source, mut to: Box<dyn Sink>) -> Result<Digest, StoreError> {
    let image = Image::open(from, None)?;
    let config = image.manifest.config.blob();
    for blob in image.layers.iter().map(|layer| &layer.blob).chain([&config]) {
        if !to.has(blob, None)? {
            to.blob(blob, &mut from.blob(blob)?, &Silent)?;
        }
    }
    to.finish(&image.media_type, &image.manifest_bytes)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_store_gives_back_what_was_put_into_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    for maker in [toy(), toy().docker(), ImageMaker::new().layer(Pack::Zstd, &[("a", What::File(b"a"))])] {
        let from = format!("oci:{}", at("from"));
        maker.write_layout(&dir.path().join("from"), None);
        let expected = Digest::of(&maker.manifest_bytes());
        for to in [
            format!("oci:{}:v1", at("layout")),
            format!("oci-archive:{}:v1", at("layout.tar")),
            format!("docker-archive:{}:team/app:1", at("docker.tar")),
        ] {
            assert_eq!(copy(source(&from).unwrap().as_ref(), sink(&to).unwrap()).unwrap(), expected, "{to}");
            let again = source(&to).unwrap();
            let image = Image::open(again.as_ref(), None).unwrap();
            assert_eq!(image.digest, expected, "{to}");
            assert_eq!(image.name, to);
            assert_eq!(read_all(again.as_ref(), &image).unwrap(), image.size());
        }
        std::fs::remove_dir_all(dir.path().join("from")).unwrap();
    }
    assert_eq!(names(dir.path()), ["docker.tar", "layout", "layout.tar"]);
}

#[test]
fn an_image_is_what_its_documents_say() {
    let dir = tempfile::tempdir().unwrap();
    let maker = toy().with(
        "history",
        json!([{"created_by": "1"}, {"created_by": "ENV", "empty_layer": true}, {"created_by": "2"}, {"created_by": "3"}]),
    );
    maker.write_layout(dir.path(), Some("a"));
    let image = Image::open(source(&format!("oci:{}:a", dir.path().display())).unwrap().as_ref(), None).unwrap();
    let facts: Vec<(Compression, Option<usize>)> = image.layers.iter().map(|l| (l.compression, l.history)).collect();
    let expected = [(Compression::Gzip, Some(0)), (Compression::None, Some(2)), (Compression::Gzip, Some(3))];
    assert_eq!(facts, expected);
    assert_eq!(image.layers[1].diff_id, image.layers[1].blob.digest);
    assert_eq!(image.config.cmd(), ["/bin/hello"]);
    assert!(image.index.is_none());
}

#[test]
fn documents_that_do_not_fit_each_other_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let open = |maker: &ImageMaker, name: &str| {
        let at = dir.path().join(name);
        maker.write_layout(&at, None);
        error(Image::open(source(&format!("oci:{}", at.display())).unwrap().as_ref(), None))
    };
    let history = toy().with("history", json!([{"created_by": "x"}]));
    assert!(open(&history, "history").contains("3 layers, but the history tells of 1"));
    let at = dir.path().join("layers");
    let maker = toy();
    maker.write_layout(&at, None);
    let original: Value = serde_json::from_slice(&maker.manifest_bytes()).unwrap();
    let refuse = |reason: &str, edit: &dyn Fn(&mut Value)| {
        let mut manifest = original.clone();
        edit(&mut manifest);
        let bytes = manifest.to_string();
        let digest = Digest::of(bytes.as_bytes());
        std::fs::write(at.join("blobs/sha256").join(digest.hex()), &bytes).unwrap();
        let index = json!({"schemaVersion": 2, "manifests": [{"digest": digest, "size": bytes.len()}]});
        std::fs::write(at.join("index.json"), index.to_string()).unwrap();
        let text = error(Image::open(source(&format!("oci:{}", at.display())).unwrap().as_ref(), None));
        assert!(text.contains(reason), "{reason}: {text}");
    };
    refuse("schema 1", &|m| *m = json!({"schemaVersion": 1}));
    refuse("2 layers, but the config has 3", &|m| drop(m["layers"].as_array_mut().unwrap().pop()));
    refuse("expected 1 bytes", &|m| m["config"]["size"] = 1.into());
    refuse("at most", &|m| m["config"]["size"] = (1_u64 << 40).into());
    refuse("an artifact", &|m| m["config"]["mediaType"] = "application/vnd.example".into());
    let foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    refuse("layer 2 (sha256:", &|m| m["layers"][1]["mediaType"] = foreign.into());
}

#[test]
fn damaged_archives_are_errors_and_never_more() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("image.tar");
    let maker = ImageMaker::new().layer(Pack::Gzip, &[("a", What::File(b"a"))]);
    for bytes in [maker.docker_save_old(&["a:1"]), maker.docker_save_new(&["a:1"])] {
        let mut state = 12345_u64;
        for _ in 0..300 {
            let mut bytes = bytes.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let place = usize::try_from(state >> 33).unwrap() % bytes.len();
                bytes[place] ^= 1 << (state & 7);
            }
            std::fs::write(&file, &bytes).unwrap();
            let Ok(from) = source(&format!("docker-archive:{}", file.display())) else { continue };
            // What can be opened and read to its end is what was promised.
            let Ok(image) = Image::open(from.as_ref(), None) else { continue };
            if read_all(from.as_ref(), &image).is_ok() {
                assert_eq!(image.layers[0].diff_id.to_string(), testdata::image::digest(&maker.layers[0].tar));
            }
        }
    }
}

#[test]
fn a_platform_is_chosen_from_an_index_in_a_layout() {
    let dir = tempfile::tempdir().unwrap();
    let amd64 = toy();
    let arm64 = toy().with("architecture", json!("arm64")).with("variant", json!("v8"));
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [amd64.descriptor(None), arm64.descriptor(None)]});
    let bytes = index.to_string();
    let entry = json!({"mediaType": index["mediaType"], "digest": Digest::of(bytes.as_bytes()), "size": bytes.len()});
    write_layout(dir.path(), &[&amd64, &arm64], &[entry]);
    std::fs::write(dir.path().join("blobs/sha256").join(Digest::of(bytes.as_bytes()).hex()), &bytes).unwrap();
    let from = source(&format!("oci:{}", dir.path().display())).unwrap();
    let platform: Platform = "linux/arm64".parse().unwrap();
    let image = Image::open(from.as_ref(), Some(&platform)).unwrap();
    assert_eq!(image.digest, Digest::of(&arm64.manifest_bytes()));
    let chosen = image.index.unwrap();
    assert_eq!(chosen.note, "chose linux/arm64 of 2");
    assert_eq!(chosen.bytes, bytes.as_bytes());
    let text = error(Image::open(from.as_ref(), Some(&"linux/s390x".parse().unwrap())));
    assert!(text.contains("(there is: linux/amd64, linux/arm64)"), "{text}");
    // The same two images as two entries of one name.
    write_layout(dir.path(), &[&amd64, &arm64], &[amd64.descriptor(Some("v")), arm64.descriptor(Some("v"))]);
    let from = source(&format!("oci:{}:v", dir.path().display())).unwrap();
    assert_eq!(Image::open(from.as_ref(), Some(&platform)).unwrap().digest, Digest::of(&arm64.manifest_bytes()));
    // One image, and another platform wanted.
    amd64.write_layout(&dir.path().join("one"), None);
    let from = source(&format!("oci:{}/one", dir.path().display())).unwrap();
    assert!(error(Image::open(from.as_ref(), Some(&platform))).contains("there is: linux/amd64"));
}

#[test]
fn tags_of_a_layout() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (toy(), toy().docker());
    write_layout(dir.path(), &[&one, &two], &[one.descriptor(Some("1")), two.descriptor(Some("2"))]);
    let at = |tag: &str| format!("oci:{}{tag}", dir.path().display());
    assert!(error(source(&at(""))).contains("name one after the folder or file (there is: 1, 2)"));
    assert!(error(source(&at(":3"))).contains("the image 3 (there is: 1, 2)"));
    let image = Image::open(source(&at(":2")).unwrap().as_ref(), None).unwrap();
    assert_eq!(image.digest, Digest::of(&two.manifest_bytes()));
    // Writing a tag replaces that one and leaves the rest of the index as it is.
    let mut index: Value = serde_json::from_slice(&std::fs::read(dir.path().join("index.json")).unwrap()).unwrap();
    index["annotations"] = json!({"kept": "yes"});
    std::fs::write(dir.path().join("index.json"), index.to_string()).unwrap();
    copy(source(&at(":1")).unwrap().as_ref(), sink(&at(":2")).unwrap()).unwrap();
    copy(source(&at(":1")).unwrap().as_ref(), sink(&at(":3")).unwrap()).unwrap();
    let index: Value = serde_json::from_slice(&std::fs::read(dir.path().join("index.json")).unwrap()).unwrap();
    assert_eq!(index["annotations"], json!({"kept": "yes"}));
    for tag in ["1", "2", "3"] {
        let image = Image::open(source(&at(&format!(":{tag}"))).unwrap().as_ref(), None).unwrap();
        assert_eq!(image.digest, Digest::of(&one.manifest_bytes()), "{tag}");
    }
}

#[test]
fn a_damaged_blob_fails_to_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let maker = toy();
    maker.write_layout(dir.path(), None);
    let layer = dir.path().join("blobs/sha256").join(Digest::of(&maker.layers[1].tar).hex());
    let good = std::fs::read(&layer).unwrap();
    let mut flipped = good.clone();
    flipped[600] ^= 1;
    for (bytes, reason) in [
        (flipped, "expected sha256:"),
        (good[..100].to_vec(), "found 100 bytes"),
        ([&good[..], b"x"].concat(), "bytes, found"),
    ] {
        std::fs::write(&layer, bytes).unwrap();
        let from = source(&format!("oci:{}", dir.path().display())).unwrap();
        let image = Image::open(from.as_ref(), None).unwrap();
        let text = error(read_all(from.as_ref(), &image));
        assert!(text.contains(reason), "{text}");
    }
    std::fs::remove_file(&layer).unwrap();
    let from = source(&format!("oci:{}", dir.path().display())).unwrap();
    let image = Image::open(from.as_ref(), None).unwrap();
    assert!(error(read_all(from.as_ref(), &image)).contains("does not exist"));
}

#[cfg(unix)]
#[test]
fn links_of_a_layout_stay_inside_and_pipes_are_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let layout = dir.path().join("layout");
    let maker = toy();
    maker.write_layout(&layout, None);
    let blob = layout.join("blobs/sha256").join(Digest::of(&maker.config_bytes()).hex());
    let open = || Image::open(source(&format!("oci:{}", layout.display())).unwrap().as_ref(), None);
    std::fs::rename(&blob, layout.join("config.json")).unwrap();
    std::os::unix::fs::symlink("../../config.json", &blob).unwrap();
    assert!(open().is_ok());
    std::fs::rename(layout.join("config.json"), dir.path().join("config.json")).unwrap();
    std::fs::remove_file(&blob).unwrap();
    std::os::unix::fs::symlink("../../../config.json", &blob).unwrap();
    assert!(error(open()).contains("leads out of"));
    std::fs::remove_file(&blob).unwrap();
    std::os::unix::net::UnixListener::bind(&blob).unwrap();
    assert!(error(open()).contains("does not exist"));
}

#[test]
fn docker_archives_old_and_new_plain_and_compressed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("image.tar");
    let text = format!("docker-archive:{}", file.display());
    // The same layer twice is a link in the old form.
    let motd: &[(&str, What)] = &[("etc/motd", What::File(b"welcome\n"))];
    let maker = toy().layer(Pack::Gzip, motd);
    let (old, new) = (maker.docker_save_old(&["app:1"]), maker.docker_save_new(&["app:1"]));
    let zstd = zstd::encode_all(old.as_slice(), 1).unwrap();
    for (bytes, is_new) in [(&old, false), (&new, true), (&gzip(&old), false), (&gzip(&new), true), (&zstd, false)] {
        std::fs::write(&file, bytes).unwrap();
        for name in ["", ":app:1", ":docker.io/library/app:1", ":@0"] {
            let from = source(&format!("{text}{name}")).unwrap();
            let image = Image::open(from.as_ref(), None).unwrap();
            assert_eq!(image.config_bytes, maker.config_bytes());
            assert_eq!(read_all(from.as_ref(), &image).unwrap(), image.size());
            if is_new {
                assert_eq!(image.manifest_bytes, maker.manifest_bytes());
            } else {
                assert!(image.layers.iter().all(|layer| layer.diff_id == layer.blob.digest));
            }
        }
        assert!(error(source(&format!("{text}:app:2"))).contains("there is: app:1"));
    }
    std::fs::write(&file, &old[..old.len() / 2]).unwrap();
    assert!(error(source(&text)).contains("not an image"));
    std::fs::write(&file, b"no archive at all").unwrap();
    assert!(error(source(&text)).contains("not an image"));
}

#[test]
fn a_bare_path_is_what_lies_there() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let text = |name: &str| at(name).display().to_string();
    toy().write_layout(&at("layout"), None);
    std::fs::write(at("oci.tar"), tar_of_folder(&at("layout"))).unwrap();
    std::fs::write(at("old.tar"), toy().docker_save_old(&["a:1"])).unwrap();
    std::fs::write(at("new.tar.gz"), gzip(&toy().docker_save_new(&["a:1"]))).unwrap();
    std::fs::write(at("other"), b"something else").unwrap();
    for (name, transport) in [
        ("layout", "oci:"),
        ("oci.tar", "oci-archive:"),
        ("old.tar", "docker-archive:"),
        ("new.tar.gz", "docker-archive:"),
    ] {
        let location = locate(&text(name), &std::env::temp_dir()).unwrap();
        assert_eq!(location.to_string(), format!("{transport}{}", text(name)));
        let from = open_source(&location, &std::env::temp_dir(), &Silent, |_| unreachable!("no registry")).unwrap();
        Image::open(from.as_ref(), None).unwrap();
    }
    assert!(error(locate(&text("other"), &std::env::temp_dir())).contains("not an image"));
    assert!(error(locate(&text("nothing"), &std::env::temp_dir())).contains("does not exist"));
    assert_eq!(locate("nginx", &std::env::temp_dir()).unwrap().to_string(), "docker://docker.io/library/nginx:latest");
}

struct Cancel;

impl Reporter for Cancel {
    fn event(&self, _event: Event) {}

    fn cancelled(&self) -> bool {
        true
    }
}

#[test]
fn what_is_not_finished_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let blob = |bytes: &[u8]| Blob { digest: Digest::of(bytes), size: bytes.len() as u64, media_type: String::new() };
    for to in [
        format!("oci:{}:1", at("a/b")),
        format!("oci-archive:{}", at("x.tar")),
        format!("docker-archive:{}", at("y.tar")),
    ] {
        let mut sink = sink(&to).unwrap();
        sink.blob(&blob(b"abc"), &mut &b"abc"[..], &Silent).unwrap();
        assert!(sink.has(&blob(b"abc"), None).unwrap());
        assert!(error(sink.blob(&blob(b"def"), &mut &b"dex"[..], &Silent)).contains("expected sha256:"));
        assert!(error(sink.blob(&blob(b"def"), &mut &b"de"[..], &Silent)).contains("only 2 bytes"));
        assert!(error(sink.blob(&blob(b"def"), &mut &b"def"[..], &Cancel)).contains("cancelled"));
        assert!(!sink.has(&blob(b"def"), None).unwrap());
        sink.blob(&blob(b"def"), &mut &b"def"[..], &Silent).unwrap();
        drop(sink);
        assert_eq!(names(dir.path()), Vec::<String>::new(), "{to}");
    }
    // In a layout that was there, only what is new goes.
    toy().write_layout(&dir.path().join("kept"), None);
    let before = names(&dir.path().join("kept/blobs/sha256"));
    let mut sink = sink(&format!("oci:{}:new", at("kept"))).unwrap();
    sink.blob(&blob(b"abc"), &mut &b"abc"[..], &Silent).unwrap();
    drop(sink);
    assert_eq!(names(&dir.path().join("kept/blobs/sha256")), before);
}

/// Images that share all but one blob.
fn siblings(count: usize) -> Vec<ImageMaker> {
    (0..count).map(|number| toy().with("author", json!(format!("somebody {number}")))).collect()
}

#[test]
fn many_write_into_one_layout_at_once_and_none_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let images = siblings(8);
    let at = |number: usize| dir.path().join(format!("from-{number}")).display().to_string();
    for (number, image) in images.iter().enumerate() {
        image.write_layout(Path::new(&at(number)), None);
    }
    for round in 0..10 {
        let to = dir.path().join(format!("new/{round}")).display().to_string();
        let begin = std::sync::Barrier::new(images.len());
        std::thread::scope(|scope| {
            for number in 0..images.len() {
                let (from, to, begin) = (format!("oci:{}", at(number)), format!("oci:{to}:{number}"), &begin);
                scope.spawn(move || {
                    begin.wait();
                    copy(source(&from).unwrap().as_ref(), sink(&to).unwrap()).unwrap();
                });
            }
        });
        for (number, expected) in images.iter().enumerate() {
            let from = source(&format!("oci:{to}:{number}")).unwrap();
            let image = Image::open(from.as_ref(), None).unwrap();
            assert_eq!(image.digest, Digest::of(&expected.manifest_bytes()));
            assert_eq!(read_all(from.as_ref(), &image).unwrap(), image.size());
        }
        assert_eq!(names(Path::new(&to)), ["blobs", "index.json", "oci-layout"]);
    }
}

#[test]
fn who_gives_up_takes_nothing_away_that_others_count_on() {
    let dir = tempfile::tempdir().unwrap();
    toy().write_layout(&dir.path().join("from"), None);
    let from = source(&format!("oci:{}", dir.path().join("from").display())).unwrap();
    let image = Image::open(from.as_ref(), None).unwrap();
    let to = |tag: &str| sink(&format!("oci:{}:{tag}", dir.path().join("to").display())).unwrap();
    let put = |sink: &mut dyn Sink, blob: &Blob| {
        if !sink.has(blob, None).unwrap() {
            sink.blob(blob, &mut from.blob(blob).unwrap(), &Silent).unwrap();
        }
    };
    let (mut first, mut second) = (to("1"), to("2"));
    for layer in &image.layers {
        put(first.as_mut(), &layer.blob);
        put(second.as_mut(), &layer.blob);
    }
    drop(first);
    put(second.as_mut(), &image.manifest.config.blob());
    second.finish(&image.media_type, &image.manifest_bytes).unwrap();
    let written = source(&format!("oci:{}:2", dir.path().join("to").display())).unwrap();
    let image = Image::open(written.as_ref(), None).unwrap();
    assert_eq!(read_all(written.as_ref(), &image).unwrap(), image.size());
}

#[test]
fn an_archive_survives_a_blob_that_failed() {
    let dir = tempfile::tempdir().unwrap();
    toy().write_layout(&dir.path().join("from"), None);
    let from = source(&format!("oci:{}", dir.path().join("from").display())).unwrap();
    let to = format!("oci-archive:{}", dir.path().join("to.tar").display());
    let mut sink = sink(&to).unwrap();
    let image = Image::open(from.as_ref(), None).unwrap();
    assert!(sink.blob(&image.layers[0].blob, &mut &b"wrong"[..], &Silent).is_err());
    copy(from.as_ref(), sink).unwrap();
    let again = source(&to).unwrap();
    let image = Image::open(again.as_ref(), None).unwrap();
    assert_eq!(read_all(again.as_ref(), &image).unwrap(), image.size());
}

#[test]
fn a_folder_with_other_things_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("thesis.txt"), b"precious").unwrap();
    assert!(error(sink(&format!("oci:{}", dir.path().display()))).contains("not empty and no OCI layout"));
    assert_eq!(names(dir.path()), ["thesis.txt"]);
    assert!(error(sink(&format!("oci-archive:{}", dir.path().display()))).contains("it is a folder"));
}

#[test]
fn a_rewrite_changes_what_it_says_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut maker = toy()
        .run("Healthcheck", json!({"Test": ["CMD", "true"], "StartInterval": 5}))
        .run("OnBuild", json!(["RUN x"]))
        .run("StopTimeout", json!(7))
        .run("Labels", json!({"z": "1", "a": "2"}))
        .with("moby.buildkit.buildinfo.v1", json!("e30="))
        .with("history", json!([{"created_by": "1"}, {"empty_layer": true}, {"created_by": "2", "comment": "c"}, {"created_by": "3"}]));
    maker.annotations = json!({"org.opencontainers.image.base.name": "base"});
    maker.write_layout(dir.path(), None);
    let image = Image::open(source(&format!("oci:{}", dir.path().display())).unwrap().as_ref(), None).unwrap();
    let same = Rewrite::new(&image).finish();
    assert_eq!((same.digest, same.config_bytes), (image.digest.clone(), image.config_bytes.clone()));

    let blob =
        Blob { digest: Digest::of(b"new"), size: 3, media_type: Compression::Gzip.media_type(&image.media_type) };
    let mut rewrite = Rewrite::new(&image);
    rewrite.remove_layer(0).replace_layer(1, blob.clone(), Digest::of(b"new tar")).comment(1, "updated by slim");
    rewrite.annotate("org.example.tool", "slim").label("m", "3");
    let new = rewrite.finish();
    let before: Value = serde_json::from_slice(&image.config_bytes).unwrap();
    let after: Value = serde_json::from_slice(&new.config_bytes).unwrap();
    let mut expected = before;
    expected["rootfs"]["diff_ids"] = json!([Digest::of(b"new tar"), image.layers[2].diff_id]);
    expected["history"] =
        json!([{"empty_layer": true}, {"created_by": "2", "comment": "c; updated by slim"}, {"created_by": "3"}]);
    expected["config"]["Labels"]["m"] = "3".into();
    assert_eq!(after.to_string(), expected.to_string(), "key order counts");

    let manifest: Value = serde_json::from_slice(&new.manifest_bytes).unwrap();
    let mut expected: Value = serde_json::from_slice(&image.manifest_bytes).unwrap();
    expected["config"]["digest"] = json!(Digest::of(&new.config_bytes));
    expected["config"]["size"] = new.config_bytes.len().into();
    expected["layers"].as_array_mut().unwrap().remove(0);
    expected["layers"][0] = json!({"mediaType": blob.media_type, "digest": blob.digest, "size": 3});
    expected["annotations"]["org.example.tool"] = "slim".into();
    assert_eq!(manifest.to_string(), expected.to_string());
    assert_eq!(new.digest, Digest::of(&new.manifest_bytes));
}

#[test]
fn a_manifest_that_does_not_say_its_type_keeps_its_digest() {
    let dir = tempfile::tempdir().unwrap();
    toy().write_layout(dir.path(), None);
    let from = source(&format!("oci:{}", dir.path().display())).unwrap();
    let mut image = Image::open(from.as_ref(), None).unwrap();
    let mut manifest: Value = serde_json::from_slice(&image.manifest_bytes).unwrap();
    assert!(manifest.as_object_mut().unwrap().remove("mediaType").is_some());
    image.manifest_bytes = manifest.to_string().into_bytes();
    let same = Rewrite::new(&image).into_oci().finish();
    assert_eq!(same.manifest_bytes, image.manifest_bytes);
    let other = Rewrite::new(&image).into_oci().annotate("a", "b").finish();
    let other: Value = serde_json::from_slice(&other.manifest_bytes).unwrap();
    assert_eq!(other["mediaType"], "application/vnd.oci.image.manifest.v1+json");
}

#[test]
fn a_layer_on_top_and_the_way_from_docker_to_oci() {
    let dir = tempfile::tempdir().unwrap();
    let maker = toy().docker();
    maker.write_layout(dir.path(), None);
    let from = source(&format!("oci:{}", dir.path().display())).unwrap();
    let image = Image::open(from.as_ref(), None).unwrap();
    let mut rewrite = Rewrite::new(&image);
    let oci = rewrite.into_oci().annotate("org.example.tool", "slim").finish();
    assert_eq!(oci.config_bytes, image.config_bytes);
    assert_eq!(oci.media_type, "application/vnd.oci.image.manifest.v1+json");
    let text = String::from_utf8(oci.manifest_bytes).unwrap();
    assert!(!text.contains("vnd.docker") && text.contains("org.example.tool"), "{text}");

    let blob = Blob { digest: Digest::of(b"x"), size: 1, media_type: Compression::None.media_type(&image.media_type) };
    let mut rewrite = Rewrite::new(&image);
    let new = rewrite.add_layer(blob, Digest::of(b"x"), "slim").finish();
    let config = rebuild::image::Config::parse("toy", &new.config_bytes).unwrap();
    assert_eq!((config.diff_ids().len(), config.history().len()), (4, 4));
    assert!(config.history_of_layers(4).is_ok());
}

/// Real images and documents; see the notes of each in the fixtures' own README.
mod fixtures {
    use super::*;

    fn root() -> Option<PathBuf> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
        let root = std::env::var_os("SLIM_FIXTURES").map_or(beside, PathBuf::from);
        if root.is_dir() {
            return Some(root);
        }
        println!("skipped: no fixtures");
        None
    }

    /// Opens and reads everything; says what was found, or the error.
    fn verdict(text: &str) -> String {
        let result = source(text).and_then(|source| {
            let image = Image::open(source.as_ref(), None)?;
            let size = read_all(source.as_ref(), &image)?;
            Ok(format!("{} layers, {size} bytes, {}", image.layers.len(), image.config.platform()))
        });
        result.unwrap_or_else(|error| error.to_string().split_once(": ").unwrap_or_default().1.to_owned())
    }

    /// Compares a table of `what => verdict` with what is found now.
    fn check(table: &str, verdict: impl Fn(&str) -> String) {
        let rows = table.lines().filter_map(|line| line.split_once(" => "));
        let found: String = rows.map(|(what, _)| format!("{what} => {}\n", verdict(what))).collect();
        assert!(found == table, "found:\n{found}");
    }

    #[test]
    fn archives_and_layouts() {
        let Some(root) = root() else { return };
        check(include_str!("stores/images.txt"), |text| {
            let (transport, path) = text.split_once(':').unwrap();
            verdict(&format!("{transport}:{}/{path}", root.display()))
        });
    }

    #[test]
    fn manifests() {
        let Some(root) = root() else { return };
        check(include_str!("stores/manifests.txt"), |path| {
            let bytes = std::fs::read(root.join("oci").join(path)).unwrap();
            match Document::parse("", "", &bytes) {
                Ok((media_type, Document::Index(index))) => {
                    let images = index.manifests.iter().filter_map(|entry| entry.image_platform());
                    let images: Vec<String> = images.map(|platform| platform.to_string()).collect();
                    format!("{} for {}", media_type.rsplit('/').next().unwrap(), images.join(", "))
                }
                Ok((media_type, Document::Manifest(manifest))) => {
                    let layers = manifest.layers.iter().map(|layer| Compression::of_media_type(&layer.media_type));
                    let layers: Vec<String> =
                        layers.map(|layer| layer.map_or_else(|no| no, |c| format!("{c:?}"))).collect();
                    format!("{}: {}", media_type.rsplit('/').next().unwrap(), layers.join(", "))
                }
                Err(error) => error.to_string(),
            }
        });
    }

    /// The fixtures hold the links of these layouts as text; here they are links again.
    #[cfg(unix)]
    #[test]
    fn official_busybox_with_its_links() {
        let Some(root) = root() else { return };
        for (flavour, platform) in [
            ("glibc/amd64", "linux/amd64"),
            ("musl/amd64", "linux/amd64"),
            ("glibc/arm64v8", "linux/arm64"),
            ("musl/arm64v8", "linux/arm64"),
        ] {
            let from = root.join("official-images/busybox-oci").join(flavour);
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(dir.path().join("blobs/sha256")).unwrap();
            for name in names(&from).iter().filter(|name| *name != "blobs") {
                std::fs::copy(from.join(name), dir.path().join(name)).unwrap();
            }
            for name in names(&from.join("blobs/sha256")) {
                let target = std::fs::read_to_string(from.join("blobs/sha256").join(&name)).unwrap();
                std::os::unix::fs::symlink(target.trim(), dir.path().join("blobs/sha256").join(&name)).unwrap();
            }
            let from = source(&format!("oci:{}", dir.path().display())).unwrap();
            let image = Image::open(from.as_ref(), None).unwrap();
            assert_eq!(image.config.platform().to_string(), platform);
            assert_eq!(image.config.cmd(), ["sh"]);
            assert_eq!(read_all(from.as_ref(), &image).unwrap(), image.size());
        }
    }
}
