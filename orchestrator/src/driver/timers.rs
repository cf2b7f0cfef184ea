//! What a timer fired becomes a command for its run.

use std::{sync::Arc, time::Duration};

use async_nats::{
    HeaderMap,
    jetstream::{AckKind, Message, consumer::PullConsumer},
};
use futures::StreamExt as _;
use sba_service::{
    publish::{self, PublishFailure},
    pull::PullError,
    shutdown::Shutdown,
};
use sba_subjects::{consumer, name::Verb, stream::Stream, subject::Subject};

use super::Driver;

/// Pause before what could not be forwarded is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Copies what timers fired to the queue of commands, until the soft request to stop.
///
/// At least once: the copy has the id that the timer was set with, so a run knows a second one.
///
/// # Errors
/// [`PullError`] when the consumer is gone.
pub async fn forward(driver: Arc<Driver>, shutdown: &Shutdown) -> Result<(), PullError> {
    let failed =
        |error: &dyn std::fmt::Display| PullError { queue: consumer::TIMERS.to_owned(), reason: error.to_string() };
    let fired: PullConsumer = driver
        .jetstream
        .get_consumer_from_stream(consumer::TIMERS, Stream::Timers.as_str())
        .await
        .map_err(|error| failed(&error))?;
    let mut messages = fired.messages().await.map_err(|error| failed(&error))?;
    let soft = shutdown.soft();
    loop {
        let message = tokio::select! {
            biased;
            () = soft.cancelled() => return Ok(()),
            message = messages.next() => message.ok_or_else(|| failed(&"the stream of timers ended"))?,
        };
        match message {
            Ok(message) => driver.pass_on(&message).await,
            Err(error) => tracing::warn!(%error, "timers could not be pulled; trying again"),
        }
    }
}

impl Driver {
    async fn pass_on(&self, message: &Message) {
        let kind = match self.copy(message).await {
            Ok(()) => AckKind::Ack,
            Err(error) => {
                tracing::warn!(%error, subject = %message.subject, "a timer was not passed on; trying again");
                AckKind::Nak(Some(PAUSE))
            }
        };
        if let Err(error) = message.ack_with(kind).await {
            tracing::debug!(%error, "a timer was not acknowledged and will be passed on again");
        }
    }

    async fn copy(&self, message: &Message) -> Result<(), PublishFailure> {
        let Ok(Subject::Fired { tenant, run, .. }) = message.subject.as_str().parse() else {
            tracing::error!(subject = %message.subject, "a timer fired that is none; passing over it");
            return Ok(());
        };
        let subject = Subject::Cmd { tenant, run, verb: Verb::Timer };
        let (body, deadline) = (message.payload.clone(), self.limits.publish);
        publish::confirmed(&self.jetstream, &subject, HeaderMap::new(), body, deadline).await.map(drop)
    }
}
