//! `diversions`: paths that packages other than one write elsewhere (dpkg-divert(1)). Three lines each.

use crate::path::ImagePath;

/// A diversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diversion {
    /// The path that is diverted.
    pub from: ImagePath,
    /// Where it goes instead.
    pub to: ImagePath,
    /// The package whose own file stays at `from`; `None` for a local diversion (`:`), which holds for all.
    pub package: Option<String>,
}

/// All diversions, in the file's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diversions(pub Vec<Diversion>);

impl Diversions {
    /// Reads the file; an incomplete last group is dropped.
    pub fn parse(text: &[u8]) -> Self {
        let lines: Vec<_> = text.split(|b| *b == b'\n').collect();
        let read = |group: &[&[u8]]| {
            let [from, to, package] = group else { return None };
            let package = (*package != b":").then(|| String::from_utf8_lossy(package).into_owned());
            Some(Diversion { from: ImagePath::new(from).ok()?, to: ImagePath::new(to).ok()?, package })
        };
        Self(lines.chunks_exact(3).filter_map(read).collect())
    }

    /// Writes the file.
    pub fn write(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for diversion in &self.0 {
            let package = diversion.package.as_deref().unwrap_or(":");
            for line in [&diversion.from.to_absolute()[..], &diversion.to.to_absolute(), package.as_bytes()] {
                text.extend_from_slice(line);
                text.push(b'\n');
            }
        }
        text
    }

    /// Where a package's file at `path` really is.
    pub fn place<'a>(&'a self, path: &'a ImagePath, package: &str) -> &'a ImagePath {
        match self.of(path) {
            Some(diversion) if diversion.package.as_deref() != Some(package) => &diversion.to,
            _ => path,
        }
    }

    /// The diversion of a path.
    pub fn of(&self, path: &ImagePath) -> Option<&Diversion> {
        self.0.iter().find(|diversion| diversion.from == *path)
    }

    /// The diversion that ends at a path: no package may bring a file there.
    pub fn ending_at(&self, path: &ImagePath) -> Option<&Diversion> {
        self.0.iter().find(|diversion| diversion.to == *path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diverting_package_keeps_its_file_and_a_local_diversion_holds_for_all() {
        let text = b"/bin/sh\n/bin/sh.distrib\ndash\n/a\n/a.local\n:\n";
        let diversions = Diversions::parse(text);
        assert_eq!(diversions.write(), text);
        let place = |path, package| diversions.place(&ImagePath::literal(path), package).to_text();
        assert_eq!(place("/bin/sh", "dash"), "/bin/sh");
        assert_eq!(place("/bin/sh", "bash"), "/bin/sh.distrib");
        assert_eq!(place("/a", "any"), "/a.local");
        assert!(diversions.ending_at(&ImagePath::literal("/a.local")).is_some());
    }
}
