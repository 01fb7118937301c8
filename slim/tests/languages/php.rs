//! Libraries that sources include.

use crate::image::Image;
use slim::path::ImagePath;
use slim::policy::{Profile, decide};

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
