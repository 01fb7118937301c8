//! Classes, archives and the parts of a runtime.

use crate::image::Image;
use slim::path::ImagePath;
use slim::policy::{Profile, decide};
use slim::tree::Node;
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
        // Another class may start what this one names.
        ("/app/Main.class", class("java/lang/String", "tool -x"), "tool"),
        ("/app/Main.class", class("java/lang/String", "tool for all"), ""),
        ("/app/Main.class", class("tool", "x"), ""),
        ("/app/app.jar", entry(&class("a", "/usr/share/geo/world.dat")), "geo"),
    ] {
        let image = Image::new("/usr/bin/app = x\n/usr/bin/tool 755 = x\n/usr/share/geo/world.dat = x", &packages);
        let mut image = image.node(path, Node::file(bytes));
        image.launch.entrypoint = vec!["/usr/bin/app".into()];
        assert_eq!(image.kept().0.join(" "), expected, "{path}");
    }
}
