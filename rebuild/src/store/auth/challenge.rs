//! What a registry asks for in `WWW-Authenticate` (RFC 9110 section 11.6.1; RFC 6750 section 3).

use ureq::http::Uri;

/// A challenge that we can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User name and password.
    Basic,
    /// A token from somewhere else.
    Bearer(Bearer),
}

/// Where to get a token, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) realm: Uri,
    pub(super) service: Option<String>,
    scope: String,
}

impl Bearer {
    /// The scopes that the registry asks for.
    pub(super) fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.split_ascii_whitespace()
    }

    /// The token server, for messages.
    pub(super) fn realm_host(&self) -> &str {
        self.realm.authority().map_or("?", |authority| authority.as_str())
    }
}

/// The challenge to answer among all of the headers: the first `Bearer` with a usable realm, else `Basic`.
pub(super) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = false;
    for (scheme, parameters) in headers.flat_map(split) {
        let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        if scheme == "bearer" {
            let realm = get("realm").and_then(|realm| realm.parse::<Uri>().ok());
            if let Some(realm) = realm.filter(|realm| realm.scheme().is_some() && realm.host().is_some()) {
                let scope = get("scope").unwrap_or_default();
                return Some(Challenge::Bearer(Bearer { realm, service: get("service"), scope }));
            }
        }
        basic |= scheme == "basic";
    }
    basic.then_some(Challenge::Basic)
}

type Parameters = Vec<(String, String)>;

/// Splits a header into its challenges: scheme and parameters, names in lower case.
///
/// Commas separate both the challenges and the parameters of each; a word without `=` begins a challenge.
fn split(header: &str) -> Vec<(String, Parameters)> {
    let mut challenges: Vec<(String, Parameters)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            return challenges;
        }
        let after = after.trim_start_matches([' ', '\t']);
        match after.strip_prefix('=') {
            Some(after) => {
                let (value, left) = value(after.trim_start_matches([' ', '\t']));
                if let Some((_, parameters)) = challenges.last_mut() {
                    parameters.push((word.to_ascii_lowercase(), value));
                }
                rest = left;
            }
            None => {
                challenges.push((word.to_ascii_lowercase(), Parameters::new()));
                rest = after;
            }
        }
    }
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([',', ' ', '\t']).unwrap_or(text.len()));
        return (value.into(), rest);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(headers: &[&str]) -> String {
        match parse(headers.iter().copied()) {
            None => "none".into(),
            Some(Challenge::Basic) => "basic".into(),
            Some(Challenge::Bearer(bearer)) => {
                let scopes: Vec<_> = bearer.scopes().collect();
                format!("{} {} {}", bearer.realm, bearer.service.as_deref().unwrap_or("-"), scopes.join("+"))
            }
        }
    }

    #[test]
    fn challenges_of_all_shapes() {
        for (headers, expected) in [
            (&[r#"Basic realm="Registry Realm""#][..], "basic"),
            (
                &[r#"Bearer realm="https://auth.example/token",service="r.example",scope="repository:a/b:pull,push""#],
                "https://auth.example/token r.example repository:a/b:pull,push",
            ),
            (
                &[r#"bearer REALM = "https://a.example/t" , scope="repository:a:pull registry:catalog:*""#],
                "https://a.example/t - repository:a:pull+registry:catalog:*",
            ),
            (&[r#"Basic realm="x", Bearer realm="https://a.example/t",service=s"#], "https://a.example/t s "),
            (&[r#"Negotiate, Basic realm="x, Bearer realm=y""#], "basic"),
            (&["Basic realm=x", r#"Bearer realm="https://a.example/t""#], "https://a.example/t - "),
            (&[r#"Bearer realm="https://a.example/t",error="invalid_token""#], "https://a.example/t - "),
            (&[r#"Bearer realm="https://a.example/t",service="a\"b\\c,d""#], r#"https://a.example/t a"b\c,d "#),
            (&[r#"Bearer service="no realm""#], "none"),
            (&[r#"Bearer realm="/relative""#], "none"),
            (&[r#"Bearer realm="https://open.example/t"#], "https://open.example/t - "),
            (&["Digest realm=x"], "none"),
            (&[""], "none"),
            (&["=,=,==\"", ",,,", "\"", "a=b"], "none"),
            (&[], "none"),
        ] {
            assert_eq!(show(headers), expected, "{headers:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(header in "[ -~]{0,80}") {
            let _ = parse(std::iter::once(header.as_str()));
        }
    }
}
