//! The shape of a recipe file.
//!
//! Paths are patterns over absolute, link-free paths of an image; [`Pattern`](crate::Pattern) has the syntax.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One file of knowledge about one thing: a package, a runtime, a distro.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Short name, unique over all recipes: `glibc`.
    pub id: String,
    /// What this recipe knows about, for people.
    pub about: String,
    /// What else is in use when something is.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Strings in binaries, and paths in configuration, that name a file without using it.
    #[serde(default)]
    pub ignore: Vec<Ignore>,
    /// Files that no package owns and that are not the application either.
    #[serde(default)]
    pub generated: Vec<Generated>,
    /// Programs that run another program named in their arguments.
    #[serde(default)]
    pub wrappers: Vec<Wrapper>,
    /// Programs that start others because of their options.
    #[serde(default)]
    pub options: Vec<Options>,
    /// Maintainer scripts that are known by their content.
    #[serde(default)]
    pub scripts: Vec<Script>,
}

/// A maintainer script that cannot be evaluated but is known to change nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The package that it comes with.
    pub package: String,
    /// Which of the package's scripts it is: `preinst`, `postinst`, `prerm`, `postrm`.
    pub hook: String,
    /// What it is, for people: `an ELF program`.
    pub what: String,
    /// The distribution's releases whose packages have it: `bullseye`. For whoever looks the builds up anew.
    #[serde(default)]
    pub suites: Vec<String>,
    /// The first argument for which it is known: `upgrade`, `configure`.
    pub action: String,
    /// Paths that must be there.
    #[serde(default)]
    pub exists: Vec<String>,
    /// Paths that must not be there.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Lines that must not be in files.
    #[serde(default)]
    pub without: Vec<Without>,
    /// Why it then changes nothing.
    pub because: String,
    /// The packages that it was read from. Nothing else is taken for it.
    pub builds: Vec<Build>,
}

impl Script {
    /// Whether it is this script of this package, called for this action.
    pub fn is(&self, package: &str, hook: &str, action: &str, sha256: &str) -> bool {
        (self.package.as_str(), self.hook.as_str(), self.action.as_str()) == (package, hook, action)
            && self.builds.iter().any(|build| build.sha256 == sha256)
    }
}

/// A package's archive that holds a script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The package's version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
    /// SHA-256 of the script in lower-case hex; of a shell script, without the versions in debhelper's comments.
    pub sha256: String,
}

/// A line that must not be in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Without {
    /// The file; where it is missing, nothing is known.
    pub file: String,
    /// The whole line.
    pub line: String,
}

/// When something is in use, something else is too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique over all recipes: `glibc-libgcc`.
    pub id: String,
    /// Why the rule holds: what opens or runs the files. Shown by `slim why`.
    pub because: String,
    /// Any of these facts makes the rule apply.
    pub when: When,
    /// Paths that are in use; the packages that own them are too.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Paths that are in use as mere files: they stay, but are no reason to keep the package that owns them.
    #[serde(default)]
    pub keep_files: Vec<String>,
    /// Files of a language's library: loaded by an interpreter, not run. They are in use with the packages that own them, but the `#!`
    /// lines that many of them begin with are no uses.
    #[serde(default)]
    pub library: Vec<String>,
    /// Of `keep`, `keep_files` and `library`, what stays only when it is named: parts that nobody loads who does not ask for them.
    #[serde(default)]
    pub but_not: Vec<String>,
    /// Files for people, wherever they lie: in use as mere files when the rule applies, and never because another rule's pattern covers them.
    #[serde(default)]
    pub for_people: Vec<String>,
    /// Names of packages that are in use, where installed; `*` stands for any text.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Commands that are run, looked up along `PATH`.
    #[serde(default)]
    pub commands: Vec<String>,
    /// An atom: when one of these paths is in use all of them are (a plug-in, its private libraries, its cache entry).
    #[serde(default)]
    pub together: Vec<String>,
    /// A data class behind a gate: these paths stay only if the rule applies, whoever owns them, or if something else leads to them.
    #[serde(default)]
    pub gate: Vec<String>,
    /// Of `gate`, what is in use is only what is named: by the files because of which the rule holds, or by the application and what
    /// starts it.
    #[serde(default)]
    pub named: Option<Naming>,
    /// Binaries whose computed library names this rule knows: they are not listed as unknown.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Binaries of which it is known what they start: programs that they compute the names of are not listed as unknown.
    #[serde(default)]
    pub starts: Vec<String>,
    /// Library names that the host supplies at run time: not finding them is no fault.
    #[serde(default)]
    pub provided: Vec<String>,
    /// Paths of every kept package that are in use as mere files; `$PACKAGE` stands for its name.
    #[serde(default)]
    pub of_packages: Vec<String>,
    /// What nobody can know who does not run the program.
    #[serde(default)]
    pub doubt: Option<Doubt>,
    /// Configuration files that name more files.
    #[serde(default)]
    pub configs: Vec<Config>,
    /// Commands, in the shell's words, that show whether what this rule is about still works: run in the original and in the result when a
    /// person asks for it, and compared. `$REACHED` stands for the path because of which the rule holds.
    #[serde(default)]
    pub test: Vec<String>,
}

/// Facts about an image. Any one that holds is enough, together with `only_with`; a `when` without facts never holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// In every image.
    #[serde(default)]
    pub always: bool,
    /// A path that matches is in use.
    #[serde(default)]
    pub reached: Vec<String>,
    /// A path that matches exists, in use or not.
    #[serde(default)]
    pub present: Vec<String>,
    /// A binary that is in use imports one of these symbols. `(static)` stands for programs without a C library, `python NAME` for the
    /// import of a Python module (or its name in quotes, by which another may import it), `python (computed)` for the import of a module whose
    /// name is computed.
    #[serde(default)]
    pub imports: Vec<String>,
    /// Files that do not count for `imports`, `mentions` and what opens gates by name: libraries that offer the function to callers of their
    /// own, configuration that speaks of something else.
    #[serde(default)]
    pub not_by: Vec<String>,
    /// The application, or what starts it, holds one of these texts: command line, environment, scripts and configuration in use, and every
    /// file that no package owns. Java's classes and archives are looked into, those of kept packages too.
    #[serde(default)]
    pub mentions: Vec<String>,
    /// The image's configuration sets one of these environment variables: `NAME`, or `NAME=PATTERN` of its value.
    #[serde(default)]
    pub env: Vec<String>,
    /// One of these packages is kept; `*` stands for any text.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The other facts count only where a path that matches one of these is in use, too.
    #[serde(default)]
    pub only_with: Vec<String>,
}

/// A use that may come to pass at run time: listed as unknown when the rule holds and what it is about goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Doubt {
    /// The paths that would be missed.
    pub about: Vec<String>,
    /// What cannot be known.
    pub what: String,
    /// What is done about it, and what a person can do.
    pub taken: String,
}

/// The readers of names of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Naming {
    /// Character sets, whose converters `gconv-modules` lists.
    CharacterSets,
}

/// Configuration files and how to read them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The reader.
    pub kind: ConfigKind,
    /// The files to begin with; includes are followed.
    pub files: Vec<String>,
    /// Variables of the image's environment whose value names such files, or folders of them, with colons between.
    #[serde(default)]
    pub variables: Vec<String>,
}

/// The readers of configuration files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigKind {
    /// `directive argument;` and blocks, as nginx reads.
    Nginx,
    /// `Directive argument` lines and sections, as Apache reads.
    Apache,
    /// `extension=NAME` in `php.ini` and what it includes.
    PhpIni,
    /// Lines of words or `key = value`, comments with `#` or `;`: every absolute path that exists is in use.
    Paths,
    /// Sections of `key = value`: what keys such as `command` and `ExecStart` say is started, and `files` of a section `include` are read too.
    Commands,
    /// OpenSSL's configuration: providers and engines that it activates, `.include`.
    Openssl,
    /// PAM service files: `type control module arguments`, `@include`.
    Pam,
    /// `nsswitch.conf`: every service is a library `libnss_SERVICE.so.2`.
    NameServices,
    /// Tables of cron: the command is what follows the time and, in system tables, the user.
    Crontab,
    /// logrotate's configuration: shell text between `postrotate` or its like and `endscript`.
    Logrotate,
    /// ImageMagick's `delegates.xml`: the command lines of those whose program is there.
    Delegates,
    /// `passwd`: the shells of those who can log in.
    Users,
    /// Init scripts and start files without a fixed form: every word that names a command or a file.
    Words,
}

/// Strings in binaries, and paths in configuration, that are not to be taken for uses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// Binaries and configuration that hold the strings.
    pub within: Vec<String>,
    /// The strings, as patterns.
    pub strings: Vec<String>,
    /// Why the string is no use, or what stands in for it.
    pub because: String,
}

/// A class of files that tools generate: not the application, although no package owns them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// The files.
    pub paths: Vec<String>,
    /// What becomes of them.
    pub keeping: Keeping,
    /// Who makes them, and for whom.
    pub because: String,
}

/// What becomes of generated files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keeping {
    /// They stay, but nothing they contain is a use.
    Data,
    /// They stay only if something in use leads to them.
    Reached,
    /// Byte code of Python: it stays where packages stay whole, as long as its module does. By file it goes, for Python makes it again.
    ByteCode,
    /// They go when packages are removed: caches, lists and logs of the package manager.
    Never,
}

/// A program that runs another one: `tini -- nginx`, `env X=1 java`, `gosu user redis-server`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wrapper {
    /// File names of the program.
    pub names: Vec<String>,
    /// Options that take the next argument as their value.
    #[serde(default)]
    pub valued: Vec<String>,
    /// Options of which the value is the program to be started, the first that is given before the others; what is no option, and all behind
    /// `--`, are that program's arguments. Without such options the program follows the others.
    #[serde(default)]
    pub program: Vec<String>,
    /// What stands between the options and the command.
    #[serde(default)]
    pub operands: Operands,
    /// The command where none is given.
    #[serde(default)]
    pub without: Vec<String>,
    /// Where this grammar is documented.
    pub because: String,
}

/// A program that starts others because of its options: `split --filter 'gzip > $FILE'`, `tar -czf`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// File names of the program.
    pub names: Vec<String>,
    /// Options, and beginnings of operands, whose value is a command as the shell reads it: `--filter`, `-I`, `EXEC:`.
    #[serde(default)]
    pub texts: Vec<String>,
    /// Options, each with the programs that it starts.
    #[serde(default)]
    pub programs: BTreeMap<String, Vec<String>>,
    /// Options of one letter may be given together, the first argument's without a dash: `tar xzf`.
    #[serde(default)]
    pub letters: bool,
    /// Options whose value is an operand as others are: `--file=a.tgz`.
    #[serde(default)]
    pub files: Vec<String>,
    /// Ends of operands, each with the programs that are started for such a file. A name that is computed may have any of them.
    #[serde(default)]
    pub ends: BTreeMap<String, Vec<String>>,
    /// Where this is documented.
    pub because: String,
}

/// What stands between a wrapper's options and the command that it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operands {
    /// Nothing: the command follows.
    #[default]
    None,
    /// One argument: a user, a duration, a directory.
    One,
    /// One argument before the options, which may be left out.
    Optional,
    /// `NAME=VALUE` assignments.
    Assignments,
    /// What env(1) reads: its own options, of which `-S TEXT` stands for several arguments, and assignments.
    Env,
    /// The command is the text of `-c`, which a user's shell reads.
    Shell,
    /// The command is a part of the program itself.
    Applet,
}
