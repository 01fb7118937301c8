//! Running triggers until none is left (deb-triggers(5); dpkg's triggers specification).

use super::script::{Hook, Invocation};
use super::{Activation, EngineError, Outcome, Refused, RefusedReason, Session, bookkeeping};
use slim::draft::Draft;
use slim::packages::dpkg::triggers::Interest;
use std::collections::{BTreeMap, BTreeSet};

/// Rounds of triggers that activate further triggers; real ones need two or three.
const ROUNDS: usize = 100;

impl Session<'_> {
    pub(super) fn run_triggers(&mut self, draft: &mut Draft<'_>, outcome: &mut Outcome) -> Result<(), EngineError> {
        for _ in 0..ROUNDS {
            let activated = std::mem::take(&mut self.activated.triggers);
            if activated.is_empty() {
                return Ok(());
            }
            let interests = bookkeeping::interests(draft, &self.database)?;
            for (package, pending) in pending(&activated, &interests, &self.places) {
                self.run_triggered(draft, outcome, &package, pending)?;
            }
        }
        Err(EngineError::Triggers(self.activated.triggers.keys().cloned().collect::<Vec<_>>().join(" ")))
    }

    fn run_triggered(
        &mut self,
        draft: &mut Draft<'_>,
        outcome: &mut Outcome,
        package: &str,
        Pending { triggers, by }: Pending,
    ) -> Result<(), EngineError> {
        let status = &self.database.status;
        let stanza = status.find(package).and_then(|index| status.stanzas().get(index)).filter(|s| s.is_installed());
        let Some(stanza) = stanza.cloned() else { return Ok(()) };
        let Some(script) = bookkeeping::old_member(draft, &self.database, &stanza, "postinst")? else { return Ok(()) };
        let templates = bookkeeping::old_member(draft, &self.database, &stanza, "templates")?;
        let invocation = Invocation {
            package: &stanza.package,
            architecture: &stanza.architecture,
            hook: Hook::Postinst,
            arguments: vec!["triggered".into(), triggers.join(" ")],
            script: &script,
            old_version: None,
            new_version: &stanza.version,
            debconf_templates: templates.as_deref(),
        };
        let mut activated = Vec::new();
        match self.scripts.run(&invocation, draft, &mut activated) {
            Ok(verdict) => outcome.triggers.push((package.to_owned(), triggers, verdict)),
            Err(unproven) => {
                // Whoever activated it cannot be upgraded; leaving out the package whose trigger it is would not help.
                let mut by = by.into_iter();
                let refused = by.next().unwrap_or_else(|| stanza.package.clone());
                let reason = RefusedReason::Trigger { package: stanza.package.clone(), triggers, unproven };
                return Err(Refused { package: refused, with: by.collect(), reason }.into());
            }
        }
        for trigger in activated {
            for package in &by {
                self.activated.add(trigger.clone(), package);
            }
        }
        Ok(())
    }
}

/// What a package is to be triggered with.
#[derive(Debug, Default)]
struct Pending {
    /// Trigger names.
    triggers: Vec<String>,
    /// The packages whose upgrade activated them.
    by: BTreeSet<String>,
}

/// Who is to run with which triggers. A path activates interests in itself and in every directory above it. `places` says when the packages of
/// the run were configured.
fn pending(
    activated: &BTreeMap<String, Activation>,
    interests: &[Interest],
    places: &BTreeMap<String, usize>,
) -> BTreeMap<String, Pending> {
    let mut names: BTreeMap<&str, Activation> = BTreeMap::new();
    for (trigger, activation) in activated {
        let above = trigger.match_indices('/').map(|(at, _)| &trigger[..at]).filter(|_| trigger.starts_with('/'));
        for name in above.filter(|name| !name.is_empty()).chain([trigger.as_str()]) {
            let all = names.entry(name).or_default();
            all.by.extend(activation.by.iter().cloned());
            all.configured = all.configured.max(activation.configured);
        }
    }
    let mut pending: BTreeMap<String, Pending> = BTreeMap::new();
    for interest in interests {
        let Some(activation) = names.get(interest.trigger.as_str()) else { continue };
        if places.get(&interest.package).is_some_and(|place| activation.configured <= *place) {
            continue;
        }
        let entry = pending.entry(interest.package.clone()).or_default();
        if !entry.triggers.contains(&interest.trigger) {
            entry.triggers.push(interest.trigger.clone());
        }
        entry.by.extend(activation.by.iter().cloned());
    }
    pending
}
