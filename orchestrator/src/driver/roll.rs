//! The runs that a process holds, and the way to whoever holds one.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sba_service::metrics::Metrics;
use sba_subjects::{command::Command, id::RunId};
use tokio::sync::{mpsc, oneshot};

/// Commands that may wait for the holder of a run. Whoever comes then comes again later.
const MAILBOX: usize = 32;

/// A command for a run that is held, and the way to say that it is stored.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) command: Command,
    pub(super) stored: oneshot::Sender<()>,
}

/// What became of a command that was passed to the holder of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    /// What it caused is stored.
    Stored,
    /// Nobody holds the run now.
    Gone,
    /// Too many wait already.
    Full,
}

/// The set of held runs: for the heartbeat, against driving one twice, and to pass commands on.
#[derive(Debug, Clone, Default)]
pub struct Roll(Arc<Mutex<HashMap<RunId, mpsc::Sender<Passed>>>>);

/// A place in the roll, given up when dropped.
#[derive(Debug)]
pub(super) struct Place {
    roll: Roll,
    run: RunId,
    metrics: Metrics,
    /// Commands for the run.
    pub(super) mailbox: mpsc::Receiver<Passed>,
}

impl Roll {
    /// The runs in it.
    #[must_use]
    pub fn runs(&self) -> Vec<RunId> {
        self.held().keys().copied().collect()
    }

    /// Enters a run; `None` when it stands there already.
    pub(super) fn enter(&self, run: RunId, metrics: &Metrics) -> Option<Place> {
        match self.held().entry(run) {
            Entry::Occupied(_) => None,
            Entry::Vacant(vacant) => {
                let (sender, mailbox) = mpsc::channel(MAILBOX);
                vacant.insert(sender);
                metrics.runs_owned.inc();
                Some(Place { roll: self.clone(), run, metrics: metrics.clone(), mailbox })
            }
        }
    }

    /// Passes a command to the holder of its run, and waits until it is stored.
    pub(super) async fn hand(&self, run: RunId, command: Command) -> Handed {
        let Some(holder) = self.held().get(&run).cloned() else { return Handed::Gone };
        let (stored, outcome) = oneshot::channel();
        match holder.try_send(Passed { command, stored }) {
            Ok(()) => outcome.await.map_or(Handed::Gone, |()| Handed::Stored),
            Err(mpsc::error::TrySendError::Full(_)) => Handed::Full,
            Err(mpsc::error::TrySendError::Closed(_)) => Handed::Gone,
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<RunId, mpsc::Sender<Passed>>> {
        // No code that holds the lock panics half way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.metrics.runs_owned.dec();
        self.roll.held().remove(&self.run);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use sba_subjects::{command::CommandBody, envelope::VERSION, id::CommandId};
    use uuid::Uuid;

    use super::*;

    fn command() -> Command {
        Command { v: VERSION, id: CommandId::from_uuid(Uuid::nil()), ts: 0, body: CommandBody::Pause }
    }

    #[tokio::test]
    async fn a_run_is_held_once_and_its_holder_is_handed_what_comes_for_it() {
        let (roll, metrics) = (Roll::default(), Metrics::new().unwrap());
        let run = RunId::from_uuid(Uuid::nil());
        assert_eq!(roll.hand(run, command()).await, Handed::Gone);
        let mut place = roll.enter(run, &metrics).unwrap();
        assert!(roll.enter(run, &metrics).is_none());
        let other = roll.clone();
        let handed = tokio::spawn(async move { other.hand(run, command()).await });
        let passed = place.mailbox.recv().await.unwrap();
        passed.stored.send(()).unwrap();
        assert_eq!(handed.await.unwrap(), Handed::Stored);
        let other = roll.clone();
        let late = tokio::spawn(async move { other.hand(run, command()).await });
        let unread = place.mailbox.recv().await.unwrap();
        drop((unread, place));
        assert_eq!(late.await.unwrap(), Handed::Gone);
        assert!(roll.runs().is_empty());
    }

    #[tokio::test]
    async fn a_flood_of_commands_does_not_pile_up() {
        let (roll, metrics) = (Roll::default(), Metrics::new().unwrap());
        let run = RunId::from_uuid(Uuid::nil());
        let _place = roll.enter(run, &metrics).unwrap();
        for _ in 0..MAILBOX {
            let roll = roll.clone();
            tokio::spawn(async move { roll.hand(run, command()).await });
        }
        tokio::task::yield_now().await;
        assert_eq!(roll.hand(run, command()).await, Handed::Full);
    }
}
