//! Dead letters.

use async_nats::{HeaderMap, jetstream::Message};
use sba_subjects::subject::{DeadLetter, Subject};

use super::Driver;

impl Driver {
    /// Stores a message as a dead letter, with its headers, why, and how often it was tried.
    ///
    /// A message whose subject has no dead letters is dropped: no process of SBA publishes such.
    pub(super) async fn bury(
        &self,
        message: &Message,
        reason: &'static str,
        detail: &str,
        deliveries: u32,
    ) -> Result<(), async_nats::jetstream::context::PublishError> {
        let origin = message.subject.as_str().parse().ok().and_then(DeadLetter::of);
        let Some(dead) = origin else { return Ok(()) };
        self.metrics.dead_letter(dead.origin().as_str());
        // What the server itself put on the message is not said again: it would be obeyed again.
        let mut headers = HeaderMap::new();
        for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
            if !name.to_string().starts_with("Nats-") {
                for value in values {
                    headers.append(name.clone(), value.clone());
                }
            }
        }
        headers.insert("Sba-Dead-Reason", reason);
        headers.insert("Sba-Dead-Detail", detail.chars().filter(|c| !c.is_control()).take(500).collect::<String>());
        headers.insert("Sba-Dead-Attempts", deliveries.to_string());
        let subject = Subject::Dead(dead).to_string();
        self.jetstream.publish_with_headers(subject, headers, message.payload.clone()).await?.await.map(drop)
    }
}
