//! What every process does first and last: metrics, the connection, streams, its heartbeat, the listener for operators.

use std::sync::Arc;

use async_nats::{Client, connection::State, jetstream::Context};
use sba_subjects::{
    id::{InstanceId, RunId},
    stream,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    config::Config,
    health::Health,
    heartbeat::{Beat, Heartbeat, Peers, ProcessKind, Rhythm},
    ids::{Ids, TimeOrderedIds},
    metrics::Metrics,
    nats::{self, NatsError},
    ops::{self, ListenError},
    provision::{Provision, ProvisionError},
    shutdown::Shutdown,
};

/// Why a process could not start.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// The metrics could not be made.
    #[error("the metrics could not be made")]
    Metrics(#[source] prometheus::Error),
    /// The listener for operators could not be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// NATS cannot be reached.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// A stream could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The heartbeat could not begin.
    #[error("the heartbeat could not begin")]
    Heartbeat(#[source] async_nats::Error),
}

impl BaseError {
    /// A stable name for the kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Metrics(_) => "metrics_failed",
            Self::Listen(error) => error.code(),
            Self::Nats(error) => error.code(),
            Self::Provision(error) => error.code(),
            Self::Heartbeat(_) => "heartbeat_failed",
        }
    }
}

/// What a process stands on. It is [opened](Base::open) first, [serves](Base::serve) operators once the process does its
/// work, and is [closed](Base::close) last.
pub struct Base {
    /// This process.
    pub instance: InstanceId,
    /// What operators see.
    pub metrics: Metrics,
    /// Under which conditions it is ready; the connection to NATS is one.
    pub health: Health,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// The connection to NATS.
    pub client: Client,
    /// JetStream, whose streams are there.
    pub jetstream: Context,
    heartbeat: Heartbeat,
    operators: Option<TcpListener>,
    hard: CancellationToken,
}

impl Base {
    /// Connects, makes the streams where no other process did, and starts the heartbeat. `runs` says what this process
    /// owns.
    ///
    /// # Errors
    /// [`BaseError`]; nothing is left behind then.
    pub async fn open(
        kind: ProcessKind,
        config: &Config,
        clock: Arc<dyn Clock>,
        shutdown: &Shutdown,
        runs: impl Fn() -> Vec<RunId> + Send + Sync + 'static,
    ) -> Result<Self, BaseError> {
        let metrics = Metrics::new().map_err(BaseError::Metrics)?;
        let operators = ops::bind(&config.telemetry.metrics_listen).await?;
        let ids = TimeOrderedIds::shared(clock.clone());
        let instance: InstanceId = ids.make();
        let client = nats::connect(&config.nats, &format!("sba-{kind} {instance}"), &metrics).await?;
        let jetstream = nats::jetstream(client.clone(), &config.nats);
        let provision = Provision::new(jetstream.clone(), config.nats.startup_timeout_ms.into());
        provision.streams(stream::all(&config.nats.sizing())).await?;
        let beat = Beat {
            instance,
            kind,
            rhythm: Rhythm::of(&config.orchestrator),
            draining: shutdown.soft(),
            runs: Box::new(runs),
            clock: clock.clone(),
            metrics: metrics.clone(),
        };
        let heartbeat = Heartbeat::start(client.clone(), beat).await.map_err(BaseError::Heartbeat)?;
        let health = Health::new(shutdown.soft());
        watch(&health, &client, heartbeat.peers());
        let hard = shutdown.hard();
        Ok(Self { instance, metrics, health, clock, ids, client, jetstream, heartbeat, operators, hard })
    }

    /// What is known of other processes, and of this one.
    #[must_use]
    pub fn peers(&self) -> &Peers {
        self.heartbeat.peers()
    }

    /// Serves metrics and health from now on: whoever asks whether the process is ready is told of all of it.
    pub fn serve(&mut self) {
        let Some(listener) = self.operators.take() else { return };
        let (metrics, health, hard) = (self.metrics.clone(), self.health.clone(), self.hard.clone());
        tokio::spawn(async move {
            if let Err(error) = ops::serve(listener, metrics, &health, hard).await {
                tracing::error!(%error, "the listener for operators broke");
            }
        });
    }

    /// Says that nothing is owned any more, and sends what is still to be said.
    pub async fn close(self) {
        self.heartbeat.stop().await;
        if let Err(error) = self.client.drain().await {
            tracing::warn!(%error, "the connection to NATS was not drained: what was still to be said may be lost");
        }
    }
}

/// A connection that carries nothing is none: so what counts is whether the process hears itself through the server.
fn watch(health: &Health, client: &Client, peers: &Peers) {
    let (client, peers) = (client.clone(), peers.clone());
    health.add("nats", move || {
        let state = match (client.connection_state(), peers.hears_itself()) {
            (State::Connected, true) => Ok(()),
            (State::Connected, false) => Err("this process does not hear its own heartbeat".to_owned()),
            _ => Err("the connection is lost".to_owned()),
        };
        std::future::ready(state)
    });
}
