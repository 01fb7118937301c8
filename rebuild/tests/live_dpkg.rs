//! The referee of the native engine: the same toy packages upgraded by the real dpkg in a root directory, and by the engine on the tree read from
//! that directory. `cargo test -p slim-rebuild --test live_dpkg -- --ignored` as root on a machine with dpkg.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use rebuild::archives::deb::{Deb, Limits};
use rebuild::engine::native::script::{Invocation, Scripts, Tier, Unproven, Verdict};
use rebuild::engine::native::{NativeOptions, PackageUpdate, upgrade};
use rebuild::spool::Spool;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::{Content, Contents as _, File, Inode, Kind, Mtime, Node, Origin, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use testdata::deb::Deb as Toy;

struct NoScripts;

impl Scripts for NoScripts {
    fn run(&self, _: &Invocation<'_>, _: &mut Draft<'_>, _: &mut Vec<String>) -> Result<Verdict, Unproven> {
        Ok(Verdict { tier: Tier::None, effects: Vec::new(), evidence: "toy".into() })
    }
}

fn read_tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut inodes: BTreeMap<u64, u32> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry.unwrap();
        let meta = entry.path().symlink_metadata().unwrap();
        let path = ImagePath::new(entry.path().strip_prefix(root).unwrap().as_os_str().as_bytes()).unwrap();
        let kind = if meta.is_dir() {
            Kind::Directory
        } else if meta.is_symlink() {
            Kind::Symlink(std::fs::read_link(entry.path()).unwrap().as_os_str().as_bytes().into())
        } else {
            let next = inodes.len() as u32;
            let number = *inodes.entry(meta.ino()).or_insert(next);
            let inode = (meta.nlink() > 1).then_some(Inode { layer: 0, number });
            Kind::File(File { content: Content::Inline(std::fs::read(entry.path()).unwrap().into()), inode })
        };
        let node = Node {
            kind,
            mode: meta.mode() & 0o7777,
            uid: meta.uid(),
            gid: meta.gid(),
            mtime: Mtime { seconds: meta.mtime(), nanoseconds: 0 },
            xattrs: BTreeMap::new(),
            origin: Origin(0),
        };
        tree.insert(path, node);
    }
    tree
}

fn dpkg(root: &Path, packages: &[Toy], options: &[&str]) {
    let debs = tempfile::tempdir().unwrap();
    let mut command = Command::new("dpkg");
    command.arg("--root").arg(root).args(["--force-confold", "--force-confdef", "--force-script-chrootless"]);
    command.args(options).arg("--install").env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
    for (index, package) in packages.iter().enumerate() {
        let file = debs.path().join(format!("{index}.deb"));
        std::fs::write(&file, package.build()).unwrap();
        command.arg(file);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stdout));
}

/// What is compared, by path. Left out is what the engine says that it does not produce.
fn describe(spool: &Spool, tree: &Tree) -> BTreeMap<String, String> {
    let mut groups: BTreeMap<Inode, Vec<String>> = BTreeMap::new();
    for (path, node) in tree.iter() {
        if let Some(inode) = node.as_file().and_then(|file| file.inode) {
            groups.entry(inode).or_default().push(path.to_text());
        }
    }
    let skipped = ["/var/log", "/var/lib/dpkg/status-old", "/var/lib/dpkg/lock", "/var/lib/dpkg/available"];
    tree.iter()
        .filter(|(path, _)| !skipped.iter().any(|skip| path.to_text().starts_with(skip)))
        .map(|(path, node)| {
            let name = path.to_text();
            let kind = match &node.kind {
                Kind::File(file) => {
                    let bytes = spool.read(&file.content).unwrap();
                    let group = file.inode.and_then(|inode| groups.get(&inode)).filter(|group| group.len() > 1);
                    format!("file {:?} {group:?}", String::from_utf8_lossy(&bytes))
                }
                other => format!("{other:?}"),
            };
            // Directories change with what is in them, and generated files have no package's time.
            let generated = name.starts_with("/var/lib/dpkg") || node.is_directory();
            let mtime = if generated { 0 } else { node.mtime.seconds };
            (name, format!("{:04o} {}:{} {mtime} {kind}", node.mode, node.uid, node.gid))
        })
        .collect()
}

fn referee(name: &str, before: &[Toy], author: impl Fn(&Path), after: &[Toy]) {
    referee_with(name, before, author, after, &[]);
}

/// Installs `before`, lets the author work on the root, upgrades to `after` with both, and compares.
fn referee_with(name: &str, before: &[Toy], author: impl Fn(&Path), after: &[Toy], options: &[&str]) {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for directory in ["etc", "usr/lib", "usr/bin", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"] {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    std::os::unix::fs::symlink("usr/lib", root.join("lib")).unwrap();
    // Without a chroot, dpkg asks this machine for the numbers of names.
    std::fs::copy("/etc/passwd", root.join("etc/passwd")).unwrap();
    std::fs::copy("/etc/group", root.join("etc/group")).unwrap();
    std::fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    dpkg(root, before, &[]);
    author(root);
    let spool = Spool::new(&std::env::temp_dir());
    let tree = read_tree(root);
    let debs: Vec<Deb> =
        after.iter().map(|toy| Deb::read(&mut &toy.build()[..], &spool, &Limits::default()).unwrap()).collect();
    let updates: Vec<_> = debs.iter().map(|deb| PackageUpdate { deb, from_version: "1" }).collect();
    let mut draft = Draft::new(tree, &spool);
    let options_of_engine = NativeOptions { apt_exact: true, ..NativeOptions::default() };
    let result = upgrade(&mut draft, &updates, &options_of_engine, &NoScripts);
    let outcome = result.unwrap_or_else(|error| panic!("{name}: {error}"));
    dpkg(root, after, options);
    let (mine, real) = (describe(&spool, draft.tree()), describe(&spool, &read_tree(root)));
    let mut differences = Vec::new();
    for path in mine.keys().chain(real.keys()).collect::<BTreeSet<_>>() {
        if mine.get(path) != real.get(path) {
            differences.push(format!("{path}\n  dpkg {:?}\n  slim {:?}", real.get(path), mine.get(path)));
        }
    }
    let (count, text) = (differences.len(), differences.join("\n"));
    assert!(differences.is_empty(), "{name}: {count} of {} paths differ\n{text}\n{outcome:?}", real.len());
    println!("{name}: {} paths equal", real.len());
}

fn write(root: &Path, path: &str, text: &str) {
    std::fs::write(root.join(path), text).unwrap();
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn files_directories_and_links() {
    let v1 = Toy::new("files", "1")
        .directory("/usr/share/f/gone/deep", 0o755)
        .directory("/usr/share/f/emptied", 0o755)
        .directory("/usr/share/f/mode", 0o755)
        .directory("/usr/share/f/dir-to-link", 0o755)
        .file("/usr/share/f/dir-to-link/x", 0o644, b"x")
        .directory("/usr/share/f/empty-to-file", 0o755)
        .file("/usr/share/f/gone/deep/a", 0o644, b"1")
        .file("/usr/share/f/gone/user-dir/a", 0o644, b"1")
        .file("/usr/share/f/same", 0o644, b"1")
        .file("/usr/share/f/file-to-dir", 0o644, b"1")
        .file("/usr/share/f/file-to-link", 0o644, b"1")
        .symlink("/usr/share/f/link-to-file", "same")
        .symlink("/usr/share/f/link-to-dir", "mode")
        .symlink("/usr/share/f/link-renamed", "mode")
        .file("/usr/share/f/h1", 0o644, b"hard")
        .hardlink("/usr/share/f/h2", "/usr/share/f/h1")
        .file("/usr/share/f/set", 0o755, b"1")
        .file("/lib/moved", 0o644, b"1");
    let v2 = Toy::new("files", "2")
        .mtime(1_650_000_000)
        .directory("/usr/share/f/mode", 0o700)
        .symlink("/usr/share/f/dir-to-link", "mode")
        .file("/usr/share/f/empty-to-file", 0o644, b"now")
        .file("/usr/share/f/same", 0o600, b"2")
        .owner(99, 98, "daemon", "nobody-here")
        .directory("/usr/share/f/file-to-dir", 0o2775)
        .symlink("/usr/share/f/file-to-link", "same")
        .file("/usr/share/f/link-to-file", 0o644, b"file")
        .directory("/usr/share/f/link-to-dir", 0o755)
        .file("/usr/share/f/link-to-dir/lands", 0o644, b"in mode")
        .symlink("/usr/share/f/link-renamed", "./mode")
        .file("/usr/share/f/h1", 0o644, b"harder")
        .hardlink("/usr/share/f/h2", "/usr/share/f/h1")
        .hardlink("/usr/share/f/h3", "/usr/share/f/h1")
        .file("/usr/share/f/set", 0o4755, b"2")
        .file("/usr/share/f/unowned", 0o644, b"package")
        .file("/usr/lib/moved", 0o644, b"2");
    let author = |root: &Path| {
        write(root, "usr/share/f/gone/user-dir/mine", "keep");
        write(root, "usr/share/f/unowned", "author");
    };
    referee("files", &[v1], author, &[v2]);
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn conffiles() {
    let names = ["same", "user", "user-same", "deleted", "deleted-same", "dist", "mode"];
    let dropped = ["obsolete", "obsolete-deleted", "obsolete-changed", "roum", "roup"];
    let mut v1 = Toy::new("conf", "1");
    for name in names.iter().chain(&dropped) {
        v1 = v1.conffile(&format!("/etc/conf/{name}"), 0o644, b"one\n");
    }
    let mut v2 = Toy::new("conf", "2").mtime(1_650_000_000);
    for name in names {
        let text: &[u8] = if name.ends_with("same") { b"one\n" } else { b"two\n" };
        v2 = v2.conffile(&format!("/etc/conf/{name}"), 0o640, text);
    }
    v2 = v2
        .conffile("/etc/conf/new", 0o644, b"new\n")
        .conffile("/etc/conf/new-there", 0o644, b"new\n")
        .conffile("/etc/conf/new-differs", 0o644, b"new\n")
        .remove_conffile("/etc/conf/roum")
        .remove_conffile("/etc/conf/roup");
    let author = |root: &Path| {
        for name in ["user", "user-same", "obsolete-changed", "roum"] {
            write(root, &format!("etc/conf/{name}"), "user\n");
        }
        for name in ["deleted", "deleted-same", "obsolete-deleted"] {
            std::fs::remove_file(root.join("etc/conf").join(name)).unwrap();
        }
        std::fs::set_permissions(root.join("etc/conf/mode"), std::fs::Permissions::from_mode(0o600)).unwrap();
        write(root, "etc/conf/new-there", "new\n");
        write(root, "etc/conf/new-differs", "user\n");
    };
    referee("conffiles", &[v1], author, &[v2]);
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn replaces_diversions_overrides_and_fields() {
    let before = [
        Toy::new("loser", "1").file("/usr/share/x/taken", 0o644, b"1").file("/usr/share/x/kept", 0o644, b"1").conffile(
            "/etc/moved",
            0o644,
            b"1\n",
        ),
        Toy::new("winner", "1").file("/usr/share/x/winner", 0o644, b"1"),
        Toy::new("diverted", "1").file("/usr/bin/tool", 0o755, b"1").file("/usr/bin/special", 0o755, b"1"),
        Toy::new("shared", "1").field("Architecture", "amd64").field("Multi-Arch", "foreign").file(
            "/usr/lib/s",
            0o644,
            b"1",
        ),
        Toy::new("zz-dir", "1").directory("/usr/share/common", 0o755).directory("/usr/share/own", 0o755),
        Toy::new("zz-dir2", "1").directory("/usr/share/common", 0o755),
        Toy::new("trig", "1").member("triggers", 0o644, "interest-noawait /usr/share/x\ninterest named\n"),
        Toy::new("trig2", "1").member("triggers", 0o644, "interest-noawait /usr/share/y\ninterest named\n"),
    ];
    let after = [
        Toy::new("winner", "2")
            .field("Replaces", "loser (<<2)")
            .field("Breaks", "loser(<< 0.5)")
            .file("/usr/share/x/winner", 0o644, b"2")
            .file("/usr/share/x/taken", 0o644, b"2")
            .conffile("/etc/moved", 0o644, b"1\n"),
        Toy::new("diverted", "2").file("/usr/bin/tool", 0o755, b"2").file("/usr/bin/special", 0o755, b"2"),
        Toy::new("shared", "2")
            .field("Architecture", "amd64")
            .field("Multi-Arch", "same")
            .field("X-Custom", "value")
            .field("Suggests", "a|b (>> 0:1) ,c")
            .field("priority", "Optional")
            .file("/usr/lib/s", 0o644, b"2"),
        Toy::new("zz-dir", "2"),
        Toy::new("trig", "2").member("triggers", 0o644, "interest-noawait /usr/share/x\ninterest-noawait named\n"),
    ];
    let author = |root: &Path| {
        write(root, "var/lib/dpkg/diversions", "/usr/bin/tool\n/usr/bin/tool.real\n:\n");
        std::fs::rename(root.join("usr/bin/tool"), root.join("usr/bin/tool.real")).unwrap();
        write(root, "var/lib/dpkg/statoverride", "#5 #6 4711 /usr/bin/special\n");
    };
    referee("bookkeeping", &before, author, &after);
}

#[test]
#[ignore = "live: needs root and dpkg"]
fn excluded_paths() {
    let doc = |version: &str| {
        Toy::new("doc", version)
            .file("/usr/share/doc/doc/copyright", 0o644, version.as_bytes())
            .file("/usr/share/doc/doc/changelog", 0o644, version.as_bytes())
            .file("/usr/share/man/man1/a", 0o644, version.as_bytes())
    };
    let rules =
        ["path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/copyright", "path-exclude=/usr/share/man/*"];
    let author = |root: &Path| {
        std::fs::create_dir_all(root.join("etc/dpkg/dpkg.cfg.d")).unwrap();
        write(root, "etc/dpkg/dpkg.cfg.d/slim", &rules.join("\n"));
    };
    // dpkg reads the configuration of the machine it runs on, so it is told the root's rules as options.
    let options = rules.map(|rule| format!("--{rule}"));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    referee_with("excluded", &[doc("1")], author, &[doc("2").mtime(1_650_000_000)], &options);
}

#[test]
#[ignore = "live: needs root and SLIM_MINBASE, tars of root file systems separated by ':'"]
fn real_databases_survive_reading_and_writing() {
    use slim::packages::dpkg::{database::Database, info};
    let Ok(tars) = std::env::var("SLIM_MINBASE") else { return println!("skipped: SLIM_MINBASE is not set") };
    for tar in tars.split(':') {
        let root = tempfile::tempdir().unwrap();
        let mut unpack = Command::new("tar");
        unpack.arg("-xf").arg(tar).arg("-C").arg(root.path()).args(["--exclude=./dev/*", "--exclude=dev/*"]);
        assert!(unpack.status().unwrap().success());
        let (tree, spool) = (read_tree(root.path()), Spool::new(&std::env::temp_dir()));
        let database = Database::read(&tree, &spool).unwrap().unwrap();
        assert_eq!(database.problems, []);
        let read =
            |path: &ImagePath| spool.read(&tree.get(path).unwrap().as_file().unwrap().content).unwrap().into_owned();
        assert!(database.status.write() == read(&database.at("status")), "{tar}: status");
        for (name, list) in &database.lists {
            assert!(info::write_list(list) == read(&database.at(&format!("info/{name}.list"))), "{tar}: {name}");
        }
        assert_eq!(database.diversions.write(), read(&database.at("diversions")));
        // Composing each stanza again from its own fields must give the same bytes.
        for stanza in database.status.stanzas() {
            let own = ["Status", "Conffiles", "Config-Version"];
            let mut control = Vec::new();
            for (field, value) in slim::packages::dpkg::fields::fields(stanza.raw()) {
                if !own.iter().any(|own| own.as_bytes() == field) {
                    control.extend_from_slice(&[field, b": ", value, b"\n"].concat());
                }
            }
            let again =
                slim::packages::dpkg::status::Stanza::compose(&control, &stanza.want, &stanza.conffiles, None).unwrap();
            assert_eq!(String::from_utf8_lossy(again.raw()), String::from_utf8_lossy(stanza.raw()), "{tar}");
        }
        let inventory = database.inventory(&tree);
        println!("{tar}: {} packages, {} owned paths", inventory.packages().len(), inventory.owned().count());
    }
}
