//! OpenSSL's configuration (config(5)): the providers and engines that it activates, and what it includes.

use super::{Reader, glob};
use crate::graph::Rule;
use crate::path::ImagePath;
use std::collections::{BTreeMap, BTreeSet};

/// A value with its line.
type Value = (usize, String);

/// Where libcrypto looks for providers and engines that are named without a path.
const MODULES: [&str; 2] = ["$LIB/ossl-modules", "$LIB/engines-*"];

impl Reader<'_, '_> {
    pub(super) fn openssl(&mut self, file: &ImagePath, text: &str) {
        let sections = sections(text);
        for (line, pattern) in includes(text) {
            self.openssl_include(file, line, pattern);
        }
        let of = |section: &str, key: &str| sections.get(section).and_then(|section| section.get(key));
        let Some((_, start)) = of("", "openssl_conf") else { return };
        for kind in ["providers", "engines"] {
            let Some((_, list)) = of(start, kind) else { continue };
            for (name, (line, section)) in sections.get(list).into_iter().flatten() {
                // A module may have a path of its own, and an engine another name than in the list.
                let told =
                    ["module", "dynamic_path", "identity", "engine_id"].iter().filter_map(|key| of(section, key));
                let names: BTreeSet<&str> = told.map(|(_, value)| value.as_str()).chain([name.as_str()]).collect();
                self.openssl_module(file, *line, &names);
            }
        }
    }

    fn openssl_module(&mut self, file: &ImagePath, line: usize, names: &BTreeSet<&str>) {
        for name in names.iter().filter(|name| !name.contains('/')) {
            for place in MODULES {
                let name = name.strip_suffix(".so").unwrap_or(name);
                for path in glob(self.scene, &format!("{place}/{name}.so")) {
                    let evidence = format!("line {line}: the module {name}");
                    self.finding.edges.extend(self.scene.follow(Some(file), &path, Rule::Config, &evidence));
                }
            }
        }
    }

    /// `.include FILE`, or all of a directory's `*.cnf` and `*.conf`.
    fn openssl_include(&mut self, file: &ImagePath, line: usize, name: &str) {
        let path = if name.starts_with('/') { name.to_owned() } else { format!("{}/{name}", self.base) };
        let is_directory = ImagePath::new(&path)
            .is_ok_and(|path| self.scene.tree.lookup(&path).is_some_and(|(_, node)| node.is_directory()));
        self.include(file, line, &if is_directory { format!("{path}/*.{{cnf,conf}}") } else { path });
    }
}

/// `.include NAME` and `.include = NAME`.
fn includes(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let rest = line.trim().strip_prefix(".include")?.trim_start();
        Some((index + 1, rest.strip_prefix('=').unwrap_or(rest).trim()))
    })
}

/// The sections by name, the one before all headings without. Variables (`$dir/x`) stay as they are: no module is named by one.
fn sections(text: &str) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut sections: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    let mut section = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            name.0.trim().clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once('=') {
            let entry = (index + 1, value.trim().to_owned());
            sections.entry(section.clone()).or_default().insert(key.trim().to_owned(), entry);
        }
    }
    sections
}
