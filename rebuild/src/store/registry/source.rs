//! Pulling.

use super::RegistryOptions;
use super::client::Client;
use super::download::Download;
use crate::event::{Reporter, Silent};
use crate::image::manifest::MANIFEST_LIMIT;
use crate::image::{Digest, Reference};
use crate::store::transport::{Call, Failure, Transport};
use crate::store::verify::Verified;
use crate::store::{Blob, Source, StoreError};
use std::io::Read;
use std::sync::Arc;
use ureq::http::Method;
use ureq::http::header::ACCEPT;

/// Every kind of manifest that we can carry, so that the registry converts nothing.
const MANIFEST_TYPES: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// An image in a registry, to be read.
pub struct RegistrySource<'a> {
    reference: Reference,
    /// Mirrors, then the registry itself.
    clients: Vec<Client>,
    reporter: &'a dyn Reporter,
}

impl RegistrySource<'static> {
    /// Prepares to read an image; the registry is first asked when something is read.
    ///
    /// # Errors
    /// When the options cannot be used, such as a certificate that cannot be read.
    pub fn open(reference: &Reference, options: &RegistryOptions) -> Result<Self, StoreError> {
        let name = format!("docker://{reference}");
        let transport = Transport::new(&options.settings())
            .map_err(|failure| failure.into_error(&name, "preparing", "the connection"))?;
        let transport = Arc::new(transport);
        let mirrors = options.mirrors.get(reference.host()).into_iter().flatten().map(String::as_str);
        let clients = mirrors
            .chain([reference.endpoint()])
            .map(|host| Client::new(&transport, reference, host, "pull", options))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { reference: reference.clone(), clients, reporter: &Silent })
    }
}

impl RegistrySource<'_> {
    /// The same source telling of its downloads and its retries, and stopping when asked to.
    pub fn reporting(self, reporter: &dyn Reporter) -> RegistrySource<'_> {
        RegistrySource { reference: self.reference, clients: self.clients, reporter }
    }

    /// Asks one after the other: the first answer counts, and of failures the last, which is the registry's own.
    fn any<'c, T>(&'c self, ask: impl Fn(&'c Client) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut outcome = Err(StoreError::Missing { name: self.name(), what: "a host to ask".into() });
        for client in &self.clients {
            outcome = ask(client);
            if matches!(&outcome, Ok(_) | Err(StoreError::Cancelled { .. })) {
                break;
            }
        }
        outcome
    }

    fn manifest_of(&self, client: &Client, digest: Option<&Digest>) -> Result<(String, Vec<u8>), StoreError> {
        let what = match (digest, self.reference.tag()) {
            (Some(digest), _) => format!("manifest {digest}"),
            (None, tag) => format!("manifest of tag {:?}", tag.unwrap_or("latest")),
        };
        let fail = |failure: Failure| failure.into_error(client.name(), "reading", &what);
        let wanted = digest.map_or(self.reference.digest_or_tag(), Digest::as_str);
        let uri = client.uri(&format!("manifests/{wanted}")).map_err(fail)?;
        let mut attempts = client.attempts();
        let (promised, said_type, bytes) = loop {
            let mut call = Call::new(Method::GET, uri.clone()).header(ACCEPT, MANIFEST_TYPES);
            let answer = client.send(&mut call, self.reporter).map_err(fail)?;
            let promised = answer.header("docker-content-digest").and_then(|text| text.parse::<Digest>().ok());
            let said_type = answer.header("content-type").unwrap_or_default().to_owned();
            match answer.read(MANIFEST_LIMIT) {
                Ok(bytes) => break (promised, said_type, bytes),
                Err(failure) => attempts.again(failure, client.name(), self.reporter).map_err(fail)?,
            }
        };
        let bytes = bytes.ok_or_else(|| StoreError::NotAnImage {
            name: client.name().into(),
            reason: format!("{what} is larger than {MANIFEST_LIMIT} bytes"),
        })?;
        for expected in digest.into_iter().chain(&promised) {
            let found = super::download::digest_of(expected.algorithm(), &bytes);
            if found != expected.as_str() {
                let name = client.name().into();
                return Err(StoreError::Corrupt { name, what, expected: expected.to_string(), found });
            }
        }
        let media_type = media_type(&said_type, &bytes).map_err(|reason| StoreError::NotAnImage {
            name: client.name().into(),
            reason: format!("{what}: {reason}"),
        })?;
        Ok((media_type, bytes))
    }
}

impl Source for RegistrySource<'_> {
    fn manifest(&self, digest: Option<&Digest>) -> Result<(String, Vec<u8>), StoreError> {
        let digest = digest.or(self.reference.digest());
        self.any(|client| self.manifest_of(client, digest))
    }

    fn blob<'a>(&'a self, blob: &Blob) -> Result<Box<dyn Read + Send + 'a>, StoreError> {
        self.any(|client| {
            let download = Download::open(client, blob, self.reporter)?;
            Ok(Box::new(Verified::new(download, blob, client.name())) as Box<dyn Read + Send>)
        })
    }

    fn name(&self) -> String {
        format!("docker://{}", self.reference)
    }

    fn repository(&self) -> Option<(String, String)> {
        Some((self.reference.host().into(), self.reference.repository().into()))
    }
}

/// What a manifest is. Its own `mediaType` counts before the header's, since the digest vouches for the one and
/// nobody for the other; without both, its shape (OCI image specification, "Image Manifest", "Image Index").
fn media_type(header: &str, bytes: &[u8]) -> Result<String, String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Shape {
        schema_version: Option<u64>,
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
        layers: Option<serde::de::IgnoredAny>,
    }
    let shape: Shape = serde_json::from_slice(bytes).map_err(|error| format!("it is not a JSON manifest: {error}"))?;
    if shape.schema_version == Some(1) {
        return Err("it is a Docker schema 1 manifest, which was given up in 2019; push the image anew".into());
    }
    let header = header.split(';').next().unwrap_or_default().trim();
    let said = match (shape.media_type, &shape.manifests, &shape.layers) {
        (Some(own), ..) if !own.is_empty() => own,
        // Reading one document in two ways is how images hide things (CVE-2021-41190).
        (_, Some(_), Some(_)) => return Err("it is both a manifest and an index".into()),
        _ if header.contains("manifest.") || header.contains("image.index") => header.to_owned(),
        (_, Some(_), None) => "application/vnd.oci.image.index.v1+json".into(),
        (_, None, Some(_)) => "application/vnd.oci.image.manifest.v1+json".into(),
        (_, None, None) => return Err("it is neither a manifest nor an index".into()),
    };
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_bytes_say_counts_before_what_the_header_says() {
        const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
        const INDEX: &str = "application/vnd.oci.image.index.v1+json";
        for (header, body, expected) in [
            (OCI, r#"{"layers":[]}"#, Ok(OCI)),
            ("application/vnd.oci.image.manifest.v1+json; charset=utf-8", r#"{"layers":[]}"#, Ok(OCI)),
            ("text/plain", r#"{"layers":[]}"#, Ok(OCI)),
            ("", r#"{"manifests":[]}"#, Ok(INDEX)),
            (OCI, r#"{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#, Ok(INDEX)),
            (OCI, r#"{"manifests":[],"layers":[]}"#, Err("both")),
            ("", "{}", Err("neither")),
            ("", r#"{"schemaVersion":1,"fsLayers":[]}"#, Err("schema 1")),
            (OCI, "<html>", Err("not a JSON manifest")),
        ] {
            match (media_type(header, body.as_bytes()), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{body}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{body}: {found}"),
                (found, _) => panic!("{header} {body}: {found:?}"),
            }
        }
    }
}
