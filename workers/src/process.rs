//! The worker as a process.

mod open;

use std::sync::Arc;

use async_nats::{
    Client,
    connection::State,
    jetstream::{Context, consumer::PullConsumer},
};
use sba_service::{
    clock::SystemClock,
    config::{Config, QueueConcurrency},
    health::Health,
    metrics::Metrics,
    nats::{self, NatsError},
    ops::{self, ListenError},
    provision::{Provision, ProvisionError},
    shutdown::Shutdown,
};
use sba_store::{StoreError, blob::BlobError};
use sba_subjects::{
    consumer::{self, Pace},
    name::Queue,
    stream::{self, Sizing, Stream},
};

use crate::{
    ingest::embed::EmbedError,
    job::{Policy, Worker, queue},
    tool::{Tool, registry::InvalidSchema},
};

/// Most jobs of a queue under way at once, over all processes.
const MAX_PENDING: i64 = 10_000;

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A setting that workers need is missing.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// NATS cannot be reached.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// A stream or consumer could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// A queue cannot be read.
    #[error("the queue {queue} cannot be read: {reason}")]
    Queue {
        /// The queue.
        queue: Queue,
        /// Why.
        reason: String,
    },
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
    /// The listener for operators could not be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The metrics could not be made.
    #[error("the metrics could not be made: {0}")]
    Metrics(String),
}

impl WorkerError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "config_invalid",
            Self::Nats(error) => error.code(),
            Self::Provision(error) => error.code(),
            Self::Queue { .. } => "queue_unreadable",
            Self::Store(error) => error.code(),
            Self::Blobs(error) => error.code(),
            Self::Embedder(error) => error.code(),
            Self::Tool(_) => "tool_schema_invalid",
            Self::Listen(error) => error.code(),
            Self::Metrics(_) => "metrics_failed",
        }
    }
}

/// Runs a worker until it is told to stop: it finishes the jobs it has, or gives them back when it must stop now.
///
/// # Errors
/// [`WorkerError`] when it cannot start.
pub async fn run(config: Config, shutdown: Shutdown) -> Result<(), WorkerError> {
    run_with(config, Vec::new(), shutdown).await
}

/// Runs a worker that has further tools; one with the name of a built-in tool replaces it.
///
/// # Errors
/// As [`run`].
pub async fn run_with(config: Config, tools: Vec<Arc<dyn Tool>>, shutdown: Shutdown) -> Result<(), WorkerError> {
    let metrics = Metrics::new().map_err(|error| WorkerError::Metrics(error.to_string()))?;
    let embedder = open::embedder(&config.knowledge).await?;
    let store = open::store(&config.database).await?;
    let blobs = open::blobs(&config)?;
    let client = nats::connect(&config.nats, "sba-worker", &metrics).await?;
    let jetstream = nats::jetstream(client.clone(), &config.nats);
    provision(&config, &jetstream).await?;
    let mut registry = open::tools(&config.knowledge, &store, &blobs, &embedder)?;
    tools.into_iter().try_for_each(|tool| registry.register(tool))?;
    let worker = Arc::new(Worker {
        tools: registry,
        ingest: open::ingest(&config, embedder),
        policy: Policy::of(&config),
        clock: SystemClock::shared(),
        jetstream: jetstream.clone(),
        store: store.clone(),
        blobs: blobs.clone(),
        metrics: metrics.clone(),
    });
    watch(&config, &shutdown, &worker, &client).await?;
    for (queue, pullers) in served(&config.worker.concurrency) {
        let consumer: PullConsumer = jetstream
            .get_consumer_from_stream(queue.as_str(), Stream::Jobs.as_str())
            .await
            .map_err(|error| WorkerError::Queue { queue, reason: error.to_string() })?;
        queue::start(&worker, queue, pullers, &consumer, &shutdown);
    }
    tracing::info!("the worker takes jobs");
    shutdown.finished().await;
    if let Err(error) = client.drain().await {
        tracing::warn!(%error, "the connection to NATS was not drained");
    }
    store.close().await;
    Ok(())
}

/// The queues that this process serves, with how many jobs of each at once.
fn served(concurrency: &QueueConcurrency) -> impl Iterator<Item = (Queue, usize)> {
    let queues = [
        (Queue::Render, concurrency.render),
        (Queue::Index, concurrency.index),
        (Queue::ToolExec, concurrency.tool_exec),
    ];
    queues.into_iter().filter(|(_, pullers)| *pullers > 0)
}

/// Streams and queues: whichever process starts first makes them.
async fn provision(config: &Config, jetstream: &Context) -> Result<(), ProvisionError> {
    let sizing = Sizing { replicas: config.nats.replicas, ..Sizing::default() };
    let pace = Pace { ack_wait: config.worker.ack_wait_ms.into(), max_ack_pending: MAX_PENDING };
    let provision = Provision::new(jetstream.clone(), config.nats.startup_timeout_ms.into());
    provision.streams(stream::all(&sizing)).await?;
    let queues = served(&config.worker.concurrency).map(|(queue, _)| consumer::jobs(queue, &pace));
    provision.consumers(queues.map(|(stream, consumer)| (stream.as_str(), consumer))).await
}

/// Health and metrics, on a listener of their own.
async fn watch(config: &Config, shutdown: &Shutdown, worker: &Arc<Worker>, client: &Client) -> Result<(), ListenError> {
    let health = Health::new(shutdown.soft());
    let nats = client.clone();
    health.add("nats", move || {
        let connected = nats.connection_state() == State::Connected;
        async move { if connected { Ok(()) } else { Err("not connected".to_owned()) } }
    });
    let store = worker.store.clone();
    health.add("database", move || {
        let store = store.clone();
        async move { store.ping().await.map_err(|error| error.to_string()) }
    });
    let blobs = worker.blobs.clone();
    health.add("blobs", move || {
        let blobs = blobs.clone();
        async move { blobs.ping().await.map_err(|error| error.to_string()) }
    });
    let Some(listener) = ops::bind(&config.telemetry.metrics_listen).await? else { return Ok(()) };
    let (metrics, hard) = (worker.metrics.clone(), shutdown.hard());
    tokio::spawn(async move {
        if let Err(error) = ops::serve(listener, metrics, &health, hard).await {
            tracing::error!(%error, "the listener for operators broke");
        }
    });
    Ok(())
}
