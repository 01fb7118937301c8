//! How the package archives are used: options as typed, the clock, and the file of passwords.

use super::cache;
use crate::args::{ArchiveArgs, MachineArgs};
use crate::failure::Failure;
use rebuild::archives::sources::Allow;
use rebuild::archives::{Credential, Options};
use std::io::Read as _;
use std::path::Path;
use std::time::SystemTime;

/// Largest file of passwords that is read, in bytes.
const LIMIT: u64 = 1 << 20;

pub(super) fn options(args: &ArchiveArgs, machine: &MachineArgs) -> Result<Options, Failure> {
    if let Some(folder) = args.offline.as_ref().filter(|folder| !folder.is_dir()) {
        let message = format!("the folder with the package archives, {}, does not exist", folder.display());
        return Err(Failure::failed(&message));
    }
    Ok(Options {
        now: args.now.unwrap_or_else(now),
        // The image says which ones it needs.
        architectures: Vec::new(),
        cache: cache(machine),
        // That of the run.
        temporary: None,
        sources: args.source_line.clone(),
        mirrors: args.mirror.clone(),
        snapshot: args.snapshot.clone(),
        snapshot_url: args.snapshot_url.clone(),
        keyrings: args.keyring.clone(),
        offline: args.offline.clone(),
        keep: None,
        credentials: args.archive_auth.as_deref().map(read).transpose()?.unwrap_or_default(),
        allow: Allow { flat: args.allow_flat, unsigned: args.allow_unsigned, sha1_keys: args.allow_sha1_keys },
        skip_refused: args.skip_refused,
        ignore_valid_until: args.ignore_valid_until,
        parallel: 0,
    })
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0)
}

fn read(path: &Path) -> Result<Vec<Credential>, Failure> {
    let fail = |reason: String| {
        Failure::failed(&format!("{}: {reason}", path.display()))
            .hint("the file holds lines such as: machine archive.example login NAME password PASSWORD")
    };
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LIMIT).read_to_string(&mut text))
        .map_err(|error| fail(error.to_string()))?;
    credentials(&text).map_err(fail)
}

/// Reads `machine HOST login NAME password PASSWORD` in any number of lines (apt_auth.conf(5)); a `#` begins a comment.
fn credentials(text: &str) -> Result<Vec<Credential>, String> {
    let mut found: Vec<Credential> = Vec::new();
    let mut words = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    while let Some(word) = words.next() {
        // Never repeat what follows: a slip may have put a password there.
        let value = words.next().ok_or_else(|| "the last word has no value".to_owned())?;
        match (word, found.last_mut()) {
            ("machine", _) => {
                // Without a scheme https is meant; a path is allowed, but the host is what counts.
                let (scheme, rest) =
                    value.split_once("://").map_or((None, value), |(scheme, rest)| (Some(scheme), rest));
                let host = rest.split('/').next().unwrap_or(rest).to_ascii_lowercase();
                let scheme = scheme.map(str::to_ascii_lowercase);
                found.push(Credential { scheme, host, user: String::new(), password: String::new() });
            }
            ("login", Some(last)) => last.user = value.into(),
            ("password", Some(last)) => last.password = value.into(),
            _ => return Err("expected machine, login or password, in this order".into()),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_read_as_apt_reads_them() {
        let text = "# a comment\nmachine Archive.example login me password s3cret\n\
                    machine https://other.example:8443/debian\n  login you\n  password x#y\n";
        let found = credentials(text).unwrap();
        let of = |scheme: Option<&str>, host: &str, user: &str, password: &str| Credential {
            scheme: scheme.map(str::to_owned),
            host: host.into(),
            user: user.into(),
            password: password.into(),
        };
        assert_eq!(
            found,
            [of(None, "archive.example", "me", "s3cret"), of(Some("https"), "other.example:8443", "you", "x#y")]
        );
        for bad in ["login me password hunter2", "machine a login", "machine a secret hunter2"] {
            assert!(!credentials(bad).unwrap_err().contains("hunter2"), "{bad}");
        }
    }
}
