//! `squid`, as the script of its package asks it for the settings in force.

use crate::engine::native::evaluate::{Shell, Status, Stop};

/// How deep files may include others (`squid` itself has 16).
const DEPTH: usize = 16;

/// `squid -k parse`: says each line of the configuration that it reads. Its other messages are about the machine, and left out.
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    if words[1..] != ["-k", "parse"] {
        return Err(shell.unproven("squid", format!("not known: {}", words[1..].join(" "))));
    }
    let mut text = String::new();
    parse(shell, "/etc/squid/squid.conf", 0, &mut text)?;
    shell.err(text)?;
    Ok(0)
}

/// What is said of one file: comments and empty lines are passed over, included files follow their line.
fn parse(shell: &mut Shell<'_, '_>, file: &str, depth: usize, text: &mut String) -> Result<(), Stop> {
    let unknown = |shell: &Shell<'_, '_>, what: &str| shell.unproven("squid", format!("{file}: {what}"));
    // The time is the machine's to tell.
    let time = format!("2000/01/01 00:00:{:02}|", shell.world().process() % 60);
    let bytes = shell.read_file(file)?.filter(|_| depth < DEPTH).ok_or_else(|| unknown(shell, "it cannot be read"))?;
    let content = String::from_utf8(bytes).map_err(|_| unknown(shell, "not UTF-8"))?;
    text.push_str(&format!("{time} Processing Configuration File: {file} (depth {depth})\n"));
    for line in content.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let directive = words.next().unwrap_or_default();
        if line.ends_with('\\') || line.contains("${") || ["if", "else", "endif", "define"].contains(&directive) {
            return Err(unknown(shell, "what is read depends on more than its lines"));
        }
        text.push_str(&format!("{time} Processing: {line}\n"));
        if directive == "include" {
            for pattern in words {
                for included in names(shell, pattern)? {
                    parse(shell, &included, depth + 1, text)?;
                }
            }
        }
    }
    Ok(())
}

/// The files that a word of `include` stands for: `DIRECTORY/*SUFFIX`, or one name.
fn names(shell: &Shell<'_, '_>, pattern: &str) -> Result<Vec<String>, Stop> {
    let Some((before, suffix)) = pattern.split_once('*') else { return Ok(vec![pattern.to_owned()]) };
    let directory =
        before.strip_suffix('/').filter(|_| !suffix.contains(['*', '?', '[', '/']) && !before.contains(['?', '[']));
    let directory = directory.ok_or_else(|| shell.unproven("squid", format!("include {pattern}")))?;
    let Some((path, _)) = shell.follow(directory)? else { return Ok(Vec::new()) };
    let fits = |name: &String| name.ends_with(suffix) && !name.starts_with('.');
    Ok(shell.names_in(&path).into_iter().filter(fits).map(|name| format!("{directory}/{name}")).collect())
}

#[cfg(test)]
mod tests {
    use crate::engine::native::evaluate::commands::trying::evaluate;

    const TREE: &str = "/usr/sbin/squid 755 = x\n/usr/bin/sed 755 = x\n/usr/bin/grep 755 = x\n\
        /etc/squid/squid.conf = # cache_dir no\\n\\n  http_port 3128\\ninclude /etc/squid/conf.d/*.conf\\ncache_effective_user me\\n\n\
        /etc/squid/conf.d/a.conf = cache_dir ufs /srv/cache 100\\n\n/etc/squid/conf.d/b.txt = cache_dir ufs /no 1\\n";

    #[test]
    fn every_line_in_force_is_said() {
        let said = evaluate(TREE, "squid -k parse 2>&1 | grep Processing: | sed 's/.*Processing: //'").unwrap();
        assert_eq!(
            said,
            "http_port 3128\ninclude /etc/squid/conf.d/*.conf\ncache_dir ufs /srv/cache 100\ncache_effective_user me\n"
        );
        let conditional = TREE.replace("cache_effective_user me", "if true");
        assert!(evaluate(&conditional, "squid -k parse").unwrap_err().contains("more than its lines"));
        let endless = TREE
            .replace("/*.conf", "/a.conf")
            .replace("cache_dir ufs /srv/cache 100", "include /etc/squid/conf.d/a.conf");
        assert!(evaluate(&endless, "squid -k parse").unwrap_err().contains("cannot be read"));
        assert!(evaluate(TREE, "squid -k reconfigure").is_err());
    }
}
