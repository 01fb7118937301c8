//! `setcap` and `getcap` (capabilities(7)): the extended attribute `security.capability`, revision 2.

use super::{Output, path, unproven};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;

const ATTRIBUTE: &[u8] = b"security.capability";

/// The names in the order of their bits (linux/capability.h).
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// `setcap [-q] NAMES[=+]FLAGS|-r FILE`
///
/// # Errors
/// For texts of several clauses, other operators, and several files.
pub fn set(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "-q").collect();
    let [text, file] = words[..] else {
        return Err(unproven("setcap", format!("not known: {}", arguments.join(" "))));
    };
    let Some((place, node)) = draft.tree().lookup(&path(file)?) else { return Ok(Output::status(1)) };
    if node.as_file().is_none() {
        return Ok(Output::status(1));
    }
    if text == "-r" {
        draft.edit(&place, |node| drop(node.xattrs.remove(ATTRIBUTE)));
        return Ok(Output::done(format!("{file} has no capabilities")));
    }
    let value = encode(text).ok_or_else(|| unproven("setcap", format!("capabilities {text} are not known")))?;
    draft.edit(&place, |node| drop(node.xattrs.insert(ATTRIBUTE.to_vec(), value)));
    Ok(Output::done(format!("{file} has {text}")))
}

/// `getcap FILE…`
///
/// # Errors
/// For options, and capabilities of several kinds.
pub fn get(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let mut text = String::new();
    for file in arguments {
        if file.starts_with('-') {
            return Err(unproven("getcap", format!("option {file} is not known")));
        }
        let Some((_, node)) = draft.tree().lookup(&path(file)?) else { return Ok(Output::status(1)) };
        if let Some(value) = node.xattrs.get(ATTRIBUTE) {
            let known = decode(value).filter(|known| encode(known).as_ref() == Some(value));
            let known = known.ok_or_else(|| unproven("getcap", format!("capabilities of {file} are not known")))?;
            text += &format!("{file} {known}\n");
        }
    }
    Ok(Output::answer(text))
}

/// The attribute for `cap_net_raw+ep`.
fn encode(text: &str) -> Option<Vec<u8>> {
    let at = text.find(['+', '='])?;
    let (names, flags) = (&text[..at], &text[at + 1..]);
    let bits = names.split(',').try_fold(0u64, |bits, name| {
        let name = name.to_ascii_lowercase();
        let bit = NAMES.iter().position(|known| name.strip_prefix("cap_") == Some(known))?;
        Some(bits | 1 << bit)
    })?;
    if flags.is_empty() || !flags.chars().all(|flag| matches!(flag, 'e' | 'i' | 'p')) {
        return None;
    }
    let of = |flag: char| if flags.contains(flag) { bits } else { 0 };
    let (permitted, inheritable) = (of('p'), of('i'));
    let words = [
        0x0200_0000 | u32::from(flags.contains('e')),
        permitted as u32,
        inheritable as u32,
        (permitted >> 32) as u32,
        (inheritable >> 32) as u32,
    ];
    Some(words.iter().flat_map(|word| word.to_le_bytes()).collect())
}

fn decode(value: &[u8]) -> Option<String> {
    let (words, []) = value.as_chunks::<4>() else { return None };
    let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let &[head, permitted, inheritable, permitted_high, inheritable_high] = &words[..] else { return None };
    let bits = u64::from(permitted | inheritable) | u64::from(permitted_high | inheritable_high) << 32;
    let names: Vec<String> = NAMES
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, name)| format!("cap_{name}"))
        .collect();
    let flags =
        [(head & 1 == 1, 'e'), (inheritable | inheritable_high != 0, 'i'), (permitted | permitted_high != 0, 'p')];
    let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
    Some(format!("{}={flags}", names.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::path::ImagePath;
    use slim::tree::{MemoryContents, text};

    #[test]
    fn capabilities_are_set_and_told() {
        let mut draft = Draft::new(text::tree("/bin/ping = x").unwrap(), &MemoryContents);
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        set(&mut draft, &words("cap_net_raw+ep /bin/ping")).unwrap();
        let ping = draft.get(&ImagePath::literal("/bin/ping")).unwrap();
        let expected = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(ping.xattrs.get(ATTRIBUTE).unwrap(), &expected);
        assert_eq!(get(&mut draft, &words("/bin/ping")).unwrap().stdout, b"/bin/ping cap_net_raw=ep\n");
        assert_eq!(set(&mut draft, &words("cap_net_raw+ep /bin/none")).unwrap().status, 1);
        assert!(set(&mut draft, &words("cap_fly+ep /bin/ping")).is_err());
        set(&mut draft, &words("-r /bin/ping")).unwrap();
        assert!(draft.get(&ImagePath::literal("/bin/ping")).unwrap().xattrs.is_empty());
    }
}
