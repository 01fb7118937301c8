//! The installed packages with their relations, out of `/var/lib/dpkg/status`.

use slim::packages::dpkg::paragraph::paragraphs;
use slim::packages::dpkg::{MultiArch, RelationError, Relations, Version, VersionError};

/// A package as it is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledPackage {
    /// Name.
    pub name: String,
    /// Architecture, or `all`.
    pub architecture: String,
    /// Version.
    pub version: Version,
    /// Whether it may change.
    pub want: Want,
    /// The `Multi-Arch` field.
    pub multi_arch: MultiArch,
    /// `Essential: yes` or `Protected: yes`.
    pub essential: bool,
    /// `Priority`: `optional`.
    pub priority: String,
    /// Name of the source package, where it differs from the package's.
    pub source: Option<String>,
    /// Relations.
    pub relations: Relations,
}

impl InstalledPackage {
    /// Name of the source package.
    pub fn source(&self) -> &str {
        self.source.as_deref().unwrap_or(&self.name)
    }
}

/// The first word of `Status` (dpkg(1), "Package selection states").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Want {
    /// `install`
    #[default]
    Install,
    /// `hold`
    Hold,
}

/// The database cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("/var/lib/dpkg/status: package {package}: {problem}")]
pub struct InstalledError {
    /// Which package.
    pub package: String,
    /// What is wrong.
    pub problem: InstalledProblem,
}

/// What can be wrong with a package of the database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstalledProblem {
    /// A bad version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// A bad relation.
    #[error(transparent)]
    Relation(#[from] RelationError),
}

/// Reads the packages whose state is `installed`; removed ones with leftover configuration need nothing and offer nothing.
///
/// # Errors
/// The first package that cannot be read.
pub fn installed_packages(status: &[u8]) -> Result<Vec<InstalledPackage>, InstalledError> {
    let mut packages = Vec::new();
    for paragraph in paragraphs(status) {
        let text = |name: &str| paragraph.get(name).unwrap_or_default();
        let state = text("Status");
        let words: Vec<_> = state.split_ascii_whitespace().collect();
        let &[want, _, "installed" | "triggers-pending" | "triggers-awaited"] = &words[..] else { continue };
        let package = text("Package").into_owned();
        let error = |problem| InstalledError { package: package.clone(), problem };
        packages.push(InstalledPackage {
            name: package.clone(),
            architecture: text("Architecture").into_owned(),
            version: Version::new(&text("Version")).map_err(|problem| error(problem.into()))?,
            want: if want == "hold" { Want::Hold } else { Want::Install },
            multi_arch: MultiArch::of(&paragraph),
            essential: text("Essential") == "yes" || text("Protected") == "yes",
            priority: text("Priority").into_owned(),
            // `name (version)`
            source: text("Source").split_ascii_whitespace().next().map(str::to_owned),
            relations: Relations::of(&paragraph).map_err(|problem| error(problem.into()))?,
        });
    }
    Ok(packages)
}

/// The image's native architecture: what `/var/lib/dpkg/arch` declares (its first line), else that of dpkg itself, else the one that
/// most packages have. `platform` is that of the image, for one of which every package is for all architectures.
pub fn native_architecture(declared: Option<&str>, installed: &[InstalledPackage], platform: &str) -> String {
    let concrete = || installed.iter().filter(|package| package.architecture != "all");
    let own = concrete().find(|package| package.name == "dpkg").map(|dpkg| dpkg.architecture.as_str());
    if let Some(known) = declared.or(own) {
        return known.to_owned();
    }
    let mut counts = std::collections::BTreeMap::new();
    for package in concrete() {
        *counts.entry(package.architecture.as_str()).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(platform, |(name, _)| name).to_owned()
}

/// The architectures whose indexes an upgrade needs: the native one first, then every other that is installed.
pub fn architectures(installed: &[InstalledPackage], native: &str) -> Vec<String> {
    let mut all = vec![native.to_owned()];
    for package in installed {
        if package.architecture != "all" && !all.contains(&package.architecture) {
            all.push(package.architecture.clone());
        }
    }
    all
}
