//! `java`, of which one program is known: the one that keeps the keystore of trusted certificates.

use crate::engine::native::effects::keystore;
use crate::engine::native::evaluate::{Shell, Status, Stop};

/// The program of ca-certificates-java.
const KEYSTORE: &str = "/usr/share/ca-certificates-java/ca-certificates-java.jar";

/// `java [-Xmx64m] -jar /usr/share/ca-certificates-java/ca-certificates-java.jar [-storepass PASSWORD]`
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let words: Vec<&str> = words[1..].iter().map(String::as_str).filter(|word| !word.starts_with("-Xmx")).collect();
    let password = match words[..] {
        ["-jar", KEYSTORE] => "changeit",
        ["-jar", KEYSTORE, "-storepass", password] => password,
        _ => return Err(shell.unproven("java", format!("a program is not run: {}", words.join(" ")))),
    };
    let lines = shell.input()?;
    let line = shell.line;
    let output = keystore::update(shell.draft, password, &lines).map_err(|mut unproven| {
        unproven.line = Some(line);
        Stop::Unproven(unproven)
    })?;
    if !output.summary.is_empty() {
        shell.changes += 1;
        shell.effects.push(output.summary);
    }
    Ok(output.status)
}
