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
    // An application's own text may hold the name anywhere, an installed library's in the call or under a name.
    let apart = "import subprocess\\nTOOL = 'ffmpeg'\\nsubprocess.run([TOOL])";
    for (lines, expected) in [
        (format!("/app/main.py = {apart}"), "ffmpeg"),
        (format!("/app/site-packages/x.py = {apart}"), "ffmpeg"),
        ("/app/site-packages/x.py = import subprocess\\nx = {'a': 1, 'ffmpeg': 2}".to_owned(), ""),
        ("/app/site-packages/x.py = import subprocess\\ndef f(cmd='ffmpeg'): pass".to_owned(), "ffmpeg"),
        ("/app/site-packages/x.py = import subprocess\\nX = pathlib.Path('ffmpeg')".to_owned(), "ffmpeg"),
        ("/app/site-packages/x.py = import subprocess\\nraise Error('ffmpeg is not there')".to_owned(), ""),
        (
            "/app/node_modules/x.js = const {spawn} = require('child_process'); bin = o.bin || 'ffmpeg'".to_owned(),
            "ffmpeg",
        ),
        (format!("/app/main.py = import lib\n{below}/__init__.py = {apart}"), "ffmpeg"),
        (format!("/app/main.py = import lib\n{below}/__init__.py = subprocess.run(['git', 'log'])"), "git"),
        ("/app/main.py = import uuid\n/usr/lib/python3.11/uuid.py = subprocess.run(['git'])".to_owned(), ""),
        ("/app/index.php = <?php system('tar cf - . | gzip -9');".to_owned(), "gzip tar"),
        ("/app/main.js = require('child_process').spawn('nice', ['convert', file])".to_owned(), "convert"),
        ("/app/config.ru = out = `git log`".to_owned(), "git"),
        ("/app/Rakefile = task :x do\\n  sh 'git log'\\nend".to_owned(), "git"),
        ("/app/main.py = import subprocess\\ndef f(): return f'git {x}'".to_owned(), "git"),
        ("/app/main.py = import subprocess\\nrun(u'git -v')".to_owned(), "git"),
        ("/app/conf.py = A = 'gzip x | git y'".to_owned(), "git gzip"),
        ("/app/conf.py = A = ['git', '.']".to_owned(), "git"),
        ("/app/run.rb = out = <<~SH\\n  set -e\\n  git x\\nSH\\nsystem(out)".to_owned(), "git"),
        ("/app/run.php = <?php\\nsystem(<<<SH\\nset -e\\ngit x\\nSH);".to_owned(), "git"),
        (format!("/app/main.py = import lib\n{below}/__init__.py = import subprocess\\nX = ['gzip', '-n']"), "gzip"),
        ("/app/main.lua = os.execute([[git log]])".to_owned(), "git"),
        ("/app/a.escript = #!/usr/bin/env escript\\nmain(_) -> os:cmd(\"git log | gzip\").".to_owned(), "git gzip"),
        ("/app/a.escript = main(_) -> % os:cmd(\"git log\")".to_owned(), ""),
        ("/app/a.exs = System.cmd(\"convert\", [\"-x\"])".to_owned(), "convert"),
        ("/app/a.exp = spawn -noecho git log".to_owned(), "git"),
        ("/app/a.tcl = set x [exec tar c . | gzip]".to_owned(), "gzip tar"),
        ("/app/a.tcl = # exec git log".to_owned(), ""),
        ("/app/main.py = subprocess.getoutput(f'{tool} --version | gzip -9')".to_owned(), "gzip"),
        ("/app/main.py = subprocess.getoutput(f'{tool} --version gzip -9')".to_owned(), ""),
        ("/app/site_perl/gems/x.pl = open(my $in, \"cd x; git log |\");".to_owned(), "git"),
        ("/app/site_perl/gems/x.pl = print($x, \"git log |\");".to_owned(), ""),
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
        ("/app/steps.py", "call(page, 'tool')", "tool"),
        ("/app/steps.py", "TOOL = 'tool'", "tool"),
        ("/app/steps.py", "TOOL = os.environ.get('TOOL', 'tool')", "tool"),
        ("/app/steps.py", "COMMAND = 'tool -x'", "tool"),
        ("/app/steps.py", "sh(f'tool -x {name}')", "tool"),
        ("/app/steps.py", "run([\\n    'tool',\\n    '-x',\\n])", "tool"),
        ("/app/steps.py", "x = a if b else 'tool'", "tool"),
        ("/app/steps.py", "for x in ('a', 'tool'): pass", "tool"),
        ("/app/steps.py", "import subprocess\\nsubprocess.run([f'{folder}/tool', '-x'])", "tool"),
        ("/app/steps.py", "raise Error('tool is not there')", ""),
        ("/app/steps.py", "x = 'nothing for tool -x'", ""),
        ("/app/steps.js", "module.exports = { tool: process.env.X || 'tool' }", "tool"),
        ("/app/steps.js", "await `tool for all`", ""),
        ("/app/steps.js", "import {$} from 'execa'; await $`tool -x`", "tool"),
        ("/app/steps.rb", "TOOL = 'tool'", "tool"),
        ("/app/steps.rb", "IO.popen \"tool -x\"", "tool"),
        ("/app/steps.pl", "my $c = 'tool -x'; exec $c;", "tool"),
        ("/app/steps.pl", "exec qw(tool -x);", "tool"),
        ("/app/steps.php", "<?php return ['bin' => 'tool'];", "tool"),
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

/// A page's script, put together from hundreds of others, holds names of everything.
#[test]
fn a_bundle_for_browsers_names_no_programs() {
    let kept = |length: usize| {
        let text = format!("const names = ['tool', 'other'];\\n{}", "x".repeat(length));
        let lines = format!("/usr/bin/app = x\n/usr/bin/tool 755 = x\n/app/bundle.js = {text}");
        Image::new(&lines, &[("tool", &["/usr/bin/tool"])]).kept().0
    };
    assert_eq!((kept(10), kept(1 << 16)), (vec!["tool".to_owned()], vec![]));
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

/// Whether a source of an application, or of a library that it has beside it, keeps `tool`.
fn keeps_tool(path: &str, text: &str) -> bool {
    keeps(path, &text.replace('\n', "\\n"), "tool")
}

/// Whether a source, and what files follow it, keep a program; `sort` is one that every image has.
fn keeps(path: &str, lines: &str, program: &str) -> bool {
    let programs = "/bin/sh 755 = x\n/usr/bin/tool 755 = x\n/usr/bin/sort 755 = x\n/app/report.sh = tool -x";
    let packages: [(&str, &[&str]); 2] = [("tool", &["/usr/bin/tool"]), ("coreutils", &["/usr/bin/sort", "/bin/sh"])];
    let mut image = Image::new(&format!("/usr/bin/app = x\n{programs}\n{path} = {lines}"), &packages);
    image.packages[1].essential = true;
    image.reach().1.graph.reaches(&ImagePath::literal(&format!("/usr/bin/{program}")))
}

#[test]
fn shell_texts_go_over_several_lines() {
    for (path, text, expected) in [
        (
            "/app/a.py",
            "import subprocess\nsubprocess.run(\"\"\"\n  set -e\n  tool --version\n\"\"\", shell=True)",
            true,
        ),
        ("/app/a.py", "import subprocess\nsubprocess.run(\n  f'''\n  # first\n  tool {x}\n''', shell=True)", true),
        ("/app/a.py", "import subprocess\nsubprocess.run(\"\"\"tool -v\"\"\", shell=True)", true),
        ("/app/a.py", "import subprocess\nSTEPS = '''\nfor x in 1 2; do tool $x; done\n'''", true),
        ("/app/site-packages/a.py", "import subprocess\nsubprocess.run('''\n  tool -v\n''', shell=True)", true),
        ("/app/site-packages/a.py", "import subprocess\nSTEPS = '''\n  tool -v\n'''", false),
        // Documentation, and a sentence that is no script.
        ("/app/a.py", "import subprocess\ndef f():\n  \"\"\"tool for all\"\"\"", false),
        ("/app/a.py", "import subprocess\ndef f():\n  \"\"\"\n  tool for all\n  \"\"\"", false),
        ("/app/a.py", "import subprocess\nX = '''\nread it (once), then\ntool is made\n'''", false),
        ("/app/a.js", "require('child_process').execSync(`\n  set -e\n  tool ${x}\n`)", true),
        ("/app/a.php", "<?php shell_exec(\"\n  cd /srv\n  tool -v\n\");", true),
    ] {
        assert_eq!(keeps_tool(path, text), expected, "{path} {text}");
    }
}

#[test]
fn perl_and_ruby_quote_commands_by_many_signs() {
    for (path, text, expected) in [
        ("/app/a.pl", "my $x = qx{tool; echo \\$?};", true),
        ("/app/a.pl", "my $x = qx{tool --version; true};", true),
        ("/app/a.pl", "my $x = qx{\n  tool -v\n};", true),
        ("/app/a.pl", "open my $out, '-|', qw(tool -x);", true),
        ("/app/a.pl", "open(my $out, 'tool -x |');", true),
        ("/app/a.pl", "open(my $out, q(| tool -x));", true),
        ("/app/a.pl", "system qw(tool -x);", true),
        ("/app/a.pl", "my %x = (a => [qw(tool -x)]); system(@{$x{a}});", true),
        ("/app/a.pl", "my $x = q(tool); system($x);", true),
        ("/app/a.pl", "my $x = <<`E`;\ntool -x\nE", true),
        ("/app/a.rb", "x = <<~`E`\n  tool -x\nE", true),
        ("/app/a.rb", "system <<~E\n  tool -x\nE", true),
        ("/app/a.rb", "x = `tool; true`", true),
        ("/app/a.pl", "use Own qw(tool); system('true');", false),
        ("/app/vendor_perl/A.pm", "system qw(tool -x);", true),
        ("/app/vendor_perl/A.pm", "open my $out, '-|', qw(tool -x);", true),
        ("/app/vendor_perl/A.pm", "our @EXPORT = qw(tool); system('true');", false),
        ("/app/vendor_perl/A.pm", "my $x = <<E; system('true');\ntool -x\nE", false),
    ] {
        assert_eq!(keeps_tool(path, text), expected, "{path} {text}");
    }
}

#[test]
fn names_that_are_put_together_are_in_use() {
    for (path, text, expected) in [
        ("/app/a.py", "import subprocess\nx = '%s --version' % 'tool'", true),
        ("/app/a.py", "import subprocess\nx = '/usr/bin/' + 'tool'", true),
        ("/app/a.py", "import subprocess\nx = pathlib.Path('/usr/bin') / 'tool'", true),
        ("/app/a.php", "<?php shell_exec($dir . 'tool');", true),
        ("/app/a.py", "x = '/usr/bin/' + 'tool'", true),
        ("/app/a.py", "import subprocess\nx = 'a' + 'tool for all'", false),
        ("/app/site-packages/a.py", "import subprocess\nx = '/usr/bin/' + 'tool'", false),
    ] {
        assert_eq!(keeps_tool(path, text), expected, "{path} {text}");
    }
}

#[test]
fn programs_that_sources_look_for_are_in_use() {
    let library = "/app/node_modules/x/index.js";
    for (path, text, expected) in [
        ("/app/site-packages/a.py", "import shutil\nif shutil.which('tool'): pass", true),
        ("/app/gems/a.rb", "Own::Tools.which(\"tool\")", true),
        (library, "const found = commandExists.sync('tool')", true),
        (library, "const found = other.sync('tool')", false),
        ("/app/site-packages/a.py", "which(name, 'tool')", false),
        ("/app/site-packages/a.py", "x = 'tool'", false),
        ("/app/a.py", "import shutil\nif shutil.which('tool'): pass", true),
    ] {
        let lines = match path == library {
            true => format!("const x = require('x')\n{library} = {text}"),
            false => text.replace('\n', "\\n"),
        };
        let path = if path == library { "/app/a.js" } else { path };
        assert_eq!(keeps(path, &lines, "tool"), expected, "{path} {text}");
        let other = lines.replace("tool", "sort");
        assert!(!keeps(path, &other, "sort"), "{path} {other}");
    }
}

#[test]
fn settings_name_commands_by_their_keys() {
    for (path, lines, expected) in [
        ("/app/a.json", r#"{"prog":"tool","args":["-x"]}"#, true),
        ("/app/a.json", r#"{"a":{"x":1},"cmd":["tool","--version"]}"#, true),
        ("/app/a.json", r#"{"tools":{"image":["tool"]}}"#, true),
        ("/app/a.json", r#"{\n  "cmd": [\n    "tool",\n    "-v"\n  ]\n}"#, true),
        ("/app/a.json", r#"// c\n{"x": 1, "hook": "exec:tool -x"}\n{"y": 2}"#, true),
        ("/app/a.json", r#"{"name":"tool"}"#, false),
        ("/app/a.yaml", "pager: tool -R", true),
        ("/app/a.toml", "image_tool = \"tool\"", true),
        ("/app/a.yaml", "tooltip: tool for all", false),
        ("/app/a.yaml", "converter: tool", true),
        ("/app/a.yaml", "type: tool", false),
        ("/app/a.yaml", "image:\\n  command:\\n  - tool\\n  - -x", true),
        ("/app/a.yaml", "run: |\\n  set -e\\n  tool -x", true),
        ("/app/a.yaml", "note: |\\n  a list\\n  of tool", false),
        ("/app/a.json", r#"{"converter": "tool"}"#, true),
        ("/app/a.json", r#"{"repository": {"type": "tool"}}"#, false),
        ("/app/a.json", r#"{"scripts": {"migrate": "tool -x"}}"#, true),
        ("/app/.env", "CONVERTER=tool", true),
        ("/app/Taskfile.yml", "tasks:\\n  build:\\n    cmds:\\n    - tool -x", true),
        ("/root/.gitconfig", "[alias]\\n\\tpretty = !tool -x", true),
        ("/srv/x.git/config", "[core]\\n\\tbare = true\\n[diff \"json\"]\\n\\ttextconv = tool -S", true),
        ("/root/.gitconfig", "[alias]\\n\\tpretty = \"!tool x\"", true),
        ("/etc/gitconfig", "[filter \"own\"]\\n\\tclean = tool -x %f", true),
        ("/app/a.json", r#"{"description": "tool -x"}"#, false),
        ("/app/a.json", r#"{"d": "tool -C {}"}"#, true),
        ("/app/a.json", r#"{"e": ["look a", "tool -s x"]}"#, true),
        ("/app/a.yaml", "steps:\\n- when: b\\n  then: |\\n    sort x | tool\\n", true),
        ("/app/config.json", r#"{"steps": ["sort x", "tool x"]}"#, true),
        ("/app/a.cfg", "doc: tool x", true),
        ("/app/a.cfg", "doc: tool for all", false),
        ("/app/jobs.yaml", "steps:\\n- run: sh ./report.sh", true),
        ("/app/handlers.tsv", "zip\ttool -p %f", true),
        ("/app/names.csv", "a,tool,b", false),
        ("/app/.hg/hgrc", "[hooks]\\nincoming = sort x | tool", true),
        ("/app/a.json", r#"{"note": "tool for all"}"#, false),
        ("/app/a.toml", "[worker]\\nargv = [\\n  \"tool\",\\n  \"-x\",\\n]", true),
        ("/app/a.xml", "<a>\\n  <command>tool -x</command>\\n</a>", true),
        ("/app/a.xml", "<a>\\n  <title>tool -x</title>\\n</a>", false),
        ("/app/a.json", r#"{"keywords": ["tool"]}"#, false),
        ("/app/a.ini", "[tools]\\nghost = tool", true),
        ("/app/a.ini", "startCommand = tool -x", true),
        ("/etc/snmp/a.conf", "extend-sh pipe \"sort -t: /etc/passwd | tool\"", true),
        ("/etc/zabbix/a.conf", "UserParameter=own.count[*],tool $1", true),
        ("/etc/aliases", "up: \"|/usr/bin/tool -x\"", true),
        ("/home/a/.procmailrc", ":0\\n| tool -x", true),
        ("/home/a/.bashrc", "alias x='| tool -x'", false),
        ("/app/play.yml", "content: \"{{ lookup('pipe', 'sort x | tool') }}\"", true),
        ("/app/Procfile", "web: tool --port $PORT", true),
        ("/app/Procfile", "web: FOO=1 tool --port $PORT", true),
        ("/app/other", "web: tool --port $PORT", false),
    ] {
        assert_eq!(keeps(path, lines, "tool"), expected, "{path} {lines}");
    }
    // A program that every image has is mostly a common word.
    assert!(!keeps("/app/a.yaml", "tools: sort", "sort"));
    assert!(!keeps("/app/a.json", r#"{"run": {"by": "sort"}}"#, "sort"));
    assert!(keeps("/app/a.yaml", "run: sort", "sort"));
}

#[test]
fn programs_of_awk_start_others() {
    for (path, text, expected) in [
        ("/app/a.awk", "{ print | \"tool -c\" }", true),
        ("/app/a.awk", "{ c = \"tool -- \" $1; c | getline }", true),
        ("/app/a.awk", "{ system(\"sort; tool -c\") }", true),
        ("/app/a.awk", "{ print \"tool -c\" }", false),
        ("/app/a.txt", "{ print | \"tool -c\" }", false),
    ] {
        assert_eq!(keeps_tool(path, text), expected, "{path} {text}");
    }
    assert!(keeps_tool("/usr/bin/own 755", "#!/usr/bin/awk -f\n\"tool -u\" | getline x"));
}

#[test]
fn a_program_of_a_package_names_what_it_may_start() {
    let starts = "use strict;\\nour $bin = \"tool\";\\nopen my $fd, \"-|\", $bin;";
    for (text, expected) in [
        (format!("#!/usr/bin/perl\\n{starts}"), "tool"),
        // A word that every image has as a program means something else mostly, and without a first line nobody runs it.
        (format!("#!/usr/bin/perl\\n{}", starts.replace("tool", "sort")), ""),
        (starts.to_owned(), ""),
        (format!("#!/usr/bin/perl\\n{}", starts.replace("= \"tool\"", "= ( \"x\", \"tool\" )")), ""),
        (
            format!("#!/usr/bin/perl\\n{}", starts.replace("our $bin = \"tool\"", "%o = ('c' => ['tool', '-n'])")),
            "tool",
        ),
    ] {
        let packages: [(&str, &[&str]); 3] =
            [("app", &["/usr/bin/app"]), ("tool", &["/usr/bin/tool"]), ("coreutils", &["/usr/bin/sort"])];
        let lines =
            format!("/usr/bin/perl = x\n/usr/bin/tool 755 = x\n/usr/bin/sort 755 = x\n/usr/bin/app 755 = {text}");
        let mut image = Image::new(&lines, &packages);
        image.packages[2].essential = true;
        let kept = image.kept().0.join(" ");
        assert_eq!(kept.trim_start_matches("app").trim(), expected, "{text}");
    }
}

#[test]
fn a_source_of_a_package_names_the_folder_of_its_settings() {
    let [module, settings] = ["/usr/lib/python3/dist-packages/own/__init__.py", "/etc/own/action.d/ban.conf"];
    for (text, expected) in
        [("CONF = '/etc/own'", "own tool"), ("CONF = '/etc/other'", "own"), ("CONF = '/etc'", "own")]
    {
        let packages: [(&str, &[&str]); 2] = [("own", &[module, settings]), ("tool", &["/usr/bin/tool"])];
        let lines = format!(
            "/usr/bin/python3 = x\n/usr/bin/tool 755 = x\n/app/main.py = import own\n{module} = {text}\n{settings} = ban = tool -x"
        );
        let image = Image::new(&lines, &packages).elf("/usr/bin/app", &program());
        assert_eq!(image.kept().0.join(" "), expected, "{text}");
    }
}
