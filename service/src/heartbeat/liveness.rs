//! Who is alive: a pure judgement on what was heard, and when.

use std::time::{Duration, Instant};

/// How processes beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// Time between two heartbeats.
    pub interval: Duration,
    /// Heartbeats that must be missed before a process counts as dead.
    pub missed: u32,
}

/// What is to be thought of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// Heard lately.
    Alive,
    /// Silent for longer than a beat, but not long enough, or we may be the ones who cannot hear.
    Suspect,
    /// Silent for the whole limit, while we heard ourselves through the server all the time.
    Dead,
    /// Never heard, and we have not listened long enough to tell.
    Unknown,
}

/// What this process has heard of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ear {
    /// When the last of our own heartbeats that came back was sent.
    last: Option<Instant>,
    /// Since when they have come back without a gap.
    since: Option<Instant>,
}

impl Ear {
    /// One of our own heartbeats, sent at `sent`, was heard at `now`.
    ///
    /// What counts is when it was sent: after a freeze, old ones may still wait in a buffer.
    pub(super) fn heard(&mut self, rhythm: &Rhythm, sent: Instant, now: Instant) {
        if now.saturating_duration_since(sent) >= rhythm.limit() {
            return;
        }
        let gap = self.last.is_none_or(|last| sent.saturating_duration_since(last) >= rhythm.interval * 2);
        if gap || self.since.is_none() {
            self.since = Some(now);
        }
        self.last = self.last.max(Some(sent));
    }

    /// For how long we have heard ourselves without a gap; zero while we do not.
    pub(super) fn open_for(&self, rhythm: &Rhythm, now: Instant) -> Duration {
        let since = self.since.filter(|_| self.open(rhythm, now));
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Whether we hear ourselves.
    pub(super) fn open(&self, rhythm: &Rhythm, now: Instant) -> bool {
        self.last.is_some_and(|last| now.saturating_duration_since(last) < rhythm.limit())
    }
}

/// Judges a process that was last heard at `last`, if ever.
pub(super) fn judge(rhythm: &Rhythm, ear: &Ear, last: Option<Instant>, now: Instant) -> Liveness {
    if last.is_some_and(|last| now.saturating_duration_since(last) < rhythm.interval * 2) {
        return Liveness::Alive;
    }
    // Silence counts from when we could have heard, to the last of our own beats that came back: only that one proves
    // that a beat of the other would have come through.
    let proven = ear.since.zip(ear.last).filter(|_| ear.open(rhythm, now));
    let silent = proven.map(|(since, own)| own.saturating_duration_since(last.map_or(since, |last| last.max(since))));
    match (silent, last) {
        (Some(silent), _) if silent >= rhythm.limit() => Liveness::Dead,
        (_, None) => Liveness::Unknown,
        (_, Some(_)) => Liveness::Suspect,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RHYTHM: Rhythm = Rhythm { interval: Duration::from_millis(100), missed: 3 };

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// An ear that heard its own beats, sent at these times, five milliseconds later.
    fn ear(zero: Instant, sent: impl IntoIterator<Item = u64>) -> Ear {
        let mut ear = Ear::default();
        for at in sent {
            ear.heard(&RHYTHM, zero + ms(at), zero + ms(at + 5));
        }
        ear
    }

    #[test]
    fn the_table_of_judgements() {
        let zero = Instant::now();
        let always = |until: u64| (0..=until).step_by(100);
        let own = |sent: Vec<u64>| ear(zero, sent);
        for (case, ear, last, now, expected) in [
            ("heard just now", own(always(1_000).collect()), Some(950), 1_050, Liveness::Alive),
            ("one beat missed", own(always(1_000).collect()), Some(850), 1_050, Liveness::Suspect),
            ("all beats missed", own(always(1_000).collect()), Some(700), 1_050, Liveness::Dead),
            ("a moment before", own(always(1_000).collect()), Some(701), 1_050, Liveness::Suspect),
            ("both cut off, the other noticed first", own(always(800).collect()), Some(705), 1_050, Liveness::Suspect),
            ("we hear nothing at all", own(vec![]), Some(0), 9_000, Liveness::Suspect),
            ("we were cut off until now", own(vec![0, 100, 5_000]), Some(100), 5_050, Liveness::Suspect),
            (
                "and have listened since",
                own(vec![0, 100, 5_000, 5_100, 5_200, 5_300, 5_400]),
                Some(100),
                5_405,
                Liveness::Dead,
            ),
            ("never heard, just started", own(vec![0, 100]), None, 200, Liveness::Unknown),
            ("never heard in all the time", own(always(400).collect()), None, 405, Liveness::Dead),
            ("never heard and deaf", own(vec![]), None, 9_000, Liveness::Unknown),
        ] {
            let last = last.map(|at| zero + ms(at));
            assert_eq!(judge(&RHYTHM, &ear, last, zero + ms(now)), expected, "{case}");
        }
    }

    #[test]
    fn what_waited_in_a_buffer_does_not_open_the_ear() {
        let zero = Instant::now();
        let mut ear = ear(zero, [0, 100]);
        // Frozen for five seconds; then the beat sent before it arrives.
        ear.heard(&RHYTHM, zero + ms(200), zero + ms(5_200));
        assert!(!ear.open(&RHYTHM, zero + ms(5_200)));
        ear.heard(&RHYTHM, zero + ms(5_210), zero + ms(5_215));
        assert!(ear.open(&RHYTHM, zero + ms(5_215)));
        assert_eq!(judge(&RHYTHM, &ear, Some(zero + ms(100)), zero + ms(5_215)), Liveness::Suspect);
    }

    proptest! {
        /// Whatever we heard of ourselves: dead is only who was silent for the whole limit while each of our own
        /// beats of that time came back.
        #[test]
        fn nobody_is_dead_before_the_limit_or_while_we_were_deaf(
            steps in prop::collection::vec(1_u64..700, 1..40),
            last in prop::option::of(0_u64..10_000),
            after in 0_u64..1_000,
        ) {
            let zero = Instant::now();
            let sent: Vec<u64> = steps.iter().scan(0, |at, step| { *at += step; Some(*at) }).collect();
            let end = sent[sent.len() - 1];
            let now = end + 5 + after;
            prop_assume!(last.is_none_or(|last| last <= now));
            let ear = ear(zero, sent.iter().copied());
            let verdict = judge(&RHYTHM, &ear, last.map(|at| zero + ms(at)), zero + ms(now));
            if verdict == Liveness::Dead {
                prop_assert!(last.is_none_or(|last| end >= last + 300));
                prop_assert!(now - end < 300);
                let window: Vec<u64> = sent.iter().copied().filter(|at| *at + 300 >= end).collect();
                prop_assert!(window.windows(2).all(|pair| pair[1] - pair[0] < 200), "deaf within {window:?}");
            }
            if last.is_none() {
                prop_assert!(matches!(verdict, Liveness::Dead | Liveness::Unknown));
            }
        }
    }
}
