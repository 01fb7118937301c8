//! Programs that are effects of their own: the engine runs them for scripts, and for triggers without a script.

use crate::engine::native::effects::Output;
use crate::engine::native::effects::{
    accounts, alternatives, capabilities, certificates, diversions, ldconfig, overrides, python, runlevels, ucf,
    unchanged, units,
};
use crate::engine::native::script::Unproven;
use slim::draft::Draft;

/// An effect: works on the draft with the program's arguments (its name left out).
pub type Run = fn(&mut Draft<'_>, &[String]) -> Result<Output, Unproven>;

/// The effect that a program's name stands for.
pub fn find(name: &str) -> Option<Run> {
    Some(match name {
        "addgroup" => |draft, words| accounts::add(draft, "addgroup", words),
        "adduser" => |draft, words| accounts::add(draft, "adduser", words),
        "deb-systemd-helper" => units::run,
        "dpkg-divert" => diversions::run,
        "dpkg-statoverride" => overrides::run,
        "gdk-pixbuf-query-loaders" => |draft, words| unchanged::cache(draft, "gdk-pixbuf-query-loaders", words),
        "getcap" => capabilities::get,
        "gio-querymodules" => |draft, words| unchanged::cache(draft, "gio-querymodules", words),
        "glib-compile-schemas" => |draft, words| unchanged::cache(draft, "glib-compile-schemas", words),
        "groupadd" => |draft, words| accounts::add(draft, "groupadd", words),
        "journalctl" => |draft, words| unchanged::cache(draft, "journalctl", words),
        "ldconfig" => ldconfig::run,
        "pam-auth-update" => unchanged::pam_auth_update,
        "py3clean" => python::clean_package,
        "py3compile" => python::compile_package,
        "setcap" => capabilities::set,
        "systemd-hwdb" => |draft, words| unchanged::cache(draft, "systemd-hwdb", words),
        "systemd-machine-id-setup" => unchanged::machine_id,
        "systemd-sysusers" => unchanged::sysusers,
        "systemd-tmpfiles" => unchanged::tmpfiles,
        "ucf" => ucf::run,
        "ucfr" => ucf::register,
        "update-alternatives" => alternatives::run,
        "update-ca-certificates" => certificates::run,
        "update-desktop-database" => |draft, words| unchanged::cache(draft, "update-desktop-database", words),
        "update-mime" => |draft, words| unchanged::cache(draft, "update-mime", words),
        "update-mime-database" => |draft, words| unchanged::cache(draft, "update-mime-database", words),
        "update-passwd" => unchanged::update_passwd,
        "update-rc.d" => runlevels::run,
        "useradd" => |draft, words| accounts::add(draft, "useradd", words),
        _ => {
            let version = name.strip_prefix("python3.")?;
            return version.bytes().all(|byte| byte.is_ascii_digit()).then_some(python::interpreter as Run);
        }
    })
}
