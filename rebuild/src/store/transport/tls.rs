//! Whom to trust: the system's authorities, and those that the caller adds.

use super::Failure;
use std::path::PathBuf;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Trusts what the system trusts, and the certificates (PEM) of these files on top.
pub(super) fn config(files: &[PathBuf]) -> Result<TlsConfig, Failure> {
    let builder = TlsConfig::builder();
    if files.is_empty() {
        return Ok(builder.root_certs(RootCerts::PlatformVerifier).build());
    }
    // The platform's verifier takes no further authorities, so its roots are read here; some may be missing or odd.
    let system = rustls_native_certs::load_native_certs().certs;
    let mut roots: Vec<Certificate<'static>> =
        system.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    for file in files {
        let fail = |reason: String| Failure::Local(format!("CA certificate {}: {reason}", file.display()));
        let pem = std::fs::read(file).map_err(|error| fail(error.to_string()))?;
        let before = roots.len();
        for item in parse_pem(&pem) {
            match item.map_err(|error| fail(error.to_string()))? {
                PemItem::Certificate(certificate) => roots.push(certificate),
                _ => return Err(fail("holds something that is no certificate".into())),
            }
        }
        if roots.len() == before {
            return Err(fail("holds no PEM certificate".into()));
        }
    }
    Ok(builder.root_certs(RootCerts::from(roots)).build())
}
