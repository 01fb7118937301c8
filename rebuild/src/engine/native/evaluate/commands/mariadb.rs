//! Programs of MariaDB, as the scripts of its packages use them.

use crate::engine::native::evaluate::{Shell, Status, Stop};

/// How deep option files may include others.
const DEPTH: usize = 10;

/// The groups that the server reads (`--mariadbd`); those with its version in their name are besides these.
const OF_SERVER: [&str; 5] = ["mysqld", "server", "mariadb", "mariadbd", "client-server"];

/// `mariadb-admin [--defaults-file=FILE] ping`: no server runs from an image that is being rebuilt, and none answers.
pub(super) fn admin(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let operands: Vec<_> = words[1..].iter().filter(|word| !word.starts_with("--defaults-file=")).collect();
    match &operands[..] {
        [verb] if *verb == "ping" => {
            shell.err("connect to server at 'localhost' failed\n")?;
            Ok(1)
        }
        _ => Err(shell.unproven(words[0].clone(), format!("not known: {}", words[1..].join(" ")))),
    }
}

/// `my_print_defaults [--mariadbd|--mysqld] [GROUP …]`: what the option files say in these groups, in their order.
pub(super) fn print_defaults(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let mut groups = Groups::default();
    for word in &words[1..] {
        match word.as_str() {
            "--mariadbd" | "--mysqld" => groups.server = true,
            option if option.starts_with('-') => {
                return Err(shell.unproven("my_print_defaults", format!("option {option} is not known")));
            }
            group => groups.names.push(group.to_owned()),
        }
    }
    let mut text = String::new();
    for file in ["/etc/my.cnf", "/etc/mysql/my.cnf", "/root/.my.cnf"] {
        read(shell, file, &groups, 0, &mut text)?;
    }
    shell.out(text)?;
    Ok(0)
}

#[derive(Default)]
struct Groups {
    server: bool,
    names: Vec<String>,
}

impl Groups {
    /// Whether a group counts; `None` when that depends on the server's version, or on how it was built.
    fn has(&self, group: &str) -> Option<bool> {
        let of_version = |name: &&str| {
            let rest = group.strip_prefix(*name).and_then(|rest| rest.strip_prefix('-'));
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        if self.names.iter().any(|name| name == group) || self.server && OF_SERVER.contains(&group) {
            Some(true)
        } else if self.server && (group == "galera" || ["mysqld", "mariadb", "mariadbd"].iter().any(of_version)) {
            None
        } else {
            Some(false)
        }
    }
}

/// Adds what one file says. A file that is not there says nothing.
fn read(shell: &Shell<'_, '_>, file: &str, groups: &Groups, depth: usize, text: &mut String) -> Result<(), Stop> {
    let unknown = |what: &str| shell.unproven("my_print_defaults", format!("{file}: {what}"));
    let Some((_, node)) = shell.follow(file)? else { return Ok(()) };
    // MariaDB passes over a file that everybody may write.
    if depth > DEPTH || node.mode & 0o002 != 0 {
        return Err(unknown("whether it counts"));
    }
    let bytes = shell.read_file(file)?.unwrap_or_default();
    let content = String::from_utf8(bytes).map_err(|_| unknown("not UTF-8"))?;
    let mut counts = Some(false);
    for line in content.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(directory) = line.strip_prefix("!includedir ") {
            let Some((path, _)) = shell.follow(directory.trim())? else { continue };
            for name in shell.names_in(&path).iter().filter(|name| name.ends_with(".cnf")) {
                read(shell, &format!("{}/{name}", directory.trim()), groups, depth + 1, text)?;
            }
        } else if let Some(included) = line.strip_prefix("!include ") {
            read(shell, included.trim(), groups, depth + 1, text)?;
        } else if let Some(group) = line.strip_prefix('[') {
            counts = groups.has(group.strip_suffix(']').ok_or_else(|| unknown(line))?.trim());
        } else if line.contains(['"', '\'', '\\', '#']) && counts != Some(false) {
            return Err(unknown(line));
        } else {
            let (key, value) =
                line.split_once('=').map_or((line, None), |(key, value)| (key.trim(), Some(value.trim())));
            match (counts, value) {
                (Some(false), _) => {}
                (None, _) => return Err(unknown("a group that only some servers read")),
                (Some(true), Some(value)) => text.push_str(&format!("--{key}={value}\n")),
                (Some(true), None) => text.push_str(&format!("--{key}\n")),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::engine::native::evaluate::commands::trying::evaluate;

    const TREE: &str = "/usr/bin/my_print_defaults 755 = x\n/usr/bin/mysqladmin 755 = x\n\
        /etc/mysql/my.cnf = [client-server]\\nsocket = /run/s\\n!includedir /etc/mysql/conf.d/\\n\n\
        /etc/mysql/conf.d/b.cnf = [mysqld]\\n# no\\n a  =  1 2 \\nskip-x\\n[other]\\nb=\"2\"\\n\n\
        /etc/mysql/conf.d/a.cnf = [mysql_install_db]\\nc=\\n[galera]\\n[mariadb-10.11]\\n\n\
        /etc/mysql/conf.d/ignored = [mysqld]\\nd=1\\n\n";

    #[test]
    fn option_files_are_read_as_the_server_reads_them() {
        let ask =
            |more: &str, options: &str| evaluate(&format!("{TREE}{more}"), &format!("my_print_defaults {options}"));
        assert_eq!(ask("", "--mariadbd mysql_install_db").unwrap(), "--socket=/run/s\n--c=\n--a=1 2\n--skip-x\n");
        assert_eq!(ask("", "mysqld").unwrap(), "--a=1 2\n--skip-x\n");
        for more in ["[mysqld]\\nx='1'\\n", "[mariadbd-11]\\nx\\n", "[galera]\\nx\\n", "[open\\n"] {
            assert!(ask(&format!("/etc/mysql/conf.d/c.cnf = {more}\n"), "--mysqld").is_err(), "{more}");
        }
        assert!(ask("/etc/my.cnf 666 = [mysqld]\\n", "mysqld").is_err());
        assert!(ask("", "--no-defaults").is_err());
    }

    #[test]
    fn no_server_answers() {
        let ask = "mysqladmin --defaults-file=/etc/mysql/debian.cnf";
        assert_eq!(evaluate(TREE, &format!("{ask} ping 2>/dev/null; echo $?")).unwrap(), "1\n");
        assert!(evaluate(TREE, &format!("{ask} shutdown")).is_err());
    }
}
