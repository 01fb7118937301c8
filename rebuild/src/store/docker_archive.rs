//! `docker-archive:` – what `docker save` writes and `docker load` reads (Docker image specification 1.2, "Combined Image JSON +
//! Filesystem Changeset Format"; since Docker 25 an OCI layout as well).

use super::archive::Writer;
use super::files::Files;
use super::layout::{self, open_blob};
use super::tarball::{Packed, Tarball, compression};
use super::verify::read_limited;
use super::{Blob, Sink, Source, StoreError};
use crate::event::Reporter;
use crate::image::config::CONFIG_LIMIT;
use crate::image::digest::Hashing;
use crate::image::manifest::{Compression, DOCKER_CONFIG, DOCKER_MANIFEST, Document, MANIFEST_LIMIT};
use crate::image::{Config, Digest, Reference};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

/// How many indexes inside the archive's layout are looked into for an image's manifest.
const INDEX_LIMIT: usize = 64;

/// One image of `manifest.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// An image in an archive of `docker save`, for reading.
///
/// Where the archive holds the image's own manifest, that is what it gives, so that digests are those of the registry.
/// Otherwise the manifest is made from the list of layers, whose digests are then those of the files as they lie there.
pub struct DockerArchive {
    files: Tarball,
    name: String,
    manifest: (String, Vec<u8>),
    /// Files that do not lie where a layout keeps blobs.
    paths: BTreeMap<Digest, String>,
}

impl DockerArchive {
    /// Opens the image of that name (`app:1`, or `@0` for the first), without a name the only one. What is packed is unpacked in
    /// `temporary`.
    ///
    /// # Errors
    /// When the file is no such archive, or the name is not there (or needed); the text lists the names.
    pub fn open(
        file: &Path,
        image: Option<&str>,
        temporary: &Path,
        reporter: &dyn Reporter,
    ) -> Result<Self, StoreError> {
        let name = layout::named("docker-archive", file, image);
        let files = Tarball::open(&name, file, temporary, reporter)?;
        let entry = choose(&files, &name, image)?;
        let Some((_, bytes)) = files.open(&name, &entry.config)? else {
            return Err(StoreError::Missing { name, what: format!("the config {}", entry.config) });
        };
        let config = read_limited(&name, "the config", bytes, CONFIG_LIMIT)?;
        let digest = Digest::of(&config);
        let mut paths = BTreeMap::from([(digest.clone(), entry.config.clone())]);
        let config_blob = Blob { digest, size: config.len() as u64, media_type: DOCKER_CONFIG.into() };
        // Elsewhere the file's name is a hint only: Docker takes configs under any name, and edited ones.
        if entry.config.starts_with("blobs/") && entry.config != layout::blob_path(&config_blob.digest) {
            let (what, found) = ("the config".into(), config_blob.digest.to_string());
            return Err(StoreError::Corrupt { name, what, expected: entry.config, found });
        }
        if let Some(manifest) = own_manifest(&files, &name, &config_blob.digest)? {
            return Ok(Self { files, name, manifest, paths });
        }
        let config = Config::parse(&name, &config)?;
        let layers = entry.layers.unwrap_or_default();
        let manifest = make_manifest(&files, &name, &config_blob, &config.diff_ids(), &layers, &mut paths)?;
        Ok(Self { files, name, manifest: (DOCKER_MANIFEST.into(), manifest), paths })
    }
}

impl Source for DockerArchive {
    fn manifest(&self, digest: Option<&Digest>) -> Result<(String, Vec<u8>), StoreError> {
        match digest {
            Some(digest) if *digest != Digest::of(&self.manifest.1) => {
                Ok((String::new(), layout::read_manifest(&self.files, &self.name, digest)?))
            }
            _ => Ok(self.manifest.clone()),
        }
    }

    fn blob<'a>(&'a self, blob: &Blob) -> Result<Box<dyn Read + Send + 'a>, StoreError> {
        let path = self.paths.get(&blob.digest).cloned().unwrap_or_else(|| layout::blob_path(&blob.digest));
        open_blob(&self.files, &self.name, &path, blob)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Reads `manifest.json` and finds the image of that name.
fn choose(files: &Tarball, name: &str, image: Option<&str>) -> Result<Entry, StoreError> {
    let no = |reason: String| StoreError::NotAnImage { name: name.into(), reason };
    let Some((_, bytes)) = files.open(name, "manifest.json")? else {
        let hint = match files.open(name, "oci-layout")? {
            Some(_) => "; it is a layout: read it as oci-archive:",
            None => "",
        };
        return Err(no(format!("an archive of docker save has a file manifest.json; there is none{hint}")));
    };
    let bytes = read_limited(name, "manifest.json", bytes, MANIFEST_LIMIT)?;
    let entries: Option<Vec<Entry>> =
        serde_json::from_slice(&bytes).map_err(|error| no(format!("manifest.json: {error}")))?;
    let entries = entries.unwrap_or_default();
    let same = |tag: &String| {
        let normal = |text: &str| text.parse::<Reference>().ok();
        image.is_some_and(|image| image == tag || normal(tag).is_some_and(|tag| Some(tag) == normal(image)))
    };
    let place = image.and_then(|image| image.strip_prefix('@')?.parse::<usize>().ok());
    let there: Vec<String> = entries
        .iter()
        .enumerate()
        .map(|(i, entry)| match entry.repo_tags.as_deref() {
            None | Some([]) => format!("@{i}"),
            Some(tags) => tags.join(", "),
        })
        .collect();
    let count = entries.len();
    let found = match (image, place) {
        (None, _) if count == 1 => entries.into_iter().next(),
        (None, _) => None,
        (_, Some(place)) => entries.into_iter().nth(place),
        _ => entries.into_iter().find(|entry| entry.repo_tags.iter().flatten().any(same)),
    };
    found.ok_or_else(|| {
        let there =
            if there.is_empty() { "the archive is empty".into() } else { format!("there is: {}", there.join(", ")) };
        let what = match image {
            Some(image) => format!("the image {image} ({there})"),
            None if count == 0 => format!("an image ({there})"),
            None => return layout::several(name, "the file", &there),
        };
        StoreError::Missing { name: name.into(), what }
    })
}

/// The manifest with this config in the layout that the archive is as well, if it is one and all blobs are there.
fn own_manifest(files: &Tarball, name: &str, config: &Digest) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    if files.open(name, "index.json")?.is_none() {
        return Ok(None);
    }
    let mut indexes = vec![layout::read_index(files, name)?];
    let mut seen = BTreeSet::new();
    while let Some(index) = indexes.pop() {
        for entry in index.get("manifests").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
            let Ok(digest) = text("digest").parse::<Digest>() else { continue };
            if seen.len() >= INDEX_LIMIT || !seen.insert(digest.clone()) {
                continue;
            }
            // An index saved for one platform points at manifests that were left out.
            if files.open(name, &layout::blob_path(&digest))?.is_none() {
                continue;
            }
            let bytes = layout::read_manifest(files, name, &digest)?;
            match Document::parse(name, text("mediaType"), &bytes) {
                Ok((media_type, Document::Manifest(manifest))) if manifest.config.digest == *config => {
                    let whole = manifest.layers.iter().map(|layer| files.open(name, &layout::blob_path(&layer.digest)));
                    if whole.collect::<Result<Vec<_>, _>>()?.iter().all(Option::is_some) {
                        return Ok(Some((media_type, bytes)));
                    }
                }
                Ok((_, Document::Index(_))) => indexes.extend(serde_json::from_slice::<Value>(&bytes)),
                _ => {}
            }
        }
    }
    Ok(None)
}

/// Makes a Docker manifest of the layer files. A plain tar's digest is its diff id; a compressed one is hashed.
fn make_manifest(
    files: &Tarball,
    name: &str,
    config: &Blob,
    diff_ids: &[Digest],
    layers: &[String],
    paths: &mut BTreeMap<Digest, String>,
) -> Result<Vec<u8>, StoreError> {
    if layers.len() != diff_ids.len() {
        let reason = format!("manifest.json lists {} layers, the config {} diff ids", layers.len(), diff_ids.len());
        return Err(StoreError::NotAnImage { name: name.into(), reason });
    }
    let mut descriptors = Vec::new();
    for (path, diff_id) in layers.iter().zip(diff_ids) {
        let open = || {
            files
                .open(name, path)?
                .ok_or_else(|| StoreError::Missing { name: name.into(), what: format!("the layer {path}") })
        };
        let (size, bytes) = open()?;
        let mut magic = Vec::new();
        let failed = |error| super::verify::failed(name, &format!("reading {path}"), error);
        bytes.take(4).read_to_end(&mut magic).map_err(failed)?;
        let packed = compression(&magic);
        let digest = match packed {
            None => diff_id.clone(),
            Some(_) => {
                let mut hashing = Hashing::new(open()?.1);
                std::io::copy(&mut hashing, &mut std::io::sink()).map_err(failed)?;
                hashing.finish().0
            }
        };
        let compression = match packed {
            None => Compression::None,
            Some(Packed::Gzip) => Compression::Gzip,
            Some(Packed::Zstd) => Compression::Zstd,
        };
        descriptors.push(json!({"mediaType": compression.media_type(DOCKER_MANIFEST), "size": size, "digest": digest}));
        paths.entry(digest).or_insert_with(|| path.clone());
    }
    let config = json!({"mediaType": DOCKER_CONFIG, "size": config.size, "digest": config.digest});
    let manifest = json!({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": descriptors});
    Ok(manifest.to_string().into_bytes())
}

/// Writes an archive that `docker load` of any age, Podman and skopeo read: a layout with a `manifest.json`.
pub struct DockerArchiveSink {
    archive: Writer,
    name: String,
    image: Option<Reference>,
}

impl DockerArchiveSink {
    /// Begins an archive; `image` is the name that `docker load` will give the image.
    ///
    /// # Errors
    /// When nothing can be written beside `file`, or the name is none.
    pub fn open(file: &Path, image: Option<&str>) -> Result<Self, StoreError> {
        let name = layout::named("docker-archive", file, image);
        let image = image.map(str::parse::<Reference>).transpose()?;
        Ok(Self { archive: Writer::create(&name, file)?, name, image })
    }
}

impl Sink for DockerArchiveSink {
    fn has(&mut self, blob: &Blob, _from: Option<(&str, &str)>) -> Result<bool, StoreError> {
        Ok(self.archive.has(blob))
    }

    fn blob(&mut self, blob: &Blob, bytes: &mut dyn Read, reporter: &dyn Reporter) -> Result<(), StoreError> {
        self.archive.blob(blob, bytes, reporter)
    }

    fn finish(mut self: Box<Self>, media_type: &str, manifest: &[u8]) -> Result<Digest, StoreError> {
        let Document::Manifest(parsed) = Document::parse(&self.name, media_type, manifest)?.1 else {
            let reason = "an archive for docker load holds images, not indexes; choose one platform".into();
            return Err(StoreError::NotAnImage { name: self.name.clone(), reason });
        };
        let tag = self.image.as_ref().and_then(Reference::tag);
        let digest = self.archive.manifest(media_type, manifest, tag, |entry| {
            if let Some(image) = &self.image {
                entry["annotations"]["io.containerd.image.name"] = image.to_string().into();
            }
        })?;
        // A name with a digest is none that an image can be given.
        let named = self.image.iter().filter_map(|image| image.with_tag(image.tag()?).ok());
        let tags: Vec<String> = named.map(|image| image.familiar()).collect();
        let layers: Vec<String> = parsed.layers.iter().map(|layer| layout::blob_path(&layer.digest)).collect();
        let entry = json!([{"Config": layout::blob_path(&parsed.config.digest), "RepoTags": tags, "Layers": layers}]);
        self.archive.file("manifest.json", entry.to_string().as_bytes())?;
        self.archive.finish()?;
        Ok(digest)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
