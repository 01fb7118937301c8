//! Getting bytes from an archive: over HTTP, or out of a folder that mirrors it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// What to get.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// Full address, perhaps with user and password in it.
    pub url: &'a str,
    /// First byte wanted.
    pub from: u64,
    /// Only if it is no longer this one.
    pub etag: Option<&'a str>,
    /// Only if it is newer than this.
    pub last_modified: Option<&'a str>,
}

/// What came.
pub enum Answer {
    /// It is still the one that the caller knows.
    Unchanged,
    /// Here it is.
    Body(Body),
}

/// Bytes on their way.
pub struct Body {
    /// The first byte that comes: 0 when the other side cannot begin in the middle.
    pub start: u64,
    /// How many come, where that is told.
    pub size: Option<u64>,
    /// For the next time.
    pub etag: Option<String>,
    /// For the next time.
    pub last_modified: Option<String>,
    /// The bytes.
    pub reader: Box<dyn Read + Send>,
}

/// Nothing came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// There is no such thing (404, 410).
    #[error("it does not exist")]
    Missing,
    /// The folder that stands in for the network does not have it.
    #[error("it is not in the folder {0}")]
    NotInFolder(String),
    /// The other side wants a password, or another one.
    #[error("access denied ({0}); give credentials for the host")]
    Denied(u16),
    /// Anything else.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
        /// Whether trying again may help.
        retry: bool,
    },
}

impl TransportError {
    /// Whether there is no such thing where it was asked for.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::NotInFolder(_))
    }
}

/// Gets bytes by address. Implementations are used by several threads at once.
pub trait Transport: Send + Sync {
    /// Sends one request.
    ///
    /// # Errors
    /// When nothing came.
    fn get(&self, request: &Request<'_>) -> Result<Answer, TransportError>;
}

/// The transport that the options name: a folder, or the network.
pub(super) fn of(options: &super::Options) -> Box<dyn Transport> {
    match &options.offline {
        Some(folder) => Box::new(Folder::new(folder)),
        None => Box::new(Http::new(options.credentials.clone())),
    }
}

/// HTTP and HTTPS, through the proxy that the environment names.
#[derive(Debug)]
pub struct Http {
    agent: ureq::Agent,
    credentials: Vec<Credential>,
}

/// A password for the archives of one host.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// `http` or `https`; `None` is `https`, for a password that nobody said may be sent in the clear is not (apt_auth.conf(5)).
    pub scheme: Option<String>,
    /// `host` or `host:port`.
    pub host: String,
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({}@{})", self.user, self.host)
    }
}

impl Http {
    /// Makes a client. The credentials are sent to their own host only.
    pub fn new(credentials: Vec<Credential>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .user_agent(concat!("slim/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections_per_host(8)
            .build();
        Self { agent: config.new_agent(), credentials }
    }

    /// The address without user and password, and what to send in their stead.
    fn authorization(&self, url: &str) -> (String, Option<String>) {
        use base64::Engine as _;
        let basic = |pair: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        let Some((scheme, rest)) = url.split_once("://") else { return (url.into(), None) };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if let Some((secret, host)) = authority.rsplit_once('@') {
            return (format!("{scheme}://{host}{path}"), Some(basic(&percent_decoded(secret))));
        }
        let fits = |known: &&Credential| {
            known.host.eq_ignore_ascii_case(authority) && known.scheme.as_deref().unwrap_or("https") == scheme
        };
        let known = self.credentials.iter().find(fits);
        (url.into(), known.map(|known| basic(&format!("{}:{}", known.user, known.password))))
    }
}

impl Transport for Http {
    fn get(&self, request: &Request<'_>) -> Result<Answer, TransportError> {
        let (url, authorization) = self.authorization(request.url);
        let mut call = self.agent.get(&url);
        let range = (request.from > 0).then(|| format!("bytes={}-", request.from));
        for (name, value) in [
            ("authorization", authorization.as_deref()),
            ("range", range.as_deref()),
            ("if-none-match", request.etag),
            ("if-modified-since", request.last_modified),
        ] {
            if let Some(value) = value {
                call = call.header(name, value);
            }
        }
        let failed = |reason: String, retry| TransportError::Failed { reason, retry };
        let response = call.call().map_err(|error| {
            let retry = !matches!(error, ureq::Error::BadUri(_) | ureq::Error::Tls(_) | ureq::Error::HostNotFound);
            failed(error.to_string(), retry)
        })?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let start = match response.status().as_u16() {
            304 => return Ok(Answer::Unchanged),
            200 => 0,
            206 => request.from,
            404 | 410 => return Err(TransportError::Missing),
            status @ (401 | 403 | 407) => return Err(TransportError::Denied(status)),
            // The file ends before the wanted byte: the caller begins anew.
            416 => return Err(failed("the range is beyond its end".into(), true)),
            status => return Err(failed(format!("HTTP status {status}"), status >= 500 || status == 429)),
        };
        let (etag, last_modified) = (header("etag"), header("last-modified"));
        let body = response.into_body();
        let size = body.content_length();
        let reader = Box::new(body.into_with_config().limit(u64::MAX).reader());
        Ok(Answer::Body(Body { start, size, etag, last_modified, reader }))
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| hex::decode(digits).ok());
        bytes.push(code.as_ref().and_then(|code| code.first().copied()).unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A folder that holds what archives hold, for machines without a network.
///
/// `http://host/debian/dists/x` is looked for as `host/debian/dists/x`, `debian/dists/x` and `dists/x`, in this order.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Serves from this folder.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn find(&self, url: &str) -> Option<PathBuf> {
        let rest = url.split_once("://")?.1;
        let (authority, path) = rest.split_at(rest.find('/')?);
        let host = authority.rsplit('@').next()?;
        let path = path.trim_start_matches('/');
        // Mirrors keep `%3a` in names as it is; others were saved by their decoded names.
        [path.to_owned(), percent_decoded(path)].iter().find_map(|path| self.find_path(host, path))
    }

    fn find_path(&self, host: &str, path: &str) -> Option<PathBuf> {
        let core = ["dists/", "pool/"].iter().find_map(|start| {
            let mut found = path.match_indices(start).map(|(at, _)| at);
            found.find(|at| *at == 0 || path.as_bytes()[at - 1] == b'/').map(|at| path[at..].to_owned())
        });
        let candidates = [Some(format!("{host}/{path}")), Some(path.to_owned()), core];
        candidates.into_iter().flatten().find_map(|name| {
            // Addresses come from images: they may not climb out of the folder.
            let plain = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
            Some(self.root.join(&name)).filter(|path| plain && path.is_file())
        })
    }
}

impl Transport for Folder {
    fn get(&self, request: &Request<'_>) -> Result<Answer, TransportError> {
        let path =
            self.find(request.url).ok_or_else(|| TransportError::NotInFolder(self.root.display().to_string()))?;
        let open = || -> io::Result<_> {
            let mut file = File::open(&path)?;
            let size = file.metadata()?.len();
            file.seek(SeekFrom::Start(request.from))?;
            Ok((file, size))
        };
        let failed =
            |error: io::Error| TransportError::Failed { reason: format!("{}: {error}", path.display()), retry: false };
        let (file, size) = open().map_err(failed)?;
        Ok(Answer::Body(Body {
            start: request.from,
            size: Some(size.saturating_sub(request.from)),
            etag: None,
            last_modified: None,
            reader: Box::new(file),
        }))
    }
}

/// Where a folder of archives has the file of an address: `HOST/PATH`. `None` for an address that would lead out of it.
pub(super) fn place_of(url: &str) -> Option<PathBuf> {
    let rest = url.split_once("://")?.1;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let name = format!("{}/{}", authority.rsplit('@').next()?, path.trim_start_matches('/'));
    Some(PathBuf::from(name)).filter(|name| name.components().all(|part| matches!(part, Component::Normal(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_to_their_own_host_only() {
        let credential = |scheme: Option<&str>, host: &str| Credential {
            scheme: scheme.map(str::to_owned),
            host: host.into(),
            user: "u".into(),
            password: "p".into(),
        };
        let http = Http::new(vec![credential(None, "a.example"), credential(Some("http"), "c.example")]);
        for (url, expected) in [
            ("https://a.example/x", true),
            ("http://a.example/x", false),
            ("https://b.example/x", false),
            ("http://c.example/x", true),
            ("https://c.example/x", false),
        ] {
            let basic = http.authorization(url).1;
            assert_eq!(basic.as_deref(), expected.then_some("Basic dTpw"), "{url}");
        }
        let (url, basic) = http.authorization("https://me:s%40x@b.example/x@y");
        assert_eq!((url.as_str(), basic.as_deref()), ("https://b.example/x@y", Some("Basic bWU6c0B4")));
    }

    #[test]
    fn a_folder_serves_addresses_and_nothing_outside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("mirror");
        std::fs::create_dir_all(root.join("dists/x")).unwrap();
        std::fs::create_dir_all(root.join("host.example/debian/pool")).unwrap();
        std::fs::write(root.join("dists/x/InRelease"), "1").unwrap();
        std::fs::write(root.join("host.example/debian/pool/a.deb"), "2").unwrap();
        std::fs::write(folder.path().join("secret"), "3").unwrap();
        let transport = Folder::new(root);
        assert!(transport.find("http://any.example/debian/dists/x/InRelease").is_some());
        assert!(transport.find("http://host.example/debian/pool/a.deb").is_some());
        for bad in
            ["http://host.example/../secret", "http://../secret", "http://x/%2e%2e/secret", "http://x/dists/x", "x"]
        {
            assert!(transport.find(bad).is_none(), "{bad}");
        }
    }
}
