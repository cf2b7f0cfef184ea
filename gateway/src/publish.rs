//! Handing commands and jobs to JetStream: said and stored, or an error.

use async_nats::{
    HeaderMap,
    jetstream::{
        self, ErrorCode,
        context::{PublishError, PublishErrorKind},
        message::PublishMessage,
    },
};
use sba_subjects::{
    codec::{self, CodecError},
    subject::Subject,
};
use serde::Serialize;

use crate::{
    app::App,
    error::{ApiError, Code},
};

/// What the server says to a message that waits in its queue already (error 10077, which has other meanings too).
const QUEUED_ALREADY: &str = "maximum messages per subject exceeded";

/// Why a message is not known to be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishFailure {
    /// The same message waits already.
    #[error("the message is queued already")]
    Queued,
    /// The stream has no room. Nothing was stored.
    #[error("the stream is full")]
    Full(#[source] PublishError),
    /// The message is larger than the stream takes. Nothing was stored.
    #[error("the message is larger than the stream takes")]
    TooLarge(#[source] PublishError),
    /// Whether it was stored is not known.
    #[error("JetStream did not confirm the message")]
    Unknown(#[source] PublishError),
    /// It has no CBOR form.
    #[error("the message cannot be encoded")]
    Encode(#[from] CodecError),
}

impl From<PublishFailure> for ApiError {
    fn from(failure: PublishFailure) -> Self {
        let (code, message) = match failure {
            PublishFailure::Full(_) => (Code::StorageFull, "the queue has no room for another request"),
            PublishFailure::TooLarge(_) => (Code::PayloadTooLarge, "the request is larger than the queue takes"),
            PublishFailure::Unknown(_) => {
                let unknown = "it is not known whether the request was stored; send it again with an idempotency key";
                (Code::Unavailable, unknown)
            }
            PublishFailure::Queued | PublishFailure::Encode(_) => (Code::Internal, "the request could not be queued"),
        };
        Self::new(code, message).caused_by(failure)
    }
}

/// Publishes a message and waits until it is stored.
pub(crate) async fn acked<T: Serialize>(
    app: &App,
    subject: &Subject,
    message: &T,
    headers: HeaderMap,
) -> Result<(), PublishFailure> {
    let message = PublishMessage::build().headers(headers).payload(codec::encode(message)?);
    let sent = app.jetstream.send_publish(subject.to_string(), message).await;
    let stored = match sent {
        Ok(ack) => ack.await,
        Err(error) => Err(error),
    };
    stored.map(drop).map_err(failure)
}

fn failure(error: PublishError) -> PublishFailure {
    if error.kind() == PublishErrorKind::MaxPayloadExceeded {
        return PublishFailure::TooLarge(error);
    }
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<jetstream::Error>());
    let Some(answer) = source else { return PublishFailure::Unknown(error) };
    match answer.error_code() {
        ErrorCode::STREAM_STORE_FAILED if answer.to_string().contains(QUEUED_ALREADY) => PublishFailure::Queued,
        ErrorCode::STREAM_STORE_FAILED
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::STREAM_MAX_STREAM_BYTES_EXCEEDED => PublishFailure::Full(error),
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => PublishFailure::TooLarge(error),
        _ => PublishFailure::Unknown(error),
    }
}
