//! What is different for a package that is installed anew.

use super::{EngineError, Job, Session};
use slim::draft::Draft;
use slim::packages::dpkg::status::Stanza;
use slim::path::ImagePath;

/// Where apt notes which packages came along with others (apt-mark(8)).
const EXTENDED_STATES: &str = "/var/lib/apt/extended_states";

/// The stanza of a package of which nothing is there.
pub(super) fn nothing(name: &str, architecture: &str, same: bool) -> Option<Stanza> {
    let multi_arch = if same { "Multi-Arch: same\n" } else { "" };
    let text = format!(
        "Package: {name}\nStatus: install ok not-installed\nArchitecture: {architecture}\n{multi_arch}Version: \n"
    );
    Stanza::new(text.as_bytes())
}

impl Session<'_> {
    /// Notes new packages as installed automatically, as apt does for those that others need.
    pub(super) fn mark_automatic(&self, draft: &mut Draft<'_>, jobs: &[Job<'_>]) -> Result<(), EngineError> {
        let path = ImagePath::literal(EXTENDED_STATES);
        let mut text = draft.read(&path)?.unwrap_or_default();
        let before = text.len();
        let native = self.native_architecture();
        for job in jobs.iter().filter(|job| job.new) {
            // apt files what is for all architectures under the native one.
            let architecture = if job.architecture == "all" { &native } else { &job.architecture };
            text.extend_from_slice(
                format!("Package: {}\nArchitecture: {architecture}\nAuto-Installed: 1\n\n", job.name).as_bytes(),
            );
        }
        if text.len() > before {
            draft.write(&path, text)?;
        }
        Ok(())
    }

    fn native_architecture(&self) -> String {
        let stanzas = self.database.status.stanzas();
        let concrete = || stanzas.iter().filter(|stanza| stanza.is_installed() && stanza.architecture != "all");
        let dpkg = concrete().find(|stanza| stanza.package == "dpkg");
        let own = self.database.architectures.first().cloned();
        let found = own.or_else(|| dpkg.or_else(|| concrete().next()).map(|stanza| stanza.architecture.clone()));
        found.unwrap_or_else(|| self.options.platform.unwrap_or("all").into())
    }
}
