//! HTTP as registries need it: one exchange at a time, with the rules on where a request and its secrets may go.
//!
//! A redirect is followed by hand, because the rules differ from a browser's: secrets stay with the origin (scheme,
//! host and port) that they were made for, and nothing goes from https to plain http unless the caller named that host.

mod failure;
mod retry;
mod tls;
mod url;

pub(crate) use failure::Failure;
pub(crate) use retry::Attempts;
pub use retry::Retry;
pub(crate) use url::{Origin, encode, is_loopback, join};

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;
use ureq::http::header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION};
use ureq::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};

/// How many redirects one exchange may take.
const REDIRECTS: usize = 5;

/// How long a registry may think about a finished upload, in idle timeouts: it hashes and moves the whole blob then.
const FINISHING: u32 = 5;

/// Which hosts are spoken to without TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// None: `localhost` speaks TLS too.
    Never,
    /// `localhost`, `127.0.0.0/8` and `::1`.
    #[default]
    Loopback,
    /// These (`host` or `host:port`) and the loopback.
    Hosts(BTreeSet<String>),
}

impl PlainHttp {
    /// Whether this authority (`host[:port]`) is one of them.
    pub fn allows(&self, authority: &str) -> bool {
        match self {
            Self::Never => false,
            Self::Loopback => is_loopback(authority),
            Self::Hosts(hosts) => is_loopback(authority) || Self::names(hosts, authority),
        }
    }

    /// Whether the caller named this authority.
    fn listed(&self, authority: &str) -> bool {
        matches!(self, Self::Hosts(hosts) if Self::names(hosts, authority))
    }

    fn names(hosts: &BTreeSet<String>, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        hosts.contains(&authority) || hosts.contains(url::host(&authority))
    }
}

/// What [`Transport::new`] needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) plain_http: PlainHttp,
    pub(crate) ca_certificates: Vec<PathBuf>,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) user_agent: String,
}

/// A body that can be sent again.
pub(crate) enum Payload<'a> {
    /// No body.
    Nothing,
    /// Bytes at hand.
    Bytes(&'a [u8]),
    /// A part of something that can be sought; told of every read.
    Part { file: &'a mut dyn ReadSeek, start: u64, length: u64, watch: &'a dyn Watch },
}

/// [`Read`] and [`Seek`].
pub(crate) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// Told how far a body has been sent; an error stops it.
pub(crate) trait Watch {
    fn sent(&self, position: u64) -> io::Result<()>;
}

/// One request.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) payload: Payload<'a>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Vec::new(), payload: Payload::Nothing }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn payload(mut self, payload: Payload<'a>) -> Self {
        self.payload = payload;
        self
    }
}

/// An answer, whatever its status, and the address that gave it after redirects.
pub(crate) struct Answer {
    pub(crate) uri: Uri,
    response: Response<ureq::Body>,
}

/// Makes exchanges.
pub(crate) struct Transport {
    agent: ureq::Agent,
    plain_http: PlainHttp,
    idle_timeout: Duration,
}

impl Transport {
    /// Reads the certificates; opens no connection.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Failure> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(settings.user_agent.as_str())
            .timeout_connect(Some(settings.connect_timeout))
            .timeout_per_read(Some(settings.idle_timeout))
            .timeout_per_write(Some(settings.idle_timeout))
            .tls_config(tls::config(&settings.ca_certificates)?)
            .build();
        Ok(Self { agent: config.into(), plain_http: settings.plain_http.clone(), idle_timeout: settings.idle_timeout })
    }

    /// The address of a host's root: https, or http where that is allowed.
    pub(crate) fn scheme(&self, authority: &str) -> &'static str {
        if self.plain_http.allows(authority) { "http" } else { "https" }
    }

    /// Fails unless this address is https or may be spoken to without TLS.
    pub(crate) fn check(&self, uri: &Uri) -> Result<(), Failure> {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        match uri.scheme_str() {
            _ if authority.is_empty() || authority.contains('@') => {
                Err(Failure::Refused("the address has no plain host".into()))
            }
            Some("https") => Ok(()),
            Some("http") if self.plain_http.allows(authority) => Ok(()),
            Some("http") => Err(Failure::Refused(format!(
                "{authority} would be spoken to over plain http; that must be allowed for this host"
            ))),
            _ => Err(Failure::Refused("the address is neither http nor https".into())),
        }
    }

    /// Fails when something that `from` said may not lead to `to`: from https only https follows, except to hosts that
    /// the caller named; a remote registry must not reach what listens on this machine's loopback either.
    pub(crate) fn check_step(&self, from: &Uri, to: &Uri) -> Result<(), Failure> {
        self.check(to)?;
        let authority = to.authority().map_or("", |authority| authority.as_str());
        let remote = from.authority().is_some_and(|from| !is_loopback(from.as_str()));
        if to.scheme_str() == Some("http") && !self.plain_http.listed(authority) {
            if from.scheme_str() == Some("https") {
                return Err(Failure::Refused(format!("it leads from https to plain http at {authority}")));
            }
            if remote {
                return Err(Failure::Refused(format!("it leads from a remote host to {authority}")));
            }
        }
        Ok(())
    }

    /// Makes one exchange and follows its redirects. `authorization` goes to the origin of the call's address alone.
    pub(crate) fn send(&self, call: &mut Call, authorization: Option<&HeaderValue>) -> Result<Answer, Failure> {
        let home = Origin::of(&call.uri);
        let mut uri = call.uri.clone();
        self.check(&uri)?;
        for _ in 0..=REDIRECTS {
            let secret = authorization.filter(|_| Origin::of(&uri) == home);
            let response = self.exchange(call, &uri, secret)?;
            let follows = match response.status() {
                StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
                StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => {
                    matches!(call.method, Method::GET | Method::HEAD)
                }
                _ => false,
            };
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            match location.filter(|_| follows) {
                Some(location) => {
                    let next = join(&uri, location)
                        .ok_or_else(|| Failure::Refused("it redirects to something that is no address".into()))?;
                    self.check_step(&uri, &next)?;
                    uri = next;
                }
                None => return Ok(Answer { uri, response }),
            }
        }
        Err(Failure::Refused(format!("it redirects more than {REDIRECTS} times")))
    }

    fn exchange(
        &self,
        call: &mut Call,
        uri: &Uri,
        secret: Option<&HeaderValue>,
    ) -> Result<Response<ureq::Body>, Failure> {
        let mut request = Request::builder().method(&call.method).uri(uri);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(secret) = secret {
            request = request.header(AUTHORIZATION, secret);
        }
        let (length, finishing) = match &call.payload {
            Payload::Nothing => (0, false),
            Payload::Bytes(bytes) => (bytes.len() as u64, false),
            Payload::Part { length, .. } => (*length, true),
        };
        let bodied = matches!(call.method, Method::POST | Method::PUT | Method::PATCH);
        if bodied {
            request = request.header(CONTENT_LENGTH, length);
        }
        let local = uri.authority().is_some_and(|authority| is_loopback(authority.as_str()));
        let idle =
            if finishing || call.method == Method::PUT { self.idle_timeout * FINISHING } else { self.idle_timeout };
        let unsound = |error: ureq::http::Error| Failure::Refused(format!("not a valid request: {error}"));
        let failed = |error| Failure::of(error, uri);
        // A proxy of the environment must not get what is meant for this machine.
        macro_rules! run {
            ($body:expr) => {{
                let request = request.body($body).map_err(unsound)?;
                let request = self.agent.configure_request(request).timeout_per_read(Some(idle));
                let request = if local { request.proxy(None) } else { request }.build();
                self.agent.run(request).map_err(failed)
            }};
        }
        if !bodied {
            return run!(());
        }
        match &mut call.payload {
            Payload::Nothing => run!(&b""[..]),
            Payload::Bytes(bytes) => run!(*bytes),
            Payload::Part { file, start, length, watch } => {
                file.seek(SeekFrom::Start(*start)).map_err(|error| Failure::Local(error.to_string()))?;
                let mut part = Part { file: *file, position: *start, left: *length, watch: *watch };
                run!(ureq::SendBody::from_reader(&mut part))
            }
        }
    }
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// A header, where it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// All headers of that name.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.response.headers().get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The body as it comes.
    pub(crate) fn into_reader(self) -> impl Read + Send + 'static {
        self.response.into_body().into_reader()
    }

    /// The whole body, at most `limit` bytes; one byte more is an answer of `None`.
    pub(crate) fn read(self, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let uri = self.uri.clone();
        let announced = self.header("content-length").and_then(|text| text.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let count = self.into_reader().take(limit + 1).read_to_end(&mut bytes);
        match count.map_err(|error| Failure::of(error.into(), &uri))? {
            count if count as u64 > limit => Ok(None),
            _ => Ok(Some(bytes)),
        }
    }
}

/// Gives one part of a file, and tells how far it is.
struct Part<'a> {
    file: &'a mut dyn ReadSeek,
    position: u64,
    left: u64,
    watch: &'a dyn Watch,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.watch.sent(self.position)?;
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = match buffer.get_mut(..room) {
            Some(room) => self.file.read(room)?,
            None => 0,
        };
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transport(plain_http: PlainHttp) -> Transport {
        Transport::new(&Settings {
            plain_http,
            ca_certificates: Vec::new(),
            connect_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(1),
            user_agent: "test".into(),
        })
        .unwrap()
    }

    #[test]
    fn plain_http_is_for_the_loopback_and_named_hosts() {
        let named = PlainHttp::Hosts(BTreeSet::from(["lab.example:5000".to_owned(), "old.example".to_owned()]));
        for (authority, never, loopback, hosts) in [
            ("localhost:5000", false, true, true),
            ("127.0.0.1", false, true, true),
            ("[::1]:5000", false, true, true),
            ("localhost.example", false, false, false),
            ("127.0.0.1.example", false, false, false),
            ("lab.example:5000", false, false, true),
            ("LAB.example:5000", false, false, true),
            ("lab.example:5001", false, false, false),
            ("old.example:80", false, false, true),
        ] {
            assert_eq!(PlainHttp::Never.allows(authority), never, "{authority}");
            assert_eq!(PlainHttp::Loopback.allows(authority), loopback, "{authority}");
            assert_eq!(named.allows(authority), hosts, "{authority}");
        }
    }

    #[test]
    fn nothing_leads_from_https_to_plain_http_or_from_afar_to_the_loopback() {
        let named = PlainHttp::Hosts(BTreeSet::from(["lab.example".to_owned()]));
        for (from, to, loopback, hosts) in [
            ("https://r.example/", "https://cdn.example/", true, true),
            ("https://r.example/", "http://cdn.example/", false, false),
            ("https://r.example/", "http://127.0.0.1:80/", false, false),
            ("https://r.example/", "http://lab.example/", false, true),
            ("http://lab.example/", "http://127.0.0.1:80/", false, false),
            ("http://127.0.0.1:5000/", "http://127.0.0.1:80/", true, true),
            ("http://127.0.0.1:5000/", "ftp://127.0.0.1:80/", false, false),
            ("http://127.0.0.1:5000/", "http://user@127.0.0.1:80/", false, false),
        ] {
            let (from_uri, to_uri) = (from.parse().unwrap(), to.parse().unwrap());
            assert_eq!(transport(PlainHttp::Loopback).check_step(&from_uri, &to_uri).is_ok(), loopback, "{from} {to}");
            assert_eq!(transport(named.clone()).check_step(&from_uri, &to_uri).is_ok(), hosts, "{from} {to}");
        }
    }
}
