//! The runs that a process holds.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sba_service::metrics::Metrics;
use sba_subjects::id::RunId;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// The set of held runs, for the heartbeat and against driving one twice.
#[derive(Debug, Clone, Default)]
pub struct Roll(Arc<Mutex<HashMap<RunId, Arc<Notify>>>>);

/// A place in the roll, given up when dropped.
#[derive(Debug)]
pub(super) struct Place {
    roll: Roll,
    run: RunId,
    metrics: Metrics,
}

impl Roll {
    /// The runs in it.
    #[must_use]
    pub fn runs(&self) -> Vec<RunId> {
        self.held().keys().copied().collect()
    }

    /// Enters a run, as soon as it does not stand there; `None` when it still does after `patience`.
    ///
    /// A quick tool answers before the run that called it is parked: then it is a matter of a moment.
    pub(super) async fn enter(&self, run: RunId, patience: Duration, metrics: &Metrics) -> Option<Place> {
        let until = Instant::now() + patience;
        loop {
            let left = match self.held().entry(run) {
                Entry::Vacant(vacant) => {
                    vacant.insert(Arc::default());
                    metrics.runs_owned.inc();
                    return Some(Place { roll: self.clone(), run, metrics: metrics.clone() });
                }
                // Made while the roll is locked, it cannot miss the holder's leaving.
                Entry::Occupied(holder) => Arc::clone(holder.get()).notified_owned(),
            };
            timeout_at(until, left).await.ok()?;
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Notify>>> {
        // No code that holds the lock panics half way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.metrics.runs_owned.dec();
        if let Some(waiting) = self.roll.held().remove(&self.run) {
            waiting.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_run_is_held_once_and_handed_on_when_it_is_left() {
        let (roll, metrics) = (Roll::default(), Metrics::new().unwrap());
        let run = RunId::from_uuid(uuid::Uuid::nil());
        let place = roll.enter(run, Duration::ZERO, &metrics).await.unwrap();
        assert!(roll.enter(run, Duration::from_millis(10), &metrics).await.is_none());
        let (other, more) = (roll.clone(), metrics.clone());
        let waiting = tokio::spawn(async move { other.enter(run, Duration::from_secs(9), &more).await });
        tokio::task::yield_now().await;
        drop(place);
        assert!(waiting.await.unwrap().is_some());
        assert!(roll.runs().is_empty());
    }
}
