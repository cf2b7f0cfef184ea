//! The orchestrator as a process.

use std::sync::Arc;

use sba_service::{
    clock::Clock,
    config::{Config, OrchestratorConfig},
    heartbeat::ProcessKind,
    log::{ReadError, RunLog},
    process::{Base, BaseError},
    provision::{Provision, ProvisionError},
    pull::PullError,
    shares::Shares,
    shutdown::Shutdown,
};
use sba_store::DatabaseOptions;
use sba_subjects::consumer::{self, Pace};

use crate::{
    domain::AgentSettings,
    driver::{self, Driver, Limits, Memory, Roll},
    model::{self, ModelError},
    projector::{Intervals, Projector},
    retention::Retention,
    schedules::Scheduler,
    supervisor::{Patience, Supervisor},
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
    /// What every process stands on could not be had.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// The queue of commands could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The queue of commands cannot be read.
    #[error(transparent)]
    Consume(#[from] PullError),
    /// What other processes say cannot be heard.
    #[error("the process's own subject cannot be subscribed to: {0}")]
    Listen(#[from] async_nats::SubscribeError),
}

impl OrchestratorError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Model(error) => error.code(),
            Self::NoDatabase => "config_invalid",
            Self::Base(error) => error.code(),
            Self::Provision(error) => error.code(),
            Self::Log(_) => "log_unreadable",
            Self::Consume(_) => "commands_unreadable",
            Self::Listen(_) => "control_unheard",
        }
    }
}

/// Runs an orchestrator until it is told to stop.
///
/// # Errors
/// [`OrchestratorError`] when it cannot start, or its queue is gone. A database that is down is no error: runs
/// go on, and the projection catches up.
pub async fn run(config: Config, clock: Arc<dyn Clock>, shutdown: Shutdown) -> Result<(), OrchestratorError> {
    let database = database(&config)?;
    let roll = Roll::default();
    let held = roll.clone();
    let mut base = Base::open(ProcessKind::Orchestrator, &config, clock, &shutdown, move || held.runs()).await?;
    let model = model::from_config(&config.model, config.orchestrator.model_deadline_ms.into(), &base.metrics)?;
    let provision = Provision::new(base.jetstream.clone(), config.nats.startup_timeout_ms.into());
    let commands = consumer::commands(&pace(&config.orchestrator));
    provision.consumers(commands.map(|(stream, queue)| (stream.as_str(), queue))).await?;
    let (timers, fired) = consumer::timers(&pace(&config.orchestrator));
    let (_, due) = consumer::schedules(&pace(&config.orchestrator));
    provision.consumers([(timers.as_str(), fired), (timers.as_str(), due)]).await?;
    let shards = config.nats.sizing().run_shards;
    let log = RunLog::new(base.jetstream.clone(), shards, config.nats.request_timeout_ms.into()).await?;
    let shares = Shares::new(&config, base.jetstream.clone(), base.metrics.clone());
    let scheduler = scheduler(&config, &base, database.clone(), shares.clone());
    let projector = Projector {
        jetstream: base.jetstream.clone(),
        log: log.clone(),
        retention: Retention::of(&config, log.clone(), base.clock.clone(), base.metrics.clone()),
        database,
        batch: config.orchestrator.projector_batch,
        every: intervals(&config.orchestrator),
        clock: base.clock.clone(),
        metrics: base.metrics.clone(),
    };
    let driver = Arc::new(Driver {
        instance: base.instance,
        log,
        jetstream: base.jetstream.clone(),
        shares,
        client: base.client.clone(),
        model,
        settings: AgentSettings::of(&config),
        peers: base.peers().clone(),
        roll,
        memory: Memory::new(config.orchestrator.remembered_bytes),
        clock: base.clock.clone(),
        ids: base.ids.clone(),
        metrics: base.metrics.clone(),
        limits: Limits::of(&config),
    });
    let supervisor = Supervisor {
        jetstream: base.jetstream.clone(),
        log: driver.log.clone(),
        peers: base.peers().clone(),
        settings: driver.settings.clone(),
        clock: base.clock.clone(),
        metrics: base.metrics.clone(),
        patience: Patience::of(&config),
    };
    shutdown.spawn(projector.run(shutdown.soft()));
    shutdown.spawn(supervisor.run(shutdown.soft()));
    shutdown.spawn(scheduler.run(shutdown.clone()));
    base.serve();
    tracing::info!(instance = %base.instance, "the orchestrator takes commands");
    driver::listen(driver.clone(), &shutdown).await?;
    let consumed = tokio::try_join!(driver::consume(driver.clone(), &shutdown), driver::forward(driver, &shutdown));
    if consumed.is_err() {
        shutdown.begin();
    }
    shutdown.finished().await;
    base.close().await;
    Ok(consumed.map(drop)?)
}

/// How commands are given out. The limits of a queue are those of all processes together.
fn pace(config: &OrchestratorConfig) -> Pace {
    Pace {
        ack_wait: config.command_ack_wait_ms.into(),
        max_ack_pending: config.max_pending_commands.into(),
        max_waiting: config.max_waiting_pulls.into(),
    }
}

fn intervals(config: &OrchestratorConfig) -> Intervals {
    Intervals {
        gather: config.projector_gather_ms.into(),
        keep: config.projector_keep_ms.into(),
        watch: config.projector_watch_ms.into(),
        retry: config.projector_retry_ms.into(),
    }
}

/// What sees to schedules: each moment that is seen to takes a connection.
fn scheduler(config: &Config, base: &Base, database: DatabaseOptions, shares: Shares) -> Scheduler {
    let own = &config.orchestrator;
    Scheduler {
        jetstream: base.jetstream.clone(),
        shares,
        database: DatabaseOptions { max_connections: own.max_firings, ..database },
        clock: base.clock.clone(),
        metrics: base.metrics.clone(),
        at_once: own.max_firings as usize,
        grace: own.schedule_grace_ms.into(),
        publish: config.nats.request_timeout_ms.into(),
        progress: own.command_progress_ms.into(),
        deliveries: own.command_max_deliveries,
    }
}

/// How the projector reaches Postgres: for the lead, for a transaction at a time for each stream, and for what retention
/// looks up.
fn database(config: &Config) -> Result<DatabaseOptions, OrchestratorError> {
    let (config, shards) = (&config.database, config.nats.run_shards);
    let url = config.url.as_ref().ok_or(OrchestratorError::NoDatabase)?;
    Ok(DatabaseOptions {
        max_connections: shards.saturating_add(2),
        acquire_timeout: config.acquire_timeout_ms.into(),
        startup_timeout: config.startup_timeout_ms.into(),
        statement_timeout: config.statement_timeout_ms.into(),
        idle_in_transaction_timeout: config.idle_in_transaction_timeout_ms.into(),
        ..DatabaseOptions::new(url.reveal())
    })
}
