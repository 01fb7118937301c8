//! Command lines of the image, of supervisors, and what options and arguments make of them.

use crate::image::Image;
use crate::{argv, kept, wrong, wrong_with};
use slim::launch::Launch;

#[test]
fn wrappers_lead_to_what_they_run() {
    for (words, expected) in [
        (&["tool", "-g", "x"][..], "tool"),
        (&["tini", "--", "tool"], "tool"),
        (&["tini", "-p", "SIGTERM", "-g", "tool"], "tool"),
        (&["env", "-i", "-u", "HOME", "A=b", "tool"], "tool"),
        (&["env", "-S", "A=b tool -x"], "tool"),
        (&["env", "-", "-C", "/srv", "--unset=A", "tool"], "tool"),
        (&["env", "-vS", "'A=b c' tool x;y"], "tool"),
        (&["start-stop-daemon", "--start", "--pidfile", "/run/x", "--startas", "sh", "--", "-c", "exec tool"], "tool"),
        (
            &["start-stop-daemon", "--exec=/usr/bin/cat", "-S", "-a", "/usr/bin/env", "-c", "zsh", "--", "A=b", "tool"],
            "tool",
        ),
        (&["start-stop-daemon", "-K", "--name", "tool"], ""),
        (&["gosu", "app:app", "tool"], "tool"),
        (&["/usr/bin/tini", "-g", "--", "/usr/bin/env", "X=/app", "gosu", "33", "nice", "-n", "5", "tool"], "tool"),
        (&["flock", "/run/lock", "tool"], "tool"),
        (&["flock", "/run/lock", "-c", "cd / && tool"], "tool"),
        (&["busybox", "sh", "-c", "tool"], "tool"),
        (&["find", "/", "-exec", "cat", ";", "-exec", "tool", "{}", "+"], "tool"),
        (&["su", "app", "-c", "tool --now"], "tool zsh"),
        (&["su", "-s", "/usr/bin/sh", "-c", "tool", "app"], "tool"),
        (&["su", "-", "app"], "zsh"),
        (&["su"], ""),
        (&["runuser", "-u", "app", "--", "tool"], "tool"),
        (&["gosu", "tool", "cat"], ""),
    ] {
        let (kept, unknowns) = kept("", &argv(words));
        assert_eq!((kept.join(" "), unknowns.len()), (expected.to_owned(), 0), "{words:?} {unknowns:?}");
    }
    let (_, unknowns) = kept("", &argv(&["su", "nobody"]));
    assert!(unknowns[0].contains("the shell of nobody, whom the image does not know"), "{unknowns:?}");
}

#[test]
fn shell_form_is_text_to_be_read() {
    for words in [
        &["/bin/sh", "-ec", "exec tool"][..],
        &["sh", "-o", "pipefail", "-c", "exec tool"],
        &["sh", "-c", "exec \"$@\"", "sh", "tool"],
        &["sh", "/usr/lib/plain"],
        &["sh", "-e", "--", "/usr/lib/plain", "x"],
    ] {
        assert_eq!(kept("/bin -> usr/bin\n", &argv(words)), (vec!["tool".to_owned()], vec![]), "{words:?}");
    }
}

#[test]
fn an_entrypoint_hands_its_arguments_on() {
    for command in [
        &["tool"][..],
        &["/bin/sh", "-c", "tool --x"],
        &["gosu", "app", "tool"],
        &["sh", "/usr/lib/plain"],
        &["env", "A=b", "tool"],
        &["--wait", "db:1", "--", "tool"],
        &["worker", "tool"],
    ] {
        let launch =
            Launch { command: command.iter().map(|word| (*word).to_owned()).collect(), ..argv(&["/usr/bin/entry"]) };
        assert_eq!(kept("/bin -> usr/bin\n", &launch).0, ["tool"], "{command:?}");
    }
    assert_eq!(kept("", &argv(&["entry", "-x", "tool"])).0, Vec::<String>::new());
}

#[test]
fn variables_of_the_environment_name_programs() {
    for (name, value, expected) in [
        ("FFMPEG_PATH", "/usr/bin/tool", "tool"),
        ("GIT_SSH_COMMAND", "tool -v", "tool"),
        ("EDITOR", "tool", "tool"),
        ("CONVERTER", "tool", "tool"),
        ("PRE_START", "cd / && tool -x", "tool"),
        ("TITLE", "tool for all", ""),
        ("PATH", "/usr/bin:/usr/bin/tool", ""),
        ("PLACES", "/usr/bin", ""),
        ("BASH_ENV", "/usr/lib/plain", "tool"),
    ] {
        let launch = Launch { env: vec![(name.into(), value.into())], ..argv(&["cat"]) };
        assert_eq!(kept("", &launch).0.join(" "), expected, "{name}={value}");
    }
}

#[test]
fn a_health_check_is_a_root_and_a_missing_command_is_told() {
    let healthcheck = vec!["CMD-SHELL".into(), "tool -t".into()];
    let (kept, unknowns) = kept("/bin -> usr/bin\n", &Launch { healthcheck, ..argv(&["gone"]) });
    assert_eq!(kept, ["tool"]);
    assert!(unknowns.len() == 1 && unknowns[0].contains("gone is not in the image"), "{unknowns:?}");
}

#[test]
fn more_commands_are_roots_and_say_where_they_come_from() {
    let extra = vec!["nice -n 5 '/usr/bin/tool'".to_owned(), "cat && zsh".to_owned(), "cat 'x".to_owned()];
    let (kept, unknowns) = kept("/bin -> usr/bin\n", &Launch { extra, ..argv(&["cat"]) });
    assert_eq!(kept, ["tool", "zsh"]);
    assert!(unknowns.len() == 1 && unknowns[0].starts_with("--root cat 'x") && unknowns[0].contains("not closed"));
}

#[test]
fn arguments_that_name_files_are_in_use() {
    for argument in ["/usr/bin/tool", "--program=/usr/bin/tool", "-p/usr/bin/tool"] {
        assert_eq!(kept("", &argv(&["cat", "x", argument])).0, ["tool"], "{argument}");
    }
    assert_eq!(kept("", &argv(&["cat", "x", "tool"])).0, Vec::<String>::new());
}

#[test]
fn arguments_of_the_applications_programs_may_be_commands() {
    let files = "/opt/x/worker 755 = x\n/opt/x/npm 755 = x\n/opt/x/echo 755 = #!/usr/bin/sh\\necho $1\\n\n";
    let wrong = wrong_with(
        files,
        &[
            ("/opt/x/worker --exec 'tool -p'", "tool"),
            ("/opt/x/worker --tool=tool", "tool"),
            ("/opt/x/worker run tool", "tool"),
            ("/opt/x/echo run tool", ""),
            ("/opt/x/npm run tool", ""),
            ("/opt/x/worker --title 'tool for all'", ""),
            ("cat --exec 'tool -p'", ""),
        ],
    );
    assert_eq!(wrong, [""; 0]);
    let (kept, _) = kept(files, &argv(&["/opt/x/worker", "--filter", "tool -q"]));
    assert_eq!(kept, ["tool"]);
}

#[test]
fn supervisors_start_what_their_files_say() {
    let conf = |program: &str| format!("/etc/supervisord.conf = [program:a]\\n{program}\\n\n");
    let own = "/app/sv.conf = [include]\\nfiles = conf.d/*.ini\\n\n/app/conf.d/a.ini = [program:a]\\ncommand = %(here)s/../../usr/bin/tool ; now\\n\n";
    for (lines, words, expected) in [
        (conf("command=tool -x"), &["supervisord"][..], "tool"),
        (conf("command=bash -c \"cd /, && exec tool\""), &["supervisord"], "tool"),
        (conf("command=env A=b,c gosu app tool"), &["supervisord"], "tool"),
        (conf("command=%(ENV_PROGRAM)s -x"), &["supervisord"], "tool"),
        (conf("command=cat\\n  tool"), &["supervisord"], ""),
        (conf("environment=command=tool"), &["supervisord"], ""),
        (conf("serverurl_command=tool"), &["supervisord"], ""),
        (own.to_owned(), &["supervisord", "-n", "-c", "/app/sv.conf"], "tool"),
        (
            format!("{own}/usr/bin/app 755 = #!/bin/sh\\nexec supervisord -n -c /app/sv.conf\\n\n/bin -> usr/bin\n"),
            &["app"],
            "tool",
        ),
        ("/etc/cron.d/a = SHELL=/usr/bin/zsh\\n0,30 * * * * root tool -x\\n\n".to_owned(), &["cron", "-f"], "tool zsh"),
        ("/etc/cron.d/a = 0 1 * * mon tool cat\\n\n".to_owned(), &["cron"], ""),
        ("/app/table = */5 * * * * tool\\n\n".to_owned(), &["supercronic", "/app/table"], "tool"),
    ] {
        let mut launch = argv(words);
        if lines.contains("ENV_PROGRAM") {
            launch.env.push(("PROGRAM".into(), "/usr/bin/tool".into()));
        }
        launch.env.push(("PATH".into(), "/usr/sbin:/usr/bin".into()));
        let (kept, unknowns) = kept(&lines, &launch);
        assert_eq!(kept.join(" "), expected, "{lines} {unknowns:?}");
    }
}

#[test]
fn options_name_what_their_program_starts() {
    let rows = [
        ("split --filter 'tool -x > $FILE' a", "tool"),
        ("sort --compress-program=tool a", "tool"),
        ("script -qec 'tool -x' /dev/null", "tool"),
        ("socat - EXEC:'tool -x',pty", "tool"),
        ("rsync -ae 'tool -p 22' a b", "tool"),
        ("ssh -o ProxyCommand='tool -x' host", "tool"),
        ("tar -I 'tool -9' -cf a b", "tool"),
        ("tar --to-command=tool -xf a", "tool"),
        ("split --suffix tool a", ""),
    ];
    assert_eq!(wrong(&rows), Vec::<String>::new());
    for (text, expected) in [
        ("tar czf a b", "gzip"),
        ("tar -xJf a", "xz"),
        ("tar --create --gzip b", "gzip"),
        ("tar xf /srv/a.tar.xz", "xz"),
        ("tar -x --file=\"$1\"", "gzip xz"),
        ("tar -C a -cf b.tar c", ""),
    ] {
        let packages: [(&str, &[&str]); 2] = [("gzip", &["/usr/bin/gzip"]), ("xz", &["/usr/bin/xz"])];
        let lines = format!(
            "/usr/bin/bash = x\n/usr/bin/tar = x\n/usr/bin/gzip = x\n/usr/bin/xz = x\n/usr/bin/app 755 = #!/usr/bin/bash\\n{text}"
        );
        assert_eq!(Image::new(&lines, &packages).kept().0.join(" "), expected, "{text}");
    }
}
