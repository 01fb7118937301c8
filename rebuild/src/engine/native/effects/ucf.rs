//! `ucf` and `ucfr` (ucf(1), ucfr(1)): configuration files that scripts make from templates, kept as dpkg keeps conffiles.
//!
//! Nobody answers questions here: where both the administrator and the package changed a file, the administrator's stays and the
//! package's is put beside it as `.ucf-dist`, which is what `ucf` does without a terminal.

use super::{Output, path, place, read, read_text, unproven};
use crate::engine::native::script::Unproven;
use md5::{Digest, Md5};
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;

const STATE: &str = "/var/lib/ucf";

/// Templates below this size are remembered, for three-way merges by people.
const CACHED_SIZE: u64 = 25600;

/// `ucf [--three-way] [--debconf-ok] [--sum-file FILE] [--src-dir DIRECTORY] NEW DESTINATION`, `ucf --purge DESTINATION`
///
/// # Errors
/// For other options, a configured `ucf`, diverted destinations and folders of historical checksums.
pub fn run(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let not_known = |why: &str| unproven("ucf", format!("{why}: {}", arguments.join(" ")));
    let (mut purge, mut three_way, mut sums, mut directory, mut operands) = (false, false, None, None, Vec::new());
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-p" | "--purge" => purge = true,
            "--three-way" => three_way = true,
            "--sum-file" => sums = words.next().map(str::to_owned),
            "-s" | "--src-dir" => directory = words.next().map(str::to_owned),
            "--debconf-template" => drop(words.next()),
            "--debconf-ok" | "-Z" | "--" => {}
            _ if word.starts_with('-') => return Err(not_known("an option is not known")),
            _ => operands.push(word),
        }
    }
    let configuration = read_text(draft, &path("/etc/ucf.conf")?)?.unwrap_or_default();
    if configuration.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        return Err(not_known("/etc/ucf.conf is not as it comes"));
    }
    let name = *operands.last().ok_or_else(|| not_known("a destination is missing"))?;
    let destination = match draft.tree().lookup(&path(name)?) {
        Some((real, _)) => real,
        None => path(name)?,
    };
    let name = destination.to_text();
    let diversions = read_text(draft, &path("/var/lib/dpkg/diversions")?)?.unwrap_or_default();
    if diversions.lines().any(|line| line == name) {
        return Err(not_known("the destination is diverted"));
    }
    let cache =
        path(format!("{STATE}/cache"))?.join(name.replace('/', ":")).map_err(|_| not_known("the name is too long"))?;
    let (new, three_way) = match operands[..] {
        [_] if purge => {
            rotate(draft, "hashfile", true)?;
            let lines = others(draft, "hashfile", &name)?;
            replace(draft, "hashfile", lines)?;
            draft.remove(&cache);
            return Ok(Output::done(format!("{name} is not looked after any more")));
        }
        [new, _] if !purge => (path(new)?, three_way),
        _ => return Err(not_known("this form")),
    };
    let Some((new_path, new_node)) = draft.tree().lookup(&new).map(|(path, node)| (path, node.clone())) else {
        return Ok(Output::status(1));
    };
    let new_bytes = read(draft, &new_path)?.unwrap_or_default();
    let new_sum = hex::encode(Md5::digest(&new_bytes));
    let now = read(draft, &destination)?.map(|bytes| hex::encode(Md5::digest(bytes)));
    let text = read_text(draft, &path(format!("{STATE}/hashfile"))?)?.unwrap_or_default();
    let mut last = text
        .lines()
        .filter(|line| names(line, &name))
        .find_map(|line| line.split_whitespace().next().map(str::to_owned));
    let state = State { destination, name, cache, new: new_node, three_way };
    let Some(now) = now else {
        return match last {
            None => state.install(draft),
            Some(last) if last == new_sum => Ok(Output::default()),
            Some(_) => state.keep(draft),
        };
    };
    let mut record = false;
    if last.is_none() {
        let directory = directory.unwrap_or_else(|| new_path.parent().unwrap_or_else(ImagePath::root).to_text());
        let base = String::from_utf8_lossy(new_path.file_name()).into_owned();
        if draft.tree().lookup(&path(format!("{directory}/{base}.md5sum.d"))?).is_some() {
            return Err(not_known("a folder of historical checksums"));
        }
        let history =
            read_text(draft, &path(sums.unwrap_or(format!("{directory}/{base}.md5sum")))?)?.unwrap_or_default();
        if history.lines().any(|line| line.starts_with(&now)) {
            return state.install(draft);
        }
        last = history
            .lines()
            .filter(|line| names(line, "default"))
            .find_map(|line| line.split_whitespace().next().map(str::to_owned));
        record = last.is_some();
    }
    match last {
        Some(last) if last == new_sum => {
            if record {
                state.record(draft)?;
            }
            Ok(Output::default())
        }
        Some(last) if last == now => state.install(draft),
        _ if now == new_sum => state.record(draft).map(|()| Output::done(format!("{} is recorded", state.name))),
        _ => state.keep(draft),
    }
}

struct State {
    destination: ImagePath,
    name: String,
    cache: ImagePath,
    new: Node,
    three_way: bool,
}

impl State {
    /// The template becomes the file.
    fn install(&self, draft: &mut Draft<'_>) -> Result<Output, Unproven> {
        match draft.get(&self.destination).cloned() {
            // The file there keeps its owner and mode.
            Some(old) if old.as_file().is_some() => {
                let kind = self.new.kind.clone();
                draft.put(self.destination.clone(), Node { kind, mtime: draft.now, ..old });
            }
            _ => {
                let place = place(draft, &self.destination);
                draft.put(place, self.copy());
            }
        }
        self.record(draft)?;
        Ok(Output::done(format!("{} is as the package has it", self.name)))
    }

    /// The file stays and the template is put beside it.
    fn keep(&self, draft: &mut Draft<'_>) -> Result<Output, Unproven> {
        self.record(draft)?;
        draft.put(path(format!("{}.ucf-dist", self.name))?, self.copy());
        Ok(Output::done(format!("{} was changed and is kept", self.name)))
    }

    fn record(&self, draft: &mut Draft<'_>) -> Result<(), Unproven> {
        rotate(draft, "hashfile", true)?;
        let bytes = self.new.as_file().map(|file| draft.contents().read(&file.content).map(|bytes| bytes.into_owned()));
        let bytes =
            bytes.transpose().map_err(|error| super::unreadable(&self.destination, &error))?.unwrap_or_default();
        let sum = hex::encode(Md5::digest(bytes));
        let lines = others(draft, "hashfile", &self.name)? + &format!("{sum}  {}\n", self.name);
        replace(draft, "hashfile", lines)?;
        if self.three_way || self.new.size() < CACHED_SIZE {
            draft.put(self.cache.clone(), self.copy());
        }
        Ok(())
    }

    fn copy(&self) -> Node {
        let mut node = self.new.clone();
        if let slim::tree::Kind::File(file) = &mut node.kind {
            file.inode = None;
        }
        node
    }
}

/// `ucfr [--force] PACKAGE FILE`, `ucfr --purge PACKAGE FILE`: which package a file belongs to.
///
/// # Errors
/// For other options.
pub fn register(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let (options, operands): (Vec<_>, Vec<_>) =
        arguments.iter().map(String::as_str).partition(|word| word.starts_with('-'));
    let known = |option: &&str| matches!(*option, "-p" | "--purge" | "-f" | "--force" | "-v" | "--verbose");
    let ([package, file], true) = (&operands[..], options.iter().all(known)) else {
        return Err(unproven("ucfr", format!("not known: {}", arguments.join(" "))));
    };
    let has = |short: &str, long: &str| options.iter().any(|option| *option == short || *option == long);
    let (purge, force) = (has("-p", "--purge"), has("-f", "--force"));
    let real = draft.tree().lookup(&path(file)?).map_or(path(file)?, |(real, _)| real);
    let name = place(draft, &real).to_text();
    let text = read_text(draft, &path(format!("{STATE}/registry"))?)?.unwrap_or_default();
    let owner = text.lines().find(|line| names(line, &name)).and_then(|line| line.split_whitespace().next());
    match (owner, purge) {
        (None, true) => return Ok(Output::default()),
        (Some(owner), false) if owner == *package => return Ok(Output::default()),
        (Some(owner), _) if owner != *package && !force => return Ok(Output::status(if purge { 5 } else { 4 })),
        _ => {}
    }
    rotate(draft, "registry", false)?;
    let line = if purge { String::new() } else { format!("{package} \t {name}\n") };
    let lines = others(draft, "registry", &name)? + &line;
    replace(draft, "registry", lines)?;
    Ok(Output::done(format!("{name} is registered to {package}")))
}

/// Whether a line of a state file ends in a name.
fn names(line: &str, name: &str) -> bool {
    line.strip_suffix(name).is_some_and(|rest| rest.ends_with([' ', '\t']))
}

fn others(draft: &Draft<'_>, file: &str, name: &str) -> Result<String, Unproven> {
    let text = read_text(draft, &path(format!("{STATE}/{file}"))?)?.unwrap_or_default();
    Ok(text.lines().filter(|line| !names(line, name)).map(|line| format!("{line}\n")).collect())
}

/// A new file under the old name, as `mv` leaves it.
fn replace(draft: &mut Draft<'_>, file: &str, text: String) -> Result<(), Unproven> {
    let node = Node { mtime: draft.now, ..Node::file(text.into_bytes()) };
    draft.put(path(format!("{STATE}/{file}"))?, node);
    Ok(())
}

/// The last eight states are kept beside the file: `.0` is the newest.
fn rotate(draft: &mut Draft<'_>, file: &str, keeps_time: bool) -> Result<(), Unproven> {
    let steps = (0..=6).rev().map(|number| (format!(".{number}"), number + 1)).chain([(String::new(), 0)]);
    for (from, to) in steps {
        let from = path(format!("{STATE}/{file}{from}"))?;
        if let Some(node) = draft.get(&from).cloned() {
            let mtime = if keeps_time { node.mtime } else { draft.now };
            draft.put(path(format!("{STATE}/{file}.{to}"))?, Node { mtime, ..node });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    /// The sums of `1`, `2` and `own`.
    const ONE: &str = "c4ca4238a0b923820dcc509a6f75849b";
    const TWO: &str = "c81e728d9d4c2f636f067f89cc14862c";

    fn after(tree: &str, line: &str) -> (String, String) {
        let mut draft = Draft::new(text::tree(tree).unwrap(), &MemoryContents);
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        assert_eq!(run(&mut draft, &words).unwrap().status, 0);
        let read = |name: &str| {
            let bytes = draft.read(&ImagePath::literal(name)).unwrap();
            bytes.map_or("-".to_owned(), |bytes| String::from_utf8(bytes).unwrap())
        };
        (format!("{} {}", read("/etc/x"), read("/etc/x.ucf-dist")), read("/var/lib/ucf/hashfile"))
    }

    #[test]
    fn three_sums_decide() {
        let rows = [
            // In place, recorded, new: what is there afterwards, and which sum is recorded.
            ("1", Some(ONE), "1", "1 -", ONE),
            ("1", Some(ONE), "2", "2 -", TWO),
            ("own", Some(ONE), "1", "own -", ONE),
            ("own", Some(ONE), "2", "own 2", TWO),
            ("2", Some(ONE), "2", "2 -", TWO),
            ("", None, "1", "1 -", ONE),
            ("", Some(ONE), "1", "- -", ONE),
            ("1", None, "1", "1 -", ONE),
        ];
        for (place, recorded, new, files, sum) in rows {
            let mut tree = format!("/usr/share/t/x = {new}\n/etc/ucf.conf = # nothing\n");
            if !place.is_empty() {
                tree += &format!("/etc/x = {place}\n");
            }
            if let Some(recorded) = recorded {
                tree += &format!("/var/lib/ucf/hashfile = {recorded}  /etc/x\\n\n");
            }
            let outcome = after(&tree, "--three-way --debconf-ok /usr/share/t/x /etc/x");
            assert_eq!(outcome, (files.to_owned(), format!("{sum}  /etc/x\n")), "{place} {recorded:?} {new}");
        }
    }

    #[test]
    fn history_stands_for_a_record() {
        let tree = format!("/usr/share/t/x = 2\n/usr/share/t/x.md5sum = {ONE} 1.0\\n\n/etc/x = 1");
        assert_eq!(after(&tree, "/usr/share/t/x /etc/x").0, "2 -");
    }

    #[test]
    fn registered_files_stay_with_their_package() {
        let tree = "/etc/x = 1\n/var/lib/ucf/registry = a \\t /etc/x\\n".replace("\\t", "\t");
        let mut draft = Draft::new(text::tree(&tree).unwrap(), &MemoryContents);
        let mut run = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
            register(&mut draft, &words).unwrap().status
        };
        assert_eq!((run("a /etc/x"), run("b /etc/x"), run("--purge b /etc/x")), (0, 4, 5));
        assert_eq!((run("--force b /etc/x"), run("--purge b /etc/x"), run("--purge b /etc/x")), (0, 0, 0));
    }
}
