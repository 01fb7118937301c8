//! Python's compiled modules: `py3compile`, `py3clean` and what postinst scripts of the interpreter compile (PEP 3147, PEP 552).
//!
//! Packages delete their `.pyc` files before an upgrade and compile them again after it. Where the source is what it was, only the
//! header of the compiled file differs: it names the source's modification time. So the file of before the upgrade comes back with
//! a new header. A source that changed or is new cannot be compiled without running Python: its compiled file is dropped. Python then
//! compiles in memory, which is slower and otherwise the same.

use super::{Output, path, read_text, unproven};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::{Content, ContentsError, Node, Tree};

/// `py3compile -p PACKAGE [DIRECTORY…]`. `before` is the tree before the package's old files were touched.
///
/// # Errors
/// Other options, and packages without a file list.
pub fn compile_package(draft: &mut Draft<'_>, before: &Tree, arguments: &[String]) -> Result<Output, Unproven> {
    let sources = sources(draft, "py3compile", arguments)?;
    let (mut kept, mut dropped) = (0, 0);
    for tag in tags(draft)? {
        for source in &sources {
            match compile(draft, before, source, &tag).map_err(|error| super::unreadable(source, &error))? {
                Compiled::Kept => kept += 1,
                Compiled::Dropped => dropped += 1,
                Compiled::NoSource => {}
            }
        }
    }
    Ok(Output::done(format!("{kept} compiled modules kept, {dropped} left to be compiled when they are used")))
}

/// `py3clean -p PACKAGE [DIRECTORY…]`
///
/// # Errors
/// As [`compile_package`].
pub fn clean_package(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    for source in sources(draft, "py3clean", arguments)? {
        clean(draft, &source);
    }
    Ok(Output::default())
}

/// What became of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compiled {
    /// Its compiled file is in place and true.
    Kept,
    /// It has no compiled file (any more).
    Dropped,
    /// There is no such source.
    NoSource,
}

/// Brings the compiled file of one source up to date; `tag` is the interpreter's, such as `cpython-311`.
///
/// # Errors
/// When a content cannot be read.
pub fn compile(draft: &mut Draft<'_>, before: &Tree, source: &ImagePath, tag: &str) -> Result<Compiled, ContentsError> {
    let Some((_, node)) = draft.tree().lookup(source) else { return Ok(Compiled::NoSource) };
    let Some(file) = node.as_file() else { return Ok(Compiled::NoSource) };
    let (seconds, size, content) = (node.mtime.seconds as u32, file.content.size() as u32, file.content.clone());
    let Some(compiled) = compiled_path(&super::place(draft, source), tag) else { return Ok(Compiled::NoSource) };
    let old_source = before.lookup(source).and_then(|(_, node)| node.as_file()).map(|file| &file.content);
    let old = before.get(&compiled).filter(|node| node.as_file().is_some());
    if let (Some(old_source), Some(old)) = (old_source, old)
        && same(draft, old_source, &content)?
        && let Some(node) = with_header(draft, old, seconds, size)?
    {
        for directory in compiled
            .ancestors()
            .take_while(|parent| !draft.tree().contains(parent))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
        {
            if let Some(node) = before.get(&directory) {
                draft.put(directory, node.clone());
            }
        }
        if draft.get(&compiled) != Some(&node) {
            draft.put(compiled, node);
        }
        return Ok(Compiled::Kept);
    }
    remove(draft, &compiled);
    Ok(Compiled::Dropped)
}

/// The compiled file for a source of these times; `None` when it is too short to have a header.
fn with_header(draft: &Draft<'_>, old: &Node, seconds: u32, size: u32) -> Result<Option<Node>, ContentsError> {
    let Some(file) = old.as_file() else { return Ok(None) };
    let mut bytes = draft.contents().read(&file.content)?.into_owned();
    let wanted = [seconds.to_le_bytes(), size.to_le_bytes()].concat();
    // Bytes 4 to 8 are flags: a compiled file that is checked by hash, or not at all, names no time.
    match bytes.get(4..16) {
        None => Ok(None),
        Some(header) if header[..4] != [0; 4] || header[4..] == wanted[..] => Ok(Some(old.clone())),
        Some(_) => {
            bytes[8..16].copy_from_slice(&wanted);
            let node = Node::file(bytes).with_mode(old.mode).with_owner(old.uid, old.gid);
            Ok(Some(Node { mtime: draft.now, origin: old.origin, ..node }))
        }
    }
}

fn same(draft: &Draft<'_>, a: &Content, b: &Content) -> Result<bool, ContentsError> {
    Ok(a == b || (a.size() == b.size() && draft.contents().read(a)? == draft.contents().read(b)?))
}

/// Removes every compiled file of a source, and its directory once that is empty.
pub fn clean(draft: &mut Draft<'_>, source: &ImagePath) {
    let source = super::place(draft, source);
    let Some(stem) = source.file_name().strip_suffix(b".py") else { return };
    let Some(directory) = source.parent().and_then(|parent| parent.join("__pycache__").ok()) else { return };
    let intro = [stem, b"."].concat();
    let files = draft.tree().children(&directory).map(|(path, _)| path.clone());
    let files: Vec<ImagePath> = files.filter(|path| path.file_name().starts_with(&intro)).collect();
    files.iter().for_each(|file| remove(draft, file));
}

fn remove(draft: &mut Draft<'_>, compiled: &ImagePath) {
    if !draft.tree().contains(compiled) {
        return;
    }
    draft.remove(compiled);
    if let Some(directory) = compiled.parent()
        && directory.file_name() == b"__pycache__"
        && draft.tree().children(&directory).next().is_none()
    {
        draft.remove(&directory);
    }
}

fn compiled_path(source: &ImagePath, tag: &str) -> Option<ImagePath> {
    let stem = source.file_name().strip_suffix(b".py")?;
    let name = [b"__pycache__/", stem, b".", tag.as_bytes(), b".pyc"].concat();
    source.parent()?.join(name).ok()
}

/// The modules that a package lists: below the given directories, else the public ones.
fn sources(draft: &Draft<'_>, command: &str, arguments: &[String]) -> Result<Vec<ImagePath>, Unproven> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "-q").collect();
    let ["-p", package, ref directories @ ..] = words[..] else {
        return Err(unproven(command, format!("not known: {}", arguments.join(" "))));
    };
    if let Some(option) = directories.iter().find(|word| word.starts_with('-')) {
        return Err(unproven(command, format!("option {option} is not known")));
    }
    let info = ImagePath::literal("/var/lib/dpkg/info");
    let name = package.split(':').next().unwrap_or(package);
    let lists = draft.tree().children(&info).map(|(path, _)| path.clone());
    let mut lists = lists.filter(|path| {
        let stem = path.file_name().strip_suffix(b".list").and_then(|stem| std::str::from_utf8(stem).ok());
        stem.is_some_and(|stem| stem == package || stem.split(':').next() == Some(name))
    });
    let list = lists.next().ok_or_else(|| unproven(command, format!("package {package} has no file list")))?;
    let text = read_text(draft, &list)?.unwrap_or_default();
    let is_below =
        |line: &str, top: &str| line.strip_prefix(top.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
    let is_wanted = |line: &str| match directories {
        [] => line.strip_prefix("/usr/lib/python3").is_some_and(|rest| rest.starts_with(['/', '.'])),
        _ => directories.iter().any(|top| is_below(line, top)),
    };
    text.lines().filter(|line| line.ends_with(".py") && is_wanted(line)).map(path).collect()
}

/// The tags of the interpreters that modules are compiled for.
fn tags(draft: &Draft<'_>) -> Result<Vec<String>, Unproven> {
    let text = read_text(draft, &ImagePath::literal("/usr/share/python3/debian_defaults"))?.unwrap_or_default();
    let supported = text.lines().find_map(|line| line.strip_prefix("supported-versions")).unwrap_or_default();
    let versions =
        supported.trim_start_matches([' ', '=']).split(',').filter_map(|word| word.trim().strip_prefix("python"));
    let tags: Vec<String> = versions.map(|version| format!("cpython-{}", version.replace('.', ""))).collect();
    if tags.is_empty() { Err(unproven("py3compile", "debian_defaults names no Python version")) } else { Ok(tags) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    const BEFORE: &str = "/usr/lib/python3/m.py = same\n/usr/lib/python3/n.py = old\n/usr/share/x/p.py = same\n\
        /usr/share/python3/debian_defaults = [DEFAULT]\\nsupported-versions = python3.11\\n\n\
        /var/lib/dpkg/info/python3-m.list = /.\\n/usr/lib/python3/m.py\\n/usr/lib/python3/n.py\\n/usr/share/x/p.py\\n";

    fn pyc(name: &str) -> ImagePath {
        ImagePath::literal(&format!("/usr/lib/python3/__pycache__/{name}.cpython-311.pyc"))
    }

    fn header(flags: u8, seconds: u8) -> Vec<u8> {
        vec![1, 2, 3, 4, flags, 0, 0, 0, seconds, 0, 0, 0, 4, 0, 0, 0, b'c']
    }

    /// An upgrade as scripts see it: compiled files are cleaned, sources replaced, and compiled again.
    fn upgrade(flags: u8) -> (Tree, Draft<'static>) {
        let mut draft = Draft::new(text::tree(BEFORE).unwrap(), &MemoryContents);
        for name in ["m", "n"] {
            draft.put(pyc(name), Node::file(header(flags, 1)).with_mtime(1));
        }
        let before = draft.finish().tree;
        let mut draft = Draft::new(before.clone(), &MemoryContents);
        let package = ["-p".to_owned(), "python3-m:all".to_owned()];
        clean_package(&mut draft, &package).unwrap();
        assert!(!draft.tree().contains(&pyc("m").parent().unwrap()));
        draft.put(ImagePath::literal("/usr/lib/python3/m.py"), Node::file(*b"same").with_mtime(7));
        draft.put(ImagePath::literal("/usr/lib/python3/n.py"), Node::file(*b"new!").with_mtime(7));
        compile_package(&mut draft, &before, &package).unwrap();
        (before, draft)
    }

    #[test]
    fn an_unchanged_source_keeps_its_code_under_a_new_header() {
        let (_, draft) = upgrade(0);
        assert_eq!(draft.read(&pyc("m")).unwrap().unwrap(), header(0, 7));
        assert!(!draft.tree().contains(&pyc("n")), "a changed source loses its compiled file");
    }

    #[test]
    fn a_file_checked_by_hash_comes_back_as_it_was() {
        let (before, draft) = upgrade(1);
        assert_eq!(draft.get(&pyc("m")), before.get(&pyc("m")));
    }
}
