//! A toy apt archive: made of text, signed with throw-away keys, served over HTTP on the loopback or as a folder.

mod key;

pub use key::{Hash, Key, MADE, Plan, SIGNED, Signing, SubkeyPlan};

use crate::deb::Deb;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// An archive as files by path: `dists/stable/InRelease`, `pool/a_1.deb`.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    /// The files.
    pub files: BTreeMap<String, Vec<u8>>,
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

fn field(paragraph: &str, name: &str) -> String {
    let line = paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or("none").trim().to_owned()
}

/// A suite to publish.
#[derive(Debug, Clone)]
pub struct Suite<'a> {
    /// Its folder below `dists`.
    pub name: &'a str,
    /// Fields of the release: `Date` at least. `Origin`, `Label`, `Suite`, `Codename`, `Architectures` and `Components` are added where
    /// they are missing.
    pub fields: &'a str,
    /// The folder of its packages.
    pub pool: &'a str,
    /// Its indexes.
    pub indexes: Vec<Index<'a>>,
}

/// An index of a suite: paragraphs without `Filename`, `Size` and `SHA256`, and what the packages consist of.
#[derive(Debug, Clone)]
pub struct Index<'a> {
    /// `main`
    pub component: &'a str,
    /// `amd64`
    pub architecture: &'a str,
    /// Paragraphs and contents.
    pub packages: Vec<(String, Vec<u8>)>,
}

impl<'a> Index<'a> {
    /// An index of packages whose contents are made up.
    pub fn made_up(component: &'a str, architecture: &'a str, paragraphs: impl IntoIterator<Item = String>) -> Self {
        let content = |text: &str| format!("the package {} {}\n", field(text, "Package"), field(text, "Version"));
        let packages = paragraphs.into_iter().map(|text| (text.clone(), content(&text).into_bytes())).collect();
        Self { component, architecture, packages }
    }
}

impl Suite<'_> {
    fn release(&self, list: &str) -> String {
        let all = |of: fn(&Index<'_>) -> String| {
            let names: std::collections::BTreeSet<_> = self.indexes.iter().map(of).collect();
            names.into_iter().collect::<Vec<_>>().join(" ")
        };
        let defaults = [
            ("Origin", "Toy".to_owned()),
            ("Label", "Toy".to_owned()),
            ("Suite", self.name.to_owned()),
            ("Codename", self.name.to_owned()),
            ("Architectures", all(|index| index.architecture.to_owned())),
            ("Components", all(|index| index.component.to_owned())),
        ];
        let has = |name: &str| self.fields.lines().any(|line| line.starts_with(&format!("{name}:")));
        let mut text = format!("{}\n", self.fields.trim());
        for (name, value) in defaults.iter().filter(|(name, _)| !has(name)) {
            text += &format!("{name}: {value}\n");
        }
        format!("{text}SHA256:\n{list}")
    }
}

impl Archive {
    /// One suite with one component, `main`, for amd64. `packages` are paragraphs without `Filename`, `Size` and `SHA256`: their content
    /// is made up. `fields` go into the release: `Date` at least.
    pub fn new(suite: &str, fields: &str, packages: &[&str], key: &Key) -> Self {
        let made_up = |paragraph: &&str| {
            let text = format!("the package {} {}\n", field(paragraph, "Package"), field(paragraph, "Version"));
            ((*paragraph).to_owned(), text.repeat(5000).into_bytes())
        };
        Self::of(suite, fields, &packages.iter().map(made_up).collect::<Vec<_>>(), key)
    }

    /// The same with real packages.
    pub fn debs(suite: &str, fields: &str, packages: &[Deb], key: &Key) -> Self {
        let packages: Vec<_> = packages.iter().map(|package| (package.control(), package.build())).collect();
        Self::of(suite, fields, &packages, key)
    }

    /// The same with paragraphs and contents that need not fit each other.
    pub fn of(suite: &str, fields: &str, packages: &[(String, Vec<u8>)], key: &Key) -> Self {
        let mut archive = Self::default();
        let index = Index { component: "main", architecture: "amd64", packages: packages.to_vec() };
        archive.publish(&Suite { name: suite, fields, pool: "pool", indexes: vec![index] }, &[key]);
        archive
    }

    /// Adds a suite with its packages, signed by every one of the keys; without a key it has no `InRelease` and no `Release.gpg`.
    pub fn publish(&mut self, suite: &Suite<'_>, keys: &[&Key]) {
        let mut list = String::new();
        for index in &suite.indexes {
            let name = format!("{}/binary-{}", index.component, index.architecture);
            for (ending, bytes) in self.index(index, suite.pool) {
                let folder = format!("dists/{}/{name}", suite.name);
                list += &format!(" {} {} {name}/Packages{ending}\n", sha256(&bytes), bytes.len());
                self.files.insert(format!("{folder}/by-hash/SHA256/{}", sha256(&bytes)), bytes.clone());
                self.files.insert(format!("{folder}/Packages{ending}"), bytes);
            }
        }
        let folder = format!("dists/{}", suite.name);
        self.release(&folder, &suite.release(&list), keys);
    }

    /// Puts a release text into a folder, signed by every one of the keys.
    pub fn release(&mut self, folder: &str, text: &str, keys: &[&Key]) {
        self.files.insert(format!("{folder}/Release"), text.as_bytes().to_vec());
        if !keys.is_empty() {
            let signings: Vec<_> = keys.iter().map(|key| (*key, Signing::default())).collect();
            self.files.insert(format!("{folder}/InRelease"), Key::clear_sign_by(&signings, text).into_bytes());
            self.files.insert(format!("{folder}/Release.gpg"), keys[0].detached(text, false).into_bytes());
        }
    }

    /// Takes the packages in and gives their index in every form.
    fn index(&mut self, index: &Index<'_>, pool: &str) -> [(&'static str, Vec<u8>); 3] {
        let mut text = String::new();
        for (paragraph, content) in &index.packages {
            let name = format!(
                "{pool}/{}_{}_{}.deb",
                field(paragraph, "Package"),
                field(paragraph, "Version").replace(':', "%3a"),
                field(paragraph, "Architecture")
            );
            text += &format!(
                "{}\nFilename: {name}\nSize: {}\nSHA256: {}\nDescription-md5: d41d8cd98f00b204e9800998ecf8427e\n\n",
                paragraph.trim(),
                content.len(),
                sha256(content)
            );
            self.files.insert(name, content.clone());
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text.as_bytes()).expect("gzip");
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(text.as_bytes()).expect("xz");
        [("", text.into_bytes()), (".gz", gzip.finish().expect("gzip")), (".xz", xz.finish().expect("xz"))]
    }

    /// Writes the files below a folder.
    pub fn write(&self, folder: &Path) {
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            std::fs::write(path, bytes).expect("a file");
        }
    }
}

/// Serves an archive over HTTP on the loopback until the process ends.
#[derive(Debug, Clone)]
pub struct Server {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// What is served; change it at will.
    pub archive: Arc<Mutex<Archive>>,
    /// Every request: path and the status it got.
    pub log: Arc<Mutex<Vec<(String, u16)>>>,
    /// Every `Authorization` that was sent.
    pub authorizations: Arc<Mutex<Vec<String>>>,
    /// Paths whose next answer breaks off in the middle.
    pub break_off: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Begins to serve.
    pub fn start(archive: Archive) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let archive = Arc::new(Mutex::new(archive));
        let (log, authorizations, break_off) = (Arc::default(), Arc::default(), Arc::default());
        let server = Self { url, archive, log, authorizations, break_off };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.answer(&stream));
            }
        });
        server
    }

    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream).take(1 << 16);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.trim_start_matches('/').to_owned();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        self.authorizations.lock().ok()?.extend(headers.get("authorization").cloned());
        let found = self.archive.lock().ok()?.files.get(&path).cloned();
        let etag = found.as_ref().map(|bytes| format!("\"{}\"", &sha256(bytes)[..16]));
        let from: usize = headers
            .get("range")
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok())
            .unwrap_or(0);
        let (status, body) = match found {
            None => (404, Vec::new()),
            Some(_) if headers.get("if-none-match") == etag.as_ref() => (304, Vec::new()),
            Some(bytes) if from > 0 => (206, bytes.get(from..).unwrap_or_default().to_vec()),
            Some(bytes) => (200, bytes),
        };
        self.log.lock().ok()?.push((path.clone(), status));
        let etag = etag.map(|etag| format!("ETag: {etag}\r\n")).unwrap_or_default();
        let head =
            format!("HTTP/1.1 {status} Toy\r\n{etag}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).ok()?;
        let mut breaking = self.break_off.lock().ok()?;
        let half = breaking.iter().position(|broken| *broken == path).map(|place| breaking.remove(place));
        let end = if half.is_some() { body.len() / 2 } else { body.len() };
        stream.write_all(&body[..end]).ok()
    }
}
