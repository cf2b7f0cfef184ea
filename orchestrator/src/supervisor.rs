//! The supervisor: no run is ever stuck.
//!
//! The log is the truth about what has not ended. One orchestrator leads: it takes the last event of every run from the
//! log, follows the log from there, and so knows which runs are open and when each was last heard of (`open`). One that
//! was quiet for too long it looks at (`look`): what should have happened by now, who drives it, and whether what it
//! waits for is under way. A run that does not go on by itself becomes a job in the agent-supervisor queue, one at a
//! time for each run; whichever worker takes it tells the run to look at itself, and the run's own rules do the rest.
//!
//! Nothing here is kept and nothing here is trusted: a new leader begins anew, two leaders find the same, and a
//! suspicion that was wrong changes nothing in the run. Postgres has no part in it.

mod follow;
mod look;
mod open;

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use futures::{StreamExt as _, stream};
use sba_service::{
    clock::Clock,
    config::Config,
    heartbeat::Peers,
    log::{ReadError, RunLog},
    metrics::Metrics,
    publish::PublishFailure,
    standing::Unanswered,
};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use self::{
    follow::Follower,
    look::Seen,
    open::{OpenRuns, Quiet},
};
use crate::domain::AgentSettings;

/// Runs that are looked at side by side.
const SIDE_BY_SIDE: usize = 16;

/// Everything that supervising takes.
pub struct Supervisor {
    /// For the log as it grows, the queues, and the jobs.
    pub jetstream: Context,
    /// The logs.
    pub log: RunLog,
    /// Who else is there.
    pub peers: Peers,
    /// What agents are built from.
    pub settings: AgentSettings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What operators see.
    pub metrics: Metrics,
    /// How patient it is.
    pub patience: Patience,
}

/// How patient a supervisor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Time between two looks for quiet runs.
    pub interval: Duration,
    /// Time after which a run counts as quiet, and a timer as lost.
    pub stall: Duration,
    /// Most runs that are looked at in one interval.
    pub looks: usize,
    /// Longest wait for an answer of the server.
    pub answer: Duration,
}

impl Patience {
    /// What the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let own = &config.orchestrator;
        Self {
            interval: own.supervise_interval_ms.into(),
            stall: own.stall_ms.into(),
            looks: own.supervise_looks,
            answer: config.nats.request_timeout_ms.into(),
        }
    }

    fn stall_ms(&self) -> u64 {
        u64::try_from(self.stall.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Why supervising stopped, for now.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the log cannot be followed: {0}")]
    Log(String),
    #[error("the log is not the one that was followed")]
    Another,
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Queue(#[from] Unanswered),
    #[error(transparent)]
    Job(#[from] PublishFailure),
}

impl Supervisor {
    /// Supervises, while this process leads, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.work() => {}
        }
        self.metrics.runs_open.set(0);
    }

    async fn work(&self) {
        loop {
            if self.peers.leads() {
                match self.lead().await {
                    Ok(()) => tracing::info!("another process supervises the runs from now on"),
                    Err(trouble) => tracing::warn!(error = %trouble, "supervising begins anew"),
                }
                self.metrics.runs_open.set(0);
            }
            sleep(self.patience.interval).await;
        }
    }

    /// Follows the log and looks at quiet runs, for as long as this process leads.
    async fn lead(&self) -> Result<(), Trouble> {
        let mut log = Follower::open(&self.jetstream, self.log.shards()).await?;
        let mut open = OpenRuns::new(self.patience.stall_ms());
        let mut looks = stream::empty().boxed();
        let mut ticks = interval(self.patience.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looking = false;
        loop {
            tokio::select! {
                heard = log.next() => heard?.iter().for_each(|message| open.hear(message)),
                seen = looks.next(), if looking => match seen {
                    Some((quiet, seen)) => self.note(&mut open, &quiet, seen),
                    None => looking = false,
                },
                _ = ticks.tick() => {
                    if !self.peers.leads() {
                        return Ok(());
                    }
                    log.check().await?;
                    self.metrics.runs_open.set(i64::try_from(open.len()).unwrap_or(i64::MAX));
                    // Until all of the log is known, a run that seems quiet may have ended.
                    if !looking && log.is_caught_up() {
                        let quiet = open.quiet(self.clock.now_millis(), self.patience.looks);
                        looks = stream::iter(quiet).map(|quiet| self.see(quiet)).buffer_unordered(SIDE_BY_SIDE).boxed();
                        looking = true;
                    }
                }
            }
        }
    }

    /// Looks at a run, and has it driven on where it is stuck.
    async fn see(&self, quiet: Quiet) -> (Quiet, Result<Seen, Trouble>) {
        let seen = self.look(&quiet).await;
        (quiet, seen)
    }

    fn note(&self, open: &mut OpenRuns, quiet: &Quiet, seen: Result<Seen, Trouble>) {
        let now = self.clock.now_millis();
        match seen {
            Ok(Seen::Ended) => open.forget(quiet),
            Ok(Seen::Well { again }) => open.look_again(quiet, again),
            Ok(Seen::Stuck) => open.driven_on(quiet, now),
            Err(trouble) => {
                tracing::warn!(error = %trouble, run_id = %quiet.run, "a quiet run could not be looked at");
                open.driven_on(quiet, now);
            }
        }
    }
}
