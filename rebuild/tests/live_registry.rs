//! Against real programs: the `distribution` project's registry on a free port of the loopback, and skopeo as the referee.
//!
//! `cargo test -p slim-rebuild --test live_registry -- --ignored` (Debian: `apt-get install docker-registry skopeo`).

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

use rebuild::event::Silent;
use rebuild::image::{Digest, Reference};
use rebuild::store::registry::{
    Credential, CredentialSource, PlainHttp, RegistryOptions, RegistrySink, RegistrySource, Upload,
};
use rebuild::store::{Blob, Sink, Source};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// bcrypt of `hunter2`, which is all that the registry's htpasswd takes.
const HTPASSWD: &str = "bob:$2y$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.\n";

struct Live {
    child: Child,
    host: String,
    dir: tempfile::TempDir,
}

impl Live {
    fn start(with_password: bool) -> Self {
        Self::start_with(with_password, false)
    }

    /// With TLS it has a certificate of its own making, `cert.pem`.
    fn start_with(with_password: bool, with_tls: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let root = dir.path().display();
        let mut config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {root}/data\nhttp:\n  addr: {host}\n"
        );
        if with_password {
            std::fs::write(dir.path().join("htpasswd"), HTPASSWD).unwrap();
            config += &format!("auth:\n  htpasswd:\n    realm: test\n    path: {root}/htpasswd\n");
        }
        if with_tls {
            // An authority and a certificate of it, since a certificate may not vouch for itself.
            let script = "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca \
                && openssl req -newkey rsa:2048 -nodes -keyout key.pem -out cert.csr -subj /CN=localhost \
                && printf 'subjectAltName=IP:127.0.0.1' > ext \
                && openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem";
            let made = Command::new("sh").args(["-c", script]).current_dir(&dir).stderr(Stdio::null()).status();
            assert!(made.expect("openssl is installed").success());
            config = config.replace(
                &format!("  addr: {host}\n"),
                &format!("  addr: {host}\n  tls:\n    certificate: {root}/cert.pem\n    key: {root}/key.pem\n"),
            );
        }
        let file = dir.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry is installed");
        let up = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            TcpStream::connect(&host).is_ok()
        });
        assert!(up, "docker-registry listens");
        Self { child, host, dir }
    }

    fn reference(&self, rest: &str) -> Reference {
        format!("{}/{rest}", self.host).parse().unwrap()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn skopeo(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("skopeo").args(arguments).output().expect("skopeo is installed");
    assert!(output.status.success(), "skopeo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// An OCI image layout with one image of `size` bytes in two layers.
fn write_layout(dir: &Path, size: usize) {
    let blobs = dir.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let store = |bytes: &[u8], media_type: &str| {
        let digest = Digest::of(bytes);
        std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
        serde_json::json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    };
    // Layers' bytes are opaque to a registry; a xorshift makes them incompressible.
    let mut state = 88_172_645_463_325_252_u64;
    let mut noise = |count: usize| -> Vec<u8> {
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..count).map(|_| next()).collect()
    };
    let layer = "application/vnd.oci.image.layer.v1.tar";
    let (first, second) = (noise(size), noise(size / 10));
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [Digest::of(&first), Digest::of(&second)] },
    });
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": store(config.to_string().as_bytes(), "application/vnd.oci.image.config.v1+json"),
        "layers": [store(&first, layer), store(&second, layer)],
    });
    let entry = store(manifest.to_string().as_bytes(), "application/vnd.oci.image.manifest.v1+json");
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [entry] });
    std::fs::write(dir.join("index.json"), index.to_string()).unwrap();
    std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

/// Carries an image over, and says how many blobs had to be sent.
fn copy(source: &RegistrySource, mut sink: RegistrySink) -> (Digest, usize) {
    let (media_type, manifest) = source.manifest(None).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let blobs = std::iter::once(&json["config"]).chain(json["layers"].as_array().unwrap()).map(|entry| Blob {
        digest: entry["digest"].as_str().unwrap().parse().unwrap(),
        size: entry["size"].as_u64().unwrap(),
        media_type: entry["mediaType"].as_str().unwrap().into(),
    });
    let (registry, repository) = source.repository().unwrap();
    let mut sent = 0;
    for blob in blobs {
        if !sink.has(&blob, Some((&registry, &repository))).unwrap() {
            sink.blob(&blob, &mut source.blob(&blob).unwrap(), &Silent).unwrap();
            sent += 1;
        }
    }
    (Box::new(sink).finish(&media_type, &manifest).unwrap(), sent)
}

#[test]
#[ignore = "live: needs docker-registry and skopeo"]
fn skopeo_and_a_real_registry_agree() {
    let open = Live::start(false);
    let layout = open.dir.path().join("layout");
    write_layout(&layout, 20_000_000);
    let from = format!("oci:{}", layout.display());
    skopeo(&["copy", "--dest-tls-verify=false", &from, &format!("docker://{}/first/app:1", open.host)]);

    // Within one registry everything is mounted.
    let options = RegistryOptions { credentials: CredentialSource::anonymous(), ..RegistryOptions::default() };
    let source = RegistrySource::open(&open.reference("first/app:1"), &options).unwrap();
    let (digest, sent) = copy(&source, RegistrySink::open(&open.reference("second/app:2"), &options).unwrap());
    assert_eq!(sent, 0);
    let raw = |host: &str, name: &str, more: &[&str]| {
        let image = format!("docker://{host}/{name}");
        skopeo(&[&["inspect", "--raw", "--tls-verify=false"], more, &[&image]].concat())
    };
    assert_eq!(Digest::of(&raw(&open.host, "second/app:2", &[])), digest);
    assert_eq!(raw(&open.host, "first/app:1", &[]), raw(&open.host, "second/app:2", &[]));

    // To another, with a password, everything is sent: whole, and in chunks.
    let closed = Live::start(true);
    let bob = Credential::Password { user: "bob".into(), password: "hunter2".into() };
    let known =
        RegistryOptions { credentials: CredentialSource::anonymous().with(&closed.host, bob), ..options.clone() };
    let chunked = RegistryOptions { upload: Upload::Chunked { chunk: 3_000_000 }, ..known.clone() };
    let login = ["--creds", "bob:hunter2"];
    for (name, options) in [("whole/app:1", &known), ("chunked/app:1", &chunked)] {
        let (stored, sent) = copy(&source, RegistrySink::open(&closed.reference(name), options).unwrap());
        assert_eq!((&stored, sent), (&digest, 3), "{name}");
        assert_eq!(Digest::of(&raw(&closed.host, name, &login)), digest);
        let back = closed.dir.path().join(name.replace(['/', ':'], "-"));
        let (image, target) = (format!("docker://{}/{name}", closed.host), format!("oci:{}", back.display()));
        skopeo(&["copy", "--src-tls-verify=false", "--src-creds", "bob:hunter2", &image, &target]);
        let index: serde_json::Value =
            serde_json::from_slice(&std::fs::read(back.join("index.json")).unwrap()).unwrap();
        assert_eq!(index["manifests"][0]["digest"], digest.as_str());
    }

    // And by digest; what is not there, or not for us, is said so.
    let pinned = closed.reference("whole/app:1").with_digest(digest.clone());
    let again = RegistrySource::open(&pinned, &known).unwrap();
    assert_eq!(Digest::of(&again.manifest(None).unwrap().1), digest);
    let gone = RegistrySource::open(&closed.reference("whole/app:9"), &known).unwrap().manifest(None).unwrap_err();
    let refused = RegistrySource::open(&pinned, &options).unwrap().manifest(None).unwrap_err();
    println!("{gone}\n{refused}");
    assert!(gone.to_string().contains("MANIFEST_UNKNOWN"), "{gone}");
    assert!(refused.to_string().contains(&format!("docker login {}", closed.host)), "{refused}");
    let missing = Blob { digest: Digest::of(b"none"), size: 4, media_type: String::new() };
    assert!(again.blob(&missing).map(|mut reader| reader.read(&mut [0; 8])).is_err());
}

#[test]
#[ignore = "live: needs docker-registry and openssl"]
fn a_private_authority_must_be_named() {
    let live = Live::start_with(true, true);
    let bob = Credential::Password { user: "bob".into(), password: "hunter2".into() };
    let strict = RegistryOptions {
        plain_http: PlainHttp::Never,
        credentials: CredentialSource::anonymous().with(&live.host, bob),
        ..RegistryOptions::default()
    };
    let trusting = RegistryOptions { ca_certificates: vec![live.dir.path().join("ca.pem")], ..strict.clone() };
    let manifest = br#"{"schemaVersion":2,"manifests":[]}"#;
    let media_type = "application/vnd.oci.image.index.v1+json";
    let reference = live.reference("app:1");
    let refused = Box::new(RegistrySink::open(&reference, &strict).unwrap()).finish(media_type, manifest).unwrap_err();
    println!("{refused}");
    assert!(refused.to_string().contains("no trusted TLS connection"), "{refused}");
    let digest = Box::new(RegistrySink::open(&reference, &trusting).unwrap()).finish(media_type, manifest).unwrap();
    let source = RegistrySource::open(&reference, &trusting).unwrap();
    assert_eq!(Digest::of(&source.manifest(None).unwrap().1), digest);
}
