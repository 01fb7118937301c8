//! Bringing bytes here: several at a time, with patience, and verified before anybody sees them.

use super::cache::Cache;
use super::index::Candidate;
use super::transport::{Answer, Body, Request, Transport, TransportError};
use super::{ArchiveError, without_secrets};
use crate::event::{Reporter, Task, Unit};
use crate::image::digest::Hashing;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How often a request is tried in all.
const ATTEMPTS: u32 = 4;

/// Runs work on every item with at most `width` threads; results come in the items' order, the first error (in that order) wins.
pub(super) fn parallel<T: Sync, R: Send>(
    width: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R, ArchiveError> + Sync,
) -> Result<Vec<R>, ArchiveError> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..width.clamp(1, 16).min(items.len()) {
            scope.spawn(|| {
                while let Some((place, item)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
                {
                    let result = work(item);
                    if result.is_err() {
                        // Nothing new is begun once something failed.
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Something small, in memory. `Ok(None)` when it is still what the request's conditions name.
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

pub(super) fn small(
    transport: &dyn Transport,
    request: &Request<'_>,
    limit: u64,
    reporter: &dyn Reporter,
) -> Result<Option<Fetched>, ArchiveError> {
    let error = |cause| ArchiveError::Fetch { url: without_secrets(request.url), package: None, cause };
    let mut attempt = 0;
    loop {
        attempt += 1;
        let outcome = match transport.get(request) {
            Ok(Answer::Unchanged) => return Ok(None),
            Ok(Answer::Body(body)) => collect(body, limit, reporter),
            Err(cause) => Err(cause),
        };
        match outcome {
            Ok(fetched) => return Ok(Some(fetched)),
            Err(_) if reporter.cancelled() => return Err(ArchiveError::Cancelled),
            Err(TransportError::Failed { retry: true, .. }) if attempt < ATTEMPTS => pause(attempt),
            Err(cause) => return Err(error(cause)),
        }
    }
}

fn collect(body: Body, limit: u64, reporter: &dyn Reporter) -> Result<Fetched, TransportError> {
    let mut bytes = Vec::new();
    let mut reader = body.reader.take(limit + 1);
    let mut buffer = vec![0; 1 << 16];
    loop {
        if reporter.cancelled() {
            return Err(TransportError::Failed { reason: "cancelled".into(), retry: false });
        }
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) => return Err(TransportError::Failed { reason: error.to_string(), retry: true }),
        }
    }
    if bytes.len() as u64 > limit {
        return Err(TransportError::Failed { reason: format!("it is larger than {limit} bytes"), retry: false });
    }
    Ok(Fetched { bytes, etag: body.etag, last_modified: body.last_modified })
}

fn pause(attempt: u32) {
    std::thread::sleep(Duration::from_millis(150 << attempt.min(5)));
}

/// Downloads packages into the cache, and gives their files in the candidates' order.
///
/// # Errors
/// The first package that is missing, altered or cannot be fetched; nothing is given then.
pub(super) fn packages(
    transport: &dyn Transport,
    cache: &Cache,
    candidates: &[Candidate],
    width: usize,
    reporter: &dyn Reporter,
) -> Result<Vec<PathBuf>, ArchiveError> {
    let total = candidates.iter().map(|candidate| candidate.size).sum();
    let task = Task::start(reporter, format!("{} packages", candidates.len()), Some(total), Unit::Bytes);
    parallel(width, candidates, |candidate| package(transport, cache, candidate, &task))
}

fn package(
    transport: &dyn Transport,
    cache: &Cache,
    candidate: &Candidate,
    task: &Task<'_>,
) -> Result<PathBuf, ArchiveError> {
    let cached = cache.package(&candidate.sha256, candidate.size);
    if let Some(path) = cached.map_err(|error| ArchiveError::cache("reading a package", &error))? {
        task.advance(candidate.size);
        return Ok(path);
    }
    let url = format!("{}/{}", candidate.origin.fetch_base, candidate.filename);
    let name = format!("{} {}", candidate.name, candidate.version);
    let mut attempt = 0;
    let mut partial = Partial::new(cache)?;
    loop {
        attempt += 1;
        let cause = match partial.advance(transport, &url, candidate.size, task) {
            Ok(()) => {
                let (digest, size, file) = partial.hashing.finish();
                let altered = |expected: String, found: String| ArchiveError::Altered {
                    what: name.clone(),
                    url: without_secrets(&url),
                    expected,
                    found,
                };
                if size != candidate.size {
                    return Err(altered(format!("{} bytes", candidate.size), format!("{size} bytes")));
                }
                if digest.hex() != candidate.sha256 {
                    return Err(altered(format!("sha256:{}", candidate.sha256), digest.to_string()));
                }
                let kept = cache.keep_package(file, &candidate.sha256);
                return kept.map_err(|error| ArchiveError::cache("keeping a package", &error));
            }
            Err(Trouble::Local(error)) => return Err(ArchiveError::cache("writing a package", &error)),
            Err(Trouble::TooLong(found)) => {
                let (expected, found) = (format!("{} bytes", candidate.size), format!("{found} bytes"));
                return Err(ArchiveError::Altered { what: name, url: without_secrets(&url), expected, found });
            }
            Err(Trouble::Remote(cause)) => cause,
        };
        if task.cancelled() {
            return Err(ArchiveError::Cancelled);
        }
        match cause {
            TransportError::Failed { retry: true, .. } if attempt < ATTEMPTS => pause(attempt),
            cause => return Err(ArchiveError::Fetch { url: without_secrets(&url), package: Some(name), cause }),
        }
    }
}

enum Trouble {
    Remote(TransportError),
    Local(std::io::Error),
    /// More bytes than the index promises, told or sent.
    TooLong(u64),
}

/// A file that grows over several attempts.
struct Partial<'a> {
    cache: &'a Cache,
    hashing: Hashing<tempfile::NamedTempFile>,
}

impl<'a> Partial<'a> {
    fn new(cache: &'a Cache) -> Result<Self, ArchiveError> {
        let file = cache.partial().map_err(|error| ArchiveError::cache("making a file", &error))?;
        Ok(Self { cache, hashing: Hashing::new(file) })
    }

    /// Goes on where the last attempt ended, to the end of the body.
    fn advance(&mut self, transport: &dyn Transport, url: &str, size: u64, task: &Task<'_>) -> Result<(), Trouble> {
        let request = Request { url, from: self.hashing.count(), ..Request::default() };
        let mut body = match transport.get(&request).map_err(Trouble::Remote)? {
            Answer::Body(body) => body,
            Answer::Unchanged => {
                let reason = "unexpected answer 304".into();
                return Err(Trouble::Remote(TransportError::Failed { reason, retry: false }));
            }
        };
        if body.start != self.hashing.count() {
            self.hashing = Hashing::new(self.cache.partial().map_err(Trouble::Local)?);
        }
        if let Some(told) = body.size.map(|rest| rest + body.start).filter(|told| *told != size) {
            return Err(Trouble::TooLong(told));
        }
        let mut buffer = vec![0; 1 << 16];
        loop {
            if task.cancelled() {
                return Err(Trouble::Remote(TransportError::Failed { reason: "cancelled".into(), retry: false }));
            }
            let count = match body.reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => {
                    return Err(Trouble::Remote(TransportError::Failed { reason: error.to_string(), retry: true }));
                }
            };
            self.hashing.write_all(&buffer[..count]).map_err(Trouble::Local)?;
            task.advance(count as u64);
            if self.hashing.count() > size {
                return Err(Trouble::TooLong(self.hashing.count()));
            }
        }
        Ok(())
    }
}
