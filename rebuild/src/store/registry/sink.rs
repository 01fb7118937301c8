//! Pushing.

use super::client::Client;
use super::download::digest_of;
use super::upload::Uploader;
use super::{RegistryOptions, Upload};
use crate::event::{Event, Reporter, Silent};
use crate::image::{Digest, Reference};
use crate::store::transport::{Call, Failure, Payload, Transport};
use crate::store::verify::copy_blob;
use crate::store::{Blob, Sink, StoreError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use ureq::http::header::CONTENT_TYPE;
use ureq::http::{Method, Uri};

/// Blobs up to this many bytes wait in memory for their upload, larger ones in an unnamed file of [`RegistrySink::spooling_in`].
const IN_MEMORY: usize = 1 << 20;

/// An image in a registry, to be written.
pub struct RegistrySink<'a> {
    reference: Reference,
    client: Client,
    upload: Upload,
    /// An upload that the registry began when it could not mount.
    begun: Option<(Digest, Uri)>,
    temporary: PathBuf,
    reporter: &'a dyn Reporter,
}

impl RegistrySink<'static> {
    /// Prepares to write an image; the registry is first asked when something is written.
    ///
    /// # Errors
    /// When the options cannot be used, such as a certificate that cannot be read.
    pub fn open(reference: &Reference, options: &RegistryOptions) -> Result<Self, StoreError> {
        let name = format!("docker://{reference}");
        let transport = Transport::new(&options.settings())
            .map_err(|failure| failure.into_error(&name, "preparing", "the connection"))?;
        let client = Client::new(&Arc::new(transport), reference, reference.endpoint(), "pull,push", options)?;
        Ok(Self {
            reference: reference.clone(),
            client,
            upload: options.upload,
            begun: None,
            temporary: std::env::temp_dir(),
            reporter: &Silent,
        })
    }
}

impl RegistrySink<'_> {
    /// The same sink telling of its retries, and stopping when asked to, in [`Sink::has`] and [`Sink::finish`] too.
    pub fn reporting(self, reporter: &dyn Reporter) -> RegistrySink<'_> {
        RegistrySink {
            reference: self.reference,
            client: self.client,
            upload: self.upload,
            begun: self.begun,
            temporary: self.temporary,
            reporter,
        }
    }

    /// The same sink with another folder for what waits for its upload than the system's.
    #[must_use]
    pub fn spooling_in(self, temporary: &Path) -> Self {
        Self { temporary: temporary.into(), ..self }
    }

    /// Stores a manifest under its digest alone: the parts of an index, before [`Sink::finish`] stores the index itself.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn manifest(&self, media_type: &str, manifest: &[u8]) -> Result<Digest, StoreError> {
        self.put_manifest(Digest::of(manifest).as_str(), media_type, manifest)
    }

    /// Asks the registry to take a blob from another of its repositories. Whatever stands against that, the blob
    /// can still be sent.
    fn mount(&mut self, blob: &Blob, repository: &str) -> Result<bool, Failure> {
        let query =
            format!("blobs/uploads/?mount={}&from={}", blob.digest, crate::store::transport::encode(repository));
        let mut call = Call::new(Method::POST, self.client.uri(&query)?);
        match self.client.once_from(&mut call, repository) {
            Ok(answer) if answer.status() == 201 => Ok(true),
            Ok(answer) => {
                self.begun = self.client.location(&answer).ok().map(|uri| (blob.digest.clone(), uri));
                Ok(false)
            }
            Err(_) => Ok(false),
        }
    }

    /// Stores a manifest under a tag or its digest.
    fn put_manifest(&self, place: &str, media_type: &str, manifest: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(manifest);
        let what = format!("manifest {place}");
        let fail = |failure: Failure| failure.into_error(self.client.name(), "writing", &what);
        let mut call = Call::new(Method::PUT, self.client.uri(&format!("manifests/{place}")).map_err(fail)?)
            .header(CONTENT_TYPE, media_type)
            .payload(Payload::Bytes(manifest));
        let answer = self.client.send(&mut call, self.reporter).map_err(fail)?;
        let stored = answer.header("docker-content-digest").and_then(|text| text.parse::<Digest>().ok());
        match stored {
            Some(stored) if digest_of(stored.algorithm(), manifest) != stored.as_str() => Err(StoreError::Corrupt {
                name: self.client.name().into(),
                what,
                expected: digest.to_string(),
                found: stored.to_string(),
            }),
            _ => Ok(digest),
        }
    }
}

impl Sink for RegistrySink<'_> {
    fn has(&mut self, blob: &Blob, from: Option<(&str, &str)>) -> Result<bool, StoreError> {
        let there = exists(&self.client, blob, self.reporter);
        let what = format!("blob {}", blob.digest);
        if there.map_err(|failure| failure.into_error(self.client.name(), "looking for", &what))? {
            return Ok(true);
        }
        match from {
            Some((registry, repository))
                if registry == self.reference.host() && repository != self.reference.repository() =>
            {
                let mounted = self.mount(blob, repository);
                mounted.map_err(|failure| failure.into_error(self.client.name(), "mounting", &what))
            }
            _ => Ok(false),
        }
    }

    /// The bytes are first spooled and verified, so that a failed upload can be repeated and a false blob never leaves this machine.
    fn blob(&mut self, blob: &Blob, bytes: &mut dyn Read, reporter: &dyn Reporter) -> Result<(), StoreError> {
        let what = format!("blob {}", blob.digest);
        let name = self.client.name();
        let mut spool = tempfile::SpooledTempFile::new_in(IN_MEMORY, &self.temporary);
        copy_blob(name, "spool", blob, bytes, &mut spool, &Unheard(reporter))?;
        let begun = self.begun.take_if(|(digest, _)| *digest == blob.digest).map(|(_, uri)| uri);
        let uploader = Uploader { client: &self.client, blob, upload: self.upload, reporter };
        uploader.run(&mut spool, begun).map_err(|failure| failure.into_error(name, "writing", &what))
    }

    fn finish(self: Box<Self>, media_type: &str, manifest: &[u8]) -> Result<Digest, StoreError> {
        if let Some(expected) = self.reference.digest() {
            let found = digest_of(expected.algorithm(), manifest);
            if found != expected.as_str() {
                let (name, expected) = (self.client.name().into(), expected.to_string());
                return Err(StoreError::Corrupt { name, what: "manifest to be written".into(), expected, found });
            }
        }
        let place = self.reference.tag().unwrap_or_else(|| self.reference.digest_or_tag());
        self.put_manifest(place, media_type, manifest)
    }

    fn name(&self) -> String {
        self.client.name().into()
    }
}

/// Whether a blob is in the repository.
pub(super) fn exists(client: &Client, blob: &Blob, reporter: &dyn Reporter) -> Result<bool, Failure> {
    match client.send(&mut Call::new(Method::HEAD, client.blob_uri(&blob.digest)?), reporter) {
        Ok(answer) => Ok(answer.status() == 200),
        Err(failure) if failure.is_missing() => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Passes only the wish to stop: what counts as progress of a push is what has been sent.
struct Unheard<'a>(&'a dyn Reporter);

impl Reporter for Unheard<'_> {
    fn event(&self, _event: Event) {}

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}
