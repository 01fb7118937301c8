//! What the commands of a shell script start.

use crate::image::Image;
use crate::{argv, kept, script, wrong, wrong_with};

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
fn a_script_is_read_beside_lines_that_no_shell_knows() {
    let (kept, unknowns) = script("if true; then\ncat | | x\ntool -x\nfi\n");
    assert_eq!(kept, ["tool"]);
    assert_eq!(unknowns.len(), 1, "{unknowns:?}");
    assert!(unknowns[0].contains("line 3: not readable as a shell script: unexpected \"|\""), "{unknowns:?}");
}
