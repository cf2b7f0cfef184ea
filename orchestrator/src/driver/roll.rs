//! The runs that a process holds, and the way to whoever holds one.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sba_service::metrics::Metrics;
use sba_subjects::{
    command::Command,
    id::{CommandId, RunId},
};
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
    /// It is the very command under which the run is driven: until the run parks or ends, it must stand in its queue, or
    /// nobody would go on if the holder died.
    Driving,
    /// Nobody holds the run now.
    Gone,
    /// Too many wait already.
    Full,
}

/// The set of held runs: for the heartbeat, against driving one twice, and to pass commands on.
#[derive(Debug, Clone, Default)]
pub struct Roll(Arc<Mutex<HashMap<RunId, Holder>>>);

/// Whoever drives a run.
#[derive(Debug)]
struct Holder {
    /// The command under which it does.
    under: CommandId,
    mailbox: mpsc::Sender<Passed>,
}

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

    /// Enters a run that is driven `under` a command; `None` when it stands there already.
    pub(super) fn enter(&self, run: RunId, under: CommandId, metrics: &Metrics) -> Option<Place> {
        match self.held().entry(run) {
            Entry::Occupied(_) => None,
            Entry::Vacant(vacant) => {
                let (sender, mailbox) = mpsc::channel(MAILBOX);
                vacant.insert(Holder { under, mailbox: sender });
                metrics.runs_owned.inc();
                Some(Place { roll: self.clone(), run, metrics: metrics.clone(), mailbox })
            }
        }
    }

    /// Passes a command to the holder of its run, and waits until it is stored.
    pub(super) async fn hand(&self, run: RunId, command: Command) -> Handed {
        let mailbox = match self.held().get(&run) {
            None => return Handed::Gone,
            Some(holder) if holder.under == command.id => return Handed::Driving,
            Some(holder) => holder.mailbox.clone(),
        };
        let (stored, outcome) = oneshot::channel();
        match mailbox.try_send(Passed { command, stored }) {
            Ok(()) => outcome.await.map_or(Handed::Gone, |()| Handed::Stored),
            Err(mpsc::error::TrySendError::Full(_)) => Handed::Full,
            Err(mpsc::error::TrySendError::Closed(_)) => Handed::Gone,
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<RunId, Holder>> {
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

    /// The command under which a run is driven.
    const UNDER: CommandId = CommandId::from_uuid(Uuid::max());

    fn command() -> Command {
        Command { v: VERSION, id: CommandId::from_uuid(Uuid::nil()), ts: 0, body: CommandBody::Pause }
    }

    #[tokio::test]
    async fn a_run_is_held_once_and_its_holder_is_handed_what_comes_for_it() {
        let (roll, metrics) = (Roll::default(), Metrics::new().unwrap());
        let run = RunId::from_uuid(Uuid::nil());
        assert_eq!(roll.hand(run, command()).await, Handed::Gone);
        let mut place = roll.enter(run, UNDER, &metrics).unwrap();
        assert!(roll.enter(run, UNDER, &metrics).is_none());
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
    async fn the_command_under_which_a_run_is_driven_is_not_taken_for_stored() {
        let (roll, metrics) = (Roll::default(), Metrics::new().unwrap());
        let run = RunId::from_uuid(Uuid::nil());
        let place = roll.enter(run, command().id, &metrics).unwrap();
        assert_eq!(roll.hand(run, command()).await, Handed::Driving);
        drop(place);
        assert_eq!(roll.hand(run, command()).await, Handed::Gone);
    }

    #[tokio::test]
    async fn a_flood_of_commands_does_not_pile_up() {
        let (roll, metrics) = (Roll::default(), Metrics::new().unwrap());
        let run = RunId::from_uuid(Uuid::nil());
        let _place = roll.enter(run, UNDER, &metrics).unwrap();
        for _ in 0..MAILBOX {
            let roll = roll.clone();
            tokio::spawn(async move { roll.hand(run, command()).await });
        }
        tokio::task::yield_now().await;
        assert_eq!(roll.hand(run, command()).await, Handed::Full);
    }
}
