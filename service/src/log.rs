//! The log of a run, as it is written and read over JetStream.
//!
//! - [`append`](RunLog::append): behind a fence, so that one writer's order is the order;
//! - [`load`](RunLog::load): the state now, from the leader;
//! - [`history`](RunLog::history): everything that was said, in pages, from any replica;
//! - [`read`](RunLog::read) and [`at`](RunLog::at): everything that was said, and the state it made at any time;
//! - [`follow`](RunLog::follow): everything as it is said, without a gap;
//! - [`tenant_of`](RunLog::tenant_of), [`walk`](RunLog::walk), [`purge`](RunLog::purge): for those who operate SBA;
//! - [`keep_snapshot`](RunLog::keep_snapshot): the folded state, so that loading stays short.
//!
//! The rules, with the measurements behind them, stand in `docs/adr/0002-one-fence-for-a-run.md`.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    Context,
    stream::{RawMessageErrorKind, Stream},
};
use bytes::Bytes;
use sba_subjects::{
    codec::CodecError,
    envelope::{Envelope, RawEnvelope},
    id::{RunId, TenantKey},
    record::{self, Head},
    state::ApplyError,
    stream::{Shards, Stream as Named},
    subject::filter,
};

mod append;
mod find;
mod follow;
mod history;
mod load;
mod promise;
mod purge;
mod read;
mod snapshot;

pub use append::AppendError;
pub use find::Rest;
pub use follow::{Beginning, Follow};
pub use history::{PAGE_RECORDS, Page};
pub use load::Loaded;
pub use purge::Standing;
pub use read::Reading;

/// One record as it stands in the stream.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Where it stands in the `RUNS` stream. Never shown to clients: their cursor is `seq`.
    pub stream_sequence: u64,
    /// What its headers say.
    pub head: Head,
    /// Its body: see [`record::read`] and [`record::open`].
    pub body: Bytes,
}

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// JetStream did not answer in time, or not with what was asked for.
    #[error("JetStream did not answer: {0}")]
    Unavailable(String),
    /// A message in the log is not a record that this version can read.
    #[error("record at stream sequence {stream_sequence}: {source}")]
    Unreadable {
        /// Where it stands.
        stream_sequence: u64,
        /// What is wrong with it.
        source: CodecError,
    },
    /// The records do not make a run.
    #[error("the log does not fold: {0}")]
    Unsound(#[from] ApplyError),
    /// A part of the log was there and is not any more.
    #[error("a part of the run's log is gone")]
    Gone,
}

impl ReadError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "jetstream_unavailable",
            Self::Unreadable { .. } if self.is_from_the_future() => "run_newer",
            Self::Unreadable { .. } | Self::Unsound(_) => "log_unreadable",
            Self::Gone => "log_gone",
        }
    }

    /// Whether asking again may help. Of a run whose log is gone there is something else to be shown then.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Gone)
    }

    /// Whether a newer version wrote what could not be read: the run is then left for a newer process.
    #[must_use]
    pub fn is_from_the_future(&self) -> bool {
        matches!(self, Self::Unreadable { source, .. } if source.is_from_the_future())
    }
}

/// The logs of all runs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RunLog {
    jetstream: Context,
    /// In the order of their names.
    runs: Arc<[Stream<()>]>,
    shards: Shards,
    snaps: Stream<()>,
    cmds: Stream<()>,
    answer: Duration,
}

impl RunLog {
    /// The logs in the streams that `jetstream` reaches, of which there are as many as `shards` says; `answer` bounds each
    /// request to the server.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the names of the streams are refused.
    pub async fn new(jetstream: Context, shards: Shards, answer: Duration) -> Result<Self, ReadError> {
        let stream = async |name: &str| {
            jetstream.get_stream_no_info(name).await.map_err(|error| ReadError::Unavailable(error.to_string()))
        };
        let mut runs = Vec::new();
        for name in shards.names() {
            runs.push(stream(&name).await?);
        }
        let (snaps, cmds) = (stream(Named::Snap.as_str()).await?, stream(Named::Cmds.as_str()).await?);
        Ok(Self { jetstream, runs: runs.into(), shards, snaps, cmds, answer })
    }

    /// The streams that the logs are spread over.
    #[must_use]
    pub const fn shards(&self) -> Shards {
        self.shards
    }

    fn stream(&self, run: RunId) -> &Stream<()> {
        // There is one for each index that the shards give.
        &self.runs[self.shards.index(run)]
    }

    /// The first record of a run at or after a stream sequence, as the leader has it.
    async fn next(&self, tenant: &TenantKey, run: RunId, from: u64) -> Result<Option<Stored>, ReadError> {
        let subject = filter::run_log(tenant, run);
        let request = self.stream(run).raw_message_builder().next_by_subject(subject).sequence(from).send();
        self.one(request).await
    }

    /// The last record of a run, as the leader has it.
    async fn last(&self, tenant: &TenantKey, run: RunId) -> Result<Option<Stored>, ReadError> {
        let subject = filter::run_log(tenant, run);
        self.one(self.stream(run).raw_message_builder().last_by_subject(subject).send()).await
    }

    async fn one<F>(&self, request: F) -> Result<Option<Stored>, ReadError>
    where
        F: Future<
            Output = Result<
                async_nats::jetstream::message::StreamMessage,
                async_nats::jetstream::stream::RawMessageError,
            >,
        >,
    {
        match within(self.answer, request).await? {
            Ok(message) => Stored::from_parts(message.sequence, &message.headers, message.payload).map(Some),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(ReadError::Unavailable(error.to_string())),
        }
    }
}

impl Stored {
    fn from_parts(stream_sequence: u64, headers: &async_nats::HeaderMap, body: Bytes) -> Result<Self, ReadError> {
        let head = Head::read(headers).ok_or(ReadError::Unreadable {
            stream_sequence,
            source: CodecError::Malformed("a message without the headers of a record".to_owned()),
        })?;
        Ok(Self { stream_sequence, head, body })
    }

    /// Whether the record has the event that ends its run.
    ///
    /// # Errors
    /// [`ReadError::Unreadable`] where it is no record.
    pub fn ends(&self) -> Result<bool, ReadError> {
        Ok(self.raw()?.last().is_some_and(|event| event.r#type == record::DONE))
    }

    /// The events of the record.
    ///
    /// # Errors
    /// [`ReadError::Unreadable`] for what this version cannot read.
    pub fn events(&self) -> Result<Vec<Envelope>, ReadError> {
        record::open(&self.body).map_err(|source| self.unreadable(source))
    }

    /// The events of the record as they stand, also those that a newer version added.
    ///
    /// # Errors
    /// [`ReadError::Unreadable`] where it is no record.
    pub fn raw(&self) -> Result<Vec<RawEnvelope>, ReadError> {
        record::read(&self.body).map_err(|source| self.unreadable(source))
    }

    fn open(&self, event: RawEnvelope) -> Result<Envelope, ReadError> {
        event.open().map_err(|source| self.unreadable(source))
    }

    fn unreadable(&self, source: CodecError) -> ReadError {
        ReadError::Unreadable { stream_sequence: self.stream_sequence, source }
    }
}

/// Waits for an answer, but not for ever.
async fn within<T>(limit: Duration, answer: impl Future<Output = T>) -> Result<T, ReadError> {
    tokio::time::timeout(limit, answer)
        .await
        .map_err(|_| ReadError::Unavailable(format!("no answer within {} ms", limit.as_millis())))
}
