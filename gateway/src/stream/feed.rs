//! What somebody who watches a run is given.

use sba_subjects::id::RunId;

use super::{
    frame::Frame,
    notice,
    viewer::{Lost, Start, Viewer},
};
use crate::api::RunView;

/// What a viewer has come for.
#[derive(Debug)]
pub(crate) enum Feed {
    /// A run with a log.
    Live(Box<Viewer>),
    /// A run whose log was removed: what is left to be said of it. Nothing, for one who has seen its end.
    Late(Vec<Frame>),
}

impl Feed {
    /// What is left of a run that ended with event `last`: that everything between is gone, and how it ended.
    pub(crate) fn late(run: RunId, start: Start, last: u64, view: &RunView) -> Self {
        let after = start.after();
        if after >= last {
            return Self::Late(Vec::new());
        }
        let snapshot = notice::snapshot(run, last, view);
        let gap = start.wants_history().then(|| notice::gap(run, after + 1, last));
        let said = gap.into_iter().chain([snapshot]);
        Self::Late(said.map(|notice| Frame::notice(last, 0, notice)).collect())
    }

    /// The next `most` at most, at least one; none once nothing will follow. Waits for them.
    ///
    /// # Errors
    /// [`Lost`].
    pub(crate) async fn next(&mut self, most: usize) -> Result<Vec<Frame>, Lost> {
        match self {
            Self::Live(viewer) => viewer.next(most).await,
            Self::Late(said) => {
                let rest = said.split_off(most.min(said.len()));
                Ok(std::mem::replace(said, rest))
            }
        }
    }
}
