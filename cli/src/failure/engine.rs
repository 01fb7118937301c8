//! Advice for packages that could not be upgraded.

use super::Failure;
use rebuild::engine::native::{EngineError, RefusedReason};
use slim::packages::dpkg::database::Problem;

/// What works on any image, whatever its packages.
const NO_UPDATE: &str = "--update none leaves the packages at their versions";

pub(super) fn explain(error: &EngineError) -> Failure {
    let failure = Failure::of(error);
    match error {
        EngineError::NoDatabase => failure
            .hint("slim updates and prunes images with a dpkg database (Debian, Ubuntu and their kin)")
            .hint("with --update none --prune none the image is only copied and compressed"),
        EngineError::Unsound(problems) if problems.iter().all(|problem| matches!(problem, Problem::NoList { .. })) => failure
            .hint("the lists say which files are a package's own: build the image without deleting /var/lib/dpkg/info, or run `apt-get install --reinstall` of these packages in it")
            .hint(NO_UPDATE),
        EngineError::Unsound(problems) if problems.iter().any(|problem| matches!(problem, Problem::Damaged { .. } | Problem::Emptied { .. } | Problem::NoField { .. })) => failure
            .hint("build the image again: dpkg itself could not read this file, whose last good version may be /var/lib/dpkg/status-old")
            .hint(NO_UPDATE),
        EngineError::Unsound(_) => failure
            .hint("an earlier run of apt in the image was left unfinished: build the image again, or run `dpkg --configure -a` in it")
            .hint(NO_UPDATE),
        EngineError::Refused(refused) => failure.hint(match refused.reason {
            RefusedReason::Script { .. } => {
                "slim reproduces what maintainer scripts do only where that is proven; --update security asks for fewer packages"
            }
            RefusedReason::Conffile(_) => "the image changed a configuration file that the new package changes too",
            _ => NO_UPDATE,
        }),
        EngineError::Database(_) | EngineError::Contents(_) => failure.hint("the image is damaged, or a temporary file was lost"),
        EngineError::Triggers(_) => failure.hint(NO_UPDATE),
    }
}
