//! The verdict on a maintainer script: what it does, and how that is known.
//!
//! The tiers go from cheap to thorough. Whatever the tier, effects come from evaluating the script with its real arguments
//! on the image (a *known* script is one that cannot be evaluated, and whose effect was established otherwise).

use super::evaluate::{self, Outcome, PATH, Setting, World};
use super::script::{Hook, Invocation, Scripts, Tier, Unproven, Verdict};
use recipes::Script as KnownScript;
use sha2::{Digest, Sha256};
use slim::draft::{Draft, same_node};
use slim::packages::dpkg::paragraph::paragraphs;
use slim::path::ImagePath;
use slim::tree::Node;

mod snippets;

pub use snippets::only_snippets;

/// Runs maintainer scripts by evaluating them.
#[derive(Debug, Clone, Default)]
pub struct Evaluator {
    known: Vec<KnownScript>,
}

impl Evaluator {
    /// An evaluator that also knows scripts that cannot be evaluated.
    pub fn new(known: Vec<KnownScript>) -> Self {
        Self { known }
    }
}

/// Why what is known of a script does not hold on this tree; `None` when it does.
fn objection(known: &KnownScript, draft: &Draft<'_>) -> Option<String> {
    let node = |path: &str| ImagePath::new(path).ok().and_then(|path| draft.tree().lookup(&path).map(|(path, _)| path));
    if let Some(path) = known.exists.iter().find(|path| node(path).is_none()) {
        return Some(format!("{path} is missing"));
    }
    if let Some(path) = known.absent.iter().find(|path| node(path).is_some()) {
        return Some(format!("{path} is there"));
    }
    known.without.iter().find_map(|without| {
        let text = node(&without.file).and_then(|path| draft.read(&path).ok().flatten());
        let Some(text) = text else { return Some(format!("{} cannot be read", without.file)) };
        let found = text.split(|byte| *byte == b'\n').any(|line| line == without.line.as_bytes());
        found.then(|| format!("{} has the line {}", without.file, without.line))
    })
}

/// SHA-256 of a script without what varies from build to build: the version in debhelper's comments.
pub fn fingerprint(script: &[u8]) -> String {
    hex::encode(Sha256::digest(normalised(script)))
}

fn normalised(script: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(script) else { return script.to_vec() };
    let mut normal = String::new();
    for line in text.lines() {
        let line = line.trim_end();
        // `# Automatically added by dh_python3/5.20230130` and `dh_python3` are the same.
        let comment = line.starts_with("# Automatically added by ");
        normal.push_str(if comment { line.split('/').next().unwrap_or(line) } else { line });
        normal.push('\n');
    }
    normal.into_bytes()
}

impl Scripts for Evaluator {
    fn run(
        &self,
        invocation: &Invocation<'_>,
        draft: &mut Draft<'_>,
        activated: &mut Vec<String>,
    ) -> Result<Verdict, Unproven> {
        if invocation.script.is_empty() {
            return Ok(Verdict { tier: Tier::None, effects: Vec::new(), evidence: "no script".into() });
        }
        let fingerprint = fingerprint(invocation.script);
        let action = invocation.arguments.first().map_or("", String::as_str);
        let (package, hook) = (invocation.package, invocation.hook.name());
        if let Some(known) = self.known.iter().find(|known| known.is(package, hook, action, &fingerprint)) {
            if let Some(objection) = objection(known, draft) {
                return Err(unproven(hook, format!("{}: {objection}", known.what)));
            }
            return Ok(Verdict { tier: Tier::Known, effects: Vec::new(), evidence: known.because.clone() });
        }
        let tier = if only_snippets(invocation.script) { Tier::Snippets } else { Tier::Evaluated };
        let checkpoint = draft.checkpoint();
        let triggers = activated.len();
        evaluate(invocation, draft, activated, tier).inspect_err(|_| {
            draft.rollback(checkpoint);
            activated.truncate(triggers);
        })
    }
}

fn evaluate(
    invocation: &Invocation<'_>,
    draft: &mut Draft<'_>,
    activated: &mut Vec<String>,
    tier: Tier,
) -> Result<Verdict, Unproven> {
    let hook = invocation.hook.name();
    let checkpoint = draft.checkpoint();
    let triggers = activated.clone();
    let outcome = in_world(invocation, draft, activated, World::default())?;
    let mut worlds = 1;
    if outcome.asked {
        let nodes = |draft: &Draft<'_>| -> Vec<Option<Node>> {
            outcome.changed.iter().map(|path| draft.get(path).cloned()).collect()
        };
        let (first, first_triggers) = (nodes(draft), activated.clone());
        for world in World::all().skip(1) {
            draft.rollback(checkpoint);
            activated.clone_from(&triggers);
            let other = in_world(invocation, draft, activated, world)?;
            let mut same = (other.status == 0) == (outcome.status == 0)
                && other.effects == outcome.effects
                && *activated == first_triggers;
            for (ours, theirs) in first.iter().zip(nodes(draft)) {
                same &= match (ours, theirs) {
                    (Some(ours), Some(theirs)) => {
                        same_node(draft.contents(), ours, &theirs).map_err(|error| unproven(hook, error.to_string()))?
                    }
                    (ours, theirs) => ours.is_none() && theirs.is_none(),
                };
            }
            if !same {
                return Err(unproven(hook, "what it leaves depends on the machine that it runs on"));
            }
            worlds += 1;
        }
    }
    if outcome.status != 0 {
        let reason = format!("the script ends with status {}; dpkg would stop here", outcome.status);
        return Err(unproven(hook, reason));
    }
    let mut evidence = format!("{} commands evaluated", outcome.steps);
    if !outcome.used.is_empty() {
        let programs: Vec<_> = outcome.used.into_iter().collect();
        evidence.push_str(&format!("; programs: {}", programs.join(" ")));
    }
    if worlds > 1 {
        evidence.push_str(&format!("; the same on {worlds} kinds of machine"));
    }
    Ok(Verdict { tier, effects: outcome.effects, evidence })
}

fn unproven(word: &str, reason: impl Into<String>) -> Unproven {
    Unproven { line: None, word: word.into(), reason: reason.into() }
}

fn in_world(
    invocation: &Invocation<'_>,
    draft: &mut Draft<'_>,
    activated: &mut Vec<String>,
    world: World,
) -> Result<Outcome, Unproven> {
    let hook = invocation.hook.name();
    let setting = Setting {
        name: invocation.package.to_owned(),
        architecture: invocation.architecture.to_owned(),
        templates: invocation.debconf_templates.map(<[u8]>::to_vec),
        world,
    };
    let (instances, running) = from_status(invocation.package, draft)?;
    let instances = instances.max(1).to_string();
    // What dpkg sets for its scripts (dpkg(1), ENVIRONMENT, "internal"), and what apt adds in an image build.
    let environment = [
        ("PATH", PATH),
        ("DPKG_MAINTSCRIPT_NAME", hook),
        ("DPKG_MAINTSCRIPT_PACKAGE", invocation.package),
        ("DPKG_MAINTSCRIPT_ARCH", invocation.architecture),
        ("DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT", instances.as_str()),
        ("DPKG_MAINTSCRIPT_DEBUG", "0"),
        ("DPKG_RUNNING_VERSION", running.as_str()),
        ("DPKG_ADMINDIR", "/var/lib/dpkg"),
        ("DPKG_ROOT", ""),
        ("DEBIAN_FRONTEND", "noninteractive"),
        ("HOME", "/root"),
    ];
    // Packages of several architectures have it in the names of their files.
    let qualified = format!("/var/lib/dpkg/info/{}:{}.list", invocation.package, invocation.architecture);
    let several = ImagePath::new(&qualified).is_ok_and(|path| draft.tree().lookup(&path).is_some());
    let stem = qualified.trim_end_matches(".list");
    let name = match several {
        // The new version's preinst runs before its files of `info` are in place.
        _ if hook == Hook::Preinst.name() => "/var/lib/dpkg/tmp.ci/preinst".to_owned(),
        true => format!("{stem}.{hook}"),
        false => format!("/var/lib/dpkg/info/{}.{hook}", invocation.package),
    };
    evaluate::run(draft, setting, invocation.script, &name, &invocation.arguments, &environment, activated)
}

/// How many instances of the package the database has (of several architectures; all but those not installed count), and
/// the version of dpkg.
fn from_status(package: &str, draft: &Draft<'_>) -> Result<(usize, String), Unproven> {
    let path = ImagePath::literal("/var/lib/dpkg/status");
    let status = draft.read(&path).map_err(|error| unproven("status", error.to_string()))?.unwrap_or_default();
    let (mut instances, mut running) = (0, String::new());
    for paragraph in paragraphs(&status) {
        let name = paragraph.get("Package");
        if name.as_deref() == Some("dpkg") {
            running = paragraph.get("Version").map(|version| version.into_owned()).unwrap_or_default();
        }
        let absent = paragraph.get("Status").is_some_and(|status| status.ends_with(" not-installed"));
        instances += usize::from(name.as_deref() == Some(package) && !absent);
    }
    Ok((instances, running))
}

#[cfg(test)]
mod tests;
