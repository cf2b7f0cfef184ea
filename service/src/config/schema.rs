//! The published schema, and the commented default file made from it.

use std::{fmt::Write as _, sync::LazyLock};

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::Config;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
});

/// The JSON schema of the configuration (draft 2020-12).
#[must_use]
pub fn schema() -> Value {
    SCHEMA.clone()
}

/// A TOML file that sets every setting to its default, each with its description.
#[must_use]
pub fn default_file() -> String {
    let mut out = String::from(
        "# Every setting of SBA with its default.\n\
         # A variable wins over this file: SBA_NATS__URL is the setting url in [nats].\n\
         # Secrets may be written as \"file:/path\" or \"env:NAME\".\n",
    );
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    for (name, node) in properties(&SCHEMA) {
        table(&mut out, name, node, &defaults[name]);
    }
    out
}

/// Whether a setting is text, so that a variable's value must not be read as a number or a list.
pub(super) fn is_text(keys: &[&str]) -> bool {
    let kind = |name: &Value| matches!(name.as_str(), Some("integer" | "number" | "boolean" | "array"));
    node(keys).is_none_or(|node| match &node["type"] {
        Value::Array(several) => !several.iter().any(kind),
        one => !kind(one),
    })
}

/// Whether a setting's value must not be repeated in an error.
pub(super) fn is_secret(keys: &[&str]) -> bool {
    let secret = |node: &Value| node["writeOnly"] == true;
    node(keys).is_some_and(|node| secret(node) || branches(node).iter().any(secret))
}

fn node(keys: &[&str]) -> Option<&'static Value> {
    // A section of named things has the same settings for each name.
    let below = |node: &'static Value, key: &&str| {
        let named = node.get("additionalProperties").filter(|named| named.is_object());
        node["properties"].get(key).or(named)
    };
    keys.iter().try_fold(&*SCHEMA, below)
}

fn properties(node: &Value) -> impl Iterator<Item = (&String, &Value)> {
    node["properties"].as_object().into_iter().flat_map(Map::iter)
}

fn branches(node: &Value) -> &[Value] {
    let any = node["anyOf"].as_array().or_else(|| node["oneOf"].as_array());
    any.map_or(&[], Vec::as_slice)
}

/// Writes one `[section]`: its settings, then its sub-sections, as TOML demands.
fn table(out: &mut String, path: &str, section: &Value, defaults: &Value) {
    let _ = writeln!(out);
    comment(out, section["description"].as_str().unwrap_or_default());
    let _ = writeln!(out, "[{path}]");
    let nested = |node: &Value| node["properties"].is_object();
    for (name, node) in properties(section).filter(|(_, node)| !nested(node)) {
        setting(out, name, node, &defaults[name]);
    }
    for (name, node) in properties(section).filter(|(_, node)| nested(node)) {
        table(out, &format!("{path}.{name}"), node, &defaults[name]);
    }
}

fn setting(out: &mut String, name: &str, node: &Value, default: &Value) {
    comment(out, node["description"].as_str().unwrap_or_default());
    for choice in branches(node).iter().filter(|choice| choice["const"].is_string()) {
        let text = choice["description"].as_str().unwrap_or_default();
        comment(out, &format!("  {}: {text}", choice["const"]));
    }
    let _ = match default {
        Value::Null => writeln!(out, "#{name} = \"\""),
        // TOML and JSON spell numbers, truth values, plain strings and lists of them alike.
        value => writeln!(out, "{name} = {value}"),
    };
}

fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "# {line}");
    }
}
