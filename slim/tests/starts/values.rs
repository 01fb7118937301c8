//! What a script's variables can be.

use crate::{argv, kept, script, wrong_with};
use slim::launch::Launch;

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
