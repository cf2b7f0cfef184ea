//! One viewer: a position in a run's events.

use std::sync::Arc;

use sba_service::log::{Loaded, ReadError, RunLog};
use sba_subjects::id::TenantKey;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::{
    frame::{Frame, Unwritable},
    hub::Seat,
    notice,
    ring::Slice,
    watch::{Opened, Phase},
};
use crate::places::Share;

/// Most frames that a viewer takes at once: one lock and one write for many events, and bounded memory.
pub(crate) const BATCH: usize = 64;

/// What a viewer begins with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum From {
    /// Every event.
    #[default]
    History,
    /// The run as it stands, and the events that follow.
    Snapshot,
}

/// Where a viewer begins.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Start {
    after: u64,
    from: From,
}

impl Start {
    /// Behind event `after` (0: none).
    pub(crate) const fn new(after: u64, from: From) -> Self {
        Self { after, from }
    }

    /// The last event that the viewer has.
    pub(crate) const fn after(self) -> u64 {
        self.after
    }

    /// Whether every event is wanted.
    pub(crate) const fn wants_history(self) -> bool {
        matches!(self.from, From::History)
    }
}

/// A place in the tenant's share, and one of all.
type Places = (Share<TenantKey>, OwnedSemaphorePermit);

/// Someone who watches a run. Dropping it leaves the run.
#[derive(Debug)]
pub(crate) struct Viewer {
    seat: Seat,
    log: RunLog,
    readers: Arc<Semaphore>,
    news: watch::Receiver<Phase>,
    /// The last event that was taken.
    seq: u64,
    from: From,
    /// Where that event stands in the stream, or a place before it.
    position: u64,
    _places: Places,
}

/// Why a viewer gets nothing more, though the run goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    /// There is no such run.
    #[error("there is no such run")]
    NoRun,
    /// The log cannot be read; this was logged.
    #[error("the run's log cannot be read")]
    Broken {
        /// Whether it may be readable later.
        transient: bool,
    },
    /// The log could not be read for this viewer.
    #[error("the run's log cannot be read")]
    Log(#[from] ReadError),
    /// An event could not be written for this viewer.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}

impl Lost {
    /// Whether trying again later may help.
    pub(crate) const fn is_transient(&self) -> bool {
        match self {
            Self::NoRun | Self::Unwritable(_) => false,
            Self::Broken { transient } => *transient,
            Self::Log(error) => error.may_pass(),
        }
    }
}

impl Viewer {
    /// A viewer who begins there.
    pub(super) fn new(seat: Seat, log: RunLog, readers: Arc<Semaphore>, start: Start, places: Places) -> Self {
        let news = seat.watch.subscribe();
        let Start { after, from } = start;
        Self { seat, log, readers, news, seq: after, from, position: 0, _places: places }
    }

    /// Waits until the run is known, and says who may watch it.
    pub(super) async fn opened(&mut self) -> Result<Opened, Lost> {
        loop {
            match &*self.news.borrow_and_update() {
                Phase::Open(opened) => return Ok(*opened),
                Phase::NoRun => return Err(Lost::NoRun),
                Phase::Broken { transient } => return Err(Lost::Broken { transient: *transient }),
                Phase::Opening => {}
            }
            if self.news.changed().await.is_err() {
                return Err(Lost::Broken { transient: true });
            }
        }
    }

    /// The events that come next, at least one and `most` at most; none after the run's last. Waits for them.
    ///
    /// One who wants no history is given a snapshot first, and in the place of what memory no longer holds.
    pub(crate) async fn next(&mut self, most: usize) -> Result<Vec<Frame>, Lost> {
        if self.from == From::Snapshot && self.seq == 0 {
            return self.snapshot().await;
        }
        loop {
            // Marked as seen before the ring is looked at, so that nothing is missed in between.
            let broken = match *self.news.borrow_and_update() {
                Phase::Broken { transient } => Some(transient),
                _ => None,
            };
            match self.seat.watch.after(self.seq, most) {
                Slice::Frames(frames) => return Ok(self.took(frames)),
                Slice::Ended => return Ok(Vec::new()),
                Slice::Behind if self.from == From::Snapshot => return self.snapshot().await,
                Slice::Behind => return self.catch_up(most).await,
                Slice::CaughtUp => {}
            }
            if let Some(transient) = broken {
                return Err(Lost::Broken { transient });
            }
            if self.news.changed().await.is_err() {
                return Err(Lost::Broken { transient: true });
            }
        }
    }

    /// Reads from the log what the ring no longer has. Few viewers do so at a time: it costs the writers.
    async fn catch_up(&mut self, most: usize) -> Result<Vec<Frame>, Lost> {
        let readers = Arc::clone(&self.readers);
        let _turn = readers.acquire().await.map_err(|_| Lost::Broken { transient: true })?;
        let mut position = self.position;
        loop {
            let page = self.log.history(&self.seat.watch.tenant, self.seat.watch.run, position).await?;
            let mut frames = Vec::new();
            for stored in &page.records {
                position = stored.stream_sequence;
                if stored.head.last_seq() > self.seq {
                    frames.extend(Frame::of(stored)?.into_iter().filter(|frame| frame.seq > self.seq));
                }
                if frames.len() >= most {
                    break;
                }
            }
            // A repeat of a record may stand behind it: only the first of each `seq` counts.
            let mut seq = self.seq;
            frames.retain(|frame| {
                let new = frame.seq == seq.saturating_add(1);
                seq += u64::from(new);
                new
            });
            if !frames.is_empty() {
                return Ok(self.took(frames));
            }
            if page.records.is_empty() {
                return Err(ReadError::Gone.into());
            }
        }
    }

    /// The run as it stands. Viewers that come at the same time share one, as long as memory has what follows it.
    async fn snapshot(&mut self) -> Result<Vec<Frame>, Lost> {
        let seat = &self.seat;
        let (tenant, run) = (&seat.watch.tenant, seat.watch.run);
        let mut kept = seat.watch.snapshot.lock().await;
        let frame = match kept.clone().filter(|kept| kept.seq > self.seq && seat.watch.is_near(kept.seq, BATCH)) {
            Some(kept) => kept,
            None => {
                let readers = Arc::clone(&self.readers);
                let _turn = readers.acquire().await.map_err(|_| Lost::Broken { transient: true })?;
                let Loaded { state, fence, bytes, .. } = self.log.load(tenant, run).await?.ok_or(ReadError::Gone)?;
                let seq = state.seq;
                let frame = Frame::notice(seq, fence.saturating_add(1), notice::snapshot(run, seq, &state.into()));
                *kept = seat.keeps(bytes).then(|| frame.clone());
                frame
            }
        };
        drop(kept);
        Ok(self.took(vec![frame]))
    }

    fn took(&mut self, frames: Vec<Frame>) -> Vec<Frame> {
        if let Some(last) = frames.last() {
            self.seq = last.seq;
            // The record may hold more events than were taken, so it is the one before that was seen whole.
            self.position = last.stream_sequence.saturating_sub(1);
        }
        frames
    }
}
