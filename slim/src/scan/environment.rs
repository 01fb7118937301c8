//! Variables of the environment that name programs: `FFMPEG_PATH=/usr/bin/ffmpeg`, `GIT_SSH_COMMAND=ssh -v`, `EDITOR=vim`.
//!
//! Whoever reads such a variable is not known; what it holds says enough: a file that is there, a command by the variable's own name, or a
//! program that not every image has.

use super::texts::commands::sense;
use super::{Finding, Scene, calls, start};
use crate::graph::Rule;
use crate::path::ImagePath;

/// Variables that name a script which shells read before their own (bash(1), "INVOCATION"; sh(1p), "ENV").
const FIRST: [&str; 2] = ["BASH_ENV", "ENV"];

/// Adds what the variables of the image's configuration name.
pub(super) fn find(scene: &Scene<'_>, finding: &mut Finding) {
    for (name, value) in scene.launch.env.iter().filter(|(name, _)| name != "PATH") {
        let place = format!("environment {name}");
        let path = ImagePath::new(value).ok().filter(|_| value.starts_with('/'));
        if path.and_then(|path| scene.tree.lookup(&path)).is_some_and(|(_, node)| node.as_file().is_some()) {
            finding.edges.extend(scene.follow_name(None, value, Rule::Root, &format!("{place}={value}")));
        }
        if FIRST.contains(&name.as_str()) && value.contains('/') && scene.launch.find(scene.tree, value).is_some() {
            start::find(scene, None, &place, &["sh".to_owned(), value.clone()], finding);
        }
        variable(scene, None, &place, name, value, finding);
    }
}

/// Adds the command that a variable holds, if it holds one.
pub(super) fn variable(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    place: &str,
    name: &str,
    value: &str,
    finding: &mut Finding,
) {
    let (first, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    let is_command = match rest {
        "" => sense(name).is_some() || !calls::is_common(first),
        rest => sense(name).is_some() || calls::is_told(rest),
    };
    // `RUN=1`, `START=date`: most values of such variables are no commands.
    let is_program = calls::is_special(scene, first) || rest.contains(['|', ';', '&']);
    if is_command && is_program {
        calls::start(scene, from, place, &[value.to_owned()], finding);
    }
}
