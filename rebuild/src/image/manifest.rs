//! Manifests and indexes as they are read: OCI image manifest and index, Docker schema 2 manifest and manifest list.
//!
//! These types are for reading alone. What is written is the document itself, edited ([`super::edit`]) or untouched, so
//! that fields unknown here survive.

use super::{Digest, Platform};
use crate::store::{Blob, StoreError};
use oci_spec::image::MediaType;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// A Docker schema 2 manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// A Docker image config.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// A Docker layer without compression; the suffixes `.gzip` and `.zstd` name one.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
/// An OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// An OCI image config.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// An OCI layer without compression; the suffixes `+gzip` and `+zstd` name one.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Largest manifest or index that is read, in bytes. Registries refuse more than 4 MiB (distribution specification, "Pushing
/// manifests").
pub const MANIFEST_LIMIT: u64 = 8 << 20;

/// Most entries of an index, and most layers of an image, that are read. Overlay file systems end at 500 layers.
const ENTRY_LIMIT: usize = 10_000;

/// Points at some content (OCI "descriptor").
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type as written.
    #[serde(default)]
    pub media_type: String,
    /// Content address.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
    /// The platform, in an index.
    #[serde(default)]
    pub platform: Option<RawPlatform>,
    /// Annotations.
    #[serde(default, deserialize_with = "null_is_default")]
    pub annotations: BTreeMap<String, String>,
}

/// A platform as an index writes it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RawPlatform {
    /// `linux`; or `unknown` for an attestation.
    #[serde(default)]
    pub os: String,
    /// `amd64`; or `unknown` for an attestation.
    #[serde(default)]
    pub architecture: String,
    /// `v7`.
    #[serde(default)]
    pub variant: Option<String>,
}

/// An image manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    /// The image config.
    pub config: Descriptor,
    /// The layers, lowest first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub layers: Vec<Descriptor>,
    /// Annotations.
    #[serde(default, deserialize_with = "null_is_default")]
    pub annotations: BTreeMap<String, String>,
}

/// An image index or manifest list.
#[derive(Debug, Clone, Deserialize)]
pub struct Index {
    /// The entries in their order.
    #[serde(default, deserialize_with = "null_is_default")]
    pub manifests: Vec<Descriptor>,
    /// Annotations.
    #[serde(default, deserialize_with = "null_is_default")]
    pub annotations: BTreeMap<String, String>,
}

/// What a name can lead to.
#[derive(Debug, Clone)]
pub enum Document {
    /// One image.
    Manifest(Manifest),
    /// Several.
    Index(Index),
}

/// How a layer is compressed, by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// A plain tar.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Descriptor {
    /// What moving the content needs.
    pub fn blob(&self) -> Blob {
        Blob { digest: self.digest.clone(), size: self.size, media_type: self.media_type.clone() }
    }

    /// The platform, if the entry is an image that can be chosen by one: not an attestation, signature or other artifact.
    pub fn image_platform(&self) -> Option<Platform> {
        let raw = self.platform.as_ref()?;
        let image = matches!(self.media_type.as_str(), "" | DOCKER_MANIFEST | DOCKER_LIST | OCI_MANIFEST | OCI_INDEX);
        let unknown = raw.os == "unknown" || raw.architecture == "unknown" || raw.architecture.is_empty();
        if !image || unknown || self.is_attestation() {
            return None;
        }
        Some(Platform::new(
            if raw.os.is_empty() { "linux" } else { &raw.os },
            &raw.architecture,
            raw.variant.as_deref(),
        ))
    }

    /// Whether BuildKit stored provenance or an SBOM under this entry ("Attestation storage" of its documentation).
    pub fn is_attestation(&self) -> bool {
        self.annotations.contains_key("vnd.docker.reference.type")
    }
}

impl Document {
    /// Reads a manifest or index and says which media type it has: the one inside where there is one, else `media_type`
    /// as the store gave it, else what the content is.
    ///
    /// # Errors
    /// When the bytes are no JSON, a schema 1 manifest, an artifact that is no image, both manifest and index, or not what the
    /// media type says (CVE-2021-41190: a document that two readers understand differently).
    pub fn parse(name: &str, media_type: &str, bytes: &[u8]) -> Result<(String, Self), StoreError> {
        let no = |reason: String| StoreError::NotAnImage { name: name.into(), reason };
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| no(format!("the manifest is not JSON: {error}")))?;
        let inside = value.get("mediaType").and_then(|text| text.as_str()).filter(|text| !text.is_empty());
        let known = |text: &&str| matches!(*text, DOCKER_MANIFEST | DOCKER_LIST | OCI_MANIFEST | OCI_INDEX);
        let outside = Some(media_type).filter(known);
        let version = value.get("schemaVersion").and_then(serde_json::Value::as_u64);
        if version == Some(1) || value.get("fsLayers").is_some() || media_type.contains("distribution.manifest.v1") {
            return Err(no(
                "it is a Docker schema 1 manifest, obsolete since 2017; push the image again with a current tool"
                    .into(),
            ));
        }
        if version != Some(2) {
            let found = value.get("schemaVersion").map_or("nothing".into(), ToString::to_string);
            return Err(no(format!("schemaVersion: expected 2, found {found}")));
        }
        let is_manifest = value.get("config").is_some() || value.get("layers").is_some();
        let is_index = value.get("manifests").is_some();
        if is_manifest == is_index {
            let found = if is_index { "both" } else { "neither" };
            return Err(no(format!("expected either config and layers or manifests, found {found}")));
        }
        let fallback = match (is_index, value.pointer("/config/mediaType").and_then(|text| text.as_str())) {
            (true, _) => OCI_INDEX,
            (false, Some(DOCKER_CONFIG)) => DOCKER_MANIFEST,
            (false, _) => OCI_MANIFEST,
        };
        let media_type = inside.or(outside).unwrap_or(fallback);
        if !known(&media_type) {
            return Err(no(format!("{media_type} is no image manifest")));
        }
        for text in [Some(media_type), outside].into_iter().flatten() {
            if matches!(text, OCI_INDEX | DOCKER_LIST) != is_index {
                return Err(no(format!(
                    "its media type says {text}, its content is {}",
                    if is_index { "an index" } else { "a manifest" }
                )));
            }
        }
        if let Some(kind) = value.pointer("/config/mediaType").and_then(|text| text.as_str())
            && !matches!(kind, OCI_CONFIG | DOCKER_CONFIG)
        {
            return Err(no(format!("it is an artifact with a config of type {kind}")));
        }
        let media_type = media_type.to_owned();
        let document = if is_index {
            serde_json::from_value(value).map(Self::Index)
        } else {
            serde_json::from_value(value).map(Self::Manifest)
        };
        let document = document.map_err(|error| no(format!("the manifest cannot be read: {error}")))?;
        let entries = match &document {
            Self::Manifest(manifest) => manifest.layers.len(),
            Self::Index(index) => index.manifests.len(),
        };
        if entries > ENTRY_LIMIT {
            return Err(no(format!("it has {entries} entries; at most {ENTRY_LIMIT} are read")));
        }
        Ok((media_type, document))
    }
}

impl Index {
    /// The entry for a platform. Without one: this machine's, or the only image there is.
    ///
    /// # Errors
    /// When no entry fits; the text lists what is there.
    pub fn choose(&self, name: &str, wanted: Option<&Platform>) -> Result<&Descriptor, StoreError> {
        let images: Vec<(&Descriptor, Platform)> =
            self.manifests.iter().filter_map(|entry| Some((entry, entry.image_platform()?))).collect();
        let host = Platform::host();
        let aim = wanted.unwrap_or(&host);
        let best = images
            .iter()
            .filter_map(|(entry, platform)| Some((aim.distance(platform)?, *entry)))
            .min_by_key(|(distance, _)| *distance);
        if let Some((_, entry)) = best {
            return Ok(entry);
        }
        // Builders that write one image into an index often leave its platform out.
        let alone = match (images.as_slice(), self.manifests.as_slice()) {
            ([(entry, _)], _) if wanted.is_none() => Some(*entry),
            ([], [entry]) if entry.platform.is_none() && !entry.is_attestation() => Some(entry),
            _ => None,
        };
        let there: Vec<String> = images.iter().map(|(_, platform)| platform.to_string()).collect();
        let there = if there.is_empty() { "no image with a platform".into() } else { there.join(", ") };
        alone.ok_or_else(|| StoreError::Missing {
            name: name.into(),
            what: format!("an image for {aim} (there is: {there})"),
        })
    }
}

impl Compression {
    /// Reads a layer's media type.
    ///
    /// # Errors
    /// The reason why its content cannot be used: foreign, encrypted, or no layer at all.
    pub fn of_media_type(media_type: &str) -> Result<Self, String> {
        if let Some(rest) = media_type.strip_prefix(DOCKER_LAYER) {
            match rest {
                "" => return Ok(Self::None),
                ".gzip" => return Ok(Self::Gzip),
                ".zstd" => return Ok(Self::Zstd),
                _ => {}
            }
        }
        match MediaType::from(media_type) {
            MediaType::ImageLayer => return Ok(Self::None),
            MediaType::ImageLayerGzip => return Ok(Self::Gzip),
            MediaType::ImageLayerZstd => return Ok(Self::Zstd),
            _ => {}
        }
        if media_type.contains(".nondistributable.") || media_type.contains(".foreign.") {
            return Err(format!("is foreign ({media_type}): its content is kept elsewhere and may not be passed on"));
        }
        if media_type.ends_with("+encrypted") {
            return Err(format!("is encrypted ({media_type}); decrypt the image first"));
        }
        Err(format!("has the type {media_type:?}, which is no file system layer"))
    }

    /// The media type of a layer so compressed, in a manifest of the given type.
    pub fn media_type(self, manifest_media_type: &str) -> String {
        let docker = manifest_media_type == DOCKER_MANIFEST;
        match (self, docker) {
            (Self::None, true) => DOCKER_LAYER.into(),
            (Self::Gzip, true) => format!("{DOCKER_LAYER}.gzip"),
            (Self::Zstd, true) => format!("{DOCKER_LAYER}.zstd"),
            (Self::None, false) => OCI_LAYER.into(),
            (Self::Gzip, false) => format!("{OCI_LAYER}+gzip"),
            (Self::Zstd, false) => format!("{OCI_LAYER}+zstd"),
        }
    }
}

/// Go writes an empty list or map as `null`.
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn digest(letter: &str) -> String {
        format!("sha256:{}", letter.repeat(64))
    }

    fn parse(media_type: &str, value: &serde_json::Value) -> Result<(String, Document), String> {
        Document::parse("toy", media_type, value.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    fn entry(letter: &str, platform: &str) -> serde_json::Value {
        let mut parts = platform.split('/');
        let mut entry = json!({"mediaType": OCI_MANIFEST, "digest": digest(letter), "size": 1,
            "platform": {"os": parts.next(), "architecture": parts.next()}});
        if let Some(variant) = parts.next() {
            entry["platform"]["variant"] = variant.into();
        }
        entry
    }

    #[test]
    fn the_media_type_inside_wins_and_a_wrong_one_is_refused() {
        let config = json!({"mediaType": OCI_CONFIG, "digest": digest("a"), "size": 2});
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": null});
        assert_eq!(parse("", &manifest).unwrap().0, OCI_MANIFEST);
        assert_eq!(parse("application/octet-stream", &manifest).unwrap().0, OCI_MANIFEST);
        assert_eq!(parse(DOCKER_MANIFEST, &manifest).unwrap().0, DOCKER_MANIFEST);
        assert!(parse(OCI_INDEX, &manifest).unwrap_err().contains("its content is a manifest"));
        let both = json!({"schemaVersion": 2, "config": config, "layers": [], "manifests": []});
        assert!(parse("", &both).unwrap_err().contains("found both"));
        let liar = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "config": config, "layers": []});
        assert!(parse("", &liar).unwrap_err().contains("its content is a manifest"));
        assert!(parse("", &json!({"schemaVersion": 1, "fsLayers": []})).unwrap_err().contains("schema 1"));
        assert!(parse("", &json!({"schemaVersion": 3})).unwrap_err().contains("expected 2, found 3"));
        let artifact = json!({"schemaVersion": 2, "config": {"mediaType": "application/vnd.example.chart", "digest": "", "size": 0}});
        assert!(parse("", &artifact).unwrap_err().contains("config of type application/vnd.example.chart"));
    }

    #[test]
    fn a_platform_is_chosen_among_images_alone() {
        let mut attestation = entry("9", "unknown/unknown");
        attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
        let mut disguised = entry("8", "linux/amd64");
        disguised["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
        let mut other = entry("7", "linux/amd64");
        other["mediaType"] = "application/vnd.example.thing+json".into();
        let index = json!({"schemaVersion": 2, "manifests": [
            attestation, disguised, other, entry("1", "linux/amd64"), entry("2", "linux/arm/v5"), entry("3", "linux/arm/v6"),
            entry("4", "linux/arm64/v8"), entry("5", "linux/amd64")]});
        let (_, Document::Index(index)) = parse("", &index).unwrap() else { panic!("an index") };
        for (wanted, letter) in [("linux/amd64", "1"), ("linux/arm", "3"), ("linux/arm/v5", "2"), ("linux/arm64", "4")]
        {
            let chosen = index.choose("toy", Some(&wanted.parse().unwrap())).unwrap();
            assert_eq!(chosen.digest.to_string(), digest(letter), "{wanted}");
        }
        let error = index.choose("toy", Some(&"linux/s390x".parse().unwrap())).unwrap_err().to_string();
        let there = "linux/amd64, linux/arm/v5, linux/arm/v6, linux/arm64, linux/amd64";
        assert_eq!(error, format!("toy: an image for linux/s390x (there is: {there}) does not exist"));
    }

    #[test]
    fn the_only_image_is_taken_whatever_this_machine_is() {
        let index = |entries: serde_json::Value| match parse("", &json!({"schemaVersion": 2, "manifests": entries})) {
            Ok((_, Document::Index(index))) => index,
            other => panic!("{other:?}"),
        };
        let one = index(json!([entry("1", "linux/s390x"), entry("2", "unknown/unknown")]));
        assert_eq!(one.choose("toy", None).unwrap().digest.to_string(), digest("1"));
        assert!(one.choose("toy", Some(&"linux/amd64".parse().unwrap())).is_err());
        let bare = index(json!([{"mediaType": OCI_MANIFEST, "digest": digest("1"), "size": 1}]));
        assert!(bare.choose("toy", None).is_ok());
        assert!(index(json!([entry("1", "linux/s390x"), entry("2", "linux/mips")])).choose("toy", None).is_err());
        assert!(index(json!([])).choose("toy", None).is_err());
    }

    #[test]
    fn layer_media_types() {
        for manifest in [DOCKER_MANIFEST, OCI_MANIFEST] {
            for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
                assert_eq!(Compression::of_media_type(&compression.media_type(manifest)), Ok(compression));
            }
        }
        for (media_type, reason) in [
            ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "is foreign"),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "is foreign"),
            ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "is encrypted"),
            ("application/vnd.in-toto+json", "no file system layer"),
            ("", "no file system layer"),
        ] {
            assert!(Compression::of_media_type(media_type).unwrap_err().contains(reason), "{media_type}");
        }
    }
}
