//! Effects against the distro's own tools, run in a chroot of a real root filesystem.
//!
//! Needs root and a directory of root filesystem tars: `SLIM_IMAGES=DIR cargo test --test live_effects -- --ignored`.

use rebuild::engine::native::effects::{Output, certificates, ldconfig};
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
    /// Unpacks `NAME.tar`; `None` when there is none.
    fn unpack(name: &str) -> Option<Self> {
        let images = std::env::var_os("SLIM_IMAGES").map(PathBuf::from)?;
        let tar = images.join(format!("{name}.tar"));
        if !tar.exists() {
            println!("skipped: no {}", tar.display());
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let done = Command::new("tar").arg("-xpf").arg(tar).arg("-C").arg(directory.path()).status().unwrap();
        assert!(done.success());
        Some(Self { directory })
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
        let run = run.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").output().unwrap();
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

    /// Runs the tool on disk and the effect on the tree, and compares everything below the given paths.
    fn compare(&self, command: &str, below: &[&str], effect: impl FnOnce(&mut Draft<'_>) -> Result<Output, Unproven>) {
        let mut draft = Draft::new(self.tree(), &MemoryContents);
        self.run(command);
        effect(&mut draft).unwrap();
        let after = self.tree();
        let interesting = |path: &ImagePath| below.iter().any(|top| path.starts_with(&ImagePath::literal(top)));
        let shape = |tree: &Tree| {
            let nodes = tree.iter().filter(|(path, _)| interesting(path));
            nodes.map(|(path, node)| (path.clone(), (node.kind.clone(), node.mode, node.uid, node.gid))).collect()
        };
        let (tool, ours): (Shape, Shape) = (shape(&after), shape(draft.tree()));
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
    for image in ["minbase", "nginx", "python", "phpredis", "bullseye-minbase", "trixie-minbase"] {
        let Some(root) = Root::unpack(image) else { continue };
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
    let Some(root) = Root::unpack("nginx") else { return };
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
