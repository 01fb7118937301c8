//! From a command's name to what it does: the one table.
//!
//! A built-in of the shell always runs. A program runs only where the image has it: a script that calls what is not there gets
//! status 127, as it would. Programs that ask for other processes are told by one rule: while an image is rebuilt, none of its programs
//! runs but apt, dpkg and the scripts themselves. No server of the image answers; what else runs on the machine is the machine's. To
//! add one, write the function and put its name into [`find`].

mod awk;
mod debconf;
mod dpkg;
pub mod effects;
mod files;
mod find;
mod getopt;
mod grep;
mod hash;
mod java;
mod mariadb;
mod options;
mod postgresql;
mod regex;
mod sed;
mod shell;
mod squid;
mod stat;
mod system;
mod test;
mod text;
#[cfg(test)]
mod trying;
mod version;

pub(super) use debconf::{Debconf, is_command as is_debconf, run as run_debconf};
pub use version::compare_versions;

use super::{Shell, Status};

/// A command: its words, the name first.
pub type Run = fn(&mut Shell<'_, '_>, &[String]) -> Status;

/// How a name is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    /// Part of the shell.
    Shell(Run),
    /// A file in the image that is reproduced here.
    Program(Run),
    /// A file in the image whose work is one of the engine's own effects.
    Effect(effects::Run),
}

/// The special built-ins (POSIX 2.15): they cannot be functions, and assignments before them stay.
pub(super) fn is_special(name: &str) -> bool {
    const SPECIAL: [&str; 15] = [
        ":", ".", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "times",
        "trap", "unset",
    ];
    SPECIAL.contains(&name)
}

/// What a name stands for.
pub(super) fn find(name: &str) -> Option<Entry> {
    use Entry::{Program, Shell};
    Some(match name {
        // The shell's own.
        ":" | "true" => Shell(shell::succeed),
        "false" => Shell(shell::fail),
        "." => Shell(shell::source),
        "[" | "test" => Shell(test::run),
        "alias" => Shell(shell::alias),
        "break" => Shell(shell::leave_loop),
        "cd" => Shell(shell::change_directory),
        "command" => Shell(shell::command),
        "continue" => Shell(shell::continue_loop),
        "echo" => Shell(shell::echo),
        "eval" => Shell(shell::eval),
        "exec" => Shell(shell::exec),
        "exit" => Shell(shell::exit),
        "export" => Shell(shell::export),
        "getopts" => Shell(shell::getopts),
        "local" => Shell(shell::local),
        "printf" => Shell(shell::printf),
        "pwd" => Shell(shell::print_directory),
        "read" => Shell(shell::read),
        "readonly" => Shell(shell::readonly),
        "return" => Shell(shell::return_from),
        "set" => Shell(shell::set),
        "shift" => Shell(shell::shift),
        "trap" => Shell(shell::trap),
        "type" => Shell(shell::type_of),
        "umask" => Shell(shell::umask),
        "unalias" => Shell(shell::unalias),
        "unset" => Shell(shell::unset),
        // Text.
        "awk" | "mawk" | "gawk" => Program(awk::run),
        "basename" => Program(text::basename),
        "cat" => Program(text::cat),
        "cmp" => Program(text::cmp),
        "cut" => Program(text::cut),
        "dirname" => Program(text::dirname),
        "egrep" | "fgrep" | "grep" => Program(grep::run),
        "expr" => Program(text::expr),
        "head" => Program(text::head),
        "sed" => Program(sed::run),
        "seq" => Program(text::seq),
        "sort" => Program(text::sort),
        "tail" => Program(text::tail),
        "tr" => Program(text::tr),
        "uniq" => Program(text::uniq),
        "wc" => Program(text::wc),
        "xargs" => Program(text::xargs),
        "getopt" => Program(getopt::run),
        // Files.
        "chgrp" | "chown" => Program(files::chown),
        "chmod" => Program(files::chmod),
        "cp" => Program(files::copy),
        "find" => Program(find::run),
        "install" => Program(files::install),
        "ln" => Program(files::link),
        "ls" => Program(files::list),
        "md5sum" => Program(hash::md5sum),
        "mkdir" => Program(files::mkdir),
        "mktemp" => Program(files::mktemp),
        "mountpoint" => Program(files::mountpoint),
        "mv" => Program(files::rename),
        "readlink" => Program(files::readlink),
        "realpath" => Program(files::realpath),
        "rm" => Program(files::remove),
        "rmdir" => Program(files::rmdir),
        "stat" => Program(stat::run),
        "sleep" | "sync" => Program(shell::succeed),
        "touch" => Program(files::touch),
        "unlink" => Program(files::unlink),
        // The system around them.
        "date" => Program(system::date),
        "deb-systemd-invoke" => Program(system::deb_systemd_invoke),
        "getent" => Program(system::getent),
        "id" => Program(system::id),
        "invoke-rc.d" => Program(system::invoke_rc_d),
        "ischroot" => Program(system::ischroot),
        "logger" => Program(system::logger),
        "perl" => Program(system::perl),
        "runlevel" => Program(system::runlevel),
        "ss" => Program(system::ss),
        "pidof" => Program(system::pidof),
        "pgrep" => Program(system::pgrep),
        "df" => Program(system::df),
        "hostname" => Program(system::hostname),
        "udevadm" => Program(system::udevadm),
        "dbus-uuidgen" => Program(system::dbus_uuidgen),
        // Caches of fonts are caches: fontconfig passes over one that is older than its folder.
        "fc-cache" => Program(shell::succeed),
        "uname" => Program(system::uname),
        "which" => Program(system::which),
        "java" => Program(java::run),
        "keytool" => Program(java::keytool),
        "mariadb-admin" | "mysqladmin" => Program(mariadb::admin),
        "my_print_defaults" => Program(mariadb::print_defaults),
        "squid" => Program(squid::run),
        "pg_conftool" => Program(postgresql::conftool),
        "pg_controldata" => Program(postgresql::controldata),
        "pg_lsclusters" => Program(postgresql::list),
        "pg_updatedicts" => Program(postgresql::updatedicts),
        // Both talk to servers that run and to whoever reads what they say.
        "pg_checksystem" | "run-upgrade-scripts" => Program(shell::succeed),
        "bash" | "sh" => Program(system::sh),
        "su" => Program(system::su),
        // dpkg.
        "dpkg" => Program(dpkg::dpkg),
        "dpkg-query" => Program(dpkg::query),
        "dpkg-realpath" => Program(dpkg::realpath),
        "dpkg-trigger" => Program(dpkg::trigger),
        // The engine's own effects come first, should one know more of it.
        "systemctl" if effects::find(name).is_none() => Program(system::systemctl),
        _ => return effects::find(name).map(Entry::Effect),
    })
}
