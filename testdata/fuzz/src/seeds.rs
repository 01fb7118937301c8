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
const NGINX: &str = "user www-data;\ninclude /etc/nginx/conf.d/*.conf;\nhttp { server { root \"/srv/x\"; } } # end\n";

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
    let seeds: [(&str, Vec<Vec<u8>>); 9] = [
        ("elf", vec![elf.bytes()]),
        ("loader_cache", vec![cache.write()]),
        ("status", vec![STATUS.into()]),
        ("shell", vec![SHELL.into()]),
        ("nginx", vec![NGINX.into()]),
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
