//! Messages to JetStream: said and stored, or an error that tells what is known.

use std::{error::Error as _, time::Duration};

use async_nats::{
    HeaderMap,
    jetstream::{
        self, Context, ErrorCode,
        context::{PublishError, PublishErrorKind},
        message::PublishMessage,
    },
};
use bytes::Bytes;
use sba_subjects::{
    codec::{self, CodecError},
    subject::Subject,
};
use serde::Serialize;
use tokio::time::timeout;

use crate::telemetry::trace;

/// What the server says to a message whose subject is taken (error 10077, which has other meanings too).
const TAKEN: &str = "maximum messages per subject exceeded";

/// A message that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was stored now, at this sequence of its stream.
    Now(u64),
    /// The queue takes one message for a subject, and that one stands in it already.
    Already,
}

/// Why a message is not known to be stored.
#[derive(Debug, thiserror::Error)]
pub enum PublishFailure {
    /// The stream has no room. Nothing was stored.
    #[error("the stream is full")]
    Full(#[source] PublishError),
    /// As many commands wait for the run as may. Nothing was stored.
    #[error("too many commands wait for the run")]
    Crowded(#[source] PublishError),
    /// The message is larger than the stream takes. Nothing was stored.
    #[error("the message has {bytes} bytes, more than the stream takes")]
    TooLarge {
        /// Size of its body.
        bytes: usize,
        /// What was answered.
        source: PublishError,
    },
    /// Whether it was stored is not known: the same may be said again.
    #[error("JetStream did not confirm the message")]
    Unknown(#[source] PublishError),
    /// Nothing was answered in time. Whether it was stored is not known: the same may be said again.
    #[error("JetStream did not confirm the message within {} ms", .0.as_millis())]
    Unanswered(Duration),
    /// It has no CBOR form.
    #[error("the message cannot be encoded")]
    Encode(#[from] CodecError),
}

impl PublishFailure {
    /// Stable code, for logs and answers.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Full(_) => "stream_full",
            Self::Crowded(_) => "too_many_commands",
            Self::TooLarge { .. } => "message_too_large",
            Self::Unknown(_) | Self::Unanswered(_) => "publish_unconfirmed",
            Self::Encode(_) => "message_unsayable",
        }
    }

    /// Whether the same message may be stored at another time.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Crowded(_) | Self::Unknown(_) | Self::Unanswered(_))
    }
}

/// Publishes a message within the current span's trace, and waits until it is stored, for at most `deadline`.
///
/// # Errors
/// See [`PublishFailure`].
pub async fn message<T: Serialize>(
    jetstream: &Context,
    subject: &Subject,
    message: &T,
    deadline: Duration,
) -> Result<Stored, PublishFailure> {
    let mut headers = HeaderMap::new();
    trace::inject(&mut headers);
    confirmed(jetstream, subject, headers, codec::encode(message)?, deadline).await
}

/// Publishes bytes and waits until they are stored, for at most `deadline`.
///
/// # Errors
/// All of [`PublishFailure`] but `Encode`.
pub async fn confirmed(
    jetstream: &Context,
    subject: &Subject,
    headers: HeaderMap,
    body: Bytes,
    deadline: Duration,
) -> Result<Stored, PublishFailure> {
    let bytes = body.len();
    let message = PublishMessage::build().headers(headers).payload(body);
    let stored = async { jetstream.send_publish(subject.to_string(), message).await?.await };
    match timeout(deadline, stored).await {
        Ok(Ok(ack)) => Ok(Stored::Now(ack.sequence)),
        Ok(Err(error)) => refused(subject, error, bytes),
        Err(_) => Err(PublishFailure::Unanswered(deadline)),
    }
}

fn refused(subject: &Subject, error: PublishError, bytes: usize) -> Result<Stored, PublishFailure> {
    if error.kind() == PublishErrorKind::MaxPayloadExceeded {
        return Err(PublishFailure::TooLarge { bytes, source: error });
    }
    let said = error.source().and_then(|source| source.downcast_ref::<jetstream::Error>());
    let Some((code, taken)) = said.map(|said| (said.error_code(), said.to_string().contains(TAKEN))) else {
        return Err(PublishFailure::Unknown(error));
    };
    match code {
        // Other queues hold one message for a subject; a run's commands of one verb are many.
        ErrorCode::STREAM_STORE_FAILED if taken && matches!(subject, Subject::Cmd { .. }) => {
            Err(PublishFailure::Crowded(error))
        }
        ErrorCode::STREAM_STORE_FAILED if taken => Ok(Stored::Already),
        ErrorCode::STREAM_STORE_FAILED
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::STREAM_MAX_STREAM_BYTES_EXCEEDED => Err(PublishFailure::Full(error)),
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => Err(PublishFailure::TooLarge { bytes, source: error }),
        _ => Err(PublishFailure::Unknown(error)),
    }
}
