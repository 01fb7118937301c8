use super::*;
use slim::tree::{MemoryContents, text};

const TREE: &str = "/usr/bin/mawk = m\n/usr/bin/gawk = g\n/usr/bin/awk -> /etc/alternatives/awk\n/usr/share/man/man1/\n\
    /etc/alternatives/awk -> /usr/bin/mawk\n\
    /var/lib/dpkg/alternatives/awk = auto\\n/usr/bin/awk\\nawk.1.gz\\n/usr/share/man/man1/awk.1.gz\\n\\n\
    /usr/bin/gawk\\n5\\n\\n/usr/bin/mawk\\n10\\n/usr/share/man/man1/mawk.1.gz\\n\\n";
const MAWK: &str = "--install /usr/bin/awk awk /usr/bin/mawk 10 \
    --slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz";
const PAGE: &str = "\n/usr/share/man/man1/mawk.1.gz = page";

fn draft(tree: &str) -> Draft<'static> {
    Draft::new(text::tree(tree).unwrap(), &MemoryContents)
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(Into::into).collect()
}

/// The state after some commands: mode, then what the links lead to.
fn after(tree: &str, lines: &[&str]) -> String {
    let mut draft = draft(tree);
    for line in lines {
        assert_eq!(run(&mut draft, &words(line)).unwrap().status, 0, "{line}");
    }
    let mode = group(&draft, "awk").unwrap().map_or("gone", |group| if group.automatic { "auto" } else { "manual" });
    let link = |name: &str| link_of(&draft, name).unwrap().unwrap_or_else(|| "-".into());
    let page = link("/etc/alternatives/awk.1.gz");
    format!(
        "{mode} {} {} {page} {}",
        link("/usr/bin/awk"),
        link("/etc/alternatives/awk"),
        link("/usr/share/man/man1/awk.1.gz")
    )
}

#[test]
fn what_is_registered_already_changes_nothing() {
    for line in [MAWK, "--install /usr/bin/awk awk /usr/bin/gawk 5", "--auto awk", "--remove awk /usr/bin/busybox"] {
        let mut draft = draft(TREE);
        assert_eq!(run(&mut draft, &words(line)).unwrap(), Output::default());
        assert!(draft.touched().is_empty(), "{line}");
    }
}

#[test]
fn links_follow_the_group() {
    let links = "/etc/alternatives/awk";
    let page = "/usr/share/man/man1/mawk.1.gz /etc/alternatives/awk.1.gz";
    let with_page = format!("{TREE}{PAGE}");
    let rows: [(&str, &[&str], String); 10] = [
        (TREE, &["--set awk /usr/bin/gawk"], format!("manual {links} /usr/bin/gawk - -")),
        (TREE, &["--set awk /usr/bin/gawk", "--auto awk"], format!("auto {links} /usr/bin/mawk - -")),
        (TREE, &["--remove awk /usr/bin/mawk"], format!("auto {links} /usr/bin/gawk - -")),
        (TREE, &["--remove awk /usr/bin/mawk", MAWK], format!("auto {links} /usr/bin/mawk - -")),
        (TREE, &["--install /usr/bin/awk awk /usr/bin/gawk 50"], format!("auto {links} /usr/bin/gawk - -")),
        (TREE, &["--remove-all awk"], "gone - - - -".into()),
        // The page appeared, so its links are made; and they go again with the choice that had it.
        (&with_page, &[MAWK], format!("auto {links} /usr/bin/mawk {page}")),
        (&with_page, &[MAWK, "--set awk /usr/bin/gawk"], format!("manual {links} /usr/bin/gawk - -")),
        // A manual selection that is removed makes the group automatic.
        (TREE, &["--set awk /usr/bin/gawk", "--remove awk /usr/bin/gawk"], format!("auto {links} /usr/bin/mawk - -")),
        // The link was taken away behind the back of the database.
        (
            &TREE.replace("/etc/alternatives/awk ->", "/x ->"),
            &["--remove awk /x"],
            "auto /etc/alternatives/awk - - -".into(),
        ),
    ];
    for (tree, lines, expected) in rows {
        assert_eq!(after(tree, lines), expected, "{lines:?}");
    }
}

#[test]
fn of_equals_the_current_one_stays() {
    let lines = ["--install /usr/bin/awk awk /usr/bin/gawk 10", "--auto awk"];
    assert_eq!(after(TREE, &lines), "auto /etc/alternatives/awk /usr/bin/mawk - -");
}

#[test]
fn a_choice_whose_link_was_changed_by_hand_is_left_alone() {
    let tree = format!("{TREE}\n/usr/bin/own = x").replace("awk -> /usr/bin/mawk", "awk -> /usr/bin/own");
    assert_eq!(after(&tree, &[MAWK]), "manual /etc/alternatives/awk /usr/bin/own - -");
}

#[test]
fn what_would_be_left_half_done_is_refused() {
    let rows = [
        (TREE.to_owned(), "--install /usr/bin/other awk /usr/bin/mawk 10".to_owned()),
        (TREE.to_owned(), "--install /usr/bin/awk nawk /usr/bin/mawk 10".into()),
        (TREE.to_owned(), "--install /no/where/x x /usr/bin/mawk 10".into()),
        (TREE.replace("= auto", "= automatic"), MAWK.into()),
        (TREE.to_owned(), "--config awk".into()),
    ];
    for (tree, line) in rows {
        assert!(run(&mut draft(&tree), &words(&line)).is_err(), "{line}");
    }
    assert_eq!(run(&mut draft(TREE), &words("--list nothing")).unwrap().status, 2);
    let mut missing = draft(TREE);
    assert_eq!(run(&mut missing, &words("--install /usr/bin/awk awk /usr/bin/none 10")).unwrap().status, 2);
    assert!(missing.touched().is_empty(), "a missing choice is refused before anything changes");
    assert_eq!(run(&mut draft(TREE), &words("--set awk /bin/busybox")).unwrap().status, 2);
}

#[test]
fn removed_packages_are_forgotten() {
    let mut both = draft(TREE);
    both.remove(&ImagePath::literal("/usr/bin/mawk"));
    forget(&mut both).unwrap();
    assert_eq!(link_of(&both, "/etc/alternatives/awk").unwrap().unwrap(), "/usr/bin/gawk");
    let file = both.read(&ImagePath::literal("/var/lib/dpkg/alternatives/awk")).unwrap().unwrap();
    assert_eq!(file, b"auto\n/usr/bin/awk\n\n/usr/bin/gawk\n5\n\n");
    both.remove(&ImagePath::literal("/usr/bin/gawk"));
    forget(&mut both).unwrap();
    for gone in ["/usr/bin/awk", "/etc/alternatives/awk", "/var/lib/dpkg/alternatives/awk"] {
        assert!(!both.tree().contains(&ImagePath::literal(gone)), "{gone}");
    }
    let mut whole = draft(TREE);
    forget(&mut whole).unwrap();
    assert!(whole.touched().is_empty());
}

#[test]
fn a_group_whose_link_was_pruned_goes_though_its_choices_stay() {
    let mut pruned = draft(TREE);
    pruned.remove(&ImagePath::literal("/etc/alternatives/awk"));
    forget(&mut pruned).unwrap();
    for gone in ["/usr/bin/awk", "/var/lib/dpkg/alternatives/awk"] {
        assert!(!pruned.tree().contains(&ImagePath::literal(gone)), "{gone}");
    }
    assert!(pruned.tree().contains(&ImagePath::literal("/usr/bin/mawk")));
    // A link that the image's author had taken away is the author's business.
    let mut before = draft(&TREE.replace("/etc/alternatives/awk ->", "/x ->"));
    forget(&mut before).unwrap();
    assert!(before.touched().is_empty());
}
