//! What can go wrong in an exchange, and whether trying again may help.

use super::Answer;
use crate::store::StoreError;
use std::fmt;
use std::io;
use std::time::Duration;
use ureq::http::Uri;

/// Longest text of a registry that an error repeats, in characters.
const SAYS: usize = 300;

/// Most bytes of a registry's error that are read.
const ERROR_BODY: u64 = 64 << 10;

/// An exchange failed. Never holds a secret: no token, no password, no query of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The other side answered with an error.
    Status { status: u16, says: String, wait: Option<Duration> },
    /// Access refused, with all that is known about why.
    Denied(String),
    /// No connection, or it broke.
    Connection(String),
    /// The other side went silent.
    Stalled(String),
    /// No trust.
    Tls(String),
    /// Our own rules forbid it, or the answer makes no sense.
    Refused(String),
    /// The machine that we run on failed.
    Local(String),
    /// The caller asked to stop.
    Cancelled,
}

impl Failure {
    /// Reads the registry's own words (OCI distribution specification, "Error Codes") from an answer with an error status.
    pub(crate) fn of_answer(answer: Answer) -> Self {
        let status = answer.status();
        let wait = answer.header("retry-after").and_then(retry_after);
        let says = answer.read(ERROR_BODY).ok().flatten().map(|body| says(&body)).unwrap_or_default();
        Self::Status { status, says, wait }
    }

    /// Reads what the HTTP library says of an exchange with `uri`.
    pub(crate) fn of(error: ureq::Error, uri: &Uri) -> Self {
        let host = uri.authority().map_or("?", |authority| authority.as_str());
        match error {
            ureq::Error::Io(error) => Self::of_io(error, host),
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                Self::Stalled(format!("no connection to {host} in time"))
            }
            ureq::Error::Timeout(_) => Self::Stalled(format!("{host} sent nothing for too long")),
            ureq::Error::HostNotFound => Self::Connection(format!("the host {host} is not known")),
            ureq::Error::Rustls(error) => Self::Tls(tls(host, &error.to_string())),
            error @ (ureq::Error::Tls(_) | ureq::Error::Pem(_) | ureq::Error::TlsRequired) => {
                Self::Tls(tls(host, &error.to_string()))
            }
            ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => {
                Self::Refused(format!("{host}: the request or the answer is not valid HTTP"))
            }
            error => Self::Connection(format!("{host}: {error}")),
        }
    }

    fn of_io(error: io::Error, host: &str) -> Self {
        let inner = error.get_ref();
        let text = error.to_string();
        // The TLS library's errors come wrapped; they are of its own kind when the certificate is not trusted.
        if error.kind() == io::ErrorKind::InvalidData && inner.is_some() {
            return Self::Tls(tls(host, &text));
        }
        if error.kind() == io::ErrorKind::TimedOut {
            return Self::Stalled(format!("{host} sent nothing for too long"));
        }
        Self::Connection(format!("{host}: {text}"))
    }

    /// Whether the same exchange may go well when it is tried again.
    pub(crate) fn retry(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502..=504),
            Self::Connection(_) | Self::Stalled(_) => true,
            Self::Denied(_) | Self::Tls(_) | Self::Refused(_) | Self::Local(_) | Self::Cancelled => false,
        }
    }

    /// How long the other side asked us to wait.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } => *wait,
            _ => None,
        }
    }

    /// Whether the other side says that there is no such thing.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }

    /// The store's error: `name` is the image, `what` the thing that was asked for, `doing` the deed.
    pub(crate) fn into_error(self, name: &str, doing: &str, what: &str) -> StoreError {
        let name = name.to_owned();
        match self {
            Self::Status { status: 404, says, .. } => {
                let says = if says.is_empty() { String::new() } else { format!(" (the registry says {says})") };
                StoreError::Missing { name, what: format!("{what}{says}") }
            }
            Self::Denied(reason) => StoreError::Denied { name, reason: format!("{doing} {what}: {reason}") },
            Self::Cancelled => StoreError::Cancelled { name },
            failure => {
                let retry = failure.retry();
                StoreError::Failed { name, doing: format!("{doing} {what}"), reason: failure.to_string(), retry }
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, says, .. } if says.is_empty() => write!(f, "the registry answers {status}"),
            Self::Status { status, says, .. } => write!(f, "the registry answers {status} ({says})"),
            Self::Denied(text)
            | Self::Connection(text)
            | Self::Stalled(text)
            | Self::Tls(text)
            | Self::Refused(text)
            | Self::Local(text) => f.write_str(text),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

fn tls(host: &str, reason: &str) -> String {
    format!(
        "no trusted TLS connection to {host}: {reason}; for a private authority give its certificate, for a registry \
         without TLS allow plain http"
    )
}

/// Seconds, the only form that registries send; a date would need a clock, and falls back to the schedule.
fn retry_after(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

/// `CODE: message` of every error in a registry's error body, or the first words of another text; without control characters.
fn says(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let field = |value: &serde_json::Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let errors = json.as_ref().and_then(|json| json.get("errors")).and_then(|errors| errors.as_array());
    let words = match (errors, &json) {
        (Some(errors), _) => {
            let line =
                |error| [field(error, "code"), field(error, "message")].into_iter().flatten().collect::<Vec<_>>();
            errors.iter().map(|error| line(error).join(": ")).collect::<Vec<_>>().join("; ")
        }
        // Token servers say it this way (RFC 6749 section 5.2), or with `details`.
        (None, Some(json)) => ["error_description", "error", "details", "message"]
            .into_iter()
            .find_map(|name| field(json, name))
            .unwrap_or_default(),
        (None, None) if text.trim_start().starts_with('<') => String::new(),
        (None, None) => text.into_owned(),
    };
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAYS).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_is_short_and_clean() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#,
                "MANIFEST_UNKNOWN: manifest unknown",
            ),
            (r#"{"errors":[{"code":"A"},{"code":"B","message":"b","detail":{"x":1}}]}"#, "A; B: b"),
            (r#"{"errors":[{"message":"a\u001b[31mb"}]}"#, "a [31mb"),
            (r#"{"error":"invalid_grant","error_description":"expired"}"#, "expired"),
            (r#"{"details":"incorrect username or password"}"#, "incorrect username or password"),
            ("plain words\r\n", "plain words"),
            ("<html><body>Bad gateway</body></html>", ""),
            ("", ""),
            ("[1,2", "[1,2"),
        ] {
            assert_eq!(says(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(says("x".repeat(5000).as_bytes()).len(), SAYS);
    }

    #[test]
    fn the_rule_for_another_try_lives_here() {
        let status = |status| Failure::Status { status, says: String::new(), wait: None };
        let again: Vec<u16> = (400..=599).filter(|&code| status(code).retry()).collect();
        assert_eq!(again, [408, 429, 500, 502, 503, 504]);
        assert!(Failure::Connection(String::new()).retry() && Failure::Stalled(String::new()).retry());
        assert!(!Failure::Tls(String::new()).retry() && !Failure::Denied(String::new()).retry());
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    }
}
