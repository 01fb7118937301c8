//! `find` (POSIX, and GNU's common additions). Names come in sorted order; the real order is the file system's.

use super::system;
use crate::engine::native::evaluate::{Shell, Status, Stop};
use crate::glob::Glob;
use slim::path::ImagePath;
use slim::tree::{Kind, Node};

/// How deep directories and parentheses may nest.
const DEPTH: usize = 60;

/// An expression.
enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Not(Box<Expression>),
    Test(String, String),
    Print(&'static str),
    /// `-printf`: literal text and directives.
    Format(Vec<Piece>),
    Prune,
    Delete,
    /// The command, and whether one call takes many names.
    Execute(usize, Vec<String>, bool),
}

/// A piece of a `-printf` format.
enum Piece {
    Text(String),
    /// The letter after `%`.
    Directive(char),
}

/// What holds for the whole walk.
#[derive(Default)]
struct Walk {
    follow: bool,
    least: usize,
    most: Option<usize>,
    children_first: bool,
    acts: bool,
    /// What `-exec … +` has gathered, by its place in the expression.
    gathered: Vec<(Vec<String>, Vec<String>)>,
    status: i32,
}

/// One file that was come upon.
struct Found<'a> {
    root: &'a str,
    text: String,
    path: ImagePath,
    node: Node,
}

/// `find [-L] [PATH …] [EXPRESSION]`
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let mut walk = Walk::default();
    let mut first = 1;
    while let Some(option @ ("-L" | "-P")) = words.get(first).map(String::as_str) {
        walk.follow = option == "-L";
        first += 1;
    }
    let begins = |word: &String| word.starts_with('-') || matches!(word.as_str(), "!" | "(");
    let expression = words.iter().skip(first).position(begins).map_or(words.len(), |at| at + first);
    let mut roots = words.get(first..expression).unwrap_or_default().to_vec();
    if roots.is_empty() {
        roots.push(".".into());
    }
    let mut reader = Reader { shell, words: words.get(expression..).unwrap_or_default(), walk };
    let read = reader.any(0)?;
    if let Some(word) = reader.words.first() {
        return Err(reader.shell.unproven("find", format!("{word} is not known here")));
    }
    let mut walk = reader.walk;
    let expression = if walk.acts { read } else { Expression::All(vec![read, Expression::Print("\n")]) };
    for root in &roots {
        match shell.look(root)? {
            Some((path, node)) => {
                let found = Found { root, text: root.clone(), path, node };
                visit(shell, &expression, found, 0, &mut walk)?;
            }
            None => walk.status = 1,
        }
    }
    for (command, names) in std::mem::take(&mut walk.gathered) {
        if !names.is_empty() {
            let words: Vec<_> = command.into_iter().chain(names).collect();
            if shell.invoke_command(&words)? != 0 {
                walk.status = 1;
            }
        }
    }
    Ok(walk.status)
}

struct Reader<'a, 's, 'd> {
    shell: &'a Shell<'s, 'd>,
    words: &'a [String],
    walk: Walk,
}

impl Reader<'_, '_, '_> {
    fn take(&mut self, wanted: &[&str]) -> bool {
        let found = self.words.first().is_some_and(|word| wanted.contains(&word.as_str()));
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    fn any(&mut self, depth: usize) -> Result<Expression, Stop> {
        let mut branches = vec![self.all(depth)?];
        while self.take(&["-o", "-or"]) {
            branches.push(self.all(depth)?);
        }
        Ok(Expression::Any(branches))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, Stop> {
        let mut parts = Vec::new();
        loop {
            self.take(&["-a", "-and"]);
            match self.words.first().map(String::as_str) {
                None | Some("-o" | "-or" | ")") => return Ok(Expression::All(parts)),
                Some(_) => parts.push(self.primary(depth)?),
            }
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, Stop> {
        let unknown = |shell: &Shell<'_, '_>, word: &str| shell.unproven("find", format!("{word} is not known here"));
        if depth > DEPTH {
            return Err(unknown(self.shell, "("));
        }
        let Some((word, rest)) = self.words.split_first() else { return Err(unknown(self.shell, "nothing")) };
        self.words = rest;
        self.walk.acts |= matches!(word.as_str(), "-print" | "-print0" | "-printf" | "-delete" | "-exec");
        Ok(match word.as_str() {
            "!" | "-not" => Expression::Not(Box::new(self.primary(depth + 1)?)),
            "(" => {
                let inner = self.any(depth + 1)?;
                if !self.take(&[")"]) {
                    return Err(unknown(self.shell, "("));
                }
                inner
            }
            "-print" => Expression::Print("\n"),
            "-print0" => Expression::Print("\0"),
            "-printf" => {
                let Some((format, rest)) = self.words.split_first() else { return Err(unknown(self.shell, word)) };
                self.words = rest;
                let pieces = pieces(format);
                Expression::Format(pieces.ok_or_else(|| unknown(self.shell, &format!("-printf {format}")))?)
            }
            "-prune" => Expression::Prune,
            "-delete" => {
                self.walk.children_first = true;
                Expression::Delete
            }
            "-follow" => {
                self.walk.follow = true;
                Expression::All(Vec::new())
            }
            "-depth" => {
                self.walk.children_first = true;
                Expression::All(Vec::new())
            }
            "-xdev" | "-mount" => Expression::All(Vec::new()),
            "-empty" => Expression::Test(word.clone(), String::new()),
            "-name" | "-path" | "-wholename" | "-type" | "-user" | "-group" | "-uid" | "-gid" | "-lname" => {
                let Some((value, rest)) = self.words.split_first() else { return Err(unknown(self.shell, word)) };
                self.words = rest;
                Expression::Test(word.clone(), value.clone())
            }
            "-mindepth" | "-maxdepth" => {
                let number = self.words.first().and_then(|value| value.parse().ok());
                let Some(number) = number else { return Err(unknown(self.shell, word)) };
                self.words = &self.words[1..];
                match word.as_str() {
                    "-mindepth" => self.walk.least = number,
                    _ => self.walk.most = Some(number),
                }
                Expression::All(Vec::new())
            }
            "-exec" => {
                let end = self.words.iter().position(|word| word == ";" || word == "+");
                let Some(end) = end.filter(|end| *end > 0) else { return Err(unknown(self.shell, word)) };
                let mut command = self.words[..end].to_vec();
                let many = self.words[end] == "+";
                self.words = &self.words[end + 1..];
                if many && command.pop().as_deref() != Some("{}") {
                    return Err(unknown(self.shell, "-exec … +"));
                }
                let place = self.walk.gathered.len();
                self.walk.gathered.push((if many { command.clone() } else { Vec::new() }, Vec::new()));
                Expression::Execute(place, command, many)
            }
            other => return Err(unknown(self.shell, other)),
        })
    }
}

fn visit(
    shell: &mut Shell<'_, '_>,
    expression: &Expression,
    mut found: Found<'_>,
    depth: usize,
    walk: &mut Walk,
) -> Result<(), Stop> {
    if depth > DEPTH {
        return Err(shell.unproven("find", "directories nested too deeply"));
    }
    if walk.follow
        && found.node.as_symlink().is_some()
        && let Some((path, node)) = shell.follow(&found.text)?
    {
        (found.path, found.node) = (path, node);
    }
    let inside = depth >= walk.least;
    let mut prune = false;
    if inside && !walk.children_first {
        holds(shell, expression, &found, &mut prune, walk)?;
    }
    if found.node.is_directory() && !prune && walk.most.is_none_or(|most| depth < most) {
        for name in shell.names_in(&found.path) {
            let path = found.path.join(&name).map_err(|error| shell.unproven("find", error.to_string()))?;
            let Some(node) = shell.draft.get(&path).cloned() else { continue };
            let text = format!("{}/{name}", found.text.strip_suffix('/').unwrap_or(&found.text));
            visit(shell, expression, Found { root: found.root, text, path, node }, depth + 1, walk)?;
        }
    }
    if inside && walk.children_first {
        holds(shell, expression, &found, &mut prune, walk)?;
    }
    Ok(())
}

fn holds(
    shell: &mut Shell<'_, '_>,
    expression: &Expression,
    found: &Found<'_>,
    prune: &mut bool,
    walk: &mut Walk,
) -> Result<bool, Stop> {
    match expression {
        Expression::Any(branches) => {
            for branch in branches {
                if holds(shell, branch, found, prune, walk)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Expression::All(parts) => {
            for part in parts {
                if !holds(shell, part, found, prune, walk)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Expression::Not(inner) => Ok(!holds(shell, inner, found, prune, walk)?),
        Expression::Test(name, value) => test(shell, name, value, found),
        Expression::Print(end) => shell.out(format!("{}{end}", found.text)).map(|()| true),
        Expression::Format(pieces) => {
            let mut text = String::new();
            for piece in pieces {
                match piece {
                    Piece::Text(literal) => text.push_str(literal),
                    Piece::Directive(letter) => text.push_str(&said(found, *letter)),
                }
            }
            shell.out(text).map(|()| true)
        }
        Expression::Prune => {
            *prune = !walk.children_first;
            Ok(true)
        }
        Expression::Delete => {
            if found.text == found.root && found.text == "." {
                return Ok(true);
            }
            let gone = shell.draft.tree().children(&found.path).next().is_none();
            if gone {
                shell.take_away(&found.path);
            } else {
                walk.status = 1;
            }
            Ok(gone)
        }
        Expression::Execute(place, _, true) => {
            if let Some((_, names)) = walk.gathered.get_mut(*place) {
                names.push(found.text.clone());
            }
            Ok(true)
        }
        Expression::Execute(_, command, false) => {
            let words: Vec<_> = command.iter().map(|word| word.replace("{}", &found.text)).collect();
            Ok(shell.invoke_command(&words)? == 0)
        }
    }
}

/// The pieces of a `-printf` format; `None` when one is not known here.
fn pieces(format: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                '0' => '\0',
                '\\' => '\\',
                _ => return None,
            }),
            '%' => match chars.next()? {
                '%' => text.push('%'),
                letter @ ('p' | 'P' | 'f' | 'h' | 'H' | 'l' | 'm' | 'y' | 'U' | 'G') => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Directive(letter));
                }
                _ => return None,
            },
            _ => text.push(c),
        }
    }
    pieces.push(Piece::Text(text));
    Some(pieces)
}

/// What a directive of `-printf` says of a file (find(1)).
fn said(found: &Found<'_>, letter: char) -> String {
    let text = found.text.as_str();
    let name = text.trim_end_matches('/');
    let cut = name.rfind('/');
    match letter {
        'p' => text.to_owned(),
        'P' => text.strip_prefix(found.root).unwrap_or_default().trim_start_matches('/').to_owned(),
        'f' => cut.map_or(name, |at| &name[at + 1..]).to_owned(),
        'h' => cut.map_or(".", |at| &text[..at]).to_owned(),
        'H' => found.root.to_owned(),
        'l' => found.node.as_symlink().map(|target| String::from_utf8_lossy(target).into_owned()).unwrap_or_default(),
        'm' => format!("{:o}", found.node.mode),
        'U' => found.node.uid.to_string(),
        'G' => found.node.gid.to_string(),
        _ => match found.node.kind {
            Kind::Directory => "d",
            Kind::File(_) => "f",
            Kind::Symlink(_) => "l",
            _ => "U",
        }
        .to_owned(),
    }
}

fn test(shell: &Shell<'_, '_>, name: &str, value: &str, found: &Found<'_>) -> Result<bool, Stop> {
    let glob = |text: &str| {
        let wanted: Vec<_> = value.chars().map(|c| (c, false)).collect();
        Glob::shell(&wanted).fits_text(text)
    };
    let node = &found.node;
    Ok(match name {
        "-name" => glob(found.text.trim_end_matches('/').rsplit('/').next().unwrap_or(&found.text)),
        "-path" | "-wholename" => glob(&found.text),
        "-lname" => node.as_symlink().is_some_and(|target| glob(&String::from_utf8_lossy(target))),
        "-empty" => match &node.kind {
            Kind::Directory => shell.draft.tree().children(&found.path).next().is_none(),
            Kind::File(file) => file.content.size() == 0,
            _ => false,
        },
        "-uid" | "-gid" => {
            let id = if name == "-uid" { node.uid } else { node.gid };
            id == value.parse::<u32>().map_err(|_| shell.unproven("find", format!("{name} {value}")))?
        }
        "-user" | "-group" => {
            let (file, id) = if name == "-user" { ("/etc/passwd", node.uid) } else { ("/etc/group", node.gid) };
            match system::number_of(shell, file, value)? {
                Some(number) => number == id,
                None => return Err(shell.unproven("find", format!("{name} {value}: no such account"))),
            }
        }
        _ => match value {
            "f" => node.as_file().is_some(),
            "d" => node.is_directory(),
            "l" => node.as_symlink().is_some(),
            _ => return Err(shell.unproven("find", format!("-type {value}"))),
        },
    })
}
