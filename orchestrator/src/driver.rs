//! The driver: it applies the domain's decisions to the world.
//!
//! A command is taken from the `CMDS` queue and stays unacked while its run is driven; so a run whose driver
//! dies is given to another by redelivery, and nothing else has to remember it.
//!
//! - `commands`: the queue, and what becomes of each delivery;
//! - `activate`: from a command to a run that this process holds;
//! - `held`: a held run: decide, append behind the fence, go on; `memory`: those that it left waiting;
//! - `write`: a call of the model; `trouble`: what follows when it fails; `answers`: those
//!   that are kept for while it is out; `perform`: everything else that a decision asks for;
//! - `roll` and `control`: commands for a run that is held go to its holder, in this process or another;
//! - `timers`: what fired becomes a command.

mod activate;
mod answers;
mod commands;
mod control;
pub(crate) mod guard;
mod hearing;
mod held;
mod memory;
mod perform;
mod prompt;
mod roll;
mod timers;
mod trouble;
mod write;

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use sba_service::{
    backoff::Backoff,
    clock::Clock,
    config::{Config, OrchestratorConfig},
    heartbeat::Peers,
    ids::Ids,
    log::RunLog,
    metrics::Metrics,
    shares::Shares,
};
use sba_subjects::id::InstanceId;

pub use commands::consume;
pub use control::listen;
pub use memory::Memory;
pub use roll::Roll;
pub use timers::forward;

use crate::{
    domain::{AgentSettings, Prices, RunLimits},
    model::{Model, ModelError, Outage, Retry, Wait, prompts::Room},
};

/// Everything that driving takes. One for each process.
pub struct Driver {
    /// This process.
    pub instance: InstanceId,
    /// The logs.
    pub log: RunLog,
    /// For jobs, timers and dead letters.
    pub jetstream: Context,
    /// What tenants may fill of the queues.
    pub shares: Shares,
    /// For what other processes say.
    pub client: async_nats::Client,
    /// The model.
    pub model: Arc<dyn Model>,
    /// What agents are built from.
    pub settings: AgentSettings,
    /// Who else is there.
    pub peers: Peers,
    /// The runs that this process holds.
    pub roll: Roll,
    /// The runs that it left waiting.
    pub memory: Memory,
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
    /// Runs driven at once because they were started.
    pub runs: usize,
    /// The same of runs beyond their tenants' shares.
    pub surplus_runs: usize,
    /// Commands to such runs that are worked on at once. One for a run that nobody drives has it driven.
    pub commands: usize,
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
    /// When to call the fallback again.
    pub fallback_retry: Retry,
    /// What an outage of the provider means for runs.
    pub outage: Outage,
    /// The pause before a command that failed is delivered again.
    pub command_backoff: Backoff,
    /// Pause before a command of a run that another process owns is looked at again.
    pub owned_elsewhere: Duration,
    /// Longest wait until a job or a timer is stored.
    pub publish: Duration,
    /// Longest wait for another process to take a command over.
    pub handover: Duration,
    /// Longest time for one call of the model.
    pub model_deadline: Duration,
    /// A pause before another call of the model from which the run is let go meanwhile.
    pub park_after: Duration,
    /// Events after which a snapshot is kept within a step.
    pub snapshot_every: u64,
    /// How much the prompts of the `render` workflow show.
    pub room: Room,
}

impl Limits {
    /// What the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let own = &config.orchestrator;
        Self {
            runs: own.max_runs,
            surplus_runs: own.max_surplus_runs,
            commands: own.max_commands,
            progress: own.command_progress_ms.into(),
            append: own.append_deadline_ms.into(),
            deliveries: own.command_max_deliveries,
            frame_bytes: own.max_frame_bytes,
            retry: Retry::of(&config.model),
            fallback_retry: Retry::of_fallback(&config.model),
            outage: Outage::of(&config.model, own),
            command_backoff: Backoff::new(own.command_retry_min_ms.into(), own.command_retry_max_ms.into()),
            owned_elsewhere: own.heartbeat_ms.duration(),
            publish: config.nats.request_timeout_ms.into(),
            handover: config.nats.request_timeout_ms.into(),
            model_deadline: own.model_deadline_ms.into(),
            park_after: own.park_after_ms.into(),
            snapshot_every: own.snapshot_every_events,
            room: Room::of(config.model.context_tokens),
        }
    }

    fn too_slow(&self) -> ModelError {
        ModelError::Timeout { wait: Wait::Answer, limit: self.model_deadline }
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
            prices: Prices { input: config.model.input_price_micros, output: config.model.output_price_micros },
            top_k: config.knowledge.top_k,
            max_top_k: config.knowledge.max_top_k,
            max_sections: config.orchestrator.max_sections,
            limits: limits(&config.orchestrator),
            call_ms: Arc::new(config.call_deadlines().into_iter().map(|(tool, ms)| (tool, ms.get())).collect()),
            locale: config.orchestrator.locale.clone(),
            cached_answers: config.model.cached_answers,
            keep_to_sources: config.model.keep_to_sources,
        }
    }
}

fn limits(own: &OrchestratorConfig) -> RunLimits {
    RunLimits {
        steps: own.max_steps,
        tokens: own.max_run_tokens,
        cost_micros: own.max_run_cost_micros,
        time_ms: own.run_deadline_ms.get(),
        parallel_calls: own.max_parallel_calls,
        same_calls: own.max_same_calls,
        call_ms: own.tool_deadline_ms.get(),
        answer_ms: own.answer_deadline_ms.get(),
        grace_ms: own.cancel_grace_ms.get(),
        stalls: own.stall_limit,
        lost_attempts: own.max_lost_attempts,
    }
}
