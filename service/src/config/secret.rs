//! Values that must never be printed.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

/// A secret: written in place, or as `file:/path` or `env:NAME`, which are read when the configuration is loaded.
///
/// `Debug`, `Display` and `Serialize` give `***`; only [`Secret::reveal`] gives the value.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

/// Why a secret could not be had. Never contains the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file behind `file:` cannot be read.
    #[error("the secret's file {path:?} cannot be read: {source}")]
    File {
        /// The path as it was configured.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The variable behind `env:` is not set, or is not text.
    #[error("the secret's environment variable {name:?} is not set")]
    Variable {
        /// The variable's name.
        name: String,
    },
    /// There is nothing in it.
    #[error("the secret is empty")]
    Empty,
}

impl Secret {
    /// Takes a value as it is: references are not followed.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Follows `file:` and `env:`; anything else is the value itself.
    ///
    /// Line ends at the end of a file are dropped.
    ///
    /// # Errors
    /// If the file or variable cannot be read, or the value is empty.
    pub fn resolve(reference: &str) -> Result<Self, SecretError> {
        let value = if let Some(path) = reference.strip_prefix("file:") {
            let text =
                std::fs::read_to_string(path).map_err(|source| SecretError::File { path: path.to_owned(), source })?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        } else if let Some(name) = reference.strip_prefix("env:") {
            variable(name).ok_or_else(|| SecretError::Variable { name: name.to_owned() })?
        } else {
            reference.to_owned()
        };
        if value.is_empty() { Err(SecretError::Empty) } else { Ok(Self(value)) }
    }

    /// The value itself. Hand it to what needs it; do not keep or format it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[expect(clippy::disallowed_methods, reason = "configuration is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl TryFrom<String> for Secret {
    type Error = SecretError;

    fn try_from(reference: String) -> Result<Self, SecretError> {
        Self::resolve(&reference)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "writeOnly": true })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::io::Write as _;

    use super::*;

    #[test]
    fn nothing_prints_the_value() {
        let secret = Secret::new("hunter2");
        let printed = format!("{secret:?} {secret} {}", serde_json::to_string(&secret).unwrap());
        assert_eq!(printed, "*** *** \"***\"");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn a_file_is_read_without_its_line_end() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, " key with spaces ").unwrap();
        let secret = Secret::resolve(&format!("file:{}", file.path().display())).unwrap();
        assert_eq!(secret.reveal(), " key with spaces ");
    }

    #[test]
    fn what_is_missing_or_empty_is_named() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let of = |reference: &str| Secret::resolve(reference).unwrap_err().to_string();
        assert_eq!(of(""), "the secret is empty");
        assert_eq!(of(&format!("file:{}", empty.path().display())), "the secret is empty");
        assert!(of("file:/no/such").starts_with("the secret's file \"/no/such\" cannot be read"));
        let unset = "the secret's environment variable \"SBA_NO_SUCH_NAME\" is not set";
        assert_eq!(of("env:SBA_NO_SUCH_NAME"), unset);
    }
}
