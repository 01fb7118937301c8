//! Lists the maintainer scripts in a folder (a `/var/lib/dpkg/info`) that cannot be evaluated, as entries for
//! `recipes/scripts/*.yaml`, and counts the others. What an entry does is for a person to find out and write down.
//!
//! `cargo run -p slim-examples --bin script-knowledge -- DIR`

use rebuild::engine::native::verdict::{fingerprint, only_snippets};

fn main() -> std::io::Result<()> {
    let Some(directory) = std::env::args_os().nth(1) else {
        eprintln!("usage: script-knowledge DIR");
        std::process::exit(2);
    };
    let known: Vec<_> = recipes::Recipes::embedded().map_err(std::io::Error::other)?.scripts().cloned().collect();
    let mut paths: Vec<_> =
        std::fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    let (mut snippets, mut parsed, mut others) = (0, 0, 0);
    for path in paths {
        let hook = path.extension().and_then(|extension| extension.to_str()).unwrap_or("").to_owned();
        let action = match hook.as_str() {
            "preinst" | "prerm" | "postrm" => "upgrade",
            "postinst" => "configure",
            _ => continue,
        };
        let script = std::fs::read(&path)?;
        let first = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let first = String::from_utf8_lossy(&first[..first.len().min(40)]).into_owned();
        let shell = first.starts_with("#!")
            && ["sh", "bash", "dash"].contains(
                &first.split(['/', ' ']).rfind(|word| !word.is_empty() && !word.starts_with('-')).unwrap_or(""),
            );
        let reason = match slim::script::parse(&script) {
            _ if !shell => format!("not a shell script: {first:?}"),
            Err(error) => error.to_string(),
            Ok(_) if only_snippets(&script) => {
                snippets += 1;
                continue;
            }
            Ok(_) => {
                parsed += 1;
                continue;
            }
        };
        others += 1;
        let sha256 = fingerprint(&script);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match known.iter().find(|script| script.sha256 == sha256) {
            Some(script) => println!("  # {name}.{hook} is known: {}", script.what),
            None => println!(
                "  - sha256: {sha256} # {reason}\n    what: {hook} of {name}\n    action: {action}\n    because: "
            ),
        }
    }
    println!("# {snippets} scripts of debhelper's snippets only, {parsed} others that are read, {others} that are not");
    Ok(())
}
