//! The latest events of a watched run, in memory.

use std::collections::VecDeque;

use super::frame::Frame;

/// Most bytes of frames that a ring holds, whatever their number: a run's events can be large.
const MAX_BYTES: usize = 4 << 20;

/// Consecutive frames, the oldest dropped first.
#[derive(Debug)]
pub(crate) struct Ring {
    frames: VecDeque<Frame>,
    bytes: usize,
    capacity: usize,
    /// The `seq` that comes next.
    next: u64,
    /// Where the last record that was taken in stands in the stream.
    position: u64,
    ended: bool,
}

/// What a record that arrives is to a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// All of it is known.
    Repeat,
    /// It goes on where the ring ends, or before.
    Next,
    /// Something is missing before it.
    Gap,
}

/// What a ring has for a viewer.
#[derive(Debug)]
pub(crate) enum Slice {
    /// What comes next.
    Frames(Vec<Frame>),
    /// What comes next is no longer in memory.
    Behind,
    /// Nothing more yet.
    CaughtUp,
    /// Nothing more, ever.
    Ended,
}

impl Ring {
    /// An empty ring at the start of a log, for at most `capacity` frames.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, capacity: capacity.max(1), next: 1, position: 0, ended: false }
    }

    /// Where the log is to be read on.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// The `seq` that comes next.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Whether the event that ends the run is in.
    pub(crate) const fn ended(&self) -> bool {
        self.ended
    }

    /// How events `first..=last` fit.
    pub(crate) const fn fit(&self, first: u64, last: u64) -> Fit {
        if last < self.next {
            Fit::Repeat
        } else if first > self.next {
            Fit::Gap
        } else {
            Fit::Next
        }
    }

    /// Takes the frames of one record, as far as they are new. They must [fit](Ring::fit).
    pub(crate) fn push(&mut self, frames: Vec<Frame>) {
        for frame in frames {
            if frame.seq != self.next || self.ended {
                continue;
            }
            self.next += 1;
            self.position = frame.stream_sequence;
            self.ended = frame.last;
            self.bytes += frame.text.len();
            self.frames.push_back(frame);
        }
        while self.frames.len() > self.capacity || (self.bytes > MAX_BYTES && self.frames.len() > 1) {
            if let Some(oldest) = self.frames.pop_front() {
                self.bytes -= oldest.text.len();
            }
        }
    }

    /// Up to `limit` frames behind `seq`.
    pub(crate) fn after(&self, seq: u64, limit: usize) -> Slice {
        if seq + 1 >= self.next {
            return if self.ended { Slice::Ended } else { Slice::CaughtUp };
        }
        let first = self.next - self.frames.len() as u64;
        let Some(skip) = (seq + 1).checked_sub(first) else {
            return Slice::Behind;
        };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Slice::Frames(self.frames.iter().skip(skip).take(limit).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "a test fails by panicking")]

    use super::*;

    fn frame(seq: u64) -> Frame {
        Frame { seq, stream_sequence: seq * 10, last: false, text: format!("{seq}").into() }
    }

    fn seqs(slice: Slice) -> Vec<u64> {
        match slice {
            Slice::Frames(frames) => frames.iter().map(|frame| frame.seq).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_ring_gives_what_follows_and_says_when_it_cannot() {
        let mut ring = Ring::new(3);
        ring.push((1..=5).map(frame).collect());
        assert_eq!(seqs(ring.after(2, 10)), [3, 4, 5]);
        assert_eq!(seqs(ring.after(2, 1)), [3]);
        assert!(matches!(ring.after(1, 10), Slice::Behind));
        assert!(matches!(ring.after(5, 10), Slice::CaughtUp));
        assert!(matches!(ring.after(u64::MAX - 1, 10), Slice::CaughtUp));
        assert_eq!((ring.position(), ring.next()), (50, 6));
    }

    #[test]
    fn repeats_are_dropped_and_gaps_seen() {
        let mut ring = Ring::new(10);
        ring.push(vec![frame(1), frame(2)]);
        assert_eq!(ring.fit(1, 2), Fit::Repeat);
        assert_eq!(ring.fit(4, 5), Fit::Gap);
        assert_eq!(ring.fit(2, 3), Fit::Next);
        ring.push(vec![frame(2), frame(3)]);
        assert_eq!(seqs(ring.after(0, 10)), [1, 2, 3]);
    }

    #[test]
    fn nothing_follows_the_last_event() {
        let mut ring = Ring::new(10);
        ring.push(vec![Frame { last: true, ..frame(1) }, frame(2)]);
        assert_eq!(seqs(ring.after(0, 10)), [1]);
        assert!(matches!(ring.after(1, 10), Slice::Ended));
        assert!(matches!(ring.after(7, 10), Slice::Ended));
    }

    #[test]
    fn large_frames_are_bounded_by_their_bytes() {
        let mut ring = Ring::new(1_000);
        let large = |seq| Frame { text: "x".repeat(MAX_BYTES / 2).into(), ..frame(seq) };
        (1..=5).for_each(|seq| ring.push(vec![large(seq)]));
        assert_eq!(seqs(ring.after(3, 10)), [4, 5]);
        assert!(matches!(ring.after(2, 10), Slice::Behind));
        ring.push(vec![Frame { text: "x".repeat(MAX_BYTES * 2).into(), ..frame(6) }]);
        assert_eq!(seqs(ring.after(5, 10)), [6]);
    }
}
