//! Uses that no header and no configuration names, tried on small images.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests build their own trees")]

use slim::launch::Launch;
use slim::packages::{Inventory, Package};
use slim::path::ImagePath;
use slim::policy::{Profile, decide};
use slim::reach::{Reach, Wishes, reach};
use slim::tree::{MemoryContents, Node, Tree, text};
use testdata::elf::{Elf, plugin, program};

/// An image of packages: the lines of a tree, and for each package the files that it owns.
struct Image {
    tree: Tree,
    packages: Vec<Package>,
    launch: Launch,
}

impl Image {
    fn new(lines: &str, packages: &[(&str, &[&str])]) -> Self {
        let package = |(name, files): &(&str, &[&str])| Package {
            name: (*name).into(),
            architecture: "all".into(),
            files: files.iter().map(|path| ImagePath::literal(path)).collect(),
            ..Package::default()
        };
        let launch = Launch { entrypoint: vec!["/usr/bin/app".into()], ..Launch::default() };
        Self { tree: text::tree(lines).unwrap(), packages: packages.iter().map(package).collect(), launch }
    }

    fn elf(mut self, path: &str, elf: &Elf) -> Self {
        let (path, node) = (ImagePath::literal(path), Node { mode: 0o755, ..Node::file(elf.bytes()) });
        for parent in path.ancestors() {
            if !self.tree.contains(&parent) {
                self.tree.insert(parent, Node::directory());
            }
        }
        self.tree.insert(path, node);
        self
    }

    fn reach(&self) -> (Inventory, Reach) {
        let inventory = Inventory::new(self.packages.clone(), &self.tree);
        let recipes = recipes::Recipes::embedded().unwrap();
        let reached =
            reach(&self.tree, &MemoryContents, &inventory, &self.launch, &recipes, &Wishes::default()).unwrap();
        (inventory, reached)
    }

    /// The packages that stay, and every unknown.
    fn kept(&self) -> (Vec<String>, Vec<String>) {
        let (inventory, reached) = self.reach();
        let plan = decide(&self.tree, &inventory, &reached, Profile::Packages);
        let kept = plan.kept().map(|step| step.package.trim_end_matches(":all").to_owned()).collect();
        let unknowns = reached.graph.unknowns().iter().chain(&plan.doubts).map(ToString::to_string).collect();
        (kept, unknowns)
    }
}

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
    ] {
        let image = Image::new(&format!("{ZONES}{line}"), &[TZDATA]);
        assert_eq!(image.kept().0.len(), expected, "{line}");
    }
    let mut image = Image::new(ZONES, &[TZDATA]).elf("/usr/bin/app", &program());
    image.launch.env.push(("PGTZ".into(), "Asia/Tokyo".into()));
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
fn a_broken_link_that_something_uses_is_in_use() {
    let image = Image::new(
        "/usr/bin/app 755 = #!/usr/bin/sh\\ntool --now\n/usr/bin/sh = x\n/usr/bin/tool -> /etc/alternatives/tool\n/usr/bin/idle -> /nowhere",
        &[("app", &["/usr/bin/app", "/usr/bin/sh", "/usr/bin/tool", "/usr/bin/idle"])],
    );
    let (_, reached) = image.reach();
    assert!(reached.graph.reaches(&ImagePath::literal("/usr/bin/tool")));
    assert!(!reached.graph.reaches(&ImagePath::literal("/usr/bin/idle")));
}

/// A virtual environment as `python3 -m venv` of Python 3.12 with setuptools makes it, and one distribution of the application's own.
const ENVIRONMENT: &str = "/usr/bin/app = x\n/bin/sh = x\n/usr/bin/python3 = x\n\
    /v/lib/python3.12/site-packages/own/__init__.py = x\n/v/lib/python3.12/site-packages/own-1.dist-info/METADATA = Name: own\\n\n\
    /v/lib/python3.12/site-packages/pip/__main__.py = x\n/v/lib/python3.12/site-packages/pip/__init__.py = x\n\
    /v/lib/python3.12/site-packages/pip-24.dist-info/RECORD = pip/__init__.py,,\\n../../../bin/pip,,\\n\n/v/bin/pip = #!/v/bin/python3\n\
    /v/lib/python3.12/site-packages/setuptools/__init__.py = x\n/v/lib/python3.12/site-packages/setuptools/_vendor/x.py = x\n\
    /v/lib/python3.12/site-packages/_distutils_hack/__init__.py = x\n/v/lib/python3.12/site-packages/pkg_resources/__init__.py = x\n\
    /v/lib/python3.12/site-packages/distutils-precedence.pth = x\n\
    /v/lib/python3.12/site-packages/setuptools-75.dist-info/top_level.txt = _distutils_hack\\npkg_resources\\nsetuptools\\n\n\
    /v/lib/python3.12/site-packages/setuptools-75.dist-info/RECORD = distutils-precedence.pth,,\\nsetuptools/__init__.py,,\\n\n\
    /v/lib/python3.12/site-packages/wheel/__init__.py = x\n/v/lib/python3.12/site-packages/wheel-1.dist-info/METADATA = Name: wheel\\n\n";

#[test]
fn installers_of_an_environment_stay_when_something_asks_for_them() {
    const RESOURCES: [&str; 2] = ["pkg_resources/__init__.py", "setuptools-75.dist-info/RECORD"];
    const SETUPTOOLS: [&str; 5] = [
        "_distutils_hack/__init__.py",
        "distutils-precedence.pth",
        "pkg_resources/__init__.py",
        "setuptools/_vendor/x.py",
        "setuptools-75.dist-info/RECORD",
    ];
    const PIP: [&str; 3] = ["pip/__main__.py", "pip-24.dist-info/RECORD", "../../../bin/pip"];
    const WHEEL: [&str; 2] = ["wheel/__init__.py", "wheel-1.dist-info/METADATA"];
    let home = "/v/lib/python3.12/site-packages";
    let own = "/v/lib/python3.12/site-packages/own";
    let cases: [(&str, &[&str]); 18] = [
        ("/app/main.py = x = 1", &[]),
        ("/app/main.py = # import pip", &[]),
        ("/app/main.py = def lazy():\\n    import pkg_resources", &RESOURCES),
        ("/app/main.py = from setuptools.archive_util import unpack_archive", &SETUPTOOLS),
        ("/app/main.py = import distutils.util", &SETUPTOOLS),
        ("/app/main.py = __import__('pkg_resources').declare_namespace(__name__)", &RESOURCES),
        ("/app/main.py = name = 'pkg_resources'\\nimportlib.import_module(name)", &RESOURCES),
        ("/app/main.py = importlib.metadata.version(\"wheel\")", &WHEEL),
        ("/app/main.py = subprocess.run([sys.executable, '-m', 'pip', 'list'])", &PIP),
        ("/app/main.py = run([sys.executable, \"-m\",\\n    \"wheel\", \"pack\"])", &WHEEL),
        ("/app/main.py = os.system('pip install x')", &PIP),
        ("/app/main.py = subprocess.run('/v/bin/pip freeze')", &PIP),
        ("/app/run 755 = #!/bin/sh\\nexec python3 -u -m pip install x", &PIP),
        ("/app/run 755 = #!/bin/sh\\n/v/bin/pip install x", &PIP),
        ("/app/run 755 = #!/bin/sh\\npython3 -Ic 'import wheel'", &WHEEL),
        // Since setuptools 71 pkg_resources takes what it brings along from beside it.
        (
            "OWN/../pkg_resources/more.py = vendor = os.path.join(here, 'setuptools', '_vendor')\n/app/main.py = import pkg_resources",
            &SETUPTOOLS,
        ),
        ("OWN-1.dist-info/requires.txt = setuptools>=3", &SETUPTOOLS),
        (
            "OWN-2.dist-info/METADATA = Requires-Dist: Setuptools; python_version > '3'\\nRequires-Dist: wheel; extra == 'a'",
            &SETUPTOOLS,
        ),
    ];
    for (line, expected) in cases {
        let (_, reached) =
            Image::new(&format!("{ENVIRONMENT}{}", line.replace("OWN/..", home).replace("OWN", own)), &[]).reach();
        let stays = |name: &&&str| {
            let path =
                name.strip_prefix("../../..").map_or_else(|| format!("{home}/{name}"), |rest| format!("/v{rest}"));
            reached.graph.reaches(&ImagePath::new(&path).unwrap())
        };
        let all = SETUPTOOLS.iter().chain(&PIP).chain(&WHEEL);
        let found: Vec<&str> = all.filter(stays).copied().collect();
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn distributions_stay_by_what_they_need_offer_and_tell_at_start() {
    let below = "/usr/lib/python3/dist-packages";
    let lines = format!(
        "/usr/bin/app 755 = #!/usr/bin/python3\\nimport a\\nfor found in entry_points(group='app.plugins'): pass\n/usr/bin/python3 = x\n\
         {below}/a/__init__.py = x\n{below}/a-1.dist-info/METADATA = Requires-Dist: B.b\\n\n{below}/a-nspkg.pth = x\n\
         {below}/b/__init__.py = x\n{below}/b_b-1.dist-info/top_level.txt = b\n\
         {below}/c/__init__.py = x\n{below}/c-1.egg-info/top_level.txt = c\n{below}/c-1.egg-info/entry_points.txt = [app.plugins]\\nc = c:d\n\
         {below}/d/__init__.py = x\n{below}/d-1.egg-info/entry_points.txt = [other]\\nd = d:d"
    );
    let files = |name: &str, more: &[&str]| -> Vec<String> {
        let own = [format!("{below}/{name}/__init__.py")];
        own.into_iter().chain(more.iter().map(|file| format!("{below}/{file}"))).collect()
    };
    let packages = [
        ("a", files("a", &["a-1.dist-info/METADATA", "a-nspkg.pth"])),
        ("b", files("b", &["b_b-1.dist-info/top_level.txt"])),
        ("c", files("c", &["c-1.egg-info/top_level.txt", "c-1.egg-info/entry_points.txt"])),
        ("d", files("d", &["d-1.egg-info/entry_points.txt"])),
    ];
    let mut image = Image::new(&lines, &[]);
    let package = |(name, files): &(&str, Vec<String>)| Package {
        name: (*name).into(),
        architecture: "all".into(),
        files: files.iter().map(|path| ImagePath::literal(path)).collect(),
        ..Package::default()
    };
    image.packages = packages.iter().map(package).collect();
    assert_eq!(image.kept().0, ["a", "b", "c"]);
    let (inventory, reached) = image.reach();
    let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
    assert!(gone.keys().all(|path| path.to_text().starts_with(&format!("{below}/d"))), "{gone:?}");
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
fn an_emptied_folder_of_modules_goes_because_python_would_import_it() {
    let image = Image::new(&format!("{ENVIRONMENT}/app/main.py = x = 1"), &[]);
    let (inventory, reached) = image.reach();
    let plan = decide(&image.tree, &inventory, &reached, Profile::Packages);
    let mut draft = slim::draft::Draft::new(image.tree.clone(), &MemoryContents);
    slim::prune::prune(&mut draft, &plan.removal).unwrap();
    let left =
        |name: &str| draft.tree().contains(&ImagePath::literal(&format!("/v/lib/python3.12/site-packages/{name}")));
    assert!(left("own") && left("own-1.dist-info"));
    for name in ["pip", "setuptools", "setuptools-75.dist-info", "pkg_resources", "_distutils_hack", "wheel"] {
        assert!(!left(name), "{name}");
    }
}

#[test]
fn parts_of_pythons_library_stay_when_a_program_imports_them() {
    let library = "/usr/bin/python3 = x\n/usr/lib/python3.11/os.py = x\n/usr/lib/python3.11/multiprocessing/util.py =     from test import support\n\
        /usr/lib/python3.11/pydoc.py = import pydoc_data.topics\n/usr/lib/python3.11/pydoc_data/topics.py = x\n/usr/lib/python3.11/test/support.py = x\n\
        /usr/lib/python3.11/_distutils_system_mod.py = import distutils.sysconfig\n/usr/lib/python3.11/distutils/sysconfig.py = x\n";
    let own = [
        "os",
        "multiprocessing/util",
        "pydoc",
        "pydoc_data/topics",
        "test/support",
        "_distutils_system_mod",
        "distutils/sysconfig",
    ];
    let files: Vec<String> = own.iter().map(|name| format!("/usr/lib/python3.11/{name}.py")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).chain(["/usr/bin/python3"]).collect();
    let cases = [
        ("os", "_distutils_system_mod distutils/sysconfig pydoc_data/topics test/support"),
        ("pydoc", "_distutils_system_mod distutils/sysconfig test/support"),
        ("distutils.sysconfig", "_distutils_system_mod pydoc_data/topics test/support"),
        ("_distutils_system_mod", "pydoc_data/topics test/support"),
        ("test.support", "_distutils_system_mod distutils/sysconfig pydoc_data/topics"),
    ];
    for (module, expected) in cases {
        let lines = format!("{library}/usr/bin/app 755 = #!/usr/bin/python3\\nimport {module}");
        let image = Image::new(&lines, &[("python", &files)]);
        let (inventory, reached) = image.reach();
        let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
        let names: Vec<String> =
            gone.keys().map(|path| path.to_text().replace("/usr/lib/python3.11/", "").replace(".py", "")).collect();
        assert_eq!(names.join(" "), expected, "{module}");
    }
}

#[test]
fn names_of_modules_that_node_has_inside_lead_to_no_package() {
    let lines = |text: &str| {
        format!(
            "/usr/bin/app 755 = #!/usr/bin/node\\n{text}\n/usr/bin/node = x\n/usr/share/nodejs/util/index.js = x\n/usr/share/nodejs/qs/index.js = x"
        )
    };
    let packages: [(&str, &[&str]); 2] =
        [("util", &["/usr/share/nodejs/util/index.js"]), ("qs", &["/usr/share/nodejs/qs/index.js"])];
    for (text, expected) in [
        ("require('util'); require('qs')", &["qs"][..]),
        ("import { inspect } from 'node:util'", &[]),
        ("require('util/')", &["util"]),
    ] {
        assert_eq!(Image::new(&lines(text), &packages).kept().0, expected, "{text}");
    }
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
