//! Runs that are known by less than their tenant and id.

use async_nats::jetstream::stream::RawMessageErrorKind;
use sba_subjects::{
    id::{RunId, TenantKey},
    stream::Stream,
    subject::{Subject, filter},
};

use super::{ReadError, RunLog, within};
use crate::walk::{From, Route, Walk, WalkError};

impl RunLog {
    /// Whose a run is, where only its id is known; `None` for a run that has no log and was not started.
    ///
    /// For those who operate SBA: whoever acts for a tenant names it.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn tenant_of(&self, run: RunId) -> Result<Option<TenantKey>, ReadError> {
        for (stream, pattern) in
            [(Stream::Runs, filter::run_log_of_any(run)), (Stream::Cmds, filter::start_of_any(run))]
        {
            let unavailable = |error: &dyn std::fmt::Display| ReadError::Unavailable(error.to_string());
            let stream =
                self.jetstream.get_stream_no_info(stream.as_str()).await.map_err(|error| unavailable(&error))?;
            let asked = stream.raw_message_builder().last_by_subject(pattern).send();
            match within(self.answer, asked).await? {
                Ok(message) => return Ok(message.subject.parse::<Subject>().ok().and_then(|s| s.tenant().cloned())),
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
                Err(error) => return Err(unavailable(&error)),
            }
        }
        Ok(None)
    }

    /// Walks through the lifecycle events of all runs, of one tenant or of all: one record a message.
    ///
    /// # Errors
    /// [`WalkError`].
    pub async fn walk(&self, tenant: Option<&TenantKey>, from: From, heads_only: bool) -> Result<Walk, WalkError> {
        let route = Route { stream: Stream::Runs.to_string(), filter: filter::events(tenant), from, heads_only };
        Walk::begin(self.jetstream.clone(), route, self.answer).await
    }
}
