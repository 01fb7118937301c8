//! Distributions, installers, and the parts of the standard library.

use crate::image::Image;
use slim::packages::Package;
use slim::path::ImagePath;
use slim::policy::{Profile, decide};
use slim::tree::MemoryContents;
use std::collections::BTreeSet;
use testdata::elf::{library as library_of, plugin, program};

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
    let cases: [(&str, &[&str]); 19] = [
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
        (
            "HOME/pkg_resources/more.py = if self.key == 'setuptools': pass\n/app/main.py = import pkg_resources",
            &RESOURCES,
        ),
        // Since setuptools 71 pkg_resources takes what it brings along from beside it.
        (
            "HOME/pkg_resources/more.py = vendor = os.path.join(here, 'setuptools', '_vendor')\n/app/main.py = import pkg_resources",
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
            Image::new(&format!("{ENVIRONMENT}{}", line.replace("HOME", home).replace("OWN", own)), &[]).reach();
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
fn objects_of_pythons_library_go_with_their_libraries_unless_somebody_asks() {
    let object = |name: &str| format!("/usr/lib/python3.11/lib-dynload/{name}.cpython-311-x86_64-linux-gnu.so");
    let library = |name: &str| format!("/usr/lib/x86_64-linux-gnu/{name}.so.1");
    let pairs = [
        ("_dbm", "libdb"),
        ("nis", "libnsl"),
        ("_curses", "libncursesw"),
        ("readline", "libreadline"),
        ("_bz2", "libbz2"),
    ];
    let objects: Vec<String> = pairs.iter().map(|(name, _)| object(name)).collect();
    let modules = ["/usr/bin/python3", "/usr/lib/python3.11/shelve.py", "/usr/lib/python3.11/dbm/ndbm.py"];
    let standard: Vec<&str> = objects.iter().map(String::as_str).chain(modules).collect();
    let libraries: Vec<String> = pairs.iter().map(|(_, name)| library(name)).collect();
    let single: Vec<[&str; 1]> = libraries.iter().map(|path| [path.as_str()]).collect();
    let mut packages: Vec<(&str, &[&str])> = vec![("python", &standard)];
    packages.extend(pairs.iter().zip(&single).map(|((_, name), path)| (*name, &path[..])));
    let image = |lines: &str| {
        let lines = format!(
            "/usr/lib/python3.11/shelve.py = import dbm\n/usr/lib/python3.11/dbm/ndbm.py = from _dbm import *\n{lines}"
        );
        pairs.iter().fold(Image::new(&lines, &packages).elf("/usr/bin/python3", &program()), |image, (name, needed)| {
            let needed_name = format!("{needed}.so.1");
            image.elf(&object(name), &plugin().needs(&needed_name)).elf(&library(needed), &library_of(&needed_name))
        })
    };
    for (line, more) in [
        ("import os", ""),
        ("import shelve", "libdb"),
        ("    from nis import match", "libnsl"),
        ("m = import_module('curses.panel')", "libncursesw"),
        ("import rlcompleter", "libreadline"),
        // Who computes names may have them from a list.
        ("BACKENDS = ['dbm', 'nis']; m = __import__(choice)", "libdb libnsl"),
    ] {
        let image = image(&format!("/usr/bin/app 755 = #!/usr/bin/python3\\n{line}"));
        let expected: BTreeSet<&str> = ["python", "libbz2"].into_iter().chain(more.split_whitespace()).collect();
        let (kept, unknowns) = image.kept();
        assert_eq!(kept.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{line}");
        assert!(unknowns.iter().any(|unknown| unknown.contains("curses")), "{unknowns:?}");
    }
    // A text on the command line is a module's, too, and a program with Python inside may be told any module.
    let mut told = image("/usr/bin/app = x");
    told.launch.entrypoint = ["/usr/bin/python3", "-c", "import dbm"].map(str::to_owned).to_vec();
    assert!(told.kept().0.contains(&"libdb".to_owned()) && !told.kept().0.contains(&"libreadline".to_owned()));
    told.launch.entrypoint.truncate(1);
    assert!(told.kept().0.contains(&"libreadline".to_owned()), "somebody may sit at a terminal");
    let embedded = image("/x = x").elf("/usr/bin/app", &program().needs("libpython3.11.so.1.0"));
    let embedded = embedded.elf("/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0", &library_of("libpython3.11.so.1.0"));
    assert_eq!(embedded.kept().0.len(), packages.len());
}

#[test]
fn distributions_that_are_named_for_a_computed_import_stay() {
    let below = "/usr/lib/python3/dist-packages";
    let lines = |text: &str| {
        format!(
            "/usr/bin/app = x\n/usr/bin/python3 = x\n{below}/rest/__init__.py = x\n{below}/gevent/__init__.py = x\n{below}/other/__init__.py = x\n/app/main.py = {text}"
        )
    };
    let files = ["rest", "gevent", "other"].map(|name| [format!("{below}/{name}/__init__.py")]);
    let files: Vec<[&str; 1]> = files.iter().map(|[path]| [path.as_str()]).collect();
    let packages: [(&str, &[&str]); 3] = [("rest", &files[0]), ("gevent", &files[1]), ("other", &files[2])];
    let image = |text: &str| Image::new(&lines(text), &packages);
    let (kept, unknowns) = image("APPS = ['rest.views', \"the other one\"]; import_module(name)").kept();
    assert_eq!(kept, ["rest"]);
    assert!(unknowns.iter().any(|unknown| unknown.contains("names that are computed")), "{unknowns:?}");
    assert_eq!(image("import os").kept(), (vec![], vec![]));
    let mut told = image("import os");
    told.launch.command = ["--worker-class=gevent", "other:app"].map(str::to_owned).to_vec();
    assert_eq!(told.kept().0, ["gevent", "other"]);
}

#[test]
fn distributions_that_a_start_script_asks_for_by_name_stay() {
    let below = "/usr/lib/python3/dist-packages";
    let lines = format!(
        "/usr/bin/app 755 = #!/usr/bin/python3\\nsys.exit(load_entry_point('Super.Visor==4.2.5', 'console_scripts', 'app')())\n/usr/bin/python3 = x\n\
         {below}/sv/__init__.py = x\n{below}/Super_Visor-4.2.5.egg-info/top_level.txt = sv\n{below}/other/__init__.py = x"
    );
    let own = ["sv/__init__.py", "Super_Visor-4.2.5.egg-info/top_level.txt"].map(|file| format!("{below}/{file}"));
    let own = own.each_ref().map(String::as_str);
    let other = format!("{below}/other/__init__.py");
    let image = Image::new(&lines, &[("supervisor", &own), ("other", &[&other])]);
    let (inventory, reached) = image.reach();
    let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
    assert!(own.iter().all(|path| !gone.contains_key(&ImagePath::literal(path))), "{gone:?}");
    assert!(gone.contains_key(&ImagePath::literal(&other)), "{gone:?}");
}

#[test]
fn programs_that_a_library_starts_for_others_only_are_not_kept() {
    for (module, file, program, expected) in [
        ("click", "click/shell_completion.py", "bash", ""),
        ("click", "click/core.py", "bash", "bash"),
        ("numpy", "numpy/distutils/system_info.py", "gcc", ""),
        ("numpy", "numpy/core.py", "gcc", "gcc"),
        ("sympy", "sympy/utilities/_compilation/runners.py", "gcc", ""),
        ("own", "own/parts/tests/test_run.py", "gcc", ""),
        ("own", "own/parts/run.py", "gcc", "gcc"),
    ] {
        let owned = format!("/usr/bin/{program}");
        let lines = format!(
            "/usr/bin/app 755 = #!/usr/bin/python3\\nimport {module}\n/usr/bin/python3 = x\n{owned} 755 = x\n\
             /app/venv/lib/python3.11/site-packages/{file} = subprocess.run(['{program}', '-c', 'echo'])"
        );
        assert_eq!(Image::new(&lines, &[(program, &[owned.as_str()])]).kept().0.join(" "), expected, "{file}");
    }
}

#[test]
fn libraries_that_python_opens_by_name_are_in_use() {
    let packages: [(&str, &[&str]); 3] = [
        ("magic", &["/usr/lib/libmagic.so.1", "/usr/lib/libmagic.so.1.0"]),
        ("more", &["/usr/lib/libmagicmore.so.1"]),
        ("ldconfig", &["/sbin/ldconfig"]),
    ];
    let with = |path: &str, line: &str| {
        let tree = format!(
            "{path} 755 = #!/usr/bin/python3\\n{line}\\n\n/usr/bin/python3 = x\n/sbin/ldconfig = x\n\
             /usr/lib/libmagic.so.1 -> libmagic.so.1.0\n/usr/lib/libmagic.so.1.0 = x\n/usr/lib/libmagicmore.so.1 = x"
        );
        let mut image = Image::new(&tree, &packages);
        image.launch.entrypoint = vec![path.into()];
        image.kept()
    };
    let app = |line: &str| with("/usr/bin/app", line);
    assert_eq!(app("lib = ctypes.CDLL('libmagic.so.1', mode=1)"), (vec!["magic".to_owned()], vec![]));
    assert_eq!(app("ffi.dlopen(\"libmagicmore.so.1\")").0, ["more"]);
    assert_eq!(app("name = util.find_library('magic')"), (vec!["ldconfig".to_owned(), "magic".to_owned()], vec![]));
    let (kept, unknowns) = app("name = find_library(name)");
    assert!(
        kept == ["ldconfig"] && unknowns[0].contains("line 2: the name of a library that is looked up is computed")
    );
    for line in ["# CDLL('libmagic.so.1')", "name = 'libmagic.so.1'", "def find_library(name):"] {
        assert_eq!(app(line), (vec![], vec![]), "{line}");
    }
    assert_eq!(with("/usr/lib/python3.11/ctypes/util.py", "print(find_library('magic'))").0, Vec::<String>::new());
}

#[test]
fn the_interpreter_alone_does_not_lead_to_its_library_for_other_programs() {
    let built = "/usr/lib/python3.11/config-3.11-x86_64-linux-gnu/libpython3.11.so";
    let shared = "/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0";
    let module = "/usr/lib/python3/dist-packages/a.py";
    let lines = format!("/usr/lib/python3.11/os.py = x\n{built} -> {shared}\n{module} = x\n/usr/bin/app -> python3");
    let packages: [(&str, &[&str]); 3] =
        [("python3", &["/usr/bin/python3", "/usr/lib/python3.11/os.py"]), ("dev", &[built, shared]), ("a", &[module])];
    let image = Image::new(&lines, &packages)
        .elf("/usr/bin/python3", &program())
        .elf(shared, &library_of("libpython3.11.so.1.0"));
    assert_eq!(image.kept().0, ["python3"]);
}

#[test]
fn extensions_import_distributions_by_their_names() {
    let home = "/usr/lib/python3/dist-packages";
    let own = format!("{home}/own/_own.abi3.so");
    let back_end = format!("{home}/_back_end.cpython-311.so");
    for (symbol, text, expected) in [
        ("PyImport_ImportModule", "_back_end", "back-end own"),
        ("PyImport_ImportModule", "_back_ends", "own"),
        ("PyModule_New", "_back_end", "own"),
    ] {
        let lines = format!(
            "/usr/bin/app 755 = #!/usr/bin/python3\\nimport own\n/usr/bin/python3 = x\n{home}/own/__init__.py = from own import _own"
        );
        let object = plugin().imports(symbol, None, false).text(format!("\0{text}\0").as_bytes());
        let start = format!("{home}/own/__init__.py");
        let packages: [(&str, &[&str]); 2] = [("own", &[&own, &start]), ("back-end", &[&back_end])];
        let image = Image::new(&lines, &packages).elf(&own, &object).elf(&back_end, &plugin());
        assert_eq!(image.kept().0.join(" "), expected, "{symbol} {text}");
    }
}

#[test]
fn a_link_of_a_distribution_leads_to_a_folder_of_another_package() {
    let home = "/usr/lib/python3/dist-packages/babel";
    let data = ["/usr/share/locale-data/a.dat", "/usr/share/locale-data/b.dat"];
    let lines = format!(
        "/usr/bin/app 755 = #!/usr/bin/python3\\nimport babel\n/usr/bin/python3 = x\n{home}/__init__.py = x\n\
         {home}/locale-data -> ../../../../share/locale-data\n{} = x\n{} = x",
        data[0], data[1]
    );
    let own = [format!("{home}/__init__.py"), format!("{home}/locale-data")];
    let image = Image::new(&lines, &[("babel", &[&own[0], &own[1]]), ("data", &data)]);
    let (inventory, reached) = image.reach();
    let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
    assert_eq!(gone.into_keys().map(|path| path.to_text()).collect::<Vec<_>>(), [""; 0]);
}
