//! A registry in this process, on a free port of the loopback: enough of the OCI distribution specification for a client to
//! pull and push, and many ways to go wrong on demand.
//!
//! It is strict where real registries are: a body needs a length, an upload needs the query that its location had, a token
//! opens only what it was given for.

mod http;

use http::{Reply, Request};
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// `Authorization: Basic` with this name and password.
    Basic(&'static str, &'static str),
    /// Tokens of the server's own `/token`: with this name and password for everything, without for pulling.
    Token(&'static str, &'static str),
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status, with `Retry-After` in seconds and a registry's error body.
    Status(u16, Option<u64>),
    /// The connection ends after this many bytes of the answer's body.
    Cut(usize),
    /// Nothing more comes after this many bytes of the answer's body, and the connection stays open.
    Stall(usize),
    /// One byte of the body is another one.
    Corrupt,
    /// The body has these bytes more (and its length says so).
    Longer(&'static [u8]),
    /// `Docker-Content-Digest` is that of something else.
    Lie,
    /// 307 to the same path under this address.
    Redirect(String),
    /// All tokens given so far are worth nothing.
    Expire,
    /// The request's body is read up to this many bytes (which an upload keeps), then the connection ends without an answer.
    Hangup(usize),
    /// `Range` is not understood.
    NoRange,
    /// This header is sent on top.
    Header(&'static str, String),
    /// This is the body, with status 200.
    Body(Vec<u8>),
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Bytes of the body.
    pub length: usize,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    links: BTreeSet<(String, String)>,
    manifests: BTreeMap<(String, String), (String, Vec<u8>)>,
    uploads: BTreeMap<String, Vec<u8>>,
    tokens: BTreeMap<String, BTreeSet<String>>,
    faults: Vec<(String, String, Fault, usize)>,
    seen: Vec<Seen>,
    counter: usize,
}

/// A running registry; it ends when dropped.
pub struct Registry {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

/// `sha256:…` of these bytes.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(sha2::Sha256::digest(bytes)))
}

impl Registry {
    /// Starts one.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(access: Access) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the port");
        let (state, stop) = (Arc::new(Mutex::new(State::default())), Arc::new(AtomicBool::new(false)));
        let (shared, ended) = (Arc::clone(&state), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (state, access) = (Arc::clone(&shared), access.clone());
                std::thread::spawn(move || serve(stream, &state, &access, address));
            }
        });
        Self { address, state, stop }
    }

    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Stores a blob and says its digest.
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let mut state = lock(&self.state);
        state.blobs.insert(digest.clone(), bytes.to_vec());
        state.links.insert((repository.into(), digest.clone()));
        digest
    }

    /// Stores a manifest under a tag and its digest, and says the digest.
    pub fn put_manifest(&self, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let mut state = lock(&self.state);
        for name in [tag, &digest] {
            state.manifests.insert((repository.into(), name.into()), (media_type.into(), bytes.to_vec()));
        }
        digest
    }

    /// A blob that a repository has.
    pub fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        let state = lock(&self.state);
        state.links.get(&(repository.into(), digest.into())).and_then(|(_, digest)| state.blobs.get(digest).cloned())
    }

    /// A manifest's media type and bytes.
    pub fn manifest(&self, repository: &str, name: &str) -> Option<(String, Vec<u8>)> {
        lock(&self.state).manifests.get(&(repository.into(), name.into())).cloned()
    }

    /// Lets the next `times` requests of this method whose path and query contain `part` go wrong.
    pub fn fault(&self, method: &str, part: &str, fault: Fault, times: usize) {
        lock(&self.state).faults.push((method.into(), part.into(), fault, times));
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state).seen.clone()
    }

    /// Requests so far as `METHOD path?query`.
    pub fn requests(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, state: &Mutex<State>, access: &Access, address: SocketAddr) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let Ok(mut connection) = http::Connection::new(stream) else { return };
    while let Some(mut request) = connection.head() {
        let mut guard = lock(state);
        let fault = take_fault(&mut guard, &request);
        let seen = Seen {
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.headers.clone(),
            length: request.length().unwrap_or(0),
        };
        guard.seen.push(seen);
        drop(guard);
        if let Some(Fault::Hangup(count)) = fault {
            let part = connection.body(count.min(request.length().unwrap_or(0))).unwrap_or_default();
            if request.method == "PATCH"
                && let Some(upload) = lock(state).uploads.get_mut(request.last())
            {
                upload.extend(part);
            }
            return;
        }
        request.body = match connection.body(request.length().unwrap_or(0)) {
            Some(body) => body,
            None => return,
        };
        let mut guard = lock(state);
        if fault == Some(Fault::Expire) {
            guard.tokens.clear();
        }
        if fault == Some(Fault::NoRange) {
            request.headers.remove("range");
        }
        let mut reply = match &fault {
            Some(Fault::Status(status, wait)) => {
                let reply = Reply::error(*status, "FAULT", "as asked for");
                wait.iter().fold(reply, |reply, wait| reply.header("Retry-After", wait.to_string()))
            }
            Some(Fault::Redirect(to)) => Reply::new(307).header("Location", format!("{to}{}", request.target)),
            Some(Fault::Body(body)) => Reply::new(200).body(body.clone()),
            _ => answer(&mut guard, &request, access, address),
        };
        drop(guard);
        let mut end = usize::MAX;
        match fault {
            Some(Fault::Corrupt) => reply.body.iter_mut().take(1).for_each(|byte| *byte ^= 1),
            Some(Fault::Longer(more)) => reply.body.extend(more),
            Some(Fault::Lie) => reply = reply.header("Docker-Content-Digest", digest(b"something else")),
            Some(Fault::Header(name, ref value)) => reply = reply.header(name, value.clone()),
            Some(Fault::Cut(count) | Fault::Stall(count)) => end = count,
            _ => {}
        }
        let sent = connection.send(&reply, request.method == "HEAD", end);
        if matches!(fault, Some(Fault::Stall(_))) {
            std::thread::sleep(Duration::from_secs(5));
        }
        if !sent || end != usize::MAX {
            return;
        }
    }
}

fn take_fault(state: &mut State, request: &Request) -> Option<Fault> {
    let hit = |(method, part, _, times): &&mut (String, String, Fault, usize)| {
        *times > 0 && *method == request.method && request.target.contains(part.as_str())
    };
    let (_, _, fault, times) = state.faults.iter_mut().find(hit)?;
    *times -= 1;
    Some(fault.clone())
}

fn answer(state: &mut State, request: &Request, access: &Access, address: SocketAddr) -> Reply {
    if request.path() == "/token" {
        return token(state, request, access);
    }
    let Some(rest) = request.path().strip_prefix("/v2/") else { return Reply::new(404) };
    let found = ["/manifests/", "/blobs/uploads/", "/blobs/"].into_iter().find_map(|kind| {
        let (repository, name) = rest.split_once(kind)?;
        Some((repository.to_owned(), kind, name.to_owned()))
    });
    let Some((repository, kind, name)) = found else { return Reply::new(404) };
    let reading = matches!(request.method.as_str(), "GET" | "HEAD") && kind != "/blobs/uploads/";
    if let Some(refusal) = refuse(state, request, access, address, &repository, if reading { "pull" } else { "push" }) {
        return refusal;
    }
    match kind {
        "/manifests/" => manifest(state, request, repository, name),
        "/blobs/" => blob(state, request, (repository, name)),
        _ => upload(state, request, access, repository, &name),
    }
}

/// Issues a token for all scopes that are asked for and allowed.
fn token(state: &mut State, request: &Request, access: &Access) -> Reply {
    let Access::Token(user, password) = access else { return Reply::new(404) };
    let form: String = String::from_utf8_lossy(&request.body).into_owned();
    let identity = request.method == "POST";
    let asked = if identity { http::query(&form) } else { http::query(request.query()) };
    let known = match request.headers.get("authorization") {
        _ if identity => asked.contains(&("refresh_token".into(), (*password).into())),
        Some(value) if *value == basic(user, password) => true,
        Some(_) => return Reply::error(401, "UNAUTHORIZED", "incorrect username or password"),
        None => false,
    };
    if identity && !known {
        return Reply::error(401, "UNAUTHORIZED", "unknown refresh token");
    }
    let mut scopes = BTreeSet::new();
    for scope in asked.iter().filter(|(name, _)| name == "scope").flat_map(|(_, value)| value.split(' ')) {
        let Some((resource, actions)) = scope.rsplit_once(':') else { continue };
        let allowed = actions.split(',').filter(|action| known || *action == "pull");
        scopes.extend(allowed.map(|action| format!("{resource}:{action}")));
    }
    state.counter += 1;
    let token = format!("opaque-token-number-{}", state.counter);
    state.tokens.insert(token.clone(), scopes);
    let key = if identity { "access_token" } else { "token" };
    Reply::new(200).body(serde_json::json!({ key: token, "expires_in": 300 }).to_string().into_bytes())
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

fn refuse(
    state: &State,
    request: &Request,
    access: &Access,
    address: SocketAddr,
    repository: &str,
    action: &str,
) -> Option<Reply> {
    let given = request.headers.get("authorization").map(String::as_str);
    let (open, challenge) = match access {
        Access::Open => (true, String::new()),
        Access::Basic(user, password) => {
            (given == Some(basic(user, password).as_str()), "Basic realm=\"test, registry\"".to_owned())
        }
        Access::Token(..) => {
            let scopes = given.and_then(|text| text.strip_prefix("Bearer ")).and_then(|token| state.tokens.get(token));
            let needed = format!("repository:{repository}:{action}");
            let challenge = format!(
                "Basic realm=\"no\", Bearer realm=\"http://{address}/token\",service=\"test registry\",scope=\"{needed}\""
            );
            (scopes.is_some_and(|scopes| scopes.contains(&needed)), challenge)
        }
    };
    let refusal = || Reply::error(401, "UNAUTHORIZED", "authentication required").header("WWW-Authenticate", challenge);
    (!open).then(refusal)
}

fn manifest(state: &mut State, request: &Request, repository: String, name: String) -> Reply {
    if request.method == "PUT" {
        let digest = digest(&request.body);
        if name.contains(':') && name != digest {
            return Reply::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
        }
        let media_type = request.headers.get("content-type").cloned().unwrap_or_default();
        for name in [name, digest.clone()] {
            state.manifests.insert((repository.clone(), name), (media_type.clone(), request.body.clone()));
        }
        return Reply::new(201).header("Docker-Content-Digest", digest);
    }
    match state.manifests.get(&(repository, name)) {
        Some((media_type, _)) if !request.headers.get("accept").is_some_and(|accept| accept.contains(media_type)) => {
            Reply::error(404, "MANIFEST_UNKNOWN", "no acceptable manifest")
        }
        Some((media_type, bytes)) => {
            let reply = Reply::new(200).header("Content-Type", media_type.clone());
            reply.header("Docker-Content-Digest", digest(bytes)).body(bytes.clone())
        }
        None => Reply::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
    }
}

fn blob(state: &State, request: &Request, key: (String, String)) -> Reply {
    let bytes = state.links.get(&key).and_then(|(_, digest)| state.blobs.get(digest));
    let Some(bytes) = bytes else { return Reply::error(404, "BLOB_UNKNOWN", "blob unknown to registry") };
    let range =
        request.headers.get("range").and_then(|text| text.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    match range {
        Some(start) if start < bytes.len() => {
            let reply = Reply::new(206).body(bytes[start..].to_vec());
            reply.header("Content-Range", format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len()))
        }
        Some(_) => Reply::new(416),
        None => Reply::new(200).body(bytes.clone()),
    }
}

fn upload(state: &mut State, request: &Request, access: &Access, repository: String, id: &str) -> Reply {
    let query = http::query(request.query());
    let get = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let body_method = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
    if body_method && request.length().is_none() {
        return Reply::error(411, "SIZE_INVALID", "a body needs a length");
    }
    // Every other upload has an absolute address, as registries do not agree.
    let place = |id: &str, count: usize| {
        let host = request.headers.get("host").map(String::as_str).unwrap_or_default();
        let origin = if count.is_multiple_of(2) { format!("http://{host}") } else { String::new() };
        format!("{origin}/v2/{repository}/blobs/uploads/{id}?_state=a%2Fb")
    };
    if request.method == "POST" {
        if let (Some(digest), Some(from)) = (get("mount"), get("from")) {
            let source = (from.clone(), digest.clone());
            let token = request.headers.get("authorization").and_then(|text| text.strip_prefix("Bearer "));
            let scope = format!("repository:{from}:pull");
            let opens = token.and_then(|token| state.tokens.get(token)).is_some_and(|scopes| scopes.contains(&scope));
            if state.links.contains(&source) && (opens || !matches!(access, Access::Token(..))) {
                state.links.insert((repository.clone(), digest.clone()));
                return Reply::new(201).header("Docker-Content-Digest", digest);
            }
        }
        state.counter += 1;
        let id = format!("upload-{}", state.counter);
        let place = place(&id, state.counter);
        state.uploads.insert(id, Vec::new());
        return Reply::new(202).header("Location", place).header("Range", "0-0");
    }
    if get("_state").as_deref() != Some("a/b") {
        return Reply::error(400, "BLOB_UPLOAD_INVALID", "the location's query was lost");
    }
    let count = state.counter;
    let Some(bytes) = state.uploads.get_mut(id) else {
        return Reply::error(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown");
    };
    let range = |bytes: &[u8]| format!("0-{}", bytes.len().saturating_sub(1));
    match request.method.as_str() {
        "GET" => Reply::new(204).header("Range", range(bytes)).header("Location", place(id, count)),
        "PATCH" => {
            let start = request.headers.get("content-range").and_then(|text| text.split('-').next()?.parse().ok());
            if start.is_some_and(|start: usize| start != bytes.len()) {
                return Reply::error(416, "BLOB_UPLOAD_INVALID", "out of order").header("Range", range(bytes));
            }
            bytes.extend(&request.body);
            Reply::new(202).header("Range", range(bytes)).header("Location", place(id, count))
        }
        "PUT" => {
            bytes.extend(&request.body);
            let digest = digest(bytes);
            let whole = state.uploads.remove(id).unwrap_or_default();
            if get("digest").as_ref() != Some(&digest) {
                return Reply::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
            }
            state.blobs.insert(digest.clone(), whole);
            state.links.insert((repository, digest));
            Reply::new(201)
        }
        _ => Reply::new(405),
    }
}
