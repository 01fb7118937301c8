//! Where a script's relative names and commands are looked for: folders that it changes to, and a `PATH` of its own.

use super::super::{Scene, config};
use super::Values;
use crate::launch;
use crate::path::ImagePath;

/// How many folders a script changes to are followed.
const FOLDER_LIMIT: usize = 64;

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
            false => self.search_path().filter_map(|folder| folder.join(command).ok()).find(is_file),
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

    /// The files that a pattern of names covers, from the working directory and from the folders that the script changes to. One that
    /// begins with what may be anything covers whatever lies there, and none of it.
    pub fn covered(&self, scene: &Scene<'_>, pattern: &str) -> Vec<ImagePath> {
        if pattern.starts_with('*') && !pattern.contains(['/', '.']) {
            return Vec::new();
        }
        let places = scene.launch.absolute(pattern).into_iter().chain(self.entered(scene, pattern));
        places.flat_map(|place| config::glob(scene, &place.to_text())).collect()
    }

    /// A relative name from each folder that the script changes to.
    fn entered(&self, scene: &Scene<'_>, name: &str) -> Vec<ImagePath> {
        let below = |folder: &String| scene.launch.absolute(&format!("{folder}/{name}"));
        self.folders.iter().filter(|_| !name.starts_with('/')).filter_map(below).collect()
    }

    /// The folders that the script's own `PATH` names.
    fn search_path(&self) -> impl Iterator<Item = ImagePath> {
        self.known("PATH").iter().flat_map(|path| launch::folders(path))
    }
}
