//! The latest events of a watched run, in memory.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::frame::Frame;

/// What bounds one ring, and all of them together.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    /// Most frames of one ring.
    pub(crate) frames: usize,
    /// Most bytes of one ring, whatever the number of frames: a run's events can be large.
    pub(crate) bytes: usize,
    /// Most bytes of all rings, besides the last frame of each.
    pub(crate) total: usize,
    /// Bytes of all rings.
    taken: Arc<AtomicUsize>,
}

impl Room {
    pub(crate) fn new(frames: usize, bytes: usize, total: usize) -> Self {
        Self { frames: frames.max(1), bytes, total, taken: Arc::default() }
    }
}

/// Consecutive frames, the oldest dropped first.
#[derive(Debug)]
pub(crate) struct Ring {
    frames: VecDeque<Frame>,
    bytes: usize,
    room: Room,
    /// The `seq` that comes next.
    next: u64,
    ended: bool,
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
    /// An empty ring at the start of a log.
    pub(crate) fn new(room: Room) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, room, next: 1, ended: false }
    }

    /// The `seq` that comes next.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Whether the event that ends the run is in.
    pub(crate) const fn ended(&self) -> bool {
        self.ended
    }

    /// Takes the frames of one record, as far as they are new and follow.
    pub(crate) fn push(&mut self, frames: Vec<Frame>) {
        for frame in frames {
            if frame.seq != self.next || self.ended {
                continue;
            }
            self.next += 1;
            self.ended = frame.last;
            self.bytes += frame.weight;
            self.room.taken.fetch_add(frame.weight, Ordering::Relaxed);
            self.frames.push_back(frame);
        }
        while self.is_over() {
            if let Some(oldest) = self.frames.pop_front() {
                self.bytes -= oldest.weight;
                self.room.taken.fetch_sub(oldest.weight, Ordering::Relaxed);
            }
        }
    }

    /// Whether the oldest frame must go. Where all rings are too large together, the one that grows gives way.
    fn is_over(&self) -> bool {
        let room = &self.room;
        let large = self.bytes > room.bytes || room.taken.load(Ordering::Relaxed) > room.total;
        self.frames.len() > room.frames || (large && self.frames.len() > 1)
    }

    /// Up to `limit` frames behind `seq`.
    pub(crate) fn after(&self, seq: u64, limit: usize) -> Slice {
        if seq.saturating_add(1) >= self.next {
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

impl Drop for Ring {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "a test fails by panicking")]

    use super::*;

    const MAX_BYTES: usize = 1_000;

    fn ring(frames: usize) -> Ring {
        Ring::new(Room::new(frames, MAX_BYTES, 10 * MAX_BYTES))
    }

    fn heavy(seq: u64, weight: usize) -> Frame {
        let mut frame = Frame::notice(seq, seq * 10, seq.into());
        frame.weight = weight;
        frame
    }

    fn frame(seq: u64) -> Frame {
        heavy(seq, 1)
    }

    fn seqs(slice: Slice) -> Vec<u64> {
        match slice {
            Slice::Frames(frames) => frames.iter().map(|frame| frame.seq).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_ring_gives_what_follows_and_says_when_it_cannot() {
        let mut ring = ring(3);
        ring.push((1..=5).map(frame).collect());
        assert_eq!(seqs(ring.after(2, 10)), [3, 4, 5]);
        assert_eq!(seqs(ring.after(2, 1)), [3]);
        assert!(matches!(ring.after(1, 10), Slice::Behind));
        assert!(matches!(ring.after(5, 10), Slice::CaughtUp));
        assert!(matches!(ring.after(u64::MAX - 1, 10), Slice::CaughtUp));
        assert!(matches!(ring.after(u64::MAX, 10), Slice::CaughtUp), "a position that no run ever has");
        assert_eq!(ring.next(), 6);
    }

    #[test]
    fn repeats_are_dropped_and_what_does_not_follow_is_not_taken() {
        let mut ring = ring(10);
        ring.push(vec![frame(1), frame(2)]);
        ring.push(vec![frame(2), frame(3), frame(5)]);
        assert_eq!(seqs(ring.after(0, 10)), [1, 2, 3]);
    }

    #[test]
    fn nothing_follows_the_last_event() {
        let mut ring = ring(10);
        let mut last = frame(1);
        last.last = true;
        ring.push(vec![last, frame(2)]);
        assert_eq!(seqs(ring.after(0, 10)), [1]);
        assert!(matches!(ring.after(1, 10), Slice::Ended));
        assert!(matches!(ring.after(7, 10), Slice::Ended));
    }

    #[test]
    fn large_frames_are_bounded_by_their_bytes() {
        let mut ring = ring(1_000);
        let large = |seq| heavy(seq, MAX_BYTES / 2);
        (1..=5).for_each(|seq| ring.push(vec![large(seq)]));
        assert_eq!(seqs(ring.after(3, 10)), [4, 5]);
        assert!(matches!(ring.after(2, 10), Slice::Behind));
        ring.push(vec![heavy(6, MAX_BYTES * 2)]);
        assert_eq!(seqs(ring.after(5, 10)), [6]);
    }

    #[test]
    fn all_rings_together_are_bounded_and_what_is_gone_makes_room() {
        let room = Room::new(100, 500, 700);
        let large = |seq| heavy(seq, 100);
        let filled = || {
            let mut ring = Ring::new(room.clone());
            (1..=10).for_each(|seq| ring.push(vec![large(seq)]));
            ring
        };
        let (first, second) = (filled(), filled());
        assert_eq!((first.bytes, second.bytes), (500, 200));
        assert_eq!(filled().bytes, 100, "a viewer is given the latest in any case");
        drop(first);
        assert_eq!(filled().bytes, 500);
    }
}
