//! Why work could not be done.

use std::error::Error;

use sba_service::{config::Tries, publish::PublishFailure};
use sba_store::{StoreError, blob::BlobError};
use sba_subjects::run::Failure;

use crate::ingest::{embed::EmbedError, parse::ParseError};

/// The longest message that is passed on, in characters: a tool may repeat in it what somebody else's server said.
const MAX_MESSAGE: usize = 2_000;

/// Why a job or a tool did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct WorkError {
    /// Stable code, e.g. `tool_params_invalid`.
    pub code: &'static str,
    /// One sentence for a person.
    pub message: String,
    /// Whether and when the same may succeed.
    pub again: Again,
    /// What it came from.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// Whether and when work that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Every further try would meet the same.
    Never,
    /// The next try may do it; so many tries as a job has.
    Counted,
    /// What the work stands on is out of reach: tries go on for as long as an outage may last, and none is counted.
    WhenBack,
}

impl Again {
    /// What the error of a store says of itself.
    const fn of(transient: bool) -> Self {
        if transient { Self::WhenBack } else { Self::Never }
    }
}

impl WorkError {
    /// An error that every further try would meet too.
    pub fn lasting(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), again: Again::Never, source: None }
    }

    /// An error that may be gone at the next try.
    pub fn passing(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), again: Again::Counted, source: None }
    }

    /// The same with what it came from.
    #[must_use]
    pub fn caused_by(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// Whether the work is tried again after `attempt` tries of it.
    pub(crate) fn is_tried_again(&self, tries: &Tries, attempt: u32) -> bool {
        let barred = tries.never.iter().any(|code| code == self.code);
        self.again == Again::Counted && attempt < tries.deliveries && !barred
    }

    /// What becomes of a job whose failure was told to whoever waits: one that might have been done, and was not, is a
    /// dead letter; one that no try would have done is settled by its answer.
    pub(crate) fn exhausted(self) -> Result<(), Self> {
        if self.again == Again::Never { Ok(()) } else { Err(Self { again: Again::Never, ..self }) }
    }

    /// What whoever waits is told: as much of it as a person reads.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let mut message: String = self.message.chars().take(MAX_MESSAGE).collect();
        if message.len() < self.message.len() {
            message.push('…');
        }
        Failure::new(self.code, message)
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
        let again = Again::of(error.is_transient());
        Self { code: error.code(), message: error.to_string(), again, source: Some(Box::new(error)) }
    }
}

impl From<BlobError> for WorkError {
    fn from(error: BlobError) -> Self {
        let again = Again::of(error.is_transient());
        Self { code: error.code(), message: error.to_string(), again, source: Some(Box::new(error)) }
    }
}

impl From<PublishFailure> for WorkError {
    fn from(error: PublishFailure) -> Self {
        let again = Again::of(error.is_transient());
        Self { code: error.code(), message: error.to_string(), again, source: Some(Box::new(error)) }
    }
}

impl From<EmbedError> for WorkError {
    fn from(error: EmbedError) -> Self {
        Self::passing(error.code(), error.to_string()).caused_by(error)
    }
}

impl From<ParseError> for WorkError {
    fn from(error: ParseError) -> Self {
        let again = if error.is_retryable() { Again::Counted } else { Again::Never };
        Self { code: error.code(), message: error.to_string(), again, source: None }
    }
}
