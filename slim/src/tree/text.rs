//! A tree as lines of text: what tests and `slim diff` read and write.
//!
//! One node a line, after its path: an optional octal mode, an optional `uid:gid`, then what it is:
//!
//! ```text
//! /etc/                         a directory (mode 0755)
//! /etc/passwd = root:x:0:0      a file with this content (mode 0644); \n and \\ are escapes
//! /bin/su 4755 0:0 = ELF        a setuid file
//! /bin/sh -> dash               a symbolic link
//! /bin/vim == /bin/vi           a hard link to an earlier line
//! /etc/motd !                   a whiteout
//! /var/cache/ !                 an opaque directory
//! ```

use super::{Content, File, Inode, Kind, Layer, LayerEntry, Node, Stack, Tree};
use crate::path::ImagePath;
use std::fmt::Write as _;

/// Reads layers, bottom first, each as lines of text.
///
/// # Errors
/// A message with the line that could not be read.
pub fn stack(layers: &[&str]) -> Result<Stack, String> {
    let layers = layers.iter().enumerate().map(|(index, text)| layer(index, text)).collect::<Result<_, _>>()?;
    Ok(Stack { layers })
}

/// Reads a tree of one layer.
///
/// # Errors
/// As [`stack`].
pub fn tree(text: &str) -> Result<Tree, String> {
    Ok(stack(&[text])?.merge())
}

fn layer(index: usize, text: &str) -> Result<Layer, String> {
    let mut layer = Layer::default();
    for (number, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
        read_line(&mut layer, index, number, line).map_err(|why| format!("{line:?}: {why}"))?;
    }
    Ok(layer)
}

fn read_line(layer: &mut Layer, index: usize, number: usize, line: &str) -> Result<(), String> {
    let (name, mut rest) = line.split_once(' ').unwrap_or((line, ""));
    let path = ImagePath::new(name).map_err(|error| error.to_string())?;
    let (mut mode, mut owner) = (None, (0, 0));
    loop {
        rest = rest.trim_start();
        let (word, tail) = rest.split_once(' ').unwrap_or((rest, ""));
        if let Some((uid, gid)) = word.split_once(':').filter(|_| word.starts_with(|c: char| c.is_ascii_digit())) {
            let id = |text: &str| text.parse().map_err(|_| format!("{text:?} is not a number"));
            owner = (id(uid)?, id(gid)?);
        } else if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
            mode = Some(u32::from_str_radix(word, 8).map_err(|_| format!("{word:?} is not an octal mode"))?);
        } else {
            break;
        }
        rest = tail;
    }
    let mut node = if rest == "!" {
        if name.ends_with('/') {
            layer.opaque.insert(path, None);
        } else {
            layer.entries.insert(path, LayerEntry::Whiteout { record: None });
        }
        return Ok(());
    } else if let Some(target) = rest.strip_prefix("-> ") {
        Node::symlink(target)
    } else if let Some(other) = rest.strip_prefix("== ") {
        hard_link(layer, index, number, other)?
    } else if let Some(content) = rest.strip_prefix("=") {
        Node::file(unescape(content.strip_prefix(' ').unwrap_or(content)).into_bytes())
    } else if name.ends_with('/') && rest.is_empty() {
        Node::directory()
    } else {
        return Err("expected '/' after the path, '= CONTENT', '-> TARGET', '== PATH' or '!'".into());
    };
    node.mode = mode.unwrap_or(node.mode);
    if !rest.starts_with("==") {
        (node.uid, node.gid) = owner;
    }
    layer.entries.insert(path, LayerEntry::Node { node: node.with_origin(index), record: None });
    Ok(())
}

fn hard_link(layer: &mut Layer, index: usize, number: usize, other: &str) -> Result<Node, String> {
    let other = ImagePath::new(other).map_err(|error| error.to_string())?;
    let Some(LayerEntry::Node { node, .. }) = layer.entries.get_mut(&other) else {
        return Err(format!("{other} is not in the layer"));
    };
    let Kind::File(File { inode, .. }) = &mut node.kind else { return Err(format!("{other} is not a file")) };
    inode.get_or_insert(Inode { layer: index as u32, number: number as u32 });
    Ok(node.clone())
}

fn unescape(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\\\", "\\")
}

/// Writes a tree as the lines that [`tree`] reads. Spooled contents show as their size.
pub fn dump(tree: &Tree) -> String {
    let mut text = String::new();
    let mut first_names = std::collections::HashMap::new();
    for (path, node) in tree.iter() {
        let slash = if node.is_directory() && !path.is_root() { "/" } else { "" };
        let _ = write!(text, "{path}{slash} {:04o} {}:{}", node.mode, node.uid, node.gid);
        let _ = match &node.kind {
            Kind::Directory => writeln!(text),
            Kind::Symlink(target) => writeln!(text, " -> {}", String::from_utf8_lossy(target)),
            Kind::CharDevice { major, minor } => writeln!(text, " char {major},{minor}"),
            Kind::BlockDevice { major, minor } => writeln!(text, " block {major},{minor}"),
            Kind::Fifo => writeln!(text, " fifo"),
            Kind::File(file) => {
                let first = file.inode.map(|inode| first_names.entry(inode).or_insert_with(|| path.clone()).clone());
                match (first, &file.content) {
                    (Some(first), _) if first != *path => writeln!(text, " == {first}"),
                    (_, Content::Inline(bytes)) => {
                        let content = String::from_utf8_lossy(bytes).replace('\\', "\\\\").replace('\n', "\\n");
                        writeln!(text, " = {content}")
                    }
                    (_, content) => writeln!(text, " {} bytes", content.size()),
                }
            }
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{ResolveError, Tree};

    fn tree_of(layers: &[&str]) -> Tree {
        stack(layers).expect("a tree as text").merge()
    }

    fn dump_of(layers: &[&str]) -> String {
        dump(&tree_of(layers))
    }

    #[test]
    fn what_is_written_can_be_read() {
        let text = "/ 0755 0:0\n/a/ 0700 1:2\n/a/x 4755 0:0 = one\\ntwo\n/a/y 4755 0:0 == /a/x\n/b 0777 0:0 -> a/x\n";
        assert_eq!(dump(&tree(text).unwrap()), text);
    }

    #[test]
    fn whiteouts_and_opaque_directories_hide_lower_layers_only() {
        let merged = dump_of(&["/d/a = 1\n/d/b = 2\n/e/f = 3", "/d/ !\n/d/c = 4\n/e/f !\n/e/g = 5"]);
        assert_eq!(merged, "/ 0755 0:0\n/d/ 0755 0:0\n/d/c 0644 0:0 = 4\n/e/ 0755 0:0\n/e/g 0644 0:0 = 5\n");
    }

    #[test]
    fn a_directory_keeps_what_is_below_and_a_file_does_not() {
        assert_eq!(dump_of(&["/d/a = 1", "/d/ 0700"]), "/ 0755 0:0\n/d/ 0700 0:0\n/d/a 0644 0:0 = 1\n");
        assert_eq!(dump_of(&["/d/a = 1", "/d = 2"]), "/ 0755 0:0\n/d 0644 0:0 = 2\n");
        assert_eq!(dump_of(&["/d = 2", "/d/a = 1"]), "/ 0755 0:0\n/d/ 0755 0:0\n/d/a 0644 0:0 = 1\n");
    }

    #[test]
    fn entries_below_a_link_land_where_the_link_leads() {
        let below = tree_of(&["/usr/lib/x = 1\n/lib -> usr/lib"]);
        let layer = stack(&["/lib/y = 2\n/lib/x !"]).unwrap().layers.remove(0).canonical(&below);
        let paths: Vec<_> = layer.entries.keys().map(ImagePath::to_text).collect();
        assert_eq!(paths, ["/usr/lib/x", "/usr/lib/y"]);
    }

    #[test]
    fn links_are_followed_inside_the_tree_only() {
        let tree = tree_of(&["/usr/lib/x = 1\n/lib -> /usr/lib\n/up -> ../../../lib/x\n/l1 -> l2\n/l2 -> l1\n/f = 1"]);
        let resolve = |path| tree.resolve(&ImagePath::literal(path));
        assert_eq!(resolve("/lib/x").unwrap().path.to_text(), "/usr/lib/x");
        assert_eq!(resolve("/up").unwrap().path.to_text(), "/usr/lib/x");
        assert_eq!(resolve("/up").unwrap().links.len(), 2);
        assert!(matches!(resolve("/l1"), Err(ResolveError::Loop { .. })));
        assert!(matches!(resolve("/f/x"), Err(ResolveError::NotDirectory { .. })));
        assert!(matches!(resolve("/lib/z"), Err(ResolveError::Missing { .. })));
        assert_eq!(tree.resolve_parent(&ImagePath::literal("/lib/z")).unwrap().path.to_text(), "/usr/lib/z");
    }

    #[test]
    fn children_jump_over_descendants() {
        let tree = tree_of(&["/a/b/c = 1\n/a-b = 2\n/a/d = 3"]);
        let names = |path: &str| {
            let path = ImagePath::literal(path);
            tree.children(&path).map(|(path, _)| path.to_text()).collect::<Vec<_>>()
        };
        assert_eq!(names("/"), ["/a", "/a-b"]);
        assert_eq!(names("/a"), ["/a/b", "/a/d"]);
    }
}
