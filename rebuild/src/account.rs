//! The report of a run, out of what the run knows.

use crate::change::Change;
use crate::engine::native::script::Tier;
use crate::image::Image;
use crate::output::Output;
use crate::request::Update;
use crate::spool::Spool;
use crate::subject::Subject;
use slim::packages::Inventory;
use slim::packages::dpkg::database::DatabaseError;
use slim::plan::Verdict as Fate;
use slim::report::{ImageReport, IndexReport, LayerReport, PackageReport, UnknownReport, Verdict};
use slim::tree::Tree;
use std::collections::BTreeMap;

/// An image in numbers; `compressed` and `digest` where they are known.
pub(crate) fn image(
    image: &Image,
    tree: &Tree,
    inventory: &Inventory,
    distro: Option<&slim::distro::Distro>,
    stored: Option<(String, u64)>,
) -> ImageReport {
    let (digest, compressed) = stored.map_or((None, None), |(digest, size)| (Some(digest), Some(size)));
    ImageReport {
        name: image.name.clone(),
        digest,
        platform: image.config.platform().to_string(),
        distro: distro.map(slim::distro::Distro::to_text),
        compressed,
        files_size: tree.size(),
        files: tree.len().saturating_sub(1),
        packages: inventory.packages().len(),
    }
}

/// Every layer, with what it became where that is known.
pub(crate) fn layers(subject: &Subject, change: Option<&Change>, output: Option<&Output>) -> Vec<LayerReport> {
    let image = &subject.opened.image;
    let history = image.config.history();
    let report = |(index, layer): (usize, &crate::image::LayerBlob)| {
        let kept = match (output, change) {
            (Some(output), _) => output.layers.get(index).is_none_or(Option::is_none),
            (None, Some(change)) => change.after.layers.get(index) == subject.opened.stack.layers.get(index),
            (None, None) => true,
        };
        let new = output.and_then(|output| output.blobs().get(index));
        let new = if kept { Some(&layer.blob) } else { new };
        LayerReport {
            index,
            digest: layer.blob.digest.to_string(),
            size: layer.blob.size,
            new_digest: new.map(|blob| blob.digest.to_string()),
            new_size: new.map(|blob| blob.size),
            kept,
            created_by: layer.history.and_then(|at| history.get(at)).map(|entry| entry.created_by.clone()),
        }
    };
    image.layers.iter().enumerate().map(report).collect()
}

/// Every package, with what became of it and why.
///
/// # Errors
/// When the database of a layer cannot be read.
pub(crate) fn packages(
    subject: &Subject,
    change: Option<&Change>,
    update: Update,
    spool: &Spool,
) -> Result<Vec<PackageReport>, DatabaseError> {
    let layers = subject.package_layers(spool)?;
    let mut sizes = vec![0_u64; subject.inventory.packages().len()];
    for (path, owners) in subject.inventory.owned() {
        if let (Some(owner), Some(node)) = (owners.first(), subject.tree.get(path)) {
            sizes[*owner] += node.size();
        }
    }
    let fates = Fates::of(change);
    let report = |(index, package): (usize, &slim::packages::Package)| {
        let key = format!("{}:{}", package.name, package.architecture);
        let mut report = PackageReport {
            layer: layers.get(&key).copied().unwrap_or_default(),
            name: package.name.clone(),
            architecture: package.architecture.clone(),
            version: package.version.clone(),
            new_version: Some(package.version.clone()),
            verdict: Verdict::Kept,
            reason: if update == Update::None { "updates were not asked for" } else { "current" }.into(),
            tier: None,
            evidence: None,
            effects: Vec::new(),
            size: sizes[index],
        };
        fates.tell(&key, &mut report);
        report
    };
    let mut reports: Vec<_> = subject.inventory.packages().iter().enumerate().map(report).collect();
    let added = change.iter().flat_map(|change| &change.upgrade.steps).filter(|step| step.is_new());
    reports.extend(added.filter_map(|step| fates.added(step, &layers)));
    Ok(reports)
}

/// What is told to be updated or added, and is not in the result in that version.
pub(crate) fn lost(told: &[PackageReport], result: &Inventory) -> Vec<String> {
    let told = told.iter().filter(|told| matches!(told.verdict, Verdict::Updated | Verdict::Added));
    let is_there = |told: &&PackageReport| {
        result.packages().iter().any(|p| p.name == told.name && Some(&p.version) == told.new_version.as_ref())
    };
    let name = |told: &PackageReport| format!("{} {}", told.name, told.new_version.as_deref().unwrap_or_default());
    told.filter(|told| !is_there(told)).map(name).collect()
}

/// What a change says of packages, by `name:architecture`.
#[derive(Default)]
struct Fates<'a> {
    removed: BTreeMap<&'a str, &'a str>,
    kept: BTreeMap<&'a str, &'a str>,
    /// The version that is taken, and the suite that it is in.
    steps: BTreeMap<String, (String, String)>,
    /// Newest version, why it is not taken, and whether the user wanted that.
    back: BTreeMap<String, (String, String, bool)>,
    done: BTreeMap<&'a str, &'a crate::engine::native::Upgraded>,
    /// Whether the engine has run: without it, steps are only planned.
    ran: bool,
}

impl<'a> Fates<'a> {
    fn of(change: Option<&'a Change>) -> Self {
        let Some(change) = change else { return Self::default() };
        let mut fates = Self::default();
        for step in change.plan.iter().flat_map(|plan| &plan.steps) {
            let fate = if step.verdict == Fate::Remove { &mut fates.removed } else { &mut fates.kept };
            fate.insert(&step.package, &step.reason);
        }
        for step in &change.upgrade.steps {
            let taken = (step.to.version.to_string(), step.to.origin.dist.clone());
            fates.steps.insert(format!("{}:{}", step.package, step.architecture), taken);
        }
        for kept in &change.upgrade.kept_back {
            let told = (kept.candidate.clone(), kept.reason.to_string(), kept.reason.is_choice());
            fates.back.insert(format!("{}:{}", kept.package, kept.architecture), told);
        }
        if let Some(outcome) = &change.outcome {
            fates.done = outcome.packages.iter().map(|package| (package.package.as_str(), package)).collect();
            fates.ran = true;
        }
        fates
    }

    /// A package that was not there before; `None` when it is not there now either.
    fn added(&self, step: &crate::upgrade::Step, layers: &BTreeMap<String, usize>) -> Option<PackageReport> {
        let key = format!("{}:{}", step.package, step.architecture);
        if self.ran && !self.done.contains_key(key.as_str()) {
            return None;
        }
        let mut report = PackageReport {
            layer: step.needed_by.iter().filter_map(|needing| layers.get(needing)).min().copied().unwrap_or_default(),
            name: step.package.clone(),
            architecture: step.architecture.clone(),
            version: String::new(),
            new_version: None,
            verdict: Verdict::Added,
            reason: String::new(),
            tier: None,
            evidence: None,
            effects: Vec::new(),
            size: 0,
        };
        self.tell(&key, &mut report);
        if report.verdict == Verdict::Removed {
            return None;
        }
        report.verdict = Verdict::Added;
        report.reason = format!("needed by {}", step.needed_by.join(", "));
        Some(report)
    }

    fn tell(&self, key: &str, report: &mut PackageReport) {
        if let Some((version, suite)) = self.steps.get(key).filter(|_| !self.ran || self.done.contains_key(key)) {
            report.verdict = Verdict::Updated;
            report.new_version = Some(version.clone());
            report.reason = format!("{version} in {suite}");
        }
        if let Some(reason) = self.kept.get(key) {
            report.reason = (*reason).to_string();
        }
        if let Some((candidate, reason, wanted)) = self.back.get(key) {
            report.verdict = if *wanted { Verdict::Kept } else { Verdict::KeptBack };
            report.reason = format!("{candidate} is available: {reason}");
        }
        if let Some(done) = self.done.get(key) {
            let tier = done.verdicts.iter().map(|(_, verdict)| verdict.tier).max().unwrap_or(Tier::None);
            report.tier = Some(tier_name(tier).into());
            let strongest = done.verdicts.iter().find(|(_, verdict)| verdict.tier == tier);
            report.evidence = strongest.map(|(hook, verdict)| format!("{}: {}", hook.name(), verdict.evidence));
            report.effects = done.verdicts.iter().flat_map(|(_, verdict)| verdict.effects.clone()).collect();
        }
        if let Some(reason) = self.removed.get(key) {
            report.verdict = Verdict::Removed;
            report.new_version = None;
            report.reason = (*reason).to_string();
        }
    }
}

fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::None => "none",
        Tier::Snippets => "snippets",
        Tier::Known => "known",
        Tier::Evaluated => "evaluated",
    }
}

/// What could not be known.
pub(crate) fn unknowns(change: &Change) -> Vec<UnknownReport> {
    let unknowns = change.reach.iter().flat_map(|reach| reach.graph.unknowns());
    let unknowns = unknowns.chain(change.plan.iter().flat_map(|plan| &plan.doubts));
    let report = |unknown: &slim::graph::Unknown| UnknownReport {
        path: unknown.at.as_ref().map_or_else(|| "image config".into(), slim::path::ImagePath::to_text),
        place: unknown.place.clone(),
        what: unknown.what.clone(),
        taken: unknown.taken.clone(),
    };
    let all: std::collections::BTreeSet<_> = unknowns.map(report).collect();
    all.into_iter().collect()
}

/// The indexes that were used.
pub(crate) fn indexes(change: &Change) -> Vec<IndexReport> {
    let of = |used: &crate::archives::Used| {
        let (suite, date) = (used.suite.clone(), used.date);
        let date = date.and_then(|date| jiff::Timestamp::from_second(date).ok()).map(|date| date.to_string());
        let report = move |index: &crate::archives::UsedIndex| IndexReport {
            suite: suite.clone(),
            component: index.name.clone(),
            date: date.clone(),
            sha256: index.sha256.clone(),
        };
        used.indexes.iter().map(report).collect::<Vec<_>>()
    };
    change.used.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_and_is_not_there_is_lost() {
        let told = |name: &str, new_version: Option<&str>, verdict: Verdict| PackageReport {
            layer: 0,
            name: name.into(),
            architecture: "amd64".into(),
            version: "1".into(),
            new_version: new_version.map(Into::into),
            verdict,
            reason: String::new(),
            tier: None,
            evidence: None,
            effects: Vec::new(),
            size: 0,
        };
        let told = [
            told("updated", Some("2"), Verdict::Updated),
            told("old", Some("2"), Verdict::Updated),
            told("absent", Some("1"), Verdict::Added),
            told("kept", Some("1"), Verdict::Kept),
            told("removed", None, Verdict::Removed),
        ];
        let package = |(name, version): (&str, &str)| slim::packages::Package {
            name: name.into(),
            version: version.into(),
            ..Default::default()
        };
        let packages = [("updated", "2"), ("old", "1")].map(package).to_vec();
        assert_eq!(lost(&told, &Inventory::new(packages, &Tree::new())), ["old 2", "absent 1"]);
    }
}
