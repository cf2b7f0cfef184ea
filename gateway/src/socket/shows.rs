//! The runs that a socket shows, each in its turn.

use std::collections::HashMap;

use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use sba_subjects::id::RunId;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::stream::{BATCH, Feed, Frame, Lost};

/// How much of a run is shown in one turn, where several have something to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Priority {
    High,
    #[default]
    Normal,
    Low,
}

impl Priority {
    /// Most events of one turn. Runs take turns, so none starves.
    const fn events(self) -> usize {
        match self {
            Self::High => BATCH,
            Self::Normal => BATCH / 4,
            Self::Low => BATCH / 16,
        }
    }
}

/// A run that is shown.
#[derive(Debug)]
pub(super) struct Show {
    run: RunId,
    feed: Feed,
    priority: Priority,
    /// Its place among the subscriptions of the socket.
    _place: Option<OwnedSemaphorePermit>,
}

impl Show {
    pub(super) const fn new(run: RunId, feed: Feed, priority: Priority, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { run, feed, priority, _place: place }
    }

    async fn turn(mut self) -> Turn {
        let next = self.feed.next(self.priority.events()).await;
        Turn { run: self.run, next, show: self }
    }
}

/// What a run has to say in its turn: nothing, once nothing will follow.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) run: RunId,
    pub(super) next: Result<Vec<Frame>, Lost>,
    pub(super) show: Show,
}

/// All runs that a socket shows.
#[derive(Debug, Default)]
pub(super) struct Shows {
    /// Those that have something to say come out in the order in which they had, and go to the end of it.
    turns: FuturesUnordered<BoxFuture<'static, Option<Turn>>>,
    shown: HashMap<RunId, CancellationToken>,
}

impl Shows {
    /// Shows a run, in place of what was shown of it.
    pub(super) fn begin(&mut self, show: Show) {
        if let Some(earlier) = self.shown.insert(show.run, CancellationToken::new()) {
            earlier.cancel();
        }
        self.go_on(show);
    }

    /// Gives a run its next turn.
    pub(super) fn go_on(&mut self, show: Show) {
        let Some(left) = self.shown.get(&show.run).cloned() else { return };
        self.turns.push(Box::pin(async move { left.run_until_cancelled_owned(show.turn()).await }));
    }

    /// Shows a run no more.
    pub(super) fn end(&mut self, run: RunId) {
        if let Some(shown) = self.shown.remove(&run) {
            shown.cancel();
        }
    }

    /// The next run that has something to say. Waits for it, and loses nothing when it is not waited for to the end.
    pub(super) async fn next(&mut self) -> Turn {
        loop {
            match self.turns.next().await {
                Some(Some(turn)) => return turn,
                // One that is not shown any more.
                Some(None) => {}
                None => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use futures::FutureExt as _;
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;

    fn run(number: u128) -> RunId {
        RunId::from_uuid(Uuid::from_u128(number))
    }

    /// A run that has a thousand things to say at once.
    fn show(number: u128, priority: Priority) -> Show {
        let said = (1..=1_000).map(|seq| Frame::notice(seq, 0, Value::Null)).collect();
        Show::new(run(number), Feed::Late(said), priority, None)
    }

    #[test]
    fn runs_take_turns_as_large_as_their_priority() {
        let mut shows = Shows::default();
        for (number, priority) in [(1, Priority::Low), (2, Priority::High), (3, Priority::Normal)] {
            shows.begin(show(number, priority));
        }
        let mut told = HashMap::<RunId, Vec<usize>>::new();
        for _ in 0..30 {
            let turn = shows.next().now_or_never().unwrap();
            told.entry(turn.run).or_default().push(turn.next.unwrap().len());
            shows.go_on(turn.show);
        }
        for (number, events) in [(1, 4), (2, 64), (3, 16)] {
            assert_eq!(told[&run(number)], [events; 10], "nobody starves");
        }
    }

    #[test]
    fn a_run_that_is_left_says_no_more_and_one_that_is_moved_begins_anew() {
        let mut shows = Shows::default();
        shows.begin(show(1, Priority::Normal));
        let turn = shows.next().now_or_never().unwrap();
        shows.go_on(turn.show);
        shows.end(run(1));
        assert!(shows.next().now_or_never().is_none(), "what was under way is dropped");
        shows.begin(show(2, Priority::Low));
        shows.begin(show(2, Priority::High));
        let turn = shows.next().now_or_never().unwrap();
        assert_eq!((turn.run, turn.next.unwrap().len()), (run(2), 64));
        // The turn of one that was left meanwhile is its last.
        shows.end(run(2));
        shows.go_on(turn.show);
        assert!(shows.next().now_or_never().is_none());
    }
}
