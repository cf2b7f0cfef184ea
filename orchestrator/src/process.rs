//! The orchestrator as a process.

use std::sync::Arc;

use sba_service::{
    clock::SystemClock,
    config::{Config, DatabaseConfig},
    health::Health,
    heartbeat::{Beat, Heartbeat, ProcessKind, Rhythm},
    ids::TimeOrderedIds,
    log::{ReadError, RunLog},
    metrics::Metrics,
    nats::{self, NatsError},
    ops::{self, ListenError},
    provision::{Provision, ProvisionError},
    shutdown::Shutdown,
};
use sba_store::DatabaseOptions;
use sba_subjects::{
    consumer::{self, Pace},
    stream::{self, Sizing},
};

use crate::{
    domain::AgentSettings,
    driver::{self, ConsumeError, Driver, Limits, Roll},
    model::{self, ModelError},
    projector::Projector,
};

/// Why an orchestrator could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum OrchestratorError {
    /// The model's configuration cannot work.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// `database.url` is not set.
    #[error("database.url is not set")]
    NoDatabase,
    /// NATS cannot be reached.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// A stream or consumer could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The heartbeat could not begin.
    #[error("the heartbeat could not begin: {0}")]
    Heartbeat(async_nats::Error),
    /// The queue of commands cannot be read.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// The listener for operators could not be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The metrics could not be made.
    #[error("the metrics could not be made: {0}")]
    Metrics(String),
}

impl OrchestratorError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Model(error) => error.code(),
            Self::NoDatabase => "config_invalid",
            Self::Nats(error) => error.code(),
            Self::Provision(error) => error.code(),
            Self::Log(_) => "log_unreadable",
            Self::Heartbeat(_) => "heartbeat_failed",
            Self::Consume(_) => "commands_unreadable",
            Self::Listen(error) => error.code(),
            Self::Metrics(_) => "metrics_failed",
        }
    }
}

/// Runs an orchestrator until it is told to stop.
///
/// # Errors
/// [`OrchestratorError`] when it cannot start, or its queue is gone. A database that is down is no error: runs
/// go on, and the projection catches up.
pub async fn run(config: Config, shutdown: Shutdown) -> Result<(), OrchestratorError> {
    let model = model::from_config(&config.model)?;
    let database = database(&config.database)?;
    let metrics = Metrics::new().map_err(|error| OrchestratorError::Metrics(error.to_string()))?;
    let clock = SystemClock::shared();
    let ids = TimeOrderedIds::shared(clock.clone());
    let client = nats::connect(&config.nats, "sba-orchestrator", &metrics).await?;
    let jetstream = nats::jetstream(client.clone(), &config.nats);
    provision(&config, &jetstream).await?;

    let instance = ids.make();
    let roll = Roll::default();
    let held = roll.clone();
    let beat = Beat {
        instance,
        kind: ProcessKind::Orchestrator,
        rhythm: Rhythm::of(&config.orchestrator),
        draining: shutdown.soft(),
        runs: Box::new(move || held.runs()),
        clock: clock.clone(),
        metrics: metrics.clone(),
    };
    let heartbeat = Heartbeat::start(client.clone(), beat).await.map_err(OrchestratorError::Heartbeat)?;
    watch(&config, &shutdown, heartbeat.peers().clone(), &metrics).await?;
    let projector = Projector {
        jetstream: jetstream.clone(),
        database,
        batch: config.orchestrator.projector_batch,
        clock: clock.clone(),
        metrics: metrics.clone(),
    };
    shutdown.spawn(projector.run(shutdown.soft()));

    let driver = Arc::new(Driver {
        instance,
        log: RunLog::new(jetstream.clone(), config.nats.request_timeout_ms.into()).await?,
        jetstream,
        model,
        settings: AgentSettings::of(&config),
        peers: heartbeat.peers().clone(),
        roll,
        clock,
        ids,
        metrics,
        limits: Limits::of(&config),
    });
    tracing::info!(%instance, "the orchestrator takes commands");
    let consumed = driver::consume(driver, &shutdown).await;
    if consumed.is_err() {
        shutdown.begin();
    }
    shutdown.finished().await;
    heartbeat.stop().await;
    if let Err(error) = client.drain().await {
        tracing::warn!(%error, "the connection to NATS was not drained");
    }
    Ok(consumed?)
}

/// Streams and the queue: whichever process starts first makes them.
async fn provision(config: &Config, jetstream: &async_nats::jetstream::Context) -> Result<(), ProvisionError> {
    let sizing = Sizing { replicas: config.nats.replicas, ..Sizing::default() };
    let pace = Pace { ack_wait: config.orchestrator.command_ack_wait_ms.into(), max_ack_pending: 100_000 };
    let provision = Provision::new(jetstream.clone(), config.nats.startup_timeout_ms.into());
    provision.streams(stream::all(&sizing)).await?;
    let (stream, consumer) = consumer::commands(&pace);
    provision.consumers([(stream.as_str(), consumer)]).await
}

/// Health and metrics, on a listener of their own.
async fn watch(
    config: &Config,
    shutdown: &Shutdown,
    peers: sba_service::heartbeat::Peers,
    metrics: &Metrics,
) -> Result<(), ListenError> {
    let health = Health::new(shutdown.soft());
    health.add("nats", move || {
        let heard = peers.hears_itself();
        async move { if heard { Ok(()) } else { Err("this process does not hear its own heartbeat".to_owned()) } }
    });
    let Some(listener) = ops::bind(&config.telemetry.metrics_listen).await? else { return Ok(()) };
    let (metrics, hard) = (metrics.clone(), shutdown.hard());
    tokio::spawn(async move {
        if let Err(error) = ops::serve(listener, metrics, &health, hard).await {
            tracing::error!(%error, "the listener for operators broke");
        }
    });
    Ok(())
}

/// How the projector reaches Postgres: it works on one transaction at a time.
fn database(config: &DatabaseConfig) -> Result<DatabaseOptions, OrchestratorError> {
    let url = config.url.as_ref().ok_or(OrchestratorError::NoDatabase)?;
    Ok(DatabaseOptions {
        max_connections: 2,
        acquire_timeout: config.acquire_timeout_ms.into(),
        statement_timeout: config.statement_timeout_ms.into(),
        ..DatabaseOptions::new(url.reveal())
    })
}
