//! Programs and files that sources name, whatever their language.

use crate::image::Image;
use slim::path::ImagePath;
use testdata::elf::program;

#[test]
fn programs_that_sources_start_are_in_use() {
    let below = "/usr/lib/python3/dist-packages/lib";
    let kept = |lines: &str| {
        let tools = ["ffmpeg", "git", "convert", "tar", "gzip", "echo"].map(|name| format!("/usr/bin/{name}"));
        let tree: String = tools.iter().map(|path| format!("{path} 755 = x\n")).collect();
        let owned = [format!("{below}/__init__.py"), "/usr/lib/python3.11/uuid.py".to_owned()];
        let mut packages: Vec<(&str, Vec<&str>)> = tools.iter().map(|path| (&path[9..], vec![path.as_str()])).collect();
        packages.push(("python", owned.iter().map(String::as_str).collect()));
        let packages: Vec<(&str, &[&str])> = packages.iter().map(|(name, files)| (*name, &files[..])).collect();
        let mut kept = Image::new(&format!("{tree}/usr/bin/app = x\n{lines}"), &packages).kept().0;
        kept.retain(|name| name != "python");
        kept.join(" ")
    };
    // An application's own text may hold the name anywhere, an installed library's in the call.
    let apart = "import subprocess\\nTOOL = 'ffmpeg'\\nsubprocess.run([TOOL])";
    for (lines, expected) in [
        (format!("/app/main.py = {apart}"), "ffmpeg"),
        (format!("/app/site-packages/x.py = {apart}"), ""),
        (format!("/app/main.py = import lib\n{below}/__init__.py = {apart}"), ""),
        (format!("/app/main.py = import lib\n{below}/__init__.py = subprocess.run(['git', 'log'])"), "git"),
        ("/app/main.py = import uuid\n/usr/lib/python3.11/uuid.py = subprocess.run(['git'])".to_owned(), ""),
        ("/app/index.php = <?php system('tar cf - . | gzip -9');".to_owned(), "gzip tar"),
        ("/app/main.js = require('child_process').spawn('nice', ['convert', file])".to_owned(), "convert"),
        ("/app/config.ru = out = `git log`".to_owned(), "git"),
        // Without a shell nothing is built in.
        ("/app/app.rb = out = `echo a`".to_owned(), "echo"),
        ("/app/readme.txt = `git log`, subprocess.run(['ffmpeg'])".to_owned(), ""),
    ] {
        assert_eq!(kept(&lines), expected, "{lines}");
    }
}

#[test]
fn files_that_an_application_names_are_in_use() {
    let font = "/usr/share/fonts/truetype/own/Own-Bold.ttf";
    let kept = |lines: &str| {
        let image = Image::new(
            &format!("/usr/bin/app = x\n{font} = x\n/usr/share/geo/world.dat = x\n/usr/bin/tool 755 = x\n{lines}"),
            &[("font", &[font]), ("geo", &["/usr/share/geo/world.dat"]), ("tool", &["/usr/bin/tool"])],
        );
        image.kept().0.join(" ")
    };
    for (lines, expected) in [
        ("/app/draw.py = FONT = '/usr/share/fonts/truetype/own/Own-Bold.ttf'", "font"),
        ("/app/draw.rb = font \"Own-Bold.ttf\"", "font"),
        ("/app/draw.py = # Own-Bold.ttf", ""),
        ("/app/geo.js = open(`/usr/share/geo/world.dat`)", "geo"),
        ("/app/settings.yaml = world: /usr/share/geo/world.dat", "geo"),
        ("/app/site-packages/geo.py = '/usr/share/geo/world.dat'", ""),
        ("/app/readme.txt = see /usr/share/geo/world.dat", ""),
        ("/app/geo.js = /** All that /usr/* and /**/* hold. */", ""),
        ("/geo.yaml = files: '**/*.dat'", ""),
        ("/usr/lib/own.pl 755 = #!/usr/bin/perl\\nopen F, '/usr/share/geo/world.dat';", "geo"),
        ("/app/settings.ini = hook-asap = exec:tool -p /run/app", "tool"),
        ("/app/settings.json = {\n  \"command\": [\"tool\", \"-v\"],\n}", "tool"),
        ("/app/settings.yaml = start: \"tool --all\"", "tool"),
        ("/app/settings.yaml = title: tool for all", ""),
    ] {
        assert_eq!(kept(&lines.replace("\n  ", "\\n  ").replace(",\n", ",\\n")), expected, "{lines}");
    }
}

#[test]
fn a_program_that_is_handed_to_a_function_is_in_use() {
    for (path, text, expected) in [
        ("/app/steps.py", "call('tool', page)", "tool"),
        ("/app/steps.py", "self.tools.call(['tool', page])", "tool"),
        ("/app/steps.js", "const n = await help.call('tool', [a])", "tool"),
        ("/app/steps.php", "<?php proc_open('tool -r | tool', [['pipe', 'r']], $pipes);", "tool"),
        ("/app/steps.js", "const x = require('tool')", ""),
        ("/app/steps.py", "call(page, 'tool')", ""),
        ("/app/steps.py", "x = {'tool': 1}", ""),
        ("/app/steps.py", "call('sort', page)", ""),
        ("/app/site-packages/x.py", "call('tool', page)", ""),
    ] {
        let lines = format!("/usr/bin/app = x\n/usr/bin/tool 755 = x\n/usr/bin/sort 755 = x\n{path} = {text}");
        let mut image = Image::new(&lines, &[("tool", &["/usr/bin/tool"]), ("coreutils", &["/usr/bin/sort"])]);
        image.packages[1].essential = true;
        assert_eq!(
            image.kept().0.iter().filter(|name| *name != "coreutils").cloned().collect::<String>(),
            expected,
            "{path} {text}"
        );
        assert!(!image.reach().1.graph.reaches(&ImagePath::literal("/usr/bin/sort")), "{path} {text}");
    }
}

#[test]
fn commands_of_pages_are_the_shells() {
    let packages: [(&str, &[&str]); 2] = [("tool", &["/usr/bin/tool"]), ("sh", &["/bin/sh"])];
    let page = |name: &str| {
        let lines = format!(
            "/usr/bin/app = x\n/usr/bin/tool 755 = x\n/bin/sh 755 = x\n/srv/{name} = <!--#exec cmd=\"true | tool -x\" -->"
        );
        Image::new(&lines, &packages).elf("/usr/bin/app", &program()).kept().0
    };
    assert_eq!(page("index.shtml"), ["tool"]);
    assert_eq!(page("index.html"), [""; 0]);
}

#[test]
fn scripts_of_logrotate_are_the_shells() {
    let packages: [(&str, &[&str]); 3] = [
        ("logrotate", &["/usr/sbin/logrotate", "/etc/logrotate.conf"]),
        ("tool", &["/usr/bin/tool"]),
        ("sh", &["/bin/sh"]),
    ];
    let lines = "/usr/bin/tool 755 = x\n/bin/sh 755 = x\n/etc/logrotate.conf = /var/log/x {\\n  postrotate\\n    true | tool -x\\n  endscript\\n}";
    let mut image = Image::new(lines, &packages).elf("/usr/sbin/logrotate", &program());
    image.launch.entrypoint = vec!["/usr/sbin/logrotate".into()];
    assert_eq!(image.kept().0, ["logrotate", "sh", "tool"]);
}
