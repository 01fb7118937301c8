//! The finders, each by what it makes of one small file: a package stays when, and only when, the file names it.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests build their own trees")]

mod image;

use image::Image;
use slim::launch::Launch;
use slim::tree::Node;
use testdata::elf::{Elf, library, program};

/// A tool that nothing else leads to, with a link to it; what a script reads; scripts that a loop runs; a configuration.
const TREE: &str = "/usr/bin/sh = x\n/bin -> usr/bin\n/usr/bin/tool = x\n/usr/bin/link -> tool\n/usr/lib/part = tool\n\
    /etc/parts.d/10-one 755 = x\n/usr/bin/env = x\n/usr/bin/find = x\n/usr/bin/xargs = x\n/usr/bin/nice = x\n";

/// What stays of the packages of an image when `/usr/bin/app` is run.
fn kept(mut image: Image) -> (Vec<String>, Vec<String>) {
    image.launch = Launch {
        entrypoint: vec!["/usr/bin/app".into(), "tool-by-argument".into()],
        env: vec![("PATH".into(), "/usr/bin".into()), ("NAMED".into(), "oo".into())],
        ..Launch::default()
    };
    image.kept()
}

/// An image whose application is a script of these lines.
fn with_script(image: Image, lines: &[u8]) -> Image {
    image.node("/usr/bin/app", Node { mode: 0o755, ..Node::file(lines) })
}

/// What stays when the application is a script of these lines.
fn script(lines: &[u8]) -> (Vec<String>, Vec<String>) {
    let base: &[&str] =
        &["/usr/bin/sh", "/usr/bin/env", "/usr/bin/find", "/usr/bin/xargs", "/usr/bin/nice", "/usr/bin/link", "/bin"];
    let packages: [(&str, &[&str]); 4] = [
        ("tool", &["/usr/bin/tool"]),
        ("part", &["/usr/lib/part"]),
        ("parts", &["/etc/parts.d/10-one"]),
        ("base", base),
    ];
    let (mut kept, unknowns) = kept(with_script(Image::new(TREE, &packages), lines));
    kept.retain(|name| name != "base");
    (kept, unknowns)
}

/// The lines, as scripts, of which something else stays than what is said; or of which something is not known.
fn wrong(rows: &[(&str, &[&str])]) -> Vec<String> {
    let differs = |(lines, expected): &(&str, &[&str])| {
        let text = if lines.starts_with("#!") { format!("{lines}\n") } else { format!("#!/bin/sh\n{lines}\n") };
        let found = script(text.as_bytes());
        (found != (expected.iter().map(|name| (*name).to_owned()).collect(), vec![]))
            .then(|| format!("{lines}: {found:?}"))
    };
    rows.iter().filter_map(differs).collect()
}

#[test]
fn a_shell_script_uses_what_its_words_name() {
    let tool: &[&str] = &["tool"];
    let lines = [
        "tool",
        "exec tool -x",
        "/usr/bin/tool",
        "link",
        "if tool; then :; fi",
        "f() { tool; }\nf",
        "x=$(tool)",
        "x=`tool`",
        "cat <<END\n$(tool)\nEND",
        "echo x | tool",
        "(tool)",
        "case $1 in x) tool;; esac",
        "while tool; do :; done",
        "command -v tool",
        "type tool",
        "which tool",
        "nice -n 5 tool",
        "env A=b tool",
        "find / -exec tool {} +",
        "sh -c 'exec tool'",
        "eval 'tool x'",
        "trap 'tool' EXIT",
        "set -- tool \"$@\"\nexec \"$@\"",
        "NAME=tool\n$NAME",
        "export NAME=tool\nexec \"$NAME\"",
        "f() { local NAME=too; \"${NAME}l\"; }",
        "${NAME:-tool}",
        "t${NAMED}l",
        "for name in other tool; do $name; done",
        "all='other tool'\nfor name in $all; do command -v $name; done",
    ];
    assert_eq!(wrong(&lines.map(|line| (line, tool))), Vec::<String>::new());
    let none = ["echo tool", "# tool", "cat <<'END'\n$(tool)\nEND", "tools"];
    assert_eq!(wrong(&none.map(|line| (line, &[][..]))), Vec::<String>::new());
}

#[test]
fn a_shell_script_uses_files_that_it_reads_and_directories_that_it_runs() {
    let rows: [(&str, &[&str]); 13] = [
        (". /usr/lib/part", &["part", "tool"]),
        ("source /usr/lib/part", &["part", "tool"]),
        ("for file in /usr/lib/par*; do . \"$file\"; done", &["part", "tool"]),
        ("cat /usr/lib/part", &["part"]),
        ("x=/usr/lib/part", &["part"]),
        ("test -f /usr/lib/part", &["part"]),
        ("cat --file=/usr/lib/part", &["part"]),
        ("cat < /usr/lib/part", &["part"]),
        ("while read line; do :; done < /usr/lib/part", &["part"]),
        ("echo x > /usr/lib/part", &[]),
        ("run-parts /etc/parts.d", &["parts"]),
        ("exec env -i X=1 run-parts --lsbsysinit /etc/parts.d > /run/out", &["parts"]),
        ("for file in /etc/parts.d/*; do \"$file\"; done", &["parts"]),
    ];
    assert_eq!(wrong(&rows), Vec::<String>::new());
}

#[test]
fn files_that_read_each_other_are_read_once() {
    let many: String = (0..60)
        .map(|number| format!("/usr/lib/many/{number} = for f in /usr/lib/many/*; do . \"$f\"; done\n"))
        .collect();
    let image = Image::new(&format!("{TREE}{many}"), &[("many", &["/usr/lib/many/59"])]);
    assert_eq!(kept(with_script(image, b"#!/bin/sh\n. /usr/lib/many/1\n")).0, ["many"]);
}

#[test]
fn the_first_line_names_the_interpreter() {
    let lines = [
        "#!/usr/bin/tool",
        "#! /usr/bin/tool -x",
        "#!/usr/bin/link",
        "#!/usr/bin/env tool",
        "#!/usr/bin/env -S tool -x",
        "#!/usr/bin/env -S A=b tool",
    ];
    assert_eq!(wrong(&lines.map(|line| (line, &["tool"][..]))), Vec::<String>::new());
    let (kept, unknowns) = script(b"#!/usr/bin/gone\n");
    assert!(kept.is_empty() && unknowns[0].contains("interpreter /usr/bin/gone is not in the image"), "{unknowns:?}");
}

#[test]
fn commands_that_are_computed_are_told_with_their_line() {
    let (kept, unknowns) = script(b"#!/bin/sh\n\n$(cat /etc/which) --help\n");
    assert!(kept.is_empty(), "{kept:?}");
    assert!(unknowns[0].starts_with("/usr/bin/app, line 3: the command is $("), "{unknowns:?}");
}

/// What stays when the application is this program. The library `liba.so.1` is a link to another file and needs `libb.so.1`.
fn elf(app: &Elf) -> Vec<String> {
    let lines = "/lib64/ld-linux-x86-64.so.2 = x\n/usr/lib/liba.so.1 -> liba.so.1.0\n/usr/share/data = x\n";
    let packages: [(&str, &[&str]); 6] = [
        ("a", &["/usr/lib/liba.so.1.0"]),
        ("b", &["/usr/lib/libb.so.1"]),
        ("data", &["/usr/share/data"]),
        ("far", &["/opt/far/libfar.so.1"]),
        ("libc", &["/lib64/ld-linux-x86-64.so.2"]),
        ("link", &["/usr/lib/liba.so.1"]),
    ];
    let image = Image::new(lines, &packages)
        .elf("/usr/bin/app", app)
        .elf("/usr/lib/liba.so.1.0", &library("liba.so.1").needs("libb.so.1"))
        .elf("/usr/lib/libb.so.1", &library("libb.so.1"))
        .elf("/opt/far/libfar.so.1", &library("libfar.so.1"));
    kept(image).0
}

#[test]
fn a_program_uses_its_loader_and_libraries_by_every_link() {
    assert_eq!(elf(&program()), ["libc"]);
    assert_eq!(elf(&program().needs("liba.so.1")), ["a", "b", "libc", "link"]);
    assert_eq!(elf(&program().needs("libfar.so.1").runpath("/opt/far")), ["far", "libc"]);
    assert_eq!(elf(&program().needs("libfar.so.1").rpath("$ORIGIN/../../opt/far")), ["far", "libc"]);
}

#[test]
fn a_program_uses_files_and_libraries_that_its_strings_name() {
    assert_eq!(elf(&program().text(b"\0libb.so.1\0")), ["b", "libc"]);
    assert_eq!(elf(&program().text(b"\0/usr/share/data\0")), ["data", "libc"]);
    assert_eq!(elf(&program().text(b"\0/etc/none:/usr/share/data\0")), ["data", "libc"]);
    assert_eq!(elf(&program().text(b"\0/usr/share/dat\0libb.so\0/etc/none:usr/share/data\0")), ["libc"]);
}

#[test]
fn a_command_line_in_a_program_begins_with_a_path_or_goes_to_the_shell() {
    for (symbol, text, expected) in [
        ("execve", "/usr/bin/tool axwwo 'stat uid'", "tool"),
        ("execve", "tool -x", ""),
        ("execvp", "tool", "tool"),
        ("puts", "tool", ""),
        ("system", "tool -x", "tool"),
        ("system", "tool for all", ""),
        ("system", "/usr/bin/app it | tool", "tool"),
        ("system", "other it | tool", ""),
        ("puts", "/usr/bin/tool axwwo", ""),
    ] {
        let app = program().imports(symbol, None, false).text(format!("\0{text}\0").as_bytes());
        let image = Image::new("/usr/bin/tool 755 = x", &[("tool", &["/usr/bin/tool"])]).elf("/usr/bin/app", &app);
        assert_eq!(kept(image).0.join(" "), expected, "{symbol} {text}");
    }
}

#[test]
fn texts_that_a_program_of_go_or_rust_counts_are_read_as_those_that_end() {
    // lea rax, [the text]; mov ebx, its length.
    let code = |text: &str| {
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        [&[0x48, 0x8d, 0x05, 5, 0, 0, 0, 0xbb][..], &length, text.as_bytes(), b"and more RUST_BACKTRACE"].concat()
    };
    for (path, text, expected) in [
        ("/usr/local/bin/app", "tool", "tool"),
        ("/usr/local/bin/app", "git", "git"),
        ("/usr/local/bin/app", "tool -x | git", "git tool"),
        ("/usr/local/bin/app", "host", ""),
        ("/usr/local/bin/app", "set -e\ntool -x\n", "tool"),
        ("/usr/local/bin/app", "Usage:\ntool -x\n", ""),
        ("/usr/local/bin/app", "tar", "tar"),
        ("/usr/local/bin/app", "sort", ""),
        ("/usr/local/bin/app", "sh", ""),
        ("/usr/local/bin/app", "/usr/share/data", "data"),
        ("/usr/local/bin/app", "libb.so.1", "b"),
        // Programs of packages know many others.
        ("/usr/bin/app", "tool", ""),
        ("/usr/bin/app", "/usr/share/data", "data"),
    ] {
        let app = program().imports("posix_spawnp", None, false).text(&code(text));
        let lines = "/usr/bin/tool 755 = x\n/usr/bin/git 755 = x\n/usr/bin/host 755 = x\n/usr/share/data = x\n/usr/bin/tar 755 = x\n\
            /usr/bin/sort 755 = x\n/usr/bin/sh 755 = x";
        let packages: &[(&str, &[&str])] = &[
            ("tool", &["/usr/bin/tool"]),
            ("git", &["/usr/bin/git"]),
            ("host", &["/usr/bin/host"]),
            ("tar", &["/usr/bin/tar"]),
            ("essential", &["/usr/bin/sort", "/usr/bin/sh"]),
            ("data", &["/usr/share/data"]),
            ("b", &["/usr/lib/libb.so.1"]),
            ("app", &["/usr/bin/app"]),
        ];
        let mut image = Image::new(lines, packages);
        for package in &mut image.packages {
            package.essential = matches!(package.name.as_str(), "essential" | "tar");
        }
        let image = image.elf(path, &app).elf("/usr/lib/libb.so.1", &library("libb.so.1"));
        let kept = kept(image).0.into_iter().filter(|name| name != "app").collect::<Vec<_>>();
        assert_eq!(kept.join(" "), expected, "{path} {text}");
    }
}

#[test]
fn a_folder_of_programs_that_a_starter_names_is_in_use() {
    let packages: [(&str, &[&str]); 4] = [
        ("exec", &["/usr/libexec/own/x"]),
        ("home", &["/usr/lib/own/serve", "/usr/lib/own/libown.so", "/usr/lib/own/script"]),
        ("part", &["/usr/lib/own/backend/usb"]),
        ("other", &["/usr/lib/own/other/x", "/usr/bin/tool"]),
    ];
    let lines = "/usr/lib/own/libown.so 755 = x\n/usr/lib/own/script 755 = #!/usr/bin/tool\n/usr/bin/tool 755 = x";
    let binaries = ["/usr/lib/own/serve", "/usr/lib/own/backend/usb", "/usr/lib/own/other/x", "/usr/libexec/own/x"];
    for (symbol, text, expected) in [
        ("execv", "/usr/lib/own", "home"),
        ("execv", "/usr/lib/own\0%s/backend/%s", "home part"),
        ("posix_spawn", "/usr/lib/own/backend", "part"),
        ("execv", "/usr/bin", ""),
        ("puts", "/usr/lib/own", ""),
        ("puts", "/usr/libexec/own", "exec"),
        ("system", "/usr/lib/own", ""),
    ] {
        let app = program().imports(symbol, None, false).text(format!("\0{text}\0").as_bytes());
        let image = Image::new(lines, &packages).elf("/usr/bin/app", &app);
        let image = binaries.iter().fold(image, |image, path| image.elf(path, &program()));
        assert_eq!(kept(image).0.join(" "), expected, "{symbol} {text}");
    }
}

#[test]
fn notes_say_what_is_opened_and_suggestions_are_no_uses() {
    let note = |priority: &str| {
        format!(r#"[{{"soname":["libb.so.1"],"priority":"{priority}","feature":"f","description":"d"}}]"#)
    };
    for priority in ["required", "recommended"] {
        assert_eq!(elf(&program().dlopen_note(&note(priority))), ["b", "libc"], "{priority}");
    }
    assert_eq!(elf(&program().dlopen_note(&note("suggested"))), ["libc"]);
}
