//! `dpkg`, `dpkg-query`, `dpkg-trigger`: what scripts ask of the database.

use super::options;
use super::version::compare_versions;
use crate::engine::native::evaluate::{Shell, Status, Stop};
use slim::packages::dpkg::paragraph::paragraphs;
use slim::path::ImagePath;
use std::cmp::Ordering;

/// `dpkg --compare-versions …`, `--print-architecture`, `-L`, `-s`, `--assert-…`
pub(super) fn dpkg(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    match words.get(1).map(String::as_str) {
        Some("--compare-versions") => {
            let operands: Vec<_> = words[2..].iter().filter(|word| *word != "--").collect();
            let [left, relation, right] = &operands[..] else {
                return Err(shell.unproven("dpkg --compare-versions", "three words expected"));
            };
            compare(shell, left, relation, right)
        }
        Some("--print-architecture") => {
            let architecture = native_architecture(shell)?;
            shell.out(format!("{architecture}\n"))?;
            Ok(0)
        }
        Some("--print-foreign-architectures") => {
            let native = native_architecture(shell)?;
            let text = shell.read_file("/var/lib/dpkg/arch")?.unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            for line in text.lines().filter(|line| *line != native && !line.is_empty()) {
                shell.out(format!("{line}\n"))?;
            }
            Ok(0)
        }
        Some("-L" | "--listfiles") => list_files(shell, &words[2..]),
        Some("-S" | "--search") => search(shell, &words[2..]),
        Some("-s" | "--status") => {
            let mut status = 0;
            for name in &words[2..] {
                match stanza(shell, name)? {
                    Some(text) => shell.out(format!("{text}\n"))?,
                    None => status = 1,
                }
            }
            Ok(status)
        }
        Some(option) if option.starts_with("--assert-") => assert_feature(shell, option, &words[2..]),
        Some("--validate-version") => match words[2..].strip_prefix(&["--".to_owned()]).unwrap_or(&words[2..]) {
            // A version that nobody doubts; for the others the exact status is dpkg's affair.
            [version] if slim::packages::dpkg::version::Version::new(version).is_ok() => Ok(0),
            _ => Err(shell.unproven("dpkg --validate-version", "not surely a version")),
        },
        other => Err(shell.unproven("dpkg", format!("{} is not known", other.unwrap_or("nothing")))),
    }
}

/// `dpkg-realpath [--root ""] PATH`: the path with all links followed, inside the root.
pub(super) fn realpath(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let name = match &words[1..] {
        [name] => name,
        [option, root, name] if option == "--root" && matches!(root.as_str(), "" | "/") => name,
        _ => return Err(shell.unproven("dpkg-realpath", format!("not known: {}", words[1..].join(" ")))),
    };
    // What is missing keeps the name that it has, and a link that leads nowhere is followed to where it would.
    let mut name = name.clone();
    for _ in 0..40 {
        let dangling = match (shell.follow(&name)?, shell.look(&name)?) {
            (None, Some((at, node))) => node.as_symlink().map(|target| (at, target.to_vec())),
            _ => None,
        };
        let Some((at, target)) = dangling else {
            let path = super::files::canonical(shell, &name, 'm')?.filter(|_| name.starts_with('/'));
            let path = path.ok_or_else(|| shell.unproven("dpkg-realpath", format!("{name} is not absolute")))?;
            shell.out(format!("{path}\n"))?;
            return Ok(0);
        };
        let target = String::from_utf8_lossy(&target).into_owned();
        let directory = at.parent().map(|parent| parent.to_text()).unwrap_or_default();
        name = if target.starts_with('/') { target } else { format!("{directory}/{target}") };
    }
    Err(shell.unproven("dpkg-realpath", format!("{name}: too many links")))
}

/// `dpkg --assert-FEATURE`: what the image's dpkg says of itself (dpkg(1), by the version that began it).
fn assert_feature(shell: &Shell<'_, '_>, option: &str, rest: &[String]) -> Status {
    let since = match option {
        "--assert-support-predepends" => "1.1.0",
        "--assert-working-epoch" => "1.4.0.7",
        "--assert-long-filenames" => "1.4.1.17",
        "--assert-multi-conrep" => "1.4.1.19",
        "--assert-multi-arch" => "1.16.2",
        "--assert-versioned-provides" => "1.17.11",
        "--assert-protected-field" => "1.20.1",
        _ => return Err(shell.unproven("dpkg", format!("{option} is not known"))),
    };
    let known = match field(shell, "dpkg", "Version")? {
        Some(version) if rest.is_empty() => compare_versions(&version, since).is_some_and(|order| order.is_ge()),
        _ => false,
    };
    if known { Ok(0) } else { Err(shell.unproven("dpkg", format!("{option} of a dpkg that old"))) }
}

/// dpkg's rules: with the plain names an empty version is before all others, with `-nl` it is after them.
fn compare(shell: &Shell<'_, '_>, left: &str, relation: &str, right: &str) -> Status {
    let (base, empty_last) = match relation.strip_suffix("-nl") {
        Some(base) => (base, true),
        None => (relation, false),
    };
    let order = match (left.is_empty(), right.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) if empty_last => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, true) if empty_last => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => compare_versions(left, right)
            .ok_or_else(|| shell.unproven("dpkg --compare-versions", format!("{left} and {right}")))?,
    };
    let holds = match base {
        "lt" | "<<" => order.is_lt(),
        "le" | "<=" | "<" => order.is_le(),
        "eq" | "=" => order.is_eq(),
        "ne" => order.is_ne(),
        "ge" | ">=" | ">" => order.is_ge(),
        "gt" | ">>" => order.is_gt(),
        _ => return Err(shell.unproven("dpkg --compare-versions", format!("relation {relation:?}"))),
    };
    Ok(i32::from(!holds))
}

fn native_architecture(shell: &Shell<'_, '_>) -> Result<String, Stop> {
    // dpkg itself is never `all`, and its architecture is the native one.
    match field(shell, "dpkg", "Architecture")? {
        Some(architecture) => Ok(architecture),
        None => Err(shell.unproven("dpkg --print-architecture", "dpkg is not in the database")),
    }
}

/// The text of a package's paragraph in the status file.
fn stanza(shell: &Shell<'_, '_>, name: &str) -> Result<Option<String>, Stop> {
    let text = shell.read_file("/var/lib/dpkg/status")?.unwrap_or_default();
    let (name, architecture) = name.split_once(':').map_or((name, None), |(name, arch)| (name, Some(arch)));
    let found = paragraphs(&text).find(|paragraph| {
        paragraph.get("Package").as_deref() == Some(name)
            && architecture.is_none_or(|wanted| paragraph.get("Architecture").as_deref() == Some(wanted))
    });
    Ok(found.map(|paragraph| String::from_utf8_lossy(paragraph.raw()).into_owned()))
}

fn field(shell: &Shell<'_, '_>, package: &str, field: &str) -> Result<Option<String>, Stop> {
    let Some(stanza) = stanza(shell, package)? else { return Ok(None) };
    let paragraph = slim::packages::dpkg::paragraph::Paragraph::new(stanza.as_bytes());
    Ok(paragraph.get(field).map(|value| value.into_owned()))
}

fn list_files(shell: &mut Shell<'_, '_>, names: &[String]) -> Status {
    let mut status = 0;
    for name in names {
        let base = name.split(':').next().unwrap_or(name);
        let mut candidates = vec![format!("/var/lib/dpkg/info/{name}.list"), format!("/var/lib/dpkg/info/{base}.list")];
        if let Some(architecture) = field(shell, name, "Architecture")? {
            candidates.push(format!("/var/lib/dpkg/info/{base}:{architecture}.list"));
        }
        let mut found = None;
        for candidate in &candidates {
            found = found.or(shell.read_file(candidate)?);
        }
        match found {
            Some(list) => {
                if shell.read_file("/var/lib/dpkg/diversions")?.is_some_and(|text| !text.is_empty()) {
                    let diversions = shell.read_file("/var/lib/dpkg/diversions")?.unwrap_or_default();
                    let diverted = |line: &[u8]| diversions.split(|byte| *byte == b'\n').any(|other| other == line);
                    if list.split(|byte| *byte == b'\n').any(|line| !line.is_empty() && diverted(line)) {
                        return Err(shell.unproven("dpkg -L", "a diverted file"));
                    }
                }
                shell.out(list)?;
            }
            None => status = 1,
        }
    }
    Ok(status)
}

/// `dpkg-query -W -f FORMAT`, `-L`, `-s`, `-S PATH`, `-l NAME`
pub(super) fn query(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long = [
        ("show", 'W'),
        ("showformat", 'f'),
        ("listfiles", 'L'),
        ("status", 's'),
        ("list", 'l'),
        ("search", 'S'),
        ("control-path", 'c'),
    ];
    let options = options::read(shell, words, "Wf:LslSc", &long)?;
    if options.has('L') {
        return list_files(shell, &options.operands);
    }
    if options.has('S') {
        return search(shell, &options.operands);
    }
    if options.has('s') {
        let words: Vec<_> = ["dpkg".to_owned(), "-s".to_owned()].into_iter().chain(options.operands).collect();
        return dpkg(shell, &words);
    }
    if options.has('l') {
        // The table's widths depend on its contents; that nothing is there needs no table.
        for name in &options.operands {
            if name.contains(['*', '?', '[', '\\']) || stanza(shell, name)?.is_some() {
                return Err(shell.unproven("dpkg-query", format!("the table for {name}")));
            }
        }
        return if options.operands.is_empty() { Err(shell.unproven("dpkg-query", "the table")) } else { Ok(1) };
    }
    if !options.has('W') || options.has('c') {
        return Err(shell.unproven("dpkg-query", "this form"));
    }
    let format = options.value('f').unwrap_or("${binary:Package}\t${Version}\n").to_owned();
    let mut status = 0;
    for name in &options.operands {
        if name.contains(['*', '?', '[']) {
            return Err(shell.unproven("dpkg-query", format!("pattern {name:?}")));
        }
        let Some(stanza) = stanza(shell, name)? else {
            status = 1;
            continue;
        };
        let text = show(shell, &format, &stanza)?;
        shell.out(text)?;
    }
    Ok(status)
}

/// `dpkg -S PATH …`: which packages list exactly this path.
fn search(shell: &mut Shell<'_, '_>, paths: &[String]) -> Status {
    let info = ImagePath::literal("/var/lib/dpkg/info");
    let mut status = 0;
    for wanted in paths {
        if !wanted.starts_with('/') || wanted.contains(['*', '?', '[', '\\']) {
            return Err(shell.unproven("dpkg-query -S", format!("pattern {wanted:?}")));
        }
        let wanted = wanted.trim_end_matches('/');
        let diversions = shell.read_file("/var/lib/dpkg/diversions")?.unwrap_or_default();
        if diversions.split(|byte| *byte == b'\n').any(|line| line == wanted.as_bytes()) {
            return Err(shell.unproven("dpkg-query -S", "a diverted file"));
        }
        let mut owners = Vec::new();
        for name in shell.names_in(&info) {
            let Some(package) = name.strip_suffix(".list") else { continue };
            let list = shell.read_file(&format!("/var/lib/dpkg/info/{name}"))?.unwrap_or_default();
            if list.split(|byte| *byte == b'\n').any(|line| line == wanted.as_bytes()) {
                owners.push(package.to_owned());
            }
        }
        match &owners[..] {
            [] => status = 1,
            [owner] => shell.out(format!("{owner}: {wanted}\n"))?,
            _ if shell.is_silent() => {}
            _ => return Err(shell.unproven("dpkg-query -S", "the order of several owners")),
        }
    }
    Ok(status)
}

fn show(shell: &Shell<'_, '_>, format: &str, stanza: &str) -> Result<String, Stop> {
    let paragraph = slim::packages::dpkg::paragraph::Paragraph::new(stanza.as_bytes());
    let get = |name: &str| paragraph.get(name).map(|value| value.into_owned()).unwrap_or_default();
    let state = get("Status");
    let word = |at: usize| state.split(' ').nth(at).unwrap_or("").to_owned();
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['$', '\\']) {
        text.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(name) = tail.strip_prefix("${") {
            let Some((name, after)) = name.split_once('}') else {
                return Err(shell.unproven("dpkg-query", "the format"));
            };
            match name {
                "db:Status-Want" => text.push_str(&word(0)),
                "db:Status-Status" => text.push_str(&word(2)),
                "db:Status-Abbrev" | "binary:Package" | "binary:Summary" => {
                    return Err(shell.unproven("dpkg-query", format!("field {name}")));
                }
                // The value as dpkg prints it: a leading newline where the field begins empty.
                "Conffiles" => {
                    let value = get("Conffiles");
                    if !value.is_empty() {
                        text.push_str("\n ");
                        text.push_str(value.trim_start());
                    }
                }
                name if name.contains([':', ';']) => return Err(shell.unproven("dpkg-query", format!("field {name}"))),
                name => text.push_str(&get(name)),
            }
            rest = after;
        } else if let Some(after) = tail.strip_prefix("\\n") {
            text.push('\n');
            rest = after;
        } else if let Some(after) = tail.strip_prefix("\\t") {
            text.push('\t');
            rest = after;
        } else {
            return Err(shell.unproven("dpkg-query", "the format"));
        }
    }
    text.push_str(rest);
    Ok(text)
}

/// `dpkg-trigger [--no-await] NAME`
pub(super) fn trigger(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let long = [("no-await", 'n'), ("await", 'a'), ("check-supported", 'c'), ("by-package", 'b')];
    let options = options::read(shell, words, "ab:cn", &long)?;
    if options.has('c') {
        // Triggers came with 1.14; the database's own directory is all that is looked for.
        let supported = shell.follow("/var/lib/dpkg/triggers")?.is_some_and(|(_, node)| node.is_directory());
        return if supported { Ok(0) } else { Err(shell.unproven("dpkg-trigger", "a database without triggers")) };
    }
    let [name] = &options.operands[..] else { return Err(shell.unproven("dpkg-trigger", "one trigger expected")) };
    if !shell.activated.contains(name) {
        shell.changes += 1;
        shell.activated.push(name.clone());
    }
    Ok(0)
}
