//! The client against a registry in this process that goes wrong on demand.

mod pull;
mod push;

use super::*;
use crate::event::{Event, Reporter};
use crate::image::{Digest, Reference};
use crate::store::{Blob, Sink, Source, StoreError};
use std::io::Read;
use std::sync::Mutex;
use testdata::registry::{Access, Fault, Registry, digest};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const MANIFEST: &[u8] =
    br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}"#;
const TOKEN: Access = Access::Token("bob", "hunter2");

/// Options for tests: no files of credentials, short waits between tries.
fn options() -> RegistryOptions {
    RegistryOptions {
        credentials: CredentialSource::anonymous(),
        retry: Retry { attempts: 3, first_wait: Duration::from_millis(1), longest_wait: Duration::from_millis(40) },
        ..RegistryOptions::default()
    }
}

/// The same for a registry that falls silent. (A busy machine may be slow to answer as well, so nobody else is given so little time.)
fn impatient() -> RegistryOptions {
    RegistryOptions { idle_timeout: Duration::from_secs(1), ..options() }
}

/// The same, as `bob` at this registry.
fn as_bob(registry: &Registry) -> RegistryOptions {
    let bob = Credential::Password { user: "bob".into(), password: "hunter2".into() };
    RegistryOptions { credentials: CredentialSource::anonymous().with(&registry.host(), bob), ..options() }
}

fn reference(registry: &Registry, rest: &str) -> Reference {
    format!("{}/{rest}", registry.host()).parse().unwrap()
}

fn source(registry: &Registry, rest: &str, options: &RegistryOptions) -> RegistrySource<'static> {
    RegistrySource::open(&reference(registry, rest), options).unwrap()
}

fn sink(registry: &Registry, rest: &str, options: &RegistryOptions) -> RegistrySink<'static> {
    RegistrySink::open(&reference(registry, rest), options).unwrap()
}

fn blob_of(bytes: &[u8]) -> Blob {
    Blob { digest: Digest::of(bytes), size: bytes.len() as u64, media_type: "application/octet-stream".into() }
}

/// Bytes that are not all alike.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at * 7 % 251) as u8).collect()
}

fn read(source: &impl Source, blob: &Blob) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::new();
    match source.blob(blob)?.read_to_end(&mut out) {
        Ok(_) => Ok(out),
        Err(error) => Err(error.downcast::<StoreError>().expect("a reader's errors are the store's")),
    }
}

/// Whether no secret shows.
fn assert_clean(error: &StoreError) {
    let text = format!("{error} {error:?}");
    for secret in ["hunter2", "opaque-token", "Ym9iOmh1bnRlcjI", "_state"] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Listens, and cancels after the given amount.
struct Listener {
    events: Mutex<Vec<Event>>,
    stop_after: u64,
}

impl Listener {
    fn new(stop_after: u64) -> Self {
        Self { events: Mutex::default(), stop_after }
    }

    fn amount(&self) -> u64 {
        let events = self.events.lock().unwrap();
        events.iter().map(|event| if let Event::Advanced { amount, .. } = event { *amount } else { 0 }).sum()
    }

    fn warnings(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter_map(|event| if let Event::Warning(text) = event { Some(text.clone()) } else { None })
            .collect()
    }
}

impl Reporter for Listener {
    fn event(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    fn cancelled(&self) -> bool {
        self.amount() >= self.stop_after
    }
}
