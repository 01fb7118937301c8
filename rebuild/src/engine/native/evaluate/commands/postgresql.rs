//! The programs of postgresql-common that its packages' scripts call: about clusters of which none runs, because in an image nothing does.

use super::{options, system};
use crate::engine::native::evaluate::{Shell, Status, Stop};
use std::collections::BTreeMap;

/// A database cluster, as `/etc/postgresql/VERSION/NAME` says.
struct Cluster {
    version: String,
    name: String,
    settings: BTreeMap<String, String>,
}

/// `pg_lsclusters -h`
pub(super) fn list(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    if words[1..] != ["-h"] {
        return Err(shell.unproven("pg_lsclusters", format!("not known: {}", words[1..].join(" "))));
    }
    let mut lines: Vec<[String; 7]> = Vec::new();
    for cluster in clusters(shell)? {
        let unknown =
            |what: &str| shell.unproven("pg_lsclusters", format!("{}/{}: {what}", cluster.version, cluster.name));
        let setting = |name: &str| cluster.settings.get(name).cloned();
        if setting("logging_collector").is_some() || setting("log_destination").is_some() {
            return Err(unknown("a log of its own"));
        }
        let data = setting("data_directory").ok_or_else(|| unknown("no data directory"))?;
        for trace in ["postmaster.pid", "recovery.conf", "recovery.signal", "standby.signal"] {
            if shell.follow(&format!("{data}/{trace}"))?.is_some() {
                return Err(unknown(trace));
            }
        }
        if shell.look(&format!("/etc/postgresql/{}/{}/log", cluster.version, cluster.name))?.is_some() {
            return Err(unknown("a log of its own"));
        }
        let (_, node) = shell.follow(&data)?.ok_or_else(|| unknown("no data directory"))?;
        let owner = system::name_of(shell, "/etc/passwd", node.uid)?;
        let binary = format!("/usr/lib/postgresql/{}/bin/postgres", cluster.version);
        let status = if shell.follow(&binary)?.is_some() { "down" } else { "down,binaries_missing" };
        let port = setting("port").unwrap_or_else(|| "5432".into());
        let log = format!("/var/log/postgresql/postgresql-{}-{}.log", cluster.version, cluster.name);
        lines.push([cluster.version, cluster.name, port, status.into(), owner, data, log]);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or_default();
    let mut text = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate().take(6) {
            text.push_str(&format!("{cell:width$} ", width = width(column)));
        }
        text.push_str(&line[6]);
        text.push('\n');
    }
    shell.out(text)?;
    Ok(0)
}

/// Every cluster, by version and name.
fn clusters(shell: &Shell<'_, '_>) -> Result<Vec<Cluster>, Stop> {
    let mut clusters = Vec::new();
    let Some((top, _)) = shell.follow("/etc/postgresql")? else { return Ok(clusters) };
    let mut versions = shell.names_in(&top);
    versions.retain(|name| name.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    versions
        .sort_by_key(|name| name.split('.').map(|part| part.parse::<u32>().unwrap_or_default()).collect::<Vec<_>>());
    for version in versions {
        let Some((directory, _)) = shell.follow(&format!("/etc/postgresql/{version}"))? else { continue };
        for name in shell.names_in(&directory) {
            let file = format!("/etc/postgresql/{version}/{name}/postgresql.conf");
            if shell.look(&file)?.is_some() {
                let settings = cluster_settings(shell, &version, &name, &file)?;
                clusters.push(Cluster { version: version.clone(), name, settings });
            }
        }
    }
    Ok(clusters)
}

/// The settings of a cluster: its file, and what `ALTER SYSTEM` wrote, which is not read here.
fn cluster_settings(
    shell: &Shell<'_, '_>,
    version: &str,
    name: &str,
    file: &str,
) -> Result<BTreeMap<String, String>, Stop> {
    let unknown = |what: String| shell.unproven("postgresql.conf", format!("{version}/{name}: {what}"));
    let settings = settings(shell, file)?;
    if let Some(directory) = settings.get("include_dir") {
        let place = format!("/etc/postgresql/{version}/{name}/{directory}");
        let filled = shell.follow(&place)?.is_some_and(|(path, _)| !shell.names_in(&path).is_empty());
        if directory.starts_with('/') || filled {
            return Err(unknown(format!("settings in {directory}")));
        }
    }
    if settings.contains_key("include") || settings.contains_key("include_if_exists") {
        return Err(unknown("settings in another file".into()));
    }
    if let Some(data) = settings.get("data_directory") {
        let more = shell.read_file(&format!("{data}/postgresql.auto.conf"))?.unwrap_or_default();
        if more.split(|b| *b == b'\n').any(|line| !line.is_empty() && line[0] != b'#') {
            return Err(unknown("settings in postgresql.auto.conf".into()));
        }
    }
    Ok(settings)
}

/// The settings of one file.
fn settings(shell: &Shell<'_, '_>, file: &str) -> Result<BTreeMap<String, String>, Stop> {
    let text = shell.read_file(file)?.unwrap_or_default();
    let text = String::from_utf8(text).map_err(|_| shell.unproven(file, "text that is not UTF-8"))?;
    let mut settings = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = setting(line).ok_or_else(|| shell.unproven(file, format!("line {line:?}")))?;
        settings.insert(name.to_owned(), value.to_owned());
    }
    Ok(settings)
}

/// `name = value # comment`, the value plain or in single quotes without any inside.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once(|c: char| c == '=' || c.is_ascii_whitespace())?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    let (value, rest) = match rest.strip_prefix('\'') {
        Some(rest) => rest.split_once('\'')?,
        None => rest.split_at(rest.find(|c: char| c.is_ascii_whitespace() || c == '#').unwrap_or(rest.len())),
    };
    let rest = rest.trim_start();
    (!value.contains('\\') && (rest.is_empty() || rest.starts_with('#'))).then_some((name, value))
}

/// `pg_conftool [-bs] VERSION CLUSTER show NAME`, `pg_conftool [-bs] FILE show NAME`
pub(super) fn conftool(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "bs", &[("boolean", 'b'), ("short", 's')])?;
    let operands: Vec<&str> = options.operands.iter().map(String::as_str).collect();
    let (settings, name) = match operands[..] {
        [version, cluster, "show", name] => {
            let file = format!("/etc/postgresql/{version}/{cluster}/postgresql.conf");
            if shell.look(&file)?.is_none() {
                return Ok(1);
            }
            (cluster_settings(shell, version, cluster, &file)?, name)
        }
        [file, "show", name] if file.starts_with('/') => (settings(shell, file)?, name),
        _ => return Err(shell.unproven("pg_conftool", format!("not known: {}", words[1..].join(" ")))),
    };
    if !options.has('s') || name == "all" {
        return Err(shell.unproven("pg_conftool", "only a value by its name is known"));
    }
    let Some(value) = settings.get(name) else { return Ok(1) };
    let value = match (options.has('b'), value.to_ascii_lowercase().as_str()) {
        (false, _) => value.as_str(),
        (true, "on" | "true" | "yes" | "1") => "on",
        (true, "off" | "false" | "no" | "0") => "off",
        _ => return Err(shell.unproven("pg_conftool", format!("{name} is neither on nor off"))),
    };
    let line = format!("{value}\n");
    shell.out(line)?;
    Ok(0)
}

/// `pg_controldata DIRECTORY`: its first two lines, which are all that scripts look for.
pub(super) fn controldata(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let [_, directory] = words else { return Err(shell.unproven("pg_controldata", "one directory expected")) };
    let bytes = shell.read_file(&format!("{directory}/global/pg_control"))?.unwrap_or_default();
    // The system's number, then these two (`ControlFileData` in PostgreSQL's pg_control.h), in the machine's byte order.
    let number = |at: usize| {
        let bytes: Option<[u8; 4]> = bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u32::from_le_bytes)
    };
    match (number(8), number(12)) {
        // Formats have had numbers such as 1300 since version 8.
        (Some(format @ 800..10_000), Some(catalog)) => {
            shell.out(format!("pg_control version number:            {format}\n"))?;
            shell.out(format!("Catalog version number:               {catalog}\n"))?;
            Ok(0)
        }
        _ => Err(shell.unproven("pg_controldata", format!("{directory}: its control file is not understood"))),
    }
}

/// `pg_updatedicts`: nothing where neither spelling dictionaries are installed nor any were made of them.
pub(super) fn updatedicts(shell: &mut Shell<'_, '_>, _: &[String]) -> Status {
    let names = |shell: &Shell<'_, '_>, directory: &str| -> Result<Vec<String>, Stop> {
        Ok(shell.follow(directory)?.map(|(path, _)| shell.names_in(&path)).unwrap_or_default())
    };
    for directory in ["/usr/share/hunspell", "/usr/share/myspell/dicts"] {
        if names(shell, directory)?.iter().any(|name| name.ends_with(".aff")) {
            return Err(shell.unproven("pg_updatedicts", format!("{directory} has dictionaries")));
        }
    }
    let made = "/var/cache/postgresql/dicts";
    if shell.follow(made)?.is_none() || !names(shell, made)?.is_empty() {
        return Err(shell.unproven("pg_updatedicts", format!("{made} is missing or not empty")));
    }
    for version in names(shell, "/usr/share/postgresql")? {
        let directory = format!("/usr/share/postgresql/{version}/tsearch_data");
        for name in names(shell, &directory)? {
            let link = shell.look(&format!("{directory}/{name}"))?.is_some_and(|(_, node)| node.as_symlink().is_some());
            if link && (name.ends_with(".affix") || name.ends_with(".dict")) {
                return Err(shell.unproven("pg_updatedicts", format!("{directory}/{name} leads to a dictionary")));
            }
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use crate::engine::native::evaluate::{PATH, Setting, run};
    use slim::draft::Draft;
    use slim::path::ImagePath;
    use slim::tree::{MemoryContents, Node, text};

    const TREE: &str = "/etc/passwd = root:x:0:0::/:/bin/sh\\npostgres:x:101:102::/var/lib/postgresql:/bin/bash\\n
        /etc/postgresql/15/main/postgresql.conf = data_directory = '/var/lib/postgresql/15/main' # x\\nport = 5433\\n#ssl = on\\ninclude_dir = 'conf.d'\\n
        /etc/postgresql/15/main/conf.d/
        /etc/c.conf = create_main_cluster = true\\n
        /var/lib/postgresql/15/main/ 700 101:102
        /var/cache/postgresql/dicts/
        /usr/lib/postgresql/15/bin/postgres 755 =
        /usr/bin/pg_lsclusters 755 =
        /usr/bin/pg_conftool 755 =
        /usr/bin/pg_controldata 755 =
        /usr/sbin/pg_updatedicts 755 =
        /usr/bin/su 755 =
        /bin/sh 755 = ";

    fn output(tree: &str, script: &str) -> Result<String, String> {
        let mut draft = Draft::new(text::tree(tree).unwrap(), &MemoryContents);
        let control = [&[0; 8][..], &1300_u32.to_le_bytes(), &202_209_061_u32.to_le_bytes(), &[0; 90]].concat();
        draft.put(ImagePath::literal("/var/lib/postgresql/15/main/global"), Node::directory());
        draft.put(ImagePath::literal("/var/lib/postgresql/15/main/global/pg_control"), Node::file(control));
        let script = format!("#!/bin/sh\n{script}");
        let environment = [("PATH", PATH)];
        let outcome = run(&mut draft, Setting::default(), script.as_bytes(), "s", &[], &environment, &mut Vec::new());
        let outcome = outcome.map_err(|unproven| unproven.to_string())?;
        Ok(format!("{}{}", String::from_utf8(outcome.stdout).unwrap(), outcome.status))
    }

    #[test]
    fn clusters_are_told_from_their_files() {
        let line =
            "15 main 5433 down postgres /var/lib/postgresql/15/main /var/log/postgresql/postgresql-15-main.log\n0";
        assert_eq!(output(TREE, "pg_lsclusters -h").unwrap(), line);
        assert_eq!(
            output(TREE, "pg_conftool -s 15 main show data_directory").unwrap(),
            "/var/lib/postgresql/15/main\n0"
        );
        assert_eq!(output(TREE, "pg_conftool /etc/c.conf show -bs create_main_cluster").unwrap(), "on\n0");
        assert_eq!(output(TREE, "pg_conftool -s 15 other show port").unwrap(), "1");
        let told = output(TREE, "pg_controldata /var/lib/postgresql/15/main").unwrap();
        assert!(told.contains("\nCatalog version number:               202209061\n"), "{told}");
        for more in ["conf.d/x.conf = port = 1", "log -> /var/log/x"] {
            let tree = format!("{TREE}\n/etc/postgresql/15/main/{more}");
            assert!(output(&tree, "pg_lsclusters -h").is_err(), "{more}");
        }
        let running = format!("{TREE}\n/var/lib/postgresql/15/main/postmaster.pid = 1");
        assert!(output(&running, "pg_lsclusters -h").is_err());
    }

    #[test]
    fn dictionaries_are_not_converted() {
        assert_eq!(output(TREE, "pg_updatedicts").unwrap(), "0");
        assert!(output(&format!("{TREE}\n/usr/share/hunspell/de.aff = x"), "pg_updatedicts").is_err());
    }

    #[test]
    fn another_user_may_look_and_not_touch() {
        let ask = |user: &str, command: &str| output(TREE, &format!("su -s /bin/sh {user} -c '{command}'"));
        assert_eq!(
            ask("postgres", "test -O /var/lib/postgresql/15/main && test -G /var/lib/postgresql/15/main").unwrap(),
            "0"
        );
        assert_eq!(ask("postgres", "test -O /etc").unwrap(), "1");
        assert_eq!(ask("nobody", ":").unwrap(), "1");
        assert!(ask("postgres", "echo x > /etc/x").is_err());
        assert!(ask("postgres", "pg_updatedicts").is_err());
    }

    #[test]
    fn sh_runs_scripts_whatever_their_first_line() {
        let tree = format!("{TREE}\n/s = echo $0 $1\\n");
        assert_eq!(output(&tree, "sh /s a; sh -c 'echo $1' x y").unwrap(), "/s a\ny\n0");
        assert!(output(&tree, "sh -x /s").is_err());
        assert_eq!(output(&tree, "sh /nope").unwrap(), "2");
    }
}
