//! Where credentials come from: the caller, `config.json` with its helpers, Podman's auth file.

use crate::store::transport::Failure;
use base64::Engine as _;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use ureq::http::HeaderValue;

/// Largest file of credentials that is read, in bytes.
const LIMIT: u64 = 4 << 20;

/// Proof of who somebody is. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A name and a password (or a personal access token).
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A refresh token, as `docker login` stores for some registries (`identitytoken`).
    Identity(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => write!(f, "Password({user:?}, …)"),
            Self::Identity(_) => f.write_str("Identity(…)"),
        }
    }
}

/// Files that hold credentials, as `docker login` and `podman login` write them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AuthFiles {
    /// Those of Docker (`$DOCKER_CONFIG`, `~/.docker/config.json`) and then of Podman (`$REGISTRY_AUTH_FILE`,
    /// `$XDG_RUNTIME_DIR/containers/auth.json`, `~/.config/containers/auth.json`), as containers-auth.json(5) has it.
    #[default]
    Standard,
    /// None.
    None,
    /// This one alone.
    File(PathBuf),
}

/// Where credentials are looked for. The default is what `docker login` left behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CredentialSource {
    explicit: BTreeMap<String, Credential>,
    files: AuthFiles,
}

impl CredentialSource {
    /// No credentials: what the registry gives to everybody.
    pub fn anonymous() -> Self {
        Self::from_files(AuthFiles::None)
    }

    /// Those of these files.
    pub fn from_files(files: AuthFiles) -> Self {
        Self { explicit: BTreeMap::new(), files }
    }

    /// Adds a credential for one registry (as in references: `docker.io`, `registry.example:5000`); it comes before any file.
    #[must_use]
    pub fn with(mut self, registry: &str, credential: Credential) -> Self {
        self.explicit.insert(registry.to_ascii_lowercase(), credential);
        self
    }

    /// The credential for a repository, or why there may be one that cannot be had.
    pub(super) fn find(&self, registry: &str, repository: &str) -> Result<Option<Found>, String> {
        if let Some(credential) = self.explicit.get(registry) {
            return Ok(Some(Found { credential: credential.clone(), origin: "the caller".into() }));
        }
        let files = match &self.files {
            AuthFiles::Standard => standard_files(),
            AuthFiles::None => Vec::new(),
            AuthFiles::File(file) => return read(file, registry, repository),
        };
        for file in files.iter().filter(|file| file.is_file()) {
            if let Some(found) = read(file, registry, repository)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// A credential and where it was found. Displays without secrets.
pub(super) struct Found {
    pub(super) credential: Credential,
    origin: String,
}

impl Found {
    /// The `Authorization` of basic authentication (RFC 7617).
    pub(super) fn basic(&self) -> Result<HeaderValue, Failure> {
        let Credential::Password { user, password } = &self.credential else {
            return Err(Failure::Denied(format!("the registry wants a name and a password, but there is only {self}")));
        };
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let mut value =
            HeaderValue::try_from(format!("Basic {text}")).map_err(|error| Failure::Local(error.to_string()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.credential {
            Credential::Password { user, .. } => write!(f, "the credentials of user {user:?} from {}", self.origin),
            Credential::Identity(_) => write!(f, "the identity token from {}", self.origin),
        }
    }
}

fn standard_files() -> Vec<PathBuf> {
    let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = path("HOME");
    let docker = path("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
    [
        docker.map(|dir| dir.join("config.json")),
        path("REGISTRY_AUTH_FILE"),
        path("XDG_RUNTIME_DIR").map(|dir| dir.join("containers/auth.json")),
        path("XDG_CONFIG_HOME")
            .or_else(|| home.map(|home| home.join(".config")))
            .map(|dir| dir.join("containers/auth.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Finds a repository's credential in one file.
///
/// Which entry counts is decided here, since Podman's files have entries for a part of a registry (`quay.io/team`) and Docker's
/// have several spellings of one host; decoding it or running the helper is the library's.
fn read(file: &Path, registry: &str, repository: &str) -> Result<Option<Found>, String> {
    let fail = |reason: String| format!("{}: {reason}", file.display());
    let length = std::fs::metadata(file).map_err(|error| fail(error.to_string()))?.len();
    if length > LIMIT {
        return Err(fail(format!("{length} bytes are too many for a file of credentials")));
    }
    let text = std::fs::read(file).map_err(|error| fail(error.to_string()))?;
    let json: serde_json::Value = serde_json::from_slice(&text).map_err(|_| fail("it is not valid JSON".into()))?;
    let origin = file.display().to_string();
    for key in keys(registry, repository) {
        for (section, chosen) in choose(&json, &key) {
            let narrow = serde_json::to_vec(&chosen).unwrap_or_default();
            let credential = match docker_credential::get_credential_from_reader(&narrow[..], &key) {
                Ok(DockerCredential::UsernamePassword(user, password)) => Credential::Password {
                    user,
                    // Docker pads with NUL.
                    password: password.trim_end_matches('\0').to_owned(),
                },
                Ok(DockerCredential::IdentityToken(token)) => Credential::Identity(token),
                Err(CredentialRetrievalError::NoCredentialConfigured) => continue,
                // A helper that has nothing says so by failing; what it prints may be a secret.
                Err(CredentialRetrievalError::HelperFailure { helper, stdout, stderr }) => {
                    if [stdout, stderr].iter().any(|text| text.contains("not found")) {
                        continue;
                    }
                    return Err(fail(format!("the helper {helper} failed")));
                }
                Err(error) => return Err(fail(format!("{section}: {error}"))),
            };
            let empty = matches!(&credential, Credential::Password { user, .. } if user.is_empty());
            if !empty {
                return Ok(Some(Found { credential, origin: format!("{origin} ({section})") }));
            }
        }
    }
    Ok(None)
}

/// The names that a repository's credential may be stored under, the most specific first.
fn keys(registry: &str, repository: &str) -> Vec<String> {
    let mut keys = vec![format!("{registry}/{repository}")];
    keys.extend(repository.rmatch_indices('/').map(|(end, _)| format!("{registry}/{}", &repository[..end])));
    match registry {
        "docker.io" => keys.extend(
            ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"].map(str::to_owned),
        ),
        _ => keys.push(registry.into()),
    }
    keys
}

/// Small configurations of nothing but what concerns `key`, in the order in which they count.
fn choose(json: &serde_json::Value, key: &str) -> Vec<(String, serde_json::Value)> {
    use serde_json::json;
    let mut chosen = Vec::new();
    if let Some(helper) =
        json.get("credHelpers").and_then(|helpers| helpers.get(key)).filter(|helper| helper.is_string())
    {
        chosen.push((format!("credHelpers, {key}"), json!({ "credHelpers": { key: helper } })));
    }
    let host = |name: &str| {
        let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"))?;
        Some(name.split('/').next().unwrap_or(name).to_owned())
    };
    let entries = json.get("auths").and_then(|auths| auths.as_object());
    let exact = entries.and_then(|entries| entries.get(key));
    // `docker login https://host/v2/` stores the address as it was typed.
    let typed = || entries?.iter().find(|(name, _)| host(name).as_deref() == Some(key)).map(|(_, entry)| entry);
    if let Some(entry) = exact.or_else(typed) {
        // A helper's registries have empty entries.
        if entry.as_object().is_some_and(|entry| !entry.is_empty()) {
            chosen.push((format!("auths, {key}"), json!({ "auths": { key: entry } })));
        }
    }
    let whole_host = !key.contains('/') || key.starts_with("https://");
    if let Some(store) =
        json.get("credsStore").and_then(|store| store.as_str()).filter(|store| !store.is_empty() && whole_host)
    {
        chosen.push((format!("credsStore, {key}"), json!({ "credsStore": store })));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn find(config: &serde_json::Value, registry: &str, repository: &str) -> Result<Option<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let found = CredentialSource::from_files(AuthFiles::File(file)).find(registry, repository)?;
        Ok(found.map(|found| match found.credential {
            Credential::Password { user, password } => format!("{user}:{password}"),
            Credential::Identity(token) => format!("identity {token}"),
        }))
    }

    fn auth(text: &str) -> serde_json::Value {
        json!({ "auth": base64::engine::general_purpose::STANDARD.encode(text) })
    }

    #[test]
    fn the_most_specific_entry_counts() {
        let config = json!({ "auths": {
            "https://index.docker.io/v1/": auth("hub:1"),
            "r.example": auth("host:2"),
            "r.example/team": auth("team:3"),
            "r.example/team/app": auth("app:4:5"),
            "https://typed.example/v2/": auth("typed:6\0\0"),
            "id.example": { "identitytoken": "refresh" },
            "plain.example:5000": { "username": "u", "password": "p" },
            "empty.example": {},
        } });
        for (registry, repository, expected) in [
            ("docker.io", "library/nginx", Some("hub:1")),
            ("r.example", "other", Some("host:2")),
            ("r.example", "team/x", Some("team:3")),
            ("r.example", "team/app", Some("app:4:5")),
            ("r.example", "team/app/sub", Some("app:4:5")),
            ("r.example", "teams", Some("host:2")),
            ("r.example:5000", "team/app", None),
            ("typed.example", "x", Some("typed:6")),
            ("id.example", "x", Some("identity refresh")),
            ("plain.example:5000", "x", Some("u:p")),
            ("plain.example", "x", None),
            ("empty.example", "x", None),
            ("sub.r.example", "x", None),
        ] {
            assert_eq!(find(&config, registry, repository).unwrap().as_deref(), expected, "{registry}/{repository}");
        }
    }

    #[test]
    fn broken_files_say_where_and_nothing_of_what_they_hold() {
        let error = find(&json!({ "auths": { "r.example": { "auth": "%hunter2%" } } }), "r.example", "x").unwrap_err();
        assert!(error.contains("config.json: auths, r.example") && !error.contains("hunter2"), "{error}");
        let error = find(&json!({ "credHelpers": { "r.example": "slim-none" } }), "r.example", "x").unwrap_err();
        assert!(error.contains("credHelpers, r.example"), "{error}");
        let none = find(&json!({ "credsStore": "slim-none" }), "r.example", "x");
        assert!(none.unwrap_err().contains("credsStore"));
    }

    #[test]
    fn the_caller_comes_first_and_secrets_are_not_shown() {
        let credential = Credential::Password { user: "bob".into(), password: "hunter2".into() };
        let source = CredentialSource::anonymous().with("R.example", credential);
        let found = source.find("r.example", "x").unwrap().unwrap();
        assert_eq!(found.to_string(), "the credentials of user \"bob\" from the caller");
        assert!(!format!("{source:?}").contains("hunter2"));
        assert_eq!(found.basic().unwrap(), "Basic Ym9iOmh1bnRlcjI=");
        assert!(source.find("other.example", "x").unwrap().is_none());
    }
}
