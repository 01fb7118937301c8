//! Rewriting an image's manifest and config: the documents themselves are edited, so that whatever else they hold stays as it
//! is, in its order.

use super::manifest::{DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_MANIFEST};
use super::{Compression, Digest, Image};
use crate::store::Blob;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Layer annotations that describe the bytes of the layer, and so lie about any other bytes.
const ABOUT_BYTES: [&str; 3] =
    ["io.github.containers.zstd-chunked.", "containerd.io/snapshot/stargz/", "io.containers.estargz."];

/// What is to become of an image's documents: decided first, carried out by [`Rewrite::finish`]. Layers are named by their
/// place in the original.
#[derive(Debug, Clone)]
pub struct Rewrite<'a> {
    image: &'a Image,
    layers: BTreeMap<usize, Option<(Blob, Digest)>>,
    added: Vec<(Blob, Digest, String)>,
    comments: BTreeMap<usize, String>,
    annotations: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    oci: bool,
}

/// An image's new documents.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// The config's descriptor.
    pub config: Blob,
    /// The config.
    pub config_bytes: Vec<u8>,
    /// The manifest's media type.
    pub media_type: String,
    /// The manifest.
    pub manifest_bytes: Vec<u8>,
    /// The manifest's digest.
    pub digest: Digest,
}

impl<'a> Rewrite<'a> {
    /// Nothing changes yet.
    pub fn new(image: &'a Image) -> Self {
        Self {
            image,
            layers: BTreeMap::new(),
            added: Vec::new(),
            comments: BTreeMap::new(),
            annotations: BTreeMap::new(),
            labels: BTreeMap::new(),
            oci: false,
        }
    }

    /// Puts another layer in the place of one.
    pub fn replace_layer(&mut self, layer: usize, blob: Blob, diff_id: Digest) -> &mut Self {
        self.layers.insert(layer, Some((blob, diff_id)));
        self
    }

    /// Takes a layer out, with its entry of the history.
    pub fn remove_layer(&mut self, layer: usize) -> &mut Self {
        self.layers.insert(layer, None);
        self
    }

    /// Puts a layer on top; `created_by` becomes its entry of the history, where there is a history.
    pub fn add_layer(&mut self, blob: Blob, diff_id: Digest, created_by: impl Into<String>) -> &mut Self {
        self.added.push((blob, diff_id, created_by.into()));
        self
    }

    /// Adds a remark to the history entry of a layer (after what its comment says already).
    pub fn comment(&mut self, layer: usize, comment: impl Into<String>) -> &mut Self {
        self.comments.insert(layer, comment.into());
        self
    }

    /// Sets an annotation of the manifest. Docker's manifests have none: there it has no effect, see [`Rewrite::into_oci`].
    pub fn annotate(&mut self, key: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// Sets a label of the config.
    pub fn label(&mut self, key: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Writes an OCI manifest even when the original is Docker's.
    pub fn into_oci(&mut self) -> &mut Self {
        self.oci = true;
        self
    }

    /// The new documents. A document in which nothing changes keeps its exact bytes.
    pub fn finish(&self) -> Rewritten {
        let config_bytes = {
            let mut value = self.image.config.value().clone();
            self.edit_config(&mut value);
            if value == *self.image.config.value() {
                self.image.config_bytes.clone()
            } else {
                value.to_string().into_bytes()
            }
        };
        let original: Value = serde_json::from_slice(&self.image.manifest_bytes).unwrap_or_default();
        let media_type = if self.oci { OCI_MANIFEST } else { &self.image.media_type };
        let config_type = match self.image.manifest.config.media_type.as_str() {
            DOCKER_CONFIG if self.oci => OCI_CONFIG,
            other => other,
        };
        let size = config_bytes.len() as u64;
        let config = Blob { digest: Digest::of(&config_bytes), size, media_type: config_type.into() };
        let mut manifest = original.clone();
        self.edit_manifest(&mut manifest, media_type, &config);
        // A manifest need not say its own type (image-spec, manifest.md): that alone is no reason for another digest.
        if original.get("mediaType").is_none() && without_type(&manifest) == original {
            manifest.clone_from(&original);
        }
        let manifest_bytes =
            if manifest == original { self.image.manifest_bytes.clone() } else { manifest.to_string().into_bytes() };
        let digest = Digest::of(&manifest_bytes);
        Rewritten { config, config_bytes, media_type: media_type.into(), manifest_bytes, digest }
    }

    fn edit_config(&self, config: &mut Value) {
        let history_of: Vec<Option<usize>> = self.image.layers.iter().map(|layer| layer.history).collect();
        if let Some(diff_ids) = config.pointer_mut("/rootfs/diff_ids").and_then(Value::as_array_mut) {
            edit_list(diff_ids, |i| self.layers.get(&i).map(|new| new.as_ref().map(|(_, id)| json!(id))), |_, new| new);
        }
        if let Some(history) = config.get_mut("history").and_then(Value::as_array_mut) {
            for (layer, comment) in &self.comments {
                let entry = history_of.get(*layer).copied().flatten().and_then(|i| history.get_mut(i));
                if let Some(entry) = entry.and_then(Value::as_object_mut) {
                    let before = entry.get("comment").and_then(Value::as_str).filter(|text| !text.is_empty());
                    let text = before.map_or_else(|| comment.clone(), |before| format!("{before}; {comment}"));
                    entry.insert("comment".into(), text.into());
                }
            }
            let removed = |i: usize| history_of.iter().position(|entry| *entry == Some(i));
            let removed =
                |i: usize| removed(i).is_some_and(|layer| self.layers.get(&layer).is_some_and(Option::is_none));
            edit_list(history, |i| removed(i).then_some(None), |_, new| new);
        }
        for (_, diff_id, created_by) in &self.added {
            push(config, &["rootfs", "diff_ids"], json!(diff_id));
            // A history for some of the layers only would be a wrong one.
            if history_of.iter().all(Option::is_some) {
                push(config, &["history"], json!({"created_by": created_by}));
            }
        }
        for (key, value) in &self.labels {
            if let Some(run) = object(config, "config")
                && let Some(labels) = object_value(run.entry("Labels").or_insert(Value::Null))
            {
                labels.insert(key.clone(), value.clone().into());
            }
        }
    }

    fn edit_manifest(&self, manifest: &mut Value, media_type: &str, config: &Blob) {
        let Some(map) = manifest.as_object_mut() else { return };
        if map.contains_key("mediaType") || self.oci {
            map.insert("mediaType".into(), media_type.into());
        }
        if let Some(old) = map.get_mut("config") {
            point_at(old, config);
        }
        if map.get("layers").is_none_or(Value::is_null) && !self.added.is_empty() {
            map.insert("layers".into(), json!([]));
        }
        if let Some(layers) = map.get_mut("layers").and_then(Value::as_array_mut) {
            let change = |i: usize| self.layers.get(&i).map(|new| new.as_ref().map(|(blob, _)| blob));
            edit_list(layers, change, |mut old, blob| {
                point_at(&mut old, blob);
                old
            });
            layers.extend(self.added.iter().map(|(blob, ..)| {
                let mut descriptor = json!({});
                point_at(&mut descriptor, blob);
                descriptor
            }));
            if self.oci {
                layers.iter_mut().for_each(into_oci_layer);
            }
        }
        if media_type != DOCKER_MANIFEST
            && !self.annotations.is_empty()
            && let Some(annotations) = object_value(map.entry("annotations").or_insert(Value::Null))
        {
            annotations.extend(self.annotations.iter().map(|(key, value)| (key.clone(), value.clone().into())));
        }
    }
}

/// Applies a change by place: `None` keeps, `Some(None)` removes, `Some(Some(new))` is put with `put(old, new)`.
fn edit_list<T>(list: &mut Vec<Value>, change: impl Fn(usize) -> Option<Option<T>>, put: impl Fn(Value, T) -> Value) {
    let old = std::mem::take(list);
    list.extend(old.into_iter().enumerate().filter_map(|(i, old)| match change(i) {
        None => Some(old),
        Some(None) => None,
        Some(Some(new)) => Some(put(old, new)),
    }));
}

/// Makes a descriptor point at a blob. Where the content changes, what was said about the old content goes.
fn point_at(descriptor: &mut Value, blob: &Blob) {
    let Some(map) = object_value(descriptor) else { return };
    let same = map.get("digest").and_then(Value::as_str) == Some(blob.digest.as_str());
    if !blob.media_type.is_empty() {
        map.insert("mediaType".into(), blob.media_type.clone().into());
    }
    map.insert("digest".into(), blob.digest.as_str().into());
    map.insert("size".into(), blob.size.into());
    if same {
        return;
    }
    map.shift_remove("data");
    map.shift_remove("urls");
    if let Some(annotations) = map.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, _| !ABOUT_BYTES.iter().any(|prefix| key.starts_with(prefix)));
        if annotations.is_empty() {
            map.shift_remove("annotations");
        }
    }
}

fn into_oci_layer(descriptor: &mut Value) {
    let media_type = descriptor.get("mediaType").and_then(Value::as_str).unwrap_or_default();
    if let Ok(compression) = Compression::of_media_type(media_type) {
        descriptor["mediaType"] = compression.media_type(OCI_MANIFEST).into();
    }
}

/// The object under a key, made where there is none or `null`.
fn object<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Map<String, Value>> {
    object_value(value.as_object_mut()?.entry(key).or_insert(Value::Null))
}

fn object_value(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

/// Appends to the list under a path of keys, making what is not there.
fn push(value: &mut Value, path: &[&str], item: Value) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut at = value;
    for key in parents {
        let Some(map) = object_value(at) else { return };
        at = map.entry(*key).or_insert(Value::Null);
    }
    let Some(list) = object_value(at).map(|map| map.entry(*last).or_insert(Value::Null)) else { return };
    if list.is_null() {
        *list = json!([]);
    }
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}

/// A manifest without the type that it may say of itself.
fn without_type(manifest: &Value) -> Value {
    let mut bare = manifest.clone();
    if let Some(map) = bare.as_object_mut() {
        map.remove("mediaType");
    }
    bare
}
