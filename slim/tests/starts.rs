//! What command lines start, each tried on a small image: a package stays when, and only when, something starts its program.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests build their own trees")]

mod image;

use image::Image;
use slim::launch::Launch;

/// Programs in packages of their own names, whatever starts them in a package `base`, and a script without a first line.
const TREE: &str = "/usr/bin/sh = x\n/usr/bin/bash = x\n/usr/bin/env = x\n/usr/bin/tini = x\n/usr/sbin/gosu = x\n/usr/bin/nice = x\n\
    /usr/bin/su = x\n/usr/bin/busybox = x\n/usr/bin/flock = x\n/usr/bin/xargs = x\n/usr/bin/find = x\n/usr/bin/cat = x\n\
    /usr/bin/setuidgid = x\n/usr/bin/with-contenv = x\n/usr/bin/execlineb = x\n/usr/sbin/runuser = x\n/usr/bin/waiter = x\n\
    /usr/sbin/start-stop-daemon = x\n/usr/bin/supervisord = x\n/usr/sbin/cron = x\n/usr/bin/supercronic = x\n\
    /usr/bin/tool = x\n/usr/bin/zsh = x\n/usr/lib/plain = exec tool\n\
    /etc/passwd = root:x:0:0::/root:/usr/bin/bash\\napp:x:1:1::/:/usr/bin/zsh\\n\n";

/// Scripts of the application's own.
const SCRIPTS: &str =
    "/usr/bin/entry 755 = #!/usr/bin/sh\\nexec \"$@\"\\n\n/usr/bin/shout 755 = #!/usr/bin/sh\\necho $1\\n\n";

/// What stays of the packages `tool`, `zsh` and others of a tree, and every unknown.
fn kept(lines: &str, launch: &Launch) -> (Vec<String>, Vec<String>) {
    let paths = TREE.lines().filter_map(|line| Some(line.split_once(" = ")?.0));
    let base: Vec<&str> = paths.filter(|path| !path.ends_with("/tool") && !path.ends_with("/zsh")).collect();
    let packages: [(&str, &[&str]); 3] = [("base", &base), ("tool", &["/usr/bin/tool"]), ("zsh", &["/usr/bin/zsh"])];
    let mut image = Image::new(&format!("{TREE}{SCRIPTS}{lines}"), &packages);
    image.launch = launch.clone();
    let (mut kept, unknowns) = image.kept();
    kept.retain(|name| name != "base");
    (kept, unknowns)
}

fn argv(words: &[&str]) -> Launch {
    Launch { entrypoint: words.iter().map(|word| (*word).to_owned()).collect(), ..Launch::default() }
}

/// What stays when the application is this script.
fn script(text: &str) -> (Vec<String>, Vec<String>) {
    let first = if text.starts_with("#!") { "" } else { "#!/usr/bin/bash\\n" };
    kept(&format!("/usr/bin/app 755 = {first}{}\\n", text.replace('\n', "\\n")), &argv(&["/usr/bin/app"]))
}

/// The scripts of which something else stays than what is said.
fn wrong(rows: &[(&str, &str)]) -> Vec<String> {
    wrong_with("", rows)
}

/// As [`wrong`], beside other files.
fn wrong_with(files: &str, rows: &[(&str, &str)]) -> Vec<String> {
    let differs = |(text, expected): &(&str, &str)| {
        let app = format!("{files}/usr/bin/app 755 = #!/usr/bin/bash\\n{}\\n", text.replace('\n', "\\n"));
        let (kept, unknowns) = if text.starts_with("#!") { script(text) } else { kept(&app, &argv(&["/usr/bin/app"])) };
        (kept.join(" ") != *expected).then(|| format!("{text}: {kept:?} {unknowns:?}"))
    };
    rows.iter().filter_map(differs).collect()
}

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
fn the_last_program_of_a_first_line_reads_the_script() {
    let rows = [
        ("#!/usr/bin/env -S nice sh\ntool", "tool"),
        ("#!/usr/bin/env -S A=b bash -e\ntool", "tool"),
        ("#!/usr/bin/env -u A bash\ntool", "tool"),
        ("#!/usr/bin/env -S -u cat 'A=b c' bash\ntool", "tool"),
        ("#!/usr/bin/env -S 'A=b' 'bash' -e\ntool", "tool"),
        ("#!/usr/bin/busybox sh\ntool", "tool"),
        ("#!/usr/bin/with-contenv bash\ntool", "tool"),
        ("#!/usr/bin/tini /usr/bin/sh\ntool", "tool"),
        ("#!/usr/bin/execlineb -P\nforeground { cat x }\nsetuidgid app tool", "tool"),
        ("#!/usr/bin/cat\ntool", ""),
    ];
    assert_eq!(wrong(&rows), Vec::<String>::new());
}

#[test]
fn commands_of_scripts_are_read_by_the_grammar_of_wrappers() {
    let rows = [
        ("gosu \"$USER\" tool", "tool"),
        ("exec gosu \"$USER\" tool \"$@\"", "tool"),
        ("env A=\"$B\" tool", "tool"),
        ("exec -a other tool", "tool"),
        ("time -p tool", "tool"),
        ("su - app -c \"tool --config $CONFIG\"", "tool zsh"),
        ("su -s /usr/bin/sh app -c 'exec tool'", "tool"),
        ("runuser -u app -- tool", "tool"),
        ("runuser -u tool -- cat", ""),
        ("bash -c \"cd $HOME && exec tool\"", "tool"),
        ("sh /usr/lib/plain", "tool"),
        ("sh /usr/lib/plain -c cat", "tool"),
        ("su -lc tool app", "tool zsh"),
        ("bash -x \"$PLAIN\" || sh -e /usr/lib/plain", "tool"),
        ("bash -euo pipefail -c 'tool -x'", "tool"),
        ("bash -o pipefail -ec 'tool -x'", "tool"),
        ("entry tool --x", "tool"),
        ("entry db:1 -- tool --x", "tool"),
        ("shout tool", ""),
        ("cat tool", ""),
        ("echo x | xargs -n 1 tool", "tool"),
        ("find / -exec sh -c 'tool \"$1\"' sh {} \\;", "tool"),
        ("flock -n /run/lock -c \"tool $1\"", "tool"),
        ("busybox xargs tool", "tool"),
        ("env -C /srv --unset=zsh tool", "tool"),
        ("RUN=sh\nstart-stop-daemon --start --quiet --startas $RUN -- -c \"exec tool\"", "tool"),
    ];
    assert_eq!(wrong(&rows), Vec::<String>::new());
}

#[test]
fn commands_in_variables_and_lists_are_read() {
    let rows = [
        ("RUN='gosu app tool -x'\nexec $RUN", "tool"),
        ("RUN=\"tool\"\neval \"exec $RUN\"", "tool"),
        ("RUN='cd / && tool'\neval \"$RUN\"", "tool"),
        ("RUN='cd / && tool'\nsh -c \"$RUN\"", "tool"),
        ("run=(gosu app tool)\nexec \"${run[@]}\"", "tool"),
        ("f() { local run=( tool -x ); \"${run[@]}\"; }\nf", "tool"),
        ("run=(gosu app)\nrun+=(tool)\n\"${run[@]}\"", "tool"),
        ("base=(gosu app)\nrun=(\"${base[@]}\" tool)\n\"${run[@]}\"", "tool"),
        ("declare -a all=(cat tool)\nfor one in \"${all[@]}\"; do $one; done", "tool"),
        ("$WRAPPER tool", "tool"),
        ("exec $WRAPPER tool", "tool"),
        ("${DEBUG:+cat} tool", "tool"),
        ("exec ${WRAPPER:-} gosu app tool", "tool"),
        ("set -- gosu app tool \"$@\"\nexec \"$@\"", "tool"),
        ("set -- tool \"$@\"", "tool"),
        ("as_app() { exec gosu app \"$@\"; }\nas_app tool -x", "tool"),
        ("run() { \"$@\"; }\nrun tool", "tool"),
        ("try() { n=$1; shift; \"$@\"; }\ntry 5 tool", "tool"),
        ("say() { echo \"$@\"; }\nsay tool", ""),
        ("PROGRAM=/opt/tool.sh\nname=${PROGRAM##*/}\n${name%.sh}", "tool"),
        (". /usr/lib/defaults\nexec $MAIN", "tool"),
        ("$(command -v tool) -x", "tool"),
        ("HERE=$(cd \"$(dirname \"$0\")\" && pwd)\n\"$HERE/tool\"", "tool"),
        ("\"$(dirname \"${BASH_SOURCE[0]}\")/tool\"", "tool"),
        ("\"${0%/*}/tool\"", "tool"),
        ("\"$(dirname \"$0\")/../bin/tool\"", "tool"),
        ("exec \"$0\" again", ""),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(text, expected)| {
            let lines = format!(
                "/usr/lib/defaults = MAIN=tool\\n\n/usr/bin/app 755 = #!/usr/bin/bash\\n{}\\n",
                text.replace('\n', "\\n")
            );
            let (kept, unknowns) = kept(&lines, &argv(&["/usr/bin/app"]));
            (kept.join(" ") != *expected).then(|| format!("{text}: {kept:?} {unknowns:?}"))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// Each leads to itself, some of them many times.
#[test]
fn what_starts_itself_is_read_once() {
    let many = |line: &str| format!("{line}\\n").repeat(60);
    let files = [
        "/app/job = import os\\nos.system('python3 /app/job')\\nos.system('sh /app/run; tool -x')\n".to_owned(),
        format!("/app/run = {}", many("python3 /app/job")),
        format!("\n/app/list = {}tool", many("cat /app/list | sh")),
        "\n/app/table = * * * * * crontab /app/table\\n* * * * * tool -x\n".to_owned(),
        format!("/app/Makefile = all:\n\t{}\\n\ttool -x\n", "make -C /app; ".repeat(60)),
        "/app/sv.conf = [program:a]\\ncommand=supervisord -c /app/sv.conf\\n[program:b]\\ncommand=tool\n".to_owned(),
    ];
    let files = files.concat().replace("all:\n\t", "all:\\n\t");
    let eval = format!("x='{}tool'\neval \"$x\"", "eval \"$x\"; ".repeat(60));
    let rows = [
        ("python3 /app/job", "tool"),
        ("sh /app/run", "tool"),
        ("cat /app/list | sh", "tool"),
        ("crontab /app/table", "tool"),
        ("make -C /app", "tool"),
        ("supervisord -c /app/sv.conf", "tool"),
        (&eval, "tool"),
    ];
    assert_eq!(wrong_with(&files, &rows), Vec::<String>::new());
}

/// Each of these would take long, or much memory, if every end and every place were tried.
#[test]
fn long_values_are_not_cut_and_put_together_without_end() {
    let long = "a".repeat(60_000);
    let cuts: String = (0..30).map(|at| format!("b{at}=${{a#*b}}\n")).collect();
    assert_eq!(script(&format!("a={long}\n{cuts}tool")).0, ["tool"]);
    let put =
        format!("a={long}\nb=$(echo $a | sed s/a/{0}/g | sed s/a/{0}/g)\nc=${{a//a/{0}}}\ntool", "xa".repeat(1000));
    assert_eq!(script(&put).0, ["tool"]);
}

/// Each line doubles what the one before gives.
#[test]
fn values_and_texts_do_not_grow_without_end() {
    let doubled: String = (1..60).map(|line| format!("a{line}=\"$a{}$a{}\"\n", line - 1, line - 1)).collect();
    assert_eq!(script(&format!("a0=x\n{doubled}sh -c \"$a59\"\ntool")).0, ["tool"]);
    let lists: String =
        (1..60).map(|line| format!("a{line}=(\"${{a{}[@]}}\" \"${{a{}[@]}}\")\n", line - 1, line - 1)).collect();
    assert_eq!(script(&format!("a0=(x)\n{lists}\"${{a59[@]}}\"\ntool")).0, ["tool"]);
    let calls = (0..40).map(|_| "sh -c '. /etc/default/app'\\n").collect::<String>();
    let lines =
        format!("/etc/default/app = {calls}\n/usr/bin/app 755 = #!/usr/bin/bash\\n. /etc/default/app\\ntool\\n");
    assert_eq!(kept(&lines, &argv(&["/usr/bin/app"])).0, ["tool"]);
}

#[test]
fn text_that_is_fed_to_a_shell_is_read() {
    let rows = [
        ("sh <<END\ntool\nEND", "tool"),
        ("gosu app bash -s <<'END'\ntool\nEND", "tool"),
        ("bash <<< \"tool $1\"", "tool"),
        ("cat <<END | sh\ntool\nEND", "tool"),
        ("echo 'exec tool' | bash -", "tool"),
        ("cat > /run/start <<END\n#!/bin/sh\nexec tool\nEND\nchmod +x /run/start", "tool"),
        ("cat > /run/start.sh <<END\ntool\nEND\nsh /run/start.sh", "tool"),
        ("tee /run/start.sh <<END\ntool\nEND", "tool"),
        ("printf '#!/bin/sh\\nexec tool\\n' > /run/start", "tool"),
        ("printf 'exec tool\\n' > /run/start", ""),
        ("cat > /etc/conf <<END\ntool\nEND", ""),
        ("echo tool | cat", ""),
        ("sh < /usr/lib/commands", "tool"),
        ("cat /usr/lib/commands | bash -s -- x", "tool"),
        ("cat /usr/lib/commands | bash -c cat", ""),
        ("sh /usr/lib/plain2 < /usr/lib/commands", ""),
        ("python3 - <<'END'\nimport os\nos.system('tool -x')\nEND", "tool"),
        ("python3 x.py <<'END'\nos.system('tool -x')\nEND", ""),
        ("perl <<END\nsystem('tool -x');\nEND", "tool"),
        ("echo \"require('child_process').execSync('tool -x')\" | node", "tool"),
        ("cat > /run/init.py <<END\nos.system('tool -x')\nEND", "tool"),
        ("cat > /run/init.txt <<END\nos.system('tool -x')\nEND", ""),
        ("expect <<'END'\nspawn tool -x\nEND", "tool"),
        ("expect -c 'spawn tool -x'", "tool"),
        ("awk -v run='tool -x' 'BEGIN { run | getline }'", "tool"),
        ("gawk -f /usr/lib/program", "tool"),
        ("python3 /usr/lib/source", "tool"),
        ("cat > /run/gen <<END\ntool -x\nEND\nbash /run/gen", "tool"),
        ("echo 'tool -x' > /run/gen; . /run/gen", "tool"),
        ("echo 'tool -x' > /run/gen; cat /run/gen", ""),
        ("envsubst < /usr/lib/commands > /run/gen.sh; . /run/gen.sh", "tool"),
        ("cp /usr/lib/commands /run/gen && chmod +x /run/gen && /run/gen", "tool"),
        ("cp /usr/lib/commands /run/other && chmod +x /run/gen", ""),
        ("WRAP=; [ -n \"$X\" ] && WRAP=other; $WRAP tool -x", "tool"),
        ("/usr/b*n/tool -x", "tool"),
        ("echo '* * * * * root tool -x' > /etc/cron.d/a", "tool"),
        ("cat > /etc/supervisor/conf.d/a.conf <<END\n[program:a]\ncommand=tool -x\nEND", "tool"),
        ("echo '* * * * * tool -x' | crontab -", "tool"),
        ("(crontab -l; echo '* * * * * tool -x') | crontab -", "tool"),
        ("echo '* * * * * tool -x' | cat", ""),
        ("crontab /app/table", "tool"),
        ("make -C /app run", "tool"),
        ("cd /app; make", "tool"),
        ("make -f /app/other.mk", ""),
        ("cat /usr/lib/source", ""),
        ("printf -v run '%s%s' to ol; \"$run\"", "tool"),
        ("export $(grep -v '^#' /usr/lib/commands.list | xargs); $WORKER", "tool"),
    ];
    let files = "/usr/lib/commands = tool -x\\n\n/usr/lib/commands.list = A=b\\nWORKER=tool\\n\n/usr/lib/program = BEGIN { \"tool -x\" | getline }\n/app/Makefile = T ?= tool\\n\\nrun: x\\n\t@$(T) -x\\n\n/app/table = * * * * * tool -x\n/app/other.mk = run:\\n\techo tool\\n\n/usr/lib/source = import os\\nos.system('tool -x')\n";
    assert_eq!(wrong_with(files, &rows), Vec::<String>::new());
}

#[test]
fn what_looks_built_in_is_a_program_all_the_same() {
    for name in ["which", "run-parts"] {
        let lines = format!("/usr/bin/{name} = x\n/usr/bin/app 755 = #!/usr/bin/sh\\n{name} tool\\n");
        let path = format!("/usr/bin/{name}");
        let image = Image::new(&format!("/usr/bin/sh = x\n{lines}"), &[("sh", &["/usr/bin/sh"]), (name, &[&path])]);
        assert!(image.kept().0.contains(&name.to_owned()), "{name}");
    }
}

/// What replaces the shell is a program, and behind `command` no word is reserved.
#[test]
fn names_that_a_shell_knows_are_programs_behind_some_words() {
    for (text, expected) in [
        ("exec printf x", "printf"),
        ("command printf x", ""),
        ("command time -f x true", "time"),
        ("exec time true", "time"),
        ("time true; printf x", ""),
    ] {
        let packages: [(&str, &[&str]); 2] = [("printf", &["/usr/bin/printf"]), ("time", &["/usr/bin/time"])];
        let lines = format!(
            "/usr/bin/sh = x\n/usr/bin/printf = x\n/usr/bin/time = x\n/usr/bin/app 755 = #!/usr/bin/sh\\n{text}"
        );
        assert_eq!(Image::new(&lines, &packages).kept().0.join(" "), expected, "{text}");
    }
}

#[test]
fn loops_over_folders_run_and_read_what_is_there() {
    let lines = "/start.d/a.sh = tool\\n\n/start.d/b 755 = #!/bin/sh\\nzsh\\n\n/bin -> usr/bin\n\
        /usr/bin/app 755 = #!/bin/sh\\nfor f in /start.d/*; do case \"$f\" in *.sh) . \"$f\";; *) \"$f\";; esac; done\\n";
    let (kept, unknowns) = kept(lines, &argv(&["/usr/bin/app"]));
    assert_eq!((kept.join(" "), unknowns), ("tool zsh".to_owned(), vec![]));
}

#[test]
fn files_that_patterns_cover_are_read_in() {
    let files = "/opt/x/lib/a.sh = tool\\n\n/opt/x/other/b.txt = zsh\\n\n/opt/x/bin/app = x\n/bin -> usr/bin\n";
    let wrong = wrong_with(
        files,
        &[
            ("for m in /opt/x/lib/*.sh; do . \"$m\"; done", "tool"),
            ("cd /opt/x; for m in lib/*.sh; do . \"$m\"; done", "tool"),
            ("cd /opt/x; for m in ./lib/*.sh; do . \"$m\"; done", "tool"),
            ("for m in \"$(dirname \"$0\")\"/../../opt/x/lib/*.sh; do . \"$m\"; done", "tool"),
            ("D=$(cd \"$(dirname \"$0\")/../../opt/x\" && pwd); for m in \"$D\"/lib/*.sh; do . \"$m\"; done", "tool"),
            ("D=$(cd -P -- \"$(dirname -- \"$0\")/../../opt/x\" && pwd -P); . \"$D/lib/a.sh\"", "tool"),
            ("D=$(cd \"$(dirname \"$0\")\" && cd ../../opt/x && pwd); . \"$D/lib/a.sh\"", "tool"),
            ("for f in http://x/?y; do . /opt/x/lib/a.sh; done", "tool"),
            (". \"/opt/x/lib/$a$b\"", ""),
            ("for f in {a,none}; do . \"/opt/x/lib/$f.sh\"; done", "tool"),
            ("for m in $(find /opt/x/lib -name '*.sh'); do . \"$m\"; done", "tool"),
            ("while read -r m; do . \"$m\"; done < <(find /opt/x/lib -name '*.sh')", "tool"),
            ("load() { . \"/opt/x/lib/$1.sh\"; }; load a", "tool"),
            (". \"/opt/x/lib/lib-$1.sh\"", ""),
            (". \"/opt/x/lib/$1\"", ""),
            ("eval \"$(cat /opt/x/lib/*.sh)\"", "tool"),
            ("source <(cat /opt/x/lib/*.sh)", "tool"),
            ("cd /opt/x/lib; for m in *; do . \"$m\"; done", ""),
        ],
    );
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn scripts_have_the_variables_that_others_export() {
    let two =
        |uses: &str| format!("/opt/x/two 755 = #!/usr/bin/sh\\n{uses}\\n\n/opt/x/set.envsh = export T9=tool\\n\n");
    for (uses, app, expected) in [
        ("$T1 a", "export T1=tool; exec /opt/x/two", "tool"),
        ("\"$T1\"", "T1=tool; export T1; exec /opt/x/two", "tool"),
        ("$T1 a", "declare -x T1=tool; /opt/x/two", "tool"),
        ("$T1 a", "T1=tool /opt/x/two", "tool"),
        ("$T1 a", "env T1=tool /opt/x/two", "tool"),
        ("$T1 a", ": ${T1:=tool}; export T1; /opt/x/two", "tool"),
        ("$T1 a", "set -a; T1=tool; /opt/x/two", "tool"),
        ("$T9 a", "for f in /opt/x/*.envsh; do . \"$f\"; done; /opt/x/two", "tool"),
        ("sh -c '$T1 a'", "export T1=tool; /opt/x/two", "tool"),
        ("helper", "export PATH=/opt/x/bin:$PATH; /opt/x/two", "zsh"),
        ("$T1 a", "set -- cat -jar; T1=tool; /opt/x/two", ""),
        ("$T1 a", "T1=tool read x; /opt/x/two", ""),
        ("$T1 a", "env -u A T1=tool /opt/x/two", "tool"),
        // A variable that is the script's own alone, and one that the other gives a value itself.
        ("$T1 a", "T1=tool; /opt/x/two", ""),
        ("T1=zsh; $T1 a", "export T1=cat; /opt/x/two", "zsh"),
    ] {
        let helper = "/opt/x/bin/helper 755 = #!/usr/bin/zsh\\n\n";
        let helper = if uses == "helper" { helper } else { "" };
        assert_eq!(wrong_with(&format!("{}{helper}", two(uses)), &[(app, expected)]), [""; 0], "{uses}");
    }
}

#[test]
fn what_a_script_exports_stands_beside_the_images_own_value() {
    let lines = "/usr/bin/app 755 = #!/usr/bin/sh\\nexport T1=tool\\n/opt/x/two\\n\n/opt/x/two 755 = #!/usr/bin/sh\\n$T1 a\\n\n";
    let launch = Launch { env: vec![("T1".into(), "zsh".into())], ..argv(&["/usr/bin/app"]) };
    assert_eq!(kept(lines, &launch).0, ["tool", "zsh"]);
}

#[test]
fn functions_of_files_that_are_read_in_run_what_they_are_given() {
    let files = "/opt/x/fn.sh = try_for() { local t=$1; shift; timeout \"$t\" \"$@\"; }\\nsay() { echo \"$1\"; \"${@:2}\"; }\\n\n";
    let wrong = wrong_with(
        files,
        &[
            (". /opt/x/fn.sh; try_for 10 tool a", "tool"),
            (". /opt/x/fn.sh; say 'a word' tool a", "tool"),
            ("try_for 10 tool a", ""),
            (". /opt/x/fn.sh; eval 'try_for 10 tool a'", "tool"),
            ("IFS=. read -r a b <<< \"$V\"; . /opt/x/fn.sh; try_for 10 tool a", "tool"),
        ],
    );
    assert_eq!(wrong, [""; 0]);
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
fn jobs_are_found_where_a_script_is() {
    let files = "/opt/x/jobs/a.job = tool\\n\n/bin -> usr/bin\n/opt/x/Makefile = all:\\n\t$(MAKE) -C sub\\n\n\
        /opt/x/sub/Makefile = include own.mk\\nall:\\n\t$(TOOL) -x\\n\n/opt/x/sub/own.mk = TOOL := tool\\n\n/usr/bin/make 755 = x\n";
    let wrong = wrong_with(
        files,
        &[
            ("cd /opt/x; find ./jobs -name '*.job' | sort | while read -r j; do bash \"$j\"; done", "tool"),
            ("cd /opt/x; ls jobs | grep job$ | while read j; do . \"jobs/$j\"; done", "tool"),
            ("cd /opt/x; sh jobs/\"$1\".job", "tool"),
            ("cd /opt/x; cat jobs/*.job | bash", "tool"),
            ("cd /opt/x; find jobs -name '*.job' -exec bash {} \\\\;", "tool"),
            ("find /opt/x/jobs -type f -exec bash {} \\\\;", "tool"),
            ("printf '%s\\n' tool zsh | while read -r c; do $c x; done", "tool zsh"),
            ("cd /opt/x && make", "tool"),
            ("c=$( [ \"$A\" = 1 ] && echo tool || echo zsh ); $c x", "tool zsh"),
            (". /opt/x/jobs/$(hostname).job", "tool"),
            ("one_of() { for t in \"$@\"; do command -v $t; done; }; T=$(one_of tool zsh) && $T x", "tool zsh"),
        ],
    );
    assert_eq!(wrong, [""; 0]);
    let rules = "/opt/x/rules 755 = #!/usr/bin/make -f\\nall:\\n\ttool -x\\n\n/usr/bin/make 755 = x\n";
    assert_eq!(kept(rules, &argv(&["/opt/x/rules"])).0, ["tool"]);
}

#[test]
fn what_a_script_computes_is_told() {
    for (text, what) in [
        ("exec \"$COMMAND\"", "the command is ${COMMAND}"),
        ("gosu app \"$COMMAND\"", "the command is ${COMMAND}"),
        ("eval \"$COMMAND\"", "the text that a shell is given is ${COMMAND}"),
        ("bash -c \"$COMMAND\"", "the text that a shell is given is ${COMMAND}"),
        ("sh \"$FILE\"", "the script that a shell is given is ${FILE}"),
        (". \"$FILE\"", "the file that is read in is ${FILE}"),
        ("source <(cat x)", "the file that is read in is ${_}"),
    ] {
        let (_, unknowns) = script(&format!("\n{text}"));
        assert!(unknowns.len() == 1 && unknowns[0].contains(&format!("line 3: {what}")), "{text}: {unknowns:?}");
    }
    for text in ["exec \"$@\"", "eval \"$1\"", "bash -c \"$1\"", "exec gosu app \"$@\"", ". \"$1\" || true"] {
        let (_, unknowns) = script(text);
        assert!(unknowns.is_empty(), "{text}: {unknowns:?}");
    }
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
fn files_that_find_looks_for_by_name_are_in_use() {
    let rows = [
        ("LD_PRELOAD=$(find /usr -name tool -print -quit)", "tool"),
        ("x=\"$(find /etc /usr -type f -iname 'TOOL*' | head -n 1)\"", "tool"),
        ("find -L /usr/lib /etc -name tool", ""),
        ("find /usr -name 'to*'", ""),
        ("find /usr -name tool -delete", ""),
        ("find /usr -name tool -exec rm -f {} +", ""),
        ("find $PLACE -name tool", ""),
    ];
    assert_eq!(wrong(&rows), Vec::<String>::new());
}

#[test]
fn login_shells_read_their_profiles() {
    let profile = "/etc/profile = if true; then tool; fi\n";
    for (words, expected) in [
        (&["bash", "-lc", "exit"][..], "tool"),
        (&["bash", "--login", "-c", "exit"], "tool"),
        (&["bash", "-c", "exit"], ""),
        (&["su", "-", "-c", "exit"], "tool"),
        (&["su", "-c", "exit"], ""),
        (&["/usr/bin/app"], "tool"),
    ] {
        let lines = format!("{profile}/usr/bin/app 755 = #!/usr/bin/bash -l\\nexit\n");
        let lines = if words[0] == "/usr/bin/app" { lines } else { profile.to_owned() };
        assert_eq!(kept(&lines, &argv(words)).0.join(" "), expected, "{words:?}");
    }
}

#[test]
fn ways_around_a_plain_command_are_followed() {
    let rows = [
        (": \"${T:=tool}\"; \"$T\" -x", "tool"),
        (": \"${T:=other}\"; \"$T\" -x", ""),
        ("case $1 in a) run='tool -x';; esac; set -- $run; exec \"$@\"", "tool"),
        ("run() { eval \"$*\"; }; run 'tool -x | cat'", "tool"),
        ("run() { echo \"$*\"; }; run 'tool -x | cat'", ""),
        ("declare -A m=([a]=tool [b]=other)\n\"${m[a]}\" -x", "tool"),
        ("m[a]=tool\n\"${m[$1]}\" -x", "tool"),
        ("m=([a]=tool)", ""),
        ("alias q='tool -x'; q", "tool"),
        ("trap -- 'tool -x' USR2", "tool"),
        ("ls | awk '{ c = \"tool -- \" $1\n c | getline }'", "tool"),
        ("awk '{ print | \"cat | tool -c\" }'", "tool"),
        ("awk '{ print \"tool\" }'", ""),
        ("trap - USR2; trap -p tool", ""),
        ("coproc B { tool -q; }; echo", "tool"),
        ("coproc tool -q", "tool"),
        ("retry() { local program=$1; shift; \"$program\" \"$@\"; }; retry tool -x", "tool"),
        ("show() { local text=$1; shift; echo \"$text\"; }; show tool -x", ""),
        ("sh -c 'exec \"$0\" \"$@\"' tool -x", "tool"),
        ("sh -c 'exec \"$@\"' tool -x", ""),
        ("setarch -R tool -x", "tool"),
        ("RUN='tool -x'; v=RUN; ${!v}", "tool"),
        ("A='tool -x'; v=OTHER; ${!v}", ""),
        ("setarch x86_64 -R tool -x", "tool"),
        ("perl -ne 'system(\"tool -x\")' a", "tool"),
        ("python3 -c 'import os; os.system(\"tool -x\")'", "tool"),
        ("perl -pe 's/tool -x//' a", ""),
        ("make() { if eval $2='$(${TOOL} -d)'; then :; fi; }; TOOL=tool; make a b", "tool"),
    ];
    assert_eq!(wrong(&rows), Vec::<String>::new());
}

#[test]
fn what_commands_write_and_read_is_known() {
    let rows = [
        ("while read -r run; do $run; done < /etc/tools", "tool"),
        ("while read -r run; do cat \"$run\"; done < /etc/tools", ""),
        ("while IFS=: read -r a b; do $b; done <<< 'x:tool -x'", "tool"),
        ("while IFS=: read -r a b; do $a; done <<< 'x:tool -x'", ""),
        ("while read a b; do $b; done <<E\nx tool -x\nE", "tool"),
        ("cat /etc/tools | while read -r run; do $run; done", "tool"),
        ("while read -r run; do $run; done < <(grep -v '^#' /etc/tools | sort)", "tool"),
        ("echo a,tool | tr , '\\n' | while read -r run; do $run; done", "tool"),
        ("cat /etc/tools | xargs echo | while read -r run; do $run; done", ""),
        ("L=a,tool; IFS=, read -ra all <<< \"$L\"; for one in \"${all[@]}\"; do $one; done", "tool"),
        ("L='tool -x'; read -r -a all <<< \"$L\"; exec \"${all[@]}\"", "tool"),
        ("mapfile -t all < /etc/tools; for one in \"${all[@]}\"; do $one; done", "tool"),
        ("while read -r name run rest; do $run; done <<< 'web    tool   -x'", "tool"),
        ("read -p tool -t 5 a <<< x; $a", ""),
        ("read <<< tool; $REPLY", "tool"),
        ("L=a,tool; IFS=,; for one in $L; do $one; done", "tool"),
        ("L=a,tool; for one in ${L//,/ }; do $one; done", "tool"),
        ("L=a,tool; for one in ${L/a,/}; do $one; done", "tool"),
        ("L=a,tool; for one in $(echo $L | tr ',' ' '); do $one; done", "tool"),
        ("L=a:tool; for one in $(echo \"$L\" | sed 's/:/ /g'); do $one; done", "tool"),
        ("exec $(cat /etc/tools)", "tool"),
        ("exec $(< /etc/tools)", "tool"),
        ("exec $(printf '%s' tool)", "tool"),
        ("run=$(cat /gone 2>/dev/null || echo tool); $run -x", "tool"),
        ("run=$(printenv RUN || echo tool); $run -x", "tool"),
        ("find /usr/hooks -type f | sort -V | while read -r f; do /usr/bin/${f##*/}; done", "tool"),
        ("run() { local cmd=\"$1\"; bash -c \"$cmd\"; }; run 'cd / && tool -x'", "tool"),
        ("run() { local cmd=\"$1\"; echo \"$cmd\"; }; run 'cd / && tool -x'", ""),
        ("\"$(ls -d /usr/b*n | sort | head -n 1)/tool\"", "tool"),
        ("for one in $(ls /usr/hooks); do /usr/bin/$one; done", "tool"),
        ("for one in $(ls -l /usr/hooks); do /usr/bin/$one; done", ""),
        ("set tool |& cat; { tool -x; } |& cat", "tool"),
        ("fi; tool -x\ncat", "tool"),
        ("if x; then\n  tool -x\n  y ) z\nfi", "tool"),
    ];
    let files = "/etc/tools = tool -x\\n\n/usr/hooks/tool = x\n";
    assert_eq!(wrong_with(files, &rows), Vec::<String>::new());
}

#[test]
fn scripts_have_folders_and_a_search_path_of_their_own() {
    let packages: [(&str, &[&str]); 1] = [("own", &["/opt/own/bin/own", "/opt/own/lib.sh"])];
    for (text, expected) in [
        ("cd /opt/own && ./bin/own -x", "own"),
        ("cd /opt/own; . ./lib.sh", "own"),
        ("cd /opt/own/bin; sh ./own", "own"),
        ("(cd \"$HOME_OF\"; exec bin/own)", "own"),
        ("pushd /opt/own/bin; nice ./own", "own"),
        ("cd /opt/other; ./own", ""),
        ("export PATH=\"$PATH:/opt/own/bin\"; own", "own"),
        ("PATH=/opt/own/bin:$PATH; nice own", "own"),
        ("P=/opt/own; export PATH=$P/bin:$PATH; command -v own", "own"),
        ("PATH=/opt/own:$PATH; own", ""),
        ("own", ""),
    ] {
        let lines = format!(
            "/usr/bin/sh = x\n/opt/own/bin/own 755 = x\n/opt/own/lib.sh = true\n/usr/bin/app 755 = #!/usr/bin/sh\\nHOME_OF=/opt/own\\n{text}"
        );
        let (kept, unknowns) = Image::new(&lines, &packages).kept();
        assert_eq!(kept.join(" "), expected, "{text} {unknowns:?}");
    }
}

#[test]
fn a_script_is_read_beside_lines_that_no_shell_knows() {
    let (kept, unknowns) = script("if true; then\ncat | | x\ntool -x\nfi\n");
    assert_eq!(kept, ["tool"]);
    assert_eq!(unknowns.len(), 1, "{unknowns:?}");
    assert!(unknowns[0].contains("line 3: not readable as a shell script: unexpected \"|\""), "{unknowns:?}");
}

#[test]
fn a_command_in_a_folder_that_is_computed_is_any_program_of_its_name() {
    let packages: [(&str, &[&str]); 2] = [("tool", &["/usr/lib/own/15/tool"]), ("data", &["/usr/share/own/tool"])];
    for (text, expected) in [
        ("\"$home/tool\" -x", "tool"),
        ("nice \"$(locate home)/bin/tool\"", "tool"),
        ("\"$home/other\" -x; \"$tool\"; \"$home/$tool\"", ""),
    ] {
        let lines = format!(
            "/usr/bin/sh = x\n/usr/lib/own/15/tool 755 = x\n/usr/share/own/tool = x\n/usr/bin/app 755 = #!/usr/bin/sh\\n{text}"
        );
        let (kept, unknowns) = Image::new(&lines, &packages).kept();
        assert_eq!(kept.join(" "), expected, "{text}");
        let told = if expected.is_empty() { "nothing is kept for it" } else { "every program of its name stays" };
        assert!(unknowns.iter().any(|unknown| unknown.contains(told)), "{text}: {unknowns:?}");
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

#[test]
fn preloaded_libraries_are_found_by_name() {
    let packages: [(&str, &[&str]); 1] = [("allocator", &["/usr/lib/own/liballoc.so.2"])];
    for words in [
        &["env", "LD_PRELOAD=liballoc.so.2", "app"][..],
        &["env", "LD_PRELOAD=/usr/lib/own/liballoc.so.2", "app"],
        &["sh", "-c", "LD_PRELOAD=liballoc.so.2 exec app"],
    ] {
        let lines = "/usr/bin/app = x\n/usr/bin/env = x\n/usr/bin/sh = x\n/usr/lib/own/liballoc.so.2 = x";
        let mut image = Image::new(lines, &packages);
        image.launch = argv(words);
        assert_eq!(image.kept().0.join(" "), "allocator", "{words:?}");
    }
}

#[test]
fn only_a_name_without_a_path_is_built_into_the_shell() {
    let tree = "/usr/bin/sh = x\n/usr/bin/xargs = x\n/usr/bin/echo = x\n/usr/bin/print = x\n";
    let packages: [(&str, &[&str]); 2] = [("echo", &["/usr/bin/echo"]), ("print", &["/usr/bin/print"])];
    for (text, expected) in [
        ("/usr/bin/echo hi", "echo"),
        ("echo hi; print hi", ""),
        ("x=$(printf ' 1 ' | xargs)", "echo"),
        ("xargs cat", ""),
    ] {
        let image = Image::new(&format!("{tree}/usr/bin/app 755 = #!/usr/bin/sh\\n{text}\n"), &packages);
        assert_eq!(image.kept().0.join(" "), expected, "{text}");
    }
}
