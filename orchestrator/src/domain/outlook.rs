//! When a run has to go on by itself.
//!
//! Timers of the run see to most of it. Whoever looks after runs without progress asks here what should have happened
//! by now, and so does the run when it is looked at.

use sba_subjects::{
    run::{RunStatus, Stall},
    state::{CallState, RunState},
};

use super::Agent;

/// Something that is to happen at a time, whatever else happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// What.
    pub due: Due,
}

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// A cancelled run ends without what it waits for.
    Grace,
    /// A paused run goes on.
    Wake,
    /// The question of this step is not answered any more.
    Ask(u32),
    /// The call of this step is not answered any more.
    Call(u32),
    /// The run ends.
    Deadline,
}

impl Due {
    /// What is to be thought of a run in which it did not happen.
    #[must_use]
    pub const fn stall(self) -> Stall {
        match self {
            Self::Grace | Self::Wake | Self::Ask(_) => Stall::TimerLost,
            Self::Call(_) => Stall::CallLate,
            Self::Deadline => Stall::Overtime,
        }
    }

    /// Whether a timer of the run sees to it; else only whoever looks after the run does.
    #[must_use]
    pub const fn has_timer(self) -> bool {
        matches!(self.stall(), Stall::TimerLost)
    }
}

/// What is to happen in a run by itself, the earliest first.
#[must_use]
pub fn moments(state: &RunState, agent: &Agent) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut add = |at: u64, due: Due| moments.push(Moment { at, due });
    match state.status {
        RunStatus::Cancelling => {
            let asked = state.cancel.as_ref().map_or(state.status_since, |cancel| cancel.at);
            add(asked.saturating_add(agent.limits.grace_ms), Due::Grace);
        }
        RunStatus::Paused => {
            if let Some(until) = state.paused_until {
                add(until, Due::Wake);
            }
        }
        RunStatus::Created | RunStatus::Running | RunStatus::WaitingTool | RunStatus::WaitingInput => {
            // The time in which a run waits for a person is not its own.
            if state.status != RunStatus::WaitingInput {
                add(agent.deadline(state), Due::Deadline);
            }
            for step in state.running_steps() {
                if let Some(call) = step.pending_call() {
                    add(late_at(call, agent), Due::Call(step.number));
                }
                if let Some(at) = step.open_ask().and_then(|ask| ask.request.expires_at) {
                    add(at, Due::Ask(step.number));
                }
            }
        }
        RunStatus::Completed | RunStatus::Failed | RunStatus::Cancelled => {}
    }
    moments.sort_by_key(|moment| moment.at);
    moments
}

/// The steps whose calls should have been answered by now.
#[must_use]
pub fn late_calls(state: &RunState, agent: &Agent, now: u64) -> Vec<u32> {
    let late = |call: &CallState| now > late_at(call, agent);
    state.running_steps().filter(|step| step.pending_call().is_some_and(late)).map(|step| step.number).collect()
}

fn late_at(call: &CallState, agent: &Agent) -> u64 {
    call.requested_at.saturating_add(agent.call_ms(&call.request.tool_name))
}
