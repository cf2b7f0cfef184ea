//! Signs of life: each process gives its own and listens to all, its own included.
//!
//! What they are for: the runs of a process that is dead may be taken over, and a process that no longer hears
//! itself through the server stops its model calls. A wrong suspicion costs a repeated call, never correctness.

mod liveness;
mod peers;
mod pulse;

use std::{fmt, sync::Arc, time::Duration};

use async_nats::Client;
use sba_subjects::id::{InstanceId, RunId};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::{
    liveness::{Liveness, Rhythm},
    peers::Peers,
};
use crate::{clock::Clock, metrics::Metrics};

/// The kind of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessKind {
    /// Bridges clients and NATS.
    Gateway,
    /// Drives runs.
    Orchestrator,
    /// Does jobs.
    Worker,
}

impl fmt::Display for ProcessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gateway => "gateway",
            Self::Orchestrator => "orchestrator",
            Self::Worker => "worker",
        })
    }
}

/// What a heartbeat says, and how often.
pub struct Beat {
    /// This process.
    pub instance: InstanceId,
    /// What it is.
    pub kind: ProcessKind,
    /// Time between two beats, and how many may be missed. The same for all processes.
    pub rhythm: Rhythm,
    /// Cancelled when the process takes nothing new.
    pub draining: CancellationToken,
    /// The runs that the process owns at the moment.
    pub runs: Box<dyn Fn() -> Vec<RunId> + Send + Sync>,
    /// Measures silence.
    pub clock: Arc<dyn Clock>,
    /// Where it shows whether the process hears itself.
    pub metrics: Metrics,
}

/// The heartbeat of this process. It beats until [`Heartbeat::stop`], or until this is dropped.
#[derive(Debug)]
pub struct Heartbeat {
    peers: Peers,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Heartbeat {
    /// Subscribes to all heartbeats and starts to beat.
    ///
    /// # Errors
    /// If the connection is closed.
    pub async fn start(client: Client, beat: Beat) -> Result<Self, async_nats::Error> {
        let heard = client.subscribe(sba_subjects::subject::filter::HEARTBEATS).await?;
        let peers = Peers::new(beat.instance, beat.kind, beat.rhythm, beat.clock.clone());
        let stop = CancellationToken::new();
        let task = tokio::spawn(pulse::run(client, heard, beat, peers.clone(), stop.clone()));
        Ok(Self { peers, stop, task: Some(task) })
    }

    /// What is known of the others, and of this process itself.
    #[must_use]
    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    /// Beats once more, draining and without runs, and ends. Call it when nothing is owned any more.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the heartbeat failed");
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Rhythm {
    /// From `orchestrator.heartbeat_ms` and `orchestrator.missed_heartbeats`.
    #[must_use]
    pub fn of(config: &crate::config::OrchestratorConfig) -> Self {
        Self { interval: config.heartbeat_ms.into(), missed: config.missed_heartbeats }
    }

    /// The silence after which a process counts as dead, or cut off.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.interval * self.missed
    }
}
