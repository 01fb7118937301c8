//! The whole program, as a person at a shell meets it: arguments in; output, files and exit code out. No network, a private home,
//! a fixed clock.

mod scene;

use insta::assert_snapshot;
use scene::{Scene, stanza};
use serde_json::Value;
use testdata::image::{ImageMaker, Pack, What};

/// Three packages: `app` is run, `helper` is called by it, `unused` is neither; and a file that nobody owns.
fn image() -> ImageMaker {
    let status = ["app", "helper", "unused"].map(stanza).concat();
    let list = |name: &str| format!("/.\n/usr\n/usr/bin\n/usr/bin/{name}\n");
    let lists = ["app", "helper", "unused"].map(list);
    let base = [
        ("usr", What::Dir),
        ("usr/bin", What::Dir),
        ("usr/bin/helper", What::Program(b"#!/usr/bin/app\n")),
        ("usr/bin/unused", What::Program(b"a program that nothing calls, and which takes some room\n")),
        ("etc", What::Dir),
        ("etc/os-release", What::File(b"ID=debian\nVERSION_ID=\"12\"\n")),
        ("var", What::Dir),
        ("var/lib", What::Dir),
        ("var/lib/dpkg", What::Dir),
        ("var/lib/dpkg/status", What::File(status.as_bytes())),
        ("var/lib/dpkg/info", What::Dir),
        ("var/lib/dpkg/info/format", What::File(b"1\n")),
        ("var/lib/dpkg/info/app.list", What::File(lists[0].as_bytes())),
        ("var/lib/dpkg/info/helper.list", What::File(lists[1].as_bytes())),
        ("var/lib/dpkg/info/unused.list", What::File(lists[2].as_bytes())),
        ("usr/bin/app", What::Program(b"#!/usr/bin/helper\n")),
    ];
    ImageMaker::new()
        .layer(Pack::Plain, &base)
        .layer(Pack::Plain, &[("srv", What::Dir), ("srv/data", What::File(b"data\n"))])
        .run("Cmd", serde_json::json!(["/usr/bin/app"]))
}

fn scene() -> Scene {
    let scene = Scene::new();
    image().write_layout(&scene.path().join("in"), Some("1"));
    scene
}

#[test]
fn inspect_shows_what_an_image_holds() {
    let scene = scene();
    assert_snapshot!(scene.slim("inspect oci:in:1").done(), @r#"
image       oci:in:1
digest      sha256:29aacc53b8782d8c11872b276e3d75d06734e0185648c46b0a1ca6db62d241f9
platform    linux/amd64
distro      debian 12
size        16.4 kB compressed, 704 B unpacked
files       18
entrypoint  none
command     /usr/bin/app
user        root
directory   /
environment PATH=/usr/bin:/bin

layer  digest           size  packages  made by
    0  b662cfa5fe51  13.8 kB         3  layer 1
    1  c743c483fbe1   2.6 kB         0  layer 2

package  version  architecture  layer  size
app      1.0-1    amd64             0  18 B
helper   1.0-1    amd64             0  15 B
unused   1.0-1    amd64             0  56 B

3 packages
"#);
    let json = scene.slim("inspect oci:in --json").json();
    assert_eq!(json["packages"].as_array().map(Vec::len), Some(3));
    assert_eq!(json["command"], serde_json::json!(["/usr/bin/app"]));
}

#[test]
fn why_tells_the_chain_or_that_there_is_none() {
    let scene = scene();
    assert_snapshot!(scene.slim("why oci:in helper").done(), @r#"
package helper stays: /usr/bin/helper is in use

/usr/bin/app [app]  root: command runs /usr/bin/app
└ /usr/bin/helper [helper]  shebang: /usr/bin/helper
"#);
    assert_snapshot!(scene.slim("why oci:in unused").done(), @r#"
package unused goes: nothing in use leads to any of its files
`slim why-not` tells what would have kept it
"#);
    assert!(scene.slim("why oci:in unused --keep unused").done().contains("stays"));
    assert!(scene.slim("why oci:in unused --root /usr/bin/unused").done().contains("stays"));
    let json = scene.slim("why oci:in /usr/bin/app --json").json();
    assert_eq!((&json["kept"], &json["kind"]), (&Value::Bool(true), &"path".into()));
    assert_snapshot!(scene.slim("why oci:in /nowhere -q").failed(), @r#"
1
error: oci:in has neither a package nor a path "/nowhere"
hint: `slim inspect` lists the packages; a path begins with a slash
"#);
}

#[test]
fn why_not_tells_what_would_have_kept_it() {
    let scene = scene();
    assert_snapshot!(scene.slim("why-not oci:in unused").done());
    let json = scene.slim("why-not oci:in unused --json").json();
    assert_eq!((&json["kept"], &json["remedies"][0]), (&Value::Bool(false), &"--keep unused".into()));
    assert!(scene.slim("why-not oci:in helper").done().contains("stays"));
}

#[test]
fn recipes_are_listed_shown_checked_and_used() {
    let scene = scene();
    let listed = scene.slim("recipes list").done();
    assert!(listed.contains("\nglibc: ") && listed.contains("  glibc-libgcc"), "{listed}");
    assert_eq!(scene.slim("recipes list --json").json()["schema"], 1);
    assert!(scene.slim("recipes show glibc-libgcc").done().contains("id: glibc-libgcc"));
    assert_snapshot!(scene.slim("recipes show nonsense").failed(), @r#"
1
error: no recipe and no rule has the id "nonsense"
hint: `slim recipes list` lists them
"#);

    let rule = |id: &str, keep: &str| {
        format!(
            "id: mine\nabout: a trial\nrules:\n  - id: {id}\n    because: the application runs it\n    when: {{always: true}}\n    keep: [{keep}]\n"
        )
    };
    std::fs::write(scene.path().join("good.yaml"), rule("glibc-libgcc", "/usr/bin/unused")).unwrap();
    std::fs::write(scene.path().join("bad.yaml"), rule("mine-unused", "usr/bin/unused")).unwrap();
    let told = scene.slim("recipes check good.yaml bad.yaml");
    assert_eq!(told.code, Some(1));
    assert_snapshot!(told.out, @r#"
good.yaml: 1 rule
  recipe mine stands in for the built-in rule glibc-libgcc
recipe bad.yaml is wrong
  line 4: mine/mine-unused: "usr/bin/unused" is not an absolute path
"#);
    let why = scene.slim("why oci:in unused --recipe good.yaml").done();
    assert!(why.contains("stays") && why.contains("recipe glibc-libgcc: the application runs it"), "{why}");
    let report = scene.slim("rebuild oci:in -o oci:out --update none --recipe good.yaml --report -").json();
    assert_eq!(report["notes"][0], "recipe mine stands in for the built-in rule glibc-libgcc");
    assert_snapshot!(scene.slim("rebuild oci:in -o oci:new --update none --recipe bad.yaml").failed(), @r#"
2
error: recipe bad.yaml is wrong
  because: line 4: mine/mine-unused: "usr/bin/unused" is not an absolute path
"#);
}

#[test]
fn traces_roots_and_shells_keep_and_say_so() {
    let scene = scene();
    std::fs::write(scene.path().join("seen.txt"), "# by hand\n/usr/bin/unused\n").unwrap();
    let why = scene.slim("why oci:in unused --trace seen.txt").done();
    assert!(why.contains("/usr/bin/unused [unused]  root: --trace seen.txt:2"), "{why}");
    let why = scene.slim("why oci:in unused --root /usr/bin/unused").done();
    assert!(why.contains("root: --root /usr/bin/unused runs /usr/bin/unused"), "{why}");
    assert_eq!(scene.slim("why oci:in unused --trace in/oci-layout").code, Some(2));
}

#[test]
fn a_graph_and_a_map_are_drawn() {
    let scene = scene();
    let dot = scene.slim("graph oci:in").done();
    assert!(dot.starts_with("digraph slim {") && dot.contains("[label=\"shebang\"]"), "{dot}");
    assert_eq!(scene.slim("graph oci:in --dot a.dot --svg a.svg").done(), "");
    assert_eq!(std::fs::read_to_string(scene.path().join("a.dot")).unwrap(), dot);
    assert!(std::fs::read_to_string(scene.path().join("a.svg")).unwrap().starts_with("<svg "));
    assert_eq!(scene.slim("graph oci:in --dot - --svg -").code, Some(2));
}

#[test]
fn rebuild_removes_what_nothing_reaches_and_says_so() {
    let scene = scene();
    let told = scene.slim("rebuild oci:in:1 -o oci:out:1 --update none --report report.json");
    assert!(
        told.err.starts_with("reading oci:in:1\n  layer ") && told.err.contains("storing oci:out:1\n"),
        "{}",
        told.err
    );
    assert_snapshot!(told.done(), @r#"
             before    after      saved
compressed  16.4 kB  16.4 kB          -
unpacked      704 B    655 B  49 B (6%)
files            18       19         +1
packages          3        2    1 (33%)
layers            2   1 kept          -

0 packages updated, 1 removed
source  oci:in:1  sha256:29aacc53b8782d8c11872b276e3d75d06734e0185648c46b0a1ca6db62d241f9
result  oci:out:1  sha256:aa4c99338999b37662b59530c02bff203cd4ea123d977f7f7185f46ea52aab4a
"#);
    assert_eq!(scene.names(), ["in", "out", "report.json"], "nothing temporary is left");

    let report: Value = serde_json::from_slice(&std::fs::read(scene.path().join("report.json")).unwrap()).unwrap();
    assert_eq!((&report["outcome"], &report["destination"]), (&"done".into(), &"oci:out:1".into()));
    let schema = scene.slim("report-schema").json();
    for name in schema["required"].as_array().expect("required fields") {
        assert!(report.get(name.as_str().unwrap()).is_some(), "{name}");
    }

    assert_snapshot!(scene.slim("diff oci:in oci:out").done(), @r#"
package  architecture  before  after
unused   amd64         1.0-1   -

path                            what     before  after
/usr/share/slim/removed.json    added         -  204 B
/var/lib/dpkg/status            content   486 B  322 B
/usr/bin/unused                 removed    56 B      -
/var/lib/dpkg/info/unused.list  removed    33 B      -
/usr/share                      added         -    0 B
/usr/share/slim                 added         -    0 B

          added  removed  changed
packages      0        1        0
paths         3        2        1

files: 704 B before, 655 B after (-49 B)
"#);
    let json = scene.slim("diff oci:in oci:out --json").json();
    assert_eq!(json["packages"][0]["name"], "unused");

    // What is gone stands in the image, and the manifest says where.
    let index: Value = serde_json::from_slice(&std::fs::read(scene.path().join("out/index.json")).unwrap()).unwrap();
    let digest = index["manifests"][0]["digest"].as_str().unwrap().replace(':', "/");
    let manifest = std::fs::read(scene.path().join("out/blobs").join(digest)).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["annotations"]["slim.removed"], "/usr/share/slim/removed.json");
    assert_eq!(manifest["annotations"]["slim.removed.packages"], "1");
    assert_eq!(report["removals"], "/usr/share/slim/removed.json");
}

#[test]
fn a_second_rebuild_has_nothing_to_do_and_quiet_is_quiet() {
    let scene = scene();
    let line = "rebuild oci:in:1 -o oci:out:1 --update none -q";
    let told = scene.slim(line);
    assert_eq!((told.code, told.out.as_str(), told.err.as_str()), (Some(0), "", ""));
    let again = "rebuild oci:out:1 -o oci:again:1 --update none --exit-code";
    let told = scene.slim(again);
    assert_eq!(told.code, Some(3), "{}{}", told.out, told.err);
    assert!(told.out.contains("nothing to do"), "{}", told.out);
    assert_eq!(scene.slim("diff oci:out oci:again").done().lines().count(), 1);
}

#[test]
fn a_dry_run_writes_nothing() {
    let scene = scene();
    let told = scene.slim("rebuild oci:in:1 --dry-run --update none --report -");
    let report = told.json();
    assert_eq!((&report["outcome"], &report["source"]["packages"]), (&"planned".into(), &3.into()));
    assert_snapshot!(scene.slim("rebuild oci:in:1 -o oci:out --dry-run --update none").done(), @r#"
1 package to remove:
  package  version  new  size  why
  unused   1.0-1    -    56 B  nothing in use leads to any of its files

             before   after      saved
compressed  16.4 kB       -          -
unpacked      704 B   655 B  49 B (6%)
files            18      19         +1
packages          3       2    1 (33%)
layers            2  1 kept          -

0 packages updated, 1 removed if this were carried out; nothing was written
source  oci:in:1  sha256:29aacc53b8782d8c11872b276e3d75d06734e0185648c46b0a1ca6db62d241f9
"#);
    assert_eq!(scene.names(), ["in"]);
}

#[test]
fn archives_are_written_too() {
    let scene = scene();
    scene.slim("rebuild oci:in:1 -o oci-archive:out.tar:1 --update none --compression zstd --allow-larger").done();
    scene
        .slim("rebuild ./out.tar -o docker-archive:load.tar:app:1 --update none --compression gzip --allow-larger")
        .done();
    let text = scene.slim("inspect docker-archive:load.tar").done();
    assert!(text.contains("2 packages"), "{text}");
}

#[test]
fn failures_say_what_to_do() {
    let scene = scene();
    assert_snapshot!(scene.slim("rebuild oci:in").failed(), @r#"
2
error: say where the new image goes:
  -o oci:DIR[:TAG]         into an OCI image layout
  -o oci-archive:FILE      into an archive
  -o docker-archive:FILE   into an archive for `docker load`
  --tag REF --push         to a registry
  --dry-run                nowhere: only tell what would be done
hint: `slim help COMMAND` explains the options
"#);
    assert_snapshot!(scene.slim("inspect oci:none:1").failed(), @r#"
1
error: oci:none:1: the folder none does not exist
hint: check the path, and the tag or name after it
"#);
    assert_snapshot!(scene.slim("inspect Nginx").failed(), @r#"
2
error: "Nginx" is not an image reference: repository names are lower case: "nginx" (a host needs a dot, a port, or to be localhost)
hint: an image is named as REF or docker://REF (a registry), oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE
"#);
    assert_snapshot!(scene.slim("inspect oci:in -q --platform linux/s390x").failed(), @r#"
1
error: oci:in: an image for linux/s390x (there is: linux/amd64) does not exist
hint: choose one of the image's platforms with --platform OS/ARCH[/VARIANT]
"#);
    assert_snapshot!(scene.slim("rebuild oci:in -o oci:out --report no/such/folder/r.json").failed(), @r#"
1
error: no/such/folder/r.json cannot be written: the folder no/such/folder does not exist
hint: nothing was done; name another file
"#);
    assert_snapshot!(scene.slim("rebuild oci:in -o oci:out -q").failed(), @r#"
1
error: the image names no package archives
hint: name an archive with --source-line 'deb URL SUITE COMPONENT', or leave the packages alone with --update none
"#);
    assert_eq!(scene.names(), ["in"], "nothing is left of what failed");
}

#[test]
fn help_fits_a_terminal_and_generators_work() {
    let scene = Scene::new();
    let help = scene.slim("--help").done();
    assert!(help.lines().all(|line| line.chars().count() <= 110), "{help}");
    assert_snapshot!(scene.slim("rebuild -h").done());
    for shell in ["bash", "zsh", "fish"] {
        assert!(scene.slim(&format!("completions {shell}")).done().contains("rebuild"));
    }
    assert_eq!(scene.slim("man pages/man1").done(), "");
    let page = std::fs::read_to_string(scene.path().join("pages/man1/slim-rebuild.1")).unwrap();
    assert!(page.contains("SYNOPSIS") && page.contains("Examples"), "{page}");
    for document in ["report", "inspection", "explanation", "catalogue", "difference", "removed"] {
        assert_eq!(scene.slim(&format!("report-schema {document}")).json()["type"], "object");
    }
    assert!(scene.slim("--version").done().starts_with("slim "));
}

/// Ctrl-C in the middle of something: the process ends by itself, says so, and leaves nothing behind.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_work_and_leaves_nothing() {
    use std::process::{Command, Stdio};
    use std::time::Duration;
    use testdata::registry::{Access, Fault, Registry};

    let scene = Scene::new();
    let registry = Registry::start(Access::Open);
    // Nothing but "try again later": there is always something to wait for.
    registry.fault("GET", "manifests", Fault::Status(503, Some(60)), 100);
    let mut child = Command::new(env!("CARGO_BIN_EXE_slim"))
        .args(["rebuild", &format!("{}/app:1", registry.host()), "-o", "oci:out:1", "--update", "none"])
        .env_clear()
        .env("TMPDIR", scene.path())
        .current_dir(scene.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("slim runs");
    let asked = || registry.requests().iter().filter(|request| request.contains("manifests")).count();
    while asked() == 0 && child.try_wait().expect("slim is there").is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("slim ends");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.ends_with("error: interrupted: nothing was written\n"), "{told}");
    assert_eq!(asked(), 1, "it went on waiting");
    assert_eq!(scene.names(), Vec::<String>::new());
}
