//! The image config: what runs, in which environment, of which layers (OCI image configuration; Docker image specification 1.2).
//!
//! The document is kept whole and in its order, because builders store much in it that no specification names; typed readers
//! answer questions. Editing is in [`super::edit`].

use super::{Digest, Platform};
use crate::store::StoreError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Largest config that is read, in bytes.
pub const CONFIG_LIMIT: u64 = 16 << 20;

/// A config, checked when parsed to have the shapes that the readers expect.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    value: Value,
}

/// One step of an image's history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryEntry {
    /// The command that made the layer.
    pub created_by: String,
    /// A remark, such as the builder's name.
    pub comment: String,
    /// Time stamp (RFC 3339) as written.
    pub created: String,
    /// Whether the step made no layer.
    pub empty_layer: bool,
}

impl Config {
    /// Reads a config.
    ///
    /// # Errors
    /// When the bytes are no JSON object or a field that slim reads has another shape; the text names image and field.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let no = |reason: String| StoreError::NotAnImage { name: name.into(), reason };
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| no(format!("the config is not JSON: {error}")))?;
        if !value.is_object() {
            return Err(no("the config is no JSON object".into()));
        }
        let config = Self { value };
        config.check().map_err(|reason| no(format!("config: {reason}")))?;
        Ok(config)
    }

    /// The whole document.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The program and its first arguments; empty when there is none.
    pub fn entrypoint(&self) -> Vec<String> {
        self.strings("Entrypoint")
    }

    /// The default arguments, or the program when there is no entrypoint.
    pub fn cmd(&self) -> Vec<String> {
        self.strings("Cmd")
    }

    /// The environment, `NAME=value` each, in its order.
    pub fn env(&self) -> Vec<String> {
        self.strings("Env")
    }

    /// The shell of the shell form of instructions; empty when it is the default.
    pub fn shell(&self) -> Vec<String> {
        self.strings("Shell")
    }

    /// Instructions for images built upon this one.
    pub fn on_build(&self) -> Vec<String> {
        self.strings("OnBuild")
    }

    /// `user[:group]`, by name or number; empty for root.
    pub fn user(&self) -> &str {
        self.text("User")
    }

    /// Where the program starts; empty for `/`.
    pub fn working_dir(&self) -> &str {
        self.text("WorkingDir")
    }

    /// The healthcheck's test: `["CMD", …]`, `["CMD-SHELL", script]`, `["NONE"]`, or empty for none.
    pub fn healthcheck(&self) -> Vec<String> {
        strings(self.run("Healthcheck").and_then(|check| get(check.as_object()?, "Test")))
    }

    /// The labels. Some builders write `labels` beside `Labels`; both are read, the latter wins.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        let Some(run) = self.section() else { return labels };
        let other = run.iter().filter(|(key, _)| key.eq_ignore_ascii_case("Labels") && *key != "Labels");
        for map in other.map(|(_, value)| value).chain(run.get("Labels")).filter_map(Value::as_object) {
            labels.extend(map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
        }
        labels
    }

    /// The declared volumes (keys of `Volumes`).
    pub fn volumes(&self) -> Vec<String> {
        self.run("Volumes").and_then(Value::as_object).map_or_else(Vec::new, |map| map.keys().cloned().collect())
    }

    /// What the image is for. A config without architecture is taken for this machine's, without system for Linux.
    pub fn platform(&self) -> Platform {
        let field = |key: &str| self.value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let host = Platform::host();
        Platform::new(
            field("os").unwrap_or("linux"),
            field("architecture").unwrap_or(&host.architecture),
            field("variant"),
        )
    }

    /// The digests of the layers' plain tars, lowest first.
    pub fn diff_ids(&self) -> Vec<Digest> {
        let list = self.value.pointer("/rootfs/diff_ids").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|text| text.as_str()?.parse().ok()).collect()
    }

    /// The history, oldest first; empty when there is none.
    pub fn history(&self) -> Vec<HistoryEntry> {
        let list = self.value.get("history").and_then(Value::as_array);
        let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        list.into_iter()
            .flatten()
            .map(|entry| HistoryEntry {
                created_by: text(entry, "created_by"),
                comment: text(entry, "comment"),
                created: text(entry, "created"),
                empty_layer: entry.get("empty_layer").and_then(Value::as_bool).unwrap_or(false),
            })
            .collect()
    }

    /// Which history entry made each layer.
    ///
    /// # Errors
    /// When there is a history and its steps are not as many as the `layers`: what the two numbers are.
    pub fn history_of_layers(&self, layers: usize) -> Result<Vec<Option<usize>>, String> {
        let history = self.history();
        if history.is_empty() {
            return Ok(vec![None; layers]);
        }
        let made: Vec<Option<usize>> =
            history.iter().enumerate().filter(|(_, entry)| !entry.empty_layer).map(|(i, _)| Some(i)).collect();
        if made.len() != layers {
            return Err(format!("{layers} layers, but the history tells of {}", made.len()));
        }
        Ok(made)
    }

    /// The `config` object: what a container is started with.
    fn section(&self) -> Option<&Map<String, Value>> {
        self.value.get("config")?.as_object()
    }

    fn run(&self, key: &str) -> Option<&Value> {
        get(self.section()?, key)
    }

    fn strings(&self, key: &str) -> Vec<String> {
        strings(self.run(key))
    }

    fn text(&self, key: &str) -> &str {
        self.run(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn check(&self) -> Result<(), String> {
        let is_text = |value: &Value| value.is_string();
        let list = |value: &Value| value.is_null() || value.as_array().is_some_and(|list| list.iter().all(is_text));
        let map = |value: &Value| value.is_null() || value.is_object();
        let text = |value: &Value| value.is_null() || value.is_string();
        let check = |what: &str, value: Option<&Value>, good: &dyn Fn(&Value) -> bool, expected: &str| match value {
            Some(value) if !good(value) => Err(format!("{what}: expected {expected}")),
            _ => Ok(()),
        };
        for key in ["os", "architecture", "variant", "created"] {
            check(key, self.value.get(key), &text, "a text")?;
        }
        check("config", self.value.get("config"), &map, "an object")?;
        check("rootfs", self.value.get("rootfs"), &map, "an object")?;
        for key in ["Entrypoint", "Cmd", "Env", "Shell", "OnBuild"] {
            check(&format!("config.{key}"), self.run(key), &list, "a list of texts")?;
        }
        for key in ["User", "WorkingDir"] {
            check(&format!("config.{key}"), self.run(key), &text, "a text")?;
        }
        for key in ["Labels", "Volumes", "Healthcheck"] {
            check(&format!("config.{key}"), self.run(key), &map, "an object")?;
        }
        let test = self.run("Healthcheck").and_then(|healthcheck| healthcheck.get("Test"));
        check("config.Healthcheck.Test", test, &list, "a list of texts")?;
        let digests = |value: &Value| {
            list(value)
                && value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .all(|v| v.as_str().is_some_and(|v| v.parse::<Digest>().is_ok()))
        };
        check("rootfs.diff_ids", self.value.pointer("/rootfs/diff_ids"), &digests, "a list of digests")?;
        let objects =
            |value: &Value| value.is_null() || value.as_array().is_some_and(|l| l.iter().all(Value::is_object));
        check("history", self.value.get("history"), &objects, "a list of objects")
    }
}

/// A field by its name, or by a name that differs in case: container engines read configs that way (Go's `encoding/json`).
fn get<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).or_else(|| map.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value))
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: Value) -> Config {
        Config::parse("toy", value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn readers_answer() {
        let config = parse(json!({
            "architecture": "arm64", "os": "linux", "variant": "v8",
            "config": {
                "Entrypoint": ["/start"], "Cmd": null, "env": ["PATH=/bin"], "User": "app:app", "WorkingDir": "/srv",
                "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 5}, "Volumes": {"/data": {}},
                "labels": {"a": "lower", "b": "only lower"}, "Labels": {"a": "upper"}
            },
            "rootfs": {"type": "layers", "diff_ids": [Digest::of(b"1"), Digest::of(b"2")]},
            "history": [{"created_by": "ADD"}, {"empty_layer": true, "comment": "x"}, {"created_by": "RUN"}]
        }));
        assert_eq!(config.entrypoint(), ["/start"]);
        assert!(config.cmd().is_empty() && config.on_build().is_empty() && config.shell().is_empty());
        assert_eq!(config.env(), ["PATH=/bin"]);
        assert_eq!((config.user(), config.working_dir()), ("app:app", "/srv"));
        assert_eq!(config.healthcheck(), ["CMD-SHELL", "true"]);
        assert_eq!(config.volumes(), ["/data"]);
        let labels: Vec<(String, String)> = config.labels().into_iter().collect();
        assert_eq!(labels, [("a".into(), "upper".into()), ("b".into(), "only lower".into())]);
        assert_eq!(config.platform().to_string(), "linux/arm64");
        assert_eq!(config.diff_ids(), [Digest::of(b"1"), Digest::of(b"2")]);
        assert_eq!(config.history_of_layers(2), Ok(vec![Some(0), Some(2)]));
        assert_eq!(config.history_of_layers(3), Err("3 layers, but the history tells of 2".into()));
    }

    #[test]
    fn null_and_nothing_are_empty() {
        for value in [json!({}), json!({"config": null, "rootfs": {"diff_ids": null}, "history": null})] {
            let config = parse(value);
            assert!(config.entrypoint().is_empty() && config.labels().is_empty() && config.healthcheck().is_empty());
            assert!(config.diff_ids().is_empty() && config.history().is_empty());
            assert_eq!(config.history_of_layers(1), Ok(vec![None]));
            assert_eq!(config.platform().os, "linux");
        }
    }

    #[test]
    fn other_shapes_are_refused_by_name() {
        for (value, reason) in [
            (json!([]), "no JSON object"),
            (json!({"config": {"Entrypoint": "sh"}}), "config.Entrypoint: expected a list of texts"),
            (json!({"config": {"Cmd": [1]}}), "config.Cmd"),
            (json!({"config": {"User": 0}}), "config.User"),
            (json!({"config": {"Healthcheck": {"Test": "x"}}}), "config.Healthcheck.Test"),
            (json!({"rootfs": {"diff_ids": ["sha256:1"]}}), "rootfs.diff_ids: expected a list of digests"),
            (json!({"history": ["x"]}), "history"),
            (json!({"os": 1}), "os: expected a text"),
        ] {
            let error = Config::parse("toy", value.to_string().as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("toy: not an image: ") && error.contains(reason), "{error}");
        }
    }
}
