//! Dead letters.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{Context, Message},
};
use bytes::Bytes;
use sba_subjects::{
    dead,
    subject::{DeadLetter, Subject},
};
use time::format_description::well_known::Rfc3339;

use crate::{
    metrics::Metrics,
    publish::{self, PublishFailure},
};

/// The longest detail in a header, in characters.
const MAX_DETAIL: usize = 500;

/// The longest wait for the letter to be stored.
const DEADLINE: Duration = Duration::from_secs(10);

/// Stores a message as a dead letter: its body and its own headers, why, how often it was tried, and where it stood.
///
/// A body that fills its message leaves no room for these headers: it is left out, and its size said. A message whose
/// subject has no dead letters is only logged: no process of SBA publishes such.
///
/// # Errors
/// [`PublishFailure`] when the letter is not known to be stored; the message must not be terminated then.
pub async fn bury(
    jetstream: &Context,
    metrics: &Metrics,
    message: &Message,
    reason: &str,
    detail: &str,
    attempts: u32,
) -> Result<(), PublishFailure> {
    let Some(letter) = message.subject.as_str().parse().ok().and_then(DeadLetter::of) else {
        tracing::error!(subject = %message.subject, reason, "a message without a place among the dead is dropped");
        return Ok(());
    };
    let origin = letter.origin();
    let subject = Subject::Dead(letter);
    let mut headers = headers(message, reason, detail, attempts);
    let body = message.payload.clone();
    match publish::confirmed(jetstream, &subject, headers.clone(), body, DEADLINE).await {
        Err(PublishFailure::TooLarge { bytes, .. }) => {
            headers.insert(dead::DROPPED_BYTES, bytes.to_string());
            publish::confirmed(jetstream, &subject, headers, Bytes::new(), DEADLINE).await?;
        }
        stored => drop(stored?),
    }
    metrics.dead_letter(origin.as_str());
    Ok(())
}

fn headers(message: &Message, reason: &str, detail: &str, attempts: u32) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
        if dead::keeps(name.as_ref()) {
            values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
        }
    }
    headers.insert(dead::REASON, reason);
    headers.insert(dead::DETAIL, detail.chars().filter(|c| !c.is_control()).take(MAX_DETAIL).collect::<String>());
    headers.insert(dead::ATTEMPTS, attempts.to_string());
    if let Ok(info) = message.info() {
        headers.insert(dead::STREAM, info.stream);
        headers.insert(dead::SEQUENCE, info.stream_sequence.to_string());
        if let Ok(time) = info.published.format(&Rfc3339) {
            headers.insert(dead::TIME, time);
        }
    }
    headers
}
