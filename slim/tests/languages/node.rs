//! Modules, their programs, and what is in them for others.

use crate::image::Image;
use slim::path::ImagePath;
use slim::policy::{Profile, decide};

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
fn builds_for_browsers_and_maps_of_sources_are_for_others() {
    let home = "/usr/share/nodejs/qs";
    let files =
        ["dist/qs.js", "dist.es2015/qs.js", "lib/index.js", "lib/index.js.map", "logo.ai", "logo.png", "package.json"]
            .map(|name| format!("{home}/{name}"));
    let owned: Vec<&str> = files.iter().map(String::as_str).collect();
    let gone = |app: &str, description: &str, index: &str| {
        let lines = format!(
            "/usr/bin/app 755 = #!/usr/bin/node\\n{app}\n/usr/bin/node = x\n{home}/dist/qs.js = x\n{home}/dist.es2015/qs.js = x\n\
             {home}/lib/index.js = {index}\n{home}/lib/index.js.map = x\n{home}/logo.ai = x\n{home}/logo.png = x\n{home}/package.json = {description}"
        );
        let image = Image::new(&lines, &[("qs", &owned)]);
        let (inventory, reached) = image.reach();
        let gone = decide(&image.tree, &inventory, &reached, Profile::Files).removal.paths;
        let names = gone.into_keys().map(|path| path.to_text().replace(&format!("{home}/"), ""));
        names.filter(|name| !name.starts_with('/')).collect::<Vec<_>>().join(" ")
    };
    let main = r#"{"main": "lib/index.js", "module": "dist.es2015/qs.js", "scripts": {"dist": "make dist/qs.js"}}"#;
    for (app, description, index, expected) in [
        ("require('qs')", main, "x", "dist/qs.js dist.es2015/qs.js lib/index.js.map logo.ai"),
        ("require('qs')", r#"{"main": "./dist"}"#, "x", "dist.es2015/qs.js lib/index.js.map logo.ai"),
        ("require('qs')", main, "require('../dist/qs')", "dist.es2015/qs.js lib/index.js.map logo.ai"),
        ("require('qs')", main, "fs.readdirSync(here)", "lib/index.js.map logo.ai"),
        ("require('qs/dist/qs')", main, "x", "dist.es2015/qs.js lib/index.js.map logo.ai"),
        ("process.setSourceMapsEnabled(true), require('qs')", main, "x", "dist/qs.js dist.es2015/qs.js logo.ai"),
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
