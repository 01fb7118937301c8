//! The maintainer scripts of Debian packages as slim sees them: the hash by which `recipes/scripts` names one that cannot be evaluated, and
//! whether it holds nothing but debhelper's snippets.
//!
//!     cargo run -p slim-examples --bin script-hashes -- PACKAGE.deb…
//!     cargo run -p slim-examples --bin script-hashes -- --packages RECIPE
//!     cargo run -p slim-examples --bin script-hashes -- --builds RECIPE PACKAGE.deb…
//!
//! The second prints suite and package of each script that a recipe knows; the third prints the recipe with the builds that these packages
//! are. `examples/known-scripts.sh` gets the packages between the two.

#![allow(clippy::disallowed_macros, reason = "a program of its own, which tells what it found")]

use rebuild::archives::deb::{Deb, Limits};
use rebuild::engine::native::verdict::{fingerprint, only_snippets};
use rebuild::spool::Spool;
use slim_examples::builds::{self, Scripted};
use std::process::ExitCode;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = match &arguments[..] {
        ["--packages", recipe] => std::fs::read_to_string(recipe).map_err(Into::into).and_then(|text| wanted(&text)),
        ["--builds", recipe, packages @ ..] => known(recipe, packages),
        packages => packages.iter().map(|name| lines(name)).collect(),
    };
    match told {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn read(name: &str) -> Result<Deb, Failure> {
    let spool = Spool::new(&std::env::temp_dir());
    let mut file = std::fs::File::open(name).map_err(|error| format!("{name}: {error}"))?;
    Deb::read(&mut file, &spool, &Limits::default()).map_err(|error| format!("{name}: {error}").into())
}

/// A line for each script: hash, package and version, which one, and how it would be taken.
fn lines(name: &str) -> Result<String, Failure> {
    let deb = read(name)?;
    let field = |name: &str| deb.field(name).unwrap_or_default();
    let mut lines = String::new();
    for hook in ["preinst", "postinst", "prerm", "postrm"] {
        let Some(script) = deb.member(hook) else { continue };
        let kind = match script {
            script if only_snippets(script) => "debhelper's snippets",
            script if script.starts_with(b"#!") => "a script",
            _ => "no script",
        };
        let hash = fingerprint(script);
        lines.push_str(&format!("{hash}  {} {} {hook}: {kind}\n", field("Package"), field("Version")));
    }
    Ok(lines)
}

/// Suite and package of each script of a recipe, a line each.
fn wanted(recipe: &str) -> Result<String, Failure> {
    let table = recipes::Recipes::parse("the recipe", recipe)?;
    let lines = table.scripts().flat_map(|script| {
        script.suites.iter().map(|suite| format!("{suite} {}\n", script.package)).collect::<Vec<_>>()
    });
    Ok(lines.collect())
}

/// The recipe with the builds that the packages are.
fn known(recipe: &str, packages: &[&str]) -> Result<String, Failure> {
    let text = std::fs::read_to_string(recipe).map_err(|error| format!("{recipe}: {error}"))?;
    let mut scripts = Vec::new();
    for name in packages {
        let deb = read(name)?;
        let field = |name: &str| deb.field(name).unwrap_or_default();
        for hook in ["preinst", "postinst", "prerm", "postrm"] {
            let Some(script) = deb.member(hook) else { continue };
            let build = recipes::Build {
                version: field("Version"),
                architecture: field("Architecture"),
                sha256: fingerprint(script),
            };
            scripts.push(Scripted { package: field("Package"), hook: hook.to_owned(), build });
        }
    }
    Ok(builds::rewritten(&text, &scripts)?)
}
