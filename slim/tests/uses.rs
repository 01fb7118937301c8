//! Uses that no header and no configuration names, tried on small images.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests build their own trees")]

mod image;

use image::Image;
use slim::packages::Inventory;
use slim::path::ImagePath;
use slim::policy::{Profile, decide};
use slim::reach::{Wishes, reach};
use slim::tree::MemoryContents;
use slim::verify::{self, ProblemKind};
use testdata::elf::{Elf, library as library_of, plugin, program};

/// `DF_1_PIE`.
const PIE: u64 = 0x0800_0000;

const ZONES: &str = "/usr/share/zoneinfo/Europe/Berlin = x\n/usr/share/zoneinfo/Asia/Tokyo = x\n/usr/bin/sh = x\n";
const TZDATA: (&str, &[&str]) = ("tzdata", &["/usr/share/zoneinfo/Europe/Berlin", "/usr/share/zoneinfo/Asia/Tokyo"]);

#[test]
fn zones_that_a_program_names_are_in_use() {
    let image = Image::new(ZONES, &[TZDATA]);
    let clock = program().imports("localtime_r", None, false);
    let knows = image.elf("/usr/bin/app", &clock.clone().text(b"\0Europe/Berlin\0"));
    assert_eq!(knows.kept().0, ["tzdata"]);
    let (inventory, reached) = knows.reach();
    let gone = decide(&knows.tree, &inventory, &reached, Profile::Files).removal.paths;
    assert_eq!(gone.keys().map(ImagePath::to_text).collect::<Vec<_>>(), ["/usr/share/zoneinfo/Asia/Tokyo"]);

    let mut node = Image::new(ZONES, &[TZDATA]).elf("/usr/bin/node", &clock.clone().text(b"\0Europe/Berlin\0"));
    node.launch.entrypoint = vec!["/usr/bin/node".into()];
    assert!(node.kept().0.is_empty(), "Node asks ICU, which has zones of its own");

    // The name alone is no use: who does not ask for local time only shows it.
    let shows = Image::new(ZONES, &[TZDATA]).elf("/usr/bin/app", &program().text(b"\0Europe/Berlin\0"));
    assert_eq!(shows.kept(), (vec![], vec![]));

    let told = Image::new(ZONES, &[TZDATA]).elf("/usr/bin/app", &clock);
    let (kept, unknowns) = told.kept();
    assert!(kept.is_empty() && unknowns.len() == 1 && unknowns[0].contains("--keep tzdata"), "{unknowns:?}");
}

#[test]
fn zones_that_scripts_and_variables_name_are_in_use() {
    for (line, expected) in [
        ("/usr/bin/app 755 = #!/usr/bin/sh\\nexport TZ=Europe/Berlin", 1),
        ("/usr/bin/app 755 = #!/usr/bin/python3\\nos.environ[\'TZ\'] = \'Asia/Tokyo\'", 1),
        ("/usr/bin/app 755 = #!/usr/bin/sh\\nexport TZ=Europe/Nowhere", 0),
        ("/usr/bin/app 755 = #!/usr/bin/node\\nshow(time, {timeZone: 'Europe/Berlin'})", 0),
    ] {
        let image = Image::new(&format!("{ZONES}{line}"), &[TZDATA]);
        assert_eq!(image.kept().0.len(), expected, "{line}");
    }
    let mut image = Image::new(ZONES, &[TZDATA]).elf("/usr/bin/app", &program());
    image.launch.env.push(("PGTZ".into(), "Asia/Tokyo".into()));
    assert_eq!(image.kept().0, ["tzdata"]);
    let mut image = Image::new(ZONES, &[TZDATA]).elf("/usr/bin/app", &program());
    image.launch.entrypoint.push("-Duser.timezone=Asia/Tokyo".into());
    assert_eq!(image.kept().0, ["tzdata"]);
    let text = format!("{ZONES}/app/main.py = import zoneinfo\n/usr/bin/app = x");
    assert_eq!(Image::new(&text, &[TZDATA]).kept().0, ["tzdata"], "a module that is told any zone");
}

#[test]
fn names_of_programs_that_are_computed_are_told() {
    let told = |elf: Elf, path: &str, lines: &str| {
        let mut image = Image::new(lines, &[]).elf(path, &elf);
        image.launch.entrypoint = vec![path.into()];
        image.kept().1.iter().filter(|unknown| unknown.contains("starts programs")).count()
    };
    let starts = || program().imports("execvp", None, false);
    assert_eq!(told(starts(), "/usr/bin/app", ""), 1);
    assert_eq!(told(program(), "/usr/bin/app", ""), 0);
    assert_eq!(told(starts().text(b"\0/usr/bin/tool\0"), "/usr/bin/app", "/usr/bin/tool 755 = x"), 0);
    assert_eq!(told(starts(), "/usr/sbin/gosu", ""), 0, "its arguments say what it starts");
}

#[test]
fn plugins_of_a_kept_package_stay_with_the_links_to_them() {
    let own = "/usr/lib/x86_64-linux-gnu/own";
    let lines = format!("{own}/libplug.so.6 -> libplug.so.6.0.0\n/usr/lib/x86_64-linux-gnu/libown.so -> libown.so.1\n");
    let object = format!("{own}/libplug.so.6.0.0");
    let files = ["/usr/bin/app", &object, &format!("{own}/libplug.so.6")].map(str::to_owned);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let mut image = Image::new(&lines, &[("app", &files)]).elf("/usr/bin/app", &program()).elf(&object, &plugin());
    image.launch.entrypoint = vec!["app".into()];
    let (_, reached) = image.reach();
    for file in &files {
        assert!(reached.graph.reaches(&ImagePath::literal(file)), "{file}");
    }
}

#[test]
fn commands_that_a_program_hands_to_the_shell_are_in_use() {
    let packages: [(&str, &[&str]); 2] = [("tool", &["/usr/bin/tool"]), ("shell", &["/bin/sh"])];
    let kept = |symbol: &str, text: &str| {
        let program = program().imports(symbol, None, false).text(format!("\0{text}\0").as_bytes());
        let (kept, unknowns) =
            Image::new("/usr/bin/tool 755 = x\n/bin/sh 755 = x", &packages).elf("/usr/bin/app", &program).kept();
        (kept.join(" "), unknowns.len())
    };
    for (symbol, text, expected) in [
        ("system", "tool -rf cache", ("shell tool", 0)),
        ("popen", "exec tool /etc/x", ("shell tool", 0)),
        ("popen", "tool %s | tool", ("shell tool", 0)),
        ("system", "tool --all && tool %s", ("shell tool", 0)),
        // A sentence is no command, and without a shell there is none.
        ("system", "tool not found", ("shell", 1)),
        ("system", "tool - a message", ("shell", 1)),
        ("system", "tool \"%s\" is no tool", ("shell", 1)),
        ("system", "tool %s is no tool", ("shell", 1)),
        ("getenv", "tool -rf cache", ("", 0)),
    ] {
        let found = kept(symbol, text);
        assert_eq!((found.0.as_str(), found.1), expected, "{symbol} {text}");
    }
}

#[test]
fn a_c_librarys_own_strings_are_no_uses() {
    let lines =
        "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache = x\n/usr/lib/locale/C.utf8/LC_CTYPE = x\n/bin/sh 755 = x";
    let packages: &[(&str, &[&str])] = &[
        ("libc6", &["/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache", "/usr/lib/locale/C.utf8/LC_CTYPE"]),
        ("dash", &["/bin/sh"]),
    ];
    let own = b"\0/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache\0/usr/lib/locale/C.utf8/LC_CTYPE\0/bin/sh\0";
    let stripped = Image::new(lines, packages).elf("/usr/bin/app", &plugin().flags_1(PIE).text(own));
    let (kept, unknowns) = stripped.kept();
    assert!(
        kept.is_empty() && unknowns.iter().any(|unknown| unknown.contains("--keep-shell")),
        "{kept:?} {unknowns:?}"
    );
    for (symbols, expected) in [(&b"main\0system\0"[..], &["dash"][..]), (b"main\0exit\0", &[])] {
        let whole = plugin().flags_1(PIE).text(&[&own[..], symbols].concat());
        assert_eq!(Image::new(lines, packages).elf("/usr/bin/app", &whole).kept().0, expected);
    }
    let calls = plugin().imports("system", None, false).text(b"\0/bin/sh\0");
    assert_eq!(Image::new(lines, packages).elf("/usr/bin/app", &calls).kept().0, ["dash"]);
}

#[test]
fn modules_of_pam_stay_when_a_service_names_them() {
    let module = |name: &str| format!("/usr/lib/x86_64-linux-gnu/security/{name}.so");
    let lines = "/etc/pam.d/app = auth required pam_one.so\n/usr/lib/x86_64-linux-gnu/security/other = x\n\
        /etc/security/namespace.init 755 = #!/usr/bin/sh\\nawk\n/etc/security/one.conf = x\n/usr/bin/awk = x\n/usr/bin/sh = x";
    let owned = [module("pam_one"), module("pam_two"), "/etc/pam.d/app".into(), "/etc/security/namespace.init".into()];
    let owned: Vec<&str> = owned.iter().map(String::as_str).collect();
    let packages = [("pam", &owned[..]), ("mawk", &["/usr/bin/awk"])];
    let image = |symbol: &str, text: &str| {
        Image::new(&lines.replace("pam_one.so", text), &packages)
            .elf("/usr/bin/app", &program().imports(symbol, None, false))
            .elf(&module("pam_one"), &plugin())
            .elf(&module("pam_two"), &plugin())
            .elf(&module("pam_namespace"), &plugin())
    };
    for (symbol, text, [one, two, namespaces]) in [
        ("pam_start", "pam_one.so", [true, false, false]),
        ("pam_start", "pam_one.so\\nsession optional pam_namespace.so", [true, false, true]),
        ("pam_start_confdir", "pam_one.so", [true, true, true]),
        ("getpwnam", "pam_one.so", [false, false, false]),
    ] {
        let (_, reached) = image(symbol, text).reach();
        let stays = |path: &str| reached.graph.reaches(&ImagePath::literal(path));
        assert_eq!(
            [stays(&module("pam_one")), stays(&module("pam_two")), stays("/usr/bin/awk")],
            [one, two, namespaces],
            "{symbol} {text}"
        );
    }
}

#[test]
fn stores_of_passwords_are_for_servers() {
    let library = "/usr/lib/x86_64-linux-gnu/libsasl2.so.2";
    let plugin_of = |name: &str| format!("/usr/lib/x86_64-linux-gnu/sasl2/{name}.so.2");
    let (store, plain) = (plugin_of("libsasldb"), plugin_of("libplain"));
    for (symbol, expected) in
        [("sasl_client_init", &["libsasl2", "plain"][..]), ("sasl_server_init", &["libsasl2", "plain", "store"])]
    {
        let image = Image::new("/x = x", &[("libsasl2", &[library]), ("store", &[&store]), ("plain", &[&plain])])
            .elf("/usr/bin/app", &program().needs("libsasl2.so.2").imports(symbol, None, false))
            .elf(library, &library_of("libsasl2.so.2"))
            .elf(&store, &plugin())
            .elf(&plain, &plugin());
        assert_eq!(image.kept().0, expected, "{symbol}");
    }
}

#[test]
fn a_locale_is_for_who_sets_it() {
    let [icu, locale] = ["/usr/lib/x86_64-linux-gnu/libicuuc.so.72", "/usr/lib/locale/C.utf8/LC_CTYPE"];
    for (symbol, expected) in [("u_init", false), ("setlocale", true)] {
        let image = Image::new(&format!("{locale} = x"), &[("libc-bin", &[locale])])
            .elf("/usr/bin/app", &program().needs("libicuuc.so.72").imports(symbol, None, false))
            .elf(icu, &library_of("libicuuc.so.72").imports("setlocale", None, false));
        assert_eq!(image.reach().1.graph.reaches(&ImagePath::literal(locale)), expected, "{symbol}");
    }
}

#[test]
fn a_policy_is_loaded_by_who_says_so() {
    let [selinux, sepol] = ["/usr/lib/x86_64-linux-gnu/libselinux.so.1", "/usr/lib/x86_64-linux-gnu/libsepol.so.2"];
    for (symbol, expected) in
        [("is_selinux_enabled", &["selinux"][..]), ("selinux_init_load_policy", &["selinux", "sepol"])]
    {
        let image = Image::new("/x = x", &[("selinux", &[selinux]), ("sepol", &[sepol])])
            .elf("/usr/bin/app", &program().needs("libselinux.so.1").imports(symbol, None, false))
            .elf(selinux, &library_of("libselinux.so.1").imports("dlopen", None, false).text(b"\0libsepol.so.2\0"))
            .elf(sepol, &library_of("libsepol.so.2"));
        assert_eq!(image.kept(), (expected.iter().map(ToString::to_string).collect(), vec![]), "{symbol}");
    }
}

#[test]
fn licences_stay_where_they_are_looked_for() {
    let image = Image::new(
        "/usr/bin/app = x\n/usr/share/doc/app -> base\n/usr/share/doc/base/copyright = x\n/usr/share/doc/base/changelog = x\n\
         /usr/share/doc/other/copyright = x\n/var/lib/dpkg/status = x",
        &[
            ("app", &["/usr/bin/app", "/usr/share/doc/app"]),
            ("base", &["/usr/share/doc/base", "/usr/share/doc/base/copyright", "/usr/share/doc/base/changelog"]),
            ("other", &["/usr/share/doc/other/copyright"]),
        ],
    );
    let (inventory, reached) = image.reach();
    for profile in [Profile::Packages, Profile::Files] {
        let plan = decide(&image.tree, &inventory, &reached, profile);
        let gone: Vec<_> = plan.removal.paths.keys().map(ImagePath::to_text).collect();
        assert_eq!(gone, ["/usr/share/doc/base/changelog", "/usr/share/doc/other/copyright"]);
        assert_eq!(plan.kept().count(), 1, "the text stays, and not the package");
    }
}

#[test]
fn links_of_an_application_use_what_they_lead_to() {
    let jar = "/usr/share/java/h2.jar";
    let packages: [(&str, &[&str]); 2] =
        [("app", &["/usr/bin/app", "/usr/share/app"]), ("h2", &["/usr/share/java", jar])];
    for (link, expected) in [
        ("/srv/tomcat/lib/h2.jar -> /usr/share/java/h2.jar", "app h2"),
        ("/opt/java -> /usr/share/java", "app h2"),
        ("/app/venv/lib64 -> lib\n/app/venv/lib/x = x", "app"),
        // A maintainer script's, in a folder of a package.
        ("/usr/share/app/h2.jar -> ../java/h2.jar", "app"),
    ] {
        let image = Image::new(&format!("/usr/bin/app = x\n/usr/share/app/\n{jar} = x\n{link}"), &packages);
        assert_eq!(image.kept().0.join(" "), expected, "{link}");
    }
}

#[test]
fn a_broken_link_that_something_uses_is_in_use() {
    let image = Image::new(
        "/usr/bin/app 755 = #!/usr/bin/sh\\ntool --now\n/usr/bin/sh = x\n/usr/bin/tool -> /etc/alternatives/tool\n/usr/bin/idle -> /nowhere",
        &[("app", &["/usr/bin/app", "/usr/bin/sh", "/usr/bin/tool", "/usr/bin/idle"])],
    );
    let (_, reached) = image.reach();
    assert!(reached.graph.reaches(&ImagePath::literal("/usr/bin/tool")));
    assert!(!reached.graph.reaches(&ImagePath::literal("/usr/bin/idle")));
}

#[test]
fn recipes_try_what_is_in_use() {
    let recipe = "id: mine\nabout: a test\nrules:\n  - {id: a, because: it tells its version, when: {reached: ['/usr/bin/app']}, test: ['$REACHED -V']}\n\
        \x20 - {id: b, because: it is never there, when: {reached: ['/usr/bin/none']}, test: ['$REACHED -V']}\n\
        \x20 - {id: c, because: it holds otherwise, when: {always: true, reached: ['/usr/bin/none']}, test: ['$REACHED -V', 'app -c']}";
    let recipes = recipes::Recipes::parse("mine", recipe).unwrap();
    let image = Image::new("/usr/bin/app = x", &[]);
    let inventory = Inventory::new(Vec::new(), &image.tree);
    let reached = reach(&image.tree, &MemoryContents, &inventory, &image.launch, &recipes, &Wishes::default()).unwrap();
    let pair = |rule: &str, command: &str| (rule.to_owned(), command.to_owned());
    assert_eq!(reached.tests, [pair("a", "/usr/bin/app -V"), pair("c", "app -c")]);
}

#[test]
fn converters_stay_for_who_names_a_character_set() {
    let lines = "/usr/lib/x86_64-linux-gnu/gconv/ISO8859-1.so = x";
    let packages: [(&str, &[&str]); 1] = [("libc6", &["/usr/lib/x86_64-linux-gnu/gconv/ISO8859-1.so"])];
    let stays = |program: Elf| {
        let library = plugin().imports("iconv_open", None, false).imports("u8_strconv_from_encoding", None, false);
        let image = Image::new(lines, &packages)
            .elf("/usr/lib/x86_64-linux-gnu/libidn2.so.0", &library)
            .elf("/usr/bin/app", &program);
        let (_, reached) = image.reach();
        assert!(reached.graph.reaches(&ImagePath::literal("/usr/lib/x86_64-linux-gnu/libidn2.so.0")));
        reached.graph.reaches(&ImagePath::literal("/usr/lib/x86_64-linux-gnu/gconv/ISO8859-1.so"))
    };
    let links = || program().needs("libidn2.so.0");
    assert!(!stays(links()), "it converts from the locale's set");
    assert!(stays(links().imports("iconv_open", None, false)));
    assert!(stays(links().imports("u8_conv_from_encoding", None, false)), "the caller names the set");
}

#[test]
fn dpkg_needs_the_programs_of_maintainer_scripts() {
    let lines = "/bin/bash = x\n/bin/zsh = x\n/usr/bin/dpkg = x\n/var/lib/dpkg/info/app:amd64.postinst 755 = #!/bin/bash\n\n\
        /var/lib/dpkg/info/gone.prerm 755 = #!/bin/zsh\n";
    let packages: [(&str, &[&str]); 5] = [
        ("app", &["/usr/bin/app"]),
        ("bash", &["/bin/bash"]),
        ("dpkg", &["/usr/bin/dpkg"]),
        ("gone", &["/usr/bin/gone"]),
        ("zsh", &["/bin/zsh"]),
    ];
    let kept =
        |app: Elf| Image::new(lines, &packages).elf("/usr/bin/app", &app).elf("/usr/bin/gone", &program()).kept().0;
    assert_eq!(kept(program().text(b"\0/usr/bin/dpkg\0")), ["app", "bash", "dpkg"]);
    assert_eq!(kept(program()), ["app"]);
}

#[test]
fn converters_that_nothing_names_go() {
    const FOLDER: &str = "/usr/lib/x86_64-linux-gnu/gconv";
    let names = ["gconv-modules.cache", "gconv-modules.d/more.conf", "UTF-16.so", "SJIS.so", "BIG5.so"]
        .map(|name| format!("{FOLDER}/{name}"));
    let owned: Vec<&str> = names.iter().map(String::as_str).chain(["/usr/bin/app", "/etc/app.conf"]).collect();
    let packages = [("all", &owned[..])];
    let list = format!(
        "{FOLDER}/gconv-modules.cache = x\n{FOLDER}/gconv-modules.d/more.conf = alias MS_KANJI// SJIS//\\nmodule SJIS// INTERNAL SJIS 1\\nmodule BIG5// INTERNAL BIG5 1\n"
    );
    let image = |lines: &str, program: &Elf| {
        Image::new(&format!("{FOLDER}/UTF-16.so = x\n{FOLDER}/SJIS.so = x\n{FOLDER}/BIG5.so = x\n{lines}"), &packages)
            .elf("/usr/bin/app", program)
    };
    let kept = |image: &Image| {
        let (inventory, reached) = image.reach();
        let plan = decide(&image.tree, &inventory, &reached, Profile::Packages);
        let stays = |path: &&String| {
            image.tree.contains(&ImagePath::literal(path))
                && !plan.removal.paths.contains_key(&ImagePath::literal(path))
        };
        let kept: Vec<_> = names.iter().filter(stays).filter_map(|path| path.strip_prefix(FOLDER)).collect();
        (kept.join(" "), plan.doubts.len())
    };
    let converts = || program().imports("iconv_open", None, false);
    let (core, named) = ("/gconv-modules.cache /UTF-16.so", "/gconv-modules.cache /UTF-16.so /SJIS.so");
    for (lines, program, expected) in [
        ("", converts(), core),
        ("", converts().text(b"\0ms_kanji//IGNORE\0"), named),
        ("/app/main.php = iconv('Shift', 'SJIS', $text);", converts(), named),
        ("/app/main.php = iconv('Shift', 'SJIS', $text);", program(), ""),
        ("/app/app.conf = charset sjis", converts(), named),
        ("/etc/app.conf = charset sjis", converts(), core),
        ("/etc/app.conf = charset sjis", converts().text(b"\0/etc/app.conf\0"), named),
        ("/etc/app.conf = # as sjis or big5\\n  ; sjis", converts().text(b"\0/etc/app.conf\0"), core),
    ] {
        // What goes is told, unless nobody converts.
        let told = (expected.into(), usize::from(!expected.is_empty()));
        assert_eq!(kept(&image(&format!("{list}{lines}"), &program)), told, "{lines} {expected}");
    }
    let mut told = image(&list, &converts());
    told.launch.env.push(("CHARSET".into(), "SJIS".into()));
    assert_eq!(kept(&told).0, named);
    told.launch.env.push(("LANG".into(), "ja_JP.SJIS".into()));
    assert_eq!(kept(&told).0, "/gconv-modules.cache /gconv-modules.d/more.conf /UTF-16.so /SJIS.so /BIG5.so");
    // Without a cache and lists of what is not core, all hang together.
    assert_eq!(kept(&image("", &converts())), ("/UTF-16.so /SJIS.so /BIG5.so".into(), 0));
}

#[test]
fn programs_of_git_stay_when_they_are_named() {
    let lines = |script: &str| {
        format!(
            "/usr/bin/sh = x\n/usr/bin/perl = x\n/usr/bin/git = x\n/usr/bin/sed = x\n/usr/bin/app 755 = #!/usr/bin/sh\\n{script}\n\
             /usr/lib/git-core/git-submodule 755 = #!/usr/bin/sh\\nsed\n/usr/lib/git-core/git-add--interactive 755 = #!/usr/bin/perl\n\
             /usr/lib/git-core/git-request-pull 755 = #!/usr/bin/sh\\nperl -e 1\n\
             /usr/share/git-core/templates/hooks/a.sample 755 = #!/usr/bin/perl\n"
        )
    };
    let git: &[&str] = &[
        "/usr/bin/git",
        "/usr/lib/git-core/git-submodule",
        "/usr/lib/git-core/git-add--interactive",
        "/usr/lib/git-core/git-request-pull",
        "/usr/share/git-core/templates/hooks/a.sample",
    ];
    let packages = [("git", git), ("perl", &["/usr/bin/perl"]), ("sed", &["/usr/bin/sed"])];
    let (add, pull) = ("/usr/lib/git-core/git-add--interactive", "/usr/lib/git-core/git-request-pull");
    let sample = "/usr/share/git-core/templates/hooks/a.sample";
    for (script, packages_kept, by_file) in [
        ("git clone x", &["git", "sed"][..], format!("/usr/bin/perl {add} {pull} {sample}")),
        ("git request-pull a b", &["git", "perl", "sed"], format!("{add} {sample}")),
        ("git add -p", &["git", "perl", "sed"], format!("{pull} {sample}")),
        ("# request-pull", &[], String::new()),
    ] {
        let image = Image::new(&lines(script), &packages);
        let (kept, unknowns) = image.kept();
        assert_eq!(kept, packages_kept, "{script}");
        let told = unknowns.iter().any(|unknown| unknown.contains("--keep '/usr/lib/git-core/*'"));
        assert_eq!(told, kept == ["git", "sed"], "{script}: {unknowns:?}");
        let (inventory, reached) = image.reach();
        let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
        let gone: Vec<_> = gone.keys().map(ImagePath::to_text).collect();
        assert!(by_file.is_empty() || gone.join(" ") == by_file, "{script}: {gone:?}");
    }
}

/// That git is in use comes up because of one text, after all texts were looked for; what then counts was found before.
#[test]
fn a_text_that_was_found_counts_when_its_company_comes_late() {
    let gio = "/usr/lib/x86_64-linux-gnu/libgio-2.0.so.0";
    let pull = "/usr/lib/git-core/git-request-pull";
    let kept = |script: &str| {
        let lines = format!(
            "/usr/bin/sh = x\n/usr/bin/git = x\n/usr/bin/perl = x\n{pull} 755 = #!/usr/bin/perl\n\
             /usr/bin/app 755 = #!/usr/bin/sh\\n{script}\n"
        );
        let packages: [(&str, &[&str]); 3] =
            [("git", &["/usr/bin/git", pull]), ("glib", &[gio]), ("perl", &["/usr/bin/perl"])];
        let library = library_of("libgio-2.0.so.0").text(b"\0/usr/bin/git\0");
        Image::new(&lines, &packages).elf(gio, &library).kept().0
    };
    assert_eq!(kept("# request-pull"), Vec::<String>::new());
    assert_eq!(kept("# useSystemProxies=true"), ["git", "glib"]);
    assert_eq!(kept("# useSystemProxies=true, request-pull"), ["git", "glib", "perl"]);
}

#[test]
fn manuals_are_for_who_reads_them() {
    let own = [
        "/usr/share/postgresql/15/postgres.bki",
        "/usr/share/postgresql/15/man/man1/psql.1.gz",
        "/usr/share/man/man1/tool.1.gz",
        "/usr/share/man/de/man1/tool.1.gz",
    ];
    let stays = |more: &str, entrypoint: &str| {
        let lines = own.map(|path| format!("{path} = x\n")).concat();
        let postgres = ["/usr/lib/postgresql/15/bin/postgres"];
        let owned: Vec<&str> = own.iter().chain(&postgres).copied().collect();
        let mut image = Image::new(&format!("{lines}{more}"), &[("all", &owned), ("man", &["/usr/bin/man"])])
            .elf(postgres[0], &program());
        image.launch.entrypoint = vec![postgres[0].into(), entrypoint.into()];
        let (inventory, reached) = image.reach();
        let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
        own.into_iter().filter(|path| !gone.contains_key(&ImagePath::literal(path))).collect::<Vec<_>>()
    };
    assert_eq!(stays("", ""), own[..1]);
    assert_eq!(stays("/usr/bin/man = x", ""), own[..1]);
    assert_eq!(stays("/usr/bin/man = x", "/usr/bin/man"), own);
}

#[test]
fn zones_with_leap_seconds_stay_for_who_names_one() {
    let lines = |script: &str| {
        format!(
            "/usr/bin/php8.2 = x\n/usr/bin/sh = x\n/usr/share/zoneinfo/Europe/Berlin = x\n/usr/share/zoneinfo/right/Europe/Berlin = x\n\
             /usr/bin/app 755 = #!/usr/bin/sh\\nphp8.2\n/app/index.php = {script}"
        )
    };
    let owned = ["/usr/share/zoneinfo/Europe/Berlin", "/usr/share/zoneinfo/right/Europe/Berlin"];
    for (script, expected) in [("Europe/Berlin", false), ("new DateTimeZone('right/Europe/Berlin')", true)] {
        let image = Image::new(&lines(script), &[("tzdata", &owned)]);
        let (inventory, reached) = image.reach();
        let plan = decide(&image.tree, &inventory, &reached, Profile::Packages);
        let stays = owned.map(|path| !plan.removal.paths.contains_key(&ImagePath::literal(path)));
        assert_eq!(stays, [true, expected], "{script}");
    }
}

#[test]
fn the_source_of_all_zones_stays_for_who_names_it() {
    let owned = ["/usr/share/zoneinfo/Europe/Berlin", "/usr/share/zoneinfo/tzdata.zi"];
    for (script, expected) in [("Europe/Berlin", false), ("fopen('/usr/share/zoneinfo/tzdata.zi')", true)] {
        let lines = format!(
            "/usr/bin/php8.2 = x\n/usr/bin/sh = x\n/usr/share/zoneinfo/Europe/Berlin = x\n/usr/share/zoneinfo/tzdata.zi = x\n\
             /usr/bin/app 755 = #!/usr/bin/sh\\nphp8.2\n/app/index.php = {script}"
        );
        let image = Image::new(&lines, &[("tzdata", &owned)]);
        let (inventory, reached) = image.reach();
        let plan = decide(&image.tree, &inventory, &reached, Profile::Packages);
        let stays = owned.map(|path| !plan.removal.paths.contains_key(&ImagePath::literal(path)));
        assert_eq!(stays, [true, expected], "{script}");
    }
}

/// `DT_AUDIT`.
const AUDIT: u64 = 0x6fff_fefc;

#[test]
fn libraries_that_watch_the_loader_are_in_use() {
    let libraries: (&str, &[&str]) = ("watch", &["/usr/lib/libwatch.so"]);
    let with = |app: &Elf| {
        Image::new("/usr/lib/x = x", &[libraries]).elf("/usr/lib/libwatch.so", &plugin()).elf("/usr/bin/app", app)
    };
    assert_eq!(with(&program().needs("libgone.so")).kept().0, Vec::<String>::new());
    assert_eq!(with(&program().needs("libgone.so").tag(AUDIT, "other.so:libwatch.so")).kept().0, ["watch"]);
    let mut image = with(&program().needs("libgone.so"));
    image.launch.env.push(("LD_AUDIT".into(), "/usr/lib/libwatch.so".into()));
    assert_eq!(image.kept().0, ["watch"]);
}

#[test]
fn a_library_that_only_a_running_process_finds_is_kept_by_its_name() {
    let owned: (&str, &[&str]) = ("private", &["/opt/private/libdeep.so.1"]);
    let with = |needs: &str| {
        let image = Image::new("/opt/x = x", &[owned]).elf("/opt/private/libdeep.so.1", &plugin());
        image.elf("/usr/bin/app", &program().needs(needs)).kept()
    };
    let (kept, unknowns) = with("libdeep.so.1");
    assert_eq!(kept, ["private"]);
    assert!(unknowns[0].contains("libdeep.so.1, which /usr/bin/app needs, is not on its search path"), "{unknowns:?}");
    let (kept, unknowns) = with("libother.so.1");
    assert!(
        kept.is_empty() && unknowns[0].contains("libother.so.1, which /usr/bin/app needs, is not in the image"),
        "{unknowns:?}"
    );
}

#[test]
fn libraries_that_scripts_preload_are_in_use() {
    let owned: (&str, &[&str]) = ("malloc", &["/usr/lib/libmalloc.so.2"]);
    let with = |line: &str| {
        let script = format!("/usr/bin/app 755 = #!/usr/bin/sh\\n{line}\\nexec sh\\n\n/usr/bin/sh = x");
        Image::new(&script, &[owned]).elf("/usr/lib/libmalloc.so.2", &plugin()).kept()
    };
    for line in [
        "LD_PRELOAD=libmalloc.so.2 sh",
        "export LD_PRELOAD=libmalloc.so.2",
        "LD_PRELOAD=\"/usr/lib/libother.so libmalloc.so.2\"; export LD_PRELOAD",
        "export LD_PRELOAD=\"$LD_PRELOAD:libmalloc.so.2\"",
        "name=libmalloc.so.2; export LD_PRELOAD=$name",
        "export LD_PRELOAD=\"$(find / -name 'libmalloc*')\"",
    ] {
        assert_eq!(with(line), (vec!["malloc".to_owned()], vec![]), "{line}");
    }
    assert!(with("export LD_OTHER=libmalloc.so.2").0.is_empty());
    let (kept, unknowns) = with("export LD_PRELOAD=\"$(locate libmalloc) libmalloc.so.2\"");
    assert_eq!(kept, ["malloc"]);
    assert!(unknowns.iter().any(|unknown| unknown.contains("LD_PRELOAD names are computed")), "{unknowns:?}");
}

#[test]
fn folders_of_data_that_are_named_stay() {
    let data = "/usr/share/proj/grids/a.tif = x\n/usr/share/proj/man/b.1 = x\n/usr/share/proj/more -> gone\n/usr/bin/sh = x\n/usr/share/icons/b.png = x\n/usr/bin/python3 = x\n\
                /usr/lib/python3/dist-packages/maps.py = HOME = '/usr/share/proj/'\n";
    let packages: [(&str, &[&str]); 5] = [
        ("proj-data", &["/usr/share/proj/grids/a.tif"]),
        ("icons", &["/usr/share/icons/b.png"]),
        ("manual", &["/usr/share/proj/man/b.1"]),
        ("link", &["/usr/share/proj/more"]),
        ("maps", &["/usr/lib/python3/dist-packages/maps.py"]),
    ];
    let binary = |text: &str| Image::new(data, &packages).elf("/usr/bin/app", &program().text(text.as_bytes()));
    let script = |text: &str| Image::new(&format!("{data}/usr/bin/app 755 = {text}"), &packages);
    for (image, expected) in [
        (binary("\0/usr/share/proj\0"), "proj-data"),
        (binary("\0/usr/share/proj/%s.tif\0"), "proj-data"),
        (binary("\0/usr/local/share/proj:/usr/share/proj\0"), "proj-data"),
        (binary("\0.:/usr/share/proj\0"), "proj-data"),
        (binary("\0/usr/share/project\0/usr/share/\0/usr/share/%s/proj\0"), ""),
        (binary("\0/usr/share/icons\0"), ""),
        (script("#!/usr/bin/sh\\ncp -r /usr/share/proj/. /data"), "proj-data"),
        (script("#!/usr/bin/sh\\ncat \"/usr/share/proj/$1.tif\""), "proj-data"),
        (script("#!/usr/bin/sh\\nls /usr/share/icons /usr/share"), ""),
        (script("#!/usr/bin/python3\\nimport maps"), "maps proj-data"),
        (script("#!/usr/bin/python3\\nimport json"), ""),
    ] {
        let text = image.tree.get(&ImagePath::literal("/usr/bin/app")).unwrap().clone();
        assert_eq!(image.kept().0.join(" "), expected, "{text:?}");
    }
}

#[test]
fn links_that_always_dangled_matter_to_those_that_ask_for_their_target() {
    let lines = "/usr/bin/app 755 = #!/usr/bin/sh\\nexec tool\n/usr/bin/sh -> dash\n/usr/bin/tool -> other\n/etc/localtime -> gone";
    let image = Image::new(lines, &[]).elf("/usr/bin/clock", &program().imports("localtime", None, false));
    let (_, reached) = image.reach();
    let broken = |is_new: Option<bool>| {
        let mut problems = verify::verify(&image.tree, &MemoryContents, &verify::Knowledge::default()).unwrap();
        problems.iter_mut().for_each(|problem| problem.is_new = is_new);
        verify::judge(&mut problems, &reached);
        let broken = problems.iter().filter(|problem| problem.breaks() && problem.kind == ProblemKind::DanglingLink);
        broken.map(|problem| problem.at.to_text()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(broken(None), "/usr/bin/sh /usr/bin/tool");
    assert_eq!(broken(Some(true)), "/etc/localtime /usr/bin/sh /usr/bin/tool");
    assert_eq!(broken(Some(false)), "");
}
