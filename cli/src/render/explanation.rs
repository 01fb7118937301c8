//! Why something stays: the chain from a root, one step a line.

use super::text::clean;
use slim::report::Explanation;
use std::fmt::Write as _;

/// The verdict, the reason, and the chain.
pub(crate) fn explanation(explanation: &Explanation) -> String {
    let verdict = if explanation.kept { "stays" } else { "goes" };
    let mut text = format!(
        "{} {} {verdict}: {}\n",
        clean(&explanation.kind),
        clean(&explanation.target),
        clean(&explanation.reason)
    );
    if !explanation.chain.is_empty() {
        text.push('\n');
    }
    for (depth, link) in explanation.chain.iter().enumerate() {
        let arrow = if depth == 0 { String::new() } else { format!("{:width$}└ ", "", width = (depth - 1) * 2) };
        let package = link.package.as_deref().map(|name| format!(" [{name}]")).unwrap_or_default();
        let evidence = if link.evidence.is_empty() { String::new() } else { format!(": {}", link.evidence) };
        let line = format!("{arrow}{}{package}  {}{evidence}", link.to, link.rule);
        let _ = writeln!(text, "{}", clean(&line));
    }
    text
}
