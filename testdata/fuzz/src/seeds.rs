//! Writes the first seeds: sound input of every sort, from which mutation starts.

use slim::elf::cache::{Cache, Entry, Needs, flags};
use std::fs;
use std::path::Path;
use testdata::apt::Key;
use testdata::deb::Deb;
use testdata::elf::library;
use testdata::image::{ImageMaker, Pack, What, gzip, layer_tar};

const RELEASE: &str =
    "Origin: Debian\nSuite: stable\nCodename: bookworm\nDate: Sat, 01 Feb 2025 00:00:00 UTC\nSHA256:\n";
const STATUS: &str =
    "Package: a\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: all\nDescription: a\n more\n\n";
const SHELL: &str =
    "#!/bin/sh\nset -e\ncase \"$1\" in\nconfigure) ldconfig && rm -f \"${DPKG_ROOT}/x\" ;;\nesac\nexec \"$@\"\n";
const PROGRAMS: &str = "awk -F= '/a/ { n++; print $2 } END { exit !n }' /etc/toy.conf\nsed -i -e 's/a \\(.\\)/b\\1/;2d' /etc/toy.conf\n\
find /etc -name '*.conf' -exec chmod 644 {} +\nx=${2#*:} && echo \"$((1 + 2))\" | sort -u | while read -r y; do grep -q \"$y\" /etc/passwd || true; done\n\
test -e /x -o \"$1\" = configure && printf '%s\\n' \"${x%%.*}\" > /var/lib/toy\n";
/// A file that the target `reach` knows by its first byte.
const FILES: [(u8, &str); 14] = [
    (0, "user www-data;\ninclude /etc/nginx/conf.d/*.conf;\nhttp { server { root \"/srv/x\"; } } # end\n"),
    (1, "LoadModule a_module modules/a.so\n<IfModule a>\nInclude conf-enabled/*.conf\n</IfModule>\nUse X \"a b\"\n"),
    (2, "extension=a.so\n[opcache]\nzend_extension = \"/x/b.so\" ; c\n"),
    (
        3,
        "[include]\nfiles = conf.d/*.conf\n[program:a]\ncommand=/app/start -c \"x y\" %(ENV_X)s\nenvironment=A=\"b\"\n",
    ),
    (4, "PATH=/bin\n*/5 * * * * root cd / && /app/start % text\n@reboot app [ -x /x ] || sh -c 'a; b'\n"),
    (5, "@include common-auth\nauth [success=1 default=ignore] pam_a.so x=/etc/y\n-session optional /lib/pam_b.so\n"),
    (6, "openssl_conf = a\n.include /x\n[a]\nproviders = b\n[b]\nc = d\n[d]\nmodule = $dir/e.so\nactivate = 1\n"),
    (7, "passwd: files [NOTFOUND=return] systemd\nhosts: files dns\n"),
    (8, "include /etc/ld.so.conf.d/*.conf\n/opt/$LIB\n"),
    (
        9,
        "#!/bin/sh\nset -e\nf() { exec \"$@\"; }\nfor i in /x/*.sh; do . \"$i\"; done\ncat <<E | sh\na $(b) ${c:-d}\nE\nf python3 /app/main.py\n",
    ),
    (
        10,
        "import os, a.b as c\nfrom . import d\ntry:\n    import e\nexcept ImportError: pass\nimport_module(f'{x}.y')\n",
    ),
    (11, "use strict;\nuse DBI 1.0 qw(a b);\nrequire \"a.pl\";\nsystem('x', @y);\n__END__\n"),
    (12, "const a = require('express');\nimport b from \"./c.js\";\nimport(`./${d}`);\n"),
    (15, "-cp \"/app/lib/*:/x\" -javaagent:/y.jar=z\n# c\n-jar /app/app.jar\n"),
];

fn main() -> std::io::Result<()> {
    let elf = library("liba.so.1")
        .needs("libc.so.6")
        .runpath("$ORIGIN/x")
        .needs_version("libc.so.6", "GLIBC_2.34", false)
        .defines_version("A_1")
        .imports("puts", Some("GLIBC_2.34"), false)
        .exports("a", Some("A_1"))
        .dlopen_note(r#"[{"soname":["libz.so.1"]}]"#)
        .text(b"/etc/x\0libx.so.1\0");
    let mut cache = Cache::default();
    for (soname, path) in [("liba.so.1", "/lib/liba.so.1"), ("libb.so.2", "/usr/lib/libb.so.2")] {
        cache.add(Entry {
            soname: soname.into(),
            path: path.into(),
            flags: flags::ELF_LIBC6 | flags::X8664_LIB64,
            os_version: 0,
            needs: Needs::Bits(0),
        });
    }
    let entries = [("etc/", What::Dir), ("etc/x", What::File(b"x")), ("etc/y", What::Whiteout)];
    let tar = layer_tar(&entries);
    let deb = Deb::new("a", "1.0-1").file("usr/bin/a", 0o755, b"x").symlink("usr/bin/b", "a").build();
    let image = ImageMaker::new().layer(Pack::Gzip, &entries);
    let files = FILES.iter().map(|(kind, text)| [&[*kind], text.as_bytes()].concat()).collect();
    let seeds: [(&str, Vec<Vec<u8>>); 10] = [
        ("elf", vec![elf.bytes()]),
        ("loader_cache", vec![cache.write()]),
        ("status", vec![STATUS.into()]),
        ("shell", vec![SHELL.into()]),
        ("evaluate", vec![SHELL.into(), PROGRAMS.into()]),
        ("reach", files),
        ("layer", vec![gzip(&tar), tar]),
        ("deb", vec![deb]),
        ("clear_signed", vec![Key::new().clear_sign(RELEASE).into()]),
        ("image", vec![image.config_bytes(), image.manifest_bytes()]),
    ];
    for (target, files) in seeds {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (number, bytes) in files.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), bytes)?;
        }
    }
    Ok(())
}
