//! Who we are to a registry: its challenge, our credentials, the tokens it gives for them
//! (OCI distribution specification, and the `distribution` project's token authentication specification).
//!
//! An [`Authority`] belongs to one host. What it holds is given to that host, or to the token server that this host names, and
//! to nobody else.

mod challenge;
mod credential;
mod token;

pub use credential::{AuthFiles, Credential, CredentialSource};

use super::transport::{Answer, Failure, Transport};
use challenge::Challenge;
use credential::Found;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use token::Token;
use ureq::http::{HeaderValue, Uri};

/// What a request wants to do: `repository:app:pull,push` and the like, sorted.
pub(crate) type Scopes = BTreeSet<String>;

/// The scopes for one repository's `actions`.
pub(crate) fn scope(repository: &str, actions: &str) -> String {
    format!("repository:{repository}:{actions}")
}

/// Answers the challenges of one host.
pub(crate) struct Authority {
    /// How users call the registry, which is what credentials are stored under.
    registry: String,
    repository: String,
    /// An address of the host, to judge where it may send us.
    home: Uri,
    credentials: CredentialSource,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    challenge: Option<Challenge>,
    /// Looked up at the first challenge, since helpers are programs.
    credential: Option<Result<Option<Found>, String>>,
    tokens: BTreeMap<Scopes, Token>,
}

impl Authority {
    pub(crate) fn new(registry: &str, repository: &str, home: Uri, credentials: &CredentialSource) -> Self {
        Self {
            registry: registry.into(),
            repository: repository.into(),
            home,
            credentials: credentials.clone(),
            state: Mutex::default(),
        }
    }

    /// The `Authorization` for a request to the host; none before its first challenge. Asks the token server where needed.
    pub(crate) fn authorization(&self, transport: &Transport, scopes: &Scopes) -> Result<Option<HeaderValue>, Failure> {
        let mut state = self.state();
        let state = &mut *state;
        match &state.challenge {
            None => Ok(None),
            Some(Challenge::Basic) => match self.credential(&mut state.credential) {
                Some(found) => found.basic().map(Some),
                None => Err(Failure::Denied(self.advice(state.credential.as_ref()))),
            },
            Some(Challenge::Bearer(bearer)) => {
                let mut wanted = scopes.clone();
                // What the registry asks for beyond what we know to ask, such as another name of the repository.
                let known = |asked: &str| scopes.iter().any(|own| resource(own) == resource(asked));
                wanted.extend(bearer.scopes().filter(|asked| !known(asked)).map(str::to_owned));
                if let Some(token) = state.tokens.get(&wanted).filter(|token| token.is_fresh()) {
                    return Ok(Some(token.header()));
                }
                transport.check_step(&self.home, &bearer.realm)?;
                let found = self.credential(&mut state.credential);
                match token::fetch(transport, bearer, &wanted, found) {
                    Ok(token) => {
                        let header = token.header();
                        state.tokens.insert(wanted, token);
                        Ok(Some(header))
                    }
                    Err(Failure::Status { status: 400 | 401 | 403, says, .. }) => {
                        let says = if says.is_empty() { String::new() } else { format!(" ({says})") };
                        let advice = self.advice(state.credential.as_ref());
                        Err(Failure::Denied(format!(
                            "the token server {} refuses{says}; {advice}",
                            bearer.realm_host()
                        )))
                    }
                    Err(failure) => Err(failure),
                }
            }
        }
    }

    /// Takes a 401 that came although `used` was sent: says whether trying again makes sense.
    pub(crate) fn challenged(&self, answer: &Answer, used: Option<&HeaderValue>) -> Result<bool, Failure> {
        let challenge = challenge::parse(answer.headers("www-authenticate"));
        let Some(challenge) = challenge else {
            return Err(Failure::Denied("the registry asks for a kind of login that slim does not know".into()));
        };
        let mut state = self.state();
        let worn_out = |token: &Token| used.is_some_and(|used| token.header() == *used);
        let expired = state.tokens.values().any(worn_out);
        state.tokens.retain(|_, token| !worn_out(token));
        let same = state.challenge.as_ref() == Some(&challenge);
        state.challenge = Some(challenge);
        Ok(used.is_none() || expired || !same)
    }

    /// Why access was refused in the end, and what to do.
    pub(crate) fn refused(&self, failure: Failure, scopes: &Scopes) -> Failure {
        match failure {
            Failure::Status { status: status @ (401 | 403), says, .. } => {
                let says = if says.is_empty() { String::new() } else { format!(": {says}") };
                let wanted = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
                let advice = self.advice(self.state().credential.as_ref());
                Failure::Denied(format!("the registry answers {status}{says} (wanted {wanted}); {advice}"))
            }
            other => other,
        }
    }

    fn credential<'a>(&self, slot: &'a mut Option<Result<Option<Found>, String>>) -> Option<&'a Found> {
        slot.get_or_insert_with(|| self.credentials.find(&self.registry, &self.repository)).as_ref().ok()?.as_ref()
    }

    fn advice(&self, tried: Option<&Result<Option<Found>, String>>) -> String {
        let registry = &self.registry;
        match tried {
            None => format!("no credentials were asked for; try `docker login {registry}`"),
            Some(Ok(None)) => format!("there are no credentials for {registry}; try `docker login {registry}`"),
            Some(Ok(Some(found))) => format!(
                "tried {found}; if they are out of date or lack this right, try `docker login {registry}` (the \
                 repository may also not exist)"
            ),
            Some(Err(reason)) => format!("the credentials for {registry} cannot be read: {reason}"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `repository:app` of `repository:app:pull`.
fn resource(scope: &str) -> &str {
    scope.rsplit_once(':').map_or(scope, |(resource, _)| resource)
}
