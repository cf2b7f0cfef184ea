//! The driver: it applies the domain's decisions to the world.
//!
//! A command is taken from the `CMDS` queue and stays unacked while its run is driven; so a run whose driver
//! dies is given to another by redelivery, and nothing else has to remember it.
//!
//! - `commands`: the queue, and what becomes of each delivery;
//! - `activate`: from a command to a run that this process holds;
//! - `held`: a held run: decide, append behind the fence, go on;
//! - `write` and `call`: the two kinds of step that take time.

mod activate;
mod call;
mod commands;
mod dead;
mod held;
mod prompt;
mod roll;
mod write;

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use sba_service::{clock::Clock, config::Config, heartbeat::Peers, ids::Ids, log::RunLog, metrics::Metrics};
use sba_subjects::id::InstanceId;

pub use commands::{ConsumeError, consume};
pub use roll::Roll;

use crate::{
    domain::AgentSettings,
    model::{Model, Retry},
};

/// Everything that driving takes. One for each process.
pub struct Driver {
    /// This process.
    pub instance: InstanceId,
    /// The logs.
    pub log: RunLog,
    /// For jobs, commands and dead letters.
    pub jetstream: Context,
    /// The model.
    pub model: Arc<dyn Model>,
    /// What agents are built from.
    pub settings: AgentSettings,
    /// Who else is there.
    pub peers: Peers,
    /// The runs that this process holds.
    pub roll: Roll,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// What operators see.
    pub metrics: Metrics,
    /// How patient it is.
    pub limits: Limits,
}

/// How patient a driver is, and how much it takes on.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Runs driven at once.
    pub runs: usize,
    /// Time between signs of progress for a command that is worked on.
    pub progress: Duration,
    /// Longest time that an append is repeated while its outcome is unknown.
    pub append: Duration,
    /// Deliveries of a command that cannot be read or decided on, after which it is dead-lettered.
    pub deliveries: u32,
    /// Largest token frame, in bytes of text.
    pub frame_bytes: usize,
    /// When to call a model again.
    pub retry: Retry,
    /// Pause before a command of a run that another process owns is looked at again.
    pub owned_elsewhere: Duration,
}

impl Limits {
    /// What the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let own = &config.orchestrator;
        Self {
            runs: own.max_runs,
            progress: own.command_progress_ms.into(),
            append: own.append_deadline_ms.into(),
            deliveries: own.command_max_deliveries,
            frame_bytes: own.max_frame_bytes,
            retry: Retry::from(&config.model),
            owned_elsewhere: own.heartbeat_ms.duration(),
        }
    }
}

impl AgentSettings {
    /// What the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a temperature needs no more than an f32 has")]
        let temperature = config.model.temperature as f32;
        Self {
            model: config.model.name.clone(),
            max_output_tokens: config.model.max_output_tokens,
            temperature,
            top_k: config.knowledge.top_k,
            max_top_k: config.knowledge.max_top_k,
            max_sections: config.orchestrator.max_sections,
            max_steps: config.orchestrator.max_steps,
            max_run_tokens: config.orchestrator.max_run_tokens,
            run_deadline_ms: config.orchestrator.run_deadline_ms.get(),
            locale: config.orchestrator.locale.clone(),
        }
    }
}
