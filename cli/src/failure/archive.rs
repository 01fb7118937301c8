//! Advice for package archives that cannot be used.

use super::{Failure, machine_hint};
use rebuild::archives::ArchiveError;
use rebuild::archives::release::ReleaseError;
use rebuild::archives::signature::SignatureError;
use rebuild::archives::sources::{Refusal, Refused};
use rebuild::archives::transport::TransportError;

const KEYRING: &str = "trust another keyring with --keyring FILE";
const MIRROR: &str = "try again later, or use another mirror: --mirror SUITE=URL";

pub(super) fn explain(error: &ArchiveError) -> Failure {
    let failure = Failure::of(error);
    match error {
        ArchiveError::Cancelled => Failure::interrupted(),
        ArchiveError::NoSources => failure
            .hint("name an archive with --source-line 'deb URL SUITE COMPONENT', or leave the packages alone with --update none"),
        ArchiveError::Refused(refused) => failure.hints(refusal(refused)),
        ArchiveError::Signature { cause, .. } => failure.hints(signature(cause)),
        ArchiveError::Release { cause, .. } => failure.hints(release(cause)),
        ArchiveError::Fetch { package, cause, .. } => failure.hints(fetch(package.is_some(), cause)),
        ArchiveError::Altered { .. } => failure.hint(format!("the mirror may be in the middle of an update: {MIRROR}")),
        ArchiveError::Keyring(_) => failure.hint(KEYRING),
        ArchiveError::Cache { reason, .. } => {
            let hint = machine_hint(reason).unwrap_or_else(|| "name another folder with --cache DIR, or --no-cache".into());
            failure.hint(hint)
        }
        ArchiveError::Folder { reason, .. } => failure.hints(machine_hint(reason)),
        ArchiveError::Sources(_) | ArchiveError::Image { .. } => {
            failure.hint("the image's own apt would stumble here too; --update none leaves the packages alone")
        }
        ArchiveError::Option { .. } => Failure { code: super::Code::Usage, ..failure },
        ArchiveError::Corrupt { .. } | ArchiveError::Stanza { .. } => {
            failure.hint(MIRROR)
        }
    }
}

fn refusal(refused: &Refused) -> Vec<String> {
    let own = match refused.reason {
        Refusal::Flat => Some("--allow-flat uses it"),
        Refusal::Unsigned => Some("--allow-unsigned uses it as the image does: without a signature"),
        Refusal::Scheme(_) | Refusal::Local(_) => {
            Some("--mirror SUITE=URL names an http or https address for its suite")
        }
        Refusal::Address => None,
    };
    own.into_iter().chain(["--skip-refused goes on without it"]).map(str::to_owned).collect()
}

fn signature(cause: &SignatureError) -> Option<String> {
    let hint = match cause {
        SignatureError::ExpiredKey { .. } => {
            "the keyring in the image is too old: give the distro's current one with --keyring FILE".into()
        }
        SignatureError::NoKeys { .. } | SignatureError::UnknownKey { .. } | SignatureError::UnusableKey { .. } => {
            KEYRING.to_owned()
        }
        SignatureError::WeakKey { .. } => {
            "give the archive's current keyring with --keyring FILE; --allow-sha1-keys accepts it as apt does up to Debian 12".into()
        }
        SignatureError::Missing => {
            "an archive without a signature is only used with --allow-unsigned, where the image trusts it".into()
        }
        _ => MIRROR.into(),
    };
    Some(hint)
}

fn release(cause: &ReleaseError) -> Option<String> {
    let hint = match cause {
        ReleaseError::Expired { .. } => {
            "use another mirror with --mirror SUITE=URL; for an archive that is no longer updated, --ignore-valid-until"
        }
        ReleaseError::Rollback { .. } => {
            "use another mirror with --mirror SUITE=URL; to go back on purpose, --snapshot TIMESTAMP or another --cache DIR"
        }
        ReleaseError::Future { .. } => "set this machine's clock",
        ReleaseError::OtherSuite { .. } => "the address serves another suite: check --mirror and the image's sources",
        ReleaseError::Malformed(_) => MIRROR,
    };
    Some(hint.into())
}

fn fetch(package: bool, cause: &TransportError) -> Vec<String> {
    let hints: &[&str] = match cause {
        TransportError::Missing if package => &["the mirror may be in the middle of an update", MIRROR],
        TransportError::Missing => &[
            "the suite may have moved to an archive of old releases: --mirror SUITE=URL names the new address",
            "--update none leaves the packages alone",
        ],
        TransportError::NotInFolder(_) => &[
            "the folder was filled for another image, with other options or before this was published: `slim fetch SOURCE --into DIR` fills it",
            "--update none leaves the packages alone",
        ],
        TransportError::Denied(_) => &[
            "give name and password with --archive-auth FILE; for an address without TLS its host is written as http://HOST there",
        ],
        TransportError::Failed { .. } => &[
            "without a network, archives are read from a folder with --offline DIR; another address is given with --mirror SUITE=URL",
            "--update none leaves the packages alone",
        ],
    };
    hints.iter().map(|hint| (*hint).to_owned()).collect()
}
