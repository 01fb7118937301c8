//! The maintainer scripts of Debian packages as slim sees them: the hash by which `recipes/scripts` names one that cannot be evaluated, and
//! whether it holds nothing but debhelper's snippets.
//!
//!     cargo run -p slim-examples --bin script-hashes -- PACKAGE.deb…

#![allow(clippy::disallowed_macros, reason = "a program of its own, which tells what it found")]

use rebuild::archives::deb::{Deb, Limits};
use rebuild::engine::native::verdict::{fingerprint, only_snippets};
use rebuild::spool::Spool;
use std::process::ExitCode;

fn main() -> ExitCode {
    let spool = Spool::new(&std::env::temp_dir());
    let mut failed = false;
    for name in std::env::args().skip(1) {
        match scripts(&name, &spool) {
            Ok(lines) => print!("{lines}"),
            Err(error) => {
                eprintln!("{name}: {error}");
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}

/// A line for each script: hash, package and version, which one, and how it would be taken.
fn scripts(name: &str, spool: &Spool) -> Result<String, Box<dyn std::error::Error>> {
    let deb = Deb::read(&mut std::fs::File::open(name)?, spool, &Limits::default())?;
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
