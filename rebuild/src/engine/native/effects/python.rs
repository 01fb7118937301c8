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
use slim::tree::{Content, ContentsError, Node};

/// `py3compile [-V RANGE] -p PACKAGE [DIRECTORY…]`
///
/// # Errors
/// Other options, modules that the image excludes from compiling, and packages without a file list.
pub fn compile_package(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let mut words = arguments.to_vec();
    let mut versions = versions(draft)?;
    if let Some(at) = words.iter().position(|word| word == "-V") {
        let range = words.drain(at..(at + 2).min(words.len())).nth(1).unwrap_or_default();
        let holds = |version: &String| is_in_range(version, &range);
        versions.retain(|version| holds(version) == Some(true));
        if holds(&"3.0".to_owned()).is_none() {
            return Err(unproven("py3compile", format!("version range {range} is not known")));
        }
    }
    let sources = sources(draft, "py3compile", &words)?;
    refuse_excluded(draft, &sources)?;
    let tags: Vec<_> = versions.iter().map(|version| tag(version)).collect();
    compile_all(draft, &sources, &tags)
}

/// `pythonX.Y -E -S [-O] /usr/lib/pythonX.Y/py_compile.py FILE…`, the one form in which the interpreter's own packages run it.
///
/// # Errors
/// For anything else that an interpreter is asked.
pub fn interpreter(draft: &mut Draft<'_>, arguments: &[String]) -> Result<Output, Unproven> {
    let options = arguments.iter().take_while(|word| word.starts_with('-')).count();
    let (options, rest) = arguments.split_at(options);
    let optimized = options.iter().any(|word| word == "-O");
    let version =
        rest.first().and_then(|script| script.strip_prefix("/usr/lib/python")?.strip_suffix("/py_compile.py"));
    let Some(version) = version.filter(|_| options.iter().all(|word| matches!(word.as_str(), "-E" | "-S" | "-O")))
    else {
        return Err(unproven("python", format!("a program is not run: {}", arguments.join(" "))));
    };
    let sources = rest[1..].iter().map(path).collect::<Result<Vec<_>, _>>()?;
    let tag = tag(version) + if optimized { ".opt-1" } else { "" };
    compile_all(draft, &sources, &[tag])
}

fn compile_all(draft: &mut Draft<'_>, sources: &[ImagePath], tags: &[String]) -> Result<Output, Unproven> {
    let (mut kept, mut dropped) = (0, 0);
    for tag in tags {
        for source in sources {
            match compile(draft, source, tag).map_err(|error| super::unreadable(source, &error))? {
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
pub fn compile(draft: &mut Draft<'_>, source: &ImagePath, tag: &str) -> Result<Compiled, ContentsError> {
    let Some((real, node)) = draft.tree().lookup(source) else { return Ok(Compiled::NoSource) };
    let Some(file) = node.as_file() else { return Ok(Compiled::NoSource) };
    let (seconds, size, content) = (node.mtime.seconds as u32, file.content.size() as u32, file.content.clone());
    let Some(compiled) = compiled_path(&super::place(draft, source), tag) else { return Ok(Compiled::NoSource) };
    let old_source = draft.original(&real).and_then(|node| node.as_file()).map(|file| file.content.clone());
    let old = draft.original(&compiled).filter(|node| node.as_file().is_some()).cloned();
    if let (Some(old_source), Some(old)) = (old_source, old)
        && same(draft, &old_source, &content)?
        && let Some(node) = with_header(draft, &old, seconds, size)?
    {
        for directory in compiled
            .ancestors()
            .take_while(|parent| !draft.tree().contains(parent))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
        {
            if let Some(node) = draft.original(&directory).cloned() {
                draft.put(directory, node);
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

/// The versions of Python that modules are compiled for: `3.11`.
fn versions(draft: &Draft<'_>) -> Result<Vec<String>, Unproven> {
    let text = read_text(draft, &ImagePath::literal("/usr/share/python3/debian_defaults"))?.unwrap_or_default();
    let supported = text.lines().find_map(|line| line.strip_prefix("supported-versions")).unwrap_or_default();
    let words = supported.trim_start_matches([' ', '=']).split(',');
    let versions: Vec<String> = words.filter_map(|word| Some(word.trim().strip_prefix("python")?.to_owned())).collect();
    if versions.is_empty() {
        Err(unproven("py3compile", "debian_defaults names no Python version"))
    } else {
        Ok(versions)
    }
}

/// The tag of an interpreter in the names of compiled files.
fn tag(version: &str) -> String {
    format!("cpython-{}", version.replace('.', ""))
}

/// `3.2-`, `-3.9`, `3.2-3.9`, `3.2`; the end is not part of the range. `None` when it is not one.
fn is_in_range(version: &str, range: &str) -> Option<bool> {
    let number = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let version = number(version)?;
    let Some((from, to)) = range.split_once('-') else { return Some(number(range)? == version) };
    let from = if from.is_empty() { (0, 0) } else { number(from)? };
    let to = if to.is_empty() { (u32::MAX, 0) } else { number(to)? };
    Some(from <= version && version < to)
}

/// Packages can exclude modules from compiling (`bcep`): expressions that are not evaluated here.
fn refuse_excluded(draft: &Draft<'_>, sources: &[ImagePath]) -> Result<(), Unproven> {
    let directory = ImagePath::literal("/usr/share/python3/bcep");
    let files: Vec<ImagePath> = draft.tree().children(&directory).map(|(path, _)| path.clone()).collect();
    for file in files {
        let text = read_text(draft, &file)?.unwrap_or_default();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let top = line.split('|').nth(2).and_then(|top| ImagePath::new(top.trim()).ok());
            if top.is_none_or(|top| sources.iter().any(|source| source.starts_with(&top))) {
                return Err(unproven("py3compile", format!("{file} excludes modules: {line}")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, Tree, text};

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
        compile_package(&mut draft, &package).unwrap();
        (before, draft)
    }

    #[test]
    fn an_unchanged_source_keeps_its_code_under_a_new_header() {
        let (_, draft) = upgrade(0);
        assert_eq!(draft.read(&pyc("m")).unwrap().unwrap(), header(0, 7));
        assert!(!draft.tree().contains(&pyc("n")), "a changed source loses its compiled file");
    }

    #[test]
    fn the_interpreter_compiles_files_and_nothing_else() {
        let (before, _) = upgrade(0);
        let mut draft = Draft::new(before, &MemoryContents);
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        clean(&mut draft, &ImagePath::literal("/usr/lib/python3/m.py"));
        draft.edit(&ImagePath::literal("/usr/lib/python3/m.py"), |node| node.mtime.seconds = 9);
        interpreter(&mut draft, &words("-E -S /usr/lib/python3.11/py_compile.py /usr/lib/python3/m.py")).unwrap();
        assert_eq!(draft.read(&pyc("m")).unwrap().unwrap(), header(0, 9));
        assert!(interpreter(&mut draft, &words("-c pass")).is_err());
    }

    #[test]
    fn ranges_and_exclusions() {
        for (range, expected) in [("3.2-", Some(true)), ("-3.11", Some(false)), ("3.11", Some(true)), ("x", None)] {
            assert_eq!(is_in_range("3.11", range), expected, "{range}");
        }
        for (line, refused) in [("re|-3.3|/usr/lib/python3|.*", true), ("re|-3.3|/opt|.*", false)] {
            let tree = format!("{BEFORE}\n/usr/share/python3/bcep/x = {line}\\n");
            let mut draft = Draft::new(text::tree(&tree).unwrap(), &MemoryContents);
            let outcome = compile_package(&mut draft, &["-p".to_owned(), "python3-m".to_owned()]);
            assert_eq!(outcome.is_err(), refused, "{line}");
        }
    }

    #[test]
    fn a_file_checked_by_hash_comes_back_as_it_was() {
        let (before, draft) = upgrade(1);
        assert_eq!(draft.get(&pyc("m")), before.get(&pyc("m")));
    }
}
