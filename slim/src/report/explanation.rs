//! The answers of `slim why` and `slim why-not`.

use schemars::JsonSchema;
use serde::Serialize;

/// What leads from a root to something; or that nothing does, and what would have kept it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Explanation {
    /// Version of this format, now 1.
    pub schema: u32,
    /// What was asked about, as asked.
    pub target: String,
    /// Whether it is a package or a path.
    pub kind: String,
    /// Whether pruning would keep it.
    pub kept: bool,
    /// One sentence.
    pub reason: String,
    /// The shortest chain from a root, root first; empty when nothing reaches it.
    pub chain: Vec<LinkReport>,
    /// `why-not`: what names it without being in use itself, nearest to what is in use first.
    pub mentions: Vec<MentionReport>,
    /// `why-not`: rules of recipes that would keep it, but do not apply to this image.
    pub rules: Vec<RuleReport>,
    /// `why-not`: packages that declare that they depend on it.
    pub dependants: Vec<DependantReport>,
    /// `why-not`: options of `slim rebuild` that would keep it.
    pub remedies: Vec<String>,
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LinkReport {
    /// Where the step comes from; absent at a root.
    pub from: Option<String>,
    /// Where it leads: a path, or the name of a package where a recipe names one.
    pub to: String,
    /// The kind of step: `needed`, `interpreter`, `shebang`, `command`, …
    pub rule: String,
    /// What shows it: a soname, a line, a recipe's reason.
    pub evidence: String,
    /// The package that owns `to`.
    pub package: Option<String>,
}

/// A use of something by a file that is not in use itself, or a use that keeps nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MentionReport {
    /// The file that names it.
    pub from: String,
    /// The package that owns `from`.
    pub package: Option<String>,
    /// The path that is named.
    pub to: String,
    /// The kind of use.
    pub rule: String,
    /// What shows it.
    pub evidence: String,
    /// Why this keeps nothing.
    pub but: String,
}

/// A rule of a recipe that does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleReport {
    /// Its id; `slim recipes show` prints it.
    pub rule: String,
    /// Why the rule holds.
    pub because: String,
    /// Whether it is a gate: the files stay only if it opens, whoever owns them.
    pub gate: bool,
    /// Any of these facts would make it apply.
    pub when: Vec<String>,
}

/// A package that declares a dependency. `Depends` alone is no use: what a package takes at run time shows in its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DependantReport {
    /// Its name.
    pub package: String,
    /// Whether it stays.
    pub kept: bool,
    /// The dependency, as it stands in the package database.
    pub relation: String,
}
