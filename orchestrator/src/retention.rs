//! The end of logs: what streams hold of a run is removed some days after its end.
//!
//! The projector that leads does it, a few runs at a time and one after the other, so that writers do not notice. Only rows
//! say what has ended, so nothing is removed that was not projected; and the log must say the same: one that was restored
//! from before the run's end goes on. A run that waits has not ended, however long it waits.

use std::{convert::Infallible, sync::Arc, time::Duration};

use sba_service::{
    clock::Clock,
    config::Config,
    log::{ReadError, RunLog, Standing},
    metrics::Metrics,
};
use sba_store::{Store, StoreError, log_tenants, runs, tenants};
use sba_subjects::id::{RunId, TenantId, TenantKey};
use tokio::time::sleep;

/// What removes logs.
pub struct Retention {
    log: RunLog,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    /// Where a tenant's settings name no number.
    days: u32,
    /// What no setting goes below: a key for a run is good for as long.
    least_days: u32,
    every: Duration,
    batch: u32,
}

/// Why a round was not finished.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] ReadError),
}

impl Retention {
    /// What the configuration says.
    #[must_use]
    pub fn of(config: &Config, log: RunLog, clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        Self {
            log,
            clock,
            metrics,
            days: config.orchestrator.retention_days,
            least_days: config.gateway.idempotency_hours.div_ceil(24),
            every: config.orchestrator.retention_interval_ms.into(),
            batch: config.orchestrator.retention_batch,
        }
    }

    /// Removes what is due, round after round, for as long as it is let. A failure is logged once each time it begins.
    pub(crate) async fn run(&self, store: &Store) -> Infallible {
        let (mut behind, mut failing) = (None, false);
        loop {
            match self.round(store, behind).await {
                Ok(next) => {
                    behind = next;
                    failing = false;
                }
                Err(trouble) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(error = %trouble, "logs whose time has come cannot be removed now");
                    }
                }
            }
            sleep(self.every).await;
        }
    }

    /// One round, over the tenants behind the one that was the last; says which one is now.
    async fn round(&self, store: &Store, behind: Option<TenantId>) -> Result<Option<TenantId>, Trouble> {
        let mut tx = store.begin_projection().await?;
        let due = log_tenants::after(&mut tx, behind, self.batch).await?;
        drop(tx);
        let mut left = self.batch;
        for tenant in &due {
            left -= self.of_tenant(store, *tenant, left).await?;
            if left == 0 {
                // The same tenant may have more: it is gone on with.
                return Ok(behind_of(&due, *tenant).or(behind));
            }
        }
        // Behind the last tenant it begins with the first again.
        Ok(due.last().copied().filter(|_| due.len() >= usize::try_from(self.batch).unwrap_or(usize::MAX)))
    }

    /// Removes logs of a tenant, at most so many; says how many.
    async fn of_tenant(&self, store: &Store, tenant: TenantId, most: u32) -> Result<u32, Trouble> {
        let mut tx = store.begin(tenant).await?;
        let Some(found) = tenants::get(&mut tx).await? else { return Ok(0) };
        let days = found.retention_days().unwrap_or(self.days).max(self.least_days);
        let before = self.clock.now() - Duration::from_secs(u64::from(days) * 86_400);
        let expired = runs::expired(&mut tx, before, most).await?;
        // No transaction is open while the log is worked on.
        drop(tx);
        let mut removed = 0;
        for run in expired {
            let gone = match self.remove(&found.account, run).await {
                Ok(gone) => gone,
                // One log that nobody can read is in the way of no other.
                Err(Trouble::Log(error)) if !error.may_pass() => {
                    tracing::warn!(tenant_id = %tenant, run_id = %run, code = error.code(), "a log is not removed: it cannot be read");
                    false
                }
                Err(trouble) => return Err(trouble),
            };
            if gone {
                let mut tx = store.begin(tenant).await?;
                runs::log_removed(&mut tx, run, self.clock.now()).await?;
                tx.commit().await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes a log, unless it says that the run goes on.
    async fn remove(&self, tenant: &TenantKey, run: RunId) -> Result<bool, Trouble> {
        if self.log.standing(tenant, run).await? == Standing::Open {
            tracing::warn!(tenant_id = %tenant.id(), run_id = %run, "Postgres says that a run has ended, its log does not");
            return Ok(false);
        }
        self.log.purge(tenant, run).await?;
        self.metrics.logs_removed.inc();
        Ok(true)
    }
}

/// The tenant before this one, where there is one in the list.
fn behind_of(tenants: &[TenantId], this: TenantId) -> Option<TenantId> {
    let at = tenants.iter().position(|tenant| *tenant == this)?;
    at.checked_sub(1).and_then(|before| tenants.get(before)).copied()
}
