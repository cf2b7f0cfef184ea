//! All watched runs of a gateway.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::Client;
use sba_service::{log::RunLog, metrics::Metrics};
use sba_subjects::id::{RunId, TenantKey};
use tokio::sync::Semaphore;
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TrackedFuture},
};

use super::{
    ring::Room,
    tail::Tail,
    verify,
    viewer::{Lost, Start, Viewer},
    watch::{Opened, Phase, Watch},
};
use crate::places::Shares;

/// Viewers that may read the log at the same time.
const READERS: usize = 16;

/// What bounds a hub.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Most viewers.
    pub(crate) viewers: usize,
    /// Most viewers of one tenant.
    pub(crate) viewers_per_tenant: usize,
    /// What is kept of each run.
    pub(crate) ring: Room,
    /// Time between two comparisons of quiet runs with their logs.
    pub(crate) verify: Duration,
}

/// Who watches what. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    log: RunLog,
    limits: Limits,
    metrics: Metrics,
    viewers: Arc<Semaphore>,
    shares: Arc<Shares<TenantKey>>,
    readers: Arc<Semaphore>,
    watches: Mutex<HashMap<Key, Entry>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

type Key = (TenantKey, RunId);

#[derive(Debug)]
struct Entry {
    watch: Arc<Watch>,
    viewers: usize,
}

/// Why a run cannot be watched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    /// As many viewers as allowed are there.
    #[error("there is no room for another viewer")]
    Full,
    /// As many viewers of the tenant as allowed are there.
    #[error("the tenant has as many viewers as it may")]
    Crowded,
    /// The hub is stopping.
    #[error("the gateway is stopping")]
    Stopping,
    /// The run is not known, or cannot be shown.
    #[error(transparent)]
    Lost(#[from] Lost),
}

impl Hub {
    /// A hub over this connection. It stops when `stop` is cancelled; `tasks` then ends.
    pub(crate) fn new(
        client: Client,
        log: RunLog,
        limits: Limits,
        metrics: Metrics,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (verify, shards) = (limits.verify, log.shards());
        let hub = Self(Arc::new(Inner {
            log,
            viewers: Arc::new(Semaphore::new(limits.viewers)),
            shares: Shares::new(limits.viewers_per_tenant),
            metrics,
            readers: Arc::new(Semaphore::new(READERS)),
            watches: Mutex::default(),
            limits,
            tasks: tasks.clone(),
            stop: stop.clone(),
        }));
        tasks.spawn(verify::quiet_runs(hub.clone(), client, shards, verify, stop));
        hub
    }

    /// Joins a run, and says who may watch it.
    pub(crate) async fn join(
        &self,
        tenant: &TenantKey,
        run: RunId,
        start: Start,
    ) -> Result<(Viewer, Opened), JoinError> {
        if self.0.stop.is_cancelled() {
            return Err(JoinError::Stopping);
        }
        let share = self.0.shares.take(tenant.clone()).ok_or(JoinError::Crowded)?;
        let permit = Arc::clone(&self.0.viewers).try_acquire_owned().map_err(|_| JoinError::Full)?;
        let seat = self.seat(tenant, run);
        let mut viewer = Viewer::new(seat, self.0.log.clone(), Arc::clone(&self.0.readers), start, (share, permit));
        let opened = viewer.opened().await?;
        Ok((viewer, opened))
    }

    /// A future that the process waits for before it ends.
    pub(crate) fn track<F: Future>(&self, future: F) -> TrackedFuture<F> {
        self.0.tasks.track_future(future)
    }

    /// Resolves when the hub stops.
    pub(crate) async fn stopped(&self) {
        self.0.stop.cancelled().await;
    }

    /// The runs that are watched and go on.
    pub(super) fn open_watches(&self) -> Vec<Arc<Watch>> {
        let open = |entry: &&Entry| matches!(entry.watch.phase(), Phase::Open(_)) && !entry.watch.ring().ended();
        self.watches().values().filter(open).map(|entry| Arc::clone(&entry.watch)).collect()
    }

    fn seat(&self, tenant: &TenantKey, run: RunId) -> Seat {
        let mut watches = self.watches();
        let key = (tenant.clone(), run);
        if let Some(entry) = watches.get_mut(&key).filter(|entry| !is_lost(&entry.watch.phase())) {
            entry.viewers += 1;
            self.0.metrics.viewers.inc();
            return Seat { hub: self.clone(), watch: Arc::clone(&entry.watch) };
        }
        let watch = Arc::new(Watch::new(tenant.clone(), run, self.0.limits.ring.clone()));
        watches.insert(key, Entry { watch: Arc::clone(&watch), viewers: 1 });
        drop(watches);
        self.0.metrics.viewers.inc();
        let tail = Tail { log: self.0.log.clone(), watch: Arc::clone(&watch) };
        self.0.tasks.spawn(tail.follow());
        Seat { hub: self.clone(), watch }
    }

    fn watches(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        // No code that holds the lock panics half way through a change.
        self.0.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_lost(phase: &Phase) -> bool {
    matches!(phase, Phase::NoRun | Phase::Broken { .. })
}

/// A viewer's place at a watched run. The last one to leave stops its tail.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Hub,
    pub(super) watch: Arc<Watch>,
}

impl Seat {
    /// Whether something of that size may be kept beside the ring.
    pub(super) fn keeps(&self, bytes: usize) -> bool {
        bytes <= self.hub.0.limits.ring.bytes
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.0.metrics.viewers.dec();
        let mut watches = self.hub.watches();
        let key = (self.watch.tenant.clone(), self.watch.run);
        // A watch that was lost may have been replaced by then.
        let Some(entry) = watches.get_mut(&key).filter(|entry| Arc::ptr_eq(&entry.watch, &self.watch)) else {
            return;
        };
        entry.viewers -= 1;
        if entry.viewers == 0 {
            watches.remove(&key);
            self.watch.stop.cancel();
        }
    }
}
