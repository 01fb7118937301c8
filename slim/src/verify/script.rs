//! Scripts: the program that the first line names (execve(2), "Interpreter scripts").

use super::{Found, ProblemKind};
use crate::elf::ElfError;
use crate::launch::{FirstLine, LINE_LIMIT};
use crate::path::ImagePath;
use crate::tree::{Contents, Node, Tree};
use rayon::prelude::*;

/// Where programs are looked for when the image sets no `PATH`.
const USUAL_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) fn check(
    tree: &Tree,
    contents: &dyn Contents,
    path: Option<&[u8]>,
    found: &mut Found,
) -> Result<(), ElfError> {
    // Maintainer scripts are run by dpkg alone: where it is not, what they ask for is no matter.
    let runs_scripts = exists(tree, b"/usr/bin/dpkg");
    let scripts = ImagePath::literal("/var/lib/dpkg/info");
    let is_run = |path: &ImagePath| !is_example(path) && (runs_scripts || !path.starts_with(&scripts));
    let counts = |path: &ImagePath, node: &Node| node.is_executable() && is_run(path);
    let files: Vec<_> = tree.iter().filter(|(path, node)| counts(path, node)).collect();
    let missing = |(at, node): &(&ImagePath, &Node)| {
        let file = node.as_file()?;
        match contents.head(&file.content, LINE_LIMIT) {
            Ok(head) => missing(tree, &head, path.unwrap_or(USUAL_PATH)).map(|what| Ok(((*at).clone(), what))),
            Err(error) => Some(Err(ElfError::from(error))),
        }
    };
    let problems: Vec<_> = files.par_iter().filter_map(missing).collect::<Result<_, _>>()?;
    for (at, what) in problems {
        let detail = format!("its first line asks for {what}, which is not in the image");
        found.add(ProblemKind::MissingShebang, &at, &what, detail, vec![at.clone()]);
    }
    Ok(())
}

/// Documentation comes with scripts for other systems; they are read, not run.
fn is_example(path: &ImagePath) -> bool {
    path.as_bytes().starts_with(b"usr/share/doc/")
}

/// The program that a script's first line asks for and that is not there.
fn missing(tree: &Tree, head: &[u8], search: &[u8]) -> Option<String> {
    let line = FirstLine::new(head).filter(|line| line.program.starts_with('/'))?;
    if !exists(tree, line.program.as_bytes()) {
        return Some(line.program);
    }
    let command = line.command()?;
    let there = if command.contains('/') {
        exists(tree, command.as_bytes())
    } else {
        let name = command.as_bytes();
        search.split(|b| *b == b':').any(|directory| exists(tree, &[directory, b"/", name].concat()))
    };
    (!there).then_some(command)
}

fn exists(tree: &Tree, name: &[u8]) -> bool {
    ImagePath::new(name).is_ok_and(|path| tree.lookup(&path).is_some_and(|(_, node)| node.as_file().is_some()))
}
