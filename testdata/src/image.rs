//! Tiny container images, written by hand from the specifications: as an OCI layout, and as `docker save` wrote them before
//! and writes them since version 25.

use serde_json::{Value, json};
use sha2::Digest as _;
use std::io::Write as _;
use std::path::Path;

/// What lies at a path of a layer.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// A file with this content, mode 0644.
    File(&'a [u8]),
    /// A file with this content, mode 0755.
    Program(&'a [u8]),
    /// A folder, mode 0755.
    Dir,
    /// A symbolic link.
    Link(&'a str),
    /// A hard link to an earlier path.
    HardLink(&'a str),
    /// A whiteout of the path itself (`a/b` becomes `a/.wh.b`).
    Whiteout,
    /// An opaque whiteout in the folder (`a` becomes `a/.wh..wh..opq`).
    Opaque,
}

/// How a layer's tar is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pack {
    /// Not at all.
    Plain,
    /// One gzip member.
    Gzip,
    /// Two gzip members, split in the middle of the tar.
    GzipInTwo,
    /// One zstd frame.
    Zstd,
}

/// One layer: its plain tar, and how it is packed.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The plain tar.
    pub tar: Vec<u8>,
    /// The packing.
    pub pack: Pack,
    /// The text of its history entry.
    pub created_by: String,
}

/// An image in the making.
#[derive(Debug, Clone)]
pub struct ImageMaker {
    /// The config, without `rootfs` and `history`, which are made from the layers.
    pub config: Value,
    /// The layers, lowest first.
    pub layers: Vec<Layer>,
    /// Whether manifest and media types are Docker's.
    pub docker: bool,
    /// Annotations of an OCI manifest.
    pub annotations: Value,
}

/// `sha256:…` of some bytes.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(sha2::Sha256::digest(bytes)))
}

/// A layer's tar of these entries, in their order; owner root, time 0.
///
/// # Panics
/// When a path is too long for the format.
pub fn layer_tar(entries: &[(&str, What)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, what) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_mode(if matches!(what, What::Program(_) | What::Dir) { 0o755 } else { 0o644 });
        let mut path = (*path).to_owned();
        let mut content: &[u8] = &[];
        match what {
            What::File(bytes) | What::Program(bytes) => content = bytes,
            What::Dir => header.set_entry_type(tar::EntryType::Directory),
            What::Link(target) | What::HardLink(target) => {
                let hard = matches!(what, What::HardLink(_));
                header.set_entry_type(if hard { tar::EntryType::Link } else { tar::EntryType::Symlink });
                header.set_size(0);
                tar.append_link(&mut header, &path, target).expect("a link");
                continue;
            }
            What::Whiteout => {
                path = match path.rsplit_once('/') {
                    Some((dir, name)) => format!("{dir}/.wh.{name}"),
                    None => format!(".wh.{path}"),
                };
            }
            What::Opaque => path.push_str("/.wh..wh..opq"),
        }
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, &path, content).expect("an entry");
    }
    tar.into_inner().expect("a tar")
}

/// Gzip, as one member.
///
/// # Panics
/// Never: it writes to memory.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

impl Layer {
    /// The bytes that a registry would hold.
    ///
    /// # Panics
    /// Never: it writes to memory.
    pub fn blob(&self) -> Vec<u8> {
        match self.pack {
            Pack::Plain => self.tar.clone(),
            Pack::Gzip => gzip(&self.tar),
            Pack::GzipInTwo => {
                let (one, two) = self.tar.split_at(self.tar.len() / 2);
                [gzip(one), gzip(two)].concat()
            }
            Pack::Zstd => zstd::encode_all(self.tar.as_slice(), 3).expect("memory"),
        }
    }

    fn media_type(&self, docker: bool) -> &'static str {
        match (self.pack, docker) {
            (Pack::Plain, true) => "application/vnd.docker.image.rootfs.diff.tar",
            (Pack::Gzip | Pack::GzipInTwo, true) => "application/vnd.docker.image.rootfs.diff.tar.gzip",
            (Pack::Zstd, true) => "application/vnd.docker.image.rootfs.diff.tar.zstd",
            (Pack::Plain, false) => "application/vnd.oci.image.layer.v1.tar",
            (Pack::Gzip | Pack::GzipInTwo, false) => "application/vnd.oci.image.layer.v1.tar+gzip",
            (Pack::Zstd, false) => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }
}

impl Default for ImageMaker {
    fn default() -> Self {
        let config = json!({
            "architecture": "amd64", "os": "linux", "created": "2024-01-01T00:00:00Z",
            "config": {"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["/bin/hello"]}
        });
        Self { config, layers: Vec::new(), docker: false, annotations: json!({}) }
    }
}

impl ImageMaker {
    /// An OCI image for linux/amd64 without layers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a layer on top.
    #[must_use]
    pub fn layer(self, pack: Pack, entries: &[(&str, What)]) -> Self {
        self.layer_of(pack, layer_tar(entries))
    }

    /// Adds a layer on top, of a tar that is there already.
    #[must_use]
    pub fn layer_of(mut self, pack: Pack, tar: Vec<u8>) -> Self {
        let created_by = format!("layer {}", self.layers.len() + 1);
        self.layers.push(Layer { tar, pack, created_by });
        self
    }

    /// Sets a field of the `config` object.
    #[must_use]
    pub fn run(mut self, key: &str, value: Value) -> Self {
        self.config["config"][key] = value;
        self
    }

    /// Sets a field of the whole config.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.config[key] = value;
        self
    }

    /// Writes Docker's media types.
    #[must_use]
    pub fn docker(mut self) -> Self {
        self.docker = true;
        self
    }

    /// The config's bytes.
    pub fn config_bytes(&self) -> Vec<u8> {
        let mut config = self.config.clone();
        let diff_ids: Vec<String> = self.layers.iter().map(|layer| digest(&layer.tar)).collect();
        config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
        if config.get("history").is_none() {
            config["history"] = self.layers.iter().map(|layer| json!({"created_by": layer.created_by})).collect();
        }
        config.to_string().into_bytes()
    }

    /// The manifest's media type.
    pub fn media_type(&self) -> &'static str {
        if self.docker {
            "application/vnd.docker.distribution.manifest.v2+json"
        } else {
            "application/vnd.oci.image.manifest.v1+json"
        }
    }

    /// The manifest's bytes.
    pub fn manifest_bytes(&self) -> Vec<u8> {
        let config = self.config_bytes();
        let config_type = if self.docker {
            "application/vnd.docker.container.image.v1+json"
        } else {
            "application/vnd.oci.image.config.v1+json"
        };
        let descriptor = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()});
        let layers: Vec<Value> =
            self.layers.iter().map(|layer| descriptor(layer.media_type(self.docker), &layer.blob())).collect();
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": self.media_type(), "config": descriptor(config_type, &config), "layers": layers
        });
        if !self.docker && self.annotations.as_object().is_some_and(|map| !map.is_empty()) {
            manifest["annotations"] = self.annotations.clone();
        }
        manifest.to_string().into_bytes()
    }

    /// Config, layers and manifest as blobs: digest and bytes, manifest last.
    pub fn blobs(&self) -> Vec<(String, Vec<u8>)> {
        let mut blobs = vec![self.config_bytes()];
        blobs.extend(self.layers.iter().map(Layer::blob));
        blobs.push(self.manifest_bytes());
        blobs.into_iter().map(|bytes| (digest(&bytes), bytes)).collect()
    }

    /// The manifest's descriptor for an index, with platform and tag.
    pub fn descriptor(&self, tag: Option<&str>) -> Value {
        let manifest = self.manifest_bytes();
        let mut platform = json!({"os": self.config["os"], "architecture": self.config["architecture"]});
        if let Some(variant) = self.config.get("variant") {
            platform["variant"] = variant.clone();
        }
        let mut entry = json!({
            "mediaType": self.media_type(), "digest": digest(&manifest), "size": manifest.len(), "platform": platform
        });
        if let Some(tag) = tag {
            entry["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        }
        entry
    }

    /// Writes the image as the only one of an OCI layout.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn write_layout(&self, dir: &Path, tag: Option<&str>) {
        write_layout(dir, &[self], &[self.descriptor(tag)]);
    }

    /// The image as `docker save` wrote it before version 25: a folder for each layer, plain tars.
    ///
    /// # Panics
    /// Never: it writes to memory.
    pub fn docker_save_old(&self, names: &[&str]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let config = self.config_bytes();
        let config_name = format!("{}.json", &digest(&config)[7..]);
        let mut layers = Vec::new();
        let mut seen = std::collections::BTreeMap::new();
        for (i, layer) in self.layers.iter().enumerate() {
            let id = &digest(format!("{i} {}", digest(&layer.tar)).as_bytes())[7..];
            let path = format!("{id}/layer.tar");
            append(&mut tar, &format!("{id}/VERSION"), b"1.0");
            append(&mut tar, &format!("{id}/json"), json!({"id": id}).to_string().as_bytes());
            match seen.insert(digest(&layer.tar), path.clone()) {
                // Docker wrote a layer that comes twice as a link to the first.
                Some(first) => {
                    let mut header = tar::Header::new_gnu();
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.set_size(0);
                    header.set_mode(0o777);
                    tar.append_link(&mut header, &path, format!("../{first}")).expect("memory");
                }
                None => append(&mut tar, &path, &layer.tar),
            }
            layers.push(path);
        }
        append(&mut tar, &config_name, &config);
        let manifest = json!([{"Config": config_name, "RepoTags": names, "Layers": layers}]);
        append(&mut tar, "manifest.json", manifest.to_string().as_bytes());
        tar.into_inner().expect("memory")
    }

    /// The image as `docker save` writes it since version 25: an OCI layout with the image's own manifest, and `manifest.json`.
    ///
    /// # Panics
    /// Never: it writes to memory.
    pub fn docker_save_new(&self, names: &[&str]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let path = |digest: &str| format!("blobs/sha256/{}", &digest[7..]);
        let mut blobs = self.blobs();
        blobs.sort();
        blobs.dedup();
        for (digest, bytes) in &blobs {
            append(&mut tar, &path(digest), bytes);
        }
        let entries: Vec<Value> = names
            .iter()
            .map(|name| {
                let mut entry = self.descriptor(name.rsplit_once(':').map(|(_, tag)| tag));
                entry["annotations"]["io.containerd.image.name"] = (*name).into();
                entry
            })
            .collect();
        append(&mut tar, "index.json", json!({"schemaVersion": 2, "manifests": entries}).to_string().as_bytes());
        let layers: Vec<String> = self.layers.iter().map(|layer| path(&digest(&layer.blob()))).collect();
        let manifest = json!([{"Config": path(&digest(&self.config_bytes())), "RepoTags": names, "Layers": layers}]);
        append(&mut tar, "manifest.json", manifest.to_string().as_bytes());
        append(&mut tar, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
        tar.into_inner().expect("memory")
    }
}

/// Writes the blobs of some images and an `index.json` with these entries.
///
/// # Panics
/// When the folder cannot be written.
pub fn write_layout(dir: &Path, images: &[&ImageMaker], entries: &[Value]) {
    let blobs = dir.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).expect("a folder");
    for (digest, bytes) in images.iter().flat_map(|image| image.blobs()) {
        std::fs::write(blobs.join(&digest[7..]), bytes).expect("a blob");
    }
    let index = json!({"schemaVersion": 2, "manifests": entries});
    std::fs::write(dir.join("index.json"), index.to_string()).expect("an index");
    std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a file");
}

/// Packs the files of a folder (a layout, say) into a tar.
///
/// # Panics
/// When the folder cannot be read.
pub fn tar_of_folder(dir: &Path) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all(".", dir).expect("a folder");
    tar.into_inner().expect("memory")
}

fn append(tar: &mut tar::Builder<Vec<u8>>, path: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    tar.append_data(&mut header, path, bytes).expect("memory");
}
