//! What runs on a Java virtual machine in maintainer scripts: the program that keeps the keystore of trusted certificates, and what it is
//! asked before.

use crate::engine::native::effects::keystore;
use crate::engine::native::evaluate::{Shell, Status, Stop};
use crate::engine::native::script::Unproven;
use std::collections::BTreeMap;

/// The program of ca-certificates-java.
const KEYSTORE: &str = "/usr/share/ca-certificates-java/ca-certificates-java.jar";

/// `java -version`, `java [-Xmx64m] -jar /usr/share/ca-certificates-java/ca-certificates-java.jar [-storepass PASSWORD]`
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let words: Vec<&str> = words[1..].iter().map(String::as_str).filter(|word| !word.starts_with("-Xmx")).collect();
    let password = match words[..] {
        ["-version"] => return version(shell),
        ["-jar", KEYSTORE] => "changeit",
        ["-jar", KEYSTORE, "-storepass", password] => password,
        _ => return Err(shell.unproven("java", format!("a program is not run: {}", words.join(" ")))),
    };
    let lines = shell.input()?;
    let output = keystore::update(shell.draft, password, &lines).map_err(|unproven| here(shell, unproven))?;
    if !output.summary.is_empty() {
        shell.changes += 1;
        shell.effects.push(output.summary);
    }
    Ok(output.status)
}

/// `keytool {-cacerts | -keystore /etc/ssl/certs/java/cacerts} -storepass PASSWORD -list -rfc`
pub(super) fn keytool(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    let (file, password) = match words[..] {
        ["-cacerts", "-storepass", password, "-list", "-rfc"] => {
            (format!("{}/lib/security/cacerts", home(shell)?), password)
        }
        ["-keystore", file, "-storepass", password, "-list", "-rfc"] => (file.to_owned(), password),
        _ => return Err(shell.unproven("keytool", format!("not known: {}", words.join(" ")))),
    };
    match shell.follow(&file)? {
        Some((path, _)) if path.to_text() == keystore::FILE => {}
        _ => return Err(shell.unproven("keytool", format!("{file} is not {}", keystore::FILE))),
    }
    let list = keystore::list(shell.draft, password).map_err(|unproven| here(shell, unproven))?;
    shell.out(list)?;
    Ok(0)
}

/// Where the machine that `java` stands for is, by the links that lead to its program.
fn home(shell: &Shell<'_, '_>) -> Result<String, Stop> {
    let program = shell.find_program("java")?.and_then(|(text, _)| shell.follow(&text).transpose()).transpose()?;
    let path = program.map(|(path, _)| path.to_text()).unwrap_or_default();
    let home = path.strip_suffix("/bin/java").map(str::to_owned);
    home.ok_or_else(|| shell.unproven("java", format!("{path} is not where a virtual machine has it")))
}

/// What OpenJDK says of itself, from the file `release` beside it (JEP 220).
fn version(shell: &mut Shell<'_, '_>) -> Status {
    let file = format!("{}/release", home(shell)?);
    let text = shell.read_file(&file)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let facts: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let fact = |name: &str| {
        let value = facts.get(name).map(|value| value.trim_matches('"'));
        value.ok_or_else(|| shell.unproven("java", format!("{file} has no {name}")))
    };
    let (version, date, build) = (fact("JAVA_VERSION")?, fact("JAVA_VERSION_DATE")?, fact("JAVA_RUNTIME_VERSION")?);
    let long = match fact("OS_ARCH")? {
        "x86_64" | "aarch64" | "ppc64le" | "s390x" | "riscv64" => "64-Bit ",
        other => return Err(shell.unproven("java", format!("{file} says OS_ARCH={other}"))),
    };
    let lines = format!(
        "openjdk version \"{version}\" {date}\nOpenJDK Runtime Environment (build {build})\n\
         OpenJDK {long}Server VM (build {build}, mixed mode, sharing)\n"
    );
    shell.err(lines)?;
    Ok(0)
}

fn here(shell: &Shell<'_, '_>, mut unproven: Unproven) -> Stop {
    unproven.line = Some(shell.line);
    Stop::Unproven(unproven)
}

#[cfg(test)]
mod tests {
    use crate::engine::native::evaluate::commands::trying::evaluate;

    const TREE: &str = "/usr/bin/java -> /etc/alternatives/java\n/etc/alternatives/java -> /usr/lib/jvm/j/bin/java\n\
        /usr/bin/keytool 755 = x\n/usr/lib/jvm/j/bin/java 755 = x\n/usr/lib/jvm/j/lib/security/cacerts -> /etc/ssl/certs/java/cacerts\n\
        /etc/ssl/certs/java/cacerts = not a keystore\n/other = x\n\
        /usr/lib/jvm/j/release = JAVA_VERSION=\"17.0.12\"\\nJAVA_VERSION_DATE=\"2024-07-16\"\\nJAVA_RUNTIME_VERSION=\"17.0.12+7-Debian-2\"\\nOS_ARCH=\"x86_64\"\\n";

    #[test]
    fn a_machine_says_its_version_where_errors_go() {
        assert_eq!(evaluate(TREE, "java -version 2>/dev/null && echo ran").unwrap(), "ran\n");
        assert_eq!(
            evaluate(TREE, "java -version 2>&1").unwrap(),
            "openjdk version \"17.0.12\" 2024-07-16\nOpenJDK Runtime Environment (build 17.0.12+7-Debian-2)\n\
             OpenJDK 64-Bit Server VM (build 17.0.12+7-Debian-2, mixed mode, sharing)\n"
        );
        let without = TREE.replace("JAVA_VERSION=", "X=");
        assert!(evaluate(&without, "java -version").unwrap_err().contains("JAVA_VERSION"));
        let elsewhere =
            TREE.replace("/etc/alternatives/java -> /usr/lib/jvm/j/bin/java", "/etc/alternatives/java -> /opt/j");
        assert!(evaluate(&(elsewhere + "\n/opt/j 755 = x\n"), "java -version").unwrap_err().contains("/opt/j"));
    }

    #[test]
    fn keytool_lists_the_one_keystore() {
        for line in [
            "keytool -cacerts -storepass x -list -rfc",
            "keytool -keystore /etc/ssl/certs/java/cacerts -storepass x -list -rfc",
        ] {
            assert!(evaluate(TREE, line).unwrap_err().contains("too short for a keystore"), "{line}");
        }
        for line in ["keytool -keystore /other -storepass x -list -rfc", "keytool -list", "java -jar other.jar"] {
            assert!(evaluate(TREE, line).is_err(), "{line}");
        }
    }
}
