//! Puts the layers together: file, then variables. The defaults are those of the structs.

use std::path::Path;

use figment::{
    Error, Figment, Metadata, Profile, Provider,
    error::Kind,
    value::{Dict, Map, Value},
};

use super::{Config, ConfigError, schema};

/// One place that settings come from.
struct Layer {
    origin: String,
    settings: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.settings.clone()))
    }
}

pub(super) fn process_variables() -> impl Iterator<Item = (String, String)> {
    // A variable that is not text is none of ours, or an empty one: both count as not set.
    std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
}

pub(super) fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut figment = Figment::new();
    if let Some(path) = file {
        figment = figment.merge(file_layer(path)?);
    }
    let mut ours: Vec<_> = variables.into_iter().filter_map(variable_layer).collect();
    ours.sort_by(|a, b| a.origin.cmp(&b.origin));
    figment = ours.into_iter().fold(figment, Figment::merge);
    figment.extract().map_err(|error| invalid(&error))
}

fn file_layer(path: &Path) -> Result<Layer, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let syntax = |line, problem| ConfigError::Syntax { path: path.to_owned(), line, problem };
    let table: toml::Table = toml::from_str(&text).map_err(|error| {
        // The error's own text quotes the line, which may hold a secret.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        syntax(before.matches('\n').count() + 1, error.message().to_owned())
    })?;
    let value = Value::serialize(table).map_err(|error| syntax(1, error.to_string()))?;
    let settings = value.into_dict().unwrap_or_default();
    Ok(Layer { origin: format!("file {}", path.display()), settings })
}

/// `None` for a variable that is not a setting: no `SBA_`, no level (`SBA_CONFIG`), or empty.
fn variable_layer((name, text): (String, String)) -> Option<Layer> {
    let path = name.strip_prefix("SBA_")?.to_ascii_lowercase();
    if !path.contains("__") || text.is_empty() {
        return None;
    }
    let keys: Vec<&str> = path.split("__").collect();
    // Only the setting's type tells whether `123` is a number or a password.
    let value = if schema::is_text(&keys) { Value::from(text) } else { parse(&text) };
    let settings = figment::util::nest(&keys.join("."), value).into_dict()?;
    Some(Layer { origin: format!("environment variable {name}"), settings })
}

fn parse(text: &str) -> Value {
    text.parse().unwrap_or_else(|_: std::convert::Infallible| Value::from(text))
}

fn invalid(error: &Error) -> ConfigError {
    let mut keys: Vec<&str> = error.path.iter().map(String::as_str).collect();
    let problem = match &error.kind {
        Kind::UnknownField(name, known) => {
            if keys.last() != Some(&name.as_str()) {
                keys.push(name);
            }
            format!("there is no such setting; there are {}", known.join(", "))
        }
        Kind::UnknownVariant(found, known) => {
            format!("found {found:?}, expected one of {}", known.join(", "))
        }
        Kind::InvalidType(..) | Kind::InvalidValue(..) if schema::is_secret(&keys) => "expected text".to_owned(),
        Kind::InvalidType(found, expected) => format!("found {found}, expected {expected}"),
        Kind::InvalidValue(found, expected) => format!("found {found}, expected {expected}"),
        other => other.to_string(),
    };
    let origin = error.metadata.as_ref().map_or("configuration", |from| from.name.as_ref());
    ConfigError::Invalid { key: keys.join("."), origin: origin.to_owned(), problem }
}
