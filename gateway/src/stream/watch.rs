//! A run that somebody watches: what its tail and its viewers share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sba_subjects::{
    event::Created,
    id::{RunId, SessionId, TenantKey},
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{
    frame::Frame,
    ring::{Ring, Room, Slice},
};

/// Where a watch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its tail is reading the log.
    Opening,
    /// Its ring is in step with the log.
    Open(Opened),
    /// There is no such run.
    NoRun,
    /// Its log cannot be read; the reason has been logged.
    Broken {
        /// Whether it may be readable later.
        transient: bool,
    },
}

/// What a run's first event says about who may watch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opened {
    /// The session that it belongs to.
    pub(crate) session: Option<SessionId>,
}

impl From<&Created> for Opened {
    fn from(created: &Created) -> Self {
        Self { session: created.session_id }
    }
}

/// A watched run.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) tenant: TenantKey,
    pub(crate) run: RunId,
    ring: Mutex<Ring>,
    /// The run as it stood when somebody asked for that last.
    pub(super) snapshot: tokio::sync::Mutex<Option<Frame>>,
    /// Sent whenever the ring has grown or the phase changed.
    phase: watch::Sender<Phase>,
    /// Asks the tail to read the log on.
    pub(crate) behind: Notify,
    /// Stops the tail.
    pub(crate) stop: CancellationToken,
}

impl Watch {
    pub(crate) fn new(tenant: TenantKey, run: RunId, room: Room) -> Self {
        Self {
            tenant,
            run,
            ring: Mutex::new(Ring::new(room)),
            snapshot: tokio::sync::Mutex::default(),
            phase: watch::Sender::new(Phase::Opening),
            behind: Notify::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Where it stands, and a signal whenever there is something new.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Where it stands now.
    pub(crate) fn phase(&self) -> Phase {
        self.phase.borrow().clone()
    }

    /// Moves it on and wakes its viewers.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Changes the ring and wakes the viewers.
    pub(crate) fn grow<T>(&self, change: impl FnOnce(&mut Ring) -> T) -> T {
        let result = change(&mut self.ring());
        self.phase.send_modify(|_| ());
        result
    }

    /// Looks at the ring.
    pub(crate) fn ring(&self) -> MutexGuard<'_, Ring> {
        // No code that holds the lock panics half way through a change.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to `limit` frames behind `seq`.
    pub(crate) fn after(&self, seq: u64, limit: usize) -> Slice {
        self.ring().after(seq, limit)
    }

    /// Whether the ring has everything behind `seq`, and that is `most` frames at most.
    pub(super) fn is_near(&self, seq: u64, most: usize) -> bool {
        let ring = self.ring();
        ring.next().saturating_sub(seq) <= most as u64 && !matches!(ring.after(seq, 0), Slice::Behind)
    }
}
