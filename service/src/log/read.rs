//! A run's log, read from its start.

use std::collections::VecDeque;

use sba_subjects::{
    id::{RunId, TenantKey},
    state::RunState,
};

use super::{ReadError, RunLog, Stored};

/// A run's records, from the first to the one that was the last when the reading began.
#[derive(Debug)]
pub struct Reading {
    log: RunLog,
    tenant: TenantKey,
    run: RunId,
    /// Stream sequence of the last record that was read.
    position: u64,
    /// Stream sequence of the last record that there is, as the leader has it.
    until: u64,
    fetched: VecDeque<Stored>,
}

impl RunLog {
    /// Begins to read a run's log; `None` for a run without one.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read(&self, tenant: &TenantKey, run: RunId) -> Result<Option<Reading>, ReadError> {
        let last = self.last(tenant, run).await?;
        Ok(last.map(|last| Reading {
            log: self.clone(),
            tenant: tenant.clone(),
            run,
            position: 0,
            until: last.stream_sequence,
            fetched: VecDeque::new(),
        }))
    }

    /// The state of a run as it was after an event, or now where there is none of that number yet; `None` for a run
    /// without a log.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn at(&self, tenant: &TenantKey, run: RunId, seq: u64) -> Result<Option<RunState>, ReadError> {
        let Some(mut reading) = self.read(tenant, run).await? else { return Ok(None) };
        let mut state = None;
        while let Some(record) = reading.next().await? {
            // What comes later need not be read: a newer version may have written it.
            for event in record.raw()?.into_iter().take_while(|event| event.seq <= seq) {
                state = RunState::fold(state, &[record.open(event)?])?;
            }
            if record.head.last_seq() >= seq {
                break;
            }
        }
        Ok(state)
    }
}

impl Reading {
    /// The next record; `None` after the last.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::Gone`] where the log was removed meanwhile.
    pub async fn next(&mut self) -> Result<Option<Stored>, ReadError> {
        if self.fetched.is_empty() && self.position < self.until {
            let page = self.log.history(&self.tenant, self.run, self.position).await?.records;
            self.fetched = page.into();
        }
        if self.fetched.is_empty() && self.position < self.until {
            // A replica that lags behind. The leader has it.
            let next = self.log.next(&self.tenant, self.run, self.position + 1).await?;
            self.fetched.push_back(next.ok_or(ReadError::Gone)?);
        }
        let next = self.fetched.pop_front().filter(|record| record.stream_sequence <= self.until);
        self.position = next.as_ref().map_or(self.until, |record| record.stream_sequence);
        Ok(next)
    }
}
