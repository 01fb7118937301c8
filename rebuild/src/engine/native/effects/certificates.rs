//! `update-ca-certificates`: links, hashes and the bundle of trusted certificates in `/etc/ssl/certs` (Debian's ca-certificates).

pub(super) mod subject;

use super::{Output, Started, path, place, read, unproven};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;
use std::collections::BTreeMap;
use subject::Unhashed;

const CERTIFICATES: &[u8] = b"/usr/share/ca-certificates";
const LOCAL: &[u8] = b"/usr/local/share/ca-certificates";

/// Runs the command. Known options: `--fresh`, `--verbose`, `--hooksdir DIR`. The hooks are left to the caller, in [`Output::starts`].
///
/// # Errors
/// Other options; files that OpenSSL would read in a way that is not reproduced.
pub fn run(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let mut hooks = "/etc/ca-certificates/update.d";
    let mut fresh = false;
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--fresh" | "-f" => fresh = true,
            "--verbose" | "-v" => {}
            "--hooksdir" => hooks = words.next().unwrap_or_default(),
            other => return Err(unproven("update-ca-certificates", format!("option {other} is not known"))),
        }
    }
    let configuration = read(draft, &ImagePath::literal("/etc/ca-certificates.conf"))?.unwrap_or_default();
    let directory = ImagePath::literal("/etc/ssl/certs");
    let Some((directory, _)) = draft.tree().lookup(&directory) else {
        return Err(unproven("update-ca-certificates", "/etc/ssl/certs does not exist"));
    };
    let mut store = Store { directory, added: Vec::new(), removed: Vec::new(), bundle: None };
    if fresh || configuration.is_empty() {
        store.clear(draft);
    }
    let lines: Vec<&[u8]> = configuration.split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect();
    if configuration.contains(&b'\\') {
        return Err(unproven("update-ca-certificates", "a name in ca-certificates.conf has a backslash"));
    }
    for name in lines.iter().filter_map(|line| line.strip_prefix(b"!")) {
        store.remove(draft, name.trim_ascii())?;
    }
    for name in lines.iter().filter(|line| !matches!(line[0], b'!' | b'#')) {
        let file = [CERTIFICATES, b"/", name.trim_ascii()].concat();
        if is_file(draft, &file) {
            store.add(draft, &file)?;
        }
    }
    for file in local_certificates(draft) {
        store.add(draft, &file)?;
    }
    let changed = !store.added.is_empty() || !store.removed.is_empty();
    if changed {
        store.drop_orphans(draft);
        store.rehash(draft)?;
    }
    store.write_bundle(draft)?;
    let summary = format!("{} certificates added, {} removed", store.added.len(), store.removed.len());
    let starts = started(draft, hooks, &[store.added, store.removed].concat())?;
    Ok(Output { starts, ..Output::done(if changed { summary } else { String::new() }) })
}

/// A certificate's file name and DER bytes.
type Certificate = (Vec<u8>, Vec<u8>);

/// The directory of trusted certificates.
struct Store {
    directory: ImagePath,
    /// What hooks are told: `+` and the link.
    added: Vec<Vec<u8>>,
    /// `-` and the link.
    removed: Vec<Vec<u8>>,
    /// What the bundle will be; `None` while no certificate was added: then the old bundle stays.
    bundle: Option<Vec<u8>>,
}

impl Store {
    /// The links of the directory.
    fn links(&self, draft: &Draft<'_>) -> Vec<(ImagePath, Vec<u8>)> {
        let links = draft.tree().children(&self.directory);
        links.filter_map(|(path, node)| Some((path.clone(), node.as_symlink()?.to_vec()))).collect()
    }

    fn clear(&self, draft: &mut Draft<'_>) {
        for (link, target) in self.links(draft) {
            if target.starts_with(CERTIFICATES) || target.starts_with(LOCAL) {
                draft.remove(&link);
            }
        }
        self.drop_orphans(draft);
    }

    fn drop_orphans(&self, draft: &mut Draft<'_>) {
        // Removing a link can orphan another that leads to it, which one pass of the tool may or may not see: none is left here.
        loop {
            let orphans = self.links(draft).into_iter().filter(|(link, _)| draft.tree().lookup(link).is_none());
            let orphans: Vec<_> = orphans.collect();
            if orphans.is_empty() {
                return;
            }
            orphans.iter().for_each(|(link, _)| draft.remove(link));
        }
    }

    fn add(&mut self, draft: &mut Draft<'_>, file: &[u8]) -> Result<(), Unproven> {
        let replaced = base_name(file).iter().map(|b| match b {
            b' ' | b',' => b'_',
            b'(' | b')' => b'=',
            other => *other,
        });
        let name: Vec<u8> = replaced.chain(*b".pem").collect();
        let link = self.directory.join(name).map_err(|error| unproven("update-ca-certificates", error))?;
        let right = draft.get(&link).and_then(Node::as_symlink) == Some(file);
        if !right || draft.tree().lookup(&link).is_none() {
            let node = Node { mtime: draft.now, ..Node::symlink(file) };
            self.added.push([b"+", &link.to_text().into_bytes()[..], b"\n"].concat());
            draft.put(link, node);
        }
        let text = read(draft, &path(file)?)?.unwrap_or_default();
        let bundle = self.bundle.get_or_insert_default();
        bundle.extend_from_slice(&text);
        if text.last().is_some_and(|last| *last != b'\n') {
            bundle.push(b'\n');
        }
        Ok(())
    }

    /// Takes the link of a deselected certificate away. The tool does not replace blanks and brackets here.
    fn remove(&mut self, draft: &mut Draft<'_>, name: &[u8]) -> Result<(), Unproven> {
        let name = [base_name(name), b".pem"].concat();
        let link = self.directory.join(name).map_err(|error| unproven("update-ca-certificates", error))?;
        if draft.get(&link).is_some_and(|node| node.as_symlink().is_some()) {
            self.removed.push([b"-", &link.to_text().into_bytes()[..], b"\n"].concat());
            draft.remove(&link);
        }
        Ok(())
    }

    /// `openssl rehash`: a link named after its subject's hash for every file with exactly one certificate. Links that are right stay.
    fn rehash(&self, draft: &mut Draft<'_>) -> Result<(), Unproven> {
        let mut wanted: BTreeMap<u32, Vec<Certificate>> = BTreeMap::new();
        let names: Vec<ImagePath> = draft.tree().children(&self.directory).map(|(path, _)| path.clone()).collect();
        for file in &names {
            let name = file.file_name();
            let known =
                [&b".pem"[..], b".crt", b".cer", b".crl"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
            let Some(text) = known.then(|| read(draft, file)).transpose()?.flatten() else { continue };
            let der = match subject::certificate(&text) {
                Ok(der) => der,
                Err(Unhashed::NotOne) => continue,
                Err(Unhashed::Unknown(reason)) => return Err(unproven(file.to_text(), reason)),
            };
            let hash = subject::hash(&der).ok_or_else(|| unproven(file.to_text(), "it is not a certificate"))?;
            let bucket = wanted.entry(hash).or_default();
            if !bucket.iter().any(|(_, other)| *other == der) {
                bucket.push((name.to_vec(), der));
            }
        }
        let mut old: BTreeMap<u32, BTreeMap<usize, Vec<u8>>> = BTreeMap::new();
        for (link, target) in self.links(draft) {
            if let Some((hash, number)) = hash_name(link.file_name()) {
                old.entry(hash).or_default().insert(number, target);
            }
        }
        for hash in old.keys().chain(wanted.keys()).copied().collect::<std::collections::BTreeSet<_>>() {
            let (files, links) = (wanted.remove(&hash).unwrap_or_default(), old.remove(&hash).unwrap_or_default());
            let numbers = numbered(&files, &links);
            for number in links.keys().chain(numbers.keys()).copied().collect::<std::collections::BTreeSet<_>>() {
                if links.get(&number) == numbers.get(&number) {
                    continue;
                }
                let link = path([self.directory.as_bytes(), format!("/{hash:08x}.{number}").as_bytes()].concat())?;
                match numbers.get(&number) {
                    Some(target) => {
                        let node = Node { mtime: draft.now, ..Node::symlink(target) };
                        draft.put(link, node);
                    }
                    None => draft.remove(&link),
                }
            }
        }
        Ok(())
    }

    fn write_bundle(&mut self, draft: &mut Draft<'_>) -> Result<(), Unproven> {
        let Some(bytes) = self.bundle.take() else { return Ok(()) };
        let file =
            self.directory.join("ca-certificates.crt").map_err(|error| unproven("update-ca-certificates", error))?;
        // A new file is moved over the old one, so a link there does not survive.
        if draft.get(&file).is_some_and(|node| node.as_file().is_none()) {
            draft.remove(&file);
        }
        super::write(draft, &file, bytes)?;
        draft.edit(&file, |node| (node.mode, node.uid, node.gid) = (0o644, 0, 0));
        Ok(())
    }
}

/// Which number each file of one hash gets: that of its link if it has one below the count of files, else the first that is free.
fn numbered(files: &[Certificate], links: &BTreeMap<usize, Vec<u8>>) -> BTreeMap<usize, Vec<u8>> {
    let mut numbers: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for (number, target) in links.range(..files.len()) {
        if files.iter().any(|(name, _)| name == target) && !numbers.values().any(|other| other == target) {
            numbers.insert(*number, target.clone());
        }
    }
    for (name, _) in files {
        if !numbers.values().any(|target| target == name) {
            let free = (0..).find(|number| !numbers.contains_key(number)).unwrap_or_default();
            numbers.insert(free, name.clone());
        }
    }
    numbers
}

/// `basename FILE .crt`
fn base_name(file: &[u8]) -> &[u8] {
    let name = file.rsplit(|b| *b == b'/').next().unwrap_or_default();
    name.strip_suffix(b".crt").filter(|stem| !stem.is_empty()).unwrap_or(name)
}

fn is_file(draft: &Draft<'_>, name: &[u8]) -> bool {
    ImagePath::new(name)
        .ok()
        .and_then(|path| draft.tree().lookup(&path))
        .is_some_and(|(_, node)| node.as_file().is_some())
}

/// The administrator's certificates, by path in the order of bytes, as `find -L … | sort` gives them.
fn local_certificates(draft: &Draft<'_>) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut open = vec![(LOCAL.to_vec(), 0)];
    while let Some((name, depth)) = open.pop() {
        let Some((place, node)) = ImagePath::new(&name).ok().and_then(|path| draft.tree().lookup(&path)) else {
            continue;
        };
        if node.is_directory() && depth < 40 {
            for (child, _) in draft.tree().children(&place) {
                open.push(([&name, &b"/"[..], child.file_name()].concat(), depth + 1));
            }
        } else if node.as_file().is_some() && name.ends_with(b".crt") {
            found.push(name);
        }
    }
    found.sort();
    found
}

/// `HASH.N`, the name of a link to a certificate.
fn hash_name(name: &[u8]) -> Option<(u32, usize)> {
    let (hash, number) = std::str::from_utf8(name).ok()?.split_once('.')?;
    let is_hash = hash.len() == 8 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let number = number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok()).flatten()?;
    is_hash.then(|| u32::from_str_radix(hash, 16).ok()).flatten().map(|hash| (hash, number))
}

/// The hooks that `run-parts` finds in a directory; each is told what was added and removed.
fn started(draft: &Draft<'_>, directory: &str, lines: &[Vec<u8>]) -> Result<Vec<Started>, Unproven> {
    if directory.is_empty() {
        return Ok(Vec::new());
    }
    let directory = place(draft, &path(directory)?);
    let runs = |(hook, node): &(&ImagePath, &Node)| {
        hook.file_name().iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) && node.mode & 0o111 != 0
    };
    let hooks = draft.tree().children(&directory).filter(runs);
    Ok(hooks.map(|(hook, _)| Started { program: hook.clone(), input: lines.concat() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    #[test]
    fn links_that_are_right_keep_their_number() {
        let file = |name: &str| (name.as_bytes().to_vec(), Vec::new());
        let links =
            |rows: &[(usize, &str)]| rows.iter().map(|(n, t)| (*n, t.as_bytes().to_vec())).collect::<BTreeMap<_, _>>();
        type Links = [(usize, &'static str)];
        let rows: [(&[&str], &Links, &Links); 4] = [
            (&["a", "b"], &[], &[(0, "a"), (1, "b")]),
            (&["a", "b"], &[(0, "b")], &[(0, "b"), (1, "a")]),
            (&["b"], &[(0, "a"), (1, "b")], &[(0, "b")]),
            (&["a", "b", "c"], &[(1, "a")], &[(0, "b"), (1, "a"), (2, "c")]),
        ];
        for (files, old, expected) in rows {
            let files: Vec<_> = files.iter().map(|name| file(name)).collect();
            assert_eq!(numbered(&files, &links(old)), links(expected));
        }
    }

    #[test]
    fn hooks_are_told_what_changed() {
        let tree = "/etc/ssl/certs/\n/etc/ca-certificates.conf = !x.crt\\n\n/etc/ssl/certs/x.pem -> /usr/share/ca-certificates/x.crt\n\
            /etc/ca-certificates/update.d/jks-keystore 755 = #!/bin/sh\n/etc/ca-certificates/update.d/x.sh 755 = #!/bin/sh\n\
            /etc/ca-certificates/update.d/README = x";
        let mut draft = Draft::new(text::tree(tree).unwrap(), &MemoryContents);
        let checkpoint = draft.checkpoint();
        let output = run(&mut draft, &[]).unwrap();
        let hook = |input: &[u8]| Started {
            program: ImagePath::literal("/etc/ca-certificates/update.d/jks-keystore"),
            input: input.to_vec(),
        };
        assert_eq!(output.starts, [hook(b"-/etc/ssl/certs/x.pem\n")]);
        assert!(draft.get(&ImagePath::literal("/etc/ssl/certs/x.pem")).is_none());
        assert_eq!(run(&mut draft, &[]).unwrap().starts, [hook(b"")], "they run when nothing changed, too");
        draft.rollback(checkpoint);
        assert_eq!(run(&mut draft, &["--hooksdir".into(), String::new()]).unwrap().starts, []);
    }
}
