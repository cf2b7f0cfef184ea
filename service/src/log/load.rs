//! The state of a run now.

use sba_subjects::{
    id::{RunId, TenantKey},
    state::RunState,
    subject::filter,
};

use super::{ReadError, RunLog};

/// A run's state, and the fence behind which its next record goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The state.
    pub state: RunState,
    /// Stream sequence of the last record folded in.
    pub fence: u64,
}

impl RunLog {
    /// The state of a run, from its snapshot and what was appended since; `None` for a run without a log.
    ///
    /// Everything is read from the streams' leaders: a replica may lag behind what was acknowledged.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn load(&self, tenant: &TenantKey, run: RunId) -> Result<Option<Loaded>, ReadError> {
        let over = filter::run_log(tenant, run);
        let Some(last) = self.last(over.clone()).await? else { return Ok(None) };
        if last.head.seq == 1 {
            let state = RunState::fold(None, &last.events()?)?;
            return Ok(state.map(|state| Loaded { state, fence: last.stream_sequence }));
        }
        // A snapshot may be ahead of `last`, when somebody appended in between.
        let snapshot = self.snapshot(tenant, run).await?;
        let (mut state, mut fence) = match snapshot {
            Some(snapshot) => (Some(snapshot.state), snapshot.stream_sequence),
            None => (None, 0),
        };
        while fence < last.stream_sequence {
            // The last record is at hand: mostly it is all that is new.
            let follows = state.as_ref().is_some_and(|state| state.seq.checked_add(1) == Some(last.head.seq));
            let next = if follows { Some(last.clone()) } else { self.next(over.clone(), fence + 1).await? };
            let Some(next) = next else { break };
            state = RunState::fold(state, &next.events()?)?;
            fence = next.stream_sequence;
        }
        Ok(state.map(|state| Loaded { state, fence }))
    }
}
