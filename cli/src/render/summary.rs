//! The end of a rebuild: what changed, in numbers, and what a person should know.

use super::table;
use super::text::{bytes, clean, count, saved_bytes, saved_count, short};
use super::unknowns;
use slim::report::{ImageReport, Outcome, PackageReport, Report, Verdict};
use std::fmt::Write as _;

/// Most files with unknowns, and most faults, that are listed; the report has them all.
const LISTED: usize = 5;

/// Most characters of a reason.
const REASON: usize = 80;

/// The whole summary. A dry run lists every package that would change.
pub(crate) fn summary(report: &Report) -> String {
    let mut text = String::new();
    if report.outcome == Outcome::Planned {
        packages(&mut text, report, "to update", Verdict::Updated);
        packages(&mut text, report, "to install", Verdict::Added);
        packages(&mut text, report, "to remove", Verdict::Removed);
    }
    packages(&mut text, report, "kept back", Verdict::KeptBack);
    known(&mut text, report);
    if !text.is_empty() {
        text.push('\n');
    }
    numbers(&mut text, report);
    ending(&mut text, report);
    text
}

fn packages(text: &mut String, report: &Report, heading: &str, verdict: Verdict) {
    let rows: Vec<_> = report.packages.iter().filter(|package| package.verdict == verdict).map(row).collect();
    if rows.is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{} {heading}:", count(rows.len(), "package"));
    text.push_str(&table(["  package", "version", "new", "size", "why"], &[3], &rows));
}

fn row(package: &PackageReport) -> [String; 5] {
    [
        format!("  {}", clean(&package.name)),
        clean(&package.version),
        package.new_version.as_deref().map_or_else(|| "-".into(), clean),
        bytes(package.size),
        short(&package.reason, REASON),
    ]
}

fn known(text: &mut String, report: &Report) {
    let unknown = unknowns::by_file(&report.unknowns);
    let mut lines: Vec<String> = unknown.iter().take(LISTED).cloned().collect();
    more(&mut lines, unknown.len(), "file with what could not be known", "files with what could not be known");
    lines.extend(report.faults.iter().take(LISTED).map(|fault| format!("already broken in the source: {fault}")));
    more(&mut lines, report.faults.len(), "fault of the source", "faults of the source");
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    if !lines.is_empty() && !text.is_empty() {
        text.push('\n');
    }
    for line in lines {
        let _ = writeln!(text, "{}", clean(&line));
    }
}

fn more(lines: &mut Vec<String>, all: usize, one: &str, many: &str) {
    if let rest @ 1.. = all.saturating_sub(LISTED) {
        lines.push(format!("… and {rest} more {} (--report has all)", if rest == 1 { one } else { many }));
    }
}

fn numbers(text: &mut String, report: &Report) {
    let unchanged = report.outcome == Outcome::NothingToDo;
    let source = &report.source;
    let result = report.result.as_ref().or(unchanged.then_some(source));
    let size = |image: &ImageReport| image.compressed.map_or_else(|| "-".into(), bytes);
    let after = |show: &dyn Fn(&ImageReport) -> String| result.map_or_else(|| "-".into(), show);
    let kept = report.layers.iter().filter(|layer| layer.kept).count();
    let kept = format!("{kept} kept");
    let compressed = match (source.compressed, result.and_then(|result| result.compressed)) {
        (Some(before), Some(after)) => saved_bytes(before, after),
        _ => "-".into(),
    };
    let saved = |show: &dyn Fn(&ImageReport) -> String| after(show);
    let rows = [
        ["compressed".into(), size(source), after(&size), compressed],
        [
            "unpacked".into(),
            bytes(source.files_size),
            after(&|image| bytes(image.files_size)),
            saved(&|image| saved_bytes(source.files_size, image.files_size)),
        ],
        [
            "files".into(),
            source.files.to_string(),
            after(&|image| image.files.to_string()),
            saved(&|image| saved_count(source.files, image.files)),
        ],
        [
            "packages".into(),
            source.packages.to_string(),
            after(&|image| image.packages.to_string()),
            saved(&|image| saved_count(source.packages, image.packages)),
        ],
        ["layers".into(), report.layers.len().to_string(), kept, "-".into()],
    ];
    text.push_str(&table(["", "before", "after", "saved"], &[1, 2, 3], &rows));
}

fn ending(text: &mut String, report: &Report) {
    let with = |verdict| report.packages.iter().filter(|package| package.verdict == verdict).count();
    let (updated, removed) = (with(Verdict::Updated), with(Verdict::Removed));
    let added = Some(with(Verdict::Added)).filter(|added| *added > 0).map(|added| format!("{added} new, "));
    let done = format!("{} updated, {}{removed} removed", count(updated, "package"), added.unwrap_or_default());
    text.push('\n');
    let _ = match report.outcome {
        Outcome::Done => writeln!(text, "{done}"),
        Outcome::Planned => writeln!(text, "{done} if this were carried out; nothing was written"),
        Outcome::NothingToDo => writeln!(text, "nothing to do: the image stays as it is"),
    };
    let digest = |image: &ImageReport| image.digest.clone().unwrap_or_else(|| "not computed".into());
    let _ = writeln!(text, "source  {}  {}", clean(&report.source.name), clean(&digest(&report.source)));
    if report.outcome != Outcome::Planned
        && let Some(destination) = &report.destination
    {
        let result = report.result.as_ref().unwrap_or(&report.source);
        let _ = writeln!(text, "result  {}  {}", clean(destination), clean(&digest(result)));
    }
}
