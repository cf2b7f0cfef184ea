//! Why a configuration cannot be used.

use std::path::PathBuf;

use super::Finding;

/// A configuration that cannot be used. No variant repeats the value of a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path:?} cannot be read: {source}")]
    Unreadable {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path:?} is not valid TOML at line {line}: {problem}")]
    Syntax {
        /// The file as it was named.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the parser missed.
        problem: String,
    },
    /// A setting is unknown or has a value of the wrong kind.
    #[error("{key} ({origin}): {problem}")]
    Invalid {
        /// The setting, e.g. `nats.replicas`.
        key: String,
        /// The file or the variable that it came from.
        origin: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// Values are out of range, or do not go together.
    #[error("the configuration cannot be used: {}", list(.0))]
    Check(Vec<Finding>),
}

impl ConfigError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "config_unreadable",
            Self::Syntax { .. } => "config_syntax",
            Self::Invalid { .. } => "config_invalid",
            Self::Check(_) => "config_check_failed",
        }
    }
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
