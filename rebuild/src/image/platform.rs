//! Which machine an image is for: `linux/arm64`, `linux/arm/v7` (OCI image index specification, "platform").

use std::fmt;
use std::str::FromStr;

/// Operating system, architecture and variant, in Go's names as image indexes write them, normalised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`, `arm`, …
    pub architecture: String,
    /// `v7` for `arm`; left out where it is the usual one (`v8` of `arm64`, `v1` of `amd64`).
    pub variant: Option<String>,
}

/// A text that is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a platform; expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/arm64 or linux/arm/v7"
)]
pub struct PlatformError(pub String);

impl Platform {
    /// Puts names into their usual form, as containerd's `platforms` package does.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let os = os.to_ascii_lowercase();
        let architecture = architecture.to_ascii_lowercase();
        let variant = variant.filter(|variant| !variant.is_empty()).map(str::to_ascii_lowercase);
        let (architecture, variant) = match (architecture.as_str(), variant.as_deref()) {
            ("x86_64" | "x86-64" | "amd64", None | Some("v1")) => ("amd64", None),
            ("x86_64" | "x86-64", _) => ("amd64", variant),
            ("i386" | "i486" | "i586" | "i686", _) => ("386", variant),
            ("aarch64" | "arm64", None | Some("v8" | "8")) => ("arm64", None),
            ("aarch64", _) => ("arm64", variant),
            ("armhf", _) => ("arm", Some("v7".into())),
            ("armel", _) => ("arm", Some("v6".into())),
            ("arm", Some("5" | "6" | "7" | "8")) => ("arm", variant.map(|digit| format!("v{digit}"))),
            ("arm", None) => ("arm", Some("v7".into())),
            (other, _) => (other, variant),
        };
        Self { os, architecture: architecture.into(), variant }
    }

    /// This machine's own: always `linux`, since that is what its container engine runs, wherever slim itself runs.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86" => "386",
            "powerpc64" => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        };
        Self::new("linux", architecture, None)
    }

    /// What Debian calls this architecture (`dpkg --print-architecture`); `all` where Debian has none of that name, for then only packages for all
    /// architectures can be meant.
    pub fn debian_architecture(&self) -> &'static str {
        match (self.architecture.as_str(), self.variant.as_deref()) {
            ("386", _) => "i386",
            ("amd64", _) => "amd64",
            ("arm", Some("v5" | "v6")) => "armel",
            ("arm", _) => "armhf",
            ("arm64", _) => "arm64",
            ("loong64", _) => "loong64",
            ("mips64le", _) => "mips64el",
            ("mipsle", _) => "mipsel",
            ("ppc64le", _) => "ppc64el",
            ("riscv64", _) => "riscv64",
            ("s390x", _) => "s390x",
            _ => "all",
        }
    }

    /// How well an image for `offered` serves who wants `self`: 0 is exactly it, more is worse, `None` not at all.
    ///
    /// 32-bit ARM machines run code for earlier variants; nothing else is guessed.
    pub fn distance(&self, offered: &Self) -> Option<u8> {
        if (&self.os, &self.architecture) != (&offered.os, &offered.architecture) {
            return None;
        }
        if self.variant == offered.variant {
            return Some(0);
        }
        let number = |platform: &Self| platform.variant.as_deref()?.strip_prefix('v')?.parse::<u8>().ok();
        match self.architecture.as_str() {
            "arm" => number(self)?.checked_sub(number(offered)?),
            _ => None,
        }
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let parts: Vec<&str> = text.split('/').collect();
        let good = |part: &&str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        match (parts.iter().all(good), parts.as_slice()) {
            (true, [os, architecture]) => Ok(Self::new(os, architecture, None)),
            (true, [os, architecture, variant]) => Ok(Self::new(os, architecture, Some(variant))),
            _ => Err(PlatformError(text.into())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        for (text, expected) in [
            ("linux/amd64", "linux/amd64"),
            ("Linux/x86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("windows/amd64", "windows/amd64"),
            ("linux/riscv64", "linux/riscv64"),
        ] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), expected);
        }
        for bad in ["", "linux", "amd64", "linux/", "/amd64", "a/b/c/d", "linux/a b"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
        assert_eq!(Platform::host().os, "linux");
    }

    #[test]
    fn debian_has_names_of_its_own() {
        for (platform, expected) in [
            ("linux/amd64/v3", "amd64"),
            ("linux/arm64", "arm64"),
            ("linux/arm/v7", "armhf"),
            ("linux/arm/v6", "armel"),
            ("linux/386", "i386"),
            ("linux/ppc64le", "ppc64el"),
            ("linux/wasm", "all"),
        ] {
            assert_eq!(platform.parse::<Platform>().unwrap().debian_architecture(), expected, "{platform}");
        }
    }

    #[test]
    fn arm_runs_earlier_variants_and_nothing_else_is_guessed() {
        let platform = |text: &str| text.parse::<Platform>().unwrap();
        for (wanted, offered, distance) in [
            ("linux/arm64", "linux/arm64/v8", Some(0)),
            ("linux/arm/v7", "linux/arm/v7", Some(0)),
            ("linux/arm/v7", "linux/arm/v5", Some(2)),
            ("linux/arm/v5", "linux/arm/v7", None),
            ("linux/amd64", "linux/amd64/v3", None),
            ("linux/amd64", "windows/amd64", None),
            ("linux/arm64", "linux/arm/v7", None),
        ] {
            assert_eq!(platform(wanted).distance(&platform(offered)), distance, "{wanted} {offered}");
        }
    }
}
