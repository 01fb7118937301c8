//! One repository of one host.

use super::RegistryOptions;
use crate::event::Reporter;
use crate::image::{Digest, Reference};
use crate::store::StoreError;
use crate::store::auth::{Authority, Scopes, scope};
use crate::store::transport::{Answer, Attempts, Call, Failure, Origin, Retry, Transport};
use std::sync::Arc;
use ureq::http::{HeaderValue, Uri};

/// Speaks to one repository of one host.
pub(super) struct Client {
    transport: Arc<Transport>,
    authority: Authority,
    /// `https://host/v2/repository/`.
    base: String,
    origin: Origin,
    retry: Retry,
    scopes: Scopes,
    /// The image, for people.
    name: String,
}

impl Client {
    /// A client for `reference` at `host`: the registry's own, or a mirror. `actions` is `pull` or `pull,push`.
    pub(super) fn new(
        transport: &Arc<Transport>,
        reference: &Reference,
        host: &str,
        actions: &str,
        options: &RegistryOptions,
    ) -> Result<Self, StoreError> {
        let home = host == reference.endpoint();
        let name = match home {
            true => format!("docker://{reference}"),
            false => format!("docker://{reference} (mirror {host})"),
        };
        let repository = reference.repository();
        let base = format!("{}://{host}/v2/{repository}/", transport.scheme(host));
        let root: Uri = base.parse().map_err(|_| StoreError::Reference {
            reference: reference.to_string(),
            reason: format!("{host} is not a host to connect to"),
        })?;
        // A mirror's credentials are its own.
        let registry = if home { reference.host() } else { host };
        Ok(Self {
            transport: Arc::clone(transport),
            origin: Origin::of(&root),
            authority: Authority::new(registry, repository, root, &options.credentials),
            base,
            retry: options.retry.clone(),
            scopes: Scopes::from([scope(repository, actions)]),
            name,
        })
    }

    /// The image, for people.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The address of something in the repository, `manifests/latest`.
    pub(super) fn uri(&self, path: &str) -> Result<Uri, Failure> {
        format!("{}{path}", self.base).parse().map_err(|_| Failure::Refused(format!("{path} is not a valid address")))
    }

    /// The address of a blob.
    pub(super) fn blob_uri(&self, digest: &Digest) -> Result<Uri, Failure> {
        self.uri(&format!("blobs/{digest}"))
    }

    /// The address that an answer's `Location` means, if it may be followed.
    pub(super) fn location(&self, answer: &Answer) -> Result<Uri, Failure> {
        let text = answer.header("location");
        let uri = text.and_then(|text| crate::store::transport::join(&answer.uri, text));
        let uri = uri.ok_or_else(|| Failure::Refused("the registry names no valid place to go on".into()))?;
        self.transport.check_step(&answer.uri, &uri)?;
        Ok(uri)
    }

    /// How often and how patiently to try.
    pub(super) fn attempts(&self) -> Attempts<'_> {
        Attempts::new(&self.retry)
    }

    /// Makes a call until it succeeds or there is no hope; a status of 400 and more is a failure.
    pub(super) fn send(&self, call: &mut Call, reporter: &dyn Reporter) -> Result<Answer, Failure> {
        let mut attempts = self.attempts();
        loop {
            match self.send_once(call, &self.scopes) {
                Err(failure) => attempts.again(failure, &self.name, reporter)?,
                answer => return answer,
            }
        }
    }

    /// Makes a call once, or twice if the first is answered by a challenge.
    pub(super) fn once(&self, call: &mut Call) -> Result<Answer, Failure> {
        self.send_once(call, &self.scopes)
    }

    /// Makes a call once that reads another repository of the registry too.
    pub(super) fn once_from(&self, call: &mut Call, repository: &str) -> Result<Answer, Failure> {
        let mut scopes = self.scopes.clone();
        scopes.insert(scope(repository, "pull"));
        self.send_once(call, &scopes)
    }

    fn send_once(&self, call: &mut Call, scopes: &Scopes) -> Result<Answer, Failure> {
        let home = Origin::of(&call.uri) == self.origin;
        let mut answered = false;
        loop {
            let authorization = match home {
                true => self.authority.authorization(&self.transport, scopes)?,
                false => None,
            };
            let answer = self.transport.send(call, authorization.as_ref())?;
            if answer.status() < 400 {
                return Ok(answer);
            }
            // Another host's challenge is not ours to answer: it has no claim on the registry's credentials.
            let ours = home && Origin::of(&answer.uri) == self.origin;
            if answer.status() == 401
                && ours
                && !answered
                && self.authority.challenged(&answer, authorization.as_ref())?
            {
                answered = true;
                continue;
            }
            let failure = redact(Failure::of_answer(answer), authorization.as_ref());
            return Err(if ours { self.authority.refused(failure, scopes) } else { failure });
        }
    }
}

/// Takes our secret out of what a registry says, should it repeat it.
fn redact(failure: Failure, authorization: Option<&HeaderValue>) -> Failure {
    let secret = authorization.and_then(|value| value.to_str().ok()).and_then(|text| text.split(' ').nth(1));
    match (failure, secret) {
        (Failure::Status { status, says, wait }, Some(secret)) => {
            // Even a cut-off copy: what is said is shorter than many tokens.
            let start: String = secret.chars().take(16).collect();
            let says = if says.contains(&start) { "…".into() } else { says };
            Failure::Status { status, says, wait }
        }
        (failure, _) => failure,
    }
}
