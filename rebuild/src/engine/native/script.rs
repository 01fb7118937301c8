//! Running maintainer scripts, as the unpacker sees it: what is asked, and what may be answered.

use slim::draft::Draft;

/// Which maintainer script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Before unpacking.
    Preinst,
    /// To configure, and for triggers.
    Postinst,
    /// Before removal, or before the new version is unpacked.
    Prerm,
    /// After removal, or after the new version is unpacked.
    Postrm,
}

/// One call of a maintainer script (Debian Policy, chapter 6).
#[derive(Debug, Clone)]
pub struct Invocation<'a> {
    /// The package's name without architecture.
    pub package: &'a str,
    /// The package's architecture.
    pub architecture: &'a str,
    /// Which script.
    pub hook: Hook,
    /// Its arguments: `configure`, `1.0-1`.
    pub arguments: Vec<String>,
    /// The script's bytes.
    pub script: &'a [u8],
    /// The version that is installed, or was.
    pub old_version: Option<&'a str>,
    /// The version that the script belongs to or makes room for.
    pub new_version: &'a str,
    /// The package's debconf templates, if it has any.
    pub debconf_templates: Option<&'a [u8]>,
}

/// How it is known what a script does, weakest claim of evaluation first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// T0: there is no script.
    None,
    /// T1: only snippets that debhelper generates.
    Snippets,
    /// T2: the whole script is known by its hash.
    Known,
    /// T3: evaluated, command by command.
    Evaluated,
}

/// What a script did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How it is known.
    pub tier: Tier,
    /// What changed, a line each; empty when nothing did.
    pub effects: Vec<String>,
    /// Why to believe it.
    pub evidence: String,
}

/// What could not be reproduced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{word}: {reason}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct Unproven {
    /// The script's line, where known.
    pub line: Option<u32>,
    /// The command or word.
    pub word: String,
    /// What about it.
    pub reason: String,
}

/// Runs maintainer scripts on a draft.
pub trait Scripts {
    /// Runs one. Names of triggers that it activates are appended to `activated`.
    ///
    /// # Errors
    /// When anything the script does is not known to be reproducible; the draft is then as it was before.
    fn run(
        &self,
        invocation: &Invocation<'_>,
        draft: &mut Draft<'_>,
        activated: &mut Vec<String>,
    ) -> Result<Verdict, Unproven>;
}
