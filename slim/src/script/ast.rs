//! What a script consists of.

use std::sync::{Arc, OnceLock};

/// One and-or list of a command list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What runs.
    pub list: AndOr,
    /// Ended by `&`.
    pub background: bool,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AndOr {
    /// The first pipeline.
    pub first: Pipeline,
    /// The others, each with what joins it to the one before.
    pub rest: Vec<(Connector, Pipeline)>,
}

/// How a pipeline depends on the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connector {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Preceded by `!`.
    pub negated: bool,
    /// At least one.
    pub commands: Vec<Command>,
}

/// A command with its redirections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The line it begins on, counted from 1.
    pub line: u32,
    /// What it is.
    pub kind: CommandKind,
    /// Redirections of a compound command; a simple command has its own.
    pub redirections: Vec<Redirection>,
}

/// The forms of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandKind {
    /// Words and assignments.
    Simple(SimpleCommand),
    /// `{ …; }`
    Group(Vec<Item>),
    /// `( … )`
    Subshell(Vec<Item>),
    /// `if …; then …; elif …; else …; fi`
    If {
        /// Each condition with what it guards.
        branches: Vec<(Vec<Item>, Vec<Item>)>,
        /// The `else` part.
        otherwise: Option<Vec<Item>>,
    },
    /// `for name in words; do …; done`; without `in`, the positional parameters.
    For {
        /// The variable.
        name: String,
        /// The words after `in`.
        words: Option<Vec<Word>>,
        /// The loop's body.
        body: Vec<Item>,
    },
    /// `while` and `until`.
    While {
        /// `until` instead of `while`.
        until: bool,
        /// The condition.
        condition: Vec<Item>,
        /// The loop's body.
        body: Vec<Item>,
    },
    /// `case word in …; esac`
    Case {
        /// What is matched.
        word: Word,
        /// The arms.
        arms: Vec<Arm>,
    },
    /// `name() compound-command`
    Function {
        /// Its name.
        name: String,
        /// Shared, because a definition outlives its script's evaluation.
        body: Arc<Command>,
    },
    /// bash: `[[ … ]]`, the words between the brackets.
    Test(Vec<Word>),
    /// bash: `(( … ))`.
    Arithmetic(Word),
    /// bash: `for (( … )); do …; done`.
    ArithmeticFor {
        /// All three expressions.
        header: Word,
        /// The loop's body.
        body: Vec<Item>,
    },
}

/// One arm of a `case`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    /// The alternatives.
    pub patterns: Vec<Word>,
    /// What runs.
    pub body: Vec<Item>,
    /// What follows it.
    pub end: ArmEnd,
}

/// What ends an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArmEnd {
    /// `;;`
    Break,
    /// bash: `;&`, on into the next arm.
    FallThrough,
    /// bash: `;;&`, on with testing.
    Continue,
}

/// Assignments, words and redirections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimpleCommand {
    /// The line it begins on, counted from 1.
    pub line: u32,
    /// Assignments before the words.
    pub assignments: Vec<Assignment>,
    /// The command's name and its arguments; empty when there are only assignments or redirections.
    pub words: Vec<Word>,
    /// bash: lists among the arguments of a declaration, `local name=( … )`.
    pub declared: Vec<Assignment>,
    /// In order.
    pub redirections: Vec<Redirection>,
}

/// `name=value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable; in bash perhaps with an index.
    pub name: String,
    /// bash: `+=`.
    pub append: bool,
    /// The value.
    pub value: Word,
    /// bash: the words of `name=( … )`.
    pub array: Option<Vec<Word>>,
}

/// A redirection of one descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// The line it stands on.
    pub line: u32,
    /// The descriptor before the operator, if written.
    pub descriptor: Option<u32>,
    /// The operator.
    pub kind: RedirectionKind,
    /// What comes after the operator.
    pub target: Target,
}

/// The operators of redirection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectionKind {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>|`
    Clobber,
    /// `>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&`
    DuplicateInput,
    /// `>&`
    DuplicateOutput,
    /// `<<` and `<<-`
    Here,
    /// bash: `<<<`
    HereString,
    /// bash: `&>`
    WriteBoth,
    /// bash: `&>>`
    AppendBoth,
    /// bash: `|&`: errors go into the pipe that follows, too
    PipeBoth,
}

/// Where a redirection leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A word: a file's name or a descriptor.
    Word(Word),
    /// A here-document.
    Here(HereDocument),
}

/// A here-document. Its text stands lines after the operator, so it is filled in later.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HereDocument(pub(super) Arc<OnceLock<Word>>);

impl HereDocument {
    /// The text: one double-quoted part, or one quoted part when the delimiter was quoted.
    pub fn word(&self) -> Option<&Word> {
        self.0.get()
    }
}

/// A word before expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// Its parts, to be joined.
    pub parts: Vec<Part>,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Bare text, in which `*`, `?` and `[` are active.
    Literal(String),
    /// Text from single quotes or after a backslash: stands for itself.
    Quoted(String),
    /// `"…"`: its parts are neither split nor globbed.
    Double(Vec<Part>),
    /// `$name`, `${name…}`
    Parameter {
        /// The variable, or one of `@*#?-$!0` … `9`.
        name: String,
        /// What is done with its value.
        operator: Operator,
    },
    /// `$( … )` and backquotes.
    Command(Vec<Item>),
    /// `$(( … ))`
    Arithmetic(Word),
    /// bash: `$'…'`, as written.
    AnsiQuoted(String),
    /// bash: `<( … )` and `>( … )`.
    Process(Vec<Item>),
}

/// What a parameter expansion does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// `$name`
    None,
    /// `${#name}`
    Length,
    /// `${name-word}`; with `colon`, also when empty.
    Default {
        /// Written with a colon.
        colon: bool,
        /// The substitute.
        word: Word,
    },
    /// `${name=word}`
    Assign {
        /// Written with a colon.
        colon: bool,
        /// The value to assign.
        word: Word,
    },
    /// `${name?word}`
    Require {
        /// Written with a colon.
        colon: bool,
        /// The message.
        word: Word,
    },
    /// `${name+word}`
    Alternative {
        /// Written with a colon.
        colon: bool,
        /// The substitute.
        word: Word,
    },
    /// `${name#pattern}`, `${name##pattern}`
    RemovePrefix {
        /// Doubled.
        longest: bool,
        /// What is removed.
        pattern: Word,
    },
    /// `${name%pattern}`, `${name%%pattern}`
    RemoveSuffix {
        /// Doubled.
        longest: bool,
        /// What is removed.
        pattern: Word,
    },
    /// A form beyond POSIX, as written after the name.
    Other(String),
}

impl Word {
    /// The text, when nothing in the word needs expansion (quotes may be there; active glob characters count as text).
    pub fn literal(&self) -> Option<String> {
        Some(self.beginning()).filter(|(_, is_whole)| *is_whole).map(|(text, _)| text)
    }

    /// The text before the first part that needs expansion, and whether that is all.
    pub fn beginning(&self) -> (String, bool) {
        fn collect(parts: &[Part], text: &mut String) -> bool {
            parts.iter().all(|part| match part {
                Part::Literal(part) | Part::Quoted(part) => {
                    text.push_str(part);
                    true
                }
                Part::Double(parts) => collect(parts, text),
                _ => false,
            })
        }
        let mut text = String::new();
        let is_whole = collect(&self.parts, &mut text);
        (text, is_whole)
    }

    /// The text when the word is one bare part: the only way to write a reserved word.
    pub(super) fn bare(&self) -> Option<&str> {
        match &self.parts[..] {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

impl AndOr {
    /// Its pipelines, whether or not those before let them run.
    pub fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        std::iter::once(&self.first).chain(self.rest.iter().map(|(_, pipeline)| pipeline))
    }
}

impl Command {
    /// The simple command that it is.
    pub fn as_simple(&self) -> Option<&SimpleCommand> {
        match &self.kind {
            CommandKind::Simple(simple) => Some(simple),
            _ => None,
        }
    }

    /// Takes one more redirection, behind its others.
    pub(super) fn redirect(&mut self, redirection: Redirection) {
        match &mut self.kind {
            CommandKind::Simple(simple) => simple.redirections.push(redirection),
            _ => self.redirections.push(redirection),
        }
    }
}

impl SimpleCommand {
    /// The command's name when it is written out.
    pub fn name(&self) -> Option<String> {
        self.words.first().and_then(Word::literal)
    }
}
