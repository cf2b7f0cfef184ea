//! Dead letters.

use async_nats::{
    HeaderMap,
    jetstream::{Message, context::PublishError},
};
use sba_subjects::subject::{DeadLetter, Subject};

use super::Worker;
use crate::error::WorkError;

/// The longest detail in a header, in characters.
const MAX_DETAIL: usize = 500;

/// Stores a job as a dead letter, with its headers, why, and how often it was tried.
///
/// A message whose subject is none of SBA's is only logged: there is nothing to store it under.
pub(super) async fn bury(
    worker: &Worker,
    message: &Message,
    error: &WorkError,
    attempt: u32,
) -> Result<(), PublishError> {
    let original = message.subject.as_str().parse().ok().and_then(DeadLetter::of);
    let Some(dead) = original else { return Ok(()) };
    worker.metrics.dead_letter(dead.origin().as_str());
    let mut headers = HeaderMap::new();
    for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
        // What the server was told once it would obey again.
        if !name.to_string().to_ascii_lowercase().starts_with("nats-") {
            values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
        }
    }
    headers.insert("Sba-Dead-Reason", error.code);
    let detail = error.chain();
    headers.insert("Sba-Dead-Detail", detail.chars().filter(|c| !c.is_control()).take(MAX_DETAIL).collect::<String>());
    headers.insert("Sba-Dead-Attempts", attempt.to_string());
    let subject = Subject::Dead(dead).to_string();
    worker.jetstream.publish_with_headers(subject, headers, message.payload.clone()).await?.await.map(drop)
}
