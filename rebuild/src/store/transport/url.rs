//! The little of URLs that the registry protocol needs.

use std::net::IpAddr;
use ureq::http::Uri;

/// Who answers an address: scheme, host and port. What is secret to one origin is not told to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    https: bool,
    host: String,
    port: u16,
}

impl Origin {
    pub(crate) fn of(uri: &Uri) -> Self {
        let https = uri.scheme_str() == Some("https");
        Self {
            https,
            host: uri.host().unwrap_or_default().to_ascii_lowercase(),
            port: uri.port_u16().unwrap_or(if https { 443 } else { 80 }),
        }
    }
}

/// The host of an authority, without port.
pub(super) fn host(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

/// Whether an authority means this machine.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = host(authority);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The address that `reference` means when `base` says it (RFC 3986 section 5.2, without dot segments, which no
/// registry writes). A `http:` address of the very host that was asked over https is read as `https:`: registries behind
/// a proxy that ends TLS write it so.
pub(crate) fn join(base: &Uri, reference: &str) -> Option<Uri> {
    let (scheme, authority) = (base.scheme_str()?, base.authority()?.as_str());
    let reference = reference.split('#').next().unwrap_or_default();
    let absolute = reference.split_once("://").filter(|(scheme, _)| scheme.bytes().all(|b| b.is_ascii_alphanumeric()));
    if let Some((_, rest)) = absolute {
        let uri: Uri = reference.parse().ok()?;
        let https = scheme == "https";
        let same = uri.authority().is_some_and(|other| other.as_str().eq_ignore_ascii_case(authority));
        return if https && same { format!("https://{rest}").parse().ok() } else { Some(uri) };
    }
    let text = if reference.starts_with("//") {
        format!("{scheme}:{reference}")
    } else if reference.starts_with('/') {
        format!("{scheme}://{authority}{reference}")
    } else if reference.starts_with('?') {
        format!("{scheme}://{authority}{}{reference}", base.path())
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{reference}")
    };
    text.parse().ok()
}

/// Percent-encodes a query's value: all but the unreserved characters of RFC 3986.
pub(crate) fn encode(value: &str) -> String {
    use std::fmt::Write;
    value.bytes().fold(String::with_capacity(value.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_absolute_or_relative() {
        let base: Uri = "https://r.example:444/v2/app/blobs/uploads/?mount=x".parse().unwrap();
        for (reference, expected) in [
            ("/v2/app/blobs/uploads/1?state=a%2Fb", "https://r.example:444/v2/app/blobs/uploads/1?state=a%2Fb"),
            ("1?state=a", "https://r.example:444/v2/app/blobs/uploads/1?state=a"),
            ("?state=a", "https://r.example:444/v2/app/blobs/uploads/?state=a"),
            ("//up.example/1", "https://up.example/1"),
            ("https://up.example/1?u=http://x", "https://up.example/1?u=http://x"),
            ("http://r.example:444/v2/1", "https://r.example:444/v2/1"),
            ("http://r.example/v2/1", "http://r.example/v2/1"),
            ("/a?next=http://x", "https://r.example:444/a?next=http://x"),
        ] {
            assert_eq!(join(&base, reference).unwrap().to_string(), expected, "{reference}");
        }
        assert!(join(&base, "https://bad host/").is_none());
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        let of = |text: &str| Origin::of(&text.parse().unwrap());
        assert_eq!(of("https://r.example/a"), of("https://R.example:443/b"));
        for other in ["http://r.example/a", "https://r.example:444/a", "https://r.example.org/a"] {
            assert_ne!(of("https://r.example/a"), of(other));
        }
    }

    #[test]
    fn values_are_encoded() {
        assert_eq!(encode("repository:a/b:pull,push"), "repository%3Aa%2Fb%3Apull%2Cpush");
    }
}
