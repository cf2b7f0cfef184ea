//! Why work could not be done.

use std::error::Error;

use sba_service::publish::PublishFailure;
use sba_store::{StoreError, blob::BlobError};
use sba_subjects::run::Failure;

use crate::ingest::{embed::EmbedError, parse::ParseError};

/// Why a job or a tool did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct WorkError {
    /// Stable code, e.g. `tool_params_invalid`.
    pub code: &'static str,
    /// One sentence for a person.
    pub message: String,
    /// Whether the same may succeed at another time.
    pub retryable: bool,
    /// What it came from.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl WorkError {
    /// An error that every further try would meet too.
    pub fn lasting(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: false, source: None }
    }

    /// An error that may be gone at the next try.
    pub fn passing(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: true, source: None }
    }

    /// The same with what it came from.
    #[must_use]
    pub fn caused_by(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// What whoever waits is told.
    #[must_use]
    pub fn failure(&self) -> Failure {
        Failure::new(self.code, self.message.clone())
    }

    /// The error and all that it came from, for a log line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            let next = error.to_string();
            // Many errors repeat what they came from.
            if !text.contains(&next) {
                text = format!("{text}: {next}");
            }
            cause = error.source();
        }
        text
    }
}

impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        let retryable = error.is_transient();
        Self { code: error.code(), message: error.to_string(), retryable, source: Some(Box::new(error)) }
    }
}

impl From<BlobError> for WorkError {
    fn from(error: BlobError) -> Self {
        let retryable = error.is_transient();
        Self { code: error.code(), message: error.to_string(), retryable, source: Some(Box::new(error)) }
    }
}

impl From<PublishFailure> for WorkError {
    fn from(error: PublishFailure) -> Self {
        let retryable = error.is_transient();
        Self { code: error.code(), message: error.to_string(), retryable, source: Some(Box::new(error)) }
    }
}

impl From<EmbedError> for WorkError {
    fn from(error: EmbedError) -> Self {
        Self::passing(error.code(), error.to_string()).caused_by(error)
    }
}

impl From<ParseError> for WorkError {
    fn from(error: ParseError) -> Self {
        let retryable = error.is_retryable();
        Self { code: error.code(), message: error.to_string(), retryable, source: None }
    }
}
