//! Toy Debian packages, written header by header.

use std::io::Write as _;

/// How the members are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
}

/// One entry of `data.tar`.
#[derive(Debug, Clone)]
struct Entry {
    path: String,
    kind: u8,
    mode: u32,
    owner: (u32, u32, String, String),
    bytes: Vec<u8>,
    link: String,
}

/// A package being written.
#[derive(Debug, Clone)]
pub struct Deb {
    fields: Vec<(String, String)>,
    members: Vec<(String, u32, Vec<u8>)>,
    entries: Vec<Entry>,
    conffiles: String,
    compression: Compression,
    mtime: u64,
}

impl Deb {
    /// A package of architecture `all` that holds nothing yet.
    pub fn new(name: &str, version: &str) -> Self {
        let fields = [
            ("Package", name),
            ("Version", version),
            ("Architecture", "all"),
            ("Maintainer", "Test <test@example.org>"),
            ("Description", "toy"),
        ];
        Self {
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            members: Vec::new(),
            entries: Vec::new(),
            conffiles: String::new(),
            compression: Compression::Gzip,
            mtime: 1_600_000_000,
        }
    }

    /// Sets a control field, in its place if there is one already.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Adds a control member: `postinst`, `triggers`, …
    #[must_use]
    pub fn member(mut self, name: &str, mode: u32, text: &str) -> Self {
        self.members.push((name.to_owned(), mode, text.into()));
        self
    }

    /// Modification time of all that is added.
    #[must_use]
    pub fn mtime(mut self, seconds: u64) -> Self {
        self.mtime = seconds;
        self
    }

    /// How members are compressed.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Adds a directory; its parents are added as needed.
    #[must_use]
    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.entry(path, b'5', mode, b"", "")
    }

    /// Adds a file.
    #[must_use]
    pub fn file(self, path: &str, mode: u32, bytes: &[u8]) -> Self {
        self.entry(path, b'0', mode, bytes, "")
    }

    /// Adds a configuration file.
    #[must_use]
    pub fn conffile(mut self, path: &str, mode: u32, bytes: &[u8]) -> Self {
        self.conffiles.push_str(&format!("{path}\n"));
        self.entry(path, b'0', mode, bytes, "")
    }

    /// Asks for a former configuration file to be removed.
    #[must_use]
    pub fn remove_conffile(mut self, path: &str) -> Self {
        self.conffiles.push_str(&format!("remove-on-upgrade {path}\n"));
        self
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, b'2', 0o777, b"", target)
    }

    /// Adds another name of a file that was added before.
    #[must_use]
    pub fn hardlink(self, path: &str, to: &str) -> Self {
        self.entry(path, b'1', 0o644, b"", &format!(".{to}"))
    }

    /// Adds an entry of any tar type, as a package never should.
    #[must_use]
    pub fn raw(mut self, name: &str, kind: u8, link: &str) -> Self {
        self.entries.push(Entry {
            path: name.into(),
            kind,
            mode: 0o644,
            owner: (0, 0, "root".into(), "root".into()),
            bytes: Vec::new(),
            link: link.into(),
        });
        self
    }

    /// Gives the last entry another owner.
    #[must_use]
    pub fn owner(mut self, uid: u32, gid: u32, user: &str, group: &str) -> Self {
        if let Some(entry) = self.entries.last_mut() {
            entry.owner = (uid, gid, user.into(), group.into());
        }
        self
    }

    fn entry(mut self, path: &str, kind: u8, mode: u32, bytes: &[u8], link: &str) -> Self {
        let path = path.trim_end_matches('/');
        let parents: Vec<_> = path.match_indices('/').map(|(at, _)| format!(".{}/", &path[..at])).collect();
        for parent in parents {
            if !self.entries.iter().any(|entry| entry.path == parent) {
                self = self.push(parent, b'5', 0o755, b"", "");
            }
        }
        let slash = if kind == b'5' { "/" } else { "" };
        self.push(format!(".{path}{slash}"), kind, mode, bytes, link)
    }

    fn push(mut self, path: String, kind: u8, mode: u32, bytes: &[u8], link: &str) -> Self {
        let owner = (0, 0, "root".to_owned(), "root".to_owned());
        self.entries.push(Entry { path, kind, mode, owner, bytes: bytes.to_vec(), link: link.to_owned() });
        self
    }

    /// Absolute paths of all entries, in their order: what dpkg's list says after its first line.
    pub fn paths(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.path.trim_start_matches('.').trim_end_matches('/').to_owned()).collect()
    }

    /// The regular files, with their bytes.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let files = self.entries.iter().filter(|entry| entry.kind == b'0');
        files.map(|entry| (entry.path.trim_start_matches('.').to_owned(), entry.bytes.clone())).collect()
    }

    /// The symbolic links, with their targets.
    pub fn links(&self) -> Vec<(String, String)> {
        let links = self.entries.iter().filter(|entry| entry.kind == b'2');
        links.map(|entry| (entry.path.trim_start_matches('.').to_owned(), entry.link.clone())).collect()
    }

    /// The sums of its files, as `md5sums` lists them.
    pub fn md5sums(&self) -> String {
        use md5::Digest as _;
        let line = |(path, bytes): &(String, Vec<u8>)| {
            format!("{}  {}\n", hex::encode(md5::Md5::digest(bytes)), path.trim_start_matches('/'))
        };
        self.files().iter().map(line).collect()
    }

    /// The control file.
    pub fn control(&self) -> String {
        self.fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    /// The package's bytes.
    pub fn build(&self) -> Vec<u8> {
        let root = (0, 0, "root".to_owned(), "root".to_owned());
        let mut control = Vec::new();
        header(&mut control, "./", b'5', 0o755, &root, 0, self.mtime, "");
        let mut members = vec![("control".to_owned(), 0o644, self.control().into_bytes())];
        if !self.conffiles.is_empty() {
            members.push(("conffiles".into(), 0o644, self.conffiles.clone().into_bytes()));
        }
        members.extend(self.members.iter().cloned());
        for (name, mode, bytes) in &members {
            header(&mut control, &format!("./{name}"), b'0', *mode, &root, bytes.len(), self.mtime, "");
            content(&mut control, bytes);
        }
        let mut data = Vec::new();
        for entry in &self.entries {
            header(
                &mut data,
                &entry.path,
                entry.kind,
                entry.mode,
                &entry.owner,
                entry.bytes.len(),
                self.mtime,
                &entry.link,
            );
            content(&mut data, &entry.bytes);
        }
        let mut package = b"!<arch>\n".to_vec();
        member(&mut package, "debian-binary", b"2.0\n");
        for (stem, mut archive) in [("control.tar", control), ("data.tar", data)] {
            archive.extend_from_slice(&[0; 1024]);
            let (suffix, bytes) = self.compress(archive);
            member(&mut package, &format!("{stem}{suffix}"), &bytes);
        }
        package
    }

    fn compress(&self, bytes: Vec<u8>) -> (&'static str, Vec<u8>) {
        match self.compression {
            Compression::None => ("", bytes),
            Compression::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(&bytes).expect("writing to memory");
                (".gz", encoder.finish().expect("writing to memory"))
            }
            Compression::Xz => {
                let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
                encoder.write_all(&bytes).expect("writing to memory");
                (".xz", encoder.finish().expect("writing to memory"))
            }
            Compression::Zstd => (".zst", zstd::encode_all(&bytes[..], 1).expect("writing to memory")),
        }
    }
}

fn member(package: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    package.extend_from_slice(
        format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, bytes.len()).as_bytes(),
    );
    package.extend_from_slice(bytes);
    if bytes.len() % 2 == 1 {
        package.push(b'\n');
    }
}

fn content(archive: &mut Vec<u8>, bytes: &[u8]) {
    archive.extend_from_slice(bytes);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

#[allow(clippy::too_many_arguments)]
fn header(
    archive: &mut Vec<u8>,
    path: &str,
    kind: u8,
    mode: u32,
    owner: &(u32, u32, String, String),
    size: usize,
    mtime: u64,
    link: &str,
) {
    if path.len() > 100 {
        header(archive, "././@LongLink", b'L', 0, &(0, 0, String::new(), String::new()), path.len() + 1, 0, "");
        content(archive, format!("{path}\0").as_bytes());
    }
    if link.len() > 100 {
        header(archive, "././@LongLink", b'K', 0, &(0, 0, String::new(), String::new()), link.len() + 1, 0, "");
        content(archive, format!("{link}\0").as_bytes());
    }
    let mut block = [0_u8; 512];
    let mut put = |at: usize, length: usize, text: &[u8]| {
        let length = text.len().min(length);
        block[at..at + length].copy_from_slice(&text[..length]);
    };
    put(0, 100, path.as_bytes());
    put(100, 8, format!("{mode:07o}\0").as_bytes());
    put(108, 8, format!("{:07o}\0", owner.0).as_bytes());
    put(116, 8, format!("{:07o}\0", owner.1).as_bytes());
    put(124, 12, format!("{size:011o}\0").as_bytes());
    put(136, 12, format!("{mtime:011o}\0").as_bytes());
    put(148, 8, b"        ");
    put(156, 1, &[kind]);
    put(157, 100, link.as_bytes());
    put(257, 8, b"ustar  \0");
    put(265, 31, owner.2.as_bytes());
    put(297, 31, owner.3.as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    archive.extend_from_slice(&block);
}
