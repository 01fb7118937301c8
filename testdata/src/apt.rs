//! A toy apt archive: made of text, signed with throw-away keys, served over HTTP on the loopback or as a folder.

use crate::deb::Deb;
use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedSecretKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::types::{KeyDetails, Password};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A key that signs archives.
#[derive(Debug)]
pub struct Key(SignedSecretKey);

impl Key {
    /// A new Ed25519 key.
    pub fn new() -> Self {
        Self::of(KeyType::Ed25519Legacy, true)
    }

    /// A new RSA key of 2048 bits.
    pub fn rsa() -> Self {
        Self::of(KeyType::Rsa(2048), true)
    }

    /// A key without the flag that lets it sign data.
    pub fn certifying_only() -> Self {
        Self::of(KeyType::Ed25519Legacy, false)
    }

    fn of(kind: KeyType, signs: bool) -> Self {
        let mut parameters = SecretKeyParamsBuilder::default();
        parameters.key_type(kind).can_certify(true).can_sign(signs).primary_user_id("Toy <toy@example.org>".into());
        let parameters = parameters.build().expect("key parameters");
        Self(parameters.generate(rand::thread_rng()).expect("a key"))
    }

    /// The public half, armored.
    pub fn armored(&self) -> String {
        self.0.to_public_key().to_armored_string(ArmorOptions::default()).expect("armor")
    }

    /// The fingerprint, upper-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex::encode_upper(self.0.fingerprint().as_bytes())
    }

    /// The text as a clear-signed message.
    pub fn clear_sign(&self, text: &str) -> String {
        let text = text.trim_end_matches('\n');
        let signed = CleartextSignedMessage::sign(rand::thread_rng(), text, &self.0.primary_key, &Password::empty());
        signed.expect("signed").to_armored_string(ArmorOptions::default()).expect("armor")
    }

    /// An armored detached signature, with a hash that may be weak.
    pub fn detached(&self, text: &str, weak: bool) -> String {
        let hash = if weak { HashAlgorithm::Sha1 } else { HashAlgorithm::Sha512 };
        let key = &self.0.primary_key;
        let signed =
            DetachedSignature::sign_binary_data(rand::thread_rng(), key, &Password::empty(), hash, text.as_bytes());
        signed.expect("signed").to_armored_string(ArmorOptions::default()).expect("armor")
    }
}

impl Default for Key {
    fn default() -> Self {
        Self::new()
    }
}

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
        let mut index = String::new();
        for (paragraph, content) in packages {
            let name = format!(
                "pool/{}_{}_{}.deb",
                field(paragraph, "Package"),
                field(paragraph, "Version").replace(':', "%3a"),
                field(paragraph, "Architecture")
            );
            index += &format!(
                "{}\nFilename: {name}\nSize: {}\nSHA256: {}\nDescription-md5: toy\n\n",
                paragraph.trim(),
                content.len(),
                sha256(content)
            );
            archive.files.insert(name, content.clone());
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(index.as_bytes()).expect("gzip");
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(index.as_bytes()).expect("xz");
        let forms =
            [("", index.into_bytes()), (".gz", gzip.finish().expect("gzip")), (".xz", xz.finish().expect("xz"))];
        let mut release = format!(
            "Origin: Toy\nLabel: Toy\nSuite: {suite}\nCodename: {suite}\n{}\nArchitectures: amd64\nComponents: main\nSHA256:\n",
            fields.trim()
        );
        for (ending, bytes) in forms {
            let folder = format!("dists/{suite}/main/binary-amd64");
            release += &format!(" {} {} main/binary-amd64/Packages{ending}\n", sha256(&bytes), bytes.len());
            archive.files.insert(format!("{folder}/by-hash/SHA256/{}", sha256(&bytes)), bytes.clone());
            archive.files.insert(format!("{folder}/Packages{ending}"), bytes);
        }
        archive.files.insert(format!("dists/{suite}/InRelease"), key.clear_sign(&release).into_bytes());
        archive.files.insert(format!("dists/{suite}/Release"), release.clone().into_bytes());
        archive.files.insert(format!("dists/{suite}/Release.gpg"), key.detached(&release, false).into_bytes());
        archive
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
    /// Paths whose next answer breaks off in the middle.
    pub break_off: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Begins to serve.
    pub fn start(archive: Archive) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server =
            Self { url, archive: Arc::new(Mutex::new(archive)), log: Arc::default(), break_off: Arc::default() };
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
