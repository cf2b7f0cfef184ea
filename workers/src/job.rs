//! Jobs: from the queue to a result.
//!
//! Layers, from the outside: [`queue`] pulls a bounded number of jobs, [`delivery`] continues the trace and settles the
//! message (ack, back-off, dead letter), [`read`] reads the job as its type, [`suspect`] keeps away what kills workers,
//! and a handler does the work: [`tool_call`] ([`once`] and [`stop`], where it has an effect; [`bounds`] hold for what it
//! gives back), [`index`] or [`supervise`]. A handler that has given up says so to whoever waits: to the run, or in the
//! document's row. [`guard`] bounds a try, and waits out an outage.

mod answer;
mod bounds;
mod delivery;
mod guard;
mod index;
mod once;
pub(crate) mod queue;
mod read;
mod stop;
mod supervise;
mod suspect;
mod tool_call;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use sba_service::{
    clock::Clock,
    config::{Config, Tries},
    metrics::Metrics,
};
use sba_store::{Store, blob::Blobs};
use sba_subjects::{job::JobBody, name::ToolName};

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
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// How a job is tried that has no rules of its own.
    pub(crate) usual: Tries,
    /// How the calls of tools are tried that have no rules of their own.
    pub(crate) calls: Tries,
    /// How the calls of the others are tried.
    pub(crate) tools: BTreeMap<ToolName, Tries>,
    /// Time between two signs of progress.
    pub(crate) progress: Duration,
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
        Self {
            usual: config.usual_tries(),
            calls: config.usual_call_tries(),
            tools: config.tool_tries(),
            progress: config.worker.progress_ms.into(),
            max_result: config.worker.max_result_bytes,
            outage: config.worker.outage_ms.into(),
            answer: config.nats.request_timeout_ms.into(),
        }
    }

    /// How a job is tried.
    pub(crate) fn tries(&self, job: &JobBody) -> &Tries {
        match job {
            JobBody::Tool(call) => self.tools.get(&call.tool_name).unwrap_or(&self.calls),
            JobBody::Index(_) | JobBody::Supervise(_) => &self.usual,
        }
    }
}
