//! The verdict on a maintainer script: what it does, and how that is known.
//!
//! The tiers go from cheap to thorough. Whatever the tier, effects come from evaluating the script with its real arguments
//! on the image (a *known* script is one that cannot be evaluated, and whose effect was established otherwise).

use super::evaluate::{self, PATH, Package};
use super::script::{Hook, Invocation, Scripts, Tier, Unproven, Verdict};
use sha2::{Digest, Sha256};
use slim::draft::Draft;
use slim::path::ImagePath;

mod snippets;

pub use snippets::only_snippets;

/// Runs maintainer scripts by evaluating them.
#[derive(Debug, Clone, Default)]
pub struct Evaluator {
    known: Vec<Known>,
}

/// A script known by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// SHA-256 of the normalised script, in hex: see [`fingerprint`].
    pub sha256: String,
    /// The first argument for which it is known: `upgrade`, `configure`.
    pub action: String,
    /// Why it changes nothing.
    pub because: String,
}

impl Evaluator {
    /// An evaluator that also knows scripts that cannot be evaluated.
    pub fn new(known: Vec<Known>) -> Self {
        Self { known }
    }
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

fn hook_name(hook: Hook) -> &'static str {
    match hook {
        Hook::Preinst => "preinst",
        Hook::Postinst => "postinst",
        Hook::Prerm => "prerm",
        Hook::Postrm => "postrm",
    }
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
        if let Some(known) = self.known.iter().find(|known| known.sha256 == fingerprint && known.action == action) {
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
    let hook = hook_name(invocation.hook);
    let package = Package {
        name: invocation.package.to_owned(),
        architecture: invocation.architecture.to_owned(),
        templates: invocation.debconf_templates.map(<[u8]>::to_vec),
    };
    // What dpkg sets for its scripts (dpkg(1), ENVIRONMENT, "internal"), and what apt adds in an image build.
    let environment = [
        ("PATH", PATH),
        ("DPKG_MAINTSCRIPT_NAME", hook),
        ("DPKG_MAINTSCRIPT_PACKAGE", invocation.package),
        ("DPKG_MAINTSCRIPT_ARCH", invocation.architecture),
        ("DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT", "1"),
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
        true => format!("{stem}.{hook}"),
        false => format!("/var/lib/dpkg/info/{}.{hook}", invocation.package),
    };
    let outcome =
        evaluate::run(draft, package, invocation.script, &name, &invocation.arguments, &environment, activated)?;
    if outcome.status != 0 {
        let reason = format!("the script ends with status {}; dpkg would stop here", outcome.status);
        return Err(Unproven { line: None, word: hook.into(), reason });
    }
    let programs: Vec<_> = outcome.used.into_iter().collect();
    let evidence = format!("{} commands evaluated; programs: {}", outcome.steps, programs.join(" "));
    Ok(Verdict { tier, effects: outcome.effects, evidence })
}
