//! What configuration files name: one small reader for each kind of file.

mod commands;
mod crontab;
mod delegates;
mod logrotate;
mod openssl;
pub(super) mod users;

use super::{Finding, Scene};
use crate::graph::Rule;
use crate::path::ImagePath;
use crate::tree::{Node, Tree};
use recipes::{ConfigKind, Pattern};
use std::collections::BTreeSet;

/// Words of a configuration file with the line that each statement begins on.
type Statement = (usize, Vec<String>);

/// How many files one configuration may include.
const FILE_LIMIT: usize = 4096;

/// Adds what a configuration file and all that it includes name.
pub(super) fn find(scene: &Scene<'_>, kind: ConfigKind, file: &ImagePath, finding: &mut Finding) {
    let mut reader = Reader { scene, kind, base: base(kind, file), seen: BTreeSet::new(), finding };
    reader.file(file);
}

/// Adds what text names that a script writes to a configuration file.
pub(super) fn written(
    scene: &Scene<'_>,
    kind: ConfigKind,
    file: &ImagePath,
    from: Option<&ImagePath>,
    text: &str,
    finding: &mut Finding,
) {
    let (edges, loaded, unknowns) = (finding.edges.len(), finding.loaded.len(), finding.unknowns.len());
    Reader { scene, kind, base: base(kind, file), seen: BTreeSet::new(), finding: &mut *finding }.text(file, text);
    // The file is not there yet: the script says it.
    let named = finding.edges[edges..].iter_mut().chain(&mut finding.loaded[loaded..]);
    named.for_each(|edge| edge.from = from.cloned());
    finding.unknowns[unknowns..].iter_mut().for_each(|unknown| unknown.at = from.cloned());
}

/// The directory that relative names start from.
fn base(kind: ConfigKind, file: &ImagePath) -> ImagePath {
    match kind {
        ConfigKind::Pam => ImagePath::literal("/etc/pam.d"),
        _ => file.parent().unwrap_or_else(ImagePath::root),
    }
}

struct Reader<'s, 'a> {
    scene: &'s Scene<'a>,
    kind: ConfigKind,
    base: ImagePath,
    seen: BTreeSet<ImagePath>,
    finding: &'s mut Finding,
}

impl Reader<'_, '_> {
    fn file(&mut self, file: &ImagePath) {
        let Ok(place) = self.scene.tree.resolve(file) else { return };
        if self.seen.len() >= FILE_LIMIT || !self.seen.insert(place.path.clone()) {
            return;
        }
        let Some(bytes) = self.scene.read(&place.path) else { return };
        self.text(&place.path, &String::from_utf8_lossy(&bytes));
    }

    fn text(&mut self, file: &ImagePath, text: &str) {
        match self.kind {
            ConfigKind::Commands => self.commands(file, text),
            ConfigKind::Crontab => self.crontab(file, text),
            // Not every path in these is in use.
            ConfigKind::Delegates => return self.delegates(file, text),
            ConfigKind::Logrotate => self.logrotate(file, text),
            ConfigKind::Openssl => self.openssl(file, text),
            ConfigKind::Users => return self.users(file, text),
            _ => {}
        }
        let statements = match self.kind {
            ConfigKind::Nginx => nginx_statements(text),
            _ => line_statements(text),
        };
        for (line, words) in statements {
            match self.kind {
                ConfigKind::Nginx => self.nginx(file, line, &words),
                ConfigKind::Apache => self.apache(file, line, &words),
                ConfigKind::PhpIni => self.php(file, line, &words),
                ConfigKind::Pam => self.pam(file, line, &words),
                ConfigKind::NameServices => self.name_services(file, line, &words),
                ConfigKind::Words => self.words(file, line, &words),
                ConfigKind::Paths
                | ConfigKind::Commands
                | ConfigKind::Crontab
                | ConfigKind::Delegates
                | ConfigKind::Logrotate
                | ConfigKind::Openssl
                | ConfigKind::Users => {}
            }
            self.paths(file, line, &words);
            let evidence = format!("line {line}: {}", words.join(" "));
            super::zone::find(self.scene, Some(file), evidence.as_bytes(), |_| evidence.clone(), self.finding);
        }
    }

    /// Every absolute path that exists is in use, also one that a sign sets apart (`unix:/run/x`, `|/usr/bin/rotatelogs …`), and the program
    /// of a command line in quotes.
    fn paths(&mut self, file: &ImagePath, line: usize, words: &[String]) {
        for word in words {
            let Some(at) =
                word.find('/').filter(|at| word[..*at].chars().next_back().is_none_or(|c| ":|$=".contains(c)))
            else {
                continue;
            };
            let path = &word[at..];
            let evidence = format!("line {line}: {}", words.join(" "));
            let program = path.split_whitespace().next().filter(|program| *program != path);
            // The last option of a list: `deb [arch=amd64 signed-by=/usr/share/keyrings/own.gpg] …`.
            let option = path.strip_suffix(']');
            for name in std::iter::once(path).chain(program).chain(option).filter(|name| name.len() > 1) {
                self.finding.edges.extend(self.scene.follow_name(Some(file), name, Rule::Config, &evidence));
            }
        }
    }

    fn name(&mut self, file: &ImagePath, line: usize, words: &[String], names: &[String]) -> bool {
        let evidence = format!("line {line}: {}", words.join(" "));
        for name in names {
            let edges = self.scene.follow_name(Some(file), name, Rule::Config, &evidence);
            if !edges.is_empty() {
                self.finding.edges.extend(edges);
                return true;
            }
        }
        false
    }

    fn include(&mut self, file: &ImagePath, line: usize, pattern: &str) {
        let pattern = match pattern.starts_with('/') {
            true => pattern.to_owned(),
            false => format!("{}/{pattern}", self.base),
        };
        let files = glob(self.scene, &pattern);
        if files.is_empty() && !pattern.contains(['*', '?', '[']) {
            let taken = "nothing is kept for it";
            self.finding.unknown(
                file,
                format!("line {line}"),
                format!("includes {pattern}, which is not in the image"),
                taken,
            );
        }
        for included in files {
            let evidence = format!("line {line}: include {pattern}");
            self.finding.edges.extend(self.scene.follow(Some(file), &included, Rule::Config, &evidence));
            self.file(&included);
        }
    }

    fn nginx(&mut self, file: &ImagePath, line: usize, words: &[String]) {
        let Some((directive, arguments)) = words.split_first() else { return };
        let Some(first) = arguments.first() else { return };
        match directive.as_str() {
            "include" => self.include(file, line, first),
            "load_module" if !first.starts_with('/') => {
                // Relative to the prefix that nginx was built with, which a link `modules` in it usually leads out of.
                let prefixes =
                    ["/usr/share/nginx", "/etc/nginx", "/usr/lib/nginx", "/usr/local/nginx", "/var/lib/nginx"];
                let names: Vec<_> = prefixes.iter().map(|prefix| format!("{prefix}/{first}")).collect();
                if !self.name(file, line, words, &names) {
                    let what = format!("module {first} is not in the image");
                    self.finding.unknown(file, format!("line {line}"), what, "nothing is kept for it");
                }
            }
            "root" | "alias" => self.directory(file, line, words, first),
            _ if !first.contains(['$', '/', '{']) && first.contains('.') => {
                let _ = self.name(file, line, words, &[format!("{}/{first}", self.base)]);
            }
            _ => {}
        }
    }

    /// A directory whose files are served: all of them are in use, as files.
    fn directory(&mut self, file: &ImagePath, line: usize, words: &[String], name: &str) {
        let Some((directory, _)) = ImagePath::new(name).ok().and_then(|path| self.scene.tree.lookup(&path)) else {
            return;
        };
        let evidence = format!("line {line}: {}", words.join(" "));
        for (path, _) in self.scene.tree.below(&directory) {
            let edges = self.scene.follow(Some(file), path, Rule::Config, &evidence);
            self.finding.edges.extend(edges.into_iter().map(crate::graph::Edge::of_file));
        }
    }

    fn apache(&mut self, file: &ImagePath, line: usize, words: &[String]) {
        let [directive, arguments @ ..] = words else { return };
        match (directive.to_ascii_lowercase().as_str(), arguments) {
            ("include" | "includeoptional", [pattern, ..]) => self.include(file, line, pattern),
            ("serverroot", [root, ..]) => {
                if let Ok(root) = ImagePath::new(root) {
                    self.base = root;
                }
            }
            ("loadmodule" | "loadfile", [.., module]) if !module.starts_with('/') => {
                let own = self.base.to_text();
                let names = [&*own, "/usr/lib/apache2", "/etc/apache2", "/usr/local/apache2"]
                    .map(|root| format!("{root}/{module}"));
                let _ = self.name(file, line, words, &names);
            }
            ("documentroot", [name, ..]) => self.directory(file, line, words, name),
            _ => {}
        }
    }

    fn php(&mut self, file: &ImagePath, line: usize, words: &[String]) {
        let [key, value, ..] = words else { return };
        if !matches!(key.as_str(), "extension" | "zend_extension") || value.starts_with('/') {
            return;
        }
        let name = value.strip_suffix(".so").unwrap_or(value);
        let patterns = ["/usr/lib/php*/2*/", "/usr/lib/php*/modules/", "/usr/local/lib/php/extensions/*/"];
        let found: Vec<_> = patterns.iter().flat_map(|place| glob(self.scene, &format!("{place}{name}.so"))).collect();
        if found.is_empty() {
            let what = format!("extension {name} is not in the image");
            self.finding.unknown(file, format!("line {line}"), what, "it may be built in; nothing is kept for it");
        }
        for path in found {
            let evidence = format!("line {line}: {}", words.join(" = "));
            self.finding.edges.extend(self.scene.follow(Some(file), &path, Rule::Config, &evidence));
        }
    }

    fn pam(&mut self, file: &ImagePath, line: usize, words: &[String]) {
        if let [include, service] = words
            && include == "@include"
        {
            return self.include(file, line, service);
        }
        let controls = words.iter().position(|word| matches!(word.as_str(), "include" | "substack"));
        if let Some(service) = controls.and_then(|at| words.get(at + 1)) {
            return self.include(file, line, service);
        }
        for module in words.iter().filter(|word| word.ends_with(".so") && !word.starts_with('/')) {
            for path in glob(self.scene, &format!("$LIB/security/{module}")) {
                let evidence = format!("line {line}: {}", words.join(" "));
                self.finding.edges.extend(self.scene.follow(Some(file), &path, Rule::Config, &evidence));
            }
        }
    }

    /// `hosts: files dns [NOTFOUND=return] …` (nsswitch.conf(5)). Since 2.34, which names libc.so.6 after no version any more, glibc has
    /// files and dns inside, and the libraries of these names are empty.
    fn name_services(&mut self, file: &ImagePath, line: usize, words: &[String]) {
        let inside: &[&str] = if glob(self.scene, "$LIB/libc-2.*.so").is_empty() { &["files", "dns"] } else { &[] };
        let is_service = |word: &&String| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        for service in words.iter().skip(1).filter(is_service).filter(|word| !inside.contains(&word.as_str())) {
            for path in glob(self.scene, &format!("$LIB/libnss_{service}.so.2")) {
                let evidence = format!("line {line}: {}", words.join(" "));
                self.finding.edges.extend(self.scene.follow(Some(file), &path, Rule::Config, &evidence));
            }
        }
    }

    fn words(&mut self, file: &ImagePath, line: usize, words: &[String]) {
        for word in words {
            let edges = self.scene.command(Some(file), word, &format!("line {line}: {}", words.join(" ")));
            self.finding.edges.extend(edges.unwrap_or_default());
        }
    }
}

/// The non-directories of the tree that a pattern covers, in path order. Links among the pattern's directories are followed, as a shell
/// follows them.
pub(super) fn glob(scene: &Scene<'_>, pattern: &str) -> Vec<ImagePath> {
    if !pattern.contains(['*', '?', '[', '{', '$']) {
        return ImagePath::new(pattern).ok().filter(|path| scene.tree.resolve(path).is_ok()).into_iter().collect();
    }
    covered(scene.tree, pattern, |node| !node.is_directory()).into_iter().collect()
}

/// As [`glob`], directories too, and of every pattern what is there: what a shell makes of an unquoted word.
pub(super) fn places(scene: &Scene<'_>, pattern: &str) -> Vec<ImagePath> {
    covered(scene.tree, pattern, |_| true).into_iter().collect()
}

fn covered(tree: &Tree, pattern: &str, is_wanted: fn(&Node) -> bool) -> BTreeSet<ImagePath> {
    let mut found = BTreeSet::new();
    for plain in Pattern::spread(pattern) {
        let names: Vec<&str> = plain.split('/').filter(|name| !name.is_empty()).collect();
        walk(tree, &ImagePath::root(), &names, is_wanted, &mut found);
    }
    found
}

/// Adds what `names`, one pattern a name, cover below a directory.
fn walk(
    tree: &Tree,
    directory: &ImagePath,
    names: &[&str],
    is_wanted: fn(&Node) -> bool,
    found: &mut BTreeSet<ImagePath>,
) {
    let Some((name, rest)) = names.split_first() else { return };
    if name.contains("**") {
        let Ok(matcher) = Pattern::new(&format!("/{}", names.join("/"))) else { return };
        let inside = |path: &ImagePath| {
            let below = path.as_bytes().strip_prefix(directory.as_bytes()).unwrap_or(path.as_bytes());
            matcher.matches(&format!("/{}", String::from_utf8_lossy(below).trim_start_matches('/')))
        };
        let files = tree.below(directory).filter(|(path, node)| is_wanted(node) && inside(path));
        found.extend(files.map(|(path, _)| path.clone()));
        return;
    }
    let mut enter = |path: &ImagePath| match (rest, tree.get(path), tree.lookup(path)) {
        ([], Some(node), _) if is_wanted(node) => drop(found.insert(path.clone())),
        (_, _, Some((real, node))) if node.is_directory() => walk(tree, &real, rest, is_wanted, found),
        _ => {}
    };
    if name.contains(['*', '?', '[', '\\']) {
        let Ok(matcher) = Pattern::new(name) else { return };
        for (path, _) in
            tree.children(directory).filter(|(path, _)| matcher.matches(&String::from_utf8_lossy(path.file_name())))
        {
            enter(path);
        }
    } else if let Ok(path) = directory.join(name) {
        enter(&path);
    }
}

/// `directive argument …;` and `directive argument … {` of nginx, comments and quotes taken away.
fn nginx_statements(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut line = 1;
    let mut first_line = 1;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '#' if !begun => {
                while characters.peek().is_some_and(|next| *next != '\n') {
                    characters.next();
                }
            }
            '\'' | '"' if !begun => {
                begun = true;
                while let Some(inner) = characters.next().filter(|inner| *inner != character) {
                    line += usize::from(inner == '\n');
                    match inner {
                        '\\' => word.extend(characters.next()),
                        inner => word.push(inner),
                    }
                }
            }
            '\\' => {
                begun = true;
                word.extend(characters.next());
            }
            ';' | '{' | '}' => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
                if !words.is_empty() {
                    statements.push((first_line, std::mem::take(&mut words)));
                }
            }
            blank if blank.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
                line += usize::from(blank == '\n');
            }
            other => {
                if words.is_empty() && !begun {
                    first_line = line;
                }
                begun = true;
                word.push(other);
            }
        }
    }
    statements
}

/// Lines of words; `=` separates, quotes group, `#` and `;` begin comments.
fn line_statements(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let mut words = Vec::new();
        let mut word = String::new();
        let mut quote = None;
        for character in line.chars() {
            match (quote, character) {
                (Some(open), close) if open == close => quote = None,
                (Some(_), inner) => word.push(inner),
                (None, '"' | '\'') => quote = Some(character),
                (None, blank) if blank.is_whitespace() || blank == '=' || blank == ',' => {
                    if !word.is_empty() {
                        words.push(std::mem::take(&mut word));
                    }
                }
                (None, other) => word.push(other),
            }
        }
        if !word.is_empty() {
            words.push(word);
        }
        if !words.is_empty() {
            statements.push((index + 1, words));
        }
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(statements: Vec<Statement>) -> Vec<String> {
        statements.iter().map(|(line, words)| format!("{line} {}", words.join("|"))).collect()
    }

    #[test]
    fn nginx_statements_are_cut_at_semicolons_and_braces() {
        let text = "user www; # who\nhttp {\n  include 'a b'/*.conf;\n  root\n /x;\n}\nlog \"x;y\" main;";
        let expected = ["1 user|www", "2 http", "3 include|a b/*.conf", "4 root|/x", "7 log|x;y|main"];
        assert_eq!(joined(nginx_statements(text)), expected);
    }

    #[test]
    fn lines_are_cut_at_blanks_and_equal_signs() {
        let text = "; c\n# c\nextension = mysqli.so\ncommand=\"/bin/a b\" c\n";
        assert_eq!(joined(line_statements(text)), ["3 extension|mysqli.so", "4 command|/bin/a b|c"]);
    }

    #[test]
    fn patterns_walk_through_links_and_name_what_is_real() {
        let tree = crate::tree::text::tree(
            "/lib -> usr/lib\n/usr/lib/x86_64-linux-gnu/security/pam_unix.so = a\n/usr/lib/security/\n/etc/d/a.conf = 1\n/etc/d/b.conf -> a.conf\n/etc/d/sub/c.conf = 2\n/etc/e -> d\n",
        )
        .unwrap();
        for (pattern, paths) in [
            ("$LIB/security/pam_unix.so", "/usr/lib/x86_64-linux-gnu/security/pam_unix.so"),
            ("/etc/d/*.conf", "/etc/d/a.conf /etc/d/b.conf"),
            ("/etc/e/[ab].conf", "/etc/d/a.conf /etc/d/b.conf"),
            ("/etc/d/**", "/etc/d/a.conf /etc/d/b.conf /etc/d/sub/c.conf"),
            ("/etc/**/{c,d}.conf", "/etc/d/sub/c.conf"),
            ("/etc/*", "/etc/e"),
            ("/nowhere/*", ""),
        ] {
            let found: Vec<_> =
                covered(&tree, pattern, |node| !node.is_directory()).iter().map(ImagePath::to_text).collect();
            assert_eq!(found.join(" "), paths, "{pattern}");
        }
    }
}
