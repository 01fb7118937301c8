//! Values made by hand, for tests of what is shown.

use slim::diff::{Difference, PackageDifference, PathDifference};
use slim::path::ImagePath;
use slim::report::{
    DependantReport, Explanation, ImageReport, IndexReport, Inspection, LayerReport, LinkReport, MentionReport,
    Outcome, PackageReport, Report, RuleReport, SCHEMA, UnknownReport, Verdict,
};
use slim::verify::{Problem, ProblemKind};
use std::collections::BTreeSet;

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn image(name: &str, letter: char, size: u64, files: usize, packages: usize) -> ImageReport {
    ImageReport {
        name: name.into(),
        digest: Some(digest(letter)),
        platform: "linux/amd64".into(),
        distro: Some("debian 12".into()),
        compressed: Some(size),
        files_size: size * 5 / 2,
        files,
        packages,
    }
}

fn layer(index: usize, letter: char, kept: bool) -> LayerReport {
    LayerReport {
        index,
        digest: digest(letter),
        size: 30_000_000,
        new_digest: Some(digest(if kept { letter } else { 'f' })),
        new_size: Some(if kept { 30_000_000 } else { 12_000_000 }),
        kept,
        created_by: Some(
            "RUN /bin/sh -c apt-get update \t&& apt-get install -y nginx\u{1b}[2J && rm -rf /var/lib/apt/lists/*"
                .into(),
        ),
    }
}

fn package(name: &str, version: &str, new: Option<&str>, verdict: Verdict, reason: &str) -> PackageReport {
    PackageReport {
        name: name.into(),
        architecture: "amd64".into(),
        layer: 0,
        version: version.into(),
        new_version: new.map(Into::into),
        verdict,
        reason: reason.into(),
        tier: None,
        evidence: None,
        effects: Vec::new(),
        size: 1_500_000,
    }
}

fn packages() -> Vec<PackageReport> {
    vec![
        package("libssl3", "3.0.11-1", Some("3.0.17-1"), Verdict::Updated, "3.0.17-1 in bookworm-security"),
        package("nginx", "1.22.1-9", Some("1.22.1-9"), Verdict::Kept, "the entrypoint"),
        package("openssh-client", "9.2-1", Some("9.2-2"), Verdict::KeptBack, "postinst: chgrp is not known"),
        package("perl-base", "5.36.0-7", None, Verdict::Removed, "nothing reaches it"),
    ]
}

/// A rebuild that ended so.
pub(crate) fn report(outcome: Outcome) -> Report {
    let source = image("docker://registry.example/app:1", 'a', 71_200_000, 8123, 151);
    let result = image("oci:out:1", 'b', 38_100_000, 4321, 93);
    let result = match outcome {
        Outcome::Done => Some(result),
        Outcome::NothingToDo => None,
        Outcome::Planned => Some(ImageReport { digest: None, compressed: None, ..result }),
    };
    Report {
        schema: SCHEMA,
        slim: "0.1.0".into(),
        outcome,
        source,
        result,
        destination: (outcome != Outcome::Planned).then(|| "oci:out:1".into()),
        layers: vec![layer(0, 'c', outcome == Outcome::NothingToDo), layer(1, 'd', true)],
        packages: packages(),
        unknowns: vec![UnknownReport {
            path: "/usr/bin/tool".into(),
            place: "line 12".into(),
            what: "the command comes from a variable".into(),
            taken: "kept all that it may name".into(),
        }],
        faults: vec!["/usr/lib/x.so needs libgone.so.1, which is not there".into()],
        indexes: vec![IndexReport {
            suite: "http://mirror.example/debian-security/dists/bookworm-security".into(),
            component: "main/binary-amd64/Packages".into(),
            date: Some("Sat, 22 Nov 2026 08:00:00 UTC".into()),
            sha256: "e".repeat(64),
        }],
        removals: Some("/usr/share/slim/removed.json".into()),
        notes: vec!["/etc/nginx/nginx.conf was changed by the image and stays".into()],
    }
}

/// An image as `slim inspect` sees it.
pub(crate) fn inspection() -> Inspection {
    let mut packages = packages();
    for package in &mut packages {
        package.new_version = package.new_version.take().filter(|new| *new != package.version);
    }
    Inspection {
        schema: SCHEMA,
        image: image("docker://registry.example/app:1", 'a', 71_200_000, 8123, 4),
        layers: vec![layer(0, 'c', true), layer(1, 'd', true)],
        packages,
        entrypoint: vec!["/docker-entrypoint.sh".into()],
        command: vec!["nginx".into(), "-g".into(), "daemon off;".into()],
        user: String::new(),
        working_directory: String::new(),
        environment: vec!["PATH=/usr/bin:/bin".into(), "LANG=C.UTF-8".into()],
    }
}

/// Why a library stays.
pub(crate) fn explanation() -> Explanation {
    let link = |from: Option<&str>, to: &str, rule: &str, evidence: &str, package: Option<&str>| LinkReport {
        from: from.map(Into::into),
        to: to.into(),
        rule: rule.into(),
        evidence: evidence.into(),
        package: package.map(Into::into),
    };
    let (script, nginx) = ("/docker-entrypoint.sh", "/usr/sbin/nginx");
    Explanation {
        schema: SCHEMA,
        target: "libssl3".into(),
        kind: "package".into(),
        kept: true,
        reason: "the entrypoint reaches it in 3 steps".into(),
        chain: vec![
            link(None, script, "entrypoint", "", None),
            link(Some(script), nginx, "command", "line 7: exec nginx", Some("nginx")),
            link(Some(nginx), "/usr/lib/libssl.so.3", "needed", "libssl.so.3", Some("libssl3")),
        ],
        mentions: Vec::new(),
        rules: Vec::new(),
        dependants: Vec::new(),
        remedies: Vec::new(),
    }
}

/// Why a package goes.
pub(crate) fn refusal() -> Explanation {
    Explanation {
        target: "perl-base".into(),
        kept: false,
        reason: "nothing in use leads to any of its files".into(),
        chain: Vec::new(),
        mentions: vec![MentionReport {
            from: "/usr/sbin/adduser".into(),
            package: Some("adduser".into()),
            to: "/usr/bin/perl".into(),
            rule: "shebang".into(),
            evidence: "line 1: #!/usr/bin/perl".into(),
            but: "nothing in use leads to adduser either".into(),
        }],
        rules: vec![RuleReport {
            rule: "perl-modules".into(),
            because: "perl reads its library".into(),
            gate: true,
            when: vec!["/usr/bin/perl is in use".into(), "package perl is kept".into()],
        }],
        dependants: vec![DependantReport {
            package: "debconf".into(),
            kept: true,
            relation: "perl-base (>= 5)".into(),
        }],
        remedies: vec!["--keep perl-base".into(), "--root /usr/bin/perl".into()],
        ..explanation()
    }
}

/// Two images that differ in packages and paths.
pub(crate) fn difference() -> Difference {
    let package = |name: &str, before: Option<&str>, after: Option<&str>| PackageDifference {
        name: name.into(),
        architecture: "amd64".into(),
        before: before.map(Into::into),
        after: after.map(Into::into),
    };
    let path =
        |path: String, what: &[&'static str], before, after| PathDifference { path, what: what.into(), before, after };
    let mut paths = vec![
        path("/etc/passwd".into(), &["mode", "owner"], Some(900), Some(900)),
        path("/usr/bin/perl".into(), &["removed"], Some(3_800_000), None),
        path("/usr/lib/libssl.so.3".into(), &["content", "time"], Some(700_000), Some(705_000)),
    ];
    paths.extend((0..20).map(|n| path(format!("/usr/share/doc/{n:02}"), &["removed"], Some(100), None)));
    Difference {
        packages: vec![
            package("libssl3", Some("3.0.11-1"), Some("3.0.17-1")),
            package("perl-base", Some("5.36.0-7"), None),
        ],
        paths,
        size_before: 178_000_000,
        size_after: 174_203_000,
    }
}

/// A breakage and something tolerated.
pub(crate) fn problems() -> Vec<Problem> {
    let path = ImagePath::literal;
    vec![
        Problem {
            at: path("/usr/lib/liba.so.1"),
            kind: ProblemKind::MissingLibrary,
            subject: "libgone.so.1".into(),
            detail: "libgone.so.1 is not found (searched /lib)".into(),
            chain: vec![path("/usr/bin/a"), path("/usr/lib/liba.so.1")],
            roots: BTreeSet::from([path("/usr/bin/a"), path("/usr/bin/b")]),
            in_use: None,
            is_new: None,
        },
        Problem {
            at: path("/etc/link"),
            kind: ProblemKind::DanglingLink,
            subject: String::new(),
            detail: "it leads to ../gone: /gone is not there".into(),
            chain: vec![path("/etc/link")],
            roots: BTreeSet::from([path("/etc/link")]),
            in_use: None,
            is_new: None,
        },
    ]
}
