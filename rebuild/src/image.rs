//! An image as its manifest and config describe it (OCI image specification; Docker image manifest version 2, schema 2).

pub mod config;
pub mod digest;
pub mod edit;
pub mod manifest;
pub mod platform;
pub mod reference;

pub use config::Config;
pub use digest::Digest;
pub use edit::Rewrite;
pub use manifest::{Compression, Manifest};
pub use platform::Platform;
pub use reference::{Location, Reference};

use crate::store::verify::read_limited;
use crate::store::{Blob, Source, StoreError};
use manifest::{Document, MANIFEST_LIMIT};
use std::collections::BTreeMap;

/// How deep indexes may point at indexes.
const INDEX_DEPTH: usize = 4;

/// An image whose manifest and config have been read and fit each other. Its layers are still in the store.
#[derive(Debug, Clone)]
pub struct Image {
    /// The name for people, as the source gives it.
    pub name: String,
    /// The manifest's media type.
    pub media_type: String,
    /// The manifest's exact bytes.
    pub manifest_bytes: Vec<u8>,
    /// The manifest.
    pub manifest: Manifest,
    /// The manifest's digest.
    pub digest: Digest,
    /// The config.
    pub config: Config,
    /// The config's exact bytes.
    pub config_bytes: Vec<u8>,
    /// The layers, lowest first.
    pub layers: Vec<LayerBlob>,
    /// How the image was chosen, when its name leads to an index.
    pub index: Option<Chosen>,
}

/// A layer as the manifest and the config describe it.
#[derive(Debug, Clone)]
pub struct LayerBlob {
    /// What the store calls it.
    pub blob: Blob,
    /// The digest of its plain tar.
    pub diff_id: Digest,
    /// How the media type says it is compressed.
    pub compression: Compression,
    /// The entry of the config's history that made it.
    pub history: Option<usize>,
    /// The descriptor's annotations.
    pub annotations: BTreeMap<String, String>,
}

/// Which entry of an index an image is.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The platform of the entry, or of the config where the entry names none.
    pub platform: Platform,
    /// For people: `chose linux/amd64 of 5`.
    pub note: String,
    /// The outermost index: what its name led to.
    pub media_type: String,
    /// The outermost index's exact bytes.
    pub bytes: Vec<u8>,
    /// The outermost index's digest.
    pub digest: Digest,
}

impl Image {
    /// Reads the image behind a source's name: an index leads to the entry for `platform`, or without one to that of
    /// this machine or the only one there is.
    ///
    /// # Errors
    /// When something is missing or damaged, when there is no image for the platform, when a layer's content cannot be used
    /// (foreign, encrypted), and when manifest, config and history do not fit each other.
    pub fn open(source: &dyn Source, platform: Option<&Platform>) -> Result<Self, StoreError> {
        let name = source.name();
        let (given, bytes) = source.manifest(None)?;
        let (mut media_type, mut document) = parse(&name, &given, &bytes)?;
        let mut manifest_bytes = bytes;
        let mut chosen = None;
        for _ in 0..INDEX_DEPTH {
            let Document::Index(index) = &document else { break };
            let entry = index.choose(&name, platform)?.clone();
            let images = index.manifests.iter().filter(|entry| entry.image_platform().is_some()).count().max(1);
            let (given, bytes) = source.manifest(Some(&entry.digest))?;
            check_entry(&name, &entry.blob(), &bytes)?;
            let given = if entry.media_type.is_empty() { given } else { entry.media_type.clone() };
            let outer = std::mem::replace(&mut manifest_bytes, bytes);
            let outer_type = std::mem::take(&mut media_type);
            chosen.get_or_insert((outer_type, outer, images)).2 = images;
            (media_type, document) = parse(&name, &given, &manifest_bytes)?;
        }
        let Document::Manifest(manifest) = document else {
            return Err(no(&name, format!("indexes point at indexes more than {INDEX_DEPTH} levels deep")));
        };
        let config_bytes = read_config(source, &name, &manifest)?;
        let config = Config::parse(&name, &config_bytes)?;
        let layers = layers(&name, &manifest, &config)?;
        let found = config.platform();
        if let (Some(wanted), None) = (platform, &chosen)
            && wanted.distance(&found).is_none()
        {
            let what = format!("an image for {wanted} (there is: {found})");
            return Err(StoreError::Missing { name, what });
        }
        let index = chosen.map(|(media_type, bytes, images)| Chosen {
            note: format!("chose {found} of {images}"),
            platform: found,
            digest: Digest::of(&bytes),
            media_type,
            bytes,
        });
        let digest = Digest::of(&manifest_bytes);
        Ok(Self { name, media_type, manifest_bytes, manifest, digest, config, config_bytes, layers, index })
    }

    /// The compressed size of all layers, in bytes.
    pub fn size(&self) -> u64 {
        self.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.blob.size))
    }
}

fn parse(name: &str, media_type: &str, bytes: &[u8]) -> Result<(String, Document), StoreError> {
    if bytes.len() as u64 > MANIFEST_LIMIT {
        return Err(no(name, format!("the manifest is larger than {MANIFEST_LIMIT} bytes")));
    }
    Document::parse(name, media_type, bytes)
}

fn check_entry(name: &str, entry: &Blob, bytes: &[u8]) -> Result<(), StoreError> {
    if entry.size == bytes.len() as u64 {
        return Ok(());
    }
    Err(StoreError::Corrupt {
        name: name.into(),
        what: format!("manifest {}", entry.digest),
        expected: format!("{} bytes", entry.size),
        found: format!("{} bytes", bytes.len()),
    })
}

fn read_config(source: &dyn Source, name: &str, manifest: &Manifest) -> Result<Vec<u8>, StoreError> {
    let blob = manifest.config.blob();
    if blob.size > config::CONFIG_LIMIT {
        return Err(no(name, format!("the config has {} bytes; at most {} are read", blob.size, config::CONFIG_LIMIT)));
    }
    let reader = source.blob(&blob)?;
    let reader = crate::store::verify::Verified::new(reader, &blob, name);
    read_limited(name, &format!("config {}", blob.digest), reader, config::CONFIG_LIMIT)
}

fn layers(name: &str, manifest: &Manifest, config: &Config) -> Result<Vec<LayerBlob>, StoreError> {
    let diff_ids = config.diff_ids();
    if diff_ids.len() != manifest.layers.len() {
        let reason = format!("{} layers, but the config has {} diff ids", manifest.layers.len(), diff_ids.len());
        return Err(no(name, reason));
    }
    let history = config.history_of_layers(diff_ids.len()).map_err(|reason| no(name, reason))?;
    let parts = manifest.layers.iter().zip(diff_ids).zip(history);
    parts
        .enumerate()
        .map(|(i, ((descriptor, diff_id), history))| {
            let compression = Compression::of_media_type(&descriptor.media_type)
                .map_err(|reason| no(name, format!("layer {} ({}) {reason}", i + 1, descriptor.digest)))?;
            let annotations = descriptor.annotations.clone();
            Ok(LayerBlob { blob: descriptor.blob(), diff_id, compression, history, annotations })
        })
        .collect()
}

fn no(name: &str, reason: String) -> StoreError {
    StoreError::NotAnImage { name: name.into(), reason }
}
