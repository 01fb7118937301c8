use super::*;
use crate::launch::Launch;
use crate::packages::Package;
use crate::packages::dpkg::dependencies::Dependency;
use crate::policy::{Profile, decide};
use crate::reach::{Wishes, reach};
use crate::tree::{MemoryContents, text};
use recipes::Recipes;

const TREE: &str = "/usr/bin/app 755 = #!/usr/bin/sh\\nhelper\n/usr/bin/sh = x\n/usr/bin/helper 755 = #!/usr/bin/sh\n\
    /usr/bin/extra 755 = #!/usr/bin/sh\\ntool\n/usr/bin/tool 755 = #!/usr/bin/perl\n/usr/bin/perl = x\n/usr/share/perl/data = x\n\
    /usr/share/zone/here = x\n/usr/share/lone = x";

const RECIPE: &str = "id: t\nabout: tests\nrules:\n  - id: t-zone\n    because: only clocks read zones\n    when: {reached: [/usr/bin/clock], imports: [localtime]}\n    \
    gate: [/usr/share/zone/**]\n  - id: t-named\n    because: the app draws by name\n    when: {reached: [/usr/bin/helper]}\n    packages: [fonts]\n";

struct Image {
    tree: Tree,
    inventory: Inventory,
    recipes: Recipes,
}

impl Image {
    fn new() -> Self {
        let tree = text::tree(TREE).unwrap();
        let package = |name: &str, files: &[&str]| Package {
            name: name.into(),
            architecture: "all".into(),
            files: files.iter().map(|path| ImagePath::literal(path)).collect(),
            ..Package::default()
        };
        let packages = vec![
            package("app", &["/usr", "/usr/bin", "/usr/bin/app", "/usr/bin/extra", "/usr/bin/helper"]),
            package("sh", &["/usr/bin/sh"]),
            package("tool", &["/usr/bin/tool"]),
            package("perl", &["/usr/bin/perl", "/usr/share/perl", "/usr/share/perl/data"]),
            package("zone", &["/usr/share/zone", "/usr/share/zone/here"]),
            package("fonts", &["/usr/share/lone"]),
        ];
        let recipes = Recipes::parse("t", RECIPE).unwrap();
        Self { inventory: Inventory::new(packages, &tree), tree, recipes }
    }

    fn reach(&self, wishes: &Wishes) -> Reach {
        let launch = Launch { entrypoint: vec!["app".into()], ..Launch::default() };
        reach(&self.tree, &MemoryContents, &self.inventory, &launch, &self.recipes, wishes).unwrap()
    }

    fn ask(&self, target: &str, dependencies: &[Dependency]) -> Explanation {
        let reached = self.reach(&Wishes::default());
        let plan = decide(&self.tree, &self.inventory, &reached, Profile::Packages);
        let case = Case { tree: &self.tree, inventory: &self.inventory, reach: &reached, plan: &plan };
        let asked = Target::find(target, &self.tree, &self.inventory).unwrap();
        let mut explanation = why(case, &asked, target);
        let all = Wishes { packages: (0..self.inventory.packages().len()).collect(), ..Wishes::default() };
        why_not(case, &asked, &self.reach(&all), &self.recipes, dependencies, &mut explanation).unwrap();
        explanation
    }
}

fn chain(explanation: &Explanation) -> Vec<String> {
    explanation.chain.iter().map(|link| format!("{} {}", link.rule, link.to)).collect()
}

fn mentions(explanation: &Explanation) -> Vec<String> {
    explanation.mentions.iter().map(|m| format!("{} -> {} ({}): {}", m.from, m.to, m.rule, m.but)).collect()
}

#[test]
fn what_stays_has_the_shortest_chain() {
    let image = Image::new();
    let helper = image.ask("/usr/bin/helper", &[]);
    assert!(helper.kept && helper.kind == "path");
    assert_eq!(chain(&helper), ["root /usr/bin/app", "command /usr/bin/helper"]);
    let package = image.ask("sh", &[]);
    assert_eq!(chain(&package), ["root /usr/bin/app", "shebang /usr/bin/sh"]);
    assert!(package.remedies.is_empty());
}

#[test]
fn a_package_that_a_recipe_names_has_a_chain_to_the_rule() {
    let fonts = Image::new().ask("fonts", &[]);
    assert!(fonts.kept);
    assert_eq!(chain(&fonts), ["root /usr/bin/app", "command /usr/bin/helper", "recipe t-named fonts"]);
    assert_eq!(fonts.reason, "recipe t-named names it, because /usr/bin/helper is in use");
}

#[test]
fn what_goes_tells_who_names_it_and_what_keeps_it() {
    let tool = Image::new().ask("tool", &[]);
    assert!(!tool.kept && tool.chain.is_empty());
    assert_eq!(
        mentions(&tool),
        ["/usr/bin/extra -> /usr/bin/tool (command): app stays, but nothing in use leads to this file of it"]
    );
    assert_eq!(tool.remedies, ["--keep tool", "--root /usr/bin/tool", "--root /usr/bin/extra"]);
    // One step further: the tool that would run it goes too.
    let perl = Image::new().ask("perl", &[]);
    assert_eq!(mentions(&perl), ["/usr/bin/tool -> /usr/bin/perl (shebang): nothing in use leads to tool either"]);
}

#[test]
fn a_closed_gate_says_what_would_open_it() {
    let zone = Image::new().ask("/usr/share/zone/here", &[]);
    assert!(!zone.kept);
    let [rule] = &zone.rules[..] else { panic!("{:?}", zone.rules) };
    assert!(rule.gate && rule.rule == "t-zone");
    assert_eq!(rule.when, ["/usr/bin/clock is in use", "a binary that is in use imports localtime"]);
    assert_eq!(zone.remedies, ["--keep /usr/share/zone/here"]);
}

#[test]
fn declared_dependencies_are_told_those_of_kept_packages_first() {
    let depends = |by: &str| Dependency {
        by: format!("{by}:all"),
        relation: "perl (>= 5)".into(),
        satisfied_by: vec!["perl:all".into()],
    };
    let perl = Image::new().ask("perl", &[depends("tool"), depends("app")]);
    let told: Vec<_> = perl.dependants.iter().map(|d| (d.package.as_str(), d.kept)).collect();
    assert_eq!(told, [("app", true), ("tool", false)]);
}

#[test]
fn what_is_not_there_is_no_target() {
    let image = Image::new();
    for name in ["nothing", "/nowhere", "/usr/bin/app/x"] {
        assert_eq!(Target::find(name, &image.tree, &image.inventory), None, "{name}");
    }
}
