//! The queue of commands, and what becomes of each delivery.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{AckKind, Message, consumer::PullConsumer};
use futures::StreamExt as _;
use sba_service::{shutdown::Shutdown, telemetry::trace};
use sba_subjects::{
    codec::{self, CodecError},
    command::Command,
    consumer,
    id::{InvalidId, RunId, TenantKey},
    stream::Stream,
    subject::Subject,
};
use tokio::{sync::Semaphore, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::Driver;

/// First pause before a command that failed is delivered again; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What becomes of a delivery.
#[derive(Debug)]
pub(super) enum Fate {
    /// What was asked is stored or was settled before.
    Settled,
    /// It is to be delivered again, after a pause.
    Later(Duration),
    /// Somebody else settles it: the process that holds the run, from its own delivery.
    Leave,
    /// It can never be done.
    Dead(&'static str, String),
}

/// Why the queue could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the queue of commands cannot be read: {0}")]
pub struct ConsumeError(String);

/// A command with where it goes.
#[derive(Debug, Clone)]
pub(super) struct Addressed {
    pub(super) tenant: TenantKey,
    pub(super) run: RunId,
    pub(super) command: Command,
}

/// Why a message is no command.
#[derive(Debug, thiserror::Error)]
enum Misread {
    #[error("{0}")]
    Subject(#[from] InvalidId),
    #[error("{0}")]
    Body(#[from] CodecError),
    #[error("the subject and the body say different things")]
    Contradiction,
}

/// Takes commands until the soft request to stop, at most so many at once as the limits say.
///
/// # Errors
/// [`ConsumeError`] when the consumer is gone.
pub async fn consume(driver: Arc<Driver>, shutdown: &Shutdown) -> Result<(), ConsumeError> {
    let failed = |error: &dyn std::fmt::Display| ConsumeError(error.to_string());
    let queue: PullConsumer = driver
        .jetstream
        .get_consumer_from_stream(consumer::ORCHESTRATORS, Stream::Cmds.as_str())
        .await
        .map_err(|error| failed(&error))?;
    let mut messages = queue
        .stream()
        .max_messages_per_batch(driver.limits.runs.min(256))
        .heartbeat(Duration::from_secs(5))
        .expires(Duration::from_secs(30))
        .messages()
        .await
        .map_err(|error| failed(&error))?;
    let room = Arc::new(Semaphore::new(driver.limits.runs));
    let soft = shutdown.soft();
    loop {
        let permit = tokio::select! {
            biased;
            () = soft.cancelled() => return Ok(()),
            permit = room.clone().acquire_owned() => permit.map_err(|error| failed(&error))?,
        };
        let message = tokio::select! {
            biased;
            () = soft.cancelled() => return Ok(()),
            message = messages.next() => message.ok_or_else(|| failed(&"the stream of commands ended"))?,
        };
        match message {
            Ok(message) => {
                let (driver, hard) = (driver.clone(), shutdown.hard());
                shutdown.spawn(async move {
                    deliver(&driver, message, &hard).await;
                    drop(permit);
                });
            }
            // Missed heartbeats and lost pulls: the next poll pulls anew.
            Err(error) => tracing::warn!(%error, "commands could not be pulled; trying again"),
        }
    }
}

/// One delivery, from its arrival to its ack. A cancelled `hard` gives it back at once, for another process.
async fn deliver(driver: &Driver, message: Message, hard: &CancellationToken) {
    driver.metrics.request();
    let deliveries = message.info().map_or(1, |info| u32::try_from(info.delivered).unwrap_or(1));
    let (fate, span) = match address(&message) {
        Ok(addressed) => {
            let span = tracing::info_span!(
                "command",
                tenant_id = %addressed.tenant.id(),
                run_id = %addressed.run,
                verb = %addressed.command.body.verb(),
            );
            if let Some(headers) = &message.headers {
                trace::continue_from(&span, trace::extract(headers));
            }
            let work = async {
                tokio::select! {
                    biased;
                    () = hard.cancelled() => Fate::Later(Duration::ZERO),
                    fate = driver.activate(addressed, deliveries) => fate,
                }
            };
            (while_progressing(&message, driver.limits.progress, work).instrument(span.clone()).await, span)
        }
        Err(Misread::Body(error)) if error.is_from_the_future() => {
            (Fate::Later(pause(deliveries)), tracing::info_span!("command"))
        }
        Err(error) => (Fate::Dead("unreadable", error.to_string()), tracing::info_span!("command")),
    };
    settle(driver, &message, deliveries, fate).instrument(span).await;
}

fn address(message: &Message) -> Result<Addressed, Misread> {
    let subject: Subject = message.subject.as_str().parse()?;
    let command: Command = codec::decode(&message.payload)?;
    match subject {
        Subject::Cmd { tenant, run, verb } if verb == command.body.verb() => Ok(Addressed { tenant, run, command }),
        _ => Err(Misread::Contradiction),
    }
}

/// Says again and again that a delivery is being worked on, so that nobody else is given it.
async fn while_progressing<T>(message: &Message, every: Duration, work: impl Future<Output = T>) -> T {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => {
                if let Err(error) = message.ack_with(AckKind::Progress).await {
                    tracing::debug!(%error, "a sign of progress was not sent");
                }
            }
        }
    }
}

async fn settle(driver: &Driver, message: &Message, deliveries: u32, fate: Fate) {
    let acked = match fate {
        Fate::Settled => message.ack().await,
        Fate::Later(after) => message.ack_with(AckKind::Nak(Some(after))).await,
        Fate::Leave => Ok(()),
        Fate::Dead(reason, detail) => {
            tracing::error!(reason, detail, deliveries, "a command cannot be done and is dead-lettered");
            match driver.bury(message, reason, &detail, deliveries).await {
                Ok(()) => message.ack_with(AckKind::Term).await,
                // Not buried is not lost: it is delivered again, and buried then.
                Err(error) => {
                    tracing::error!(%error, "the dead letter could not be stored; trying again");
                    message.ack_with(AckKind::Nak(Some(LONGEST_PAUSE))).await
                }
            }
        }
    };
    if let Err(error) = acked {
        tracing::warn!(%error, "an ack was not sent; the command will be delivered again");
    }
}

/// The pause before a delivery that failed is repeated.
pub(super) fn pause(deliveries: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2u32.saturating_pow(deliveries.saturating_sub(1))).min(LONGEST_PAUSE)
}
