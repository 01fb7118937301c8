//! `update-rc.d` (update-rc.d(8)): the links of init scripts below `/etc/rc?.d`.
//!
//! Without `insserv`, which images do not have, every link is number 01 and made once. With it a new order may follow from any
//! script, so only an unchanged header is proven to change nothing.

use super::{Output, path, read_text, unproven};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;

/// `update-rc.d [-f] SCRIPT remove|defaults [NUMBER [NUMBER]]|defaults-disabled`
///
/// # Errors
/// For other actions, OpenRC, and where `insserv` would have to find an order.
pub fn run(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let not_known = |why: &str| unproven("update-rc.d", format!("{why}: {}", arguments.join(" ")));
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "-f").collect();
    // The numbers are of old: the program discards them.
    let is_number = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let words = match words[..] {
        [name, "defaults", ref numbers @ ..] if numbers.len() < 3 && numbers.iter().all(is_number) => {
            &[name, "defaults"]
        }
        _ => &words[..],
    };
    let &[name, action @ ("remove" | "defaults" | "defaults-disabled")] = words else {
        return Err(not_known("this form"));
    };
    let there = |name: &str| Ok::<_, Unproven>(draft.tree().lookup(&path(name)?).is_some());
    let has_insserv = (there("/sbin/insserv")? || there("/usr/lib/insserv/insserv")?) && there("/etc/insserv.conf")?;
    if there("/sbin/openrc")? {
        return Err(not_known("OpenRC"));
    }
    let links = links(draft, name)?;
    let script = path(format!("/etc/init.d/{name}"))?;
    if action == "remove" && !has_insserv {
        links.iter().for_each(|link| draft.remove(link));
        return Ok(Output::done(if links.is_empty() {
            String::new()
        } else {
            format!("{name} is not started any more")
        }));
    }
    if !links.is_empty() && action != "remove" {
        let unchanged = !has_insserv || draft.original(&script) == draft.get(&script) || {
            let old = draft.original(&script).and_then(Node::as_file).map(|file| draft.contents().read(&file.content));
            let old =
                old.transpose().map_err(|error| super::unreadable(&script, &error))?.unwrap_or_default().into_owned();
            header(&String::from_utf8_lossy(&old)) == header(&read_text(draft, &script)?.unwrap_or_default())
        };
        return unchanged.then(Output::default).ok_or_else(|| not_known("insserv would find a new order"));
    }
    if has_insserv {
        return Err(not_known("insserv would find an order"));
    }
    let Some(text) = read_text(draft, &script)? else { return Ok(Output::status(1)) };
    let levels = |key: &str| -> Vec<String> {
        let header = header(&text);
        let line = header.iter().rev().find_map(|line| line.strip_prefix(key).map(str::to_owned));
        line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    let start = if action == "defaults" { "S" } else { "K" };
    let all = levels("# Default-Start:").into_iter().map(|level| (level, start));
    let all: Vec<_> = all.chain(levels("# Default-Stop:").into_iter().map(|level| (level, "K"))).collect();
    if all.iter().any(|(level, _)| !matches!(level.as_str(), "0" | "1" | "2" | "3" | "4" | "5" | "6" | "S")) {
        return Err(not_known("a run level that is none"));
    }
    for (level, kind) in all {
        let node = Node { mtime: draft.now, ..Node::symlink(format!("../init.d/{name}")) };
        draft.put(path(format!("/etc/rc{level}.d/{kind}01{name}"))?, node);
    }
    Ok(Output::done(format!("{name} is started by init")))
}

/// The links of a script in every run level.
fn links(draft: &Draft<'_>, name: &str) -> Result<Vec<ImagePath>, Unproven> {
    let mut found = Vec::new();
    for level in ["0", "1", "2", "3", "4", "5", "6", "S"] {
        let directory = path(format!("/etc/rc{level}.d"))?;
        let is_link = |link: &&ImagePath| match link.file_name() {
            [b'S' | b'K', a, b, rest @ ..] => a.is_ascii_digit() && b.is_ascii_digit() && rest == name.as_bytes(),
            _ => false,
        };
        found.extend(draft.tree().children(&directory).map(|(path, _)| path).filter(is_link).cloned());
    }
    Ok(found)
}

/// The lines of a script's LSB header.
fn header(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with("### BEGIN INIT INFO"));
    lines.take_while(|line| !line.starts_with("### END INIT INFO")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    const SCRIPT: &str = "/etc/init.d/x = #!/bin/sh\\n### BEGIN INIT INFO\\n# Default-Start: 2 S\\n# Default-Stop: 0\\n### END INIT INFO\\n\n";

    fn run(draft: &mut Draft<'_>, line: &str) -> Result<i32, Unproven> {
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        super::run(draft, &words).map(|output| output.status)
    }

    #[test]
    fn links_are_made_once_and_removed() {
        let mut draft = Draft::new(text::tree(SCRIPT).unwrap(), &MemoryContents);
        assert_eq!(run(&mut draft, "x defaults 19 21"), Ok(0));
        assert!(run(&mut draft, "x defaults 19 21 .").is_err());
        let names: Vec<_> = links(&draft, "x").unwrap().iter().map(ImagePath::to_text).collect();
        assert_eq!(names, ["/etc/rc0.d/K01x", "/etc/rc2.d/S01x", "/etc/rcS.d/S01x"]);
        let before = draft.checkpoint();
        assert_eq!(run(&mut draft, "x defaults-disabled"), Ok(0));
        assert_eq!(draft.checkpoint(), before);
        assert_eq!(run(&mut draft, "-f x remove"), Ok(0));
        assert!(links(&draft, "x").unwrap().is_empty());
        assert_eq!(run(&mut draft, "y defaults"), Ok(1));
        assert!(run(&mut draft, "x enable").is_err());
    }

    #[test]
    fn an_order_is_not_guessed() {
        let with = format!("{SCRIPT}/sbin/insserv = x\n/etc/insserv.conf = x\n/etc/rc2.d/S07x -> ../init.d/x");
        let mut draft = Draft::new(text::tree(&with).unwrap(), &MemoryContents);
        draft.edit(&ImagePath::literal("/etc/init.d/x"), |node| node.mtime.seconds = 9);
        assert_eq!(run(&mut draft, "x defaults"), Ok(0));
        draft.put(ImagePath::literal("/etc/init.d/x"), Node::file(*b"### BEGIN INIT INFO\n# Default-Start: 3\n"));
        assert!(run(&mut draft, "x defaults").is_err());
        assert!(run(&mut draft, "x remove").is_err());
    }
}
