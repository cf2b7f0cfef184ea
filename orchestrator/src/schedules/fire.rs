//! One moment of a schedule: what the row says is to be done, done, and noted in the row.

use std::time::Duration;

use sba_service::{clock::to_millis, delivery::Fate, publish::PublishFailure, wake};
use sba_store::{
    Store, StoreError, TenantTx,
    schedules::{self, Due, Firing, Moment, Outcome, Schedule, TimingError},
    tenants::{self, Tenant},
};
use time::OffsetDateTime;

use super::{Scheduler, Woken, start::StartError};

/// A message without a row is older than this: whoever was about to commit the row has given up.
const ORPHANED: Duration = Duration::from_secs(60);
/// Pause before a row that is not there yet, or a moment that has not come by this process's clock, is looked for again.
const AGAIN: Duration = Duration::from_secs(1);
const LATEST: Duration = Duration::from_secs(30);

/// Why a moment could not be seen to.
#[derive(Debug, thiserror::Error)]
pub(super) enum FireError {
    #[error("the schedule cannot be read or noted")]
    Store(#[from] StoreError),
    #[error("the schedule's time {0}")]
    Timing(#[from] TimingError),
    #[error("a message was not stored")]
    Publish(#[from] PublishFailure),
}

impl FireError {
    /// A stable name for the kind of failure.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Timing(_) => "schedule_timing_invalid",
            Self::Publish(error) => error.code(),
        }
    }

    /// Whether the same may succeed later without anybody changing anything.
    pub(super) const fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Timing(_) => false,
            Self::Publish(error) => error.is_transient(),
        }
    }
}

impl Scheduler {
    /// Does what is to be done about a schedule that was woken; `age` is that of the message.
    pub(super) async fn see_to(&self, store: &Store, woken: &Woken, age: Duration) -> Result<Fate, FireError> {
        let mut tx = store.begin(woken.tenant.id()).await?;
        let Some(tenant) = tenants::get(&mut tx).await?.filter(|tenant| tenant.deleted_at.is_none()) else {
            tracing::warn!("a schedule of a tenant that is gone was woken");
            return Ok(Fate::Settled);
        };
        let Some(schedule) = schedules::lock(&mut tx, woken.schedule).await? else {
            // It was deleted, or is not committed yet.
            return Ok(if age >= ORPHANED { Fate::Settled } else { Fate::Later(AGAIN) });
        };
        let now = self.clock.now();
        match schedule.due(now, self.grace.try_into().unwrap_or(time::Duration::MAX))? {
            Due::Nothing => Ok(Fate::Settled),
            Due::NotYet(at) => self.wait(woken, now, at).await,
            Due::Skip(moment) => {
                let skipped = firing(moment, now, Outcome::Skipped);
                self.note(tx, woken, moment, skipped).await
            }
            Due::Start(moment) => {
                let started = self.start(&mut tx, woken, &tenant, &schedule, moment).await?;
                self.note(tx, woken, moment, started).await
            }
        }
    }

    /// A moment that has not come. Either the server's clock is ahead of this process's, or the message is an old one.
    async fn wait(&self, woken: &Woken, now: OffsetDateTime, at: OffsetDateTime) -> Result<Fate, FireError> {
        if woken.wake.at == to_millis(at) {
            let left = Duration::try_from(at - now).unwrap_or(AGAIN);
            return Ok(Fate::Later(left.min(LATEST)));
        }
        self.wake(woken, at).await?;
        Ok(Fate::Settled)
    }

    async fn start(
        &self,
        tx: &mut TenantTx,
        woken: &Woken,
        tenant: &Tenant,
        schedule: &Schedule,
        moment: Moment,
    ) -> Result<Firing, FireError> {
        let now = self.clock.now();
        match self.start_run(tx, woken, tenant, schedule, moment.at).await {
            Ok(run) => {
                tracing::info!(run_id = %run, at = %moment.at, "a schedule started a run");
                Ok(Firing { run_id: Some(run), ..firing(moment, now, Outcome::Started) })
            }
            Err(StartError::Later(error)) => Err(error),
            Err(StartError::Never(failure)) => {
                tracing::warn!(code = failure.code, at = %moment.at, "a schedule started no run: {}", failure.message);
                Ok(Firing { error: Some(failure), ..firing(moment, now, Outcome::Failed) })
            }
        }
    }

    /// Notes what became of a moment, and sets the next one.
    async fn note(&self, mut tx: TenantTx, woken: &Woken, moment: Moment, firing: Firing) -> Result<Fate, FireError> {
        schedules::settle(&mut tx, woken.schedule, &firing, moment.next).await?;
        // Before the row is committed: a message that wakes for nothing does no harm, a row without one sleeps for ever.
        if let Some(next) = moment.next {
            self.wake(woken, next).await?;
        }
        tx.commit().await?;
        self.metrics.firing(firing.outcome.as_str());
        Ok(Fate::Settled)
    }

    async fn wake(&self, woken: &Woken, at: OffsetDateTime) -> Result<(), PublishFailure> {
        wake::set(&self.jetstream, &woken.tenant, woken.schedule, at, self.publish).await.map(drop)
    }
}

const fn firing(moment: Moment, seen_at: OffsetDateTime, outcome: Outcome) -> Firing {
    Firing { at: moment.at, seen_at, outcome, run_id: None, error: None }
}
