//! Directives of configuration files, each by what one line of it keeps.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests build their own trees")]

mod image;

use image::Image;
use slim::launch::Launch;
use slim::path::ImagePath;
use slim::tree::Node;
use testdata::elf::{plugin, program};

const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";

/// A program that reads files of configuration, each a path and its text, in an image that also holds `others`. All of it belongs to
/// packages, so that nothing stays as the application's own.
struct Case<'c> {
    starts: &'c [&'c str],
    env: &'c [(&'c str, &'c str)],
    files: &'c [(&'c str, &'c str)],
    others: &'c [&'c str],
}

impl<'c> Case<'c> {
    /// Which of the others are in use.
    fn used(&self) -> Vec<&'c str> {
        let place = |name: &str| name.replace("$LIB", LIBRARIES);
        let symbol = ["getpwnam", "pam_start"].into_iter().find(|symbol| self.starts[0].ends_with(symbol));
        let elf = symbol.map_or_else(program, |symbol| program().imports(symbol, None, false));
        let mut image = Image::new("", &[]).elf(self.starts[0], &elf);
        for (path, text) in self.files {
            image = image.node(&place(path), Node::file(text.as_bytes().to_vec()));
        }
        for path in self.others {
            let bytes = if path.contains(".so") { plugin().bytes() } else { b"x".to_vec() };
            image = image.node(&place(path), Node { mode: 0o755, ..Node::file(bytes) });
        }
        image.launch = Launch {
            entrypoint: self.starts.iter().map(|word| (*word).to_owned()).collect(),
            env: self.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..Launch::default()
        };
        let (_, reached) = image.owned().reach();
        let is_used = |path: &&&str| {
            let path = ImagePath::literal(&place(path));
            reached.graph.uses_of(&path).any(|edge| edge.rule != slim::graph::Rule::Plugin)
        };
        self.others.iter().filter(is_used).copied().collect()
    }
}

/// Of `others`, the first is in use because of the files, and no other is.
fn first_alone(starts: &[&str], files: &[(&str, &str)], others: &[&str]) {
    let found = Case { starts, env: &[], files, others }.used();
    assert_eq!(found, &others[..1], "{files:?}");
}

#[test]
fn nginx_loads_includes_and_serves_what_it_is_told() {
    let nginx = &["/usr/sbin/nginx"][..];
    let main = "/etc/nginx/nginx.conf";
    let modules = ["/usr/share/nginx/modules/one.so", "/usr/share/nginx/modules/two.so"];
    first_alone(nginx, &[(main, "load_module modules/one.so;")], &modules);
    first_alone(nginx, &[(main, "load_module /usr/share/nginx/modules/one.so;")], &modules);
    let included = ("/etc/nginx/m/a.conf", "load_module\n  'modules/one.so';");
    first_alone(nginx, &[(main, "include m/*.conf; # x"), included], &modules);
    let text = "http { server { ssl_certificate /etc/keys/a.pem; } }";
    first_alone(nginx, &[(main, text)], &["/etc/keys/a.pem", "/etc/keys/b.pem"]);
    first_alone(nginx, &[(main, "root /srv/a;")], &["/srv/a/x", "/srv/b/x"]);
    let own = &["/usr/sbin/nginx", "-c", "/app/n.conf"][..];
    first_alone(own, &[("/app/n.conf", "load_module modules/one.so;")], &modules);
}

#[test]
fn apache_loads_includes_and_pipes_what_it_is_told() {
    let apache = &["/usr/sbin/apache2"][..];
    let main = "/etc/apache2/apache2.conf";
    let modules = ["/usr/lib/apache2/modules/mod_one.so", "/usr/lib/apache2/modules/mod_two.so"];
    let load = "LoadModule one_module /usr/lib/apache2/modules/mod_one.so";
    first_alone(apache, &[(main, load)], &modules);
    first_alone(apache, &[(main, "LoadModule one_module modules/mod_one.so")], &modules);
    first_alone(apache, &[(main, "IncludeOptional sites/*.conf"), ("/etc/apache2/sites/a.conf", load)], &modules);
    let logs = ["/usr/bin/rotatelogs", "/usr/bin/other"];
    first_alone(apache, &[(main, "ErrorLog \"|/usr/bin/rotatelogs /var/log/x 86400\"")], &logs);
    first_alone(apache, &[(main, "CustomLog \"||/usr/bin/rotatelogs -l\" common")], &logs);
    first_alone(apache, &[(main, "SSLPassPhraseDialog exec:/usr/bin/rotatelogs")], &logs);
    let home = [
        ("/etc/apache2/apache2.conf", "ServerRoot /opt/httpd\nInclude conf/a.conf\nLoadModule a modules/a.so"),
        ("/opt/httpd/conf/a.conf", "Alias / /opt/httpd/icons/a"),
    ];
    assert_eq!(
        Case {
            starts: apache,
            env: &[],
            files: &home,
            others: &["/opt/httpd/modules/a.so", "/opt/httpd/icons/a", "/opt/httpd/icons/b"]
        }
        .used(),
        ["/opt/httpd/modules/a.so", "/opt/httpd/icons/a"]
    );
}

#[test]
fn php_loads_the_extensions_of_its_ini_files() {
    let php = &["/usr/sbin/php-fpm8.2"][..];
    let others = ["/usr/lib/php/20220829/one.so", "/usr/lib/php/20220829/two.so"];
    for text in
        ["extension=one", "extension = one.so", "zend_extension=\"one\"", "extension=/usr/lib/php/20220829/one.so"]
    {
        first_alone(php, &[("/etc/php/8.2/fpm/conf.d/20-one.ini", text)], &others);
    }
    first_alone(php, &[("/etc/php/8.2/fpm/php.ini", "; extension=two\nextension=one")], &others);
    let files = [("/app/ini/a.ini", "extension=one")];
    assert_eq!(
        Case { starts: php, env: &[("PHP_INI_SCAN_DIR", ":/app/ini")], files: &files, others: &others }.used(),
        &others[..1]
    );
    first_alone(
        php,
        &[("/etc/php/8.2/fpm/php.ini", "sendmail_path = \"/usr/bin/msmtp -t\"")],
        &["/usr/bin/msmtp", "/usr/bin/other"],
    );
}

#[test]
fn openssl_loads_the_providers_and_engines_of_its_configuration() {
    let text = |list: &str, module: &str| {
        format!(
            "openssl_conf = start\n[start]\n{list} = all\n[ all ]\ndefault = plain\none = own # x\n[own]\n{module}\nactivate = 1\n[plain]\nactivate = 1"
        )
    };
    let others = ["$LIB/ossl-modules/one.so", "$LIB/ossl-modules/two.so"];
    let starts = &["/usr/lib/x86_64-linux-gnu/libcrypto.so.3"][..];
    let main = "/etc/ssl/openssl.cnf";
    first_alone(starts, &[(main, &text("providers", ""))], &others);
    first_alone(
        starts,
        &[(main, &text("providers", "module = two.so").replace("one = own", "x = own"))],
        &["$LIB/ossl-modules/two.so", "$LIB/ossl-modules/one.so"],
    );
    first_alone(
        starts,
        &[(main, &text("engines", "engine_id = two").replace("one = own", "x = own"))],
        &["$LIB/engines-3/two.so", "$LIB/engines-3/one.so"],
    );
    first_alone(starts, &[(main, ".include /etc/ssl/more"), ("/etc/ssl/more/a.cnf", &text("providers", ""))], &others);
    let files = [("/app/o.cnf", &*text("providers", ""))];
    assert_eq!(
        Case { starts, env: &[("OPENSSL_CONF", "/app/o.cnf")], files: &files, others: &others }.used(),
        &others[..1]
    );
    let none: [&str; 0] = [];
    let off = [(main, "[all]\none = own\n[own]\nactivate = 1")];
    assert_eq!(Case { starts, env: &[], files: &off, others: &others }.used(), none);
}

#[test]
fn pam_and_name_services_load_the_modules_of_their_lines() {
    let pam = &["/usr/bin/pam_start"][..];
    let others = ["$LIB/security/pam_one.so", "$LIB/security/pam_two.so"];
    for text in [
        "auth required pam_one.so nullok",
        "-auth [success=1 default=ignore] pam_one.so",
        "auth sufficient /usr/lib/x86_64-linux-gnu/security/pam_one.so",
    ] {
        first_alone(pam, &[("/etc/pam.d/app", text)], &others);
    }
    for text in ["@include rest", "auth include rest", "auth substack rest"] {
        first_alone(pam, &[("/etc/pam.d/app", text), ("/etc/pam.d/rest", "auth required pam_one.so")], &others);
    }
    first_alone(
        pam,
        &[("/etc/pam.d/app", "session optional pam_exec.so /usr/bin/greet")],
        &["/usr/bin/greet", "/usr/bin/other"],
    );
    let names = &["/usr/bin/getpwnam"][..];
    let others = ["$LIB/libnss_one.so.2", "$LIB/libnss_two.so.2"];
    first_alone(
        names,
        &[("/etc/nsswitch.conf", "# two\npasswd: files one [NOTFOUND=return]\nhosts: files dns")],
        &others,
    );
}

#[test]
fn glibc_has_name_services_inside_since_it_has_one_name() {
    let files = [("/etc/nsswitch.conf", "passwd: files compat")];
    let services = ["$LIB/libnss_compat.so.2", "$LIB/libnss_files.so.2"];
    first_alone(&["/usr/bin/getpwnam"], &files, &services);
    let older = [&services[..], &["$LIB/libc-2.31.so"]].concat();
    let case = Case { starts: &["/usr/bin/getpwnam"], env: &[], files: &files, others: &older };
    assert_eq!(case.used(), services);
}

#[test]
fn sources_name_the_keys_that_an_update_will_need() {
    let key = "/usr/share/keyrings/own.gpg";
    let others = [key, "/usr/share/keyrings/other.gpg"];
    for (path, text) in [
        (
            "/etc/apt/sources.list",
            "deb [arch=amd64 signed-by=/usr/share/keyrings/own.gpg] https://a.example stable main",
        ),
        (
            "/etc/apt/sources.list.d/a.sources",
            "Types: deb\nSigned-By: /usr/share/keyrings/own.gpg\n# /usr/share/keyrings/other.gpg",
        ),
    ] {
        first_alone(&["/usr/bin/app"], &[("/var/lib/dpkg/status", ""), (path, text)], &others);
    }
}

#[test]
fn configuration_without_a_reader_uses_what_it_names_by_path() {
    let others = ["/usr/share/own/page.http", "/usr/share/other/page.http"];
    let program = &["/usr/bin/app", "-f", "/etc/app/app.cfg"][..];
    for text in [
        "errorfile 503 /usr/share/own/page.http",
        "a: {\"file\":\"/usr/share/own/page.http\"}",
        "<path>/usr/share/own/page.http</path>",
        "  page=/usr/share/own/page.http; # and no other\n# /usr/share/other/page.http",
        "pages '/usr/share/own/*.http'",
        "pages /usr/share/own/",
        "Pages lie in /usr/share/own/page.http.",
    ] {
        first_alone(program, &[("/etc/app/app.cfg", text)], &others);
    }
    for text in ["!include conf.d/*.conf", "include \"conf.d/one.conf\"", "include one.conf"] {
        let path = if text.ends_with(" one.conf") { "/etc/app/one.conf" } else { "/etc/app/conf.d/one.conf" };
        first_alone(program, &[("/etc/app/app.cfg", text), (path, "p /usr/share/own/page.http")], &others);
    }
    // Addresses and computed names are no paths, and outside of `etc` nothing but the command line makes a file configuration.
    for text in ["http:///usr/share/own/page.http", "$X/usr/share/own/page.http"] {
        let files = [("/etc/app/app.cfg", text)];
        let found = Case { starts: program, env: &[], files: &files, others: &others }.used();
        assert_eq!(found, [""; 0], "{text}");
    }
    let elsewhere = &["/usr/bin/app", "-f", "/usr/lib/app/app.cfg"][..];
    first_alone(elsewhere, &[("/usr/lib/app/app.cfg", "page /usr/share/own/page.http")], &others);
}

#[test]
fn settings_name_what_lies_in_the_folder_of_their_program() {
    let program = &["/usr/bin/app", "-f", "/etc/app/app.conf"][..];
    let others = ["/usr/share/app/include/scl/a/x.conf", "/usr/share/other/include/scl/a/x.conf"];
    for text in ["@include 'scl/*/*.conf'", "include scl/a/x.conf"] {
        first_alone(program, &[("/etc/app/app.conf", text)], &others);
    }
    // Programs in a folder that is no part of the search path, whichever packages brought them.
    let mut image = Image::new(
        "/usr/bin/app = x\n/etc/app/app.conf = plugins = /usr/lib/app/plugins\n/usr/lib/app/plugins/one 755 = x\n\
         /usr/lib/app/plugins/two 755 = x\n/usr/lib/app/plugins/three.so 755 = x\n/usr/lib/app/plugins/four = x\n",
        &[
            ("app", &["/usr/bin/app", "/etc/app/app.conf"]),
            ("one", &["/usr/lib/app/plugins/one"]),
            ("two", &["/usr/lib/app/plugins/two"]),
            ("three", &["/usr/lib/app/plugins/three.so"]),
            ("four", &["/usr/lib/app/plugins/four"]),
        ],
    );
    image.launch.entrypoint = program.iter().map(|word| (*word).to_owned()).collect();
    assert_eq!(image.kept().0.join(" "), "app one two");
}

#[test]
fn values_are_texts_for_a_shell_whatever_their_keys() {
    let starts = &["/usr/bin/app", "-f", "/etc/app/app.conf"][..];
    let others = ["/usr/bin/tool", "/usr/bin/other"];
    for text in [
        "actionban = <tables> -I x | tool y",
        "list = tool -a",
        "tool = tool",
        "start =\n   for x in $(tool a); do\n   done",
        "check: |\n  tool -v",
    ] {
        first_alone(starts, &[("/etc/app/app.conf", text)], &others);
    }
    for text in ["name = tool", "regex = ^a | tool", "reject --with tool"] {
        let files = [("/etc/app/app.conf", text)];
        let found = Case { starts, env: &[], files: &files, others: &others }.used();
        assert_eq!(found, [""; 0], "{text}");
    }
}

#[test]
fn packages_of_nothing_but_plugins_that_go_are_told() {
    let folder = "/usr/lib/app";
    let [core, tls] = ["mod_core", "mod_tls"].map(|name| format!("{folder}/{name}.so"));
    let told = |more: &[&str]| {
        let own = [&[tls.as_str()], more].concat();
        let packages: [(&str, &[&str]); 2] = [("app", &["/usr/bin/app", &core]), ("tls", &own)];
        let mut image = Image::new("", &packages).elf("/usr/bin/app", &program());
        for path in [&core, &tls] {
            image = image.elf(path, &plugin());
        }
        for path in more {
            image = image.node(path, Node { mode: 0o755, ..Node::file(b"x".to_vec()) });
        }
        let (kept, unknowns) = image.kept();
        (kept.join(" "), unknowns.iter().filter(|text| text.contains("package tls")).count())
    };
    assert_eq!(told(&[]), ("app".to_owned(), 1));
    // One that brings a program is there for the program's sake.
    assert_eq!(told(&["/usr/bin/tls"]), ("app".to_owned(), 0));
}

#[test]
fn settings_name_plugins_of_other_packages() {
    let kept = |text: &str| {
        let folder = "/usr/lib/app";
        let [core, tls, sql] = ["mod_core", "mod_tls", "mod_sql"].map(|name| format!("{folder}/{name}.so"));
        let config = "/etc/app/app.conf";
        let packages: [(&str, &[&str]); 3] =
            [("app", &["/usr/sbin/app", &core, config]), ("tls", &[&tls]), ("sql", &[&sql])];
        let mut image = Image::new(&format!("{config} = {text}"), &packages).elf("/usr/sbin/app", &program());
        for path in [&core, &tls, &sql] {
            image = image.elf(path, &plugin());
        }
        image.launch.entrypoint = vec!["/usr/sbin/app".into(), "-f".into(), config.into()];
        image.kept().0.join(" ")
    };
    for (text, expected) in [
        ("LoadModule mod_tls.c", "app tls"),
        ("modules = ( \"mod_tls\" )", "app tls"),
        ("plugin tls", "app tls"),
        ("# LoadModule mod_tls.c", "app"),
        ("mod_tls_protocol TLSv1.3", "app"),
    ] {
        assert_eq!(kept(text), expected, "{text}");
    }
}

#[test]
fn supervisors_run_the_programs_of_their_files() {
    let others = ["/usr/bin/one", "/usr/bin/two"];
    for (starts, path, text) in [
        ("/usr/bin/monit", "/etc/monit/monitrc", "check process a\n  start program = \"/usr/bin/one start\""),
        (
            "/usr/lib/systemd/systemd",
            "/etc/systemd/system/a.service",
            "[Service]\nExecStart=-/usr/bin/one -x\n# ExecStop=/usr/bin/two",
        ),
        ("/usr/lib/systemd/systemd", "/etc/systemd/system/a.service", "[Service]\nExecStartPre=+/usr/bin/env A=b one"),
        ("/usr/bin/busybox", "/etc/inittab", "::respawn:/usr/bin/one -f"),
        ("/usr/bin/s6-svscan", "/etc/s6-overlay/s6-rc.d/a/up", "foreground { one }"),
        ("/usr/bin/s6-svscan", "/etc/s6-overlay/s6-rc.d/a/run", "#!/usr/bin/execlineb -P\none"),
        ("/usr/bin/runsvdir", "/etc/service/a/run", "#!/usr/bin/sh\nexec one"),
    ] {
        first_alone(&[starts], &[(path, text), ("/usr/bin/env", "x"), ("/usr/bin/sh", "x")], &others);
    }
}

#[test]
fn who_logs_in_gets_a_shell() {
    let users =
        "root:x:0:0:root:/root:/bin/bash\nsync:x:4:65534:sync:/bin:/bin/sync\ngit:x:101:101::/srv:/usr/bin/git-shell\n";
    let others = ["/bin/bash", "/usr/bin/git-shell", "/bin/sync"];
    let files = &[("/etc/passwd", users)][..];
    let case = Case { starts: &["/usr/sbin/sshd"], env: &[], files, others: &others };
    assert_eq!(case.used(), ["/bin/bash", "/usr/bin/git-shell"]);
    assert_eq!(Case { starts: &["/usr/bin/app"], ..case }.used(), [""; 0]);
    let settings = [(
        "/etc/ssh/sshd_config",
        "Subsystem sftp /usr/bin/sftp-server\nAuthorizedKeysCommand /usr/bin/keys %u\n#Banner /etc/b\n",
    )];
    let sshd = Case {
        starts: &["/usr/sbin/sshd"],
        env: &[],
        files: &settings,
        others: &["/usr/bin/sftp-server", "/usr/bin/keys"],
    };
    assert_eq!(sshd.used(), ["/usr/bin/sftp-server", "/usr/bin/keys"]);
}

#[test]
fn delegates_are_in_use_where_their_program_is_there() {
    let library = "$LIB/libMagickCore-6.Q16.so.6";
    let text = "<delegatemap>\n<delegate decode=\"eps\" command=\"&quot;gs&quot; -q &quot;%i&quot;; /bin/mv a b\"/>\n\
                <delegate decode=\"jxr\" command=\"/bin/rm a; &quot;JxrDecApp&quot; b\"/>\n</delegatemap>";
    let files = [("/etc/ImageMagick-6/delegates.xml", text)];
    let others = ["/usr/bin/gs", "/bin/mv", "/bin/rm"];
    let mut case = Case { starts: &["/usr/bin/convert"], env: &[], files: &files, others: &[] };
    assert_eq!(case.used(), [""; 0]);
    let with_library: Vec<&str> = others.into_iter().chain([library]).collect();
    let env = [("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/libMagickCore-6.Q16.so.6")];
    case = Case { others: &with_library, env: &env, ..case };
    assert_eq!(case.used(), ["/usr/bin/gs", "/bin/mv", library]);
}
