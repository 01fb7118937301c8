//! Effects against the distro's own tools, run in a chroot of a real root filesystem.
//!
//! Needs root and, in `SLIM_IMAGES`, a directory of root filesystem tars: a minimal root of each release, and one with servers.
//! `bash examples/effects.sh` makes them and runs this.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the test unpacks roots, starts referees and tells where it is"
)]

use rebuild::engine::native::effects::{
    Output, alternatives, capabilities, certificates, diversions, ldconfig, overrides, python, runlevels, ucf,
    unchanged, units,
};
use rebuild::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::{Kind, MemoryContents, Node, Tree};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A root filesystem on disk, for the tool, and the same as a tree, for the effect.
struct Root {
    directory: tempfile::TempDir,
}

impl Root {
    /// Unpacks `NAME.tar`.
    fn unpack(name: &str) -> Self {
        let images = std::env::var_os("SLIM_IMAGES").expect("SLIM_IMAGES, as examples/effects.sh sets it");
        let tar = PathBuf::from(images).join(format!("{name}.tar"));
        let directory = tempfile::tempdir().unwrap();
        let done = Command::new("tar").arg("-xpf").arg(&tar).arg("-C").arg(directory.path()).status().unwrap();
        assert!(done.success(), "{} cannot be unpacked", tar.display());
        Self { directory }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::fs::write(self.path(path), bytes).unwrap();
    }

    fn run(&self, command: &str) {
        let mut run = Command::new("chroot");
        run.arg(self.directory.path()).args(["/bin/sh", "-ec", command]);
        // Where this machine keeps temporary files is no folder of the root.
        run.env_remove("TMPDIR").env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        let run = run.output().unwrap();
        assert!(run.status.success(), "{command}: {}", String::from_utf8_lossy(&run.stderr));
    }

    /// The tree as it is on disk.
    fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        for entry in walkdir::WalkDir::new(self.directory.path()) {
            let entry = entry.unwrap();
            let relative = entry.path().strip_prefix(self.directory.path()).unwrap();
            let Some(node) = node(entry.path()) else { continue };
            tree.insert(ImagePath::new(relative.as_os_str().as_bytes()).unwrap(), node);
        }
        tree
    }

    /// Runs one program on disk, as a maintainer script would, and its effect on the tree; both status and outcome must be the same.
    fn same(&self, line: &str, below: &[&str], effect: impl Fn(&mut Draft<'_>, &[String]) -> Result<Output, Unproven>) {
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        let mut run = Command::new("chroot");
        run.arg(self.directory.path()).args(&words);
        run.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        run.env("DPKG_MAINTSCRIPT_PACKAGE", "toy")
            .env("DPKG_MAINTSCRIPT_NAME", "postinst")
            .env("DEBIAN_FRONTEND", "noninteractive");
        let mut draft = Draft::new(self.tree(), &MemoryContents);
        let tool = run.output().unwrap();
        let ours = effect(&mut draft, &words[1..]).unwrap_or_else(|unproven| panic!("{line}: {unproven}"));
        assert_eq!(tool.status.code(), Some(ours.status), "{line}: {}", String::from_utf8_lossy(&tool.stderr));
        if !ours.stdout.is_empty() {
            assert_eq!(String::from_utf8_lossy(&tool.stdout), String::from_utf8_lossy(&ours.stdout), "{line}");
        }
        self.differences(line, below, draft.tree());
    }

    /// Runs the tool on disk and the effect on the tree, and compares everything below the given paths.
    fn compare(&self, command: &str, below: &[&str], effect: impl FnOnce(&mut Draft<'_>) -> Result<Output, Unproven>) {
        let mut draft = Draft::new(self.tree(), &MemoryContents);
        self.run(command);
        effect(&mut draft).unwrap();
        self.differences(command, below, draft.tree());
    }

    /// Compares what is on disk with a tree, below the given paths. The order of lines in dpkg's own files means nothing.
    fn differences(&self, command: &str, below: &[&str], ours: &Tree) {
        let after = self.tree();
        let interesting = |path: &ImagePath| below.iter().any(|top| path.starts_with(&ImagePath::literal(top)));
        let shape = |tree: &Tree| {
            let nodes = tree.iter().filter(|(path, _)| interesting(path));
            nodes.map(|(path, node)| (path.clone(), (sorted(path, node), node.mode, node.uid, node.gid))).collect()
        };
        let (tool, ours): (Shape, Shape) = (shape(&after), shape(ours));
        let mut wrong = Vec::new();
        for path in tool.keys().chain(ours.keys()) {
            if tool.get(path) != ours.get(path) && !wrong.contains(&path) {
                wrong.push(path);
            }
        }
        for path in wrong.iter().take(5) {
            println!("{path}\n  tool {}\n  ours {}", show(tool.get(path)), show(ours.get(path)));
        }
        assert!(wrong.is_empty(), "{command}: {} paths differ", wrong.len());
    }
}

fn sorted(path: &ImagePath, node: &Node) -> Kind {
    let name = path.to_text();
    let (true, Some(file)) = (name.starts_with("/var/lib/dpkg/"), node.as_file()) else { return node.kind.clone() };
    let slim::tree::Content::Inline(bytes) = &file.content else { return node.kind.clone() };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let size = if name.contains("diversions") { 3 } else { 1 };
    let mut records: Vec<String> = match name.contains("/alternatives/") {
        true => vec![text.clone()],
        false => lines.chunks(size).map(|lines| lines.join("\n")).collect(),
    };
    records.sort();
    Node::file(records.join("\n").into_bytes()).kind
}

type Shape = std::collections::BTreeMap<ImagePath, (Kind, u32, u32, u32)>;

fn show(node: Option<&(Kind, u32, u32, u32)>) -> String {
    let Some((kind, mode, uid, gid)) = node else { return "nothing".into() };
    let kind = match kind {
        Kind::File(file) => match &file.content {
            slim::tree::Content::Inline(bytes) => String::from_utf8_lossy(&bytes[..bytes.len().min(3000)]).into_owned(),
            slim::tree::Content::Spooled { .. } => "spooled".into(),
        },
        other => format!("{other:?}"),
    };
    format!("{mode:o} {uid}:{gid} {kind}")
}

fn node(path: &Path) -> Option<Node> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    let node = if metadata.is_dir() {
        Node::directory()
    } else if metadata.is_symlink() {
        return Some(Node::symlink(std::fs::read_link(path).ok()?.as_os_str().as_bytes()));
    } else if metadata.is_file() {
        Node::file(std::fs::read(path).ok()?)
    } else {
        return None;
    };
    Some(
        node.with_mode(metadata.mode() & 0o7777)
            .with_owner(metadata.uid(), metadata.gid())
            .with_mtime(metadata.mtime()),
    )
}

const LIBRARY_PLACES: [&str; 4] = ["/etc", "/usr/lib", "/lib", "/usr/local/lib"];

#[test]
#[ignore = "live: needs root and SLIM_IMAGES"]
fn loader_cache_is_the_one_that_ldconfig_writes() {
    for image in ["bullseye", "bookworm", "trixie", "servers"] {
        let root = Root::unpack(image);
        let places = &LIBRARY_PLACES;
        println!("{image}: as it is");
        root.compare("ldconfig", places, ldconfig::refresh);
        let libraries = root.path("/lib/x86_64-linux-gnu");
        let library = |name: &str| std::fs::read(libraries.join(name)).unwrap();
        println!("{image}: more libraries");
        root.write("/usr/local/lib/libz.so.1.99.0", library("libz.so.1"));
        root.write("/usr/local/lib/libz.so.1.100.0", library("libz.so.1"));
        root.write("/usr/local/lib/libz-copy.so.1", library("libz.so.1"));
        root.write("/usr/local/lib/libbad.so", b"not a library but long enough to be read as one, surely it is");
        root.write("/usr/local/lib/libbz2.so.1.0.dpkg-new", library("libbz2.so.1.0"));
        root.write("/usr/local/lib/glibc-hwcaps/x86-64-v3/libz.so.1.99.0", library("libz.so.1"));
        root.write("/usr/local/lib/glibc-hwcaps/x86-64-v2/libz.so.1", library("libz.so.1"));
        root.write("/usr/local/lib/glibc-hwcaps/x86-64-v4/README", "no library");
        root.write("/usr/lib/x86_64-linux-gnu/haswell/libz.so.1", library("libz.so.1"));
        root.write("/usr/lib/x86_64-linux-gnu/tls/haswell/x86_64/libz.so.1", library("libz.so.1"));
        root.write("/opt/extra/libm-extra.so.6", library("libm.so.6"));
        root.write("/etc/ld.so.conf.d/extra.conf", "# more\n/opt/extra/ \n/usr/lib/missing\n");
        symlink("gone.so.1", root.path("/usr/local/lib/libstale.so.1")).unwrap();
        symlink("libz.so.1.99.0", root.path("/usr/local/lib/libz.so")).unwrap();
        symlink("libz.so.1.99.0", root.path("/usr/local/lib/libother.so")).unwrap();
        root.compare("ldconfig", places, ldconfig::refresh);
        println!("{image}: fewer libraries");
        let gone = std::fs::read_dir(&libraries).unwrap().map(|entry| entry.unwrap().path());
        for path in gone.filter(|path| path.file_name().unwrap().as_bytes().starts_with(b"libm")) {
            if path.is_file() {
                std::fs::remove_file(path).unwrap();
            }
        }
        root.compare("ldconfig", places, ldconfig::refresh);
        println!("{image}: without ldconfig");
        let mut draft = Draft::new(root.tree(), &MemoryContents);
        for path in ["/sbin/ldconfig", "/usr/sbin/ldconfig"] {
            draft.remove(&ImagePath::literal(path));
        }
        let before = draft.checkpoint();
        ldconfig::refresh(&mut draft).unwrap();
        assert_eq!(draft.checkpoint(), before, "the same cache without the program");
    }
}

#[test]
#[ignore = "live: needs root and SLIM_IMAGES"]
fn certificates_are_linked_as_update_ca_certificates_does() {
    let root = Root::unpack("servers");
    let places = ["/etc/ssl", "/etc/ca-certificates.conf"];
    let run = |draft: &mut Draft<'_>| certificates::run(draft, &[]);
    println!("as it is");
    root.compare("update-ca-certificates", &places, run);
    println!("deselected, gone and local ones");
    let configuration = std::fs::read_to_string(root.path("/etc/ca-certificates.conf")).unwrap();
    let names: Vec<_> = configuration.lines().filter(|line| line.starts_with("mozilla/")).collect();
    let text = configuration.replace(names[3], &format!("!{}", names[3]));
    root.write("/etc/ca-certificates.conf", text);
    std::fs::remove_file(root.path(&format!("/usr/share/ca-certificates/{}", names[5]))).unwrap();
    let copy = std::fs::read(root.path(&format!("/usr/share/ca-certificates/{}", names[3]))).unwrap();
    root.write("/usr/local/share/ca-certificates/my root (one), two.crt", copy.trim_ascii_end());
    for (name, subject) in
        [("a", "/O=Toy/CN=Same  Name"), ("b", "/O=toy/CN=same name"), ("c/d", "/C=DE/O=F\u{f6}\u{f6}/CN=\u{30c6}")]
    {
        let file = root.path(&format!("/usr/local/share/ca-certificates/{name}.crt"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let mut make = Command::new("openssl");
        make.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-utf8",
            "-subj",
            subject,
        ]);
        assert!(make.args(["-keyout", "/dev/null", "-out"]).arg(&file).output().unwrap().status.success());
    }
    root.compare("update-ca-certificates", &places, run);
    println!("one of two with the same name is gone");
    std::fs::remove_file(root.path("/usr/local/share/ca-certificates/a.crt")).unwrap();
    root.compare("update-ca-certificates", &places, run);
    println!("afresh");
    root.compare("update-ca-certificates --fresh", &places, |draft| certificates::run(draft, &["--fresh".into()]));
}

#[test]
#[ignore = "live: needs root and SLIM_IMAGES"]
fn alternatives_are_as_update_alternatives_leaves_them() {
    let root = Root::unpack("bookworm");
    let below = ["/etc/alternatives", "/var/lib/dpkg/alternatives", "/usr/bin", "/usr/share/man", "/usr/sbin", "/opt"];
    for name in ["one", "two", "three"] {
        root.write(&format!("/opt/{name}/x"), name);
        root.write(&format!("/opt/{name}/x.1"), name);
    }
    std::fs::remove_file(root.path("/opt/two/x.1")).unwrap();
    let lines = [
        "--query awk",
        "--display awk",
        "--list awk",
        "--query none",
        "--install /usr/bin/x x /opt/one/x 10 --slave /usr/bin/x.1 x.1 /opt/one/x.1",
        "--install /usr/bin/x x /opt/two/x 20 --slave /usr/bin/x.1 x.1 /opt/two/x.1 --slave /usr/bin/a.1 a.1 /opt/one/x.1",
        "--install /usr/bin/x x /opt/three/x 20 --slave /usr/bin/x.1 x.1 /opt/three/x.1",
        "--query x",
        "--display x",
        "--set x /opt/one/x",
        "--query x",
        "--install /usr/bin/x x /opt/three/x 30 --slave /usr/bin/x.1 x.1 /opt/three/x.1",
        "--set x /opt/none",
        "--remove x /opt/three/x",
        "--remove x /opt/none",
        "--auto x",
        "--display x",
        "--install /usr/bin/x x /opt/two/x 20",
        "--install /usr/bin/x x /opt/three/x 20 --slave /usr/bin/x.1 x.1 /opt/three/x.1",
        "--set x /opt/three/x",
        "--remove x /opt/three/x",
        "--install /usr/bin/x x /opt/two/x 5",
        "--remove-all x",
        "--remove x /opt/one/x",
    ];
    for line in lines {
        root.same(&format!("update-alternatives {line}"), &below, alternatives::run);
    }
    println!("behind its back");
    root.same("update-alternatives --install /usr/bin/x x /opt/one/x 10", &below, alternatives::run);
    root.same("update-alternatives --install /usr/bin/x x /opt/two/x 20", &below, alternatives::run);
    std::fs::remove_file(root.path("/opt/two/x")).unwrap();
    root.same("update-alternatives --install /usr/bin/x x /opt/three/x 5", &below, alternatives::run);
    std::fs::remove_file(root.path("/usr/bin/x")).unwrap();
    root.write("/usr/bin/x", "the administrator's");
    root.same("update-alternatives --install /usr/bin/x x /opt/three/x 50", &below, alternatives::run);
    root.same("update-alternatives --force --install /usr/bin/x x /opt/three/x 60", &below, alternatives::run);
    std::fs::remove_file(root.path("/etc/alternatives/x")).unwrap();
    symlink("/bin/ls", root.path("/etc/alternatives/x")).unwrap();
    root.same("update-alternatives --install /usr/bin/x x /opt/one/x 70", &below, alternatives::run);
    root.same("update-alternatives --remove x /opt/three/x", &below, alternatives::run);
    root.same("update-alternatives --auto x", &below, alternatives::run);
    println!("without mawk");
    std::fs::remove_file(root.path("/usr/bin/mawk")).unwrap();
    root.compare(
        "update-alternatives --auto awk; update-alternatives --remove awk /usr/bin/mawk",
        &below,
        alternatives::forget,
    );
}

#[test]
#[ignore = "live: needs root and SLIM_IMAGES"]
fn databases_of_dpkg_are_as_its_tools_leave_them() {
    let root = Root::unpack("servers");
    let below = ["/var/lib/dpkg/diversions", "/var/lib/dpkg/diversions-old", "/bin", "/etc"];
    for line in [
        "--list",
        "--list *sh",
        "--list nothing",
        "--listpackage /bin/sh",
        "--truename /bin/sh",
        "--package dash --no-rename --divert /bin/sh.distrib --add /bin/sh",
        "--package toy --no-rename --divert /bin/sh.distrib --add /bin/sh",
        "--package toy --no-rename --divert /bin/a.d --add /bin/a",
        "--local --no-rename --add /etc/new",
        "--package other --no-rename --remove /bin/a",
        "--package toy --no-rename --remove /bin/a",
        "--package toy --no-rename --remove /bin/a",
        "--list",
    ] {
        // The order of a list is that of the file.
        if line != "--list" {
            root.same(&format!("dpkg-divert --quiet {line}"), &below, diversions::run);
        }
    }
    let below = ["/var/lib/dpkg/statoverride", "/var/lib/dpkg/statoverride-old", "/etc", "/bin"];
    for line in [
        "--list /etc/redis/redis.conf",
        "--list /none",
        "--update --quiet --add root root 01733 /var/lib/php/sessions",
        "--update --add redis redis 0600 /etc/hostname",
        "--add nobody nogroup 4755 /bin/ls",
        "--add nonesuch root 755 /etc/x",
        "--remove /none",
        "--remove /etc/hostname",
    ] {
        root.same(&format!("dpkg-statoverride {line}"), &below, overrides::run);
    }
}

#[test]
#[ignore = "live: needs root and SLIM_IMAGES"]
fn files_of_ucf_are_as_it_leaves_them() {
    let root = Root::unpack("servers");
    let below = ["/etc", "/var/lib/ucf", "/usr/share/toy"];
    let one = |line: &str| root.same(&format!("ucf {line} /usr/share/toy/t /etc/toy.conf"), &below, ucf::run);
    root.write("/usr/share/toy/t", "1");
    one("--three-way --debconf-ok");
    one("--three-way --debconf-ok");
    root.write("/usr/share/toy/t", "2");
    one("");
    root.write("/etc/toy.conf", "own");
    one("");
    root.write("/usr/share/toy/t", "3");
    one("--debconf-ok");
    std::fs::remove_file(root.path("/etc/toy.conf")).unwrap();
    one("");
    root.write("/usr/share/toy/t", "4");
    one("");
    for line in [
        "toy /etc/toy.conf",
        "toy /etc/toy.conf",
        "other /etc/toy.conf",
        "--purge other /etc/toy.conf",
        "--purge toy /etc/toy.conf",
    ] {
        root.same(&format!("ucfr {line}"), &below, ucf::register);
    }
    root.same("ucf --purge /etc/toy.conf", &below, ucf::run);
    root.same("ucf /usr/share/php8.2-common/common/ctype.ini /etc/php/8.2/mods-available/ctype.ini", &below, ucf::run);
}

#[test]
#[ignore = "live: needs root and SLIM_IMAGES"]
fn services_are_as_the_helpers_leave_them() {
    let root = Root::unpack("servers");
    let below = ["/etc", "/var/lib/systemd"];
    let helper = |line: &str| root.same(&format!("deb-systemd-helper {line}"), &below, units::run);
    for unit in ["redis-server.service", "apt-daily.timer", "php8.2-fpm.service", "fstrim.timer"] {
        for action in [
            "unmask",
            "--quiet was-enabled",
            "debian-installed",
            "is-enabled",
            "enable",
            "update-state",
            "mask",
            "unmask",
        ] {
            helper(&format!("{action} {unit}"));
        }
    }
    helper("disable redis-server.service");
    helper("--quiet was-enabled redis-server.service");
    helper("enable redis-server.service");
    helper("reenable redis-server.service");
    helper("purge apt-daily.timer apt-daily-upgrade.timer");
    helper("debian-installed none.service");
    let links = |line: &str| root.same(&format!("update-rc.d {line}"), &below, runlevels::run);
    for line in [
        "redis-server defaults",
        "redis-server remove",
        "redis-server defaults",
        "-f procps remove",
        "procps defaults-disabled",
        "none defaults",
    ] {
        links(line);
    }
}

#[test]
#[ignore = "live: needs root and SLIM_IMAGES"]
fn nothing_changes_where_that_is_said() {
    let root = Root::unpack("servers");
    let below = ["/etc", "/usr", "/var/lib", "/var/cache", "/home", "/root", "/srv"];
    root.same("pam-auth-update --package", &["/etc", "/var/lib/pam"], unchanged::pam_auth_update);
    root.same("update-passwd --dry-run", &below, unchanged::update_passwd);
    root.same("update-passwd --verbose", &below, unchanged::update_passwd);
    root.same("systemd-sysusers basic.conf systemd-journal.conf systemd-network.conf", &below, unchanged::sysusers);
}

#[test]
#[ignore = "live: needs root and SLIM_IMAGES"]
fn capabilities_are_the_attribute_that_setcap_writes() {
    let root = Root::unpack("servers");
    root.same("setcap cap_net_raw+ep /bin/ls", &["/bin"], capabilities::set);
}

#[test]
#[ignore = "live: needs root and SLIM_IMAGES"]
fn bytecode_of_unchanged_sources_is_what_python_compiles() {
    let root = Root::unpack("servers");
    let sources =
        ["/usr/lib/python3.11/abc.py", "/usr/lib/python3.11/ast.py", "/usr/lib/python3/dist-packages/wheel/util.py"];
    let compiled = "/usr/lib/python3.11/__pycache__";
    for (index, source) in sources.iter().enumerate() {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + index as u64);
        std::fs::File::options().append(true).open(root.path(source)).unwrap().set_modified(time).unwrap();
    }
    let line = format!("python3.11 -E -S /usr/lib/python3.11/py_compile.py {} {}", sources[0], sources[1]);
    root.same(&line, &[compiled], python::interpreter);
    root.same("py3compile -p python3-wheel", &["/usr/lib/python3/dist-packages/wheel"], python::compile_package);
    root.same("py3clean -p python3-wheel", &["/usr/lib/python3/dist-packages/wheel"], python::clean_package);
}
