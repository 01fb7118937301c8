//! A blob as it comes: resumed where the connection breaks, checked to its last byte.

use super::client::Client;
use crate::event::{Reporter, Task, Unit};
use crate::image::Digest;
use crate::store::transport::{Answer, Attempts, Call, Failure};
use crate::store::{Blob, StoreError};
use sha2::Digest as _;
use std::io::{self, Read};
use ureq::http::Method;
use ureq::http::header::RANGE;

/// The bytes of a blob, in one piece however often the connection broke (RFC 9110 section 14).
pub(super) struct Download<'a> {
    client: &'a Client,
    digest: Digest,
    size: u64,
    position: u64,
    body: Option<Box<dyn Read + Send>>,
    attempts: Attempts<'a>,
    reporter: &'a dyn Reporter,
    task: Task<'a>,
}

impl<'a> Download<'a> {
    /// Asks for the blob.
    pub(super) fn open(client: &'a Client, blob: &Blob, reporter: &'a dyn Reporter) -> Result<Self, StoreError> {
        let fail = |failure: Failure| failure.into_error(client.name(), "reading", &what(&blob.digest));
        let uri = client.blob_uri(&blob.digest).map_err(fail)?;
        let answer = client.send(&mut Call::new(Method::GET, uri), reporter).map_err(fail)?;
        if answer.status() != 200 {
            return Err(fail(Failure::Refused(format!("the registry answers {}", answer.status()))));
        }
        if let Some(length) = length(&answer).filter(|&length| length != blob.size) {
            return Err(StoreError::Corrupt {
                name: client.name().into(),
                what: what(&blob.digest),
                expected: format!("{} bytes", blob.size),
                found: format!("{length} bytes announced"),
            });
        }
        Ok(Self {
            client,
            digest: blob.digest.clone(),
            size: blob.size,
            position: 0,
            body: Some(Box::new(answer.into_reader())),
            attempts: client.attempts(),
            reporter,
            task: Task::start(reporter, format!("pull {}", blob.digest.short()), Some(blob.size), Unit::Bytes),
        })
    }

    /// Asks for the rest.
    fn resume(&mut self) -> Result<Box<dyn Read + Send>, Failure> {
        let call = Call::new(Method::GET, self.client.blob_uri(&self.digest)?);
        let answer = self.client.once(&mut call.header(RANGE, format!("bytes={}-", self.position)))?;
        match answer.status() {
            206 => {
                let start = answer.header("content-range").and_then(|text| {
                    let (start, _) = text.strip_prefix("bytes ")?.split_once('-')?;
                    start.parse::<u64>().ok()
                });
                match start {
                    Some(start) if start == self.position => Ok(Box::new(answer.into_reader())),
                    _ => {
                        Err(Failure::Refused(format!("the registry resumes elsewhere than at byte {}", self.position)))
                    }
                }
            }
            // It knows no ranges: the beginning comes again, and the digest tells whether it was the same.
            200 => {
                let mut body = answer.into_reader();
                let skipped = io::copy(&mut body.by_ref().take(self.position), &mut io::sink());
                match skipped.map_err(|error| self.broken(error))? == self.position {
                    true => Ok(Box::new(body)),
                    false => Err(Failure::Connection("the connection broke again".into())),
                }
            }
            status => Err(Failure::Refused(format!("the registry answers {status}"))),
        }
    }

    fn broken(&self, error: io::Error) -> Failure {
        match self.client.blob_uri(&self.digest) {
            Ok(uri) => Failure::of(error.into(), &uri),
            Err(failure) => failure,
        }
    }

    fn fail(&self, failure: Failure) -> io::Error {
        let doing = format!("reading (after {} of {} bytes)", self.position, self.size);
        io::Error::other(failure.into_error(self.client.name(), &doing, &what(&self.digest)))
    }
}

impl Read for Download<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.reporter.cancelled() {
                return Err(self.fail(Failure::Cancelled));
            }
            let failure = match &mut self.body {
                Some(body) => match body.read(buffer) {
                    Ok(0) if self.position < self.size => Failure::Connection(format!(
                        "the connection ended after {} of {} bytes",
                        self.position, self.size
                    )),
                    Ok(count) => {
                        self.position += count as u64;
                        self.task.advance(count as u64);
                        return Ok(count);
                    }
                    // All is here; how the connection ends does not matter then.
                    Err(_) if self.position == self.size => return Ok(0),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => self.broken(error),
                },
                None => match self.resume() {
                    Ok(body) => {
                        self.body = Some(body);
                        continue;
                    }
                    Err(failure) => failure,
                },
            };
            self.body = None;
            if let Err(failure) = self.attempts.again(failure, self.client.name(), self.reporter) {
                return Err(self.fail(failure));
            }
        }
    }
}

fn what(digest: &Digest) -> String {
    format!("blob {digest}")
}

fn length(answer: &Answer) -> Option<u64> {
    answer.header("content-length")?.parse().ok()
}

/// The digest of bytes at hand, in the given algorithm (OCI image specification, "Registered algorithms").
pub(super) fn digest_of(algorithm: &str, bytes: &[u8]) -> String {
    match algorithm {
        "sha512" => format!("sha512:{}", hex::encode(sha2::Sha512::digest(bytes))),
        _ => Digest::of(bytes).to_string(),
    }
}
