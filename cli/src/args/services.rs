//! How registries and package archives are reached and trusted.

use clap::Args;
use std::path::PathBuf;

/// Registries.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registries")]
pub(crate) struct RegistryArgs {
    /// Speak to this registry (host or host:port) without TLS (may be repeated); the loopback needs no permission
    #[arg(long, value_name = "HOST", env = "SLIM_PLAIN_HTTP", value_delimiter = ',', hide_env_values = true)]
    pub(crate) plain_http: Vec<String>,

    /// Trust the certificate authorities in this PEM file too (may be repeated)
    #[arg(long, value_name = "FILE", env = "SLIM_CA", hide_env_values = true)]
    pub(crate) ca: Vec<PathBuf>,

    /// Take credentials from this file instead of what `docker login` and `podman login` left behind
    #[arg(long, value_name = "FILE", env = "SLIM_AUTHFILE", hide_env_values = true)]
    pub(crate) authfile: Option<PathBuf>,

    /// Read a registry's images from another host first: docker.io=mirror.example (may be repeated)
    #[arg(
        long,
        value_name = "REGISTRY=HOST",
        env = "SLIM_REGISTRY_MIRROR",
        value_delimiter = ',',
        value_parser = pair,
        hide_env_values = true
    )]
    pub(crate) registry_mirror: Vec<(String, String)>,
}

/// Package archives.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Package archives")]
pub(crate) struct ArchiveArgs {
    /// Fetch a suite from another address: bookworm-security=https://mirror.example/debian-security (may be repeated)
    #[arg(
        long,
        value_name = "SUITE=URL",
        env = "SLIM_MIRROR",
        value_delimiter = ' ',
        value_parser = pair,
        hide_env_values = true
    )]
    pub(crate) mirror: Vec<(String, String)>,

    /// Use the archives as they were at a moment, YYYYMMDDTHHMMSSZ: the same moment gives the same image again
    #[arg(long, value_name = "TIMESTAMP", env = "SLIM_SNAPSHOT", value_parser = timestamp, hide_env_values = true)]
    pub(crate) snapshot: Option<String>,

    /// Where snapshots of archives are; @ARCHIVE@ and @SNAPSHOTID@ stand for the archive's name and the moment
    #[arg(long, value_name = "URL", env = "SLIM_SNAPSHOT_URL", hide_env_values = true, hide_short_help = true)]
    pub(crate) snapshot_url: Option<String>,

    /// Add an archive that the image does not name, as a line of sources.list (may be repeated)
    #[arg(long, value_name = "LINE")]
    pub(crate) source_line: Vec<String>,

    /// Trust the keys in this file besides those of the image (may be repeated)
    #[arg(long, value_name = "FILE", env = "SLIM_KEYRING", hide_env_values = true)]
    pub(crate) keyring: Vec<PathBuf>,

    /// Read archives from this folder, which holds HOST/PATH of each file, instead of the network
    #[arg(long, value_name = "DIR", env = "SLIM_OFFLINE", hide_env_values = true)]
    pub(crate) offline: Option<PathBuf>,

    /// Take names and passwords for archives from this file: `machine HOST login NAME password PASSWORD`, as apt_auth.conf(5); without TLS only where HOST begins with http://
    #[arg(long, value_name = "FILE", env = "SLIM_ARCHIVE_AUTH", hide_env_values = true)]
    pub(crate) archive_auth: Option<PathBuf>,

    /// Use archives without a signature where the image itself marks them as trusted
    #[arg(long)]
    pub(crate) allow_unsigned: bool,

    /// Accept keys that vouch for themselves with SHA-1, as apt does up to Debian 12
    #[arg(long, hide_short_help = true)]
    pub(crate) allow_sha1_keys: bool,

    /// Use archives without suites
    #[arg(long)]
    pub(crate) allow_flat: bool,

    /// Go on without the image's archives that cannot be used, with a warning
    #[arg(long)]
    pub(crate) skip_refused: bool,

    /// Accept archives that say that they have expired
    #[arg(long)]
    pub(crate) ignore_valid_until: bool,

    /// The time that decides what has expired, in seconds since 1970 [default: the clock]
    #[arg(long, value_name = "SECONDS", env = "SLIM_NOW", hide = true, hide_env_values = true)]
    pub(crate) now: Option<i64>,
}

/// `NAME=VALUE`, neither of them empty.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.into(), value.into())),
        _ => Err("expected NAME=VALUE".into()),
    }
}

fn timestamp(text: &str) -> Result<String, String> {
    let good = text.len() == 16
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if good { Ok(text.into()) } else { Err("expected YYYYMMDDTHHMMSSZ, such as 20250131T120000Z".into()) }
}
