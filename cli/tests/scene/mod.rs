//! A folder, a home and the program: where tests of the whole program play.

#![allow(dead_code, reason = "no test uses all of it")]

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// A folder to work in, with a home of its own.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn slim(&self, line: &str) -> Told {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slim"));
        let home = self.path().join("home");
        command.env_clear().env("HOME", &home).env("TMPDIR", self.path()).env("SLIM_NOW", "1700000000");
        let output = command.current_dir(self.path()).args(line.split(' ')).output().expect("slim runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Told { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The names in the folder: what is left behind.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = self.path().read_dir().expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// What a run told.
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    pub(crate) fn done(self) -> String {
        assert_eq!((self.code, self.err.contains("error")), (Some(0), false), "{}{}", self.out, self.err);
        self.out
    }

    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.done()).expect("JSON")
    }

    /// Exit code and standard error.
    pub(crate) fn failed(&self) -> String {
        assert_eq!(self.out, "");
        format!("{}\n{}", self.code.expect("no signal"), self.err)
    }
}

/// An installed package in dpkg's status file.
pub(crate) fn stanza(name: &str) -> String {
    format!(
        "Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: misc\nMaintainer: A <a@example.org>\n\
         Architecture: amd64\nVersion: 1.0-1\nDescription: {name}\n\n"
    )
}
