//! Maintainer scripts: where dpkg is in use it may run those of the packages that stay, so the programs of their first lines are in use
//! as well. What the scripts say is not followed: a container that runs dpkg mostly asks it a question.

use super::Scene;
use crate::graph::{Edge, Rule};
use crate::launch::{FirstLine, LINE_LIMIT};
use crate::path::ImagePath;

/// The program that runs them.
pub const DPKG: &str = "/usr/bin/dpkg";

/// Where they are.
const HOME: &str = "/var/lib/dpkg/info";

/// What their names end with, after that of the package.
const KINDS: [&str; 5] = [".preinst", ".postinst", ".prerm", ".postrm", ".config"];

/// The interpreters of the maintainer scripts of packages.
pub fn find(scene: &Scene<'_>, dpkg: &ImagePath, is_kept: &dyn Fn(&str) -> bool) -> Vec<Edge> {
    let home = ImagePath::literal(HOME);
    let mut edges = Vec::new();
    for (path, node) in scene.tree.children(&home) {
        let name = String::from_utf8_lossy(path.file_name());
        let package = KINDS.iter().find_map(|kind| name.strip_suffix(kind));
        // `libc6:amd64.postinst`
        let package = package.map(|package| package.split(':').next().unwrap_or(package));
        let (Some(_), Some(file)) = (package.filter(|package| is_kept(package)), node.as_file()) else { continue };
        let head = scene.contents.head(&file.content, LINE_LIMIT).unwrap_or_default();
        let Some(line) = FirstLine::new(&head) else { continue };
        let evidence = format!("{name}: {}", line.text);
        edges.extend(scene.follow_name(Some(dpkg), &line.program, Rule::Shebang, &evidence));
        let command = line.command().and_then(|command| scene.command(Some(dpkg), &command, &evidence));
        edges.extend(command.unwrap_or_default());
    }
    edges
}
