//! The configuration file of a stack's processes.

use std::{io, path::Path};

use serde_json::{Value, json};

use crate::local::{HubAccount, LocalError, ModelServer, RunFolder, nats::write_private as write, postgres::Database};

/// Settings that differ from the defaults.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    all: Value,
}

impl Settings {
    /// Where everything is.
    pub(super) fn new(folder: &RunFolder, etc: &Path, hub: &HubAccount, database: &Database) -> Self {
        let all = json!({
            "nats": {"url": hub.url(), "credentials": hub.credentials()},
            "database": {"url": database.app_url, "migrate_url": database.owner_url},
            "blobs": {"url": format!("file://{}", folder.path().join("blobs").display())},
            "auth": {
                "public_key": etc.join(super::token::PUBLIC_KEY),
                "private_key": etc.join(super::token::PRIVATE_KEY),
            },
            "accounts": {
                "operator_seed": hub.site().operator_seed(),
                "system_credentials": hub.site().system_credentials(),
            },
            // Shorter than the patience of the guards.
            "shutdown": {"grace_ms": 5_000},
        });
        Self { all }
    }

    /// Puts settings in the place of those that are there.
    pub(super) fn put(&mut self, more: Value) {
        merge(&mut self.all, more);
    }

    /// The variables that would override these settings; the processes must not see them.
    pub(super) fn variables(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect("SBA_", &self.all, &mut names);
        names
    }

    /// Writes the file, which holds secrets.
    pub(super) fn write(&self, path: &Path) -> Result<(), LocalError> {
        let text = toml::to_string(&self.all)
            .map_err(|error| LocalError::io("the configuration cannot be written")(io::Error::other(error)))?;
        write(path, &text, 0o600)
    }
}

/// What has the processes use the embedded language model, within its means.
pub(super) fn model(server: &ModelServer) -> Value {
    json!({"model": {
        "provider": "openai",
        "name": server.model(),
        "base_url": format!("{}/", server.base_url()),
        "api_key": server.api_key(),
        // Its chat template knows no tools; llama.cpp holds an answer to any schema.
        "tool_calls": "schema",
        "temperature": 0.0,
        "context_tokens": server.context(),
        "keep_to_sources": true,
        "max_output_tokens": 160,
    }})
}

pub(super) fn merge(all: &mut Value, more: Value) {
    match (all, more) {
        (Value::Object(all), Value::Object(more)) => {
            for (key, value) in more {
                merge(all.entry(key).or_insert(Value::Null), value);
            }
        }
        (all, more) => *all = more,
    }
}

fn collect(path: &str, value: &Value, names: &mut Vec<String>) {
    let Value::Object(settings) = value else {
        names.push(path.to_owned());
        return;
    };
    for (key, value) in settings {
        let separator = if path.len() > "SBA_".len() { "__" } else { "" };
        collect(&format!("{path}{separator}{}", key.to_ascii_uppercase()), value, names);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn settings_are_merged_and_name_the_variables_that_would_override_them() {
        let mut settings = Settings { all: json!({"nats": {"replicas": 1, "url": "x"}}) };
        settings.put(json!({"model": {"scripted": {"text": "a \"quoted\" word"}}, "nats": {"replicas": 3}}));
        let mut names = settings.variables();
        names.sort();
        assert_eq!(names, ["SBA_MODEL__SCRIPTED__TEXT", "SBA_NATS__REPLICAS", "SBA_NATS__URL"]);
        let read: toml::Table = toml::to_string(&settings.all).unwrap().parse().unwrap();
        assert_eq!(read["model"]["scripted"]["text"].as_str(), Some("a \"quoted\" word"));
        assert_eq!(read["nats"]["replicas"].as_integer(), Some(3));
    }
}
