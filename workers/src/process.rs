//! The worker as a process.

mod open;

use std::sync::Arc;

use async_nats::jetstream::Context;
use futures::future::try_join_all;
use sba_service::{
    clock::Clock,
    config::{Config, WorkerConfig},
    health::Health,
    heartbeat::ProcessKind,
    process::{Base, BaseError},
    provision::{Provision, ProvisionError},
    pull::PullError,
    shutdown::Shutdown,
};
use sba_store::{
    Store, StoreError,
    blob::{BlobError, Blobs},
};
use sba_subjects::{
    consumer::{self, Pace},
    name::Queue,
};

use crate::{
    ingest::embed::EmbedError,
    job::{
        Policy, Worker,
        queue::{self, Part},
    },
    sweeper::Sweeper,
    tool::{Tool, registry::InvalidSchema},
};

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A setting that workers need is missing.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// What every process stands on could not be had.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// A queue could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// A queue cannot be read.
    #[error(transparent)]
    Queue(#[from] PullError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store cannot be used.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The embedding model cannot be used.
    #[error(transparent)]
    Embedder(#[from] EmbedError),
    /// A tool is faulty.
    #[error(transparent)]
    Tool(#[from] InvalidSchema),
}

impl WorkerError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "config_invalid",
            Self::Base(error) => error.code(),
            Self::Provision(error) => error.code(),
            Self::Queue(_) => "queue_unreadable",
            Self::Store(error) => error.code(),
            Self::Blobs(error) => error.code(),
            Self::Embedder(error) => error.code(),
            Self::Tool(_) => "tool_schema_invalid",
        }
    }
}

/// Runs a worker until it is told to stop: it finishes the jobs it has, or gives them back when it must stop now.
///
/// It has `tools` besides the built-in ones; one with the name of a built-in tool replaces it.
///
/// # Errors
/// [`WorkerError`] when it cannot start.
pub async fn run(
    config: Config,
    tools: Vec<Arc<dyn Tool>>,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
) -> Result<(), WorkerError> {
    let embedder = open::embedder(&config.knowledge).await?;
    let store = open::store(&config.database).await?;
    let blobs = open::blobs(&config)?;
    let mut registry = open::tools(&config.knowledge, &store, &blobs, &embedder)?;
    tools.into_iter().try_for_each(|tool| registry.register(tool))?;
    let mut base = Base::open(ProcessKind::Worker, &config, clock, &shutdown, Vec::new).await?;
    let worker = Arc::new(Worker {
        tools: registry,
        ingest: open::ingest(&config, embedder),
        policy: Policy::of(&config),
        clock: base.clock.clone(),
        jetstream: base.jetstream.clone(),
        store: store.clone(),
        blobs: blobs.clone(),
        metrics: base.metrics.clone(),
    });
    provision(&config, &base.jetstream).await?;
    watch(&base.health, &store, &blobs);
    let swept = open::sweeper_store(&config.database)?;
    let sweeper = Sweeper::new(&config, swept, blobs, base.jetstream.clone(), base.clock.clone(), base.metrics.clone());
    shutdown.spawn(sweeper.run(shutdown.soft()));
    base.serve();
    tracing::info!(instance = %base.instance, "the worker takes jobs");
    let parts = served(&config.worker);
    let work = parts.map(|(part, places)| queue::serve(Arc::clone(&worker), part, places, &shutdown));
    let worked = try_join_all(work).await;
    if worked.is_err() {
        shutdown.begin();
    }
    shutdown.finished().await;
    base.close().await;
    store.close().await;
    Ok(worked.map(drop)?)
}

/// What this process serves, with how many jobs of each at once.
fn served(config: &WorkerConfig) -> impl Iterator<Item = (Part, usize)> {
    let (shares, surplus) = (&config.concurrency, &config.surplus_concurrency);
    let parts = [
        (Part::Shares(Queue::Render), shares.render),
        (Part::Shares(Queue::Index), shares.index),
        (Part::Shares(Queue::ToolExec), shares.tool_exec),
        (Part::Shares(Queue::AgentSupervisor), shares.agent_supervisor),
        (Part::Surplus(Queue::Render), surplus.render),
        (Part::Surplus(Queue::Index), surplus.index),
        (Part::Surplus(Queue::ToolExec), surplus.tool_exec),
    ];
    parts.into_iter().filter(|(_, places)| *places > 0)
}

/// Queues: whichever worker starts first makes them. Their limits are those of all processes together.
async fn provision(config: &Config, jetstream: &Context) -> Result<(), ProvisionError> {
    let own = &config.worker;
    let pace = Pace {
        ack_wait: own.ack_wait_ms.into(),
        max_ack_pending: own.max_pending_jobs.into(),
        max_waiting: own.max_waiting_pulls.into(),
    };
    let queues = served(own).map(|(part, _)| match part {
        Part::Shares(queue) => consumer::jobs(queue, &pace),
        Part::Surplus(queue) => consumer::surplus_jobs(queue, &pace),
    });
    let provision = Provision::new(jetstream.clone(), config.nats.startup_timeout_ms.into());
    provision.consumers(queues.map(|(stream, consumer)| (stream.as_str(), consumer))).await
}

/// Makes readiness follow what most jobs need.
fn watch(health: &Health, store: &Store, blobs: &Blobs) {
    let store = store.clone();
    health.add("database", move || {
        let store = store.clone();
        async move { store.ping().await.map_err(|error| error.to_string()) }
    });
    let blobs = blobs.clone();
    health.add("blobs", move || {
        let blobs = blobs.clone();
        async move { blobs.ping().await.map_err(|error| error.to_string()) }
    });
}
