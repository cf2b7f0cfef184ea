//! Schedules: what wakes at their moments, and what is done then.
//!
//! Every orchestrator takes what JetStream emits; whoever has a moment looks into the schedule's row, which is the truth,
//! and keeps it locked until the run is started and the next moment is set. At least once: a second look at the same
//! moment starts the same run, or finds that the row has gone on.
//!
//! - `fire`: one moment, from the row to the row;
//! - `start`: the run that is started for it.

mod fire;
mod start;

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{Context, Message, consumer::PullConsumer};
use futures::StreamExt as _;
use sba_service::{
    backoff::Backoff,
    clock::Clock,
    delivery::{self, Fate},
    ids::Ids,
    log::RunLog,
    metrics::Metrics,
    shutdown::Shutdown,
};
use sba_store::{DatabaseOptions, Store};
use sba_subjects::{
    codec::{self, CodecError},
    consumer,
    envelope::VERSION,
    id::{ScheduleId, TenantKey},
    schedule::Wake,
    stream::Stream,
    subject::Subject,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tracing::{Instrument as _, info_span};

/// How long one request for moments waits at the server. One that a reconnect lost is missed no longer.
const PULL: Duration = Duration::from_secs(5);

/// Pause after something that all moments need was not there: Postgres, or the queue.
const RETRY: Duration = Duration::from_secs(1);

/// Pauses before a moment that could not be seen to is tried again.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// What seeing to schedules takes. One for each process.
pub struct Scheduler {
    /// For what wakes and what is started.
    pub jetstream: Context,
    /// The logs of the runs that are started.
    pub log: RunLog,
    /// The database.
    pub database: DatabaseOptions,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// What operators see.
    pub metrics: Metrics,
    /// Moments that are seen to at once.
    pub at_once: usize,
    /// Time after which a moment was missed.
    pub grace: Duration,
    /// Longest wait until a message is stored.
    pub publish: Duration,
    /// Time between signs of progress for a moment that is seen to.
    pub progress: Duration,
    /// Deliveries of a moment that cannot be seen to, after which it is dead-lettered.
    pub deliveries: u32,
}

/// A schedule that was woken.
struct Woken {
    tenant: TenantKey,
    schedule: ScheduleId,
    wake: Wake,
}

impl Scheduler {
    /// Sees to schedules until the soft request to stop. While Postgres is away, moments wait in their queue.
    pub async fn run(self, shutdown: Shutdown) {
        let (this, soft) = (Arc::new(self), shutdown.soft());
        let mut failing = false;
        loop {
            let worked = tokio::select! {
                biased;
                () = soft.cancelled() => return,
                worked = this.work(&shutdown, &mut failing) => worked,
            };
            if let Err(error) = worked
                && !std::mem::replace(&mut failing, true)
            {
                tracing::error!(error, "schedules are not seen to; it is tried again and again");
            }
            sleep(RETRY).await;
        }
    }

    async fn work(self: &Arc<Self>, shutdown: &Shutdown, failing: &mut bool) -> Result<(), async_nats::Error> {
        let store = Store::connect(&self.database).await?;
        let queue: PullConsumer =
            self.jetstream.get_consumer_from_stream(consumer::SCHEDULES, Stream::Timers.as_str()).await?;
        let room = Arc::new(Semaphore::new(self.at_once));
        loop {
            let mut permits = vec![Arc::clone(&room).acquire_owned().await?];
            while let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
                permits.push(permit);
            }
            let mut messages = queue.batch().max_messages(permits.len()).expires(PULL).messages().await?;
            if std::mem::take(failing) {
                tracing::info!("schedules are seen to again");
            }
            while let Some(message) = messages.next().await {
                self.begin(message?, &store, permits.pop(), shutdown);
            }
        }
    }

    fn begin(
        self: &Arc<Self>,
        message: Message,
        store: &Store,
        permit: Option<OwnedSemaphorePermit>,
        shutdown: &Shutdown,
    ) {
        let (this, store, hard) = (self.clone(), store.clone(), shutdown.hard());
        shutdown.spawn(async move {
            tokio::select! {
                biased;
                () = hard.cancelled() => {}
                () = this.deliver(message, &store) => {}
            }
            drop(permit);
        });
    }

    /// One delivery, from its arrival to its ack.
    async fn deliver(&self, message: Message, store: &Store) {
        let deliveries = delivery::attempts(&message);
        let (fate, span) = match read(&message) {
            Ok(woken) => {
                let span = info_span!("schedule", tenant_id = %woken.tenant.id(), schedule_id = %woken.schedule);
                let age = message.info().map_or(Duration::ZERO, |info| self.age(info.published));
                let seen =
                    async { self.see_to(store, &woken, age).await.unwrap_or_else(|e| self.later(&e, deliveries)) };
                (delivery::with_progress(&message, self.progress, seen).instrument(span.clone()).await, span)
            }
            Err(error) if error.is_from_the_future() => (Fate::Later(PAUSES.longest), info_span!("schedule")),
            Err(error) => (Fate::Dead { reason: "unreadable", detail: error.to_string() }, info_span!("schedule")),
        };
        let settled = delivery::settle(&self.jetstream, &self.metrics, &message, fate, PAUSES.longest);
        settled.instrument(span).await;
    }

    fn age(&self, published: time::OffsetDateTime) -> Duration {
        (self.clock.now() - published).try_into().unwrap_or_default()
    }

    /// What becomes of a moment that could not be seen to now.
    fn later(&self, error: &fire::FireError, deliveries: u32) -> Fate {
        if !error.is_transient() && deliveries >= self.deliveries {
            return Fate::Dead { reason: error.code(), detail: error.to_string() };
        }
        let source: &dyn std::error::Error = error;
        tracing::warn!(
            error = source,
            code = error.code(),
            deliveries,
            "a schedule could not be seen to; trying again"
        );
        Fate::Later(PAUSES.pause(deliveries))
    }
}

fn read(message: &Message) -> Result<Woken, CodecError> {
    let subject: Subject = message.subject.as_str().parse().map_err(CodecError::from)?;
    let wake: Wake = codec::decode(&message.payload)?;
    match subject {
        _ if wake.v > VERSION => Err(CodecError::UnknownVersion(wake.v)),
        Subject::Due { tenant, schedule } => Ok(Woken { tenant, schedule, wake }),
        _ => Err(CodecError::Malformed("no schedule has this subject".to_owned())),
    }
}
