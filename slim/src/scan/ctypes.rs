//! Libraries that Python code opens by name (ctypes, cffi): `CDLL("libmagic.so.1")`, `find_library("magic")`.

use super::{Finding, Language, Scene, quotes};
use crate::graph::{Rule, Unknown};
use crate::path::ImagePath;

/// Calls that open a library whose name is given as text.
const OPENERS: [&str; 4] = ["CDLL(", "PyDLL(", "LoadLibrary(", "dlopen("];

/// The call that looks a library up by the name that a linker would be given; it asks `ldconfig -p` (`ctypes/util.py`).
const LOOKUP: &str = "find_library(";

/// The program that [`LOOKUP`] starts.
const LDCONFIG: &str = "/sbin/ldconfig";

/// Adds the libraries that a line opens.
pub(super) fn line(scene: &Scene<'_>, from: Option<&ImagePath>, line: &str, number: usize, finding: &mut Finding) {
    let opens = OPENERS.iter().any(|opener| line.contains(opener));
    let asked = line.split_once(LOOKUP).map(|(before, rest)| (before.trim_end(), rest));
    let asked = asked.filter(|(before, _)| !before.ends_with("def"));
    if (!opens && asked.is_none()) || line.trim_start().starts_with('#') {
        return;
    }
    let texts = |line| quotes::inner(line, Language::Python);
    let evidence = format!("line {number}: {}", line.trim());
    let mut add = |is_it: &dyn Fn(&str) -> bool| finding.edges.extend(scene.libraries_where(from, &evidence, is_it));
    for name in texts(line).filter(|name| opens && name.contains(".so") && !name.contains('/')) {
        add(&|other| other == name);
    }
    let Some((_, rest)) = asked else { return };
    match rest.trim_start().starts_with(['"', '\'']).then(|| texts(rest).next()).flatten() {
        Some(name) => {
            let stem = format!("lib{name}.so");
            add(&|other| other.strip_prefix(&stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
        }
        None => finding.unknowns.push(Unknown {
            at: from.cloned(),
            place: format!("line {number}"),
            what: "the name of a library that is looked up is computed".into(),
            taken: "only libraries stay that something else uses".into(),
        }),
    }
    finding.edges.extend(scene.follow_name(from, LDCONFIG, Rule::Command, &evidence));
}
