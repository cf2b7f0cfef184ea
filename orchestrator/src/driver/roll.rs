//! The runs that a process holds.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use sba_service::metrics::Metrics;
use sba_subjects::id::RunId;

/// The set of held runs, for the heartbeat and against driving one twice.
#[derive(Debug, Clone, Default)]
pub struct Roll(Arc<Mutex<HashSet<RunId>>>);

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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Enters a run; `None` when it stands there already.
    pub(super) fn enter(&self, run: RunId, metrics: &Metrics) -> Option<Place> {
        let entered = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(run);
        entered.then(|| {
            metrics.runs_owned.inc();
            Place { roll: self.clone(), run, metrics: metrics.clone() }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.roll.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.run);
        self.metrics.runs_owned.dec();
    }
}
