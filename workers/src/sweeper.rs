//! The sweeper: it removes what nobody needs any more, and gives out again what was lost.
//!
//! Every worker has one, and one of them leads: see [`sba_store::lead`]. It goes from tenant to tenant, each within
//! transactions of its own. Nothing of what it does harms where two do it at once, and it leaves alone whatever is so young
//! that somebody may still be at work on it.

mod tally;
mod tenant;

use std::{pin::pin, sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use sba_service::{clock::Clock, config::Config, metrics::Metrics, shares::Shares};
use sba_store::{
    Store,
    blob::Blobs,
    lead::{Lead, Post},
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

pub use self::tally::Tally;
use crate::error::WorkError;

/// The leader says so often that it is there.
const KEEP: Duration = Duration::from_secs(1);

/// Tenants that are read at a time.
const TENANTS: u32 = 1_000;

/// What sweeping takes.
pub struct Sweeper {
    store: Store,
    blobs: Blobs,
    jetstream: Context,
    shares: Shares,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    ages: Ages,
    interval: Duration,
    watch: Duration,
    answer: Duration,
    batch: u32,
}

/// How old something must be before it is swept.
#[derive(Debug, Clone, Copy)]
struct Ages {
    blob: Duration,
    pending: Duration,
    overdue: Duration,
    key: Duration,
    effect: Duration,
    start: Duration,
}

impl Ages {
    fn of(config: &Config) -> Self {
        let sweeper = &config.sweeper;
        let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3_600);
        Self {
            blob: sweeper.blob_age_ms.into(),
            pending: sweeper.pending_age_ms.into(),
            overdue: sweeper.overdue_age_ms.into(),
            key: hours(config.gateway.idempotency_hours),
            effect: hours(sweeper.effect_hours),
            start: hours(sweeper.start_hours),
        }
    }
}

impl Sweeper {
    /// A sweeper over these, as it is configured.
    #[must_use]
    pub fn new(
        config: &Config,
        store: Store,
        blobs: Blobs,
        jetstream: Context,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Self {
        let sweeper = &config.sweeper;
        Self {
            store,
            blobs,
            shares: Shares::new(config, jetstream.clone(), metrics.clone()),
            jetstream,
            clock,
            metrics,
            ages: Ages::of(config),
            interval: sweeper.interval_ms.into(),
            watch: sweeper.watch_ms.into(),
            answer: config.nats.request_timeout_ms.into(),
            batch: sweeper.batch,
        }
    }

    /// Sweeps again and again while it leads, until it is told to stop. A failure is logged once each time that it begins.
    pub async fn run(self, stop: CancellationToken) {
        let mut failing = false;
        loop {
            let worked = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                worked = self.lead(&mut failing) => worked,
            };
            if let Err(error) = worked
                && !std::mem::replace(&mut failing, true)
            {
                tracing::warn!(code = error.code, error = error.chain(), "nothing is swept; it is tried again");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(self.watch) => {}
            }
        }
    }

    async fn lead(&self, failing: &mut bool) -> Result<(), WorkError> {
        let mut lead = loop {
            match self.store.lead(Post::Sweeping).await? {
                Some(lead) => break lead,
                None => sleep(self.watch).await,
            }
        };
        loop {
            keeping(&mut lead, self.sweep()).await??.report();
            *failing = false;
            keeping(&mut lead, sleep(self.interval)).await?;
        }
    }

    /// Sweeps over all tenants once. A tenant of which something cannot be swept is left for the next time.
    ///
    /// # Errors
    /// Those of the database, when it does not say which tenants there are.
    pub async fn sweep(&self) -> Result<Tally, WorkError> {
        let mut tally = Tally::default();
        let mut behind = None;
        loop {
            let tenants = self.store.tenant_ids(behind, TENANTS).await?;
            let Some(last) = tenants.last().copied() else { break };
            behind = Some(last);
            for tenant in tenants {
                self.tenant(tenant, &mut tally).await;
            }
        }
        self.metrics.sweep(&tally.counts(), tally.left);
        Ok(tally)
    }
}

/// Does the work, and says meanwhile that the leader is there. Without the lead the work is dropped.
async fn keeping<T>(lead: &mut Lead, work: impl Future<Output = T>) -> Result<T, WorkError> {
    let mut work = pin!(work);
    loop {
        match timeout(KEEP, &mut work).await {
            Ok(done) => return Ok(done),
            Err(_) => lead.keep().await?,
        }
    }
}
