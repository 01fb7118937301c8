//! What command lines start, each tried on a small image: a package stays when, and only when, something starts its program.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests build their own trees")]

mod commands;
mod files;
#[path = "../image/mod.rs"]
mod image;
mod lines;
mod values;

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
