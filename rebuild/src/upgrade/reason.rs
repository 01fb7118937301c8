//! Why a package stays as it is.

use std::fmt;

/// A reason, and the reasons for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What stands in the way.
    pub why: Why,
    /// Why that is so: other packages that are themselves kept back.
    pub because: Vec<Reason>,
}

/// What stands in the way of a newer version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its selection state is `hold`.
    Held,
    /// The user excluded it.
    Excluded,
    /// The user chose others.
    NotSelected,
    /// It cannot be installed: why.
    Refused(String),
    /// The preferences want an older version.
    Downgrade,
    /// Not every machine gets it yet (`Phased-Update-Percentage`), and the configuration of the image's apt waits for that.
    Phased {
        /// How many of a hundred get it.
        percentage: u8,
    },
    /// It would change between one architecture and `all`.
    ArchitectureChange {
        /// Installed.
        from: String,
        /// Offered.
        to: String,
    },
    /// It needs a package that is not installed.
    NeedsNew {
        /// `Depends` or `Pre-Depends`.
        field: &'static str,
        /// The relation.
        relation: String,
    },
    /// It needs another version of what is installed.
    Needs {
        /// `Depends` or `Pre-Depends`.
        field: &'static str,
        /// The relation.
        relation: String,
    },
    /// It does not get along with an installed package, which would have to be removed.
    Against {
        /// `Breaks` or `Conflicts`.
        field: &'static str,
        /// The relation.
        relation: String,
        /// The installed package and version.
        package: String,
    },
    /// An installed package would be broken by it.
    WouldBreak {
        /// The installed package and version.
        package: String,
        /// The field of that package.
        field: &'static str,
        /// Its relation.
        relation: String,
    },
    /// The same package of another architecture cannot follow, and both must have the same version.
    OutOfStep {
        /// Name and architecture of the other.
        other: String,
    },
    /// A package by name, as the head of its own reason.
    KeptBack {
        /// Name and architecture.
        package: String,
    },
}

impl Reason {
    /// A reason that needs no other.
    pub fn of(why: Why) -> Self {
        Self { why, because: Vec::new() }
    }

    /// Reasons of other packages, under their names.
    pub(super) fn below(names: Vec<String>, reasons: Vec<Self>) -> Vec<Self> {
        names
            .into_iter()
            .zip(reasons)
            .map(|(package, reason)| Self { why: Why::KeptBack { package }, because: vec![reason] })
            .collect()
    }

    /// Whether it depends on what happens to other packages.
    pub(super) fn is_by_others(&self) -> bool {
        !matches!(
            self.why,
            Why::Held
                | Why::Excluded
                | Why::NotSelected
                | Why::Refused(_)
                | Why::Downgrade
                | Why::Phased { .. }
                | Why::ArchitectureChange { .. }
        )
    }

    /// Whether the user did not want it, so that nothing is amiss.
    pub fn is_choice(&self) -> bool {
        matches!(self.why, Why::Excluded | Why::NotSelected)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        if depth > 0 {
            write!(f, "\n{:1$}", "", depth * 2)?;
        }
        write!(f, "{}", self.why)?;
        self.because.iter().try_for_each(|reason| reason.write(f, depth + 1))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("it is on hold"),
            Self::Excluded => f.write_str("it is excluded"),
            Self::NotSelected => f.write_str("it is not among the chosen packages"),
            Self::Refused(reason) => f.write_str(reason),
            Self::Downgrade => f.write_str("the preferences want an older version"),
            Self::Phased { percentage } => {
                write!(
                    f,
                    "{percentage} % of all machines get it yet, and the image's apt waits (Never-Include-Phased-Updates)"
                )
            }
            Self::ArchitectureChange { from, to } => write!(f, "its architecture would change from {from} to {to}"),
            Self::NeedsNew { field, relation } => write!(f, "{field}: {relation} would need a new package"),
            Self::Needs { field, relation } => write!(f, "{field}: {relation} is not fulfilled by what is installed"),
            Self::Against { field, relation, package } => write!(f, "{field}: {relation} would remove {package}"),
            Self::WouldBreak { package, field, relation } => {
                write!(f, "it would break {package} ({field}: {relation})")
            }
            Self::OutOfStep { other } => write!(f, "{other} must have the same version and cannot follow"),
            Self::KeptBack { package } => write!(f, "{package} is kept back"),
        }
    }
}
