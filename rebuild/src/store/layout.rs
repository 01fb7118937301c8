//! OCI image layouts (OCI image layout specification 1.0): reading them from a folder or an archive, and writing into a folder.

use super::files::{Bytes, Files, Folder};
use super::verify::{Verified, copy_blob, failed, read_limited};
use super::{Blob, Sink, Source, StoreError};
use crate::event::Reporter;
use crate::image::Digest;
use crate::image::manifest::{MANIFEST_LIMIT, OCI_INDEX};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

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
///
/// Several sinks, also of several processes, may write into one folder. All that one writes waits in a folder of its own until
/// [`Sink::finish`] moves it to its place, and what is in its place is never taken away again: somebody else's image may count on
/// it by then.
pub struct LayoutSink {
    dir: PathBuf,
    tag: Option<String>,
    name: String,
    /// The blobs that wait in `waiting`.
    blobs: BTreeSet<Digest>,
    waiting: TempDir,
    /// Dropped last: the folders can only go when nothing waits in them.
    _made: MadeDirs,
}

/// How the names of the folders begin in which files wait.
const WAITING: &str = ".tmp-";

/// Folders that were made for a layout: taken away again unless somebody has put something into them.
#[derive(Default)]
struct MadeDirs(Vec<PathBuf>);

impl MadeDirs {
    /// Makes a folder and those above it.
    fn make(&mut self, dir: &Path) -> std::io::Result<()> {
        let missing: Vec<&Path> =
            dir.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        for path in missing.into_iter().rev() {
            match std::fs::create_dir(path) {
                Ok(()) => self.0.push(path.into()),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for MadeDirs {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // Only empty folders can be removed this way, and nobody is left to be told.
            let _ = std::fs::remove_dir(path);
        }
    }
}

impl LayoutSink {
    /// Opens a layout for writing. A folder that is neither empty nor a layout is left alone.
    ///
    /// # Errors
    /// When the folder holds something else or cannot be written.
    pub fn open(dir: &Path, tag: Option<&str>) -> Result<Self, StoreError> {
        let name = named("oci", dir, tag);
        let mut made = MadeDirs::default();
        made.make(dir).map_err(|error| failed(&name, &format!("making the folder {}", dir.display()), error))?;
        // Asked first, for a sink that finishes meanwhile puts the layout's own file before all else.
        let is_free = is_free(dir).map_err(|error| failed(&name, "opening the folder", error))?;
        if dir.join("oci-layout").is_file() {
            check_version(&Folder::open(&name, dir)?, &name)?;
        } else if !is_free {
            let reason = "the folder is not empty and no OCI layout; name another one".into();
            return Err(StoreError::Failed { name, doing: "writing".into(), reason, retry: false });
        }
        let waiting = tempfile::Builder::new().prefix(WAITING).tempdir_in(dir);
        let waiting = waiting.map_err(|error| failed(&name, "writing into the folder", error))?;
        let tag = tag.map(str::to_owned);
        Ok(Self { dir: dir.into(), tag, name, blobs: BTreeSet::new(), waiting, _made: made })
    }

    fn failed(&self, doing: &str, error: std::io::Error) -> StoreError {
        failed(&self.name, doing, error)
    }

    /// Writes a file that waits under this name.
    fn write(&self, file: &str, bytes: &[u8]) -> Result<(), StoreError> {
        std::fs::write(self.waiting.path().join(file), bytes)
            .map_err(|error| self.failed(&format!("writing {file}"), error))
    }

    /// Moves a file that waits to its place, over what is there.
    fn publish(&self, file: &str, place: &str) -> Result<(), StoreError> {
        let place = self.dir.join(place);
        place
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::rename(self.waiting.path().join(file), &place))
            .map_err(|error| self.failed(&format!("writing {}", place.display()), error))
    }

    /// Makes the folder a layout if it is none yet, and waits until no other sink is changing it. The lock ends with the file.
    fn lock(&self) -> Result<File, StoreError> {
        let place = self.dir.join("oci-layout");
        let doing = format!("locking {}", place.display());
        if !place.is_file() {
            // Never over the file of another sink, which may hold the lock on that one.
            let written = temporary(self.waiting.path(), "layout").and_then(|mut file| {
                file.write_all(LAYOUT_FILE.as_bytes())?;
                file.persist_noclobber(&place).map(drop).map_err(|error| error.error)
            });
            match written {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(self.failed(&doing, error)),
                _ => {}
            }
        }
        // Network file systems lock only what is open for writing.
        let file = File::options().read(true).write(true).open(&place).or_else(|_| File::open(&place));
        let file = file.map_err(|error| self.failed(&doing, error))?;
        match file.lock() {
            // Where there are no locks, one writer at a time is all that can be had.
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(self.failed(&doing, error)),
            _ => Ok(file),
        }
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

/// Whether a folder holds nothing but what other sinks have waiting there.
fn is_free(dir: &Path) -> std::io::Result<bool> {
    for entry in std::fs::read_dir(dir)? {
        if !entry?.file_name().as_encoded_bytes().starts_with(WAITING.as_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Sink for LayoutSink {
    fn has(&mut self, blob: &Blob, _from: Option<(&str, &str)>) -> Result<bool, StoreError> {
        let is_there = |file: std::fs::Metadata| file.is_file() && file.len() == blob.size;
        Ok(self.blobs.contains(&blob.digest) || self.blob_file(&blob.digest).metadata().is_ok_and(is_there))
    }

    fn blob(&mut self, blob: &Blob, bytes: &mut dyn Read, reporter: &dyn Reporter) -> Result<(), StoreError> {
        let doing = format!("writing blob {}", blob.digest);
        self.blobs.remove(&blob.digest);
        let mut file =
            File::create(self.waiting.path().join(blob.digest.hex())).map_err(|error| self.failed(&doing, error))?;
        copy_blob(&self.name, "writing", blob, bytes, &mut file, reporter)?;
        self.blobs.insert(blob.digest.clone());
        Ok(())
    }

    fn finish(self: Box<Self>, media_type: &str, manifest: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(manifest);
        self.write(digest.hex(), manifest)?;
        let _alone = self.lock()?;
        let mut index = if self.dir.join("index.json").exists() {
            read_index(&Folder::open(&self.name, &self.dir)?, &self.name)?
        } else {
            empty_index()
        };
        put_entry(&mut index, self.tag.as_deref(), media_type, &digest, manifest.len() as u64);
        self.write("index.json", index.to_string().as_bytes())?;
        for blob in self.blobs.iter().chain([&digest]) {
            self.publish(blob.hex(), &blob_path(blob))?;
        }
        self.publish("index.json", "index.json")?;
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
