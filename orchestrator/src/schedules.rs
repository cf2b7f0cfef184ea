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

use async_nats::jetstream::{Context, Message};
use sba_service::{
    backoff::Backoff,
    clock::Clock,
    delivery::{self, Fate},
    metrics::Metrics,
    pull::{self, PullError},
    shares::Shares,
    shutdown::Shutdown,
};
use sba_store::{DatabaseOptions, Store, StoreError};
use sba_subjects::{
    codec::{self, CodecError},
    consumer,
    envelope::VERSION,
    id::{ScheduleId, TenantKey},
    schedule::Wake,
    stream::Stream,
    subject::Subject,
};
use tokio::{sync::OwnedSemaphorePermit, time::sleep};
use tracing::{Instrument as _, info_span};

use crate::driver::guard::guarded;

/// Pause after something that all moments need was not there: Postgres, or the queue.
const RETRY: Duration = Duration::from_secs(1);

/// Pauses before a moment that could not be seen to is tried again.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// What seeing to schedules takes. One for each process.
pub(crate) struct Scheduler {
    /// For what wakes and what is started.
    pub(crate) jetstream: Context,
    /// What tenants may fill of the queue of runs to start.
    pub(crate) shares: Shares,
    /// The database.
    pub(crate) database: DatabaseOptions,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// What operators see.
    pub(crate) metrics: Metrics,
    /// Moments that are seen to at once.
    pub(crate) at_once: usize,
    /// Time after which a moment was missed.
    pub(crate) grace: Duration,
    /// Longest wait until a message is stored.
    pub(crate) publish: Duration,
    /// Time between signs of progress for a moment that is seen to.
    pub(crate) progress: Duration,
    /// Deliveries of a moment that cannot be seen to, after which it is dead-lettered.
    pub(crate) deliveries: u32,
}

/// A schedule that was woken.
struct Woken {
    tenant: TenantKey,
    schedule: ScheduleId,
    wake: Wake,
}

/// Why no schedule is seen to.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] PullError),
}

impl Scheduler {
    /// Sees to schedules until the soft request to stop. While Postgres is away, moments wait in their queue.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let (this, soft) = (Arc::new(self), shutdown.soft());
        tokio::select! {
            biased;
            () = soft.cancelled() => {}
            () = this.try_again_and_again(&shutdown) => {}
        }
    }

    async fn try_again_and_again(self: &Arc<Self>, shutdown: &Shutdown) {
        let mut failing = false;
        while let Err(trouble) = self.work(shutdown, failing).await {
            if !std::mem::replace(&mut failing, true) {
                let error: &dyn std::error::Error = &trouble;
                tracing::error!(error, "schedules are not seen to; it is tried again and again");
            }
            sleep(RETRY).await;
        }
    }

    async fn work(self: &Arc<Self>, shutdown: &Shutdown, failed: bool) -> Result<(), Trouble> {
        let store = Store::connect(&self.database).await?;
        if failed {
            tracing::info!("schedules are seen to again");
        }
        let (stream, queue) = (Stream::Timers.as_str(), consumer::SCHEDULES);
        pull::each(&self.jetstream, stream, queue, self.at_once, &shutdown.soft(), |message, place| {
            self.begin(message, &store, place, shutdown);
        })
        .await?;
        Ok(())
    }

    fn begin(self: &Arc<Self>, message: Message, store: &Store, place: OwnedSemaphorePermit, shutdown: &Shutdown) {
        let (this, store, hard) = (Arc::clone(self), store.clone(), shutdown.hard());
        shutdown.spawn(async move {
            tokio::select! {
                biased;
                () = hard.cancelled() => {}
                () = this.deliver(message, &store) => {}
            }
            drop(place);
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
                let seen = guarded(seen, deliveries, self.deliveries, PAUSES);
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
