//! Tokens: asked for at the realm that the registry names, kept until they wear out.

use super::Scopes;
use super::challenge::Bearer;
use super::credential::{Credential, Found};
use crate::store::transport::{Call, Failure, Payload, Transport, encode};
use std::time::{Duration, Instant};
use ureq::http::header::CONTENT_TYPE;
use ureq::http::{HeaderValue, Method, Uri};

/// Largest answer of a token server, in bytes; tokens with many rights have some kilobytes.
const LIMIT: u64 = 1 << 20;

/// How long a token without `expires_in` is good for (token authentication specification).
const LIFETIME: Duration = Duration::from_secs(60);

/// The name under which we ask, as OAuth2 wants one.
const CLIENT: &str = "slim";

/// Opens a host's doors for a while. Never shown.
pub(super) struct Token {
    header: HeaderValue,
    expires: Instant,
}

impl Token {
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Whether it will outlive a request that begins now.
    pub(super) fn is_fresh(&self) -> bool {
        Instant::now() < self.expires
    }
}

/// The part of the answer that we need. Azure and others say `access_token`, Docker `token`.
#[derive(serde::Deserialize)]
struct Granted {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// Asks for a token: with a name and a password by `GET`, with an identity token by OAuth2's `POST`, or for nobody.
pub(super) fn fetch(
    transport: &Transport,
    bearer: &Bearer,
    scopes: &Scopes,
    found: Option<&Found>,
) -> Result<Token, Failure> {
    let fail = |reason: &str| Failure::Refused(format!("the token server {}: {reason}", bearer.realm_host()));
    let service = bearer.service.as_deref().map(|service| format!("service={}", encode(service)));
    let answer = match found.map(|found| &found.credential) {
        Some(Credential::Identity(identity)) => {
            let scope = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
            let mut form = format!(
                "grant_type=refresh_token&client_id={CLIENT}&refresh_token={}&scope={}",
                encode(identity),
                encode(&scope)
            );
            form.extend(service.iter().flat_map(|service| ["&", service.as_str()]));
            let mut call = Call::new(Method::POST, bearer.realm.clone())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .payload(Payload::Bytes(form.as_bytes()));
            transport.send(&mut call, None)?
        }
        _ => {
            let scopes = scopes.iter().map(|scope| format!("scope={}", encode(scope)));
            let query: Vec<String> = service.into_iter().chain(scopes).collect();
            let separator = if bearer.realm.query().is_some() { '&' } else { '?' };
            let uri: Uri = format!("{}{separator}{}", bearer.realm, query.join("&"))
                .parse()
                .map_err(|_| fail("its address is not valid"))?;
            let basic = found.map(Found::basic).transpose()?;
            transport.send(&mut Call::new(Method::GET, uri), basic.as_ref())?
        }
    };
    if answer.status() != 200 {
        return Err(Failure::of_answer(answer));
    }
    let asked = Instant::now();
    let body = answer.read(LIMIT)?.ok_or_else(|| fail("its answer is too large"))?;
    let granted: Granted = serde_json::from_slice(&body).map_err(|_| fail("its answer holds no token"))?;
    let token = granted.token.or(granted.access_token).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| fail("its answer holds no token"))?;
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| fail("its token is not valid"))?;
    header.set_sensitive(true);
    let lifetime = granted.expires_in.map_or(LIFETIME, Duration::from_secs);
    // A tenth is left for clocks and for requests on their way.
    let expires = asked.checked_add(lifetime - lifetime / 10).unwrap_or(asked + LIFETIME);
    Ok(Token { header, expires })
}
