//! What `$( … )` gives, as far as it can be told without running anything: commands that say something about names or write texts, and
//! filters which leave a text's words as they are.

use super::super::{Scene, config, seek};
use super::Values;
use super::values::{is_pattern, put_for};
use crate::path::ImagePath;
use crate::script::{Command, Item, Part, Redirection, RedirectionKind, SimpleCommand, Target, Word};

/// The longest file whose text becomes a value.
const FILE_LIMIT: u64 = 1 << 16;

/// How many commands of a list are followed, and how many folders one may lead to.
const LIST_LIMIT: usize = 16;
const FOLDER_LIMIT: usize = 16;

/// How many files a pattern may cover whose texts become values.
const COVERED_LIMIT: usize = 64;

/// How many commands of a pipeline are followed behind its first.
const FILTER_LIMIT: usize = 16;

/// Filters that write some or all of the lines that they read.
const PASSING: [&str; 10] = ["cat", "egrep", "fgrep", "grep", "head", "sort", "tac", "tail", "uniq", "xargs"];

impl Values {
    /// What a list of commands writes to its standard output; each text that it can be. `None` where that is not known.
    pub fn output(&self, scene: &Scene<'_>, items: &[Item], depth: usize) -> Option<Vec<String>> {
        let pipelines = items.iter().flat_map(|item| item.list.pipelines()).take(LIST_LIMIT);
        let lists: Vec<&[Command]> = pipelines.map(|pipeline| &pipeline.commands[..]).collect();
        let changes = |commands: &&[Command]| commands.first().is_some_and(|first| is(first, "cd"));
        match lists.split_last()? {
            (last, []) => self.piped(scene, last, depth),
            // `cd DIRECTORY && cd .. && pwd`: the directory itself.
            ([pwd], before) if is(pwd, "pwd") && before.iter().all(changes) => self.changed(scene, before, depth),
            _ if lists.iter().any(changes) => None,
            // `cat FILE || echo TEXT`, `[ "$A" = 1 ] && echo X || echo Y`: what any of them writes.
            _ => {
                let known = lists.iter().filter_map(|commands| self.piped(scene, commands, depth));
                Some(known.flatten().collect()).filter(|texts: &Vec<String>| !texts.is_empty())
            }
        }
    }

    /// The folder that one `cd` after the other leads to.
    fn changed(&self, scene: &Scene<'_>, commands: &[&[Command]], depth: usize) -> Option<Vec<String>> {
        let mut folders = vec![String::new()];
        for command in commands {
            let next = self.piped(scene, command, depth)?;
            let join = |folder: &String, next: &String| match folder.is_empty() || next.starts_with('/') {
                true => next.clone(),
                false => format!("{folder}/{next}"),
            };
            let joined = folders.iter().flat_map(|folder| next.iter().map(move |next| join(folder, next)));
            folders = joined.take(FOLDER_LIMIT).collect();
        }
        Some(folders)
    }

    /// What commands write that are joined by `|`.
    pub fn piped(&self, scene: &Scene<'_>, commands: &[Command], depth: usize) -> Option<Vec<String>> {
        let (first, filters) = commands.split_first().filter(|(_, filters)| filters.len() <= FILTER_LIMIT)?;
        let mut texts = self.written(scene, first.as_simple()?, depth)?;
        for filter in filters {
            texts = filtered(filter.as_simple()?, texts)?;
        }
        Some(texts)
    }

    fn written(&self, scene: &Scene<'_>, command: &SimpleCommand, depth: usize) -> Option<Vec<String>> {
        let Some((name, arguments)) = command.words.split_first() else {
            // bash: `$(< FILE)`.
            return command.redirections.iter().find_map(|redirection| self.redirected(scene, redirection));
        };
        let is_option = |word: &&Word| word.literal().is_some_and(|text| text.starts_with('-'));
        let last = arguments.iter().rev().find(|word| !is_option(word));
        let of_last = || self.expanded(scene, &last?.parts, depth);
        let parent =
            |name: &String| name.trim_end_matches('/').rsplit_once('/').map_or(".", |(parent, _)| parent).to_owned();
        Some(match name.literal()?.as_str() {
            "dirname" => {
                of_last()?.iter().map(parent).map(|name| if name.is_empty() { "/".into() } else { name }).collect()
            }
            "basename" if arguments.len() == 1 => {
                of_last()?.iter().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect()
            }
            "cd" | "realpath" | "readlink" if arguments.iter().filter(|word| !is_option(word)).count() == 1 => {
                of_last()?
            }
            "echo" if last.is_some() && arguments.len() <= 2 => of_last()?,
            "echo" => {
                let words = arguments.iter().skip_while(is_option);
                let space = || Part::Literal(" ".to_owned());
                let parts: Vec<Part> = words.flat_map(|word| word.parts.iter().cloned().chain([space()])).collect();
                self.expanded(scene, &parts, depth)?.iter().map(|text| text.trim_end().to_owned()).collect()
            }
            "printf" => self.printed(scene, arguments, depth)?,
            "cat" | "grep" | "egrep" | "fgrep" | "head" | "sort" | "tail" => {
                let told = || command.redirections.iter().find_map(|redirection| self.redirected(scene, redirection));
                self.text_of(scene, arguments, depth).or_else(told)?
            }
            "find" => {
                let texts: Option<Vec<String>> =
                    arguments.iter().map(|word| self.expanded(scene, &word.parts, depth)?.pop()).collect();
                seek::listed(scene, self, &texts?).iter().map(ImagePath::to_text).collect()
            }
            "ls" => {
                let options: String = arguments.iter().filter(is_option).filter_map(Word::literal).collect();
                let places = |name: &String| self.here(scene, name);
                let places: Vec<ImagePath> = of_last()?.iter().flat_map(places).collect();
                places.iter().flat_map(|place| listed(scene, &place.to_text(), &options)).collect()
            }
            "which" | "command" => {
                let found = |name: &String| self.find(scene, name).map(|path| path.to_text());
                of_last()?.iter().filter_map(found).collect()
            }
            "pwd" => vec![scene.launch.workdir.clone().unwrap_or_else(|| "/".into())],
            // A function that chooses one of the programs that it is given: `$(first_of lz4 gzip)`.
            name if self.find(scene, name).is_none() => {
                let words = arguments.iter().filter_map(|word| self.expanded(scene, &word.parts, depth)).flatten();
                let programs = words.filter(|word| self.find(scene, word).is_some());
                return Some(programs.take(LIST_LIMIT).collect()).filter(|programs: &Vec<String>| !programs.is_empty());
            }
            _ => return None,
        })
    }

    /// What `printf` writes, if its format holds nothing but `%s`, one for each text.
    pub fn printed(&self, scene: &Scene<'_>, arguments: &[Word], depth: usize) -> Option<Vec<String>> {
        let (format, texts) = arguments.split_first()?;
        let format = format.literal()?.replace("\\n", "\n");
        let pieces: Vec<&str> = format.split("%s").collect();
        if pieces.iter().any(|piece| piece.contains(['%', '\\'])) {
            return None;
        }
        let literal = |piece: &str| Part::Literal(piece.to_owned());
        let mut parts = Vec::new();
        match &pieces[..] {
            // A format is used again for what is left.
            [before, behind] => texts.iter().for_each(|text| {
                parts.push(literal(before));
                parts.extend(text.parts.iter().cloned().chain([literal(behind)]));
            }),
            [before, rest @ ..] if rest.len() == texts.len() => {
                parts.push(literal(before));
                for (text, piece) in texts.iter().zip(rest) {
                    parts.extend(text.parts.iter().cloned().chain([literal(piece)]));
                }
            }
            _ => return None,
        }
        self.expanded(scene, &parts, depth)
    }

    /// What a redirection of the input gives to read.
    pub fn redirected(&self, scene: &Scene<'_>, redirection: &Redirection) -> Option<Vec<String>> {
        match (&redirection.target, redirection.kind) {
            (Target::Here(document), _) => Some(vec![self.rendered(scene, document.word()?)]),
            (Target::Word(word), RedirectionKind::HereString) => match self.possible(scene, word) {
                texts if texts.is_empty() => Some(vec![self.rendered(scene, word)]),
                texts => Some(texts),
            },
            (Target::Word(word), RedirectionKind::Read) => match &word.parts[..] {
                [Part::Process(items)] => self.output(scene, items, 0),
                _ => self.text_of(scene, std::slice::from_ref(word), 0),
            },
            _ => None,
        }
    }

    /// The text of files, one for each that a word can be.
    fn text_of(&self, scene: &Scene<'_>, files: &[Word], depth: usize) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for name in files.iter().filter_map(|word| self.expanded(scene, &word.parts, depth)).flatten() {
            if is_pattern(&name) {
                let covered = self.covered(scene, &name);
                texts.extend(
                    covered.iter().take(COVERED_LIMIT).filter_map(|path| self.file_text(scene, &path.to_text())),
                );
            }
            texts.extend(self.file_text(scene, &name));
        }
        Some(texts).filter(|texts| !texts.is_empty())
    }

    /// The text of a file of the image, if it is one and not long.
    pub fn file_text(&self, scene: &Scene<'_>, name: &str) -> Option<String> {
        let path = self.place(scene, name)?;
        let (_, node) = scene.tree.lookup(&path)?;
        node.as_file().filter(|file| file.content.size() <= FILE_LIMIT)?;
        String::from_utf8(scene.read(&path)?.into_owned()).ok().map(|text| text.trim().to_owned())
    }
}

/// What a filter makes of texts, if it leaves their words as they are or replaces single texts in them.
fn filtered(filter: &SimpleCommand, texts: Vec<String>) -> Option<Vec<String>> {
    let (name, arguments) = filter.words.split_first()?;
    let (name, arguments) = (name.literal()?, arguments.iter().map(Word::literal).collect::<Option<Vec<_>>>()?);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (name.as_str(), &arguments[..]) {
        ("xargs", [_, ..]) => None,
        (name, _) if PASSING.contains(&name) => Some(texts),
        ("tr", ["-d", set]) => {
            let set = characters(set)?;
            Some(texts.iter().map(|text| text.replace(&set[..], "")).collect())
        }
        ("tr", [options @ .., from, to]) if options.iter().all(|option| *option == "-s") => {
            let (from, to) = (characters(from)?, characters(to)?);
            let last = *to.last()?;
            let put = |c: char| from.iter().position(|one| *one == c).map_or(c, |at| *to.get(at).unwrap_or(&last));
            Some(texts.iter().map(|text| text.chars().map(put).collect()).collect())
        }
        ("sed", [script]) => {
            let mut parts = script.strip_prefix('s')?.chars();
            let mark = parts.next()?;
            let parts: Vec<&str> = parts.as_str().split(mark).collect();
            let [from, to, "g" | ""] = parts[..] else { return None };
            let is_literal =
                !from.is_empty() && !from.contains(['.', '*', '[', '^', '$', '\\']) && !to.contains(['&', '\\']);
            is_literal.then(|| texts.iter().map(|text| put_for(text, from, to, usize::MAX)).collect())
        }
        _ => None,
    }
}

/// The characters of a set of `tr`, if it has no ranges or classes.
fn characters(set: &str) -> Option<Vec<char>> {
    let set = set.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0");
    let is_plain = !set.is_empty() && !set.contains(['[', '\\']) && (set.len() == 1 || !set.contains('-'));
    is_plain.then(|| set.chars().collect())
}

/// What `ls` lists: the places that a pattern covers, and of a folder the names in it unless `-d` asks for itself.
fn listed(scene: &Scene<'_>, pattern: &str, options: &str) -> Vec<String> {
    if options.chars().any(|c| !"-1Adrtv".contains(c)) {
        return Vec::new();
    }
    let of_place = |place: ImagePath| match scene.tree.lookup(&place) {
        Some((folder, node)) if node.is_directory() && !options.contains('d') => {
            let name = |path: &ImagePath| String::from_utf8_lossy(path.file_name()).into_owned();
            scene.tree.children(&folder).map(|(path, _)| name(path)).collect()
        }
        _ => vec![place.to_text()],
    };
    config::places(scene, pattern).into_iter().flat_map(of_place).collect()
}

fn is(command: &Command, name: &str) -> bool {
    command.as_simple().and_then(SimpleCommand::name).is_some_and(|word| word == name)
}
