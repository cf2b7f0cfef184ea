//! Runs that are known by less than their tenant and id.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy, pull},
    stream::RawMessageErrorKind,
};
use futures::future::try_join_all;
use sba_subjects::{
    id::{RunId, TenantKey},
    stream::Stream,
    subject::{Subject, filter},
};

use time::OffsetDateTime;

use super::{ReadError, RunLog, within};
use crate::walk::{From, Route, Walk, WalkError};

/// How much of the log somebody has not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Records with lifecycle events.
    pub records: u64,
    /// When the first of them was stored.
    pub oldest: Option<OffsetDateTime>,
}

impl RunLog {
    /// How much stands behind a sequence of one of the streams that logs are spread over.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn rest(&self, stream: &str, sequence: u64) -> Result<Rest, ReadError> {
        let unavailable = |error: &dyn std::fmt::Display| ReadError::Unavailable(error.to_string());
        let config = pull::Config {
            filter_subject: filter::ALL_EVENTS.to_owned(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: sequence.saturating_add(1) },
            ack_policy: AckPolicy::None,
            memory_storage: true,
            num_replicas: 1,
            inactive_threshold: Duration::from_secs(1),
            ..pull::Config::default()
        };
        let made = self.jetstream.create_consumer_on_stream(config, stream);
        let counted = within(self.answer, made).await?.map_err(|error| unavailable(&error))?;
        let from = sequence.saturating_add(1);
        let stream = self.jetstream.get_stream_no_info(stream).await.map_err(|error| unavailable(&error))?;
        let asked = stream.raw_message_builder().next_by_subject(filter::ALL_EVENTS.to_owned()).sequence(from).send();
        let oldest = match within(self.answer, asked).await? {
            Ok(message) => Some(message.time),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => None,
            Err(error) => return Err(unavailable(&error)),
        };
        Ok(Rest { records: counted.cached_info().num_pending, oldest })
    }

    /// Whose a run is, where only its id is known; `None` for a run that has no log and was not started.
    ///
    /// For those who operate SBA: whoever acts for a tenant names it.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn tenant_of(&self, run: RunId) -> Result<Option<TenantKey>, ReadError> {
        let [own, surplus] = filter::start_of_any(run).map(|pattern| (Stream::Cmds.to_string(), pattern));
        for (stream, pattern) in [(self.shards.of(run), filter::run_log_of_any(run)), own, surplus] {
            let unavailable = |error: &dyn std::fmt::Display| ReadError::Unavailable(error.to_string());
            let stream = self.jetstream.get_stream_no_info(&stream).await.map_err(|error| unavailable(&error))?;
            let asked = stream.raw_message_builder().last_by_subject(pattern).send();
            match within(self.answer, asked).await? {
                Ok(message) => return Ok(message.subject.parse::<Subject>().ok().and_then(|s| s.tenant().cloned())),
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
                Err(error) => return Err(unavailable(&error)),
            }
        }
        Ok(None)
    }

    /// Walks through the lifecycle events of all runs, of one tenant or of all: one record a message, and a walk for each
    /// stream that logs are spread over.
    ///
    /// # Errors
    /// [`WalkError`].
    pub async fn walks(
        &self,
        tenant: Option<&TenantKey>,
        from: From,
        heads_only: bool,
    ) -> Result<Vec<Walk>, WalkError> {
        let names: Vec<String> = self.shards.names().collect();
        try_join_all(names.iter().map(|stream| self.walk(stream, tenant, from, heads_only))).await
    }

    /// The same through one of these streams.
    ///
    /// # Errors
    /// [`WalkError`].
    pub async fn walk(
        &self,
        stream: &str,
        tenant: Option<&TenantKey>,
        from: From,
        heads_only: bool,
    ) -> Result<Walk, WalkError> {
        let route = Route { stream: stream.to_owned(), filter: filter::events(tenant), from, heads_only };
        Walk::begin(self.jetstream.clone(), route, self.answer).await
    }
}
