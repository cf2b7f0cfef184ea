//! The queue of commands, and what becomes of each delivery.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::Message;
use sba_service::{
    delivery::{self, Fate},
    pull::{self, PullError},
    shutdown::Shutdown,
    telemetry::trace,
};
use sba_subjects::{
    codec::{self, CodecError},
    command::Command,
    consumer,
    id::{RunId, TenantKey},
    stream::Stream,
    subject::Subject,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use super::{Driver, guard::guarded};

/// A command with where it goes.
#[derive(Debug, Clone)]
pub(super) struct Addressed {
    pub(super) tenant: TenantKey,
    pub(super) run: RunId,
    pub(super) command: Command,
}

/// Takes commands until the soft request to stop, at most so many at once as the limits say: what cannot be worked
/// on now is left in the queue, for another process. What is said to runs has places of its own, so that it never waits
/// for runs to end; so have runs beyond their tenants' shares, so that no other run waits for them.
///
/// # Errors
/// [`PullError`] when a consumer is gone.
pub async fn consume(driver: Arc<Driver>, shutdown: &Shutdown) -> Result<(), PullError> {
    let starts = take(&driver, consumer::STARTS, driver.limits.runs, shutdown);
    let others = take(&driver, consumer::ORCHESTRATORS, driver.limits.commands, shutdown);
    let surplus = async {
        match driver.limits.surplus_runs {
            0 => Ok(()),
            room => take(&driver, consumer::SURPLUS_STARTS, room, shutdown).await,
        }
    };
    tokio::try_join!(starts, others, surplus).map(drop)
}

async fn take(driver: &Arc<Driver>, consumer: &str, room: usize, shutdown: &Shutdown) -> Result<(), PullError> {
    let (stream, jetstream) = (Stream::Cmds.as_str(), driver.jetstream.clone());
    pull::each(&jetstream, stream, consumer, room, &shutdown.soft(), |message, place| {
        let (driver, hard) = (driver.clone(), shutdown.hard());
        shutdown.spawn(async move {
            deliver(&driver, message, &hard).await;
            drop(place);
        });
    })
    .await
}

/// One delivery, from its arrival to its ack. A cancelled `hard` gives it back at once, for another process.
async fn deliver(driver: &Driver, message: Message, hard: &CancellationToken) {
    driver.metrics.request();
    let deliveries = delivery::attempts(&message);
    let (fate, span) = match address(&message) {
        Ok(addressed) => {
            let span = span(&addressed, &message);
            let work = async {
                tokio::select! {
                    biased;
                    () = hard.cancelled() => Fate::Later(Duration::ZERO),
                    fate = driver.activate(addressed, deliveries) => fate,
                }
            };
            let work = guarded(work, deliveries, driver.limits.deliveries, driver.limits.command_backoff);
            let work = delivery::with_progress(&message, driver.limits.progress, work);
            (work.instrument(span.clone()).await, span)
        }
        Err(error) if error.is_from_the_future() => {
            (Fate::Later(driver.limits.command_backoff.pause(deliveries)), tracing::info_span!("command"))
        }
        Err(error) => {
            let fate = Fate::Dead { reason: "unreadable", detail: error.to_string() };
            (fate, tracing::info_span!("command"))
        }
    };
    let longest = driver.limits.command_backoff.longest;
    let settled = delivery::settle(&driver.jetstream, &driver.metrics, &message, fate, longest);
    settled.instrument(span).await;
}

fn span(addressed: &Addressed, message: &Message) -> Span {
    let span = tracing::info_span!(
        "command",
        tenant_id = %addressed.tenant.id(),
        run_id = %addressed.run,
        verb = %addressed.command.body.verb(),
    );
    if let Some(headers) = &message.headers {
        trace::continue_from(&span, trace::extract(headers));
    }
    span
}

fn address(message: &Message) -> Result<Addressed, CodecError> {
    let subject: Subject = message.subject.as_str().parse().map_err(CodecError::from)?;
    let command: Command = codec::versioned(&message.payload)?;
    match subject.within_share() {
        Subject::Cmd { tenant, run, verb } if verb == command.body.verb() => Ok(Addressed { tenant, run, command }),
        _ => Err(CodecError::Malformed("the subject and the body say different things".to_owned())),
    }
}
