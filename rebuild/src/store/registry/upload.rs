//! Sending one blob (OCI distribution specification, "Pushing blobs").

use super::Upload;
use super::client::Client;
use super::sink::exists;
use crate::event::{Reporter, Task, Unit};
use crate::store::Blob;
use crate::store::transport::{Answer, Call, Failure, Payload, ReadSeek, Watch};
use std::cell::Cell;
use std::io;
use ureq::http::header::{CONTENT_RANGE, CONTENT_TYPE};
use ureq::http::{Method, Uri};

/// Sends one blob.
pub(super) struct Uploader<'a> {
    pub(super) client: &'a Client,
    pub(super) blob: &'a Blob,
    pub(super) upload: Upload,
    pub(super) reporter: &'a dyn Reporter,
}

/// Tells how far the bytes got, never going back when they are sent again, and stops them when the caller wants.
struct Progress<'a> {
    task: Task<'a>,
    furthest: Cell<u64>,
}

impl Watch for Progress<'_> {
    fn sent(&self, position: u64) -> io::Result<()> {
        if let Some(more) = position.checked_sub(self.furthest.get()).filter(|&more| more > 0) {
            self.furthest.set(position);
            self.task.advance(more);
        }
        if self.task.cancelled() { Err(io::Error::other("cancelled")) } else { Ok(()) }
    }
}

impl Uploader<'_> {
    /// Sends the blob, all over again where that may help. `begun` is an upload that the registry has already begun.
    pub(super) fn run(&self, file: &mut dyn ReadSeek, mut begun: Option<Uri>) -> Result<(), Failure> {
        let label = format!("push {}", self.blob.digest.short());
        let progress = Progress {
            task: Task::start(self.reporter, label, Some(self.blob.size), Unit::Bytes),
            furthest: Cell::new(0),
        };
        let mut attempts = self.client.attempts();
        loop {
            match self.once(file, begun.take(), &progress) {
                Ok(()) => return progress.sent(self.blob.size).map_err(|_| Failure::Cancelled),
                Err(_) if self.reporter.cancelled() => return Err(Failure::Cancelled),
                Err(failure) => attempts.again(failure, self.client.name(), self.reporter)?,
            }
            // The answer may have been lost, not the blob.
            if exists(self.client, self.blob, self.reporter)? {
                return Ok(());
            }
        }
    }

    fn once(&self, file: &mut dyn ReadSeek, begun: Option<Uri>, progress: &Progress) -> Result<(), Failure> {
        let (mut place, least) = match begun {
            Some(place) => (place, 0),
            None => {
                let answer = self.client.once(&mut Call::new(Method::POST, self.client.uri("blobs/uploads/")?))?;
                let least = answer.header("oci-chunk-min-length").and_then(|text| text.parse().ok()).unwrap_or(0);
                (self.client.location(&answer)?, least)
            }
        };
        let size = self.blob.size;
        let mut position = 0;
        if let Upload::Chunked { chunk } = self.upload {
            let chunk = chunk.max(least).max(1);
            if size > chunk {
                (place, position) = self.chunks(file, place, chunk, progress)?;
            }
        }
        let uri = with_digest(&place, self.blob)?;
        let part = Payload::Part { file, start: position, length: size - position, watch: progress };
        let call = Call::new(Method::PUT, uri).header(CONTENT_TYPE, "application/octet-stream");
        let answer = self.client.once(&mut call.payload(part)).map_err(out_of_step)?;
        match answer.status() {
            201 | 204 => Ok(()),
            // Some answer 202 while they still move the blob; it is there or will be found missing by the manifest.
            202 if exists(self.client, self.blob, self.reporter)? => Ok(()),
            status => Err(Failure::Refused(format!("the registry answers {status} to a whole blob"))),
        }
    }

    /// Sends all chunks, and says where the upload goes on and how much of it the registry has.
    fn chunks(
        &self,
        file: &mut dyn ReadSeek,
        mut place: Uri,
        chunk: u64,
        progress: &Progress,
    ) -> Result<(Uri, u64), Failure> {
        let size = self.blob.size;
        let mut position = 0;
        let mut attempts = self.client.attempts();
        while position < size {
            let length = chunk.min(size - position);
            let part = Payload::Part { file, start: position, length, watch: progress };
            let mut call = Call::new(Method::PATCH, place.clone())
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_RANGE, format!("{position}-{}", position + length - 1))
                .payload(part);
            match self.client.once(&mut call) {
                Ok(answer) => {
                    let reached = received(&answer).filter(|&count| count > 0).unwrap_or(position + length);
                    if reached <= position || reached > position + length {
                        return Err(Failure::Refused(format!(
                            "the registry claims to have {reached} bytes of the blob"
                        )));
                    }
                    position = reached;
                    place = self.client.location(&answer)?;
                }
                Err(failure) => {
                    attempts.again(out_of_step(failure), self.client.name(), self.reporter)?;
                    let answer = self.client.once(&mut Call::new(Method::GET, place.clone())).map_err(out_of_step)?;
                    position = received(&answer).unwrap_or(0).min(size);
                    if answer.header("location").is_some() {
                        place = self.client.location(&answer)?;
                    }
                }
            }
        }
        Ok((place, position))
    }
}

/// An upload that the registry has forgotten (404), or of which it has another part than we think (416), can be mended by
/// asking or by beginning anew: as with a connection that broke.
fn out_of_step(failure: Failure) -> Failure {
    match failure {
        Failure::Status { status: status @ (404 | 416), .. } => {
            Failure::Connection(format!("the registry lost track of the upload ({status})"))
        }
        other => other,
    }
}

/// How many bytes of an upload the registry has, from `Range: 0-N`. An empty upload is also told as `0-0`, which
/// cannot be told from one byte; both mean to go on from where nothing is lost.
fn received(answer: &Answer) -> Option<u64> {
    let range = answer.header("range")?;
    let last: u64 = range.trim_start_matches("bytes=").strip_prefix("0-")?.parse().ok()?;
    Some(if last == 0 { 0 } else { last.saturating_add(1) })
}

/// The address that ends an upload: the registry's own query stays.
fn with_digest(place: &Uri, blob: &Blob) -> Result<Uri, Failure> {
    let separator = if place.query().is_some() { '&' } else { '?' };
    let text = format!("{place}{separator}digest={}", crate::store::transport::encode(blob.digest.as_str()));
    text.parse().map_err(|_| Failure::Refused("the registry names no valid place to go on".into()))
}
