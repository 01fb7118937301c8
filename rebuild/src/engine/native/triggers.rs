//! Running triggers until none is left (deb-triggers(5); dpkg's triggers specification).

use super::script::{Hook, Invocation};
use super::{EngineError, Outcome, Refused, RefusedReason, Session, bookkeeping};
use slim::draft::Draft;
use slim::packages::dpkg::triggers::Interest;
use std::collections::{BTreeMap, BTreeSet};

/// Rounds of triggers that activate further triggers; real ones need two or three.
const ROUNDS: usize = 100;

impl Session<'_> {
    pub(super) fn run_triggers(&mut self, draft: &mut Draft<'_>, outcome: &mut Outcome) -> Result<(), EngineError> {
        for _ in 0..ROUNDS {
            let activated = std::mem::take(&mut self.activated);
            if activated.is_empty() {
                return Ok(());
            }
            let interests = bookkeeping::interests(draft, &self.database)?;
            for (package, triggers) in pending(&activated, &interests) {
                self.run_triggered(draft, outcome, &package, triggers)?;
            }
        }
        Err(EngineError::Triggers(self.activated.iter().cloned().collect::<Vec<_>>().join(" ")))
    }

    fn run_triggered(
        &mut self,
        draft: &mut Draft<'_>,
        outcome: &mut Outcome,
        package: &str,
        triggers: Vec<String>,
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
                let arguments = invocation.arguments;
                let reason = RefusedReason::Script { hook: Hook::Postinst, arguments, unproven };
                return Err(Refused { package: stanza.package.clone(), reason }.into());
            }
        }
        self.activated.extend(activated);
        Ok(())
    }
}

/// Who is to run with which triggers. A path activates interests in itself and in every directory above it.
fn pending(activated: &BTreeSet<String>, interests: &[Interest]) -> BTreeMap<String, Vec<String>> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for trigger in activated {
        names.insert(trigger);
        if trigger.starts_with('/') {
            names.extend(trigger.match_indices('/').skip(1).map(|(at, _)| &trigger[..at]));
        }
    }
    let mut pending: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for interest in interests.iter().filter(|interest| names.contains(interest.trigger.as_str())) {
        let triggers = pending.entry(interest.package.clone()).or_default();
        if !triggers.contains(&interest.trigger) {
            triggers.push(interest.trigger.clone());
        }
    }
    pending
}
