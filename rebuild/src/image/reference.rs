//! What users type: where an image is, and how a registry calls it.
//!
//! The grammar of registry references is the one of the `distribution` project ("reference" package), with Docker's
//! short forms: `nginx` is `docker.io/library/nginx:latest`. The transports are the ones that skopeo's users know.
//! Parsing is pure; whether a path exists is asked in [`crate::store::locate`].

use super::Digest;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The registry that a reference without a host means, as references write it.
pub const DOCKER_HUB: &str = "docker.io";

/// The host that answers the registry protocol for [`DOCKER_HUB`].
pub const DOCKER_HUB_ENDPOINT: &str = "registry-1.docker.io";

/// The older name of [`DOCKER_HUB`], still met in references and in stored credentials.
pub const DOCKER_HUB_OLD: &str = "index.docker.io";

/// Longest repository name, host included (`distribution`: `NameTotalLengthMax`).
const NAME_LIMIT: usize = 255;

/// An image in a registry: `host/repository[:tag][@digest]`, normalised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Where an image is, or is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a registry: `docker://REF` or plain `REF`.
    Registry(Reference),
    /// In an OCI image layout: `oci:DIR[:TAG]`.
    Layout {
        /// The folder.
        dir: PathBuf,
        /// The `org.opencontainers.image.ref.name` of the entry; may be left out when there is but one.
        tag: Option<String>,
    },
    /// In a tar archive of an OCI image layout: `oci-archive:FILE[:TAG]`.
    OciArchive {
        /// The archive.
        file: PathBuf,
        /// As in [`Location::Layout`].
        tag: Option<String>,
    },
    /// In an archive as `docker save` writes: `docker-archive:FILE[:NAME]`.
    DockerArchive {
        /// The archive.
        file: PathBuf,
        /// The image's name there (`app:1`), or `@0` for the first image; may be left out when there is but one.
        name: Option<String>,
    },
}

/// A text that names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reference:?} is not an image reference: {reason}")]
pub struct ReferenceError {
    /// The text.
    pub reference: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Reference {
    /// The registry, with its port: `docker.io`, `localhost:5000`, `[::1]:5000`. In lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host and port to talk to; differs from [`Reference::host`] for [`DOCKER_HUB`] alone.
    pub fn endpoint(&self) -> &str {
        if self.host == DOCKER_HUB { DOCKER_HUB_ENDPOINT } else { &self.host }
    }

    /// The repository inside the registry: `library/nginx`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag. A reference without tag and digest has the tag `latest`.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that the image must have.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What the registry protocol calls `<reference>`: the digest where there is one, else the tag.
    pub fn digest_or_tag(&self) -> &str {
        self.digest.as_ref().map(Digest::as_str).or(self.tag()).unwrap_or("latest")
    }

    /// The name as `docker images` shows it: without what Docker fills in, but with the tag.
    pub fn familiar(&self) -> String {
        let text = self.to_string();
        let text = text.strip_prefix("docker.io/").unwrap_or(&text);
        text.strip_prefix("library/").filter(|_| self.host == DOCKER_HUB).unwrap_or(text).to_owned()
    }

    /// The same image by content alone.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// The same repository under another tag.
    ///
    /// # Errors
    /// When the text is no tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        check_tag(tag).map_err(|reason| ReferenceError { reference: tag.into(), reason })?;
        Ok(Self { tag: Some(tag.into()), digest: None, ..self.clone() })
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        split(text).map_err(|reason| ReferenceError { reference: text.into(), reason })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Location {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let fail = |reason: String| ReferenceError { reference: text.into(), reason };
        if let Some(rest) = text.strip_prefix("docker://") {
            return split(rest).map(Self::Registry).map_err(fail);
        }
        let Some((transport, rest)) = text.split_once(':') else {
            return split(text).map(Self::Registry).map_err(fail);
        };
        let (path, name) = match rest.split_once(':') {
            Some((path, name)) => (path, Some(name.to_owned())),
            None => (rest, None),
        };
        let local = |what: &str| match (path, name.as_deref()) {
            ("", _) => Err(fail(format!("{transport}: needs {what}"))),
            (_, Some("")) => Err(fail("there is nothing after the last colon".into())),
            _ => Ok(PathBuf::from(path)),
        };
        match transport {
            "oci" => Ok(Self::Layout { dir: local("a folder: oci:DIR or oci:DIR:TAG")?, tag: name }),
            "oci-archive" => Ok(Self::OciArchive { file: local("a file: oci-archive:FILE")?, tag: name }),
            "docker-archive" => Ok(Self::DockerArchive { file: local("a file: docker-archive:FILE")?, name }),
            "docker-daemon" => Err(fail(format!(
                "a daemon's images are read through an archive: docker save {rest} -o image.tar, then docker-archive:image.tar"
            ))),
            "containers-storage" | "dir" | "ostree" | "sif" | "tarball" => Err(fail(format!(
                "{transport}: is not supported; copy the image to oci:DIR first (for a repository of that name: docker://{text})"
            ))),
            _ => split(text).map(Self::Registry).map_err(fail),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (transport, path, name) = match self {
            Self::Registry(reference) => return write!(f, "docker://{reference}"),
            Self::Layout { dir, tag } => ("oci", dir, tag),
            Self::OciArchive { file, tag } => ("oci-archive", file, tag),
            Self::DockerArchive { file, name } => ("docker-archive", file, name),
        };
        write!(f, "{transport}:{}", path.display())?;
        match name {
            Some(name) => write!(f, ":{name}"),
            None => Ok(()),
        }
    }
}

/// Splits `[host/]repository[:tag][@digest]`.
fn split(text: &str) -> Result<Reference, String> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!("leave out {scheme}:// (a registry is named as host/repository:tag)"));
    }
    if text.starts_with(['/', '.']) {
        return Err("it looks like a path; write oci:DIR, oci-archive:FILE or docker-archive:FILE".into());
    }
    let (text, digest) = match text.split_once('@') {
        Some((text, digest)) => (text, Some(digest.parse::<Digest>().map_err(|error| error.to_string())?)),
        None => (text, None),
    };
    let (host, rest) = match text.split_once('/') {
        Some((first, rest)) if is_host(first) => (first.to_ascii_lowercase(), rest),
        _ => (DOCKER_HUB.to_owned(), text),
    };
    check_host(&host)?;
    let host = if host == DOCKER_HUB_OLD { DOCKER_HUB.to_owned() } else { host };
    let (repository, tag) = match rest.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (rest, None),
    };
    if let Some(tag) = tag {
        check_tag(tag)?;
    }
    check_repository(repository)?;
    let repository = if host == DOCKER_HUB && !repository.contains('/') {
        format!("library/{repository}")
    } else {
        repository.into()
    };
    if host.len() + 1 + repository.len() > NAME_LIMIT {
        return Err(format!("host and repository together are longer than {NAME_LIMIT} characters"));
    }
    let tag = tag.or(if digest.is_none() { Some("latest") } else { None });
    Ok(Reference { host, repository, tag: tag.map(str::to_owned), digest })
}

/// Whether the first component is a host: Docker takes it for one when nothing else could be meant.
fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first.eq_ignore_ascii_case("localhost")
}

/// Checks `name[:port]` and `[ipv6][:port]`.
fn check_host(host: &str) -> Result<(), String> {
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or("the host's [ has no ]")?;
        address.parse::<std::net::Ipv6Addr>().map_err(|_| format!("{address:?} is no IPv6 address"))?;
        (None, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or("expected : after ]")?) })
    } else {
        match host.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err("an IPv6 host is written in brackets: [::1]:5000/app".into());
            }
            Some((name, port)) => (Some(name), Some(port)),
            None => (Some(host), None),
        }
    };
    if let Some(name) = name {
        let good = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if !name.split('.').all(good) {
            return Err(format!("{name:?} is no host name"));
        }
    }
    match port {
        Some(port) if !port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().is_err() => {
            Err(format!("{port:?} is no port"))
        }
        _ => Ok(()),
    }
}

/// Checks the path components: lower-case letters and digits, with `.`, `_`, `__` or dashes between them.
fn check_repository(repository: &str) -> Result<(), String> {
    if repository.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(format!(
            "repository names are lower case: {:?} (a host needs a dot, a port, or to be localhost)",
            repository.to_ascii_lowercase()
        ));
    }
    if repository.len() == 64 && repository.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("it is a bare hash; write repository@sha256:…".into());
    }
    for component in repository.split('/') {
        let bytes = component.as_bytes();
        let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let separators = component.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let good = bytes.first().is_some_and(alphanumeric)
            && bytes.last().is_some_and(alphanumeric)
            && separators.into_iter().all(|s| matches!(s, "" | "." | "_" | "__") || s.bytes().all(|b| b == b'-'));
        if !good {
            return Err(format!(
                "{component:?} is no repository component (letters a-z, digits, and . _ __ - between them)"
            ));
        }
    }
    Ok(())
}

fn check_tag(tag: &str) -> Result<(), String> {
    let good = (1..=128).contains(&tag.len())
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && !tag.starts_with(['.', '-']);
    if good { Ok(()) } else { Err(format!("{tag:?} is no tag (letters, digits, _ . -; at most 128)")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn references_are_normalised_as_docker_does_and_survive_a_round_trip() {
        let cases = [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.27", "docker.io/library/nginx:1.27"),
            ("team/app", "docker.io/team/app:latest"),
            ("docker.io/nginx", "docker.io/library/nginx:latest"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
            ("docker.io/library/nginx", "docker.io/library/nginx:latest"),
            ("localhost/x", "localhost/x:latest"),
            ("localhost:5000/x", "localhost:5000/x:latest"),
            ("localhost:5000/x:2", "localhost:5000/x:2"),
            ("Registry.Example.org/a/b/c:V1.0", "registry.example.org/a/b/c:V1.0"),
            ("registry.example.org/a__b/c-----d.e_f", "registry.example.org/a__b/c-----d.e_f:latest"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"),
            ("[::1]:5000/x:1", "[::1]:5000/x:1"),
            ("[2001:db8::1]/x", "[2001:db8::1]/x:latest"),
            ("foo_bar:1", "docker.io/library/foo_bar:1"),
        ];
        for (text, expected) in cases {
            let reference: Reference = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(reference.to_string(), expected);
            assert_eq!(expected.parse::<Reference>().unwrap(), reference, "{text}");
        }
        for (text, expected) in [
            (format!("nginx@{HASH}"), format!("docker.io/library/nginx@{HASH}")),
            (format!("nginx:1@{HASH}"), format!("docker.io/library/nginx:1@{HASH}")),
            (format!("localhost:5000/x:1@{HASH}"), format!("localhost:5000/x:1@{HASH}")),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), expected);
            assert_eq!(reference.digest_or_tag(), HASH);
            assert_eq!(expected.parse::<Reference>().unwrap(), reference);
        }
    }

    #[test]
    fn parts_and_the_endpoint() {
        let reference: Reference = "team/app:1".parse().unwrap();
        assert_eq!((reference.host(), reference.endpoint()), (DOCKER_HUB, DOCKER_HUB_ENDPOINT));
        assert_eq!((reference.repository(), reference.tag(), reference.digest()), ("team/app", Some("1"), None));
        let other: Reference = "localhost:5000/app".parse().unwrap();
        assert_eq!(other.endpoint(), "localhost:5000");
        assert_eq!(other.with_tag("2").unwrap().to_string(), "localhost:5000/app:2");
        assert_eq!(other.with_digest(HASH.parse().unwrap()).to_string(), format!("localhost:5000/app@{HASH}"));
        assert!(other.with_tag("a b").is_err());
        for (text, familiar) in [
            ("nginx", "nginx:latest"),
            ("team/app:1", "team/app:1"),
            ("localhost/library/x:1", "localhost/library/x:1"),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().familiar(), familiar);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_reason() {
        let long = format!("registry.example.org/{}", "a".repeat(250));
        let cases = [
            ("", "empty"),
            ("Nginx", "lower case: \"nginx\""),
            ("MyTeam/app", "lower case: \"myteam/app\""),
            ("localhost:5000/Up", "lower case"),
            ("https://registry.example.org/x", "leave out https://"),
            ("./image.tar", "looks like a path"),
            ("/srv/layout", "looks like a path"),
            ("nginx:", "is no tag"),
            ("nginx:a b", "is no tag"),
            ("nginx:.1", "is no tag"),
            ("nginx@sha256:abc", "is not a digest"),
            ("nginx@", "is not a digest"),
            ("a//b", "is no repository component"),
            ("a..b", "is no repository component"),
            ("a___b", "is no repository component"),
            ("-a", "is no repository component"),
            ("a-", "is no repository component"),
            ("a/", "is no repository component"),
            ("käse", "is no repository component"),
            ("::1/x", "in brackets"),
            ("[::1/x", "has no ]"),
            ("[nonsense]:5000/x", "no IPv6"),
            ("[::1]5000/x", "expected :"),
            ("localhost:port/x", "is no port"),
            ("localhost:99999/x", "is no port"),
            ("-a.example/x", "is no host name"),
            ("registry.example.org/", "is no repository component"),
            (&long, "longer than 255"),
            (&HASH[7..], "bare hash"),
        ];
        for (text, reason) in cases {
            let error = text.parse::<Reference>().expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn locations() {
        let layout = |dir: &str, tag: Option<&str>| Location::Layout { dir: dir.into(), tag: tag.map(str::to_owned) };
        let cases = [
            ("docker://nginx:1", Location::Registry("nginx:1".parse().unwrap())),
            ("nginx:1", Location::Registry("nginx:1".parse().unwrap())),
            ("docker://oci:1", Location::Registry("oci:1".parse().unwrap())),
            ("localhost:5000/x", Location::Registry("localhost:5000/x".parse().unwrap())),
            ("oci:/srv/layout", layout("/srv/layout", None)),
            ("oci:dir:1.0", layout("dir", Some("1.0"))),
            ("oci:dir:registry.example/app:1", layout("dir", Some("registry.example/app:1"))),
            ("oci-archive:a.tar:v", Location::OciArchive { file: "a.tar".into(), tag: Some("v".into()) }),
            ("docker-archive:a.tar", Location::DockerArchive { file: "a.tar".into(), name: None }),
            (
                "docker-archive:a.tar:app:1",
                Location::DockerArchive { file: "a.tar".into(), name: Some("app:1".into()) },
            ),
        ];
        for (text, expected) in cases {
            let location: Location = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(location, expected);
            assert_eq!(location.to_string().parse::<Location>().unwrap(), location);
        }
        for (text, reason) in [
            ("oci:", "needs a folder"),
            ("oci::tag", "needs a folder"),
            ("oci:dir:", "nothing after the last colon"),
            ("docker-archive:", "needs a file"),
            ("docker-daemon:app:1", "docker save app:1"),
            ("dir:/tmp/x", "not supported"),
            ("docker://", "empty"),
        ] {
            let error = text.parse::<Location>().expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
