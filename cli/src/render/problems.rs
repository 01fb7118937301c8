//! What is broken in an image: a line each, what cannot work first.

use super::text::{clean, count};
use slim::verify::Problem;
use std::fmt::Write as _;

/// The problems and their sum.
pub(crate) fn problems(problems: &[Problem]) -> String {
    let (old, others): (Vec<_>, Vec<_>) = problems.iter().partition(|problem| problem.is_new == Some(false));
    let (broken, tolerated): (Vec<_>, Vec<_>) = others.into_iter().partition(|problem| problem.breaks());
    let mut text = String::new();
    for (word, problems) in [("broken", &broken), ("tolerated", &tolerated), ("broken before", &old)] {
        for problem in problems {
            let idle = match problem.in_use {
                Some(false) if problem.kind.is_breakage() => "; nothing that the container starts meets it",
                _ => "",
            };
            let _ = writeln!(text, "{word}: {}: {}{}{idle}", problem.at, clean(&problem.detail), way(problem));
        }
    }
    let blank = if problems.is_empty() { "" } else { "\n" };
    let before = if old.is_empty() { String::new() } else { format!(", {} as before", old.len()) };
    let _ = writeln!(text, "{blank}{}, {} tolerated{before}", count(broken.len(), "breakage"), tolerated.len());
    text
}

/// How the file is reached, unless it is where the way begins.
fn way(problem: &Problem) -> String {
    let chain: Vec<_> = problem.chain.iter().map(|path| clean(&path.to_text())).collect();
    let way = if chain.len() > 1 { format!(" ({})", chain.join(" → ")) } else { String::new() };
    match problem.roots.len() {
        0 | 1 => way,
        more => format!("{way} and {}", count(more - 1, "other program")),
    }
}
