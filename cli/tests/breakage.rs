//! What `slim verify` says of a broken image, and how a rebuild treats what was broken before: toy images through the whole program.

mod scene;

use scene::{Scene, stanza};
use serde_json::Value;
use testdata::elf::{library, program};
use testdata::image::{ImageMaker, Pack, What};

const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// A program with a library, a link to it and a version of it, a script that calls the program, and a script for which the image has no
/// interpreter: that one nobody starts.
fn image() -> ImageMaker {
    let loader = library("ld-linux-x86-64.so.2").bytes();
    let app = program().needs("liba.so.1").needs_version("liba.so.1", "A_1", false).bytes();
    let liba = library("liba.so.1").defines_version("liba.so.1").defines_version("A_1").bytes();
    let (file, link) = (format!("{LIBRARIES}/liba.so.1.0"), format!("{LIBRARIES}/liba.so.1"));
    let status = [stanza("app"), stanza("unused")].concat();
    let list = format!("/.\n/usr/bin/app\n/usr/bin/start\n/usr/bin/old\n/usr/bin/sh\n/{file}\n/{link}\n");
    let folders =
        ["usr", "usr/bin", "usr/lib", LIBRARIES, "lib64", "var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/info"];
    let mut files: Vec<_> = folders.map(|folder| (folder, What::Dir)).into();
    files.extend([
        ("lib64/ld-linux-x86-64.so.2", What::Program(loader.as_slice())),
        ("usr/bin/app", What::Program(app.as_slice())),
        ("usr/bin/sh", What::Program(b"a shell")),
        ("usr/bin/start", What::Program(b"#!/usr/bin/sh\nexec app\n")),
        ("usr/bin/old", What::Program(b"#!/usr/bin/gone\n")),
        ("usr/bin/unused", What::Program(b"what nobody starts")),
        (file.as_str(), What::File(liba.as_slice())),
        (link.as_str(), What::Link("liba.so.1.0")),
        ("var/lib/dpkg/status", What::File(status.as_bytes())),
        ("var/lib/dpkg/info/app.list", What::File(list.as_bytes())),
        ("var/lib/dpkg/info/unused.list", What::File(b"/.\n/usr/bin/unused\n")),
    ]);
    ImageMaker::new().layer(Pack::Plain, &files).run("Cmd", serde_json::json!(["/usr/bin/start"]))
}

/// The image as `in`, and one more layer on it as `broken`.
fn scene(layer: &[(&str, What<'_>)]) -> Scene {
    let scene = Scene::new();
    image().write_layout(&scene.path().join("in"), Some("1"));
    image().layer(Pack::Plain, layer).write_layout(&scene.path().join("broken"), Some("1"));
    scene
}

fn problems(scene: &Scene, line: &str) -> (Option<i32>, Vec<Value>) {
    let told = scene.slim(&format!("verify --json {line}"));
    (told.code, serde_json::from_str(&told.out).expect("JSON"))
}

#[test]
fn a_whole_image_is_whole_and_its_old_faults_are_told_apart() {
    let scene = scene(&[]);
    let told = scene.slim("verify oci:in");
    assert_eq!(told.code, Some(0), "{}", told.out);
    let old = "tolerated: /usr/bin/old: its first line asks for /usr/bin/gone, which is not in the image; nothing that the container starts meets it";
    assert_eq!(told.out, format!("{old}\n\n0 breakages, 1 tolerated\n"));
}

#[test]
fn each_wound_is_named_with_what_is_missing_and_who_needs_it() {
    let liba = format!("{LIBRARIES}/liba.so.1");
    let real = format!("{liba}.0");
    let other = library("liba.so.1").defines_version("liba.so.1").defines_version("A_2").bytes();
    for (what, layer, kind, at, subject) in [
        ("a library", (real.as_str(), What::Whiteout), "missing-library", "/usr/bin/app", "liba.so.1"),
        ("a link", (liba.as_str(), What::Whiteout), "missing-library", "/usr/bin/app", "liba.so.1"),
        (
            "a version",
            (real.as_str(), What::File(other.as_slice())),
            "missing-version",
            "/usr/bin/app",
            "liba.so.1:A_1",
        ),
        ("a script's program", ("usr/bin/sh", What::Whiteout), "missing-shebang", "/usr/bin/start", "/usr/bin/sh"),
    ] {
        let scene = scene(&[layer]);
        let (code, found) = problems(&scene, "oci:broken");
        let is_it = |problem: &Value| {
            problem["in_use"] == true
                && (&problem["kind"], &problem["at"], &problem["subject"])
                    == (&kind.into(), &at.into(), &subject.into())
        };
        assert_eq!((code, found.iter().filter(|problem| is_it(problem)).count()), (Some(1), 1), "{what}: {found:#?}");
    }
}

#[test]
fn what_a_change_broke_is_told_from_what_was_broken_before() {
    let scene = scene(&[("usr/bin/sh", What::Whiteout)]);
    let told = scene.slim("verify oci:broken --before oci:in");
    assert_eq!(told.code, Some(1));
    for start in ["broken: /usr/bin/start: ", "tolerated: /usr/bin/sh: package app ", "broken before: /usr/bin/old: "] {
        assert!(told.out.lines().any(|line| line.starts_with(start)), "{start}\n{}", told.out);
    }
    assert!(told.out.ends_with("1 breakage, 1 tolerated, 1 as before\n"), "{}", told.out);
    let told = scene.slim("verify oci:broken --before oci:broken");
    assert_eq!(told.code, Some(0), "{}", told.out);
    assert!(told.out.ends_with("0 breakages, 0 tolerated, 3 as before\n"), "{}", told.out);
    let (_, found) = problems(&scene, "oci:broken --before oci:in");
    let new = |at: &str| found.iter().find(|problem| problem["at"] == at).map(|problem| problem["is_new"].clone());
    assert_eq!((new("/usr/bin/start"), new("/usr/bin/old")), (Some(true.into()), Some(false.into())));
    let (_, found) = problems(&scene, "oci:broken");
    assert!(found.iter().all(|problem| problem["is_new"].is_null()));
}

#[test]
fn a_rebuild_goes_on_over_old_breakage_and_tells_it() {
    let real = format!("{LIBRARIES}/liba.so.1.0");
    let scene = scene(&[(&real, What::Whiteout)]);
    let report = scene.slim("rebuild oci:broken -o oci:out --update none --allow-larger --report -").json();
    let faults = report["faults"].as_array().expect("faults");
    let tells = |words: &str| faults.iter().any(|fault| fault.as_str().is_some_and(|fault| fault.starts_with(words)));
    assert!(tells("/usr/bin/app: liba.so.1 is not found") && tells("/usr/bin/old: "), "{faults:?}");
    let (code, _) = problems(&scene, "oci:out");
    assert_eq!(code, Some(1), "it is as broken as it was");
    let (code, found) = problems(&scene, "oci:out --before oci:broken");
    assert_eq!(code, Some(0), "the rebuild broke nothing: {found:?}");
}
