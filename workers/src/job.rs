//! Jobs: from the queue to a result.
//!
//! Layers, from the outside: [`queue`] pulls a bounded number of jobs, [`delivery`] continues the trace and settles the
//! message (ack, back-off, dead letter), [`read`] reads the job as its type, [`suspect`] keeps away what kills workers,
//! and a handler does the work: [`tool_call`] ([`once`] and [`stop`], where it has an effect; [`bounds`] hold for what it gives back) or [`index`]. A handler that has given up
//! says so to whoever waits: to the run, or in the document's row. [`guard`] bounds a try, and waits out an outage.

mod answer;
mod bounds;
mod delivery;
mod guard;
mod index;
mod once;
pub(crate) mod queue;
mod read;
mod stop;
mod suspect;
mod tool_call;

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use sba_service::{backoff::Backoff, clock::Clock, config::Config, metrics::Metrics};
use sba_store::{Store, blob::Blobs};

pub(crate) use once::Outcome;

use crate::{
    ingest::{embed::Embedder, parse::Parser, split::SplitLimits},
    tool::Registry,
};

/// What handlers work with.
pub(crate) struct Worker {
    pub(crate) jetstream: Context,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) tools: Registry,
    pub(crate) ingest: Ingest,
    pub(crate) policy: Policy,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Arc<dyn Clock>,
}

/// How documents become passages.
pub(crate) struct Ingest {
    pub(crate) parser: Parser,
    pub(crate) split: SplitLimits,
    pub(crate) max_passages: usize,
    /// Passages that are embedded and stored at a time.
    pub(crate) batch: usize,
    pub(crate) embedder: Arc<dyn Embedder>,
}

/// How jobs are tried, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// Deliveries after which a job is given up.
    pub(crate) max_deliveries: u32,
    /// The pause before another try.
    pub(crate) backoff: Backoff,
    /// Time between two signs of progress.
    pub(crate) progress: Duration,
    /// The longest that one try may take.
    pub(crate) deadline: Duration,
    /// The longest that a run waits for a call.
    pub(crate) call_deadline: Duration,
    /// The largest result of a call, in bytes of JSON.
    pub(crate) max_result: usize,
    /// The longest wait for a result to be stored.
    pub(crate) answer: Duration,
    /// How long a job waits for a store that is out of reach.
    pub(crate) outage: Duration,
}

impl Policy {
    /// What the configuration says.
    pub(crate) fn of(config: &Config) -> Self {
        let own = &config.worker;
        Self {
            max_deliveries: own.max_deliveries,
            backoff: Backoff::new(own.retry_min_ms.into(), own.retry_max_ms.into()),
            progress: own.progress_ms.into(),
            deadline: own.job_deadline_ms.into(),
            call_deadline: config.orchestrator.tool_deadline_ms.into(),
            max_result: own.max_result_bytes,
            outage: own.outage_ms.into(),
            answer: config.nats.request_timeout_ms.into(),
        }
    }
}
