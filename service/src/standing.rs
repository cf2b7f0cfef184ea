//! What stands on a subject now: in a queue, where it waits or is being worked on, or where the last message is kept.

use std::time::Duration;

use async_nats::jetstream::{Context, stream::RawMessageErrorKind};
use bytes::Bytes;
use sba_subjects::stream::Stream;
use tokio::time::timeout;

/// The stream did not say.
#[derive(Debug, thiserror::Error)]
#[error("the stream {stream} did not answer: {reason}")]
pub struct Unanswered {
    /// The stream.
    pub stream: Stream,
    /// Why.
    pub reason: String,
}

/// The last message on a subject, or on one that a pattern covers, as the leader of the stream knows.
///
/// # Errors
/// [`Unanswered`] when it is not known within `deadline`.
pub async fn last(
    jetstream: &Context,
    stream: Stream,
    subject: &str,
    deadline: Duration,
) -> Result<Option<Bytes>, Unanswered> {
    let unanswered = |reason: String| Unanswered { stream, reason };
    let look = async {
        let found = jetstream.get_stream_no_info(stream.as_str()).await;
        match found.map_err(|error| unanswered(error.to_string()))?.get_last_raw_message_by_subject(subject).await {
            Ok(message) => Ok(Some(message.payload)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(unanswered(error.to_string())),
        }
    };
    timeout(deadline, look).await.unwrap_or_else(|_| Err(unanswered("no answer in time".to_owned())))
}

/// Whether there is one on any of these subjects.
///
/// # Errors
/// As [`last`].
pub async fn stands(
    jetstream: &Context,
    stream: Stream,
    subjects: impl IntoIterator<Item: ToString>,
    deadline: Duration,
) -> Result<bool, Unanswered> {
    for subject in subjects {
        if last(jetstream, stream, &subject.to_string(), deadline).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
