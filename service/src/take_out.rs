//! Taking a message out of a stream.

use async_nats::jetstream::{Context, stream::RawMessageErrorKind};
use sba_subjects::{stream::Stream, subject::Subject};

/// A message that may still stand in its stream.
#[derive(Debug, thiserror::Error)]
#[error("it was not taken out of its stream: {0}")]
pub struct NotTakenOut(String);

/// Takes the last message of a subject out of its stream, where one stands there.
///
/// By its sequence: a purge by subject makes the server (2.15.1) lose count of what else the stream's consumer has under
/// way, and what it forgets it never delivers again.
///
/// # Errors
/// [`NotTakenOut`] when it is not known to be gone.
pub async fn take_out(jetstream: &Context, stream: Stream, subject: &Subject) -> Result<(), NotTakenOut> {
    let failed = |error: &dyn std::fmt::Display| NotTakenOut(error.to_string());
    let stream = jetstream.get_stream_no_info(stream.as_str()).await;
    let (stream, subject) = (stream.map_err(|error| failed(&error))?, subject.to_string());
    let stands = async || match stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => Ok(Some(message.sequence)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(failed(&error)),
    };
    let Some(sequence) = stands().await? else { return Ok(()) };
    match stream.delete_message(sequence).await {
        // Whoever reads the stream may have been faster.
        Err(error) if stands().await?.is_some() => Err(failed(&error)),
        _ => Ok(()),
    }
}
