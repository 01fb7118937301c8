//! Images in a registry (OCI distribution specification 1.1).
//!
//! [`RegistrySource`] pulls and [`RegistrySink`] pushes. Both speak through a client that knows one repository of one host: it
//! answers challenges, tries again what may go well the second time, and names the image in every error.

mod client;
mod download;
mod sink;
mod source;
mod upload;

pub use super::auth::{AuthFiles, Credential, CredentialSource};
pub use super::transport::{PlainHttp, Retry};
pub use sink::RegistrySink;
pub use source::RegistrySource;

use super::transport::Settings;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How to speak to registries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryOptions {
    /// Hosts spoken to without TLS.
    pub plain_http: PlainHttp,
    /// Where credentials are looked for when a registry asks.
    pub credentials: CredentialSource,
    /// Files (PEM) of authorities that are trusted on top of the system's.
    pub ca_certificates: Vec<PathBuf>,
    /// For a registry (as in references), hosts that may answer reads in its place, tried in order before it: `host[:port]`.
    /// A mirror that lacks something or fails is passed over.
    pub mirrors: BTreeMap<String, Vec<String>>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence while bytes should flow.
    pub idle_timeout: Duration,
    /// When to try again.
    pub retry: Retry,
    /// How blobs are sent.
    pub upload: Upload,
    /// The `User-Agent`.
    pub user_agent: String,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            plain_http: PlainHttp::default(),
            credentials: CredentialSource::default(),
            ca_certificates: Vec::new(),
            mirrors: BTreeMap::new(),
            connect_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(60),
            retry: Retry::default(),
            upload: Upload::default(),
            user_agent: concat!("slim/", env!("CARGO_PKG_VERSION")).into(),
        }
    }
}

impl RegistryOptions {
    fn settings(&self) -> Settings {
        Settings {
            plain_http: self.plain_http.clone(),
            ca_certificates: self.ca_certificates.clone(),
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout,
            user_agent: self.user_agent.clone(),
        }
    }
}

/// How a blob is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Upload {
    /// In one request, which every registry takes.
    #[default]
    Whole,
    /// Blobs larger than `chunk` bytes in requests of that size, for hosts or proxies that limit a request's body.
    Chunked {
        /// Bytes of a request; a registry's own minimum counts where it is larger.
        chunk: u64,
    },
}

#[cfg(test)]
mod tests;
