//! Where a script's relative names and commands are looked for: folders that it changes to, and a `PATH` of its own.

use super::super::{Scene, config};
use super::Values;
use super::values::is_pattern;
use crate::launch;
use crate::path::ImagePath;

/// How many folders a script changes to are followed.
const FOLDER_LIMIT: usize = 64;

/// How many files are read in for one name that is not wholly known.
const PART_LIMIT: usize = 64;

impl Values {
    /// Remembers a folder that the script changes to: relative names may be meant from there on.
    pub fn enters(&mut self, folder: &str) {
        if self.folders.len() < FOLDER_LIMIT {
            self.folders.insert(folder.to_owned());
        }
    }

    /// Where a command is: as the image's own configuration finds it, else from the folders that the script changes to, or along what it
    /// makes of `PATH`.
    pub fn find(&self, scene: &Scene<'_>, command: &str) -> Option<ImagePath> {
        let is_file = |path: &ImagePath| scene.tree.lookup(path).is_some_and(|(_, node)| node.as_file().is_some());
        let own = || match command.contains('/') {
            true => self.entered(scene, command).into_iter().find(is_file),
            false => self.search_path(scene).filter_map(|folder| folder.join(command).ok()).find(is_file),
        };
        scene.launch.find(scene.tree, command).or_else(own)
    }

    /// The file or folder that a name means: from the working directory, else from a folder that the script changes to.
    pub fn place(&self, scene: &Scene<'_>, name: &str) -> Option<ImagePath> {
        let is_there = |path: &ImagePath| scene.tree.lookup(path).is_some();
        let plain = scene.launch.absolute(name)?;
        if is_there(&plain) {
            return Some(plain);
        }
        self.entered(scene, name).into_iter().find(is_there).or(Some(plain))
    }

    /// The files that a pattern of names covers, from the working directory and from the folders that the script changes to. A `*` alone
    /// says nothing of what is meant, and covers nothing here.
    pub fn covered(&self, scene: &Scene<'_>, pattern: &str) -> Vec<ImagePath> {
        if pattern.starts_with('*') && !pattern.contains(['/', '.']) {
            return Vec::new();
        }
        let places = scene.launch.absolute(pattern).into_iter().chain(self.entered(scene, pattern));
        places.flat_map(|place| config::glob(scene, &place.to_text())).collect()
    }

    /// The application's files that a name may be of which only the folder and the last part are known: `/app/lib/$1.sh`.
    pub fn fitting(&self, scene: &Scene<'_>, name: &str) -> Vec<ImagePath> {
        let Some((folder, last)) = name.rsplit_once('/').filter(|(folder, _)| !folder.contains('$')) else {
            return Vec::new();
        };
        let pattern = unknown_parts(last);
        if folder.is_empty() || pattern.trim_matches(['*', '.']).is_empty() {
            return Vec::new();
        }
        let files = self.covered(scene, &format!("{folder}/{pattern}"));
        files.into_iter().filter(|path| scene.is_applications(path)).take(PART_LIMIT).collect()
    }

    /// Where a name may lie: from the working directory, and from the folders that the script changes to. The root is no such place for a
    /// script that changes its folder.
    pub fn here(&self, scene: &Scene<'_>, name: &str) -> Vec<ImagePath> {
        let entered = self.entered(scene, name);
        let plain = scene.launch.absolute(name).filter(|path| entered.is_empty() || !path.is_root());
        plain.into_iter().chain(entered).collect()
    }

    /// The files that a name means which a script reads in: as it is written, else as a pattern.
    pub fn files(&self, scene: &Scene<'_>, name: &str) -> Vec<ImagePath> {
        let real = |path: ImagePath| scene.tree.lookup(&path).map(|(real, _)| real);
        match self.place(scene, name).and_then(real) {
            Some(path) => vec![path],
            None if is_pattern(name) => {
                self.covered(scene, name).into_iter().filter_map(real).take(PART_LIMIT).collect()
            }
            None => Vec::new(),
        }
    }

    /// A relative name from each folder that the script changes to.
    fn entered(&self, scene: &Scene<'_>, name: &str) -> Vec<ImagePath> {
        let below = |folder: &String| scene.launch.absolute(&format!("{folder}/{name}"));
        self.folders.iter().filter(|_| !name.starts_with('/')).filter_map(below).collect()
    }

    /// The folders that the script's own `PATH` names, and that of scripts which may have started it.
    fn search_path<'s>(&'s self, scene: &'s Scene<'_>) -> impl Iterator<Item = ImagePath> + 's {
        let all = self.known("PATH").iter().chain(scene.exports.known("PATH"));
        all.flat_map(|path| launch::folders(path))
    }
}

/// A name with `*` for every variable in it that is not known: `lib-${1}.sh`.
fn unknown_parts(name: &str) -> String {
    let mut parts = name.split('$');
    let mut pattern = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let within = [("{", '}'), ("(", ')')].into_iter();
        let rest = within.filter_map(|(open, close)| Some(part.strip_prefix(open)?.split_once(close)?.1)).next();
        if !pattern.ends_with('*') {
            pattern.push('*');
        }
        pattern.push_str(rest.unwrap_or_else(|| part.trim_start_matches(is_name)));
    }
    pattern
}
