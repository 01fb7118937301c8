//! apt as the referee: the same toy archive, the same status file, and the same answer expected.
//!
//! Needs apt on this machine, no network and no root: apt is given a folder of its own. Run with
//! `cargo test -p slim-rebuild --test live_apt -- --ignored --nocapture`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read fixtures, start referees and tell what they skip"
)]

mod referee;

use referee::{Both, Mode, Offer};

/// A world, and what apt is to make of it (so that the test says what it is about, and does not pass for want of anything to do).
struct Case<'a> {
    name: &'a str,
    installed: &'a str,
    offers: &'a [Offer<'a>],
    files: &'a [(&'a str, &'a str)],
    mode: Mode,
    expected: &'a str,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self { name: "", installed: "a 1", offers: &[], files: &[], mode: Mode::Upgrade, expected: "" }
    }
}

const fn main_of<'a>(name: &'a str, fields: &'a str, indexes: &'a [(&'a str, &'a str)]) -> Offer<'a> {
    Offer { name, fields, indexes }
}

fn hold(cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for case in cases {
        let both = Both::new(case.installed, case.offers, case.files);
        both.update().unwrap_or_else(|text| panic!("{}: {text}", case.name));
        let apt = both.by_apt(case.mode).unwrap_or_else(|text| panic!("{}: {text}", case.name));
        let slim = both.by_slim(case.mode);
        let expected: std::collections::BTreeSet<_> =
            case.expected.split(", ").filter(|step| !step.is_empty()).map(str::to_owned).collect();
        if apt != slim || apt != expected {
            wrong.push(format!("{}: apt {apt:?}, slim {slim:?}, expected {expected:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const STABLE: Offer<'static> =
    main_of("stable", "Codename: x\nVersion: 12.1", &[("main/amd64", "a 2\nb 2\nlibc 2 [Source: src]")]);
const TESTING: Offer<'static> = main_of(
    "testing",
    "Codename: y\nOrigin: Other\nLabel: Far",
    &[("main/amd64", "a 3\nb 3"), ("contrib/amd64", "c 3")],
);
const BACKPORTS: Offer<'static> =
    main_of("backports", "NotAutomatic: yes\nButAutomaticUpgrades: yes", &[("main/amd64", "a 4~bpo\nb 4~bpo")]);
const EXPERIMENTAL: Offer<'static> = main_of("experimental", "NotAutomatic: yes", &[("main/amd64", "a 5\nb 5")]);
const ALL: &[Offer<'static>] = &[STABLE, TESTING, BACKPORTS, EXPERIMENTAL];
const ABC: &str = "a 1\nb 1\nc 1\nlibc 1";

#[test]
#[ignore = "live: needs apt"]
fn preferences_choose_what_apt_chooses() {
    let rows: &[(&str, &str)] = &[
        ("", "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2"),
        (
            "Package: *\nPin: release a=stable\nPin-Priority: 990",
            "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2",
        ),
        ("Package: *\nPin: release n=x\nPin-Priority: 990", "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: *\nPin: release stable\nPin-Priority: 990", "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: *\nPin: release 12.*\nPin-Priority: 990", "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: *\nPin: release 12\nPin-Priority: 990", "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: *\nPin: release v=12.1\nPin-Priority: 990", "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: *\nPin: release o=Other\nPin-Priority: -1", "a:amd64 1 2, b:amd64 1 2, libc:amd64 1 2"),
        (
            "Package: *\nPin: release l=Far, c=main\nPin-Priority: -1",
            "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2",
        ),
        ("Package: *\nPin: release c=contrib\nPin-Priority: -1", "a:amd64 1 3, b:amd64 1 3, libc:amd64 1 2"),
        (
            "Package: *\nPin: release a=backports\nPin-Priority: 500",
            "a:amd64 1 4~bpo, b:amd64 1 4~bpo, c:amd64 1 3, libc:amd64 1 2",
        ),
        (
            "Package: *\nPin: release a=experimental\nPin-Priority: 501",
            "a:amd64 1 5, b:amd64 1 5, c:amd64 1 3, libc:amd64 1 2",
        ),
        ("Package: *\nPin: origin \"127.0.0.1\"\nPin-Priority: 50", ""),
        (
            "Package: *\nPin: origin other.example\nPin-Priority: 990",
            "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2",
        ),
        ("Package: *\nPin: origin \"\"\nPin-Priority: 990", "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: *\nPin: release a=*\nPin-Priority: 50", "a:amd64 1 5, b:amd64 1 5, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: *\nPin: release *\nPin-Priority: -1", ""),
        ("Package: *\nPin: release a=*ab*\nPin-Priority: 990", "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2"),
        (
            "Package: *\nPin: release n=/^[xz]$/\nPin-Priority: 990",
            "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2",
        ),
        ("Package: *\nPin: version 2\nPin-Priority: 990", "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: a\nPin: version 2\nPin-Priority: 501", "a:amd64 1 2, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: a\nPin: version 4*\nPin-Priority: 501", "a:amd64 1 4~bpo, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2"),
        (
            "Package: a b\nPin: release a=stable\nPin-Priority: 600",
            "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2",
        ),
        (
            "Package: [ab]\nPin: release a=stable\nPin-Priority: 600",
            "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2",
        ),
        ("Package: /^(a|c)$/\nPin: release a=testing\nPin-Priority: -5", "a:amd64 1 2, b:amd64 1 3, libc:amd64 1 2"),
        (
            "Package: /B/\nPin: release a=testing\nPin-Priority: -5",
            "a:amd64 1 3, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2",
        ),
        (
            "Package: lib*\nPin: release a=stable\nPin-Priority: 100",
            "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2",
        ),
        ("Package: lib*\nPin: release a=stable\nPin-Priority: 99", "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3"),
        ("Package: src:src\nPin: release a=stable\nPin-Priority: -1", "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3"),
        ("Package: src:s*\nPin: version *\nPin-Priority: -1", "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3"),
        (
            "Package: a:amd64\nPin: release a=testing\nPin-Priority: -1",
            "a:amd64 1 2, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2",
        ),
        (
            "Package: a:arm64\nPin: release a=testing\nPin-Priority: -1",
            "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2",
        ),
        (
            "Package: a:any\nPin: release a=testing\nPin-Priority: -1",
            "a:amd64 1 2, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2",
        ),
        ("Package: a\nPin: version 1\nPin-Priority: 1001", "b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: a\nPin: release a=now\nPin-Priority: 990", "b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2"),
        ("Package: *\nPin: release a=now\nPin-Priority: 990", ""),
        (
            "Package: a\nPin: release a=testing\nPin-Priority: 100\n\nPackage: a\nPin: release a=stable\nPin-Priority: 200",
            "a:amd64 1 2, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2",
        ),
        (
            "Package: a\nPin: release a=testing\nPin-Priority: -1\n\nPackage: a\nPin: release a=testing\nPin-Priority: 900",
            "a:amd64 1 2, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2",
        ),
        (
            "Package: *\nPin: release a=testing\nPin-Priority: -1\n\nPackage: a\nPin: release a=testing\nPin-Priority: 900",
            "a:amd64 1 3, b:amd64 1 2, libc:amd64 1 2",
        ),
        (
            "Package: *\nPin: release a=testing\nPin-Priority: never\n\nPackage: a\nPin: release a=testing\nPin-Priority: 900",
            "a:amd64 1 2, b:amd64 1 2, libc:amd64 1 2",
        ),
        (
            "# why\nExplanation: because\nPackage: a\nPin: release a=stable\nPin-Priority: 600\n# end",
            "a:amd64 1 2, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2",
        ),
        ("Explanation: nothing\n\nPackage: a\nPin: release a=stable\nPin-Priority: 600", ""),
        ("Package: a\nPin: release a=stable", ""),
    ];
    let mut wrong = Vec::new();
    let both = Both::new(ABC, ALL, &[]);
    both.update().unwrap();
    for (preferences, expected) in rows {
        both.write("etc/apt/preferences", preferences);
        let expected: std::collections::BTreeSet<_> =
            expected.split(", ").filter(|step| !step.is_empty()).map(str::to_owned).collect();
        let (apt, slim) = (both.by_apt(Mode::Upgrade), both.try_slim(Mode::Upgrade));
        // What apt cannot read, slim may not read either.
        let agree = match (&apt, &slim) {
            (Ok(apt), Ok(slim)) => apt == slim && *apt == expected,
            (Err(_), Err(_)) => expected.is_empty(),
            _ => false,
        };
        if !agree {
            wrong.push(format!("{preferences:?}:\n  apt  {apt:?}\n  slim {slim:?}\n  expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "live: needs apt"]
fn archives_are_weighed_as_apt_weighs_them() {
    let release = "APT::Default-Release \"stable\";\n";
    let nested = "// why\nAPT {\n  /* the\n     default */ Default-Release \"x\";\n};\n";
    hold(&[
        Case {
            name: "default release",
            installed: ABC,
            offers: ALL,
            files: &[("etc/apt/apt.conf", release)],
            expected: "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "default release by codename, in a block",
            installed: ABC,
            offers: ALL,
            files: &[("etc/apt/apt.conf.d/50x", nested)],
            expected: "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "default release of a NotAutomatic archive",
            installed: ABC,
            offers: ALL,
            files: &[("etc/apt/apt.conf.d/50x", "APT::Default-Release \"backports\";")],
            expected: "a:amd64 1 4~bpo, b:amd64 1 4~bpo, c:amd64 1 3, libc:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "the default release is the first of the pins",
            installed: ABC,
            offers: ALL,
            files: &[
                ("etc/apt/apt.conf.d/50x", release),
                ("etc/apt/preferences.d/x", "Package: *\nPin: release a=stable\nPin-Priority: -1"),
            ],
            expected: "a:amd64 1 2, b:amd64 1 2, c:amd64 1 3, libc:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "a file that apt does not read",
            installed: ABC,
            offers: ALL,
            files: &[
                ("etc/apt/apt.conf.d/50x.dpkg-old", release),
                ("etc/apt/preferences.d/x.bak", "Package: *\nPin: release *\nPin-Priority: -1"),
            ],
            expected: "a:amd64 1 3, b:amd64 1 3, c:amd64 1 3, libc:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "installed from backports is upgraded from backports",
            installed: "a 4~bp",
            offers: ALL,
            expected: "a:amd64 4~bp 4~bpo",
            ..Case::default()
        },
        Case { name: "installed from experimental is not", installed: "a 4.9", offers: ALL, ..Case::default() },
        Case {
            name: "the newest of several",
            installed: "a 1",
            offers: &[
                main_of("one", "", &[("main/amd64", "a 2\na 4\na 3")]),
                main_of("two", "", &[("main/amd64", "a 2")]),
            ],
            expected: "a:amd64 1 4",
            ..Case::default()
        },
        Case {
            name: "one version from two archives has the better priority",
            installed: "a 1\nb 1",
            offers: &[
                main_of("one", "NotAutomatic: yes", &[("main/amd64", "a 2\nb 2")]),
                main_of("two", "", &[("main/amd64", "a 2")]),
            ],
            expected: "a:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "components",
            installed: "a 1\nb 1",
            offers: &[main_of("one", "", &[("main/amd64", "a 2"), ("universe/amd64", "b 2\na 3")])],
            expected: "a:amd64 1 3, b:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "phased",
            installed: "a 1\nb 1",
            offers: &[main_of(
                "one",
                "",
                &[(
                    "main/amd64",
                    "a 2 [Phased-Update-Percentage: 0]\nb 2 [Phased-Update-Percentage: 50; Depends: a (>= 2)]",
                )],
            )],
            expected: "a:amd64 1 2, b:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "phased, and apt waits, unless there is a security update below",
            installed: "a 1\nb 1\nc 1\nd 1\ns 1",
            offers: &[
                main_of(
                    "one",
                    "",
                    &[(
                        "main/amd64",
                        "a 2 [Phased-Update-Percentage: 0]\nb 2 [Depends: a (>= 2)]\nc 2 [Phased-Update-Percentage: 100]\n\
                         d 2 [Phased-Update-Percentage: 90]\ns 3 [Phased-Update-Percentage: 10]",
                    )],
                ),
                main_of("one-security", "", &[("main/amd64", "s 2\nd 1")]),
            ],
            files: &[(
                "etc/apt/apt.conf.d/50x",
                "APT::Get::Always-Include-Phased-Updates \"false\";\nAPT::Get::Never-Include-Phased-Updates \"true\";\n",
            )],
            expected: "c:amd64 1 2, s:amd64 1 3",
            ..Case::default()
        },
        Case {
            name: "hold",
            installed: "a 1 [Status: hold ok installed]\nb 1 [Depends: a]",
            offers: &[main_of("one", "", &[("main/amd64", "a 2\nb 2 [Depends: a (>= 2)]")])],
            expected: "",
            ..Case::default()
        },
        Case {
            name: "the same version",
            installed: "a 1\nb 1 [Depends: a]",
            offers: &[main_of("one", "", &[("main/amd64", "a 1\nb 1 [Depends: a]")])],
            expected: "",
            ..Case::default()
        },
        Case {
            name: "an installed version that is in the archive and weighs as much",
            installed: "a 2",
            offers: &[main_of("one", "", &[("main/amd64", "a 2\na 3")])],
            files: &[("etc/apt/preferences", "Package: a\nPin: version 2\nPin-Priority: 600")],
            expected: "",
            ..Case::default()
        },
    ]);
}

#[test]
#[ignore = "live: needs apt"]
fn an_archive_of_ubuntus_shape_is_read_as_apt_reads_it() {
    const INSTALLED: &str = "dpkg 1 [Architecture: arm64]\na 1 [Architecture: arm64]\nu 1 [Architecture: arm64]\ns 1 [Architecture: arm64]\n\
                             x 1 [Architecture: all]\nm 1 [Architecture: arm64]";
    const UBUNTU: &str = "Origin: Ubuntu\nLabel: Ubuntu\nCodename: noble\nVersion: 24.04";
    let release = [
        ("main/arm64", "dpkg 1 [Architecture: arm64]\na 1 [Architecture: arm64]\ns 1 [Architecture: arm64]"),
        ("universe/arm64", "u 1 [Architecture: arm64]\nm 2 [Architecture: arm64; Depends: restricted-thing]"),
    ];
    let updates = [
        (
            "main/arm64",
            "a 2 [Architecture: arm64; Phased-Update-Percentage: 10]\ns 3 [Architecture: arm64; Phased-Update-Percentage: 0]",
        ),
        ("universe/arm64", "u 2 [Architecture: arm64; Depends: a (>= 2)]\nx 2 [Architecture: all]"),
    ];
    let security = [("main/arm64", "s 2 [Architecture: arm64]")];
    let backports = [("universe/arm64", "u 9 [Architecture: arm64]")];
    hold(&[Case {
        name: "ports",
        installed: INSTALLED,
        offers: &[
            main_of("noble", &format!("{UBUNTU}\nSuite: noble"), &release),
            main_of("noble-updates", &format!("{UBUNTU}\nSuite: noble-updates"), &updates),
            main_of("noble-security", &format!("{UBUNTU}\nSuite: noble-security"), &security),
            main_of("noble-backports", &format!("{UBUNTU}\nNotAutomatic: yes\nButAutomaticUpgrades: yes"), &backports),
        ],
        expected: "a:arm64 1 2, s:arm64 1 3, u:arm64 1 2, x:arm64 1 2",
        ..Case::default()
    }]);
}

#[test]
#[ignore = "live: needs apt"]
fn sets_are_what_apts_are() {
    const fn one(packages: &'static [(&'static str, &'static str)]) -> Offer<'static> {
        main_of("stable", "", packages)
    }
    hold(&[
        Case {
            name: "versioned provides",
            installed: "a 1\nb 1 [Provides: v (= 1)]\nc 1 [Depends: v (<< 2)]",
            offers: &[one(&[("main/amd64", "a 2 [Depends: v (>= 2)]\nb 2 [Provides: v (= 2)]\nc 2 [Depends: v]")])],
            expected: "a:amd64 1 2, b:amd64 1 2, c:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "a provide without version",
            installed: "a 1\nb 1",
            offers: &[one(&[("main/amd64", "a 2 [Depends: v (>= 2)]\nb 2 [Provides: v]")])],
            expected: "b:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "a new package",
            installed: "a 1\nb 1",
            offers: &[one(&[("main/amd64", "a 2 [Depends: n]\nb 2\nn 1")])],
            expected: "b:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "a new package with --with-new-pkgs",
            installed: "a 1\nb 1",
            offers: &[one(&[("main/amd64", "a 2 [Depends: n]\nb 2\nn 1 [Depends: m | k]\nm 1\nk 1")])],
            mode: Mode::WithNew,
            expected: "a:amd64 1 2, b:amd64 1 2, m:amd64 - 1, n:amd64 - 1",
            ..Case::default()
        },
        Case {
            name: "a new package that breaks another",
            installed: "a 1\nb 1",
            offers: &[one(&[("main/amd64", "a 2 [Depends: n]\nn 1 [Breaks: b]")])],
            mode: Mode::WithNew,
            expected: "",
            ..Case::default()
        },
        Case {
            name: "a removal",
            installed: "a 1\nb 1",
            offers: &[one(&[("main/amd64", "a 2 [Conflicts: b]")])],
            expected: "",
            ..Case::default()
        },
        Case {
            name: "a removal, replaced by a new one",
            installed: "a 1 [Depends: b]\nb 1",
            offers: &[one(&[("main/amd64", "a 2 [Depends: c]\nc 1 [Conflicts: b; Replaces: b; Provides: b]")])],
            mode: Mode::WithNew,
            expected: "",
            ..Case::default()
        },
        Case {
            name: "Breaks that an upgrade heals",
            installed: "a 1\nb 1",
            offers: &[one(&[("main/amd64", "a 2 [Breaks: b (<< 2)]\nb 2")])],
            expected: "a:amd64 1 2, b:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "Breaks of a package that is on hold",
            installed: "a 1\nb 1 [Status: hold ok installed]",
            offers: &[one(&[("main/amd64", "a 2 [Breaks: b (<< 2)]\nb 2")])],
            expected: "",
            ..Case::default()
        },
        Case {
            name: "two that break each other",
            installed: "a 1\nb 1",
            offers: &[one(&[("main/amd64", "a 2 [Breaks: b (>= 2)]\nb 2")])],
            expected: "b:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "an old package that does not bear a new one",
            installed: "a 1\nb 1 [Breaks: a (>= 2)]\nc 1 [Depends: a (= 1)]",
            offers: &[one(&[("main/amd64", "a 2")])],
            expected: "",
            ..Case::default()
        },
        Case {
            name: "alternatives",
            installed: "a 1\nb 1\nc 1 [Depends: a (<< 2) | b (<< 2)]",
            offers: &[one(&[("main/amd64", "a 2\nb 2")])],
            expected: "b:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "alternatives in a candidate",
            installed: "a 1\nb 1",
            offers: &[one(&[("main/amd64", "a 2 [Depends: n | b (>= 2)]\nb 2\nn 1")])],
            expected: "a:amd64 1 2, b:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "an essential package weighs more",
            installed: "a 1 [Depends: c (= 1) | c (>= 3)]\nb 1 [Essential: yes]\nc 1",
            offers: &[one(&[("main/amd64", "a 2\nb 2 [Essential: yes; Depends: c (>= 2)]\nc 2")])],
            expected: "a:amd64 1 2, b:amd64 1 2, c:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "a chain that fails at its end",
            installed: "a 1\nb 1\nc 1\nd 1",
            offers: &[one(&[(
                "main/amd64",
                "a 2 [Depends: b (>= 2)]\nb 2 [Depends: c (= 2)]\nc 2 [Depends: gone]\nd 2",
            )])],
            expected: "d:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "Multi-Arch: same",
            installed: "dpkg 1\na 1 [Multi-Arch: same]\na 1 [Multi-Arch: same; Architecture: arm64]",
            offers: &[one(&[
                ("main/amd64", "a 2 [Multi-Arch: same]"),
                ("main/arm64", "a 2 [Multi-Arch: same; Architecture: arm64]"),
            ])],
            expected: "a:amd64 1 2, a:arm64 1 2",
            ..Case::default()
        },
        Case {
            name: "Multi-Arch: same, one of them late",
            installed: "dpkg 1\nb 1\na 1 [Multi-Arch: same]\na 1 [Multi-Arch: same; Architecture: arm64]",
            offers: &[one(&[
                ("main/amd64", "a 2 [Multi-Arch: same]\nb 2"),
                ("main/arm64", "a 1 [Multi-Arch: same; Architecture: arm64]"),
            ])],
            expected: "b:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "Multi-Arch: foreign and allowed",
            installed: "dpkg 1\na 1 [Architecture: arm64]\nf 1 [Multi-Arch: foreign]\np 1 [Multi-Arch: allowed]\nq 1",
            offers: &[one(&[
                ("main/amd64", "f 2 [Multi-Arch: foreign]\np 2 [Multi-Arch: allowed]\nq 2"),
                ("main/arm64", "a 2 [Architecture: arm64; Depends: f (>= 2), p:any (>= 2)]"),
            ])],
            expected: "a:arm64 1 2, f:amd64 1 2, p:amd64 1 2, q:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "Multi-Arch: no, of another architecture",
            installed: "dpkg 1\na 1 [Architecture: arm64]\nq 1",
            offers: &[one(&[("main/amd64", "q 2"), ("main/arm64", "a 2 [Architecture: arm64; Depends: q]")])],
            expected: "q:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "all of a foreign architecture means native",
            installed: "dpkg 1\na 1 [Architecture: arm64]\nq 1 [Architecture: all; Multi-Arch: foreign]",
            offers: &[one(&[
                ("main/amd64", "q 2 [Architecture: all; Multi-Arch: foreign]"),
                (
                    "main/arm64",
                    "a 2 [Architecture: arm64; Depends: q (>= 2)]\nq 2 [Architecture: all; Multi-Arch: foreign]",
                ),
            ])],
            expected: "a:arm64 1 2, q:amd64 1 2",
            ..Case::default()
        },
        Case {
            name: "from amd64 to all and back",
            installed: "dpkg 1\na 1\nb 1 [Architecture: all]",
            offers: &[one(&[("main/amd64", "a 2 [Architecture: all]\nb 2")])],
            expected: "a:amd64 1 2, b:amd64 1 2",
            ..Case::default()
        },
    ]);
}

/// A pin over 1000 asks for an older version. `apt-get -s upgrade` shows it, and `apt-get -y upgrade` then refuses to go on without
/// `--allow-downgrades`: slim keeps the package back and says so.
#[test]
#[ignore = "live: needs apt"]
fn a_downgrade_is_not_done() {
    let downgrade = [("etc/apt/preferences", "Package: *\nPin: release a=stable\nPin-Priority: 1001")];
    let both = Both::new("a 3\nb 3", ALL, &downgrade);
    both.update().unwrap();
    assert_eq!(both.by_apt(Mode::Upgrade).unwrap().len(), 2);
    assert!(both.by_slim(Mode::Upgrade).is_empty());
    let output = both.apt(&["-y", "--download-only", "upgrade"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--allow-downgrades"), "{output:?}");
}
