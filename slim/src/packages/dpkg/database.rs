//! A tree's dpkg database: `/var/lib/dpkg`, or the `status.d` that distroless images have instead.

use super::diversions::Diversions;
use super::info;
use super::statoverride::{self, Override};
use super::status::{self, Stanza, Status};
use super::triggers;
use crate::draft::Draft;
use crate::packages::{Inventory, Package};
use crate::path::ImagePath;
use crate::tree::{Contents, ContentsError, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Where dpkg keeps its database.
pub const ADMIN: &str = "/var/lib/dpkg";

/// How the database is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// dpkg's own: `status` and `info/`.
    Status,
    /// `status.d/`: a control file a package, no states, no scripts, often no file lists.
    Distroless,
}

/// What an image's dpkg knows.
#[derive(Debug, Clone)]
pub struct Database {
    /// How it is laid out.
    pub layout: Layout,
    /// The directory, links followed.
    pub admin: ImagePath,
    /// All stanzas.
    pub status: Status,
    /// File lists by info name ([`Stanza::info_name`]), in list order.
    pub lists: BTreeMap<String, Vec<ImagePath>>,
    /// Diversions.
    pub diversions: Diversions,
    /// Overrides of owner and mode.
    pub overrides: Vec<Override>,
    /// Foreign architectures (`arch`; the first line is the native one).
    pub architectures: Vec<String>,
    /// Why dpkg's work was left unfinished or cannot be understood: empty for a database that can be changed.
    pub problems: Vec<Problem>,
}

/// Something that keeps an engine from changing the database (apt would have to repair it first).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A package is half installed, half configured, or waits for triggers.
    #[error("package {package} is in the state {state:?}; expected installed, config-files or not-installed")]
    State {
        /// The package.
        package: String,
        /// `Status` as the stanza has it.
        state: String,
    },
    /// The status file holds something that is no field of a package.
    #[error("{path}, line {line}: {found:?} is no field of a package: the file is damaged")]
    Damaged {
        /// The file.
        path: ImagePath,
        /// The line, from 1.
        line: usize,
        /// The line's beginning.
        found: String,
    },
    /// The status file names nothing, and there are packages.
    #[error("{path} names no package, and info/ has file lists of {lists}: the file is damaged")]
    Emptied {
        /// The file.
        path: ImagePath,
        /// How many lists there are.
        lists: usize,
    },
    /// An installed package has no version or no architecture.
    #[error("package {package} is installed and has no {field}: {path} is damaged")]
    NoField {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
        /// The file.
        path: ImagePath,
    },
    /// An installed package has no file list.
    #[error("package {package} has no file list (info/{name}.list)")]
    NoList {
        /// The package.
        package: String,
        /// Stem of the missing file.
        name: String,
    },
    /// Two stanzas are of the same package.
    #[error("package {package} has two stanzas")]
    Twice {
        /// The package and its architecture.
        package: String,
    },
    /// A previous run of dpkg did not finish.
    #[error("{path} is left of an unfinished run of dpkg")]
    Unfinished {
        /// The file.
        path: ImagePath,
    },
    /// `info/format` is not 1.
    #[error("the format of info/ is {found:?}; expected \"1\"")]
    InfoFormat {
        /// What the file says.
        found: String,
    },
}

/// The database could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {source}")]
pub struct DatabaseError {
    /// The file.
    pub path: ImagePath,
    /// Why.
    pub source: ContentsError,
}

/// Reads files below a directory of a tree, links followed.
struct Reader<'a> {
    tree: &'a Tree,
    contents: &'a dyn Contents,
}

impl Reader<'_> {
    fn read(&self, path: &ImagePath) -> Result<Option<Vec<u8>>, DatabaseError> {
        let Some(file) = self.tree.lookup(path).and_then(|(_, node)| node.as_file()) else { return Ok(None) };
        match self.contents.read(&file.content) {
            Ok(bytes) => Ok(Some(bytes.into_owned())),
            Err(source) => Err(DatabaseError { path: path.clone(), source }),
        }
    }

    fn names(&self, directory: &ImagePath) -> Vec<Vec<u8>> {
        let Ok(place) = self.tree.resolve(directory) else { return Vec::new() };
        self.tree.children(&place.path).map(|(path, _)| path.file_name().to_vec()).collect()
    }
}

impl Database {
    /// Reads the database of a tree; `None` when there is none.
    ///
    /// # Errors
    /// When contents cannot be read. A damaged or unfinished database is no error: see [`Database::problems`].
    pub fn read(tree: &Tree, contents: &dyn Contents) -> Result<Option<Self>, DatabaseError> {
        let admin = ImagePath::literal(ADMIN);
        let Ok(admin) = tree.resolve(&admin) else { return Ok(None) };
        let admin = admin.path;
        let reader = Reader { tree, contents };
        let mut database = Self {
            layout: Layout::Status,
            status: Status::default(),
            lists: BTreeMap::new(),
            diversions: Diversions::parse(&reader.read(&at(&admin, "diversions"))?.unwrap_or_default()),
            overrides: statoverride::parse(&reader.read(&at(&admin, "statoverride"))?.unwrap_or_default()),
            architectures: Vec::new(),
            problems: Vec::new(),
            admin,
        };
        match reader.read(&database.at("status"))? {
            // Distroless images may carry an empty status file for scanners.
            Some(text) if !text.trim_ascii().is_empty() || reader.names(&database.at("status.d")).is_empty() => {
                database.read_status(&reader, &text)?;
            }
            _ => {
                let names = reader.names(&database.at("status.d"));
                if names.is_empty() {
                    return Ok(None);
                }
                database.layout = Layout::Distroless;
                database.read_distroless(&reader, &names)?;
            }
        }
        Ok(Some(database))
    }

    /// A path below the database's directory.
    pub fn at(&self, name: &str) -> ImagePath {
        at(&self.admin, name)
    }

    fn read_status(&mut self, reader: &Reader<'_>, text: &[u8]) -> Result<(), DatabaseError> {
        self.status = Status::parse(text);
        if let Some((line, found)) = status::damage(text) {
            self.problems.push(Problem::Damaged { path: self.at("status"), line, found });
        }
        let architectures = reader.read(&self.at("arch"))?.unwrap_or_default();
        self.architectures = String::from_utf8_lossy(&architectures).lines().map(str::to_owned).collect();
        for name in reader.names(&self.at("info")) {
            if let Some((stem, "list")) = info::split_name(&name)
                && let Ok(path) = self.at("info").join(&name)
            {
                let text = reader.read(&path)?.unwrap_or_default();
                self.lists.insert(stem.to_owned(), info::read_list(&text));
            }
        }
        if let Some(format) = reader.read(&self.at("info/format"))? {
            let found = String::from_utf8_lossy(format.trim_ascii()).into_owned();
            if found != "1" {
                self.problems.push(Problem::InfoFormat { found });
            }
        }
        if reader.read(&self.at("triggers/Unincorp"))?.is_some_and(|text| !text.trim_ascii().is_empty()) {
            self.problems.push(Problem::Unfinished { path: self.at("triggers/Unincorp") });
        }
        for name in reader.names(&self.at("updates")) {
            if let Ok(path) = self.at("updates").join(&name) {
                self.problems.push(Problem::Unfinished { path });
            }
        }
        self.check_stanzas();
        Ok(())
    }

    fn check_stanzas(&mut self) {
        if self.status.stanzas().is_empty() && !self.lists.is_empty() {
            self.problems.push(Problem::Emptied { path: self.at("status"), lists: self.lists.len() });
        }
        let mut seen = BTreeSet::new();
        for stanza in self.status.stanzas() {
            let package = format!("{}:{}", stanza.package, stanza.architecture);
            if !seen.insert((&stanza.package, &stanza.architecture)) {
                self.problems.push(Problem::Twice { package: package.clone() });
            }
            let sane = matches!(stanza.state.as_str(), "installed" | "config-files" | "not-installed");
            if !sane || stanza.error != "ok" {
                let state = format!("{} {} {}", stanza.want, stanza.error, stanza.state);
                self.problems.push(Problem::State { package: package.clone(), state });
            }
            for (field, value) in [("Version", &stanza.version), ("Architecture", &stanza.architecture)] {
                if stanza.state == "installed" && value.is_empty() {
                    let path = self.at("status");
                    self.problems.push(Problem::NoField { package: stanza.package.clone(), field, path });
                }
            }
            if stanza.is_installed() && !self.lists.contains_key(&stanza.info_name()) {
                self.problems.push(Problem::NoList { package, name: stanza.info_name() });
            }
        }
    }

    fn read_distroless(&mut self, reader: &Reader<'_>, names: &[Vec<u8>]) -> Result<(), DatabaseError> {
        let directory = self.at("status.d");
        for name in names {
            let Ok(path) = directory.join(name) else { continue };
            let text = reader.read(&path)?.unwrap_or_default();
            if name.ends_with(b".md5sums") {
                continue;
            }
            for stanza in Status::parse(&text).stanzas() {
                let mut sums = path.to_absolute();
                sums.extend_from_slice(b".md5sums");
                let sums = ImagePath::new(sums).ok();
                if let Some(text) = sums.map(|path| reader.read(&path)).transpose()?.flatten() {
                    // The sums are those of the package: what the image's maker left out is in them all the same.
                    let there = |path: &ImagePath| {
                        reader.tree.resolve_parent(path).is_ok_and(|at| reader.tree.contains(&at.path))
                    };
                    self.lists
                        .insert(stanza.info_name(), info::read_md5sums(&text).into_keys().filter(there).collect());
                }
                self.status.record(stanza.clone());
            }
        }
        Ok(())
    }

    /// The file list of a package; empty when there is none.
    pub fn files(&self, stanza: &Stanza) -> &[ImagePath] {
        self.lists.get(&stanza.info_name()).map_or(&[], Vec::as_slice)
    }

    /// The installed packages and what they own.
    pub fn inventory(&self, tree: &Tree) -> Inventory {
        Inventory::new(self.packages(), tree)
    }

    /// The installed packages, in the database's order.
    pub fn packages(&self) -> Vec<Package> {
        let package = |stanza: &Stanza| {
            let source = stanza.paragraph().get("Source").map(std::borrow::Cow::into_owned);
            let (source, source_version) = match source.as_deref().map(|text| text.split_once(" (")) {
                Some(Some((name, version))) => (Some(name.to_owned()), Some(version.trim_end_matches(')').to_owned())),
                Some(None) => (source, None),
                None => (None, None),
            };
            Package {
                name: stanza.package.clone(),
                architecture: stanza.architecture.clone(),
                version: stanza.version.clone(),
                source,
                source_version,
                // A diverted file of a package is where the diversion put it.
                files: self
                    .files(stanza)
                    .iter()
                    .map(|path| self.diversions.place(path, &stanza.package).clone())
                    .collect(),
                conffiles: stanza.conffiles.iter().map(|conffile| conffile.path.clone()).collect(),
                essential: stanza.essential,
            }
        };
        self.status.stanzas().iter().filter(|stanza| stanza.is_installed()).map(package).collect()
    }

    /// Makes a draft's database forget packages, given as `name:architecture` each: stanza, info files, trigger interests, diversions, and the
    /// overrides of paths that nobody else lists. The packages' files are the caller's business, alternatives another's.
    ///
    /// # Errors
    /// When contents cannot be read.
    pub fn forget(draft: &mut Draft<'_>, packages: &BTreeSet<String>) -> Result<(), DatabaseError> {
        let contents = draft.contents();
        let Some(database) = Self::read(draft.tree(), contents)? else { return Ok(()) };
        let full = |stanza: &Stanza| format!("{}:{}", stanza.package, stanza.architecture);
        let (gone, kept): (Vec<_>, Vec<_>) =
            database.status.stanzas().iter().cloned().partition(|stanza| packages.contains(&full(stanza)));
        if gone.is_empty() {
            return Ok(());
        }
        if database.layout == Layout::Distroless {
            return database.forget_distroless(draft, packages);
        }
        let mut status = database.status.clone();
        for stanza in &gone {
            status.forget(&stanza.package, &stanza.architecture);
        }
        write(draft, &database.at("status"), status.write())?;
        let names: BTreeSet<String> = gone.iter().map(Stanza::info_name).collect();
        let directory = draft.tree().resolve(&database.at("info")).map_or_else(|_| database.at("info"), |r| r.path);
        let files: Vec<_> = draft.tree().children(&directory).map(|(path, _)| path.clone()).collect();
        for path in files {
            if info::split_name(path.file_name()).is_some_and(|(stem, _)| names.contains(stem)) {
                draft.remove(&path);
            }
        }
        database.forget_interests(draft, &names)?;
        // A diversion names the package only; it stays while another instance of the package is installed.
        let bare = |package: &String| {
            gone.iter().any(|s| s.package == *package) && !kept.iter().any(|s| s.package == *package)
        };
        let mut diversions = database.diversions.clone();
        diversions.0.retain(|diversion| !diversion.package.as_ref().is_some_and(bare));
        if diversions != database.diversions {
            write(draft, &database.at("diversions"), diversions.write())?;
        }
        let listed = |stanzas: &[Stanza]| -> BTreeSet<ImagePath> {
            stanzas.iter().flat_map(|stanza| database.files(stanza).iter().cloned()).collect()
        };
        let (lost, still) = (listed(&gone), listed(&kept));
        let keeps = |entry: &&Override| !lost.contains(&entry.path) || still.contains(&entry.path);
        let overrides: Vec<_> = database.overrides.iter().filter(keeps).cloned().collect();
        if overrides != database.overrides {
            write(draft, &database.at("statoverride"), statoverride::write(&overrides))?;
        }
        Ok(())
    }

    fn forget_interests(&self, draft: &mut Draft<'_>, names: &BTreeSet<String>) -> Result<(), DatabaseError> {
        let directory = draft.tree().resolve(&self.at("triggers")).map_or_else(|_| self.at("triggers"), |r| r.path);
        let files: Vec<_> = draft.tree().children(&directory).map(|(path, _)| path.clone()).collect();
        for path in files {
            let name = String::from_utf8_lossy(path.file_name()).into_owned();
            if matches!(name.as_str(), "Lock" | "Unincorp") {
                continue;
            }
            let text = Reader { tree: draft.tree(), contents: draft.contents() }.read(&path)?.unwrap_or_default();
            let is_file = name == "File";
            let mut interests = if is_file {
                triggers::read_file_interests(&text)
            } else {
                triggers::read_named_interests(&name, &text)
            };
            let before = interests.len();
            interests.retain(|interest| !names.contains(&interest.package));
            match (interests.len() == before, interests.is_empty(), is_file) {
                (true, ..) => {}
                (_, true, _) => draft.remove(&path),
                (_, _, true) => write(draft, &path, triggers::write_file_interests(&interests))?,
                (_, _, false) => write(draft, &path, triggers::write_named_interests(&interests))?,
            }
        }
        Ok(())
    }

    fn forget_distroless(&self, draft: &mut Draft<'_>, packages: &BTreeSet<String>) -> Result<(), DatabaseError> {
        let directory = draft.tree().resolve(&self.at("status.d")).map_or_else(|_| self.at("status.d"), |r| r.path);
        let files: Vec<_> = draft.tree().children(&directory).map(|(path, _)| path.clone()).collect();
        for path in files.iter().filter(|path| !path.file_name().ends_with(b".md5sums")) {
            let text = Reader { tree: draft.tree(), contents: draft.contents() }.read(path)?.unwrap_or_default();
            let status = Status::parse(&text);
            let Some(stanza) = status.stanzas().first() else { continue };
            if packages.contains(&format!("{}:{}", stanza.package, stanza.architecture)) {
                draft.remove(path);
                let mut sums = path.to_absolute();
                sums.extend_from_slice(b".md5sums");
                if let Ok(sums) = ImagePath::new(sums) {
                    draft.remove(&sums);
                }
            }
        }
        Ok(())
    }
}

fn write(draft: &mut Draft<'_>, path: &ImagePath, bytes: Vec<u8>) -> Result<(), DatabaseError> {
    draft.write(path, bytes).map_err(|source| DatabaseError { path: path.clone(), source })
}

fn at(admin: &ImagePath, name: &str) -> ImagePath {
    admin.join(name).unwrap_or_else(|_| admin.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{MemoryContents, text};

    const IMAGE: &str = "/var/lib/dpkg/status = Package: a\\nStatus: install ok installed\\nArchitecture: all\\nVersion: 1\\n\\nPackage: b\\nStatus: install ok installed\\nMulti-Arch: same\\nArchitecture: amd64\\nSource: bb (2)\\nVersion: 2+b1\\n\\n
        /var/lib/dpkg/info/a.list = /.\\n/lib\\n/lib/x\\n/etc/only\\n
        /var/lib/dpkg/info/a.postinst = x
        /var/lib/dpkg/info/b:amd64.list = /.\\n/usr\\n/usr/lib\\n/usr/lib/y\\n
        /var/lib/dpkg/triggers/File = /usr/x a/noawait\\n/usr/y b:amd64\\n
        /var/lib/dpkg/triggers/named = a\\n
        /var/lib/dpkg/diversions = /usr/lib/y\\n/usr/lib/y.real\\na\\n
        /var/lib/dpkg/statoverride = root root 600 /etc/only\\nroot root 600 /usr\\n
        /usr/lib/x = 1\n/usr/lib/y = 2\n/usr/lib/y.real = 3\n/lib -> usr/lib";

    fn read(text: &str) -> Database {
        Database::read(&text::tree(text).unwrap(), &MemoryContents).unwrap().unwrap()
    }

    #[test]
    fn owners_are_found_through_links_and_diversions() {
        let tree = text::tree(IMAGE).unwrap();
        let database = Database::read(&tree, &MemoryContents).unwrap().unwrap();
        assert_eq!(database.problems, []);
        let inventory = database.inventory(&tree);
        let owner = |path| inventory.owners(&ImagePath::literal(path)).map(|p| p.name.as_str()).collect::<Vec<_>>();
        assert_eq!(owner("/usr/lib/x"), ["a"]);
        assert_eq!(owner("/usr/lib/y.real"), ["b"]);
        let b = &inventory.packages()[inventory.find("b").unwrap()];
        assert_eq!((b.source.as_deref(), b.source_version.as_deref()), (Some("bb"), Some("2")));
    }

    #[test]
    fn an_unfinished_database_is_named_as_such() {
        let text = "/var/lib/dpkg/status = Package: a\\nStatus: install reinstreq half-configured\\nArchitecture: all\\n\\nPackage: c\\nStatus: install ok installed\\nArchitecture: all\\n\\n
            /var/lib/dpkg/info/format = 2
            /var/lib/dpkg/updates/0001 = x
            /var/lib/dpkg/triggers/Unincorp = ldconfig a";
        let problems = read(text).problems;
        assert!(problems.iter().any(|p| matches!(p, Problem::State { package, .. } if package == "a:all")));
        assert!(problems.iter().any(|p| matches!(p, Problem::NoList { name, .. } if name == "c")));
        assert!(problems.iter().any(|p| matches!(p, Problem::InfoFormat { found } if found == "2")));
        assert!(problems.iter().any(|p| matches!(p, Problem::NoField { field: "Version", .. })));
        assert_eq!(problems.iter().filter(|p| matches!(p, Problem::Unfinished { .. })).count(), 2);
        let torn = read("/var/lib/dpkg/status = Package: a\\nStatus: inst").problems;
        assert!(torn.iter().any(|p| matches!(p, Problem::Damaged { line: 2, .. })), "{torn:?}");
    }

    #[test]
    fn forgetting_leaves_no_trace_and_touches_no_other() {
        let mut draft = Draft::new(text::tree(IMAGE).unwrap(), &MemoryContents);
        Database::forget(&mut draft, &BTreeSet::from(["a:all".to_owned()])).unwrap();
        let text = text::dump(draft.tree());
        assert!(!text.contains("info/a.") && !text.contains("triggers/named"), "{text}");
        let read = |name| String::from_utf8(draft.read(&ImagePath::literal(name)).unwrap().unwrap()).unwrap();
        assert_eq!(read("/var/lib/dpkg/triggers/File"), "/usr/y b:amd64\n");
        assert_eq!(read("/var/lib/dpkg/diversions"), "");
        assert_eq!(read("/var/lib/dpkg/statoverride"), "root root 600 /usr\n");
        let status = read("/var/lib/dpkg/status");
        assert!(status.starts_with("Package: b\n") && status.ends_with("Version: 2+b1\n\n"));
    }

    #[test]
    fn distroless_images_list_packages_one_by_one() {
        let text = "/var/lib/dpkg/status.d/base = Package: base-files\\nArchitecture: amd64\\nVersion: 12\\n
            /var/lib/dpkg/status.d/base.md5sums = d41d8cd98f00b204e9800998ecf8427e  etc/x\\nd41d8cd98f00b204e9800998ecf8427e  etc/left-out\\n
            /etc/x =";
        let database = read(text);
        assert_eq!(database.layout, Layout::Distroless);
        assert_eq!(database.files(&database.status.stanzas()[0]), [ImagePath::literal("etc/x")]);
        let mut draft = Draft::new(text::tree(text).unwrap(), &MemoryContents);
        Database::forget(&mut draft, &BTreeSet::from(["base-files:amd64".to_owned()])).unwrap();
        assert_eq!(text::dump(draft.tree()).matches("base").count(), 0);
    }
}
