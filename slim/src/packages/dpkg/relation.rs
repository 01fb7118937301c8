//! Relations between packages: the values of `Depends`, `Breaks`, `Provides` and the like (deb-control(5), Debian Policy 7.1).

use super::paragraph::Paragraph;
use super::version::{Version, VersionError};
use std::fmt;

/// One package relation: `name[:qualifier] [(operator version)]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The package, or virtual package, that is meant.
    pub name: String,
    /// Which architectures of it are meant, when the relation says so.
    pub qualifier: Option<Qualifier>,
    /// Which versions of it are meant; all when `None`.
    pub constraint: Option<(Operator, Version)>,
}

/// What follows the colon after a package name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Qualifier {
    /// `:any`
    Any,
    /// `:native` or an architecture.
    Architecture(String),
}

/// How versions are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<<`
    Earlier,
    /// `<=`, and the obsolete `<`
    EarlierEqual,
    /// `=`
    Equal,
    /// `>=`, and the obsolete `>`
    LaterEqual,
    /// `>>`
    Later,
}

/// Relations of which one is enough: `a | b`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternatives(pub Vec<Relation>);

/// An entry of `Provides`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provided {
    /// The name that is provided.
    pub name: String,
    /// A qualifier, as in `python3-x:any`.
    pub qualifier: Option<Qualifier>,
    /// The version at which it is provided, when there is one.
    pub version: Option<Version>,
}

/// Text that is no relation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("relation {text:?}: {problem}")]
pub struct RelationError {
    /// The offending relation.
    pub text: String,
    /// What is wrong with it.
    pub problem: RelationProblem,
}

/// What can be wrong with a relation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelationProblem {
    /// No name where one is needed.
    #[error("the package name is missing")]
    NoName,
    /// A name with characters that no package name has.
    #[error("{0:?} is not a package name")]
    Name(String),
    /// Nothing after the colon.
    #[error("the architecture after the colon is missing")]
    NoQualifier,
    /// `(>= 1` without its end.
    #[error("the version has no closing bracket")]
    Unclosed,
    /// An operator such as `<>`.
    #[error("{0:?} is not a version operator")]
    Operator(String),
    /// A bad version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// `|` in a field where only single packages can stand.
    #[error("alternatives are not allowed in {0}")]
    Alternatives(&'static str),
    /// A `Provides` with an inequality.
    #[error("only exact versions can be provided")]
    InexactProvides,
    /// Text after the relation's end.
    #[error("{0:?} follows the relation")]
    Trailing(String),
}

impl Operator {
    /// Whether a version is on the right side of the other.
    pub fn accepts(self, version: &Version, other: &Version) -> bool {
        let order = version.cmp(other);
        match self {
            Self::Earlier => order.is_lt(),
            Self::EarlierEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::LaterEqual => order.is_ge(),
            Self::Later => order.is_gt(),
        }
    }
}

impl Relation {
    /// Whether a package of this version is meant. A provided name without a version (`None`) only fits relations without one.
    pub fn accepts(&self, version: Option<&Version>) -> bool {
        match (&self.constraint, version) {
            (None, _) => true,
            (Some((operator, wanted)), Some(version)) => operator.accepts(version, wanted),
            (Some(_), None) => false,
        }
    }

    fn parse(text: &str) -> Result<Self, RelationProblem> {
        let text = text.trim_ascii();
        let (head, tail) = match text.split_once('(') {
            Some((head, tail)) => (head.trim_ascii_end(), Some(tail)),
            None => (text, None),
        };
        let (name, qualifier) = match head.split_once(':') {
            Some((_, "")) => return Err(RelationProblem::NoQualifier),
            Some((name, "any")) => (name, Some(Qualifier::Any)),
            Some((name, architecture)) if is_name(architecture) => {
                (name, Some(Qualifier::Architecture(architecture.into())))
            }
            Some((_, bad)) => return Err(RelationProblem::Name(bad.into())),
            None => (head, None),
        };
        if name.is_empty() {
            return Err(RelationProblem::NoName);
        }
        if !is_name(name) {
            return Err(RelationProblem::Name(name.into()));
        }
        let constraint = tail.map(constraint).transpose()?;
        Ok(Self { name: name.into(), qualifier, constraint })
    }
}

/// As lenient as dpkg: upper case and underscores occur in the wild.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.' | b'_'))
}

fn constraint(text: &str) -> Result<(Operator, Version), RelationProblem> {
    let (inside, after) = text.split_once(')').ok_or(RelationProblem::Unclosed)?;
    if !after.trim_ascii().is_empty() {
        return Err(RelationProblem::Trailing(after.trim_ascii().into()));
    }
    let inside = inside.trim_ascii();
    let end = inside.find(|c| !matches!(c, '<' | '>' | '=')).unwrap_or(inside.len());
    let operator = match &inside[..end] {
        "<<" => Operator::Earlier,
        "<=" | "<" => Operator::EarlierEqual,
        // dpkg takes a bare version for an exact one.
        "=" | "" => Operator::Equal,
        ">=" | ">" => Operator::LaterEqual,
        ">>" => Operator::Later,
        other => return Err(RelationProblem::Operator(other.into())),
    };
    Ok((operator, Version::new(&inside[end..])?))
}

/// Reads `Depends`, `Pre-Depends`, `Recommends`, `Suggests` or `Enhances`.
///
/// # Errors
/// The first relation that cannot be read.
pub fn alternatives(text: &str) -> Result<Vec<Alternatives>, RelationError> {
    let group = |item: &str| -> Result<_, RelationError> {
        let one = |text: &str| Relation::parse(text).map_err(|problem| RelationError { text: item.into(), problem });
        Ok(Alternatives(item.split('|').map(one).collect::<Result<_, _>>()?))
    };
    items(text).map(group).collect()
}

/// Reads `Breaks`, `Conflicts` or `Replaces`: single packages only.
///
/// # Errors
/// The first relation that cannot be read, or that has alternatives.
pub fn singles(field: &'static str, text: &str) -> Result<Vec<Relation>, RelationError> {
    let one = |item: &str| {
        let problem = if item.contains('|') {
            RelationProblem::Alternatives(field)
        } else {
            match Relation::parse(item) {
                Ok(relation) => return Ok(relation),
                Err(problem) => problem,
            }
        };
        Err(RelationError { text: item.into(), problem })
    };
    items(text).map(one).collect()
}

/// Reads `Provides`: single names, with exact versions at most.
///
/// # Errors
/// The first entry that cannot be read.
pub fn provides(text: &str) -> Result<Vec<Provided>, RelationError> {
    let provided = |relation: Relation| {
        let version = match relation.constraint {
            None => None,
            Some((Operator::Equal, ref version)) => Some(version.clone()),
            Some(_) => {
                return Err(RelationError { text: relation.to_string(), problem: RelationProblem::InexactProvides });
            }
        };
        Ok(Provided { name: relation.name, qualifier: relation.qualifier, version })
    };
    singles("Provides", text)?.into_iter().map(provided).collect()
}

/// What a package asks of the others, as far as it decides whether they can be installed together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relations {
    /// `Pre-Depends`
    pub pre_depends: Vec<Alternatives>,
    /// `Depends`
    pub depends: Vec<Alternatives>,
    /// `Breaks`
    pub breaks: Vec<Relation>,
    /// `Conflicts`
    pub conflicts: Vec<Relation>,
    /// `Provides`
    pub provides: Vec<Provided>,
}

impl Relations {
    /// Reads the fields of a package's paragraph.
    ///
    /// # Errors
    /// The first relation that cannot be read.
    pub fn of(paragraph: &Paragraph<'_>) -> Result<Self, RelationError> {
        let field = |name: &str| paragraph.get(name).unwrap_or_default();
        Ok(Self {
            pre_depends: alternatives(&field("Pre-Depends"))?,
            depends: alternatives(&field("Depends"))?,
            breaks: singles("Breaks", &field("Breaks"))?,
            conflicts: singles("Conflicts", &field("Conflicts"))?,
            provides: provides(&field("Provides"))?,
        })
    }
}

/// The `Multi-Arch` field (deb-control(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MultiArch {
    /// `no`, or no field.
    #[default]
    No,
    /// Installable for several architectures at a time, at the same version.
    Same,
    /// Fulfils relations of packages of every architecture.
    Foreign,
    /// Fulfils relations with `:any`.
    Allowed,
}

impl MultiArch {
    /// Reads the field; what dpkg does not know is `no`.
    pub fn of(paragraph: &Paragraph<'_>) -> Self {
        match paragraph.get("Multi-Arch").as_deref() {
            Some("same") => Self::Same,
            Some("foreign") => Self::Foreign,
            Some("allowed") => Self::Allowed,
            _ => Self::No,
        }
    }
}

/// What stands between the commas; empty places (a trailing comma) are no relations.
fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim_ascii).filter(|item| !item.is_empty())
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Earlier => "<<",
            Self::EarlierEqual => "<=",
            Self::Equal => "=",
            Self::LaterEqual => ">=",
            Self::Later => ">>",
        })
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Architecture(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(qualifier) = &self.qualifier {
            write!(f, ":{qualifier}")?;
        }
        if let Some((operator, version)) = &self.constraint {
            write!(f, " ({operator} {version})")?;
        }
        Ok(())
    }
}

impl fmt::Display for Alternatives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, relation) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            write!(f, "{relation}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Provided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(qualifier) = &self.qualifier {
            write!(f, ":{qualifier}")?;
        }
        match &self.version {
            Some(version) => write!(f, " (= {version})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        alternatives(text).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn relations_are_read_and_written_in_dpkgs_form() {
        for (text, expected) in [
            ("libc6 (>= 2.36), a|b", "libc6 (>= 2.36), a | b"),
            ("a(<<1)", "a (<< 1)"),
            ("a ( = 1:2-3 ) ,", "a (= 1:2-3)"),
            ("a (< 1), b (> 2)", "a (<= 1), b (>= 2)"),
            ("a (1.0)", "a (= 1.0)"),
            ("python3:any (>= 3.5~), a:amd64\n | g++ (>> 4:1)", "python3:any (>= 3.5~), a:amd64 | g++ (>> 4:1)"),
            ("", ""),
        ] {
            assert_eq!(written(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_relation_is_refused() {
        for (text, expected) in [
            ("(>= 1)", RelationProblem::NoName),
            ("a | ", RelationProblem::NoName),
            ("a: (>= 1)", RelationProblem::NoQualifier),
            ("a (>= 1", RelationProblem::Unclosed),
            ("a (<> 1)", RelationProblem::Operator("<>".into())),
            ("a (= 1) b", RelationProblem::Trailing("b".into())),
            ("a b", RelationProblem::Name("a b".into())),
            ("./a", RelationProblem::Name("./a".into())),
        ] {
            assert_eq!(alternatives(text).unwrap_err().problem, expected, "{text:?}");
        }
        assert!(matches!(alternatives("a (>= )").unwrap_err().problem, RelationProblem::Version(_)));
    }

    #[test]
    fn alternatives_in_breaks_are_an_error() {
        assert_eq!(singles("Breaks", "a (<< 2), b").unwrap().len(), 2);
        let error = singles("Breaks", "a | b").unwrap_err();
        assert_eq!(error.to_string(), "relation \"a | b\": alternatives are not allowed in Breaks");
    }

    #[test]
    fn provides_have_exact_versions_or_none() {
        let all = provides("mail-agent, libx (= 2), python3-x:any (= 3)").unwrap();
        assert_eq!(all[0].version, None);
        assert_eq!(all[1].version, Some(Version::new("2").unwrap()));
        assert_eq!(all[2].qualifier, Some(Qualifier::Any));
        assert_eq!(provides("a (>= 1)").unwrap_err().problem, RelationProblem::InexactProvides);
    }

    #[test]
    fn versions_are_accepted_by_the_operator() {
        let version = |text: &str| Version::new(text).unwrap();
        for (relation, accepted) in [
            ("a (<< 2)", [true, false, false]),
            ("a (<= 2)", [true, true, false]),
            ("a (= 2)", [false, true, false]),
            ("a (>= 2)", [false, true, true]),
            ("a (>> 2)", [false, false, true]),
            ("a", [true, true, true]),
        ] {
            let parsed = &alternatives(relation).unwrap()[0].0[0];
            assert_eq!(["1", "2", "3"].map(|text| parsed.accepts(Some(&version(text)))), accepted, "{relation}");
            assert_eq!(parsed.accepts(None), relation == "a", "an unversioned provide");
        }
    }

    proptest! {
        #[test]
        fn written_relations_read_the_same(text in "[a-c]{2}(:any)?( \\((<<|<=|=|>=|>>) [0-9.]{1,3}\\))?( \\| [d-f]{2})?") {
            let once = written(&text);
            prop_assert_eq!(written(&once), once);
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,40}") {
            let _ = (alternatives(&text), singles("Breaks", &text), provides(&text));
        }
    }
}
