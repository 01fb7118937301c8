//! OCI image layouts (OCI image layout specification 1.0): reading them from a folder or an archive, and writing into a folder.

use super::files::{Bytes, Files, Folder};
use super::verify::{Verified, copy_blob, failed, read_limited};
use super::{Blob, Sink, Source, StoreError};
use crate::event::Reporter;
use crate::image::Digest;
use crate::image::manifest::{MANIFEST_LIMIT, OCI_INDEX};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The annotation of an index entry that holds the image's tag.
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The content of the file `oci-layout`.
pub(super) const LAYOUT_FILE: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// An image in a layout, for reading.
pub struct LayoutSource {
    files: Box<dyn Files>,
    name: String,
    /// The entries of `index.json` that the tag means.
    entries: Vec<Value>,
}

impl LayoutSource {
    /// Opens the image of that tag in a layout folder; without a tag, the only one.
    ///
    /// # Errors
    /// When the folder is no layout or the tag is not there (or needed); the text lists the tags.
    pub fn open(dir: &Path, tag: Option<&str>) -> Result<Self, StoreError> {
        let name = named("oci", dir, tag);
        let files = Folder::open(&name, dir)?;
        Self::over(Box::new(files), name, tag)
    }

    /// Opens the image of that tag in the files of a layout.
    pub(super) fn over(files: Box<dyn Files>, name: String, tag: Option<&str>) -> Result<Self, StoreError> {
        check_version(files.as_ref(), &name)?;
        let index = read_index(files.as_ref(), &name)?;
        let entries = entries(&name, &index, tag)?;
        Ok(Self { files, name, entries })
    }

    fn read(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        read_manifest(self.files.as_ref(), &self.name, digest)
    }
}

impl Source for LayoutSource {
    fn manifest(&self, digest: Option<&Digest>) -> Result<(String, Vec<u8>), StoreError> {
        match (digest, self.entries.as_slice()) {
            (Some(digest), _) => {
                let bytes = self.read(digest)?;
                let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                let media_type = value.get("mediaType").and_then(Value::as_str).unwrap_or_default();
                Ok((media_type.into(), bytes))
            }
            (None, [entry]) => {
                let digest = digest_of(&self.name, entry)?;
                let media_type = entry.get("mediaType").and_then(Value::as_str).unwrap_or_default();
                Ok((media_type.into(), self.read(&digest)?))
            }
            // One name for the images of several platforms is an index in all but form.
            (None, entries) => {
                let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
                Ok((OCI_INDEX.into(), index.to_string().into_bytes()))
            }
        }
    }

    fn blob<'a>(&'a self, blob: &Blob) -> Result<Box<dyn Read + Send + 'a>, StoreError> {
        open_blob(self.files.as_ref(), &self.name, &blob_path(&blob.digest), blob)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// The name of a local image for people.
pub(super) fn named(transport: &str, path: &Path, tag: Option<&str>) -> String {
    match tag {
        Some(tag) => format!("{transport}:{}:{tag}", path.display()),
        None => format!("{transport}:{}", path.display()),
    }
}

/// Where a layout keeps a blob.
pub(super) fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.hex())
}

/// Opens a file that holds a blob's bytes, verified as they are read.
pub(super) fn open_blob<'a>(
    files: &'a dyn Files,
    name: &str,
    path: &str,
    blob: &Blob,
) -> Result<Bytes<'a>, StoreError> {
    let Some((size, bytes)) = files.open(name, path)? else {
        return Err(StoreError::Missing { name: name.into(), what: format!("blob {}", blob.digest) });
    };
    if size != blob.size {
        return Err(StoreError::Corrupt {
            name: name.into(),
            what: format!("blob {}", blob.digest),
            expected: format!("{} bytes", blob.size),
            found: format!("{size} bytes"),
        });
    }
    Ok(Box::new(Verified::new(bytes, blob, name)))
}

/// Reads a manifest or index by its digest, whatever its size within the limit.
pub(super) fn read_manifest(files: &dyn Files, name: &str, digest: &Digest) -> Result<Vec<u8>, StoreError> {
    let Some((size, bytes)) = files.open(name, &blob_path(digest))? else {
        return Err(StoreError::Missing { name: name.into(), what: format!("manifest {digest}") });
    };
    let blob = Blob { digest: digest.clone(), size, media_type: String::new() };
    read_limited(name, &format!("manifest {digest}"), Verified::new(bytes, &blob, name), MANIFEST_LIMIT)
}

/// Reads `index.json`.
pub(super) fn read_index(files: &dyn Files, name: &str) -> Result<Value, StoreError> {
    let no = |reason: String| StoreError::NotAnImage { name: name.into(), reason };
    let Some((_, bytes)) = files.open(name, "index.json")? else {
        return Err(no("an OCI layout has a file index.json; there is none".into()));
    };
    let bytes = read_limited(name, "index.json", bytes, MANIFEST_LIMIT)?;
    let value: Value =
        serde_json::from_slice(&bytes).map_err(|error| no(format!("index.json is not JSON: {error}")))?;
    match value.get("manifests") {
        None | Some(Value::Null | Value::Array(_)) if value.is_object() => Ok(value),
        _ => Err(no("index.json is no image index".into())),
    }
}

fn check_version(files: &dyn Files, name: &str) -> Result<(), StoreError> {
    let no = |reason: String| StoreError::NotAnImage { name: name.into(), reason };
    let Some((_, bytes)) = files.open(name, "oci-layout")? else {
        return Err(no("an OCI layout has a file oci-layout; there is none".into()));
    };
    let bytes = read_limited(name, "oci-layout", bytes, 64 << 10)?;
    let value: Value =
        serde_json::from_slice(&bytes).map_err(|error| no(format!("oci-layout is not JSON: {error}")))?;
    match value.get("imageLayoutVersion").and_then(Value::as_str) {
        Some(version) if version.starts_with("1.") => Ok(()),
        other => Err(no(format!("oci-layout: expected imageLayoutVersion 1.0.0, found {other:?}"))),
    }
}

fn list(index: &Value) -> &[Value] {
    index.get("manifests").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn ref_name(entry: &Value) -> Option<&str> {
    entry.get("annotations")?.get(REF_NAME)?.as_str()
}

fn digest_of(name: &str, entry: &Value) -> Result<Digest, StoreError> {
    let text = entry.get("digest").and_then(Value::as_str).unwrap_or_default();
    let no = |error: crate::image::digest::DigestError| StoreError::NotAnImage {
        name: name.into(),
        reason: format!("index.json: {error}"),
    };
    text.parse().map_err(no)
}

/// The entries that a tag means: those of that name, or of that digest, or without a tag all if there is but one image.
fn entries(name: &str, index: &Value, tag: Option<&str>) -> Result<Vec<Value>, StoreError> {
    let all = list(index);
    let wanted = |entry: &&Value| match tag {
        Some(tag) => ref_name(entry) == Some(tag) || entry.get("digest").and_then(Value::as_str) == Some(tag),
        None => true,
    };
    let mut found: Vec<Value> = all.iter().filter(wanted).cloned().collect();
    let mut digests = BTreeSet::new();
    found.retain(|entry| digests.insert(entry.get("digest").map(Value::to_string)));
    let names: BTreeSet<Option<&str>> = found.iter().map(ref_name).collect();
    let platforms = found.iter().all(|entry| entry.get("platform").is_some());
    if found.len() == 1 || (found.len() > 1 && names.len() == 1 && platforms) {
        return Ok(found);
    }
    let there: Vec<&str> = all
        .iter()
        .map(|entry| ref_name(entry).or(entry.get("digest").and_then(Value::as_str)).unwrap_or("?"))
        .collect();
    let there = if there.is_empty() { "the layout is empty".into() } else { format!("there is: {}", there.join(", ")) };
    let what = match (tag, found.is_empty()) {
        (Some(tag), true) => format!("the image {tag} ({there})"),
        (None, true) => format!("an image ({there})"),
        _ => return Err(several(name, "the folder or file", &there)),
    };
    Err(StoreError::Missing { name: name.into(), what })
}

/// The error when a name is needed, or means several images.
pub(super) fn several(name: &str, after: &str, there: &str) -> StoreError {
    let reason = format!("several images fit; name one after {after} ({there})");
    StoreError::Failed { name: name.into(), doing: "choosing the image".into(), reason, retry: false }
}

/// Puts an image's entry into an index: in the place of the one with the same tag, else at the end. All else stays.
pub(super) fn put_entry(index: &mut Value, tag: Option<&str>, media_type: &str, digest: &Digest, size: u64) {
    let mut entry = json!({"mediaType": media_type, "digest": digest, "size": size});
    if let Some(tag) = tag {
        entry["annotations"] = json!({REF_NAME: tag});
    }
    if !index.get("manifests").is_some_and(Value::is_array) {
        index["manifests"] = json!([]);
    }
    let Some(list) = index.get_mut("manifests").and_then(Value::as_array_mut) else { return };
    let mut new = Some(entry);
    let old = std::mem::take(list);
    for entry in old {
        if ref_name(&entry) == tag { list.extend(new.take()) } else { list.push(entry) }
    }
    list.extend(new);
}

/// An index with nothing in it.
pub(super) fn empty_index() -> Value {
    json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
}

/// Writes an image into a layout folder, made where there is none.
pub struct LayoutSink {
    dir: PathBuf,
    tag: Option<String>,
    name: String,
    /// What was made here, oldest first: taken away again unless the sink is finished.
    made: Vec<Made>,
}

enum Made {
    File(PathBuf),
    Dir(PathBuf),
}

impl LayoutSink {
    /// Opens a layout for writing. A folder that is neither empty nor a layout is left alone.
    ///
    /// # Errors
    /// When the folder holds something else or cannot be written.
    pub fn open(dir: &Path, tag: Option<&str>) -> Result<Self, StoreError> {
        let name = named("oci", dir, tag);
        let mut sink = Self { dir: dir.into(), tag: tag.map(str::to_owned), name, made: Vec::new() };
        let layout = dir.join("oci-layout");
        if layout.is_file() {
            let files = Folder::open(&sink.name, dir)?;
            check_version(&files, &sink.name)?;
        } else {
            match std::fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
                Ok(true) => {}
                Ok(false) => {
                    let reason = "the folder is not empty and no OCI layout; name another one".into();
                    let doing = "writing".into();
                    return Err(StoreError::Failed { name: sink.name.clone(), doing, reason, retry: false });
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => sink.make_dir(dir)?,
                Err(error) => return Err(sink.failed("opening the folder", error)),
            }
            sink.write_file(&layout, LAYOUT_FILE.as_bytes())?;
        }
        sink.make_dir(&dir.join("blobs/sha256"))?;
        Ok(sink)
    }

    fn failed(&self, doing: &str, error: std::io::Error) -> StoreError {
        failed(&self.name, doing, error)
    }

    /// Makes a folder and those above it, remembering which were not there.
    fn make_dir(&mut self, dir: &Path) -> Result<(), StoreError> {
        let missing: Vec<&Path> =
            dir.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        for path in missing.into_iter().rev() {
            std::fs::create_dir(path)
                .map_err(|error| self.failed(&format!("making the folder {}", path.display()), error))?;
            self.made.push(Made::Dir(path.into()));
        }
        Ok(())
    }

    /// Writes a file beside its place and puts it there at once.
    fn write_file(&mut self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        self.write_with(path, |_, file| file.write_all(bytes))
    }

    fn write_with(
        &mut self,
        path: &Path,
        write: impl FnOnce(&Self, &mut std::fs::File) -> std::io::Result<()>,
    ) -> Result<(), StoreError> {
        let doing = format!("writing {}", path.display());
        let new = !path.exists();
        let dir = path.parent().unwrap_or(Path::new("."));
        let mut file = temporary(dir, ".tmp-").map_err(|error| self.failed(&doing, error))?;
        write(self, file.as_file_mut()).map_err(|error| self.failed(&doing, error))?;
        file.persist(path).map_err(|error| self.failed(&doing, error.error))?;
        if new {
            self.made.push(Made::File(path.into()));
        }
        Ok(())
    }

    fn blob_file(&self, digest: &Digest) -> PathBuf {
        self.dir.join(blob_path(digest))
    }
}

/// A file that is removed again unless it is kept, with the rights that any new file gets.
pub(super) fn temporary(dir: &Path, prefix: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(if dir.as_os_str().is_empty() { Path::new(".") } else { dir })
}

impl Sink for LayoutSink {
    fn has(&mut self, blob: &Blob, _from: Option<(&str, &str)>) -> Result<bool, StoreError> {
        Ok(self.blob_file(&blob.digest).metadata().is_ok_and(|file| file.is_file() && file.len() == blob.size))
    }

    fn blob(&mut self, blob: &Blob, bytes: &mut dyn Read, reporter: &dyn Reporter) -> Result<(), StoreError> {
        let path = self.blob_file(&blob.digest);
        if let Some(dir) = path.parent() {
            self.make_dir(dir)?;
        }
        self.write_with(&path, |sink, file| {
            copy_blob(&sink.name, "writing", blob, bytes, file, reporter).map_err(std::io::Error::other)
        })
    }

    fn finish(mut self: Box<Self>, media_type: &str, manifest: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(manifest);
        let path = self.blob_file(&digest);
        self.write_file(&path, manifest)?;
        let index_path = self.dir.join("index.json");
        let mut index = if index_path.exists() {
            read_index(&Folder::open(&self.name, &self.dir)?, &self.name)?
        } else {
            empty_index()
        };
        put_entry(&mut index, self.tag.as_deref(), media_type, &digest, manifest.len() as u64);
        self.write_file(&index_path, index.to_string().as_bytes())?;
        self.made.clear();
        Ok(digest)
    }

    /// skopeo and umoci find no image where a layout's index names a Docker manifest.
    fn wants_oci(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Drop for LayoutSink {
    fn drop(&mut self) {
        for made in self.made.drain(..).rev() {
            // Nobody is left to be told; a folder that somebody else has put something into stays.
            let _ = match made {
                Made::File(path) => std::fs::remove_file(path),
                Made::Dir(path) => std::fs::remove_dir(path),
            };
        }
    }
}
