//! What language runtimes load by name: modules, distributions, classes.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests build their own trees")]

mod image;

use image::Image;
use slim::packages::Package;
use slim::path::ImagePath;
use slim::policy::{Profile, decide};
use slim::tree::{MemoryContents, Node};
use std::collections::BTreeSet;
use testdata::elf::{library as library_of, plugin, program};
use testdata::zip;

const JVM: &str = "/usr/lib/jvm/java-17/lib";

/// A Java runtime with its desktop's library, and a library of the system that it opens.
fn java(lines: &str) -> Image {
    let own: Vec<String> =
        ["libawt.so", "ct.sym", "server/classes.jsa", "libnet.so"].iter().map(|name| format!("{JVM}/{name}")).collect();
    let mut owned: Vec<&str> = own.iter().map(String::as_str).collect();
    owned.extend(["/usr/lib/jvm/java-17/bin/java", "/etc/java-17-openjdk/sound.properties"]);
    let lines = format!(
        "{lines}\n{JVM}/ct.sym = x\n{JVM}/server/classes.jsa = x\n/etc/java-17-openjdk/sound.properties = javax.sound.x=1\n\
         /usr/bin/app -> /usr/lib/jvm/java-17/bin/java"
    );
    let [cups, gio] = ["/usr/lib/x86_64-linux-gnu/libcups.so.2", "/usr/lib/x86_64-linux-gnu/libgio-2.0.so.0"];
    let packages: [(&str, &[&str]); 4] =
        [("jre", &owned), ("cups", &[cups]), ("glib", &[gio]), ("jars", &["/usr/share/java/draws.jar"])];
    Image::new(&lines, &packages)
        .elf("/usr/lib/jvm/java-17/bin/java", &program())
        .elf(&format!("{JVM}/libawt.so"), &plugin().text(b"\0libcups.so.2\0"))
        .elf(&format!("{JVM}/libnet.so"), &plugin().text(b"\0libgio-2.0.so.0\0"))
        .elf(cups, &library_of("libcups.so.2"))
        .elf(gio, &library_of("libgio-2.0.so.0"))
}

#[test]
fn javas_desktop_stays_when_a_class_names_it() {
    let gone = |image: &Image, profile| {
        let (inventory, reached) = image.reach();
        let plan = decide(&image.tree, &inventory, &reached, profile);
        let paths: Vec<_> = plan.removal.paths.keys().map(|path| path.to_text().replace(JVM, "")).collect();
        (paths.join(" "), plan.doubts.len())
    };
    let libraries = "/usr/lib/x86_64-linux-gnu/libcups.so.2 /usr/lib/x86_64-linux-gnu/libgio-2.0.so.0";
    let gio = "/usr/lib/x86_64-linux-gnu/libgio-2.0.so.0";
    for (lines, packages, files) in [
        ("/app/A.class = java/util/List", format!("/libawt.so {libraries}"), "/ct.sym /libawt.so /server/classes.jsa"),
        ("/app/A.class = java/awt/Font", gio.to_owned(), "/ct.sym /server/classes.jsa"),
        // Other languages of the virtual machine write packages and classes apart.
        ("/app/a.clj = (:import (javax.imageio ImageIO))", gio.to_owned(), "/ct.sym /server/classes.jsa"),
        ("/app/a.py = from java.awt import Color", gio.to_owned(), "/ct.sym /server/classes.jsa"),
        (
            "/app/run 755 = #!/usr/bin/sh\\nexec app -Xshare:on --release 8",
            format!("/libawt.so {libraries}"),
            "/libawt.so",
        ),
        (
            "/app/B.class = java.net.useSystemProxies",
            "/libawt.so /usr/lib/x86_64-linux-gnu/libcups.so.2".into(),
            "/ct.sym /libawt.so /server/classes.jsa",
        ),
        // An archive that cannot be looked into may hold anything.
        ("/app/all.jar = PK\u{3}\u{4}", String::new(), ""),
    ] {
        let image = java(lines);
        let (told, doubts) = gone(&image, Profile::Packages);
        assert_eq!((told, doubts > 0), (packages.clone(), packages.contains("libawt")), "{lines}");
        let (told, doubts) = gone(&image, Profile::Files);
        let own: Vec<_> = told.split(' ').filter(|path| !path.starts_with("/usr")).collect();
        assert_eq!((own.join(" "), doubts > 0), (files.to_owned(), !files.is_empty()), "{lines}");
    }
    let mut told = java("");
    told.launch.env.push(("JAVA_TOOL_OPTIONS".into(), "--add-modules java.desktop".into()));
    assert_eq!(gone(&told, Profile::Packages).0, gio);
}

#[test]
fn archives_of_java_are_found_on_class_paths_and_in_manifests() {
    let jar = |name: &str| format!("/usr/share/java/{name}.jar");
    let manifest = zip::archive(&[(
        "META-INF/MANIFEST.MF",
        b"Manifest-Version: 1.0\nClass-Path: named.jar file:/usr/share/java/url.jar\n",
    )]);
    let names = ["first", "second", "named", "url", "agent", "other"];
    let owned: Vec<String> = names.iter().map(|name| jar(name)).collect();
    let files: Vec<[&str; 1]> = owned.iter().map(|path| [path.as_str()]).collect();
    let packages: Vec<(&str, &[&str])> = names.iter().zip(&files).map(|(name, files)| (*name, &files[..])).collect();
    let image = |lines: &str| {
        let mut image = Image::new(&format!("/usr/share/java/\n{lines}"), &packages).elf("/usr/bin/java", &program());
        for path in &owned {
            let bytes = if *path == jar("first") { manifest.clone() } else { zip::archive(&[]) };
            image.tree.insert(ImagePath::literal(path), Node::file(bytes));
        }
        image
    };
    let mut launched = image("/app/");
    launched.launch.entrypoint =
        ["/usr/bin/java", "-cp", "/app:/usr/share/java/first.jar:/usr/share/java/second.jar", "Main"]
            .map(str::to_owned)
            .to_vec();
    assert_eq!(launched.kept().0, ["first", "named", "second", "url"]);
    launched.launch.env.push(("JAVA_TOOL_OPTIONS".into(), "-Xmx1g -javaagent:/usr/share/java/agent.jar=x=1".into()));
    assert_eq!(launched.kept().0, ["agent", "first", "named", "second", "url"]);
    let script = "/usr/bin/app 755 = #!/bin/sh\\nexport CLASSPATH=/usr/share/java/second.jar:/app\\njava -cp /x:/usr/share/java/other.jar Main";
    assert_eq!(image(script).kept().0, ["other", "second"]);
    assert_eq!(
        image("/usr/bin/app 755 = #!/bin/sh\\njava -cp \"/app:/usr/share/java/*\" Main").kept().0.len(),
        names.len()
    );
    // Files of arguments, on a command line, in the environment and in a script.
    let file = "/usr/share/java/options = -cp /app:\"/usr/share/java/second.jar\" # /usr/share/java/other.jar\\n\
        -javaagent:/usr/share/java/agent.jar=x\\n-jar named.jar\n";
    let expected = ["agent", "named", "second"];
    for (entrypoint, variable) in [
        (&["/usr/bin/java", "@/usr/share/java/options"][..], ""),
        (&["/usr/bin/java", "@options"], ""),
        (&["/usr/bin/java", "Main"], "-Xmx1g @options"),
    ] {
        let mut told = image(file);
        told.launch.entrypoint = entrypoint.iter().map(|word| (*word).to_owned()).collect();
        told.launch.env.push(("JDK_JAVA_OPTIONS".into(), variable.into()));
        told.launch.workdir = Some("/usr/share/java".into());
        assert_eq!(told.kept().0, expected, "{entrypoint:?} {variable}");
    }
    let mut run =
        image(&format!("{file}/usr/bin/app 755 = #!/bin/sh\\nJAVA_OPTS=\"-Xmx1g @options\"\\njava $JAVA_OPTS\n"));
    run.launch.workdir = Some("/usr/share/java".into());
    assert_eq!(run.kept().0, expected);
    run.launch.workdir = None;
    assert_eq!(run.kept().0, Vec::<String>::new());
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
    let pairs = [("_dbm", "libdb"), ("nis", "libnsl"), ("_curses", "libncursesw"), ("_bz2", "libbz2")];
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
    assert!(told.kept().0.contains(&"libdb".to_owned()));
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
fn classes_of_an_application_name_files_and_programs() {
    // The table of constants: the name of a class, and a text.
    let class = |name: &str, text: &str| {
        let utf8 = |text: &str| [&[1, 0, u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat();
        [&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0, 4][..], &utf8(name), &utf8(text), &[8, 0, 2]].concat()
    };
    let builder = "java/lang/ProcessBuilder";
    let entry = |bytes: &[u8]| zip::archive(&[("app/Main.class", bytes)]);
    let packages: [(&str, &[&str]); 2] = [("tool", &["/usr/bin/tool"]), ("geo", &["/usr/share/geo/world.dat"])];
    for (path, bytes, expected) in [
        ("/app/Main.class", class(builder, "tool -x | cat"), "tool"),
        ("/app/app.jar", entry(&class(builder, "tool")), "tool"),
        ("/app/Main.class", class("java/lang/String", "tool -x"), ""),
        ("/app/Main.class", class("tool", "x"), ""),
        ("/app/app.jar", entry(&class("a", "/usr/share/geo/world.dat")), "geo"),
    ] {
        let image = Image::new("/usr/bin/app = x\n/usr/bin/tool 755 = x\n/usr/share/geo/world.dat = x", &packages);
        let mut image = image.node(path, Node::file(bytes));
        image.launch.entrypoint = vec!["/usr/bin/app".into()];
        assert_eq!(image.kept().0.join(" "), expected, "{path}");
    }
}

#[test]
fn declarations_of_types_are_for_compilers() {
    let [module, types, compiler] = ["qs/index.js", "qs/index.d.ts", "typescript/lib/typescript.js"]
        .map(|name| format!("/usr/share/nodejs/{name}"));
    let lines = |text: &str| {
        let app = format!("/usr/bin/app 755 = #!/usr/bin/node\\nrequire('qs'){text}\n/usr/bin/node = x");
        format!("{app}\n{module} = x\n{types} = x\n{compiler} = x")
    };
    for (text, expected) in [("", &types[..]), ("; require('typescript')", "")] {
        let image = Image::new(&lines(text), &[("qs", &[&module, &types]), ("typescript", &[&compiler])]);
        let (inventory, reached) = image.reach();
        let gone = |profile| decide(&image.tree, &inventory, &reached, profile).removal.paths;
        let own = gone(Profile::Files).into_keys().filter(|path| path.to_text().contains("/qs/"));
        assert_eq!(own.map(|path| path.to_text()).collect::<String>(), expected, "{text}");
        assert!(!gone(Profile::Packages).contains_key(&ImagePath::literal(&types)), "{text}");
    }
}

#[test]
fn a_program_of_node_is_a_part_of_its_module() {
    let [program, part, other] =
        ["npm/bin/npm-cli.js", "npm/lib/cli.js", "proc-log/index.js"].map(|name| format!("/usr/share/nodejs/{name}"));
    let lines = format!(
        "/usr/bin/npm -> ../share/nodejs/npm/bin/npm-cli.js\n/usr/bin/node = x\n{program} 755 = #!/usr/bin/node\\nrequire('../lib/cli.js')\n\
         {part} = require('proc-log')\n{other} = x"
    );
    let mut image = Image::new(&lines, &[("npm", &["/usr/bin/npm", &program, &part]), ("proc-log", &[&other])]);
    image.launch.entrypoint = vec!["npm".into()];
    image.launch.env.push(("PATH".into(), "/usr/bin".into()));
    let (inventory, reached) = image.reach();
    let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn sources_of_php_include_libraries_with_all_that_is_theirs() {
    let files =
        ["Twig/autoload.php", "Twig/Node.php", "Psr/Log/autoload.php", "Psr/Log/Logger.php", "Monolog/autoload.php"]
            .map(|name| format!("/usr/share/php/{name}"));
    let [twig, node, psr, logger, monolog] = files.each_ref().map(String::as_str);
    let packages: [(&str, &[&str]); 3] = [("twig", &[twig, node]), ("psr", &[psr, logger]), ("monolog", &[monolog])];
    for (text, expected) in [
        ("require_once 'Twig/autoload.php';", "psr twig"),
        ("require_once \"Twig/Node.php\";", "twig"),
        ("foreach (['Twig', 'Monolog'] as $l) require \"$l/autoload.php\";", "monolog psr twig"),
        ("echo 'Twig/Node.php', 'Twig';", ""),
        ("show('Twig');", ""),
    ] {
        let lines = format!(
            "/usr/bin/app = x\n/app/index.php = <?php {text}\n{twig} = <?php require_once __DIR__ . '/../Psr/Log/autoload.php';\n{node} = x\n\
             {psr} = x\n{logger} = x\n{monolog} = x"
        );
        let image = Image::new(&lines, &packages);
        let (inventory, reached) = image.reach();
        let plan = decide(&image.tree, &inventory, &reached, Profile::Files);
        let mut kept: Vec<_> = plan.kept().map(|step| step.package.trim_end_matches(":all").to_owned()).collect();
        kept.sort();
        assert_eq!(kept.join(" "), expected, "{text}");
        if text.contains("Twig/autoload") && !expected.is_empty() {
            assert!(!plan.removal.paths.contains_key(&ImagePath::literal(logger)), "all of a library that is included");
        }
    }
}

#[test]
fn perl_loads_roles_parents_and_modules_by_computed_names() {
    let files = ["Email/Abstract.pm", "Mojo/Command.pm", "Mojo/Reactor/EV.pm", "Mojo/Reactor/Poll.pm"]
        .map(|name| format!("/usr/share/perl5/{name}"));
    let [mail, command, ev, poll] = files.each_ref().map(String::as_str);
    let packages: [(&str, &[&str]); 3] = [("mail", &[mail]), ("command", &[command]), ("reactors", &[ev, poll])];
    for (text, expected) in [
        ("with 'Email::Abstract';", "mail"),
        ("use Own::Base 'Mojo::Command', -signatures;", "command"),
        ("my $class = 'Mojo::Reactor::' . $kind;", "reactors"),
        ("my $name = 'Email::Abstract';", ""),
    ] {
        let lines = format!(
            "/usr/bin/app 755 = #!/usr/bin/perl\\n{text}\n/usr/bin/perl = x\n{mail} = x\n{command} = x\n{ev} = x\n{poll} = x"
        );
        assert_eq!(Image::new(&lines, &packages).kept().0.join(" "), expected, "{text}");
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
fn distributions_of_perl_stay_whole() {
    let files = ["A/B.pm", "A/Hidden.pm", "A/words.txt", "A.pod"].map(|name| format!("/usr/share/perl5/{name}"));
    let owned: Vec<&str> = files.iter().map(String::as_str).collect();
    let other = "/usr/share/perl5/Other.pm";
    let lines = format!(
        "/usr/bin/app 755 = #!/usr/bin/perl\\nuse A::B;\n/usr/bin/perl = x\n{} = x\n{} = use Other;\n{} = x\n{} = x\n{other} = x",
        files[0], files[1], files[2], files[3]
    );
    // The program may be the distribution's own.
    for owned in [&owned[..], &[&["/usr/bin/app"], &owned[..]].concat()] {
        let image = Image::new(&lines, &[("liba-perl", owned), ("libother-perl", &[other])]);
        let (inventory, reached) = image.reach();
        let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
        assert_eq!(gone.into_keys().map(|path| path.to_text()).collect::<Vec<_>>(), ["/usr/share/perl5/A.pod"]);
    }
}

#[test]
fn scripts_of_logrotate_are_the_shells() {
    let packages: [(&str, &[&str]); 3] = [
        ("logrotate", &["/usr/sbin/logrotate", "/etc/logrotate.conf"]),
        ("tool", &["/usr/bin/tool"]),
        ("sh", &["/bin/sh"]),
    ];
    let lines = "/usr/bin/tool 755 = x\n/bin/sh 755 = x\n/etc/logrotate.conf = /var/log/x {\\n  postrotate\\n    true | tool -x\\n  endscript\\n}";
    let mut image = Image::new(lines, &packages).elf("/usr/sbin/logrotate", &testdata::elf::program());
    image.launch.entrypoint = vec!["/usr/sbin/logrotate".into()];
    assert_eq!(image.kept().0, ["logrotate", "sh", "tool"]);
}

#[test]
fn bash_is_not_kept_to_complete_its_own_words() {
    let lines = |file: &str| {
        format!(
            "/usr/bin/app 755 = #!/usr/bin/python3\\nimport click\n/usr/bin/python3 = x\n/usr/bin/bash 755 = x\n\
             /app/venv/lib/python3.11/site-packages/{file} = subprocess.run(['bash', '-c', 'echo'])"
        )
    };
    for (file, expected) in [("click/shell_completion.py", ""), ("click/core.py", "bash")] {
        assert_eq!(Image::new(&lines(file), &[("bash", &["/usr/bin/bash"])]).kept().0.join(" "), expected, "{file}");
    }
}

#[test]
fn builds_for_browsers_and_maps_of_sources_are_for_others() {
    let home = "/usr/share/nodejs/qs";
    let files = ["dist/qs.js", "dist.es2015/qs.js", "lib/index.js", "lib/index.js.map", "package.json"]
        .map(|name| format!("{home}/{name}"));
    let owned: Vec<&str> = files.iter().map(String::as_str).collect();
    let gone = |app: &str, description: &str, index: &str| {
        let lines = format!(
            "/usr/bin/app 755 = #!/usr/bin/node\\n{app}\n/usr/bin/node = x\n{home}/dist/qs.js = x\n{home}/dist.es2015/qs.js = x\n\
             {home}/lib/index.js = {index}\n{home}/lib/index.js.map = x\n{home}/package.json = {description}"
        );
        let image = Image::new(&lines, &[("qs", &owned)]);
        let (inventory, reached) = image.reach();
        let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
        let names = gone.into_keys().map(|path| path.to_text().replace(&format!("{home}/"), ""));
        names.filter(|name| !name.starts_with('/')).collect::<Vec<_>>().join(" ")
    };
    let main = r#"{"main": "lib/index.js", "module": "dist.es2015/qs.js", "scripts": {"dist": "make dist/qs.js"}}"#;
    for (app, description, index, expected) in [
        ("require('qs')", main, "x", "dist/qs.js dist.es2015/qs.js lib/index.js.map"),
        ("require('qs')", r#"{"main": "./dist"}"#, "x", "dist.es2015/qs.js lib/index.js.map"),
        ("require('qs')", main, "require('../dist/qs')", "dist.es2015/qs.js lib/index.js.map"),
        ("require('qs')", main, "fs.readdirSync(here)", "lib/index.js.map"),
        ("require('qs/dist/qs')", main, "x", "dist.es2015/qs.js lib/index.js.map"),
        ("process.setSourceMapsEnabled(true), require('qs')", main, "x", "dist/qs.js dist.es2015/qs.js"),
    ] {
        assert_eq!(gone(app, description, index), expected, "{app} {description} {index}");
    }
}

#[test]
fn links_through_which_node_looks_for_modules_stay() {
    let [link, module, scoped] = ["@npm/node_modules", "npm/node_modules/tree/index.js", "@npm/lib/index.js"]
        .map(|name| format!("/usr/share/nodejs/{name}"));
    let lines = format!(
        "/usr/bin/app 755 = #!/usr/bin/node\\nrequire('/usr/share/nodejs/@npm/lib')\n/usr/bin/node = x\n{scoped} = require('tree')\n\
         {link} -> ../npm/node_modules\n{module} = x"
    );
    let image = Image::new(&lines, &[("npm", &[&link, &module, &scoped])]);
    let (inventory, reached) = image.reach();
    let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
    assert!(
        reached.graph.reaches(&ImagePath::literal(&scoped)) && !gone.contains_key(&ImagePath::literal(&link)),
        "{gone:?}"
    );
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
fn headers_and_manuals_of_perl_are_no_library() {
    let library = "/usr/lib/x86_64-linux-gnu/perl/5.36";
    let own = [
        format!("{library}/POSIX.pm"),
        format!("{library}/CORE/perl.h"),
        "/usr/share/perl/5.36/diagnostics.pm".to_owned(),
        "/usr/share/perl/5.36/pod/perldiag.pod".to_owned(),
        "/usr/share/perl/5.36/pod/perlunicode.pod".to_owned(),
    ];
    let files: Vec<&str> = own.iter().map(String::as_str).collect();
    let gone = |program: &str| {
        let lines = own.iter().map(|file| format!("{file} = x\n")).collect::<String>();
        let lines = format!("{lines}/usr/bin/perl = x\n/usr/bin/gcc = x\n/bin/sh = x\n/usr/bin/app 755 = {program}");
        let image = Image::new(&lines, &[("perl", &files), ("gcc", &["/usr/bin/gcc"])]);
        let (inventory, reached) = image.reach();
        let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
        gone.keys().map(|path| String::from_utf8_lossy(path.file_name()).into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(gone("#!/usr/bin/perl\\nuse POSIX;"), ["gcc", "perl.h", "perlunicode.pod"]);
    assert_eq!(
        gone("#!/bin/sh\\nperl -MPOSIX -e 1; gcc x.c; /usr/bin/perl /usr/share/perl/5.36/diagnostics.pm"),
        ["perlunicode.pod"]
    );
}

#[test]
fn what_only_a_modules_own_tests_load_is_no_use() {
    let lines = |app: &str, index: &str| {
        format!(
            "/usr/bin/app 755 = #!/usr/bin/node\\n{app}\n/usr/bin/node = x\n/usr/share/nodejs/a/index.js = {index}\n\
             /usr/share/nodejs/a/package.json = {{\"main\": \"index.js\", \"scripts\": {{\"test\": \"node test\"}}}}\n\
             /usr/share/nodejs/a/test.js = require('tape')\n/usr/share/nodejs/a/lib/test.js = require('own')\n\
             /usr/share/nodejs/tape/index.js = x\n/usr/share/nodejs/own/index.js = x"
        )
    };
    let packages: [(&str, &[&str]); 3] = [
        (
            "a",
            &[
                "/usr/share/nodejs/a/index.js",
                "/usr/share/nodejs/a/package.json",
                "/usr/share/nodejs/a/test.js",
                "/usr/share/nodejs/a/lib/test.js",
            ],
        ),
        ("own", &["/usr/share/nodejs/own/index.js"]),
        ("tape", &["/usr/share/nodejs/tape/index.js"]),
    ];
    for (app, index, expected) in [
        ("require('a')", "module.exports = 1", &["a", "own"][..]),
        ("require('a')", "require('./test')", &["a", "own", "tape"]),
        ("require('a')", "fs.readdirSync(__dirname).forEach(require)", &["a", "own", "tape"]),
        ("require('a/test')", "x", &["a", "own", "tape"]),
        ("require('a/test.js')", "x", &["a", "own", "tape"]),
    ] {
        assert_eq!(Image::new(&lines(app, index), &packages).kept().0, expected, "{app} {index}");
    }
}
