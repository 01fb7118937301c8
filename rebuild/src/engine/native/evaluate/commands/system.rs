//! Programs that ask or tell the system around the image, of which an image build has none.

use super::{options, regex};
use crate::engine::native::evaluate::{Shell, Status, Stop};
use slim::script::bytes::encode;

/// `deb-systemd-invoke ACTION UNIT …`: nothing is started, stopped or asked in an image, as the `policy-rc.d` of base images says (it
/// answers 101, on which the program succeeds without doing anything).
pub(super) fn deb_systemd_invoke(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "us", &[("user", 'u'), ("system", 's')])?;
    Ok(i32::from(options.operands.is_empty()))
}

/// `invoke-rc.d [--quiet …] NAME ACTION …`: as [`deb_systemd_invoke`]; whether a service runs is up to the machine, and in an image none
/// does, so a script has to leave the same in both cases.
pub(super) fn invoke_rc_d(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let known = ["--quiet", "--try-anyway", "--no-fallback", "--skip-systemd-native", "--disclose-deny"];
    let mut operands = words[1..].iter().skip_while(|word| known.contains(&word.as_str()));
    let (Some(name), Some(action)) = (operands.next(), operands.next()) else {
        return Err(shell.unproven("invoke-rc.d", "expected a service and an action"));
    };
    if name.starts_with('-') {
        return Err(shell.unproven("invoke-rc.d", format!("option {name} is not known")));
    }
    let denied = if words.iter().any(|word| word == "--disclose-deny") { 101 } else { 0 };
    match action.as_str() {
        "status" => Ok(if shell.world().is_busy() { 0 } else { 3 }),
        "start" | "stop" | "restart" | "reload" | "force-reload" | "try-restart" | "condrestart" | "rotate" => {
            Ok(denied)
        }
        // Actions of a service's own: `nginx upgrade`.
        _ if action.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') => Ok(denied),
        other => Err(shell.unproven("invoke-rc.d", format!("action {other} is not known"))),
    }
}

/// `ss`: the sockets of the machine that the build runs on.
pub(super) fn ss(shell: &mut Shell<'_, '_>, _: &[String]) -> Status {
    let sockets = if shell.world().is_busy() { "LISTEN 0 511 *:80 *:*\n" } else { "" };
    shell.out(format!("State Recv-Q Send-Q Local Address:Port Peer Address:Port\n{sockets}"))?;
    Ok(0)
}

/// `pidof [-c] [-sx] PROGRAM …`: nothing runs from an image that is being built (`-c`); without that the machine's own processes count.
pub(super) fn pidof(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "csx", &[])?;
    if options.has('c') || !shell.world().is_busy() {
        return Ok(1);
    }
    let number = shell.world().process();
    shell.out(format!("{number}\n"))?;
    Ok(0)
}

/// Programs that run in a build besides the machine's own: whoever looks for one of them finds it.
const RUNNING: [&str; 8] = ["apt", "apt-get", "bash", "dash", "dpkg", "frontend", "perl", "sh"];

/// `pgrep [-x] [-u USERS] [--ns PROCESS] [--nslist LIST] PATTERN`: as [`pidof`]; the namespaces are the machine's, too.
pub(super) fn pgrep(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options =
        options::read(shell, words, "xu:N:L:", &[("exact", 'x'), ("euid", 'u'), ("ns", 'N'), ("nslist", 'L')])?;
    let [pattern] = &options.operands[..] else { return Err(shell.unproven("pgrep", "one pattern expected")) };
    let whole = if options.has('x') { format!("^({pattern})$") } else { pattern.clone() };
    let known = regex::compile(&whole, true, false).map_err(|reason| shell.unproven("pgrep", reason))?;
    if RUNNING.iter().any(|name| known.regex.is_match(name)) {
        return Err(shell.unproven("pgrep", format!("{pattern:?} may be what does the update")));
    }
    if !shell.world().is_busy() {
        return Ok(1);
    }
    let number = shell.world().process();
    shell.out(format!("{number}\n"))?;
    Ok(0)
}

/// `df -P PATH`: that there is room is a condition of the update, which apt looks at before it begins; how much is the machine's.
pub(super) fn df(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "Pk", &[("portability", 'P')])?;
    let [path] = &options.operands[..] else { return Err(shell.unproven("df", "one path expected")) };
    if !options.has('P') {
        return Err(shell.unproven("df", "without -P"));
    }
    if shell.follow(path)?.is_none() {
        return Ok(1);
    }
    let free = 10_000_000 + u64::from(shell.world().process());
    shell.out(format!(
        "Filesystem     1024-blocks     Used Available Capacity Mounted on\noverlay           99999999 {:>8} {free:>9}      90% /\n",
        99_999_999 - free
    ))?;
    Ok(0)
}

/// The machine's name: another one in each world.
fn name_of_machine(shell: &Shell<'_, '_>) -> String {
    format!("host{}", shell.world().process())
}

/// `hostname`, `hostname --fqdn`, which finds no whole name on some machines.
pub(super) fn hostname(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let name = name_of_machine(shell);
    match &words[1..] {
        [] => shell.out(format!("{name}\n"))?,
        [option] if matches!(option.as_str(), "-f" | "--fqdn" | "--long") => {
            if !shell.world().is_busy() {
                return Ok(1);
            }
            shell.out(format!("{name}.example\n"))?;
        }
        _ => return Err(shell.unproven("hostname", format!("not known: {}", words[1..].join(" ")))),
    }
    Ok(0)
}

/// `logger [-is] [-p PRIORITY] [-t TAG] [MESSAGE …]`: without a message it takes its input.
pub(super) fn logger(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long = [("id", 'i'), ("stderr", 's'), ("priority", 'p'), ("tag", 't')];
    let options = options::read(shell, words, "+isp:t:", &long)?;
    if options.operands.is_empty() {
        shell.input()?;
    }
    Ok(0)
}

/// `udevadm trigger …`, `udevadm control …`: asks a daemon of the machine, which is there or not, to look again.
pub(super) fn udevadm(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    match words.get(1).map(String::as_str) {
        Some("trigger" | "control" | "settle") => Ok(i32::from(!shell.world().is_busy())),
        _ => Err(shell.unproven("udevadm", format!("not known: {}", words[1..].join(" ")))),
    }
}

/// `dbus-uuidgen --ensure`: gives a machine its number, unless it has one.
pub(super) fn dbus_uuidgen(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    const FILE: &str = "/var/lib/dbus/machine-id";
    if words[1..] != ["--ensure"] || shell.follow(FILE)?.is_none() {
        return Err(shell.unproven("dbus-uuidgen", format!("it would make a number for {FILE}")));
    }
    Ok(0)
}

/// `date`, to be shown: another time in each world. Only the forms that set nothing are known.
pub(super) fn date(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let asks = |word: &String| !word.starts_with("-s") && !word.starts_with("--set") && !word.starts_with("-r");
    let is_setting = words.len() == 2 && words[1].bytes().all(|byte| byte.is_ascii_digit());
    if !words[1..].iter().all(asks) || is_setting {
        return Err(shell.unproven("date", "only asking for the time is known"));
    }
    let number = shell.world().process();
    shell.out(format!("Thu Jan  1 00:00:00 UTC {number}\n"))?;
    Ok(0)
}

/// `runlevel`: no record of one in an image.
pub(super) fn runlevel(shell: &mut Shell<'_, '_>, _: &[String]) -> Status {
    shell.out("unknown\n")?;
    Ok(1)
}

/// `systemctl` without a running systemd: what talks to it fails in a container, and is ignored in a chroot.
pub(super) fn systemctl(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let mut operands = words[1..].iter().filter(|word| !word.starts_with('-')).map(String::as_str);
    let (verb, units) = (operands.next(), operands.count());
    if shell.follow("/run/systemd/system")?.is_some() {
        return Err(shell.unproven("systemctl", "an image that says systemd is running"));
    }
    match verb {
        Some("daemon-reload" | "daemon-reexec") if units > 0 => Ok(1),
        Some("is-active" | "start" | "stop" | "restart" | "try-restart" | "reload" | "kill") if units == 0 => Ok(1),
        Some(
            "daemon-reload" | "daemon-reexec" | "is-active" | "start" | "stop" | "restart" | "try-restart" | "reload"
            | "kill",
        ) => Ok(i32::from(!shell.world().is_chroot())),
        _ => Err(shell.unproven("systemctl", format!("{verb:?} is not known"))),
    }
}

/// The lines of an account database, split at colons.
pub(super) fn entries(shell: &Shell<'_, '_>, file: &str) -> Result<Vec<Vec<String>>, Stop> {
    let text = shell.read_file(file)?.unwrap_or_default();
    let text = slim::script::bytes::decode(&text);
    Ok(text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect())
}

/// The number of a user or group, by name or as written.
pub(super) fn number_of(shell: &Shell<'_, '_>, file: &str, name: &str) -> Result<Option<u32>, Stop> {
    let entries = entries(shell, file)?;
    let found = entries.iter().find(|entry| entry[0] == name).and_then(|entry| entry.get(2)?.parse().ok());
    Ok(found.or_else(|| name.parse().ok()))
}

/// The name of a user or group.
pub(super) fn name_of(shell: &Shell<'_, '_>, file: &str, number: u32) -> Result<String, Stop> {
    let entries = entries(shell, file)?;
    let found = entries.into_iter().find(|entry| entry.get(2).is_some_and(|id| id.parse() == Ok(number)));
    Ok(found.map_or_else(|| "UNKNOWN".into(), |mut entry| entry.swap_remove(0)))
}

/// `getent passwd|group [NAME …]`
pub(super) fn getent(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let file = match words.get(1).map(String::as_str) {
        Some("passwd") => "/etc/passwd",
        Some("group") => "/etc/group",
        Some("shadow") => "/etc/shadow",
        other => return Err(shell.unproven("getent", format!("database {other:?}"))),
    };
    let entries = entries(shell, file)?;
    let mut status = 0;
    for key in &words[2..] {
        let numeric = key.bytes().all(|byte| byte.is_ascii_digit());
        match entries.iter().find(|entry| &entry[0] == key || (numeric && entry.get(2) == Some(key))) {
            Some(entry) => shell.out(format!("{}\n", entry.join(":")))?,
            None => status = 2,
        }
    }
    if words.len() == 2 {
        for entry in entries {
            shell.out(format!("{}\n", entry.join(":")))?;
        }
    }
    Ok(status)
}

/// `id [-u|-g|-G] [-n] [USER]`; without a user it is root.
pub(super) fn id(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options =
        options::read(shell, words, "ugGn", &[("user", 'u'), ("group", 'g'), ("groups", 'G'), ("name", 'n')])?;
    let user = options.operands.first().map_or("root", String::as_str).to_owned();
    let users = entries(shell, "/etc/passwd")?;
    let Some(entry) = users.iter().find(|entry| entry[0] == user && entry.len() > 3) else { return Ok(1) };
    let (uid, gid) = (entry[2].clone(), entry[3].clone());
    let groups = entries(shell, "/etc/group")?;
    let group_name = |gid: &str| {
        groups
            .iter()
            .find(|group| group.get(2).is_some_and(|id| id == gid))
            .map_or_else(|| gid.to_owned(), |group| group[0].clone())
    };
    let named = options.has('n');
    if options.operands.is_empty() && !(options.has('u') || options.has('g')) {
        return Err(shell.unproven("id", "the groups that the build was started with"));
    }
    // The primary group, then the others in the order of the file (getgrouplist(3)).
    let all_groups = || {
        let mut all = vec![gid.clone()];
        for group in &groups {
            let member = group.get(3).is_some_and(|members| members.split(',').any(|name| *name == user));
            if let Some(number) = group.get(2).filter(|number| member && !all.contains(number)) {
                all.push(number.clone());
            }
        }
        all
    };
    let text = if options.has('u') {
        if named { user } else { uid }
    } else if options.has('g') {
        if named { group_name(&gid) } else { gid }
    } else if options.has('G') {
        let all = all_groups();
        if named { all.iter().map(|gid| group_name(gid)).collect::<Vec<_>>().join(" ") } else { all.join(" ") }
    } else if named {
        return Ok(1);
    } else {
        let all: Vec<_> = all_groups().iter().map(|gid| format!("{gid}({})", group_name(gid))).collect();
        format!("uid={uid}({user}) gid={gid}({}) groups={}", group_name(&gid), all.join(","))
    };
    shell.out(format!("{text}\n"))?;
    Ok(0)
}

/// `ischroot`: image builds run in a chroot or in a container.
pub(super) fn ischroot(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    if words.len() > 1 {
        return Err(shell.unproven("ischroot", "options"));
    }
    Ok(i32::from(!shell.world().is_chroot()))
}

/// `uname -s`; the machine's other names are not the image's.
pub(super) fn uname(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    match words.get(1).map(String::as_str) {
        None | Some("-s") => {
            shell.out("Linux\n")?;
            Ok(0)
        }
        Some("-n") => {
            let name = name_of_machine(shell);
            shell.out(format!("{name}\n"))?;
            Ok(0)
        }
        // Kernels as old and as new as an image may meet.
        Some("-r") => {
            let release = if shell.world().is_busy() { "6.12.57+deb13-amd64\n" } else { "4.19.0-27-amd64\n" };
            shell.out(release)?;
            Ok(0)
        }
        Some(option) => Err(shell.unproven("uname", format!("{option} asks the machine, not the image"))),
    }
}

/// `which [-a] NAME …`
pub(super) fn which(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "s", &[])?;
    let mut status = 0;
    for name in &options.operands {
        match shell.find_program(name)? {
            Some((text, _)) => shell.out(format!("{text}\n"))?,
            None => status = 1,
        }
    }
    Ok(status)
}

/// `perl -e ''`: asked only to see whether there is one that runs.
pub(super) fn perl(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    match words {
        [_, option, program] if option == "-e" && program.is_empty() => Ok(0),
        _ => Err(shell.unproven("perl", "a program")),
    }
}

/// `bash` and `sh`: `sh [-e] FILE [ARGUMENT …]`, `sh [-e] -c TEXT [NAME [ARGUMENT …]]`
pub(super) fn sh(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let (errexit, rest) = match &words[1..] {
        [option, rest @ ..] if option == "-e" => (true, rest),
        rest => (false, rest),
    };
    let (text, positional) = match rest {
        [option, text, rest @ ..] if option == "-c" => {
            let named = if rest.is_empty() { vec!["sh".to_owned()] } else { rest.to_vec() };
            (encode(text).into_owned(), named)
        }
        [file, ..] if !file.starts_with('-') => match shell.read_file(file)? {
            Some(text) => (text, rest.to_vec()),
            None => return Ok(2),
        },
        _ => return Err(shell.unproven(words[0].clone(), format!("not known: {}", words[1..].join(" ")))),
    };
    let name = if words[0].ends_with("bash") { "bash" } else { "sh" };
    shell.another_shell(name, errexit, positional, &text)
}

/// `su [-s SHELL] USER -c COMMAND`: a command that only looks, by what is part of the shell. What else a user may, and whose the files
/// are that he makes, is not known here.
pub(super) fn su(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let unknown = |shell: &Shell<'_, '_>| shell.unproven("su", format!("not known: {}", words[1..].join(" ")));
    let rest = match &words[1..] {
        [option, program, rest @ ..] if option == "-s" && program == "/bin/sh" => rest,
        rest => rest,
    };
    let [user, option, command] = rest else { return Err(unknown(shell)) };
    if option != "-c" || user.starts_with('-') {
        return Err(unknown(shell));
    }
    let users = entries(shell, "/etc/passwd")?;
    let Some(entry) = users.into_iter().find(|entry| entry[0] == *user) else { return Ok(1) };
    let id = |at: usize| entry.get(at).and_then(|id| id.parse::<u32>().ok());
    let Some(account) = id(2).zip(id(3)) else { return Err(unknown(shell)) };
    let (changes, used) = (shell.changes, std::mem::take(&mut shell.used));
    let before = shell.account.replace(account);
    let status = shell.another_shell("su", false, vec!["sh".to_owned()], &encode(command));
    shell.account = before;
    let quiet = shell.changes == changes && shell.used.is_empty();
    shell.used.extend(used);
    if quiet { status } else { Err(unknown(shell)) }
}
