use super::*;
use crate::launch::Launch;
use crate::packages::{Inventory, Package};
use crate::policy::{Profile, decide};
use crate::reach::{Wishes, reach};
use crate::tree::{MemoryContents, text};
use recipes::Recipes;

fn picture() -> Picture {
    let tree = text::tree(
        "/usr/bin/app 755 = #!/usr/bin/sh\\nhelper\n/usr/bin/sh = x\n/usr/bin/helper 755 = #!/usr/bin/sh\\n\n/usr/bin/lone = xxxx\n/srv/mine = yyy",
    )
    .unwrap();
    let package = |name: &str, file: &str| Package {
        name: name.into(),
        architecture: "all".into(),
        version: "1".into(),
        files: vec![ImagePath::literal(file)],
        ..Package::default()
    };
    let packages = vec![
        package("sh", "/usr/bin/sh"),
        package("app", "/usr/bin/app"),
        package("helper", "/usr/bin/helper"),
        package("lone", "/usr/bin/lone"),
    ];
    let inventory = Inventory::new(packages, &tree);
    let launch = Launch { entrypoint: vec!["app".into()], ..Launch::default() };
    let reach = reach(&tree, &MemoryContents, &inventory, &launch, &Recipes::empty(), &Wishes::default()).unwrap();
    let plan = decide(&tree, &inventory, &reach, Profile::Packages);
    Picture::new("an image", Case { tree: &tree, inventory: &inventory, reach: &reach, plan: &plan })
}

#[test]
fn packages_are_joined_by_the_uses_of_their_files() {
    let picture = picture();
    let names: Vec<_> = picture.blocks.iter().map(|block| block.name.as_str()).collect();
    assert_eq!(names, ["app", "helper", "lone", "sh", APPLICATION]);
    let arcs: Vec<_> =
        picture.arcs.iter().map(|arc| format!("{} {:?} {}", names[arc.from], arc.rules, names[arc.to])).collect();
    assert_eq!(arcs, ["app {\"command\"} helper", "app {\"shebang\"} sh", "helper {\"shebang\"} sh"]);
    assert_eq!(picture.blocks[0].roots, ["entrypoint runs app"]);
    assert_eq!(picture.bytes().1, 4);
    assert_eq!(picture.blocks[4].bytes_kept, 3);
}

#[test]
fn dot_marks_roots_and_what_goes() {
    let text = dot(&picture());
    assert!(text.contains("p0 [label=\"app\\n1 20 B\", tooltip=\"entrypoint runs app\", peripheries=2"), "{text}");
    assert!(text.contains("p0 -> p1 [label=\"command\"];"), "{text}");
    let removed = text.split("cluster_removed").nth(1).unwrap();
    assert!(removed.contains("p2 [label=\"lone") && removed.contains("fontcolor=\"#777777\""), "{text}");
}

#[test]
fn the_map_names_everything_and_is_the_same_each_time() {
    let text = svg(&picture());
    assert_eq!(text, svg(&picture()));
    for words in
        ["<title>lone 1, 4 B: nothing in use leads to any of its files</title>", "kept: ", "removed: 4 B", "an image"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn hostile_names_stay_text() {
    let evil = "a\"b\\N<script>alert('x')</script>&amp;\u{1b}[2J\u{0}\u{202e}]]>\nz";
    let block = |kept: bool| Block {
        name: evil.into(),
        version: evil.into(),
        kept,
        reason: evil.into(),
        roots: vec![evil.into()],
        bytes_kept: 10_000_000,
        ..Block::default()
    };
    let arc = Arc { from: 0, to: 1, rules: BTreeSet::from([evil.to_owned()]), uses: 1 };
    let picture = Picture { title: evil.into(), blocks: vec![block(true), block(false)], arcs: vec![arc] };
    let map = svg(&picture);
    assert!(!map.contains("<script") && !map.contains('\u{1b}') && !map.contains('\u{0}') && !map.contains('\u{202e}'));
    assert!(map.contains("&lt;script&gt;alert(&#39;x&#39;)"));
    let text = dot(&picture);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{0}'));
    for line in text.lines() {
        // Every quote that is not escaped opens or closes a string: strings end on their line.
        let plain = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(plain.matches('"').count() % 2, 0, "{line}");
    }
    assert!(text.contains(r#"a\"b\\N<script>"#), "{text}");
}

#[test]
fn an_empty_image_is_a_picture_too() {
    let empty = Picture { title: String::new(), ..Picture::default() };
    assert!(svg(&empty).ends_with("</svg>\n") && dot(&empty).ends_with("}\n"));
    assert!(!svg(&empty).contains("NaN") && !svg(&empty).contains("inf"));
}
