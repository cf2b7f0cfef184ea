//! The end of a run's log.

use sba_subjects::{
    id::{RunId, TenantKey},
    stream::Stream,
    subject::{Subject, filter},
};

use super::{ReadError, RunLog, within};

/// What a run's log comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Gone,
    /// The run goes on.
    Open,
    /// The run has ended, with this event.
    Ended {
        /// Its `seq`.
        seq: u64,
    },
}

impl RunLog {
    /// What a run's log comes to, as the leader has it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn standing(&self, tenant: &TenantKey, run: RunId) -> Result<Standing, ReadError> {
        let Some(last) = self.last(tenant, run).await? else { return Ok(Standing::Gone) };
        Ok(if last.ends()? { Standing::Ended { seq: last.head.last_seq() } } else { Standing::Open })
    }

    /// Removes what streams hold of a run: timers that are left, its snapshot, its log. What was removed before is no
    /// error, so whoever was interrupted begins again.
    ///
    /// The log goes last: while it is there, the run is as it was.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`]; a part may be removed then.
    pub async fn purge(&self, tenant: &TenantKey, run: RunId) -> Result<(), ReadError> {
        for timers in filter::timers(tenant, run) {
            self.purge_from(Stream::Timers.as_str(), timers).await?;
        }
        self.purge_from(Stream::Snap.as_str(), Subject::Snap { tenant: tenant.clone(), run }.to_string()).await?;
        self.purge_from(&self.shards.of(run), filter::run_log(tenant, run)).await
    }

    async fn purge_from(&self, stream: &str, pattern: String) -> Result<(), ReadError> {
        let unavailable = |error: &dyn std::fmt::Display| ReadError::Unavailable(error.to_string());
        let stream = self.jetstream.get_stream_no_info(stream).await.map_err(|error| unavailable(&error))?;
        let purged = within(self.answer, async { stream.purge().filter(pattern).await }).await?;
        purged.map(drop).map_err(|error| unavailable(&error))
    }
}
