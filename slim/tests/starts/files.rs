//! Files and folders that a script reads in, runs and looks through.

use crate::image::Image;
use crate::{argv, kept, wrong, wrong_with};

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
