//! Advice for images that cannot be read or written.

use super::{Code, Failure, machine_hint};
use rebuild::store::StoreError;

/// The forms that an image's name can have.
const FORMS: &str =
    "an image is named as REF or docker://REF (a registry), oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE";

pub(super) fn explain(error: &StoreError) -> Failure {
    let failure = Failure::of(error);
    match error {
        StoreError::Reference { .. } => Failure { code: Code::Usage, ..failure.hint(FORMS) },
        StoreError::Missing { name, what } => failure.hints(missing(name, what)),
        StoreError::Denied { name, reason } => failure.hints(denied(name, reason)),
        StoreError::Corrupt { name, .. } => failure.hint(if is_registry(name) {
            "what came is not what the image's manifest promises: try again; if it stays, the image in the registry is damaged \
             or something in between changes it"
        } else {
            "the image is damaged: make the archive or the layout again"
        }),
        StoreError::NotAnImage { .. } => {
            failure.hint("slim reads Docker and OCI images; charts, attestations, models and other artifacts are not images")
        }
        StoreError::Failed { reason, retry, .. } => failure.hints(failed(reason, *retry)),
        StoreError::Cancelled { .. } => Failure::interrupted(),
    }
}

fn missing(name: &str, what: &str) -> Option<String> {
    if what.contains("an image for") {
        return Some("choose one of the image's platforms with --platform OS/ARCH[/VARIANT]".into());
    }
    if let Some(host) = host(name) {
        return Some(format!(
            "check the name and the tag; if the repository is private, log in with `{}` (many registries answer so to strangers)",
            login(host)
        ));
    }
    if name.starts_with("oci:") || name.starts_with("oci-archive:") || name.starts_with("docker-archive:") {
        return Some("check the path, and the tag or name after it".into());
    }
    Some(format!("check the path; {FORMS}"))
}

fn denied(name: &str, reason: &str) -> Vec<String> {
    let mut hints = Vec::new();
    if let Some(host) = host(name) {
        // The library names the command where it knows that there are no credentials at all.
        let command = login(host);
        if !reason.contains(&command) {
            hints.push(format!("log in with `{command}`"));
        }
    }
    hints.push("credentials that are elsewhere are named with --authfile FILE".into());
    hints
}

fn failed(reason: &str, retry: bool) -> Option<String> {
    if reason.contains("TLS") {
        return Some("--ca FILE trusts a private authority; --plain-http HOST speaks to a registry without TLS".into());
    }
    if reason.contains("is not known") {
        return Some("check the host's name and this machine's network".into());
    }
    machine_hint(reason).or_else(|| retry.then(|| "it may go well when tried again".into()))
}

fn is_registry(name: &str) -> bool {
    name.starts_with("docker://")
}

/// The registry of `docker://HOST/…`.
fn host(name: &str) -> Option<&str> {
    name.strip_prefix("docker://")?.split('/').next()
}

fn login(host: &str) -> String {
    format!("docker login {host}")
}
