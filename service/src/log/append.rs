//! Appending behind the fence.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{
        self, ErrorCode,
        context::{PublishError, PublishErrorKind},
        message::PublishMessage,
    },
};
use sba_subjects::{
    id::{RecordId, RunId, TenantKey},
    record::Record,
    subject::{Subject, filter},
};
use tokio::time::Instant;

use super::RunLog;
use crate::backoff::Backoff;

/// The fence: the last sequence of the run that the writer has seen.
const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";
/// What the fence looks at: both subjects of the run.
const EXPECTED_OVER: &str = "Nats-Expected-Last-Subject-Sequence-Subject";

/// Pauses before an append whose outcome is unknown is sent again.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(500));

/// Why a record was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another writer's record stands where this one was to go. It was read from the leader.
    #[error("another writer was first: record {by} stands at stream sequence {stream_sequence}")]
    Fenced {
        /// The record that stands there.
        by: RecordId,
        /// Where it stands.
        stream_sequence: u64,
    },
    /// Whether the record is stored could not be found out in time. It may yet be stored.
    #[error("whether the record is stored is not known after {waited_ms} ms: {last}")]
    Unknown {
        /// How long was tried, in milliseconds.
        waited_ms: u128,
        /// The last answer.
        last: String,
    },
    /// The stream has no room. Nothing was stored, by this try or an earlier one.
    #[error("the stream is full: {0}")]
    Full(String),
    /// The record is larger than the stream takes. Nothing was stored.
    #[error("the record has {bytes} bytes, more than the stream takes")]
    TooLarge {
        /// Size of its body.
        bytes: usize,
    },
}

impl AppendError {
    /// Stable code for logs and answers.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Fenced { .. } => "append_fenced",
            Self::Unknown { .. } => "append_unknown",
            Self::Full(_) => "stream_full",
            Self::TooLarge { .. } => "record_too_large",
        }
    }
}

/// What one try to append showed.
enum Outcome {
    Stored(u64),
    /// The server says that the fence does not hold: perhaps because an earlier try was stored.
    Refused(String),
    /// Time-out, a lost connection, or an answer that R3 gives while a proposal is under way.
    Unknown(String),
    Failed(AppendError),
}

impl RunLog {
    /// Appends a record where the last message of the run has stream sequence `fence` (0: where there is none).
    ///
    /// Returns the record's own stream sequence, which is the next fence. A try whose outcome is unknown is
    /// repeated, byte for byte, until `deadline`: the fence lets the same record in only once. `extra` headers
    /// (trace context) go along.
    ///
    /// # Errors
    /// [`AppendError::Fenced`] only when the leader shows another writer's record behind the fence;
    /// see there for the rest.
    pub async fn append(
        &self,
        tenant: &TenantKey,
        run: RunId,
        record: &Record,
        fence: u64,
        extra: &HeaderMap,
        deadline: Duration,
    ) -> Result<u64, AppendError> {
        let begun = Instant::now();
        let subject = Subject::Run { tenant: tenant.clone(), run, kind: record.kind }.to_string();
        let over = filter::run_log(tenant, run);
        let mut headers = record.headers.clone();
        for (name, values) in extra.iter() {
            for value in values {
                headers.append(name.clone(), value.clone());
            }
        }
        headers.insert(EXPECTED, fence.to_string());
        headers.insert(EXPECTED_OVER, over.as_str());
        let mut tries = 0;
        // Whether an earlier try may have stored the record.
        let mut unsure = false;
        loop {
            tries += 1;
            let said = match self.attempt(&subject, &headers, record).await {
                Outcome::Stored(sequence) => return Ok(sequence),
                Outcome::Failed(error) if !unsure => return Err(error),
                Outcome::Unknown(said) => {
                    unsure = true;
                    said
                }
                Outcome::Refused(said) => match self.settled(tenant, run, record, fence).await {
                    Some(settled) => return settled,
                    None => said,
                },
                Outcome::Failed(error) => match self.settled(tenant, run, record, fence).await {
                    Some(settled) => return settled,
                    None => error.to_string(),
                },
            };
            let pause = PAUSES.pause(tries);
            if begun.elapsed() + pause >= deadline {
                return Err(AppendError::Unknown { waited_ms: begun.elapsed().as_millis(), last: said });
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// What stands behind the fence, as the leader has it: the record, or another in its place; `None` where there is
    /// none, or no answer.
    async fn settled(
        &self,
        tenant: &TenantKey,
        run: RunId,
        record: &Record,
        fence: u64,
    ) -> Option<Result<u64, AppendError>> {
        let stored = self.next(tenant, run, fence + 1).await.ok().flatten()?;
        let (stream_sequence, by) = (stored.stream_sequence, stored.head.id);
        let own = by == record.head.id;
        Some(if own { Ok(stream_sequence) } else { Err(AppendError::Fenced { by, stream_sequence }) })
    }

    async fn attempt(&self, subject: &str, headers: &HeaderMap, record: &Record) -> Outcome {
        let message = PublishMessage::build().headers(headers.clone()).payload(record.body.clone());
        let answer = async { self.jetstream.send_publish(subject.to_owned(), message).await?.await };
        match tokio::time::timeout(self.answer, answer).await {
            Ok(Ok(ack)) => Outcome::Stored(ack.sequence),
            Ok(Err(error)) => read(&error, record.body.len()),
            Err(_) => Outcome::Unknown(format!("no answer within {} ms", self.answer.as_millis())),
        }
    }
}

/// What an error answer means for the record.
fn read(error: &PublishError, bytes: usize) -> Outcome {
    match error.kind() {
        PublishErrorKind::WrongLastSequence => Outcome::Refused(error.to_string()),
        PublishErrorKind::MaxPayloadExceeded => Outcome::Failed(AppendError::TooLarge { bytes }),
        _ => match server_code(error) {
            // R3: the same fence is under way with another proposal, which may or may not be committed.
            Some(ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT) => Outcome::Refused(error.to_string()),
            Some(ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM) => Outcome::Failed(AppendError::TooLarge { bytes }),
            Some(
                ErrorCode::STORAGE_RESOURCES_EXCEEDED
                | ErrorCode::INSUFFICIENT_RESOURCES
                | ErrorCode::STREAM_STORE_FAILED,
            ) => Outcome::Failed(AppendError::Full(error.to_string())),
            _ => Outcome::Unknown(error.to_string()),
        },
    }
}

/// The error code of the server's answer, where it answered.
fn server_code(error: &PublishError) -> Option<ErrorCode> {
    std::error::Error::source(error)?.downcast_ref::<jetstream::Error>().map(jetstream::Error::error_code)
}
