//! What a process has heard of the others.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use sba_subjects::{
    heartbeat::Heartbeat,
    id::{InstanceId, RunId},
};
use tokio::sync::watch;

use super::{
    ProcessKind,
    liveness::{Ear, Liveness, Rhythm, judge},
};
use crate::clock::Clock;

/// Most processes that are remembered. An installation has tens.
const MAX_PEERS: usize = 4_096;
/// Own beats on their way whose time of sending is remembered.
const MAX_SENT: usize = 64;

/// Answers who is alive. Clones share what was heard.
#[derive(Clone)]
pub struct Peers(Arc<Shared>);

struct Shared {
    own: InstanceId,
    kind: String,
    rhythm: Rhythm,
    clock: Arc<dyn Clock>,
    heard: Mutex<Heard>,
    open: watch::Sender<bool>,
}

#[derive(Default)]
struct Heard {
    ear: Ear,
    sent: VecDeque<(u64, Instant)>,
    /// This process is one of them.
    peers: HashMap<InstanceId, Peer>,
}

struct Peer {
    last: Instant,
    kind: String,
    draining: bool,
    runs: HashSet<RunId>,
}

impl Peers {
    pub(super) fn new(own: InstanceId, kind: ProcessKind, rhythm: Rhythm, clock: Arc<dyn Clock>) -> Self {
        let (kind, open) = (kind.to_string(), watch::Sender::new(false));
        Self(Arc::new(Shared { own, kind, rhythm, clock, heard: Mutex::default(), open }))
    }

    /// Whether this process leads those of its kind: of all that live and are not about to end, it has the lowest id.
    ///
    /// Nobody votes, so for a while two may believe it of themselves, or none. It is for work that may be done twice.
    #[must_use]
    pub fn leads(&self) -> bool {
        let Shared { own, kind, rhythm, .. } = &*self.0;
        let now = self.0.clock.instant();
        let heard = self.heard();
        let before = |(instance, peer): (&InstanceId, &Peer)| {
            let same = peer.kind == *kind && !peer.draining && instance < own;
            same && judge(rhythm, &heard.ear, Some(peer.last), now) != Liveness::Dead
        };
        heard.ear.open_for(rhythm, now) >= rhythm.limit() && !heard.peers.iter().any(before)
    }

    /// What is to be thought of a process. This process itself is alive while it hears itself, else suspect.
    #[must_use]
    pub fn alive(&self, instance: InstanceId) -> Liveness {
        let now = self.0.clock.instant();
        let heard = self.heard();
        if instance == self.0.own {
            let open = heard.ear.open(&self.0.rhythm, now);
            return if open { Liveness::Alive } else { Liveness::Suspect };
        }
        let last = heard.peers.get(&instance).map(|peer| peer.last);
        judge(&self.0.rhythm, &heard.ear, last, now)
    }

    /// Whether the last heartbeat of a process, this one included, said that it owns a run; `None` when it was never heard.
    #[must_use]
    pub fn claims(&self, instance: InstanceId, run: RunId) -> Option<bool> {
        self.heard().peers.get(&instance).map(|peer| peer.runs.contains(&run))
    }

    /// Whether this process hears its own heartbeat through the server.
    #[must_use]
    pub fn hears_itself(&self) -> bool {
        self.heard().ear.open(&self.0.rhythm, self.0.clock.instant())
    }

    /// Follows [`Peers::hears_itself`]; it is `false` until the first own heartbeat came back.
    #[must_use]
    pub fn hearing(&self) -> watch::Receiver<bool> {
        self.0.open.subscribe()
    }

    /// Remembers when an own heartbeat is sent.
    pub(super) fn sending(&self, number: u64) {
        let now = self.0.clock.instant();
        let mut heard = self.heard();
        if heard.sent.len() == MAX_SENT {
            heard.sent.pop_front();
        }
        heard.sent.push_back((number, now));
    }

    /// Takes in a heartbeat of any process.
    pub(super) fn take(&self, beat: Heartbeat) {
        let now = self.0.clock.instant();
        let mut heard = self.heard();
        if beat.instance == self.0.own {
            let sent = heard.sent.iter().find(|(number, _)| *number == beat.number).map(|(_, at)| *at);
            let Some(sent) = sent else { return };
            heard.sent.retain(|(number, _)| *number > beat.number);
            heard.ear.heard(&self.0.rhythm, sent, now);
        }
        if heard.peers.len() < MAX_PEERS || heard.peers.contains_key(&beat.instance) {
            let runs = beat.runs.into_iter().collect();
            let (kind, draining) = (beat.kind, beat.draining);
            heard.peers.insert(beat.instance, Peer { last: now, kind, draining, runs });
        }
    }

    /// Forgets the long dead and tells the watchers whether we hear ourselves, which is also the answer.
    pub(super) fn refresh(&self) -> bool {
        let now = self.0.clock.instant();
        let mut heard = self.heard();
        // Who was never heard is judged dead after the same silence, so forgetting changes no verdict.
        let memory = self.0.rhythm.limit() * 20;
        heard.peers.retain(|_, peer| now.saturating_duration_since(peer.last) < memory);
        let open = heard.ear.open(&self.0.rhythm, now);
        drop(heard);
        self.0.open.send_if_modified(|known| std::mem::replace(known, open) != open);
        open
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").field("own", &self.0.own).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::clock::ManualClock;

    const RHYTHM: Rhythm = Rhythm { interval: Duration::from_millis(100), missed: 3 };

    fn id(number: u128) -> InstanceId {
        InstanceId::from_uuid(Uuid::from_u128(number))
    }

    fn beat(instance: InstanceId, number: u64, runs: Vec<RunId>) -> Heartbeat {
        Heartbeat { instance, kind: "orchestrator".to_owned(), number, runs, draining: false }
    }

    fn peers() -> (Peers, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        (Peers::new(id(1), ProcessKind::Orchestrator, RHYTHM, clock.clone()), clock)
    }

    fn own_beat(peers: &Peers, number: u64) {
        peers.sending(number);
        peers.take(beat(id(1), number, Vec::new()));
    }

    #[test]
    fn a_silent_peer_dies_while_we_hear_ourselves_and_rises_when_heard() {
        let (peers, clock) = peers();
        let run = RunId::from_uuid(Uuid::from_u128(7));
        peers.take(beat(id(2), 1, vec![run]));
        assert_eq!((peers.claims(id(2), run), peers.claims(id(3), run)), (Some(true), None));
        for number in 1..=4 {
            own_beat(&peers, number);
            clock.advance(RHYTHM.interval);
        }
        assert_eq!(peers.alive(id(2)), Liveness::Dead);
        assert_eq!(peers.alive(id(3)), Liveness::Dead);
        peers.take(beat(id(2), 5, Vec::new()));
        assert_eq!(peers.alive(id(2)), Liveness::Alive);
        assert_eq!(peers.claims(id(2), run), Some(false));
    }

    #[test]
    fn only_our_own_beats_that_we_sent_count_as_hearing_ourselves() {
        let (peers, clock) = peers();
        peers.take(beat(id(1), 99, Vec::new()));
        assert!(!peers.hears_itself(), "a number that was never sent proves nothing");
        own_beat(&peers, 1);
        assert!(peers.hears_itself() && peers.refresh());
        let watch = peers.hearing();
        clock.advance(RHYTHM.limit());
        assert!(!peers.hears_itself());
        assert!(*watch.borrow(), "the watch follows when it is refreshed");
        peers.refresh();
        assert!(!*watch.borrow());
        assert_eq!(peers.alive(id(1)), Liveness::Suspect);
    }

    #[test]
    fn the_first_of_those_who_live_and_stay_leads() {
        let clock = Arc::new(ManualClock::default());
        let peers = Peers::new(id(5), ProcessKind::Orchestrator, RHYTHM, clock.clone());
        let said = |number: u128, kind: &str, draining| {
            peers.take(Heartbeat { kind: kind.to_owned(), draining, ..beat(id(number), 1, Vec::new()) });
        };
        let mut own = 0;
        let mut time_passes = || {
            own += 1;
            peers.sending(own);
            peers.take(beat(id(5), own, Vec::new()));
            clock.advance(RHYTHM.interval);
        };
        time_passes();
        assert!(!peers.leads(), "it has not listened for long enough");
        (0..3).for_each(|_| time_passes());
        assert!(peers.leads(), "it is alone");
        said(3, "worker", false);
        said(7, "orchestrator", false);
        assert!(peers.leads(), "the others are of another kind, or come after it");
        said(4, "orchestrator", false);
        assert!(!peers.leads());
        said(4, "orchestrator", true);
        assert!(peers.leads(), "the first is about to end");
        said(4, "orchestrator", false);
        (0..4).for_each(|_| time_passes());
        assert!(peers.leads(), "the first was not heard for too long");
        clock.advance(RHYTHM.limit());
        assert!(!peers.leads(), "nor is it, now");
    }

    #[test]
    fn a_flood_of_strangers_is_bounded() {
        let (peers, clock) = peers();
        for number in 0..(MAX_PEERS as u128 + 500) {
            peers.take(beat(id(number + 10), 1, Vec::new()));
        }
        assert_eq!(peers.heard().peers.len(), MAX_PEERS);
        clock.advance(RHYTHM.limit() * 20);
        peers.refresh();
        assert_eq!(peers.heard().peers.len(), 0);
    }
}
