//! What a user says stays, and what `--strict` refuses: the options of pruning, through the whole program.

mod scene;

use scene::{Scene, Told, stanza};
use serde_json::Value;
use testdata::image::{ImageMaker, Pack, What};

/// `app` is run and depends on `needed`, which nothing uses; `sh` is a link to `dash`; `tool` and `other` are commands nobody calls, and
/// `tool`, a shell script, reads `data`.
fn image(app: &'static [u8]) -> Scene {
    started(app, serde_json::json!(["/usr/bin/app"]))
}

/// As [`image`], with another command.
fn started(app: &'static [u8], command: Value) -> Scene {
    let packages: [(&str, &str, What<'_>); 6] = [
        ("app", "usr/bin/app", What::Program(app)),
        ("dash", "usr/bin/dash", What::Program(b"a shell")),
        ("data", "usr/share/data/list", What::File(b"one\n")),
        ("needed", "usr/share/needed/list", What::File(b"two\n")),
        ("other", "usr/bin/other", What::Program(b"another program")),
        ("tool", "usr/bin/tool", What::Program(b"#!/usr/bin/sh\ncat /usr/share/data/list\n")),
    ];
    let status = |name: &str| match name {
        "app" => stanza(name).replace("Description", "Depends: needed (>= 1)\nDescription"),
        _ => stanza(name),
    };
    let status = packages.iter().map(|(name, ..)| status(name)).collect::<String>();
    let lists = packages.iter().map(|(name, path, _)| {
        let link = if *name == "dash" { "/usr/bin/sh\n" } else { "" };
        (format!("var/lib/dpkg/info/{name}.list"), format!("/.\n/{path}\n{link}"))
    });
    let lists: Vec<_> = lists.collect();
    let folders =
        ["usr", "usr/bin", "usr/share", "usr/share/data", "usr/share/needed", "var", "var/lib", "var/lib/dpkg"];
    let mut files: Vec<_> = folders.map(|folder| (folder, What::Dir)).into();
    files.push(("var/lib/dpkg/info", What::Dir));
    files.extend([("bin", What::Link("usr/bin")), ("usr/bin/sh", What::Link("dash"))]);
    files.push(("var/lib/dpkg/status", What::File(status.as_bytes())));
    files.extend(lists.iter().map(|(path, text)| (path.as_str(), What::File(text.as_bytes()))));
    files.extend(packages.iter().map(|(_, path, what)| (*path, *what)));
    let scene = Scene::new();
    let image = ImageMaker::new().layer(Pack::Plain, &files).run("Cmd", command);
    image.write_layout(&scene.path().join("in"), Some("1"));
    scene
}

const PROGRAM: &[u8] = b"a program";

fn rebuild(scene: &Scene, options: &str) -> Value {
    let line = format!("rebuild oci:in:1 -o oci:out:1 --update none --allow-larger --report - {options}");
    scene.slim(line.trim_end()).json()
}

/// The packages that stay, and why.
fn kept(report: &Value) -> Vec<(String, String)> {
    let text = |package: &Value, field: &str| package[field].as_str().expect("text").to_owned();
    let packages = report["packages"].as_array().expect("packages").iter();
    packages.filter(|package| package["verdict"] != "removed").map(|p| (text(p, "name"), text(p, "reason"))).collect()
}

fn names(report: &Value) -> Vec<String> {
    kept(report).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn by_default_only_what_the_entrypoint_reaches_stays() {
    assert_eq!(names(&rebuild(&image(PROGRAM), "")), ["app"]);
}

#[test]
fn keep_takes_names_paths_and_patterns_of_both() {
    let scene = image(PROGRAM);
    for (option, expected) in [
        ("--keep tool", vec!["app", "dash", "data", "tool"]),
        ("--keep other --keep needed", vec!["app", "needed", "other"]),
        ("--keep /usr/bin/tool", vec!["app", "dash", "data", "tool"]),
        ("--keep /usr/share/*/list", vec!["app", "data", "needed"]),
        ("--keep /usr/share", vec!["app", "data", "needed"]),
        ("--keep da*", vec!["app", "dash", "data"]),
        ("--keep /bin/sh", vec!["app", "dash"]),
    ] {
        assert_eq!(names(&rebuild(&scene, option)), expected, "{option}");
    }
}

#[test]
fn a_keep_that_fits_nothing_is_told() {
    let report = rebuild(&image(PROGRAM), "--keep toool --keep /usr/bin/none --keep other");
    let notes = ["--keep toool", "--keep /usr/bin/none"]
        .map(|keep| format!("{keep} fits neither a package nor a path of the image"));
    assert_eq!(report["notes"], serde_json::json!(notes));
}

#[test]
fn a_trace_that_names_nothing_and_tests_that_are_not_run_are_told() {
    let scene = image(PROGRAM);
    std::fs::write(scene.path().join("trace"), "/usr/bin/none\n").expect("write");
    let report = rebuild(&scene, "--trace trace --dry-run --test true");
    let notes = ["--trace trace names no file of the image", "--dry-run: nothing is run, so nothing was tested"];
    assert_eq!(report["notes"], serde_json::json!(notes));
}

#[test]
fn an_image_that_starts_nothing_is_not_pruned() {
    let scene = started(PROGRAM, serde_json::json!(["/no/such", "-x"]));
    let told = strict(&scene, "");
    assert_eq!((told.code, told.out.as_str()), (Some(1), ""));
    for text in ["starts no program that it holds", "\"/no/such\", \"-x\"", "--root COMMAND", "--prune off"] {
        assert!(told.err.contains(text), "{text}: {}", told.err);
    }
    assert_eq!(scene.names(), ["in"], "nothing is written");
    assert_eq!(names(&rebuild(&scene, "--root app")), ["app"]);
    assert_eq!(names(&rebuild(&scene, "--prune off")).len(), 6);
}

#[test]
fn where_nothing_is_pruned_everything_stays() {
    let scene = image(PROGRAM);
    assert!(scene.slim("why oci:in other --prune off").done().contains("package other stays"));
    assert!(scene.slim("why oci:in other").done().contains("package other goes"));
    let record = "/var/lib/dpkg/info/other.list";
    assert!(
        scene
            .slim(&format!("why oci:in {record}"))
            .done()
            .contains("goes: it is part of dpkg's record of the package other")
    );
}

#[test]
fn keep_shell_keeps_the_shell_and_what_it_leads_to() {
    let scene = image(PROGRAM);
    assert_eq!(names(&rebuild(&scene, "--keep-shell")), ["app", "dash"]);
    assert!(scene.slim("why oci:out dash --keep-shell").done().contains("root: --keep-shell"));
}

#[test]
fn several_roots_are_followed_each_by_its_name() {
    let scene = image(PROGRAM);
    assert_eq!(names(&rebuild(&scene, "--root tool --root /usr/bin/other")), ["app", "dash", "data", "other", "tool"]);
    let why = |package: &str| scene.slim(&format!("why oci:in {package} --root tool --root /usr/bin/other")).done();
    assert!(why("tool").contains("root: --root tool runs tool"), "{}", why("tool"));
    assert!(why("other").contains("root: --root /usr/bin/other runs /usr/bin/other"), "{}", why("other"));
    let report = rebuild(&scene, "--root gone --root other");
    assert_eq!(names(&report), ["app", "other"]);
    assert!(report["unknowns"][0]["what"].as_str().is_some_and(|what| what.contains("gone")), "{}", report["unknowns"]);
}

#[test]
fn apt_usable_keeps_what_is_depended_on() {
    let report = rebuild(&image(PROGRAM), "--prune-mode apt-usable");
    assert_eq!(names(&report), ["app", "needed"]);
    let (_, reason) = &kept(&report)[1];
    assert!(reason.contains("app") && reason.contains("needed (>= 1)"), "{reason}");
}

const UNSURE: &[u8] = b"#!/bin/sh\nset -e\n\"$TOOL\" --help\nhelper=$1\nexec \"$helper\"\n";

fn strict(scene: &Scene, options: &str) -> Told {
    scene.slim(format!("rebuild oci:in:1 -o oci:out:1 --update none --allow-larger {options}").trim_end())
}

#[test]
fn strict_refuses_and_tells_file_and_place_of_each_unknown() {
    let scene = image(UNSURE);
    let report = rebuild(&scene, "--dry-run");
    let unknowns = report["unknowns"].as_array().expect("unknowns");
    assert!(unknowns.len() >= 2, "{unknowns:?}");
    let told = strict(&scene, "--strict");
    assert_eq!((told.code, told.out.as_str()), (Some(4), ""));
    for unknown in unknowns {
        let text = |field: &str| unknown[field].as_str().expect("text");
        let line = told.err.lines().find(|line| line.contains(text("path")) && line.contains(text("place")));
        assert!(line.is_some_and(|line| line.contains(text("what"))), "{unknown}\n{}", told.err);
    }
    assert!(told.err.contains("/usr/bin/app (line 3)") && told.err.contains("/usr/bin/app (line 5)"), "{}", told.err);
    assert_eq!(scene.names(), ["in"], "nothing is written");
    // The same image without strictness, and another image with it, are rebuilt.
    strict(&scene, "").done();
    strict(&image(PROGRAM), "--strict").done();
}
