//! Distributions, roles and parents.

use crate::image::Image;
use slim::policy::{Profile, decide};

#[test]
fn perl_loads_roles_parents_and_modules_by_computed_names() {
    let files = ["Email/Abstract", "Mojo/Command", "Mojo/Reactor/EV", "Mojo/Reactor/Poll", "Plack/Middleware/Own"]
        .map(|name| format!("/usr/share/perl5/{name}.pm"));
    let [mail, command, ev, poll, own] = files.each_ref().map(String::as_str);
    let packages: [(&str, &[&str]); 4] =
        [("mail", &[mail]), ("command", &[command]), ("reactors", &[ev, poll]), ("middleware", &[own])];
    for (text, expected) in [
        ("with 'Email::Abstract';", "mail"),
        ("use Own::Base 'Mojo::Command', -signatures;", "command"),
        ("my $class = 'Mojo::Reactor::' . $kind;", "reactors"),
        ("my $name = 'Email::Abstract';", ""),
        ("enable 'Own';", "middleware"),
        ("enable_if { 1 } 'Own', x => 1;", "middleware"),
        ("print 'Own';", ""),
    ] {
        let lines = format!(
            "/usr/bin/app 755 = #!/usr/bin/perl\\n{text}\n/usr/bin/perl = x\n{mail} = x\n{command} = x\n{ev} = x\n{poll} = x\n{own} = x"
        );
        assert_eq!(Image::new(&lines, &packages).kept().0.join(" "), expected, "{text}");
    }
}

#[test]
fn perl_loads_modules_from_folders_that_it_is_told() {
    let file = "/usr/lib/own/plugins/utils.pm";
    for (text, expected) in [("use lib '/usr/lib/own/plugins';\\nuse utils;", "own"), ("use utils;", "")] {
        let lines = format!("/usr/bin/app 755 = #!/usr/bin/perl\\n{text}\n/usr/bin/perl = x\n{file} = x");
        assert_eq!(Image::new(&lines, &[("own", &[file])]).kept().0.join(" "), expected, "{text}");
    }
}

#[test]
fn distributions_of_perl_stay_whole() {
    let files = ["A/B.pm", "A/Hidden.pm", "A/words.txt", "A.pod"].map(|name| format!("/usr/share/perl5/{name}"));
    let owned: Vec<&str> = files.iter().map(String::as_str).collect();
    let other = "/usr/share/perl5/Other.pm";
    let lines = format!(
        "/usr/bin/app 755 = #!/usr/bin/perl\\nuse A::B;\n/usr/bin/perl = x\n{} = x\n{} = use Other;\n{} = x\n{} = x\n{other} = x",
        files[0], files[1], files[2], files[3]
    );
    // The program may be the distribution's own.
    for owned in [&owned[..], &[&["/usr/bin/app"], &owned[..]].concat()] {
        let image = Image::new(&lines, &[("liba-perl", owned), ("libother-perl", &[other])]);
        let (inventory, reached) = image.reach();
        let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
        assert_eq!(gone.into_keys().map(|path| path.to_text()).collect::<Vec<_>>(), ["/usr/share/perl5/A.pod"]);
    }
}

#[test]
fn headers_and_manuals_of_perl_are_no_library() {
    let library = "/usr/lib/x86_64-linux-gnu/perl/5.36";
    let own = [
        format!("{library}/POSIX.pm"),
        format!("{library}/CORE/perl.h"),
        "/usr/share/perl/5.36/diagnostics.pm".to_owned(),
        "/usr/share/perl/5.36/pod/perldiag.pod".to_owned(),
        "/usr/share/perl/5.36/pod/perlunicode.pod".to_owned(),
    ];
    let files: Vec<&str> = own.iter().map(String::as_str).collect();
    let gone = |program: &str| {
        let lines = own.iter().map(|file| format!("{file} = x\n")).collect::<String>();
        let lines = format!("{lines}/usr/bin/perl = x\n/usr/bin/gcc = x\n/bin/sh = x\n/usr/bin/app 755 = {program}");
        let image = Image::new(&lines, &[("perl", &files), ("gcc", &["/usr/bin/gcc"])]);
        let (inventory, reached) = image.reach();
        let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
        gone.keys().map(|path| String::from_utf8_lossy(path.file_name()).into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(gone("#!/usr/bin/perl\\nuse POSIX;"), ["gcc", "perl.h", "perlunicode.pod"]);
    assert_eq!(
        gone("#!/bin/sh\\nperl -MPOSIX -e 1; gcc x.c; /usr/bin/perl /usr/share/perl/5.36/diagnostics.pm"),
        ["perlunicode.pod"]
    );
}
