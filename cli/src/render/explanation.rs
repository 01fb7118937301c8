//! Why something stays, one step of the chain a line; or why it goes, and what would have kept it.

use super::text::{clean, count};
use slim::report::{Explanation, LinkReport, MentionReport, RuleReport};
use std::fmt::Write as _;

/// Most mentions, rules and dependants that are listed; the JSON has them all.
const LISTED: usize = 10;

/// Most conditions of a rule that are listed.
const CONDITIONS: usize = 4;

/// The verdict, the reason, and the chain; with `not`, what would have been one.
pub(crate) fn explanation(explanation: &Explanation, not: bool) -> String {
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
        let _ = writeln!(text, "{}", step(depth, link));
    }
    if explanation.kept {
        return text;
    }
    if not {
        why_not(&mut text, explanation);
    } else {
        text.push_str("`slim why-not` tells what would have kept it\n");
    }
    text
}

fn step(depth: usize, link: &LinkReport) -> String {
    let arrow = if depth == 0 { String::new() } else { format!("{:width$}└ ", "", width = (depth - 1) * 2) };
    let evidence = if link.evidence.is_empty() { String::new() } else { format!(": {}", link.evidence) };
    clean(&format!("{arrow}{}{}  {}{evidence}", link.to, owner(link.package.as_deref()), link.rule))
}

fn owner(package: Option<&str>) -> String {
    package.map(|name| format!(" [{name}]")).unwrap_or_default()
}

fn why_not(text: &mut String, explanation: &Explanation) {
    section(text, "named by", &explanation.mentions, mention);
    section(text, "rules that would keep it", &explanation.rules, rule);
    section(text, "declared dependencies, which are no uses", &explanation.dependants, |dependant| {
        let fate = if dependant.kept { "stays" } else { "goes too" };
        vec![format!("{} ({fate}): {}", dependant.package, dependant.relation)]
    });
    if explanation.mentions.is_empty() && explanation.rules.is_empty() {
        text.push_str("\nno file of the image names it, and no rule knows it\n");
    }
    section(text, "to keep it", &explanation.remedies, |remedy| vec![remedy.clone()]);
}

fn section<T>(text: &mut String, heading: &str, items: &[T], lines: impl Fn(&T) -> Vec<String>) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{heading}:");
    for item in items.iter().take(LISTED) {
        for line in lines(item) {
            let _ = writeln!(text, "  {}", clean(&line));
        }
    }
    if let rest @ 1.. = items.len().saturating_sub(LISTED) {
        let _ = writeln!(text, "  … and {rest} more (--json has all)");
    }
}

fn mention(mention: &MentionReport) -> Vec<String> {
    let package = owner(mention.package.as_deref());
    vec![
        format!("{}{package}  {} {}: {}", mention.from, mention.rule, mention.to, mention.evidence),
        format!("  but {}", mention.but),
    ]
}

fn rule(rule: &RuleReport) -> Vec<String> {
    let kind = if rule.gate { "gate, closed" } else { "does not apply" };
    let mut lines = vec![format!("{} ({kind}): {}", rule.rule, rule.because)];
    lines.extend(rule.when.iter().take(CONDITIONS).enumerate().map(|(index, fact)| {
        let word = if index == 0 { "when" } else { "or when" };
        format!("  {word} {fact}")
    }));
    if let rest @ 1.. = rule.when.len().saturating_sub(CONDITIONS) {
        lines.push(format!("  or {}", count(rest, "other fact")));
    }
    lines
}
