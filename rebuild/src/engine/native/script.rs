//! What the engine asks of whoever understands maintainer scripts.

use slim::draft::Draft;

/// Which maintainer script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// Before unpacking.
    Preinst,
    /// When configured, or triggered.
    Postinst,
    /// Of the old version, before anything.
    Prerm,
    /// Of the old version, after unpacking.
    Postrm,
}

impl Hook {
    /// The script's name among the control members.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preinst => "preinst",
            Self::Postinst => "postinst",
            Self::Prerm => "prerm",
            Self::Postrm => "postrm",
        }
    }
}

/// A call of a script as dpkg would make it.
#[derive(Debug, Clone)]
pub struct Invocation<'a> {
    /// Package name without architecture.
    pub package: &'a str,
    /// The package's architecture.
    pub architecture: &'a str,
    /// Which script.
    pub hook: Hook,
    /// Its arguments: `configure 1.0-1`.
    pub arguments: Vec<String>,
    /// Its bytes; not necessarily a shell script.
    pub script: &'a [u8],
    /// The version that is or was installed; `None` for triggers of packages that are not upgraded.
    pub old_version: Option<&'a str>,
    /// The version that is being installed (or is installed, for triggers).
    pub new_version: &'a str,
    /// The package's debconf templates, of the version whose script runs.
    pub debconf_templates: Option<&'a [u8]>,
}

/// How well a script is understood, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// There is nothing to run (T0).
    None,
    /// Only generated snippets (T1).
    Snippets,
    /// Known by its content (T2).
    Known,
    /// Evaluated on the draft (T3).
    Evaluated,
}

/// What a script did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How that is known.
    pub tier: Tier,
    /// Effects on the draft, for people.
    pub effects: Vec<String>,
    /// What the verdict rests on, for people.
    pub evidence: String,
}

/// Why a script could not be reproduced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{word}: {reason}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct Unproven {
    /// The line, where known.
    pub line: Option<u32>,
    /// The command or word that is not understood.
    pub word: String,
    /// Why.
    pub reason: String,
}

/// Reproduces what scripts do.
pub trait Scripts {
    /// Brings a script's effects into the draft and adds the triggers that it activates.
    ///
    /// # Errors
    /// When it is not proven what the script would do; the draft may then hold part of it, the engine rolls back.
    fn run(
        &self,
        invocation: &Invocation<'_>,
        draft: &mut Draft<'_>,
        activated: &mut Vec<String>,
    ) -> Result<Verdict, Unproven>;
}
